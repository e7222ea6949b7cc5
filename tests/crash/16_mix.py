#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""kill -9 at every named point that a run can pass, in the firmware example
(40 devices in waves) and in a mix of 1,000 runs: the same story in the journal
as without, no call that changes something repeated unless it may be, no
acknowledged start lost, both verifiers accept, up again within two seconds.
In turn, a life each; NOC_CRASH_HITS=1,2 also each point alone (make soak)."""
import concurrent.futures
import os
import shutil

import flows
import loop  # noqa: F401, where noc is found
import noc

HITS = [int(n) for n in os.environ.get("NOC_CRASH_HITS", "").split(",") if n]
EXAMPLE = os.path.join(noc.SRCDIR, "examples", "firmware")
# At a start there is one anchor; checkpoints need a long log.
ONCE = ("writer.before_anchor", "writer.after_anchor")
LONG = ("writer.before_checkpoint", "writer.after_checkpoint")
UNDO = ("undo.after_done",)
MIX = ("notify.before_call",)  # the example tells nobody
BASE = {}


# ---- the firmware example ----

class Firmware(flows.Flows):
    """Its rules, its scripts, and devices which are files."""
    DEVICES = 40

    def __init__(self, faulty=None):
        super().__init__("")
        shutil.copy(os.path.join(EXAMPLE, "rules", "firmware.lua"),
                    os.path.join(self.d.rules, "test.lua"))
        self.names = ["sw%04d" % n for n in range(1, self.DEVICES + 1)]
        self.d.sets["inventory.path"] = noc.write(
            os.path.join(self.dir, "inventory.csv"), "name,address,role\n" +
            "".join("%s,10.0.0.%d,access\n" % (name, n) for n, name in
                    enumerate(self.names, 1)))
        self.lab = os.path.join(self.dir, "lab")
        noc.write(os.path.join(self.lab, "images", "16.2"), "an image\n")
        noc.write(os.path.join(self.lab, "faulty", ".keep"), "")
        for name in self.names:
            noc.write(os.path.join(self.lab, name), "image 15.1\nfirst 15.1\n"
                      "errors 0\nroom 500\nchanges 0\n")
        self.env["PATH"] = "%s:%s" % (os.path.join(EXAMPLE, "bin"),
                                      os.environ["PATH"])
        if faulty:
            noc.write(os.path.join(self.lab, "faulty", faulty), "")

    def feed(self, point):
        if point.startswith("reload."):
            self.hup()
        if not self.started:
            self.begin("firmware", image="16.2", lab=self.lab)

    def over(self):
        return self.started and not self.unended()

    def devices(self):
        out = {}
        for name in self.names:
            with open(os.path.join(self.lab, name), encoding="ascii") as f:
                out[name] = dict(line.split() for line in f)
        return out


def upgraded(faulty, *points, must=True):
    """Dies at each of these in turn, and is judged."""
    w = Firmware(faulty)
    w.die_at(points, w.feed, w.over, must)
    noc.equal(w.crashes, len(points), "deaths")
    noc.check(w.up(), "it does not start again")
    noc.wait_for(lambda: w.feed("") or w.started, "its start to be taken")
    w.settle()
    w.judge()
    story = w.story(), w.devices()
    if faulty not in BASE:
        BASE[faulty] = story
    w.same(BASE[faulty][0])
    noc.equal(w.devices(), BASE[faulty][1], "the devices")
    return w


@noc.case("the firmware example without a crash: the baseline")
def _():
    good = upgraded(None)
    noc.equal({(d["image"], d["changes"]) for d in good.devices().values()},
              {("16.2", "1")}, "images, and how often each was changed")
    bad = upgraded(good.names[0])
    noc.equal({d["image"] for d in bad.devices().values()}, {"15.1"},
              "images after the first wave was undone")


@noc.case("the tree has the points that this test knows")
def _():
    names = flows.points()
    noc.check(len(names) >= 19 and {*ONCE, *LONG, *UNDO, *MIX} <= {*names},
              "%d points: %r" % (len(names), names))


# In the order in which they can be passed; a start passes some of them too.
FIRST = ("writer.before_anchor:1", "writer.after_anchor:1",
         "run.after_start:1", "run.before_call:1", "writer.before_begin:2",
         "run.after_call:3", "writer.after_insert:9", "each.before_wave:1",
         "run.after_done:9", "reload.swapped:1", "writer.before_commit:12",
         "each.after_item:5", "writer.after_commit:7", "run.before_call:9",
         "writer.before_ack:6", "each.after_item:11", "writer.after_ack:5")
LAST = ("run.after_done:3", "undo.after_done:1")


@noc.case("the firmware example, killed at each point in turn")
def _():
    w = upgraded(None, *FIRST)
    print("# %d deaths, up in %.2f s of CPU" % (w.crashes, w.slowest))


@noc.case("the firmware example, killed at each point of an undo in turn")
def _():
    upgraded("sw0001", *LAST)


# ---- a mix of 1,000 runs ----

RULES = """
channel "noc" { exec { "%(dir)s/effect", "notice" } }
local function again(name)
  return step(name) { exec { "%(dir)s/effect", "again" }, timeout = "50s",
    on_crash = "retry" }
end
local function once(name)
  return step(name) { exec { "%(dir)s/effect", "once" }, timeout = "50s",
    probe = exec { "%(dir)s/done", "{run.id}/" .. name } }
end
flow "log" { input = { n = "integer" }, log "{input.n}" }
flow "act" { input = { n = "integer" }, again "a", once "b" }
flow "calm" { input = { n = "integer" }, again "a", log "{input.n}" }
flow "naps" { input = { n = "integer" }, sleep "300ms", log "{input.n}" }
flow "lock" { input = { n = "integer", by = "string" }, lock = "l/{input.by}",
  once "in" }
flow "slots" { input = { n = "integer" }, limits = { two = 2 }, again "in" }
flow "queue" { input = { n = "integer", by = "string" }, dedup = "{input.by}",
  on_running = "queue", once "in" }
flow "fan" { input = { n = "integer", over = "list" },
  each "all" { over = "{input.over}", waves = { "1", "rest" },
    check = { log "well" }, again "go", log "{item}" } }
flow "shape" { input = { n = "integer" },
  parallel { step "left" { exec { "%(dir)s/effect", "again" }, timeout = "50s",
      on_crash = "retry", undo = exec { "%(dir)s/effect", "back" } },
    log "right" },
  choose "how" { { when = { ["input.n"] = 0 }, log "never" },
    otherwise = { call "calm" { n = 1 } } },
  fail "always",
  on_fail = { undo = "run", notify "noc" { "{input.n}" } },
  finally = { log "over" } }
"""
KINDS = (("fan", 20), ("shape", 20), ("act", 40), ("lock", 40), ("slots", 40),
         ("queue", 40), ("naps", 100), ("log", 700))


class Mix(flows.Flows):
    def __init__(self):
        super().__init__(RULES)
        # Each kind is spread over all of it.
        order = sorted((i / n, kind) for kind, n in KINDS for i in range(n))
        self.todo = [(kind, n) for n, (_, kind) in enumerate(order)]
        self.pool = concurrent.futures.ThreadPoolExecutor(8)

    def one(self, start):
        kind, n = start
        more = {"lock": {"by": str(n % 3)}, "queue": {"by": str(n % 3)},
                "fan": {"over": flows.items(4)}}.get(kind, {})
        return None if self.begin(kind, n, n=n, **more) else start

    def feed(self, point):
        if point.startswith("reload."):
            self.hup()
        if self.todo and self.alive():
            now, self.todo = self.todo[:16], self.todo[16:]
            self.todo = [s for s in self.pool.map(self.one, now) if s] + \
                self.todo

    def over(self):
        return not self.todo and not self.unended()


def mixed(*points, must=True):
    w = Mix()
    w.quiet = True
    w.die_at(points, w.feed, w.over, must)
    noc.equal(w.crashes, len(points), "deaths")
    noc.check(w.up(), "it does not start again")
    noc.wait_for(lambda: w.feed("") or not w.todo, "all starts to be taken")
    w.settle()
    w.judge()
    noc.equal(len(w.started), sum(n for _, n in KINDS), "starts")
    if "mix" not in BASE:
        BASE["mix"] = w.story()
    w.same(BASE["mix"])
    return w


@noc.case("a mix of 1,000 runs without a crash: the baseline")
def _():
    w = mixed()
    noc.equal(dict(w.query("SELECT state, count(*) FROM runs GROUP BY 1")),
              {"Succeeded": 980, "Failed": 20}, "how they ended")


@noc.case("a mix of 1,000 runs, killed at each point in turn")
def _():
    w = mixed(*FIRST, *LAST, *(p + ":1" for p in LONG + MIX))
    print("# %d deaths, up in %.2f s of CPU" % (w.crashes, w.slowest))


# ---- each alone, for make soak ----

def register(point, hit):
    @noc.case("alone: killed at %s, time %d" % (point, hit))
    def _():
        name = "%s:%d" % (point, hit)
        if point not in LONG + MIX:
            upgraded("sw0001" if point in UNDO else None, name, must=hit == 1)
        mixed(name, must=hit == 1)


for p in flows.points():
    for h in HITS:
        if h == 1 or p not in ONCE + LONG:
            register(p, h)

noc.main()
