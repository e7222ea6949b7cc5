/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/flow_fixture.h"

#include "engine/run/each.h"

/* A fan-out in virtual time: which items begin when, and how it ends. */

#define TELLS                                                   \
	" log 'n {steps.all.total} ok {steps.all.ok} failed"    \
	" {steps.all.failed} skipped {steps.all.skipped} would" \
	" {steps.all.would} {steps.all.ok_percent}%%'"

static void
test_what_it_goes_over(void **state)
{
	static const struct flow_says says[] = {
		{ "find", "{\"l\":[{\"name\":\"x\"},{\"id\":7},{\"z\":1},"
			  "\"a/b[c]!%\"]}" },
		{ 0 }
	};
	struct fix f;

	(void)state;
	flow_whole(
	    "flow 'f' { get 'find', each 'all' { over ="
	    " '{steps.find.l}', limit = 1, get 'p' } }",
	    says, "Succeeded",
	    "find all[x]/p all[7]/p all[3]/p all[a%2Fb%5Bc%5D%21%25]/p ");
	flow_whole("flow 'f' { each 'all' { over = { 'b', 'a', 3 }, key ="
		   " 'k-{item}', limit = 1, get 'p' } }",
		   NULL, "Succeeded", "all[k-b]/p all[k-a]/p all[k-3]/p ");
	flow_open(&f,
		  "flow 'f' { each 'all' { over = inventory { role = 'access'"
		  " }, as = 'sw', limit = 1, get('p', { target = '{sw.name}' })"
		  " } }",
		  NULL);
	cor_inventory(&f, "name,address,role\nsw2,192.0.2.2,access\n"
			  "sw1,192.0.2.1,access\nr1,192.0.2.3,router\n");
	flow_start(&f, "active", "{\"device\":\"sw1\"}");
	flow_ended(&f, "Succeeded");
	assert_string_equal(flow_order(), "all[sw1]/p all[sw2]/p ");
	assert_int_equal(fix_count(&f, "STEP_START all[sw2]/p sw2"), 1);
	flow_close(&f);
}

static void
test_lists_that_are_refused_before_the_first_item(void **state)
{
	static const struct {
		const char *l, *more, *why;
	} cases[] = {
		{ "[\"a\",\"b\",\"a\"]", "",
		  "items 1 and 3 have the same key 'a'" },
		{ "[]", "", "when that may be (t.lua:4)" },
		{ "{\"a\":1}", "", "'over' is no list" },
		{ "[\"a\"]", "key = '{item.name}',", "item.name" },
		{ "[{\"name\":\"01234567890123456789012345678901234567890123"
		  "456789012345678901234567890123456789012345678901234567\"}]",
		  "", "more than 96 bytes" },
		{ "[\"a\"]", "limit = '{steps.find.m}',",
		  "and must be 1 to 10000" },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		char *says = noc_asprintf("{\"l\":%s,\"m\":0}", cases[i].l);
		char *text =
		    noc_asprintf("flow 'f' { get 'find', each 'all' { over ="
				 " '{steps.find.l}', %s get 'p' } }",
				 cases[i].more);
		const struct flow_says all[] = { { "find", says }, { 0 } };
		struct fix f;

		flow_begin(&f, text, all);
		flow_ended(&f, "Failed");
		assert_string_equal(flow_order(), "find ");
		if (!fix_count(&f, cases[i].why)) {
			fix_dump(&f);
			fail_msg("not said: %s", cases[i].why);
		}
		flow_close(&f);
		free(says);
		free(text);
	}
	flow_whole(
	    "flow 'f' { get 'find', each 'all' { over ="
	    " '{steps.find.l}', empty = 'ok', get 'p' }, get 'c' }",
	    (const struct flow_says[]){ { "find", "{\"l\":[]}" }, { 0 } },
	    "Succeeded", "find c ");
}

/* An item of the inventory has what its row says. */
static void
test_a_device_as_an_item(void **state)
{
	struct fix f;

	(void)state;
	flow_open(&f,
		  "flow 'f' { each 'all' { over = inventory { role = 'access'"
		  " }, as = 'sw', log '{sw.name} {sw.address} {sw.role}"
		  " {sw.site} {sw.vendor} {sw.rack}' } }",
		  NULL);
	cor_inventory(&f, "name,address,role,site,vendor,rack\n"
			  "sw1,192.0.2.1,access,waw,acme,r7\n");
	flow_start(&f, "active", "{\"device\":\"sw1\"}");
	flow_ended(&f, "Succeeded");
	assert_int_equal(fix_said(&f, "sw1 192.0.2.1 access waw acme r7"), 1);
	flow_close(&f);
}

/* Which went well and which did not: others are done by these lists. */
static void
test_lists_of_what_became_of_them(void **state)
{
	static const struct {
		const char *mode, *ok, *failed;
	} cases[] = {
		{ "active", "[\"a\",\"c\",\"d\"]", "[\"b\"]" },
		{ "observe", "[\"a\",\"c\",\"d\"]", "[\"b\"]" },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		char *want = noc_asprintf("ok %s failed %s", cases[i].ok,
					  cases[i].failed);
		struct fix f;

		flow_open(&f,
			  "flow 'f' { each 'n' { over = { 'a', 'b', 'c', 'd'"
			  " }, need = 'any', stop 'no' { when = { item = 'c' }"
			  " }, get 'look', put('p', { when = { item = 'a' } })"
			  " }, log 'ok {steps.n.ok_items:json} failed"
			  " {steps.n.failed_items:json}' }",
			  (const struct flow_says[]){
			      { "[b]/look", "permanent" }, { 0 } });
		flow_start(&f, cases[i].mode, "{\"device\":\"sw1\"}");
		flow_ended(&f, "Succeeded");
		if (fix_said(&f, want) != 1) {
			fix_dump(&f);
			fail_msg("%s: not %s", cases[i].mode, want);
		}
		flow_close(&f);
		free(want);
	}
}

/* Those under way, while others wait. */
static void
test_looked_at(void **state)
{
	struct noc_value *v;
	struct noc_id id;
	struct fix f;
	char text[NOC_ID_TEXT], *json, *is;

	(void)state;
	flow_open(&f,
		  "flow 'f' { sleep '10s', each 'all' { over = { 'a', 'b',"
		  " 'c', 'd' }, limit = 2, get 'p' } }",
		  NULL);
	flow_world.holds = true;
	id = flow_start(&f, "active", "{\"device\":\"sw1\"}");
	noc_id_format(text, &id);
	assert_null(noc_each_look(f.core, text, "all"));
	fix_advance(&f, 10000);
	flow_reply_to(&f, "all[a]/p");
	fix_advance(&f, 3000);
	v = noc_each_look(f.core, text, "all");
	assert_int_equal(noc_value_get_int(v, "running", 0), 2);
	assert_int_equal(noc_value_get_int(v, "waiting", 0), 1);
	json = noc_asprintf("{\"item\":1,\"key\":\"b\",\"path\":\"all[b]\","
			    "\"started_ns\":%lld,\"state\":\"Running\"}",
			    (long long)(f.now.wall_ns - 3 * NOC_NS_PER_S));
	is = noc_json_string(noc_value_at(noc_value_get(v, "items"), 0),
			     NOC_JSON_CANONICAL);
	assert_string_equal(is, json);
	free(is);
	free(json);
	noc_value_free(v);
	assert_null(noc_each_look(f.core, text, "other"));
	assert_null(noc_each_look(f.core, "00000000", "all"));
	flow_close(&f);
}

static void
test_limit_batch_and_rate(void **state)
{
	struct fix f;

	(void)state;
	flow_open(&f,
		  "flow 'f' { each 'all' { over = { 'a', 'b', 'c', 'd' },"
		  " limit = 2, get 'p' } }",
		  NULL);
	flow_world.holds = true;
	flow_start(&f, "active", "{\"device\":\"sw1\"}");
	assert_string_equal(flow_order(), "all[a]/p all[b]/p ");
	flow_reply_to(&f, "all[b]/p");
	assert_string_equal(flow_order(), "all[a]/p all[b]/p all[c]/p ");
	assert_int_equal(f.ncalls, 2);
	flow_close(&f);

	flow_open(&f,
		  "flow 'f' { each 'all' { over = { 'a', 'b', 'c', 'd' },"
		  " batch = 2, get 'p' } }",
		  NULL);
	flow_world.holds = true;
	flow_start(&f, "active", "{\"device\":\"sw1\"}");
	assert_int_equal(f.ncalls, 2);
	flow_reply_to(&f, "all[b]/p");
	assert_int_equal(f.ncalls, 1);
	flow_reply_to(&f, "all[a]/p");
	assert_true(flow_is_out(&f, "all[d]/p"));
	flow_close(&f);

	flow_begin(&f,
		   "flow 'f' { each 'all' { over = { 'a', 'b', 'c', 'd', 'e' },"
		   " rate = '2/10s', get 'p' } }",
		   NULL);
	assert_string_equal(flow_order(), "all[a]/p all[b]/p ");
	fix_advance(&f, 9999);
	assert_string_equal(flow_order(), "all[a]/p all[b]/p ");
	fix_advance(&f, 1);
	assert_string_equal(flow_order(),
			    "all[a]/p all[b]/p all[c]/p all[d]/p ");
	fix_advance(&f, 10000);
	flow_ended(&f, "Succeeded");
	flow_close(&f);
}

static void
test_waves_and_their_check(void **state)
{
	static const char flow[] =
	    "flow 'f' { each 'all' { over = { 'a', 'b', 'c', 'd', 'e' },"
	    " waves = { '1', '40%', 'rest' }, limit = 1, get 'p', check = {"
	    " get 'look' } } }";

	(void)state;
	flow_whole(flow, NULL, "Succeeded",
		   "all[a]/p all[!1]/look all[b]/p all[c]/p all[!2]/look"
		   " all[d]/p all[e]/p all[!3]/look ");
	flow_whole(
	    flow, (const struct flow_says[]){ { "[!2]", "permanent" }, { 0 } },
	    "Failed", "all[a]/p all[!1]/look all[b]/p all[c]/p all[!2]/look ");
}

static void
test_need(void **state)
{
	static const struct {
		const char *need, *state, *tells;
		size_t made;
	} cases[] = {
		/* d, the fourth of five, fails. */
		{ "need = 'all'", "Failed", NULL, 4 },
		{ "need = 4", "Succeeded",
		  "n 5 ok 4 failed 1 skipped 0 would 0 80%", 5 },
		{ "need = 5", "Failed", NULL, 4 },
		{ "need = '80%'", "Succeeded",
		  "n 5 ok 4 failed 1 skipped 0 would 0 80%", 5 },
		{ "need = '81%'", "Failed", NULL, 4 },
		{ "need = 'any'", "Succeeded",
		  "n 5 ok 4 failed 1 skipped 0 would 0 80%", 5 },
		{ "need = 'first'", "Succeeded",
		  "n 5 ok 1 failed 0 skipped 4 would 0 20%", 1 },
		{ "need = 2, on_satisfied = 'cancel_rest'", "Succeeded",
		  "n 5 ok 2 failed 0 skipped 3 would 0 40%", 2 },
		{ "need = 2, on_satisfied = 'let_finish'", "Succeeded",
		  "n 5 ok 4 failed 1 skipped 0 would 0 80%", 5 },
	};
	const struct flow_says says[] = { { "[d]", "permanent" }, { 0 } };

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		char *text = noc_asprintf(
		    "flow 'f' { each 'all' { over = { 'a', 'b',"
		    " 'c', 'd', 'e' }, limit = 1, %s, get 'p' }," TELLS " }",
		    cases[i].need);
		struct fix f;
		size_t made = 0;

		flow_begin(&f, text, says);
		flow_ended(&f, cases[i].state);
		for (const char *p = flow_order(); *p; p++)
			made += *p == ' ';
		if (made != cases[i].made)
			fail_msg("%s: %zu items", cases[i].need, made);
		if (cases[i].tells && fix_said(&f, cases[i].tells) != 1) {
			fix_dump(&f);
			fail_msg("%s", cases[i].need);
		}
		flow_close(&f);
		free(text);
	}
}

/* What is satisfied cancels what reads, and waits for what changes. */
static void
test_the_rest_is_cancelled(void **state)
{
	struct fix f;

	(void)state;
	flow_open(
	    &f,
	    "flow 'f' { each 'all' { over = { 'a', 'b', 'c', 'd' },"
	    " need = 'first', limit = 3, get('r', { when = { item = any { 'a',"
	    " 'b' } } }), put('w', { when = { item = 'c' } }), get 'q' }," TELLS
	    " }",
	    NULL);
	flow_world.holds = true;
	flow_start(&f, "active", "{\"device\":\"sw1\"}");
	assert_string_equal(flow_order(), "all[a]/r all[b]/r all[c]/w ");
	flow_reply_to(&f, "all[a]/r");
	flow_reply_to(&f, "all[a]/q");
	assert_int_equal(f.ncalls, 1);
	assert_true(flow_is_out(&f, "all[c]/w"));
	assert_int_equal(fix_runs(&f), 1);
	flow_reply_to(&f, "all[c]/w");
	flow_ended(&f, "Succeeded");
	assert_int_equal(flow_made("all[c]/q"), 0);
	assert_int_equal(
	    fix_said(&f, "n 4 ok 1 failed 0 skipped 1 would 0 25%"), 1);
	/* Those that had begun are told apart from what never did. */
	assert_int_equal(
	    fix_count(&f, "\"cancelled\":2,\"critical\":0,\"failed\":0"), 1);
	flow_close(&f);
}

static void
test_why_it_failed(void **state)
{
	const struct flow_says says[] = { { "[a]", "permanent" },
					  { "[b]", "permanent" },
					  { "[c]", "downstream_failed" },
					  { 0 } };
	struct fix f;

	(void)state;
	flow_begin(&f,
		   "flow 'f' { each 'all' { over = { 'a', 'b', 'c', 'd' },"
		   " need = 2, limit = 9, get 'p' } }",
		   says);
	flow_ended(&f, "Failed");
	assert_int_equal(fix_count(&f, "3 of 4 failed (need 2): 2 permanent"
				       " device, 1 downstream_failed device"),
			 2);
	assert_int_equal(fix_count(&f, "STEP_DONE all  each failed:"
				       " downstream_failed"),
			 1);
	flow_close(&f);
}

static void
test_collect(void **state)
{
	struct noc_strbuf says = NOC_STRBUF_INIT;
	struct flow_says all[] = { { "[b]/look", NULL },
				   { "look", "{\"up\":\"yes\",\"n\":3}" },
				   { 0 } };
	struct fix f;

	(void)state;
	noc_strbuf_adds(&says, "{\"n\":4,\"up\":\"");
	for (int i = 0; i < 300; i++)
		noc_strbuf_addc(&says, 'x');
	noc_strbuf_adds(&says, "\"}");
	all[0].says = says.p;
	flow_begin(&f,
		   "flow 'f' { each 'all' { over = { 'a', 'b' }, collect = {"
		   " u = 'steps.look.up', n = 'steps.look.n' }, get 'look' },"
		   " log '{steps.all.items}' }",
		   all);
	flow_ended(&f, "Succeeded");
	assert_int_equal(fix_said(&f, "\"u\":\"yes\""), 1);
	assert_int_equal(fix_said(&f, "\"n\":4"), 1); /* the long one is cut */
	assert_int_equal(fix_said(&f, "xxx"), 0);
	flow_close(&f);
	noc_strbuf_release(&says);
}

/* What is out when enough went well comes to its end: an item of which that was
 * the last has gone well, too; one that had more to do is cancelled. */
static void
test_what_was_the_last_of_an_item(void **state)
{
	static const struct flow_says says[] = {
		{ "[b]", "?" }, { "[c]", "?" }, { "[d]", "?" }, { 0 }
	};
	struct fix f;

	(void)state;
	flow_begin(&f,
		   "flow 'f' { each 'all' { over = { 'a', 'b', 'c', 'd' }, need"
		   " = 1, on_satisfied = 'cancel_rest', get('look', { when ="
		   " \"item == 'a' or item == 'c'\" }), put('more', { when ="
		   " \"item == 'd'\" }), put('set', { when = \"item == 'b' or"
		   " item == 'd'\" }) }," TELLS ", log '{steps.all.items}' }",
		   says);
	assert_int_equal(f.ncalls, 2); /* the read was called off */
	fix_answer(&f, "exec", "{}");
	fix_answer(&f, "exec", "{}");
	flow_ended(&f, "Succeeded");
	assert_int_equal(
	    fix_said(&f, "n 4 ok 2 failed 0 skipped 0 would 0 50%"), 1);
	assert_int_equal(
	    fix_said(&f, "{\"key\":\"b\",\"state\":\"Succeeded\"}"), 1);
	assert_int_equal(
	    fix_said(&f, "{\"key\":\"d\",\"state\":\"Cancelled\"}"), 1);
	assert_string_equal(flow_order(), "all[a]/look all[b]/set all[c]/look "
					  "all[d]/more ");
	flow_close(&f);
}

/* One row for each that an each went over, of all eaches: what the last of them
 * says of it, with what those before kept. */
static void
test_items_of_the_run(void **state)
{
	static const struct flow_says says[] = {
		{ "pre[a]/look", "{\"up\":1}" },
		{ "pre[b]/look", "{\"up\":2}" },
		{ "pre[c]/look", "permanent" },
		{ "post[b]/see", "permanent" },
		{ "again[c]/try", "{}" },
		{ 0 }
	};
	struct fix f;

	(void)state;
	flow_begin(&f,
		   "flow 'f' { log 'none {run.items:json}', each 'pre' { over ="
		   " { 'a', 'b', 'c' }, need = 'any', collect = { up ="
		   " 'steps.look.up' }, get 'look' }, log"
		   " 'first {run.items[2].state} {run.items[1].up}', parallel {"
		   " each 'post' { over = '{steps.pre.ok_items}', need = 'any',"
		   " get 'see' }, each 'again' { over ="
		   " '{steps.pre.failed_items}', get 'try' } }, fail 'no',"
		   " on_fail = { step 't' { log 'all {run.items:json}' } } }",
		   says);
	flow_ended(&f, "Failed");
	assert_int_equal(fix_said(&f, "none []"), 1);
	assert_int_equal(fix_said(&f, "first Failed 2"), 1);
	assert_int_equal(
	    fix_said(&f, "all [{\"key\":\"a\",\"state\":\"Succeeded\",\"up\":1}"
			 ",{\"block\":\"device\",\"class\":\"permanent\","
			 "\"key\":\"b\",\"message\":"),
	    1);
	assert_int_equal(
	    fix_said(&f, "\"state\":\"Failed\",\"step\":\"post[b]/see\","
			 "\"up\":2},{\"key\":\"c\",\"state\":"
			 "\"Succeeded\",\"up\":null}]"),
	    1);
	flow_close(&f);
}

static void
test_a_timeout_of_all_items_together(void **state)
{
	struct fix f;

	(void)state;
	flow_begin(&f,
		   "flow 'f' { each 'all' { over = { 'a', 'b', 'c' }, limit ="
		   " 2, timeout = '10s', undo = 'run', put('p', { undo ="
		   " back() }), sleep '1h' } }",
		   NULL);
	fix_advance(&f, 9999);
	assert_true(fix_runs(&f));
	fix_advance(&f, 1);
	flow_ended(&f, "Failed");
	assert_int_equal(fix_count(&f, "STEP_DONE all  each failed: timeout"),
			 1);
	assert_int_equal(flow_made("all[a]/p!undo"), 1);
	assert_int_equal(flow_made("all[b]/p!undo"), 1);
	assert_int_equal(flow_made("all[c]/p"), 0);
	flow_close(&f);
}

static void
test_in_one_another(void **state)
{
	(void)state;
	flow_whole("flow 'g' { input = { x = 'string' }, each 'in' { over = {"
		   " 'x', 'y' }, limit = 1, get 'p' } }\n"
		   "flow 'f' { each 'out' { over = { 'a', 'b' }, as = 'o',"
		   " limit = 1, each 'in' { over = { '1', '2' }, limit = 1,"
		   " key = '{o}{item}', get 'p' },"
		   " step 'fix' { call 'g' { x = '{o}' } } } }",
		   NULL, "Succeeded",
		   "out[a]/in[a1]/p out[a]/in[a2]/p out[a]/fix/in[x]/p"
		   " out[a]/fix/in[y]/p out[b]/in[b1]/p out[b]/in[b2]/p"
		   " out[b]/fix/in[x]/p out[b]/fix/in[y]/p ");
}

/* Items do their reads; what would change something is written down. */
static void
test_observed(void **state)
{
	static const char *const modes[] = { "observe", "shadow" };
	struct fix f;

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(modes); i++) {
		flow_open(
		    &f,
		    "flow 'f' { each 'deploy' { over = { 'a', 'b', 'c',"
		    " 'd' }, waves = { '1', 'rest' }, need = 'any',"
		    " get 'look', put('p', { when = {"
		    " ['steps.look.up'] = 1 } }), verify 'is' { exec {"
		    " 'x', mutates = false }, expect = { up = 2 }, within"
		    " = '9s', timeout = '5s' }, check = { verify 'ok' {"
		    " exec { 'x', mutates = false }, expect = { up = 2 },"
		    " within = '9s', timeout = '5s' } } },"
		    " log 'would {steps.deploy.would}' }",
		    (const struct flow_says[]){ { "[d]/look", "permanent" },
						{ "[c]/look", "{}" },
						{ "is", "{\"up\":2}" },
						{ "look", "{\"up\":1}" },
						{ 0 } });
		flow_start(&f, modes[i], "{\"device\":\"sw1\"}");
		fix_advance(&f, 60000);
		flow_ended(&f, "Succeeded");
		assert_int_equal(flow_made("deploy[a]/look"), 1);
		assert_int_equal(flow_made("deploy[a]/p"), 0);
		assert_int_equal(flow_made("deploy[a]/is"), 0);
		/* Of this one nothing was left undone. */
		assert_int_equal(flow_made("deploy[c]/is"), 1);
		assert_int_equal(flow_made("deploy[!1]/ok"), 0);
		assert_int_equal(fix_said(&f, "would have: deploy on 2 of 4"),
				 1);
		flow_close(&f);
	}
}

static void
test_ten_thousand_items(void **state)
{
	struct noc_strbuf says = NOC_STRBUF_INIT;
	struct fix f;

	(void)state;
	noc_strbuf_adds(&says, "{\"l\":[0");
	for (int i = 1; i < 10000; i++)
		noc_strbuf_addf(&says, ",%d", i);
	noc_strbuf_adds(&says, "]}");
	const struct flow_says all[] = { { "find", says.p }, { 0 } };

	flow_open(
	    &f,
	    "flow 'f' { get 'find', each 'all' { over ="
	    " '{steps.find.l}', get('p', { when = { item = 9999 } }) }," TELLS
	    " }",
	    all);
	f.quiet = true;
	flow_start(&f, "active", "{\"device\":\"sw1\"}");
	fix_advance(&f, 60000);
	f.quiet = false;
	assert_int_equal(fix_runs(&f), 0);
	assert_string_equal(flow_order(), "find all[9999]/p ");
	assert_int_equal(
	    fix_said(&f, "n 10000 ok 1 failed 0 skipped 9999 would 0 0%"), 1);
	flow_close(&f);
	noc_strbuf_release(&says);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_it_goes_over),
		cmocka_unit_test(
		    test_lists_that_are_refused_before_the_first_item),
		cmocka_unit_test(test_a_device_as_an_item),
		cmocka_unit_test(test_lists_of_what_became_of_them),
		cmocka_unit_test(test_looked_at),
		cmocka_unit_test(test_limit_batch_and_rate),
		cmocka_unit_test(test_waves_and_their_check),
		cmocka_unit_test(test_need),
		cmocka_unit_test(test_the_rest_is_cancelled),
		cmocka_unit_test(test_why_it_failed),
		cmocka_unit_test(test_collect),
		cmocka_unit_test(test_what_was_the_last_of_an_item),
		cmocka_unit_test(test_items_of_the_run),
		cmocka_unit_test(test_a_timeout_of_all_items_together),
		cmocka_unit_test(test_in_one_another),
		cmocka_unit_test(test_observed),
		cmocka_unit_test(test_ten_thousand_items),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
