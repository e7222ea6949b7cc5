/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/policy/about.h"

#include <fnmatch.h>
#include <string.h>

#include "base/strbuf.h"
#include "engine/event/datum.h"
#include "engine/event/field.h"
#include "engine/inventory/inventory.h"
#include "engine/rule/ruleset.h"

static bool
about_value(const struct noc_event *ev, const char *path, const char *glob)
{
	struct noc_scope scope = { .ev = ev };
	struct noc_strbuf text = NOC_STRBUF_INIT;
	struct noc_datum d = { 0 };
	bool hit;

	noc_scope_get(&scope, path, strlen(path), &d);
	noc_datum_text(&d, &text);
	hit = text.p && !fnmatch(glob, text.p, 0);
	noc_strbuf_release(&text);
	return hit;
}

/* What is known of the target stands in the place of the event's device. */
static bool
about_field(const struct noc_event *ev, const struct noc_event *target,
	    const char *path, const char *glob)
{
	struct noc_field field;
	bool device = !strcmp(path, "device");

	if (target && !device && target->inventory &&
	    !noc_field_resolve(path, strlen(path), NULL, &field, NULL))
		device = field.from == NOC_FIELD_INVENTORY;
	return about_value(target && device ? target : ev, path, glob);
}

bool
noc_about_hits(const struct noc_value *match, const struct noc_event *ev,
	       const struct noc_event *target)
{
	bool all = true;

	for (size_t i = 0; all && i < match->u.map.len; i++) {
		const struct noc_member *f = &match->u.map.at[i];
		struct noc_strbuf glob = NOC_STRBUF_INIT;

		noc_value_text(f->value, &glob);
		all = about_field(ev, target, f->key, glob.p ? glob.p : "");
		noc_strbuf_release(&glob);
	}
	return all;
}

int
noc_about_names(const struct noc_core *core, const struct noc_value *match,
		struct noc_err *err)
{
	const struct noc_ruleset *rs = noc_core_rules(core);
	struct noc_field field;
	int rc = 0;

	for (size_t i = 0; rs && !rc && i < match->u.map.len; i++)
		rc = noc_field_resolve(match->u.map.at[i].key,
				       strlen(match->u.map.at[i].key),
				       &rs->defined, &field, err);
	return rc;
}

/* Of the match what a device alone says: {device=..., site=...}; returned. */
static struct noc_value *
about_devices(const struct noc_value *match)
{
	struct noc_value *own = noc_value_map();
	struct noc_field field;

	for (size_t i = 0; i < match->u.map.len; i++) {
		const struct noc_member *m = &match->u.map.at[i];

		if (!strcmp(m->key, "device") ||
		    (!noc_field_resolve(m->key, strlen(m->key), NULL, &field,
					NULL) &&
		     field.from == NOC_FIELD_INVENTORY))
			noc_value_set(own, m->key, noc_value_copy(m->value));
	}
	return own;
}

int64_t
noc_about_devices(const struct noc_core *core, const struct noc_value *match)
{
	const struct noc_inventory *inv = noc_core_inv(core);
	struct noc_value *own = about_devices(match);
	int64_t n = 0;

	for (size_t i = 0; inv && i < inv->ndevices; i++) {
		const struct noc_device *d = &inv->devices[i];
		struct noc_event ev = { .device = noc_slice_str(d->name),
					.inventory = d };

		n += noc_about_hits(own, &ev, NULL);
	}
	if (!inv || !noc_value_len(own))
		n = -1;
	noc_value_free(own);
	return n;
}
