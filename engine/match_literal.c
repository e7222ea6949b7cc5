/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/match_private.h"

/*
 * Of each literal one gram of 4 bytes is looked for, the rarest it has; a
 * bitmap says no for nearly every position of a text, and what passes is
 * compared whole.
 */
#define BITMAP_BITS 17 /* 16 KiB: stays in the first cache */

struct literal {
	char *text;
	uint32_t len;
	uint32_t offset; /* of its gram */
	uint32_t gram;
	uint32_t next; /* of the same gram, + 1 */
	struct noc_list ids;
};

struct noc_literals {
	struct literal *at;
	size_t len, cap;
	struct noc_texts known; /* text -> position, while filling */
	uint64_t *bitmap;
	uint32_t *heads; /* by gram: position + 1 of its first literal */
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

size_t
noc_literals_len(const struct noc_literals *l)
{
	return l->len;
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

/* Grams that many literals share make long chains: they count as common. */
static void
literal_choose(struct literal *lit, const uint16_t *shared)
{
	unsigned best = ~0u;

	for (uint32_t i = 0; i + 4 <= lit->len; i++) {
		uint32_t g = gram_at(lit->text + i);
		unsigned score =
		    gram_common(lit->text + i) + shared[gram_mix(g) >> 16] * 4u;

		if (score < best) {
			best = score;
			lit->offset = i;
			lit->gram = g;
		}
	}
}

static void
literals_choose(struct noc_literals *l)
{
	uint16_t *shared = noc_calloc(65536, sizeof(*shared));

	for (size_t i = 0; i < l->len; i++)
		for (uint32_t k = 0; k + 4 <= l->at[i].len; k++) {
			uint32_t g = gram_at(l->at[i].text + k);
			uint16_t *n = &shared[gram_mix(g) >> 16];

			if (*n < UINT16_MAX)
				++*n;
		}
	for (size_t i = 0; i < l->len; i++)
		literal_choose(&l->at[i], shared);
	free(shared);
}

static uint32_t *
literals_head(const struct noc_literals *l, uint32_t gram)
{
	uint32_t i = gram_mix(gram) >> 7;

	for (;; i++) {
		uint32_t *head = &l->heads[i & (l->nheads - 1)];

		if (!*head || l->at[*head - 1].gram == gram)
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
	while (l->nheads < l->len * 2)
		l->nheads *= 2;
	l->heads = noc_calloc(l->nheads, sizeof(*l->heads));
	for (size_t i = 0; i < l->len; i++) {
		uint32_t h = gram_bit(l->at[i].gram);
		uint32_t *head = literals_head(l, l->at[i].gram);

		l->bitmap[h / 64] |= (uint64_t)1 << h % 64;
		l->at[i].next = *head;
		*head = (uint32_t)i + 1;
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
	uint32_t next = *literals_head(l, gram_at(text.p + at));

	while (next) {
		const struct literal *lit = &l->at[next - 1];

		if (at >= lit->offset &&
		    text.len - (at - lit->offset) >= lit->len &&
		    !memcmp(text.p + at - lit->offset, lit->text, lit->len))
			for (uint32_t i = 0; i < lit->ids.len; i++)
				fn(lit->ids.at[i], arg);
		next = lit->next;
	}
}

void
noc_literals_scan(const struct noc_literals *l, struct noc_slice text,
		  void (*fn)(uint32_t id, void *arg), void *arg)
{
	const uint64_t *bitmap = l->bitmap;
	size_t last;

	if (text.len < 4 || !l->len)
		return;
	last = text.len - 4;
	for (size_t i = 0; i <= last; i++) {
		uint32_t h = gram_bit(gram_at(text.p + i));

		if (__builtin_expect(bitmap[h / 64] >> h % 64 & 1, 0))
			literals_verify(l, text, i, fn, arg);
	}
}
