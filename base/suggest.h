/* SPDX-License-Identifier: ISC */
#ifndef NOC_BASE_SUGGEST_H
#define NOC_BASE_SUGGEST_H

#include <stddef.h>

/* Closest of the known names for "did you mean", or NULL when none is near. */
const char *noc_suggest(const char *word, const char *const *known, size_t n);

#endif
