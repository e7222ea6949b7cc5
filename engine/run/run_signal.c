/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/flow/await.h"
#include "engine/run/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "base/table.h"
#include "engine/run/attempt.h"
#include "engine/run/escalate.h"
#include "engine/run/live.h"
#include "engine/run/mail.h"
#include "engine/run/rows.h"
#include "engine/run/runner.h"

/* What people and events say to a run. */

static struct noc_run *
run_wanted(struct noc_core *core, const struct noc_id *id, struct noc_err *err)
{
	struct noc_run *r = noc_run_find(core, id);
	char text[NOC_ID_TEXT];

	if (!r)
		noc_err_set(err, NOC_ENOTFOUND,
			    "Run %s is not running (any more).",
			    noc_id_format(text, id));
	return r;
}

/* ---- whose step ---- */

/* "deploy[sw1]/push" -> "deploy/push": the same step of all items. */
static char *
path_without_items(const char *path)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	bool in = false;

	for (const char *p = path; *p; p++) {
		if (*p == '[')
			in = true;
		if (!in)
			noc_strbuf_addc(&sb, *p);
		if (*p == ']')
			in = false;
	}
	if (!sb.len)
		noc_strbuf_adds(&sb, "");
	return noc_strbuf_detach(&sb, NULL);
}

/* Is it this step, or in this container? */
static bool
path_is(const char *path, const char *said)
{
	size_t len = strlen(said);
	char *plain;
	bool is;

	if (!strncmp(path, said, len) && (!path[len] || path[len] == '/'))
		return true;
	plain = path_without_items(path);
	is = !strncmp(plain, said, len) && (!plain[len] || plain[len] == '/');
	free(plain);
	return is;
}

/* Is the innermost item of the path one of these? */
static bool
path_of_items(const char *path, const struct noc_value *items)
{
	const char *open = strrchr(path, '['), *close = strrchr(path, ']');

	if (!items)
		return true;
	for (size_t i = 0; open && close > open && i < noc_value_len(items);
	     i++) {
		const struct noc_value *v = noc_value_at(items, i);
		size_t len = (size_t)(close - open) - 1;

		if (v->type == NOC_STR && strlen(v->u.s.p) == len &&
		    !strncmp(v->u.s.p, open + 1, len))
			return true;
	}
	return false;
}

static bool
live_asks(const struct noc_live *l)
{
	return l->wait == NOC_WAIT_ASK || l->wait == NOC_WAIT_BLOCKED;
}

static bool
live_is_meant(const struct noc_live *l, const struct noc_signal *s)
{
	return (!s->path || path_is(l->path, s->path)) &&
	       path_of_items(l->path, s->items);
}

/* Paths of those that a person is asked about; returned. */
static struct noc_value *
run_asked(const struct noc_run *r, const struct noc_signal *s)
{
	struct noc_value *paths = noc_value_list();

	for (const struct noc_live *l = r->lives; l; l = l->next)
		if (live_asks(l) && live_is_meant(l, s))
			noc_value_push(paths, noc_value_str(l->path));
	return paths;
}

/* The first of the items named of which none of these paths is; NULL: none. */
static const char *
items_unasked(const struct noc_signal *s, const struct noc_value *asked)
{
	struct noc_table keys = { 0 };
	const char *unasked = NULL;

	/* Without items named they need not be of any. */
	for (size_t i = 0; s->items && i < noc_value_len(asked); i++) {
		const char *path = noc_value_at(asked, i)->u.s.p;
		const char *open = strrchr(path, '[');

		noc_table_putn(&keys, open + 1, strcspn(open + 1, "]"), &keys);
	}
	for (size_t i = 0; !unasked && i < noc_value_len(s->items); i++) {
		const struct noc_value *v = noc_value_at(s->items, i);
		const char *key = v->type == NOC_STR ? v->u.s.p : "";

		if (!noc_table_get(&keys, key))
			unasked = key;
	}
	noc_table_release(&keys);
	return unasked;
}

static struct noc_live *
run_escalates(const struct noc_run *r, const struct noc_signal *s)
{
	struct noc_live *l = r->lives;

	while (l && !(l->more->esc && live_is_meant(l, s) &&
		      noc_escalate_stops(l, s->name)))
		l = l->next;
	return l;
}

/* ---- what they say ---- */

static int
signal_unwanted(const struct noc_run *r, const struct noc_signal *s,
		struct noc_err *err)
{
	if (r->unread)
		return noc_err_set(err, NOC_ECONFLICT,
				   "Run %s cannot go on, as its rows could not "
				   "be read: only fail ends it.",
				   r->text);
	if (r->lacks_code)
		return noc_err_set(err, NOC_ECONFLICT,
				   "Run %s cannot go on, as its functions are "
				   "not in the rules: load them, or signal it "
				   "done or fail.",
				   r->text);
	if (s->path || s->items)
		return noc_err_set(err, NOC_ECONFLICT,
				   "Run %s (%s) does not wait for '%s' at "
				   "'%.80s'; `nocturne run show` it.",
				   r->text, r->phase[0] ? r->phase : r->state,
				   s->name, s->path ? s->path : "these items");
	return noc_err_set(err, NOC_ECONFLICT,
			   "Run %s (%s) does not wait for '%s'.", r->text,
			   r->phase[0] ? r->phase : r->state, s->name);
}

/* Several are asked about, and which is meant was not said. */
static int
signal_unclear(const struct noc_run *r, const struct noc_signal *s,
	       const struct noc_value *asked, struct noc_err *err)
{
	const char *first = noc_value_at(asked, 0)->u.s.p;
	const char *other = noc_value_at(asked, 1)->u.s.p;

	return noc_err_set(err, NOC_ECONFLICT,
			   "Run %s waits for people at %zu steps, such as "
			   "'%.60s' and '%.60s': say for which, as in "
			   "`run signal RUN PATH %s`.",
			   r->text, noc_value_len(asked), first, other,
			   s->name);
}

static void
signal_write(struct noc_run *r, const struct noc_signal *s)
{
	char *why = s->path ? noc_asprintf("%s%s%s", s->path,
					   *s->why ? ": " : "", s->why)
			    : noc_strdup(s->why);

	noc_run_write_signal(r, s->name, s->actor, why);
	free(why);
}

/* Does a wait_for of it wait for this, now or later? */
static bool
plan_awaits(const struct noc_plan *p, const char *signal)
{
	for (size_t i = 0; i < p->nsteps; i++)
		if (p->steps[i].await && p->steps[i].await->signal &&
		    !strcmp(p->steps[i].await->signal, signal))
			return true;
	return false;
}

/* 1: it came before. */
static int
signal_keep(struct noc_run *r, const struct noc_signal *s, struct noc_err *err)
{
	const struct noc_mail_say say = {
		.name = s->name,
		.message = s->message ? s->message : "",
		.path = s->path,
		.actor = s->actor,
		.data = s->data,
	};
	int rc;

	if (s->items)
		return noc_err_set(err, NOC_EINPUT,
				   "The signal '%.64s' is for one wait_for: "
				   "say its path, not items.",
				   s->name);
	rc = noc_mail_put(r, &say, err);
	if (rc)
		return rc;
	signal_write(r, s);
	noc_await_signal(r, s->name);
	return 0;
}

int
noc_run_signal(struct noc_core *core, const struct noc_id *id,
	       const struct noc_signal *s, struct noc_err *err)
{
	struct noc_run *r = run_wanted(core, id, err);
	const char *unasked;
	struct noc_value *asked;
	struct noc_live *l;
	char text[256];
	size_t n;
	int rc = 0;

	if (!r)
		return NOC_ENOTFOUND;
	if (plan_awaits(r->plan, s->name)) {
		rc = signal_keep(r, s, err);
		if (!rc)
			noc_run_advance(r);
		return rc;
	}
	if (s->data || s->message)
		return noc_err_set(err, NOC_EINPUT,
				   "No wait_for of run %s is for the signal "
				   "'%.64s', so it takes no data.",
				   r->text, s->name);
	asked = run_asked(r, s);
	n = noc_value_len(asked);
	l = run_escalates(r, s);
	if (l) {
		signal_write(r, s);
		if (!strcmp(s->name, "ack"))
			snprintf(text, sizeof(text), "acknowledged by %s",
				 s->actor);
		else
			snprintf(text, sizeof(text), "%s by %s", s->name,
				 s->actor);
		noc_escalate_stop(l, text);
	} else if (!n || !noc_step_decides(r, s->name)) {
		rc = signal_unwanted(r, s, err);
	} else if (n > 1 && !s->path && !s->items) {
		rc = signal_unclear(r, s, asked, err);
	} else if ((unasked = items_unasked(s, asked)) != NULL) {
		rc = noc_err_set(err, NOC_ECONFLICT,
				 "Run %s does not wait for '%s' at item "
				 "'%.80s': nothing is decided.",
				 r->text, s->name, unasked);
	} else {
		signal_write(r, s);
		/* The end of one may be that of others. */
		for (size_t i = 0; i < n && !r->ended; i++) {
			l = noc_live_at(r, noc_value_at(asked, i)->u.s.p);
			if (l && live_asks(l))
				noc_step_decided(l, s->name, s->actor);
		}
	}
	noc_value_free(asked);
	if (!rc)
		noc_run_advance(r);
	return rc;
}

/* ---- pause ---- */

static void
run_paused(struct noc_run *r, const char *actor, const char *why)
{
	struct noc_value *by = noc_value_map();

	noc_value_set(by, "actor", noc_value_str(actor));
	noc_value_set(by, "why", noc_value_str(why));
	noc_value_set(by, "at", noc_value_int(noc_core_time(r->core).wall_ns));
	noc_value_set(r->json, "paused_by", by);
	r->paused = true;
	r->phase = "paused";
}

/* What waits because of it goes on now. */
static void
run_resumed(struct noc_run *r)
{
	int64_t now = noc_steady_now(r->core);

	noc_value_unset(r->json, "paused_by");
	r->paused = false;
	r->phase = "";
	for (struct noc_live *l = r->lives; l; l = l->next)
		if (l->wait == NOC_WAIT_PAUSE)
			noc_due_arm_steady(r->core, &l->due, now);
}

int
noc_run_pause(struct noc_core *core, const struct noc_id *id, bool on,
	      const char *actor, const char *why, int64_t extend_ms,
	      struct noc_err *err)
{
	struct noc_run *r = run_wanted(core, id, err);
	char signal[64];

	if (!r)
		return NOC_ENOTFOUND;
	if (r->paused == on && !extend_ms)
		return noc_err_set(err, NOC_ECONFLICT, "Run %s is %s.", r->text,
				   on ? "paused" : "not paused");
	if (noc_value_get(r->json, "cancel"))
		return noc_err_set(err, NOC_ECONFLICT,
				   "Run %s is being cancelled.", r->text);
	if (extend_ms < 0 || extend_ms > NOC_RUN_EXTEND_MAX_MS - r->extend_ms)
		return noc_err_set(err, NOC_EINPUT,
				   "A run is extended by a duration, and by 30 "
				   "days at most.");
	if (extend_ms)
		snprintf(signal, sizeof(signal), "%s, %lld s more",
			 on ? "pause" : "resume",
			 (long long)(extend_ms / 1000));
	else
		snprintf(signal, sizeof(signal), "%s", on ? "pause" : "resume");
	noc_run_write_signal(r, signal, actor, why);
	r->extend_ms += extend_ms;
	if (extend_ms)
		noc_run_limit(r);
	if (on)
		run_paused(r, actor, why);
	else
		run_resumed(r);
	r->dirty = true;
	noc_run_advance(r);
	return 0;
}
