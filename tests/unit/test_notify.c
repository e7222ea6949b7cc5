/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/run_fixture.h"

#include "base/mem.h"

/* Notices: limit and digest, retries, fallback, observe, tests by hand. */

static const char rules[] =
    "channel \"noc\" { mail { to = \"noc@example.net\", subject = \"{text}\" },"
    " limit = \"2/1m\" }\n"
    "channel \"oncall\" { http.post { url = secret \"pager\", json = { "
    "summary = \"{text}\", run = \"{run.id}\" } }, fallback = \"noc\" }\n"
    "flow \"tell\" { notify \"noc\" { \"about {input.device}\" } }\n"
    "flow \"page\" { notify \"oncall\" { \"wake up\" } }\n"
    "flow \"bare\" { notify \"plain\" }\n"
    "channel \"plain\" { mail { to = \"x@example.net\" } }\n"
    "rule \"seen\" { on = \"link.down\", mode = \"observe\", run = flow {\n"
    " step \"raise\" { snmp.set { [\"ifAdminStatus.{ifindex}\"] = \"up\" },"
    " timeout = \"5s\" }, notify \"plain\" { \"{device} raised\" } } }\n";

static const char *
subject(struct fix *f)
{
	return noc_value_get_str(
	    noc_value_get(fix_call(f, "mail")->params, "opts"), "subject", "?");
}

static void
test_sent(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, rules);
	fix_start_flow(&f, "tell");
	assert_string_equal(subject(&f), "about sw1");
	fix_answer(&f, "mail", "{}");
	fix_order(&f, "STEP_START notify:noc noc mail",
		  "STEP_DONE notify:noc noc mail ok", NULL);
	fix_advance(&f, 3600 * 1000);
	assert_int_equal(f.started, 1);
	fix_close(&f);
}

/* Two a minute; what is over comes as one, and then counts itself. */
static void
test_digest(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, rules);
	for (int i = 0; i < 14; i++)
		fix_start_flow(&f, "tell");
	assert_int_equal(f.started, 2);
	fix_answer(&f, "mail", "{}");
	fix_answer(&f, "mail", "{}");
	fix_advance(&f, 59 * 1000);
	assert_int_equal(f.started, 2);
	fix_advance(&f, 1000);
	assert_int_equal(f.started, 3);
	assert_int_equal(
	    strncmp(subject(&f), "12 more notices: about sw1; about sw1;", 38),
	    0);
	assert_non_null(strstr(subject(&f), "and 2 more"));
	fix_answer(&f, "mail", "{}");
	fix_start_flow(&f, "tell");
	fix_start_flow(&f, "tell"); /* the third of this window */
	assert_int_equal(f.started, 4);
	fix_answer(&f, "mail", "{}");
	fix_advance(&f, 60 * 1000);
	assert_int_equal(f.started, 5);
	assert_string_equal(subject(&f), "1 more notice: about sw1");
	fix_answer(&f, "mail", "{}");
	/* Quiet: the window closes and the limit is whole again. */
	fix_advance(&f, 121 * 1000);
	fix_start_flow(&f, "tell");
	fix_start_flow(&f, "tell");
	assert_int_equal(f.started, 7);
	fix_close(&f);
}

/* A flood of a stranger has half of the limit, and of the digest: an alarm of
 * a device is told at once, and past the limit its text is in the digest. */
static void
test_strangers_have_half(void **state)
{
	static const char text[] =
	    "channel \"noc\" { mail { to = \"noc@example.net\", subject ="
	    " \"{text}\" }, limit = \"4/1m\" }\n"
	    "rule \"x\" { on = \"link.down\", run = notify \"noc\" {"
	    " \"{device} is down\" } }\n";
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, text);
	for (int i = 0; i < 100; i++)
		fix_start(&f, "x", NOC_ACTIVE, NOC_TRUST_LOW);
	/* Two of them, and what the engine says; then the device. */
	assert_int_equal(f.started, 3);
	assert_string_equal(subject(&f), "sw1 is down");
	for (int i = 0; i < 2; i++)
		fix_start(&f, "x", NOC_ACTIVE, NOC_TRUST_NORMAL);
	assert_int_equal(f.started, 4);
	for (int i = 0; i < 4; i++)
		fix_answer(&f, "mail", "{}");
	fix_advance(&f, 60 * 1000);
	assert_int_equal(
	    strncmp(subject(&f), "99 more notices: sw1 is down", 28), 0);
	/* Five of the stranger's, and the one of the device. */
	assert_non_null(strstr(subject(&f), "; and 93 more"));
	fix_close(&f);
}

/* Without a limit it has 60 a minute; nobody else has any. */
static void
test_strangers_have_a_limit(void **state)
{
	static const char text[] =
	    "channel \"c\" { mail { to = \"noc@example.net\" } }\n"
	    "rule \"x\" { on = \"link.down\", run = notify \"c\" }\n";
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, text);
	for (int i = 0; i < 61; i++) {
		fix_start(&f, "x", NOC_ACTIVE, NOC_TRUST_LOW);
		while (f.ncalls)
			fix_answer(&f, "mail", "{}");
	}
	assert_int_equal(fix_count(&f, "STEP_DONE notify:c c mail ok"), 60);
	for (int i = 0; i < 100; i++) {
		fix_start(&f, "x", NOC_ACTIVE, NOC_TRUST_NORMAL);
		while (f.ncalls)
			fix_answer(&f, "mail", "{}");
	}
	assert_int_equal(fix_count(&f, "STEP_DONE notify:c c mail ok"), 160);
	fix_advance(&f, 60 * 1000);
	fix_answer(&f, "mail", "{}");
	assert_int_equal(fix_count(&f, "STEP_DONE notify:c c mail ok"), 161);
	fix_close(&f);
}

static void
test_retry_then_fallback(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, rules);
	fix_start_flow(&f, "page");
	for (int i = 1; i <= 4; i++) {
		assert_int_equal(f.started, i);
		fix_refuse(&f, "http.post", "transient", 0);
		fix_advance(&f, 20 * 1000); /* 1, 4, 16 s at most */
	}
	assert_int_equal(f.started, 5);
	assert_string_equal(
	    subject(&f),
	    "(channel oncall failed: it said no (transient)) wake up");
	/* The fallback fails for good: then at least the log has it. */
	fix_refuse(&f, "mail", "permanent", 0);
	assert_int_equal(f.started, 5);
	assert_int_equal(fix_said(&f, "wake up"), 1);
	fix_close(&f);
}

/* A fallback may have one, and so on: four, then the log has it. */
static void
test_four_fallbacks_of_fallbacks(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f,
		 "channel \"c0\" { mail { to = \"0@x\" }, fallback = \"c1\" }\n"
		 "channel \"c1\" { mail { to = \"1@x\" }, fallback = \"c2\" }\n"
		 "channel \"c2\" { mail { to = \"2@x\" }, fallback = \"c3\" }\n"
		 "channel \"c3\" { mail { to = \"3@x\" }, fallback = \"c4\" }\n"
		 "channel \"c4\" { mail { to = \"4@x\" }, fallback = \"c5\" }\n"
		 "channel \"c5\" { mail { to = \"5@x\" } }\n"
		 "flow \"tell\" { notify \"c0\" { \"wake up\" } }\n");
	fix_start_flow(&f, "tell");
	for (int i = 0; i <= 4; i++) {
		char to[16];

		snprintf(to, sizeof(to), "%d@x", i);
		assert_string_equal(
		    noc_value_get_str(
			noc_value_get(fix_call(&f, "mail")->params, "opts"),
			"to", ""),
		    to);
		assert_int_equal(fix_said(&f, "wake up"), 0);
		fix_refuse(&f, "mail", "permanent", 0);
	}
	assert_int_equal(f.started, 5);
	assert_int_equal(fix_said(&f, "wake up"), 1);
	fix_close(&f);
}

/* Whatever a template makes of an event, a notice has an end. */
static void
test_a_notice_has_4000_characters(void **state)
{
	(void)state;
	for (size_t n = 3999; n <= 4001; n++) {
		char *text = noc_malloc(n + 1), *channels;
		struct fix f = { 0 };
		const char *got;

		memset(text, 'x', n);
		text[n] = '\0';
		channels =
		    noc_asprintf("channel \"c\" { mail { to = \"a@x\" } }\n"
				 "flow \"tell\" { notify \"c\" {"
				 " \"%s\" } }\n",
				 text);
		fix_open(&f, channels);
		fix_start_flow(&f, "tell");
		got = noc_value_get_str(fix_call(&f, "mail")->context, "text",
					"");
		assert_int_equal(strlen(got), n < 4000 ? n : 4000);
		assert_memory_equal(got, text, strlen(got));
		fix_close(&f);
		free(channels);
		free(text);
	}
}

/* No answer at all is a failure too. */
static void
test_timeout(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, rules);
	fix_start_flow(&f, "bare");
	fix_call(&f, "mail");
	fix_advance(&f, 31 * 1000 + 1000);
	assert_int_equal(f.cancelled, 1);
	assert_int_equal(f.started, 2);
	fix_answer(&f, "mail", "{}");
	fix_advance(&f, 3600 * 1000);
	assert_int_equal(f.started, 2);
	fix_close(&f);
}

static void
test_observe_prefix(void **state)
{
	struct fix f = { 0 };
	struct noc_call *call;

	(void)state;
	fix_open(&f, rules);
	fix_start(&f, "seen", NOC_OBSERVE, NOC_TRUST_HIGH);
	call = fix_call(&f, "mail");
	assert_string_equal(noc_value_get_str(call->context, "text", ""),
			    "[observe] sw1 raised");
	assert_int_equal(f.sets, 0);
	fix_close(&f);
}

static void
test_by_hand(void **state)
{
	struct fix f = { 0 };
	struct noc_value *answer;

	(void)state;
	fix_open(&f, rules);
	assert_int_equal(
	    fix_command(&f,
			"{\"verb\":\"notify.test\",\"channel\":\"plain\","
			"\"actor\":\"joe\"}",
			&answer),
	    0);
	assert_true(noc_value_get_bool(answer, "ok", false));
	noc_value_free(answer);
	fix_call(&f, "mail");
	assert_int_equal(
	    fix_command(&f,
			"{\"verb\":\"notify.test\",\"channel\":\"nosuch\","
			"\"actor\":\"joe\"}",
			NULL),
	    NOC_ENOTFOUND);
	fix_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sent),
		cmocka_unit_test(test_digest),
		cmocka_unit_test(test_strangers_have_half),
		cmocka_unit_test(test_strangers_have_a_limit),
		cmocka_unit_test(test_retry_then_fallback),
		cmocka_unit_test(test_four_fallbacks_of_fallbacks),
		cmocka_unit_test(test_a_notice_has_4000_characters),
		cmocka_unit_test(test_timeout),
		cmocka_unit_test(test_observe_prefix),
		cmocka_unit_test(test_by_hand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
