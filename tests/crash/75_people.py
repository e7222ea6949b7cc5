#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What people do while flows run, killed in between: the rules are changed or
taken away under a run in each of its states, many cancel, pause and resume at
once, hundreds share locks, limits and dedup keys.  A run ends as its own plan
says, what it had is given back, turns are taken in order, nothing is done
twice."""
import collections
import concurrent.futures
import json
import os
import random
import threading
import time

import flows
import loop  # noqa: F401, where noc is found
import noc

# Until the gate is open; who has lost his parent does nothing.
GATE = """#!/bin/sh
while [ ! -e '%(dir)s/go' ]; do
	[ $PPID -gt 1 ] && kill -0 $PPID 2>/dev/null || exit 1
	sleep 0.05
done
exec '%(dir)s/effect' "$1"
"""
SAME = """
local function gate(name, undo)
  return step(name) { exec { "%(dir)s/gate", "gated" }, timeout = "50s",
    on_crash = "retry", undo = undo }
end
local function act(name, undo)
  return step(name) { exec { "%(dir)s/effect", "act" }, timeout = "50s",
    on_crash = "retry", undo = undo }
end
"""
STATES = SAME + """
flow "items" { each "e" { over = { "a", "b", "c" }, limit = 2, gate "s",
  step "t" { when = function(run) return true end,
    exec { "%(dir)s/effect", "act" }, timeout = "50s", on_crash = "retry" } } }
flow "check" { each "e" { over = { "a", "b" }, waves = { "1", "rest" },
  act "s", check = { gate "c" } } }
flow "undo" { act("s", { exec { "%(dir)s/gate", "back" }, timeout = "50s" }),
  fail "no", on_fail = { undo = "run", act "told" } }
flow "holds" { lock = "one", gate "s" }
flow "waits" { lock = "one", act "s" }
flow "paused" { gate "s", act "t" }
flow "grace" { gate "s", act "t" }
rule "ruled" { on = "do.it", mode = "active", guard = { settle = "0s" },
  run = flow { each "e" { over = { "a" }, gate "s", act "t" } } }
"""
OTHER = 'flow "other" { log "other" }\n'
NEW = SAME + "".join('flow "%s" { act "new" }\n' % name for name in (
    "items", "check", "undo", "holds", "waits", "paused", "grace")) + """
rule "ruled" { on = "do.it", mode = "observe", run = flow { act "new" } }
"""
# What each does by its own plan: flow -> steps.
WANT = {
    "items": ["e[a]/s", "e[a]/t", "e[b]/s", "e[b]/t", "e[c]/s", "e[c]/t"],
    "check": ["e[!1]/c", "e[!2]/c", "e[a]/s", "e[b]/s"],
    "undo": ["s", "s!undo", "told"], "holds": ["s"], "waits": ["s"],
    "paused": ["s", "t"], "ruled": ["e[a]/s", "e[a]/t"],
}


class People(flows.Flows):
    def did(self):
        """Run -> the steps that happened, each as often as it did."""
        names = {run: name for name, run in self.started.items()}
        out = collections.defaultdict(list)
        for _, what, _ in self.effects():
            run, step = what.split("/", 1)
            out[names[run]].append(step.rsplit("/", 1)[0])
        return {name: sorted(steps) for name, steps in out.items()}

    def reload(self):
        mark = self.d.mark()
        self.hup()
        self.d.wait_line(r" reloaded \(", start=mark)

    def killed(self):
        self.d.kill()
        self.died()
        noc.check(self.up(), "it does not start again")

    def say(self, verb, known, **more):
        answer = self.d.post("/api/v1/runs/%s/%s" % (
            self.started[known], verb), {"why": "so", **more})
        noc.check(answer.status in (200, 404, 409), answer.text)
        return answer.status

    def over(self):
        """Nothing is held, nothing is left under way."""
        noc.wait_for(lambda: not self.unended(),
                     lambda: "the end of %r" % self.unended()[:5])
        noc.equal(self.query("SELECT r.rule, path, s.state FROM steps s JOIN "
                             "runs r ON r.id = s.run WHERE s.state IN "
                             "('Pending', 'Running')"), [],
                  "steps of ended runs that are under way")
        said = self.d.get("/api/v1/status").json
        # One that cannot be stopped has its slot until it has ended.
        noc.wait_for(lambda: not any(
            family["out"] for family in self.d.get(
                "/api/v1/status").json["calls"]["families"].values()),
            "all slots to be given back")
        noc.equal((said["runs"]["pending"], said["calls"]["queues"]), (0, []),
                  "pending, queues")
        text = self.d.get("/metrics").text
        for kind in ("limit", "run", "lock", "dedup"):
            for what in ("held", "queued"):
                noc.check('nocturne_names_%s{kind="%s"} 0\n' % (what, kind)
                          in text, "%s is %s" % (kind, what))


def reloaded(rules, kill):
    w = People(STATES, gate=GATE)
    noc.check(w.up(), lambda: "\n".join(w.d.err.all))
    for name in WANT:
        if name != "ruled":
            noc.check(w.begin(name), name)
    noc.check(w.begin("grace"), "grace")
    w.post("do.it", "it", "sw1")
    noc.wait_for(lambda: w.calling() == 8, lambda: repr(w.query(
        "SELECT path FROM steps WHERE state = 'Running'")))
    w.started["ruled"] = next(r["id"] for r in w.runs()
                              if r["rule"] == "ruled")
    noc.equal(w.say("pause", "paused"), 200, "pause")
    noc.equal(w.say("cancel", "grace"), 200, "cancel")
    noc.equal({n: w.run(n)["state"] for n in w.started},
              {**dict.fromkeys(w.started, "Running"), "waits": "Pending"},
              "states before")
    w.put(rules)
    w.reload()
    if kill:
        w.killed()
    noc.equal(w.ask("items").status, 404 if rules == OTHER else 202,
              "a start by the rules that are now")
    w.started["new"] = next((r["id"] for r in w.runs() if r["id"] not in
                             w.started.values()), None)
    noc.write(os.path.join(w.dir, "go"), "")
    noc.wait_for(lambda: w.query("SELECT 1 FROM steps WHERE path = 's' AND "
                                 "state = 'Succeeded' AND run = x'%s'" %
                                 w.started["paused"].replace("-", "")) or kill,
                 "what was out of the one that is paused")
    time.sleep(0.2)
    noc.equal(w.run("paused")["phase"], "paused", "it is paused still")
    noc.check("t" not in w.did().get("paused", []), "it went on")
    noc.equal(w.say("resume", "paused"), 200, "resume")
    w.over()
    there = [n for n in w.started if w.started[n]]
    states = {**dict.fromkeys(there, "Succeeded"), "undo": "Failed",
              "grace": "Cancelled"}
    want = dict(WANT, grace=["s"], new=["new"])
    if rules == OTHER:
        # For a rule that is gone nothing is changed any more.
        states["ruled"] = "Failed"
        want["ruled"] = ["e[a]/s"]
        if kill:  # nor done again
            del want["ruled"]
        noc.equal(w.run("ruled")["outcome"],
                  "e (rule): 1 of 1 failed (need all): 1 permanent rule", "why")
        del want["new"]
    noc.equal({n: w.run(n)["state"] for n in there}, states, "states")
    if kill:
        del want["grace"]  # nobody waits for it any more
    noc.equal(w.did(), want, "what was done")
    noc.equal(w.d.stop(), 0, "exit status")
    w.verify()


def register(what, rules, kill):
    @noc.case("the rules are %s under runs in every state%s"
              % (what, ", then it is killed" if kill else ""))
    def _():
        reloaded(rules, kill)


for KILL in (False, True):
    register("changed", NEW, KILL)
    register("gone", OTHER, KILL)


# ---- many at once ----

BUSY = SAME + """
flow "busy" { input = { n = "integer" }, on_cancel = "undo", parallel {
    each "e" { over = { "a", "b", "c", "d" }, limit = 2,
      waves = { "1", "rest" }, check = { act "ck" },
      act("s", exec { "%(dir)s/effect", "back" }), sleep "300ms", act "t" },
    act("p", exec { "%(dir)s/effect", "back" }) },
  sleep "300ms", finally = { act "z" } }
"""


@noc.case("cancel, pause, resume and reload at once, killed in between")
def _():
    w = People(BUSY)
    noc.check(w.up(), lambda: "\n".join(w.d.err.all))
    for n in range(24):
        noc.check(w.begin("busy", n, n=n), "a start")
    said = collections.Counter()
    forced = set()
    stop = threading.Event()

    def talk(seed):
        rng = random.Random(seed)
        while not stop.is_set():
            n, verb = rng.randrange(24), rng.choice(
                ["pause", "resume", "pause", "resume", "cancel"])
            more = {}
            if verb == "cancel" and rng.random() < 0.5:
                more = rng.choice(({"undo": True}, {"force": True}))
            try:
                if "force" in more:
                    forced.add(n)
                said[verb, w.say(verb, n, **more)] += 1
            except OSError:
                time.sleep(0.1)

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        talkers = [pool.submit(talk, seed) for seed in range(6)]
        for n in range(6):
            w.put(BUSY + "-- %d\n" % n + (OTHER if n % 2 else ""))
            w.hup()
            time.sleep(0.3)
            if n % 3 == 2:
                w.killed()
        stop.set()
        for talker in talkers:
            talker.result()
    for n in range(24):
        noc.check(w.say("resume", n) in (200, 404, 409), "resume")
    w.over()
    noc.equal({v for v, _ in said}, {"pause", "resume", "cancel"}, "verbs")
    noc.check(said["cancel", 200] > 3 and said["pause", 200] > 3, repr(said))
    noc.equal(w.d.stop(), 0, "exit status")
    w.verify()
    w.judge()
    did = w.did()
    for n, run in w.started.items():
        (state, text), = w.query("SELECT state, json FROM runs WHERE id = x'%s'"
                                 % run.replace("-", ""))
        steps = set(did.get(n, []))
        changed = {s for s in steps if s == "p" or s.endswith("/s")}
        back = {s[:-5] for s in steps if s.endswith("!undo")}
        # Cancelled while its body ran, not in its last steps, and by nobody
        # who would not wait.
        by = json.loads(text).get("cancel")
        if by and not by.get("closes") and n not in forced:
            noc.equal((state, changed - back), ("Cancelled", set()),
                      "what stays of run %s" % n)
        elif state == "Succeeded":
            noc.equal((len(changed), back), (5, set()), "run %s" % n)
    print("# %r, %d killed" % (sorted(said.items()), w.crashes))


SHARED = SAME + """
local input = { n = "integer", k = "string" }
flow "lock" { input = input, lock = { "l/{input.k}", "m/{input.k}" },
  act "in", sleep "20ms", act "out" }
flow "limit" { input = input, limits = { ["s/{input.k}"] = 2, whole = 4 },
  act "in", sleep "20ms", act "out" }
flow "queue" { input = input, dedup = "{input.k}", on_running = "queue",
  act "in", sleep "10ms", act "out" }
flow "join" { input = input, dedup = "{input.k}", on_running = "join",
  act "in", sleep "50ms" }
flow "supersede" { input = input, dedup = "{input.k}",
  on_running = "supersede", act "in", sleep "50ms", act "out" }
flow "steps" { input = input, step "in" { exec { "%(dir)s/effect", "act" },
  timeout = "50s", on_crash = "retry", limits = { ["c/{input.k}"] = 2 } } }
"""
SHARES = ("lock", "limit", "queue", "join", "supersede", "steps")
# Of one name at once.
MOST = {"lock": 1, "limit": 2, "queue": 1, "join": 1, "supersede": 1}


@noc.case("hundreds share locks, limits and dedup keys, killed in between")
def _():
    w = People(SHARED)
    noc.check(w.up(), lambda: "\n".join(w.d.err.all))
    rng = random.Random(8)
    todo = [(flow, n, str(n % 3)) for n in range(50) for flow in SHARES]
    joined = []

    def one(start):
        flow, n, k = start
        answer = w.ask(flow, n=n, k=k)
        if answer is None:
            return
        noc.equal(answer.status, 202, answer.text)
        run = answer.json["run_id"]
        if flow == "join" and run in w.started.values():
            joined.append(run)
        else:
            w.started[flow, n] = run

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        for at in range(0, len(todo), 20):
            # Some are asked for by who has just died.
            going = [pool.submit(one, s) for s in todo[at:at + 20]]
            if at % 60 == 40:
                time.sleep(0.05 * rng.random())
                w.killed()
            for start in going:
                start.result()
    w.over()
    for k in "012":
        for flow in SHARES:
            noc.check(w.begin(flow, (flow, "after", k), n=0, k=k), flow)
    w.over()
    noc.equal(w.d.stop(), 0, "exit status")
    w.verify()
    there = {flows.dashed(uid) for (uid,) in
             w.query("SELECT lower(hex(id)) FROM runs")}
    noc.check({*w.started.values(), *joined} <= there, "a start is lost")
    noc.equal({rule for (rule,) in w.query(
        "SELECT rule FROM runs WHERE state != 'Succeeded'")}, {"supersede"},
        "who did not succeed")
    shared(w)


def shared(w):
    """What the journal says: never more at once than may be, in order."""
    who = {flows.dashed(uid): (rule, json.loads(text)["input"]["k"])
           for uid, rule, text in w.query(
               "SELECT lower(hex(id)), rule, json FROM runs")}
    now, most = collections.defaultdict(set), collections.Counter()
    came, began = collections.defaultdict(list), collections.defaultdict(list)
    for rec in w.records():
        run = rec.get("run")
        if run not in who:
            continue
        keys = [who[run]] + ([("whole", "")] if who[run][0] == "limit" else [])
        if rec["kind"] == "RUN_START":
            came[who[run]].append(run)
        elif rec["kind"] == "STEP_START" and run not in began[who[run]]:
            began[who[run]].append(run)
            for key in keys:
                now[key].add(run)
                most[key] = max(most[key], len(now[key]))
        elif rec["kind"] == "RUN_END":
            for key in keys:
                now[key].discard(run)
    for (rule, k), n in most.items():
        noc.check(n <= {**MOST, "whole": 4}.get(rule, 99),
                  "%d of %s/%s at once" % (n, rule, k))
    noc.check(most["whole", ""] >= 2, "the limit was not used")
    for key in came:
        if key[0] in ("lock", "queue"):
            noc.equal(began[key], came[key], "turns at %s/%s" % key)


# ---- names that match nothing ----

NAMES = """
flow "lock" { input = { k = "string" }, lock = "{input.k}", sleep "1h" }
flow "limit" { input = { k = "string" }, limits = { ["{input.k}"] = 1 },
  sleep "1h" }
flow "dedup" { input = { k = "string" }, dedup = "{input.k}", sleep "1h" }
flow "step" { input = { k = "string" }, step "s" {
  exec { "%(dir)s/effect", "never" }, timeout = "5s",
  limits = { ["{input.k}"] = 1 } } }
flow "nobody" { input = { k = "string" }, each "e" {
  over = inventory { role = "nosuch" }, as = "sw",
  step "s" { exec { "%(dir)s/effect", "never" }, timeout = "5s" } } }
flow "asks" { input = { k = "string" }, each "e" { over = { "a", "b" },
  step "s" { exec { "%(dir)s/gate", "once" }, timeout = "50s" } } }
"""


@noc.case("names of no run, step, item, device, and empty ones, are said")
def _():
    w = People(NAMES, gate=GATE)
    w.d.sets["inventory.path"] = noc.write(os.path.join(
        w.dir, "inventory.csv"), "name,address,role\nsw1,192.0.2.1,access\n")
    noc.check(w.up(), lambda: "\n".join(w.d.err.all))
    for flow in ("lock", "limit", "dedup"):
        answer = w.ask(flow, k="")
        noc.equal(answer.status, 400, answer.text)
        noc.check(("becomes 0 bytes; it must be 1 to 256" if flow == "dedup"
                   else "'input.k' is an empty text") in answer.text,
                  answer.text)
    for flow in ("step", "nobody", "asks"):
        noc.check(w.begin(flow, k=""), flow)
    noc.wait_for(lambda: w.calling() == 2 and len(w.unended()) == 1,
                 lambda: repr(w.unended()))
    noc.check("limits: 'input.k' is an empty text" in w.run("step")["outcome"],
              w.run("step")["outcome"])
    noc.check("no items" in w.run("nobody")["outcome"],
              w.run("nobody")["outcome"])
    w.killed()
    noc.wait_for(lambda: w.run("asks")["phase"] == "blocked", "the question")
    run = w.started["asks"]
    other = "0" * 8 + run[8:]
    for status, words in (
            (3, ("cancel", other)), (3, ("pause", other)),
            (3, ("resume", other)), (3, ("signal", other, "done")),
            (5, ("signal", run, "done")), (5, ("signal", run, "e", "nosuch")),
            (5, ("signal", run, "x", "done")),
            (5, ("signal", run, "e[c]/s", "done")),
            (5, ("signal", run, "e", "done", "--items", "a,c")),
            (5, ("resume", run)), (3, ("show", run, "--items", "x")),
            (3, ("show", run, "--item", "e[c]"))):
        said = w.d.cli("run", *words)
        noc.equal(said.returncode, status, "run %s: %s%s"
                  % (" ".join(words), said.stdout, said.stderr))
        noc.check(said.stderr.startswith("nocturne: "), said.stderr)
    noc.equal(w.run("asks")["phase"], "blocked", "its phase after all that")
    noc.equal(w.d.cli("run", "signal", run, "e", "done", "--items",
                      "a,b").returncode, 0, "both items")
    w.over()
    noc.equal(w.effects(), [], "what was done")
    noc.equal(w.d.stop(), 0, "exit status")
    w.verify()


noc.main()
