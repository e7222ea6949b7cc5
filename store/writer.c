/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "store/writer.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "store/commit.h"
#include "store/crash.h"
#include "store/lock.h"
#include "store/rows.h"
#include "store/txn_private.h"

#define BATCH_TXNS  512
#define BATCH_BYTES ((size_t)4 << 20) /* txns of runs take 10 KiB each */
#define QUEUE_BYTES ((size_t)16 << 20)
#define DAY_NS	    (86400 * NOC_NS_PER_S)

struct noc_writer {
	struct noc_commit c; /* the thread's own */
	pthread_t thread;
	int efd, lock_fd;
	_Atomic(char *) vkey;
	char *old_vkeys[8]; /* somebody may still be reading one */
	unsigned nold;
	atomic_uint_fast64_t completed;
	atomic_uint recoveries;

	pthread_mutex_t mutex; /* what follows */
	pthread_cond_t cond;
	bool waiting, held, stop;
	uint64_t suspect; /* inode; 0: none */
	int64_t stop_by_ns;
	struct noc_txn *first, *last; /* queued */
	size_t txns, bytes;	      /* queued and in the batch */
	int64_t oldest_ns;	      /* of the batch; 0: none */
	uint64_t submitted;
	int64_t keep_ns[NOC_RETAINS];
	bool keep_changed;
	struct noc_writer_stats stats;
};

struct batch {
	struct noc_txn *first;
	unsigned n;
	size_t bytes;
	uint64_t ticket; /* the last one's */
};

static int64_t
writer_mono(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NOC_NS_PER_S + ts.tv_nsec;
}

/* ---- the thread ---- */

static void
writer_wait_until(struct noc_writer *w, int64_t mono_ns)
{
	struct timespec ts = { .tv_sec = mono_ns / NOC_NS_PER_S,
			       .tv_nsec = mono_ns % NOC_NS_PER_S };

	w->waiting = true;
	pthread_cond_timedwait(&w->cond, &w->mutex, &ts);
	w->waiting = false;
}

/* With the mutex held. */
static struct batch
writer_take(struct noc_writer *w)
{
	struct batch b = { .first = w->first };
	struct noc_txn *t = w->first, *last = NULL;

	while (t && b.n < BATCH_TXNS && (!b.n || b.bytes < BATCH_BYTES)) {
		b.n++;
		b.bytes += t->bytes;
		last = t;
		t = t->next;
	}
	if (last) {
		w->oldest_ns = b.first->queued_ns;
		b.ticket = last->ticket;
		last->next = NULL;
		w->first = t;
		if (!t)
			w->last = NULL;
	}
	return b;
}

/* A log that began anew has another name. */
static void
writer_rename(struct noc_writer *w)
{
	char *old = atomic_load(&w->vkey);

	if (!strcmp(old, w->c.j.vkey_text) ||
	    w->nold == NOC_COUNT(w->old_vkeys))
		return;
	w->old_vkeys[w->nold++] = old;
	atomic_store(&w->vkey, noc_strdup(w->c.j.vkey_text));
}

static void
writer_wake(struct noc_writer *w)
{
	uint64_t one = 1;

	if (write(w->efd, &one, sizeof(one)) < 0 && errno != EAGAIN)
		noc_error("writer", "eventfd: %s", strerror(errno));
}

/* Whether there is another file, before anything in it counts as durable. */
static void
writer_tell_recovery(struct noc_writer *w)
{
	if (atomic_load(&w->recoveries) == w->c.recoveries)
		return;
	writer_rename(w);
	atomic_store(&w->recoveries, w->c.recoveries);
	writer_wake(w);
}

/* After each try: what the outside may know. */
static void
writer_publish(struct noc_writer *w, const struct batch *b, bool done)
{
	noc_crash_point("writer.before_ack");
	writer_tell_recovery(w);
	pthread_mutex_lock(&w->mutex);
	noc_commit_stats(&w->c, &w->stats);
	if (done) {
		w->txns -= b->n;
		w->bytes -= b->bytes;
		w->oldest_ns = 0;
	}
	pthread_mutex_unlock(&w->mutex);
	if (!done)
		return;
	atomic_store(&w->completed, b->ticket);
	writer_wake(w);
	noc_crash_point("writer.after_ack");
}

/* Until the batch is durable; false when stopping and out of time. */
static bool
writer_commit(struct noc_writer *w, const struct batch *b)
{
	int64_t delay_ms = 100, until;

	for (;;) {
		if (noc_commit_try(&w->c, b->first)) {
			writer_publish(w, b, true);
			return true;
		}
		writer_publish(w, b, false);
		until = writer_mono() + delay_ms * NOC_NS_PER_MS;
		delay_ms = delay_ms * 2 > 5000 ? 5000 : delay_ms * 2;
		pthread_mutex_lock(&w->mutex);
		while (writer_mono() < until &&
		       !(w->stop && writer_mono() >= w->stop_by_ns)) {
			if (w->stop && w->stop_by_ns < until)
				until = w->stop_by_ns;
			writer_wait_until(w, until);
		}
		if (w->stop && writer_mono() >= w->stop_by_ns) {
			pthread_mutex_unlock(&w->mutex);
			return false;
		}
		pthread_mutex_unlock(&w->mutex);
	}
}

/* Nothing is queued.  With the mutex held, but not while it works, which may
 * take a while. */
static void
writer_idle(struct noc_writer *w)
{
	int64_t keep[NOC_RETAINS], next;

	memcpy(keep, w->keep_ns, sizeof(keep));
	if (w->keep_changed)
		w->c.upkeep_ns = 0;
	w->keep_changed = false;
	pthread_mutex_unlock(&w->mutex);
	next = noc_commit_idle(&w->c, writer_mono(), keep);
	writer_tell_recovery(w);
	pthread_mutex_lock(&w->mutex);
	noc_commit_stats(&w->c, &w->stats);
	if (!w->first && !w->stop && !w->suspect)
		writer_wait_until(w, next);
}

static void
writer_suspect(struct noc_writer *w)
{
	uint64_t inode = w->suspect;

	w->suspect = 0;
	pthread_mutex_unlock(&w->mutex);
	noc_commit_suspect(&w->c, inode);
	writer_tell_recovery(w);
	pthread_mutex_lock(&w->mutex);
}

static void *
writer_main(void *arg)
{
	struct noc_writer *w = arg;
	bool going = true;

	pthread_setname_np(pthread_self(), "noc-writer");
	pthread_mutex_lock(&w->mutex);
	while (w->held && !w->stop)
		pthread_cond_wait(&w->cond, &w->mutex);
	while (going) {
		struct batch b;

		if (w->suspect)
			writer_suspect(w);
		if (!w->first && w->stop)
			break;
		if (!w->first) {
			writer_idle(w);
			continue;
		}
		b = writer_take(w);
		pthread_mutex_unlock(&w->mutex);
		going = writer_commit(w, &b);
		if (going)
			noc_commit_after(&w->c, writer_mono());
		noc_txn_free_list(b.first);
		pthread_mutex_lock(&w->mutex);
	}
	pthread_mutex_unlock(&w->mutex);
	noc_commit_stop(&w->c);
	return NULL;
}

/* ---- the loop's side ---- */

uint64_t
noc_writer_submit(struct noc_writer *w, struct noc_txn *txn)
{
	uint64_t ticket;
	bool wake;

	txn->bytes = noc_txn_bytes(txn);
	txn->next = NULL;
	pthread_mutex_lock(&w->mutex);
	txn->ticket = ticket = ++w->submitted;
	txn->queued_ns = writer_mono();
	if (w->last)
		w->last->next = txn;
	else
		w->first = txn;
	w->last = txn;
	w->txns++;
	w->bytes += txn->bytes;
	wake = w->waiting && w->first == txn;
	pthread_mutex_unlock(&w->mutex);
	if (wake)
		pthread_cond_signal(&w->cond);
	return ticket;
}

int
noc_writer_fd(const struct noc_writer *w)
{
	return w->efd;
}

unsigned
noc_writer_recoveries(struct noc_writer *w)
{
	return atomic_load(&w->recoveries);
}

void
noc_writer_suspect(struct noc_writer *w, uint64_t inode)
{
	pthread_mutex_lock(&w->mutex);
	w->suspect = inode;
	pthread_mutex_unlock(&w->mutex);
	pthread_cond_signal(&w->cond);
}

uint64_t
noc_writer_completed(struct noc_writer *w)
{
	return atomic_load(&w->completed);
}

void
noc_writer_stats(struct noc_writer *w, struct noc_writer_stats *out)
{
	int64_t oldest;

	pthread_mutex_lock(&w->mutex);
	*out = w->stats;
	out->submitted = w->submitted;
	out->queue_txns = w->txns;
	out->queue_bytes = w->bytes;
	oldest = w->oldest_ns ? w->oldest_ns
		 : w->first   ? w->first->queued_ns
			      : 0;
	pthread_mutex_unlock(&w->mutex);
	out->completed = atomic_load(&w->completed);
	out->lag_ns = oldest ? writer_mono() - oldest : 0;
	out->fill = (double)out->queue_bytes / (double)QUEUE_BYTES;
	if (out->fill > 1)
		out->fill = 1;
}

const char *
noc_writer_vkey(struct noc_writer *w)
{
	return atomic_load(&w->vkey);
}

int
noc_writer_retain(struct noc_writer *w, const char *table, int64_t keep_ns)
{
	static const char *const names[NOC_RETAINS] = {
		[NOC_RETAIN_EVENTS] = "events",
		[NOC_RETAIN_DECISIONS] = "decisions",
		[NOC_RETAIN_RUNS] = "runs",
	};

	for (int i = 0; i < NOC_RETAINS; i++) {
		if (strcmp(table, names[i]))
			continue;
		pthread_mutex_lock(&w->mutex);
		w->keep_ns[i] = keep_ns;
		w->keep_changed = true;
		pthread_mutex_unlock(&w->mutex);
		pthread_cond_signal(&w->cond);
		return 0;
	}
	return NOC_ENOTFOUND;
}

/* ---- life cycle ---- */

static void
writer_init(struct noc_writer *w)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&w->mutex, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->cond, &attr);
	pthread_condattr_destroy(&attr);
	w->keep_ns[NOC_RETAIN_EVENTS] = 30 * DAY_NS;
	w->keep_ns[NOC_RETAIN_DECISIONS] = 30 * DAY_NS;
	w->keep_ns[NOC_RETAIN_RUNS] = 90 * DAY_NS;
}

static void
writer_destroy(struct noc_writer *w)
{
	if (w->efd >= 0)
		close(w->efd);
	if (w->lock_fd >= 0)
		close(w->lock_fd);
	pthread_cond_destroy(&w->cond);
	pthread_mutex_destroy(&w->mutex);
	while (w->nold)
		free(w->old_vkeys[--w->nold]);
	free(atomic_load(&w->vkey));
	free(w);
}

int
noc_writer_open(const struct noc_writer_options *opt, struct noc_writer **out,
		char **recovered, struct noc_err *err)
{
	struct noc_writer *w = noc_calloc(1, sizeof(*w));
	char *said = NULL;
	int rc;

	w->efd = -1;
	writer_init(w);
	w->held = opt->wait;
	rc = w->lock_fd = noc_lock_take(opt->state_dir, err);
	if (rc < 0)
		goto fail;
	rc = noc_commit_open(&w->c, opt, &said, err);
	if (rc < 0)
		goto fail;
	noc_commit_stats(&w->c, &w->stats);
	atomic_store(&w->vkey, noc_strdup(w->c.j.vkey_text));
	w->efd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (w->efd < 0 || pthread_create(&w->thread, NULL, writer_main, w)) {
		rc = noc_err_set(err, NOC_ERESOURCE,
				 "Cannot start the writer: %s.",
				 strerror(errno));
		noc_commit_stop(&w->c);
		free(said);
		goto fail;
	}
	if (recovered)
		*recovered = said;
	else
		free(said);
	*out = w;
	return 0;
fail:
	writer_destroy(w);
	return rc;
}

void
noc_writer_go(struct noc_writer *w)
{
	pthread_mutex_lock(&w->mutex);
	w->held = false;
	pthread_mutex_unlock(&w->mutex);
	pthread_cond_signal(&w->cond);
}

void
noc_writer_close(struct noc_writer *w, int drain_ms)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->mutex);
	w->stop = true;
	w->stop_by_ns = writer_mono() + drain_ms * NOC_NS_PER_MS;
	pthread_mutex_unlock(&w->mutex);
	pthread_cond_signal(&w->cond);
	pthread_join(w->thread, NULL);
	if (w->txns)
		noc_error("writer",
			  "stopped with %zu transactions not "
			  "committed",
			  w->txns);
	noc_txn_free_list(w->first);
	writer_destroy(w);
}
