/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdlib.h>

#include "base/hex.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "store/db.h"
#include "store/record.h"

/* The raw bytes as noc_event_value (engine/event/event.h) says them. */
static void
body_raw(const uint8_t *raw, size_t len, struct noc_strbuf *out)
{
	const char *p = (const char *)raw;
	char *text;

	if (noc_utf8_valid(p, len)) {
		noc_strbuf_adds(out, ",\"raw\":");
		noc_json_write_str(p, len, out);
		return;
	}
	text = noc_malloc(4 * ((len + 2) / 3) + 1);
	noc_strbuf_adds(out, ",\"raw_base64\":");
	noc_base64(text, raw, len);
	noc_json_write_str(text, strlen(text), out);
	free(text);
}

/* noc_event_body(rec): the detail of an EVENT record and its raw bytes as one
 * text of JSON; NULL when it is none. */
static void
on_event_body(sqlite3_context *ctx, int n, sqlite3_value **arg)
{
	struct noc_strbuf out = NOC_STRBUF_INIT;
	const uint8_t *rec = sqlite3_value_blob(arg[0]), *detail, *raw;
	struct noc_record_view v;
	size_t len, raw_len;

	(void)n;
	if (!rec ||
	    noc_record_read(rec, (size_t)sqlite3_value_bytes(arg[0]), &v,
			    NULL) ||
	    !noc_record_field(&v, NOC_TAG_DETAIL, &detail, &len) || len < 3 ||
	    detail[len - 1] != '}')
		return;
	if (!noc_record_field(&v, NOC_TAG_RAW, &raw, &raw_len)) {
		sqlite3_result_text(ctx, (const char *)detail, (int)len,
				    SQLITE_TRANSIENT);
		return;
	}
	noc_strbuf_add(&out, detail, len - 1);
	body_raw(raw, raw_len, &out);
	noc_strbuf_addc(&out, '}');
	sqlite3_result_text(ctx, out.p, (int)out.len, SQLITE_TRANSIENT);
	noc_strbuf_release(&out);
}

int
noc_db_event_body(sqlite3 *db)
{
	return sqlite3_create_function(db, "noc_event_body", 1,
				       SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL,
				       on_event_body, NULL, NULL);
}
