/* SPDX-License-Identifier: ISC */
#ifndef NOC_BASE_TABLE_H
#define NOC_BASE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Hash table from bytes to void *, SipHash-keyed per process (senders choose
 * the keys), iterating in insertion order so that decisions never depend on
 * the hash.  The key is copied; the value is the caller's.  Embedded: zero it
 * to init.  Removing while iterating with noc_table_next is allowed.
 */
struct noc_table_slot;

struct noc_table {
	struct noc_table_slot *slots; /* dense, in insertion order */
	uint32_t *index;
	size_t used, live, cap, nindex;
	size_t first; /* no live slot before this one */
};

void noc_table_release(struct noc_table *t); /* values are not freed */
void *noc_table_get(const struct noc_table *t, const char *key);
void *noc_table_getn(const struct noc_table *t, const void *key, size_t len);
/* Returns the value that was there before, or NULL. */
void *noc_table_put(struct noc_table *t, const char *key, void *value);
void *noc_table_putn(struct noc_table *t, const void *key, size_t len,
		     void *value);
void *noc_table_del(struct noc_table *t, const char *key);
void *noc_table_deln(struct noc_table *t, const void *key, size_t len);
size_t noc_table_len(const struct noc_table *t);

/* for (size_t it = 0; noc_table_next(t, &it, &key, &val); ) */
bool noc_table_next(const struct noc_table *t, size_t *it, const char **key,
		    void **value);

/* 64-bit unkeyed FNV-1a: stable, for canary and jitter decisions. */
uint64_t noc_hash_stable(const void *p, size_t len);

#endif
