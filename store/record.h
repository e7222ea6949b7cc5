/* SPDX-License-Identifier: ISC */
#ifndef NOC_STORE_RECORD_H
#define NOC_STORE_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"

/*
 * Journal records, format NOC1 (doc/audit.md).  The engine fills kind and
 * tagged fields; the writer adds seq, prev and leaf.  Pure data; any thread.
 */
enum noc_record_kind {
	NOC_REC_LOG_OPEN = 1,
	NOC_REC_EVENT = 2,
	NOC_REC_RUN_START = 3,
	NOC_REC_STEP_START = 4,
	NOC_REC_STEP_DONE = 5,
	NOC_REC_RUN_END = 6,
	NOC_REC_ADMIN = 7,
	NOC_REC_KEY_ROTATE = 8,
	NOC_REC_PRUNE = 9,
	NOC_REC_RECOVERY = 10,
	NOC_REC_BREAKER = 11,
	NOC_REC_GATE = 12,
	NOC_REC_GAP = 13,
	NOC_REC_DECISION = 14,
	NOC_REC_DEFINITION = 15,
	NOC_REC_TIMER = 16,
	NOC_REC_SIGNAL = 17,
	NOC_REC_ARCHIVE = 18
};

enum noc_tag {
	NOC_TAG_EVENT = 1,
	NOC_TAG_RUN = 2,
	NOC_TAG_RULE = 3, /* name@version */
	NOC_TAG_ACTOR = 4,
	NOC_TAG_ACTION = 5,
	NOC_TAG_TARGET = 6,
	NOC_TAG_OUTCOME = 7,
	NOC_TAG_DETAIL = 8, /* JSON text as written */
	NOC_TAG_COMMITMENT = 9,
	NOC_TAG_RAW = 10,
	NOC_TAG_VKEY = 11,
	NOC_TAG_STEP = 12,
	NOC_TAG_DEFINITION = 13,
	NOC_TAG_CAUSE = 14
};

const char *noc_record_kind_name(int kind); /* "EVENT", ... or "UNKNOWN" */
const char *noc_tag_name(int tag);	    /* "event", ... or "?" */

#define NOC_RECORD_MAX	65535
#define NOC_RECORD_HEAD 98
#define NOC_BLOB_MIN	(32 * 1024) /* longer values go to blobs */

/* A record on its way to the journal, in the memory of its txn.  p is the
 * whole record: fields in ascending tags after NOC_RECORD_HEAD bytes that the
 * writer fills in. */
struct noc_record {
	enum noc_record_kind kind;
	struct noc_now now;
	uint64_t seq; /* set by noc_record_finish */
	uint16_t nfields;
	uint16_t last_tag;
	uint32_t tags; /* a bit for each of the first 32 */
	uint8_t *p;
	size_t len, cap;
};

/* A record read back: slices into the bytes given. */
struct noc_record_view {
	uint16_t kind;
	uint8_t log_id[16];
	uint64_t seq;
	int64_t wall_ns, boot_ns;
	uint8_t boot_id[16];
	uint8_t prev[32];
	uint16_t nfields;
	uint32_t tags; /* as above */
	const uint8_t *fields;
	size_t fields_len;
};

/* EINPUT when any rule of the format is broken (incl. ascending tags). */
int noc_record_read(const uint8_t *p, size_t len, struct noc_record_view *out,
		    struct noc_err *err);
/* 1 and the field, or 0. */
int noc_record_field(const struct noc_record_view *v, uint16_t tag,
		     const uint8_t **p, size_t *len);
/* 0, or EINPUT naming the required tag that kind lacks. */
int noc_record_complete(unsigned kind, uint32_t tags, struct noc_err *err);

#endif
