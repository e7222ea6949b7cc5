/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/unit.h"

#include "base/json.h"
#include "base/mem.h"
#include "engine/expr/url.h"

/* What an event may and may not choose of a URL. */

static struct noc_event event = {
	.kind = "link.down",
	.base = "link.down",
	.trust = NOC_TRUST_HIGH,
};
static const struct noc_scope scope = { .ev = &event };

static void
says(const char *user)
{
	noc_value_free(event.data);
	event.data = noc_value_map();
	noc_value_set(event.data, "user", noc_value_str(user));
}

/* NULL: refused. */
static char *
expand(const char *text, bool *chosen, struct noc_err *err)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	struct noc_template *t;
	int rc;

	assert_int_equal(noc_template_parse(text, strlen(text), &t, err), 0);
	rc = noc_url_expand(t, &scope, NOC_MISSING_FAIL, &sb, chosen, err);
	noc_template_free(t);
	if (!rc)
		return noc_strbuf_detach(&sb, NULL);
	noc_strbuf_release(&sb);
	return NULL;
}

static void
test_url(void **state)
{
	static const struct {
		const char *text, *user, *want; /* NULL: refused */
		bool chosen;
	} cases[] = {
		{ "http://h/a/{user}/b", "joe", "http://h/a/joe/b", false },
		{ "http://h/a/{user}", "admin/wipe?confirm=yes#",
		  "http://h/a/admin%2Fwipe%3Fconfirm%3Dyes%23", false },
		{ "http://h/{user}", "../x", "http://h/..%2Fx", false },
		{ "http://h/{user}", "..", NULL, false },
		{ "http://h/{user}/x", ".", NULL, false },
		{ "http://h/{user}", "...", NULL, false },
		{ "http://h/{user}", "a.b", "http://h/a.b", false },
		{ "http://h?q={user}", "a&b=c+d e",
		  "http://h?q=a%26b%3Dc%2Bd%20e", false },
		{ "http://h/{user}", "\xc3\xa9\x01", "http://h/%C3%A9%01",
		  false },
		{ "http://h/#{user}", "x y", "http://h/#x%20y", false },
		{ "http://{user}.example/", "evil", NULL, false },
		{ "http://{user}/", "evil", NULL, false },
		{ "http://h{user}/", ":81", NULL, false },
		{ "http://h:{user}/", "81", NULL, false },
		{ "{user}://h/", "ftp", NULL, false },
		{ "{user}", "http://evil/", NULL, false },
		{ "http:{user}", "//evil/", NULL, false },
		{ "http://x@{user}/", "evil", NULL, false },
		{ "http://{user:raw}/a", "h", "http://h/a", true },
		{ "{user:raw}", "http://evil/x", "http://evil/x", true },
		{ "http://h/{user:raw}", "a/b?c", "http://h/a/b?c", false },
		{ "http://h{user:raw}/", "", "http://h/", true },
		{ "http://h/{user}", "", "http://h/", false },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct noc_err err = { 0 };
		bool chosen = false;
		char *got;

		says(cases[i].user);
		got = expand(cases[i].text, &chosen, &err);
		if (!got != !cases[i].want ||
		    (got && strcmp(got, cases[i].want)))
			fail_msg("%s of '%s': %s (%s)", cases[i].text,
				 cases[i].user, got ? got : "refused", err.msg);
		if (got)
			assert_int_equal(chosen, cases[i].chosen);
		free(got);
	}
}

/* The options of a request, filled in. */
static int
tree(const char *json, struct noc_value **out, struct noc_err *err)
{
	struct noc_value *v, *node = noc_value_map(), *filled;
	int rc;

	assert_int_equal(noc_json_parse(json, strlen(json), &v, err), 0);
	noc_value_set(node, "node", noc_value_str("http.post"));
	noc_value_set(node, "opts", v);
	rc = noc_template_tree(node, &scope, NOC_MISSING_FAIL, &filled, err);
	noc_value_free(node);
	if (rc)
		return rc;
	*out = noc_value_copy(noc_value_get(filled, "opts"));
	noc_value_free(filled);
	return 0;
}

/* What else is called so is what it is: a link in a body, an input. */
static void
test_other_urls(void **state)
{
	struct noc_value *out, *v;
	struct noc_err err;

	(void)state;
	says("https://h/x y");
	event.trust = NOC_TRUST_HIGH;
	assert_int_equal(tree("{\"url\":\"http://h/{user}\",\"json\":{\"url\":"
			      "\"{user}\"}}",
			      &out, &err),
			 0);
	assert_string_equal(
	    noc_value_get_str(noc_value_get(out, "json"), "url", ""),
	    "https://h/x y");
	noc_value_free(out);
	v = noc_value_map();
	noc_value_set(v, "url", noc_value_str("{user}"));
	assert_int_equal(
	    noc_template_tree(v, &scope, NOC_MISSING_FAIL, &out, &err), 0);
	assert_string_equal(noc_value_get_str(out, "url", ""), "https://h/x y");
	noc_value_free(out);
	noc_value_free(v);
	noc_value_free(event.data);
	event.data = NULL;
}

/* Who is not even known fills in nothing of a request with a secret. */
static void
test_low_trust_and_secrets(void **state)
{
	static const char *const carry[] = {
		"\"auth\":{\"node\":\"secret\",\"name\":\"t\"}",
		"\"auth\":{\"node\":\"basic\"}",
		"\"header\":{\"X-Key\":{\"node\":\"secret\",\"name\":\"t\"}}",
		"\"json\":{\"a\":[{\"node\":\"secret\",\"name\":\"t\"}]}",
	};
	struct noc_value *out;
	struct noc_err err;

	(void)state;
	says("joe");
	for (size_t i = 0; i < NOC_COUNT(carry); i++)
		for (int trust = NOC_TRUST_LOW; trust <= NOC_TRUST_HIGH;
		     trust++) {
			char *filled = noc_asprintf(
			    "{\"url\":\"http://h/{user}\",%s}", carry[i]);
			char *fixed = noc_asprintf(
			    "{\"url\":\"http://h/x\",%s}", carry[i]);

			event.trust = (enum noc_trust)trust;
			assert_int_equal(tree(filled, &out, &err) == 0,
					 trust != NOC_TRUST_LOW);
			if (trust != NOC_TRUST_LOW)
				noc_value_free(out);
			else
				assert_non_null(strstr(err.msg, "low trust"));
			assert_int_equal(tree(fixed, &out, &err), 0);
			noc_value_free(out);
			free(filled);
			free(fixed);
		}
	event.trust = NOC_TRUST_LOW;
	assert_int_equal(tree("{\"url\":\"http://h/{user}\"}", &out, &err), 0);
	assert_string_equal(noc_value_get_str(out, "url", ""), "http://h/joe");
	assert_null(noc_value_get(out, NOC_URL_CHOSEN));
	noc_value_free(out);
	assert_int_equal(tree("{\"url\":\"http://{user:raw}/\"}", &out, &err),
			 0);
	assert_true(noc_value_get_bool(out, NOC_URL_CHOSEN, false));
	noc_value_free(out);
	says("");
	noc_value_free(event.data);
	event.data = NULL;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_url),
		cmocka_unit_test(test_low_trust_and_secrets),
		cmocka_unit_test(test_other_urls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
