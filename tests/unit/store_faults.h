/* SPDX-License-Identifier: ISC */
#ifndef NOC_TESTS_UNIT_STORE_FAULTS_H
#define NOC_TESTS_UNIT_STORE_FAULTS_H

#include <stdatomic.h>
#include <stddef.h>

#include <sqlite3.h>

/*
 * A disk that can be made to fail, under every database of the process: after
 * shim_setup the next faults_left reads, writes or syncs do, as fault says.
 */

enum fault {
	FAULT_NONE,
	FAULT_WRITE,
	FAULT_SYNC,
	FAULT_SYNC_LATE,
	FAULT_FULL,
	FAULT_READ_AFTER, /* a late sync, and the read after reads_before */
	FAULT_CORRUPT
};
static atomic_int fault;
static atomic_int faults_left;
static atomic_int reads_before;

static sqlite3_vfs *real, shim;
static sqlite3_io_methods methods;

struct shim_file {
	sqlite3_file base;
	sqlite3_file *real;
};

static inline sqlite3_file *
under(sqlite3_file *f)
{
	return ((struct shim_file *)f)->real;
}

static inline int
faulty(enum fault want)
{
	return atomic_load(&fault) == (int)want &&
	       atomic_fetch_sub(&faults_left, 1) > 0;
}

static inline int
shim_close(sqlite3_file *f)
{
	return under(f)->pMethods ? under(f)->pMethods->xClose(under(f))
				  : SQLITE_OK;
}

static inline int
shim_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
	if (atomic_load(&fault) == FAULT_READ_AFTER &&
	    atomic_load(&faults_left) <= 0 &&
	    atomic_fetch_sub(&reads_before, 1) == 0)
		return SQLITE_IOERR_READ;
	return under(f)->pMethods->xRead(under(f), p, n, at);
}

static inline int
shim_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
	if (faulty(FAULT_WRITE))
		return SQLITE_IOERR_WRITE;
	if (faulty(FAULT_FULL))
		return SQLITE_FULL;
	if (faulty(FAULT_CORRUPT))
		return SQLITE_CORRUPT;
	return under(f)->pMethods->xWrite(under(f), p, n, at);
}

static inline int
shim_truncate(sqlite3_file *f, sqlite3_int64 n)
{
	return under(f)->pMethods->xTruncate(under(f), n);
}

/* The late one syncs and then says that it did not: the commit is there. */
static inline int
shim_sync(sqlite3_file *f, int flags)
{
	if (faulty(FAULT_SYNC))
		return SQLITE_IOERR_FSYNC;
	if (faulty(FAULT_SYNC_LATE) || faulty(FAULT_READ_AFTER)) {
		under(f)->pMethods->xSync(under(f), flags);
		return SQLITE_IOERR_FSYNC;
	}
	return under(f)->pMethods->xSync(under(f), flags);
}

static inline int
shim_size(sqlite3_file *f, sqlite3_int64 *n)
{
	return under(f)->pMethods->xFileSize(under(f), n);
}

static inline int
shim_lock(sqlite3_file *f, int how)
{
	return under(f)->pMethods->xLock(under(f), how);
}

static inline int
shim_unlock(sqlite3_file *f, int how)
{
	return under(f)->pMethods->xUnlock(under(f), how);
}

static inline int
shim_reserved(sqlite3_file *f, int *out)
{
	return under(f)->pMethods->xCheckReservedLock(under(f), out);
}

static inline int
shim_control(sqlite3_file *f, int op, void *arg)
{
	return under(f)->pMethods->xFileControl(under(f), op, arg);
}

static inline int
shim_sector(sqlite3_file *f)
{
	return under(f)->pMethods->xSectorSize(under(f));
}

static inline int
shim_traits(sqlite3_file *f)
{
	return under(f)->pMethods->xDeviceCharacteristics(under(f));
}

static inline int
shim_map(sqlite3_file *f, int page, int size, int extend, void volatile **out)
{
	return under(f)->pMethods->xShmMap(under(f), page, size, extend, out);
}

static inline int
shim_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
	return under(f)->pMethods->xShmLock(under(f), offset, n, flags);
}

static inline void
shim_barrier(sqlite3_file *f)
{
	under(f)->pMethods->xShmBarrier(under(f));
}

static inline int
shim_unmap(sqlite3_file *f, int del)
{
	return under(f)->pMethods->xShmUnmap(under(f), del);
}

static inline int
shim_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags,
	  int *out)
{
	struct shim_file *sf = (struct shim_file *)f;
	int rc;

	(void)vfs;
	sf->real = (sqlite3_file *)(sf + 1);
	rc = real->xOpen(real, name, sf->real, flags, out);
	f->pMethods = rc == SQLITE_OK ? &methods : NULL;
	return rc;
}

static inline int
shim_setup(void)
{
	real = sqlite3_vfs_find(NULL);
	shim = *real;
	shim.zName = "shim";
	shim.szOsFile = (int)sizeof(struct shim_file) + real->szOsFile;
	shim.xOpen = shim_open;
	methods = (sqlite3_io_methods){
		2,
		shim_close,
		shim_read,
		shim_write,
		shim_truncate,
		shim_sync,
		shim_size,
		shim_lock,
		shim_unlock,
		shim_reserved,
		shim_control,
		shim_sector,
		shim_traits,
		shim_map,
		shim_shm_lock,
		shim_barrier,
		shim_unmap,
		NULL,
		NULL,
	};
	return sqlite3_vfs_register(&shim, 1);
}

#endif
