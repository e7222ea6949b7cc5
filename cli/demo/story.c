/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "cli/demo/private.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/id.h"
#include "base/json.h"
#include "base/mem.h"
#include "store/load.h"
#include "store/reader.h"

/*
 * The narrator: what the journal says since this act began.  Nothing is told
 * that was not read back from the database.
 */
#define STORY_PAUSE_MS 30
#define STORY_GAP      "        "

/* ---- reading on ---- */

static int
story_read(struct noc_demo *d, struct noc_err *err)
{
	struct noc_value *params = noc_value_map(), *list = NULL;
	int r;

	noc_value_set(params, "after", noc_value_int(d->seq));
	noc_value_set(params, "limit", noc_value_int(1000));
	r = noc_reader_query(d->state, "audit", params, &list, err);
	noc_value_free(params);
	if (r)
		return r;
	for (size_t i = 0; i < noc_value_len(list); i++) {
		const struct noc_value *rec = noc_value_at(list, i);

		d->seq = noc_value_get_int(rec, "seq", d->seq);
		noc_value_push(d->records, noc_value_copy(rec));
	}
	noc_value_free(list);
	return 0;
}

static bool
story_says(const struct noc_value *rec, const char *key, const char *want)
{
	return !want || !strcmp(noc_value_get_str(rec, key, ""), want);
}

static bool
story_is(const struct noc_value *rec, const struct noc_demo_want *w)
{
	const struct noc_value *detail = noc_value_get(rec, "detail");

	return story_says(rec, "kind", w->kind) &&
	       story_says(rec, "event", w->event) &&
	       story_says(rec, "run", w->run) &&
	       story_says(rec, "outcome", w->outcome) &&
	       story_says(rec, "step", w->step) &&
	       story_says(rec, "target", w->target) &&
	       story_says(detail, "kind", w->event_kind);
}

const struct noc_value *
noc_demo_find(const struct noc_demo *d, const struct noc_demo_want *want)
{
	for (size_t i = d->mark; i < noc_value_len(d->records); i++)
		if (story_is(noc_value_at(d->records, i), want))
			return noc_value_at(d->records, i);
	return NULL;
}

size_t
noc_demo_count(const struct noc_demo *d, const struct noc_demo_want *want)
{
	size_t n = 0;

	for (size_t i = d->mark; i < noc_value_len(d->records); i++)
		n += story_is(noc_value_at(d->records, i), want);
	return n;
}

static int
story_missing(const struct noc_demo_want *w, int ms, struct noc_err *err)
{
	return noc_err_set(
	    err, NOC_ETIMEOUT, "The journal has no %s %s%s%s%s within %d s.",
	    w->kind, w->event_kind ? w->event_kind : "", w->step ? w->step : "",
	    w->outcome ? " " : "", w->outcome ? w->outcome : "", ms / 1000);
}

int
noc_demo_await(struct noc_demo *d, const struct noc_demo_want *want, int ms,
	       const struct noc_value **out, struct noc_err *err)
{
	int64_t until = noc_clock_read().boot_ns + ms * NOC_NS_PER_MS;
	int r;

	for (;;) {
		r = story_read(d, err);
		if (r)
			return r;
		*out = noc_demo_find(d, want);
		if (*out)
			return 0;
		if (noc_clock_read().boot_ns > until)
			return story_missing(want, ms, err);
		r = noc_demo_pause(d, STORY_PAUSE_MS, err);
		if (r)
			return r;
	}
}

int
noc_demo_run(const struct noc_demo *d, const char *id, struct noc_value **run,
	     struct noc_value **plan, struct noc_err *err)
{
	struct noc_value *params = noc_value_map();
	const char *hex;
	uint8_t hash[32];
	size_t len = sizeof(hash);
	char *text = NULL;
	int r;

	*plan = NULL;
	noc_value_set(params, "id", noc_value_str(id));
	r = noc_reader_query(d->state, "run", params, run, err);
	noc_value_free(params);
	if (r)
		return r;
	hex = noc_value_get_str(*run, "definition", "");
	if (!noc_unhex(hex, strlen(hex), hash, &len) && len == sizeof(hash))
		text = noc_load_definition(d->state, hash);
	if (!text)
		r = noc_err_set(err, NOC_ESTORE,
				"The plan of run %s is not in the database.",
				id);
	else
		r = noc_json_parse_own(text, strlen(text), plan, err);
	free(text);
	if (r) {
		noc_value_free(*run);
		*run = NULL;
	}
	return r;
}

/* ---- acts ---- */

/*
 * What the demo itself does is an event too, so that the journal knows when
 * and what; the times of the lines count from it.
 */
int
noc_demo_act(struct noc_demo *d, const char *what, const char **text,
	     struct noc_err *err)
{
	struct noc_id id = noc_id_new(noc_clock_read().wall_ns);
	struct noc_value *body = noc_value_map(), *data = noc_value_map();
	struct noc_value *answer;
	struct noc_demo_want want = { .kind = "EVENT" };
	const struct noc_value *rec, *row;
	char uuid[NOC_ID_TEXT];
	char *event;
	int r;

	noc_value_set(body, "specversion", noc_value_str("1.0"));
	noc_value_set(body, "type", noc_value_str("demo.act"));
	noc_value_set(body, "source", noc_value_str("/nocturne/demo"));
	noc_value_set(body, "id", noc_value_str(noc_id_format(uuid, &id)));
	noc_value_set(data, "device", noc_value_str(NOC_DEMO_DEVICE));
	noc_value_set(data, "summary", noc_value_str(what));
	noc_value_set(body, "data", data);
	r = story_read(d, err);
	if (r) {
		noc_value_free(body);
		return r;
	}
	d->mark = noc_value_len(d->records);
	r = noc_demo_post(d, "/api/v1/events", "application/cloudevents+json",
			  body, &answer, err);
	if (r)
		return r;
	row = noc_value_at(noc_value_get(answer, "events"), 0);
	event = noc_strdup(noc_value_get_str(row, "id", "?"));
	noc_value_free(answer);
	want.event = event;
	r = noc_demo_await(d, &want, 10000, &rec, err);
	free(event);
	if (r)
		return r;
	d->zero_ns = noc_value_get_int(rec, "at", 0);
	*text = noc_value_get_str(noc_value_get(rec, "detail"), "summary", "?");
	return 0;
}

/* ---- telling ---- */

void
noc_demo_tell(struct noc_demo *d, const struct noc_value *record,
	      const char *fmt, ...)
{
	struct noc_strbuf piece = NOC_STRBUF_INIT;
	char text[512];
	va_list ap;

	if (record) {
		int64_t ns = noc_value_get_int(record, "at", 0) - d->zero_ns;

		noc_strbuf_addf(&piece, "%s+%.1f ", d->row.len ? STORY_GAP : "",
				(double)(ns > 0 ? ns : 0) / 1e9);
	}
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	noc_strbuf_add_escaped(&piece, text, strlen(text));
	if (d->output == NOC_OUTPUT_TABLE) {
		fputs(piece.p, stdout);
		fflush(stdout);
	}
	noc_strbuf_adds(&d->row, piece.p);
	noc_strbuf_release(&piece);
}

void
noc_demo_end_line(struct noc_demo *d)
{
	if (!d->row.len)
		return;
	noc_value_push(d->lines, noc_value_strn(d->row.p, d->row.len));
	noc_strbuf_clear(&d->row);
	if (d->output == NOC_OUTPUT_TABLE) {
		putchar('\n');
		fflush(stdout);
	}
}
