/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/intern.h"
#include "base/mem.h"
#include "engine/lang/ast.h"
#include "engine/expr/template.h"
#include "engine/flow/keep_one_up.h"
#include "engine/rule/build.h"

#define UNLESS_MAX 32

/* What an acting rule is held to when it says nothing. */
#define GUARD_PER_KEY "2/30m"
#define GUARD_MASS    "5/30s by site"
#define GUARD_TARGETS "10/10m"
#define GUARD_RATE    "10/1m"
#define GUARD_DEPTH   3

/* ---- unless = { seen { "config.change", device = ..., back = "10m" } } ----
 */

static const char *
unless_text(const struct noc_unless *u)
{
	struct noc_strbuf text = NOC_STRBUF_INIT;
	const char *interned;

	noc_strbuf_adds(&text, "seen(");
	for (size_t i = 0; i < u->kinds.len; i++)
		noc_strbuf_addf(&text, "%s%s", i ? "|" : "", u->kinds.at[i]);
	noc_strbuf_addc(&text, ')');
	interned = noc_intern(text.p, text.len);
	noc_strbuf_release(&text);
	return interned;
}

static void
unless_build(struct noc_build *b, const struct noc_value *v,
	     struct noc_unless *u)
{
	const struct noc_value *opts = noc_ast_opts(v);
	struct noc_strings devices;

	u->kinds = noc_build_strings(b, noc_ast_items(v));
	if (!u->kinds.len)
		noc_build_error(b, v, "seen { ... } needs a kind of event.");
	for (size_t i = 0; i < u->kinds.len; i++)
		noc_build_kind(b, u->kinds.at[i], NOC_WAITED);
	u->back_ms = noc_build_duration(b, opts, "back", 0);
	if (u->back_ms < 1)
		noc_build_error(b, v,
				"seen { ... } needs back = \"10m\", how far "
				"back to look.");
	else if (u->back_ms > NOC_UNLESS_BACK_MAX_MS)
		noc_build_error(b, v,
				"seen { ... } remembers one hour: back can be "
				"\"1h\" at most.");
	devices = noc_build_strings(b, noc_value_get(opts, "device"));
	if (devices.len)
		u->devices = noc_calloc(devices.len, sizeof(*u->devices));
	for (size_t i = 0; i < devices.len; i++) {
		struct noc_value text = { .type = NOC_STR };

		memcpy(&text.u.s.p, &devices.at[i], sizeof(char *));
		text.u.s.len = strlen(devices.at[i]);
		u->devices[u->ndevices++] = noc_build_template(b, &text);
	}
	free(devices.at);
	noc_build_check(b, noc_value_get(opts, "device"));
	u->where = noc_build_where(b, noc_value_get(opts, "where"), true);
	u->text = unless_text(u);
}

static void
rule_unless(struct noc_build *b, struct noc_rule *r, const struct noc_value *v)
{
	const struct noc_value *items =
	    noc_ast_is(v, "seen") ? NULL : noc_ast_items(v);
	size_t n = items ? noc_value_len(items) : v != NULL;

	if (n > UNLESS_MAX) {
		noc_build_error(b, v, "'unless' has more than %d entries.",
				UNLESS_MAX);
		return;
	}
	r->unless = noc_calloc(n + 1, sizeof(*r->unless));
	for (size_t i = 0; i < n; i++) {
		const struct noc_value *one =
		    items ? noc_value_at(items, i) : v;

		if (!noc_ast_is(one, "seen"))
			noc_build_error(b, one,
					"'unless' holds seen { ... } only.");
		else
			unless_build(b, one, &r->unless[r->nunless++]);
	}
}

/* ---- hold, damp, storm, threshold, throttle ---- */

static void
rule_hold(struct noc_build *b, struct noc_rule *r, const struct noc_value *v)
{
	const struct noc_value *time =
	    v && v->type == NOC_STR ? v : noc_value_at(noc_ast_items(v), 0);

	if (!v)
		return;
	if (!time || time->type != NOC_STR ||
	    noc_duration_parse(time->u.s.p, &r->hold_ms))
		noc_build_error(b, v,
				"'hold' begins with a duration: hold = { "
				"\"15s\", cancel = ... }.");
	r->hold_cancel = noc_build_strings(b, noc_ast_opt(v, "cancel"));
	for (size_t i = 0; i < r->hold_cancel.len; i++)
		noc_build_kind(b, r->hold_cancel.at[i], NOC_WAITED);
}

static void
rule_damp(struct noc_build *b, struct noc_rule *r, const struct noc_value *v)
{
	const struct noc_value *opts = noc_ast_opts(v);
	struct noc_damp *d;
	double ceiling;

	if (!v)
		return;
	r->damp = d = noc_calloc(1, sizeof(*d));
	d->half_life_ms = noc_build_duration(b, opts, "half_life", 900000);
	d->max_suppress_ms =
	    noc_build_duration(b, opts, "max_suppress", 3600000);
	d->suppress = noc_ast_number(opts, "suppress", 2000);
	d->reuse = noc_ast_number(opts, "reuse", 750);
	d->penalty = noc_ast_number(opts, "penalty", 1000);
	if (d->half_life_ms < 1000 || d->reuse <= 0 || d->penalty <= 0 ||
	    d->suppress <= d->reuse) {
		noc_build_error(b, v,
				"'damp' needs half_life of 1s or more and 0 < "
				"reuse < suppress.");
		return;
	}
	/* RFC 2439 §4.2: the ceiling follows from the longest mute. */
	ceiling = d->reuse *
		  pow(2, (double)d->max_suppress_ms / (double)d->half_life_ms);
	if (ceiling < d->suppress)
		noc_build_error(b, v,
				"'damp' can never suppress: with this "
				"max_suppress the penalty stays below %.0f; "
				"raise max_suppress or reuse.",
				ceiling);
}

static void
rule_storm(struct noc_build *b, struct noc_rule *r, const struct noc_value *v)
{
	const struct noc_value *opts = noc_ast_opts(v), *digest;
	struct noc_storm *s;

	if (!v)
		return;
	r->storm = s = noc_calloc(1, sizeof(*s));
	s->over = noc_build_rate(b, opts, "over", NULL);
	s->clear = noc_build_rate(b, opts, "clear",
				  noc_value_get_str(opts, "over", NULL));
	if (!s->over.count)
		noc_build_error(b, v, "'storm' needs over = \"200/10s\".");
	digest = noc_ast_opts(noc_value_get(opts, "digest"));
	s->idle_ms = noc_build_duration(b, digest, "idle", 30000);
	s->max_ms = noc_build_duration(b, digest, "max", 300000);
	s->max_count = noc_value_get_int(digest, "count", 0);
	if (noc_value_get(digest, "count") && s->max_count <= s->over.count)
		noc_build_error(b, v,
				"'count' in 'digest' must be more than the "
				"%lld of 'over'.",
				(long long)s->over.count);
	s->top = (int)noc_value_get_int(opts, "top", 3);
	if (s->top < 1 || s->top > 20)
		noc_build_error(b, v, "'top' must be 1 to 20.");
	s->keep = noc_build_where(b, noc_value_get(opts, "keep"), true);
	s->rollup = noc_value_get_str(opts, "rollup", NULL);
	if (s->rollup)
		s->rollup = noc_interns(s->rollup);
}

static void
rule_threshold(struct noc_build *b, struct noc_rule *r,
	       const struct noc_value *v)
{
	const struct noc_value *opts = noc_ast_opts(v), *first;
	struct noc_threshold *t;
	struct noc_rate over, clear;
	const char *text = NULL;

	if (!v)
		return;
	first = v->type == NOC_STR ? v : noc_value_at(noc_ast_items(v), 0);
	if (first && first->type == NOC_STR)
		text = first->u.s.p;
	over = noc_build_rate(b, opts, "over", text);
	clear = noc_build_rate(b, opts, "clear", NULL);
	if (!over.count)
		noc_build_error(b, v,
				"'threshold' needs a rate: threshold = "
				"\"5/1m\".");
	if (over.count > NOC_THRESHOLD_MAX)
		noc_build_error(b, v,
				"'threshold' counts at most %d; for floods "
				"there is 'storm'.",
				NOC_THRESHOLD_MAX);
	r->threshold = t = noc_calloc(1, sizeof(*t));
	t->count = over.count;
	t->window_ms = over.per_ms;
	t->clear_count = clear.count;
	t->clear_window_ms = clear.per_ms;
	t->distinct = noc_build_template(b, noc_value_get(opts, "distinct"));
	noc_build_check(b, noc_value_get(opts, "distinct"));
}

static void
rule_throttle(struct noc_build *b, struct noc_rule *r,
	      const struct noc_value *v)
{
	static const struct {
		const char *key;
		enum noc_throttle how;
	} ways[] = { { "once_within", NOC_ONCE_WITHIN },
		     { "once_after", NOC_ONCE_AFTER },
		     { "accumulate", NOC_ACCUMULATE } };
	const struct noc_value *opts = noc_ast_opts(v);
	size_t said = 0;

	for (size_t i = 0; v && i < NOC_COUNT(ways); i++) {
		struct noc_rate rate;

		if (!noc_value_get(opts, ways[i].key))
			continue;
		said++;
		r->throttle = ways[i].how;
		if (ways[i].how != NOC_ACCUMULATE) {
			r->throttle_ms =
			    noc_build_duration(b, opts, ways[i].key, 0);
			continue;
		}
		rate = noc_build_rate(b, opts, ways[i].key, NULL);
		r->throttle_count = rate.count;
		r->throttle_ms = rate.per_ms;
	}
	if (v && said != 1)
		noc_build_error(b, v,
				"'throttle' takes one of once_within, "
				"once_after and accumulate.");
}

/* ---- guard ---- */

/* Times are kept one by one; a guard this wide guards nothing anyway. */
static void
rule_guard_large(struct noc_build *b, const struct noc_value *v,
		 const char *name, struct noc_rate *rate)
{
	if (rate->count <= NOC_GUARD_COUNT_MAX)
		return;
	noc_build_warn(b, "%s: guard '%s' of more than %d is no guard.",
		       noc_ast_at(v), name, NOC_GUARD_COUNT_MAX);
	rate->count = 0;
}

/* The defaults bind rules that act; to the others only what they say. */
static void
rule_guard(struct noc_build *b, struct noc_rule *r, const struct noc_value *v)
{
	const struct noc_value *opts = noc_ast_opts(v);
	struct noc_guard *g = &r->guard;

	g->per_key = noc_build_rate(b, opts, "per_key",
				    r->acting ? GUARD_PER_KEY : NULL);
	g->mass =
	    noc_build_rate(b, opts, "mass", r->acting ? GUARD_MASS : NULL);
	g->targets = noc_build_rate(b, opts, "targets",
				    r->acting ? GUARD_TARGETS : NULL);
	g->rate =
	    noc_build_rate(b, opts, "rate", r->acting ? GUARD_RATE : NULL);
	rule_guard_large(b, v, "rate", &g->rate);
	rule_guard_large(b, v, "per_key", &g->per_key);
	rule_guard_large(b, v, "mass", &g->mass);
	rule_guard_large(b, v, "targets", &g->targets);
	g->depth = (int)noc_value_get_int(opts, "depth", GUARD_DEPTH);
	if (g->depth < 1 || g->depth > 100)
		noc_build_error(b, v, "'depth' must be 1 to 100.");
	g->settle_ms =
	    noc_build_duration(b, opts, "settle", NOC_GUARD_SETTLE_MS);
	if (g->settle_ms > NOC_GUARD_SETTLE_MAX_MS)
		noc_build_error(b, v, "'settle' must be at most 10m.");
	g->on_exceed = noc_value_get(opts, "on_exceed");
	noc_build_on_exceed(b, g->on_exceed);
}

/* ---- rule ---- */

static void
rule_mode(struct noc_build *b, struct noc_rule *r, const struct noc_value *opts)
{
	const char *text = noc_value_get_str(opts, "canary", NULL);
	char *end;

	r->mode = noc_build_mode(b, opts, r->acting, &r->mode_said);
	/* There is nothing to withhold from a rule that does not act. */
	if (!r->acting && r->mode == NOC_OBSERVE)
		r->mode = NOC_ACTIVE;
	if (!text && r->mode != NOC_CANARY)
		return;
	if (text && !r->mode_said)
		r->mode = NOC_CANARY;
	r->canary = text ? strtod(text, &end) / 100 : 0;
	if (!text || end == text || strcmp(end, "%") || !(r->canary > 0) ||
	    r->canary > 1)
		noc_build_error(b, NULL,
				"mode = \"canary\" needs a share of the keys, "
				"such as canary = \"10%%\".");
}

/* State is kept over a reload while these stay the same. */
static void
rule_keys_hash(struct noc_build *b, const struct noc_value *opts,
	       uint8_t out[32])
{
	static const char *const names[] = { "on",	 "key",	  "hold",
					     "damp",	 "storm", "threshold",
					     "throttle", "time",  "open",
					     "close",	 "within" };
	struct noc_value *keys = noc_value_map();

	for (size_t i = 0; i < NOC_COUNT(names); i++)
		if (noc_value_get(opts, names[i]))
			noc_value_set(
			    keys, names[i],
			    noc_value_copy(noc_value_get(opts, names[i])));
	noc_build_definition(b, keys, out);
	noc_value_free(keys);
}

static void
rule_condition(struct noc_build *b, struct noc_rule *r,
	       const struct noc_value *opts)
{
	const struct noc_value *where = noc_value_get(opts, "where");

	r->on = noc_build_strings(b, noc_value_get(opts, "on"));
	if (!r->on.len)
		noc_build_error(b, NULL, "needs on = \"some.kind\".");
	for (size_t i = 0; i < r->on.len; i++)
		noc_build_kind(b, r->on.at[i], NOC_WAITED);
	r->where = noc_build_where(b, where, true);
	r->when_fn = noc_ast_function(noc_value_get(opts, "when"));
	if (noc_ast_function(where) && r->when_fn)
		noc_build_error(b, NULL,
				"'where' and 'when' are both functions; write "
				"one.");
	else if (noc_ast_function(where))
		r->when_fn = noc_ast_function(where);
	r->key = noc_build_template(b, noc_value_get(opts, "key"));
	noc_build_check(b, noc_value_get(opts, "key"));
}

static struct noc_plan *
rule_run(struct noc_build *b, const char *name, const struct noc_value *opts)
{
	const struct noc_value *run = noc_value_get(opts, "run");
	const struct noc_value *group =
	    noc_ast_opt(noc_value_get(opts, "guard"), "keep_one_up");
	struct noc_value *kept = NULL;
	struct noc_plan *plan;
	struct noc_err err;

	if (run && group && noc_keep_one_up(run, group, &kept, &err))
		noc_build_err(b, group, &err);
	plan = noc_build_plan(b, name, kept ? kept : run);
	if (group && noc_build_starts_acting(b, plan))
		noc_build_error(b, group,
				"'keep_one_up' does not reach into a flow that "
				"is started; write its steps in 'run'.");
	noc_value_free(kept);
	return plan;
}

void
noc_build_rule(struct noc_build *b, struct noc_rule *r)
{
	const struct noc_value *opts = noc_ast_opts(b->node);

	r->name = noc_interns(noc_ast_name(b->node));
	r->ast = b->node;
	noc_build_place(b->node, &r->file, &r->line);
	noc_build_definition(b, b->node, r->definition);
	rule_condition(b, r, opts);
	r->run = rule_run(b, r->name, opts);
	r->acting = noc_build_acts(b, r->run);
	rule_mode(b, r, opts);
	r->event_time =
	    !strcmp(noc_value_get_str(opts, "time", "arrival"), "event");
	rule_unless(b, r, noc_value_get(opts, "unless"));
	rule_hold(b, r, noc_value_get(opts, "hold"));
	rule_damp(b, r, noc_value_get(opts, "damp"));
	rule_storm(b, r, noc_value_get(opts, "storm"));
	rule_threshold(b, r, noc_value_get(opts, "threshold"));
	rule_throttle(b, r, noc_value_get(opts, "throttle"));
	rule_guard(b, r, noc_value_get(opts, "guard"));
	if (noc_value_get_bool(opts, "first", false)) {
		r->group = noc_value_get_str(opts, "group", NULL);
		if (!r->group)
			noc_build_error(b, NULL,
					"first = true needs group = \"name\".");
		else if (r->mode == NOC_SHADOW)
			r->group = NULL; /* it neither wins nor loses */
		else
			r->group = noc_interns(r->group);
	}
	rule_keys_hash(b, opts, r->keys_hash);
}

void
noc_rule_release(struct noc_rule *r)
{
	free(r->on.at);
	noc_where_free(r->where);
	for (size_t i = 0; i < r->nunless; i++) {
		struct noc_unless *u = &r->unless[i];

		for (size_t k = 0; k < u->ndevices; k++)
			noc_template_free(u->devices[k]);
		free(u->devices);
		free(u->kinds.at);
		noc_where_free(u->where);
	}
	free(r->unless);
	noc_template_free(r->key);
	free(r->hold_cancel.at);
	free(r->damp);
	if (r->storm)
		noc_where_free(r->storm->keep);
	free(r->storm);
	if (r->threshold)
		noc_template_free(r->threshold->distinct);
	free(r->threshold);
	noc_plan_unref(r->run);
}

/* ---- pair ---- */

void
noc_build_pair(struct noc_build *b, struct noc_pair *p)
{
	const struct noc_value *opts = noc_ast_opts(b->node);

	p->name = noc_interns(noc_ast_name(b->node));
	noc_build_place(b->node, &p->file, &p->line);
	noc_build_definition(b, b->node, p->definition);
	rule_keys_hash(b, opts, p->keys_hash);
	p->open = noc_build_strings(b, noc_value_get(opts, "open"));
	p->close = noc_build_strings(b, noc_value_get(opts, "close"));
	if (!p->open.len || !p->close.len)
		noc_build_error(b, NULL, "needs open = KIND, close = KIND.");
	for (size_t i = 0; i < p->open.len; i++)
		noc_build_kind(b, p->open.at[i], NOC_WAITED);
	for (size_t i = 0; i < p->close.len; i++)
		noc_build_kind(b, p->close.at[i], NOC_WAITED);
	p->where = noc_build_where(b, noc_value_get(opts, "where"), true);
	p->key = noc_build_template(b, noc_value_get(opts, "key"));
	noc_build_check(b, noc_value_get(opts, "key"));
	p->within_ms = noc_build_duration(b, opts, "within", 0);
	if (p->within_ms < 1)
		noc_build_error(b, NULL, "needs within = \"5m\".");
	p->missing = noc_value_get(opts, "missing");
	p->matched = noc_value_get(opts, "matched");
	p->missing_plan = noc_build_plan(b, p->name, p->missing);
	p->matched_plan = noc_build_plan(b, p->name, p->matched);
	p->acting = noc_build_acts(b, p->missing_plan) ||
		    noc_build_acts(b, p->matched_plan);
	p->mode = noc_build_mode(b, opts, p->acting, NULL);
}

void
noc_pair_release(struct noc_pair *p)
{
	free(p->open.at);
	free(p->close.at);
	noc_where_free(p->where);
	noc_template_free(p->key);
	noc_plan_unref(p->missing_plan);
	noc_plan_unref(p->matched_plan);
}
