/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/life_fixture.h"

/* Steps side by side, and those that take others back: what must not happen
 * because of them. */

#define SET "exec { \"set\" }, timeout = \"60s\""

/* Killed, and started again with what sql has made of its rows. */
static void
damaged(struct fix *f, char *dir, const char *sql, const char *flow)
{
	struct noc_now now = f->now;

	f->dead = true;
	life_close(f);
	if (sql)
		state_sql(dir, sql);
	life_open(f, dir, now, flow);
}

/* ---- what was done is not done again ---- */

static const char *const inner[] = {
	"flow \"f\" { each \"n\" { over = { \"a\", \"b\", \"c\" }, limit = 1,"
	" step \"s\" { " SET " }, sleep \"10s\" }, log \"all\" }\n",
	"flow \"in\" { step \"s\" { " SET " }, sleep \"10s\" }\n"
	"flow \"f\" { call \"in\", step \"t\" { " SET " }, log \"all\" }\n",
};

/* A new file has what ended in an item and in a called flow, too. */
static void
test_new_file_has_it(void **state)
{
	static const unsigned before[] = { 2, 1 }, after[] = { 1, 1 };

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(inner); i++) {
		char *dir = state_make();
		struct noc_id id;
		struct fix f;

		life_open(&f, dir, noc_clock_read(), inner[i]);
		id = fix_start_flow(&f, "f");
		for (unsigned n = 0; n < before[i]; n++) {
			fix_answer(&f, "exec", "{\"exit\":0}");
			if (n + 1 < before[i])
				fix_advance(&f, 10000);
		}
		life_written(&f);
		state_sql(dir, "DELETE FROM steps; DELETE FROM runs;"
			       " DELETE FROM definitions");
		noc_core_store(f.core, f.now);
		life_written(&f);
		damaged(&f, dir, NULL, inner[i]);
		fix_advance(&f, 10000);
		for (unsigned n = 0; n < after[i]; n++)
			fix_answer(&f, "exec", "{\"exit\":0}");
		fix_advance(&f, 10000);
		assert_int_equal(f.started, after[i]);
		assert_int_equal(fix_said(&f, "log f: all"), 1);
		assert_false(fix_running(&f, &id));
		life_done(&f, dir);
	}
}

/* The row of a step that another one waited for is gone. */
static void
test_lost_row_inside(void **state)
{
	static const char *const paths[] = { "n[a]/s", "in/s" };

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(inner); i++) {
		char *dir = state_make();
		char *sql = noc_asprintf("DELETE FROM steps WHERE path = '%s'",
					 paths[i]);
		struct fix f;

		life_open(&f, dir, noc_clock_read(), inner[i]);
		fix_start_flow(&f, "f");
		fix_answer(&f, "exec", "{\"exit\":0}");
		damaged(&f, dir, sql, inner[i]);
		fix_advance(&f, 5000);
		assert_int_equal(f.started, 0);
		assert_int_equal(fix_said(&f, "is paused: its rows come from"),
				 1);
		life_done(&f, dir);
		free(sql);
	}
}

/* What was saved from a damaged file begins nothing by itself, also after one
 * more restart; then it goes on, and does nothing again. */
static void
test_saved_fan_out_waits(void **state)
{
	static const unsigned after[] = { 2, 1 };

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(inner); i++) {
		char *dir = state_make(), text[NOC_ID_TEXT];
		struct fix_heard heard;
		struct noc_id id;
		struct fix f;

		life_open(&f, dir, noc_clock_read(), inner[i]);
		id = fix_start_flow(&f, "f");
		fix_answer(&f, "exec", "{\"exit\":0}");
		damaged(&f, dir, "UPDATE runs SET phase = 'blocked'", inner[i]);
		assert_int_equal(fix_said(&f, "is paused: its rows come from"),
				 1);
		fix_advance(&f, 30000);
		damaged(&f, dir, NULL, inner[i]);
		fix_advance(&f, 30000);
		assert_int_equal(f.started, 0);
		heard = fix_say(&f, "{\"verb\":\"run.resume\",\"id\":\"%s\"}",
				noc_id_format(text, &id));
		assert_int_equal(heard.kind, 0);
		for (unsigned n = 0; n < after[i]; n++) {
			fix_advance(&f, 10000);
			fix_answer(&f, "exec", "{\"exit\":0}");
		}
		fix_advance(&f, 10000);
		assert_int_equal(f.started, after[i]);
		assert_int_equal(fix_said(&f, "log f: all"), 1);
		assert_false(fix_running(&f, &id));
		life_done(&f, dir);
	}
}

/* Blocked, as an older version left it: who says retry means what is left. */
static void
test_retry_of_what_holds(void **state)
{
	char *dir = state_make();
	struct noc_id id;
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), inner[0]);
	id = fix_start_flow(&f, "f");
	fix_answer(&f, "exec", "{\"exit\":0}");
	damaged(&f, dir,
		"UPDATE steps SET json = json_set(json, '$.live.wait',"
		" 'blocked') WHERE path = 'n'",
		inner[0]);
	assert_int_equal(fix_signal(&f, &id, "retry"), 0);
	for (unsigned n = 0; n < 2; n++) {
		fix_advance(&f, 10000);
		fix_answer(&f, "exec", "{\"exit\":0}");
	}
	fix_advance(&f, 10000);
	assert_int_equal(f.started, 2);
	assert_int_equal(fix_said(&f, "log f: all"), 1);
	assert_false(fix_running(&f, &id));
	life_done(&f, dir);
}

/* All rows of an item are gone, and one after it has begun: so had it. */
static void
test_an_item_without_rows_is_not_begun_again(void **state)
{
	static const char flow[] =
	    "flow \"f\" { each \"n\" { over = { \"a\", \"b\", \"c\" }, limit ="
	    " 1, need = \"any\", step \"s\" { " SET " }, sleep \"10s\" },"
	    " log \"{steps.n.ok} {steps.n.failed}\" }\n";
	char *dir = state_make();
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), flow);
	fix_start_flow(&f, "f");
	fix_answer(&f, "exec", "{\"exit\":0}");
	fix_advance(&f, 10000);
	assert_int_equal(fix_count(&f, "STEP_START n[b]/s "), 1);
	fix_answer(&f, "exec", "{\"exit\":0}");
	damaged(&f, dir, "DELETE FROM steps WHERE path GLOB 'n[[]a]*'", flow);
	fix_advance(&f, 10000);
	assert_int_equal(fix_count(&f, "STEP_START n[a]/s "), 0);
	fix_answer(&f, "exec", "{\"exit\":0}");
	fix_advance(&f, 10000);
	assert_int_equal(fix_count(&f, "STEP_START n[c]/s "), 1);
	assert_int_equal(fix_said(&f, "log f: 2 1"), 1);
	life_done(&f, dir);
}

/* What cannot be read stops all that stands beside it. */
static void
test_unread_stops_all(void **state)
{
	static const char flow[] =
	    "flow \"f\" { each \"n\" { over = { \"a\", \"b\", \"c\" },"
	    " limit = 2, step \"s\" { exec { \"look\", mutates = false },"
	    " timeout = \"60s\" }, sleep \"10s\", step \"t\" { " SET " } } }\n";
	char *dir = state_make();
	struct noc_id id;
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), flow);
	id = fix_start_flow(&f, "f");
	fix_answer(&f, "exec", "{\"exit\":0}");
	fix_answer(&f, "exec", "{\"exit\":0}");
	damaged(&f, dir, "UPDATE steps SET json = '{' WHERE path = 'n[b]/s'",
		flow);
	fix_advance(&f, 20000);
	assert_int_equal(f.started, 0);
	assert_int_equal(fix_said(&f, "is blocked: its rows cannot be read"),
			 1);
	assert_int_equal(fix_signal(&f, &id, "fail"), 0);
	fix_advance(&f, 20000);
	assert_int_equal(f.started, 0);
	assert_false(fix_running(&f, &id));
	life_done(&f, dir);
}

/* Numbers of an each that no plan says, and undo of what has none. */
static void
test_altered_rows(void **state)
{
	static const char *const damage[] = {
		"UPDATE steps SET json = json_set(json, '$.live.limit', 0)"
		" WHERE path = 'n'",
		"UPDATE steps SET json = json_set(json, '$.live.limit',"
		" 1000000000)"
		" WHERE path = 'n'",
		"UPDATE steps SET json = json_set(json, '$.live.need', -7)"
		" WHERE path = 'n'",
		"UPDATE steps SET json = json_set(json, '$.live.need', 0)"
		" WHERE path = 'n'",
		"UPDATE steps SET json = json_set(json, '$.live.items',"
		" json('[\"a\",\"a\"]')) WHERE path = 'n'",
		"UPDATE steps SET json = json_set(json, '$.live.items',"
		" json((WITH RECURSIVE c(x) AS (SELECT 0 UNION ALL SELECT"
		" x + 1 FROM c WHERE x < 10000) SELECT json_group_array(x)"
		" FROM c))) WHERE path = 'n'",
		"UPDATE steps SET path = 'n[a]/sleep_2!undo' WHERE path ="
		" 'n[a]/sleep_2'",
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(damage); i++) {
		char *dir = state_make();
		struct fix f;

		life_open(&f, dir, noc_clock_read(), inner[0]);
		fix_start_flow(&f, "f");
		fix_answer(&f, "exec", "{\"exit\":0}");
		damaged(&f, dir, damage[i], inner[0]);
		fix_advance(&f, 20000);
		if (!fix_said(&f, "is blocked: its rows cannot be read") ||
		    f.started)
			fail_msg("%s", damage[i]);
		life_done(&f, dir);
	}
}

/* How far a run was that was at its end. */
static void
test_altered_stage(void **state)
{
	static const char flow[] =
	    "flow \"f\" { log \"all\", finally = { step \"s\" { " SET
	    " }, sleep \"10s\", step \"t\" { " SET " } } }\n";
	static const struct {
		const char *change;
		bool goes_on;
	} cases[] = {
		{ "'$.unknown', 1", true },	   { "'$.stage', 0", false },
		{ "'$.stage', 99", false },	   { "'$.stage', -1", false },
		{ "'$.verdict', 'Great'", false },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		char *dir = state_make();
		char *sql = noc_asprintf("UPDATE runs SET json = json_set(json,"
					 " %s)",
					 cases[i].change);
		struct fix f;

		life_open(&f, dir, noc_clock_read(), flow);
		fix_start_flow(&f, "f");
		fix_answer(&f, "exec", "{\"exit\":0}");
		damaged(&f, dir, sql, flow);
		fix_advance(&f, 20000);
		if (f.started != cases[i].goes_on ||
		    fix_said(&f, "is blocked: its rows cannot be read") ==
			cases[i].goes_on)
			fail_msg("%s", cases[i].change);
		life_done(&f, dir);
		free(sql);
	}
}

/* ---- what is over does not go on ---- */

static void
test_timeout_ends_what_it_holds(void **state)
{
	static const char *const rules[] = {
		"flow \"f\" { each \"n\" { over = { \"a\" }, timeout = \"5s\","
		" sleep \"10s\", step \"s\" { " SET " } },"
		" finally = { sleep \"60s\" } }\n",
		"flow \"in\" { sleep \"10s\", step \"s\" { " SET " } }\n"
		"flow \"f\" { step \"n\" { call \"in\", timeout = \"5s\" },"
		" finally = { sleep \"60s\" } }\n",
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(rules); i++) {
		struct fix f = { 0 };

		fix_open(&f, rules[i]);
		fix_start_flow(&f, "f");
		fix_advance(&f, 30000);
		assert_int_equal(f.started, 0);
		assert_int_equal(fix_count(&f, "failed: timeout"), 1);
		fix_close(&f);
	}
}

/* ---- a change that nothing shows ---- */

#define UNDONE                                                                                                                        \
	"step \"raise\" { snmp.set { [\"ifAlias.7\"] = \"y\" }, timeout = "                                                           \
	"\"5s\", undo = snmp.set { [\"ifAlias.8\"] = \"z\" } },"                                                                      \
	" step \"bad\" { exec { \"look\", mutates = false }, timeout = \"5s\" }, step \"never\" { snmp.set { [\"ifAlias.8\"] = \"z\"" \
	" }, timeout = \"5s\" }"

/* To take back what was not shown to have changed is refused, and said. */
static void
test_undo_is_refused(void **state)
{
	static const char *const flows[] = {
		"each \"n\" { over = { \"a\" }, undo = \"run\", " UNDONE " }",
		UNDONE ", on_fail = { undo = \"run\" }",
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(flows); i++) {
		struct fix f = { 0 };
		char *rules = noc_asprintf(
		    "rule \"r\" { mode = \"active\", on = \"link.down\","
		    " run = flow { step \"look\" { snmp.get { a ="
		    " \"ifAlias.7\" }, timeout = \"5s\" }, %s } }\n",
		    flows[i]);
		struct noc_id id;

		fix_open(&f, rules);
		id = fix_start(&f, "r", NOC_ACTIVE, NOC_TRUST_NORMAL);
		fix_answer(&f, "snmp.get",
			   "{\"a\":\"x\",\"noc:sysUpTime\":1000000,"
			   "\"noc:ifLastChange.7\":999900,"
			   "\"noc:ifLastChange.8\":100000}");
		if (f.ncalls)
			fix_answer(&f, "snmp.set", "{}");
		fix_refuse(&f, "exec", "permanent", 0);
		fix_advance(&f, 60000);
		assert_int_equal(f.sets, 1);
		assert_false(fix_running(&f, &id));
		assert_int_equal(fix_said(&f, "could not undo"), 1);
		assert_int_equal(fix_count(&f, "RUN_END Failed"), 1);
		fix_close(&f);
		free(rules);
	}
}

/* One message that nobody signed makes each device be read in its turn. */
static void
test_reads_take_turns(void **state)
{
	static const char rules[] =
	    "rule \"r\" { mode = \"active\", on = \"mac.flood\", run = flow {"
	    " step \"own\" { snmp.get { a = \"ifAlias.7\" }, timeout = \"5s\""
	    " }, each \"n\" { over = { \"core\" }, step \"look\" { snmp.get {"
	    " a = \"ifAlias.7\" }, target = \"{item}\", timeout = \"5s\" } },"
	    " step \"note\" { snmp.set { [\"ifAlias.7\"] = \"x\" },"
	    " timeout = \"5s\" } } }\n";
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, rules);
	for (int i = 0; i < 6; i++) {
		char *device = noc_asprintf("sw%d", i);

		fix_start_for(
		    &f, fix_event(&f, "mac.flood", device, NOC_TRUST_NORMAL),
		    "r", NOC_ACTIVE);
		free(device);
	}
	for (int i = 0; i < 6; i++)
		fix_answer(&f, "snmp.get", "{\"a\":\"x\"}");
	for (int i = 0; i < 4; i++)
		fix_answer(&f, "snmp.get", "{\"a\":\"x\"}");
	assert_int_equal(fix_count(&f, "STEP_START n[core]/look"), 4);
	fix_advance(&f, 10001);
	assert_int_equal(fix_count(&f, "STEP_START n[core]/look"), 5);
	fix_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new_file_has_it),
		cmocka_unit_test(test_an_item_without_rows_is_not_begun_again),
		cmocka_unit_test(test_lost_row_inside),
		cmocka_unit_test(test_saved_fan_out_waits),
		cmocka_unit_test(test_retry_of_what_holds),
		cmocka_unit_test(test_unread_stops_all),
		cmocka_unit_test(test_altered_rows),
		cmocka_unit_test(test_altered_stage),
		cmocka_unit_test(test_timeout_ends_what_it_holds),
		cmocka_unit_test(test_undo_is_refused),
		cmocka_unit_test(test_reads_take_turns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
