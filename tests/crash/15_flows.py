#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""kill -9 in a flow of all forms: parallel, choose, call, each with waves, a
check and undo, each with many calls in flight.  It ends as it does without:
the same steps in the same states, no call repeated that may not be, nothing
acknowledged lost, both verifiers accept, up again within two seconds.
NOC_KILLS asks for more of them (make soak), NOC_SEED repeats one."""
import os
import random
import time

import loop
import noc

DEVICES = 40
MANY = 800
KILLS = int(os.environ.get("NOC_KILLS", "20"))
SEED = int(os.environ.get("NOC_SEED", "20261130"))
UP_S = 2.0

RULES = """
local function again(name)
  return step(name) { exec { "%(dir)s/effect", "again" }, timeout = "50s",
    on_crash = "retry" }
end
flow "forms" {
  input = { devices = "list", bad = "string" },
  parallel { again "left", again "right" },
  choose "how" {
    { when = { ["input.bad"] = "" }, log "all" },
    otherwise = { again "warn" },
  },
  each "deploy" {
    over = "{input.devices}", as = "sw", limit = 10,
    waves = { "1", "25%%", "rest" }, undo = "wave",
    step "push" { exec { "%(dir)s/effect", "once" }, timeout = "50s",
      on_crash = "verify",
      probe = exec { "%(dir)s/done", "{run.id}/deploy[{sw}]/push" },
      undo = exec { "%(dir)s/effect", "back" } },
    again "look",
    check = { step "sane" { exec { "%(dir)s/sane", "{input.bad}" },
      timeout = "50s", on_crash = "retry" } },
  },
  step "tidied" { call "tidy" { n = "{steps.deploy.ok}" },
    after = { deploy = "always" } },
  finally = { again "last" },
}
flow "tidy" { input = { n = "integer" }, again "sweep" }
flow "many" {
  input = { devices = "list" }, guard = { targets = 1000 },
  each "all" { over = "{input.devices}", as = "sw", limit = 50,
    step "go" { exec { "%(dir)s/effect", "again" }, timeout = "50s",
                target = "{sw}", on_crash = "retry" } },
}
"""
# The last wave is the bad one: all of it is done then, whatever the pace.
SANE = """#!/bin/sh
test -z "$1" && exit
test "$(grep -c '^once' '%(dir)s/effects.log')" -lt "$1"
"""


def cpu_seconds(pid):
    with open("/proc/%d/stat" % pid, encoding="ascii") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Flows(loop.Loop):
    """The loop's state directory, verifiers and effects; other rules."""

    def __init__(self):
        super().__init__()
        noc.write(os.path.join(self.dir, "sane"), SANE % vars(self), 0o755)
        noc.write(os.path.join(self.d.rules, "test.lua"), RULES % vars(self))
        self.started = []

    def begin(self, flow, **values):
        """True when its start was acknowledged."""
        try:
            answer = self.d.post("/api/v1/flows/%s/runs" % flow,
                                 {"input": values}, timeout=10)
        except OSError:
            return False
        noc.equal(answer.status, 202, answer.text)
        self.started.append(answer.json["run_id"])
        return True

    def up(self, crash=None):
        up = self.start(crash)
        if up:
            took = cpu_seconds(self.d.pid)
            noc.check(took < UP_S, "%.1f s of CPU until it was up" % took)
        return up

    def done(self):
        return self.query("SELECT count(*) FROM steps"
                          " WHERE state = 'Succeeded'")[0][0]

    def ended(self):
        return all(r["state"] in loop.ENDED for r in self.runs())

    def settle(self):
        noc.wait_for(self.ended, lambda: "the runs to end: %s"
                     % [(r["state"], r["phase"]) for r in self.runs()],
                     every=0.05)
        noc.equal(self.d.stop(), 0, "exit status")
        self.verify()

    def shape(self):
        """How each step of the runs ended, without times."""
        noc.equal(sorted(r for (r,) in self.query(
            "SELECT lower(hex(id)) FROM runs")),
            sorted(r.replace("-", "") for r in self.started),
            "runs in the journal")
        rows = self.query(
            "SELECT rule, r.state, path, s.state, s.json FROM runs r"
            " JOIN steps s ON s.run = r.id")
        return sorted((rule, state, path, how) for
                      rule, state, path, how, _ in rows)

    def judge(self):
        """Each call had an intent; what must happen once did."""
        intents, finished = self.journal()
        seen = {}
        for kind, what, _ in self.effects():
            run, step = what.split("/", 1)
            step, attempt = step.rsplit("/", 1)
            key = (run, step)
            noc.check((run, step, int(attempt)) in intents,
                      "%s happened without a durable intent" % what)
            seen.setdefault(key, []).append(int(attempt))
            noc.check(kind != "once" or len(seen[key]) == 1,
                      "%s happened %d times" % (step, len(seen[key])))
            noc.check(int(attempt) <= finished.get(key, 1 << 30),
                      "%s was repeated after its end" % what)
        return seen


def devices(n):
    return ["sw%03d" % i for i in range(n)]


def forms(bad):
    """Without a crash."""
    work = Flows()
    noc.check(work.up(), "it does not start")
    work.begin("forms", devices=devices(DEVICES), bad=bad)
    work.settle()
    work.judge()
    return work.shape()


BASE = {}
BAD = str(DEVICES)


@noc.case("without a crash: the baseline, well and undone")
def _():
    for bad in ("", BAD):
        BASE[bad] = forms(bad)
    noc.check(("forms", "Succeeded", "deploy", "Succeeded") in BASE[""],
              "it went wrong: %r" % BASE[""][:9])
    noc.check(("forms", "Failed", "deploy[!3]/sane", "Failed") in BASE[BAD],
              "it went well: %r" % BASE[BAD][:9])
    backs = [row for row in BASE[BAD] if row[2].endswith("!undo")]
    noc.equal(len(backs), 29, "items of the last wave that were undone")


POINTS = (("run.after_start", 1), ("run.before_call", 30),
          ("run.after_call", 9), ("run.after_done", 31),
          ("each.after_item", 17), ("each.before_wave", 2),
          ("undo.after_done", 1), ("undo.after_done", 8),
          ("writer.before_commit", 12), ("writer.after_commit", 25))


def register(point, hit):
    @noc.case("killed at %s, time %d" % (point, hit))
    def _():
        work = Flows()
        noc.check(work.up("%s:%d" % (point, hit)), "it does not start")
        while not work.begin("forms", devices=devices(DEVICES), bad=BAD):
            work.died()
            noc.check(work.up(), "it does not start again")
            work.started += [r["id"] for r in work.runs()]
            if work.started:
                break
        noc.wait_for(lambda: not work.alive() or work.crashes,
                     "%s to be reached" % point)
        if not work.crashes:
            work.died()
            again = work.up("%s:1" % point)
            noc.wait_for(lambda: not again or not work.alive()
                         or work.ended(), "it to die again, or the run to end")
            if not work.alive():
                work.died()
                noc.check(work.up(), "it does not start again")
        work.settle()
        work.judge()
        noc.equal(work.shape(), BASE[BAD], "how its steps ended")


for p, h in POINTS:
    register(p, h)


@noc.case("killed at %d random moments of %d items" % (KILLS, MANY))
def _():
    rng = random.Random(SEED)
    work = Flows()
    noc.check(work.up(), "it does not start")
    work.begin("many", devices=devices(MANY))
    for n in range(KILLS):
        # Who dies six times without getting on is blocked.
        if n % 3 == 2:
            before = work.done()
            noc.wait_for(lambda: work.done() > before or work.ended(),
                         "an item to be done")
        # Half of them once calls are out.
        if n % 2:
            noc.wait_for(lambda: work.d.get("/api/v1/status").json[
                "runs"]["calling"] or work.ended(), "calls to be out")
        time.sleep(0.2 * rng.random())
        work.d.kill()
        work.died()
        noc.check(work.up(), "it does not start again")
    work.settle()
    seen = work.judge()
    shape = work.shape()
    noc.equal(work.query("SELECT state, outcome FROM runs"),
              [("Succeeded", "all")], "how the run ended")
    noc.equal(len([r for r in shape if r[2].endswith("/go")]), MANY, "items")
    noc.equal({row[3] for row in shape}, {"Succeeded"}, "how they ended")
    noc.equal(len(seen), MANY, "items that happened")
    print("# seed %d: %d kills, %d effects"
          % (SEED, KILLS, len(work.effects())))


noc.main()
