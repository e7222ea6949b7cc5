/* SPDX-License-Identifier: ISC */
/* Of: base/json.c base/utf8.c */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever is read is written, and what is written reads back as equal. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct noc_value *v = NULL, *again = NULL;
	struct noc_err err = { 0 };
	char *text;

	if (noc_json_parse((const char *)data, size, &v, &err)) {
		if (v || err.kind != NOC_EINPUT || !err.msg[0])
			abort();
		return 0;
	}
	text = noc_json_string(v, NOC_JSON_CANONICAL);
	if (noc_json_parse(text, strlen(text), &again, &err) ||
	    !noc_value_eq(v, again))
		abort();
	free(text);
	text = noc_json_string(v, NOC_JSON_PRETTY);
	noc_value_free(again);
	if (noc_json_parse(text, strlen(text), &again, &err) ||
	    !noc_value_eq(v, again))
		abort();
	free(text);
	noc_value_free(again);
	noc_value_free(v);
	return 0;
}
