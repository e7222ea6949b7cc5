/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/life_fixture.h"

#include "engine/flow/plan.h"

/* Whether a run can go on after a restart: its plan and its functions. */

static void
again(struct fix *f, char *dir, const char *rules)
{
	f->dead = true;
	life_again(f, dir, rules);
}

static void
done(struct fix *f, char *dir)
{
	f->dead = true;
	life_close(f);
	state_remove(dir);
}

static struct noc_id
start_plan(struct fix *f, struct noc_plan *plan)
{
	struct noc_run_cause cause = { .plan = plan,
				       .rule_name = plan->name,
				       .mode = NOC_ACTIVE,
				       .actor = "test" };
	struct noc_id id;
	struct noc_err err;

	noc_core_begin(f->core, f->now);
	if (noc_run_start(f->core, &cause, &id, &err))
		fail_msg("start: %s", err.msg);
	noc_core_end(f->core);
	fix_pump(f);
	return id;
}

/* ---- functions ---- */

#define CALLS                                                                    \
	"flow { sleep \"10s\", step \"told\" { log \"called\", when = function(" \
	"run) return true end } }"

static const char calls[] =
    "rule \"r\" { on = \"link.down\", run = " CALLS " }\n"
    "pair \"p\" { open = \"a.down\", close = \"a.up\", within = \"1m\","
    " missing = " CALLS ", matched = flow { sleep \"10s\", step \"well\" {"
    " log \"called\", when = function(run) return true end } } }\n"
    "schedule \"s\" { every = \"1h\", run = " CALLS " }\n"
    "flow \"f\" { sleep \"10s\", step \"told\" { log \"called\", when ="
    " function(run) return true end } }\n";

static struct noc_plan *
plan_of(struct fix *f, int i)
{
	struct noc_ruleset *rs = noc_core_rules(f->core);

	switch (i) {
	case 0:
		return rs->rules[0].run;
	case 1:
		return rs->pairs[0].missing_plan;
	case 2:
		return rs->pairs[0].matched_plan;
	case 3:
		return rs->tasks[0].run;
	default:
		return noc_table_get(&rs->flows, "f");
	}
}

/* Wherever in the rules it stands, they have its functions. */
static void
test_functions_are_found(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++) {
		char *dir = state_make();
		struct noc_id id;
		struct fix f;

		life_open(&f, dir, noc_clock_read(), calls);
		id = start_plan(&f, plan_of(&f, i));
		again(&f, dir, calls);
		fix_advance(&f, 10000);
		if (fix_running(&f, &id) || fix_said(&f, ": called") != 1)
			fail_msg("plan %d was not found", i);
		done(&f, dir);
	}
}

static const char other[] = "flow \"o\" { log \"o\" }\n";

/* Not in the rules any more: noc is told once, nobody can do it without them,
 * and once they are there again it goes on where it was. */
static void
test_functions_are_gone(void **state)
{
	(void)state;
	for (int reload = 0; reload < 2; reload++) {
		char *dir = state_make(), text[NOC_ID_TEXT], *json;
		struct noc_id id;
		struct fix f;

		life_open(&f, dir, noc_clock_read(), calls);
		id = start_plan(&f, plan_of(&f, 0));
		again(&f, dir, other);
		assert_true(fix_running(&f, &id));
		assert_int_equal(
		    fix_said(&f, "is blocked: its functions are not in the "
				 "rules any more. `nocturne run signal` it "
				 "done or fail, or load them"),
		    1);
		fix_advance(&f, 5000);
		again(&f, dir, other);
		assert_int_equal(fix_said(&f, "is blocked"), 0);
		fix_rules(&f, other);
		assert_int_equal(fix_signal(&f, &id, "retry"), NOC_ECONFLICT);
		assert_int_equal(fix_signal(&f, &id, "ack"), NOC_ECONFLICT);
		assert_true(fix_running(&f, &id));
		f.runs = 0;
		if (reload)
			fix_rules(&f, calls);
		else
			again(&f, dir, calls);
		assert_int_equal(f.runs, 1); /* and its row says so */
		fix_advance(&f, reload ? 4799 : 4699);
		assert_int_equal(fix_said(&f, ": called"), 0);
		json = noc_asprintf("{\"verb\":\"run.signal\",\"id\":\"%s\","
				    "\"signal\":\"retry\"}",
				    noc_id_format(text, &id));
		assert_int_equal(fix_command(&f, json, NULL), NOC_ECONFLICT);
		free(json);
		fix_advance(&f, 1);
		assert_int_equal(fix_said(&f, ": called"), 1);
		assert_false(fix_running(&f, &id));
		done(&f, dir);
	}
}

/* What a person may still say: it is done, or it is not to be. */
static void
test_decided_without_functions(void **state)
{
	static const struct {
		const char *signal, *says;
	} cases[] = {
		{ "fail", "Failed: sleep_1: fail: joe" },
		{ "done", "Failed: told: The functions of this flow are not in "
			  "the rules any more." },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		char *dir = state_make();
		struct noc_id id;
		struct fix f;

		life_open(&f, dir, noc_clock_read(), calls);
		id = start_plan(&f, plan_of(&f, 0));
		again(&f, dir, other);
		assert_int_equal(fix_signal(&f, &id, cases[i].signal), 0);
		assert_false(fix_running(&f, &id));
		assert_int_equal(fix_said(&f, cases[i].says), 1);
		done(&f, dir);
	}
}

/* What a person was asked a person answers, whatever rules come and go. */
static void
test_asked_and_functions_are_gone(void **state)
{
	static const char asks[] =
	    "flow \"f\" { step \"job\" { exec { \"x\" }, timeout = \"5s\" },"
	    " step \"told\" { log \"called\", when = function(run) return true"
	    " end } }\n";
	char *dir = state_make();
	struct noc_id id;
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), asks);
	id = fix_start_flow(&f, "f");
	fix_refuse(&f, "exec", "in_doubt", 0);
	again(&f, dir, other);
	assert_int_equal(fix_said(&f, "is blocked"), 1);
	fix_rules(&f, asks);
	fix_advance(&f, 3600 * 1000);
	assert_int_equal(f.started, 0);
	assert_int_equal(fix_signal(&f, &id, "done"), 0);
	assert_int_equal(fix_said(&f, ": called"), 1);
	assert_false(fix_running(&f, &id));
	done(&f, dir);
}

/* Nobody does anything about it for a day. */
static void
test_blocked_for_a_day(void **state)
{
	char *dir = state_make();
	struct noc_id id;
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), calls);
	id = start_plan(&f, plan_of(&f, 0));
	again(&f, dir, other);
	fix_advance(&f, 24 * 3600 * 1000 - 1);
	assert_true(fix_running(&f, &id));
	fix_advance(&f, 1);
	assert_false(fix_running(&f, &id));
	assert_int_equal(fix_said(&f, "fail: nobody in time"), 1);
	done(&f, dir);
}

/* Functions of a verify and of an answer are functions too. */
static void
test_which_functions(void **state)
{
	static const struct {
		const char *step;
		bool blocked;
	} cases[] = {
		{ "verify \"v\" { snmp.get { a = \"sysName.0\" }, expect ="
		  " function(run) return true end }",
		  true },
		{ "step \"v\" { snmp.get { a = \"sysName.0\" }, fail_if ="
		  " function(run) return false end }",
		  true },
		{ "verify \"v\" { snmp.get { a = \"sysName.0\" }, expect = { a"
		  " = \"x\" } }",
		  false },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		char *dir = state_make();
		char *rules = noc_asprintf("flow \"f\" { sleep \"10s\", %s }\n",
					   cases[i].step);
		struct fix f;

		life_open(&f, dir, noc_clock_read(), rules);
		fix_start_flow(&f, "f");
		again(&f, dir, other);
		assert_int_equal(fix_said(&f, "is blocked"), cases[i].blocked);
		fix_advance(&f, 10000);
		assert_int_equal(f.started, !cases[i].blocked);
		free(rules);
		done(&f, dir);
	}
}

/* ---- plans ---- */

/* A run goes by the plan that it was started with. */
static void
test_plan_of_before(void **state)
{
	char *dir = state_make();
	struct noc_id id;
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(),
		  "flow \"f\" { sleep \"10s\", log \"as before\" }\n");
	id = fix_start_flow(&f, "f");
	again(&f, dir, "flow \"f\" { sleep \"10s\", log \"as now\" }\n");
	fix_advance(&f, 10000);
	assert_false(fix_running(&f, &id));
	assert_int_equal(fix_said(&f, "log f: as before"), 1);
	assert_int_equal(fix_said(&f, "as now"), 0);
	done(&f, dir);
}

/* Written once, whoever starts it and however often. */
static void
test_plan_is_written_once(void **state)
{
	static const char flow[] = "flow \"f\" { sleep \"10s\" }\n";
	char *dir = state_make();
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), flow);
	f.definitions = 0;
	fix_start_flow(&f, "f");
	assert_int_equal(f.definitions, 1);
	fix_start_flow(&f, "f");
	assert_int_equal(f.definitions, 1);
	again(&f, dir, flow);
	f.definitions = 0;
	fix_start_flow(&f, "f");
	assert_int_equal(f.definitions, 0);
	done(&f, dir);
}

/* Without it nothing can be said of a run but that it is over. */
static void
test_plan_is_lost(void **state)
{
	char *dir = state_make();
	struct noc_now now;
	struct noc_id id;
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), "flow \"f\" { sleep \"10s\" }\n");
	id = fix_start_flow(&f, "f");
	f.dead = true;
	now = f.now;
	life_close(&f);
	state_sql(dir, "DELETE FROM definitions WHERE kind = 'plan'");
	life_open(&f, dir, now, other);
	assert_false(fix_running(&f, &id));
	fix_order(&f, "RUN_END Failed {\"reason\":\"its definition is lost\"}",
		  NULL);
	fix_advance(&f, 20000);
	f.dead = true;
	now = f.now;
	life_close(&f);
	assert_int_equal(
	    state_int(dir, "SELECT count(*) FROM runs WHERE state = 'Failed'"
			   " AND phase = '' AND ended > 0"
			   " AND outcome = 'its definition is lost'"),
	    1);
	/* It is over for good. */
	life_open(&f, dir, now, other);
	assert_int_equal(fix_count(&f, "RUN_END"), 0);
	done(&f, dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_functions_are_found),
		cmocka_unit_test(test_functions_are_gone),
		cmocka_unit_test(test_decided_without_functions),
		cmocka_unit_test(test_asked_and_functions_are_gone),
		cmocka_unit_test(test_blocked_for_a_day),
		cmocka_unit_test(test_which_functions),
		cmocka_unit_test(test_plan_of_before),
		cmocka_unit_test(test_plan_is_written_once),
		cmocka_unit_test(test_plan_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
