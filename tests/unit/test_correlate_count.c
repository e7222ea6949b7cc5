/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/correlate_fixture.h"

/*
 * The forms that count: threshold, throttle, pair, damp, storm.  Timelines
 * marked sec: facts recorded from simple-evcorr/sec 2.9.4; eda: from
 * kiegroup/drools-ansible-rulebook-integration (Apache-2.0, its Java tests
 * OnceWithinTest, OnceAfterTest, AccumulateWithinTest).
 */

struct beat {
	int ms;
	const char *kind, *device;
	unsigned fired; /* all firings so far, once it is told */
};

/* Then an hour passes: `end` firings in all. */
static void
timeline(const char *name, const char *rules, const struct beat *b, size_t n,
	 unsigned end)
{
	struct fix f = { 0 };
	int at = 0;

	fix_open(&f, rules);
	for (size_t i = 0; i < n; i++) {
		fix_advance(&f, b[i].ms - at);
		at = b[i].ms;
		if (b[i].kind)
			cor_tell(&f, &(struct tell){ .kind = b[i].kind,
						     .device = b[i].device });
		if (fix_said(&f, "log r:") != b[i].fired) {
			fail_msg("%s: %zu firings after beat %zu, not %u", name,
				 fix_said(&f, "log r:"), i, b[i].fired);
		}
		cor_balance(&f);
	}
	fix_advance(&f, 3600 * 1000);
	if (fix_said(&f, "log r:") != end)
		fail_msg("%s: %zu firings in all, not %u", name,
			 fix_said(&f, "log r:"), end);
	assert_int_equal(cor_states(&f, "threshold"), 0);
	assert_int_equal(cor_states(&f, "throttle"), 0);
	assert_int_equal(cor_states(&f, "pair"), 0);
	cor_close(&f);
}

#define TIMELINE(name, rules, end, ...)                              \
	do {                                                         \
		const struct beat beats[] = { __VA_ARGS__ };         \
		timeline(name, rules, beats, NOC_COUNT(beats), end); \
	} while (0)

#define FAIL(ms, device, fired)                   \
	{                                         \
		ms, "login.failed", device, fired \
	}
#define DOWN(ms, device, fired)               \
	{                                     \
		ms, "bgp.down", device, fired \
	}
#define UP(ms, device, fired)               \
	{                                   \
		ms, "bgp.up", device, fired \
	}

static void
test_threshold(void **state)
{
	static const char rules[] =
	    "rule \"r\" { on = \"login.failed\", key = \"{device}\","
	    " threshold = \"3/4s\", run = log \"{count}\" }";

	(void)state;
	TIMELINE("sec basic", rules, 1, FAIL(0, "a", 0), FAIL(1000, "a", 0),
		 FAIL(2000, "a", 1), FAIL(3000, "a", 1));
	TIMELINE("sec a key each", rules, 1, FAIL(0, "a", 0), FAIL(500, "b", 0),
		 FAIL(1000, "a", 0), FAIL(1500, "b", 0), FAIL(2000, "b", 1));
	TIMELINE("sec expires", rules, 0, FAIL(0, "a", 0), FAIL(1000, "a", 0),
		 FAIL(8000, "a", 0), FAIL(9000, "a", 0));
	TIMELINE("sec again", rules, 2, FAIL(0, "a", 0), FAIL(500, "a", 0),
		 FAIL(1000, "a", 1), FAIL(6000, "a", 1), FAIL(6500, "a", 1),
		 FAIL(7000, "a", 2));
	/* The window slides: 1, 4 and 4.5 s are within 4 s. */
	TIMELINE("slides", rules, 1, FAIL(0, "a", 0), FAIL(1000, "a", 0),
		 FAIL(4500, "a", 0), FAIL(4600, "a", 1));
	/* It never stops, but falls below in between: told again. */
	TIMELINE("re-arms below a trickle", rules, 2, FAIL(0, "a", 0),
		 FAIL(100, "a", 0), FAIL(200, "a", 1), FAIL(3000, "a", 1),
		 FAIL(6000, "a", 1), FAIL(9000, "a", 1), FAIL(9100, "a", 2));
	/* It goes on and on above: told once. */
	TIMELINE("once while it lasts", rules, 1, FAIL(0, "a", 0),
		 FAIL(1000, "a", 0), FAIL(2000, "a", 1), FAIL(3000, "a", 1),
		 FAIL(4000, "a", 1), FAIL(5000, "a", 1), FAIL(6000, "a", 1),
		 FAIL(7000, "a", 1), FAIL(8000, "a", 1), FAIL(9000, "a", 1));
}

static void
test_threshold_hysteresis(void **state)
{
	static const char rules[] =
	    "rule \"r\" { on = \"login.failed\", key = \"{device}\","
	    " threshold = { over = \"3/2s\", clear = \"2/10s\" },"
	    " run = log \"{count}\" }";

	(void)state;
	TIMELINE("calm is less than 2 in 10 s", rules, 2, FAIL(0, "a", 0),
		 FAIL(100, "a", 0), FAIL(200, "a", 1),
		 /* below 3 in 2 s, yet not calm */
		 FAIL(6000, "a", 1), FAIL(6100, "a", 1), FAIL(6200, "a", 1),
		 /* calm since 16.2 s */
		 FAIL(17000, "a", 1), FAIL(17100, "a", 1), FAIL(17200, "a", 2));
}

static void
test_threshold_distinct(void **state)
{
	struct fix f = { 0 };
	static const char *const users[] = { "a", "a", "b", "a", "c" };

	(void)state;
	fix_open(&f, "rule \"r\" { on = \"login.failed\", key = \"{device}\","
		     " threshold = { over = \"3/1m\", distinct = \"{user}\" },"
		     " run = log \"{count}\" }");
	for (size_t i = 0; i < NOC_COUNT(users); i++) {
		assert_int_equal(cor_count(&f, "r")->fired, 0);
		cor_tell(&f, &(struct tell){ .kind = "login.failed",
					     .device = "sw1",
					     .user = users[i] });
	}
	assert_int_equal(cor_count(&f, "r")->fired, 1);
	assert_int_equal(fix_said(&f, "log r: 3"), 1);
	cor_close(&f);
}

static void
test_throttle(void **state)
{
	static const char within[] =
	    "rule \"r\" { on = \"login.failed\", key = \"{device}\","
	    " throttle = { once_within = \"10s\" }, run = log \"x\" }";
	static const char suppress[] =
	    "rule \"r\" { on = \"login.failed\", key = \"{device}\","
	    " throttle = { once_within = \"4s\" }, run = log \"x\" }";
	static const char after[] =
	    "rule \"r\" { on = \"login.failed\", key = \"{device}\","
	    " throttle = { once_after = \"10s\" }, run = log \"{count}\" }";
	static const char accumulate[] =
	    "rule \"r\" { on = \"login.failed\", key = \"{device}\","
	    " throttle = { accumulate = \"2/10s\" }, run = log \"{count}\" }";

	(void)state;
	TIMELINE("eda once_within", within, 3, FAIL(0, "e", 1),
		 FAIL(3000, "e", 1), FAIL(3000, "w", 2), FAIL(7000, "e", 2),
		 FAIL(12000, "e", 3));
	TIMELINE("eda once_within repeated", within, 6, FAIL(0, "A", 1),
		 FAIL(0, "B", 2), FAIL(0, "A", 2), FAIL(0, "B", 2),
		 FAIL(15000, "A", 3), FAIL(15000, "B", 4), FAIL(15000, "A", 4),
		 FAIL(30000, "A", 5), FAIL(30000, "B", 6), FAIL(30000, "A", 6));
	TIMELINE("sec suppress: the window does not slide", suppress, 3,
		 FAIL(0, "r1", 1), FAIL(1000, "r1", 1), FAIL(2000, "r2", 2),
		 FAIL(3000, "r1", 2), FAIL(6000, "r1", 3));
	TIMELINE("eda accumulate", accumulate, 2, FAIL(0, "h1", 0),
		 FAIL(0, "h2", 0), FAIL(0, "h1", 1), FAIL(0, "h2", 2),
		 FAIL(0, "h1", 2));
	TIMELINE("accumulate: the window drops", accumulate, 0,
		 FAIL(0, "h1", 0), FAIL(11000, "h1", 0), FAIL(22000, "h1", 0));
	/* One batch a key at the end of its window. */
	TIMELINE("eda once_after", after, 4, FAIL(0, "h1e", 0),
		 FAIL(3000, "h2e", 0), FAIL(3000, "h1w", 0),
		 FAIL(7000, "h1e", 0), { 9900, NULL, NULL, 0 },
		 { 10100, NULL, NULL, 1 }, { 13100, NULL, NULL, 3 },
		 FAIL(14000, "h1w", 3), { 24100, NULL, NULL, 4 });
}

static void
test_throttle_counts(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, "rule \"r\" { on = \"login.failed\", key = \"{device}\","
		     " throttle = { once_after = \"10s\" },"
		     " run = log \"n={count}\" }");
	for (int i = 0; i < 7; i++)
		cor_tell(&f, &(struct tell){ .kind = "login.failed",
					     .device = "sw1" });
	fix_advance(&f, 11000);
	assert_int_equal(fix_said(&f, "log r: n=7"), 1);
	assert_int_equal(cor_count(&f, "r")->held_now, 0);
	cor_close(&f);
}

static void
test_pair(void **state)
{
	static const char both[] =
	    "pair \"r\" { open = \"bgp.down\", close = \"bgp.up\","
	    " key = \"{device}\", within = \"4s\", missing = log \"missing\","
	    " matched = log \"recovered in {elapsed}\" }";
	struct fix f = { 0 };

	(void)state;
	TIMELINE("sec recovered", both, 1, DOWN(0, "r1", 0), UP(2000, "r1", 1));
	TIMELINE("sec timeout", both, 1, DOWN(0, "r1", 0),
		 { 3900, NULL, NULL, 0 }, { 4100, NULL, NULL, 1 });
	TIMELINE("sec repeats neither extend nor re-arm", both, 1,
		 DOWN(0, "r1", 0), DOWN(2000, "r1", 0), DOWN(3000, "r1", 0),
		 { 4100, NULL, NULL, 1 });
	TIMELINE("sec two", both, 2, DOWN(0, "r1", 0), DOWN(1000, "r2", 0),
		 UP(2000, "r2", 1), { 4100, NULL, NULL, 2 });
	TIMELINE("sec late close does nothing", both, 1, DOWN(0, "r1", 0),
		 UP(7000, "r1", 1), UP(8000, "r1", 1));
	TIMELINE("sec reopens", both, 2, DOWN(0, "r1", 0), UP(1000, "r1", 1),
		 DOWN(2000, "r1", 1), UP(3000, "r1", 2));
	fix_open(&f, both);
	cor_tell(&f, &(struct tell){ .kind = "bgp.down", .device = "r1" });
	fix_advance(&f, 3000);
	cor_tell(&f, &(struct tell){ .kind = "bgp.up", .device = "r1" });
	assert_int_equal(fix_said(&f, "log r: recovered in 3s"), 1);
	cor_close(&f);
}

/* ---- damp ---- */

#define DAMPED(more)                                                  \
	"rule \"heal\" { mode = \"active\", on = \"link.down\","      \
	" key = \"{link}\"," more " damp = { half_life = \"15m\","    \
	" suppress = 2000, reuse = 750, max_suppress = \"60m\" },"    \
	" guard = { per_key = \"100/1h\", targets = \"100/1h\" },"    \
	" run = flow { step \"raise\" { snmp.set { [\"ifAdminStatus." \
	"{ifindex}\"] = \"up\" }, timeout = \"5s\" } } }"

static void
flap(struct fix *f, int64_t ms)
{
	cor_port(f, "link.down", "sw1", "eth7");
	fix_advance(f, ms / 2);
	cor_port(f, "link.up", "sw1", "eth7");
	fix_advance(f, ms - ms / 2);
}

/* RFC 2439: 1000 each, halved in 15 min; two in a row stay below 2000. */
static void
test_damp(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, DAMPED(" hold = { \"15s\", cancel = { \"link.up\" } },"));
	flap(&f, 10000);
	flap(&f, 10000);
	assert_int_equal(fix_said(&f, "flaps"), 0);
	for (int i = 0; i < 4; i++)
		flap(&f, 10000);
	assert_int_equal(fix_said(&f, "sw1/eth7 flaps"), 1);
	/* Penalty about 5900 at 60 s: 750 after about 44 min 40 s. */
	fix_advance(&f, 44 * 60000);
	assert_int_equal(fix_said(&f, "all clear"), 0);
	fix_advance(&f, 2 * 60000);
	assert_int_equal(fix_said(&f, "all clear"), 1);
	assert_int_equal(cor_states(&f, "damp"), 0);
	assert_int_equal(f.sets, 0);
	cor_close(&f);
}

static void
test_damp_ceiling(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, DAMPED(" hold = { \"15s\", cancel = { \"link.up\" } },"));
	for (int i = 0; i < 60; i++)
		flap(&f, 10000);
	/* However long it flapped: at most max_suppress from the last. */
	fix_advance(&f, 59 * 60000);
	assert_int_equal(fix_said(&f, "all clear"), 0);
	fix_advance(&f, 2 * 60000);
	assert_int_equal(fix_said(&f, "all clear"), 1);
	assert_int_equal(fix_said(&f, "flaps"), 1);
	cor_close(&f);
}

/* Muted and down: a person after hold + 2 min; at reuse it acts, late. */
static void
test_damp_stays_down(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, DAMPED(" hold = { \"15s\", cancel = { \"link.up\" } },"));
	for (int i = 0; i < 5; i++)
		flap(&f, 10000);
	cor_port(&f, "link.down", "sw1", "eth7");
	fix_advance(&f, 130000);
	assert_int_equal(f.sets, 0);
	assert_int_equal(cor_count(&f, "heal")->damped, 1);
	assert_int_equal(fix_said(&f, "needs a person"), 0);
	fix_advance(&f, 10000);
	assert_int_equal(fix_said(&f, "needs a person"), 1);
	fix_advance(&f, 44 * 60000);
	assert_int_equal(cor_count(&f, "heal")->fired, 1);
	assert_int_equal(fix_count(&f, "(late)"), 1);
	assert_int_equal(fix_said(&f, "all clear"), 0);
	cor_close(&f);
}

/* Flapped, then shut by a person: nothing is raised at reuse. */
static void
test_damp_meant(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, DAMPED(" hold = { \"15s\", cancel = { \"link.up\","
			    " \"config.change\" } }, unless = { seen {"
			    " \"config.change\", back = \"10m\" } },"));
	for (int i = 0; i < 5; i++)
		flap(&f, 10000);
	cor_port(&f, "link.down", "sw1", "eth7");
	cor_tell(&f,
		 &(struct tell){ .kind = "config.change", .device = "sw1" });
	fix_advance(&f, 2 * 3600 * 1000);
	assert_int_equal(f.sets, 0);
	assert_int_equal(fix_said(&f, "meant to be down"), 1);
	cor_close(&f);
}

/* What our own run does to the port is no flap. */
static void
test_damp_own(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, DAMPED(""));
	for (int i = 0; i < 6; i++) {
		cor_port(&f, "link.down", "sw1", "eth7");
		if (f.ncalls)
			fix_answer(&f, "snmp.set", "{}");
		cor_port(&f, "link.up", "sw1", "eth7");
		fix_advance(&f, 5000);
	}
	assert_int_equal(fix_said(&f, "flaps"), 0);
	assert_int_equal(f.sets, 1);
	cor_close(&f);
}

/* ---- storm ---- */

#define STORM(more)                                              \
	"rule \"storm\" { on = \"syslog\", key = \"{device}\","  \
	" storm = { over = \"20/10s\", clear = \"6/60s\","       \
	" digest = { idle = \"30s\", max = \"5m\" }, " more "}," \
	" run = log \"{device} {storm}: {count}, top {top:3}\" }"

static void
messages(struct fix *f, const char *device, int n, int64_t every_ms,
	 const char *text, int severity)
{
	for (int i = 0; i < n; i++) {
		char line[128];

		snprintf(line, sizeof(line), "%d %s", i, text);
		cor_tell(f, &(struct tell){ .kind = "syslog",
					    .device = device,
					    .summary = line,
					    .severity = severity });
		fix_advance(f, every_ms);
	}
}

static void
test_storm(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, STORM(""));
	messages(&f, "sw1", 20, 100, "port is ugly", 5);
	assert_int_equal(fix_said(&f, "start"), 0);
	messages(&f, "sw1", 80, 100, "port is ugly", 5);
	assert_int_equal(fix_said(&f, "log storm: sw1 start: 21"), 1);
	messages(&f, "sw1", 50, 100, "fan is loud", 5);
	assert_int_equal(fix_said(&f, "log storm"), 1);
	fix_advance(&f, 31000);
	assert_int_equal(fix_said(&f, "log storm: sw1 end: 150"), 1);
	assert_int_equal(fix_said(&f, "100 × * port is ugly"), 1);
	assert_int_equal(fix_said(&f, "50 × * fan is loud"), 1);
	assert_int_equal(cor_states(&f, "storm"), 0);
	assert_int_equal(cor_count(&f, "storm")->counted, 149);
	cor_close(&f);
}

/* A rate that hovers below, for hours, is no storm and adds nothing up. */
static void
test_storm_below(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, STORM(""));
	messages(&f, "sw1", 600, 600, "old b", 5); /* 17 in 10 s */
	assert_int_equal(fix_said(&f, "log storm"), 0);
	messages(&f, "sw1", 30, 10, "new b", 5);
	assert_int_equal(fix_said(&f, "log storm: sw1 start: 21"), 1);
	cor_close(&f);
}

/* At so many it ends, and the next begins. */
static void
test_storm_ends_by_count(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, "rule \"storm\" { on = \"syslog\", key = \"{device}\","
		     " storm = { over = \"20/10s\", digest = { count = 50 } },"
		     " run = log \"{device} {storm}: {count}\" }");
	messages(&f, "sw1", 49, 10, "a b", 5);
	assert_int_equal(fix_said(&f, "end: "), 0);
	messages(&f, "sw1", 1, 10, "a b", 5);
	assert_int_equal(fix_said(&f, "log storm: sw1 end: 50"), 1);
	assert_int_equal(cor_states(&f, "storm"), 0);
	messages(&f, "sw1", 50, 10, "a b", 5);
	assert_int_equal(fix_said(&f, "log storm: sw1 end: 50"), 2);
	assert_int_equal(fix_said(&f, "log storm: sw1 start: 21"), 2);
	cor_close(&f);
}

/* It ends when it has fallen below clear, and at its longest age. */
static void
test_storm_ends(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, STORM(""));
	messages(&f, "sw1", 30, 100, "a b", 5);
	messages(&f, "sw1", 12, 15000, "a b", 5); /* 4 a minute, never idle */
	assert_int_equal(fix_said(&f, "end: "), 1);
	fix_close(&f);

	memset(&f, 0, sizeof(f));
	fix_open(&f, STORM(""));
	messages(&f, "sw1", 290 * 4, 250, "a b", 5);
	assert_int_equal(fix_said(&f, "end: "), 0);
	messages(&f, "sw1", 120, 250, "a b", 5);
	assert_int_equal(fix_said(&f, "end: "), 1);
	assert_int_equal(fix_said(&f, "start: "), 2); /* it goes on */
	cor_close(&f);
}

static void
test_storm_keep(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, STORM("keep = { severity = at_least \"err\" } "));
	messages(&f, "sw1", 30, 10, "a b", 6);
	messages(&f, "sw1", 3, 10, "grave b", 2);
	messages(&f, "sw1", 30, 10, "a b", 6);
	assert_int_equal(cor_count(&f, "storm")->fired, 1 + 3);
	cor_close(&f);
}

/* Five devices one by one, the site once, the others not; ends likewise. */
static void
test_storm_rollup(void **state)
{
	struct fix f = { 0 };
	char csv[1024] = "name,address,site\n", name[16];

	(void)state;
	for (int i = 1; i <= 12; i++)
		snprintf(csv + strlen(csv), 64, "sw%d,192.0.2.%d,waw\n", i, i);
	fix_open(&f, STORM("rollup = \"site\" "));
	cor_inventory(&f, csv);
	for (int i = 1; i <= 12; i++) {
		snprintf(name, sizeof(name), "sw%d", i);
		messages(&f, name, 30, 10, "a b", 6);
	}
	assert_int_equal(fix_said(&f, " start: "), 5);
	assert_int_equal(fix_said(&f, " site: "), 1);
	fix_advance(&f, 60000);
	assert_int_equal(fix_said(&f, " end: "), 6);
	assert_int_equal(cor_states(&f, "storm"), 0);
	cor_close(&f);
}

/* Canonical events still reach every other rule. */
static void
test_storm_others(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, STORM("") "rule \"w\" { on = \"link.down\","
			       " key = \"{link}\", run = log \"x\" }");
	messages(&f, "sw1", 50, 1, "a b", 6);
	cor_port(&f, "link.down", "sw1", "eth7");
	assert_int_equal(cor_count(&f, "w")->fired, 1);
	cor_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_threshold),
		cmocka_unit_test(test_threshold_hysteresis),
		cmocka_unit_test(test_threshold_distinct),
		cmocka_unit_test(test_throttle),
		cmocka_unit_test(test_throttle_counts),
		cmocka_unit_test(test_pair),
		cmocka_unit_test(test_damp),
		cmocka_unit_test(test_damp_ceiling),
		cmocka_unit_test(test_damp_stays_down),
		cmocka_unit_test(test_damp_meant),
		cmocka_unit_test(test_damp_own),
		cmocka_unit_test(test_storm),
		cmocka_unit_test(test_storm_below),
		cmocka_unit_test(test_storm_ends),
		cmocka_unit_test(test_storm_ends_by_count),
		cmocka_unit_test(test_storm_keep),
		cmocka_unit_test(test_storm_rollup),
		cmocka_unit_test(test_storm_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
