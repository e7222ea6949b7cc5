/* SPDX-License-Identifier: ISC */
#ifndef NOC_STORE_COMMIT_H
#define NOC_STORE_COMMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "store/journal_private.h"
#include "store/writer.h"

/*
 * What the writer's thread does between taking a batch and saying that it is
 * durable: one transaction, what a failure calls for, checkpoints, anchors,
 * upkeep.  Times are CLOCK_MONOTONIC, ns.  That one thread only.
 */
struct noc_commit {
	struct noc_journal j;
	struct noc_checkpoint *cp;
	char *anchor;  /* path, or NULL */
	bool in_doubt; /* the last COMMIT may have happened */
	unsigned recoveries;
	struct noc_tail doubt;
	struct noc_strbuf note; /* of the commit being tried */
	int checked_pages;	/* WAL pages at the last checkpoint */
	bool copying;		/* the thread was told then */
	int64_t committed_ns, anchored_ns, upkeep_ns;
	uint64_t commits, failures;
	bool failing, wal_alarm, anchor_failing;
	char error[256];
};

int noc_commit_open(struct noc_commit *c, const struct noc_writer_options *opt,
		    char **recovered, struct noc_err *err);
/* Anchors, truncates the WAL, closes. */
void noc_commit_stop(struct noc_commit *c);

/* The list as one transaction: true when it is durable.  False: nothing of
 * it is, or nobody knows yet; the same list is to be tried again. */
bool noc_commit_try(struct noc_commit *c, struct noc_txn *list);
/* A reader found damage in the file with this inode: it is put aside, unless
 * that was done. */
void noc_commit_suspect(struct noc_commit *c, uint64_t inode);
/* Checkpoint and anchor, when due. */
void noc_commit_after(struct noc_commit *c, int64_t now_ns);
/* Upkeep while nothing is queued; returns when to come again. */
int64_t noc_commit_idle(struct noc_commit *c, int64_t now_ns,
			const int64_t keep_ns[NOC_RETAINS]);
void noc_commit_stats(const struct noc_commit *c, struct noc_writer_stats *out);

#endif
