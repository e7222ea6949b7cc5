/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/life_fixture.h"

#include "engine/core/command.h"

/* A command with a key is carried out once, and answered as the first was. */

#define HOUR_MS (3600 * 1000LL)

static const char rules[] =
    "flow \"tell\" { input = { role = \"string\" }, sleep \"9h\" }\n";

struct told {
	int kind;
	bool replayed;
	char id[NOC_ID_TEXT], says[512];
};

static struct noc_core *told_core;

static void
on_told(int kind, const struct noc_value *answer, const char *message,
	void *arg)
{
	struct told *t = arg;

	t->kind = kind;
	t->replayed = noc_command_replayed(told_core);
	snprintf(t->id, sizeof(t->id), "%s",
		 noc_value_get_str(answer, "id", ""));
	snprintf(t->says, sizeof(t->says), "%s", message ? message : "");
}

/* kind is 1 as long as there is no answer. */
static void
ask(struct fix *f, const char *actor, const char *key, const char *role,
    struct told *t)
{
	char *json = noc_asprintf("{\"verb\":\"run.start\",\"flow\":\"tell\","
				  "\"input\":{\"role\":\"%s\"},\"actor\":"
				  "\"%s\",\"idempotency_key\":\"%s\"}",
				  role, actor, key);
	struct noc_value *command = unit_json(json);

	memset(t, 0, sizeof(*t));
	t->kind = 1;
	told_core = f->core;
	noc_core_command(f->core, command, on_told, t, f->now);
	noc_value_free(command);
	free(json);
}

static struct told
start(struct fix *f, const char *actor, const char *key, const char *role)
{
	struct told t;

	ask(f, actor, key, role, &t);
	fix_pump(f);
	assert_int_not_equal(t.kind, 1);
	return t;
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
test_the_same_is_one(void **state)
{
	struct fix f = { 0 };
	struct told first, again;

	(void)state;
	fix_open(&f, rules);
	first = start(&f, "joe", "k1", "a");
	assert_int_equal(first.kind, 0);
	assert_false(first.replayed);
	again = start(&f, "joe", "k1", "a");
	assert_int_equal(again.kind, 0);
	assert_true(again.replayed);
	assert_string_equal(again.id, first.id);
	assert_int_equal(fix_count(&f, "RUN_START"), 1);
	assert_int_equal(figure(&f, "command_replays"), 1);
	/* A key is its actor's alone, and another key is another request. */
	again = start(&f, "ann", "k1", "a");
	assert_false(again.replayed);
	assert_string_not_equal(again.id, first.id);
	again = start(&f, "joe", "k2", "a");
	assert_string_not_equal(again.id, first.id);
	assert_int_equal(fix_count(&f, "RUN_START"), 3);
	fix_close(&f);
}

static void
test_another_is_refused(void **state)
{
	struct fix f = { 0 };
	struct told t;

	(void)state;
	fix_open(&f, rules);
	start(&f, "joe", "k1", "a");
	t = start(&f, "joe", "k1", "b");
	assert_int_equal(t.kind, NOC_ECONFIG);
	assert_non_null(strstr(t.says, "'k1'"));
	assert_int_equal(fix_count(&f, "RUN_START"), 1);
	t = start(&f, "joe", "", "a");
	assert_int_equal(t.kind, NOC_EINPUT);
	fix_close(&f);
}

static void
test_in_progress_until_it_is_durable(void **state)
{
	struct fix f = { 0 };
	struct told first, again;

	(void)state;
	fix_open(&f, rules);
	f.hold_durable = true;
	ask(&f, "joe", "k1", "a", &first);
	fix_pump(&f);
	assert_int_equal(first.kind, 1);
	again = start(&f, "joe", "k1", "a");
	assert_int_equal(again.kind, NOC_ECONFLICT);
	again = start(&f, "joe", "k1", "b");
	assert_int_equal(again.kind, NOC_ECONFIG);
	f.hold_durable = false;
	fix_pump(&f);
	assert_int_equal(first.kind, 0);
	again = start(&f, "joe", "k1", "a");
	assert_string_equal(again.id, first.id);
	assert_int_equal(fix_count(&f, "RUN_START"), 1);
	fix_close(&f);
}

/* What was refused has changed nothing: it may be asked again. */
static void
test_a_refusal_is_not_kept(void **state)
{
	static const char wrong[] =
	    "{\"verb\":\"run.start\",\"flow\":\"tell\",\"actor\":\"joe\","
	    "\"idempotency_key\":\"k1\"}";
	struct fix f = { 0 };
	struct told t;

	(void)state;
	fix_open(&f, rules);
	assert_int_equal(fix_command(&f, wrong, NULL), NOC_EINPUT);
	assert_int_equal(fix_command(&f, wrong, NULL), NOC_EINPUT);
	assert_int_equal(figure(&f, "command_keys"), 0);
	t = start(&f, "joe", "k1", "a");
	assert_int_equal(t.kind, 0);
	fix_close(&f);
}

static void
test_for_a_day(void **state)
{
	struct fix f = { 0 };
	struct told first, again;

	(void)state;
	fix_open(&f, rules);
	first = start(&f, "joe", "k1", "a");
	fix_advance(&f, 24 * HOUR_MS - 1);
	again = start(&f, "joe", "k1", "a");
	assert_string_equal(again.id, first.id);
	fix_advance(&f, 1);
	assert_int_equal(figure(&f, "command_keys"), 0);
	again = start(&f, "joe", "k1", "a");
	assert_false(again.replayed);
	assert_string_not_equal(again.id, first.id);
	fix_close(&f);
}

/* n keys of somebody, as rows of a start. */
static void
fill(struct fix *f, const char *actor, int n)
{
	struct noc_value *data = unit_json("{\"data\":{\"sha256\":\"x\"}}");
	int64_t due = f->now.wall_ns + HOUR_MS * NOC_NS_PER_MS;
	char key[64];

	noc_core_begin(f->core, f->now);
	for (int i = 0; i < n; i++) {
		snprintf(key, sizeof(key), "%s\x1frun.start\x1fold%d", actor,
			 i);
		assert_true(noc_part_once.load(
		    f->core, noc_core_part(f->core, NOC_PART_ONCE), "once", key,
		    due, data));
	}
	noc_core_end(f->core);
	noc_value_free(data);
}

static void
test_an_actor_has_its_share(void **state)
{
	struct fix f = { 0 };
	struct told first, again;

	(void)state;
	fix_open(&f, rules);
	fill(&f, "joe", 9999);
	first = start(&f, "joe", "k1", "a");
	assert_int_equal(first.kind, 0);
	assert_int_equal(figure(&f, "command_keys"), 10000);
	again = start(&f, "joe", "k2", "a");
	assert_int_equal(again.kind, NOC_ERESOURCE);
	/* Nothing of his is forgotten, and others have room. */
	again = start(&f, "joe", "k1", "a");
	assert_string_equal(again.id, first.id);
	again = start(&f, "ann", "k2", "a");
	assert_int_equal(again.kind, 0);
	fix_advance(&f, HOUR_MS);
	again = start(&f, "joe", "k2", "a");
	assert_int_equal(again.kind, 0);
	fix_close(&f);
}

static void
test_40000_of_all(void **state)
{
	struct fix f = { 0 };
	struct told t;

	(void)state;
	fix_open(&f, rules);
	fill(&f, "ann", 9999);
	fill(&f, "bob", 10000);
	fill(&f, "cay", 10000);
	fill(&f, "dee", 10000);
	t = start(&f, "joe", "k1", "a");
	assert_int_equal(t.kind, 0);
	t = start(&f, "joe", "k2", "a");
	assert_int_equal(t.kind, NOC_ERESOURCE);
	t = start(&f, "joe", "k1", "a");
	assert_true(t.replayed);
	fix_close(&f);
}

/* That it was done is said all the same, and it is not done again. */
static void
test_a_long_answer_is_not_kept(void **state)
{
	static const char backfill[] =
	    "{\"verb\":\"schedule.backfill\",\"schedule\":\"s\",\"from\":"
	    "\"2001-01-01T00:00:00Z\",\"to\":\"2001-01-01T0%s:00:00Z\","
	    "\"actor\":\"joe\",\"idempotency_key\":\"k%s\"}";
	struct fix f = { 0 };
	char json[300];

	(void)state;
	fix_open(&f, "schedule \"s\" { every = \"1m\", run = log \"x\" }\n");
	noc_core_begin(f.core, f.now);
	noc_part_tasks.ready(f.core, noc_core_part(f.core, NOC_PART_TASKS));
	noc_core_end(f.core);
	for (int hours = 0; hours < 2; hours++) {
		char digit[] = { (char)('0' + hours), 0 };
		size_t seen;

		snprintf(json, sizeof(json), backfill, digit, digit);
		assert_int_equal(fix_command(&f, json, NULL), 0);
		seen = f.njournal;
		assert_int_equal(fix_command(&f, json, NULL),
				 hours ? NOC_ECONFLICT : 0);
		assert_int_equal(f.njournal, seen);
	}
	fix_close(&f);
}

static void
test_over_a_restart(void **state)
{
	char *dir = state_make();
	struct told first, again;
	struct fix f;

	(void)state;
	life_open(&f, dir, (struct noc_now){ 0 }, rules);
	first = start(&f, "joe", "k1", "a");
	assert_int_equal(first.kind, 0);
	life_lose_rows(&f, dir); /* all of them are written again */
	life_close(&f);
	life_open(&f, dir, f.now, rules);
	again = start(&f, "joe", "k1", "b");
	assert_int_equal(again.kind, NOC_ECONFIG);
	again = start(&f, "joe", "k1", "a");
	assert_true(again.replayed);
	assert_string_equal(again.id, first.id);
	fix_advance(&f, 24 * HOUR_MS);
	assert_int_equal(figure(&f, "command_keys"), 0);
	life_close(&f);
	state_remove(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_same_is_one),
		cmocka_unit_test(test_another_is_refused),
		cmocka_unit_test(test_in_progress_until_it_is_durable),
		cmocka_unit_test(test_a_refusal_is_not_kept),
		cmocka_unit_test(test_for_a_day),
		cmocka_unit_test(test_an_actor_has_its_share),
		cmocka_unit_test(test_40000_of_all),
		cmocka_unit_test(test_a_long_answer_is_not_kept),
		cmocka_unit_test(test_over_a_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
