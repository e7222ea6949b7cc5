/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/flow/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/redact.h"
#include "engine/lang/ast.h"
#include "engine/expr/scope.h"
#include "engine/expr/template.h"
#include "engine/edge/action.h"
#include "engine/flow/keep_one_up.h"
#include "engine/flow/plan_private.h"

#define PLAN_VERSION   2
#define PLAN_STEPS_MAX 256

/* The tree that is the plan: what its canonical JSON says and no more. */
static struct noc_value *
plan_tree(const char *name, const struct noc_value *flow)
{
	struct noc_value *tree = noc_value_map(), *steps;
	const struct noc_value *v;

	noc_value_set(tree, "name", noc_value_str(name));
	noc_value_set(tree, "version", noc_value_int(PLAN_VERSION));
	if (!noc_ast_is(flow, "flow")) {
		steps = noc_value_list();
		noc_value_push(steps, noc_value_copy(flow));
		noc_value_set(tree, "steps", steps);
		return tree;
	}
	v = noc_ast_items(flow);
	noc_value_set(tree, "steps", v ? noc_value_copy(v) : noc_value_list());
	v = noc_ast_opts(flow);
	for (size_t i = 0; v && i < v->u.map.len; i++)
		noc_value_set(tree, v->u.map.at[i].key,
			      noc_value_copy(v->u.map.at[i].value));
	return tree;
}

/* ---- its canonical form ---- */

static struct noc_value *plan_bare(const struct noc_value *v);

/*
 * {"node":"function", "path": P}.  The first version wrote the tree and the
 * number that the function has there; the path is its number then.
 */
static struct noc_value *
bare_function(const struct noc_value *v)
{
	struct noc_value *to = noc_value_map();
	int64_t fn = noc_value_get_int(v, "fn", -1);

	noc_value_set(to, "node", noc_value_str("function"));
	noc_value_set(to, "path",
		      noc_value_get(v, "tree")
			  ? noc_value_strf("#%lld", (long long)fn)
			  : noc_value_str(noc_ast_function_path(v)));
	return to;
}

static struct noc_value *
bare_map(const struct noc_value *v, bool node)
{
	struct noc_value *to = noc_value_map();

	for (size_t i = 0; i < v->u.map.len; i++) {
		const struct noc_member *m = &v->u.map.at[i];
		bool keys = node && !strcmp(m->key, "opts") &&
			    m->value->type == NOC_MAP;

		/* `opts` holds whatever keys were written, "node" too. */
		if (!node || strcmp(m->key, "at") != 0)
			noc_value_set(to, m->key,
				      keys ? bare_map(m->value, false)
					   : plan_bare(m->value));
	}
	return to;
}

/* A copy that does not say where it was written. */
static struct noc_value *
plan_bare(const struct noc_value *v)
{
	struct noc_value *to;

	if (noc_ast_is(v, "function"))
		return bare_function(v);
	if (v->type == NOC_MAP)
		return bare_map(v, noc_ast_node(v) != NULL);
	if (v->type != NOC_LIST)
		return noc_value_copy(v);
	to = noc_value_list();
	for (size_t i = 0; i < v->u.list.len; i++)
		noc_value_push(to, plan_bare(v->u.list.at[i]));
	return to;
}

/* The tree of a function below v, as the first version wrote it; or NULL. */
static const char *
plan_tree_said(const struct noc_value *v)
{
	const char *tree = noc_ast_is(v, "function")
			       ? noc_value_get_str(v, "tree", NULL)
			       : NULL;

	for (size_t i = 0; !tree && v->type == NOC_LIST && i < v->u.list.len;
	     i++)
		tree = plan_tree_said(v->u.list.at[i]);
	for (size_t i = 0; !tree && v->type == NOC_MAP && i < v->u.map.len; i++)
		tree = plan_tree_said(v->u.map.at[i].value);
	return tree;
}

/* on_fail: an escalation, an action, or a list or table of both. */
static int
plan_on_fail(struct noc_plan *p, struct noc_err *err)
{
	const struct noc_value *v = noc_value_get(p->tree, "on_fail");
	struct noc_value *actions;
	const struct noc_value *items;
	int rc = 0;

	if (!v)
		return 0;
	actions = noc_value_list();
	items = noc_ast_node(v) && !noc_ast_is(v, "table") ? NULL
							   : noc_ast_items(v);
	for (size_t i = 0; !rc && i < (items ? noc_value_len(items) : 1); i++) {
		const struct noc_value *one =
		    items ? noc_value_at(items, i) : v;

		if (!noc_ast_is(one, "escalate"))
			noc_value_push(actions, noc_value_copy(one));
		else if (p->on_fail)
			rc = noc_err_set(err, NOC_ECONFIG,
					 "'on_fail' holds two escalations.");
		else
			rc = noc_escalation_build(one, &p->on_fail, err);
	}
	if (noc_value_len(actions))
		p->on_fail_actions = actions;
	else
		noc_value_free(actions);
	if (rc)
		noc_err_prefix(err, "%s: on_fail", noc_ast_at(v));
	return rc;
}

static int
plan_duplicate(const struct noc_plan *p, const struct noc_step_def *s,
	       struct noc_err *err)
{
	for (const struct noc_step_def *t = p->steps; t < s; t++)
		if (!strcmp(t->name, s->name))
			return noc_err_set(err, NOC_ECONFIG,
					   "%s: there is already a step '%s' "
					   "in this flow (%s).",
					   s->at, s->name, t->at);
	return 0;
}

static int
plan_build(struct noc_plan *p, struct noc_err *err)
{
	const struct noc_value *steps = noc_value_get(p->tree, "steps");
	size_t n = noc_value_len(steps);
	int rc = 0;

	p->name = noc_value_get_str(p->tree, "name", "?");
	p->input = noc_value_get(p->tree, "input");
	if (!n || n > PLAN_STEPS_MAX)
		return noc_err_set(err, NOC_ECONFIG,
				   "flow '%s' has %zu steps; it needs 1 to %d.",
				   p->name, n, PLAN_STEPS_MAX);
	p->steps = noc_calloc(n, sizeof(*p->steps));
	p->nbody = n;
	for (size_t i = 0; !rc && i < n; i++) {
		struct noc_step_def *s = &p->steps[p->nsteps++];

		rc = noc_step_build(noc_value_at(steps, i), i + 1, s, err);
		if (!rc)
			rc = plan_duplicate(p, s, err);
		s->up = NOC_NODE_TOP;
		s->end = i + 1;
		if (!rc && i > 0) {
			s->in = noc_calloc(1, sizeof(*s->in));
			s->in[0] =
			    (struct noc_edge){ (uint16_t)(i - 1), NOC_ON_OK };
			s->nin = 1;
		}
		if (!rc && s->group_read)
			noc_keep_mark(p->steps, i);
		p->acting = p->acting || s->mutates;
		p->calls =
		    p->calls || s->when_fn || s->expect_fn || s->fail_if_fn;
	}
	if (!rc)
		rc = plan_on_fail(p, err);
	if (!rc)
		rc = noc_ast_duration(p->tree, "timeout", 24 * 3600 * 1000LL,
				      &p->timeout_ms, err);
	return rc ? rc : noc_plan_check_names(p, err);
}

/* tree is owned. */
static int
plan_of_tree(struct noc_value *tree, struct noc_plan **out, struct noc_err *err)
{
	struct noc_plan *p = noc_calloc(1, sizeof(*p));
	struct noc_value *bare = plan_bare(tree);
	int rc;

	p->refs = 1;
	p->tree = tree;
	p->json = noc_json_string(bare, NOC_JSON_CANONICAL);
	noc_value_free(bare);
	noc_sha256_once(p->json, strlen(p->json), p->hash);
	rc = plan_build(p, err);
	if (rc)
		noc_plan_unref(p);
	else
		*out = p;
	return rc;
}

int
noc_plan_new(const char *name, const struct noc_value *flow,
	     struct noc_plan **out, struct noc_err *err)
{
	if (!noc_ast_node(flow))
		return noc_err_set(err, NOC_ECONFIG,
				   "'%s' has nothing to run; write run = flow "
				   "{ ... } or an action.",
				   name);
	return plan_of_tree(plan_tree(name, flow), out, err);
}

int
noc_plan_from_json(const char *json, struct noc_plan **out, struct noc_err *err)
{
	struct noc_value *written, *tree;
	const char *said;
	int64_t version;
	int rc = noc_json_parse_own(json, strlen(json), &written, err);

	if (rc)
		return rc;
	version = noc_value_get_int(written, "version", 0);
	if (version < 1 || version > PLAN_VERSION) {
		rc = noc_err_set(err, NOC_EINPUT,
				 "a plan of version %lld cannot be read; this "
				 "program knows versions 1 to %d.",
				 (long long)version, PLAN_VERSION);
		goto out;
	}
	tree = plan_bare(written);
	noc_value_set(tree, "version", noc_value_int(PLAN_VERSION));
	said = plan_tree_said(written);
	rc = plan_of_tree(tree, out, err);
	if (!rc && said)
		snprintf((*out)->tree_said, sizeof((*out)->tree_said), "%s",
			 said);
out:
	noc_value_free(written);
	return rc;
}

struct noc_plan *
noc_plan_ref(struct noc_plan *p)
{
	__atomic_add_fetch(&p->refs, 1, __ATOMIC_RELAXED);
	return p;
}

void
noc_plan_unref(struct noc_plan *p)
{
	struct noc_value *actions;

	if (!p || __atomic_sub_fetch(&p->refs, 1, __ATOMIC_ACQ_REL))
		return;
	for (size_t i = 0; i < p->nsteps; i++)
		noc_step_release(&p->steps[i]);
	memcpy(&actions, &p->on_fail_actions, sizeof(actions));
	noc_value_free(actions);
	noc_escalation_free(p->on_fail);
	free(p->steps);
	noc_value_free(p->tree);
	free(p->json);
	free(p);
}

/* ---- telling what a step does ---- */

/* What a rule wrote, shortened; secrets by their name only. */
static void
describe_value(const struct noc_value *v, struct noc_strbuf *out)
{
	struct noc_strbuf text = NOC_STRBUF_INIT;

	if (noc_ast_is(v, "secret")) {
		noc_strbuf_addf(out, "secret %s",
				noc_ast_name(v) ? noc_ast_name(v) : "?");
		return;
	}
	noc_strbuf_add(&text, "", 0);
	if (noc_ast_node(v))
		noc_strbuf_addf(&text, "%s{...}", noc_ast_node(v));
	else
		noc_value_text(v, &text);
	noc_strbuf_add_escaped(out, text.p, text.len < 160 ? text.len : 160);
	noc_strbuf_release(&text);
}

static void
describe_action(const struct noc_value *action, const struct noc_scope *scope,
		struct noc_strbuf *out)
{
	const struct noc_value *items, *opts;
	struct noc_value *known = NULL, *said;

	noc_strbuf_adds(out, noc_ast_node(action));
	if (noc_ast_name(action))
		noc_strbuf_addf(out, " %s", noc_ast_name(action));
	if (scope &&
	    !noc_template_tree(action, scope, NOC_MISSING_MARK, &known, NULL))
		action = known;
	said = noc_redact_value(action);
	items = noc_ast_items(said);
	opts = noc_ast_opts(said);
	for (size_t i = 0; i < noc_value_len(items); i++) {
		noc_strbuf_addc(out, ' ');
		describe_value(noc_value_at(items, i), out);
	}
	for (size_t i = 0; opts && i < opts->u.map.len; i++) {
		noc_strbuf_addf(out, " %s=", opts->u.map.at[i].key);
		describe_value(opts->u.map.at[i].value, out);
	}
	noc_value_free(said);
	noc_value_free(known);
}

const char *
noc_step_kind_name(enum noc_step_kind kind)
{
	static const char *const names[] = {
		[NOC_STEP_ACTION] = "step",
		[NOC_STEP_VERIFY] = "verify",
		[NOC_STEP_STOP] = "stop",
		[NOC_STEP_FAIL] = "fail",
		[NOC_STEP_ESCALATE] = "escalate",
		[NOC_STEP_EMIT] = "emit",
		[NOC_STEP_SLEEP] = "sleep",
		[NOC_STEP_PARALLEL] = "parallel",
		[NOC_STEP_CHOOSE] = "choose",
		[NOC_STEP_BRANCH] = "branch",
		[NOC_STEP_CALL] = "call",
		[NOC_STEP_EACH] = "each",
		[NOC_STEP_CHECK] = "check",
		[NOC_STEP_ON_FAIL] = "on_fail",
		[NOC_STEP_FINALLY] = "finally",
		[NOC_STEP_UNDO] = "undo",
	};

	return names[kind];
}

bool
noc_step_withheld(const struct noc_step_def *s, enum noc_mode mode)
{
	const struct noc_action_ops *ops =
	    s->action ? noc_action_find(s->action) : NULL;

	if (mode == NOC_ACTIVE)
		return false;
	if (s->mutates)
		return true;
	return mode == NOC_SHADOW &&
	       (s->kind == NOC_STEP_ESCALATE || s->kind == NOC_STEP_EMIT ||
		(ops && ops->flags & NOC_ACTION_NOTIFIES));
}

void
noc_plan_describe_step(const struct noc_step_def *s,
		       const struct noc_scope *scope, struct noc_strbuf *out)
{
	switch (s->kind) {
	case NOC_STEP_ACTION:
	case NOC_STEP_EMIT:
		describe_action(s->params, scope, out);
		break;
	case NOC_STEP_VERIFY:
		noc_strbuf_adds(out, "verify ");
		describe_action(s->params, scope, out);
		break;
	case NOC_STEP_STOP:
		noc_strbuf_addf(out, "stop \"%s\"", s->reason);
		return;
	case NOC_STEP_FAIL:
		noc_strbuf_addf(out, "fail \"%s\"", s->reason);
		return;
	case NOC_STEP_SLEEP:
		noc_strbuf_addf(out, "sleep %s", s->reason);
		return;
	case NOC_STEP_ESCALATE:
		noc_strbuf_addf(out, "escalate in %zu levels",
				s->escalation->nlevels);
		return;
	case NOC_STEP_CALL:
		noc_strbuf_addf(out, "call %s", s->call);
		break;
	case NOC_STEP_UNDO:
		noc_strbuf_addf(out, "undo %s", s->undo_of);
		return;
	case NOC_STEP_PARALLEL:
	case NOC_STEP_CHOOSE:
	case NOC_STEP_BRANCH:
	case NOC_STEP_EACH:
	case NOC_STEP_CHECK:
	case NOC_STEP_ON_FAIL:
	case NOC_STEP_FINALLY:
		noc_strbuf_adds(out, noc_step_kind_name(s->kind));
		return;
	}
	if (s->target) {
		noc_strbuf_adds(out, " on ");
		if (scope)
			noc_template_text(s->target, scope, NOC_MISSING_MARK,
					  out, NULL);
		else
			noc_strbuf_adds(out, noc_template_source(s->target));
	}
}
