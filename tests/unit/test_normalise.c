/* SPDX-License-Identifier: ISC */
#include "base/intern.h"
#include "engine/rule/normalize.h"
#include "tests/unit/unit.h"

#include "base/json.h"
#include "base/mem.h"
#include "engine/event/event.h"
#include "engine/rule/match_private.h"
#include "actions/actions.h"

/*
 * What the shipped normalizers (rules/lib) make of vendors' messages.  Files
 * under tests/data/normalise; what each line must become is in the file.
 */
static struct noc_ruleset *rules;
static const int64_t received_ns = 1794492331000000000; /* 2026-11-12 */

static int
setup(void **state)
{
	const char *src = getenv("NOC_SRCDIR");
	char dir[4096], *errors = NULL;
	const char *dirs[] = { dir };
	struct noc_err err;

	(void)state;
	noc_actions_register();
	snprintf(dir, sizeof(dir), "%s/rules", src ? src : ".");
	if (noc_ruleset_load(dirs, 1, false, &rules, &errors, &err)) {
		fprintf(stderr, "%s\n%s\n", err.msg, errors ? errors : "");
		free(errors);
		return -1;
	}
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	noc_ruleset_unref(rules);
	return 0;
}

static void
normalise_syslog(const struct noc_value *row, struct noc_event *ev,
		 struct noc_syslog *m)
{
	const struct noc_value *in = noc_value_get(row, "input");

	noc_syslog_parse(in->u.s.p, in->u.s.len, received_ns, 0, m);
	memset(ev, 0, sizeof(*ev));
	ev->base = ev->kind = noc_interns("syslog");
	ev->syslog = m;
	ev->raw = noc_slice(in->u.s.p, in->u.s.len);
	ev->summary = m->message;
	ev->severity = (int8_t)m->severity;
	noc_normalize(rules, ev);
}

static void
normalise_trap(const struct noc_value *row, struct noc_event *ev)
{
	memset(ev, 0, sizeof(*ev));
	ev->base = ev->kind = noc_interns("snmp.trap");
	ev->severity = 5;
	ev->snmp = noc_value_copy(row);
	noc_normalize(rules, ev);
}

/* Every field of `want` is in the event's data; says what is not. */
static bool
as_expected(const char *kind, const struct noc_value *want,
	    const struct noc_event *ev, const char *text)
{
	bool ok = !strcmp(ev->kind, kind);
	char *got =
	    noc_json_string(ev->data ? ev->data : want, NOC_JSON_CANONICAL);

	for (size_t i = 0; ok && want && i < want->u.map.len; i++) {
		const struct noc_value *v =
		    noc_value_get(ev->data, want->u.map.at[i].key);

		ok = v && noc_value_eq(v, want->u.map.at[i].value);
	}
	if (!ok)
		fprintf(stderr, "want %s: %s\n  got %s %s\n", kind, text,
			ev->kind, ev->data ? got : "");
	free(got);
	return ok;
}

struct tally {
	size_t ok, rows;
};

static void
each_row(const char *name,
	 bool (*check)(const struct noc_value *row, const char *text),
	 struct tally *tally)
{
	size_t len;
	char *text = unit_read(unit_data(name), &len);
	struct noc_err err;

	for (char *p = text, *line; (line = strsep(&p, "\n"));) {
		struct noc_value *row;

		if (!*line)
			continue;
		if (noc_json_parse(line, strlen(line), &row, &err))
			fail_msg("%s: %s", name, err.msg);
		tally->rows++;
		tally->ok += check(row, line);
		noc_value_free(row);
	}
	free(text);
}

static bool
check_syslog(const struct noc_value *row, const char *text)
{
	struct noc_event ev;
	struct noc_syslog m;
	bool ok;

	normalise_syslog(row, &ev, &m);
	ok = as_expected(noc_value_get_str(row, "kind", ""),
			 noc_value_get(row, "data"), &ev, text);
	noc_event_clear(&ev);
	return ok;
}

static bool
check_trap(const struct noc_value *row, const char *text)
{
	struct noc_event ev;
	bool ok;

	normalise_trap(row, &ev);
	ok = as_expected(noc_value_get_str(row, "kind", ""),
			 noc_value_get(row, "data"), &ev, text);
	noc_event_clear(&ev);
	return ok;
}

/* interface, state, admin_down, admin_status, ifindex, layer; null: none. */
static bool
check_interface(const struct noc_value *row, const char *text)
{
	const struct noc_value *want = noc_value_get(row, "expected");
	const struct noc_value *v;
	struct noc_value *data = noc_value_map();
	struct noc_event ev;
	struct noc_syslog m;
	char kind[32];
	bool ok;

	normalise_syslog(row, &ev, &m);
	if (!want || want->type != NOC_MAP) {
		ok = strncmp(ev.kind, "link.", 5) != 0;
		if (!ok)
			fprintf(stderr, "want nothing: %s\n", text);
		goto out;
	}
	snprintf(kind, sizeof(kind), "link.%s",
		 noc_value_get_str(want, "state", ""));
	noc_value_set(data, "ifname",
		      noc_value_copy(noc_value_get(want, "interface")));
	if ((v = noc_value_get(want, "layer")))
		noc_value_set(data, "layer", noc_value_copy(v));
	if ((v = noc_value_get(want, "ifindex")))
		noc_value_set(data, "ifindex", noc_value_copy(v));
	if ((v = noc_value_get(want, "admin_status")))
		noc_value_set(data, "admin", noc_value_copy(v));
	ok = as_expected(kind, data, &ev, text);
	if (ok && (v = noc_value_get(want, "admin_down")))
		ok = v->u.b ==
		     !strcmp(noc_value_get_str(ev.data, "admin", ""), "down");
out:
	noc_value_free(data);
	noc_event_clear(&ev);
	return ok;
}

/* Of a public set 95 in 100 must be right. */
static void
assert_most(const struct tally *t)
{
	assert_true(t->rows > 0);
	if (t->ok * 100 < t->rows * 95)
		fail_msg("%zu of %zu rows are right", t->ok, t->rows);
}

static void
interface_messages(void **state)
{
	struct tally t = { 0, 0 };

	(void)state;
	each_row("syslog/interface.jsonl", check_interface, &t);
	assert_most(&t);
}

static void
napalm_logs_messages(void **state)
{
	struct tally t = { 0, 0 };

	(void)state;
	each_row("normalise/napalm_logs.jsonl", check_syslog, &t);
	assert_most(&t);
}

static void
vendor_wording(void **state)
{
	struct tally t = { 0, 0 };

	(void)state;
	each_row("normalise/vendors.jsonl", check_syslog, &t);
	assert_int_equal(t.ok, t.rows);
}

/* What devices of many vendors say, and what only looks like it. */
static void
device_messages(void **state)
{
	struct tally t = { 0, 0 };

	(void)state;
	each_row("normalise/devices.jsonl", check_syslog, &t);
	assert_int_equal(t.ok, t.rows);
}

static void
on_candidate(uint32_t id, void *arg)
{
	const struct noc_normalizer *e = &rules->emits[id];

	++*(size_t *)arg;
	fprintf(stderr, "%s:%d: '%s' demands nothing\n", e->file, e->line,
		e->name);
}

/* Else it would be tried on every message that comes. */
static void
each_demands_something(void **state)
{
	struct noc_syslog m = { .message = noc_slice_str("") };
	struct noc_event ev = { .syslog = &m };
	const struct noc_index *index;
	size_t bad = 0;

	(void)state;
	ev.base = ev.kind = noc_interns("syslog");
	ev.raw = ev.summary = m.message;
	index = noc_kinds_find(&rules->match->emits, ev.kind);
	assert_non_null(index);
	noc_index_candidates(index, &ev, on_candidate, &bad);
	assert_int_equal(bad, 0);
}

static void
notifications(void **state)
{
	struct tally t = { 0, 0 };

	(void)state;
	each_row("normalise/traps.jsonl", check_trap, &t);
	assert_int_equal(t.ok, t.rows);
}

/* Captures that only help do not show. */
static void
no_helpers_left(void **state)
{
	struct noc_value *row = noc_value_map();
	struct noc_event ev;
	struct noc_syslog m;

	(void)state;
	noc_value_set(row, "input",
		      noc_value_str("<14>Nov  6 13:36:45 h System: Interface "
				    "ethernet 1/1/36, state down"));
	normalise_syslog(row, &ev, &m);
	assert_string_equal(ev.kind, "link.down");
	for (size_t i = 0; i < ev.data->u.map.len; i++)
		assert_true(ev.data->u.map.at[i].key[0] != '_');
	assert_string_equal(noc_value_get_str(ev.data, "ifname", ""),
			    "ethernet1/1/36");
	noc_event_clear(&ev);
	noc_value_free(row);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(interface_messages),
		cmocka_unit_test(napalm_logs_messages),
		cmocka_unit_test(vendor_wording),
		cmocka_unit_test(device_messages),
		cmocka_unit_test(each_demands_something),
		cmocka_unit_test(notifications),
		cmocka_unit_test(no_helpers_left),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
