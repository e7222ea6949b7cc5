#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Floods, notices and hostile words: what people are told stays little, true
and harmless."""
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import noc  # noqa: E402

STORM = """
rule "storm" { on = "syslog", key = "{device}",
  storm = { over = "200/1s", clear = "100/5s",
            digest = { idle = "2s", max = "60s" },
            keep = { severity = at_least "crit" } },
  run = notify "noc" { "{device} {storm} {count}, top {top:3}" } }
"""


def told(d, word):
    return [x for x in d.out.all if "noc: " in x and word in x]


@noc.case("20,000 messages a second: one start, one end, every message counted")
def _():
    with noc.Daemon(rules=STORM) as d:
        sent, gap = 0, 0.0
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.connect(("127.0.0.1", d.udp))
            began = time.monotonic()
            last = began
            for tick in range(300):  # 200 each 10 ms for 3 s
                gap = max(gap, time.monotonic() - last)
                last = time.monotonic()
                for n in range(200):
                    s.send(b"<190>Nov 23 02:13:07 sw1 chat[%d]: port %d ugly"
                           % (n, n))
                    sent += 1
                ahead = began + tick * 0.01 - time.monotonic()
                if ahead > 0:
                    time.sleep(ahead)
            s.send(b"<186>Nov 23 02:13:07 sw1 chat: this one is grave")
            sent += 1
        if gap > 3:
            raise noc.Late("the sender paused for %.1f s" % gap)
        end = d.wait_line(r"noc: sw1 end \d+")
        row = d.ledger("syslog.udp", sent)
        noc.equal(row["received"] + row["kernel_dropped"], sent, "accounting")
        noc.equal(len(told(d, " start ")), 1, "starts")
        noc.equal(len(told(d, " end ")), 1, "ends")
        noc.equal(row["matched"] + row["shed"], row["received"], "fates")
        total = int(re.search(r"end (\d+)", end).group(1))
        # What shedding left out is in the ledger, the rest in the total.
        noc.check(abs(total - row["matched"]) <= 2,
                  "the end says %d, the ledger %d" % (total, row["matched"]))
        noc.check("port * ugly" in end, end)


@noc.case("over TCP nothing of the storm is lost")
def _():
    with noc.Daemon(rules=STORM) as d:
        count = 20000
        data = b"".join(b"<190>Nov 23 02:13:07 sw2 chat: number %d\n" % n
                        for n in range(count))
        d.syslog_tcp(data)
        noc.wait_for(lambda: d.sources().get("syslog.tcp", {})
                     .get("received", 0) >= count, "every message", every=0.2)
        row = d.ledger("syslog.tcp", count)
        noc.equal((row["received"], row["kernel_dropped"]), (count, 0),
                  "received and dropped")
        d.wait_line(r"noc: sw2 end %d," % count)
        noc.equal(len(told(d, "sw2 start")), 1, "starts")


@noc.case("a storm that a kill -9 interrupts ends once, with one more start "
          "at most")
def _():
    with noc.Daemon(rules=STORM) as d:
        stop = threading.Event()

        def rain():
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                while not stop.is_set():
                    for n in range(20):
                        s.sendto(b"<190>Nov 23 02:13:07 sw3 chat: n %d" % n,
                                 ("127.0.0.1", d.udp))
                    time.sleep(0.01)

        thread = threading.Thread(target=rain, daemon=True)
        thread.start()
        d.wait_line(r"noc: sw3 start")
        time.sleep(1.5)
        began = time.monotonic()
        d.kill()
        d.restart()
        down = time.monotonic() - began
        # Twice and more what would start one that nobody knew of.
        d.ledger("syslog.udp", 1000)
        if down > 3:
            raise noc.Late("it was down for %.1f s" % down)
        noc.equal(len(told(d, " start ")), 0, "starts after the restart")
        stop.set()
        thread.join()
        d.wait_line(r"noc: sw3 end \d{3,}")
        noc.equal(len(told(d, " end ")), 1, "ends")


# ---- channels ----

CHANNELS = """
channel "sink" { syslog { to = "127.0.0.1:%(port)d" }, limit = "3/1m" }
channel "broken" { syslog { to = "127.0.0.1:%(dead)d", transport = "tcp" },
                   fallback = "sink" }
rule "many" { on = "test.many", run = notify "sink" { "many {summary}" } }
rule "fall" { on = "test.fall", run = notify "broken" { "fell {summary}" } }
rule "esc" { on = "power.fail", key = "{device}",
  run = escalate { { "0s", notify "noc" { "level 1 {device}" } },
                   { "1s", notify "oncall" { "level 2 {device}" } },
                   again = "1s", stop_on = { "ack", "power.ok" },
                   max = "1h" } }
"""


class Sink:
    """A real syslog receiver: rsyslogd that writes what it got to a file."""

    def __init__(self):
        noc.need("rsyslogd")
        self.dir = noc.tempdir()
        self.port = noc.free_port()
        self.file = os.path.join(self.dir, "got")
        conf = noc.write(os.path.join(self.dir, "r.conf"), """
module(load="imudp")
input(type="imudp" address="127.0.0.1" port="%d")
template(name="raw" type="string" string="%%pri%%|%%app-name%%|%%msg%%\\n")
*.* action(type="omfile" file="%s" template="raw")
""" % (self.port, self.file))
        self.process = subprocess.Popen(
            ["rsyslogd", "-n", "-f", conf, "-i",
             os.path.join(self.dir, "pid")], stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            def up():
                s.sendto(b"<13>1 - - probe - - - up", ("127.0.0.1", self.port))
                return os.path.exists(self.file)
            noc.wait_for(up, "rsyslogd", every=0.1)

    def lines(self, word=""):
        with open(self.file, encoding="utf-8", errors="replace") as f:
            return [x for x in f.read().splitlines()
                    if word in x and "|probe|" not in x]

    def close(self):
        self.process.terminate()
        self.process.wait(noc.PATIENCE)


def emit(d, kind, summary, **more):
    answer = d.cli("emit", kind, "summary=" + summary,
                   *["%s=%s" % x for x in more.items()])
    noc.check(answer.returncode == 0, answer.stderr)


@noc.case("a channel's limit: the rest is one digest; a dead one falls back")
def _():
    sink = Sink()
    try:
        names = {"port": sink.port, "dead": noc.free_port()}
        with noc.Daemon(rules=CHANNELS % names) as d:
            emit(d, "test.fall", "over")
            noc.wait_for(lambda: sink.lines("fell over"),
                         lambda: "the fallback; %r" % sink.lines(), every=0.1)
            for n in range(10):
                emit(d, "test.many", "no-%d" % n)
            noc.wait_for(lambda: sink.lines("many no-"), "one of them")
            noc.wait_for(lambda: len(d.get(
                "/api/v1/runs?rule=many&state=Succeeded&limit=100")
                .json["runs"]) == 10 or len(sink.lines("many no-")) > 3,
                "ten runs")
            got = len(sink.lines("many no-"))
            noc.check(1 <= got <= 3, "%d of 10 at once" % got)
    finally:
        sink.close()


@noc.case("escalation: levels, again, an acknowledgement stops it")
def _():
    names = {"port": 9, "dead": 9}
    with noc.Daemon(rules=CHANNELS % names) as d:
        emit(d, "power.fail", "psu", device="r1")
        d.wait_line("noc: level 1 r1")
        d.wait_line("oncall: level 2 r1")
        runs = d.get("/api/v1/runs").json
        runs = runs["runs"] if isinstance(runs, dict) else runs
        noc.equal(d.cli("ack", runs[0]["id"]).returncode, 0, "ack")
        d.wait_line(r"esc run [\w-]+ Succeeded")
        # Each who was told hears that it is over, when that is on disk.
        for channel in ("noc", "oncall"):
            d.wait_line("%s: all clear" % channel)
        mark = d.mark()
        time.sleep(1.5)
        noc.check(not [x for x in d.out.all[mark:] if "level" in x],
                  "it goes on after the acknowledgement")
        # The other way: it recovers, and those who were told hear so.
        emit(d, "power.fail", "psu", device="r2")
        d.wait_line("oncall: level 2 r2")
        mark = d.mark()
        emit(d, "power.ok", "psu", device="r2")
        d.wait_line(r"esc run [\w-]+ Succeeded", start=mark)
        for channel in ("noc", "oncall"):
            d.wait_line("%s: all clear" % channel, start=mark)
        mark = d.mark()
        time.sleep(1.5)
        noc.check(not [x for x in d.out.all[mark:] if "level 2 r2" in x],
                  "it goes on after the recovery")


@noc.case("silence, freeze, kill by the command line, and across kill -9")
def _():
    rules = """
rule "told" { on = "test.a", key = "{device}", run = notify "noc" { "told {device}" } }
rule "acts" { mode = "active", on = "test.b", key = "{device}", guard = {
    per_key = "100/1m", rate = "100/1m", targets = "100/1m",
    mass = "100/1m" },
  run = flow { step "s" { exec { "/bin/echo", "hi" }, timeout = "50s" } } }
"""

    def acted(d, device):
        mark = d.mark()
        emit(d, "test.b", "x", device=device)
        return d.wait_line(r"acts run [\w-]+ (Succeeded|Failed)", start=mark)

    with noc.Daemon(rules=rules) as d:
        one = d.cli("silence", "add", "device=r1", "--for", "1h", "-m", "work")
        noc.equal(one.returncode, 0, one.stderr)
        two = d.cli("freeze", "add", "device=r2", "--for", "1h", "-m", "audit")
        noc.equal(two.returncode, 0, two.stderr)
        noc.check(d.cli("silence", "add", "device=r1", "-m", "x").returncode,
                  "a silence without an end")
        d.kill()
        d.restart()
        emit(d, "test.a", "x", device="r1")
        emit(d, "test.a", "x", device="r9")
        d.wait_line("noc: told r9")
        noc.check(not told(d, "told r1"), "the silence is gone")
        noc.check("Failed" in acted(d, "r2"), "the freeze is gone")
        noc.check("Succeeded" in acted(d, "r3"), "r3 is frozen too")
        noc.equal(d.cli("kill", "on", "-m", "stop").returncode, 0, "kill on")
        d.kill()
        d.restart()
        emit(d, "test.b", "x", device="r4")
        noc.wait_for(lambda: d.get("/api/v1/runs?rule=acts").json["runs"][0]
                     ["phase"] == "paused", "a run that pauses")
        noc.check(d.out.find(r"acts run [\w-]+ Succeeded") is None, "it acts")
        noc.equal(d.cli("kill", "off", "-m", "go").returncode, 0, "kill off")


# ---- hostile words ----

def hostile():
    folder = os.path.join(noc.SRCDIR, "tests", "data", "hostile")
    with open(os.path.join(folder, "blns.json"), encoding="utf-8") as f:
        blns = json.load(f)
    with open(os.path.join(folder, "injection.json"), encoding="utf-8") as f:
        injection = json.load(f)
    blns = blns if isinstance(blns, list) else blns["strings"]
    texts = [t if isinstance(t, str) else t["text"] for t in blns]
    return texts, [t["text"] for t in injection if "text" in t]


@noc.case("500 naughty strings by syslog: one event each, none reaches a "
          "terminal, a template or a notice raw")
def _():
    rules = """
rule "all" { on = "syslog", key = "{device}/{summary}",
  run = notify "noc" { "heard {summary} of {device}" } }
"""
    blns, injection = hostile()
    with noc.Daemon(rules=rules) as d:
        count = 0
        with socket.create_connection(("127.0.0.1", d.tcp), 60) as s:
            for text in blns:
                raw = ("<13>1 - h a - - - " + text).encode(
                    "utf-8", "surrogatepass")
                s.sendall(b"%d %s" % (len(raw), raw))
                count += 1
            for text in injection:
                raw = text.encode("utf-8", "surrogatepass")
                s.sendall(b"%d %s" % (len(raw), raw))
                count += 1
        row = d.ledger("syslog.tcp", count)
        noc.equal((row["received"], row["matched"]), (count, count),
                  "events")
        noc.wait_for(lambda: not d.get("/api/v1/runs?state=Running").json[
            "runs"], "the runs to end")
        seen = [("out", "\n".join(d.out.all)), ("log", "\n".join(d.err.all))]
        for verb in (["events", "--limit", "600"], ["run", "list"],
                     ["events", "--unmatched"], ["audit", "export"],
                     ["status"]):
            answer = d.cli(*verb)
            seen.append((" ".join(verb), answer.stdout + answer.stderr))
        for name, text in seen:
            for bad in "\x1b\x00\x07\x08\u202e\u2066\x9b\x7f":
                noc.check(bad not in text, "%r is in the output of %s"
                          % (bad, name))
        noc.check(not [x for x in d.out.all if x.startswith("<0>")],
                  "a forged line")
        noc.equal(d.stop(), 0, "exit status")
        verdict = noc.nocturne("audit", "verify", "--state", d.state)
        noc.equal(verdict.returncode, 0, verdict.stdout)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    noc.main()
