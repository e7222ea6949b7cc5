/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/run_fixture.h"

#include "base/mem.h"

/* Escalation: levels, again, who and what ends it, and the one all-clear. */

#define ESCALATE                                                           \
	"escalate { { \"0m\", notify \"noc\" { \"{device} {ifname} still " \
	"down: {error.message}\" } }, { \"10m\", notify \"oncall\" },\n"   \
	" again = \"15m\", stop_on = { \"ack\", \"link.up\" }, max = \"8h\" }"

static const char heal[] =
    "rule \"heal\" { mode = \"active\", on = \"link.down\",\n"
    " key = \"{device}/{ifname}\", run = flow {\n"
    "  step \"look\" { snmp.get { admin = \"ifAdminStatus.{ifindex}\" },\n"
    "    timeout = \"5s\" },\n"
    "  on_fail = " ESCALATE " } }\n"
    "rule \"psu\" { mode = \"active\", on = \"power.fail\",\n"
    " key = \"{device}\", run = flow {\n"
    "  escalate { { \"0m\", notify \"noc\" { \"{summary}\" } }, again = "
    "\"15m\",\n stop_on = { \"power.ok\" }, max = \"1h\" },\n"
    "  log \"after it\" } }\n";

static struct noc_id
failed(struct fix *f)
{
	struct noc_id id = fix_start(f, "heal", NOC_ACTIVE, NOC_TRUST_NORMAL);

	fix_refuse(f, "snmp.get", "permanent", 0);
	return id;
}

static void
test_levels(void **state)
{
	struct fix f = { 0 };
	struct noc_id id;

	(void)state;
	fix_open(&f, heal);
	id = failed(&f);
	assert_int_equal(
	    fix_said(&f, "notify noc: sw1 eth7 still down: it said no"), 1);
	assert_int_equal(fix_said(&f, "notify oncall"), 0);
	fix_advance(&f, 10 * 60 * 1000 - 1);
	assert_int_equal(fix_said(&f, "notify oncall"), 0);
	fix_advance(&f, 1);
	assert_int_equal(fix_said(&f, "notify oncall"), 1);
	fix_advance(&f, 15 * 60 * 1000);
	assert_int_equal(fix_said(&f, "notify oncall"), 2); /* again */
	fix_advance(&f, 15 * 60 * 1000);
	assert_int_equal(fix_said(&f, "notify oncall"), 3);
	assert_int_equal(fix_said(&f, "notify noc"), 1);
	assert_true(fix_running(&f, &id));
	fix_close(&f);
}

static void
test_ack(void **state)
{
	struct fix f = { 0 };
	struct noc_id id;

	(void)state;
	fix_open(&f, heal);
	id = failed(&f);
	fix_advance(&f, 11 * 60 * 1000);
	assert_int_equal(fix_signal(&f, &id, "ack"), 0);
	assert_false(fix_running(&f, &id));
	assert_int_equal(
	    fix_said(&f, "noc: all clear (acknowledged by joe): sw1 eth7"), 1);
	assert_int_equal(
	    fix_said(&f, "oncall: all clear (acknowledged by joe)"), 1);
	assert_int_equal(
	    fix_said(&f, "Failed: look: it said no (permanent); acknowledged "
			 "by joe"),
	    1);
	fix_order(&f, "SIGNAL ack", "RUN_END Failed", NULL);
	fix_advance(&f, 3600 * 1000);
	assert_int_equal(fix_said(&f, "notify oncall"), 2);
	fix_close(&f);
}

/* Who acknowledged, decided or cancelled, why and when: the journal knows. */
static void
test_signal_says_who_and_why(void **state)
{
	static const char *const verbs[] = {
		"run.ack",
		"run.cancel",
		"run.signal\",\"signal\":\"link.up",
	};
	static const char *const words[] = { "ack", "cancel", "link.up" };

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(verbs); i++) {
		struct fix f = { 0 };
		struct noc_id id;
		char text[NOC_ID_TEXT], *json, *line;

		fix_open(&f, heal);
		id = failed(&f);
		json = noc_asprintf("{\"verb\":\"%s\",\"id\":\"%s\","
				    "\"why\":\"on my way\","
				    "\"actor\":\"joe\"}",
				    verbs[i], noc_id_format(text, &id));
		line = noc_asprintf("SIGNAL %s {\"phase\":\"escalating\","
				    "\"why\":\"on my way\"} joe",
				    words[i]);
		assert_int_equal(fix_command(&f, json, NULL), 0);
		fix_order(&f, line, "RUN_END", NULL);
		free(line);
		free(json);
		fix_close(&f);
	}
}

/* Who was not told yet gets no all-clear; another port's link.up is no end. */
static void
test_event_ends_it(void **state)
{
	struct fix f = { 0 };
	struct noc_id id;

	(void)state;
	fix_open(&f, heal);
	id = failed(&f);
	fix_happens(&f, "link.up", "sw2");
	fix_happens(&f, "link.down", "sw1");
	assert_true(fix_running(&f, &id));
	fix_happens(&f, "link.up", "sw1"); /* eth7, the same key */
	assert_false(fix_running(&f, &id));
	assert_int_equal(fix_said(&f, "notify noc: all clear (link.up)"), 1);
	assert_int_equal(fix_said(&f, "notify oncall"), 0);
	fix_close(&f);
}

static void
test_gives_up(void **state)
{
	struct fix f = { 0 };
	struct noc_id id;

	(void)state;
	fix_open(&f, heal);
	id = failed(&f);
	fix_advance(&f, 9 * 3600 * 1000);
	assert_false(fix_running(&f, &id));
	assert_int_equal(fix_said(&f, "given up (nobody answered within 8h)"),
			 2);
	fix_close(&f);
}

static void
test_as_a_step(void **state)
{
	struct fix f = { 0 };
	struct noc_id id;

	(void)state;
	fix_open(&f, heal);
	id = fix_start(&f, "psu", NOC_ACTIVE, NOC_TRUST_NORMAL);
	assert_int_equal(fix_said(&f, "notify noc: eth7 is down"), 1);
	assert_int_equal(fix_said(&f, "after it"), 0);
	fix_advance(&f, 16 * 60 * 1000);
	assert_int_equal(fix_said(&f, "notify noc"), 2);
	assert_int_equal(fix_signal(&f, &id, "power.ok"), 0);
	assert_int_equal(fix_said(&f, "after it"), 1);
	assert_false(fix_running(&f, &id));
	assert_int_equal(fix_said(&f, "Succeeded"), 1);
	fix_close(&f);
}

static void
test_cancel_clears(void **state)
{
	struct fix f = { 0 };
	struct noc_id id;
	char text[NOC_ID_TEXT], *json;

	(void)state;
	fix_open(&f, heal);
	id = failed(&f);
	json = noc_asprintf("{\"verb\":\"run.cancel\",\"id\":\"%s\","
			    "\"why\":\"mine\",\"actor\":\"joe\"}",
			    noc_id_format(text, &id));
	assert_int_equal(fix_command(&f, json, NULL), 0);
	free(json);
	assert_int_equal(fix_said(&f, "all clear (cancelled by joe: mine)"), 1);
	assert_int_equal(fix_said(&f, "Cancelled"), 1);
	fix_close(&f);
}

/* A silence mutes the notice and is written down; the run goes on. */
static void
test_silenced(void **state)
{
	struct fix f = { 0 };
	struct noc_id id;

	(void)state;
	fix_open(&f, heal);
	assert_int_equal(
	    fix_command(&f,
			"{\"verb\":\"silence.add\",\"actor\":\"joe\","
			"\"match\":{\"device\":\"sw1\"},\"for_ms\":600000,"
			"\"why\":\"works\"}",
			NULL),
	    0);
	id = failed(&f);
	assert_true(fix_running(&f, &id));
	assert_int_equal(fix_said(&f, "notify noc"), 0);
	assert_int_equal(fix_count(&f, "DECISION silenced"), 1);
	fix_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_ack),
		cmocka_unit_test(test_signal_says_who_and_why),
		cmocka_unit_test(test_event_ends_it),
		cmocka_unit_test(test_gives_up),
		cmocka_unit_test(test_as_a_step),
		cmocka_unit_test(test_cancel_clears),
		cmocka_unit_test(test_silenced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
