/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/unit.h"

#include "base/json.h"
#include "base/mem.h"
#include "engine/expr/where.h"

/* Conditions in words: the same as the tables that they stand for. */

static struct noc_event event;
static struct noc_value *steps, *input;

static int
setup(void **state)
{
	(void)state;
	memset(&event, 0, sizeof(event));
	event.kind = event.base = "link.down";
	event.device = noc_slice_str("sw1");
	event.data = unit_json("{\"ifname\":\"Gi1\"}");
	steps = unit_json(
	    "{\"check\":{\"failed\":0,\"ok\":5,\"rx\":-2.5,\"oper\":"
	    "\"up\",\"again\":\"up\",\"list\":[\"a\",\"b\"]},\"is-up\":"
	    "{\"n\":1}}");
	input = unit_json("{\"gate\":true,\"off\":false}");
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	noc_event_clear(&event);
	noc_value_free(steps);
	noc_value_free(input);
	return 0;
}

static bool
holds(const char *text, struct noc_strbuf *why)
{
	struct noc_scope scope = { .ev = &event,
				   .steps = steps,
				   .input = input };
	struct noc_value *v = noc_value_str(text);
	struct noc_where *w = NULL;
	struct noc_err err;
	bool result;

	if (noc_where_compile(v, NULL, "t.lua:1", &w, &err))
		fail_msg("%s: %s", text, err.msg);
	result = why ? noc_where_explain(w, &scope, why)
		     : noc_where_match(w, &scope);
	noc_where_free(w);
	noc_value_free(v);
	return result;
}

static void
test_what_holds(void **state)
{
	static const struct {
		const char *text;
		bool holds;
	} cases[] = {
		{ "steps.check.failed == 0", true },
		{ "steps.check.failed==0", true },
		{ "steps.check.failed != 0", false },
		{ "steps.check.failed != 1", true },
		{ "steps.check.ok > 4", true },
		{ "steps.check.ok > 5", false },
		{ "steps.check.ok >= 5", true },
		{ "steps.check.ok < 5", false },
		{ "steps.check.ok <= 5", true },
		{ "steps.check.rx < -2", true },
		{ "steps.check.rx == -2.5", true },
		{ "steps.check.oper == 'up'", true },
		{ "steps.check.oper == \"down\"", false },
		{ "steps.check.oper == steps.check.again", true },
		{ "steps.check.oper != steps.check.again", false },
		{ "steps.check.oper == ifname", false },
		{ "ifname == 'Gi1' and device == 'sw1'", true },
		{ "steps.check.list[0] == 'a'", true },
		{ "steps.is-up.n == 1", true },
		{ "input.gate", true },
		{ "input.off", false },
		{ "not input.off", true },
		{ "input.off == false", true },
		/* `and` binds closer than `or`, `not` closer than both. */
		{ "input.gate or input.off and input.off", true },
		{ "(input.gate or input.off) and input.off", false },
		{ "not input.off and input.gate", true },
		{ "not (input.off and input.gate)", true },
		{ "not not input.gate", true },
		{ "input.off or input.off or input.gate", true },
		{ "  ( ( input.gate ) )  ", true },
		/* Unknown never holds, whichever way it is asked. */
		{ "steps.nope.x == 1", false },
		{ "not steps.nope.x == 1", false },
		{ "steps.nope.x != 1", false },
		{ "steps.nope.x == 1 or input.gate", true },
		{ "steps.check.oper == steps.nope.x", false },
		/* Words that only begin like those of the language. */
		{ "nothing == 1 or input.gate", true },
		{ "order == 1 or andy == 2 or input.gate", true },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++)
		if (holds(cases[i].text, NULL) != cases[i].holds)
			fail_msg("%s", cases[i].text);
}

/* In tables, too, what stands on the right may be a template. */
static void
test_a_template_on_the_right(void **state)
{
#define OP(node, item) "{\"node\":\"" node "\",\"items\":[\"" item "\"]}"
	static const struct {
		const char *path, *want;
		bool holds;
	} cases[] = {
		{ "steps.check.oper", "\"{steps.check.again}\"", true },
		{ "steps.check.oper", OP("isnt", "{steps.check.again}"),
		  false },
		{ "steps.check.oper", OP("isnt", "{ifname}"), true },
		{ "steps.check.oper", OP("isnt", "{steps.nope.x}"), false },
		{ "steps.check.oper", OP("any", "{steps.check.again}"), true },
		{ "steps.check.list", OP("contains", "{steps.check.list[1]}"),
		  true },
		{ "steps.check.list", OP("contains", "{ifname}"), false },
		{ "ifname", OP("prefix", "{steps.nope.x}"), false },
		{ "ifname", OP("prefix", "G{steps.nope.x}"), false },
		{ "ifname", OP("suffix", "i{steps.is-up.n}"), true },
		{ "steps.check.failed", OP("lt", "{steps.check.ok}"), true },
		{ "steps.check.failed", OP("ge", "{steps.check.ok}"), false },
		{ "steps.check.rx", OP("le", "{steps.check.rx}"), true },
		{ "steps.check.ok", OP("gt", "{steps.check.oper}"), false },
		/* Braces that hold no name are as written. */
		{ "ifname", OP("contains", "{{"), false },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct noc_scope scope = { .ev = &event, .steps = steps };
		char *text =
		    noc_asprintf("{\"%s\":%s}", cases[i].path, cases[i].want);
		struct noc_value *v = unit_json(text);
		struct noc_where *w = NULL;
		struct noc_err err;

		if (noc_where_compile(v, NULL, "t.lua:1", &w, &err))
			fail_msg("%s: %s", text, err.msg);
		if (noc_where_match(w, &scope) != cases[i].holds)
			fail_msg("%s", text);
		noc_where_free(w);
		noc_value_free(v);
		free(text);
	}
#undef OP
}

static void
test_why_not(void **state)
{
	struct noc_strbuf why = NOC_STRBUF_INIT;

	(void)state;
	assert_false(holds("input.gate and steps.check.ok > 7", &why));
	assert_string_equal(why.p, "steps.check.ok: want gt{7}, got 5");
	noc_strbuf_release(&why);
}

static void
test_mistakes(void **state)
{
	char deep[128] = "", longer[1100];
	const struct {
		const char *text, *says;
	} cases[] = {
		{ "steps.a = 1", "at byte 9: write == or !=" },
		{ "steps.a ~= 1", "at byte 9: write == or !=" },
		{ "", "at byte 1: here must be a name, `not` or (" },
		{ "steps.a ==", "at byte 11: here must be a number" },
		{ "steps.a == 1 2", "at byte 14: here must be `and`, `or` or "
				    "the end" },
		{ "steps.a == 1 and", "here must be a name" },
		{ "not", "here must be a name" },
		{ "(steps.a", "here must be `and`, `or` or )" },
		{ "steps.a)", "or the end" },
		{ "1 == steps.a", "at byte 1: here must be a name" },
		{ "steps.a == 'up", "the text has no end" },
		{ "steps.a == '{x}'", "braces are for tables" },
		{ "steps.a == 1x", "this is no number" },
		{ "steps.a == --1", "this is no number" },
		{ "steps.a < 'up'", "steps.a" },
		{ "os.execute('x')", "here must be `and`, `or` or the end" },
		{ deep, "nests too deeply" },
		{ longer, "at most 1024 bytes" },
	};

	(void)state;
	for (int i = 0; i < 13; i++)
		strcat(deep, "(");
	strcat(deep, "a");
	for (int i = 0; i < 13; i++)
		strcat(deep, ")");
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct noc_value *v = noc_value_str(cases[i].text);
		struct noc_where *w = NULL;
		struct noc_err err;

		if (!noc_where_compile(v, NULL, "t.lua:1", &w, &err))
			fail_msg("taken: %s", cases[i].text);
		if (strncmp(err.msg, "t.lua:1: ", 9) ||
		    !strstr(err.msg, cases[i].says))
			fail_msg("want \"%s\" in: %s", cases[i].says, err.msg);
		noc_value_free(v);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_what_holds, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_a_template_on_the_right,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_why_not, setup, teardown),
		cmocka_unit_test(test_mistakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
