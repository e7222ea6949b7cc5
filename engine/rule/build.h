/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RULE_BUILD_H
#define NOC_ENGINE_RULE_BUILD_H

#include "base/strbuf.h"
#include "engine/lang/ast.h"
#include "engine/expr/pattern.h"
#include "engine/expr/where_test.h"
#include "engine/rule/ruleset.h"

/*
 * Between ruleset*.c only: one rule set being built.  Nothing stops at the
 * first mistake: each is a line of `errors`, and the set is thrown away at the
 * end when there are any.
 */
struct noc_build {
	struct noc_ruleset *rs;
	struct noc_strbuf errors;
	struct noc_table told;	/* of them: what was said of a place */
	struct noc_strbuf text; /* scratch */
	size_t nerrors;
	const struct noc_value *node;	/* top-level node at hand */
	const struct noc_value **nodes; /* all, the library first */
	const char **kinds;		/* of each */
	size_t nnodes;
	struct noc_table flow_nodes; /* name -> AST: flows call each other */
	const char *at;		     /* the nearest place in it, or NULL */
	const struct noc_plan *plan; /* at hand in noc_build_check_plan */
	size_t nemit;		     /* normalizers whose where is done */
};

#define NOC_EMITTED ((void *)1) /* value in rs->kinds */
#define NOC_WAITED  ((void *)2)

/* Is a node above wrong already?  It is known by its name and no more. */
bool noc_build_is_wrong(const struct noc_build *b, const struct noc_value *v);
/* May something of this name have been in what could not be read? */
bool noc_build_lost(const struct noc_build *b, const char *name, size_t len);

/* "heal.lua:14: rule 'x': message"; said of one place once. */
void noc_build_error(struct noc_build *b, const struct noc_value *at,
		     const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void noc_build_err(struct noc_build *b, const struct noc_value *at,
		   const struct noc_err *err);
void noc_build_warn(struct noc_build *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- options of the node at hand (build_option.c) ---- */
struct noc_strings noc_build_strings(struct noc_build *b,
				     const struct noc_value *v);
int64_t noc_build_duration(struct noc_build *b, const struct noc_value *opts,
			   const char *key, int64_t fallback_ms);
struct noc_rate noc_build_rate(struct noc_build *b,
			       const struct noc_value *opts, const char *key,
			       const char *fallback);
struct noc_template *noc_build_template(struct noc_build *b,
					const struct noc_value *v);
/* Names are checked against what is defined when `checked`. */
struct noc_where *noc_build_where(struct noc_build *b,
				  const struct noc_value *v, bool checked);
struct noc_plan *noc_build_plan(struct noc_build *b, const char *name,
				const struct noc_value *run);
/* A flow that it starts has a step that mutates; and: or it has one itself. */
bool noc_build_starts_acting(struct noc_build *b, const struct noc_plan *p);
bool noc_build_acts(struct noc_build *b, const struct noc_plan *p);
enum noc_mode noc_build_mode(struct noc_build *b, const struct noc_value *opts,
			     bool acting, bool *said);
void noc_build_place(const struct noc_value *node, const char **file,
		     int *line);
/* Hash of the AST but for places; with the tree's hash if it has functions. */
void noc_build_definition(struct noc_build *b, const struct noc_value *v,
			  uint8_t out[32]);

/* ---- one top-level node each ---- */
void noc_build_channel(struct noc_build *b, struct noc_channel *c);
void noc_build_emit(struct noc_build *b, struct noc_normalizer *e);
void noc_build_emit_where(struct noc_build *b, struct noc_normalizer *e);
void noc_build_hook(struct noc_build *b, struct noc_hook *h);
void noc_build_task(struct noc_build *b, struct noc_task *t);
void noc_build_rule(struct noc_build *b, struct noc_rule *r);
void noc_build_pair(struct noc_build *b, struct noc_pair *p);
void noc_emit_release(struct noc_normalizer *e);
void noc_hook_release(struct noc_hook *h);
void noc_rule_release(struct noc_rule *r);
void noc_pair_release(struct noc_pair *p);
void noc_task_release(struct noc_task *t);

/* ---- the whole (build_check.c) ---- */
void noc_build_kind(struct noc_build *b, const char *kind, void *how);
void noc_build_define(struct noc_build *b, const char *name);
/* Names that the tree's nodes define, before anything is checked. */
void noc_build_names(struct noc_build *b);
/* Channels, flows, names in templates below v; the node at hand says where. */
void noc_build_check(struct noc_build *b, const struct noc_value *v);
/* The same of a plan, and the names in the conditions of its steps. */
void noc_build_check_plan(struct noc_build *b, const struct noc_plan *p);
/* The guard's, done without a run. */
void noc_build_on_exceed(struct noc_build *b, const struct noc_value *v);
/* What is right but unwise is a warning (build_lint.c). */
void noc_build_lint(struct noc_build *b);

#endif
