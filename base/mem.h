/* SPDX-License-Identifier: ISC */
#ifndef NOC_BASE_MEM_H
#define NOC_BASE_MEM_H

#include <stddef.h>

/*
 * Allocation that cannot fail: out of memory aborts (memory is limited by
 * caps on inputs instead).  Everything is freed with free().  Any thread.
 */
void *noc_malloc(size_t size) __attribute__((malloc, returns_nonnull));
void *noc_calloc(size_t n, size_t size)
    __attribute__((malloc, returns_nonnull));
void *noc_realloc(void *p, size_t size) __attribute__((returns_nonnull));
char *noc_strdup(const char *s) __attribute__((returns_nonnull, nonnull));
char *noc_strndup(const char *p, size_t len) __attribute__((returns_nonnull));
void *noc_memdup(const void *p, size_t len) __attribute__((returns_nonnull));
char *noc_asprintf(const char *fmt, ...)
    __attribute__((format(printf, 1, 2), returns_nonnull));

/* Grow array `p` of `*cap` elements so that it holds at least `need`. */
#define NOC_GROW(p, cap, need)                                                \
	do {                                                                  \
		if ((need) > (cap)) {                                         \
			(cap) = (need) < 8 ? 8 : (need) + (need) / 2;         \
			(p) = noc_realloc((p), (size_t)(cap) * sizeof(*(p))); \
		}                                                             \
	} while (0)

#define NOC_COUNT(a) (sizeof(a) / sizeof((a)[0]))

#endif
