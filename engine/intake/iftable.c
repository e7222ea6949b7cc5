/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/intake/iftable.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "proto/ifname.h"

#define IFTABLE_MAX 16384 /* more nobody believes */
#define TEXT_MAX    255	  /* DisplayString (SIZE (0..255)), RFC 2579 */

/* Where this index is or belongs: they are kept in order. */
static size_t
iftable_place(const struct noc_iftable *t, int64_t index)
{
	size_t lo = 0, hi = t->n;

	if (hi && t->at[hi - 1].index < index)
		return hi; /* as walks give them */
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (t->at[mid].index < index)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct noc_if *
noc_iftable_index(const struct noc_iftable *t, int64_t index)
{
	size_t at = iftable_place(t, index);

	return at < t->n && t->at[at].index == index ? &t->at[at] : NULL;
}

const struct noc_if *
noc_iftable_name(const struct noc_iftable *t, struct noc_slice name)
{
	char buf[128];
	struct noc_slice want = noc_ifname_canonical(name, buf, sizeof(buf));

	return noc_table_getn(&t->names, want.p, want.len);
}

/* NULL: the device says it has more than anybody believes. */
static struct noc_if *
iftable_slot(struct noc_iftable *t, int64_t index)
{
	size_t at = iftable_place(t, index);
	struct noc_if *f;

	if (at < t->n && t->at[at].index == index)
		return &t->at[at];
	if (t->n >= IFTABLE_MAX)
		return NULL;
	NOC_GROW(t->at, t->cap, t->n + 1);
	f = &t->at[at];
	memmove(f + 1, f, (t->n++ - at) * sizeof(*f));
	memset(f, 0, sizeof(*f));
	f->index = index;
	return f;
}

static void
iftable_name(struct noc_if *f, const char *p, size_t len)
{
	char buf[128];
	struct noc_slice name =
	    noc_ifname_canonical(noc_slice(p, len), buf, sizeof(buf));

	f->name = noc_strndup(p, len);
	f->canonical = noc_strndup(name.p, name.len);
}

static void
iftable_type(struct noc_if *f, const char *p, size_t len)
{
	free(f->type);
	f->type = noc_strndup(p, len);
}

/* One column of the walk: {"7": value}. */
static void
iftable_column(struct noc_iftable *t, const struct noc_value *result,
	       const char *column)
{
	const struct noc_value *map = noc_value_get(result, column);

	for (size_t i = 0;
	     map && map->type == NOC_MAP && i < map->u.map.len && i < 65536;
	     i++) {
		const struct noc_member *m = &map->u.map.at[i];
		struct noc_strbuf text = NOC_STRBUF_INIT;
		struct noc_if *f = iftable_slot(t, strtoll(m->key, NULL, 10));

		if (!f)
			break;
		noc_value_text(m->value, &text);
		if (!text.len || text.len > TEXT_MAX)
			; /* says nothing, or nothing that is believed */
		else if (!strcmp(column, "type"))
			iftable_type(f, text.p, text.len);
		else if (!strcmp(column, "lag"))
			f->lag = strtoll(text.p, NULL, 10);
		else if (!f->name)
			iftable_name(f, text.p, text.len);
		noc_strbuf_release(&text);
	}
}

/* ifStackStatus, indexed HIGHER.LOWER: who stands on whom. */
static void
iftable_stack(struct noc_iftable *t, const struct noc_value *result)
{
	const struct noc_value *map = noc_value_get(result, "stack");

	for (size_t i = 0;
	     map && map->type == NOC_MAP && i < map->u.map.len && i < 65536;
	     i++) {
		char *end;
		int64_t higher = strtoll(map->u.map.at[i].key, &end, 10);
		int64_t lower = *end == '.' ? strtoll(end + 1, NULL, 10) : 0;
		struct noc_if *f;

		if (higher <= 0 || lower <= 0)
			continue;
		f = noc_iftable_index(t, higher);
		if (f && f->lowers++ == 0)
			f->lower = lower;
	}
}

/* Those that are called the same: the first. */
static void
iftable_names(struct noc_iftable *t)
{
	for (size_t i = 0; i < t->n; i++) {
		struct noc_if *f = &t->at[i];

		if (f->canonical && !noc_table_get(&t->names, f->canonical))
			noc_table_put(&t->names, f->canonical, f);
	}
}

void
noc_iftable_release(struct noc_iftable *t)
{
	for (size_t i = 0; i < t->n; i++) {
		free(t->at[i].name);
		free(t->at[i].canonical);
		free(t->at[i].type);
	}
	free(t->at);
	noc_table_release(&t->names);
	memset(t, 0, sizeof(*t));
}

void
noc_iftable_learn(struct noc_iftable *t, const struct noc_value *result)
{
	noc_iftable_release(t);
	iftable_column(t, result, "name");
	iftable_column(t, result, "descr"); /* where ifName has none */
	iftable_column(t, result, "type");
	iftable_column(t, result, "lag");
	iftable_stack(t, result);
	iftable_names(t);
}

static void
iftable_set(struct noc_event *ev, const char *key, struct noc_value *v)
{
	if (!ev->data)
		ev->data = noc_value_map();
	if (noc_value_get(ev->data, key))
		noc_value_free(v);
	else
		noc_value_set(ev->data, key, v);
}

bool
noc_iftable_fill(const struct noc_iftable *t, struct noc_event *ev)
{
	const struct noc_value *index = noc_value_get(ev->data, "ifindex");
	const struct noc_value *name = noc_value_get(ev->data, "ifname");
	const struct noc_if *f = NULL, *other;
	bool named;

	if (index && index->type == NOC_INT)
		f = noc_iftable_index(t, index->u.i);
	else if (name && name->type == NOC_STR)
		f = noc_iftable_name(t, noc_slice(name->u.s.p, name->u.s.len));
	if (!f)
		return false;
	named = !index || (!name && f->name);
	iftable_set(ev, "ifindex", noc_value_int(f->index));
	if (f->name)
		iftable_set(ev, "ifname", noc_value_str(f->name));
	if (f->type)
		iftable_set(ev, "iftype", noc_value_str(f->type));
	other = f->lag ? noc_iftable_index(t, f->lag) : NULL;
	if (other && other->name && other != f)
		iftable_set(ev, "lag", noc_value_str(other->name));
	other = f->lowers == 1 ? noc_iftable_index(t, f->lower) : NULL;
	if (other && other->name)
		iftable_set(ev, "parent", noc_value_str(other->name));
	return named;
}
