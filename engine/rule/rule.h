/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RULE_RULE_H
#define NOC_ENGINE_RULE_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/expr/template.h"
#include "engine/expr/where.h"
#include "engine/flow/plan.h"

/*
 * One rule and one pair, compiled.  Parts of a rule set: as immutable, and for
 * as long as it (engine/rule/ruleset.h).
 */

struct noc_strings {
	const char **at; /* interned */
	size_t len;
};

struct noc_rate {	       /* "5/30s by site" */
	int64_t count, per_ms; /* count 0: not set */
	const char *by;	       /* path or NULL */
};

#define NOC_UNLESS_BACK_MAX_MS (3600 * 1000LL) /* `back` says no more */

struct noc_unless { /* seen {…} */
	struct noc_strings kinds;
	struct noc_template **devices; /* any of; none: "{device}" */
	size_t ndevices;
	struct noc_where *where; /* more conditions on the seen event */
	int64_t back_ms;
	const char *text; /* "seen(config.change)" for explain */
};

struct noc_damp {
	int64_t half_life_ms, max_suppress_ms;
	double suppress, reuse, penalty; /* 1000 a down */
};

struct noc_storm {
	struct noc_rate over, clear;
	int64_t idle_ms, max_ms; /* digest */
	int64_t max_count;	 /* digest; 0: none */
	int top;		 /* how many message shapes are kept: 3 */
	struct noc_where *keep;	 /* still notified one by one; or NULL */
	const char *rollup;	 /* path ("site") or NULL */
};

#define NOC_THRESHOLD_MAX 4096

struct noc_threshold {
	int64_t count, window_ms; /* sliding; re-arms by falling below */
	int64_t clear_count, clear_window_ms; /* hysteresis; 0: none */
	struct noc_template *distinct; /* count distinct of this, or NULL */
};

enum noc_throttle {
	NOC_THROTTLE_NONE,
	NOC_ONCE_WITHIN,
	NOC_ONCE_AFTER,
	NOC_ACCUMULATE
};

#define NOC_GUARD_COUNT_MAX	1000
#define NOC_GUARD_SETTLE_MS	60000
#define NOC_GUARD_SETTLE_MAX_MS 600000

struct noc_guard {
	struct noc_rate per_key, mass, targets, rate;
	int depth;	   /* causal, 3 */
	int64_t settle_ms; /* its own changes are not its events: 60 s */
	const struct noc_value *on_exceed; /* AST action node or NULL */
};

struct noc_rule {
	const char *name, *file;
	int line;
	enum noc_mode mode;
	bool mode_said;
	double canary;		/* 0..1 */
	bool paused;		/* loop thread may set: rules pause */
	uint8_t definition[32]; /* canonical AST */
	uint8_t keys_hash[32];	/* correlation keys: state is kept by it */
	struct noc_strings on;
	struct noc_where *where;
	int when_fn;	      /* lua function + 1, or 0 */
	uint64_t when_errors; /* calls of it that failed */
	struct noc_unless *unless;
	size_t nunless;
	struct noc_template *key; /* NULL: "{device}" */
	bool event_time; /* counts by its sender's clock, not on arrival */
	int64_t hold_ms;
	struct noc_strings hold_cancel;
	struct noc_damp *damp; /* NULL: none */
	struct noc_storm *storm;
	struct noc_threshold *threshold;
	enum noc_throttle throttle;
	int64_t throttle_ms, throttle_count;
	struct noc_guard guard; /* defaults filled in */
	const char *group;	/* first-match group or NULL */
	struct noc_plan *run;
	bool acting;
	unsigned index; /* position in the rule set */
	const struct noc_value *ast;
};

struct noc_pair {
	const char *name, *file;
	int line;
	struct noc_strings open, close;
	struct noc_where *where;
	struct noc_template *key;
	int64_t within_ms;
	const struct noc_value *missing, *matched; /* AST action; may be NULL */
	struct noc_plan *missing_plan, *matched_plan;
	uint8_t definition[32];
	uint8_t keys_hash[32]; /* open waits are kept by it */
	enum noc_mode mode;
	bool acting;
};

bool noc_strings_have(const struct noc_strings *list, const char *word);

/* It would act, but (for some keys) only writes down what it would do. */
bool noc_rule_observes(const struct noc_rule *rule);

#endif
