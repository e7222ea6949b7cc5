/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "store/reader.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/db.h"
#include "store/query.h"

#define READER_QUEUE 256
#define READER_NS    (500 * NOC_NS_PER_MS) /* a million runs, looked through */
#define READER_OPS   1000 /* virtual machine steps between looks at the clock */

struct noc_reader {
	pthread_t thread;
	char *path;
	int efd;
	sqlite3 *db; /* the thread's own; opened when the first one asks */
	int64_t until_ns;
	atomic_uint_fast64_t damaged; /* inode, or 0 */

	pthread_mutex_t mutex; /* what follows */
	pthread_cond_t cond;
	bool stop;
	unsigned n; /* waiting, asked and answered but not drained */
	struct noc_query *first, *last;
	struct noc_query *done_first, *done_last;
};

static int
on_progress(void *arg)
{
	struct noc_reader *r = arg;

	return noc_clock_read().boot_ns > r->until_ns;
}

static void
query_free(struct noc_query *q)
{
	free(q->name);
	noc_value_free(q->params);
	noc_value_free(q->result);
	free(q);
}

static char *
reader_path(const char *state_dir)
{
	return noc_asprintf("%s/nocturne.db", state_dir);
}

/* Has the writer begun another file under the same name? */
static bool
reader_is_behind(const struct noc_reader *r)
{
	int moved = 0;

	return r->db &&
	       (sqlite3_file_control(r->db, NULL, SQLITE_FCNTL_HAS_MOVED,
				     &moved) != SQLITE_OK ||
		moved);
}

static void
reader_check_file(struct noc_reader *r)
{
	if (!reader_is_behind(r))
		return;
	sqlite3_close(r->db);
	r->db = NULL;
}

static void
reader_failed(struct noc_reader *r, int rc)
{
	struct stat st;

	if (noc_db_fault(rc) == NOC_DB_MALFORMED && !reader_is_behind(r) &&
	    !stat(r->path, &st))
		atomic_store(&r->damaged, st.st_ino);
}

/*
 * A connection is dropped after a failure: the file may have been put aside
 * and a new one begun in its place.
 */
static int
reader_ask(struct noc_reader *r, struct noc_query *q)
{
	int rc, code;

	if (!r->db) {
		rc = noc_db_open(r->path, NOC_DB_READ, &r->db, &code, &q->err);
		if (rc == NOC_ESTORE)
			reader_failed(r, code);
		if (rc < 0)
			return rc;
		sqlite3_progress_handler(r->db, READER_OPS, on_progress, r);
	}
	r->until_ns =
	    noc_clock_read().boot_ns + (q->limit_ns ? q->limit_ns : READER_NS);
	rc = noc_query_run(r->db, q->name, q->params, &q->result, &q->err);
	if (rc == NOC_ESTORE) {
		reader_failed(r, sqlite3_extended_errcode(r->db));
		sqlite3_close(r->db);
		r->db = NULL;
	}
	return rc;
}

static void *
reader_main(void *arg)
{
	struct noc_reader *r = arg;
	uint64_t one = 1;

	pthread_setname_np(pthread_self(), "noc-reader");
	pthread_mutex_lock(&r->mutex);
	for (;;) {
		struct noc_query *q = r->first;
		ssize_t n;

		if (r->stop)
			break;
		if (!q) {
			pthread_cond_wait(&r->cond, &r->mutex);
			continue;
		}
		r->first = q->next;
		if (!r->first)
			r->last = NULL;
		q->next = NULL;
		pthread_mutex_unlock(&r->mutex);
		reader_check_file(r);
		memset(&q->err, 0, sizeof(q->err));
		if (reader_ask(r, q) < 0) {
			noc_value_free(q->result);
			q->result = NULL;
		}
		pthread_mutex_lock(&r->mutex);
		if (r->done_last)
			r->done_last->next = q;
		else
			r->done_first = q;
		r->done_last = q;
		n = write(r->efd, &one, sizeof(one));
		(void)n; /* EAGAIN: it is readable anyway */
	}
	pthread_mutex_unlock(&r->mutex);
	sqlite3_close(r->db);
	return NULL;
}

int
noc_reader_open(const char *state_dir, struct noc_reader **out,
		struct noc_err *err)
{
	struct noc_reader *r = noc_calloc(1, sizeof(*r));

	r->path = reader_path(state_dir);
	pthread_mutex_init(&r->mutex, NULL);
	pthread_cond_init(&r->cond, NULL);
	r->efd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (r->efd < 0 || pthread_create(&r->thread, NULL, reader_main, r)) {
		int rc = noc_err_set(err, NOC_ERESOURCE,
				     "Cannot start the reader: %s.",
				     strerror(errno));

		if (r->efd >= 0)
			close(r->efd);
		free(r->path);
		free(r);
		return rc;
	}
	*out = r;
	return 0;
}

void
noc_reader_close(struct noc_reader *r)
{
	struct noc_query *q, *next;

	if (!r)
		return;
	pthread_mutex_lock(&r->mutex);
	r->stop = true;
	pthread_mutex_unlock(&r->mutex);
	pthread_cond_signal(&r->cond);
	pthread_join(r->thread, NULL);
	if (r->done_last)
		r->done_last->next = r->first;
	else
		r->done_first = r->first;
	for (q = r->done_first; q; q = next) {
		next = q->next;
		query_free(q);
	}
	close(r->efd);
	pthread_cond_destroy(&r->cond);
	pthread_mutex_destroy(&r->mutex);
	free(r->path);
	free(r);
}

int
noc_reader_submit(struct noc_reader *r, struct noc_query *q,
		  struct noc_err *err)
{
	bool full;

	q->next = NULL;
	pthread_mutex_lock(&r->mutex);
	full = r->n == READER_QUEUE;
	if (!full) {
		r->n++;
		if (r->last)
			r->last->next = q;
		else
			r->first = q;
		r->last = q;
	}
	pthread_mutex_unlock(&r->mutex);
	if (full) {
		query_free(q);
		return noc_err_set(err, NOC_ERESOURCE,
				   "%d questions are waiting already: ask "
				   "again in a moment.",
				   READER_QUEUE);
	}
	pthread_cond_signal(&r->cond);
	return 0;
}

uint64_t
noc_reader_damaged(struct noc_reader *r)
{
	return atomic_exchange(&r->damaged, 0);
}

int
noc_reader_fd(const struct noc_reader *r)
{
	return r->efd;
}

void
noc_reader_drain(struct noc_reader *r)
{
	struct noc_query *q, *next;
	uint64_t n;
	ssize_t got = read(r->efd, &n, sizeof(n));

	(void)got; /* EAGAIN: somebody looked without being told */
	pthread_mutex_lock(&r->mutex);
	q = r->done_first;
	r->done_first = r->done_last = NULL;
	for (next = q; next; next = next->next)
		r->n--;
	pthread_mutex_unlock(&r->mutex);
	for (; q; q = next) {
		next = q->next;
		if (q->done)
			q->done(q, q->arg);
		query_free(q);
	}
}

int
noc_reader_query(const char *state_dir, const char *name,
		 const struct noc_value *params, struct noc_value **out,
		 struct noc_err *err)
{
	char *path = reader_path(state_dir);
	sqlite3 *db;
	int rc = noc_db_open(path, NOC_DB_READ, &db, NULL, err);

	free(path);
	if (rc < 0)
		return rc;
	rc = noc_query_run(db, name, params, out, err);
	sqlite3_close(db);
	return rc;
}
