/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_INVENTORY_LOAD_H
#define NOC_ENGINE_INVENTORY_LOAD_H

#include "engine/inventory/inventory.h"

/* An inventory read from what holds it.  Any thread. */

/*
 * By extension .csv .json .lua; ECONFIG with file:line.  read_lua reads a .lua
 * file as data (noc_lua_data: a room above this one).
 */
int noc_inventory_load(const char *path,
		       int (*read_lua)(const char *path, struct noc_value **out,
				       struct noc_err *err),
		       struct noc_inventory **out, struct noc_err *err);
/* CSV or JSON; `name` is for messages. */
int noc_inventory_parse(const char *name, const char *text, size_t len,
			struct noc_inventory **out, struct noc_err *err);
/* From a test's inventory { sw1 = {...} } map or a list of rows. */
int noc_inventory_from_value(const struct noc_value *v,
			     struct noc_inventory **out, struct noc_err *err);

#endif
