/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "engine/inventory/inventory.h"
#include "engine/inventory/load.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Whatever is taken can be looked up by the names that it gives. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = noc_strndup((const char *)data, len);
	struct noc_inventory *inv = NULL;
	struct noc_err err;

	if (noc_inventory_parse("fuzz", text, strlen(text), &inv, &err) == 0) {
		for (size_t i = 0; i < inv->ndevices; i++) {
			const struct noc_device *d = &inv->devices[i];
			struct noc_slice name = noc_slice_str(d->name);

			NOC_REQUIRE(name.len > 255 ||
				    noc_inventory_by_name(inv, name) == d);
			for (size_t j = 0; j < d->naddresses; j++)
				NOC_REQUIRE(
				    noc_inventory_by_address(
					inv, noc_slice_str(d->addresses[j])) ==
				    d);
		}
	}
	noc_inventory_unref(inv);
	free(text);
	return 0;
}
