/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/correlate_fixture.h"

#include "engine/run/escalate.h"
#include "engine/run/runner.h"

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
	    fix_said(
		&f,
		"Failed: look (device): it said no (permanent); acknowledged "
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

/* ---- who is meant ---- */

/* One of two is answered: the other still waits for its event. */
static void
test_each_waits_for_its_own(void **state)
{
	struct fix f = { 0 };
	struct noc_id one, two;
	char text[NOC_ID_TEXT], *line;
	struct noc_event *ev;

	(void)state;
	fix_open(&f, heal);
	one = failed(&f);
	f.now.wall_ns++;
	two = failed(&f);
	assert_int_equal(fix_signal(&f, &one, "ack"), 0);
	assert_false(fix_running(&f, &one));
	assert_true(fix_running(&f, &two));
	fix_forget(&f);
	ev = fix_event(&f, "link.up", "sw1", NOC_TRUST_HIGH);
	noc_core_begin(f.core, f.now);
	noc_escalate_event(f.core, ev);
	noc_core_end(f.core);
	fix_pump(&f);
	assert_false(fix_running(&f, &two));
	/* Which event it was is in the journal, and so is the event. */
	line = noc_asprintf("SIGNAL link.up {\"phase\":\"escalating\",\"why\":"
			    "\"%s\"} event",
			    noc_id_format(text, &ev->id));
	fix_order(&f, "EVENT sw1", line, "RUN_END Failed", NULL);
	free(line);
	noc_event_unref(ev);
	/* Nobody waits for another. */
	fix_forget(&f);
	fix_happens(&f, "link.up", "sw1");
	assert_int_equal(f.njournal, 0);
	fix_close(&f);
}

/* Of a run that is no rule's: the same device, and the same link where both
 * say one. */
static void
test_meant_without_a_rule(void **state)
{
	static const struct {
		const char *device, *ifname;
		bool ends;
	} cases[] = {
		{ "sw1", "eth7", true },
		{ "sw1", "eth8", false },
		{ "sw2", "eth7", false },
		{ "sw1", NULL, true },
	};

	(void)state;
	for (size_t i = 0; i < 2 * NOC_COUNT(cases); i++) {
		bool person = i % 2; /* it is about no link then */
		bool same = !strcmp(cases[i / 2].device, "sw1");
		struct fix f = { 0 };

		fix_open(&f, "flow \"g\" { escalate { { \"0m\", notify \"noc\""
			     " { \"down\" } }, stop_on = { \"link.up\" } } }\n"
			     "rule \"r\" { on = \"link.down\", run = start"
			     " \"g\" }\n");
		if (person)
			fix_start_flow(&f, "g");
		else
			cor_port(&f, "link.down", "sw1", "eth7");
		assert_int_equal(fix_runs(&f), 1);
		cor_tell(&f, &(struct tell){ .kind = "link.up",
					     .device = cases[i / 2].device,
					     .ifname = cases[i / 2].ifname });
		assert_int_equal(fix_runs(&f),
				 !(person ? same : cases[i / 2].ends));
		fix_close(&f);
	}
}

/* Of a rule's it is the key that says so: it may span devices. */
static void
test_meant_by_its_key(void **state)
{
	static const struct {
		const char *device, *ifname;
		bool ends;
	} cases[] = {
		{ "sw2", "eth7", true },
		{ "sw1", "eth8", false },
		{ "sw1", NULL, false },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct fix f = { 0 };

		fix_open(&f, "rule \"r\" { on = \"link.down\", key ="
			     " \"{ifname}\", run = escalate { { \"0m\", notify"
			     " \"noc\" { \"down\" } }, stop_on = { \"link.up\""
			     " } } }\n");
		cor_port(&f, "link.down", "sw1", "eth7");
		assert_int_equal(fix_runs(&f), 1);
		cor_tell(&f, &(struct tell){ .kind = "link.up",
					     .device = cases[i].device,
					     .ifname = cases[i].ifname });
		assert_int_equal(fix_runs(&f), !cases[i].ends);
		fix_close(&f);
	}
}

/* However many wait, an event is compared with those of its own only, be it
 * by a rule's key or by the device. */
static void
test_others_are_not_looked_at(void **state)
{
	static const char *const keys[] = { "key = \"{device}/{ifname}\",",
					    "" };
	const int many = 200;

	(void)state;
	for (size_t k = 0; k < NOC_COUNT(keys); k++) {
		char *text = noc_asprintf(
		    "flow \"g\" { escalate { { \"0m\", log \"down\" },"
		    " stop_on = { \"link.up\" } } }\n"
		    "rule \"r\" { on = \"link.down\", %s run = %s }\n",
		    keys[k],
		    k ? "start \"g\""
		      : "escalate { { \"0m\", log \"down\" }, stop_on ="
			" { \"link.up\" } }");
		struct noc_stops *stops;
		struct fix f = { 0 };
		char device[16];

		fix_open(&f, text);
		stops = &noc_runs_of(f.core)->stops;
		for (int i = 0; i < many; i++) {
			snprintf(device, sizeof(device), "sw%d", i);
			cor_port(&f, "link.down", device, "eth7");
		}
		assert_int_equal(fix_runs(&f), many);
		for (int i = 0; i < many; i++) {
			snprintf(device, sizeof(device), "other%d", i);
			cor_port(&f, "link.up", device, "eth7");
		}
		assert_int_equal(stops->looked, 0);
		for (int i = 0; i < many; i++) {
			snprintf(device, sizeof(device), "sw%d", i);
			cor_port(&f, "link.up", device, "eth7");
		}
		assert_int_equal(stops->looked, many);
		assert_int_equal(fix_runs(&f), 0);
		/* Nothing is left of them. */
		assert_false(noc_stops_kind(noc_runs_of(f.core), "link.up"));
		free(text);
		fix_close(&f);
	}
}

/* The key of its rule is another after a reload: the same thing is found by
 * it. */
static void
test_found_by_a_new_key(void **state)
{
	static const char *const rules[] = {
		"rule \"r\" { on = \"link.down\", key = \"{ifname}\", run ="
		" escalate { { \"0m\", log \"down\" }, stop_on ="
		" { \"link.up\" } } }\n",
		"rule \"r\" { on = \"link.down\", key = \"{device}\", run ="
		" escalate { { \"0m\", log \"down\" }, stop_on ="
		" { \"link.up\" } } }\n",
	};
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, rules[0]);
	cor_port(&f, "link.down", "sw1", "eth7");
	fix_rules(&f, rules[1]);
	cor_port(&f, "link.up", "sw2", "eth7");
	assert_int_equal(fix_runs(&f), 1);
	cor_port(&f, "link.up", "sw1", "eth8");
	assert_int_equal(fix_runs(&f), 0);
	fix_close(&f);
}

/* ---- who is told what ---- */

#define STEP(levels) \
	"flow \"f\" { escalate { " levels " }, log \"after it\" }\n"

/* The words of the level, else what went wrong; each channel once. */
static void
test_words_of_the_all_clear(void **state)
{
	struct fix f = { 0 };
	struct noc_id id;

	(void)state;
	fix_open(&f, heal);
	id = failed(&f);
	fix_advance(&f, 10 * 60 * 1000);
	assert_int_equal(fix_signal(&f, &id, "ack"), 0);
	assert_int_equal(fix_said(&f, "notify oncall: all clear (acknowledged "
				      "by joe): heal sw1 it said no"),
			 1);
	fix_close(&f);

	memset(&f, 0, sizeof(f));
	fix_open(
	    &f,
	    STEP(
		"{ \"0m\", notify \"noc\" { \"one\" } },"
		" { \"1m\", notify \"noc\" { \"two\" } },"
		" { \"2m\", mail { to = \"a@b.example\" } },"
		" { \"3m\", notify \"oncall\" },"
		" { \"4m\", notify \"late\" }") "channel \"late\" { mail { to = \"c@d.example\" } }\n");
	id = fix_start_flow(&f, "f");
	fix_advance(&f, 3 * 60 * 1000);
	assert_int_equal(fix_signal(&f, &id, "ack"), 0);
	assert_int_equal(fix_said(&f, "notify noc: one"), 1);
	assert_int_equal(fix_said(&f, "notify noc: two"), 1);
	assert_int_equal(fix_said(&f, "all clear (acknowledged by joe): one"),
			 1);
	/* Without words and without an error: by what it is about. */
	assert_int_equal(
	    fix_said(&f, "notify oncall: all clear (acknowledged by joe): f "
			 "sw1 "),
	    1);
	assert_int_equal(fix_said(&f, "all clear"), 2);
	assert_int_equal(fix_said(&f, "log f: after it"), 1);
	fix_close(&f);
}

/* As a step it fails when nobody answers; levels after the end are not told. */
static void
test_nobody_answers_a_step(void **state)
{
	struct fix f = { 0 };
	struct noc_id id;

	(void)state;
	fix_open(&f, STEP("{ \"0m\", notify \"noc\" { \"one\" } },"
			  " { \"10m\", notify \"oncall\" { \"two\" } },"
			  " max = \"5m\""));
	id = fix_start_flow(&f, "f");
	fix_advance(&f, 5 * 60 * 1000 - 1);
	assert_true(fix_running(&f, &id));
	fix_advance(&f, 1);
	assert_false(fix_running(&f, &id));
	assert_int_equal(
	    fix_said(&f, "notify noc: given up (nobody answered within 5m): "
			 "one"),
	    1);
	assert_int_equal(fix_said(&f, "oncall"), 0);
	assert_int_equal(fix_said(&f, "after it"), 0);
	fix_order(&f,
		  "STEP_DONE escalate_1  escalate failed: timeout {\"attempt\":"
		  "1,\"error\":{\"block\":\"people\",\"class\":\"timeout\","
		  "\"code\":\"unanswered\",\"message\":\"nobody answered within"
		  " 5m\"}}",
		  "RUN_END Failed", NULL);
	fix_close(&f);
}

/* A last level that came late is not told again at once. */
static void
test_again_from_when_it_was_told(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, STEP("{ \"0m\", notify \"noc\" { \"one\" } },"
			  " { \"10m\", notify \"noc\" { \"two\" } },"
			  " { \"20m\", notify \"noc\" { \"three\" } },"
			  " again = \"1m\", max = \"30m\""));
	fix_start_flow(&f, "f");
	/* Nothing ran for half an hour less a minute and a half. */
	f.now.wall_ns += (28 * 60 + 30) * NOC_NS_PER_S;
	f.now.boot_ns += (28 * 60 + 30) * NOC_NS_PER_S;
	fix_advance(&f, 1);
	assert_int_equal(fix_said(&f, "notify noc: two"), 1);
	assert_int_equal(fix_said(&f, "notify noc: three"), 1);
	fix_advance(&f, 59998);
	assert_int_equal(fix_said(&f, "notify noc: three"), 1);
	fix_advance(&f, 1);
	assert_int_equal(fix_said(&f, "notify noc: three"), 2);
	assert_int_equal(fix_said(&f, "notify noc: one"), 1);
	/* The end comes before it would be told once more. */
	fix_advance(&f, 30000);
	assert_int_equal(fix_said(&f, "given up"), 1);
	assert_int_equal(fix_said(&f, "notify noc: three"), 2);
	assert_int_equal(fix_runs(&f), 0);
	fix_close(&f);
}

/* Nobody was told, so nobody is told that it is over. */
static void
test_cancel_before_it_escalates(void **state)
{
	struct fix f = { 0 };
	struct noc_id id;
	char text[NOC_ID_TEXT], *json;

	(void)state;
	fix_open(&f, heal);
	id = fix_start(&f, "heal", NOC_ACTIVE, NOC_TRUST_NORMAL);
	json = noc_asprintf("{\"verb\":\"run.cancel\",\"id\":\"%s\","
			    "\"actor\":\"joe\"}",
			    noc_id_format(text, &id));
	assert_int_equal(fix_command(&f, json, NULL), 0);
	free(json);
	assert_int_equal(fix_said(&f, "notify"), 0);
	assert_int_equal(fix_said(&f, "Cancelled: cancelled by joe (0.0 s)"),
			 1);
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
		cmocka_unit_test(test_each_waits_for_its_own),
		cmocka_unit_test(test_meant_without_a_rule),
		cmocka_unit_test(test_meant_by_its_key),
		cmocka_unit_test(test_others_are_not_looked_at),
		cmocka_unit_test(test_found_by_a_new_key),
		cmocka_unit_test(test_words_of_the_all_clear),
		cmocka_unit_test(test_nobody_answers_a_step),
		cmocka_unit_test(test_again_from_when_it_was_told),
		cmocka_unit_test(test_cancel_before_it_escalates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
