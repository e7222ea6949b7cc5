#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The state that the first version left when it was killed, with something in
every kind of wait (tests/data/spine): this version opens it, and each item
ends as manifest.json says.  Nothing is done twice, the journal goes on."""
import json
import os
import re

import loop  # noqa: F401, where noc is found
import noc
import spine

CAPTURES = spine.unpack()
MANIFEST = spine.manifest()


def captured(capture):
    state = os.path.join(CAPTURES, capture)
    with open(os.path.join(state, "captured.json"), encoding="utf-8") as f:
        return state, json.load(f)


def overdue(play, at_ns):
    """What was to be done by now and is there as it was.  A breaker looks at
    its clock only when it is asked."""
    now = play.rows.live()
    return [name for name, row in play.before.live().items()
            if 0 < row[0] < at_ns and now.get(name) == row
            and not name.startswith("breaker|")]


def went_on(play, state):
    """The same log goes on, and what was anchored is anchored still."""
    then, now = play.before.last_record(), play.rows.last_record()
    noc.equal(now[1], then[1], "the log")
    noc.check(now > then, "no new record")
    noc.equal(len(play.rows.query("SELECT 1 FROM audit WHERE instr(rec, "
                                  "CAST('\"schema.migrated\"' AS BLOB))")), 1,
              "records that it was migrated")
    anchors = []
    for where in (state, play.d.state):
        with open(os.path.join(where, "anchor.log"), "rb") as f:
            anchors.append(f.read())
    noc.check(anchors[1].startswith(anchors[0]), "the anchors before")


def open_again(capture, opening):
    state, said = captured(capture)
    at_ns = said["killed_ns"] + opening["after_s"] * spine.NS
    items = {name: item for name, item in MANIFEST["items"].items()
             if item.get("capture", "spine") == capture}
    script = opening["as"]
    with spine.Play(items, state, said["answers"]) as play:
        play.holds()
        play.verify()
        play.rule_files("runs.lua", "state.lua",
                        above=opening.get("above", ""))
        play.play("before")
        play.start(at_ns)
        if script == "soon":
            play.play("at_once")
        play.play(script)
        # Not at once: what came meanwhile is heard first.
        noc.wait_for(lambda: not overdue(play, at_ns),
                     lambda: "overdue and untouched: %s"
                     % overdue(play, at_ns), every=0.1)
        noc.equal(play.d.stop(), 0, "exit status")
        play.verify()
        play.judge(script, said["effects"])
        went_on(play, state)
        # Once more: what has ended has ended.
        done = play.world.effects()
        play.start(play.now())
        play.do_event(play.items[0], "nobody.asks")
        noc.equal(play.d.stop(), 0, "exit status")
        play.verify()
        noc.equal(play.world.effects(), done, "done at the second start")


# Whoever adds one to the sources and not here is asked for a capture of it.
SINCE = {"queue", "inner", "gate", "event"}


@noc.case("a run in every kind of wait that the first version had is there")
def _():
    with open(os.path.join(noc.SRCDIR, "engine", "run", "live.c"),
              encoding="utf-8") as f:
        text = f.read()
    names = set(re.findall(r'\[NOC_WAIT_\w+\] = "(\w+)"', text))
    waits = {run["json"].get("wait") for capture in os.listdir(CAPTURES)
             for run in spine.Rows(os.path.join(CAPTURES, capture)
                                   ).runs().values()
             if run["state"] == "Running"}
    noc.equal(waits, names - SINCE, "waits in the captures")
    noc.check(len(names) >= 11 and SINCE < names, repr(names))


def register(capture, opening):
    @noc.case("the capture %s, %s" % (capture, opening["what"]))
    def _():
        open_again(capture, opening)


for name in ("spine", "killed", "emit-before", "emit-after"):
    for when, how in MANIFEST["openings"].items():
        if "left_out" not in how:
            register(name, {"as": when, **how})

noc.main()
