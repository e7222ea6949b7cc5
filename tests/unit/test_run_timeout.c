/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/run_fixture.h"

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
#define LONGER "longer than its timeout"

static struct noc_id
begun(struct fix *f, const char *rules)
{
	fix_open(f, rules);
	return fix_start(f, "r", NOC_ACTIVE, NOC_TRUST_HIGH);
}

static void
over(struct fix *f, const struct noc_id *id)
{
	fix_advance(f, 1900);
	assert_true(fix_running(f, id));
	fix_advance(f, 200);
	assert_false(fix_running(f, id));
	assert_string_equal(noc_run_state(f->core, id), "Failed");
	assert_int_equal(fix_said(f, LONGER), 1);
	fix_advance(f, 60000);
	assert_int_equal(fix_said(f, LONGER), 1);
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
	assert_int_equal(fix_said(&f, LONGER), 1);
	assert_int_equal(f.started, 1);
	fix_close(&f);
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
		cmocka_unit_test(test_escalation_goes_on),
	};

	return cmocka_run_group_tests_name("run timeout", tests, NULL, NULL);
}
