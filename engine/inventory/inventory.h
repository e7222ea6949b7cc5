/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_INVENTORY_INVENTORY_H
#define NOC_ENGINE_INVENTORY_INVENTORY_H

#include <stdbool.h>

#include "base/err.h"
#include "base/slice.h"
#include "base/table.h"
#include "base/value.h"

/*
 * The network as told to us: an input, never edited here.  CSV, JSON or
 * data-only Lua: name, address(es), role, site, vendor, tags, credential,
 * snmp options, relay, cables (ifname -> far device, far ifname).  Immutable,
 * refcounted; a new one is swapped in by noc_core_inventory.
 */
struct noc_cable {
	const char *ifname; /* canonical */
	const char *far_device, *far_ifname;
	const char *id; /* the same from both ends */
};

struct noc_inventory;

struct noc_device {
	struct noc_inventory *owner; /* events that outlive a swap ref it */
	const char *name;
	const char **addresses; /* first: management address */
	size_t naddresses;
	const char *role, *site, *vendor, *credential; /* "" when not said */
	const char **tags;
	size_t ntags;
	bool relay;
	uint16_t snmp_port;
	struct noc_cable *cables;
	size_t ncables;
	const struct noc_value *extra; /* other columns: map */
};

struct noc_inventory {
	int refs;
	struct noc_device *devices;
	size_t ndevices;
	struct noc_table by_name; /* lower case, FQDN and short */
	struct noc_table by_address;
	struct noc_value *rows; /* owns what the devices point into */
	const char *origin;	/* file, command or URL */
	uint8_t hash[32];
};

struct noc_inventory *noc_inventory_ref(struct noc_inventory *inv);
void noc_inventory_unref(struct noc_inventory *inv);

const struct noc_device *noc_inventory_by_name(const struct noc_inventory *inv,
					       struct noc_slice name);
const struct noc_device *
noc_inventory_by_address(const struct noc_inventory *inv,
			 struct noc_slice address);
const struct noc_cable *noc_device_cable(const struct noc_device *d,
					 struct noc_slice ifname);
/* Devices that a selector {role=..., site=..., tags=...} names, in order. */
size_t noc_inventory_select(const struct noc_inventory *inv,
			    const struct noc_value *selector,
			    const struct noc_device **out, size_t max);

#endif
