#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""kill -9 at random moments of the loop, while it is fed.  NOC_SEED repeats
one, NOC_KILLS asks for more of them (make soak)."""
import os
import random
import time

import loop
import noc

KILLS = int(os.environ.get("NOC_KILLS", "10"))
# So many a database, or the judgement takes longer than the work.
EACH = 25


def torment(seed, kills):
    rng = random.Random(seed)
    work = loop.Loop(seed=seed)
    up = work.start()
    feeder = loop.Feeder(work)
    feeder.start()
    try:
        for _ in range(kills):
            # While starting, while resuming, in the middle of the work.
            time.sleep(rng.choice((0.0, 0.02, 0.3, 0.8)) * rng.random())
            if up:
                work.answer_doubt()
            if up and rng.random() < 0.5:
                work.reload()
                time.sleep(0.05 * rng.random())
            work.d.kill()
            work.died()
            up = work.start()
            noc.check(up, "it does not start again")
        time.sleep(0.5)
    finally:
        feeder.stop()
    work.finish()
    print("# seed %d: %d kills, %d items, %d INFORMs, %d effects"
          % (seed, kills, work.next, len(work.informs), len(work.effects())))


def register(seed, kills):
    @noc.case("killed at %d random moments, seed %d" % (kills, seed))
    def _():
        torment(seed, kills)


first = int(os.environ.get("NOC_SEED", "20261123"))
for i in range((KILLS + EACH - 1) // EACH):
    register(first + i, min(EACH, KILLS - i * EACH))

noc.main()
