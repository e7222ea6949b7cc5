/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "proto/cloudevents.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "base/utf8.h"

#define ATTRIBUTES_MAX 64 /* of one event */
#define NAME_MAX_BYTES 64

static const char structured_type[] = "application/cloudevents+json";
static const char batch_type[] = "application/cloudevents-batch+json";

/* "type/sub; charset=x" against "type/sub". */
static bool
media_is(const char *content_type, const char *want)
{
	size_t n = strlen(want);

	if (!content_type || strncasecmp(content_type, want, n))
		return false;
	content_type += n;
	return !*content_type || strchr("; \t", *content_type);
}

/* application/json, text/json and anything "+json". */
static bool
media_is_json(const char *content_type)
{
	size_t n;

	if (!content_type)
		return true; /* CloudEvents 1.0, JSON format §3.1 */
	n = strcspn(content_type, "; \t");
	if (n > 5 && !strncasecmp(content_type + n - 5, "+json", 5))
		return true;
	return media_is(content_type, "application/json") ||
	       media_is(content_type, "text/json");
}

/* --- what every mode checks --- */

static int
event_fail(struct noc_err *err, size_t i, const char *name, const char *what)
{
	return noc_err_set(err, NOC_EINPUT,
			   "CloudEvent %zu: the attribute %s %s.", i + 1, name,
			   what);
}

/* A value that an attribute may have (CloudEvents 1.0 §2.3). */
static int
event_check_value(const char *key, const struct noc_value *v, size_t i,
		  struct noc_err *err)
{
	static const char *const strings[] = {
		"id",	"source",     "type",	   "specversion",    "subject",
		"time", "dataschema", "schemaurl", "datacontenttype"
	};
	int64_t ns;

	for (const char *c = key; *c; c++)
		if (!islower((unsigned char)*c) && !isdigit((unsigned char)*c))
			return noc_err_set(err, NOC_EINPUT,
					   "CloudEvent %zu: the name of an "
					   "attribute holds something else "
					   "than a-z and 0-9.",
					   i + 1);
	if (v->type == NOC_LIST || v->type == NOC_MAP)
		return event_fail(err, i, key, "is no simple value");
	for (size_t k = 0; k < NOC_COUNT(strings); k++) {
		if (strcmp(key, strings[k]))
			continue;
		if (v->type != NOC_STR || !v->u.s.len)
			return event_fail(err, i, key,
					  "is no string or is empty");
		if (strlen(v->u.s.p) != v->u.s.len)
			return event_fail(err, i, key, "holds a NUL");
	}
	if (!strcmp(key, "time") && noc_time_parse(v->u.s.p, v->u.s.len, &ns))
		return event_fail(err, i, key, "is no RFC 3339 time");
	return 0;
}

/* Drops null attributes, checks the others and what must be there. */
static int
event_check(struct noc_value *event, size_t i, struct noc_err *err)
{
	static const char *const required[] = { "specversion", "id", "source",
						"type" };
	int rc;

	for (size_t k = 0; k < event->u.map.len;) {
		struct noc_member *m = &event->u.map.at[k];

		if (!strcmp(m->key, "data") || !strcmp(m->key, "data_base64")) {
			k++;
			continue;
		}
		if (strlen(m->key) > NAME_MAX_BYTES || k > ATTRIBUTES_MAX)
			return noc_err_set(err, NOC_EINPUT,
					   "CloudEvent %zu: an attribute name "
					   "is longer than %d bytes, or there "
					   "are more than %d.",
					   i + 1, NAME_MAX_BYTES,
					   ATTRIBUTES_MAX);
		if (m->value->type == NOC_NIL) {
			noc_value_unset(event, m->key);
			continue;
		}
		rc = event_check_value(m->key, m->value, i, err);
		if (rc)
			return rc;
		k++;
	}
	for (size_t k = 0; k < NOC_COUNT(required); k++)
		if (!noc_value_get(event, required[k]))
			return event_fail(err, i, required[k], "is missing");
	if (!noc_value_is_str(noc_value_get(event, "specversion"), "1.0") &&
	    !noc_value_is_str(noc_value_get(event, "specversion"), "0.3"))
		return event_fail(err, i, "specversion",
				  "is neither 1.0 nor 0.3");
	return 0;
}

/* --- data --- */

/* Bytes of the type said: JSON is read, text stays text, the rest base64. */
static int
data_set_bytes(struct noc_value *event, const char *content_type,
	       struct noc_slice bytes, struct noc_err *err)
{
	struct noc_value *v;
	char *text;
	int rc;

	if (media_is_json(content_type)) {
		rc = noc_json_parse(bytes.p, bytes.len, &v,
				    content_type ? err : NULL);
		if (!rc) {
			noc_value_set(event, "data", v);
			return 0;
		}
		if (content_type) {
			noc_err_prefix(err, "The data of the CloudEvent");
			return rc;
		}
	}
	if (noc_utf8_valid(bytes.p, bytes.len)) {
		noc_value_set(event, "data",
			      noc_value_strn(bytes.p, bytes.len));
	} else {
		text = noc_malloc(4 * ((bytes.len + 2) / 3) + 1);
		noc_base64(text, bytes.p, bytes.len);
		noc_value_set(event, "data_base64", noc_value_str(text));
		free(text);
	}
	return 0;
}

/* data_base64 of 1.0; data with datacontentencoding of 0.3. */
static int
data_decode(struct noc_value *event, const char *key, size_t i,
	    struct noc_err *err)
{
	struct noc_value *text = noc_value_get(event, key);
	uint8_t *bytes;
	size_t len;
	int rc;

	if (text->type != NOC_STR)
		return event_fail(err, i, key, "is no string");
	bytes = noc_malloc(3 * (text->u.s.len / 4) + 3);
	rc = noc_unbase64(text->u.s.p, text->u.s.len, bytes, &len);
	if (rc) {
		free(bytes);
		return event_fail(err, i, key, "is no base64");
	}
	noc_value_unset(event, key);
	rc = len ? data_set_bytes(
		       event, noc_value_get_str(event, "datacontenttype", NULL),
		       noc_slice((const char *)bytes, len), err)
		 : 0;
	free(bytes);
	return rc;
}

static int
data_normalise(struct noc_value *event, size_t i, struct noc_err *err)
{
	struct noc_value *encoding, *schema;

	if (noc_value_get(event, "data") && noc_value_get(event, "data_base64"))
		return event_fail(err, i, "data", "stands beside data_base64");
	if (noc_value_get(event, "data_base64"))
		return data_decode(event, "data_base64", i, err);
	if (!noc_value_is_str(noc_value_get(event, "specversion"), "0.3"))
		return 0;
	schema = noc_value_get(event, "schemaurl");
	if (schema) {
		noc_value_set(event, "dataschema", noc_value_copy(schema));
		noc_value_unset(event, "schemaurl");
	}
	encoding = noc_value_get(event, "datacontentencoding");
	if (!encoding)
		return 0;
	if (!noc_value_is_str(encoding, "base64") &&
	    !noc_value_is_str(encoding, "Base64"))
		return event_fail(err, i, "datacontentencoding",
				  "is not \"base64\"");
	noc_value_unset(event, "datacontentencoding");
	return noc_value_get(event, "data") ? data_decode(event, "data", i, err)
					    : 0;
}

/* --- structured and batched --- */

static int
read_json(struct noc_slice body, bool batch, struct noc_value **list,
	  struct noc_err *err)
{
	struct noc_value *v, *all = NULL;
	int rc = noc_json_parse(body.len ? body.p : "", body.len, &v, err);

	if (rc)
		return rc;
	if (!batch) {
		all = noc_value_list();
		noc_value_push(all, v);
	} else if (v->type == NOC_LIST) {
		all = v;
	} else {
		noc_value_free(v);
		return noc_err_set(err, NOC_EINPUT,
				   "A batch of CloudEvents must be a JSON "
				   "array.");
	}
	for (size_t i = 0; i < noc_value_len(all) && !rc; i++) {
		struct noc_value *event = noc_value_at(all, i);

		if (event->type != NOC_MAP)
			rc = noc_err_set(err, NOC_EINPUT,
					 "CloudEvent %zu is no JSON object.",
					 i + 1);
		else if (!(rc = event_check(event, i, err)))
			rc = data_normalise(event, i, err);
	}
	if (rc)
		noc_value_free(all);
	else
		*list = all;
	return rc;
}

/* --- binary --- */

/* HTTP binding §3.1.3.2: a quoted string is unquoted, then one round of %XX. */
static struct noc_value *
header_decode(struct noc_slice s)
{
	char *buf = noc_malloc(s.len + 1);
	bool quoted = s.len > 1 && s.p[0] == '"' && s.p[s.len - 1] == '"';
	struct noc_value *v = NULL;
	size_t n = 0, end = quoted ? s.len - 1 : s.len;

	for (size_t i = quoted; i < end; i++) {
		char c = s.p[i];

		if (quoted && c == '\\' && i + 1 < end)
			c = s.p[++i];
		buf[n++] = c;
	}
	end = n;
	n = 0;
	for (size_t i = 0; i < end; i++) {
		uint8_t byte;
		size_t one = 1;

		if (buf[i] == '%' && i + 2 < end &&
		    noc_unhex(buf + i + 1, 2, &byte, &one) == 0) {
			buf[n++] = (char)byte;
			i += 2;
		} else {
			buf[n++] = buf[i];
		}
	}
	if (noc_utf8_valid(buf, n))
		v = noc_value_strn(buf, n);
	free(buf);
	return v;
}

static int
header_set(struct noc_value *event, const char *name, struct noc_slice value,
	   struct noc_err *err)
{
	struct noc_value *v;

	/* These come by other ways; 0.3 had no say in HTTP about encoding. */
	if (!strcmp(name, "data") || !strcmp(name, "datacontenttype") ||
	    !strcmp(name, "datacontentencoding"))
		return 0;
	v = header_decode(value);
	if (!v)
		return event_fail(err, 0, name, "is no UTF-8");
	noc_value_set(event, name, v);
	return 0;
}

/* The attributes are set; adds the body and checks. */
static int
binary_finish(struct noc_value *event, const char *content_type,
	      struct noc_slice body, struct noc_value **list,
	      struct noc_err *err)
{
	int rc;

	if (content_type && *content_type)
		noc_value_set(event, "datacontenttype",
			      noc_value_str(content_type));
	rc = event_check(event, 0, err);
	if (!rc && body.len)
		rc = data_set_bytes(event, content_type, body, err);
	if (!rc)
		rc = data_normalise(event, 0, err);
	if (rc)
		return rc;
	*list = noc_value_list();
	noc_value_push(*list, event);
	return 0;
}

static int
not_an_event(struct noc_err *err)
{
	return noc_err_set(err, NOC_EINPUT,
			   "This is no CloudEvent: the Content-Type is neither "
			   "%s nor %s and there is no ce-specversion header.",
			   structured_type, batch_type);
}

int
noc_cloudevents_read(const char *content_type, struct noc_slice body,
		     const struct noc_cloudevents_header *headers,
		     size_t nheaders, struct noc_value **list,
		     struct noc_err *err)
{
	struct noc_value *event;
	bool binary = false;
	int rc = 0;

	if (media_is(content_type, batch_type))
		return read_json(body, true, list, err);
	if (media_is(content_type, structured_type))
		return read_json(body, false, list, err);
	event = noc_value_map();
	for (size_t i = 0; i < nheaders && !rc; i++) {
		struct noc_slice name = headers[i].name;
		char key[NAME_MAX_BYTES + 1];
		size_t n = name.len - 3;

		if (name.len < 4 || strncasecmp(name.p, "ce-", 3))
			continue;
		if (n > NAME_MAX_BYTES || noc_value_len(event) > ATTRIBUTES_MAX)
			rc = noc_err_set(err, NOC_EINPUT,
					 "The CloudEvent has more than %d "
					 "attributes, or the name of one is "
					 "longer than %d bytes.",
					 ATTRIBUTES_MAX, NAME_MAX_BYTES);
		for (size_t k = 0; k < n && !rc; k++)
			key[k] = (char)tolower((unsigned char)name.p[3 + k]);
		if (rc)
			break;
		key[n] = '\0';
		binary |= !strcmp(key, "specversion");
		if (noc_value_get(event, key))
			rc = event_fail(err, 0, key, "stands there twice");
		else
			rc = header_set(event, key, headers[i].value, err);
	}
	if (!rc && (!binary || (content_type &&
				!strncasecmp(content_type,
					     "application/cloudevents", 23))))
		rc = not_an_event(err);
	if (!rc)
		rc = binary_finish(event, content_type, body, list, err);
	if (rc)
		noc_value_free(event);
	return rc;
}
