#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Damaged pages under a run with items: whatever page is hit, nothing of it
acts until a person has said so, and then nothing that has a row is done again.
NOC_DAMAGES=60 for more of them, NOC_SEED=1 for others."""
import collections
import os
import random
import shutil
import time

import flows
import loop  # noqa: F401, where noc is found
import noc

DAMAGES = min(int(os.environ.get("NOC_DAMAGES", "8")), 400)
SEED = int(os.environ.get("NOC_SEED", "1"))
PAGE = 4096
RULES = """
channel "noc" { exec { "/bin/true" } }
local function once(name)
  return step(name) { exec { "%(dir)s/effect", "once" }, timeout = "50s",
    target = "{sw.name}" }
end
flow "fan" {
  input = { devices = "list" }, guard = { targets = 1000 },
  each "all" { over = "{input.devices}", as = "sw", key = "{sw.name}",
    limit = 20, need = "any", once "go",
    choose "late" { { when = { ["sw.late"] = true }, sleep "1s" },
      otherwise = { log "soon" } },
    once "then" },
  step "last" { exec { "%(dir)s/effect", "once" }, timeout = "50s" },
}
"""
MADE = {}


def made():
    """A state directory: 30 items have ended, 20 sleep, 20 are to come."""
    if not MADE:
        w = flows.Flows(RULES)
        noc.check(w.up(), lambda: "\n".join(w.d.err.all))
        w.begin("fan", devices=[{"name": "sw%02d" % n, "late": n >= 30}
                                for n in range(70)])
        noc.wait_for(lambda: w.query(
            "SELECT count(*) FROM steps WHERE json_extract(json, "
            "'$.live.wait') = 'sleep'") == [(20,)], "20 to sleep")
        noc.equal(w.d.stop(), 0, "exit status")
        MADE["work"], MADE["effects"] = w, w.effects()
    return MADE["work"]


def copied():
    """Another daemon on a copy of it; what it does is written in one place."""
    base, w = made(), flows.Flows(RULES)
    shutil.copytree(base.d.state, w.d.state,
                    ignore=shutil.ignore_patterns("*.sock"))
    shutil.copy(os.path.join(base.d.rules, "test.lua"), w.d.rules)
    noc.write(os.path.join(base.dir, "effects.log"), "".join(
        "%s %s %s\n" % tuple(e) for e in MADE["effects"]))
    w.dir, w.started = base.dir, dict(base.started)
    return w


def hit(rng, path, run):
    """A page on which something of the run stands."""
    with open(path, "r+b") as f:
        data = f.read()
        mine = [n for n in range(1, len(data) // PAGE)
                if bytes.fromhex(run.replace("-", "")) in
                data[n * PAGE:(n + 1) * PAGE]]
        page = rng.choice(mine)
        f.seek(page * PAGE)
        kind = rng.randrange(4)
        f.write((rng.randbytes(PAGE), bytes(PAGE), rng.randbytes(8),
                 data[rng.choice(mine) * PAGE:][:PAGE])[kind])
    return "page %d, kind %d" % (page, kind)


def damage(number):
    rng = random.Random("%d/%d" % (SEED, number))
    w = copied()
    run = w.started["fan"]
    what = hit(rng, os.path.join(w.d.state, "nocturne.db"), run)
    noc.check(w.start(), "%s: it does not start: %s"
              % (what, "\n".join(w.d.err.all[-5:])))
    aside, resumed = (w.d.err.find(word) for word in ("put aside as",
                                                      "resume: run="))
    if aside is None or resumed is not None and resumed < aside:
        noc.equal(w.d.stop(), 0, "exit status")
        return what + ": not needed"  # all of the run could be read
    noc.equal(w.d.cli("kill", "off", "-m", "on").returncode, 0, "kill off")
    time.sleep(1.5)  # what sleeps has slept
    noc.check(w.effects() == MADE["effects"], lambda: "%s: unasked %r" % (
        what, w.effects()[len(MADE["effects"]):][:3]))
    shown = w.d.get("/api/v1/runs/" + run)
    if shown.status == 404 or shown.json["phase"] != "paused":
        noc.check(shown.status == 404 or shown.json["phase"] == "blocked",
                  "%s: %s" % (what, shown.text))
        noc.equal(w.d.stop(), 0, "exit status")
        return what + ": blocked, or lost"
    rows = {path for (path,) in w.query("SELECT path FROM steps WHERE state "
                                        "= 'Succeeded'")}
    noc.equal(w.d.cli("run", "resume", run, "-m", "on").returncode, 0,
              "resume")
    noc.wait_for(lambda: not w.unended(), lambda: repr(w.unended()))
    noc.equal(w.d.stop(), 0, "exit status")
    w.verify()
    done = collections.Counter(what.split("/", 1)[1].rsplit("/", 1)[0]
                               for _, what, _ in w.effects())
    again = [step for step, n in done.items() if n > 1 and step in rows]
    noc.equal(again, [], "%s: done again" % what)
    return "%s: went on with %d rows" % (what, len(rows))


@noc.case("%d damaged pages under a run of 70 items" % DAMAGES)
def _():
    ways = collections.Counter()
    for number in range(DAMAGES):
        said = damage(number)
        print("# %d: %s" % (number, said), flush=True)
        ways[said.split(": ")[1].split(" with")[0]] += 1
    noc.check(ways["went on"] or DAMAGES < 8, repr(ways))


noc.main()
