/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/rule/ruleset.h"

#include <stdlib.h>
#include <string.h>

#include "base/intern.h"
#include "base/mem.h"
#include "engine/rule/build.h"
#include "engine/rule/match.h"
#include "engine/rule/mistakes.h"
#include "engine/rule/rule.h"

static const char *const implied_channels[] = { "noc", "oncall" };

/* ---- order: the shipped library first ---- */

static bool
node_is_library(const struct noc_value *node)
{
	const char *at = noc_ast_at(node);

	return !strncmp(at, "lib/", 4) || strstr(at, "rules/lib/");
}

/* What it runs may have mistakes of its own. */
static void
node_wrong(struct noc_build *b)
{
	static const char *const runs[] = { "run", "missing", "matched" };
	const char *name = noc_ast_name(b->node);

	for (size_t i = 0; name && i < NOC_COUNT(runs); i++) {
		const struct noc_value *run = noc_ast_opt(b->node, runs[i]);

		if (noc_ast_node(run))
			noc_plan_unref(noc_build_plan(b, name, run));
	}
}

/* Calls fn for each top-level node of one kind, lib first, in file order. */
static void
each_node(struct noc_build *b, const char *kind,
	  void (*fn)(struct noc_build *b))
{
	for (size_t i = 0; i < b->nnodes; i++)
		if (!strcmp(b->kinds[i], kind)) {
			b->node = b->nodes[i];
			if (strcmp(kind, "flow") &&
			    noc_build_is_wrong(b, b->node))
				node_wrong(b);
			else
				fn(b);
		}
}

static void
order_nodes(struct noc_build *b)
{
	const struct noc_value *nodes = b->rs->tree->nodes;
	size_t n = noc_value_len(nodes);

	b->nodes = noc_calloc(n + 1, sizeof(*b->nodes));
	b->kinds = noc_calloc(n + 1, sizeof(*b->kinds));
	for (int library = 1; library >= 0; library--)
		for (size_t i = 0; i < n; i++) {
			const struct noc_value *node = noc_value_at(nodes, i);
			const char *kind = noc_ast_node(node);

			if (!kind || node_is_library(node) != (library == 1))
				continue;
			b->nodes[b->nnodes] = node;
			b->kinds[b->nnodes++] = kind;
		}
}

static size_t
count_nodes(const struct noc_build *b, const char *kind)
{
	size_t n = 0;

	for (size_t i = 0; i < b->nnodes; i++)
		n += !strcmp(b->kinds[i], kind);
	return n;
}

/* ---- one node each ---- */

static bool
node_named(struct noc_build *b)
{
	const char *kind = noc_ast_node(b->node), *name = noc_ast_name(b->node);

	if (!name || !*name) {
		noc_build_error(b, NULL, "a %s needs a name.", kind);
		return false;
	}
	return true;
}

static void
add_channel(struct noc_build *b)
{
	if (node_named(b))
		noc_build_channel(b, &b->rs->channels[b->rs->nchannels++]);
}

/* Known all the same: what names it is not wrong. */
static void
add_wrong_channels(struct noc_build *b)
{
	for (size_t i = 0; i < b->nnodes; i++)
		if (!strcmp(b->kinds[i], "channel") &&
		    noc_build_is_wrong(b, b->nodes[i]) &&
		    noc_ast_name(b->nodes[i]))
			b->rs->channels[b->rs->nchannels++].name =
			    noc_interns(noc_ast_name(b->nodes[i]));
}

static void
add_flow_name(struct noc_build *b)
{
	union {
		const struct noc_value *node;
		void *value;
	} ast = { b->node };

	/* Known by name before any is built: they start and call each other. */
	if (!node_named(b))
		return;
	noc_table_put(&b->rs->flows, noc_ast_name(b->node), (void *)1);
	noc_table_put(&b->flow_nodes, noc_ast_name(b->node), ast.value);
}

static void
add_flow(struct noc_build *b)
{
	struct noc_plan *p;

	if (!noc_ast_name(b->node))
		return;
	p = noc_build_plan(b, noc_ast_name(b->node), b->node);
	if (p)
		noc_table_put(&b->rs->flows, noc_ast_name(b->node), p);
}

static void
add_emit(struct noc_build *b)
{
	struct noc_normalizer *e = &b->rs->emits[b->rs->nemits];

	if (!node_named(b))
		return;
	e->order = (unsigned)b->rs->nemits++;
	noc_build_emit(b, e);
}

static void
add_emit_where(struct noc_build *b)
{
	if (noc_ast_name(b->node) && *noc_ast_name(b->node))
		noc_build_emit_where(b, &b->rs->emits[b->nemit++]);
}

static void
add_hook(struct noc_build *b)
{
	if (node_named(b))
		noc_build_hook(b, &b->rs->hooks[b->rs->nhooks++]);
}

static void
add_rule(struct noc_build *b)
{
	struct noc_rule *r = &b->rs->rules[b->rs->nrules];

	if (!node_named(b))
		return;
	r->index = (unsigned)b->rs->nrules++;
	noc_build_rule(b, r);
	noc_table_put(&b->rs->rule_names, r->name, r);
}

static void
add_pair(struct noc_build *b)
{
	if (node_named(b))
		noc_build_pair(b, &b->rs->pairs[b->rs->npairs++]);
}

static void
add_task(struct noc_build *b)
{
	if (node_named(b))
		noc_build_task(b, &b->rs->tasks[b->rs->ntasks++]);
}

/* ---- the whole ---- */

static void
build_reserve(struct noc_build *b)
{
	struct noc_ruleset *rs = b->rs;
	size_t tasks = count_nodes(b, "schedule") + count_nodes(b, "poll") +
		       count_nodes(b, "sensor");

	rs->rules = noc_calloc(count_nodes(b, "rule") + 1, sizeof(*rs->rules));
	rs->pairs = noc_calloc(count_nodes(b, "pair") + 1, sizeof(*rs->pairs));
	rs->emits =
	    noc_calloc(count_nodes(b, "normalize") + 1, sizeof(*rs->emits));
	rs->hooks = noc_calloc(count_nodes(b, "hook") + 1, sizeof(*rs->hooks));
	rs->tasks = noc_calloc(tasks + 1, sizeof(*rs->tasks));
	rs->channels = noc_calloc(
	    count_nodes(b, "channel") + NOC_COUNT(implied_channels) + 1,
	    sizeof(*rs->channels));
}

static void
build_duplicates(struct noc_build *b)
{
	struct noc_table seen = { 0 };
	struct noc_strbuf key = NOC_STRBUF_INIT;

	for (size_t i = 0; i < b->nnodes; i++) {
		const struct noc_value *first;
		const char *name = noc_ast_name(b->nodes[i]);

		if (!name || !strcmp(b->kinds[i], "test"))
			continue;
		noc_strbuf_clear(&key);
		noc_strbuf_adds(&key, b->kinds[i]);
		noc_strbuf_addc(&key, ' ');
		noc_strbuf_adds(&key, name);
		b->node = b->nodes[i];
		first = noc_table_put(&seen, key.p, (void *)(i + 1));
		if (first)
			noc_build_error(
			    b, b->node,
			    "there is already a %s of this name (%s).",
			    b->kinds[i],
			    noc_ast_at(b->nodes[(uintptr_t)first - 1]));
	}
	noc_strbuf_release(&key);
	noc_table_release(&seen);
}

static void
build_implied(struct noc_ruleset *rs)
{
	for (size_t i = 0; i < NOC_COUNT(implied_channels); i++) {
		struct noc_channel *c;

		if (noc_ruleset_channel(rs, implied_channels[i]))
			continue;
		c = &rs->channels[rs->nchannels++];
		c->name = noc_interns(implied_channels[i]);
		c->file = noc_interns("(implied)");
		c->implied = true;
	}
}

static void
check_fallback(struct noc_build *b)
{
	const char *fallback =
	    noc_value_get_str(noc_ast_opts(b->node), "fallback", NULL);

	if (fallback && !noc_ruleset_channel(b->rs, fallback))
		noc_build_error(b, NULL, "'fallback' names no channel '%s'.",
				fallback);
	else if (fallback && noc_ast_name(b->node) &&
		 !strcmp(fallback, noc_ast_name(b->node)))
		noc_build_error(b, NULL,
				"a channel cannot fall back to itself.");
	noc_build_check(b, noc_ast_items(b->node));
}

static void
build_tests(struct noc_ruleset *rs)
{
	struct noc_value *tests = noc_value_list();

	for (size_t i = 0; i < noc_value_len(rs->tree->nodes); i++) {
		struct noc_value *node = noc_value_at(rs->tree->nodes, i);

		if (noc_ast_is(node, "test"))
			noc_value_push(tests, noc_value_copy(node));
	}
	if (noc_value_len(tests))
		rs->tests = tests;
	else
		noc_value_free(tests);
}

static void
build_all(struct noc_build *b)
{
	struct noc_ruleset *rs = b->rs;

	memcpy(rs->hash, rs->tree->hash, sizeof(rs->hash));
	order_nodes(b);
	build_reserve(b);
	build_duplicates(b);
	noc_build_names(b);
	each_node(b, "channel", add_channel);
	add_wrong_channels(b);
	build_implied(rs);
	each_node(b, "channel", check_fallback);
	each_node(b, "flow", add_flow_name);
	each_node(b, "normalize", add_emit);
	each_node(b, "hook", add_hook);
	each_node(b, "normalize", add_emit_where);
	each_node(b, "flow", add_flow);
	each_node(b, "rule", add_rule);
	each_node(b, "pair", add_pair);
	each_node(b, "schedule", add_task);
	each_node(b, "poll", add_task);
	each_node(b, "sensor", add_task);
	build_tests(rs);
	if (!b->nerrors && !rs->tree->nmistakes)
		noc_build_lint(b);
}

/* Those of reading and of building, in the order of the files. */
static int
build_refused(struct noc_build *b, char **errors, struct noc_err *err)
{
	const struct noc_lua_tree *tree = b->rs->tree;
	size_t n = b->nerrors + tree->nmistakes;
	struct noc_strbuf all = NOC_STRBUF_INIT;

	if (tree->nmistakes)
		noc_strbuf_addf(&all, "%s\n", tree->mistakes);
	noc_strbuf_add(&all, b->errors.p ? b->errors.p : "", b->errors.len);
	if (errors)
		*errors = noc_mistakes_sorted(all.p);
	noc_strbuf_release(&all);
	return noc_err_set(err, NOC_ECONFIG,
			   "the rule files have %zu mistake%s; nothing was "
			   "changed.",
			   n, n == 1 ? "" : "s");
}

/* From a tree that is loaded already; owned, also on error. */
static int
ruleset_build(struct noc_lua_tree *tree, struct noc_ruleset **out,
	      char **errors, struct noc_err *err)
{
	struct noc_build b = { .rs = noc_calloc(1, sizeof(*b.rs)) };
	int rc = 0;

	b.rs->refs = 1;
	b.rs->tree = tree;
	if (!tree->cut)
		build_all(&b);
	if (b.nerrors || tree->nmistakes)
		rc = build_refused(&b, errors, err);
	else
		rc = noc_match_build(b.rs, err);
	if (!rc)
		noc_lua_define(tree->lua, &b.rs->defined);
	noc_strbuf_release(&b.errors);
	noc_strbuf_release(&b.text);
	noc_table_release(&b.told);
	noc_table_release(&b.flow_nodes);
	free(b.nodes);
	free(b.kinds);
	if (rc)
		noc_ruleset_unref(b.rs);
	else
		*out = b.rs;
	return rc;
}

int
noc_ruleset_load(const char *const *dirs, size_t ndirs, bool tests,
		 struct noc_ruleset **out, char **errors, struct noc_err *err)
{
	struct noc_lua_tree *tree;
	struct noc_err inner;
	int rc = noc_lua_read(dirs, ndirs, tests, &tree, &inner);

	if (!rc)
		return ruleset_build(tree, out, errors, err);
	if (errors)
		*errors = noc_strdup(inner.msg);
	return noc_err_set(err, rc, "%s", inner.msg);
}

int
noc_ruleset_load_text(const char *path, const char *text,
		      struct noc_ruleset **out, char **errors,
		      struct noc_err *err)
{
	return ruleset_build(noc_lua_read_text(path, text, strlen(text)), out,
			     errors, err);
}

int
noc_ruleset_load_json(const char *json, const uint8_t hash[32],
		      struct noc_ruleset **out, struct noc_err *err)
{
	struct noc_lua_tree *tree;
	int rc = noc_lua_load_json(json, hash, &tree, err);

	return rc ? rc : ruleset_build(tree, out, NULL, err);
}

struct noc_ruleset *
noc_ruleset_ref(struct noc_ruleset *rs)
{
	__atomic_add_fetch(&rs->refs, 1, __ATOMIC_RELAXED);
	return rs;
}

void
noc_ruleset_unref(struct noc_ruleset *rs)
{
	struct noc_value *tests;
	const char *key;
	void *plan;

	if (!rs || __atomic_sub_fetch(&rs->refs, 1, __ATOMIC_ACQ_REL))
		return;
	noc_match_free(rs->match);
	for (size_t i = 0; i < rs->nrules; i++)
		noc_rule_release(&rs->rules[i]);
	for (size_t i = 0; i < rs->npairs; i++)
		noc_pair_release(&rs->pairs[i]);
	for (size_t i = 0; i < rs->nemits; i++)
		noc_emit_release(&rs->emits[i]);
	for (size_t i = 0; i < rs->nhooks; i++)
		noc_hook_release(&rs->hooks[i]);
	for (size_t i = 0; i < rs->ntasks; i++)
		noc_task_release(&rs->tasks[i]);
	for (size_t it = 0; noc_table_next(&rs->flows, &it, &key, &plan);)
		if (plan != (void *)1)
			noc_plan_unref(plan);
	memcpy(&tests, &rs->tests, sizeof(tests));
	noc_value_free(tests);
	free(rs->rules);
	free(rs->pairs);
	free(rs->emits);
	free(rs->hooks);
	free(rs->tasks);
	free(rs->channels);
	noc_table_release(&rs->flows);
	noc_table_release(&rs->defined);
	noc_table_release(&rs->kinds);
	noc_table_release(&rs->rule_names);
	noc_lua_tree_free(rs->tree);
	free(rs);
}

struct noc_rule *
noc_ruleset_rule(const struct noc_ruleset *rs, const char *name)
{
	return noc_table_get(&rs->rule_names, name);
}

const struct noc_plan *
noc_ruleset_plan(const struct noc_ruleset *rs, const char *name)
{
	const struct noc_plan *p = noc_table_get(&rs->flows, name);
	const struct noc_rule *r = noc_ruleset_rule(rs, name);

	if (!p && r)
		p = r->run;
	for (size_t i = 0; !p && i < rs->ntasks; i++)
		if (!strcmp(rs->tasks[i].name, name))
			p = rs->tasks[i].run;
	return p;
}

const struct noc_channel *
noc_ruleset_channel(const struct noc_ruleset *rs, const char *name)
{
	for (size_t i = 0; i < rs->nchannels; i++)
		if (!strcmp(rs->channels[i].name, name))
			return &rs->channels[i];
	return NULL;
}
