/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/life_fixture.h"

#include "engine/core/command.h"
#include "engine/run/queue.h"

/* Which runs may be under way beside one another: limits and locks of their
 * flows, dedup, and those that wait for their turn. */

static const char flows[] =
    "local function set(f)\n"
    "  f.input = { b = 'string' }\n"
    "  f[1] = step 's' { snmp.set { a = 'up' }, timeout = '5s',"
    " target = 'sw1', retry = { attempts = 1 } }\n"
    "  return f\n"
    "end\n"
    "flow 'lock' (set { lock = 'building/{input.b}' })\n"
    "flow 'two' (set { lock = { 'building/{input.b}', 'core' } })\n"
    "flow 'core' (set { lock = 'core' })\n"
    "flow 'pair' (set { limits = { awx = 2 } })\n"
    "flow 'both' (set { limits = { awx = 2 }, lock = 'core' })\n"
    "flow 'once' (set { dedup = '{input.b}' })\n"
    "flow 'after' (set { dedup = '{input.b}', on_running = 'queue' })\n"
    "flow 'join' (set { dedup = '{input.b}', on_running = 'join' })\n"
    "flow 'new' (set { dedup = '{input.b}', on_running = 'supersede' })\n"
    "flow 'slow' { input = { b = 'string' }, dedup = '{input.b}', on_running"
    " = 'supersede', sleep '1h' }\n"
    "flow 'never' (set { dedup = '{input.b}', on_closed = 'reject' })\n"
    "flow 'failed' (set { dedup = '{input.b}', on_closed = 'failed_only',"
    " dedup_window = '1h' })\n"
    "flow 'short' (set { lock = 'core', timeout = '10s' })\n"
    "flow 'hold' { timeout = '10d', lock = 'core', sleep '3d' }\n"
    "flow 'again' { input = { b = 'string' }, dedup = 'x', on_running ="
    " 'supersede', sleep '1s', start 'again' { b = '1' }, sleep '1h' }\n"
    "flow 'refused' { step 'go' { start 'once' { b = '1' } } }\n";

static struct fix_heard
start(struct fix *f, const char *flow, const char *b)
{
	struct fix_heard h =
	    fix_say(f,
		    "{\"verb\":\"run.start\",\"actor\":\"ann\",\"flow\":\"%s\","
		    "\"input\":{\"b\":\"%s\"}}",
		    flow, b);

	fix_advance(f, 1);
	return h;
}

/* It goes on, Pending or Running; its id. */
static struct noc_id
starts(struct fix *f, const char *flow, const char *b)
{
	struct fix_heard h = start(f, flow, b);
	struct noc_id id;

	assert_string_equal(h.message, "");
	assert_int_equal(noc_id_parse(h.id, &id), 0);
	return id;
}

/* The call that is out is this run's. */
static void
out_is(struct fix *f, size_t i, const struct noc_id *id)
{
	char text[NOC_ID_TEXT];

	noc_id_format(text, id);
	assert_true(i < f->ncalls);
	if (strncmp(f->calls[i]->token, text, strlen(text)))
		fail_msg("%s is out, not %s", f->calls[i]->token, text);
}

static void
answer(struct fix *f)
{
	fix_answer(f, "snmp.set", "{}");
	fix_advance(f, 1);
}

/* ---- locks ---- */

static void
test_lock_of_one_name(void **state)
{
	struct noc_id a, b, c;
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, flows);
	a = starts(&f, "lock", "1");
	b = starts(&f, "lock", "1");
	c = starts(&f, "lock", "2");
	assert_int_equal(f.ncalls, 2);
	out_is(&f, 0, &a);
	out_is(&f, 1, &c);
	assert_int_equal(fix_figure(&f, "runs.pending"), 1);
	fix_answer(&f, "snmp.set", "{}");
	fix_advance(&f, 1);
	assert_int_equal(fix_figure(&f, "runs.pending"), 0);
	out_is(&f, 1, &b);
	/* Accepted at once, and its first step after the other's end. */
	fix_order(&f, "RUN_START", "RUN_START", "RUN_START", "RUN_END",
		  "SIGNAL begin", "STEP_START s", NULL);
	answer(&f);
	answer(&f);
	assert_int_equal(fix_runs(&f), 0);
	assert_int_equal(fix_figure(&f, "calls.names.lock.out"), 0);
	fix_close(&f);
}

/* All or none: who waits for one of two holds up nobody with the other. */
static void
test_locks_are_taken_together(void **state)
{
	struct noc_id a, b, c, d;
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, flows);
	a = starts(&f, "core", "");
	b = starts(&f, "two", "1");
	c = starts(&f, "lock", "1");
	d = starts(&f, "core", "");
	assert_int_equal(f.ncalls, 2);
	out_is(&f, 0, &a);
	out_is(&f, 1, &c);
	answer(&f); /* b's turn at the core, and its building is taken */
	assert_int_equal(f.ncalls, 2);
	out_is(&f, 1, &d);
	fix_answer(&f, "snmp.set", "{}"); /* c's */
	fix_advance(&f, 1);
	assert_int_equal(f.ncalls, 1);
	answer(&f);
	assert_int_equal(f.ncalls, 1);
	out_is(&f, 0, &b);
	answer(&f);
	assert_int_equal(fix_runs(&f), 0);
	fix_close(&f);
}

static void
test_limit_of_runs(void **state)
{
	struct noc_id ids[4];
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, flows);
	for (int i = 0; i < 4; i++)
		ids[i] = starts(&f, i == 3 ? "both" : "pair", "");
	assert_int_equal(f.ncalls, 2);
	assert_int_equal(fix_figure(&f, "calls.names.run.out"), 2);
	assert_int_equal(fix_figure(&f, "calls.names.run.queued"), 2);
	answer(&f);
	assert_int_equal(f.ncalls, 2);
	out_is(&f, 1, &ids[2]);
	answer(&f);
	out_is(&f, 1, &ids[3]);
	fix_close(&f);
}

/* The time of a flow is its own, not that of whoever has its lock. */
static void
test_timeout_begins_with_the_run(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, flows);
	starts(&f, "hold", "");
	starts(&f, "short", "");
	fix_advance(&f, 3 * 24 * 3600 * 1000LL - 10);
	assert_int_equal(fix_count(&f, "RUN_END"), 0);
	fix_advance(&f, 1000);
	assert_int_equal(fix_count(&f, "RUN_END Succeeded"), 1);
	assert_int_equal(f.ncalls, 1);
	fix_advance(&f, 4000);
	answer(&f);
	assert_int_equal(fix_count(&f, "RUN_END Succeeded"), 2);
	fix_close(&f);
}

/* People are told of a lock that is had for long, once; it stays had. */
static void
test_age_of_a_lock(void **state)
{
	struct noc_id a;
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, flows);
	a = starts(&f, "hold", "");
	starts(&f, "core", "");
	fix_advance(&f, 24 * 3600 * 1000LL - 10);
	assert_int_equal(fix_said(&f, "has lock core for"), 0);
	fix_advance(&f, 10);
	assert_int_equal(fix_said(&f, "has lock core for 1d, and 1 wait"), 1);
	fix_advance(&f, 30 * 3600 * 1000LL);
	assert_int_equal(fix_said(&f, "hold: run"), 1);
	assert_int_equal(fix_said(&f, "has lock core for"), 1);
	assert_int_equal(f.ncalls, 0);
	fix_signal(&f, &a, "nothing");
	assert_int_equal(f.ncalls, 0);
	fix_close(&f);
}

/* Also when the daemon was not there all the time, and not once more. */
static void
test_age_of_a_lock_over_a_restart(void **state)
{
	char *dir = state_make();
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), flows);
	starts(&f, "hold", "");
	life_dies(&f, dir, flows);
	fix_advance(&f, 24 * 3600 * 1000LL - 1000);
	assert_int_equal(fix_said(&f, "has lock core for"), 0);
	fix_advance(&f, 1000);
	assert_int_equal(fix_said(&f, "has lock core for 1d"), 1);
	life_written(&f);
	life_dies(&f, dir, flows);
	fix_advance(&f, 24 * 3600 * 1000LL);
	assert_int_equal(fix_said(&f, "has lock core for"), 0);
	life_done(&f, dir);
}

static void
test_cancel_gives_it_back(void **state)
{
	struct noc_id a, b, c;
	char text[NOC_ID_TEXT];
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, flows);
	a = starts(&f, "hold", "");
	b = starts(&f, "core", "");
	c = starts(&f, "core", "");
	fix_say(&f, "{\"verb\":\"run.cancel\",\"id\":\"%s\"}",
		noc_id_format(text, &b)); /* one that waits */
	assert_int_equal(fix_figure(&f, "runs.pending"), 1);
	assert_int_equal(fix_count(&f, "RUN_END Cancelled"), 1);
	fix_say(&f, "{\"verb\":\"run.cancel\",\"id\":\"%s\"}",
		noc_id_format(text, &a));
	fix_advance(&f, 1);
	assert_int_equal(fix_figure(&f, "runs.pending"), 0);
	out_is(&f, 0, &c);
	answer(&f);
	assert_int_equal(fix_runs(&f), 0);
	fix_close(&f);
}

/* ---- dedup ---- */

static void
test_reject_names_the_run(void **state)
{
	char text[NOC_ID_TEXT], want[256];
	struct noc_id a;
	struct fix_heard h;
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, flows);
	a = starts(&f, "once", "42");
	starts(&f, "once", "43");
	h = start(&f, "once", "42");
	assert_int_equal(h.kind, NOC_ECONFLICT);
	snprintf(want, sizeof(want),
		 "'once' was not started: run %s runs for the same dedup key "
		 "(once/42).",
		 noc_id_format(text, &a));
	assert_string_equal(h.message, want);
	assert_int_equal(fix_count(&f, "RUN_START"), 2);
	assert_int_equal(fix_runs(&f), 2);
	answer(&f);
	starts(&f, "once", "42");
	assert_int_equal(fix_figure(&f, "runs.refused"), 1);
	fix_close(&f);
}

static void
test_a_step_that_is_refused_fails(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, flows);
	starts(&f, "once", "1");
	fix_start_flow(&f, "refused");
	assert_int_equal(fix_count(&f, "RUN_END Failed"), 1);
	assert_int_equal(fix_count(&f, "for the same dedup key (once/1)"), 2);
	fix_close(&f);
}

static void
test_queue(void **state)
{
	struct noc_id ids[3];
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, flows);
	for (int i = 0; i < 3; i++)
		ids[i] = starts(&f, "after", "1");
	for (int i = 0; i < 3; i++) {
		assert_int_equal(f.ncalls, 1);
		out_is(&f, 0, &ids[i]);
		answer(&f);
	}
	assert_int_equal(fix_runs(&f), 0);
	fix_close(&f);
}

static void
test_join(void **state)
{
	struct noc_id a, b;
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, flows);
	a = starts(&f, "join", "1");
	b = starts(&f, "join", "1");
	assert_memory_equal(&a, &b, sizeof(a));
	assert_int_equal(fix_count(&f, "RUN_START"), 1);
	assert_int_equal(fix_count(&f, "SIGNAL join"), 1);
	assert_int_equal(fix_figure(&f, "runs.joined"), 1);
	answer(&f);
	b = starts(&f, "join", "1");
	assert_memory_not_equal(&a, &b, sizeof(a));
	fix_close(&f);
}

static void
test_supersede(void **state)
{
	struct noc_id b;
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, flows);
	starts(&f, "new", "1");
	b = starts(&f, "new", "1");
	fix_advance(&f, 1);
	/* What it has out may end: until then the other one waits. */
	assert_int_equal(fix_runs(&f), 2);
	assert_int_equal(fix_figure(&f, "runs.pending"), 1);
	assert_int_equal(fix_count(&f, "RUN_END"), 0);
	fix_advance(&f, 3000);
	assert_int_equal(f.ncalls, 1);
	answer(&f);
	assert_int_equal(fix_runs(&f), 1);
	assert_int_equal(f.ncalls, 1);
	out_is(&f, 0, &b);
	assert_int_equal(fix_count(&f, "superseded by run"), 2);
	assert_int_equal(fix_figure(&f, "runs.superseded"), 1);
	fix_order(&f, "RUN_START", "RUN_START", "SIGNAL cancel",
		  "STEP_DONE s sw1 snmp.set ok", "RUN_END Cancelled",
		  "SIGNAL begin", "STEP_START s", NULL);
	answer(&f);
	assert_int_equal(fix_runs(&f), 0);
	fix_close(&f);
}

/* It died between the start of the one and the end of the other. */
static void
test_supersede_over_a_death(void **state)
{
	char *dir = state_make();
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), flows);
	starts(&f, "slow", "1");
	(void)start(&f, "slow", "1"); /* its cancel is not on the disk */
	assert_int_equal(fix_count(&f, "SIGNAL cancel"), 1);
	life_written(&f);
	state_sql(dir, "UPDATE runs SET state = 'Pending', phase = 'queued'"
		       " WHERE n = 2; UPDATE runs SET json = json_remove(json,"
		       " '$.cancel'), state = 'Running', ended = 0 WHERE n = 1;"
		       " UPDATE steps SET state = 'Running'");
	life_dies(&f, dir, flows);
	fix_advance(&f, 20000);
	assert_int_equal(fix_count(&f, "SIGNAL cancel"), 1);
	assert_int_equal(fix_count(&f, "RUN_END Cancelled"), 1);
	assert_int_equal(fix_runs(&f), 1);
	life_done(&f, dir);
}

/* A rule whose run is refused has been held back: nothing went wrong. */
static void
test_a_rule_is_guarded(void **state)
{
	static const char rules[] =
	    "rule 'r' { on = 'login.failed', key = '{device}', mode ="
	    " 'active', run = flow { dedup = '{device}', step 's' { snmp.get {"
	    " a = 'sysName.0' }, timeout = '5s' } } }\n";
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, rules);
	for (int i = 0; i < 2; i++) {
		cor_tell(&f, &(struct tell){ .kind = "login.failed",
					     .device = "sw1" });
		fix_pump(&f);
	}
	assert_int_equal(cor_count(&f, "r")->fired, 1);
	assert_int_equal(cor_count(&f, "r")->guarded, 1);
	assert_int_equal(cor_count(&f, "r")->errored, 0);
	assert_int_equal(fix_count(&f, "runs for the same dedup key"), 1);
	fix_close(&f);
}

/* What it starts in its place ends it. */
static void
test_supersedes_itself(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, flows);
	starts(&f, "again", "1");
	fix_advance(&f, 1500);
	assert_int_equal(fix_runs(&f), 1);
	assert_int_equal(fix_count(&f, "RUN_END Cancelled"), 1);
	fix_advance(&f, 1000);
	assert_int_equal(fix_count(&f, "RUN_END Cancelled"), 2);
	fix_close(&f);
}

static void
test_those_that_ended(void **state)
{
	struct fix_heard h;
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, flows);
	starts(&f, "never", "1");
	fix_refuse(&f, "snmp.set", "permanent", 0);
	h = start(&f, "never", "1");
	assert_int_equal(h.kind, NOC_ECONFLICT);
	assert_non_null(strstr(h.message, "has ended for the same"));
	starts(&f, "never", "2");
	fix_answer(&f, "snmp.set", "{}");
	starts(&f, "failed", "1");
	fix_refuse(&f, "snmp.set", "permanent", 0);
	starts(&f, "failed", "1");
	fix_answer(&f, "snmp.set", "{}");
	h = start(&f, "failed", "1");
	assert_non_null(strstr(h.message, "has succeeded for the same"));
	fix_advance(&f, 3600 * 1000LL - 10);
	assert_int_equal(start(&f, "failed", "1").kind, NOC_ECONFLICT);
	fix_advance(&f, 10);
	starts(&f, "failed", "1");
	assert_int_equal(start(&f, "never", "1").kind, NOC_ECONFLICT);
	fix_advance(&f, 23 * 3600 * 1000LL);
	starts(&f, "never", "1");
	fix_close(&f);
}

static void
test_so_many_wait(void **state)
{
	struct fix_heard h;
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, flows);
	starts(&f, "core", "");
	for (int i = 0; i < NOC_PENDING_MAX; i++)
		starts(&f, "core", "");
	h = start(&f, "core", "");
	assert_int_equal(h.kind, NOC_ERESOURCE);
	assert_string_equal(h.message, "'core' was not started: 1000 runs of "
				       "it wait already.");
	starts(&f, "two", "1"); /* another one's */
	assert_int_equal(fix_figure(&f, "runs.pending"), NOC_PENDING_MAX + 1);
	for (int i = 0; i < NOC_PENDING_MAX + 2; i++)
		answer(&f);
	assert_int_equal(fix_runs(&f), 0);
	fix_close(&f);
}

static void
test_so_many_keys_of_those_that_ended(void **state)
{
	struct fix f = { 0 };
	char b[16];

	(void)state;
	fix_open(&f, "flow \"x\" { input = { b = \"string\" }, dedup = "
		     "\"{input.b}\", on_closed = \"reject\", log \"x\" }\n");
	for (int i = 0; i <= NOC_CLOSED_MAX; i++) {
		snprintf(b, sizeof(b), "%d", i);
		starts(&f, "x", b);
		if (i % 1000 == 0)
			fix_forget(&f);
	}
	assert_int_equal(start(&f, "x", "1").kind, NOC_ECONFLICT);
	starts(&f, "x", "0");
	fix_close(&f);
}

/* ---- what is not to be held ---- */

static void
test_observing_needs_nothing(void **state)
{
	struct fix f = { 0 };
	struct fix_heard h;

	(void)state;
	fix_open(&f, flows);
	starts(&f, "hold", "");
	h = fix_say(&f,
		    "{\"verb\":\"run.start\",\"actor\":\"ann\",\"flow\":"
		    "\"core\",\"input\":{\"b\":\"\"},\"mode\":\"observe\"}");
	assert_int_equal(h.kind, NOC_OK);
	assert_int_equal(fix_figure(&f, "runs.pending"), 0);
	assert_int_equal(fix_count(&f, "RUN_END Succeeded"), 1);
	fix_close(&f);
}

static void
test_a_name_that_cannot_be_filled_in(void **state)
{
	struct fix f = { 0 };
	struct fix_heard h;
	char b[249];

	(void)state;
	fix_open(&f, "flow \"x\" { lock = \"site/{device}\", log \"x\" }\n");
	h = fix_say(
	    &f, "{\"verb\":\"run.start\",\"actor\":\"ann\",\"flow\":\"x\"}");
	assert_int_not_equal(h.kind, NOC_OK);
	assert_non_null(strstr(h.message, "lock"));
	assert_non_null(strstr(h.message, "device"));
	assert_int_equal(fix_runs(&f), 0);
	assert_int_equal(fix_count(&f, "RUN_START"), 0);
	fix_rules(&f, flows);
	memset(b, 'x', sizeof(b));
	b[sizeof(b) - 1] = '\0';
	h = start(&f, "lock", b); /* "building/" and 248 more */
	assert_int_equal(h.kind, NOC_EINPUT);
	assert_non_null(strstr(h.message, "becomes 257 bytes; it must be 1 to "
					  "256"));
	starts(&f, "lock", b + 1);
	/* Nor is what nobody has said one thing. */
	h = start(&f, "lock", "");
	assert_int_equal(h.kind, NOC_EINPUT);
	assert_string_equal(h.message, "lock: 'input.b' is an empty text");
	fix_close(&f);
}

/* ---- over a restart ---- */

static void
test_restart(void **state)
{
	char *dir = state_make();
	struct noc_id ids[4];
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), flows);
	starts(&f, "hold", "");
	for (int i = 0; i < 4; i++)
		ids[i] = starts(&f, i % 2 ? "both" : "core", "");
	life_dies(&f, dir, flows);
	assert_int_equal(fix_figure(&f, "runs.pending"), 4);
	assert_int_equal(f.ncalls, 0);
	starts(&f, "core", "");
	fix_advance(&f, 3 * 24 * 3600 * 1000LL);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(f.ncalls, 1);
		out_is(&f, 0, &ids[i]);
		answer(&f);
		life_written(&f);
	}
	answer(&f);
	assert_int_equal(fix_runs(&f), 0);
	life_done(&f, dir);
}

/* Its holder's end is on disk, its own begin is not. */
static void
test_restart_between_two(void **state)
{
	char *dir = state_make();
	struct noc_id a, b;
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), flows);
	starts(&f, "after", "1");
	a = starts(&f, "after", "1");
	b = starts(&f, "after", "1");
	fix_answer(&f, "snmp.set", "{}"); /* the turn is a timer: not yet */
	life_dies(&f, dir, flows);
	assert_int_equal(f.ncalls, 1);
	out_is(&f, 0, &a);
	assert_int_equal(fix_figure(&f, "runs.pending"), 1);
	answer(&f);
	out_is(&f, 0, &b);
	life_done(&f, dir);
}

/* A row that does not say what its run has, or waits for: nothing of it goes
 * on before a person has looked. */
static void
test_a_hold_that_cannot_be_read(void **state)
{
	static const char *const damage[] = {
		"json_remove(json, '$.hold')",
		"json_set(json, '$.hold', 'x')",
		"json_set(json, '$.hold', json('[]'))",
		"json_set(json, '$.hold[0].kind', 9)",
		"json_set(json, '$.hold[0].kind', -1)",
		"json_remove(json, '$.hold[0].name')",
		"json_set(json, '$.hold[0].name', '')",
		"json_set(json, '$.hold[0].limit', 0)",
		"json_set(json, '$.hold[0].limit', 10001)",
	};

	(void)state;
	for (size_t i = 0; i < 2 * NOC_COUNT(damage); i++) {
		const char *of = i % 2 ? "Pending" : "Running";
		char *dir = state_make();
		char *sql = noc_asprintf("UPDATE runs SET json = %s WHERE state"
					 " = '%s'",
					 damage[i / 2], of);
		struct noc_id ids[2];
		struct fix f;

		life_open(&f, dir, noc_clock_read(), flows);
		ids[0] = starts(&f, "hold", "");
		ids[1] = starts(&f, "core", "");
		f.dead = true;
		life_close(&f);
		state_sql(dir, sql);
		life_open(&f, dir, f.now, flows);
		assert_int_equal(fix_said(&f, "is blocked: its rows cannot be "
					      "read"),
				 1);
		fix_advance(&f, 3600 * 1000LL);
		assert_int_equal(fix_figure(&f, "calls.names.lock.out"), 1);
		assert_int_equal(fix_figure(&f, "calls.names.limit.out"), 0);
		assert_int_equal(f.ncalls, 0);
		assert_int_equal(
		    fix_runs(&f) + fix_figure(&f, "runs.pending") * (i % 2), 2);
		assert_int_equal(fix_signal(&f, &ids[i % 2], "done"),
				 NOC_ECONFLICT);
		assert_int_equal(fix_signal(&f, &ids[i % 2], "fail"), 0);
		assert_false(fix_running(&f, &ids[i % 2]));
		fix_advance(&f, 3 * 24 * 3600 * 1000LL);
		/* Who waited for it may go on now, and no other. */
		assert_int_equal(f.started, i % 2 == 0);
		life_done(&f, dir);
		free(sql);
	}
}

static void
test_ended_is_remembered(void **state)
{
	char *dir = state_make();
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), flows);
	starts(&f, "never", "1");
	answer(&f);
	life_again(&f, dir, flows);
	assert_int_equal(start(&f, "never", "1").kind, NOC_ECONFLICT);
	fix_advance(&f, 24 * 3600 * 1000LL);
	starts(&f, "never", "1");
	life_done(&f, dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lock_of_one_name),
		cmocka_unit_test(test_locks_are_taken_together),
		cmocka_unit_test(test_limit_of_runs),
		cmocka_unit_test(test_timeout_begins_with_the_run),
		cmocka_unit_test(test_age_of_a_lock),
		cmocka_unit_test(test_age_of_a_lock_over_a_restart),
		cmocka_unit_test(test_cancel_gives_it_back),
		cmocka_unit_test(test_reject_names_the_run),
		cmocka_unit_test(test_a_step_that_is_refused_fails),
		cmocka_unit_test(test_queue),
		cmocka_unit_test(test_join),
		cmocka_unit_test(test_supersede),
		cmocka_unit_test(test_supersede_over_a_death),
		cmocka_unit_test(test_a_rule_is_guarded),
		cmocka_unit_test(test_supersedes_itself),
		cmocka_unit_test(test_those_that_ended),
		cmocka_unit_test(test_so_many_wait),
		cmocka_unit_test(test_so_many_keys_of_those_that_ended),
		cmocka_unit_test(test_observing_needs_nothing),
		cmocka_unit_test(test_a_name_that_cannot_be_filled_in),
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_restart_between_two),
		cmocka_unit_test(test_a_hold_that_cannot_be_read),
		cmocka_unit_test(test_ended_is_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
