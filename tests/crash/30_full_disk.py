#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A full disk in the middle of the loop: nothing is acknowledged, no action
starts; with room again the same runs end as if nothing had been."""
import os
import subprocess
import time

import flows
import loop
import noc


class Disk:
    """A tmpfs that can be filled to the last byte."""

    def __init__(self, size="8m"):
        if os.geteuid() != 0:
            raise noc.Skip("not root")
        self.dir = noc.tempdir()
        r = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=" + size,
                            "tmpfs", self.dir], check=False,
                           stderr=subprocess.DEVNULL)
        if r.returncode:
            raise noc.Skip("no tmpfs can be mounted here")
        self.filler = os.path.join(self.dir, "filler")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", "-l", self.dir], check=False)

    def fill(self):
        with open(self.filler, "ab", 0) as f:
            for size in (65536, 4096, 1):
                try:
                    while True:
                        f.write(b"x" * size)
                except OSError:
                    pass

    def free(self):
        os.unlink(self.filler)


def until_full(work, disk):
    """Items until one is not acknowledged any more."""
    for _ in range(400):
        disk.fill()
        if not work.item() and work.d.out.find("ALARM") is not None:
            return
    raise noc.Failure("400 items fit on a full disk")


def at_home(work):
    """Calls that were out have come home: the daemon has no child."""
    def none():
        for pid in os.listdir("/proc"):
            if pid.isdigit():
                try:
                    with open("/proc/%s/stat" % pid, encoding="ascii",
                              errors="replace") as f:
                        if f.read().rsplit(")", 1)[1].split()[1] == \
                                str(work.d.pid):
                            return False
                except OSError:
                    pass
        return True
    noc.wait_for(none, "the calls that were out")


def steps(work):
    return [e for e in work.effects() if e[0] != "notice"]


def refused(work):
    """What is not on disk is not acknowledged."""
    answer = work.d.request(
        "POST", "/api/v1/events", {"device": "x"},
        {"ce-specversion": "1.0", "ce-type": "work.more", "ce-id": "more",
         "ce-source": "/test"})
    noc.equal(answer.status, 503, "a POST")
    noc.check(int(answer.headers.get("Retry-After") or 0) > 0,
              "no Retry-After")
    noc.check(not work.inform(4242, patience=1), "an INFORM was acknowledged")


def full(kill):
    with Disk() as disk:
        work = loop.Loop(state=os.path.join(disk.dir, "var"), pad=2000)
        work.start()
        for n in range(3):
            noc.check(work.item() and work.inform(n + 1), "refused")
        until_full(work, disk)
        work.d.wait_line("ALARM")
        at_home(work)
        before = steps(work)
        refused(work)
        time.sleep(1.5)  # holds end, retries are due
        noc.equal(steps(work), before, "steps that happened meanwhile")
        if kill:
            work.d.kill()
            work.crashes += 1
            work.orphans()
        disk.free()
        if kill:
            noc.check(work.start(), "it does not start again")
        else:
            work.d.wait_line("is written again")
        noc.wait_for(work.item, "an item to be taken again")
        noc.wait_for(lambda: work.inform(77), "an INFORM to be answered")
        work.finish()


@noc.case("it stops acknowledging and acting, and goes on by itself")
def _():
    full(False)


@noc.case("killed while the disk is full: nothing acknowledged is lost")
def _():
    full(True)


# ---- an each of 800 ----

RULES = """
flow "many" {
  input = { devices = "list" }, guard = { targets = 1000 },
  each "all" { over = "{input.devices}", as = "sw", limit = 20,
    step "go" { exec { "%(dir)s/effect", "once" }, timeout = "50s",
      target = "{sw}", undo = exec { "%(dir)s/effect", "back" },
      probe = exec { "%(dir)s/done", "{run.id}/all[{sw}]/go" } } } }
rule "note" { on = "work.todo", run = log "{device}" }
"""


def fan_out(kill):
    with Disk("16m") as disk:
        work = flows.Flows(RULES)
        work.d.state = os.path.join(disk.dir, "var")
        noc.check(work.up(), lambda: "\n".join(work.d.err.all))
        work.begin("many", devices=flows.items(800))
        noc.wait_for(lambda: work.count("Succeeded", "%/go") > 50, "items")

        def full():
            disk.fill()
            return work.d.out.find("ALARM") is not None
        noc.wait_for(full, "the ALARM")
        at_home(work)
        before = work.effects()
        noc.check(len(before) < 800, "it was over before the disk was full")
        # It hears what comes, and does nothing.
        for n in range(3):
            work.d.syslog("hello %d" % n)
        work.d.ledger("syslog.udp", 3)
        noc.equal(work.d.get("/readyz").status, 503, "/readyz")
        time.sleep(1)
        noc.equal(work.effects(), before, "calls meanwhile")
        if kill:
            work.d.kill()
            work.died()
        disk.free()
        if kill:
            noc.check(work.up(), "it does not start again")
        else:
            work.d.wait_line("is written again")
        work.settle()
        noc.equal(work.query("SELECT state, outcome FROM runs"),
                  [("Succeeded", "all")], "how it ended")
        noc.equal(sorted(step for _, step in work.judge()),
                  ["all[%s]/go" % sw for sw in flows.items(800)], "items")


@noc.case("an each of 800 stops acting, and goes on by itself")
def _():
    fan_out(False)


@noc.case("killed while the disk is full, in an each of 800: nothing twice")
def _():
    fan_out(True)


noc.main()
