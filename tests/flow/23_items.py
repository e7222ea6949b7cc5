#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A run with a fan-out, as people see it: the each is one line with counts,
its items are pages of their own."""
import json
import os
import re
import sqlite3
import uuid

import noc

RULES = """
flow "roll" { step "look" { exec { "true" }, timeout = "50s" } }
flow "real" {
  each "pre" { over = { "a", "b", "c", "d" }, as = "sw", key = "{sw}", limit = 2,
    need = "any",
    step "alive" { exec { "sh", "-c", "test {sw} = a && exit 0; "
      .. "test {sw} = b && exit 1; sleep 300" }, timeout = "5m" } } }
"""
SECOND = 1000000000
FAILED = (3, 40, 41)


def item_rows(started):
    for i in range(120):
        row = {"index": 1, "key": "sw%03d" % i}
        if i in FAILED:
            row.update({"class": "timeout", "error": {
                "class": "timeout", "block": "device",
                "message": "sw%03d did not answer" % i}})
        else:
            row.update({"collected": {"version": "17.%d" % i}})
        if i == 5:
            row["undone"] = True
        state = "Failed" if i in FAILED else "Succeeded"
        yield "precheck[sw%03d]" % i, state, started + i, row, 1, i
        yield "precheck[sw%03d]/alive" % i, state, started, {}, 2, i


def add_fan_out(state, run):
    """What an each of 120 items leaves in the rows of a run."""
    db = sqlite3.connect(os.path.join(state, "nocturne.db"))
    ident = uuid.UUID(run).bytes
    started = db.execute("SELECT started FROM runs WHERE id = ?",
                         (ident,)).fetchone()[0]
    each = {"index": 1, "action": "each", "undone": True, "output": {
        "total": 120, "ok": 117, "failed": 3, "skipped": 0, "would": 0,
        "ok_percent": 97.5}}
    rows = [("precheck", "Succeeded", started, each, 1, -1)]
    for path, how, at, row, node, item in rows + list(item_rows(started)):
        db.execute("INSERT INTO steps(run, path, attempt, state, started, "
                   "ended, due, json, node, item) VALUES(?,?,1,?,?,?,0,?,?,?)",
                   (ident, path, how, at, at + SECOND, json.dumps(row), node,
                    item))
    db.commit()
    db.close()


def with_fan_out(d):
    run = d.cli("run", "start", "roll", "--watch").stdout.split()[0]
    noc.equal(d.stop(), 0, "exit status")
    add_fan_out(d.state, run)
    d.restart()
    return run


@noc.case("a run shows its each as one step with counts, never its items")
def _():
    with noc.Daemon(rules=RULES) as d:
        run = with_fan_out(d)
        steps = d.get("/api/v1/runs/" + run).json["steps"]
        noc.equal([s["path"] for s in steps], ["look", "precheck"], "steps")
        noc.equal(steps[1]["counts"], {
            "total": 120, "ok": 117, "failed": 3, "skipped": 0, "would": 0,
            "ok_percent": 97.5}, "counts")
        said = d.cli("run", "show", run).stdout
        noc.check(re.search(r"precheck +each .* Succeeded, undone +1000 ms +"
                            r"117 of 120 ok, 3 failed, 97\.5 %$", said, re.M),
                  said)
        noc.check("sw003" not in said, said)


@noc.case("an each that runs: what has ended of it is counted and listed")
def _():
    with noc.Daemon(rules=RULES) as d:
        run = d.cli("run", "start", "real").stdout.strip()
        url = "/api/v1/runs/" + run

        def counts():
            steps = d.get(url).json.get("steps")
            return steps and steps[0].get("counts")
        noc.wait_for(lambda: counts() == {"total": 4, "ok": 1, "failed": 1,
                                          "skipped": 0, "running": 2,
                                          "waiting": 0},
                     lambda: "counts: %s" % counts())
        noc.check(re.search(r"^.* pre +each .* Running .*1 of 4 ok, 1 failed, 2 running$",
                            d.cli("run", "show", run).stdout, re.M),
                  d.cli("run", "show", run).stdout)
        said = d.cli("run", "show", run, "--items", "pre", "--failed").stdout
        noc.check(re.search(r"^b +Failed .*permanent \(executor\): sh ended",
                            said, re.M), said)
        said = d.cli("run", "show", run, "--items", "pre")
        noc.check(re.search(r"\na +Succeeded .*\nb +Failed .*\nc +Running .*\n"
                            r"d +Running .*$", said.stdout.rstrip()), said.stdout)
        noc.equal(said.stderr, "2 under way, 0 not begun\n", "stderr")
        page = d.get(url + "/items?of=pre&limit=3").json
        noc.equal(([i["key"] for i in page["items"]], page["next"]),
                  (["a", "b", "c"], "2"), "a page")
        page = d.get(url[:30] + "/items?of=pre&limit=3&after=2").json
        noc.equal(([i["key"] for i in page["items"]], page["next"],
                   page["running"], page["waiting"]),
                  (["d"], None, 2, 0), "the next page")
        said = d.cli("run", "show", run, "--items", "pre", "--running").stdout
        noc.check(re.search("^c +Running", said, re.M)
                  and not re.search("^[ab] ", said, re.M), said)
        said = d.cli("run", "show", run, "--item", "pre[c]").stdout
        noc.check(re.search(r"pre\[c\]/alive +exec .* Running ", said), said)


@noc.case("items: pages over the API, each item once")
def _():
    with noc.Daemon(rules=RULES) as d:
        run = with_fan_out(d)
        url = "/api/v1/runs/%s/items?of=precheck" % run[:18]
        keys, after = [], ""
        while after is not None:
            page = d.get("%s&limit=50%s" % (url, after)).json
            keys += [item["key"] for item in page["items"]]
            after = page["next"] and "&after=" + page["next"]
        noc.equal(keys, ["sw%03d" % i for i in range(120)], "keys")
        failed = d.get(url + "&state=failed").json
        noc.equal(([i["item"] for i in failed["items"]], failed["next"]),
                  (list(FAILED), None), "failed")
        noc.equal(failed["items"][0]["error"]["block"], "device", "block")
        noc.check(failed["items"][0]["started"].endswith("Z"), "started")
        for query, status in (("", 400), ("?of=precheck&state=lost", 400),
                              ("?of=precheck&limit=0", 400),
                              ("?of=precheck&after=x", 400),
                              ("?of=nothing", 404)):
            noc.equal(d.get("/api/v1/runs/%s/items%s" % (run, query)).status,
                      status, query)
        noc.equal(d.get("/api/v1/runs/ffff/items?of=precheck").status, 404,
                  "no run")


@noc.case("items: a table for people, JSON for programs")
def _():
    with noc.Daemon(rules=RULES) as d:
        run = with_fan_out(d)
        said = d.cli("run", "show", run, "--items", "precheck", "--failed")
        noc.check(re.search(r"^ITEM +STATE +TOOK +RESULT +COLLECTED$",
                            said.stdout, re.M), said.stdout)
        noc.check(re.search(r"^sw003 +Failed +1000 ms +timeout \(device\): "
                            r"sw003 did not answer +-$", said.stdout, re.M),
                  said.stdout)
        noc.equal(len(said.stdout.splitlines()), 1 + len(FAILED), "lines")
        noc.equal(said.stderr, "", "stderr")
        said = d.cli("run", "show", run, "--items", "precheck", "-n", "6")
        noc.check(re.search(r"^sw005 +Succeeded, undone +1000 ms +- +"
                            r"version=17\.5$", said.stdout, re.M), said.stdout)
        noc.equal(said.stderr, "There may be more: --after 5\n", "stderr")
        said = d.cli("run", "show", run, "--items", "precheck", "-n", "1",
                     "--after", "5", "--json")
        page = json.loads(said.stdout)
        noc.equal((page["items"][0]["key"], page["next"]), ("sw006", "6"),
                  "JSON")
        noc.equal(d.cli("run", "show", run, "--items", "precheck", "--in",
                        "skipped").stderr, "No items.\n", "none")
        said = d.cli("run", "show", run, "--item", "precheck[sw003]").stdout
        noc.check(re.search(r"precheck\[sw003\]/alive .* Failed ", said), said)
        noc.equal(len(said.split("RESULT\n")[1].splitlines()), 1, said)
        for args, status, text in (
                (["--item", "precheck[no]"], 3, "no steps in"),
                (["--items", "precheck", "--in", "lost"], 2, "state is"),
                (["--items", "look!"], 3, "no step"),
                (["--failed", "--in", "Failed"], 2, "say one")):
            said = d.cli("run", "show", run, *args)
            noc.equal(said.returncode, status, args)
            noc.check(text in said.stderr, said.stderr)


GIVES = """
flow "gives" { output = { how = "{steps.q.exit}", n = "{steps.e.ok}" },
  step "q" { exec { "/bin/true", mutates = false } },
  each "e" { over = { "a", "b" },
    step "up" { exec { "/bin/true", "{item}" }, timeout = "10s" } } }
flow "back" { each "e" { over = { "a", "b" },
    step "up" { exec { "/bin/true" }, timeout = "10s",
      undo = exec { "/bin/true", "back" } } },
  step "no" { log "no", after = "e" }, fail "no", on_fail = { undo = "run" } }
"""


@noc.case("what a flow gives is kept with its run, and what was taken back is "
          "marked")
def _():
    with noc.Daemon(rules=GIVES) as d:
        def run(flow, status):
            said = d.cli("run", "start", flow, "--watch")
            noc.equal(said.returncode, status, said.stdout + said.stderr)
            rid = said.stdout.split()[0]
            return rid, d.get(f"/api/v1/runs/{rid}").json
        rid, shown = run("gives", 0)
        noc.equal(shown["json"]["output"], {"how": 0, "n": 2}, "output")
        noc.check(re.search(r'^output +{"how":0,"n":2}$',
                            d.cli("run", "show", rid).stdout, re.M), "text")
        rid, shown = run("back", 1)
        noc.check("output" not in shown["json"], "a failed run gives nothing")
        items = d.get(f"/api/v1/runs/{rid}/items?of=e").json["items"]
        noc.equal([i.get("undone") for i in items], [True, True], "items")
        said = d.cli("run", "show", rid, "--item", "e[a]").stdout
        noc.check(re.search(r"e\[a\]/up .* Succeeded, undone ", said), said)


noc.main()
