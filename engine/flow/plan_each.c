/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/table.h"
#include "engine/lang/ast.h"
#include "engine/expr/template.h"
#include "engine/flow/hold.h"
#include "engine/flow/plan_private.h"

/* The options of an each: what is in it are nodes of their own. */

#define EACH_ITEMS_MAX 10000
#define EACH_LIMIT     20
#define EACH_WAVES_MAX 64

static int
each_template(const char *text, struct noc_template **out, struct noc_err *err)
{
	return noc_template_parse(text, strlen(text), out, err);
}

/* "10" or "10%"; nothing else. */
static bool
each_number(const char *text, int64_t *n, bool *percent)
{
	char *end;

	if (!isdigit((unsigned char)*text) || strlen(text) > 8)
		return false;
	*n = strtoll(text, &end, 10);
	*percent = *end == '%';
	return !end[*percent];
}

/* Two that are called the same, of a list that is written out. */
static int
each_twice(const struct noc_value *opts, const struct noc_value *over,
	   struct noc_err *err)
{
	struct noc_table seen = { 0 };
	int rc = 0;

	for (size_t i = 0;
	     !rc && !noc_value_get(opts, "key") && i < noc_value_len(over);
	     i++) {
		const struct noc_value *v = noc_value_at(over, i);
		struct noc_strbuf key = NOC_STRBUF_INIT;
		uintptr_t before = 0;

		if (v->type == NOC_STR || v->type == NOC_INT)
			noc_value_text(v, &key);
		if (key.len && !memchr(key.p, '{', key.len))
			before = (uintptr_t)noc_table_putn(
			    &seen, key.p, key.len, (void *)(i + 1));
		if (before)
			rc = noc_err_set(err, NOC_ECONFIG,
					 "items %zu and %zu of 'over' have the "
					 "same key '%.60s'; each is named by "
					 "its key, say key = \"...\".",
					 (size_t)before, i + 1, key.p);
		noc_strbuf_release(&key);
	}
	noc_table_release(&seen);
	return rc;
}

static int
each_over(const struct noc_value *opts, struct noc_each_def *e,
	  struct noc_err *err)
{
	const char *text = noc_value_get_str(opts, "over", NULL);
	bool list, none;

	e->over = noc_value_get(opts, "over");
	e->empty_ok = !strcmp(noc_value_get_str(opts, "empty", "error"), "ok");
	list = e->over && e->over->type == NOC_LIST;
	/* An empty table of Lua's is either. */
	none = e->over && !noc_ast_node(e->over) && !text &&
	       (list || e->over->type == NOC_MAP) && !noc_value_len(e->over);
	if (none)
		return e->empty_ok
			   ? 0
			   : noc_err_set(err, NOC_ECONFIG,
					 "'over' has no items; say empty = "
					 "\"ok\" when that may be.");
	if (!e->over || !(list || text || noc_ast_is(e->over, "inventory")))
		return noc_err_set(
		    err, NOC_ECONFIG,
		    "needs over = \"{steps.x.list}\", a list, or "
		    "inventory { role = \"access\" }.");
	if (text && (*text != '{' || strchr(text, '}') != strrchr(text, '}') ||
		     text[strlen(text) - 1] != '}'))
		return noc_err_set(err, NOC_ECONFIG,
				   "'over' is one name in braces, as "
				   "\"{steps.x.list}\", and not \"%.60s\".",
				   text);
	if (list && noc_value_len(e->over) > EACH_ITEMS_MAX)
		return noc_err_set(
		    err, NOC_ECONFIG,
		    "'over' has %zu items; at most %d are taken.",
		    noc_value_len(e->over), EACH_ITEMS_MAX);
	return list ? each_twice(opts, e->over, err) : 0;
}

static int
each_names(const struct noc_value *opts, struct noc_each_def *e,
	   struct noc_err *err)
{
	static const char *const taken[] = { "steps", "input", "error", "run",
					     "undo" };
	const char *key = noc_value_get_str(opts, "key", NULL), *p;

	for (p = e->as; isalnum((unsigned char)*p) || *p == '_';)
		p++;
	if (*p || p == e->as || isdigit((unsigned char)*e->as) ||
	    p - e->as > 64)
		return noc_err_set(err, NOC_ECONFIG,
				   "as = \"%.60s\" is no name: letters, digits "
				   "and _.",
				   e->as);
	for (size_t i = 0; i < NOC_COUNT(taken); i++)
		if (!strcmp(taken[i], e->as))
			return noc_err_set(
			    err, NOC_ECONFIG,
			    "as = \"%s\" would hide what the run "
			    "calls so.",
			    e->as);
	return key ? each_template(key, &e->key, err) : 0;
}

/* Whether the text is "{...}", for which it is known when it runs. */
static bool
each_is_template(const char *text)
{
	return text && strchr(text, '{');
}

static int
each_pace(const struct noc_value *opts, struct noc_each_def *e,
	  struct noc_err *err)
{
	const struct noc_value *limit = noc_value_get(opts, "limit");
	const char *text = noc_value_get_str(opts, "limit", NULL);
	const char *rate = noc_value_get_str(opts, "rate", NULL), *by = NULL;
	bool percent = false;

	e->limit = noc_value_get_int(opts, "limit", EACH_LIMIT);
	if (each_is_template(text))
		return each_template(text, &e->limit_text, err);
	if ((text && (!each_number(text, &e->limit, &percent) || percent)) ||
	    (limit && !text && limit->type != NOC_INT) || e->limit < 1 ||
	    e->limit > EACH_ITEMS_MAX)
		return noc_err_set(err, NOC_ECONFIG,
				   "'limit' is how many items at a time: 1 to "
				   "%d.",
				   EACH_ITEMS_MAX);
	if (rate && (noc_rate_parse(rate, &e->rate_n, &e->rate_ms, &by) || by ||
		     e->rate_n < 1))
		return noc_err_set(err, NOC_ECONFIG,
				   "'rate' must be so many in a time, as "
				   "\"200/1s\", not '%.40s'.",
				   rate);
	e->batch = noc_value_get_int(opts, "batch", 0);
	if (noc_value_get(opts, "batch") &&
	    (e->batch < 1 || e->batch > EACH_ITEMS_MAX))
		return noc_err_set(err, NOC_ECONFIG,
				   "'batch' is how many items end before "
				   "others begin: 1 to %d.",
				   EACH_ITEMS_MAX);
	return 0;
}

static int
each_wave(const struct noc_value *v, bool last, struct noc_wave *w,
	  struct noc_err *err)
{
	bool percent = false;

	w->kind = NOC_WAVE_COUNT;
	if (v->type == NOC_INT)
		w->n = v->u.i;
	else if (noc_value_is_str(v, "rest"))
		w->kind = NOC_WAVE_REST;
	else if (v->type != NOC_STR || !each_number(v->u.s.p, &w->n, &percent))
		return noc_err_set(
		    err, NOC_ECONFIG,
		    "a wave is a number, a share as \"10%%\", or "
		    "\"rest\".");
	if (percent)
		w->kind = NOC_WAVE_PERCENT;
	if ((w->kind == NOC_WAVE_REST) != last)
		return noc_err_set(err, NOC_ECONFIG,
				   "the last wave, and no other, is \"rest\".");
	if (!last && (w->n < 1 || w->n > (percent ? 100 : EACH_ITEMS_MAX)))
		return noc_err_set(err, NOC_ECONFIG,
				   "a wave is 1 to %d items, or 1%% to 100%%.",
				   EACH_ITEMS_MAX);
	return 0;
}

static int
each_waves(const struct noc_value *opts, struct noc_each_def *e,
	   struct noc_err *err)
{
	const struct noc_value *v = noc_value_get(opts, "waves");
	size_t n = noc_value_len(noc_ast_items(v));
	int rc = 0;

	if (!v)
		return 0;
	if (v->type != NOC_LIST || n < 2 || n > EACH_WAVES_MAX)
		return noc_err_set(err, NOC_ECONFIG,
				   "'waves' is a list of 2 to %d, as { \"1\", "
				   "\"10%%\", \"rest\" }.",
				   EACH_WAVES_MAX);
	if (e->batch)
		return noc_err_set(err, NOC_ECONFIG,
				   "'batch' and 'waves' both say how many end "
				   "before others begin; say one.");
	e->waves = noc_calloc(n, sizeof(*e->waves));
	e->nwaves = n;
	for (size_t i = 0; !rc && i < n; i++)
		rc = each_wave(noc_value_at(v, i), i + 1 == n, &e->waves[i],
			       err);
	return rc;
}

static int
each_need_wrong(struct noc_err *err)
{
	return noc_err_set(err, NOC_ECONFIG,
			   "'need' is \"all\", a number up to %d, a share as "
			   "\"95%%\", \"first\" or \"any\".",
			   EACH_ITEMS_MAX);
}

static int
each_need(const struct noc_value *opts, struct noc_each_def *e,
	  struct noc_err *err)
{
	const struct noc_value *v = noc_value_get(opts, "need");
	const char *text = noc_value_get_str(opts, "need", NULL);
	const char *then = noc_value_get_str(opts, "on_satisfied", NULL);
	bool first = text && !strcmp(text, "first"), percent = false;

	e->let_finish = !first && (!then || strcmp(then, "cancel_rest"));
	if (first && then && strcmp(then, "cancel_rest"))
		return noc_err_set(err, NOC_ECONFIG,
				   "need = \"first\" cancels the others; say "
				   "need = 1 to let them finish.");
	if (!v || (text && !strcmp(text, "all")))
		return 0;
	e->need = NOC_NEED_COUNT;
	if (first || (text && !strcmp(text, "any"))) {
		e->need_n = first;
		return 0;
	}
	if (each_is_template(text)) {
		if (text[strlen(text) - 1] == '%')
			e->need = NOC_NEED_PERCENT;
		return each_template(text, &e->need_text, err);
	}
	if (v->type == NOC_INT)
		e->need_n = v->u.i;
	else if (!text || !each_number(text, &e->need_n, &percent))
		return each_need_wrong(err);
	if (percent)
		e->need = NOC_NEED_PERCENT;
	if (e->need_n < 0 || e->need_n > (percent ? 100 : EACH_ITEMS_MAX))
		return each_need_wrong(err);
	if (e->over && e->over->type == NOC_LIST && !percent &&
	    e->need_n > (int64_t)noc_value_len(e->over))
		return noc_err_set(
		    err, NOC_ECONFIG, "need = %lld, and 'over' has %zu items.",
		    (long long)e->need_n, noc_value_len(e->over));
	return 0;
}

static int
each_undo(const struct noc_value *opts, struct noc_each_def *e,
	  struct noc_err *err)
{
	static const char *const words[] = {
		[NOC_UNDO_NONE] = "none",
		[NOC_UNDO_RUN] = "run",
		[NOC_UNDO_WAVE] = "wave",
		[NOC_UNDO_FAILED] = "failed_items",
		[NOC_UNDO_SUCCEEDED] = "succeeded_items",
	};
	const char *word = noc_value_get_str(opts, "undo", "none");

	for (size_t i = 0; i < NOC_COUNT(words); i++)
		if (!strcmp(words[i], word))
			e->undo = (enum noc_undo_scope)i;
	if (e->undo == NOC_UNDO_WAVE && !e->nwaves)
		return noc_err_set(err, NOC_ECONFIG,
				   "undo = \"wave\" needs waves.");
	if (e->undo == NOC_UNDO_NONE && noc_value_get(opts, "undo_timeout"))
		return noc_err_set(err, NOC_ECONFIG,
				   "'undo_timeout' is of what `undo` takes "
				   "back: say undo = \"failed_items\", or what "
				   "is meant.");
	return noc_ast_duration(opts, "undo_timeout", NOC_AFTER_TIMEOUT_MS,
				&e->undo_ms, err);
}

void
plan_each(struct planning *b, size_t i)
{
	static int (*const parts[])(const struct noc_value *opts,
				    struct noc_each_def *e,
				    struct noc_err *err) = {
		each_over,  each_names, each_pace,
		each_waves, each_need,	each_undo,
	};
	const struct noc_value *opts = noc_ast_opts(b->marks[i].ast);
	struct noc_step_def *s = &b->p->steps[i];
	struct noc_each_def *e = noc_calloc(1, sizeof(*e));
	struct noc_err why;

	s->each = e;
	e->as = noc_value_get_str(opts, "as", "item");
	e->collect = noc_ast_opts(noc_value_get(opts, "collect"));
	if (b->marks[i].wrong)
		return;
	for (size_t k = 0; k < NOC_COUNT(parts); k++)
		if (parts[k](opts, e, &why))
			plan_node_wrong(b, i, &why);
	if (noc_limits_build(noc_value_get(opts, "limits"), &s->limits, &why))
		plan_node_wrong(b, i, &why);
	if (noc_ast_duration(opts, "timeout", 0, &s->timeout_ms, &why))
		plan_node_wrong(b, i, &why);
}

void
plan_each_free(struct noc_each_def *e)
{
	if (!e)
		return;
	noc_template_free(e->key);
	noc_template_free(e->limit_text);
	noc_template_free(e->need_text);
	free(e->waves);
	free(e);
}
