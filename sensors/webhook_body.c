/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "sensors/webhook_body.h"

#include <string.h>
#include <strings.h>

#include "base/hex.h"
#include "base/json.h"
#include "base/utf8.h"

/* Fields of one form. */
#define FORM_FIELDS_MAX 256

static bool
body_type_is(const char *type, const char *want)
{
	size_t len = strlen(want);

	return !strncasecmp(type, want, len) &&
	       (!type[len] || type[len] == ';' || type[len] == ' ');
}

static bool
body_type_json(const char *type)
{
	size_t len = strcspn(type, "; ");

	return body_type_is(type, "application/json") ||
	       (len > 5 && !strncasecmp(type + len - 5, "+json", 5));
}

static void
form_decode(const char *p, size_t len, struct noc_strbuf *out)
{
	noc_strbuf_clear(out);
	for (size_t i = 0; i < len; i++) {
		uint8_t byte;
		size_t one = 1;

		if (p[i] == '%' && i + 2 < len &&
		    noc_unhex(p + i + 1, 2, &byte, &one) == 0) {
			noc_strbuf_addc(out, (char)byte);
			i += 2;
		} else {
			noc_strbuf_addc(out, p[i] == '+' ? ' ' : p[i]);
		}
	}
}

static int
body_form(struct noc_slice body, struct noc_value **out, struct noc_err *err)
{
	struct noc_strbuf name = NOC_STRBUF_INIT, text = NOC_STRBUF_INIT;
	struct noc_value *map = noc_value_map();
	const struct noc_value *payload;
	const char *p = body.p, *end = body.p + body.len;
	int r = 0;

	for (int n = 0; p < end; n++) {
		const char *amp = memchr(p, '&', (size_t)(end - p));
		const char *stop = amp ? amp : end;
		const char *eq = memchr(p, '=', (size_t)(stop - p));

		if (n == FORM_FIELDS_MAX) {
			r = noc_err_set(err, NOC_EINPUT,
					"The form has more than %d fields.",
					FORM_FIELDS_MAX);
			noc_value_free(map);
			goto out;
		}
		form_decode(p, (size_t)((eq ? eq : stop) - p), &name);
		form_decode(eq ? eq + 1 : stop,
			    eq ? (size_t)(stop - eq - 1) : 0, &text);
		if (name.len)
			noc_value_set(
			    map, name.p,
			    noc_value_strn(text.p ? text.p : "", text.len));
		p = stop + 1;
	}
	payload = noc_value_get(map, "payload");
	if (payload && payload->type == NOC_STR) {
		r = noc_json_parse(payload->u.s.p, payload->u.s.len, out, err);
		noc_value_free(map);
	} else {
		*out = map;
	}
out:
	noc_strbuf_release(&name);
	noc_strbuf_release(&text);
	return r;
}

int
noc_webhook_body(const char *type, struct noc_slice body,
		 struct noc_value **out, struct noc_err *err)
{
	size_t skip = 0;

	if (!type)
		type = "";
	if (body_type_is(type, "application/x-www-form-urlencoded") && body.len)
		return body_form(body, out, err);
	while (skip < body.len && strchr(" \t\r\n", body.p[skip]))
		skip++;
	/* "[ERROR] disk full" is said to be text, and is. */
	if (body_type_json(type) ||
	    (skip < body.len && (body.p[skip] == '{' || body.p[skip] == '['))) {
		int r = noc_json_parse(body.p, body.len, out, err);

		if (!r || !body_type_is(type, "text/plain") ||
		    body.p[skip] != '[')
			return r;
	}
	if (!noc_utf8_valid(body.p, body.len))
		return noc_err_set(err, NOC_EINPUT,
				   "The body is neither JSON nor UTF-8 text.");
	*out = noc_value_strn(body.p ? body.p : "", body.len);
	return 0;
}
