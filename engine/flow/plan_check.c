/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <string.h>

#include "base/mem.h"
#include "base/suggest.h"
#include "engine/lang/ast.h"
#include "engine/expr/template.h"
#include "engine/expr/where.h"
#include "engine/flow/plan.h"
#include "engine/flow/plan_private.h"

#define CHECK_DEPTH_MAX 32

struct walk {
	void (*fn)(const char *path, size_t len, void *arg);
	void *arg;
	struct noc_err *err; /* of the first that is no template */
	int rc;
	int depth;
};

static void
walk_text(struct walk *w, const char *text, size_t len)
{
	struct noc_template *t;
	int rc;

	if (w->rc || (!memchr(text, '{', len) && !memchr(text, '}', len)))
		return;
	rc = noc_template_parse(text, len, &t, w->err);
	if (rc) {
		w->rc = rc;
		return;
	}
	if (w->fn)
		noc_template_paths(t, w->fn, w->arg);
	noc_template_free(t);
}

/* These hold no templates: see engine/expr/template_tree.c. */
static bool
walk_skips(const struct noc_value *v)
{
	return noc_ast_is(v, "secret") || noc_ast_is(v, "function") ||
	       noc_ast_is(v, "re") || noc_ast_is(v, "cron");
}

static void
walk_value(struct walk *w, const struct noc_value *v)
{
	bool node = noc_ast_node(v) != NULL;

	if (!v || w->depth >= CHECK_DEPTH_MAX || walk_skips(v))
		return;
	w->depth++;
	if (v->type == NOC_STR)
		walk_text(w, v->u.s.p, v->u.s.len);
	if (noc_ast_is(v, "log") && noc_ast_name(v))
		walk_text(w, noc_ast_name(v), strlen(noc_ast_name(v)));
	for (size_t i = 0; v->type == NOC_LIST && i < v->u.list.len; i++)
		walk_value(w, v->u.list.at[i]);
	for (size_t i = 0; v->type == NOC_MAP && i < v->u.map.len; i++) {
		const struct noc_member *m = &v->u.map.at[i];

		if (node && strcmp(m->key, "items") && strcmp(m->key, "opts"))
			continue;
		if (!node)
			walk_text(w, m->key, strlen(m->key));
		walk_value(w, m->value);
	}
	w->depth--;
}

void
noc_ast_each_path(const struct noc_value *v,
		  void (*fn)(const char *path, size_t len, void *arg),
		  void *arg)
{
	struct walk w = { .fn = fn, .arg = arg };

	walk_value(&w, v);
}

/* What would fail each time it is expanded. */
static int
check_templates(const struct noc_value *v, const char *at, const char *step,
		struct noc_err *err)
{
	struct noc_err why;
	struct walk w = { .err = &why };

	walk_value(&w, v);
	if (!w.rc)
		return 0;
	return noc_err_set(err, NOC_ECONFIG, "%s: %s%s%s: %s", at,
			   step ? "step '" : "on_fail", step ? step : "",
			   step ? "'" : "", why.msg);
}

/* ---- steps.NAME ---- */

struct check {
	const struct noc_plan *plan;
	const struct noc_step_def *step; /* NULL: after all of them */
	struct noc_err *err;
	int rc;
};

static void
on_path(const char *path, size_t len, void *arg)
{
	struct check *c = arg;
	const struct noc_plan *p = c->plan;
	size_t end = c->step ? (size_t)(c->step - p->steps) : p->nsteps, n = 0;
	const char *known[256], *name = path + 6, *meant;
	char text[128];

	if (c->rc || len < 7 || memcmp(path, "steps.", 6))
		return;
	while (6 + n < len && name[n] != '.' && name[n] != '[')
		n++;
	for (size_t i = 0; i < end; i++) {
		known[i] = p->steps[i].name;
		if (strlen(known[i]) == n && !memcmp(known[i], name, n))
			return;
	}
	if (n >= sizeof(text))
		n = sizeof(text) - 1;
	memcpy(text, name, n);
	text[n] = '\0';
	meant = noc_suggest(text, known, end);
	c->rc = noc_err_set(c->err, NOC_ECONFIG,
			    "%s: %s%s%s reads steps.%s, but no earlier step "
			    "has this name%s%s%s",
			    c->step ? c->step->at : p->name,
			    c->step ? "step '" : "on_fail",
			    c->step ? c->step->name : "", c->step ? "'" : "",
			    text, meant ? "; did you mean 'steps." : "",
			    meant ? meant : "", meant ? "'?" : ".");
}

static void
on_where(const char *path, void *arg)
{
	on_path(path, strlen(path), arg);
}

static void
check_escalation(const struct noc_escalation *e, struct check *c)
{
	for (size_t i = 0; e && i < e->nlevels; i++) {
		noc_ast_each_path(e->levels[i].action, on_path, c);
		if (!c->rc)
			c->rc = check_templates(
			    e->levels[i].action,
			    c->step ? c->step->at : c->plan->name,
			    c->step ? c->step->name : NULL, c->err);
	}
}

int
noc_plan_check_names(const struct noc_plan *p, struct noc_err *err)
{
	struct check c = { p, NULL, err, 0 };

	for (size_t i = 0; i < p->nsteps; i++) {
		const struct noc_step_def *s = &p->steps[i];

		c.step = s;
		noc_where_paths(s->when, on_where, &c);
		if (s->target)
			noc_template_paths(s->target, on_path, &c);
		noc_ast_each_path(s->params, on_path, &c);
		if (!c.rc)
			c.rc = check_templates(s->params, s->at, s->name, err);
		check_escalation(s->escalation, &c);
	}
	c.step = NULL;
	check_escalation(p->on_fail, &c);
	return c.rc;
}
