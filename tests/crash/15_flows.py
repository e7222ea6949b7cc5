#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""kill -9 in a flow of all forms: parallel, choose, call, each with waves, a
check and undo, each with many calls in flight.  It ends as it does without:
the same steps in the same states, no call repeated that may not be, nothing
acknowledged lost, both verifiers accept, up again within two seconds.
NOC_KILLS asks for more of them (make soak), NOC_SEED repeats one.  16_mix.py
dies at the points that are not of flows, too."""
import os
import random
import time

import flows
import loop  # noqa: F401, where noc is found
import noc

DEVICES = 40
MANY = 800
KILLS = int(os.environ.get("NOC_KILLS", "20"))
SEED = int(os.environ.get("NOC_SEED", "20261130"))

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
  input = { devices = "list", limit = "integer", pace = "string" },
  guard = { targets = 1000 },
  each "all" { over = "{input.devices}", as = "sw", limit = "{input.limit}",
    step "go" { exec { "%(dir)s/slowly", "{input.pace}" }, timeout = "50s",
                target = "{sw}", on_crash = "retry" } },
}
"""
# The last wave is the bad one: all of it is done then, whatever the pace.
SANE = """#!/bin/sh
test -z "$1" && exit
test "$(grep -c '^once' '%(dir)s/effects.log')" -lt "$1"
"""
SLOWLY = """#!/bin/sh
sleep "$1"
exec '%(dir)s/effect' again
"""
BAD = str(DEVICES)
BASE = {}


def work():
    return flows.Flows(RULES, sane=SANE, slowly=SLOWLY)


def forms(bad):
    """Without a crash."""
    w = work()
    noc.check(w.up(), "it does not start")
    w.begin("forms", devices=flows.items(DEVICES), bad=bad)
    w.settle()
    w.judge()
    return w.story()


@noc.case("without a crash: the baseline, well and undone")
def _():
    for bad in ("", BAD):
        BASE[bad] = forms(bad)
    noc.equal(BASE[""]["forms", "row", "deploy"][0], "Succeeded", "deploy")
    noc.equal(BASE[BAD]["forms", "row", "deploy[!3]/sane"][0], "Failed",
              "the check of the last wave")
    backs = [path for _, kind, path in BASE[BAD]
             if kind == "row" and path.endswith("!undo")]
    noc.equal(len(backs), 29, "items of the last wave that were undone")


# In the order in which they are passed; at a start the first one again.
POINTS = ("run.after_start:1", "run.before_call:2", "run.after_call:5",
          "each.before_wave:1", "writer.before_commit:12", "run.after_done:9",
          "each.after_item:4", "writer.after_commit:25", "each.after_item:9",
          "run.before_call:1", "run.after_done:31",
          "undo.after_done:1", "undo.after_done:1", "undo.after_done:8",
          "run.after_done:1")


@noc.case("killed at each point of a flow in turn, undone in the end")
def _():
    w = work()

    def feed(_):
        if not w.started:
            w.begin("forms", devices=flows.items(DEVICES), bad=BAD)
    w.die_at(POINTS, feed, lambda: w.started and not w.unended())
    noc.equal(w.crashes, len(POINTS), "deaths")
    noc.check(w.up(), "it does not start again")
    w.settle()
    w.judge()
    w.same(BASE[BAD])


@noc.case("killed at %d random moments of %d items" % (KILLS, MANY))
def _():
    rng = random.Random(SEED)
    w = work()
    noc.check(w.up(), "it does not start")
    w.begin("many", devices=flows.items(MANY), limit=40 if KILLS < 40 else 10,
            pace="0.05" if KILLS < 40 else "0.3")
    went_on, flying = 0, 0
    for n in range(KILLS):
        # Spread over its items, but who dies six times without getting on is
        # blocked; half of them once calls are out.
        before = w.count("Succeeded", "%/go")
        noc.wait_for(lambda: (went_on < 4 and MANY * n < KILLS * before)
                     or w.count("Succeeded", "%/go") > before,
                     "items to be done", every=0.05)
        went_on = 0 if w.count("Succeeded", "%/go") > before else went_on + 1
        if n % 2:
            noc.wait_for(w.calling, "calls to be out")
        else:
            time.sleep(0.2 * rng.random())
        w.d.kill()
        flying += w.calling() > 0
        noc.check(w.unended(), "it had ended before kill %d" % (n + 1))
        w.died()
        noc.check(w.up(), "it does not start again")
    w.settle()
    seen = w.judge()
    rows = [(path, how[0]) for (_, kind, path), how in w.story().items()
            if kind == "row"]
    noc.equal(w.query("SELECT state, outcome FROM runs"),
              [("Succeeded", "all")], "how the run ended")
    noc.equal(len([p for p, _ in rows if p.endswith("/go")]), MANY, "items")
    noc.equal({how for _, how in rows}, {"Succeeded"}, "how they ended")
    noc.equal(len(seen), MANY, "items that happened")
    noc.check(2 * flying >= KILLS, "calls were out at %d of them" % flying)
    print("# seed %d: %d kills, %d with calls out, %d effects, up in %.2f s"
          " of CPU" % (SEED, KILLS, flying, len(w.effects()), w.slowest))


noc.main()
