/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/gate_fixture.h"

#include "base/crypto.h"
#include "base/hex.h"
#include "tests/unit/rules_fixture.h"

/* What people are asked to decide: who may, what holds, and until when; the
 * same when the process dies between any two words. */

#define GO     "approve 'go' { groups = { 'netops', 'noc' }, "
#define TIME   "timeout = '30m' }"
#define NETOPS "[\"users\",\"netops\"]"
#define NOBODY "[\"users\"]"

static void
maybe_dies(struct undo *u, bool die)
{
	if (die)
		undo_dies(u);
}

static void
test_two_of_a_group_say_yes(void **state)
{
	(void)state;
	for (int die = 0; die < 2; die++) {
		struct noc_id id;
		struct undo u;

		id = gate_begin(
		    &u, "flow 'f' { " GO "need = 2, " TIME ", put 'a' }", NULL);
		maybe_dies(&u, die);
		assert_int_equal(gate_say(&u.f, &id, "unix:bob", NOBODY,
					  "approve", "",
					  "netops or noc (2 of them)"),
				 NOC_EDENIED);
		assert_int_equal(gate_say(&u.f, &id, "unix:bob", "null",
					  "approve", "", "is none of them"),
				 NOC_EDENIED);
		assert_int_equal(gate_say(&u.f, &id, "token:ann", NETOPS,
					  "approve", "", "asked for 'go'"),
				 NOC_EDENIED);
		gate_say(&u.f, &id, "unix:bob", NETOPS, "approve",
			 ",\"comment\":\"seen\"", NULL);
		maybe_dies(&u, die);
		assert_int_equal(gates_open(&u.f), 1);
		assert_int_equal(gate_say(&u.f, &id, "token:bob", "[\"noc\"]",
					  "approve", "", "already"),
				 NOC_ECONFLICT);
		assert_int_equal(u.f.ncalls, 0);
		gate_say(&u.f, &id, "token:dan", "[\"noc\"]", "approve", "",
			 NULL);
		maybe_dies(&u, die);
		assert_int_equal(gates_open(&u.f), 0);
		gate_say(&u.f, &id, "unix:eve", NETOPS, "approve", "",
			 "waits for no decision");
		undo_goes_on(&u);
		flow_ended(&u.f, "Succeeded");
		assert_int_equal(flow_made("a"), 1);
		undo_close(&u);
	}
}

static void
test_each_word_is_written_down(void **state)
{
	struct noc_id id;
	struct undo u;

	(void)state;
	id = gate_begin(&u, "flow 'f' { " GO "need = 2, " TIME " }", NULL);
	gate_say(&u.f, &id, "unix:bob", NETOPS, "approve",
		 ",\"comment\":\"seen\"", NULL);
	assert_int_equal(fix_figure(&u.f, "gates.decided"), 1);
	gate_say(&u.f, &id, "unix:dan", NETOPS, "approve", "", NULL);
	assert_int_equal(fix_figure(&u.f, "gates.decided"), 2);
	assert_int_equal(fix_count(&u.f, "GATE"), 2);
	fix_order(&u.f, "STEP_START go", "GATE", "GATE", "STEP_DONE go", NULL);
	assert_int_equal(fix_count(&u.f, "approved by unix:dan"), 1);
	gate_ended(&u.f, "Succeeded");
	undo_close(&u);
}

static void
test_who_asked_decides_if_told_so(void **state)
{
	struct noc_id id;
	struct undo u;

	(void)state;
	id = gate_begin(&u, "flow 'f' { " GO "self = true, " TIME " }", NULL);
	gate_say(&u.f, &id, "unix:ann", NETOPS, "approve", "", NULL);
	gate_ended(&u.f, "Succeeded");
	undo_close(&u);

	/* No is always theirs to say. */
	id = gate_begin(&u, "flow 'f' { " GO TIME " }", NULL);
	gate_say(&u.f, &id, "unix:ann", NETOPS, "reject",
		 ",\"comment\":\"a mistake\"", NULL);
	assert_int_equal(fix_count(&u.f, "rejected by unix:ann: a mistake") > 0,
			 1);
	gate_ended(&u.f, "Failed");
	undo_close(&u);

	/* Who it is may be said by the input. */
	id = gate_begin(&u,
			"flow 'f' { input = { who = 'string' }, " GO
			"requester = '{input.who}', " TIME " }",
			"{\"who\":\"dan\"}");
	undo_dies(&u);
	gate_say(&u.f, &id, "token:dan", NETOPS, "approve", "", "asked for");
	gate_say(&u.f, &id, "unix:ann", NETOPS, "approve", "", NULL);
	gate_ended(&u.f, "Succeeded");
	undo_close(&u);
}

static void
test_without_groups_all_may(void **state)
{
	struct noc_id id;
	struct undo u;

	(void)state;
	id = gate_begin(&u, "flow 'f' { approve 'go' { " TIME " }", NULL);
	gate_say(&u.f, &id, "unix:bob", "null", "confirm", "", "not 'confirm'");
	gate_say(&u.f, &id, "unix:bob", "null", "approve", "", NULL);
	gate_ended(&u.f, "Succeeded");
	undo_close(&u);
}

static void
test_who_confirms_says_what_they_read(void **state)
{
	static const char text[] = "-old\\n+new \xff";
	/* As it is read: what is no UTF-8 is U+FFFD everywhere. */
	static const char seen[] = "-old\n+new \xef\xbf\xbd";
	char hash[65], said[120];
	uint8_t raw[32];

	(void)state;
	noc_sha256_once(seen, strlen(seen), raw);
	noc_hex(hash, raw, sizeof(raw));
	for (int die = 0; die < 2; die++) {
		char *rules = noc_asprintf(
		    "flow 'f' { confirm 'diff' { show = '%s', " TIME " }",
		    text);
		struct noc_id id;
		struct undo u;
		char *shows;

		id = gate_begin(&u, rules, NULL);
		maybe_dies(&u, die);
		shows = gate_field(&u.f, "sha256");
		assert_string_equal(shows, hash);
		free(shows);
		assert_int_equal(gate_say(&u.f, &id, "unix:bob", "null",
					  "confirm", "", "by the hash"),
				 NOC_EINPUT);
		snprintf(said, sizeof(said), ",\"sha256\":\"%.7s\"", hash);
		assert_int_equal(gate_say(&u.f, &id, "unix:bob", "null",
					  "confirm", said, "8 or more"),
				 NOC_EINPUT);
		assert_int_equal(gate_say(&u.f, &id, "unix:bob", "null",
					  "confirm",
					  ",\"sha256\":\"0123456789\"",
					  "is not what was read"),
				 NOC_ECONFLICT);
		snprintf(said, sizeof(said), ",\"sha256\":\"%s0\"", hash);
		gate_say(&u.f, &id, "unix:bob", "null", "confirm", said,
			 "is not what was read");
		snprintf(said, sizeof(said), ",\"sha256\":\"%.8s\"", hash);
		gate_say(&u.f, &id, "unix:bob", "null", "confirm", said, NULL);
		assert_int_equal(fix_count(&u.f, hash) >= 1, 1);
		gate_ended(&u.f, "Succeeded");
		undo_close(&u);
		free(rules);
	}
}

static void
test_an_admin_decides_alone(void **state)
{
	struct noc_id id;
	struct undo u;

	(void)state;
	id = gate_begin(&u, "flow 'f' { " GO "need = 3, " TIME " }", NULL);
	assert_int_equal(gate_say(&u.f, &id, "unix:bob", NETOPS, "approve",
				  ",\"force\":true", "Only the role admin"),
			 NOC_EDENIED);
	gate_say(&u.f, &id, "unix:root", NOBODY, "approve", "", "none of them");
	gate_say(&u.f, &id, "unix:root", NOBODY, "approve", ",\"force\":true",
		 NULL);
	assert_int_equal(fix_count(&u.f, "\"forced\":true"), 1);
	gate_ended(&u.f, "Succeeded");
	undo_close(&u);
}

/* Several are asked at once, and it waits for all of them. */
static void
test_several_are_asked_at_once(void **state)
{
	struct noc_id id;
	struct undo u;

	(void)state;
	id = gate_begin(&u,
			"flow 'f' { parallel { approve 'net' { groups ="
			" 'netops', timeout = '1h' }, approve 'site' { groups ="
			" 'site', timeout = '1h' } }, put 'a' }",
			NULL);
	assert_int_equal(gates_open(&u.f), 2);
	gate_say(&u.f, &id, "unix:bob", NETOPS, "approve", "", "say for which");
	gate_say(&u.f, &id, "unix:bob", NETOPS, "approve", ",\"path\":\"net\"",
		 NULL);
	assert_int_equal(u.f.ncalls, 0);
	gate_say(&u.f, &id, "unix:bob", NETOPS, "approve", ",\"path\":\"site\"",
		 "is decided by site");
	undo_dies(&u);
	gate_say(&u.f, &id, "unix:eve", "[\"site\"]", "approve", "", NULL);
	undo_goes_on(&u);
	gate_ended(&u.f, "Succeeded");
	undo_close(&u);
}

/* Whether, whom and how long people are asked goes by what is to be done. */
static void
test_who_is_asked_goes_by_what_it_is(void **state)
{
	static const struct {
		const char *input, *who;
	} ways[] = {
		{ "{\"kind\":\"standard\",\"sure\":10}", "" },
		{ "{\"kind\":\"normal\",\"sure\":99}", "" },
		{ "{\"kind\":\"normal\",\"sure\":98}", "board (2 of them)" },
		{ "{\"kind\":\"emergency\",\"sure\":10}", "duty" },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(ways); i++) {
		struct undo u;
		char *who;

		(void)gate_begin(
		    &u,
		    "flow 'f' { input = { kind = 'string', sure = 'integer' },"
		    " choose 'go' { { when = { ['input.kind'] = 'standard' } ,"
		    " get 'x' }, { when = { ['input.kind'] = 'emergency' },"
		    " approve 'now' { groups = 'duty', timeout = '10m' } },"
		    " otherwise = { approve 'board' { groups = 'board', need ="
		    " 2, timeout = '8h', when = { ['input.sure'] = lt(99) } } }"
		    " }, get 'a' }",
		    ways[i].input);
		who = gate_field(&u.f, "who");
		assert_string_equal(who, ways[i].who);
		free(who);
		undo_goes_on(&u);
		assert_int_equal(flow_made("a"), !*ways[i].who);
		undo_close(&u);
	}
}

/* ---- until when ---- */

static const struct {
	const char *option, *state, *says;
	unsigned told, puts;
} times[] = {
	{ "", "Failed", "\"decided\":\"rejected\"", 1, 0 },
	{ "on_timeout = 'approve', ", "Succeeded", "\"decided\":\"approved\"",
	  0, 1 },
	{ "on_timeout = 'skip', ", "Succeeded", "\"decided\":\"skipped\"", 0,
	  1 },
};

static void
test_nobody_decides_in_time(void **state)
{
	(void)state;
	for (size_t i = 0; i < NOC_COUNT(times) * 2; i++) {
		char *text =
		    noc_asprintf("flow 'f' { " GO "%s" TIME ", put 'a' }",
				 times[i / 2].option);
		struct undo u;

		(void)gate_begin(&u, text, NULL);
		flow_world.holds = false;
		fix_advance(&u.f, 29 * 60000);
		maybe_dies(&u, i % 2);
		assert_int_equal(gates_open(&u.f), 1);
		fix_advance(&u.f, 2 * 60000);
		undo_goes_on(&u);
		assert_int_equal(fix_count(&u.f, times[i / 2].says), 1);
		assert_int_equal(fix_count(&u.f, "nobody decided in time"), 1);
		assert_int_equal(fix_said(&u.f, "'go' is rejected: nobody"),
				 times[i / 2].told);
		assert_int_equal(flow_made("a"), times[i / 2].puts);
		gate_ended(&u.f, times[i / 2].state);
		undo_close(&u);
		free(text);
	}
}

/* While it was down nobody could have said no. */
static void
test_what_fell_due_while_down_has_time_again(void **state)
{
	struct noc_id id;
	struct undo u;

	(void)state;
	id = gate_begin(
	    &u, "flow 'f' { " GO "on_timeout = 'approve', " TIME " }", NULL);
	fix_advance(&u.f, 60000);
	life_written(&u.f);
	u.f.now.wall_ns += 60 * 60 * NOC_NS_PER_S;
	undo_dies(&u);
	assert_int_equal(gates_open(&u.f), 1);
	assert_int_equal(fix_count(&u.f, "\"vote\":\"extend\""), 1);
	fix_advance(&u.f, 30 * 60000);
	assert_int_equal(gates_open(&u.f), 1);
	gate_say(&u.f, &id, "unix:bob", NETOPS, "reject", "", NULL);
	gate_ended(&u.f, "Failed");
	undo_close(&u);
}

static void
test_a_run_that_ends_asks_nobody(void **state)
{
	static const char *const texts[] = {
		"flow 'f' { timeout = '10m', " GO TIME " }",
		"flow 'f' { " GO TIME " }",
		"flow 'f' { parallel { get 'bad', " GO TIME " } }",
	};
	char text[NOC_ID_TEXT];

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(texts) * 2; i++) {
		struct noc_id id;
		struct undo u;

		id = gate_begin(&u, texts[i / 2], NULL);
		assert_int_equal(gates_open(&u.f), 1);
		maybe_dies(&u, i % 2);
		if (i / 2 == 1)
			assert_int_equal(
			    fix_say(&u.f,
				    "{\"verb\":\"run.cancel\",\"id\":\"%s\","
				    "\"actor\":\"x\"}",
				    noc_id_format(text, &id))
				.kind,
			    0);
		fix_advance(&u.f, 1000); /* what was out is out again */
		if (i / 2 == 2)
			fix_refuse(&u.f, "exec", "permanent", 0);
		fix_advance(&u.f, 11 * 60000);
		gate_ended(&u.f, i / 2 == 1 ? "Cancelled" : "Failed");
		undo_close(&u);
	}
}

/* It is decided while the run is held, and goes on when it is let go. */
static void
test_a_paused_run_is_decided(void **state)
{
	(void)state;
	for (int die = 0; die < 2; die++) {
		char text[NOC_ID_TEXT];
		struct noc_id id;
		struct undo u;

		id = gate_begin(&u, "flow 'f' { " GO TIME ", put 'a' }", NULL);
		noc_id_format(text, &id);
		assert_int_equal(fix_say(&u.f,
					 "{\"verb\":\"run.pause\",\"id\":"
					 "\"%s\",\"actor\":\"x\"}",
					 text)
				     .kind,
				 0);
		maybe_dies(&u, die);
		gate_say(&u.f, &id, "unix:bob", NETOPS, "approve", "", NULL);
		assert_int_equal(u.f.ncalls, 0);
		maybe_dies(&u, die);
		assert_int_equal(fix_say(&u.f,
					 "{\"verb\":\"run.resume\",\"id\":"
					 "\"%s\",\"actor\":\"x\"}",
					 text)
				     .kind,
				 0);
		undo_goes_on(&u);
		gate_ended(&u.f, "Succeeded");
		undo_close(&u);
	}
}

/* ---- it is taken back ---- */

#define CHANGE(number, of, how)                \
	(&(struct tell){ .kind = "change.off", \
			 .device = "sw1",      \
			 .user = number,       \
			 .origin = of,         \
			 .trust = how })

static void
test_an_event_takes_it_back(void **state)
{
	(void)state;
	for (int die = 0; die < 4; die++) {
		char *text = noc_asprintf(
		    "flow 'f' { input = { nr = 'string' }, " GO
		    "withdraw = { on = 'change.off', where = { user ="
		    " '{input.nr}' }%s }, " TIME ", put 'a' }",
		    die & 2 ? ", trust = 'any'" : "");
		struct undo u;

		(void)gate_begin(&u, text, "{\"nr\":\"C{1}\"}");
		maybe_dies(&u, die & 1);
		cor_inventory(&u.f, "name,address\nsw1,192.0.2.9\n");
		cor_tell(&u.f, CHANGE("C2", NULL, NOC_TRUST_HIGH));
		assert_int_equal(gates_open(&u.f), 1);
		cor_tell(&u.f,
			 CHANGE("C{1}", "udp:192.0.2.9", NOC_TRUST_NORMAL));
		assert_int_equal(gates_open(&u.f), die & 2 ? 0 : 1);
		cor_tell(&u.f, CHANGE("C{1}", NULL, NOC_TRUST_HIGH));
		assert_int_equal(fix_count(&u.f, "\"decided\":\"withdrawn\""),
				 1);
		gate_ended(&u.f, "Succeeded");
		assert_int_equal(flow_made("a"), 0);
		undo_close(&u);
		free(text);
	}
}

/* Without a `where`: one about the same thing as the run. */
static void
test_the_same_thing_takes_it_back(void **state)
{
	(void)state;
	for (int die = 0; die < 2; die++) {
		struct undo u;

		undo_open(
		    &u,
		    "rule 'r' { on = 'link.down', mode = 'active', run = flow { " GO
		    "withdraw = 'link.up', " TIME ", put 'a' } }",
		    NULL);
		cor_port(&u.f, "link.down", "sw1", "eth7");
		assert_int_equal(gates_open(&u.f), 1);
		maybe_dies(&u, die);
		cor_port(&u.f, "link.up", "sw1", "eth8");
		cor_port(&u.f, "link.up", "sw2", "eth7");
		assert_int_equal(gates_open(&u.f), 1);
		cor_port(&u.f, "link.up", "sw1", "eth7");
		assert_int_equal(fix_count(&u.f, "\"decided\":\"withdrawn\""),
				 1);
		gate_ended(&u.f, "Succeeded");
		undo_close(&u);
	}
}

/* ---- where it stands ---- */

static void
test_the_gates_of_many_items(void **state)
{
	struct noc_strbuf after = NOC_STRBUF_INIT;
	size_t seen = 0, pages = 0;
	struct noc_id id;
	struct undo u;

	(void)state;
	id = gate_begin(
	    &u,
	    "local all = {}\n"
	    "for i = 0, 249 do all[#all + 1] = ('sw%03d'):format(i)"
	    " end\n"
	    "flow 'f' { each 'n' { over = all, limit = 250, " GO TIME " } }",
	    NULL);
	assert_int_equal(gates_open(&u.f), 250);
	assert_int_equal(fix_said(&u.f, "are asked to approve 'go'"), 1);
	undo_dies(&u);
	/* One that is decided between two pages loses none of the others. */
	for (;;) {
		struct noc_value *page =
		    gate_page(&u.f, 50, after.p ? after.p : "");
		const char *next = noc_value_get_str(page, "next", NULL);

		seen += noc_value_len(noc_value_get(page, "gates"));
		pages++;
		if (pages == 1)
			gate_say(&u.f, &id, "unix:bob", NETOPS, "approve",
				 ",\"path\":\"n[sw049]/go\"", NULL);
		noc_strbuf_release(&after);
		if (next)
			noc_strbuf_adds(&after, next);
		noc_value_free(page);
		if (!after.len)
			break;
	}
	assert_int_equal(seen, 250);
	assert_int_equal(pages, 5);
	gate_say(&u.f, &id, "unix:bob", NETOPS, "approve", "",
		 "waits for 249 decisions");
	assert_int_equal(gates_open(&u.f), 249);
	noc_strbuf_release(&after);
	undo_close(&u);
}

static void
test_gates_in_other_flows_and_ends(void **state)
{
	struct noc_id id;
	struct undo u;

	(void)state;
	id = gate_begin(&u,
			"flow 'g' { " GO TIME " }\n"
			"flow 'f' { on_fail = { " GO TIME ", put 'sorry' },"
			" step 'fix' { call 'g' } }",
			NULL);
	undo_dies(&u);
	gate_say(&u.f, &id, "unix:bob", NETOPS, "reject",
		 ",\"path\":\"fix/go\"", NULL);
	undo_dies(&u);
	assert_int_equal(gates_open(&u.f), 1);
	gate_say(&u.f, &id, "unix:bob", NETOPS, "approve", "", NULL);
	undo_goes_on(&u);
	assert_int_equal(flow_made("sorry"), 1);
	gate_ended(&u.f, "Failed");
	undo_close(&u);
}

/* What cannot be shown as it is, is not asked. */
static void
test_what_cannot_be_shown_fails(void **state)
{
	struct noc_strbuf big = NOC_STRBUF_INIT;
	struct undo u;

	(void)state;
	(void)gate_begin(&u,
			 "flow 'f' { get 'a', approve 'go' { show ="
			 " '{steps.a.json.x}', " TIME " }",
			 NULL);
	undo_goes_on(&u);
	assert_int_equal(fix_count(&u.f, "STEP_START go"), 0);
	gate_ended(&u.f, "Failed");
	undo_close(&u);
	noc_strbuf_adds(&big, "flow 'f' { approve 'go' { show = ('x'):rep(");
	noc_strbuf_addf(&big, "%d), " TIME " }", 256 * 1024 + 1);
	(void)gate_begin(&u, big.p, NULL);
	assert_int_equal(fix_count(&u.f, "at most 262144 are") > 0, 1);
	gate_ended(&u.f, "Failed");
	undo_close(&u);
	noc_strbuf_release(&big);
}

/* ---- rows that are not as they were written ---- */

static const char *const damages[] = {
	"json_remove(json, '$.live.gate')",
	"json_remove(json, '$.live.gate.votes')",
	"json_remove(json, '$.live.gate.requester')",
	"json_set(json, '$.live.gate.votes', json('[1]'))",
	"json_set(json, '$.live.gate.votes[0].vote', 'maybe')",
	"json_set(json, '$.live.gate.votes[1]',"
	" json('{\"by\":\"x\",\"vote\":\"approve\"}'))",
	"json_set(json, '$.live.gate.shown', 'something else')",
	"json_remove(json, '$.live.gate.hash')",
	"json_remove(json, '$.live.await')",
};

static void
test_damaged_rows_let_nobody_through(void **state)
{
	(void)state;
	for (size_t i = 0; i <= NOC_COUNT(damages); i++) {
		struct noc_id id;
		struct undo u;
		char *sql;

		id = gate_begin(&u,
				"flow 'f' { " GO "need = 2, show = 'this',"
				" withdraw = { on = 'x', where = { user = 'a' }"
				" }, " TIME ", put 'a' }",
				NULL);
		gate_say(&u.f, &id, "unix:bob", NETOPS, "approve", "", NULL);
		life_written(&u.f);
		sql =
		    noc_asprintf("UPDATE steps SET json = %s WHERE path ="
				 " 'go'",
				 i < NOC_COUNT(damages) ? damages[i] : "json");
		state_sql(u.dir, sql);
		undo_dies(&u);
		gate_say(&u.f, &id, "unix:dan", NETOPS, "approve", "",
			 i < NOC_COUNT(damages) ? "cannot go on" : NULL);
		cor_tell(&u.f, &(struct tell){ .kind = "x", .user = "a" });
		assert_int_equal(fix_runs(&u.f), 1);
		undo_goes_on(&u);
		if (flow_made("a") != (i == NOC_COUNT(damages)))
			fail_msg("%s", sql);
		undo_close(&u);
		free(sql);
	}
}

static const struct {
	const char *text, *why;
} wrong[] = {
	{ "approve 'go' { groups = 'a', timeout = '0s' }", "timeout" },
	{ "approve 'go' { groups = 'a', need = 17, " TIME, "1 to 16" },
	{ "approve 'go' { groups = 'a', need = 0, " TIME, "1 to 16" },
	{ "approve 'go' { groups = '{x}', " TIME, "groups as they are" },
	{ "approve 'go' { groups = { '1', '2', '3', '4', '5', '6', '7', '8',"
	  " '9', '10', '11', '12', '13', '14', '15', '16', '17' }, " TIME,
	  "more than 16" },
	{ "approve 'go' { withdraw = { where = { user = 'x' } }, " TIME,
	  "kind of event" },
	{ "approve 'go' { withdraw = '{x}', " TIME, "kind of event" },
	{ "confirm 'go' { " TIME, "show" },
	{ "confirm 'go' { show = 'x', on_timeout = 'approve', " TIME,
	  "reject" },
};

static void
test_bad_gates_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < NOC_COUNT(wrong); i++) {
		char *text = noc_asprintf("flow 'f' { %s }", wrong[i].text);
		char *got = rules_refused(text);

		if (!strstr(got, wrong[i].why))
			fail_msg("%s: %s", text, got);
		free(got);
		free(text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two_of_a_group_say_yes),
		cmocka_unit_test(test_each_word_is_written_down),
		cmocka_unit_test(test_who_asked_decides_if_told_so),
		cmocka_unit_test(test_without_groups_all_may),
		cmocka_unit_test(test_who_confirms_says_what_they_read),
		cmocka_unit_test(test_an_admin_decides_alone),
		cmocka_unit_test(test_several_are_asked_at_once),
		cmocka_unit_test(test_who_is_asked_goes_by_what_it_is),
		cmocka_unit_test(test_nobody_decides_in_time),
		cmocka_unit_test(test_what_fell_due_while_down_has_time_again),
		cmocka_unit_test(test_a_run_that_ends_asks_nobody),
		cmocka_unit_test(test_a_paused_run_is_decided),
		cmocka_unit_test(test_an_event_takes_it_back),
		cmocka_unit_test(test_the_same_thing_takes_it_back),
		cmocka_unit_test(test_the_gates_of_many_items),
		cmocka_unit_test(test_gates_in_other_flows_and_ends),
		cmocka_unit_test(test_what_cannot_be_shown_fails),
		cmocka_unit_test(test_damaged_rows_let_nobody_through),
		cmocka_unit_test(test_bad_gates_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
