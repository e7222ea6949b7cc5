/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "store/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

int
noc_lock_take(const char *dir, struct noc_err *err)
{
	char *path = noc_asprintf("%s/lock", dir), pid[32] = "";
	int fd, rc;
	ssize_t n;

	if (mkdir(dir, 0700) && errno != EEXIST) {
		rc = noc_err_set(err, NOC_ECONFIG,
				 "Cannot create the state directory %s: %s.",
				 dir, strerror(errno));
		goto out;
	}
	rc = fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		rc = noc_err_set(err, NOC_ECONFIG, "Cannot open %s: %s.", path,
				 strerror(errno));
	} else if (flock(fd, LOCK_EX | LOCK_NB)) {
		n = pread(fd, pid, sizeof(pid) - 1, 0);
		pid[n > 0 ? n : 0] = '\0';
		pid[strspn(pid, "0123456789")] = '\0';
		rc = noc_err_set(err, NOC_ECONFLICT,
				 "State directory %s is in use by process %s: "
				 "stop it or choose another one.",
				 dir, *pid ? pid : "(unknown)");
		close(fd);
	} else {
		n = snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());
		/* Only for people: a failure to write it costs a name. */
		if (ftruncate(fd, 0) || pwrite(fd, pid, (size_t)n, 0) != n)
			errno = 0;
	}
out:
	free(path);
	return rc;
}
