#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""From a real trap to a healed interface, or to a person, with a signed record
of why: real agents, real interfaces in network namespaces."""
import json
import os
import signal
import sqlite3
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lab  # noqa: E402
import noc  # noqa: E402

HEAL = """
rule "heal" {
  mode = "active", on = "link.down", where = { role = "access" },
  unless = { seen { "config.change", device = any { "{device}",
             "{far.device}" }, back = "10m" } },
  key = "{link}",
  hold = { "%(hold)s", cancel = { "link.up", "config.change" } },
  %(more)s
  run = flow {
    step "look" { snmp.get { admin = "ifAdminStatus.{ifindex}",
                             oper = "ifOperStatus.{ifindex}" },
                  timeout = "%(ask)s",
                  retry = { attempts = 3, initial = "300ms" } },
    stop "up again by itself" { when = { ["steps.look.oper"] = "up" } },
    step "raise" { when = { ["steps.look.admin"] = "down" },
                   snmp.set { ["ifAdminStatus.{ifindex}"] = "up" },
                   timeout = "10s" },
    step "far" { when = { ["steps.look.admin"] = "up",
                          ["far.device"] = exists },
                 target = "{far.device}",
                 snmp.get { admin = "ifAdminStatus[{far.ifname}]" },
                 timeout = "10s" },
    step "raise_far" { when = { ["steps.far.admin"] = "down" },
                       target = "{far.device}",
                       snmp.set { ["ifAdminStatus[{far.ifname}]"] = "up" },
                       timeout = "10s" },
    verify "is_up" { snmp.get { oper = "ifOperStatus.{ifindex}" },
                     expect = { oper = "up" }, every = "500ms",
                     within = "50s", stable = "1s" },
    on_fail = escalate { { "0s", notify "noc" { "{device} {ifname} still down:"
                .. " {error.message}" } }, { "1s", notify "oncall" },
                again = "2s", stop_on = { "ack", "link.up" }, max = "8h" },
  },
}
"""


def rules(hold="2s", more="", ask="10s"):
    return HEAL % {"hold": hold, "more": more, "ask": ask}


class Journal:
    """The durable state, read beside the running daemon."""

    def __init__(self, daemon):
        self.path = os.path.join(daemon.state, "nocturne.db")

    def rows(self, sql, *args):
        db = noc.journal(self.path)
        try:
            db.row_factory = sqlite3.Row
            return db.execute(sql, args).fetchall()
        finally:
            db.close()

    def runs(self):
        return self.rows("SELECT * FROM runs WHERE rule = 'heal' ORDER BY n")

    def step(self, name):
        found = self.rows("SELECT * FROM steps WHERE path = ?", name)
        return found[-1] if found else None

    def sets(self):
        """SETs that went out, whatever became of them."""
        def went(row):
            error = json.loads(row["json"]).get("error", {})
            return row["state"] != "Skipped" and error.get("block") != "guard"
        return [row for row in self.rows("SELECT * FROM steps WHERE path IN "
                                         "('raise', 'raise_far')")
                if went(row)]

    def decisions(self, outcome):
        return self.rows("SELECT * FROM decisions WHERE rule = 'heal' AND "
                         "outcome = ? ORDER BY at", outcome)

    def quiet(self, d):
        """All that came is decided, and nothing is held any more."""
        def look():
            rows = d.sources()
            if any(row["in_progress"] for row in rows.values()) or \
                    d.get("/api/v1/status").json["journal"]["queued"]:
                return False
            return not self.rows("SELECT 1 FROM live WHERE kind = 'hold'")
        noc.wait_for(look, "the holds to end", every=0.1)

    def wait_run(self, state, phase=None, key=None):
        def found():
            for row in self.runs():
                if row["state"] == state and phase in (None, row["phase"]) \
                        and key in (None, row["key"]):
                    return row
            return None
        return noc.wait_for(found, lambda: "a run that is %s; %r" % (
            state, [(r["state"], r["phase"], r["outcome"])
                    for r in self.runs()]), every=0.1)


def audit(d):
    """Both verifiers accept, and every ledger balances."""
    db = os.path.join(d.state, "nocturne.db")
    one = noc.nocturne("audit", "verify", "--state", d.state)
    noc.check(one.returncode == 0, one.stdout + one.stderr)
    import subprocess
    two = subprocess.run(
        [os.path.join(noc.SRCDIR, "script", "audit-verify"), db], text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    noc.check(two.returncode == 0, two.stdout)


def config_change(d, device="demo1"):
    d.syslog("%s %s 63: %%SYS-5-CONFIG_I: Configured from console by joe on "
             "vty0" % (time.strftime("%b %e %H:%M:%S"), device), pri=189)


@noc.case("a shut uplink is raised and verified without a person")
def _():
    with lab.Lab(1) as network, \
            network.daemon(rules()) as d:
        journal = Journal(d)
        network[1].shut("eth7")
        run = journal.wait_run("Succeeded", key="demo1/eth7")
        noc.check(network[1].is_up("eth7"), "eth7 is not raised")
        held = [row for row in journal.decisions("held")
                if row["event"] == run["event"]][0]
        intent = journal.sets()[0]
        late = (intent["started"] - held["at"]) / 1e9 - 2
        if late > 1:
            raise noc.Late("the SET went out %.2f s after its hold" % late)
        noc.check("is_up" in run["outcome"], run["outcome"])
        event = json.loads(journal.rows(
            noc.EVENTS + " WHERE id = ?", run["event"])[0]["said"])
        noc.equal(event["data"]["ifname"], "eth7", "ifname asked of the agent")
        noc.equal(len(journal.sets()), 1, "SETs")
        d.wait_line(r"heal .*Succeeded")
        noc.equal(d.stop(), 0, "exit status")
        audit(d)


@noc.case("a lost carrier: the far end that is shut is raised")
def _():
    with lab.Lab(2) as network, \
            network.daemon(rules(), mute=["demo2"]) as d:
        journal = Journal(d)
        network[2].shut("eth8")
        journal.wait_run("Succeeded")
        noc.check(network[2].is_up("eth8"), "eth8 is not raised")
        noc.equal([r["path"] for r in journal.sets()], ["raise_far"], "SETs")
        audit(d)


@noc.case("both ends' traps are one fault and one run")
def _():
    with lab.Lab(2) as network, \
            network.daemon(rules(hold="3s")) as d:
        journal = Journal(d)
        network[1].shut("eth7")  # both ends lose the carrier and say so
        journal.wait_run("Succeeded")
        noc.equal(len(journal.runs()), 1, "runs")
        noc.equal(len(journal.sets()), 1, "SETs")
        for n, port in ((1, "eth7"), (2, "eth8")):
            network[n].noticed(port, True)
            if d.out.find(r"link\.down demo%d %s" % (n, port)) is None:
                raise noc.Late("demo%d looked when it was over" % n)
        d.wait_line(r"folded into")
        audit(d)


@noc.case("a silent agent: three attempts, breaker, escalation, acknowledged")
def _():
    with lab.Lab(1) as network, \
            network.daemon(rules(ask="1s")) as d:
        journal = Journal(d)
        network[1].silence()
        network[1].shut("eth7")
        d.wait_line(r"link\.down demo1 eth7")
        run = journal.wait_run("Running", phase="escalating")
        look = journal.step("look")
        noc.equal(look["attempt"], 3, "attempts")
        d.wait_line(r"breaker OPEN snmp demo1")
        d.wait_line(r"noc.*eth7 still down")
        d.wait_line(r"oncall")
        noc.equal(journal.sets(), [], "SETs to a silent agent")
        noc.equal(d.cli("ack", uuid(run["id"])).returncode, 0, "ack")
        ended = journal.wait_run("Failed")
        noc.check("timeout" in json.dumps(dict(ended), default=str) or
                  "answer" in ended["outcome"], ended["outcome"])
        d.wait_line(r"heal run [\w-]+ Failed")
        # Notices leave once that is on disk; their lines may even follow the
        # answer to the acknowledgement.
        for channel in ("noc", "oncall"):
            d.wait_line(r"notify %s: all clear \(acknowledged" % channel)
        n = len(d.out.all)
        time.sleep(2.5)
        noc.check(not [x for x in d.out.all[n:] if "still down" in x],
                  "it goes on telling after the acknowledgement")
        audit(d)
        network[1].speak()


def uuid(raw):
    text = bytes(raw).hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20],
                     text[20:]))


@noc.case("a refused SET is permanent: one attempt, escalation at once")
def _():
    config = 'return { ["credentials.lab"] = { community = "public" } }\n'
    with lab.Lab(1) as network, \
            network.daemon(rules(), config=config) as d:
        journal = Journal(d)
        network[1].shut("eth7")
        journal.wait_run("Running", phase="escalating")
        step = journal.step("raise")
        noc.equal((step["state"], step["attempt"]), ("Failed", 1), "raise")
        d.wait_line(r"noc.*eth7 still down")
        noc.check(not network[1].is_up("eth7"), "eth7 was raised")
        network[1].raise_("eth7")  # stop_on link.up ends the escalation
        journal.wait_run("Failed")
        audit(d)


@noc.case("six flaps are damped: one notice, no action, one all-clear")
def _():
    damp = ('damp = { half_life = "10s", suppress = 2000, reuse = 1500, '
            'max_suppress = "60m" },')
    with lab.Lab(1) as network, \
            network.daemon(rules(hold="8s", more=damp)) as d:
        journal = Journal(d)
        for _ in range(6):
            began = time.monotonic()
            mark = d.mark()
            network[1].shut("eth7")
            d.wait_line(r"link\.down demo1 eth7", start=mark)
            mark = d.mark()
            network[1].raise_("eth7")
            d.wait_line(r"link\.up demo1 eth7", start=mark)
            if time.monotonic() - began > 7:
                raise noc.Late("a flap took longer than the hold")
        d.wait_line(r"eth7 all clear")
        lines = d.out.all
        noc.equal(len([x for x in lines if "eth7 flaps:" in x]), 1, "notices")
        noc.equal(len([x for x in lines if "eth7 all clear" in x]), 1,
                  "all-clears")
        noc.equal(journal.sets(), [], "SETs")
        audit(d)


def left_alone(when, device="demo1"):
    with lab.Lab(2) as network, \
            network.daemon(rules(hold="3s")) as d:
        journal = Journal(d)
        if when == "before":
            config_change(d, device)
            d.wait_line(r"config\.change " + device)
        began = time.monotonic()
        network[1].shut("eth7")
        d.wait_line(r"link\.down demo\d eth")
        if when == "after":
            config_change(d, device)
            d.wait_line(r"config\.change " + device)
            if time.monotonic() - began > 3 and journal.runs():
                raise noc.Late("the message came after the hold")
        noc.wait_for(lambda: journal.decisions("cancelled"),
                     "a decision to leave it alone")
        d.wait_line(r"link\.down demo1 eth7")
        d.wait_line(r"link\.down demo2 eth8")
        journal.quiet(d)
        noc.equal(journal.runs(), [], "runs")
        noc.check(not network[1].is_up("eth7"), "eth7 was raised")
        # Anybody could have sent it: who hides a fault with it is seen.
        d.wait_line("notify noc: heal does nothing because of a "
                    "config.change of %s that nobody signed" % device)
        noc.check("not authenticated" in
                  journal.decisions("cancelled")[0]["reason"],
                  "the decision does not say that it is not authenticated")
        audit(d)


@noc.case("an operator's shut is left alone: message before the trap")
def _():
    left_alone("before")


@noc.case("an operator's shut is left alone: message after the trap")
def _():
    left_alone("after")


@noc.case("an operator's shut is left alone: message of the far device")
def _():
    left_alone("after", "demo2")


@noc.case("six links down at one site: none touched, one incident")
def _():
    ports = ["lan%d" % n for n in range(1, 7)]
    with lab.Lab(1, ports) as network, \
            network.daemon(rules(hold="8s")) as d:
        journal = Journal(d)
        network[1].shut(*ports)
        noc.wait_for(lambda: len({r["event"] for r in
                                  journal.decisions("guarded")}) >= 6,
                     "six guarded candidates", every=0.2)
        journal.quiet(d)
        noc.equal(journal.runs(), [], "runs")
        noc.check(not any(network[1].is_up(p) for p in ports), "one raised")
        d.wait_line("noc.*mass|mass.*noc")
        told = [x for x in d.out.all if "mass" in x and "noc" in x]
        noc.equal(len(told), 1, "incidents told")
        audit(d)


NO_MASS = 'guard = { mass = "100000/30s by site" },'
CONFIG = """return { ["credentials.lab"] = { community = "public",
    write_community = "private" },
  snmp = { users = { lab = { auth = "SHA-256", auth_pass = "authauth1",
    priv = "AES", priv_pass = "privpriv1" } } } }
"""
SIGNS = ("-v3", "-e", "0x8000000001020304", "-u", "lab", "-l", "authPriv",
         "-a", "SHA-256", "-A", "authauth1", "-x", "AES", "-X", "privpriv1")


@noc.case("a port that was shut before: a forged linkDown does not open it, "
          "nor one after a forged linkUp; a signed one does")
def _():
    ports = ["lan1", "lan2", "lan3"]
    with lab.Lab(1, ports) as network, \
            network.daemon(rules(hold="1s", more=NO_MASS), shut=ports,
                           config=CONFIG) as d:
        journal = Journal(d)
        device = network[1]
        device.says(d, "lan1", False)
        device.says(d, "lan2", True)
        device.says(d, "lan2", False)
        for port in ("lan1", "lan2"):
            journal.wait_run("Running", phase="escalating",
                             key="demo1/" + port)
            d.wait_line("notify noc.*demo1 %s still down: the event is not "
                        "authenticated, and nothing shows that it changed"
                        % port)
        noc.equal(journal.sets(), [], "SETs")
        # Beside them what is true is repaired in time.
        device.shut("eth7")
        run = journal.wait_run("Succeeded", key="demo1/eth7")
        held = [row for row in journal.decisions("held")
                if row["event"] == run["event"]][0]
        late = (journal.sets()[0]["started"] - held["at"]) / 1e9 - 1
        device.says(d, "lan3", False, options=SIGNS)
        journal.wait_run("Succeeded", key="demo1/lan3")
        noc.check(device.is_up("lan3"), "the signed one did not open lan3")
        noc.check(not device.is_up("lan1") and not device.is_up("lan2"),
                  "a forged one opened its port")
        noc.equal(len(journal.sets()), 2, "SETs")
        audit(d)
        if late > 1:
            raise noc.Late("the SET went out %.2f s after its hold" % late)


@noc.case("1,000 spoofed linkDowns for healthy ports and for some that were "
          "shut before: nothing is changed")
def _():
    shut = ["lan3", "lan4"]
    with lab.Lab(1, ["lan%d" % n for n in range(1, 5)]) as network, \
            network.daemon(rules(hold="1s", more=NO_MASS), shut=shut) as d:
        journal = Journal(d)
        ports = [network[1].index(p) for p in
                 ("eth7", "lan1", "lan2", "lan3", "lan4")]
        sent = 0
        for n in range(1000):
            index = ports[n % 5] if n % 2 else 1000 + n
            source = (network[1].host if n % 4 else "127.0.0.1")
            send_trap(d.traps, index, source)
            sent += 1
            if n % 50 == 0:
                time.sleep(0.02)
        # One spoofs demo1 itself: its datagrams leave its own namespace.
        for port in ("eth7", "lan1", "lan2", "lan3", "lan4"):
            network[1].says(d, port, False)
        d.ledger("snmp.trap", sent + len(ports))
        noc.wait_for(journal.runs, "a run that looks")
        journal.quiet(d)
        noc.wait_for(lambda: all(r["state"] != "Running" or r["phase"] in
                                 ("escalating", "waiting_event")
                                 for r in journal.runs()),
                     lambda: "the runs to look: %r" % [
                         (r["state"], r["phase"]) for r in journal.runs()])
        noc.equal(journal.sets(), [], "SETs")
        noc.check(not any(network[1].is_up(p) for p in shut), "one is open")
        audit(d)


def send_trap(port, index, source):
    """A v2c linkDown for one ifIndex from a bound source address."""
    import socket

    def tlv(tag, body):
        if len(body) < 128:
            return bytes([tag, len(body)]) + body
        return bytes([tag, 0x82]) + len(body).to_bytes(2, "big") + body

    def oid(text):
        arcs = [int(x) for x in text.split(".")]
        out = bytes([40 * arcs[0] + arcs[1]])
        for arc in arcs[2:]:
            part = [arc & 127]
            while arc > 127:
                arc >>= 7
                part.insert(0, 128 | (arc & 127))
            out += bytes(part)
        return tlv(6, out)

    def number(value):
        return tlv(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))

    binds = tlv(0x30, oid("1.3.6.1.2.1.1.3.0") + tlv(0x43, b"\x01"))
    binds += tlv(0x30, oid("1.3.6.1.6.3.1.1.4.1.0") +
                 oid("1.3.6.1.6.3.1.1.5.3"))
    for column, value in ((1, index), (7, 2), (8, 2)):
        binds += tlv(0x30, oid("1.3.6.1.2.1.2.2.1.%d.%d" % (column, index)) +
                     number(value))
    pdu = tlv(0xa7, number(index) + number(0) + number(0) + tlv(0x30, binds))
    message = tlv(0x30, number(1) + tlv(4, b"public") + pdu)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((source, 0))
        s.sendto(message, ("127.0.0.1" if source.startswith("127")
                           else source, port))


@noc.case("killed at ten moments of the loop, it ends the same")
def _():
    with lab.Lab(1) as network, \
            network.daemon(rules(
                hold="1s", more='guard = { per_key = "100/30m" },')) as d:
        journal = Journal(d)
        for n in range(10):
            done = len([r for r in journal.runs()
                        if r["state"] == "Succeeded"])
            mark = d.mark()
            held = len(journal.decisions("held"))
            network[1].shut("eth7")
            d.wait_line(r"link\.down demo1 eth7", start=mark)
            # A trap that is not on disk yet may be lost.
            noc.wait_for(lambda: len(journal.decisions("held")) > held,
                         "hold %d" % n)
            time.sleep(0.1 + 0.35 * n)
            d.kill()
            d.restart()
            noc.wait_for(lambda: network[1].is_up("eth7"),
                         "eth7 raised after kill %d" % n, every=0.2)
            noc.wait_for(lambda: len([r for r in journal.runs() if r["state"]
                                      == "Succeeded"]) > done,
                         lambda: "run %d to end: %r" % (
                             n, [(r["state"], r["phase"], r["outcome"])
                                 for r in journal.runs()]), every=0.2)
            network[1].noticed("eth7", True)
        audit(d)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    noc.main()
