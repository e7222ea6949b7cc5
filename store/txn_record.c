/* SPDX-License-Identifier: ISC */
/* Building the fields of a record. */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "store/rows.h"
#include "store/txn.h"
#include "store/txn_private.h"
#include "store/wire.h"

/*
 * What fits so that a record can never outgrow NOC_RECORD_MAX: each field
 * leaves room for all of them as references, and tags below `raw` for the
 * longest raw value too.
 */
#define SHORT_MAX  1024
#define REF_FIELD  (6 + 75)
#define TOTAL_MAX  (NOC_RECORD_MAX - NOC_TAG_CAUSE * REF_FIELD)
#define BEFORE_RAW (TOTAL_MAX - NOC_BLOB_MIN - 6 - NOC_TAG_RAW * REF_FIELD)

static int
record_fits(const struct noc_record *r, enum noc_tag tag, size_t len)
{
	size_t total = r->len + 6 + len;

	if (tag != NOC_TAG_DETAIL && tag != NOC_TAG_RAW && len > SHORT_MAX)
		return 0;
	return total <= (tag < NOC_TAG_RAW ? BEFORE_RAW : TOTAL_MAX);
}

/* Where a field of this tag belongs; -1 when the tag is there already. */
static ssize_t
record_place(const struct noc_record *r, unsigned tag)
{
	const uint8_t *p = r->p;
	size_t at = NOC_RECORD_HEAD;

	if (tag > r->last_tag)
		return (ssize_t)r->len;
	while (at < r->len && noc_get16(p + at) < tag)
		at += 6 + noc_get32(p + at + 2);
	return noc_get16(p + at) == tag ? -1 : (ssize_t)at;
}

void
noc_record_add(struct noc_record *r, enum noc_tag tag, const void *p,
	       size_t len)
{
	ssize_t at = record_place(r, tag);
	char ref[96];
	uint8_t *to;

	if (NOC_FAILS(at >= 0))
		return;
	if (!record_fits(r, tag, len)) {
		noc_txn_spill(r, tag, p, len, ref);
		p = ref;
		len = strlen(ref);
	}
	noc_record_reserve(r, 6 + len);
	to = r->p + at;
	if ((size_t)at < r->len)
		memmove(to + 6 + len, to, r->len - (size_t)at);
	else
		r->last_tag = (uint16_t)tag;
	noc_put16(to, (uint16_t)tag);
	noc_put32(to + 2, (uint32_t)len);
	if (len)
		memcpy(to + 6, p, len);
	r->len += 6 + len;
	r->nfields++;
	if (tag < 32)
		r->tags |= 1u << tag;
}

void
noc_record_adds(struct noc_record *r, enum noc_tag tag, const char *s)
{
	noc_record_add(r, tag, s ? s : "", s ? strlen(s) : 0);
}

void
noc_record_addf(struct noc_record *r, enum noc_tag tag, const char *fmt, ...)
{
	struct noc_strbuf *sb = &((struct noc_txn_record *)r)->txn->json;
	char *text;
	va_list ap;
	int n;

	noc_strbuf_clear(sb);
	text = noc_strbuf_room(sb, SHORT_MAX);
	va_start(ap, fmt);
	n = vsnprintf(text, SHORT_MAX + 1, fmt, ap);
	va_end(ap);
	NOC_REQUIRE(n >= 0);
	noc_record_add(r, tag, text, n <= SHORT_MAX ? (size_t)n : SHORT_MAX);
}

void
noc_record_add_id(struct noc_record *r, enum noc_tag tag,
		  const struct noc_id *id)
{
	char text[NOC_ID_TEXT];

	noc_record_adds(r, tag, noc_id_format(text, id));
}

void
noc_record_add_json(struct noc_record *r, enum noc_tag tag,
		    const struct noc_value *v)
{
	struct noc_strbuf *sb = &((struct noc_txn_record *)r)->txn->json;

	noc_strbuf_clear(sb);
	noc_json_write(v, NOC_JSON_CANONICAL, sb);
	noc_record_add(r, tag, sb->p, sb->len);
}

void
noc_record_finish(struct noc_record *r, const uint8_t log_id[16],
		  const uint8_t boot_id[16], uint64_t seq,
		  const uint8_t prev[32])
{
	uint8_t *p = r->p;

	r->seq = seq;
	memcpy(p, "NOC1\1\0", 6);
	noc_put16(p + 6, (uint16_t)r->kind);
	memcpy(p + 8, log_id, 16);
	noc_put64(p + 24, seq);
	noc_put64(p + 32, (uint64_t)r->now.wall_ns);
	noc_put64(p + 40, (uint64_t)r->now.boot_ns);
	memcpy(p + 48, boot_id, 16);
	memcpy(p + 64, prev, 32);
	noc_put16(p + 96, r->nfields);
}
