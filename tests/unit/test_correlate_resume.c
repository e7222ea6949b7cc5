/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/run/breaker.h"
#include "tests/unit/correlate_fixture.h"
#include "tests/unit/life_fixture.h"
#include "tests/unit/store_state.h"

/*
 * kill -9 after every commit of a story: whatever waited, counted, was meant
 * or folded comes back from its live row, and the end is the same.
 */

struct scene {
	int ms;
	const char *kind, *device, *ifname, *base; /* kind NULL: time passes */
	int64_t ago_ms;				   /* by its sender's clock */
};

struct story {
	const char *name, *rules;
	struct scene scenes[16];
	const char *expect; /* "rule outcome n; ..." of the decisions */
};

#define RUN " run = log \"x\" }\n"

static const struct story stories[] = {
	{ "hold and cancel",
	  "rule \"r\" { on = \"link.down\", key = \"{link}\","
	  " hold = { \"15s\", cancel = { \"link.up\" } }," RUN,
	  { { 0, "link.down", "sw1", "a", NULL, 0 },
	    { 2000, "link.down", "sw1", "b", NULL, 0 },
	    { 4000, "link.up", "sw1", "a", NULL, 0 },
	    { 60000, NULL, NULL, NULL, NULL, 0 } },
	  "r cancelled 1; r fired 1; r held 2; " },
	{ "unless and meant",
	  "rule \"r\" { on = \"link.down\", key = \"{link}\","
	  " hold = { \"5s\", cancel = { \"config.change\" } }, unless ="
	  " { seen { \"config.change\", back = \"1m\" } }," RUN,
	  { { 0, "config.change", "sw1", NULL, NULL, 0 },
	    { 1000, "link.down", "sw1", "a", NULL, 0 },
	    { 2000, "link.down", "sw2", "b", NULL, 0 },
	    { 3000, "config.change", "sw2", NULL, NULL, 0 },
	    { 90000, "link.down", "sw1", "a", NULL, 0 },
	    { 91000, "link.down", "sw2", "b", NULL, 0 },
	    { 92000, "link.up", "sw1", "a", NULL, 0 },
	    { 130000, "link.down", "sw1", "a", NULL, 0 },
	    { 140000, NULL, NULL, NULL, NULL, 0 } },
	  "r cancelled 4; r fired 1; r held 2; " },
	{ "threshold",
	  "rule \"r\" { on = \"login.failed\", key = \"{device}\","
	  " threshold = \"3/10s\"," RUN,
	  { { 0, "login.failed", "a", NULL, NULL, 0 },
	    { 2000, "login.failed", "a", NULL, NULL, 0 },
	    { 4000, "login.failed", "a", NULL, NULL, 0 },
	    { 6000, "login.failed", "a", NULL, NULL, 0 },
	    { 30000, "login.failed", "a", NULL, NULL, 0 },
	    { 60000, NULL, NULL, NULL, NULL, 0 } },
	  "r fired 1; " },
	{ "once_after",
	  "rule \"r\" { on = \"login.failed\", key = \"{device}\","
	  " throttle = { once_after = \"10s\" },"
	  " run = log \"n={count}\" }",
	  { { 0, "login.failed", "a", NULL, NULL, 0 },
	    { 2000, "login.failed", "a", NULL, NULL, 0 },
	    { 20000, NULL, NULL, NULL, NULL, 0 } },
	  "r fired 1; r held 1; " },
	{ "once_within",
	  "rule \"r\" { on = \"login.failed\", key = \"{device}\","
	  " throttle = { once_within = \"10s\" }," RUN,
	  { { 0, "login.failed", "a", NULL, NULL, 0 },
	    { 2000, "login.failed", "a", NULL, NULL, 0 },
	    { 12000, "login.failed", "a", NULL, NULL, 0 },
	    { 40000, NULL, NULL, NULL, NULL, 0 } },
	  "r fired 2; " },
	{ "pair",
	  "pair \"r\" { open = \"bgp.down\", close = \"bgp.up\","
	  " key = \"{device}\", within = \"10s\", missing = log \"m\","
	  " matched = log \"x\" }",
	  { { 0, "bgp.down", "a", NULL, NULL, 0 },
	    { 1000, "bgp.down", "b", NULL, NULL, 0 },
	    { 3000, "bgp.down", "a", NULL, NULL, 0 },
	    { 4000, "bgp.up", "b", NULL, NULL, 0 },
	    { 30000, NULL, NULL, NULL, NULL, 0 } },
	  "r fired 2; r held 2; " },
	{ "fold",
	  "rule \"r\" { on = \"link.down\", key = \"{link}\"," RUN,
	  { { 0, "link.down", "sw1", "a", "snmp.trap", 0 },
	    { 1000, "link.down", "sw1", "a", "syslog", 0 },
	    { 2000, "link.up", "sw1", "a", "snmp.trap", 0 },
	    { 3000, "link.up", "sw1", "a", "syslog", 0 },
	    { 4000, "link.down", "sw1", "a", "snmp.trap", 0 },
	    { 5000, "link.down", "sw1", "a", "syslog", 0 },
	    { 60000, NULL, NULL, NULL, NULL, 0 } },
	  "r fired 2; " },
	{ "guard",
	  "rule \"r\" { on = \"link.down\", key = \"{link}\","
	  " guard = { per_key = \"1/10m\" }," RUN,
	  { { 0, "link.down", "sw1", "a", NULL, 0 },
	    { 40000, "link.down", "sw1", "a", NULL, 0 },
	    { 80000, "link.down", "sw1", "a", NULL, 0 },
	    { 90000, NULL, NULL, NULL, NULL, 0 } },
	  "r fired 1; r guarded 2; " },
	{ "mass",
	  "rule \"r\" { on = \"link.down\", key = \"{link}\","
	  " hold = { \"10s\" }, guard = { mass = \"2/30s\" }," RUN,
	  { { 0, "link.down", "sw1", "a", NULL, 0 },
	    { 1000, "link.down", "sw1", "b", NULL, 0 },
	    { 2000, "link.down", "sw1", "c", NULL, 0 },
	    { 60000, NULL, NULL, NULL, NULL, 0 } },
	  "r guarded 3; r held 2; " },
	{ "storm that ends by number",
	  "rule \"r\" { on = \"link.down\", key = \"{device}\","
	  " storm = { over = \"2/10s\", digest = { count = 4 } }," RUN,
	  { { 0, "link.down", "sw1", "a", NULL, 0 },
	    { 100, "link.down", "sw1", "b", NULL, 0 },
	    { 200, "link.down", "sw1", "c", NULL, 0 },
	    { 3000, "link.down", "sw1", "d", NULL, 0 },
	    { 5000, NULL, NULL, NULL, NULL, 0 } },
	  "r fired 2; " },
	{ "damp",
	  "rule \"r\" { on = \"link.down\", key = \"{link}\","
	  " hold = { \"5s\", cancel = { \"link.up\" } }, damp = {"
	  " half_life = \"10s\", suppress = 1500, reuse = 700 }," RUN,
	  { { 0, "link.down", "sw1", "a", NULL, 0 },
	    { 1000, "link.up", "sw1", "a", NULL, 0 },
	    { 2000, "link.down", "sw1", "a", NULL, 0 },
	    { 3000, "link.up", "sw1", "a", NULL, 0 },
	    { 4000, "link.down", "sw1", "a", NULL, 0 },
	    { 120000, NULL, NULL, NULL, NULL, 0 } },
	  "r cancelled 2; r damped 1; r fired 1; r held 3; " },
	{ "hold by the sender's clock",
	  "rule \"r\" { on = \"link.down\", key = \"{link}\","
	  " time = \"event\","
	  " hold = { \"15s\", cancel = { \"link.up\" } }," RUN,
	  { { 0, "link.up", "sw1", "a", NULL, 290000 },
	    { 1000, "link.down", "sw1", "a", NULL, 300000 },
	    { 2000, "link.down", "sw1", "b", NULL, 10000 },
	    { 3000, "link.down", "sw1", "c", NULL, 300000 },
	    { 4000, "link.up", "sw1", "b", NULL, 60000 },
	    { 60000, NULL, NULL, NULL, NULL, 0 } },
	  "r cancelled 1; r fired 2; r held 2; " },
	{ "shadow",
	  "rule \"r\" { mode = \"shadow\", on = \"link.down\","
	  " key = \"{link}\", hold = { \"5s\" }, run = flow {"
	  " step \"a\" { notify \"noc\" { \"x\" } }, sleep \"3s\","
	  " step \"b\" { snmp.set { a = \"up\" }, timeout = \"5s\" } } }",
	  { { 0, "link.down", "sw1", "a", NULL, 0 },
	    { 20000, NULL, NULL, NULL, NULL, 0 } },
	  "r held 1; r observed 1; " },
};

static char *
decisions(const char *dir)
{
	char *path = noc_asprintf("%s/nocturne.db", dir);
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	sqlite3_stmt *st;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(
	    sqlite3_prepare_v2(db,
			       "SELECT rule, outcome, count(*) FROM decisions"
			       " GROUP BY 1, 2 ORDER BY 1, 2",
			       -1, &st, NULL),
	    SQLITE_OK);
	while (sqlite3_step(st) == SQLITE_ROW)
		noc_strbuf_addf(&sb, "%s %s %d; ",
				(const char *)sqlite3_column_text(st, 0),
				(const char *)sqlite3_column_text(st, 1),
				sqlite3_column_int(st, 2));
	sqlite3_finalize(st);
	sqlite3_close(db);
	free(path);
	return noc_strbuf_detach(&sb, NULL);
}

/* Until then, whoever dies on the way. */
static void
story_until(struct fix *f, char *dir, const char *rules, int64_t due)
{
	while (f->now.wall_ns < due) {
		fix_advance(f, (due - f->now.wall_ns) / NOC_NS_PER_MS);
		if (f->dead)
			life_again(f, dir, rules);
	}
}

/* The story, dead at submit `at` (0: never); submits made.  Long after it
 * nothing of it waits any more. */
static uint64_t
tell_story(const struct story *s, uint64_t at)
{
	char *dir = state_make(), *got;
	struct noc_now now = noc_clock_read();
	uint64_t submits;
	int64_t begun;
	struct fix f;

	now.boot_ns = 1000 * NOC_NS_PER_S;
	life_open(&f, dir, now, s->rules);
	begun = now.wall_ns;
	submits = f.ticket;
	f.die_at = at ? f.ticket + at : 0;
	for (size_t i = 0; i == 0 || s->scenes[i].ms; i++) {
		const struct scene *c = &s->scenes[i];

		story_until(&f, dir, s->rules, begun + c->ms * NOC_NS_PER_MS);
		if (c->kind)
			cor_tell(&f, &(struct tell){ .base = c->base,
						     .kind = c->kind,
						     .device = c->device,
						     .ifname = c->ifname,
						     .ago_ms = c->ago_ms });
		if (f.dead)
			life_again(&f, dir, s->rules);
	}
	story_until(&f, dir, s->rules, begun + 400 * 86400 * NOC_NS_PER_S);
	submits = f.ticket - submits;
	life_close(&f);
	got = decisions(dir);
	if (strcmp(got, s->expect))
		fail_msg("%s, dead at %d: %s, not %s", s->name, (int)at, got,
			 s->expect);
	assert_int_equal(state_int(dir, "SELECT count(*) FROM live"), 0);
	assert_int_equal(state_int(dir, "SELECT count(*) FROM runs WHERE "
					"state <> 'Succeeded'"),
			 0);
	if (!strcmp(s->name, "shadow"))
		assert_int_equal(state_int(dir,
					   "SELECT count(*) FROM runs WHERE "
					   "mode = 'shadow' AND outcome LIKE "
					   "'would have: notify%'"),
				 1);
	free(got);
	state_remove(dir);
	return submits;
}

static void
test_stories(void **state)
{
	unsigned deaths = 0;

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(stories); i++) {
		uint64_t submits = tell_story(&stories[i], 0);

		assert_in_range(submits, 2, 40);
		for (uint64_t at = 1; at <= submits; at++, deaths++)
			tell_story(&stories[i], at);
	}
	print_message("# %u deaths\n", deaths);
}

/* Rows that are JSON, and not of the shape that they had. */
static void
test_other_shapes(void **state)
{
	static const struct {
		const char *rules, *set;
		bool told;
	} rows[] = {
		{ "rule \"r\" { on = \"login.failed\", key = \"{device}\","
		  " storm = { over = \"1/10s\", clear = \"1/10s\" }," RUN,
		  "'$.data.shapes', json('{\"a\":\"b\"}')", true },
		{ "rule \"r\" { on = \"login.failed\", key = \"{device}\","
		  " storm = { over = \"1/10s\", clear = \"1/10s\" }," RUN,
		  "'$.data', json('[1]')", true },
		{ "rule \"r\" { on = \"login.failed\", key = \"{device}\","
		  " threshold = \"9/10s\"," RUN,
		  "'$.data.times', json('[\"x\",{}]')", true },
		{ "rule \"r\" { on = \"login.failed\", key = \"{device}\","
		  " threshold = { \"9/10s\", distinct = \"{ifname}\" }," RUN,
		  "'$.data.words', json('[1,2]')", true },
		{ "rule \"r\" { on = \"login.failed\", key = \"{device}\","
		  " threshold = { \"9/10s\", distinct = \"{ifname}\" }," RUN,
		  "'$.data.words', json('[]')", false },
		{ "rule \"r\" { on = \"login.failed\", key = \"{device}\","
		  " hold = \"9s\"," RUN,
		  "'$.event', json('[]'), '$.since', 'x'", false },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(rows); i++) {
		struct noc_now now = noc_clock_read();
		char *dir = state_make(), *sql;
		struct fix f;

		life_open(&f, dir, now, rows[i].rules);
		for (int n = 0; n < 3; n++) {
			cor_port(&f, "login.failed", "sw1", "eth7");
			fix_advance(&f, 1000);
		}
		f.dead = true;
		now = f.now;
		life_close(&f);
		sql = noc_asprintf("UPDATE live SET data = json_set(data, %s)"
				   " WHERE kind IN ('storm', 'threshold',"
				   " 'hold')",
				   rows[i].set);
		assert_int_equal(state_int(dir, "SELECT count(*) FROM live"
						" WHERE kind IN ('storm',"
						" 'threshold', 'hold')"),
				 1);
		state_sql(dir, sql);
		free(sql);
		life_open(&f, dir, now, rows[i].rules);
		assert_int_equal(fix_said(&f, "cannot be read") > 0,
				 rows[i].told);
		for (int n = 0; n < 3; n++) {
			cor_port(&f, "login.failed", "sw1", "eth8");
			fix_advance(&f, 1000);
		}
		fix_advance(&f, 3600 * 1000);
		life_close(&f);
		state_remove(dir);
	}
}

/* ---- reload ---- */

#define HOLD(more) \
	"rule \"r\" { on = \"link.down\", key = \"{link}\"," more " }\n"

static void
test_reload(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, HOLD(" hold = \"15s\", run = log \"old\""));
	cor_port(&f, "link.down", "sw1", "eth7");
	fix_advance(&f, 5000);
	/* The same keys, another action: what holds goes on with it. */
	fix_rules(&f, HOLD(" hold = \"15s\", run = log \"new\""));
	assert_int_equal(fix_count(&f, "state.dropped"), 0);
	fix_advance(&f, 11000);
	assert_int_equal(fix_said(&f, "log r: new"), 1);
	/* Another hold: what held by the old one is dropped, and said. */
	cor_port(&f, "link.down", "sw1", "eth8");
	fix_rules(&f, HOLD(" hold = \"16s\", run = log \"new\""));
	assert_int_equal(fix_count(&f, "state.dropped"), 1);
	assert_int_equal(cor_count(&f, "r")->cancelled, 1);
	cor_balance(&f);
	/* The rule is gone. */
	cor_port(&f, "link.down", "sw1", "eth9");
	fix_rules(&f, "rule \"other\" { on = \"x.y\", run = log \"x\" }");
	assert_int_equal(fix_count(&f, "state.dropped"), 2);
	fix_advance(&f, 60000);
	assert_int_equal(cor_states(&f, "hold"), 0);
	assert_int_equal(fix_said(&f, "log r:"), 1);
	cor_close(&f);
}

static void
test_reload_pair(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, "pair \"p\" { open = \"bgp.down\", close = \"bgp.up\","
		     " key = \"{device}\", within = \"9s\","
		     " missing = log \"m1\" }");
	cor_tell(&f, &(struct tell){ .kind = "bgp.down", .device = "a" });
	fix_rules(&f, "pair \"p\" { open = \"bgp.down\", close = \"bgp.up\","
		      " key = \"{device}\", within = \"9s\","
		      " missing = log \"m2\" }");
	fix_advance(&f, 10000);
	assert_int_equal(fix_said(&f, "log p: m2"), 1);
	cor_tell(&f, &(struct tell){ .kind = "bgp.down", .device = "b" });
	fix_rules(&f, "pair \"p\" { open = \"bgp.down\", close = \"bgp.up\","
		      " key = \"{device}/{peer}\", within = \"9s\","
		      " missing = log \"m3\" }");
	fix_advance(&f, 10000);
	assert_int_equal(fix_said(&f, "m3"), 0);
	assert_int_equal(fix_count(&f, "state.dropped"), 1);
	cor_close(&f);
}

/* Two failures, a kill, one more: three in a row, unless it took long. */
static void
breaker_row(int64_t down_s, bool opens)
{
	char *dir = state_make(), why[128] = "";
	struct noc_now now = noc_clock_read();
	uint64_t generation;
	struct fix f;

	life_open(&f, dir, now, "rule \"r\" { on = \"link.up\"," RUN);
	for (int i = 0; i < 3; i++) {
		noc_core_begin(f.core, f.now);
		assert_true(noc_breaker_allows(f.core, "snmp.get", "sw1", 1000,
					       &generation, why));
		noc_breaker_result(f.core, "snmp.get", "sw1", generation,
				   &(struct noc_breaker_result){ 0 });
		noc_core_end(f.core);
		fix_pump(&f);
		if (i == 1) {
			f.now.wall_ns += down_s * NOC_NS_PER_S;
			f.now.boot_ns += down_s * NOC_NS_PER_S;
			life_again(&f, dir,
				   "rule \"r\" { on = \"link.up\"," RUN);
		}
	}
	noc_core_begin(f.core, f.now);
	assert_int_equal(noc_breaker_allows(f.core, "snmp.get", "sw1", 1000,
					    &generation, why),
			 !opens);
	noc_core_end(f.core);
	assert_int_equal(strstr(why, "3 failures in a row") != NULL, opens);
	life_close(&f);
	state_remove(dir);
}

static void
test_breaker_row(void **state)
{
	(void)state;
	breaker_row(0, true);
	breaker_row(290, true);
	breaker_row(310, false);
}

/* What should have happened while nobody was there happens late, and its run
 * says so.  A second is no delay. */
static void
test_late(void **state)
{
	static const char *const rules[] = {
		"rule \"r\" { on = \"bgp.down\", hold = \"15s\","
		" run = log \"x\" }",
		"rule \"r\" { on = \"bgp.down\", throttle = { once_after ="
		" \"15s\" }, run = log \"x\" }",
		"pair \"r\" { open = \"bgp.down\", close = \"bgp.up\","
		" within = \"15s\", missing = log \"x\" }",
	};
	static const struct {
		int64_t down_ms; /* and a tenth of a second more */
		bool late;
	} cases[] = { { 10000, false },
		      { 15700, false },
		      { 16000, true },
		      { 3600000, true } };

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(rules) * NOC_COUNT(cases); i++) {
		const char *text = rules[i / NOC_COUNT(cases)];
		bool late = cases[i % NOC_COUNT(cases)].late;
		char *dir = state_make();
		struct fix f;

		life_open(&f, dir, noc_clock_read(), text);
		cor_tell(&f,
			 &(struct tell){ .kind = "bgp.down", .device = "sw1" });
		f.now.wall_ns +=
		    cases[i % NOC_COUNT(cases)].down_ms * NOC_NS_PER_MS;
		life_again(&f, dir, text);
		fix_advance(&f, 10000);
		assert_int_equal(fix_count(&f, "RUN_START"), 1);
		assert_int_equal(fix_count(&f, "\"late\":true"), late);
		life_close(&f);
		state_remove(dir);
	}
}

/* Who was off before a kill is told to be right after it, and told once. */
static void
test_skew(void **state)
{
	static const char rules[] = "rule \"r\" { on = { \"clock.skew\", "
				    "\"clock.ok\" }, run = log \"{kind}\" }";
	struct tell off = { .kind = "link.up",
			    .device = "sw1",
			    .ago_ms = 60000 };
	char *dir = state_make();
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), rules);
	for (int i = 0; i < 3; i++)
		cor_tell(&f, &off);
	assert_int_equal(fix_said(&f, "log r: clock.skew"), 1);
	life_again(&f, dir, rules);
	for (int i = 0; i < 3; i++)
		cor_tell(&f, &off);
	assert_int_equal(fix_said(&f, "log r:"), 0);
	off.ago_ms = 1;
	cor_tell(&f, &off);
	assert_int_equal(fix_said(&f, "log r: clock.ok"), 1);
	life_again(&f, dir, rules);
	cor_tell(&f, &off);
	assert_int_equal(fix_said(&f, "log r:"), 0);
	life_close(&f);
	state_remove(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stories),
		cmocka_unit_test(test_other_shapes),
		cmocka_unit_test(test_reload),
		cmocka_unit_test(test_reload_pair),
		cmocka_unit_test(test_breaker_row),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_skew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
