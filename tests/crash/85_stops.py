#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Flows in time: the daemon is stopped (SIGSTOP) across timeouts of items, a
wave's check, an undo; and somebody sets its wall clock, running or killed,
while items sleep, retry, are rate limited, an each's timeout and a lock wait.
Nothing ends early, nothing is done twice, nobody else is blamed."""
import collections
import concurrent.futures
import os
import time

import flows
import loop  # noqa: F401, where noc is found
import noc
import spine

HOUR = 3600
SLOW = """
local function slow(name, undo)
  return step(name) { exec { "sh", "-c", "sleep 1; exec %(dir)s/effect once" },
    timeout = "3s", retry = { attempts = 1 }, undo = undo }
end
local back = { exec { "sh", "-c", "sleep 1; exec %(dir)s/effect once" },
  timeout = "3s", retry = { attempts = 1 } }
"""
STOPPED = SLOW + """
flow "item" { each "e" { over = { "a", "b", "c" }, slow "s" } }
flow "check" { each "e" { over = { "a", "b" }, waves = { "1", "rest" },
  log "x", check = { slow "c" } } }
flow "undo" {
  step "a" { exec { "%(dir)s/effect", "once" }, timeout = "3s", undo = back },
  each "e" { over = { "x", "y" }, step "b" { undo = back,
    exec { "%(dir)s/effect", "once" }, timeout = "3s" } },
  fail "no",
  on_fail = { undo = "run" } }
flow "intime" { each "e" { over = { "a", "b" }, timeout = "3s", slow "s" } }
flow "toolate" { each "e" { over = { "a", "b" }, timeout = "4s",
  waves = { "1", "rest" }, slow "s", sleep "1h" } }
flow "whole" { timeout = "3s", slow "s" }
flow "asleep" { timeout = "4s", sleep "1h" }
"""


@noc.case("stopped over the timeouts of items, a check, an undo, an each")
def _():
    w = flows.Flows(STOPPED)
    noc.check(w.up(), lambda: "\n".join(w.d.err.all))
    for flow in ("undo", "item", "check", "intime", "toolate", "whole",
                 "asleep"):
        noc.check(w.begin(flow), flow)

    def out():
        return (w.count("Running", "%!undo") >= 2 and w.calling() >= 10)
    noc.wait_for(out, lambda: "the calls: %d" % w.calling())
    w.d.pause()
    time.sleep(5)
    w.d.resume()
    noc.wait_for(lambda: not w.unended(), lambda: repr(w.unended()))
    ended = {flow: (r["state"], r["phase"], r["outcome"][:40]) for flow, r in
             ((flow, w.run(flow)) for flow in w.started)}
    noc.equal(ended, {
        "undo": ("Failed", "", "fail_4 (flow): no"),
        "item": ("Succeeded", "", "e"), "check": ("Succeeded", "", "e"),
        "intime": ("Succeeded", "", "e"), "whole": ("Succeeded", "", "s"),
        "toolate": ("Failed", "", "e (flow): its timeout is over before wha"),
        "asleep": ("Failed", "", "sleep_1 (flow): the flow has run longer "),
    }, "how they ended")
    # Nobody is blamed for it, and nobody was asked again.
    noc.equal(w.d.get("/api/v1/status").json["breakers"]["open"], 0, "open")
    noc.equal(w.query("SELECT path FROM steps WHERE attempt > 1"), [],
              "steps that were tried again")
    noc.equal(w.d.stop(), 0, "exit status")
    w.verify()
    for (run, step), attempts in w.judge().items():
        noc.equal(attempts, [1], "attempts of %s" % step)


# ---- the wall clock ----

WAITS = """
flow "naps" { each "e" { over = { "a", "b", "c" }, sleep "4s", log "up" } }
flow "again" { each "e" { over = { "a", "b" },
  step "s" { exec { "sh", "-c",
      "test $NOCTURNE_ATTEMPT = 2 && exec %(dir)s/effect again; exit 75" },
    timeout = "50s", retry = { attempts = 2, initial = "4s", jitter = false },
    on_crash = "retry" } } }
flow "rate" { each "e" { over = { 1, 2, 3, 4, 5, 6 }, rate = "1/1s",
  step "s" { exec { "%(dir)s/effect", "again" }, timeout = "50s",
    on_crash = "retry" } } }
flow "over" { each "e" { over = { "a", "b" }, timeout = "4s", sleep "1h" } }
flow "holds" { lock = "one", sleep "4s" }
flow "waits" { lock = "one", step "s" { exec { "%(dir)s/effect", "once" },
  timeout = "50s" } }
flow "stays" { each "e" { over = { "a" }, sleep "30h" } }
"""
# At least, s, by the clock that nobody sets.
LEAST = {"naps": 4, "again": 4, "rate": 5, "over": 4, "holds": 4, "waits": 4}


class Clocked(flows.Flows):
    def __init__(self):
        super().__init__(WAITS)
        self.file = os.path.join(self.d.dir, "clock")
        self.env = {"LD_PRELOAD": spine.clock_library(),
                    "NOC_CLOCK_FILE": self.file}
        self.ahead = 0
        self.step(0)

    def step(self, by_s):
        self.ahead += by_s
        noc.write(self.file + ".new", str(self.ahead * spine.NS))
        os.rename(self.file + ".new", self.file)

    def took(self):
        """Flow -> s from its start to its end, by the clock that nobody
        sets."""
        names = {run.encode(): flow for flow, run in self.started.items()}
        at = collections.defaultdict(list)
        for (rec,) in self.query("SELECT rec FROM audit ORDER BY seq"):
            for run, flow in names.items():
                if run in rec:
                    at[flow].append(int.from_bytes(rec[40:48], "big"))
        # Who waits for the lock does so from the start of who has it.
        at["waits"].insert(0, at["holds"][0])
        return {flow: (times[-1] - times[0]) / spine.NS
                for flow, times in at.items()}


def clocked(by, killed):
    w = Clocked()
    noc.check(w.up(), lambda: "\n".join(w.d.err.all))
    for flow in ("naps", "again", "rate", "over", "holds", "waits", "stays"):
        noc.check(w.begin(flow), flow)
    noc.wait_for(lambda: w.count("Pending", "%/s") == 2, "two retries")
    if killed:
        w.d.kill()
        w.died()
    mark = w.d.mark()
    w.step(by)
    if killed:
        noc.check(w.up(), "it does not start again")
        mark = 0
    w.d.wait_line("the wall clock was set", start=mark)
    noc.wait_for(lambda: w.unended() == [("stays", "Running", "sleeping", "")],
                 lambda: repr(w.unended()))
    noc.equal({flow: w.run(flow)["state"] for flow in w.started},
              {**dict.fromkeys(w.started, "Succeeded"), "over": "Failed",
               "stays": "Running"}, "states")
    noc.equal(w.d.stop(), 0, "exit status")
    w.verify()
    took = w.took()
    for flow, least in LEAST.items():
        noc.check(took[flow] >= least, "%s took %.3f s" % (flow, took[flow]))
    for (_, step), attempts in w.judge().items():
        noc.check(len(attempts) <= 1 + w.crashes, "%s: %r" % (step, attempts))


@noc.case("the wall clock is set by +1 h, -1 h, +1 day, under it or while it is "
          "down: nothing of a flow ends early or twice")
def _():
    ways = [(by, killed) for by in (HOUR, -HOUR, 24 * HOUR)
            for killed in (False, True)]
    # They wait most of the time.
    with concurrent.futures.ThreadPoolExecutor(len(ways)) as pool:
        for way in [pool.submit(clocked, *way) for way in ways]:
            way.result()


noc.main()
