/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/run/container.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/expr/template.h"
#include "engine/lang/ast.h"
#include "engine/flow/input.h"
#include "engine/run/advance.h"
#include "engine/run/attempt.h"
#include "engine/run/each.h"
#include "engine/run/escalate.h"
#include "engine/run/rows.h"
#include "engine/run/runner.h"
#include "engine/run/stage.h"
#include "engine/run/step.h"
#include "engine/run/targets.h"
#include "engine/run/undo.h"

/* ---- choose ---- */

static void
choose_open(struct noc_lane *lane, size_t node, int64_t chosen)
{
	const struct noc_step_def *steps = lane->run->plan->steps;
	int64_t n = 0;

	noc_lane_set_end(lane, node, NOC_END_OPEN);
	for (size_t i = node + 1; i < steps[node].end; i = steps[i].end)
		if (++n != chosen)
			for (size_t k = i; k < steps[i].end; k++)
				noc_lane_set_end(lane, k, NOC_END_SKIPPED);
}

void
noc_choose_load(struct noc_lane *lane, size_t node,
		const struct noc_value *output)
{
	choose_open(lane, node, noc_value_get_int(output, "chosen", 0));
}

void
noc_choose_begin(struct noc_lane *lane, size_t node)
{
	const struct noc_step_def *steps = lane->run->plan->steps, *b;
	struct noc_live *l = noc_step_enter(lane, node);
	struct noc_step_done d = { .def = &steps[node], .state = "Succeeded" };
	struct noc_value *output;
	struct noc_failure f;
	struct noc_err err = { 0 };
	int64_t n = 0, chosen = 0;
	char outcome[64];

	if (!l) {
		for (size_t k = node + 1; k < steps[node].end; k++)
			noc_lane_set_end(lane, k, NOC_END_SKIPPED);
		return;
	}
	for (size_t i = node + 1; !chosen && i < steps[node].end; i = b->end) {
		b = &steps[i];
		n++;
		if (noc_step_holds(l, b->when, b->when_fn, NULL, NULL, &err))
			chosen = n;
		if (err.kind != NOC_OK) {
			noc_failure_set(&f, "permanent", "rule", "when", "%s",
					err.msg);
			d.failure = &f;
			noc_step_fail(l, &d);
			return;
		}
	}
	output = noc_value_map();
	noc_value_set(output, "chosen", noc_value_int(chosen));
	snprintf(outcome, sizeof(outcome),
		 chosen ? "ok: branch %lld" : "ok: no branch",
		 (long long)chosen);
	d.outcome = outcome;
	d.output = output;
	noc_step_write_done(l, &d);
	noc_lane_give(lane, d.def->name, output);
	noc_live_free(l);
	choose_open(lane, node, chosen);
}

/* ---- call ---- */

static struct noc_lane *
call_lane(struct noc_live *l, struct noc_value *input)
{
	noc_live_more(l)->inner =
	    noc_lane_new(l->run, l->lane, noc_live_inner(l), l->path);
	noc_lane_more(l->more->inner)->input = input;
	noc_lane_wake(l->more->inner);
	return l->more->inner;
}

/* Of a container: until its timeout, if it has one. */
static int64_t
container_end(const struct noc_live *l)
{
	const struct noc_step_def *def = noc_live_step(l);

	return def->timeout_ms ? noc_ns_after(l->step_ns, def->timeout_ms) : 0;
}

/* What it is given, returned; NULL: it has failed of that. */
static struct noc_value *
call_input(struct noc_live *l)
{
	const struct noc_step_def *def = noc_live_step(l);
	struct noc_step_done d = { .def = def };
	struct noc_value *input = NULL, *extra = NULL;
	struct noc_failure f;
	struct noc_scope scope;
	struct noc_err err = { 0 };
	int rc;

	noc_lane_scope(l->lane, &scope);
	rc = noc_targets_find(l, &scope, &extra, &err);
	if (!rc && noc_targets_none(l, &f)) {
		noc_value_free(extra);
		d.failure = &f;
		noc_step_fail(l, &d);
		return NULL;
	}
	if (!rc && def->call_input)
		rc = noc_template_tree(def->call_input, &scope,
				       NOC_MISSING_FAIL, &input, &err);
	noc_value_free(extra);
	if (rc || noc_input_check(def->call, def->call_takes, &input, &err)) {
		noc_value_free(input);
		noc_failure_set(&f, "permanent", "rule", "input", "%s",
				err.msg);
		d.failure = &f;
		noc_step_fail(l, &d);
		return NULL;
	}
	return input ? input : noc_value_map();
}

/* input is owned. */
static void
call_write_start(struct noc_live *l, struct noc_value *input)
{
	const struct noc_step_def *def = noc_live_step(l);

	l->attempt = 1;
	noc_step_write_start(l, def, def->call, input);
	noc_value_free(l->more->inner->more->input);
	noc_lane_more(l->more->inner)->input = input;
	noc_live_wait(l, NOC_WAIT_INNER, "", container_end(l));
}

void
noc_call_begin(struct noc_live *l)
{
	struct noc_value *input = call_input(l);

	if (!input)
		return;
	call_lane(l, NULL);
	call_write_start(l, input);
}

void
noc_container_time(struct noc_live *l)
{
	if (!l->more->each && !l->more->inner)
		return;
	l->step_ns = noc_steady_now(l->run->core);
	if (l->more->each)
		noc_each_time(l);
	noc_live_wait(l, NOC_WAIT_INNER, "", container_end(l));
}

void
noc_container_fork(struct noc_live *l)
{
	struct noc_value *input;

	if (l->more->each)
		noc_each_fork(l);
	else if (l->more->inner && (input = call_input(l)))
		call_write_start(l, input);
}

/* As the failure of what it held, its path in front. */
void
noc_failure_inner(struct noc_failure *f, const struct noc_value *error)
{
	const char *class = noc_class_find(
	    noc_value_get_str(error, "class", "downstream_failed"));

	const char *step = noc_value_get_str(error, "step", "");

	noc_failure_set(f, class ? class : "downstream_failed",
			noc_value_get_str(error, "block", "flow"),
			noc_value_get_str(error, "code", "inner"), "%s%s%s",
			step, step[0] ? ": " : "",
			noc_value_get_str(error, "message", "failed"));
	f->critical = noc_value_get(error, "severity") != NULL;
}

static void
call_over(struct noc_live *l)
{
	const struct noc_step_def *def = noc_live_step(l);
	struct noc_lane *in = l->more->inner;
	struct noc_step_done d = { .def = def, .target = def->call };
	struct noc_value *output = NULL;
	struct noc_failure f;
	struct noc_scope scope;
	struct noc_err err = { 0 };

	/* What it did may have to be undone. */
	if (noc_undo_has(in)) {
		noc_live_more(l)->inner = NULL;
		noc_undo_keep(l->lane, in);
		d.input = in->more->input;
	}
	if (in->more->expired || (in->failed && in->more->broken)) {
		noc_failure_inner(&f, in->more->expired ? in->more->expired
							: in->more->error);
		d.failure = &f;
		noc_step_fail(l, &d);
		return;
	}
	if (in->cancelled && !in->more->stopped) {
		d.state = "Cancelled";
		d.outcome = "cancelled";
		noc_step_write_done(l, &d);
		noc_live_end(l, NOC_END_CANCELLED);
		return;
	}
	noc_lane_scope(in, &scope);
	if (def->call_output &&
	    noc_template_tree(def->call_output, &scope, NOC_MISSING_FAIL,
			      &output, &err)) {
		noc_failure_set(&f, "permanent", "rule", "output", "%s",
				err.msg);
		d.failure = &f;
		noc_step_fail(l, &d);
		return;
	}
	if (in->more->stopped)
		d.outcome = "ok: stopped";
	noc_step_succeed(l, output, &d);
}

/* ---- any ---- */

void
noc_lane_over(struct noc_lane *lane)
{
	struct noc_run *r = lane->run;
	struct noc_live *l;

	if (lane->each) {
		noc_each_lane_over(lane);
		return;
	}
	if (lane == r->root || lane == r->closing) {
		noc_stage_over(r);
		return;
	}
	l = noc_live_find(lane->up, lane->node);
	if (l && l->more->inner == lane)
		call_over(l);
}

void
noc_container_cancel(struct noc_live *l, const char *why)
{
	if (l->more->each)
		noc_each_cancel(l, why);
	else if (l->more->inner)
		noc_lane_cancel(l->more->inner, why);
	else
		noc_live_cancel(l, why);
}

bool
noc_container_is_cancelled(const struct noc_live *l)
{
	return l->more->each ? noc_each_is_cancelled(l->more->each)
			     : l->more->inner->cancelled;
}

/* What is under way in it is to come to its end first, and what it did can be
 * undone. */
void
noc_container_expire(struct noc_live *l, const struct noc_failure *f)
{
	struct noc_lane *in = l->more->inner;

	if (l->more->each) {
		noc_each_expire(l, f);
		return;
	}
	if (!in || in->more->expired)
		return;
	noc_lane_more(in)->expired = noc_failure_value(f);
	noc_lane_cancel(in, f->message);
}

void
noc_container_due(struct noc_live *l)
{
	struct noc_failure f;

	if (l->more->each && noc_each_due(l))
		return;
	noc_failure_set(&f, "timeout", "flow", "timeout",
			"its timeout is over before what it holds");
	noc_container_expire(l, &f);
}

void
noc_container_go_on(struct noc_live *l)
{
	noc_live_wait(l, NOC_WAIT_INNER, "", container_end(l));
	if (l->more->each)
		noc_each_go_on(l);
	else
		noc_lane_wake(l->more->inner);
}

void
noc_container_close(struct noc_live *l)
{
	if (l->more->each) {
		noc_each_free(l->more->each);
		noc_live_more(l)->each = NULL;
	}
	if (l->more->inner) {
		noc_lane_free(l->more->inner);
		noc_live_more(l)->inner = NULL;
	}
}

void
noc_container_store(const struct noc_live *l, struct noc_value *live)
{
	if (l->more->inner && l->more->inner->more->input)
		noc_value_set(live, "input",
			      noc_value_copy(l->more->inner->more->input));
	if (l->more->inner)
		noc_targets_say(l, live);
	if (l->more->each)
		noc_each_store(l->more->each, live);
}

void
noc_container_load(struct noc_live *l, const struct noc_value *live)
{
	const struct noc_step_def *def = noc_live_step(l);
	const struct noc_value *input = noc_value_get(live, "input");
	const struct noc_value *targets = noc_value_get(live, "targets");
	const struct noc_value *left_out = noc_value_get(live, "left_out");

	if (targets && targets->type == NOC_LIST) {
		noc_live_more(l)->targets = noc_value_copy(targets);
		noc_live_more(l)->left_out =
		    left_out ? noc_value_copy(left_out) : noc_value_map();
	}
	if (def && def->kind == NOC_STEP_CALL)
		call_lane(l, input ? noc_value_copy(input) : noc_value_map());
	else if (def && def->kind == NOC_STEP_EACH)
		noc_each_load(l, live);
}

/* Which of its ancestors have a scope of their own, the outermost first. */
static size_t
container_around(const struct noc_plan *p, size_t node, size_t around[],
		 size_t max)
{
	size_t n = 0, up = p->steps[node].up;

	for (; up != NOC_NODE_TOP; up = p->steps[up].up) {
		enum noc_step_kind kind = p->steps[up].kind;

		if (kind != NOC_STEP_CALL && kind != NOC_STEP_EACH)
			continue;
		if (n == max)
			return max + 1;
		memmove(around + 1, around, n * sizeof(*around));
		around[0] = up;
		n++;
	}
	return n;
}

/* "fix", "precheck[sw1]": where in the path the scope of this node ends; NULL:
 * it is not in it. */
static const char *
container_part(const struct noc_step_def *def, const char *path,
	       const char **key)
{
	size_t len = strlen(def->name);

	if (strncmp(path, def->name, len) != 0)
		return NULL;
	path += len;
	*key = NULL;
	if (def->kind == NOC_STEP_CALL)
		return *path == '/' ? path : NULL;
	if (*path != '[')
		return NULL;
	*key = path + 1;
	path = strchr(path, ']');
	return path ? path + 1 : NULL;
}

/* The step itself, or the one that it takes back. */
size_t
noc_container_of(const struct noc_plan *p, size_t node)
{
	while (node >= p->undo_from)
		node = p->steps[node].takes_back ? p->steps[node].pair
						 : p->steps[node].up;
	return node;
}

struct noc_lane *
noc_container_lane(struct noc_run *r, size_t node, const char *path,
		   int64_t item)
{
	size_t around[NOC_AROUND_MAX];
	size_t n = container_around(r->plan, node, around, NOC_AROUND_MAX);
	size_t of = noc_container_of(r->plan, node);
	struct noc_lane *lane = of < r->plan->nbody ? r->root : r->closing;
	const char *at = path, *key;

	/* Those of on_fail, when it is at finally. */
	if (lane && (of < lane->from || of >= lane->to))
		return NULL;
	for (size_t i = 0; lane && i < n && n <= NOC_AROUND_MAX; i++) {
		struct noc_live *l = noc_live_find(lane, around[i]);
		const char *end =
		    container_part(&r->plan->steps[around[i]], at, &key);
		char *prefix;

		if (!end)
			return NULL;
		if (l && l->more->each) {
			lane = noc_each_lane(l->more->each, key,
					     (size_t)(end - key) - 1);
		} else if (l) {
			lane = l->more->inner;
		} else {
			prefix = noc_strndup(path, (size_t)(end - path));
			lane = noc_undo_lane(lane, around[i], prefix,
					     key ? item : -1);
			free(prefix);
		}
		at = *end ? end + 1 : end;
	}
	return n <= NOC_AROUND_MAX ? lane : NULL;
}
