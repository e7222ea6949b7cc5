/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/run_fixture.h"

#include "base/mem.h"

/* Runs: order, conditions, results, retries, doubt, verify, observe, cancel. */

static const char heal[] =
    "rule \"heal\" { mode = \"active\", on = \"link.down\",\n"
    " key = \"{device}/{ifname}\",\n"
    " run = flow {\n"
    "  step \"look\" { snmp.get { admin = \"ifAdminStatus.{ifindex}\",\n"
    "    oper = \"ifOperStatus.{ifindex}\" }, timeout = \"5s\" },\n"
    "  stop \"up again by itself\" { when = { [\"steps.look.oper\"] = \"up\" } },\n"
    "  step \"raise\" { when = { [\"steps.look.admin\"] = \"down\" },\n"
    "    snmp.set { [\"ifAdminStatus.{ifindex}\"] = \"up\" }, timeout = \"5s\" },\n"
    "  verify \"is_up\" { snmp.get { oper = \"ifOperStatus.{ifindex}\" },\n"
    "    expect = { oper = \"up\" }, every = \"3s\", within = \"90s\",\n"
    "    stable = \"10s\" },\n"
    " } }\n";

static void
test_order(void **state)
{
	struct fix f = { 0 };
	struct noc_id id;

	(void)state;
	fix_open(&f, heal);
	id = fix_start(&f, "heal", NOC_ACTIVE, NOC_TRUST_NORMAL);
	assert_string_equal(
	    noc_value_get_str(
		noc_value_get(fix_call(&f, "snmp.get")->params, "opts"),
		"admin", ""),
	    "ifAdminStatus.7");
	assert_int_equal(f.ncalls, 1);
	fix_answer(&f, "snmp.get", "{\"admin\":\"down\",\"oper\":\"down\"}");
	assert_string_equal(fix_call(&f, "snmp.set")->target, "sw1");
	fix_answer(&f, "snmp.set", "{}");
	/* Not up at once, then up: it must stay so for 10 s. */
	fix_answer(&f, "snmp.get", "{\"oper\":\"down\"}");
	assert_int_equal(f.ncalls, 0);
	fix_advance(&f, 3000);
	for (int s = 3; s <= 9; s += 3) {
		fix_answer(&f, "snmp.get", "{\"oper\":\"up\"}");
		assert_true(fix_running(&f, &id));
		fix_advance(&f, 3000);
	}
	fix_answer(&f, "snmp.get", "{\"oper\":\"up\"}");
	assert_true(fix_running(&f, &id));
	fix_advance(&f, 1000); /* 10 s after it first held */
	fix_answer(&f, "snmp.get", "{\"oper\":\"up\"}");
	assert_false(fix_running(&f, &id));
	fix_order(&f, "EVENT", "RUN_START", "STEP_START look",
		  "STEP_DONE look sw1 snmp.get ok", "STEP_DONE stop_2",
		  "STEP_START raise sw1 snmp.set",
		  "STEP_DONE raise sw1 snmp.set ok", "STEP_START is_up",
		  "STEP_DONE is_up sw1 snmp.get ok", "RUN_END", NULL);
	assert_int_equal(fix_said(&f, "Succeeded: look, raise, is_up"), 1);
	fix_close(&f);
}

static void
test_stops_by_itself(void **state)
{
	struct fix f = { 0 };
	struct noc_id id;

	(void)state;
	fix_open(&f, heal);
	id = fix_start(&f, "heal", NOC_ACTIVE, NOC_TRUST_NORMAL);
	fix_answer(&f, "snmp.get", "{\"admin\":\"up\",\"oper\":\"up\"}");
	assert_false(fix_running(&f, &id));
	assert_int_equal(f.started, 1);
	assert_int_equal(fix_said(&f, "Succeeded: up again by itself"), 1);
	fix_close(&f);
}

/* Nothing goes out while the intent is not on disk. */
static void
test_intent_first(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, heal);
	f.hold_durable = true;
	fix_start(&f, "heal", NOC_ACTIVE, NOC_TRUST_NORMAL);
	fix_advance(&f, 20000); /* longer than its timeout */
	assert_int_equal(f.started, 0);
	f.hold_durable = false;
	fix_pump(&f);
	assert_int_equal(f.started, 1);
	fix_advance(&f, 4900); /* its time began when it went out */
	assert_int_equal(f.cancelled, 0);
	fix_advance(&f, 200);
	assert_int_equal(f.cancelled, 1);
	fix_close(&f);
}

static void
test_retry(void **state)
{
	struct fix f = { 0 };
	struct noc_id id;

	(void)state;
	fix_open(&f, heal);
	id = fix_start(&f, "heal", NOC_ACTIVE, NOC_TRUST_NORMAL);
	assert_int_equal(f.started, 1);
	fix_advance(&f, 5000); /* timeout */
	assert_int_equal(f.cancelled, 1);
	fix_advance(&f, 1000); /* full jitter of 1 s */
	assert_int_equal(f.started, 2);
	/* The peer says when to come back: no sooner. */
	fix_refuse(&f, "snmp.get", "transient", 30000);
	fix_advance(&f, 29900);
	assert_int_equal(f.started, 2);
	fix_advance(&f, 200);
	assert_int_equal(f.started, 3);
	fix_refuse(&f, "snmp.get", "timeout", 0);
	fix_advance(&f, 100000);
	assert_int_equal(f.started, 3);
	assert_false(fix_running(&f, &id));
	assert_int_equal(fix_said(&f, "Failed: look"), 1);
	assert_int_equal(fix_count(&f, "STEP_START look"), 3);
	fix_close(&f);
}

static void
test_permanent_once(void **state)
{
	struct fix f = { 0 };
	struct noc_id id;

	(void)state;
	fix_open(&f, heal);
	id = fix_start(&f, "heal", NOC_ACTIVE, NOC_TRUST_NORMAL);
	fix_answer(&f, "snmp.get", "{\"admin\":\"down\",\"oper\":\"down\"}");
	fix_refuse(&f, "snmp.set", "permanent", 0);
	fix_advance(&f, 60000);
	assert_int_equal(f.sets, 1);
	assert_false(fix_running(&f, &id));
	fix_order(&f, "STEP_DONE raise sw1 snmp.set failed: permanent",
		  "RUN_END Failed", NULL);
	fix_close(&f);
}

static const char doubt[] =
    "flow \"launch\" { step \"job\" { exec { \"launch\", \"{device}\" },\n"
    "  timeout = \"5s\" } }\n"
    "flow \"probed\" { step \"job\" { exec { \"launch\" }, timeout = \"5s\",\n"
    "  probe = http.get { url = \"http://jobs.example/1\" } } }\n";

/* Not idempotent: after a timeout nobody knows, so a person is asked. */
static void
test_in_doubt(void **state)
{
	struct fix f = { 0 };
	struct noc_id id;

	(void)state;
	fix_open(&f, doubt);
	id = fix_start_flow(&f, "launch");
	fix_advance(&f, 5000);
	fix_advance(&f, 3600 * 1000);
	assert_int_equal(f.started, 1); /* never launched twice */
	assert_int_equal(fix_said(&f, "may or may not have happened"), 1);
	assert_int_equal(fix_signal(&f, &id, "nonsense"), NOC_ECONFLICT);
	assert_int_equal(fix_signal(&f, &id, "retry"), 0);
	assert_int_equal(f.started, 2);
	fix_advance(&f, 5000);
	assert_int_equal(fix_signal(&f, &id, "done"), 0);
	assert_false(fix_running(&f, &id));
	assert_int_equal(fix_said(&f, "Succeeded: job"), 1);

	/* Nobody answers: it does not wait for ever. */
	id = fix_start_flow(&f, "launch");
	fix_advance(&f, 5000);
	fix_advance(&f, 25 * 3600 * 1000);
	assert_false(fix_running(&f, &id));
	fix_close(&f);
}

/* In doubt or not, what is tried again is so before its deadline. */
static void
test_deadline(void **state)
{
	struct fix f = { 0 };
	struct noc_id id;

	(void)state;
	fix_open(&f,
		 "flow \"put\" { step \"job\" { exec { \"put\","
		 " idempotent = true }, timeout = \"5s\", deadline = \"6s\","
		 " retry = { initial = \"10s\", jitter = false } } }\n");
	id = fix_start_flow(&f, "put");
	fix_refuse(&f, "exec", "in_doubt", 0);
	fix_advance(&f, 11 * 1000);
	assert_int_equal(f.started, 1);
	assert_false(fix_running(&f, &id));
	assert_int_equal(
	    fix_said(&f, "Failed: job (nocturne): its deadline is over"), 1);
	fix_close(&f);
}

static void
test_probe(void **state)
{
	static const char *const unsaid[][2] = {
		{ "http", "transport" },
		{ "http", "403" },
		{ "executor", "exit 127" },
		{ "nocturne", "ECONFIG" },
	};
	struct fix f = { 0 };
	struct noc_id id;

	(void)state;
	fix_open(&f, doubt);
	id = fix_start_flow(&f, "probed");
	fix_advance(&f, 5000);
	fix_answer(&f, "http.get", "{\"status\":200}");
	assert_false(fix_running(&f, &id));
	fix_order(&f, "STEP_DONE job sw1 exec ok: it had happened", NULL);

	id = fix_start_flow(&f, "probed");
	fix_advance(&f, 5000);
	fix_refuse(&f, "http.get", "permanent", 0); /* 404: it did not */
	fix_advance(&f, 10);
	fix_answer(&f, "exec", "{\"exit\":0}");
	assert_false(fix_running(&f, &id));
	assert_int_equal(fix_said(&f, "Succeeded: job"), 2);

	/* Nobody has said that it did not: it is not done again. */
	for (size_t i = 0; i < NOC_COUNT(unsaid); i++) {
		unsigned started = f.started;
		struct noc_call_error e;

		id = fix_start_flow(&f, "probed");
		fix_advance(&f, 5000);
		noc_call_error_set(&e, "permanent", unsaid[i][0], unsaid[i][1],
				   "no");
		fix_refuse_as(&f, "http.get", &e);
		fix_advance(&f, 10);
		assert_int_equal(f.started - started, 2);
		assert_int_equal(fix_said(&f, "may or may not have happened"),
				 i + 1);
		assert_int_equal(fix_signal(&f, &id, "fail"), 0);
		fix_advance(&f, 600 * 1000); /* the breaker forgets */
	}
	fix_close(&f);
}

static void
test_verify_gives_up(void **state)
{
	struct fix f = { 0 };
	struct noc_id id;
	int reads = 0;

	(void)state;
	fix_open(&f, heal);
	id = fix_start(&f, "heal", NOC_ACTIVE, NOC_TRUST_NORMAL);
	fix_answer(&f, "snmp.get", "{\"admin\":\"up\",\"oper\":\"down\"}");
	while (fix_running(&f, &id) && reads < 100) {
		fix_answer(&f, "snmp.get", "{\"oper\":\"down\"}");
		fix_advance(&f, 3000);
		reads++;
	}
	assert_in_range(reads, 30, 32); /* 90 s of 3 s */
	assert_int_equal(
	    fix_said(&f, "Failed: is_up (verify): not as expected"), 1);
	assert_int_equal(fix_said(&f, "oper"),
			 2); /* and says what it saw, to noc too */
	assert_int_equal(f.sets, 0);
	fix_close(&f);
}

/* A flap starts the settling time over. */
static void
test_verify_flap(void **state)
{
	struct fix f = { 0 };
	struct noc_id id;

	(void)state;
	fix_open(&f, heal);
	id = fix_start(&f, "heal", NOC_ACTIVE, NOC_TRUST_NORMAL);
	fix_answer(&f, "snmp.get", "{\"admin\":\"up\",\"oper\":\"down\"}");
	fix_answer(&f, "snmp.get", "{\"oper\":\"up\"}");
	fix_advance(&f, 3000);
	fix_answer(&f, "snmp.get", "{\"oper\":\"up\"}");
	fix_advance(&f, 3000);
	fix_answer(&f, "snmp.get", "{\"oper\":\"down\"}");
	for (int i = 0; i < 4; i++) {
		fix_advance(&f, 3000);
		fix_answer(&f, "snmp.get", "{\"oper\":\"up\"}");
		assert_true(fix_running(&f, &id));
	}
	fix_advance(&f, 1000);
	fix_answer(&f, "snmp.get", "{\"oper\":\"up\"}");
	assert_false(fix_running(&f, &id));
	fix_close(&f);
}

static void
test_observe(void **state)
{
	struct fix f = { 0 };
	struct noc_id id;

	(void)state;
	fix_open(&f, heal);
	id = fix_start(&f, "heal", NOC_OBSERVE, NOC_TRUST_NORMAL);
	fix_answer(&f, "snmp.get", "{\"admin\":\"down\",\"oper\":\"down\"}");
	assert_int_equal(f.started, 1);
	assert_false(fix_running(&f, &id));
	fix_order(&f, "STEP_DONE look sw1 snmp.get ok",
		  "STEP_DONE raise sw1 snmp.set would have: snmp.set "
		  "ifAdminStatus.7=up",
		  "STEP_DONE is_up  snmp.get skipped: observe",
		  "RUN_END Succeeded", NULL);
	assert_int_equal(
	    fix_said(&f, "would have: snmp.set ifAdminStatus.7=up"), 1);
	fix_close(&f);
}

static const char blind[] =
    "rule \"blind\" { mode = \"active\", on = \"link.down\",\n"
    " run = flow { step \"raise\" { snmp.set { [\"ifAdminStatus.{ifindex}\"] = "
    "\"up\" }, timeout = \"5s\" } } }\n"
    "rule \"far\" { mode = \"active\", on = \"link.down\", run = flow {\n"
    " step \"look\" { snmp.get { a = \"ifAdminStatus.1\" }, timeout = \"5s\" },\n"
    " step \"raise\" { target = \"sw2\", snmp.set { [\"ifAdminStatus.1\"] = "
    "\"up\" }, timeout = \"5s\" } } }\n"
    "rule \"told\" { mode = \"active\", on = \"link.down\", run = flow {\n"
    " step \"tell\" { mail { to = \"a@b.example\" } },\n"
    " step \"look\" { snmp.get { a = \"ifAdminStatus.{ifindex}\" } },\n"
    " step \"raise\" { snmp.set { [\"ifAdminStatus.{ifindex}\"] = "
    "\"up\" }, timeout = \"5s\" } } }\n";

/* Anybody can send a datagram: without a read of that target nothing is set. */
static void
test_unconfirmed(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, blind);
	fix_start(&f, "blind", NOC_ACTIVE, NOC_TRUST_NORMAL);
	assert_int_equal(f.sets, 0);
	assert_int_equal(fix_said(&f, "not confirmed by a read of sw1"), 1);
	fix_start(&f, "far", NOC_ACTIVE, NOC_TRUST_NORMAL);
	fix_answer(&f, "snmp.get", "{\"a\":\"down\"}");
	assert_int_equal(f.sets, 0);
	assert_int_equal(fix_said(&f, "not confirmed by a read of sw2"), 1);
	f.now.wall_ns++; /* another event */
	fix_start(&f, "blind", NOC_ACTIVE, NOC_TRUST_HIGH);
	assert_int_equal(f.sets, 1);
	/* A mail is no read, nor is an answer without a value. */
	fix_start(&f, "told", NOC_ACTIVE, NOC_TRUST_NORMAL);
	fix_answer(&f, "snmp.set", "{}"); /* of before */
	fix_answer(&f, "mail", "{\"status\":250}");
	fix_answer(&f, "snmp.get", "{\"a\":null}");
	assert_int_equal(f.sets, 1);
	assert_int_equal(fix_said(&f, "not confirmed by a read of sw1"), 2);
	fix_close(&f);
}

/* Causes that anybody can send read one target four times at once, then once
 * in 10 s. */
static void
test_read_turns(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, heal);
	for (int i = 0; i < 6; i++) {
		f.now.wall_ns++; /* another event */
		fix_start(&f, "heal", NOC_ACTIVE, NOC_TRUST_NORMAL);
	}
	assert_int_equal(f.started, 4);
	for (int i = 0; i < 4; i++)
		fix_answer(&f, "snmp.get",
			   "{\"admin\":\"up\",\"oper\":\"up\"}");
	fix_advance(&f, 9900);
	assert_int_equal(f.started, 4);
	fix_advance(&f, 200);
	assert_int_equal(f.started, 5);
	fix_answer(&f, "snmp.get", "{\"admin\":\"up\",\"oper\":\"up\"}");
	fix_advance(&f, 10000);
	assert_int_equal(f.started, 6);
	fix_close(&f);
}

static void
test_cancel(void **state)
{
	struct fix f = { 0 };
	struct noc_id id;
	char text[NOC_ID_TEXT], *json;

	(void)state;
	fix_open(&f, heal);
	id = fix_start(&f, "heal", NOC_ACTIVE, NOC_TRUST_NORMAL);
	json = noc_asprintf("{\"verb\":\"run.cancel\",\"id\":\"%.13s\","
			    "\"why\":\"wrong port\",\"actor\":\"joe\"}",
			    noc_id_format(text, &id));
	assert_int_equal(fix_command(&f, json, NULL), 0);
	assert_int_equal(f.cancelled, 1);
	assert_false(fix_running(&f, &id));
	fix_order(&f, "SIGNAL cancel", "STEP_DONE look sw1 snmp.get cancelled",
		  "RUN_END Cancelled", NULL);
	assert_int_equal(fix_command(&f, json, NULL), NOC_ENOTFOUND);
	free(json);
	fix_close(&f);
}

/* What cannot be stopped answers late: journaled, and changes nothing. */
static void
test_late(void **state)
{
	struct fix f = { 0 };
	struct noc_id id;

	(void)state;
	fix_open(&f, "flow \"post\" { step \"ticket\" { http.post { url = "
		     "\"https://itsm.example/\" }, timeout = \"5s\", "
		     "on_crash = \"fail\" } }\n");
	id = fix_start_flow(&f, "post");
	fix_advance(&f, 6000);
	assert_false(fix_running(&f, &id));
	assert_int_equal(f.cancelled, 0);
	fix_order(&f, "STEP_DONE ticket sw1 http.post failed: in_doubt",
		  "RUN_END Failed", NULL);
	fix_answer(&f, "http.post", "{\"status\":201}");
	fix_order(&f, "RUN_END Failed", "STEP_DONE ticket sw1 http.post late",
		  NULL);
	assert_int_equal(fix_count(&f, "RUN_END"), 1);
	fix_close(&f);
}

static void
test_kill_switch(void **state)
{
	struct fix f = { 0 };
	struct noc_id id;

	(void)state;
	fix_open(&f, heal);
	id = fix_start(&f, "heal", NOC_ACTIVE, NOC_TRUST_NORMAL);
	assert_int_equal(fix_command(&f,
				     "{\"verb\":\"kill.on\",\"why\":\"x\","
				     "\"actor\":\"joe\"}",
				     NULL),
			 0);
	fix_answer(&f, "snmp.get", "{\"admin\":\"down\",\"oper\":\"down\"}");
	fix_advance(&f, 60000);
	assert_int_equal(f.sets, 0);
	assert_true(fix_running(&f, &id)); /* paused, not lost */
	assert_int_equal(fix_command(&f,
				     "{\"verb\":\"kill.off\",\"why\":\"x\","
				     "\"actor\":\"joe\"}",
				     NULL),
			 0);
	fix_advance(&f, 6000);
	assert_int_equal(f.sets, 1);
	fix_close(&f);
}

/* The switch is thrown while the intent waits for the disk. */
static void
test_killed_before_release(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, heal);
	fix_start(&f, "heal", NOC_ACTIVE, NOC_TRUST_NORMAL);
	fix_call(&f, "snmp.get");
	fix_hold(&f, "snmp.get", "{\"admin\":\"down\",\"oper\":\"down\"}");
	assert_int_equal(fix_count(&f, "STEP_START raise"), 1);
	fix_command_later(&f, "{\"verb\":\"kill.on\",\"why\":\"x\","
			      "\"actor\":\"joe\"}");
	f.hold_durable = false;
	fix_pump(&f);
	assert_int_equal(f.sets, 0);
	fix_order(&f, "STEP_START raise",
		  "STEP_DONE raise sw1 snmp.set not_started: kill switch",
		  NULL);
	fix_close(&f);
}

static void
test_same_cause_once(void **state)
{
	struct fix f = { 0 };
	struct noc_event *ev;
	struct noc_run_cause cause = { .mode = NOC_ACTIVE, .key = "k" };
	struct noc_id first, second;
	struct noc_rule *rule;
	struct noc_err err;

	(void)state;
	fix_open(&f, heal);
	rule = noc_ruleset_rule(noc_core_rules(f.core), "heal");
	ev = fix_event(&f, "link.down", "sw1", NOC_TRUST_NORMAL);
	cause.plan = rule->run;
	cause.rule = rule;
	cause.rule_name = rule->name;
	cause.definition = rule->definition;
	cause.ev = ev;
	noc_core_begin(f.core, f.now);
	assert_int_equal(noc_run_start(f.core, &cause, &first, &err), 0);
	assert_int_equal(noc_run_start(f.core, &cause, &second, &err),
			 NOC_ECONFLICT);
	noc_core_end(f.core);
	assert_memory_equal(&first, &second, sizeof(first));
	assert_int_equal(fix_runs(&f), 1);
	noc_event_unref(ev);
	fix_close(&f);
}

static void
test_output_and_input(void **state)
{
	struct fix f = { 0 };
	struct noc_call *call;

	(void)state;
	fix_open(
	    &f,
	    "flow \"psu\" {\n"
	    " step \"ticket\" { http.post { url = \"https://itsm/\" }, "
	    "timeout = \"5s\", output = { id = \"body.result.sys_id\" } },\n"
	    " log \"ticket {steps.ticket.id}\",\n"
	    " step \"use\" { exec { \"show\", \"{steps.ticket.id}\", "
	    "\"{input.device}\" }, timeout = \"5s\" },\n"
	    " step \"lost\" { exec { \"show\", \"{steps.ticket.nope}\" }, "
	    "timeout = \"5s\" } }\n");
	fix_start_flow(&f, "psu");
	fix_answer(&f, "http.post",
		   "{\"status\":201,\"body\":{\"result\":{\"sys_id\":"
		   "\"INC7\"}}}");
	assert_int_equal(fix_said(&f, "ticket INC7"), 1);
	call = fix_call(&f, "exec");
	assert_true(noc_value_is_str(
	    noc_value_at(noc_value_get(call->params, "items"), 1), "INC7"));
	assert_true(noc_value_is_str(
	    noc_value_at(noc_value_get(call->params, "items"), 2), "sw1"));
	fix_answer(&f, "exec", "{\"exit\":0}");
	/* A name without a value: the step fails before it starts. */
	assert_int_equal(f.started, 2);
	assert_int_equal(fix_said(&f, "Failed: lost"), 1);
	fix_close(&f);
}

static void
test_flow_starts_flow(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f,
		 "flow \"a\" { start \"b\" { who = \"{input.device}\" }, "
		 "log \"after\" }\n"
		 "flow \"b\" { sleep \"30s\", log \"b for {input.who}\" }\n");
	fix_start_flow(&f, "a");
	assert_int_equal(fix_said(&f, "a run"), 1);
	assert_int_equal(fix_said(&f, "b for sw1"), 0);
	fix_advance(&f, 31000);
	assert_int_equal(fix_said(&f, "b for sw1"), 1);
	assert_int_equal(fix_runs(&f), 0);
	fix_close(&f);
}

static void
test_pressure(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, heal);
	noc_core_pressure(f.core, 0.8, true);
	fix_start(&f, "heal", NOC_ACTIVE, NOC_TRUST_NORMAL);
	fix_advance(&f, 60000);
	assert_int_equal(f.started, 0);
	noc_core_pressure(f.core, 0.1, false);
	fix_advance(&f, 6000);
	assert_int_equal(f.started, 1);
	fix_close(&f);
}

static void
test_declared_input(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, "flow \"c\" { input = { role = \"string\" }, log "
		     "\"{input.role}\" }\n");
	assert_int_equal(
	    fix_command(&f, "{\"verb\":\"run.start\",\"flow\":\"c\"}", NULL),
	    NOC_EINPUT);
	assert_int_equal(fix_command(&f,
				     "{\"verb\":\"run.start\",\"flow\":\"c\","
				     "\"input\":{\"rule\":1,\"role\":2}}",
				     NULL),
			 NOC_EINPUT);
	assert_int_equal(fix_command(&f,
				     "{\"verb\":\"run.start\",\"flow\":\"c\","
				     "\"input\":{\"role\":\"access\"}}",
				     NULL),
			 0);
	assert_int_equal(fix_said(&f, "log c: access"), 1);
	assert_int_equal(
	    fix_command(&f, "{\"verb\":\"run.start\",\"flow\":\"d\"}", NULL),
	    NOC_ENOTFOUND);
	fix_close(&f);
}

/* What a run emits is an event like any other, one step further from its
 * cause and believed no more. */
static void
test_emit(void **state)
{
	struct fix f = { 0 };
	struct noc_id id;

	(void)state;
	fix_open(&f, "rule \"report\" { on = \"link.down\", run = flow {\n"
		     " emit \"incident.open\" { port = \"{ifname}\", summary = "
		     "\"lost {ifname}\" }, log \"emitted\" } }\n"
		     "rule \"incident\" { on = \"incident.open\", run = "
		     "log \"{summary} at {device} depth {depth} {trust}\" }\n");
	id = fix_start(&f, "report", NOC_ACTIVE, NOC_TRUST_NORMAL);
	assert_false(fix_running(&f, &id));
	assert_int_equal(fix_said(&f, "log report: emitted"), 1);
	assert_int_equal(
	    fix_said(&f, "log incident: lost eth7 at sw1 depth 1 normal"), 1);
	fix_order(&f, "STEP_START emit_1", "RUN_START", "STEP_DONE emit_1",
		  NULL);
	fix_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_stops_by_itself),
		cmocka_unit_test(test_intent_first),
		cmocka_unit_test(test_retry),
		cmocka_unit_test(test_permanent_once),
		cmocka_unit_test(test_in_doubt),
		cmocka_unit_test(test_probe),
		cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_verify_gives_up),
		cmocka_unit_test(test_verify_flap),
		cmocka_unit_test(test_observe),
		cmocka_unit_test(test_unconfirmed),
		cmocka_unit_test(test_read_turns),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_kill_switch),
		cmocka_unit_test(test_killed_before_release),
		cmocka_unit_test(test_same_cause_once),
		cmocka_unit_test(test_output_and_input),
		cmocka_unit_test(test_flow_starts_flow),
		cmocka_unit_test(test_emit),
		cmocka_unit_test(test_pressure),
		cmocka_unit_test(test_declared_input),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
