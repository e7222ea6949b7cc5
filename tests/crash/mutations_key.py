# SPDX-License-Identifier: ISC
"""Kinds of mutations.py by somebody who has the log's key, or a mistake of our
own: rightly hashed, linked and signed, and not of the format."""
import struct

import journals
from mutations import head_text, kind
from mutations_file import rows_exchanged

ON = ("rotated",)


def remade(c, change, heads=(3, 4, 5, 7), name=None):
    """The vectors made anew: change(seq, record) is what a record becomes, and
    all after it is as their keys would have it."""
    vectors = journals.vectors()
    old, new = (bytes.fromhex(vectors[k]) for k in ("seed_K0", "seed_K1"))
    origin = name or vectors["origin"]
    with c.touch() as t:
        t.run("DELETE FROM audit_head")
        f, link = journals.other.Frontier(), None
        for seq in c.seqs:
            rec = t.one("SELECT rec FROM audit WHERE seq = ?", seq)
            rec = change(seq, rec if link is None else
                         rec[:64] + link + rec[96:])
            link = journals.other.sha(b"\0" + rec)
            f.add(link)
            t.run("UPDATE audit SET rec = ?, leaf = ? WHERE seq = ?", rec,
                  link, seq)
            if seq + 1 not in heads:
                continue
            text = head_text(origin, seq + 1, f.root())
            keys = [old] * (seq < 4) + [new] * (seq > 2)
            t.run("INSERT INTO audit_head VALUES(?, ?)", seq + 1, text + "\n" +
                  "".join(journals.sign(k, vectors["origin"], text.encode())
                          for k in keys))
        notes = [n for (n,) in t.all("SELECT note FROM audit_head ORDER BY "
                                     "size")]
    c.anchors([n.encode() for n in notes])


def field(tag, value):
    return struct.pack(">HI", tag, len(value)) + value


def fields(rec, *parts, count=None):
    """The same record with those fields."""
    return (rec[:96] + struct.pack(">H", len(parts) if count is None else count)
            + b"".join(parts))


@kind("TAMPERED", "by the key: a record that is none", on=ON)
def _(c, r):
    seq = r.choice([1, 2, 5, 6])
    bad = r.choice([
        lambda x: b"NOC2" + x[4:], lambda x: x[:4] + b"\2" + x[5:],
        lambda x: x[:5] + b"\1" + x[6:], lambda x: x[:6] + b"\0\0" + x[8:],
        lambda x: x + b"\0", lambda x: fields(x, count=1),
        lambda x: fields(x, b"\0\1\0", count=1),
        lambda x: fields(x, field(0, b"")),
        lambda x: fields(x, field(8, b"{}"), field(8, b"{}")),
        lambda x: fields(x, field(8, b"{}"), field(7, b"")),
        lambda x: fields(x, field(8, b"{}")[:-1]),
        lambda x: fields(x, field(8, b"x" * 65432))])
    remade(c, lambda n, rec: bad(rec) if n == seq else rec)
    return seq


@kind("OK", "by the key: a kind and a tag of a later version, and the longest "
      "record", on=ON, why="new kinds and tags are appended")
def _(c, r):
    seq = r.choice([1, 2, 5, 6])
    remade(c, lambda n, rec: fields(
        rec[:6] + b"\1\0" + rec[8:], field(900, b"x" * (65535 - 98 - 6)))
        if n == seq else rec)


@kind("TAMPERED", "by the key: a record of another log, seq or place", on=ON)
def _(c, r):
    seq = r.choice([1, 2, 5, 6])
    bad = r.choice([lambda x: x[:8] + r.randbytes(16) + x[24:],
                    lambda x: x[:24] + r.randbytes(8) + x[32:],
                    lambda x: x[:64] + r.randbytes(32) + x[96:]])
    remade(c, lambda n, rec: bad(rec) if n == seq else rec)
    return seq


@kind("TAMPERED", "by the key: the log opened again, or not at all", on=ON)
def _(c, r):
    seq = r.choice([0, 1, 2, 5, 6])
    kinds = b"\0\x0d" if seq == 0 else b"\0\1"
    remade(c, lambda n, rec: rec[:6] + kinds + rec[8:] if n == seq else rec)
    return seq


@kind("TAMPERED", "by the key: a first record or a rotation without a key",
      on=ON)
def _(c, r):
    seq = r.choice([0, 3])
    remade(c, lambda n, rec: fields(rec, field(4, b"system"), *r.choice(
        [[], [field(11, b"")], [field(11, b"\xff+")],
         [field(11, b"a+00000000+" + b"A" * 44)]])) if n == seq else rec)
    return seq


@kind("TAMPERED", "by the key: a log with the id of another", on=ON)
def _(c, r):
    log = r.randbytes(16)

    def other(seq, rec):
        link = rec[64:96] if seq else journals.other.sha(
            b"nocturne/genesis/v1\n" + log)
        return rec[:8] + log + rec[24:64] + link + rec[96:]
    remade(c, other)
    return 0


@kind("TAMPERED", "by the key: a rotation without its head", on=ON)
def _(c, r):
    remade(c, lambda n, rec: rec, heads=(3, 5, 7))
    return 3


@kind("TAMPERED", "by the key: heads of another name", on=ON)
def _(c, r):
    remade(c, lambda n, rec: rec, name="north/audit/other")
    return 0


@kind("TAMPERED", "by the key: a head of another root", on=ON)
def _(c, r):
    vectors = journals.vectors()
    text = head_text(vectors["origin"], 7, r.randbytes(32))
    with c.touch() as t:
        t.run("UPDATE audit_head SET note = ? WHERE size = 7", text + "\n" +
              journals.sign(bytes.fromhex(vectors["seed_K1"]),
                            vectors["origin"], text.encode()))
    return 5


def rotated_again(c, r):
    """The record after the rotation that is kept is one too, and kept."""
    vectors, new = journals.vectors(), r.randbytes(32)
    origin, key = vectors["origin"], bytes.fromhex(vectors["seed_K1"])
    sha, notes = journals.other.sha, {}

    def signed(f, *keys):
        text = head_text(origin, f.size, f.root())
        notes[f.size] = text + "\n" + "".join(
            journals.sign(k, origin, text.encode()) for k in keys)
        return notes[f.size]
    with c.touch() as t:
        kept, nodes = t.all("SELECT rec, frontier FROM audit_keys")[0]
        f, link = journals.other.Frontier(3, nodes), sha(b"\0" + kept)
        f.add(link)
        rec = bytes.fromhex(vectors["records"][4]["hex"])
        rec = fields(kept[:8] + rec[8:64] + link + rec[96:],
                     field(4, b"system"), field(11, journals.vkey(
                         origin, journals.public(new)).encode()))
        nodes, link = b"".join(f.nodes), sha(b"\0" + rec)
        f.add(link)
        t.run("INSERT INTO audit_keys VALUES(5, ?, ?, ?)", rec, nodes,
              signed(f, key, new))
        t.run("UPDATE audit_floor SET leaf = ?, frontier = ?", link,
              b"".join(f.nodes))
        for seq in c.seqs:
            rec = t.one("SELECT rec FROM audit WHERE seq = ?", seq)
            rec = rec[:64] + link + rec[96:]
            link = sha(b"\0" + rec)
            f.add(link)
            t.run("UPDATE audit SET rec = ?, leaf = ? WHERE seq = ?", rec,
                  link, seq)
        signed(f, new)
        for size, note in notes.items():
            t.run("UPDATE audit_head SET note = ? WHERE size = ?", note, size)
        c.anchors([n.encode() for (n,) in t.all(
            "SELECT note FROM audit_head ORDER BY size")])


@kind("OK", "by the key: a second rotation under the floor", on=("kept",),
      why="each is signed by the key before it")
def _(c, r):
    rotated_again(c, r)


@kind("TAMPERED", "by the key: rotations out of order on the page",
      on=("kept",))
def _(c, r):
    rotated_again(c, r)
    rows_exchanged(c, r, "audit_keys")
    return 4
