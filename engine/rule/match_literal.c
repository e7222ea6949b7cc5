/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/rule/match_private.h"

/*
 * A literal is found by grams of 4 bytes; a bitmap says no for nearly every
 * gram of a text, and what passes is compared whole.  When each literal has
 * four rare grams in a row they are all kept: one of them begins at a multiple
 * of four wherever the literal is, so that only every fourth place of a text
 * need be looked at.  Else two in a row, or one and every place.
 */
#define STEP_MAX    4
#define BITMAP_BITS 17 /* 16 KiB: stays in the first cache */
#define SHARED_BITS 18
/* A gram that so many literals have, and a 64th of all, is not rare. */
#define SHARED_MAX 8

struct literal {
	char *text;
	uint32_t len;
	uint32_t offset;	 /* of its first gram */
	uint32_t next[STEP_MAX]; /* entry of the same gram */
	struct noc_list ids;
};

struct noc_literals {
	struct literal *at;
	size_t len, cap;
	struct noc_texts known; /* text -> position, while filling */
	uint32_t step;		/* grams of each literal */
	uint64_t *bitmap;
	/* By gram: its first entry, a literal's position * STEP_MAX + which
	 * of its grams, + 1. */
	uint32_t *heads;
	uint32_t nheads; /* a power of two */
};

struct noc_literals *
noc_literals_new(void)
{
	return noc_calloc(1, sizeof(struct noc_literals));
}

void
noc_literals_add(struct noc_literals *l, const char *p, size_t len, uint32_t id)
{
	const struct noc_list *known = noc_texts_get(&l->known, p, len);
	struct literal *lit;

	if (!known) {
		noc_texts_add(&l->known, p, len, (uint32_t)l->len);
		NOC_GROW(l->at, l->cap, l->len + 1);
		lit = &l->at[l->len++];
		memset(lit, 0, sizeof(*lit));
		lit->text = noc_strndup(p, len);
		lit->len = (uint32_t)len;
	} else {
		lit = &l->at[known->at[0]];
	}
	noc_list_add(&lit->ids, id);
}

static inline uint32_t
gram_at(const char *p)
{
	uint32_t g;

	memcpy(&g, p, 4);
	return g;
}

static inline uint32_t
gram_mix(uint32_t gram)
{
	return gram * 0x9e3779b1u;
}

static inline uint32_t
gram_bit(uint32_t gram)
{
	return gram_mix(gram) >> (32 - BITMAP_BITS);
}

/* How common a byte is in what devices write; small is rare. */
static unsigned
byte_common(unsigned char c)
{
	if (strchr("etaoinsr ", c) && c)
		return 8;
	if (c >= 'a' && c <= 'z')
		return 6;
	if ((c >= '0' && c <= '9') || strchr("/.:-,", c))
		return 5;
	if (c >= 'A' && c <= 'Z')
		return 3;
	return 2;
}

static unsigned
gram_common(const char *p)
{
	return byte_common((unsigned char)p[0]) +
	       byte_common((unsigned char)p[1]) +
	       byte_common((unsigned char)p[2]) +
	       byte_common((unsigned char)p[3]);
}

/* How many literals may be tried where this gram stands. */
static uint32_t
gram_shared(const uint16_t *shared, const char *p)
{
	return shared[gram_mix(gram_at(p)) >> (32 - SHARED_BITS)];
}

/*
 * Sets where its row of `step` grams begins, and says whether all are rare.
 * Grams that many literals share make long chains: they count as common.
 */
static bool
literal_choose(struct literal *lit, uint32_t step, const uint16_t *shared,
	       uint32_t shared_max)
{
	unsigned best = ~0u;
	bool rare = false;

	for (uint32_t i = 0; i + step + 3 <= lit->len; i++) {
		unsigned score = 0, most = 0;

		for (uint32_t k = 0; k < step; k++) {
			const char *p = lit->text + i + k;
			unsigned n = gram_shared(shared, p);

			score += gram_common(p) + n * 4;
			most = n > most ? n : most;
		}
		if (score < best) {
			best = score;
			lit->offset = i;
			rare = most <= shared_max;
		}
	}
	return rare;
}

/* The longest step that all can take. */
static void
literals_choose(struct noc_literals *l)
{
	uint16_t *shared =
	    noc_calloc((size_t)1 << SHARED_BITS, sizeof(*shared));
	uint32_t shared_max = SHARED_MAX + (uint32_t)(l->len / 64);

	for (size_t i = 0; i < l->len; i++)
		for (uint32_t k = 0; k + 4 <= l->at[i].len; k++) {
			uint32_t g = gram_at(l->at[i].text + k);
			uint16_t *n =
			    &shared[gram_mix(g) >> (32 - SHARED_BITS)];

			if (*n < UINT16_MAX)
				++*n;
		}
	for (l->step = STEP_MAX;; l->step /= 2) {
		bool rare = true;

		for (size_t i = 0; i < l->len; i++)
			rare &= literal_choose(&l->at[i], l->step, shared,
					       shared_max);
		if (rare || l->step == 1)
			break;
	}
	free(shared);
}

static const struct literal *
literals_entry(const struct noc_literals *l, uint32_t entry, uint32_t *which)
{
	*which = (entry - 1) % STEP_MAX;
	return &l->at[(entry - 1) / STEP_MAX];
}

static uint32_t *
literals_head(const struct noc_literals *l, uint32_t gram)
{
	uint32_t i = gram_mix(gram) >> 7, which;

	for (;; i++) {
		uint32_t *head = &l->heads[i & (l->nheads - 1)];
		const struct literal *lit;

		if (!*head)
			return head;
		lit = literals_entry(l, *head, &which);
		if (gram_at(lit->text + lit->offset + which) == gram)
			return head;
	}
}

void
noc_literals_seal(struct noc_literals *l)
{
	noc_texts_release(&l->known);
	literals_choose(l);
	l->bitmap =
	    noc_calloc(((size_t)1 << BITMAP_BITS) / 64, sizeof(uint64_t));
	l->nheads = 16;
	while (l->nheads < l->len * l->step * 2)
		l->nheads *= 2;
	l->heads = noc_calloc(l->nheads, sizeof(*l->heads));
	for (size_t i = 0; i < l->len; i++) {
		struct literal *lit = &l->at[i];

		for (uint32_t k = 0; k < l->step; k++) {
			uint32_t gram = gram_at(lit->text + lit->offset + k);
			uint32_t h = gram_bit(gram);
			uint32_t *head = literals_head(l, gram);

			l->bitmap[h / 64] |= (uint64_t)1 << h % 64;
			lit->next[k] = *head;
			*head = (uint32_t)i * STEP_MAX + k + 1;
		}
	}
}

void
noc_literals_free(struct noc_literals *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->len; i++) {
		free(l->at[i].text);
		free(l->at[i].ids.at);
	}
	noc_texts_release(&l->known);
	free(l->at);
	free(l->bitmap);
	free(l->heads);
	free(l);
}

/* Every literal of the gram at text[at]. */
static void
literals_verify(const struct noc_literals *l, struct noc_slice text, size_t at,
		void (*fn)(uint32_t id, void *arg), void *arg)
{
	uint32_t next = *literals_head(l, gram_at(text.p + at)), which;

	while (next) {
		const struct literal *lit = literals_entry(l, next, &which);
		size_t before = lit->offset + which;

		if (at >= before && text.len - (at - before) >= lit->len &&
		    !memcmp(text.p + at - before, lit->text, lit->len))
			for (uint32_t i = 0; i < lit->ids.len; i++)
				fn(lit->ids.at[i], arg);
		next = lit->next[which];
	}
}

void
noc_literals_scan(const struct noc_literals *l, struct noc_slice text,
		  void (*fn)(uint32_t id, void *arg), void *arg)
{
	const uint64_t *bitmap = l->bitmap;
	size_t step = l->step;

	if (!l->len)
		return;
	for (size_t i = 0; i + 4 <= text.len; i += step) {
		uint32_t h = gram_bit(gram_at(text.p + i));

		if (__builtin_expect(bitmap[h / 64] >> h % 64 & 1, 0))
			literals_verify(l, text, i, fn, arg);
	}
}
