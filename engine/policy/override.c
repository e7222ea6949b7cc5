/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/policy/override.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/table.h"
#include "engine/event/datum.h"
#include "engine/event/field.h"
#include "engine/inventory/inventory.h"
#include "engine/core/due.h"
#include "engine/core/record.h"
#include "engine/policy/about.h"

/*
 * What people switch off for a while: silences mute notices, freezes stop
 * mutating steps, the kill switch stops them all.  Each has an expiry (the
 * kill switch excepted), a reason, an actor, and is shown by explain.
 */
#define MUTE_MAX 1000

struct mute {
	struct noc_due due; /* first; ends it */
	struct mutes *owner;
	const char *kind; /* "silence" or "freeze" */
	char id[16];
	struct noc_value *match; /* map path -> glob text */
	char *why, *actor;
};

struct mutes {
	struct mute **at;
	size_t n, cap;
	uint64_t serial;
	bool killed;
	char *kill_why, *kill_by;
};

static struct mutes *
mute_part(const struct noc_core *core)
{
	return noc_core_part(core, NOC_PART_OVERRIDE);
}

static void
mute_free(struct mute *m)
{
	noc_value_free(m->match);
	free(m->why);
	free(m->actor);
	free(m);
}

static void
mute_remove(struct noc_core *core, struct mute *m)
{
	struct mutes *p = m->owner;
	size_t i = 0;

	while (p->at[i] != m)
		i++;
	p->n--;
	memmove(p->at + i, p->at + i + 1, (p->n - i) * sizeof(struct mute *));
	noc_due_disarm(core, &m->due);
	noc_txn_live_del(noc_core_txn(core), m->kind, m->id);
	mute_free(m);
}

static void
on_mute_due(struct noc_due *due, struct noc_core *core)
{
	struct mute *m = (struct mute *)due;
	struct noc_value *cmd = noc_value_map();

	noc_value_set(cmd, "verb", noc_value_strf("%s.expired", m->kind));
	noc_value_set(cmd, "actor", noc_value_str("timer"));
	noc_value_set(cmd, "id", noc_value_str(m->id));
	noc_core_admin(core, cmd);
	noc_value_free(cmd);
	noc_core_say(core, "%s %s has expired", m->kind, m->id);
	mute_remove(core, m);
}

static struct mute *
mute_put(struct noc_core *core, struct mutes *p, const char *kind,
	 const char *id, const struct noc_value *match, const char *why,
	 const char *actor, int64_t due_boot_ns)
{
	struct mute *m = noc_calloc(1, sizeof(*m));

	m->owner = p;
	m->kind = kind;
	snprintf(m->id, sizeof(m->id), "%s", id);
	m->match = noc_value_copy(match);
	m->why = noc_strdup(why);
	m->actor = noc_strdup(actor);
	m->due.on_due = on_mute_due;
	NOC_GROW(p->at, p->cap, p->n + 1);
	p->at[p->n++] = m;
	noc_due_arm(core, &m->due, due_boot_ns);
	return m;
}

/* ---- asked by the core ---- */

static const char *
mute_find(struct noc_core *core, const char *kind, const struct noc_event *ev,
	  const struct noc_event *target)
{
	const struct mutes *p = mute_part(core);

	for (size_t i = 0; i < p->n; i++) {
		const struct mute *m = p->at[i];

		if (!strcmp(m->kind, kind) &&
		    (noc_about_hits(m->match, ev, NULL) ||
		     (target && noc_about_hits(m->match, ev, target))))
			return m->id;
	}
	return NULL;
}

const char *
noc_override_silenced(struct noc_core *core, const struct noc_event *ev)
{
	return mute_find(core, "silence", ev, NULL);
}

const char *
noc_override_frozen(struct noc_core *core, const struct noc_event *ev,
		    const char *target)
{
	struct noc_event device = { .device = noc_slice_str(target) };

	if (noc_core_inv(core))
		device.inventory =
		    noc_inventory_by_name(noc_core_inv(core), device.device);
	return mute_find(core, "freeze", ev, &device);
}

bool
noc_override_killed(const struct noc_core *core)
{
	return mute_part(core)->killed;
}

/* ---- commands ---- */

static void
mute_store(struct noc_core *core, const struct mute *m)
{
	struct noc_value *row = noc_value_map();

	noc_value_set(row, "match", noc_value_copy(m->match));
	noc_value_set(row, "why", noc_value_str(m->why));
	noc_value_set(row, "actor", noc_value_str(m->actor));
	noc_txn_live_put(noc_core_txn(core), m->kind, m->id,
			 noc_steady_of_boot(core, m->due.due_boot_ns), row);
	noc_value_free(row);
}

static void
kill_store(struct noc_core *core, const struct mutes *p)
{
	struct noc_value *row;

	if (!p->killed) {
		noc_txn_live_del(noc_core_txn(core), "kill", "switch");
		return;
	}
	row = noc_value_map();
	noc_value_set(row, "why", noc_value_str(p->kill_why));
	noc_value_set(row, "actor", noc_value_str(p->kill_by));
	noc_txn_live_put(noc_core_txn(core), "kill", "switch", 0, row);
	noc_value_free(row);
}

static struct noc_value *
mute_row(struct noc_core *core, const struct mute *m)
{
	struct noc_value *row = noc_value_map();
	char iso[32];

	noc_value_set(row, "id", noc_value_str(m->id));
	noc_value_set(row, "match", noc_value_copy(m->match));
	noc_value_set(
	    row, "until",
	    noc_value_str(noc_time_iso(
		iso, noc_steady_wall(
			 core, noc_steady_of_boot(core, m->due.due_boot_ns)))));
	noc_value_set(row, "why", noc_value_str(m->why));
	noc_value_set(row, "actor", noc_value_str(m->actor));
	return row;
}

/* Of silence.add and freeze.add, and so on. */
static const char *
mute_kind(const struct noc_value *cmd)
{
	return noc_value_get_str(cmd, "verb", "")[0] == 's' ? "silence"
							    : "freeze";
}

static int
on_mute_add(struct noc_core *core, void *part, const struct noc_value *cmd,
	    struct noc_value **answer, struct noc_err *err)
{
	const char *kind = mute_kind(cmd);
	struct mutes *p = part;
	int64_t ms = noc_value_get_int(cmd, "for_ms", 0), devices;
	struct mute *m;
	char id[16];

	if (ms <= 0 || ms > 366LL * 86400 * 1000)
		return noc_err_set(
		    err, NOC_EINPUT,
		    "A %s needs an end: --for 2h, at most 366 days.", kind);
	if (p->n >= MUTE_MAX)
		return noc_err_set(
		    err, NOC_ERESOURCE,
		    "There are %d silences and freezes already; delete some first.",
		    MUTE_MAX);
	if (noc_about_names(core, noc_value_get(cmd, "match"), err))
		return NOC_EINPUT;
	snprintf(id, sizeof(id), "%c%llu", kind[0],
		 (unsigned long long)++p->serial);
	m = mute_put(core, p, kind, id, noc_value_get(cmd, "match"),
		     noc_value_get_str(cmd, "why", ""),
		     noc_value_get_str(cmd, "actor", "unknown"),
		     noc_core_time(core).boot_ns + ms * NOC_NS_PER_MS);
	mute_store(core, m);
	*answer = mute_row(core, m);
	devices = noc_about_devices(core, m->match);
	if (devices >= 0)
		noc_value_set(*answer, "devices", noc_value_int(devices));
	return 0;
}

static int
on_mute_del(struct noc_core *core, void *part, const struct noc_value *cmd,
	    struct noc_value **answer, struct noc_err *err)
{
	const char *kind = mute_kind(cmd);
	struct mutes *p = part;
	const char *id = noc_value_get_str(cmd, "id", "");

	for (size_t i = 0; i < p->n; i++) {
		if (strcmp(p->at[i]->id, id) || strcmp(p->at[i]->kind, kind))
			continue;
		*answer = mute_row(core, p->at[i]);
		mute_remove(core, p->at[i]);
		return 0;
	}
	return noc_err_set(err, NOC_ENOTFOUND, "There is no %s '%s'.", kind,
			   id);
}

static int
on_mute_list(struct noc_core *core, void *part, const struct noc_value *cmd,
	     struct noc_value **answer, struct noc_err *err)
{
	const char *kind = mute_kind(cmd);
	const struct mutes *p = part;

	(void)err;
	*answer = noc_value_list();
	for (size_t i = 0; i < p->n; i++)
		if (!strcmp(p->at[i]->kind, kind))
			noc_value_push(*answer, mute_row(core, p->at[i]));
	return 0;
}

static int
on_kill_status(struct noc_core *core, void *part, const struct noc_value *cmd,
	       struct noc_value **answer, struct noc_err *err)
{
	const struct mutes *p = part;

	(void)core;
	(void)cmd;
	(void)err;
	*answer = noc_value_map();
	noc_value_set(*answer, "killed", noc_value_bool(p->killed));
	if (p->killed)
		noc_value_set(*answer, "why", noc_value_str(p->kill_why));
	return 0;
}

static void
kill_put(struct mutes *p, const char *why, const char *by)
{
	p->killed = true;
	free(p->kill_why);
	free(p->kill_by);
	p->kill_why = noc_strdup(why);
	p->kill_by = noc_strdup(by);
}

static int
on_kill_on(struct noc_core *core, void *part, const struct noc_value *cmd,
	   struct noc_value **answer, struct noc_err *err)
{
	const char *why = noc_value_get_str(cmd, "why", "");
	const char *by = noc_value_get_str(cmd, "actor", "unknown");
	struct mutes *p = part;

	if (p->killed && !strcmp(by, NOC_KILL_FILE))
		return on_kill_status(core, part, cmd, answer, err);
	kill_put(p, why, by);
	kill_store(core, p);
	noc_core_say(core, "kill switch ON, no mutating step starts: %s", why);
	return on_kill_status(core, part, cmd, answer, err);
}

static int
on_kill_off(struct noc_core *core, void *part, const struct noc_value *cmd,
	    struct noc_value **answer, struct noc_err *err)
{
	struct mutes *p = part;

	/* What a person, or damage, has put on is not the file's to lift. */
	if (!strcmp(noc_value_get_str(cmd, "actor", ""), NOC_KILL_FILE) &&
	    p->killed && strcmp(p->kill_by, NOC_KILL_FILE) != 0)
		return noc_err_set(err, NOC_ECONFLICT,
				   "The kill switch stays on, %s put it on "
				   "(%.100s): `nocturne kill off` lifts it.",
				   *p->kill_by ? p->kill_by : "somebody",
				   p->kill_why);
	p->killed = false;
	kill_store(core, p);
	noc_core_say(core, "kill switch off: %s",
		     noc_value_get_str(cmd, "why", ""));
	return on_kill_status(core, part, cmd, answer, err);
}

static const struct noc_part_answer mute_answers[] = {
	{ "silence.add", on_mute_add },	   { "silence.list", on_mute_list },
	{ "silence.del", on_mute_del },	   { "freeze.add", on_mute_add },
	{ "freeze.list", on_mute_list },   { "freeze.del", on_mute_del },
	{ "kill.on", on_kill_on },	   { "kill.off", on_kill_off },
	{ "kill.status", on_kill_status }, { 0 },
};

/* ---- part ---- */

static void *
mute_open(struct noc_core *core)
{
	(void)core;
	return noc_calloc(1, sizeof(struct mutes));
}

static void
mute_close(void *part)
{
	struct mutes *p = part;

	for (size_t i = 0; i < p->n; i++)
		mute_free(p->at[i]);
	free(p->at);
	free(p->kill_why);
	free(p->kill_by);
	free(p);
}

/* What people said no to cannot be read: then to everything. */
static void
mute_unreadable(struct noc_core *core, void *part, const char *kind,
		const char *key)
{
	char *why;

	(void)core;
	if (strcmp(kind, "kill") && strcmp(kind, "freeze"))
		return;
	why = noc_asprintf("the row of %s %s cannot be read", kind, key);
	kill_put(part, why, "");
	free(why);
}

static bool
mute_load(struct noc_core *core, void *part, const char *kind, const char *key,
	  int64_t due_ns, const struct noc_value *data)
{
	const struct noc_value *match = noc_value_get(data, "match");
	struct mutes *p = part;
	uint64_t serial;

	if (!strcmp(kind, "kill")) {
		kill_put(p, noc_value_get_str(data, "why", ""),
			 noc_value_get_str(data, "actor", ""));
		return true;
	}
	if (strcmp(kind, "silence") && strcmp(kind, "freeze"))
		return false;
	if (!match || match->type != NOC_MAP) {
		mute_unreadable(core, part, kind, key);
		return true;
	}
	mute_put(core, p, kind[0] == 's' ? "silence" : "freeze", key, match,
		 noc_value_get_str(data, "why", ""),
		 noc_value_get_str(data, "actor", ""),
		 noc_steady_boot(core, due_ns));
	serial = strtoull(*key ? key + 1 : "0", NULL, 10);
	if (serial > p->serial)
		p->serial = serial;
	return true;
}

static void
mute_store_all(struct noc_core *core, void *part)
{
	const struct mutes *p = part;

	for (size_t i = 0; i < p->n; i++)
		mute_store(core, p->at[i]);
	kill_store(core, p);
}

static void
mute_stats(struct noc_core *core, void *part, struct noc_value *map)
{
	const struct mutes *p = part;
	int64_t silences = 0;

	(void)core;
	for (size_t i = 0; i < p->n; i++)
		silences += p->at[i]->kind[0] == 's';
	noc_value_set(map, "silences", noc_value_int(silences));
	noc_value_set(map, "freezes", noc_value_int((int64_t)p->n - silences));
	noc_value_set(map, "killed", noc_value_bool(p->killed));
}

const struct noc_part_ops noc_part_override = {
	.open = mute_open,
	.close = mute_close,
	.load = mute_load,
	.unreadable = mute_unreadable,
	.store = mute_store_all,
	.answers = mute_answers,
	.stats = mute_stats,
};
