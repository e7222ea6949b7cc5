/* SPDX-License-Identifier: ISC */
#ifndef NOC_STORE_TXN_PRIVATE_H
#define NOC_STORE_TXN_PRIVATE_H

#include "store/rows.h"

/* What a txn lends its room.  Private to store/. */

/* A whole list, for whoever frees many at once. */
void noc_txn_free_list(struct noc_txn *txn);
/* Frees those that are kept for reuse. */
void noc_txn_pool_trim(void);
/* Room for `more` bytes at the end of a record. */
void noc_record_reserve(struct noc_record *r, size_t more);

/* A value that does not fit its record becomes a blob; out is what the field
 * says instead. */
void noc_txn_spill(struct noc_record *r, enum noc_tag tag, const void *p,
		   size_t len, char out[96]);

/* Fill in the head of a record whose fields are done. */
void noc_record_finish(struct noc_record *r, const uint8_t log_id[16],
		       const uint8_t boot_id[16], uint64_t seq,
		       const uint8_t prev[32]);

#endif
