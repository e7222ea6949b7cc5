/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_FLOW_PLAN_PRIVATE_H
#define NOC_ENGINE_FLOW_PLAN_PRIVATE_H

#include "engine/flow/plan.h"

/* Between plan*.c and keep_one_up.c only. */
#define PLAN_VERSION   2
#define PLAN_READ_MS   10000 /* of one read, when nothing is said */
#define PLAN_STEPS_MAX 1024  /* nodes, with those of the flows it calls */

/* What is known of a node only while the plan is made. */
struct plan_mark {
	const struct noc_value *ast;
	size_t scope;  /* the call, each or check whose names it sees first */
	bool own_name; /* nobody wrote it */
	bool adrift;   /* what it waits for could not be found */
	bool wrong;    /* told where it was read: it says nothing more */
};

struct planning {
	struct noc_plan *p;
	struct plan_mark *marks;
	size_t cap;
	size_t scope; /* of what is made next; NOC_NODE_TOP */
	int eaches;   /* around it */
	bool full;
	bool holes; /* steps are missing that could not be read */
	const struct noc_plan_source *from; /* NULL: read back */
	struct noc_err *err;		    /* the first mistake */
	int rc;
};

/* One mistake; the message begins with file:line. */
void plan_problem(struct planning *b, const struct noc_err *why);
/* The same of a node that is there. */
void plan_node_wrong(struct planning *b, size_t i, struct noc_err *why);
/* The whole: nodes, edges, checks.  b->rc says whether it is good. */
void plan_build(struct planning *b);

/* What is said of all of it (plan_flow.c). */
void plan_flow(struct planning *b);
/* A node that holds others; NOC_NODE_TOP when there are too many. */
size_t plan_container(struct planning *b, const struct noc_value *ast,
		      size_t up, enum noc_step_kind kind, const char *name);
void plan_when(struct planning *b, size_t i, const struct noc_value *opts);
/* Its steps, as v has them; it ends where they do. */
void plan_list(struct planning *b, size_t i, const struct noc_value *v,
	       bool in_line);

/* ---- scopes (plan_scope.c) ---- */
/* step "fix" { call "flow" { ... }, ... }, or the call alone. */
void plan_call(struct planning *b, const struct noc_value *ast, size_t up);
void plan_each_node(struct planning *b, const struct noc_value *ast, size_t up);
/* undo = call "flow" { ... }: what is said of it, */
void plan_undo_call(struct planning *b, const struct noc_value *opts,
		    const struct noc_value *call, struct noc_step_def *u);
/* and, when all else is there, the steps that it calls, each flow a CALL whose
 * `up` is that of the step: nobody goes through these but the undo. */
void plan_undo_flows(struct planning *b);

/* ---- the tree as data (plan_tree.c) ---- */
/* What the canonical JSON is of, with the flows it calls in it; returned, also
 * with an error. */
int plan_tree(const struct noc_plan_source *from, struct noc_value **out,
	      struct noc_err *err);
/* A copy that does not say where it was written. */
struct noc_value *plan_bare(const struct noc_value *v);
/* The tree of a function below v, as the first version wrote it; or NULL. */
const char *plan_tree_said(const struct noc_value *v);

/* ---- one node (plan_step.c, plan_action.c, plan_each.c,
 *      plan_escalate.c) ---- */
bool noc_node_is_action(const struct noc_value *v);
/*
 * One step of the AST into *s (zeroed but for `at`); position counts from 1.
 * Each mistake in it is told.  What was made so far is released by
 * noc_step_release.
 */
void plan_step(struct planning *b, const struct noc_value *node,
	       size_t position, struct noc_step_def *s);
/* One mistake of the step, or of what takes it back. */
void plan_step_wrong(struct planning *b, const struct noc_step_def *s,
		     struct noc_err *why);
/* node: the step that says more of the action, or the action itself. */
void plan_action(struct planning *b, const struct noc_value *node,
		 const struct noc_value *action, struct noc_step_def *s);
/* undo = ACTION | { ACTION, timeout = ... } of a step. */
void plan_step_undo(struct planning *b, const struct noc_value *opts,
		    struct noc_step_def *s);
/* Is its name said, and that of its output? */
bool plan_step_named(const char *node);
void noc_step_release(struct noc_step_def *s);
/* "each", third of its scope -> "each_3"; returned. */
char *plan_own_name(const char *node, size_t position);
int plan_where(const struct noc_value *opts, const char *key, const char *at,
	       struct noc_where **where, const char **fn, struct noc_err *err);
void plan_each(struct planning *b, size_t i);
void plan_each_free(struct noc_each_def *e);
int noc_escalation_build(const struct noc_value *node,
			 struct noc_escalation **out, struct noc_err *err);
void noc_escalation_free(struct noc_escalation *e);

/* ---- order (plan_edge.c) ---- */
/* The nodes of one list or parallel, in order. */
void plan_edges(struct planning *b, const size_t *nodes, size_t n,
		bool in_line);

void plan_reach(struct planning *b); /* what nothing leads to */

/* ---- names (plan_check.c, plan_name.c) ---- */
void plan_check_names(struct planning *b);

struct plan_check {
	struct planning *b;
	size_t words;	  /* of a set of nodes */
	uint64_t *before; /* a set a node: what has ended when it begins */
	uint8_t *known;	  /* its set is made */
	size_t node;	  /* at hand; NOC_NODE_TOP: after all of them */
	bool ended;	  /* and what is in it has ended as well */
	bool own; /* it may see itself: it has ended, but not what holds it */
	bool undoing;	 /* it is what takes it back */
	bool item;	 /* of an each: it is said of one item */
	const char *end; /* what of the flow is after all of them */
};

void plan_name_begin(struct plan_check *c, struct planning *b);
void plan_name_end(struct plan_check *c);
/* One mistake of the node at hand. */
void plan_name_problem(const struct plan_check *c, struct noc_err *why);
/* steps.X.Y, input.X, an item: is it there when it is read?  arg: the check. */
void plan_name_path(const char *path, size_t len, void *arg);
/* The step of this name that has ended by then; NOC_NODE_TOP: none. */
size_t plan_name_step(const struct plan_check *c, const char *name);
/* Names of the steps that have ended by then: the nearest, or NULL. */
const char *plan_name_meant(const struct plan_check *c, const char *name);
/* No name twice where both are seen. */
void plan_name_unique(const struct plan_check *c);

#endif
