/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/breaker_fixture.h"

#include "engine/core/command.h"

/* What people may do with breakers, and what they see of them. */

static const char rules[] =
    "flow \"read\" { step \"look\" { snmp.get { a = \"sysName.0\" }, "
    "timeout = \"5s\" } }\n";

/* The row of this target in `nocturne breaker`; NULL: none.  *all is freed. */
static const struct noc_value *
row(struct fix *f, const char *target, struct noc_value **all)
{
	assert_int_equal(fix_command(f, "{\"verb\":\"breaker.list\"}", all), 0);
	for (size_t i = 0; i < noc_value_len(*all); i++)
		if (noc_value_is_str(
			noc_value_get(noc_value_at(*all, i), "target"), target))
			return noc_value_at(*all, i);
	return NULL;
}

static void
row_says(struct fix *f, const char *target, const char *json)
{
	struct noc_value *all;
	const struct noc_value *v = row(f, target, &all);
	char *text;

	assert_non_null(v);
	text = noc_json_string(v, NOC_JSON_CANONICAL);
	assert_string_equal(text, json);
	free(text);
	noc_value_free(all);
}

static void
test_list(void **state)
{
	struct noc_value *all;
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, rules);
	assert_null(row(&f, "sw1", &all));
	noc_value_free(all);
	brk_result(&f, "sw1", true);
	brk_result(&f, "sw1", false);
	row_says(&f, "sw1",
		 "{\"action\":\"snmp\",\"failed\":1,\"ok\":1,\"opened\":0,"
		 "\"state\":\"CLOSED\",\"target\":\"sw1\",\"why\":\"\"}");
	row_says(&f, "*",
		 "{\"action\":\"snmp\",\"failed\":1,\"ok\":1,\"opened\":0,"
		 "\"state\":\"CLOSED\",\"target\":\"*\",\"why\":\"\"}");
	assert_int_equal(brk_say(&f, "breaker.trip", "sw1", 60000), 0);
	row_says(&f, "sw1",
		 "{\"action\":\"snmp\",\"actor\":\"joe\",\"failed\":1,"
		 "\"ok\":1,\"opened\":0,\"state\":\"FORCED_OPEN\",\"target\":"
		 "\"sw1\",\"until\":\"2023-11-14T22:14:20.000Z\",\"why\":"
		 "\"works\"}");
	/* Over: it is as new, and nobody's any more. */
	fix_advance(&f, 60000);
	brk_result(&f, "sw1", true);
	row_says(&f, "sw1",
		 "{\"action\":\"snmp\",\"failed\":0,\"ok\":1,\"opened\":0,"
		 "\"state\":\"CLOSED\",\"target\":\"sw1\",\"why\":"
		 "\"expired\"}");
	fix_close(&f);
}

/* For an hour when nobody says how long; until then and no longer. */
static void
test_until(void **state)
{
	static const struct {
		const char *verb;
		int64_t for_ms, ms;
	} cases[] = {
		{ "breaker.trip", 0, 3600 * 1000 },
		{ "breaker.trip", 60000, 60000 },
		{ "breaker.disable", 0, 3600 * 1000 },
		{ "breaker.disable", 60000, 60000 },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		bool trip = !strcmp(cases[i].verb, "breaker.trip");
		struct fix f = { 0 };
		uint64_t g;

		fix_open(&f, rules);
		assert_int_equal(
		    brk_say(&f, cases[i].verb, "sw1", cases[i].for_ms), 0);
		fix_advance(&f, cases[i].ms - 1);
		for (int n = 0; n < 3 && !trip; n++)
			brk_result(&f, "sw1", false);
		assert_int_equal(brk_asks(&f, "sw1", &g), !trip);
		assert_int_equal(fix_count(&f, "CLOSED"), 1);
		fix_advance(&f, 1);
		assert_true(brk_asks(&f, "sw1", &g));
		assert_int_equal(fix_count(&f, "BREAKER sw1 snmp CLOSED"), 1);
		fix_close(&f);
	}
}

static void
test_how_long_may_be_said(void **state)
{
	static const struct {
		int64_t ms;
		int kind;
	} cases[] = {
		{ 1, 0 },
		{ 7LL * 24 * 3600 * 1000, 0 },
		{ 7LL * 24 * 3600 * 1000 + 1, NOC_EINPUT },
		{ -1, NOC_EINPUT },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct fix f = { 0 };

		fix_open(&f, rules);
		assert_int_equal(
		    brk_say(&f, "breaker.trip", "sw1", cases[i].ms),
		    cases[i].kind);
		assert_int_equal(fix_count(&f, "BREAKER"), !cases[i].kind);
		fix_close(&f);
	}
}

/* Who did it and why is in the journal, of a reset too. */
static void
test_records(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, rules);
	assert_int_equal(brk_say(&f, "breaker.trip", "sw1", 60000), 0);
	assert_int_equal(brk_say(&f, "breaker.reset", "sw1", 0), 0);
	fix_order(&f,
		  "BREAKER sw1 snmp FORCED_OPEN {\"action\":\"snmp\",\"actor\":"
		  "\"joe\",\"failed\":0,\"ok\":0,\"opened\":0,\"state\":"
		  "\"FORCED_OPEN\",\"target\":\"sw1\",\"until\":"
		  "\"2023-11-14T22:14:20.000Z\",\"was\":\"CLOSED\",\"why\":"
		  "\"works\"} joe",
		  "BREAKER sw1 snmp CLOSED {\"action\":\"snmp\",\"actor\":"
		  "\"joe\",\"failed\":0,\"ok\":0,\"opened\":0,\"state\":"
		  "\"CLOSED\",\"target\":\"sw1\",\"was\":\"FORCED_OPEN\","
		  "\"why\":\"works\"} joe",
		  NULL);
	/* What it does by itself is nobody's. */
	for (int i = 0; i < 3; i++)
		brk_result(&f, "sw1", false);
	assert_int_equal(fix_count(&f, "BREAKER sw1 snmp OPEN {\"action\":"
				       "\"snmp\",\"failed\":3"),
			 1);
	assert_int_equal(fix_count(&f, "joe"), 2 + 2); /* ADMIN, BREAKER */
	fix_close(&f);
}

struct told {
	int kind;
	char message[512];
};

static void
on_told(int kind, const struct noc_value *answer, const char *message,
	void *arg)
{
	struct told *t = arg;

	(void)answer;
	t->kind = kind;
	snprintf(t->message, sizeof(t->message), "%s", message ? message : "");
}

/* A misspelt one would be a breaker that nothing ever asks. */
static void
test_names(void **state)
{
	static const struct {
		const char *verb, *action, *target, *says;
		int kind;
	} cases[] = {
		{ "breaker.trip", "snmp", "sw1", "", 0 },
		{ "breaker.trip", "snmp.set", "sw1", "", 0 },
		{ "breaker.trip", "http", "web:443", "", 0 },
		{ "breaker.trip", "snnp", "sw1",
		  "No action begins with 'snnp'; did you mean 'snmp'?",
		  NOC_EINPUT },
		{ "breaker.trip", "snm", "sw1",
		  "No action begins with 'snm'; did you mean 'snmp'?",
		  NOC_EINPUT },
		{ "breaker.trip", "zzzzzzzz", "sw1",
		  "No action begins with 'zzzzzzzz'.", NOC_EINPUT },
		{ "breaker.reset", "snmp", "sw1",
		  "There is no breaker snmp@sw1; see `nocturne breaker`.",
		  NOC_ENOTFOUND },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct noc_value *v = noc_value_map();
		struct told t = { .kind = 1 };
		struct fix f = { 0 };

		fix_open(&f, rules);
		noc_value_set(v, "verb", noc_value_str(cases[i].verb));
		noc_value_set(v, "action", noc_value_str(cases[i].action));
		noc_value_set(v, "target", noc_value_str(cases[i].target));
		noc_value_set(v, "why", noc_value_str("w"));
		noc_core_command(f.core, v, on_told, &t, f.now);
		fix_pump(&f);
		assert_int_equal(t.kind, cases[i].kind);
		assert_string_equal(t.message, cases[i].says);
		noc_value_free(v);
		fix_close(&f);
	}
}

/* Of `nocturne status`: how many let nothing out, and what they have done. */
static void
test_status(void **state)
{
	struct fix f = { 0 };
	uint64_t g;

	(void)state;
	fix_open(&f, rules);
	brk_result(&f, "sw1", true);
	assert_int_equal(brk_stat(&f, "known"), 2);
	assert_int_equal(brk_stat(&f, "open"), 0);
	assert_int_equal(brk_say(&f, "breaker.disable", "sw2", 0), 0);
	assert_int_equal(brk_stat(&f, "known"), 3);
	assert_int_equal(brk_stat(&f, "open"), 0);
	assert_int_equal(brk_say(&f, "breaker.trip", "sw3", 0), 0);
	assert_int_equal(brk_stat(&f, "open"), 1);
	assert_int_equal(brk_stat(&f, "trips"), 0);
	for (int i = 0; i < 3; i++)
		brk_result(&f, "sw4", false);
	assert_int_equal(brk_stat(&f, "open"), 2);
	assert_int_equal(brk_stat(&f, "trips"), 1);
	assert_int_equal(brk_stat(&f, "refused"), 0);
	assert_false(brk_asks(&f, "sw4", &g));
	assert_int_equal(brk_stat(&f, "refused"), 1);
	fix_advance(&f, 66 * 1000);
	assert_true(brk_asks(&f, "sw4", &g));
	assert_int_equal(brk_stat(&f, "open"), 2); /* one probe is out */
	noc_core_begin(f.core, f.now);
	noc_breaker_result(
	    f.core, "snmp.get", "sw4", g,
	    &(struct noc_breaker_result){ .ok = true, .slow = true });
	noc_core_end(f.core);
	assert_int_equal(brk_stat(&f, "open"), 1);
	assert_int_equal(brk_stat(&f, "slow"), 1);
	fix_pump(&f);
	fix_close(&f);
}

/* ---- whom a breaker stands for ---- */

/* The device; of a web service its host and port, whoever asks for what; of a
 * program the program. */
static void
test_whom_it_stands_for(void **state)
{
	static const struct {
		const char *step, *action, *line;
	} cases[] = {
		{ "snmp.get { a = \"sysName.0\" }", "snmp.get",
		  "BREAKER sw1 snmp OPEN" },
		{ "snmp.get { a = \"sysName.0\" }, target = \"sw2\"",
		  "snmp.get", "BREAKER sw2 snmp OPEN" },
		{ "http.get { url = \"https://joe:pw@web.example:8443/a?b#c\" }",
		  "http.get", "BREAKER web.example:8443 http OPEN" },
		{ "http.get { url = \"http://web.example?q=/@x\" }", "http.get",
		  "BREAKER web.example http OPEN" },
		{ "http.get { url = \"http://web.example#f\" }", "http.get",
		  "BREAKER web.example http OPEN" },
		{ "http.get { url = \"http://web.example/a@b\" }", "http.get",
		  "BREAKER web.example http OPEN" },
		{ "http.get { url = \"web.example/x\" }", "http.get",
		  "BREAKER web.example http OPEN" },
		{ "http.get { url = secret \"pager-url\" }", "http.get",
		  "BREAKER pager-url http OPEN" },
		{ "exec { \"/bin/look\", \"sw1\", mutates = false }", "exec",
		  "BREAKER /bin/look exec OPEN" },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		char *text = noc_asprintf("flow \"f\" { step \"s\" { %s,"
					  " timeout = \"5s\" } }\n",
					  cases[i].step);
		struct fix f = { 0 };

		fix_open(&f, text);
		/* Three in a row of a device, half of five of the others. */
		for (int n = strcmp(cases[i].action, "snmp.get") ? 5 : 3; n;
		     n--) {
			fix_start_flow(&f, "f");
			fix_refuse(&f, cases[i].action,
				   "dependency_unavailable", 0);
		}
		if (fix_count(&f, cases[i].line) != 1) {
			fix_dump(&f);
			fail_msg("not %s", cases[i].line);
		}
		fix_close(&f);
		free(text);
	}
}

/* However long a name is, it is one of at most 255 characters. */
static void
test_long_host(void **state)
{
	static const size_t lens[] = { 255, 256, 300 };

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(lens); i++) {
		char host[301] = "", line[300];
		struct fix f = { 0 };
		char *text;

		memset(host, 'h', lens[i]);
		text = noc_asprintf("flow \"f\" { step \"s\" { http.get { url ="
				    " \"http://%s/\" }, timeout = \"5s\" } }\n",
				    host);
		fix_open(&f, text);
		for (int n = 0; n < 5; n++) {
			fix_start_flow(&f, "f");
			fix_refuse(&f, "http.get", "dependency_unavailable", 0);
		}
		snprintf(line, sizeof(line), "BREAKER %.255s http OPEN", host);
		assert_int_equal(fix_count(&f, line), 1);
		fix_close(&f);
		free(text);
	}
}

static void
test_people(void **state)
{
	struct fix f = { 0 };
	struct noc_value *answer;
	uint64_t g;

	(void)state;
	fix_open(&f, rules);
	assert_int_equal(
	    fix_command(&f,
			"{\"verb\":\"breaker.trip\",\"action\":\"snmp\","
			"\"target\":\"sw1\",\"actor\":\"joe\"}",
			NULL),
	    NOC_EINPUT); /* no reason */
	assert_int_equal(
	    fix_command(&f,
			"{\"verb\":\"breaker.trip\",\"action\":\"snmp.get\","
			"\"target\":\"sw1\",\"for_ms\":60000,"
			"\"why\":\"works\",\"actor\":\"joe\"}",
			NULL),
	    0);
	assert_false(brk_asks(&f, "sw1", &g));
	assert_int_equal(
	    fix_command(&f, "{\"verb\":\"breaker.list\"}", &answer), 0);
	assert_true(noc_value_len(answer) >= 1);
	noc_value_free(answer);
	fix_advance(&f, 61 * 1000); /* it expires by itself */
	assert_true(brk_asks(&f, "sw1", &g));
	for (int i = 0; i < 3; i++)
		brk_result(&f, "sw1", false);
	assert_int_equal(
	    fix_command(&f,
			"{\"verb\":\"breaker.reset\",\"action\":\"snmp\","
			"\"target\":\"sw1\",\"why\":\"mended\","
			"\"actor\":\"joe\"}",
			NULL),
	    0);
	assert_true(brk_asks(&f, "sw1", &g));
	assert_int_equal(
	    fix_command(&f,
			"{\"verb\":\"breaker.reset\",\"action\":\"snmp\","
			"\"target\":\"nosuch\",\"why\":\"x\","
			"\"actor\":\"joe\"}",
			NULL),
	    NOC_ENOTFOUND);
	fix_close(&f);
}

/* Tripped by a person while the probe was out: its answer closes nothing. */
static void
test_tripped_stays_tripped(void **state)
{
	struct fix f = { 0 };
	uint64_t g;

	(void)state;
	fix_open(&f, rules);
	assert_true(brk_asks(&f, "sw1", &g));
	assert_int_equal(brk_say(&f, "breaker.trip", "sw1", 0), 0);
	brk_tells(&f, "sw1", g, true);
	assert_false(brk_asks(&f, "sw1", &g));
	assert_int_equal(fix_count(&f, "CLOSED"), 1); /* what it was */
	fix_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_until),
		cmocka_unit_test(test_how_long_may_be_said),
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_whom_it_stands_for),
		cmocka_unit_test(test_long_host),
		cmocka_unit_test(test_people),
		cmocka_unit_test(test_tripped_stays_tripped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
