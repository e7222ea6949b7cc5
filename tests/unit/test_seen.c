/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/life_fixture.h"
#include "tests/unit/rules_fixture.h"

/* How far `unless = seen { ... }` looks back: an hour, and no further. */

#define LOOKS(back)                                                    \
	"rule \"r\" { on = \"link.down\", key = \"{link}\", unless = " \
	"seen { \"config.change\", back = \"" back "\" }, run = log \"x\" }\n"

static void
test_back_is_an_hour_at_most(void **state)
{
	(void)state;
	noc_ruleset_unref(rules_load(LOOKS("1h")));
	assert_refused(LOOKS("3601s"), "back can be \"1h\" at most");
	assert_refused(LOOKS("2h"), "back can be \"1h\" at most");
}

/* Also for one who was not there: a restart forgets nothing of it. */
static void
test_an_hour_ago_holds(void **state)
{
	static const struct {
		int64_t ms;
		bool holds;
	} cases[] = { { 3599900, true }, { 3600200, false } };

	(void)state;
	for (size_t i = 0; i < 2 * NOC_COUNT(cases); i++) {
		char *dir = state_make();
		struct fix f;

		life_open(&f, dir, noc_clock_read(), LOOKS("1h"));
		cor_tell(&f, &(struct tell){ .kind = "config.change",
					     .device = "sw1" });
		fix_advance(&f, cases[i / 2].ms - 100);
		if (i % 2)
			life_again(&f, dir, LOOKS("1h"));
		else
			fix_advance(&f, 100);
		cor_port(&f, "link.down", "sw1", "eth7");
		assert_int_equal(cor_count(&f, "r")->cancelled,
				 cases[i / 2].holds);
		assert_int_equal(cor_count(&f, "r")->fired,
				 !cases[i / 2].holds);
		life_close(&f);
		state_remove(dir);
	}
}

static int64_t
keys(struct fix *f)
{
	struct noc_value *stats = noc_core_stats(f->core);
	int64_t n = noc_value_get_int(stats, "seen_keys", -1);

	noc_value_free(stats);
	return n;
}

#define ACTS                                                                \
	"rule \"a\" { on = \"link.down\", mode = \"active\", key = "        \
	"\"{link}\", unless = seen { \"config.change\", where = { user = "  \
	"\"joe\" }, back = \"10m\" }, run = flow { step \"s\" { snmp.set {" \
	" [\"ifAdminStatus.7\"] = \"up\" }, timeout = \"5s\" } } }\n"
#define INVENTORY "name,address\nsw1,192.0.2.1\nsw2,192.0.2.2\n"

static void
change(struct fix *f, const char *origin, const char *user)
{
	cor_tell(f, &(struct tell){ .kind = "config.change",
				    .origin = origin,
				    .user = user });
}

static void
down(struct fix *f, const char *origin)
{
	cor_tell(f, &(struct tell){ .kind = "link.down",
				    .origin = origin,
				    .ifname = "eth7",
				    .ifindex = 7 });
}

/* Full: kinds that no rule asks for give way, of whoever has the most; what a
 * rule asks for is remembered, and nothing acts that would not have. */
static void
test_a_full_memory_keeps_what_is_asked_for(void **state)
{
	struct fix f = { 0 };
	struct tell t = { .kind = "login.failed" };
	char name[16];

	(void)state;
	fix_open(&f, ACTS);
	cor_inventory(&f, INVENTORY);
	change(&f, "192.0.2.1", "joe");
	t.device = name;
	for (int i = 0; i < 70000; i++) {
		snprintf(name, sizeof(name), "x%d", i);
		cor_tell(&f, &t);
	}
	change(&f, "192.0.2.2", "joe");
	assert_int_equal(keys(&f), 65536);
	assert_int_equal(fix_said(&f, "notify noc: limit seen"), 1);
	down(&f, "192.0.2.1");
	down(&f, "192.0.2.2");
	assert_int_equal(cor_count(&f, "a")->cancelled, 2);
	/* After an hour all but these are gone. */
	fix_advance(&f, 3601 * 1000);
	change(&f, "192.0.2.2", "eve");
	assert_int_equal(keys(&f), 1);
	cor_close(&f);
}

/* Full of what a rule asks for: whoever is not in it may have been. */
static void
test_who_was_turned_away_is_left_alone(void **state)
{
	struct fix f = { 0 };
	struct tell t = { .kind = "config.change" };
	struct noc_strbuf csv = NOC_STRBUF_INIT;
	char origin[32];

	(void)state;
	fix_open(&f, ACTS);
	noc_strbuf_adds(&csv, INVENTORY);
	for (int i = 0; i < 65536; i++)
		noc_strbuf_addf(&csv, "x%d,10.1.%d.%d\n", i, i / 256, i % 256);
	cor_inventory(&f, csv.p);
	noc_strbuf_release(&csv);
	t.origin = origin;
	for (int i = 0; i < 65536; i++) {
		snprintf(origin, sizeof(origin), "10.1.%d.%d", i / 256,
			 i % 256);
		cor_tell(&f, &t);
		if (i % 500 == 0)
			fix_forget(&f);
	}
	down(&f, "192.0.2.1");
	assert_int_equal(cor_count(&f, "a")->fired, 1);
	change(&f, "192.0.2.2", "joe");
	assert_int_equal(fix_said(&f, "notify noc: limit seen"), 1);
	down(&f, "192.0.2.2");
	assert_int_equal(cor_count(&f, "a")->fired, 1);
	assert_int_equal(cor_count(&f, "a")->cancelled, 1);
	cor_close(&f);
}

/* Names that a relay says are of no inventory: 8,192, and no table is full. */
static void
test_a_relay_has_its_share(void **state)
{
	struct fix f = { 0 };
	struct tell t = { .kind = "config.change",
			  .origin = "192.0.2.9",
			  .trust = NOC_TRUST_NORMAL };
	char name[16];

	(void)state;
	fix_open(&f, ACTS);
	cor_inventory(&f, INVENTORY);
	t.device = name;
	for (int i = 0; i < 9000; i++) {
		snprintf(name, sizeof(name), "y%d", i);
		cor_tell(&f, &t);
		if (i % 500 == 0)
			fix_forget(&f);
	}
	assert_int_equal(keys(&f), 8192 + 1); /* and limit.reached */
	assert_int_equal(
	    fix_said(&f, "notify noc: limit seen reached by 192.0.2.9"), 1);
	down(&f, "192.0.2.1");
	assert_int_equal(cor_count(&f, "a")->fired, 1);
	cor_close(&f);
}

/* Of one device and kind: pushed out by more of them, it still holds; a rule
 * that only tells goes by what is remembered. */
static void
test_pushed_out_it_holds(void **state)
{
	static const struct {
		int changes;
		bool joe, holds;
	} cases[] = {
		{ 63, true, true },
		{ 64, true, true },
		{ 64, false, false },
		{ 65, false, true }, /* nobody can tell */
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct fix f = { 0 };
		char user[16];

		fix_open(&f,
			 ACTS "rule \"t\" { on = \"link.down\", unless = "
			      "seen { \"config.change\", where = { user = "
			      "\"joe\" }, back = \"10m\" }, run = log \"x\" }");
		cor_inventory(&f, INVENTORY);
		if (cases[i].joe)
			change(&f, "192.0.2.1", "joe");
		for (int n = 0; n < cases[i].changes; n++) {
			snprintf(user, sizeof(user), "u%d", n);
			change(&f, "192.0.2.1", user);
		}
		down(&f, "192.0.2.1");
		if (cor_count(&f, "a")->cancelled != cases[i].holds)
			fail_msg("case %zu", i);
		assert_int_equal(cor_count(&f, "t")->cancelled,
				 cases[i].joe && cases[i].changes < 64);
		down(&f, "192.0.2.2"); /* of nobody else */
		assert_int_equal(cor_count(&f, "a")->cancelled, cases[i].holds);
		cor_close(&f);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_back_is_an_hour_at_most),
		cmocka_unit_test(test_an_hour_ago_holds),
		cmocka_unit_test(test_a_full_memory_keeps_what_is_asked_for),
		cmocka_unit_test(test_who_was_turned_away_is_left_alone),
		cmocka_unit_test(test_a_relay_has_its_share),
		cmocka_unit_test(test_pushed_out_it_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
