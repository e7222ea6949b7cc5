/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/slot_fixture.h"

#include "engine/core/call.h"
#include "engine/core/slot.h"
#include "engine/edge/action.h"

/* So many calls at once at one other side; the rest wait here, in order. */

#define POST STEP("http.post { url = \"a\" }", "timeout = \"5s\", " FAIL)
#define LONG STEP("http.post { url = \"a\" }", "timeout = \"1h\", " FAIL)
#define HOLD STEP("http.get { url = \"a\" }", "timeout = \"1h\"")
#define FAIL "on_crash = \"fail\", retry = { attempts = 1 }"

static const char flows[] = FLOW("a", GET("a")) FLOW("b", GET("b")) FLOW(
    "post", POST) FLOW("long", LONG) FLOW("hold", HOLD)
    FLOW("short", "timeout = \"10s\", " GET("a")) FLOW(
	"woken", "timeout = \"10s\", on_fail = escalate { { \"0m\", "
		 "notify \"noc\" }, stop_on = { \"ack\" } }, " GET("a"))
	FLOW("run", STEP("exec { \"x\" }", "timeout = \"5s\"")) FLOW(
	    "read", STEP("snmp.get { a = \"sysName.0\" }", "timeout = \"5s\""))
	    FLOW("set", STEP("snmp.set { a = \"up\" }", "timeout = \"5s\""));

static const char looks[] =
    FLOW("v", "verify \"v\" { http.get { url = \"a\" }, expect = { body = "
	      "\"up\" }, every = \"3s\", within = \"9s\", timeout = \"1h\" }")
	FLOW("hold", HOLD);

static struct noc_value *config;

/* As SIGHUP does: the options, then the rules again. */
static void
limit(struct fix *f, const char *option, int64_t n)
{
	if (!config)
		config = noc_value_map();
	noc_value_set(config, option, noc_value_int(n));
	f->env.config = config;
	if (f->core)
		fix_rules(f, flows);
}

static void
shut(struct fix *f)
{
	fix_close(f);
	noc_value_free(config);
	config = NULL;
}

static void
test_one_more_than_the_limit(void **state)
{
	static const struct {
		const char *flow, *action;
		int n;
	} cases[] = {
		{ "run", "exec", 32 },
		{ "a", "http.get", 16 },
		{ "read", "snmp.get", 4 },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct fix f = { 0 };
		int n = cases[i].n;

		fix_open(&f, flows);
		slot_start(&f, cases[i].flow, n);
		assert_int_equal(f.started, n);
		assert_int_equal(slot_queued(&f), 0);
		slot_start(&f, cases[i].flow, 1);
		fix_advance(&f, 1000);
		assert_int_equal(f.started, n);
		assert_int_equal(slot_queued(&f), 1);
		/* Nothing of it is begun. */
		assert_int_equal(fix_count(&f, "STEP_START s"), n);
		fix_answer(&f, cases[i].action, "{}");
		assert_int_equal(f.ncalls, n - 1);
		fix_advance(&f, 1);
		assert_int_equal(f.ncalls, n);
		assert_int_equal(slot_queued(&f), 0);
		assert_int_equal(fix_count(&f, "STEP_START s"), n + 1);
		while (f.ncalls)
			fix_answer(&f, cases[i].action, "{}");
		assert_int_equal(fix_runs(&f), 0);
		assert_int_equal(fix_count(&f, "RUN_END Succeeded"), n + 1);
		shut(&f);
	}
}

static void
test_first_come_first_served(void **state)
{
	struct noc_id ids[7];
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, flows);
	for (size_t i = 0; i < 6; i++)
		ids[i] = fix_start_flow(&f, "read");
	fix_answer(&f, "snmp.get", "{}");
	/* It comes when a slot is free, and one waits for it. */
	ids[6] = fix_start_flow(&f, "read");
	for (size_t i = 4; i < NOC_COUNT(ids); i++) {
		fix_advance(&f, 1);
		assert_int_equal(f.ncalls, 4);
		slot_newest_is(&f, &ids[i]);
		fix_answer(&f, "snmp.get", "{}");
	}
	shut(&f);
}

/* Each other side has its own, and so has each kind of asking. */
static void
test_keys(void **state)
{
	struct fix f = { 0 };
	struct noc_value *v, *row;

	(void)state;
	fix_open(&f, flows);
	slot_start(&f, "a", 18);
	slot_start(&f, "b", 17);
	slot_start(&f, "read", 5);
	slot_start(&f, "set", 1); /* at the same device */
	assert_int_equal(f.started, 36);
	fix_advance(&f, 1500);
	v = slot_calls(&f);
	assert_int_equal(noc_value_get_int(v, "out", -1), 36);
	assert_int_equal(noc_value_get_int(v, "queued", -1), 5);
	assert_int_equal(noc_value_len(noc_value_get(v, "queues")), 3);
	row = noc_value_at(noc_value_get(v, "queues"), 0);
	assert_string_equal(noc_value_get_str(row, "key", ""), "http/a");
	assert_int_equal(noc_value_get_int(row, "out", -1), 16);
	assert_int_equal(noc_value_get_int(row, "limit", -1), 16);
	assert_int_equal(noc_value_get_int(row, "queued", -1), 2);
	assert_true(noc_value_get(row, "oldest_s")->u.d == 1.5);
	row = noc_value_at(noc_value_get(v, "queues"), 1);
	assert_string_equal(noc_value_get_str(row, "key", ""), "snmp/sw1");
	row = noc_value_at(noc_value_get(v, "queues"), 2);
	assert_string_equal(noc_value_get_str(row, "key", ""), "http/b");
	row = noc_value_get(noc_value_get(v, "families"), "http");
	assert_int_equal(noc_value_get_int(row, "out", -1), 32);
	assert_int_equal(noc_value_get_int(row, "queued", -1), 3);
	assert_int_equal(noc_value_get_int(row, "waited", -1), 3);
	assert_true(noc_value_get(row, "oldest_s")->u.d == 1.5);
	noc_value_free(v);
	shut(&f);
}

/* The longest queue has no place in the time that the other side has. */
static void
test_time_begins_when_it_goes_out(void **state)
{
	struct fix f = { 0 };

	(void)state;
	limit(&f, "limits.http", 1);
	fix_open(&f, flows);
	slot_start(&f, "a", 3);
	fix_advance(&f, 4000);
	fix_answer(&f, "http.get", "{}");
	fix_advance(&f, 1); /* the second */
	assert_int_equal(f.started, 2);
	fix_advance(&f, 4998);
	assert_int_equal(f.cancelled, 0);
	fix_answer(&f, "http.get", "{}");
	fix_advance(&f, 1); /* the third, 9 s after its start */
	assert_int_equal(f.started, 3);
	fix_advance(&f, 4998);
	assert_int_equal(f.cancelled, 0);
	fix_advance(&f, 1);
	assert_int_equal(f.cancelled, 1);
	assert_int_equal(fix_count(&f, "RUN_END Succeeded"), 2);
	assert_int_equal(fix_count(&f, "no answer within 5000 ms"), 2);
	shut(&f);
}

/* A thousand wait their turn, and none of them blames the other side. */
static void
test_a_thousand_runs(void **state)
{
	struct fix f = { 0 };
	size_t most = 0;

	(void)state;
	fix_open(&f, flows);
	slot_start(&f, "a", 1000);
	for (int i = 0; i < 63; i++) {
		fix_advance(&f, 1000);
		most = f.ncalls > most ? f.ncalls : most;
		for (size_t n = f.ncalls; n > 0; n--)
			fix_answer(&f, "http.get", "{}");
	}
	assert_int_equal(most, 16);
	assert_int_equal(fix_count(&f, "RUN_END Succeeded"), 1000);
	assert_int_equal(fix_count(&f, "BREAKER"), 0);
	assert_int_equal(slot_queued(&f), 0);
	shut(&f);
}

static void
test_cancelled_in_the_queue(void **state)
{
	char text[NOC_ID_TEXT], *json;
	struct noc_id id, next;
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, flows);
	slot_start(&f, "set", 4);
	id = fix_start_flow(&f, "set");
	next = fix_start_flow(&f, "set");
	json = noc_asprintf("{\"verb\":\"run.cancel\",\"id\":\"%s\"}",
			    noc_id_format(text, &id));
	assert_int_equal(fix_command(&f, json, NULL), 0);
	free(json);
	assert_int_equal(fix_count(&f, "SIGNAL cancel {\"phase\":\"queued\""),
			 1);
	assert_int_equal(fix_count(&f, "RUN_END Cancelled"), 1);
	assert_int_equal(fix_count(&f, "STEP_START"), 4);
	assert_int_equal(fix_count(&f, "STEP_DONE"), 1);
	assert_int_equal(fix_count(&f, "snmp.set cancelled"), 1);
	assert_int_equal(slot_queued(&f), 1);
	fix_answer(&f, "snmp.set", "{}");
	fix_advance(&f, 1);
	slot_newest_is(&f, &next);
	assert_int_equal(f.sets, 5);
	shut(&f);
}

/* Its turn comes, and nothing goes out; then it has no slot either. */
static void
test_kill_switch_in_the_queue(void **state)
{
	struct fix f = { 0 };
	struct noc_id id;

	(void)state;
	limit(&f, "limits.snmp", 1);
	fix_open(&f, flows);
	slot_start(&f, "set", 1);
	id = fix_start_flow(&f, "set");
	slot_start(&f, "read", 1);
	fix_command(&f, "{\"verb\":\"kill.on\",\"why\":\"x\"}", NULL);
	fix_answer(&f, "snmp.set", "{}");
	fix_advance(&f, 1);
	assert_int_equal(f.sets, 1);
	assert_true(fix_running(&f, &id));
	/* Who changes nothing goes on. */
	fix_answer(&f, "snmp.get", "{}");
	fix_advance(&f, 60000);
	assert_int_equal(f.sets, 1);
	fix_command(&f, "{\"verb\":\"kill.off\",\"why\":\"x\"}", NULL);
	fix_advance(&f, 5000);
	slot_newest_is(&f, &id);
	assert_int_equal(f.sets, 2);
	shut(&f);
}

/* Who has a right to say no is asked when it has waited. */
static void
test_freeze_in_the_queue(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, flows);
	slot_start(&f, "set", 5);
	fix_command(&f,
		    "{\"verb\":\"freeze.add\",\"match\":{\"device\":\"sw1\"},"
		    "\"why\":\"x\",\"for_ms\":3600000,\"actor\":\"joe\"}",
		    NULL);
	fix_answer(&f, "snmp.set", "{}");
	fix_advance(&f, 1);
	assert_int_equal(f.sets, 4);
	assert_int_equal(fix_count(&f, "RUN_END Failed"), 1);
	assert_int_equal(fix_count(&f, "is in force: sw1 is not changed"), 2);
	shut(&f);
}

static int64_t
breaker_state(struct fix *f, const char *name)
{
	struct noc_value *answer = NULL;
	int64_t n = 0;

	assert_int_equal(fix_command(f, "{\"verb\":\"breaker.list\"}", &answer),
			 0);
	for (size_t i = 0; i < noc_value_len(answer); i++)
		n += !strcmp(
		    noc_value_get_str(noc_value_at(answer, i), "state", ""),
		    name);
	noc_value_free(answer);
	return n;
}

/* The one probe of an open breaker is leased when it goes out. */
static void
test_probe_of_a_breaker_waits(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, flows);
	slot_start(&f, "long", 16);
	for (int i = 0; i < 5; i++)
		fix_refuse(&f, "http.post", "transient", 0);
	assert_int_equal(breaker_state(&f, "OPEN"), 1);
	limit(&f, "limits.http", 11);
	fix_advance(&f, 100000);
	slot_start(&f, "long", 2);
	fix_advance(&f, 10000);
	assert_int_equal(f.started, 16);
	assert_int_equal(slot_queued(&f), 2);
	assert_int_equal(breaker_state(&f, "HALF_OPEN"), 0);
	fix_answer(&f, "http.post", "{}");
	fix_advance(&f, 1);
	assert_int_equal(f.started, 17);
	assert_int_equal(breaker_state(&f, "HALF_OPEN"), 1);
	shut(&f);
}

/* The whole run's time goes on in the queue. */
static void
test_run_timeout_in_the_queue(void **state)
{
	struct fix f = { 0 };

	(void)state;
	limit(&f, "limits.http", 1);
	fix_open(&f, flows);
	slot_start(&f, "hold", 1);
	slot_start(&f, "short", 1);
	fix_advance(&f, 9999);
	assert_int_equal(slot_queued(&f), 1);
	fix_advance(&f, 1);
	assert_int_equal(slot_queued(&f), 0);
	assert_int_equal(
	    fix_count(&f, "RUN_END Failed {\"error\":{\"block\":\"flow\""), 1);
	assert_int_equal(fix_count(&f, "STEP_START"), 1);
	fix_answer(&f, "http.get", "{}");
	fix_advance(&f, 1000);
	assert_int_equal(f.started, 1);
	/* It goes on telling people, and waits for nothing else. */
	slot_start(&f, "hold", 1);
	slot_start(&f, "woken", 1);
	fix_advance(&f, 10000);
	assert_int_equal(fix_said(&f, "notify noc: woken"), 1);
	assert_int_equal(slot_queued(&f), 0);
	shut(&f);
}

/* It ran out of time and cannot be stopped: it is out all the same. */
static void
test_late_one_keeps_its_slot(void **state)
{
	struct noc_call *late;
	struct fix f = { 0 };

	(void)state;
	limit(&f, "limits.http", 1);
	fix_open(&f, flows);
	slot_start(&f, "post", 1);
	slot_start(&f, "a", 1);
	late = fix_call(&f, "http.post");
	fix_advance(&f, 60000);
	assert_int_equal(fix_count(&f, "RUN_END Failed"), 1);
	assert_int_equal(f.started, 1);
	f.ncalls = 0;
	noc_call_done(&f.env, late, noc_value_map(), NULL);
	fix_pump(&f);
	assert_int_equal(fix_count(&f, "late: ok"), 1);
	fix_advance(&f, 1);
	fix_answer(&f, "http.get", "{}");
	assert_int_equal(fix_count(&f, "RUN_END Succeeded"), 1);
	shut(&f);
}

/* Telling people is not behind runs, nor are runs behind it. */
static void
test_notices_have_their_own(void **state)
{
	struct fix f = { 0 };

	(void)state;
	limit(&f, "limits.exec", 2);
	fix_open(&f, "channel \"noc\" { exec { \"tell\", \"{text}\" } }\n" FLOW(
			 "run", STEP("exec { \"x\" }", "timeout = \"1h\""))
			 FLOW("tell", "notify \"noc\" { \"wake up\" }"));
	slot_start(&f, "run", 100);
	assert_int_equal(f.started, 2);
	slot_start(&f, "tell", 3);
	assert_int_equal(f.started, 4);
	assert_int_equal(fix_count(&f, "STEP_START notify:noc"), 2);
	fix_answer(&f, "exec", "{}");
	fix_advance(&f, 1); /* a slot of runs is for runs */
	assert_int_equal(f.started, 5);
	assert_int_equal(fix_count(&f, "STEP_START notify:noc"), 2);
	shut(&f);
}

/* The third notice has its turn when one has been delivered, or gave up. */
static void
test_notices_queue_too(void **state)
{
	struct fix f = { 0 };

	(void)state;
	limit(&f, "limits.mail", 1);
	fix_open(&f, "channel \"noc\" { mail { to = \"a@example.net\" } }\n"
		     "flow \"tell\" { notify \"noc\" { \"wake up\" } }\n");
	slot_start(&f, "tell", 3);
	assert_int_equal(f.started, 1);
	fix_answer(&f, "mail", "{}");
	fix_advance(&f, 1);
	assert_int_equal(f.started, 2);
	fix_advance(&f, 29998); /* its time began when it went out */
	assert_int_equal(f.cancelled, 0);
	fix_advance(&f, 1);
	assert_int_equal(f.cancelled, 1);
	fix_advance(&f, 1);
	assert_int_equal(f.started, 3);
	fix_answer(&f, "mail", "{}");
	fix_advance(&f, 2000); /* the second again */
	fix_answer(&f, "mail", "{}");
	assert_int_equal(fix_count(&f, "STEP_DONE notify:noc noc mail ok"), 3);
	shut(&f);
}

/* By a reload: up at once, down as those that are out end. */
static void
test_limit_is_changed(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, flows);
	slot_start(&f, "a", 40);
	assert_int_equal(f.ncalls, 16);
	limit(&f, "limits.http", 20);
	fix_advance(&f, 1);
	assert_int_equal(f.ncalls, 20);
	fix_answer(&f, "http.get", "{}");
	limit(&f, "limits.http", 2); /* just before the next one's turn */
	for (size_t n = 19; n > 2; n--) {
		fix_advance(&f, 1);
		assert_int_equal(f.ncalls, n);
		fix_answer(&f, "http.get", "{}");
	}
	assert_int_equal(f.started, 20);
	fix_answer(&f, "http.get", "{}");
	fix_advance(&f, 1);
	assert_int_equal(f.ncalls, 2);
	assert_int_equal(f.started, 21);
	shut(&f);
}

/* What waits was not begun: nobody need be asked about it. */
static void
test_restart_in_the_queue(void **state)
{
	char *dir = state_make();
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), flows);
	limit(&f, "limits.http", 1);
	slot_start(&f, "post", 1);
	slot_start(&f, "post", 1);
	assert_int_equal(f.started, 1);
	life_again(&f, dir, flows);
	limit(&f, "limits.http", 1);
	/* Whoever was out is in doubt, and the other one goes out. */
	assert_int_equal(fix_count(&f, "RUN_END Failed"), 1);
	assert_int_equal(f.started, 1);
	fix_answer(&f, "http.post", "{}");
	assert_int_equal(fix_count(&f, "RUN_END Succeeded"), 1);
	life_close(&f);
	noc_value_free(config);
	config = NULL;
	state_remove(dir);
}

/* Its step had not begun, so that its time is whole. */
static void
test_restart_of_a_verify_in_the_queue(void **state)
{
	char *dir = state_make();
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), looks);
	limit(&f, "limits.http", 1);
	fix_rules(&f, looks);
	slot_start(&f, "hold", 1);
	slot_start(&f, "v", 1);
	fix_advance(&f, 60000);
	life_again(&f, dir, looks);
	fix_advance(&f, 1); /* both are out: the limit is gone */
	assert_int_equal(f.ncalls, 2);
	for (size_t i = 0; i < f.ncalls; i++)
		if (!strcmp(noc_value_get_str(f.calls[i]->context, "step", ""),
			    "v"))
			assert_int_equal(f.calls[i]->timeout_ms, 9000);
		else
			assert_int_equal(f.calls[i]->timeout_ms, 3600000);
	life_close(&f);
	noc_value_free(config);
	config = NULL;
	state_remove(dir);
}

/* A verify that has not looked has not seen that it fails. */
static void
test_verify_in_the_queue(void **state)
{
	struct fix f = { 0 };

	(void)state;
	limit(&f, "limits.http", 1);
	fix_open(&f, looks);
	slot_start(&f, "hold", 1);
	slot_start(&f, "v", 1);
	fix_advance(&f, 60000);
	fix_answer(&f, "http.get", "{}");
	fix_advance(&f, 1);
	assert_int_equal(fix_call(&f, "http.get")->timeout_ms, 9000);
	slot_start(&f, "hold", 1);
	fix_answer(&f, "http.get", "{\"body\":\"down\"}");
	fix_advance(&f, 30000);
	fix_answer(&f, "http.get", "{}");
	fix_advance(&f, 1);
	fix_answer(&f, "http.get", "{\"body\":\"up\"}");
	assert_int_equal(fix_count(&f, "RUN_END Succeeded"), 3);
	shut(&f);
}

/* ---- without a run ---- */

struct ended {
	int n;
	char class[32];
};

static void
on_ended(struct noc_call *call, struct noc_value *result,
	 const struct noc_call_error *err, void *arg)
{
	struct ended *e = arg;

	(void)call;
	e->n++;
	if (err)
		snprintf(e->class, sizeof(e->class), "%s", err->class);
	noc_value_free(result);
}

static struct noc_call *
ask(struct fix *f, struct ended *e)
{
	struct noc_value *params = noc_value_map();
	struct noc_err err;

	noc_value_set(params, "node", noc_value_str("snmp.walk"));
	noc_core_now(f->core, f->now);
	return noc_call_start(&f->env, "snmp.walk", params, "sw1", 5000,
			      on_ended, e, &err);
}

static void
test_polls_wait_too(void **state)
{
	struct ended e[5] = { 0 };
	struct noc_call *call[5];
	struct fix f = { 0 };

	(void)state;
	limit(&f, "limits.snmp", 2);
	fix_open(&f, flows);
	slot_start(&f, "read", 1);
	for (size_t i = 0; i < NOC_COUNT(e); i++)
		assert_non_null((call[i] = ask(&f, &e[i])));
	assert_int_equal(f.ncalls, 2);
	noc_call_cancel(&f.env, call[1]); /* it waits: nothing to stop */
	assert_int_equal(f.cancelled, 0);
	fix_answer(&f, "snmp.get", "{}");
	fix_advance(&f, 4000);
	assert_int_equal(f.ncalls, 2);
	fix_answer(&f, "snmp.walk", "{}");
	f.refuses = NOC_EDOWN; /* the other two cannot even begin */
	fix_advance(&f, 1);
	for (size_t i = 3; i < NOC_COUNT(e); i++) {
		assert_int_equal(e[i].n, 1);
		assert_string_equal(e[i].class, noc_class_of_kind(NOC_EDOWN));
	}
	assert_int_equal(f.ncalls, 1);
	fix_advance(&f, 998);
	assert_int_equal(e[2].n, 0);
	fix_advance(&f, 1); /* 5 s after it went out */
	assert_int_equal(e[2].n, 1);
	assert_string_equal(e[2].class, "timeout");
	assert_int_equal(e[0].n, 1);
	assert_int_equal(e[1].n, 0);
	assert_int_equal(slot_queued(&f), 0);
	shut(&f);
}

/* A stop finishes what is out and begins no more. */
static void
test_stop(void **state)
{
	struct fix f = { 0 };

	(void)state;
	limit(&f, "limits.http", 1);
	fix_open(&f, flows);
	slot_start(&f, "a", 3);
	fix_answer(&f, "http.get", "{}");
	noc_slots_stop(f.core);
	fix_advance(&f, 60000);
	assert_int_equal(f.started, 1);
	assert_int_equal(slot_queued(&f), 2);
	shut(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_more_than_the_limit),
		cmocka_unit_test(test_first_come_first_served),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_time_begins_when_it_goes_out),
		cmocka_unit_test(test_a_thousand_runs),
		cmocka_unit_test(test_cancelled_in_the_queue),
		cmocka_unit_test(test_kill_switch_in_the_queue),
		cmocka_unit_test(test_freeze_in_the_queue),
		cmocka_unit_test(test_probe_of_a_breaker_waits),
		cmocka_unit_test(test_run_timeout_in_the_queue),
		cmocka_unit_test(test_late_one_keeps_its_slot),
		cmocka_unit_test(test_notices_have_their_own),
		cmocka_unit_test(test_notices_queue_too),
		cmocka_unit_test(test_limit_is_changed),
		cmocka_unit_test(test_restart_in_the_queue),
		cmocka_unit_test(test_restart_of_a_verify_in_the_queue),
		cmocka_unit_test(test_verify_in_the_queue),
		cmocka_unit_test(test_polls_wait_too),
		cmocka_unit_test(test_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
