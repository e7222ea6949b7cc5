#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Crowds at the doors: whoever takes all places of a way in keeps nobody else
out."""
import os
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import noc  # noqa: E402

INVENTORY = "name,address,role\nsw1,127.0.9.1,access\nsw2,127.0.9.2,access\n"
RULES = """
hook "cmdb" { auth = bearer "cmdb", emit = "thing.made" }
rule "made" { on = "thing.made", run = log "made {device}" }
rule "line" { on = "syslog", run = log "line {device} {summary}" }
rule "down" { on = "snmp.trap", run = log "trap {device} {trust}" }
"""


def reached(d, limit):
    """How often a limit was reached, as the metrics say."""
    for line in d.get("/metrics").text.splitlines():
        if line.startswith('nocturne_limit_reached_total{limit="%s"}' % limit):
            return int(float(line.split()[-1]))
    return 0


# ---- SNMPv3 ----

USERS = """return { snmp = { users = {
  sha = { auth = "SHA-256", auth_pass = "authauth1",
          priv = "AES", priv_pass = "privpriv1" },
} } }
"""
V3 = ["-u", "sha", "-l", "authPriv", "-a", "SHA-256", "-A", "authauth1", "-x",
      "AES", "-X", "privpriv1"]


def discovery(msg_id):
    """What a v3 sender asks first: an empty GET that names no engine."""
    def integer(n):
        return noc.ber(2, n.to_bytes(4, "big"))
    pdu = noc.ber(0xa0, integer(msg_id), integer(0), integer(0),
                  noc.ber(0x30))
    security = noc.ber(0x30, noc.ber(4), integer(0), integer(0), noc.ber(4),
                       noc.ber(4), noc.ber(4))
    return noc.ber(
        0x30, integer(3),
        noc.ber(0x30, integer(msg_id), integer(65507), noc.ber(4, b"\x04"),
                integer(3)),
        noc.ber(4, security), noc.ber(0x30, noc.ber(4), noc.ber(4), pdu))


class Flood:
    """Discovery from 200 addresses, some thousands a second."""

    def __init__(self, port):
        self.port = port
        self.over = threading.Event()
        self.sent = 0
        self.thread = threading.Thread(target=self.run)

    def run(self):
        packets = [discovery(0x01000000 + n) for n in range(64)]
        sockets = []
        for n in range(200):
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.bind(("127.0.3.%d" % (n + 1), 0))
            s.connect(("127.0.0.1", self.port))
            s.setblocking(False)
            sockets.append(s)
        while not self.over.is_set():
            for s in sockets[self.sent % 25 * 8:][:8]:
                try:
                    s.send(packets[self.sent % 64])
                except OSError:
                    pass
            self.sent += 1
            time.sleep(0.001)
        for s in sockets:
            s.close()

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *what):
        self.over.set()
        self.thread.join()


@noc.case("a flood of SNMPv3 discovery keeps no authentic INFORM out")
def _():
    with noc.Daemon(rules=RULES, inventory=INVENTORY, config=USERS) as d:
        with Flood(d.traps):
            noc.wait_for(lambda: reached(d, "snmpv3"), "strangers refused")
            for n in range(8):
                r = d.trap("1.3.6.1.6.3.1.1.5.3", "1.3.6.1.2.1.2.2.1.1.%d" % n,
                           "i", n, version="3", inform=True, wait=2,
                           options=[*V3, "--clientaddr=127.0.9.1"])
                noc.equal(r.returncode, 0, "INFORM %d (%s)"
                          % (n, r.stderr.strip()))
            # Nor one of a flooder's address that knows our engine.
            with open(os.path.join(d.state, "snmp.engine"),
                      encoding="ascii") as f:
                engine = "0x" + f.read().split()[0]
            r = d.trap("1.3.6.1.6.3.1.1.5.4", version="3", inform=True, wait=2,
                       options=[*V3, "--clientaddr=127.0.3.1", "-e", engine])
            noc.equal(r.returncode, 0, r.stderr)
        noc.equal(d.ledger("snmp.inform", 9)["matched"], 9, "INFORMs")
        d.wait_line("log down: trap sw1 high")
        d.wait_line("limit snmpv3 reached by ")


noc.main()
