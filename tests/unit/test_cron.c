/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "proto/cron.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/table.h"
#include "engine/rule/calendar.h"

#define S(n) ((n)*NOC_NS_PER_S)

static struct noc_value *cases;
static struct noc_table zones;

static char *
data_read(const char *dir, const char *name, size_t *len)
{
	const char *root = getenv("NOC_SRCDIR");
	char *path =
	    noc_asprintf("%s/tests/data/%s/%s", root ? root : ".", dir, name);
	FILE *f = fopen(path, "rb");
	char *text = noc_malloc(1 << 20);

	if (f == NULL)
		fail_msg("cannot open %s", path);
	*len = fread(text, 1, 1 << 20, f);
	fclose(f);
	free(path);
	return text;
}

static struct noc_tz *
zone(const char *name)
{
	struct noc_tz *tz;
	struct noc_err err;
	size_t len;
	char *bytes;

	if (strcmp(name, "UTC/naive") == 0 || strcmp(name, "local/naive") == 0)
		name = "UTC";
	if (strcmp(name, "fixed +05:30 (from start)") == 0)
		name = "Asia/Kolkata";
	tz = noc_table_get(&zones, name);
	if (tz != NULL)
		return tz;
	if (strcmp(name, "UTC") == 0) {
		assert_int_equal(noc_tz_open(name, &tz, &err), 0);
	} else {
		bytes = data_read("zoneinfo", name, &len);
		assert_int_equal(noc_tz_parse(bytes, len, &tz, &err), 0);
		free(bytes);
	}
	noc_table_put(&zones, name, tz);
	return tz;
}

/* ISO 8601 with "Z", "+0530", "+05:30" or nothing (local time of tz). */
static int64_t
instant(const char *text, const struct noc_tz *tz)
{
	struct noc_civil c = { 0 };
	int64_t first, second;
	int used = 0, h = 0, m = 0;
	char sign;

	assert_int_equal(sscanf(text, "%d-%d-%dT%d:%d:%d%n", &c.year, &c.month,
				&c.day, &c.hour, &c.minute, &c.second, &used),
			 6);
	text += used;
	if (*text == '\0') {
		assert_int_not_equal(noc_tz_instant(tz, &c, &first, &second),
				     0);
		return first * NOC_NS_PER_S;
	}
	if (strcmp(text, "Z") != 0) {
		assert_true(sscanf(text, "%c%2d:%2d", &sign, &h, &m) == 3 ||
			    sscanf(text, "%c%2d%2d", &sign, &h, &m) == 3);
		if (sign == '-') {
			h = -h;
			m = -m;
		}
	}
	return (noc_civil_seconds(&c) - h * 3600 - m * 60) * NOC_NS_PER_S;
}

struct odd {
	const char *id, *why;
};

/*
 * These differ from the rule that we follow (cronie's): robfig drops a run
 * whose time does not exist, and runs twice in a repeated hour.  Who asks for
 * that by `dst` gets it.
 */
static const char *const robfig_dst[] = { "cron-0048", "cron-0059",
					  "cron-0061" };

static bool
is_robfig_dst(const struct noc_value *row)
{
	const char *id = noc_value_get_str(row, "id", "");

	for (size_t i = 0; i < NOC_COUNT(robfig_dst); i++)
		if (!strcmp(id, robfig_dst[i]))
			return true;
	return false;
}

/* Rows that no rule of ours gives, one by one. */
static const struct odd odd_rows[] = {
	{ "cron-0419", "croniter restarts a stepped weekday range one day "
		       "late when it wraps (thu, sat, then tue, not mon)" },
	{ "cron-0420", "croniter restarts a stepped weekday range one day "
		       "late when it wraps (thu, sat, then tue, not mon)" },
	{ "cron-0343", "croniter's match() asks from a moment past its start, "
		       "which the row does not say" },
};

/* NULL: the row is ours to satisfy. */
static const char *
why_skipped(const struct noc_value *row)
{
	const char *dialect = noc_value_get_str(row, "dialect", "");
	const char *id = noc_value_get_str(row, "id", "");
	const char *kind = noc_value_get_str(row, "kind", "");

	for (size_t i = 0; i < NOC_COUNT(odd_rows); i++) {
		if (strcmp(id, odd_rows[i].id) == 0)
			return odd_rows[i].why;
	}
	if (!strcmp(kind, "field") || !strcmp(id, "cron-0117"))
		return "a field of any range of numbers; ours are of cron's";
	if (strncmp(kind, "reject", 6) == 0)
		return NULL;
	if (strncmp(dialect, "7-field", 7) == 0)
		return "we have no field for the year";
	if (strncmp(dialect, "6-field, croniter", 17) == 0 &&
	    strstr(dialect, "\"second_at_beginning\": true") == NULL)
		return "croniter's seconds come last, ours first";
	if (strstr(dialect, "\"day_or\": false") != NULL)
		return "an option to AND the day fields; we follow vixie";
	if (strstr(dialect, "expand_from_start_time") != NULL)
		return "an option to count steps from the start";
	return NULL;
}

/* Do its times come as the row expects?  When not, `why` says which. */
static bool
row_next_holds(const struct noc_value *row, bool robfig, char why[160])
{
	const struct noc_value *expected = noc_value_get(row, "expected_next");
	const char *expr = noc_value_get_str(
	    row, "expr_bare", noc_value_get_str(row, "expr", ""));
	struct noc_tz *tz = zone(noc_value_get_str(row, "tz", "UTC"));
	int64_t at = instant(noc_value_get_str(row, "start", ""), tz);
	struct noc_cron cron;
	struct noc_err err;

	if (noc_cron_parse(expr, &cron, &err) != 0)
		fail_msg("'%s': %s", expr, err.msg);
	if (robfig)
		noc_cron_dst(&cron, true, true);
	assert_true(noc_value_len(expected) > 0);
	for (size_t i = 0; i < noc_value_len(expected); i++) {
		const struct noc_value *e = noc_value_at(expected, i);
		int rc = noc_cron_next(&cron, tz, at, &at, NULL);
		char got[32];

		if (e->type == NOC_NIL)
			return rc == NOC_ENOTFOUND;
		if (rc == 0 && at == instant(e->u.s.p, tz))
			continue;
		snprintf(why, 160, "'%s' #%zu: want %s, got %s (%d)", expr, i,
			 e->u.s.p, noc_time_iso(got, at), rc);
		return false;
	}
	return true;
}

static void
row_next(const struct noc_value *row)
{
	char why[160];

	if (!row_next_holds(row, false, why))
		fail_msg("%s %s", noc_value_get_str(row, "id", ""), why);
}

/* The times before, as a schedule asks for what it has missed. */
static void
row_prev(const struct noc_value *row)
{
	const struct noc_value *expected = noc_value_get(row, "expected_prev");
	const char *name = noc_value_get_str(row, "tz", "UTC");
	struct noc_value *opts = noc_value_map();
	struct noc_calendar *c;
	int64_t at = instant(noc_value_get_str(row, "start", ""), zone(name));
	struct noc_err err;

	noc_value_set(opts, "cron",
		      noc_value_str(noc_value_get_str(row, "expr", "")));
	noc_value_set(opts, "tz",
		      noc_value_str(strcmp(name, "UTC/naive") ? name : "UTC"));
	if (noc_calendar_new(opts, &c, &err) != 0)
		fail_msg("%s", err.msg);
	assert_true(noc_value_len(expected) > 0);
	for (size_t i = 0; i < noc_value_len(expected); i++) {
		const char *want = noc_value_at(expected, i)->u.s.p;

		at = noc_calendar_last(c, at - S(9 * 366 * NOC_DAY_S), at - 1);
		if (at != instant(want, zone(name)))
			fail_msg("%s #%zu: not %s",
				 noc_value_get_str(row, "id", ""), i, want);
	}
	noc_calendar_free(c);
	noc_value_free(opts);
}

static void
row_match(const struct noc_value *row)
{
	const char *expr = noc_value_get_str(row, "expr", "");
	struct noc_tz *tz = zone("UTC");
	int64_t at = instant(noc_value_get_str(row, "at", ""), tz), next;
	struct noc_cron cron;

	assert_int_equal(noc_cron_parse(expr, &cron, NULL), 0);
	assert_int_equal(noc_cron_next(&cron, tz, at - 1, &next, NULL), 0);
	if ((next == at) != noc_value_get_bool(row, "expect_match", false))
		fail_msg("%s '%s'", noc_value_get_str(row, "id", ""), expr);
}

static void
row_reject(const struct noc_value *row)
{
	const char *field =
	    noc_value_is_str(noc_value_get(row, "kind"), "reject_field")
		? " * * * *"
		: "";
	char *expr =
	    noc_asprintf("%s%s", noc_value_get_str(row, "expr", NULL), field);
	struct noc_err err = { 0 };
	struct noc_cron cron;

	if (noc_cron_parse(expr, &cron, &err) != NOC_EINPUT)
		fail_msg("'%s' was accepted", expr);
	assert_true(strlen(err.msg) > 20);
	free(expr);
}

/* Not by our rule; by the other one, when it is asked for. */
static void
row_differs(const struct noc_value *row)
{
	char why[160];

	if (row_next_holds(row, false, why))
		fail_msg("%s agrees", noc_value_get_str(row, "id", ""));
	if (!row_next_holds(row, true, why))
		fail_msg("%s by dst %s", noc_value_get_str(row, "id", ""), why);
}

static const struct {
	const char *kind;
	void (*fn)(const struct noc_value *row);
} row_kinds[] = {
	{ "next", row_next },	 { "prev", row_prev },
	{ "match", row_match },	 { "reject", row_reject },
	{ "field", row_reject }, { "reject_field", row_reject },
};

/* Which there are, of those that are not shared by a reason. */
static size_t
tell_not_shared(void)
{
	struct noc_table told = { 0 };
	size_t all = 0;

	for (size_t i = 0; i < noc_value_len(cases); i++) {
		const char *why = why_skipped(noc_value_at(cases, i));
		char ids[1200] = "";
		size_t n = 0;

		if (!why || noc_table_get(&told, why))
			continue;
		noc_table_put(&told, why, &told);
		for (size_t k = i; k < noc_value_len(cases); k++) {
			const struct noc_value *row = noc_value_at(cases, k);
			const char *other = why_skipped(row);

			if (!other || strcmp(why, other))
				continue;
			n++;
			snprintf(ids + strlen(ids), sizeof(ids) - strlen(ids),
				 " %s", noc_value_get_str(row, "id", "") + 5);
		}
		print_message("not shared: %zu: %s:%s\n", n, why, ids);
		all += n;
	}
	noc_table_release(&told);
	return all;
}

/* The counts guard against a filter that quietly eats the rows. */
static void
test_reference_rows(void **state)
{
	size_t agree = 0, differ = 0, not_shared = tell_not_shared();

	(void)state;
	for (size_t i = 0; i < noc_value_len(cases); i++) {
		const struct noc_value *row = noc_value_at(cases, i);
		const char *kind = noc_value_get_str(row, "kind", "");
		size_t k = 0;

		while (strcmp(row_kinds[k].kind, kind) != 0)
			assert_true(++k < NOC_COUNT(row_kinds));
		if (why_skipped(row) != NULL)
			continue;
		if (is_robfig_dst(row)) {
			row_differs(row);
			differ++;
		} else {
			row_kinds[k].fn(row);
			agree++;
		}
	}
	print_message("%zu rows: %zu agree, %zu differ, %zu not shared\n",
		      noc_value_len(cases), agree, differ, not_shared);
	assert_int_equal(noc_value_len(cases), 267);
	assert_int_equal(agree, 209);
	assert_int_equal(differ, 3);
	assert_int_equal(not_shared, 55);
}

static void
check_sequence(const char *expr, const char *tz, const char *start,
	       const char *const *want, int late_at)
{
	int64_t at = instant(start, zone(tz));
	struct noc_cron cron;
	int late;

	assert_int_equal(noc_cron_parse(expr, &cron, NULL), 0);
	for (int i = 0; want[i] != NULL; i++) {
		assert_int_equal(noc_cron_next(&cron, zone(tz), at, &at, &late),
				 0);
		assert_int_equal(at, instant(want[i], zone(tz)));
		assert_int_equal(late, i == late_at);
	}
}

/* cron(8): the derived cases of its daylight saving section. */
static void
test_dst_follows_cronie(void **state)
{
	static const char *const skipped[] = { "2012-03-10T02:30:00-0500",
					       "2012-03-11T03:00:00-0400",
					       "2012-03-12T02:30:00-0400",
					       NULL };
	static const char *const repeated[] = { "2012-11-04T01:30:00-0400",
						"2012-11-05T01:30:00-0500",
						NULL };
	static const char *const rhythm[] = { "2012-11-04T01:45:00-0400",
					      "2012-11-04T01:00:00-0500",
					      "2012-11-04T01:15:00-0500",
					      "2012-11-04T01:30:00-0500",
					      "2012-11-04T01:45:00-0500",
					      "2012-11-04T02:00:00-0500",
					      NULL };
	static const char *const once[] = { "2012-03-11T01:50:00-0500",
					    "2012-03-11T03:00:00-0400",
					    "2012-03-11T03:10:00-0400", NULL };

	(void)state;
	check_sequence("30 2 * * *", "America/New_York",
		       "2012-03-10T00:00:00-0500", skipped, 1);
	check_sequence("30 1 * * *", "America/New_York",
		       "2012-11-04T00:00:00-0400", repeated, -1);
	check_sequence("*/15 * * * *", "America/New_York",
		       "2012-11-04T01:30:00-0400", rhythm, -1);
	/* 02:10 and 02:50 fall into the gap and run as one. */
	check_sequence("10,50 1-3 * * *", "America/New_York",
		       "2012-03-11T01:10:00-0500", once, 1);
}

/* What a rule may say instead: each of both, on both nights. */
static void
test_dst_otherwise(void **state)
{
	static const struct {
		const char *expr, *start;
		bool leave_out, twice;
		const char *want[5];
		int late_at;
	} rows[] = {
		{ "30 2 * * *",
		  "2012-03-10T12:00:00-0500",
		  true,
		  false,
		  { "2012-03-12T02:30:00-0400" },
		  -1 },
		{ "30 2 * * *",
		  "2012-03-10T12:00:00-0500",
		  true,
		  true,
		  { "2012-03-12T02:30:00-0400" },
		  -1 },
		{ "30 2 * * *",
		  "2012-03-10T12:00:00-0500",
		  false,
		  true,
		  { "2012-03-11T03:00:00-0400", "2012-03-12T02:30:00-0400" },
		  0 },
		{ "10,30 1,2 * * *",
		  "2012-11-04T00:00:00-0400",
		  false,
		  true,
		  { "2012-11-04T01:10:00-0400", "2012-11-04T01:30:00-0400",
		    "2012-11-04T01:10:00-0500", "2012-11-04T01:30:00-0500",
		    "2012-11-04T02:10:00-0500" },
		  -1 },
		{ "30 1 * * *",
		  "2012-11-04T00:00:00-0400",
		  true,
		  false,
		  { "2012-11-04T01:30:00-0400", "2012-11-05T01:30:00-0500" },
		  -1 },
		/* It keeps its rhythm whatever is said. */
		{ "*/30 * * * *",
		  "2012-03-11T01:30:00-0500",
		  false,
		  false,
		  { "2012-03-11T03:00:00-0400" },
		  -1 },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(rows); i++) {
		struct noc_tz *tz = zone("America/New_York");
		int64_t at = instant(rows[i].start, tz);
		struct noc_cron cron;
		int late;

		assert_int_equal(noc_cron_parse(rows[i].expr, &cron, NULL), 0);
		noc_cron_dst(&cron, rows[i].leave_out, rows[i].twice);
		for (int k = 0; k < 5 && rows[i].want[k]; k++) {
			assert_int_equal(
			    noc_cron_next(&cron, tz, at, &at, &late), 0);
			if (at != instant(rows[i].want[k], tz) ||
			    late != (k == rows[i].late_at))
				fail_msg("row %zu: not %s", i, rows[i].want[k]);
		}
	}
}

/* Lord Howe moves its clocks by half an hour; Apia skipped a whole day. */
static void
test_odd_gaps(void **state)
{
	static const char *const half[] = { "2025-10-04T02:15:00+1030",
					    "2025-10-05T02:30:00+1100",
					    "2025-10-06T02:15:00+1100", NULL };
	static const char *const day[] = { "2011-12-29T12:00:00-1000",
					   "2011-12-31T00:00:00+1400",
					   "2011-12-31T12:00:00+1400", NULL };

	(void)state;
	check_sequence("15 2 * * *", "Australia/Lord_Howe",
		       "2025-10-04T00:00:00+1030", half, 1);
	check_sequence("0 12 * * *", "Pacific/Apia", "2011-12-29T00:00:00-1000",
		       day, 1);
}

static const char *const property_exprs[] = {
	"30 2 * * *",	     "*/20 * * * *",	 "0 0 * * *",
	"10,50 1-3 * * 0",   "0 */2 1,15 * fri", "30 23 L * *",
	"0 1 L-3 * *",	     "*/7 0 0 * * *",	 "0 22-5 * * mon-fri#1",
	"15 2 * 3,4,9-11 *", "30 2 * * sunL",	 "0 3 * * tue#2"
};

/* From wherever between two times one asks, the second comes next. */
static void
test_next_is_the_next_from_anywhere(void **state)
{
	static const char *const names[] = { "America/New_York",
					     "Australia/Lord_Howe",
					     "America/Santiago",
					     "Europe/Dublin", "UTC" };

	(void)state;
	for (size_t z = 0; z < NOC_COUNT(names); z++) {
		for (size_t e = 0; e < NOC_COUNT(property_exprs); e++) {
			struct noc_tz *tz = zone(names[z]);
			int64_t at = instant("2025-01-01T00:00:00Z", tz), next;
			struct noc_cron cron;

			assert_int_equal(
			    noc_cron_parse(property_exprs[e], &cron, NULL), 0);
			for (int i = 0; i < 1000; i++, at = next) {
				int64_t again, from;

				assert_int_equal(
				    noc_cron_next(&cron, tz, at, &next, NULL),
				    0);
				assert_true(next > at);
				for (int k = 1; k < 8; k++) {
					from = at + (next - at) / 8 * k;
					assert_int_equal(
					    noc_cron_next(&cron, tz, from,
							  &again, NULL),
					    0);
					if (again != next)
						fail_msg(
						    "%s %s #%d.%d", names[z],
						    property_exprs[e], i, k);
				}
			}
		}
	}
}

/* Field-wise search against trying every minute. */
static void
test_next_tries_nothing_less_than_every_minute(void **state)
{
	(void)state;
	for (size_t e = 0; e < NOC_COUNT(property_exprs); e++) {
		const char *expr = property_exprs[e];
		int64_t at = instant("2024-02-20T00:00:00", zone("UTC"));
		int64_t minute = at / NOC_NS_PER_S, found;
		struct noc_cron c;

		assert_int_equal(noc_cron_parse(expr, &c, NULL), 0);
		if (c.second != 1 || c.dom_last || c.dow_last || c.dow_nth[1] ||
		    c.dow_nth[2])
			continue; /* test_days_of_a_month has these */
		for (int i = 0; i < 50; i++) {
			struct noc_civil t;
			bool dom, dow, day;

			do {
				minute += 60;
				noc_civil_set(minute, &t);
				dom = c.dom >> t.day & 1;
				dow = c.dow >> t.weekday & 1;
				day = c.dom && c.dow ? dom || dow
				      : c.dom	     ? dom
				      : c.dow	     ? dow
						     : true;
			} while (!(c.minute >> t.minute & 1) ||
				 !(c.hour >> t.hour & 1) ||
				 !(c.month >> t.month & 1) || !day);
			assert_int_equal(
			    noc_cron_next(&c, zone("UTC"), at, &found, NULL),
			    0);
			at = found;
			assert_int_equal(at, minute * NOC_NS_PER_S);
		}
	}
}

static void
test_every_is_not_moved_by_a_restart(void **state)
{
	int64_t a, b;
	struct noc_cron c;

	(void)state;
	assert_int_equal(noc_cron_parse("@every 5m", &c, NULL), 0);
	assert_int_equal(
	    noc_cron_next(&c, zone("UTC"), 1700000000123456789, &a, NULL), 0);
	assert_int_equal(
	    noc_cron_next(&c, zone("UTC"), 1700000060000000000, &b, NULL), 0);
	assert_int_equal(a, b);
	assert_int_equal(a % (300 * NOC_NS_PER_S), 0);
	assert_int_equal(noc_cron_next(&c, zone("UTC"), a, &b, NULL), 0);
	assert_int_equal(b - a, 300 * NOC_NS_PER_S);
}

static void
test_rejected(void **state)
{
	static const char *const bad[] = { "* * * *",	     "* * * * * * *",
					   "60 * * * *",     "* 24 * * *",
					   "* * 32 * *",     "* * * 13 *",
					   "* * * * 8",	     "*/0 * * * *",
					   "*/60 * * * *",   "1- * * * *",
					   "-1 * * * *",     "1,,2 * * * *",
					   ",1 * * * *",     "1, * * * *",
					   "*5 * * * *",     "5* * * * *",
					   "* * L-31 * *",   "* * L-0 * *",
					   "* * L-3-1 * *",  "* * LL * *",
					   "* * L5 * *",     "* * 5L * *",
					   "* * 15-16W * *", "* * LWW * *",
					   "* * WL * *",     "* * W * *",
					   "* * 2#1 * *",    "* * L-3W * *",
					   "* * W15 * *",    "* * 0W * *",
					   "* * 32W * *",    "* * */2W * *",
					   "* * 15W/2 * *",  "* * * * LW",
					   "* 15W * * *",    "* * * L *",
					   "* L * * *",	     "* * * * L",
					   "* * * * L5",     "* * * * 5LL",
					   "* * * * 5L,6",   "* * * * 6,5L",
					   "* * * * 8L",     "* * * * 5W",
					   "* * * * 1#",     "* * * * #1",
					   "* * * * 1#-1",   "* * * * 1#1#2",
					   "* * * * 1#1L",   "* * * * 1#0",
					   "* * * * 1#6",    "* * * * 1#12",
					   "* * * * 5,6#1",  "* * * * mo",
					   "* * * * mond",   "* * * janu *",
					   "@reboot",	     "@every 0s",
					   "@every 10ms",    "@every",
					   "@every -5m",     "@",
					   "? * * * *" };
	struct noc_cron c;
	struct noc_err err;

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(bad); i++) {
		if (noc_cron_parse(bad[i], &c, &err) != NOC_EINPUT)
			fail_msg("'%s' was accepted", bad[i]);
	}
	assert_int_equal(noc_cron_parse("0 0 30 2 *", &c, NULL), 0);
	assert_int_equal(
	    noc_cron_next(&c, zone("UTC"), 0, &(int64_t){ 0 }, NULL),
	    NOC_ENOTFOUND);
	assert_int_equal(noc_cron_parse("0 25 * * *", &c, &err), NOC_EINPUT);
	assert_non_null(strstr(err.msg, "hour"));
	assert_non_null(strstr(err.msg, "25"));
	assert_int_equal(noc_cron_parse("0 0 * * L", &c, &err), NOC_EINPUT);
	assert_non_null(strstr(err.msg, "like 5L"));
}

/* ---- L and '#' ---- */

/* A day of the years below, by counting days alone. */
struct day {
	int day, weekday; /* 0 = Sunday */
	int left;	  /* days of its month after it */
};

static bool
is_last(const struct day *d)
{
	return d->left == 0;
}

static bool
is_fourth_to_last(const struct day *d)
{
	return d->left == 3;
}

static bool
is_first_of_31(const struct day *d)
{
	return d->left == 30;
}

static bool
is_15_or_last(const struct day *d)
{
	return d->day == 15 || d->left == 0;
}

/* The weekday of its month that is nearest to `to`; 0: to its end. */
static bool
is_near(const struct day *d, int to)
{
	int days = d->day + d->left, best = 0;

	to = to ? to : days;
	if (to > days || d->weekday == 0 || d->weekday == 6)
		return false;
	for (int day = 1; day <= days; day++) {
		int weekday = (d->weekday + 35 + day - d->day) % 7;

		if (weekday == 0 || weekday == 6)
			continue;
		if (!best || abs(day - to) < abs(best - to))
			best = day;
	}
	return d->day == best;
}

static bool
is_near_15(const struct day *d)
{
	return is_near(d, 15);
}

static bool
is_near_1_or_end(const struct day *d)
{
	return is_near(d, 1) || is_near(d, 0);
}

static bool
is_near_31(const struct day *d)
{
	return is_near(d, 31);
}

static bool
is_last_friday(const struct day *d)
{
	return d->weekday == 5 && d->left < 7;
}

static bool
is_last_sunday(const struct day *d)
{
	return d->weekday == 0 && d->left < 7;
}

static bool
is_last_of_a_weekday(const struct day *d)
{
	return d->weekday >= 1 && d->weekday <= 5 && d->left < 7;
}

static bool
is_second_tuesday(const struct day *d)
{
	return d->weekday == 2 && d->day >= 8 && d->day <= 14;
}

static bool
is_fifth_friday(const struct day *d)
{
	return d->weekday == 5 && d->day >= 29;
}

static bool
is_first_or_third_sunday(const struct day *d)
{
	return d->weekday == 0 &&
	       (d->day <= 7 || (d->day >= 15 && d->day <= 21));
}

static bool
is_friday_13th_and_second(const struct day *d)
{
	return d->weekday == 5 && d->day == 13;
}

static bool
is_last_and_friday(const struct day *d)
{
	return d->weekday == 5 && d->left == 0;
}

static bool
is_last_or_friday(const struct day *d)
{
	return d->weekday == 5 || d->left == 0;
}

static const struct {
	const char *expr;
	bool (*is)(const struct day *d);
} day_rows[] = {
	{ "0 12 L * *", is_last },
	{ "0 12 l * ?", is_last },
	{ "0 12 L-3 * *", is_fourth_to_last },
	{ "0 12 L-30 * *", is_first_of_31 },
	{ "0 12 15,L * *", is_15_or_last },
	{ "0 12 15W * *", is_near_15 },
	{ "0 12 15w * ?", is_near_15 },
	{ "0 12 1W,LW * *", is_near_1_or_end },
	{ "0 12 31W * *", is_near_31 },
	{ "0 12 * * 5L", is_last_friday },
	{ "0 12 ? * friL", is_last_friday },
	{ "0 12 * * FRIDAYL", is_last_friday },
	{ "0 12 * * 0L", is_last_sunday },
	{ "0 12 * * 7L", is_last_sunday },
	{ "0 12 * * sunl", is_last_sunday },
	{ "0 12 * * mon-friL", is_last_of_a_weekday },
	{ "0 12 * * 1-5L", is_last_of_a_weekday },
	{ "0 12 * * 2#2", is_second_tuesday },
	{ "0 12 * * tue#2", is_second_tuesday },
	{ "0 12 * * 5#5", is_fifth_friday },
	{ "0 12 * * 7#1,sun#3", is_first_or_third_sunday },
	/* A weekday that is refined narrows the day of the month ... */
	{ "0 12 13 * fri#2", is_friday_13th_and_second },
	{ "0 12 L * 5L", is_last_and_friday },
	/* ... a plain one adds to it (vixie). */
	{ "0 12 L * fri", is_last_or_friday },
};

/*
 * Every day from 1999 to 2032 against what an expression says: leap years
 * and 2000, months of four and of five Fridays.
 */
static void
test_days_of_a_month(void **state)
{
	int64_t first = noc_civil_days(1999, 1, 1);
	int64_t end = noc_civil_days(2033, 1, 1);

	(void)state;
	for (size_t e = 0; e < NOC_COUNT(day_rows); e++) {
		struct noc_cron c;
		int64_t at = first * NOC_DAY_S * NOC_NS_PER_S;
		int hits = 0;

		assert_int_equal(noc_cron_parse(day_rows[e].expr, &c, NULL), 0);
		for (int64_t n = first; n < end; n++) {
			int64_t noon = (n * NOC_DAY_S + 43200) * NOC_NS_PER_S;
			struct noc_civil t;
			struct day d;

			noc_civil_set(n * NOC_DAY_S, &t);
			d = (struct day){
				t.day, (int)((n + 4) % 7),
				noc_civil_month_days(t.year, t.month) - t.day
			};
			if (!day_rows[e].is(&d))
				continue;
			assert_int_equal(
			    noc_cron_next(&c, zone("UTC"), at, &at, NULL), 0);
			if (at != noon)
				fail_msg("%s: not on %d-%02d-%02d",
					 day_rows[e].expr, t.year, t.month,
					 t.day);
			hits++;
		}
		assert_true(hits > 10);
	}
}

/* The same in dates that a calendar shows. */
static void
test_last_and_nth_weekday(void **state)
{
	static const char *const last[] = {
		"2024-01-26T09:00:00Z", "2024-02-23T09:00:00Z",
		"2024-03-29T09:00:00Z", "2024-04-26T09:00:00Z",
		"2024-05-31T09:00:00Z", NULL
	};
	static const char *const fifth[] = {
		"2024-03-29T09:00:00Z", "2024-05-31T09:00:00Z",
		"2024-08-30T09:00:00Z", "2024-11-29T09:00:00Z",
		"2025-01-31T09:00:00Z", NULL
	};
	static const char *const leap[] = { "2023-02-28T09:00:00Z",
					    "2024-02-29T09:00:00Z",
					    "2025-02-28T09:00:00Z", NULL };
	static const char *const leap_fifth[] = { "2024-02-29T09:00:00Z",
						  NULL };
	int64_t never;
	struct noc_cron c;

	(void)state;
	check_sequence("0 9 * * 5L", "UTC", "2024-01-01T00:00:00Z", last, -1);
	check_sequence("0 9 * * 5#5", "UTC", "2024-01-01T00:00:00Z", fifth, -1);
	check_sequence("0 9 L 2 *", "UTC", "2023-01-01T00:00:00Z", leap, -1);
	check_sequence("0 9 * 2 4#5", "UTC", "2023-01-01T00:00:00Z", leap_fifth,
		       -1);
	/* No last day is the 5th. */
	assert_int_equal(noc_cron_parse("0 9 5 * 5L", &c, NULL), 0);
	assert_int_equal(noc_cron_next(&c, zone("UTC"), 0, &never, NULL),
			 NOC_ENOTFOUND);
}

/* The 29th of February is found across 2100, which has none. */
static void
test_leap_days(void **state)
{
	struct noc_cron c;
	int64_t at = instant("2096-02-29T00:00:00Z", zone("UTC"));

	(void)state;
	assert_int_equal(noc_cron_parse("0 0 29 2 *", &c, NULL), 0);
	assert_int_equal(noc_cron_next(&c, zone("UTC"), at, &at, NULL), 0);
	assert_int_equal(at, instant("2104-02-29T00:00:00Z", zone("UTC")));
}

static int
setup(void **state)
{
	struct noc_err err;
	size_t len;
	char *text = data_read("cron", "cases.json", &len);
	int rc = noc_json_parse(text, len, &cases, &err);

	(void)state;
	free(text);
	return rc;
}

static int
teardown(void **state)
{
	void *tz;
	const char *key;

	(void)state;
	noc_value_free(cases);
	for (size_t it = 0; noc_table_next(&zones, &it, &key, &tz);)
		noc_tz_free(tz);
	noc_table_release(&zones);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reference_rows),
		cmocka_unit_test(test_dst_follows_cronie),
		cmocka_unit_test(test_dst_otherwise),
		cmocka_unit_test(test_odd_gaps),
		cmocka_unit_test(test_next_is_the_next_from_anywhere),
		cmocka_unit_test(
		    test_next_tries_nothing_less_than_every_minute),
		cmocka_unit_test(test_every_is_not_moved_by_a_restart),
		cmocka_unit_test(test_rejected),
		cmocka_unit_test(test_days_of_a_month),
		cmocka_unit_test(test_last_and_nth_weekday),
		cmocka_unit_test(test_leap_days),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
