/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_FLOW_PLAN_PRIVATE_H
#define NOC_ENGINE_FLOW_PLAN_PRIVATE_H

#include "engine/flow/plan.h"

/* Between plan*.c and keep_one_up.c only. */
#define PLAN_VERSION   2
#define PLAN_STEPS_MAX 1024 /* nodes, with those of the flows it calls */

/* What is known of a node only while the plan is made. */
struct plan_mark {
	const struct noc_value *ast;
	size_t scope;  /* the call, each or check whose names it sees first */
	bool own_name; /* nobody wrote it */
};

struct planning {
	struct noc_plan *p;
	struct plan_mark *marks;
	size_t cap;
	size_t scope; /* of what is made next; NOC_NODE_TOP */
	int eaches;   /* around it */
	bool full;
	const struct noc_plan_source *from; /* NULL: read back */
	struct noc_err *err;		    /* the first mistake */
	int rc;
};

/* One mistake; the message begins with file:line. */
void plan_problem(struct planning *b, const struct noc_err *why);
/* The whole: nodes, edges, checks.  b->rc says whether it is good. */
void plan_build(struct planning *b);

/* ---- the tree as data (plan_tree.c) ---- */
/* What the canonical JSON is of, with the flows it calls in it; returned, also
 * with an error. */
int plan_tree(const struct noc_plan_source *from, struct noc_value **out,
	      struct noc_err *err);
/* A copy that does not say where it was written. */
struct noc_value *plan_bare(const struct noc_value *v);
/* The tree of a function below v, as the first version wrote it; or NULL. */
const char *plan_tree_said(const struct noc_value *v);

/* ---- one node (plan_step.c, plan_each.c, plan_escalate.c) ---- */
bool noc_node_is_action(const struct noc_value *v);
/*
 * One step of the AST into *s (zeroed before); position counts from 1.
 * ECONFIG, the message beginning with file:line.  What was made so far is
 * released by noc_step_release, also after an error.
 */
int noc_step_build(const struct noc_value *node, size_t position,
		   struct noc_step_def *s, struct noc_err *err);
/* undo = ACTION | { ACTION, timeout = ... } of a step. */
int noc_step_undo(const struct noc_value *opts, struct noc_step_def *s,
		  struct noc_err *err);
void noc_step_release(struct noc_step_def *s);
/* "each", third of its scope -> "each_3"; returned. */
char *plan_own_name(const char *node, size_t position);
int plan_where(const struct noc_value *opts, const char *key, const char *at,
	       struct noc_where **where, const char **fn, struct noc_err *err);
int plan_each(const struct noc_value *node, struct noc_step_def *s,
	      struct noc_err *err);
void plan_each_free(struct noc_each_def *e);
int noc_escalation_build(const struct noc_value *node,
			 struct noc_escalation **out, struct noc_err *err);
void noc_escalation_free(struct noc_escalation *e);

/* ---- order (plan_edge.c) ---- */
/* The nodes of one list or parallel, in order. */
void plan_edges(struct planning *b, const size_t *nodes, size_t n,
		bool in_line);

/* ---- names (plan_check.c) ---- */
void plan_check_names(struct planning *b);

#endif
