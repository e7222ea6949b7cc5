/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/life_fixture.h"

#include "base/crypto.h"
#include "base/hex.h"
#include "base/mem.h"
#include "engine/flow/plan.h"
#include "engine/run/runner.h"

/* Whether a run can go on after a restart: its plan and its functions. */

/* Killed, and what sql takes from its file is not there any more. */
static void
again_without(struct fix *f, char *dir, const char *sql, const char *rules)
{
	struct noc_now now = f->now;

	f->dead = true;
	life_close(f);
	state_sql(dir, sql);
	now.wall_ns += 100 * NOC_NS_PER_MS;
	now.boot_ns = 7 * NOC_NS_PER_S;
	life_open(f, dir, now, rules);
}

/* Nor are the sources of the rules of before stored, as of a tree that is too
 * large, or in a file that was put aside. */
static void
again_lost(struct fix *f, char *dir, const char *rules)
{
	again_without(f, dir, "DELETE FROM definitions WHERE kind = 'tree'",
		      rules);
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

/* Wherever in the rules it stands, they have its functions, and the plan too
 * when it is not in the file any more. */
static void
test_functions_are_found(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++) {
		char *dir = state_make();
		struct noc_id id;
		struct fix f;

		life_open(&f, dir, noc_clock_read(), calls);
		id = start_plan(&f, plan_of(&f, i / 2));
		if (i % 2)
			again_without(&f, dir, "DELETE FROM definitions",
				      calls);
		else
			life_dies(&f, dir, calls);
		fix_advance(&f, 10000);
		if (fix_running(&f, &id) || fix_said(&f, ": called") != 1)
			fail_msg("plan %d was not found", i / 2);
		life_done(&f, dir);
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
		again_lost(&f, dir, other);
		assert_true(fix_running(&f, &id));
		assert_int_equal(
		    fix_said(&f, "is blocked: its functions are not in the "
				 "rules any more. `nocturne run signal` it "
				 "done or fail, or load them"),
		    1);
		fix_advance(&f, 5000);
		again_lost(&f, dir, other);
		assert_int_equal(fix_said(&f, "is blocked"), 0);
		fix_rules(&f, other);
		assert_int_equal(fix_signal(&f, &id, "retry"), NOC_ECONFLICT);
		assert_int_equal(fix_signal(&f, &id, "ack"), NOC_ECONFLICT);
		assert_true(fix_running(&f, &id));
		f.runs = 0;
		if (reload)
			fix_rules(&f, calls);
		else
			life_dies(&f, dir, calls);
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
		life_done(&f, dir);
	}
}

/* What a person may still say: it is done, or it is not to be. */
static void
test_decided_without_functions(void **state)
{
	static const struct {
		const char *signal, *says;
	} cases[] = {
		{ "fail", "Failed: sleep_1 (nocturne): fail: joe" },
		{ "done",
		  "Failed: told (rule): The functions of this flow are not in "
		  "the rules any more." },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		char *dir = state_make();
		struct noc_id id;
		struct fix f;

		life_open(&f, dir, noc_clock_read(), calls);
		id = start_plan(&f, plan_of(&f, 0));
		again_lost(&f, dir, other);
		assert_int_equal(fix_signal(&f, &id, cases[i].signal), 0);
		assert_false(fix_running(&f, &id));
		assert_int_equal(fix_said(&f, cases[i].says), 1);
		life_done(&f, dir);
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
	again_lost(&f, dir, other);
	assert_int_equal(fix_said(&f, "is blocked"), 1);
	fix_rules(&f, asks);
	fix_advance(&f, 3600 * 1000);
	assert_int_equal(f.started, 0);
	assert_int_equal(fix_signal(&f, &id, "done"), 0);
	assert_int_equal(fix_said(&f, ": called"), 1);
	assert_false(fix_running(&f, &id));
	life_done(&f, dir);
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
	again_lost(&f, dir, other);
	fix_advance(&f, 24 * 3600 * 1000 - 1);
	assert_true(fix_running(&f, &id));
	fix_advance(&f, 1);
	assert_false(fix_running(&f, &id));
	assert_int_equal(fix_said(&f, "fail: nobody in time"), 1);
	life_done(&f, dir);
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
		again_lost(&f, dir, other);
		assert_int_equal(fix_said(&f, "is blocked"), cases[i].blocked);
		fix_advance(&f, 10000);
		assert_int_equal(f.started, !cases[i].blocked);
		free(rules);
		life_done(&f, dir);
	}
}

/* ---- whose functions ---- */

#define TOLD(text, function)                                      \
	"flow \"f\" { sleep \"10s\", step \"told\" { log \"" text \
	"\", when = function(run) return " function " end } }\n"

/* Whatever becomes of the rules, a run calls the functions that were in force
 * when it was started. */
static void
test_functions_of_before(void **state)
{
	static const char *const now[] = {
		"-- a comment\n" TOLD("called", "true"),
		"flow \"o\" { log \"o\" }\n" TOLD("called", "true"),
		"rule \"o\" { on = \"a.b\", when = function(ev) return false"
		" end, run = log \"o\" }\n" TOLD("called", "true"),
		TOLD("called", "false"),
		TOLD("called", "error(\"no\")"),
		TOLD("not this one", "true"),
		"flow \"o\" { log \"o\" }\n",
	};

	(void)state;
	for (size_t i = 0; i < 3 * NOC_COUNT(now); i++) {
		const char *then = now[i / 3];
		char *dir = state_make();
		struct noc_id id;
		struct fix f;

		life_open(&f, dir, noc_clock_read(), TOLD("called", "true"));
		id = fix_start_flow(&f, "f");
		if (i % 3 == 0)
			fix_rules(&f, then);
		else
			life_dies(&f, dir, then);
		if (i % 3 == 2) /* and as it was, and again */
			fix_rules(&f, TOLD("called", "true"));
		if (i % 3 == 2)
			fix_rules(&f, then);
		fix_advance(&f, 10000);
		if (fix_running(&f, &id) || fix_said(&f, "called") != 1)
			fail_msg("not after %s", then);
		assert_int_equal(fix_said(&f, "not this one"), 0);
		life_done(&f, dir);
	}
}

/* What calls a function is told by file and line of its own tree. */
static void
test_line_of_before(void **state)
{
	char *dir = state_make();
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), TOLD("x", "error(\"no\")"));
	fix_start_flow(&f, "f");
	life_dies(&f, dir, "\n\n\n" TOLD("x", "error(\"no\")"));
	fix_advance(&f, 10000);
	assert_int_equal(
	    fix_said(&f,
		     "Failed: told (rule): function f/2/when: no (t.lua:1)"),
	    1);
	life_done(&f, dir);
}

#define TREES 6

/* Of many trees, each run its own; few are kept in memory. */
static void
test_many_trees(void **state)
{
	char *dir = state_make(), *trees[TREES], text[32];
	struct noc_runs *runs;
	struct fix f;

	(void)state;
	for (int i = 0; i < TREES; i++)
		trees[i] = noc_asprintf(
		    "local n = %d\nflow \"f\" { input = { device = \"string\" },"
		    " sleep \"10s\", verify \"v\" { exec { \"look\" },"
		    " expect = function(run) return run.a == \"n\" .. n end,"
		    " within = \"1m\" }, log \"of its tree\" }\n",
		    i);
	life_open(&f, dir, noc_clock_read(), trees[0]);
	fix_start_flow(&f, "f");
	for (int i = 1; i < TREES; i++) {
		fix_rules(&f, trees[i]);
		fix_start_flow(&f, "f");
	}
	life_dies(&f, dir, "flow \"o\" { log \"o\" }\n");
	runs = noc_runs_of(f.core);
	assert_int_equal(runs->ncode, 3);
	fix_advance(&f, 10000);
	for (int i = 0; i < TREES; i++) {
		snprintf(text, sizeof(text), "{\"a\":\"n%d\"}", i);
		fix_answer(&f, "exec", text);
		assert_int_equal(fix_said(&f, "of its tree"), i + 1);
		assert_in_range(runs->ncode, 1, 3);
		fix_advance(&f, 1); /* one more may read: four do at once */
	}
	assert_int_equal(fix_runs(&f), 0);
	fix_rules(&f, "flow \"p\" { log \"p\" }\n");
	assert_int_equal(runs->ncode, 0); /* nobody needs them */
	for (int i = 0; i < TREES; i++)
		free(trees[i]);
	life_done(&f, dir);
}

/* What is not on disk, or not yet, is kept however many there are. */
static void
test_trees_that_are_not_stored(void **state)
{
	struct fix f = { 0 };
	char *tree;

	(void)state;
	for (int i = 0; i < TREES; i++) {
		tree =
		    noc_asprintf("local n = %d\nflow \"f\" { sleep \"10s\","
				 " step \"told\" { log \"of its tree\", when ="
				 " function(run) return n == %d end } }\n",
				 i, i);
		if (i == 0)
			fix_open(&f, tree);
		else
			fix_rules(&f, tree);
		free(tree);
		fix_start_flow(&f, "f");
	}
	assert_int_equal(noc_runs_of(f.core)->ncode, TREES);
	fix_rules(&f, "flow \"o\" { log \"o\" }\n");
	fix_advance(&f, 10000);
	assert_int_equal(fix_said(&f, "of its tree"), TREES);
	fix_close(&f);
}

/* What was stored is what is called: no other text under its hash. */
static void
test_altered_tree(void **state)
{
	char *dir = state_make();
	struct noc_now now;
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), TOLD("called", "false"));
	fix_start_flow(&f, "f");
	f.dead = true;
	now = f.now;
	life_close(&f);
	state_sql(dir, "UPDATE definitions SET text = replace(text,"
		       " 'return false', 'return true') WHERE kind = 'tree'");
	life_open(&f, dir, now, other);
	assert_int_equal(fix_said(&f, "is blocked: its functions"), 1);
	fix_advance(&f, 20000);
	assert_int_equal(fix_said(&f, "called"), 0);
	life_done(&f, dir);
}

static int loads;

static void
on_line(enum noc_level level, const char *room, const char *text, void *arg)
{
	(void)level;
	(void)room;
	(void)arg;
	loads += strstr(text, "cannot be loaded") != NULL;
}

static void
tell_fifty(struct fix *f, char where)
{
	for (int i = 0; i < 50; i++) {
		char port[16];

		snprintf(port, sizeof(port), "%c%d", where, i);
		cor_tell(f, &(struct tell){ .kind = "link.up",
					    .device = "sw1",
					    .ifname = port });
	}
}

/* Anybody may send what ends an escalation: rules that cannot be had are not
 * looked for anew for every event and run. */
static void
test_lost_tree_is_not_asked_for_by_events(void **state)
{
	char *dir = state_make();
	struct noc_now now;
	struct noc_id id;
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(),
		  "rule \"r\" { on = \"link.down\", key = \"{device}\", run ="
		  " flow { step \"told\" { log \"called\", when ="
		  " function(run) return true end }, escalate { { \"0m\","
		  " notify \"noc\" }, { \"4h\", notify \"noc\" }, stop_on ="
		  " { \"link.up\" }, max = \"8h\" } } }\n");
	cor_port(&f, "link.down", "sw1", "eth7");
	id = noc_run_last(f.core);
	assert_true(fix_running(&f, &id));
	f.dead = true;
	now = f.now;
	life_close(&f);
	state_sql(dir, "UPDATE definitions SET text = '{}' WHERE kind ="
		       " 'tree'");
	life_open(&f, dir, now, other);
	loads = 0; /* the start has looked for it */
	noc_log_sink_set(on_line, NULL);
	tell_fifty(&f, 'a');
	assert_true(fix_running(&f, &id));
	assert_int_equal(loads, 0);
	fix_advance(&f, 10000);
	tell_fifty(&f, 'b');
	assert_int_equal(loads, 1);
	life_done(&f, dir);
}

static void
test_altered_plan(void **state)
{
	char *dir = state_make();
	struct noc_now now;
	struct noc_id id;
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), TOLD("called", "true"));
	id = fix_start_flow(&f, "f");
	f.dead = true;
	now = f.now;
	life_close(&f);
	state_sql(dir, "UPDATE definitions SET text = replace(text, 'called',"
		       " 'altered') WHERE kind = 'plan'");
	life_open(&f, dir, now, other);
	fix_advance(&f, 20000);
	assert_false(fix_running(&f, &id));
	assert_int_equal(fix_said(&f, "altered"), 0);
	fix_order(&f, "RUN_END Failed {\"reason\":\"its definition is lost\"}",
		  NULL);
	life_done(&f, dir);
}

/* Sources past the limit are not stored, and that is said. */
static void
test_large_tree(void **state)
{
	size_t n = NOC_LUA_STORED_MAX;
	char *dir = state_make(), *large = noc_malloc(n + 400);
	struct noc_id id;
	struct fix f;

	(void)state;
	strcpy(large, TOLD("called", "true") "--");
	memset(large + strlen(large), 'x', n - strlen(large));
	large[n] = '\0';
	for (int i = 0; i < 2; i++) {
		strcpy(large + n, i ? "x" : "");
		life_open(&f, dir, noc_clock_read(), large);
		assert_int_equal(fix_count(&f, "\"stored\":false"), i);
		assert_int_equal(
		    strstr(noc_core_rules(f.core)->warnings, "4 MiB") != NULL,
		    i);
		id = fix_start_flow(&f, "f");
		life_dies(&f, dir, other);
		assert_int_equal(fix_said(&f, "is blocked"), i);
		fix_advance(&f, 10000);
		assert_int_equal(fix_running(&f, &id), i);
		f.dead = true;
		life_close(&f);
	}
	free(large);
	state_remove(dir);
}

/* ---- what the first version left ---- */

/* Its plan said lines, the tree, and the number that a function has there. */
static void
first_version(const char *dir, const uint8_t tree[32], const char *step,
	      const char *json)
{
	char hex[65];
	char *plan = noc_asprintf(
	    "{\"name\":\"f\",\"steps\":[%s,{\"at\":\"t.lua:1\",\"items\":["
	    "{\"at\":\"t.lua:1\",\"name\":\"called\",\"node\":\"log\"}],"
	    "\"name\":\"told\",\"node\":\"step\",\"opts\":{\"when\":{\"fn\":0,"
	    "\"node\":\"function\",\"path\":\"f/2/when\",\"tree\":\"%s\"}}}],"
	    "\"version\":1}",
	    step, noc_hex(hex, tree, 32));
	uint8_t hash[32];
	char *sql;

	noc_sha256_once(plan, strlen(plan), hash);
	noc_hex(hex, hash, 32);
	sql = noc_asprintf("UPDATE definitions SET hash = x'%s', text = '%s'"
			   " WHERE kind = 'plan'",
			   hex, plan);
	state_sql(dir, sql);
	free(sql);
	sql = noc_asprintf("UPDATE runs SET definition = x'%s', json ="
			   " json_remove(%s, '$.tree')",
			   hex, json);
	state_sql(dir, sql);
	free(sql);
	free(plan);
}

#define V1_SLEEP "{\"at\":\"t.lua:1\",\"name\":\"10s\",\"node\":\"sleep\"}"

/* Its tree was stored too: what it called is called still. */
static void
test_functions_of_the_first_version(void **state)
{
	char *dir = state_make();
	struct noc_now now;
	struct noc_id id;
	uint8_t tree[32];
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), TOLD("called", "true"));
	id = fix_start_flow(&f, "f");
	memcpy(tree, noc_core_rules(f.core)->hash, sizeof(tree));
	f.dead = true;
	now = f.now;
	life_close(&f);
	first_version(dir, tree, V1_SLEEP, "json");
	life_open(&f, dir, now, "-- a comment\n" TOLD("called", "false"));
	fix_advance(&f, 9999);
	assert_int_equal(fix_said(&f, "called"), 0);
	fix_advance(&f, 1);
	assert_false(fix_running(&f, &id));
	assert_int_equal(fix_said(&f, "log f: called"), 1);
	life_done(&f, dir);
}

#define V1_EXEC(more)                                                    \
	"{\"at\":\"t.lua:1\",\"items\":[{\"at\":\"t.lua:1\",\"items\":[" \
	"\"x\"],\"node\":\"exec\"}],\"name\":\"job\",\"node\":\"step\"," \
	"\"opts\":{" more "\"timeout\":\"5s\"}}"
#define JOB(more)                                                              \
	"flow \"f\" { step \"job\" { exec { \"x\" }, " more                    \
	"timeout = \"5s\" "                                                    \
	"}, step \"told\" { log \"called\", when = function(run) return true " \
	"end } }\n"

/* Blocked without them, it did not write down what it had waited for: its step
 * says it, and it goes on once they are in force again. */
static void
test_blocked_by_the_first_version(void **state)
{
	static const struct {
		const char *rules, *step, *refuse, *asks;
		unsigned started; /* calls, once it goes on */
		int64_t ms;
	} cases[] = {
		{ TOLD("called", "true"), V1_SLEEP, NULL, NULL, 0, 10000 },
		{ JOB(""), V1_EXEC(""), NULL, "may or may not have", 0, 0 },
		{ JOB(""), V1_EXEC(""), "in_doubt", NULL, 0, 0 },
		{ JOB("on_crash = \"retry\", "),
		  V1_EXEC("\"on_crash\":\"retry\","), NULL, NULL, 1, 60000 },
		{ JOB(""), V1_EXEC(""), "transient", NULL, 1, 60000 },
	};

	(void)state;
	for (size_t i = 0; i < 2 * NOC_COUNT(cases); i++) {
		const char *rules = cases[i / 2].rules;
		bool reload = i % 2;
		char *dir = state_make();
		struct noc_now now;
		struct noc_id id;
		uint8_t tree[32];
		struct fix f;

		life_open(&f, dir, noc_clock_read(), rules);
		id = fix_start_flow(&f, "f");
		if (cases[i / 2].refuse)
			fix_refuse(&f, "exec", cases[i / 2].refuse, 0);
		memcpy(tree, noc_core_rules(f.core)->hash, sizeof(tree));
		f.dead = true;
		now = f.now;
		life_close(&f);
		first_version(dir, tree, cases[i / 2].step,
			      "json_set(json, '$.wait', 'blocked', '$.due',"
			      " started + 86400000000000)");
		state_sql(dir, "UPDATE runs SET phase = 'blocked'");
		state_sql(dir, "DELETE FROM definitions WHERE kind = 'tree'");
		life_open(&f, dir, now, reload ? other : rules);
		if (reload) {
			fix_advance(&f, 100);
			assert_int_equal(f.started, 0);
			assert_int_equal(fix_signal(&f, &id, "retry"),
					 NOC_ECONFLICT);
			fix_rules(&f, rules);
		}
		if (cases[i / 2].asks)
			assert_int_equal(fix_said(&f, cases[i / 2].asks), 1);
		for (int64_t ms = 0; ms < cases[i / 2].ms && !f.started;
		     ms += 1000)
			fix_advance(&f, 1000);
		assert_int_equal(f.started, cases[i / 2].started);
		if (f.started)
			fix_answer(&f, "exec", "{}");
		else if (cases[i / 2].ms == 0)
			assert_int_equal(fix_signal(&f, &id, "done"), 0);
		if (fix_running(&f, &id) || fix_said(&f, "called") != 1) {
			fix_dump(&f);
			fail_msg("case %d, reload %d", (int)i / 2, reload);
		}
		life_done(&f, dir);
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
	life_dies(&f, dir, "flow \"f\" { sleep \"10s\", log \"as now\" }\n");
	fix_advance(&f, 10000);
	assert_false(fix_running(&f, &id));
	assert_int_equal(fix_said(&f, "log f: as before"), 1);
	assert_int_equal(fix_said(&f, "as now"), 0);
	life_done(&f, dir);
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
	life_dies(&f, dir, flow);
	f.definitions = 0;
	fix_start_flow(&f, "f");
	assert_int_equal(f.definitions, 0);
	life_done(&f, dir);
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
	life_done(&f, dir);
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
		cmocka_unit_test(test_functions_of_before),
		cmocka_unit_test(test_line_of_before),
		cmocka_unit_test(test_many_trees),
		cmocka_unit_test(test_trees_that_are_not_stored),
		cmocka_unit_test(test_altered_tree),
		cmocka_unit_test(test_lost_tree_is_not_asked_for_by_events),
		cmocka_unit_test(test_altered_plan),
		cmocka_unit_test(test_large_tree),
		cmocka_unit_test(test_functions_of_the_first_version),
		cmocka_unit_test(test_blocked_by_the_first_version),
		cmocka_unit_test(test_plan_of_before),
		cmocka_unit_test(test_plan_is_written_once),
		cmocka_unit_test(test_plan_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
