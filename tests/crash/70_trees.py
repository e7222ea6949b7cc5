#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A run calls the functions that were in force when it began: whatever has
become of the rules meanwhile, over a reload and a kill -9."""
import os
import shutil
import signal
import subprocess
import sys

import loop
import noc

RULES = """flow "waits" {
  verify "gate" { exec { "cat", "%(dir)s/gate" }, every = "200ms",
    within = "10m", expect = function(run) return run.stdout:find "open" end },
  step "act" { when = function(run) return true end,
    exec { "%(dir)s/effect", "it" }, timeout = "60s" } }
"""
EFFECT = """#!/bin/sh
echo "$1" >> '%(dir)s/effects'
"""
OTHER = 'flow "other" { log "other" }\n'


def effects(d):
    with open(os.path.join(d.dir, "effects"), encoding="utf-8") as f:
        return f.read().split()


def run(d, uid):
    return d.get("/api/v1/runs/" + uid).json


def over_a_change(change, reload=True):
    d = noc.Daemon(rules="")
    at = {"dir": d.dir}
    noc.write(os.path.join(d.dir, "effect"), EFFECT % at, 0o755)
    noc.write(os.path.join(d.dir, "gate"), "shut\n")
    noc.write(os.path.join(d.rules, "test.lua"), RULES % at)
    with d:
        uid = d.post("/api/v1/flows/waits/runs", {"input": {}}).json["run_id"]
        noc.wait_for(lambda: run(d, uid)["phase"] == "verifying", "its verify")
        change(d, RULES % at)
        if reload:
            mark = d.mark()
            d.signal(signal.SIGHUP)
            d.wait_line(r" reloaded \(", start=mark)
        d.kill()
        d.restart()
        noc.equal(run(d, uid)["state"], "Running", "its state")
        noc.write(os.path.join(d.dir, "gate"), "open\n")
        noc.wait_for(lambda: run(d, uid)["state"] != "Running", "its end")
        noc.equal(run(d, uid)["state"], "Succeeded", "its state")
        noc.equal(effects(d), ["it"], "what it did")
        verified(d)


def verified(d):
    ours = d.cli("audit", "verify")
    noc.equal(ours.returncode, 0, ours.stdout + ours.stderr)
    theirs = subprocess.run(
        [sys.executable, loop.VERIFIER, os.path.join(d.state, "nocturne.db")],
        text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        check=False)
    noc.equal(theirs.returncode, 0, theirs.stdout)


def put(d, text, name="test.lua"):
    noc.write(os.path.join(d.rules, name), text)


@noc.case("a comment is written above it")
def _():
    over_a_change(lambda d, text: put(d, "-- a comment\n" + text))


@noc.case("it is moved to another file")
def _():
    def change(d, text):
        put(d, OTHER)
        put(d, text, "moved.lua")
    over_a_change(change)


@noc.case("its functions are changed")
def _():
    over_a_change(lambda d, text: put(d, text.replace(
        '"open"', '"never"').replace("return true", "return false")))


@noc.case("it is taken out")
def _():
    over_a_change(lambda d, text: put(d, OTHER))


@noc.case("the directory of the rules is another one")
def _():
    def change(d, text):
        to = os.path.join(d.dir, "regeln")
        shutil.move(d.rules, to)
        d.rules = to
        put(d, "\n" + text)
    over_a_change(change, reload=False)


noc.main()
