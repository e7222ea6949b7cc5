/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/run/judge.h"

#include <string.h>

#include "base/strbuf.h"
#include "engine/edge/action.h"
#include "engine/expr/where.h"
#include "engine/run/run_private.h"
#include "engine/run/step.h"

#define QUOTE_MAX 120 /* bytes of an answer that is told */

/* What came instead, as far as it helps whoever reads it. */
static void
quote_answer(const struct noc_value *result, struct noc_strbuf *out)
{
	const struct noc_value *body = noc_value_get(result, "body");
	struct noc_strbuf text = NOC_STRBUF_INIT;

	if (!body)
		return;
	noc_value_text(body, &text);
	noc_strbuf_adds(out, text.len ? "; it said: " : "; it said nothing");
	noc_strbuf_add_escaped(out, text.p ? text.p : "",
			       text.len < QUOTE_MAX ? text.len : QUOTE_MAX);
	noc_strbuf_release(&text);
}

void
noc_judge_named(const struct noc_step_def *def, const struct noc_value *result,
		struct noc_failure *f)
{
	const char *class =
	    noc_class_find(def->class ? def->class : "permanent");
	struct noc_strbuf what = NOC_STRBUF_INIT;

	if (def->fail_if)
		noc_where_text(def->fail_if, &what);
	quote_answer(result, &what);
	noc_failure_set(f, class ? class : "permanent", "rule", "fail_if",
			"the answer is one that fail_if names%s%s",
			what.len ? ": " : "", what.len ? what.p : "");
	noc_strbuf_release(&what);
}

/* fail_if and expect turn an answer into a failure. */
void
noc_judge_answer(struct noc_live *l, struct noc_step_done *d,
		 const struct noc_value *result, struct noc_failure *f)
{
	const struct noc_step_def *def = d->def;
	struct noc_strbuf why = NOC_STRBUF_INIT;
	struct noc_err err = { 0 };

	if ((def->fail_if || def->fail_if_fn) &&
	    noc_step_holds(l, def->fail_if, def->fail_if_fn, result, NULL,
			   &err)) {
		noc_judge_named(def, result, f);
		d->failure = f;
	} else if (err.kind == NOC_OK && (def->expect || def->expect_fn) &&
		   !noc_step_holds(l, def->expect, def->expect_fn, result, &why,
				   &err)) {
		quote_answer(result, &why);
		noc_failure_set(
		    f,
		    def->mutates && !def->idempotent ? "in_doubt" : "transient",
		    "rule", "expect", "%s", why.p ? why.p : "not as expected");
		d->failure = f;
	}
	if (err.kind != NOC_OK) {
		noc_failure_set(f, "permanent", "rule", "function", "%s",
				err.msg);
		d->failure = f;
	}
	noc_strbuf_release(&why);
}
