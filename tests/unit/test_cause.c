/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/correlate_fixture.h"

#include "base/mem.h"
#include "engine/run/cause.h"

/* What many runs stop at is one notice, and one that counts the others. */
#define RULES                                                              \
	"rule \"r\" { on = \"work.todo\", mode = \"active\", run = flow {" \
	" step \"get\" { http.get { url = \"http://192.0.2.1/\" },"        \
	" timeout = \"1s\" } } }"

static void
trip(struct fix *f, const char *target)
{
	char *text = noc_asprintf("{\"verb\":\"breaker.trip\",\"action\":"
				  "\"http.get\",\"target\":\"%s\","
				  "\"for_ms\":86400000,\"why\":\"x\"}",
				  target);

	assert_int_equal(fix_command(f, text, NULL), 0);
	free(text);
}

static void
test_hundred_runs(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, RULES);
	trip(&f, "192.0.2.1");
	for (int i = 0; i < 100; i++)
		fix_start(&f, "r", NOC_ACTIVE, NOC_TRUST_HIGH);
	assert_int_equal(f.started, 0);
	assert_int_equal(fix_said(&f, "notify noc"), 1);
	fix_advance(&f, 299000);
	assert_int_equal(fix_said(&f, "notify noc"), 1);
	fix_advance(&f, 2000);
	assert_int_equal(fix_said(&f, "notify noc"), 2);
	assert_int_equal(fix_said(&f, "99 more in 5 min: breaker"), 1);
	/* Nothing more came: it is over, and would be told again. */
	fix_advance(&f, 301000);
	assert_int_equal(fix_said(&f, "notify noc"), 2);
	fix_start(&f, "r", NOC_ACTIVE, NOC_TRUST_HIGH);
	assert_int_equal(fix_said(&f, "notify noc"), 3);
	fix_close(&f);
}

/* Past the cap each is told: too many notices are better than none. */
static void
test_1024_causes(void **state)
{
	struct fix f = { 0 };
	char text[32];

	(void)state;
	fix_open(&f, RULES);
	noc_core_begin(f.core, f.now);
	for (int i = 0; i < 1024; i++) {
		snprintf(text, sizeof(text), "cause %d", i);
		assert_true(noc_cause_tells(f.core, text));
		assert_false(noc_cause_tells(f.core, text));
	}
	assert_true(noc_cause_tells(f.core, "one more"));
	assert_true(noc_cause_tells(f.core, "one more"));
	assert_false(noc_cause_tells(f.core, "cause 7"));
	noc_core_end(f.core);
	fix_close(&f);
}

/* ---- a message that nobody signed keeps a rule from acting ---- */

#define HOLD   "hold = { \"15s\", cancel = { \"link.up\", \"config.change\" } }"
#define UNLESS "unless = seen { \"config.change\", back = \"10m\" }"
#define DEVICE "192.0.2.1"
#define SAID \
	"heal does nothing because of a config.change of sw1 that nobody signed (syslog from 192.0.2.1)"

static char *
heals(const char *form, const char *mode)
{
	return noc_asprintf("rule \"heal\" { mode = \"%s\", on ="
			    " \"link.down\", key = \"{link}\", %s, run ="
			    " flow { step \"look\" { snmp.get { a ="
			    " \"ifAdminStatus.7\" }, timeout = \"5s\" },"
			    " step \"raise\" { snmp.set {"
			    " [\"ifAdminStatus.7\"] = \"up\" }, timeout ="
			    " \"5s\" } } }\n",
			    mode, form);
}

static void
says(struct fix *f, const char *kind, const char *ifname, bool sure)
{
	cor_tell(f, &(struct tell){ .kind = kind,
				    .device = "sw1",
				    .ifname = ifname,
				    .ifindex = ifname ? 7 : 0,
				    .origin = sure ? NULL : DEVICE });
}

static void
test_unsigned_is_told(void **state)
{
	static const struct {
		const char *form, *mode, *by;
		bool before, sure;
		const char *decision;
		unsigned told;
	} cases[] = {
		{ HOLD, "active", "config.change", false, false,
		  "config.change from sw1, not authenticated: left alone", 1 },
		{ HOLD, "active", "config.change", false, true,
		  "config.change from sw1: left alone", 0 },
		{ HOLD, "observe", "config.change", false, false,
		  "config.change from sw1, not authenticated: left alone", 0 },
		/* All day long: of a recovery the decision says it. */
		{ HOLD, "active", "link.up", false, false,
		  "link.up from sw1, not authenticated", 0 },
		{ UNLESS, "active", "config.change", true, false,
		  "unless seen(config.change 1s ago, not authenticated)", 1 },
		{ UNLESS, "active", "config.change", true, true,
		  "unless seen(config.change 1s ago)", 0 },
		/* Right before it acts. */
		{ UNLESS, "active", "config.change", false, false,
		  "left alone: unless seen(config.change 1s ago, not"
		  " authenticated)",
		  1 },
		{ UNLESS, "active", "config.change", false, true,
		  "left alone: unless seen(config.change 1s ago)", 0 },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct fix f = { 0 };
		char *rules = heals(cases[i].form, cases[i].mode);
		const char *port =
		    strcmp(cases[i].by, "link.up") ? NULL : "eth7";

		fix_open(&f, rules);
		cor_inventory(&f, "name,address\nsw1," DEVICE "\n");
		if (cases[i].before)
			says(&f, cases[i].by, port, cases[i].sure);
		fix_advance(&f, 1000);
		says(&f, "link.down", "eth7", true);
		if (!cases[i].before)
			says(&f, cases[i].by, port, cases[i].sure);
		fix_advance(&f, 1000);
		if (f.ncalls)
			fix_answer(&f, "snmp.get", "{\"a\":\"down\"}");
		assert_int_equal(f.sets, 0);
		if (!fix_count(&f, cases[i].decision) ||
		    fix_said(&f, "notify noc: " SAID) != cases[i].told ||
		    fix_said(&f, "does nothing because") != cases[i].told) {
			fix_dump(&f);
			fail_msg("case %d", (int)i);
		}
		free(rules);
		cor_close(&f);
	}
}

/* Of a device with many ports it is one notice, and a count. */
static void
test_unsigned_is_told_once(void **state)
{
	struct fix f = { 0 };
	char *rules = heals(HOLD, "active"), port[16];

	(void)state;
	fix_open(&f, rules);
	cor_inventory(&f, "name,address\nsw1," DEVICE "\n");
	for (int i = 0; i < 4; i++) {
		snprintf(port, sizeof(port), "eth%d", i);
		says(&f, "link.down", port, true);
	}
	says(&f, "config.change", NULL, false);
	assert_int_equal(fix_said(&f, "notify noc"), 1);
	fix_advance(&f, 301000);
	assert_int_equal(fix_said(&f, "notify noc: 3 more in 5 min: " SAID), 1);
	free(rules);
	cor_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unsigned_is_told),
		cmocka_unit_test(test_unsigned_is_told_once),
		cmocka_unit_test(test_hundred_runs),
		cmocka_unit_test(test_1024_causes),
	};

	return cmocka_run_group_tests_name("cause", tests, NULL, NULL);
}
