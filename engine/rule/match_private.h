/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RULE_MATCH_PRIVATE_H
#define NOC_ENGINE_RULE_MATCH_PRIVATE_H

#include "engine/event/field.h"
#include "engine/expr/where_test.h"
#include "engine/rule/match.h"

/*
 * The index behind match.h, for match*.c only.  Things that want an event
 * (rules, normalizers, pairs) are numbers here.  Each is filed once per kind:
 * under the values of its rarest equality, else under a literal that some text
 * must contain, else among the rest, which are always looked at.  What the
 * index gives are candidates; the conditions decide.
 */

/* ---- text -> list of numbers (match_table.c) ---- */
struct noc_list {
	uint32_t *at;
	uint32_t len, cap;
};

struct noc_text_slot {
	uint32_t hash; /* 0: free */
	uint32_t len;
	char *text;
	struct noc_list list;
};

struct noc_texts {
	struct noc_text_slot *slots;
	uint32_t size, used; /* size: a power of two, or 0 */
};

void noc_list_add(struct noc_list *l, uint32_t id);
void noc_texts_add(struct noc_texts *t, const char *p, size_t len, uint32_t id);
const struct noc_list *noc_texts_get(const struct noc_texts *t, const char *p,
				     size_t len);
void noc_texts_release(struct noc_texts *t);

/* ---- literals anywhere in a text (match_literal.c) ---- */
struct noc_literals;

struct noc_literals *noc_literals_new(void);
/* At least 4 bytes. */
void noc_literals_add(struct noc_literals *l, const char *p, size_t len,
		      uint32_t id);
void noc_literals_seal(struct noc_literals *l);
void noc_literals_free(struct noc_literals *l);
/* Calls fn for each id whose literal occurs; an id may come again. */
void noc_literals_scan(const struct noc_literals *l, struct noc_slice text,
		       void (*fn)(uint32_t id, void *arg), void *arg);
#define NOC_LITERAL_MIN 4

/* ---- one kind's index (match_index.c) ---- */
#define NOC_INDEX_PATHS	   8
#define NOC_INDEX_LITERALS 4

struct noc_index {
	const char *kind; /* interned */
	struct {
		struct noc_field field;
		struct noc_texts texts;
	} paths[NOC_INDEX_PATHS];
	size_t npaths;
	struct {
		struct noc_field field;
		struct noc_literals *literals;
	} literals[NOC_INDEX_LITERALS];
	size_t nliterals;
	struct noc_list rest;
};

/* One thing to be filed; texts borrowed until noc_index_build returns. */
#define NOC_KEY_TEXTS 64

struct noc_key { /* field must equal, or contain, one of the texts */
	struct noc_field field;
	bool literal;
	struct noc_slice *texts; /* the array is the entry's */
	size_t ntexts;
};

struct noc_entry {
	uint32_t id;
	struct noc_key *keys;
	size_t nkeys, cap;
};

/* Adds what `where` demands (its outermost conjunction) to e. */
void noc_entry_where(struct noc_entry *e, const struct noc_where *w);
void noc_entry_key(struct noc_entry *e, const struct noc_field *field,
		   bool literal, const struct noc_slice *texts, size_t ntexts);
void noc_entry_release(struct noc_entry *e);

void noc_index_build(struct noc_index *index, const struct noc_entry *entries,
		     size_t n);
void noc_index_release(struct noc_index *index);
void noc_index_candidates(const struct noc_index *index,
			  const struct noc_event *ev,
			  void (*fn)(uint32_t id, void *arg), void *arg);

/* ---- kind (by its interned pointer) -> index ---- */
struct noc_kinds {
	struct noc_index *at;
	size_t len;
	uint32_t *slots; /* position + 1 */
	uint32_t size;
};

struct noc_index *noc_kinds_find(const struct noc_kinds *k, const char *kind);

struct noc_match {
	struct noc_kinds rules, pairs, emits;
	uint32_t *seen; /* by rule: the scan that saw it last */
	uint32_t *seen_emit;
	uint32_t *order; /* scratch: candidates of one event */
	uint32_t scan;
	bool more; /* the last answer had no room for all */
};

#endif
