/* SPDX-License-Identifier: ISC */
#ifndef NOC_STORE_CRASH_H
#define NOC_STORE_CRASH_H

/*
 * Named crash points for tests (NOCTURNE_CRASH=name[:n] in the environment
 * kills the process with SIGKILL the n-th time it is passed).  Cheap when
 * unset.  Used by store/ and engine/ alike.
 */
void noc_crash_point(const char *name);

#endif
