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
struct noc_hold_def;  /* engine/flow/hold.h */
struct noc_await_def; /* engine/flow/await.h */
struct noc_gate_def;  /* engine/flow/gate.h */
struct noc_limits;

/* Order in steps[] is that of the tree from above: what a container holds
 * comes right behind it. */
enum noc_step_kind {
	NOC_STEP_ACTION, /* one action */
	NOC_STEP_VERIFY, /* a read until expect holds, stays, or within ends */
	NOC_STEP_STOP,	 /* end Succeeded here, with the reason */
	NOC_STEP_FAIL,	 /* end Failed here */
	NOC_STEP_ESCALATE, /* levels of notice until acknowledged */
	NOC_STEP_EMIT,
	NOC_STEP_SLEEP,
	NOC_STEP_APPROVE,  /* people say whether it goes on */
	NOC_STEP_CONFIRM,  /* people say that they have read it */
	NOC_STEP_WAIT_FOR, /* an event, a signal, a change window */
	/* Those that hold others.  The first three are places only: what is in
	 * them is in the same scope, and they are in no path. */
	NOC_STEP_PARALLEL, /* its children begin together */
	NOC_STEP_CHOOSE,   /* of its branches the first whose `when` holds */
	NOC_STEP_BRANCH,   /* of the two: a list */
	NOC_STEP_CALL,	   /* another flow as it was at load: its own scope */
	NOC_STEP_EACH,	   /* once for each item: a scope each */
	NOC_STEP_CHECK,	   /* of an each, its last child: after each wave */
	NOC_STEP_ON_FAIL,  /* of the flow: after it failed and was undone */
	NOC_STEP_FINALLY,  /* of the flow: before it ends, however it does */
	/* Holds nothing: carries out what was registered to undo a step. */
	NOC_STEP_UNDO
};

/* How a step ended, as an edge asks for it; bits. */
enum noc_on {
	NOC_ON_OK = 1, /* or skipped by its own `when` */
	NOC_ON_FAILED = 2,
	NOC_ON_ALWAYS = 4 /* whatever, also when it was never reached */
};

/*
 * In a list each step without `after` waits for the one before it that has
 * none either; a step with `after` waits for what it names, beside the line.
 * The children of a parallel wait for nothing but what `after` names.  All of
 * them must come about; else the step is not reached.
 */
struct noc_edge {
	uint16_t from; /* in the same list or parallel */
	uint8_t on;    /* enum noc_on */
};

/* How much of a fan-out must go well. */
#define NOC_AFTER_TIMEOUT_MS (3600 * 1000LL) /* undo, on_fail, finally */

enum noc_need_kind { NOC_NEED_ALL, NOC_NEED_COUNT, NOC_NEED_PERCENT };
enum noc_undo_scope {
	NOC_UNDO_NONE,
	NOC_UNDO_RUN,	   /* all that it has done */
	NOC_UNDO_WAVE,	   /* all of the wave that failed */
	NOC_UNDO_FAILED,   /* the items that failed, also when enough did not */
	NOC_UNDO_SUCCEEDED /* those that went well, when the each fails */
};

struct noc_wave { /* how many items: as a number, a share, or the rest */
	enum { NOC_WAVE_COUNT, NOC_WAVE_PERCENT, NOC_WAVE_REST } kind;
	int64_t n; /* of the items or per cent; rounded up, at least one */
};

struct noc_each_def {
	const struct noc_value *over;	 /* a template "{steps.x.list}", a list,
					    or {node: inventory} */
	const char *as;			 /* "item" */
	struct noc_template *key;	 /* NULL: the item, its name or id */
	struct noc_template *limit_text; /* NULL: limit */
	int64_t limit;			 /* open at once; 20 */
	int64_t rate_n, rate_ms;	 /* begun in so long; 0: no limit */
	int64_t batch;			 /* so many end before others begin */
	struct noc_wave *waves;
	size_t nwaves;
	enum noc_need_kind need;
	int64_t need_n;			/* of a count or per cent */
	struct noc_template *need_text; /* "{input.least}%"; NULL: need_n */
	bool let_finish;		/* once satisfied the others go on */
	bool empty_ok;			/* no items are no error */
	enum noc_undo_scope undo;
	int64_t undo_ms;		 /* all of that together; an hour */
	const struct noc_value *collect; /* name -> path, of each item kept */
	size_t check;			 /* its node; 0: none */
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
	struct noc_probe_def *probe;	  /* engine/flow/probe.h; NULL */
	const char *on_crash;		  /* retry verify ask fail */
	bool mutates, idempotent;	  /* from the action's flags */
	bool group_read;  /* the steps before it read what keep_one_up asks, */
	bool group_first; /* and this is the first of those reads */
	struct noc_escalation *escalation;
	struct noc_gate_def *gate;   /* APPROVE, CONFIRM */
	struct noc_await_def *await; /* WAIT_FOR */
	size_t up;		     /* what holds it; NOC_NODE_TOP */
	size_t end; /* one past the last that it holds; its own place + 1 */
	struct noc_edge *in;
	size_t nin;
	bool handles;		   /* an edge for its failure begins here */
	const char *block;	   /* who has failed, of its failures; NULL */
	const char *class;	   /* of `fail`, of fail_if; NULL: permanent */
	const char *on_timeout;	   /* escalate skip abort; NULL */
	bool degraded_goes_on;	   /* dependency_degraded is no failure of it */
	struct noc_each_def *each; /* NOC_STEP_EACH */
	struct noc_step_def *undo; /* an action that takes it back; NULL */
	bool critical, takes_back; /* fail; the undo of a step, or its flow */
	size_t pair; /* of an undo that calls: its flow; of that: the step */
	const char *call; /* NOC_STEP_CALL: the flow's name, */
	const struct noc_value *call_input;  /* AST of what it is given, */
	const struct noc_value *call_takes;  /* what it declares, */
	const struct noc_value *call_output; /* and what it gives */
	const char *undo_of;		     /* NOC_STEP_UNDO: the step, */
	const struct noc_value *undo_items;  /* for which items; NULL: all */
	struct noc_limits *limits; /* so many calls at once; NULL: any */
	/* It is one call about many devices: a template, or a list of them. */
	const struct noc_value *targets;
};
#define NOC_NODE_TOP ((size_t)-1)
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
	const struct noc_value *output;		 /* name -> template, or NULL */
	size_t nbody;			   /* of steps[]: before these two */
	size_t on_fail_node, finally_node; /* 0: none */
	size_t undo_from; /* from here on flows that undo (plan_scope.c) */
	enum noc_undo_scope undo;  /* when it fails: none or all */
	int64_t undo_ms;	   /* all of that together; 0: an hour */
	bool undo_cancelled;	   /* also when it is cancelled */
	int64_t timeout_ms;	   /* of the whole run; 24 h */
	struct noc_hold_def *hold; /* beside others; of a good plan set */
	bool acting;		   /* has a step that mutates */
	bool calls;		   /* has functions */
	/* The hash of their tree in hex, of a plan of the first version, which
	 * said it itself; "". */
	char tree_said[65];
};

struct noc_table;
struct noc_plan_source {
	const char *name; /* of the rule or flow */
	/* AST of `flow {…}` or a single action/escalate/step node (a run of
	 * one step). */
	const struct noc_value *flow;
	const struct noc_table *flows; /* name -> AST, for `call`; or NULL */
	/* Each mistake, the first one too; NULL: only that, in *err. */
	void (*tell)(const struct noc_err *mistake, void *arg);
	/* May there be a flow of this name that could not be read?  Or NULL. */
	bool (*lost)(const char *name, void *arg);
	void *arg;
};
/*
 * ECONFIG with file:line: step with no or two actions, missing timeout on a
 * mutating step, duplicate step name, unknown action, ...  What the AST says
 * is wrong (noc_ast_wrong) is not told again.  With `tell` the plan is given
 * out all the same, for who looks for more: it must not be run.
 */
int noc_plan_new(const struct noc_plan_source *from, struct noc_plan **out,
		 struct noc_err *err);
int noc_plan_from_json(const char *json, struct noc_plan **out,
		       struct noc_err *err);
struct noc_plan *noc_plan_ref(struct noc_plan *p);
void noc_plan_unref(struct noc_plan *p);
/* "snmp.set ifAdminStatus.1=up" with templates expanded where known. */
struct noc_scope;
struct noc_strbuf;
/* "step", "each", ...; static. */
const char *noc_step_kind_name(enum noc_step_kind kind);
/* Is it one that this mode only writes down? */
bool noc_step_withheld(const struct noc_step_def *s, enum noc_mode mode);
void noc_plan_describe_step(const struct noc_step_def *s,
			    const struct noc_scope *scope,
			    struct noc_strbuf *out);

/* Calls fn for every template path and every condition name below v; *at, when
 * asked for, is the place of the nearest node then. */
void noc_ast_each_path(const struct noc_value *v, const char **at,
		       void (*fn)(const char *path, size_t len, void *arg),
		       void *arg);

#endif
