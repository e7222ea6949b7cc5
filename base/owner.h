/* SPDX-License-Identifier: ISC */
#ifndef NOC_BASE_OWNER_H
#define NOC_BASE_OWNER_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/err.h"

/*
 * Whose files the daemon obeys: root's and its own user's, which nobody else
 * may write; what is private, nobody else may read either.  Any thread.
 */

/* EDENIED says what to run.  st: of path, which is for the message; private:
 * nobody else may read it either, as it lets somebody in. */
int noc_owner_check(const struct stat *st, const char *path, bool private,
		    struct noc_err *err);
/* The same, of what others may read and is there now: of a link, its own owner
 * too.  0 when there is nothing. */
int noc_owner_check_path(const char *path, struct noc_err *err);
/* A directory, and each file, directory and link right in it. */
int noc_owner_check_dir(const char *path, struct noc_err *err);

#endif
