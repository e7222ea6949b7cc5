/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/suggest.h"
#include "proto/ifrow.h"
#include "engine/expr/template.h"
#include "engine/edge/action.h"
#include "engine/flow/plan.h"
#include "engine/rule/build.h"

/* True but unwise. */

#define KNOWN_MAX 512

static void
lint_on(struct noc_build *b, const struct noc_rule *r)
{
	const char *known[KNOWN_MAX], *key, *meant;
	size_t n = 0;
	void *how;

	for (size_t it = 0;
	     n < KNOWN_MAX && noc_table_next(&b->rs->kinds, &it, &key, &how);)
		if (how == NOC_EMITTED)
			known[n++] = key;
	for (size_t i = 0; i < r->on.len; i++) {
		if (noc_table_get(&b->rs->kinds, r->on.at[i]) == NOC_EMITTED)
			continue;
		meant = noc_suggest(r->on.at[i], known, n);
		noc_build_warn(b, "%s:%d: rule '%s': nothing emits '%s'%s%s%s",
			       r->file, r->line, r->name, r->on.at[i],
			       meant ? "; did you mean '" : "",
			       meant ? meant : "", meant ? "'?" : ".");
	}
}

static const char *
lint_target(const struct noc_step_def *s)
{
	return s->target ? noc_template_source(s->target) : "{device}";
}

/* What a web request changes is not a device that could be read first. */
static bool
lint_device(const struct noc_step_def *s)
{
	return s->mutates && (s->target || strncmp(s->action, "http.", 5));
}

static bool
lint_reads(const struct noc_step_def *s)
{
	const struct noc_action_ops *ops =
	    s->action ? noc_action_find(s->action) : NULL;

	return ops && !s->mutates &&
	       (ops->flags & NOC_ACTION_READS || s->kind == NOC_STEP_VERIFY ||
		!strcmp(s->action, "exec"));
}

/* Does it change a port, as far as can be seen before its names are filled
 * in? */
static bool
lint_port(const struct noc_step_def *s)
{
	const struct noc_value *opts = noc_ast_opts(s->params);

	for (size_t i = 0; i < noc_value_len(opts); i++) {
		const char *object = opts->u.map.at[i].key;
		size_t len = strcspn(object, "[{");
		struct noc_ifrow row;
		char *column;
		bool port;

		while (len && object[len - 1] == '.')
			len--;
		column = noc_strndup(object, len);
		port = noc_ifrow_parse(noc_mib_builtin(), column, &row);
		free(column);
		if (port)
			return true;
	}
	return false;
}

static void
lint_shown(struct noc_build *b, const struct noc_plan *p, size_t at,
	   const char *what)
{
	const struct noc_step_def *s = &p->steps[at];
	bool asked = strcmp(s->action, "snmp.set") || !lint_port(s);

	for (size_t k = 0; k < at && !asked; k++)
		asked = p->steps[k].action &&
			!strcmp(p->steps[k].action, "snmp.get") &&
			!strcmp(lint_target(&p->steps[k]), lint_target(s));
	if (!asked)
		noc_build_warn(b,
			       "%s: %s '%s': step '%s' changes a port of %s "
			       "without an snmp.get of it first, which alone "
			       "shows that the port changed; an event that "
			       "nobody signed will not get this far.",
			       s->at, what, p->name, s->name, lint_target(s));
}

static void
lint_plan(struct noc_build *b, const struct noc_plan *p, const char *what)
{
	for (size_t i = 0; p && i < p->nsteps; i++) {
		const struct noc_step_def *s = &p->steps[i];
		bool read = !lint_device(s);

		for (size_t k = 0; k < i && !read; k++)
			read =
			    lint_reads(&p->steps[k]) &&
			    !strcmp(lint_target(&p->steps[k]), lint_target(s));
		if (!read)
			noc_build_warn(b,
				       "%s: %s '%s': step '%s' changes %s "
				       "without a read of it first; an event "
				       "that nobody signed will not get this "
				       "far.",
				       s->at, what, p->name, s->name,
				       lint_target(s));
		else if (s->mutates)
			lint_shown(b, p, i, what);
	}
}

static void
lint_size(struct noc_build *b)
{
	const struct noc_lua_tree *tree = b->rs->tree;
	size_t bytes = 0;

	for (size_t i = 0; i < tree->nsources; i++)
		bytes += tree->sources[i].len;
	if (bytes > NOC_LUA_STORED_MAX)
		noc_build_warn(b,
			       "the rule files are larger than %d MiB together "
			       "and are not stored: after a restart with other "
			       "rules a run that calls their functions is "
			       "blocked",
			       NOC_LUA_STORED_MAX >> 20);
}

void
noc_build_lint(struct noc_build *b)
{
	struct noc_ruleset *rs = b->rs;
	const char *key;
	void *plan;

	for (size_t i = 0; i < rs->nrules; i++) {
		lint_on(b, &rs->rules[i]);
		lint_plan(b, rs->rules[i].run, "rule");
	}
	for (size_t i = 0; i < rs->npairs; i++) {
		lint_plan(b, rs->pairs[i].missing_plan, "pair");
		lint_plan(b, rs->pairs[i].matched_plan, "pair");
	}
	for (size_t it = 0; noc_table_next(&rs->flows, &it, &key, &plan);)
		lint_plan(b, plan, "flow");
	lint_size(b);
}
