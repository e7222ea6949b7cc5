/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/run/cancel.h"
#include "engine/run/queue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/log.h"
#include "base/mem.h"
#include "engine/core/due.h"
#include "engine/edge/env.h"
#include "engine/flow/hold.h"
#include "engine/notify/notify.h"
#include "engine/run/closed.h"
#include "engine/run/container.h"
#include "engine/run/live.h"
#include "engine/run/names.h"
#include "engine/run/resume.h"
#include "engine/run/rows.h"
#include "engine/run/runner.h"

/*
 * Runs of one dedup key stand in a list, the one that is to be named first;
 * those that ended are in closed.c.  The unique index of the rows only holds
 * what is decided here.
 */
#define LOCK_AGE_MS (24 * 3600 * 1000LL)

struct noc_hold {
	struct noc_run *run;
	struct noc_slot *slot;
	struct noc_names names;
	TAILQ_ENTRY(noc_hold) link; /* of its dedup key */
	struct queue_same *same;    /* NULL: it has none */
	struct noc_due age;	    /* it has had its locks for long */
	bool begins;		    /* its turn came while it was loaded */
};

struct queue_same {
	char *key; /* "RULE/KEY" */
	TAILQ_HEAD(, noc_hold) runs;
};

struct noc_queue {
	struct noc_table same;
	struct noc_closed_keys closed;
	struct noc_table waiting; /* rule -> how many are Pending */
	int64_t pending;
	uint64_t waited, refused, joined, superseded;
};

static struct noc_queue *
queue_of(const struct noc_core *core)
{
	return noc_runs_of(core)->queue;
}

static const char *
hold_dedup(const struct noc_hold *h)
{
	for (size_t i = 0; i < h->names.len; i++)
		if (h->names.at[i].kind == NOC_SLOT_DEDUP)
			return h->names.at[i].name;
	return NULL;
}

/* ---- who waits ---- */

static void
queue_count(struct noc_run *r, bool pending)
{
	struct noc_queue *q = queue_of(r->core);
	uintptr_t n;

	if (r->pending == pending)
		return;
	r->pending = pending;
	n = (uintptr_t)noc_table_get(&q->waiting, r->rule);
	n += pending ? 1 : (uintptr_t)-1;
	q->pending += pending ? 1 : -1;
	if (n)
		noc_table_put(&q->waiting, r->rule, (void *)n);
	else
		noc_table_del(&q->waiting, r->rule);
}

/* "waits for lock/building/b1, which run 01a2... has" */
static void
queue_say(struct noc_hold *h)
{
	struct noc_run *r = h->run;
	char text[NOC_ID_TEXT];
	struct noc_id holder;
	const char *key = noc_slot_missing(h->slot, &holder);

	free(r->outcome);
	r->outcome = !key ? NULL
		     : noc_id_is_zero(&holder)
			 ? noc_asprintf("waits for %s", key)
			 : noc_asprintf("waits for %s, which run %s has", key,
					noc_id_format(text, &holder));
}

static void
queue_pend(struct noc_hold *h)
{
	struct noc_run *r = h->run;

	queue_count(r, true);
	r->state = "Pending";
	r->phase = "queued";
	queue_say(h);
}

/* ---- how long it has its locks ---- */

static void
on_hold_age(struct noc_due *due, struct noc_core *core)
{
	struct noc_hold *h =
	    (struct noc_hold *)((char *)due - offsetof(struct noc_hold, age));
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	struct noc_run *r = h->run;
	const char *comma = "";
	char since[32], title[300];

	noc_duration_format(since, (noc_steady_now(core) - r->began_ns) /
				       NOC_NS_PER_MS / 1000 * 1000);
	noc_strbuf_addf(&sb, "%s: run %s has lock ",
			noc_run_title(r, title, sizeof(title)), r->text);
	for (size_t i = 0; i < h->names.len; i++) {
		if (h->names.at[i].kind != NOC_SLOT_LOCK)
			continue;
		noc_strbuf_addf(&sb, "%s%s", comma, h->names.at[i].name);
		comma = ", ";
	}
	noc_strbuf_addf(&sb,
			" for %s, and %lld wait: `nocturne run cancel` gives "
			"it back",
			since, (long long)noc_slot_waiters(h->slot));
	noc_notify_text(core, "noc", sb.p, r->ev, r->mode, &r->id);
	noc_strbuf_release(&sb);
	noc_value_set(r->json, "lock_told", noc_value_bool(true));
	r->dirty = true;
	noc_run_store(r);
}

static void
hold_watch(struct noc_hold *h)
{
	struct noc_run *r = h->run;
	const struct noc_env *env = noc_core_env(r->core);
	int64_t age_ms =
	    env ? noc_value_get_int(env->config, "limits.lock_age", LOCK_AGE_MS)
		: LOCK_AGE_MS;

	h->age.on_due = on_hold_age;
	if (r->plan->hold->nlocks && !noc_value_get(r->json, "lock_told"))
		noc_due_arm_steady(r->core, &h->age,
				   noc_ns_after(r->began_ns, age_ms));
}

/* ---- its turn ---- */

static void
queue_begin(struct noc_run *r)
{
	struct noc_hold *h = r->hold;

	noc_run_write_signal(r, "begin", "queue", r->outcome ? r->outcome : "");
	queue_count(r, false);
	free(r->outcome);
	r->outcome = NULL;
	r->state = "Running";
	r->phase = "";
	r->began_ns = noc_steady_now(r->core);
	r->dirty = true;
	noc_info("run", "run=%s rule=%s begins", r->text, r->rule);
	/* What a fork goes on with has its time from now on. */
	for (struct noc_live *l = r->lives; l; l = l->next)
		noc_container_time(l);
	if (h)
		hold_watch(h);
	if (h && h->same) { /* now it is the one that is named */
		TAILQ_REMOVE(&h->same->runs, h, link);
		TAILQ_INSERT_HEAD(&h->same->runs, h, link);
	}
	noc_run_begin(r);
}

static void
on_queue_turn(void *arg)
{
	struct noc_hold *h = arg;

	h->begins = true;
	if (!h->run->copying)
		queue_begin(h->run);
}

static struct noc_slot_want
hold_want(struct noc_hold *h)
{
	return (struct noc_slot_want){ .names = h->names.at,
				       .nnames = h->names.len,
				       .run = h->run->id,
				       .on_turn = on_queue_turn,
				       .arg = h };
}

/* ---- the same ---- */

static void
same_join(struct noc_hold *h)
{
	struct noc_queue *q = queue_of(h->run->core);
	const char *key = hold_dedup(h);
	struct queue_same *s = key ? noc_table_get(&q->same, key) : NULL;

	if (!key)
		return;
	if (!s) {
		s = noc_calloc(1, sizeof(*s));
		s->key = noc_strdup(key);
		TAILQ_INIT(&s->runs);
		noc_table_put(&q->same, key, s);
	}
	h->same = s;
	/* Who runs is the one that is named. */
	if (h->run->pending)
		TAILQ_INSERT_TAIL(&s->runs, h, link);
	else
		TAILQ_INSERT_HEAD(&s->runs, h, link);
}

static void
same_leave(struct noc_hold *h)
{
	struct queue_same *s = h->same;

	if (!s)
		return;
	h->same = NULL;
	TAILQ_REMOVE(&s->runs, h, link);
	if (!TAILQ_EMPTY(&s->runs))
		return;
	noc_table_del(&queue_of(h->run->core)->same, s->key);
	free(s->key);
	free(s);
}

struct queue_end { /* of one that is superseded */
	struct noc_core *core;
	struct noc_id run;
	char by[NOC_ID_TEXT], actor[64];
};

/* What it does now may be what has started its successor. */
static void
on_supersede(void *arg)
{
	struct queue_end *e = arg;
	char why[96];
	/* What it has out may end: until then who is next waits. */
	const struct noc_cancel how = { .actor = e->actor, .why = why };
	struct noc_err err;

	snprintf(why, sizeof(why), "superseded by run %s", e->by);
	noc_core_begin(e->core, noc_core_turn(e->core));
	if (noc_run_find(e->core, &e->run) &&
	    !noc_run_cancel(e->core, &e->run, &how, &err))
		queue_of(e->core)->superseded++;
	noc_core_end(e->core);
	free(e);
}

/* Those before it. */
static void
same_supersede(struct noc_run *r, const struct queue_same *s)
{
	struct noc_hold *h;

	TAILQ_FOREACH(h, &s->runs, link)
	{
		struct queue_end *e;

		if (h->run == r)
			return;
		e = noc_calloc(1, sizeof(*e));

		e->core = r->core;
		e->run = h->run->id;
		snprintf(e->by, sizeof(e->by), "%s", r->text);
		snprintf(e->actor, sizeof(e->actor), "%s", r->actor);
		noc_core_defer(r->core, on_supersede, free, e);
	}
}

static int
same_refuse(const struct noc_run *r, const char *key, const struct noc_id *is,
	    const char *how, struct noc_id *id, struct noc_err *err)
{
	char text[NOC_ID_TEXT];

	queue_of(r->core)->refused++;
	if (id)
		*id = *is;
	return noc_err_set(err, NOC_ECONFLICT,
			   "'%s' was not started: run %s %s for the same "
			   "dedup key (%s).",
			   r->rule, noc_id_format(text, is), how, key);
}

static int
queue_closed_says(const struct noc_run *r, const char *key, struct noc_id *id,
		  struct noc_err *err)
{
	const struct noc_closed *c =
	    noc_closed_find(&queue_of(r->core)->closed, key);
	enum noc_on_closed way = r->plan->hold->on_closed;

	if (!c || way == NOC_CLOSED_ALLOW ||
	    (way == NOC_CLOSED_FAILED_ONLY && !c->succeeded))
		return 0;
	return same_refuse(r, key, &c->run,
			   c->succeeded ? "has succeeded" : "has ended", id,
			   err);
}

static int
queue_same_says(struct noc_run *r, const char *key, struct noc_id *id,
		struct noc_err *err)
{
	struct noc_queue *q = queue_of(r->core);
	const struct queue_same *s = noc_table_get(&q->same, key);
	struct noc_run *first = s ? TAILQ_FIRST(&s->runs)->run : NULL;

	if (!first)
		return queue_closed_says(r, key, id, err);
	switch (r->plan->hold->on_running) {
	case NOC_RUNNING_REJECT:
		return same_refuse(r, key, &first->id,
				   first->pending ? "waits" : "runs", id, err);
	case NOC_RUNNING_JOIN:
		q->joined++;
		if (id)
			*id = first->id;
		noc_run_write_signal(first, "join", r->actor, "");
		return 1;
	case NOC_RUNNING_SUPERSEDE:
		same_supersede(r, s);
		break;
	case NOC_RUNNING_QUEUE:
		break;
	}
	return 0;
}

/* ---- in and out ---- */

static struct noc_hold *
hold_new(struct noc_run *r)
{
	struct noc_hold *h = noc_calloc(1, sizeof(*h));

	h->run = r;
	r->hold = h;
	return h;
}

void
noc_queue_forget(struct noc_run *r)
{
	struct noc_hold *h = r->hold;

	queue_count(r, false);
	if (!h)
		return;
	r->hold = NULL;
	same_leave(h);
	noc_due_disarm(r->core, &h->age);
	noc_slot_free(h->slot);
	noc_names_release(&h->names);
	free(h);
}

static int
queue_take(struct noc_hold *h, struct noc_err *err)
{
	struct noc_run *r = h->run;
	struct noc_queue *q = queue_of(r->core);
	const struct noc_slot_want want = hold_want(h);

	if (noc_slot_take(r->core, &want, &h->slot)) {
		hold_watch(h);
		return 0;
	}
	if ((uintptr_t)noc_table_get(&q->waiting, r->rule) >= NOC_PENDING_MAX) {
		q->refused++;
		return noc_err_set(err, NOC_ERESOURCE,
				   "'%s' was not started: %d runs of it wait "
				   "already.",
				   r->rule, NOC_PENDING_MAX);
	}
	q->waited++;
	queue_pend(h);
	return 0;
}

/* What only looks waits for nobody. */
static bool
queue_holds(const struct noc_run *r)
{
	const struct noc_hold_def *def = r->plan->hold;

	return r->mode == NOC_ACTIVE &&
	       (def->limits || def->nlocks || def->dedup);
}

int
noc_queue_enter(struct noc_run *r, struct noc_id *id, struct noc_err *err)
{
	struct noc_hold *h;
	const char *key;
	int rc;

	if (!queue_holds(r))
		return 0;
	h = hold_new(r);
	rc = noc_names_of_run(r, &h->names, err);
	key = rc ? NULL : hold_dedup(h);
	if (key)
		rc = queue_same_says(r, key, id, err);
	if (!rc)
		rc = queue_take(h, err);
	if (rc) {
		noc_queue_forget(r);
		return rc;
	}
	if (key)
		noc_value_set(r->json, "dedup",
			      noc_value_str(key + strlen(r->rule) + 1));
	noc_value_set(r->json, "hold", noc_names_value(&h->names));
	same_join(h);
	return 0;
}

void
noc_queue_hold(struct noc_run *r, char *outcome)
{
	r->copying = true;
	noc_value_set(r->json, "copying", noc_value_bool(true));
	if (r->pending) {
		free(outcome);
		return;
	}
	if (r->hold)
		r->hold->begins = true; /* what it waits for it has */
	queue_count(r, true);
	r->state = "Pending";
	r->phase = "queued";
	free(r->outcome);
	r->outcome = outcome;
}

void
noc_queue_let_go(struct noc_run *r)
{
	r->copying = false;
	noc_value_unset(r->json, "copying");
	r->dirty = true;
	if (!r->hold || r->hold->begins)
		queue_begin(r);
	else
		noc_run_advance(r);
}

void
noc_queue_leave(struct noc_run *r)
{
	const char *key = r->hold ? hold_dedup(r->hold) : NULL;

	if (key && !r->pending)
		noc_closed_add(&queue_of(r->core)->closed, r, key);
	noc_queue_forget(r);
}

/* ---- after a restart ---- */

/* Nobody knows what it waits for: it does not, and a person is asked. */
static void
queue_unread(struct noc_run *r)
{
	noc_queue_forget(r);
	r->state = "Running";
	r->phase = "";
	r->began_ns = noc_steady_now(r->core);
	r->dirty = true;
}

static void
queue_restore(struct noc_run *r)
{
	struct noc_slot_want want;
	struct noc_hold *h;
	struct noc_err err;

	if (!queue_holds(r))
		return;
	h = hold_new(r);
	if (!noc_names_load(&h->names, noc_value_get(r->json, "hold"))) {
		r->unread = true;
		/* Others keep off what it would have by now. */
		noc_names_release(&h->names);
		(void)noc_names_of_run(r, &h->names, &err);
	}
	if (r->unread && r->pending) {
		queue_unread(r);
		return;
	}
	want = hold_want(h);
	same_join(h);
	if (!r->pending) {
		h->slot = noc_slot_keep(r->core, &want);
		hold_watch(h);
	} else {
		h->begins = noc_slot_take(r->core, &want, &h->slot);
	}
}

/* In the order in which they came. */
void
noc_queue_restore(struct noc_core *core, struct noc_run **all, size_t n)
{
	(void)core;
	for (size_t i = 0; i < n; i++)
		if (!all[i]->pending)
			queue_restore(all[i]);
	for (size_t i = 0; i < n; i++) {
		if (!all[i]->pending)
			continue;
		all[i]->pending = false; /* not counted yet */
		queue_count(all[i], true);
		queue_restore(all[i]);
	}
}

void
noc_queue_go_on(struct noc_core *core, struct noc_run **all, size_t n)
{
	(void)core;
	for (size_t i = 0; i < n; i++) {
		struct noc_run *r = all[i];

		if (r->pending && r->hold->begins)
			queue_begin(r);
		/* It may have died before it said so. */
		else if (r->pending && r->hold->same &&
			 r->plan->hold->on_running == NOC_RUNNING_SUPERSEDE)
			same_supersede(r, r->hold->same);
	}
}

/* ---- the part's ---- */

bool
noc_queue_load(struct noc_core *core, void *part, const char *kind,
	       const char *key, int64_t due_ns, const struct noc_value *data)
{
	(void)part;
	return noc_closed_load(core, &queue_of(core)->closed, kind, key, due_ns,
			       data);
}

void
noc_queue_store(struct noc_core *core)
{
	noc_closed_store(core, &queue_of(core)->closed);
}

struct noc_queue *
noc_queue_open(void)
{
	return noc_calloc(1, sizeof(struct noc_queue));
}

/* All runs are gone. */
void
noc_queue_close(struct noc_core *core, struct noc_queue *q)
{
	noc_closed_release(core, &q->closed);
	noc_table_release(&q->same);
	noc_table_release(&q->waiting);
	free(q);
}

void
noc_queue_stats(const struct noc_queue *q, struct noc_value *v)
{
	noc_value_set(v, "pending", noc_value_int(q->pending));
	noc_value_set(v, "waited", noc_value_int((int64_t)q->waited));
	noc_value_set(v, "refused", noc_value_int((int64_t)q->refused));
	noc_value_set(v, "joined", noc_value_int((int64_t)q->joined));
	noc_value_set(v, "superseded", noc_value_int((int64_t)q->superseded));
}
