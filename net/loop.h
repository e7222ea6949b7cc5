/* SPDX-License-Identifier: ISC */
#ifndef NOC_NET_LOOP_H
#define NOC_NET_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"

/*
 * The one event loop (libevent behind it), the one thread that decides.
 * Others register descriptors, timers, signals and children here and never
 * see libevent.  No callback re-enters its caller: what must run "after this"
 * goes through noc_loop_defer, which runs at the end of the turn.
 */
struct noc_loop;
struct noc_watch; /* one registration: fd, timer, signal, child */

int noc_loop_new(struct noc_loop **out, struct noc_err *err);
void noc_loop_free(struct noc_loop *loop);
/* Runs until noc_loop_stop; ENOTFOUND-free: always 0. */
int noc_loop_run(struct noc_loop *loop);
void noc_loop_stop(struct noc_loop *loop);
/* So long from one turn to the next is nothing that only had to wait. */
#define NOC_LOOP_STOOD_NS NOC_NS_PER_S
/* `now` of this turn: read once when the turn began. */
struct noc_now noc_loop_now(const struct noc_loop *loop);

#define NOC_LOOP_READ  1
#define NOC_LOOP_WRITE 2
/* Level triggered.  The fd stays the caller's.  Freeing inside a callback is
 * allowed.  noc_watch_free accepts NULL. */
struct noc_watch *noc_loop_fd(struct noc_loop *loop, int fd, int events,
			      void (*on)(int fd, int events, void *arg),
			      void *arg);
void noc_watch_events(struct noc_watch *w, int events); /* 0: paused */
void noc_watch_free(struct noc_watch *w);

/* One shot unless re-armed.  ms >= 0, boottime. */
struct noc_watch *noc_loop_timer(struct noc_loop *loop, void (*on)(void *arg),
				 void *arg);
void noc_timer_arm(struct noc_watch *w, int64_t ms);
void noc_timer_disarm(struct noc_watch *w);
bool noc_timer_armed(const struct noc_watch *w);

struct noc_watch *noc_loop_signal(struct noc_loop *loop, int signo,
				  void (*on)(int signo, void *arg), void *arg);

/* Runs fn(arg) at the end of this turn, in the order deferred. */
void noc_loop_defer(struct noc_loop *loop, void (*fn)(void *arg), void *arg);

/* Longest turn so far, ns, since the last call with reset. */
int64_t noc_loop_turn_max(struct noc_loop *loop, bool reset);

#endif
