/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/correlate_fixture.h"

#include "engine/core/call.h"
#include "engine/edge/action.h"

/* Calls without a run, as a poll makes them: one end each, or none at all. */

struct ended {
	int n;
	bool ok;
	char class[32], message[256];
};

static void
on_ended(struct noc_call *call, struct noc_value *result,
	 const struct noc_call_error *err, void *arg)
{
	struct ended *e = arg;

	(void)call;
	e->n++;
	e->ok = !err;
	if (err) {
		snprintf(e->class, sizeof(e->class), "%s", err->class);
		snprintf(e->message, sizeof(e->message), "%s", err->message);
	} else {
		assert_non_null(result);
	}
	noc_value_free(result);
}

static struct noc_call *
begin(struct fix *f, const char *action, struct ended *e, struct noc_err *err)
{
	struct noc_value *params = noc_value_map();

	noc_value_set(params, "node", noc_value_str(action));
	noc_core_now(f->core, f->now);
	return noc_call_start(&f->env, action, params, "sw1", 5000, on_ended, e,
			      err);
}

static const char rules[] = "flow \"f\" { log \"x\" }\n";

static void
test_answered(void **state)
{
	struct ended e = { 0 };
	struct noc_call *call;
	struct noc_err err;
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, rules);
	call = begin(&f, "snmp.get", &e, &err);
	assert_non_null(call);
	assert_string_equal(call->target, "sw1");
	assert_int_equal(call->timeout_ms, 5000);
	fix_answer(&f, "snmp.get", "{\"a\":1}");
	assert_int_equal(e.n, 1);
	assert_true(e.ok);
	fix_advance(&f, 10000); /* and no time-out after it */
	assert_int_equal(e.n, 1);
	assert_int_equal(f.cancelled, 0);
	fix_close(&f);
}

/* Nothing is an answer too: an empty one. */
static void
test_answered_nothing(void **state)
{
	struct ended e = { 0 };
	struct noc_call *call;
	struct noc_err err;
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, rules);
	call = begin(&f, "snmp.get", &e, &err);
	f.ncalls = 0;
	noc_call_done(&f.env, call, NULL, NULL);
	fix_pump(&f);
	assert_int_equal(e.n, 1);
	assert_true(e.ok);
	fix_close(&f);
}

static void
test_no_answer_in_time(void **state)
{
	struct ended e = { 0 };
	struct noc_err err;
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, rules);
	begin(&f, "snmp.get", &e, &err);
	fix_advance(&f, 4999);
	assert_int_equal(f.cancelled, 0);
	fix_advance(&f, 1);
	assert_int_equal(f.cancelled, 1);
	assert_int_equal(e.n, 1);
	assert_string_equal(e.class, "timeout");
	assert_string_equal(e.message, "no answer within 5000 ms");
	fix_close(&f);
}

/* It came just before: the time-out that is due too says nothing more. */
static void
test_answer_on_its_way(void **state)
{
	struct ended e = { 0 };
	struct noc_call *call;
	struct noc_err err;
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, rules);
	call = begin(&f, "snmp.get", &e, &err);
	f.hold_durable = true;
	fix_command_later(&f, "{\"verb\":\"kill.on\",\"why\":\"w\"}");
	f.ncalls = 0;
	noc_call_done(&f.env, call, noc_value_map(), NULL);
	assert_int_equal(e.n, 0); /* never within the caller */
	fix_advance(&f, 6000);
	assert_int_equal(e.n, 0);
	f.hold_durable = false;
	fix_pump(&f);
	assert_int_equal(e.n, 1);
	assert_true(e.ok);
	assert_int_equal(f.cancelled, 0);
	fix_close(&f);
}

/* Nobody wants it any more: it ends without a word, whenever that is. */
static void
test_cancelled(void **state)
{
	struct ended e = { 0 };
	struct noc_call *call;
	struct noc_err err;
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, rules);
	call = begin(&f, "snmp.get", &e, &err);
	noc_call_cancel(&f.env, call);
	assert_int_equal(f.cancelled, 1);
	assert_int_equal(f.ncalls, 0);
	fix_advance(&f, 10000);
	assert_int_equal(e.n, 0);
	assert_int_equal(f.cancelled, 1);
	/* Its answer was on its way. */
	call = begin(&f, "snmp.get", &e, &err);
	f.hold_durable = true;
	fix_command_later(&f, "{\"verb\":\"kill.on\",\"why\":\"w\"}");
	f.ncalls = 0;
	noc_call_done(&f.env, call, noc_value_map(), NULL);
	noc_call_cancel(&f.env, call);
	f.hold_durable = false;
	fix_pump(&f);
	fix_advance(&f, 10000);
	assert_int_equal(e.n, 0);
	assert_int_equal(f.cancelled, 1);
	fix_close(&f);
}

static void
test_not_begun(void **state)
{
	static const char *const actions[] = { "snmp.nope", "log", "notify" };
	struct ended e = { 0 };
	struct noc_err err;
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, rules);
	for (size_t i = 0; i < NOC_COUNT(actions); i++) {
		char want[64];

		assert_null(begin(&f, actions[i], &e, &err));
		snprintf(want, sizeof(want), "There is no action '%s' to call.",
			 actions[i]);
		assert_string_equal(err.msg, want);
		assert_int_equal(err.kind, NOC_ENOTFOUND);
	}
	f.refuses = NOC_EAGAIN;
	assert_null(begin(&f, "snmp.get", &e, &err));
	assert_int_equal(err.kind, NOC_EAGAIN);
	fix_advance(&f, 10000);
	assert_int_equal(e.n, 0);
	fix_close(&f);
}

/* The device of then, also when the inventory is another one by the end. */
static void
test_device(void **state)
{
	struct ended e = { 0 };
	struct noc_call *call;
	struct noc_err err;
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, rules);
	call = begin(&f, "snmp.get", &e, &err);
	assert_null(call->device);
	fix_answer(&f, "snmp.get", "{}");
	cor_inventory(&f, "name,address,role\nsw1,192.0.2.1,access\n");
	call = begin(&f, "snmp.get", &e, &err);
	assert_non_null(call->device);
	cor_inventory(&f, "name,address,role\nsw9,192.0.2.9,core\n");
	assert_string_equal(call->device->addresses[0], "192.0.2.1");
	fix_answer(&f, "snmp.get", "{}");
	assert_int_equal(e.n, 2);
	fix_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answered),
		cmocka_unit_test(test_answered_nothing),
		cmocka_unit_test(test_no_answer_in_time),
		cmocka_unit_test(test_answer_on_its_way),
		cmocka_unit_test(test_cancelled),
		cmocka_unit_test(test_not_begun),
		cmocka_unit_test(test_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
