/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "base/table.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/slice.h"

/*
 * Entries lie in insertion order in `slots`; `index` is an open-addressing
 * table of slot numbers plus one.  A removed entry leaves a slot without key
 * and an index cell TABLE_GONE; both are swept when the slots run out, which
 * only a put does.  The index has at least twice as many cells as there are
 * slots, so a probe always meets a free one.
 */
struct noc_table_slot {
	char *key; /* owned; NULL: removed */
	void *value;
	uint64_t hash;
	size_t len;
};

#define TABLE_FREE 0u
#define TABLE_GONE UINT32_MAX

static pthread_once_t hash_once = PTHREAD_ONCE_INIT;
static uint64_t hash_key[2];

static void
hash_init(void)
{
	noc_random(hash_key, sizeof(hash_key));
}

static inline uint64_t
rotl(uint64_t x, int n)
{
	return x << n | x >> (64 - n);
}

static inline void
sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[0] = rotl(v[0], 32);
	v[2] += v[3];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[2] = rotl(v[2], 32);
}

/* SipHash-1-3 (Aumasson and Bernstein): one round a word, three to finish. */
/* 64-bit keyed hash of bytes; stable only within the process. */
static uint64_t
table_hash(const void *data, size_t len)
{
	const char *p = data;
	uint64_t v[4], m;
	size_t left = len;

	pthread_once(&hash_once, hash_init);
	v[0] = hash_key[0] ^ 0x736f6d6570736575ULL;
	v[1] = hash_key[1] ^ 0x646f72616e646f6dULL;
	v[2] = hash_key[0] ^ 0x6c7967656e657261ULL;
	v[3] = hash_key[1] ^ 0x7465646279746573ULL;
	for (; left >= 8; left -= 8, p += 8) {
		memcpy(&m, p, 8);
		v[3] ^= m;
		sip_round(v);
		v[0] ^= m;
	}
	m = (uint64_t)len << 56 | noc_slice_word(p, left);
	v[3] ^= m;
	sip_round(v);
	v[0] ^= m;
	v[2] ^= 0xff;
	sip_round(v);
	sip_round(v);
	sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t
noc_hash_stable(const void *data, size_t len)
{
	const unsigned char *p = data;
	uint64_t h = 0xcbf29ce484222325ULL;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * 0x100000001b3ULL;
	return h;
}

void
noc_table_release(struct noc_table *t)
{
	for (size_t i = 0; i < t->used; i++)
		free(t->slots[i].key);
	free(t->slots);
	free(t->index);
	memset(t, 0, sizeof(*t));
}

/* The index cell that holds the key, or NULL. */
static uint32_t *
table_find(const struct noc_table *t, const void *key, size_t len,
	   uint64_t hash)
{
	size_t mask = t->nindex - 1;

	if (!t->nindex)
		return NULL;
	for (size_t i = hash & mask;; i = (i + 1) & mask) {
		uint32_t cell = t->index[i];
		const struct noc_table_slot *s;

		if (cell == TABLE_FREE)
			return NULL;
		if (cell == TABLE_GONE)
			continue;
		s = &t->slots[cell - 1];
		if (s->hash == hash && s->len == len &&
		    (!len || !memcmp(s->key, key, len)))
			return &t->index[i];
	}
}

static void
table_index_add(struct noc_table *t, uint64_t hash, size_t slot)
{
	size_t mask = t->nindex - 1;
	size_t i = hash & mask;

	while (t->index[i] != TABLE_FREE && t->index[i] != TABLE_GONE)
		i = (i + 1) & mask;
	t->index[i] = (uint32_t)slot + 1;
}

/* The slots are used up: sweep the removed ones and grow if few were. */
static void
table_make_room(struct noc_table *t)
{
	size_t to = 0, cap = t->cap;

	for (size_t i = t->first; i < t->used; i++)
		if (t->slots[i].key)
			t->slots[to++] = t->slots[i];
	NOC_REQUIRE(to == t->live);
	t->used = to;
	t->first = 0;
	if (to >= cap - cap / 4) {
		cap = cap ? cap * 2 : 8;
		NOC_REQUIRE(cap < UINT32_MAX / 4);
		t->cap = cap;
		t->slots = noc_realloc(t->slots, cap * sizeof(*t->slots));
		free(t->index);
		t->nindex = cap * 2;
		t->index = noc_calloc(t->nindex, sizeof(*t->index));
	} else {
		memset(t->index, 0, t->nindex * sizeof(*t->index));
	}
	for (size_t i = 0; i < to; i++)
		table_index_add(t, t->slots[i].hash, i);
}

void *
noc_table_getn(const struct noc_table *t, const void *key, size_t len)
{
	const uint32_t *cell;

	if (!t->live)
		return NULL;
	cell = table_find(t, key, len, table_hash(key, len));
	return cell ? t->slots[*cell - 1].value : NULL;
}

void *
noc_table_get(const struct noc_table *t, const char *key)
{
	return noc_table_getn(t, key, strlen(key));
}

void *
noc_table_putn(struct noc_table *t, const void *key, size_t len, void *value)
{
	uint64_t hash = table_hash(key, len);
	const uint32_t *cell = table_find(t, key, len, hash);
	struct noc_table_slot *s;

	if (cell) {
		void *old;

		s = &t->slots[*cell - 1];
		old = s->value;
		s->value = value;
		return old;
	}
	if (t->used == t->cap)
		table_make_room(t);
	s = &t->slots[t->used];
	s->key = noc_strndup(key, len);
	s->len = len;
	s->hash = hash;
	s->value = value;
	table_index_add(t, hash, t->used);
	t->used++;
	t->live++;
	return NULL;
}

void *
noc_table_put(struct noc_table *t, const char *key, void *value)
{
	return noc_table_putn(t, key, strlen(key), value);
}

void *
noc_table_deln(struct noc_table *t, const void *key, size_t len)
{
	uint32_t *cell;
	struct noc_table_slot *s;
	void *old;

	if (!t->live)
		return NULL;
	cell = table_find(t, key, len, table_hash(key, len));
	if (!cell)
		return NULL;
	s = &t->slots[*cell - 1];
	old = s->value;
	free(s->key);
	memset(s, 0, sizeof(*s));
	*cell = TABLE_GONE;
	t->live--;
	/* A queue removes from the front: do not walk its past each time. */
	while (t->first < t->used && !t->slots[t->first].key)
		t->first++;
	return old;
}

void *
noc_table_del(struct noc_table *t, const char *key)
{
	return noc_table_deln(t, key, strlen(key));
}

size_t
noc_table_len(const struct noc_table *t)
{
	return t->live;
}

bool
noc_table_next(const struct noc_table *t, size_t *it, const char **key,
	       void **value)
{
	size_t i = *it < t->first ? t->first : *it;

	while (i < t->used && !t->slots[i].key)
		i++;
	if (i >= t->used) {
		*it = i;
		return false;
	}
	if (key)
		*key = t->slots[i].key;
	if (value)
		*value = t->slots[i].value;
	*it = i + 1;
	return true;
}
