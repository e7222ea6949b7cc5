#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""How far a rule goes, and by whose clock: a shadow beside a live rule, a
relay's backlog, a device whose clock is wrong."""
import datetime
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import noc  # noqa: E402

SHADOW = """
rule "mark" { mode = "active", on = "port.errdisable", key = "{device}",
  run = flow {
    step "write" { exec { "/bin/sh", "-c", "echo live >> %(file)s" },
                   timeout = "10s" },
    step "say" { notify "noc" { "{device} marked" } } } }
rule "mark-next" { mode = "shadow", on = "port.errdisable", key = "{device}",
  run = flow {
    step "look" { exec { "/bin/sh", "-c", "echo read >> %(file)s",
                         mutates = false }, timeout = "10s" },
    step "write" { exec { "/bin/sh", "-c", "echo shadow >> %(file)s" },
                   timeout = "10s" },
    step "say" { notify "noc" { "{device} marked by the shadow" } } } }
flow "by-hand" {
  step "write" { exec { "/bin/sh", "-c", "echo hand >> %(file)s" },
                 timeout = "10s" } }
"""

BACKLOG = """
rule "burst" { on = "syslog", where = { summary = contains "guessed" },
  threshold = "4/5s", run = notify "noc" { "burst of {count}" } }
rule "burst-then" { time = "event", on = "syslog",
  where = { summary = contains "guessed" }, threshold = "4/5s",
  run = notify "noc" { "truly a burst of {count}" } }
rule "last" { on = "syslog", where = { summary = contains "last of all" },
  run = log "the last" }
"""

RELAY = """
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="%(dir)s/in.sock" CreatePath="on")
global(workDirectory="%(dir)s")
*.* action(type="omfwd" target="127.0.0.1" port="%(port)d" protocol="tcp"
  template="RSYSLOG_SyslogProtocol23Format" TCP_Framing="octet-counted"
  queue.type="linkedList" action.resumeRetryCount="-1"
  action.resumeInterval="1")
"""


def content(path):
    try:
        with open(path, encoding="ascii") as f:
            return f.read().split()
    except FileNotFoundError:
        return []


@noc.case("a shadow reads, changes nothing, tells nobody, and is counted apart")
def _():
    path = os.path.join(noc.tempdir(), "marks")
    with noc.Daemon(rules=SHADOW % {"file": path}) as d:
        d.wait_line(r"2 rules: 1 live, 1 shadow: mark-next")
        noc.equal(d.get("/readyz").json["rules_shadowing"], 1, "shadowing")
        done = d.cli("emit", "port.errdisable", "device=sw1", "ifname=Gi1/0/3")
        noc.equal(done.returncode, 0, done.stderr)
        d.wait_line(r"mark-next would have: exec .* \(shadow\)")
        d.wait_line(r"notify noc: sw1 marked$")
        d.wait_line(r"\[shadow\] mark-next run [\w-]+ Succeeded: would have")
        noc.equal(sorted(content(path)), ["live", "read"], "what was done")
        d.no_line("marked by the shadow")
        rows = {r["rule"]: r for r in d.get("/api/v1/rules").json["rules"]}
        noc.equal([(rows[n]["mode"], rows[n]["fired"], rows[n]["would"])
                   for n in ("mark", "mark-next")],
                  [("active", 1, 0), ("shadow", 0, 1)], "both rules")
        text = d.cli("explain", "last").stdout
        for want in (r"mark +YES +fired", r"mark-next +YES +observed"):
            noc.check(re.search(want, text), lambda: "%s not in\n%s"
                      % (want, text))
        run = d.cli("run", "list", "--rule", "mark-next").stdout
        noc.check(re.search(r"mark-next +sw1 +shadow +Succeeded", run), run)
        # The same by hand.
        done = d.cli("run", "start", "by-hand", "--shadow", "--watch")
        noc.equal(done.returncode, 0, done.stdout + done.stderr)
        noc.check("would have: exec" in done.stdout, done.stdout)
        noc.equal(sorted(content(path)), ["live", "read"], "what was done")


@noc.case("a relay's backlog is a burst on arrival, and none by its own clock")
def _():
    noc.need("rsyslogd", "logger")
    d = noc.Daemon(rules=BACKLOG)
    where = noc.tempdir()
    conf = noc.write(os.path.join(where, "r.conf"),
                     RELAY % {"dir": where, "port": d.tcp})
    relay = subprocess.Popen(
        ["rsyslogd", "-n", "-f", conf, "-i", os.path.join(where, "pid")],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def say(text):
        subprocess.run(["logger", "-u", os.path.join(where, "in.sock"),
                        "-t", "login", text], check=True, timeout=30)
    try:
        noc.wait_for(lambda: os.path.exists(os.path.join(where, "in.sock")) or
                     relay.poll() is not None, "rsyslog's socket")
        noc.check(relay.poll() is None, lambda: "rsyslogd: %s"
                  % relay.stderr.read().decode())
        # Nobody listens yet, and never are there four within five seconds,
        # also when rsyslog sends the first one twice.
        for n in range(4):
            say("guessed a password %d" % n)
            time.sleep(2.6)
        say("last of all")
        with d:
            d.wait_line("log last: the last")
            d.wait_line("notify noc: burst of 4")
            noc.check(not d.out.find("truly a burst"), "a burst by its clock")
            rows = {r["rule"]: r for r in d.get("/api/v1/rules").json["rules"]}
            # rsyslog may send the first one twice.
            noc.check(rows["burst-then"]["counted"] >= 4, rows["burst-then"])
            # And one that is.
            noc.wait_for(lambda: [say("guessed at once") for _ in range(4)] and
                         d.out.find("truly a burst of"), "a true burst")
    finally:
        relay.terminate()
        relay.wait(30)


@noc.case("a sender whose clock is an hour off is told once, and once when right")
def _():
    def message(seconds, text):
        when = (datetime.datetime.now(datetime.timezone.utc)
                - datetime.timedelta(seconds=seconds))
        return "1 %s sw7 app - - - %s" % (
            when.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), text)

    def clocks():
        text = d.get("/metrics").text
        return [int(float(re.search(r"^nocturne_%s (\S+)$" % n, text, re.M)
                          .group(1)))
                for n in ("senders_skewed", "sender_skew_seconds")]
    with noc.Daemon(rules='rule "clock" { on = { "clock.skew", "clock.ok" }, '
                    'run = notify "noc" { "{summary}" } }') as d:
        noc.equal(clocks(), [0, 0], "clocks")
        for n in range(5):
            d.syslog(message(3600, "hello %d" % n))
        d.wait_line(r"notify noc: the clock of sw7 is 36\d\d s behind, as if "
                    "of another time zone")
        wrong, worst = clocks()
        noc.check(wrong == 1 and 3600 <= worst < 3660, (wrong, worst))
        d.syslog(message(0, "hello again"))
        d.wait_line("notify noc: the clock of sw7 is right again")
        noc.equal(clocks(), [0, 0], "clocks")
        noc.equal(len([x for x in d.out.all if "noc: the clock" in x]), 2,
                  "notices")


if __name__ == "__main__":
    noc.main()
