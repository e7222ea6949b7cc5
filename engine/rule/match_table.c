/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/rule/match_private.h"

void
noc_list_add(struct noc_list *l, uint32_t id)
{
	/* Ids come in rising order: the same one twice is the last one. */
	if (l->len && l->at[l->len - 1] == id)
		return;
	NOC_GROW(l->at, l->cap, l->len + 1);
	l->at[l->len++] = id;
}

/*
 * Unkeyed on purpose: what is stored comes from the rule files, so a sender
 * can make a probe longer by no more than the rules allow.
 */
static uint32_t
text_hash(const char *p, size_t len)
{
	uint64_t h = 0x9e3779b97f4a7c15u ^ len, w;

	for (; len >= 8; p += 8, len -= 8) {
		memcpy(&w, p, 8);
		h = (h ^ w) * 0xff51afd7ed558ccdu;
		h ^= h >> 32;
	}
	h = (h ^ noc_slice_word(p, len)) * 0xff51afd7ed558ccdu;
	h ^= h >> 32;
	return (uint32_t)h | 1;
}

static struct noc_text_slot *
texts_slot(const struct noc_texts *t, uint32_t hash, const char *p, size_t len)
{
	uint32_t i = hash >> 1;

	for (;; i++) {
		struct noc_text_slot *s = &t->slots[i & (t->size - 1)];

		if (!s->hash)
			return s;
		if (s->hash == hash && s->len == len &&
		    !memcmp(s->text, p, len))
			return s;
	}
}

static void
texts_grow(struct noc_texts *t)
{
	struct noc_texts old = *t;

	t->size = old.size ? old.size * 2 : 16;
	t->slots = noc_calloc(t->size, sizeof(*t->slots));
	for (uint32_t i = 0; i < old.size; i++)
		if (old.slots[i].hash)
			*texts_slot(t, old.slots[i].hash, old.slots[i].text,
				    old.slots[i].len) = old.slots[i];
	free(old.slots);
}

void
noc_texts_add(struct noc_texts *t, const char *p, size_t len, uint32_t id)
{
	struct noc_text_slot *s;
	uint32_t hash = text_hash(p, len);

	if (t->used * 2 >= t->size)
		texts_grow(t);
	s = texts_slot(t, hash, p, len);
	if (!s->hash) {
		s->hash = hash;
		s->len = (uint32_t)len;
		s->text = noc_strndup(p, len);
		t->used++;
	}
	noc_list_add(&s->list, id);
}

const struct noc_list *
noc_texts_get(const struct noc_texts *t, const char *p, size_t len)
{
	const struct noc_text_slot *s;

	if (!t->size)
		return NULL;
	s = texts_slot(t, text_hash(p, len), p, len);
	return s->hash ? &s->list : NULL;
}

void
noc_texts_release(struct noc_texts *t)
{
	for (uint32_t i = 0; i < t->size; i++) {
		free(t->slots[i].text);
		free(t->slots[i].list.at);
	}
	free(t->slots);
	memset(t, 0, sizeof(*t));
}
