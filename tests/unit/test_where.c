/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/unit.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/table.h"
#include "proto/ifname.h"
#include "engine/inventory/inventory.h"
#include "engine/expr/where.h"
#include "engine/expr/where_test.h"

static const char *const tags[] = { "core", "lab" };
static struct noc_device device;
static struct noc_event event;
static struct noc_syslog message;
static struct noc_value *steps;

static int
setup(void **state)
{
	(void)state;
	memset(&device, 0, sizeof(device));
	device.name = "sw1";
	device.role = "access";
	device.site = "waw";
	device.vendor = "";
	memcpy(&device.tags, &(const char *const *){ tags }, sizeof(void *));
	device.ntags = 2;
	memset(&event, 0, sizeof(event));
	event.kind = event.base = "link.down";
	event.device = noc_slice_str("sw1");
	event.address = noc_slice_str("192.0.2.17");
	event.severity = 3;
	event.inventory = &device;
	event.time_ns = 1767951000LL * 1000000000; /* Fri 09:30 UTC */
	message.message = noc_slice_str("Interface Gi1/0/1 is bad");
	message.tag = noc_slice_str("%LINK-3-UPDOWN");
	message.severity = 3;
	event.syslog = &message;
	event.data =
	    unit_json("{\"ifname\":\"GigabitEthernet1/0/1\",\"ifindex\":7,"
		      "\"rx\":-25.5,\"text\":\"10\",\"flag\":false,"
		      "\"oid\":\"1.3.6.1.4.1.9.9.13\"}");
	steps = unit_json("{\"look\":{\"oper\":\"up\",\"n\":2}}");
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	noc_event_clear(&event);
	noc_value_free(steps);
	return 0;
}

static struct noc_where *
where(const char *text)
{
	struct noc_value *v = unit_json(text);
	struct noc_where *w = NULL;
	struct noc_err err;

	if (noc_where_compile(v, NULL, "t.lua:1", &w, &err))
		fail_msg("%s: %s", text, err.msg);
	noc_value_free(v);
	return w;
}

static bool
holds(const char *text)
{
	struct noc_scope scope = { .ev = &event, .steps = steps };
	struct noc_where *w = where(text);
	bool result = noc_where_match(w, &scope);

	noc_where_free(w);
	return result;
}

/* An operator node. */
#define OP(name, items)	  "{\"node\":\"" name "\",\"items\":[" items "]}"
#define WANT(field, what) "{\"" field "\":" what "}"

static void
test_equality(void **state)
{
	(void)state;
	assert_true(holds("{}"));
	assert_true(holds(WANT("role", "\"access\"")));
	assert_false(holds(WANT("role", "\"Access\"")));
	assert_true(holds("{\"role\":\"access\",\"ifindex\":7}"));
	assert_false(holds("{\"role\":\"access\",\"ifindex\":8}"));
	assert_true(holds(WANT("ifindex", "\"7\"")));
	assert_true(holds(WANT("text", "10")));
	assert_true(holds(WANT("flag", "false")));
	assert_false(holds(WANT("flag", "true")));
	assert_true(holds(WANT("tags", "\"lab\"")));
	assert_true(holds(WANT("device", "\"{device}\"")));
	assert_true(holds(WANT("severity", "\"err\"")));
	assert_true(holds(WANT("severity", "3")));
	assert_true(holds(WANT("steps.look.oper", "\"up\"")));
	assert_true(holds("{\"steps\":{\"look\":{\"n\":2}}}"));
}

static void
test_value_operators(void **state)
{
	static const struct {
		const char *text;
		bool want;
	} rows[] = {
		{ WANT("role", OP("any", "\"core\",\"access\"")), true },
		{ WANT("role", OP("any", "\"core\",\"edge\"")), false },
		{ WANT("role", OP("none", "\"core\",\"edge\"")), true },
		{ WANT("role", OP("none", "\"access\"")), false },
		{ WANT("role", OP("isnt", "\"core\"")), true },
		{ WANT("tags", OP("all", "\"core\",\"lab\"")), true },
		{ WANT("tags", OP("all", "\"core\",\"edge\"")), false },
		{ WANT("address", OP("cidr", "\"192.0.2.0/24\"")), true },
		{ WANT("address", OP("cidr", "\"192.0.2.16/31\"")), true },
		{ WANT("address", OP("cidr", "\"192.0.2.18/31\"")), false },
		{ WANT("address",
		       OP("cidr", "\"2001:db8::/32\",\"192.0.2.17\"")),
		  true },
		{ WANT("device", OP("cidr", "\"0.0.0.0/0\"")), false },
		{ WANT("oid", OP("oid_under", "\"1.3.6.1.4.1.9\"")), true },
		{ WANT("oid", OP("oid_under", "\"1.3.6.1.4.1.9.9.1\"")),
		  false },
		{ WANT("ifname", OP("prefix", "\"Giga\"")), true },
		{ WANT("ifname", OP("suffix", "\"/1\"")), true },
		{ WANT("summary", OP("contains", "\"x\"")), false },
		{ WANT("syslog.message", OP("contains", "\"is bad\"")), true },
		{ WANT("ifname", OP("glob", "\"*Ethernet?/0/*\"")), true },
		{ WANT("ifname", OP("glob", "\"Gi[ab]*\"")), false },
		{ WANT("ifname", OP("glob", "\"Gi[f-h]*\"")), true },
		{ WANT("ifname", OP("glob", "\"Gi[gxy]*\"")), true },
		{ WANT("ifname", OP("glob", "\"Gi[!gxy]*\"")), false },
		{ WANT("ifname", OP("glob", "\"[Gg]*[\"")), false },
		{ WANT("ifname", OP("re", "\"^Gig.*/[0-9]$\"")), true },
		{ WANT("rx", OP("lt", "-25")), true },
		{ WANT("rx", OP("gt", "-25")), false },
		{ WANT("ifindex", OP("ge", "7")), true },
		{ WANT("ifindex", OP("le", "6")), false },
		{ WANT("ifindex", OP("between", "7,9")), true },
		{ WANT("ifindex", OP("between", "8,9")), false },
		{ WANT("text", OP("lt", "11")), true },
		{ WANT("severity", OP("at_least", "\"err\"")), true },
		{ WANT("severity", OP("at_least", "\"crit\"")), false },
		{ WANT("severity", OP("lt", "4")), true },
		{ WANT("ifname", OP("ifname", "\"Gi1/0/1\"")), true },
		{ WANT("ifname", OP("ifname", "\"Gi1/0/11\"")), false },
		{ WANT("ifname", "{\"node\":\"exists\"}"), true },
		{ WANT("peer", "{\"node\":\"exists\"}"), false },
		{ WANT("peer", "{\"node\":\"absent\"}"), true },
		{ WANT("time", OP("time_in", "\"mon-fri 09:00-10:00\"")),
		  true },
		{ WANT("time", OP("time_in", "\"sat,sun\"")), false },
		{ WANT("time", OP("time_in", "\"22:00-09:31\"")), true },
		{ WANT("time", OP("time_in", "\"22:00-06:00\"")), false },
		{ WANT("time",
		       "{\"node\":\"time_in\",\"items\":[\"10:00-11:00\"],"
		       "\"opts\":{\"tz\":\"Europe/Warsaw\"}}"),
		  true },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(rows); i++)
		if (holds(rows[i].text) != rows[i].want)
			fail_msg("%s must%s hold", rows[i].text,
				 rows[i].want ? "" : " not");
}

/* What is not known never matches, however it is turned. */
static void
test_unknown_never_matches(void **state)
{
	(void)state;
	assert_false(holds(WANT("peer", "\"x\"")));
	assert_false(holds(WANT("peer", OP("isnt", "\"x\""))));
	assert_false(holds(WANT("peer", OP("none", "\"x\""))));
	assert_false(holds(OP("neither", WANT("peer", "\"x\""))));
	assert_true(holds(OP(
	    "either", WANT("peer", "\"x\"") "," WANT("role", "\"access\""))));
	assert_true(
	    holds(WANT("peer", OP("any", "{\"node\":\"absent\"},\"x\""))));
	assert_false(holds(WANT("steps.far.oper", "\"up\"")));
	event.inventory = NULL;
	assert_false(holds(WANT("role", OP("isnt", "\"core\""))));
}

static void
test_combinators(void **state)
{
	(void)state;
	assert_true(holds("{\"node\":\"table\",\"items\":[" OP(
	    "either",
	    WANT("role", "\"core\"") "," WANT("ifindex", "7")) "],\"opts\":{"
							       "\"device\":"
							       "\"sw1\"}}"));
	assert_false(holds(
	    OP("both", WANT("role", "\"access\"") "," WANT("ifindex", "8"))));
	assert_true(holds(
	    OP("neither", WANT("role", "\"core\"") "," WANT("ifindex", "8"))));
	assert_false(holds(
	    OP("neither", WANT("role", "\"core\"") "," WANT("ifindex", "7"))));
	assert_true(holds("[{\"role\":\"access\"},{\"ifindex\":7}]"));
}

static void
assert_why(const char *text, const char *want)
{
	struct noc_scope scope = { .ev = &event, .steps = steps };
	struct noc_strbuf why = NOC_STRBUF_INIT;
	struct noc_where *w = where(text);

	assert_false(noc_where_explain(w, &scope, &why));
	assert_string_equal(why.p, want);
	noc_strbuf_release(&why);
	noc_where_free(w);
}

static void
test_explains_the_first_that_failed(void **state)
{
	struct noc_strbuf why = NOC_STRBUF_INIT;
	struct noc_scope scope = { .ev = &event };
	struct noc_where *w = where(WANT("ifindex", "7"));

	(void)state;
	assert_true(noc_where_explain(w, &scope, &why));
	assert_int_equal(why.len, 0);
	noc_where_free(w);
	noc_strbuf_release(&why);
	assert_why("{\"ifindex\":7,\"role\":\"core\"}",
		   "role: want core, got access");
	assert_why(WANT("ifindex", OP("between", "8,9")),
		   "ifindex: want between{8,9}, got 7");
	assert_why(WANT("severity", OP("at_least", "\"crit\"")),
		   "severity: want at_least{crit}, got err");
	assert_why(WANT("far.device", "{\"node\":\"exists\"}"),
		   "far.device: want exists, got unknown (no cable known)");
	event.inventory = NULL;
	event.device = noc_slice_str("demo9");
	assert_why(WANT("role", OP("any", "\"access\",\"distribution\"")),
		   "role: want any{access,distribution}, got unknown (demo9 "
		   "not in inventory)");
}

static void
assert_refuses(const char *text, const char *want)
{
	struct noc_table defined = { 0 };
	struct noc_value *v = unit_json(text);
	struct noc_where *w;
	struct noc_err err;

	noc_table_put(&defined, "ifindex", (void *)1);
	assert_int_equal(noc_where_compile(v, &defined, "t.lua:9", &w, &err),
			 NOC_ECONFIG);
	assert_memory_equal(err.msg, "t.lua:9: ", 9);
	if (!strstr(err.msg, want))
		fail_msg("want '%s' in '%s'", want, err.msg);
	noc_value_free(v);
	noc_table_release(&defined);
}

static void
test_mistakes_are_named(void **state)
{
	(void)state;
	assert_refuses(WANT("ifindx", "7"), "did you mean 'ifindex'");
	assert_refuses(WANT("device", OP("cidr", "\"192.0.2.0/33\"")),
		       "192.0.2.0/33");
	assert_refuses(WANT("device", OP("re", "\"a(\"")), "wrong at byte");
	assert_refuses(WANT("ifindex", OP("lt", "\"x\"")), "number");
	assert_refuses(WANT("severity", "\"terrible\""), "severity");
	assert_refuses(WANT("device", OP("anny", "1")), "anny");
	assert_refuses(WANT("device", "\"{ifindx}\""), "ifindx");
	assert_refuses("[5]", "table");
	assert_refuses(WANT("time", OP("time_in", "\"9-17\"")), "window");
	assert_refuses(OP("either", ""), "at least one");
}

/* Of the outermost conjunction. */
static const struct noc_test *
test_of(const struct noc_where *w, const char *path)
{
	for (size_t i = 0; i < w->root.nkids; i++)
		if (w->root.kids[i].op == NOC_COND_TEST &&
		    !strcmp(w->root.kids[i].path, path))
			return &w->root.kids[i].test;
	return NULL;
}

static void
test_what_the_index_is_told(void **state)
{
	const struct noc_test *texts[4];
	struct noc_where *w = where(
	    "{\"syslog.tag\":\"%A\",\"role\":" OP("any", "\"x\"") ",\"device\":" OP(
		"any",
		"\"a\",\"b\"") ",\"syslog.message\":" OP("re",
							 "\"foo.*barbar\"") "}");

	(void)state;
	assert_int_equal(noc_test_texts(test_of(w, "syslog.tag"), texts, 4), 1);
	assert_string_equal(texts[0]->text, "%A");
	assert_int_equal(noc_test_texts(test_of(w, "role"), texts, 4), 1);
	assert_string_equal(texts[0]->text, "x");
	assert_int_equal(noc_test_texts(test_of(w, "device"), texts, 4), 2);
	assert_true(noc_slice_is(noc_test_literal(test_of(w, "syslog.message")),
				 "barbar"));
	noc_where_free(w);
	w = where(OP("either", WANT("role", "\"x\"") "," WANT("ifindex", "7")));
	assert_null(test_of(w, "role"));
	noc_where_free(w);
}

static void
test_interface_names(void **state)
{
	static const char *const same[][2] = {
		{ "Gi1/0/1", "GigabitEthernet1/0/1" },
		{ "gi1/0/1", "GigabitEthernet 1/0/1" },
		{ "Te0/0/0/3", "TenGigE0/0/0/3" },
		{ "Te1/1", "TenGigabitEthernet1/1" },
		{ "Et1", "Ethernet1" },
		{ "Po10", "Port-Channel10" },
		{ "GE0/0/1", "GigabitEthernet0/0/1" },
		{ "XGE0/0/1", "XGigabitEthernet0/0/1" },
		{ "Vl100", "Vlan100" },
		{ "Lo0", "loopback0" },
		{ "Hu0/0/0/1", "HundredGigE0/0/0/1" },
		{ "BE5.100", "Bundle-Ether5.100" },
		{ "ge-0/0/0.0", "ge-0/0/0.0" },
	};
	static const char *const different[][2] = {
		{ "Gi1/0/1", "Gi1/0/11" }, { "Gi1/0/1", "Te1/0/1" },
		{ "ge-0/0/0", "ge0/0/0" }, { "Vl1", "Vlanif1" },
		{ "Et1", "Eth-Trunk1" },
	};
	char a[64], b[64];

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(same); i++)
		if (!noc_slice_eq(noc_ifname_canonical(
				      noc_slice_str(same[i][0]), a, sizeof(a)),
				  noc_ifname_canonical(
				      noc_slice_str(same[i][1]), b, sizeof(b))))
			fail_msg("%s is not %s", same[i][0], same[i][1]);
	for (size_t i = 0; i < NOC_COUNT(different); i++)
		if (noc_slice_eq(
			noc_ifname_canonical(noc_slice_str(different[i][0]), a,
					     sizeof(a)),
			noc_ifname_canonical(noc_slice_str(different[i][1]), b,
					     sizeof(b))))
			fail_msg("%s is %s", different[i][0], different[i][1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_equality, setup, teardown),
		cmocka_unit_test_setup_teardown(test_value_operators, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_unknown_never_matches,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_combinators, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
		    test_explains_the_first_that_failed, setup, teardown),
		cmocka_unit_test(test_mistakes_are_named),
		cmocka_unit_test(test_what_the_index_is_told),
		cmocka_unit_test(test_interface_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
