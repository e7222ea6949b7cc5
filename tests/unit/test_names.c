/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/flow_fixture.h"

/* The names of limits that a step says, and those of what it is in: so many of
 * its calls are out at once. */

#define LIMIT8(x)                                                       \
	"limits = { " x "1 = 9, " x "2 = 9, " x "3 = 9, " x "4 = 9, " x \
	"5 = 9, " x "6 = 9, " x "7 = 9, " x "8 = 1 }"
#define LOOSE8(x)                                                       \
	"limits = { " x "1 = 9, " x "2 = 9, " x "3 = 9, " x "4 = 9, " x \
	"5 = 9, " x "6 = 9, " x "7 = 9, " x "8 = 9 }"

static void
test_so_many_are_out(void **state)
{
	static const struct {
		const char *flow, *out;
	} cases[] = {
		{ "each 'n' { over = { 'a', 'b', 'c' }, get('p', { limits ="
		  " { awx = 2 } }) }",
		  "n[a]/p n[b]/p " },
		{ "each 'n' { over = { 'a', 'b', 'c' }, limits = { awx = 2 },"
		  " get 'p' }",
		  "n[a]/p n[b]/p " },
		/* The least of several. */
		{ "each 'n' { over = { 'a', 'b', 'c' }, limits = { awx = 2 },"
		  " get('p', { limits = { site = 1 } }) }",
		  "n[a]/p " },
		/* Of what is around it, and around that. */
		{ "each 'n' { over = { 'a', 'b' }, as = 'o', limits = { awx ="
		  " 1 }, each 'i' { over = { 'c', 'd' }, get 'p' } }",
		  "n[a]/i[c]/p " },
		{ "each 'n' { over = { 'a', 'b' }, limits = { awx = 1 }, call"
		  " 'g' }",
		  "n[a]/g/s " },
		{ "each 'n' { over = { 'a', 'b' }, limits = { awx = 1 },"
		  " choose 'way' { { when = { device = 'no' }, get 'r' }, otherwise = { parallel { get 'p', get 'q' }"
		  " } } }",
		  "n[a]/p " },
		/* Filled in for each item. */
		{ "each 'n' { over = { 'a', 'b' }, limits = { ['site/{item}']"
		  " = 1 }, parallel { get 'p', get 'q' } }",
		  "n[a]/p n[b]/p " },
		/* The check after a wave is not of its items... */
		{ "parallel { get('p', { limits = { awx = 1 } }), each 'n' {"
		  " over = { 'a', 'b' }, waves = { '1', 'rest' }, limits = {"
		  " awx = 1 }, log 'x', check = { get 'look' } } }",
		  "p n[!1]/look " },
		/* ... but of what its each is in. */
		{ "each 'n' { over = { 'a', 'b' }, as = 'o', limits = { awx ="
		  " 1 }, each 'i' { over = { 'c', 'd' }, waves = { '1', 'rest'"
		  " }, log 'x', check = { get 'look' } } }",
		  "n[a]/i[!1]/look " },
		/* As many as can be said, and the last one counts. */
		{ "each 'n' { over = { 'a', 'b' }, as = 'o', " LIMIT8("a") ", each 'm' { over = { 'c' }, as = 'p', " LOOSE8(
		      "b") ", each 'i' { over = { 'd' }, " LOOSE8("c") ", get('p', { " LOOSE8("d") " }) } } }",
		  "n[a]/m[c]/i[d]/p " },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		char *text = noc_asprintf("flow 'g' { get 's' }\nflow 'f' { %s"
					  " }",
					  cases[i].flow);
		struct fix f;

		flow_open(&f, text, NULL);
		flow_world.holds = true;
		flow_start(&f, "active", "{\"device\":\"sw1\"}");
		if (strcmp(flow_order(), cases[i].out))
			fail_msg("%s: %s", cases[i].flow, flow_order());
		while (f.ncalls) {
			flow_reply(&f, 0);
			fix_advance(&f, 1);
		}
		flow_ended(&f, "Succeeded");
		flow_close(&f);
		free(text);
	}
}

/* One that is empty, or has nothing to be filled in with, is no limit: what it
 * was to hold back does not begin. */
static void
test_a_name_that_is_none(void **state)
{
	static const struct {
		const char *name, *why;
	} cases[] = {
		{ "{steps.find.site}", "'steps.find.site' is an empty text" },
		{ "s/{steps.find.site}", "'steps.find.site' is an empty text" },
		{ "{steps.find.sit}", "steps.find.sit" },
		{ "{steps.find.long}", "becomes 257 bytes" },
	};
	struct noc_strbuf says = NOC_STRBUF_INIT;

	(void)state;
	noc_strbuf_adds(&says, "{\"site\":\"\",\"long\":\"");
	for (int i = 0; i < 257; i++)
		noc_strbuf_addc(&says, 'x');
	noc_strbuf_adds(&says, "\"}");
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		const struct flow_says all[] = { { "find", says.p }, { 0 } };
		char *text = noc_asprintf("flow 'f' { get 'find', put('p', {"
					  " limits = { ['%s'] = 1 } }) }",
					  cases[i].name);
		struct fix f;

		flow_begin(&f, text, all);
		fix_advance(&f, 60000);
		flow_ended(&f, "Failed");
		assert_string_equal(flow_order(), "find ");
		if (!fix_count(&f, cases[i].why)) {
			fix_dump(&f);
			fail_msg("not said: %s", cases[i].why);
		}
		assert_true(fix_count(&f, "limits"));
		flow_close(&f);
		free(text);
	}
	noc_strbuf_release(&says);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_so_many_are_out),
		cmocka_unit_test(test_a_name_that_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
