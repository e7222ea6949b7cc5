/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/gate_fixture.h"

#include "engine/run/mail.h"

/* Signals to a run: kept until they are wanted, taken once. */

static struct fix_heard
signals(struct fix *f, const struct noc_id *id, const char *name,
	const char *more)
{
	char text[NOC_ID_TEXT];

	return fix_say(f,
		       "{\"verb\":\"run.signal\",\"id\":\"%s\",\"signal\":"
		       "\"%s\",\"actor\":\"unix:bob\"%s}",
		       noc_id_format(text, id), name, more);
}

static void
signal_is(struct fix *f, const struct noc_id *id, const char *name,
	  const char *more, int kind, const char *why)
{
	struct fix_heard h = signals(f, id, name, more);

	if (h.kind != kind || !strstr(h.message, why))
		fail_msg("%s%s: %d, %s", name, more, h.kind, h.message);
}

static int64_t
rows(struct undo *u)
{
	life_written(&u->f);
	return state_int(u->dir,
			 "SELECT count(*) FROM live WHERE kind = 'signal'");
}

#define WAIT(step, of) \
	"wait_for '" step "' { signal = '" of "', timeout = '1h' }"
#define TWO                                                     \
	"flow 'f' { get 'a', " WAIT(                            \
	    "one", "go") ", get('b', { target ="                \
			 " '{steps.one.data.n}' }), " WAIT(     \
			     "two", "go") ", get('c', { target" \
					  " = '{steps.two.data.n}' }) }"

/* What the call that is out is for. */
static const char *
target_of_call(struct fix *f)
{
	return fix_call(f, "exec")->target;
}

static void
test_one_that_comes_before_is_kept(void **state)
{
	(void)state;
	for (int die = 0; die < 2; die++) {
		struct noc_id id;
		struct undo u;

		id = gate_begin(&u, TWO, NULL);
		for (int i = 1; i <= 12; i++) {
			char more[64];

			snprintf(more, sizeof(more),
				 ",\"data\":{\"n\":\"d%d\"}", i);
			signal_is(&u.f, &id, "go", more, 0, "");
		}
		assert_int_equal(fix_figure(&u.f, "awaits.signals"), 12);
		if (die) {
			undo_dies(&u);
			fix_advance(&u.f, 1000);
		}
		/* The first is taken first, and each once. */
		flow_reply_to(&u.f, "a");
		assert_string_equal(target_of_call(&u.f), "d1");
		if (die) {
			undo_dies(&u);
			fix_advance(&u.f, 1000);
		}
		flow_reply_to(&u.f, "b");
		assert_string_equal(target_of_call(&u.f), "d2");
		assert_int_equal(rows(&u), 12);
		flow_reply_to(&u.f, "c");
		flow_ended(&u.f, "Succeeded");
		/* With the run they are gone. */
		assert_int_equal(rows(&u), 0);
		undo_close(&u);
	}
}

static void
test_one_that_comes_twice_is_one(void **state)
{
	(void)state;
	for (int die = 0; die < 2; die++) {
		struct noc_value *answer = NULL;
		char text[NOC_ID_TEXT], *json;
		struct noc_id id;
		struct undo u;

		id = gate_begin(&u, TWO, NULL);
		flow_reply_to(&u.f, "a");
		signal_is(&u.f, &id, "go",
			  ",\"message\":\"m1\",\"data\":{\"n\":\"d\"}", 0, "");
		if (die)
			undo_dies(&u);
		json = noc_asprintf("{\"verb\":\"run.signal\",\"id\":\"%s\","
				    "\"signal\":\"go\",\"message\":\"m1\","
				    "\"actor\":\"x\"}",
				    noc_id_format(text, &id));
		assert_int_equal(fix_command(&u.f, json, &answer), 0);
		assert_true(noc_value_get_bool(answer, "duplicate", false));
		noc_value_free(answer);
		free(json);
		fix_advance(&u.f, 1000);
		flow_reply_to(&u.f, "b");
		assert_int_equal(u.f.ncalls, 0); /* nothing for the second */
		assert_int_equal(fix_runs(&u.f), 1);
		undo_close(&u);
	}
}

/* Who says no id means each: also beside ids that look like one of ours. */
static void
test_those_without_id_are_each(void **state)
{
	struct noc_id id;
	struct undo u;

	(void)state;
	id = gate_begin(&u, TWO, NULL);
	signal_is(&u.f, &id, "go", ",\"message\":\"#2\"", 0, "");
	signal_is(&u.f, &id, "go", "", 0, "");
	signal_is(&u.f, &id, "go", "", 0, "");
	assert_int_equal(rows(&u), 3);
	undo_close(&u);
}

static void
test_too_much_is_refused(void **state)
{
	char big[200], *data;
	struct noc_id id;
	struct undo u;

	(void)state;
	id = gate_begin(&u, TWO, NULL);
	memset(big, 0, sizeof(big));
	snprintf(big, sizeof(big), ",\"message\":\"%0129d\"", 1);
	signal_is(&u.f, &id, "go", big, NOC_EINPUT, "at most 128");
	data = noc_calloc(1, 70000);
	snprintf(data, 70000, "{\"verb\":\"run.signal\",\"id\":\"");
	noc_id_format(data + strlen(data), &id);
	snprintf(data + strlen(data), 69000,
		 "\",\"signal\":\"go\",\"actor\":\"x\",\"data\":{\"x\":"
		 "\"%065536d\"}}",
		 1);
	assert_int_equal(fix_command(&u.f, data, NULL), NOC_EINPUT);
	free(data);
	signal_is(&u.f, &id, "go", ",\"items\":[\"a\"]", NOC_EINPUT,
		  "not items");
	signal_is(&u.f, &id, "come", ",\"data\":{}", NOC_EINPUT,
		  "takes no data");
	signal_is(&u.f, &id, "come", "", NOC_ECONFLICT, "does not wait for");
	assert_int_equal(rows(&u), 0);
	for (int i = 0; i < NOC_MAIL_MAX; i++)
		signal_is(&u.f, &id, "go", "", 0, "");
	signal_is(&u.f, &id, "go", "", NOC_ERESOURCE, "256 signals already");
	assert_int_equal(rows(&u), NOC_MAIL_MAX);
	undo_close(&u);
}

static void
test_a_run_that_ended_takes_none(void **state)
{
	struct noc_id id;
	struct undo u;

	(void)state;
	id = gate_begin(&u, "flow 'f' { " WAIT("one", "go") " }", NULL);
	signal_is(&u.f, &id, "go", "", 0, "");
	flow_ended(&u.f, "Succeeded");
	signal_is(&u.f, &id, "go", "", NOC_ENOTFOUND, "not running");
	undo_close(&u);
}

/* It is for one step: of an item, of a called flow. */
static void
test_one_for_a_step_is_only_its(void **state)
{
	struct noc_id id;
	struct undo u;

	(void)state;
	id = gate_begin(&u,
			"flow 'f' { each 'n' { over = { 'a', 'b' }, limit = 2,"
			" " WAIT("one", "go") ", get 'x' } }",
			NULL);
	signal_is(&u.f, &id, "go", ",\"path\":\"n[b]/one\"", 0, "");
	assert_int_equal(u.f.ncalls, 1);
	assert_true(flow_is_out(&u.f, "n[b]/x"));
	signal_is(&u.f, &id, "go", ",\"path\":\"n[b]/one\"", 0, "");
	undo_dies(&u);
	assert_false(flow_is_out(&u.f, "n[a]/x"));
	signal_is(&u.f, &id, "go", "", 0, "");
	assert_true(flow_is_out(&u.f, "n[a]/x"));
	fix_advance(&u.f, 1000);
	undo_goes_on(&u);
	flow_ended(&u.f, "Succeeded");
	undo_close(&u);
}

/* Rows that say nothing are told of, and those of no run go. */
static void
test_damaged_rows_are_nobodys(void **state)
{
	struct noc_id id;
	struct undo u;

	(void)state;
	id = gate_begin(&u, TWO, NULL);
	signal_is(&u.f, &id, "go", ",\"data\":{\"n\":\"d1\"}", 0, "");
	signal_is(&u.f, &id, "go", ",\"data\":{\"n\":\"d2\"}", 0, "");
	life_written(&u.f);
	state_sql(u.dir, "UPDATE live SET data = json_remove(data, '$.data')"
			 " WHERE kind = 'signal' AND key LIKE '%#1'");
	state_sql(u.dir,
		  "INSERT INTO live(kind, key, due, data) SELECT kind,"
		  " 'x', due, json_set(data, '$.run',"
		  " '01a22cc9-7c20-85bc-ac62-70de95ed0887') FROM live WHERE"
		  " kind = 'signal' AND key LIKE '%#2'");
	undo_dies(&u);
	fix_advance(&u.f, 1000);
	flow_reply_to(&u.f, "a");
	assert_string_equal(target_of_call(&u.f), "d2");
	undo_close(&u);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_that_comes_before_is_kept),
		cmocka_unit_test(test_one_that_comes_twice_is_one),
		cmocka_unit_test(test_those_without_id_are_each),
		cmocka_unit_test(test_too_much_is_refused),
		cmocka_unit_test(test_a_run_that_ended_takes_none),
		cmocka_unit_test(test_one_for_a_step_is_only_its),
		cmocka_unit_test(test_damaged_rows_are_nobodys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
