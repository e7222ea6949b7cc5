/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "proto/cloudevents.h"

#include <stdbool.h>
#include <strings.h>

#include "tests/unit/unit.h"

#include "base/json.h"
#include "base/mem.h"

#define HEADERS_MAX 16

struct request {
	const char *content_type;
	struct noc_cloudevents_header headers[HEADERS_MAX];
	size_t n;
};

static void
request_add(struct request *rq, const char *name, const char *value)
{
	if (!strcasecmp(name, "content-type")) {
		rq->content_type = value;
		return;
	}
	assert_true(rq->n < HEADERS_MAX);
	rq->headers[rq->n++] =
	    (struct noc_cloudevents_header){ noc_slice_str(name),
					     noc_slice_str(value) };
}

static int
read_request(struct request *rq, struct noc_slice body, struct noc_value **list,
	     struct noc_err *err)
{
	*list = NULL;
	return noc_cloudevents_read(rq->content_type, body, rq->headers, rq->n,
				    list, err);
}

/* Maps are compared without regard to the order of their keys. */
static void
same_value(const char *id, const struct noc_value *a, const struct noc_value *b)
{
	char *ta = noc_json_string(a, NOC_JSON_CANONICAL);
	char *tb = noc_json_string(b, NOC_JSON_CANONICAL);

	if (strcmp(ta, tb))
		fail_msg("%s: %s is not %s", id, ta, tb);
	free(ta);
	free(tb);
}

static void
test_conformance(void **state)
{
	char *text =
	    unit_read(unit_data("webhooks/cloudevents/http.jsonl"), NULL);
	int n = 0;

	(void)state;
	for (char *p = text, *nl; (nl = strchr(p, '\n')); p = nl + 1, n++) {
		struct noc_value *row, *list, *hs;
		struct request rq = { .n = 0 };
		struct noc_err err;
		const char *id, *body;

		assert_int_equal(
		    noc_json_parse(p, (size_t)(nl - p), &row, &err), 0);
		id = noc_value_get_str(row, "id", "?");
		body = noc_value_get_str(row, "body", "");
		hs = noc_value_get(row, "headers");
		for (size_t i = 0; i < noc_value_len(hs); i++)
			request_add(&rq, hs->u.map.at[i].key,
				    hs->u.map.at[i].value->u.s.p);
		if (read_request(&rq, noc_slice_str(body), &list, &err))
			fail_msg("%s: %s", id, err.msg);
		assert_int_equal(noc_value_len(list), 1);
		same_value(id, noc_value_at(list, 0),
			   noc_value_get(row, "expected"));
		noc_value_free(list);
		noc_value_free(row);
	}
	free(text);
	assert_int_equal(n, 32);
}

/* --- structured --- */

static int
read_json(const char *content_type, const char *body, struct noc_value **list,
	  struct noc_err *err)
{
	struct request rq = { .content_type = content_type };

	return read_request(&rq, noc_slice_str(body), list, err);
}

#define EVENT "\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\""
#define TYPE  ",\"type\":\"t\""

static void
test_refused(void **state)
{
	/* The body, and the word of the reason. */
	static const char *const bad[][2] = {
		{ "", "byte" },
		{ "[]", "object" },
		{ "{" EVENT "}", "type is missing" },
		{ "{\"id\":\"1\",\"source\":\"s\"" TYPE "}", "specversion" },
		{ "{\"specversion\":\"1.0\",\"source\":\"s\"" TYPE "}", "id" },
		{ "{\"specversion\":\"1.0\",\"id\":\"1\"" TYPE "}", "source" },
		{ "{\"specversion\":\"2.0\",\"id\":\"1\",\"source\":\"s\"" TYPE
		  "}",
		  "neither" },
		{ "{\"specversion\":1.0,\"id\":\"1\",\"source\":\"s\"" TYPE "}",
		  "specversion" },
		{ "{\"specversion\":\"1.0\",\"id\":\"\",\"source\":\"s\"" TYPE
		  "}",
		  "id" },
		{ "{\"specversion\":\"1.0\",\"id\":7,\"source\":\"s\"" TYPE "}",
		  "id" },
		{ "{" EVENT TYPE ",\"id\":\"2\"}", "byte" },
		{ "{" EVENT TYPE ",\"time\":\"yesterday\"}", "time" },
		{ "{" EVENT TYPE ",\"Subject\":\"x\"}", "a-z" },
		{ "{" EVENT TYPE ",\"ext\":{}}", "ext" },
		{ "{" EVENT TYPE ",\"subject\":\"\"}", "subject" },
		{ "{" EVENT TYPE ",\"data_base64\":\"?\"}", "base64" },
		{ "{" EVENT TYPE ",\"data_base64\":7}", "data_base64" },
		{ "{" EVENT TYPE ",\"data_base64\":\"AA==\",\"data\":1}",
		  "beside" },
		{ "{" EVENT TYPE ",\"datacontenttype\":\"application/json\","
		  "\"data_base64\":\"ew==\"}",
		  "data" },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(bad); i++) {
		struct noc_value *list;
		struct noc_err err = { .msg = "" };
		int rc = read_json("application/cloudevents+json", bad[i][0],
				   &list, &err);

		if (rc != NOC_EINPUT || !strstr(err.msg, bad[i][1]))
			fail_msg("%s: %d %s", bad[i][0], rc, err.msg);
		assert_null(list);
	}
}

static struct noc_value *
one(const char *body)
{
	struct noc_value *list, *event;
	struct noc_err err;

	if (read_json("Application/CloudEvents+JSON", body, &list, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(noc_value_len(list), 1);
	event = noc_value_copy(noc_value_at(list, 0));
	noc_value_free(list);
	return event;
}

static void
test_data(void **state)
{
	struct noc_value *e;

	(void)state;
	/* base64 of JSON, of text, of neither. */
	e = one("{" EVENT TYPE ",\"data_base64\":\"eyJhIjoxfQ==\"}");
	assert_int_equal(noc_value_get_int(noc_value_get(e, "data"), "a", 0),
			 1);
	noc_value_free(e);
	e = one("{" EVENT TYPE ",\"datacontenttype\":\"text/plain\","
		"\"data_base64\":\"aGk=\"}");
	assert_string_equal(noc_value_get_str(e, "data", ""), "hi");
	assert_null(noc_value_get(e, "data_base64"));
	noc_value_free(e);
	e = one("{" EVENT TYPE ",\"datacontenttype\":\"image/x\","
		"\"data_base64\":\"/wA=\"}");
	assert_string_equal(noc_value_get_str(e, "data_base64", ""), "/wA=");
	assert_null(noc_value_get(e, "data"));
	noc_value_free(e);
	/* Extensions keep their type; null is absent. */
	e = one("{" EVENT TYPE ",\"n\":5,\"b\":true,\"x\":null}");
	assert_int_equal(noc_value_get_int(e, "n", 0), 5);
	assert_true(noc_value_get_bool(e, "b", false));
	assert_null(noc_value_get(e, "x"));
	noc_value_free(e);
}

static void
test_version_03(void **state)
{
	struct noc_value *e =
	    one("{\"specversion\":\"0.3\",\"id\":\"1\",\"source\":\"s\"" TYPE
		",\"schemaurl\":\"u\",\"datacontentencoding\":\"base64\","
		"\"datacontenttype\":\"text/plain\",\"data\":\"aGk=\"}");

	(void)state;
	assert_string_equal(noc_value_get_str(e, "data", ""), "hi");
	assert_string_equal(noc_value_get_str(e, "dataschema", ""), "u");
	assert_null(noc_value_get(e, "schemaurl"));
	assert_null(noc_value_get(e, "datacontentencoding"));
	noc_value_free(e);
}

static void
test_batch(void **state)
{
	static const char type[] = "application/cloudevents-batch+json";
	struct noc_value *list;
	struct noc_err err;

	(void)state;
	assert_int_equal(read_json(type, "[]", &list, &err), 0);
	assert_int_equal(noc_value_len(list), 0);
	noc_value_free(list);
	assert_int_equal(
	    read_json(type, "[{" EVENT TYPE "},{" EVENT TYPE ",\"data\":[1]}]",
		      &list, &err),
	    0);
	assert_int_equal(noc_value_len(list), 2);
	assert_int_equal(
	    noc_value_len(noc_value_get(noc_value_at(list, 1), "data")), 1);
	noc_value_free(list);
	/* All or nothing, and the sender hears which one. */
	assert_int_equal(
	    read_json(type, "[{" EVENT TYPE "},{" EVENT "}]", &list, &err),
	    NOC_EINPUT);
	assert_null(list);
	assert_non_null(strstr(err.msg, "CloudEvent 2"));
	assert_int_equal(read_json(type, "{" EVENT TYPE "}", &list, &err),
			 NOC_EINPUT);
	assert_int_equal(read_json(type, "[7]", &list, &err), NOC_EINPUT);
}

/* --- binary --- */

static struct request
binary(void)
{
	struct request rq = { .n = 0 };

	request_add(&rq, "CE-SpecVersion", "1.0");
	request_add(&rq, "ce-id", "1");
	request_add(&rq, "ce-source", "s");
	request_add(&rq, "ce-type", "t");
	return rq;
}

static void
test_header_values(void **state)
{
	/* HTTP binding 1.0, §3.1.3.2. */
	static const char *const values[][2] = {
		{ "Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀" },
		{ "\"quoted \\\"%41\\\"\"", "quoted \"A\"" },
		{ "100%", "100%" },
		{ "%4", "%4" },
		{ "%zz%41", "%zzA" },
		{ "%2541", "%41" }, /* one round only */
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(values); i++) {
		struct request rq = binary();
		struct noc_value *list;
		struct noc_err err;

		request_add(&rq, "ce-subject", values[i][0]);
		assert_int_equal(
		    read_request(&rq, noc_slice(NULL, 0), &list, &err), 0);
		assert_string_equal(
		    noc_value_get_str(noc_value_at(list, 0), "subject", ""),
		    values[i][1]);
		assert_null(noc_value_get(noc_value_at(list, 0), "data"));
		noc_value_free(list);
	}
}

static void
binary_refused(const char *name, const char *value, const char *body,
	       const char *word)
{
	struct request rq = binary();
	struct noc_value *list;
	struct noc_err err;

	request_add(&rq, name, value);
	assert_int_equal(read_request(&rq, noc_slice_str(body), &list, &err),
			 NOC_EINPUT);
	assert_null(list);
	assert_non_null(strstr(err.msg, word));
}

static void
test_binary_refused(void **state)
{
	struct request rq = binary();
	struct noc_value *list;
	struct noc_err err;

	(void)state;
	binary_refused("ce-subject", "%FF", "", "UTF-8");
	binary_refused("ce-subject", "a%00b", "", "NUL");
	binary_refused("ce-time", "now", "", "time");
	binary_refused("Content-Type", "application/json", "{", "data");
	binary_refused("Content-Type", "application/cloudevents+xml", "<a/>",
		       "no CloudEvent");
	/* Twice the same attribute: which one was meant? */
	request_add(&rq, "ce-id", "2");
	assert_int_equal(read_request(&rq, noc_slice(NULL, 0), &list, &err),
			 NOC_EINPUT);
	rq = binary();
	rq.n--;
	assert_int_equal(read_request(&rq, noc_slice(NULL, 0), &list, &err),
			 NOC_EINPUT);
	assert_non_null(strstr(err.msg, "type is missing"));
	/* A plain webhook is none, and says so. */
	rq.n = 0;
	rq.content_type = "application/json";
	assert_int_equal(read_request(&rq, noc_slice_str("{}"), &list, &err),
			 NOC_EINPUT);
	assert_non_null(strstr(err.msg, "no CloudEvent"));
}

/* Without a Content-Type JSON is read as JSON and the rest kept. */
static void
test_untyped_body(void **state)
{
	struct request rq = binary();
	struct noc_value *list;
	struct noc_err err;

	(void)state;
	assert_int_equal(
	    read_request(&rq, noc_slice_str("{\"a\":1}"), &list, &err), 0);
	assert_int_equal(
	    noc_value_get_int(noc_value_get(noc_value_at(list, 0), "data"), "a",
			      0),
	    1);
	noc_value_free(list);
	assert_int_equal(
	    read_request(&rq, noc_slice("\xff\x00", 2), &list, &err), 0);
	assert_string_equal(
	    noc_value_get_str(noc_value_at(list, 0), "data_base64", ""),
	    "/wA=");
	noc_value_free(list);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conformance),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_data),
		cmocka_unit_test(test_version_03),
		cmocka_unit_test(test_batch),
		cmocka_unit_test(test_header_values),
		cmocka_unit_test(test_binary_refused),
		cmocka_unit_test(test_untyped_body),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
