/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/correlate_fixture.h"

/* mode = "shadow": a rule beside a live one that nobody notices. */

#define STEPS                                                                \
	" run = flow {"                                                      \
	" step \"look\" { snmp.get { a = \"ifAdminStatus.{ifindex}\" } },"   \
	" step \"raise\" { snmp.set { [\"ifAdminStatus.{ifindex}\"] = "      \
	"\"up\" }, timeout = \"5s\" },"                                      \
	" step \"say\" { notify \"noc\" { \"{device} raised\" } },"          \
	" step \"post\" { mail { to = \"a@b.example\", subject = \"x\" } }," \
	" emit \"port.raised\","                                             \
	" escalate { { \"0s\", notify \"noc\" { \"raised\" } }, max = \"1h\" } }"

static const char both[] =
    "rule \"heal\" { mode = \"active\", on = \"link.down\", key = \"{link}\","
    " group = \"g\", first = true," STEPS " }\n"
    "rule \"next\" { mode = \"shadow\", on = \"link.down\", key = \"{link}\","
    " group = \"g\", first = true," STEPS " }\n"
    "rule \"raised\" { on = \"port.raised\", run = log \"raised\" }\n";

static const char only[] =
    "rule \"next\" { mode = \"shadow\", on = \"link.down\", key = \"{link}\","
    " guard = { per_key = \"1/1h\" }," STEPS " }\n"
    "rule \"raised\" { on = \"port.raised\", run = log \"raised\" }\n";

static void
test_shadow_tells_nobody(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, only);
	cor_port(&f, "link.down", "sw1", "eth7");
	assert_int_equal(fix_said(&f, "next would have: snmp.set"), 1);
	assert_int_equal(fix_said(&f, "(shadow)"), 1);
	fix_answer(&f, "snmp.get", "{\"a\":\"down\"}"); /* it does read */
	assert_int_equal(f.started, 1);
	assert_int_equal(f.sets, 0);
	assert_int_equal(fix_said(&f, "notify noc:"), 0);
	assert_int_equal(cor_count(&f, "raised")->fired, 0);
	fix_order(&f, "STEP_DONE look sw1 snmp.get ok",
		  "STEP_DONE raise sw1 snmp.set would have: ",
		  "STEP_DONE say  notify would have: ",
		  "STEP_DONE post sw1 mail would have: ", "would have: emit",
		  "would have: escalate", "RUN_END", NULL);
	assert_int_equal(cor_count(&f, "next")->observed, 1);
	/* What a guard holds back is written down, and nobody is told. */
	fix_advance(&f, 120 * 1000);
	cor_port(&f, "link.up", "sw1", "eth7");
	cor_port(&f, "link.down", "sw1", "eth7");
	assert_int_equal(cor_count(&f, "next")->guarded, 1);
	assert_int_equal(
	    fix_count(&f, "STEP_DONE notify:noc noc notify would have"), 1);
	assert_int_equal(fix_said(&f, "notify noc:"), 0);
	cor_close(&f);
}

static void
test_shadow_beside_live(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, both);
	cor_port(&f, "link.down", "sw1", "eth7");
	/* Both read, one acts; the group is the live rule's. */
	fix_answer(&f, "snmp.get", "{\"a\":\"down\"}");
	fix_answer(&f, "snmp.get", "{\"a\":\"down\"}");
	fix_answer(&f, "snmp.set", "{}");
	fix_answer(&f, "mail", "{}");
	assert_int_equal(f.sets, 1);
	assert_int_equal(f.started, 4);
	assert_int_equal(cor_count(&f, "heal")->fired, 1);
	assert_int_equal(cor_count(&f, "next")->observed, 1);
	assert_int_equal(cor_count(&f, "raised")->fired, 1);
	cor_close(&f);
}

/* A rule that only tells is silenced by it too; a failure wakes nobody. */
static void
test_shadow_of_notices(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(
	    &f,
	    "rule \"tell\" { mode = \"shadow\", on = \"link.down\","
	    " run = notify \"noc\" { \"down\" } }\n"
	    "rule \"fail\" { mode = \"shadow\", on = \"link.up\", run = flow {"
	    " fail \"no\", on_fail = escalate { { \"0s\", notify \"noc\" { \"no\" } },"
	    " max = \"1h\" } } }\n"
	    "flow \"f\" { step \"s\" { notify \"noc\" { \"flow\" } } }\n");
	cor_port(&f, "link.down", "sw1", "eth7");
	cor_port(&f, "link.up", "sw1", "eth7");
	assert_int_equal(cor_count(&f, "tell")->observed, 1);
	assert_int_equal(cor_count(&f, "fail")->observed, 1);
	assert_int_equal(fix_count(&f, "RUN_END"), 2);
	assert_int_equal(fix_said(&f, "notify noc:"), 0);
	assert_int_equal(
	    fix_command(&f,
			"{\"verb\":\"run.start\",\"flow\":\"f\",\"mode\":"
			"\"shadow\",\"actor\":\"joe\"}",
			NULL),
	    0);
	assert_int_equal(fix_said(&f, "notify noc:"), 0);
	assert_int_equal(
	    fix_command(&f,
			"{\"verb\":\"run.start\",\"flow\":\"f\",\"mode\":"
			"\"canary\",\"actor\":\"joe\"}",
			NULL),
	    NOC_EINPUT);
	fix_start(&f, "tell", NOC_ACTIVE, NOC_TRUST_HIGH);
	assert_int_equal(fix_said(&f, "notify noc:"), 1);
	cor_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shadow_tells_nobody),
		cmocka_unit_test(test_shadow_beside_live),
		cmocka_unit_test(test_shadow_of_notices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
