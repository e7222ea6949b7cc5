/* SPDX-License-Identifier: ISC */
#ifndef NOC_STORE_ANCHOR_H
#define NOC_STORE_ANCHOR_H

#include <stddef.h>

#include "base/err.h"
#include "store/note.h"

/*
 * The anchor file: heads, each a note followed by 1E 0A, appended and synced.
 * Only what is committed is anchored.  What a crash tore is closed with the
 * word "torn", so that it can be told from a note somebody altered.
 */

int noc_anchor_append(const char *path, const char *note, size_t len,
		      struct noc_err *err);
/*
 * Each chunk in turn: the bytes of a note, or torn != 0: it has no end, or ends
 * in the word.  A callback that returns non-zero ends the walk and is returned.
 * ENOTFOUND: no such file.
 */
int noc_anchor_each(const char *path,
		    int (*chunk)(const char *p, size_t len, int torn,
				 void *arg),
		    void *arg, struct noc_err *err);
/* The last complete head in the last 64 KiB: 0, or ENOTFOUND. */
int noc_anchor_last(const char *path, struct noc_head *out,
		    struct noc_strbuf *note);

#endif
