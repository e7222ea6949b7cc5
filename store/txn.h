/* SPDX-License-Identifier: ISC */
#ifndef NOC_STORE_TXN_H
#define NOC_STORE_TXN_H

#include <stdint.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/slice.h"
#include "base/value.h"
#include "store/record.h"

/*
 * What one input to the core changes: journal records and projection rows,
 * committed together or not at all.  Built on the loop thread, then owned by
 * the writer.  Rows carry absolute values (upsert or delete by primary key).
 * Everything passed in is copied unless it says owned.
 */
struct noc_txn;

struct noc_txn *noc_txn_new(struct noc_now now);
void noc_txn_free(struct noc_txn *txn);
size_t noc_txn_bytes(const struct noc_txn *txn);
int noc_txn_is_empty(const struct noc_txn *txn);

/*
 * ---- journal records: begin one, add fields ----
 * Ascending tag order is the cheap one; another is sorted, a tag said twice
 * is a bug and the second is dropped.  A value too long for its place goes to
 * blobs, and the field says so: {"blob":"<sha256>"} for details, else
 * "sha256:<hex>".
 */
struct noc_record *noc_txn_record(struct noc_txn *txn,
				  enum noc_record_kind kind);
void noc_record_add(struct noc_record *r, enum noc_tag tag, const void *p,
		    size_t len);
void noc_record_adds(struct noc_record *r, enum noc_tag tag, const char *s);
/* Cut after 1,024 bytes. */
void noc_record_addf(struct noc_record *r, enum noc_tag tag, const char *fmt,
		     ...) __attribute__((format(printf, 3, 4)));
void noc_record_add_id(struct noc_record *r, enum noc_tag tag,
		       const struct noc_id *id); /* UUID text */
void noc_record_add_json(struct noc_record *r, enum noc_tag tag,
			 const struct noc_value *v); /* canonical */
/*
 * Tag 10, going to blobs by hash when longer than NOC_BLOB_MIN (the caller's
 * detail then must say {"raw":"blob"}).
 */
void noc_txn_add_raw(struct noc_txn *txn, struct noc_record *r, const void *p,
		     size_t len);
/* Tag 9: SHA-256(salt ‖ canonical JSON of v); salt and value are kept in the
 * erasable audit_secret.  salt: what it was in hex, for a row that says the
 * value itself; or NULL. */
void noc_txn_add_commitment(struct noc_txn *txn, struct noc_record *r,
			    const struct noc_value *v, char salt[33]);

/* ---- projection rows ---- */
struct noc_event_row {
	struct noc_id id;
	int64_t received_ns;
	const char *kind, *source;
	struct noc_slice origin, device;
	int severity;
	const char *fate; /* matched, unmatched, duplicate, ... */
	/* What the event says: its EVENT record in this txn does, or json (of
	 * both the one that is not NULL).  Read back: json, or NULL. */
	const struct noc_record *record;
	struct noc_value *json;
};

struct noc_run_row {
	struct noc_id id;
	struct noc_id event; /* zero: none */
	const char *rule;
	const char *key, *device; /* may be "" */
	const char *mode;	  /* active, observe */
	const char *state;   /* Pending Running Succeeded Failed Cancelled */
	const char *phase;   /* "", waiting_event, sleeping, retrying, ... */
	const char *outcome; /* one line, "" while running */
	int64_t started_ns, ended_ns; /* 0: not yet */
	uint8_t definition[32];	      /* plan hash */
	/* Once it was written these two stay. */
	struct noc_id parent; /* started it, or it is a fork of; zero: none */
	const char *dedup;    /* one of its rule is Running; NULL: any number */
	int64_t deadline_ns;  /* 0: none */
	const struct noc_value
	    *json; /* what resume needs: event view, counts */
};

struct noc_step_row {
	struct noc_id run;
	const char *path;  /* "raise", "precheck[sw17]/alive" */
	int64_t node;	   /* of the plan, in pre-order */
	int64_t item;	   /* place in the list of its each; -1: none */
	int attempt;	   /* from 1 */
	const char *state; /* Pending Running Succeeded Failed Skipped */
	int64_t started_ns, ended_ns, due_ns; /* due: deadline or next retry */
	const struct noc_value
	    *json; /* {action, params, output, error, token} */
};

struct noc_decision_row {
	struct noc_id event;
	const char *rule;
	const char *outcome; /* fired held cancelled damped guarded silenced
				observed counted errored late */
	int64_t at_ns;
	const char *reason; /* one line */
	struct noc_id run;  /* zero: none */
};

void noc_txn_event(struct noc_txn *txn, const struct noc_event_row *row);
void noc_txn_run(struct noc_txn *txn, const struct noc_run_row *row);
void noc_txn_step(struct noc_txn *txn, const struct noc_step_row *row);
/* Unless there is a row of it. */
void noc_txn_step_keep(struct noc_txn *txn, const struct noc_step_row *row);
/* What it did was taken back: a mark in its row. */
void noc_txn_step_undone(struct noc_txn *txn, const struct noc_id *run,
			 const char *path);
void noc_txn_decision(struct noc_txn *txn, const struct noc_decision_row *row);
/*
 * Live engine state by (kind, key): hold, window, pair, storm, damp, breaker,
 * silence, freeze, dedup, inform, delivery, escalation, counter, ...  due_ns:
 * absolute UTC deadline or 0.  data is borrowed.
 */
void noc_txn_live_put(struct noc_txn *txn, const char *kind, const char *key,
		      int64_t due_ns, const struct noc_value *data);
void noc_txn_live_del(struct noc_txn *txn, const char *kind, const char *key);
/* Definitions by hash: a plan, a rule tree's source, or the items of an each
 * ("items"), which the row of an open step names as live.items_hash, in hex:
 * written again each time that one begins, for they are not kept for ever.
 * Idempotent. */
void noc_txn_definition(struct noc_txn *txn, const uint8_t hash[32],
			const char *kind, const char *name, const char *text);

#endif
