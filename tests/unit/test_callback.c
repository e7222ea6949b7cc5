/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/life_fixture.h"

#include "engine/edge/action.h"
#include "engine/expr/url.h"

/* A URL that is told the end of a run: once, again and again for a day, and
 * over a restart. */

#define HOUR_MS (3600 * 1000LL)

static const char rules[] =
    "flow \"tell\" { output = { said = \"hello\" }, sleep \"1m\" }\n"
    "flow \"page\" { dedup = \"x\", on_running = \"join\", sleep \"1m\" }\n";

#define START(flow, url)                                             \
	"{\"verb\":\"run.start\",\"actor\":\"joe\",\"flow\":\"" flow \
	"\",\"callback_url\":\"" url "\"}"

static struct noc_value *
deliveries(struct fix *f)
{
	struct noc_value *list = NULL;

	assert_int_equal(fix_command(f, "{\"verb\":\"delivery.list\"}", &list),
			 0);
	return list;
}

/* Of the only one; in buf. */
static const char *
state_of(struct fix *f, int64_t *attempts)
{
	static char buf[32];
	struct noc_value *list = deliveries(f);

	assert_int_equal(noc_value_len(list), 1);
	*attempts = noc_value_get_int(noc_value_at(list, 0), "attempts", -1);
	snprintf(buf, sizeof(buf), "%s",
		 noc_value_get_str(noc_value_at(list, 0), "state", ""));
	noc_value_free(list);
	return buf;
}

static void
refuse(struct fix *f, const char *class, const char *code)
{
	struct noc_call_error e;

	noc_call_error_set(&e, class, "http", code, "it said %s", code);
	fix_refuse_as(f, "http.post", &e);
}

static void
test_told_at_the_end(void **state)
{
	struct fix f = { 0 };
	const struct noc_value *opts, *data;
	int64_t n;

	(void)state;
	fix_open(&f, rules);
	assert_int_equal(
	    fix_command(&f, START("tell", "https://x.example/cb?a=1"), NULL),
	    0);
	assert_int_equal(f.started, 0);
	fix_advance(&f, 60 * 1000);
	opts = noc_value_get(fix_call(&f, "http.post")->params, "opts");
	assert_string_equal(noc_value_get_str(opts, "url", ""),
			    "https://x.example/cb?a=1");
	/* It goes where the configuration says that such a URL may. */
	assert_true(noc_value_get_bool(opts, NOC_URL_CHOSEN, false));
	data = noc_value_get(noc_value_get(opts, "json"), "data");
	assert_string_equal(noc_value_get_str(data, "state", ""), "Succeeded");
	assert_string_equal(
	    noc_value_get_str(noc_value_get(data, "output"), "said", ""),
	    "hello");
	assert_string_equal(state_of(&f, &n), "calling");
	/* The run does not wait for it. */
	assert_int_equal(fix_runs(&f), 0);
	fix_answer(&f, "http.post", "{}");
	assert_string_equal(state_of(&f, &n), "delivered");
	assert_int_equal(n, 1);
	fix_order(&f, "RUN_END", "STEP_START notify:callback",
		  "STEP_DONE notify:callback callback http.post ok", NULL);
	fix_advance(&f, 48 * HOUR_MS);
	assert_int_equal(f.started, 1);
	fix_close(&f);
}

static void
test_tried_for_a_day(void **state)
{
	struct fix f = { 0 };
	char token[sizeof(f.calls[0]->token)];
	int64_t n, tries = 0;
	struct noc_now begun;

	(void)state;
	fix_open(&f, rules);
	fix_command(&f, START("tell", "http://x.example/"), NULL);
	fix_advance(&f, 60 * 1000);
	begun = f.now;
	snprintf(token, sizeof(token), "%s", fix_call(&f, "http.post")->token);
	while (f.ncalls) {
		/* The same message, whatever it said. */
		assert_string_equal(fix_call(&f, "http.post")->token, token);
		tries++;
		refuse(&f, tries % 2 ? "permanent" : "transient",
		       tries % 2 ? "404" : "500");
		for (int i = 0; i < 61 && !f.ncalls; i++)
			fix_advance(&f, 60 * 1000);
	}
	assert_true(tries > 24);
	assert_true(f.now.boot_ns - begun.boot_ns <=
		    25 * HOUR_MS * NOC_NS_PER_MS);
	assert_true(f.now.boot_ns - begun.boot_ns >
		    22 * HOUR_MS * NOC_NS_PER_MS);
	assert_string_equal(state_of(&f, &n), "dead");
	assert_int_equal(n, tries);
	assert_int_equal(fix_said(&f, "could not tell http://x.example/ how"),
			 1);
	fix_close(&f);
}

static void
test_it_wants_no_more(void **state)
{
	static const char *const codes[][2] = { { "permanent", "410" },
						{ "permanent", "302" },
						{ "permanent", "denied" } };

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(codes); i++) {
		struct fix f = { 0 };
		int64_t n;

		fix_open(&f, rules);
		fix_command(&f, START("tell", "http://x.example/"), NULL);
		fix_advance(&f, 60 * 1000);
		refuse(&f, codes[i][0], codes[i][1]);
		assert_string_equal(state_of(&f, &n), "dead");
		fix_advance(&f, 24 * HOUR_MS);
		assert_int_equal(f.started, 1);
		fix_close(&f);
	}
}

static void
test_what_may_be_named(void **state)
{
	static const char *const wrong[] = {
		START("tell", "ftp://x.example/"),
		START("tell", "file:///etc/passwd"),
		START("tell", "http://"),
		START("tell", "http:///x"),
		START("tell", "https://joe:pw@x.example/"),
		START("tell", "http://x.example/a b"),
		START("tell", "http://x.example/\\u00e9"),
		START("tell", ""),
		"{\"verb\":\"run.start\",\"actor\":\"joe\",\"flow\":\"tell\","
		"\"callback_secret\":\"s\"}",
		"{\"verb\":\"run.start\",\"actor\":\"joe\",\"flow\":\"tell\","
		"\"callback_url\":\"http://x.example/\","
		"\"callback_secret\":\"nowhere\"}",
	};
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, rules);
	for (size_t i = 0; i < NOC_COUNT(wrong); i++)
		if (fix_command(&f, wrong[i], NULL) != NOC_EINPUT)
			fail_msg("%s is taken", wrong[i]);
	assert_int_equal(fix_count(&f, "RUN_START"), 0);
	fix_close(&f);
}

/* Who is joined to a run that is there is told its end, too; 16 of them. */
static void
test_who_joins_is_told(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, rules);
	for (int i = 0; i < 16; i++)
		assert_int_equal(
		    fix_command(&f, START("page", "http://x.example/"), NULL),
		    0);
	assert_int_equal(
	    fix_command(&f, START("page", "http://x.example/"), NULL),
	    NOC_ERESOURCE);
	assert_int_equal(fix_count(&f, "RUN_START"), 1);
	fix_advance(&f, 60 * 1000);
	assert_int_equal(fix_count(&f, "STEP_START notify:callback"), 16);
	fix_close(&f);
}

static void
test_over_a_restart(void **state)
{
	char *dir = state_make();
	struct fix f;
	int64_t n;

	(void)state;
	life_open(&f, dir, (struct noc_now){ 0 }, rules);
	fix_command(&f, START("tell", "http://x.example/"), NULL);
	life_written(&f);
	life_close(&f);
	/* The run is told of by who finds it. */
	life_open(&f, dir, f.now, rules);
	fix_advance(&f, 60 * 1000);
	refuse(&f, "transient", "500");
	life_lose_rows(&f, dir);
	life_close(&f);
	life_open(&f, dir, f.now, rules);
	assert_string_equal(state_of(&f, &n), "waiting");
	assert_int_equal(n, 1);
	fix_advance(&f, 5000);
	fix_answer(&f, "http.post", "{}");
	assert_string_equal(state_of(&f, &n), "delivered");
	assert_int_equal(n, 2);
	life_lose_rows(&f, dir);
	life_close(&f);
	life_open(&f, dir, f.now, rules);
	assert_string_equal(state_of(&f, &n), "delivered");
	fix_advance(&f, HOUR_MS);
	assert_int_equal(f.started, 0);
	life_close(&f);
	state_remove(dir);
}

static void
test_the_last_thousand_are_shown(void **state)
{
	struct fix f = { .quiet = true };
	struct noc_value *list;

	(void)state;
	fix_open(&f, rules);
	for (int i = 0; i < 1001; i++) {
		fix_command(&f, START("tell", "http://x.example/"), NULL);
		fix_advance(&f, 60 * 1000);
		fix_answer(&f, "http.post", "{}");
	}
	list = deliveries(&f);
	assert_int_equal(noc_value_len(list), 1000);
	noc_value_free(list);
	fix_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_told_at_the_end),
		cmocka_unit_test(test_tried_for_a_day),
		cmocka_unit_test(test_it_wants_no_more),
		cmocka_unit_test(test_what_may_be_named),
		cmocka_unit_test(test_who_joins_is_told),
		cmocka_unit_test(test_over_a_restart),
		cmocka_unit_test(test_the_last_thousand_are_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
