/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/lang/ast.h"
#include "engine/event/identity.h"
#include "engine/core/due.h"
#include "engine/core/record.h"
#include "engine/core/steady.h"
#include "engine/flow/input.h"
#include "engine/policy/settle.h"
#include "engine/notify/callback.h"
#include "engine/notify/notify.h"
#include "engine/memory/fold.h"
#include "engine/run/attempt.h"
#include "engine/run/blast.h"
#include "engine/run/cause.h"
#include "engine/run/clearance.h"
#include "engine/run/code.h"
#include "engine/run/ended.h"
#include "engine/run/escalate.h"
#include "engine/run/fork.h"
#include "engine/run/lane.h"
#include "engine/run/life.h"
#include "engine/run/live.h"
#include "engine/run/mail.h"
#include "engine/run/queue.h"
#include "engine/run/resume.h"
#include "engine/run/rows.h"
#include "engine/run/run_private.h"
#include "engine/run/runner.h"
#include "engine/run/step_core.h"
#include "engine/run/undo.h"

/* ---- life ---- */

struct noc_run *
noc_run_new(struct noc_core *core, const struct noc_id *id)
{
	struct noc_run *r = noc_calloc(1, sizeof(*r));

	r->core = core;
	r->id = *id;
	noc_id_format(r->text, id);
	r->state = "Running";
	r->phase = "";
	r->lives_end = &r->lives;
	r->json = noc_value_map();
	noc_table_putn(&noc_runs_of(core)->by_id, id->b, sizeof(id->b), r);
	return r;
}

void
noc_run_look(struct noc_run *r)
{
	noc_escalate_know(r);
	if (noc_run_untrusted(r) && r->plan->acting && !r->ended)
		noc_fair_add(&noc_runs_of(r->core)->looks, &r->look, 0,
			     noc_event_sender(r->ev), false);
}

void
noc_run_free(struct noc_run *r)
{
	noc_fair_del(&noc_runs_of(r->core)->looks, &r->look);
	noc_queue_forget(r);
	noc_blast_free(r->blast);
	noc_undo_close(r);
	noc_escalate_forget(r);
	noc_lane_free(r->closing);
	noc_lane_free(r->root);
	free(r->todo);
	noc_plan_unref(r->plan);
	noc_event_unref(r->ev);
	noc_value_free(r->json);
	noc_value_free(r->info);
	noc_value_free(r->extra);
	noc_value_free(r->error);
	noc_value_free(r->confirmed);
	noc_value_free(r->changed);
	noc_value_free(r->stays);
	free(r->rule);
	free(r->key);
	free(r->device);
	free(r->actor);
	free(r->outcome);
	free(r);
}

void
noc_run_bury(struct noc_runs *runs)
{
	struct noc_run *r;

	while ((r = runs->dead)) {
		runs->dead = r->next_dead;
		noc_run_free(r);
	}
}

struct noc_run *
noc_run_find(const struct noc_core *core, const struct noc_id *id)
{
	return noc_table_getn(&noc_runs_of(core)->by_id, id->b, sizeof(id->b));
}

/* They may start and end others while the caller walks. */
struct noc_run **
noc_run_all(const struct noc_runs *runs, size_t *n)
{
	struct noc_run **all = noc_malloc((noc_table_len(&runs->by_id) + 1) *
					  sizeof(struct noc_run *));
	const char *key;
	void *value;

	*n = 0;
	for (size_t it = 0; noc_table_next(&runs->by_id, &it, &key, &value);)
		all[(*n)++] = value;
	return all;
}

/* ---- what a run knows ---- */

void
noc_run_scope(struct noc_run *r, struct noc_scope *scope)
{
	const struct noc_value *input = noc_value_get(r->json, "input");

	*scope = (struct noc_scope){
		.ev = r->ev,
		.steps = r->root->steps,
		.input = input && input->type == NOC_MAP ? input : NULL,
		.error = r->error,
		.run = noc_run_info(r),
		.items = noc_run_items,
		.items_arg = r,
		.extra = noc_run_extra(r),
	};
}

struct noc_rule *
noc_run_rule(const struct noc_run *r, const char *name)
{
	struct noc_ruleset *rs = noc_core_rules(r->core);
	struct noc_rule *rule = rs ? noc_ruleset_rule(rs, name) : NULL;

	if (!rule && (rs = noc_code_rules(r)))
		rule = noc_ruleset_rule(rs, name);
	return rule;
}

const char *
noc_run_under(const struct noc_run *r)
{
	bool own = !strcmp(r->actor, "rule");

	return noc_value_get_str(r->json, "under", own ? r->rule : NULL);
}

void
noc_run_set_plan(struct noc_run *r, struct noc_plan *plan)
{
	r->plan = plan;
	r->root = noc_lane_new(r, NULL, NOC_NODE_TOP, "");
	noc_lane_wake(r->root);
}

/* ---- start ---- */

struct noc_id
noc_run_of_time(const char *schedule, int64_t nominal_ns)
{
	static const uint8_t any[32]; /* whatever the schedule then says */
	char *name =
	    noc_asprintf("schedule/%s/%lld", schedule, (long long)nominal_ns);
	struct noc_id none = { 0 }, id;

	id = noc_id_run(nominal_ns, &none, name, any);
	free(name);
	return id;
}

static struct noc_id
run_id(struct noc_core *core, const struct noc_run_cause *cause)
{
	const uint8_t *definition =
	    cause->definition ? cause->definition : cause->plan->hash;
	int64_t now = noc_core_time(core).wall_ns;
	const char *phase = noc_value_get_str(cause->extra, "storm", "");
	struct noc_id origin, id;
	char *name;

	if (!noc_id_is_zero(&cause->parent))
		return noc_id_run(now, &cause->parent, cause->rule_name,
				  definition);
	if (cause->nominal_ns && !cause->fork)
		return noc_run_of_time(cause->rule_name, cause->nominal_ns);
	if (cause->ev && !cause->fork) {
		/* A storm has one event, and a run at its start and its end. */
		name = noc_asprintf("%s%s%s", cause->rule_name,
				    *phase ? "/" : "", phase);
		id = noc_id_run(cause->ev->received_ns, &cause->ev->id, name,
				definition);
		free(name);
		return id;
	}
	origin = noc_id_new(now);
	return noc_id_run(now, &origin, cause->rule_name, definition);
}

static void
run_call_back(struct noc_run *r, const struct noc_value *callback)
{
	if (!noc_value_get(r->json, "callbacks"))
		noc_value_set(r->json, "callbacks", noc_value_list());
	noc_value_push(noc_value_get(r->json, "callbacks"),
		       noc_value_copy(callback));
	r->dirty = true;
}

/* It is a run that is there: its end is told to who joins it, too. */
static int
run_join(struct noc_core *core, const struct noc_run_cause *cause,
	 const struct noc_id *id, struct noc_err *err)
{
	struct noc_run *r = noc_run_find(core, id);

	if (!cause->callback || NOC_FAILS(r != NULL))
		return 0;
	if (noc_value_len(noc_value_get(r->json, "callbacks")) >=
	    NOC_RUN_CALLBACKS_MAX)
		return noc_err_set(err, NOC_ERESOURCE,
				   "Run %s has %d URLs already that are told "
				   "its end.",
				   r->text, NOC_RUN_CALLBACKS_MAX);
	run_call_back(r, cause->callback);
	noc_run_store(r);
	return 0;
}

static void
run_fill(struct noc_run *r, const struct noc_run_cause *cause)
{
	struct noc_value *extra =
	    cause->extra ? noc_value_copy(cause->extra) : noc_value_map();
	const char *device = noc_value_get_str(cause->input, "device", "");
	char tree[65];

	noc_run_set_plan(r, noc_plan_ref(cause->plan));
	r->rule = noc_strdup(cause->rule_name);
	r->key = noc_strdup(cause->key ? cause->key : "");
	r->actor = noc_strdup(cause->actor ? cause->actor : "rule");
	/* Whose canary it is has been decided, or is nobody's. */
	r->mode = cause->mode == NOC_CANARY ? NOC_OBSERVE : cause->mode;
	r->late = cause->late;
	/* As its steps say it: never after the first of them. */
	r->started_ns = noc_steady_wall(r->core, noc_steady_now(r->core));
	r->began_ns = noc_steady_now(r->core);
	if (cause->ev) {
		r->ev = noc_event_ref(cause->ev);
		r->device = noc_strndup(r->ev->device.p ? r->ev->device.p : "",
					r->ev->device.len);
	} else {
		/* Without an event "{device}" is the one it was given. */
		r->device = noc_strdup(device);
		if (device[0])
			noc_value_set(extra, "device", noc_value_str(device));
	}
	if (!noc_value_get(extra, "rule"))
		noc_value_set(extra, "rule", noc_value_str(r->rule));
	noc_value_set(r->json, "extra", extra);
	if (cause->input)
		noc_value_set(r->json, "input", noc_value_copy(cause->input));
	if (cause->under)
		noc_value_set(r->json, "under", noc_value_str(cause->under));
	if (cause->started_by)
		noc_value_set(r->json, "started_by",
			      noc_value_copy(cause->started_by));
	if (cause->callback)
		run_call_back(r, cause->callback);
	if (cause->forked_from)
		noc_value_set(r->json, "forked_from",
			      noc_value_copy(cause->forked_from));
	if (r->plan->calls) {
		memcpy(r->tree,
		       noc_fork_tree(cause->fork)
			   ? noc_fork_tree(cause->fork)
			   : noc_core_rules(r->core)->hash,
		       sizeof(r->tree));
		noc_value_set(r->json, "tree",
			      noc_value_str(noc_hex(tree, r->tree, 32)));
		noc_code_rules(r); /* kept when others come */
	}
}

/* It is not to be: nothing of it was written. */
static void
run_unmake(struct noc_run *r)
{
	noc_table_deln(&noc_runs_of(r->core)->by_id, r->id.b, sizeof(r->id.b));
	noc_run_free(r);
}

/* A fork's may be those of an old tree. */
static int
run_lacks_code(const struct noc_run *r, struct noc_err *err)
{
	if (noc_code_is_at_hand(r))
		return 0;
	return noc_err_set(err, NOC_ECONFLICT,
			   "The functions of '%s' are not in the rules any "
			   "more: --plan current takes it as it is now.",
			   r->rule);
}

int
noc_run_start(struct noc_core *core, const struct noc_run_cause *given,
	      struct noc_id *id, struct noc_err *err)
{
	struct noc_runs *runs = noc_runs_of(core);
	struct noc_run_cause cause = *given;
	struct noc_run *r;
	struct noc_id new_id;
	char text[NOC_ID_TEXT];
	int rc;

	noc_run_bury(runs);
	if (cause.ev)
		cause.ev = noc_core_write_event(core, cause.ev, "matched");
	new_id = run_id(core, &cause);
	if (id)
		*id = new_id;
	if (noc_run_state(core, &new_id) && !noc_id_is_zero(&cause.parent))
		return 0; /* before a restart, by the same step */
	if (noc_run_state(core, &new_id))
		return noc_err_set(err, NOC_ECONFLICT,
				   "Run %s has this cause already.",
				   noc_id_format(text, &new_id));
	r = noc_run_new(core, &new_id);
	run_fill(r, &cause);
	rc = run_lacks_code(r, err);
	if (!rc)
		rc = noc_queue_enter(r, &new_id, err);
	if (id)
		*id = new_id;
	if (rc) {
		run_unmake(r);
		if (rc > 0)
			runs->last = new_id;
		return rc > 0 ? run_join(core, &cause, &new_id, err) : rc;
	}
	noc_run_look(r);
	if (cause.fork)
		noc_fork_hold(r, cause.fork);
	runs->started++;
	runs->last = new_id;
	noc_run_write_start(r, cause.definition);
	r->dirty = true;
	noc_info("run", "run=%s rule=%s device=%s key=%s mode=%s %s", r->text,
		 r->rule, r->device, r->key, noc_mode_name(r->mode),
		 r->pending ? r->outcome : "started");
	if (cause.fork)
		noc_fork_rows(r, cause.fork);
	if (r->pending)
		noc_run_advance(r);
	else
		noc_run_begin(r);
	return 0;
}

const char *
noc_run_refusal(const struct noc_err *err)
{
	return err->kind == NOC_ECONFLICT || err->kind == NOC_ERESOURCE
		   ? "guarded"
		   : "errored";
}

int
noc_run_start_flow(struct noc_core *core, const char *flow,
		   const struct noc_run_cause *cause, struct noc_id *id,
		   struct noc_err *err)
{
	struct noc_ruleset *rs = noc_core_rules(core);
	struct noc_run_cause c = *cause;
	struct noc_value *input = NULL;
	int rc;

	c.plan = rs ? noc_table_get(&rs->flows, flow) : NULL;
	if (!c.plan)
		return noc_err_set(err, NOC_ENOTFOUND,
				   "There is no flow '%s' in the rules.", flow);
	if (c.input)
		input = noc_value_copy(c.input);
	c.rule = NULL;
	c.rule_name = flow;
	c.definition = NULL;
	rc = noc_input_check(flow, c.plan->input, &input, err);
	c.input = input;
	if (!rc)
		rc = noc_run_start(core, &c, id, err);
	noc_value_free(input);
	return rc;
}

/* ---- end ---- */

/* "raise, is_up": what was done, in order. */
static char *
run_summary(const struct noc_run *r)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;

	for (size_t i = 0; i < r->plan->nbody; i++) {
		const char *name = r->plan->steps[i].name;

		if (!noc_value_get(r->root->steps, name))
			continue;
		if (sb.len)
			noc_strbuf_adds(&sb, ", ");
		noc_strbuf_adds(&sb, name);
	}
	if (!sb.len)
		noc_strbuf_adds(&sb, "nothing to do");
	return noc_strbuf_detach(&sb, NULL);
}

struct noc_id
noc_run_last(const struct noc_core *core)
{
	return noc_runs_of(core)->last;
}

const char *
noc_run_state(const struct noc_core *core, const struct noc_id *id)
{
	if (noc_run_find(core, id))
		return "Running";
	return noc_ended_state(&noc_runs_of(core)->ended, id);
}

/* A log or a SET that nobody looked after says nothing of the fault. */
static bool
run_has_verified(const struct noc_run *r)
{
	for (size_t i = 0; r->plan->acting && i < r->plan->nsteps; i++)
		if (r->plan->steps[i].kind == NOC_STEP_VERIFY)
			return !r->would;
	return false;
}

/* It was to change something because of what nobody signed, and had no cause:
 * who tells of the same now is not one more that saw it. */
static bool
run_refutes(const struct noc_run *r)
{
	return noc_run_untrusted(r) && r->plan->acting && !r->counted &&
	       !strcmp(r->actor, "rule");
}

/* What it waited for when it ended is not waited for any more, and says so. */
static void
run_drop(struct noc_live *l)
{
	struct noc_step_done d = { .def = noc_live_step(l),
				   .state = "Cancelled",
				   .outcome = l->doubt && !l->undoes
						  ? "in_doubt"
						  : "cancelled" };

	if (l->out)
		noc_attempt_cancel(l, "the run has ended");
	else if (d.def && l->has_row && l->more->ended_ns == 0)
		noc_step_write_done(l, &d);
	noc_live_free(l);
}

/* Standard Webhooks: {type, timestamp, data}. */
static struct noc_value *
run_says(const struct noc_run *r)
{
	static const char *const kept[] = { "output", "input" };
	struct noc_value *says = noc_value_map(), *data = noc_value_map();
	char iso[32], *url = noc_asprintf("/api/v1/runs/%s", r->text);

	noc_value_set(data, "run_id", noc_value_str(r->text));
	noc_value_set(data, "url", noc_value_str(url));
	noc_value_set(data, "flow", noc_value_str(r->rule));
	noc_value_set(data, "mode", noc_value_str(noc_mode_name(r->mode)));
	noc_value_set(data, "state", noc_value_str(r->state));
	noc_value_set(data, "outcome", noc_value_str(r->outcome));
	noc_value_set(data, "started",
		      noc_value_str(noc_time_iso(iso, r->started_ns)));
	noc_value_set(data, "ended",
		      noc_value_str(noc_time_iso(iso, r->ended_ns)));
	for (size_t i = 0; i < NOC_COUNT(kept); i++)
		if (noc_value_get(r->json, kept[i]))
			noc_value_set(
			    data, kept[i],
			    noc_value_copy(noc_value_get(r->json, kept[i])));
	if (r->error)
		noc_value_set(data, "error", noc_value_copy(r->error));
	noc_value_set(says, "type", noc_value_str("run.ended"));
	noc_value_set(says, "timestamp",
		      noc_value_str(noc_time_iso(iso, r->ended_ns)));
	noc_value_set(says, "data", data);
	free(url);
	return says;
}

/* To the URLs that who started it named. */
static void
run_answer(const struct noc_run *r)
{
	const struct noc_value *list = noc_value_get(r->json, "callbacks");

	for (size_t i = 0; i < noc_value_len(list); i++)
		noc_callback_send(r->core, noc_value_at(list, i), run_says(r),
				  &r->id);
}

void
noc_run_end(struct noc_run *r, const char *state, const char *outcome)
{
	struct noc_runs *runs = noc_runs_of(r->core);

	if (r->ended)
		return;
	noc_fair_del(&runs->looks, &r->look);
	/* What holds others takes them with it. */
	for (struct noc_live *next, *l = r->lives; l; l = next) {
		next = l->next;
		if (!l->more->inner && !l->more->each)
			run_drop(l);
	}
	while (r->lives)
		run_drop(r->lives);
	if (r->root->more->broken)
		noc_live_free(r->root->more->broken);
	noc_due_disarm(r->core, &r->limit);
	noc_due_disarm(r->core, &r->grace);
	noc_mail_drop(r);
	if (r->would && !strcmp(state, "Succeeded")) {
		r->phase = "observed";
	} else {
		char *text = outcome ? noc_strdup(outcome) : run_summary(r);

		free(r->outcome);
		r->outcome = text;
		r->phase = r->undo_failed ? "compensation_failed" : "";
	}
	r->state = state;
	r->ended = true;
	r->dirty = true;
	r->ended_ns = noc_core_time(r->core).wall_ns;
	r->took_ns = noc_steady_now(r->core) - r->began_ns;
	if (!strcmp(state, "Succeeded")) {
		runs->succeeded++;
		if (run_refutes(r))
			noc_fold_refuted(r->core, r->ev);
		if (run_has_verified(r)) {
			noc_settle_end(r->core, &r->id);
			if (r->ev)
				noc_fold_recovered(r->core, r->ev);
		}
	} else if (!strcmp(state, "Failed")) {
		runs->failed++;
	} else {
		runs->cancelled++;
	}
	noc_run_write_end(r);
	run_answer(r);
	noc_life_ended(r);
	noc_ended_add(&runs->ended, &r->id, state);
	noc_info("run", "run=%s rule=%s state=%s outcome=\"%s\"", r->text,
		 r->rule, r->state, r->outcome);
	/* What was over at once is told by the line of its event. */
	if (r->ev && !outcome && !r->would && r->took_ns == 0)
		return;
	noc_core_say(r->core, "%s%s run %.18s %s: %s (%.1f s)",
		     noc_mode_mark(r->mode), r->rule, r->text, r->state,
		     r->outcome, (double)r->took_ns / 1e9);
}

/* What it needs is away: whoever looks after that hears of it. */
static void
run_tell_unavailable(struct noc_run *r)
{
	static const char *const said[] = { "step", "block", "message" };
	struct noc_value *data = noc_value_map();

	noc_value_set(data, "run", noc_value_str(r->text));
	for (size_t i = 0; i < NOC_COUNT(said); i++)
		noc_value_set(
		    data, said[i],
		    noc_value_str(noc_value_get_str(r->error, said[i], "")));
	noc_run_emit(r, "dependency.unavailable", data);
}

const char *
noc_run_title(const struct noc_run *r, char *buf, size_t size)
{
	snprintf(buf, size, "%s%s%s", r->rule, *r->device ? " " : "",
		 r->device);
	return buf;
}

/* A guard that kept it from acting is no failure; what could not be undone and
 * what people were asked about is told as that. */
static bool
run_is_told(const struct noc_run *r)
{
	static const char *const blocks[] = { "guard", "freeze" };
	const char *block = noc_value_get_str(r->error, "block", "");
	const char *code = noc_value_get_str(r->error, "code", "");

	for (size_t i = 0; i < NOC_COUNT(blocks); i++)
		if (!strcmp(block, blocks[i]))
			return true;
	return r->undo_failed || !strcmp(code, "undecided");
}

/* Nothing in its flow says who is to know: what was to change something and
 * did not, or refuses to try, must not do so in silence. */
static void
run_tell_failed(struct noc_run *r, const char *said, bool away)
{
	const struct noc_plan *plan = r->plan;
	const char *why = noc_value_get_str(r->error, "message", "failed");
	char title[300], notice[900];

	if (noc_value_len(plan->on_fail_actions) > 0 || plan->on_fail ||
	    plan->on_fail_node)
		return;
	if (!away && (!plan->acting || r->mode != NOC_ACTIVE || run_is_told(r)))
		return;
	/* All that one thing being away has stopped is one; else what one rule
	 * cannot do in one way. */
	snprintf(notice, sizeof(notice), "%s: %s", r->rule, said);
	if (r->mode != NOC_SHADOW &&
	    !noc_cause_tells(r->core, away ? why : notice))
		return;
	snprintf(notice, sizeof(notice), "%s: %s",
		 noc_run_title(r, title, sizeof(title)), said);
	noc_notify_text(r->core, "noc", notice, r->ev, r->mode, &r->id);
}

void
noc_run_fail(struct noc_run *r)
{
	const struct noc_plan *plan = r->plan;
	const char *step = noc_value_get_str(r->error, "step", "");
	const char *why = noc_value_get_str(r->error, "message", "failed");
	const char *class = noc_value_get_str(r->error, "class", "");
	const char *block = noc_value_get_str(r->error, "block", "");
	size_t n = noc_value_len(plan->on_fail_actions);
	struct noc_live *l = r->root->more->broken;
	char text[550];

	r->dirty = true;
	snprintf(text, sizeof(text), "%s%s%s%s: %s", step, *block ? " (" : "",
		 block, *block ? ")" : "", why);
	if (!strcmp(class, "dependency_unavailable"))
		run_tell_unavailable(r);
	for (size_t i = 0; i < n; i++)
		noc_run_tell(r->root, l ? noc_live_step(l) : NULL,
			     noc_value_at(plan->on_fail_actions, i), NULL);
	/* Of a shadow nobody would know what to acknowledge. */
	if (plan->on_fail && r->mode != NOC_SHADOW && l) {
		free(r->outcome);
		r->outcome = noc_strdup(text);
		noc_live_resume(l);
		noc_escalate_begin(l, plan->on_fail, true);
		return;
	}
	run_tell_failed(r, text, !strcmp(class, "dependency_unavailable"));
	noc_run_end(r, "Failed", text);
}
