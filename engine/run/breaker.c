/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/run/breaker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/notify/notify.h"
#include "engine/run/breaker_private.h"

/*
 * Two breakers stand before a call: that of its family and target and that of
 * the family alone ("*").  Both are asked and both are told.
 */
#define TARGET_ROW   3	/* failures in a row */
#define TARGET_LEAST 5	/* results before the half counts */
#define FAMILY_LEAST 10 /* different targets, and nobody answers */
#define OPEN_MS	     60000LL
#define OPEN_MAX_MS  900000LL

#define WINDOW_NS (NOC_BREAKER_SLOTS * NOC_BREAKER_SLOT_NS)

#define KEPT_MAX 10000 /* then idle closed ones are forgotten */

const char *const noc_breaker_state_names[] = {
	[NOC_BREAKER_CLOSED] = "CLOSED",
	[NOC_BREAKER_OPEN] = "OPEN",
	[NOC_BREAKER_HALF_OPEN] = "HALF_OPEN",
	[NOC_BREAKER_FORCED_OPEN] = "FORCED_OPEN",
	[NOC_BREAKER_DISABLED] = "DISABLED",
};

/* ---- the window: 30 slots of 10 s ---- */

static void
breaker_slide(struct noc_breaker *b, int64_t boot_ns)
{
	int64_t at = boot_ns / NOC_BREAKER_SLOT_NS;

	if (at - b->slot_at >= NOC_BREAKER_SLOTS) {
		memset(b->slots, 0, sizeof(b->slots));
		b->in_a_row = 0; /* too long ago to be in a row */
	} else {
		for (int64_t i = b->slot_at + 1; i <= at; i++)
			memset(&b->slots[i % NOC_BREAKER_SLOTS], 0,
			       sizeof(b->slots[0]));
	}
	if (at > b->slot_at)
		b->slot_at = at;
}

static void
breaker_count(struct noc_breaker *b, int64_t boot_ns, bool ok, bool slow)
{
	breaker_slide(b, boot_ns);
	if (ok && !slow)
		b->slots[b->slot_at % NOC_BREAKER_SLOTS].ok++;
	else
		b->slots[b->slot_at % NOC_BREAKER_SLOTS].failed++;
	b->in_a_row = ok ? 0 : b->in_a_row + 1;
}

static void
breaker_sum(const struct noc_breaker *b, unsigned *ok, unsigned *failed)
{
	*ok = *failed = 0;
	for (int i = 0; i < NOC_BREAKER_SLOTS; i++) {
		*ok += b->slots[i].ok;
		*failed += b->slots[i].failed;
	}
}

/* A host or a program, and no device: three devices may be ill that it was
 * asked about, and it is well. */
static bool
breaker_serves_many(const struct noc_breaker *b)
{
	return strcmp(b->family, "snmp") != 0;
}

/* Why it should open now, or false. */
static bool
breaker_trips(const struct noc_breaker *b, char *why, size_t size)
{
	unsigned ok, failed;

	if (b->in_a_row >= TARGET_ROW && !breaker_serves_many(b)) {
		snprintf(why, size, "%u failures in a row", b->in_a_row);
		return true;
	}
	breaker_sum(b, &ok, &failed);
	if (ok + failed < TARGET_LEAST || failed * 2 < ok + failed)
		return false;
	snprintf(why, size, "%u of %u calls failed or were slow in 300 s",
		 failed, ok + failed);
	return true;
}

/* ---- a family: who does not answer ---- */

static void
breaker_heard(struct noc_breaker *b)
{
	void *silent;

	for (size_t it = 0; noc_table_next(&b->silent, &it, NULL, &silent);)
		free(silent);
	noc_table_release(&b->silent);
}

/* One more target failed.  True: so many of late that it is our side. */
static bool
breaker_unheard(struct noc_breaker *b, const char *target, int64_t boot_ns,
		char *why, size_t size)
{
	struct noc_silent *s = noc_table_get(&b->silent, target);
	const char *name;
	void *value;

	if (!s) {
		s = noc_calloc(1, sizeof(*s));
		noc_table_put(&b->silent, target, s);
	}
	s->boot_ns = boot_ns;
	if (noc_table_len(&b->silent) < FAMILY_LEAST)
		return false;
	for (size_t it = 0; noc_table_next(&b->silent, &it, &name, &value);) {
		s = value;
		if (boot_ns - s->boot_ns < WINDOW_NS)
			continue;
		noc_table_del(&b->silent, name);
		free(s);
	}
	snprintf(why, size, "%zu targets failed in 300 s and none answered",
		 noc_table_len(&b->silent));
	return noc_table_len(&b->silent) >= FAMILY_LEAST;
}

/* ---- finding ---- */

static struct noc_breakers *
breakers_of(const struct noc_core *core)
{
	return noc_core_part(core, NOC_PART_BREAKERS);
}

static void
breaker_free(struct noc_breaker *b)
{
	breaker_heard(b);
	free(b->key);
	free(b->family);
	free(b->target);
	free(b);
}

static void
breakers_sweep(struct noc_breakers *all, int64_t boot_ns)
{
	const char *key;
	void *value;

	for (size_t it = 0; noc_table_next(&all->table, &it, &key, &value);) {
		struct noc_breaker *b = value;
		unsigned ok, failed, row = b->in_a_row;

		breaker_slide(b, boot_ns);
		breaker_sum(b, &ok, &failed);
		if (b->state != NOC_BREAKER_CLOSED || ok + failed > 0 ||
		    !strcmp(b->target, "*"))
			continue;
		if (row)
			noc_txn_live_del(noc_core_txn(all->core), "breaker",
					 b->key);
		noc_table_del(&all->table, b->key);
		breaker_free(b);
	}
}

struct noc_breaker *
noc_breaker_get(struct noc_core *core, const char *action, const char *target)
{
	struct noc_breakers *all = breakers_of(core);
	size_t len = strcspn(action, ".");
	char *key = noc_asprintf("%.*s@%s", (int)len, action, target);
	struct noc_breaker *b = noc_table_get(&all->table, key);

	if (b) {
		free(key);
		return b;
	}
	if (noc_table_len(&all->table) >= all->sweep_at) {
		breakers_sweep(all, noc_core_time(core).boot_ns);
		all->sweep_at = noc_table_len(&all->table) + KEPT_MAX;
	}
	b = noc_calloc(1, sizeof(*b));
	b->key = key;
	b->family = noc_strndup(action, len);
	b->target = noc_strdup(target);
	b->slot_at = noc_core_time(core).boot_ns / NOC_BREAKER_SLOT_NS;
	b->generation = ++all->generation;
	noc_table_put(&all->table, key, b);
	return b;
}

/* ---- changing state ---- */

/* 60 s x 2^n, at most 15 min, 10 % to either side by its own key. */
static int64_t
breaker_open_ms(const struct noc_breaker *b)
{
	int64_t ms = OPEN_MS;
	uint64_t h = noc_hash_stable(b->key, strlen(b->key)) + b->opened;

	for (unsigned i = 1; i < b->opened && ms < OPEN_MAX_MS; i++)
		ms *= 2;
	if (ms > OPEN_MAX_MS)
		ms = OPEN_MAX_MS;
	h = (h ^ (h >> 31)) * 0x9e3779b97f4a7c15ULL;
	return ms - ms / 10 + (int64_t)((h >> 33) % (uint64_t)(ms / 5 + 1));
}

/* Its row, or none: open, or with failures. */
static void
breaker_store(struct noc_core *core, const struct noc_breaker *b)
{
	struct noc_txn *txn = noc_core_txn(core);
	bool closed = b->state == NOC_BREAKER_CLOSED;
	struct noc_value *data;

	if (closed && (b->in_a_row == 0 || !strcmp(b->target, "*"))) {
		noc_txn_live_del(txn, "breaker", b->key);
		return;
	}
	data = noc_breaker_value(core, b);
	if (closed)
		noc_value_set(data, "in_a_row", noc_value_int(b->in_a_row));
	noc_txn_live_put(txn, "breaker", b->key,
			 closed ? b->row_ns : b->until_ns, data);
	noc_value_free(data);
}

static void
breaker_record(struct noc_core *core, const struct noc_breaker *b,
	       enum noc_breaker_state old)
{
	struct noc_txn *txn = noc_core_txn(core);
	struct noc_record *rec = noc_txn_record(txn, NOC_REC_BREAKER);
	struct noc_value *data = noc_breaker_value(core, b);

	if (b->actor[0])
		noc_record_adds(rec, NOC_TAG_ACTOR, b->actor);
	noc_record_adds(rec, NOC_TAG_ACTION, b->family);
	noc_record_adds(rec, NOC_TAG_TARGET, b->target);
	noc_record_adds(rec, NOC_TAG_OUTCOME,
			noc_breaker_state_names[b->state]);
	noc_value_set(data, "was", noc_value_str(noc_breaker_state_names[old]));
	noc_record_add_json(rec, NOC_TAG_DETAIL, data);
	noc_value_free(data);
	breaker_store(core, b);
}

void
noc_breaker_set(struct noc_core *core, struct noc_breaker *b,
		enum noc_breaker_state state, int64_t for_ms, const char *why)
{
	enum noc_breaker_state old = b->state;

	b->state = state;
	b->generation = ++breakers_of(core)->generation;
	b->until_ns = for_ms ? noc_ns_after(noc_steady_now(core), for_ms) : 0;
	snprintf(b->why, sizeof(b->why), "%s", why);
	if (state == NOC_BREAKER_CLOSED) {
		b->opened = 0;
		b->in_a_row = 0;
		memset(b->slots, 0, sizeof(b->slots));
		breaker_heard(b);
	}
	breaker_record(core, b, old);
}

static void
breaker_tell(struct noc_core *core, const struct noc_breaker *b)
{
	char text[512];

	snprintf(text, sizeof(text), "breaker %s %s %s: %s",
		 noc_breaker_state_names[b->state], b->family, b->target,
		 b->why);
	noc_notify_text(core, "noc", text, NULL, NOC_ACTIVE, NULL);
}

static void
breaker_open(struct noc_core *core, struct noc_breaker *b, const char *why)
{
	bool first = b->state == NOC_BREAKER_CLOSED;

	b->opened++;
	b->actor[0] = '\0';
	noc_breaker_set(core, b, NOC_BREAKER_OPEN, breaker_open_ms(b), why);
	breakers_of(core)->trips++;
	if (first)
		breaker_tell(core, b);
}

/* Forced and disabled ones end by themselves. */
static void
breaker_expire(struct noc_core *core, struct noc_breaker *b)
{
	if (b->state != NOC_BREAKER_FORCED_OPEN &&
	    b->state != NOC_BREAKER_DISABLED)
		return;
	if (b->until_ns > noc_steady_now(core))
		return;
	b->actor[0] = '\0';
	noc_breaker_set(core, b, NOC_BREAKER_CLOSED, 0, "expired");
}

/* ---- asking and telling ---- */

static bool
breaker_allows(struct noc_core *core, struct noc_breaker *b, int64_t lease_ms,
	       char why[128])
{
	int64_t now = noc_steady_now(core);

	breaker_expire(core, b);
	switch (b->state) {
	case NOC_BREAKER_CLOSED:
	case NOC_BREAKER_DISABLED:
		return true;
	case NOC_BREAKER_OPEN:
	case NOC_BREAKER_HALF_OPEN: /* until_ns: the end of the lease */
		if (now < b->until_ns)
			break;
		noc_breaker_set(core, b, NOC_BREAKER_HALF_OPEN, lease_ms,
				"one probe is out");
		return true;
	case NOC_BREAKER_FORCED_OPEN:
		break;
	}
	snprintf(why, 128, "breaker %s %s@%s: %.60s",
		 noc_breaker_state_names[b->state], b->family, b->target,
		 b->why);
	breakers_of(core)->refused++;
	return false;
}

/* Both breakers must agree; a probe is leased only if the other lets it. */
bool
noc_breaker_allows(struct noc_core *core, const char *action,
		   const char *target, int64_t lease_ms, uint64_t *generation,
		   char why[128])
{
	/* In this order: finding b may sweep, which spares the wide ones. */
	struct noc_breaker *wide = noc_breaker_get(core, action, "*");
	struct noc_breaker *b = noc_breaker_get(core, action, target);

	breaker_expire(core, wide);
	if (wide->state == NOC_BREAKER_CLOSED ||
	    wide->state == NOC_BREAKER_DISABLED) {
		if (!breaker_allows(core, b, lease_ms, why))
			return false;
	} else {
		if (b->state != NOC_BREAKER_CLOSED &&
		    b->state != NOC_BREAKER_DISABLED &&
		    b->until_ns > noc_steady_now(core))
			return breaker_allows(core, b, lease_ms, why);
		if (!breaker_allows(core, wide, lease_ms, why) ||
		    !breaker_allows(core, b, lease_ms, why))
			return false;
	}
	*generation = breakers_of(core)->generation;
	return true;
}

int64_t
noc_breaker_until(struct noc_core *core, const char *action, const char *target)
{
	const struct noc_breaker *wide = noc_breaker_get(core, action, "*");
	const struct noc_breaker *b = noc_breaker_get(core, action, target);
	int64_t until = noc_steady_now(core) + NOC_NS_PER_S;

	if (wide->state != NOC_BREAKER_DISABLED && wide->until_ns > until)
		until = wide->until_ns;
	if (b->state != NOC_BREAKER_DISABLED && b->until_ns > until)
		until = b->until_ns;
	return until;
}

/* The failures in a row of a closed one survive a crash; few have any. */
static void
breaker_keep_row(struct noc_core *core, struct noc_breaker *b, unsigned before)
{
	if (!strcmp(b->target, "*") || (before == 0 && b->in_a_row == 0))
		return;
	b->row_ns = noc_steady_now(core) + WINDOW_NS;
	breaker_store(core, b);
}

static void
breakers_store(struct noc_core *core, void *part)
{
	const struct noc_breakers *all = part;
	void *value;

	for (size_t it = 0; noc_table_next(&all->table, &it, NULL, &value);) {
		const struct noc_breaker *b = value;

		if (b->state != NOC_BREAKER_CLOSED || b->in_a_row)
			breaker_store(core, b);
	}
}

static void
breaker_closed(struct noc_core *core, struct noc_breaker *b)
{
	noc_breaker_set(core, b, NOC_BREAKER_CLOSED, 0,
			"the probe was answered");
	breaker_tell(core, b);
}

static void
target_told(struct noc_core *core, struct noc_breaker *b,
	    const struct noc_breaker_result *result)
{
	unsigned before = b->in_a_row;
	char why[128];

	switch (b->state) {
	case NOC_BREAKER_CLOSED:
		breaker_count(b, noc_core_time(core).boot_ns, result->ok,
			      result->slow);
		breaker_keep_row(core, b, before);
		if (breaker_trips(b, why, sizeof(why)))
			breaker_open(core, b, why);
		break;
	case NOC_BREAKER_HALF_OPEN:
		if (result->ok)
			breaker_closed(core, b);
		else
			breaker_open(core, b, "the probe failed too");
		break;
	case NOC_BREAKER_OPEN:
	case NOC_BREAKER_FORCED_OPEN:
	case NOC_BREAKER_DISABLED:
		break;
	}
}

static void
family_told(struct noc_core *core, struct noc_breaker *b, const char *target,
	    const struct noc_breaker_result *result)
{
	int64_t boot_ns = noc_core_time(core).boot_ns;
	char why[128];

	switch (b->state) {
	case NOC_BREAKER_CLOSED:
		breaker_count(b, boot_ns, result->ok, result->slow);
		if (result->ok)
			breaker_heard(b);
		else if (result->vouched &&
			 breaker_unheard(b, target, boot_ns, why, sizeof(why)))
			breaker_open(core, b, why);
		break;
	case NOC_BREAKER_HALF_OPEN:
		if (result->ok)
			breaker_closed(core, b);
		else if (result->vouched)
			breaker_open(core, b, "the probe failed too");
		else /* it says nothing: the next one is the probe */
			b->until_ns = noc_steady_now(core);
		break;
	case NOC_BREAKER_OPEN:
	case NOC_BREAKER_FORCED_OPEN:
	case NOC_BREAKER_DISABLED:
		break;
	}
}

/* One that changed after the call went out: the result is of another time. */
void
noc_breaker_result(struct noc_core *core, const char *action,
		   const char *target, uint64_t generation,
		   const struct noc_breaker_result *result)
{
	struct noc_breaker *wide = noc_breaker_get(core, action, "*");
	struct noc_breaker *b = noc_breaker_get(core, action, target);
	bool known = wide->generation <= generation;

	breakers_of(core)->slow += result->slow;
	if (b->generation <= generation)
		target_told(core, b, result);
	if (known)
		family_told(core, wide, target, result);
}

/* ---- the part ---- */

static void *
breakers_open(struct noc_core *core)
{
	struct noc_breakers *all = noc_calloc(1, sizeof(*all));

	all->core = core;
	all->sweep_at = KEPT_MAX;
	return all;
}

static void
breakers_close(void *part)
{
	struct noc_breakers *all = part;
	const char *key;
	void *value;

	for (size_t it = 0; noc_table_next(&all->table, &it, &key, &value);)
		breaker_free(value);
	noc_table_release(&all->table);
	free(all);
}

/* A person may have opened it, and for how long is not known either. */
static void
breakers_unreadable(struct noc_core *core, void *part, const char *kind,
		    const char *key)
{
	const char *at = strchr(key, '@');
	struct noc_breaker *b;
	char *family;

	(void)part;
	if (strcmp(kind, "breaker") || !at)
		return;
	family = noc_strndup(key, (size_t)(at - key));
	b = noc_breaker_get(core, family, at + 1);
	b->state = NOC_BREAKER_FORCED_OPEN;
	b->until_ns =
	    noc_ns_after(noc_steady_now(core), NOC_BREAKER_FOR_MAX_MS);
	snprintf(b->why, sizeof(b->why), "its row cannot be read");
	free(family);
}

/* What a closed one had counted when it failed last, as old as that is. */
static void
breaker_load_window(struct noc_core *core, struct noc_breaker *b,
		    const struct noc_value *data)
{
	int64_t left_ns = b->row_ns - noc_steady_now(core);
	int64_t ago = left_ns < WINDOW_NS
			  ? (WINDOW_NS - left_ns) / NOC_BREAKER_SLOT_NS
			  : 0;
	size_t at;

	b->until_ns = 0;
	if (left_ns < 0) {
		b->slot_at -= NOC_BREAKER_SLOTS;
		return;
	}
	if (ago >= NOC_BREAKER_SLOTS)
		ago = NOC_BREAKER_SLOTS - 1;
	at = (size_t)(b->slot_at + NOC_BREAKER_SLOTS - ago) % NOC_BREAKER_SLOTS;
	b->slots[at].ok = (unsigned)noc_value_get_int(data, "ok", 0);
	b->slots[at].failed = (unsigned)noc_value_get_int(data, "failed", 0);
}

static bool
breakers_load(struct noc_core *core, void *part, const char *kind,
	      const char *key, int64_t due_ns, const struct noc_value *data)
{
	const char *state = noc_value_get_str(data, "state", "");
	struct noc_breaker *b;
	size_t i = 0;

	(void)part;
	if (strcmp(kind, "breaker"))
		return false;
	while (i < NOC_COUNT(noc_breaker_state_names) &&
	       strcmp(state, noc_breaker_state_names[i]) != 0)
		i++;
	if (i == NOC_COUNT(noc_breaker_state_names) ||
	    !noc_value_get(data, "action") || !noc_value_get(data, "target")) {
		noc_core_unreadable(core, kind, key);
		return true;
	}
	b = noc_breaker_get(core, noc_value_get_str(data, "action", ""),
			    noc_value_get_str(data, "target", ""));
	b->state = (enum noc_breaker_state)i;
	b->until_ns = b->row_ns = due_ns;
	b->opened = (unsigned)noc_value_get_int(data, "opened", 0);
	b->in_a_row = (unsigned)noc_value_get_int(data, "in_a_row", 0);
	if (b->state == NOC_BREAKER_CLOSED) /* kept for its failures only */
		breaker_load_window(core, b, data);
	snprintf(b->why, sizeof(b->why), "%s",
		 noc_value_get_str(data, "why", ""));
	snprintf(b->actor, sizeof(b->actor), "%s",
		 noc_value_get_str(data, "actor", ""));
	/* The probe did not outlive the process: the next call is one. */
	if (b->state == NOC_BREAKER_HALF_OPEN)
		b->until_ns = noc_steady_now(core);
	return true;
}

const struct noc_part_ops noc_part_breakers = {
	.open = breakers_open,
	.close = breakers_close,
	.load = breakers_load,
	.unreadable = breakers_unreadable,
	.store = breakers_store,
	.answers = noc_breaker_answers,
	.stats = noc_breaker_stats,
};
