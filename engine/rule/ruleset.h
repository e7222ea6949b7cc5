/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RULE_RULESET_H
#define NOC_ENGINE_RULE_RULESET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/table.h"
#include "engine/expr/scope.h"
#include "engine/expr/where.h"
#include "engine/expr/where_test.h"
#include "engine/lua/lua.h"
#include "engine/flow/plan.h"

/*
 * One generation of rules, compiled: what the AST says as structs that the
 * core reads.  Built whole or not at all (any one thread), then swapped in by
 * one pointer; immutable after that.  Pointers inside live as long as it.
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
	int when_fn; /* lua function + 1, or 0 */
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

struct noc_emit_more { /* what else `map` would take for a field */
	const char *key;
	const struct noc_value *value;
	struct noc_template *template; /* NULL: a path */
};

/* normalize and hook: from what a sensor saw to canonical events. */
struct noc_normalizer {
	const char *name, *file;
	int line;
	const char *from;	     /* "syslog" "snmp.trap" "webhook" … */
	struct noc_strings tags;     /* syslog tags, exact; or trap names */
	struct noc_strings apps;     /* syslog app names */
	struct noc_pattern *pattern; /* captures become data */
	struct noc_where *where;
	struct noc_template *kind;	     /* emit */
	struct noc_strings kinds;	     /* what it may emit */
	struct noc_value *map;		     /* data name -> path or constant */
	struct noc_template **map_templates; /* parallel to map; NULL: path */
	struct noc_emit_more *more; /* tried in order where map gave nothing */
	size_t nmore;
	int map_fn;			    /* lua function + 1, or 0 */
	int when_fn;			    /* the same; asked last */
	int severity;			    /* -1: keep */
	struct noc_template *severity_text; /* said by a template, or NULL */
	struct noc_template *summary;	    /* NULL: keep */
	unsigned order;
};

struct noc_hook {
	struct noc_normalizer emit;
	const struct noc_value *auth; /* AST: hmac github standard … */
	const char *split;	      /* "alerts[*]" or NULL */
	struct noc_template *dedup;
	const char *device_path; /* path in body naming the device */
	int64_t dedup_ms;
};

struct noc_task { /* schedule, poll, sensor: what runs by itself */
	const char *name, *file;
	int line;
	const char *type; /* "schedule" "poll" "sensor" */
	const struct noc_value *ast;
	uint8_t definition[32];
	struct noc_plan *run; /* schedule; or NULL */
	struct noc_plan *on_missed, *on_error, *on_breach; /* or NULL */
	enum noc_mode mode;
};

struct noc_channel {
	const char *name, *file;
	int line;
	struct noc_rate limit;
	const char *fallback;
	const struct noc_value *actions; /* list of AST action nodes */
	bool implied; /* unconfigured noc/oncall: prints to the log */
};

struct noc_ruleset {
	int refs;
	struct noc_lua_tree *tree;
	struct noc_rule *rules;
	size_t nrules;
	struct noc_pair *pairs;
	size_t npairs;
	struct noc_normalizer *emits;
	size_t nemits;
	struct noc_hook *hooks;
	size_t nhooks;
	struct noc_task *tasks;
	size_t ntasks;
	struct noc_channel *channels;
	size_t nchannels;
	struct noc_table flows;	       /* name -> struct noc_plan */
	struct noc_table defined;      /* data names that any kind defines */
	struct noc_table kinds;	       /* kinds anything emits or waits for */
	struct noc_table rule_names;   /* name -> struct noc_rule */
	struct noc_match *match;       /* engine/rule/match.h */
	const struct noc_value *tests; /* list of `test` nodes; NULL */
	uint8_t hash[32];
	char warnings[4096]; /* lint: one a line */
};

/*
 * Load, check, compile, index.  dirs: rules/lib is loaded first when it is
 * below one of them.  *errors: one line each (returned) on ECONFIG.
 */
int noc_ruleset_load(const char *const *dirs, size_t ndirs, bool tests,
		     struct noc_ruleset **out, char **errors,
		     struct noc_err *err);
int noc_ruleset_load_text(const char *path, const char *text,
			  struct noc_ruleset **out, char **errors,
			  struct noc_err *err);
/* From a tree that is loaded already; owned, also on error. */
int noc_ruleset_build(struct noc_lua_tree *tree, struct noc_ruleset **out,
		      char **errors, struct noc_err *err);
struct noc_ruleset *noc_ruleset_ref(struct noc_ruleset *rs);
void noc_ruleset_unref(struct noc_ruleset *rs);

struct noc_rule *noc_ruleset_rule(const struct noc_ruleset *rs,
				  const char *name);
/* It would act, but (for some keys) only writes down what it would do. */
bool noc_rule_observes(const struct noc_rule *rule);
const struct noc_channel *noc_ruleset_channel(const struct noc_ruleset *rs,
					      const char *name);

bool noc_strings_have(const struct noc_strings *list, const char *word);

#endif
