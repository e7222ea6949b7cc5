/* SPDX-License-Identifier: ISC */
#ifndef NOC_STORE_RECOVER_PRIVATE_H
#define NOC_STORE_RECOVER_PRIVATE_H

#include "base/value.h"
#include "store/journal_private.h"

/*
 * From a file that cannot be gone on with, or from none, to a new log.  Each
 * step may be the last before the process dies: what is done can be seen from
 * the names in the state directory, and whoever opens it goes on from there.
 * Private to store/; the writer's thread.
 */

/* salvage.c: what could be read of the old file, and what could not. */
struct noc_salvage {
	uint64_t live, runs, steps, events, definitions; /* rows copied */
	char *head;		/* the old log's last readable head, or NULL */
	struct noc_value *lost; /* list: tables with gaps, or NULL */
	struct noc_value *lost_runs; /* list: ids of open ones, or NULL */
	bool old;		     /* it ended before what was anchored */
	bool killed;		     /* so the kill switch was put on */
};
/* Into the new file, inside its transaction; the new file's SQLite code. */
int noc_salvage_rows(const char *old_path, struct noc_journal *j,
		     struct noc_salvage *out);
#define NOC_LOST_RULES                                            \
	"what people had forbidden may be lost with the damaged " \
	"file: look, then `nocturne kill off`."
/* When that is so, everything is forbidden until a person looked. */
int noc_salvage_doubt(struct noc_journal *j, struct noc_salvage *out);
void noc_salvage_release(struct noc_salvage *s);

/* Why there is a log before this one; all NULL for the first. */
struct noc_before {
	char *why;
	char *file; /* put aside, or NULL when there is none */
	struct noc_salvage s;
};
/* create.c: the new log, in its place when it is whole. */
int noc_journal_create(struct noc_journal *j, struct noc_before *b,
		       struct noc_err *err);

/* quarantine.c: a name beside it that is free (returned). */
char *noc_quarantine_name(const char *path);
/* Renames -wal, -shm and the file, unless that was done. */
int noc_quarantine(const char *dir, const char *path, const char *to,
		   struct noc_err *err);
/* Is it there?  It is the last to be renamed. */
bool noc_quarantined(const char *to);

/*
 * recover.c: put the file aside for this reason and begin a new log; NULL: go
 * on with what was begun, or the first one.  *said (returned) is one line, or
 * NULL. The connection is closed first, whatever its state; on failure it is
 * closed and the same is to be called again.
 */
int noc_journal_recover(struct noc_journal *j, const char *why, char **said,
			struct noc_err *err);
/* Was one begun, and is the new log not there yet? */
bool noc_journal_recovering(const struct noc_journal *j);
/* The log in its place is whole: nothing is left to go on with. */
int noc_journal_recovered(struct noc_journal *j, struct noc_err *err);

#endif
