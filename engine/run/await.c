/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/run/await.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/core/record.h"
#include "engine/event/value.h"
#include "engine/expr/where.h"
#include "engine/flow/await.h"
#include "engine/flow/gate.h"
#include "engine/run/gate.h"
#include "engine/run/mail.h"
#include "engine/run/rows.h"
#include "engine/run/runner.h"
#include "engine/run/step.h"

/*
 * Under a kind they stand by the field that their `where` compares with a text
 * first, and by that text; those without such a one stand together.
 */
struct noc_await {
	struct noc_live *live;
	struct noc_where *where;  /* NULL: any event of the kind */
	struct noc_value *filled; /* what it was made of, for its row */
	struct await_place *place;
	struct noc_await *next, **prev;
};

struct await_place { /* one text of one field, or "" of none */
	struct await_path *path;
	struct noc_await *first;
	char *text;
};

struct await_path {
	struct await_kind *kind;
	struct noc_table places; /* text -> struct await_place */
	char *name;		 /* "": no field */
	struct noc_field field;
};

struct await_kind {
	struct noc_table paths; /* name -> struct await_path */
	char *name;
};

static const struct noc_await_def *
await_def(const struct noc_live *l)
{
	const struct noc_step_def *def = noc_live_step(l);

	return def->gate ? def->gate->withdraw : def->await;
}

/* ---- places ---- */

static struct await_kind *
await_kind(struct noc_awaits *awaits, const char *name)
{
	struct await_kind *k = noc_table_get(&awaits->kinds, name);

	if (k)
		return k;
	k = noc_calloc(1, sizeof(*k));
	k->name = noc_strdup(name);
	noc_table_put(&awaits->kinds, k->name, k);
	return k;
}

static struct await_path *
await_path(struct await_kind *k, const char *name, const struct noc_field *f)
{
	struct await_path *p = noc_table_get(&k->paths, name);

	if (p)
		return p;
	p = noc_calloc(1, sizeof(*p));
	p->kind = k;
	p->name = noc_strdup(name);
	if (f)
		p->field = *f;
	noc_table_put(&k->paths, p->name, p);
	return p;
}

static struct await_place *
await_place(struct await_path *path, const char *text, size_t len)
{
	struct await_place *p = noc_table_getn(&path->places, text, len);

	if (p)
		return p;
	p = noc_calloc(1, sizeof(*p));
	p->path = path;
	p->text = noc_strndup(text, len);
	noc_table_putn(&path->places, text, len, p);
	return p;
}

/* What nothing stands at any more is gone. */
static void
place_tidy(struct noc_awaits *awaits, struct await_place *p)
{
	struct await_path *path = p->path;
	struct await_kind *k = path->kind;

	if (p->first)
		return;
	noc_table_del(&path->places, p->text);
	free(p->text);
	free(p);
	if (noc_table_len(&path->places))
		return;
	noc_table_del(&k->paths, path->name);
	noc_table_release(&path->places);
	free(path->name);
	free(path);
	if (noc_table_len(&k->paths))
		return;
	noc_table_del(&awaits->kinds, k->name);
	noc_table_release(&k->paths);
	free(k->name);
	free(k);
}

void
noc_awaits_release(struct noc_awaits *awaits)
{
	/* The runs are gone, and with the last of them all that was here. */
	noc_table_release(&awaits->kinds);
}

/* The first condition that a field is a text of one word only; NULL. */
static const struct noc_cond *
where_text(const struct noc_where *w)
{
	const struct noc_test *t;

	for (size_t i = 0; w && i < w->root.nkids; i++) {
		const struct noc_cond *c = &w->root.kids[i];

		if (c->op == NOC_COND_TEST && c->test.op == NOC_TEST_STR &&
		    !c->test.template &&
		    !memchr(c->test.text, 0, c->test.len) &&
		    !noc_scope_is_own(c->path, c->path_len) &&
		    noc_test_texts(&c->test, &t, 1) == 1)
			return c;
	}
	return NULL;
}

static void
await_put(struct noc_await *a, const char *kind)
{
	struct noc_awaits *awaits = &noc_runs_of(a->live->run->core)->awaits;
	const struct noc_cond *by = where_text(a->where);
	struct await_path *path =
	    await_path(await_kind(awaits, kind), by ? by->path : "",
		       by ? &by->field : NULL);
	struct await_place *p =
	    await_place(path, by ? by->test.text : "", by ? by->test.len : 0);

	a->place = p;
	a->next = p->first;
	a->prev = &p->first;
	if (a->next)
		a->next->prev = &a->next;
	p->first = a;
}

void
noc_await_free(struct noc_live *l)
{
	struct noc_await *a = l->more->await;

	if (!a)
		return;
	if (a->place) {
		*a->prev = a->next;
		if (a->next)
			a->next->prev = a->prev;
		place_tidy(&noc_runs_of(l->run->core)->awaits, a->place);
	}
	noc_where_free(a->where);
	noc_value_free(a->filled);
	free(a);
	noc_live_more(l)->await = NULL;
}

/* filled is owned. */
static int
await_listen(struct noc_live *l, const char *kind, struct noc_value *filled,
	     struct noc_err *err)
{
	struct noc_await *a = noc_calloc(1, sizeof(*a));
	int rc = 0;

	a->live = l;
	a->filled = filled;
	noc_live_more(l)->await = a;
	if (noc_value_len(filled))
		rc = noc_where_compile(filled, NULL, noc_live_step(l)->at,
				       &a->where, err);
	if (!rc)
		await_put(a, kind);
	else
		noc_await_free(l);
	return rc;
}

int
noc_await_listen(struct noc_live *l, const struct noc_await_def *def,
		 struct noc_err *err)
{
	struct noc_value *filled;
	struct noc_scope scope;
	int rc;

	noc_lane_scope(l->lane, &scope);
	rc = noc_await_fill(def, &scope, &filled, err);
	return rc ? rc : await_listen(l, def->event, filled, err);
}

/* ---- it begins ---- */

/* The clock is looked at once a minute: who sets it moves the window. */
static void
await_arm(struct noc_live *l)
{
	const struct noc_core *core = l->run->core;
	int64_t minute = 60 * NOC_NS_PER_S, now = noc_steady_now(core);
	int64_t next = now + minute - noc_core_time(core).wall_ns % minute;

	if (l->due_ns && l->due_ns < next)
		next = l->due_ns;
	noc_due_arm_steady(l->run->core, &l->due, next);
}

static bool
window_is_open(const struct noc_live *l)
{
	const struct noc_event now = {
		.received_ns = noc_core_time(l->run->core).wall_ns,
	};

	return noc_where_match_event(await_def(l)->window, &now);
}

static void
await_over(struct noc_live *l, struct noc_value *output, const char *outcome)
{
	struct noc_step_done d = { .def = noc_live_step(l),
				   .outcome = outcome };

	noc_await_free(l);
	noc_live_wait(l, NOC_WAIT_NONE, "", 0);
	noc_step_succeed(l, output, &d);
}

/* A signal that has come. */
static bool
await_mail(struct noc_live *l)
{
	const char *name = await_def(l)->signal;
	const struct noc_mail *m = noc_mail_take(l->run, name, l->path);
	struct noc_value *output;
	char outcome[160];

	if (!m)
		return false;
	output = noc_value_map();
	noc_value_set(output, "signal", noc_value_str(m->name));
	noc_value_set(output, "id", noc_value_str(m->message));
	noc_value_set(output, "by", noc_value_str(m->actor));
	noc_value_set(output, "data", noc_value_copy(m->data));
	snprintf(outcome, sizeof(outcome), "signal of %.100s", m->actor);
	await_over(l, output, outcome);
	return true;
}

static bool
await_window(struct noc_live *l)
{
	if (!window_is_open(l)) {
		await_arm(l);
		return false;
	}
	await_over(l, NULL, "the window is open");
	return true;
}

void
noc_await_go_on(struct noc_live *l)
{
	const struct noc_await_def *def = await_def(l);

	if (def->signal)
		(void)await_mail(l);
	else if (def->window)
		(void)await_window(l);
}

void
noc_await_begin(struct noc_live *l, const struct noc_step_def *def)
{
	struct noc_step_done d = { .def = def };
	struct noc_value *said = noc_value_map();
	struct noc_failure f;
	struct noc_err err;

	l->attempt = 1;
	if (def->await->event && noc_await_listen(l, def->await, &err)) {
		noc_failure_set(&f, "permanent", "rule", "where", "%s",
				err.msg);
		d.failure = &f;
		noc_step_fail(l, &d);
		noc_value_free(said);
		return;
	}
	if (l->more->await)
		noc_value_set(said, "where",
			      noc_value_copy(l->more->await->filled));
	noc_live_wait(l, NOC_WAIT_EVENT, "waiting_event",
		      noc_ns_after(l->step_ns, def->timeout_ms));
	noc_step_write_start(l, def, "", said);
	noc_value_free(said);
	noc_await_go_on(l);
}

void
noc_await_due(struct noc_live *l)
{
	const struct noc_step_def *step = noc_live_step(l);
	const struct noc_await_def *def = await_def(l);
	struct noc_strbuf what = NOC_STRBUF_INIT;
	struct noc_step_done d = { .def = step };
	struct noc_failure f;
	char time[32];

	if (def->window && await_window(l))
		return;
	if (noc_steady_now(l->run->core) < l->due_ns)
		return;
	noc_await_describe(def, &what);
	noc_failure_set(&f, "timeout", "outside", "not_in_time",
			"%.200s: not within %s", what.p,
			noc_duration_format(time, step->timeout_ms));
	noc_strbuf_release(&what);
	noc_await_free(l);
	noc_live_wait(l, NOC_WAIT_NONE, "", 0);
	d.failure = &f;
	noc_step_fail(l, &d);
}

void
noc_await_signal(struct noc_run *r, const char *name)
{
	for (struct noc_live *l = r->lives; l; l = l->next)
		if (l->wait == NOC_WAIT_EVENT && await_def(l)->signal &&
		    !strcmp(await_def(l)->signal, name) && await_mail(l))
			return;
}

/* ---- an event ---- */

bool
noc_await_trusts(const struct noc_run *r, const struct noc_await_def *def,
		 const struct noc_event *ev)
{
	return def->any_trust ||
	       ev->trust >= (r->ev ? r->ev->trust : NOC_TRUST_HIGH);
}

struct found {
	struct noc_id *ids;
	char **paths;
	size_t n, cap, paths_cap;
};

static void
found_at(struct noc_awaits *awaits, struct found *f,
	 const struct await_place *p, const struct noc_event *ev)
{
	for (const struct noc_await *a = p ? p->first : NULL; a; a = a->next) {
		const struct noc_run *r = a->live->run;

		awaits->looked++;
		/* What is held, as it cannot go on, is not ended by this. */
		if ((a->live->wait != NOC_WAIT_EVENT &&
		     a->live->wait != NOC_WAIT_GATE) ||
		    !noc_await_trusts(r, await_def(a->live), ev) ||
		    (a->where && !noc_where_match_event(a->where, ev)) ||
		    (r->ev && ev->received_boot_ns < r->ev->received_boot_ns))
			continue;
		NOC_GROW(f->ids, f->cap, f->n + 1);
		NOC_GROW(f->paths, f->paths_cap, f->n + 1);
		f->ids[f->n] = r->id;
		f->paths[f->n++] = noc_strdup(a->live->path);
	}
}

static void
found_all(struct noc_awaits *awaits, struct found *f, struct await_kind *k,
	  const struct noc_event *ev)
{
	const char *name;
	void *value;

	for (size_t it = 0; noc_table_next(&k->paths, &it, &name, &value);) {
		struct await_path *path = value;
		struct noc_strbuf text = NOC_STRBUF_INIT;
		struct noc_datum d = { 0 };

		if (*path->name) {
			noc_event_get(ev, &path->field, &d);
			noc_datum_text(&d, &text);
		}
		found_at(awaits, f,
			 noc_table_getn(&path->places, text.p ? text.p : "",
					text.len),
			 ev);
		noc_strbuf_release(&text);
	}
}

static struct noc_value *
event_output(const struct noc_event *ev)
{
	struct noc_value *v = noc_event_value(ev);

	noc_value_unset(v, "raw");
	return v;
}

static void
await_event(struct noc_live *l, struct noc_event *ev)
{
	struct noc_run *r = l->run;
	char id[NOC_ID_TEXT], outcome[160];

	noc_run_write_signal(r, ev->kind, "event", noc_id_format(id, &ev->id));
	snprintf(outcome, sizeof(outcome), "%.60s of %.*s", ev->kind,
		 (int)(ev->device.len < 80 ? ev->device.len : 80),
		 ev->device.p);
	if (l->more->gate)
		noc_gate_withdraw(l, outcome);
	else
		await_over(l, event_output(ev), outcome);
	noc_run_advance(r);
}

void
noc_await_event(struct noc_core *core, struct noc_event *ev)
{
	struct noc_awaits *awaits = &noc_runs_of(core)->awaits;
	struct await_kind *k = noc_table_get(&awaits->kinds, ev->kind);
	struct found f = { 0 };

	if (!k)
		return;
	found_all(awaits, &f, k, ev);
	if (f.n)
		ev = noc_core_write_event(core, ev, "matched");
	for (size_t i = 0; i < f.n; i++) {
		struct noc_run *r = noc_run_find(core, &f.ids[i]);
		struct noc_live *l = r ? noc_live_at(r, f.paths[i]) : NULL;

		/* What came before it may have ended it. */
		if (l && l->more->await && !r->ended)
			await_event(l, ev);
		free(f.paths[i]);
	}
	free(f.paths);
	free(f.ids);
}

/* ---- over a restart ---- */

struct noc_value *
noc_await_store(const struct noc_await *a)
{
	return noc_value_copy(a->filled);
}

void
noc_await_load(struct noc_live *l, const struct noc_value *v)
{
	const struct noc_await_def *def = await_def(l);
	struct noc_err err;

	/* A gate without a `where` is found by what its run is about. */
	if (!def || !def->event || (l->more->gate && !def->where))
		return;
	if (!v || v->type != NOC_MAP ||
	    await_listen(l, def->event, noc_value_copy(v), &err))
		l->run->unread = true;
}
