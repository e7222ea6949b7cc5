/* SPDX-License-Identifier: ISC */
#ifndef NOC_DAEMON_LINES_H
#define NOC_DAEMON_LINES_H

#include <stddef.h>

/*
 * Lines for people, on stderr: errors and warnings of a tree of rules or a
 * configuration, one a line, with hostile bytes escaped.  Main thread.
 */

/* How many they were. */
size_t noc_print_lines(const char *lines);

#endif
