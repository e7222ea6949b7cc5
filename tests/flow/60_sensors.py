#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Polls, schedules and children, with real agents, servers and programs."""
import contextlib
import http.server
import json
import os
import signal
import sqlite3
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lab  # noqa: E402
import noc  # noqa: E402


def memory(d, kind=None):
    """Events that the daemon knows, newest first."""
    rows = d.get("/api/v1/events?limit=200").json
    rows = rows["events"] if isinstance(rows, dict) else rows
    return [r for r in rows if kind in (None, r["kind"])]


class Value(http.server.BaseHTTPRequestHandler):
    body, status, delay = {"n": 1}, 200, 0.0
    asked = 0
    answered = []

    def do_GET(self):
        Value.asked += 1
        time.sleep(Value.delay)
        body = Value.body
        text = json.dumps(body).encode()
        if Value.delay:
            return  # nobody is there any more
        self.send_response(Value.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)
        Value.answered.append(body["n"])

    def log_message(self, *args):
        pass


def serve():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Value)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Value.body, Value.status, Value.delay = {"n": 1}, 200, 0.0
    Value.asked = 0
    return server


def polled(n):
    """The value is n from now on, and the daemon has seen it: it asks again
    when it is done with an answer."""
    Value.answered.clear()
    Value.body = {"n": n}
    noc.wait_for(lambda: Value.answered.count(n) > 1,
                 "two polls that were answered with %d" % n)


POLL = """
poll "web" { every = "1s", http.get { url = "http://127.0.0.1:%d/" },
  timeout = "%s", emit = "web.value", map = { n = "body.n" },
  once = "%s", when = { n = gt (5) },
  on_error = notify "noc" { "web: {fails} times: {reason}" } }
rule "told" { on = "web.value", run = log "n is {n}" }
"""


def remembered(d):
    """Rows of what devices were last."""
    with contextlib.closing(sqlite3.connect(
            "file:%s/nocturne.db?mode=ro" % d.state, uri=True)) as db:
        return db.execute("SELECT count(*) FROM live WHERE kind = 'task' "
                          "AND key LIKE 'poll/web/%'").fetchone()[0]


def poll_daemon(server, once, timeout="20s"):
    return noc.Daemon(rules=POLL % (server.server_address[1], timeout, once),
                      sets={"http.allow": "127.0.0.0/8"})


@noc.case("poll http: crossing is told once, and again after it was below")
def _():
    server = serve()
    with poll_daemon(server, "crossing") as d:
        polled(1)
        noc.check(not [x for x in d.out.all if "n is" in x], "told below")
        Value.body = {"n": 9}
        d.wait_line("log told: n is 9")
        polled(10)
        noc.wait_for(lambda: remembered(d) == 1, "what was above")
        polled(2)
        noc.wait_for(lambda: remembered(d) == 0, "no row that says nothing")
        Value.body = {"n": 11}
        d.wait_line("log told: n is 11")
        noc.check(not [x for x in d.out.all if "n is 10" in x],
                  "told while above")
        # What was above before a restart is no crossing after it.
        d.stop()
        n = len([x for x in d.out.all if "n is" in x])
        d.restart()
        polled(11)
        noc.equal([x for x in d.out.all if "n is" in x], [], "told again")
        noc.equal(n, 2, "crossings")
        d.sources()
    server.shutdown()


@noc.case("poll http: change and always")
def _():
    server = serve()
    Value.body = {"n": 7}
    with poll_daemon(server, "change") as d:
        polled(7)
        noc.check(not [x for x in d.out.all if "n is" in x],
                  "the first answer is no change")
        Value.body = {"n": 8}
        d.wait_line("log told: n is 8")
        polled(8)
        noc.equal(len([x for x in d.out.all if "n is 8" in x]), 1, "changes")
    with poll_daemon(server, "always") as d:
        noc.wait_for(lambda: len([x for x in d.out.all if "n is 8" in x]) > 2,
                     "three answers told")
    server.shutdown()


@noc.case("poll http: no answer is told with its count, and a bad one fails")
def _():
    server = serve()
    Value.status = 500
    with poll_daemon(server, "always", "700ms") as d:
        d.wait_line(r"noc: web: 1 times")
        d.wait_line(r"noc: web: 2 times")
        Value.delay = 2.0
        d.wait_log(r"poll=web ok=0 failed=0 unreachable=1")
        d.wait_line(r"only 0 of 1 answered")
        d.sources()
    server.shutdown()


@noc.case("poll snmp: every device of a selector; one is silent, all is told")
def _():
    rules = """
poll "oper" { every = "1s", each = inventory { role = "access" },
  snmp.get { oper = "ifOperStatus.{site}", up = "sysUpTime.0" },
  timeout = "900ms", emit = "link.down", map = { oper = "oper", ifindex = "up" },
  when = { oper = "down" }, need = "all",
  on_error = notify "noc" { "{device} silent {fails}" },
  on_breach = notify "noc" { "breach {ok} {unreachable}" } }
rule "told" { on = "link.down", run = log "{device} polled {oper}" }
"""
    with lab.Lab(2) as network:
        index = network[1].index("eth7")
        inventory = network.inventory(site=str(index))
        for device in network.devices:
            device.start(9, mute=True)
        with noc.Daemon(rules=rules, inventory=inventory, config='return { '
                        '["credentials.lab"] = { community = "public" } }\n'
                        ) as d:
            d.wait_log(r"poll=oper ok=2 failed=0 unreachable=0")
            network[1].shut("eth7")
            d.wait_line(r"log told: demo1 polled down")
            network[2].silence()
            d.wait_line(r"noc: demo2 silent 1")
            d.wait_line(r"noc: breach 1 1")
            network[2].speak()
            d.sources()


@noc.case("poll exec: JSON of a program, and a selector that names nobody")
def _():
    rules = """
poll "cli" { every = "1s", exec { "/bin/echo", '{{"rx": -30}}' },
  emit = "optic.low", map = { rx = "json.rx" }, when = { rx = lt (-20) } }
poll "none" { every = "1s", each = inventory { role = "nosuch" },
  exec { "/bin/true" }, emit = "x.y" }
rule "told" { on = "optic.low", run = log "rx {rx}" }
"""
    with noc.Daemon(rules=rules) as d:
        d.wait_line("log told: rx -30")
        d.wait_line("poll none missed: its selector names no device")


@noc.case("schedule: every 2 s, once a nominal time, overlap is told")
def _():
    rules = """
flow "slow" { step "s" { exec { "/bin/sleep", "5", mutates = false },
  timeout = "20s" } }
schedule "quick" { every = "2s", run = log "tick {nominal}" }
schedule "over" { every = "2s", overlap = "skip", run = start "slow" {},
  on_missed = notify "noc" { "{task}: {reason}" } }
"""
    with noc.Daemon(rules=rules) as d:
        noc.wait_for(lambda: len([x for x in d.out.all if "log quick: tick"
                                  in x]) >= 3, "three ticks")
        ticks = [x.split("tick ")[1] for x in d.out.all
                 if "log quick: tick" in x]
        noc.equal(len(set(ticks)), len(ticks), "ticks of one time")
        d.wait_line("noc: over: overlap")
        # kill -9 and a short pause: what was due meanwhile comes once, late.
        d.kill()
        time.sleep(5)
        d.restart()
        d.wait_line("log quick: tick")
        later = [x.split("tick ")[1] for x in d.out.all
                 if "log quick: tick" in x]
        noc.check(not set(ticks[:-1]) & set(later), "a time ran twice")


@noc.case("schedule: what was slept through beyond `within` is told")
def _():
    rules = """
schedule "strict" { every = "2s", misfire = { within = "1s" },
  on_missed = notify "noc" { "{task} missed {count}" },
  run = log "ran" }
"""
    with noc.Daemon(rules=rules) as d:
        d.wait_line("log strict: ran")
        d.stop()
        began = time.monotonic()
        time.sleep(6.5)
        d.restart()
        line = d.wait_line(r"noc: strict missed \d+")
        missed = int(line.split("missed ")[1].split()[0])
        took = time.monotonic() - began
        noc.check(2 <= missed <= took / 2 + 1,
                  "%d missed in %.1f s" % (missed, took))
        d.wait_line("log strict: ran")


CHILD = """#!/bin/sh
echo '{"kind":"optic.low","device":"r1","summary":"low","data":{"rx":-31}}'
echo 'no json'
printf 'it \\033[31mcomplains\\n' >&2
echo '{"kind":"link.down","device":"r1"}'
echo '{"device":"r1"}'
printf '%%s\\n' '{"kind":"optic.low","device":"r2","summary":"\\u001b[31m"}'
head -c 70000 /dev/zero | tr '\\0' 'x'; echo
echo '{"kind":"optic.low","device":"last","data":{"rx":-1}}'
echo $$ > %(dir)s/pid
sleep %(sleep)s &
echo $! > %(dir)s/sleeper
%(end)s
"""


def child_daemon(sleep, end):
    folder = noc.tempdir()
    path = noc.write(os.path.join(folder, "child"),
                     CHILD % {"dir": folder, "sleep": sleep, "end": end},
                     0o755)
    rules = ('sensor "optics" { exec { "%s" }, format = "jsonl",\n'
             '  kinds = { "optic.low" }, restart = "backoff" }\n'
             'rule "told" { on = "optic.low", run = log "{device} rx" }\n'
             % path)
    return folder, noc.Daemon(rules=rules)


def alive(folder, name):
    with open(os.path.join(folder, name), encoding="ascii") as f:
        text = f.read()
    return is_running(int(text)) if text else 0


def is_running(pid):
    """pid, or 0: none, or one that only waits to be reaped."""
    try:
        with open("/proc/%d/stat" % pid, encoding="ascii") as f:
            return pid if f.read().split(")")[1].split()[0] != "Z" else 0
    except OSError:
        return 0


@noc.case("sensor: a child's lines are events; bad ones are counted")
def _():
    folder, daemon = child_daemon("100", "wait")
    with daemon as d:
        d.wait_line("log told: last rx")
        row = d.ledger("sensor/optics", 7)
        noc.equal((row["received"], row["refused"], row["matched"]),
                  (7, 4, 3), "received, refused, matched")
        d.wait_log(r"sensor=optics stderr=.it .*complains")
        noc.check(not [x for x in d.out.all + d.err.all if "\x1b" in x],
                  "an escape byte came through")
        sleeper = noc.wait_for(
            lambda: os.path.exists(os.path.join(folder, "sleeper")) and
            alive(folder, "sleeper"), "the child's own child")
        first = alive(folder, "pid")
        noc.check(first, "no child")
        # It is killed: told, its group is gone, it comes back in a second.
        mark = d.mark()
        os.kill(first, signal.SIGKILL)
        d.wait_line(r"sensor optics ended with signal 9, started again",
                    start=mark)
        d.wait_line("log told: last rx", start=mark)
        noc.wait_for(lambda: not is_running(sleeper), "the orphan to end")
        second = noc.wait_for(lambda: alive(folder, "pid"), "the second")
        noc.check(second != first, "the same process")
        noc.equal(d.stop(), 0, "exit status")
        noc.wait_for(lambda: not alive(folder, "pid"), "the child to end")


@noc.case("sensor: one that ends again and again is started ever more slowly")
def _():
    _, daemon = child_daemon("0", "exit 3")
    with daemon as d:
        def starts():
            """When the last line of each came, by the daemon's clock."""
            return sorted(ev["received_ns"] / 1e9
                          for ev in noc.stored(d.state).values()
                          if ev["device"] == "last")
        noc.wait_for(lambda: len(starts()) > 2, "three starts", every=0.2)
        gaps = [b - a for a, b in zip(starts(), starts()[1:])][:2]
        noc.check(len([x for x in d.out.all if "sensor optics ended with "
                       "code 3" in x]) >= 2, "ends told")
        noc.check(gaps[0] >= 0.9 and gaps[1] >= 1.9,
                  "seconds between starts: %r" % gaps)
        if gaps[0] > 1.9 or gaps[1] > 3.5:
            raise noc.Late("seconds between starts: %r" % gaps)
        d.sources()


PRINTER = """#!/usr/bin/env python3
import os, sys
if os.path.exists("%(dir)s/n"):
    os.write(1, b'{"kind":"x.again"}\\n{"kind":')
    sys.exit()
n = 0
with open("%(dir)s/n", "wb", buffering=0) as f:
    while True:
        os.write(1, b'{"kind":"x.y"}\\n' * 250)  # all or none
        n += 250
        os.pwrite(f.fileno(), b"%%d" %% n, 0)
"""


@noc.case("sensor: what a child has printed outlives a reload; half a line is "
          "counted")
def _():
    folder = noc.tempdir()
    path = noc.write(os.path.join(folder, "child"), PRINTER % {"dir": folder},
                     0o755)
    rules = ('sensor "busy" { exec { "%s" }, format = "jsonl", '
             'kinds = { "x.y", "x.again" }, restart = "never" }\n'
             'rule "told" { on = "x.again", run = log "again" }\n' % path)

    def printed():
        try:
            with open(os.path.join(folder, "n"), encoding="ascii") as f:
                return int(f.read() or 0)
        except FileNotFoundError:
            return 0
    with noc.Daemon(rules=rules) as d:
        noc.wait_for(lambda: printed() > 20000, "20000 lines")
        d.signal(signal.SIGHUP)
        d.wait_line("log told: again")
        d.wait_line("sensor busy ended with code 0")
        row = d.ledger("sensor/busy", printed() + 2)
        # The first may have been killed between lines and their number.
        noc.check(row["received"] - printed() in (2, 252),
                  "%d lines, of which is known: %r" % (printed(), row))
        noc.equal((row["refused"], row["matched"]), (1, 1), "refused, matched")


if __name__ == "__main__":
    noc.main()
