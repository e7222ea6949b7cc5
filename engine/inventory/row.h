/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_INVENTORY_ROW_H
#define NOC_ENGINE_INVENTORY_ROW_H

#include "base/err.h"
#include "base/value.h"

/*
 * One device as its source says it: the columns that mean something to us have
 * one type each from here on, others stay as they are.  In place; a column that
 * is null or empty is not there.  ECONFIG names place, device and column.
 */
int noc_inventory_row(struct noc_value *row, const char *place,
		      struct noc_err *err);

#endif
