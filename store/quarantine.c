/* SPDX-License-Identifier: ISC */
/* Putting a file aside: renamed, never deleted. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/crash.h"
#include "store/recover_private.h"

bool
noc_quarantined(const char *path)
{
	return access(path, F_OK) == 0 || errno != ENOENT;
}

char *
noc_quarantine_name(const char *path)
{
	char stamp[32], *to = NULL;
	time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm);
	for (int i = 0; i < 100; i++) {
		free(to);
		to = i ? noc_asprintf("%s.quarantine-%s.%d", path, stamp, i)
		       : noc_asprintf("%s.quarantine-%s", path, stamp);
		if (!noc_quarantined(to))
			break;
	}
	return to;
}

int
noc_quarantine(const char *dir, const char *path, const char *to,
	       struct noc_err *err)
{
	static const char *const ends[] = { "-wal", "-shm", "" };
	int rc = 0;

	/* The file itself goes last: where it is, all of it is. */
	if (noc_quarantined(to))
		return 0;
	for (size_t i = 0; !rc && i < NOC_COUNT(ends); i++) {
		char *a = noc_asprintf("%s%s", path, ends[i]);
		char *b = noc_asprintf("%s%s", to, ends[i]);

		if (rename(a, b) && errno != ENOENT)
			rc = noc_err_set(err, NOC_ESTORE,
					 "Cannot put %s aside as %s: %s.", a, b,
					 strerror(errno));
		free(a);
		free(b);
		noc_crash_point("recover.after_rename");
	}
	return rc ? rc : noc_keys_sync(dir, err);
}
