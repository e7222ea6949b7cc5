#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""kill -9 around a fork: right after its answer, in the middle of the
transactions that make it, and at each point after them.  It is there whole or
has ended and done nothing, it goes on from what it has copied, nothing that must happen once does
so twice, and both verifiers accept."""
import os

import loop
import noc

ITEMS = 110  # of three rows each: more than a slice
BAD = 20
RULES = """
flow "roll" {
  input = { names = "list" },
  each "all" { over = "{input.names}", as = "n", limit = 4, need = "any",
    step "push" { exec { "%(dir)s/push", "{n}" }, timeout = "50s",
      on_crash = "verify",
      probe = exec { "%(dir)s/done", "{run.id}/all[{n}]/push" } },
    step "look" { exec { "%(dir)s/effect", "again" }, timeout = "50s",
      on_crash = "retry" } },
  step "tell" { exec { "%(dir)s/effect", "again" }, timeout = "50s",
    on_crash = "retry" },
}
"""
PUSH = """#!/bin/sh
grep -qx "$1" '%(dir)s/bad' && exit 1
exec '%(dir)s/effect' once
"""
HALF = "it was not copied whole when the daemon ended: fork again"
POINTS = ("run.after_start", "fork.after_slice", "fork.after_rows", "run.after_done",
          "each.after_item")


class Forks(loop.Loop):
    """The loop's state directory, verifiers and effects; other rules."""

    def __init__(self):
        super().__init__()
        names = ["n%02d" % n for n in range(ITEMS)]
        noc.write(os.path.join(self.dir, "bad"),
                  "".join(n + "\n" for n in names[:BAD]))
        noc.write(os.path.join(self.dir, "push"), PUSH % vars(self), 0o755)
        noc.write(os.path.join(self.d.rules, "test.lua"), RULES % vars(self))
        self.start()
        answer = self.d.post("/api/v1/flows/roll/runs",
                             {"input": {"names": names}})
        noc.equal(answer.status, 202, answer.text)
        self.run = answer.json["run_id"]
        self.ended()
        noc.equal(len(self.effects()), 2 * (ITEMS - BAD) + 1, "effects")
        noc.write(os.path.join(self.dir, "bad"), "")
        noc.equal(self.d.stop(), 0, "exit status")

    def ended(self):
        noc.wait_for(lambda: all(r["state"] in loop.ENDED for r in self.runs()),
                     "the runs to end", every=0.05)

    def fork(self):
        """Its id; None: it was not acknowledged."""
        try:
            answer = self.d.post("/api/v1/runs/%s/fork" % self.run,
                                 {"failed_items": True}, timeout=10)
        except OSError:
            return None
        noc.equal(answer.status, 202, answer.text)
        return answer.json["run_id"]

    def judge(self, forks):
        """So many of them, each whole, with what it did itself."""
        self.ended()
        noc.equal(self.d.stop(), 0, "exit status")
        self.verify()
        rows = self.query(
            "SELECT sum(json_extract(s.json, '$.copied') IS NOT NULL),"
            " count(*), r.state, json_extract(e.json, '$.output.ok')"
            " FROM runs r JOIN steps s ON s.run = r.id JOIN steps e ON"
            " e.run = r.id AND e.path = 'all' WHERE r.parent IS NOT NULL"
            " AND r.outcome <> '%s' GROUP BY r.id" % HALF)
        noc.equal(rows, [(3 * (ITEMS - BAD), 3 * ITEMS + 2, "Succeeded",
                          ITEMS)] * forks, "forks")
        noc.equal(self.query(
            "SELECT count(*) FROM runs r JOIN steps s ON s.run = r.id WHERE"
            " r.outcome = '%s' AND (r.state <> 'Failed' OR"
            " json_extract(s.json, '$.copied') IS NULL)" % HALF), [(0,)],
                  "what half of one did")
        times = {}
        for kind, what, _ in self.effects():
            if kind == "once":
                step = what.rsplit("/", 1)[0]
                times[step] = times.get(step, 0) + 1
        noc.equal(len(times), ITEMS - BAD + BAD * forks, "items")
        noc.equal(set(times.values()), {1}, "how often each of them")


@noc.case("killed right after the answer")
def _():
    work = Forks()
    work.start()
    fork = work.fork()
    work.d.kill()
    work.died()
    noc.check(work.start(), "it does not start again")
    noc.check(fork in [r["id"] for r in work.runs()], "the fork is lost")
    work.judge(1)


def register(point, hit):
    @noc.case("killed at %s, time %d" % (point, hit))
    def _():
        work = Forks()
        work.start("%s:%d" % (point, hit))
        known = work.fork()
        work.d.wait()
        work.died()
        noc.check(work.start(), "it does not start again")
        work.ended()
        forks = [r for r in work.runs() if r["id"] != work.run]
        there = [r["id"] for r in forks if r["outcome"] != HALF]
        for half in (r["id"] for r in forks if r["outcome"] == HALF):
            noc.equal(work.d.post("/api/v1/runs/%s/fork" % half,
                                  {"failed_items": True}).status, 409,
                      "a fork of half of one")
        noc.check(not known or [known] == there, "the fork is lost")
        if not there:
            noc.check(work.fork(), "it cannot be forked once more")
        work.judge(1)


for p in POINTS:
    for h in (1,) if p.startswith(("run.after_start", "fork.")) else (1, 7):
        register(p, h)

noc.main()
