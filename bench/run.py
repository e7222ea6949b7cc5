#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Measures the daemon beside a bare baseline, the two in turn, and prints
medians with the floor each must hold and the goal it is on the way to.

    run.py [--rounds N] [--dir DIR] [MEASURE...]

State goes below DIR (/var/tmp, which is a disk): a measure of commits on a
memory file system says nothing.  Rates are per second of the CPU time of the
process measured where "cpu" is in the name, so that other work on the machine
does not count; with two processors or more the receiver has one of its own.
"""
import argparse
import hashlib
import hmac
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import bench
import flows  # noqa: F401 (its measures)
from bench import (Daemon, cpu_seconds, figure, fresh_dir, listens, machine,
                   measure, noc, pin, program, quiet, rounds, rules, say,
                   started, status_mib, table)


# ---- parse and match ----

@measure
def match():
    """ns of one core for a message, by the number of rules."""
    sides = {}
    for _ in rounds():
        for row in program("match_bench", "-r", 1, "-n", 200000,
                           cpu="receiver"):
            key = (row["figure"], row["rules"])
            sides.setdefault(key, []).append(row["ns"])
            sides.setdefault(key + ("load",), []).append(row["load_ms"])
    parse = sides["parse", 0]
    figure("syslog parse + match, 10 rules", sides["match", 10], parse, "ns")
    figure("syslog parse + match, 1,000 rules", sides["match", 1000], parse,
           "ns", floor=-500)
    figure("syslog parse + match, 10,000 rules", sides["match", 10000], parse,
           "ns")
    figure("10,000 rules beside 10 rules", sides["match", 10000],
           sides["match", 10], "ns", goal=-1.5, of="ratio")
    figure("syslog parse + match, every message hits",
           sides["match_hit", 1000], parse, "ns")
    figure("load of 10,000 rules", sides["match", 10000, "load"], None, "ms",
           goal=-150)


# ---- floods ----

def flood_bare(seconds, rate, only):
    port = noc.free_port()
    bare = subprocess.Popen(
        [os.path.join(bench.PROGRAMS, "bench_flood"), "receive", str(port)],
        stdout=subprocess.PIPE)
    try:
        time.sleep(0.2)
        pin(bare.pid, "receiver")
        before = cpu_seconds(bare.pid)
        sent = program("bench_flood", "udp", port, seconds, rate, *only,
                       cpu="sender")[0]
        time.sleep(0.5)
        cpu = cpu_seconds(bare.pid) - before
    finally:
        bare.send_signal(signal.SIGTERM)
    got = json.loads(bare.communicate(timeout=10)[0])
    got.update(sent=sent["sent"], cpu=cpu, seconds=sent["seconds"])
    return got


def flood_daemon(d, seconds, rate, only):
    def ledger():
        return d.sources()["syslog.udp"]
    was = ledger()
    before = cpu_seconds(d.pid)
    sent = program("bench_flood", "udp", d.udp, seconds, rate, *only,
                   cpu="sender")[0]
    time.sleep(0.5)
    cpu = cpu_seconds(d.pid) - before
    row = {k: v - was[k] for k, v in ledger().items()
           if isinstance(v, int)}
    row.update(sent=sent["sent"], cpu=cpu, seconds=sent["seconds"],
               dropped=row["kernel_dropped"])
    return row


def balanced(row):
    noc.equal(row["received"] + row["dropped"], row["sent"],
              "received + dropped by the kernel against sent")


STORM = """
rule "storm" { on = "syslog", where = { ["syslog.tag"] = "%SYS-5-CONFIG_I" },
  key = "{device}", storm = { over = "200/10s", clear = "100/10s",
  digest = { idle = "30s", max = "5m" } }, run = log "{device}: {count}" }
"""
HIT = ("<189>4711: Oct 11 22:14:15.003: %SYS-5-CONFIG_I: Configured from "
       "console by admin on vty0 (192.0.2.10)")


def flood(name, only=(), floor=None, goal=None, rule=""):
    ours, bare, rates, lost = [], [], [], []
    for _ in rounds():
        b = flood_bare(2, 0, only)
        balanced(b)
        with Daemon(rules=rules(1000, rule), sets=quiet()) as d:
            pin(d.pid, "receiver")
            o = flood_daemon(d, 2, 0, only)
            balanced(o)
            if only:
                noc.check(o["matched"] > 0.99 * o["received"],
                          "the storm rule was not hit: %r" % o)
            if not only:
                # A pace that bare reception holds without loss.
                pace = 0.3 * b["received"] / b["seconds"]
                p = flood_daemon(d, 2, pace, only)
                balanced(p)
                lost.append(p["dropped"] / p["sent"])
        ours.append(o["received"] / o["cpu"])
        bare.append(b["received"] / b["cpu"])
        rates.append(o["received"] / o["seconds"])
    figure(name, ours, bare, "1/s", floor, goal, "ratio",
           {"per_s_of_wall_clock": statistics.median(rates)})
    if lost:
        figure("UDP lost at 0.3 of what bare receives", lost, None, "")


@measure
def udp():
    """UDP flood through the daemon, per CPU second, beside bare recvmmsg."""
    flood("UDP flood, cpu, 1,000 rules", floor=0.5, goal=0.8)


@measure
def storm():
    """The same when every message hits one storm rule."""
    flood("UDP flood, cpu, all hit one storm rule", (HIT,), rule=STORM)
    bench.RESULTS[-1]["goal_per_s"] = 500000


@measure
def tcp():
    """Octet-counted TCP beside the bare parse and match loop."""
    n, ours, bare = 1000000, [], []
    for _ in rounds():
        rows = program("match_bench", "-r", 1, "-n", 200000, cpu="receiver")
        bare += [r["per_s"] for r in rows
                 if (r["figure"], r["rules"]) == ("match", 1000)]
        with Daemon(rules=rules(1000), sets=quiet()) as d:
            pin(d.pid, "receiver")
            before = cpu_seconds(d.pid)
            sent = program("bench_flood", "tcp", d.tcp, n, cpu="sender")[0]
            noc.wait_for(lambda: d.sources()["syslog.tcp"]["received"] >=
                         sent["sent"], "the last of the stream")
            ours.append(sent["sent"] / (cpu_seconds(d.pid) - before))
    figure("TCP octet-counted, cpu, 1,000 rules", ours, bare, "1/s",
           goal=0.5, of="ratio")


# ---- latency ----

def ber_oid(text):
    n = [int(x) for x in text.split(".")]
    out = bytes([n[0] * 40 + n[1]])
    for x in n[2:]:
        digits = [x & 127]
        while x > 127:
            x >>= 7
            digits.insert(0, x & 127 | 128)
        out += bytes(digits)
    return noc.ber(6, out)


def trap():
    """SNMPv2c, one varbind whose text is the number of the round."""
    def bind(oid, value):
        return noc.ber(0x30, ber_oid(oid), value)
    return noc.ber(0x30, noc.ber(2, b"\1"), noc.ber(4, b"public"), noc.ber(
        0xa7, noc.ber(2, b"\1"), noc.ber(2, b"\0"), noc.ber(2, b"\0"), noc.ber(
            0x30, bind("1.3.6.1.2.1.1.3.0", noc.ber(0x43, b"\1")),
            bind("1.3.6.1.6.3.1.1.4.1.0", ber_oid("1.3.6.1.4.1.99999.0.1")),
            bind("1.3.6.1.4.1.99999.1.1", noc.ber(4, b"########")))))


@measure
def latency():
    """Datagram in, decision and run durable, action's datagram out."""
    sides = {"trap": [], "syslog": []}
    p99, bare = [], []
    directory = fresh_dir()
    for _ in rounds():
        bare.append(program("bench_commit", directory, 500, 2000)[0]["p50"]
                    / 1e3)
        answer = noc.free_port()
        act = 'syslog { to = "127.0.0.1:%d", "done" }' % answer
        rule = ('rule "trap" { on = "snmp.trap", key = "{summary}", '
                'run = flow { step "act" { %s, timeout = "5s" } } }\n'
                'rule "word" { on = "syslog", where = { ["syslog.app"] = '
                '"echo" }, key = "{summary}", run = flow { step "act" { %s, '
                'timeout = "5s" } } }\n' % (act, act))
        with Daemon(rules=rules(1000, rule), sets=quiet()) as d:
            for kind, packet, port in (
                    ("trap", trap(), d.traps),
                    ("syslog", b"<13>Oct 11 22:14:15 sw1 echo: ########",
                     d.udp)):
                row = program("bench_echo", port, answer, 500, 2000,
                              packet.hex())[0]
                sides[kind].append(row["p50"] / 1e6)
                if kind == "trap":
                    p99.append(row["p99"] / 1e6)
    shutil.rmtree(directory, ignore_errors=True)
    bare = [us / 1e3 for us in bare]
    figure("trap to in-process action after commit, p50", sides["trap"], bare,
           "ms", floor=-1, goal=-1)
    figure("the same, p99", p99, None, "ms")
    figure("syslog to in-process action after commit, p50", sides["syslog"],
           bare, "ms", floor=-1, goal=-1)


# ---- durable work ----

@measure
def store():
    """The journal's own figures (bench_store.c)."""
    rows = {r.get("figure") or r["ratio"]: r for r in program(
        "bench_store", "-d", tempfile.gettempdir(), "-r", bench.ROUNDS,
        "-n", 50000, timeout=900)}

    def one(name, ours, bare=None, **kw):
        figure(name, [rows[ours]["median"]],
               bare and [rows[bare]["median"]], "1/s", **kw)
    one("journal: step txns", "steps", "bare_single", floor=10, goal=25,
        of="ratio")
    one("journal: step txns beside groups of 100", "steps", "bare_group",
        goal=0.5, of="ratio")
    one("journal: append", "append", "bare_append", goal=0.8, of="ratio")
    one("journal: verify, cpu", "verify", goal=0.8e6)


# ---- webhook ----

HOOK_FIRST = 10000000
HOOK_POSTS = 80000
HOOK = """
hook "bench" { auth = hmac { "sha256", "X-Hook-Signature", secret = "k" },
  emit = "thing.changed", map = { n = "body.data.id" } }
"""


@measure
def webhook():
    """1 KiB of JSON, signed, committed, 202; 64 connections.  Each delivery is
    another one: what was signed once is taken once."""
    body = {"model": "thing", "data": {"id": HOOK_FIRST}, "more": []}
    while len(json.dumps(body)) < 1000:
        body["more"].append({"k": "value %d" % len(body["more"]), "n": 1.5})
    raw = json.dumps(body)
    posts = b"".join(
        webhook_request(raw.replace(str(HOOK_FIRST), str(HOOK_FIRST + i), 1))
        for i in range(HOOK_POSTS))
    ours, bare, p50 = [], [], []
    for _ in rounds():
        port = noc.free_port()
        server = subprocess.Popen(
            [os.path.join(bench.PROGRAMS, "bench_http"), str(port)])
        try:
            noc.wait_for(lambda: listens(port), "bare evhttp")
            pin(server.pid, "receiver")
            bare.append(webhook_post(port, posts)["per_s"])
        finally:
            server.kill()
            server.wait()
        with Daemon(rules=rules(1000, HOOK), secrets={"k": "s3cret"},
                    sets=quiet()) as d:
            row = webhook_post(d.http, posts)
            ours.append(row["per_s"])
            p50.append(row["p50"] / 1e6)
            noc.check(d.sources()["hook/bench"]["received"] > 0, "none came")
    figure("webhook 1 KiB, signed and committed", ours, bare, "1/s", goal=0.5,
           of="ratio", more={"p50_ms": statistics.median(p50)})


def webhook_request(text):
    raw = text.encode()
    head = ("POST /hooks/bench HTTP/1.1\r\nHost: localhost\r\n"
            "Content-Type: application/json\r\nX-Hook-Signature: %s\r\n"
            "Content-Length: %d\r\n\r\n" % (
                hmac.new(b"s3cret", raw, hashlib.sha256).hexdigest(),
                len(raw)))
    return head.encode() + raw


def webhook_post(port, posts):
    return program("bench_post", port, 64, 2, stdin=posts, cpu="sender")[0]


# ---- size and start ----

@measure
def size():
    """Memory and start with 1,000 rules, beside none."""
    kinds = {"0": rules(0, 'rule "x" { on = "syslog", run = log "x" }'),
             "1000": rules(1000)}
    first, again, rss = ({k: [] for k in kinds} for _ in range(3))
    for _ in rounds():
        for k, text in kinds.items():
            d = Daemon(rules=text, sets=quiet())
            first[k].append(started(d))
            d.stop()
            again[k].append(started(d))
            time.sleep(1)
            rss[k].append(status_mib(d.pid, "VmRSS"))
            d.close()
    figure("memory with 1,000 rules (beside one rule)", rss["1000"], rss["0"],
           "MiB", floor=-24, goal=-16)
    figure("start to listening, 1,000 rules (beside one)", again["1000"],
           again["0"], "ms", floor=-100, goal=-50)
    figure("the first start of all, new database and keys", first["1000"],
           first["0"], "ms", floor=-100, goal=-50)


# ---- all of it ----

def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter,
        epilog="measures:\n" + "\n".join(
            "  %-8s %s" % (n, f.__doc__) for n, f in bench.MEASURES.items()))
    parser.add_argument("measures", nargs="*", metavar="MEASURE")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--dir", default="/var/tmp")
    parser.add_argument("--programs", default=os.path.dirname(
        os.path.abspath(__file__)))
    parser.add_argument("--output", default="results.json")
    args = parser.parse_args()
    for name in args.measures:
        if name not in bench.MEASURES:
            parser.error("no measure %r; there are %s"
                         % (name, " ".join(bench.MEASURES)))
    bench.PROGRAMS = os.path.abspath(args.programs)
    bench.ROUNDS = args.rounds
    tempfile.tempdir = os.path.abspath(args.dir)
    failed = []
    try:
        for name, function in bench.MEASURES.items():
            if args.measures and name not in args.measures:
                continue
            try:
                function()
            except (noc.Failure, subprocess.SubprocessError, OSError) as why:
                failed.append(name)
                say("%s FAILED: %s" % (name, why))
    finally:
        for d in list(noc._daemons):
            d.close()
    with open(args.output, "w", encoding="utf-8") as out:
        json.dump({"machine": machine(), "rounds": bench.ROUNDS,
                   "figures": bench.RESULTS,
                   "failed": failed}, out, indent=1)
    print(table())
    missed = [r["name"] for r in bench.RESULTS if r.get("floor_met") is False]
    if missed:
        print("\nbelow the floor: " + "; ".join(missed))
    sys.exit(1 if failed or missed else 0)


if __name__ == "__main__":
    main()
