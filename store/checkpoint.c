/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "store/checkpoint.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "store/crash.h"
#include "store/db.h"

struct noc_checkpoint {
	const char *path;
	pthread_t thread;
	sqlite3 *db; /* the thread's, and the caller's when it is idle */

	pthread_mutex_t mutex; /* what follows */
	pthread_cond_t cond;
	bool wanted, busy, stop;
};

int
noc_checkpoint_run(sqlite3 *db, int mode)
{
	int rc;

	noc_crash_point("writer.before_checkpoint");
	rc = sqlite3_wal_checkpoint_v2(db, NULL, mode, NULL, NULL);
	noc_crash_point("writer.after_checkpoint");
	return rc;
}

/* SQLite syncs the file only when all of the log is in it; what is on its way
 * to the disk by then, nobody will have to wait for. */
static int
checkpoint_sync(sqlite3 *db)
{
	sqlite3_file *file = NULL;
	int rc =
	    sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file);

	if (rc != SQLITE_OK || !file || !file->pMethods)
		return rc;
	return file->pMethods->xSync(file,
				     SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY);
}

/* A failure is the writer's to report: it comes upon the same. */
static void
checkpoint_once(struct noc_checkpoint *cp)
{
	int rc;

	if (!cp->db && noc_db_open(cp->path, NOC_DB_WRITE, &cp->db, NULL, NULL))
		return;
	rc = noc_checkpoint_run(cp->db, SQLITE_CHECKPOINT_PASSIVE);
	if (rc == SQLITE_OK)
		rc = checkpoint_sync(cp->db);
	if (rc != SQLITE_OK)
		noc_debug("checkpoint", "%s", sqlite3_errstr(rc));
}

static void *
checkpoint_main(void *arg)
{
	struct noc_checkpoint *cp = arg;

	pthread_setname_np(pthread_self(), "noc-checkpoint");
	pthread_mutex_lock(&cp->mutex);
	for (;;) {
		while (!cp->wanted && !cp->stop)
			pthread_cond_wait(&cp->cond, &cp->mutex);
		if (cp->stop)
			break;
		cp->wanted = false;
		cp->busy = true;
		pthread_mutex_unlock(&cp->mutex);
		checkpoint_once(cp);
		pthread_mutex_lock(&cp->mutex);
		cp->busy = false;
		pthread_cond_broadcast(&cp->cond);
	}
	pthread_mutex_unlock(&cp->mutex);
	return NULL;
}

struct noc_checkpoint *
noc_checkpoint_new(const char *path)
{
	struct noc_checkpoint *cp = noc_calloc(1, sizeof(*cp));

	cp->path = path;
	pthread_mutex_init(&cp->mutex, NULL);
	pthread_cond_init(&cp->cond, NULL);
	if (!pthread_create(&cp->thread, NULL, checkpoint_main, cp))
		return cp;
	noc_warn("writer", "no thread for checkpoints: the writer makes them");
	pthread_cond_destroy(&cp->cond);
	pthread_mutex_destroy(&cp->mutex);
	free(cp);
	return NULL;
}

void
noc_checkpoint_go(struct noc_checkpoint *cp)
{
	if (!cp)
		return;
	pthread_mutex_lock(&cp->mutex);
	cp->wanted = true;
	pthread_mutex_unlock(&cp->mutex);
	pthread_cond_broadcast(&cp->cond);
}

bool
noc_checkpoint_busy(struct noc_checkpoint *cp)
{
	bool busy;

	if (!cp)
		return false;
	pthread_mutex_lock(&cp->mutex);
	busy = cp->busy || cp->wanted;
	pthread_mutex_unlock(&cp->mutex);
	return busy;
}

void
noc_checkpoint_wait(struct noc_checkpoint *cp)
{
	if (!cp)
		return;
	pthread_mutex_lock(&cp->mutex);
	cp->wanted = false;
	while (cp->busy)
		pthread_cond_wait(&cp->cond, &cp->mutex);
	pthread_mutex_unlock(&cp->mutex);
}

void
noc_checkpoint_leave(struct noc_checkpoint *cp)
{
	if (!cp)
		return;
	noc_checkpoint_wait(cp);
	sqlite3_close(cp->db);
	cp->db = NULL;
}

void
noc_checkpoint_free(struct noc_checkpoint *cp)
{
	if (!cp)
		return;
	pthread_mutex_lock(&cp->mutex);
	cp->stop = true;
	pthread_mutex_unlock(&cp->mutex);
	pthread_cond_broadcast(&cp->cond);
	pthread_join(cp->thread, NULL);
	sqlite3_close(cp->db);
	pthread_cond_destroy(&cp->cond);
	pthread_mutex_destroy(&cp->mutex);
	free(cp);
}
