/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RULE_RULESET_H
#define NOC_ENGINE_RULE_RULESET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/table.h"
#include "engine/lua/lua.h"
#include "engine/flow/plan.h"
#include "engine/rule/normalizer.h"
#include "engine/rule/rule.h"

/*
 * One generation of rules, compiled: what the AST says as structs that the
 * core reads.  Built whole or not at all (any one thread), then swapped in by
 * one pointer; immutable after that.  Pointers inside live as long as it.
 */
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
/* From the JSON of noc_lua_tree_json. */
int noc_ruleset_load_json(const char *json, const uint8_t hash[32],
			  struct noc_ruleset **out, struct noc_err *err);
struct noc_ruleset *noc_ruleset_ref(struct noc_ruleset *rs);
void noc_ruleset_unref(struct noc_ruleset *rs);

struct noc_rule *noc_ruleset_rule(const struct noc_ruleset *rs,
				  const char *name);
/* What the flow of this name does, or else the rule or the schedule. */
const struct noc_plan *noc_ruleset_plan(const struct noc_ruleset *rs,
					const char *name);
const struct noc_channel *noc_ruleset_channel(const struct noc_ruleset *rs,
					      const char *name);

#endif
