/* SPDX-License-Identifier: ISC */
#ifndef NOC_DAEMON_LINES_H
#define NOC_DAEMON_LINES_H

/* To stderr, escaped; how many they were. */
size_t noc_daemon_print_lines(const char *lines);

#endif
