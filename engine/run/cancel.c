/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/run/cancel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/run/advance.h"
#include "engine/run/attempt.h"
#include "engine/run/escalate.h"
#include "engine/run/live.h"
#include "engine/run/rows.h"
#include "engine/run/runner.h"

/*
 * A cancelled run begins nothing new: what only reads is stopped at once, what
 * changes something has a while to come to its end, and is then left behind;
 * its result is journaled late.  What people said is in the row of the run, so
 * that a restart ends it as well.
 */
#define CANCEL_GRACE_NS (10 * NOC_NS_PER_S)

/* ---- what stays ---- */

#define MAY NOC_CANCEL_MAY

static void
cancel_stays(struct noc_run *r, const char *what)
{
	if (!r->stays)
		r->stays = noc_value_map();
	noc_value_set(r->stays, what, noc_value_bool(true));
}

void
noc_cancel_note(struct noc_run *r, size_t node, const char *path,
		const char *state)
{
	const size_t undo = strlen("!undo");
	size_t len = strlen(path);
	char *step;

	if (node >= r->plan->undo_from || strcmp(state, "Succeeded") != 0 ||
	    r->mode != NOC_ACTIVE)
		return;
	if (len > undo && !strcmp(path + len - undo, "!undo")) {
		step = noc_strndup(path, len - undo);
		noc_value_unset(r->stays, step);
		free(step);
		step = noc_asprintf("%.*s" MAY, (int)(len - undo), path);
		noc_value_unset(r->stays, step);
		free(step);
	} else if (!r->plan->steps[node].mutates) {
		return;
	} else if (noc_value_len(r->stays) < NOC_STAYS_MAX) {
		cancel_stays(r, path);
	} else {
		r->stays_more++;
	}
}

void
noc_cancel_may_stay(const struct noc_live *l)
{
	char *said = noc_asprintf("%s" MAY, l->path);

	cancel_stays(l->run, said);
	free(said);
}

void
noc_cancel_store(const struct noc_run *r, struct noc_value *kept)
{
	if (r->stays)
		noc_value_set(kept, "stays", noc_value_copy(r->stays));
	noc_value_set(kept, "stays_more",
		      noc_value_int((int64_t)r->stays_more));
}

void
noc_cancel_restore(struct noc_run *r, const struct noc_value *kept)
{
	const struct noc_value *stays = noc_value_get(kept, "stays");
	int64_t more = noc_value_get_int(kept, "stays_more", 0);

	for (size_t i = 0; stays && stays->type == NOC_MAP &&
			   i < noc_value_len(stays) && i < NOC_STAYS_MAX;
	     i++)
		cancel_stays(r, stays->u.map.at[i].key);
	if (more > 0)
		r->stays_more = (size_t)more;
}

struct noc_value *
noc_cancel_waits(const struct noc_run *r)
{
	struct noc_value *list = noc_value_list();

	for (const struct noc_live *l = r->ended ? NULL : r->lives; l;
	     l = l->next)
		if (l->out && !l->undoes)
			noc_value_push(list, noc_value_str(l->path));
	return list;
}

/* ---- its end ---- */

/* A call that changes something is out; after a restart its intent is. */
static bool
cancel_leaves(const struct noc_live *l)
{
	const struct noc_step_def *def = noc_live_step(l);

	if (l->out)
		return l->out->out && l->out->mutates;
	return l->wait == NOC_WAIT_CALL && def && def->mutates && !l->probing;
}

static void
cancel_doubts(struct noc_run *r)
{
	for (const struct noc_live *l = r->lives; l; l = l->next)
		if (cancel_leaves(l))
			noc_cancel_may_stay(l);
}

bool
noc_cancel_is(const struct noc_live *l)
{
	return !noc_live_takes_back(l) && l->run->stage == NOC_STAGE_BODY &&
	       noc_value_get(l->run->json, "cancel") != NULL;
}

void
noc_cancel_doubt(struct noc_live *l, struct noc_step_done *d)
{
	noc_cancel_may_stay(l);
	d->state = "Cancelled";
	d->outcome = "in_doubt";
	noc_step_write_done(l, d);
	noc_live_end(l, NOC_END_CANCELLED);
}

/* Whoever has not answered by now is not waited for; not all in one input. */
static void
cancel_abandon(struct noc_run *r)
{
	struct noc_live *l = r->lives;

	while (l && !r->ended) {
		if (noc_live_takes_back(l) || l->more->inner || l->more->each) {
			l = l->next;
			continue;
		}
		if (r->slice++ >= NOC_SLICE) {
			noc_due_arm_steady(r->core, &r->grace,
					   noc_steady_now(r->core) + 1);
			return;
		}
		if (cancel_leaves(l))
			noc_cancel_may_stay(l);
		noc_live_cancel(l, r->outcome);
		l = r->lives; /* others may have gone with it */
	}
}

static void
on_cancel_grace(struct noc_due *due, struct noc_core *core)
{
	struct noc_run *r =
	    (struct noc_run *)((char *)due - offsetof(struct noc_run, grace));

	(void)core;
	if (!r->ended && (r->stage == NOC_STAGE_BODY || noc_cancel_closes(r)))
		cancel_abandon(r);
	noc_run_advance(r);
}

static void
cancel_said(struct noc_run *r, const char *text, bool undo)
{
	struct noc_value *v = noc_value_map();

	noc_value_set(v, "why", noc_value_str(text));
	noc_value_set(v, "undo", noc_value_bool(undo));
	if (r->closing)
		noc_value_set(v, "closes", noc_value_bool(true));
	noc_value_set(r->json, "cancel", v);
	free(r->outcome);
	r->outcome = noc_strdup(text);
	r->undo_asked = undo;
	r->paused = false;
	r->dirty = true;
}

bool
noc_cancel_closes(const struct noc_run *r)
{
	return r->closing &&
	       noc_value_get_bool(noc_value_get(r->json, "cancel"), "closes",
				  false);
}

/* Its last steps are done: it ends when they have. */
static void
cancel_closing(struct noc_run *r)
{
	r->grace.on_due = on_cancel_grace;
	noc_lane_cancel(r->closing, r->outcome);
	cancel_abandon(r);
}

/* It undoes what it did, people are told, or it has not begun. */
static void
cancel_after(struct noc_run *r, const char *text)
{
	for (struct noc_live *l = r->lives; l; l = l->next) {
		noc_attempt_cancel(l, text);
		noc_escalate_clear(l, text);
	}
	noc_run_end(r, "Cancelled", text);
}

static int
cancel_refused(const struct noc_run *r, const struct noc_cancel *how,
	       struct noc_err *err)
{
	if (how->force)
		return 0;
	if (r->stage == NOC_STAGE_UNDO)
		return noc_err_set(err, NOC_ECONFLICT,
				   "Run %s is undoing what it did: --force "
				   "leaves it as it is now.",
				   r->text);
	if (noc_value_get(r->json, "cancel"))
		return noc_err_set(err, NOC_ECONFLICT,
				   "Run %s is being cancelled: --force does "
				   "not wait for what it has out.",
				   r->text);
	return 0;
}

int
noc_run_cancel(struct noc_core *core, const struct noc_id *id,
	       const struct noc_cancel *how, struct noc_err *err)
{
	struct noc_run *r = noc_run_find(core, id);
	const char *why = how->why ? how->why : "";
	char text[256];
	int rc;

	if (!r)
		return noc_err_set(err, NOC_ENOTFOUND,
				   "Run %s is not running (any more).",
				   noc_id_format(text, id));
	rc = cancel_refused(r, how, err);
	if (rc)
		return rc;
	noc_run_write_signal(r, how->undo ? "cancel, undo" : "cancel",
			     how->actor, why);
	snprintf(text, sizeof(text), "cancelled by %s%s%s", how->actor,
		 why[0] ? ": " : "", why);
	if (r->closing && !r->jobs) {
		cancel_said(r, text, false);
		cancel_closing(r);
	} else if (r->stage != NOC_STAGE_BODY || r->pending) {
		cancel_after(r, text);
	} else {
		cancel_said(r, text, how->undo);
		r->grace.on_due = on_cancel_grace;
		noc_due_arm_steady(core, &r->grace,
				   noc_steady_now(core) + CANCEL_GRACE_NS);
		if (how->force)
			cancel_doubts(r);
		noc_lane_cancel(r->root, text);
		if (how->force)
			cancel_abandon(r);
	}
	noc_run_advance(r);
	return 0;
}

void
noc_cancel_resume(struct noc_run *r)
{
	const struct noc_value *said = noc_value_get(r->json, "cancel");
	char *why;

	if (!said || (r->stage != NOC_STAGE_BODY && !noc_cancel_closes(r)))
		return;
	why = noc_strdup(noc_value_get_str(said, "why", "cancelled"));
	cancel_said(r, why, noc_value_get_bool(said, "undo", false));
	free(why);
	if (r->closing) {
		cancel_closing(r);
		return;
	}
	r->grace.on_due = on_cancel_grace;
	cancel_doubts(r);
	noc_lane_cancel(r->root, r->outcome);
	cancel_abandon(r);
}
