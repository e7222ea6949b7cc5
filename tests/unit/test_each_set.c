/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/core/command.h"
#include "tests/unit/flow_fixture.h"

/* How many items of an each are open at once, and how many must go well, as
 * people change it while it runs. */

#define EACH(more)                                                          \
	"flow \"f\" { each \"e\" { over = { \"a\", \"b\", \"c\", \"d\" }, " \
	"limit = 1, " more " put(\"x\", { target = \"{item}\" }) } }"

struct said {
	int kind;
	char message[300];
};

static void
on_said(int kind, const struct noc_value *answer, const char *message,
	void *arg)
{
	struct said *said = arg;

	(void)answer;
	said->kind = kind;
	snprintf(said->message, sizeof(said->message), "%s",
		 message ? message : "");
}

/* run.set of "e", or with a path of its own. */
static struct said
each_set(struct fix *f, const struct noc_id *id, const char *more)
{
	struct said said = { 0 };
	struct noc_value *command = NULL;
	char text[NOC_ID_TEXT], *json;
	struct noc_err err;

	json =
	    noc_asprintf("{\"verb\":\"run.set\",\"id\":\"%s\",%s%s,"
			 "\"actor\":\"joe\"}",
			 noc_id_format(text, id),
			 strstr(more, "path") ? "" : "\"path\":\"e\",", more);
	if (noc_json_parse(json, strlen(json), &command, &err))
		fail_msg("%s: %s", json, err.msg);
	noc_core_command(f->core, command, on_said, &said, f->now);
	fix_pump(f);
	noc_value_free(command);
	free(json);
	return said;
}

static void
set_refused(struct fix *f, const struct noc_id *id, const char *more, int kind,
	    const char *part)
{
	struct said said = each_set(f, id, more);

	if (said.kind != kind || !strstr(said.message, part))
		fail_msg("%s: %d, '%s' does not say '%s'", more, said.kind,
			 said.message, part);
}

static void
set_done(struct fix *f, const struct noc_id *id, const char *more)
{
	struct said said = each_set(f, id, more);

	if (said.kind)
		fail_msg("%s: %s", more, said.message);
}

static const struct flow_says waits[] = { { "e[", "?" }, { 0 } };

static void
test_what_is_no_number_is_refused(void **state)
{
	static const char *const limits[] = { "0", "-1", "10001" };
	static const char *const needs[] = { "5",    "101%", "-1", "",
					     "most", "2x",   "%",  "1%%" };
	struct noc_id id;
	struct fix f;
	char more[64];

	(void)state;
	id = flow_begin(&f, EACH(""), waits);
	for (size_t i = 0; i < NOC_COUNT(limits); i++) {
		snprintf(more, sizeof(more), "\"limit\":%s", limits[i]);
		set_refused(&f, &id, more, NOC_EINPUT, "limit is 1 to 10000");
	}
	for (size_t i = 0; i < NOC_COUNT(needs); i++) {
		snprintf(more, sizeof(more), "\"need\":\"%s\"", needs[i]);
		set_refused(&f, &id, more, NOC_EINPUT,
			    "need is all, 0 to 4, or 0% to 100%");
	}
	set_refused(&f, &id, "\"why\":\"w\"", NOC_EINPUT, "Say what is set");
	set_refused(&f, &id, "\"path\":\"g\",\"limit\":2", NOC_ENOTFOUND,
		    "no each 'g' that runs: e.");
	set_refused(&f, &id, "\"path\":\"e[a]/x\",\"limit\":2", NOC_ENOTFOUND,
		    "runs: e.");
	assert_int_equal(fix_count(&f, "SIGNAL"), 0);
	assert_int_equal(f.ncalls, 1);
	flow_close(&f);
}

static void
test_more_begin_and_fewer_do(void **state)
{
	struct noc_id id;
	struct fix f;

	(void)state;
	id = flow_begin(&f, EACH(""), waits);
	assert_int_equal(f.ncalls, 1);
	set_done(&f, &id, "\"limit\":3,\"why\":\"hurry\"");
	assert_int_equal(f.ncalls, 3);
	assert_int_equal(fix_count(&f, "SIGNAL set e limit=3 {\"phase\":\"\","
				       "\"why\":\"hurry\"} joe"),
			 1);
	set_done(&f, &id, "\"limit\":1");
	flow_world.says = NULL;
	flow_reply_to(&f, "e[a]/x");
	flow_reply_to(&f, "e[b]/x");
	flow_world.says = waits;
	assert_int_equal(f.ncalls, 1);
	flow_world.says = NULL;
	flow_reply_to(&f, "e[c]/x");
	fix_advance(&f, 1000);
	flow_ended(&f, "Succeeded");
	flow_close(&f);
}

static void
test_so_many_must_go_well(void **state)
{
	static const struct {
		const char *need, *state;
	} cases[] = {
		{ "\"need\":\"75%\"", "Succeeded" },
		{ "\"need\":\"3\"", "Succeeded" },
		{ "\"need\":\"76%\"", "Failed" },
		{ "\"need\":\"all\"", "Failed" },
		{ "\"need\":\"0\"", "Succeeded" },
	};
	static const struct flow_says b_fails[] = { { "e[b]", "permanent" },
						    { 0 } };

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct noc_id id;
		struct fix f;

		id = flow_begin(&f, EACH("need = 2,"), waits);
		set_done(&f, &id, cases[i].need);
		flow_world.says = b_fails;
		flow_reply_to(&f, "e[a]/x");
		fix_advance(&f, 60000);
		flow_ended(&f, cases[i].state);
		flow_close(&f);
	}
}

static void
test_what_is_decided_stays(void **state)
{
	static const struct flow_says a_fails[] = { { "e[a]", "permanent" },
						    { "e[b]", "?" },
						    { 0 } };
	struct noc_id id;
	struct fix f;

	(void)state;
	id = flow_begin(&f, EACH(""), waits);
	set_done(&f, &id, "\"limit\":2");
	flow_world.says = a_fails;
	flow_reply_to(&f, "e[a]/x");
	set_refused(&f, &id, "\"need\":\"1\"", NOC_ECONFLICT,
		    "'e' is decided: nothing new of it begins.");
	flow_world.says = NULL;
	flow_reply_to(&f, "e[b]/x");
	flow_ended(&f, "Failed");
	flow_close(&f);
}

/* Whatever the plan says. */
static void
test_it_stays_so_over_a_restart(void **state)
{
	static const struct flow_says b_fails[] = { { "e[b]", "permanent" },
						    { 0 } };
	struct noc_now now = { .wall_ns = 4000000000 * NOC_NS_PER_S,
			       .boot_ns = 1000 * NOC_NS_PER_S };
	char *dir = state_make(),
	     *rules = noc_asprintf(FLOW_WORDS "%s", EACH(""));
	struct noc_id id;
	struct fix f;

	(void)state;
	flow_forget();
	flow_world.says = waits;
	life_world = on_flow_world;
	life_open(&f, dir, now, rules);
	id = flow_start(&f, "active", "{\"device\":\"sw1\"}");
	set_done(&f, &id, "\"limit\":2,\"need\":\"50%\"");
	life_written(&f);
	noc_strbuf_clear(&flow_world.order);
	flow_world.says = b_fails;
	life_dies(&f, dir, rules);
	fix_advance(&f, 60000);
	assert_int_equal(fix_runs(&f), 0);
	life_written(&f);
	assert_int_equal(state_int(dir, "SELECT count(*) FROM runs WHERE"
					" state = 'Succeeded'"),
			 1);
	assert_int_equal(state_int(dir, "SELECT count(*) FROM steps WHERE"
					" path LIKE '%]' AND state ="
					" 'Succeeded'"),
			 3);
	life_done(&f, dir);
	life_world = NULL;
	flow_forget();
	free(rules);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_no_number_is_refused),
		cmocka_unit_test(test_more_begin_and_fewer_do),
		cmocka_unit_test(test_so_many_must_go_well),
		cmocka_unit_test(test_what_is_decided_stays),
		cmocka_unit_test(test_it_stays_so_over_a_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
