/* SPDX-License-Identifier: ISC */
#ifndef NOC_STORE_ROWS_H
#define NOC_STORE_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"
#include "store/txn.h"

/*
 * The inside of a txn, for the writer: encoded records and rows as cells
 * ready to be bound, all in the memory of the txn.  Private to store/.
 */

enum noc_row_kind {
	NOC_ROW_EVENT,
	NOC_ROW_RUN,
	NOC_ROW_STEP,
	NOC_ROW_STEP_KEEP,
	NOC_ROW_STEP_UNDONE,
	NOC_ROW_DECISION,
	NOC_ROW_LIVE_PUT,
	NOC_ROW_LIVE_DEL,
	NOC_ROW_DEFINITION,
	NOC_ROW_BLOB,
	NOC_ROW_SECRET,
	NOC_ROW_KINDS
};

enum noc_cell_type {
	NOC_CELL_NULL,
	NOC_CELL_INT,
	NOC_CELL_TEXT,
	NOC_CELL_BLOB,
	NOC_CELL_SEQ /* of a record of the same txn, known when it is written */
};

struct noc_cell {
	enum noc_cell_type type;
	uint32_t len;
	union {
		int64_t i;
		const void *p;
		const struct noc_record *r;
	} u;
};

struct noc_row {
	struct noc_row *next;
	enum noc_row_kind kind;
	unsigned n;
	struct noc_cell cells[];
};

struct noc_txn_record {
	struct noc_record rec; /* first: callers hold a pointer to it */
	struct noc_txn *txn;
	struct noc_txn_record *next;
};

struct noc_txn_chunk {
	struct noc_txn_chunk *next;
	size_t used, cap;
	unsigned char *data;
};

#define NOC_TXN_INLINE 1536 /* most txns need no more memory than this */

struct noc_txn {
	struct noc_txn *next; /* in the queue */
	uint64_t ticket;
	int64_t queued_ns; /* boot clock */
	struct noc_now now;
	size_t bytes;
	unsigned nrecords;
	struct noc_txn_record *first_record, *last_record;
	struct noc_row *first_row, *last_row;
	struct noc_txn_chunk *chunk;
	struct noc_txn_chunk *spare; /* kept from its last use, or NULL */
	struct noc_strbuf json;	     /* scratch */
	struct noc_txn_chunk inner;
	_Alignas(16) unsigned char data[NOC_TXN_INLINE];
};

#endif
