#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""SNMP notifications by net-snmp's own clients: v1, v2c, v3, and INFORMs that
are answered when their event is on disk and not before."""
import os
import signal
import socket
import time

import noc

RULES = """
normalize "if-down" { from = "snmp.trap", trap = "linkDown",
  map = { ifindex = "ifIndex", admin = "ifAdminStatus",
          oper = "ifOperStatus" }, emit = "link.down" }
normalize "if-up" { from = "snmp.trap", trap = "linkUp",
  map = { ifindex = "ifIndex" }, emit = "link.up" }
rule "tell" { on = { "link.down", "link.up" },
  run = log "{device} {ifindex} admin={admin} trust={trust}" }
rule "raw" { on = "snmp.trap", run = log "{summary}" }
"""
DOWN = "1.3.6.1.6.3.1.1.5.3"
VARBINDS = ("1.3.6.1.2.1.2.2.1.1.7", "i", 7, "1.3.6.1.2.1.2.2.1.7.7", "i", 2,
            "1.3.6.1.2.1.2.2.1.8.7", "i", 2)


def sent(result, status=0):
    noc.equal(result.returncode, status, "exit status of the client (%s)"
              % result.stderr.strip())


@noc.case("a v2c trap becomes link.down with its varbinds by name")
def _():
    with noc.Daemon(rules=RULES) as d:
        sent(d.trap(DOWN, *VARBINDS))
        d.wait_line(r"link\.down 127\.0\.0\.1 if=7 \[trap\]")
        d.wait_line(r"log tell: 127\.0\.0\.1 7 admin=down trust=normal")


@noc.case("a v1 trap is mapped by RFC 3584 and speaks for its agent-addr")
def _():
    inventory = "name,address\nsw1,192.0.2.77\n"
    with noc.Daemon(rules=RULES, inventory=inventory) as d:
        sent(d.trap(("1.3.6.1.4.1.9.1.1", "192.0.2.77", "2", "0", "100"),
                    *VARBINDS, version="1"))
        d.wait_line(r"link\.down sw1 if=7 \[trap\]")
        sent(d.trap(("1.3.6.1.4.1.99999.5", "192.0.2.77", "6", "17", "1"),
                    version="1"))
        d.wait_line(r"1\.3\.6\.1\.4\.1\.99999\.5\.0\.17")


@noc.case("other communities are refused, counted and said")
def _():
    with noc.Daemon(rules=RULES, sets={"traps.communities": "right"}) as d:
        sent(d.trap(DOWN, *VARBINDS, options=("-c", "wrong")))
        d.wait_log("refused=1 its community is not one of")
        r = d.trap(DOWN, *VARBINDS, options=("-c", "wrong"), inform=True,
                   wait=1)
        noc.check(r.returncode != 0, "a refused INFORM was acknowledged")
        noc.equal(d.ledger("snmp.inform", 2)["refused"], 2, "refused")
        sent(d.trap(DOWN, *VARBINDS, options=("-c", "right")))
        d.wait_line(r"link\.down")


USERS = """return { snmp = { users = {
  sha = { auth = "SHA-256", auth_pass = "authauth1",
          priv = "AES", priv_pass = "privpriv1" },
  md5 = { auth = "MD5", auth_pass = "authauth2" },
} } }
"""
V3 = ("-e", "0x8000000001020304", "-u", "sha", "-l", "authPriv", "-a",
      "SHA-256", "-A", "authauth1", "-x", "AES", "-X", "privpriv1")


@noc.case("v3: authPriv is trusted fully, a wrong key is refused, the users "
          "follow SIGHUP")
def _():
    with noc.Daemon(rules=RULES, config=USERS) as d:
        sent(d.trap(DOWN, *VARBINDS, version="3", options=V3))
        d.wait_line(r"log tell: .* trust=high")
        bad = [o if o != "authauth1" else "authauth9" for o in V3]
        d.trap(DOWN, *VARBINDS, version="3", options=bad)
        d.wait_log("snmp.* refused=1 ")
        noc.write(d.config, USERS.replace("authauth1", "authauth9"))
        d.signal(signal.SIGHUP)
        d.wait_line("reloaded")
        mark = d.mark()
        sent(d.trap("1.3.6.1.6.3.1.1.5.4", *VARBINDS[:3], version="3",
                    options=bad))
        d.wait_line(r"link\.up", start=mark)


@noc.case("v3: a user that is wrong stops the start by name")
def _():
    d = noc.Daemon(rules=RULES, config=USERS.replace("authauth1", "short"))
    d.start(ready=False)
    noc.equal(d.wait(), 1, "exit status")
    noc.check("sha" in "\n".join(d.err.all), lambda: str(d.err.all))


@noc.case("an INFORM is acknowledged (v2c, v3)")
def _():
    with noc.Daemon(rules=RULES, config=USERS) as d:
        sent(d.trap(DOWN, *VARBINDS, inform=True))
        d.wait_line(r"link\.down 127\.0\.0\.1 if=7 \[trap\]")
        sent(d.trap("1.3.6.1.6.3.1.1.5.4", *VARBINDS[:3], version="3",
                    inform=True, options=V3[2:]))
        d.wait_line(r"link\.up")


def ask(d, packet):
    """The answer to an INFORM, which is sent again now and then."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(5)
        until = time.monotonic() + noc.PATIENCE
        while time.monotonic() < until:
            s.sendto(packet, ("127.0.0.1", d.traps))
            try:
                return s.recv(65536)
            except socket.timeout:
                pass
    return None


@noc.case("a retransmitted INFORM is answered again without a new event, also "
          "after kill -9")
def _():
    with noc.Daemon(rules=RULES) as d:
        packet = noc.inform(0x01020304)
        first = ask(d, packet)
        noc.check(first and first[0] == 0x30 and b"\xa2" in first,
                  lambda: "no response: %r" % first)
        noc.equal(ask(d, packet), first, "the second answer")
        d.kill()
        d.restart()
        noc.equal(ask(d, packet), first, "the answer after kill -9")
        other = ask(d, noc.inform(0x01020305,
                                  trap=b"\x2b\x06\x01\x06\x03\x01\x01\x05\x04"))
        noc.check(other, "another INFORM got no answer")
        d.wait_line(r"link\.up")
        d.no_line(r"link\.down .*\[trap\]")  # of the new process


@noc.case("an acknowledged INFORM is in the journal of a daemon killed at once")
def _():
    for _ in range(3):
        d = noc.Daemon(rules=RULES).start()
        noc.check(ask(d, noc.inform(7)), "no answer")
        d.kill()
        r = noc.nocturne("audit", "verify", "--state", d.state)
        noc.equal(r.returncode, 0, "audit verify (%s)" % r.stderr)
        with open(os.path.join(d.state, "nocturne.db"), "rb") as f:
            text = f.read()
        wal = os.path.join(d.state, "nocturne.db-wal")
        if os.path.exists(wal):
            with open(wal, "rb") as f:
                text += f.read()
        noc.check(b"link.down" in text, "the event is not in the database")
        d.close()


@noc.case("malformed packets are refused and harm nothing")
def _():
    with noc.Daemon(rules=RULES) as d:
        good = noc.inform(99)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            for i in range(len(good)):
                for flip in (0x00, 0xff, good[i] ^ 0x80):
                    s.sendto(good[:i] + bytes([flip]) + good[i + 1:],
                             ("127.0.0.1", d.traps))
                s.sendto(good[:i], ("127.0.0.1", d.traps))
                if i % 20 == 19:
                    time.sleep(0.02)
        noc.check(ask(d, noc.inform(12345)), "no answer afterwards")
        noc.check(d.process.poll() is None, "the daemon has ended")


noc.main()
