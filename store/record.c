/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "store/record.h"

#include <string.h>

#include "base/mem.h"
#include "store/wire.h"

#define TAG(t) (1u << (t))

/* Required tags by kind (doc/audit.md); a kind not listed requires none. */
static const struct {
	const char *name;
	uint32_t required;
} record_kinds[] = {
	[NOC_REC_LOG_OPEN] = { "LOG_OPEN", TAG(4) | TAG(11) },
	[NOC_REC_EVENT] = { "EVENT", TAG(1) | TAG(6) | TAG(8) },
	[NOC_REC_RUN_START] = { "RUN_START",
				TAG(2) | TAG(3) | TAG(4) | TAG(13) | TAG(14) },
	[NOC_REC_STEP_START] = { "STEP_START", TAG(2) | TAG(3) | TAG(5) |
						   TAG(6) | TAG(9) | TAG(12) },
	[NOC_REC_STEP_DONE] = { "STEP_DONE", TAG(2) | TAG(5) | TAG(6) | TAG(7) |
						 TAG(9) | TAG(12) },
	[NOC_REC_RUN_END] = { "RUN_END", TAG(2) | TAG(7) },
	[NOC_REC_ADMIN] = { "ADMIN", TAG(4) | TAG(8) },
	[NOC_REC_KEY_ROTATE] = { "KEY_ROTATE", TAG(4) | TAG(11) },
	[NOC_REC_PRUNE] = { "PRUNE", 0 },
	[NOC_REC_RECOVERY] = { "RECOVERY", 0 },
	[NOC_REC_BREAKER] = { "BREAKER", TAG(5) | TAG(6) | TAG(7) },
	[NOC_REC_GATE] = { "GATE", TAG(2) | TAG(4) | TAG(7) | TAG(12) },
	[NOC_REC_GAP] = { "GAP", 0 },
	[NOC_REC_DECISION] = { "DECISION", TAG(1) | TAG(3) | TAG(7) | TAG(8) },
	[NOC_REC_DEFINITION] = { "DEFINITION", TAG(4) | TAG(13) },
	[NOC_REC_TIMER] = { "TIMER", 0 },
	[NOC_REC_SIGNAL] = { "SIGNAL", 0 },
	[NOC_REC_ARCHIVE] = { "ARCHIVE", 0 },
};

static const char *const record_tags[] = {
	"?",	  "event",  "run",     "rule",	     "actor",
	"action", "target", "outcome", "detail",     "commitment",
	"raw",	  "vkey",   "step",    "definition", "cause",
};

const char *
noc_record_kind_name(int kind)
{
	if (kind < 1 || kind >= (int)NOC_COUNT(record_kinds))
		return "UNKNOWN";
	return record_kinds[kind].name;
}

const char *
noc_tag_name(int tag)
{
	if (tag < 1 || tag >= (int)NOC_COUNT(record_tags))
		return "?";
	return record_tags[tag];
}

/* Walk the fields once: tags strictly ascending, exact consumption. */
static int
record_read_fields(struct noc_record_view *v, struct noc_err *err)
{
	const uint8_t *p = v->fields;
	size_t left = v->fields_len;
	unsigned last = 0;

	v->tags = 0;
	for (unsigned i = 0; i < v->nfields; i++) {
		unsigned tag;
		size_t len;

		if (left < 6)
			return noc_err_set(err, NOC_EINPUT,
					   "Record ends inside the header of "
					   "field %u.",
					   i);
		tag = noc_get16(p);
		len = noc_get32(p + 2);
		if (tag <= last)
			return noc_err_set(err, NOC_EINPUT,
					   "Tag %u of field %u is not above "
					   "the tag before it (%u).",
					   tag, i, last);
		if (len > left - 6)
			return noc_err_set(err, NOC_EINPUT,
					   "Field %u (tag %u) says %zu bytes, "
					   "%zu are left.",
					   i, tag, len, left - 6);
		p += 6 + len;
		left -= 6 + len;
		last = tag;
		if (tag < 32)
			v->tags |= TAG(tag);
	}
	if (left)
		return noc_err_set(err, NOC_EINPUT,
				   "%zu bytes follow the last field.", left);
	return 0;
}

int
noc_record_read(const uint8_t *p, size_t len, struct noc_record_view *out,
		struct noc_err *err)
{
	if (len < NOC_RECORD_HEAD || len > NOC_RECORD_MAX)
		return noc_err_set(err, NOC_EINPUT,
				   "A record has %d to %d bytes, not %zu.",
				   NOC_RECORD_HEAD, NOC_RECORD_MAX, len);
	if (memcmp(p, "NOC1\1\0", 6))
		return noc_err_set(err, NOC_EINPUT,
				   "Record does not begin with NOC1, hash 1, "
				   "flags 0.");
	out->kind = noc_get16(p + 6);
	memcpy(out->log_id, p + 8, 16);
	out->seq = noc_get64(p + 24);
	out->wall_ns = (int64_t)noc_get64(p + 32);
	out->boot_ns = (int64_t)noc_get64(p + 40);
	memcpy(out->boot_id, p + 48, 16);
	memcpy(out->prev, p + 64, 32);
	out->nfields = noc_get16(p + 96);
	out->fields = p + NOC_RECORD_HEAD;
	out->fields_len = len - NOC_RECORD_HEAD;
	if (!out->kind)
		return noc_err_set(err, NOC_EINPUT, "Record kind is 0.");
	return record_read_fields(out, err);
}

int
noc_record_field(const struct noc_record_view *v, uint16_t tag,
		 const uint8_t **p, size_t *len)
{
	const uint8_t *at = v->fields;

	for (unsigned i = 0; i < v->nfields; i++) {
		unsigned t = noc_get16(at);
		size_t n = noc_get32(at + 2);

		if (t == tag) {
			*p = at + 6;
			*len = n;
			return 1;
		}
		if (t > tag)
			return 0;
		at += 6 + n;
	}
	return 0;
}

int
noc_record_complete(unsigned kind, uint32_t tags, struct noc_err *err)
{
	uint32_t missing;

	if (kind >= NOC_COUNT(record_kinds))
		return 0;
	missing = record_kinds[kind].required & ~tags;
	if (!missing)
		return 0;
	return noc_err_set(err, NOC_EINPUT,
			   "A %s record must have tag %d (%s), and this one "
			   "has not.",
			   noc_record_kind_name((int)kind),
			   __builtin_ctz(missing),
			   noc_tag_name(__builtin_ctz(missing)));
}
