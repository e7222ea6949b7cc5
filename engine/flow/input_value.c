/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/flow/input_private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/redact.h"
#include "base/suggest.h"
#include "engine/lang/ast.h"

static const char *const input_types[] = {
	"string", "integer", "number",	"bool", "strings",
	"list",	  "map",     "address", "cidr", "any",
};

/* ---- the declaration ---- */

/* A word, a node integer { ... }, or { type = word, ... }. */
const char *
input_word(const struct noc_value *v, const struct noc_value **opts)
{
	const char *node = noc_ast_node(v);

	*opts = NULL;
	if (v->type == NOC_STR)
		return v->u.s.p;
	*opts = noc_ast_opts(v);
	if (node && strcmp(node, "table"))
		return node;
	return noc_value_get_str(*opts, "type", NULL);
}

int
input_read(const char *name, const struct noc_value *v, struct input *in,
	   struct noc_err *err)
{
	const char *word = input_word(v, &in->opts), *meant;

	for (size_t i = 0; word && i < NOC_COUNT(input_types); i++)
		if (!strcmp(input_types[i], word)) {
			in->type = (enum input_type)i;
			return 0;
		}
	if (word && !strcmp(word, "function"))
		return noc_err_set(
		    err, NOC_ECONFIG,
		    "the type of input '%s' stands in quotes, or "
		    "has a table behind it: \"integer\", integer "
		    "{ ... }.",
		    name);
	meant = word ? noc_suggest(word, input_types, NOC_COUNT(input_types))
		     : NULL;
	return noc_err_set(err, NOC_ECONFIG,
			   "input '%s' is of no known type%s%.40s%s%s%s%s: "
			   "string, integer, number, bool, strings, list, map, "
			   "address, cidr or any.",
			   name, word ? " ('" : "", word ? word : "",
			   word ? "')" : "", meant ? "; did you mean '" : "",
			   meant ? meant : "", meant ? "'?" : "");
}

/* ---- one value ---- */

static bool
whole_number(const struct noc_value *v, int64_t *n)
{
	char *end;

	if (v->type == NOC_INT) {
		*n = v->u.i;
		return true;
	}
	if (v->type == NOC_REAL && v->u.d == floor(v->u.d) &&
	    fabs(v->u.d) < 9e15) {
		*n = (int64_t)v->u.d;
		return true;
	}
	if (v->type != NOC_STR || !v->u.s.len || v->u.s.len > 19 ||
	    strspn(v->u.s.p, "-0123456789") != v->u.s.len)
		return false;
	errno = 0;
	*n = strtoll(v->u.s.p, &end, 10);
	return !errno && !*end && end[-1] != '-';
}

bool
input_number(const struct noc_value *v, double *x)
{
	int64_t n;
	char *end;

	if (v->type == NOC_REAL) {
		*x = v->u.d;
		return isfinite(*x);
	}
	if (whole_number(v, &n)) {
		*x = (double)n;
		return true;
	}
	if (v->type != NOC_STR || !v->u.s.len || v->u.s.len > 40 ||
	    strspn(v->u.s.p, "+-.0123456789eE") != v->u.s.len)
		return false;
	*x = strtod(v->u.s.p, &end);
	return !*end && isfinite(*x);
}

static bool
is_address(const char *text, bool prefix)
{
	const char *slash = strchr(text, '/');
	unsigned char bytes[16];
	char host[64];
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	unsigned long bits;
	char *end;
	bool v4;

	if (len >= sizeof(host) || (slash != NULL) != prefix)
		return false;
	memcpy(host, text, len);
	host[len] = '\0';
	v4 = inet_pton(AF_INET, host, bytes) == 1;
	if (!v4 && inet_pton(AF_INET6, host, bytes) != 1)
		return false;
	if (!slash)
		return true;
	bits = strtoul(slash + 1, &end, 10);
	return slash[1] >= '0' && slash[1] <= '9' && !*end && end - slash < 5 &&
	       bits <= (v4 ? 32 : 128);
}

static bool
all_texts(const struct noc_value *v)
{
	if (v->type != NOC_LIST)
		return false;
	for (size_t i = 0; i < v->u.list.len; i++)
		if (v->u.list.at[i]->type != NOC_STR)
			return false;
	return true;
}

static bool
number_within(const struct input *in, double x)
{
	const struct noc_value *min = noc_value_get(in->opts, "min");
	const struct noc_value *max = noc_value_get(in->opts, "max");
	double bound;

	return (!min || (input_number(min, &bound) && x >= bound)) &&
	       (!max || (input_number(max, &bound) && x <= bound));
}

/* Is it of the type?  *as: what it becomes, or NULL when it stays. */
bool
input_is(const struct input *in, const struct noc_value *v,
	 struct noc_value **as)
{
	struct noc_strbuf text = NOC_STRBUF_INIT;
	int64_t n;
	double x;

	*as = NULL;
	switch (in->type) {
	case INPUT_STRING:
		if (v->type == NOC_INT || v->type == NOC_REAL) {
			noc_value_text(v, &text);
			*as = noc_value_strn(text.p, text.len);
			noc_strbuf_release(&text);
			return true;
		}
		return v->type == NOC_STR;
	case INPUT_INTEGER:
		if (!whole_number(v, &n) || !number_within(in, (double)n))
			return false;
		if (v->type != NOC_INT)
			*as = noc_value_int(n);
		return true;
	case INPUT_NUMBER:
		if (!input_number(v, &x) || !number_within(in, x))
			return false;
		if (v->type == NOC_STR)
			*as = whole_number(v, &n) ? noc_value_int(n)
						  : noc_value_real(x);
		return true;
	case INPUT_BOOL:
		if (noc_value_is_str(v, "true") || noc_value_is_str(v, "false"))
			*as = noc_value_bool(*v->u.s.p == 't');
		return v->type == NOC_BOOL || *as;
	case INPUT_STRINGS:
		return all_texts(v);
	case INPUT_LIST:
		return v->type == NOC_LIST;
	case INPUT_MAP:
		return v->type == NOC_MAP;
	case INPUT_ADDRESS:
	case INPUT_CIDR:
		return v->type == NOC_STR && strlen(v->u.s.p) == v->u.s.len &&
		       is_address(v->u.s.p, in->type == INPUT_CIDR);
	case INPUT_ANY:
		return true;
	}
	return false;
}

bool
input_among(const struct input *in, const struct noc_value *v)
{
	const struct noc_value *values =
	    noc_ast_items(noc_value_get(in->opts, "values"));

	for (size_t i = 0; i < noc_value_len(values); i++)
		if (noc_value_eq(noc_value_at(values, i), v))
			return true;
	return !values;
}

/* ---- in words ---- */

void
input_describe(const struct input *in, struct noc_strbuf *out)
{
	static const char *const words[] = {
		[INPUT_STRING] = "a text",
		[INPUT_INTEGER] = "a whole number",
		[INPUT_NUMBER] = "a number",
		[INPUT_BOOL] = "true or false",
		[INPUT_STRINGS] = "a list of texts",
		[INPUT_LIST] = "a list",
		[INPUT_MAP] = "a map",
		[INPUT_ADDRESS] = "an address such as 192.0.2.1",
		[INPUT_CIDR] = "a network such as 192.0.2.0/24",
		[INPUT_ANY] = "anything",
	};
	const struct noc_value *min = noc_value_get(in->opts, "min");
	const struct noc_value *max = noc_value_get(in->opts, "max");
	const struct noc_value *values = noc_value_get(in->opts, "values");

	noc_strbuf_adds(out, words[in->type]);
	if (min) {
		noc_strbuf_adds(out, max ? " from " : " of at least ");
		noc_value_text(min, out);
	}
	if (max) {
		noc_strbuf_adds(out, min ? " to " : " of at most ");
		noc_value_text(max, out);
	}
	if (values) {
		noc_strbuf_adds(out, ", one of ");
		noc_json_write(noc_ast_items(values), NOC_JSON_CANONICAL, out);
	}
}

/* "hello" or [1,2,... */
void
input_describe_given(const char *name, const struct noc_value *v,
		     struct noc_strbuf *out)
{
	char *text = noc_redact_name(name)
			 ? noc_strdup("(redacted)")
			 : noc_json_string(v, NOC_JSON_CANONICAL);
	size_t len = strlen(text);

	noc_strbuf_add_escaped(out, text, len < 80 ? len : 80);
	if (len > 80)
		noc_strbuf_adds(out, "...");
	free(text);
}
