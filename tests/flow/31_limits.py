#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""So many calls at once at one other side (limits.*): the rest wait their
turn, and nobody takes the wait for the other side's fault."""
import collections
import concurrent.futures
import http.server
import json
import os
import re
import signal
import socketserver
import threading
import time

import noc

RULES = """
flow "get" { step "s" { http.get { url = "http://127.0.0.1:%(get)d/" },
  timeout = "5s", retry = { attempts = 1 } } }
flow "post" { step "s" { http.post { url = "http://127.0.0.1:%(post)d/" },
  timeout = "5s", retry = { attempts = 1 } } }
flow "exec" { step "s" { exec { "/bin/sh", "-c",
  "echo + >> %(dir)s/marks; while [ ! -e %(dir)s/go ]; do sleep 0.05; done;"
  .. " echo - >> %(dir)s/marks" }, timeout = "50s" } }
flow "exec_items" { input = { over = "list" },
  each "all" { over = "{input.over}", limit = 300,
    step "s" { exec { "/bin/sh", "-c", "echo + >> %(dir)s/marks; "
      .. "while [ ! -e %(dir)s/go ]; do sleep 0.05; done; "
      .. "echo - >> %(dir)s/marks" }, timeout = "50s" } } }
flow "items" { input = { gets = "list", posts = "list" },
  guard = { targets = 1000 }, parallel {
  each "get" { over = "{input.gets}", limit = 200,
    step "s" { http.get { url = "http://127.0.0.1:%(items)d/" },
      timeout = "5s", retry = { attempts = 1 } } },
  each "post" { over = "{input.posts}", limit = 100,
    step "s" { http.post { url = "http://127.0.0.1:%(items)d/" },
      timeout = "5s", retry = { attempts = 1 } } } } }
flow "gate" { step "s" { exec { "/bin/sh", "-c",
  "echo x >> %(dir)s/began; while [ ! -e %(dir)s/go ]; do sleep 0.05; done" },
  timeout = "50s" } }
flow "holds" { lock = "one", sleep "1h" }
flow "waits" { lock = "one", step "s" { exec { "/bin/sh", "-c",
  "echo + >> %(dir)s/marks; echo - >> %(dir)s/marks" }, timeout = "50s" } }
flow "once" { input = { change = "string" }, dedup = "{input.change}",
  sleep "1h" }
flow "wide" { input = { list = "list" }, each "all" {
  over = "{input.list}", limit = 10000, step "s" { http.get {
    url = "http://127.0.0.1:%(get)d/" }, timeout = "50s" } } }
rule "heal" { on = "syslog", where = { ["syslog.app"] = "heal" },
  key = "{device}", hold = "1s", run = flow { step "s" { http.get {
    url = "http://127.0.0.1:%(get)d/heal" }, timeout = "50s" } } }
flow "tell" { notify "noc" { "wake up" } }
channel "noc" { http.post { url = "http://127.0.0.1:%(get)d/told",
  json = { text = "{text}" } } }
"""


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """Answers after `hold` seconds, or when it is let go; counts how many it
    has at once."""
    daemon_threads = True
    request_queue_size = 512

    def __init__(self, hold=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.lock = threading.Lock()
        self.now = self.most = self.told = self.served = 0
        self.paths = []  # as they came
        self.methods = collections.Counter()
        self.hold, self.gate = hold, threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def port(self):
        return self.server_address[1]


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/told":
            server.told += 1
        else:
            with server.lock:
                server.now += 1
                server.most = max(server.most, server.now)
                server.paths.append(self.path)
            if server.hold:
                time.sleep(server.hold)
            elif self.path == "/":
                server.gate.wait(noc.PATIENCE)
            with server.lock:
                server.now -= 1
                server.served += 1
                server.methods[self.command] += 1
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_POST = do_GET

    def log_message(self, *args):
        pass


def daemon(get=None, items=None, **kw):
    sets = {"http.allow": "127.0.0.0/8", **kw.pop("sets", {})}
    d = noc.Daemon(sets=sets, **kw)
    noc.write(os.path.join(d.rules, "test.lua"),
              RULES % {"get": get.port if get else 1, "dir": d.dir,
                       "post": get.port if get else 1,
                       "items": items.port if items else 1})
    return d


def start(d, flow, n=1, **values):
    ids = []
    for _ in range(n):
        answer = d.post("/api/v1/flows/%s/runs" % flow, {"input": values})
        noc.equal(answer.status, 202, "start of %s (%s)" % (flow, answer.text))
        ids.append(answer.json["run_id"])
    return ids


def status(d, path):
    v = d.get("/api/v1/status").json
    for part in path.split("."):
        v = v[part]
    return v


def metric(d, name):
    text = d.get("/metrics").text
    return float(re.search(r"^nocturne_%s (\S+)" % re.escape(name), text,
                           re.M).group(1))


def over(d):
    """When none is left: how many ended how."""
    noc.wait_for(lambda: status(d, "runs.running") == 0, "the end of all runs")
    runs = status(d, "runs")
    return runs["succeeded"], runs["failed"]


def children(pid):
    out = 0
    for path in os.listdir("/proc"):
        try:
            with open("/proc/%d/stat" % int(path), encoding="ascii",
                      errors="replace") as f:
                out += f.read().rsplit(")", 1)[1].split()[1] == str(pid)
        except (OSError, ValueError):
            pass
    return out


@noc.case("a long queue of runs and of items is nobody's failure")
def _():
    runs, items = Server(hold=1), Server(hold=1)
    with daemon(runs, items) as d:
        start(d, "get", 200)
        start(d, "post", 100)
        start(d, "items", gets=list(range(200)), posts=list(range(100)))
        start(d, "exec", 300)
        start(d, "exec_items", over=list(range(300)))
        noc.wait_for(lambda: metric(d, 'calls_queued{family="exec"}') == 568,
                     "a queue of programs")
        noc.wait_for(lambda: lines(d.dir + "/marks") == 32, "32 programs")
        noc.write(os.path.join(d.dir, "go"), "")
        programs = [0]

        def ended():
            programs.append(children(d.pid))
            return status(d, "runs.running") == 0
        noc.wait_for(ended, "the end of all runs", every=0.1)
        noc.equal(over(d), (602, 0), "succeeded, failed")
        for server in (runs, items):
            noc.equal(server.methods, {"GET": 200, "POST": 100}, "served")
            noc.equal(server.most, 16, "at once")
        noc.equal(status(d, "breakers.open"), 0, "breakers open")
        at_once = most = 0
        with open(os.path.join(d.dir, "marks"), encoding="ascii") as f:
            marks = f.read().split()
        for mark in marks:
            at_once += 1 if mark == "+" else -1
            most = max(most, at_once)
        noc.equal(len(marks), 1200, "begun and ended")
        noc.equal(most, 32, "programs at once")
        noc.check(max(programs) <= 32, "%d programs seen" % max(programs))
        journal = d.cli("audit", "export").stdout
        noc.equal(journal.count('"kind":"STEP_DONE"'), 1200 + 3, "steps")
        noc.check('"in_doubt"' not in journal, "something is in doubt")


@noc.case("who waits is shown, and people are told meanwhile")
def _():
    server = Server()
    with daemon(server) as d:
        ids = start(d, "get", 20)
        noc.wait_for(lambda: server.now == 16, "16 requests")
        key = "http/127.0.0.1:%d" % server.port
        noc.wait_for(lambda: status(d, "calls.queued") == 4, "a queue of 4")
        rows = [(q["key"], q["out"], q["limit"], q["queued"])
                for q in status(d, "calls.queues")]
        noc.equal(rows, [(key, 16, 16, 4)], "queues")
        noc.check(key in d.cli("status").stdout, "status names no queue")
        noc.equal(metric(d, 'calls_queued{family="http"}'), 4, "metric")
        noc.equal(metric(d, "runs_queued"), 4, "runs_queued")
        noc.wait_for(lambda: d.get("/api/v1/runs/" + ids[-1]).json["phase"]
                     == "queued", "its phase")
        noc.equal(d.cli("run", "list").stdout.count(" queued "), 4, "listed")
        start(d, "tell")
        noc.wait_for(lambda: server.told == 1, "the notice")
        noc.equal(server.served, 0, "served before it")
        server.gate.set()
        noc.equal(over(d), (21, 0), "succeeded, failed")


@noc.case("a heal does not stand behind the 10,000 items of a fan-out")
def _():
    server = Server()
    with daemon(server) as d:
        answer = d.post("/api/v1/flows/wide/runs", {"input": {
            "list": ["sw%d" % i for i in range(10000)]}})
        noc.equal(answer.status, 202, answer.text)
        noc.wait_for(lambda: status(d, "calls.queued") == 9984, "a full queue")
        d.syslog("<13>Oct 11 22:14:15 sw1 heal: now", raw=True)
        noc.wait_for(lambda: status(d, "calls.queued") == 9985, "the heal")
        noc.wait_for(lambda: server.paths == ["/"] * 16, "16 requests")
        # Those are let go; who asks next keeps his slot, but for the heal.
        gate, server.gate = server.gate, threading.Event()
        gate.set()
        d.wait_line("heal run .* Succeeded")
        noc.wait_for(lambda: server.served == 17, "those 16 and the heal")
        noc.equal(status(d, "breakers.open"), 0, "breakers open")
        d.kill()


@noc.case("a limit is changed by a reload; one that cannot be is refused")
def _():
    server = Server()
    with daemon(server, config="return { limits = { http = 2 } }") as d:
        start(d, "get", 6)
        noc.wait_for(lambda: server.now == 2, "2 requests")
        noc.equal(status(d, "calls.families.http.limit"), 2, "limit")
        noc.write(d.config, "return { limits = { http = 5 } }")
        mark = d.mark()
        d.signal(signal.SIGHUP)
        d.wait_line("reloaded", start=mark)
        noc.wait_for(lambda: server.now == 5, "5 requests")
        noc.equal((server.most, status(d, "calls.queued")), (5, 1), "at once")
        server.gate.set()
        noc.equal(over(d), (6, 0), "succeeded, failed")
    for said in ("0", "1001", "-1", "many"):
        r = noc.nocturne("serve", "--set", "limits.exec=" + said)
        noc.equal(r.returncode, 2, "exit status")
        noc.check("option 'limits.exec' wants number from 1 to 1000, not "
                  + json.dumps(said) in r.stderr, r.stderr)


def lines(path):
    try:
        with open(path, encoding="ascii") as f:
            return len(f.readlines())
    except FileNotFoundError:
        return 0


@noc.case("killed with a queue: who waited was not begun")
def _():
    with daemon(sets={"limits.exec": 2}) as d:
        began = os.path.join(d.dir, "began")
        start(d, "gate", 5)
        noc.wait_for(lambda: status(d, "calls.queued") == 3, "a queue of 3")
        noc.wait_for(lambda: lines(began) == 2, "2 programs")
        d.kill()
        noc.write(os.path.join(d.dir, "go"), "")
        d.restart()
        noc.wait_for(lambda: status(d, "runs.succeeded") == 3, "the 3")
        noc.equal((lines(began), status(d, "runs.blocked")), (5, 2),
                  "programs, in doubt")


@noc.case("a stop finishes what is out and leaves the queue for later")
def _():
    with daemon(sets={"limits.exec": 1, "drain": "50s"}) as d:
        began = os.path.join(d.dir, "began")
        start(d, "gate", 3)
        noc.wait_for(lambda: lines(began) == 1, "a program")
        noc.wait_for(lambda: status(d, "calls.queued") == 2, "a queue of 2")
        d.signal(signal.SIGTERM)
        d.wait_log("stopping: finishing 1 calls")
        noc.write(os.path.join(d.dir, "go"), "")
        noc.equal((d.wait(), lines(began)), (0, 1), "exit status, programs")
        d.restart()
        noc.equal(over(d)[0], 2, "succeeded after it")
        noc.equal(lines(began), 3, "programs")


# In few instructions, in C: what no hook sees.
HANGS = {
    "call": "local t = {} for i = 1, 3e4 do t = setmetatable({}, { __call = t })"
            " end t()",
    "close": "local t = setmetatable({}, {}) getmetatable(t).__close = "
             "function() while true do end end "
             "for i in pairs { 1 }, nil, nil, t do while true do end end",
    "zeros": "local a, b = ('\\0'):rep(1e6) .. 'a', ('\\0'):rep(1e6) .. 'b' "
             "while a < b do end",
    "chain": "local t = {} for i = 1, 1e5 do t[i * 131071] = i end",
}


@noc.case("functions that hang cost their own event some ms, and no other rule")
def _():
    rules = 'rule "next" { on = "syslog", run = log "heard {summary}" }\n'
    for name, body in HANGS.items():
        rules += ('rule "%s" { on = "syslog", run = log "never",\n'
                  'when = function(ev) %s end }\n' % (name, body))
    with noc.Daemon(rules=rules) as d:
        for n in range(8):
            d.syslog("round %d" % n)
        d.wait_line("heard .*round 7")
        # Thread CPU, so the machine's other work is not counted.
        with open("/proc/%d/stat" % d.pid, encoding="ascii") as f:
            ticks = sum(int(x) for x in f.read().rsplit(")", 1)[1].split()[11:13])
        spent = ticks / os.sysconf("SC_CLK_TCK")
        noc.check(spent < 8 * len(HANGS) * .1 + 2, "%.1f s of CPU" % spent)
        for name in HANGS:
            d.wait_log(r"match: rule=%s errors=8 error=function " % name)
        d.ledger("syslog.udp", 8)


@noc.case("runs that wait for a lock are listed, survive, and take turns")
def _():
    with daemon() as d:
        holder = start(d, "holds")[0]
        waiting = start(d, "waits", 200)
        noc.equal(status(d, "runs.pending"), 200, "pending")
        listed = d.get("/api/v1/runs?state=Pending&limit=1000").json["runs"]
        noc.equal({r["id"] for r in listed}, set(waiting), "listed")
        noc.equal(listed[0]["outcome"],
                  "waits for lock/one, which run %s has" % holder, "why")
        d.kill()
        d.restart()
        noc.equal(status(d, "runs.pending"), 200, "pending after a kill")
        noc.equal(metric(d, 'names_held{kind="lock"}'), 1, "held")
        noc.check(not os.path.exists(d.dir + "/marks"), "one has begun")
        d.cli("run", "cancel", holder, "-m", "enough")
        noc.wait_for(lambda: status(d, "runs.running") == 0, "all ends")
        noc.equal(status(d, "runs.succeeded"), 200, "succeeded")
        with open(d.dir + "/marks", encoding="ascii") as f:
            noc.equal(f.read(), "+\n-\n" * 200, "one after the other")


@noc.case("of hundreds of starts of the same at once one is a run")
def _():
    with daemon() as d:
        # Fewer connections at once than the socket takes.
        with concurrent.futures.ThreadPoolExecutor(100) as pool:
            answers = list(pool.map(lambda _: d.post(
                "/api/v1/flows/once/runs", {"input": {"change": "42"}}),
                range(200)))
        ran = [a.json["run_id"] for a in answers if a.status == 202]
        noc.equal(len(ran), 1, "runs")
        for a in answers:
            if a.status != 202:
                noc.equal(a.status, 409, a.text)
                noc.check(ran[0] in a.text, a.text)
        noc.equal(metric(d, "runs_refused_total"), 199, "refused")


noc.main()
