/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/correlate_fixture.h"

/* time = "event": what counts is when the sender says that it happened. */

#define S 1000
#define RULE(more)                                              \
	"rule \"r\" { time = \"event\", key = \"{link}\"," more \
	" run = log \"{count}\" }\n"

static void
port(struct fix *f, const char *kind, int64_t ago_ms)
{
	cor_tell(f, &(struct tell){ .kind = kind,
				    .device = "sw1",
				    .ifname = "eth7",
				    .ifindex = 7,
				    .ago_ms = ago_ms });
}

static void
failed(struct fix *f, const char *user, int64_t ago_ms)
{
	cor_tell(f, &(struct tell){ .kind = "login.failed",
				    .device = "sw1",
				    .user = user,
				    .ago_ms = ago_ms });
}

#define LOGIN(more)                                                  \
	"rule \"r\" { time = \"event\", on = \"login.failed\"," more \
	" run = log \"{count}\" }\n"

/* A backlog of an hour, sent at once: five in a minute, or five in an hour? */
static void
test_threshold(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, LOGIN("threshold = \"5/1m\","));
	for (int64_t i = 0; i < 8; i++)
		failed(&f, "joe", (60 - 8 * i) * 60 * S + 1);
	assert_int_equal(cor_count(&f, "r")->fired, 0);
	for (int64_t i = 0; i < 4; i++)
		failed(&f, "joe", (50 - 10 * i) * S);
	assert_int_equal(cor_count(&f, "r")->fired, 0);
	failed(&f, "joe", 5 * S);
	assert_int_equal(cor_count(&f, "r")->fired, 1);
	cor_close(&f);
}

/* Out of order: the one that comes last may have been first, or in between. */
static void
test_threshold_disorder(void **state)
{
	static const int64_t ago[][4] = { { 50, 40, 30, 20 },
					  { 20, 30, 40, 50 },
					  { 50, 20, 30, 40 },
					  { 30, 20, 40, 50 } };
	static const char *const users[] = { "a", "b", "c", "d" };

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(ago); i++) {
		struct fix f = { 0 };

		fix_open(&f, LOGIN("threshold = { \"4/40s\", distinct = "
				   "\"{user}\" },"));
		for (size_t j = 0; j < 3; j++)
			failed(&f, users[j], ago[i][j] * S);
		failed(&f, "a", 45 * S); /* one of them again */
		assert_int_equal(cor_count(&f, "r")->fired, 0);
		failed(&f, users[3], ago[i][3] * S);
		assert_int_equal(cor_count(&f, "r")->fired, 1);
		cor_close(&f);
	}
}

/* What is new already came; a backlog between it still counts as one. */
static void
test_threshold_backlog(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, LOGIN("threshold = { \"4/1m\", distinct = \"{user}\" },"));
	for (int64_t i = 0; i < 4; i++) {
		static const char *const users[] = { "a", "b", "c", "d" };

		assert_int_equal(cor_count(&f, "r")->fired, 0);
		failed(&f, "joe", 1);
		failed(&f, users[i], (3600 - 10 * i) * S);
	}
	assert_int_equal(cor_count(&f, "r")->fired, 1);
	cor_close(&f);
}

/* The clock of a sender is not believed when it cannot be right. */
static void
test_wrong_clock(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, LOGIN("threshold = \"3/1m\","));
	failed(&f, "joe", -3600 * S);
	failed(&f, "joe", 400LL * 86400 * S);
	failed(&f, "joe", 1);
	assert_int_equal(cor_count(&f, "r")->fired, 1);
	cor_close(&f);
}

#define HELD \
	RULE("on = \"link.down\", hold = { \"15s\", cancel = \"link.up\" },")

static void
test_hold(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, HELD);
	/* Ten of its fifteen seconds are over. */
	port(&f, "link.down", 10 * S);
	fix_advance(&f, 4900);
	assert_int_equal(cor_count(&f, "r")->fired, 0);
	fix_advance(&f, 200);
	assert_int_equal(cor_count(&f, "r")->fired, 1);
	assert_int_equal(fix_said(&f, "(late)"), 0);
	cor_close(&f);
}

/* All of it is over: fired late, but not before the rest of the backlog. */
static void
test_hold_late(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, HELD);
	port(&f, "link.down", 300 * S);
	fix_advance(&f, 1900);
	assert_int_equal(cor_count(&f, "r")->fired, 0);
	fix_advance(&f, 200);
	assert_int_equal(cor_count(&f, "r")->fired, 1);
	assert_int_equal(fix_said(&f, "(late)"), 1);
	cor_close(&f);
}

static void
test_hold_cancel(void **state)
{
	static const struct {
		int64_t down, up; /* ago, s */
		bool up_first;
		unsigned fired;
	} ways[] = {
		{ 300, 297, false, 0 }, /* over after 3 s */
		{ 300, 297, true, 0 },	/* the same, the other way round */
		{ 300, 310, false, 1 }, /* an up of before says nothing */
		{ 300, 310, true, 1 },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(ways); i++) {
		struct fix f = { 0 };

		fix_open(&f, HELD);
		if (ways[i].up_first)
			port(&f, "link.up", ways[i].up * S);
		port(&f, "link.down", ways[i].down * S);
		fix_advance(&f, 1000);
		if (!ways[i].up_first)
			port(&f, "link.up", ways[i].up * S);
		fix_advance(&f, 60 * S);
		if (cor_count(&f, "r")->fired != ways[i].fired)
			fail_msg("way %zu: %d", i,
				 (int)cor_count(&f, "r")->fired);
		assert_int_equal(cor_count(&f, "r")->cancelled,
				 1 - ways[i].fired);
		cor_close(&f);
	}
}

/* Whole seconds of BSD syslog: within one the order of arrival stands. */
static void
test_hold_one_second(void **state)
{
	static const struct {
		int64_t up, down; /* ago, ms, in this order or the other */
		bool up_first;
		unsigned fired;
	} ways[] = {
		{ 300000, 300000, true, 1 },  /* up, and down again */
		{ 300000, 300000, false, 0 }, /* down, and up again */
		{ 299700, 300000, true, 1 },  /* a trap's up before it */
		{ 300000, 299700, false, 0 }, /* a trap's down before it */
		{ 299400, 299700, true, 0 },  /* both say more */
		{ 299700, 299400, false, 1 },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(ways); i++) {
		struct fix f = { 0 };

		fix_open(&f, HELD);
		if (ways[i].up_first)
			port(&f, "link.up", ways[i].up);
		port(&f, "link.down", ways[i].down);
		if (!ways[i].up_first)
			port(&f, "link.up", ways[i].up);
		fix_advance(&f, 60 * S);
		if (cor_count(&f, "r")->fired != ways[i].fired)
			fail_msg("way %zu: %d", i,
				 (int)cor_count(&f, "r")->fired);
		cor_close(&f);
	}
}

/* An up of before is no recovery: what was meant stays so, damp knows. */
static void
test_late_recovery(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, RULE("on = \"link.down\", unless = { seen { "
			  "\"config.change\", back = \"1m\" } },"));
	cor_tell(&f, &(struct tell){ .kind = "config.change",
				     .device = "sw1",
				     .ago_ms = 10 * S });
	port(&f, "link.down", 1 * S);
	port(&f, "link.up", 3600 * S);
	fix_advance(&f, 300 * S);
	port(&f, "link.down", 1);
	assert_int_equal(cor_count(&f, "r")->cancelled, 2);
	assert_int_equal(cor_count(&f, "r")->fired, 0);
	cor_close(&f);
}

/* Shut by an operator, whose word came first: it is meant to be down. */
static void
test_hold_meant(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, RULE("on = \"link.down\", hold = { \"15s\", cancel = "
			  "\"config.change\" },"));
	cor_tell(&f, &(struct tell){ .kind = "config.change",
				     .device = "sw1",
				     .ago_ms = 297 * S });
	port(&f, "link.down", 300 * S);
	fix_advance(&f, 600 * S);
	port(&f, "link.down", 1);
	fix_advance(&f, 60 * S);
	assert_int_equal(cor_count(&f, "r")->cancelled, 2);
	assert_int_equal(cor_count(&f, "r")->fired, 0);
	port(&f, "link.up", 1);
	fix_advance(&f, 60 * S);
	port(&f, "link.down", 1);
	fix_advance(&f, 60 * S);
	assert_int_equal(cor_count(&f, "r")->fired, 1);
	cor_close(&f);
}

/* Announced before it happened, though the word came an hour late. */
static void
test_unless(void **state)
{
	static const struct {
		int64_t change; /* ago, s; the link goes 3600 s ago */
		unsigned fired;
	} ways[] = { { 3660, 0 }, { 3590, 0 }, { 5400, 1 } };

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(ways); i++) {
		struct fix f = { 0 };

		fix_open(&f, RULE("on = \"link.down\", unless = { seen { "
				  "\"config.change\", back = \"10m\" } },"));
		cor_tell(&f, &(struct tell){ .kind = "config.change",
					     .device = "sw1",
					     .ago_ms = ways[i].change * S });
		port(&f, "link.down", 3600 * S);
		assert_int_equal(cor_count(&f, "r")->fired, ways[i].fired);
		cor_close(&f);
	}
}

/* Six flaps over three hours are no flapping, sent at once or not. */
static void
test_damp(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, RULE("on = \"link.down\", damp = {},"));
	for (int64_t i = 6; i > 0; i--) {
		port(&f, "link.down", i * 1800 * S);
		port(&f, "link.up", i * 1800 * S - 60 * S);
		fix_advance(&f, 40 * S); /* past the fold */
	}
	assert_int_equal(cor_count(&f, "r")->fired, 6);
	assert_int_equal(cor_count(&f, "r")->damped, 0);
	cor_close(&f);
}

/* ---- clocks ---- */

static void
test_skew(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, "rule \"s\" { on = \"clock.skew\", run = log \"{device} "
		     "{behind}\" }\nrule \"o\" { on = \"clock.ok\", run = log "
		     "\"{device} right\" }\n");
	failed(&f, "joe", 29 * S);
	failed(&f, "joe", 3600 * S);
	failed(&f, "joe", 3601 * S);
	assert_int_equal(fix_said(&f, "log s:"), 0);
	failed(&f, "joe", 3602 * S);
	assert_int_equal(fix_said(&f, "log s: sw1 3602"), 1);
	assert_int_equal(fix_said(&f, "as if of another time zone"), 1);
	failed(&f, "joe", 3600 * S);
	assert_int_equal(fix_said(&f, "log s:"), 1); /* once */
	failed(&f, "joe", 1);
	assert_int_equal(fix_said(&f, "log o: sw1 right"), 1);
	failed(&f, "joe", -100 * S);
	failed(&f, "joe", 1); /* two in a row are no finding */
	failed(&f, "joe", -100 * S);
	failed(&f, "joe", -100 * S);
	assert_int_equal(fix_said(&f, "log s:"), 1);
	failed(&f, "joe", -100 * S);
	assert_int_equal(fix_said(&f, "log s: sw1 -100"), 1);
	assert_int_equal(fix_said(&f, "log o:"), 1);
	cor_close(&f);
}

/* The datagram was sent a little after the clock of its turn was read. */
static void
test_skew_is_rounded(void **state)
{
	static const struct {
		int64_t ago_ms, behind;
	} cases[] = {
		{ 3600 * S - 3, 3600 },	  { 3600 * S + 3, 3600 },
		{ 3600 * S + 500, 3601 }, { -3600 * S - 3, -3600 },
		{ -3600 * S + 3, -3600 },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct noc_value *stats;
		struct fix f = { 0 };
		char text[64];

		fix_open(&f, "rule \"s\" { on = \"clock.skew\", run = log"
			     " \"{behind}, {summary}\" }\n");
		for (int n = 0; n < 3; n++)
			failed(&f, "joe", cases[i].ago_ms);
		snprintf(text, sizeof(text),
			 "log s: %lld, the clock of sw1 is "
			 "%lld s ",
			 (long long)cases[i].behind, llabs(cases[i].behind));
		assert_int_equal(fix_said(&f, text), 1);
		stats = noc_core_stats(f.core);
		assert_int_equal(
		    noc_value_get_int(noc_value_get(stats, "clocks"), "worst",
				      0),
		    llabs(cases[i].behind));
		noc_value_free(stats);
		cor_close(&f);
	}
}

/* Thousands of senders, most of them made up, do not fill the memory. */
static void
test_skew_capped(void **state)
{
	struct fix f = { 0 };
	struct noc_value *stats;
	char name[32];

	(void)state;
	fix_open(&f, "rule \"s\" { on = \"link.up\", run = log \"x\" }");
	for (int i = 0; i < 3 * 4200; i++) {
		snprintf(name, sizeof(name), "sw%d", i / 3);
		cor_tell(&f, &(struct tell){ .kind = "login.failed",
					     .device = name,
					     .ago_ms = 60 * S });
	}
	stats = noc_core_stats(f.core);
	assert_int_equal(
	    noc_value_get_int(noc_value_get(stats, "clocks"), "wrong", 0),
	    4096);
	noc_value_free(stats);
	/* Of those that nobody knows nothing is measured. */
	for (int i = 0; i < 3; i++)
		cor_tell(&f, &(struct tell){ .kind = "login.failed",
					     .device = "odd",
					     .origin = "198.51.100.9",
					     .trust = NOC_TRUST_LOW,
					     .ago_ms = 60 * S });
	assert_int_equal(fix_said(&f, "clock of odd"), 0);
	cor_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_threshold),
		cmocka_unit_test(test_threshold_disorder),
		cmocka_unit_test(test_threshold_backlog),
		cmocka_unit_test(test_wrong_clock),
		cmocka_unit_test(test_hold),
		cmocka_unit_test(test_hold_late),
		cmocka_unit_test(test_hold_cancel),
		cmocka_unit_test(test_hold_one_second),
		cmocka_unit_test(test_hold_meant),
		cmocka_unit_test(test_late_recovery),
		cmocka_unit_test(test_unless),
		cmocka_unit_test(test_damp),
		cmocka_unit_test(test_skew),
		cmocka_unit_test(test_skew_is_rounded),
		cmocka_unit_test(test_skew_capped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
