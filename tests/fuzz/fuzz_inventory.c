/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "engine/inventory/inventory.h"
#include "engine/inventory/load.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* The rows are kept, each column of one type. */
static void
check_row(const struct noc_value *row)
{
	static const char *const texts[] = { "name", "role", "site", "vendor",
					     "credential" };
	const struct noc_value *port = noc_value_get(row, "snmp_port");
	const struct noc_value *relay = noc_value_get(row, "relay");

	for (size_t i = 0; i < NOC_COUNT(texts); i++) {
		const struct noc_value *v = noc_value_get(row, texts[i]);

		NOC_REQUIRE(!v || v->type == NOC_STR);
	}
	NOC_REQUIRE(!port || (port->type == NOC_INT && port->u.i > 0 &&
			      port->u.i < 65536));
	NOC_REQUIRE(!relay || relay->type == NOC_BOOL);
}

/* Nobody behind the door asks what type a column is. */
static void
check_typed(const struct noc_device *d)
{
	const char *const texts[] = { d->name, d->role, d->site, d->vendor,
				      d->credential };

	for (size_t i = 0; i < NOC_COUNT(texts); i++)
		NOC_REQUIRE(texts[i] != NULL);
	NOC_REQUIRE(d->name[0] && d->snmp_port > 0);
	for (size_t i = 0; i < d->ntags; i++)
		NOC_REQUIRE(d->tags[i] != NULL);
	for (size_t i = 0; i < d->ncables; i++) {
		const struct noc_cable *c = &d->cables[i];

		NOC_REQUIRE(c->ifname && c->far_device && c->far_ifname);
		NOC_REQUIRE(noc_device_cable(d, noc_slice_str(c->ifname)));
	}
	NOC_REQUIRE(!d->extra || d->extra->type == NOC_MAP);
}

/*
 * Whatever is taken can be looked up by the names that it gives, and has the
 * types that the columns have; what is not is refused with a place.
 *
 * Of: engine/inventory/csv.c engine/inventory/load.c engine/inventory/row.c
 * engine/inventory/inventory.c proto/ifname.c
 */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = noc_strndup((const char *)data, len);
	struct noc_inventory *inv = NULL;
	struct noc_err err;

	if (noc_inventory_parse("fuzz", text, strlen(text), &inv, &err) == 0) {
		for (size_t i = 0; i < noc_value_len(inv->rows); i++)
			check_row(noc_value_at(inv->rows, i));
		for (size_t i = 0; i < inv->ndevices; i++) {
			const struct noc_device *d = &inv->devices[i];
			struct noc_slice name = noc_slice_str(d->name);

			check_typed(d);
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
