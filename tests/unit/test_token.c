/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/flow_fixture.h"

/* What the other side knows a call by: one of each intent, over all its tries;
 * a question has its own each time. */

/* Of the call at this place, once it is out. */
static const char *
token_of(struct fix *f, size_t i)
{
	static char text[8][NOC_CALL_TOKEN];
	static size_t n;
	char *out = text[n++ % NOC_COUNT(text)];

	for (int k = 0; k < 600 && i >= f->ncalls; k++)
		fix_advance(f, 100);
	assert_true(i < f->ncalls);
	snprintf(out, NOC_CALL_TOKEN, "%s", f->calls[i]->token);
	return out;
}

static void
test_of_an_intent(void **state)
{
	const char *first, *next;
	struct fix f;

	(void)state;
	flow_open(&f, "flow 'f' { put 'a', put 'b' }", NULL);
	flow_world.holds = true;
	flow_start(&f, "active", "{\"device\":\"sw1\"}");
	first = token_of(&f, 0);
	for (int i = 0; i < 2; i++) {
		fix_refuse(&f, "exec", "transient", 0);
		next = token_of(&f, 0);
		assert_string_equal(first, next);
	}
	flow_reply(&f, 0);
	next = token_of(&f, 0); /* of b */
	assert_string_not_equal(first, next);
	flow_close(&f);
}

static void
test_of_a_question(void **state)
{
	const char *first, *next;
	struct fix f;

	(void)state;
	flow_open(&f,
		  "flow 'f' { verify 'v' { exec { 'x', mutates = false },"
		  " expect = { up = 1 }, every = '5s', within = '1h',"
		  " timeout = '5s' } }",
		  NULL);
	flow_world.holds = true;
	flow_start(&f, "active", "{\"device\":\"sw1\"}");
	for (int i = 0; i < 3; i++) {
		first = token_of(&f, 0);
		flow_reply(&f, 0);
		next = token_of(&f, 0);
		assert_string_not_equal(first, next);
	}
	flow_close(&f);
	/* Whether it happened is another question than what was asked. */
	flow_open(&f, "flow 'f' { put 'a' }", NULL);
	flow_world.holds = true;
	flow_start(&f, "active", "{\"device\":\"sw1\"}");
	first = token_of(&f, 0);
	fix_refuse(&f, "exec", "transient", 0);
	next = token_of(&f, 0);
	assert_string_equal(first, next);
	fix_refuse(&f, "exec", "in_doubt", 0);
	next = token_of(&f, 0);
	fix_call(&f, "snmp.get");
	assert_string_not_equal(first, next);
	flow_close(&f);
}

/* Paths may be long and alike up to the last byte. */
static void
test_of_items(void **state)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	const char *token[4];
	struct fix f;

	(void)state;
	noc_strbuf_adds(&sb, "flow 'f' { each 'n' { over = { '");
	for (int i = 0; i < 2; i++) {
		for (int k = 0; k < 90; k++)
			noc_strbuf_addc(&sb, 'x');
		noc_strbuf_adds(&sb, i ? "b' }, " : "a', '");
	}
	noc_strbuf_adds(&sb, "put('p', { undo = back() }) }, undo 'u' { step ="
			     " 'n' } }");
	flow_open(&f, sb.p, NULL);
	flow_world.holds = true;
	flow_start(&f, "active", "{\"device\":\"sw1\"}");
	for (int i = 0; i < 2; i++)
		token[i] = token_of(&f, i % 2);
	for (int i = 0; i < 2; i++) /* those that take them back */
		flow_reply(&f, 0);
	for (int i = 2; i < 4; i++)
		token[i] = token_of(&f, i % 2);
	for (int i = 0; i < 4; i++)
		for (int k = 0; k < i; k++)
			assert_string_not_equal(token[i], token[k]);
	flow_close(&f);
	noc_strbuf_release(&sb);
}

/* Who keeps it does nothing twice because we died. */
static void
test_over_a_restart(void **state)
{
	static const char text[] = FLOW_WORDS
	    "flow 'f' { each 'n' { over = { 'a' }, step 'p' { exec { 'x' },"
	    " timeout = '5s', on_crash = 'retry' } } }";
	char *dir = state_make(), first[NOC_CALL_TOKEN];
	struct fix f;

	(void)state;
	life_world = NULL;
	life_open(&f, dir, noc_clock_read(), text);
	fix_start_flow(&f, "f");
	snprintf(first, sizeof(first), "%s", token_of(&f, 0));
	for (int i = 0; i < 2; i++) {
		life_dies(&f, dir, text);
		assert_string_equal(token_of(&f, 0), first);
	}
	life_done(&f, dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_of_an_intent),
		cmocka_unit_test(test_of_a_question),
		cmocka_unit_test(test_of_items),
		cmocka_unit_test(test_over_a_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
