/* SPDX-License-Identifier: ISC */
/*
 * Patterns: the first line is a regular expression, the rest a text.  When
 * they match, the text holds the literal that the index would look for.
 *
 * Of: engine/expr/pattern.c
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "engine/expr/pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *line = memchr(data, '\n', size);
	size_t len = line ? (size_t)(line - data) : size;
	struct noc_slice text = { NULL, 0 }, must;
	struct noc_pattern *p = NULL;
	struct noc_err err;
	char *regex;

	if (line)
		text = noc_slice((const char *)line + 1, size - len - 1);
	regex = noc_strndup((const char *)data, len);
	if (noc_pattern_new(regex, &p, &err) == 0) {
		must = noc_pattern_literal(p);
		if (noc_pattern_match(p, text) && must.len)
			NOC_REQUIRE(
			    memmem(text.p, text.len, must.p, must.len) != NULL);
		for (size_t i = 0; i < noc_pattern_ncaptures(p); i++)
			NOC_REQUIRE(noc_pattern_capture(p, i).len <= text.len);
	}
	noc_pattern_free(p);
	free(regex);
	return 0;
}
