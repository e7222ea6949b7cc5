/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/life_fixture.h"

/* The kill switch, also of rows that nobody can read any more. */

#define HEAL                                                     \
	"rule \"heal\" { mode = \"active\", on = \"link.down\"," \
	" key = \"{link}\", run = flow { step \"raise\" {"       \
	" snmp.set { [\"ifAdminStatus.1\"] = \"up\" },"          \
	" timeout = \"5s\" } } }\n"

static void
add(struct fix *f, const char *kind, const char *device)
{
	char *json = noc_asprintf("{\"verb\":\"%s.add\",\"match\":{\"device\":"
				  "\"%s\"},\"for_ms\":60000,\"why\":\"w\"}",
				  kind, device);

	assert_int_equal(fix_command(f, json, NULL), 0);
	free(json);
}

static void
assert_answer(struct fix *f, const char *json, const char *want)
{
	struct noc_value *answer;
	char *got;

	assert_int_equal(fix_command(f, json, &answer), 0);
	got = noc_json_string(answer, NOC_JSON_CANONICAL);
	assert_string_equal(got, want);
	free(got);
	noc_value_free(answer);
}

static void
assert_status(struct fix *f, const char *want)
{
	assert_answer(f, "{\"verb\":\"kill.status\"}", want);
}

/* JSON, but none of ours: it freezes nothing by itself, the kill switch holds,
 * and the row stays, so that the next start says it again. */
static void
test_rows_that_are_none(void **state)
{
	static const char *const rows[] = { "{}", "{\"match\":7}", "[]" };

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(rows); i++) {
		char *dir = state_make(), *sql;
		struct fix f;

		life_open(&f, dir, noc_clock_read(), HEAL);
		add(&f, "freeze", "sw1");
		fix_command(&f, "{\"verb\":\"kill.on\",\"why\":\"w\"}", NULL);
		life_close(&f);
		sql = noc_asprintf("UPDATE live SET data = '%s'", rows[i]);
		state_sql(dir, sql);
		free(sql);
		life_open(&f, dir, noc_clock_read(), HEAL);
		assert_answer(&f, "{\"verb\":\"freeze.list\"}", "[]");
		cor_port(&f, "link.down", "sw1", "eth1");
		fix_advance(&f, 1000);
		assert_int_equal(f.sets, 0);
		fix_command(&f, "{\"verb\":\"kill.off\",\"why\":\"w\"}", NULL);
		fix_advance(&f, 5000);
		assert_int_equal(f.sets, 1);
		life_close(&f);
		assert_int_equal(
		    state_int(dir, "SELECT count(*) FROM live WHERE kind IN "
				   "('freeze', 'kill')"),
		    1);
		life_open(&f, dir, noc_clock_read(), HEAL);
		assert_status(&f, "{\"killed\":true,\"why\":\"the row of "
				  "freeze f1 cannot be read\"}");
		life_close(&f);
		state_remove(dir);
	}
}

/* What people said no to and nobody can read stops all that acts. */
static void
test_rows_that_are_damaged(void **state)
{
	static const struct {
		const char *kind, *status;
	} cases[] = {
		{ "silence", "{\"killed\":false}" },
		{ "freeze", "{\"killed\":true,\"why\":\"the row of freeze f2 "
			    "cannot be read\"}" },
		{ "kill", "{\"killed\":true,\"why\":\"the row of kill switch "
			  "cannot be read\"}" },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		char *dir = state_make(), *sql;
		struct fix f;

		life_open(&f, dir, noc_clock_read(), HEAL);
		add(&f, "silence", "sw9");
		add(&f, "freeze", "sw9");
		fix_command(&f, "{\"verb\":\"kill.on\",\"why\":\"w\"}", NULL);
		if (i < 2)
			fix_command(&f, "{\"verb\":\"kill.off\",\"why\":\"w\"}",
				    NULL);
		life_close(&f);
		sql = noc_asprintf("UPDATE live SET data = '{oops' WHERE kind"
				   " = '%s'",
				   cases[i].kind);
		state_sql(dir, sql);
		free(sql);
		life_open(&f, dir, noc_clock_read(), HEAL);
		assert_status(&f, cases[i].status);
		cor_port(&f, "link.down", "sw1", "eth1");
		assert_int_equal(f.sets, i == 0);
		life_close(&f);
		state_remove(dir);
	}
}

static void
test_kill_switch(void **state)
{
	static const char off[] = "{\"killed\":false}";
	char *dir = state_make();
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), HEAL);
	assert_status(&f, off);
	fix_command(&f, "{\"verb\":\"kill.on\",\"why\":\"a fire\"}", NULL);
	assert_int_equal(
	    fix_said(&f, "kill switch ON, no mutating step starts: a fire"), 1);
	fix_command(&f, "{\"verb\":\"kill.on\",\"why\":\"a flood\"}", NULL);
	for (int i = 0; i < 3; i++) {
		struct noc_value *stats = noc_core_stats(f.core);

		assert_status(&f, "{\"killed\":true,\"why\":\"a flood\"}");
		assert_true(noc_value_get_bool(stats, "killed", false));
		noc_value_free(stats);
		if (i < 2)
			life_again(&f, dir, HEAL);
	}
	cor_port(&f, "link.down", "sw1", "eth1");
	fix_advance(&f, 3600 * 1000);
	assert_int_equal(f.sets, 0);
	fix_command(&f, "{\"verb\":\"kill.off\",\"why\":\"it is dry\"}", NULL);
	assert_int_equal(fix_said(&f, "kill switch off: it is dry"), 1);
	fix_advance(&f, 5000);
	assert_int_equal(f.sets, 1);
	life_again(&f, dir, HEAL);
	assert_status(&f, off);
	life_close(&f);
	state_remove(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kill_switch),
		cmocka_unit_test(test_rows_that_are_none),
		cmocka_unit_test(test_rows_that_are_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
