#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""kill -9 at every named point around commits, calls and results: the loop
ends as it does without, nothing acknowledged is lost, no finished step is
repeated, both verifiers accept.  NOC_CRASH_HITS=1,2,3 for more of them.
15_flows.py dies in fan-outs and what undoes them, 70_damage.py where a damaged
file is put aside, test_migrate where an older one is migrated."""
import os
import time

import flows
import loop
import noc

ITEMS = 4
# Reached again and again: early, and in the middle of the work.
HITS = [int(n) for n in os.environ.get("NOC_CRASH_HITS", "1,6").split(",")]
# At a start there is one anchor; checkpoints need a long log.
ONCE = ("writer.before_anchor", "writer.after_anchor",
        "writer.before_checkpoint", "writer.after_checkpoint")


def crash(point, hit):
    """Dies there, and at the first start after it there again."""
    work = loop.Loop(pad=40000 if "checkpoint" in point else 0)
    name = "%s:%d" % (point, hit)
    up = work.start(name)
    until = time.monotonic() + 2 * noc.PATIENCE
    while up and work.alive():
        if point.startswith("reload."):
            work.reload()
        if work.next < (60 if work.pad else max(ITEMS, hit)):
            if work.item():
                work.inform(work.next)
        elif work.escalating():
            # The closing events are part of what may be cut short.
            for n in range(work.next):
                work.post("work.done", "done-%d" % n, "dev%d" % n)
        noc.check(time.monotonic() < until, "%s was not reached" % name)
        if not work.pad:
            time.sleep(0.02)
    work.died()
    # Once more at the same point while it resumes; then in peace.
    if not work.start("%s:1" % point):
        work.died()
    else:
        until = time.monotonic() + 0.5
        while work.alive() and time.monotonic() < until:
            if point.startswith("reload."):
                work.reload()
            time.sleep(0.02)
        if work.alive():
            work.d.kill()
        work.died()
    noc.check(work.start(), "it does not start again")
    while work.next < ITEMS:
        noc.wait_for(work.item, "an item to be taken")
    work.finish()
    return work


@noc.case("without a crash: the baseline")
def _():
    work = loop.Loop()
    work.start()
    for n in range(ITEMS):
        noc.check(work.item(), "an item was refused")
        noc.check(work.inform(n + 1), "an INFORM was not answered")
    work.finish()


@noc.case("the tree has the points that this test knows")
def _():
    names = flows.points(elsewhere=True)
    noc.check(len(names) >= 16, "only %d points: %r" % (len(names), names))


def register(point, hit):
    @noc.case("killed at %s, time %d" % (point, hit))
    def _():
        crash(point, hit)


for p in flows.points(elsewhere=True):
    if p.startswith(("recover.", "migrate.", "each.", "undo.", "fork.")):
        continue
    for h in HITS:
        if h == 1 or p not in ONCE and not p.startswith("create."):
            register(p, h)

noc.main()
