#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Crowds at the doors: whoever takes all places of a way in, by connections,
by bodies that do not end, by answers that are not read or by discovery, keeps
nobody else out."""
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


def dial(port, source, size=None):
    """A connection from an address of this host."""
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if size:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)
    s.settimeout(noc.PATIENCE)
    s.bind((source, 0))
    s.connect(("127.0.0.1", port))
    return s


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


# ---- syslog over TCP ----

@noc.case("a thousand connections of ten addresses keep no sender out")
def _():
    with noc.Daemon(rules=RULES, inventory=INVENTORY) as d:
        # One that is known, and one that is not but has said something.
        mine = dial(d.tcp, "127.0.9.1")
        mine.sendall(b"<13>sw1 app: first\n")
        d.wait_line("log line: line sw1 .*first")
        other = dial(d.tcp, "127.0.8.1")
        other.sendall(b"<13>app: one\n")
        d.wait_line("log line: line 127.0.8.1 .*one")
        crowd = []
        for n in range(1000):
            crowd.append(dial(d.tcp, "127.0.7.%d" % (n % 10 + 1)))
        noc.wait_for(lambda: reached(d, "syslog.tcp"), "somebody went")
        # Of the inventory, by a connection that is new and by one of before.
        for n in range(120):
            with dial(d.tcp, "127.0.9.2") as s:
                s.sendall(b"<13>sw2 app: new %d\n" % n)
            d.wait_line("log line: line sw2 .*new %d$" % n)
        mine.sendall(b"<13>sw1 app: second\n")
        d.wait_line("log line: line sw1 .*second")
        # A stranger, too: those go who are more, and say nothing.
        with dial(d.tcp, "127.0.8.2") as s:
            s.sendall(b"<13>app: mine\n")
            d.wait_line("log line: line 127.0.8.2 .*mine")
        other.sendall(b"<13>app: two\n")
        d.wait_line("log line: line 127.0.8.1 .*two")
        d.wait_line("limit syslog.tcp reached by 127.0.7.")
        for s in crowd:
            s.close()


# ---- HTTP ----

def whole(s, request):
    """The answer to one request, as bytes; b"" when there is none."""
    try:
        s.sendall(request)
        answer = b""
        while True:
            piece = s.recv(65536)
            if not piece:
                return answer
            answer += piece
    except OSError:
        return b""


def deliver(d, n, source="127.0.9.1"):
    """A hook's delivery; its status."""
    body = b'{"device":"sw%d","why":"%s"}' % (n, b"x" * 200)
    with dial(d.http, source) as s:
        answer = whole(
            s, b"POST /hooks/cmdb HTTP/1.1\r\nHost: x\r\n"
            b"Connection: close\r\nAuthorization: Bearer s3cret\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
    return int(answer.split()[1]) if answer else 0


def hooks():
    return noc.Daemon(rules=RULES, inventory=INVENTORY,
                      secrets={"cmdb": "s3cret"})


def bodies(d, path, count, size, sources):
    """Bodies of one byte less than was said."""
    crowd = []
    for n in range(count):
        s = dial(d.http, sources[n % len(sources)])
        s.sendall(b"POST %s HTTP/1.1\r\nHost: x\r\n"
                  b"Content-Length: %d\r\n\r\n" % (path, size))
        crowd.append(s)
    for s in crowd:
        try:
            s.sendall(b"x" * (size - 1))
        except OSError:
            pass
    return crowd


@noc.case("a hook that does not exist is told before its body is read")
def _():
    with hooks() as d, dial(d.http, "127.0.7.1") as s:
        answer = whole(s, b"POST /hooks/none HTTP/1.1\r\nHost: x\r\n"
                       b"Content-Length: 100000\r\n\r\n")
        noc.check(answer.startswith(b"HTTP/1.1 404 "), lambda: str(answer))
        noc.check(b"\r\nConnection: close\r\n" in answer,
                  lambda: str(answer))


@noc.case("bodies that do not end keep no delivery out")
def _():
    with hooks() as d:
        for sources in (["127.0.7.1"],
                        ["127.0.7.%d" % n for n in range(1, 31)]):
            crowd = bodies(d, b"/hooks/cmdb", 90, 1 << 20, sources)
            got = [deliver(d, n) for n in range(66)]
            noc.equal(got, [202] * 66, "deliveries of another address")
            got = [deliver(d, n, "127.0.7.1") for n in range(8)]
            noc.equal(got, [202] * 8, "deliveries of the same")
            for s in crowd:
                s.close()


@noc.case("answers that nobody reads keep no delivery out")
def _():
    with hooks() as d:
        ask = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 400
        crowd = []
        for _ in range(70):
            s = dial(d.http, "127.0.7.1", 4096)
            try:
                s.sendall(ask)
            except OSError:
                pass
            crowd.append(s)
        got = [deliver(d, n) for n in range(20)]
        noc.equal(got, [202] * 20, "deliveries of another address")
        got = [deliver(d, n, "127.0.7.1") for n in range(8)]
        noc.equal(got, [202] * 8, "deliveries of the same")
        noc.check(reached(d, "http"), "no limit was told")
        for s in crowd:
            s.close()


noc.main()
