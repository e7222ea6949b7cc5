/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_EDGE_ACTION_H
#define NOC_ENGINE_EDGE_ACTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/id.h"
#include "base/strbuf.h"
#include "base/value.h"

/*
 * A way out: one file in actions/ ending in one const struct.  The engine
 * knows an action by name only.  A call is one attempt: started when its
 * intent is durable, ended exactly once by noc_call_done.  Loop thread.
 */
struct noc_env;	   /* engine/edge/env.h: what the daemon offers */
struct noc_device; /* engine/inventory/inventory.h */
struct noc_slot;   /* engine/core/slot.h */
struct noc_option; /* engine/lang/schema.h */

#define NOC_ACTION_MUTATES    1u /* changes the network or the world */
#define NOC_ACTION_IDEMPOTENT 2u /* doing it twice equals doing it once */
#define NOC_ACTION_READS      4u /* a read of its target */
#define NOC_ACTION_NOTIFIES   8u /* tells people; silences mute it */
#define NOC_ACTION_CORE                                   \
	16u /* carried out by the core: emit, start, log, \
	       notify; has no start */

struct noc_call_error {
	const char *class; /* static: transient permanent timeout cancelled
			      dependency_unavailable in_doubt ... */
	char block[32];	   /* who failed: "device", "http", "executor" */
	char code[48];	   /* "noSuchName", "503", "exit 3" */
	char message[256];
	int64_t retry_after_ms; /* 0: not said */
};

#define NOC_CALL_TOKEN 96
struct noc_call {
	uint64_t id;
	const struct noc_action_ops *ops;
	/* The action's AST node {"node", "items", "opts"}, expanded; secrets
	 * still nodes (noc_secret_fill). */
	struct noc_value *params;
	const char *target;		 /* device name or "" */
	const struct noc_device *device; /* of the target; NULL unknown */
	int64_t timeout_ms;
	char token[NOC_CALL_TOKEN];	 /* engine/run/token.h */
	const struct noc_value *context; /* {event, run, step} for children */
	void *impl;			 /* the action's own */
	/* Outside any input; result is owned by the callee, NULL when err. */
	void (*on_done)(struct noc_call *call, struct noc_value *result,
			const struct noc_call_error *err, void *arg);
	void *arg;
	struct noc_slot *slot; /* owned: given back when it is freed */
	bool ended;

	/* private to engine/core/call.c */
	struct noc_value *own_context;
	char *own_target;
	bool queued, dropped;
};

struct noc_action_ops {
	const char *name; /* "snmp.set" */
	unsigned flags;
	/* What a rule may write; one that only answers in a test has none, and
	 * the real one's are in force. */
	const char *help;  /* a sentence */
	bool named;	   /* notify "noc": with a name, and no table needed */
	const char *items; /* as in struct noc_node_schema */
	const struct noc_option *options;
	/* Names in its result, ends with NULL; NULL: only known when it runs.
	 */
	const char *const *gives;
	/*
	 * Begin; never blocks.  On error nothing was sent and err says why
	 * (kind -> class).  Otherwise noc_call_done follows exactly once,
	 * never from inside start.
	 */
	int (*start)(struct noc_env *env, struct noc_call *call,
		     struct noc_err *err);
	/* Deadline or cancel: stop if possible; noc_call_done is not called by
	 * the action afterwards. */
	void (*cancel)(struct noc_env *env, struct noc_call *call);
	/*
	 * Whom it asks, of those that are asked only so often at once
	 * (engine/core/slot.h): "host:443", a device; nothing for all its
	 * family together.  NULL: it never waits.
	 */
	void (*peer)(const struct noc_env *env, const struct noc_value *params,
		     const char *target, struct noc_strbuf *out);
	/* One line "snmp.set ifAdminStatus.1=up"; NULL: name and params. */
	void (*plan)(const struct noc_value *params, struct noc_strbuf *out);
	/* More checks of params at load than the schema does; may be NULL. */
	int (*check)(const struct noc_value *params, struct noc_err *err);
};

const struct noc_action_ops *noc_action_find(const char *name);
const struct noc_action_ops *noc_action_at(size_t i); /* NULL past the end */
/* cli registers the table of actions.def, and with it what a rule may write,
 * before anything is loaded. */
void noc_action_register(const struct noc_action_ops *const *table, size_t n);

void noc_call_error_set(struct noc_call_error *e, const char *class,
			const char *block, const char *code, const char *fmt,
			...) __attribute__((format(printf, 5, 6)));
const char *noc_class_of_kind(enum noc_kind kind);
/* The static word of a class read back from text; NULL when unknown. */
const char *noc_class_find(const char *text);

#endif
