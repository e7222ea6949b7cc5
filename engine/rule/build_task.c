/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <string.h>

#include "base/intern.h"
#include "base/mem.h"
#include "engine/expr/where_test.h"
#include "engine/edge/action.h"
#include "engine/rule/build.h"
#include "engine/rule/calendar.h"

/* ---- schedule, poll, sensor ---- */

static void
task_calendar(struct noc_build *b, const struct noc_value *opts)
{
	const char *cron = noc_value_get_str(opts, "cron", NULL);
	bool civil = cron || noc_value_get(opts, "at");
	struct noc_calendar *calendar = NULL;
	struct noc_err err;

	if (civil && noc_calendar_new(opts, &calendar, &err))
		noc_build_err(b, NULL, &err);
	else if (cron && !noc_calendar_next(calendar, 0))
		noc_build_error(b, NULL, "'%s' is never: no date is so.", cron);
	noc_calendar_free(calendar);
	if (noc_value_get(opts, "dst") && !cron)
		noc_build_error(b, NULL,
				"'dst' is about times of 'cron', and there is "
				"none.");
	if (noc_value_get(opts, "tz") && !civil)
		noc_build_error(b, NULL,
				"'tz' is the zone of 'cron' or 'at', and there "
				"is none.");
	if (noc_build_duration(b, opts, "every", 1000) < 1000)
		noc_build_error(b, NULL, "'every' is a second or more, not %s.",
				noc_value_get_str(opts, "every", ""));
	noc_build_duration(b, opts, "jitter", 0);
}

static void
task_when(struct noc_build *b, const struct noc_value *opts)
{
	bool every = noc_value_get(opts, "every") != NULL;
	bool cron = noc_value_get(opts, "cron") != NULL;
	bool at = noc_value_get(opts, "at") != NULL;

	if (every + cron + at != 1)
		noc_build_error(
		    b, NULL, "needs exactly one of every, cron%s.",
		    strcmp(noc_ast_node(b->node), "poll") ? " and at" : "");
}

static void
task_poll(struct noc_build *b, struct noc_task *t, const struct noc_value *opts)
{
	const struct noc_value *action =
	    noc_value_at(noc_ast_items(b->node), 0);
	struct noc_where *when;

	(void)t;
	if (noc_value_len(noc_ast_items(b->node)) != 1 || !noc_ast_node(action))
		noc_build_error(b, NULL,
				"needs exactly one action that reads.");
	else if (!noc_action_find(noc_ast_node(action)))
		noc_build_error(b, action, "no action '%s'.",
				noc_ast_node(action));
	noc_build_check(b, action);
	when = noc_build_where(b, noc_value_get(opts, "when"), false);
	noc_where_free(when);
}

/* Who says when it runs has decided that it may act; `mode` says less. */
static void
task_mode(struct noc_build *b, struct noc_task *t, const struct noc_value *opts)
{
	bool acting =
	    noc_build_acts(b, t->run) || noc_build_acts(b, t->on_missed) ||
	    noc_build_acts(b, t->on_error) || noc_build_acts(b, t->on_breach);
	enum noc_mode mode = noc_build_mode(b, opts, acting, NULL);
	bool said = noc_value_get(opts, "mode") != NULL;

	t->mode = said && (acting || mode == NOC_SHADOW) ? mode : NOC_ACTIVE;
}

void
noc_build_task(struct noc_build *b, struct noc_task *t)
{
	const struct noc_value *opts = noc_ast_opts(b->node);

	t->name = noc_interns(noc_ast_name(b->node));
	t->type = noc_interns(noc_ast_node(b->node));
	t->ast = b->node;
	noc_build_place(b->node, &t->file, &t->line);
	noc_build_definition(b, b->node, t->definition);
	if (strcmp(t->type, "sensor")) {
		task_when(b, opts);
		task_calendar(b, opts);
	}
	if (!strcmp(t->type, "poll"))
		task_poll(b, t, opts);
	t->run = noc_build_plan(b, t->name, noc_value_get(opts, "run"));
	t->on_missed =
	    noc_build_plan(b, t->name, noc_value_get(opts, "on_missed"));
	t->on_error =
	    noc_build_plan(b, t->name, noc_value_get(opts, "on_error"));
	t->on_breach =
	    noc_build_plan(b, t->name, noc_value_get(opts, "on_breach"));
	task_mode(b, t, opts);
}

void
noc_task_release(struct noc_task *t)
{
	noc_plan_unref(t->run);
	noc_plan_unref(t->on_missed);
	noc_plan_unref(t->on_error);
	noc_plan_unref(t->on_breach);
}

/* ---- channel ---- */

void
noc_build_channel(struct noc_build *b, struct noc_channel *c)
{
	const struct noc_value *opts = noc_ast_opts(b->node);

	c->name = noc_interns(noc_ast_name(b->node));
	noc_build_place(b->node, &c->file, &c->line);
	c->limit = noc_build_rate(b, opts, "limit", NULL);
	c->fallback = noc_value_get_str(opts, "fallback", NULL);
	if (c->fallback)
		c->fallback = noc_interns(c->fallback);
	c->actions = noc_ast_items(b->node);
	if (!noc_value_len(c->actions))
		noc_build_error(b, NULL,
				"needs an action that tells somebody, such as "
				"mail { ... }.");
	for (size_t i = 0; i < noc_value_len(c->actions); i++) {
		const struct noc_value *action = noc_value_at(c->actions, i);

		if (noc_ast_is(action, "notify"))
			noc_build_error(b, action,
					"a channel cannot notify a channel; "
					"use fallback.");
		else if (!noc_ast_node(action) ||
			 !noc_action_find(noc_ast_node(action)))
			noc_build_error(b, action, "'%s' is no action.",
					noc_ast_node(action)
					    ? noc_ast_node(action)
					    : "a value");
	}
}
