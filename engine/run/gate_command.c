/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/run/gate_command.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/run/command.h"
#include "engine/run/gate.h"
#include "engine/run/runner.h"

/* What people ask of gates, and say to them. */

int
noc_on_gate_list(struct noc_core *core, void *part,
		 const struct noc_value *command, struct noc_value **answer,
		 struct noc_err *err)
{
	const struct noc_runs *runs = part;
	struct noc_value *list = noc_value_list();

	(void)core;
	(void)command;
	(void)err;
	for (const struct noc_gate *g = runs->gates; g; g = g->next)
		noc_value_push(list, noc_gate_look(g, false));
	*answer = list;
	return 0;
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
