/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "store/query.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/db.h"

/* Pages of events and of runs, from the newest down. */

/* A page of events looks so long, at windows of at least so many rows; one
 * that took less than so long is followed by one of twice the size. */
#define EVENTS_MS      250
#define EVENTS_SPAN    256
#define EVENTS_SPAN_NS (20 * NOC_NS_PER_MS)

/* A WHERE clause in the making; values are always bound. */
struct query_build {
	struct noc_strbuf sql;
	const char *text[8];
	unsigned n;
	bool any;
};

static void build_and(struct query_build *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
build_and(struct query_build *b, const char *fmt, ...)
{
	char buf[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	noc_strbuf_adds(&b->sql, b->any ? " AND " : " WHERE ");
	noc_strbuf_adds(&b->sql, buf);
	b->any = true;
}

static void
build_filters(struct query_build *b, const struct noc_value *params,
	      const char *const *filters)
{
	for (; *filters; filters++) {
		const char *v = noc_value_get_str(params, *filters, NULL);

		if (!v)
			continue;
		b->text[b->n++] = v;
		build_and(b, "%s = ?%u", *filters, b->n);
		/* So that the index runs_state is seen to fit. */
		if (!strcmp(*filters, "state") && strcmp(v, "Succeeded") != 0)
			build_and(b, "state <> 'Succeeded'");
	}
}

/*
 * Newest first, rows n of low <= n < top, at most limit: bound by page_bind
 * as the last three.  top is the page's cursor; text is what "q" looks
 * through.
 */
static int
page_prepare(sqlite3 *db, const char *select, const char *text,
	     const char *const *filters, const struct noc_value *params,
	     sqlite3_stmt **st, int64_t *top, struct noc_err *err)
{
	struct query_build b = { .sql = NOC_STRBUF_INIT };
	const char *before = noc_value_get_str(params, "before", NULL);
	const char *q = noc_value_get_str(params, "q", NULL);
	char *end;
	int rc;

	*top = INT64_MAX;
	if (before) {
		*top = strtoll(before, &end, 10);
		if (!*before || *end || *top < 0)
			return noc_err_set(err, NOC_EINPUT,
					   "The cursor is not one that a page "
					   "had given.");
	}
	noc_strbuf_adds(&b.sql, select);
	build_filters(&b, params, filters);
	if (q && *q) {
		b.text[b.n++] = q;
		build_and(&b, "instr(lower(%s), lower(?%u)) > 0", text, b.n);
	}
	build_and(&b, "n < ?%u AND n >= ?%u", b.n + 1, b.n + 2);
	noc_strbuf_addf(&b.sql, " ORDER BY n DESC LIMIT ?%u", b.n + 3);
	rc = sqlite3_prepare_v2(db, b.sql.p, (int)b.sql.len, st, NULL);
	noc_strbuf_release(&b.sql);
	if (rc != SQLITE_OK)
		return noc_query_fail(db, rc, err);
	for (unsigned i = 0; i < b.n; i++)
		sqlite3_bind_text(*st, (int)i + 1, b.text[i], -1,
				  SQLITE_STATIC);
	return 0;
}

static void
page_bind(sqlite3_stmt *st, int64_t top, int64_t low, int64_t limit)
{
	int last = sqlite3_bind_parameter_count(st);

	sqlite3_reset(st);
	sqlite3_bind_int64(st, last - 2, top);
	sqlite3_bind_int64(st, last - 1, low);
	sqlite3_bind_int64(st, last, limit);
}

static int64_t
query_number(sqlite3 *db, const char *sql, int64_t n)
{
	sqlite3_stmt *st;
	int64_t got = 0;

	if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) != SQLITE_OK)
		return 0;
	if (sqlite3_bind_parameter_count(st))
		sqlite3_bind_int64(st, 1, n);
	if (sqlite3_step(st) == SQLITE_ROW)
		got = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return got;
}

/*
 * Looks at windows of rows from top down until the page is full or the time
 * is up; *top is where it stopped.  The first window is always looked at, so
 * that each page comes further.
 */
static int
events_look(sqlite3 *db, sqlite3_stmt *st, const struct noc_value *params,
	    struct noc_value *list, int64_t *top, int64_t first,
	    struct noc_err *err)
{
	int64_t limit = noc_query_limit(params), span = EVENTS_SPAN;
	int64_t now = noc_clock_read().boot_ns, was;
	int64_t until = now + NOC_NS_PER_MS * noc_value_get_int(
						  params, "look_ms", EVENTS_MS);
	bool stopped = false;

	while (*top > first && (int64_t)noc_value_len(list) < limit &&
	       !stopped) {
		int64_t low = *top - first > span ? *top - span : first;
		size_t had = noc_value_len(list);
		int rc;

		page_bind(st, *top, low, limit - (int64_t)had);
		rc = noc_query_fill(db, st, list, err);
		if (rc == NOC_ETIMEOUT && span > EVENTS_SPAN) {
			/* Larger rows than those before: another page. */
			if (noc_value_len(list) > had)
				*top = strtoll(
				    noc_value_get_str(
					noc_value_at(list,
						     noc_value_len(list) - 1),
					"cursor", "0"),
				    NULL, 10);
			return 0;
		}
		if (rc < 0)
			return rc;
		*top = low;
		was = now;
		now = noc_clock_read().boot_ns;
		if (now - was < EVENTS_SPAN_NS)
			span *= 2;
		stopped = now >= until;
	}
	return 0;
}

int
noc_query_events(sqlite3 *db, const struct noc_value *params,
		 struct noc_value **out, struct noc_err *err)
{
	static const char *const filters[] = { "kind", "device", "fate",
					       "origin", NULL };
	struct noc_value *list = noc_value_list();
	sqlite3_stmt *st = NULL;
	int64_t top, first = 0, last;
	int rc = page_prepare(db, NOC_QUERY_EVENTS, NOC_DB_EVENT_BODY, filters,
			      params, &st, &top, err);

	if (rc == 0) {
		first = query_number(db, "SELECT min(n) FROM events", 0);
		last = query_number(db, "SELECT max(n) FROM events", 0);
		if (top > last)
			top = last + 1;
		rc = events_look(db, st, params, list, &top, first, err);
	}
	sqlite3_finalize(st);
	if (rc < 0) {
		noc_value_free(list);
		return rc;
	}
	*out = noc_value_map();
	if ((int64_t)noc_value_len(list) < noc_query_limit(params) &&
	    top > first) {
		noc_value_set(*out, "stopped",
			      noc_value_strf("%lld", (long long)top));
		noc_value_set(*out, "reached",
			      noc_value_int(query_number(
				  db,
				  "SELECT received FROM events WHERE n >= ?1"
				  " ORDER BY n LIMIT 1",
				  top)));
	}
	noc_value_set(*out, "events", list);
	return 0;
}

int
noc_query_runs(sqlite3 *db, const struct noc_value *params,
	       struct noc_value **out, struct noc_err *err)
{
	static const char *const filters[] = { "state", "rule", "device",
					       NULL };

	sqlite3_stmt *st;
	int64_t top;
	int rc = page_prepare(db, NOC_QUERY_RUNS, "json", filters, params, &st,
			      &top, err);

	if (rc < 0)
		return rc;
	page_bind(st, top, 0, noc_query_limit(params));
	return noc_query_rows(db, st, out, err);
}
