/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/flow/keep_one_up.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/lang/ast.h"
#include "engine/lang/schema.h"
#include "engine/expr/template.h"
#include "engine/flow/plan_private.h"

#define KEEP_PORTS_MAX 16

/*
 * The guard keep_one_up, said in the language itself.  Before each step that
 * may take something down stand a read of every port of the group and a `fail`
 * when none but the port of the event is up; what shows and resumes a run
 * knows them as steps like any other.  Every test is made of parts that are
 * never unknown: in doubt nothing is taken down.
 */

/* ---- making AST ---- */

static struct noc_value *
ast_new(const char *node, const char *name, const char *at)
{
	struct noc_value *v = noc_value_map();

	noc_value_set(v, "node", noc_value_str(node));
	if (at)
		noc_value_set(v, "at", noc_value_str(at));
	if (name)
		noc_value_set(v, "name", noc_value_str(name));
	return v;
}

/* v is owned; so is it below. */
static struct noc_value *
ast_with(struct noc_value *node, struct noc_value *v)
{
	struct noc_value *items = noc_value_get(node, "items");

	if (!items) {
		items = noc_value_list();
		noc_value_set(node, "items", items);
	}
	noc_value_push(items, v);
	return node;
}

static struct noc_value *
ast_one(const char *path, struct noc_value *v)
{
	struct noc_value *map = noc_value_map();

	noc_value_set(map, path, v);
	return map;
}

/* ---- the conditions ---- */

/* The step of this name has been done and gave an oper of "up". */
static struct noc_value *
keep_is_up(const char *step)
{
	char *path = noc_asprintf("steps.%s.oper", step);
	struct noc_value *both = ast_new("both", NULL, NULL);

	ast_with(both, ast_one(path, ast_new("exists", NULL, NULL)));
	ast_with(both, ast_one(path, noc_value_str("up")));
	free(path);
	return both;
}

/*
 * The event's device may be this one, whatever the case and with a domain or
 * without, as the inventory finds it too.  In doubt it is.
 */
static struct noc_value *
keep_is_device(const char *device)
{
	bool address = strchr(device, ':') ||
		       strspn(device, "0123456789.") == strlen(device);
	struct noc_value *re = ast_new("re", NULL, NULL);

	ast_with(re, address
			 ? noc_value_strf("(?i)^\\Q%s\\E$", device)
			 : noc_value_strf("(?i)^\\Q%.*s\\E(\\.|$)",
					  (int)strcspn(device, "."), device));
	return ast_one("device", re);
}

/* The port is not the one that the event is about. */
static struct noc_value *
keep_is_other(const char *device, const char *ifname)
{
	struct noc_value *named = ast_new("ifname", NULL, NULL);
	struct noc_value *same = ast_new("neither", NULL, NULL);
	struct noc_value *port = ast_new("both", NULL, NULL);
	struct noc_value *other;

	ast_with(named, noc_value_str(ifname));
	ast_with(same, ast_one("ifname", named));
	ast_with(port, ast_one("ifname", ast_new("exists", NULL, NULL)));
	ast_with(port, same);
	if (!*device)
		return port;
	same = ast_new("neither", NULL, NULL);
	ast_with(same, keep_is_device(device));
	other = ast_new("either", NULL, NULL);
	ast_with(other, same);
	return ast_with(other, port);
}

/* ---- the steps ---- */

struct keep {
	struct noc_value
	    *ports;	       /* list of {device ("": the event's), ifname} */
	struct noc_value *out; /* the steps of the new flow */
};

/* steps.keep_NAME_I { snmp.get }, when the step itself will be done. */
static struct noc_value *
keep_read(const struct noc_value *step, const char *name,
	  const struct noc_value *port)
{
	const char *device = noc_value_get_str(port, "device", "");
	const struct noc_value *when = noc_ast_opt(step, "when");
	struct noc_value *get = ast_new("snmp.get", NULL, noc_ast_at(step));
	struct noc_value *read = ast_new("step", name, noc_ast_at(step));
	struct noc_value *opts = noc_value_map();

	noc_value_set(get, "opts",
		      ast_one("oper", noc_value_strf("ifOperStatus[%s]",
						     noc_value_get_str(
							 port, "ifname", ""))));
	noc_value_set(opts, "timeout", noc_value_str("5s"));
	if (*device)
		noc_value_set(opts, "target", noc_value_str(device));
	if (when)
		noc_value_set(opts, "when", noc_value_copy(when));
	noc_value_set(read, "opts", opts);
	return ast_with(read, get);
}

/*
 * A step whose `when` began to hold after the reads were left out (it is of
 * the time of day) is left out too.  Functions see nothing that changes.
 */
static void
keep_when(struct noc_value *step, const char *read)
{
	const struct noc_value *when = noc_ast_opt(step, "when");
	char *done = noc_asprintf("steps.%s", read);
	struct noc_value *both = ast_new("both", NULL, NULL);
	struct noc_value *map;

	ast_with(both, noc_value_copy(when));
	ast_with(both, ast_one(done, ast_new("exists", NULL, NULL)));
	map = noc_value_get(step, "opts");
	noc_value_set(map, "when", both);
	free(done);
}

/* Before `step`, whose name this is: the reads and the fail. */
static void
keep_before(struct keep *k, struct noc_value *step, const char *step_name)
{
	const struct noc_value *own = noc_ast_opt(step, "when");
	struct noc_value *none = ast_new("neither", NULL, NULL);
	struct noc_value *when = ast_new("both", NULL, NULL);
	struct noc_value *fail, *opts = noc_value_map();
	size_t n = noc_value_len(k->ports);

	for (size_t i = 0; i < n; i++) {
		const struct noc_value *port = noc_value_at(k->ports, i);
		char *name = noc_asprintf("keep_%s_%zu", step_name, i + 1);
		struct noc_value *other = ast_new("both", NULL, NULL);
		char *done = noc_asprintf("steps.%s", name);

		noc_value_push(k->out, keep_read(step, name, port));
		ast_with(other, keep_is_up(name));
		ast_with(other,
			 keep_is_other(noc_value_get_str(port, "device", ""),
				       noc_value_get_str(port, "ifname", "")));
		ast_with(none, other);
		/* The last read is done when they all are. */
		if (i + 1 == n)
			ast_with(when,
				 ast_one(done, ast_new("exists", NULL, NULL)));
		if (i + 1 == n && own && !noc_ast_function(own))
			keep_when(step, name);
		free(done);
		free(name);
	}
	ast_with(when, none);
	fail = ast_new("fail", "keep_one_up: no other port of the group is up",
		       noc_ast_at(step));
	noc_value_set(opts, "when", when);
	noc_value_set(opts, "class", noc_value_str("dependency_unavailable"));
	noc_value_set(fail, "opts", opts);
	noc_value_push(k->out, fail);
}

/* snmp.set of nothing but "up" takes nothing down. */
static bool
keep_only_raises(const struct noc_step_def *s)
{
	const struct noc_value *opts = noc_ast_opts(s->params);

	if (strcmp(s->action, "snmp.set") != 0 || noc_value_len(opts) == 0)
		return false;
	for (size_t i = 0; i < opts->u.map.len; i++)
		if (!noc_value_is_str(opts->u.map.at[i].value, "up"))
			return false;
	return true;
}

/* Which port it takes down is known of the event's own only. */
static int
keep_is_own(const struct noc_step_def *s, struct noc_err *err)
{
	const struct noc_value *opts = noc_ast_opts(s->params);
	bool set = !strcmp(s->action, "snmp.set");

	if (s->target && strcmp(noc_template_source(s->target), "{device}"))
		return noc_err_set(err, NOC_ECONFIG,
				   "'keep_one_up': step '%s' must not name "
				   "another 'target' than the event's device.",
				   s->name);
	for (size_t i = 0; set && opts && i < opts->u.map.len; i++) {
		const char *key = opts->u.map.at[i].key;
		const char *port = strpbrk(key, "[.");

		if (strncmp(key, "if", 2) || !port ||
		    !strcmp(port, "[{ifname}]") || !strcmp(port, ".{ifindex}"))
			continue;
		return noc_err_set(err, NOC_ECONFIG,
				   "'keep_one_up': step '%s' sets '%s', which "
				   "may be another port than the event's; "
				   "write [{ifname}] or .{ifindex}.",
				   s->name, key);
	}
	return 0;
}

/* on_fail holds steps. */
static bool
keep_ends(const struct noc_value *v)
{
	const struct noc_value *items =
	    noc_ast_node(v) && !noc_ast_is(v, "table") ? NULL
						       : noc_ast_items(v);

	if (v && !items)
		return noc_schema_is(noc_ast_node(v), "step") &&
		       !noc_ast_is(v, "escalate");
	for (size_t i = 0; i < noc_value_len(items); i++)
		if (keep_ends(noc_value_at(items, i)))
			return true;
	return false;
}

/* Only a list can be seen to be read before it is changed. */
static int
keep_straight(const struct noc_value *run, const struct noc_value *node,
	      struct noc_err *err)
{
	static const char *const held[] = { "parallel", "choose", "each",
					    "call", "undo" };
	const struct noc_value *first = noc_value_at(noc_ast_items(node), 0);
	const char *what = NULL;

	for (size_t i = 0; i < NOC_COUNT(held); i++)
		if (noc_ast_is(node, held[i]) ||
		    (noc_ast_is(node, "step") && noc_ast_is(first, held[i])))
			what = held[i];
	if (!noc_node_is_action(node) && noc_ast_opt(node, "after"))
		what = "after";
	if (noc_ast_is(node, "step") && noc_ast_opt(node, "undo"))
		what = "undo";
	if (noc_ast_is(run, "flow") && noc_ast_opt(run, "finally"))
		what = "finally";
	if (noc_ast_is(run, "flow") && keep_ends(noc_ast_opt(run, "on_fail")))
		what = "on_fail with steps";
	if (!what)
		return 0;
	return noc_err_set(err, NOC_ECONFIG,
			   "%s: 'keep_one_up' guards the steps of a plain list "
			   "only, and this flow has '%s'.",
			   noc_ast_at(node), what);
}

static int
keep_step(struct keep *k, const struct noc_value *node, size_t position,
	  struct noc_err *err)
{
	struct noc_step_def s = { 0 };
	struct noc_value *step = noc_value_copy(node);
	struct noc_err why;
	struct planning b = { .err = &why };
	bool before;
	int rc = 0;

	/* What is wrong with it is told when the plan is made. */
	s.at = noc_ast_at(node);
	plan_step(&b, node, position, &s);
	before = !b.rc && s.mutates && !keep_only_raises(&s);
	if (before) {
		rc = keep_is_own(&s, err);
		keep_before(k, step, s.name);
	}
	/* A bare action keeps the name that its place gave it. */
	if (!b.rc && s.kind == NOC_STEP_ACTION && !noc_ast_is(node, "step"))
		step =
		    ast_with(ast_new("step", s.name, noc_ast_at(node)), step);
	if (before)
		noc_value_set(step, "kept", noc_value_bool(true));
	noc_value_push(k->out, step);
	noc_step_release(&s);
	return rc;
}

/* The plan as it is stored has no mark of its own: the names tell. */
void
noc_keep_mark(struct noc_step_def *steps, size_t at)
{
	char *name = noc_asprintf("keep_%s_1", steps[at].name);

	for (size_t i = 0; i < at; i++)
		if (!strcmp(steps[i].name, name))
			steps[i].group_first = true;
	free(name);
}

/* ---- the group ---- */

static void
keep_add(struct keep *k, const char *device, const char *ifname)
{
	struct noc_value *port = noc_value_map();

	noc_value_set(port, "device", noc_value_str(device));
	noc_value_set(port, "ifname", noc_value_str(ifname));
	noc_value_push(k->ports, port);
}

static int
keep_ports(struct keep *k, const char *device, const struct noc_value *v,
	   struct noc_err *err)
{
	const char *names[KEEP_PORTS_MAX];
	size_t n = noc_ast_strings(v, names, KEEP_PORTS_MAX);

	if (n == 0 || n + noc_value_len(k->ports) > KEEP_PORTS_MAX)
		return noc_err_set(err, NOC_ECONFIG,
				   "'keep_one_up' names 2 to %d ports: { "
				   "\"Po1\", \"Po2\" } of the device, or { sw1 "
				   "= \"Po1\", sw2 = \"Po1\" }.",
				   KEEP_PORTS_MAX);
	for (size_t i = 0; i < n; i++) {
		if (!*names[i] || strpbrk(names[i], "{}[]"))
			return noc_err_set(err, NOC_ECONFIG,
					   "'keep_one_up': '%s' is no name of "
					   "a port.",
					   names[i]);
		if (strpbrk(device, "{}[]\\"))
			return noc_err_set(err, NOC_ECONFIG,
					   "'keep_one_up': '%s' is no name of "
					   "a device.",
					   device);
		keep_add(k, device, names[i]);
	}
	return 0;
}

static int
keep_group(struct keep *k, const struct noc_value *group, struct noc_err *err)
{
	const struct noc_value *by = noc_ast_opts(group);
	const struct noc_value *own = noc_ast_items(group);
	int rc = 0;

	if (own && noc_value_len(own))
		rc = keep_ports(k, "", own, err);
	for (size_t i = 0; !rc && by && i < by->u.map.len; i++)
		rc = keep_ports(k, by->u.map.at[i].key, by->u.map.at[i].value,
				err);
	if (!rc && noc_value_len(k->ports) < 2)
		rc = keep_ports(k, "", NULL, err);
	return rc;
}

int
noc_keep_one_up(const struct noc_value *run, const struct noc_value *group,
		struct noc_value **out, struct noc_err *err)
{
	bool flow = noc_ast_is(run, "flow");
	const struct noc_value *items = flow ? noc_ast_items(run) : NULL;
	size_t n = flow ? noc_value_len(items) : 1;
	struct keep k = { noc_value_list(), noc_value_list() };
	int rc = keep_group(&k, group, err);

	for (size_t i = 0; !rc && i < n; i++)
		rc = keep_straight(run, flow ? noc_value_at(items, i) : run,
				   err);
	for (size_t i = 0; !rc && i < n; i++)
		rc = keep_step(&k, flow ? noc_value_at(items, i) : run, i + 1,
			       err);
	noc_value_free(k.ports);
	if (rc) {
		noc_value_free(k.out);
		return rc;
	}
	*out =
	    flow ? noc_value_copy(run) : ast_new("flow", NULL, noc_ast_at(run));
	noc_value_set(*out, "items", k.out);
	return 0;
}
