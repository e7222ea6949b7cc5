/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/hex.h"
#include "base/id.h"
#include "base/json.h"
#include "store/chain.h"
#include "store/query.h"
#include "store/record.h"
#include "store/wire.h"

/* What is asked about: a kind, and a run or an event. */
struct audit_want {
	int kind;     /* 0: any */
	uint16_t tag; /* of id; 0: any */
	const char *id;
	uint8_t key[64]; /* as audit_ref has it */
	size_t key_len;
	int64_t limit;
};

/* Text as text, JSON as JSON, hashes and raw bytes as hex. */
static struct noc_value *
audit_field(uint16_t tag, const uint8_t *p, size_t len)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	struct noc_value *v = NULL;

	switch (tag) {
	case NOC_TAG_DETAIL:
		if (!noc_json_parse_own((const char *)p, len, &v, NULL))
			return v;
		break;
	case NOC_TAG_DEFINITION:
		if (len != NOC_HASH)
			break; /* written as text */
		__attribute__((fallthrough));
	case NOC_TAG_COMMITMENT:
	case NOC_TAG_RAW:
		noc_strbuf_add_hex(&sb, p, len);
		v = noc_value_strn(sb.p ? sb.p : "", sb.len);
		noc_strbuf_release(&sb);
		return v;
	default:
		break;
	}
	return noc_value_strn((const char *)p, len);
}

static struct noc_value *
audit_record(const struct noc_record_view *r, const uint8_t *leaf)
{
	struct noc_value *v = noc_value_map();
	const uint8_t *p = r->fields;
	char hex[65];

	noc_value_set(v, "seq", noc_value_int((int64_t)r->seq));
	noc_value_set(v, "cursor", noc_value_strf("%" PRIu64, r->seq));
	noc_value_set(v, "kind", noc_value_str(noc_record_kind_name(r->kind)));
	noc_value_set(v, "at", noc_value_int(r->wall_ns));
	noc_value_set(v, "leaf", noc_value_str(noc_hex(hex, leaf, NOC_HASH)));
	for (unsigned i = 0; i < r->nfields; i++) {
		uint16_t tag = noc_get16(p);
		size_t len = noc_get32(p + 2);
		const char *name = noc_tag_name(tag);
		char other[16];

		if (*name == '?') {
			snprintf(other, sizeof(other), "tag%u", tag);
			name = other;
		}
		noc_value_set(v, name, audit_field(tag, p + 6, len));
		p += 6 + len;
	}
	return v;
}

static bool
audit_wanted(const struct audit_want *w, const struct noc_record_view *r)
{
	const uint8_t *p;
	size_t len;

	if (w->kind && r->kind != w->kind)
		return false;
	if (!w->tag)
		return true;
	return noc_record_field(r, w->tag, &p, &len) && len == strlen(w->id) &&
	       !memcmp(p, w->id, len);
}

/* Records of one statement's rows into list, until the limit. */
static int
audit_take(sqlite3_stmt *st, const struct audit_want *w, struct noc_value *list)
{
	struct noc_record_view r;
	int rc;

	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		if (sqlite3_column_bytes(st, 1) != NOC_HASH ||
		    noc_record_read(sqlite3_column_blob(st, 0),
				    (size_t)sqlite3_column_bytes(st, 0), &r,
				    NULL) ||
		    !audit_wanted(w, &r))
			continue;
		noc_value_push(list,
			       audit_record(&r, sqlite3_column_blob(st, 1)));
		if ((int64_t)noc_value_len(list) >= w->limit)
			return SQLITE_DONE;
	}
	return rc;
}

static int
audit_cursor(const struct noc_value *params, const char *name, int64_t *out,
	     struct noc_err *err)
{
	const struct noc_value *v = noc_value_get(params, name);
	char *end;

	if (!v || v->type == NOC_NIL)
		return 0;
	if (v->type == NOC_INT) {
		*out = v->u.i;
		return 1;
	}
	if (v->type == NOC_STR && v->u.s.len) {
		*out = strtoll(v->u.s.p, &end, 10);
		if (!*end)
			return 1;
	}
	return noc_err_set(err, NOC_EINPUT,
			   "\"%s\" must be the cursor of a record.", name);
}

static int
audit_want_read(struct audit_want *w, const struct noc_value *params,
		struct noc_err *err)
{
	const char *kind = noc_value_get_str(params, "kind", NULL);
	const char *run = noc_value_get_str(params, "run", NULL);
	const char *event = noc_value_get_str(params, "event", NULL);
	struct noc_id id;

	memset(w, 0, sizeof(*w));
	w->limit = noc_query_limit(params);
	if (kind && *kind) {
		for (int k = 1; k < 64 && !w->kind; k++)
			if (!strcasecmp(kind, noc_record_kind_name(k)))
				w->kind = k;
		if (!w->kind || !strcasecmp(kind, "unknown"))
			return noc_err_set(err, NOC_EINPUT,
					   "There is no record kind \"%.40s\".",
					   kind);
	}
	w->id = run ? run : event;
	if (!w->id)
		return 0;
	w->tag = run ? NOC_TAG_RUN : NOC_TAG_EVENT;
	if (!noc_id_parse(w->id, &id)) {
		w->key_len = sizeof(id.b);
		memcpy(w->key, id.b, w->key_len);
	} else {
		w->key_len = strlen(w->id);
		if (!w->key_len || w->key_len > sizeof(w->key))
			return noc_err_set(err, NOC_EINPUT,
					   "\"%.40s\" is not an id.", w->id);
		memcpy(w->key, w->id, w->key_len);
	}
	return 0;
}

/* Ranges of audit_ref, oldest or newest first, and the records in each. */
static const char audit_refs_down[] =
    "SELECT a.rec, a.leaf FROM audit_ref r CROSS JOIN audit a"
    " WHERE r.id = ?4 AND a.seq BETWEEN r.lo AND r.hi"
    " AND a.seq < ?1 AND a.seq > ?2 ORDER BY r.lo DESC, a.seq DESC";
static const char audit_refs_up[] =
    "SELECT a.rec, a.leaf FROM audit_ref r CROSS JOIN audit a"
    " WHERE r.id = ?4 AND a.seq BETWEEN r.lo AND r.hi"
    " AND a.seq < ?1 AND a.seq > ?2 ORDER BY r.lo, a.seq";
static const char audit_down[] =
    "SELECT rec, leaf FROM audit WHERE seq < ?1 AND seq > ?2"
    " AND (?3 = 0 OR substr(rec, 7, 2) = ?5) ORDER BY seq DESC";
static const char audit_up[] =
    "SELECT rec, leaf FROM audit WHERE seq < ?1 AND seq > ?2"
    " AND (?3 = 0 OR substr(rec, 7, 2) = ?5) ORDER BY seq";

int
noc_query_audit(sqlite3 *db, const struct noc_value *params,
		struct noc_value **out, struct noc_err *err)
{
	int64_t before = INT64_MAX, after = -1;
	struct audit_want w;
	struct noc_value *list;
	sqlite3_stmt *st;
	uint8_t kind[2];
	int rc, up;

	rc = audit_want_read(&w, params, err);
	if (!rc)
		rc = audit_cursor(params, "before", &before, err);
	if (rc < 0)
		return rc;
	up = audit_cursor(params, "after", &after, err);
	if (up < 0)
		return up;
	rc = sqlite3_prepare_v2(db,
				w.tag ? (up ? audit_refs_up : audit_refs_down)
				      : (up ? audit_up : audit_down),
				-1, &st, NULL);
	if (rc != SQLITE_OK)
		return noc_query_fail(db, rc, err);
	noc_put16(kind, (uint16_t)w.kind);
	sqlite3_bind_int64(st, 1, before);
	sqlite3_bind_int64(st, 2, after);
	if (w.tag) {
		sqlite3_bind_blob(st, 4, w.key, (int)w.key_len, SQLITE_STATIC);
	} else {
		sqlite3_bind_int(st, 3, w.kind);
		sqlite3_bind_blob(st, 5, kind, 2, SQLITE_STATIC);
	}
	list = noc_value_list();
	rc = audit_take(st, &w, list);
	sqlite3_finalize(st);
	if (rc != SQLITE_DONE) {
		noc_value_free(list);
		return noc_query_fail(db, rc, err);
	}
	*out = list;
	return 0;
}

int
noc_query_heads(sqlite3 *db, const struct noc_value *params,
		struct noc_value **out, struct noc_err *err)
{
	struct noc_value *list;
	sqlite3_stmt *st;
	int rc = sqlite3_prepare_v2(db,
				    "SELECT note FROM audit_head"
				    " ORDER BY size DESC LIMIT ?1",
				    -1, &st, NULL);

	if (rc != SQLITE_OK)
		return noc_query_fail(db, rc, err);
	sqlite3_bind_int64(st, 1, noc_query_limit(params));
	list = noc_value_list();
	while ((rc = sqlite3_step(st)) == SQLITE_ROW)
		noc_value_push(
		    list,
		    noc_value_strn((const char *)sqlite3_column_text(st, 0),
				   (size_t)sqlite3_column_bytes(st, 0)));
	sqlite3_finalize(st);
	if (rc != SQLITE_DONE) {
		noc_value_free(list);
		return noc_query_fail(db, rc, err);
	}
	*out = list;
	return 0;
}
