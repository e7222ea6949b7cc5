/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RUN_ROWS_H
#define NOC_ENGINE_RUN_ROWS_H

#include "engine/run/run_private.h"

/* What a run writes: its records and rows.  Inside an input. */

/* The same word, static; "": none of them. */
const char *noc_run_phase(const char *text);
/* Its row, when something has changed. */
void noc_run_store(struct noc_run *r);
void noc_run_write_row(struct noc_run *r);
/* Given beside its input: { rule = ... }; borrowed as noc_run_info. */
const struct noc_value *noc_run_extra(struct noc_run *r);
/* Out of its JSON goes what is known without it. */
void noc_run_json_lean(struct noc_run *r);
void noc_run_write_definition(struct noc_run *r); /* once */
/* All that a start needs of all runs, once more: rows_all.c. */
void noc_run_store_all(struct noc_core *core, void *part);
void noc_run_write_start(struct noc_run *r, const uint8_t *rule_definition);
void noc_run_write_end(struct noc_run *r);
void noc_run_write_signal(struct noc_run *r, const char *signal,
			  const char *actor, const char *why);

struct noc_step_done { /* STEP_DONE and its row */
	const struct noc_step_def *def;
	const char *state;   /* of the row */
	const char *outcome; /* ok, failed, would have: ..., late, ... */
	const char *target;
	const struct noc_value *params, *output, *changed;
	const struct noc_value *whole;	/* output with its tables; or NULL */
	const struct noc_value *counts; /* for the record; or NULL */
	const struct noc_value *input;	/* of what it called; or NULL */
	const struct noc_failure *failure;
	int64_t due_ns, took_ms;
};

struct noc_live;
void noc_step_write_start(struct noc_live *l, const struct noc_step_def *def,
			  const char *target, const struct noc_value *params);
void noc_step_write_done(struct noc_live *l, const struct noc_step_done *d);
/* Its row alone: its lane is stopped there, for this reason. */
void noc_step_write_stopped(struct noc_live *l, const char *why);
/* What the row says of a step that has written nothing yet; returned. */
struct noc_value *noc_step_row_json(const struct noc_live *l);
/* {class, block, code, message}; returned. */
struct noc_value *noc_failure_value(const struct noc_failure *f);

#endif
