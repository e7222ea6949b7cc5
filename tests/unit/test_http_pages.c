/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/unit.h"

#include "actions/http_pages.h"
#include "base/json.h"
#include "base/mem.h"

/* An answer that is one page of several. */

static struct noc_value *
json(const char *text)
{
	struct noc_value *v;
	struct noc_err err;

	if (noc_json_parse(text, strlen(text), &v, &err))
		fail_msg("%s: %s", text, err.msg);
	return v;
}

static struct noc_value *
pages(void)
{
	return json("{\"node\":\"table\",\"items\":[\"body.results\"],"
		    "\"opts\":{\"next\":\"body.next\"}}");
}

/* Where the next one is said to be does not decide who is asked. */
static void
test_next(void **state)
{
	static const struct {
		const char *url, *next, *want; /* NULL: there is none */
	} cases[] = {
		{ "https://h/a?p=1", "\"https://h/a?p=2\"", "https://h/a?p=2" },
		{ "https://h:8/a", "\"http://evil/a?p=2\"",
		  "https://h:8/a?p=2" },
		{ "https://h/a", "\"/b/c?p=2\"", "https://h/b/c?p=2" },
		{ "https://h/a", "\"https://evil\"", "https://h/" },
		{ "https://h/a", "\"https://evil?x=1\"", "https://h/?x=1" },
		{ "https://h/a", "\"@evil/x\"", "https://h/@evil/x" },
		{ "https://h/a", "\"//evil/x\"", "https://h//evil/x" },
		{ "https://h/a", "null", NULL },
		{ "https://h/a", "\"\"", NULL },
		{ "https://h/a", "7", NULL },
		{ "https://h/a", "\"/x\\u0000y\"", NULL },
	};
	struct noc_value *p = pages();

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		char *text =
		    noc_asprintf("{\"body\":{\"next\":%s}}", cases[i].next);
		struct noc_value *page = json(text);
		struct noc_strbuf out = NOC_STRBUF_INIT;

		assert_int_equal(noc_pages_next(p, page, cases[i].url, &out),
				 cases[i].want != NULL);
		if (cases[i].want)
			assert_string_equal(out.p, cases[i].want);
		noc_strbuf_release(&out);
		noc_value_free(page);
		free(text);
	}
	noc_value_free(p);
}

static void
test_add(void **state)
{
	struct noc_value *p = pages(), *bad = json("{\"body\":\"<html>\"}");
	struct noc_value *whole = json("{\"body\":{\"results\":[1,2]}}");
	struct noc_value *more = json("{\"body\":{\"results\":[3]}}");
	struct noc_value *list;
	struct noc_err err;
	char *got;

	(void)state;
	assert_int_equal(noc_pages_add(p, whole, whole, &err), 0);
	assert_int_equal(noc_pages_add(p, whole, more, &err), 0);
	assert_int_equal(noc_pages_add(p, whole, bad, &err), NOC_EREMOTE);
	assert_int_equal(noc_pages_add(p, bad, bad, &err), NOC_EREMOTE);
	assert_non_null(strstr(err.msg, "has no list"));
	got = noc_json_string(whole, NOC_JSON_CANONICAL);
	assert_string_equal(got, "{\"body\":{\"results\":[1,2,3]}}");
	free(got);
	list = noc_value_path(whole, "body.results");
	while (noc_value_len(list) < NOC_PAGES_ITEMS_MAX - 1)
		noc_value_push(list, noc_value_int(0));
	assert_int_equal(noc_pages_add(p, whole, more, &err), 0);
	assert_int_equal(noc_pages_add(p, whole, more, &err), NOC_EREMOTE);
	assert_non_null(strstr(err.msg, "more than 10000 items"));
	noc_value_free(whole);
	noc_value_free(more);
	noc_value_free(bad);
	noc_value_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_next),
		cmocka_unit_test(test_add),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
