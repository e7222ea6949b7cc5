# SPDX-License-Identifier: ISC
"""Kinds of mutations.py: the tables, the file they are in, the key."""
import os
import sqlite3

import journals
import noc
from mutations import ALL, MADE, flipped, kind

# ---- tables ----

FORMAT = ("audit", "audit_head", "audit_floor", "audit_keys", "audit_secret",
          "blobs")
COLUMNS = {"audit": ("seq", "rec", "leaf"), "audit_head": ("size", "note"),
           "audit_floor": ("one", "size", "leaf", "frontier"),
           "audit_keys": ("size", "rec", "frontier", "note"),
           "audit_secret": ("commitment", "salt", "value"),
           "blobs": ("hash", "data")}


@kind("TAMPERED", "a column renamed")
def _(c, r):
    table = r.choice(FORMAT)
    column = r.choice(COLUMNS[table])
    with c.touch() as t:
        t.run("ALTER TABLE %s RENAME COLUMN %s TO x" % (table, column))
    return 0


@kind("TAMPERED", "a column added")
def _(c, r):
    with c.touch() as t:
        t.run("ALTER TABLE %s ADD COLUMN x" % r.choice(FORMAT))
    return 0


@kind("TAMPERED", "a column dropped")
def _(c, r):
    table = r.choice(FORMAT)
    with c.touch() as t:
        t.run("ALTER TABLE %s DROP COLUMN %s" % (table, COLUMNS[table][-1]))
    return 0


@kind("TAMPERED", "a table dropped, or under another name")
def _(c, r):
    table = r.choice(FORMAT[:4])
    with c.touch() as t:
        t.run(r.choice(["DROP TABLE %s",
                        "ALTER TABLE %s RENAME TO x"]) % table)
    return 0


@kind("TAMPERED", "a view in the place of a table")
def _(c, r):
    table = r.choice(FORMAT)
    with c.touch() as t:
        t.run("ALTER TABLE %s RENAME TO x" % table)
        t.run("CREATE VIEW %s AS SELECT * FROM x" % table)
    return 0


def twin(c, table, *replace):
    with c.touch() as t:
        sql = t.one("SELECT sql FROM sqlite_master WHERE name = ?", table)
        t.run("ALTER TABLE %s RENAME TO x" % table)
        for old, new in zip(replace[::2], replace[1::2]):
            noc.check(old in sql, "%s has no %r" % (table, old))
            sql = sql.replace(old, new)
        t.run(sql)
        t.run("INSERT INTO %s SELECT * FROM x" % table)
        t.run("DROP TABLE x")


@kind("TAMPERED", "a table without rowids in the place of one with")
def _(c, r):
    table = r.choice(FORMAT)
    if table == "audit_secret":
        twin(c, table, "commitment BLOB NOT NULL",
             "commitment BLOB PRIMARY KEY", "value TEXT)",
             "value TEXT) WITHOUT ROWID")
    else:
        sql = "NOT NULL)"
        twin(c, table, sql, sql + " WITHOUT ROWID")
    return 0


@kind("TAMPERED", "a table whose key is none, with a row twice")
def _(c, r):
    table = r.choice(("audit", "audit_head"))
    twin(c, table, "INTEGER PRIMARY KEY", "INTEGER")
    with c.touch() as t:
        t.run("INSERT INTO %s SELECT * FROM %s LIMIT 1 OFFSET ?"
              % (table, table), r.randrange(2))
    return 0


@kind("OK", "a trigger added or dropped", why="triggers guard against our own "
      "mistakes; what is there is judged, not how it came there")
def _(c, r):
    with c.touch() as t:
        if t.triggers and r.choice([0, 1]):
            t.triggers.remove(r.choice(t.triggers))
        else:
            t.run("CREATE TRIGGER %s AFTER INSERT ON audit BEGIN DELETE FROM "
                  "audit_head; END" % r.choice(FORMAT))


@kind("OK", "an index, a table and a view beside the format's",
      why="the format is its tables; a daemon has more beside them")
def _(c, r):
    with c.touch() as t:
        r.choice([
            lambda: t.run("CREATE INDEX x ON audit(leaf)"),
            lambda: t.run("CREATE TABLE x(y)"),
            lambda: t.run("CREATE VIEW x AS SELECT * FROM none")])()


@kind("OK", "the version of the other tables",
      why="the format's version is in each record")
def _(c, r):
    with c.touch() as t:
        now = t.one("PRAGMA user_version")
        t.run("PRAGMA user_version = %d" % r.choice(
            [v for v in (0, 2, 1 << 20, -1) if v != now]))


@kind("OK", "the file written anew by SQLite, in other pages and characters",
      same=True, why="the format is values, not bytes of a file")
def _(c, r):
    old = c.db + ".old"
    os.rename(c.db, old)
    db, new = sqlite3.connect(old), sqlite3.connect(c.db)
    new.execute("PRAGMA encoding = '%s'" % r.choice(["UTF-8", "UTF-16le",
                                                     "UTF-16be"]))
    new.execute("PRAGMA page_size = %d" % r.choice([512, 1024, 8192, 65536]))
    for name, sql in db.execute("SELECT name, sql FROM sqlite_master WHERE "
                                "type = 'table'").fetchall():
        new.execute(sql)
        rows = db.execute("SELECT * FROM %s" % name).fetchall()
        if rows:
            new.executemany("INSERT INTO %s VALUES(%s)" % (
                name, ",".join("?" * len(rows[0]))), rows)
    new.commit()
    new.close()
    db.close()


# ---- the file, the key ----

def leaf_page(data, table, size):
    """Where the first page of the table's rows that holds two begins, and its
    header (https://sqlite.org/fileformat2.html, 1.6)."""
    todo = [table]
    while todo:
        at = (todo.pop(0) - 1) * size
        head = at + (100 if at == 0 else 0)
        cells = int.from_bytes(data[head + 3:head + 5], "big")
        if data[head] == 13 and cells > 1:
            return head + 8, cells
        for n in range(cells if data[head] == 5 else 0):
            cell = at + int.from_bytes(data[head + 12 + 2 * n:][:2], "big")
            todo.append(int.from_bytes(data[cell:cell + 4], "big"))
    raise AssertionError("the table has no page of two rows")


def rows_exchanged(c, r, table):
    with c.touch() as t:
        root = t.one("SELECT rootpage FROM sqlite_master WHERE name = ?",
                     table)
        size = t.one("PRAGMA page_size")
    with open(c.db, "r+b") as f:
        data = f.read()
        at, cells = leaf_page(data, root, size)
        a, b = (at + 2 * n for n in r.sample(range(cells), 2))
        for here, there in ((a, b), (b, a)):
            f.seek(here)
            f.write(data[there:there + 2])


# Of audit_keys in mutations_key.py: it takes two rotations.
for _table, _on in (("audit", ALL), ("audit_head", ALL),
                    ("audit_secret", MADE), ("blobs", MADE)):
    @kind("TAMPERED", "rows out of order on a page of %s" % _table, on=_on,
          same=True)
    def _(c, r, table=_table):
        rows_exchanged(c, r, table)


@kind("DAMAGED", "a page of records overwritten")
def _(c, r):
    with c.touch() as t:
        page = t.one("SELECT rootpage FROM sqlite_master WHERE name = 'audit'")
        size = t.one("PRAGMA page_size")
    with open(c.db, "r+b") as f:
        f.seek((page - 1) * size)
        f.write(r.choice([b"\xff", b"\1", b"x"]) * size)


@kind("DAMAGED", "the beginning of the file overwritten")
def _(c, r):
    with open(c.db, "r+b") as f:
        f.write(r.randbytes(r.choice([16, 100, 4096])))


@kind("TAMPERED", "the file emptied")
def _(c, r):
    with open(c.db, "wb"):
        pass
    return 0


@kind("not judged", "no file, or a folder")
def _(c, r):
    os.unlink(c.db)
    if r.choice([0, 1]):
        os.mkdir(c.db)


@kind("TAMPERED", "another file in its place")
def _(c, r):
    os.unlink(c.db)
    db = sqlite3.connect(c.db)
    db.execute("CREATE TABLE x(y)")
    db.execute("CREATE TABLE %s(y)" % r.choice(FORMAT))
    db.close()
    return 0


@kind("TAMPERED", "the verifier key of another log, or another of that name")
def _(c, r):
    with open(c.vkey, encoding="ascii") as f:
        name = f.read().split("+")[0]
    noc.write(c.vkey, journals.vkey(r.choice(
        [name, "north/audit/" + r.randbytes(16).hex()]), r.randbytes(32)))
    return 3 if c.name == "kept" else 0


@kind("not judged", "a verifier key that is none")
def _(c, r):
    with open(c.vkey, "rb") as f:
        key = f.read().strip()
    bad = r.choice([
        b"", b"\n" + key, b" " + key, key + b" ", key[:-1], key[1:],
        key + b"\0", b"\xff" + key, flipped(key, r, len(key) - 20),
        b"\0" * 2000, key.replace(b"+", b" "), key * 30])
    with open(c.vkey, "wb") as f:
        f.write(bad)


@kind("OK", "the file of the key with another end", why="the key is its first "
      "line")
def _(c, r):
    with open(c.vkey, "rb") as f:
        key = f.read().strip()
    with open(c.vkey, "wb") as f:
        f.write(key + r.choice([b"", b"\r\n", b"\n\n", b"\nof host north\n"]))
