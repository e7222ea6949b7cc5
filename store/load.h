/* SPDX-License-Identifier: ISC */
#ifndef NOC_STORE_LOAD_H
#define NOC_STORE_LOAD_H

#include "base/err.h"
#include "store/txn.h"

/*
 * What noc_resume reads once, before the loop starts: live rows, unfinished
 * runs with their steps, recent events for `seen`.  Each callback borrows.
 * Own read-only connection, closed on return.  Loop thread, at start only.
 */
#define NOC_ENDED_MAX 4096

struct noc_load {
	void (*live)(const char *kind, const char *key, int64_t due_ns,
		     const struct noc_value *data, void *arg);
	/* In its stead when its data is not JSON; of the rows below json is
	 * NULL then. */
	void (*unreadable)(const char *kind, const char *key, void *arg);
	void (*run)(const struct noc_run_row *row, void *arg);
	/* Of the last NOC_ENDED_MAX to end, oldest first: id and state only.
	 */
	void (*ended)(const struct noc_run_row *row, void *arg);
	void (*step)(const struct noc_step_row *row, void *arg);
	void (*event)(const struct noc_event_row *row, void *arg);
	void *arg;
	int64_t events_since_ns;
};
#define NOC_LOAD_BACK_MS 3600000LL /* events are never asked for before */
int noc_load_state(const char *state_dir, const struct noc_load *load,
		   struct noc_err *err);
/*
 * One run, also one that has ended, by its id or the only beginning of one:
 * its event, its row, its steps in the order of its plan, what is asked for.
 * Not what is on its way to the disk.  ENOTFOUND, EINPUT: which; ESTORE: it
 * cannot be read, and what was called says too little.
 */
int noc_load_run(const char *state_dir, const char *id,
		 const struct noc_load *load, struct noc_err *err);
/* The same of its steps alone, by their paths: at most max behind `after` ("":
 * the first).  Returns how many. */
int noc_load_run_steps(const char *state_dir, const struct noc_id *id,
		       const char *after, int max, const struct noc_load *load,
		       struct noc_err *err);
/* One live row; *data is returned, NULL: there is none, or it cannot be read.
 */
int noc_load_live(const char *state_dir, const char *kind, const char *key,
		  struct noc_value **data, struct noc_err *err);
/*
 * Is all of that there to be read?  0; or 1 and why not, when the file is
 * damaged; or a negative kind.
 */
int noc_load_check(const char *state_dir, struct noc_now now, char why[256],
		   struct noc_err *err);
/* A definition's text by hash: returned, or NULL. */
char *noc_load_definition(const char *state_dir, const uint8_t hash[32]);

#endif
