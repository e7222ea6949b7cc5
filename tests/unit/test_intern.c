/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/correlate_fixture.h"

/* One pointer a text; the words of senders never take the place of ours. */

/* An event of a kind that its sender says. */
static void
cor_input(struct fix *f, const char *kind)
{
	struct noc_source *source = noc_source_new(f->core, "api", "api", true);
	struct noc_event ev = {
		.kind = noc_intern_input(kind, strlen(kind)),
		.origin = noc_slice_str("local"),
		.device = noc_slice_str("sw1"),
		.summary = noc_slice_str("told"),
		.trust = NOC_TRUST_HIGH,
		.severity = 3,
		.data = noc_value_map(),
	};

	noc_core_now(f->core, f->now);
	noc_sensor_emit(f->core, source, &ev, NULL);
	fix_pump(f);
}

static void
test_one_pointer(void **state)
{
	const char *ours = noc_interns("a.word"), *theirs;

	(void)state;
	assert_ptr_equal(noc_intern("a.words", 6), ours);
	assert_ptr_equal(noc_intern_input("a.word", 6), ours);
	theirs = noc_intern_input("b.word", 6);
	assert_string_equal(theirs, "b.word");
	assert_ptr_equal(noc_interns("b.word"), theirs);
	assert_ptr_equal(noc_intern_input("b.word", 6), theirs);
}

/* A flood of unknown kinds: rules that are loaded after it wait for what they
 * name, also one of the name that stands for the rest. */
static void
test_a_flood_of_kinds(void **state)
{
	struct fix f = { 0 };
	char text[32];

	(void)state;
	fix_open(&f, "rule \"a\" { on = \"known.before\", run = log \"a\" }\n");
	for (int i = 0; i < 70000; i++) {
		const char *kind;
		int n = snprintf(text, sizeof(text), "flood.%d", i);

		kind = noc_intern_input(text, (size_t)n);
		assert_string_equal(kind, i < 65535 ? text : NOC_INTERN_OTHER);
	}
	fix_rules(&f, "rule \"a\" { on = \"known.before\", run = log \"a\" }\n"
		      "rule \"b\" { on = \"new.after\", run = log \"b\" }\n"
		      "rule \"c\" { on = \"other\", run = log \"c\" }\n");
	cor_input(&f, "one.more");
	assert_int_equal(fix_said(&f, "log "), 0);
	cor_input(&f, "known.before");
	cor_input(&f, "new.after");
	cor_input(&f, "other");
	assert_int_equal(fix_said(&f, "log a: a"), 1);
	assert_int_equal(fix_said(&f, "log b: b"), 1);
	assert_int_equal(fix_said(&f, "log c: c"), 1);
	cor_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_pointer),
		cmocka_unit_test(test_a_flood_of_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
