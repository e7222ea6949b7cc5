/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/life_fixture.h"

#include "engine/run/breaker.h"

/*
 * Every wait of a minute lasts a minute, whatever somebody sets the wall clock
 * to meanwhile, and whether the daemon lives on or is started again.  Over a
 * reboot the wall clock says how long it was, but never that time went back.
 */
#define S(n)  ((n)*NOC_NS_PER_S)
#define HOURS 3600LL
#define LINK(options)                                                \
	"rule \"r\" { on = \"link.down\", key = \"{link}\"," options \
	" run = log \"acted\" }"
#define FLOW(steps)                                                        \
	"rule \"r\" { on = \"work.todo\", mode = \"active\", run = flow {" \
	" timeout = \"9d\", " steps " } }"
#define SHORT(steps)                                                       \
	"rule \"r\" { on = \"work.todo\", mode = \"active\", run = flow {" \
	" timeout = \"60s\", " steps " } }"
#define READ "snmp.get { a = \"sysName.0\" }"

static bool
world_says_no(struct fix *f, struct noc_call *call, struct noc_value **result,
	      struct noc_call_error *err)
{
	(void)f;
	(void)call;
	(void)result;
	noc_call_error_set(err, "transient", "device", "test", "not now");
	return true;
}

/* ---- how a wait begins ---- */

static void
begin_event(struct fix *f)
{
	cor_port(f, "link.down", "sw1", "eth7");
}

static void
begin_run(struct fix *f)
{
	fix_start(f, "r", NOC_ACTIVE, NOC_TRUST_HIGH);
}

static void
begin_breaker(struct fix *f)
{
	assert_int_equal(
	    fix_command(f,
			"{\"verb\":\"breaker.trip\",\"action\":\"exec\","
			"\"target\":\"sw1\",\"for_ms\":60000,\"why\":\"x\","
			"\"actor\":\"joe\"}",
			NULL),
	    0);
}

static void
begin_silence(struct fix *f)
{
	assert_int_equal(
	    fix_command(f,
			"{\"verb\":\"silence.add\",\"for_ms\":60000,"
			"\"match\":{\"device\":\"sw1\"},\"why\":\"x\","
			"\"actor\":\"joe\"}",
			NULL),
	    0);
}

static void
begin_threshold(struct fix *f)
{
	cor_tell(f, &(struct tell){ .kind = "login.failed", .device = "sw1" });
}

/* ---- is it over? ---- */

static bool
over_said(struct fix *f)
{
	return fix_said(f, "acted") > 0;
}

static bool
over_breaker(struct fix *f)
{
	uint64_t generation;
	char why[128];
	bool allows;

	noc_core_begin(f->core, f->now);
	allows =
	    noc_breaker_allows(f->core, "exec", "sw1", 1000, &generation, why);
	noc_core_end(f->core);
	return allows;
}

static bool
over_silence(struct fix *f)
{
	struct noc_value *stats = noc_core_stats(f->core);
	bool over = noc_value_get_int(stats, "silences", -1) == 0;

	noc_value_free(stats);
	return over;
}

/* Another one does not make two any more. */
static bool
over_threshold(struct fix *f)
{
	begin_threshold(f);
	return fix_said(f, "acted") == 0;
}

static bool
over_unless(struct fix *f)
{
	uint64_t fired = cor_count(f, "r")->fired;

	cor_port(f, "link.down", "sw1", "eth7");
	return cor_count(f, "r")->fired > fired;
}

static void
begin_seen(struct fix *f)
{
	cor_tell(f, &(struct tell){ .kind = "config.change", .device = "sw1" });
}

static const struct wait {
	const char *name, *rules;
	void (*begin)(struct fix *f);
	bool (*over)(struct fix *f);
	bool once;	/* to look at it changes it */
	bool by_events; /* what was read back knows the wall clock only */
} waits[] = {
	{ "hold", LINK("hold = \"60s\","), begin_event, over_said, false,
	  false },
	{ "pair",
	  "pair \"r\" { open = \"link.down\", close = { \"link.up\" },"
	  " key = \"{link}\", within = \"60s\", missing = log \"acted\" }",
	  begin_event, over_said, false, false },
	{ "threshold",
	  "rule \"r\" { on = \"login.failed\", key = \"{device}\","
	  " threshold = \"2/60s\", run = log \"acted\" }",
	  begin_threshold, over_threshold, true, false },
	{ "unless",
	  LINK("unless = seen { \"config.change\", back = \"60s\" },"),
	  begin_seen, over_unless, true, true },
	{ "sleep", FLOW("sleep \"60s\", log \"acted\""), begin_run, over_said,
	  false, false },
	{ "timeout",
	  SHORT("sleep \"9h\","
		" on_fail = notify \"noc\" { \"acted\" }"),
	  begin_run, over_said, false, false },
	{ "verify",
	  FLOW("verify \"v\" { " READ ", expect = { a = \"x\" },"
	       " every = \"7s\", within = \"60s\" },"
	       " on_fail = notify \"noc\" { \"acted\" }"),
	  begin_run, over_said, false, false },
	{ "retry",
	  FLOW("step \"s\" { " READ ", timeout = \"5s\", retry = {"
	       " attempts = 2, initial = \"60s\", jitter = false } },"
	       " on_fail = notify \"noc\" { \"acted\" }"),
	  begin_run, over_said, false, false },
	{ "escalation",
	  FLOW("escalate { { \"60s\", notify \"noc\" { \"acted\" } },"
	       " max = \"9d\" }"),
	  begin_run, over_said, false, false },
	{ "breaker", "", begin_breaker, over_breaker, true, false },
	{ "silence", "", begin_silence, over_silence, false, false },
};

/* ---- what happens meanwhile ---- */

enum life { ALIVE, RESTART, REBOOT };
static const char *const lives[] = { "alive", "restart", "reboot" };

static void
open_at(struct fix *f, char *dir, struct noc_now now, uint8_t boot,
	const char *rules)
{
	struct noc_err err;

	memset(f, 0, sizeof(*f));
	f->now = now;
	f->state_dir = dir;
	memset(f->boot_id, boot, sizeof(f->boot_id));
	f->world = world_says_no;
	f->writer = state_open(dir, NULL);
	fix_open(f, rules);
	if (noc_core_resume(f->core, dir, f->now, &err))
		fail_msg("resume: %s", err.msg);
	fix_pump(f);
}

static void
set_clock(struct fix *f, int64_t by_s)
{
	f->now.wall_ns += S(by_s);
	noc_core_now(f->core, f->now);
	noc_core_clock(f->core, f->now);
	fix_pump(f);
}

/* Another process, at once; by its clock it is so much later. */
static void
again(struct fix *f, char *dir, enum life life, int64_t by_s, const char *rules)
{
	struct noc_now now = f->now;

	life_close(f);
	now.wall_ns += S(by_s);
	if (life == REBOOT)
		now.boot_ns = S(7);
	open_at(f, dir, now, life == REBOOT ? 2 : 1, rules);
}

static const int64_t steps[] = {
	-24 * HOURS, -HOURS, 0, 85, 2 * HOURS, 24 * HOURS,
};

/* 20 s, then this, then what is left of the minute. */
static bool
over_after(const struct wait *w, enum life life, int64_t by_s, int64_t left_ms)
{
	struct noc_now now = { noc_clock_read().wall_ns, S(5000), 0 };
	char *dir = state_make();
	struct fix f;
	bool over;

	open_at(&f, dir, now, 1, w->rules);
	w->begin(&f);
	fix_advance(&f, 20000);
	if (!w->once)
		assert_false(w->over(&f));
	if (life == ALIVE)
		set_clock(&f, by_s);
	else
		again(&f, dir, life, by_s, w->rules);
	fix_advance(&f, left_ms);
	over = w->over(&f);
	life_close(&f);
	state_remove(dir);
	return over;
}

static void
expect_over(const struct wait *w, enum life life, int64_t by_s, int64_t left_ms,
	    bool want)
{
	if (over_after(w, life, by_s, left_ms) != want)
		fail_msg("%s, %s, the clock %+lld s: after %lld ms it is %s",
			 w->name, lives[life], (long long)by_s,
			 (long long)left_ms, want ? "not over" : "over");
}

static void
test_a_minute_is_a_minute(void **state)
{
	(void)state;
	for (size_t i = 0; i < NOC_COUNT(waits); i++)
		for (size_t k = 0; k < NOC_COUNT(steps); k++)
			for (int life = ALIVE; life <= RESTART; life++) {
				const struct wait *w = &waits[i];

				if (life == RESTART && w->by_events && steps[k])
					continue;
				expect_over(w, life, steps[k], 38000, false);
				expect_over(w, life, steps[k], 42000, true);
			}
}

static void
test_over_a_reboot_the_wall_clock_decides(void **state)
{
	(void)state;
	for (size_t i = 0; i < NOC_COUNT(waits); i++)
		for (size_t k = 0; k < NOC_COUNT(steps); k++) {
			const struct wait *w = &waits[i];

			if (w->by_events && steps[k] < 0)
				continue;
			if (steps[k] > 0) {
				expect_over(w, REBOOT, steps[k], 1000, true);
				continue;
			}
			/* No time has passed, if not less than none: since
			 * the last commit, which may have been its first. */
			expect_over(w, REBOOT, steps[k], 38000, false);
			expect_over(w, REBOOT, steps[k], 62000, true);
		}
}

/* The machine comes up a day behind, and its clock is set right later. */
static void
test_behind_at_the_start_then_set_right(void **state)
{
	(void)state;
	for (size_t i = 0; i < NOC_COUNT(waits); i++) {
		const struct wait *w = &waits[i];
		struct noc_now now = { noc_clock_read().wall_ns, S(5000), 0 };

		if (w->by_events)
			continue;
		for (int life = RESTART; life <= REBOOT; life++) {
			char *dir = state_make();
			struct fix f;

			open_at(&f, dir, now, 1, w->rules);
			w->begin(&f);
			fix_advance(&f, 20000);
			again(&f, dir, life, -24 * HOURS, w->rules);
			fix_advance(&f, 5000);
			set_clock(&f, 24 * HOURS);
			fix_advance(&f, life == REBOOT ? 57000 : 37000);
			if (!w->over(&f))
				fail_msg("%s, %s: not over", w->name,
					 lives[life]);
			life_close(&f);
			state_remove(dir);
		}
	}
}

/* A commit a minute, if there is no other, so that no wait begins again. */
static void
test_a_long_wait_does_not_begin_again(void **state)
{
	static const char rules[] = LINK("hold = \"2h\",");
	struct noc_now now = { noc_clock_read().wall_ns, S(5000), 0 };
	char *dir = state_make();
	struct fix f;

	(void)state;
	open_at(&f, dir, now, 1, rules);
	begin_event(&f);
	for (int i = 0; i < 700; i++)
		fix_advance(&f, 10000);
	assert_false(over_said(&f));
	again(&f, dir, REBOOT, -24 * HOURS, rules);
	fix_advance(&f, 198000);
	assert_false(over_said(&f));
	fix_advance(&f, 63000);
	assert_true(over_said(&f));
	life_close(&f);
	state_remove(dir);
}

/* ---- how a step is told ---- */

static int64_t
steps_told(struct fix *f)
{
	struct noc_value *stats = noc_core_stats(f->core);
	int64_t n =
	    noc_value_get_int(noc_value_get(stats, "clock"), "steps", 0);

	noc_value_free(stats);
	return n;
}

static void
test_a_step_is_told_once(void **state)
{
	static const struct {
		int64_t by_ms;
		const char *record, *notice; /* NULL: it is none */
	} cases[] = {
		{ 3600000, "ADMIN {\"by_ms\":3600000,\"verb\":\"clock.step\"}",
		  "forward by 1h" },
		{ -86400000,
		  "ADMIN {\"by_ms\":-86400000,\"verb\":\"clock.step\"}",
		  "back by 1d" },
		{ 85400, "\"by_ms\":85400,", "forward by 1m25s" },
		{ 1000, "\"by_ms\":1000,", "forward by 1s" },
		{ -1000, "\"by_ms\":-1000,", "back by 1s" },
		{ 999, NULL, NULL },
		{ -999, NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct fix f = { 0 };
		size_t told = cases[i].record != NULL;

		fix_open(&f, "");
		f.now.wall_ns += cases[i].by_ms * NOC_NS_PER_MS;
		for (int k = 0; k < 3; k++)
			noc_core_clock(f.core, f.now);
		fix_advance(&f, 5000);
		assert_int_equal(fix_count(&f, "clock.step"), told);
		assert_int_equal(fix_said(&f, "notify noc: the wall clock"),
				 told);
		assert_int_equal(steps_told(&f), told);
		if (told) {
			assert_int_equal(fix_count(&f, cases[i].record), 1);
			assert_int_equal(fix_said(&f, cases[i].notice), 1);
		}
		fix_close(&f);
	}
}

/* Nobody looks at the clocks but who has something to do. */
static void
test_a_timer_that_is_due_sees_the_step(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, FLOW("sleep \"60s\", log \"acted\""));
	begin_run(&f);
	f.now.wall_ns += S(HOURS);
	fix_advance(&f, 60000);
	fix_order(&f, "clock.step", "STEP_DONE", NULL);
	fix_close(&f);
}

/* Small ones that go unsaid are not lost. */
static void
test_small_steps_add_up(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, "");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(steps_told(&f), 0);
		f.now.wall_ns += 600 * NOC_NS_PER_MS;
		noc_core_clock(f.core, f.now);
		fix_pump(&f);
	}
	assert_int_equal(fix_count(&f, "\"by_ms\":1200,"), 1);
	fix_close(&f);
}

/* It was set while nobody ran: said at the start. */
static void
test_a_step_while_down_is_told_at_the_start(void **state)
{
	static const struct {
		enum life life;
		int64_t by_s;
		size_t told;
	} cases[] = {
		{ RESTART, HOURS, 1 }, { RESTART, -HOURS, 1 },
		{ RESTART, 0, 0 },     { REBOOT, HOURS, 0 }, /* it was off */
		{ REBOOT, -HOURS, 1 },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct noc_now now = { noc_clock_read().wall_ns, S(5000), 0 };
		char *dir = state_make();
		struct fix f;

		open_at(&f, dir, now, 1, waits[0].rules);
		begin_event(&f);
		again(&f, dir, cases[i].life, cases[i].by_s, waits[0].rules);
		assert_int_equal(fix_count(&f, "clock.step"), cases[i].told);
		again(&f, dir, RESTART, 0, waits[0].rules);
		assert_int_equal(fix_count(&f, "clock.step"), 0);
		life_close(&f);
		state_remove(dir);
	}
}

/* ---- rows ---- */

/* Rows whose times are damaged: they are due, or never; nothing overflows. */
/* The two clocks are never read in one instant: a step does not begin before
 * its run. */
static void
test_a_run_and_its_first_step_begin_together(void **state)
{
	(void)state;
	for (int us = -400; us <= 400; us += 400) {
		struct noc_now now = { noc_clock_read().wall_ns, S(5000), 0 };
		char *dir = state_make();
		struct fix f;

		open_at(&f, dir, now, 1,
			"flow \"f\" { step \"s\" { " READ ", timeout ="
			" \"5s\" } }");
		f.now.wall_ns += us * 1000;
		noc_core_now(f.core, f.now);
		fix_start_flow(&f, "f");
		life_close(&f);
		assert_int_equal(state_int(dir,
					   "SELECT s.started - r.started FROM"
					   " steps s JOIN runs r ON s.run ="
					   " r.id"),
				 0);
		state_remove(dir);
	}
}

static void
test_damaged_times(void **state)
{
	static const char *const rows[] = {
		"UPDATE live SET due = -9223372036854775808",
		"UPDATE live SET due = 9223372036854775807",
		"UPDATE live SET data = replace(data, '\"since\":17', "
		"'\"since\":-92233720368547758')",
		"UPDATE live SET data = replace(data, '\"steady\":1', "
		"'\"steady\":9') WHERE kind = 'clock'",
		"UPDATE live SET data = json_set(data, '$.steady', "
		"9223372036854775807, '$.wall', -9223372036854775807)"
		" WHERE kind = 'clock'",
		"UPDATE live SET data = '{}' WHERE kind = 'clock'",
		"UPDATE runs SET started = -9223372036854775808, json ="
		" json_set(json, '$.due', -9223372036854775808, '$.step',"
		" 9223372036854775807, '$.began', -9223372036854775808)",
		"UPDATE runs SET started = 9223372036854775807, json ="
		" json_set(json, '$.due', 9223372036854775807, '$.step',"
		" -9223372036854775808, '$.ok_since', -9223372036854775808)",
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(waits); i++)
		for (size_t k = 0; k < NOC_COUNT(rows); k++) {
			struct noc_now now = { noc_clock_read().wall_ns,
					       S(5000), 0 };
			const char *rules = waits[i].rules;
			char *dir = state_make();
			struct fix f;

			open_at(&f, dir, now, 1, rules);
			waits[i].begin(&f);
			fix_advance(&f, 20000);
			now = f.now;
			life_close(&f);
			state_sql(dir, rows[k]);
			open_at(&f, dir, now, 1, rules);
			fix_advance(&f, 70000);
			set_clock(&f, HOURS);
			life_close(&f);
			state_remove(dir);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_minute_is_a_minute),
		cmocka_unit_test(test_over_a_reboot_the_wall_clock_decides),
		cmocka_unit_test(test_behind_at_the_start_then_set_right),
		cmocka_unit_test(test_a_long_wait_does_not_begin_again),
		cmocka_unit_test(test_a_step_is_told_once),
		cmocka_unit_test(test_a_timer_that_is_due_sees_the_step),
		cmocka_unit_test(test_small_steps_add_up),
		cmocka_unit_test(test_a_step_while_down_is_told_at_the_start),
		cmocka_unit_test(test_a_run_and_its_first_step_begin_together),
		cmocka_unit_test(test_damaged_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
