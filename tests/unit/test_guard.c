/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/life_fixture.h"

#include "engine/run/runner.h"

/* How much may one rule do?  Each guard to its last event and millisecond,
 * also by one that was killed after each of them. */

#define RUN                                                           \
	" run = flow { step \"raise\" { snmp.set { [\"ifAdminStatus." \
	"{ifindex}\"] = \"up\" }, timeout = \"5s\" } }"

#define HEAL(guard)                                              \
	"rule \"heal\" { mode = \"active\", on = \"link.down\"," \
	" key = \"{link}\", " guard RUN " }\n"

#define TELLS(key, guard)                                                 \
	"rule \"r\" { on = \"login.failed\", key = \"" key "\", guard = " \
	"{ " guard " }, run = log \"x\" }\n"

/* ---- windows ---- */

struct turn {
	int ms;
	const char *device, *user;
	bool acts;
	const char *why;  /* in the journal; when it does not act */
	const char *told; /* to noc; NULL: nothing */
};

/* What this one event comes to. */
static void
turn(struct fix *f, const struct turn *t, const char *name)
{
	uint64_t fired = cor_count(f, "r")->fired;
	uint64_t guarded = cor_count(f, "r")->guarded;
	size_t told = fix_said(f, "notify noc: ");
	char *line = noc_asprintf("DECISION guarded {\"reason\":\"%s\"}",
				  t->why ? t->why : "");
	size_t decided = fix_count(f, line);

	cor_tell(f, &(struct tell){ .kind = "login.failed",
				    .device = t->device,
				    .user = t->user });
	fired = cor_count(f, "r")->fired - fired;
	guarded = cor_count(f, "r")->guarded - guarded;
	told = fix_said(f, "notify noc: ") - told;
	decided = fix_count(f, line) - decided;
	if (fired != t->acts || guarded != !t->acts || decided != !t->acts ||
	    told != (t->told != NULL) || (t->told && !fix_said(f, t->told))) {
		fix_dump(f);
		fail_msg("%s, %d ms: %d fired, %d guarded, %zu told", name,
			 t->ms, (int)fired, (int)guarded, told);
	}
	free(line);
}

/* Then so long after the last of them nothing is remembered. */
static void
turns(const char *name, const char *rules, const struct turn *t, size_t n,
      int window_ms, bool killed)
{
	char *dir = state_make();
	struct fix f;
	int64_t begun;

	life_open(&f, dir, noc_clock_read(), rules);
	begun = f.now.wall_ns;
	for (size_t i = 0; i <= n; i++) {
		int ms = i < n ? t[i].ms : t[n - 1].ms + window_ms + 1000;

		if (killed && i && ms - t[i - 1].ms > 100)
			life_again(&f, dir, rules);
		fix_advance(&f, (begun - f.now.wall_ns) / NOC_NS_PER_MS + ms);
		if (i < n)
			turn(&f, &t[i], name);
	}
	life_close(&f);
	assert_int_equal(
	    state_int(dir, "SELECT count(*) FROM live WHERE kind = 'guard'"),
	    0);
	state_remove(dir);
}

#define TURNS(name, rules, window_ms, ...)                               \
	do {                                                             \
		const struct turn t_[] = { __VA_ARGS__ };                \
                                                                         \
		turns(name, rules, t_, NOC_COUNT(t_), window_ms, false); \
		turns(name, rules, t_, NOC_COUNT(t_), window_ms, true);  \
	} while (0)

#define ACTS(ms, device, user)                     \
	{                                          \
		ms, device, user, true, NULL, NULL \
	}
#define HELD(ms, device, user, why)                \
	{                                          \
		ms, device, user, false, why, NULL \
	}
#define TOLD(ms, device, user, why)                                           \
	{                                                                     \
		ms, device, user, false, why, "notify noc: r held back: " why \
	}

#define TWICE "per_key: acted 2 times already"

static void
test_per_key(void **state)
{
	(void)state;
	TURNS("per_key", TELLS("{user}", "per_key = \"2/10s\""), 10000,
	      ACTS(0, "sw1", "a"), ACTS(1000, "sw2", "a"),
	      TOLD(2000, "sw3", "a", TWICE), ACTS(2500, "sw1", "b"),
	      HELD(9999, "sw1", "a", TWICE), ACTS(10000, "sw1", "a"),
	      HELD(10999, "sw1", "a", TWICE), ACTS(11000, "sw1", "a"),
	      HELD(11999, "sw1", "a", TWICE), TOLD(12000, "sw1", "a", TWICE),
	      HELD(12499, "sw1", "a", TWICE), ACTS(12499, "sw1", "b"),
	      TOLD(12499, "sw1", "b", TWICE));
}
#undef TWICE

#define TWICE "rate: acted 2 times already"

static void
test_rate(void **state)
{
	(void)state;
	TURNS("rate", TELLS("{user}", "rate = \"2/10s\""), 10000,
	      ACTS(0, "sw1", "a"), ACTS(1000, "sw1", "b"),
	      TOLD(2000, "sw1", "c", TWICE), HELD(9999, "sw1", "d", TWICE),
	      ACTS(10000, "sw1", "e"), HELD(10999, "sw1", "f", TWICE),
	      ACTS(11000, "sw1", "g"), HELD(11999, "sw1", "a", TWICE),
	      TOLD(12000, "sw1", "a", TWICE));
}
#undef TWICE

#define TWO "targets: acted on 2 devices already"

static void
test_targets(void **state)
{
	(void)state;
	TURNS("targets", TELLS("{user}", "targets = \"2/10s\""), 10000,
	      ACTS(0, "sw1", "a"), ACTS(1000, "sw2", "a"),
	      TOLD(2000, "sw3", "a", TWO), ACTS(3000, "sw1", "a"),
	      ACTS(4000, "sw2", "b"), HELD(11999, "sw3", "a", TWO),
	      TOLD(12000, "sw3", "a", TWO), HELD(12999, "sw3", "a", TWO),
	      ACTS(13000, "sw3", "a"), HELD(13999, "sw1", "a", TWO),
	      ACTS(14000, "sw1", "a"), HELD(14000, "sw2", "a", TWO),
	      HELD(14000, "", "a", TWO));
}
#undef TWO

#define THREE "mass: 3 candidates in 10s"

/* Those that were held back count too, a repeat does not. */
static void
test_mass(void **state)
{
	(void)state;
	TURNS("mass", TELLS("{device}", "mass = \"2/10s\""), 10000,
	      ACTS(0, "sw1", "x"), ACTS(500, "sw1", "x"),
	      ACTS(1000, "sw2", "y"), ACTS(1500, "sw1", "x"),
	      TOLD(2000, "sw3", "z", THREE), HELD(3000, "sw1", "x", THREE),
	      HELD(9999, "sw2", "x", THREE), HELD(10000, "sw1", "x", THREE),
	      HELD(10999, "sw3", "x", THREE), ACTS(11000, "sw3", "x"),
	      ACTS(11999, "sw1", "x"), ACTS(12000, "sw4", "x"),
	      TOLD(13000, "sw5", "x", THREE));
}

/* By what they share; those that do not say it share that. */
static void
test_mass_by(void **state)
{
	(void)state;
	TURNS("mass by", TELLS("{device}", "mass = \"2/10s by user\""), 10000,
	      ACTS(0, "sw1", "x"), ACTS(1000, "sw2", "x"),
	      ACTS(2000, "sw3", "y"), ACTS(3000, "sw4", "y"),
	      TOLD(4000, "sw5", "x", THREE " at user x"),
	      TOLD(5000, "sw5", "y", THREE " at user y"),
	      ACTS(6000, "sw1", NULL), ACTS(6000, "sw2", NULL),
	      TOLD(6000, "sw3", NULL, THREE " at user (unknown)"),
	      ACTS(7000, "sw3", "z"));
}

/* ---- two guards, two rules ---- */

/* The first that says no is the one that is told. */
static void
test_one_refusal_each(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, TELLS("{user}", "per_key = \"1/10s\", rate = \"2/10s\","
				     " targets = \"1/10s\""));
	turn(&f, &(struct turn)ACTS(0, "sw1", "a"), "first");
	turn(
	    &f,
	    &(struct turn)TOLD(0, "sw2", "a", "per_key: acted 1 times already"),
	    "all but rate");
	turn(&f,
	     &(struct turn)TOLD(0, "sw2", "b",
				"targets: acted on 1 devices already"),
	     "only targets");
	turn(&f, &(struct turn)ACTS(0, "sw1", "b"), "second");
	turn(&f,
	     &(struct turn)TOLD(0, "sw2", "c", "rate: acted 2 times already"),
	     "rate and targets");
	cor_close(&f);
}

/* What another guard refuses has not started: nothing is kept of its key. */
static void
test_refused_leaves_no_trace(void **state)
{
	static const char rules[] =
	    TELLS("{user}", "per_key = \"5/10m\", rate = \"1/10m\"");
	char *dir = state_make(), name[16];
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), rules);
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "u%d", i);
		cor_tell(&f, &(struct tell){ .kind = "login.failed",
					     .device = "sw1",
					     .user = name });
	}
	assert_int_equal(cor_count(&f, "r")->guarded, 19);
	life_close(&f);
	assert_int_equal(
	    state_int(dir, "SELECT count(*) FROM live WHERE kind = 'guard'"),
	    2);
	state_remove(dir);
}

/* Each rule has its own count, of the same keys and devices. */
static void
test_rules_do_not_share(void **state)
{
	static const char *const guards[] = { "per_key = \"1/10s\"",
					      "rate = \"1/10s\"",
					      "mass = \"1/10s\"",
					      "targets = \"1/10s\"" };

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(guards); i++) {
		struct fix f = { 0 };
		char *rules =
		    noc_asprintf("rule \"a\" { on = \"login.failed\", guard ="
				 " { %s }, run = log \"x\" }\n"
				 "rule \"b\" { on = \"login.failed\", guard ="
				 " { %s }, run = log \"x\" }\n",
				 guards[i], guards[i]);

		fix_open(&f, rules);
		free(rules);
		cor_tell(&f, &(struct tell){ .kind = "login.failed",
					     .device = "sw1" });
		assert_int_equal(cor_count(&f, "a")->fired, 1);
		assert_int_equal(cor_count(&f, "b")->fired, 1);
		cor_close(&f);
	}
}

/* Nothing is counted for a rule that has none, nor by one that had. */
static void
test_without_a_guard(void **state)
{
	static const char *const guards[] = { "per_key = \"1/1h\"",
					      "rate = \"1/1h\"",
					      "targets = \"1/1h\"",
					      "mass = \"1/1h\"" };
	static const char none[] = TELLS("{device}", "depth = 3");

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(guards); i++) {
		struct fix f = { 0 };
		struct tell t = { .kind = "login.failed", .device = "sw1" };
		char *rules =
		    noc_asprintf("rule \"r\" { on = \"login.failed\","
				 " key = \"{device}\", guard = { %s },"
				 " run = log \"x\" }",
				 guards[i]);

		fix_open(&f, none);
		cor_tell(&f, &t);
		assert_int_equal(f.puts, 0);
		fix_rules(&f, rules);
		free(rules);
		cor_tell(&f, &t);
		assert_int_equal(f.puts, 1);
		t.device = "sw2";
		if (i == 0) /* the same key */
			t.device = "sw1";
		cor_tell(&f, &t);
		assert_int_equal(cor_count(&f, "r")->guarded, 1);
		fix_rules(&f, none);
		cor_tell(&f, &t);
		assert_int_equal(cor_count(&f, "r")->fired, 3);
		cor_close(&f);
	}
}

/* A row that nobody can read is no count, and no crash. */
static void
test_rows_that_are_none(void **state)
{
	static const char *const rows[] = { "{}", "{\"times\":7}",
					    "{\"times\":[7]}", "[]" };
	static const char rules[] = TELLS("k", "per_key = \"2/1h\"");

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(rows); i++) {
		char *dir = state_make(), *sql;
		struct tell t = { .kind = "login.failed", .device = "sw1" };
		struct noc_now now = noc_clock_read();
		struct fix f;

		life_open(&f, dir, now, rules);
		cor_tell(&f, &t);
		life_close(&f);
		sql = noc_asprintf("UPDATE live SET data = '%s'", rows[i]);
		state_sql(dir, sql);
		free(sql);
		life_open(&f, dir, now, rules);
		for (int n = 0; n < 3; n++)
			cor_tell(&f, &t);
		assert_int_equal(cor_count(&f, "r")->fired, 2);
		assert_int_equal(cor_count(&f, "r")->guarded, 1);
		life_close(&f);
		state_remove(dir);
	}
}

/* on_exceed says what, how many and whose; per key it is told per key. */
static void
test_on_exceed(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, TELLS("{user}", "per_key = \"2/10s\", on_exceed = notify "
				     "\"noc\" { \"{rule}, {key}: {count}\" }"));
	for (int i = 0; i < 6; i++)
		cor_tell(&f, &(struct tell){ .kind = "login.failed",
					     .device = "sw1",
					     .user = i % 2 ? "a" : "b" });
	assert_int_equal(fix_said(&f, "notify noc: "), 2);
	assert_int_equal(fix_said(&f, "notify noc: r, a: 2"), 1);
	assert_int_equal(fix_said(&f, "notify noc: r, b: 2"), 1);
	cor_close(&f);
}

/* ---- the largest ---- */

/* A window holds a thousand; of more candidates it still knows enough. */
static void
test_a_thousand_at_once(void **state)
{
	struct fix f = { 0 };
	char name[16];
	int i = 0;

	(void)state;
	fix_open(&f, TELLS("{device}", "mass = \"1000/10m\""));
	for (; i < 1100; i++) {
		snprintf(name, sizeof(name), "sw%d", i);
		cor_tell(&f, &(struct tell){ .kind = "login.failed",
					     .device = name });
	}
	assert_int_equal(cor_count(&f, "r")->fired, 1000);
	assert_int_equal(fix_said(&f, "notify noc: "), 1);
	assert_int_equal(
	    fix_count(
		&f,
		"DECISION guarded {\"reason\":\"mass: 1001 candidates in 600s\"}"),
	    1);
	assert_int_equal(
	    fix_count(
		&f,
		"DECISION guarded {\"reason\":\"mass: 1002 candidates in 600s\"}"),
	    99);
	/* One of those is no new one. */
	cor_tell(&f, &(struct tell){ .kind = "login.failed", .device = name });
	assert_int_equal(cor_count(&f, "r")->guarded, 101);
	cor_close(&f);
}

static void
test_a_thousand_starts(void **state)
{
	static const char *const guards[] = { "per_key", "rate", "targets" };

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(guards); i++) {
		struct fix f = { 0 };
		char *rules = noc_asprintf("rule \"r\" { on = \"login.failed\","
					   " key = \"k\", guard = { %s ="
					   " \"1000/1h\" }, run = log \"x\" }",
					   guards[i]);
		char name[16];

		fix_open(&f, rules);
		free(rules);
		for (int n = 0; n < 1002; n++) {
			snprintf(name, sizeof(name), "sw%d", n);
			cor_tell(&f, &(struct tell){ .kind = "login.failed",
						     .device = name });
		}
		assert_int_equal(cor_count(&f, "r")->fired, 1000);
		assert_int_equal(cor_count(&f, "r")->guarded, 2);
		cor_close(&f);
	}
}

/* ---- rules that act ---- */

static void
test_of_one_key(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, HEAL("guard = { per_key = \"2/30m\" },"));
	for (int i = 0; i < 5; i++) {
		cor_port(&f, "link.down", "sw1", "eth7");
		if (f.ncalls)
			fix_answer(&f, "snmp.set", "{}");
		cor_port(&f, "link.up", "sw1", "eth7");
		fix_advance(&f, 90000);
	}
	assert_int_equal(f.sets, 2);
	assert_int_equal(cor_count(&f, "heal")->guarded, 3);
	assert_int_equal(fix_said(&f, "noc: heal held back: per_key"), 1);
	cor_port(&f, "link.down", "sw1", "eth8"); /* another key */
	assert_int_equal(f.sets, 3);
	fix_answer(&f, "snmp.set", "{}");
	fix_advance(&f, 31 * 60000);
	cor_port(&f, "link.down", "sw1", "eth7");
	assert_int_equal(f.sets, 4);
	cor_close(&f);
}

/* Those that hold already are held back too; one incident; other sites act. */
static void
test_mass_of_what_holds(void **state)
{
	struct fix f = { 0 };
	char name[16];

	(void)state;
	fix_open(&f, HEAL("hold = { \"15s\" }, guard = {"
			  " mass = \"5/30s by site\", on_exceed = notify "
			  "\"noc\" { \"{rule}: {count} links down at {site}\""
			  " } },"));
	cor_inventory(&f, "name,address,role,site\n"
			  "sw1,192.0.2.1,access,waw\n"
			  "sw3,192.0.2.3,access,waw\n"
			  "sw4,192.0.2.4,access,krk\n");
	cor_port(&f, "link.down", "sw4", "eth1");
	for (int i = 1; i <= 8; i++) {
		snprintf(name, sizeof(name), "lan%d", i);
		cor_port(&f, "link.down", i % 2 ? "sw1" : "sw3", name);
		fix_advance(&f, 1000);
	}
	assert_int_equal(cor_count(&f, "heal")->guarded, 8);
	assert_int_equal(cor_count(&f, "heal")->held_now, 1);
	assert_int_equal(fix_count(&f, "mass: 6 candidates in 30s at site waw"),
			 6);
	assert_int_equal(fix_said(&f, "heal: 6 links down at waw"), 1);
	fix_advance(&f, 10000);
	assert_int_equal(f.sets, 1);
	assert_string_equal(fix_call(&f, "snmp.set")->target, "sw4");
	cor_close(&f);
}

/* What it says nothing of has a default, for a rule that acts. */
static void
test_defaults(void **state)
{
	struct fix f = { 0 };
	char name[16];

	(void)state;
	fix_open(&f, HEAL(""));
	for (int i = 1; i <= 10; i++) {
		snprintf(name, sizeof(name), "sw%d", i);
		cor_port(&f, "link.down", name, "eth1");
		fix_answer(&f, "snmp.set", "{}");
		fix_advance(&f, 40000);
	}
	assert_int_equal(f.sets, 10);
	cor_port(&f, "link.down", "sw11", "eth1");
	assert_int_equal(
	    fix_said(&f,
		     "heal held back: targets: acted on 10 devices already"),
	    1);
	assert_int_equal(f.sets, 10);
	cor_close(&f);
}

/* What its own `emit` leads to ends as many turns from its cause. */
static void
test_depth(void **state)
{
	static const struct {
		const char *guard;
		unsigned fired;
	} cases[] = { { "", 4 },
		      { "guard = { depth = 1 },", 2 },
		      { "guard = { depth = 2 },", 3 } };

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct fix f = { 0 };
		char *rules = noc_asprintf(
		    "rule \"loop\" { on = \"loop.again\", key = \"k\", %s run ="
		    " emit \"loop.again\" { [\"data.reason\"] = \"x\" } }",
		    cases[i].guard);

		fix_open(&f, rules);
		free(rules);
		cor_tell(&f, &(struct tell){ .kind = "loop.again",
					     .device = "sw1" });
		fix_advance(&f, 1000);
		assert_int_equal(cor_count(&f, "loop")->fired, cases[i].fired);
		assert_int_equal(cor_count(&f, "loop")->guarded, 1);
		assert_int_equal(
		    fix_count(&f, "its own events lead back to it"), 1);
		cor_close(&f);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_per_key),
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_targets),
		cmocka_unit_test(test_mass),
		cmocka_unit_test(test_mass_by),
		cmocka_unit_test(test_one_refusal_each),
		cmocka_unit_test(test_refused_leaves_no_trace),
		cmocka_unit_test(test_rules_do_not_share),
		cmocka_unit_test(test_without_a_guard),
		cmocka_unit_test(test_rows_that_are_none),
		cmocka_unit_test(test_on_exceed),
		cmocka_unit_test(test_a_thousand_at_once),
		cmocka_unit_test(test_a_thousand_starts),
		cmocka_unit_test(test_of_one_key),
		cmocka_unit_test(test_mass_of_what_holds),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_depth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
