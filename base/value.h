/* SPDX-License-Identifier: ISC */
#ifndef NOC_BASE_VALUE_H
#define NOC_BASE_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/strbuf.h"

/*
 * Plain data: what JSON can say, plus integers of 64 bits.  Event data, step
 * results, plans and option tables are noc_values.  A tree owns its children;
 * maps keep insertion order.  Strings are bytes with a length and also
 * NUL-terminated.  One thread at a time.
 */
enum noc_type {
	NOC_NIL,
	NOC_BOOL,
	NOC_INT,
	NOC_REAL,
	NOC_STR,
	NOC_LIST,
	NOC_MAP
};

struct noc_value;

struct noc_member { /* of a map */
	char *key;
	struct noc_value *value;
};

struct noc_value {
	enum noc_type type;
	uint32_t cap; /* of a list or a map: there is room for */
	union {
		bool b;
		int64_t i;
		double d;
		struct {
			char *p;
			size_t len;
		} s;
		struct {
			struct noc_value **at;
			size_t len;
		} list;
		struct {
			struct noc_member *at;
			size_t len;
		} map;
	} u;
};

/* Each returned: freed by noc_value_free, which accepts NULL. */
struct noc_value *noc_value_nil(void);
struct noc_value *noc_value_bool(bool b);
struct noc_value *noc_value_int(int64_t i);
struct noc_value *noc_value_real(double d);
struct noc_value *noc_value_str(const char *s);
struct noc_value *noc_value_strn(const char *p, size_t len);
struct noc_value *noc_value_strf(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));
struct noc_value *noc_value_list(void);
struct noc_value *noc_value_map(void);
struct noc_value *noc_value_copy(const struct noc_value *v);
void noc_value_free(struct noc_value *v);

/* Room for so many children of a list or a map. */
void noc_value_reserve(struct noc_value *v, size_t n);
/* The child is owned.  A map key set twice replaces the first value. */
void noc_value_push(struct noc_value *list, struct noc_value *child);
void noc_value_set(struct noc_value *map, const char *key,
		   struct noc_value *child);
void noc_value_unset(struct noc_value *map, const char *key);

/* Borrowed; NULL when v is NULL, no map, or has no such key. */
struct noc_value *noc_value_get(const struct noc_value *v, const char *key);
struct noc_value *noc_value_getn(const struct noc_value *v, const char *key,
				 size_t len);
/* "a.b[0].c"; "[*]" is not handled here. */
struct noc_value *noc_value_path(const struct noc_value *v, const char *path);
struct noc_value *noc_value_at(const struct noc_value *list, size_t i);
size_t noc_value_len(const struct noc_value *v); /* list or map; else 0 */

/* Typed reads with a fallback; v may be NULL. */
const char *noc_value_get_str(const struct noc_value *v, const char *key,
			      const char *fallback);
int64_t noc_value_get_int(const struct noc_value *v, const char *key,
			  int64_t fallback);
bool noc_value_get_bool(const struct noc_value *v, const char *key,
			bool fallback);
bool noc_value_is_str(const struct noc_value *v, const char *s);
bool noc_value_truthy(const struct noc_value *v); /* not NULL, nil, false */

/* Lists and maps in one another more than `levels` deep. */
bool noc_value_deeper(const struct noc_value *v, int levels);
bool noc_value_eq(const struct noc_value *a, const struct noc_value *b);
/* As text for templates: strings bare, numbers shortest, else JSON. */
void noc_value_text(const struct noc_value *v, struct noc_strbuf *out);

#endif
