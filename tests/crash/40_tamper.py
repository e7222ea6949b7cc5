#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A journal that somebody touched: both verifiers say which record, whether a
bit was flipped, a record deleted, two exchanged, or the end cut off."""
import os
import shutil
import sqlite3
import subprocess
import sys

import loop
import noc

MADE = []


def journal():
    """The state directory of a daemon that did something and stopped."""
    if not MADE:
        work = loop.Loop()
        work.start()
        for n in range(3):
            noc.check(work.item() and work.inform(n + 1), "refused")
        work.finish()
        MADE.append(work)
    return MADE[0].d.state


class Copy:
    def __init__(self):
        self.dir = noc.tempdir()
        state = journal()
        for name in ("nocturne.db", "anchor.log", "audit.vkey"):
            shutil.copy(os.path.join(state, name), self.dir)
        self.db = os.path.join(self.dir, "nocturne.db")
        self.anchor = os.path.join(self.dir, "anchor.log")
        self.vkey = os.path.join(self.dir, "audit.vkey")

    def change(self, *statements):
        """As somebody who is root would: no trigger holds him."""
        c = sqlite3.connect(self.db)
        for (name,) in c.execute("SELECT name FROM sqlite_master WHERE "
                                 "type = 'trigger'").fetchall():
            c.execute("DROP TRIGGER " + name)
        for statement, args in statements:
            n = c.execute(statement, args).rowcount
            noc.check(n != 0, "%s changed nothing" % statement)
        c.commit()
        c.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        c.close()

    def record(self, seq):
        c = sqlite3.connect(self.db)
        rec = c.execute("SELECT rec FROM audit WHERE seq = ?",
                        (seq,)).fetchone()[0]
        c.close()
        return rec

    def verify(self):
        """Status and words of ours and of the independent one."""
        ours = noc.nocturne("audit", "verify", "--db", self.db, "--anchor",
                            self.anchor, "--vkey", self.vkey)
        other = subprocess.run(
            [sys.executable, loop.VERIFIER, "--anchor", self.anchor, "--vkey",
             self.vkey, self.db], text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, check=False)
        return ((ours.returncode, ours.stdout + ours.stderr),
                (other.returncode, other.stdout))

    def caught(self, seq=None):
        for name, (status, text) in zip(("audit verify", "audit-verify"),
                                        self.verify()):
            noc.check(status != 0, "%s accepts it: %s" % (name, text))
            if seq is not None:
                noc.check(str(seq) in text, "%s does not name %s: %s"
                          % (name, seq, text))


def size():
    c = sqlite3.connect(os.path.join(journal(), "nocturne.db"))
    n = c.execute("SELECT max(seq) FROM audit").fetchone()[0]
    c.close()
    return n


@noc.case("an untouched copy is accepted by both")
def _():
    for status, text in Copy().verify():
        noc.equal(status, 0, text)


@noc.case("an emptied anchor file proves nothing, and is no proof")
def _():
    copy = Copy()
    with open(copy.anchor, "wb"):
        pass
    copy.caught()


@noc.case("a flipped bit: in the first, a middle and the last record; in each "
          "part of one")
def _():
    last = size()
    for seq, offset in ((1, 100), (last // 2, 0), (last // 2, 33),
                        (last // 2, 50), (last // 2, 70), (last // 2, 97),
                        (last // 2, -1), (last, -1)):
        copy = Copy()
        rec = bytearray(copy.record(seq))
        rec[offset] ^= 4
        copy.change(("UPDATE audit SET rec = ? WHERE seq = ?",
                     (bytes(rec), seq)))
        copy.caught(seq)


@noc.case("a flipped bit in a stored hash, in a signature, in a key")
def _():
    copy = Copy()
    copy.change(("UPDATE audit SET leaf = zeroblob(32) WHERE seq = ?", (5,)))
    copy.caught(5)
    copy = Copy()
    copy.change(("UPDATE audit_head SET note = replace(note, char(10), "
                 "char(10) || 'x') WHERE size = (SELECT max(size) FROM "
                 "audit_head)", ()))
    copy.caught()
    copy = Copy()
    with open(copy.vkey, encoding="ascii") as f:
        text = f.read().strip()
    swapped = text[:-2] + ("A" if text[-2] != "A" else "B") + text[-1]
    noc.write(copy.vkey, swapped + "\n")
    copy.caught()


@noc.case("what a record names by its hash: altered is found, erased is not")
def _():
    copy = Copy()
    c = sqlite3.connect(copy.db)
    commitment = c.execute("SELECT commitment FROM audit_secret WHERE value "
                           "IS NOT NULL").fetchone()[0]
    seq = c.execute("SELECT min(seq) FROM audit WHERE instr(rec, ?)",
                    (commitment,)).fetchone()[0]
    c.close()
    copy.change(("UPDATE audit_secret SET value = value || 'x' "
                 "WHERE commitment = ?", (commitment,)))
    copy.caught(seq)
    copy.change(("UPDATE audit_secret SET value = NULL, salt = NULL "
                 "WHERE commitment = ?", (commitment,)))
    for status, text in copy.verify():
        noc.equal(status, 0, text)
    copy.change(("INSERT INTO blobs VALUES(?, 'not what was hashed')",
                 (commitment,)))
    copy.caught(seq)
    copy.change(("DROP TABLE audit_secret", ()), ("DROP TABLE blobs", ()))
    for status, text in copy.verify():
        noc.equal(status, 0, text)


@noc.case("a deleted record: in the middle, and at the end, where only the "
          "signed heads and the anchor tell")
def _():
    last = size()
    copy = Copy()
    copy.change(("DELETE FROM audit WHERE seq = ?", (last // 2,)))
    copy.caught(last // 2)
    copy = Copy()
    copy.change(("DELETE FROM audit WHERE seq = ?", (last,)))
    copy.caught()
    copy = Copy()
    copy.change(("DELETE FROM audit WHERE seq > ?", (3,)),
                ("DELETE FROM audit_head WHERE size > ?", (4,)))
    copy.caught()


@noc.case("a deleted record whose successors were renumbered")
def _():
    half = size() // 2
    copy = Copy()
    copy.change(("DELETE FROM audit WHERE seq = ?", (half,)),
                ("UPDATE audit SET seq = -seq + 1 WHERE seq > ?", (half,)),
                ("UPDATE audit SET seq = -seq WHERE seq < 0", ()))
    copy.caught(half)


@noc.case("two records exchanged, and one put in twice")
def _():
    half = size() // 2
    copy = Copy()
    copy.change(("UPDATE audit SET seq = -1 WHERE seq = ?", (half,)),
                ("UPDATE audit SET seq = ? WHERE seq = ?", (half, half + 1)),
                ("UPDATE audit SET seq = ? WHERE seq = -1", (half + 1,)))
    copy.caught(half)
    copy = Copy()
    copy.change(("UPDATE audit SET rec = (SELECT rec FROM audit WHERE seq = ?),"
                 " leaf = (SELECT leaf FROM audit WHERE seq = ?) WHERE seq = ?",
                 (half - 1, half - 1, half)))
    copy.caught(half)


noc.main()
