#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The HTTP API: every route for every role, bad input, paging, CloudEvents,
what is durable when it is answered, metrics, audit."""
import glob
import http.client
import json
import os
import re
import time

import noc

RULES = """
rule "heal" { on = "link.down", where = { role = "access" }, hold = "60s",
  run = flow { step "raise" { exec { "true" }, timeout = "50s" } } }
rule "tell" { on = "link.down", run = log "{device} {ifname} is down" }
flow "nap" { step "sleep" { exec { "sleep", "300" }, timeout = "5m" } }
flow "quick" { input = { device = "string" },
  step "go" { exec { "true" }, timeout = "50s" } }
rule "call" { on = "page.me", run = escalate {
  { "0m", notify "noc" { "{device}" } }, { "10m", notify "oncall" },
  stop_on = { "ack" }, max = "1h" } }
"""
INVENTORY = "name,address,role\nsw1,,access\n"

ROLES = ["viewer", "operator", "approver", "author", "admin"]
# method, path with something in it that is not there, least role
ROUTES = [
    ("GET", "/healthz", None), ("GET", "/readyz", None),
    ("GET", "/metrics", None),
    ("GET", "/api/v1/events", "viewer"),
    ("GET", "/api/v1/events/{id}", "viewer"),
    ("GET", "/api/v1/events/{id}/explain", "viewer"),
    ("POST", "/api/v1/events", "operator"),
    ("GET", "/api/v1/runs", "viewer"),
    ("GET", "/api/v1/runs/{id}", "viewer"),
    ("GET", "/api/v1/runs/{id}/items", "viewer"),
    ("GET", "/api/v1/runs/{id}/wait", "viewer"),
    ("POST", "/api/v1/runs/{id}/cancel", "operator"),
    ("POST", "/api/v1/runs/{id}/fork", "operator"),
    ("POST", "/api/v1/runs/{id}/pause", "operator"),
    ("POST", "/api/v1/runs/{id}/resume", "operator"),
    ("POST", "/api/v1/runs/{id}/set", "operator"),
    ("POST", "/api/v1/runs/{id}/signal/{signal}", "operator"),
    ("GET", "/api/v1/gates", "viewer"),
    ("GET", "/api/v1/gates/{id}", "viewer"),
    ("POST", "/api/v1/gates/{id}", "approver"),
    ("GET", "/api/v1/deliveries", "viewer"),
    ("GET", "/api/v1/flows", "viewer"),
    ("GET", "/api/v1/flows/{name}", "viewer"),
    ("POST", "/api/v1/flows/{name}/runs", "operator"),
    ("GET", "/api/v1/breakers", "viewer"),
    ("POST", "/api/v1/breakers/trip", "operator"),
    ("POST", "/api/v1/breakers/reset", "operator"),
    ("POST", "/api/v1/breakers/disable", "operator"),
    ("GET", "/api/v1/silences", "viewer"),
    ("POST", "/api/v1/silences", "operator"),
    ("DELETE", "/api/v1/silences/{id}", "operator"),
    ("GET", "/api/v1/freezes", "viewer"),
    ("POST", "/api/v1/freezes", "operator"),
    ("DELETE", "/api/v1/freezes/{id}", "operator"),
    ("GET", "/api/v1/kill", "viewer"),
    ("POST", "/api/v1/kill/on", "operator"),
    ("POST", "/api/v1/kill/off", "admin"),
    ("GET", "/api/v1/rules", "viewer"),
    ("POST", "/api/v1/rules/{rule}/pause", "operator"),
    ("POST", "/api/v1/rules/{rule}/resume", "operator"),
    ("GET", "/api/v1/schedules", "viewer"),
    ("POST", "/api/v1/schedules/{schedule}/trigger", "operator"),
    ("POST", "/api/v1/schedules/{schedule}/pause", "operator"),
    ("POST", "/api/v1/schedules/{schedule}/resume", "operator"),
    ("POST", "/api/v1/schedules/{schedule}/backfill", "operator"),
    ("POST", "/api/v1/channels/{channel}/test", "operator"),
    ("GET", "/api/v1/sources", "viewer"),
    ("GET", "/api/v1/unmatched", "viewer"),
    ("GET", "/api/v1/unknown", "viewer"),
    ("GET", "/api/v1/status", "viewer"),
    ("GET", "/api/v1/audit", "viewer"),
    ("GET", "/api/v1/audit/heads", "viewer"),
    ("GET", "/api/v1/audit/export", "viewer"),
    ("GET", "/api/v1/audit/verify", "viewer"),
    ("GET", "/api/v1/tokens", "admin"),
    ("POST", "/api/v1/tokens", "admin"),
    ("DELETE", "/api/v1/tokens/{id}", "admin"),
]
STRUCTURED = {"Content-Type": "application/cloudevents+json"}


def daemon(**kw):
    return noc.Daemon(rules=RULES, inventory=INVENTORY, **kw)


def event(number, kind="test.event", source="test", **data):
    return {"specversion": "1.0", "id": str(number), "source": source,
            "type": kind, "subject": "sw1", "data": data}


def emit(d, ce, headers=STRUCTURED, **kw):
    return d.request("POST", "/api/v1/events", json.dumps(ce), headers, **kw)


def problem(answer, status, text=""):
    noc.equal(answer.status, status, "status (%s)" % answer.text)
    noc.equal(answer.headers["Content-Type"], "application/problem+json",
              "type")
    noc.equal(answer.json["status"], status, "status within")
    noc.check(text in answer.json.get("detail", ""),
              "'%s' is not in %s" % (text, answer.text))


def token(d, role, **more):
    answer = d.post("/api/v1/tokens", dict(more, name="t-" + role + str(
        time.monotonic_ns()), role=role))
    noc.equal(answer.status, 201, answer.text)
    return answer.json["token"]


def settled(d):
    """How many records the journal has once no run goes on, nothing waits to
    be written and no more come."""
    seen = []

    def look():
        if d.get("/api/v1/runs?state=Running").json["runs"]:
            return None
        journal = d.get("/api/v1/status").json["journal"]
        seen.append(journal["queued"] or -journal["records"])
        return len(seen) > 2 and seen[-1] < 0 and \
            seen[-3:] == seen[-1:] * 3 and -seen[-1]
    return noc.wait_for(look, "an idle journal", every=0.1)


def ended(d, url):
    """The run at its end."""
    def look():
        run = d.get(url + "/wait?timeout=20s").json
        return run["state"] != "Running" and run
    return noc.wait_for(look, "the end of " + url)


def bearer(text):
    return {"Authorization": "Bearer " + text}


# ---- who may do what ----

@noc.case("the table of this test has every route that the API registers")
def _():
    found = set()
    with open(os.path.join(noc.SRCDIR, "engine/core/command.def"),
              encoding="utf-8") as f:
        roles = dict(re.findall(r'^NOC_COMMAND\("(\S+)", \w+, (\w+)',
                                f.read(), re.M))
    for path in glob.glob(os.path.join(noc.SRCDIR, "api", "*.c")):
        with open(path, encoding="utf-8") as f:
            text = re.sub(r'"\s*\n\s*"', "", f.read())
        for method, route, role, verb in re.findall(
                r'"(GET|POST|DELETE|PUT|PATCH)",\s*"(/[^"]*)",\s*'
                r'(?:NOC_ROLE_(\w+)|"([\w.]+)")', text):
            role = role or roles[verb]
            found.add((method, route, None if role == "NONE"
                       else role.lower()))
    noc.equal(sorted(map(str, found ^ set(ROUTES))), [], "difference")


@noc.case("every route for every role, over TCP")
def _():
    with daemon() as d:
        who = {role: bearer(token(d, role)) for role in ROLES}
        for method, pattern, least in ROUTES:
            path = re.sub(r"\{\w+\}", "nothing", pattern)
            for role in [None] + ROLES:
                headers = dict(who[role] if role else {})
                body = None
                if method == "POST":
                    body = b"{}"
                    headers["Content-Type"] = "application/json"
                got = d.request(method, path, body, headers, unix=False).status
                what = "%s %s for %s" % (method, path, role)
                if least is None:
                    noc.equal(got, 200, what)
                elif role is None:
                    noc.equal(got, 401, what)
                elif ROLES.index(role) < ROLES.index(least):
                    noc.equal(got, 403, what)
                else:
                    noc.check(got not in (401, 403, 405, 500),
                              "%s: %d" % (what, got))


@noc.case("tokens: hashed on disk, expire, are revoked, outlive a restart")
def _():
    with daemon() as d:
        keep = token(d, "viewer")
        brief = token(d, "viewer", **{"for": "2s"})
        began = time.monotonic()
        status = d.get("/api/v1/status", headers=bearer(brief),
                       unix=False).status
        if status == 401 and time.monotonic() - began > 1:
            raise noc.Late("the token had expired before it was used")
        noc.equal(status, 200, "status while it is valid")
        gone = token(d, "admin")
        path = os.path.join(d.state, "tokens")
        with open(path, encoding="ascii") as f:
            text = f.read()
        noc.equal(os.stat(path).st_mode & 0o777, 0o600, "mode")
        for t in (keep, brief, gone):
            noc.check(re.fullmatch(r"noct_[0-9a-f]{64}", t), t)
            noc.check(t not in text and t[5:] not in text, "token on disk")
        for t in (keep, gone):
            noc.equal(d.get("/api/v1/status", headers=bearer(t),
                            unix=False).status, 200, "status")
        rows = d.get("/api/v1/tokens").json["tokens"]
        last = rows[-1]["id"]
        noc.equal(d.request("DELETE", "/api/v1/tokens/" + last).status, 200,
                  "revoke")
        problem(d.get("/api/v1/status", headers=bearer(gone), unix=False), 401)
        noc.wait_for(lambda: d.get("/api/v1/status", headers=bearer(brief),
                                   unix=False).status != 200, "its expiry")
        problem(d.get("/api/v1/status", headers=bearer(brief), unix=False),
                401)
        for bad in ("noct_" + "0" * 64, keep[:-1], keep + "0", "", "x",
                    keep.upper()):
            problem(d.get("/api/v1/status", headers=bearer(bad), unix=False),
                    401)
        d.stop()
        d.restart()
        noc.equal(d.get("/api/v1/status", headers=bearer(keep),
                        unix=False).status, 200, "after a restart")
        admin = d.get("/api/v1/audit?kind=ADMIN").json["records"]
        verbs = [r["detail"]["verb"] for r in admin]
        noc.equal((verbs.count("token.create"), verbs.count("token.revoke")),
                  (3, 1), "journal")
        noc.check(keep not in json.dumps(admin), "token in the journal")


@noc.case("tokens: what is refused")
def _():
    with daemon() as d:
        for body, text in [
                ({"name": "a", "role": "king"}, "role"),
                ({"name": "a b", "role": "viewer"}, "name"),
                ({"role": "viewer"}, "name"),
                ({"name": "a", "role": "viewer", "for": "-1h"}, "duration"),
                ({"name": "a", "role": "viewer", "for": 5}, "duration"),
                ({"name": "a", "role": "viewer", "x": 1}, '"x"')]:
            problem(d.post("/api/v1/tokens", body), 400, text)
        noc.equal(d.post("/api/v1/tokens",
                         {"name": "a", "role": "viewer"}).status, 201, "first")
        problem(d.post("/api/v1/tokens", {"name": "a", "role": "viewer"}), 409)
        problem(d.request("DELETE", "/api/v1/tokens/b"), 404)


@noc.case("a tokens file that others may read stops the start")
def _():
    d = daemon()
    noc.write(os.path.join(d.state, "tokens"), "", 0o644)
    d.start(ready=False)
    noc.check(d.wait() != 0, "it started")
    d.wait_log(r"tokens .*chmod 600")


# ---- what is no request ----

@noc.case("bad bodies are 400, wrong methods 405, no such thing 404")
def _():
    deep = b'{"match":' + b'{"a":' * 40 + b"1" + b"}" * 41
    with daemon() as d:
        for body in (b"{", b"[]", b"7", b'"x"', b'{"why":1,"why":2}', deep,
                     b'{"nonsense":1}', b"\xff\xfe", b'{"for":"soon"}'):
            problem(d.request("POST", "/api/v1/silences", body,
                              {"Content-Type": "application/json"}), 400)
        problem(d.request("POST", "/api/v1/silences", b"a=b",
                          {"Content-Type": "text/plain"}), 415)
        problem(d.request("POST", "/api/v1/silences", b" " * (2 << 20),
                          {"Content-Type": "application/json"}), 413)
        answer = d.request("PUT", "/api/v1/silences", b"{}")
        noc.equal(answer.status, 405, "PUT")
        noc.check("POST" in answer.headers["Allow"], "Allow")
        problem(d.get("/api/v1/nothing"), 404)
        problem(d.get("/api/v1/runs/%2e%2e"), 400)
        for query in ("limit=0", "limit=x", "limit=1001", "before=x",
                      "before=1-x", "before=-", "before=1-2", "limit=5x"):
            problem(d.get("/api/v1/events?" + query), 400)
        problem(d.get("/api/v1/runs?before=x"), 400)
        for query in ("events?fate=matchd", "events?fate=or",
                      "runs?state=running", "runs?state=x"):
            problem(d.get("/api/v1/" + query), 400)
        for query in ("events?fate=shed", "runs?state=Cancelled",
                      "events?fate=", "events?kind=fate"):
            noc.equal(d.get("/api/v1/" + query).status, 200, query)
        problem(d.get("/api/v1/audit?after=x"), 400)
        problem(d.get("/api/v1/audit?kind=x"), 400)
        problem(d.get("/api/v1/audit/export?since=x"), 400)
        problem(d.get("/api/v1/runs/0000/wait?timeout=9h"), 400)
        problem(d.get("/api/v1/events/00000000-0000"), 404)
        problem(d.get("/api/v1/events/00000000-0000/explain"), 404)
        problem(d.post("/api/v1/flows/none/runs", {}), 404)
        said = d.post("/api/v1/flows/quikc/runs", {}).json["detail"]
        noc.equal(said, "There is no flow 'quikc' in the rules; did you mean "
                  "'quick'?", "detail")
        for mode in ("x", "", 1, True, ["dry_run"], {"a": "observe"}):
            problem(d.post("/api/v1/flows/nap/runs", {"mode": mode}), 400)
        problem(d.post("/api/v1/flows/nap/runs", {"input": 1}), 400)
        # Nobody reads a text only as far as a NUL in it.
        for path, body, at in (
                ("flows/nap/runs", {"input": {"a": [{"b": "x\0y"}]}},
                 "input.a[0].b"),
                ("kill/on", {"why": "all\0x"}, "why"),
                ("silences", {"match": {"device": "sw1\0"}, "for": "1h",
                              "why": "x"}, "match.device"),
                ("tokens", {"name": "a\0b"}, "name")):
            problem(d.post("/api/v1/" + path, body), 400,
                    '"%s" has a NUL' % at)
        problem(d.post("/api/v1/kill/on", {"why": "x" * 500000}), 400,
                "'why' of kill.on has 500000 bytes, more than 4096")
        noc.equal(d.get("/api/v1/kill").json["killed"], False, "kill")
        problem(d.post("/api/v1/breakers/x", {}), 404)
        problem(d.post("/api/v1/rules/none/pause", {"why": "x"}), 404)
        noc.equal(d.get("/healthz").text, "ok\n", "it still answers")


# ---- events ----

@noc.case("CloudEvents: structured, batched, binary; one answer each")
def _():
    with daemon() as d:
        one = emit(d, event(1, "link.down", ifname="Gi1/0/1",
                            severity="critical", summary="it fell"))
        noc.equal(one.status, 202, one.text)
        row = one.json["events"][0]
        noc.equal(row["fate"], "matched", "fate")
        got = d.get("/api/v1/events/" + row["id"][:18]).json
        noc.equal((got["kind"], got["device"], got["severity"], got["trust"],
                   got["summary"], got["data"]["ifname"]),
                  ("link.down", "sw1", "crit", "high", "it fell", "Gi1/0/1"),
                  "event")
        noc.equal(sorted(x["rule"] for x in got["decisions"]),
                  ["heal", "tell"], "decisions")
        many = emit(d, [event(n) for n in range(2, 5)],
                    {"Content-Type": "application/cloudevents-batch+json"})
        noc.equal((many.status, [x["fate"] for x in many.json["events"]]),
                  (202, ["unmatched"] * 3), "batch")
        binary = d.request("POST", "/api/v1/events", b'{"a": 1}', {
            "Content-Type": "application/json", "ce-specversion": "1.0",
            "ce-id": "9", "ce-source": "b", "ce-type": "x.y",
            "ce-subject": "sw1"})
        noc.equal(binary.status, 202, binary.text)
        got = d.get("/api/v1/events/" + binary.json["events"][0]["id"]).json
        noc.equal((got["kind"], got["data"]), ("x.y", {"a": 1}), "binary")


@noc.case("an event comes back whole, however large, also after a restart")
def _():
    # Around the sizes from which records keep parts of it elsewhere.
    texts = ["\u00e9" + "x" * n for n in (0, 8000, 15800, 16500, 33000, 60000)]
    with daemon() as d:
        ids = [emit(d, event(n, text=text)).json["events"][0]["id"]
               for n, text in enumerate(texts)]
        settled(d)
        for again in (False, True):
            if again:
                noc.equal(d.stop(), 0, "exit")
                d.restart()
            got = [d.get("/api/v1/events/" + i).json for i in ids]
            noc.equal([len(ev["data"]["text"]) for ev in got],
                      [len(text) for text in texts], "lengths")
            noc.equal([ev["data"]["text"] for ev in got], texts, "texts")
            noc.equal([ev["kind"] for ev in got],
                      ["test.event"] * len(texts), "kinds")
            noc.equal(d.get("/api/v1/events/last").json["id"], ids[-1],
                      "the last one")
            noc.equal(d.get("/api/v1/events/last/explain").json["event"]["id"],
                      ids[-1], "the last one explained")


@noc.case("the same source and id is a duplicate, also after kill -9")
def _():
    with daemon() as d:
        noc.equal(emit(d, event("a")).status, 202, "first")
        again = emit(d, event("a"))
        noc.equal((again.status, again.json["events"]),
                  (200, [{"fate": "duplicate"}]), "again")
        noc.equal(emit(d, event("a", source="other")).status, 202, "other")
        d.kill()
        d.restart()
        noc.equal(emit(d, event("a")).status, 200, "after the kill")
        noc.equal(len(d.get("/api/v1/events?kind=test.event").json["events"]),
                  2, "journaled before the kill")


@noc.case("what is no CloudEvent is refused and counted, and nothing of it in")
def _():
    bad = [event(1), event(2)]
    del bad[1]["source"]
    with daemon() as d:
        problem(emit(d, bad, {"Content-Type":
                              "application/cloudevents-batch+json"}), 400,
                "source")
        problem(emit(d, dict(event(1), specversion="9")), 400, "specversion")
        problem(emit(d, event(1, kind="a b")), 400, "type")
        problem(emit(d, event(1, kind="x" * 200)), 400, "type")
        problem(emit(d, dict(event(1), time="noon")), 400, "time")
        problem(emit(d, {}), 400)
        problem(d.request("POST", "/api/v1/events", b"{}",
                          {"Content-Type": "application/json"}), 400)
        problem(d.request("POST", "/api/v1/events",
                          b'{"specversion":"1.0","id":"1","id":"2",'
                          b'"source":"a","type":"b"}', STRUCTURED), 400)
        problem(emit(d, [event(n) for n in range(1001)],
                     {"Content-Type": "application/cloudevents-batch+json"}),
                400, "1000")
        rows = {r["source"]: r for r in
                d.get("/api/v1/sources").json["sources"]}
        noc.equal((rows["api"]["received"], rows["api"]["refused"]), (9, 9),
                  "ledger")
        noc.equal(d.get("/api/v1/events").json["events"], [], "events")


@noc.case("pages: journal and memory, newest first, none twice, none missing")
def _():
    with daemon() as d:
        for n in range(20):
            emit(d, event(n))
            d.syslog("what nobody wants %d" % n)
        noc.wait_for(lambda: len(d.get(
            "/api/v1/events?limit=100").json["events"]) == 40, "40 events")
        for limit in (1, 7, 20, 39, 40):
            seen, times, before = [], [], ""
            while True:
                page = d.get("/api/v1/events?limit=%d%s" % (limit,
                                                            before)).json
                noc.check(len(page["events"]) <= limit, "a page")
                noc.check(page["next"] is None or
                          len(page["events"]) == limit, "a full page")
                seen += [e["id"] for e in page["events"]]
                times += [e["received_ns"] for e in page["events"]]
                if not page["next"]:
                    break
                before = "&before=" + page["next"]
            noc.equal((len(seen), len(set(seen))), (40, 40),
                      "events by %d" % limit)
            noc.equal(times, sorted(times, reverse=True), "order")
        noc.equal(len(d.get("/api/v1/events?kind=syslog&limit=100")
                      .json["events"]), 20, "of memory")
        noc.equal(len(d.get("/api/v1/events?q=wants%2019").json["events"]), 1,
                  "by text")
        noc.equal(d.get("/api/v1/events?fate=matched").json["events"], [],
                  "by fate")


@noc.case("explain: the first condition that failed, and the remedy")
def _():
    with daemon() as d:
        emit(d, dict(event(1, "link.down", ifname="Gi1"), subject="demo9"))
        rows = {r["rule"]: r for r in
                d.get("/api/v1/events/last/explain").json["rules"]}
        noc.equal((rows["heal"]["matched"], rows["heal"]["why"]),
                  (False, "role: want access, got unknown (demo9 not in "
                          "inventory)"), "heal")
        noc.check(re.fullmatch("add demo9 to .*inventory.csv",
                               rows["heal"]["fix"]), rows["heal"]["fix"])
        noc.check(rows["heal"]["at"].endswith("test.lua:2"),
                  rows["heal"]["at"])
        noc.equal(rows["tell"]["decisions"][0]["outcome"], "fired", "tell")
        d.kill()
        d.restart()
        ident = d.get("/api/v1/events").json["events"][0]["id"]
        rows = d.get("/api/v1/events/%s/explain" % ident).json["rules"]
        noc.equal(rows[0]["why"][:4], "role", "from the journal")


# ---- runs ----

@noc.case("runs: started, waited for, cancelled, acknowledged")
def _():
    with daemon() as d:
        started = d.post("/api/v1/flows/quick/runs",
                         {"input": {"device": "sw1"}})
        noc.equal(started.status, 202, started.text)
        noc.equal(started.headers["Location"], started.json["url"], "Location")
        run = ended(d, started.json["url"])
        noc.equal((run["state"], run["device"], run["steps"][0]["path"]),
                  ("Succeeded", "sw1", "go"), "quick")
        nap = d.post("/api/v1/flows/nap/runs", {}).json["url"]
        began = time.monotonic()
        noc.equal(d.get(nap + "/wait?timeout=500ms").json["state"], "Running",
                  "nap")
        noc.check(time.monotonic() - began > 0.4, "it did not wait")
        noc.equal(d.post(nap + "/cancel", {"why": "enough"}).status, 200,
                  "cancel")
        gone = ended(d, nap)
        noc.equal(gone["state"], "Cancelled", "nap")
        noc.check("enough" in gone["outcome"], gone["outcome"])
        problem(d.post(nap + "/cancel", {}), 404)
        emit(d, event(1, "page.me"))
        run = noc.wait_for(
            lambda: d.get("/api/v1/runs?rule=call").json["runs"], "run")
        url = "/api/v1/runs/" + run[0]["id"][:18]
        noc.equal(d.post(url + "/signal/ack", {}).status, 200, "ack")
        run = ended(d, url)
        noc.equal(run["state"], "Succeeded", "state")
        noc.check("acknowledged by unix:" in json.dumps(run["steps"]),
                  json.dumps(run["steps"]))


@noc.case("who waits for a run is told when the daemon stops")
def _():
    with daemon(sets={"drain": "1s"}) as d:
        url = d.post("/api/v1/flows/nap/runs", {}).json["url"]
        waiter = noc.UnixConnection(os.path.join(d.state, "nocturne.sock"))
        waiter.request("GET", url + "/wait?timeout=50s")
        for _ in range(2):  # the loop has come by it then
            noc.equal(d.get("/healthz").status, 200, "another request")
        d.signal(15)
        response = waiter.getresponse()
        problem(noc.Answer(response, response.read()), 503, "stopping")
        noc.equal(d.wait(), 0, "exit status")
        waiter.close()


@noc.case("a dry run prints the plan and writes nothing")
def _():
    with daemon() as d:
        before = settled(d)
        plan = d.post("/api/v1/flows/quick/runs",
                      {"mode": "dry_run", "input": {"device": "sw1"}})
        noc.equal(plan.status, 200, plan.text)
        noc.equal([(s["step"], s["does"], s["mutates"])
                   for s in plan.json["steps"]],
                  [("go", "exec true", True)], "plan")
        noc.equal(settled(d), before, "records")
        noc.equal(d.get("/api/v1/runs").json["runs"], [], "runs")


# ---- what people switch ----

@noc.case("what was answered is durable: silences, pauses, breakers, kill")
def _():
    with daemon() as d:
        for path, body, status in [
                ("silences", {"match": {"device": "sw1"}, "for": "2h",
                              "why": "works"}, 201),
                ("freezes", {"match": {"device": "core*"}, "for": "1h",
                             "why": "night"}, 201),
                ("rules/tell/pause", {"why": "noisy"}, 200),
                ("breakers/trip", {"action": "snmp", "target": "sw1",
                                   "why": "bad"}, 200),
                ("kill/on", {"why": "stop"}, 200)]:
            noc.equal(d.post("/api/v1/" + path, body).status, status, path)
        d.kill()
        d.restart()
        noc.equal([s["why"] for s in
                   d.get("/api/v1/silences").json["silences"]], ["works"],
                  "silences")
        noc.equal([s["match"] for s in
                   d.get("/api/v1/freezes").json["freezes"]],
                  [{"device": "core*"}], "freezes")
        rules = {r["rule"]: r for r in d.get("/api/v1/rules").json["rules"]}
        noc.equal((rules["tell"]["paused"], rules["heal"]["paused"],
                   rules["tell"]["why"]), (True, False, "noisy"), "rules")
        noc.equal([(b["action"], b["target"], b["state"]) for b in
                   d.get("/api/v1/breakers").json["breakers"]],
                  [("snmp", "sw1", "FORCED_OPEN")], "breakers")
        noc.equal(d.get("/api/v1/kill").json, {"killed": True, "why": "stop"},
                  "kill")
        emit(d, event(1, "link.down", ifname="Gi1"))
        said = d.get("/api/v1/events/last/explain").json
        rows = {r["rule"]: r for r in said["rules"]}
        noc.equal((rows["tell"]["paused"],
                   rows["tell"]["decisions"][0]["outcome"],
                   said["silence"], said["killed"]),
                  (True, "silenced", "s1", True), "explain")


@noc.case("a pause outlives a reload; each change is in the journal")
def _():
    with daemon() as d:
        d.post("/api/v1/rules/tell/pause", {"why": "noisy"})
        problem(d.post("/api/v1/rules/heal/pause", {}), 400, "why")
        with open(os.path.join(d.rules, "test.lua"), "a",
                  encoding="ascii") as f:
            f.write('rule "more" { on = "x", run = log "x" }\n')
        d.signal(1)
        rules = noc.wait_for(lambda: [
            r for r in [{x["rule"]: x["paused"] for x in
                         d.get("/api/v1/rules").json["rules"]}]
            if "more" in r], "the reload")[0]
        noc.equal((rules["tell"], rules["more"]), (True, False), "paused")
        d.post("/api/v1/rules/tell/resume", {})
        emit(d, event(1, "link.down", ifname="Gi1"))
        rows = {r["rule"]: r for r in
                d.get("/api/v1/events/last/explain").json["rules"]}
        noc.equal(rows["tell"]["decisions"][0]["outcome"], "fired", "tell")
        verbs = [(r["detail"]["verb"], r["actor"]) for r in
                 d.get("/api/v1/audit?kind=ADMIN").json["records"]
                 if r["detail"]["verb"].startswith("rules.")]
        noc.equal([v for v, _ in verbs], ["rules.resume", "rules.pause"],
                  "journal")
        noc.check(verbs[0][1].startswith("unix:"), "actor")


@noc.case("guards refuse what has no end, no reason, no match")
def _():
    with daemon() as d:
        good = {"match": {"device": "sw1"}, "for": "2h", "why": "x"}
        for path in ("silences", "freezes"):
            for key in good:
                problem(d.post("/api/v1/" + path,
                               {k: v for k, v in good.items() if k != key}),
                        400)
            problem(d.request("DELETE", "/api/v1/%s/s9" % path), 404)
        for body in ({"action": "snmp", "target": "sw1"},
                     {"action": "snmp", "why": "x"}, {}):
            problem(d.post("/api/v1/breakers/trip", body), 400)
        problem(d.post("/api/v1/breakers/reset",
                       {"action": "snmp", "target": "x", "why": "x"}), 404)
        problem(d.post("/api/v1/breakers/reset",
                       {"action": "snmp", "target": "x", "why": "x",
                        "for": "1h"}), 400, '"for"')
        problem(d.post("/api/v1/kill/on", {}), 400)
        problem(d.post("/api/v1/kill/on", {"why": 5}), 400, "a text")
        for word in ("verb", "actor", "wy"):
            problem(d.post("/api/v1/kill/on", {"why": "x", word: "x"}), 400,
                    '"%s"' % word)
        noc.equal(d.get("/api/v1/kill").json["killed"], False, "kill")


# ---- metrics and audit ----

def families(text, total):
    kinds, samples = {}, set()
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split()
            noc.check(name not in kinds, "%s said twice" % name)
            noc.check(name.startswith("nocturne_"), name)
            kinds[name] = kind
            continue
        if line.startswith("#"):
            continue
        match = re.fullmatch(
            r'(\w+)(\{(\w+="([^"\\]|\\["\\n])*",?)*\})? '
            r'([0-9.e+-]+)', line)
        noc.check(match, "not a sample: %s" % line)
        key = match.group(1) + (match.group(2) or "")
        noc.check(key not in samples, "%s twice" % key)
        samples.add(key)
        name = match.group(1)
        family = name if total else re.sub(r"_total$", "", name)
        noc.check(family in kinds, "%s has no TYPE" % name)
        noc.equal(name.endswith("_total"), kinds[family] == "counter", name)
    return kinds, samples


@noc.case("metrics in both formats, with the numbers of what happened")
def _():
    with daemon() as d:
        emit(d, event(1, "link.down", ifname='a"\\\n'))
        settled(d)
        plain = d.get("/metrics", unix=False)
        noc.check(plain.headers["Content-Type"].startswith(
            "text/plain; version=0.0.4"), "type")
        kinds, samples = families(plain.text, True)
        noc.check(len(kinds) > 60, "%d families" % len(kinds))
        for line in ('nocturne_events_total{source="api",fate="matched"} 1',
                     'nocturne_rule_matches_total{rule="tell"} 1',
                     'nocturne_runs_started_total 1',
                     'nocturne_journal_failing 0'):
            noc.check(line + "\n" in plain.text, line)
        noc.check("nocturne_resident_memory_bytes" in samples, "RSS")
        open_metrics = d.get("/metrics", headers={
            "Accept": "application/openmetrics-text; version=1.0.0"})
        noc.check(open_metrics.text.endswith("\n# EOF\n"), "EOF")
        noc.equal(len(families(open_metrics.text, False)[0]), len(kinds),
                  "families")


@noc.case("audit: pages both ways, of one run, export, heads, verify")
def _():
    with daemon() as d:
        for n in range(30):
            emit(d, event(n, "link.down", ifname="Gi%d" % n))
        size = settled(d)
        seen, before = [], ""
        while True:
            page = d.get("/api/v1/audit?limit=33" + before).json
            seen += [r["seq"] for r in page["records"]]
            if not page["next"]:
                break
            before = "&before=" + page["next"]
        noc.equal(seen, list(range(size - 1, -1, -1)), "down")
        up = d.get("/api/v1/audit?limit=5&after=9").json["records"]
        noc.equal([r["seq"] for r in up], list(range(10, 15)), "up")
        run = d.get("/api/v1/runs?limit=1").json["runs"][0]["id"]
        kinds = [r["kind"] for r in
                 d.get("/api/v1/audit?run=" + run).json["records"]]
        noc.check("RUN_START" in kinds and "RUN_END" in kinds, str(kinds))
        lines = d.get("/api/v1/audit/export").text.splitlines()
        noc.equal([json.loads(x)["seq"] for x in lines], list(range(size)),
                  "export")
        at = json.loads(lines[10])["at"]
        later = d.get("/api/v1/audit/export?since=" + at).text.splitlines()
        noc.check(0 < len(later) < size, "since")
        sooner = d.get("/api/v1/audit/export?until=" + at).text.splitlines()
        noc.equal([json.loads(x)["seq"] for x in sooner + later],
                  list(range(size)), "until, and since then")
        noc.equal(len(d.get("/api/v1/audit/export?after=%d" % (size - 3))
                      .text.splitlines()), 2, "after")
        noc.check("\n\n" in d.get("/api/v1/audit/heads?limit=1")
                  .json["heads"][0], "heads")
        done = d.get("/api/v1/audit/verify").json
        noc.equal((done["verdict"], done["records"]), ("ok", size), "verify")


@noc.case("an export that nobody reads on holds nothing up")
def _():
    with daemon() as d:
        for n in range(0, 4000, 1000):
            emit(d, [event(n + i, text="x" * 400) for i in range(1000)],
                 {"Content-Type": "application/cloudevents-batch+json"},
                 timeout=noc.PATIENCE)
        slow = http.client.HTTPConnection("127.0.0.1", d.http,
                                          timeout=noc.PATIENCE)
        slow.request("GET", "/api/v1/audit/export",
                     headers=bearer(token(d, "viewer")))
        response = slow.getresponse()
        response.read(1000)
        time.sleep(0.5)  # it stands still meanwhile
        noc.equal(d.get("/healthz").status, 200, "others")
        n = response.read().count(b"\n")
        noc.check(n >= 4000, "%d lines after the pause" % n)
        slow.request("GET", "/api/v1/audit/export",
                     headers=bearer(token(d, "viewer")))
        slow.getresponse().read(10)
        slow.close()
        noc.equal(d.get("/healthz").status, 200, "after it left")


noc.main()
