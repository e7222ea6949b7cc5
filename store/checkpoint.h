/* SPDX-License-Identifier: ISC */
#ifndef NOC_STORE_CHECKPOINT_H
#define NOC_STORE_CHECKPOINT_H

#include <stdbool.h>

#include <sqlite3.h>

/*
 * Copying the write-ahead log into the database file.  A thread with a
 * connection of its own does most of it while the writer goes on; it never
 * waits for anybody.  What came meanwhile the writer copies itself, when it is
 * little or when the log has become long: only with nothing left to copy does
 * its next commit write at the beginning of the log again, which is quicker
 * than making it longer.  Called by the writer's thread.
 */
struct noc_checkpoint;

/* path: of the database; borrowed.  NULL: there is no thread to be had, and
 * then the functions below do nothing. */
struct noc_checkpoint *noc_checkpoint_new(const char *path);
void noc_checkpoint_free(struct noc_checkpoint *cp);

/* Begin, unless it is at it. */
void noc_checkpoint_go(struct noc_checkpoint *cp);
bool noc_checkpoint_busy(struct noc_checkpoint *cp);
/* Until it is not at it. */
void noc_checkpoint_wait(struct noc_checkpoint *cp);
/* The same, and close its connection: the file is about to be put aside. */
void noc_checkpoint_leave(struct noc_checkpoint *cp);

/* On this connection, now; SQLite's code. */
int noc_checkpoint_run(sqlite3 *db, int mode);

#endif
