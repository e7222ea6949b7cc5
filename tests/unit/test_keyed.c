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

#define ON(name, more)                                                       \
	"rule \"" name "\" { on = \"" name ".x\", key = \"{device}\", " more \
	" }\n"

#define FILL(n)                                                          \
	"rule \"fill" n "\" { on = \"fill" n ".x\", key = \"{device}\"," \
	" threshold = \"2/10m\", run = log \"x\" }\n"
#define SET                                                     \
	"mode = \"active\", run = flow { step \"s\" {"          \
	" snmp.set { [\"ifAdminStatus.7\"] = \"up\" }, timeout" \
	" = \"5s\" } }"

/* All that there is room for, by what is trusted most. */
static void
fill(struct fix *f)
{
	char kind[16], name[16];

	for (int i = 0; i < 4; i++)
		for (int j = 0; j < 16384; j++) {
			snprintf(kind, sizeof(kind), "fill%d.x", i);
			snprintf(name, sizeof(name), "sw%d", j);
			cor_tell(
			    f, &(struct tell){ .kind = kind, .device = name });
		}
}

/*
 * What each form does when nobody may give way to it: nothing, and says so.
 * What storm would count, and damp of a rule that only tells, goes on without:
 * nobody is left in the dark.  What cannot be damped does not act, and what is
 * meant is remembered for its device as a whole.
 */
static void
test_each_form_without_room(void **state)
{
	static const struct {
		const char *kind;
		uint64_t fired, counted, errored;
	} cases[] = {
		{ "threshold", 0, 0, 1 }, { "throttle", 0, 0, 1 },
		{ "hold", 0, 0, 1 },	  { "settle", 0, 0, 1 },
		{ "damp", 1, 0, 0 },	  { "storm", 0, 1, 0 },
		{ "acts", 0, 0, 1 },
	};
	struct tell t = { .origin = "192.0.2.1" };
	struct fix f = { 0 };
	char name[16];

	(void)state;
	fix_open(
	    &f,
	    FILL("0") FILL("1") FILL("2") FILL(
		"3") "pair \"p\" { open = \"pair.x\", close = \"pair.y\","
		     " key = \"{device}\", within = \"5s\", missing = log \"m\" }\n"
		     "rule \"meant\" { on = \"link.down\", unless = seen {"
		     " \"config.change\", back = \"10m\" }, " SET " }\n" ON(
			 "threshold", "threshold = \"2/10m\", run = log \"x\"")
			 ON("throttle", "throttle = { once_within = \"10m\" },"
					" run = log \"x\"")
			     ON("hold", "hold = \"15s\", run = log \"x\"") ON(
				 "damp",
				 "damp = { suppress = 800 }, run = log \"x\"")
				 ON("acts", "damp = { suppress = 800 }, " SET) ON(
				     "storm",
				     "storm = { over = \"1/10s\" }, run = log \"x\"")
				     ON("settle", SET));
	cor_inventory(&f, "name,address\nsw1,192.0.2.1\n");
	cor_tell(&f, &(struct tell){ .kind = "settle.x", .device = "sw1" });
	fill(&f);
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct noc_rule_count was = *cor_count(&f, cases[i].kind);
		const struct noc_rule_count *c;

		snprintf(name, sizeof(name), "%s.x", cases[i].kind);
		t.kind = name;
		cor_tell(&f, &t);
		c = cor_count(&f, cases[i].kind);
		if (c->fired - was.fired != cases[i].fired ||
		    c->counted - was.counted != cases[i].counted ||
		    c->errored - was.errored != cases[i].errored)
			fail_msg("%s", name);
		assert_int_equal(refused(&f), (int64_t)i + 1);
	}
	assert_int_equal(fix_count(&f,
				   "DECISION errored {\"reason\":\"too many "
				   "open states"),
			 5);
	t.kind = "pair.x";
	cor_tell(&f, &t);
	assert_int_equal(refused(&f), (int64_t)NOC_COUNT(cases) + 1);
	t.kind = "config.change";
	cor_tell(&f, &t);
	t.kind = "link.down";
	cor_tell(&f, &t);
	assert_int_equal(cor_count(&f, "meant")->cancelled, 1);
	assert_int_equal(cor_states(&f, "lost"), 1);
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
		cmocka_unit_test(test_each_form_without_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
