/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/memory/seen.h"
#include "engine/run/runner.h"
#include "tests/unit/fork_fixture.h"

/* What a fork goes by: its plan and input, guards, deaths, rows of all kinds.
 */

/* ---- what is not known ---- */

static void
test_what_is_in_doubt_is_not_done(void **state)
{
	static const struct flow_says out[] = { { "b", "?" }, { 0 } };
	struct noc_id id;
	struct fork t;
	char *json;

	(void)state;
	fork_open(&t, LIST, out);
	id = flow_start(&t.f, "active", "{\"device\":\"sw1\"}");
	noc_id_format(t.run, &id);
	json = noc_asprintf("{\"verb\":\"run.cancel\",\"id\":\"%s\","
			    "\"force\":true}",
			    t.run);
	assert_int_equal(fix_command(&t.f, json, NULL), 0);
	free(json);
	fix_advance(&t.f, 60000);
	life_written(&t.f);
	forget_calls(&t, NULL);
	fork_does(&t, FAILED, "Succeeded", "b c ");
	fork_close(&t);
}

/* ---- plans, input, modes ---- */

static void
test_the_flow_as_it_is_now(void **state)
{
	static const char then[] =
	    "flow \"f\" { put \"a\", put \"old\", get \"g\", put \"b\","
	    " put \"c\" }";
	static const char now[] =
	    "flow \"f\" { put \"new\", put \"a\", put \"g\", put \"b\","
	    " put \"c\" }";
	static const struct flow_says bad[] = { { "c", "permanent" }, { 0 } };
	struct fork t;
	char first[NOC_ID_TEXT];

	(void)state;
	fork_open(&t, then, bad);
	fork_run(&t, "Failed");
	snprintf(first, sizeof(first), "%s", t.run);
	fork_reopen(&t, now);
	forget_calls(&t, NULL);
	fork_does(&t, FAILED, "Succeeded", "c ");
	assert_int_equal(fork_rows(&t, "sum(path = 'old')"), 1);
	/* What is new is done, and so is what comes after it. */
	snprintf(t.run, sizeof(t.run), "%s", first);
	forget_calls(&t, NULL);
	fork_does(&t, FAILED ",\"plan\":\"current\"", "Succeeded",
		  "new a g b c ");
	assert_int_equal(t.copied, 0);
	fork_close(&t);
}

/* A step that does something else now is done again, one that stands elsewhere
 * or is gone is not copied. */
static void
test_rows_go_by_their_paths(void **state)
{
	static const char then[] =
	    "flow \"f\" { put \"a\", get \"g\", put \"gone\","
	    " step \"c\" { snmp.set { a = 1 }, target = \"{device}\","
	    " timeout = \"5s\" }, put \"z\" }";
	static const char now[] =
	    "flow \"f\" { parallel { put \"a\", { get \"g\" } },"
	    " put \"c\", put \"z\" }";
	static const struct flow_says bad[] = { { "z", "permanent" }, { 0 } };
	struct fork t;

	(void)state;
	fork_open(&t, then, bad);
	fork_run(&t, "Failed");
	fork_reopen(&t, now);
	forget_calls(&t, NULL);
	fork_does(&t, FAILED ",\"plan\":\"current\"", "Succeeded", "c z ");
	assert_int_equal(t.copied, 2);
	assert_int_equal(fork_rows(&t, "sum(path = 'gone')"), 0);
	fork_reopen(&t, "flow \"h\" { log \"x\" }");
	fork_refused(&t, FAILED ",\"plan\":\"current\"",
		     "have nothing called 'f' any more");
	fork_close(&t);
}

static void
test_its_input_is_the_same_but_for_what_is_said(void **state)
{
	static const char text[] =
	    "flow \"f\" { input = { device = \"string\", n = integer { min = "
	    "1, max = 9, default = 3 } }, put(\"a\", { target = "
	    "\"{input.device} {input.n}\" }) }";
	struct fork t;

	(void)state;
	fork_open(&t, text, NULL);
	fork_run(&t, "Succeeded");
	forget_calls(&t, NULL);
	fork_does(&t, FROM("a"), "Succeeded", "a ");
	assert_int_equal(fix_count(&t.f, "STEP_START a sw1 3"), 1);
	forget_calls(&t, NULL);
	fork_does(&t, FROM("a") ",\"input\":{\"n\":4}", "Succeeded", "a ");
	assert_int_equal(fix_count(&t.f, "STEP_START a sw1 4"), 1);
	fork_refused(&t, FROM("a") ",\"input\":{\"n\":10}", "9");
	fork_refused(&t, FROM("a") ",\"input\":{\"m\":1}", "'m'");
	fork_close(&t);
}

static void
test_one_that_observed_observes(void **state)
{
	struct noc_id id;
	struct fork t;

	(void)state;
	fork_open(&t, LIST, NULL);
	id = flow_start(&t.f, "observe", "{\"device\":\"sw1\"}");
	noc_id_format(t.run, &id);
	fix_advance(&t.f, 60000);
	life_written(&t.f);
	forget_calls(&t, NULL);
	fork_does(&t, FROM("b"), "Succeeded", "");
	assert_int_equal(fix_count(&t.f, "\"mode\":\"observe\""), 1);
	fork_close(&t);
}

/* Its event comes from its row, and so does the rule whose `unless` holds. */
static void
test_the_run_of_a_rule(void **state)
{
	static const char text[] =
	    "rule \"r\" { mode = \"active\", on = \"link.down\", key = "
	    "\"{device}\", unless = seen { \"config.change\", back = \"10m\" },"
	    " run = flow { put(\"a\", { target = \"{device}/{ifname}\" }),"
	    " put(\"b\", { target = \"{device}/{ifname}\" }) } }";
	static const struct flow_says bad[] = { { "b", "permanent" }, { 0 } };
	struct noc_event *seen;
	struct fork t;
	struct noc_id id;

	(void)state;
	fork_open(&t, text, bad);
	id = fix_start(&t.f, "r", NOC_ACTIVE, NOC_TRUST_HIGH);
	noc_id_format(t.run, &id);
	fix_advance(&t.f, 60000);
	life_written(&t.f);
	forget_calls(&t, NULL);
	fork_does(&t, FAILED, "Succeeded", "b ");
	assert_int_equal(fix_count(&t.f, "STEP_START b sw1/eth7"), 1);
	seen = fix_event(&t.f, "config.change", "sw1", NOC_TRUST_HIGH);
	noc_core_begin(t.f.core, t.f.now);
	noc_seen_add(t.f.core, seen);
	noc_core_end(t.f.core);
	noc_event_unref(seen);
	forget_calls(&t, NULL);
	fork_say(&t, FROM("b"));
	assert_string_equal(t.said, "");
	fix_advance(&t.f, 60000);
	assert_string_equal(flow_order(), "");
	fork_close(&t);
}

/* Nobody signed its event: what the device said to the original is old, and it
 * is asked again before anything is changed. */
static void
test_what_was_confirmed_is_asked_again(void **state)
{
	static const char text[] =
	    "rule \"r\" { mode = \"active\", on = \"link.down\", key = "
	    "\"{device}\", run = flow { get(\"look\", { target = "
	    "\"{device}\" }), put(\"a\"), put(\"b\") } }";
	static const struct flow_says bad[] = { { "look", "{\"v\":1}" },
						{ "b", "permanent" },
						{ 0 } };
	static const struct flow_says good[] = { { "look", "{\"v\":1}" },
						 { 0 } };
	struct noc_id id;
	struct fork t;

	(void)state;
	fork_open(&t, text, bad);
	id = fix_start(&t.f, "r", NOC_ACTIVE, NOC_TRUST_NORMAL);
	noc_id_format(t.run, &id);
	fix_advance(&t.f, 60000);
	life_written(&t.f);
	assert_string_equal(flow_order(), "look a b ");
	forget_calls(&t, good);
	fork_does(&t, FAILED, "Failed", "");
	assert_int_equal(fix_count(&t.f, "authenticated: fork from the step "
					 "that reads"),
			 2); /* its step and it */
	forget_calls(&t, good);
	fork_does(&t, FROM("look"), "Succeeded", "look a b ");
	fork_close(&t);
}

static void
test_its_functions_are_those_of_its_own_tree(void **state)
{
	static const char then[] =
	    "flow \"f\" { put \"a\", put(\"b\", { when = function(e) return "
	    "true end }), put \"c\" }";
	static const char now[] =
	    "flow \"f\" { put \"a\", put(\"b\", { when = function(e) return "
	    "false end }), put \"c\" }";
	static const struct flow_says bad[] = { { "c", "permanent" }, { 0 } };
	struct fork t;
	char first[NOC_ID_TEXT];

	(void)state;
	fork_open(&t, then, bad);
	fork_run(&t, "Failed");
	snprintf(first, sizeof(first), "%s", t.run);
	fork_reopen(&t, now);
	forget_calls(&t, NULL);
	fork_does(&t, FROM("b"), "Succeeded", "b c ");
	snprintf(t.run, sizeof(t.run), "%s", first);
	forget_calls(&t, NULL);
	fork_does(&t, FROM("b") ",\"plan\":\"current\"", "Succeeded", "c ");
	life_written(&t.f);
	state_sql(t.dir, "DELETE FROM definitions WHERE kind <> 'plan'");
	fork_reopen(&t, "flow \"x\" { log \"x\" }");
	snprintf(t.run, sizeof(t.run), "%s", first);
	fork_refused(&t, FROM("b"), "are not in the rules any more");
	fork_close(&t);
}

/* ---- guards, queues ---- */

/* Whom it joins is no fork. */
static void
test_one_that_joins_another_forks_nothing(void **state)
{
	static const char text[] =
	    "flow \"f\" { dedup = \"k\", on_running = \"join\","
	    " put \"a\", put \"b\" }";
	static const struct flow_says bad[] = { { "b", "permanent" }, { 0 } };
	static const struct flow_says out[] = { { "a", "?" }, { 0 } };
	char other[NOC_ID_TEXT];
	struct noc_id id;
	struct fork t;

	(void)state;
	fork_open(&t, text, bad);
	fork_run(&t, "Failed");
	forget_calls(&t, out);
	id = flow_start(&t.f, "active", "{\"device\":\"sw1\"}");
	noc_id_format(other, &id);
	life_written(&t.f);
	fork_say(&t, FAILED);
	assert_string_equal(t.said, "");
	assert_string_equal(t.run, other);
	assert_int_equal(t.copied, -1);
	assert_int_equal(noc_runs_of(t.f.core)->forked, 0);
	assert_string_equal(flow_order(), "a ");
	fork_close(&t);
}

static void
test_a_lock_is_waited_for(void **state)
{
	static const char text[] =
	    "flow \"f\" { lock = \"x\", each \"e\" { over = { \"a\", \"b\" },"
	    " limit = 1, timeout = \"1m\", put(\"set\", { target = \"{item}\" }) } }"
	    "flow \"g\" { lock = \"x\", step \"hold\" { exec { 'x', mutates ="
	    " false }, timeout = \"10m\" } }";
	static const struct flow_says bad[] = { { "e[b]", "permanent" },
						{ 0 } };
	static const struct flow_says held[] = { { "hold", "?" }, { 0 } };
	struct fork t;

	(void)state;
	fork_open(&t, text, bad);
	fork_run(&t, "Failed");
	forget_calls(&t, held);
	fix_start_flow(&t.f, "g");
	fork_say(&t, FAILED);
	assert_string_equal(t.said, "");
	assert_string_equal(flow_order(), "hold ");
	life_written(&t.f);
	/* So it does over a restart. */
	forget_calls(&t, held);
	fork_reopen(&t, NULL);
	/* The time of its each has not begun. */
	fix_advance(&t.f, 120000);
	assert_string_equal(flow_order(), "hold ");
	forget_calls(&t, NULL);
	flow_reply_to(&t.f, "hold");
	fix_advance(&t.f, 60000);
	assert_string_equal(flow_order(), "e[b]/set ");
	assert_int_equal(fix_runs(&t.f), 0);
	fork_close(&t);
}

static void
test_a_freeze_holds_for_it(void **state)
{
	struct fork t;

	(void)state;
	fork_open(&t, LIST, NULL);
	fork_run(&t, "Succeeded");
	assert_int_equal(
	    fix_command(
		&t.f,
		"{\"verb\":\"freeze.add\",\"match\":{\"device\":\"sw1\"},"
		"\"for_ms\":99999999,\"why\":\"w\",\"actor\":\"joe\"}",
		NULL),
	    0);
	forget_calls(&t, NULL);
	fork_does(&t, FROM("b"), "Failed", "");
	fork_close(&t);
}

/* ---- deaths ---- */

/* At each commit of it: what comes of it is the same, and nothing that was
 * done is done again. */
static void
test_a_death_at_each_commit(void **state)
{
	size_t done = 0;

	(void)state;
	for (uint64_t at = 1; !done; at++) {
		struct fork t;

		fork_open(&t, EACH("need = \"any\","), b_fails);
		fork_run(&t, "Succeeded");
		forget_calls(&t, well);
		t.f.die_at = t.f.ticket + at;
		fork_say(&t, FAILED_ITEMS);
		fix_advance(&t.f, 60000);
		done = !t.f.dead;
		if (!done) {
			t.f.now.wall_ns += 100 * NOC_NS_PER_MS;
			life_close(&t.f);
			life_open(&t.f, t.dir, t.f.now, t.rules);
			fix_advance(&t.f, 60000);
		}
		assert_int_equal(fix_runs(&t.f), 0);
		life_written(&t.f);
		assert_int_equal(fork_rows(&t, COPIED), 9);
		assert_int_equal(flow_made("e[a]/set"), 1);
		assert_in_range(flow_made("z"), 1, 2);
		assert_in_range(flow_made("e[b]/set"), 1, 2);
		assert_int_equal(state_int(t.dir,
					   "SELECT count(*) FROM runs WHERE"
					   " state = 'Succeeded'"),
				 2);
		fork_close(&t);
	}
}

static void
test_both_verifiers_accept_it(void **state)
{
	struct noc_verify_result got;
	uint64_t seq;
	struct fork t;

	(void)state;
	fork_open(&t, EACH("need = \"any\","), b_fails);
	fork_run(&t, "Succeeded");
	forget_calls(&t, well);
	fork_does(&t, FAILED_ITEMS, "Succeeded", "e[b]/look e[b]/set z ");
	assert_int_equal(state_int(t.dir,
				   "SELECT count(*) FROM runs r JOIN runs p ON"
				   " p.id = r.parent AND json_extract(r.json,"
				   " '$.forked_from.seq') > 0"),
			 1);
	life_close(&t.f);
	assert_int_equal(state_verify(t.dir, &got), NOC_VERDICT_OK);
	assert_int_equal(state_verify_python(t.dir, &seq), 0);
	state_remove(t.dir);
	free(t.rules);
	flow_forget();
	life_world = NULL;
}

/* ---- ends of all kinds ---- */

static void
test_a_stop_stays_one_unless_it_is_asked_again(void **state)
{
	static const char text[] =
	    "flow \"f\" { get \"look\", stop \"good\" { when = { [\"steps.look."
	    "up\"] = 1 } }, put \"z\" }";
	static const struct flow_says up[] = { { "look", "{\"up\":1}" },
					       { 0 } };
	struct fork t;

	(void)state;
	fork_open(&t, text, up);
	fork_run(&t, "Succeeded");
	assert_string_equal(flow_order(), "look ");
	fork_refused(&t, FAILED, "Nothing of the run failed");
	forget_calls(&t, NULL);
	fork_does(&t, FROM("look"), "Succeeded", "look z ");
	fork_close(&t);
}

static void
test_what_is_on_its_way_to_the_disk_is_waited_for(void **state)
{
	struct fork t;

	(void)state;
	fork_open(&t, LIST, NULL);
	fork_run(&t, "Succeeded");
	state_sql(t.dir, "UPDATE runs SET ended = 0, state = 'Running'");
	fork_refused(&t, FROM("a"), "ends just now: ask once more");
	fork_close(&t);
}

static void
test_a_list_that_is_lost_is_not_made_up(void **state)
{
	struct fork t;

	(void)state;
	fork_open(&t, EACH(""), b_fails);
	fork_run(&t, "Failed");
	state_sql(t.dir, "UPDATE steps SET json = json_remove(json,"
			 " '$.live.items') WHERE path = 'e'");
	forget_calls(&t, well);
	fork_refused(&t, FAILED, "--from e does all of it again");
	assert_string_equal(flow_order(), "");
	fork_does(&t, FROM("e"), "Succeeded",
		  "e[a]/look e[a]/set e[b]/look e[b]/set e[c]/look e[c]/set "
		  "e[d]/look e[d]/set z ");
	fork_close(&t);
}

/* It lies beside the rows, and goes some time after it was last named. */
static void
test_a_long_list_is_kept_for_the_fork(void **state)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	struct fork t;
	int64_t added;

	(void)state;
	noc_strbuf_adds(&sb, "flow \"f\" { each \"e\" { over = {");
	for (int i = 0; i < 400; i++)
		noc_strbuf_addf(&sb, " \"%090d\",", i);
	noc_strbuf_adds(&sb, " }, limit = 400, step \"x\" { log \"x\" } },"
			     " put \"z\" }");
	fork_open(&t, sb.p, NULL);
	noc_strbuf_release(&sb);
	fork_run(&t, "Succeeded");
	added = state_int(t.dir, "SELECT added FROM definitions"
				 " WHERE kind = 'items'");
	forget_calls(&t, NULL);
	fork_does(&t, FROM("z"), "Succeeded", "z ");
	assert_int_equal(t.copied, 801);
	assert_true(state_int(t.dir, "SELECT added FROM definitions"
				     " WHERE kind = 'items'") > added);
	fork_close(&t);
}

/* Another run has used those. */
static void
test_its_retries_are_its_own(void **state)
{
	static const char text[] =
	    "flow \"f\" { get(\"a\", { retry = { attempts = 60, initial = "
	    "\"1s\", max = \"1s\" } }), get(\"b\", { retry = { attempts = "
	    "60, initial = \"1s\", max = \"1s\" } }), put \"c\" }";
	static const struct flow_says bad[] = { { "b", "transient" }, { 0 } };
	struct fork t;
	size_t n;

	(void)state;
	fork_open(&t, text, bad);
	assert_int_equal(
	    fix_command(
		&t.f,
		"{\"verb\":\"breaker.disable\","
		"\"action\":\"exec\",\"target\":\"x\",\"for_ms\":99999999,"
		"\"why\":\"w\"}",
		NULL),
	    0);
	fork_run(&t, "Failed");
	state_sql(t.dir, "UPDATE steps SET attempt = 45 WHERE path = 'a'");
	n = flow_made("b");
	forget_calls(&t, bad);
	fork_say(&t, FAILED);
	fix_advance(&t.f, 3600 * 1000);
	assert_true(n > 40);
	assert_int_equal(flow_made("b"), 2 * n);
	fork_close(&t);
}

static void
test_a_stop_is_asked_again_for_what_comes_after_it(void **state)
{
	static const char text[] =
	    "flow \"f\" { input = { device = \"string\", go = integer { default "
	    "= 0 } }, get \"look\", stop \"good\" { when = { [\"input.go\"] = 0 "
	    "} }, put \"z\" }";
	struct fork t;

	(void)state;
	fork_open(&t, text, NULL);
	fork_run(&t, "Succeeded");
	forget_calls(&t, NULL);
	fork_does(&t, FROM("z"), "Succeeded", "");
	forget_calls(&t, NULL);
	fork_does(&t, FROM("z") ",\"input\":{\"go\":1}", "Succeeded", "z ");
	fork_close(&t);
}

static void
test_an_item_that_was_skipped(void **state)
{
	static const char text[] =
	    "flow \"f\" { each \"e\" { over = { \"a\", \"b\" }, limit = 1,"
	    " need = \"any\", put(\"set\", { when = { item = \"b\" },"
	    " target = \"{item}\" }) }, put \"z\" }";
	static const struct flow_says bad[] = { { "z", "permanent" }, { 0 } };
	struct fork t;

	(void)state;
	fork_open(&t, text, bad);
	fork_run(&t, "Failed");
	forget_calls(&t, NULL);
	fork_does(&t, FROM("e[b]"), "Succeeded", "e[b]/set z ");
	/* Its row and that of its step. */
	assert_int_equal(t.copied, 2);
	forget_calls(&t, NULL);
	fork_does(&t, FAILED_ITEMS, "Succeeded", "z ");
	assert_int_equal(t.copied, 2);
	fork_close(&t);
}

/* That it could not be undone is the end of the original, not of the fork. */
static void
test_what_could_not_be_undone_is_done(void **state)
{
	static const char text[] =
	    "flow \"g\" { put(\"a\", { undo = back() }) }"
	    "flow \"f\" { step \"c\" { call \"g\" {} }, put \"b\","
	    " on_fail = { undo = \"run\" } }";
	static const struct flow_says bad[] = { { "b", "permanent" },
						{ "!undo", "permanent" },
						{ 0 } };
	struct fork t;

	(void)state;
	fork_open(&t, text, bad);
	fork_run(&t, "Failed");
	assert_int_equal(state_int(t.dir, "SELECT count(*) FROM runs WHERE"
					  " phase = 'compensation_failed'"),
			 1);
	forget_calls(&t, NULL);
	fork_does(&t, FAILED, "Succeeded", "b ");
	assert_int_equal(fork_rows(&t, "sum(path LIKE '%!undo')"), 0);
	assert_int_equal(state_int(t.dir, "SELECT count(*) FROM runs WHERE"
					  " phase = 'compensation_failed'"),
			 1);
	fork_close(&t);
}

static void
test_a_choice_of_more_is_made_anew(void **state)
{
	static const char then[] =
	    "flow \"f\" { get \"look\", choose \"way\" { { when = { [\"steps."
	    "look.up\"] = 1 }, put \"l\" }, otherwise = { put \"r\" } },"
	    " put \"z\" }";
	static const char now[] =
	    "flow \"f\" { get \"look\", choose \"way\" { { when = { [\"steps."
	    "look.up\"] = 2 }, put \"m\" }, { when = { [\"steps.look.up\"] = 1 "
	    "}, put \"l\" }, otherwise = { put \"r\" } }, put \"z\" }";
	static const struct flow_says bad[] = { { "look", "{\"up\":1}" },
						{ "z", "permanent" },
						{ 0 } };
	struct fork t;

	(void)state;
	fork_open(&t, then, bad);
	fork_run(&t, "Failed");
	fork_reopen(&t, now);
	forget_calls(&t, NULL);
	fork_does(&t, FAILED ",\"plan\":\"current\"", "Succeeded", "l z ");
	fork_close(&t);
}

/* What cannot be read must not act. */
static void
test_a_mode_that_is_none_observes(void **state)
{
	struct fork t;

	(void)state;
	fork_open(&t, LIST, NULL);
	fork_run(&t, "Succeeded");
	state_sql(t.dir, "UPDATE runs SET mode = 'odd'");
	forget_calls(&t, NULL);
	fork_does(&t, FROM("a"), "Succeeded", "");
	fork_close(&t);
}

static void
test_the_fork_of_a_fork_says_who_did_it(void **state)
{
	char first[NOC_ID_TEXT], *sql;
	struct fork t;

	(void)state;
	fork_open(&t, LIST, NULL);
	fork_run(&t, "Succeeded");
	snprintf(first, sizeof(first), "%s", t.run);
	forget_calls(&t, NULL);
	fork_does(&t, FROM("b"), "Succeeded", "b c ");
	forget_calls(&t, NULL);
	fork_does(&t, FROM("c"), "Succeeded", "c ");
	sql =
	    noc_asprintf("sum(json_extract(s.json, '$.copied') = '%s')", first);
	assert_int_equal(fork_rows(&t, sql), 1);
	assert_int_equal(fork_rows(&t, COPIED), 2);
	free(sql);
	fork_close(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_that_joins_another_forks_nothing),
		cmocka_unit_test(test_what_is_in_doubt_is_not_done),
		cmocka_unit_test(test_the_flow_as_it_is_now),
		cmocka_unit_test(test_rows_go_by_their_paths),
		cmocka_unit_test(
		    test_its_input_is_the_same_but_for_what_is_said),
		cmocka_unit_test(test_one_that_observed_observes),
		cmocka_unit_test(test_the_run_of_a_rule),
		cmocka_unit_test(test_what_was_confirmed_is_asked_again),
		cmocka_unit_test(test_its_functions_are_those_of_its_own_tree),
		cmocka_unit_test(test_a_lock_is_waited_for),
		cmocka_unit_test(test_a_freeze_holds_for_it),
		cmocka_unit_test(test_a_death_at_each_commit),
		cmocka_unit_test(test_both_verifiers_accept_it),
		cmocka_unit_test(
		    test_a_stop_stays_one_unless_it_is_asked_again),
		cmocka_unit_test(
		    test_what_is_on_its_way_to_the_disk_is_waited_for),
		cmocka_unit_test(test_a_list_that_is_lost_is_not_made_up),
		cmocka_unit_test(test_a_long_list_is_kept_for_the_fork),
		cmocka_unit_test(test_its_retries_are_its_own),
		cmocka_unit_test(
		    test_a_stop_is_asked_again_for_what_comes_after_it),
		cmocka_unit_test(test_an_item_that_was_skipped),
		cmocka_unit_test(test_what_could_not_be_undone_is_done),
		cmocka_unit_test(test_a_choice_of_more_is_made_anew),
		cmocka_unit_test(test_a_mode_that_is_none_observes),
		cmocka_unit_test(test_the_fork_of_a_fork_says_who_did_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
