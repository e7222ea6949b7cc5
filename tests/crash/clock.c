/* SPDX-License-Identifier: ISC */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/*
 * For LD_PRELOAD: the wall clock is NOC_CLOCK_OFFSET nanoseconds away from
 * that of the machine, and so many more as the file NOC_CLOCK_FILE says at
 * that moment: a test sets the clock of a daemon that runs.  The other clocks
 * go as they are.
 */
#define NS 1000000000LL

static int64_t
clock_file(void)
{
	const char *path = getenv("NOC_CLOCK_FILE");
	char text[32] = "";
	int fd;

	if (!path)
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	return strtoll(text, NULL, 10);
}

int
clock_gettime(clockid_t clock, struct timespec *ts)
{
	const char *offset = getenv("NOC_CLOCK_OFFSET");
	int r = (int)syscall(SYS_clock_gettime, clock, ts);
	int64_t ns;

	if (r || clock != CLOCK_REALTIME)
		return r;
	ns = ts->tv_sec * NS + ts->tv_nsec + clock_file();
	if (offset)
		ns += strtoll(offset, NULL, 10);
	ts->tv_sec = ns / NS;
	ts->tv_nsec = ns % NS;
	return 0;
}
