/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "proto/mib.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

#define WORD_MAX 64

/* --- did you mean --- */

static size_t
edit_distance(const char *a, size_t alen, const char *b, size_t blen)
{
	size_t row[WORD_MAX + 1];

	for (size_t j = 0; j <= blen; j++)
		row[j] = j;
	for (size_t i = 1; i <= alen; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= blen; j++) {
			size_t up = row[j];
			size_t best = diagonal + (a[i - 1] != b[j - 1]);

			if (up + 1 < best)
				best = up + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			diagonal = up;
			row[j] = best;
		}
	}
	return row[blen];
}

static const char *
mib_suggest(const struct noc_mib *mib, const char *name, size_t len)
{
	const struct noc_mib_object *o;
	const char *best = NULL;
	size_t best_distance = len / 4 + 2;

	if (len > WORD_MAX)
		return NULL;
	for (size_t i = 0; (o = noc_mib_at(mib, i)) != NULL; i++) {
		size_t olen = strlen(o->name), d;

		if (olen == len && !strncasecmp(o->name, name, len))
			return o->name;
		if (olen > WORD_MAX || olen > len + best_distance ||
		    len > olen + best_distance)
			continue;
		d = edit_distance(name, len, o->name, olen);
		if (d < best_distance) {
			best_distance = d;
			best = o->name;
		}
	}
	return best;
}

/* --- reading --- */

static int
oid_wrong(struct noc_err *err, const char *text, size_t len, const char *why)
{
	return noc_err_set(err, NOC_EINPUT, "The OID '%.*s' %s.",
			   (int)(len > 200 ? 200 : len), text, why);
}

/* Appends "7.1.2" (or nothing) to out. */
static int
oid_parse_arcs(const char *p, const char *end, noc_oid *out, size_t *n)
{
	while (p < end) {
		uint64_t arc = 0;
		const char *first = p;

		while (p < end && *p >= '0' && *p <= '9') {
			arc = arc * 10 + (uint64_t)(*p++ - '0');
			if (arc > UINT32_MAX)
				return -1;
		}
		if (p == first || *n == NOC_OID_MAX)
			return -1;
		out[(*n)++] = (noc_oid)arc;
		if (p < end && (*p++ != '.' || p == end))
			return -1;
	}
	return 0;
}

static int
oid_parse_name(const struct noc_mib *mib, const char *text, size_t len,
	       noc_oid *out, size_t *n, const char **rest, struct noc_err *err)
{
	const struct noc_mib_object *o;
	const char *p = text, *end = text + len, *name, *suggestion;
	const char *module = memmem(p, len, "::", 2);
	size_t name_len;

	name = module != NULL ? module + 2 : p;
	p = memchr(name, '.', (size_t)(end - name));
	if (p == NULL)
		p = end;
	name_len = (size_t)(p - name);
	o = mib != NULL ? noc_mib_by_name(mib, name, name_len) : NULL;
	if (o == NULL) {
		suggestion = mib ? mib_suggest(mib, name, name_len) : NULL;
		return noc_err_set(
		    err, NOC_EINPUT, "No object is named '%.*s'%s%s%s",
		    (int)(name_len > 200 ? 200 : name_len), name,
		    suggestion ? "; did you mean '" : "",
		    suggestion ? suggestion : "",
		    suggestion
			? "'?"
			: "; `nocturne mib compile` adds your MIB files.");
	}
	memcpy(out, o->oid, o->oid_len * sizeof(*out));
	*n = o->oid_len;
	*rest = p < end ? p + 1 : p;
	if (p + 1 == end)
		return oid_wrong(err, text, len, "ends in a dot");
	return 0;
}

int
noc_oid_parse(const struct noc_mib *mib, const char *text, size_t len,
	      noc_oid *out, size_t *out_len,
	      const struct noc_mib_object **object, struct noc_err *err)
{
	const char *p = text, *end = text + len;
	size_t n = 0;
	int rc;

	if (p != NULL && p < end && *p == '.')
		p++;
	if (p == NULL || p == end)
		return oid_wrong(err, text, len, "is empty");
	if (*p < '0' || *p > '9') {
		rc =
		    oid_parse_name(mib, p, (size_t)(end - p), out, &n, &p, err);
		if (rc < 0)
			return rc;
	}
	if (oid_parse_arcs(p, end, out, &n) < 0)
		return oid_wrong(err, text, len,
				 "is not dotted numbers below 2^32, at most "
				 "128 of them");
	if (n < 2 || out[0] > 2 || (out[0] < 2 && out[1] > 39))
		return oid_wrong(err, text, len,
				 "does not start like an OID (1.3.6.1...)");
	*out_len = n;
	if (object != NULL)
		*object = mib ? noc_mib_find(mib, out, n) : NULL;
	return 0;
}

/* --- writing --- */

size_t
noc_oid_format(char *buf, size_t size, const noc_oid *oid, size_t len)
{
	size_t at = 0;

	if (size > 0)
		buf[0] = '\0';
	for (size_t i = 0; i < len && at < size; i++) {
		int n = snprintf(buf + at, size - at, i ? ".%u" : "%u", oid[i]);

		at += (size_t)n;
	}
	return at < size ? at : size ? size - 1 : 0;
}

size_t
noc_oid_format_name(const struct noc_mib *mib, char *buf, size_t size,
		    const noc_oid *oid, size_t len)
{
	const struct noc_mib_object *o =
	    mib ? noc_mib_find(mib, oid, len) : NULL;
	size_t at;

	/* "enterprises.9.2" says less than the number. */
	if (o == NULL || (o->kind == 'o' && o->oid_len < len) || size == 0)
		return noc_oid_format(buf, size, oid, len);
	at = (size_t)snprintf(buf, size, "%s", o->name);
	if (at + 1 >= size)
		return size - 1;
	if (o->oid_len == len)
		return at;
	buf[at++] = '.';
	return at + noc_oid_format(buf + at, size - at, oid + o->oid_len,
				   len - o->oid_len);
}

/* --- enums: "up=1,down=2" --- */

static bool
enum_next(const char **p, struct noc_slice *label, int64_t *n)
{
	const char *eq;
	char *end;

	if (*p == NULL || **p == '\0')
		return false;
	eq = strchr(*p, '=');
	if (eq == NULL)
		return false;
	*label = noc_slice(*p, (size_t)(eq - *p));
	*n = strtol(eq + 1, &end, 10);
	*p = *end == ',' ? end + 1 : end;
	return true;
}

struct noc_slice
noc_mib_label(const struct noc_mib_object *o, int64_t n)
{
	const char *p = o != NULL ? o->enums : NULL;
	struct noc_slice label;
	int64_t m;

	while (enum_next(&p, &label, &m))
		if (m == n)
			return label;
	return noc_slice(NULL, 0);
}

bool
noc_mib_number(const struct noc_mib_object *o, struct noc_slice label,
	       int64_t *n)
{
	const char *p = o != NULL ? o->enums : NULL;
	struct noc_slice known;
	int64_t m;

	while (enum_next(&p, &known, &m))
		if (noc_slice_eq(known, label)) {
			*n = m;
			return true;
		}
	return false;
}
