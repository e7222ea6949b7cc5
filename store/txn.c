/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "store/txn.h"

#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/hex.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "store/rows.h"
#include "store/txn_private.h"

#define CHUNK_MIN  8192 /* a run of two steps takes some 7 KiB */
#define POOL_MAX   512
#define SALT	   16
#define RECORD_CAP 320 /* most records fit at once */

/* ---- memory of one txn: freed all at once ---- */

static struct noc_txn_chunk *
txn_chunk(size_t cap)
{
	size_t head = (sizeof(struct noc_txn_chunk) + 15) & ~(size_t)15;
	struct noc_txn_chunk *c = noc_malloc(head + cap);

	c->data = (unsigned char *)c + head;
	c->cap = cap;
	return c;
}

static void *
txn_alloc(struct noc_txn *txn, size_t size)
{
	struct noc_txn_chunk *c = txn->chunk;
	void *p;

	size = (size + 15) & ~(size_t)15;
	if (c->cap - c->used < size) {
		c = size <= CHUNK_MIN && txn->spare
			? txn->spare
			: txn_chunk(size > CHUNK_MIN ? size : CHUNK_MIN);
		if (c == txn->spare)
			txn->spare = NULL;
		c->used = 0;
		c->next = txn->chunk;
		txn->chunk = c;
		txn->bytes += c->cap;
	}
	p = c->data + c->used;
	c->used += size;
	return p;
}

/* More of what was allocated last, where it is; end is its end. */
static bool
txn_extend(struct noc_txn *txn, const unsigned char *end, size_t more)
{
	struct noc_txn_chunk *c = txn->chunk;

	if (end != c->data + c->used || c->cap - c->used < more)
		return false;
	c->used += more;
	return true;
}

static void *
txn_dup(struct noc_txn *txn, const void *p, size_t len)
{
	void *to = txn_alloc(txn, len + 1);

	if (len)
		memcpy(to, p, len);
	((char *)to)[len] = '\0';
	return to;
}

/*
 * Txns are made on one thread and freed on another, by the hundred: they are
 * kept for reuse, which costs neither thread the allocator's lock.
 */
static pthread_mutex_t pool_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct noc_txn *pool;
static unsigned pool_n;

struct noc_txn *
noc_txn_new(struct noc_now now)
{
	struct noc_strbuf json = NOC_STRBUF_INIT;
	struct noc_txn_chunk *spare = NULL;
	struct noc_txn *txn;

	pthread_mutex_lock(&pool_mutex);
	txn = pool;
	if (txn) {
		pool = txn->next;
		pool_n--;
	}
	pthread_mutex_unlock(&pool_mutex);
	if (txn) {
		json = txn->json;
		spare = txn->spare;
	} else {
		txn = noc_malloc(sizeof(*txn));
	}
	memset(txn, 0, offsetof(struct noc_txn, data));
	txn->json = json;
	txn->spare = spare;
	txn->now = now;
	txn->bytes = sizeof(*txn);
	txn->inner.data = txn->data;
	txn->inner.cap = sizeof(txn->data);
	txn->chunk = &txn->inner;
	return txn;
}

/* What it holds beyond itself, but for one chunk. */
static void
txn_shrink(struct noc_txn *txn)
{
	struct noc_txn_chunk *c, *next;

	for (c = txn->chunk; c != &txn->inner; c = next) {
		next = c->next;
		if (!txn->spare && c->cap == CHUNK_MIN)
			txn->spare = c;
		else
			free(c);
	}
	if (txn->json.cap > 4096)
		noc_strbuf_release(&txn->json);
}

static void
txn_destroy(struct noc_txn *txn)
{
	struct noc_txn *next;

	for (; txn; txn = next) {
		next = txn->next;
		noc_strbuf_release(&txn->json);
		free(txn->spare);
		free(txn);
	}
}

void
noc_txn_free_list(struct noc_txn *txn)
{
	struct noc_txn *next, *spare = NULL;

	for (struct noc_txn *t = txn; t; t = t->next)
		txn_shrink(t);
	pthread_mutex_lock(&pool_mutex);
	for (; txn; txn = next) {
		next = txn->next;
		if (pool_n < POOL_MAX) {
			txn->next = pool;
			pool = txn;
			pool_n++;
		} else {
			txn->next = spare;
			spare = txn;
		}
	}
	pthread_mutex_unlock(&pool_mutex);
	txn_destroy(spare);
}

void
noc_txn_pool_trim(void)
{
	struct noc_txn *all;

	pthread_mutex_lock(&pool_mutex);
	all = pool;
	pool = NULL;
	pool_n = 0;
	pthread_mutex_unlock(&pool_mutex);
	txn_destroy(all);
}

void
noc_txn_free(struct noc_txn *txn)
{
	if (!txn)
		return;
	txn->next = NULL;
	noc_txn_free_list(txn);
}

size_t
noc_txn_bytes(const struct noc_txn *txn)
{
	return txn->bytes;
}

int
noc_txn_is_empty(const struct noc_txn *txn)
{
	return !txn->first_record && !txn->first_row;
}

/* ---- rows ---- */

static struct noc_cell
cell_int(int64_t i)
{
	return (struct noc_cell){ .type = NOC_CELL_INT, .u.i = i };
}

/* What others read as text is UTF-8 without NUL, whatever came. */
static struct noc_cell
cell_slice(struct noc_txn *txn, struct noc_slice s)
{
	if (s.len &&
	    (memchr(s.p, '\0', s.len) || !noc_utf8_valid(s.p, s.len))) {
		noc_strbuf_clear(&txn->json);
		noc_strbuf_add_escaped(&txn->json, s.p, s.len);
		s = noc_slice(txn->json.p, txn->json.len);
	}
	return (struct noc_cell){ .type = NOC_CELL_TEXT,
				  .len = (uint32_t)s.len,
				  .u.p = txn_dup(txn, s.p, s.len) };
}

static struct noc_cell
cell_text(struct noc_txn *txn, const char *s)
{
	return cell_slice(txn, noc_slice_str(s ? s : ""));
}

static struct noc_cell
cell_null(void)
{
	return (struct noc_cell){ .type = NOC_CELL_NULL };
}

static struct noc_cell
cell_seq(const struct noc_record *r)
{
	return (struct noc_cell){ .type = r ? NOC_CELL_SEQ : NOC_CELL_NULL,
				  .u.r = r };
}

static struct noc_cell
cell_blob(struct noc_txn *txn, const void *p, size_t len)
{
	return (struct noc_cell){ .type = NOC_CELL_BLOB,
				  .len = (uint32_t)len,
				  .u.p = txn_dup(txn, p, len) };
}

/* An id, or NULL when it is zero. */
static struct noc_cell
cell_id(struct noc_txn *txn, const struct noc_id *id)
{
	if (noc_id_is_zero(id))
		return cell_null();
	return cell_blob(txn, id->b, sizeof(id->b));
}

static struct noc_cell
cell_json(struct noc_txn *txn, const struct noc_value *v)
{
	if (!v)
		return cell_null();
	noc_strbuf_clear(&txn->json);
	noc_json_write(v, NOC_JSON_COMPACT, &txn->json);
	return (
	    struct noc_cell){ .type = NOC_CELL_TEXT,
			      .len = (uint32_t)txn->json.len,
			      .u.p = txn_dup(txn, txn->json.p, txn->json.len) };
}

static void
txn_row(struct noc_txn *txn, enum noc_row_kind kind,
	const struct noc_cell *cells, unsigned n)
{
	struct noc_row *row =
	    txn_alloc(txn, sizeof(*row) + n * sizeof(row->cells[0]));

	row->next = NULL;
	row->kind = kind;
	row->n = n;
	memcpy(row->cells, cells, n * sizeof(row->cells[0]));
	if (txn->last_row)
		txn->last_row->next = row;
	else
		txn->first_row = row;
	txn->last_row = row;
}

#define TXN_ROW(txn, kind, ...)                                    \
	do {                                                       \
		const struct noc_cell cells_[] = { __VA_ARGS__ };  \
		txn_row((txn), (kind), cells_, NOC_COUNT(cells_)); \
	} while (0)

void
noc_txn_event(struct noc_txn *txn, const struct noc_event_row *row)
{
	TXN_ROW(txn, NOC_ROW_EVENT, cell_blob(txn, row->id.b, 16),
		cell_int(row->received_ns), cell_text(txn, row->kind),
		cell_text(txn, row->source), cell_slice(txn, row->origin),
		cell_slice(txn, row->device), cell_int(row->severity),
		cell_text(txn, row->fate), cell_json(txn, row->json),
		cell_seq(row->record));
}

void
noc_txn_run(struct noc_txn *txn, const struct noc_run_row *row)
{
	TXN_ROW(txn, NOC_ROW_RUN, cell_blob(txn, row->id.b, 16),
		cell_id(txn, &row->event), cell_text(txn, row->rule),
		cell_text(txn, row->key), cell_text(txn, row->device),
		cell_text(txn, row->mode), cell_text(txn, row->state),
		cell_text(txn, row->phase), cell_text(txn, row->outcome),
		cell_int(row->started_ns), cell_int(row->ended_ns),
		cell_blob(txn, row->definition, 32), cell_json(txn, row->json),
		cell_id(txn, &row->parent),
		row->dedup ? cell_text(txn, row->dedup) : cell_null(),
		cell_int(row->deadline_ns));
}

static void
txn_step(struct noc_txn *txn, enum noc_row_kind kind,
	 const struct noc_step_row *row)
{
	TXN_ROW(txn, kind, cell_blob(txn, row->run.b, 16),
		cell_text(txn, row->path), cell_int(row->attempt),
		cell_text(txn, row->state), cell_int(row->started_ns),
		cell_int(row->ended_ns), cell_int(row->due_ns),
		cell_json(txn, row->json), cell_int(row->node),
		cell_int(row->item));
}

void
noc_txn_step(struct noc_txn *txn, const struct noc_step_row *row)
{
	txn_step(txn, NOC_ROW_STEP, row);
}

void
noc_txn_step_keep(struct noc_txn *txn, const struct noc_step_row *row)
{
	txn_step(txn, NOC_ROW_STEP_KEEP, row);
}

void
noc_txn_step_undone(struct noc_txn *txn, const struct noc_id *run,
		    const char *path)
{
	TXN_ROW(txn, NOC_ROW_STEP_UNDONE, cell_blob(txn, run->b, 16),
		cell_text(txn, path));
}

void
noc_txn_decision(struct noc_txn *txn, const struct noc_decision_row *row)
{
	TXN_ROW(txn, NOC_ROW_DECISION, cell_blob(txn, row->event.b, 16),
		cell_text(txn, row->rule), cell_text(txn, row->outcome),
		cell_int(row->at_ns), cell_text(txn, row->reason),
		cell_id(txn, &row->run));
}

void
noc_txn_live_put(struct noc_txn *txn, const char *kind, const char *key,
		 int64_t due_ns, const struct noc_value *data)
{
	TXN_ROW(txn, NOC_ROW_LIVE_PUT, cell_text(txn, kind),
		cell_text(txn, key), cell_int(due_ns), cell_json(txn, data));
}

void
noc_txn_live_del(struct noc_txn *txn, const char *kind, const char *key)
{
	TXN_ROW(txn, NOC_ROW_LIVE_DEL, cell_text(txn, kind),
		cell_text(txn, key));
}

void
noc_txn_definition(struct noc_txn *txn, const uint8_t hash[32],
		   const char *kind, const char *name, const char *text)
{
	TXN_ROW(txn, NOC_ROW_DEFINITION, cell_blob(txn, hash, 32),
		cell_text(txn, kind), cell_text(txn, name),
		cell_text(txn, text), cell_int(txn->now.wall_ns));
}

/* ---- what records keep beside them ---- */

static void
txn_blob(struct noc_txn *txn, const void *p, size_t len, uint8_t hash[32])
{
	noc_sha256_once(p, len, hash);
	TXN_ROW(txn, NOC_ROW_BLOB, cell_blob(txn, hash, 32),
		cell_blob(txn, p, len));
}

void
noc_txn_add_raw(struct noc_txn *txn, struct noc_record *r, const void *p,
		size_t len)
{
	uint8_t hash[32];

	if (len <= NOC_BLOB_MIN) {
		noc_record_add(r, NOC_TAG_RAW, p, len);
		return;
	}
	txn_blob(txn, p, len, hash);
	noc_record_add(r, NOC_TAG_RAW, hash, sizeof(hash));
}

/* A call to the kernel for many. */
static void
txn_salt(uint8_t salt[SALT])
{
	static _Thread_local uint8_t salts[32 * SALT];
	static _Thread_local size_t left;

	if (!left) {
		noc_random(salts, sizeof(salts));
		left = sizeof(salts);
	}
	left -= SALT;
	memcpy(salt, salts + left, SALT);
	noc_wipe(salts + left, SALT);
}

void
noc_txn_add_commitment(struct noc_txn *txn, struct noc_record *r,
		       const struct noc_value *v, char said[33])
{
	uint8_t hash[32], salt[SALT];

	txn_salt(salt);
	if (said)
		noc_hex(said, salt, sizeof(salt));
	noc_strbuf_clear(&txn->json);
	noc_strbuf_add(&txn->json, salt, sizeof(salt));
	noc_json_write(v, NOC_JSON_CANONICAL, &txn->json);
	noc_sha256_once(txn->json.p, txn->json.len, hash);
	TXN_ROW(txn, NOC_ROW_SECRET, cell_blob(txn, hash, 32),
		cell_blob(txn, salt, sizeof(salt)),
		cell_blob(txn, txn->json.p + sizeof(salt),
			  txn->json.len - sizeof(salt)));
	noc_record_add(r, NOC_TAG_COMMITMENT, hash, sizeof(hash));
}

void
noc_txn_spill(struct noc_record *r, enum noc_tag tag, const void *p, size_t len,
	      char out[96])
{
	struct noc_txn_record *tr = (struct noc_txn_record *)r;
	uint8_t hash[32];
	char *at = out;

	txn_blob(tr->txn, p, len, hash);
	at = stpcpy(at, tag == NOC_TAG_DETAIL ? "{\"blob\":\"" : "sha256:");
	noc_hex(at, hash, sizeof(hash));
	if (tag == NOC_TAG_DETAIL)
		memcpy(at + 64, "\"}", 3);
}

struct noc_record *
noc_txn_record(struct noc_txn *txn, enum noc_record_kind kind)
{
	struct noc_txn_record *r = txn_alloc(txn, sizeof(*r));

	memset(r, 0, sizeof(*r));
	r->txn = txn;
	r->rec.kind = kind;
	r->rec.now = txn->now;
	r->rec.cap = RECORD_CAP;
	r->rec.p = txn_alloc(txn, RECORD_CAP);
	r->rec.len = NOC_RECORD_HEAD;
	memset(r->rec.p, 0, NOC_RECORD_HEAD);
	if (txn->last_record)
		txn->last_record->next = r;
	else
		txn->first_record = r;
	txn->last_record = r;
	txn->nrecords++;
	return &r->rec;
}

void
noc_record_reserve(struct noc_record *r, size_t more)
{
	struct noc_txn *txn = ((struct noc_txn_record *)r)->txn;
	size_t grow;
	uint8_t *p;

	if (r->cap - r->len >= more)
		return;
	grow = (r->len + more - r->cap + 15) & ~(size_t)15;
	if (txn_extend(txn, r->p + r->cap, grow)) {
		r->cap += grow;
		return;
	}
	r->cap = ((r->len + more) * 2 + 15) & ~(size_t)15;
	p = txn_alloc(txn, r->cap);
	memcpy(p, r->p, r->len);
	r->p = p;
}
