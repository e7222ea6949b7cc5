# SPDX-License-Identifier: ISC
"""What the crash tests share: a loop from an acknowledged event to a finished
run, a sender that repeats what nobody acknowledged, a person who answers what
is in doubt, and the judgement at the end.

Each work item N (an event work.todo of device devN) starts four runs:
  held     a hold of 300 ms, then two steps that may be repeated
  probed   a step that must happen once; a probe tells whether it did
  asked    a step that must happen once; a person is asked
  raised   a step that fails, an escalation, ended by work.done
A step appends what it is (run/step/attempt) and its idempotency token to
effects.log.
"""
import http.client
import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "flow"))
import noc  # noqa: E402

RULES = """
channel "noc" { exec { "%(dir)s/effect", "notice" }, fallback = "oncall" }
local open = { per_key = "1000/1m", rate = "1000/1m", mass = "1000/1s",
               targets = "1000/1m", settle = "0s" }
local function once(name, more)
  return step(name) { exec { "%(dir)s/effect", name }, timeout = "50s",
    on_crash = more.on_crash, probe = more.probe }
end
rule "held" { on = "work.todo", mode = "active", guard = open, key = "{device}",
  hold = { "300ms" },
  run = flow { once("one", { on_crash = "retry" }),
               once("two", { on_crash = "retry" }) } }
rule "probed" { on = "work.todo", mode = "active", guard = open,
  run = flow { once("once", { on_crash = "verify",
    probe = exec { "%(dir)s/done", "{run.id}/once" } }) } }
rule "asked" { on = "work.todo", mode = "active", guard = open,
  run = flow { once("only", { on_crash = "ask" }) } }
rule "raised" { on = "work.todo", mode = "active", guard = open,
  run = flow { step "try" { exec { "/bin/false" }, timeout = "50s",
                            on_crash = "retry" },
    on_fail = escalate { { "0s", notify "noc" { "{device}: {error.message}" } },
      { "200ms", notify "oncall" { "{device}: nobody came" } },
      stop_on = { "ack", "work.done" }, max = "5m" } } }
normalize "if-down" { from = "snmp.trap", trap = "linkDown",
  map = { ifindex = "ifIndex" }, emit = "link.down" }
rule "port" { on = "link.down", run = log "port {ifindex}" }
"""
RULES_EACH = ("held", "probed", "asked", "raised")
# The write is one append.
EFFECT = """#!/bin/sh
what="$NOCTURNE_RUN/$NOCTURNE_STEP/$NOCTURNE_ATTEMPT"
printf '%%s %%s %%s\\n' "$1" "$what" "$NOCTURNE_TOKEN" >> '%(dir)s/effects.log'
"""
DONE = """#!/bin/sh
grep -q -s -F " $1/" '%(dir)s/effects.log'
"""
VERIFIER = os.path.join(noc.SRCDIR, "script", "audit-verify")
ENDED = ("Succeeded", "Failed", "Cancelled")


class Loop:
    def __init__(self, state=None, seed=0, pad=0):
        self.dir = noc.tempdir()
        self.random = random.Random(seed)
        self.pad = pad
        for name, text in (("effect", EFFECT), ("done", DONE)):
            noc.write(os.path.join(self.dir, name), text % vars(self), 0o755)
        self.d = noc.Daemon(rules=RULES % vars(self), state=state)
        self.acked = {}  # CloudEvent id -> our id
        self.informs = []  # numbers that were acknowledged
        self.crashes = self.reloads = 0
        self.env = {}  # of the daemon
        self.quiet = False  # what died is verified at the end only
        self.next = 0   # items below were acknowledged
        self.tried = 0  # those below may have arrived

    # ---- its life ----

    def start(self, crash=None):
        """True when it came up; False when it died on the way."""
        self.d.env = dict(self.env, **({"NOCTURNE_CRASH": crash} if crash
                                       else {}))
        try:
            self.d.start()
            return True
        except noc.Failure:
            if not self.d.out.ended:
                raise
            self.d.wait()
            return False

    def reload(self):
        """The same rules, elsewhere in their file, and one more or one less."""
        self.reloads += 1
        more = ('rule "more" { on = "work.todo", mode = "active", guard = open,'
                ' run = log "more" }\n') if self.reloads % 2 else ""
        noc.write(os.path.join(self.d.rules, "test.lua"),
                  "-- %d\n" % self.reloads * (1 + self.reloads % 5)
                  + RULES % vars(self) + more)
        self.hup()

    def hup(self):
        try:
            self.d.signal(signal.SIGHUP)
        except ProcessLookupError:
            pass  # it has just died

    def alive(self):
        return self.d.process.poll() is None

    def died(self):
        """After a crash: it was ours, and both verifiers accept the rest."""
        status = self.d.process.wait()
        noc.equal(status, -9, "how the daemon ended: %s"
                  % "\n".join(self.d.err.all[-5:]))
        self.crashes += 1
        self.orphans()
        if not self.quiet:
            self.verify()

    def orphans(self):
        """Children of a killed daemon finish: what they do is done then."""
        marks = [self.dir.encode() + b"/", self.d.dir.encode() + b"/"]

        def gone():
            for pid in os.listdir("/proc"):
                if not pid.isdigit() or int(pid) == os.getpid():
                    continue
                try:
                    with open("/proc/%s/cmdline" % pid, "rb") as f:
                        text = f.read()
                        if any(mark in text for mark in marks):
                            return False
                except OSError:
                    pass
            return True
        noc.wait_for(gone, "its children to finish")

    # ---- senders ----

    def post(self, kind, name, device):
        """One CloudEvent; remembers it when it was acknowledged."""
        body = {"device": device, "summary": "item", "pad": "p" * self.pad}
        try:
            answer = self.d.request(
                "POST", "/api/v1/events", body,
                {"ce-specversion": "1.0", "ce-type": kind, "ce-id": name,
                 "ce-source": "/test"}, timeout=10)
        except (OSError, http.client.HTTPException):
            return False
        if answer.status not in (200, 202):
            return False
        row = answer.json["events"][0]
        if "id" in row:
            self.acked[name] = row["id"]
        elif name not in self.acked:
            # A duplicate of one whose answer got lost.
            self.acked[name] = None
        return True

    def inform(self, number, patience=noc.PATIENCE):
        """Repeats it until it is acknowledged; False: the daemon died, or it
        never was."""
        until = time.monotonic() + patience
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(0.5)
            while self.alive() and time.monotonic() < until:
                try:
                    s.sendto(noc.inform(number, number),
                             ("127.0.0.1", self.d.traps))
                    s.recv(4096)
                except OSError:
                    continue
                self.informs.append(number)
                return True
        return False

    def item(self):
        """Sends the next item once; False: it was not acknowledged."""
        n = self.next
        if self.d.process.poll() is not None:
            return False
        self.tried = max(self.tried, n + 1)
        if not self.post("work.todo", "todo-%d" % n, "dev%d" % n):
            return False
        self.next += 1
        return True

    # ---- a person ----

    def effects(self):
        try:
            with open(os.path.join(self.dir, "effects.log"),
                      encoding="ascii") as f:
                return [line.split() for line in f]
        except FileNotFoundError:
            return []

    def runs(self):
        rows, before = [], ""
        while True:
            try:
                answer = self.d.get("/api/v1/runs?limit=1000" + before).json
            except (OSError, http.client.HTTPException):
                self.d.wait()  # it has just died, or it is a failure
                return []
            rows += answer["runs"]
            if not answer.get("next"):
                return rows
            before = "&before=%s" % answer["next"]

    def answer_doubt(self):
        """Looks whether it happened, and says so."""
        done = {what.rsplit("/", 1)[0] for _, what, _ in self.effects()}
        for run in self.runs():
            if run["phase"] != "blocked":
                continue
            step = {"asked": "only", "probed": "once"}.get(run["rule"])
            happened = "%s/%s" % (run["id"], step) in done
            self.d.post("/api/v1/runs/%s/signal/%s"
                        % (run["id"], "done" if happened else "retry"), {})

    def escalating(self):
        """Runs whose two levels have been told."""
        return [r for r in self.runs() if r["phase"] == "waiting_event"]

    # ---- the end ----

    def settled(self):
        self.answer_doubt()
        runs = self.runs()
        count = {r: 0 for r in RULES_EACH}
        for run in runs:
            if run["rule"] not in count:
                continue
            if run["state"] not in ENDED and run["phase"] != "waiting_event":
                return False
            count[run["rule"]] += 1
        return all(n == self.next for n in count.values())

    def finish(self):
        """Everything ends: the last events, the doubts, the runs."""
        while self.next < self.tried:
            noc.wait_for(self.item, "an item to be taken")
        noc.wait_for(self.settled, lambda: "the runs to settle: %s"
                     % [(r["rule"], r["device"], r["state"], r["phase"])
                        for r in self.runs() if r["state"] not in ENDED],
                     every=0.1)
        for n in range(self.next):
            noc.wait_for(lambda: self.post("work.done", "done-%d" % n,
                                           "dev%d" % n), "work.done")
        noc.wait_for(lambda: all(r["state"] in ENDED for r in self.runs()),
                     "the escalations to end", every=0.1)
        noc.equal(self.d.stop(), 0, "exit status")
        self.verify()
        self.judge()

    def verify(self):
        """Both verifiers, on what is on disk."""
        db = os.path.join(self.d.state, "nocturne.db")
        vkey = os.path.join(self.d.state, "audit.vkey")
        anchor = os.path.join(self.d.state, "anchor.log")
        if not os.path.exists(db) or not os.path.exists(vkey):
            return
        with sqlite3.connect("file:%s?mode=ro" % db, uri=True) as c:
            try:
                c.execute("SELECT max(size) FROM audit_head").fetchone()
            except sqlite3.OperationalError:
                return  # killed before the first commit
        r = noc.nocturne("audit", "verify", "--state", self.d.state,
                         "--vkey", vkey)
        noc.equal(r.returncode, 0, "audit verify (%s%s)"
                  % (r.stdout, r.stderr))
        args = ["--anchor", anchor] if os.path.exists(anchor) else []
        r = subprocess.run([sys.executable, VERIFIER, "--vkey", vkey, *args,
                            db], text=True, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, check=False)
        noc.equal(r.returncode, 0, "script/audit-verify (%s)" % r.stdout)

    def query(self, sql):
        c = noc.journal(os.path.join(self.d.state, "nocturne.db"))
        try:
            return c.execute(sql).fetchall()
        finally:
            c.close()

    def judge(self):
        self.judge_events()
        self.judge_runs()
        self.judge_effects()

    def judge_events(self):
        """Nothing acknowledged is lost, nothing happened twice."""
        stored = {}
        informed = set()
        for (text,) in self.query("SELECT said FROM (%s)" % noc.EVENTS):
            ev = json.loads(text)
            stored[ev["id"]] = ev
            if ev["kind"] == "link.down":
                informed.add(ev["data"]["ifindex"])
        for name, event in self.acked.items():
            if event:
                noc.check(event in stored, "acknowledged %s is lost" % name)
        for number in self.informs:
            noc.check(number in informed,
                      "acknowledged INFORM %d is lost" % number)
        seen = sorted(ev["device"] for ev in stored.values()
                      if ev["kind"] == "work.todo")
        noc.equal(seen, sorted("dev%d" % n for n in range(self.next)),
                  "items in the journal")

    def judge_runs(self):
        """It ended as it does without a crash."""
        ended = sorted(self.query(
            "SELECT rule, device, state FROM runs WHERE rule IN %r"
            % (RULES_EACH,)))
        want = sorted(
            (rule, "dev%d" % n, "Failed" if rule == "raised" else "Succeeded")
            for rule in RULES_EACH for n in range(self.next))
        noc.equal(ended, want, "runs and how they ended")
        noc.equal(self.query("SELECT count(*) FROM live WHERE kind IN "
                             "('hold', 'notice')"), [(0,)],
                  "holds and notices left over")

    def judge_effects(self):
        """No finished step was repeated; each effect had its intent."""
        intents, finished = self.journal()
        done, tokens = {}, {}
        notices = 0
        for step, what, token in self.effects():
            if step == "notice":
                notices += 1
                continue
            run, name, attempt = what.split("/")
            noc.equal(name, step, "the step of %s" % what)
            noc.equal(tokens.setdefault(token, (run, name)), (run, name),
                      "whose token %s is" % token)
            done.setdefault((run, name), []).append(int(attempt))
            noc.check((run, name, int(attempt)) in intents,
                      "%s happened without a durable intent" % what)
        noc.equal(len(tokens), len(done), "tokens of %d steps" % len(done))
        for (run, name), attempts in sorted(done.items()):
            noc.equal(sorted(set(attempts)), sorted(attempts),
                      "attempts of %s/%s" % (run, name))
            if name in ("once", "only"):
                noc.equal(len(attempts), 1, "effects of %s/%s" % (run, name))
            last = finished.get((run, name))
            noc.check(last is None or max(attempts) <= last,
                      "%s/%s was repeated after its end" % (run, name))
            # Twice only where the daemon died in between.
            noc.check(len(attempts) <= 1 + self.crashes,
                      "%s/%s: %d attempts" % (run, name, len(attempts)))
        steps = sorted(name for _, name in done)
        noc.equal(steps, sorted(["one", "two", "once", "only"] * self.next),
                  "steps that happened")
        # One notice an item, one all-clear; again only after a crash.
        noc.check(notices >= 2 * self.next,
                  "%d notices for %d items" % (notices, self.next))

    def journal(self):
        """Intents (run, step, attempt) and the attempt that finished each
        step, from the records."""
        r = noc.nocturne("audit", "export", "--state", self.d.state)
        noc.equal(r.returncode, 0, "audit export (%s)" % r.stderr)
        intents, finished = set(), {}
        for line in r.stdout.splitlines():
            rec = json.loads(line)
            step = rec.get("step", "")
            if not step or ":" in step:
                continue
            attempt = (rec.get("detail") or {}).get("attempt")
            if rec["kind"] == "STEP_START":
                key = (rec["run"], step, attempt)
                noc.check(key not in intents, "two intents %r" % (key,))
                intents.add(key)
            elif rec["kind"] == "STEP_DONE" and rec["outcome"] == "ok":
                noc.check((rec["run"], step) not in finished,
                          "%s/%s finished twice" % (rec["run"], step))
                finished[rec["run"], step] = attempt
        return intents, finished


class Feeder(threading.Thread):
    """Sends items, one after the other, to a daemon that comes and goes."""

    def __init__(self, loop, informs=True):
        super().__init__(daemon=True)
        self.loop = loop
        self.informs = informs
        self.end = threading.Event()
        self.error = None

    def run(self):
        number = 1
        try:
            while not self.end.is_set():
                if not self.loop.item():
                    time.sleep(0.05)
                    continue
                if self.informs and self.loop.inform(number):
                    number += 1
                time.sleep(self.loop.random.uniform(0, 0.08))
        except BaseException as error:
            self.error = error

    def stop(self):
        self.end.set()
        self.join(noc.PATIENCE)
        noc.check(not self.is_alive(), "the feeder does not end")
        if self.error:
            raise self.error
