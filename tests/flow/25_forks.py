#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Runs done once more, and fan-outs that people change while they run, by the
command line and by the API."""
import os
import re

import noc

RULES = """
flow "roll" {
  input = { names = "list", note = { type = "string", default = "first" } },
  each "all" { over = "{input.names}", as = "n", limit = 2, need = "any",
    collect = { said = "steps.do.stdout" },
    step "do" { exec { "%(dir)s/do", "{n}" }, timeout = "50s" } },
  step "tell" { exec { "%(dir)s/do", "{input.note}" }, timeout = "50s" },
}
flow "list" {
  step "one" { exec { "%(dir)s/do", "one" }, timeout = "50s" },
  step "two" { exec { "%(dir)s/do", "two" }, timeout = "50s" },
  step "three" { exec { "%(dir)s/do", "three" }, timeout = "50s" },
}
flow "back" {
  step "one" { exec { "%(dir)s/do", "one" }, timeout = "50s",
    undo = exec { "%(dir)s/do", "un-one" } },
  step "two" { exec { "%(dir)s/do", "two" }, timeout = "50s" },
  sleep "1h",
}
flow "up" { timeout = "3h", start "roll" { names = { "x" } } }
flow "slow" {
  each "all" { over = { "a", "b", "c", "d" }, limit = 1,
    step "do" { exec { "%(dir)s/wait", "{item}" }, timeout = "50s" } },
}
"""
# What is named in bad fails; each call leaves a line.
DO = """#!/bin/sh
echo "$1" >> '%(dir)s/done'
grep -qx "$1" '%(dir)s/bad' && exit 1
echo "ok $1"
"""
WAIT = """#!/bin/sh
echo "$1" >> '%(dir)s/done'
while ! [ -e '%(dir)s/go' ]; do sleep 0.1; done
"""


class World:
    """A daemon, and what its steps have called."""

    def __init__(self):
        self.dir = noc.tempdir()
        for name, text in (("do", DO), ("wait", WAIT)):
            noc.write(os.path.join(self.dir, name), text % vars(self), 0o755)
        self.bad()
        self.d = noc.Daemon(rules=RULES % vars(self))

    def __enter__(self):
        self.d.__enter__()
        return self

    def __exit__(self, *args):
        noc.write(os.path.join(self.dir, "go"), "")
        return self.d.__exit__(*args)

    def bad(self, *names):
        noc.write(os.path.join(self.dir, "bad"), "".join(n + "\n" for n in names))

    def calls(self):
        try:
            with open(os.path.join(self.dir, "done"), encoding="ascii") as f:
                return f.read().split()
        except FileNotFoundError:
            return []

    def done(self):
        """What was called since the last look."""
        names = self.calls()
        noc.write(os.path.join(self.dir, "done"), "")
        return names

    def run(self, *args, status=0):
        said = self.d.cli("run", *args)
        got = said.returncode
        noc.check(got == status or status is None and got,
                  "%d: %s%s" % (got, said.stdout, said.stderr))
        return said.stdout + said.stderr

    def start(self, *args, status=0):
        return self.run("start", *args, "--watch", status=status).split()[0]

    def get(self, run):
        return self.d.get("/api/v1/runs/" + run).json


@noc.case("a list is done again from where it failed, and says what is copied")
def _():
    with World() as w:
        w.bad("two")
        run = w.start("list", status=1)
        noc.equal(w.done(), ["one", "two"], "calls")
        w.bad()
        fork = w.run("fork", run[:13], "--failed", "-m", "mended",
                     "--watch").split()[0]
        noc.equal(w.done(), ["two", "three"], "calls of the fork")
        said = w.run("show", fork)
        noc.check(re.search(r"^parent +%s, of which it is a fork \(record \d+\)"
                            % run, said, re.M), said)
        noc.check(re.search(r"one +exec .* Succeeded, copied", said), said)
        noc.check(not re.search(r"two .*copied", said), said)
        said = w.run("show", run)
        noc.check("children  %s list Succeeded, a fork" % fork in said, said)
        noc.check(run[:13] in w.run("list", "-n", "1"), "no parent in the list")
        steps = {s["path"]: s for s in w.get(fork)["steps"]}
        noc.equal(steps["one"]["copied"], run, "whose step it is")
        start = [r for r in w.d.get("/api/v1/audit?run=" + fork).json["records"]
                 if r["kind"] == "RUN_START"][0]["detail"]["forked_from"]
        noc.equal((start["run"], start["why"], start["failed"]),
                  (run, "mended", True), "RUN_START")
        ends = [r for r in w.d.get("/api/v1/audit?run=" + run).json["records"]
                if r["kind"] == "RUN_END"]
        noc.equal(start["seq"], ends[0]["seq"], "the last record of the run")


@noc.case("items that failed are done again, others keep what they gave")
def _():
    with World() as w:
        w.bad("b", "c")
        run = w.start("roll", 'names=["a", "b", "c", "d"]')
        w.done()
        w.bad("c")
        answer = w.d.post("/api/v1/runs/%s/fork" % run, {
            "failed_items": True, "input": {"note": "second"}})
        noc.equal(answer.status, 202, answer.text)
        fork = answer.json["run_id"]
        noc.equal(answer.json["url"], "/api/v1/runs/" + fork, "url")
        noc.equal(answer.json["forked_from"]["run"], run, "forked_from")
        noc.equal(answer.json["copied"], 4, "two items with a step each")
        w.run("watch", fork)
        noc.equal(sorted(w.done()), ["b", "c", "second"], "calls")
        said = w.run("show", fork, "--items", "all")
        noc.check(re.search(r"^a +Succeeded, copied .*said=ok a", said, re.M),
                  said)
        noc.check(re.search(r"^b +Succeeded +\d.*said=ok b", said, re.M), said)
        noc.equal(w.get(fork)["steps"][0]["counts"]["ok"], 3, "ok")
        w.bad()
        again = w.run("fork", fork, "--failed-items", "--watch").split()[0]
        noc.equal(sorted(w.done()), ["c", "second"], "calls of its fork")
        rows = w.d.get("/api/v1/runs/%s/items?of=all" % again).json["items"]
        noc.equal([r.get("copied") for r in rows], [run, fork, None, run],
                  "who did it")
        said = w.run("fork", again, "--failed-items", status=None)
        noc.check("has items that did not succeed: --from STEP" in said, said)


@noc.case("a cancel says what will be taken back, and what stays changed")
def _():
    with World() as w:
        for args, lines, calls in (
                (["--undo"], ["cancelled", "will be taken back: one",
                              "stays changed: two"], ["one", "two", "un-one"]),
                ([], ["cancelled", "stays changed: one, two"], ["one", "two"])):
            run = w.run("start", "back").split()[0]
            noc.wait_for(lambda r=run: w.get(r)["phase"] == "sleeping", "sleep")
            noc.equal(w.run("cancel", run, *args).splitlines(), lines, "said")
            noc.wait_for(lambda r=run: w.get(r)["state"] == "Cancelled", "end")
            noc.equal(w.done(), calls, "calls")
        run = w.run("start", "back").split()[0]
        noc.wait_for(lambda: w.get(run)["phase"] == "sleeping", "sleep")
        answer = w.d.post("/api/v1/runs/%s/cancel" % run, {"undo": True})
        noc.equal((answer.json["takes_back"], answer.json["stays_changed"]),
                  (["one"], ["two"]), "the answer")


@noc.case("what cannot be forked is refused, and nothing begins")
def _():
    with World() as w:
        run = w.start("list")
        w.done()
        for args, part in (
                (["--failed"], "Nothing of the run failed"),
                ([], "say one of them"),
                (["--from", "tow"], "did you mean 'two'? It has: one, two"),
                (["--from", "one", "--plan", "then"], "not 'then'")):
            said = w.run("fork", run, *args, status=None)
            noc.check(part in said, said)
        post = "/api/v1/runs/%s/fork"
        noc.equal(w.d.post(post % run, {"form": "one"}).status, 400, "a key")
        noc.equal(w.d.post(post % run, {"failed": "yes"}).status, 400, "a type")
        noc.equal(w.d.post(post % run, {"failed": True}).status, 409, "nothing")
        noc.equal(w.d.post(post % ("0" * 32), {"failed": True}).status, 404,
                  "no such run")
        slow = w.run("start", "slow").split()[0]
        noc.wait_for(w.calls, "it to begin")
        said = w.run("fork", slow, "--failed", status=None)
        noc.check("has not ended: `nocturne run cancel" in said, said)
        w.run("cancel", slow, "--force")
        noc.wait_for(lambda: w.get(slow)["state"] == "Cancelled", "its end")
        noc.equal(len(w.d.get("/api/v1/runs").json["runs"]), 2, "runs")


@noc.case("a run says who started it and when it times out")
def _():
    with World() as w:
        up = w.start("up")
        child = w.get(up)["children"][0]
        noc.equal((child["rule"], child["fork"]), ("roll", 0), "its child")
        noc.equal(w.get(child["id"])["parent"], up, "its parent")
        said = w.run("show", child["id"])
        noc.check(re.search(r"^parent +%s, by its step \S+$" % up, said, re.M),
                  said)
        by = w.get(child["id"])["json"]["started_by"]
        noc.equal(by["run"], up, "who started it")
        noc.check(by["step"] in [s["path"] for s in w.get(up)["steps"]],
                  "by which step: %r" % by)
        start = [r for r in w.d.get("/api/v1/audit?run="
                                    + child["id"]).json["records"]
                 if r["kind"] == "RUN_START"][0]
        noc.equal(start["detail"]["started_by"], by, "in the journal")
        noc.check("children  %s roll " % child["id"] in w.run("show", up), "its child")
        slow = w.run("start", "slow").split()[0]
        noc.wait_for(w.calls, "it to begin")
        said = w.run("show", slow)
        noc.check(re.search(r"^timeout +times out in (1d|23h)", said, re.M), said)
        w.run("pause", slow, "--extend", "2d")
        noc.check("times out in 2d" in w.run("show", slow)
                  or "times out in 3d" in w.run("show", slow), w.run("show", slow))
        noc.write(os.path.join(w.dir, "go"), "")


@noc.case("limit and need of an each that runs are set, and stay over a restart")
def _():
    with World() as w:
        run = w.run("start", "slow").split()[0]
        noc.wait_for(lambda: w.calls() == ["a"], "one item")
        for args, part in (
                (["all", "limit=0"], "limit is 1 to 10000, not 0"),
                (["all", "limit=10001"], "limit is 1 to 10000"),
                (["all", "need=5"], "0 to 4, or 0% to 100%, not '5'"),
                (["all", "need=101%"], "not '101%'"),
                (["all", "need=most"], "not 'most'"),
                (["all", "speed=2"], "speed"),
                (["every", "limit=2"], "no each 'every' that runs: all")):
            said = w.run("set", run, *args, status=None)
            noc.check(part in said, said)
        answer = w.d.post("/api/v1/runs/%s/set" % run,
                          {"path": "all", "need": "50%", "why": "enough"})
        noc.equal(answer.status, 200, answer.text)
        w.run("set", run, "all", "limit=3")
        noc.wait_for(lambda: sorted(w.calls()) == ["a", "b", "c"],
                     "two more")
        noc.equal(w.get(run)["steps"][0]["params"]["limit"], 3, "its row")
        signals = [r for r in w.d.get("/api/v1/audit?run=" + run).json["records"]
                   if r["kind"] == "SIGNAL"]
        noc.equal(sorted(r["outcome"] for r in signals),
                  ["set all limit=3", "set all need=50%"], "signals")
        w.d.kill()
        w.done()
        w.d.restart()
        noc.equal(w.get(run)["steps"][0]["params"]["limit"], 3, "its row")
        w.run("cancel", run, "--force")


noc.main()
