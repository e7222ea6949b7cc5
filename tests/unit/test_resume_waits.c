/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/life_fixture.h"

/* What a run waits for, and all it knows, is the same after a restart. */

/* ---- until when ---- */

struct wait {
	const char *rules, *phase;
	void (*reach)(struct fix *f);
	int64_t ms;
	/* In the journal then; NULL: a call goes out. */
	const char *then;
	unsigned times;
};

static const char rules[] =
    "flow \"retry\" { step \"look\" { snmp.get { a = \"sysName.0\" },"
    " timeout = \"5s\", retry = { initial = \"10s\", jitter = false } } }\n"
    "rule \"turn\" { mode = \"active\", on = \"link.down\", run = flow {"
    " step \"look\" { snmp.get { a = \"sysName.0\" }, timeout = \"5s\" },"
    " stop \"enough\" { when = { device = exists } },"
    " step \"set\" { snmp.set { a = \"up\" }, timeout = \"5s\" } } }\n"
    "flow \"sleep\" { sleep \"10s\", log \"awake\" }\n"
    "flow \"verify\" { verify \"v\" { snmp.get { a = \"sysName.0\" },"
    " expect = { a = \"up\" }, every = \"10s\", within = \"1m\" } }\n"
    "flow \"levels\" { escalate { { \"0s\", notify \"noc\" { \"first\" } },"
    " { \"10s\", notify \"oncall\" { \"second\" } } } }\n"
    "flow \"again\" { escalate { { \"0s\", notify \"noc\" { \"first\" } },"
    " again = \"10s\" } }\n"
    "flow \"max\" { escalate { { \"0s\", notify \"noc\" { \"first\" } },"
    " max = \"10s\" } }\n";

static void
reach_retry(struct fix *f)
{
	fix_start_flow(f, "retry");
	fix_refuse(f, "snmp.get", "transient", 0);
}

static void
reach_turn(struct fix *f)
{
	for (int i = 0; i < 5; i++) {
		f->now.wall_ns++;
		fix_start(f, "turn", NOC_ACTIVE, NOC_TRUST_NORMAL);
	}
	for (int i = 0; i < 4; i++)
		fix_answer(f, "snmp.get", "{\"a\":\"x\"}");
}

static void
reach_sleep(struct fix *f)
{
	fix_start_flow(f, "sleep");
}

static void
reach_verify(struct fix *f)
{
	fix_start_flow(f, "verify");
	fix_answer(f, "snmp.get", "{\"a\":\"down\"}");
}

static void
reach_levels(struct fix *f)
{
	fix_start_flow(f, "levels");
}

static void
reach_again(struct fix *f)
{
	fix_start_flow(f, "again");
}

static void
reach_max(struct fix *f)
{
	fix_start_flow(f, "max");
}

static const struct wait waits[] = {
	{ rules, "retrying", reach_retry, 10000, "\"attempt\":2,\"deadline\"",
	  1 },
	{ rules, "waiting_read", reach_turn, 10000, NULL, 1 },
	{ rules, "sleeping", reach_sleep, 10000, "RUN_END Succeeded", 1 },
	{ rules, "verifying", reach_verify, 10000, NULL, 1 },
	{ rules, "escalating", reach_levels, 10000, "second", 1 },
	{ rules, "waiting_event", reach_again, 10000, "first", 1 },
	{ rules, "waiting_event", reach_max, 10000, "RUN_END Failed", 1 },
};

static void
test_waits_go_on(void **state)
{
	(void)state;
	for (size_t i = 0; i < NOC_COUNT(waits); i++) {
		const struct wait *w = &waits[i];
		char *dir = state_make();
		struct fix f;

		life_open(&f, dir, noc_clock_read(), w->rules);
		w->reach(&f);
		assert_int_equal(fix_runs(&f), 1);
		fix_advance(&f, w->ms / 2);
		life_dies(&f, dir, w->rules);
		/* Its row says all that already. */
		assert_int_equal(f.runs, 0);
		fix_advance(&f, w->ms - w->ms / 2 - 101);
		if (f.started || (w->then && fix_count(&f, w->then)))
			fail_msg("%s: too early", w->phase);
		fix_advance(&f, 1);
		if (w->then ? fix_count(&f, w->then) != w->times
			    : f.started != w->times)
			fail_msg("%s: not then", w->phase);
		life_done(&f, dir);
	}
}

/* It is named as before, by what it waits for. */
static void
test_phases_are_kept(void **state)
{
	(void)state;
	for (size_t i = 0; i < NOC_COUNT(waits); i++) {
		struct noc_id last;
		char *dir = state_make(), *json, text[NOC_ID_TEXT];
		struct fix f;

		life_open(&f, dir, noc_clock_read(), waits[i].rules);
		waits[i].reach(&f);
		last = noc_run_last(f.core);
		life_dies(&f, dir, waits[i].rules);
		json = noc_asprintf("{\"verb\":\"run.cancel\",\"id\":\"%s\"}",
				    noc_id_format(text, &last));
		assert_int_equal(fix_command(&f, json, NULL), 0);
		free(json);
		json = noc_asprintf("SIGNAL cancel {\"phase\":\"%s\"",
				    waits[i].phase);
		if (fix_count(&f, json) != 1)
			fail_msg("not %s", waits[i].phase);
		free(json);
		life_done(&f, dir);
	}
}

/* What was overdue when it came up is done at once. */
static void
test_overdue_at_once(void **state)
{
	(void)state;
	for (size_t i = 0; i < NOC_COUNT(waits); i++) {
		const struct wait *w = &waits[i];
		char *dir = state_make();
		struct noc_now now;
		struct fix f;

		life_open(&f, dir, noc_clock_read(), w->rules);
		w->reach(&f);
		f.dead = true;
		now = f.now;
		life_close(&f);
		now.wall_ns += 30 * NOC_NS_PER_S;
		life_open(&f, dir, now, w->rules);
		fix_advance(&f, 1);
		if (w->then ? fix_count(&f, w->then) != w->times
			    : f.started != w->times)
			fail_msg("%s: not at once", w->phase);
		life_done(&f, dir);
	}
}

/* ---- verify ---- */

#define VERIFY(stable)                                                      \
	"flow \"v\" { verify \"v\" { snmp.get { a = \"sysName.0\" },"       \
	" expect = { a = \"up\" }, every = \"3s\", within = \"30s\"" stable \
	" } }\n"

/* How long it has held is not forgotten. */
static void
test_verify_holds_over_a_restart(void **state)
{
	static const char verify[] = VERIFY(", stable = \"10s\"");
	char *dir = state_make();
	struct noc_id id;
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), verify);
	id = fix_start_flow(&f, "v");
	fix_answer(&f, "snmp.get", "{\"a\":\"up\"}");
	fix_advance(&f, 2800);
	life_dies(&f, dir, verify);
	fix_advance(&f, 100);
	for (int i = 0; i < 3; i++) {
		fix_answer(&f, "snmp.get", "{\"a\":\"up\"}");
		assert_true(fix_running(&f, &id));
		fix_advance(&f, i < 2 ? 3000 : 1000);
	}
	/* Its last read is at the 10 s, not at the next 3 s. */
	fix_answer(&f, "snmp.get", "{\"a\":\"up\"}");
	assert_false(fix_running(&f, &id));
	assert_int_equal(fix_count(&f, "\"reads\":5"), 1);
	life_done(&f, dir);
}

/* Neither is how often it was read, nor until when it has. */
static void
test_verify_ends_over_a_restart(void **state)
{
	static const char verify[] = VERIFY("");
	char *dir = state_make();
	struct noc_id id;
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), verify);
	id = fix_start_flow(&f, "v");
	for (int i = 0; i < 5; i++) {
		fix_answer(&f, "snmp.get", "{\"a\":\"down\"}");
		fix_advance(&f, 3000);
	}
	/* A read is out: it is read again at once, and no intent written. */
	life_dies(&f, dir, verify);
	fix_call(&f, "snmp.get");
	assert_int_equal(fix_count(&f, "STEP_START"), 0);
	for (int i = 0; i < 5; i++) {
		fix_answer(&f, "snmp.get", "{\"a\":\"down\"}");
		fix_advance(&f, 3000);
	}
	assert_true(fix_running(&f, &id));
	fix_answer(&f, "snmp.get", "{\"a\":\"down\"}");
	assert_false(fix_running(&f, &id));
	assert_int_equal(
	    fix_said(&f, "not as expected within 30 s (11 reads): "), 1);
	life_done(&f, dir);
}

/* ---- escalations ---- */

static const char heal[] =
    "rule \"heal\" { on = \"link.down\", key = \"{device}/{ifname}\", run = flow {"
    " step \"look\" { snmp.get { a = \"sysName.0\" }, timeout = \"5s\" },"
    " on_fail = escalate { { \"0s\", notify \"noc\" { \"{device} {ifname}\" } },"
    " { \"10m\", notify \"oncall\" { \"{error.class}: {error.message}\" } },"
    " stop_on = { \"link.up\" } } } }\n"
    "rule \"step\" { on = \"link.down\", key = \"{device}/{ifname}\", run = flow {"
    " escalate { { \"0s\", notify \"noc\" { \"down\" } },"
    " stop_on = { \"link.up\" } }, log \"answered\", sleep \"1m\" } }\n";

/* An event ends it, for those who were told before the restart too. */
static void
test_escalation_is_ended_by_its_event(void **state)
{
	static const char *const names[] = { "heal", "step" };

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(names); i++) {
		char *dir = state_make();
		struct noc_id id;
		struct fix f;

		life_open(&f, dir, noc_clock_read(), heal);
		id = fix_start(&f, names[i], NOC_ACTIVE, NOC_TRUST_HIGH);
		if (i == 0)
			fix_refuse(&f, "snmp.get", "permanent", 0);
		life_dies(&f, dir, heal);
		assert_int_equal(fix_said(&f, "notify noc"), 0);
		fix_happens(&f, "link.up", "sw2");
		assert_true(fix_running(&f, &id));
		fix_happens(&f, "link.up", "sw1");
		assert_int_equal(
		    fix_said(&f, "notify noc: all clear (link.up)"), 1);
		assert_int_equal(fix_said(&f, "notify oncall"), 0);
		/* As a step it was answered, else the run stays failed. */
		assert_int_equal(fix_running(&f, &id), i == 1);
		assert_int_equal(fix_said(&f, "log step: answered"), i == 1);
		assert_int_equal(
		    fix_said(&f, "Failed: look (device): it said no"), i == 0);
		life_done(&f, dir);
	}
}

/* Also when its rule has got another key meanwhile. */
static void
test_escalation_is_ended_under_another_key(void **state)
{
	static const char other_key[] =
	    "rule \"heal\" { on = \"link.down\", key = \"{ifname}/{device}\", run ="
	    " log \"x\" }\n";

	(void)state;
	for (int restart = 0; restart < 2; restart++) {
		char *dir = state_make();
		struct noc_id id;
		struct fix f;

		life_open(&f, dir, noc_clock_read(), heal);
		id = fix_start(&f, "heal", NOC_ACTIVE, NOC_TRUST_HIGH);
		fix_refuse(&f, "snmp.get", "permanent", 0);
		if (restart)
			life_dies(&f, dir, other_key);
		else
			fix_rules(&f, other_key);
		fix_happens(&f, "link.up", "sw2");
		assert_true(fix_running(&f, &id));
		fix_happens(&f, "link.up", "sw1");
		assert_false(fix_running(&f, &id));
		life_done(&f, dir);
	}
}

/* What failed is told in words of before. */
static void
test_error_is_kept(void **state)
{
	char *dir = state_make();
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), heal);
	fix_start(&f, "heal", NOC_ACTIVE, NOC_TRUST_HIGH);
	fix_refuse(&f, "snmp.get", "permanent", 0);
	life_dies(&f, dir, heal);
	fix_advance(&f, 600 * 1000);
	assert_int_equal(
	    fix_said(&f, "notify oncall: permanent: it said no (permanent)"),
	    1);
	life_done(&f, dir);
}

/* ---- what it knows ---- */

static void
test_names_are_kept(void **state)
{
	static const char known[] =
	    "rule \"r\" { on = \"link.down\", key = \"{link}\", run = flow {"
	    " step \"look\" { snmp.get { a = \"sysName.0\" }, timeout ="
	    " \"5s\" }, sleep \"10s\", log \"{run.rule} {run.plan} {run.key}"
	    " {run.device} {run.mode} {steps.look.a} {ifname} {device}"
	    " {kind}\" } }\n"
	    "flow \"f\" { sleep \"10s\", log \"{run.rule} {run.device}"
	    " {input.device} {device}\" }\n";
	static const char *const says[] = {
		"log r: r r sw1/eth7 sw1 active box eth7 sw1 link.down",
		"log f: f sw1 sw1 sw1",
	};

	(void)state;
	for (int i = 0; i < 4; i++) {
		char *dir = state_make();
		struct fix f;

		life_open(&f, dir, noc_clock_read(), known);
		if (i / 2) {
			fix_start_flow(&f, "f");
		} else {
			fix_start(&f, "r", NOC_ACTIVE, NOC_TRUST_HIGH);
			fix_answer(&f, "snmp.get", "{\"a\":\"box\"}");
		}
		if (i % 2)
			life_dies(&f, dir, known);
		fix_advance(&f, 10000);
		if (fix_said(&f, says[i / 2]) != 1) {
			fix_dump(&f);
			fail_msg("not '%s'", says[i / 2]);
		}
		life_done(&f, dir);
	}
}

#define SET                                                                   \
	"step \"set\" { snmp.set { [\"ifAdminStatus.7\"] = \"up\" }, timeout" \
	" = \"5s\" }"
#define VERIFIED                                                         \
	"verify \"v\" { snmp.get { a = \"ifOperStatus.7\" }, expect = {" \
	" a = \"up\" } }"

/* What only observes does so for ever, and ends with what it would have. */
static void
test_mode_is_kept(void **state)
{
	static const char observe[] =
	    "rule \"r\" { on = \"link.down\", run = flow { " SET
	    ", sleep \"10s\", " VERIFIED ", step \"more\" { snmp.set {"
	    " [\"ifAdminStatus.8\"] = \"up\" }, timeout = \"5s\" } } }\n";
	char *dir = state_make();
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), observe);
	fix_start(&f, "r", NOC_OBSERVE, NOC_TRUST_HIGH);
	life_dies(&f, dir, observe);
	fix_advance(&f, 10000);
	assert_int_equal(f.started, 0); /* nor is anything to verify */
	assert_int_equal(fix_count(&f, "would have: snmp.set ifAdminStatus.8"),
			 1);
	assert_int_equal(fix_said(&f, "[observe] r run"), 1);
	assert_int_equal(fix_said(&f, "Succeeded: would have: snmp.set "
				      "ifAdminStatus.7=up"),
			 1);
	life_done(&f, dir);
}

/* What cannot be read must not act. */
static void
test_unreadable_mode_observes(void **state)
{
	static const char active[] =
	    "rule \"r\" { mode = \"active\", on = \"link.down\", run = flow {"
	    " sleep \"10s\", " SET " } }\n";
	char *dir = state_make();
	struct noc_now now;
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), active);
	fix_start(&f, "r", NOC_ACTIVE, NOC_TRUST_HIGH);
	f.dead = true;
	now = f.now;
	life_close(&f);
	state_sql(dir, "UPDATE runs SET mode = 'nonsense'");
	life_open(&f, dir, now, active);
	fix_advance(&f, 10000);
	assert_int_equal(f.sets, 0);
	assert_int_equal(fix_count(&f, "would have: snmp.set"), 2);
	life_done(&f, dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_waits_go_on),
		cmocka_unit_test(test_phases_are_kept),
		cmocka_unit_test(test_overdue_at_once),
		cmocka_unit_test(test_verify_holds_over_a_restart),
		cmocka_unit_test(test_verify_ends_over_a_restart),
		cmocka_unit_test(test_escalation_is_ended_by_its_event),
		cmocka_unit_test(test_escalation_is_ended_under_another_key),
		cmocka_unit_test(test_error_is_kept),
		cmocka_unit_test(test_names_are_kept),
		cmocka_unit_test(test_mode_is_kept),
		cmocka_unit_test(test_unreadable_mode_observes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
