#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Somebody sets the wall clock of a daemon that runs (clock.c), stops it, or
kills it: what waits lasts as long as it was to, schedules make up for what they
missed once, and say so once."""
import datetime
import hmac
import os
import re
import sqlite3
import time

import loop  # noqa: F401, where noc is found
import noc
import spine

HOUR = 3600
RULES = """
rule "held" { on = "hold.event", hold = "4s", run = log "held" }
rule "sleeper" { on = "sleep.event", mode = "active",
  run = flow { sleep "4s", log "slept" } }
rule "told" { on = "tell.event", mode = "active", run = flow {
  escalate { { "4s", notify "noc" { "nobody came" } } } } }
rule "does" { on = "do.event", mode = "active",
  guard = { per_key = "1000/1m", rate = "1000/1m", targets = "1000/1m",
            settle = "0s" },
  run = flow { step "it" { exec { "/bin/true" }, timeout = "20s" } } }
"""


class Work:
    """A daemon whose wall clock is set by a file."""

    def __init__(self, rules=RULES, secrets=None):
        self.d = noc.Daemon(rules=rules, secrets=secrets)
        self.file = os.path.join(self.d.dir, "clock")
        self.ahead = 0
        self.d.env = {"LD_PRELOAD": spine.clock_library(),
                      "NOC_CLOCK_FILE": self.file}
        self.step(0)

    def __enter__(self):
        self.d.start()
        return self

    def __exit__(self, kind, value, trace):
        self.d.__exit__(kind, value, trace)

    def step(self, by_s):
        """All of it at one moment."""
        self.ahead += by_s
        noc.write(self.file + ".new", str(self.ahead * spine.NS))
        os.rename(self.file + ".new", self.file)

    def set(self, by_s):
        """The daemon knows."""
        start = self.d.mark()
        self.step(by_s)
        self.d.wait_line("the wall clock was set %s by"
                         % ("back" if by_s < 0 else "forward"), start=start)

    def emit(self, kind):
        answer = self.d.request(
            "POST", "/api/v1/events", {"device": "sw1"},
            {"ce-specversion": "1.0", "ce-type": kind, "ce-source": "/clock",
             "ce-id": os.urandom(8).hex()})
        noc.equal(answer.status, 202, answer.text)

    def records(self, word):
        db = sqlite3.connect("file:%s/nocturne.db?mode=ro" % self.d.state,
                             uri=True, timeout=noc.PATIENCE)
        try:
            rows = db.execute("SELECT rec FROM audit").fetchall()
        finally:
            db.close()
        return [rec for (rec,) in rows if word in rec]

    def verified(self):
        said = self.d.cli("audit", "verify")
        noc.equal(said.returncode, 0, said.stdout + said.stderr)


def boottime():
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


for BY in (85, 2 * HOUR, -HOUR, -24 * HOUR, 24 * HOUR):
    @noc.case("the clock is set by %+d s: told once, within 2 s" % BY)
    def _(by=BY):
        def once():
            with Work() as w:
                before = boottime()
                w.set(by)
                # Its own journal says when; also that it is told once.
                noc.wait_for(lambda: w.records(b'"clock.step"'), "its record")
                rec, = w.records(b'"clock.step"')
                took = int.from_bytes(rec[40:48], "big") - before
                if took > 2 * spine.NS:
                    raise noc.Late("it took %d ms" % (took // 1000000))
                w.d.wait_line("notify noc: the wall clock was set")
                w.emit("sleep.event")
                w.d.wait_line("log sleeper: slept")
                noc.equal(len(w.records(b'"clock.step"')), 1, "records")
                noc.equal(w.d.get("/api/v1/status").json["clock"]["steps"], 1)
                noc.check("nocturne_clock_steps_total 1"
                          in w.d.get("/metrics").text, "the metric")
                w.verified()
        noc.attempt(once)

    @noc.case("the clock is set by %+d s: what waits goes on waiting" % BY)
    def _(by=BY):
        def once():
            with Work() as w:
                begun = boottime()
                for kind in ("hold", "sleep", "tell"):
                    w.emit(kind + ".event")
                w.d.wait_line("held holds 4s")
                w.set(by)
                early = boottime() - begun < 4 * spine.NS
                over = w.d.out.find("log held: held|log sleeper: slept|"
                                    "nobody came")
                if not early:
                    raise noc.Late("it took more than 4 s until it was set")
                noc.check(not over, "it has ended at once")
                w.d.wait_line("log held: held")
                w.d.wait_line("log sleeper: slept")
                w.d.wait_line("notify noc: nobody came")
        noc.attempt(once)

    @noc.case("killed, and its clock set by %+d s: what waits goes on" % BY)
    def _(by=BY):
        with Work() as w:
            for kind in ("hold", "sleep", "tell"):
                w.emit(kind + ".event")
            w.d.wait_line("held holds 4s")
            noc.wait_for(lambda: len(w.d.get("/api/v1/runs").json["runs"])
                         == 2, "two runs")
            w.d.kill()
            w.step(by)
            w.d.restart()
            w.d.wait_line("the wall clock was set")
            w.d.wait_line("log held: held")
            w.d.wait_line("log sleeper: slept")
            w.d.wait_line("notify noc: nobody came")
            w.verified()


@noc.case("a breaker that was tripped for a second lets through, an hour back")
def _():
    with Work() as w:
        said = w.d.cli("breaker", "trip", "exec", "*", "--for", "1s", "-m",
                       "test")
        noc.equal(said.returncode, 0, said.stderr)
        w.set(-HOUR)

        def through():
            w.emit("do.event")
            return any(r["rule"] == "does" and r["state"] == "Succeeded"
                       for r in w.d.get("/api/v1/runs").json["runs"])
        noc.wait_for(through, "a run that is let through", every=0.3)


@noc.case("a signed post that was taken is not taken again, the clock set back")
def _():
    rules = """
hook "slk" { auth = slack { secret = "s", tolerance = "1s" }, emit = "x.done" }
rule "x" { on = "x.done", run = log "taken" }
"""
    with Work(rules, secrets={"s": "s3cret"}) as w:
        body = b'{"order": 1}'

        def post(when):
            text = b"v0:%d:%s" % (when, body)
            return w.d.request("POST", "/hooks/slk", body, {
                "Content-Type": "application/json",
                "X-Slack-Request-Timestamp": "%d" % when,
                "X-Slack-Signature": "v0=" + hmac.new(
                    b"s3cret", text, "sha256").hexdigest()},
                unix=False).status

        def taken():
            signed = int(time.time()) + w.ahead
            if post(signed) != 202:
                raise noc.Late("it was signed for too long")
            return signed
        signed = taken()
        noc.equal(post(signed), 200, "again at once")

        noc.wait_for(lambda: "nocturne_replay_keys 0\n" in
                     w.d.get("/metrics").text, "it to be forgotten", every=0.1)
        for end in (None, w.d.kill):
            if end:
                end()
            w.step(signed - int(time.time()) - w.ahead)
            if end:
                w.d.restart()
            noc.equal(post(signed), 401, "again, the clock set back")
        w.step(60)
        taken()
        w.verified()


# ---- schedules ----

def seconds(iso):
    then = datetime.datetime.strptime(iso, "%Y-%m-%dT%H:%M:%S.%f")
    return then.replace(tzinfo=datetime.timezone.utc).timestamp()


def ticks(w, start=0):
    """The nominal times of its runs, s since 1970."""
    out = []
    for line in w.d.out.all[start:]:
        got = re.search(r"log quick: tick (\S+)Z", line)
        if got:
            out.append(seconds(got.group(1)))
    return out


def quick(when, misfire=""):
    return ('schedule "quick" { %s, %s run = log "tick {nominal}" }'
            % (when, misfire))


@noc.case("what came while it stood still is heard before what was due then")
def _():
    rules = """
normalize "down" { from = "syslog", pattern = "DOWN (?<ifname>\\\\S+)",
  emit = "link.down" }
normalize "up" { from = "syslog", pattern = "UP (?<ifname>\\\\S+)",
  emit = "link.up" }
rule "held" { on = "link.down", key = "{device}/{ifname}",
  hold = { "2s", cancel = { "link.up" } }, run = log "acted on {ifname}" }
"""
    with Work(rules) as w:
        for port in ("eth1", "eth2"):
            w.d.syslog("<13>1 - sw1 app - - - DOWN %s" % port, raw=True)
            w.d.wait_line(r"link\.down sw1 %s .* holds 2s" % port)
        w.d.pause()
        time.sleep(1)  # timers that look at the clock are due before it
        w.d.syslog("<13>1 - sw1 app - - - UP eth1", raw=True)
        time.sleep(3)
        w.d.resume()
        w.d.wait_line("held .*cancelled: link.up from sw1")
        w.d.wait_line("acted on eth2")
        w.d.no_line("acted on eth1")


for WHEN in ('every = "1s"', 'cron = "* * * * * *"'):
    for POLICY in ("once", "skip"):
        @noc.case("stopped for 8 s, %s, %s: one run, one notice"
                  % (WHEN, POLICY))
        def _(when=WHEN, policy=POLICY):
            rules = quick(when, 'misfire = { run = "%s" },' % policy)
            with Work(rules) as w:
                w.d.wait_line("log quick: tick")
                w.d.pause()
                stopped = time.time()
                time.sleep(8)
                going = time.time()
                mark = w.d.mark()
                w.d.resume()
                noc.wait_for(lambda: len(ticks(w, mark)) >= 3, "three ticks")
                made_up = [t for t in ticks(w, mark)
                           if stopped < t < going - 1]
                noc.check(len(made_up) <= 1, "made up: %r" % made_up)
                missed = [line for line in w.d.out.all if "missed" in line
                          and "notify noc" in line]
                if policy == "once":
                    noc.equal(missed, [])
                else:
                    noc.equal(len(missed), 1, repr(missed))


@noc.case("every 2 s, and two hours forward: it goes on, nothing is missed")
def _():
    with Work(quick('every = "2s"')) as w:
        w.d.wait_line("log quick: tick")
        w.set(2 * HOUR)
        mark = w.d.mark()
        noc.wait_for(lambda: len(ticks(w, mark)) >= 3, "three ticks")
        noc.equal([line for line in w.d.out.all if "missed" in line], [])


@noc.case("each second of a calendar, an hour back: it goes on")
def _():
    with Work(quick('cron = "* * * * * *"')) as w:
        w.d.wait_line("log quick: tick")
        w.set(-HOUR)
        mark = w.d.mark()
        noc.wait_for(lambda: len(ticks(w, mark)) >= 3, "three ticks")
        noc.equal([line for line in w.d.out.all if "missed" in line], [])


@noc.case("down for three hours, every 5 s: one run, one notice")
def _():
    with Work(quick('every = "5s"')) as w:
        w.d.wait_line("log quick: tick")
        w.d.kill()
        # Of another boot: then the wall clock says how long it was.
        db = sqlite3.connect(os.path.join(w.d.state, "nocturne.db"))
        with db:
            done = db.execute("UPDATE live SET data = json_set(data, '$.boot',"
                              " '%s') WHERE kind = 'clock'" % ("0" * 32))
        noc.equal(done.rowcount, 1, "its clock's row")
        db.close()
        w.step(3 * HOUR)
        w.d.restart()
        noc.wait_for(lambda: len(ticks(w)) >= 3, "three ticks")
        told = [line for line in w.d.out.all if "notify noc: schedule" in line]
        noc.equal(len(told), 1, repr(told))
        noc.check(re.search(r"quick missed 20[34]\d times", told[0]), told[0])
        first = ticks(w)[0]
        noc.equal(len([t for t in ticks(w) if t < first + 5]), 1, "made up")


@noc.case("killed with one under way and one waiting: never two at once")
def _():
    rules = """
flow "slow" { sleep "1h" }
schedule "quick" { every = "4s", overlap = "buffer_one",
  run = start "slow" {} }
"""
    with Work(rules) as w:
        def running():
            return len([r for r in w.d.get("/api/v1/runs").json["runs"]
                        if r["state"] == "Running"])

        def row():
            db = sqlite3.connect("file:%s/nocturne.db?mode=ro" % w.d.state,
                                 uri=True, timeout=noc.PATIENCE)
            try:
                return db.execute(
                    "SELECT json_array_length(data, '$.pending'),"
                    " json_extract(data, '$.last') FROM live"
                    " WHERE key = 'schedule/quick'").fetchone() or (0, 0)
            finally:
                db.close()
        noc.wait_for(lambda: row()[0] == 1, "one that waits")
        for _ in range(3):
            noc.equal(running(), 1, "runs")
            w.d.kill()
            w.d.restart()
        uid, = (r["id"] for r in w.d.get("/api/v1/runs").json["runs"]
                if r["state"] == "Running")
        noc.equal(w.d.cli("run", "cancel", uid, "-m", "x").returncode, 0)
        noc.wait_for(lambda: running() == 1 and uid not in [
            r["id"] for r in w.d.get("/api/v1/runs").json["runs"]
            if r["state"] == "Running"], "the one that waited")
        w.d.kill()
        w.d.restart()
        last = row()[1]
        noc.wait_for(lambda: row()[1] > last, "its next time")
        noc.equal(running(), 1, "runs")
        w.verified()


# Between its time and its run, and beside their commit.
for POINT in ("run.after_start:2", "writer.before_commit:8",
              "writer.after_commit:8"):
    @noc.case("killed at %s: each second has one run" % POINT)
    def _(point=POINT):
        with Work(quick('every = "1s"', 'misfire = { run = "all" },')) as w:
            w.d.wait_line("log quick: tick")
            w.d.kill()
            peace = w.d.env
            w.d.env = dict(peace, NOCTURNE_CRASH=point)
            w.d.start(ready=False)
            noc.equal(w.d.wait(), -9, "how it ended")
            w.d.env = peace
            w.d.restart()
            noc.wait_for(lambda: len(ticks(w)) >= 3, "three ticks")
            runs = [r["id"] for r in w.d.get("/api/v1/runs?limit=1000")
                    .json["runs"] if r["rule"] == "quick"]
            # A run's id begins with its nominal time, in ms.
            times = sorted(int(r.replace("-", "")[:12], 16) for r in runs)
            noc.equal(times, list(range(times[0], times[-1] + 1, 1000)),
                      "the times that ran")
            for run in runs:
                begun = w.d.get("/api/v1/audit?limit=9&kind=RUN_START&run="
                                + run).json["records"]
                noc.equal(len(begun), 1, "records of %s" % run)
            w.verified()


noc.main()
