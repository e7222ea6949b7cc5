/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/run/breaker_private.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/suggest.h"
#include "engine/edge/action.h"
#include "engine/run/breaker.h"

/* What people may do with breakers, and what they see of them. */

#define FOR_DEFAULT_MS (60 * 60 * 1000LL)

struct noc_value *
noc_breaker_value(const struct noc_core *core, const struct noc_breaker *b)
{
	struct noc_value *v = noc_value_map();
	unsigned ok = 0, failed = 0;
	char iso[32];

	for (int i = 0; i < NOC_BREAKER_SLOTS; i++) {
		ok += b->slots[i].ok;
		failed += b->slots[i].failed;
	}
	noc_value_set(v, "action", noc_value_str(b->family));
	noc_value_set(v, "target", noc_value_str(b->target));
	noc_value_set(v, "state",
		      noc_value_str(noc_breaker_state_names[b->state]));
	noc_value_set(v, "why", noc_value_str(b->why));
	noc_value_set(v, "opened", noc_value_int(b->opened));
	noc_value_set(v, "ok", noc_value_int(ok));
	noc_value_set(v, "failed", noc_value_int(failed));
	if (b->actor[0])
		noc_value_set(v, "actor", noc_value_str(b->actor));
	if (b->until_ns)
		noc_value_set(v, "until",
			      noc_value_str(noc_time_iso(
				  iso, noc_steady_wall(core, b->until_ns))));
	return v;
}

static int
on_breaker_list(struct noc_core *core, void *part,
		const struct noc_value *command, struct noc_value **answer,
		struct noc_err *err)
{
	const struct noc_breakers *all = part;
	const char *key;
	void *value;

	(void)command;
	(void)err;
	*answer = noc_value_list();
	for (size_t it = 0; noc_table_next(&all->table, &it, &key, &value);)
		noc_value_push(*answer, noc_breaker_value(core, value));
	return 0;
}

/* A misspelt family would be a breaker that nothing ever asks. */
static int
breaker_family(const char *action, struct noc_err *err)
{
	char families[64][32], word[32];
	const char *known[64], *near;
	size_t n = 0, len = strcspn(action, ".");

	for (size_t i = 0; noc_action_at(i) && n < NOC_COUNT(known); i++) {
		const char *name = noc_action_at(i)->name;

		snprintf(families[n], sizeof(families[n]), "%.*s",
			 (int)strcspn(name, "."), name);
		known[n] = families[n];
		if (strlen(known[n]) == len && !memcmp(known[n], action, len))
			return 0;
		n++;
	}
	snprintf(word, sizeof(word), "%.*s", (int)len, action);
	near = noc_suggest(word, known, n);
	return noc_err_set(err, NOC_EINPUT, "No action begins with '%s'%s%s%s",
			   word, near ? "; did you mean '" : "",
			   near ? near : "", near ? "'?" : ".");
}

/* The breaker named by a command. */
static struct noc_breaker *
breaker_named(struct noc_core *core, const struct noc_value *command, bool make,
	      struct noc_err *err)
{
	const struct noc_breakers *all = noc_core_part(core, NOC_PART_BREAKERS);
	const char *action = noc_value_get_str(command, "action", "");
	const char *target = noc_value_get_str(command, "target", "");
	char key[512];

	if (breaker_family(action, err))
		return NULL;
	snprintf(key, sizeof(key), "%.*s@%s", (int)strcspn(action, "."), action,
		 target);
	if (!make && !noc_table_get(&all->table, key)) {
		noc_err_set(err, NOC_ENOTFOUND,
			    "There is no breaker %s; see `nocturne breaker`.",
			    key);
		return NULL;
	}
	return noc_breaker_get(core, action, target);
}

static int
breaker_move(struct noc_core *core, const struct noc_value *command,
	     enum noc_breaker_state to, struct noc_value **answer,
	     struct noc_err *err)
{
	bool ends = to != NOC_BREAKER_CLOSED;
	int64_t for_ms = noc_value_get_int(command, "for_ms", FOR_DEFAULT_MS);
	struct noc_breaker *b;

	if (ends && (for_ms <= 0 || for_ms > NOC_BREAKER_FOR_MAX_MS))
		return noc_err_set(err, NOC_EINPUT,
				   "How long must be from 1 ms to 7 days.");
	b = breaker_named(core, command, ends, err);
	if (!b)
		return (int)err->kind;
	snprintf(b->actor, sizeof(b->actor), "%s",
		 noc_value_get_str(command, "actor", "unknown"));
	noc_breaker_set(core, b, to, ends ? for_ms : 0,
			noc_value_get_str(command, "why", ""));
	*answer = noc_breaker_value(core, b);
	return 0;
}

static int
on_breaker_trip(struct noc_core *core, void *part,
		const struct noc_value *command, struct noc_value **answer,
		struct noc_err *err)
{
	(void)part;
	return breaker_move(core, command, NOC_BREAKER_FORCED_OPEN, answer,
			    err);
}

static int
on_breaker_disable(struct noc_core *core, void *part,
		   const struct noc_value *command, struct noc_value **answer,
		   struct noc_err *err)
{
	(void)part;
	return breaker_move(core, command, NOC_BREAKER_DISABLED, answer, err);
}

static int
on_breaker_reset(struct noc_core *core, void *part,
		 const struct noc_value *command, struct noc_value **answer,
		 struct noc_err *err)
{
	(void)part;
	return breaker_move(core, command, NOC_BREAKER_CLOSED, answer, err);
}

const struct noc_part_answer noc_breaker_answers[] = {
	{ "breaker.list", on_breaker_list },
	{ "breaker.trip", on_breaker_trip },
	{ "breaker.disable", on_breaker_disable },
	{ "breaker.reset", on_breaker_reset },
	{ 0 },
};

void
noc_breaker_stats(struct noc_core *core, void *part, struct noc_value *map)
{
	const struct noc_breakers *all = part;
	struct noc_value *v = noc_value_map();
	int64_t open = 0;
	const char *key;
	void *value;

	(void)core;
	for (size_t it = 0; noc_table_next(&all->table, &it, &key, &value);) {
		const struct noc_breaker *b = value;

		open += b->state == NOC_BREAKER_OPEN ||
			b->state == NOC_BREAKER_HALF_OPEN ||
			b->state == NOC_BREAKER_FORCED_OPEN;
	}
	noc_value_set(v, "known",
		      noc_value_int((int64_t)noc_table_len(&all->table)));
	noc_value_set(v, "open", noc_value_int(open));
	noc_value_set(v, "trips", noc_value_int((int64_t)all->trips));
	noc_value_set(v, "refused", noc_value_int((int64_t)all->refused));
	noc_value_set(v, "slow", noc_value_int((int64_t)all->slow));
	noc_value_set(map, "breakers", v);
}
