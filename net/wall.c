/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "net/wall.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/mem.h"

#define WALL_NEVER_S (1LL << 33) /* the year 2242 */

struct noc_wall {
	struct noc_watch *watch;
	void (*on)(void *arg);
	void *arg;
	int fd;
};

static void
on_wall(int fd, int events, void *arg)
{
	struct noc_wall *w = arg;
	uint64_t n;

	(void)events;
	if (read(fd, &n, sizeof(n)) >= 0 || errno == ECANCELED)
		w->on(w->arg);
}

struct noc_wall *
noc_wall_new(struct noc_loop *loop, void (*on)(void *arg), void *arg)
{
	const struct itimerspec never = { .it_value.tv_sec = WALL_NEVER_S };
	struct noc_wall *w;
	int fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);

	if (fd < 0)
		return NULL;
	if (timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET,
			    &never, NULL)) {
		close(fd);
		return NULL;
	}
	w = noc_calloc(1, sizeof(*w));
	w->on = on;
	w->arg = arg;
	w->fd = fd;
	w->watch = noc_loop_fd(loop, fd, NOC_LOOP_READ, on_wall, w);
	return w;
}

void
noc_wall_free(struct noc_wall *w)
{
	if (!w)
		return;
	noc_watch_free(w->watch);
	close(w->fd);
	free(w);
}
