/* SPDX-License-Identifier: ISC */
/* What lets somebody in is known by its name, and nothing else is taken. */
#include "config.h"

#include "tests/unit/unit.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/redact.h"

static void
names(void **state)
{
	static const char *const secret[] = {
		"authorization",
		"Proxy-Authorization",
		"cookie",
		"Set-Cookie",
		"X-Api-Key",
		"api-key",
		"apikey",
		"Ocp-Apim-Subscription-Key",
		"x-functions-key",
		"X-Auth-Token",
		"X-Gitlab-Token",
		"x-vault-token",
		"X-Amz-Security-Token",
		"access_token",
		"accessToken",
		"private_token",
		"X-Hub-Signature-256",
		"Stripe-Signature",
		"webhook-signature",
		"client_secret",
		"X-Auth",
		"PGPASSWORD_PASSWORD",
		"password",
		"passphrase",
		"snmpCommunity",
		"x-jwt-assertion",
		"X-Amz-Credential",
	};
	static const char *const plain[] = {
		"",
		"host",
		"content-type",
		"user-agent",
		"idempotency-key",
		"Idempotency-Key",
		"dedup_key",
		"x-github-delivery",
		"x-github-event",
		"webhook-id",
		"webhook-timestamp",
		"x-forwarded-for",
		"accept-encoding",
		"key",
		"auth",
		"author",
		"keys",
		"monkey",
		"ifName.7",
		"tokenizer",
		"x-design",
		"-",
		"---",
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(secret); i++)
		if (!noc_redact_name(secret[i]))
			fail_msg("%s is shown", secret[i]);
	for (size_t i = 0; i < NOC_COUNT(plain); i++)
		if (noc_redact_name(plain[i]))
			fail_msg("%s is not shown", plain[i]);
}

/* Whatever somebody sends as a name. */
static void
long_names(void **state)
{
	char name[4096];

	(void)state;
	memset(name, '-', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	assert_false(noc_redact_name(name));
	for (size_t i = 0; i + 1 < sizeof(name); i += 2)
		name[i] = 'x';
	assert_false(noc_redact_name(name));
	memset(name, 'a', sizeof(name) - 1);
	assert_false(noc_redact_name(name));
}

static void
urls(void **state)
{
	static const struct {
		const char *url, *want;
	} cases[] = {
		{ "https://h/x", "https://h/x" },
		{ "https://u:p@h:1/x", "https://(redacted)@h:1/x" },
		{ "https://u:p@q@h/x", "https://(redacted)@h/x" },
		{ "https://h/a@b", "https://h/a@b" },
		{ "https://h?token=abc", "https://h?token=(redacted)" },
		{ "https://h/x?a=1&api_key=K&b=2#f",
		  "https://h/x?a=1&api_key=(redacted)&b=2#f" },
		{ "https://h/x?token", "https://h/x?token" },
		{ "https://h/x?a=1&&sig=x&",
		  "https://h/x?a=1&&sig=(redacted)&" },
		{ "https://h/x?=token", "https://h/x?=token" },
		{ "https://h/x#?token=f", "https://h/x#?token=f" },
		{ "u:p@h", "u:p@h" },
		{ "smtp://u:p@h", "smtp://(redacted)@h" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct noc_strbuf sb = NOC_STRBUF_INIT;

		noc_redact_url(cases[i].url, &sb);
		assert_string_equal(sb.p ? sb.p : "", cases[i].want);
		noc_strbuf_release(&sb);
	}
}

static void
values(void **state)
{
	static const char in[] =
	    "{\"node\":\"http.post\",\"opts\":{\"url\":\"https://u:p@h/"
	    "?token=t\",\"header\":{\"X-Api-Key\":\"k\",\"X-Plain\":\"v\"},"
	    "\"auth\":{\"node\":\"secret\",\"name\":\"am\"},"
	    "\"json\":{\"key\":\"sw1\",\"list\":[{\"password\":\"p\"},7,null]}"
	    "}}";
	static const char want[] =
	    "{\"node\":\"http.post\",\"opts\":{\"auth\":{\"name\":\"am\","
	    "\"node\":\"secret\"},\"header\":{\"X-Api-Key\":\"(redacted)\","
	    "\"X-Plain\":\"v\"},\"json\":{\"key\":\"sw1\",\"list\":[{"
	    "\"password\":\"(redacted)\"},7,null]},\"url\":"
	    "\"https://(redacted)@h/?token=(redacted)\"}}";
	struct noc_value *v, *copy;
	struct noc_err err;
	char *text;

	(void)state;
	assert_int_equal(noc_json_parse(in, strlen(in), &v, &err), 0);
	copy = noc_redact_value(v);
	text = noc_json_string(copy, NOC_JSON_CANONICAL);
	assert_string_equal(text, want);
	free(text);
	noc_value_free(copy);
	/* The one it was made of is what goes out. */
	assert_true(
	    noc_value_is_str(noc_value_path(v, "opts.header.X-Api-Key"), "k"));
	noc_value_free(v);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(long_names),
		cmocka_unit_test(urls),
		cmocka_unit_test(values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
