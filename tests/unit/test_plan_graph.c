/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/unit.h"

#include "engine/flow/plan.h"
#include "tests/unit/rules_fixture.h"

/* The plan of flow "f" of a text. */
static struct noc_plan *
plan(const char *text, struct noc_ruleset **rs)
{
	*rs = rules_load(text);
	return noc_table_get(&(*rs)->flows, "f");
}

/* "0 look step ^- >1 <" a node: place, name, kind, up, end, edges. */
static char *
drawn(const struct noc_plan *p)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;

	for (size_t i = 0; i < p->nsteps; i++) {
		const struct noc_step_def *s = &p->steps[i];

		noc_strbuf_addf(&sb, "%zu %s %s", i,
				noc_step_kind_name(s->kind), s->name);
		if (s->up != NOC_NODE_TOP)
			noc_strbuf_addf(&sb, " in %zu", s->up);
		if (s->end != i + 1)
			noc_strbuf_addf(&sb, " to %zu", s->end);
		for (size_t k = 0; k < s->nin; k++)
			noc_strbuf_addf(&sb, " %s%u",
					s->in[k].on == NOC_ON_OK       ? "<"
					: s->in[k].on == NOC_ON_FAILED ? "!"
								       : "*",
					s->in[k].from);
		noc_strbuf_addc(&sb, '\n');
	}
	return noc_strbuf_detach(&sb, NULL);
}

static void
assert_drawn(const struct noc_plan *p, const char *want)
{
	char *got = drawn(p);
	struct noc_plan *q;
	struct noc_err err;

	assert_string_equal(got, want);
	free(got);
	if (noc_plan_from_json(p->json, &q, &err))
		fail_msg("%s", err.msg);
	assert_string_equal(p->json, q->json);
	assert_memory_equal(p->hash, q->hash, 32);
	got = drawn(q);
	assert_string_equal(got, want);
	free(got);
	assert_int_equal(q->nbody, p->nbody);
	assert_int_equal(q->on_fail_node, p->on_fail_node);
	assert_int_equal(q->finally_node, p->finally_node);
	assert_int_equal(q->undo, p->undo);
	assert_int_equal(q->undo_cancelled, p->undo_cancelled);
	assert_int_equal(q->acting, p->acting);
	noc_plan_unref(q);
}

static void
test_a_list_is_a_line_and_after_stands_beside(void **state)
{
	struct noc_ruleset *rs;
	struct noc_plan *p = plan(
	    "flow \"f\" { log \"a\","
	    " step \"b\" { log \"b\" },"
	    " step \"beside\" { log \"x\", after = \"b\" },"
	    " step \"c\" { log \"c\" },"
	    " step \"gone\" { log \"x\", after = { c = \"failed\" } },"
	    " step \"ever\" { log \"x\", after = { \"beside\", c = \"always\" } },"
	    " stop \"d\" }",
	    &rs);

	(void)state;
	assert_drawn(p, "0 step log_1\n"
			"1 step b <0\n"
			"2 step beside <1\n"
			"3 step c <1\n"
			"4 step gone !3\n"
			"5 step ever <2 *3\n"
			"6 stop stop_7 <3\n");
	assert_true(p->steps[3].handles);
	assert_false(p->steps[2].handles);
	noc_ruleset_unref(rs);
}

static void
test_places_hold_what_is_in_them(void **state)
{
	struct noc_ruleset *rs;
	struct noc_plan *p = plan(
	    "flow \"f\" { step \"first\" { log \"a\" },"
	    " parallel { step \"x\" { log \"x\" },"
	    "  { step \"y\" { log \"y\" }, step \"z\" { log \"{steps.y}\" } },"
	    "  { name = \"w\", after = \"x\", log \"w\" } },"
	    " choose \"way\" { { when = { [\"steps.z.a\"] = 1 }, log \"1\" },"
	    "  { name = \"two\", when = { [\"steps.x.a\"] = 1 }, log \"2\","
	    "    log \"3\" },"
	    "  otherwise = log \"4\" },"
	    " log \"last\" }",
	    &rs);

	(void)state;
	assert_drawn(p, "0 step first\n"
			"1 parallel parallel_2 to 8 <0\n"
			"2 step x in 1\n"
			"3 branch parallel_2.2 in 1 to 6\n"
			"4 step y in 3\n"
			"5 step z in 3 <4\n"
			"6 branch w in 1 to 8 <2\n"
			"7 step log_8 in 6\n"
			"8 choose way to 16 <1\n"
			"9 branch way.1 in 8 to 11\n"
			"10 step log_11 in 9\n"
			"11 branch two in 8 to 14\n"
			"12 step log_13 in 11\n"
			"13 step log_14 in 11 <12\n"
			"14 branch way.otherwise in 8 to 16\n"
			"15 step log_16 in 14\n"
			"16 step log_17 <8\n");
	assert_non_null(p->steps[9].when);
	assert_null(p->steps[14].when);
	noc_ruleset_unref(rs);
}

static const char *const fanout =
    "flow \"f\" {\n"
    " step \"find\" { snmp.get { l = \"a.0\" } },\n"
    " each \"roll\" { over = \"{steps.find.l}\", as = \"sw\", key = "
    "\"{sw.name}\", limit = 50, rate = \"200/1s\",\n"
    "  waves = { \"1\", \"10%\", \"rest\" }, need = \"95%\", on_satisfied = "
    "\"cancel_rest\", empty = \"ok\", undo = \"wave\", timeout = \"1h\",\n"
    "  collect = { up = \"steps.look.up\" },\n"
    "  step \"look\" { snmp.get { up = \"a.0\" }, target = \"{sw.name}\" },\n"
    "  step \"put\" { snmp.set { a = \"{steps.look.up}\" }, timeout = \"9s\","
    " target = \"{sw.name}\", block = \"executor\", on_timeout = \"abort\",\n"
    "   undo = snmp.set { a = \"{steps.put.old}\" } },\n"
    "  check = { log \"fine\" } },\n"
    " undo \"back\" { step = \"roll\", items = \"{steps.roll.failed_items}\" },\n"
    " log \"{steps.roll.ok} of {steps.roll.total}\" }";

static void
test_an_each_with_all_it_can_say(void **state)
{
	struct noc_ruleset *rs;
	struct noc_plan *p = plan(fanout, &rs);
	const struct noc_each_def *e = p->steps[1].each;
	const struct noc_step_def *put = &p->steps[3];

	(void)state;
	assert_drawn(p, "0 step find\n"
			"1 each roll to 6 <0\n"
			"2 step look in 1\n"
			"3 step put in 1 <2\n"
			"4 check roll.check in 1 to 6\n"
			"5 step log_1 in 4\n"
			"6 undo back <1\n"
			"7 step log_8 <6\n");
	assert_string_equal(e->as, "sw");
	assert_non_null(e->key);
	assert_int_equal(e->limit, 50);
	assert_int_equal(e->rate_n, 200);
	assert_int_equal(e->rate_ms, 1000);
	assert_int_equal(e->nwaves, 3);
	assert_int_equal(e->waves[0].kind, NOC_WAVE_COUNT);
	assert_int_equal(e->waves[1].kind, NOC_WAVE_PERCENT);
	assert_int_equal(e->waves[1].n, 10);
	assert_int_equal(e->waves[2].kind, NOC_WAVE_REST);
	assert_int_equal(e->need, NOC_NEED_PERCENT);
	assert_int_equal(e->need_n, 95);
	assert_false(e->let_finish);
	assert_true(e->empty_ok);
	assert_int_equal(e->undo, NOC_UNDO_WAVE);
	assert_int_equal(e->check, 4);
	assert_int_equal(p->steps[1].timeout_ms, 3600000);
	assert_non_null(put->undo);
	assert_int_equal(put->undo->timeout_ms, 9000);
	assert_string_equal(put->undo->action, "snmp.set");
	assert_string_equal(noc_value_get_str(put->params, "node", ""),
			    "snmp.set");
	assert_non_null(put->undo->target);
	assert_string_equal(put->block, "executor");
	assert_string_equal(put->on_timeout, "abort");
	assert_string_equal(p->steps[6].undo_of, "roll");
	assert_true(p->acting);
	noc_ruleset_unref(rs);
}

static void
test_an_each_by_default(void **state)
{
	static const struct {
		const char *option;
		enum noc_need_kind need;
		int64_t n;
		bool let_finish;
	} cases[] = {
		{ "", NOC_NEED_ALL, 0, true },
		{ ", need = 2", NOC_NEED_COUNT, 2, true },
		{ ", need = \"first\"", NOC_NEED_COUNT, 1, false },
		{ ", need = \"any\"", NOC_NEED_COUNT, 0, true },
		{ ", need = \"50%\", on_satisfied = \"cancel_rest\"",
		  NOC_NEED_PERCENT, 50, false },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		char *text =
		    noc_asprintf("flow \"f\" { each \"n\" { over = { 1,"
				 " 2, 3 }, log \"{item}\"%s } }",
				 cases[i].option);
		struct noc_ruleset *rs;
		const struct noc_each_def *e = plan(text, &rs)->steps[0].each;

		assert_int_equal(e->need, cases[i].need);
		assert_int_equal(e->need_n, cases[i].n);
		assert_int_equal(e->let_finish, cases[i].let_finish);
		assert_int_equal(e->limit, 20);
		assert_int_equal(e->undo, NOC_UNDO_NONE);
		assert_string_equal(e->as, "item");
		assert_int_equal(e->check, 0);
		assert_false(e->empty_ok);
		noc_ruleset_unref(rs);
		free(text);
	}
}

static const char *const callers =
    "flow \"f\" { step \"fix\" { call \"g\" { port = \"{ifname}\" }, timeout = "
    "\"1m\", when = { site = \"x\" } },\n"
    " call \"g\" { port = 1 },\n"
    " log \"{steps.fix.state}\" }\n"
    "flow \"g\" { input = { port = \"string\" }, output = { state = "
    "\"{steps.look.a}\" }, timeout = \"5m\",\n"
    " step \"look\" { snmp.get { a = \"x.{input.port}\" } },\n"
    " step \"on\" { log \"x\", when = function(run) return true end } }\n";

static void
test_a_call_is_in_the_plan(void **state)
{
	struct noc_ruleset *rs;
	struct noc_plan *p = plan(callers, &rs), *q;
	struct noc_ruleset *other;

	(void)state;
	assert_drawn(p, "0 call fix to 3\n"
			"1 step look in 0\n"
			"2 step on in 0 <1\n"
			"3 call g to 6 <0\n"
			"4 step look in 3\n"
			"5 step on in 3 <4\n"
			"6 step log_7 <3\n");
	assert_string_equal(p->steps[0].call, "g");
	assert_int_equal(p->steps[0].timeout_ms, 60000);
	assert_int_equal(p->steps[3].timeout_ms, 300000);
	assert_non_null(p->steps[0].when);
	assert_string_equal(
	    noc_value_get_str(p->steps[0].call_input, "port", ""), "{ifname}");
	assert_string_equal(
	    noc_value_get_str(p->steps[0].call_takes, "port", ""), "string");
	assert_non_null(noc_value_get(p->steps[0].call_output, "state"));
	assert_true(p->calls);
	assert_string_equal(p->steps[2].when_fn, p->steps[5].when_fn);
	noc_ruleset_unref(rs);
	/* What it calls is a part of what it is. */
	q = plan("flow \"f\" { call \"g\" {} } flow \"g\" { log \"a\" }", &rs);
	p = plan("flow \"f\" { call \"g\" {} } flow \"g\" { log \"b\" }",
		 &other);
	assert_memory_not_equal(p->hash, q->hash, 32);
	noc_ruleset_unref(rs);
	noc_ruleset_unref(other);
}

static void
test_the_ends_of_a_flow(void **state)
{
	struct noc_ruleset *rs;
	struct noc_plan *p =
	    plan("flow \"f\" { step \"a\" { log \"a\", undo = log \"b\" },"
		 " on_fail = { undo = \"run\", step \"tell\" { log "
		 "\"{steps.a}\" }, escalate { { \"0m\", notify \"noc\" } } },"
		 " finally = { timeout = \"5m\", log \"end\" }, on_cancel = "
		 "\"undo\", output = { a = \"{steps.a}\" } }",
		 &rs);

	(void)state;
	assert_drawn(p, "0 step a\n"
			"1 on_fail on_fail to 4\n"
			"2 step tell in 1\n"
			"3 escalate escalate_4 in 1 <2\n"
			"4 finally finally to 6\n"
			"5 step log_6 in 4\n");
	assert_int_equal(p->nbody, 1);
	assert_int_equal(p->on_fail_node, 1);
	assert_int_equal(p->finally_node, 4);
	assert_int_equal(p->steps[1].timeout_ms, 3600000);
	assert_int_equal(p->steps[4].timeout_ms, 300000);
	assert_int_equal(p->undo, NOC_UNDO_RUN);
	assert_true(p->undo_cancelled);
	assert_null(p->on_fail);
	noc_ruleset_unref(rs);
	/* As ever, when it only tells. */
	p = plan("flow \"f\" { step \"a\" { log \"a\", undo = log \"b\" }, "
		 "on_fail = { undo = \"run\", notify "
		 "\"noc\", escalate { { \"0m\", notify \"noc\" } } } }",
		 &rs);
	assert_drawn(p, "0 step a\n");
	assert_int_equal(p->on_fail_node, 0);
	assert_int_equal(p->undo, NOC_UNDO_RUN);
	assert_non_null(p->on_fail);
	assert_int_equal(noc_value_len(p->on_fail_actions), 1);
	noc_ruleset_unref(rs);
	p = plan("flow \"f\" { step \"a\" { log \"a\", undo = log \"b\" }, "
		 "on_fail = { undo = \"run\" } }",
		 &rs);
	assert_int_equal(p->undo, NOC_UNDO_RUN);
	assert_null(p->on_fail_actions);
	noc_ruleset_unref(rs);
}

static int
setup(void **state)
{
	(void)state;
	rules_register();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_list_is_a_line_and_after_stands_beside),
		cmocka_unit_test(test_places_hold_what_is_in_them),
		cmocka_unit_test(test_an_each_with_all_it_can_say),
		cmocka_unit_test(test_an_each_by_default),
		cmocka_unit_test(test_a_call_is_in_the_plan),
		cmocka_unit_test(test_the_ends_of_a_flow),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
