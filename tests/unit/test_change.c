/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/life_fixture.h"

#include "engine/lang/ast.h"
#include "engine/edge/action.h"

/*
 * A port that was shut long ago is down, as a forged trap says.  What nobody
 * signed opens it only when the device shows that it changed just now.
 */

#define LOOK                                                    \
	"step \"look\" { snmp.get { a = \"ifAdminStatus.7\" }," \
	" timeout = \"5s\" }, "
#define SET(name, object, value)                                     \
	"step \"" name "\" { snmp.set { [\"" object "\"] = \"" value \
	"\" }, timeout = \"5s\" }, "
#define HEAL(body)                                                        \
	"rule \"heal\" { mode = \"active\", on = \"link.down\", key = "   \
	"\"{link}\", run = flow { " body " on_fail = notify \"noc\" { \"" \
	"{device} {ifname}: {error.message}\" } } }\n"

static const char heal[] = HEAL(LOOK SET("raise", "ifAdminStatus.7", "up"));

static struct noc_id
forged(struct fix *f, const char *kind)
{
	f->now.wall_ns++; /* another event */
	return fix_start_for(f, fix_event(f, kind, "sw1", NOC_TRUST_NORMAL),
			     "heal", NOC_ACTIVE);
}

/* ---- when it changed ---- */

/* What the device says, and what comes of it. */
static void
test_how_old(void **state)
{
	static const struct {
		int64_t changed_ms, waits_ms;
		unsigned sets, old, unsaid;
	} cases[] = {
		{ 0, 0, 1, 0, 0 },
		{ 300000, 0, 1, 0, 0 },
		{ 300010, 0, 0, 1, 0 },
		{ 31 * 86400000LL, 0, 0, 1, 0 },
		/* It may be as old as its event, and 5 min more. */
		{ 304000, 4000, 1, 0, 0 },
		{ 304010, 4000, 0, 1, 0 },
		/* 0: since before its agent started, or it never says it. */
		{ -1, 0, 0, 0, 1 },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct fix f = { .changed_ms = cases[i].changed_ms };
		struct noc_id id;

		fix_open(&f, heal);
		id = forged(&f, "link.down");
		fix_advance(&f, cases[i].waits_ms);
		fix_answer(&f, "snmp.get", "{\"a\":\"down\"}");
		if (f.sets != cases[i].sets)
			fail_msg("case %d", (int)i);
		assert_int_equal(fix_running(&f, &id), cases[i].sets);
		/* An old state is no fault: it is left alone, and told. */
		assert_int_equal(fix_count(&f, "RUN_END Succeeded"),
				 cases[i].old);
		assert_int_equal(fix_said(&f, "port 7 of sw1: it has been "
					      "like that for "),
				 cases[i].old);
		assert_int_equal(fix_said(&f, "notify noc: heal left "
					      "sw1/eth7 alone: a link.down "
					      "that nobody signed"),
				 cases[i].old);
		/* What does not say it may be down: people are asked. */
		assert_int_equal(fix_count(&f, "RUN_END Failed"),
				 cases[i].unsaid);
		assert_int_equal(fix_said(&f, "notify noc: sw1 eth7: the "
					      "event is not authenticated, "
					      "and nothing shows"),
				 cases[i].unsaid);
		fix_close(&f);
	}
}

/* sysUpTime and ifLastChange as they come, in hundredths of a second. */
static void
test_ticks(void **state)
{
	static const struct {
		const char *said;
		unsigned sets;
		const char *why;
	} cases[] = {
		{ "\"noc:sysUpTime\":8640000,\"noc:ifLastChange.7\":8639000", 1,
		  "\"why\":\"it changed 10s before\"" },
		/* The counter began again in between. */
		{ "\"noc:sysUpTime\":50,\"noc:ifLastChange.7\":4294967196", 1,
		  "it changed 1s before" },
		/* Later than now: that is 497 days ago. */
		{ "\"noc:sysUpTime\":8640000,\"noc:ifLastChange.7\":8640100", 0,
		  "like that for 497d" },
		{ "\"noc:sysUpTime\":8640000", 0, "it has no ifLastChange" },
		{ "\"noc:sysUpTime\":8640000,\"noc:ifLastChange.7\":null", 0,
		  "it has no ifLastChange" },
		{ "\"noc:sysUpTime\":8640000,\"noc:ifLastChange.7\":\"1\"", 0,
		  "it has no ifLastChange" },
		{ "\"noc:sysUpTime\":null,\"noc:ifLastChange.7\":8639000", 0,
		  "it has no sysUpTime" },
		{ "\"noc:sysUpTime\":8640000,\"noc:ifLastChange.7\":0", 0,
		  "its ifLastChange is 0" },
		/* A start enters every state anew: a shut port is as fresh. */
		{ "\"noc:sysUpTime\":35000,\"noc:ifLastChange.7\":29999", 0,
		  "its agent had started just before" },
		{ "\"noc:sysUpTime\":35000,\"noc:ifLastChange.7\":30000", 1,
		  "it changed 50s before" },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct fix f = { 0 };
		char *answer =
		    noc_asprintf("{\"a\":\"down\",%s}", cases[i].said);

		fix_open(&f, heal);
		forged(&f, "link.down");
		fix_answer(&f, "snmp.get", answer);
		if (f.sets != cases[i].sets ||
		    fix_count(&f, cases[i].why) == 0) {
			fix_dump(&f);
			fail_msg("%s", cases[i].said);
		}
		free(answer);
		fix_close(&f);
	}
}

/* An agent that is known to be young may say so. */
static void
test_boot_is_an_option(void **state)
{
	struct noc_value *config = noc_value_map();
	struct fix f = { 0 };

	(void)state;
	noc_value_set(config, "agent.boot", noc_value_int(1000));
	f.env.config = config;
	fix_open(&f, heal);
	forged(&f, "link.down");
	fix_answer(&f, "snmp.get",
		   "{\"a\":\"down\",\"noc:sysUpTime\":200,"
		   "\"noc:ifLastChange.7\":99}");
	assert_int_equal(f.sets, 0);
	forged(&f, "link.down");
	fix_answer(&f, "snmp.get",
		   "{\"a\":\"down\",\"noc:sysUpTime\":200,"
		   "\"noc:ifLastChange.7\":100}");
	assert_int_equal(f.sets, 1);
	fix_close(&f);
	noc_value_free(config);
}

/* ---- who is asked for it ---- */

/* What is signed, or ordered by a person, needs no witness; nor does the read
 * ask more than it says. */
static void
test_signed(void **state)
{
	struct fix f = { .changed_ms = 31 * 86400000LL };

	(void)state;
	fix_open(&f, heal);
	fix_start(&f, "heal", NOC_ACTIVE, NOC_TRUST_HIGH);
	assert_int_equal(
	    noc_value_len(noc_ast_opts(fix_call(&f, "snmp.get")->params)), 1);
	fix_answer(&f, "snmp.get", "{\"a\":\"down\"}");
	assert_int_equal(f.sets, 1);
	fix_close(&f);
}

/* Every way to write a port, and what is none. */
static void
test_objects(void **state)
{
	static const struct {
		const char *object, *asks[3];
		bool needs;
	} cases[] = {
		{ "ifAdminStatus.{ifindex}", { "ifLastChange.7" }, true },
		{ "ifAdminStatus[{ifname}]", { "ifLastChange[eth7]" }, true },
		{ "IF-MIB::ifAdminStatus.7", { "ifLastChange.7" }, true },
		{ "1.3.6.1.2.1.2.2.1.7.9", { "ifLastChange.9" }, true },
		{ ".1.3.6.1.2.1.2.2.1.7.9", { "ifLastChange.9" }, true },
		{ "ifAlias.9", { "ifLastChange.9" }, true },
		{ "a[b::ifAdminStatus.9", { "ifLastChange.9" }, true },
		/* Of a vendor's table it is the event's, by all its names. */
		{ "1.3.6.1.4.1.9.9.402.1.2.1.1.1.7",
		  { "ifLastChange.7", "ifLastChange[eth7]" },
		  true },
	};

	(void)state;
	for (size_t i = 0; i < 2 * NOC_COUNT(cases); i++) {
		bool old = i % 2;
		struct fix f = { .changed_ms = old ? 86400000 : 0 };
		char *rules = noc_asprintf(HEAL(LOOK SET("raise", "%s", "up")),
					   cases[i / 2].object);
		const struct noc_value *opts;

		fix_open(&f, rules);
		forged(&f, "link.down");
		opts = noc_ast_opts(fix_call(&f, "snmp.get")->params);
		for (size_t k = 0; k < 3 && cases[i / 2].asks[k]; k++) {
			bool asked = false;

			for (size_t j = 0; j < noc_value_len(opts); j++)
				asked |=
				    noc_value_is_str(opts->u.map.at[j].value,
						     cases[i / 2].asks[k]);
			if (!asked)
				fail_msg("%s: %s", cases[i / 2].object,
					 cases[i / 2].asks[k]);
		}
		/* That it is up anyway is no witness that it changed. */
		for (size_t j = 0; j < noc_value_len(opts); j++)
			assert_null(
			    strstr(opts->u.map.at[j].key, "ifAdminStatus"));
		fix_answer(&f, "snmp.get", "{\"a\":\"down\"}");
		if (f.sets != !old)
			fail_msg("%s", cases[i / 2].object);
		free(rules);
		fix_close(&f);
	}
}

/* Another end is another device: it has to show its own change. */
static void
test_far_end(void **state)
{
	static const char far[] = HEAL(
	    LOOK "step \"far\" { target = \"sw2\", snmp.get { b ="
		 " \"ifAdminStatus[eth8]\" }, timeout = \"5s\" }, "
		 "step \"raise\" { target = \"sw2\", snmp.set {"
		 " [\"ifAdminStatus[eth8]\"] = \"up\" }, timeout = \"5s\" },");

	(void)state;
	for (int old = 0; old < 2; old++) {
		struct fix f = { 0 };

		fix_open(&f, far);
		forged(&f, "link.down");
		assert_int_equal(noc_value_len(noc_ast_opts(
				     fix_call(&f, "snmp.get")->params)),
				 1);
		fix_answer(&f, "snmp.get", "{\"a\":\"up\"}");
		f.changed_ms = old ? 86400000 : 0;
		fix_answer(&f, "snmp.get", "{\"b\":\"down\"}");
		assert_int_equal(f.sets, !old);
		/* Its own is down: people are told. */
		assert_int_equal(fix_said(&f, "notify noc: sw1 eth7: the "
					      "event is not authenticated, "
					      "and nothing shows that it "
					      "changed: port eth8 of sw2: it "
					      "has been like that for 1d"),
				 old);
		fix_close(&f);
	}
}

/* What no column shows is done after a read, as ever; but no shut port is
 * opened by it. */
static void
test_other_kinds(void **state)
{
	static const struct {
		const char *value, *answer;
		unsigned sets;
	} cases[] = {
		{ "down", "\"noc:ifAdminStatus.7\":\"up\"", 1 },
		{ "2", "\"noc:ifAdminStatus.7\":\"up\"", 1 },
		{ "up", "\"noc:ifAdminStatus.7\":\"up\"", 1 },
		{ "up", "\"noc:ifAdminStatus.7\":1", 1 },
		{ "up", "\"noc:ifAdminStatus.7\":\"down\"", 0 },
		{ "1", "\"noc:ifAdminStatus.7\":2", 0 },
		{ "testing", "\"noc:ifAdminStatus.7\":null", 0 },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct fix f = { .changed_ms = 86400000 };
		char *rules = noc_asprintf(
		    HEAL(LOOK SET("raise", "ifAdminStatus.7", "%s")),
		    cases[i].value);
		char *answer =
		    noc_asprintf("{\"a\":\"x\",%s}", cases[i].answer);
		const struct noc_value *opts;

		fix_open(&f, rules);
		forged(&f, "mac.flood");
		opts = noc_ast_opts(fix_call(&f, "snmp.get")->params);
		assert_int_equal(
		    noc_value_is_str(noc_value_get(opts, "noc:ifAdminStatus.7"),
				     "ifAdminStatus.7"),
		    i >= 2);
		fix_answer(&f, "snmp.get", answer);
		if (f.sets != cases[i].sets)
			fail_msg("%s: %s", cases[i].value, cases[i].answer);
		free(answer);
		free(rules);
		fix_close(&f);
	}
}

/* Off and on again: what it shut itself it may open. */
static void
test_bounce(void **state)
{
	struct fix f = { .changed_ms = 86400000 };

	(void)state;
	fix_open(&f, HEAL(LOOK SET("off", "ifAdminStatus.7", "down")
			      SET("on", "ifAdminStatus.7", "up")));
	forged(&f, "mac.flood");
	fix_answer(&f, "snmp.get",
		   "{\"a\":\"up\",\"noc:ifAdminStatus.7\":\"up\"}");
	fix_answer(&f, "snmp.set", "{}");
	assert_int_equal(f.sets, 2);
	fix_close(&f);
}

/* ---- what it leaves behind ---- */

/* A rule sees what it asked for; the record shows the rest. */
static void
test_hidden_and_recorded(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, HEAL(LOOK "log \"{steps.look}\", " SET(
			 "raise", "ifAdminStatus.7", "up")));
	forged(&f, "link.down");
	fix_answer(&f, "snmp.get", "{\"a\":\"down\"}");
	assert_int_equal(f.sets, 1);
	assert_int_equal(fix_said(&f, "{\"a\":\"down\"}"), 1);
	assert_int_equal(fix_said(&f, "noc:"), 0);
	fix_order(&f, "STEP_DONE look sw1 snmp.get ok", "STEP_START raise",
		  NULL);
	assert_int_equal(fix_count(&f, "\"changed\":{\".7\":{\"says\":"
				       "\"shown\""),
			 1);
	fix_close(&f);
}

/* None of the objects it names: that sysUpTime answered is no answer. */
static void
test_answers_besides(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, heal);
	forged(&f, "link.down");
	fix_answer(&f, "snmp.get", "{}");
	assert_int_equal(f.sets, 0);
	assert_int_equal(fix_count(&f, "STEP_DONE look sw1 snmp.get failed: "
				       "permanent"),
			 1);
	assert_int_equal(
	    fix_said(&f, "notify noc: sw1 eth7: sw1 has none of these objects"),
	    1);
	fix_close(&f);
}

/* The first answer stands: a later one may see what the run did itself. */
static void
test_first_answer_stands(void **state)
{
	struct fix f = { .changed_ms = 86400000 };

	(void)state;
	fix_open(&f,
		 HEAL(LOOK "step \"again\" { snmp.get { a ="
			   " \"ifAdminStatus.7\" }, timeout = \"5s\" }, " SET(
			       "raise", "ifAdminStatus.7", "up")));
	forged(&f, "link.down");
	fix_answer(&f, "snmp.get", "{\"a\":\"down\"}");
	f.changed_ms = 0;
	fix_answer(&f, "snmp.get", "{\"a\":\"down\"}");
	assert_int_equal(f.sets, 0);
	fix_close(&f);
}

/* A port that is not known when the device is asked was not asked. */
static void
test_known_too_late(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f,
		 HEAL(LOOK SET("raise", "ifAdminStatus.{steps.look.a}", "up")));
	forged(&f, "link.down");
	fix_answer(&f, "snmp.get", "{\"a\":9}");
	assert_int_equal(f.sets, 0);
	assert_int_equal(fix_said(&f, "Failed: raise (guard): the event is not "
				      "authenticated, and nothing shows that "
				      "it changed: port 9 of sw1: no snmp.get "
				      "of it asked"),
			 1);
	fix_close(&f);
}

/* Killed after the read: what was shown is known, what was not is not. */
static void
test_over_a_restart(void **state)
{
	static const char later[] =
	    HEAL(LOOK "sleep \"10s\", " SET("raise", "ifAdminStatus.7", "up"));

	(void)state;
	for (int old = 0; old < 2; old++) {
		char *dir = state_make();
		struct fix f;

		life_open(&f, dir, noc_clock_read(), later);
		f.changed_ms = old ? 86400000 : 0;
		forged(&f, "link.down");
		fix_answer(&f, "snmp.get", "{\"a\":\"down\"}");
		life_dies(&f, dir, later);
		fix_advance(&f, 10000);
		assert_int_equal(f.sets, !old);
		life_done(&f, dir);
	}
}

/* A hundred forgeries about one port are one notice, and a count. */
static void
test_told_once(void **state)
{
	struct fix f = { .changed_ms = 86400000 };
	struct noc_value *stats;

	(void)state;
	fix_open(&f, heal);
	for (int i = 0; i < 4; i++) {
		forged(&f, "link.down");
		fix_answer(&f, "snmp.get", "{\"a\":\"down\"}");
	}
	assert_int_equal(f.sets, 0);
	assert_int_equal(fix_said(&f, "notify noc"), 1);
	fix_advance(&f, 301000);
	assert_int_equal(fix_said(&f, "notify noc: 3 more in 5 min: heal"), 1);
	stats = noc_core_stats(f.core);
	assert_int_equal(
	    noc_value_get_int(noc_value_get(stats, "runs"), "unshown", 0), 4);
	noc_value_free(stats);
	fix_close(&f);
}

/* One that observes says what it would have been held back by. */
static void
test_observes(void **state)
{
	struct fix f = { .changed_ms = 86400000 };

	(void)state;
	fix_open(&f, heal);
	fix_start(&f, "heal", NOC_OBSERVE, NOC_TRUST_NORMAL);
	fix_answer(&f, "snmp.get", "{\"a\":\"down\"}");
	assert_int_equal(fix_said(&f, "would have"), 0);
	assert_int_equal(fix_said(&f, "it has been like that for 1d"), 1);
	fix_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_how_old),
		cmocka_unit_test(test_ticks),
		cmocka_unit_test(test_boot_is_an_option),
		cmocka_unit_test(test_signed),
		cmocka_unit_test(test_objects),
		cmocka_unit_test(test_far_end),
		cmocka_unit_test(test_other_kinds),
		cmocka_unit_test(test_bounce),
		cmocka_unit_test(test_hidden_and_recorded),
		cmocka_unit_test(test_answers_besides),
		cmocka_unit_test(test_first_answer_stands),
		cmocka_unit_test(test_known_too_late),
		cmocka_unit_test(test_over_a_restart),
		cmocka_unit_test(test_told_once),
		cmocka_unit_test(test_observes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
