/* SPDX-License-Identifier: ISC */
#ifndef NOC_TESTS_UNIT_STORE_DATA_H
#define NOC_TESTS_UNIT_STORE_DATA_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hex.h"
#include "base/json.h"
#include "base/mem.h"

/* Vectors under tests/data, for the tests of store/. */

static inline struct noc_value *
data_load(const char *rel)
{
	const char *dir = getenv("NOC_SRCDIR");
	char path[512];
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	struct noc_value *v = NULL;
	struct noc_err err;
	char buf[65536];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/tests/data/%s", dir ? dir : ".", rel);
	f = fopen(path, "rb");
	if (!f)
		fail_msg("cannot open %s", path);
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		noc_strbuf_add(&sb, buf, n);
	fclose(f);
	if (noc_json_parse(sb.p, sb.len, &v, &err))
		fail_msg("%s: %s", path, err.msg);
	noc_strbuf_release(&sb);
	return v;
}

/* Hex text of any length, into malloc'ed bytes. */
static inline uint8_t *
data_unhex(const char *hex, size_t *len)
{
	uint8_t *p = noc_malloc(strlen(hex) / 2 + 1);

	*len = strlen(hex) / 2;
	assert_int_equal(noc_unhex(hex, strlen(hex), p, len), 0);
	return p;
}

static inline void
data_hash(const struct noc_value *v, const char *key, uint8_t out[32])
{
	const char *hex = noc_value_get_str(v, key, NULL);
	size_t n = 32;

	assert_non_null(hex);
	assert_int_equal(noc_unhex(hex, strlen(hex), out, &n), 0);
	assert_int_equal(n, 32);
}

#endif
