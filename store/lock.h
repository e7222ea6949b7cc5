/* SPDX-License-Identifier: ISC */
#ifndef NOC_STORE_LOCK_H
#define NOC_STORE_LOCK_H

#include "base/err.h"

/* One daemon a state directory: flock of <dir>/lock, made when missing.
 * Returns a descriptor to close, ECONFLICT naming the holder, or ECONFIG. */
int noc_lock_take(const char *dir, struct noc_err *err);

#endif
