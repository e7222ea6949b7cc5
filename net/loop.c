/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "net/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/err.h"
#include "base/mem.h"

/* So many overdue timers fire in one turn; the rest wait for the next. */
#define TIMERS_A_TURN 64
#define NOT_QUEUED    SIZE_MAX

enum watch_type { WATCH_FD, WATCH_TIMER, WATCH_SIGNAL };

struct noc_watch {
	struct noc_loop *loop;
	enum watch_type type;
	bool dead;
	union {
		void (*fd)(int fd, int events, void *arg);
		void (*timer)(void *arg);
		void (*signal)(int signo, void *arg);
	} on;
	void *arg;
	struct event *ev; /* fd and signal */
	int fd;		  /* or the signal number */
	int events;
	int64_t due; /* timer: boottime ns */
	uint64_t seq;
	size_t slot; /* place in the heap, or NOT_QUEUED */
	struct noc_watch *next_dead;
};

struct deferred {
	void (*fn)(void *arg);
	void *arg;
};

/* Apart from the loop so that noc_loop_now may take a const loop. */
struct turn {
	bool begun;
	struct noc_now now;
};

struct noc_loop {
	struct event_base *base;
	struct turn *turn;
	bool stop;
	int64_t turn_max_ns;

	int timer_fd;
	struct event *timer_ev;
	int64_t timer_set; /* what timer_fd is set to; 0: nothing */
	struct noc_watch **heap;
	size_t heap_len, heap_cap;
	uint64_t seq;

	struct deferred *queue, *draining;
	size_t queue_len, queue_cap, draining_cap;
	struct noc_watch *dead;
};

/* The clock is read by the first thing that wakes up in a turn.  Whoever has a
 * timer that is due more often knows then whether we stood still. */
static void
loop_begin_turn(const struct noc_loop *loop)
{
	struct turn *turn = loop->turn;
	struct noc_now was = turn->now;

	if (turn->begun)
		return;
	turn->begun = true;
	turn->now = noc_clock_read();
	turn->now.stood_ns = was.stood_ns;
	if (was.boot_ns && turn->now.boot_ns - was.boot_ns > NOC_LOOP_STOOD_NS)
		turn->now.stood_ns = turn->now.boot_ns;
}

struct noc_now
noc_loop_now(const struct noc_loop *loop)
{
	loop_begin_turn(loop);
	return loop->turn->now;
}

/* --- timers: a binary heap ordered by due time, then by arming --- */

static bool
heap_before(const struct noc_watch *a, const struct noc_watch *b)
{
	return a->due != b->due ? a->due < b->due : a->seq < b->seq;
}

static void
heap_place(struct noc_loop *loop, size_t i, struct noc_watch *w)
{
	loop->heap[i] = w;
	w->slot = i;
}

static void
heap_up(struct noc_loop *loop, size_t i, struct noc_watch *w)
{
	while (i > 0) {
		size_t parent = (i - 1) / 2;

		if (!heap_before(w, loop->heap[parent]))
			break;
		heap_place(loop, i, loop->heap[parent]);
		i = parent;
	}
	heap_place(loop, i, w);
}

static void
heap_down(struct noc_loop *loop, size_t i, struct noc_watch *w)
{
	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= loop->heap_len)
			break;
		if (child + 1 < loop->heap_len &&
		    heap_before(loop->heap[child + 1], loop->heap[child]))
			child++;
		if (!heap_before(loop->heap[child], w))
			break;
		heap_place(loop, i, loop->heap[child]);
		i = child;
	}
	heap_place(loop, i, w);
}

static void
heap_remove(struct noc_loop *loop, struct noc_watch *w)
{
	size_t i = w->slot;
	struct noc_watch *last;

	if (i == NOT_QUEUED)
		return;
	w->slot = NOT_QUEUED;
	last = loop->heap[--loop->heap_len];
	if (last == w)
		return;
	if (i > 0 && heap_before(last, loop->heap[(i - 1) / 2]))
		heap_up(loop, i, last);
	else
		heap_down(loop, i, last);
}

/* Point the descriptor at the earliest timer. */
static void
timers_set(struct noc_loop *loop)
{
	struct itimerspec its = { 0 };
	int64_t due = 0;

	if (loop->heap_len > 0) {
		due = loop->heap[0]->due;
		if (due < 1)
			due = 1;
	}
	if (due == loop->timer_set)
		return;
	its.it_value.tv_sec = due / NOC_NS_PER_S;
	its.it_value.tv_nsec = due % NOC_NS_PER_S;
	if (timerfd_settime(loop->timer_fd, TFD_TIMER_ABSTIME, &its, NULL) == 0)
		loop->timer_set = due;
	else
		(void)NOC_FAILS(errno == 0);
}

static void
on_timer_fd(evutil_socket_t fd, short what, void *arg)
{
	struct noc_loop *loop = arg;
	uint64_t expirations, newest;
	int fired = 0;

	(void)what;
	loop_begin_turn(loop);
	if (read(fd, &expirations, sizeof(expirations)) < 0 && errno == EAGAIN)
		return;
	loop->timer_set = 0;
	/* A timer armed by one of these callbacks waits for the next turn. */
	newest = loop->seq;
	while (loop->heap_len > 0 && fired++ < TIMERS_A_TURN) {
		struct noc_watch *w = loop->heap[0];

		if (w->due > loop->turn->now.boot_ns || w->seq > newest)
			break;
		heap_remove(loop, w);
		w->on.timer(w->arg);
	}
}

static struct noc_watch *
watch_new(struct noc_loop *loop, enum watch_type type, void *arg)
{
	struct noc_watch *w = noc_calloc(1, sizeof(*w));

	w->loop = loop;
	w->type = type;
	w->arg = arg;
	w->slot = NOT_QUEUED;
	return w;
}

struct noc_watch *
noc_loop_timer(struct noc_loop *loop, void (*on)(void *arg), void *arg)
{
	struct noc_watch *w = watch_new(loop, WATCH_TIMER, arg);

	w->on.timer = on;
	return w;
}

void
noc_timer_arm(struct noc_watch *w, int64_t ms)
{
	struct noc_loop *loop = w->loop;
	int64_t now = noc_loop_now(loop).boot_ns;

	NOC_REQUIRE(w->type == WATCH_TIMER);
	if (w->dead)
		return;
	heap_remove(loop, w);
	if (ms < 0)
		ms = 0;
	if (ms > (INT64_MAX - now) / NOC_NS_PER_MS)
		w->due = INT64_MAX;
	else
		w->due = now + ms * NOC_NS_PER_MS;
	w->seq = ++loop->seq;
	NOC_GROW(loop->heap, loop->heap_cap, loop->heap_len + 1);
	heap_up(loop, loop->heap_len++, w);
}

void
noc_timer_disarm(struct noc_watch *w)
{
	heap_remove(w->loop, w);
}

bool
noc_timer_armed(const struct noc_watch *w)
{
	return w->slot != NOT_QUEUED;
}

/* --- descriptors and signals --- */

static void
on_fd_event(evutil_socket_t fd, short what, void *arg)
{
	struct noc_watch *w = arg;
	int events = 0;

	loop_begin_turn(w->loop);
	if (what & EV_READ)
		events |= NOC_LOOP_READ;
	if (what & EV_WRITE)
		events |= NOC_LOOP_WRITE;
	if (!w->dead)
		w->on.fd(fd, events, w->arg);
}

static void
on_signal_event(evutil_socket_t signo, short what, void *arg)
{
	struct noc_watch *w = arg;

	(void)what;
	loop_begin_turn(w->loop);
	if (!w->dead)
		w->on.signal(signo, w->arg);
}

static bool
watch_fd_set(struct noc_watch *w, int events)
{
	short what = EV_PERSIST;

	if (events & NOC_LOOP_READ)
		what |= EV_READ;
	if (events & NOC_LOOP_WRITE)
		what |= EV_WRITE;
	event_del(w->ev);
	w->events = events;
	if (events == 0)
		return true;
	event_assign(w->ev, w->loop->base, w->fd, what, on_fd_event, w);
	return event_add(w->ev, NULL) == 0;
}

struct noc_watch *
noc_loop_fd(struct noc_loop *loop, int fd, int events,
	    void (*on)(int fd, int events, void *arg), void *arg)
{
	struct noc_watch *w = watch_new(loop, WATCH_FD, arg);

	w->on.fd = on;
	w->fd = fd;
	w->ev = event_new(loop->base, fd, EV_READ | EV_PERSIST, on_fd_event, w);
	NOC_REQUIRE(w->ev != NULL);
	if (!watch_fd_set(w, events)) {
		noc_watch_free(w);
		return NULL;
	}
	return w;
}

void
noc_watch_events(struct noc_watch *w, int events)
{
	NOC_REQUIRE(w->type == WATCH_FD);
	if (!w->dead && w->events != events)
		(void)NOC_FAILS(watch_fd_set(w, events));
}

struct noc_watch *
noc_loop_signal(struct noc_loop *loop, int signo,
		void (*on)(int signo, void *arg), void *arg)
{
	struct noc_watch *w = watch_new(loop, WATCH_SIGNAL, arg);

	w->on.signal = on;
	w->fd = signo;
	w->ev = evsignal_new(loop->base, signo, on_signal_event, w);
	NOC_REQUIRE(w->ev != NULL);
	if (event_add(w->ev, NULL) != 0) {
		noc_watch_free(w);
		return NULL;
	}
	return w;
}

/* Its memory lives until the turn ends: we may be inside its callback. */
void
noc_watch_free(struct noc_watch *w)
{
	if (w == NULL || w->dead)
		return;
	w->dead = true;
	heap_remove(w->loop, w);
	if (w->ev != NULL)
		event_del(w->ev);
	w->next_dead = w->loop->dead;
	w->loop->dead = w;
}

static void
loop_bury(struct noc_loop *loop)
{
	struct noc_watch *w;

	while ((w = loop->dead) != NULL) {
		loop->dead = w->next_dead;
		if (w->ev != NULL)
			event_free(w->ev);
		free(w);
	}
}

/* --- the loop itself --- */

void
noc_loop_defer(struct noc_loop *loop, void (*fn)(void *arg), void *arg)
{
	NOC_GROW(loop->queue, loop->queue_cap, loop->queue_len + 1);
	loop->queue[loop->queue_len++] = (struct deferred){ fn, arg };
}

/*
 * Runs what was deferred before this call; what these defer in turn waits
 * until the descriptors and timers had their say, so nobody is starved.
 */
static void
loop_drain(struct noc_loop *loop)
{
	struct deferred *queue = loop->queue;
	size_t len = loop->queue_len, cap = loop->queue_cap;

	if (len == 0)
		return;
	loop_begin_turn(loop);
	loop->queue = loop->draining;
	loop->queue_cap = loop->draining_cap;
	loop->queue_len = 0;
	for (size_t i = 0; i < len; i++)
		queue[i].fn(queue[i].arg);
	loop->draining = queue;
	loop->draining_cap = cap;
}

static void
loop_turn(struct noc_loop *loop)
{
	int flags = EVLOOP_ONCE;
	int64_t took;

	timers_set(loop);
	if (loop->queue_len > 0)
		flags |= EVLOOP_NONBLOCK;
	loop->turn->begun = false;
	(void)NOC_FAILS(event_base_loop(loop->base, flags) >= 0);
	loop_drain(loop);
	loop_bury(loop);
	if (!loop->turn->begun)
		return;
	took = noc_clock_read().boot_ns - loop->turn->now.boot_ns;
	if (took > loop->turn_max_ns)
		loop->turn_max_ns = took;
}

int
noc_loop_run(struct noc_loop *loop)
{
	while (!loop->stop)
		loop_turn(loop);
	loop->stop = false;
	/* Outside of a turn every look at the clock is a new one. */
	loop->turn->begun = false;
	return 0;
}

void
noc_loop_stop(struct noc_loop *loop)
{
	loop->stop = true;
}

int64_t
noc_loop_turn_max(struct noc_loop *loop, bool reset)
{
	int64_t max = loop->turn_max_ns;

	if (reset)
		loop->turn_max_ns = 0;
	return max;
}

int
noc_loop_new(struct noc_loop **out, struct noc_err *err)
{
	struct noc_loop *loop = noc_calloc(1, sizeof(*loop));

	loop->turn = noc_calloc(1, sizeof(*loop->turn));
	loop->timer_fd =
	    timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	if (loop->timer_fd < 0) {
		noc_err_set(err, NOC_ERESOURCE,
			    "The event loop's timer could not be made: %s.",
			    strerror(errno));
		goto fail;
	}
	loop->base = event_base_new();
	if (loop->base == NULL) {
		noc_err_set(err, NOC_ERESOURCE,
			    "The event loop could not be made: %s.",
			    strerror(errno));
		goto fail;
	}
	loop->timer_ev = event_new(loop->base, loop->timer_fd,
				   EV_READ | EV_PERSIST, on_timer_fd, loop);
	if (loop->timer_ev == NULL || event_add(loop->timer_ev, NULL) != 0) {
		noc_err_set(err, NOC_ERESOURCE,
			    "The event loop cannot watch its timer: %s.",
			    strerror(errno));
		goto fail;
	}
	*out = loop;
	return 0;
fail:
	noc_loop_free(loop);
	return NOC_ERESOURCE;
}

void
noc_loop_free(struct noc_loop *loop)
{
	if (loop == NULL)
		return;
	loop_bury(loop);
	if (loop->timer_ev != NULL)
		event_free(loop->timer_ev);
	if (loop->base != NULL)
		event_base_free(loop->base);
	if (loop->timer_fd >= 0)
		close(loop->timer_fd);
	free(loop->heap);
	free(loop->queue);
	free(loop->draining);
	free(loop->turn);
	free(loop);
}
