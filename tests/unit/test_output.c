/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/unit.h"

#include "base/json.h"
#include "base/mem.h"
#include "engine/run/output.h"

/* What a step calls places in its result. */

static struct noc_value *
json(const char *text)
{
	struct noc_value *v;
	struct noc_err err;

	if (noc_json_parse(text, strlen(text), &v, &err))
		fail_msg("%s: %s", text, err.msg);
	return v;
}

static void
test_names(void **state)
{
	static const char result[] =
	    "{\"status\":200,\"body\":{\"id\":7,\"next\":null,\"results\":["
	    "{\"name\":\"a\",\"id\":1,\"at\":{\"x\":\"p\"}},"
	    "{\"name\":\"b\",\"id\":2},{\"id\":3}]}}";
	static const struct {
		const char *names, *want;
	} cases[] = {
		{ "{\"n\":\"body.id\"}", "{\"n\":7}" },
		{ "{\"n\":\"body.results[1].name\"}", "{\"n\":\"b\"}" },
		{ "{\"n\":\"body.results[9].name\"}", "{}" },
		{ "{\"n\":\"body.next\"}", "{}" },
		{ "{\"n\":\"nobody.id\"}", "{}" },
		{ "{\"n\":\"body.results[*].name\"}", "{\"n\":[\"a\",\"b\"]}" },
		{ "{\"n\":\"body.results[*].at.x\"}", "{\"n\":[\"p\"]}" },
		{ "{\"n\":\"body.id[*].name\"}", "{}" },
		{ "{\"n\":\"body.results[name=b].id\"}", "{\"n\":2}" },
		{ "{\"n\":\"body.results[id=1].at.x\"}", "{\"n\":\"p\"}" },
		{ "{\"n\":\"body.results[name=c].id\"}", "{}" },
		{ "{\"n\":\"body[name=b].id\"}", "{}" },
		{ "{\"n\":\"body.results[name=\"}", "{}" },
		{ "{\"n\":{\"node\":\"table\",\"items\":[\"body.results\"],"
		  "\"opts\":{\"who\":\"name\",\"x\":\"at.x\"}}}",
		  "{\"n\":[{\"who\":\"a\",\"x\":\"p\"},{\"who\":\"b\"},{}]}" },
		{ "{\"n\":{\"node\":\"table\",\"items\":[\"body.id\"],"
		  "\"opts\":{\"who\":\"name\"}}}",
		  "{}" },
		{ "{\"n\":false,\"m\":\"status\"}", "{\"m\":200}" },
		{ "{\"n\":5}", "{}" },
	};
	struct noc_value *r = json(result);

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct noc_value *names = json(cases[i].names);
		struct noc_value *into = noc_value_map();
		char *got;

		noc_output_name(names, r, into);
		got = noc_json_string(into, NOC_JSON_CANONICAL);
		assert_string_equal(got, cases[i].want);
		free(got);
		noc_value_free(into);
		noc_value_free(names);
	}
	noc_value_free(r);
}

/* Into the result itself, of which a part is not kept. */
static void
test_kept(void **state)
{
	struct noc_value *r = json("{\"status\":200,\"body\":{\"id\":7}}");
	struct noc_value *names =
	    json("{\"body\":false,\"id\":\"body.id\",\"status\":true}");
	char *got;

	(void)state;
	noc_output_name(names, r, r);
	noc_output_drop(names, r);
	got = noc_json_string(r, NOC_JSON_CANONICAL);
	assert_string_equal(got, "{\"id\":7,\"status\":200}");
	free(got);
	noc_output_name(NULL, r, r);
	noc_output_drop(NULL, r);
	noc_value_free(r);
	noc_value_free(names);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
