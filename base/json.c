/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "base/json.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/mem.h"
#include "base/number.h"
#include "base/utf8.h"

/*
 * One pass over the text before jansson sees it.  It counts the depth, so
 * that hostile nesting never reaches a recursive parser, and it notes what
 * jansson would refuse although the text is JSON: integers past 64 bits, which
 * are made reals, and NUL within a key, which becomes U+FFFD since keys are
 * C strings.  It need not be right about malformed text: jansson judges.
 */
struct scan {
	const char *p;
	size_t len, at;
	uint64_t maps;		   /* bit d: level d is an object */
	unsigned depth, depth_max; /* at most 63: bits of maps */
	bool key;		   /* the next string is a key */
	struct noc_strbuf copy;	   /* used once something was changed */
	size_t copied;		   /* p[0..copied) is in copy */
	size_t *grown;		   /* offsets in copy where ".0" was added */
	size_t ngrown, grown_cap;
};

static void
scan_copy(struct scan *s, size_t upto)
{
	noc_strbuf_add(&s->copy, s->p + s->copied, upto - s->copied);
	s->copied = upto;
}

static void
scan_string(struct scan *s)
{
	for (s->at++; s->at < s->len && s->p[s->at] != '"'; s->at++) {
		if (s->p[s->at] != '\\')
			continue;
		s->at++;
		if (s->key && s->len - s->at >= 5 &&
		    !memcmp(s->p + s->at, "u0000", 5)) {
			scan_copy(s, s->at);
			noc_strbuf_adds(&s->copy, "ufffd");
			s->copied = s->at += 5;
			s->at--;
		}
	}
	if (s->at < s->len)
		s->at++;
	s->key = false;
}

static bool
integer_fits(const char *p, size_t len)
{
	static const char most[] = "9223372036854775807";
	bool minus = p[0] == '-';
	int order;

	p += minus;
	len -= minus;
	if (len != sizeof(most) - 1)
		return len < sizeof(most) - 1;
	order = memcmp(p, most, len);
	return order <= 0 || (minus && !memcmp(p, "9223372036854775808", len));
}

static void
scan_number(struct scan *s)
{
	size_t from = s->at;
	bool whole = true;

	for (; s->at < s->len; s->at++) {
		char c = s->p[s->at];

		if (c == '.' || c == 'e' || c == 'E' || c == '+')
			whole = false;
		else if (c != '-' && (c < '0' || c > '9'))
			break;
	}
	if (!whole || integer_fits(s->p + from, s->at - from))
		return;
	scan_copy(s, s->at);
	NOC_GROW(s->grown, s->grown_cap, s->ngrown + 1);
	s->grown[s->ngrown++] = s->copy.len;
	noc_strbuf_adds(&s->copy, ".0");
}

static int
scan_run(struct scan *s, struct noc_err *err)
{
	const char *nul = memchr(s->p, '\0', s->len);

	/* jansson takes one after a number for the end of the text. */
	if (nul)
		return noc_err_set(err, NOC_EINPUT,
				   "The text is not JSON at byte %zu: a NUL "
				   "byte.",
				   (size_t)(nul - s->p) + 1);
	while (s->at < s->len) {
		char c = s->p[s->at];

		if (c == '"') {
			scan_string(s);
			continue;
		}
		if (c == '-' || (c >= '0' && c <= '9')) {
			scan_number(s);
			continue;
		}
		if (c == '[' || c == '{') {
			if (++s->depth > s->depth_max)
				return noc_err_set(
				    err, NOC_EINPUT,
				    "The JSON text is nested deeper than %d "
				    "levels at byte %zu.",
				    (int)s->depth_max, s->at + 1);
			s->maps &= ~(1ULL << s->depth);
			s->maps |= (uint64_t)(c == '{') << s->depth;
			s->key = c == '{';
		} else if ((c == ']' || c == '}') && s->depth) {
			s->depth--;
		} else if (c == ',') {
			s->key = s->maps >> s->depth & 1;
		}
		s->at++;
	}
	return 0;
}

static struct noc_value *value_of(const json_t *j);

static struct noc_value *
map_of(const json_t *j)
{
	struct noc_value *v = noc_value_map();
	/* Iterating does not change the object, whatever the prototype. */
	json_t *o = (json_t *)(uintptr_t)j;
	size_t n = json_object_size(j);

	if (!n)
		return v;
	noc_value_reserve(v, n);
	for (void *it = json_object_iter(o); it;
	     it = json_object_iter_next(o, it)) {
		/* jansson refused duplicates: noc_value_set's search would
		 * only make large objects quadratic. */
		struct noc_member *m = &v->u.map.at[v->u.map.len++];

		m->key = noc_strdup(json_object_iter_key(it));
		m->value = value_of(json_object_iter_value(it));
	}
	return v;
}

static struct noc_value *
value_of(const json_t *j)
{
	struct noc_value *v;

	switch (json_typeof(j)) {
	case JSON_OBJECT:
		return map_of(j);
	case JSON_ARRAY:
		v = noc_value_list();
		noc_value_reserve(v, json_array_size(j));
		for (size_t i = 0; i < json_array_size(j); i++)
			noc_value_push(v, value_of(json_array_get(j, i)));
		return v;
	case JSON_STRING:
		return noc_value_strn(json_string_value(j),
				      json_string_length(j));
	case JSON_INTEGER:
		return noc_value_int(json_integer_value(j));
	case JSON_REAL:
		return noc_value_real(json_real_value(j));
	case JSON_TRUE:
		return noc_value_bool(true);
	case JSON_FALSE:
		return noc_value_bool(false);
	case JSON_NULL:
		break;
	}
	return noc_value_nil();
}

/* The byte of the caller's text that jansson means by `position`. */
static size_t
scan_position(const struct scan *s, int position)
{
	size_t at = position > 0 ? (size_t)position : 0, shift = 0;

	for (size_t i = 0; i < s->ngrown && s->grown[i] < at; i++)
		shift += 2;
	return at > shift ? at - shift : 0;
}

static int
json_parse(const char *p, size_t len, unsigned depth_max,
	   struct noc_value **out, struct noc_err *err)
{
	struct scan s = { .p = len ? p : "",
			  .len = len,
			  .depth_max = depth_max };
	json_error_t why;
	json_t *j = NULL;
	int rc = scan_run(&s, err);

	if (rc)
		goto out;
	if (s.copied)
		scan_copy(&s, len);
	j = json_loadb(
	    s.copied ? s.copy.p : s.p, s.copied ? s.copy.len : len,
	    JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &why);
	if (!j) {
		rc = noc_err_set(err, NOC_EINPUT,
				 "The text is not JSON at byte %zu: %s.",
				 scan_position(&s, why.position), why.text);
		goto out;
	}
	*out = value_of(j);
out:
	json_decref(j);
	noc_strbuf_release(&s.copy);
	free(s.grown);
	return rc;
}

int
noc_json_parse(const char *p, size_t len, struct noc_value **out,
	       struct noc_err *err)
{
	return json_parse(p, len, NOC_JSON_DEPTH_MAX, out, err);
}

int
noc_json_parse_own(const char *p, size_t len, struct noc_value **out,
		   struct noc_err *err)
{
	return json_parse(p, len, NOC_JSON_DEPTH_OWN_MAX, out, err);
}

/* How many bytes say themselves. */
static size_t
plain_run(const char *p, size_t len)
{
	size_t i = 0;

	while (i < len && p[i] >= ' ' && p[i] < 0x7f && p[i] != '"' &&
	       p[i] != '\\')
		i++;
	return i;
}

static void
write_escape(uint32_t cp, struct noc_strbuf *out)
{
	if (cp > 0xffff) {
		cp -= 0x10000;
		noc_strbuf_addf(out, "\\u%04x",
				(unsigned)(0xd800 + (cp >> 10)));
		cp = 0xdc00 + (cp & 0x3ff);
	}
	noc_strbuf_addf(out, "\\u%04x", (unsigned)cp);
}

static void
write_str(const char *p, size_t len, bool hides, struct noc_strbuf *out)
{
	size_t plain = 0; /* p[plain..i) awaits copying as it is */
	size_t i = plain_run(p, len);

	if (i == len) { /* nearly all */
		char *to = noc_strbuf_room(out, len + 2);

		*to++ = '"';
		if (len)
			memcpy(to, p, len);
		to[len] = '"';
		noc_strbuf_grew(out, len + 2);
		return;
	}
	noc_strbuf_addc(out, '"');
	while (i < len) {
		uint32_t cp;
		const char *shorthand;
		size_t n = plain_run(p + i, len - i);

		if (n) {
			i += n;
			continue;
		}
		n = noc_utf8_decode(p + i, len - i, &cp);
		if (n && cp != '"' && cp != '\\' && !noc_utf8_steers(cp) &&
		    !(hides && noc_utf8_hides(cp))) {
			i += n;
			continue;
		}
		noc_strbuf_add(out, p + plain, i - plain);
		shorthand = n && cp && cp < 0x80
				? strchr("\"\"\\\\\nn\rr\tt\bb\ff", (int)cp)
				: NULL;
		if (!n) {
			noc_strbuf_adds(out, "\xef\xbf\xbd");
		} else if (shorthand) {
			noc_strbuf_addc(out, '\\');
			noc_strbuf_addc(out, shorthand[1]);
		} else {
			write_escape(cp, out);
		}
		i += n ? n : 1;
		plain = i;
	}
	noc_strbuf_add(out, p + plain, len - plain);
	noc_strbuf_addc(out, '"');
}

void
noc_json_write_str(const char *p, size_t len, struct noc_strbuf *out)
{
	write_str(p, len, false, out);
}

static void
write_real(double d, struct noc_strbuf *out)
{
	char text[NOC_NUMBER_TEXT];

	if (!isfinite(d)) { /* JSON has no word for these */
		noc_strbuf_adds(out, "null");
		return;
	}
	noc_strbuf_adds(out, noc_number_format(text, d));
	if (!strpbrk(text, ".e"))
		noc_strbuf_adds(out, ".0"); /* reads back as a real */
}

static void
write_break(enum noc_json_style style, int depth, struct noc_strbuf *out)
{
	if (style != NOC_JSON_PRETTY)
		return;
	noc_strbuf_addc(out, '\n');
	for (int i = 0; i < depth; i++)
		noc_strbuf_adds(out, "  ");
}

static int
member_order(const void *a, const void *b)
{
	const struct noc_member *const *x = a, *const *y = b;

	return strcmp((*x)->key, (*y)->key);
}

static void write_value(const struct noc_value *v, enum noc_json_style style,
			int depth, struct noc_strbuf *out);

static void
write_map(const struct noc_value *v, enum noc_json_style style, int depth,
	  struct noc_strbuf *out)
{
	size_t n = v->u.map.len;
	const struct noc_member **sorted = NULL;

	if (style == NOC_JSON_CANONICAL && n > 1) {
		sorted = noc_calloc(n, sizeof(*sorted));
		for (size_t i = 0; i < n; i++)
			sorted[i] = &v->u.map.at[i];
		qsort(sorted, n, sizeof(*sorted), member_order);
	}
	noc_strbuf_addc(out, '{');
	for (size_t i = 0; i < n; i++) {
		const struct noc_member *m =
		    sorted ? sorted[i] : &v->u.map.at[i];

		if (i)
			noc_strbuf_addc(out, ',');
		write_break(style, depth + 1, out);
		write_str(m->key, strlen(m->key), style != NOC_JSON_CANONICAL,
			  out);
		noc_strbuf_adds(out, style == NOC_JSON_PRETTY ? ": " : ":");
		write_value(m->value, style, depth + 1, out);
	}
	if (n)
		write_break(style, depth, out);
	noc_strbuf_addc(out, '}');
	free(sorted);
}

static void
write_list(const struct noc_value *v, enum noc_json_style style, int depth,
	   struct noc_strbuf *out)
{
	noc_strbuf_addc(out, '[');
	for (size_t i = 0; i < v->u.list.len; i++) {
		if (i)
			noc_strbuf_addc(out, ',');
		write_break(style, depth + 1, out);
		write_value(v->u.list.at[i], style, depth + 1, out);
	}
	if (v->u.list.len)
		write_break(style, depth, out);
	noc_strbuf_addc(out, ']');
}

static void
write_value(const struct noc_value *v, enum noc_json_style style, int depth,
	    struct noc_strbuf *out)
{
	if (!v) {
		noc_strbuf_adds(out, "null");
		return;
	}
	switch (v->type) {
	case NOC_NIL:
		noc_strbuf_adds(out, "null");
		break;
	case NOC_BOOL:
		noc_strbuf_adds(out, v->u.b ? "true" : "false");
		break;
	case NOC_INT:
		noc_strbuf_addi(out, v->u.i);
		break;
	case NOC_REAL:
		write_real(v->u.d, out);
		break;
	case NOC_STR:
		write_str(v->u.s.p, v->u.s.len, style != NOC_JSON_CANONICAL,
			  out);
		break;
	case NOC_LIST:
	case NOC_MAP:
		if (NOC_FAILS(depth < NOC_JSON_DEPTH_OWN_MAX))
			noc_strbuf_adds(out, "null");
		else if (v->type == NOC_LIST)
			write_list(v, style, depth, out);
		else
			write_map(v, style, depth, out);
		break;
	}
}

void
noc_json_write(const struct noc_value *v, enum noc_json_style style,
	       struct noc_strbuf *out)
{
	write_value(v, style, 0, out);
}

char *
noc_json_string(const struct noc_value *v, enum noc_json_style style)
{
	struct noc_strbuf out = NOC_STRBUF_INIT;

	noc_json_write(v, style, &out);
	return noc_strbuf_detach(&out, NULL);
}
