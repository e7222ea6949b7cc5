/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/core/due.h"
#include "engine/run/fork.h"
#include "engine/run/runner.h"
#include "tests/unit/fork_fixture.h"

/* A run of many rows is forked in slices: others go on meanwhile, and half of
 * it never acts. */

#define MANY(more)                                                            \
	"local all = {} for i = 1, 300 do all[i] = tostring(i) end "          \
	"flow \"f\" { guard = { targets = 500 }, " more                       \
	" each \"e\" { over = all, need = \"any\", put(\"set\", { target = "  \
	"\"{item}\" }) }, put \"z\" }"                                        \
	"flow \"g\" { " more " step \"heal\" { exec { 'x', mutates = false }" \
	", timeout = \"10m\" } }"
#define KEPT 598

static const struct flow_says one_fails[] = { { "[5]/set", "permanent" },
					      { 0 } };

static void
many_open(struct fork *t, const char *text)
{
	fork_open(t, text, one_fails);
	fork_run(t, "Succeeded");
	forget_calls(t, NULL);
	noc_table_release(&flow_world.made);
	t->copied = -2;
}

/* Input by input, until it is answered; at most so many. */
static int
many_go(struct fork *t, int most)
{
	int n = 0;

	for (; t->copied == -2 && !t->said[0] && !t->f.dead && n < most; n++) {
		t->f.now.boot_ns++;
		t->f.now.wall_ns++;
		noc_due_tick(t->f.core, t->f.now);
		fix_pump(&t->f);
	}
	return n;
}

static void
test_others_go_on_meanwhile(void **state)
{
	struct fork t;

	(void)state;
	many_open(&t, MANY(""));
	fork_say(&t, FAILED_ITEMS);
	assert_int_equal(t.copied, -2);
	fix_start_flow(&t.f, "g");
	assert_string_equal(flow_order(), "heal ");
	assert_int_equal(many_go(&t, 4), 4);
	/* It is there, and nothing of it begins. */
	life_written(&t.f);
	assert_int_equal(fork_rows(&t, "count(*)") > 0, 1);
	assert_int_equal(state_int(t.dir, "SELECT count(*) FROM runs WHERE"
					  " state = 'Pending'"),
			 1);
	assert_string_equal(flow_order(), "heal ");
	assert_in_range(many_go(&t, 20), 1, 10);
	assert_string_equal(t.said, "");
	assert_int_equal(t.copied, KEPT);
	fix_advance(&t.f, 60000);
	assert_string_equal(flow_order(), "heal e[5]/set z ");
	assert_int_equal(fix_runs(&t.f), 0);
	life_written(&t.f);
	assert_int_equal(fork_rows(&t, COPIED), KEPT);
	fork_close(&t);
}

static void
test_what_is_refused_is_said_later(void **state)
{
	struct fork t;

	(void)state;
	many_open(&t, MANY(""));
	fork_say(&t, FAILED);
	assert_string_equal(t.said, "");
	many_go(&t, 20);
	assert_non_null(strstr(t.said, "Nothing of the run failed"));
	assert_int_equal(fix_count(&t.f, "RUN_START"), 0);
	fork_close(&t);
}

/* Its turn comes before it is whole, and after it. */
static void
test_its_turn_waits_for_all_of_it(void **state)
{
	static const struct flow_says held[] = { { "heal", "?" }, { 0 } };

	(void)state;
	for (int late = 0; late < 2; late++) {
		struct fork t;

		many_open(&t, MANY("lock = \"x\","));
		forget_calls(&t, held);
		fix_start_flow(&t.f, "g");
		fork_say(&t, FAILED_ITEMS);
		many_go(&t, late ? 20 : 4);
		forget_calls(&t, NULL);
		flow_reply_to(&t.f, "heal");
		fix_pump(&t.f);
		if (!late)
			assert_string_equal(flow_order(), "");
		many_go(&t, 20);
		fix_advance(&t.f, 60000);
		assert_string_equal(flow_order(), "e[5]/set z ");
		assert_int_equal(t.copied, KEPT);
		assert_int_equal(fix_runs(&t.f), 0);
		fork_close(&t);
	}
}

/* A person ends it before it is whole: it is not gone on with. */
static void
test_cancelled_before_it_is_whole(void **state)
{
	char text[NOC_ID_TEXT], *json;
	struct noc_id id;
	struct fork t;

	(void)state;
	many_open(&t, MANY(""));
	fork_say(&t, FAILED_ITEMS);
	many_go(&t, 4);
	id = noc_run_last(t.f.core);
	noc_id_format(text, &id);
	json = noc_asprintf("{\"verb\":\"run.cancel\",\"id\":\"%s\"}", text);
	assert_int_equal(fix_command(&t.f, json, NULL), 0);
	free(json);
	many_go(&t, 20);
	assert_non_null(strstr(t.said, "cancelled before it was whole"));
	life_written(&t.f);
	snprintf(t.run, sizeof(t.run), "%s", text);
	fork_refused(&t, FAILED_ITEMS, "a fork of which not all was copied");
	fix_advance(&t.f, 60000);
	assert_string_equal(flow_order(), "");
	assert_int_equal(fix_runs(&t.f), 0);
	fork_close(&t);
}

/* At each commit: a whole one, or none that acts. */
static void
test_a_death_in_the_middle(void **state)
{
	bool done = false;

	(void)state;
	for (uint64_t at = 1; !done; at++) {
		char first[NOC_ID_TEXT];
		struct fork t;
		int64_t whole;

		many_open(&t, MANY(""));
		snprintf(first, sizeof(first), "%s", t.run);
		t.f.die_at = t.f.ticket + at;
		fork_say(&t, FAILED_ITEMS);
		many_go(&t, 20);
		fix_advance(&t.f, 60000);
		done = !t.f.dead;
		if (!done) {
			t.f.now.wall_ns += 100 * NOC_NS_PER_MS;
			life_close(&t.f);
			life_open(&t.f, t.dir, t.f.now, t.rules);
			fix_advance(&t.f, 60000);
		}
		life_written(&t.f);
		assert_int_equal(fix_runs(&t.f), 0);
		whole = state_int(t.dir, "SELECT count(*) FROM runs WHERE"
					 " state = 'Succeeded'") -
			1;
		if (!whole)
			assert_string_equal(flow_order(), "");
		assert_int_equal(
		    state_int(t.dir,
			      "SELECT count(*) FROM runs r JOIN steps s ON"
			      " s.run = r.id WHERE r.state <> 'Succeeded' AND"
			      " json_extract(s.json, '$.copied') IS NULL"),
		    0);
		assert_int_equal(
		    state_int(t.dir,
			      "SELECT count(*) FROM runs WHERE state <>"
			      " 'Succeeded' AND outcome <> '" NOC_FORK_HALF
			      "'"),
		    0);
		if (!whole) {
			snprintf(t.run, sizeof(t.run), "%s", first);
			t.copied = -2;
			fork_say(&t, FAILED_ITEMS);
			many_go(&t, 20);
			fix_advance(&t.f, 60000);
			assert_int_equal(t.copied, KEPT);
		}
		assert_int_equal(flow_made("e[7]/set"), 0);
		/* None: it died with the call, and the device said done. */
		assert_in_range(flow_made("e[5]/set"), 0, 2);
		fork_close(&t);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_others_go_on_meanwhile),
		cmocka_unit_test(test_what_is_refused_is_said_later),
		cmocka_unit_test(test_its_turn_waits_for_all_of_it),
		cmocka_unit_test(test_cancelled_before_it_is_whole),
		cmocka_unit_test(test_a_death_in_the_middle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
