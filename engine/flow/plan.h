/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_FLOW_PLAN_H
#define NOC_ENGINE_FLOW_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/value.h"
#include "engine/expr/where_test.h"
#include "engine/flow/mode.h"

/*
 * A flow as plain data: what a run carries out.  Made from the AST at load,
 * or from its own canonical JSON at resume; the two give the same struct, and
 * the hash of the JSON names it for ever.  The JSON says nothing of files and
 * lines; a function in it is a path, and whoever runs the plan knows the tree
 * of whose functions it is.  Immutable, refcounted; loop thread.
 */
struct noc_where;
struct noc_template;

enum noc_step_kind {
	NOC_STEP_ACTION, /* one action */
	NOC_STEP_VERIFY, /* a read until expect holds, stays, or within ends */
	NOC_STEP_STOP,	 /* end Succeeded here, with the reason */
	NOC_STEP_FAIL,	 /* end Failed here */
	NOC_STEP_ESCALATE, /* levels of notice until acknowledged */
	NOC_STEP_EMIT,
	NOC_STEP_SLEEP
};

struct noc_retry_policy {
	int attempts;	    /* 3 */
	int64_t initial_ms; /* 1,000 */
	double factor;	    /* 2 */
	int64_t max_ms;	    /* 60,000 */
	bool jitter;	    /* full */
};

struct noc_escalation_level { /* of an escalation */
	int64_t after_ms;
	struct noc_value *action; /* AST node notify/mail/http...; borrowed */
};

struct noc_escalation {
	struct noc_escalation_level *levels;
	size_t nlevels;
	int64_t again_ms;     /* repeat the last level; 0: never */
	int64_t max_ms;	      /* then give up, said; 24 h */
	const char **stop_on; /* "ack" and event kinds */
	size_t nstop_on;
};

struct noc_step_def {
	enum noc_step_kind kind;
	const char *name;   /* unique in the flow */
	const char *at;	    /* file:line; "?": read back */
	const char *action; /* "snmp.get"; NULL for stop, fail, escalate */
	const struct noc_value *params; /* AST of the action node */
	struct noc_where *when, *expect, *fail_if;
	/* Path of a function (noc_lua_function), or NULL. */
	const char *when_fn, *expect_fn, *fail_if_fn;
	struct noc_template *target;
	const char *reason; /* stop/fail: template text */
	int64_t timeout_ms, deadline_ms;
	int64_t every_ms, within_ms, stable_ms; /* verify */
	struct noc_retry_policy retry;
	const struct noc_value *output;	  /* map name -> path */
	const struct noc_value *on_error; /* map class -> AST action node */
	const struct noc_value *probe;	  /* AST action node or NULL */
	const char *on_crash;		  /* retry verify ask fail */
	bool mutates, idempotent;	  /* from the action's flags */
	bool group_read;  /* the steps before it read what keep_one_up asks, */
	bool group_first; /* and this is the first of those reads */
	struct noc_escalation *escalation;
};

struct noc_plan {
	int refs;
	uint8_t hash[32];
	char *json; /* canonical: {"name","version","steps":[AST...],...} */
	struct noc_value *tree;
	const char *name; /* rule or flow */
	struct noc_step_def *steps;
	size_t nsteps;
	struct noc_escalation *on_fail;		 /* or NULL */
	const struct noc_value *on_fail_actions; /* list of AST actions */
	const struct noc_value *input;		 /* declared inputs or NULL */
	int64_t timeout_ms;			 /* of the whole run; 24 h */
	bool acting;				 /* has a step that mutates */
	bool calls;				 /* has functions */
	/* The hash of their tree in hex, of a plan of the first version, which
	 * said it itself; "". */
	char tree_said[65];
};

/*
 * flow: AST of `flow {…}` or a single action/escalate/step node (a run of
 * one step).  ECONFIG with file:line: step with no or two actions, missing
 * timeout on a mutating step, duplicate step name, unknown action, ...
 */
int noc_plan_new(const char *name, const struct noc_value *flow,
		 struct noc_plan **out, struct noc_err *err);
int noc_plan_from_json(const char *json, struct noc_plan **out,
		       struct noc_err *err);
struct noc_plan *noc_plan_ref(struct noc_plan *p);
void noc_plan_unref(struct noc_plan *p);
/* "snmp.set ifAdminStatus.1=up" with templates expanded where known. */
struct noc_scope;
struct noc_strbuf;
/* Is it one that this mode only writes down? */
bool noc_step_withheld(const struct noc_step_def *s, enum noc_mode mode);
void noc_plan_describe_step(const struct noc_step_def *s,
			    const struct noc_scope *scope,
			    struct noc_strbuf *out);

/* Calls fn for every template path and every condition name below v. */
void noc_ast_each_path(const struct noc_value *v,
		       void (*fn)(const char *path, size_t len, void *arg),
		       void *arg);

#endif
