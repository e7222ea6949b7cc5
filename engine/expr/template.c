/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/expr/template.h"

#include <ctype.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "engine/event/datum.h"
#include "engine/event/field.h"
#include "engine/expr/listing.h"

#define TEMPLATE_PARTS_MAX 256

enum format {
	FORMAT_PLAIN,
	FORMAT_UPPER,
	FORMAT_LOWER,
	FORMAT_JSON,
	FORMAT_HEX,
	FORMAT_INT,
	FORMAT_TRIM,
	FORMAT_RAW,
	FORMAT_KEYS,
	FORMAT_TABLE,
	FORMAT_FIRST
};

static const char *const format_names[] = { "",	    "upper", "lower", "json",
					    "hex",  "int",   "trim",  "raw",
					    "keys", "table" };

struct part {
	bool path;
	enum format format;
	unsigned first;		/* FORMAT_FIRST: so many of a list */
	struct noc_slice at;	/* literal text, or the path */
	struct noc_field field; /* resolved; path NULL: a run's own name */
};

struct noc_template {
	char *source;
	char *literals; /* with "{{" and "}}" undone */
	struct part *parts;
	size_t nparts;
};

static atomic_ulong template_missing;

unsigned long
noc_template_missing(void)
{
	return atomic_load(&template_missing);
}

/* ---- parsing ---- */

static bool
path_char(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("_.-[]*/@$", c));
}

static int
parse_format(struct part *part, const char *p, size_t len, struct noc_err *err)
{
	size_t digits = 0;

	for (size_t i = 1; i < NOC_COUNT(format_names); i++)
		if (strlen(format_names[i]) == len &&
		    !memcmp(format_names[i], p, len)) {
			part->format = (enum format)i;
			return 0;
		}
	while (digits < len && isdigit((unsigned char)p[digits]))
		digits++;
	if (digits && digits == len && len <= 4) {
		part->format = FORMAT_FIRST;
		part->first = (unsigned)strtoul(p, NULL, 10);
		return 0;
	}
	return noc_err_set(err, NOC_EINPUT,
			   "unknown format '%.*s' in a template; there are "
			   "upper, lower, json, hex, int, trim, raw, "
			   "keys, table and a number.",
			   (int)(len < 40 ? len : 40), p);
}

/* Of what language is it, that has braces of its own? */
static const char *
brace_of(const char *p, const char *end)
{
	const char *at = p;

	while (at < end && (isalnum((unsigned char)*at) || *at == '_'))
		at++;
	if (at > p && at < end && strchr("=!", *at))
		return "as PromQL has it";
	if (p < end && (*p == '%' || *p == '#'))
		return "as Jinja has it";
	while (p < end && isspace((unsigned char)*p))
		p++;
	return p < end && strchr("\"'[", *p) ? "as JSON has it" : NULL;
}

/* text[*pos] is just past a '{'. */
static int
parse_path(const char *text, size_t len, size_t *pos, struct part *part,
	   struct noc_err *err)
{
	size_t start = *pos, end = start, stop;

	while (end < len && path_char(text[end]))
		end++;
	stop = end;
	if (stop < len && text[stop] == ':')
		while (stop < len && text[stop] != '}')
			stop++;
	if (end == start || stop >= len || text[stop] != '}' ||
	    end - start > 200) {
		const char *of = brace_of(text + start, text + len);

		return noc_err_set(err, NOC_EINPUT,
				   "'{' at byte %zu of the template '%.80s' "
				   "does not open a {path}; write '{{' for a "
				   "brace%s%s%s.",
				   start, text, of ? " " : "", of ? of : "",
				   of ? ", and '}}' for the other" : "");
	}
	part->path = true;
	part->at = noc_slice(text + start, end - start);
	if (noc_scope_is_own(part->at.p, part->at.len) ||
	    noc_field_resolve(part->at.p, part->at.len, NULL, &part->field,
			      NULL))
		part->field.path = NULL;
	*pos = stop + 1;
	if (stop == end)
		return 0;
	return parse_format(part, text + end + 1, stop - end - 1, err);
}

static struct part *
template_add(struct noc_template *t, size_t *cap)
{
	NOC_GROW(t->parts, *cap, t->nparts + 1);
	memset(&t->parts[t->nparts], 0, sizeof(*t->parts));
	return &t->parts[t->nparts++];
}

static int
template_scan(struct noc_template *t, size_t len, struct noc_err *err)
{
	const char *text = t->source;
	char *lit = t->literals;
	struct part *run = NULL; /* the literal being gathered */
	size_t cap = 0, pos = 0;
	int rc;

	while (pos < len) {
		char c = text[pos];

		if (t->nparts > TEMPLATE_PARTS_MAX)
			return noc_err_set(err, NOC_EINPUT,
					   "a template has more than %d parts.",
					   TEMPLATE_PARTS_MAX);
		if ((c == '{' || c == '}') && pos + 1 < len &&
		    text[pos + 1] == c) {
			pos++;
		} else if (c == '}') {
			return noc_err_set(err, NOC_EINPUT,
					   "'}' at byte %zu of the template "
					   "'%.80s' closes nothing; write '}}' "
					   "for a brace.",
					   pos, text);
		} else if (c == '{') {
			pos++;
			rc = parse_path(text, len, &pos, template_add(t, &cap),
					err);
			if (rc)
				return rc;
			run = NULL;
			continue;
		}
		if (!run) {
			run = template_add(t, &cap);
			run->at = noc_slice(lit, 0);
		}
		*lit++ = c;
		run->at.len++;
		pos++;
	}
	return 0;
}

int
noc_template_parse(const char *text, size_t len, struct noc_template **out,
		   struct noc_err *err)
{
	struct noc_template *t = noc_calloc(1, sizeof(*t));
	int rc;

	t->source = noc_strndup(text, len);
	t->literals = noc_malloc(len + 1);
	rc = template_scan(t, len, err);
	if (rc)
		noc_template_free(t);
	else
		*out = t;
	return rc;
}

void
noc_template_free(struct noc_template *t)
{
	if (!t)
		return;
	free(t->source);
	free(t->literals);
	free(t->parts);
	free(t);
}

const char *
noc_template_source(const struct noc_template *t)
{
	return t->source;
}

bool
noc_template_is_literal(const struct noc_template *t)
{
	for (size_t i = 0; i < t->nparts; i++)
		if (t->parts[i].path)
			return false;
	return true;
}

void
noc_template_paths(const struct noc_template *t,
		   void (*fn)(const char *path, size_t len, void *arg),
		   void *arg)
{
	for (size_t i = 0; i < t->nparts; i++)
		if (t->parts[i].path)
			fn(t->parts[i].at.p, t->parts[i].at.len, arg);
}

/* ---- expanding ---- */

static void
part_get(const struct part *part, const struct noc_scope *scope,
	 struct noc_datum *out)
{
	if (part->field.path)
		noc_scope_read(scope, &part->field, out);
	else
		noc_scope_get(scope, part->at.p, part->at.len, out);
}

static void
format_case(const struct noc_datum *d, bool upper, struct noc_strbuf *out)
{
	size_t at = out->len;

	noc_datum_text(d, out);
	for (; at < out->len; at++) {
		char c = out->p[at];

		if (upper && c >= 'a' && c <= 'z')
			out->p[at] = (char)(c - 32);
		else if (!upper && c >= 'A' && c <= 'Z')
			out->p[at] = (char)(c + 32);
	}
}

static void
format_hex(const struct noc_datum *d, struct noc_strbuf *out)
{
	if (d->type == NOC_INT)
		noc_strbuf_addf(out, "%llx", (unsigned long long)d->i);
	else if (d->type == NOC_STR)
		noc_strbuf_add_hex(out, d->s.p, d->s.len);
	else
		noc_datum_text(d, out);
}

/* A field that has a number behind its name (severity) gives the number. */
static void
format_int(const struct noc_datum *d, struct noc_strbuf *out)
{
	struct noc_strbuf text = NOC_STRBUF_INIT;
	long long n = d->i;

	if (d->type == NOC_REAL) {
		if (d->d > -9.2e18 && d->d < 9.2e18)
			n = (long long)d->d;
	} else if (d->type == NOC_BOOL) {
		n = d->b;
	} else if (d->type == NOC_STR && !d->i && d->s.len) {
		noc_strbuf_add(&text, d->s.p, d->s.len);
		n = strtoll(text.p, NULL, 10);
		noc_strbuf_release(&text);
	}
	noc_strbuf_addf(out, "%lld", n);
}

static void
format_trim(const struct noc_datum *d, struct noc_strbuf *out)
{
	struct noc_slice s = d->s;

	if (d->type != NOC_STR) {
		noc_datum_text(d, out);
		return;
	}
	while (s.len && isspace((unsigned char)s.p[0])) {
		s.p++;
		s.len--;
	}
	while (s.len && isspace((unsigned char)s.p[s.len - 1]))
		s.len--;
	noc_strbuf_add(out, s.p, s.len);
}

/* The first n members, comma separated. */
static void
format_list(const struct noc_value *list, size_t n, struct noc_strbuf *out)
{
	for (size_t i = 0; i < noc_value_len(list) && i < n; i++) {
		if (i)
			noc_strbuf_adds(out, ", ");
		noc_value_text(noc_value_at(list, i), out);
	}
}

/* The first n of a list, comma separated; of a text, so many characters. */
static void
format_first(const struct noc_datum *d, unsigned n, struct noc_strbuf *out)
{
	size_t end = 0;

	if (d->type == NOC_LIST) {
		format_list(d->v, n, out);
		return;
	}
	if (d->type != NOC_STR) {
		noc_datum_text(d, out);
		return;
	}
	for (; end < d->s.len; end++)
		if ((d->s.p[end] & 0xc0) != 0x80 && !n--)
			break;
	noc_strbuf_add(out, d->s.p, end);
}

static void
part_text(const struct part *part, const struct noc_datum *d,
	  struct noc_strbuf *out)
{
	struct noc_value *v;

	switch (part->format) {
	case FORMAT_PLAIN:
	case FORMAT_RAW:
		if (d->type == NOC_LIST)
			format_list(d->v, SIZE_MAX, out);
		else
			noc_datum_text(d, out);
		break;
	case FORMAT_UPPER:
	case FORMAT_LOWER:
		format_case(d, part->format == FORMAT_UPPER, out);
		break;
	case FORMAT_JSON:
		v = noc_datum_value(d);
		noc_json_write(v, NOC_JSON_CANONICAL, out);
		noc_value_free(v);
		break;
	case FORMAT_HEX:
		format_hex(d, out);
		break;
	case FORMAT_INT:
		format_int(d, out);
		break;
	case FORMAT_TRIM:
		format_trim(d, out);
		break;
	case FORMAT_KEYS:
	case FORMAT_TABLE:
		if (d->type != NOC_LIST && d->type != NOC_MAP)
			noc_datum_text(d, out);
		else if (part->format == FORMAT_KEYS)
			noc_listing_keys(d->v, out);
		else
			noc_listing_table(d->v, out);
		break;
	case FORMAT_FIRST:
		format_first(d, part->first, out);
		break;
	}
}

static int
part_missing(const struct noc_template *t, const struct part *part,
	     enum noc_missing missing, struct noc_strbuf *out,
	     struct noc_err *err)
{
	/* Who asks to fail says so himself, or knows what to do without: a
	 * {far.device} in `unless` where no cable is known. */
	if (missing == NOC_MISSING_FAIL)
		return noc_err_set(err, NOC_ENOTFOUND,
				   "'%.*s' has no value here (in \"%.120s\").",
				   (int)part->at.len, part->at.p, t->source);
	atomic_fetch_add(&template_missing, 1);
	noc_strbuf_addf(out, "?%.*s?", (int)part->at.len, part->at.p);
	return 0;
}

int
noc_template_text(const struct noc_template *t, const struct noc_scope *scope,
		  enum noc_missing missing, struct noc_strbuf *out,
		  struct noc_err *err)
{
	struct noc_datum d;
	int rc = 0;

	noc_strbuf_add(out, "", 0);
	for (size_t i = 0; !rc && i < t->nparts; i++) {
		const struct part *part = &t->parts[i];

		if (!part->path) {
			noc_strbuf_add(out, part->at.p, part->at.len);
			continue;
		}
		part_get(part, scope, &d);
		if (d.type == NOC_NIL)
			rc = part_missing(t, part, missing, out, err);
		else
			part_text(part, &d, out);
	}
	return rc;
}

int
noc_template_each(const struct noc_template *t, const struct noc_scope *scope,
		  enum noc_missing missing,
		  int (*fn)(const struct noc_piece *piece, void *arg,
			    struct noc_err *err),
		  void *arg, struct noc_err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < t->nparts; i++) {
		const struct part *part = &t->parts[i];
		struct noc_strbuf text = NOC_STRBUF_INIT;
		struct noc_piece piece = { .text = part->at };
		struct noc_datum d;

		if (part->path) {
			piece.value = true;
			piece.raw = part->format == FORMAT_RAW;
			piece.path = part->at;
			part_get(part, scope, &d);
			if (d.type == NOC_NIL)
				rc = part_missing(t, part, missing, &text, err);
			else
				part_text(part, &d, &text);
			piece.text = noc_slice(text.p ? text.p : "", text.len);
		}
		if (!rc)
			rc = fn(&piece, arg, err);
		noc_strbuf_release(&text);
	}
	return rc;
}

/* "{path:int}" alone is a number, not its text. */
static bool
template_is_int(const struct noc_strbuf *text)
{
	size_t digits;

	if (!text->len)
		return false;
	digits = text->len - (*text->p == '-');
	return digits > 0 && digits <= 18 &&
	       strspn(text->p + (*text->p == '-'), "0123456789") == digits;
}

int
noc_template_value(const struct noc_template *t, const struct noc_scope *scope,
		   enum noc_missing missing, struct noc_value **out,
		   struct noc_err *err)
{
	struct noc_strbuf text = NOC_STRBUF_INIT;
	struct noc_datum d;
	int rc;

	if (t->nparts == 1 && t->parts[0].path &&
	    t->parts[0].format == FORMAT_PLAIN) {
		part_get(&t->parts[0], scope, &d);
		if (d.type != NOC_NIL) {
			*out = noc_datum_value(&d);
			return 0;
		}
	}
	rc = noc_template_text(t, scope, missing, &text, err);
	if (!rc && t->nparts == 1 && t->parts[0].path &&
	    t->parts[0].format == FORMAT_INT && template_is_int(&text))
		*out = noc_value_int(strtoll(text.p, NULL, 10));
	else if (!rc)
		*out = noc_value_strn(text.p, text.len);
	noc_strbuf_release(&text);
	return rc;
}
