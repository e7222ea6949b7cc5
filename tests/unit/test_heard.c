/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/life_fixture.h"

#include "engine/memory/heard.h"

/* SNMPv3 engines: how far their clocks were, and which messages were here. */

#define MINUTE_MS (60 * 1000LL)
#define RULES	  "rule \"w\" { on = \"link.down\", run = log \"x\" }\n"

struct message {
	uint32_t engine;
	int64_t boots, time_s;
	uint32_t n; /* which of that second */
	bool ours;
	const char *user;
};

static struct noc_heard
heard_of(const struct message *m)
{
	struct noc_heard h = { .engine_len = 9,
			       .ours = m->ours,
			       .boots = m->boots,
			       .time_s = m->time_s };

	memcpy(h.engine, &m->engine, 4);
	memcpy(h.digest, &m->n, 4);
	snprintf(h.user, sizeof(h.user), "%s", m->user ? m->user : "net");
	return h;
}

static enum noc_heard_as
hear_message(struct fix *f, const struct message *m)
{
	struct noc_heard h = heard_of(m);
	enum noc_heard_as as;

	noc_core_now(f->core, f->now);
	noc_core_begin(f->core, f->now);
	as = noc_heard(f->core, &h);
	noc_core_end(f->core);
	fix_pump(f);
	return as;
}

static enum noc_heard_as
hear(struct fix *f, uint32_t engine, int64_t boots, int64_t time_s, uint32_t n)
{
	return hear_message(
	    f, &(struct message){ engine, boots, time_s, n, false, NULL });
}

static enum noc_heard_as
hear_ours(struct fix *f, uint32_t engine, int64_t boots, int64_t time_s,
	  uint32_t n)
{
	return hear_message(
	    f, &(struct message){ engine, boots, time_s, n, true, NULL });
}

static int64_t
figure(struct fix *f, const char *name)
{
	struct noc_value *stats = noc_core_stats(f->core);
	int64_t n = noc_value_get_int(noc_value_get(stats, "heard"), name, -1);

	noc_value_free(stats);
	return n;
}

/* RFC 3414 section 3.2 (7) b. */
static void
test_the_window_of_150_s(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, RULES);
	assert_int_equal(hear(&f, 1, 5, 1000, 1), NOC_HEARD_NEW);
	assert_int_equal(hear(&f, 1, 5, 1000, 1), NOC_HEARD_AGAIN);
	assert_int_equal(hear(&f, 1, 5, 1000, 2), NOC_HEARD_NEW);
	assert_int_equal(hear(&f, 1, 5, 850, 1), NOC_HEARD_NEW);
	assert_int_equal(hear(&f, 1, 5, 849, 1), NOC_HEARD_OLD);
	assert_int_equal(hear(&f, 1, 4, 9000, 1), NOC_HEARD_OLD);
	/* Its clock goes on as ours does. */
	fix_advance(&f, 100 * 1000);
	assert_int_equal(hear(&f, 1, 5, 949, 1), NOC_HEARD_OLD);
	assert_int_equal(hear(&f, 1, 5, 950, 1), NOC_HEARD_NEW);
	/* Booted: what was before is over. */
	assert_int_equal(hear(&f, 1, 6, 1, 1), NOC_HEARD_NEW);
	assert_int_equal(hear(&f, 1, 5, 1100, 3), NOC_HEARD_OLD);
	/* Another engine is another clock. */
	assert_int_equal(hear(&f, 2, 1, 7, 1), NOC_HEARD_NEW);
	/* One that cannot count its boots any more is never in time. */
	assert_int_equal(hear(&f, 3, 2147483647, 8, 1), NOC_HEARD_OLD);
	assert_int_equal(hear(&f, 2, 2147483647, 9, 1), NOC_HEARD_OLD);
	assert_int_equal(figure(&f, "old"), 6);
	fix_close(&f);
}

/* Five minutes after it no message can be in time, and it is forgotten. */
static void
test_no_message_outlives_its_memory(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, RULES);
	assert_int_equal(hear(&f, 1, 5, 1000, 1), NOC_HEARD_NEW);
	for (int i = 0; i < 400; i++) {
		fix_advance(&f, 1000);
		assert_int_not_equal(hear(&f, 1, 5, 1000, 1), NOC_HEARD_NEW);
	}
	assert_int_equal(figure(&f, "messages"), 0);
	fix_close(&f);
}

/* A row that cannot be read: what its engine said is not known, so a recording
 * would be as good; for a day nothing acts on its word. */
static void
test_a_row_that_cannot_be_read(void **state)
{
	char *dir = state_make();
	struct fix f;

	(void)state;
	life_open(&f, dir, (struct noc_now){ 0 }, RULES);
	assert_int_equal(hear(&f, 1, 5, 1000, 1), NOC_HEARD_NEW);
	assert_int_equal(hear(&f, 2, 5, 1000, 1), NOC_HEARD_NEW);
	life_close(&f);
	state_sql(dir, "UPDATE live SET data = '{' WHERE kind = 'engine' AND"
		       " key LIKE '01%'");
	for (int i = 0; i < 2; i++) {
		life_open(&f, dir, f.now, RULES);
		assert_int_equal(hear(&f, 1, 4, 900 + i, 1), NOC_HEARD_STRANGE);
		assert_int_equal(hear(&f, 1, 4, 900 + i, 1), NOC_HEARD_AGAIN);
		assert_int_equal(hear(&f, 2, 4, 900, 1), NOC_HEARD_OLD);
		life_close(&f);
	}
	life_open(&f, dir, f.now, RULES);
	fix_advance(&f, 24 * 60 * MINUTE_MS);
	assert_int_equal(hear(&f, 1, 4, 900, 1), NOC_HEARD_OLD);
	assert_int_equal(hear(&f, 1, 5, 90000, 1), NOC_HEARD_NEW);
	life_close(&f);
	state_remove(dir);
}

/* Somebody holds each message back as long as it is in time, and so our notion
 * of the clock: what was forgotten meanwhile is out of time all the same. */
static void
test_a_clock_that_is_held_back(void **state)
{
	char *dir = state_make();
	struct fix f;

	(void)state;
	life_open(&f, dir, (struct noc_now){ 0 }, RULES);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(hear(&f, 1, 5, 1000 + i, 1), NOC_HEARD_NEW);
		fix_advance(&f, 10 * 1000);
		assert_int_not_equal(hear(&f, 1, 5, 1000, 1), NOC_HEARD_NEW);
		fix_advance(&f, 139 * 1000);
	}
	assert_int_equal(hear(&f, 1, 5, 1000, 2), NOC_HEARD_OLD);
	life_close(&f);
	life_open(&f, dir, f.now, RULES);
	assert_int_equal(hear(&f, 1, 5, 1000, 1), NOC_HEARD_OLD);
	life_close(&f);
	state_remove(dir);
}

/* A clock that goes slower than ours is believed as far as it has come. */
static void
test_a_slow_clock(void **state)
{
	char *dir = state_make();
	struct fix f;

	(void)state;
	life_open(&f, dir, (struct noc_now){ 0 }, RULES);
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(hear(&f, 1, 5, 1000 + 59 * i, 1),
				 NOC_HEARD_NEW);
		fix_advance(&f, MINUTE_MS);
	}
	life_close(&f);
	life_open(&f, dir, f.now, RULES);
	assert_int_equal(hear(&f, 1, 5, 1000 + 59 * 1000, 1), NOC_HEARD_NEW);
	life_close(&f);
	state_remove(dir);
}

/* Nobody's clock but ours says how late an INFORM is: libnetsnmp asks it. */
static void
test_our_own_engine(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, RULES);
	assert_int_equal(hear_ours(&f, 1, 5, 1150, 1), NOC_HEARD_NEW);
	assert_int_equal(hear_ours(&f, 1, 5, 860, 1), NOC_HEARD_NEW);
	assert_int_equal(hear_ours(&f, 1, 5, 1150, 1), NOC_HEARD_AGAIN);
	assert_int_equal(hear_ours(&f, 1, 5, 860, 1), NOC_HEARD_AGAIN);
	fix_close(&f);
}

static void
test_over_restarts(void **state)
{
	struct message m = { 1, 5, 1010, 7, false, NULL };
	struct noc_heard h = heard_of(&m);
	char *dir = state_make();
	struct fix f;

	(void)state;
	life_open(&f, dir, (struct noc_now){ 0 }, RULES);
	assert_int_equal(hear(&f, 1, 5, 1000, 1), NOC_HEARD_NEW);
	fix_advance(&f, 5000);
	assert_int_equal(hear(&f, 1, 5, 1005, 1), NOC_HEARD_NEW);
	assert_int_equal(hear(&f, 1, 5, 1010, 7), NOC_HEARD_NEW);
	noc_core_begin(f.core, f.now);
	noc_heard_forget(f.core, &h); /* it was shed */
	noc_core_end(f.core);
	fix_pump(&f);
	life_close(&f);
	f.now.wall_ns += 100 * NOC_NS_PER_S;
	f.now.boot_ns += 100 * NOC_NS_PER_S;
	life_open(&f, dir, f.now, RULES);
	assert_int_equal(hear(&f, 1, 5, 1000, 1), NOC_HEARD_AGAIN);
	assert_int_equal(hear(&f, 1, 5, 1005, 1), NOC_HEARD_AGAIN);
	assert_int_equal(hear(&f, 1, 5, 1010, 7), NOC_HEARD_NEW);
	assert_int_equal(hear(&f, 1, 5, 850, 1), NOC_HEARD_OLD);
	assert_int_equal(hear(&f, 1, 4, 2000, 1), NOC_HEARD_OLD);
	/* And once more, with no message in between. */
	life_close(&f);
	life_open(&f, dir, f.now, RULES);
	assert_int_equal(hear(&f, 1, 5, 850, 2), NOC_HEARD_OLD);
	assert_int_equal(hear(&f, 1, 5, 1010, 7), NOC_HEARD_AGAIN);
	life_close(&f);
	state_remove(dir);
}

/* Its row is written when its clock was wrong, and now and then. */
static void
test_rows_are_written_seldom(void **state)
{
	struct fix f = { 0 };
	unsigned before;

	(void)state;
	fix_open(&f, RULES);
	hear(&f, 1, 5, 1000, 1);
	before = f.puts;
	for (int i = 1; i <= 100; i++) {
		fix_advance(&f, 1000);
		hear(&f, 1, 5, 1000 + i, 1);
	}
	/* One for each message, and none for the engine. */
	assert_int_equal(f.puts - before, 100);
	hear(&f, 1, 5, 1120, 1);
	assert_int_equal(f.puts - before, 102);
	fix_advance(&f, 20 * 1000);
	before = f.puts;
	for (int i = 1; i <= 1100; i++) {
		fix_advance(&f, 1000);
		hear(&f, 1, 5, 1120 + i, 1);
	}
	assert_in_range(f.puts - before, 1100 + 50, 1100 + 110);
	fix_close(&f);
}

/* 16,384 of one engine: its window begins later, what is before it cannot be
 * told from a replay and is refused; other engines do not notice. */
static void
test_a_flood_of_one_engine(void **state)
{
	char *dir = state_make();
	struct fix f;

	(void)state;
	life_open(&f, dir, (struct noc_now){ 0 }, RULES);
	noc_core_begin(f.core, f.now);
	assert_int_equal(hear(&f, 2, 1, 500, 1), NOC_HEARD_NEW);
	for (uint32_t i = 0; i < 16384; i++)
		assert_int_equal(hear(&f, 1, 5, 1000 + i / 200, i),
				 NOC_HEARD_NEW);
	assert_int_equal(hear(&f, 1, 5, 1000, 0), NOC_HEARD_AGAIN);
	for (uint32_t i = 16384; i < 20000; i++)
		assert_int_equal(hear(&f, 1, 5, 1000 + i / 200, i),
				 NOC_HEARD_NEW);
	assert_int_equal(hear(&f, 1, 5, 1000, 0), NOC_HEARD_OLD);
	assert_int_equal(hear(&f, 1, 5, 1017, 99999), NOC_HEARD_OLD);
	assert_int_equal(hear(&f, 1, 5, 1090, 99999), NOC_HEARD_NEW);
	assert_int_equal(hear(&f, 2, 1, 500, 1), NOC_HEARD_AGAIN);
	assert_int_equal(hear(&f, 2, 1, 499, 1), NOC_HEARD_NEW);
	assert_int_equal(figure(&f, "messages"), 16384 + 2);
	noc_core_end(f.core);
	fix_pump(&f);
	assert_int_equal(fix_said(&f, "notify noc: limit messages reached"), 1);
	life_close(&f);
	life_open(&f, dir, f.now, RULES);
	assert_int_equal(hear(&f, 1, 5, 1000, 0), NOC_HEARD_OLD);
	assert_int_equal(hear(&f, 1, 5, 1090, 99999), NOC_HEARD_AGAIN);
	life_close(&f);
	state_remove(dir);
}

/* The oldest of all goes, and its engine's window begins later. */
static void
test_65536_messages_of_all(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, RULES);
	noc_core_begin(f.core, f.now);
	for (uint32_t i = 0; i < 65536; i++)
		assert_int_equal(hear(&f, i % 8, 5, 1000 + i / 1000, i),
				 NOC_HEARD_NEW);
	assert_int_equal(hear(&f, 0, 5, 1000, 0), NOC_HEARD_AGAIN);
	assert_int_equal(hear(&f, 9, 5, 1000, 0), NOC_HEARD_NEW);
	assert_int_equal(hear(&f, 0, 5, 1000, 0), NOC_HEARD_OLD);
	assert_int_equal(hear(&f, 1, 5, 1000, 1), NOC_HEARD_AGAIN);
	assert_int_equal(figure(&f, "messages"), 65536);
	noc_core_end(f.core);
	fix_close(&f);
}

/* Whose key was lost may say any engine: past the cap a new one is strange,
 * those that are known stay, and after a day it has room. */
static void
test_16384_engines(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, RULES);
	for (uint32_t i = 0; i < 16384; i++)
		assert_int_equal(hear(&f, i, 5, 1000, 1), NOC_HEARD_NEW);
	assert_int_equal(hear(&f, 99999, 5, 1000, 1), NOC_HEARD_STRANGE);
	assert_int_equal(hear(&f, 0, 4, 1000, 2), NOC_HEARD_OLD);
	assert_int_equal(figure(&f, "strange"), 1);
	assert_int_equal(figure(&f, "engines"), 16384);
	assert_int_equal(fix_said(&f, "notify noc: limit engines reached"), 1);
	fix_advance(&f, 24 * 60 * MINUTE_MS);
	assert_int_equal(hear(&f, 0, 5, 88000, 3), NOC_HEARD_NEW);
	assert_int_equal(hear(&f, 99999, 5, 1000, 1), NOC_HEARD_NEW);
	assert_int_equal(hear(&f, 0, 4, 1000, 2), NOC_HEARD_OLD);
	assert_int_equal(figure(&f, "engines"), 16384);
	fix_close(&f);
}

/* Whoever has one user's key may sign any engine and any clock with it: to who
 * signs as another that is nothing, before and after a restart. */
static void
test_users_are_apart(void **state)
{
	const struct message far = { 1, 2147483646, 2147483647, 1, false, "x" };
	const struct message ahead = { 7, 9, 2147483647, 1, true, "x" };
	char *dir = state_make();
	struct fix f;

	(void)state;
	life_open(&f, dir, (struct noc_now){ 0 }, RULES);
	assert_int_equal(hear(&f, 1, 5, 1000, 1), NOC_HEARD_NEW);
	assert_int_equal(hear_ours(&f, 7, 9, 1000, 1), NOC_HEARD_NEW);
	hear_message(&f, &far);
	hear_message(&f, &ahead);
	assert_int_equal(hear(&f, 1, 5, 1001, 1), NOC_HEARD_NEW);
	fix_advance(&f, 302 * 1000); /* what was ahead is forgotten */
	assert_int_equal(hear_ours(&f, 7, 9, 1302, 1), NOC_HEARD_NEW);
	life_close(&f);
	life_open(&f, dir, f.now, RULES);
	assert_int_equal(hear(&f, 1, 5, 1303, 1), NOC_HEARD_NEW);
	assert_int_equal(hear(&f, 1, 5, 1000, 1), NOC_HEARD_OLD);
	life_close(&f);
	state_remove(dir);
}

/* Nor does he fill what others need. */
static void
test_a_signer_has_his_share(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, RULES);
	for (uint32_t i = 0; i <= 16384; i++)
		hear_message(&f,
			     &(struct message){ i, 5, 1000, 1, false, "x" });
	assert_int_equal(figure(&f, "strange"), 1);
	assert_int_equal(hear(&f, 99999, 5, 1000, 1), NOC_HEARD_NEW);
	fix_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_window_of_150_s),
		cmocka_unit_test(test_no_message_outlives_its_memory),
		cmocka_unit_test(test_a_clock_that_is_held_back),
		cmocka_unit_test(test_a_row_that_cannot_be_read),
		cmocka_unit_test(test_a_slow_clock),
		cmocka_unit_test(test_our_own_engine),
		cmocka_unit_test(test_over_restarts),
		cmocka_unit_test(test_rows_are_written_seldom),
		cmocka_unit_test(test_a_flood_of_one_engine),
		cmocka_unit_test(test_65536_messages_of_all),
		cmocka_unit_test(test_16384_engines),
		cmocka_unit_test(test_users_are_apart),
		cmocka_unit_test(test_a_signer_has_his_share),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
