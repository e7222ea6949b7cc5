/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/core/core.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/loop.h"
#include "engine/core/core_private.h"
#include "engine/core/record.h"

struct noc_core *
noc_core_new(const struct noc_core_options *opt)
{
	struct noc_core *core = noc_calloc(1, sizeof(*core));

	core->env = opt->env;
	core->host = opt->host;
	core->ops = opt->parts;
	core->virtual_time = opt->virtual_time;
	memcpy(core->boot_id, opt->boot_id, sizeof(core->boot_id));
	core->effects_tail = &core->effects;
	core->wake_at = INT64_MAX;
	if (core->env)
		core->env->core = core;
	for (int i = 0; i < NOC_PART_COUNT; i++)
		core->parts[i] = core->ops[i]->open(core);
	return core;
}

void
noc_core_free(struct noc_core *core)
{
	struct noc_effect *e;

	if (!core)
		return;
	core->depth++; /* an input that never ends: nothing leaves any more */
	while ((e = core->effects)) {
		core->effects = e->next;
		if (e->drop)
			e->drop(e->arg);
		free(e);
	}
	/* Parts free what is armed, and disarm some of it after others did. */
	while (core->nheap)
		noc_due_disarm(core, core->heap[core->nheap - 1]);
	for (int i = NOC_PART_COUNT - 1; i >= 0; i--)
		if (core->ops[i]->close)
			core->ops[i]->close(core->parts[i]);
	noc_txn_free(core->txn);
	noc_ruleset_unref(core->rules);
	noc_inventory_unref(core->inventory);
	noc_strbuf_release(&core->story);
	noc_strbuf_release(&core->text);
	free(core->heap);
	free(core);
}

/* ---- one input ---- */

#define DEFERRED_MAX 64

struct noc_now
noc_core_turn(const struct noc_core *core)
{
	if (!core->virtual_time && core->env && core->env->loop)
		return noc_loop_now(core->env->loop);
	return core->virtual_now;
}

void
noc_core_now(struct noc_core *core, struct noc_now now)
{
	core->virtual_now = now;
}

void
noc_core_begin(struct noc_core *core, struct noc_now now)
{
	if (core->depth++ > 0)
		return;
	core->now = now;
	noc_steady_begin(core);
}

struct noc_now
noc_core_time(const struct noc_core *core)
{
	return core->now;
}

struct noc_txn *
noc_core_txn(struct noc_core *core)
{
	NOC_REQUIRE(core->depth > 0);
	if (!core->txn)
		core->txn = noc_txn_new(core->now);
	return core->txn;
}

/*
 * Effects run outside any input.  One that begins an input of its own queues
 * behind the others, so the order of effects is the order of decisions.
 */
static void
core_release(struct noc_core *core)
{
	struct noc_effect *e;

	if (core->releasing || core->depth > 0)
		return;
	core->releasing = true;
	while ((e = core->effects) && e->ticket <= core->durable) {
		core->effects = e->next;
		if (!core->effects)
			core->effects_tail = &core->effects;
		e->fn(e->arg);
		free(e);
	}
	core->releasing = false;
}

static void
core_run_deferred(struct noc_core *core)
{
	for (int i = 0; i < DEFERRED_MAX && core->deferred; i++) {
		struct noc_effect *e = core->deferred;

		core->deferred = e->next;
		e->fn(e->arg);
		free(e);
	}
	if (!core->deferred)
		return;
	if (!core->fresh)
		core->fresh = core->deferred;
	else
		*core->fresh_tail = core->deferred;
	core->fresh_tail = core->deferred_tail;
	core->deferred = NULL;
}

void
noc_core_end(struct noc_core *core)
{
	NOC_REQUIRE(core->depth > 0);
	if (core->depth == 1)
		core_run_deferred(core);
	if (--core->depth > 0)
		return;
	if (core->txn && !noc_txn_is_empty(core->txn)) {
		struct noc_txn *txn = core->txn;

		noc_steady_end(core, txn);
		core->txn = NULL;
		core->submitted = core->host->submit(txn, core->host->arg);
	}
	for (struct noc_effect *e = core->fresh; e; e = e->next)
		e->ticket = core->submitted;
	if (core->fresh) {
		*core->effects_tail = core->fresh;
		core->effects_tail = core->fresh_tail;
		core->fresh = NULL;
	}
	noc_due_wake(core);
	core_release(core);
}

/* At the end of a list of which tail is the last link. */
static void
core_add(struct noc_effect **list, struct noc_effect ***tail,
	 void (*fn)(void *arg), void (*drop)(void *arg), void *arg)
{
	struct noc_effect *e = noc_calloc(1, sizeof(*e));

	e->fn = fn;
	e->drop = drop;
	e->arg = arg;
	if (!*list)
		*list = e;
	else
		**tail = e;
	*tail = &e->next;
}

void
noc_core_effect(struct noc_core *core, void (*fn)(void *arg),
		void (*drop)(void *arg), void *arg)
{
	NOC_REQUIRE(core->depth > 0);
	core_add(&core->fresh, &core->fresh_tail, fn, drop, arg);
}

void
noc_core_defer(struct noc_core *core, void (*fn)(void *arg),
	       void (*drop)(void *arg), void *arg)
{
	NOC_REQUIRE(core->depth > 0);
	core_add(&core->deferred, &core->deferred_tail, fn, drop, arg);
}

void
noc_core_durable(struct noc_core *core, uint64_t ticket)
{
	if (ticket > core->durable)
		core->durable = ticket;
	core_release(core);
}

/* ---- what the host may change ---- */

bool
noc_core_write_tree(struct noc_core *core, const struct noc_ruleset *rs)
{
	char *text = noc_lua_tree_json(rs->tree);
	bool stored;

	if (text)
		noc_txn_definition(noc_core_txn(core), rs->hash, "tree",
				   "rules", text);
	stored = text != NULL;
	free(text);
	return stored;
}

/* Rows of a file that was put aside: memory is the truth. */
void
noc_core_store(struct noc_core *core, struct noc_now now)
{
	struct noc_value *said;

	if (!core->resumed)
		return;
	noc_core_begin(core, now);
	if (core->rules)
		noc_core_write_tree(core, core->rules);
	for (int i = 0; i < NOC_PART_COUNT; i++)
		if (core->ops[i]->store)
			core->ops[i]->store(core, core->parts[i]);
	core->steady.stored_boot_ns = 0;
	said = noc_value_map();
	noc_value_set(said, "verb", noc_value_str("state.stored"));
	noc_value_set(said, "actor", noc_value_str("system"));
	noc_core_admin(core, said);
	noc_value_free(said);
	noc_core_say(core, "ALARM the journal was damaged and is put aside: a "
			   "new one has begun, and all that is in memory is in "
			   "it");
	noc_core_end(core);
}

void
noc_core_ruleset(struct noc_core *core, struct noc_ruleset *rs,
		 const char *actor, struct noc_now now)
{
	struct noc_ruleset *old = core->rules;
	struct noc_value *detail = noc_value_map();
	struct noc_record *rec;
	char hex[65];

	noc_core_begin(core, now);
	core->rules = rs;
	if (!noc_core_write_tree(core, rs))
		noc_value_set(detail, "stored", noc_value_bool(false));
	noc_value_set(detail, "rules", noc_value_int((int64_t)rs->nrules));
	noc_value_set(detail, "files",
		      noc_value_int((int64_t)rs->tree->nsources));
	rec = noc_txn_record(noc_core_txn(core), NOC_REC_DEFINITION);
	noc_record_adds(rec, NOC_TAG_ACTOR, actor);
	noc_record_add_json(rec, NOC_TAG_DETAIL, detail);
	noc_record_adds(rec, NOC_TAG_DEFINITION, noc_hex(hex, rs->hash, 32));
	noc_value_free(detail);
	if (old)
		for (int i = 0; i < NOC_PART_COUNT; i++)
			if (core->ops[i]->reload)
				core->ops[i]->reload(core, core->parts[i]);
	noc_core_end(core);
	noc_ruleset_unref(old);
}

void
noc_core_inventory(struct noc_core *core, struct noc_inventory *inv,
		   struct noc_now now)
{
	struct noc_inventory *old = core->inventory;
	struct noc_value *detail = noc_value_map();
	struct noc_record *rec;
	char hex[65];

	noc_core_begin(core, now);
	core->inventory = inv;
	noc_value_set(detail, "verb", noc_value_str("inventory"));
	noc_value_set(detail, "origin", noc_value_str(inv->origin));
	noc_value_set(detail, "devices", noc_value_int((int64_t)inv->ndevices));
	noc_value_set(detail, "sha256",
		      noc_value_str(noc_hex(hex, inv->hash, 32)));
	rec = noc_txn_record(noc_core_txn(core), NOC_REC_ADMIN);
	noc_record_adds(rec, NOC_TAG_ACTOR, "inventory");
	noc_record_add_json(rec, NOC_TAG_DETAIL, detail);
	noc_value_free(detail);
	noc_core_end(core);
	noc_inventory_unref(old);
}

void
noc_core_pressure(struct noc_core *core, double fill, bool failing)
{
	core->fill = fill;
	core->failing = failing;
}

/* ---- resume ---- */

static void
on_load_live(const char *kind, const char *key, int64_t due_ns,
	     const struct noc_value *data, void *arg)
{
	struct noc_core *core = arg;

	if (noc_steady_is_row(kind))
		return;
	for (int i = 0; i < NOC_PART_COUNT; i++)
		if (core->ops[i]->load &&
		    core->ops[i]->load(core, core->parts[i], kind, key,
				       noc_ns_sane(due_ns), data))
			return;
	noc_txn_live_del(noc_core_txn(core), kind, key);
	noc_warn("resume", "kind=%s key=%s dropped: no part knows it", kind,
		 key);
}

void
noc_core_unreadable(struct noc_core *core, const char *kind, const char *key)
{
	noc_error("resume", "kind=%s key=%s cannot be read", kind, key);
	for (int i = 0; i < NOC_PART_COUNT; i++)
		if (core->ops[i]->unreadable)
			core->ops[i]->unreadable(core, core->parts[i], kind,
						 key);
}

static void
on_load_unreadable(const char *kind, const char *key, void *arg)
{
	noc_core_unreadable(arg, kind, key);
}

static void
on_load_run(const struct noc_run_row *row, void *arg)
{
	struct noc_core *core = arg;

	for (int i = 0; i < NOC_PART_COUNT; i++)
		if (core->ops[i]->load_run)
			core->ops[i]->load_run(core, core->parts[i], row);
}

static void
on_load_ended(const struct noc_run_row *row, void *arg)
{
	struct noc_core *core = arg;

	for (int i = 0; i < NOC_PART_COUNT; i++)
		if (core->ops[i]->load_ended)
			core->ops[i]->load_ended(core, core->parts[i], row);
}

static void
on_load_step(const struct noc_step_row *row, void *arg)
{
	struct noc_core *core = arg;

	for (int i = 0; i < NOC_PART_COUNT; i++)
		if (core->ops[i]->load_step)
			core->ops[i]->load_step(core, core->parts[i], row);
}

static void
on_load_event(const struct noc_event_row *row, void *arg)
{
	struct noc_core *core = arg;

	for (int i = 0; i < NOC_PART_COUNT; i++)
		if (core->ops[i]->load_event)
			core->ops[i]->load_event(core, core->parts[i], row);
}

/* How far back the parts look at events. */
static int64_t
core_events_back(const struct noc_core *core)
{
	int64_t ms = 0;

	for (int i = 0; i < NOC_PART_COUNT; i++)
		if (core->ops[i]->events_back_ms > ms)
			ms = core->ops[i]->events_back_ms;
	return ms * NOC_NS_PER_MS;
}

int
noc_core_resume(struct noc_core *core, const char *state_dir,
		struct noc_now now, struct noc_err *err)
{
	const struct noc_load load = {
		.live = on_load_live,
		.unreadable = on_load_unreadable,
		.run = on_load_run,
		.ended = on_load_ended,
		.step = on_load_step,
		.event = on_load_event,
		.arg = core,
		.events_since_ns = now.wall_ns - core_events_back(core),
	};
	int r;

	noc_core_begin(core, now);
	r = noc_steady_resume(core, state_dir, err);
	if (r == 0)
		r = noc_load_state(state_dir, &load, err);
	for (int i = 0; r == 0 && i < NOC_PART_COUNT; i++)
		if (core->ops[i]->ready)
			core->ops[i]->ready(core, core->parts[i]);
	core->resumed = r == 0;
	if (core->resumed)
		noc_steady_look(core);
	noc_core_end(core);
	return r;
}

/* ---- small reads ---- */

struct noc_ruleset *
noc_core_rules(const struct noc_core *core)
{
	return core->rules;
}

struct noc_inventory *
noc_core_inv(const struct noc_core *core)
{
	return core->inventory;
}

struct noc_env *
noc_core_env(const struct noc_core *core)
{
	return core->env;
}

const struct noc_host *
noc_core_host(const struct noc_core *core)
{
	return core->host;
}

void *
noc_core_part(const struct noc_core *core, enum noc_part part)
{
	return core->parts[part];
}

double
noc_core_fill(const struct noc_core *core)
{
	return core->fill;
}

bool
noc_core_failing(const struct noc_core *core)
{
	return core->failing;
}

struct noc_value *
noc_core_stats(struct noc_core *core)
{
	struct noc_value *map = noc_value_map();

	noc_steady_stats(core, map);
	for (int i = 0; i < NOC_PART_COUNT; i++)
		if (core->ops[i]->stats)
			core->ops[i]->stats(core, core->parts[i], map);
	return map;
}
