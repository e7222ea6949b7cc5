/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/gate_fixture.h"
#include "tests/unit/rules_fixture.h"

/* Runs that wait for an event, or for a change window. */

static struct tell
change(const char *number)
{
	return (struct tell){ .kind = "change.ok",
			      .device = "sw1",
			      .user = number };
}

static void
change_comes(struct fix *f, const char *number)
{
	struct tell t = change(number);

	cor_tell(f, &t);
}

#define WAITS                                                              \
	"flow 'f' { input = { nr = 'string' }, wait_for 'ok' { event ="    \
	" 'change.ok', where = { user = '{input.nr}' }, timeout = '1h' }," \
	" put('a', { target = '{steps.ok.data.user}' }) }"

static void
test_the_event_that_is_meant(void **state)
{
	(void)state;
	for (int die = 0; die < 2; die++) {
		struct undo u;

		(void)gate_begin(&u, WAITS, "{\"nr\":\"C1\"}");
		if (die)
			undo_dies(&u);
		change_comes(&u.f, "C2");
		cor_tell(&u.f,
			 &(struct tell){ .kind = "change.no", .user = "C1" });
		assert_int_equal(u.f.ncalls, 0);
		change_comes(&u.f, "C1");
		assert_int_equal(u.f.ncalls, 1);
		assert_int_equal(fix_count(&u.f, "SIGNAL change.ok"), 1);
		assert_int_equal(fix_count(&u.f, "STEP_DONE ok"), 1);
		/* It is over: the same again is nobody's. */
		change_comes(&u.f, "C1");
		assert_int_equal(fix_count(&u.f, "SIGNAL change.ok"), 1);
		if (die)
			undo_dies(&u);
		undo_goes_on(&u);
		flow_ended(&u.f, "Succeeded");
		assert_int_equal(flow_made("a"), 1);
		undo_close(&u);
	}
}

/* What came from outside is a text of the `where`, and no template. */
static void
test_braces_are_braces(void **state)
{
	struct undo u;

	(void)state;
	(void)gate_begin(&u, WAITS, "{\"nr\":\"{device}{{\"}");
	undo_dies(&u);
	change_comes(&u.f, "sw1{{");
	assert_int_equal(u.f.ncalls, 0);
	change_comes(&u.f, "{device}{{");
	assert_int_equal(u.f.ncalls, 1);
	undo_goes_on(&u);
	undo_close(&u);
}

static void
test_who_is_trusted_less_ends_nothing(void **state)
{
	static const struct {
		const char *trust;
		size_t ends;
	} ways[] = { { "", 0 }, { ", trust = 'any'", 1 } };

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(ways); i++) {
		char *text = noc_asprintf("flow 'f' { wait_for 'ok' { event ="
					  " 'change.ok'%s, timeout = '1h' } }",
					  ways[i].trust);
		struct tell t = change("C1");
		struct undo u;

		(void)gate_begin(&u, text, NULL);
		cor_inventory(&u.f, "name,address\nsw1,192.0.2.9\n");
		t.origin = "udp:192.0.2.9";
		t.trust = NOC_TRUST_NORMAL;
		cor_tell(&u.f, &t);
		assert_int_equal(fix_runs(&u.f), 1 - ways[i].ends);
		undo_close(&u);
		free(text);
	}
}

static void
test_no_event_in_time(void **state)
{
	static const struct {
		const char *how, *state;
		size_t goes_on;
	} ways[] = { { "", "Failed", 0 },
		     { "on_timeout = 'abort', ", "Failed", 0 },
		     { "on_timeout = 'skip', ", "Succeeded", 1 } };

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(ways) * 2; i++) {
		char *text = noc_asprintf("flow 'f' { wait_for 'ok' { event ="
					  " 'change.ok', %stimeout = '1h' },"
					  " put 'a' }",
					  ways[i / 2].how);
		struct undo u;

		(void)gate_begin(&u, text, NULL);
		flow_world.holds = false;
		fix_advance(&u.f, 59 * 60000);
		if (i % 2)
			undo_dies(&u);
		assert_int_equal(fix_runs(&u.f), 1);
		fix_advance(&u.f, 2 * 60000);
		undo_goes_on(&u);
		assert_int_equal(
		    fix_count(&u.f, "event change.ok: not within 1h") > 0, 1);
		flow_ended(&u.f, ways[i / 2].state);
		assert_int_equal(flow_made("a"), ways[i / 2].goes_on);
		undo_close(&u);
		free(text);
	}
}

/* Its value is not there, or is no text: it does not wait for anything. */
static void
test_a_where_without_value_fails(void **state)
{
	struct undo u;

	(void)state;
	(void)gate_begin(&u,
			 "flow 'f' { get 'a', wait_for 'ok' { event ="
			 " 'change.ok', where = { user = '{steps.a.json.x}' },"
			 " timeout = '1h' } }",
			 NULL);
	undo_goes_on(&u);
	assert_int_equal(fix_count(&u.f, "STEP_START ok"), 0);
	flow_ended(&u.f, "Failed");
	undo_close(&u);
}

static void
test_cancel_and_the_end_of_a_run(void **state)
{
	char text[NOC_ID_TEXT];

	(void)state;
	for (int die = 0; die < 4; die++) {
		struct noc_id id;
		struct undo u;

		id = gate_begin(&u,
				"flow 'f' { timeout = '30m', wait_for 'ok' {"
				" event = 'change.ok', timeout = '1h' },"
				" put 'a' }",
				NULL);
		if (die & 1)
			undo_dies(&u);
		if (die & 2)
			(void)fix_say(&u.f,
				      "{\"verb\":\"run.cancel\",\"id\":\"%s\","
				      "\"actor\":\"x\"}",
				      noc_id_format(text, &id));
		fix_advance(&u.f, 31 * 60000);
		flow_ended(&u.f, die & 2 ? "Cancelled" : "Failed");
		change_comes(&u.f, "C1"); /* nobody's, and nothing breaks */
		assert_int_equal(fix_count(&u.f, "SIGNAL change.ok"), 0);
		undo_close(&u);
	}
}

/* ---- what an event costs ---- */

#define MANY 10000

/* An event finds who waits for its text: the others are not looked at. */
static void
test_an_event_costs_its_own(void **state)
{
	struct fix f = { 0 };

	(void)state;
	f.quiet = true;
	fix_open(&f, "flow \"f\" { input = { nr = \"string\" }, wait_for "
		     "\"ok\" { event = \"change.ok\", where = { user = "
		     "\"{input.nr}\" }, timeout = \"1h\" } }");
	for (int i = 0; i < MANY; i++)
		assert_int_equal(
		    fix_say(&f,
			    "{\"verb\":\"run.start\",\"flow\":\"f\","
			    "\"input\":{\"nr\":\"C%d\"},\"mode\":\"active\","
			    "\"actor\":\"x\"}",
			    i)
			.kind,
		    0);
	assert_int_equal(fix_runs(&f), MANY);
	change_comes(&f, "C1234");
	assert_int_equal(fix_figure(&f, "awaits.looked"), 1);
	assert_int_equal(fix_runs(&f), MANY - 1);
	change_comes(&f, "nobody's");
	assert_int_equal(fix_figure(&f, "awaits.looked"), 1);
	fix_close(&f);
}

/* One event ends all that wait for it, also those of one run. */
static void
test_one_event_ends_many(void **state)
{
	struct undo u;

	(void)state;
	(void)gate_begin(&u,
			 "flow 'f' { each 'n' { over = { 'a', 'b', 'c' },"
			 " limit = 3, wait_for 'ok' { event = 'change.ok',"
			 " where = { user = 'C1', device = '{device}' },"
			 " timeout = '1h' }, put 'p' }, parallel {"
			 " wait_for 'x' { event = 'change.ok', timeout = '1h'"
			 " }, wait_for 'y' { event = 'change.ok', timeout ="
			 " '1h' } } }",
			 NULL);
	undo_dies(&u);
	change_comes(&u.f, "C1");
	assert_int_equal(u.f.ncalls, 3);
	for (int i = 0; i < 3; i++)
		flow_reply(&u.f, 0);
	assert_int_equal(fix_runs(&u.f), 1);
	change_comes(&u.f, "any");
	flow_ended(&u.f, "Succeeded");
	undo_close(&u);
}

/* ---- damaged ---- */

static void
test_damaged_rows_wait_for_nothing(void **state)
{
	static const char *const ways[] = {
		"json_remove(json, '$.live.await')",
		"json_set(json, '$.live.await', 'x')",
		"json_set(json, '$.live.await.user', json('{\"node\":\"x\"}'))",
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(ways); i++) {
		struct undo u;
		char *sql = noc_asprintf("UPDATE steps SET json = %s WHERE"
					 " path = 'ok'",
					 ways[i]);

		(void)gate_begin(&u, WAITS, "{\"nr\":\"C1\"}");
		life_written(&u.f);
		state_sql(u.dir, sql);
		undo_dies(&u);
		change_comes(&u.f, "C1");
		assert_int_equal(u.f.ncalls, 0);
		assert_int_equal(fix_runs(&u.f), 1);
		assert_int_equal(fix_figure(&u.f, "runs.blocked"), 1);
		undo_close(&u);
		free(sql);
	}
}

/* ---- a window ---- */

/* Monday 00:00 UTC. */
#define MONDAY_NS (1767571200LL * NOC_NS_PER_S)

static void
test_a_window_opens(void **state)
{
	(void)state;
	for (int die = 0; die < 2; die++) {
		struct fix *f;
		struct undo u;

		undo_open(&u,
			  "flow 'f' { wait_for 'w' { window = 'mon 22:00-23:00'"
			  ", timeout = '24h' }, put 'a' }",
			  NULL);
		f = &u.f;
		f->now.wall_ns = MONDAY_NS;
		fix_start_flow(f, "f");
		fix_advance(f, (21 * 60 + 59) * 60000);
		assert_int_equal(f->ncalls, 0);
		if (die)
			undo_dies(&u);
		assert_int_equal(f->ncalls, 0);
		fix_advance(f, 62000);
		assert_int_equal(f->ncalls, 1);
		undo_goes_on(&u);
		flow_ended(f, "Succeeded");
		undo_close(&u);

		/* In it: nothing is waited for. */
		undo_open(&u,
			  "flow 'f' { wait_for 'w' { window = time_in {"
			  " 'mon 08:00-09:00' }, timeout = '1m' }, put 'a' }",
			  NULL);
		u.f.now.wall_ns = MONDAY_NS + 8 * 3600 * NOC_NS_PER_S;
		fix_start_flow(&u.f, "f");
		assert_int_equal(u.f.ncalls, 1);
		undo_goes_on(&u);
		undo_close(&u);
	}
}

/* It opened and closed while the process was down: the next one counts. */
static void
test_a_window_is_over_in_time(void **state)
{
	struct undo u;

	(void)state;
	undo_open(&u,
		  "flow 'f' { wait_for 'w' { window = 'mon 22:00-23:00',"
		  " timeout = '20h' }, put 'a' }",
		  NULL);
	u.f.now.wall_ns = MONDAY_NS;
	fix_start_flow(&u.f, "f");
	fix_advance(&u.f, 20 * 3600 * 1000 + 60000);
	assert_int_equal(fix_count(&u.f, "not within 20h") > 0, 1);
	flow_ended(&u.f, "Failed");
	undo_close(&u);
}

static const struct {
	const char *text, *why;
} wrong[] = {
	{ "wait_for 'x' { timeout = '1h' }", "waits for one thing" },
	{ "wait_for 'x' { event = 'a', signal = 'b', timeout = '1h' }",
	  "waits for one thing" },
	{ "wait_for 'x' { event = '{a}', timeout = '1h' }", "kind of event" },
	{ "wait_for 'x' { event = 'a' }", "timeout" },
	{ "wait_for 'x' { event = 'a', timeout = '0s' }", "must be said" },
	{ "wait_for 'x' { signal = 'a', where = { user = 'x' }, timeout ="
	  " '1h' }",
	  "'where' is of an event" },
	{ "wait_for 'x' { event = 'a', where = 'user=x', timeout = '1h' }",
	  "is a table" },
	{ "wait_for 'x' { signal = 'a b', timeout = '1h' }", "letters" },
	{ "wait_for 'x' { signal = 'retry', timeout = '1h' }",
	  "something else already" },
	{ "wait_for 'x' { window = 'someday', timeout = '1h' }", "someday" },
	{ "wait_for 'x' { window = 5, timeout = '1h' }", "is a time" },
	{ "wait_for 'x' { exec { 'a' }, timeout = '1h' }", "expect" },
	{ "wait_for 'x' { exec { 'a' }, expect = { exit = 0 }, every ="
	  " '10ms', timeout = '1h' }",
	  "100ms" },
};

static void
test_bad_waits_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < NOC_COUNT(wrong); i++) {
		char *text = noc_asprintf("flow 'f' { %s }", wrong[i].text);
		char *got = rules_refused(text);

		if (!strstr(got, wrong[i].why))
			fail_msg("%s: %s", text, got);
		free(got);
		free(text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_event_that_is_meant),
		cmocka_unit_test(test_braces_are_braces),
		cmocka_unit_test(test_who_is_trusted_less_ends_nothing),
		cmocka_unit_test(test_no_event_in_time),
		cmocka_unit_test(test_a_where_without_value_fails),
		cmocka_unit_test(test_cancel_and_the_end_of_a_run),
		cmocka_unit_test(test_an_event_costs_its_own),
		cmocka_unit_test(test_one_event_ends_many),
		cmocka_unit_test(test_damaged_rows_wait_for_nothing),
		cmocka_unit_test(test_a_window_opens),
		cmocka_unit_test(test_a_window_is_over_in_time),
		cmocka_unit_test(test_bad_waits_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
