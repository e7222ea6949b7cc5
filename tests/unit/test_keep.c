/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/life_fixture.h"

/* guard = { keep_one_up = ... }: the last port of a group is not taken down. */

#define DARK(group, steps)                                        \
	"rule \"r\" { mode = \"active\", on = \"optic.low\","     \
	" key = \"{link}\", guard = { keep_one_up = " group " }," \
	" run = flow { " steps " } }\n"
#define SHUT(value)                                                          \
	"step \"set\" { snmp.set { [\"ifAdminStatus[{ifname}]\"] = \"" value \
	"\" }, timeout = \"5s\" }"

static const char two[] = DARK("{ \"Gi1/0/1\", \"Gi1/0/2\" }", SHUT("down"));

struct group_case {
	const char *ifname;	 /* of the event; NULL: it names none */
	const char *one, *other; /* answers to the two reads */
	unsigned sets;
};

static void
dark(struct fix *f, const char *device, const char *ifname)
{
	cor_tell(f, &(struct tell){ .kind = "optic.low",
				    .device = device,
				    .ifname = ifname });
}

static void
group(const char *rules, const struct group_case *c, const char *device)
{
	struct fix f = { 0 };

	fix_open(&f, rules);
	dark(&f, device, c->ifname);
	fix_answer(&f, "snmp.get", c->one);
	fix_answer(&f, "snmp.get", c->other);
	if (f.sets != c->sets)
		fail_msg("%s: %u sets, not %u", c->ifname ? c->ifname : "-",
			 f.sets, c->sets);
	if (!c->sets) {
		assert_int_equal(fix_count(&f, "RUN_END Failed"), 1);
		assert_int_equal(fix_said(&f, "notify noc: r "), 1);
		assert_int_equal(fix_said(&f, "no other port of the group"), 2);
	}
	fix_close(&f);
}

#define UP   "{\"oper\":\"up\"}"
#define DOWN "{\"oper\":\"down\"}"

static void
test_last_one_stays(void **state)
{
	static const struct group_case cases[] = {
		{ "Gi1/0/1", UP, UP, 1 },
		{ "Gi1/0/1", UP, DOWN, 0 }, /* it is the last */
		{ "GigabitEthernet1/0/1", UP, DOWN, 0 },
		{ "Gi1/0/2", UP, DOWN, 1 },   /* it is down already */
		{ "Gi1/0/2", DOWN, UP, 0 },   /* the last, the other one */
		{ "Gi1/0/1", DOWN, DOWN, 0 }, /* none at all */
		{ "Gi1/0/1", UP, "{}", 0 },   /* not told: not up */
		{ "Gi1/0/1", "{}", "{}", 0 },
		{ "Gi1/0/1", UP, "{\"oper\":7}", 0 },
		{ NULL, UP, UP, 0 }, /* which would it be? */
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++)
		group(two, &cases[i], "sw1");
}

static void
test_over_devices(void **state)
{
	static const char rules[] =
	    DARK("{ sw1 = \"Po1\", sw2 = \"Po1\" }", SHUT("down"));
	static const struct group_case cases[] = {
		{ "Po1", UP, DOWN, 0 }, /* of sw1: the last */
		{ "Po1", UP, UP, 1 },
		{ "Po1", DOWN, UP, 1 },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++)
		group(rules, &cases[i], "sw1");
	/* The same answers mean the other thing for the other one. */
	group(rules, &(struct group_case){ "Po1", DOWN, UP, 0 }, "sw2");
}

/* However the group and the inventory write the event's device. */
static void
test_names_of_devices(void **state)
{
	static const char *const groups[] = {
		"{ SW1 = \"Po1\", sw2 = \"Po1\" }",
		"{ [\"sw1.example.net\"] = \"Po1\", sw2 = \"Po1\" }",
	};
	static const char *const names[] = { "sw1", "Sw1.example.net" };

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(groups); i++)
		for (size_t j = 0; j < NOC_COUNT(names); j++) {
			char *rules =
			    noc_asprintf(DARK("%s", SHUT("down")), groups[i]);

			group(rules, &(struct group_case){ "Po1", UP, DOWN, 0 },
			      names[j]);
			group(rules, &(struct group_case){ "Po1", UP, UP, 1 },
			      names[j]);
			free(rules);
		}
}

/* Kept waiting by the kill switch: the other port may be gone since. */
static void
test_too_old(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, two);
	dark(&f, "sw1", "Gi1/0/1");
	fix_answer(&f, "snmp.get", UP);
	assert_int_equal(
	    fix_command(&f, "{\"verb\":\"kill.on\",\"why\":\"x\"}", NULL), 0);
	fix_answer(&f, "snmp.get", UP);
	fix_advance(&f, 3600 * 1000);
	assert_int_equal(
	    fix_command(&f, "{\"verb\":\"kill.off\",\"why\":\"x\"}", NULL), 0);
	fix_advance(&f, 10 * 1000);
	assert_int_equal(f.sets, 0);
	assert_int_equal(fix_count(&f, "RUN_END Failed"), 1);
	assert_int_equal(
	    fix_said(&f, "notify noc: r sw1: set (guard): keep_one_up"), 1);
	fix_close(&f);
}

/* What was read holds for 30 s, here while the intent waits for the disk. */
static void
test_holds_for_30_seconds(void **state)
{
	static const struct {
		int64_t ms;
		unsigned sets;
	} cases[] = { { 0, 1 }, { 30000, 1 }, { 30001, 0 }, { 60000, 0 } };

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct fix f = { 0 };

		fix_open(&f, two);
		dark(&f, "sw1", "Gi1/0/1");
		fix_answer(&f, "snmp.get", UP);
		fix_hold(&f, "snmp.get", UP);
		fix_advance(&f, cases[i].ms);
		f.hold_durable = false;
		fix_pump(&f);
		assert_int_equal(f.sets, cases[i].sets);
		assert_int_equal(fix_count(&f, "RUN_END Failed"),
				 !cases[i].sets);
		fix_close(&f);
	}
}

/* The other port is tried again and again: the first answer grows old. */
static void
test_counts_from_the_first_read(void **state)
{
	static const struct {
		int64_t ms;
		unsigned sets;
	} cases[] = { { 30000, 1 }, { 30001, 0 }, { 120000, 0 } };

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct fix f = { 0 };

		fix_open(&f, two);
		dark(&f, "sw1", "Gi1/0/1");
		fix_answer(&f, "snmp.get", UP);
		fix_refuse(&f, "snmp.get", "transient", cases[i].ms);
		fix_advance(&f, cases[i].ms);
		fix_answer(&f, "snmp.get", UP);
		assert_int_equal(f.sets, cases[i].sets);
		assert_int_equal(
		    fix_said(&f, "r sw1: set (guard): keep_one_up"),
		    !cases[i].sets);
		fix_close(&f);
	}
}

/* The wall clock is set back meanwhile: what is old stays old. */
static void
test_clock_is_set_back(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, two);
	dark(&f, "sw1", "Gi1/0/1");
	fix_answer(&f, "snmp.get", UP);
	fix_hold(&f, "snmp.get", UP);
	fix_advance(&f, 31000);
	f.now.wall_ns -= 3600 * NOC_NS_PER_S;
	noc_core_now(f.core, f.now);
	f.hold_durable = false;
	fix_pump(&f);
	assert_int_equal(f.sets, 0);
	assert_int_equal(fix_count(&f, "RUN_END Failed"), 1);
	fix_close(&f);
}

/* Each step that may take it down stands on reads of its own. */
static void
test_each_step_has_its_own(void **state)
{
	static const char twice[] =
	    DARK("{ \"Gi1/0/1\", \"Gi1/0/2\" }",
		 SHUT("down") ", step \"again\" { snmp.set { "
			      "[\"ifAdminStatus[{ifname}]\"] = \"down\" }, "
			      "timeout = \"5s\" }");
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, twice);
	dark(&f, "sw1", "Gi1/0/1");
	fix_answer(&f, "snmp.get", UP);
	fix_answer(&f, "snmp.get", UP);
	fix_answer(&f, "snmp.set", "{}");
	fix_advance(&f, 4000);
	fix_answer(&f, "snmp.get", UP);
	fix_refuse(&f, "snmp.get", "transient", 29000);
	fix_advance(&f, 29000);
	fix_answer(&f, "snmp.get", UP);
	fix_answer(&f, "snmp.set", "{}");
	assert_int_equal(f.sets, 2);
	assert_int_equal(fix_count(&f, "RUN_END Succeeded"), 1);
	fix_close(&f);
}

/* Another process read it: when, is not known. */
static void
test_restart_between_the_reads(void **state)
{
	char *dir = state_make();
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), two);
	dark(&f, "sw1", "Gi1/0/1");
	fix_answer(&f, "snmp.get", UP);
	life_again(&f, dir, two);
	fix_advance(&f, 1);
	fix_answer(&f, "snmp.get", UP);
	assert_int_equal(f.sets, 0);
	assert_int_equal(
	    fix_said(&f, "notify noc: r sw1: set (guard): keep_one_up"), 1);
	noc_writer_close(f.writer, 5000);
	fix_close(&f);
	state_remove(dir);
}

static void
test_read_fails(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, two);
	dark(&f, "sw1", "Gi1/0/1");
	fix_answer(&f, "snmp.get", UP);
	fix_refuse(&f, "snmp.get", "permanent", 0);
	fix_advance(&f, 60000);
	assert_int_equal(f.sets, 0);
	assert_int_equal(fix_count(&f, "RUN_END Failed"), 1);
	fix_close(&f);
}

/* A raise needs no reads; nor does a step that its `when` leaves out. */
static void
test_not_asked(void **state)
{
	static const char *const rules[] = {
		DARK("{ \"a\", \"b\" }", SHUT("up")),
		DARK(
		    "{ \"a\", \"b\" }",
		    "step \"x\" { snmp.set { a = \"down\" }, timeout = \"5s\", "
		    "when = { severity = at_least \"emerg\" } }, " SHUT("up")),
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(rules); i++) {
		struct fix f = { 0 };

		fix_open(&f, rules[i]);
		dark(&f, "sw1", "a");
		fix_answer(&f, "snmp.set", "{}");
		assert_int_equal(f.sets, 1);
		assert_int_equal(fix_count(&f, "RUN_END Succeeded"), 1);
		fix_close(&f);
	}
}

static void
refused(const char *group, const char *run)
{
	char *text = noc_asprintf(
	    "flow \"shut\" { " SHUT(
		"down") " }\n"
			"rule \"r\" { on = \"link.up\", guard = { keep_one_up = %s },"
			" run = %s }",
	    group, run);
	struct noc_ruleset *rs = NULL;
	struct noc_err err;
	char *errors = NULL;

	assert_int_equal(
	    noc_ruleset_load_text("t.lua", text, &rs, &errors, &err),
	    NOC_ECONFIG);
	assert_non_null(strstr(errors, "keep_one_up"));
	free(errors);
	free(text);
}

static void
test_refused_at_load(void **state)
{
	static const char *const groups[] = {
		"{ \"a\" }",
		"{}",
		"\"a\"",
		"{ sw1 = \"a\" }",
		"{ \"a\", \"{ifname}\" }",
		"{ [\"{far.device}\"] = \"a\", sw2 = \"a\" }",
		"{ \"1\", \"2\", \"3\", \"4\", \"5\", \"6\", \"7\", \"8\", \"9\","
		" \"10\", \"11\", \"12\", \"13\", \"14\", \"15\", \"16\", \"17\" }",
	};

	static const char *const runs[] = {
		"start \"shut\"",
		"flow { start \"shut\" }",
		"flow { step \"s\" { snmp.set { a = \"down\" },"
		" timeout = \"5s\", target = \"{far.device}\" } }",
		"flow { step \"s\" { snmp.set { [\"ifAdminStatus[Gi1/0/2]\"] ="
		" \"down\" }, timeout = \"5s\" } }",
		"flow { step \"s\" { snmp.set { [\"ifAdminStatus.7\"] ="
		" \"down\" }, timeout = \"5s\" } }",
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(groups); i++)
		refused(groups[i], "flow { " SHUT("down") " }");
	/* Which port goes down is not known. */
	for (size_t i = 0; i < NOC_COUNT(runs); i++)
		refused("{ \"a\", \"b\" }", runs[i]);
}

/* ---- rate ---- */

static void
test_rate(void **state)
{
	struct fix f = { 0 };
	char name[16];

	(void)state;
	fix_open(
	    &f,
	    "rule \"r\" { mode = \"active\", on = \"optic.low\","
	    " key = \"{link}\", guard = { targets = \"100/1m\", mass = \"100/1m\" },"
	    " run = flow { " SHUT("up") " } }");
	for (int i = 0; i < 13; i++) {
		snprintf(name, sizeof(name), "sw%d", i);
		dark(&f, name, "a");
		fix_advance(&f, 4000);
	}
	assert_int_equal(cor_count(&f, "r")->fired, 10);
	assert_int_equal(cor_count(&f, "r")->guarded, 3);
	assert_int_equal(
	    fix_said(&f, "notify noc: r held back: rate: acted 10 times"), 1);
	fix_advance(&f, 60000);
	dark(&f, "sw99", "a");
	assert_int_equal(cor_count(&f, "r")->fired, 11);
	cor_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_last_one_stays),
		cmocka_unit_test(test_over_devices),
		cmocka_unit_test(test_names_of_devices),
		cmocka_unit_test(test_too_old),
		cmocka_unit_test(test_holds_for_30_seconds),
		cmocka_unit_test(test_counts_from_the_first_read),
		cmocka_unit_test(test_clock_is_set_back),
		cmocka_unit_test(test_each_step_has_its_own),
		cmocka_unit_test(test_restart_between_the_reads),
		cmocka_unit_test(test_read_fails),
		cmocka_unit_test(test_not_asked),
		cmocka_unit_test(test_refused_at_load),
		cmocka_unit_test(test_rate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
