/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "base/mem.h"
#include "store/db.h"

/*
 * The tables, one step a version: step i takes a file from user_version i to
 * i + 1.  Steps are never edited once released, only appended.
 *
 * audit, audit_head, audit_floor and audit_keys are the exchange format of
 * doc/audit.md: verifiers outside the project read them.  The triggers guard
 * against our own mistakes, not against an attacker.
 */
static const char schema_1[] =
    "CREATE TABLE audit(seq INTEGER PRIMARY KEY, rec BLOB NOT NULL,"
    " leaf BLOB NOT NULL);\n"
    "CREATE TABLE audit_head(size INTEGER PRIMARY KEY, note TEXT NOT NULL);\n"
    "CREATE TABLE audit_floor(one INTEGER PRIMARY KEY CHECK(one=1),"
    " size INTEGER NOT NULL, leaf BLOB, frontier BLOB NOT NULL);\n"
    "CREATE TABLE audit_keys(size INTEGER PRIMARY KEY, rec BLOB NOT NULL,"
    " frontier BLOB NOT NULL, note TEXT NOT NULL);\n"
    "INSERT INTO audit_floor VALUES(1, 0, NULL, x'');\n"

    "CREATE TABLE audit_anchored(size INTEGER PRIMARY KEY);\n"
    "CREATE TABLE audit_tail(one INTEGER PRIMARY KEY CHECK(one=1),"
    " size INTEGER NOT NULL, frontier BLOB NOT NULL);\n"
    "CREATE TABLE audit_ref(id BLOB NOT NULL, lo INTEGER NOT NULL,"
    " hi INTEGER NOT NULL, PRIMARY KEY(id, lo)) WITHOUT ROWID;\n"
    /* Not indexed: it is looked through when somebody asks for a proof, and
     * keys that are random would dirty a page for each. */
    "CREATE TABLE audit_secret(commitment BLOB NOT NULL, salt BLOB,"
    " value TEXT);\n"
    "CREATE TABLE blobs(hash BLOB PRIMARY KEY, data BLOB NOT NULL);\n"

    "CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN"
    " SELECT RAISE(ABORT, 'audit is append-only'); END;\n"
    "CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit"
    " WHEN OLD.seq >= (SELECT size FROM audit_floor) BEGIN"
    " SELECT RAISE(ABORT, 'audit is append-only'); END;\n"
    "CREATE TRIGGER audit_head_no_update BEFORE UPDATE ON audit_head BEGIN"
    " SELECT RAISE(ABORT, 'heads are never changed'); END;\n"
    /* A head may go when it is superseded, and is neither anchored, nor a
     * rotation, nor a multiple of 1,000. */
    "CREATE TRIGGER audit_head_no_delete BEFORE DELETE ON audit_head"
    " WHEN OLD.size % 1000 = 0"
    " OR NOT EXISTS(SELECT 1 FROM audit_head WHERE size > OLD.size)"
    " OR EXISTS(SELECT 1 FROM audit_anchored WHERE size = OLD.size)"
    " OR (SELECT substr(rec, 7, 2) FROM audit WHERE seq = OLD.size - 1)"
    " = x'0008' BEGIN"
    " SELECT RAISE(ABORT, 'this head is kept'); END;\n"
    "CREATE TRIGGER audit_floor_no_delete BEFORE DELETE ON audit_floor BEGIN"
    " SELECT RAISE(ABORT, 'the floor only rises'); END;\n"
    "CREATE TRIGGER audit_floor_no_update BEFORE UPDATE ON audit_floor"
    " WHEN NEW.size < OLD.size BEGIN"
    " SELECT RAISE(ABORT, 'the floor only rises'); END;\n"
    "CREATE TRIGGER audit_keys_no_update BEFORE UPDATE ON audit_keys BEGIN"
    " SELECT RAISE(ABORT, 'rotations are never changed'); END;\n"
    "CREATE TRIGGER audit_keys_no_delete BEFORE DELETE ON audit_keys BEGIN"
    " SELECT RAISE(ABORT, 'rotations are never deleted'); END;\n"
    "CREATE TRIGGER blobs_no_update BEFORE UPDATE ON blobs BEGIN"
    " SELECT RAISE(ABORT, 'blobs are named by their hash'); END;\n"

    /* Projections.  The rowid is the order of arrival and so the cursor of
     * every page.  What an event says is in its record `seq`, unless it has
     * changed since or was too large: then it is in json. */
    "CREATE TABLE events(n INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE,"
    " received INTEGER NOT NULL, kind TEXT NOT NULL, source TEXT NOT NULL,"
    " origin TEXT NOT NULL, device TEXT NOT NULL, severity INTEGER NOT NULL,"
    " fate TEXT NOT NULL, json TEXT, seq INTEGER);\n"
    "CREATE INDEX events_device ON events(device);\n"
    "CREATE INDEX events_kind ON events(kind);\n"
    "CREATE TABLE runs(n INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE,"
    " event BLOB, rule TEXT NOT NULL, key TEXT NOT NULL, device TEXT NOT NULL,"
    " mode TEXT NOT NULL, state TEXT NOT NULL, phase TEXT NOT NULL,"
    " outcome TEXT NOT NULL, started INTEGER NOT NULL, ended INTEGER NOT NULL,"
    " definition BLOB NOT NULL, json TEXT);\n"
    /* Few have not succeeded, and those are the ones asked for.  There are
     * so few runs beside events that for a rule's or a device's all are read,
     * the newest first. */
    "CREATE INDEX runs_state ON runs(state) WHERE state <> 'Succeeded';\n"
    "CREATE TABLE steps(run BLOB NOT NULL, path TEXT NOT NULL,"
    " attempt INTEGER NOT NULL, state TEXT NOT NULL, started INTEGER NOT NULL,"
    " ended INTEGER NOT NULL, due INTEGER NOT NULL, json TEXT,"
    " PRIMARY KEY(run, path)) WITHOUT ROWID;\n"
    "CREATE TABLE decisions(event BLOB NOT NULL, rule TEXT NOT NULL,"
    " outcome TEXT NOT NULL, at INTEGER NOT NULL, reason TEXT NOT NULL,"
    " run BLOB, PRIMARY KEY(event, rule, at, outcome)) WITHOUT ROWID;\n"
    "CREATE TABLE live(kind TEXT NOT NULL, key TEXT NOT NULL,"
    " due INTEGER NOT NULL, data TEXT, PRIMARY KEY(kind, key))"
    " WITHOUT ROWID;\n"
    "CREATE TABLE definitions(hash BLOB PRIMARY KEY, kind TEXT NOT NULL,"
    " name TEXT NOT NULL, text TEXT NOT NULL, added INTEGER NOT NULL);\n";

/* Where a step stands, for flows that are no list.  Of the runs that one rule
 * started for the same thing one is on its way. */
static const char schema_2[] =
    "ALTER TABLE steps ADD COLUMN node INTEGER NOT NULL DEFAULT 0;\n"
    "ALTER TABLE steps ADD COLUMN item INTEGER NOT NULL DEFAULT -1;\n"
    /* Of items alone, whose paths end in their keys: ten thousand of a run
     * with as many steps as they have are looked through for few. */
    "CREATE INDEX steps_items ON steps(run, node, item, state)"
    " WHERE substr(path, -1) = ']';\n"
    "ALTER TABLE runs ADD COLUMN parent BLOB;\n"
    "ALTER TABLE runs ADD COLUMN dedup TEXT;\n"
    "ALTER TABLE runs ADD COLUMN deadline INTEGER NOT NULL DEFAULT 0;\n"
    "CREATE UNIQUE INDEX runs_dedup ON runs(rule, dedup)"
    " WHERE dedup IS NOT NULL AND state = 'Running';\n"
    /* Beside their texts, which are long. */
    "CREATE INDEX definitions_items ON definitions(added)"
    " WHERE kind = 'items';\n"
    "CREATE INDEX runs_parent ON runs(parent) WHERE parent IS NOT NULL;\n";

static const char *const schema_steps[] = { schema_1, schema_2 };
static const struct noc_schema schema_ours = { NOC_COUNT(schema_steps),
					       schema_steps };
const struct noc_schema *noc_schema = &schema_ours;
