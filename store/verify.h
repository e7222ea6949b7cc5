/* SPDX-License-Identifier: ISC */
#ifndef NOC_STORE_VERIFY_H
#define NOC_STORE_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/*
 * Is the journal whole?  Reads a database file (never writes), recomputes
 * chain, tree, heads, signatures and rotations, and compares with the anchor
 * file.  Any thread; one core; progress by callback.
 */
enum noc_verdict {
	NOC_VERDICT_OK,
	NOC_VERDICT_TAMPERED, /* broken hash, signature, order, no heads */
	NOC_VERDICT_CUT,      /* head older than the anchor */
	NOC_VERDICT_DAMAGED   /* SQLite says malformed */
};

struct noc_verify_options {
	const char *db;	    /* path of nocturne.db */
	const char *anchor; /* anchor file or NULL */
	const char *vkey;   /* pinned genesis vkey; NULL: from the log, said */
	void (*progress)(uint64_t done, uint64_t total, void *arg);
	void *arg;
};

struct noc_verify_result {
	enum noc_verdict verdict;
	uint64_t records;
	uint64_t
	    at_seq;    /* TAMPERED, CUT: the first record that is not proved */
	uint64_t size; /* of the last head */
	char root[65]; /* hex */
	char origin[256];
	char message[512]; /* one sentence */
	int vkey_pinned;
};
/* 0 when it could be judged at all; ESTORE / ENOTFOUND otherwise, ECONFIG when
 * the log's beginning was pruned and no key given, EINPUT when it is none. */
int noc_verify(const struct noc_verify_options *opt,
	       struct noc_verify_result *out, struct noc_err *err);

#endif
