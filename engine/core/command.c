/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/core/command.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/suggest.h"
#include "store/txn.h"
#include "engine/core/core_private.h"
#include "engine/core/record.h"

/* Bytes of a text that people say: all of it is journaled. */
#define COMMAND_TEXT_MAX 4096

static const struct noc_command commands[] = {
#define REQUIRED(name, type, meant) { name, NOC_##type, true, meant },
#define OPTIONAL(name, type, meant) { name, NOC_##type, false, meant },
#define NOC_COMMAND(verb, part, role, record, help, ...)                    \
	{ verb, NOC_PART_##part,     NOC_ROLE_##role, NOC_COMMAND_##record, \
	  help, { __VA_ARGS__{ 0 } } },
#include "engine/core/command.def"
#undef REQUIRED
#undef OPTIONAL
#undef NOC_COMMAND
};

const struct noc_command *
noc_command_at(size_t i)
{
	return i < NOC_COUNT(commands) ? &commands[i] : NULL;
}

const struct noc_command *
noc_command_find(const char *verb)
{
	for (size_t i = 0; i < NOC_COUNT(commands); i++)
		if (!strcmp(commands[i].verb, verb))
			return &commands[i];
	return NULL;
}

/* ---- what came, against its row ---- */

static const char *
command_type(enum noc_type type)
{
	switch (type) {
	case NOC_NIL:
		return "nothing";
	case NOC_BOOL:
		return "true or false";
	case NOC_INT:
		return "a whole number";
	case NOC_REAL:
		return "a fraction";
	case NOC_STR:
		return "a text";
	case NOC_LIST:
		return "a list";
	case NOC_MAP:
		return "a map";
	}
	return "?";
}

static int
command_unknown(const char *verb, struct noc_err *err)
{
	const char *known[NOC_COUNT(commands)], *near;

	for (size_t i = 0; i < NOC_COUNT(commands); i++)
		known[i] = commands[i].verb;
	near = noc_suggest(verb, known, NOC_COUNT(known));
	return noc_err_set(err, NOC_ENOTFOUND,
			   "There is no command '%.60s'%s%s%s", verb,
			   near ? "; did you mean '" : "", near ? near : "",
			   near ? "'?" : ".");
}

static int
command_extra(const struct noc_command *row, const char *name,
	      struct noc_err *err)
{
	const char *known[NOC_COMMAND_PARAMS], *near;
	struct noc_strbuf takes = NOC_STRBUF_INIT;
	size_t n = 0;

	for (; row->params[n].name; n++) {
		known[n] = row->params[n].name;
		noc_strbuf_addf(&takes, "%s%s", n ? ", " : "", known[n]);
	}
	near = noc_suggest(name, known, n);
	if (near)
		noc_err_set(err, NOC_EINPUT,
			    "%s does not take '%.60s'; did you mean '%s'?",
			    row->verb, name, near);
	else
		noc_err_set(err, NOC_EINPUT,
			    "%s does not take '%.60s'; it takes %s.", row->verb,
			    name, n ? takes.p : "nothing");
	noc_strbuf_release(&takes);
	return NOC_EINPUT;
}

static int
command_check(const struct noc_command *row, const struct noc_value *command,
	      struct noc_err *err)
{
	const struct noc_command_param *p;

	for (size_t i = 0; i < command->u.map.len; i++) {
		const struct noc_member *m = &command->u.map.at[i];

		if (!strcmp(m->key, "verb") || !strcmp(m->key, "actor") ||
		    !strcmp(m->key, "who") ||
		    !strcmp(m->key, "idempotency_key"))
			continue;
		for (p = row->params; p->name && strcmp(p->name, m->key); p++)
			;
		if (!p->name)
			return command_extra(row, m->key, err);
		if (m->value->type != p->type)
			return noc_err_set(err, NOC_EINPUT,
					   "'%s' of %s is %s, not %s.", p->name,
					   row->verb, command_type(p->type),
					   command_type(m->value->type));
		if (p->type == NOC_STR && m->value->u.s.len > COMMAND_TEXT_MAX)
			return noc_err_set(err, NOC_EINPUT,
					   "'%s' of %s has %zu bytes, more "
					   "than %d.",
					   p->name, row->verb,
					   m->value->u.s.len, COMMAND_TEXT_MAX);
	}
	for (p = row->params; p->name; p++) {
		const struct noc_value *v = noc_value_get(command, p->name);

		if (p->required && (!v || (v->type == NOC_STR && !*v->u.s.p) ||
				    (v->type == NOC_MAP && v->u.map.len == 0)))
			return noc_err_set(err, NOC_EINPUT, "%s needs %s.",
					   row->verb, p->meant);
	}
	return 0;
}

void
noc_command_help(FILE *out)
{
	fputs("Commands of people, as a test tells them by \"command\" and "
	      "the journal shows them.\nA parameter in brackets may be left "
	      "out.\n",
	      out);
	for (const struct noc_command *row = commands;
	     row < commands + NOC_COUNT(commands); row++) {
		fprintf(out, "\n%s (%s)\n    %s\n", row->verb,
			noc_role_name(row->role), row->help);
		for (const struct noc_command_param *p = row->params; p->name;
		     p++)
			fprintf(out, "    %s%s%s: %s, %s\n",
				p->required ? "" : "[", p->name,
				p->required ? "" : "]", command_type(p->type),
				p->meant);
	}
}

/* ---- carrying it out ---- */

struct noc_command_later {
	struct noc_core *core;
	void (*done)(int, const struct noc_value *, const char *, void *);
	void *arg;
	int kind;
	bool replayed;
	struct noc_value *answer;
	struct noc_value *keyed; /* the command, to be known by its key */
	struct noc_err err;
};

static int
command_key_check(const struct noc_value *command, struct noc_err *err)
{
	const struct noc_value *key = noc_value_get(command, "idempotency_key");

	if (key->type != NOC_STR || !key->u.s.len ||
	    key->u.s.len > NOC_COMMAND_KEY_MAX)
		return noc_err_set(err, NOC_EINPUT,
				   "An idempotency key is a text of 1 to %d "
				   "bytes.",
				   NOC_COMMAND_KEY_MAX);
	return 0;
}

/* 0: carry it out; 1: it was, and a has the answer. */
static int
command_asked(struct noc_core *core, const struct noc_command *row,
	      const struct noc_value *command, struct noc_command_later *a)
{
	int r;

	if (row->record == NOC_COMMAND_READS ||
	    !noc_value_get(command, "idempotency_key"))
		return 0;
	r = command_key_check(command, &a->err);
	if (r)
		return r;
	r = core->ops[NOC_PART_ONCE]->asked(core, core->parts[NOC_PART_ONCE],
					    command, &a->answer, &a->err);
	a->replayed = r > 0;
	if (r == 0)
		a->keyed = noc_value_copy(command);
	return r;
}

/* later: its answer comes in another input. */
static void
command_answered(struct noc_core *core, struct noc_command_later *a, bool later)
{
	const struct noc_part_ops *once = core->ops[NOC_PART_ONCE];
	void *part = core->parts[NOC_PART_ONCE];

	if (a->keyed && later) {
		once->taken(core, part, a->keyed);
	} else if (a->keyed) {
		once->answered(core, part, a->keyed, a->kind, a->answer);
		noc_value_free(a->keyed);
		a->keyed = NULL;
	}
}

static int
command_do(struct noc_core *core, const struct noc_value *command,
	   struct noc_command_later *later)
{
	const char *verb = noc_value_get_str(command, "verb", "");
	const struct noc_command *row = noc_command_find(verb);
	const struct noc_part_answer *a;
	int r;

	if (!row)
		return command_unknown(verb, &later->err);
	r = command_check(row, command, &later->err);
	if (r)
		return r;
	for (a = core->ops[row->part]->answers; a && a->verb; a++)
		if (!strcmp(a->verb, verb))
			break;
	if (NOC_FAILS(a && a->verb))
		return noc_err_set(&later->err, NOC_EBUG,
				   "No part of the core answers %s.", verb);
	r = command_asked(core, row, command, later);
	if (r)
		return r < 0 ? r : 0;
	r = a->fn(core, core->parts[row->part], command, &later->answer,
		  &later->err);
	if (r == 0 && row->record == NOC_COMMAND_ADMIN)
		noc_core_admin(core, command);
	return r;
}

static void
answer_free(void *arg)
{
	struct noc_command_later *a = arg;

	noc_value_free(a->answer);
	noc_value_free(a->keyed);
	free(a);
}

static void
on_answer(void *arg)
{
	struct noc_command_later *a = arg;

	a->core->replayed = a->replayed;
	a->done(a->kind, a->answer, a->kind ? a->err.msg : NULL, a->arg);
	a->core->replayed = false;
	answer_free(a);
}

bool
noc_command_replayed(const struct noc_core *core)
{
	return core->replayed;
}

void
noc_core_command(struct noc_core *core, const struct noc_value *command,
		 void (*done)(int, const struct noc_value *, const char *,
			      void *),
		 void *arg, struct noc_now now)
{
	struct noc_command_later *a = noc_calloc(1, sizeof(*a));
	struct noc_command_later *outer = core->asked;
	int rc;

	a->core = core;
	a->done = done;
	a->arg = arg;
	noc_core_begin(core, now);
	core->asked = a;
	rc = command_do(core, command, a);
	if (core->asked != a) { /* somebody has taken it along */
		core->asked = outer;
		command_answered(core, a, true);
		noc_core_end(core);
		return;
	}
	core->asked = outer;
	a->kind = rc;
	command_answered(core, a, false);
	if (core->depth == 1 && (!core->txn || noc_txn_is_empty(core->txn))) {
		/* Nothing to wait for: also while the disk says no. */
		noc_core_end(core);
		on_answer(a);
		return;
	}
	noc_core_effect(core, on_answer, answer_free, a);
	noc_core_end(core);
}

struct noc_command_later *
noc_command_later(struct noc_core *core)
{
	struct noc_command_later *a = core->asked;

	core->asked = NULL;
	return a;
}

void
noc_command_answer(struct noc_core *core, struct noc_command_later *a, int kind,
		   struct noc_value *answer, const struct noc_err *err)
{
	a->kind = kind;
	a->answer = answer;
	if (kind)
		a->err = *err;
	command_answered(core, a, false);
	noc_core_effect(core, on_answer, answer_free, a);
}

void
noc_command_drop(struct noc_command_later *a)
{
	if (a)
		answer_free(a);
}
