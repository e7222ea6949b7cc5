/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "actions/exec_helper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * `nocturne --exec-helper CPU_S FILE_MB PROGRAM ARG...`: what posix_spawn
 * cannot do between fork and exec.  A fresh process, so no lock is held.
 */

static void
helper_limit(int what, rlim_t value)
{
	struct rlimit old, want = { value, value };

	if (getrlimit((__rlimit_resource_t)what, &old) == 0 &&
	    (old.rlim_max == RLIM_INFINITY || old.rlim_max > value))
		setrlimit((__rlimit_resource_t)what, &want);
}

int
noc_exec_helper(int argc, char **argv)
{
	sigset_t none;

	if (argc < 3)
		return 127;
	helper_limit(RLIMIT_CPU, strtoul(argv[0], NULL, 10));
	helper_limit(RLIMIT_FSIZE, strtoul(argv[1], NULL, 10) << 20);
	helper_limit(RLIMIT_CORE, 0);
	helper_limit(RLIMIT_NOFILE, 256);
	syscall(SYS_close_range, 3u, ~0u, 0u);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int s = 1; s < 32; s++)
		signal(s, SIG_DFL);
	execvp(argv[2], argv + 2);
	fprintf(stderr, "%s: %s\n", argv[2], strerror(errno));
	return errno == ENOENT ? 127 : 126;
}
