/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/event/field.h"
#include "engine/rule/match_private.h"

/* ---- kinds by pointer ---- */

struct kind_entry {
	const char *kind;
	struct noc_entry entry;
};

static uint32_t
kind_hash(const char *kind)
{
	return (uint32_t)(((uintptr_t)kind >> 4) * 0x9e3779b97f4a7c15u >> 32);
}

static uint32_t *
kinds_slot(const struct noc_kinds *k, const char *kind)
{
	for (uint32_t i = kind_hash(kind);; i++) {
		uint32_t *slot = &k->slots[i & (k->size - 1)];

		if (!*slot || k->at[*slot - 1].kind == kind)
			return slot;
	}
}

struct noc_index *
noc_kinds_find(const struct noc_kinds *k, const char *kind)
{
	uint32_t *slot = k->size ? kinds_slot(k, kind) : NULL;

	return slot && *slot ? &k->at[*slot - 1] : NULL;
}

static void
kinds_release(struct noc_kinds *k)
{
	for (size_t i = 0; i < k->len; i++)
		noc_index_release(&k->at[i]);
	free(k->at);
	free(k->slots);
	memset(k, 0, sizeof(*k));
}

static int
by_kind(const void *a, const void *b)
{
	const struct kind_entry *x = a, *y = b;

	if (x->kind != y->kind)
		return strcmp(x->kind, y->kind);
	return x->entry.id < y->entry.id ? -1 : x->entry.id > y->entry.id;
}

static void
kinds_build(struct noc_kinds *k, struct kind_entry *entries, size_t n)
{
	struct noc_entry *run = noc_calloc(n + 1, sizeof(*run));
	size_t kinds = 0, cap = 0;

	if (n)
		qsort(entries, n, sizeof(*entries), by_kind);
	for (size_t i = 0; i < n; i++)
		kinds += i == 0 || entries[i].kind != entries[i - 1].kind;
	k->size = 8;
	while (k->size < kinds * 2)
		k->size *= 2;
	k->slots = noc_calloc(k->size, sizeof(*k->slots));
	k->at = noc_calloc(kinds + 1, sizeof(*k->at));
	for (size_t i = 0; i < n; i = cap) {
		for (cap = i; cap < n && entries[cap].kind == entries[i].kind;
		     cap++)
			run[cap - i] = entries[cap].entry;
		k->at[k->len].kind = entries[i].kind;
		noc_index_build(&k->at[k->len], run, cap - i);
		*kinds_slot(k, entries[i].kind) = (uint32_t)++k->len;
	}
	free(run);
	for (size_t i = 0; i < n; i++)
		noc_entry_release(&entries[i].entry);
}

/* ---- what each thing demands ---- */

struct filing {
	struct kind_entry *at;
	size_t len, cap;
};

static struct noc_entry *
filing_add(struct filing *f, const char *kind, uint32_t id)
{
	struct kind_entry *e;

	NOC_GROW(f->at, f->cap, f->len + 1);
	e = &f->at[f->len++];
	memset(e, 0, sizeof(*e));
	e->kind = kind;
	e->entry.id = id;
	return &e->entry;
}

static void
filing_done(struct filing *f, struct noc_kinds *k)
{
	kinds_build(k, f->at, f->len);
	free(f->at);
}

static void
build_rules(const struct noc_ruleset *rs, struct noc_match *m)
{
	struct filing f = { NULL, 0, 0 };

	for (size_t i = 0; i < rs->nrules; i++)
		for (size_t k = 0; k < rs->rules[i].on.len; k++)
			noc_entry_where(
			    filing_add(&f, rs->rules[i].on.at[k], (uint32_t)i),
			    rs->rules[i].where);
	filing_done(&f, &m->rules);
}

static void
build_pairs(const struct noc_ruleset *rs, struct noc_match *m)
{
	struct filing f = { NULL, 0, 0 };

	for (size_t i = 0; i < rs->npairs; i++) {
		const struct noc_pair *p = &rs->pairs[i];

		for (size_t k = 0; k < p->open.len; k++)
			noc_entry_where(
			    filing_add(&f, p->open.at[k], (uint32_t)i),
			    p->where);
		for (size_t k = 0; k < p->close.len; k++)
			noc_entry_where(
			    filing_add(&f, p->close.at[k], (uint32_t)i),
			    p->where);
	}
	filing_done(&f, &m->pairs);
}

static void
emit_key(struct noc_entry *e, const char *path, const struct noc_strings *s)
{
	struct noc_slice texts[NOC_KEY_TEXTS];
	struct noc_field field;

	if (!s->len || s->len > NOC_KEY_TEXTS ||
	    noc_field_resolve(path, strlen(path), NULL, &field, NULL))
		return;
	for (size_t i = 0; i < s->len; i++)
		texts[i] = noc_slice_str(s->at[i]);
	noc_entry_key(e, &field, false, texts, s->len);
}

static void
emit_literal(struct noc_entry *e, const struct noc_normalizer *emit)
{
	const char *path =
	    strcmp(emit->from, "syslog") ? "summary" : "syslog.message";
	struct noc_slice literal = { NULL, 0 };
	struct noc_field field;

	if (emit->pattern)
		literal = noc_pattern_literal(emit->pattern);
	if (literal.len < NOC_LITERAL_MIN ||
	    noc_field_resolve(path, strlen(path), NULL, &field, NULL))
		return;
	noc_entry_key(e, &field, true, &literal, 1);
}

static void
build_emits(const struct noc_ruleset *rs, struct noc_match *m)
{
	struct filing f = { NULL, 0, 0 };

	for (size_t i = 0; i < rs->nemits; i++) {
		const struct noc_normalizer *emit = &rs->emits[i];
		struct noc_entry *e = filing_add(&f, emit->from, (uint32_t)i);

		if (!strcmp(emit->from, "snmp.trap") && emit->tags.len) {
			/* By name or by OID: filed under both, see
			 * build_normalize.c. */
			emit_key(e, "snmp.trap", &emit->tags);
			e = filing_add(&f, emit->from, (uint32_t)i);
			emit_key(e, "snmp.trap_oid", &emit->tags);
			continue;
		}
		if (!strcmp(emit->from, "syslog")) {
			emit_key(e, "syslog.tag", &emit->tags);
			emit_key(e, "syslog.app", &emit->apps);
		}
		emit_literal(e, emit);
		noc_entry_where(e, emit->where);
	}
	filing_done(&f, &m->emits);
}

int
noc_match_build(struct noc_ruleset *rs, struct noc_err *err)
{
	struct noc_match *m = noc_calloc(1, sizeof(*m));

	(void)err;
	build_rules(rs, m);
	build_pairs(rs, m);
	build_emits(rs, m);
	m->seen = noc_calloc(rs->nrules + 1, sizeof(*m->seen));
	m->seen_emit = noc_calloc(rs->nemits + 1, sizeof(*m->seen_emit));
	m->order = noc_calloc(rs->nemits + 1, sizeof(*m->order));
	rs->match = m;
	return 0;
}

void
noc_match_free(struct noc_match *m)
{
	if (!m)
		return;
	kinds_release(&m->rules);
	kinds_release(&m->pairs);
	kinds_release(&m->emits);
	free(m->seen);
	free(m->seen_emit);
	free(m->order);
	free(m);
}
