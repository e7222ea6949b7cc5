/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/life_fixture.h"

/*
 * What our own run may have caused waits until the device has settled; then
 * it is looked at again.
 */

#define SET "snmp.set { [\"ifAdminStatus.7\"] = \"up\" }, timeout = \"50s\" }"
#define VERIFY                                                               \
	", verify \"v\" { snmp.get { oper = \"ifOperStatus.7\" }, expect = " \
	"{ oper = \"up\" }, within = \"1m\" }"

#define HEAL(guard)                                              \
	"rule \"heal\" { mode = \"active\", on = \"link.down\"," \
	" key = \"{link}\"," guard " run = flow { step \"s\" { " SET " } }\n"

/* Runs that touch their device, and one that only looks at it. */
#define FLOWS                                                                  \
	"flow \"set\" { step \"a\" { " SET " }\n"                              \
	"flow \"fix\" { step \"a\" { " SET VERIFY " }\n"                       \
	"flow \"both\" { step \"a\" { " SET ", step \"b\" { target = \"sw2\"," \
	" " SET VERIFY " }\n"                                                  \
	"flow \"look\" { step \"a\" { snmp.get { x = \"sysName.0\" } } }\n"

static const char rules[] = HEAL("") FLOWS;

static void
start(struct fix *f, const char *flow, const char *device)
{
	char *json = noc_asprintf("{\"verb\":\"run.start\",\"flow\":\"%s\","
				  "\"input\":{\"device\":\"%s\"},"
				  "\"actor\":\"test\"}",
				  flow, device);

	assert_int_equal(fix_command(f, json, NULL), 0);
	free(json);
}

/* A run has touched it, right now. */
static void
touch(struct fix *f, const char *device)
{
	start(f, "set", device);
	fix_answer(f, "snmp.set", "{}");
}

/* Does a fault of it wait? */
static bool
waits(struct fix *f, const char *device)
{
	int64_t held = cor_states(f, "settle");
	unsigned sets = f->sets;

	cor_port(f, "link.down", device, "eth7");
	held = cor_states(f, "settle") - held;
	assert_int_equal(f->sets - sets, !held);
	return held;
}

/* As long as the rule says, to the millisecond; then it acts by itself. */
static void
test_so_long(void **state)
{
	static const struct {
		const char *rules;
		int64_t ms;
	} cases[] = {
		{ HEAL("") FLOWS, 60000 },
		{ HEAL("guard = { settle = \"10s\" },") FLOWS, 10000 },
		{ HEAL("guard = { settle = \"1ms\" },") FLOWS, 1 },
		{ HEAL("guard = { settle = \"10m\" },") FLOWS, 600000 },
	};
	struct fix f = { 0 };

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		memset(&f, 0, sizeof(f));
		fix_open(&f, cases[i].rules);
		touch(&f, "sw1");
		touch(&f, "sw2");
		fix_advance(&f, cases[i].ms - 1);
		assert_true(waits(&f, "sw1"));
		assert_int_equal(cor_count(&f, "heal")->held_now, 1);
		fix_advance(&f, 1);
		assert_int_equal(f.sets, 3);
		assert_int_equal(cor_count(&f, "heal")->held_now, 0);
		assert_false(waits(&f, "sw2"));
		cor_close(&f);
	}
	memset(&f, 0, sizeof(f));
	fix_open(&f, HEAL("guard = { settle = \"0s\" },") FLOWS);
	touch(&f, "sw1");
	assert_false(waits(&f, "sw1"));
	cor_close(&f);
}

/* From when it was last touched: the call goes out, and it ends. */
static void
test_from_when(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, rules);
	start(&f, "set", "sw1");
	fix_advance(&f, 40000);
	assert_true(waits(&f, "sw1")); /* until 60 s */
	fix_answer(&f, "snmp.set", "{}");
	fix_advance(&f, 20000);
	assert_int_equal(f.sets, 2);
	fix_refuse(&f, "snmp.set", "permanent", 0);
	fix_advance(&f, 59999);
	assert_true(waits(&f, "sw1"));
	fix_advance(&f, 1);
	assert_int_equal(f.sets, 3);
	cor_close(&f);
}

/* What was not touched, what was only read, and who changes nothing. */
static void
test_of_nobody_else(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, HEAL("") FLOWS
		 "rule \"tell\" { on = \"link.down\", run = log \"x\" }\n"
		 "rule \"dry\" { mode = \"observe\", on = \"link.down\","
		 " run = flow { step \"s\" { " SET " } }\n");
	touch(&f, "sw1");
	start(&f, "look", "sw2");
	fix_answer(&f, "snmp.get", "{\"x\":\"y\"}");
	start(&f, "set", "sw3");
	cor_port(&f, "link.down", "sw2", "eth7");
	cor_port(&f, "link.down", "", "eth7");
	assert_int_equal(cor_states(&f, "settle"), 0);
	cor_port(&f, "link.down", "sw1", "eth7");
	cor_port(&f, "link.down", "sw3", "eth7"); /* its call is still out */
	assert_int_equal(cor_count(&f, "tell")->fired, 4);
	assert_int_equal(cor_count(&f, "heal")->held_now, 2);
	assert_int_equal(cor_count(&f, "dry")->held_now, 2);
	cor_close(&f);
}

/* A repeat joins what waits, of the same key alone; it is done once. */
static void
test_repeats_join(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, HEAL("guard = { settle = \"10m\" },") FLOWS);
	touch(&f, "sw1");
	cor_port(&f, "link.down", "sw1", "eth7");
	cor_port(&f, "link.down", "sw1", "eth8");
	for (int i = 0; i < 3; i++) {
		fix_advance(&f, 31000); /* past the fold's 30 s */
		cor_port(&f, "link.down", "sw1", "eth7");
	}
	assert_int_equal(cor_states(&f, "settle"), 2);
	assert_int_equal(cor_count(&f, "heal")->held_now, 2);
	assert_int_equal(cor_count(&f, "heal")->counted, 3);
	fix_advance(&f, 600000);
	assert_int_equal(cor_count(&f, "heal")->fired, 2);
	cor_close(&f);
}

/* It is named as the cause of what waits for it, on the screen and for good. */
static void
test_names_the_run(void **state)
{
	struct fix f = { 0 };
	char id[NOC_ID_TEXT], *text;
	struct noc_id run;

	(void)state;
	fix_open(&f, rules);
	run = fix_start_flow(&f, "set");
	fix_answer(&f, "snmp.set", "{}");
	assert_true(waits(&f, "sw1"));
	noc_id_format(id, &run);
	text = noc_asprintf("heal held: run %.18s touched it: settling", id);
	assert_int_equal(fix_said(&f, text), 1);
	free(text);
	text = noc_asprintf("DECISION held {\"reason\":\"run %.18s touched it: "
			    "settling\"}",
			    id);
	fix_order(&f, "\"cause\":\"", text, NULL);
	free(text);
	text = noc_asprintf("\"cause\":\"%s\"", id);
	assert_int_equal(fix_count(&f, text), 1);
	free(text);
	cor_close(&f);
}

/* Verified: what happens to what that run touched is news again. */
static void
test_ends_with_a_verify(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, rules);
	touch(&f, "sw3");
	touch(&f, "sw4");
	start(&f, "both", "sw1");
	fix_answer(&f, "snmp.set", "{}");
	fix_answer(&f, "snmp.set", "{}");
	assert_true(waits(&f, "sw1"));
	cor_port(&f, "link.up", "sw1", "eth7");
	fix_answer(&f, "snmp.get", "{\"oper\":\"up\"}");
	assert_int_equal(fix_count(&f, "RUN_END Succeeded"), 3);
	assert_false(waits(&f, "sw1"));
	assert_false(waits(&f, "sw2"));
	assert_true(waits(&f, "sw3")); /* another run, and not verified */
	/* Touched again meanwhile by another one: that is the last word. */
	start(&f, "fix", "sw5");
	fix_answer(&f, "snmp.set", "{}");
	fix_answer(&f, "snmp.set", "{}");
	fix_answer(&f, "snmp.set", "{}");
	start(&f, "set", "sw5");
	fix_answer(&f, "snmp.get", "{\"oper\":\"up\"}");
	assert_true(waits(&f, "sw5"));
	cor_close(&f);
}

static void
test_does_not_end_without(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, rules);
	start(&f, "fix", "sw1");
	fix_answer(&f, "snmp.set", "{}");
	fix_refuse(&f, "snmp.get", "permanent", 0);
	assert_int_equal(fix_count(&f, "RUN_END Failed"), 1);
	assert_true(waits(&f, "sw1"));
	cor_close(&f);
}

static int64_t
rows(const char *dir)
{
	return state_int(dir, "SELECT count(*) FROM live WHERE kind = 'guard'"
			      " AND key LIKE 'touch%'");
}

/* Killed: who was touched, when and by which run is still known; and it is
 * forgotten when the longest settle time is over. */
static void
test_restart(void **state)
{
	char *dir = state_make();
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), rules);
	touch(&f, "sw1");
	touch(&f, "sw2");
	start(&f, "fix", "sw3");
	fix_answer(&f, "snmp.set", "{}");
	life_again(&f, dir, rules);
	life_again(&f, dir, rules);
	fix_advance(&f, 59600);
	assert_true(waits(&f, "sw1"));
	assert_int_equal(fix_said(&f, "touched it: settling"), 1);
	life_again(&f, dir, rules);
	assert_int_equal(cor_states(&f, "settle"), 1);
	assert_int_equal(cor_count(&f, "heal")->held_now, 1);
	fix_advance(&f, 99);
	assert_int_equal(f.sets, 0);
	fix_advance(&f, 1);
	assert_int_equal(f.sets, 1);
	assert_false(waits(&f, "sw2"));
	life_close(&f);
	state_remove(dir);
}

static void
test_rows(void **state)
{
	char *dir = state_make();
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), rules);
	touch(&f, "sw1");
	start(&f, "fix", "sw2");
	fix_answer(&f, "snmp.set", "{}");
	life_again(&f, dir, rules);
	assert_int_equal(rows(dir), 2);
	/* The run goes on, and has verified it. */
	fix_answer(&f, "snmp.get", "{\"oper\":\"up\"}");
	fix_advance(&f, 599800);
	life_again(&f, dir, rules);
	assert_int_equal(rows(dir), 1);
	fix_advance(&f, 100);
	life_again(&f, dir, rules);
	assert_int_equal(rows(dir), 0);
	life_close(&f);
	state_remove(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_so_long),
		cmocka_unit_test(test_from_when),
		cmocka_unit_test(test_of_nobody_else),
		cmocka_unit_test(test_repeats_join),
		cmocka_unit_test(test_names_the_run),
		cmocka_unit_test(test_ends_with_a_verify),
		cmocka_unit_test(test_does_not_end_without),
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
