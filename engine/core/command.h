/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_CORE_COMMAND_H
#define NOC_ENGINE_CORE_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/role.h"
#include "base/value.h"
#include "engine/core/part.h"

/*
 * What people can tell the core.  A command is a map: "verb", "actor" and the
 * parameters of its row in engine/core/command.def, which is the only list:
 * it is checked here, once, and then the part of its row carries it out.
 * The API takes its roles and bodies from the table, `nocturne help commands`
 * prints it, and whoever offers commands elsewhere (a table of routes, MCP)
 * reads it as well.  Reading the table: any thread; the rest: loop thread.
 */

/* What a command that was carried out leaves in the journal. */
enum noc_command_record {
	NOC_COMMAND_READS, /* nothing: it changes nothing */
	NOC_COMMAND_ADMIN, /* an ADMIN record, written by noc_core_command */
	/* The part's own: a SIGNAL of a run, or an ADMIN record that has to
	 * stand before those of what it began. */
	NOC_COMMAND_OWN
};

#define NOC_COMMAND_PARAMS 8

struct noc_command_param {
	const char *name;
	enum noc_type type;
	bool required;	   /* there, and not empty */
	const char *meant; /* as in "silence.add needs ..." */
};

struct noc_command {
	const char *verb;
	enum noc_part part;
	enum noc_role role; /* the least that may give it */
	enum noc_command_record record;
	const char *help; /* a sentence */
	/* One without a name ends them. */
	struct noc_command_param params[NOC_COMMAND_PARAMS + 1];
};

const struct noc_command *noc_command_at(size_t i); /* NULL past the end */
const struct noc_command *noc_command_find(const char *verb); /* or NULL */
void noc_command_help(FILE *out);			      /* of all */

/*
 * Carry out {"verb": "silence.add", ..., "actor": "uid 0"}; "who" may say more
 * of the actor: {groups: [name, ...], admin: bool}.  The answer is
 * given to done when it is durable, or before this returns when nothing was
 * changed.  ENOTFOUND: there is no such verb, or not what it names; EINPUT:
 * its parameters are not those of its row.  With "idempotency_key" one that
 * changes something is carried out once: the same again within 24 h, of the
 * same actor, gets the first answer (see `asked` of engine/core/part.h).
 */
void noc_core_command(struct noc_core *core, const struct noc_value *command,
		      void (*done)(int kind, const struct noc_value *answer,
				   const char *message, void *arg),
		      void *arg, struct noc_now now);

#define NOC_COMMAND_KEY_MAX 255 /* bytes of an idempotency_key */

/* In done: this is the answer that an earlier one with this key was given. */
bool noc_command_replayed(const struct noc_core *core);

/*
 * Who carries out a command may take its answer along and give it in another
 * input; what it returns then is of no account.  NULL: nobody has asked.
 */
struct noc_command_later;
struct noc_command_later *noc_command_later(struct noc_core *core);
/* Once, inside an input: with its effects.  kind 0: answer, owned; else err. */
void noc_command_answer(struct noc_core *core, struct noc_command_later *later,
			int kind, struct noc_value *answer,
			const struct noc_err *err);
void noc_command_drop(struct noc_command_later *later); /* never; NULL too */

#endif
