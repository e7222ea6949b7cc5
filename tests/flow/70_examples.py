#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The examples are true: each `try` ends with 0 and says what it says, with few
devices, and the tests of their rules pass.  A `try` that cannot fail shows
nothing: one of a changed example does."""
import os
import re
import shutil
import subprocess

import noc

EXAMPLES = os.path.join(noc.SRCDIR, "examples")
VERIFIED = r"\d+ records OK: .*"


def play(script, *words):
    return subprocess.run(
        [script, *words], text=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
        timeout=8 * noc.PATIENCE, env=dict(os.environ, NOCTURNE=noc.NOCTURNE))


def says(done, patterns):
    noc.equal(done.returncode, 0, "exit status: " + done.stdout + done.stderr)
    lines = done.stdout.splitlines()
    noc.equal(len(lines), len(patterns), "lines")
    for line, pattern in zip(lines, patterns):
        noc.check(re.fullmatch(pattern, line),
                  "%r does not match /%s/" % (line, pattern))


@noc.case("firmware in waves: good, a bad wave, killed in the middle")
def _():
    says(play(os.path.join(EXAMPLES, "firmware", "try"), "--devices", "12"), [
        r"good    run \w+ Succeeded: 12 of 12 ok, in waves of 1, 2, 9, "
        r"\d checks between; " + VERIFIED,
        r"bad     run \w+ Failed: \d+ of 12 ok, sw0003 failed its post_check: "
        r"wave 2 undone \(\d of 2\), wave 1 keeps 16\.2; " + VERIFIED,
        r"killed  run \w+ Succeeded: 12 of 12 ok, after \d+ upgrades, the same "
        r"end, none done twice; " + VERIFIED])


@noc.case("failover: side by side, joined, taken back in reverse")
def _():
    says(play(os.path.join(EXAMPLES, "failover", "try")), [
        r"lost      run \w+ Succeeded: database and traffic moved side by side "
        r".*, joined, database_works and traffic_works; " + VERIFIED,
        r"refused   run \w+ Failed: .*; \w+!undo, \w+!undo, in reverse: both "
        r"are at north again; " + VERIFIED,
        r"not lost  run \w+ Failed: .*; " + VERIFIED])


@noc.case("campus-vlan: all six outcomes, the ticket and the chat")
def _():
    well = [r"{0} +run \w+ Succeeded: on 12 switches, approved by {1}",
            r" +ticket closed: VLAN 842 app-payments: on 12 switches \| "
            r"Evidence: http://.*/output",
            r" +chat: CHG0030001: VLAN 842 app-payments is on 12 switches",
            r" +devices Succeeded: 12, such as .*", " +" + VERIFIED]

    def bad(name, block, what, more=()):
        return [name + r" +run \w+ Failed: " + what,
                r" +ticket on hold: stopped at .* \(%s\): .*" % block,
                r" +chat: CHG0030001: not deployed\. %s: .*" % block,
                *more, " +" + VERIFIED]
    says(play(os.path.join(EXAMPLES, "campus-vlan", "try"),
              "--switches", "12"), [
        *[line.format("full", "token:ann") for line in well],
        r"partial +run \w+ Succeeded: on 6 switches, 6 went back",
        r" +ticket review: .* on 6 switches, taken back from 6 \| .*",
        r" +chat: .* is on 6 switches; 6 were rolled back",
        r" +devices Failed: 6, such as .*ports_up.*",
        r" +devices Succeeded: 6, such as .*",
        r" +rolled back: b1-sw2, b1-sw4, b1-sw6 and 3 more", " +" + VERIFIED,
        *bad("failed", "executor", "all 12 went back", [
            r" +devices Failed: 12, such as .*",
            r" +rolled back: b1-sw1, b1-sw2, b1-sw3 and 9 more"]),
        *bad("rejected", "people", "nothing was touched", [
            r" +devices Succeeded: 12, such as .*"]),
        *[line.format("timeout", "timeout") for line in well],
        *bad("bad-intent", "source_of_truth", "nothing was touched")])


@noc.case("a try of an example that does not hold ends with 1")
def _():
    copy = os.path.join(noc.tempdir(), "examples")
    shutil.copytree(EXAMPLES, copy)
    rules = os.path.join(copy, "failover", "rules", "failover.lua")
    with open(rules, encoding="utf-8") as f:
        text = f.read()
    changed = text.replace('undo = "run"', 'undo = "none"')
    noc.check(text != changed, "nothing was changed")
    noc.write(rules, changed)
    done = play(os.path.join(copy, "failover", "try"))
    noc.equal(done.returncode, 1, "exit status")
    noc.check(re.search(r"^NOT SO: taken back in reverse", done.stdout, re.M),
              done.stdout)


@noc.case("the tests of their rules pass")
def _():
    for name in sorted(os.listdir(EXAMPLES)):
        rules = os.path.join(EXAMPLES, name, "rules")
        if not os.path.isdir(rules):
            continue
        done = noc.nocturne("check", rules)
        noc.equal(done.returncode, 0, name + ": " + done.stdout + done.stderr)
        if any(f.endswith(".test.lua") for f in os.listdir(rules)):
            done = noc.nocturne("test", rules)
            noc.equal(done.returncode, 0, name + ": " + done.stdout)


noc.main()
