#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What is written can be read back, and what cannot be read never acts: deep
events over a kill -9, damaged rows, and reloads while a person is asked."""
import json
import os
import signal
import sqlite3
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "flow"))
import noc  # noqa: E402

OPEN = """local open = { per_key = "1000/1m", rate = "1000/1m",
  mass = "1000/1s", targets = "1000/1m", settle = "0s" }
"""
DEEP = OPEN + """
rule "twice" { on = "deep.event", mode = "active", guard = open, run = flow {
  step "one" { exec { "%(dir)s/effect", "one" }, timeout = "50s",
    on_crash = "ask" },
  sleep "3s",
  step "two" { exec { "%(dir)s/effect", "two" }, timeout = "50s",
    on_crash = "ask" } } }
rule "held" { on = "deep.event", mode = "active", guard = open, hold = "3s",
  run = flow { step "it" { exec { "%(dir)s/effect", "held" },
    timeout = "50s" } } }
"""
CODE = OPEN + """
rule "asked" { on = "ask.event", mode = "active", guard = open, run = flow {
  step "only" { when = function(run) return true end,
    exec { "%(dir)s/slow", "asked" }, timeout = "50s", on_crash = "ask" } } }
rule "napper" { on = "nap.event", mode = "active", guard = open, run = flow {
  sleep "2s",
  step "then" { when = function(run) return true end,
    exec { "%(dir)s/effect", "napper" }, timeout = "50s" } } }
rule "sleeper" { on = "sleep.event", mode = "active", guard = open,
  run = flow { sleep "1h", step "then" { when = function(run) return true end,
    exec { "%(dir)s/effect", "sleeper" }, timeout = "50s" } } }
rule "brief" { on = "sleep.event", mode = "active", guard = open,
  run = flow { timeout = "2s", sleep "1h",
    step "then" { when = function(run) return true end,
      exec { "%(dir)s/effect", "brief" }, timeout = "50s" } } }
"""
EFFECT = """#!/bin/sh
echo "$1" >> '%(dir)s/effects.log'
"""
SLOW = EFFECT + "sleep 40\n"


class Work:
    """A daemon whose steps append a word to a file."""

    def __init__(self, rules):
        self.d = noc.Daemon(rules="")
        at = {"dir": self.d.dir}
        noc.write(os.path.join(self.d.dir, "effect"), EFFECT % at, 0o755)
        noc.write(os.path.join(self.d.dir, "slow"), SLOW % at, 0o755)
        self.rules = rules % at
        self.load(self.rules)

    def load(self, text):
        noc.write(os.path.join(self.d.rules, "test.lua"), text)

    def __enter__(self):
        self.d.start()
        return self

    def __exit__(self, *what):
        self.d.__exit__(*what)

    def effects(self):
        try:
            with open(os.path.join(self.d.dir, "effects.log"),
                      encoding="utf-8") as f:
                return f.read().split()
        except FileNotFoundError:
            return []

    def emit(self, kind, data=None):
        reply = self.post(kind, data or {})
        noc.equal(reply.status, 202, "emit %s: %s" % (kind, reply.text))

    def post(self, kind, data):
        return self.d.post("/api/v1/events", {
            "specversion": "1.0", "type": kind, "source": "test", "id": kind,
            "device": "dev1", "data": data},
            headers={"Content-Type": "application/cloudevents+json"})

    def runs(self):
        return {r["rule"]: r for r in self.d.get("/api/v1/runs").json["runs"]}

    def waits(self, rule, phase):
        noc.wait_for(lambda: self.runs().get(rule, {}).get("phase") == phase,
                     "%s to be %s" % (rule, phase))

    def ends(self, rule):
        noc.wait_for(lambda: self.runs().get(rule, {}).get("state") not in
                     (None, "Running", "Pending"), "%s to end" % rule)
        return self.runs()[rule]["state"]

    def verified(self):
        for say in (self.d.cli("audit", "verify"),):
            noc.equal(say.returncode, 0, say.stdout + say.stderr)

    def lose(self):
        """The functions: they are not in the rules any more, and the rules
        of before are not stored."""
        self.load(OPEN)
        self.damage("DELETE FROM definitions WHERE kind = 'tree'")

    def damage(self, sql, *values):
        """While it is stopped: a row's data is no JSON any more."""
        db = sqlite3.connect(os.path.join(self.d.state, "nocturne.db"))
        done = db.execute(sql, values).rowcount
        db.commit()
        db.close()
        noc.equal(done, 1, sql)


def nested(levels):
    value = 7
    for _ in range(levels):
        value = {"n": value}
    return value


for LEVELS in (30, 31):
    @noc.case("an event nested %d deep goes on where it was after kill -9"
              % LEVELS)
    def _(levels=LEVELS):
        with Work(DEEP) as w:
            w.emit("deep.event", nested(levels))
            w.waits("twice", "sleeping")
            noc.equal(w.effects(), ["one"])
            w.d.kill()
            w.d.restart()
            noc.equal(w.ends("twice"), "Succeeded")
            noc.equal(w.ends("held"), "Succeeded")
            noc.equal(sorted(w.effects()), ["held", "one", "two"])
            got = w.d.cli("events", "-o", "jsonl")
            noc.check(json.loads(got.stdout.splitlines()[0])["data"]
                      == nested(levels), "the event is read back whole")
            w.verified()


@noc.case("an event nested deeper than the limit is refused at the door")
def _():
    with Work(DEEP) as w:
        noc.equal(w.post("deep.event", nested(32)).status, 400)
        noc.equal(w.runs(), {})


@noc.case("a run whose row cannot be read is blocked, and only fail ends it")
def _():
    with Work(DEEP) as w:
        w.emit("deep.event")
        w.waits("twice", "sleeping")
        w.d.kill()
        w.damage("UPDATE runs SET json = '{\"at\":' WHERE rule = 'twice'")
        w.d.restart()
        w.waits("twice", "blocked")
        w.d.wait_line("twice .* is blocked: its rows cannot be read")
        ident = w.runs()["twice"]["id"]
        for signal_ in ("retry", "done"):
            said = w.d.cli("run", "signal", ident, signal_)
            noc.equal(said.returncode, 5, signal_)
            noc.check("only fail ends it" in said.stderr, said.stderr)
        noc.equal(w.d.cli("run", "signal", ident, "fail").returncode, 0)
        noc.equal(w.ends("twice"), "Failed")
        noc.equal(w.ends("held"), "Succeeded")
        noc.equal(sorted(w.effects()), ["held", "one"])
        w.verified()


@noc.case("so is one whose row is JSON, but nothing that was ever written")
def _():
    for row in ("[]", "1", '"x"', "null", '{"at":99,"wait":"sleep","due":1}',
                '{"at":-1,"wait":"retry","due":1}',
                '{"extra":[],"wait":"sleep","due":1}'):
        with Work(DEEP) as w:
            w.emit("deep.event")
            w.waits("twice", "sleeping")
            w.d.kill()
            w.damage("UPDATE runs SET json = ? WHERE rule = 'twice'", row)
            w.d.restart()
            w.waits("twice", "blocked")
            w.d.wait_line("twice .* is blocked: its rows cannot be read")
            ident = w.runs()["twice"]["id"]
            noc.equal(w.d.cli("run", "signal", ident, "fail").returncode, 0)
            noc.equal(w.ends("twice"), "Failed")
            noc.equal(w.effects().count("two"), 0)


@noc.case("so is one of whose steps a row cannot be read")
def _():
    with Work(DEEP) as w:
        w.emit("deep.event")
        w.waits("twice", "sleeping")
        w.d.kill()
        w.damage("UPDATE steps SET json = 'x' WHERE path = 'one'")
        w.d.restart()
        w.waits("twice", "blocked")
        noc.equal(w.ends("held"), "Succeeded")
        noc.equal(sorted(w.effects()), ["held", "one"])


@noc.case("nor what the row of a step says when it was never written so")
def _():
    for path, row in (("one", "[]"), ("one", "1"), ("sleep_2", "[]"),
                      ("sleep_2", "null"),
                      ("sleep_2", '{"live":{"wait":"nothing"}}'),
                      ("sleep_2", '{"live":[]}')):
        with Work(DEEP) as w:
            w.emit("deep.event")
            w.waits("twice", "sleeping")
            w.d.kill()
            w.damage("UPDATE steps SET json = ? WHERE path = ?", row, path)
            w.d.restart()
            w.waits("twice", "blocked")
            noc.equal(w.ends("held"), "Succeeded")
            noc.equal(sorted(w.effects()), ["held", "one"], path + row)


@noc.case("a hold whose row cannot be read is said, and counted")
def _():
    with Work(DEEP) as w:
        w.emit("deep.event")
        w.waits("twice", "sleeping")
        w.d.kill()
        w.damage("UPDATE live SET data = '[' WHERE kind = 'hold'")
        w.d.restart()
        w.d.wait_line("1 rows of state cannot be read and are not acted upon:"
                      " hold held")
        metrics = w.d.get("/metrics").text
        noc.check("\nnocturne_state_rows_unreadable 1\n" in metrics, metrics)
        noc.equal(w.ends("twice"), "Succeeded")
        noc.equal(w.effects(), ["one", "two"])


@noc.case("a freeze that cannot be read stops everything that acts")
def _():
    for row in ("", "{}", "[]", '{"match":"device=other","why":"x"}'):
        with Work(DEEP) as w:
            noc.equal(w.d.cli("freeze", "add", "device=other", "--for", "1h",
                              "-m", "x").returncode, 0)
            w.d.kill()
            w.damage("UPDATE live SET data = ? WHERE kind = 'freeze'", row)
            w.d.restart()
            said = w.d.cli("kill", "status")
            noc.check("freeze f1 cannot be read" in said.stdout,
                      said.stdout + said.stderr)
            w.emit("deep.event")
            w.waits("twice", "paused")
            noc.equal(w.effects(), [])


@noc.case("a reload decides nothing for a person")
def _():
    with Work(CODE) as w:
        w.emit("ask.event")
        noc.wait_for(lambda: w.effects() == ["asked"], "the step to begin")
        w.emit("nap.event")
        w.waits("napper", "sleeping")
        w.d.kill()
        w.lose()
        w.d.restart()
        w.waits("asked", "blocked")
        w.waits("napper", "blocked")
        ident = w.runs()["asked"]["id"]
        said = w.d.cli("run", "signal", ident, "retry")
        noc.equal(said.returncode, 5, "retry without its functions")
        noc.check("functions are not in the rules" in said.stderr, said.stderr)
        w.load(w.rules)
        w.d.signal(signal.SIGHUP)
        noc.equal(w.ends("napper"), "Succeeded")
        noc.equal(sorted(w.effects()), ["asked", "napper"])
        w.waits("asked", "blocked")
        w.d.wait_line("asked .*in doubt|asked .*may or may not")
        noc.equal(w.d.cli("run", "signal", ident, "done").returncode, 0)
        noc.equal(w.ends("asked"), "Succeeded")
        noc.equal(sorted(w.effects()), ["asked", "napper"])
        w.verified()


@noc.case("what has its functions again waits as before, and is over in time")
def _():
    with Work(CODE) as w:
        w.emit("sleep.event")
        w.waits("sleeper", "sleeping")
        w.waits("brief", "sleeping")
        w.d.kill()
        w.lose()
        w.d.restart()
        w.waits("sleeper", "blocked")
        w.load(w.rules)
        w.d.signal(signal.SIGHUP)
        w.waits("sleeper", "sleeping")
        noc.equal(w.ends("brief"), "Failed")
        w.d.kill()
        w.d.restart()
        w.waits("sleeper", "sleeping")
        noc.equal(w.effects(), [])
        w.verified()


noc.main()
