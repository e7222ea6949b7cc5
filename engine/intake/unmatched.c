/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/intake/unmatched.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "engine/event/value.h"
#include "engine/intake/admit.h"

void
noc_unmatched_add(struct noc_core *core, struct noc_event *ev)
{
	struct noc_admit *a = noc_admit_part(core);
	struct noc_event *copy = ev;

	if (!noc_bucket_take(&a->unmatched_rate, noc_core_time(core).boot_ns)) {
		a->unmatched_skipped++;
		return;
	}
	if (ev->refs == 0)
		copy = noc_event_promote(ev);
	noc_ring_add(&a->unmatched, NOC_RING_UNMATCHED, copy);
	if (copy != ev) {
		/* The caller's stays usable for its line. */
		ev->id = copy->id;
		noc_event_unref(copy);
	}
}

/* True: another one than *found begins so too. */
static bool
unmatched_find_in(const struct noc_ring_events *ring, const char *prefix,
		  struct noc_event **found)
{
	size_t n = strlen(prefix);
	char id[NOC_ID_TEXT];

	for (size_t i = 0; i < ring->len; i++) {
		struct noc_event *ev = noc_ring_at(ring, i);

		if (strncmp(noc_id_format(id, &ev->id), prefix, n))
			continue;
		if (*found && memcmp(&(*found)->id, &ev->id, sizeof(ev->id)))
			return true;
		*found = ev;
	}
	return false;
}

struct noc_event *
noc_unmatched_find(struct noc_core *core, const char *id_prefix, bool *several)
{
	struct noc_admit *a = noc_admit_part(core);
	struct noc_event *ev = NULL;

	*several = false;
	if (!strcmp(id_prefix, "last")) {
		struct noc_event *m = noc_ring_at(&a->recent, 0);
		struct noc_event *u = noc_ring_at(&a->unmatched, 0);

		if (m && u)
			return m->received_ns >= u->received_ns ? m : u;
		return m ? m : u;
	}
	if (strlen(id_prefix) < 8)
		return NULL;
	*several = unmatched_find_in(&a->recent, id_prefix, &ev) ||
		   unmatched_find_in(&a->unmatched, id_prefix, &ev);
	return *several ? NULL : ev;
}

/* ---- a page of both rings ---- */

static bool
recent_is(const struct noc_value *params, const char *name, struct noc_slice s)
{
	const char *want = noc_value_get_str(params, name, NULL);

	return !want || noc_slice_is(s, want);
}

static bool
recent_has(struct noc_slice s, const char *q)
{
	size_t n = strlen(q);

	for (size_t i = 0; i + n <= s.len; i++)
		if (!strncasecmp(s.p + i, q, n))
			return true;
	return false;
}

static bool
recent_wanted(const struct noc_event *ev, const char *fate,
	      const struct noc_value *params)
{
	const char *q = noc_value_get_str(params, "q", "");

	return recent_is(params, "kind", noc_slice_str(ev->kind)) &&
	       recent_is(params, "device", ev->device) &&
	       recent_is(params, "origin", ev->origin) &&
	       recent_is(params, "fate", noc_slice_str(fate)) &&
	       (!*q || recent_has(ev->summary, q) || recent_has(ev->raw, q));
}

struct noc_value *
noc_unmatched_recent(struct noc_core *core, const struct noc_value *params)
{
	struct noc_admit *a = noc_admit_part(core);
	struct noc_value *list = noc_value_list();
	size_t limit = (size_t)noc_value_get_int(params, "limit", 100);
	const char *after = noc_value_get_str(params, "before_id", NULL);
	int64_t ns = noc_value_get_int(params, "before_ns", INT64_MAX);
	char id[NOC_ID_TEXT];
	size_t u = 0, m = 0;

	while (noc_value_len(list) < limit) {
		struct noc_event *x = noc_ring_at(&a->unmatched, u), *ev;
		struct noc_event *y = noc_ring_at(&a->recent, m);
		const char *fate = "unmatched";
		struct noc_value *row;

		ev = x && (!y || x->received_ns >= y->received_ns) ? x : y;
		if (!ev)
			break;
		if (ev == x) {
			u++;
		} else {
			m++;
			fate =
			    noc_id_is_zero(&ev->cause) ? "matched" : "folded";
		}
		if (ev->received_ns > ns)
			continue;
		if (ev->received_ns == ns && after) {
			if (!strcmp(noc_id_format(id, &ev->id), after))
				after = NULL;
			continue;
		}
		if (ev->journaled || !recent_wanted(ev, fate, params))
			continue;
		row = noc_event_value(ev);
		noc_value_set(row, "fate", noc_value_str(fate));
		noc_value_push(list, row);
	}
	return list;
}

/* ---- shapes: "Interface * changed state to *" ---- */

struct shape {
	uint64_t count;
	struct noc_event *example;
};

/* A word with a digit in it is a variable; runs of them are one. */
static void
unmatched_shape(const struct noc_event *ev, struct noc_strbuf *out)
{
	struct noc_slice s = ev->summary.len ? ev->summary : ev->raw;
	size_t i = 0, len = s.len < 200 ? s.len : 200;

	noc_strbuf_addf(out, "%s ", ev->kind);
	if (ev->syslog && ev->syslog->tag.len) {
		noc_strbuf_add(out, ev->syslog->tag.p, ev->syslog->tag.len);
		noc_strbuf_adds(out, ": ");
	} else if (ev->syslog && ev->syslog->app.len) {
		noc_strbuf_add(out, ev->syslog->app.p, ev->syslog->app.len);
		noc_strbuf_adds(out, ": ");
	}
	while (i < len) {
		size_t start = i;
		bool digit = false;

		while (i < len && !isspace((unsigned char)s.p[i]))
			digit |= isdigit((unsigned char)s.p[i++]) != 0;
		if (digit)
			noc_strbuf_addc(out, '*');
		else
			noc_strbuf_add(out, s.p + start, i - start);
		while (i < len && isspace((unsigned char)s.p[i]))
			i++;
		if (i < len)
			noc_strbuf_addc(out, ' ');
	}
}

static int
on_shape_order(const void *a, const void *b)
{
	const struct noc_value *x = *(struct noc_value *const *)a;
	const struct noc_value *y = *(struct noc_value *const *)b;
	int64_t nx = noc_value_get_int(x, "count", 0);
	int64_t ny = noc_value_get_int(y, "count", 0);

	return nx < ny ? 1 : nx > ny ? -1 : 0;
}

struct noc_value *
noc_unmatched_shapes(struct noc_core *core, size_t limit)
{
	struct noc_admit *a = noc_admit_part(core);
	struct noc_value *list = noc_value_list();
	struct noc_table shapes = { 0 };
	const char *text;
	char id[NOC_ID_TEXT];
	void *value;

	for (size_t i = 0; i < a->unmatched.len; i++) {
		struct noc_event *ev = noc_ring_at(&a->unmatched, i);
		struct noc_strbuf sb = NOC_STRBUF_INIT;
		struct shape *s;

		unmatched_shape(ev, &sb);
		s = noc_table_getn(&shapes, sb.p, sb.len);
		if (!s) {
			s = noc_calloc(1, sizeof(*s));
			s->example = ev;
			noc_table_putn(&shapes, sb.p, sb.len, s);
		}
		s->count++;
		noc_strbuf_release(&sb);
	}
	for (size_t it = 0; noc_table_next(&shapes, &it, &text, &value);) {
		struct shape *s = value;
		struct noc_value *row = noc_value_map();

		noc_value_set(row, "count", noc_value_int((int64_t)s->count));
		noc_value_set(row, "shape", noc_value_str(text));
		noc_value_set(row, "device",
			      noc_value_strn(s->example->device.p,
					     s->example->device.len));
		noc_value_set(
		    row, "example",
		    noc_value_str(noc_id_format(id, &s->example->id)));
		noc_value_push(list, row);
		free(s);
	}
	noc_table_release(&shapes);
	if (list->u.list.len)
		qsort(list->u.list.at, list->u.list.len,
		      sizeof(list->u.list.at[0]), on_shape_order);
	while (list->u.list.len > limit)
		noc_value_free(list->u.list.at[--list->u.list.len]);
	return list;
}
