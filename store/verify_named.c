/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/mem.h"
#include "store/verify_private.h"
#include "store/wire.h"

/* What records name by its hash may be erased, row by row or all of it, and
 * must not be altered. */

enum named_kind { NAMED_BLOB, NAMED_VALUE, NAMED_KINDS };

static const struct {
	const char *what, *table;
	const char *sql; /* key; name; what its hash is of, in two parts */
} named_kinds[NAMED_KINDS] = {
	[NAMED_BLOB] = { "blob", "blobs",
			 "SELECT rowid, hash, x'', data FROM blobs"
			 " WHERE rowid >= ?1 ORDER BY rowid LIMIT ?2" },
	[NAMED_VALUE] = { "value", "audit_secret",
			  "SELECT rowid, commitment, salt, value"
			  " FROM audit_secret WHERE rowid >= ?1"
			  " AND value IS NOT NULL ORDER BY rowid LIMIT ?2" },
};

/* What is not what its name says. */
struct named_altered {
	uint8_t name[NOC_HASH];
	enum named_kind kind;
};

struct named {
	enum named_kind kind; /* that is being read */
	int64_t row;	      /* the last one, of those that were read */
	bool begun;
	struct named_altered *altered;
	size_t n, cap;
};

static int
named_compare(const void *a, const void *b)
{
	const struct named_altered *x = a, *y = b;
	int c = memcmp(x->name, y->name, NOC_HASH);

	return c ? c : (int)x->kind - (int)y->kind;
}

static int
on_named(struct verify *v, sqlite3_stmt *st, void *arg)
{
	struct named *named = arg;
	struct named_altered *a;
	uint8_t hash[NOC_HASH];
	int64_t row = sqlite3_column_int64(st, 0);

	/* The next page begins after the last row: one that is out of order
	 * would hide those behind it. */
	if (named->begun && row <= named->row)
		return noc_verify_say(v, NOC_VERDICT_TAMPERED, 0,
				      "Row %" PRId64 " of %s is stored behind "
				      "row %" PRId64 ".",
				      row, named_kinds[named->kind].table,
				      named->row);
	named->begun = true;
	named->row = row;
	if (!noc_verify_is(st, 1, SQLITE_BLOB, NOC_HASH))
		return 0; /* no record can name it */
	noc_sha256_begin(v->h);
	for (int i = 2; i < 4; i++) {
		const void *p = sqlite3_column_blob(st, i);

		noc_sha256_add(v->h, p ? p : "",
			       (size_t)sqlite3_column_bytes(st, i));
	}
	noc_sha256_end(v->h, hash);
	if (noc_verify_is(st, 2, SQLITE_BLOB, 0) &&
	    noc_verify_is(st, 3, SQLITE_BLOB, 0) &&
	    !memcmp(sqlite3_column_blob(st, 1), hash, NOC_HASH))
		return 0;
	NOC_GROW(named->altered, named->cap, named->n + 1);
	a = &named->altered[named->n++];
	memcpy(a->name, sqlite3_column_blob(st, 1), NOC_HASH);
	a->kind = named->kind;
	return 0;
}

/* ---- which record names it ---- */

/* The text of a name: these words, 64 digits, those words. */
static bool
named_text(const uint8_t *p, size_t len, const char *before, const char *after,
	   uint8_t out[NOC_HASH])
{
	size_t n = strlen(before), m = strlen(after), size = NOC_HASH;

	return len == n + 2 * NOC_HASH + m && !memcmp(p, before, n) &&
	       !memcmp(p + len - m, after, m) &&
	       !noc_unhex((const char *)p + n, 2 * NOC_HASH, out, &size);
}

/* A field that holds the name of something; false: it holds what it says. */
static bool
named_field(unsigned tag, const uint8_t *p, size_t len,
	    struct named_altered *out)
{
	out->kind = tag == NOC_TAG_COMMITMENT ? NAMED_VALUE : NAMED_BLOB;
	if ((tag == NOC_TAG_COMMITMENT || tag == NOC_TAG_RAW) &&
	    len == NOC_HASH) {
		memcpy(out->name, p, NOC_HASH);
		return true;
	}
	out->kind = NAMED_BLOB;
	return named_text(p, len, "sha256:", "", out->name) ||
	       (tag == NOC_TAG_DETAIL &&
		named_text(p, len, "{\"blob\":\"", "\"}", out->name));
}

static int
on_record(struct verify *v, sqlite3_stmt *st, void *arg)
{
	const struct named *named = arg;
	struct noc_record_view r;
	struct named_altered a;
	const uint8_t *p;

	if (noc_record_read(sqlite3_column_blob(st, 1),
			    (size_t)sqlite3_column_bytes(st, 1), &r, NULL))
		return 0;
	p = r.fields;
	for (unsigned i = 0; i < r.nfields; i++) {
		size_t len = noc_get32(p + 2);

		if (named_field(noc_get16(p), p + 6, len, &a) &&
		    bsearch(&a, named->altered, named->n, sizeof(a),
			    named_compare))
			return noc_verify_say(v, NOC_VERDICT_TAMPERED, r.seq,
					      "The %s that record %" PRIu64
					      " names by its hash was altered.",
					      named_kinds[a.kind].what, r.seq);
		p += 6 + len;
	}
	return 0;
}

/* A table that is not there: all of it was erased. */
static int
named_read(struct verify *v, struct named *named, enum named_kind kind,
	   struct noc_err *err)
{
	if (sqlite3_table_column_metadata(
		v->db, "main", named_kinds[kind].table, NULL, NULL, NULL, NULL,
		NULL, NULL) == SQLITE_ERROR)
		return 0;
	named->kind = kind;
	named->begun = false;
	return noc_verify_each(v, named_kinds[kind].sql, INT64_MIN, on_named,
			       named, err);
}

int
noc_verify_named(struct verify *v, struct noc_err *err)
{
	struct named named = { .n = 0 };
	int rc = 0;

	for (int i = 0; !rc && i < NAMED_KINDS; i++)
		rc = named_read(v, &named, (enum named_kind)i, err);
	if (!rc && named.n) {
		qsort(named.altered, named.n, sizeof(*named.altered),
		      named_compare);
		rc = noc_verify_each(v,
				     "SELECT seq, rec FROM audit"
				     " WHERE seq >= ?1 ORDER BY seq LIMIT ?2",
				     (int64_t)v->floor, on_record, &named, err);
	}
	free(named.altered);
	return rc;
}
