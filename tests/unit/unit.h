/* SPDX-License-Identifier: ISC */
#ifndef NOC_TESTS_UNIT_UNIT_H
#define NOC_TESTS_UNIT_UNIT_H

/* What every unit test includes: cmocka with the headers it wants first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"

/* The path of a file under tests/data (static storage, one at a time). */
static inline const char *
unit_data(const char *name)
{
	static char path[4096];
	const char *src = getenv("NOC_SRCDIR");

	snprintf(path, sizeof(path), "%s/tests/data/%s", src ? src : ".", name);
	return path;
}

/* Returned; fails the test when it is none. */
static inline struct noc_value *
unit_json(const char *text)
{
	struct noc_err err = { 0 };
	struct noc_value *v = NULL;

	if (noc_json_parse(text, strlen(text), &v, &err))
		fail_msg("%s: %s", text, err.msg);
	return v;
}

/* A whole file; the caller frees.  Fails the test when there is none. */
static inline char *
unit_read(const char *path, size_t *len)
{
	FILE *f = fopen(path, "rb");
	char *p = NULL;
	size_t n = 0, got;

	if (!f)
		fail_msg("cannot open %s", path);
	do {
		p = realloc(p, n + 65536 + 1);
		assert_non_null(p);
		got = fread(p + n, 1, 65536, f);
		n += got;
	} while (got);
	fclose(f);
	p[n] = '\0';
	if (len)
		*len = n;
	return p;
}

#endif
