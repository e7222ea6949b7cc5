/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/run/code.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "engine/edge/env.h"
#include "engine/run/runner.h"

/*
 * runs->code: those that open runs call, used last first.  runs->lost: until
 * when, in boottime, those that could not be had are not asked for again: any
 * event may ask, of each run.
 */
#define CODE_AGAIN_NS (10 * NOC_NS_PER_S)

static bool
code_is(const struct noc_ruleset *rs, const struct noc_run *r)
{
	return rs && !memcmp(rs->hash, r->tree, sizeof(r->tree));
}

static bool
code_is_needed(const struct noc_runs *runs, const struct noc_ruleset *rs)
{
	const char *key;
	void *run;

	for (size_t it = 0; noc_table_next(&runs->by_id, &it, &key, &run);) {
		const struct noc_run *r = run;

		if (!r->ended && code_is(rs, r))
			return true;
	}
	return false;
}

/* The stored sources, returned; NULL. */
static char *
code_stored(const struct noc_core *core, const uint8_t hash[32])
{
	const struct noc_env *env = noc_core_env(core);

	return env && env->state_dir ? noc_load_definition(env->state_dir, hash)
				     : NULL;
}

static struct noc_ruleset *
code_load(const struct noc_run *r)
{
	char *json = code_stored(r->core, r->tree);
	struct noc_ruleset *rs = NULL;
	struct noc_err err;

	if (json && noc_ruleset_load_json(json, r->tree, &rs, &err))
		noc_warn("run",
			 "run=%s the rules that it was started with "
			 "cannot be loaded: %s",
			 r->text, err.msg);
	free(json);
	return rs;
}

static bool
code_is_lost(const struct noc_runs *runs, const struct noc_run *r)
{
	const int64_t *until =
	    noc_table_getn(&runs->lost, r->tree, sizeof(r->tree));

	return until && noc_core_time(r->core).boot_ns < *until;
}

static void
code_lose(struct noc_runs *runs, const struct noc_run *r)
{
	int64_t *until = noc_table_getn(&runs->lost, r->tree, sizeof(r->tree));

	if (!until) {
		until = noc_calloc(1, sizeof(*until));
		noc_table_putn(&runs->lost, r->tree, sizeof(r->tree), until);
	}
	*until = noc_core_time(r->core).boot_ns + CODE_AGAIN_NS;
}

void
noc_code_retry(struct noc_runs *runs)
{
	void *until;

	for (size_t it = 0; noc_table_next(&runs->lost, &it, NULL, &until);)
		free(until);
	noc_table_release(&runs->lost);
}

static void
code_drop(struct noc_runs *runs, size_t i)
{
	noc_ruleset_unref(runs->code[i]);
	runs->ncode--;
	memmove(runs->code + i, runs->code + i + 1,
		(runs->ncode - i) * sizeof(runs->code[0]));
}

/* rs is owned. */
static void
code_keep(struct noc_runs *runs, struct noc_ruleset *rs)
{
	NOC_GROW(runs->code, runs->code_cap, runs->ncode + 1);
	memmove(runs->code + 1, runs->code, runs->ncode * sizeof(rs));
	runs->code[0] = rs;
	runs->ncode++;
}

struct noc_ruleset *
noc_code_rules(const struct noc_run *r)
{
	static const uint8_t none[sizeof(r->tree)];

	struct noc_runs *runs = noc_runs_of(r->core);
	struct noc_ruleset *rs = noc_core_rules(r->core);
	size_t i = 0;

	if (!memcmp(r->tree, none, sizeof(none)))
		return NULL;
	while (i < runs->ncode && !code_is(runs->code[i], r))
		i++;
	if (i < runs->ncode) {
		rs = runs->code[i];
		memmove(runs->code + 1, runs->code, i * sizeof(rs));
		runs->code[0] = rs;
		return rs;
	}
	if (code_is(rs, r))
		rs = noc_ruleset_ref(rs);
	else
		rs = code_is_lost(runs, r) ? NULL : code_load(r);
	if (rs) {
		code_keep(runs, rs);
		noc_code_trim(runs);
	} else if (!code_is_lost(runs, r)) {
		code_lose(runs, r);
	}
	return rs;
}

static bool
code_is_old(const struct noc_runs *runs, size_t i)
{
	return runs->code[i] != noc_core_rules(runs->core);
}

/* What is not on disk cannot be loaded again. */
static bool
code_may_go(const struct noc_runs *runs, size_t i)
{
	char *json = code_stored(runs->core, runs->code[i]->hash);

	free(json);
	return json != NULL;
}

void
noc_code_trim(struct noc_runs *runs)
{
	struct noc_ruleset *now = noc_core_rules(runs->core);
	size_t old = 0;

	for (size_t i = runs->ncode; i-- > 0;) {
		struct noc_ruleset *rs = runs->code[i];

		if (!code_is_needed(runs, rs)) {
			code_drop(runs, i);
		} else if (now && !memcmp(rs->hash, now->hash, 32)) {
			/* Loaded once more, as it was. */
			runs->code[i] = noc_ruleset_ref(now);
			noc_ruleset_unref(rs);
		}
	}
	for (size_t i = 0; i < runs->ncode; i++)
		old += code_is_old(runs, i);
	for (size_t i = runs->ncode; i-- > 1 && old > NOC_CODE_OLD_MAX;)
		if (code_is_old(runs, i) && code_may_go(runs, i)) {
			code_drop(runs, i);
			old--;
		}
}

void
noc_code_close(struct noc_runs *runs)
{
	while (runs->ncode)
		code_drop(runs, runs->ncode - 1);
	free(runs->code);
	noc_code_retry(runs);
}

bool
noc_code_is_at_hand(const struct noc_run *r)
{
	return !r->plan->calls || noc_code_rules(r);
}

bool
noc_code_test(const struct noc_run *r, const char *path,
	      const struct noc_scope *scope, struct noc_err *err)
{
	struct noc_ruleset *rs = noc_code_rules(r);
	bool holds = false;

	if (!rs)
		noc_err_set(err, NOC_ENOTFOUND,
			    "The functions of this flow are not in the rules "
			    "any more.");
	else
		noc_lua_test(rs->tree->lua,
			     noc_lua_function(rs->tree->lua, path), scope,
			     &holds, err);
	return holds;
}
