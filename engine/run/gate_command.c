/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/run/gate_command.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "engine/flow/await.h"
#include "engine/flow/gate.h"
#include "engine/run/command.h"
#include "engine/run/gate.h"
#include "engine/run/runner.h"

/* What people ask of gates, and say to them. */

/* The oldest first; those of one moment by their run and step. */
static int
gate_cmp(const void *a, const void *b)
{
	const struct noc_gate *x = *(struct noc_gate *const *)a;
	const struct noc_gate *y = *(struct noc_gate *const *)b;
	int by_run = strcmp(x->live->run->text, y->live->run->text);

	if (x->opened_ns != y->opened_ns)
		return x->opened_ns < y->opened_ns ? -1 : 1;
	return by_run ? by_run : strcmp(x->live->path, y->live->path);
}

/* "TIME/RUN/PATH": where a page ends, also when that one is decided. */
static char *
gate_cursor(const struct noc_gate *g)
{
	return noc_asprintf("%020lld/%s/%s", (long long)g->opened_ns,
			    g->live->run->text, g->live->path);
}

static struct noc_value *
gates_page(const struct noc_gate **all, size_t n, const char *after,
	   int64_t limit)
{
	struct noc_value *page = noc_value_map(), *list = noc_value_list();
	char *cursor = NULL;
	size_t i = 0;

	for (; i < n && (int64_t)noc_value_len(list) < limit; i++) {
		char *at = gate_cursor(all[i]);

		if (strcmp(at, after) <= 0) {
			free(at);
			continue;
		}
		noc_value_push(list, noc_gate_look(all[i], false));
		free(cursor);
		cursor = at;
	}
	noc_value_set(page, "gates", list);
	noc_value_set(page, "next",
		      i < n && cursor ? noc_value_str(cursor)
				      : noc_value_nil());
	free(cursor);
	return page;
}

int
noc_on_gate_list(struct noc_core *core, void *part,
		 const struct noc_value *command, struct noc_value **answer,
		 struct noc_err *err)
{
	const struct noc_runs *runs = part;
	int64_t limit = noc_value_get_int(command, "limit", 100);
	const struct noc_gate **all;
	size_t n = 0;

	(void)core;
	if (limit < 1 || limit > 1000)
		return noc_err_set(err, NOC_EINPUT,
				   "'limit' is a number from 1 to 1000.");
	all = noc_calloc(runs->ngates + 1, sizeof(struct noc_gate *));
	for (const struct noc_gate *g = runs->gates; g; g = g->next)
		all[n++] = g;
	qsort(all, n, sizeof(struct noc_gate *), gate_cmp);
	*answer =
	    gates_page(all, n, noc_value_get_str(command, "after", ""), limit);
	free(all);
	return 0;
}

/* ---- what a run waits for ---- */

static struct noc_value *
wait_look(const struct noc_live *l)
{
	const struct noc_step_def *def = noc_live_step(l);
	struct noc_strbuf what = NOC_STRBUF_INIT;
	struct noc_value *v = noc_value_map();
	int64_t until = noc_steady_wall(l->run->core, l->due_ns);
	char iso[32];

	if (l->more->gate) {
		noc_strbuf_addf(&what, "%s by ", noc_gate_word(l->more->gate));
		noc_gate_who(def->gate, &what);
		noc_value_set(v, "missing",
			      noc_value_int(noc_gate_missing(l->more->gate)));
	} else {
		noc_await_describe(def->await, &what);
	}
	noc_value_set(v, "path", noc_value_str(l->path));
	noc_value_set(v, "what", noc_value_str(what.p));
	noc_value_set(v, "until", noc_value_str(noc_time_iso(iso, until)));
	noc_value_set(v, "until_ns", noc_value_int(until));
	noc_strbuf_release(&what);
	return v;
}

struct noc_value *
noc_run_waits(const struct noc_core *core, const char *run)
{
	struct noc_value *list = noc_value_list();
	const struct noc_run *r = NULL;
	struct noc_id id;

	if (!noc_id_parse(run, &id))
		r = noc_run_find(core, &id);
	for (const struct noc_live *l = r ? r->lives : NULL;
	     l && noc_value_len(list) < NOC_WAITS_MAX; l = l->next)
		if (l->wait == NOC_WAIT_GATE || l->wait == NOC_WAIT_EVENT)
			noc_value_push(list, wait_look(l));
	return list;
}

/* The one that is open in the run, or the one of that path. */
static struct noc_live *
gate_find(const struct noc_runs *runs, const struct noc_value *command,
	  struct noc_err *err)
{
	const char *path = noc_value_get_str(command, "path", NULL);
	struct noc_live *found = NULL;
	const struct noc_run *r;
	struct noc_id id;
	size_t n = 0;

	if (noc_command_run(runs, command, &id, err))
		return NULL;
	r = noc_table_getn(&runs->by_id, id.b, sizeof(id.b));
	for (struct noc_live *l = r ? r->lives : NULL; l; l = l->next)
		if (l->more->gate && (!path || !strcmp(path, l->path))) {
			found = n++ ? found : l;
		}
	if (n == 1 && found->wait == NOC_WAIT_GATE)
		return found;
	if (n == 1)
		noc_err_set(err, NOC_ECONFLICT,
			    "Run %s cannot go on, so nothing of it is decided; "
			    "`nocturne run show` it.",
			    r->text);
	else if (n)
		noc_err_set(err, NOC_ECONFLICT,
			    "Run %s waits for %zu decisions, such as '%.80s': "
			    "say for which.",
			    r->text, n, found->path);
	else
		noc_err_set(err, r ? NOC_ECONFLICT : NOC_ENOTFOUND,
			    "%s waits for no decision%s%.80s%s (any more).",
			    r ? r->text : "The run", path ? " at '" : "",
			    path ? path : "", path ? "'" : "");
	return NULL;
}

int
noc_on_gate_show(struct noc_core *core, void *part,
		 const struct noc_value *command, struct noc_value **answer,
		 struct noc_err *err)
{
	const struct noc_live *l = gate_find(part, command, err);

	(void)core;
	if (!l)
		return (int)err->kind;
	*answer = noc_gate_look(l->more->gate, true);
	return 0;
}

int
noc_on_gate_decide(struct noc_core *core, void *part,
		   const struct noc_value *command, struct noc_value **answer,
		   struct noc_err *err)
{
	const char *decision = noc_value_get_str(command, "decision", "");
	const struct noc_value *who = noc_value_get(command, "who");
	struct noc_gate_say say = {
		.actor = noc_value_get_str(command, "actor", "unknown"),
		.comment = noc_value_get_str(command, "comment", ""),
		.hash = noc_value_get_str(command, "sha256", NULL),
		.groups = noc_value_get(who, "groups"),
		.admin = noc_value_get_bool(who, "admin", false),
		.force = noc_value_get_bool(command, "force", false),
		.approve = strcmp(decision, "reject") != 0,
	};
	struct noc_live *l = gate_find(part, command, err);
	struct noc_run *r;
	struct noc_value *v;
	char *path;
	bool open;

	(void)core;
	if (!l)
		return (int)err->kind;
	if (strcmp(decision, noc_gate_word(l->more->gate)) && say.approve)
		return noc_err_set(err, NOC_EINPUT,
				   "'%s' is decided by %s or reject, not "
				   "'%.20s'.",
				   l->path, noc_gate_word(l->more->gate),
				   decision);
	r = l->run;
	path = noc_strdup(l->path);
	if (noc_gate_say(l, &say, err)) {
		free(path);
		return (int)err->kind;
	}
	l = r->ended ? NULL : noc_live_at(r, path);
	open = l && l->more->gate;
	v = noc_value_map();
	noc_value_set(v, "run", noc_value_str(r->text));
	noc_value_set(v, "path", noc_value_str(path));
	noc_value_set(v, "decided", noc_value_bool(!open));
	if (open)
		noc_value_set(v, "missing",
			      noc_value_int(noc_gate_missing(l->more->gate)));
	free(path);
	*answer = v;
	noc_run_advance(r);
	return 0;
}
