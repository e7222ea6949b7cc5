/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/flow/label.h"

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/redact.h"
#include "base/utf8.h"
#include "engine/lang/ast.h"
#include "engine/expr/template.h"
#include "engine/expr/where.h"
#include "engine/flow/input.h"
#include "engine/flow/plan.h"

#define LABEL_ROWS  4	/* of one line */
#define LABEL_VALUE 160 /* bytes of what a rule wrote */

static void
label_add(struct noc_strbuf *out, const char *text)
{
	if (text)
		noc_strbuf_add_escaped(out, text, strlen(text));
}

/* A new line, and what it begins with. */
static void
label_line(struct noc_strbuf *out, const char *word)
{
	if (out->len)
		noc_strbuf_addc(out, '\n');
	noc_strbuf_adds(out, word);
}

/* "integer min=2 max=4094", "select role=access", "{input.x}", "3 values". */
static void
label_value(struct noc_strbuf *out, const struct noc_value *v)
{
	const struct noc_value *opts = noc_ast_opts(v);
	struct noc_strbuf text = NOC_STRBUF_INIT;

	if (noc_ast_node(v)) {
		label_add(out, noc_ast_node(v));
		for (size_t i = 0; opts && i < opts->u.map.len; i++) {
			noc_strbuf_addc(out, ' ');
			label_add(out, opts->u.map.at[i].key);
			noc_strbuf_addc(out, '=');
			label_value(out, opts->u.map.at[i].value);
		}
	} else if (v && v->type == NOC_LIST) {
		noc_strbuf_addf(out, "%zu values", noc_value_len(v));
	} else if (v) {
		noc_strbuf_add(&text, "", 0);
		noc_value_text(v, &text);
		noc_strbuf_add_escaped(out, text.p,
				       text.len < LABEL_VALUE ? text.len
							      : LABEL_VALUE);
	}
	noc_strbuf_release(&text);
}

/* "a=1, b={input.x}" of a plain map or of a table with options. */
static void
label_map(struct noc_strbuf *out, const struct noc_value *v)
{
	struct noc_value *said = v ? noc_redact_value(v) : NULL;
	const struct noc_value *map =
	    noc_ast_opts(said) ? noc_ast_opts(said) : said;

	for (size_t i = 0; map && map->type == NOC_MAP && i < map->u.map.len;
	     i++) {
		noc_strbuf_adds(out, i ? ", " : " ");
		label_add(out, map->u.map.at[i].key);
		noc_strbuf_addc(out, '=');
		label_value(out, map->u.map.at[i].value);
	}
	noc_value_free(said);
}

static void
label_when(const struct noc_step_def *s, struct noc_strbuf *out)
{
	noc_strbuf_adds(out, "when ");
	if (s->when)
		noc_where_text(s->when, out);
	else
		noc_strbuf_adds(out, "its function says so");
}

/* ---- the title ---- */

void
noc_label_title(const struct noc_step_def *s, struct noc_strbuf *out)
{
	switch (s->kind) {
	case NOC_STEP_BRANCH:
		noc_strbuf_adds(out,
				s->when || s->when_fn ? "branch" : "otherwise");
		return;
	case NOC_STEP_CHECK:
		noc_strbuf_adds(out, "check, after each wave");
		return;
	case NOC_STEP_ON_FAIL:
		noc_strbuf_adds(out, "on_fail, after it failed");
		return;
	case NOC_STEP_FINALLY:
		noc_strbuf_adds(out, "finally, however it ends");
		return;
	case NOC_STEP_ACTION:
	case NOC_STEP_EMIT:
		label_add(out, s->name && *s->name ? s->name : "?");
		break;
	case NOC_STEP_VERIFY:
	case NOC_STEP_STOP:
	case NOC_STEP_FAIL:
	case NOC_STEP_ESCALATE:
	case NOC_STEP_SLEEP:
	case NOC_STEP_APPROVE:
	case NOC_STEP_CONFIRM:
	case NOC_STEP_WAIT_FOR:
	case NOC_STEP_PARALLEL:
	case NOC_STEP_CHOOSE:
	case NOC_STEP_CALL:
	case NOC_STEP_EACH:
	case NOC_STEP_UNDO:
		noc_strbuf_adds(out, noc_step_kind_name(s->kind));
		if (s->name && *s->name)
			noc_strbuf_addc(out, ' ');
		label_add(out, s->name);
		break;
	}
	if (s->mutates)
		noc_strbuf_adds(out, " (changes)");
}

/* ---- what it does ---- */

static void
label_does(const struct noc_step_def *s, struct noc_strbuf *out)
{
	struct noc_strbuf text = NOC_STRBUF_INIT;
	bool known = false;

	switch (s->kind) {
	case NOC_STEP_ACTION:
	case NOC_STEP_EMIT:
	case NOC_STEP_VERIFY:
		known = noc_ast_node(s->params) != NULL;
		break;
	case NOC_STEP_STOP:
	case NOC_STEP_FAIL:
	case NOC_STEP_SLEEP:
		known = s->reason != NULL;
		break;
	case NOC_STEP_ESCALATE:
		known = s->escalation != NULL;
		break;
	case NOC_STEP_APPROVE:
	case NOC_STEP_CONFIRM:
		known = s->gate != NULL;
		break;
	case NOC_STEP_WAIT_FOR:
		known = s->await != NULL;
		break;
	case NOC_STEP_UNDO:
		known = s->undo_of != NULL;
		break;
	case NOC_STEP_CALL: /* else in its title */
		known = s->takes_back && s->call;
		break;
	case NOC_STEP_PARALLEL:
	case NOC_STEP_CHOOSE:
	case NOC_STEP_BRANCH:
	case NOC_STEP_EACH:
	case NOC_STEP_CHECK:
	case NOC_STEP_ON_FAIL:
	case NOC_STEP_FINALLY:
		break;
	}
	if (!known)
		return;
	label_line(out, "");
	noc_strbuf_add(&text, "", 0);
	noc_plan_describe_step(s, NULL, &text);
	label_add(out, text.p);
	noc_strbuf_release(&text);
	if (s->kind == NOC_STEP_UNDO && s->undo_items) {
		noc_strbuf_adds(out, " of ");
		label_value(out, s->undo_items);
	}
}

static void
label_need(const struct noc_each_def *e, struct noc_strbuf *out)
{
	if (e->need_text) {
		noc_strbuf_adds(out, ", need ");
		label_add(out, noc_template_source(e->need_text));
	} else if (e->need == NOC_NEED_ALL) {
		noc_strbuf_adds(out, ", need all");
	} else if (e->need == NOC_NEED_COUNT && !e->need_n) {
		noc_strbuf_adds(out, ", need any");
	} else {
		noc_strbuf_addf(out, ", need %lld%s", (long long)e->need_n,
				e->need == NOC_NEED_PERCENT ? "%" : "");
	}
	if (!e->let_finish && (e->need_text || e->need != NOC_NEED_ALL))
		noc_strbuf_adds(out, ", then cancel the rest");
}

static void
label_each(const struct noc_each_def *e, struct noc_strbuf *out)
{
	static const char *const scopes[] = {
		[NOC_UNDO_NONE] = NULL,
		[NOC_UNDO_RUN] = "run",
		[NOC_UNDO_WAVE] = "wave",
		[NOC_UNDO_FAILED] = "failed_items",
		[NOC_UNDO_SUCCEEDED] = "succeeded_items",
	};
	char per[32];

	label_line(out, "for each ");
	label_add(out, e->as ? e->as : "item");
	noc_strbuf_adds(out, " of ");
	label_value(out, e->over);
	label_line(out, "limit ");
	if (e->limit_text)
		label_add(out, noc_template_source(e->limit_text));
	else
		noc_strbuf_addi(out, e->limit);
	if (e->rate_n)
		noc_strbuf_addf(out, ", rate %lld/%s", (long long)e->rate_n,
				noc_duration_format(per, e->rate_ms));
	if (e->batch)
		noc_strbuf_addf(out, ", batch %lld", (long long)e->batch);
	label_need(e, out);
	for (size_t i = 0; i < e->nwaves; i++) {
		const struct noc_wave *wave = &e->waves[i];

		if (!i)
			label_line(out, "waves ");
		noc_strbuf_adds(out, i ? ", " : "");
		if (wave->kind == NOC_WAVE_REST)
			noc_strbuf_adds(out, "rest");
		else
			noc_strbuf_addf(out, "%lld%s", (long long)wave->n,
					wave->kind == NOC_WAVE_PERCENT ? "%"
								       : "");
	}
	if ((size_t)e->undo < NOC_COUNT(scopes) && scopes[e->undo])
		noc_strbuf_addf(out, "%sundo %s", e->nwaves ? ", " : "\n",
				scopes[e->undo]);
}

/* Tries and bounds of time, those that say something. */
static void
label_bounds(const struct noc_step_def *s, struct noc_strbuf *out)
{
	char a[32], b[32];
	const char *sep = "";

	if (!s->timeout_ms && !s->deadline_ms && !s->within_ms)
		return;
	label_line(out, "");
	if (s->within_ms) {
		noc_strbuf_addf(out, "every %s within %s",
				noc_duration_format(a, s->every_ms),
				noc_duration_format(b, s->within_ms));
		if (s->stable_ms)
			noc_strbuf_addf(out, ", stable %s",
					noc_duration_format(a, s->stable_ms));
		sep = ", ";
	}
	if (s->timeout_ms) {
		noc_strbuf_addf(out, "%stimeout %s", sep,
				noc_duration_format(a, s->timeout_ms));
		sep = ", ";
	}
	if (s->deadline_ms) {
		noc_strbuf_addf(out, "%sdeadline %s", sep,
				noc_duration_format(a, s->deadline_ms));
		sep = ", ";
	}
	if (s->kind == NOC_STEP_ACTION && s->action && s->retry.attempts > 1)
		noc_strbuf_addf(out, "%s%d attempts", sep, s->retry.attempts);
}

void
noc_label_text(const struct noc_step_def *s, struct noc_strbuf *out)
{
	struct noc_strbuf undo = NOC_STRBUF_INIT;

	noc_strbuf_add(out, "", 0);
	label_does(s, out);
	if (s->kind == NOC_STEP_CALL && s->call) {
		label_line(out, "call ");
		label_add(out, s->call);
		label_map(out, s->call_input);
	}
	if (s->kind == NOC_STEP_EACH && s->each)
		label_each(s->each, out);
	if (s->when || s->when_fn) {
		label_line(out, "");
		label_when(s, out);
	}
	if (s->expect || s->expect_fn) {
		label_line(out, "expect ");
		if (s->expect)
			noc_where_text(s->expect, out);
		else
			noc_strbuf_adds(out, "what its function says");
	}
	label_bounds(s, out);
	if (s->undo) {
		label_does(s->undo, &undo);
		label_line(out, "undo: ");
		noc_strbuf_adds(out, undo.p ? undo.p : "?");
	}
	noc_strbuf_release(&undo);
}

/* ---- the flow ---- */

void
noc_label_over(const struct noc_each_def *e, struct noc_strbuf *out)
{
	label_value(out, e->over);
}

void
noc_label_on_fail(const struct noc_plan *p, struct noc_strbuf *out)
{
	const char *sep = "";
	size_t n = noc_value_len(p->on_fail_actions);

	if (p->undo != NOC_UNDO_NONE) {
		noc_strbuf_adds(out, "undo what it has done");
		sep = ", ";
	}
	for (size_t i = 0; i < n; i++) {
		const struct noc_value *v = noc_value_at(p->on_fail_actions, i);

		noc_strbuf_adds(out, sep);
		label_add(out, noc_ast_node(v));
		if (noc_ast_name(v))
			noc_strbuf_addc(out, ' ');
		label_add(out, noc_ast_name(v));
		sep = ", ";
	}
	if (p->on_fail)
		noc_strbuf_addf(out, "%sescalate in %zu levels", sep,
				p->on_fail->nlevels);
}

/* "vid=integer min=2 max=4094, site=string default=hq values=hq|lab" */
static void
label_input(struct noc_strbuf *out, const struct noc_value *takes)
{
	static const char *const keys[] = { "min", "max", "default", "values" };
	struct noc_value *all = noc_input_shown(takes);

	for (size_t i = 0; i < noc_value_len(all); i++) {
		const struct noc_member *m = &all->u.map.at[i];

		noc_strbuf_adds(out, i ? ", " : " ");
		label_add(out, m->key);
		noc_strbuf_addc(out, '=');
		label_add(out, noc_value_get_str(m->value, "type", "any"));
		for (size_t k = 0; k < NOC_COUNT(keys); k++) {
			const struct noc_value *v =
			    noc_value_get(m->value, keys[k]);

			if (!v)
				continue;
			noc_strbuf_addf(out, " %s=", keys[k]);
			if (k + 1 < NOC_COUNT(keys))
				label_value(out, v);
			for (size_t j = 0;
			     k + 1 == NOC_COUNT(keys) && j < noc_value_len(v);
			     j++) {
				noc_strbuf_adds(out, j ? "|" : "");
				label_value(out, noc_value_at(v, j));
			}
		}
	}
	noc_value_free(all);
}

void
noc_label_flow(const struct noc_plan *p, struct noc_strbuf *out)
{
	char text[32];

	label_line(out, p->acting ? "changes something" : "changes nothing");
	noc_strbuf_addf(out, ", %zu nodes", p->nsteps);
	if (p->timeout_ms)
		noc_strbuf_addf(out, ", timeout %s",
				noc_duration_format(text, p->timeout_ms));
	if (noc_value_len(p->input)) {
		label_line(out, "input");
		label_input(out, p->input);
	}
	if (noc_value_len(p->output)) {
		label_line(out, "output");
		label_map(out, p->output);
	}
	if (p->undo != NOC_UNDO_NONE || p->on_fail ||
	    noc_value_len(p->on_fail_actions))
		label_line(out, "when it fails: ");
	noc_label_on_fail(p, out);
	if (p->undo_cancelled)
		label_line(out, "when it is cancelled: undo what it has done");
}

/* ---- rows ---- */

/* One row of p[0..len) into out; how many bytes were taken. */
static size_t
label_row(const char *p, size_t len, int width, bool last,
	  struct noc_strbuf *out)
{
	size_t fit = noc_utf8_fit(p, len, width), cut = fit;

	if (fit == len) {
		noc_strbuf_add(out, p, len);
		return len;
	}
	if (last) {
		noc_strbuf_add(out, p, noc_utf8_fit(p, len, width - 1));
		noc_strbuf_adds(out, "…");
		return len;
	}
	while (cut > fit / 4 && p[cut] != ' ')
		cut--;
	if (cut <= fit / 4)
		cut = fit;
	noc_strbuf_add(out, p, cut);
	return cut + (p[cut] == ' ');
}

void
noc_label_cut(const char *text, int width, struct noc_strbuf *out)
{
	noc_strbuf_add(out, "", 0);
	if (width > 0)
		label_row(text, strlen(text), width, true, out);
}

int
noc_label_wrap(const char *text, int width, struct noc_strbuf *out)
{
	int rows = 0;

	noc_strbuf_add(out, "", 0);
	if (width < 2)
		width = 2;
	while (*text) {
		size_t len = strcspn(text, "\n"), at = 0;

		for (int row = 1; at < len; row++) {
			if (rows++)
				noc_strbuf_addc(out, '\n');
			at += label_row(text + at, len - at, width,
					row == LABEL_ROWS, out);
		}
		text += len + (text[len] == '\n');
	}
	return rows;
}
