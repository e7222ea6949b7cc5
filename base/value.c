/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "base/value.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/number.h"

static struct noc_value *
value_new(enum noc_type type)
{
	struct noc_value *v = noc_calloc(1, sizeof(*v));

	v->type = type;
	return v;
}

/* Where the bytes of a string are that was made with its value. */
static char *
value_inline(struct noc_value *v)
{
	return (char *)(v + 1);
}

struct noc_value *
noc_value_nil(void)
{
	return value_new(NOC_NIL);
}

struct noc_value *
noc_value_bool(bool b)
{
	struct noc_value *v = value_new(NOC_BOOL);

	v->u.b = b;
	return v;
}

struct noc_value *
noc_value_int(int64_t i)
{
	struct noc_value *v = value_new(NOC_INT);

	v->u.i = i;
	return v;
}

struct noc_value *
noc_value_real(double d)
{
	struct noc_value *v = value_new(NOC_REAL);

	v->u.d = d;
	return v;
}

struct noc_value *
noc_value_str(const char *s)
{
	return noc_value_strn(s, strlen(s));
}

struct noc_value *
noc_value_strn(const char *p, size_t len)
{
	struct noc_value *v;

	NOC_REQUIRE(len < SIZE_MAX - sizeof(*v));
	v = noc_malloc(sizeof(*v) + len + 1);

	v->type = NOC_STR;
	v->u.s.p = value_inline(v);
	v->u.s.len = len;
	if (len)
		memcpy(v->u.s.p, p, len);
	v->u.s.p[len] = '\0';
	return v;
}

struct noc_value *
noc_value_strf(const char *fmt, ...)
{
	struct noc_value *v = value_new(NOC_STR);
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&v->u.s.p, fmt, ap);
	va_end(ap);
	NOC_REQUIRE(n >= 0);
	v->u.s.len = (size_t)n;
	return v;
}

struct noc_value *
noc_value_list(void)
{
	return value_new(NOC_LIST);
}

struct noc_value *
noc_value_map(void)
{
	return value_new(NOC_MAP);
}

struct noc_value *
noc_value_copy(const struct noc_value *v)
{
	struct noc_value *c;

	if (!v)
		return NULL;
	if (v->type == NOC_STR)
		return noc_value_strn(v->u.s.p, v->u.s.len);
	c = value_new(v->type);
	if (v->type == NOC_LIST && v->u.list.len) {
		noc_value_reserve(c, v->u.list.len);
		c->u.list.len = v->u.list.len;
		for (size_t i = 0; i < v->u.list.len; i++)
			c->u.list.at[i] = noc_value_copy(v->u.list.at[i]);
	} else if (v->type == NOC_MAP && v->u.map.len) {
		noc_value_reserve(c, v->u.map.len);
		c->u.map.len = v->u.map.len;
		for (size_t i = 0; i < v->u.map.len; i++) {
			c->u.map.at[i].key = noc_strdup(v->u.map.at[i].key);
			c->u.map.at[i].value =
			    noc_value_copy(v->u.map.at[i].value);
		}
	} else if (v->type != NOC_LIST && v->type != NOC_MAP) {
		c->u = v->u;
	}
	return c;
}

void
noc_value_free(struct noc_value *v)
{
	if (!v)
		return;
	if (v->type == NOC_STR) {
		if (v->u.s.p != value_inline(v))
			free(v->u.s.p);
	} else if (v->type == NOC_LIST) {
		for (size_t i = 0; i < v->u.list.len; i++)
			noc_value_free(v->u.list.at[i]);
		free(v->u.list.at);
	} else if (v->type == NOC_MAP) {
		for (size_t i = 0; i < v->u.map.len; i++) {
			free(v->u.map.at[i].key);
			noc_value_free(v->u.map.at[i].value);
		}
		free(v->u.map.at);
	}
	free(v);
}

void
noc_value_reserve(struct noc_value *v, size_t n)
{
	NOC_REQUIRE(n <= UINT32_MAX);
	if (n <= v->cap)
		return;
	NOC_REQUIRE(v->type == NOC_LIST || v->type == NOC_MAP);
	/* NULL until it is set: who fills it by length may give up half way. */
	if (v->type == NOC_LIST) {
		v->u.list.at =
		    noc_realloc(v->u.list.at, n * sizeof(*v->u.list.at));
		memset(v->u.list.at + v->cap, 0,
		       (n - v->cap) * sizeof(*v->u.list.at));
	} else {
		v->u.map.at =
		    noc_realloc(v->u.map.at, n * sizeof(*v->u.map.at));
		memset(v->u.map.at + v->cap, 0,
		       (n - v->cap) * sizeof(*v->u.map.at));
	}
	v->cap = (uint32_t)n;
}

/* For one more. */
static void
value_grow(struct noc_value *v, size_t len)
{
	if (len == v->cap)
		noc_value_reserve(v, len < 8 ? 8 : len + 1 + len / 2);
}

void
noc_value_push(struct noc_value *list, struct noc_value *child)
{
	NOC_REQUIRE(list->type == NOC_LIST);
	value_grow(list, list->u.list.len);
	list->u.list.at[list->u.list.len++] = child;
}

static struct noc_member *
member_find(const struct noc_value *v, const char *key, size_t len)
{
	if (!v || v->type != NOC_MAP)
		return NULL;
	for (size_t i = 0; i < v->u.map.len; i++) {
		const char *k = v->u.map.at[i].key;

		/* Most differ in the first byte. */
		if (len && *k != *key)
			continue;
		if (!strncmp(k, key, len) && !k[len])
			return &v->u.map.at[i];
	}
	return NULL;
}

void
noc_value_set(struct noc_value *map, const char *key, struct noc_value *child)
{
	struct noc_member *m;

	NOC_REQUIRE(map->type == NOC_MAP);
	m = member_find(map, key, strlen(key));
	if (m) {
		if (m->value != child)
			noc_value_free(m->value);
		m->value = child;
		return;
	}
	value_grow(map, map->u.map.len);
	m = &map->u.map.at[map->u.map.len++];
	m->key = noc_strdup(key);
	m->value = child;
}

void
noc_value_unset(struct noc_value *map, const char *key)
{
	struct noc_member *m = member_find(map, key, strlen(key));
	size_t i;

	if (!m)
		return;
	i = (size_t)(m - map->u.map.at);
	free(m->key);
	noc_value_free(m->value);
	map->u.map.len--;
	memmove(m, m + 1, (map->u.map.len - i) * sizeof(*m));
}

struct noc_value *
noc_value_get(const struct noc_value *v, const char *key)
{
	return noc_value_getn(v, key, strlen(key));
}

struct noc_value *
noc_value_getn(const struct noc_value *v, const char *key, size_t len)
{
	struct noc_member *m;

	if (memchr(key, '\0', len))
		return NULL;
	m = member_find(v, key, len);
	return m ? m->value : NULL;
}

struct noc_value *
noc_value_at(const struct noc_value *list, size_t i)
{
	if (!list || list->type != NOC_LIST || i >= list->u.list.len)
		return NULL;
	return list->u.list.at[i];
}

/* "[12]": *p is behind it afterwards. */
static struct noc_value *
path_index(const struct noc_value *v, const char **p)
{
	size_t n = 0, digits = 0;

	for ((*p)++; **p >= '0' && **p <= '9' && digits < 9; digits++)
		n = n * 10 + (size_t)(*(*p)++ - '0');
	if (!digits || **p != ']')
		return NULL;
	(*p)++;
	return noc_value_at(v, n);
}

struct noc_value *
noc_value_path(const struct noc_value *v, const char *path)
{
	const char *p = path;
	struct noc_value *at = NULL;

	do {
		if (*p == '[') {
			at = path_index(v, &p);
		} else {
			size_t len;

			if (p != path && *p++ != '.')
				return NULL;
			len = strcspn(p, ".[");
			if (!len)
				return NULL;
			at = noc_value_getn(v, p, len);
			p += len;
		}
		v = at;
	} while (v && *p);
	return at;
}

size_t
noc_value_len(const struct noc_value *v)
{
	if (v && v->type == NOC_LIST)
		return v->u.list.len;
	if (v && v->type == NOC_MAP)
		return v->u.map.len;
	return 0;
}

const char *
noc_value_get_str(const struct noc_value *v, const char *key,
		  const char *fallback)
{
	const struct noc_value *c = noc_value_get(v, key);

	return c && c->type == NOC_STR ? c->u.s.p : fallback;
}

int64_t
noc_value_get_int(const struct noc_value *v, const char *key, int64_t fallback)
{
	const struct noc_value *c = noc_value_get(v, key);

	if (c && c->type == NOC_INT)
		return c->u.i;
	/* 3.0 is an integer to whoever wrote it. */
	if (c && c->type == NOC_REAL && c->u.d >= -0x1p63 && c->u.d < 0x1p63 &&
	    c->u.d == trunc(c->u.d))
		return (int64_t)c->u.d;
	return fallback;
}

bool
noc_value_get_bool(const struct noc_value *v, const char *key, bool fallback)
{
	const struct noc_value *c = noc_value_get(v, key);

	return c && c->type == NOC_BOOL ? c->u.b : fallback;
}

bool
noc_value_is_str(const struct noc_value *v, const char *s)
{
	size_t len = strlen(s);

	return v && v->type == NOC_STR && v->u.s.len == len &&
	       !memcmp(v->u.s.p, s, len);
}

bool
noc_value_truthy(const struct noc_value *v)
{
	return v && v->type != NOC_NIL && (v->type != NOC_BOOL || v->u.b);
}

static int
member_order(const void *a, const void *b)
{
	const struct noc_member *const *x = a, *const *y = b;

	return strcmp((*x)->key, (*y)->key);
}

static const struct noc_member **
members_sorted(const struct noc_value *v)
{
	const struct noc_member **m = noc_calloc(v->u.map.len, sizeof(*m));

	for (size_t i = 0; i < v->u.map.len; i++)
		m[i] = &v->u.map.at[i];
	qsort(m, v->u.map.len, sizeof(*m), member_order);
	return m;
}

static bool
map_eq(const struct noc_value *a, const struct noc_value *b)
{
	const struct noc_member **x, **y;
	bool same = true;

	if (a->u.map.len != b->u.map.len)
		return false;
	x = members_sorted(a);
	y = members_sorted(b);
	for (size_t i = 0; same && i < a->u.map.len; i++)
		same = !strcmp(x[i]->key, y[i]->key) &&
		       noc_value_eq(x[i]->value, y[i]->value);
	free(x);
	free(y);
	return same;
}

static bool
number_eq(const struct noc_value *a, const struct noc_value *b)
{
	int64_t i;
	double d;

	if (a->type == b->type)
		return a->type == NOC_INT ? a->u.i == b->u.i : a->u.d == b->u.d;
	i = a->type == NOC_INT ? a->u.i : b->u.i;
	d = a->type == NOC_INT ? b->u.d : a->u.d;
	/* Exactly: 2^53 + 1 is not the real 2^53. */
	return d >= -0x1p63 && d < 0x1p63 && d == trunc(d) && (int64_t)d == i;
}

bool
noc_value_deeper(const struct noc_value *v, int levels)
{
	if (!v || (v->type != NOC_LIST && v->type != NOC_MAP))
		return false;
	if (levels <= 0)
		return true;
	for (size_t i = 0; v->type == NOC_LIST && i < v->u.list.len; i++)
		if (noc_value_deeper(v->u.list.at[i], levels - 1))
			return true;
	for (size_t i = 0; v->type == NOC_MAP && i < v->u.map.len; i++)
		if (noc_value_deeper(v->u.map.at[i].value, levels - 1))
			return true;
	return false;
}

bool
noc_value_eq(const struct noc_value *a, const struct noc_value *b)
{
	if (!a || !b)
		return a == b;
	if ((a->type == NOC_INT || a->type == NOC_REAL) &&
	    (b->type == NOC_INT || b->type == NOC_REAL))
		return number_eq(a, b);
	if (a->type != b->type)
		return false;
	switch (a->type) {
	case NOC_NIL:
		return true;
	case NOC_BOOL:
		return a->u.b == b->u.b;
	case NOC_STR:
		return a->u.s.len == b->u.s.len &&
		       !memcmp(a->u.s.p, b->u.s.p, a->u.s.len);
	case NOC_LIST:
		if (a->u.list.len != b->u.list.len)
			return false;
		for (size_t i = 0; i < a->u.list.len; i++)
			if (!noc_value_eq(a->u.list.at[i], b->u.list.at[i]))
				return false;
		return true;
	case NOC_MAP:
		return map_eq(a, b);
	case NOC_INT:
	case NOC_REAL:
		break;
	}
	return false;
}

void
noc_value_text(const struct noc_value *v, struct noc_strbuf *out)
{
	char number[NOC_NUMBER_TEXT];

	if (v && v->type == NOC_STR)
		noc_strbuf_add(out, v->u.s.p, v->u.s.len);
	else if (v && v->type == NOC_REAL && isfinite(v->u.d))
		noc_strbuf_adds(out, noc_number_format(number, v->u.d));
	else
		noc_json_write(v, NOC_JSON_COMPACT, out);
}
