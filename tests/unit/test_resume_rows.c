/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/life_fixture.h"

/* Runs after a restart whose rows are damaged, and after many deaths. */

/* ---- what was saved from a damaged database ---- */

static void
test_saved_rows_ask(void **state)
{
	static const char flow[] =
	    "flow \"f\" { sleep \"10s\", log \"slept\" }\n";
	char *dir = state_make();
	struct noc_now now;
	struct noc_id id;
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), flow);
	id = fix_start_flow(&f, "f");
	f.dead = true;
	now = f.now;
	life_close(&f);
	state_sql(dir, "UPDATE runs SET phase = 'blocked'");
	life_open(&f, dir, now, flow);
	assert_int_equal(fix_said(&f, "is blocked: its rows come from a "
				      "damaged database"),
			 1);
	fix_advance(&f, 3600 * 1000);
	assert_true(fix_running(&f, &id));
	/* Asked once, also when that is asked of a person again. */
	life_dies(&f, dir, flow);
	assert_int_equal(fix_said(&f, "is blocked"), 0);
	fix_advance(&f, 23 * 3600 * 1000 - 101);
	assert_true(fix_running(&f, &id));
	fix_advance(&f, 1);
	assert_false(fix_running(&f, &id));
	life_done(&f, dir);
}

/* Who says retry lets a step that calls nothing begin again. */
static void
test_saved_sleep_begins_again(void **state)
{
	static const char flow[] =
	    "flow \"f\" { sleep \"10s\", log \"slept\" }\n";
	char *dir = state_make();
	struct noc_now now;
	struct noc_id id;
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), flow);
	id = fix_start_flow(&f, "f");
	f.dead = true;
	now = f.now;
	life_close(&f);
	state_sql(dir, "UPDATE runs SET phase = 'blocked'");
	now.wall_ns += 3600 * NOC_NS_PER_S;
	life_open(&f, dir, now, flow);
	assert_int_equal(fix_signal(&f, &id, "retry"), 0);
	fix_advance(&f, 9999);
	assert_true(fix_running(&f, &id));
	fix_advance(&f, 1);
	assert_int_equal(fix_said(&f, "log f: slept"), 1);
	assert_false(fix_running(&f, &id));
	life_done(&f, dir);
}

/* Killed, and started again with what sql has made of its rows. */
static void
damaged(struct fix *f, char *dir, const char *sql, const char *flow)
{
	struct noc_now now = f->now;

	f->dead = true;
	life_close(f);
	state_sql(dir, sql);
	life_open(f, dir, now, flow);
}

/* A row that cannot be read: nothing goes on by what it may have said. */
static void
test_unread_rows(void **state)
{
	static const char *const damage[] = {
		"UPDATE runs SET json = '{'",
		"UPDATE runs SET json = '[]'",
		"UPDATE runs SET json = '{\"at\":99,\"wait\":\"sleep\"}'",
		"UPDATE runs SET json = '{\"at\":-1,\"wait\":\"retry\"}'",
		"UPDATE runs SET json = '{\"extra\":[],\"wait\":\"sleep\"}'",
		"UPDATE steps SET json = '[]' WHERE path = 'sleep_2'",
		"UPDATE steps SET json = '{\"live\":[]}' WHERE path = 'sleep_2'",
		"UPDATE steps SET json = '{' WHERE path = 'look'",
		"UPDATE steps SET state = 'Done' WHERE path = 'look'",
		"UPDATE steps SET state = '' WHERE path = 'sleep_2'",
	};
	static const char flow[] =
	    "flow \"f\" { step \"look\" { snmp.get { a = \"sysName.0\" },"
	    " timeout = \"5s\" }, sleep \"10s\", step \"set\" { snmp.set {"
	    " a = \"{steps.look.a}\" }, timeout = \"5s\" } }\n";

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(damage); i++) {
		char *dir = state_make();
		struct noc_id id;
		struct fix f;

		life_open(&f, dir, noc_clock_read(), flow);
		id = fix_start_flow(&f, "f");
		fix_answer(&f, "snmp.get", "{\"a\":\"up\"}");
		damaged(&f, dir, damage[i], flow);
		assert_int_equal(
		    fix_said(&f, "is blocked: its rows cannot be read. "
				 "`nocturne run signal` it fail"),
		    1);
		fix_advance(&f, 20000);
		assert_int_equal(fix_signal(&f, &id, "retry"), NOC_ECONFLICT);
		assert_int_equal(fix_signal(&f, &id, "done"), NOC_ECONFLICT);
		assert_true(fix_running(&f, &id));
		assert_int_equal(f.started, 0);
		assert_int_equal(fix_signal(&f, &id, "fail"), 0);
		assert_false(fix_running(&f, &id));
		assert_int_equal(fix_count(&f, "RUN_END Failed"), 1);
		life_done(&f, dir);
	}
}

/* The row of the step at hand is gone: a person is asked, and what was done
 * before it is not done again, whether its row is there or not. */
static void
test_lost_rows(void **state)
{
	static const char *const damage[] = {
		"DELETE FROM steps WHERE path = 'sleep_2'",
		"DELETE FROM steps",
	};
	static const char flow[] =
	    "flow \"f\" { step \"set\" { snmp.set { a = \"up\" },"
	    " timeout = \"5s\" }, sleep \"10s\", log \"slept\" }\n";

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(damage); i++) {
		char *dir = state_make();
		struct noc_id id;
		struct fix f;

		life_open(&f, dir, noc_clock_read(), flow);
		id = fix_start_flow(&f, "f");
		fix_answer(&f, "snmp.set", "{}");
		damaged(&f, dir, damage[i], flow);
		assert_int_equal(
		    fix_said(&f, "is blocked: its rows come from a damaged"
				 " database"),
		    1);
		fix_advance(&f, 20000);
		assert_int_equal(fix_said(&f, "log f: slept"), 0);
		assert_int_equal(fix_signal(&f, &id, "retry"), 0);
		fix_advance(&f, 20000);
		assert_int_equal(f.started, 0);
		assert_int_equal(fix_said(&f, "log f: slept"), 1);
		life_done(&f, dir);
	}
}

/* Two steps at hand of a flow that has one at a time were never written so:
 * nobody knows which, nothing of it acts, and fail ends it. */
static void
test_two_at_hand(void **state)
{
	static const char flow[] =
	    "flow \"f\" { sleep \"10s\", sleep \"20s\", step \"set\" {"
	    " snmp.set { a = \"up\" }, timeout = \"5s\" } }\n";
	static const char *const waits[] = { "sleep",	"call", "retry",
					     "blocked", "ask",	"escalate" };

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(waits); i++) {
		char *dir = state_make(), *sql;
		struct noc_id id;
		struct fix f;

		life_open(&f, dir, noc_clock_read(), flow);
		id = fix_start_flow(&f, "f");
		sql = noc_asprintf(
		    "INSERT INTO steps SELECT run, 'set', 1, 'Running',"
		    " started, 0, due, json_object('index', 2, 'live',"
		    " json_object('wait', '%s', 'step', started, 'due', due)),"
		    " 2, -1 FROM steps",
		    waits[i]);
		damaged(&f, dir, sql, flow);
		free(sql);
		fix_advance(&f, 60000);
		assert_int_equal(f.started, 0);
		assert_true(fix_running(&f, &id));
		assert_int_equal(fix_signal(&f, &id, "fail"), 0);
		assert_false(fix_running(&f, &id));
		life_done(&f, dir);
	}
}

/* ---- deaths ---- */

static const char steps[] =
    "flow \"f\" { step \"look\" { snmp.get { a = \"sysName.0\" }, timeout ="
    " \"5s\", retry = { attempts = 2, initial = \"1s\", jitter = false } },"
    " step \"see\" { snmp.get { a = \"sysName.1\" }, timeout = \"5s\" } }\n";

/* After five deaths people decide; who says retry gives it five more. */
static void
test_deaths_are_counted(void **state)
{
	char *dir = state_make();
	struct noc_id id;
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), steps);
	id = fix_start_flow(&f, "f");
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 5; i++) {
			fix_call(&f, "snmp.get");
			life_dies(&f, dir, steps);
			fix_advance(&f, 1);
			assert_int_equal(fix_said(&f, "is blocked"), 0);
		}
		fix_call(&f, "snmp.get");
		life_dies(&f, dir, steps);
		assert_int_equal(fix_said(&f, "is blocked: the daemon died more"
					      " than 5 times in it"),
				 1);
		fix_advance(&f, 1000);
		assert_int_equal(f.started, 0);
		assert_int_equal(fix_signal(&f, &id, "retry"), 0);
	}
	fix_answer(&f, "snmp.get", "{\"a\":\"x\"}");
	fix_answer(&f, "snmp.get", "{\"a\":\"x\"}");
	assert_false(fix_running(&f, &id));
	assert_int_equal(fix_said(&f, "Succeeded: look, see"), 1);
	life_done(&f, dir);
}

/* Of many calls that are out it dies once. */
static void
test_a_death_counts_once(void **state)
{
	static const char wide[] =
	    "flow \"f\" { each \"n\" { over = { 1, 2, 3, 4, 5, 6, 7, 8 },"
	    " as = \"it\", step \"look\" { exec { \"x\", mutates = false } }"
	    " } }\n";
	char *dir = state_make();
	struct noc_id id;
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), wide);
	id = fix_start_flow(&f, "f");
	assert_int_equal(f.started, 8);
	for (int i = 0; i < 5; i++) {
		life_dies(&f, dir, wide);
		fix_advance(&f, 1);
		assert_int_equal(fix_said(&f, "is blocked"), 0);
		assert_int_equal(f.started, 8);
	}
	for (int i = 0; i < 8; i++)
		fix_answer(&f, "exec", "{\"exit\":0}");
	assert_false(fix_running(&f, &id));
	assert_int_equal(fix_said(&f, "Succeeded: n"), 1);
	life_done(&f, dir);
}

/* A death is no attempt; its number is never used again. */
static void
test_a_death_is_no_attempt(void **state)
{
	char *dir = state_make();
	struct noc_id id;
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), steps);
	id = fix_start_flow(&f, "f");
	assert_int_equal(fix_count(&f, "\"attempt\":1,\"deadline\""), 1);
	life_dies(&f, dir, steps);
	fix_advance(&f, 1);
	assert_int_equal(fix_count(&f, "\"attempt\":2,\"deadline\""), 1);
	fix_refuse(&f, "snmp.get", "transient", 0);
	fix_advance(&f, 1000);
	assert_int_equal(fix_count(&f, "\"attempt\":3,\"deadline\""), 1);
	fix_refuse(&f, "snmp.get", "transient", 0);
	assert_false(fix_running(&f, &id));
	life_done(&f, dir);
}

/* A run has so many retries in all, however often it was loaded. */
static void
test_retries_are_kept(void **state)
{
	static const char often[] =
	    "flow \"f\" { step \"look\" { snmp.get { a = \"sysName.0\" },"
	    " timeout = \"5s\", retry = { attempts = 100, initial = \"1s\","
	    " max = \"1s\", jitter = false } } }\n";
	static const char *const targets[] = { "sw1", "*" };
	char *dir = state_make();
	struct noc_id id;
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), often);
	for (size_t i = 0; i < NOC_COUNT(targets); i++) {
		char *json = noc_asprintf("{\"verb\":\"breaker.disable\","
					  "\"action\":\"snmp\",\"target\":"
					  "\"%s\",\"why\":\"w\"}",
					  targets[i]);

		assert_int_equal(fix_command(&f, json, NULL), 0);
		free(json);
	}
	id = fix_start_flow(&f, "f");
	for (int i = 0; i < 50; i++) {
		fix_refuse(&f, "snmp.get", "transient", 0);
		if (i == 25)
			life_dies(&f, dir, often);
		fix_advance(&f, 1000);
	}
	assert_true(fix_running(&f, &id));
	fix_refuse(&f, "snmp.get", "transient", 0);
	assert_false(fix_running(&f, &id));
	life_done(&f, dir);
}

/* An event read back finds its device: in the inventory of then and of later.
 */
static void
test_device_of_the_event(void **state)
{
	static const char rule[] =
	    "rule \"r\" { on = \"link.down\", run = flow { sleep \"10s\","
	    " log \"{role}\", sleep \"10s\", log \"{role}\" } }\n";
	static const char csv[] = "name,address,role\n"
				  "sw1,192.0.2.1,access\n";
	char *dir = state_make();
	struct noc_inventory *inv;
	struct noc_now now;
	struct noc_err err;
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), rule);
	fix_start(&f, "r", NOC_ACTIVE, NOC_TRUST_HIGH);
	f.dead = true;
	now = f.now;
	life_close(&f);

	memset(&f, 0, sizeof(f));
	f.now = now;
	f.state_dir = dir;
	f.writer = state_open(dir, NULL);
	fix_open(&f, rule);
	if (noc_inventory_parse("t.csv", csv, strlen(csv), &inv, &err))
		fail_msg("%s", err.msg);
	noc_core_inventory(f.core, inv, f.now);
	if (noc_core_resume(f.core, dir, f.now, &err))
		fail_msg("resume: %s", err.msg);
	fix_pump(&f);
	fix_advance(&f, 10000);
	assert_int_equal(fix_said(&f, "log r: access"), 1);
	/* The one it was found in stays as long as the event does. */
	cor_inventory(&f, "name,address,role\nsw9,192.0.2.9,core\n");
	fix_advance(&f, 10000);
	assert_int_equal(fix_said(&f, "log r: access"), 2);
	life_done(&f, dir);
}

/* ---- what has ended ---- */

/* A run of this very cause. */
static int
start_for(struct fix *f, const struct noc_id *event, int64_t received_ns,
	  struct noc_id *id)
{
	struct noc_event *ev = fix_event(f, "link.down", "sw1", NOC_TRUST_HIGH);
	struct noc_rule *r = noc_ruleset_rule(noc_core_rules(f->core), "r");
	struct noc_run_cause cause = { .plan = r->run,
				       .rule = r,
				       .rule_name = r->name,
				       .definition = r->definition,
				       .mode = NOC_ACTIVE,
				       .key = "sw1",
				       .ev = ev };
	struct noc_err err;
	int rc;

	ev->id = *event;
	ev->received_ns = received_ns;
	noc_core_begin(f->core, f->now);
	rc = noc_run_start(f->core, &cause, id, &err);
	noc_core_end(f->core);
	noc_event_unref(ev);
	fix_pump(f);
	return rc;
}

/* What caused a run causes no second one, also after a restart. */
static void
test_a_cause_has_one_run(void **state)
{
	static const char rule[] =
	    "rule \"r\" { on = \"link.down\", run = log \"once\" }\n";
	struct noc_id event = { { 1, 2, 3 } }, id, again_id;
	char *dir = state_make();
	struct fix f;
	int64_t received_ns;

	(void)state;
	life_open(&f, dir, noc_clock_read(), rule);
	received_ns = f.now.wall_ns;
	assert_int_equal(start_for(&f, &event, received_ns, &id), 0);
	assert_string_equal(noc_run_state(f.core, &id), "Succeeded");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(start_for(&f, &event, received_ns, &again_id),
				 NOC_ECONFLICT);
		assert_memory_equal(&again_id, &id, sizeof(id));
		assert_int_equal(fix_said(&f, "log r: once"), i == 0);
		life_dies(&f, dir, rule);
		assert_string_equal(noc_run_state(f.core, &id), "Succeeded");
	}
	/* Of another event it is another. */
	event.b[0]++;
	assert_int_equal(start_for(&f, &event, received_ns, &again_id), 0);
	life_done(&f, dir);
}

/* The last 4,096 are known, those that ended first are forgotten first. */
static void
test_ended_of_late(void **state)
{
	static const char flow[] = "flow \"f\" { log \"x\" }\n";
	char *dir = state_make();
	struct noc_id first, second, last;
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), flow);
	first = fix_start_flow(&f, "f");
	second = fix_start_flow(&f, "f");
	for (int i = 2; i < 4097; i++) {
		last = fix_start_flow(&f, "f");
		fix_forget(&f);
	}
	for (int i = 0; i < 2; i++) {
		assert_null(noc_run_state(f.core, &first));
		assert_string_equal(noc_run_state(f.core, &second),
				    "Succeeded");
		assert_string_equal(noc_run_state(f.core, &last), "Succeeded");
		life_dies(&f, dir, flow);
	}
	life_done(&f, dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_saved_rows_ask),
		cmocka_unit_test(test_saved_sleep_begins_again),
		cmocka_unit_test(test_unread_rows),
		cmocka_unit_test(test_lost_rows),
		cmocka_unit_test(test_two_at_hand),
		cmocka_unit_test(test_deaths_are_counted),
		cmocka_unit_test(test_a_death_counts_once),
		cmocka_unit_test(test_a_death_is_no_attempt),
		cmocka_unit_test(test_retries_are_kept),
		cmocka_unit_test(test_device_of_the_event),
		cmocka_unit_test(test_a_cause_has_one_run),
		cmocka_unit_test(test_ended_of_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
