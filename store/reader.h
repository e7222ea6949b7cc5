/* SPDX-License-Identifier: ISC */
#ifndef NOC_STORE_READER_H
#define NOC_STORE_READER_H

#include <stdint.h>

#include "base/err.h"
#include "base/value.h"

/*
 * One thread that answers questions about durable state: query_only, at most
 * limit_ns each, no read transaction kept between pages.  Questions have names
 * and parameters (a map); answers are values.
 *
 *   events     {limit, before, look_ms?, kind?, device?, fate?, origin?, q?}
 *              -> {events: [event], stopped?, reached?}
 *   event      {id} -> event | nil           (id may be a unique prefix)
 *   decisions  {event} -> [decision]
 *   runs       {limit, before, state?, rule?, device?} -> [run]
 *   run        {id, in?} -> {run..., steps:[...], decisions:[...],
 *              children:[{id, rule, state, fork}]} | nil
 *   states     {ids: [id]} -> {id: state}, of the runs that there are
 *   items      {id, of, limit, after, state?} -> [item] | nil
 *   audit      {limit, before|after, run?, event?, kind?} -> [record]
 *   heads      {limit} -> [note]
 *   counts     {} -> {table: rows}
 *   live       {kind} -> [{key, due, data}]
 * `before` is the opaque cursor of the last row ("cursor" of each row); pages
 * go from the newest down, `after` (audit, items) upward.  limit: 1..1,000, 100
 * when not said.  An event is its json with id, received, fate, cursor and
 * decided
 * ("RULE OUTCOME, ..." or nil); a run
 * has the columns of struct noc_run_row by name, its json under "json"; a step
 * its columns merged with its json; of what an each holds there are "counts"
 * alone, its items are asked for by its path (`of`), in the order of the list,
 * and what is in one of them as a run is (`in`); a record {seq, cursor, kind,
 * at, leaf} and each tag by name (hashes and raw in hex).  `q` finds text in an
 * event.  A page of events that is not full after look_ms (250) of looking says
 * where it `stopped`, the cursor to go on `before`, and when that row was
 * received. EINPUT: no such question; ECONFLICT: an id prefix of several;
 * ETIMEOUT.
 */
struct noc_reader;
struct noc_query {
	char *name;		  /* owned */
	struct noc_value *params; /* owned */
	struct noc_value *result; /* owned by the query; NULL on error */
	struct noc_err err;
	int64_t limit_ns; /* then ETIMEOUT; 0: 500 ms */
	void (*done)(struct noc_query *q, void *arg); /* in noc_reader_drain */
	void *arg;
	struct noc_query *next;
};

int noc_reader_open(const char *state_dir, struct noc_reader **out,
		    struct noc_err *err);
void noc_reader_close(struct noc_reader *r);
/* q is owned until done, which runs on the caller of noc_reader_drain; the
 * reader frees it afterwards.  ERESOURCE when 256 are waiting (q freed). */
int noc_reader_submit(struct noc_reader *r, struct noc_query *q,
		      struct noc_err *err);
int noc_reader_fd(const struct noc_reader *r);
void noc_reader_drain(struct noc_reader *r);

/* The inode of a file in which it came upon damage since it was last asked,
 * which noc_writer_suspect wants to know; or 0. */
uint64_t noc_reader_damaged(struct noc_reader *r);

/* The same, at once, on the caller's thread (CLI without a daemon). */
int noc_reader_query(const char *state_dir, const char *name,
		     const struct noc_value *params, struct noc_value **out,
		     struct noc_err *err);

#endif
