/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/rule/match.h"

#include <string.h>

#include "base/log.h"
#include "engine/rule/match_private.h"

/* One question to the index; the stamp makes each thing asked once. */
struct ask {
	const struct noc_ruleset *rs;
	const struct noc_event *ev;
	struct noc_rule **out;
	const struct noc_pair **pairs;
	size_t len, max;
};

/* Told at powers of two of each rule, so that a broken script cannot flood the
 * log, nor hide another one. */
static void
match_script_failed(struct noc_rule *r, const struct noc_err *err)
{
	uint64_t n = ++r->when_errors;

	if (!(n & (n - 1)))
		noc_warn("match", "rule=%s errors=%llu error=%s", r->name,
			 (unsigned long long)n, err->msg);
}

static bool
rule_function(const struct noc_ruleset *rs, const struct noc_rule *r,
	      const struct noc_event *ev, struct noc_err *err)
{
	struct noc_scope scope = { .ev = ev };
	bool result = false;

	if (!r->when_fn)
		return true;
	if (!rs->tree || !rs->tree->lua)
		return false;
	err->msg[0] = '\0';
	if (noc_lua_test(rs->tree->lua, r->when_fn - 1, &scope, &result, err))
		return false;
	return result;
}

static bool
rule_matches(const struct noc_ruleset *rs, struct noc_rule *r,
	     const struct noc_event *ev)
{
	struct noc_err err;
	bool result;

	if (!noc_where_match_event(r->where, ev))
		return false;
	if (!r->when_fn)
		return true;
	result = rule_function(rs, r, ev, &err);
	if (!result && err.msg[0])
		match_script_failed(r, &err);
	return result;
}

/* In rule order; past max the last ones are left out. */
static void
on_rule(uint32_t id, void *arg)
{
	struct ask *ask = arg;
	struct noc_match *m = ask->rs->match;
	struct noc_rule *r = &ask->rs->rules[id];
	size_t at;

	if (m->seen[id] == m->scan)
		return;
	m->seen[id] = m->scan;
	if (!rule_matches(ask->rs, r, ask->ev))
		return;
	if (ask->len == ask->max) {
		m->more = true;
		if (!ask->max || ask->out[ask->len - 1]->index < r->index)
			return;
		ask->len--;
	}
	at = ask->len++;
	for (; at && ask->out[at - 1]->index > r->index; at--)
		ask->out[at] = ask->out[at - 1];
	ask->out[at] = r;
}

/* Of each group only the first that matched. */
static size_t
match_groups(struct noc_rule **out, size_t len)
{
	size_t kept = 0;

	for (size_t i = 0; i < len; i++) {
		bool taken = false;

		for (size_t k = 0; out[i]->group && k < kept && !taken; k++)
			taken = out[k]->group == out[i]->group;
		if (!taken)
			out[kept++] = out[i];
	}
	return kept;
}

static void
match_new_scan(const struct noc_ruleset *rs)
{
	struct noc_match *m = rs->match;

	if (++m->scan)
		return;
	memset(m->seen, 0, rs->nrules * sizeof(*m->seen));
	memset(m->seen_emit, 0, rs->nemits * sizeof(*m->seen_emit));
	m->scan = 1;
}

/* The event's kind, and what the sensor called it when that differs. */
static void
match_ask(const struct noc_kinds *kinds, const struct noc_event *ev,
	  void (*fn)(uint32_t id, void *arg), void *arg)
{
	const struct noc_index *index = noc_kinds_find(kinds, ev->kind);

	if (index)
		noc_index_candidates(index, ev, fn, arg);
	if (ev->base == ev->kind)
		return;
	index = noc_kinds_find(kinds, ev->base);
	if (index)
		noc_index_candidates(index, ev, fn, arg);
}

bool
noc_match_wants(const struct noc_ruleset *rs, const char *kind)
{
	return noc_kinds_find(&rs->match->rules, kind) ||
	       noc_kinds_find(&rs->match->pairs, kind);
}

size_t
noc_match_event(const struct noc_ruleset *rs, const struct noc_event *ev,
		struct noc_rule **out, size_t max)
{
	struct ask ask = { .rs = rs, .ev = ev, .out = out, .max = max };

	match_new_scan(rs);
	rs->match->more = false;
	match_ask(&rs->match->rules, ev, on_rule, &ask);
	return ask.len > 1 ? match_groups(out, ask.len) : ask.len;
}

bool
noc_match_more(const struct noc_ruleset *rs)
{
	return rs->match->more;
}

static void
on_pair(uint32_t id, void *arg)
{
	struct ask *ask = arg;
	const struct noc_pair *p = &ask->rs->pairs[id];
	size_t at;

	for (size_t i = 0; i < ask->len; i++)
		if (ask->pairs[i] == p)
			return;
	if (!noc_where_match_event(p->where, ask->ev))
		return;
	if (ask->len == ask->max) {
		if (!ask->max || ask->pairs[ask->len - 1] < p)
			return;
		ask->len--;
	}
	at = ask->len++;
	for (; at && ask->pairs[at - 1] > p; at--)
		ask->pairs[at] = ask->pairs[at - 1];
	ask->pairs[at] = p;
}

size_t
noc_match_pairs(const struct noc_ruleset *rs, const struct noc_event *ev,
		const struct noc_pair **out, size_t max)
{
	struct ask ask = { .rs = rs, .ev = ev, .pairs = out, .max = max };

	match_ask(&rs->match->pairs, ev, on_pair, &ask);
	return ask.len;
}

/* ---- explain ---- */

static bool
rule_wants_kind(const struct noc_rule *r, const struct noc_event *ev)
{
	for (size_t i = 0; i < r->on.len; i++)
		if (r->on.at[i] == ev->kind || r->on.at[i] == ev->base)
			return true;
	return false;
}

static bool
rule_explain(const struct noc_ruleset *rs, const struct noc_rule *r,
	     const struct noc_event *ev, struct noc_strbuf *why)
{
	struct noc_scope scope = { .ev = ev };
	struct noc_err err;

	if (!noc_where_explain(r->where, &scope, why))
		return false;
	if (rule_function(rs, r, ev, &err))
		return true;
	noc_strbuf_adds(why, "when: the function ");
	if (err.msg[0])
		noc_strbuf_addf(why, "failed: %s", err.msg);
	else
		noc_strbuf_adds(why, "said no");
	return false;
}

void
noc_match_explain(const struct noc_ruleset *rs, const struct noc_event *ev,
		  void (*fn)(const struct noc_rule *rule, bool matched,
			     const char *why, void *arg),
		  void *arg)
{
	struct noc_strbuf why = NOC_STRBUF_INIT;
	struct noc_rule *won[64];
	size_t nwon = 0;

	for (size_t i = 0; i < rs->nrules; i++) {
		struct noc_rule *r = &rs->rules[i];
		bool matched;

		if (!rule_wants_kind(r, ev))
			continue;
		noc_strbuf_clear(&why);
		noc_strbuf_add(&why, "", 0);
		matched = rule_explain(rs, r, ev, &why);
		for (size_t k = 0; matched && r->group && k < nwon; k++)
			if (won[k]->group == r->group) {
				noc_strbuf_addf(&why,
						"group '%s': rule '%s' "
						"matched first",
						r->group, won[k]->name);
				matched = false;
			}
		if (matched && r->group && nwon < 64)
			won[nwon++] = r;
		fn(r, matched, why.p, arg);
	}
	noc_strbuf_release(&why);
}
