/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/life_fixture.h"

#include "base/crypto.h"
#include "engine/memory/dedup.h"
#include "engine/memory/inform.h"
#include "engine/memory/replay.h"

/* What was signed is taken once, whatever others send meanwhile. */

#define HOUR_MS (3600 * 1000LL)
#define RULES	"rule \"w\" { on = \"link.down\", run = log \"x\" }\n"

/* Signed over `text`. */
static int
deliver(struct fix *f, struct noc_delivery *d, const char *text)
{
	uint8_t said[32];
	struct noc_err err;
	int r;

	noc_sha256_once(text, strlen(text), said);
	d->said = said;
	noc_core_begin(f->core, f->now);
	r = noc_replay_take(f->core, d, &err);
	noc_core_end(f->core);
	fix_pump(f);
	return r;
}

/* With this id beside it. */
static int
take(struct fix *f, const char *hook, const char *text, const char *id,
     int64_t ms)
{
	struct noc_delivery d = { .source = hook,
				  .id = noc_slice_str(id),
				  .within_ms = ms };

	return deliver(f, &d, text);
}

static int64_t
figure(struct fix *f, const char *name)
{
	struct noc_value *stats = noc_core_stats(f->core);
	int64_t n = noc_value_get_int(stats, name, -1);

	noc_value_free(stats);
	return n;
}

static void
test_what_was_signed_and_not_its_id(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, RULES);
	assert_int_equal(take(&f, "hook/a", "x", "1", HOUR_MS), 0);
	assert_int_equal(take(&f, "hook/a", "x", "1", HOUR_MS), NOC_ECONFLICT);
	assert_int_equal(take(&f, "hook/a", "x", "2", HOUR_MS), NOC_ECONFLICT);
	assert_int_equal(take(&f, "hook/a", "x", "", HOUR_MS), NOC_ECONFLICT);
	/* Another body under an id that was here is another delivery. */
	assert_int_equal(take(&f, "hook/a", "y", "1", HOUR_MS), 0);
	/* Another hook may have the same secret. */
	assert_int_equal(take(&f, "hook/b", "x", "1", HOUR_MS), 0);
	fix_advance(&f, HOUR_MS - 1);
	assert_int_equal(take(&f, "hook/a", "x", "1", HOUR_MS), NOC_ECONFLICT);
	fix_advance(&f, 1);
	assert_int_equal(take(&f, "hook/a", "x", "1", HOUR_MS), 0);
	fix_close(&f);
}

/* replay = false: only its id, where it has one, for a day. */
static void
test_the_same_body_twice(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, RULES);
	assert_int_equal(take(&f, "hook/a", "x", "", 0), 0);
	assert_int_equal(take(&f, "hook/a", "x", "", 0), 0);
	assert_int_equal(take(&f, "hook/a", "x", "1", 0), 0);
	assert_int_equal(take(&f, "hook/a", "x", "2", 0), 0);
	assert_int_equal(take(&f, "hook/a", "x", "1", 0), NOC_ECONFLICT);
	fix_advance(&f, 24 * HOUR_MS);
	assert_int_equal(take(&f, "hook/a", "x", "1", 0), 0);
	fix_close(&f);
}

/* A signed id says which delivery it is, whatever else is signed with it. */
static void
test_a_signed_id(void **state)
{
	uint8_t said[32] = { 1 };
	struct noc_delivery d = { .source = "hook/s",
				  .said = said,
				  .id = noc_slice_str("m-1"),
				  .id_signed = true,
				  .within_ms = 601000 };
	struct noc_err err;
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, RULES);
	noc_core_begin(f.core, f.now);
	assert_int_equal(noc_replay_take(f.core, &d, &err), 0);
	said[0] = 2; /* with a later timestamp */
	assert_int_equal(noc_replay_take(f.core, &d, &err), NOC_ECONFLICT);
	noc_core_end(f.core);
	fix_close(&f);
}

/* Signed at `when_s` by the wall clock, which somebody may set back. */
static int
take_signed(struct fix *f, const char *text, int64_t when_s)
{
	struct noc_delivery d = { .source = "hook/a",
				  .when_s = when_s,
				  .within_ms = HOUR_MS };

	return deliver(f, &d, text);
}

static void
test_the_clock_is_set_back(void **state)
{
	char *dir = state_make();
	struct fix f;

	(void)state;
	life_open(&f, dir, (struct noc_now){ 0 }, RULES);
	assert_int_equal(take_signed(&f, "x", 1000), 0);
	fix_advance(&f, HOUR_MS - 1);
	assert_int_equal(take_signed(&f, "y", 5000), 0);
	assert_int_equal(take_signed(&f, "w", 1000), 0); /* none forgotten */
	fix_advance(&f, 1);
	assert_int_equal(take_signed(&f, "x", 1000), NOC_EDENIED);
	assert_int_equal(take_signed(&f, "v", 999), NOC_EDENIED);
	assert_int_equal(take_signed(&f, "z", 1001), 0);
	/* Without a timestamp: as ever. */
	assert_int_equal(take(&f, "hook/a", "x", "", HOUR_MS), 0);
	life_close(&f);
	life_open(&f, dir, f.now, RULES);
	assert_int_equal(take_signed(&f, "v", 1000), NOC_EDENIED);
	assert_int_equal(take_signed(&f, "y", 5000), NOC_ECONFLICT);
	fix_advance(&f, HOUR_MS); /* what its row says of it is enough */
	assert_int_equal(take_signed(&f, "y", 5000), NOC_EDENIED);
	assert_int_equal(take_signed(&f, "y", 5001), 0);
	life_close(&f);
	state_remove(dir);
}

/* 100,000 of one hook: its next one is refused, nothing is forgotten, and
 * other hooks do not notice. */
static void
test_a_hundred_thousand_deliveries(void **state)
{
	struct fix f = { 0 };
	char text[16];

	(void)state;
	fix_open(&f, RULES);
	assert_int_equal(take(&f, "hook/b", "b", "", HOUR_MS), 0);
	for (int i = 0; i < 100000; i++) {
		snprintf(text, sizeof(text), "%d", i);
		assert_int_equal(take(&f, "hook/a", text, "", HOUR_MS), 0);
	}
	assert_int_equal(figure(&f, "replay_full"), 0);
	assert_int_equal(take(&f, "hook/a", "new", "", HOUR_MS), NOC_ERESOURCE);
	assert_int_equal(take(&f, "hook/a", "new", "", HOUR_MS), NOC_ERESOURCE);
	assert_int_equal(take(&f, "hook/a", "0", "", HOUR_MS), NOC_ECONFLICT);
	assert_int_equal(take(&f, "hook/b", "b", "", HOUR_MS), NOC_ECONFLICT);
	assert_int_equal(take(&f, "hook/b", "new", "", HOUR_MS), 0);
	assert_int_equal(figure(&f, "replay_full"), 2);
	assert_int_equal(
	    fix_said(&f, "notify noc: limit replay reached by hook/a"), 1);
	fix_advance(&f, HOUR_MS + 1);
	assert_int_equal(take(&f, "hook/a", "new", "", HOUR_MS), 0);
	fix_close(&f);
}

/* hooks.replay_max; four hooks may be full, the fifth is refused then. */
static void
test_four_hooks_may_be_full(void **state)
{
	struct noc_value *config = noc_value_map();
	struct fix f = { 0 };
	char hook[16], text[16];

	(void)state;
	noc_value_set(config, "hooks.replay_max", noc_value_int(10));
	f.env.config = config;
	fix_open(&f, RULES);
	for (int i = 0; i < 40; i++) {
		snprintf(hook, sizeof(hook), "hook/%d", i / 10);
		snprintf(text, sizeof(text), "%d", i);
		assert_int_equal(take(&f, hook, text, "", HOUR_MS), 0);
		if (i < 10)
			fix_advance(&f, 1);
	}
	assert_int_equal(take(&f, "hook/0", "x", "", HOUR_MS), NOC_ERESOURCE);
	assert_int_equal(take(&f, "hook/4", "x", "", HOUR_MS), NOC_ERESOURCE);
	fix_advance(&f, HOUR_MS - 10);
	assert_int_equal(take(&f, "hook/4", "x", "", HOUR_MS), 0);
	fix_close(&f);
	noc_value_free(config);
}

/* However large it is said to be. */
static void
test_a_share_past_all_numbers(void **state)
{
	static const int64_t each[] = { INT64_MAX, 1LL << 62, 1LL << 61 };

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(each); i++) {
		struct noc_value *config = noc_value_map();
		struct fix f = { 0 };

		noc_value_set(config, "hooks.replay_max",
			      noc_value_int(each[i]));
		f.env.config = config;
		fix_open(&f, RULES);
		assert_int_equal(take(&f, "hook/a", "x", "", HOUR_MS), 0);
		assert_int_equal(take(&f, "hook/a", "x", "", HOUR_MS),
				 NOC_ECONFLICT);
		fix_close(&f);
		noc_value_free(config);
	}
}

/* Neither INFORMs nor the dedup keys of others push a delivery out. */
static void
test_the_floods_of_others(void **state)
{
	struct fix f = { 0 };
	char key[16];

	(void)state;
	fix_open(&f, RULES);
	assert_int_equal(take(&f, "hook/a", "x", "", HOUR_MS), 0);
	noc_core_begin(f.core, f.now);
	assert_false(
	    noc_dedup_repeats(f.core, "mine", noc_slice_str("k"), HOUR_MS));
	for (int i = 0; i < 100001; i++) {
		struct noc_inform n = { "192.0.2.1", key, true };

		snprintf(key, sizeof(key), "%d", i);
		if (!noc_inform_repeats(f.core, &n))
			noc_inform_keep(f.core, &n);
		noc_dedup_repeats(f.core, "theirs", noc_slice_str(key),
				  HOUR_MS);
	}
	assert_true(
	    noc_dedup_repeats(f.core, "mine", noc_slice_str("k"), HOUR_MS));
	noc_core_end(f.core);
	fix_pump(&f);
	assert_int_equal(take(&f, "hook/a", "x", "", HOUR_MS), NOC_ECONFLICT);
	fix_close(&f);
}

/* What was taken is known after a restart, and so are the ids that earlier
 * versions kept. */
static void
test_over_a_restart(void **state)
{
	char *dir = state_make();
	struct noc_delivery d = { .source = "hook/a",
				  .id = noc_slice_str("m-1"),
				  .id_signed = true };
	struct noc_err err;
	struct fix f;

	(void)state;
	life_open(&f, dir, (struct noc_now){ 0 }, RULES);
	assert_int_equal(take(&f, "hook/a", "x", "1", HOUR_MS), 0);
	noc_core_begin(f.core, f.now);
	assert_int_equal(noc_replay_take(f.core, &d, &err), 0);
	assert_false(
	    noc_dedup_repeats(f.core, "hook/a", noc_slice_str("old"), HOUR_MS));
	noc_core_end(f.core);
	life_close(&f);
	life_open(&f, dir, f.now, RULES);
	assert_int_equal(take(&f, "hook/a", "x", "2", HOUR_MS), NOC_ECONFLICT);
	assert_int_equal(take(&f, "hook/a", "y", "old", HOUR_MS),
			 NOC_ECONFLICT);
	noc_core_begin(f.core, f.now);
	assert_int_equal(noc_replay_take(f.core, &d, &err), NOC_ECONFLICT);
	noc_core_end(f.core);
	fix_advance(&f, HOUR_MS);
	assert_int_equal(take(&f, "hook/a", "x", "2", HOUR_MS), 0);
	life_close(&f);
	state_remove(dir);
}

static bool
inform_was(struct fix *f, int n, bool low)
{
	struct noc_inform i = { low ? "203.0.113.9" : "192.0.2.1", NULL, low };
	char key[16];
	bool was;

	snprintf(key, sizeof(key), "%05d", n);
	i.key = key;
	noc_core_begin(f->core, f->now);
	was = noc_inform_repeats(f->core, &i);
	if (!was)
		noc_inform_keep(f->core, &i);
	noc_core_end(f->core);
	return was;
}

/* The first that came goes first, whatever its key and in whichever life; and
 * who was a stranger is one. */
static void
test_the_oldest_after_a_restart(void **state)
{
	char *dir = state_make(), *rows;
	struct fix f;

	(void)state;
	life_open(&f, dir, (struct noc_now){ 0 }, RULES);
	for (int i = 0; i < 4096; i++) {
		assert_false(inform_was(&f, 9000 - i, false));
		fix_advance(&f, 1);
	}
	assert_false(inform_was(&f, 1, true));
	life_written(&f);
	life_close(&f);
	life_open(&f, dir, f.now, RULES);
	assert_false(inform_was(&f, 9001, false));
	assert_true(inform_was(&f, 9000 - 4095, false)); /* the newest */
	assert_false(inform_was(&f, 9000, false));	 /* the oldest */
	life_lose_rows(&f, dir); /* all of them are written again */
	life_written(&f);
	rows = life_rows(dir);
	assert_non_null(strstr(rows, "\"low\":true"));
	free(rows);
	life_close(&f);
	state_remove(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_was_signed_and_not_its_id),
		cmocka_unit_test(test_the_same_body_twice),
		cmocka_unit_test(test_a_signed_id),
		cmocka_unit_test(test_the_clock_is_set_back),
		cmocka_unit_test(test_a_share_past_all_numbers),
		cmocka_unit_test(test_a_hundred_thousand_deliveries),
		cmocka_unit_test(test_four_hooks_may_be_full),
		cmocka_unit_test(test_the_floods_of_others),
		cmocka_unit_test(test_over_a_restart),
		cmocka_unit_test(test_the_oldest_after_a_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
