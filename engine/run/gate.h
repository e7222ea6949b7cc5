/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RUN_GATE_H
#define NOC_ENGINE_RUN_GATE_H

#include "engine/run/live.h"

/*
 * A decision that people make, while it is open: who may make it, what they
 * are shown, who has said what.  Each word, and what was decided, is a GATE
 * record; nobody decides twice, and what is decided stays so.  Loop thread,
 * inside an input.
 */
struct noc_gate {
	struct noc_live *live;
	struct noc_gate *next, **prev; /* of all that are open */
	struct noc_value *shown;       /* as they see it; NULL: nothing */
	struct noc_value *votes;       /* list of {by, vote, comment, at} */
	char *requester;	       /* who asked for it: "unix:ann" */
	char hash[65];		       /* SHA-256 of what is shown; "" */
	int64_t opened_ns;	       /* steady */
};

/* One word of a person. */
struct noc_gate_say {
	const char *actor, *comment;
	const char *hash; /* what they have read; NULL: not said */
	const struct noc_value *groups; /* theirs: a list of names; or NULL */
	bool approve;
	bool admin, force; /* decides alone: who may do everything */
};

void noc_gate_begin(struct noc_live *l, const struct noc_step_def *def);
/* EDENIED, ECONFLICT, EINPUT, and nothing has changed. */
int noc_gate_say(struct noc_live *l, const struct noc_gate_say *say,
		 struct noc_err *err);
/* An event took the question back: its lane ends here, well. */
void noc_gate_withdraw(struct noc_live *l, const char *by);
/* Nobody decided in time. */
void noc_gate_due(struct noc_live *l);
/* After a restart. */
void noc_gate_go_on(struct noc_live *l);
/* What a row of its step keeps of it; returned. */
struct noc_value *noc_gate_store(const struct noc_gate *g);
void noc_gate_load(struct noc_live *l, const struct noc_value *v);
void noc_gate_free(struct noc_live *l);

/* As people are told of it: {id, run, path, ...}; whole: with what is shown.
 * Returned. */
struct noc_value *noc_gate_look(const struct noc_gate *g, bool whole);

/* The kind of event about the same thing that takes it back; NULL: none. */
const char *noc_gate_stops_on(const struct noc_live *l);
/* "approve" or "confirm"; static. */
const char *noc_gate_word(const struct noc_gate *g);
/* How many people must still say yes. */
int64_t noc_gate_missing(const struct noc_gate *g);

#endif
