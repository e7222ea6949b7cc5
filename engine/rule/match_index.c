/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/event/datum.h"
#include "engine/event/field.h"
#include "engine/expr/where_test.h"
#include "engine/rule/match_private.h"

/* An equality that this many things of a kind share tells little. */
#define SELECTIVE_SHARE 16
#define SELECTIVE_MIN	4

/* ---- what a thing demands ---- */

void
noc_entry_key(struct noc_entry *e, const struct noc_field *field, bool literal,
	      const struct noc_slice *texts, size_t ntexts)
{
	struct noc_key *key;

	NOC_GROW(e->keys, e->cap, e->nkeys + 1);
	key = &e->keys[e->nkeys++];
	key->field = *field;
	key->literal = literal;
	key->texts = noc_memdup(texts, ntexts * sizeof(*texts));
	key->ntexts = ntexts;
}

void
noc_entry_release(struct noc_entry *e)
{
	for (size_t i = 0; i < e->nkeys; i++)
		free(e->keys[i].texts);
	free(e->keys);
	memset(e, 0, sizeof(*e));
}

/* Literals one of which must occur; 0 when that cannot be said. */
static size_t
test_literals(const struct noc_test *t, struct noc_slice *out, size_t max)
{
	struct noc_slice one;

	if (t->op == NOC_TEST_ANY) {
		if (t->nkids > max)
			return 0;
		for (size_t i = 0; i < t->nkids; i++) {
			out[i] = noc_test_literal(&t->kids[i]);
			if (out[i].len < NOC_LITERAL_MIN)
				return 0;
		}
		return t->nkids;
	}
	one = noc_test_literal(t);
	if (one.len < NOC_LITERAL_MIN)
		return 0;
	out[0] = one;
	return 1;
}

static void
entry_test(struct noc_entry *e, const struct noc_cond *c)
{
	const struct noc_test *tests[NOC_KEY_TEXTS];
	struct noc_slice texts[NOC_KEY_TEXTS];
	size_t n = noc_test_texts(&c->test, tests, NOC_KEY_TEXTS);
	bool literal = n == 0;

	if (c->scoped)
		return;
	for (size_t i = 0; i < n; i++)
		texts[i] = noc_slice(tests[i]->text, tests[i]->len);
	if (literal)
		n = test_literals(&c->test, texts, NOC_KEY_TEXTS);
	if (n)
		noc_entry_key(e, &c->field, literal, texts, n);
}

static void
entry_cond(struct noc_entry *e, const struct noc_cond *c)
{
	if (c->op == NOC_COND_TEST)
		entry_test(e, c);
	else if (c->op == NOC_COND_AND)
		for (size_t i = 0; i < c->nkids; i++)
			entry_cond(e, &c->kids[i]);
}

void
noc_entry_where(struct noc_entry *e, const struct noc_where *w)
{
	if (w)
		entry_cond(e, &w->root);
}

/* ---- filing ---- */

struct census { /* how many things demand this of this field */
	struct noc_texts texts;
};

static size_t
census_key(char buf[512], const struct noc_key *key, struct noc_slice text)
{
	size_t path = strlen(key->field.path);

	path = path < 200 ? path : 200;
	text.len = text.len < 256 ? text.len : 256;
	memcpy(buf, key->field.path, path);
	buf[path] = '\n';
	memcpy(buf + path + 1, text.p, text.len);
	return path + 1 + text.len;
}

static void
census_take(struct census *c, const struct noc_entry *entries, size_t n)
{
	char buf[512];

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < entries[i].nkeys; k++) {
			const struct noc_key *key = &entries[i].keys[k];

			for (size_t t = 0; !key->literal && t < key->ntexts;
			     t++)
				noc_texts_add(
				    &c->texts, buf,
				    census_key(buf, key, key->texts[t]),
				    entries[i].id);
		}
}

/* The fullest list this key would be filed under. */
static size_t
census_worst(const struct census *c, const struct noc_key *key)
{
	size_t worst = 0;
	char buf[512];

	for (size_t t = 0; t < key->ntexts; t++) {
		const struct noc_list *l = noc_texts_get(
		    &c->texts, buf, census_key(buf, key, key->texts[t]));

		if (l && l->len > worst)
			worst = l->len;
	}
	return worst;
}

/*
 * The rarest equality, unless it is not rare at all and there is a literal,
 * the longer the better.
 */
static const struct noc_key *
entry_choose(const struct census *c, const struct noc_entry *e, size_t n)
{
	const struct noc_key *equal = NULL, *literal = NULL;
	size_t fewest = SIZE_MAX, longest = 0;

	for (size_t k = 0; k < e->nkeys; k++) {
		const struct noc_key *key = &e->keys[k];
		size_t shortest = SIZE_MAX;

		if (!key->literal) {
			size_t worst = census_worst(c, key);

			if (worst < fewest) {
				fewest = worst;
				equal = key;
			}
			continue;
		}
		for (size_t t = 0; t < key->ntexts; t++)
			if (key->texts[t].len < shortest)
				shortest = key->texts[t].len;
		if (shortest > longest) {
			longest = shortest;
			literal = key;
		}
	}
	if (equal && literal && fewest > SELECTIVE_MIN &&
	    fewest > n / SELECTIVE_SHARE)
		return literal;
	return equal ? equal : literal;
}

static bool
same_field(const struct noc_field *a, const struct noc_field *b)
{
	return a->from == b->from && a->path == b->path;
}

static bool
index_equality(struct noc_index *index, const struct noc_key *key, uint32_t id)
{
	size_t i = 0;

	while (i < index->npaths &&
	       !same_field(&index->paths[i].field, &key->field))
		i++;
	if (i == NOC_INDEX_PATHS)
		return false;
	if (i == index->npaths) {
		index->paths[i].field = key->field;
		index->npaths++;
	}
	for (size_t t = 0; t < key->ntexts; t++)
		noc_texts_add(&index->paths[i].texts, key->texts[t].p,
			      key->texts[t].len, id);
	return true;
}

static bool
index_literal(struct noc_index *index, const struct noc_key *key, uint32_t id)
{
	size_t i = 0;

	while (i < index->nliterals &&
	       !same_field(&index->literals[i].field, &key->field))
		i++;
	if (i == NOC_INDEX_LITERALS)
		return false;
	if (i == index->nliterals) {
		index->literals[i].field = key->field;
		index->literals[i].literals = noc_literals_new();
		index->nliterals++;
	}
	for (size_t t = 0; t < key->ntexts; t++)
		noc_literals_add(index->literals[i].literals, key->texts[t].p,
				 key->texts[t].len, id);
	return true;
}

void
noc_index_build(struct noc_index *index, const struct noc_entry *entries,
		size_t n)
{
	struct census census = { { NULL, 0, 0 } };

	census_take(&census, entries, n);
	for (size_t i = 0; i < n; i++) {
		const struct noc_key *key =
		    entry_choose(&census, &entries[i], n);
		bool filed = false;

		if (key && key->literal)
			filed = index_literal(index, key, entries[i].id);
		else if (key)
			filed = index_equality(index, key, entries[i].id);
		if (!filed)
			noc_list_add(&index->rest, entries[i].id);
	}
	for (size_t i = 0; i < index->nliterals; i++)
		noc_literals_seal(index->literals[i].literals);
	noc_texts_release(&census.texts);
}

void
noc_index_release(struct noc_index *index)
{
	for (size_t i = 0; i < index->npaths; i++)
		noc_texts_release(&index->paths[i].texts);
	for (size_t i = 0; i < index->nliterals; i++)
		noc_literals_free(index->literals[i].literals);
	free(index->rest.at);
}

/* ---- asking ---- */

static void
candidates_of(const struct noc_list *l, void (*fn)(uint32_t id, void *arg),
	      void *arg)
{
	for (uint32_t i = 0; l && i < l->len; i++)
		fn(l->at[i], arg);
}

/* Equality takes numbers by their decimal text, and any item of a list. */
static void
candidates_equal(const struct noc_texts *texts, const struct noc_datum *d,
		 void (*fn)(uint32_t id, void *arg), void *arg)
{
	struct noc_datum item;
	char number[24];
	int len;

	if (d->type == NOC_STR) {
		candidates_of(noc_texts_get(texts, d->s.p, d->s.len), fn, arg);
	} else if (d->type == NOC_INT) {
		len = snprintf(number, sizeof(number), "%lld", (long long)d->i);
		candidates_of(noc_texts_get(texts, number, (size_t)len), fn,
			      arg);
	} else if (d->type == NOC_LIST) {
		for (size_t i = 0; i < noc_value_len(d->v); i++) {
			noc_datum_of(noc_value_at(d->v, i), &item);
			if (item.type != NOC_LIST)
				candidates_equal(texts, &item, fn, arg);
		}
	}
}

static void
candidates_literal(const struct noc_literals *l, const struct noc_datum *d,
		   void (*fn)(uint32_t id, void *arg), void *arg)
{
	struct noc_datum item;

	if (d->type == NOC_STR) {
		noc_literals_scan(l, d->s, fn, arg);
	} else if (d->type == NOC_LIST) {
		for (size_t i = 0; i < noc_value_len(d->v); i++) {
			noc_datum_of(noc_value_at(d->v, i), &item);
			if (item.type == NOC_STR)
				noc_literals_scan(l, item.s, fn, arg);
		}
	}
}

void
noc_index_candidates(const struct noc_index *index, const struct noc_event *ev,
		     void (*fn)(uint32_t id, void *arg), void *arg)
{
	struct noc_datum d;

	for (size_t i = 0; i < index->npaths; i++) {
		noc_event_get(ev, &index->paths[i].field, &d);
		candidates_equal(&index->paths[i].texts, &d, fn, arg);
	}
	for (size_t i = 0; i < index->nliterals; i++) {
		noc_event_get(ev, &index->literals[i].field, &d);
		candidates_literal(index->literals[i].literals, &d, fn, arg);
	}
	candidates_of(&index->rest, fn, arg);
}
