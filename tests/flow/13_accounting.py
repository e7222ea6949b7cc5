#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Every message has one fate: what was sent is what the ledgers say."""
import os
import socket

import noc

RULES = """
normalize "down" { from = "syslog", tag = "%LINK-3-UPDOWN",
  pattern = [=[Interface (?<ifname>\\S+), changed state to down]=],
  emit = "link.down" }
rule "down" { on = "link.down", run = log "{device} {ifname}" }
rule "loud" { on = "syslog", where = { severity = at_least "err" },
  run = log "{summary}" }
"""


def settled(d, want, names):
    def look():
        rows = d.sources()
        got = sum(rows[n]["received"] + rows[n]["kernel_dropped"]
                  for n in names if n in rows)
        return rows if got >= want else None
    return noc.wait_for(look, "%d messages in the ledger" % want, every=0.1)


@noc.case("UDP: received + dropped by the kernel = sent; fates add up")
def _():
    with noc.Daemon(rules=RULES) as d:
        count = 20000
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.connect(("127.0.0.1", d.udp))
            for n in range(count):
                if n % 100 == 0:
                    s.send(b"<187>Nov 23 02:13:07 sw%d %%LINK-3-UPDOWN: "
                           b"Interface Gi1/0/%d, changed state to down"
                           % (n % 7, n))
                else:
                    s.send(b"<190>Nov 23 02:13:07 sw%d chat: number %d"
                           % (n % 7, n))
        settled(d, count, ["syslog.udp"])
        d.syslog("last")
        row = d.ledger("syslog.udp", count + 1)
        noc.equal(row["received"] + row["kernel_dropped"], count + 1,
                  "received and dropped against sent")
        noc.check(row["matched"] > 0 and row["unmatched"] > 0, str(row))


@noc.case("datagrams of every length come whole, short beside long")
def _():
    sizes = [40, 1023, 60000, 41, 1024, 1025, 65000, 42, 1026, 2048, 9000, 43]
    sent = []
    for n, size in enumerate(sizes):
        head = "<187>Nov 23 02:13:07 sw1 chat: %02d " % n
        text = "".join(chr(97 + (n + i) % 26) for i in range(size))
        sent.append(head + text[len(head):])
    with noc.Daemon(rules=RULES) as d:
        d.pause()  # so that they come in one call
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
            s.connect(("127.0.0.1", d.udp))
            for message in sent:
                s.send(message.encode())
        d.resume()
        settled(d, len(sent), ["syslog.udp"])
        path = "/api/v1/events?kind=syslog&limit=50"
        got = noc.wait_for(lambda: (lambda rows: rows if len(rows) == len(
            sent) else None)(d.get(path).json["events"]), "the events")
        got = sorted(d.get("/api/v1/events/" + ev["id"]).json["raw"]
                     for ev in got)
        noc.equal([len(text) for text in got],
                  [len(text) for text in sorted(sent)], "lengths")
        noc.check(got == sorted(sent), "their bytes are others")


@noc.case("what the kernel drops is counted, also when nothing comes after it")
def _():
    with noc.Daemon(rules=RULES, sets={"recv_buffer": 4096}) as d:
        d.pause()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.connect(("127.0.0.1", d.udp))
            for n in range(500):
                s.send(b"<190>Nov 23 02:13:07 sw1 chat: number %d" % n)
        d.resume()
        row = settled(d, 500, ["syslog.udp"])["syslog.udp"]
        noc.check(row["kernel_dropped"] > 100, str(row))
        noc.equal(row["received"] + row["kernel_dropped"], 500, "the sum")


@noc.case("TCP and the unix socket lose nothing")
def _():
    with noc.Daemon(rules=RULES) as d:
        count = 20000
        lines = b"".join(b"<190>Nov 23 02:13:07 sw1 chat: number %d\n" % n
                         for n in range(count))
        with socket.create_connection(("127.0.0.1", d.tcp)) as s:
            s.sendall(lines)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.connect(os.path.join(d.state, "syslog.sock"))
            for n in range(2000):
                s.send(b"<13>Nov 23 02:13:07 prog: number %d" % n)
        rows = settled(d, count + 2000, ["syslog.tcp", "syslog.unix"])
        noc.equal(rows["syslog.tcp"]["received"], count, "TCP")
        noc.equal(rows["syslog.unix"]["received"], 2000, "unix")


@noc.case("each of 100 rules that want one message has it")
def _():
    rules = "".join('rule "r%d" { on = "syslog", run = log "r%d" }\n' % (n, n)
                    for n in range(100))
    with noc.Daemon(rules=rules) as d:
        d.syslog("<13>Nov 23 02:13:07 sw1 chat: hello")
        noc.wait_for(lambda: [r["fired"] for r in d.get("/api/v1/rules")
                              .json["rules"]] == [1] * 100, "100 fired")
        d.sources()


@noc.case("1,000 senders that nobody knows are counted, and none acts")
def _():
    rules = RULES + """
rule "act" { on = "link.down", mode = "active",
  run = flow { step "x" { exec { "touch", "WITNESS" }, timeout = "5s" } } }
"""
    witness = os.path.join(noc.tempdir(), "acted")
    with noc.Daemon(rules=rules.replace("WITNESS", witness), listen="0.0.0.0") as d:
        local = noc.outside_address()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            for n in range(1000):
                s.sendto(b"<187>Nov 23 02:13:07 sw%d %%LINK-3-UPDOWN: "
                         b"Interface Gi1/0/1, changed state to down" % n,
                         (local, d.udp))
        d.ledger("syslog.udp", 1000)
        unknown = d.get("/api/v1/unknown").text
        noc.check(local in unknown, unknown[:300])
        noc.equal(d.get("/api/v1/runs?rule=act").json["runs"], [], "runs")
        noc.check(not os.path.exists(witness), "an unknown sender acted")


noc.main()
