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
import platform
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(
    os.environ.get("NOC_SRCDIR") or os.path.join(os.path.dirname(
        os.path.abspath(__file__)), ".."), "tests", "flow"))
import noc  # noqa: E402

HERE = None         # where the programs are
ROUNDS = 5
RESULTS = []
MEASURES = {}
CPUS = sorted(os.sched_getaffinity(0))


def measure(function):
    MEASURES[function.__name__] = function
    return function


def say(text):
    print("# " + text, file=sys.stderr, flush=True)


# ---- figures ----

def shown(value, unit):
    if value is None:
        return "-"
    for limit, text in ((1e6, "M"), (1e3, "k")):
        if unit == "1/s" and value >= limit:
            return "%.3g %s/s" % (value / limit, text)
    return "%.4g %s" % (value, unit)


def figure(name, ours, bare=None, unit="", floor=None, goal=None, of="ours",
           more=None, note=""):
    """One row.  ours and bare are lists, one value a round.  floor and goal
    are limits of `of`: "ours", or "ratio" (ours / bare, round by round);
    negative ones are upper limits."""
    value = statistics.median(ours)
    row = {"name": name, "unit": unit, "ours": value, "rounds": ours,
           "note": note}
    if bare:
        row["bare"] = statistics.median(bare)
        row["bare_rounds"] = bare
        row["ratio"] = statistics.median(
            o / b for o, b in zip(ours, bare))
    judged = row.get("ratio") if of == "ratio" else value
    for kind, limit in (("floor", floor), ("goal", goal)):
        if limit is not None:
            row[kind] = abs(limit)
            row[kind + "_of"] = of
            row[kind + "_met"] = (judged <= -limit if limit < 0
                                  else judged >= limit)
            row["at_most"] = limit < 0
    row.update(more or {})
    RESULTS.append(row)
    say("%s: %s, bare %s%s" % (name, shown(value, unit),
                               shown(row.get("bare"), unit),
                               ", ratio %.3g" % row["ratio"] if bare else ""))


def judged(row, kind):
    if kind not in row:
        return "-"
    sign = "<=" if row["at_most"] else ">="
    limit = ("%g x" % row[kind] if row[kind + "_of"] == "ratio"
             else shown(row[kind], row["unit"]))
    return "%s %s %s" % (sign, limit, "met" if row[kind + "_met"] else "MISSED")


def table():
    rows = [("what", "measured", "bare", "ratio", "floor", "goal")]
    for r in RESULTS:
        rows.append((r["name"], shown(r["ours"], r["unit"]),
                     shown(r.get("bare"), r["unit"]),
                     "%.3g" % r["ratio"] if "ratio" in r else "-",
                     judged(r, "floor"), judged(r, "goal")))
    widths = [max(len(r[i]) for r in rows) for i in range(len(rows[0]))]
    lines = ["| " + " | ".join(c.ljust(w) for c, w in zip(r, widths)) + " |"
             for r in rows]
    lines.insert(1, "|" + "|".join("-" * (w + 2) for w in widths) + "|")
    return "\n".join(lines)


# ---- programs ----

def program(name, *args, stdin=None, timeout=300, cpu=None):
    """Runs one of ours; the JSON lines it prints."""
    command = [os.path.join(HERE, name)] + [str(a) for a in args]
    done = subprocess.run(
        command, input=stdin, stdout=subprocess.PIPE, timeout=timeout,
        check=True, preexec_fn=cpu and (lambda: pin(0, cpu)))
    return [json.loads(line) for line in done.stdout.splitlines()]


def pin(pid, which):
    """which: "sender" gets the first processor, "receiver" the last."""
    if len(CPUS) > 1:
        for task in os.listdir("/proc/%s/task" % (pid or "self")):
            os.sched_setaffinity(
                int(task), {CPUS[0] if which == "sender" else CPUS[-1]})


def cpu_seconds(pid):
    """All threads of a process, in ns resolution."""
    total = 0
    for task in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/schedstat" % (pid, task),
                  encoding="ascii") as f:
            total += int(f.read().split()[0])
    return total / 1e9


def fresh_dir():
    path = tempfile.mkdtemp(prefix="noc-bench-")
    return path


class Daemon(noc.Daemon):
    """Its output goes to files: nobody here has to read it as it comes."""

    def start(self, ready=True):
        with open(os.path.join(self.dir, "out"), "ab") as out, \
                open(os.path.join(self.dir, "err"), "ab") as err:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=out,
                stderr=err, cwd=self.dir)
        noc._daemons.append(self)
        if ready:
            noc.wait_for(lambda: listens(self.http),
                         "the daemon to listen (%s/err)" % self.dir)
            time.sleep(0.3)
        return self

    def wait(self):
        return self.process.wait(noc.PATIENCE)

    def show(self):
        for name in ("out", "err"):
            with open(os.path.join(self.dir, name), errors="replace",
                      encoding="utf-8") as f:
                for line in f.readlines()[-10:]:
                    say(line.rstrip())

    def close(self):
        super().close()
        shutil.rmtree(self.dir, ignore_errors=True)

    def metrics(self):
        values = {}
        for line in self.get("/metrics").text.splitlines():
            if line and line[0] != "#":
                name, value = line.rsplit(" ", 1)
                values[name] = float(value)
        return values


def listens(port):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def rules(n, more=""):
    """As match_bench makes them: a third by tag, a third by words of the
    message, a third by program; none matches its messages."""
    text = []
    for i in range(n):
        where = ('["syslog.tag"] = "%%FAC%d-3-EVENT"' % i,
                 '["syslog.message"] = re [=[module %d (failed|lost) in slot '
                 r'\d+]=]' % (i * 7919),
                 '["syslog.app"] = "daemon%d", ["syslog.message"] = contains '
                 '"error %d"' % (i, i))[i % 3]
        text.append('rule "r%d" { on = "syslog", where = {%s}, run = log "x" }'
                    % (i, where))
    return "\n".join(text) + "\n" + more


def quiet():
    return {"log.level": "warn"}


# ---- parse and match ----

@measure
def match():
    """ns of one core for a message, by the number of rules."""
    sides = {}
    for _ in range(ROUNDS):
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
    bare = subprocess.Popen([os.path.join(HERE, "bench_flood"), "receive",
                             str(port)], stdout=subprocess.PIPE)
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
    for _ in range(ROUNDS):
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
    RESULTS[-1]["goal_per_s"] = 500000


@measure
def tcp():
    """Octet-counted TCP beside the bare parse and match loop."""
    n, ours, bare = 1000000, [], []
    for _ in range(ROUNDS):
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
    for _ in range(ROUNDS):
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
def steps():
    """Runs of in-process steps, all durable, beside single-row commits."""
    directory = fresh_dir()
    for each, floor, goal in ((2, 10, 25), (5, 10, 25)):
        ours, bare = [], []
        for _ in range(ROUNDS):
            bare.append(program("bench_commit", directory, 1000)[0]["per_s"])
            ours.append(steps_per_s(each, 80000 // each))
        figure("durable steps, runs of %d" % each, ours, bare, "1/s",
               floor=floor, goal=goal, of="ratio")
    shutil.rmtree(directory, ignore_errors=True)


def steps_per_s(each, n):
    rule = ('rule "burst" { on = "syslog", key = "{syslog.message}", where = '
            '{ ["syslog.app"] = "burst" }, run = flow { %s } }\n' % ", ".join(
                'step "s%d" { log "done" }' % i for i in range(each)))
    with Daemon(rules=rules(1000, rule), sets=quiet()) as d, \
            socket.create_connection(("127.0.0.1", d.tcp)) as s:
        began = time.monotonic()
        s.sendall(b"".join(
            b"%d %s" % (len(m), m) for m in (
                b"<13>Oct 11 22:14:15 sw%d burst: %d" % (i % 50, i)
                for i in range(n))))
        noc.wait_for(lambda: steps_done(d, n), "the runs to end",
                     every=0.05)
        return each * n / (time.monotonic() - began)


def steps_done(d, n):
    m = d.metrics()
    started = m["nocturne_runs_started_total"]
    return started >= n and m["nocturne_runs_running"] == 0 and \
        m["nocturne_journal_queue_transactions"] == 0


@measure
def store():
    """The journal's own figures (bench_store.c)."""
    rows = {r.get("figure") or r["ratio"]: r for r in program(
        "bench_store", "-d", tempfile.gettempdir(), "-r", ROUNDS, "-n", 50000,
        timeout=900)}

    def one(name, ours, bare=None, **kw):
        figure(name, [rows[ours]["median"]],
               bare and [rows[bare]["median"]], "1/s", **kw)
    one("journal: step txns", "steps", "bare_single", floor=10, goal=25,
        of="ratio")
    one("journal: step txns beside groups of 100", "steps", "bare_group",
        goal=0.5, of="ratio")
    one("journal: append", "append", "bare_append", goal=0.8, of="ratio")
    one("journal: verify, cpu", "verify", goal=0.8e6)


@measure
def rows():
    """Of a run with 10,000 items, in questions and at a start
    (bench_rows.c)."""
    said = {r["figure"]: r["median"] for r in program(
        "bench_rows", "-d", tempfile.gettempdir(), "-r", ROUNDS)}

    figure("a page of failed items of 10,000", [said["failed"]], unit="ms",
           floor=-5)
    figure("the last page of 100 items", [said["last"]], unit="ms", floor=-5)
    figure("3,200 items listed", [said["list"]], unit="ms")
    figure("that run shown, with counts", [said["show"]], unit="ms")
    figure("step rows loaded at a start", [said["load"]], unit="1/s",
           floor=50000)


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
    for _ in range(ROUNDS):
        port = noc.free_port()
        server = subprocess.Popen([os.path.join(HERE, "bench_http"),
                                   str(port)])
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

def status_mib(pid, name):
    with open("/proc/%d/status" % pid, encoding="ascii") as f:
        for line in f:
            if line.startswith(name + ":"):
                return int(line.split()[1]) / 1024
    return 0


def started(d):
    """ms from exec until the last port, HTTP, is open."""
    began = time.monotonic()
    d.start(ready=False)
    while not listens(d.http):
        noc.check(d.process.poll() is None, "the daemon ended at once")
        noc.check(time.monotonic() - began < 20, "it never listened")
        time.sleep(0.0005)
    return (time.monotonic() - began) * 1e3


@measure
def size():
    """Memory and start with 1,000 rules, beside none."""
    kinds = {"0": rules(0, 'rule "x" { on = "syslog", run = log "x" }'),
             "1000": rules(1000)}
    first, again, rss = ({k: [] for k in kinds} for _ in range(3))
    for _ in range(ROUNDS):
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

def machine():
    model = ""
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        for line in f:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
    return {"cpus": len(CPUS), "model": model,
            "kernel": platform.release(), "load": os.getloadavg()[0]}


def main():
    global HERE, ROUNDS
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter,
        epilog="measures:\n" + "\n".join(
            "  %-8s %s" % (n, f.__doc__) for n, f in MEASURES.items()))
    parser.add_argument("measures", nargs="*", metavar="MEASURE")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--dir", default="/var/tmp")
    parser.add_argument("--programs", default=os.path.dirname(
        os.path.abspath(__file__)))
    parser.add_argument("--output", default="results.json")
    args = parser.parse_args()
    for name in args.measures:
        if name not in MEASURES:
            parser.error("no measure %r; there are %s"
                         % (name, " ".join(MEASURES)))
    HERE, ROUNDS = os.path.abspath(args.programs), args.rounds
    tempfile.tempdir = os.path.abspath(args.dir)
    failed = []
    try:
        for name, function in MEASURES.items():
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
        json.dump({"machine": machine(), "rounds": ROUNDS, "figures": RESULTS,
                   "failed": failed}, out, indent=1)
    print(table())
    missed = [r["name"] for r in RESULTS if r.get("floor_met") is False]
    if missed:
        print("\nbelow the floor: " + "; ".join(missed))
    sys.exit(1 if failed or missed else 0)


if __name__ == "__main__":
    main()
