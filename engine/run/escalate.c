/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/run/escalate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/lang/ast.h"
#include "engine/expr/key.h"
#include "engine/expr/template.h"
#include "engine/flow/gate.h"
#include "engine/core/record.h"
#include "engine/notify/notify.h"
#include "engine/run/await.h"
#include "engine/run/gate.h"
#include "engine/run/live.h"
#include "engine/run/rows.h"
#include "engine/run/run_private.h"
#include "engine/run/runner.h"
#include "engine/run/step.h"
#include "engine/run/step_core.h"
#include "engine/run/stops.h"

/*
 * Levels of notice until somebody answers.  The state is in the run row
 * (level, since, last, due); a notice goes into the txn that moves it, so a
 * level is told once.  Overdue levels after a restart are told at once.
 */

/* ---- which events end one ---- */

bool
noc_escalate_stops(const struct noc_live *l, const char *signal)
{
	if (!strcmp(signal, "ack"))
		return true; /* people may always take over */
	for (size_t i = 0; i < l->more->esc->def->nstop_on; i++)
		if (!strcmp(l->more->esc->def->stop_on[i], signal))
			return true;
	return false;
}

/* Without a key to make of the event.  Of a rule that is gone nobody knows what
 * its key was made of, unless both name a link: people end it. */
static bool
escalate_same_device(const struct noc_run *r, const struct noc_rule *rule,
		     const struct noc_event *ev)
{
	if (r->ev && r->ev->link.len && ev->link.len)
		return noc_slice_eq(r->ev->link, ev->link);
	return rule || !r->key[0] || strcmp(r->actor, "rule") != 0;
}

/* The same thing: the key of the rule as it is now, which a reload may have
 * changed since the run began, or, without the rule, device and link. */
static bool
escalate_same(const struct noc_run *r, const struct noc_event *ev)
{
	struct noc_strbuf key = NOC_STRBUF_INIT, own = NOC_STRBUF_INIT;
	const struct noc_rule *rule;
	bool same;

	if (r->ev && ev->received_boot_ns < r->ev->received_boot_ns)
		return false; /* it had to wait for the name of its port */
	rule = noc_run_rule(r, r->rule);
	if (ev->device.len == strlen(r->device) &&
	    !memcmp(ev->device.p, r->device, ev->device.len) &&
	    !(rule && rule->key))
		return escalate_same_device(r, rule, ev);
	if (!rule || !rule->key || !r->key[0])
		return false;
	same =
	    noc_key_make(rule->key, ev, NOC_MISSING_FAIL, &key) &&
	    (!strcmp(key.p ? key.p : "", r->key) ||
	     (r->ev && noc_key_make(rule->key, r->ev, NOC_MISSING_FAIL, &own) &&
	      !strcmp(key.p ? key.p : "", own.p ? own.p : "")));
	noc_strbuf_release(&key);
	noc_strbuf_release(&own);
	return same;
}

/* Is it an event of a kind that ends the escalation, or the question? */
static bool
live_stops(const struct noc_live *l, const struct noc_event *ev)
{
	const char *kind = noc_gate_stops_on(l);

	if (kind)
		return l->wait == NOC_WAIT_GATE && !strcmp(kind, ev->kind) &&
		       noc_await_trusts(l->run,
					noc_live_step(l)->gate->withdraw, ev);
	return l->more->esc && noc_escalate_stops(l, ev->kind);
}

static void
gate_stop(struct noc_live *l, const struct noc_event *ev)
{
	char by[160];

	snprintf(by, sizeof(by), "%.60s of %.*s", ev->kind,
		 (int)(ev->device.len < 80 ? ev->device.len : 80),
		 ev->device.p);
	noc_gate_withdraw(l, by);
}

/* All that escalate in it, be it many items, know the same event. */
static void
run_stop(struct noc_run *r, const struct noc_event *ev)
{
	struct noc_live *next;

	for (struct noc_live *l = r->lives; l && !r->ended; l = next) {
		next = l->next;
		if (!live_stops(l, ev))
			continue;
		if (l->more->gate)
			gate_stop(l, ev);
		else
			noc_escalate_stop(l, ev->kind);
		next = r->lives; /* others may have gone with it */
	}
}

static bool
run_waits_for(const struct noc_run *r, const struct noc_event *ev)
{
	for (const struct noc_live *l = r->lives; l; l = l->next)
		if (live_stops(l, ev))
			return escalate_same(r, ev);
	return false;
}

void
noc_escalate_event(struct noc_core *core, struct noc_event *ev)
{
	struct noc_runs *runs = noc_runs_of(core);
	struct noc_id *ids;
	size_t n;

	if (!noc_stops_kind(runs, ev->kind))
		return;
	ids = noc_stops_find(runs, ev, &n);
	for (size_t i = 0; i < n; i++) {
		struct noc_run *r = noc_run_find(core, &ids[i]);
		char id[NOC_ID_TEXT];

		if (!r || !run_waits_for(r, ev))
			continue;
		ev = noc_core_write_event(core, ev, "matched");
		noc_run_write_signal(r, ev->kind, "event",
				     noc_id_format(id, &ev->id));
		run_stop(r, ev);
		noc_run_advance(r);
	}
	free(ids);
}

/* ---- names ---- */

/* By the names that its event has now. */
static void
run_named(struct noc_run *r)
{
	const struct noc_rule *rule = noc_run_rule(r, r->rule);
	struct noc_strbuf key = NOC_STRBUF_INIT;

	if (rule && rule->key && r->key[0] &&
	    noc_key_make(rule->key, r->ev, NOC_MISSING_FAIL, &key) && key.p &&
	    strcmp(key.p, r->key) != 0) {
		free(r->key);
		r->key = noc_strdup(key.p);
		r->dirty = true;
		noc_run_store(r);
	}
	noc_strbuf_release(&key);
	for (struct noc_live *l = r->lives; l; l = l->next)
		if (l->more->esc || l->more->gate)
			noc_stops_add(l);
}

/* It stands with the other runs whose event is of this device. */
void
noc_escalate_know(struct noc_run *r)
{
	struct noc_table *about = &noc_runs_of(r->core)->about;
	const struct noc_event *ev = r->ev;

	if (!ev || r->ended || r->placed)
		return;
	r->placed = true;
	r->about = noc_table_putn(about, ev->device.p, ev->device.len, r);
	if (r->about)
		r->about->about_prev = r;
}

void
noc_escalate_forget(struct noc_run *r)
{
	struct noc_table *about = &noc_runs_of(r->core)->about;
	const struct noc_slice *device = r->placed ? &r->ev->device : NULL;

	if (!device)
		return;
	r->placed = false;
	if (r->about)
		r->about->about_prev = r->about_prev;
	if (r->about_prev)
		r->about_prev->about = r->about;
	else if (r->about)
		noc_table_putn(about, device->p, device->len, r->about);
	else
		noc_table_deln(about, device->p, device->len);
}

void
noc_escalate_named(struct noc_core *core, const char *device,
		   void (*fill)(struct noc_event *ev, void *arg), void *arg)
{
	struct noc_runs *runs = noc_runs_of(core);
	struct noc_run **all;
	size_t n = 0;

	for (struct noc_run *r = device ? noc_table_get(&runs->about, device)
					: NULL;
	     r; r = r->about) {
		if (r->ended)
			continue;
		if (fill)
			fill(r->ev, arg);
		run_named(r);
	}
	if (device)
		return;
	all = noc_run_all(runs, &n);
	for (size_t i = 0; i < n; i++) {
		if (!all[i]->ev)
			continue;
		if (fill)
			fill(all[i]->ev, arg);
		run_named(all[i]);
	}
	free(all);
}

/* ---- telling ---- */

/* The first words of a level's own text, or what went wrong. */
static char *
escalate_subject(struct noc_run *r, const struct noc_value *action)
{
	const struct noc_value *text = noc_value_at(noc_ast_items(action), 0);
	struct noc_value *said = NULL;
	struct noc_scope scope;
	struct noc_strbuf sb = NOC_STRBUF_INIT;

	noc_run_scope(r, &scope);
	if (text &&
	    !noc_template_tree(text, &scope, NOC_MISSING_MARK, &said, NULL))
		noc_value_text(said, &sb);
	else
		noc_strbuf_addf(&sb, "%s %s %s", r->rule, r->device,
				noc_value_get_str(r->error, "message", r->key));
	noc_value_free(said);
	return noc_strbuf_detach(&sb, NULL);
}

static bool
level_is_new(const struct noc_escalation *def, size_t i)
{
	const char *name = noc_ast_name(def->levels[i].action);

	for (size_t k = 0; k < i; k++) {
		const char *before = noc_ast_name(def->levels[k].action);

		if (noc_ast_is(def->levels[k].action, "notify") && before &&
		    !strcmp(before, name))
			return false;
	}
	return true;
}

/* One text to every channel told so far, each once. */
static void
escalate_all(struct noc_live *l, const char *what, const char *why)
{
	const struct noc_escalation *def = l->more->esc->def;
	struct noc_run *r = l->run;

	for (size_t i = 0; i < l->more->esc->level && i < def->nlevels; i++) {
		const struct noc_value *action = def->levels[i].action;
		const char *channel = noc_ast_name(action);
		char *subject, *text;

		if (!noc_ast_is(action, "notify") || !channel ||
		    !level_is_new(def, i))
			continue;
		subject = escalate_subject(r, action);
		text = noc_asprintf("%s (%s): %s", what, why, subject);
		noc_notify_text(r->core, channel, text, r->ev, r->mode, &r->id);
		free(subject);
		free(text);
	}
}

static void
escalate_tell(struct noc_live *l, const struct noc_value *action)
{
	noc_run_tell(l->lane, noc_live_step(l), action, NULL);
	l->more->esc->last_ns = noc_steady_now(l->run->core);
}

/* ---- the machine ---- */

static int64_t
escalate_next(const struct noc_live *l)
{
	const struct noc_escalation *def = l->more->esc->def;
	int64_t end = noc_ns_after(l->more->esc->since_ns, def->max_ms);
	int64_t next = end;

	if (l->more->esc->level < def->nlevels)
		next = noc_ns_after(l->more->esc->since_ns,
				    def->levels[l->more->esc->level].after_ms);
	else if (def->again_ms > 0)
		next = noc_ns_after(l->more->esc->last_ns, def->again_ms);
	return next < end ? next : end;
}

static void
escalate_end(struct noc_live *l)
{
	noc_stops_del(l);
	free(l->more->esc);
	noc_live_more(l)->esc = NULL;
}

/* Over: the run ends as it failed, or its escalate step does. */
static void
escalate_over(struct noc_live *l, const char *why, bool answered)
{
	struct noc_run *r = l->run;
	bool on_fail = l->more->esc->on_fail;
	struct noc_step_done d = { .def = on_fail ? NULL : noc_live_step(l) };
	struct noc_value *output;
	struct noc_failure f;
	char text[600];

	escalate_end(l);
	noc_live_wait(l, NOC_WAIT_NONE, "", 0);
	if (on_fail) {
		snprintf(text, sizeof(text), "%s; %s",
			 r->outcome ? r->outcome : "failed", why);
		noc_run_end(r, "Failed", text);
	} else if (answered) {
		output = noc_value_map();
		noc_value_set(output, "by", noc_value_str(why));
		d.outcome = why;
		noc_step_succeed(l, output, &d);
	} else {
		noc_failure_set(&f, "timeout", "people", "unanswered", "%s",
				why);
		d.failure = &f;
		noc_step_fail(l, &d);
	}
}

static void
escalate_give_up(struct noc_live *l)
{
	char text[32], why[96];

	snprintf(why, sizeof(why), "nobody answered within %s",
		 noc_duration_format(text, l->more->esc->def->max_ms));
	escalate_all(l, "given up", why);
	escalate_over(l, why, false);
}

const char *
noc_escalate_phase(const struct noc_live *l)
{
	return l->more->esc->level < l->more->esc->def->nlevels
		   ? "escalating"
		   : "waiting_event";
}

void
noc_escalate_due(struct noc_live *l)
{
	const struct noc_escalation *def = l->more->esc->def;
	int64_t now = noc_steady_now(l->run->core);

	if (now >= noc_ns_after(l->more->esc->since_ns, def->max_ms)) {
		escalate_give_up(l);
		return;
	}
	while (l->more->esc->level < def->nlevels &&
	       noc_ns_after(l->more->esc->since_ns,
			    def->levels[l->more->esc->level].after_ms) <= now) {
		escalate_tell(l, def->levels[l->more->esc->level].action);
		l->more->esc->level++;
	}
	if (l->more->esc->level == def->nlevels && def->again_ms > 0 &&
	    noc_ns_after(l->more->esc->last_ns, def->again_ms) <= now)
		escalate_tell(l, def->levels[def->nlevels - 1].action);
	noc_live_wait(l, NOC_WAIT_ESCALATE, noc_escalate_phase(l),
		      escalate_next(l));
}

void
noc_escalate_begin(struct noc_live *l, const struct noc_escalation *def,
		   bool on_fail)
{
	const struct noc_escalating esc = {
		.def = def,
		.on_fail = on_fail,
		.since_ns = noc_steady_now(l->run->core),
	};

	free(l->more->esc);
	noc_live_more(l)->esc = noc_memdup(&esc, sizeof(esc));
	noc_stops_add(l);
	noc_escalate_due(l);
}

void
noc_escalate_clear(struct noc_live *l, const char *why)
{
	if (!l->more->esc)
		return;
	escalate_all(l, "all clear", why);
	escalate_end(l);
}

void
noc_escalate_stop(struct noc_live *l, const char *why)
{
	escalate_all(l, "all clear", why);
	escalate_over(l, why, true);
}
