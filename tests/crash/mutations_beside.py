# SPDX-License-Identifier: ISC
"""Kinds of mutations.py: the anchor file, what records name by hash, and what
is made of records."""
import base64
import json
import os
import uuid

import journals
import noc
from mutations import (MADE, flip, flipped, get, head_text, kind, put)

# ---- the anchor file ----

@kind("CUT", "the anchor file emptied")
def _(c, r):
    with open(c.anchor, "wb") as f:
        f.write(r.choice([b"", b"", b"\n", b"half", b"torn\x1e\n"]))
    return 0


@kind("not judged", "the anchor file missing")
def _(c, r):
    os.unlink(c.anchor)
    if r.choice([0, 1]):
        os.mkdir(c.anchor)


@kind("OK", "the anchor file cut in its last head", on=("made", "rotated"),
      why="a crash in an append leaves this; the heads before it still hold")
def _(c, r):
    with open(c.anchor, "rb") as f:
        data = f.read()
    begins = data[:-2].rindex(b"\x1e") + 2
    with open(c.anchor, "wb") as f:
        f.write(data[:r.randrange(begins + 1, len(data) - 2)])


@kind("TAMPERED", "bytes taken from the middle of the anchor file")
def _(c, r):
    notes = c.notes()
    at = r.randrange(len(notes))
    lo = r.randrange(notes[at].index(b"\n"), len(notes[at]) - 6)
    notes[at] = notes[at][:lo] + notes[at][lo + r.choice([1, 2, 3, 5]):]
    c.anchors(notes)


def foreign(r):
    """A head of another log, well signed by its key."""
    origin = "north/audit/" + r.randbytes(16).hex()
    text = head_text(origin, r.randrange(1, 900), r.randbytes(32))
    return (text + "\n" + journals.sign(r.randbytes(32), origin,
                                        text.encode())).encode()


@kind("OK", "heads of another log before this one's",
      why="of the log before: the file was damaged, and this one begun")
def _(c, r):
    c.anchors([foreign(r)] + c.notes())


@kind("CUT", "heads of another log after this one's, or between them")
def _(c, r):
    notes = c.notes()
    notes.insert(r.randrange(1, len(notes) + 1), foreign(r))
    c.anchors(notes)
    return 0


@kind("CUT", "heads of another log alone")
def _(c, r):
    c.anchors([foreign(r) for _ in range(r.randrange(1, 4))])
    return 0


@kind("OK", "an older anchor file", on=("made", "rotated"),
      why="it claims less, and what it claims holds")
def _(c, r):
    notes = c.notes()
    c.anchors(notes[:r.randrange(1, len(notes))])


@kind("TAMPERED", "the anchors in another order", on=("made", "rotated"))
def _(c, r):
    notes = c.notes()
    a, b = sorted(r.sample(range(len(notes)), 2))
    notes[a], notes[b] = notes[b], notes[a]
    c.anchors(notes)


@kind("TAMPERED", "a NUL in the anchor file")
def _(c, r):
    notes = c.notes()
    at = r.randrange(len(notes))
    lo = r.randrange(len(notes[at]))
    notes[at] = notes[at][:lo] + b"\0" + notes[at][lo + r.choice([0, 1]):]
    c.anchors(notes)
    return 0


@kind("OK", "NULs at the end of the anchor file", why="file systems leave "
      "them where a crash tore an append, and the next one closes them")
def _(c, r):
    with open(c.anchor, "ab") as f:
        f.write(b"\0" * r.randrange(1, 4096) +
                r.choice([b"", b"torn\x1e\n"]))


@kind("TAMPERED", "a byte of size, root or signature of an anchor")
def _(c, r):
    notes = c.notes()
    at = r.randrange(len(notes))
    origin, rest = notes[at].split(b"\n", 1)
    rest = bytearray(rest)
    rest[r.choice([i for i, b in enumerate(rest) if 32 < b < 127])] ^= 1
    notes[at] = origin + b"\n" + rest
    if b"witness" in notes[at]:  # its line may say what it likes
        notes[at] = notes[at].replace(b"\n", b"\n7", 1)
    c.anchors(notes)


@kind("TAMPERED", "an anchor of a root of somebody's own, or a second one",
      on=MADE)
def _(c, r):
    notes = c.notes()
    at = r.randrange(len(notes))
    lines = notes[at].split(b"\n")
    lines[2] = base64.b64encode(r.randbytes(32))
    notes[at:at + r.choice([0, 1])] = [b"\n".join(lines)]
    c.anchors(notes)


@kind("TAMPERED", "an anchor signed by another key")
def _(c, r):
    notes = c.notes()
    at = r.randrange(len(notes))
    text = notes[at].split(b"\n\n")[0] + b"\n"
    notes[at] = text + b"\n" + journals.sign(
        r.randbytes(32), text.split(b"\n")[0].decode(), text).encode()
    c.anchors(notes)


@kind("TAMPERED", "an anchor of no records")
def _(c, r):
    notes = c.notes()
    lines = notes[0].split(b"\n")
    lines[1] = b"0"
    c.anchors([b"\n".join(lines)] + notes)
    return 0


# ---- what records name by hash ----

TABLES = {"blobs": ("hash", "data"), "audit_secret": ("commitment", "value")}


def named(t, r, table):
    """(rowid, name, first record that names it) of a row."""
    key, value = TABLES[table]
    rowid, name = r.choice(t.all(
        "SELECT rowid, %s FROM %s WHERE %s IS NOT NULL ORDER BY rowid"
        % (key, table, value)))
    digits = name.hex().encode()
    for seq, rec in t.all("SELECT seq, rec FROM audit ORDER BY seq"):
        if name in rec or digits in rec:
            return rowid, name, seq
    raise noc.Failure("no record names it")


@kind("TAMPERED", "a bit of a value", on=MADE)
def _(c, r):
    with c.touch() as t:
        rowid, _, seq = named(t, r, "audit_secret")
        flip(t, r, "audit_secret", "value", "rowid", rowid)
    return seq


@kind("TAMPERED", "a bit of a salt", on=MADE)
def _(c, r):
    with c.touch() as t:
        rowid, _, seq = named(t, r, "audit_secret")
        flip(t, r, "audit_secret", "salt", "rowid", rowid)
    return seq


def long_detail(t, r):
    """A blob that a detail names in digits."""
    while True:
        rowid, name, seq = named(t, r, "blobs")
        if name.hex().encode() in get(t, "audit", "rec", "seq", seq):
            return rowid, name, seq


@kind("TAMPERED", "a bit of the long text of an event, named in digits",
      on=MADE)
def _(c, r):
    with c.touch() as t:
        rowid, _, seq = long_detail(t, r)
        flip(t, r, "blobs", "data", "rowid", rowid)
    return seq


@kind("TAMPERED", "a bit of a long message, named in bytes", on=MADE)
def _(c, r):
    with c.touch() as t:
        while True:
            rowid, name, seq = named(t, r, "blobs")
            if name in get(t, "audit", "rec", "seq", seq):
                break
        flip(t, r, "blobs", "data", "rowid", rowid)
    return seq


@kind("TAMPERED", "an altered value or blob at a rowid below all others",
      on=MADE)
def _(c, r):
    table = r.choice(list(TABLES))
    with c.touch() as t:
        rowid, _, seq = named(t, r, table)
        flip(t, r, table, TABLES[table][1], "rowid", rowid)
        t.run("UPDATE %s SET rowid = ? WHERE rowid = ?" % table,
              r.choice([0, -1, -2**63]), rowid)
    return seq


@kind("TAMPERED", "a value or blob in another type, of the same bytes or not",
      on=MADE)
def _(c, r):
    table = r.choice(list(TABLES))
    column = TABLES[table][1]
    with c.touch() as t:
        rowid, _, seq = named(t, r, table)
        if r.choice([0, 1]):
            t.run("UPDATE %s SET %s = CAST(%s AS TEXT) WHERE rowid = ?"
                  % (table, column, column), rowid)
        else:
            put(t, table, column, "rowid", rowid, r.choice([7, 1.5, b"", ""]))
    return seq


@kind("TAMPERED", "a salt erased and its value not, or of another type",
      on=MADE)
def _(c, r):
    with c.touch() as t:
        rowid, _, seq = named(t, r, "audit_secret")
        put(t, "audit_secret", "salt", "rowid", rowid,
            r.choice([None, b"", "x" * 16, 7]))
    return seq


@kind("TAMPERED", "two values exchanged", on=MADE)
def _(c, r):
    with c.touch() as t:
        a = named(t, r, "audit_secret")
        b = named(t, r, "audit_secret")
        while (get(t, "audit_secret", "value", "rowid", b[0]) ==
               get(t, "audit_secret", "value", "rowid", a[0])):
            b = named(t, r, "audit_secret")
        values = [get(t, "audit_secret", "value", "rowid", x[0])
                  for x in (a, b)]
        put(t, "audit_secret", "value", "rowid", a[0], values[1])
        put(t, "audit_secret", "value", "rowid", b[0], values[0])
    return min(a[2], b[2])


@kind("TAMPERED", "another value of the same name beside the right one",
      on=MADE)
def _(c, r):
    with c.touch() as t:
        _, name, seq = named(t, r, "audit_secret")
        t.run("INSERT INTO audit_secret VALUES(?, ?, ?)", name,
              r.randbytes(16), r.randbytes(9))
    return seq


@kind("OK", "values and blobs erased, one or all, or their tables", on=MADE,
      why="what a record only names by its hash may be erased")
def _(c, r):
    table = r.choice(list(TABLES))
    with c.touch() as t:
        rowid, _, _ = named(t, r, table)
        r.choice([
            lambda: t.run("DELETE FROM %s WHERE rowid = ?" % table, rowid),
            lambda: t.run("DELETE FROM %s" % table),
            lambda: t.run("DROP TABLE %s" % table),
            lambda: t.run("UPDATE audit_secret SET value = NULL"),
            lambda: t.run("UPDATE audit_secret SET value = NULL, "
                          "salt = NULL")])()


@kind("OK", "the name of a value or blob", on=MADE, why="nothing has the name "
      "that the record says: it was erased; no record names what is there")
def _(c, r):
    table = r.choice(list(TABLES))
    key = TABLES[table][0]
    with c.touch() as t:
        rowid, name, _ = named(t, r, table)
        put(t, table, key, "rowid", rowid, r.choice(
            [flipped(name, r), r.randbytes(32), name.hex(), b"", 7]))


@kind("OK", "a blob and a value that no record names",
      on=("made", "pruned"), why="the log says nothing of them")
def _(c, r):
    with c.touch() as t:
        # Bytes that stand in a record are no name where they are no name.
        name = r.choice([r.randbytes(32), get(t, "audit", "leaf", "seq",
                                              r.choice(c.seqs))])
        t.run("INSERT INTO blobs VALUES(?, ?)", name, r.randbytes(9))
        t.run("INSERT INTO audit_secret VALUES(?, ?, ?)", name,
              r.randbytes(16), r.randbytes(9))


@kind("TAMPERED", "what a run was given", on=MADE)
def _(c, r):
    with c.touch() as t:
        run, text = r.choice(t.all("SELECT id, json FROM runs ORDER BY n"))
        row = json.loads(text)
        name = r.choice(["input", "extra", "salt"])
        row[name] = r.choice([{"device": "x"}, "00" * 16, 7, [None]])
        put(t, "runs", "json", "id", run, json.dumps(row))
        digits = str(uuid.UUID(bytes=run)).encode()
        return min(s for s, rec in t.all("SELECT seq, rec FROM audit")
                   if rec[6:8] == b"\0\3" and digits in rec)


@kind("OK", "runs erased, unreadable, or without a column", on=MADE,
      why="what a record only names by its hash may be erased")
def _(c, r):
    with c.touch() as t:
        t.run(r.choice(["DELETE FROM runs", "DELETE FROM runs WHERE n = 2",
                        "UPDATE runs SET json = 'no' WHERE n = 2",
                        "DROP TABLE runs",
                        "ALTER TABLE runs RENAME COLUMN json TO x"]))


# ---- projections and the daemon's own notes ----

for _table, _column in (
        ("events", "kind"), ("events", "json"), ("events", "seq"),
        ("runs", "state"), ("runs", "event"), ("steps", "state"),
        ("steps", "json"), ("decisions", "reason"), ("definitions", "text"),
        ("audit_tail", "frontier"), ("audit_ref", "hi")):
    @kind("OK", "%s.%s" % (_table, _column), on=MADE,
          why="a projection: the log is the records")
    def _(c, r, table=_table, column=_column):
        with c.touch() as t:
            n = t.one("SELECT count(*) FROM %s" % table)
            noc.check(n, "%s is empty" % table)
            t.run("UPDATE %s SET %s = ? WHERE %s IN (SELECT %s FROM %s LIMIT "
                  "1 OFFSET ?)" % (table, column, column, column, table),
                  r.randbytes(5).hex(), r.randrange(n))
            t.run("DELETE FROM %s WHERE %s IN (SELECT %s FROM %s LIMIT ?)"
                  % (table, column, column, table), r.choice([0, 1]))
            t.run("UPDATE %s SET %s = ?" % (table, column),
                  r.randrange(1 << 40))
