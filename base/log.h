/* SPDX-License-Identifier: ISC */
#ifndef NOC_BASE_LOG_H
#define NOC_BASE_LOG_H

#include <stddef.h>

/*
 * The daemon's own log on stderr: one line an entry, `HH:MM:SS level room:
 * key=value ...`.  C0, C1, ESC and bidi characters in the formatted text are
 * escaped, so hostile bytes never reach a terminal.  With systemd's
 * JOURNAL_STREAM the time is left out and `<N>` priorities are written.
 * Any thread.
 */

enum noc_level { NOC_LOG_DEBUG, NOC_LOG_INFO, NOC_LOG_WARN, NOC_LOG_ERROR };

void noc_log(enum noc_level level, const char *room, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
#define noc_debug(room, ...) noc_log(NOC_LOG_DEBUG, room, __VA_ARGS__)
#define noc_info(room, ...)  noc_log(NOC_LOG_INFO, room, __VA_ARGS__)
#define noc_warn(room, ...)  noc_log(NOC_LOG_WARN, room, __VA_ARGS__)
#define noc_error(room, ...) noc_log(NOC_LOG_ERROR, room, __VA_ARGS__)

void noc_log_level_set(enum noc_level level);
int noc_log_level_parse(const char *word, enum noc_level *level);

/* A test or `nocturne test` may take the lines instead of stderr. */
void noc_log_sink_set(void (*sink)(enum noc_level, const char *room,
				   const char *line, void *arg),
		      void *arg);

/*
 * Write p[0..len) into dst (size > 0, always terminated) with every byte that
 * could steer a terminal, and every character that shows nothing, replaced by a
 * visible escape (\x1b, \u202e, \U000e0041).  Other valid UTF-8 stays.  Returns
 * the length written.
 */
size_t noc_escape(char *dst, size_t size, const char *p, size_t len);

#endif
