/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "base/utf8.h"
#include "engine/flow/label.h"
#include "tests/unit/layout_fixture.h"
#include "tests/unit/rules_fixture.h"

/* ---- words ---- */

static void
test_rows_break_at_spaces_and_end_in_four(void **state)
{
	static const struct {
		const char *text;
		int width;
		const char *rows;
		int n;
	} cases[] = {
		{ "", 10, "", 0 },
		{ "short", 10, "short", 1 },
		{ "exactly 10", 10, "exactly 10", 1 },
		{ "one two three", 8, "one two\nthree", 2 },
		{ "nowheretobreak", 6, "nowher\netobre\nak", 3 },
		{ "a\nb", 6, "a\nb", 2 },
		{ "aaaa bbbb cccc dddd eeee", 4, "aaaa\nbbbb\ncccc\nddd…", 4 },
		{ "a nowheretobreak", 10, "a nowheret\nobreak", 2 },
		{ "äöüäöü", 3, "äöü\näöü", 2 },
		{ "wide", -5, "wi\nde", 2 },
		{ "漢字漢字", 4, "漢字\n漢字", 2 },
		{ "a漢字", 4, "a漢\n字", 2 },
		{ "漢字漢字漢字漢字漢字", 4, "漢字\n漢字\n漢字\n漢…", 4 },
		{ "e\xcc\x81te\xcc\x81", 2, "e\xcc\x81t\ne\xcc\x81", 2 },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct noc_strbuf sb = NOC_STRBUF_INIT;

		assert_int_equal(
		    noc_label_wrap(cases[i].text, cases[i].width, &sb),
		    cases[i].n);
		assert_string_equal(sb.p, cases[i].rows);
		noc_strbuf_release(&sb);
	}
}

static void
says(const struct noc_step_def *s, const char *title, const char *text)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;

	noc_label_title(s, &sb);
	assert_string_equal(sb.p, title);
	noc_strbuf_clear(&sb);
	noc_label_text(s, &sb);
	assert_string_equal(sb.p, text);
	noc_strbuf_release(&sb);
}

static void
test_a_fan_out_says_its_bounds(void **state)
{
	struct noc_value *over = noc_value_str("{steps.sot.list}");
	struct noc_wave waves[] = { { NOC_WAVE_COUNT, 1 },
				    { NOC_WAVE_PERCENT, 10 },
				    { NOC_WAVE_REST, 0 } };
	struct noc_each_def e = {
		.over = over,
		.as = "sw",
		.limit = 20,
		.rate_n = 200,
		.rate_ms = 1000,
		.batch = 5,
		.waves = waves,
		.nwaves = NOC_COUNT(waves),
		.need = NOC_NEED_PERCENT,
		.need_n = 95,
		.let_finish = true,
		.undo = NOC_UNDO_WAVE,
	};
	struct noc_step_def s = { .kind = NOC_STEP_EACH,
				  .name = "deploy",
				  .each = &e };

	(void)state;
	says(&s, "each deploy",
	     "for each sw of {steps.sot.list}\n"
	     "limit 20, rate 200/1s, batch 5, need 95%\n"
	     "waves 1, 10%, rest, undo wave");
	e = (struct noc_each_def){ .over = over, .limit = 4 };
	says(&s, "each deploy",
	     "for each item of {steps.sot.list}\nlimit 4, need all");
	e.need = NOC_NEED_COUNT;
	e.undo = NOC_UNDO_SUCCEEDED;
	says(&s, "each deploy",
	     "for each item of {steps.sot.list}\n"
	     "limit 4, need any, then cancel the rest\nundo succeeded_items");
	noc_value_free(over);
}

static void
test_each_kind_has_its_title(void **state)
{
	static const struct {
		enum noc_step_kind kind;
		const char *name, *title;
	} cases[] = {
		{ NOC_STEP_ACTION, "raise", "raise" },
		{ NOC_STEP_ACTION, NULL, "?" },
		{ NOC_STEP_VERIFY, "is_up", "verify is_up" },
		{ NOC_STEP_STOP, "s", "stop s" },
		{ NOC_STEP_PARALLEL, NULL, "parallel" },
		{ NOC_STEP_CHOOSE, "way", "choose way" },
		{ NOC_STEP_BRANCH, "way_1", "otherwise" },
		{ NOC_STEP_CALL, "fix", "call fix" },
		{ NOC_STEP_EACH, "all", "each all" },
		{ NOC_STEP_CHECK, NULL, "check, after each wave" },
		{ NOC_STEP_ON_FAIL, NULL, "on_fail, after it failed" },
		{ NOC_STEP_FINALLY, NULL, "finally, however it ends" },
		{ NOC_STEP_UNDO, "back", "undo back" },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct noc_step_def s = { .kind = cases[i].kind,
					  .name = cases[i].name };

		says(&s, cases[i].title, "");
	}
}

static const char *const heal =
    "flow {\n"
    " step \"look\" { snmp.get { admin = \"ifAdminStatus.{ifindex}\" }, "
    "timeout = \"5s\" },\n"
    " stop \"up again\" { when = { [\"steps.look.admin\"] = \"up\", "
    "severity = any { lt(3), gt(7) } } },\n"
    " step \"raise\" { when = either { { device = exists }, { kind = isnt(1) } },"
    " snmp.set { [\"ifAdminStatus.1\"] = \"up\" }, timeout = \"5s\" },\n"
    " verify \"is_up\" { snmp.get { oper = \"ifOperStatus.1\" }, "
    "expect = { oper = \"up\" }, within = \"90s\", stable = \"10s\" },\n"
    " sleep \"2s\",\n"
    " on_fail = escalate { { \"0m\", notify \"noc\" } },\n"
    "}";

static const char *const healed = "flow r\n"
				  "changes something, 5 nodes, timeout 1d\n"
				  "when it fails: escalate in 1 levels\n"
				  "┌─ look ─────────────────────────────────┐\n"
				  "│ snmp.get admin=ifAdminStatus.{ifindex} │\n"
				  "│ timeout 5s, 3 attempts                 │\n"
				  "└─┬──────────────────────────────────────┘\n"
				  "  ▼\n";

static void
test_a_rule_is_drawn(void **state)
{
	char *text =
	    noc_asprintf("rule \"r\" { on = \"link.down\", run = %s }", heal);
	struct noc_ruleset *rs = rules_load(text);
	char *drawn = made_text(noc_ruleset_plan(rs, "r"), 80, false, false);
	static const char *const parts[] = {
		"│ stop \"up again\" ",
		"│ when severity any{lt{3},gt{7}} and steps.look.admin = up │",
		"┌─ raise (changes) ─",
		"│ when device exists or kind isnt{1} ",
		"│ verify snmp.get oper=ifOperStatus.1 ",
		"│ expect oper = up ",
		"within 1m30s, stable 10s, timeout 10s │",
		"│ sleep 2s ",
	};

	(void)state;
	assert_memory_equal(drawn, healed, strlen(healed));
	for (size_t i = 0; i < NOC_COUNT(parts); i++)
		if (!strstr(drawn, parts[i]))
			fail_msg("no '%s' in\n%s", parts[i], drawn);
	assert_null(noc_ruleset_plan(rs, "s"));
	noc_ruleset_unref(rs);
	free(drawn);
	free(text);
}

/* ---- formats ---- */

/* A fork, a join, a box, edges of each kind, and a hostile name. */
static void
graph(struct made *m, const char *name)
{
	size_t a, b, c, box, d, e;

	a = made_step(m, "a");
	box = made_add(m, NOC_STEP_PARALLEL, NULL);
	b = made_step(m, "b");
	c = made_step(m, "c");
	made_close(m, box);
	d = made_step(m, name);
	e = made_step(m, "e");
	m->steps[a].mutates = true;
	(void)b;
	(void)c;
	made_after(m, box, a, NOC_ON_OK);
	made_after(m, d, a, NOC_ON_FAILED);
	made_after(m, e, box, NOC_ON_ALWAYS);
	made_after(m, e, d, NOC_ON_OK);
}

static void
test_the_text_of_a_graph(void **state)
{
	struct made m = { 0 };
	char *text;

	(void)state;
	graph(&m, "d");
	text = made_text(&m.plan, 80, false, false);
	assert_string_equal(text,
			    "flow made\n"
			    "changes nothing, 6 nodes\n"
			    "┌─ a (changes) ──┐\n"
			    "└─┬─┬────────────┘\n"
			    "  │ └╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌┐\n"
			    "  ▼                        ▼\n"
			    "┌─ parallel ─────────┐  ┌─ d ──────────────┐\n"
			    "│ ┌─ b ──┐  ┌─ c ──┐ │  │ after a (failed) │\n"
			    "│ └──────┘  └──────┘ │  └─┬────────────────┘\n"
			    "└─┬──────────────────┘    │\n"
			    "  ▼                       ▼\n"
			    "┌─ e ──────────────────────┐\n"
			    "│ after parallel (always)  │\n"
			    "└──────────────────────────┘\n");
	free(text);
	text = made_text(&m.plan, 80, true, false);
	assert_string_equal(text,
			    "flow made\n"
			    "changes nothing, 6 nodes\n"
			    "+- a (changes) --+\n"
			    "+-+-+------------+\n"
			    "  | +~~~~~~~~~~~~~~~~~~~~~~+\n"
			    "  v                        v\n"
			    "+- parallel ---------+  +- d --------------+\n"
			    "| +- b --+  +- c --+ |  | after a (failed) |\n"
			    "| +------+  +------+ |  +-+----------------+\n"
			    "+-+------------------+    |\n"
			    "  v                       v\n"
			    "+- e ----------------------+\n"
			    "| after parallel (always)  |\n"
			    "+--------------------------+\n");
	free(text);
	text = made_text(&m.plan, 80, true, true);
	assert_non_null(strstr(text, "\033[0;1;33ma (changes) \033[0;2m--+"));
	assert_non_null(strstr(text, "\033[0;31m+~~~"));
	assert_string_equal(text + strlen(text) - 5, "\033[0m\n");
	free(text);
}

/* Where two nets cross, the one that goes down is whole. */
static void
test_lines_cross(void **state)
{
	struct made m = { 0 }, n = { 0 };
	char *text;

	(void)state;
	for (size_t i = 0; i < 5; i++)
		made_step(&n, "s");
	made_after(&n, 2, 0, NOC_ON_OK);
	made_after(&n, 3, 0, NOC_ON_OK);
	made_after(&n, 3, 1, NOC_ON_OK);
	made_after(&n, 4, 1, NOC_ON_OK);
	text = made_text(&n.plan, 80, false, false);
	assert_string_equal(text, "flow made\n"
				  "changes nothing, 5 nodes\n"
				  "┌─ s ──┐  ┌─ s ──┐\n"
				  "└─┬────┘  └─┬────┘\n"
				  "  ├─────────│┐\n"
				  "  │         ├│─────────┐\n"
				  "  ▼         ▼▼         ▼\n"
				  "┌─ s ──┐  ┌─ s ──┐  ┌─ s ──┐\n"
				  "└──────┘  └──────┘  └──────┘\n");
	free(text);
	for (size_t i = 0; i < 4; i++)
		made_step(&m, "s");
	made_after(&m, 1, 0, NOC_ON_OK);
	made_after(&m, 2, 1, NOC_ON_OK);
	made_after(&m, 3, 2, NOC_ON_OK);
	made_after(&m, 3, 0, NOC_ON_ALWAYS);
	made_after(&m, 2, 0, NOC_ON_FAILED);
	text = made_text(&m.plan, 80, false, false);
	assert_string_equal(text, "flow made\n"
				  "changes nothing, 4 nodes\n"
				  "┌─ s ──┐\n"
				  "└─┬─┬─┬┘\n"
				  "  │ └╌┊╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌┐\n"
				  "  │   └┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈╎┈┐\n"
				  "  ▼                   ╎ ┊\n"
				  "┌─ s ──┐              ╎ ┊\n"
				  "└─┬────┘              ╎ ┊\n"
				  "  │┌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌┘ ┊\n"
				  "  ▼▼                    ┊\n"
				  "┌─ s ──────────────┐    ┊\n"
				  "│ after s (failed) │    ┊\n"
				  "└─┬────────────────┘    ┊\n"
				  "  │┌┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┘\n"
				  "  ▼▼\n"
				  "┌─ s ──────────────┐\n"
				  "│ after s (always) │\n"
				  "└──────────────────┘\n");
	free(text);
}

static char *
drawn(void (*draw)(const struct noc_plan *p, struct noc_strbuf *out),
      const struct noc_plan *p)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;

	draw(p, &sb);
	assert_true(noc_utf8_valid(sb.p, sb.len));
	assert_int_equal(strlen(sb.p), sb.len);
	return noc_strbuf_detach(&sb, NULL);
}

/* A wide character takes two cells, what stands on another none, and a tower
 * of those is cut. */
static void
test_cells_and_not_characters(void **state)
{
	struct made m = { 0 };
	char tower[64 + 2] = "x";
	char *text;

	(void)state;
	for (size_t i = 1; i < 64; i += 2)
		memcpy(tower + i, "\xcc\x81", 2);
	made_step(&m, "漢字");
	made_step(&m, "e\xcc\x81\xcc\x88t");
	made_step(&m, "\xcc\x81 字字字字字字字字字字");
	made_step(&m, tower);
	made_after(&m, 1, 0, NOC_ON_OK);
	made_after(&m, 2, 1, NOC_ON_OK);
	made_after(&m, 3, 2, NOC_ON_OK);
	text = made_text(&m.plan, 20, false, false);
	assert_string_equal(
	    text, "flow made\n"
		  "changes nothing, 4\n"
		  "nodes\n"
		  "┌─ 漢字 ─┐\n"
		  "└─┬──────┘\n"
		  "  ▼\n"
		  "┌─ e\xcc\x81\xcc\x88t ─┐\n"
		  "└─┬────┘\n"
		  "  ▼\n"
		  "┌─  字字字字字字字字… ─┐\n"
		  "└─┬────────────────────┘\n"
		  "  ▼\n"
		  "┌─ x\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81"
		  "\xcc\x81\xcc\x81 ──┐\n"
		  "└──────┘\n");
	free(text);
	text = made_text(&m.plan, 20, true, false);
	assert_non_null(strstr(text, "+- ???? -+\n"));
	assert_non_null(strstr(text, "+- et -+\n"));
	free(text);
}

/* What is wider than its box is cut in every drawing. */
static void
test_a_long_name_is_cut(void **state)
{
	char name[201] = "", cut[68];
	struct made m = { 0 };
	char *text;

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	made_step(&m, name);
	snprintf(cut, sizeof(cut), ">%.59s…<", name);
	text = drawn(noc_draw_svg, &m.plan);
	assert_non_null(strstr(text, cut));
	assert_null(strstr(text, name));
	free(text);
	text = made_text(&m.plan, 80, false, false);
	snprintf(cut, sizeof(cut), " %.57s… ", name);
	assert_non_null(strstr(text, cut));
	assert_null(strstr(text, name));
	free(text);
}

static const char hostile[] = "<&\"']]>\\`#;\x1b[2J\xff\xe2\x80\xae"
			      "\xef\xbf\xbf|{}\n\tend äöü";

static void
test_nothing_hostile_goes_through(void **state)
{
	struct made m = { 0 };
	char *text;

	(void)state;
	graph(&m, hostile);
	m.plan.name = hostile;
	text = made_text(&m.plan, 80, true, false);
	for (const char *p = text; *p; p++)
		assert_true(*p == '\n' || (*p >= ' ' && *p <= '~'));
	free(text);
	text = made_text(&m.plan, 80, false, false);
	assert_null(strchr(text, '\033'));
	assert_null(strstr(text, "\xe2\x80\xae"));
	free(text);
	text = drawn(noc_draw_svg, &m.plan);
	assert_non_null(strstr(text, ">&lt;&amp;&quot;&apos;]]&gt;\\`#;"
				     "\\x1b[2J\\xff\\u202e\xef\xbf\xbd|{}"));
	assert_null(strstr(text, "<&"));
	free(text);
	text = drawn(noc_draw_dot, &m.plan);
	assert_non_null(strstr(text, "label=\"<&\\\"']]>\\\\`#;\\\\x1b"));
	free(text);
	text = drawn(noc_draw_mermaid, &m.plan);
	assert_non_null(
	    strstr(text, "[\"#60;#38;#34;']]#62;#92;#96;#35;#59;#92;x1b"));
	free(text);
}

static void
test_dot_and_mermaid_have_boxes_and_edges(void **state)
{
	struct made m = { 0 };
	char *text;

	(void)state;
	graph(&m, "d");
	text = drawn(noc_draw_dot, &m.plan);
	assert_non_null(strstr(text, "n0 [label=\"a (changes)\\l\", "
				     "color=\"#bc4c00\"];\n"
				     "subgraph cluster_1 {\n"));
	assert_non_null(strstr(text, "n3 [label=\"c\\l\"];\n}\nn4 ["));
	assert_non_null(strstr(text, "n0 -> n2 [lhead=cluster_1, "));
	assert_non_null(strstr(text, "n0 -> n4 [style=dashed, "
				     "color=\"#cf222e\", label=\"failed\"]"));
	assert_non_null(strstr(text, "n3 -> n5 [ltail=cluster_1, "
				     "style=dotted"));
	free(text);
	text = drawn(noc_draw_mermaid, &m.plan);
	assert_string_equal(text, "flowchart TD\n"
				  "n0[\"a (changes)\"]\n"
				  "subgraph n1[\"parallel\"]\n"
				  "direction TB\n"
				  "n2[\"b\"]\n"
				  "n3[\"c\"]\n"
				  "end\n"
				  "n4[\"d\"]\n"
				  "n5[\"e\"]\n"
				  "n0 --> n1\n"
				  "n0 -.->|failed| n4\n"
				  "n1 -.->|always| n5\n"
				  "n4 --> n5\n");
	free(text);
}

/* Boxes that end together are each ended. */
static void
test_boxes_that_end_together(void **state)
{
	struct made m = { 0 };
	size_t open = 0, ends = 0;
	char *text;

	(void)state;
	made_add(&m, NOC_STEP_EACH, "x");
	made_add(&m, NOC_STEP_CALL, "y");
	made_step(&m, "z");
	m.steps[0].end = m.steps[1].end = 3;
	text = drawn(noc_draw_dot, &m.plan);
	for (const char *p = text; *p; p++)
		open += *p == '{', ends += *p == '}';
	assert_int_equal(open, 3);
	assert_int_equal(ends, 3);
	free(text);
	text = drawn(noc_draw_mermaid, &m.plan);
	assert_non_null(strstr(text, "n2[\"z\"]\nend\nend\n"));
	free(text);
}

static void
test_the_graph_for_programs(void **state)
{
	struct made m = { 0 };
	struct noc_value *v;

	(void)state;
	graph(&m, "d");
	v = noc_draw_value(&m.plan);
	assert_int_equal(noc_value_get_int(v, "steps", 0), 6);
	assert_int_equal(noc_value_path(v, "nodes[3].index")->u.i, 3);
	assert_int_equal(noc_value_path(v, "nodes[3].up")->u.i, 1);
	assert_int_equal(noc_value_path(v, "nodes[3].row")->u.i, 1);
	assert_int_equal(noc_value_path(v, "nodes[1].up")->type, NOC_NIL);
	assert_int_equal(noc_value_path(v, "nodes[5].layer")->u.i, 2);
	assert_int_equal(noc_value_len(noc_value_get(v, "edges")), 4);
	assert_string_equal(noc_value_path(v, "edges[1].on")->u.s.p, "failed");
	noc_value_free(v);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows_break_at_spaces_and_end_in_four),
		cmocka_unit_test(test_a_fan_out_says_its_bounds),
		cmocka_unit_test(test_each_kind_has_its_title),
		cmocka_unit_test(test_a_rule_is_drawn),
		cmocka_unit_test(test_the_text_of_a_graph),
		cmocka_unit_test(test_lines_cross),
		cmocka_unit_test(test_cells_and_not_characters),
		cmocka_unit_test(test_a_long_name_is_cut),
		cmocka_unit_test(test_nothing_hostile_goes_through),
		cmocka_unit_test(test_dot_and_mermaid_have_boxes_and_edges),
		cmocka_unit_test(test_boxes_that_end_together),
		cmocka_unit_test(test_the_graph_for_programs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
