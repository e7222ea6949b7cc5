/* SPDX-License-Identifier: ISC */
#ifndef NOC_STORE_WRITER_H
#define NOC_STORE_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "store/txn.h"

/*
 * The one thread that writes.  It commits whole txns in ticket order, as soon
 * as it is idle, in groups of <= 512 txns or 4 MiB; assigns seq and prev,
 * hashes, signs the head.  A commit that fails on FULL, BUSY or IOERR keeps
 * its batch and is tried again, 100 ms doubling to 5 s.  Knows no event loop.
 */
struct noc_writer;

struct noc_writer_options {
	const char *state_dir; /* nocturne.db, audit.{vkey,key}, anchor.log */
	const char *site;      /* first part of the origin; "nocturne" */
	bool anchor;	       /* append heads to <state>/anchor.log */
	bool wait;	       /* nothing is written until noc_writer_go */
};

/*
 * Opens or creates the database and log (new log: keys made, LOG_OPEN
 * record), checks the last head's signature and the last 1,000 leaves.  A
 * malformed file is quarantined (renamed) and a new log opened with a
 * RECOVERY record; *recovered then says so in one line (returned), or NULL.
 * Holds <state>/lock: ECONFLICT names the process that has it.  ECONFIG: the
 * key is missing or wrong, or the file is of a newer version.
 */
int noc_writer_open(const struct noc_writer_options *opt,
		    struct noc_writer **out, char **recovered,
		    struct noc_err *err);
/* What is on disk has been loaded: memory is the truth from here on. */
void noc_writer_go(struct noc_writer *w);
/* Drains what can be committed within drain_ms, anchors, stops the thread.
 * What could not be committed is dropped and said in the log. */
void noc_writer_close(struct noc_writer *w, int drain_ms);

/* txn is owned.  Returns its ticket (from 1, rising). */
uint64_t noc_writer_submit(struct noc_writer *w, struct noc_txn *txn);
/* How often it has put a damaged file aside and begun a new one, in which only
 * what it could still read is: whoever has the rows submits them again. */
unsigned noc_writer_recoveries(struct noc_writer *w);
/* Somebody else came upon damage in the file with this inode. */
void noc_writer_suspect(struct noc_writer *w, uint64_t inode);
/* Readable when completed() or recoveries() has advanced; the caller reads 8
 * bytes. */
int noc_writer_fd(const struct noc_writer *w);
/* Every ticket <= this is durable. */
uint64_t noc_writer_completed(struct noc_writer *w);

struct noc_writer_stats {
	uint64_t submitted, completed, commits, records, failures, size;
	size_t queue_txns, queue_bytes, wal_pages;
	double fill;	     /* 0..1, of 16 MiB */
	bool failing;	     /* the last commit failed; retrying */
	int64_t lag_ns;	     /* age of the oldest queued txn */
	char error[256];     /* while failing */
	unsigned recoveries; /* damaged files put aside since open */
};
void noc_writer_stats(struct noc_writer *w, struct noc_writer_stats *out);

/* Of the log that is written now; valid until close. */
const char *noc_writer_vkey(struct noc_writer *w);

/*
 * How long rows of a projection are kept: "events" and "decisions" (30 days
 * unless said), "runs" (90 days after their end, with their steps); 0 keeps
 * all.  Deleted while idle, at most 500 rows a transaction.  The journal is
 * never touched by this.  ENOTFOUND: no such table.
 */
int noc_writer_retain(struct noc_writer *w, const char *table, int64_t keep_ns);

#endif
