# SPDX-License-Identifier: ISC
"""Measures of flows: runs and items by the ten thousand."""
import os
import shutil
import socket
import statistics
import subprocess
import tempfile
import time

import bench
from bench import (Daemon, cpu_seconds, figure, fresh_dir, listens, measure,
                   noc, program, quiet, rounds, rules, started, status_mib)

MANY = 10000


# ---- a daemon with runs ----

def start(d, flow, **given):
    answer = d.post("/api/v1/flows/%s/runs" % flow, {"input": given})
    noc.equal(answer.status, 202, "start of %s (%s)" % (flow, answer.text))
    return "/api/v1/runs/" + answer.json["run_id"]


def seconds(d, url):
    """How long it took, by its row."""
    d.get(url + "/wait?timeout=55s")
    run = d.get(url).json
    noc.equal(run["state"], "Succeeded", "state of the run")
    return (run["ended_ns"] - run["started_ns"]) / 1e9


def settled(d, running=None):
    """So many runs are there, all is written, nothing is done any more."""
    def idle():
        m = d.metrics()
        if m["nocturne_journal_queue_transactions"] or (
                running is not None and m["nocturne_runs_running"] != running):
            return False
        before = cpu_seconds(d.pid)
        time.sleep(0.5)
        return cpu_seconds(d.pid) - before < 0.05
    noc.wait_for(idle, "the daemon to have nothing to do", every=0.2)


def step_rows(d):
    db = noc.journal(os.path.join(d.state, "nocturne.db"))
    try:
        return db.execute("SELECT count(*) FROM steps").fetchone()[0]
    finally:
        db.close()


def messages(d, texts):
    with socket.create_connection(("127.0.0.1", d.tcp)) as s:
        s.sendall(b"".join(
            b"%d %s" % (len(m), m) for m in (
                ("<13>Oct 11 22:14:15 " + t).encode() for t in texts)))


def keys(n):
    return ["b%d-sw%d" % (i % 7, i) for i in range(n)]


# ---- durable steps ----

@measure
def steps():
    """Runs of in-process steps, all durable, beside single-row commits."""
    directory = fresh_dir()
    for each, floor, goal in ((2, 10, 25), (5, 10, 25), (10, 10, 25)):
        ours, bare = [], []
        for _ in rounds():
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
    """Asked of the status: metrics of 1,000 rules are work for the loop."""
    status = d.get("/api/v1/status").json
    return status["runs"]["started"] >= n and \
        not status["runs"]["running"] and not status["journal"]["queued"]


# ---- fan-outs ----

ITEMS = """
flow "cheap" { input = { list = "list" },
  each "all" { over = "{input.list}", limit = 20,
    step "a" { log "a {item}" }, step "b" { log "b" }, step "c" { log "c" } } }
flow "odd" { input = { list = "list" },
  each "all" { over = "{input.list}", limit = 20, need = "any",
    choose "a" { { when = { item = re "[05]$" }, fail "odd" } },
    step "b" { log "b" } } }
flow "get" { input = { list = "list", port = "integer" },
  each "all" { over = "{input.list}", limit = 800,
    step "a" { http.get { url = "http://127.0.0.1:{input.port:raw}/" },
      timeout = "30s" } } }
flow "one" { input = { list = "list" },
  each "all" { over = "{input.list}", limit = 1, sleep "1h" } }
flow "every" { input = { list = "list" },
  each "all" { over = "{input.list}", limit = 10000, sleep "1h" } }
flow "behind" { input = { list = "list" },
  each "all" { over = "{input.list}", limit = 10000,
    step "a" { log "a {item}" }, step "b" { log "b" }, sleep "1h" } }
"""


@measure
def items():
    """10,000 items of three cheap steps; a page of those that failed."""
    per_s, turns, steps_s, bare, pages = [], [], [], [], []
    directory = fresh_dir()
    for _ in rounds():
        bare.append(program("bench_commit", directory, 1000)[0]["per_s"])
        with Daemon(rules=ITEMS, sets=quiet()) as d:
            d.metrics()
            began = time.monotonic()
            url = start(d, "cheap", list=keys(MANY))
            d.get(url + "/wait?timeout=55s")  # till its end is on disk
            took = time.monotonic() - began
            turns.append(d.metrics()["nocturne_loop_turn_max_seconds"] * 1e3)
            steps_s.append(step_rows(d) / took)
            per_s.append(MANY / seconds(d, url))
            pages.append(failed_page(d))
    shutil.rmtree(directory, ignore_errors=True)
    figure("items of three cheap steps", per_s, unit="1/s")
    figure("the longest turn of the loop meanwhile", turns, unit="ms")
    figure("durable steps, 10,000 items", steps_s, bare, "1/s", floor=25,
           of="ratio")
    figure("API: a page of failed items of 10,000", pages, unit="ms",
           floor=-5)


def failed_page(d):
    url = start(d, "odd", list=keys(MANY))
    seconds(d, url)
    took = []
    for _ in range(20):
        began = time.monotonic()
        page = d.get(url + "/items?of=all&state=failed&limit=100").json
        took.append((time.monotonic() - began) * 1e3)
        noc.equal(len(page["items"]), 100, "failed items of a page")
    return statistics.median(took)


@measure
def fanout():
    """800 GETs that take 100 ms each, beside bare libcurl."""
    for limit in (16, 50):
        ours, bare = [], []
        for _ in rounds():
            with Server(100) as port:
                bare.append(program(
                    "bench_curl", "http://127.0.0.1:%d/" % port, 800,
                    limit)[0]["ms"])
                with Daemon(rules=ITEMS, sets=dict(quiet(), **{
                        "http.allow": "127.0.0.0/8",
                        "limits.http": limit})) as d:
                    ours.append(1e3 * seconds(d, start(
                        d, "get", list=keys(800), port=port)))
        figure("800 GETs of 100 ms, %d at once" % limit, ours, bare, "ms",
               floor=-1.5, of="ratio")


class Server:
    """bench_http, its answers so many ms later."""

    def __init__(self, delay_ms):
        self.delay_ms = delay_ms

    def __enter__(self):
        port = noc.free_port()
        self.process = subprocess.Popen(
            [os.path.join(bench.PROGRAMS, "bench_http"), str(port),
             str(self.delay_ms)])
        noc.wait_for(lambda: listens(port), "the other side")
        return port

    def __exit__(self, kind, value, trace):
        self.process.kill()
        self.process.wait()


# ---- what waits ----

DOWN = """
normalize "port" { from = "syslog", app = "port",
  pattern = [=[^(?<ifname>\\S+) is (?<_state>up|down)]=],
  emit = "port.{_state}", kinds = { "port.up", "port.down" } }
rule "down" { on = "port.down", key = "{device}/{ifname}", run = flow {
  escalate { { "1h", notify "noc" }, stop_on = { "ack", "port.up" } } } }
"""
SLEEP = """
rule "sleep" { on = "syslog", key = "{syslog.message}",
  where = { ["syslog.app"] = "sleep" }, run = flow { sleep "1h" } }
"""


@measure
def waiting():
    """Memory of what waits: runs, items begun and not."""
    def runs(d, batch):
        messages(d, ("sw%d sleep: %d %d" % (i % 50, i, batch)
                     for i in range(MANY)))
        settled(d, (batch + 1) * MANY)

    def items_of(flow, begun):
        def begin(d, batch):
            start(d, flow, list=keys(MANY))
            noc.wait_for(lambda: step_rows(d) >= (batch + 1) * (begun + 1),
                         "the rows of those that begin", every=0.5)
            settled(d, batch + 1)
        return begin
    for name, unit, floor, more in (
            ("a run that sleeps", "KiB", 2, runs),
            ("an item not begun", "B", 512, items_of("one", 1)),
            ("an item that sleeps", "B", 512, items_of("every", MANY))):
        values = [later_batches(more) * (1 if unit == "B" else 1 / 1024)
                  for _ in rounds()]
        figure(name + ", of 10,000", values, unit=unit, floor=-floor)


def later_batches(more):
    """Bytes for each of what the third to fifth ten thousand add: caches and
    what a burst needs for itself are had by then, nothing has ended, and what
    one burst leaves free the next one takes."""
    with Daemon(rules=SLEEP + ITEMS, sets=quiet()) as d:
        for batch in range(2):
            more(d, batch)
        before = status_mib(d.pid, "VmRSS")
        for batch in range(2, 5):
            more(d, batch)
        return (status_mib(d.pid, "VmRSS") - before) * 1024 * 1024 / MANY / 3


@measure
def stops():
    """An event of a kind that could end one of 10,000 runs, and ends none."""
    ours, bare = [], []
    for _ in rounds():
        for n, values in ((10, bare), (MANY, ours)):
            with Daemon(rules=DOWN, sets=quiet()) as d:
                messages(d, ("sw%d port: Gi1/%d is down" % (i % 50, i)
                             for i in range(n)))
                settled(d, n)
                before = cpu_seconds(d.pid)
                messages(d, ("sw%d port: Gi2/%d is up" % (50 + i % 50, i)
                             for i in range(MANY)))
                noc.wait_for(lambda d=d, n=n: d.sources()["syslog.tcp"][
                    "received"] >= n + MANY, "the last event")
                settled(d, n)
                values.append((cpu_seconds(d.pid) - before) * 1e6 / MANY)
                messages(d, ["sw1 port: Gi1/1 is up"])
                settled(d, n - 1)
    figure("an event that stops none of 10,000 runs (beside 10), cpu", ours,
           bare, "us", floor=-1.3, of="ratio")


@measure
def resume():
    """A start with 10,000 items under way, beside one with none."""
    ours = []
    for _ in rounds():
        with Daemon(rules=ITEMS, sets=quiet()) as d:
            d.kill()
            empty = started(d)
            start(d, "behind", list=keys(MANY))
            settled(d, 1)
            n = step_rows(d)
            d.kill()
            took = started(d)
            noc.equal(d.metrics()["nocturne_runs_running"], 1, "runs")
            ours.append(n / max(took - empty, 0.1) * 1e3)
    figure("rows of steps at a start, after a kill", ours, unit="1/s",
           floor=50000)


@measure
def heal():
    """How long after its hold a heal acts behind a fan-out that has every slot
    of the same host."""
    late = []
    for _ in rounds():
        with Server(100) as port, socket.socket(
                socket.AF_INET, socket.SOCK_DGRAM) as told:
            told.bind(("127.0.0.1", 0))
            told.settimeout(60)
            rule = HEAL % (port, told.getsockname()[1])
            with Daemon(rules=ITEMS.replace("limit = 800", "limit = 10000")
                        + rule, sets=dict(quiet(), **{
                            "http.allow": "127.0.0.0/8"})) as d:
                start(d, "get", list=keys(MANY), port=port)
                noc.wait_for(lambda: d.metrics()[QUEUED]
                             > 1000, "calls that wait")
                began = time.monotonic()
                d.syslog("Oct 11 22:14:15 sw1 heal: now")
                told.recv(2000)
                late.append((time.monotonic() - began - 1) * 1e3)
    figure("a heal behind 10,000 items, after its hold", late, unit="ms",
           floor=-1000)


QUEUED = 'nocturne_calls_queued{family="http"}'
HEAL = """
rule "heal" { on = "syslog", where = { ["syslog.app"] = "heal" },
  key = "{device}", hold = "1s", run = flow {
    step "look" { http.get { url = "http://127.0.0.1:%d/" },
      timeout = "30s" },
    step "tell" { syslog { to = "127.0.0.1:%d", "healed" },
      timeout = "5s" } } }
"""


# ---- a run with 10,000 items, read ----

@measure
def rows():
    """Of a run with 10,000 items, in questions and at a start
    (bench_rows.c)."""
    said = {r["figure"]: r["median"] for r in program(
        "bench_rows", "-d", tempfile.gettempdir(), "-r", bench.ROUNDS)}

    figure("a page of failed items of 10,000", [said["failed"]], unit="ms",
           floor=-5)
    figure("the last page of 100 items", [said["last"]], unit="ms", floor=-5)
    figure("3,200 items listed", [said["list"]], unit="ms")
    figure("that run shown, with counts", [said["show"]], unit="ms")
    figure("step rows loaded at a start", [said["load"]], unit="1/s",
           floor=50000)
