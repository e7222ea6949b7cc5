# SPDX-License-Identifier: ISC
"""What was captured of the spine (tests/data/spine), played: the script of
each item of manifest.json against a daemon, and the judgement at the end.
tests/data/spine/README.md describes manifest and scripts.
"""
import collections
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tarfile
import time

import loop  # noqa: F401, where noc is found
import noc
import peers

DATA = os.path.join(noc.SRCDIR, "tests", "data", "spine")
RULES = os.path.join(DATA, "rules")
ARCHIVE = os.path.join(DATA, "spine.tar.xz")
NS = 10**9


def read(name):
    with open(os.path.join(DATA, name), encoding="utf-8") as f:
        return f.read()


def manifest():
    return json.loads(read("manifest.json"))


def unpack():
    """Where the captures are now; keys must be readable by us alone."""
    where = noc.tempdir()
    with tarfile.open(ARCHIVE) as tar:
        for member in tar:
            noc.check(member.isfile() and ".." not in member.name,
                      "the archive holds " + member.name)
            path = os.path.join(where, member.name)
            os.makedirs(os.path.dirname(path), 0o700, exist_ok=True)
            with open(path, "wb") as f:
                f.write(tar.extractfile(member).read())
            os.chmod(path, 0o600)
    return where


def clock_library():
    """tests/crash/clock.c, compiled."""
    compiler = os.environ.get("CC", "cc").split()
    noc.need(compiler[0])
    path = os.path.join(noc.tempdir(), "clock.so")
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                          "clock.c")
    subprocess.run(compiler + ["-shared", "-fPIC", "-o", path, source],
                   check=True)
    return path


class Rows:
    """What a journal says, also beside the daemon that writes it: read only,
    or who closes it may take its write-ahead log away."""

    def __init__(self, state):
        self.path = os.path.join(state, "nocturne.db")

    def query(self, sql, *args):
        db = sqlite3.connect("file:%s?mode=ro" % self.path, uri=True,
                             timeout=noc.PATIENCE)
        try:
            return db.execute(sql, args).fetchall()
        finally:
            db.close()

    def runs(self, item=None):
        """{id: {"rule", "device", "state", "phase", "outcome", ...}}"""
        rows = self.query("SELECT id, rule, device, state, phase, outcome, "
                          "json FROM runs ORDER BY n")
        out, lives = {}, {}
        for uid, text in self.query("SELECT run, json FROM steps"):
            said = json.loads(text or "{}")
            if "live" in said:
                lives[uid] = dict(said["live"], index=said.get("index"))
        for uid, rule, device, state, phase, outcome, text in rows:
            live = lives.get(uid, {})
            if item and (rule, device) != (item.rule, item.device):
                continue
            uid = uid.hex()
            uid = "-".join((uid[:8], uid[8:12], uid[12:16], uid[16:20],
                            uid[20:]))
            out[uid] = {"rule": rule, "device": device, "state": state,
                        "phase": phase, "outcome": outcome, "live": live,
                        "json": json.loads(text or "{}")}
        return out

    def live(self):
        """{"kind|key": (due, data)}; keys are joined by | here."""
        return {"%s|%s" % (kind, key.replace("\x1f", "|")):
                (due, json.loads(text or "{}")) for kind, key, due, text in
                self.query("SELECT kind, key, due, data FROM live")}

    def last_record(self):
        """(wall clock, log id) of the newest record."""
        ((rec,),) = self.query("SELECT rec FROM audit ORDER BY seq DESC "
                               "LIMIT 1")
        return int.from_bytes(rec[32:40], "big"), rec[8:24]


class Item:
    def __init__(self, name, said):
        self.name, self.said = name, said
        self.rule = said.get("rule", name)
        self.device = said.get("device", name)
        words = [self.device] if self.device != "nocturne" else []
        words += said.get("names", [])
        # What a breaker says of calls that "failed or were slow" is not the
        # device of that name.
        self.words = re.compile(r"(?<![\w-])(?<!were )(?:%s)(?![\w-])"
                                % "|".join(map(re.escape, words or ["\0"])))
        self.event = None  # id of its last one


def has(row, want):
    """Every member of want, by dotted path; null: it must not be there."""
    for path, value in want.items():
        at = row
        for word in path.split("."):
            at = at.get(word) if isinstance(at, dict) else None
        if at != value:
            return False
    return True


def wait(run):
    """Which step it is at, for what it waits and until when: the first version
    said it with the run, the later ones say it with the step."""
    said = run["json"]
    if "wait" not in said:
        said = dict(run["live"], at=run["live"].get("index") or None)
    return [run["state"], run["phase"]] + [
        said.get(k) for k in ("at", "wait", "due")]


class Play:
    """Items of one capture, and a daemon on a copy of it (or on a new one)."""

    def __init__(self, items, state=None, answers=None):
        self.items = [Item(name, said) for name, said in items.items()]
        self.world = peers.World(RULES, read("inventory.csv"))
        self.library = clock_library()
        self.answers = answers or {}
        # Names that are the same wherever it runs: they get into the journal.
        self.d = noc.Daemon(config=read("config.lua"),
                            sets={"inventory.path": "inventory.csv"})
        self.rules, self.d.rules = self.d.rules, "rules"
        self.rows = Rows(self.d.state)
        self.before = None
        if state:
            shutil.copytree(state, self.d.state,
                            ignore=shutil.ignore_patterns("*-shm"))
            self.before = Rows(state)
        noc.write(os.path.join(self.d.dir, "inventory.csv"),
                  self.world.inventory)
        for name, text in self.world.secrets.items():
            self.d.secret(name, text)

    def rule_files(self, *names, above=""):
        """The rule tree; `above` is put before each file."""
        for name in os.listdir(self.rules):
            os.unlink(os.path.join(self.rules, name))
        for name in names:
            noc.write(os.path.join(self.rules, name),
                      above + read(os.path.join("rules", name)))

    def start(self, at_ns, **env):
        """The daemon, its wall clock at_ns."""
        self.offset = at_ns - time.time_ns()
        self.d.env = {"LD_PRELOAD": self.library, "PATH": self.world.path(),
                      "NOC_CLOCK_OFFSET": str(self.offset), **env}
        self.d.start()

    def now(self):
        return time.time_ns() + self.offset

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.d.close()
        self.world.close()

    def verify(self):
        """Both verifiers accept what is on disk."""
        state = self.d.state
        args = ["--anchor", os.path.join(state, "anchor.log"),
                "--vkey", os.path.join(state, "audit.vkey")]
        ours = noc.nocturne("audit", "verify", "--db", self.rows.path, *args)
        noc.equal(ours.returncode, 0, ours.stdout + ours.stderr)
        theirs = subprocess.run(
            [sys.executable, loop.VERIFIER, *args, self.rows.path], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        noc.equal(theirs.returncode, 0, theirs.stdout)

    # ---- scripts ----

    def play(self, name):
        """The scripts of this name, in the order of the manifest."""
        for item in self.items:
            for line in self.script(item, name):
                try:
                    self.step(item, line)
                except Exception as error:
                    error.add_note("in %s of %s: %r" % (name, item.name, line))
                    raise

    @staticmethod
    def script(item, name):
        said = item.said.get(name, {})
        if isinstance(said, list):
            return said
        return [] if "left_out" in said else said.get("do", [])

    def step(self, item, line):
        verb, *args = line
        getattr(self, "do_" + verb)(item, *args)

    def do_times(self, item, n, line):
        for _ in range(n):
            self.step(item, line)

    def do_of(self, item, name, line):
        """A step of another item."""
        self.step(next(i for i in self.items if i.name == name), line)

    def do_event(self, item, kind, data=None, also=None):
        """One CloudEvent about the item's device."""
        also = also or {}
        body = {"device": item.device, **(data or {})}
        headers = {"ce-specversion": "1.0", "ce-type": kind,
                   "ce-source": "/spine",
                   "ce-id": also.get("id", os.urandom(8).hex())}
        answer = self.d.request("POST", "/api/v1/events", body, headers)
        noc.check(answer.status in (200, 202), answer.text)
        row = answer.json["events"][0]
        item.event = row.get("id", item.event)
        if "fate" in also:
            noc.equal(row["fate"], also["fate"], "fate of " + kind)

    def do_event_deep(self, item, kind, depth):
        data = 7
        for _ in range(depth):
            data = {"a": data}
        self.do_event(item, kind, {"deep": data})

    def do_syslog(self, item, app, text, ago_s=None):
        """From a relay; with a time of so long ago when one is said."""
        stamp = "-"
        if ago_s is not None:
            then = time.gmtime(self.now() / NS - ago_s)
            stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", then)
        self.d.syslog("<13>1 %s %s %s - - - %s"
                      % (stamp, item.device, app, text), raw=True)

    def do_syslog_long(self, item, size):
        line = "<13>1 - %s long - - - %s\n" % (item.device, "long " * size)
        self.d.syslog_tcp(line)

    def do_inform(self, item, ifindex):
        """Repeated until it is acknowledged, from the device's address."""
        address = self.world.agents[item.device].address
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind((address, 0))
            s.settimeout(0.5)

            def answered():
                s.sendto(noc.inform(7, ifindex), ("127.0.0.1", self.d.traps))
                try:
                    return s.recv(4096)
                except OSError:
                    return None
            noc.wait_for(answered, "the INFORM's acknowledgement")

    def do_hook(self, item, name, body, status):
        answer = self.d.post("/hooks/" + name, body, headers={
            "Authorization": "Bearer " + peers.SECRET})
        noc.equal(answer.status, status, "the hook's answer: " + answer.text)

    def do_api(self, item, method, path, body, status):
        answer = self.d.request(method, path, body)
        noc.equal(answer.status, status, "%s: %s" % (path, answer.text))
        if "token" in answer.json:
            self.answers[item.name] = answer.json["token"]

    def do_token(self, item):
        """What was made in the capture lets in."""
        answer = self.d.get("/api/v1/status", unix=False, headers={
            "Authorization": "Bearer " + self.answers[item.name]})
        noc.equal(answer.status, 200, "the token's answer: " + answer.text)

    def running(self, item):
        uid, = (uid for uid, run in self.rows.runs(item).items()
                if run["state"] == "Running")
        return "/api/v1/runs/" + uid

    def do_signal(self, item, name):
        self.do_api(item, "POST", "%s/signal/%s" % (self.running(item), name),
                    {}, 200)

    def do_cancel(self, item):
        self.do_api(item, "POST", self.running(item) + "/cancel",
                    {"why": "not wanted"}, 200)

    def do_reload(self, item, *names):
        """With this rule tree."""
        self.rule_files(*names)
        mark = self.d.mark()
        self.d.signal(signal.SIGHUP)
        self.d.wait_line(r" reloaded \(", start=mark)

    def do_how(self, item, program, how):
        self.world.how(program, how)

    def do_web(self, item, how):
        self.world.web_how[item.name] = how

    def do_agent(self, item, how):
        self.world.agents[item.device].how = how

    def do_read(self, item):
        """Its agent is asked twice more: the first answer has been taken."""
        agent = self.world.agents[item.device]
        reads = agent.reads
        noc.wait_for(lambda: agent.reads >= reads + 2, "two reads of "
                     + item.device)

    # ---- waiting ----

    def do_run(self, item, want, n=1):
        """So many of its runs are so: "STATE", "STATE PHASE", or members of
        the row."""
        if isinstance(want, str):
            state, _, phase = want.partition(" ")
            want = {"state": state, **({"phase": phase} if phase else {})}
        noc.wait_for(lambda: sum(
            has(run, want) for run in self.rows.runs(item).values()) >= n,
            lambda: "%d run(s) %r of %s: %r" % (
                n, want, item.name, self.rows.runs(item)))

    def do_ended(self, item):
        noc.wait_for(lambda: all(
            run["state"] != "Running"
            for run in self.rows.runs(item).values()),
            lambda: "its end: %r" % self.rows.runs(item))

    def do_live(self, item, name, want=True):
        """The row is there (with these members of data), or (false) not."""
        def look():
            row = self.rows.live().get(name)
            if want is True or row is None or want is False:
                return (row is not None) == bool(want)
            return has(row[1], want)
        noc.wait_for(look, lambda: "%s %r: %r" % (
            name, want, self.rows.live().get(name)))

    def do_decided(self, item, outcome, text=""):
        """Of its last event, or the newest of its device in the capture."""
        event = item.event or self.last_event(item)

        def decisions():
            return self.rows.query(
                "SELECT outcome, reason FROM decisions WHERE event = ? AND "
                "rule = ?", bytes.fromhex(event.replace("-", "")), item.rule)
        noc.wait_for(lambda: any(o == outcome and text in why
                                 for o, why in decisions()),
                     lambda: "%s %s: %r" % (outcome, text, decisions()))

    def last_event(self, item):
        (uid,), = self.rows.query("SELECT id FROM events WHERE device = ? "
                                  "ORDER BY n DESC LIMIT 1", item.device)
        return uid.hex()

    def notices(self, item, channel):
        return [text for to, text in self.world.told()
                if to == channel and item.words.search(text)]

    def do_told(self, item, channel, n, text=""):
        noc.wait_for(lambda: sum(
            text in said for said in self.notices(item, channel)) >= n,
            lambda: "%d notice(s) %r to %s: %r" % (
                n, text, channel, self.world.told()))

    def do_web_asked(self, item):
        noc.wait_for(lambda: "web " + item.name in self.world.effects(),
                     "a request of " + item.name)

    def do_breaker(self, item, state):
        def look():
            return [b for b in self.d.get("/api/v1/breakers").json["breakers"]
                    if b["target"] == "web-" + item.name
                    and b["state"] == state]
        noc.wait_for(look, "its breaker to be " + state)

    def do_kept(self, item):
        """Each run and row of the item waits for what it waited for, until
        the same time."""
        for line in item.said["holds"]:
            if line[0] == "live":
                self.do_live(item, *line[1:])
                noc.equal(self.rows.live()[line[1]][0],
                          self.before.live()[line[1]][0], line[1] + ": due")
        was, now = self.before.runs(item), self.rows.runs(item)
        noc.equal({uid: wait(run) for uid, run in now.items()},
                  {uid: wait(run) for uid, run in was.items()},
                  "the waits of " + item.name)

    # ---- what a capture holds, and what it has become ----

    def holds(self):
        """Every item has what it says, and there is nothing else open."""
        rows = self.before or self.rows
        runs, live = rows.runs(), rows.live()
        claimed = set()
        for item in self.items:
            for kind, want, *more in item.said.get("holds", []):
                if kind == "live":
                    claimed.add(want)
                    noc.check(want in live and has(live[want][1],
                                                   *more or [{}]),
                              "%s: no %s: %r of %r" % (
                                  item.name, want, live.get(want),
                                  sorted(live)))
                    continue
                if kind == "anchored":
                    ((size,),) = rows.query("SELECT max(size) FROM "
                                            "audit_anchored")
                    noc.check(size >= want, "anchored: only %d" % size)
                    continue
                mine = {uid for uid, run in rows.runs(item).items()
                        if has(run, want)}
                noc.equal(len(mine), more[0] if more else 1,
                          "%s: runs %r of %r" % (item.name, want,
                                                 rows.runs(item)))
                claimed |= mine
        known = re.compile("|".join(manifest()["rows"]))
        loose = [name for name in live
                 if name not in claimed and not known.match(name)] + [
            "%s %s" % (run["rule"], run["device"])
            for uid, run in runs.items()
            if run["state"] == "Running" and uid not in claimed]
        noc.equal(loose, [], "open, and of no item")

    def judge(self, name, effects_before=()):
        """Each item has ended as its entry of this name says."""
        done = collections.defaultdict(collections.Counter)
        runs = self.rows.runs()
        left_out = {(item.rule, item.device) for item in self.items
                    if "left_out" in item.said.get(name, {})}
        for line in self.world.effects():
            if "/" not in line:
                what, device = line.split()
                done[device][what] += 1
                continue
            uid, step, _ = line.split("/")
            whose = runs[uid]["rule"], runs[uid]["device"]
            noc.check(whose in left_out or line not in effects_before,
                      "%s %s: %s again" % (*whose, line))
            done[whose][step] += 1
        for item in self.items:
            said = item.said.get(name, {})
            if "left_out" in said:
                continue
            states = collections.Counter(
                ("%(state)s %(phase)s" % run).strip()
                for run in self.rows.runs(item).values())
            if "ended" in said:
                noc.check(not any(s.startswith("Running") for s in states),
                          "%s: %r" % (item.name, states))
                continue
            noc.equal(dict(states), said.get("runs", {}),
                      "runs of " + item.name)
            mine = done[item.rule, item.device] + (
                done[item.device] if item.device == item.name
                else collections.Counter())
            noc.equal(dict(mine), said.get("effects", {}),
                      "what was done by " + item.name)
            self.judge_notices(item, said.get("told", {}))

    def judge_notices(self, item, want):
        """{channel: n}: so many and no others; {channel: {text: n}}: so many
        that say it."""
        told = collections.defaultdict(list)
        for channel, text in self.world.told():
            if item.words.search(text):
                told[channel].append(text)
        for channel in sorted({*told, *want}):
            texts, n = told[channel], want.get(channel, 0)
            if isinstance(n, dict):
                got = {word: sum(word in text for text in texts)
                       for word in n}
            else:
                got = len(texts)
            noc.equal(got, n, "notices of %s to %s: %r"
                      % (item.name, channel, texts))
