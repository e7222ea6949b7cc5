/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/lang/ast.h"
#include "engine/testbed/private.h"

/*
 * What people decide in a test:
 *   at "2m" { "approve", step = "go", by = "ann" }
 *   "confirm" and "reject" likewise; comment = "...", groups = { ... } (those
 *   that the step asks for), refused = "text": it is not taken, for this.
 */

/* The last part of a path, or all of it. */
static bool
step_is(const char *path, const char *name)
{
	const char *last = strrchr(path, '/');

	return !strcmp(path, name) || (last && !strcmp(last + 1, name));
}

/* The gate that is open at this step; returned, NULL: said. */
static struct noc_value *
gate_open(struct noc_testbed *tb, const char *step)
{
	struct noc_value *command = noc_value_map(), *gates = NULL;
	struct noc_value *found = NULL, *list;
	struct noc_err err;

	noc_value_set(command, "verb", noc_value_str("gate.list"));
	noc_value_set(command, "actor", noc_value_str("test"));
	noc_value_set(command, "limit", noc_value_int(1000));
	if (noc_tb_command(tb, command, &gates, &err))
		noc_tb_fail(tb, "%s", err.msg);
	noc_value_free(command);
	list = noc_value_get(gates, "gates");
	for (size_t i = 0; !found && i < noc_value_len(list); i++) {
		const struct noc_value *g = noc_value_at(list, i);

		if (step_is(noc_value_get_str(g, "path", ""), step))
			found = noc_value_copy(g);
	}
	if (!found)
		noc_tb_fail(tb, "nobody is asked to decide '%s'", step);
	noc_value_free(gates);
	return found;
}

static struct noc_value *
decide_command(const char *decision, const struct noc_value *opts,
	       const struct noc_value *gate)
{
	static const char *const same[] = { "comment", "force", "sha256" };
	struct noc_value *command = noc_value_map(), *who = noc_value_map();
	const struct noc_value *groups = noc_value_get(opts, "groups");

	if (!groups)
		groups = noc_value_get(gate, "groups");
	noc_value_set(who, "groups", noc_value_copy(groups));
	noc_value_set(who, "admin",
		      noc_value_bool(noc_value_get_bool(opts, "admin", false)));
	noc_value_set(command, "verb", noc_value_str("gate.decide"));
	noc_value_set(command, "who", who);
	noc_value_set(command, "actor",
		      noc_value_str(noc_value_get_str(opts, "by", "test")));
	noc_value_set(command, "id",
		      noc_value_copy(noc_value_get(gate, "run")));
	noc_value_set(command, "path",
		      noc_value_copy(noc_value_get(gate, "path")));
	noc_value_set(command, "decision", noc_value_str(decision));
	/* Who confirms has read it, unless the test says what they read. */
	if (!strcmp(decision, "confirm"))
		noc_value_set(command, "sha256",
			      noc_value_copy(noc_value_get(gate, "sha256")));
	for (size_t i = 0; i < NOC_COUNT(same); i++)
		if (noc_value_get(opts, same[i]))
			noc_value_set(
			    command, same[i],
			    noc_value_copy(noc_value_get(opts, same[i])));
	return command;
}

void
noc_tb_decide(struct noc_testbed *tb, const char *decision,
	      const struct noc_value *opts)
{
	const char *step = noc_value_get_str(opts, "step", "");
	const char *refused = noc_value_get_str(opts, "refused", NULL);
	struct noc_value *gate = gate_open(tb, step), *command;
	struct noc_err err = { 0 };
	int rc;

	if (!gate)
		return;
	command = decide_command(decision, opts, gate);
	rc = noc_tb_command(tb, command, NULL, &err);
	if (rc && !refused)
		noc_tb_fail(tb, "%s", err.msg);
	else if (!rc && refused)
		noc_tb_fail(tb, "'%s' should have been refused to %s", step,
			    noc_value_get_str(command, "actor", ""));
	else if (rc && !strstr(err.msg, refused))
		noc_tb_fail(tb, "it should have been refused with \"%s\": %s",
			    refused, err.msg);
	noc_value_free(command);
	noc_value_free(gate);
}

/* ---- expect.waiting "go", expect.gate "go" { decision, by } ---- */

/* The last word of the journal of this step; NULL. */
static const struct noc_tb_note *
step_last(const struct noc_tb_look *l)
{
	for (size_t i = l->tb->nnotes; i > 0; i--) {
		const struct noc_tb_note *n = &l->tb->notes[i - 1];

		if (n->step && step_is(n->step, l->name))
			return n;
	}
	return NULL;
}

void
noc_tb_look_waiting(const struct noc_tb_look *l)
{
	const struct noc_tb_note *n = step_last(l);

	if (!n)
		noc_tb_fail(l->tb, "'%s' has not begun, so it does not wait",
			    l->name);
	else if (n->kind == NOC_REC_STEP_DONE)
		noc_tb_fail(l->tb, "'%s' does not wait (any more): %s", l->name,
			    n->outcome);
}

/* approve has come to approved. */
static bool
decided_is(const char *decided, const char *decision)
{
	size_t len = strcspn(decision, " ");

	return !strncmp(decided, decision, len) && *decided;
}

void
noc_tb_look_gate(const struct noc_tb_look *l)
{
	const struct noc_value *opts = noc_ast_opts(l->node);
	const char *decision = noc_value_get_str(opts, "decision", "");
	const char *by = noc_value_get_str(opts, "by", NULL);
	const char *comment = noc_value_get_str(opts, "comment", NULL);
	struct noc_strbuf seen = NOC_STRBUF_INIT;
	bool found = false;

	for (size_t i = 0; i < l->tb->nnotes && !found; i++) {
		const struct noc_tb_note *n = &l->tb->notes[i];
		const char *decided =
		    noc_value_get_str(n->detail, "decided", "");

		if (n->kind != NOC_REC_GATE || !n->step ||
		    !step_is(n->step, l->name))
			continue;
		noc_strbuf_addf(&seen, "%s%s by %s", seen.len ? ", " : "",
				n->outcome, n->actor);
		found = (!*decision || decided_is(decided, decision)) &&
			(!by || !strcmp(by, n->actor)) &&
			(!comment ||
			 strstr(noc_value_get_str(n->detail, "comment", ""),
				comment));
	}
	if (!found)
		noc_tb_fail(l->tb, "'%s' should have been decided so%s%s: %s",
			    l->name, *decision ? ", " : "", decision,
			    seen.len ? seen.p : "nobody decided anything");
	noc_strbuf_release(&seen);
}
