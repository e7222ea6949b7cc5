#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A journal that somebody touched: each kind of mutation (mutations.py) at
some places, and what the format says of it both verifiers say: the same
verdict, the same seq, the same exit status.

NOC_PLACES=N tries N places of each kind.
"""
import os
import random
import subprocess
import sys

import journals
import loop
import mutations
import mutations_beside  # noqa: F401, more kinds
import mutations_file  # noqa: F401
import mutations_key  # noqa: F401
import noc

PLACES = int(os.environ.get("NOC_PLACES", "3"))
STATUS = {"OK": 0, "not judged": 2}


@noc.case("untouched ones are accepted by both")
def _():
    for name in mutations.ALL:
        for said in journals.Copy(name).verify():
            noc.equal(said[:2], (0, "OK"), "%s: %s" % (name, said[3]))


@noc.case("the independent one as a program: what it says, and its status")
def _():
    copy = journals.Copy("made")
    for changed, status in ((False, 0), (True, 1)):
        if changed:
            mutations.insert(copy, -1, 3)
        r = subprocess.run(
            [sys.executable, loop.VERIFIER, "--anchor", copy.anchor, "--vkey",
             copy.vkey, copy.db], text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, check=False)
        noc.equal((r.returncode, r.stdout), copy.verify()[1][::3], "said")
        noc.equal(r.returncode, status, r.stdout)


def judged(kind, place):
    r = random.Random("%s %d" % (kind.what, place))
    copy = journals.Copy(kind.on[place % len(kind.on)])
    where = "place %d, in %s" % (place, copy.name)
    before = copy.content()
    seq = kind(copy, r)
    noc.check(kind.same or copy.content() != before,
              "%s: nothing was changed" % where)
    ours, other = copy.verify()
    both = "%s: %s/ %s" % (where, ours[3], other[3])
    want = (STATUS.get(kind.verdict, 1),
            "none" if kind.verdict == "not judged" else kind.verdict)
    noc.equal(ours[:2], want, both)
    noc.equal(other[:2], want, both)
    noc.equal(ours[2], other[2], both)
    noc.check(seq is None or ours[2] == seq, "not at %s; %s" % (seq, both))
    copy.remove()


def sweep(kind):
    @noc.case("%s: %s" % (kind.verdict, kind.what))
    def _():
        for place in range(PLACES):
            judged(kind, place)


for _kind in mutations.KINDS:
    sweep(_kind)
noc.main()
