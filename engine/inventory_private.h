/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_INVENTORY_PRIVATE_H
#define NOC_ENGINE_INVENTORY_PRIVATE_H

#include "engine/inventory.h"

/* Shared by inventory.c (look-ups) and inventory_load.c (formats) only. */

/* Names are compared in lower case; returns the length, at most 255. */
size_t noc_inventory_lower(char buf[256], struct noc_slice name);

#endif
