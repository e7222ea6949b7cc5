#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A damaged file never stops the start: whatever page is hit, the daemon comes
up, says what it did, and acts on nothing that it may have forgotten to forbid.
NOC_DAMAGES=60 for more of them, NOC_SEED=1 for others."""
import collections
import contextlib
import glob
import itertools
import json
import os
import random
import re
import shutil

import loop
import noc

DAMAGES = int(os.environ.get("NOC_DAMAGES", "64"))
SEED = int(os.environ.get("NOC_SEED", "1"))
PAGE = 4096
RULES = """
local open = { per_key = "10000/1m", rate = "10000/1m", mass = "10000/1s",
  targets = "10000/1m", settle = "0s" }
channel "noc" { exec { "/bin/true" } }
rule "sleeper" { on = "nap", mode = "active", guard = open, run = flow {
  step "look" { exec { "/bin/echo", "{device}" }, timeout = "50s" },
  sleep "5h", step "act" { exec { "/bin/true" }, timeout = "50s" } } }
rule "stopped" { on = "late", mode = "active", guard = open, run = flow {
  step "act" { exec { "/bin/false" }, timeout = "50s" } } }
rule "raised" { on = "raise", mode = "active", guard = open, run = flow {
  step "try" { exec { "/bin/false" }, timeout = "50s" },
  on_fail = escalate { { "0m", notify "noc" }, { "4h", notify "noc" } } } }
rule "held" { on = "hold", mode = "active", guard = open, hold = "5h",
  run = flow { step "act" { exec { "/bin/true" }, timeout = "50s" } } }
rule "done" { on = "done", run = log "{device}" }
"""
PAD = "x" * 300


class Work(loop.Loop):
    """A daemon with something in each table."""

    def __init__(self, state=None):
        super().__init__(state=state)
        noc.write(os.path.join(self.d.rules, "test.lua"), RULES)

    def tell(self, kind, n):
        reply = self.d.post("/api/v1/events", {
            "specversion": "1.0", "type": kind, "source": "test",
            "id": "%s%d" % (kind, n), "device": "dev%d" % n,
            "data": {"pad": PAD}},
            headers={"Content-Type": "application/cloudevents+json"})
        noc.equal(reply.status, 202, "%s: %s" % (kind, reply.text))

    def cli(self, *args):
        said = self.d.cli(*args)
        noc.equal(said.returncode, 0, said.stdout + said.stderr)
        return said.stdout

    def runs(self):
        """Also when what it reads is damaged: then there is soon a new file,
        and all that is in memory in it."""
        try:
            return super().runs()
        except KeyError:
            self.d.wait_line("ALARM the journal was damaged")
            noc.wait_for(lambda: self.cli("audit", "show", "-o", "jsonl")
                         .find("state.stored") >= 0, "the rows to be stored")
        return super().runs()

    def stored(self):
        """Was there a new file while it ran?"""
        return self.d.out.find("ALARM the journal was damaged") is not None

    def open_runs(self):
        return {r["id"]: r["phase"] for r in self.runs()
                if r["state"] not in loop.ENDED}

    def fill(self):
        for kind, n in (("nap", 60), ("raise", 30),
                        ("hold", 120), ("done", 300)):
            for i in range(n):
                self.tell(kind, i)

        self.waits(sleeping=60, escalating=30)
        for i in range(40):
            self.cli("freeze", "add", "device=frozen%d" % i, "--for", "9h",
                     "-m", PAD)
        self.cli("silence", "add", "device=mute", "--for", "9h", "-m", "x")
        self.cli("rules", "pause", "done", "-m", "no more")
        self.cli("breaker", "trip", "snmp", "sw1", "-m", "broken", "--for",
                 "9h")
        self.cli("kill", "on", "-m", "told so")

        for i in range(30):
            self.tell("late", i)
        self.waits(sleeping=60, escalating=30, paused=30)

    def waits(self, **phases):
        noc.wait_for(lambda: collections.Counter(self.open_runs().values())
                     == phases, lambda: "the runs to wait: %r"
                     % collections.Counter(self.open_runs().values()))

    def path(self, end=""):
        return os.path.join(self.d.state, "nocturne.db" + end)

    def aside(self):
        return sorted(p for p in glob.glob(self.path(".quarantine-*"))
                      if not re.search(r"-(wal|shm)$", p))

    def recovery(self):
        """What the RECOVERY record of the log says, or None."""
        if not self.aside():
            return None
        r = noc.nocturne("audit", "export", "--state", self.d.state)
        noc.equal(r.returncode, 0, r.stderr)
        found = [rec for rec in map(json.loads, r.stdout.splitlines())
                 if rec["kind"] == "RECOVERY"]
        noc.check(len(found) <= 1, "%d RECOVERY records" % len(found))
        return found[0]["detail"] if found else None

    def guards(self):
        """What people have switched off, as the daemon shows it."""
        def rows(what):
            return self.d.get("/api/v1/" + what).json[what]
        return {"freezes": len(rows("freezes")),
                "silences": len(rows("silences")),
                "paused": [r["rule"] for r in rows("rules") if r["paused"]],
                "breakers": [b["target"] for b in rows("breakers")
                             if b["state"] == "FORCED_OPEN"]}


MADE = {}


def made(how):
    """A state directory: left by a stop, or by kill -9 with a log beside."""
    if how not in MADE:
        work = Work()
        work.start()
        work.fill()
        if how == "killed":
            # What comes now is in the write-ahead log only.
            noc.equal(work.d.stop(), 0, "exit status")
            work.start()
            for n in range(30, 50):
                work.tell("late", n)
            work.waits(sleeping=60, escalating=30, paused=50)
        runs, guards = work.open_runs(), work.guards()
        noc.equal(guards, {"freezes": 40, "silences": 1, "paused": ["done"],
                           "breakers": ["sw1"]}, "what people forbade")
        if how == "stopped":
            noc.equal(work.d.stop(), 0, "exit status")
        else:
            work.d.kill()
        MADE[how] = work.d.state, runs, guards
    return MADE[how]


def copied(how):
    state, runs, guards = made(how)
    to = os.path.join(noc.tempdir(), "var")
    shutil.copytree(state, to, ignore=shutil.ignore_patterns("*-shm", "*.sock"))
    return Work(to), runs, guards


# ---- damage ----

def pages(path):
    return os.path.getsize(path) // PAGE


def overwrite(path, at, data):
    with open(path, "r+b") as f:
        f.seek(at)
        f.write(data)


def hit_random(rng, path, page):
    overwrite(path, page * PAGE, rng.randbytes(PAGE))


def hit_zero(_, path, page):
    overwrite(path, page * PAGE, bytes(PAGE))


def hit_head(rng, path, page):
    overwrite(path, page * PAGE, rng.randbytes(8))


def hit_some(rng, path, page):
    at = page * PAGE + rng.randrange(PAGE - 64)
    overwrite(path, at, rng.randbytes(64))


def hit_other(rng, path, page):
    """Another page in its place."""
    with open(path, "rb") as f:
        f.seek(rng.randrange(pages(path)) * PAGE)
        data = f.read(PAGE)
    overwrite(path, page * PAGE, data)


def hit_cut(_, path, page):
    os.truncate(path, page * PAGE)


def hit_cut_within(rng, path, page):
    os.truncate(path, page * PAGE + rng.randrange(PAGE))


HITS = (hit_random, hit_zero, hit_head, hit_some, hit_other, hit_random,
        hit_zero, hit_cut, hit_cut_within)


def judged(work, runs, guards, what):
    """It came up: what it says is so, and nothing acts that may not."""
    noc.check(work.start(), "%s: it does not start: %s"
              % (what, "\n".join(work.d.err.all[-5:])))
    noc.equal(work.d.get("/readyz").status, 200, "%s: /readyz" % what)
    noc.check(json.loads(work.cli("kill", "status", "-o", "json"))["killed"],
              "%s: the kill switch is off" % what)
    now = work.open_runs()
    aside, said = work.aside(), work.recovery()
    noc.equal(len(aside), 1 if said else 0, "%s: put aside" % what)
    if not said or work.stored():
        # Nothing that is needed was hit, or words in a row, which SQLite
        # cannot know (the last page, cut, ends in zeros and no other is
        # missing): a run that cannot be read is blocked.
        words = what.startswith(("some", "cut_within the last"))
        differ = {run: (now.get(run), runs.get(run))
                  for run in {*now, *runs} if now.get(run) != runs.get(run)}
        noc.check(not differ or words and len(now) >= len(runs) - 1 and all(
            phase == "blocked" or run not in runs
            for run, (phase, _) in differ.items() if phase), "%s: runs: %r"
                  % (what, differ))
        noc.check(what.startswith("some") or work.guards() == guards,
                  "%s: guards" % what)
    else:
        noc.equal(os.path.basename(said["file"]), os.path.basename(aside[0]),
                  what)
        work.d.wait_log("put aside as .*%s because"
                        % re.escape(os.path.basename(aside[0])))
        lost = set(runs) - set(now)
        noc.check(not set(now) - set(runs), "%s: runs out of nothing" % what)
        noc.equal(set(now.values()) - {"blocked"}, set(), what)
        if lost and "runs" not in said.get("lost", []):
            # Ended: without its definition it cannot go on.
            noc.check("definitions" in said.get("lost", []), "%s: %d runs lost, not "
                      "said: %r" % (what, len(lost), said))
        if "live" not in said.get("lost", []):
            noc.equal(work.guards(), guards, "%s: guards" % what)
    # It takes what comes, and writes it down.
    work.tell("done", 1000)
    noc.equal(work.d.stop(), 0, "%s: exit status" % what)
    if said or work.recovery():
        work.verify()
    return said


def damage(number):
    rng = random.Random("%d/%d" % (SEED, number))
    hit = HITS[number % len(HITS)]
    work, runs, guards = copied("stopped")
    page = rng.randrange(pages(work.path()))
    last = "the last " if page + 1 == pages(work.path()) else ""
    what = "%s %spage %d" % (hit.__name__[4:], last, page + 1)
    hit(rng, work.path(), page)
    return judged(work, runs, guards, what), what


@noc.case("a copy that is not damaged starts as it was left")
def _():
    for how in ("stopped", "killed"):
        work, runs, guards = copied(how)
        noc.equal(judged(work, runs, guards, how), None, how)


def register(first, last):
    @noc.case("single damages %d to %d" % (first, last - 1))
    def _():
        put_aside = 0
        for number in range(first, last):
            said, what = damage(number)
            put_aside += said is not None
            print("# %d: %s: %s" % (number, what, json.dumps(said)[:230]),
                  flush=True)
        noc.check(put_aside or last - first < 8, "none was found")


for start in range(0, DAMAGES, 16):
    register(start, min(start + 16, DAMAGES))


@noc.case("the page with the header, the schema and the free pages")
def _():
    for hit in (hit_random, hit_zero, hit_head, hit_some, hit_cut):
        work, runs, guards = copied("stopped")
        hit(random.Random(1), work.path(), 0)
        judged(work, runs, guards, "%s page 1" % hit.__name__[4:])


@noc.case("a page of the same table in the place of the one that forbids")
def _():
    for which in (0, -1):
        work, runs, guards = copied("stopped")
        with open(work.path(), "rb") as f:
            data = f.read()
        leaves = [n for n in range(len(data) // PAGE)
                  if data[n * PAGE] == 0x0a]

        def holding(word):
            return [n for n in leaves if word in data[n * PAGE:(n + 1) * PAGE]]
        (to,) = holding(b"killswitch")
        other = [n for n in holding(b"hold") if n != to][which]
        overwrite(work.path(), to * PAGE, data[other * PAGE:(other + 1) *
                                               PAGE])
        said = judged(work, runs, guards, "exchanged %d" % which)
        noc.check(said["killed"] and "live" in said["lost"], repr(said))


@noc.case("a damaged, cut, emptied or lost write-ahead log")
def _():
    rng = random.Random(SEED)
    for hit in (hit_random, hit_zero, hit_some, hit_cut, hit_cut_within):
        for _ in range(2):
            work, runs, _g = copied("killed")
            wal = work.path("-wal")
            page = rng.randrange(pages(wal))
            what = "%s of the log at %d" % (hit.__name__[4:], page)
            hit(rng, wal, page)
            lived(work, runs, what)
    for remove in ((""), ("-wal"), ("", "-wal")):
        work, runs, _g = copied("killed")
        for end in [remove] if isinstance(remove, str) else remove:
            os.truncate(work.path(end), 0)
        lived(work, runs, "without %r" % (remove,))


def lived(work, runs, what):
    """It starts; of what was durable something may be gone."""
    noc.check(work.start(), "%s: it does not start: %s"
              % (what, "\n".join(work.d.err.all[-5:])))
    noc.equal(work.d.get("/readyz").status, 200, "%s: /readyz" % what)
    said = work.recovery()
    if said and (said.get("lost") or said.get("killed")):
        noc.check(json.loads(work.cli("kill", "status", "-o",
                                      "json"))["killed"], what)
    noc.check(not set(work.open_runs()) - set(runs), what)
    work.tell("done", 1000)
    noc.equal(work.d.stop(), 0, "%s: exit status" % what)
    work.verify()
    print("# %s: %s" % (what, json.dumps(said)[:230]), flush=True)


# ---- while it runs ----

def ruin_rows(rng, path):
    for page in range(1, pages(path)):
        with open(path, "rb") as f:
            f.seek(page * PAGE)
            kind = f.read(1)
        if kind in (b"\x0a", b"\x0d"):
            hit_random(rng, path, page)


def ruin_all(_, path):
    overwrite(path, 0, bytes(os.path.getsize(path)))


def ruin_half(_, path):
    os.truncate(path, pages(path) // 2 * PAGE)


def ruined(work, ruin, times):
    """Its file is ruined under it, again when there is a new one."""
    numbers = itertools.count(2000)
    for _ in range(times):
        at = work.d.mark()
        file = os.stat(work.path()).st_ino

        def found():
            # Again: what is newer in the write-ahead log is read there.
            with contextlib.suppress(FileNotFoundError):
                if os.stat(work.path()).st_ino == file:
                    ruin(random.Random(SEED), work.path())
            # A commit, and the reader reads what it has in memory again.
            work.tell("done", next(numbers))
            work.d.get("/api/v1/runs")
            return work.d.out.find("ALARM the journal was damaged", at)
        noc.wait_for(found, "the damage to be found", every=0.3)
        work.tell("done", next(numbers))
        noc.wait_for(lambda: work.cli("audit", "show", "-o", "jsonl").find(
            "state.stored") >= 0, "the rows to be stored")


def register_ruin(ruin, times):
    @noc.case("%s of the file, %d times while it runs: memory is the truth"
              % (ruin.__name__[5:], times))
    def _():
        work, runs, guards = copied("stopped")
        noc.check(work.start(), "it does not start")
        noc.equal(work.open_runs(), runs, "runs before")
        held = work.query("SELECT key, due, data FROM live WHERE "
                          "kind = 'hold' ORDER BY key")
        ruined(work, ruin, times)
        noc.equal(work.open_runs(), runs, "runs in the new file")
        # Nobody in the way, nobody left behind.
        at = work.d.err.find("is locked")
        noc.check(at is None, lambda: work.d.err.all[at])
        work.d.kill()
        noc.equal(len(work.aside()), times, "put aside")
        noc.check(work.start(), "it does not start again")
        noc.equal(work.open_runs(), runs, "runs")
        noc.equal(work.guards(), guards, "guards")
        said = json.loads(work.cli("kill", "status", "-o", "json"))
        noc.equal((said["killed"], said["why"]), (True, "told so"), "kill")
        again = work.query("SELECT key, due, data FROM live WHERE "
                           "kind = 'hold' ORDER BY key")
        noc.equal(len(again), 120, "holds")
        noc.equal(again, held, "holds")
        noc.equal(work.d.stop(), 0, "exit status")
        work.verify()


@noc.case("a switch that is off stays off when the file is ruined")
def _():
    work, _, guards = copied("stopped")
    noc.check(work.start(), "it does not start")
    work.cli("kill", "off", "-m", "go on")
    work.waits(sleeping=60, escalating=30)
    runs = work.open_runs()
    ruined(work, ruin_all, 1)
    noc.equal(work.open_runs(), runs, "runs in the new file")
    work.d.kill()
    noc.check(work.start(), "it does not start again")
    noc.check(not json.loads(work.cli("kill", "status", "-o",
                                      "json"))["killed"], "it is on")
    noc.equal(work.guards(), guards, "guards")
    noc.equal(work.open_runs(), runs, "runs")
    noc.equal(work.d.stop(), 0, "exit status")
    work.verify()


for RUIN in (ruin_rows, ruin_all, ruin_half):
    for TIMES in (1, 2):
        register_ruin(RUIN, TIMES)


# ---- killed while it puts a file aside ----

def recovery_points():
    found = set()
    for path in glob.glob(os.path.join(noc.SRCDIR, "store", "*.c")):
        with open(path, encoding="utf-8") as f:
            found |= set(re.findall(r'noc_crash_point\("((?:recover|create)'
                                    r'\.[^"]+)"\)', f.read()))
    return sorted(found)


def rows_of(work):
    """What came over; what a start adds to it are notices and times."""
    return [sorted(work.query(sql)) for sql in (
        "SELECT kind, key, data FROM live WHERE kind NOT IN "
        "('notice', 'channel', 'clock')",
        "SELECT id, state, phase FROM runs WHERE state IN "
        "('Pending', 'Running')",
        "SELECT run, path, state, json_remove(json, '$.live.due', "
        "'$.deadline') FROM steps WHERE run IN (SELECT id "
        "FROM runs WHERE state IN ('Pending', 'Running'))",
        "SELECT hash, text FROM definitions")]


def spoil_record(work):
    """The last page of records of which the write-ahead log has no other."""
    with open(work.path("-wal"), "rb") as f:
        log = f.read()
    newer = {int.from_bytes(log[at:at + 4], "big")
             for at in range(32, len(log), 24 + PAGE)}
    with open(work.path(), "rb") as f:
        data = f.read()
    page = max(n for n in range(1, len(data) // PAGE)
               if n + 1 not in newer and data[n * PAGE] == 0x0d and
               b"NOC1" in data[n * PAGE:(n + 1) * PAGE])
    overwrite(work.path(), page * PAGE, b"\xff" * 8)


def put_aside(*crashes):
    """Damaged, killed at each of these in turn, then started again."""
    work, runs, _ = copied("killed")
    spoil_record(work)
    for name in crashes:
        noc.check(not work.start(name), "%s was not reached" % name)
        noc.equal(work.d.process.returncode, -9, name)
    noc.check(work.start(), "it does not start again")
    noc.equal(set(work.open_runs()), set(runs), "runs")
    noc.equal(set(work.open_runs().values()), {"blocked"}, "phases")
    noc.equal(work.d.stop(), 0, "exit status")
    noc.equal(len(work.aside()), 1, "put aside")
    noc.check(os.path.exists(work.aside()[0] + "-wal"), "its log is not there")
    noc.check(not os.path.exists(os.path.join(work.d.state, "recovering")),
              "the marker is left")
    noc.check(not glob.glob(work.path(".new*")), "a new file is left")
    noc.check(work.recovery(), "no RECOVERY record")
    work.verify()
    return rows_of(work)


@noc.case("the tree has the points of a recovery that this test knows")
def _():
    noc.check(len(recovery_points()) >= 7, repr(recovery_points()))


WANT = {}


def register_kill(point, hit):
    @noc.case("killed at %s, time %d, while the file is put aside"
              % (point, hit))
    def _():
        want = WANT.setdefault("rows", None) or put_aside()
        WANT["rows"] = want
        noc.equal(put_aside("%s:%d" % (point, hit)), want, "rows")
        # And again, where it is passed once more.
        if point.startswith("create.before"):
            noc.equal(put_aside("%s:%d" % (point, hit), "%s:1" % point), want,
                      "rows after a second time")


for POINT in recovery_points():
    for HIT in (1, 2, 3) if POINT == "recover.after_rename" else (1,):
        register_kill(POINT, HIT)

noc.main()
