# SPDX-License-Identifier: ISC
"""What the crash tests of flows share: runs that are started and acknowledged,
a daemon that dies at one named point after the other, and the story that the
journal tells at the end, without times."""
import collections
import glob
import json
import os
import re
import time

import loop
import noc

UP_S = 2.0
# Passed before there is a journal, or only by a damaged or an older file.
ELSEWHERE = ("create.", "recover.", "migrate.")


def points(elsewhere=False):
    """All that the sources name and a run can pass."""
    found = set()
    for path in glob.glob(os.path.join(noc.SRCDIR, "**", "*.c"),
                          recursive=True):
        if not path.startswith(os.path.join(noc.SRCDIR, "build")):
            with open(path, encoding="utf-8") as f:
                found |= set(re.findall(r'noc_crash_point\("([^"]+)"\)',
                                        f.read()))
    return sorted(p for p in found
                  if elsewhere or not p.startswith(ELSEWHERE))


def cpu_seconds(pid):
    with open("/proc/%d/stat" % pid, encoding="ascii") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def dashed(uid):
    return "-".join((uid[:8], uid[8:12], uid[12:16], uid[16:20], uid[20:]))


def items(n):
    return ["sw%03d" % i for i in range(n)]


class Flows(loop.Loop):
    """The loop's state directory, verifiers and effects; rules of its own, in
    which %(dir)s is where its programs are."""

    def __init__(self, rules, **scripts):
        super().__init__()
        for name, text in scripts.items():
            noc.write(os.path.join(self.dir, name), text % vars(self), 0o755)
        self.put(rules)
        self.started = {}   # what the start is known by -> the run's id
        self.unsure = set()  # asked for, and the daemon died
        self.slowest = 0.0  # start, s of CPU

    def put(self, rules, name="test.lua"):
        noc.write(os.path.join(self.d.rules, name), rules % vars(self))

    # ---- runs ----

    def ask(self, flow, **values):
        """The answer to a start; None when the daemon died."""
        try:
            return self.d.post("/api/v1/flows/%s/runs" % flow,
                               {"input": values}, timeout=20)
        except OSError:
            return None

    def begin(self, flow, known=None, **values):
        """True when its start was acknowledged, or is there all the same."""
        known = flow if known is None else known
        if known in self.unsure and not self.alive():
            return False
        run = known in self.unsure and self.find(flow, values)
        if not run:
            answer = self.ask(flow, **values)
            if answer is None or answer.status == 503:
                self.unsure.add(known)
                return False
            noc.equal(answer.status, 202, answer.text)
            run = answer.json["run_id"]
        self.started[known] = run
        return True

    def find(self, flow, values):
        for uid, text in self.query("SELECT lower(hex(id)), json FROM runs "
                                    "WHERE rule = '%s'" % flow):
            if json.loads(text).get("input") == values:
                return dashed(uid)
        return None

    def up(self, crash=None):
        up = self.start(crash)
        if up:
            took = cpu_seconds(self.d.pid)
            self.slowest = max(self.slowest, took)
            noc.check(took < UP_S, "%.1f s of CPU until it was up" % took)
        return up

    def run(self, known):
        return self.d.get("/api/v1/runs/" + self.started[known]).json

    def count(self, state, like="%"):
        return self.query("SELECT count(*) FROM steps WHERE state = '%s' AND "
                          "path LIKE '%s'" % (state, like))[0][0]

    def unended(self):
        return self.query("SELECT rule, state, phase, outcome FROM runs WHERE "
                          "state IN ('Pending', 'Running')")

    def calling(self):
        """Calls whose end is not written; of a daemon that was killed too."""
        return self.query("SELECT count(*) FROM steps WHERE json_extract("
                          "json, '$.live.wait') = 'call'")[0][0]

    def weary(self):
        """Runs that one death more, or two, would leave blocked: so often has
        it died with nothing of them getting on."""
        return self.query("SELECT rule FROM runs WHERE state = 'Running' AND "
                          "json_extract(json, '$.recoveries') >= 4")

    def rest(self):
        """On a slow machine a call may outlast several lives: one life in
        which those get on."""
        if self.crashes and self.weary() and self.up():
            noc.wait_for(lambda: not self.weary(), "runs to get on", every=0.1)
            noc.equal(self.d.stop(), 0, "exit status")

    def die_at(self, names, work, over, must=True):
        """Dies at each of them (that it passes), a life each; work() is called
        meanwhile."""
        for name in names:
            self.rest()
            up = self.up(name)
            noc.wait_for(lambda: not up or not self.alive() or work(name)
                         or over(), "%s to be reached" % name, every=0.01)
            if up and self.alive():
                time.sleep(0.2)  # what was written last may be its last
                if not must and self.alive():
                    self.d.kill()
            noc.check(not up or not self.alive(), "%s was not reached: %r" % (
                name, self.query("SELECT rule, state FROM runs")[:9]))
            self.died()

    def settle(self):
        noc.wait_for(lambda: not self.unended(),
                     lambda: "the runs to end: %r" % self.unended()[:9],
                     every=0.1)
        noc.equal(self.d.stop(), 0, "exit status")
        self.verify()

    # ---- the end ----

    def known(self):
        """run -> what its start is known by; no run is without one."""
        names = {run: name for name, run in self.started.items()}
        noc.equal(len(names), len(self.started), "runs of different starts")
        there = {r for (r,) in self.query("SELECT lower(hex(id)) FROM runs")}
        noc.equal(there, {r.replace("-", "") for r in names},
                  "runs in the journal")
        return names

    def story(self):
        """The journal without times, attempts and what was tried again: of
        each run how it began, and how each step of it and it itself ended;
        and of each row its state and how many of what it holds did."""
        names = self.known()
        told = {}
        for rec in self.records():
            if rec["kind"] not in ("RUN_START", "STEP_DONE", "RUN_END"):
                continue
            error = (rec.get("detail") or {}).get("error") or {}
            what = (names[rec["run"]], rec["kind"], rec.get("step", ""))
            noc.check(rec["kind"] == "STEP_DONE" or what not in told,
                      "twice in the journal: %r" % (what,))
            how = rec.get("outcome", "").replace(": it had happened", "")
            told[what] = (how, error.get("class", ""),
                          error.get("message", "").replace(self.dir, ""))
        for uid, path, state, text in self.query(
                "SELECT lower(hex(run)), path, state, json FROM steps"):
            said = json.loads(text)
            told[names[dashed(uid)], "row", path] = (state, said.get("undone"), [
                said.get(k) for k in ("total", "ok", "failed", "skipped")])
        return told

    def records(self):
        r = noc.nocturne("audit", "export", "--state", self.d.state)
        noc.equal(r.returncode, 0, "audit export (%s)" % r.stderr)
        return [json.loads(line) for line in r.stdout.splitlines()]

    def same(self, want):
        got = self.story()
        differ = sorted((k for k in {*got, *want}
                         if got.get(k) != want.get(k)), key=str)
        noc.check(not differ, lambda: "%d differ from a run without a crash, "
                  "as %r" % (len(differ), [
                      (k, got.get(k), want.get(k)) for k in differ[:4]]))

    def judge(self):
        """Each call had an intent; what must happen once did."""
        intents, finished = self.journal()
        seen = collections.defaultdict(list)
        for kind, what, _ in self.effects():
            if kind == "notice":
                continue
            run, step = what.split("/", 1)
            step, attempt = step.rsplit("/", 1)
            key = (run, step)
            noc.check((run, step, int(attempt)) in intents,
                      "%s happened without a durable intent" % what)
            seen[key].append(int(attempt))
            noc.check(kind != "once" or len(seen[key]) == 1,
                      "%s happened %d times" % (step, len(seen[key])))
            noc.check(int(attempt) <= finished.get(key, 1 << 30),
                      "%s was repeated after its end" % what)
        return seen
