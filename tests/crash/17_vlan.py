#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""kill -9 at every named point that a run can pass, in the campus VLAN service
(40 switches, some of which go back), also while people and the executor are
waited for: the same story in the journal as without, each job launched once,
the ticket closed once, both verifiers accept.  NOC_KILLS=N: also N kills at any
time of a service of 800 switches (make soak)."""
import os
import re
import shutil
import time

import flows
import loop  # noqa: F401, where noc is found
import noc
from standin.campus import SECRETS, Systems

EXAMPLE = os.path.join(noc.SRCDIR, "examples", "campus-vlan")
SWITCHES = 40
KILLS = int(os.environ.get("NOC_KILLS", "0"))
BASE = []


class Vlan(flows.Flows):
    """The rules of the example, and the systems around it."""

    def __init__(self, gate="30m", switches=SWITCHES, within="15s"):
        super().__init__("")
        self.systems = Systems(switches)
        self.sick = set(self.systems.names[3::9])
        self.systems.awx.sick = self.sick
        for name in os.listdir(os.path.join(EXAMPLE, "rules")):
            path = os.path.join(EXAMPLE, "rules", name)
            if os.path.isdir(path):
                shutil.copytree(path, os.path.join(self.d.rules, name))
            elif not name.endswith(".test.lua"):
                shutil.copy(path, self.d.rules)
        noc.write(os.path.join(self.d.rules, "site.lua"), self.systems.site(
            gate=gate, every="500ms", within=within))
        self.d.sets["http.allow"] = "127.0.0.0/8"
        for name, text in SECRETS.items():
            noc.write(os.path.join(self.d.state, "secrets", name), text, 0o600)
        self.decides = gate == "30m"

    def feed(self, point):
        if point.startswith("reload."):
            self.hup()
        if not self.started:
            self.begin("campus-vlan", change="CHG0030001", ticket="c" * 32,
                       requester="joe", segment="app-payments", vid=842,
                       subnet="10.22.14.0/24", building="building-b",
                       gate=True)
        elif self.decides:
            self.approve()

    def approve(self):
        try:
            answer = self.d.post(
                "/api/v1/gates/" + self.started["campus-vlan"],
                {"decision": "approve", "force": True}, timeout=20)
        except OSError:
            return
        noc.check(answer.status in (200, 404, 409, 503), answer.text)

    def over(self):
        return self.started and not self.unended()

    def rest_or_kill(self):
        """One that has died four times in one step gets on first."""
        if self.weary():
            noc.wait_for(lambda: not self.weary(), "it to get on", every=0.1)
        self.d.kill()
        self.died()

    def plain(self):
        """How often a switch was read before it was given up is time."""
        return {k: (*v[:2], re.sub(r"\(\d+ reads\)", "", v[2]))
                if k[1] == "STEP_DONE" else v for k, v in self.story().items()}

    def same(self, want):
        got = self.plain()
        differ = sorted((k for k in {*got, *want}
                         if got.get(k) != want.get(k)), key=str)
        noc.check(not differ, lambda: "%d differ from a run without a crash, "
                  "as %r" % (len(differ), [
                      (k, got.get(k), want.get(k)) for k in differ[:4]]))

    def ended(self):
        """What the systems were asked, and how often."""
        w, names = self.systems, set(self.systems.names)
        noc.equal(self.query("SELECT state, outcome FROM runs"),
                  [("Succeeded", "partial")], "the run: %r" % self.query(
                      "SELECT path, json_extract(json, '$.error') FROM steps "
                      "WHERE state = 'Failed' LIMIT 5"))
        noc.equal(w.awx.jobs_of("deploy"), [names], "deployed")
        noc.equal(w.awx.jobs_of("rollback"), [self.sick], "rolled back")
        ticket = w.snow.changes[0]
        noc.equal(ticket["state"], "0", "the ticket is in review")
        noc.check("taken back from %d" % len(self.sick)
                  in ticket["work_notes"], ticket["work_notes"])
        noc.check(w.slack.messages, "nobody was told")
        decided = [(r["outcome"], r["actor"]) for r in self.records()
                   if r["kind"] == "GATE" and
                   (r["detail"] or {}).get("decided")]
        noc.equal(len(decided), 1, "decisions: %r" % decided)


def served(*points, gate="30m"):
    """Dies at each of these in turn, and is judged."""
    w = Vlan(gate)
    w.die_at(points, w.feed, w.over, must=False)
    noc.check(w.up(), "it does not start again")
    noc.wait_for(lambda: w.feed("") or not w.unended() and w.started,
                 lambda: "its end: %r" % w.unended())
    w.settle()
    w.ended()
    w.systems.stop()
    story = w.plain()
    if not BASE:
        BASE.append(story)
    w.same(BASE[0])
    return w


@noc.case("the service without a crash: the baseline")
def _():
    served()


POINTS = ("run.after_start:1", "writer.before_commit:3", "run.before_call:1",
          "writer.after_commit:4", "run.after_call:2", "run.after_done:20",
          "each.after_item:7", "run.after_call:40", "writer.before_ack:9",
          "run.before_call:30", "writer.after_insert:9", "reload.swapped:1",
          "run.after_done:9", "writer.before_begin:6", "each.after_item:11",
          "run.after_call:3", "run.before_call:2", "writer.after_ack:4",
          "run.after_done:2", "writer.before_commit:2")


@noc.case("killed at each point in turn")
def _():
    w = served(*POINTS)
    print("# %d deaths, up in %.2f s of CPU" % (w.crashes, w.slowest))


@noc.case("killed at the calls of the executor, the ticket and the chat")
def _():
    w = served(*["run.%s:%d" % (how, n) for n in (1, 2, 3)
                 for how in ("before_call", "after_call", "after_done")])
    print("# %d deaths" % w.crashes)


def random_kills():
    """Half of them while people or the executor are waited for: it is they
    that take longest."""
    w = Vlan(switches=800, within="60s")
    w.decides = False
    kills = 0
    while not w.over() and kills < KILLS:
        noc.check(w.up(), "it does not start again")
        w.decides = kills > KILLS // 3
        until = time.monotonic() + w.random.uniform(0.02, 0.3)
        while time.monotonic() < until and w.alive():
            w.feed("")
            time.sleep(0.05)
        w.rest_or_kill()
        kills += 1
    w.decides = True
    noc.check(w.up(), "it does not start again")
    noc.wait_for(lambda: w.feed("") or not w.unended() and w.started,
                 lambda: "its end: %r" % w.unended(), every=0.2)
    w.settle()
    w.ended()
    w.systems.stop()
    print("# %d kills, up in %.2f s of CPU" % (kills, w.slowest))


if KILLS:
    noc.case("800 switches, killed at any time")(random_kills)

noc.main()
