/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/core/due.h"
#include "engine/run/cancel.h"
#include "tests/unit/life_fixture.h"

/* Many items begin, and are called off, so many in one input: no txn grows with
 * them, and nothing of them goes on in between. */

#define SLICE 256

/* flow "f" { each "e" { over = { "d0", ... }, as = "d", MORE } }; returned */
static char *
fan(const char *flows, unsigned n, const char *more)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;

	noc_strbuf_addf(&sb, "%s flow \"f\" { each \"e\" { over = {", flows);
	for (unsigned i = 0; i < n; i++)
		noc_strbuf_addf(&sb, " \"d%u\",", i);
	noc_strbuf_addf(&sb, " }, as = \"d\", limit = 600, %s } }\n", more);
	return noc_strbuf_detach(&sb, NULL);
}

/* One input, and no more. */
static void
cancel(struct fix *f, const struct noc_id *id)
{
	const struct noc_cancel how = { .actor = "joe" };
	struct noc_err err;

	noc_core_begin(f->core, f->now);
	assert_int_equal(noc_run_cancel(f->core, id, &how, &err), 0);
	noc_core_end(f->core);
	fix_pump(f);
}

static void
cancel_hard(struct fix *f, const struct noc_id *id)
{
	const struct noc_cancel how = { .actor = "joe", .force = true };
	struct noc_err err;

	noc_core_begin(f->core, f->now);
	assert_int_equal(noc_run_cancel(f->core, id, &how, &err), 0);
	noc_core_end(f->core);
	fix_pump(f);
}

/* Of each a row of its step, what its record commits to, a row of its item; and
 * those of what is around. */
static void
in_slices(struct fix *f, const char *end)
{
	assert_int_equal(fix_runs(f), 0);
	assert_int_equal(fix_count(f, end), 1);
	assert_in_range(f->most, SLICE, 3 * SLICE + 8);
}

static void
test_cancelled_in_slices(void **state)
{
	char *rules = fan("", 600, "sleep \"1h\"");
	struct fix f = { 0 };
	struct noc_id id;

	(void)state;
	fix_open(&f, rules);
	f.most = 0;
	id = fix_start_flow(&f, "f");
	fix_advance(&f, 1);
	assert_int_equal(fix_count(&f, "STEP_START e[d"), 600);
	assert_in_range(f.most, SLICE, 2 * SLICE + 8);
	f.most = 0;
	cancel(&f, &id);
	assert_int_equal(fix_count(&f, "cancelled"), SLICE);
	fix_advance(&f, 1);
	assert_int_equal(fix_count(&f, "STEP_DONE e[d599]"), 1);
	in_slices(&f, "RUN_END Cancelled");
	fix_close(&f);
	free(rules);
}

/* Calls that may finish are not waited for, and what people end while it cleans
 * up neither. */
static void
test_forced_in_slices(void **state)
{
	static const char *const flows[] = {
		"each \"e\" { over = { %s }, as = \"d\", limit = 600, sleep"
		" \"1h\" }",
		"each \"e\" { over = { %s }, as = \"d\", limit = 600, step"
		" \"s\" { snmp.set { a = 1 }, target = \"{d}\", timeout ="
		" \"60s\" } }",
		"log \"x\", finally = { each \"e\" { over = { %s }, as ="
		" \"d\", limit = 600, sleep \"1h\" } }",
	};
	struct noc_strbuf over = NOC_STRBUF_INIT;

	(void)state;
	for (unsigned i = 0; i < 600; i++)
		noc_strbuf_addf(&over, " \"d%u\",", i);
	for (size_t i = 0; i < 2 * NOC_COUNT(flows); i++) {
		const char *at = strstr(flows[i / 2], "%s");
		char *rules = noc_asprintf(
		    "flow \"f\" { guard = { targets = 600 }, %.*s%s%s }\n",
		    (int)(at - flows[i / 2]), flows[i / 2], over.p, at + 2);
		char *dir = state_make();
		struct noc_id id;
		struct fix f;

		life_open(&f, dir, noc_clock_read(), rules);
		id = fix_start_flow(&f, "f");
		fix_advance(&f, 1);
		assert_int_equal(fix_count(&f, "STEP_START e[d"), 600);
		life_written(&f);
		f.most = 0;
		if (i % 2)
			f.die_at = f.ticket + 2;
		cancel_hard(&f, &id);
		assert_in_range(f.most, 1, 3 * SLICE + 8);
		f.most = 0;
		fix_advance(&f, 1);
		if (i % 2) {
			assert_true(f.dead);
			life_again(&f, dir, rules);
			fix_advance(&f, 1);
			assert_int_equal(f.started, 0);
		} else {
			in_slices(&f, "RUN_END Cancelled");
		}
		assert_int_equal(fix_runs(&f), 0);
		assert_int_equal(fix_count(&f, "RUN_END Cancelled"), 1);
		life_written(&f);
		assert_int_equal(
		    state_int(dir, "SELECT count(*) FROM steps WHERE state IN"
				   " ('Running', 'Pending')"),
		    0);
		f.dead = true;
		life_close(&f);
		state_remove(dir);
		free(rules);
	}
	noc_strbuf_release(&over);
}

/* Enough of the others went well, or cannot any more; its time is over. */
static void
test_closed_in_slices(void **state)
{
	static const struct {
		const char *more, *end;
	} cases[] = {
		{ "need = \"first\", choose \"c\" { { when = { d = \"d7\" },"
		  " sleep \"1s\" }, otherwise = { sleep \"1h\" } }",
		  "RUN_END Succeeded" },
		{ "choose \"c\" { { when = { d = \"d7\" }, sleep \"1s\","
		  " fail \"no\" }, otherwise = { sleep \"1h\" } }",
		  "RUN_END Failed" },
		{ "timeout = \"1s\", sleep \"1h\"", "RUN_END Failed" },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		char *rules = fan("", 600, cases[i].more);
		struct fix f = { 0 };

		fix_open(&f, rules);
		fix_start_flow(&f, "f");
		fix_advance(&f, 1);
		f.most = 0;
		fix_advance(&f, 2000);
		in_slices(&f, cases[i].end);
		fix_close(&f);
		free(rules);
	}
}

/* What a step that stops the flow finds beside it, too. */
static void
test_stopped_in_slices(void **state)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	struct fix f = { 0 };

	(void)state;
	noc_strbuf_adds(&sb, "flow \"f\" { parallel { each \"e\" { over = {");
	for (unsigned i = 0; i < 600; i++)
		noc_strbuf_addf(&sb, " \"d%u\",", i);
	noc_strbuf_adds(&sb, " }, as = \"d\", limit = 600, sleep \"1h\" },"
			     " { sleep \"1s\", stop \"enough\" } } }\n");
	fix_open(&f, sb.p);
	fix_start_flow(&f, "f");
	fix_advance(&f, 1);
	f.most = 0;
	fix_advance(&f, 2000);
	in_slices(&f, "RUN_END Succeeded");
	fix_close(&f);
	noc_strbuf_release(&sb);
}

/* An each in each item: they share what one input may do. */
static void
test_one_in_another(void **state)
{
	char *rules = fan("", 30,
			  "each \"in\" { over = { 1, 2, 3, 4, 5, 6, 7, 8, 9,"
			  " 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20 },"
			  " limit = 20, sleep \"1h\" }");
	struct fix f = { 0 };
	struct noc_id id;

	(void)state;
	fix_open(&f, rules);
	f.most = 0;
	id = fix_start_flow(&f, "f");
	fix_advance(&f, 1);
	assert_int_equal(fix_count(&f, "sleep"), 600);
	assert_in_range(f.most, SLICE / 2, 2 * SLICE + 8);
	f.most = 0;
	cancel(&f, &id);
	fix_advance(&f, 1);
	in_slices(&f, "RUN_END Cancelled");
	fix_close(&f);
	free(rules);
}

/* One that is called off and not told yet gets the slot of one that ended. */
static void
test_none_is_called_in_between(void **state)
{
	char *rules = fan("", 600,
			  "step \"s\" { exec { \"set\" },"
			  " timeout = \"60s\" }");
	struct fix f = { 0 };
	struct noc_id id;
	unsigned out;

	(void)state;
	fix_open(&f, rules);
	id = fix_start_flow(&f, "f");
	fix_advance(&f, 1);
	out = f.started;
	assert_in_range(out, 1, 63);
	assert_int_equal(fix_count(&f, "STEP_START e["), out);
	cancel(&f, &id);
	while (f.ncalls)
		fix_answer(&f, "exec", "{\"exit\":0}");
	assert_int_equal(f.started, out);
	fix_advance(&f, 1);
	assert_int_equal(f.started, out);
	assert_int_equal(fix_count(&f, "STEP_START e["), out);
	assert_int_equal(fix_count(&f, "RUN_END Cancelled"), 1);
	fix_close(&f);
	free(rules);
}

/* Nor does one whose intent becomes durable then. */
static void
test_none_goes_out_in_between(void **state)
{
	char *rules = fan("", 300,
			  "choose \"c\" { { when = { d = \"d299\" },"
			  " step \"s\" { exec { \"set\" }, timeout ="
			  " \"60s\" } }, otherwise = { sleep \"1h\" } }");
	struct fix f = { 0 };
	struct noc_id id;

	(void)state;
	fix_open(&f, rules);
	id = fix_start_flow(&f, "f");
	f.hold_durable = true;
	f.now.boot_ns += 1000;
	f.now.wall_ns += 1000;
	noc_due_tick(f.core, f.now);
	assert_int_equal(fix_count(&f, "STEP_START e[d299]/s"), 1);
	cancel(&f, &id);
	assert_int_equal(f.started, 0);
	f.hold_durable = false;
	fix_pump(&f);
	assert_int_equal(f.started, 0);
	fix_advance(&f, 1);
	assert_int_equal(f.started, 0);
	assert_int_equal(fix_count(&f, "RUN_END Cancelled"), 1);
	fix_close(&f);
	free(rules);
}

/* What ends by itself then is not followed by anything, also in what an item
 * calls; be it the run or only the each that ends. */
static void
test_none_goes_on_in_between(void **state)
{
	static const char in[] = "flow \"in\" { sleep \"10s\", log \"on\" }";

	(void)state;
	for (int by_time = 0; by_time < 2; by_time++) {
		char *rules = fan(in, 600,
				  by_time ? "timeout = \"9s\", call \"in\","
					    " log \"on\""
					  : "call \"in\", log \"on\"");
		struct fix f = { 0 };
		struct noc_id id;

		fix_open(&f, rules);
		id = fix_start_flow(&f, "f");
		fix_advance(&f, 8999);
		f.now.boot_ns += 2 * NOC_NS_PER_S;
		f.now.wall_ns += 2 * NOC_NS_PER_S;
		if (!by_time)
			cancel(&f, &id);
		noc_due_tick(f.core, f.now);
		assert_in_range(fix_count(&f, "/in/sleep_1  sleep ok"), 1,
				600 - SLICE);
		fix_advance(&f, 1000);
		assert_int_equal(fix_said(&f, "log f: on"), 0);
		assert_int_equal(fix_count(&f, by_time ? "RUN_END Failed"
						       : "RUN_END Cancelled"),
				 1);
		fix_close(&f);
		free(rules);
	}
}

static int64_t
rows_of(char *dir, const char *state)
{
	char *sql = noc_asprintf("SELECT count(*) FROM steps WHERE state = "
				 "'%s' AND path LIKE 'e[%%'",
				 state);
	int64_t n = state_int(dir, sql);

	free(sql);
	return n;
}

/* Killed when a part of them has been told: the rest still is. */
static void
test_a_death_between_slices(void **state)
{
	static const struct {
		const char *more, *end;
		bool cancel;
	} cases[] = {
		{ "sleep \"1h\"", "RUN_END Cancelled", true },
		{ "choose \"c\" { { when = { d = \"d7\" }, sleep \"1s\","
		  " fail \"no\" }, otherwise = { sleep \"1h\" } }",
		  "RUN_END Failed", false },
		{ "timeout = \"1s\", sleep \"1h\"", "RUN_END Failed", false },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		char *rules = fan("", 600, cases[i].more);
		char *dir = state_make();
		struct noc_id id;
		struct fix f;

		life_open(&f, dir, noc_clock_read(), rules);
		id = fix_start_flow(&f, "f");
		fix_advance(&f, 1);
		life_written(&f);
		f.die_at = f.ticket + 2;
		if (cases[i].cancel)
			cancel(&f, &id);
		fix_advance(&f, 1100);
		assert_true(f.dead);
		life_again(&f, dir, rules);
		fix_advance(&f, 1100);
		assert_int_equal(fix_count(&f, cases[i].end), 1);
		life_written(&f);
		assert_int_equal(rows_of(dir, "Running"), 0);
		assert_int_equal(rows_of(dir, "Pending"), 0);
		assert_in_range(rows_of(dir, "Cancelled"), 2 * 599, 2 * 600);
		life_done(&f, dir);
		free(rules);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cancelled_in_slices),
		cmocka_unit_test(test_forced_in_slices),
		cmocka_unit_test(test_closed_in_slices),
		cmocka_unit_test(test_stopped_in_slices),
		cmocka_unit_test(test_one_in_another),
		cmocka_unit_test(test_none_is_called_in_between),
		cmocka_unit_test(test_none_goes_out_in_between),
		cmocka_unit_test(test_none_goes_on_in_between),
		cmocka_unit_test(test_a_death_between_slices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
