/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_INVENTORY_PRIVATE_H
#define NOC_ENGINE_INVENTORY_PRIVATE_H

#include "engine/inventory/inventory.h"

/* Shared by inventory.c (look-ups) and load.c (formats) only. */

/* Names are compared in lower case; returns the length, at most 255. */
size_t noc_inventory_lower(char buf[256], struct noc_slice name);

/* csv.c: rows as maps; ECONFIG names the line.  text ends in NUL. */
int noc_inventory_csv(const char *text, size_t len, struct noc_value **out,
		      struct noc_err *err);
#define NOC_INVENTORY_LINE "\x1fline" /* where the row began; not kept */

#endif
