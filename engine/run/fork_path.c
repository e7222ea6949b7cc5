/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/suggest.h"
#include "engine/run/fork_private.h"

/* Paths of steps, by a plan: [CONTAINER[key]/]...NAME[!undo]. */

struct path_lane { /* nodes that names in a path are looked up among */
	size_t from, to;
};

static bool
node_is_place(const struct noc_step_def *def)
{
	return def->kind == NOC_STEP_PARALLEL || def->kind == NOC_STEP_CHOOSE ||
	       def->kind == NOC_STEP_BRANCH;
}

size_t
fork_next(const struct noc_plan *p, size_t node)
{
	return node_is_place(&p->steps[node]) ? node + 1 : p->steps[node].end;
}

static bool
node_is_named(const struct noc_step_def *def)
{
	return def->kind != NOC_STEP_PARALLEL && def->kind != NOC_STEP_BRANCH;
}

static size_t
lane_find(const struct noc_plan *p, struct path_lane lane, const char *name,
	  size_t len)
{
	for (size_t i = lane.from; i < lane.to; i = fork_next(p, i))
		if (node_is_named(&p->steps[i]) &&
		    strlen(p->steps[i].name) == len &&
		    !memcmp(p->steps[i].name, name, len))
			return i;
	return p->nsteps;
}

/* What is in this node, behind `rest` of a path; NULL: not so. */
static const char *
lane_enter(const struct noc_plan *p, size_t node, const char *rest,
	   struct path_lane *lane)
{
	const struct noc_step_def *def = &p->steps[node];
	bool check = rest[0] == '[' && rest[1] == '!';

	lane->from = node + 1;
	lane->to = def->end;
	if (*rest == '/')
		return def->kind == NOC_STEP_CALL ? rest + 1 : NULL;
	if (def->kind != NOC_STEP_EACH || (check && !def->each->check))
		return NULL;
	if (check) {
		lane->from = def->each->check + 1;
	} else if (def->each->check) {
		lane->to = def->each->check;
	}
	rest = strchr(rest, ']');
	return rest && rest[1] == '/' ? rest + 2 : NULL;
}

size_t
fork_node(const struct noc_plan *p, const char *path, enum fork_kind *kind)
{
	struct path_lane lane = { 0, p->nbody };

	while (path) {
		size_t len = strcspn(path, "/[!");
		size_t node = lane_find(p, lane, path, len);
		const char *rest = path + len;

		if (node == p->nsteps)
			return node;
		if (*rest == '!' && strcmp(rest, "!undo") != 0)
			return p->nsteps; /* in the flow that undid it */
		*kind = !*rest	       ? FORK_STEP
			: *rest == '!' ? FORK_UNDO
				       : FORK_ITEM;
		if (*kind != FORK_ITEM)
			return node;
		path = lane_enter(p, node, rest, &lane);
		if (!path && *rest == '[' && rest[strlen(rest) - 1] == ']' &&
		    p->steps[node].kind == NOC_STEP_EACH)
			return node;
	}
	return p->nsteps;
}

/* ---- where to go on from ---- */

static int
from_unknown(const struct noc_fork *f, struct path_lane lane, const char *path,
	     const char *name, struct noc_err *err)
{
	const struct noc_plan *p = f->plan;
	const char **known = noc_calloc(p->nsteps + 1, sizeof(*known)), *near;
	struct noc_strbuf all = NOC_STRBUF_INIT;
	size_t n = 0;

	for (size_t i = lane.from; i < lane.to; i = fork_next(p, i)) {
		if (!node_is_named(&p->steps[i]))
			continue;
		known[n] = p->steps[i].name;
		if (all.len < 300)
			noc_strbuf_addf(&all, "%s%s", n ? ", " : "", known[n]);
		n++;
	}
	near = noc_suggest(name, known, n);
	noc_err_set(err, NOC_EINPUT,
		    "There is no step '%.100s' in %s%s%s%s: %s.", path, p->name,
		    near ? "; did you mean '" : "", near ? near : "",
		    near ? "'? It has" : "; it has", all.p ? all.p : "none");
	noc_strbuf_release(&all);
	free(known);
	return NOC_EINPUT;
}

/* An item of which nothing is known is done anyway. */
static int
from_item(const struct noc_fork *f, const char *path, const char *rest,
	  struct noc_err *err)
{
	const char *end = strchr(rest, ']');
	char *item = end ? noc_strndup(path, (size_t)(end + 1 - path)) : NULL;
	size_t i = item ? fork_lower(f, item) : f->nrows;
	bool known = i < f->nrows && fork_begins(f->by_path[i]->path, item);
	int rc = known ? 0
		       : noc_err_set(err, NOC_EINPUT,
				     "No item '%.100s' of the run has begun: "
				     "`nocturne run show RUN --items STEP` "
				     "lists them.",
				     item ? item : path);

	free(item);
	return rc;
}

int
fork_from(const struct noc_fork *f, const char *path, struct noc_err *err)
{
	const struct noc_plan *p = f->plan;
	struct path_lane lane = { 0, p->nbody };
	const char *at = path;

	for (;;) {
		size_t len = strcspn(at, "/[");
		char *name = noc_strndup(at, len);
		size_t node = lane_find(p, lane, at, len);
		const char *rest = at + len;
		int rc = node == p->nsteps
			     ? from_unknown(f, lane, path, name, err)
			     : 0;

		free(name);
		if (rc || !*rest)
			return rc;
		if (p->steps[node].kind == NOC_STEP_EACH) {
			if (*rest == '/' || rest[1] == '!')
				return noc_err_set(
				    err, NOC_EINPUT,
				    "'%s' is an each: %s[KEY]/STEP is a step "
				    "in one of its items, %s all of it.",
				    p->steps[node].name, p->steps[node].name,
				    p->steps[node].name);
			rc = from_item(f, path, rest, err);
			if (rc || !strchr(rest, ']')[1])
				return rc;
		}
		at = lane_enter(p, node, rest, &lane);
		if (!at)
			return noc_err_set(err, NOC_EINPUT,
					   "'%.100s' is no path: there is "
					   "nothing in '%s'.",
					   path, p->steps[node].name);
	}
}
