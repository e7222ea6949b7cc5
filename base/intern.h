/* SPDX-License-Identifier: ISC */
#ifndef NOC_BASE_INTERN_H
#define NOC_BASE_INTERN_H

#include <stddef.h>

/*
 * Texts that live as long as the process, so that equal ones are one pointer
 * and are compared as such.  Any thread.
 */

/* One pointer for each different text, for the life of the process.  Capped
 * at 65,536 texts (then "other"). */
const char *noc_intern(const char *p, size_t len);
const char *noc_interns(const char *s);
/* For devices and ports, of which there are more: 2,000,000. */
const char *noc_intern_name(const char *p, size_t len);

#endif
