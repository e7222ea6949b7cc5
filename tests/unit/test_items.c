/* SPDX-License-Identifier: ISC */
/* A run with a fan-out, as it is shown: steps, counts, pages of items. */
#include "config.h"

#include "tests/unit/reader_fixture.h"

#define RUN "33333333-3333-3333-3333-333333333333"

struct row {
	const char *path;
	int64_t node, item;
	const char *state, *json;
};

/* The last of the plan began first; what is of one node is shown as it began,
 * and not by its name.  " z" and "$" lie before "[!" in the
 * order of bytes, and are keys all the same. */
static const struct row rows[] = {
	{ "tidy", 8, -1, "Pending", "{\"action\":\"log\"}" },
	{ "all[!2]/ok", 7, -1, "Succeeded", "{\"action\":\"log\"}" },
	{ "all[!10]/ok", 7, -1, "Succeeded", "{\"action\":\"log\"}" },
	{ "all", 2, -1, "Running",
	  "{\"action\":\"each\",\"params\":{\"items\":7}}" },
	{ "look", 1, -1, "Succeeded", "{\"action\":\"log\",\"undone\":true}" },
	{ "look!undo", 1, -1, "Running", "{\"action\":\"log\"}" },
	{ "before", 0, -1, "Succeeded", "{\"action\":\"log\"}" },
	{ "all[c]", 2, 0, "Failed",
	  "{\"key\":\"c\",\"class\":\"timeout\",\"error\":{\"block\":\"device\","
	  "\"message\":\"no answer\"},\"live\":{\"due\":1}}" },
	{ "all[c]/set", 3, 0, "Failed", "{}" },
	{ "all[ z]", 2, 1, "Succeeded", "{\"key\":\" z\"}" },
	{ "all[ z]/set", 3, 1, "Succeeded", "{}" },
	{ "all[ z]/each", 4, 1, "Succeeded", "{\"action\":\"each\"}" },
	{ "all[ z]/each[q]", 4, 0, "Failed", "{\"key\":\"q\"}" },
	{ "all[ z]/each[p]", 4, 1, "Succeeded", "{\"key\":\"p\"}" },
	{ "all[ z]/each[p]/in", 5, 1, "Succeeded", "{}" },
	{ "all[$]", 2, 2, "Succeeded", "{\"key\":\"$\"}" },
	{ "all[a]", 2, 3, "Failed", "{\"key\":\"a\",\"undone\":true}" },
	{ "all[a]/each", 4, 3, "Failed", "{\"action\":\"each\"}" },
	{ "all[a]/each[r]", 4, 0, "Failed", "{\"key\":\"r\"}" },
	{ "all[b]", 2, 4, "Running", "{\"key\":\"b\"}" },
};

static void
put(struct noc_txn *txn, const struct noc_id *run, const struct row *r,
    int64_t at_ns)
{
	struct noc_value *json = NULL;
	struct noc_step_row row = { .run = *run,
				    .path = r->path,
				    .node = r->node,
				    .item = r->item,
				    .attempt = 1,
				    .state = r->state,
				    .started_ns = at_ns };

	assert_int_equal(noc_json_parse(r->json, strlen(r->json), &json, NULL),
			 0);
	row.json = json;
	noc_txn_step(txn, &row);
	noc_value_free(json);
}

static void
put_all(const struct row *r, size_t n)
{
	struct noc_writer *w = state_open(dir, NULL);
	struct noc_txn *txn = noc_txn_new(noc_clock_read());
	struct noc_run_row run = { .rule = "fan",
				   .mode = "active",
				   .state = "Running",
				   .started_ns = 5,
				   .parent = { .b = { 0x44 } },
				   .dedup = "vlan 7",
				   .deadline_ns = 99 };

	memset(run.id.b, 0x33, sizeof(run.id.b));
	noc_txn_run(txn, &run);
	for (size_t i = 0; i < n; i++)
		put(txn, &run.id, &r[i], 5 + (int64_t)i);
	assert_true(state_wait(w, noc_writer_submit(w, txn), PATIENCE_MS));
	noc_writer_close(w, 1000);
}

static int
setup(void **state)
{
	(void)state;
	dir = state_make();
	put_all(rows, NOC_COUNT(rows));
	return 0;
}

static void
assert_paths(const struct noc_value *list, const char *want)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;

	for (size_t i = 0; i < noc_value_len(list); i++)
		noc_strbuf_addf(
		    &sb, "%s|",
		    noc_value_get_str(noc_value_at(list, i), "path", "?"));
	assert_string_equal(sb.p ? sb.p : "", want);
	noc_strbuf_release(&sb);
}

static void
assert_json(const struct noc_value *v, const char *want)
{
	char *text = v ? noc_json_string(v, NOC_JSON_CANONICAL) : NULL;

	assert_string_equal(text ? text : "(none)", want);
	free(text);
}

static const struct noc_value *
step(const struct noc_value *run, const char *path)
{
	const struct noc_value *list = noc_value_get(run, "steps");

	for (size_t i = 0; i < noc_value_len(list); i++)
		if (noc_value_is_str(
			noc_value_get(noc_value_at(list, i), "path"), path))
			return noc_value_at(list, i);
	fail_msg("no step %s", path);
	return NULL;
}

/* In the order of the plan, each without what it holds. */
static void
test_steps_without_items(void **state)
{
	struct noc_value *v = ask("run", "{\"id\":\"" RUN "\"}");

	(void)state;
	assert_paths(noc_value_get(v, "steps"),
		     "before|look|look!undo|all|all[!2]/ok|all[!10]/ok|tidy|");
	assert_json(noc_value_get(step(v, "all"), "counts"),
		    "{\"failed\":2,\"ok\":2,\"running\":1,\"skipped\":0,"
		    "\"total\":7}");
	assert_null(noc_value_get(step(v, "look"), "counts"));
	assert_json(noc_value_get(step(v, "look"), "undone"), "true");
	assert_null(noc_value_get(v, "more_steps"));
	assert_json(noc_value_get(v, "parent"),
		    "\"44000000-0000-0000-0000-000000000000\"");
	assert_json(noc_value_get(v, "dedup"), "\"vlan 7\"");
	assert_json(noc_value_get(v, "deadline"), "99");
	noc_value_free(v);
}

/* An item is shown as a run is, its own each one step with counts. */
static void
test_steps_of_an_item(void **state)
{
	struct noc_value *v;
	struct noc_err err;

	(void)state;
	v = ask("run", "{\"id\":\"" RUN "\",\"in\":\"all[ z]\"}");
	assert_paths(noc_value_get(v, "steps"), "all[ z]/set|all[ z]/each|");
	assert_json(noc_value_get(step(v, "all[ z]/each"), "counts"),
		    "{\"failed\":1,\"ok\":1,\"skipped\":0}");
	noc_value_free(v);
	v = ask("run", "{\"id\":\"" RUN "\",\"in\":\"all[ z]/each[p]\"}");
	assert_paths(noc_value_get(v, "steps"), "all[ z]/each[p]/in|");
	noc_value_free(v);
	assert_int_equal(
	    try_ask("run", "{\"id\":\"3333\",\"in\":\"all[\"}", &v, &err),
	    NOC_ENOTFOUND);
	assert_non_null(strstr(err.msg, "no steps in \"all[\""));
}

/* It says itself how it ended. */
static void
test_counts_of_what_has_ended(void **state)
{
	static const struct row over = {
		"all", 2, -1, "Succeeded",
		"{\"action\":\"each\",\"output\":{\"total\":7,"
		"\"ok\":5,\"failed\":1,\"skipped\":1,\"would\":0,"
		"\"ok_percent\":83.3,\"items\":[1,2]}}"
	};
	struct noc_value *v;

	(void)state;
	put_all(&over, 1);
	v = ask("run", "{\"id\":\"" RUN "\"}");
	assert_json(noc_value_get(step(v, "all"), "counts"),
		    "{\"failed\":1,\"ok\":5,\"ok_percent\":83.3,\"skipped\":1,"
		    "\"total\":7,\"would\":0}");
	noc_value_free(v);
}

/* None has begun yet; and a step of another kind is no each. */
static void
test_counts_before_the_first(void **state)
{
	static const struct row fresh = { "later", 9, -1, "Running",
					  "{\"action\":\"each\",\"params\":"
					  "{\"items\":3}}" };
	struct noc_value *v;

	(void)state;
	put_all(&fresh, 1);
	v = ask("run", "{\"id\":\"" RUN "\"}");
	assert_json(noc_value_get(step(v, "later"), "counts"),
		    "{\"failed\":0,\"ok\":0,\"skipped\":0,\"total\":3}");
	assert_null(noc_value_get(step(v, "tidy"), "counts"));
	noc_value_free(v);
}

static void
assert_items(const char *more, const char *want)
{
	char *params = noc_asprintf("{\"id\":\"3333\"%s}", more);
	struct noc_value *v = ask("items", params);

	assert_paths(v, want);
	noc_value_free(v);
	free(params);
}

/* In the order of the list, without the steps in them, of this each alone. */
static void
test_items(void **state)
{
	(void)state;
	assert_items(",\"of\":\"all\"", "all[c]|all[ z]|all[$]|all[a]|all[b]|");
	assert_items(",\"of\":\"all\",\"state\":\"Failed\"", "all[c]|all[a]|");
	assert_items(",\"of\":\"all\",\"state\":\"Skipped\"", "");
	assert_items(",\"of\":\"all[ z]/each\"",
		     "all[ z]/each[q]|all[ z]/each[p]|");
	assert_items(",\"of\":\"all[a]/each\",\"state\":\"Failed\"",
		     "all[a]/each[r]|");
	assert_items(",\"of\":\"look\"", "");
}

static void
test_an_item(void **state)
{
	struct noc_value *v =
	    ask("items", "{\"id\":\"3333\",\"of\":\"all\",\"limit\":1}");
	const struct noc_value *item = noc_value_at(v, 0);

	(void)state;
	assert_int_equal(noc_value_get_int(item, "item", -1), 0);
	assert_string_equal(noc_value_get_str(item, "key", ""), "c");
	assert_string_equal(noc_value_get_str(item, "state", ""), "Failed");
	assert_string_equal(noc_value_get_str(item, "class", ""), "timeout");
	assert_json(noc_value_get(item, "error"),
		    "{\"block\":\"device\",\"message\":\"no answer\"}");
	assert_null(noc_value_get(item, "live"));
	noc_value_free(v);
}

/* Each once, over pages of any size. */
static void
test_pages_of_items(void **state)
{
	(void)state;
	for (int size = 1; size < 6; size++) {
		struct noc_strbuf said = NOC_STRBUF_INIT;
		char params[96], after[32] = "";
		size_t n;

		do {
			struct noc_value *v;

			snprintf(params, sizeof(params),
				 "{\"id\":\"3333\",\"of\":\"all\",\"limit\":%d"
				 "%s%s}",
				 size, *after ? ",\"after\":" : "", after);
			v = ask("items", params);
			n = noc_value_len(v);
			for (size_t i = 0; i < n; i++) {
				const struct noc_value *item =
				    noc_value_at(v, i);

				noc_strbuf_adds(
				    &said, noc_value_get_str(item, "key", "?"));
				snprintf(after, sizeof(after), "\"%s\"",
					 noc_value_get_str(item, "cursor", ""));
			}
			assert_true(n <= (size_t)size);
			assert_true(said.len <= strlen("c z$ab"));
			noc_value_free(v);
		} while (n);
		assert_string_equal(said.p, "c z$ab");
		noc_strbuf_release(&said);
	}
}

static void
test_items_of_nothing(void **state)
{
	static const struct {
		const char *params;
		int kind;
		const char *text;
	} wrong[] = {
		{ "{\"id\":\"3333\",\"of\":\"al\"}", NOC_ENOTFOUND,
		  "no step \"al\"" },
		{ "{\"id\":\"3333\"}", NOC_ENOTFOUND, "path of an each" },
		{ "{\"id\":\"3333\",\"of\":\"all\",\"after\":\"x\"}",
		  NOC_EINPUT, "cursor" },
		{ "{\"id\":\"3333\",\"of\":\"all\",\"after\":\"-2\"}",
		  NOC_EINPUT, "cursor" },
	};
	struct noc_value *v;
	struct noc_err err;

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(wrong); i++) {
		assert_int_equal(try_ask("items", wrong[i].params, &v, &err),
				 wrong[i].kind);
		if (!strstr(err.msg, wrong[i].text))
			fail_msg("%s", err.msg);
	}
	v = ask("items", "{\"id\":\"4444\",\"of\":\"all\"}");
	assert_int_equal(v->type, NOC_NIL);
	noc_value_free(v);
}

/* What is not shown of a run is said. */
static void
test_more_steps_than_shown(void **state)
{
	struct noc_value *v;

	(void)state;
	state_sql(dir,
		  "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM"
		  " n WHERE i < 4096) INSERT INTO steps SELECT"
		  " (SELECT id FROM runs), printf('s%05d', i), 1, 'Running', 5,"
		  " 0, 0, '{}', 9, -1 FROM n");
	v = ask("run", "{\"id\":\"" RUN "\"}");
	assert_int_equal(noc_value_len(noc_value_get(v, "steps")), 4096);
	assert_json(noc_value_get(v, "more_steps"), "true");
	noc_value_free(v);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
		TEST(test_steps_without_items),
		TEST(test_steps_of_an_item),
		TEST(test_counts_of_what_has_ended),
		TEST(test_counts_before_the_first),
		TEST(test_items),
		TEST(test_an_item),
		TEST(test_pages_of_items),
		TEST(test_items_of_nothing),
		TEST(test_more_steps_than_shown),
	};

	noc_log_sink_set(state_quiet, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
