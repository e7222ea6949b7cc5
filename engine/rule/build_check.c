/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/suggest.h"
#include "engine/event/field.h"
#include "engine/event/kinds.h"
#include "engine/lang/schema.h"
#include "engine/expr/scope.h"
#include "engine/edge/action.h"
#include "engine/flow/gives.h"
#include "engine/flow/plan.h"
#include "engine/rule/build.h"

#define KNOWN_MAX	512
#define CHECK_DEPTH_MAX 32

void
noc_build_kind(struct noc_build *b, const char *kind, void *how)
{
	/* Emitted stays emitted. */
	if (noc_table_get(&b->rs->kinds, kind) != NOC_EMITTED)
		noc_table_put(&b->rs->kinds, kind, how);
}

void
noc_build_define(struct noc_build *b, const char *name)
{
	noc_table_putn(&b->rs->defined, name, strcspn(name, "."), (void *)1);
}

/* ---- names that exist before anything is checked ---- */

/* Kinds that sensors and the engine make without any rule file. */
static const char *const engine_kinds[] = {
	"syslog",	   "snmp.trap",
	"webhook",	   "schedule",
	"schedule.missed", "schedule.skipped",
	"schedule.failed", "poll",
	"poll.breach",	   "poll.error",
	"poll.missed",	   "sensor.ended",
	"device.restart",  "clock.skew",
	"clock.ok",	   "limit.reached",
};

static void
names_of_kinds(struct noc_build *b)
{
	const struct noc_kind_def *def;

	for (size_t i = 0; (def = noc_kind_at(i)); i++)
		for (const char *p = def->fields; *p; p += strspn(p, " ")) {
			size_t n = strcspn(p, " ");

			noc_table_putn(&b->rs->defined, p, n, (void *)1);
			p += n;
		}
	for (size_t i = 0; i < NOC_COUNT(engine_kinds); i++)
		noc_build_kind(b, engine_kinds[i], NOC_EMITTED);
}

static void
names_of_keys(struct noc_build *b, const struct noc_value *map)
{
	for (size_t i = 0; map && map->type == NOC_MAP && i < map->u.map.len;
	     i++)
		if (!strchr(map->u.map.at[i].key, '{'))
			noc_build_define(b, map->u.map.at[i].key);
}

/* What emit says of the event itself is no field of its kind. */
static void
names_of_emit(struct noc_build *b, const struct noc_value *opts)
{
	static const char *const own[] = { "device", "summary", "severity" };

	for (size_t i = 0; opts && opts->type == NOC_MAP && i < opts->u.map.len;
	     i++) {
		const char *key = opts->u.map.at[i].key;
		size_t k = 0;

		while (k < NOC_COUNT(own) && strcmp(own[k], key) != 0)
			k++;
		if (k == NOC_COUNT(own) && !strchr(key, '{'))
			noc_build_define(b, key);
	}
}

/* emit "some.kind" { field = ... } anywhere, poll and sensor at the top. */
static void
names_below(struct noc_build *b, const struct noc_value *v, int depth)
{
	const struct noc_value *opts = noc_ast_opts(v);

	if (!v || depth > CHECK_DEPTH_MAX)
		return;
	if (noc_ast_is(v, "emit") && noc_ast_name(v)) {
		noc_build_kind(b, noc_ast_name(v), NOC_EMITTED);
		names_of_emit(b, opts);
	}
	if (v->type == NOC_LIST)
		for (size_t i = 0; i < v->u.list.len; i++)
			names_below(b, v->u.list.at[i], depth + 1);
	if (v->type == NOC_MAP)
		for (size_t i = 0; i < v->u.map.len; i++)
			names_below(b, v->u.map.at[i].value, depth + 1);
}

static void
names_of_task(struct noc_build *b, const struct noc_value *node)
{
	const struct noc_value *opts = noc_ast_opts(node);
	const struct noc_value *action = noc_value_at(noc_ast_items(node), 0);
	const char *emit = noc_value_get_str(opts, "emit", NULL);
	const char *kinds[64];
	size_t n;

	if (emit && !strchr(emit, '{'))
		noc_build_kind(b, emit, NOC_EMITTED);
	n = noc_ast_strings(noc_value_get(opts, "kinds"), kinds, 64);
	for (size_t i = 0; i < n && i < 64; i++)
		noc_build_kind(b, kinds[i], NOC_EMITTED);
	names_of_keys(b, noc_ast_opts(noc_value_get(opts, "map")));
	if (noc_ast_is(node, "poll") && action &&
	    (noc_ast_is(action, "snmp.get") || noc_ast_is(action, "snmp.walk")))
		names_of_keys(b, noc_ast_opts(action));
}

void
noc_build_names(struct noc_build *b)
{
	const struct noc_value *nodes = b->rs->tree->nodes;

	names_of_kinds(b);
	for (size_t i = 0; i < noc_value_len(nodes); i++) {
		const struct noc_value *node = noc_value_at(nodes, i);

		names_below(b, node, 0);
		if (noc_ast_is(node, "poll") || noc_ast_is(node, "sensor"))
			names_of_task(b, node);
	}
}

/* ---- what could not be read ---- */

bool
noc_build_is_wrong(const struct noc_build *b, const struct noc_value *v)
{
	return b->rs->tree->nmistakes && noc_ast_wrong_below(v);
}

static bool
lost_says(const struct noc_value *v, const char *name)
{
	bool says = v->type == NOC_STR && strstr(v->u.s.p, name);

	for (size_t i = 0; !says && v->type == NOC_LIST && i < v->u.list.len;
	     i++)
		says = lost_says(v->u.list.at[i], name);
	for (size_t i = 0; !says && v->type == NOC_MAP && i < v->u.map.len; i++)
		says = strstr(v->u.map.at[i].key, name) ||
		       lost_says(v->u.map.at[i].value, name);
	return says;
}

/* What makes events defines names by patterns, which are not read here. */
bool
noc_build_lost(const struct noc_build *b, const char *name, size_t len)
{
	const struct noc_lua_tree *tree = b->rs->tree;
	char *word;
	bool lost;

	if (!tree->nmistakes || !len)
		return false;
	word = noc_strndup(name, len);
	lost = noc_lua_tree_lost(tree, word);
	for (size_t i = 0; !lost && i < b->nnodes; i++)
		lost =
		    noc_schema_is(b->kinds[i], "normalize hook poll sensor") &&
		    b->nodes[i] != b->node &&
		    noc_ast_wrong_below(b->nodes[i]) &&
		    lost_says(b->nodes[i], word);
	free(word);
	return lost;
}

/* ---- what a tree of actions refers to ---- */

/* What the engine adds to the event's names when it fills in a template. */
static const char *const extra_names[] = {
	"rule",	 "count",   "elapsed", "fails",	      "top",	 "text",
	"storm", "key",	    "limit",   "over",	      "window",	 "failed",
	"ok",	 "mode",    "reason",  "unreachable", "late",	 "task",
	"since", "targets", "channel", "devices",     "message", "mass",
	"error", "call",
};

static bool
name_is_extra(const char *path, size_t head)
{
	for (size_t i = 0; i < NOC_COUNT(extra_names); i++)
		if (strlen(extra_names[i]) == head &&
		    !memcmp(extra_names[i], path, head))
			return true;
	return false;
}

/* What an each of the plan calls its item, and what an undo is given. */
static bool
name_is_item(const struct noc_build *b, const char *path, size_t head)
{
	const struct noc_plan *p = b->plan;

	for (size_t i = 0; p && i < p->nsteps; i++) {
		const struct noc_step_def *s = &p->steps[i];

		if (s->each && strlen(s->each->as) == head &&
		    !memcmp(s->each->as, path, head))
			return true;
	}
	return p && head == 4 && !memcmp(path, "undo", 4);
}

static void
on_path(const char *path, size_t len, void *arg)
{
	struct noc_build *b = arg;
	struct noc_field field;
	struct noc_err err;
	size_t head = 0;

	while (head < len && path[head] != '.' && path[head] != '[')
		head++;
	if (noc_scope_is_own(path, len))
		return;
	/* Captures that only help: noc_build_emit knows them. */
	if (*path == '_' && noc_ast_is(b->node, "normalize"))
		return;
	if (name_is_extra(path, head) || name_is_item(b, path, head) ||
	    noc_build_lost(b, path, head))
		return;
	if (noc_field_resolve(path, len, &b->rs->defined, &field, &err))
		noc_build_error(b, NULL, "{%.*s}: %s", (int)len, path, err.msg);
}

static void
check_channel(struct noc_build *b, const struct noc_value *node)
{
	const char *name = noc_ast_name(node), *known[KNOWN_MAX], *meant;
	size_t n = 0;

	if (!name || strchr(name, '{') || noc_ruleset_channel(b->rs, name) ||
	    noc_build_lost(b, name, strlen(name)))
		return;
	for (size_t i = 0; i < b->rs->nchannels && n < KNOWN_MAX; i++)
		known[n++] = b->rs->channels[i].name;
	meant = noc_suggest(name, known, n);
	noc_build_error(b, node, "no channel '%s'%s%s%s", name,
			meant ? "; did you mean '" : "", meant ? meant : "",
			meant ? "'?" : ".");
}

static void
check_flow(struct noc_build *b, const struct noc_value *node)
{
	const char *name = noc_ast_name(node), *known[KNOWN_MAX], *key, *meant;
	size_t n = 0;
	void *value;

	if (!name || noc_table_get(&b->rs->flows, name) ||
	    noc_build_lost(b, name, strlen(name)))
		return;
	for (size_t it = 0;
	     n < KNOWN_MAX && noc_table_next(&b->rs->flows, &it, &key, &value);)
		known[n++] = key;
	meant = noc_suggest(name, known, n);
	noc_build_error(b, node, "no flow '%s'%s%s%s", name,
			meant ? "; did you mean '" : "", meant ? meant : "",
			meant ? "'?" : ".");
}

static void
check_references(struct noc_build *b, const struct noc_value *v, int depth)
{
	if (!v || depth > CHECK_DEPTH_MAX)
		return;
	if (noc_ast_is(v, "notify"))
		check_channel(b, v);
	else if (noc_ast_is(v, "start"))
		check_flow(b, v);
	if (noc_ast_is(v, "call")) /* what it calls is checked by itself */
		v = noc_ast_opts(v);
	if (!v)
		return;
	if (v->type == NOC_LIST)
		for (size_t i = 0; i < v->u.list.len; i++)
			check_references(b, v->u.list.at[i], depth + 1);
	if (v->type == NOC_MAP)
		for (size_t i = 0; i < v->u.map.len; i++)
			check_references(b, v->u.map.at[i].value, depth + 1);
}

void
noc_build_check(struct noc_build *b, const struct noc_value *v)
{
	if (!v)
		return;
	noc_ast_each_path(v, &b->at, on_path, b);
	check_references(b, v, 0);
}

/* ---- names in the conditions of steps ---- */

struct condition {
	struct noc_build *b;
	const struct noc_step_def *step;
	const char *option;
	bool results; /* those of the step can be meant */
};

static void
on_condition(const char *path, void *arg)
{
	struct condition *c = arg;
	struct noc_build *b = c->b;
	size_t head = strcspn(path, ".[");
	const char *meant = NULL;
	struct noc_field field;
	struct noc_err err;
	char *name;
	bool given;

	if (noc_scope_is_own(path, strlen(path)) || name_is_extra(path, head) ||
	    name_is_item(b, path, head) || noc_build_lost(b, path, head) ||
	    !noc_field_resolve(path, strlen(path), &b->rs->defined, &field,
			       &err))
		return;
	name = noc_strndup(path, head);
	given = c->results && !noc_step_gives(c->step, name, &meant);
	free(name);
	if (given)
		return;
	noc_build_error(b, NULL,
			"%s: step '%s': '%s' in '%s' is no result of the "
			"step%s%s%s",
			c->step->at, c->step->name, path, c->option,
			meant ? "; did you mean '"
			      : " and no field of any event",
			meant ? meant : "", meant ? "'?" : ".");
}

static void
check_conditions(struct noc_build *b, const struct noc_plan *p)
{
	for (size_t i = 0; i < p->nsteps; i++) {
		const struct noc_step_def *s = &p->steps[i];
		struct condition c = { b, s, "when", false };

		noc_where_paths(s->when, on_condition, &c);
		c.results = true;
		c.option = "expect";
		noc_where_paths(s->expect, on_condition, &c);
		c.option = "fail_if";
		noc_where_paths(s->fail_if, on_condition, &c);
	}
}

/* ---- what is done aside ---- */

/* A change is made by a step, which its mode, the kill switch and the other
 * checks before each change hold back; a handler only tells. */
static bool
handler_changes(const struct noc_value *action)
{
	const char *name = noc_ast_node(action);
	const struct noc_action_ops *ops = name ? noc_action_find(name) : NULL;

	if (!ops || !(ops->flags & NOC_ACTION_MUTATES) ||
	    !strcmp(name, "http.post"))
		return false;
	return strcmp(name, "exec") ||
	       noc_value_get_bool(noc_ast_opts(action), "mutates", true);
}

static void
check_handler(struct noc_build *b, const struct noc_value *action,
	      const char *what)
{
	if (handler_changes(action))
		noc_build_error(b, action,
				"'%s' in '%s' changes something, and nothing "
				"would hold it back; write it as a step of a "
				"flow and `start` that flow%s.",
				noc_ast_node(action), what,
				noc_ast_is(action, "exec")
				    ? ", or say mutates = false when it only "
				      "tells"
				    : "");
}

static void
check_levels(struct noc_build *b, const struct noc_escalation *e)
{
	for (size_t i = 0; e && i < e->nlevels; i++)
		check_handler(b, e->levels[i].action, "escalate");
}

void
noc_build_on_exceed(struct noc_build *b, const struct noc_value *v)
{
	noc_build_check(b, v);
	check_handler(b, v, "on_exceed");
}

void
noc_build_check_plan(struct noc_build *b, const struct noc_plan *p)
{
	b->plan = p;
	noc_ast_each_path(p->tree, &b->at, on_path, b);
	check_references(b, p->tree, 0);
	check_conditions(b, p);
	for (size_t i = 0; i < noc_value_len(p->on_fail_actions); i++)
		check_handler(b, noc_value_at(p->on_fail_actions, i),
			      "on_fail");
	check_levels(b, p->on_fail);
	for (size_t i = 0; i < p->nsteps; i++) {
		const struct noc_value *v = p->steps[i].on_error;

		check_levels(b, p->steps[i].escalation);
		for (size_t k = 0; v && k < noc_value_len(v); k++)
			check_handler(b, v->u.map.at[k].value, "on_error");
	}
	b->plan = NULL;
}
