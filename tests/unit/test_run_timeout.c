/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/run_fixture.h"

#include "base/mem.h"
#include "engine/edge/action.h"

/*
 * A flow's timeout ends its run whatever it waits for, but for a person; an
 * escalation after the failure is not the flow any more.
 */
#define FLOW(steps)                                                        \
	"rule \"r\" { on = \"work.todo\", mode = \"active\", run = flow {" \
	" timeout = \"2s\", " steps " } }"
#define ACT                                                        \
	"step \"act\" { exec { \"/bin/act\" }, timeout = \"50s\"," \
	" on_crash = \"ask\" }"
#define LONGER "the flow has run longer than its timeout"

static struct noc_id
begun(struct fix *f, const char *rules)
{
	fix_open(f, rules);
	return fix_start(f, "r", NOC_ACTIVE, NOC_TRUST_HIGH);
}

/* Lines of runs that say so, with the time that they took, not those of what
 * is told to noc. */
static size_t
longer(struct fix *f)
{
	return fix_said(f, "(flow): " LONGER " (");
}

static void
over(struct fix *f, const struct noc_id *id)
{
	fix_advance(f, 1900);
	assert_true(fix_running(f, id));
	fix_advance(f, 200);
	assert_false(fix_running(f, id));
	assert_string_equal(noc_run_state(f->core, id), "Failed");
	assert_int_equal(longer(f), 1);
	fix_advance(f, 60000);
	assert_int_equal(longer(f), 1);
}

static void
test_sleeping(void **state)
{
	struct fix f = { 0 };
	struct noc_id id = begun(&f, FLOW("sleep \"6s\", " ACT));

	(void)state;
	over(&f, &id);
	assert_int_equal(f.started, 0);
	fix_close(&f);
}

static void
test_clock_is_set_back(void **state)
{
	struct fix f = { 0 };
	struct noc_id id = begun(&f, FLOW("sleep \"6s\", " ACT));

	(void)state;
	f.now.wall_ns -= 3600 * NOC_NS_PER_S;
	over(&f, &id);
	assert_int_equal(f.started, 0);
	fix_close(&f);
}

static void
test_paused(void **state)
{
	struct fix f = { 0 };
	struct noc_id id;

	(void)state;
	fix_open(&f, FLOW(ACT));
	fix_command(&f, "{\"verb\":\"kill.on\",\"why\":\"x\"}", NULL);
	id = fix_start(&f, "r", NOC_ACTIVE, NOC_TRUST_HIGH);
	over(&f, &id);
	fix_command(&f, "{\"verb\":\"kill.off\",\"why\":\"x\"}", NULL);
	fix_advance(&f, 60000);
	assert_int_equal(f.started, 0);
	fix_close(&f);
}

/* What is under way is stopped, and it is said that it may have happened. */
static void
test_calling(void **state)
{
	struct fix f = { 0 };
	struct noc_id id = begun(&f, FLOW(ACT));

	(void)state;
	fix_call(&f, "exec");
	over(&f, &id);
	assert_int_equal(f.cancelled, 1);
	assert_int_equal(f.started, 1);
	fix_close(&f);
}

static void
test_retrying(void **state)
{
	struct fix f = { 0 };
	struct noc_id id = begun(
	    &f, FLOW("step \"get\" { http.get { url = \"http://192.0.2.1/\" },"
		     " timeout = \"1s\", retry = { attempts = 5,"
		     " initial = \"20s\", jitter = false } }"));

	(void)state;
	fix_refuse(&f, "http.get", "transient", 20000);
	over(&f, &id);
	assert_int_equal(f.started, 1);
	fix_close(&f);
}

/* A person who is asked may take longer; then the flow goes no further. */
static void
test_asked(void **state)
{
	struct fix f = { 0 };
	struct noc_id id =
	    begun(&f, FLOW(ACT ", step \"more\" { exec {"
			       " \"/bin/more\" }, timeout = \"5s\" }"));

	(void)state;
	fix_refuse(&f, "exec", "in_doubt", 0);
	fix_advance(&f, 60000);
	assert_true(fix_running(&f, &id));
	assert_int_equal(fix_signal(&f, &id, "done"), 0);
	assert_false(fix_running(&f, &id));
	assert_int_equal(longer(&f), 1);
	assert_int_equal(f.started, 1);
	fix_close(&f);
}

/* ---- a doubt is settled first ---- */

#define DOUBTED                                                               \
	"step \"act\" { exec { \"/bin/act\" }, timeout = \"1900ms\", probe =" \
	" exec { \"look\", mutates = false } }, step \"more\" { exec {"       \
	" \"/bin/more\" }, timeout = \"5s\" }"

/* Its probe is out at the end of its time: what it says is written down, and
 * then nothing more is done. */
static void
test_probing(void **state)
{
	static const struct {
		const char *class, *code, *order;
		bool asks;
	} cases[] = {
		{ NULL, NULL, "STEP_DONE act sw1 exec ok: it had happened",
		  false },
		{ "permanent", "exit 1", "STEP_DONE act sw1 exec retry in 0 ms",
		  false },
		{ "permanent", "exit 126", "STEP_DONE act sw1 exec in_doubt",
		  true },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct noc_call_error e;
		struct fix f = { 0 };
		struct noc_id id = begun(&f, FLOW(DOUBTED));

		fix_advance(&f, 1901); /* it timed out, and is looked after */
		assert_int_equal(f.started, 2);
		fix_advance(&f, 200);
		assert_true(fix_running(&f, &id));
		assert_int_equal(f.ncalls, 1);
		if (cases[i].class) {
			noc_call_error_set(&e, cases[i].class, "executor",
					   cases[i].code, "it said no");
			fix_refuse_as(&f, "exec", &e);
		} else {
			fix_answer(&f, "exec", "{}");
		}
		fix_advance(&f, 1000);
		fix_order(&f, cases[i].order, NULL);
		assert_int_equal(fix_running(&f, &id), cases[i].asks);
		assert_int_equal(longer(&f), !cases[i].asks);
		fix_advance(&f, 60000);
		assert_int_equal(f.started, 2);
		fix_close(&f);
	}
}

/* So it is where the probe waits for its turn, or for its next try. */
static void
test_probe_is_to_come(void **state)
{
	struct noc_value *config = noc_value_map();
	struct fix f = { .env.config = config };
	struct noc_id id;

	(void)state;
	noc_value_set(config, "limits.exec", noc_value_int(1));
	id = begun(&f, FLOW(DOUBTED) "flow \"hold\" { step \"s\" { exec {"
				     " \"/bin/hold\" }, timeout = \"3s\" } }");
	fix_start_flow(&f, "hold");
	fix_advance(&f, 4800);
	assert_int_equal(f.started, 2); /* hold, before the probe */
	assert_true(fix_running(&f, &id));
	fix_advance(&f, 200);
	assert_int_equal(f.started, 3);
	fix_refuse(&f, "exec", "transient", 5000);
	fix_advance(&f, 4900);
	assert_true(fix_running(&f, &id));
	fix_advance(&f, 200);
	fix_answer(&f, "exec", "{}");
	assert_false(fix_running(&f, &id));
	assert_int_equal(fix_count(&f, "ok: it had happened"), 1);
	fix_close(&f);
	noc_value_free(config);
}

static void
test_escalation_goes_on(void **state)
{
	struct fix f = { 0 };
	struct noc_id id = begun(
	    &f, FLOW("sleep \"6s\", on_fail = escalate { { \"0s\", notify"
		     " \"noc\" { \"first\" } }, { \"10s\", notify \"noc\" {"
		     " \"second\" } }, max = \"1h\" }"));

	(void)state;
	fix_advance(&f, 2100);
	assert_true(fix_running(&f, &id));
	assert_int_equal(fix_said(&f, "first"), 1);
	fix_advance(&f, 10100);
	assert_int_equal(fix_said(&f, "second"), 1);
	assert_int_equal(fix_signal(&f, &id, "ack"), 0);
	fix_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sleeping),
		cmocka_unit_test(test_clock_is_set_back),
		cmocka_unit_test(test_paused),
		cmocka_unit_test(test_calling),
		cmocka_unit_test(test_retrying),
		cmocka_unit_test(test_asked),
		cmocka_unit_test(test_probing),
		cmocka_unit_test(test_probe_is_to_come),
		cmocka_unit_test(test_escalation_goes_on),
	};

	return cmocka_run_group_tests_name("run timeout", tests, NULL, NULL);
}
