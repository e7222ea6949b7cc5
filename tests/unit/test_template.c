/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/unit.h"

#include "base/json.h"
#include "base/mem.h"
#include "engine/expr/listing.h"
#include "engine/expr/scope.h"
#include "engine/expr/template.h"

static struct noc_event event;
static struct noc_value *steps, *input, *extra;
static struct noc_scope scope;

static int
setup(void **state)
{
	(void)state;
	memset(&event, 0, sizeof(event));
	event.kind = event.base = "link.down";
	event.device = noc_slice_str("sw1");
	event.severity = 3;
	event.data = unit_json("{\"ifname\":\"Gi1/0/1\",\"ifindex\":7,"
			       "\"evil\":\"{device}\"}");
	steps =
	    unit_json("{\"look\":{\"oper\":\"down\",\"list\":[1,\"b\",3,4]}}");
	input = unit_json("{\"vlan\":100,\"ok\":true,\"x\":null}");
	extra = unit_json("{\"count\":12,\"rule\":\"heal\"}");
	scope = (struct noc_scope){
		.ev = &event, .steps = steps, .input = input, .extra = extra
	};
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	noc_event_clear(&event);
	noc_value_free(steps);
	noc_value_free(input);
	noc_value_free(extra);
	return 0;
}

static void
assert_expands(const char *text, const char *want)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	struct noc_template *t;
	struct noc_err err;

	if (noc_template_parse(text, strlen(text), &t, &err))
		fail_msg("%s: %s", text, err.msg);
	assert_int_equal(
	    noc_template_text(t, &scope, NOC_MISSING_MARK, &sb, &err), 0);
	assert_string_equal(sb.p, want);
	assert_string_equal(noc_template_source(t), text);
	noc_strbuf_release(&sb);
	noc_template_free(t);
}

static void
test_paths_of_event_and_run(void **state)
{
	(void)state;
	assert_expands("{device} {ifname}: {steps.look.oper}",
		       "sw1 Gi1/0/1: down");
	assert_expands("ifAdminStatus.{ifindex}", "ifAdminStatus.7");
	assert_expands("ifAdminStatus[{ifname}]", "ifAdminStatus[Gi1/0/1]");
	assert_expands("{rule}: {count} links", "heal: 12 links");
	assert_expands("{severity}", "err");
	assert_expands("", "");
}

static void
test_braces_and_one_pass_only(void **state)
{
	(void)state;
	assert_expands("{{device}}", "{device}");
	assert_expands("a{{b}}c", "a{b}c");
	/* A value that looks like a template stays as it is. */
	assert_expands("{evil}", "{device}");
}

static void
test_formats(void **state)
{
	(void)state;
	assert_expands("{device:upper}", "SW1");
	assert_expands("{ifname:lower}", "gi1/0/1");
	assert_expands("{steps.look.list:2}", "1, b");
	assert_expands("top: {steps.look.list}", "top: 1, b, 3, 4");
	assert_expands("{steps.look.list}", "1, b, 3, 4");
	assert_expands("{steps.look.list:json}", "[1,\"b\",3,4]");
	assert_expands("{ifindex:hex}", "7");
	assert_expands("{severity:int}", "3");
	assert_expands("{ifname:3}", "Gi1");
}

/* An executor is told names, a ticket what is known of each. */
static void
test_lists(void **state)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	struct noc_value *many = noc_value_list();

	(void)state;
	noc_value_set(
	    steps, "l",
	    unit_json("{\"all\":[{\"key\":\"sw1\",\"state\":\"Failed\","
		      "\"message\":\"no\\nroom\"},{\"key\":\"rack-12\","
		      "\"state\":\"Succeeded\",\"free\":7}],"
		      "\"names\":[\"a\",{\"name\":\"b\",\"id\":1},{\"id\":9}],"
		      "\"none\":[],\"empty\":{},\"texts\":[\"x\",\"yy\"],"
		      "\"map\":{\"a\":1,\"long\":[2]},\"wide\":[{\"k\":\""
		      "0123456789012345678901234567890123456789"
		      "012345678901234567890123456789\",\"z\":1}]}"));
	assert_expands("{steps.l.names:keys}", "a,b,9");
	assert_expands("{steps.l.all:keys}", "sw1,rack-12");
	assert_expands("{steps.l.map:keys}", "a,long");
	assert_expands("<{steps.l.none:keys}{steps.l.empty:keys}>", "<>");
	assert_expands("{device:keys} {device:table}", "sw1 sw1");
	assert_expands("{steps.l.all:table}",
		       "key      state      message  free\n"
		       "sw1      Failed     no room  -\n"
		       "rack-12  Succeeded  -        7");
	assert_expands("{steps.l.texts:table}", "x\nyy");
	assert_expands("{steps.l.map:table}", "name  value\na     1\n"
					      "long  [2]");
	assert_expands("<{steps.l.none:table}{steps.l.empty:table}>", "<>");
	assert_expands("{steps.l.wide:table}",
		       "k                                                    "
		       "         z\n"
		       "01234567890123456789012345678901234567890123456789012"
		       "345678…  1");
	for (int i = 0; i < 1002; i++)
		noc_value_push(many, noc_value_int(i));
	noc_value_set(steps, "many", many);
	for (int i = 0; i < 1000; i++)
		noc_strbuf_addf(&sb, "%d\n", i);
	noc_strbuf_adds(&sb, "and 2 more");
	assert_expands("{steps.many:table}", sb.p);
	noc_strbuf_release(&sb);
}

/* Of members that there are too many of the first are columns. */
static void
test_a_table_is_so_wide(void **state)
{
	struct noc_value *list = noc_value_list(), *row = noc_value_map();
	struct noc_strbuf sb = NOC_STRBUF_INIT;

	(void)state;
	for (char name[] = "a"; *name <= 'p'; name[0]++)
		noc_value_set(row, name, noc_value_int(1));
	noc_value_push(list, row);
	noc_listing_table(list, &sb);
	assert_string_equal(sb.p, "a  b  c  d  e  f  g  h  i  j  k  l\n"
				  "1  1  1  1  1  1  1  1  1  1  1  1");
	noc_strbuf_release(&sb);
	noc_value_free(list);
}

static void
test_missing_is_marked_or_fails(void **state)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	unsigned long before = noc_template_missing();
	struct noc_template *t;
	struct noc_err err;

	(void)state;
	assert_expands("{peer} {steps.far.admin}", "?peer? ?steps.far.admin?");
	assert_int_equal(noc_template_missing() - before, 2);
	assert_expands("{input.x}", "?input.x?");
	assert_int_equal(noc_template_parse("x{peer}", 7, &t, &err), 0);
	assert_int_equal(
	    noc_template_text(t, &scope, NOC_MISSING_FAIL, &sb, &err),
	    NOC_ENOTFOUND);
	assert_non_null(strstr(err.msg, "'peer'"));
	assert_int_equal(noc_template_missing() - before, 3);
	noc_strbuf_release(&sb);
	noc_template_free(t);
}

static void
test_a_lone_path_keeps_its_type(void **state)
{
	struct noc_value *tree =
	    unit_json("{\"vlan\":\"{input.vlan}\",\"ok\":\"{input.ok}\","
		      "\"s\":\"v{input.vlan}\",\"l\":\"{steps.look.list}\","
		      "\"if.{ifindex}\":1,"
		      "\"auth\":{\"node\":\"secret\",\"name\":\"{device}\"}}");
	struct noc_value *out;
	struct noc_err err;
	char *text;

	(void)state;
	assert_int_equal(
	    noc_template_tree(tree, &scope, NOC_MISSING_FAIL, &out, &err), 0);
	text = noc_json_string(out, NOC_JSON_CANONICAL);
	assert_string_equal(text, "{\"auth\":{\"name\":\"{device}\",\"node\":"
				  "\"secret\"},\"if.7\":1,\"l\":[1,\"b\",3,4],"
				  "\"ok\":true,\"s\":\"v100\",\"vlan\":100}");
	free(text);
	noc_value_free(out);
	noc_value_free(tree);
}

/* Data that looks like the name of a secret is data. */
static void
test_data_names_no_secret(void **state)
{
	struct noc_value *said =
	    unit_json("{\"l\":{\"node\":\"secret\",\"name\":\"pager\"},"
		      "\"deep\":[{\"a\":{\"node\":\"secret\"}}],"
		      "\"key\":\"node\",\"word\":\"secret\"}");
	struct noc_scope told = { .input = said };
	struct noc_value *tree =
	    unit_json("{\"deep\":\"{input.deep}\",\"l\":\"{input.l}\"}");
	struct noc_value *out;
	struct noc_err err;

	(void)state;
	assert_int_equal(
	    noc_template_tree(tree, &told, NOC_MISSING_FAIL, &out, &err), 0);
	assert_string_equal(noc_value_get_str(out, "l", "?"),
			    "{\"node\":\"secret\",\"name\":\"pager\"}");
	assert_string_equal(noc_value_get_str(out, "deep", "?"),
			    "[{\"a\":{\"node\":\"secret\"}}]");
	noc_value_free(out);
	noc_value_free(tree);
	tree =
	    unit_json("{\"{input.key}\":\"{input.word}\",\"name\":\"pager\"}");
	assert_int_equal(
	    noc_template_tree(tree, &told, NOC_MISSING_FAIL, &out, &err),
	    NOC_EINPUT);
	noc_value_free(tree);
	noc_value_free(said);
}

static void
test_bad_templates_are_refused(void **state)
{
	static const char *const bad[] = { "{",	       "}",	    "a{b",
					   "{a b}",    "{}",	    "{a:shout}",
					   "{a:}",     "{a:12345}", "{\"x\":1}",
					   "{device}}" };

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(bad); i++) {
		struct noc_template *t = NULL;
		struct noc_err err;

		if (noc_template_parse(bad[i], strlen(bad[i]), &t, &err) !=
		    NOC_EINPUT)
			fail_msg("'%s' was taken", bad[i]);
	}
}

/* Texts of languages that have braces themselves. */
static void
test_other_braces_are_told(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "up{job=\"x\"}", "a brace as PromQL has it, and '}}'" },
		{ "up{job!~\"x\"}", "as PromQL has it" },
		{ "{\"a\": 1}", "as JSON has it" },
		{ "{ 'a': {device} }", "as JSON has it" },
		{ "{% if x %}", "as Jinja has it" },
		{ "{ device}", "write '{{' for a brace." },
		{ "{", "write '{{' for a brace." },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct noc_template *t;
		struct noc_err err;

		assert_int_equal(noc_template_parse(cases[i].text,
						    strlen(cases[i].text), &t,
						    &err),
				 NOC_EINPUT);
		if (!strstr(err.msg, cases[i].says))
			fail_msg("%s: %s", cases[i].text, err.msg);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths_of_event_and_run),
		cmocka_unit_test(test_braces_and_one_pass_only),
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_a_table_is_so_wide),
		cmocka_unit_test(test_missing_is_marked_or_fails),
		cmocka_unit_test(test_a_lone_path_keeps_its_type),
		cmocka_unit_test(test_data_names_no_secret),
		cmocka_unit_test(test_bad_templates_are_refused),
		cmocka_unit_test(test_other_braces_are_told),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
