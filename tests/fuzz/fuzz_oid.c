/* SPDX-License-Identifier: ISC */
/* Of: proto/mib.c proto/mib_text.c proto/mib_table.c proto/ifrow.c */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "proto/ifrow.h"
#include "proto/mib.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* However an object is written, it is of the same row or of none. */
static bool
row_of(const struct noc_mib *mib, const char *p, size_t len,
       struct noc_ifrow *row)
{
	char *text = noc_strndup(p, len);
	bool is = noc_ifrow_parse(mib, text, row);

	if (!is && (row->admin || row->text[0]))
		abort();
	if (is && row->text[0] && row->text[0] != '.' && row->text[0] != '[')
		abort();
	free(text);
	return is;
}

/* An OID that is read comes back the same from its text, named or not. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct noc_mib *mib;
	noc_oid oid[NOC_OID_MAX], again[NOC_OID_MAX];
	size_t len, again_len;
	char text[NOC_OID_MAX * 16];
	struct noc_err err = { 0 };
	struct noc_ifrow row, same;
	bool is;

	if (mib == NULL)
		mib = noc_mib_new();
	if (memchr(data, 0, size))
		return 0; /* no text */
	is = row_of(mib, (const char *)data, size, &row);
	if (noc_oid_parse(mib, (const char *)data, size, oid, &len, NULL,
			  &err) < 0) {
		if (err.kind != NOC_EINPUT || err.msg[0] == '\0')
			abort();
		return 0;
	}
	for (int named = 0; named < 2; named++) {
		size_t n = named ? noc_oid_format_name(mib, text, sizeof(text),
						       oid, len)
				 : noc_oid_format(text, sizeof(text), oid, len);

		if (n != strlen(text) ||
		    noc_oid_parse(mib, text, n, again, &again_len, NULL, NULL) <
			0 ||
		    again_len != len ||
		    memcmp(oid, again, len * sizeof(*oid)) != 0)
			abort();
		if (row_of(mib, text, n, &same) != is ||
		    row.admin != same.admin || strcmp(row.text, same.text))
			abort();
	}
	return 0;
}
