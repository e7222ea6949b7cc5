# SPDX-License-Identifier: ISC
"""What somebody may do to a journal, kind by kind, and what the format
(doc/audit.md) says of it: records, heads, the floor here, and beside them
mutations_beside.py and mutations_file.py.

A kind is a function that changes a copy (journals.py) at a place that `r`, a
random.Random, draws.  It returns the seq that must be named; None: any, as
long as both name the same.  A kind that both verifiers accept says why.
"""
import base64

import journals
import noc

ALL = ("made", "pruned", "rotated", "kept")
MADE = ("made",)
KINDS = []


class Kind:
    def __init__(self, function, verdict, what, **more):
        self.function, self.verdict, self.what = function, verdict, what
        self.on = more.get("on", ALL)  # journals that it fits
        self.why = more.get("why")     # it is accepted
        self.same = more.get("same")   # the bytes change, and no value

    def __call__(self, copy, r):
        return self.function(copy, r)


def kind(verdict, what, **more):
    assert (verdict == "OK") == ("why" in more), what

    def register(function):
        KINDS.append(Kind(function, verdict, what, **more))
        return function
    return register


def flipped(data, r, lo=0, hi=None):
    """One bit of what is between those offsets."""
    data = bytearray(data)
    at = r.randrange(lo, len(data) if hi is None else hi)
    data[at] ^= 1 << r.randrange(8)
    return bytes(data)


# Column names and tables are ours: no value of a file comes into these texts.
def get(t, table, column, key, value):
    return t.one("SELECT %s FROM %s WHERE %s = ?" % (column, table, key),
                 value)


def put(t, table, column, key, value, new):
    noc.equal(t.run("UPDATE %s SET %s = ? WHERE %s = ?"
                    % (table, column, key), new, value), 1, "rows changed")


def flip(t, r, table, column, key, value):
    old = get(t, table, column, key, value)
    if isinstance(old, str):  # an ASCII character stays one
        at = r.randrange(len(old))
        while ord(old[at]) > 126:
            at = r.randrange(len(old))
        new = old[:at] + chr(ord(old[at]) ^ 1) + old[at + 1:]
    else:
        new = flipped(old, r)
    put(t, table, column, key, value, new)


# ---- records ----

@kind("TAMPERED", "a bit of a record")
def _(c, r):
    seq = r.choice(c.seqs)
    with c.touch() as t:
        flip(t, r, "audit", "rec", "seq", seq)
    return seq


@kind("TAMPERED", "a bit of a stored hash")
def _(c, r):
    seq = r.choice(c.seqs)
    with c.touch() as t:
        flip(t, r, "audit", "leaf", "seq", seq)
    return seq


def rewrite(t, seq, rec):
    t.run("UPDATE audit SET rec = ?, leaf = ? WHERE seq = ?", rec,
          journals.other.sha(b"\0" + rec), seq)


@kind("TAMPERED", "a record, and its stored hash with it: the link after it, "
      "or the head")
def _(c, r):
    seq = r.choice(c.seqs)
    with c.touch() as t:
        rewrite(t, seq, flipped(get(t, "audit", "rec", "seq", seq), r, 32, 48))
    return c.before(seq + 1) if seq + 1 in c.heads else seq + 1


@kind("TAMPERED", "all records from one on linked anew, without the key")
def _(c, r):
    at = r.choice(c.seqs)
    with c.touch() as t:
        link = None
        for seq in c.seqs[c.seqs.index(at):]:
            rec = get(t, "audit", "rec", "seq", seq)
            rec = (flipped(rec, r, 32, 48) if link is None else
                   rec[:64] + link + rec[96:])
            rewrite(t, seq, rec)
            link = journals.other.sha(b"\0" + rec)
    return c.before(min(h for h in c.heads if h > at))


@kind("TAMPERED", "the whole log made anew with a key of the same name",
      on=MADE)
def _(c, r):
    seed = r.randbytes(32)
    with c.touch() as t:
        origin = t.one("SELECT note FROM audit_head").split("\n")[0]
        f, link = journals.other.Frontier(), None
        key = journals.vkey(origin, journals.public(seed)).encode()
        for seq in c.seqs:
            rec = get(t, "audit", "rec", "seq", seq)
            if seq == 0:
                at, n = journals.other.record_read(rec)[1][11]
                rec = rec[:at] + key + rec[at + n:]
            else:
                rec = rec[:64] + link + rec[96:]
            rewrite(t, seq, rec)
            link = journals.other.sha(b"\0" + rec)
            f.add(link)
            if seq + 1 in c.heads:
                text = head_text(origin, seq + 1, f.root())
                put(t, "audit_head", "note", "size", seq + 1, text + "\n" +
                    journals.sign(seed, origin, text.encode()))
        notes = [get(t, "audit_head", "note", "size", n).encode()
                 for n in c.heads]
    c.anchors(notes)
    return 0


def head_text(origin, size, root):
    return "%s\n%d\n%s\n" % (origin, size, base64.b64encode(root).decode())


for _column in ("rec", "leaf"):
    @kind("TAMPERED", "audit.%s kept as text" % _column)
    def _(c, r, column=_column):
        seq = r.choice(c.seqs)
        with c.touch() as t:
            t.run("UPDATE audit SET %s = CAST(%s AS TEXT) WHERE seq = ?"
                  % (column, column), seq)
        return seq

    @kind("TAMPERED", "audit.%s a number, empty or nothing" % _column)
    def _(c, r, column=_column):
        seq = r.choice(c.seqs)
        with c.touch() as t:
            t.declare("audit", column + " BLOB NOT NULL", column + " BLOB")
            put(t, "audit", column, "seq", seq,
                r.choice([7, 1.5, b"", "", None]))
            t.declare("audit", column + " BLOB", column + " BLOB NOT NULL")
        return seq


@kind("TAMPERED", "a record deleted")
def _(c, r):
    seq = r.choice(c.seqs)
    with c.touch() as t:
        t.run("DELETE FROM audit WHERE seq = ?", seq)
    return seq


@kind("TAMPERED", "the last records deleted")
def _(c, r):
    seq = r.choice(c.seqs[-3:] if len(c.seqs) > 3 else c.seqs[-1:])
    with c.touch() as t:
        t.run("DELETE FROM audit WHERE seq >= ?", seq)
    return seq


@kind("TAMPERED", "a record deleted, those after it counted down",
      on=("made", "pruned", "rotated"))
def _(c, r):
    seq = r.choice(c.seqs[:-1])
    with c.touch() as t:
        t.run("DELETE FROM audit WHERE seq = ?", seq)
        t.run("UPDATE audit SET seq = -seq WHERE seq > ?", seq)
        t.run("UPDATE audit SET seq = -seq - 1 WHERE seq < 0")
    return seq


@kind("TAMPERED", "a record put in twice", on=("made", "pruned", "rotated"))
def _(c, r):
    seq, again = r.sample(c.seqs, 2)
    with c.touch() as t:
        t.run("UPDATE audit SET (rec, leaf) = (SELECT rec, leaf FROM audit "
              "WHERE seq = ?) WHERE seq = ?", again, seq)
    return seq


@kind("TAMPERED", "two records exchanged", on=("made", "pruned", "rotated"))
def _(c, r):
    a, b = sorted(r.sample(c.seqs, 2))
    with c.touch() as t:
        t.run("UPDATE audit SET seq = -5 WHERE seq = ?", a)
        t.run("UPDATE audit SET seq = ? WHERE seq = ?", a, b)
        t.run("UPDATE audit SET seq = ? WHERE seq = -5", b)
    return a


def insert(c, seq, of):
    with c.touch() as t:
        t.run("INSERT INTO audit SELECT ?, rec, leaf FROM audit WHERE seq = ?",
              seq, of)


@kind("TAMPERED", "a row before the first record")
def _(c, r):
    insert(c, r.choice([-1, -2**63, c.floor - 1]), r.choice(c.seqs))
    return 0


@kind("TAMPERED", "a row after the last record, at once or far away")
def _(c, r):
    insert(c, r.choice([c.end, c.end + 1, 2**62, 2**63 - 1]), c.seqs[-1])
    return c.end


@kind("TAMPERED", "a record after the last head, rightly linked")
def _(c, r):
    with c.touch() as t:
        rec = get(t, "audit", "rec", "seq", c.seqs[-1])
        rec = (rec[:24] + c.end.to_bytes(8, "big") + r.randbytes(8) +
               rec[40:64] + journals.other.sha(b"\0" + rec) + rec[96:])
        t.run("INSERT INTO audit VALUES(?, ?, ?)", c.end, rec,
              journals.other.sha(b"\0" + rec))
    return c.end


def cut(c, size):
    with c.touch() as t:
        t.run("DELETE FROM audit WHERE seq >= ?", size)
        t.run("DELETE FROM audit_head WHERE size > ?", size)


@kind("CUT", "cut back to a head, the anchor file not",
      on=("made", "pruned", "rotated"))
def _(c, r):
    size = r.choice(c.heads[:-1])
    cut(c, size)
    return size


@kind("OK", "cut back to an anchored head, and the anchor file with it",
      on=MADE, why="no file can know what was cut from both: that is why "
      "anchor.log belongs on another machine")
def _(c, r):
    notes = c.notes()
    keep = r.randrange(1, len(notes))
    cut(c, anchored(notes[keep - 1]))
    c.anchors(notes[:keep])


def anchored(note):
    return int(note.split(b"\n")[1])


# ---- heads ----

def head(c, r, change, size=None):
    """Changes the text of one head; what follows the head before it is not
    proved then."""
    size = size or r.choice(c.heads)
    with c.touch() as t:
        old = get(t, "audit_head", "note", "size", size)
        put(t, "audit_head", "note", "size", size, change(old))
    return c.before(size)


@kind("TAMPERED", "a character of a head")
def _(c, r):
    size = r.choice(c.heads)
    with c.touch() as t:
        flip(t, r, "audit_head", "note", "size", size)
        cosigned = get(t, "audit_head", "note", "size", size).count("\u2014")
    return None if cosigned > 1 else c.before(size)


@kind("TAMPERED", "a character of a head below the floor",
      on=("pruned", "kept"))
def _(c, r):
    with c.touch() as t:
        size = r.choice([s for (s,) in t.all("SELECT size FROM audit_head")
                         if s < c.floor])
        flip(t, r, "audit_head", "note", "size", size)
    return 0


@kind("TAMPERED", "a head of no records, or of fewer")
def _(c, r):
    with c.touch() as t:
        t.run("INSERT INTO audit_head SELECT ?, note FROM audit_head WHERE "
              "size = ?", r.choice([0, -1, -7, -2**63]), r.choice(c.heads))
    return 0


@kind("TAMPERED", "a head of more records than there are")
def _(c, r):
    with c.touch() as t:
        t.run("INSERT INTO audit_head SELECT ?, note FROM audit_head WHERE "
              "size = ?", r.choice([c.end + 1, 2**40, 2**63 - 1]), c.heads[-1])
    return c.end


@kind("TAMPERED", "a head under another size", on=MADE)
def _(c, r):
    size = r.choice([s for s in range(1, c.end) if s not in c.heads])
    with c.touch() as t:
        t.run("INSERT INTO audit_head SELECT ?, note FROM audit_head WHERE "
              "size = ?", size, r.choice(c.heads))
    return c.before(size)


@kind("TAMPERED", "a head without a signature")
def _(c, r):
    return head(c, r, lambda note: note[:note.index("\u2014")])


@kind("TAMPERED", "a head without the text, or with nothing at all")
def _(c, r):
    return head(c, r, lambda note: r.choice(
        ["", "\n", note[note.index("\u2014"):], "\0" + note, note + "\0"]))


@kind("TAMPERED", "a head of a root of somebody's own")
def _(c, r):
    def other_root(note):
        lines = note.split("\n")
        lines[2] = base64.b64encode(r.randbytes(32)).decode()
        return "\n".join(lines)
    return head(c, r, other_root)


@kind("TAMPERED", "a head signed by another key of that name")
def _(c, r):
    def resigned(note):
        text = note[:note.index("\u2014") - 1]
        return text + "\n" + journals.sign(r.randbytes(32),
                                           text.split("\n")[0], text.encode())
    return head(c, r, resigned)


@kind("TAMPERED", "a head with the log's key id on another's signature")
def _(c, r):
    def mixed(note):
        text = note[:note.index("\u2014") - 1]
        line = note[len(text) + 1:].split("\n")[0].split(" ")
        raw = base64.b64decode(line[2])
        line[2] = base64.b64encode(raw[:4] + r.randbytes(64)).decode()
        return text + "\n" + " ".join(line) + "\n"
    return head(c, r, mixed)


@kind("TAMPERED", "a head with a second, wrong signature of the log's key")
def _(c, r):
    def twice(note):
        line = note[note.index("\u2014"):].split("\n")[0].split(" ")
        raw = base64.b64decode(line[2])
        line[2] = base64.b64encode(flipped(raw, r, 4)).decode()
        return note + " ".join(line) + "\n"
    return head(c, r, twice)


@kind("OK", "a head that another key signed too",
      why="witnesses sign heads; signatures of unknown keys are skipped")
def _(c, r):
    head(c, r, lambda note: note + journals.sign(
        r.randbytes(32), "witness.example/w",
        note[:note.index("\u2014") - 1].encode()))


@kind("TAMPERED", "a head with more signatures than allowed")
def _(c, r):
    line = journals.sign(r.randbytes(32), "witness.example/w", b"")
    return head(c, r, lambda note: note + line * 16)


@kind("TAMPERED", "a head with a line more")
def _(c, r):
    def longer(note):
        lines = note.split("\n")
        lines.insert(r.choice([0, 1, 2, 3]), r.choice(["", "x", "7"]))
        return "\n".join(lines)
    return head(c, r, longer)


@kind("TAMPERED", "a head with CRLF")
def _(c, r):
    return head(c, r, lambda note: note.replace("\n", "\r\n"))


@kind("TAMPERED", "a head kept as bytes, a number or nothing")
def _(c, r):
    size = r.choice(c.heads)
    with c.touch() as t:
        note = get(t, "audit_head", "note", "size", size)
        t.declare("audit_head", "note TEXT NOT NULL", "note")
        put(t, "audit_head", "note", "size", size,
            r.choice([note.encode(), note.encode(), 7, 1.5, None]))
        t.declare("audit_head", "note)", "note TEXT NOT NULL)")
    return c.before(size)


@kind("TAMPERED", "two heads exchanged", on=("made", "pruned", "rotated"))
def _(c, r):
    a, b = sorted(r.sample(c.heads, 2))
    with c.touch() as t:
        notes = {s: get(t, "audit_head", "note", "size", s) for s in (a, b)}
        put(t, "audit_head", "note", "size", a, notes[b])
        put(t, "audit_head", "note", "size", b, notes[a])
    return c.before(a)


@kind("OK", "a head deleted that another one follows", on=("made", "pruned"),
      why="the daemon deletes heads as they are superseded; the next one is "
      "of the same records")
def _(c, r):
    with c.touch() as t:
        t.run("DELETE FROM audit_head WHERE size = ?", r.choice(c.heads[:-1]))


@kind("TAMPERED", "the last head deleted")
def _(c, r):
    keep = r.choice([0, 1])  # all of them, too
    with c.touch() as t:
        t.run("DELETE FROM audit_head WHERE size = ? OR ? = 0", c.end, keep)
        left = t.one("SELECT count(*) FROM audit_head")
    return c.before(c.end) if left else 0


# ---- the floor, rotations ----

@kind("TAMPERED", "the floor's size")
def _(c, r):
    with c.touch() as t:
        t.run("UPDATE audit_floor SET size = ?",
              r.choice([s for s in (0, 1, 2, c.floor - 1, c.floor + 1, -1,
                                    2**63 - 1) if s != c.floor]))
    return None if c.floor else 0


@kind("TAMPERED", "the floor's leaf or frontier", on=("pruned", "kept"))
def _(c, r):
    with c.touch() as t:
        flip(t, r, "audit_floor", r.choice(["leaf", "frontier"]), "one", 1)
    return c.floor


@kind("TAMPERED", "the floor's columns of another type or length")
def _(c, r):
    column, value = r.choice([
        ("size", 1.5), ("size", "x"), ("size", b""), ("leaf", "x" * 32),
        ("leaf", b"x"), ("leaf", 7), ("frontier", "x" * 32),
        ("frontier", b"x"), ("frontier", 0)])
    with c.touch() as t:
        t.run("UPDATE audit_floor SET %s = ?" % column, value)
    return 0


@kind("TAMPERED", "the floor deleted, or two of them")
def _(c, r):
    with c.touch() as t:
        t.run("PRAGMA ignore_check_constraints = ON")
        r.choice([
            lambda: t.run("DELETE FROM audit_floor"),
            lambda: t.run("UPDATE audit_floor SET one = 2"),
            lambda: t.run("INSERT INTO audit_floor SELECT 2, size, leaf, "
                          "frontier FROM audit_floor")])()
    return 0


@kind("TAMPERED", "a rotation that is kept", on=("kept",))
def _(c, r):
    with c.touch() as t:
        flip(t, r, "audit_keys", r.choice(["rec", "frontier"]), "size", 4)
    return 3


@kind("TAMPERED", "the head of a rotation that is kept", on=("kept",))
def _(c, r):
    with c.touch() as t:
        flip(t, r, "audit_keys", "note", "size", 4)
    return 3


@kind("TAMPERED", "a rotation kept in columns of another type", on=("kept",))
def _(c, r):
    column, value = r.choice([("rec", "x"), ("rec", 7), ("frontier", "x" * 64),
                              ("note", b"x"), ("frontier", b"")])
    with c.touch() as t:
        put(t, "audit_keys", column, "size", 4, value)
    return 3


@kind("TAMPERED", "a rotation that was kept deleted", on=("kept",))
def _(c, r):
    with c.touch() as t:
        t.run("DELETE FROM audit_keys")
    return c.floor


@kind("TAMPERED", "a rotation kept that is not below the floor",
      on=("made", "pruned", "rotated"))
def _(c, r):
    with c.touch() as t:
        t.run("INSERT INTO audit_keys VALUES(?, x'00', x'', 'x')",
              r.choice([-1, 0, c.floor + 1, 2**63 - 1]))
    return 0


@kind("TAMPERED", "one of the two signatures of a rotation",
      on=("rotated", "kept"))
def _(c, r):
    which = r.choice([0, 1])

    def lacks(note):
        lines = note.split("\n")
        del lines[4 + which]
        return "\n".join(lines)
    return head(c, r, lacks, 4)
