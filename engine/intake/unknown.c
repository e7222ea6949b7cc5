/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/intake/unknown.h"

#include <string.h>

#include "base/mem.h"
#include "engine/core/record.h"
#include "engine/intake/admit.h"

#define UNKNOWN_MAX 1024

void
noc_unknown_add(struct noc_core *core, const struct noc_event *ev)
{
	struct noc_admit *a = noc_admit_part(core);
	struct noc_unknown *u = a->unknown_last;

	if (!u || !noc_slice_eq(ev->origin, noc_slice(u->origin, u->len)))
		u = noc_table_getn(&a->unknown, ev->origin.p, ev->origin.len);
	if (!u) {
		if (noc_table_len(&a->unknown) >= UNKNOWN_MAX) {
			a->unknown_more++;
			return;
		}
		u = noc_calloc(1, sizeof(*u) + ev->origin.len);
		u->first_ns = ev->received_ns;
		u->len = ev->origin.len;
		if (u->len)
			memcpy(u->origin, ev->origin.p, u->len);
		noc_table_putn(&a->unknown, ev->origin.p, ev->origin.len, u);
	}
	a->unknown_last = u;
	u->count++;
	u->last_ns = ev->received_ns;
	u->base = ev->base;
	if (!u->told && ev->trust == NOC_TRUST_LOW) {
		u->told = true;
		noc_core_say(
		    core,
		    "unknown sender %.*s [%s]: recorded, never acted on; add it to the inventory",
		    (int)ev->origin.len, ev->origin.p, ev->base);
	}
}

struct noc_value *
noc_unknown_list(struct noc_core *core)
{
	struct noc_admit *a = noc_admit_part(core);
	struct noc_value *list = noc_value_list();
	const char *origin;
	char iso[32];
	void *value;

	for (size_t it = 0;
	     noc_table_next(&a->unknown, &it, &origin, &value);) {
		const struct noc_unknown *u = value;
		struct noc_value *row = noc_value_map();

		noc_value_set(row, "origin", noc_value_str(origin));
		noc_value_set(row, "count", noc_value_int((int64_t)u->count));
		noc_value_set(row, "kind", noc_value_str(u->base));
		noc_value_set(row, "first",
			      noc_value_str(noc_time_iso(iso, u->first_ns)));
		noc_value_set(row, "last",
			      noc_value_str(noc_time_iso(iso, u->last_ns)));
		noc_value_push(list, row);
	}
	return list;
}
