/* SPDX-License-Identifier: ISC */
/* Of: store/record.c */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "store/record.h"
#include "store/rows.h"
#include "store/txn.h"
#include "store/txn_private.h"
#include "store/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What reads as a record is said again byte for byte. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct noc_record_view v;
	struct noc_record *r;
	struct noc_txn *txn;
	struct noc_err err;
	const uint8_t *f, *p;
	size_t len, big = 0;

	if (noc_record_read(data, size, &v, &err))
		return 0;
	(void)noc_record_complete(v.kind, v.tags, &err);
	txn = noc_txn_new((struct noc_now){ v.wall_ns, v.boot_ns, 0 });
	r = noc_txn_record(txn, (enum noc_record_kind)v.kind);
	f = v.fields;
	for (unsigned i = 0; i < v.nfields; i++) {
		uint16_t tag = noc_get16(f);

		len = noc_get32(f + 2);
		if (noc_record_field(&v, tag, &p, &len) != 1 || p != f + 6)
			abort();
		big |= len > 1000;
		noc_record_add(r, (enum noc_tag)tag, p, len);
		f += 6 + len;
	}
	noc_record_finish(r, v.log_id, v.boot_id, v.seq, v.prev);
	if (!big && size < 16384 &&
	    (r->len != size || memcmp(r->p, data, size)))
		abort();
	noc_txn_free(txn);
	return 0;
}
