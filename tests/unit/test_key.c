/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/correlate_fixture.h"

#include "engine/expr/key.h"
#include "tests/unit/store_state.h"

/*
 * Keys of what senders say: whatever bytes come, two objects have two keys,
 * and what is stored of them is text.
 */
static struct noc_event
event_of(const char *user, size_t len)
{
	struct noc_event ev = {
		.kind = noc_interns("login.failure"),
		.origin = noc_slice_str("local"),
		.device = noc_slice_str("sw1"),
		.trust = NOC_TRUST_HIGH,
		.data = noc_value_map(),
	};

	noc_value_set(ev.data, "user", noc_value_strn(user, len));
	return ev;
}

static char *
key_of(const char *user, size_t len)
{
	struct noc_event ev = event_of(user, len);
	struct noc_template *t;
	struct noc_strbuf key = NOC_STRBUF_INIT;

	assert_int_equal(noc_template_parse("{user}", 6, &t, NULL), 0);
	assert_true(noc_key_make(t, &ev, NOC_MISSING_FAIL, &key));
	noc_template_free(t);
	noc_event_clear(&ev);
	return noc_strbuf_detach(&key, NULL);
}

static void
test_bytes(void **state)
{
	static const struct {
		const char *user;
		size_t len;
		const char *key;
	} rows[] = {
		{ "anna", 4, "anna" },
		{ "nul\0a", 5, "nul\\x00a" },
		{ "nul\0b", 5, "nul\\x00b" },
		{ "\xff\xfe", 2, "\\xff\\xfe" },
		{ "a\x1f"
		  "b",
		  3, "a\\x1fb" },
		{ "two\nlines", 9, "two\\x0alines" },
		{ "J\xc3\xb3zef", 6, "J\xc3\xb3zef" },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(rows); i++) {
		char *key = key_of(rows[i].user, rows[i].len);

		assert_string_equal(key, rows[i].key);
		free(key);
	}
}

static void
test_missing(void **state)
{
	struct noc_event ev = event_of("anna", 4);
	struct noc_template *t;
	struct noc_strbuf key = NOC_STRBUF_INIT;

	(void)state;
	assert_int_equal(noc_template_parse("{peer}", 6, &t, NULL), 0);
	assert_false(noc_key_make(t, &ev, NOC_MISSING_FAIL, &key));
	noc_strbuf_clear(&key);
	assert_true(noc_key_make(t, &ev, NOC_MISSING_MARK, &key));
	assert_string_equal(key.p, "?peer?");
	noc_strbuf_clear(&key);
	assert_true(noc_key_make(NULL, &ev, NOC_MISSING_FAIL, &key));
	assert_string_equal(key.p, "sw1");
	noc_strbuf_release(&key);
	noc_template_free(t);
	noc_event_clear(&ev);
}

/* One hold each, and each is let go by its own. */
static void
test_holds(void **state)
{
	static const char *const users[] = { "nul\0a", "nul\0b" };
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, "rule \"r\" { on = \"login.failure\", key = \"{user}\","
		     " hold = { \"10s\", cancel = { \"login.success\" } },"
		     " run = log \"{user}\" }");
	for (int i = 0; i < 2; i++) {
		struct noc_event ev = event_of(users[i], 5);

		noc_core_now(f.core, f.now);
		noc_sensor_emit(
		    f.core, noc_source_new(f.core, "syslog", "syslog", true),
		    &ev, NULL);
		fix_pump(&f);
	}
	assert_int_equal(cor_states(&f, "hold"), 2);
	fix_close(&f);
}

/* A column that others read as text is UTF-8 without NUL. */
static void
test_stored_text(void **state)
{
	char *dir = state_make();
	struct noc_writer *w = state_open(dir, NULL);
	struct noc_txn *txn = noc_txn_new(noc_clock_read());
	struct noc_event_row row = {
		.id = { { 1 } },
		.received_ns = 1,
		.kind = "link.down",
		.source = "syslog",
		.origin = noc_slice("a\0b", 3),
		.device = noc_slice("\xff!", 2),
		.fate = "matched",
		.json = noc_value_map(),
	};

	(void)state;
	noc_txn_event(txn, &row);
	assert_true(state_wait(w, noc_writer_submit(w, txn), PATIENCE_MS));
	noc_writer_close(w, 1000);
	assert_int_equal(state_int(dir, "SELECT count(*) FROM events WHERE"
					" origin = 'a\\x00b'"
					" AND device = '\\xff!'"),
			 1);
	noc_value_free(row.json);
	state_remove(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_holds),
		cmocka_unit_test(test_stored_text),
	};

	noc_log_sink_set(state_quiet, NULL);
	return cmocka_run_group_tests_name("key", tests, NULL, NULL);
}
