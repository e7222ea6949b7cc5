/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "store/db.h"
#include "store/query.h"
#include "tests/unit/reader_fixture.h"

static struct noc_id event_id, run_id;

/* 300 plain events; one that a rule decided on and ran for. */
static struct noc_txn *
story(void)
{
	struct noc_txn *txn = state_txn(1000);
	struct noc_value *v = noc_value_map();
	struct noc_record *r;
	struct noc_run_row run = { .rule = "if_down",
				   .key = "r9",
				   .device = "r9",
				   .mode = "active",
				   .state = "Running",
				   .phase = "",
				   .outcome = "",
				   .started_ns = 5 };
	struct noc_step_row step = { .path = "raise",
				     .item = -1,
				     .attempt = 2,
				     .state = "Running",
				     .due_ns = 9 };
	struct noc_decision_row dec = { .rule = "if_down",
					.outcome = "fired",
					.at_ns = 4,
					.reason = "matched" };

	memset(event_id.b, 0x70, 16);
	memcpy(event_id.b, "\0\0\3\350", 4);
	memset(run_id.b, 0x22, 16);
	noc_value_set(v, "action", noc_value_str("snmp.set"));
	noc_value_set(v, "state", noc_value_str("not the column"));
	run.id = step.run = dec.run = run_id;
	run.event = dec.event = event_id;
	run.json = step.json = v;
	noc_txn_run(txn, &run);
	noc_txn_step(txn, &step);
	noc_txn_decision(txn, &dec);
	r = noc_txn_record(txn, NOC_REC_DECISION);
	noc_record_add_id(r, NOC_TAG_EVENT, &event_id);
	noc_record_adds(r, NOC_TAG_RULE, "if_down@1");
	noc_record_adds(r, NOC_TAG_OUTCOME, "fired");
	noc_record_adds(r, NOC_TAG_DETAIL, "{\"why\":\"matched\"}");
	r = noc_txn_record(txn, NOC_REC_STEP_START);
	noc_record_add_id(r, NOC_TAG_RUN, &run_id);
	noc_record_adds(r, NOC_TAG_RULE, "if_down@1");
	noc_record_adds(r, NOC_TAG_ACTION, "snmp.set");
	noc_record_adds(r, NOC_TAG_TARGET, "r9");
	noc_txn_add_commitment(txn, r, v, NULL);
	noc_record_adds(r, NOC_TAG_STEP, "raise");
	noc_value_free(v);
	return txn;
}

static int
setup(void **state)
{
	struct noc_writer *w;
	struct noc_txn *txn;
	struct noc_record *r;

	(void)state;
	dir = state_make();
	w = state_open(dir, NULL);
	for (unsigned i = 0; i < 300; i++)
		noc_writer_submit(w, state_txn(i));
	noc_writer_submit(w, story());
	for (unsigned i = 300; i < 400; i++)
		noc_writer_submit(w, state_txn(i));
	txn = noc_txn_new(noc_clock_read());
	r = noc_txn_record(txn, NOC_REC_RUN_END);
	noc_record_add_id(r, NOC_TAG_RUN, &run_id);
	noc_record_adds(r, NOC_TAG_OUTCOME, "succeeded");
	assert_true(state_wait(w, noc_writer_submit(w, txn), PATIENCE_MS));
	noc_writer_close(w, 1000);
	return 0;
}

static const char *
str(const struct noc_value *v, const char *path)
{
	const struct noc_value *at = noc_value_path(v, path);

	if (!at || at->type != NOC_STR)
		fail_msg("no text at %s", path);
	return at->u.s.p;
}

/* Every event once, newest first, over pages of any size. */
static void
test_pages_cover_everything_once(void **state)
{
	static const int sizes[] = { 7, 100, 1000 };

	(void)state;
	for (size_t s = 0; s < NOC_COUNT(sizes); s++) {
		char before[32] = "", params[64];
		unsigned seen = 0, last = 100000;

		for (;;) {
			struct noc_value *v;
			size_t n;

			snprintf(params, sizeof(params),
				 *before ? "{\"limit\":%d,\"before\":\"%s\"}"
					 : "{\"limit\":%d}",
				 sizes[s], before);
			v = ask("events", params);
			n = noc_value_len(noc_value_get(v, "events"));
			for (size_t i = 0; i < n; i++) {
				const struct noc_value *e =
				    noc_value_at(noc_value_get(v, "events"), i);
				unsigned cur = (unsigned)atoi(str(e, "cursor"));

				assert_true(cur < last);
				last = cur;
			}
			if (n)
				snprintf(before, sizeof(before), "%u", last);
			noc_value_free(v);
			seen += (unsigned)n;
			if (!n)
				break;
			assert_true(n <= (size_t)sizes[s]);
		}
		assert_int_equal(seen, 401);
	}
}

static size_t
count(const char *name, const char *params)
{
	struct noc_value *v = ask(name, params);
	size_t n = noc_value_len(
	    !strcmp(name, "events") ? noc_value_get(v, "events") : v);

	noc_value_free(v);
	return n;
}

static void
test_filters(void **state)
{
	(void)state;
	assert_int_equal(count("events", "{\"device\":\"r1\",\"limit\":1000}"),
			 200);
	assert_int_equal(count("events", "{\"device\":\"r2\",\"limit\":1000}"),
			 201);
	assert_int_equal(count("events", "{\"device\":\"r3\"}"), 0);
	assert_int_equal(count("events", "{\"fate\":\"fired\",\"kind\":"
					 "\"interface.down\",\"origin\":"
					 "\"192.0.2.1\",\"limit\":1000}"),
			 401);
	assert_int_equal(count("events", "{\"q\":\"gi0/1 DOWN\",\"limit\":9}"),
			 9);
	assert_int_equal(count("events", "{\"q\":\"nowhere\"}"), 0);
	assert_int_equal(
	    count("events", "{\"device\":\"' OR 1=1 --\",\"limit\":9}"), 0);
	assert_int_equal(count("runs", "{\"state\":\"Running\"}"), 1);
	assert_int_equal(count("runs", "{\"state\":\"Failed\"}"), 0);
	assert_int_equal(
	    count("runs", "{\"rule\":\"if_down\",\"device\":\"r9\"}"), 1);
	assert_int_equal(count("live", "{\"kind\":\"counter\"}"), 401);
	assert_int_equal(count("heads", "{\"limit\":1}"), 1);
}

static void
test_one_event_by_prefix(void **state)
{
	struct noc_value *v;
	struct noc_err err;

	(void)state;
	v = ask("event", "{\"id\":\"000003e8-7070\"}");
	assert_string_equal(str(v, "id"),
			    "000003e8-7070-7070-7070-707070707070");
	assert_string_equal(str(v, "fate"), "fired");
	/* The event as written: its own members, and the columns. */
	assert_string_equal(str(v, "text"), "%LINK-3-UPDOWN: Gi0/1 down");
	assert_int_equal(noc_value_get_int(v, "i", 0), 1000);
	assert_string_equal(str(v, "device"), "r2");
	noc_value_free(v);
	v = ask("event", "{\"id\":\"ffffffff\"}");
	assert_int_equal(v->type, NOC_NIL);
	noc_value_free(v);
	v = ask("event", "{\"id\":\"no id\"}");
	assert_int_equal(v->type, NOC_NIL);
	noc_value_free(v);
	assert_int_equal(try_ask("event", "{\"id\":\"0000\"}", &v, &err),
			 NOC_ECONFLICT);
	assert_null(v);
}

static void
test_run_with_all_that_belongs(void **state)
{
	struct noc_value *v = ask("run", "{\"id\":\"22222222\"}");

	(void)state;
	assert_string_equal(str(v, "rule"), "if_down");
	assert_string_equal(str(v, "state"), "Running");
	assert_string_equal(str(v, "event"),
			    "000003e8-7070-7070-7070-707070707070");
	assert_string_equal(str(v, "json.action"), "snmp.set");
	assert_string_equal(str(v, "steps[0].path"), "raise");
	assert_string_equal(str(v, "steps[0].action"), "snmp.set");
	assert_string_equal(str(v, "steps[0].state"), "Running");
	assert_string_equal(str(v, "decisions[0].reason"), "matched");
	noc_value_free(v);
	v = ask("decisions",
		"{\"event\":\"000003e8-7070-7070-7070-707070707070\"}");
	assert_int_equal(noc_value_len(v), 1);
	assert_string_equal(str(noc_value_at(v, 0), "outcome"), "fired");
	noc_value_free(v);
}

/* The records of one run or event, though they lie far apart. */
static void
test_audit_of_a_run(void **state)
{
	struct noc_value *v;
	struct noc_err err;

	(void)state;
	v = ask("audit", "{\"run\":\"22222222-2222-2222-2222-222222222222\"}");
	assert_int_equal(noc_value_len(v), 2);
	assert_string_equal(str(noc_value_at(v, 0), "kind"), "RUN_END");
	assert_string_equal(str(noc_value_at(v, 1), "kind"), "STEP_START");
	assert_string_equal(str(noc_value_at(v, 1), "step"), "raise");
	assert_int_equal(strlen(str(noc_value_at(v, 1), "commitment")), 64);
	noc_value_free(v);
	v = ask("audit", "{\"event\":\"000003e8-7070-7070-7070-707070707070\","
			 "\"after\":-1}");
	assert_int_equal(noc_value_len(v), 2);
	assert_string_equal(str(noc_value_at(v, 0), "kind"), "EVENT");
	assert_string_equal(str(noc_value_at(v, 1), "kind"), "DECISION");
	assert_string_equal(str(noc_value_at(v, 1), "detail.why"), "matched");
	noc_value_free(v);
	assert_int_equal(count("audit", "{\"kind\":\"decision\"}"), 1);
	assert_int_equal(count("audit", "{\"limit\":1000}"), 405);
	assert_int_equal(count("audit", "{\"before\":3}"), 3);
	assert_int_equal(count("audit", "{\"after\":\"402\"}"), 2);
	assert_int_equal(try_ask("audit", "{\"kind\":\"nope\"}", &v, &err),
			 NOC_EINPUT);
	assert_int_equal(try_ask("audit", "{\"before\":\"x\"}", &v, &err),
			 NOC_EINPUT);
	assert_int_equal(try_ask("events", "{\"before\":\"x\"}", &v, &err),
			 NOC_EINPUT);
	assert_int_equal(try_ask("everything", "{}", &v, &err), NOC_EINPUT);
}

static void
test_counts(void **state)
{
	struct noc_value *v = ask("counts", "{}");

	(void)state;
	assert_int_equal(noc_value_get_int(v, "audit", 0), 405);
	assert_int_equal(noc_value_get_int(v, "events", 0), 401);
	assert_int_equal(noc_value_get_int(v, "runs", 0), 1);
	noc_value_free(v);
}

/* No question holds on to the file after its answer, however much more there
 * was to say: the log could not begin anew. */
static void
test_questions_leave_nothing_behind(void **state)
{
	static const char *const asked[][2] = {
		{ "events", "{\"limit\":1}" },
		{ "events", "{\"before\":\"x\"}" },
		{ "event", "{\"id\":\"0000\"}" },
		{ "event", "{\"id\":\"last\"}" },
		{ "decisions", "{\"event\":\"000003e8-7070-7070-7070-"
			       "707070707070\"}" },
		{ "runs", "{\"limit\":1}" },
		{ "run", "{\"id\":\"22222222\"}" },
		{ "items", "{\"id\":\"22222222\",\"of\":\"raise\"}" },
		{ "items", "{\"id\":\"22222222\",\"of\":\"nothing\"}" },
		{ "items", "{\"id\":\"22222222\",\"after\":\"x\"}" },
		{ "audit", "{\"limit\":1}" },
		{ "audit", "{\"limit\":1,\"run\":\"22222222-2222-2222-2222-"
			   "222222222222\"}" },
		{ "heads", "{\"limit\":1}" },
		{ "counts", "{}" },
		{ "live", "{\"kind\":\"counter\"}" },
	};
	char *path = noc_asprintf("%s/nocturne.db", dir);
	struct noc_err err;
	sqlite3 *db;

	(void)state;
	assert_int_equal(noc_db_open(path, NOC_DB_READ, &db, NULL, &err), 0);
	for (size_t i = 0; i < NOC_COUNT(asked); i++) {
		struct noc_value *params = NULL, *out = NULL;

		assert_int_equal(noc_json_parse(asked[i][1],
						strlen(asked[i][1]), &params,
						NULL),
				 0);
		noc_query_run(db, asked[i][0], params, &out, &err);
		if (sqlite3_next_stmt(db, NULL))
			fail_msg("%s %s", asked[i][0], asked[i][1]);
		noc_value_free(params);
		noc_value_free(out);
	}
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	free(path);
}

/* ---- the thread ---- */

static unsigned answered;

static void
on_answer(struct noc_query *q, void *arg)
{
	unsigned *want = arg;

	assert_int_equal(q->err.kind, NOC_OK);
	assert_int_equal(noc_value_get_int(q->result, "events", 0), 401);
	assert_int_equal(*want, answered);
	answered++;
	free(want);
}

static void
on_error(struct noc_query *q, void *arg)
{
	*(enum noc_kind *)arg = q->err.kind;
	assert_null(q->result);
}

static struct noc_query *
query(const char *name, void (*done)(struct noc_query *, void *), void *arg)
{
	struct noc_query *q = noc_calloc(1, sizeof(*q));

	q->name = noc_strdup(name);
	q->params = noc_value_map();
	q->done = done;
	q->arg = arg;
	q->limit_ns = PATIENCE_MS * NOC_NS_PER_MS;
	return q;
}

static void
drain_once(struct noc_reader *r)
{
	struct pollfd p = { .fd = noc_reader_fd(r), .events = POLLIN };

	assert_true(poll(&p, 1, PATIENCE_MS) > 0);
	noc_reader_drain(r);
}

static void
test_thread_answers_in_order(void **state)
{
	struct noc_reader *r;
	struct noc_err err;
	enum noc_kind kind = NOC_OK;

	(void)state;
	answered = 0;
	assert_int_equal(noc_reader_open(dir, &r, &err), 0);
	for (unsigned i = 0; i < 50; i++)
		assert_int_equal(
		    noc_reader_submit(
			r,
			query("counts", on_answer, noc_memdup(&i, sizeof(i))),
			&err),
		    0);
	while (answered < 50)
		drain_once(r);
	assert_int_equal(
	    noc_reader_submit(r, query("nope", on_error, &kind), &err), 0);
	while (kind == NOC_OK)
		drain_once(r);
	assert_int_equal(kind, NOC_EINPUT);
	/* 256 may wait, answered or not; one more is refused. */
	for (unsigned i = 0; i < 256; i++)
		assert_int_equal(
		    noc_reader_submit(r, query("counts", NULL, NULL), &err), 0);
	assert_int_equal(
	    noc_reader_submit(r, query("counts", NULL, NULL), &err),
	    NOC_ERESOURCE);
	noc_reader_close(r);
}

/* A question that reads too much ends, and the next one is answered. */
static void
put_recorded(struct noc_writer *w, uint8_t id, const char *raw, size_t len)
{
	struct noc_txn *txn = noc_txn_new(noc_clock_read());
	struct noc_record *r = noc_txn_record(txn, NOC_REC_EVENT);
	struct noc_event_row row = { .kind = "k",
				     .source = "s",
				     .origin = noc_slice_str("o"),
				     .device = noc_slice_str("column"),
				     .fate = "matched",
				     .record = r };

	memset(row.id.b, id, 16);
	noc_record_add_id(r, NOC_TAG_EVENT, &row.id);
	noc_record_adds(r, NOC_TAG_TARGET, "d");
	noc_record_addf(r, NOC_TAG_DETAIL,
			"{\"device\":\"said %u\",\"fate\":\"other\"}", id);
	if (raw)
		noc_txn_add_raw(txn, r, raw, len);
	noc_txn_event(txn, &row);
	assert_true(state_wait(w, noc_writer_submit(w, txn), PATIENCE_MS));
}

/* A row that names its record says what that one says, and its raw bytes. */
static void
test_event_said_by_its_record(void **state)
{
	char *whole = dir;
	struct noc_writer *w;
	struct noc_value *v;

	(void)state;
	dir = state_make();
	w = state_open(dir, NULL);
	put_recorded(w, 0x11, "<13>tic \"tac\"", 13);
	put_recorded(w, 0x22, "\xff\0x", 3);
	put_recorded(w, 0x33, NULL, 0);
	noc_writer_close(w, 1000);
	v = ask("event", "{\"id\":\"1111\"}");
	assert_string_equal(str(v, "device"), "said 17");
	assert_string_equal(str(v, "fate"), "matched");
	assert_string_equal(str(v, "raw"), "<13>tic \"tac\"");
	noc_value_free(v);
	v = ask("event", "{\"id\":\"2222\"}");
	assert_string_equal(str(v, "raw_base64"), "/wB4");
	assert_null(noc_value_get(v, "raw"));
	noc_value_free(v);
	v = ask("event", "{\"id\":\"3333\"}");
	assert_string_equal(str(v, "device"), "said 51");
	assert_null(noc_value_get(v, "raw"));
	noc_value_free(v);
	assert_int_equal(count("events", "{\"q\":\"SAID 5\"}"), 1);
	assert_int_equal(count("events", "{\"q\":\"tac\"}"), 1);
	/* Its record was pruned: the columns remain. */
	state_sql(dir, "UPDATE events SET seq = 99 WHERE n = 3");
	v = ask("event", "{\"id\":\"3333\"}");
	assert_string_equal(str(v, "device"), "column");
	noc_value_free(v);
	state_remove(dir);
	dir = whole;
}

/* look_ms = 0: each page looks at one window.  All pages together find what
 * is rare, wherever it is, in order and once. */
static void
test_search_goes_on_where_it_stopped(void **state)
{
	unsigned pages = 0, seen = 0, last = 100000;
	char before[32] = "100000", params[80];

	(void)state;
	state_sql(dir, "UPDATE events SET json = '{\"summary\":\"a rare one\"}'"
		       " WHERE n IN (1, 100, 400)");
	for (; *before; pages++) {
		const struct noc_value *rows;
		struct noc_value *v;

		snprintf(params, sizeof(params),
			 "{\"look_ms\":0,\"limit\":9,\"q\":\"RARE\","
			 "\"before\":\"%s\"}",
			 before);
		v = ask("events", params);
		rows = noc_value_get(v, "events");
		for (size_t i = 0; i < noc_value_len(rows); i++) {
			unsigned n = (unsigned)atoi(
			    str(noc_value_at(rows, i), "cursor"));

			assert_true(n < last);
			last = n;
			seen++;
		}
		snprintf(before, sizeof(before), "%s",
			 noc_value_get_str(v, "stopped", ""));
		assert_true(!*before || noc_value_get_int(v, "reached", 0) > 0);
		noc_value_free(v);
	}
	assert_int_equal(pages, 2); /* 401 rows, 256 a window */
	assert_int_equal(seen, 3);
}

static void
test_long_question_ends(void **state)
{
	struct noc_reader *r;
	struct noc_err err;
	enum noc_kind kind = NOC_OK;
	struct noc_query *q;

	(void)state;
	/* Enough to be asked more than once whether it takes too long. */
	state_sql(dir,
		  "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM"
		  " c WHERE i < 3000) INSERT INTO events(id,received,kind,"
		  "source,origin,device,severity,fate,json) SELECT"
		  " randomblob(16),1,'','','','',0,'',hex(zeroblob(50))"
		  " FROM c");
	assert_int_equal(noc_reader_open(dir, &r, &err), 0);
	q = query("events", on_error, &kind);
	noc_value_set(q->params, "q", noc_value_str("nowhere"));
	q->limit_ns = -1; /* over before it begins, whatever the clock */
	assert_int_equal(noc_reader_submit(r, q, &err), 0);
	while (kind == NOC_OK)
		drain_once(r);
	assert_int_equal(kind, NOC_ETIMEOUT);
	noc_reader_close(r);
	state_sql(dir, "DELETE FROM events WHERE received = 1");
}

/* However many are asked for, a page ends; nothing is left out after it. */
static void
test_a_page_has_a_thousand_rows(void **state)
{
	static const char *const names[] = { "events", "audit" };

	(void)state;
	state_fill(dir, 10000, 700); /* beside the 401 there are */
	for (size_t i = 0; i < NOC_COUNT(names); i++) {
		assert_int_equal(count(names[i], "{\"limit\":999}"), 999);
		assert_int_equal(count(names[i], "{\"limit\":1000}"), 1000);
		assert_int_equal(count(names[i], "{\"limit\":1001}"), 1000);
		assert_int_equal(count(names[i], "{\"limit\":99999999}"), 1000);
		assert_int_equal(count(names[i], "{\"limit\":0}"), 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pages_cover_everything_once),
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_one_event_by_prefix),
		cmocka_unit_test(test_run_with_all_that_belongs),
		cmocka_unit_test(test_audit_of_a_run),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_questions_leave_nothing_behind),
		cmocka_unit_test(test_thread_answers_in_order),
		cmocka_unit_test(test_event_said_by_its_record),
		cmocka_unit_test(test_search_goes_on_where_it_stopped),
		cmocka_unit_test(test_long_question_ends),
		cmocka_unit_test(test_a_page_has_a_thousand_rows), /* last */
	};

	noc_log_sink_set(state_quiet, NULL);
	return cmocka_run_group_tests(tests, setup, teardown);
}
