/* SPDX-License-Identifier: ISC */
#ifndef NOC_BASE_OWNER_H
#define NOC_BASE_OWNER_H

#include <sys/stat.h>

#include "base/err.h"

/*
 * Whose files the daemon obeys: root's and its own user's, which nobody else
 * may write.  Who may read them is the reader's business.  Any thread.
 */

/* EDENIED says what to run.  st: of path, which is for the message. */
int noc_owner_check(const struct stat *st, const char *path,
		    struct noc_err *err);
/* The same of what is there now: of a link, its own owner too.  0 when there is
 * nothing. */
int noc_owner_check_path(const char *path, struct noc_err *err);
/* A directory, and each file, directory and link right in it. */
int noc_owner_check_dir(const char *path, struct noc_err *err);

#endif
