/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/correlate_fixture.h"

/* What all forms stand on: how often a state is written, how many there are. */

static void
login(struct fix *f, const char *device)
{
	cor_tell(f, &(struct tell){ .kind = "login.failed", .device = device });
}

/* What only counts costs one row a second, however much comes. */
static void
test_counts_are_stored_once_a_second(void **state)
{
	static const char *const forms[] = {
		"hold = \"10m\"",
		"threshold = \"1000/10m\"",
		"throttle = { once_within = \"10m\" }",
		"throttle = { once_after = \"10m\" }",
		"storm = { over = \"1/10s\" }",
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(forms); i++) {
		struct fix f = { 0 };
		char *rules =
		    noc_asprintf("rule \"r\" { on = \"login.failed\","
				 " key = \"{device}\", %s, run = log \"x\" }",
				 forms[i]);
		unsigned before;

		fix_open(&f, rules);
		free(rules);
		login(&f, "sw1");
		login(&f, "sw1"); /* opens the storm */
		fix_advance(&f, 2000);
		login(&f, "sw1");
		before = f.puts;
		for (int n = 0; n < 100; n++) {
			login(&f, "sw1");
			if (n < 99)
				fix_advance(&f, 10);
		}
		if (f.puts != before)
			fail_msg("%s: %u rows within a second", forms[i],
				 f.puts - before);
		fix_advance(&f, 10);
		login(&f, "sw1");
		login(&f, "sw1");
		if (f.puts != before + 1)
			fail_msg("%s: %u rows, not 1, after a second", forms[i],
				 f.puts - before);
		cor_close(&f);
	}
}

static int64_t
refused(struct fix *f)
{
	struct noc_value *stats = noc_core_stats(f->core);
	int64_t n = noc_value_get_int(stats, "states_refused", -1);

	noc_value_free(stats);
	return n;
}

/* At the cap a new key is an error that is told; those there are go on. */
static void
test_open_states_have_a_cap(void **state)
{
	struct fix f = { 0 };
	char name[16];

	(void)state;
	fix_open(&f, "rule \"r\" { on = \"login.failed\","
		     " key = \"{device}\", threshold = \"2/10m\","
		     " run = log \"{device}\" }");
	for (int i = 0; i < 65536; i++) {
		snprintf(name, sizeof(name), "sw%d", i);
		login(&f, name);
	}
	assert_int_equal(cor_states(&f, "threshold"), 65536);
	assert_int_equal(refused(&f), 0);
	login(&f, "another");
	assert_int_equal(cor_states(&f, "threshold"), 65536);
	assert_int_equal(refused(&f), 1);
	assert_int_equal(cor_count(&f, "r")->errored, 1);
	assert_int_equal(fix_count(&f, "too many open states"), 1);
	login(&f, "sw0");
	assert_int_equal(cor_count(&f, "r")->fired, 1);
	/* What has left its window makes room. */
	fix_advance(&f, 11 * 60 * 1000);
	login(&f, "another");
	assert_int_equal(refused(&f), 1);
	assert_int_equal(cor_states(&f, "threshold"), 1);
	cor_close(&f);
}

#define ON(name, more)                                                       \
	"rule \"" name "\" { on = \"" name ".x\", key = \"{device}\", " more \
	" }\n"

/* What each form does when there is no room: nothing, and says so; but what
 * damp and storm would count goes on without, nobody is left in the dark. */
static void
test_each_form_at_the_cap(void **state)
{
	static const struct {
		const char *kind;
		uint64_t fired, counted, errored;
	} cases[] = {
		{ "threshold", 0, 0, 1 }, { "throttle", 0, 0, 1 },
		{ "hold", 0, 0, 1 },	  { "settle", 0, 0, 1 },
		{ "damp", 1, 0, 0 },	  { "storm", 0, 1, 0 },
	};
	struct fix f = { 0 };
	char name[16];

	(void)state;
	fix_open(
	    &f,
	    "rule \"fill\" { on = \"login.failed\", key = \"{device}\","
	    " threshold = \"2/10m\", run = log \"x\" }\n"
	    "pair \"p\" { open = \"pair.x\", close = \"pair.y\","
	    " key = \"{device}\", within = \"5s\", missing = log \"m\" }\n" ON(
		"threshold", "threshold = \"2/10m\", run = log \"x\"")
		ON("throttle", "throttle = { once_within = \"10m\" },"
			       " run = log \"x\"")
		    ON("hold", "hold = \"15s\", run = log \"x\"") ON(
			"damp", "damp = { suppress = 800 }, run = log \"x\"")
			ON("storm",
			   "storm = { over = \"1/10s\" }, run = log \"x\"")
			    ON("settle",
			       "mode = \"active\", run = flow { step \"s\" {"
			       " snmp.set { [\"ifAdminStatus.7\"] = \"up\" },"
			       " timeout = \"5s\" } }"));
	cor_tell(&f, &(struct tell){ .kind = "settle.x", .device = "sw1" });
	for (int i = 0; i < 65536; i++) {
		snprintf(name, sizeof(name), "sw%d", i);
		login(&f, name);
	}
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct noc_rule_count was = *cor_count(&f, cases[i].kind);
		const struct noc_rule_count *c;

		snprintf(name, sizeof(name), "%s.x", cases[i].kind);
		cor_tell(&f, &(struct tell){ .kind = name, .device = "sw1" });
		c = cor_count(&f, cases[i].kind);
		if (c->fired - was.fired != cases[i].fired ||
		    c->counted - was.counted != cases[i].counted ||
		    c->errored - was.errored != cases[i].errored)
			fail_msg("%s", name);
		assert_int_equal(refused(&f), (int64_t)i + 1);
	}
	assert_int_equal(fix_count(&f,
				   "DECISION errored {\"reason\":\"too many "
				   "open states\"}"),
			 4);
	cor_tell(&f, &(struct tell){ .kind = "pair.x", .device = "sw1" });
	assert_int_equal(refused(&f), (int64_t)NOC_COUNT(cases) + 1);
	fix_advance(&f, 60 * 1000);
	assert_int_equal(fix_said(&f, "log p: m"), 0);
	assert_int_equal(cor_states(&f, "threshold"), 65536);
	cor_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts_are_stored_once_a_second),
		cmocka_unit_test(test_open_states_have_a_cap),
		cmocka_unit_test(test_each_form_at_the_cap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
