/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/unit.h"

#include "base/json.h"
#include "base/mem.h"
#include "engine/flow/input.h"

#define INTEGER \
	"{\"vid\":{\"node\":\"integer\",\"opts\":{\"min\":2,\"max\":4094}}}"
#define TYPE(t) "{\"x\":\"" t "\"}"

/* What it is given, and what the run then has. */
static void
on_declared(const struct noc_err *mistake, void *arg)
{
	(void)arg;
	fail_msg("%s", mistake->msg);
}

static void
test_what_fits(void **state)
{
	static const struct {
		const char *takes, *given, *has;
	} cases[] = {
		{ INTEGER, "{\"vid\":2}", "{\"vid\":2}" },
		{ INTEGER, "{\"vid\":4094}", "{\"vid\":4094}" },
		{ INTEGER, "{\"vid\":842.0}", "{\"vid\":842}" },
		/* Forms and other programs say everything as text. */
		{ INTEGER, "{\"vid\":\"842\"}", "{\"vid\":842}" },
		{ TYPE("number"), "{\"x\":\"1.5\"}", "{\"x\":1.5}" },
		{ TYPE("number"), "{\"x\":-3}", "{\"x\":-3}" },
		{ TYPE("bool"), "{\"x\":\"false\"}", "{\"x\":false}" },
		{ TYPE("bool"), "{\"x\":true}", "{\"x\":true}" },
		{ TYPE("string"), "{\"x\":842}", "{\"x\":\"842\"}" },
		{ TYPE("string"), "{\"x\":\"\"}", "{\"x\":\"\"}" },
		{ TYPE("strings"), "{\"x\":[]}", "{\"x\":[]}" },
		{ TYPE("strings"), "{\"x\":[\"a\"]}", "{\"x\":[\"a\"]}" },
		{ TYPE("list"), "{\"x\":[1,{}]}", "{\"x\":[1,{}]}" },
		/* A rule file says {} of an empty list. */
		{ "{\"x\":{\"type\":\"list\",\"default\":{}}}", NULL,
		  "{\"x\":[]}" },
		{ TYPE("map"), "{\"x\":{}}", "{\"x\":{}}" },
		{ TYPE("address"), "{\"x\":\"2001:db8::1\"}",
		  "{\"x\":\"2001:db8::1\"}" },
		{ TYPE("cidr"), "{\"x\":\"10.22.14.0/24\"}",
		  "{\"x\":\"10.22.14.0/24\"}" },
		{ TYPE("cidr"), "{\"x\":\"2001:db8::/128\"}",
		  "{\"x\":\"2001:db8::/128\"}" },
		{ TYPE("any"), "{\"x\":null}", "{\"x\":null}" },
		{ "{\"x\":{\"type\":\"string\",\"values\":[\"a\",\"b\"]}}",
		  "{\"x\":\"b\"}", "{\"x\":\"b\"}" },
		{ "{\"x\":{\"node\":\"number\",\"opts\":{\"default\":95}},\"y\":"
		  "{\"type\":\"list\",\"default\":[1]}}",
		  NULL, "{\"x\":95,\"y\":[1]}" },
		{ "{\"x\":{\"node\":\"number\",\"opts\":{\"default\":95}}}",
		  "{\"x\":5}", "{\"x\":5}" },
		/* Nothing said, nothing asked. */
		{ NULL, "{\"x\":5}", "{\"x\":5}" },
		{ "{}", "{}", "{}" },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct noc_value *takes =
		    cases[i].takes ? unit_json(cases[i].takes) : NULL;
		struct noc_value *given =
		    cases[i].given ? unit_json(cases[i].given) : NULL;
		struct noc_err err;
		char *has;

		noc_input_declared(takes, on_declared, NULL);
		if (noc_input_check("f", takes, &given, &err))
			fail_msg("%s: %s", cases[i].given, err.msg);
		has = noc_json_string(given, NOC_JSON_CANONICAL);
		assert_string_equal(has, cases[i].has);
		free(has);
		noc_value_free(given);
		noc_value_free(takes);
	}
}

static void
test_what_does_not(void **state)
{
	static const struct {
		const char *takes, *given, *says;
	} cases[] = {
		{ INTEGER, "{}", "Flow 'f' needs the input 'vid'." },
		{ INTEGER, NULL, "Flow 'f' needs the input 'vid'." },
		{ INTEGER, "{\"vid\":2,\"vdi\":3}",
		  "Flow 'f' has no input 'vdi'; did you mean 'vid'?" },
		{ INTEGER, "{\"vid\":1}",
		  "Input 'vid' of flow 'f' must be a whole number from 2 to "
		  "4094, not 1." },
		{ INTEGER, "{\"vid\":4095}", "not 4095." },
		{ INTEGER, "{\"vid\":\"4095\"}", "not \"4095\"." },
		{ INTEGER, "{\"vid\":\"ten\"}", "not \"ten\"." },
		{ INTEGER, "{\"vid\":\"\"}", "not \"\"." },
		{ INTEGER, "{\"vid\":\"-\"}", "not \"-\"." },
		{ INTEGER, "{\"vid\":\"12-3\"}", "not \"12-3\"." },
		{ INTEGER, "{\"vid\":84.5}", "not 84.5." },
		{ INTEGER, "{\"vid\":true}", "not true." },
		{ INTEGER, "{\"vid\":null}", "not null." },
		{ INTEGER, "{\"vid\":[842]}", "not [842]." },
		{ TYPE("integer"), "{\"x\":\"99999999999999999999\"}",
		  "must be a whole number, not" },
		{ TYPE("number"), "{\"x\":\"nan\"}", "must be a number, not" },
		{ TYPE("number"), "{\"x\":\"0x10\"}", "must be a number, not" },
		{ TYPE("bool"), "{\"x\":1}", "must be true or false, not 1." },
		{ TYPE("string"), "{\"x\":true}", "must be a text, not true." },
		{ TYPE("string"), "{\"x\":[\"a\"]}", "must be a text, not" },
		{ TYPE("strings"), "{\"x\":\"a\"}",
		  "must be a list of texts, not \"a\"." },
		{ TYPE("strings"), "{\"x\":[\"a\",1]}",
		  "must be a list of texts, not [\"a\",1]." },
		{ TYPE("map"), "{\"x\":[]}", "must be a map, not []." },
		{ TYPE("list"), "{\"x\":{}}", "must be a list, not {}." },
		{ TYPE("cidr"), "{\"x\":\"10.0.0.1\"}",
		  "must be a network such as 192.0.2.0/24, not" },
		{ TYPE("cidr"), "{\"x\":\"10.0.0.0/33\"}", "a network" },
		{ TYPE("cidr"), "{\"x\":\"10.0.0.0/\"}", "a network" },
		{ TYPE("cidr"), "{\"x\":\"10.0.0.0/+8\"}", "a network" },
		{ TYPE("address"), "{\"x\":\"10.0.0.0/8\"}", "an address" },
		{ TYPE("address"), "{\"x\":\"10.0.0\"}", "an address" },
		{ "{\"x\":{\"type\":\"string\",\"values\":[\"a\",\"b\"]}}",
		  "{\"x\":\"c\"}", "a text, one of [\"a\",\"b\"], not \"c\"." },
		{ "{\"x\":{\"node\":\"number\",\"opts\":{\"min\":5}}}",
		  "{\"x\":4}", "a number of at least 5, not 4." },
		{ "{\"x\":{\"node\":\"number\",\"opts\":{\"max\":5}}}",
		  "{\"x\":5.5}", "a number of at most 5, not 5.5." },
		{ "{\"password\":\"list\"}", "{\"password\":\"sesame\"}",
		  "not (redacted)." },
		{ INTEGER, "[]", "The input of a flow is a map" },
		/* All at once. */
		{ "{\"a\":\"string\",\"b\":\"bool\",\"c\":\"integer\"}",
		  "{\"b\":3,\"c\":\"x\",\"zz\":1}",
		  "Flow 'f' needs the input 'a'. Flow 'f' has no input 'zz'. "
		  "Input 'b' of flow 'f' must be true or false, not 3. Input "
		  "'c' of flow 'f' must be a whole number, not \"x\"." },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct noc_value *takes = unit_json(cases[i].takes);
		struct noc_value *given =
		    cases[i].given ? unit_json(cases[i].given) : NULL;
		struct noc_err err = { NOC_OK, "" };

		if (noc_input_check("f", takes, &given, &err) != NOC_EINPUT)
			fail_msg("taken: %s", cases[i].given);
		if (!strstr(err.msg, cases[i].says))
			fail_msg("want \"%s\" in: %s", cases[i].says, err.msg);
		noc_value_free(given);
		noc_value_free(takes);
	}
}

static void
test_deep_input_is_refused(void **state)
{
	struct noc_value *given = noc_value_map(), *v = given;
	struct noc_err err;

	(void)state;
	for (int i = 0; i < NOC_JSON_DEPTH_HELD_MAX + 1; i++) {
		struct noc_value *in = noc_value_map();

		noc_value_set(v, "x", in);
		v = in;
	}
	assert_int_equal(noc_input_check("f", NULL, &given, &err), NOC_EINPUT);
	assert_non_null(strstr(err.msg, "nested deeper than 40 levels"));
	noc_value_free(given);
}

/* What stands in braces is known when it runs. */
static void
test_a_call_is_checked_when_it_is_loaded(void **state)
{
	struct noc_value *takes = unit_json(INTEGER), *given;
	struct noc_err err;

	(void)state;
	given = unit_json("{\"vid\":\"{item.vid}\"}");
	assert_int_equal(noc_input_check_call("f", takes, given, &err), 0);
	noc_value_free(given);
	given = unit_json("{\"vid\":\"ten\"}");
	assert_int_equal(noc_input_check_call("f", takes, given, &err),
			 NOC_ECONFIG);
	assert_int_equal(err.kind, NOC_ECONFIG);
	noc_value_free(given);
	given = unit_json("{}");
	assert_int_equal(noc_input_check_call("f", takes, given, &err),
			 NOC_ECONFIG);
	noc_value_free(given);
	noc_value_free(takes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_fits),
		cmocka_unit_test(test_what_does_not),
		cmocka_unit_test(test_deep_input_is_refused),
		cmocka_unit_test(test_a_call_is_checked_when_it_is_loaded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
