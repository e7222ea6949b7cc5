/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/run/gate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/hex.h"
#include "base/json.h"
#include "base/mem.h"
#include "engine/core/record.h"
#include "engine/expr/template.h"
#include "engine/flow/await.h"
#include "engine/flow/gate.h"
#include "engine/notify/notify.h"
#include "engine/run/await.h"
#include "engine/run/cause.h"
#include "engine/run/life.h"
#include "engine/run/rows.h"
#include "engine/run/runner.h"
#include "engine/run/step.h"
#include "engine/run/stops.h"

/* After a downtime over its end nobody could have said no: at least so long,
 * and as long as it was over. */
#define GATE_AGAIN_NS (10 * 60 * NOC_NS_PER_S)

static const struct noc_gate_def *
gate_def(const struct noc_gate *g)
{
	return noc_live_step(g->live)->gate;
}

static struct noc_gate *
gate_new(struct noc_live *l)
{
	struct noc_runs *runs = noc_runs_of(l->run->core);
	struct noc_gate *g = noc_calloc(1, sizeof(*g));

	g->live = l;
	g->votes = noc_value_list();
	g->prev = runs->gates_end;
	*runs->gates_end = g;
	runs->gates_end = &g->next;
	runs->ngates++;
	noc_live_more(l)->gate = g;
	return g;
}

void
noc_gate_free(struct noc_live *l)
{
	struct noc_gate *g = l->more->gate;

	if (!g)
		return;
	noc_await_free(l);
	noc_stops_del(l);
	*g->prev = g->next;
	if (g->next)
		g->next->prev = g->prev;
	else
		noc_runs_of(l->run->core)->gates_end = g->prev;
	noc_runs_of(l->run->core)->ngates--;
	noc_value_free(g->shown);
	noc_value_free(g->votes);
	free(g->requester);
	free(g);
	noc_live_more(l)->gate = NULL;
}

const char *
noc_gate_word(const struct noc_gate *g)
{
	return noc_step_kind_name(noc_live_step(g->live)->kind);
}

const char *
noc_gate_stops_on(const struct noc_live *l)
{
	const struct noc_await_def *def =
	    l->more->gate ? gate_def(l->more->gate)->withdraw : NULL;

	return def && !def->where ? def->event : NULL;
}

int64_t
noc_gate_missing(const struct noc_gate *g)
{
	return gate_def(g)->need - (int64_t)noc_value_len(g->votes);
}

/* ---- its record ---- */

/* decided: NULL, or what it has come to. */
static void
gate_write(const struct noc_gate *g, const char *by, const char *vote,
	   const char *comment, const char *decided, bool forced)
{
	const struct noc_gate_def *def = gate_def(g);
	const struct noc_run *r = g->live->run;
	struct noc_value *detail = noc_value_map(), *of = noc_value_list();
	struct noc_record *rec =
	    noc_txn_record(noc_core_txn(r->core), NOC_REC_GATE);

	for (size_t i = 0; i < def->ngroups; i++)
		noc_value_push(of, noc_value_str(def->groups[i]));
	noc_value_set(detail, "vote", noc_value_str(vote));
	noc_value_set(detail, "of", of);
	noc_value_set(detail, "need", noc_value_int(def->need));
	if (*comment)
		noc_value_set(detail, "comment", noc_value_str(comment));
	if (*g->hash)
		noc_value_set(detail, "shown", noc_value_str(g->hash));
	if (decided)
		noc_value_set(detail, "decided", noc_value_str(decided));
	if (forced)
		noc_value_set(detail, "forced", noc_value_bool(true));
	noc_record_adds(rec, NOC_TAG_RUN, r->text);
	noc_record_adds(rec, NOC_TAG_ACTION,
			noc_step_kind_name(noc_live_step(g->live)->kind));
	noc_record_adds(rec, NOC_TAG_ACTOR, by);
	noc_record_adds(rec, NOC_TAG_OUTCOME, decided ? decided : vote);
	noc_record_add_json(rec, NOC_TAG_DETAIL, detail);
	noc_record_adds(rec, NOC_TAG_STEP, g->live->path);
	noc_value_free(detail);
	if (decided)
		noc_life_gate(g->live->run, g->live->path, decided, by);
}

/* ---- it opens ---- */

/* Of a text its bytes, so that sha256sum says the same; of a map its JSON.
 * How many bytes that is: returned. */
static size_t
shown_hash(const struct noc_value *shown, char out[65])
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	uint8_t hash[32];
	size_t len;

	if (shown->type == NOC_STR)
		noc_strbuf_add(&sb, shown->u.s.p, shown->u.s.len);
	else
		noc_json_write(shown, NOC_JSON_CANONICAL, &sb);
	len = sb.len;
	noc_sha256_once(sb.p ? sb.p : "", len, hash);
	noc_hex(out, hash, sizeof(hash));
	noc_strbuf_release(&sb);
	return len;
}

/* As it comes out of its row and the API: bytes that are no UTF-8 are others
 * there, and it is those that people hash. */
static int
shown_settle(struct noc_gate *g, struct noc_err *err)
{
	char *text = noc_json_string(g->shown, NOC_JSON_CANONICAL);
	struct noc_value *seen;
	int rc = noc_json_parse(text, strlen(text), &seen, err);

	free(text);
	if (rc)
		return rc;
	noc_value_free(g->shown);
	g->shown = seen;
	(void)shown_hash(seen, g->hash);
	return 0;
}

static int
gate_show(struct noc_gate *g, const struct noc_scope *scope,
	  struct noc_err *err)
{
	const struct noc_gate_def *def = gate_def(g);
	size_t len;
	int rc;

	if (!def->show)
		return 0;
	rc = noc_template_tree(def->show, scope, NOC_MISSING_FAIL, &g->shown,
			       err);
	if (rc)
		return rc;
	len = shown_hash(g->shown, g->hash);
	if (len > NOC_GATE_SHOWN_MAX)
		return noc_err_set(err, NOC_ERESOURCE,
				   "what is shown is %zu bytes, and at most %d "
				   "are.",
				   len, NOC_GATE_SHOWN_MAX);
	return shown_settle(g, err);
}

static int
gate_ask(struct noc_gate *g, struct noc_err *err)
{
	const struct noc_gate_def *def = gate_def(g);
	struct noc_strbuf who = NOC_STRBUF_INIT;
	struct noc_scope scope;
	int rc = 0;

	noc_lane_scope(g->live->lane, &scope);
	if (def->requester)
		rc = noc_template_text(def->requester, &scope, NOC_MISSING_FAIL,
				       &who, err);
	else
		noc_strbuf_adds(&who, g->live->run->actor);
	g->requester = noc_strbuf_detach(&who, NULL);
	return rc ? rc : gate_show(g, &scope, err);
}

static bool
gate_of_item(const struct noc_gate *g)
{
	const struct noc_lane *lane = g->live->lane;

	while (lane && !lane->is_item)
		lane = lane->up;
	return lane != NULL;
}

static void
gate_tell(const struct noc_gate *g)
{
	const struct noc_gate_def *def = gate_def(g);
	const struct noc_step_def *step = noc_live_step(g->live);
	const struct noc_run *r = g->live->run;
	struct noc_strbuf text = NOC_STRBUF_INIT;
	char title[300], iso[32];

	noc_strbuf_addf(&text, "%s: ", noc_run_title(r, title, sizeof(title)));
	noc_gate_who(def, &text);
	/* One notice for all items of an each: told apart they would be as many
	 * notices. */
	if (gate_of_item(g))
		noc_strbuf_addf(&text,
				" are asked to %s '%s' of items of run %s: "
				"`nocturne gate`",
				noc_step_kind_name(step->kind), step->name,
				r->text);
	else
		noc_strbuf_addf(
		    &text,
		    " are asked to %s '%s' by %s, else it is %s: "
		    "`nocturne gate show %s %s`",
		    noc_step_kind_name(step->kind), step->name,
		    noc_time_iso(iso,
				 noc_steady_wall(r->core, g->live->due_ns)),
		    def->lets_through ? "approved" : "rejected", r->text,
		    g->live->path);
	if (!gate_of_item(g) || noc_cause_tells(r->core, text.p))
		noc_notify_text(r->core, def->notify, text.p, r->ev, r->mode,
				&r->id);
	noc_strbuf_release(&text);
}

/* What its record commits to. */
static void
gate_write_open(struct noc_live *l, const struct noc_step_def *def)
{
	struct noc_value *said = noc_value_map();
	const struct noc_gate *g = l->more->gate;

	noc_value_set(said, "requester", noc_value_str(g->requester));
	if (g->shown)
		noc_value_set(said, "shown", noc_value_copy(g->shown));
	if (*g->hash)
		noc_value_set(said, "sha256", noc_value_str(g->hash));
	noc_step_write_start(l, def, "", said);
	noc_value_free(said);
}

/* An event that takes it back.  One without a `where` is about the same thing
 * as the run. */
static int
gate_listen(struct noc_live *l, const struct noc_await_def *def,
	    struct noc_err *err)
{
	if (!def)
		return 0;
	if (def->where)
		return noc_await_listen(l, def, err);
	noc_stops_add(l);
	return 0;
}

void
noc_gate_begin(struct noc_live *l, const struct noc_step_def *def)
{
	struct noc_step_done d = { .def = def };
	struct noc_gate *g = gate_new(l);
	struct noc_failure f;
	struct noc_err err;

	g->opened_ns = noc_steady_now(l->run->core);
	l->attempt = 1;
	if (gate_ask(g, &err) || gate_listen(l, def->gate->withdraw, &err)) {
		noc_failure_set(&f, "permanent", "rule", "show", "%s", err.msg);
		noc_gate_free(l);
		d.failure = &f;
		noc_step_fail(l, &d);
		return;
	}
	noc_live_wait(l, NOC_WAIT_GATE, "waiting_approval",
		      noc_ns_after(l->step_ns, def->timeout_ms));
	gate_write_open(l, def);
	noc_life_gate(l->run, l->path, NULL, "");
	gate_tell(g);
}

/* ---- it is decided ---- */

static struct noc_value *
gate_output(const struct noc_gate *g, const char *decision)
{
	struct noc_value *v = noc_value_map(), *by = noc_value_list();
	const char *comment = "";

	for (size_t i = 0; i < noc_value_len(g->votes); i++) {
		const struct noc_value *vote = noc_value_at(g->votes, i);

		noc_value_push(by, noc_value_copy(noc_value_get(vote, "by")));
		if (*noc_value_get_str(vote, "comment", ""))
			comment = noc_value_get_str(vote, "comment", "");
	}
	noc_value_set(v, "decision", noc_value_str(decision));
	noc_value_set(v, "by", by);
	noc_value_set(v, "votes", noc_value_copy(g->votes));
	noc_value_set(v, "comment", noc_value_str(comment));
	noc_value_set(v, "shown", noc_value_str(g->hash));
	return v;
}

static void
gate_let_through(struct noc_live *l, const char *by)
{
	struct noc_step_done d = { .def = noc_live_step(l) };
	bool confirm = d.def->gate->confirm;
	struct noc_value *output =
	    gate_output(l->more->gate, confirm ? "confirm" : "approve");
	char outcome[160];

	snprintf(outcome, sizeof(outcome), "%s by %.100s",
		 confirm ? "confirmed" : "approved", by);
	noc_gate_free(l);
	noc_live_wait(l, NOC_WAIT_NONE, "", 0);
	d.outcome = outcome;
	noc_step_succeed(l, output, &d);
}

static void
gate_refuse(struct noc_live *l, const char *class, const char *code,
	    const char *why)
{
	struct noc_step_done d = { .def = noc_live_step(l) };
	struct noc_failure f;

	noc_failure_set(&f, class, "people", code, "%s", why);
	noc_gate_free(l);
	noc_live_wait(l, NOC_WAIT_NONE, "", 0);
	d.failure = &f;
	noc_step_fail(l, &d);
}

void
noc_gate_withdraw(struct noc_live *l, const char *by)
{
	char why[200];

	gate_write(l->more->gate, "event", "withdraw", by, "withdrawn", false);
	snprintf(why, sizeof(why), "withdrawn: %s", by);
	noc_gate_free(l);
	noc_live_wait(l, NOC_WAIT_NONE, "", 0);
	noc_step_stopped(l, why);
}

void
noc_gate_due(struct noc_live *l)
{
	const struct noc_step_def *step = noc_live_step(l);
	const struct noc_gate_def *def = step->gate;
	const struct noc_run *r = l->run;
	bool skips = step->on_timeout && !strcmp(step->on_timeout, "skip");
	char title[300], time[32], why[160];

	gate_write(l->more->gate, "timeout",
		   def->lets_through ? "approve" : "reject",
		   "nobody decided in time",
		   def->lets_through ? "approved"
		   : skips	     ? "skipped"
				     : "rejected",
		   false);
	if (def->lets_through) {
		gate_let_through(l, "timeout");
		return;
	}
	snprintf(why, sizeof(why), "nobody decided within %s",
		 noc_duration_format(time, step->timeout_ms));
	if (!skips)
		noc_cause_tell(
		    r->core, r->ev, r->mode, &r->id, "%s: '%s' is rejected: %s",
		    noc_run_title(r, title, sizeof(title)), step->name, why);
	gate_refuse(l, "timeout", "unanswered", why);
}

/* ---- who says what ---- */

/* "unix:ann", "token:ann" and "ann" are one. */
static const char *
person(const char *actor)
{
	const char *colon = strchr(actor, ':');

	return colon && (!strncmp(actor, "unix:", 5) ||
			 !strncmp(actor, "token:", 6))
		   ? colon + 1
		   : actor;
}

static bool
gate_is_member(const struct noc_gate_def *def, const struct noc_gate_say *say)
{
	for (size_t i = 0; i < def->ngroups; i++)
		for (size_t k = 0; k < noc_value_len(say->groups); k++)
			if (noc_value_is_str(noc_value_at(say->groups, k),
					     def->groups[i]))
				return true;
	return def->ngroups == 0;
}

static int
gate_may(const struct noc_gate *g, const struct noc_gate_say *say,
	 struct noc_err *err)
{
	const struct noc_gate_def *def = gate_def(g);
	struct noc_strbuf who = NOC_STRBUF_INIT;
	int rc = 0;

	if (say->force && !say->admin)
		return noc_err_set(err, NOC_EDENIED,
				   "Only the role admin may decide alone.");
	if (say->force)
		return 0;
	noc_gate_who(def, &who);
	if (!gate_is_member(def, say))
		rc = noc_err_set(err, NOC_EDENIED,
				 "'%s' is decided by %s, and %s is none of "
				 "them.",
				 g->live->path, who.p, say->actor);
	else if (!def->self && say->approve &&
		 !strcmp(person(say->actor), person(g->requester)))
		rc = noc_err_set(err, NOC_EDENIED,
				 "%s asked for '%s' and does not decide it: "
				 "somebody else of %s does.",
				 say->actor, g->live->path, who.p);
	noc_strbuf_release(&who);
	return rc;
}

static int
gate_was_read(const struct noc_gate *g, const struct noc_gate_say *say,
	      struct noc_err *err)
{
	size_t len = say->hash ? strlen(say->hash) : 0;

	if (!len && say->approve && gate_def(g)->confirm)
		return noc_err_set(err, NOC_EINPUT,
				   "Who confirms '%s' says which text they "
				   "have read, by the hash that is shown with "
				   "it: `nocturne gate show` it.",
				   g->live->path);
	if (!len)
		return 0;
	if (len < 8)
		return noc_err_set(err, NOC_EINPUT,
				   "A hash is said by its first 8 or more "
				   "characters.");
	if (strncmp(g->hash, say->hash, len) != 0)
		return noc_err_set(err, NOC_ECONFLICT,
				   "What '%s' shows is not what was read: its "
				   "hash is another. `nocturne gate show` it "
				   "again.",
				   g->live->path);
	return 0;
}

static const struct noc_value *
gate_vote_of(const struct noc_gate *g, const char *actor)
{
	for (size_t i = 0; i < noc_value_len(g->votes); i++) {
		const struct noc_value *vote = noc_value_at(g->votes, i);

		if (!strcmp(person(noc_value_get_str(vote, "by", "")),
			    person(actor)))
			return vote;
	}
	return NULL;
}

static void
gate_add(struct noc_gate *g, const struct noc_gate_say *say)
{
	struct noc_value *vote = noc_value_map();
	char iso[32];

	noc_value_set(vote, "by", noc_value_str(say->actor));
	noc_value_set(vote, "vote",
		      noc_value_str(say->approve ? "approve" : "reject"));
	if (*say->comment)
		noc_value_set(vote, "comment", noc_value_str(say->comment));
	noc_value_set(vote, "at",
		      noc_value_str(noc_time_iso(
			  iso, noc_core_time(g->live->run->core).wall_ns)));
	if (say->force)
		noc_value_set(vote, "forced", noc_value_bool(true));
	noc_value_push(g->votes, vote);
	noc_runs_of(g->live->run->core)->decided++;
	noc_live_touch(g->live);
}

int
noc_gate_say(struct noc_live *l, const struct noc_gate_say *say,
	     struct noc_err *err)
{
	struct noc_gate *g = l->more->gate;
	const struct noc_gate_def *def = gate_def(g);
	const char *word = def->confirm ? "confirm" : "approve";
	const char *decided;
	char why[320];
	int rc = gate_may(g, say, err);

	if (!rc)
		rc = gate_was_read(g, say, err);
	if (rc)
		return rc;
	if (gate_vote_of(g, say->actor))
		return noc_err_set(err, NOC_ECONFLICT,
				   "%s has decided '%s' already; others have "
				   "not.",
				   say->actor, l->path);
	gate_add(g, say);
	decided = !say->approve ? "rejected"
		  : say->force || noc_value_len(g->votes) >= (size_t)def->need
		      ? (def->confirm ? "confirmed" : "approved")
		      : NULL;
	gate_write(g, say->actor, say->approve ? word : "reject", say->comment,
		   decided, say->force);
	if (!decided)
		return 0;
	if (say->approve) {
		gate_let_through(l, say->actor);
		return 0;
	}
	snprintf(why, sizeof(why), "rejected by %.60s%s%.200s", say->actor,
		 *say->comment ? ": " : "", say->comment);
	gate_refuse(l, "permanent", "rejected", why);
	return 0;
}

/* ---- over a restart ---- */

struct noc_value *
noc_gate_store(const struct noc_gate *g)
{
	struct noc_value *v = noc_value_map();

	noc_value_set(v, "opened", noc_value_int(g->opened_ns));
	noc_value_set(v, "requester", noc_value_str(g->requester));
	noc_value_set(v, "votes", noc_value_copy(g->votes));
	if (g->shown)
		noc_value_set(v, "shown", noc_value_copy(g->shown));
	noc_value_set(v, "hash", noc_value_str(g->hash));
	return v;
}

/* Who said yes, each once: a word that cannot be read is nobody's. */
static bool
votes_are_sound(const struct noc_gate *g, const struct noc_value *votes)
{
	if (!votes || votes->type != NOC_LIST ||
	    noc_value_len(votes) >= (size_t)gate_def(g)->need)
		return false;
	for (size_t i = 0; i < noc_value_len(votes); i++) {
		const struct noc_value *vote = noc_value_at(votes, i);

		if (!*noc_value_get_str(vote, "by", "") ||
		    !noc_value_is_str(noc_value_get(vote, "vote"), "approve"))
			return false;
	}
	return true;
}

void
noc_gate_load(struct noc_live *l, const struct noc_value *v)
{
	const struct noc_value *votes = noc_value_get(v, "votes");
	const struct noc_value *shown = noc_value_get(v, "shown");
	struct noc_gate *g = gate_new(l);
	char hash[sizeof(g->hash)] = "";

	if (shown)
		shown_hash(shown, hash);
	l->run->unread |= !votes_are_sound(g, votes) ||
			  !noc_value_get(v, "requester") ||
			  (gate_def(g)->show && !shown) ||
			  strcmp(hash, noc_value_get_str(v, "hash", "")) != 0;
	g->opened_ns = noc_ns_sane(noc_value_get_int(v, "opened", 0));
	g->requester = noc_strdup(noc_value_get_str(v, "requester", ""));
	if (votes && votes->type == NOC_LIST) {
		noc_value_free(g->votes);
		g->votes = noc_value_copy(votes);
	}
	if (shown)
		g->shown = noc_value_copy(shown);
	memcpy(g->hash, hash, sizeof(hash));
	if (gate_def(g)->withdraw && !gate_def(g)->withdraw->where)
		noc_stops_add(l);
}

void
noc_gate_go_on(struct noc_live *l)
{
	const struct noc_gate_def *def = gate_def(l->more->gate);
	int64_t now = noc_steady_now(l->run->core), over = now - l->due_ns;

	if (!def->lets_through || !l->due_ns || over < 0)
		return;
	if (over < GATE_AGAIN_NS)
		over = GATE_AGAIN_NS;
	noc_live_wait(l, NOC_WAIT_GATE, "waiting_approval", now + over);
	gate_write(l->more->gate, "nocturne", "extend",
		   "it fell due while the daemon was down, and nobody could "
		   "have said no",
		   NULL, false);
}

/* ---- what people see ---- */

static void
gate_look_time(struct noc_value *v, const struct noc_core *core,
	       const char *name, int64_t steady_ns)
{
	char iso[32], key[32];

	snprintf(key, sizeof(key), "%s_ns", name);
	noc_value_set(
	    v, name,
	    noc_value_str(noc_time_iso(iso, noc_steady_wall(core, steady_ns))));
	noc_value_set(v, key, noc_value_int(noc_steady_wall(core, steady_ns)));
}

struct noc_value *
noc_gate_look(const struct noc_gate *g, bool whole)
{
	const struct noc_gate_def *def = gate_def(g);
	const struct noc_step_def *step = noc_live_step(g->live);
	const struct noc_run *r = g->live->run;
	struct noc_value *v = noc_value_map(), *of = noc_value_list();
	struct noc_strbuf who = NOC_STRBUF_INIT;

	for (size_t i = 0; i < def->ngroups; i++)
		noc_value_push(of, noc_value_str(def->groups[i]));
	noc_value_set(v, "run", noc_value_str(r->text));
	noc_value_set(v, "path", noc_value_str(g->live->path));
	noc_value_set(v, "kind", noc_value_str(noc_step_kind_name(step->kind)));
	noc_value_set(v, "rule", noc_value_str(r->rule));
	noc_value_set(v, "device", noc_value_str(r->device));
	noc_value_set(v, "groups", of);
	noc_gate_who(def, &who);
	noc_value_set(v, "who", noc_value_str(who.p));
	noc_value_set(v, "missing", noc_value_int(noc_gate_missing(g)));
	noc_strbuf_release(&who);
	noc_value_set(v, "need", noc_value_int(def->need));
	noc_value_set(v, "votes", noc_value_copy(g->votes));
	noc_value_set(v, "requester", noc_value_str(g->requester));
	noc_value_set(v, "self", noc_value_bool(def->self));
	gate_look_time(v, r->core, "opened", g->opened_ns);
	gate_look_time(v, r->core, "due", g->live->due_ns);
	noc_value_set(
	    v, "on_timeout",
	    noc_value_str(step->on_timeout ? step->on_timeout : "reject"));
	if (*g->hash)
		noc_value_set(v, "sha256", noc_value_str(g->hash));
	if (whole && g->shown)
		noc_value_set(v, "shown", noc_value_copy(g->shown));
	return v;
}
