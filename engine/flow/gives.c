/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/flow/gives.h"

#include <string.h>

#include "base/mem.h"
#include "base/suggest.h"
#include "engine/edge/action.h"
#include "engine/lang/ast.h"

#define GIVES_MAX 256

struct gives {
	const char *known[GIVES_MAX];
	size_t n;
};

static void
gives_add(struct gives *g, const char *name)
{
	if (g->n < GIVES_MAX)
		g->known[g->n++] = name;
}

static void
gives_keys(struct gives *g, const struct noc_value *map)
{
	for (size_t i = 0; i < noc_value_len(map); i++)
		gives_add(g, map->u.map.at[i].key);
}

static void
gives_words(struct gives *g, const char *const *words)
{
	for (; words && *words; words++)
		gives_add(g, *words);
}

/* A read of SNMP gives what it names, where that is said before it runs. */
static bool
gives_read(struct gives *g, const struct noc_value *params)
{
	const struct noc_value *opts = noc_ast_opts(params);

	for (size_t i = 0; i < noc_value_len(opts); i++)
		if (strchr(opts->u.map.at[i].key, '{'))
			return false;
	gives_keys(g, opts);
	return opts != NULL;
}

static bool
gives_action(struct gives *g, const struct noc_step_def *s)
{
	static const char *const any[] = { "degraded", "targets", "left_out",
					   NULL };
	const struct noc_action_ops *ops = noc_action_find(s->action);

	if (!strcmp(s->action, "snmp.get") || !strcmp(s->action, "snmp.walk")) {
		if (!gives_read(g, s->params))
			return false;
	} else if (ops && ops->gives) {
		gives_words(g, ops->gives);
	} else {
		return false;
	}
	gives_keys(g, s->output);
	gives_words(g, any);
	return true;
}

const char *
noc_step_gives(const struct noc_step_def *s, const char *field,
	       const char **meant)
{
	static const char *const of_each[] = {
		"total",   "ok",	"failed",	"critical",
		"skipped", "cancelled", "would",	"ok_percent",
		"items",   "ok_items",	"failed_items", NULL
	};
	static const char *const of_gate[] = { "decision", "by",    "votes",
					       "comment",  "shown", NULL };
	const char *what = "nothing that it gives";
	struct gives g = { .n = 0 };

	if (s->kind == NOC_STEP_EACH) {
		gives_words(&g, of_each);
		what = "nothing that an each gives";
	} else if (s->kind == NOC_STEP_CALL) {
		gives_keys(&g, s->call_output);
		what = "no output of the flow that it calls";
	} else if (s->gate) {
		gives_words(&g, of_gate);
		what = "nothing that a decision gives";
	} else if (!s->action || !gives_action(&g, s)) {
		return NULL;
	} else if (!strncmp(s->action, "snmp.", 5)) {
		what = "nothing that it reads";
	}
	for (size_t i = 0; i < g.n; i++)
		if (!strcmp(g.known[i], field))
			return NULL;
	*meant = noc_suggest(field, g.known, g.n);
	return what;
}
