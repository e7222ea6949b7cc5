/* SPDX-License-Identifier: ISC */
#ifndef NOC_SNMP_MIB_COMPILE_H
#define NOC_SNMP_MIB_COMPILE_H

#include <stddef.h>
#include <stdio.h>

#include "base/err.h"

/*
 * `nocturne mib`: MIB modules (SMIv1/v2 text) -> the text format of
 * proto/mib.h, by libnetsnmp's parser.  The parser keeps global state, exits
 * on some input and trusts its files: call it in a child process only.
 */
struct noc_mib_compiled {
	size_t modules, objects, notifications;
	size_t problems; /* lines the parser complained about, on stderr */
};

/*
 * Each path is a file or a directory (searched for imports too; all its
 * files are compiled).  EINPUT when nothing could be read.
 */
int noc_mib_compile(const char *const *paths, size_t n, FILE *out,
		    struct noc_mib_compiled *done, struct noc_err *err);

#endif
