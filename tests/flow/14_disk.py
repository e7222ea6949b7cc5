#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A full disk: nothing is acknowledged that is not on it, the alarm is said
once, and when there is room again everything goes on by itself."""
import json
import os
import socket
import subprocess

import noc

RULES = """
normalize "if-down" { from = "snmp.trap", trap = "linkDown",
  map = { ifindex = "ifIndex" }, emit = "link.down" }
hook "h" { auth = bearer "h", emit = "thing.done", map = { n = "body.n" } }
rule "thing" { on = { "thing.done", "link.down" }, run = log "got {kind}" }
"""


class Small:
    """A state directory on a tmpfs of a few MiB."""

    def __init__(self, size="6m"):
        noc.root()
        self.dir = noc.tempdir()
        r = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=" + size,
                            "tmpfs", self.dir], check=False,
                           stderr=subprocess.PIPE)
        if r.returncode:
            raise noc.Skip("no tmpfs can be mounted here")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", "-l", self.dir], check=False)

    def fill(self):
        with open(os.path.join(self.dir, "filler"), "wb", 0) as f:
            try:
                while True:
                    f.write(b"x" * 4096)
            except OSError:
                pass

    def empty(self):
        os.unlink(os.path.join(self.dir, "filler"))


def post(d, n, timeout=noc.PATIENCE):
    return d.request("POST", "/hooks/h", json.dumps({"n": n, "pad": "p" * 9000}),
                     {"Authorization": "Bearer tok",
                      "Content-Type": "application/json"},
                     unix=False, timeout=timeout)


def kept(d, ids):
    there = noc.stored(d.state)
    for event in ids:
        noc.check(event in there, "event %s is lost" % event)


def until_full(d, small):
    """Posts until one is not acknowledged; the ids of those that were."""
    small.fill()
    ids = []
    for n in range(400):
        try:
            answer = post(d, n, timeout=3)
        except (socket.timeout, TimeoutError):
            if d.out.find("ALARM") is not None:
                return ids
            continue
        if answer.status == 202:
            ids.append(answer.json["id"])
        else:
            noc.equal(answer.status, 503, "the refusal")
            noc.check(answer.headers["Retry-After"], "no Retry-After")
            return ids
    raise noc.Failure("400 posts fit on a full disk")


@noc.case("hooks get 503 and INFORMs no answer while the disk is full; "
          "then it goes on, and nothing acknowledged is lost")
def _():
    with Small() as small:
        with noc.Daemon(rules=RULES, state=os.path.join(small.dir, "var"),
                        secrets={"h": "tok"}) as d:
            ids = [post(d, 0).json["id"]]
            ids += until_full(d, small)
            d.wait_line("ALARM the journal cannot be written")
            noc.equal(d.get("/readyz").status, 503, "/readyz")
            noc.equal(d.get("/healthz").status, 200, "/healthz")
            r = d.trap("1.3.6.1.6.3.1.1.5.3", "1.3.6.1.2.1.2.2.1.1.7", "i", 7,
                       inform=True, wait=1)
            noc.check(r.returncode != 0, "an INFORM was acknowledged")
            d.syslog("Nov 23 02:13:07 sw1 t: still received")
            noc.wait_for(lambda: d.sources()["syslog.udp"]["received"],
                         "the message")
            noc.equal(len([x for x in d.out.all if "ALARM" in x]), 1,
                      "alarms said")
            small.empty()
            d.wait_line("the journal is written again")
            noc.wait_for(lambda: d.get("/readyz").status == 200, "/readyz")
            answer = noc.wait_for(
                lambda: (lambda a: a if a.status == 202 else None)(
                    post(d, 1000)), "a post to be taken again")
            ids.append(answer.json["id"])
            r = d.trap("1.3.6.1.6.3.1.1.5.3", "1.3.6.1.2.1.2.2.1.1.8", "i", 8,
                       inform=True)
            noc.equal(r.returncode, 0, "the INFORM afterwards")
            d.sources()
            noc.equal(d.stop(), 0, "exit status")
            kept(d, ids)


@noc.case("a daemon killed while the disk is full starts again with all that "
          "it acknowledged")
def _():
    with Small() as small:
        d = noc.Daemon(rules=RULES, state=os.path.join(small.dir, "var"),
                       secrets={"h": "tok"}).start()
        ids = until_full(d, small)
        d.kill()
        small.empty()
        d.restart()
        noc.equal(post(d, 2000).status, 202, "a post afterwards")
        d.stop()
        kept(d, ids)


SAID = (
    ("/api/v1/silences", {"match": {"device": "sw1"}, "for": "2h"}),
    ("/api/v1/freezes", {"match": {"device": "sw1"}, "for": "2h"}),
    ("/api/v1/rules/thing/pause", {}),
    ("/api/v1/breakers/trip", {"action": "snmp", "target": "sw1"}),
    ("/api/v1/kill/on", {}),
)


def in_force(d):
    status = d.get("/api/v1/status").json
    return (status["silences"], status["freezes"], status["rules"]["paused"],
            status["breakers"]["open"], status["killed"])


@noc.case("what a person says is taken while the disk is full, and is in "
          "force at once")
def _():
    with Small() as small:
        with noc.Daemon(rules=RULES, state=os.path.join(small.dir, "var"),
                        secrets={"h": "tok"}) as d:
            until_full(d, small)
            d.wait_line("ALARM the journal cannot be written")
            noc.wait_for(lambda: post(d, 1).status == 503, "hooks refused")
            noc.equal(d.post("/api/v1/events", {}).status, 503, "events")
            for path, body in SAID:
                try:
                    answer = d.request("POST", path,
                                       json.dumps({**body, "why": "test"}),
                                       timeout=1)
                    raise noc.Failure("%s was answered: %d %s" % (
                        path, answer.status, answer.text))
                except (socket.timeout, TimeoutError):
                    pass  # it is not on disk yet
            noc.equal(in_force(d), (1, 1, 1, 1, True), "in force")
            small.empty()
            d.wait_line("the journal is written again")
            noc.equal(d.stop(), 0, "exit status")
            d.restart()
            noc.equal(in_force(d), (1, 1, 1, 1, True), "after a restart")


noc.main()
