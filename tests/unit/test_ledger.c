/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/correlate_fixture.h"

/* What became of the candidates of a rule, as `nocturne rules` and the
 * metrics tell it. */

static const char rules[] =
    "rule \"tell\" { on = { \"link.down\", \"link.up\" }, run = log \"x\" }\n"
    "rule \"heal\" { mode = \"active\", on = \"bgp.down\", run = flow {\n"
    " step \"s\" { snmp.set { a = 1 }, timeout = \"5s\" } } }\n"
    "rule \"shade\" { mode = \"shadow\", on = \"x.y\", run = log \"x\" }\n";

/* Each word so often, and under which name each of the two shows it. */
static const struct {
	const char *word, *row, *metric;
	int n;
} words[] = {
	{ "fired", "fired", "fired", 1 },
	{ "held", "held", "held_now", 2 },
	{ "cancelled", "cancelled", "cancelled", 3 },
	{ "damped", "damped", "damped", 4 },
	{ "guarded", "guarded", "guarded", 5 },
	{ "silenced", "silenced", "silenced", 6 },
	{ "observed", "would", "observed", 7 },
	{ "counted", "counted", "counted", 8 },
	{ "errored", "errored", "errored", 9 },
};

static void
ledger_fill(struct fix *f)
{
	for (size_t i = 0; i < NOC_COUNT(words); i++)
		for (int n = 0; n < words[i].n; n++) {
			noc_ledger_matched(f->core, "tell");
			noc_ledger_outcome(f->core, "tell", words[i].word,
					   false);
		}
}

/* The row of a rule in rules.list (returned: free). */
static struct noc_value *
ledger_row(struct fix *f, const char *rule)
{
	struct noc_value *answer, *row = NULL;

	assert_int_equal(fix_command(f, "{\"verb\":\"rules.list\"}", &answer),
			 0);
	for (size_t i = 0; i < noc_value_len(answer) && !row; i++)
		if (noc_value_is_str(
			noc_value_get(noc_value_at(answer, i), "rule"), rule))
			row = noc_value_copy(noc_value_at(answer, i));
	noc_value_free(answer);
	assert_non_null(row);
	return row;
}

static void
test_each_outcome_has_its_count(void **state)
{
	struct fix f = { 0 };
	struct noc_value *row, *stats;
	const struct noc_value *metric;

	(void)state;
	fix_open(&f, rules);
	ledger_fill(&f);
	row = ledger_row(&f, "tell");
	stats = noc_core_stats(f.core);
	metric = noc_value_get(noc_value_get(stats, "rules"), "tell");
	assert_int_equal(noc_value_get_int(row, "matched", 0), 45);
	assert_int_equal(noc_value_get_int(metric, "matched", 0), 45);
	for (size_t i = 0; i < NOC_COUNT(words); i++) {
		assert_int_equal(noc_value_get_int(row, words[i].row, -1),
				 words[i].n);
		assert_int_equal(noc_value_get_int(metric, words[i].metric, -1),
				 words[i].n);
	}
	noc_value_free(row);
	noc_value_free(stats);
	cor_close(&f);
}

/* What was held ends once, as something else; from one wait to the next it
 * stays held. */
static void
test_what_was_held(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, rules);
	ledger_fill(&f);
	noc_ledger_outcome(f.core, "tell", "held", true);
	assert_int_equal(cor_count(&f, "tell")->held_now, 2);
	noc_ledger_outcome(f.core, "tell", "fired", true);
	assert_int_equal(cor_count(&f, "tell")->held_now, 1);
	assert_int_equal(cor_count(&f, "tell")->fired, 2);
	noc_ledger_outcome(f.core, "tell", "guarded", true);
	assert_int_equal(cor_count(&f, "tell")->held_now, 0);
	cor_close(&f);
}

static void
test_what_does_not_balance(void **state)
{
	struct fix f = { 0 };
	char text[128];

	(void)state;
	fix_open(&f, rules);
	ledger_fill(&f);
	noc_ledger_outcome(f.core, "tell", "nothing of it", false);
	noc_ledger_check(f.core, text, sizeof(text));
	assert_string_equal(text, "");
	noc_ledger_matched(f.core, "tell");
	noc_ledger_check(f.core, text, sizeof(text));
	assert_string_equal(text, "rule tell: matched 46, outcomes 45");
	noc_ledger_outcome(f.core, "tell", "fired", false);
	noc_ledger_check(f.core, text, sizeof(text));
	assert_string_equal(text, "");
	fix_close(&f);
}

/* Its row says what else there is to say. */
static void
test_row_of_a_rule(void **state)
{
	static const struct {
		const char *rule, *mode, *on, *at;
	} cases[] = {
		{ "tell", "notify", "[\"link.down\",\"link.up\"]", "t.lua:1" },
		{ "heal", "active", "[\"bgp.down\"]", "t.lua:2" },
		{ "shade", "shadow", "[\"x.y\"]", "t.lua:4" },
	};
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, rules);
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct noc_value *row = ledger_row(&f, cases[i].rule);
		char *on = noc_json_string(noc_value_get(row, "on"),
					   NOC_JSON_CANONICAL);

		assert_string_equal(noc_value_get_str(row, "mode", ""),
				    cases[i].mode);
		assert_string_equal(on, cases[i].on);
		assert_string_equal(noc_value_get_str(row, "at", ""),
				    cases[i].at);
		assert_false(noc_value_get_bool(row, "paused", true));
		assert_null(noc_value_get(row, "paused_by"));
		assert_null(noc_value_get(row, "why"));
		free(on);
		noc_value_free(row);
	}
	cor_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_outcome_has_its_count),
		cmocka_unit_test(test_what_was_held),
		cmocka_unit_test(test_what_does_not_balance),
		cmocka_unit_test(test_row_of_a_rule),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
