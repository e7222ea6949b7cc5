/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/lang/ast.h"
#include "engine/flow/plan.h"
#include "cli/verb/check_text.h"

/*
 * Advice on texts of another language in the braces of templates: `{{ x }}`
 * is the text "{ x }", so Jinja's own braces are lost without a word.
 */
#define TEXT_DEPTH_MAX 32

struct texts {
	const char *at;
	struct noc_table *told;
	struct noc_value *advice;
	int depth;
};

/* "{{ name": what two braces and a space are in Jinja; of four they are its
 * own already. */
static bool
text_is_jinja(const char *p)
{
	for (; (p = strchr(p, '{')); p += strspn(p, "{")) {
		size_t n = strspn(p, "{");

		if (n == 2 && (p[n] == ' ' || p[n] == '-') &&
		    (isalpha((unsigned char)p[n + 1]) || p[n + 1] == '_'))
			return true;
	}
	return false;
}

/* A flow stands in each that calls it. */
static void
text_tell(struct texts *t, const char *text)
{
	char *line = noc_asprintf("%s: \"%.60s\": {{ }} are one brace each, "
				  "and Jinja takes two: write {{{{ }}}}",
				  t->at, text);

	if (!noc_table_put(t->told, line, t->told))
		noc_value_push(t->advice, noc_value_str(line));
	free(line);
}

static void
texts_of(struct texts *t, const struct noc_value *v)
{
	const char *at = t->at;

	if (!v || t->depth >= TEXT_DEPTH_MAX || noc_ast_is(v, "secret") ||
	    noc_ast_is(v, "re") || noc_ast_is(v, "function"))
		return;
	t->depth++;
	if (noc_ast_node(v) && noc_value_get(v, "at"))
		t->at = noc_ast_at(v);
	if (v->type == NOC_STR && text_is_jinja(v->u.s.p))
		text_tell(t, v->u.s.p);
	for (size_t i = 0; v->type == NOC_LIST && i < noc_value_len(v); i++)
		texts_of(t, noc_value_at(v, i));
	for (size_t i = 0; v->type == NOC_MAP && i < noc_value_len(v); i++)
		texts_of(t, v->u.map.at[i].value);
	t->depth--;
	t->at = at;
}

void
noc_check_texts(const struct noc_plan *p, struct noc_table *told,
		struct noc_value *advice)
{
	struct texts t = { .at = p ? p->name : "?",
			   .told = told,
			   .advice = advice };

	if (p)
		texts_of(&t, p->tree);
}
