# SPDX-License-Identifier: ISC
"""Journals that somebody may touch, and both verifiers for them.

  made     what a daemon wrote in three lives: events short and long, runs with
           values, notices, commands; an anchor for each start and stop
  pruned   the same, its first records gone
  rotated  the published vectors: a rotation, a witness; and two records more
  kept     these, its first records gone, the rotation kept in audit_keys
"""
import base64
import contextlib
import hashlib
import importlib.machinery
import importlib.util
import io
import json
import os
import re
import shutil
import signal
import sqlite3

import loop
import noc

RULES = """
channel "noc" { exec { "/bin/true" } }
local open = { per_key = "1000/1m", rate = "1000/1m", mass = "1000/1s",
               targets = "1000/1m", settle = "0s" }
rule "work" { on = "work.todo", mode = "active", guard = open,
  run = flow {
    step "one" { exec { "/bin/echo", "{device}" }, timeout = "50s" },
    step "two" { exec { "/bin/echo", "2" }, timeout = "50s" } } }
rule "told" { on = "work.todo", run = notify "noc" { "{device}" } }
"""
LIVES = 3
FILES = ("nocturne.db", "anchor.log", "audit.vkey")
_made = {}


def _verifier():
    """script/audit-verify as a module: it is run some hundred times here, and
    its start would be most of that."""
    loader = importlib.machinery.SourceFileLoader("audit_verify",
                                                  loop.VERIFIER)
    spec = importlib.util.spec_from_loader("audit_verify", loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


other = _verifier()


def journal(name):
    """Where the files of that one are."""
    if name not in _made:
        _made[name] = {"made": _make, "pruned": _prune, "rotated": _vectors,
                       "kept": _keep}[name]()
    return _made[name]


# ---- how they are made ----

def _post(d, name, pad):
    answer = d.post("/api/v1/events", {"device": name, "pad": pad}, headers={
        "ce-specversion": "1.0", "ce-type": "work.todo", "ce-id": name,
        "ce-source": "/test"})
    noc.equal(answer.status, 202, answer.text)


def _make():
    d = noc.Daemon(rules=RULES)
    for life in range(LIVES):
        d.start()
        for n, pad in enumerate(("", "p" * (40 << 10), "q" * (72 << 10))):
            _post(d, "dev%d%d" % (life, n), "%d" % life + pad)
        noc.equal(d.cli("silence", "add", "device=none", "--for", "1h",
                          "-m", "life %d" % life)
                  .returncode, 0, "silence")
        noc.wait_for(lambda: all(r["state"] == "Succeeded" for r in d.get(
            "/api/v1/runs?limit=1000").json["runs"]), "the runs to end")
        noc.equal(d.stop(), 0, "exit status")
    return d.state


def _files():
    where = noc.tempdir()
    return where, [os.path.join(where, name) for name in FILES]


def _prune():
    """The records before one in the middle are gone; the floor says so."""
    where, paths = _files()
    for name, path in zip(FILES, paths):
        shutil.copy(os.path.join(journal("made"), name), path)
    with Touch(paths[0]) as t:
        size = t.one("SELECT max(seq) FROM audit") // 2
        f = other.Frontier()
        for (leaf,) in t.all("SELECT leaf FROM audit WHERE seq < ?", size):
            f.add(leaf)
        t.run("UPDATE audit_floor SET size = ?, leaf = ?, frontier = ?", size,
              leaf, b"".join(f.nodes))
        t.run("DELETE FROM audit WHERE seq < ?", size)
    return where


def vectors():
    with open(os.path.join(noc.SRCDIR, "tests", "data", "audit",
                           "vectors.json"), encoding="utf-8") as f:
        return json.load(f)


def _vectors():
    where, (db, anchor, vkey) = _files()
    v = vectors()
    notes = {3: v["note_3"], 4: v["note_4_rotation"], 5: v["note_5_cosigned"]}
    with Touch(db) as t:
        for name, columns in other.TABLES:
            t.run("CREATE TABLE %s%s" % (name, columns))
        t.run("INSERT INTO audit_floor VALUES(1, 0, NULL, x'')")
        for seq, rec in enumerate(v["records"]):
            t.run("INSERT INTO audit VALUES(?, ?, ?)", seq,
                  bytes.fromhex(rec["hex"]), bytes.fromhex(rec["leaf"]))
        notes[7] = _more(t, v)
        for size, note in notes.items():
            t.run("INSERT INTO audit_head VALUES(?, ?)", size, note)
    with open(anchor, "w", encoding="utf-8") as f:
        f.write("".join(note + "\x1e\n" for note in notes.values()))
    noc.write(vkey, v["vkey_K0"] + "\n")
    return where


def _more(t, v):
    """Two records after the vectors' five, and the head of all seven."""
    f = other.Frontier()
    for (leaf,) in t.all("SELECT leaf FROM audit ORDER BY seq"):
        f.add(leaf)
    rec = t.one("SELECT rec FROM audit WHERE seq = 4")
    for seq in (5, 6):
        rec = (rec[:6] + b"\0\x0d" + rec[8:24] + seq.to_bytes(8, "big") +
               rec[32:64] + other.sha(b"\0" + rec) + b"\0\0")
        f.add(other.sha(b"\0" + rec))
        t.run("INSERT INTO audit VALUES(?, ?, ?)", seq, rec,
              other.sha(b"\0" + rec))
    text = "%s\n7\n%s\n" % (v["origin"], base64.b64encode(f.root()).decode())
    return text + "\n" + sign(bytes.fromhex(v["seed_K1"]), v["origin"],
                              text.encode())


def _keep():
    where, paths = _files()
    for name, path in zip(FILES, paths):
        shutil.copy(os.path.join(journal("rotated"), name), path)
    with Touch(paths[0]) as t:
        f = other.Frontier()
        leaves = [leaf for (leaf,) in t.all("SELECT leaf FROM audit WHERE "
                                            "seq < 5 ORDER BY seq")]
        for leaf in leaves[:3]:
            f.add(leaf)
        t.run("INSERT INTO audit_keys SELECT 4, rec, ?, note FROM audit, "
              "audit_head WHERE seq = 3 AND audit_head.size = 4",
              b"".join(f.nodes))
        for leaf in leaves[3:]:
            f.add(leaf)
        t.run("UPDATE audit_floor SET size = 5, leaf = ?, frontier = ?",
              leaf, b"".join(f.nodes))
        t.run("DELETE FROM audit WHERE seq < 5")
    return where


# ---- signing, as who has a key would ----

def _scalar(seed):
    h = hashlib.sha512(seed).digest()
    return int.from_bytes(h[:32], "little") & (1 << 254) - 8 | 1 << 254, h[32:]


def public(seed):
    return _point(_scalar(seed)[0])


def sign(seed, name, text):
    """A signature line of the key of that seed (RFC 8032, §5.1.6)."""
    (a, prefix), pub = _scalar(seed), public(seed)
    r = int.from_bytes(hashlib.sha512(prefix + text).digest(), "little")
    r %= other.L
    sig = _point(r)
    k = int.from_bytes(hashlib.sha512(sig + pub + text).digest(), "little")
    sig += ((r + k * a) % other.L).to_bytes(32, "little")
    key = vkey(name, pub).split("+")[1]
    return "\u2014 %s %s\n" % (name, base64.b64encode(
        bytes.fromhex(key) + sig).decode())


def _point(n):
    p, q = other.ZERO, other.BASE
    while n:
        if n & 1:
            p = other.point_add(p, q)
        q, n = other.point_double(q), n >> 1
    z = pow(p[2], other.P - 2, other.P)
    x, y = p[0] * z % other.P, p[1] * z % other.P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def vkey(name, pub):
    raw = b"\x01" + pub
    key = hashlib.sha256(name.encode() + b"\n" + raw).hexdigest()[:8]
    return "%s+%s+%s" % (name, key, base64.b64encode(raw).decode())


# ---- touching them ----

class Touch:
    """A database in the hands of root: no trigger holds him, and they are
    there again afterwards."""

    def __init__(self, path):
        self.path = path

    def __enter__(self):
        self.db = sqlite3.connect(self.path)
        self.db.execute("PRAGMA synchronous = OFF")
        self.triggers = self.all("SELECT name, sql FROM sqlite_master WHERE "
                                 "type = 'trigger'")
        for name, _ in self.triggers:
            self.db.execute("DROP TRIGGER " + name)
        return self

    def __exit__(self, kind, value, trace):
        try:
            if kind:
                return
            here = {name for (name,) in self.all(
                "SELECT name FROM sqlite_master WHERE type = 'table'")}
            for name, sql in self.triggers:
                if sql.split(" ON ")[1].split()[0] in here:
                    self.db.execute(sql)
            self.db.commit()
            self.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            self.db.close()

    def all(self, sql, *args):
        return self.db.execute(sql, args).fetchall()

    def one(self, sql, *args):
        return self.all(sql, *args)[0][0]

    def run(self, sql, *args):
        return self.db.execute(sql, args).rowcount

    def declare(self, table, *replace):
        """What SQLite believes of a table, and the rows stay as they are."""
        sql = self.one("SELECT sql FROM sqlite_master WHERE name = ?", table)
        for old, new in zip(replace[::2], replace[1::2]):
            noc.check(old in sql, "%s has no %r" % (table, old))
            sql = sql.replace(old, new)
        self.db.commit()
        self.db.execute("PRAGMA writable_schema = ON")
        self.run("UPDATE sqlite_master SET sql = ? WHERE name = ?", sql, table)
        self.db.execute("PRAGMA writable_schema = RESET")
        self.db.commit()
        self.db.close()
        self.db = sqlite3.connect(self.path)


class Copy:
    """One of the journals, to be touched and judged."""

    def __init__(self, name):
        self.name = name
        self.dir = noc.tempdir()
        for file in FILES:
            shutil.copy(os.path.join(journal(name), file), self.dir)
        self.db, self.anchor, self.vkey = (os.path.join(self.dir, file)
                                           for file in FILES)
        c = sqlite3.connect(self.db)
        self.seqs = [s for (s,) in c.execute("SELECT seq FROM audit ORDER BY "
                                             "seq")]
        self.heads = [s for (s,) in c.execute(
            "SELECT size FROM audit_head WHERE size >= ? ORDER BY size",
            (self.seqs[0],))]
        c.close()
        self.floor, self.end = self.seqs[0], self.seqs[-1] + 1

    def remove(self):
        shutil.rmtree(self.dir)

    def touch(self):
        return Touch(self.db)

    def before(self, size):
        """The size that is proved when a head of that size is not right."""
        if size < self.floor:
            return 0
        return max([h for h in self.heads if h < size], default=self.floor)

    def notes(self):
        """The anchors, each without its end."""
        with open(self.anchor, "rb") as f:
            return [n.lstrip(b"\n") for n in f.read().split(b"\x1e")[:-1]]

    def anchors(self, notes):
        with open(self.anchor, "wb") as f:
            f.write(b"".join(note + b"\x1e\n" for note in notes))

    def content(self):
        """All that the files say, whatever the pages look like."""
        said = []
        for path in (self.anchor, self.vkey):
            with contextlib.suppress(OSError):
                with open(path, "rb") as f:
                    said.append(f.read())
        try:
            c = sqlite3.connect("file:%s?mode=ro" % self.db, uri=True)
            c.text_factory = other.Text
            schema = c.execute("SELECT type, name, sql FROM sqlite_master "
                               "ORDER BY type, name").fetchall()
            said += schema + c.execute("PRAGMA user_version").fetchall()
            for kind, name, _ in schema:
                if kind == b"table":
                    said.append(self.rows(c, name.decode()))
            c.close()
        except sqlite3.Error:
            with contextlib.suppress(OSError):
                with open(self.db, "rb") as f:
                    said.append(f.read())
        return repr(said)

    @staticmethod
    def rows(c, table):
        for what in ("rowid, *", "*"):
            with contextlib.suppress(sqlite3.OperationalError):
                return [[(type(x).__name__, x) for x in row] for row in
                        c.execute("SELECT %s FROM %s" % (what, table))]
        return None

    # ---- judged ----

    def verify(self):
        """(status, verdict, seq, all that was said) of ours and of the one
        that shares no code with it."""
        args = ["--anchor", self.anchor, "--vkey", self.vkey]
        r = noc.nocturne("audit", "verify", "--db", self.db, *args,
                         timeout=noc.PATIENCE)
        out = io.StringIO()
        signal.alarm(int(noc.PATIENCE))  # a hang is a failure
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            status = other.main(args + [self.db])
        signal.alarm(0)
        return (_said(r.returncode, r.stdout + r.stderr),
                _said(status, out.getvalue()))


def _said(status, text):
    m = re.match(r"(\d+) records (OK)|(TAMPERED|CUT) at seq (\d+): |"
                 r"(DAMAGED): ", text)
    if not m:
        return status, "none", None, text
    return (status, m[2] or m[3] or m[5], m[4] and int(m[4]), text)
