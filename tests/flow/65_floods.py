#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Somebody else's flood or forgery: a healthy device's link is healed as if
there were none, the ledgers balance, and people are told."""
import os
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lab  # noqa: E402
import noc  # noqa: E402

HEAL = """
rule "heal" {
  mode = "active", on = "link.down", where = { role = "access" },
  unless = { seen { "config.change", back = "10m" } },
  key = "{link}", hold = { "2s", cancel = { "link.up", "config.change" } },
  guard = { rate = "100/1m", targets = "100/1m", mass = "100/1m" },
  run = flow {
    step "look" { snmp.get { admin = "ifAdminStatus.{ifindex}" },
                  timeout = "1s",
                  retry = { attempts = 3, initial = "300ms" } },
    step "raise" { when = { ["steps.look.admin"] = "down" },
                   snmp.set { ["ifAdminStatus.{ifindex}"] = "up" },
                   timeout = "10s" },
    verify "is_up" { snmp.get { oper = "ifOperStatus.{ifindex}" },
                     expect = { oper = "up" }, every = "500ms",
                     within = "50s" },
  },
}
rule "guessing" { on = "login.failed", key = "{user}",
                  threshold = "3/10m", run = notify "noc" { "{user}" } }
rule "watch" { on = "limit.reached", run = log "watched {limit} of {whose}" }
"""
LINES = 70000


def line(n):
    return (b"<36>Nov 23 02:13:07 x sshd[7]: Failed password for invalid user "
            b"u%d from 203.0.113.5 port 22 ssh2\n" % n)


def flood_tcp(address, port):
    with socket.create_connection((address, port), noc.PATIENCE) as s:
        for n in range(0, LINES, 500):
            s.sendall(b"".join(line(i) for i in range(n, n + 500)))


def flood_udp(address, port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for n in range(LINES):
            s.sendto(line(n), (address, port))


def runs(d):
    return d.get("/api/v1/runs?rule=heal").json["runs"]


def heals(d, device, n):
    """Its port is shut: the n-th run raises it.  How long after its hold the
    daemon asked, in seconds."""
    device.shut("eth7")

    def ended():
        done = [r for r in runs(d) if r["state"] in ("Succeeded", "Failed")]
        return done if len(done) >= n else None
    last = noc.wait_for(ended, "the link to be healed", every=0.1)
    noc.equal([r["state"] for r in last], ["Succeeded"] * n, "the runs")
    noc.check(device.is_up("eth7"), "eth7 is not raised")
    rows = noc.journal(os.path.join(d.state, "nocturne.db")).execute(
        "SELECT at, outcome FROM decisions WHERE rule = 'heal' AND outcome IN "
        "('held', 'fired') ORDER BY at").fetchall()
    noc.equal([r[1] for r in rows], ["held", "fired"] * n, "its decisions")
    return (rows[-1][0] - rows[-2][0]) / 1e9 - 2


GENEROUS = {"low_trust.events": 1000000, "low_trust.bytes": "64G"}


def through(flood, sets, limit, source):
    """A link goes down while this flood of one stranger lasts."""
    with lab.Lab(1) as network:
        address = noc.outside_address()
        with network.daemon(HEAL, listen="0.0.0.0", sets=dict(sets)) as d:
            quiet = heals(d, network[1], 1)
            network[1].noticed("eth7", True)
            sender = threading.Thread(target=flood, args=(address, d.tcp))
            sender.start()
            noc.wait_for(lambda: d.get("/api/v1/unknown").json,
                         "the flood to begin")
            late = heals(d, network[1], 2)
            sender.join()
            d.wait_line("notify noc: limit %s reached by %s"
                        % (limit, address))
            d.wait_line("watched %s of %s" % (limit, address))
            rules = {r["rule"]: r for r in d.get("/api/v1/rules").json["rules"]}
            for name, r in rules.items():
                noc.equal(r["matched"], sum(r[k] for k in (
                    "fired", "held", "cancelled", "damped", "guarded",
                    "silenced", "would", "counted", "errored")),
                    "outcomes of " + name)
            noc.equal(rules["heal"]["errored"], 0, "errors of the heal rule")
            noc.equal(rules["guessing"]["errored"], 0, "errors of the other")
            row = noc.wait_for(
                lambda: next((r for n, r in d.sources().items()
                              if n == source and r["received"] + r["kernel_dropped"] >= LINES),
                             None), "the flood in the ledger")
            noc.check(row["matched"] + row["shed"] >= row["received"] - 100,
                      row)
            if late > quiet + 1:
                raise noc.Late("held %.2f s too long, %.2f s without it"
                               % (late, quiet))


@noc.case("70,000 failed logins of a stranger over TCP delay no other rule")
def _():
    through(flood_tcp, {}, "low_trust", "syslog.tcp")


@noc.case("70,000 failed logins of a stranger over UDP delay no other rule")
def _():
    through(flood_udp, {}, "low_trust", "syslog.udp")


@noc.case("70,000 keys of a stranger that are all kept delay no other rule")
def _():
    through(flood_tcp, GENEROUS, "states.sender", "syslog.tcp")


@noc.case("forged traps of dead devices open no breaker of the others")
def _():
    with lab.Lab(1) as network:
        whole = network.inventory()
        dead = [network.net % n for n in range(201, 213)]
        network.inventory = lambda: whole + "".join(
            "dead%d,%s,access,lab,lab,\n" % (n, a)
            for n, a in enumerate(dead))
        with network.daemon(HEAL) as d:
            for address in dead:
                d.trap("1.3.6.1.6.3.1.1.5.3",
                       "1.3.6.1.2.1.2.2.1.1.7", "i", "7",
                       "1.3.6.1.2.1.2.2.1.2.7", "s", "eth7",
                       "1.3.6.1.6.3.18.1.3.0", "a", address)
            noc.wait_for(lambda: len([
                r for r in runs(d) if r["state"] == "Failed"]) == len(dead),
                "the runs of the dead devices to fail", every=0.2)
            d.wait_line("breaker OPEN snmp dead11")
            network[1].shut("eth7")
            noc.wait_for(lambda: [r for r in runs(d)
                                  if r["state"] == "Succeeded"],
                         "the link to be healed", every=0.2)
            noc.check(network[1].is_up("eth7"), "eth7 is not raised")
            d.no_line(r"breaker OPEN snmp \*")


@noc.case("forged traps of a healthy device use up no guard of the others")
def _():
    tight = HEAL.replace(
        'rate = "100/1m", targets = "100/1m"',
        'rate = "2/10m", targets = "1/10m"')
    with lab.Lab(2, ["lan1"]) as network, \
            network.daemon(tight) as d:
        for port in ("lo", "up0"):
            network[2].says(d, port, False)
        noc.wait_for(lambda: len([r for r in runs(d)
                                  if r["state"] == "Succeeded"]) == 2,
                     "two forged ones to be looked at", every=0.2)
        network[2].says(d, "eth8", False)
        d.wait_line("heal held back: rate: looked at what demo2 says 2 times")
        network[1].shut("lan1")
        noc.wait_for(lambda: [r for r in runs(d) if r["device"] == "demo1" and
                              r["state"] == "Succeeded"],
                     "the link of the other to be healed", every=0.2)
        noc.check(network[1].is_up("lan1"), "lan1 is not raised")


if __name__ == "__main__":
    noc.main()
