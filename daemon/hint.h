/* SPDX-License-Identifier: ISC */
#ifndef NOC_DAEMON_HINT_H
#define NOC_DAEMON_HINT_H

#include "base/strbuf.h"

/*
 * Commands for whoever reads the screen, as a shell takes them that stands in
 * the daemon's current directory.  Loop thread.
 */

/* HERE and the rest for what is below that directory, else as it is; returned.
 */
char *noc_hint_path(const char *path, const char *here);
/* "nocturne" when the shell finds this program by that name, else its path;
 * returned. */
char *noc_hint_program(void);
/* Adds a word, quoted when the shell would not take it as it is. */
void noc_hint_add(struct noc_strbuf *sb, const char *word);

#endif
