/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "store/load.h"

#include "tests/unit/store_state.h"

static char *dir;

struct seen {
	unsigned live, unreadable, runs, steps, events;
	char trace[256];
};

static void
on_live(const char *kind, const char *key, int64_t due_ns,
	const struct noc_value *data, void *arg)
{
	struct seen *s = arg;

	s->live++;
	assert_string_equal(kind, "hold");
	if (!strcmp(key, "a")) {
		assert_int_equal(due_ns, 77);
		assert_int_equal(noc_value_get_int(data, "n", 0), 5);
	} else {
		assert_null(data);
	}
}

static void
on_run(const struct noc_run_row *row, void *arg)
{
	struct seen *s = arg;

	s->runs++;
	strcat(s->trace, row->state);
	strcat(s->trace, " ");
	assert_string_equal(row->rule, "if_down");
	assert_string_equal(row->phase, "sleeping");
	assert_int_equal(row->event.b[0], 9);
	assert_int_equal(row->definition[31], 0xdd);
	assert_int_equal(noc_value_get_int(row->json, "n", 0), 5);
}

static void
on_step(const struct noc_step_row *row, void *arg)
{
	struct seen *s = arg;

	s->steps++;
	strcat(s->trace, row->path);
	strcat(s->trace, " ");
	assert_int_equal(row->attempt, 3);
	assert_int_equal(row->due_ns, 8);
	assert_int_equal(row->run.b[0], row->run.b[15]);
}

static void
on_event(const struct noc_event_row *row, void *arg)
{
	struct seen *s = arg;

	s->events++;
	assert_true(row->received_ns >= 1000);
	assert_string_equal(row->fate, "fired");
	assert_int_equal(row->severity, 4);
}

static void
on_unreadable(const char *kind, const char *key, void *arg)
{
	struct seen *s = arg;

	assert_string_equal(kind, "hold");
	assert_string_equal(key, "b");
	s->unreadable++;
}

static int
load(struct seen *s)
{
	struct noc_load l = { .live = on_live,
			      .unreadable = on_unreadable,
			      .run = on_run,
			      .step = on_step,
			      .event = on_event,
			      .arg = s,
			      .events_since_ns = 1000 };
	struct noc_err err;

	memset(s, 0, sizeof(*s));
	return noc_load_state(dir, &l, &err);
}

static void
put_run(struct noc_txn *txn, uint8_t id, const char *word,
	const struct noc_value *v)
{
	struct noc_run_row run = { .rule = "if_down",
				   .key = "",
				   .device = "",
				   .mode = "active",
				   .state = word,
				   .phase = "sleeping",
				   .outcome = "",
				   .json = v };
	struct noc_step_row step = {
		.item = -1, .attempt = 3, .state = word, .due_ns = 8
	};

	memset(run.id.b, id, 16);
	memset(run.event.b, 9, 16);
	run.definition[31] = 0xdd;
	noc_txn_run(txn, &run);
	step.run = run.id;
	step.path = "one";
	step.started_ns = 1;
	noc_txn_step(txn, &step);
	step.path = "a_later";
	step.node = 1;
	step.started_ns = 2;
	noc_txn_step(txn, &step);
}

static void
put_event(struct noc_txn *txn, uint8_t id, int64_t at)
{
	struct noc_event_row row = { .received_ns = at,
				     .kind = "k",
				     .source = "s",
				     .origin = noc_slice_str("o"),
				     .device = noc_slice_str("d"),
				     .severity = 4,
				     .fate = "fired" };

	memset(row.id.b, id, 16);
	noc_txn_event(txn, &row);
}

/* What was written last is what comes back: unfinished runs in order with
 * their steps, live rows, recent events, each row once. */
static void
test_state_comes_back(void **state)
{
	struct noc_writer *w = state_open(dir, NULL);
	struct noc_txn *txn = noc_txn_new(noc_clock_read());
	struct noc_value *v = noc_value_map();
	static const uint8_t hash[32] = { 1, 2, 3 };
	struct seen s;
	char *text;

	(void)state;
	noc_value_set(v, "n", noc_value_int(5));
	noc_txn_live_put(txn, "hold", "a", 76, NULL);
	noc_txn_live_put(txn, "hold", "b", 0, NULL);
	noc_txn_live_put(txn, "hold", "c", 0, NULL);
	put_run(txn, 3, "Running", v);
	put_run(txn, 2, "Pending", v);
	put_run(txn, 1, "Running", v);
	put_event(txn, 1, 10);
	put_event(txn, 2, 2000);
	put_event(txn, 3, 999);
	put_event(txn, 4, 1000);
	noc_txn_definition(txn, hash, "plan", "if_down", "the text");
	noc_writer_submit(w, txn);
	txn = noc_txn_new(noc_clock_read());
	noc_txn_live_put(txn, "hold", "a", 77, v);
	noc_txn_live_del(txn, "hold", "b");
	put_run(txn, 1, "Succeeded", v);
	noc_txn_definition(txn, hash, "plan", "if_down", "another text");
	assert_true(state_wait(w, noc_writer_submit(w, txn), PATIENCE_MS));
	assert_int_equal(load(&s), 0);
	noc_writer_close(w, 1000);
	assert_int_equal(s.live, 2);
	assert_int_equal(s.events, 2);
	assert_string_equal(s.trace, "Running Pending one a_later one "
				     "a_later ");
	text = noc_load_definition(dir, hash);
	assert_string_equal(text, "the text");
	free(text);
	assert_null(noc_load_definition(dir, (const uint8_t[32]){ 9 }));
	noc_value_free(v);
}

/* ---- items ---- */

static void
on_item(const struct noc_step_row *row, void *arg)
{
	struct noc_strbuf *said = arg;

	noc_strbuf_addf(said, "%lld %lld %s\n", (long long)row->node,
			(long long)row->item, row->path);
}

static void
on_child(const struct noc_run_row *row, void *arg)
{
	struct noc_strbuf *said = arg;

	noc_strbuf_addf(said, "parent=%d dedup=%s deadline=%lld\n",
			row->parent.b[15], row->dedup ? row->dedup : "none",
			(long long)row->deadline_ns);
}

/* What holds others comes before them, one in an item of another too; items
 * come in the order of their list and not of their names. */
static void
test_holders_first(void **state)
{
	static const struct {
		const char *path;
		int64_t node, item;
	} rows[] = {
		{ "all[b]/each[y]/set", 3, 0 },
		{ "all[b]/each[y]", 2, 0 },
		{ "all[b]/each", 2, 1 },
		{ "all[a]/each[x]/set", 3, 1 },
		{ "all[a]/each[x]", 2, 1 },
		{ "all[a]/each", 2, 0 },
		{ "all[b]", 1, 1 },
		{ "all[a]", 1, 11 },
		{ "all[c]", 1, 2 },
		{ "all", 1, -1 },
		{ "look", 0, -1 },
	};
	struct noc_writer *w = state_open(dir, NULL);
	struct noc_txn *txn = noc_txn_new(noc_clock_read());
	struct noc_run_row run = { .id = { .b = { 7 } },
				   .rule = "r",
				   .mode = "active",
				   .state = "Running",
				   .parent = { .b = { [15] = 9 } },
				   .dedup = "",
				   .deadline_ns = 77 };
	struct noc_step_row step = { .run = run.id,
				     .attempt = 1,
				     .state = "Running" };
	struct noc_strbuf said = NOC_STRBUF_INIT;
	const struct noc_load l = { .run = on_child,
				    .step = on_item,
				    .arg = &said };
	struct noc_err err;

	(void)state;
	noc_txn_run(txn, &run);
	for (size_t i = 0; i < NOC_COUNT(rows); i++) {
		step.path = rows[i].path;
		step.node = rows[i].node;
		step.item = rows[i].item;
		noc_txn_step(txn, &step);
	}
	run.deadline_ns = 78;
	noc_txn_run(txn, &run);
	assert_true(state_wait(w, noc_writer_submit(w, txn), PATIENCE_MS));
	noc_writer_close(w, 1000);
	assert_int_equal(noc_load_state(dir, &l, &err), 0);
	assert_string_equal(said.p, "parent=9 dedup= deadline=78\n"
				    "0 -1 look\n"
				    "1 -1 all\n"
				    "1 1 all[b]\n"
				    "1 2 all[c]\n"
				    "1 11 all[a]\n"
				    "2 0 all[a]/each\n"
				    "2 1 all[b]/each\n"
				    "2 0 all[b]/each[y]\n"
				    "2 1 all[a]/each[x]\n"
				    "3 0 all[b]/each[y]/set\n"
				    "3 1 all[a]/each[x]/set\n");
	noc_strbuf_release(&said);
}

/* Of a rule's runs for the same thing one is Running; the row of one that has
 * ended, or waits its turn, is in nobody's way. */
static void
test_one_for_the_same(void **state)
{
	static const struct {
		uint8_t id;
		const char *state;
		int64_t ended_ns;
	} rows[] = {
		{ 1, "Running", 0 }, { 2, "Pending", 0 }, { 1, "Succeeded", 5 },
		{ 2, "Running", 0 }, { 3, "Pending", 0 },
	};
	struct noc_writer *w = state_open(dir, NULL);
	struct noc_run_row run = { .rule = "r",
				   .mode = "active",
				   .dedup = "vlan 7" };
	struct noc_txn *txn = noc_txn_new(noc_clock_read());

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(rows); i++) {
		memset(run.id.b, rows[i].id, 16);
		run.state = rows[i].state;
		run.ended_ns = rows[i].ended_ns;
		noc_txn_run(txn, &run);
	}
	assert_true(state_wait(w, noc_writer_submit(w, txn), PATIENCE_MS));
	noc_writer_close(w, 1000);
	assert_int_equal(state_int(dir, "SELECT hex(id) = '02020202020202020202"
					"020202020202' FROM runs WHERE dedup ="
					" 'vlan 7' AND state = 'Running'"),
			 1);
	state_sql(dir, "UPDATE OR IGNORE runs SET state = 'Running'"
		       " WHERE state = 'Pending'");
	assert_int_equal(state_int(dir, "SELECT count(*) FROM runs"
					" WHERE state = 'Running'"),
			 1);
}

static void
on_ended(const struct noc_run_row *row, void *arg)
{
	struct noc_strbuf *said = arg;

	noc_strbuf_addf(said, "%d:%s ", row->id.b[0], row->state);
}

/* The row of a run that has ended stays as it is, whoever writes it again. */
static void
test_ended_stays(void **state)
{
	struct noc_writer *w = state_open(dir, NULL);
	struct noc_run_row run = { .rule = "r",
				   .key = "",
				   .device = "",
				   .mode = "active",
				   .state = "Running",
				   .phase = "",
				   .outcome = "" };
	struct noc_strbuf said = NOC_STRBUF_INIT;
	const struct noc_load l = { .ended = on_ended, .arg = &said };
	static const struct {
		uint8_t id;
		const char *state;
		int64_t ended_ns;
	} rows[] = {
		{ 2, "Running", 0 },   { 1, "Running", 0 },
		{ 1, "Succeeded", 7 }, { 2, "Failed", 8 },
		{ 1, "Running", 0 },   { 3, "Running", 0 },
		{ 2, "Cancelled", 9 },
	};
	struct noc_err err;

	(void)state;
	for (int batch = 0; batch < 2; batch++)
		for (size_t i = 0; i < NOC_COUNT(rows); i++) {
			struct noc_txn *txn = noc_txn_new(noc_clock_read());

			memset(run.id.b, rows[i].id, 16);
			run.state = rows[i].state;
			run.ended_ns = rows[i].ended_ns;
			noc_txn_run(txn, &run);
			assert_true(state_wait(w, noc_writer_submit(w, txn),
					       PATIENCE_MS));
		}
	noc_writer_close(w, 1000);
	assert_int_equal(noc_load_state(dir, &l, &err), 0);
	assert_string_equal(said.p, "2:Failed 1:Succeeded ");
	noc_strbuf_release(&said);
}

static void
test_nothing_yet(void **state)
{
	struct seen s;

	(void)state;
	assert_int_equal(load(&s), 0);
	assert_int_equal(s.live + s.runs + s.steps + s.events, 0);
}

/* A row that was spoilt is told apart, and costs nothing else. */
static void
test_spoilt_json(void **state)
{
	static const char *const spoilt[] = {
		"UPDATE live SET data = '{oops'", "UPDATE live SET data = '[]'",
		"UPDATE live SET data = '\"x\"'", "UPDATE live SET data = '1'",
		"UPDATE live SET data = 'null'",
	};
	struct noc_writer *w = state_open(dir, NULL);
	struct noc_txn *txn = noc_txn_new(noc_clock_read());
	struct seen s;

	(void)state;
	noc_txn_live_put(txn, "hold", "b", 0, NULL);
	assert_true(state_wait(w, noc_writer_submit(w, txn), PATIENCE_MS));
	noc_writer_close(w, 1000);
	for (size_t i = 0; i < NOC_COUNT(spoilt); i++) {
		state_sql(dir, spoilt[i]);
		assert_int_equal(load(&s), 0);
		assert_int_equal(s.live, 0);
		assert_int_equal(s.unreadable, 1);
	}
}

static int
setup(void **state)
{
	(void)state;
	dir = state_make();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	state_remove(dir);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
		TEST(test_state_comes_back), TEST(test_holders_first),
		TEST(test_one_for_the_same), TEST(test_ended_stays),
		TEST(test_nothing_yet),	     TEST(test_spoilt_json),
	};

	noc_log_sink_set(state_quiet, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
