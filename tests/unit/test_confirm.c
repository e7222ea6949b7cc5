/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/life_fixture.h"

#include "engine/run/runner.h"

/*
 * Anybody can send a datagram: a change that one asks for needs a read of its
 * target in the same run, and those reads take turns.
 */

#define LOOK                                                    \
	"step \"look\" { snmp.get { a = \"ifAdminStatus.7\" }," \
	" timeout = \"5s\" }, "
#define RAISE                                                            \
	"step \"raise\" { snmp.set { [\"ifAdminStatus.7\"] = "           \
	"\"up\" }, timeout = \"5s\", retry = { attempts = 2, initial = " \
	"\"1s\", jitter = false } }"

/* Opens nothing, and no port is said to have changed: test_change.c. */
#define NOTE                                                    \
	"step \"note\" { snmp.set { [\"ifAlias.7\"] = \"x\" }," \
	" timeout = \"5s\" }"

/* What was read of it counts, also before a restart; nothing else does. */
static void
test_confirmed_by_a_read(void **state)
{
	static const struct {
		const char *step, *action, *answer;
		unsigned sets;
	} cases[] = {
		{ "snmp.get { a = \"ifAdminStatus.1\" }", "snmp.get",
		  "{\"a\":\"down\"}", 1 },
		{ "snmp.get { a = \"ifAdminStatus.1\" }", "snmp.get",
		  "{\"a\":null}", 0 },
		{ "snmp.walk { a = \"ifAdminStatus\" }", "snmp.walk",
		  "{\"a\":{\"1\":\"down\"}}", 1 },
		{ "snmp.walk { a = \"ifAdminStatus\" }", "snmp.walk",
		  "{\"a\":{}}", 0 },
		{ "snmp.walk { a = \"ifAdminStatus\", b = \"ifOperStatus\" }",
		  "snmp.walk", "{\"a\":{},\"b\":{\"1\":\"up\"}}", 1 },
		{ "exec { \"look\", mutates = false }", "exec", "{\"exit\":0}",
		  1 },
		{ "exec { \"look\", mutates = false }", "exec", "{}", 0 },
		/* A service is not the device. */
		{ "http.get { url = \"http://cmdb.example/\" }", "http.get",
		  "{\"status\":200}", 0 },
		/* Nor is one that was told or changed asked. */
		{ "mail { to = \"a@b.example\" }", "mail", "{\"status\":250}",
		  0 },
	};

	(void)state;
	for (size_t i = 0; i < 2 * NOC_COUNT(cases); i++) {
		bool restart = i % 2;
		char *dir = state_make(), *rules;
		struct fix f;

		rules = noc_asprintf("rule \"r\" { mode = \"active\","
				     " on = \"mac.flood\", run = flow {"
				     " step \"look\" { %s, timeout = \"5s\" },"
				     " sleep \"10s\", " NOTE " } }\n",
				     cases[i / 2].step);
		life_open(&f, dir, noc_clock_read(), rules);
		fix_start_for(
		    &f, fix_event(&f, "mac.flood", "sw1", NOC_TRUST_NORMAL),
		    "r", NOC_ACTIVE);
		fix_answer(&f, cases[i / 2].action, cases[i / 2].answer);
		if (restart) {
			f.dead = true;
			life_again(&f, dir, rules);
		}
		fix_advance(&f, 10000);
		if (f.sets != cases[i / 2].sets)
			fail_msg("%s: %s", cases[i / 2].step,
				 cases[i / 2].answer);
		assert_int_equal(fix_said(&f, "not confirmed by a read of "
					      "sw1 in this run"),
				 !f.sets);
		f.dead = true;
		life_close(&f);
		free(rules);
		state_remove(dir);
	}
}

/* A read that failed tells nothing, nor one of another device. */
static void
test_not_confirmed_by_a_refusal(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, "rule \"r\" { mode = \"active\", on = \"link.down\","
		     " run = flow { verify \"v\" { snmp.get { a ="
		     " \"ifAdminStatus.1\" }, expect = { a = \"up\" },"
		     " every = \"1s\", within = \"10s\" }, " RAISE " } }\n");
	fix_start(&f, "r", NOC_ACTIVE, NOC_TRUST_NORMAL);
	fix_refuse(&f, "snmp.get", "transient", 0);
	fix_advance(&f, 1000);
	fix_answer(&f, "snmp.get", "{\"a\":\"up\"}");
	assert_int_equal(f.sets, 1); /* by the second read */
	fix_close(&f);
}

/* Who is sure is not asked for a read: a person, a signed event. */
static void
test_web_services_are_no_devices(void **state)
{
	static const struct {
		const char *step;
		unsigned started;
	} cases[] = {
		{ "http.post { url = \"http://itsm.example/\" }", 1 },
		{ "http.post { url = \"http://itsm.example/\" },"
		  " target = \"sw1\"",
		  0 },
		{ "exec { \"change\" }", 0 },
	};

	(void)state;
	for (size_t i = 0; i < 2 * NOC_COUNT(cases); i++) {
		bool sure = i % 2;
		struct fix f = { 0 };
		char *rules =
		    noc_asprintf("rule \"r\" { mode = \"active\","
				 " on = \"link.down\", run = flow { step"
				 " \"s\" { %s, timeout = \"5s\" } } }\n",
				 cases[i / 2].step);

		fix_open(&f, rules);
		fix_start(&f, "r", NOC_ACTIVE,
			  sure ? NOC_TRUST_HIGH : NOC_TRUST_NORMAL);
		assert_int_equal(f.started, sure ? 1 : cases[i / 2].started);
		fix_close(&f);
		free(rules);
	}
}

/* ---- its turn to read ---- */

#define TURNS                                                           \
	"rule \"acts\" { mode = \"active\", on = \"link.down\", run = " \
	"flow { " LOOK "step \"more\" { snmp.get { b ="                 \
	" \"ifOperStatus.7\" }, timeout = \"5s\" }, " RAISE " } }\n"    \
	"rule \"reads\" { on = \"link.down\", run = flow { " LOOK       \
	"log \"x\" } }\n"

/* Only for what anybody may have caused, and only when it ends in a change. */
static void
test_turns_are_for_the_unknown(void **state)
{
	static const struct {
		const char *rule;
		enum noc_trust trust;
		unsigned started;
	} cases[] = {
		{ "acts", NOC_TRUST_NORMAL, 4 },
		{ "acts", NOC_TRUST_HIGH, 6 },
		{ "reads", NOC_TRUST_NORMAL, 6 },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct noc_value *config = noc_value_map();
		struct fix f = { .env.config = config };

		/* Not for a slot, either. */
		noc_value_set(config, "limits.snmp", noc_value_int(16));
		fix_open(&f, TURNS);
		for (int n = 0; n < 6; n++) {
			f.now.wall_ns++;
			fix_start(&f, cases[i].rule, NOC_ACTIVE,
				  cases[i].trust);
		}
		assert_int_equal(f.started, cases[i].started);
		fix_close(&f);
		noc_value_free(config);
	}
}

/* Who has read may read on. */
static void
test_one_turn_a_run(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, TURNS);
	for (int n = 0; n < 5; n++) {
		f.now.wall_ns++;
		fix_start(&f, "acts", NOC_ACTIVE, NOC_TRUST_NORMAL);
	}
	assert_int_equal(f.started, 4);
	for (int n = 0; n < 4; n++)
		fix_answer(&f, "snmp.get", "{\"a\":\"down\"}");
	assert_int_equal(f.started, 8); /* each at its second read */
	fix_advance(&f, 9999);
	assert_int_equal(fix_count(&f, "STEP_START look"), 4);
	fix_advance(&f, 1);
	assert_int_equal(fix_count(&f, "STEP_START look"), 5);
	fix_close(&f);
}

static int64_t
turn(struct fix *f, const char *target)
{
	int64_t ns;

	noc_core_begin(f->core, f->now);
	ns = noc_run_read_turn(f->core, target);
	noc_core_end(f->core);
	fix_pump(f);
	return ns;
}

/* However many targets there are: who waits is not forgotten. */
static void
test_turns_of_many_targets(void **state)
{
	struct fix f = { 0 };
	char name[16];

	(void)state;
	fix_open(&f, TURNS);
	for (int i = 0; i < 20000; i++) {
		snprintf(name, sizeof(name), "sw%d", i);
		for (int n = 0; n < 4; n++)
			assert_int_equal(turn(&f, name), 0);
	}
	assert_int_equal(turn(&f, "another"), 0);
	assert_int_equal(turn(&f, "sw0"), 10 * NOC_NS_PER_S);
	assert_int_equal(turn(&f, "sw19999"), 10 * NOC_NS_PER_S);
	fix_advance(&f, 60 * 1000);
	assert_int_equal(turn(&f, "one more"), 0);
	for (int n = 0; n < 4; n++)
		assert_int_equal(turn(&f, "sw1"), 0);
	assert_int_equal(turn(&f, "sw1"), 10 * NOC_NS_PER_S);
	fix_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_confirmed_by_a_read),
		cmocka_unit_test(test_not_confirmed_by_a_refusal),
		cmocka_unit_test(test_web_services_are_no_devices),
		cmocka_unit_test(test_turns_are_for_the_unknown),
		cmocka_unit_test(test_one_turn_a_run),
		cmocka_unit_test(test_turns_of_many_targets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
