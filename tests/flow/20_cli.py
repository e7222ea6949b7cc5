#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The command line: forms, exit codes, what a terminal is spared, and what
works without a daemon."""
import base64
import hashlib
import json
import os
import pty
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import threading
import time

import noc

RULES = """
normalize "cisco-updown" { from = "syslog", tag = "%LINK-3-UPDOWN",
  pattern = [=[Interface (?<ifname>\\S+), changed state to (?<state>up|down)]=],
  emit = "link.{state}", kinds = { "link.up", "link.down" } }
rule "heal-link-down" { on = "link.down",
  where = { role = any { "access", "distribution" } }, hold = "60s",
  run = flow { step "raise" { exec { "true" }, timeout = "50s" } } }
rule "tell" { on = "link.down", run = log "{device} {ifname} is down" }
flow "quick" { step "go" { exec { "true" }, timeout = "50s" } }
flow "fails" { step "go" { exec { "false" }, timeout = "50s",
  retry = { attempts = 1 } } }
flow "takes" { input = { names = "list", n = integer { max = 9, default = 3 },
  deep = bool { default = false }, opts = { type = "map", default = {} },
  why = { type = "string", default = "" } },
  each "all" { over = "{input.names}", step "s" {
    log "{item}/{input.n}/{input.deep}/{input.opts.k}/{input.why}" } } }
flow "nap" { step "sleep" { exec { "sleep", "300" }, timeout = "5m" } }
rule "call" { on = "page.me", run = escalate {
  { "0m", notify "noc" { "{device}" } }, { "10m", notify "oncall" },
  stop_on = { "ack" }, max = "1h" } }
schedule "nightly" { cron = "0 3 * * *", run = log "night" }
rule "many" { on = "door.open", threshold = "3/1m",
  run = log "{device}: {count} doors" }
"""
INVENTORY = "name,address,role\nsw1,,access\nsw2,,distribution\n"
LINK = "%%LINK-3-UPDOWN: Interface %s, changed state to down"


def daemon(**kw):
    return noc.Daemon(rules=RULES, inventory=INVENTORY, **kw)


def ran(result, status=0, out="", err=""):
    what = "%s\n%s%s" % (" ".join(result.args[1:]), result.stdout,
                         result.stderr)
    noc.equal(result.returncode, status, what)
    noc.check(re.search(out, result.stdout, re.M),
              "/%s/ is not in %s" % (out, what))
    noc.check(re.search(err, result.stderr, re.M),
              "/%s/ is not in stderr: %s" % (err, what))
    return result.stdout


def rows(result):
    return [json.loads(x) for x in ran(result).splitlines()]


@noc.case("without a daemon: one sentence that helps, exit 75")
def _():
    for args in (["events"], ["run"], ["rules"], ["status"],
                 ["explain", "last"], ["emit", "x"], ["ack", "0193aaaa"]):
        ran(noc.nocturne(args[0], "--state", "/nonexistent/x", *args[1:]), 75,
            "^$", r"No daemon is running with state directory /nonexistent/x; "
            r"start one with `nocturne serve`")
    ran(noc.nocturne("events", env={"NOCTURNE_STATE": "/nonexistent/y"}), 75,
        "", "/nonexistent/y")


@noc.case("misuse says what was meant, exit 2; help for every verb")
def _():
    ran(noc.nocturne("evnets"), 2, "^$", "did you mean 'events'")
    ran(noc.nocturne("events", "--knd", "x"), 2, "^$", "did you mean --kind")
    ran(noc.nocturne("run", "shwo", "x"), 2, "^$", "did you mean 'show'")
    ran(noc.nocturne("run", "show"), 2, "^$", "needs more arguments")
    ran(noc.nocturne("ack", "a", "b"), 2, "^$", "takes no argument 'b'")
    ran(noc.nocturne("events", "-o", "xml"), 2, "^$", "table, json or jsonl")
    ran(noc.nocturne("silence", "add", "sw1"), 2, "^$", "key=value")
    ran(noc.nocturne("audit", "export", "--since", "x"), 2, "^$", "--since")
    text = ran(noc.nocturne("help"))
    noc.equal(ran(noc.nocturne("help", "help")), text, "help of help")
    ran(noc.nocturne("mib", "translate", "ifAdminStat"), 2, "^$",
        r"did you mean 'ifAdminStatus'\?$")
    verbs = re.findall(r"^  ([a-z-]+) ", text, re.M)
    noc.check(len(verbs) > 16, str(verbs))
    for verb in verbs:
        out = ran(noc.nocturne("help", verb), 0, "^usage: nocturne " + verb)
        noc.equal(ran(noc.nocturne(verb, "--help")), out, verb)


@noc.case("events: what came in, which rule, what nothing wanted")
def _():
    with daemon() as d:
        d.syslog("<13>Nov 23 02:13:07 sw1 " + LINK % "Gi1/0/1", raw=True)
        d.wait_line("link.down")
        d.syslog("nobody wants number 7")
        d.wait_line("unmatched")
        d.syslog("nobody wants number 8")
        noc.wait_for(lambda: len(rows(d.cli("events", "-o", "jsonl"))) == 3,
                     "three events")
        table = ran(d.cli("events"), 0,
                    r"^TIME +ID +KIND +DEVICE +WHAT +BECAME$")
        noc.check(re.search(r"^\d\d:\d\d:\d\d  [0-9a-f-]{18,36}  link\.down "
                            r"+sw1 +Gi1/0/1 +heal-link-down held, tell fired$",
                            table, re.M), table)
        ran(d.cli("events", "--fate", "unmatched"), 0, "number 8 +unmatched")
        noc.equal(len(rows(d.cli("events", "--kind", "link.down", "-o",
                                 "jsonl"))), 1, "by kind")
        noc.equal(ran(d.cli("events", "--json")),
                  ran(d.cli("events", "-o", "json")), "--json")
        noc.equal(len(json.loads(ran(d.cli("events", "-n", "2", "-o", "json")))
                      ["events"]), 2, "json")
        ran(d.cli("events", "-n", "2"), 0, "", r"\(more: --before \S+\)")
        ran(d.cli("events", "--unmatched"), 0,
            r"^ +2 .* nobody wants number \*$")
        ran(d.cli("events", "--unknown"), 0, r"^127\.0\.0\.1 +\d+ ")
        ran(d.cli("events", "--kind", "none"), 0, "^$", "No events")


def crowd(d, n):
    """So many old events in the database of a daemon that is stopped."""
    db = sqlite3.connect(os.path.join(d.state, "nocturne.db"))
    said = '{"summary":"%s"}' % ("all is well " * 80)
    with db:
        db.executemany(
            "INSERT INTO events(id,received,kind,source,origin,device,"
            "severity,fate,json) VALUES(?,?,'noise','x','','sw9',6,'matched',"
            "?)", ((b"noise%011d" % i, time.time_ns(), said)
                   for i in range(n)))
    db.close()


def interrupted(d):
    """The output of a search that gets ^C when it says how far it is."""
    here, there = pty.openpty()
    with subprocess.Popen([noc.NOCTURNE, "events", "--state", d.state,
                           "--grep", "needle"], stdout=subprocess.PIPE,
                          stderr=there, text=True) as p:
        os.close(there)
        said = b""
        while True:
            try:
                said += os.read(here, 4096)
            except OSError:  # it has ended
                break
            if b"looked back to" in said and b"enough" in said:
                p.send_signal(signal.SIGINT)
                said = b""
        out = p.stdout.read()
        noc.check(p.wait() in (0, 130), "exit status %d" % p.returncode)
    os.close(here)
    return out


@noc.case("events --grep of a large journal goes on to its end")
def _():
    with daemon() as d:
        ran(d.cli("emit", "door.open", "device=sw1", "summary=the needle"))
        d.stop()
        crowd(d, 200000)
        d.restart()
        d.syslog("a needle that nobody wants")
        noc.wait_for(lambda: rows(d.cli("events", "-o", "jsonl", "-n", "1"))
                     [0]["kind"] == "syslog", "the newest")
        noc.equal([e["kind"] for e in rows(
            d.cli("events", "--grep", "needle", "-o", "jsonl"))],
            ["syslog", "door.open"], "newest first, to the end")
        ran(d.cli("events", "--grep", "no such words"), 0, "^$", "No events")
        noc.equal(len(rows(d.cli("events", "--fate", "matched", "-n", "70",
                                 "-o", "jsonl"))), 70, "a full page")
        noc.check("needle" in interrupted(d), "what ^C leaves")
        page = d.get("/api/v1/events?q=needle&limit=1").json
        noc.equal((page["events"][0]["kind"], bool(page["next"])),
                  ("syslog", True), "a page over the API")


@noc.case("events of one moment: ids that can be copied, none mistaken")
def _():
    with daemon() as d:
        # Without a time of their own: nobody's clock is judged by them.
        d.syslog_tcp("".join("<13>1 - sw1 t - - - word%d\n" % n
                             for n in range(20)))
        noc.wait_for(lambda: len(rows(d.cli("events", "-o", "jsonl"))) == 20,
                     "the events")
        for line in ran(d.cli("events")).splitlines()[1:]:
            words = line.split()
            ran(d.cli("explain", words[1]), 0, words[-2] + "$")
        ids = [ev["id"] for ev in rows(d.cli("events", "-o", "jsonl"))]
        start = os.path.commonprefix(ids[:2])
        ran(d.cli("explain", start), 5, "^$", "More than one id begins with")


@noc.case("events --follow shows each new event once")
def _():
    with daemon() as d:
        d.syslog("before")
        d.wait_line("before")
        with subprocess.Popen(
                [noc.NOCTURNE, "events", "--follow", "-o", "jsonl", "--state",
                 d.state], stdout=subprocess.PIPE) as follow:
            lines = noc.Lines(follow.stdout)
            try:
                lines.wait('"summary":"before"')
                for n in range(5):
                    d.syslog("after %d" % n)
                    lines.wait('"summary":"after %d"' % n)
                d.syslog("the last")
                lines.wait('"summary":"the last"')
                noc.equal(len(lines.all), 7, "lines")
            finally:
                follow.terminate()


@noc.case("an answer of another shape crashes no verb and steers no terminal")
def _():
    state = noc.tempdir()
    rows = [None, 5, [], "a\x1b[31m\n", {"id": "\x1b]0;x\x07"}]
    answers = [[], "x", None, {}, dict.fromkeys(
        ("events", "records", "rules", "heads", "runs"), rows)]
    verbs = [["events"], ["audit"], ["rules"], ["audit", "heads"],
             ["run", "list"]]
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
        s.bind(os.path.join(state, "nocturne.sock"))
        s.listen(1)

        def serve():
            for answer in answers:
                for _ in verbs:
                    with s.accept()[0] as c:
                        c.recv(65536)
                        body = json.dumps(answer).encode()
                        c.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: "
                                  b"application/json\r\nConnection: close\r\n"
                                  b"Content-Length: %d\r\n\r\n%s"
                                  % (len(body), body))
        threading.Thread(target=serve, daemon=True).start()
        for answer in answers:
            for verb in verbs:
                r = noc.nocturne(*verb, "--state", state)
                noc.check(0 <= r.returncode <= 75 and
                          "\x1b" not in r.stdout + r.stderr,
                          "%s of %r: %r" % (verb, answer, r))


@noc.case("hostile bytes never reach the terminal")
def _():
    with daemon() as d:
        d.syslog(b"<13>Nov 23 02:13:07 sw1 evil \x1b]y;x\x07\x1b[2J \xe2\x80\xae"
                 b"txt \x9b31m \xff\r", raw=True)
        d.wait_line("evil")
        for args in (["events"], ["events", "-o", "json"],
                     ["events", "-o", "jsonl"], ["explain", "last"],
                     ["events", "--unmatched"]):
            got = subprocess.run(
                [noc.NOCTURNE, args[0], "--state", d.state, *args[1:]],
                stdout=subprocess.PIPE, check=True).stdout
            noc.check(b"evil" in got, str(args))
            for bad in (b"\x1b", b"\x07", b"\r", b"\xe2\x80\xae", b"\x9b",
                        b"\xff"):
                noc.check(bad not in got.replace(b"\xc2\x9b", b"\x9b"),
                          "%r in %s" % (bad, args))


@noc.case("explain prints the documented line for every candidate rule")
def _():
    with daemon() as d:
        d.syslog("<13>Nov 23 02:13:07 demo9 " + LINK % "Gi1/0/1", raw=True)
        d.wait_line("link.down")
        said = ran(d.cli("explain", "last"))
        noc.check(re.search(
            r"^heal-link-down  NO  where\.role: want any\{access,distribution"
            r"\}, got unknown \(demo9 not in inventory\)   \S*test\.lua:5  "
            r"fix: add demo9 to \S*inventory\.csv$", said, re.M), said)
        noc.check(re.search(r"^tell  YES  fired → run [0-9a-f-]{18}   "
                            r"\S*test\.lua:8$", said, re.M), said)
        ident = rows(d.cli("events", "-o", "jsonl"))[0]["id"]
        noc.equal(ran(d.cli("explain", ident)), said, "by id")
        noc.equal(ran(d.cli("explain", ident[:18])), said, "by its beginning")
        noc.equal(sorted(r["rule"] for r in
                         rows(d.cli("explain", ident, "-o", "jsonl"))),
                  ["heal-link-down", "tell"], "jsonl")
        d.syslog("<13>Nov 23 02:13:07 sw1 " + LINK % "Gi1/0/2", raw=True)
        run = re.search(r"tell run (\S+)", d.wait_line(r"Gi1/0/2 \[")).group(1)
        # The line is said at once, the row is there when it is durable.
        noc.wait_for(lambda: d.cli("run", "show", run).returncode == 0,
                     "the row of the run")
        ran(d.cli("run", "show", run), 0, "^rule +tell$")
        ran(d.cli("freeze", "add", "device=sw*", "--for", "1h", "-m", "x"))
        ran(d.cli("silence", "add", "kind=link.*", "--for", "1h", "-m", "x"))
        said = ran(d.cli("explain", "last"))
        noc.check(re.search(r"^heal-link-down  YES  held: holds 1m ", said,
                            re.M), said)
        noc.check("silence s2 mutes" in said and "freeze f1 holds" in said,
                  said)
        ran(d.cli("emit", "door.open", "device=sw1"))
        ran(d.cli("explain", "last"), 0,
            "^many  YES  counted by its threshold, by the rules of now ")
        d.syslog("plain")
        d.wait_line("plain")
        ran(d.cli("explain", "last"), 0, "no rule is on syslog; 'nocturne "
            "rules new --from-event [0-9a-f-]{18}' writes one")
        ran(d.cli("explain", "00000000"), 3, "^$", "No event '00000000'")


@noc.case("emit: on disk when it returns; the same id is a duplicate")
def _():
    with daemon() as d:
        said = ran(d.cli("emit", "link.down", "device=sw1", "ifname=Gi1/0/3",
                         "ifindex=3", "flag=true", "code=007",
                         "severity=critical", "--id", "x"), 0,
                   r"^[0-9a-f-]{36} matched$")
        ran(d.cli("emit", "link.down", "device=sw1", "--id", "x"), 0,
            "^- duplicate$")
        d.kill()
        d.restart()
        event = rows(d.cli("events", "-o", "jsonl"))[0]
        noc.equal((event["id"], event["kind"], event["device"],
                   event["severity"], event["trust"]),
                  (said.split()[0], "link.down", "sw1", "crit", "high"),
                  "event")
        noc.equal([event["data"][k] for k in ("ifindex", "flag", "code")],
                  [3, True, "007"], "data")
        ran(d.cli("emit", "a.b", "--data", '{"x": {"y": [1]}}'), 0,
            " unmatched$")
        ran(d.cli("emit", "a.b", "--data", '[1]'), 2, "^$", "object")
        ran(d.cli("emit", "device=sw1"), 2, "^$", "the kind comes first")
        ran(d.cli("emit", "a b"), 2, "^$", "type")


@noc.case("run: start, watch, show, cancel, dry run; exit codes")
def _():
    with daemon() as d:
        said = ran(d.cli("run", "start", "quick", "device=sw1", "--watch"), 0,
                   r"^Succeeded: go$")
        run = said.split()[0]
        noc.check(re.search(r"^\+\d+\.\d  go  exec  sw1  Succeeded  \d+ ms  "
                            "ok$", said, re.M), said)
        ran(d.cli("run", "show", run[:18]), 0,
            r"^ *AT +STEP +ACTION +TARGET +TRY +STATE +TOOK +RESULT$")
        # Who failed is named, in what is watched, shown and listed.
        who = r"go +exec .*Failed +\d+ ms +permanent \(executor\): false "
        bad = ran(d.cli("run", "start", "fails", "-w"), 1,
                  r"^Failed: go \(executor\): false ended ")
        noc.check(re.search(who, bad), bad)
        said = d.cli("run", "show", bad.split()[0]).stdout
        noc.check(re.search(r"^outcome +go \(executor\): false ", said, re.M)
                  and re.search(who, said), said)
        ran(d.cli("run", "list"), 0, r" Failed .* go \(executor\): false ")
        nap = ran(d.cli("run", "start", "nap")).strip()
        ran(d.cli("run", "--in", "Running"), 0, nap[:18])
        ran(d.cli("run", "resume", nap), 5, "^$", "is not paused")
        ran(d.cli("run", "pause", nap, "-m", "look first"), 0, "^paused$")
        ran(d.cli("run", "show", nap), 0,
            r"^paused +by .*root: look first$")
        ran(d.cli("run", "pause", nap, "--extend", "9000d"), 2)
        ran(d.cli("run", "resume", nap, "--extend", "2h"), 0, "^resumed$")
        noc.check("look first" not in d.cli("run", "show", nap).stdout,
                  "who paused it")
        ran(d.cli("run", "signal", nap, "nobody", "retry", "--items", "a,b"),
            5, "^$", "does not wait for 'retry' at 'nobody'")
        ran(d.cli("run", "cancel", nap, "-m", "enough"), 0, "^cancelled$")
        ran(d.cli("run", "watch", nap), 1, "^Cancelled: .*enough")
        ran(d.cli("run", "cancel", nap), 3, "^$", "not running")
        plan = ran(d.cli("run", "start", "quick", "--dry-run"), 0,
                   r"^go +exec true +true +\d +50s +\S*test\.lua:9$")
        noc.check("STEP" in plan and "input" not in plan, plan)
        ran(d.cli("run", "start", "none"), 3, "^$", "no flow 'none'")
        ran(d.cli("run", "start", "quikc"), 3, "^$",
            r"no flow 'quikc' in the rules; did you mean 'quick'\?$")
        ran(d.cli("run", "show", "0000"), 3, "^$", "no such run")
        noc.equal([r["state"] for r in rows(d.cli("run", "-o", "jsonl"))],
                  ["Cancelled", "Failed", "Succeeded"], "list")
        ran(d.cli("run", "signal", nap, "x"), 3)


@noc.case("run start: lists and tables as JSON, all that is wrong at once")
def _():
    with daemon() as d:
        said = ran(d.cli("run", "start", "takes", 'names=["a", 7]', "n=2",
                         "deep=true", 'opts={"k": "v"}', "why=[CHG1] new",
                         "-w"), 0, "^Succeeded: all$")
        run = said.split()[0]
        for item in ("a", "7"):
            d.wait_log(r'rule=takes text="%s/2/true/v/\[CHG1\] new"' % item)
        ran(d.cli("run", "show", run), 0, r'^input .*"names":\["a",7\]')
        said = d.cli("run", "start", "takes", 'names=["a"', "n=99", "dep=1")
        for what in ("'names' of flow 'takes' must be a list",
                     "'n' of flow 'takes' must be a whole number of at most 9",
                     "no input 'dep'; did you mean 'deep'?"):
            noc.check(what in said.stderr, said.stderr)
        noc.equal(said.returncode, 2, "exit code")


@noc.case("ack by run and by event")
def _():
    with daemon() as d:
        for by_event in (False, True):
            event = ran(d.cli("emit", "page.me", "device=sw1")).split()[0]
            run = noc.wait_for(
                lambda: rows(d.cli("run", "--in", "Running", "-o", "jsonl")),
                "the run")[0]["id"]
            said = d.cli("ack", event if by_event else run, "-m", "on it",
                         *(["--json"] if by_event else []))
            ran(said, 0, run if by_event else "^acknowledged " + run)
            if by_event:
                noc.equal(json.loads(said.stdout), {"acknowledged": [run]},
                          "--json")
            ran(d.cli("run", "watch", run), 0, "^Succeeded: ")
        ran(d.cli("ack", "00000000"), 3)
        ran(d.cli("ack", event), 3, "^$", "not running|waits")


@noc.case("rules, breakers, silences, freezes, kill, schedules, channels")
def _():
    with daemon() as d:
        ran(d.cli("rules"), 0, r"^heal-link-down +observe +0 +0 +0 ")
        ran(d.cli("rules", "pause", "tell"), 2, "^$", "-m 'why'")
        ran(d.cli("rules", "pause", "tell", "-m", "noisy"), 0, "^paused$")
        d.stop()
        d.restart()
        ran(d.cli("rules", "list"), 0, r"^tell +PAUSED ")
        ran(d.cli("rules", "resume", "tell"), 0, "^resumed$")
        ran(d.cli("rules", "pause", "none", "-m", "x"), 3)
        ran(d.cli("breaker", "trip", "snmp", "sw1", "-m", "bad", "--for",
                  "5m"), 0, "^open$")
        ran(d.cli("breaker"), 0, r"^snmp +sw1 +FORCED_OPEN .* bad$")
        ran(d.cli("breaker", "trip", "smnp", "sw1", "-m", "bad"), 2, "^$",
            r"did you mean 'snmp'\?$")
        ran(d.cli("silence", "del", ""), 2, "^$", "an empty argument")
        ran(d.cli("breaker", "reset", "snmp", "sw1", "-m", "ok"), 0)
        ran(d.cli("silence", "add", "device=sw1", "-m", "x"), 2, "^$", "--for")
        ran(d.cli("silence", "add", "device=sw1", "--for", "2h", "-m", "x"), 0,
            r"^s1 until ")
        ran(d.cli("silence"), 0, "^s1 +device=sw1 ")
        ran(d.cli("silence", "del", "s1"), 0, "^deleted$")
        ran(d.cli("silence", "del", "s1"), 3)
        ran(d.cli("freeze", "add", "device=*", "--for", "1h", "-m", "x"), 0)
        ran(d.cli("kill", "on"), 2, "^$", "reason")
        ran(d.cli("kill", "on", "-m", "x"), 0, "^on: ")
        noc.equal(rows(d.cli("kill", "-o", "jsonl")),
                  [{"killed": True, "why": "x"}], "kill")
        ran(d.cli("kill", "off", "-m", "x"), 0, "^off$")
        ran(d.cli("schedule", "list"), 0, r"^nightly +.*03:00:00 ")
        run = rows(d.cli("schedule", "trigger", "nightly", "-o", "jsonl"))
        ran(d.cli("run", "watch", run[0]["run"]), 0, "^Succeeded")
        ran(d.cli("schedule", "trigger", "none"), 3)
        ran(d.cli("schedule", "trigger", "nightyl"), 3, "^$",
            r"did you mean 'nightly'\?$")
        ran(d.cli("schedule", "pause", "nightly"), 2, "^$", "reason")
        ran(d.cli("schedule", "pause", "nightly", "-m", "works"), 0,
            "^paused$")
        ran(d.cli("schedule"), 0, r"^nightly +- .*cron 0 3 \* .* works$")
        ran(d.cli("schedule", "backfill", "nightly", "--from", "2026-01-01",
                  "--to", "2026-01-02"), 5, "^$", "is paused .works.")
        ran(d.cli("schedule", "resume", "nightly"), 0, "^resumed$")
        ran(d.cli("schedule", "resume", "nightly"), 5, "^$", "not paused")
        span = ["schedule", "backfill", "nightly", "--from", "2026-01-01",
                "--to", "2026-01-03"]
        ran(d.cli(*span, "--dry-run"), 0, r"^2026-01-02.* +run +")
        two = rows(d.cli(*span, "-m", "it was down", "-o", "jsonl"))
        noc.equal([r["nominal"] for r in two],
                  ["2026-01-01T03:00:00.000Z", "2026-01-02T03:00:00.000Z"],
                  "the times")
        for row in two:
            ran(d.cli("run", "watch", row["run"]), 0, "^Succeeded")
        ran(d.cli(*span), 0, r"^2026-01-02.* Succeeded +")
        ran(d.cli("schedule", "backfill", "nightly"), 2, "^$", "--from")
        ran(d.cli("schedule", "backfill", "nightly", "--from", "2026-01-01",
                  "--to", "2126-01-01"), 2, "^$", "yet to come")
        ran(d.cli("notify", "test", "noc"), 0, "printed to the daemon's log")
        d.wait_log("This is a test notice")
        ran(d.cli("notify", "test", "none"), 3)
        ran(d.cli("status"), 0, r"^journal\.failing +false$")
        ran(d.cli("status", "--sources"), 0, r"^syslog\.udp +0 ")


@noc.case("audit verify: with and without the daemon, pinned, tampered")
def _():
    with daemon() as d:
        for n in range(20):
            d.cli("emit", "link.down", "device=sw1", "ifname=Gi%d" % n)
        ran(d.cli("audit", "verify"), 0, r"^\d+ records OK: ")
        ran(d.cli("audit", "show", "--kind", "DECISION"), 0, " DECISION ")
        ran(d.cli("audit", "show", "--event", "01a2075d"), 2, "^$",
            "'nocturne explain 01a2075d' prints")
        live = ran(d.cli("audit", "export"))
        d.stop()
        noc.check(live.splitlines()[5] in ran(d.cli("audit", "export")),
                  "the export without a daemon differs")
        vkey = os.path.join(d.state, "audit.vkey")
        ran(d.cli("audit", "verify", "--vkey", vkey), 0, "OK")
        with open(vkey, encoding="ascii") as f:
            key = f.read().strip()
        ran(d.cli("audit", "verify", "--vkey", key), 0, "OK")
        ran(d.cli("audit", "verify", "--vkey", key[:-4] + "AAAA"), 2, "^$",
            "key")
        ran(d.cli("audit", "verify", "--vkey", vkey + ".none"), 2, "^$",
            "There is no key file at .*none")
        name, other = key.split("+")[0], b"\x01" + os.urandom(32)
        number = hashlib.sha256(name.encode() + b"\n" + other).hexdigest()[:8]
        ran(d.cli("audit", "verify", "--vkey", "%s+%s+%s" % (
            name, number, base64.b64encode(other).decode())), 1, "^TAMPERED")
        copy = os.path.join(d.dir, "copy.db")
        shutil.copy(os.path.join(d.state, "nocturne.db"), copy)
        ran(d.cli("audit", "verify", "--db", copy), 0, "OK")
        db = sqlite3.connect(copy)
        db.execute("DROP TRIGGER audit_no_update")
        rec = bytearray(db.execute(
            "SELECT rec FROM audit WHERE seq = 7").fetchone()[0])
        rec[-1] ^= 1
        db.execute("UPDATE audit SET rec = ? WHERE seq = 7", (bytes(rec),))
        db.commit()
        db.close()
        ran(d.cli("audit", "verify", "--db", copy), 1, r"^TAMPERED at seq 7: ")
        got = json.loads(ran(d.cli("audit", "verify", "--db", copy, "-o",
                                   "json"), 1))
        noc.equal((got["verdict"], got["at_seq"]), ("TAMPERED", 7), "json")
        ran(d.cli("audit", "verify", "--db", copy + ".none"), 2)


@noc.case("audit verify: a run's input that was altered is found by both "
          "verifiers, by name")
def _():
    with daemon() as d:
        uid = d.post("/api/v1/flows/quick/runs", {
            "input": {"device": "sw1", "why": "caf\u00e9"}}).json["run_id"]
        d.get("/api/v1/runs/%s/wait" % uid)
        d.stop()
    path = os.path.join(d.state, "nocturne.db")
    other = [os.path.join(noc.SRCDIR, "script", "audit-verify"), path]

    def both(status, said):
        ran(d.cli("audit", "verify"), status, said)
        ran(subprocess.run(other, text=True, capture_output=True,
                           check=False), status, said)
    both(0, "^[0-9]+ records OK")
    db = sqlite3.connect(path)
    noc.equal(db.execute("UPDATE runs SET json = replace(json, 'sw1', 'sw2') "
                         "WHERE json LIKE '%sw1%'").rowcount, 1, "its row")
    db.commit()
    db.close()
    both(1, "(?i)^TAMPERED at seq [0-9]+: the input of run %s was altered"
         % uid)


@noc.case("audit export is one record a line, whole, and cut by time")
def _():
    with daemon() as d:
        for n in range(10):
            d.cli("emit", "link.down", "device=sw1", "ifname=Gi%d" % n)
        # The last decision is the last record.
        noc.wait_for(lambda: [r for r in rows(d.cli("audit", "export"))
                              if r["kind"] == "RUN_END"][9:], "ten runs")
        records = rows(d.cli("audit", "export"))
        noc.equal([r["seq"] for r in records], list(range(len(records))),
                  "records")
        at = records[10]["at"]
        some = rows(d.cli("audit", "export", "--since", at))
        noc.check(0 < len(some) < len(records), "since")
        rest = rows(d.cli("audit", "export", "--until", at))
        noc.equal(len(some) + len(rest), len(records), "since + until")
        full = subprocess.run(
            [noc.NOCTURNE, "audit", "export", "--state", d.state],
            stdout=open("/dev/full", "wb"), stderr=subprocess.PIPE,
            check=False)
        noc.equal(full.returncode, 1, "a full disk")


@noc.case("tokens by the command line, used over TCP")
def _():
    with daemon() as d:
        token = ran(d.cli("token", "create", "grafana", "--for", "1d"), 0,
                    r"^noct_[0-9a-f]{64}$", "shown once").strip()
        headers = {"Authorization": "Bearer " + token}
        noc.equal(d.get("/api/v1/rules", headers=headers, unix=False).status,
                  200, "rules")
        noc.equal(d.post("/api/v1/kill/on", {"why": "x"}, headers=headers,
                         unix=False).status, 403, "kill")
        ran(d.cli("token"), 0, r"^[0-9a-f]{8}  grafana  viewer ")
        ran(d.cli("token", "create", "grafana"), 5)
        ran(d.cli("token", "create", "x", "--role", "king"), 2)
        ran(d.cli("token", "revoke", "grafana"), 0, "^revoked$")
        noc.equal(d.get("/api/v1/rules", headers=headers, unix=False).status,
                  401, "revoked")


MIB = """
ACME-MIB DEFINITIONS ::= BEGIN
IMPORTS MODULE-IDENTITY, OBJECT-TYPE, NOTIFICATION-TYPE, Integer32, enterprises
  FROM SNMPv2-SMI;
acme MODULE-IDENTITY LAST-UPDATED "202601010000Z" ORGANIZATION "a"
  CONTACT-INFO "a" DESCRIPTION "a" ::= { enterprises 99999 }
acmeState OBJECT-TYPE SYNTAX INTEGER { fine(1), broken(2) }
  MAX-ACCESS read-only STATUS current DESCRIPTION "a" ::= { acme 1 }
acmeBroken NOTIFICATION-TYPE OBJECTS { acmeState } STATUS current
  DESCRIPTION "a" ::= { acme 0 1 }
END
"""


@noc.case("mib: compiled offline, listed, translated, read by the daemon")
def _():
    folder = noc.tempdir()
    path = noc.write(os.path.join(folder, "ACME-MIB.my"), MIB)
    state = os.path.join(folder, "var")
    ran(noc.nocturne("mib", "--state", state), 0, "^$", "built-in")
    ran(noc.nocturne("mib", "--state", state, "compile", path), 0,
        r"/mib/ACME-MIB\.txt$", "1 modules")
    ran(noc.nocturne("mib", "--state", state), 0, r"ACME-MIB\.txt +\d+ ")
    made = json.loads(ran(noc.nocturne("mib", "--state", state, "compile",
                                       path, "--json"), 0))
    noc.equal((made["file"], made["objects"]),
              (os.path.join(state, "mib", "ACME-MIB.txt"), 3), "compiled")
    got = rows(noc.nocturne("mib", "--state", state, "translate", "-o",
                            "jsonl", "acmeState.0", "1.3.6.1.4.1.99999.0.1"))
    noc.equal((got[0]["oid"], got[0]["enums"], got[1]["name"],
               got[1]["kind"]),
              ("1.3.6.1.4.1.99999.1.0", "fine=1,broken=2", "acmeBroken",
               "notification"), "translated")
    ran(noc.nocturne("mib", "--state", state, "translate", "ifAdminSttus"), 2,
        "^$", "ifAdminStatus")
    ran(noc.nocturne("mib", "--state", state, "compile", path + ".none"), 2)
    bad = noc.write(os.path.join(folder, "BAD.my"), "no MIB at all {{{")
    noc.check(noc.nocturne("mib", "--state", state, "compile",
                           bad).returncode, "a bad file")
    noc.equal(os.listdir(os.path.join(state, "mib")), ["ACME-MIB.txt"],
              "files")
    noc.need("snmptrap")
    with noc.Daemon(rules='rule "t" { on = "snmp.trap", run = log '
                          '"{snmp.trap}" }', state=state) as d:
        d.trap("1.3.6.1.4.1.99999.0.1", "1.3.6.1.4.1.99999.1.0", "i", 2)
        d.wait_line("acmeBroken")


@noc.case("every verb that prints data takes -o and --json, and says so")
def _():
    silent = ("completion", "serve")
    for verb in re.findall(r"^  ([a-z-]+) ", ran(noc.nocturne("help")), re.M):
        said = "table, json (--json) or jsonl" in ran(
            noc.nocturne("help", verb))
        noc.equal(said, verb not in silent, "-o of " + verb)
        if verb not in silent:
            ran(noc.nocturne(verb, "-o", "xml"), 2, "^$",
                "-o takes table, json or jsonl, not 'xml'")


@noc.case("completion knows every verb and sub-verb; colour only where asked")
def _():
    script = ran(noc.nocturne("completion", "bash"))
    verbs = re.findall(r"^  ([a-z-]+) ", ran(noc.nocturne("help")), re.M)
    probe = script + """
probe() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _nocturne
  echo "${COMPREPLY[@]}"; }
probe nocturne ''; probe nocturne run s; probe nocturne silence a
probe nocturne events --un; probe nocturne events -o j"""
    out = subprocess.run(["bash", "-euc", probe], stdout=subprocess.PIPE,
                         text=True, check=True).stdout.splitlines()
    noc.equal(sorted(set(out[0].split())), sorted(["help"] + verbs), "verbs")
    noc.equal(out[1:], ["show signal set start", "add",
                        "--unknown --unmatched", "json jsonl"], "the rest")
    ran(noc.nocturne("completion", "tcsh"), 2)
    noc.need("script")
    with daemon() as d:
        d.cli("emit", "a.b")
        for extra, colour in ((dict(), True), ({"NO_COLOR": "1"}, False)):
            tty = subprocess.run(
                ["script", "-qec", "%s events --state %s" % (noc.NOCTURNE,
                                                             d.state),
                 "/dev/null"], stdout=subprocess.PIPE, check=True,
                env=dict(os.environ, **extra)).stdout
            noc.equal(b"\x1b[1m" in tty, colour, "colour")
        noc.check("\x1b" not in ran(d.cli("events")), "colour in a pipe")


noc.main()
