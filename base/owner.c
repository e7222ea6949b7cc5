/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "base/owner.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

static int
owner_is_ours(const struct stat *st, const char *path, struct noc_err *err)
{
	if (st->st_uid == 0 || st->st_uid == geteuid())
		return 0;
	return noc_err_set(err, NOC_EDENIED,
			   "%s belongs to user %u, and the daemon obeys only "
			   "what is root's or its own (user %u): look at it, "
			   "then run chown %s%u '%s'.",
			   path, (unsigned)st->st_uid, (unsigned)geteuid(),
			   S_ISLNK(st->st_mode) ? "-h " : "",
			   (unsigned)geteuid(), path);
}

int
noc_owner_check(const struct stat *st, const char *path, bool private,
		struct noc_err *err)
{
	int r = owner_is_ours(st, path, err);
	unsigned mode = (unsigned)st->st_mode & 07777u;

	if (r || !(mode & (private ? 077 : 022)))
		return r;
	if (private)
		return noc_err_set(err, NOC_EDENIED,
				   "%s is open to others (mode %04o): run "
				   "chmod 600 '%s'.",
				   path, mode, path);
	return noc_err_set(err, NOC_EDENIED,
			   "Others may write %s (mode %04o): run chmod go-w "
			   "'%s'.",
			   path, mode, path);
}

int
noc_owner_check_path(const char *path, struct noc_err *err)
{
	struct stat st;
	int r = 0;

	if (lstat(path, &st))
		return 0;
	if (S_ISLNK(st.st_mode)) {
		r = owner_is_ours(&st, path, err);
		if (r || stat(path, &st))
			return r;
	}
	return noc_owner_check(&st, path, false, err);
}

int
noc_owner_check_dir(const char *path, struct noc_err *err)
{
	int r = noc_owner_check_path(path, err);
	const struct dirent *entry;
	DIR *dir = r ? NULL : opendir(path);

	while (dir && !r && (entry = readdir(dir))) {
		bool here =
		    !strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..");
		struct stat st;
		char *name;

		if (here)
			continue;
		name = noc_asprintf("%s/%s", path, entry->d_name);
		/* Whoever may say something may write to a socket. */
		if (!lstat(name, &st) && !S_ISSOCK(st.st_mode))
			r = noc_owner_check_path(name, err);
		free(name);
	}
	if (dir)
		closedir(dir);
	return r;
}
