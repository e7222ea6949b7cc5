/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/inventory/inventory.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "proto/ifname.h"
#include "engine/inventory/private.h"

struct noc_inventory *
noc_inventory_ref(struct noc_inventory *inv)
{
	if (inv)
		inv->refs++;
	return inv;
}

void
noc_inventory_unref(struct noc_inventory *inv)
{
	if (!inv || --inv->refs > 0)
		return;
	for (size_t i = 0; i < inv->ndevices; i++) {
		struct noc_device *d = &inv->devices[i];

		free(d->addresses);
		free(d->tags);
		free(d->cables);
	}
	free(inv->devices);
	noc_table_release(&inv->by_name);
	noc_table_release(&inv->by_address);
	noc_value_free(inv->rows);
	free(inv);
}

/* ---- look-ups ---- */

size_t
noc_inventory_lower(char buf[256], struct noc_slice name)
{
	size_t n = name.len < 255 ? name.len : 255;

	for (size_t i = 0; i < n; i++)
		buf[i] = (char)tolower((unsigned char)name.p[i]);
	return n;
}

const struct noc_device *
noc_inventory_by_name(const struct noc_inventory *inv, struct noc_slice name)
{
	char buf[256];
	size_t n = noc_inventory_lower(buf, name);
	const struct noc_device *d = noc_table_getn(&inv->by_name, buf, n);
	const char *dot;

	if (d)
		return d;
	dot = memchr(buf, '.', n);
	return dot ? noc_table_getn(&inv->by_name, buf, (size_t)(dot - buf))
		   : NULL;
}

const struct noc_device *
noc_inventory_by_address(const struct noc_inventory *inv,
			 struct noc_slice address)
{
	return noc_table_getn(&inv->by_address, address.p, address.len);
}

const struct noc_cable *
noc_device_cable(const struct noc_device *d, struct noc_slice ifname)
{
	char buf[128];
	struct noc_slice name = noc_ifname_canonical(ifname, buf, sizeof(buf));

	for (size_t i = 0; i < d->ncables; i++)
		if (noc_slice_is(name, d->cables[i].ifname))
			return &d->cables[i];
	return NULL;
}

static bool
inventory_text_matches(const struct noc_value *want, const char *have)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	bool hit = false;

	if (want->type == NOC_LIST || noc_value_get(want, "items")) {
		const struct noc_value *items =
		    want->type == NOC_LIST ? want
					   : noc_value_get(want, "items");

		for (size_t i = 0; i < noc_value_len(items) && !hit; i++)
			hit = inventory_text_matches(noc_value_at(items, i),
						     have);
		return hit;
	}
	noc_value_text(want, &sb);
	hit = sb.p && !fnmatch(sb.p, have, 0);
	noc_strbuf_release(&sb);
	return hit;
}

static bool
inventory_matches(const struct noc_device *d, const char *key,
		  const struct noc_value *want)
{
	const struct noc_value *v;
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	bool hit = false;

	if (!strcmp(key, "name") || !strcmp(key, "device"))
		return inventory_text_matches(want, d->name);
	if (!strcmp(key, "role"))
		return inventory_text_matches(want, d->role);
	if (!strcmp(key, "site"))
		return inventory_text_matches(want, d->site);
	if (!strcmp(key, "vendor"))
		return inventory_text_matches(want, d->vendor);
	if (!strcmp(key, "tags") || !strcmp(key, "tag")) {
		for (size_t i = 0; i < d->ntags && !hit; i++)
			hit = inventory_text_matches(want, d->tags[i]);
		return hit;
	}
	v = noc_value_get(d->extra, key);
	if (!v)
		return false;
	noc_value_text(v, &sb);
	hit = inventory_text_matches(want, sb.p ? sb.p : "");
	noc_strbuf_release(&sb);
	return hit;
}

size_t
noc_inventory_select(const struct noc_inventory *inv,
		     const struct noc_value *selector,
		     const struct noc_device **out, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < inv->ndevices && n < max; i++) {
		bool all = true;

		for (size_t j = 0;
		     all && selector && selector->type == NOC_MAP &&
		     j < selector->u.map.len;
		     j++)
			all = inventory_matches(&inv->devices[i],
						selector->u.map.at[j].key,
						selector->u.map.at[j].value);
		if (all)
			out[n++] = &inv->devices[i];
	}
	return n;
}
