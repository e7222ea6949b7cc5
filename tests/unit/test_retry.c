/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/run_fixture.h"

#include "base/mem.h"
#include "engine/run/run_private.h"

/* When a step is tried again, and how often at most. */

static const char rules[] =
    "flow \"read\" { step \"look\" { snmp.get { a = \"sysName.0\" },"
    " timeout = \"5s\" } }\n"
    "flow \"often\" { step \"look\" { snmp.get { a = \"sysName.0\" },"
    " timeout = \"5s\", retry = { attempts = 40, initial = \"1s\","
    " max = \"1s\", jitter = false } },"
    " step \"again\" { snmp.get { a = \"sysName.0\" },"
    " timeout = \"5s\", retry = { attempts = 40, initial = \"1s\","
    " max = \"1s\", jitter = false } } }\n"
    "flow \"many\" { step \"ask\" { http.get { url = \"http://a/\" },"
    " timeout = \"5s\", retry = { attempts = 100, initial = \"1s\","
    " max = \"1s\", jitter = false } } }\n";

/* Whoever says "come back in a day" is asked again after an hour. */
static void
test_retry_after_ends_at_an_hour(void **state)
{
	static const struct {
		int64_t said_ms, waits_ms;
	} cases[] = {
		{ 3600 * 1000, 3600 * 1000 },
		{ 3600 * 1000 + 1, 3600 * 1000 },
		{ 24 * 3600 * 1000LL, 3600 * 1000 },
		{ INT64_MAX, 3600 * 1000 },
		{ 1800 * 1000, 1800 * 1000 },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct fix f = { 0 };

		fix_open(&f, rules);
		fix_start_flow(&f, "read");
		fix_refuse(&f, "snmp.get", "transient", cases[i].said_ms);
		fix_advance(&f, cases[i].waits_ms - 1);
		assert_int_equal(f.started, 1);
		fix_advance(&f, 1);
		assert_int_equal(f.started, 2);
		fix_close(&f);
	}
}

/* Or the breakers would stop it long before. */
static void
no_breaker(struct fix *f, const char *action, const char *target)
{
	char *json = noc_asprintf("{\"verb\":\"breaker.disable\",\"action\":"
				  "\"%s\",\"target\":\"%s\",\"for_ms\":"
				  "3600000,\"why\":\"w\"}",
				  action, target);

	assert_int_equal(fix_command(f, json, NULL), 0);
	free(json);
}

/* However many each step may take, a run takes so many all together. */
static void
fifty(const char *class)
{
	struct fix f = { 0 };
	struct noc_id id;

	fix_open(&f, rules);
	no_breaker(&f, "snmp", "*");
	no_breaker(&f, "snmp", "sw1");
	id = fix_start_flow(&f, "often");
	for (int i = 0; i < 39; i++) {
		fix_refuse(&f, "snmp.get", class, 0);
		fix_advance(&f, 1000);
	}
	fix_answer(&f, "snmp.get", "{\"a\":\"x\"}"); /* the 40th attempt */
	for (int i = 0; i < 11; i++) {
		fix_refuse(&f, "snmp.get", class, 0);
		fix_advance(&f, 1000);
	}
	assert_true(fix_running(&f, &id));
	assert_int_equal(f.started, 2 + 50);
	fix_refuse(&f, "snmp.get", class, 0);
	assert_false(fix_running(&f, &id));
	assert_int_equal(fix_count(&f, "RUN_END Failed"), 1);
	fix_close(&f);
}

static void
test_a_run_has_fifty_retries(void **state)
{
	(void)state;
	fifty("transient");
	fifty("in_doubt");
}

/* One of many items must not use up what the others need. */
static void
test_three_retries_an_item(void **state)
{
	struct fix f = { 0 };
	struct noc_id id;

	(void)state;
	fix_open(&f, rules);
	no_breaker(&f, "http", "*");
	no_breaker(&f, "http", "a");
	id = fix_start_flow(&f, "many");
	noc_run_find(f.core, &id)->items = 20;
	for (int i = 0; i < 60; i++) {
		fix_refuse(&f, "http.get", "transient", 0);
		fix_advance(&f, 1000);
	}
	assert_true(fix_running(&f, &id));
	assert_int_equal(f.started, 1 + 60);
	fix_refuse(&f, "http.get", "transient", 0);
	assert_false(fix_running(&f, &id));
	fix_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_retry_after_ends_at_an_hour),
		cmocka_unit_test(test_a_run_has_fifty_retries),
		cmocka_unit_test(test_three_retries_an_item),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
