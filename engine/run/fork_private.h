/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RUN_FORK_PRIVATE_H
#define NOC_ENGINE_RUN_FORK_PRIVATE_H

#include "engine/core/due.h"
#include "engine/run/fork.h"

/* Between the files fork*.c only. */

enum fork_kind { FORK_STEP, FORK_ITEM, FORK_UNDO };

enum fork_fate {
	FORK_UNDECIDED, /* as what holds it */
	FORK_KEPT,	/* done: copied, with all that it holds */
	FORK_OPEN,	/* it goes on: some of what it holds is copied */
	FORK_LEFT	/* done again, or not at all */
};

struct fork_row { /* of the original; texts owned */
	char *path;
	size_t node; /* of the fork's plan, nsteps: it is not there */
	enum fork_kind kind;
	enum fork_fate fate;
	bool undone;	     /* it was taken back, */
	struct fork_row *by; /* by this undo step that took it back; NULL */
	bool lost;   /* of that: it is done again, and what it took back, too */
	bool gone;   /* it was taken back, and that is not to stay so */
	bool unwell; /* something in it is gone, or is asked for */
	int64_t item, started_ns, ended_ns;
	int attempt;
	const char *state; /* static; "": none of them */
	struct noc_value *json;
};

#define FORK_SLICE 256 /* rows read, or copied, in an input */

struct noc_fork {
	struct noc_core *core;
	const struct noc_fork_how *how;
	enum { FORK_READS, FORK_DECIDES, FORK_STARTS, FORK_COPIES } phase;
	/* When it takes more than an input: */
	struct noc_fork_how own; /* owned */
	struct noc_fork *next;
	struct noc_due due;
	struct noc_command_later *later;
	struct noc_value *answer, *said, *gone;
	char *last; /* path of the last row that was read; NULL */
	/* The original. */
	bool found;
	struct noc_id id;
	char *rule, *key, *mode, *state;
	struct noc_value *json;
	struct noc_event *ev;
	struct noc_plan *was; /* its plan; ref */
	struct fork_row *rows;
	size_t nrows, cap;
	struct fork_row **by_path; /* sorted */
	/* The fork. */
	struct noc_plan *plan; /* ref */
	bool calls_old;	       /* functions of this tree: */
	uint8_t tree[32];
	struct noc_id made_id; /* of the fork */
	int64_t copied;
	size_t ncopy, at; /* rows to copy, and the place of the next */
	bool again;	  /* something is left to do */
	bool made;	  /* no other run was joined instead */
	char *passed;	  /* a choice, or what was skipped, with `from` in it */
};

/* ---- fork_load.c ---- */

/* All but its steps. */
int fork_load(struct noc_fork *f, const char *state_dir, struct noc_err *err);
/* Some more of these; > 0: not all of them. */
int fork_read(struct noc_fork *f, const char *state_dir, struct noc_err *err);
void fork_release(struct noc_fork *f);

/* ---- fork_copy.c ---- */

/* True: it goes on in another input. */
bool fork_copy(struct noc_run *r, struct noc_fork *f);

/* ---- fork_path.c ---- */

/* The node that a row of this path is of; nsteps: there is none. */
size_t fork_node(const struct noc_plan *p, const char *path,
		 enum fork_kind *kind);
/* EINPUT: there is no such step to go on from; the message says what there is.
 */
int fork_from(const struct noc_fork *f, const char *path, struct noc_err *err);
/* The next node of the same lane. */
size_t fork_next(const struct noc_plan *p, size_t node);

/* ---- fork_rows.c ---- */

/* by_path. */
void fork_sort(struct noc_fork *f);
bool fork_begins(const char *path, const char *with);
/* The first row, by path, that is not before this one. */
size_t fork_lower(const struct noc_fork *f, const char *path);
struct fork_row *fork_find(const struct noc_fork *f, const char *path);
/* It ended like this, and is not gone. */
bool fork_row_is(const struct fork_row *row, const char *state);
/* Who took back what. */
void fork_undone(struct noc_fork *f);
/* Is there a row in it? */
bool fork_holds(const struct noc_fork *f, const struct fork_row *row);
/* Is the step to go on from in it? */
bool fork_is_above(const struct noc_fork *f, const char *path);
/* What is gone; and what holds something that is, or that is asked for, is not
 * done either. */
void fork_mark(struct noc_fork *f);
/* As what holds it. */
enum fork_fate fork_row_fate(const struct noc_fork *f,
			     const struct fork_row *row);

/* ---- fork_done.c ---- */

/* What is copied and what is not. */
void fork_decide(struct noc_fork *f);
/* The same of the steps from ... to - 1, whose paths begin with prefix. */
void fork_lane_decide(struct noc_fork *f, const char *prefix, size_t up,
		      size_t from, size_t to);

/* ---- fork_items.c ---- */

/* Of an each that goes on. */
void fork_each_decide(struct noc_fork *f, const struct fork_row *row);

#endif
