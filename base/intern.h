/* SPDX-License-Identifier: ISC */
#ifndef NOC_BASE_INTERN_H
#define NOC_BASE_INTERN_H

#include <stddef.h>

/*
 * Texts that live as long as the process, so that equal ones are one pointer
 * and are compared as such.  Any thread.
 */

/* Words of rules, inventory and our own: always the text itself. */
const char *noc_intern(const char *p, size_t len);
const char *noc_interns(const char *s);
/*
 * Words of senders: the text itself while there are at most 65,536 that no rule
 * has, then NOC_INTERN_OTHER, which no rule can name.
 */
const char *noc_intern_input(const char *p, size_t len);
#define NOC_INTERN_OTHER "(other)"

#endif
