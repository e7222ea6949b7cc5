#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Webhooks: verified on raw bytes, committed, then answered; a delivery is
taken once, also over a restart."""
import base64
import hashlib
import hmac
import json
import os
import time

import noc

RULES = """
hook "netbox" { auth = hmac { "sha512", "X-Hook-Signature", secret = "nb" },
  emit = "vlan.updated", where = { ["body.model"] = "vlan" },
  map = { vid = "body.data.vid", slug = "body.data.site.slug" },
  dedup = "{body.request_id}/{body.data.id}" }
hook "alertmanager" { auth = bearer "am", split = "alerts[*]",
  dedup = "{fingerprint}/{status}", emit = "alert.{status}",
  kinds = { "alert.firing", "alert.resolved" } }
hook "std" { auth = standard { secret = { "old", "new" } },
  emit = "thing.done" }
hook "gh" { auth = github { secret = "gh" }, emit = "push.done" }
hook "nosecret" { auth = bearer "missing", emit = "never.seen" }
rule "vlan" { on = "vlan.updated", run = log "vlan {vid} of {slug}" }
rule "alert" { on = { "alert.firing", "alert.resolved" },
  run = log "{kind} trust={trust}" }
rule "thing" { on = { "thing.done", "push.done", "never.seen" },
  run = log "got {kind}" }
"""
KEY = base64.b64encode(b"0123456789abcdef01234567").decode()
SECRETS = {"nb": "s3cret", "am": "tok3n", "gh": "It's a Secret to Everybody",
           "old": "whsec_" + base64.b64encode(b"x" * 24).decode(),
           "new": "whsec_" + KEY}
VLAN = {"model": "vlan", "event": "updated", "request_id": "r1",
        "data": {"id": 5, "vid": 120, "site": {"slug": "waw1"}}}


def daemon(**kw):
    return noc.Daemon(rules=RULES, secrets=SECRETS, **kw)


def signed(body, secret="s3cret"):
    raw = json.dumps(body).encode()
    return raw, {"Content-Type": "application/json",
                 "X-Hook-Signature": hmac.new(secret.encode(), raw,
                                              hashlib.sha512).hexdigest()}


def post(d, name, raw, headers):
    return d.request("POST", "/hooks/" + name, raw, headers, unix=False)


def problem(answer, status):
    noc.equal(answer.status, status, "status (%s)" % answer.text)
    noc.equal(answer.headers["Content-Type"], "application/problem+json",
              "type")


@noc.case("NetBox: a signed body is an event with its map; 202 and its id")
def _():
    with daemon() as d:
        answer = post(d, "netbox", *signed(VLAN))
        noc.equal(answer.status, 202, "status (%s)" % answer.text)
        noc.check(len(answer.json["id"]) == 36, answer.text)
        d.wait_line("log vlan: vlan 120 of waw1")
        again = post(d, "netbox", *signed(VLAN))
        noc.equal((again.status, again.json.get("duplicate")), (200, True),
                  "the same post again")
        other = dict(VLAN, model="site", request_id="r2")
        noc.equal(post(d, "netbox", *signed(other)).status, 202,
                  "a post of another model")
        row = d.ledger("hook/netbox", 3)
        noc.equal((row["received"], row["matched"], row["duplicate"],
                   row["unmatched"], row["unwanted"]), (3, 1, 1, 1, 1),
                  "the ledger")
        renamed = dict(VLAN, object_type="vlan", request_id="r3")
        del renamed["model"]
        noc.equal(post(d, "netbox", *signed(renamed)).status, 202,
                  "a post of another shape")
        d.wait_log("hook 'netbox' is not for this post: body.model.*has the "
                   "sender changed")
        noc.check('nocturne_events_unwanted_total{source="hook/netbox"} 2'
                  in d.get("/metrics").text, "the metric")
        d.stop()
        noc.equal(len([x for x in d.out.all if "log vlan:" in x]), 1, "lines")


@noc.case("nothing unsigned, altered or signed with another key gets in")
def _():
    with daemon() as d:
        raw, headers = signed(VLAN)
        problem(post(d, "netbox", raw, {}), 401)
        problem(post(d, "netbox", *signed(VLAN, "other")), 401)
        problem(post(d, "netbox", raw.replace(b"120", b"121"), headers), 401)
        mac = headers["X-Hook-Signature"]
        for i in range(0, len(mac), 7):
            flipped = mac[:i] + "%x" % (int(mac[i], 16) ^ 1) + mac[i + 1:]
            problem(post(d, "netbox", raw, {"X-Hook-Signature": flipped}), 401)
        problem(post(d, "gh", b"{}", {"X-Hub-Signature-256": "sha1=00"}), 401)
        problem(post(d, "alertmanager", b"{}",
                     {"Authorization": "Bearer tok3n "[:-2]}), 401)
        problem(post(d, "nosecret", b"{}", {"Authorization": "Bearer "}), 503)
        d.wait_log("hook 'nosecret'.*missing")
        problem(post(d, "nothing", b"{}", {}), 404)
        noc.check(d.sources()["hook/netbox"]["refused"] >= 20,
                  "the refused are not counted")
        d.stop()
        d.no_line(r" log \w+: ")


@noc.case("malformed bodies: 400; too long: 413; another method: 405")
def _():
    with daemon() as d:
        auth = {"Authorization": "Bearer tok3n",
                "Content-Type": "application/json"}
        for body in (b"{", b"", b'{"a":1,"a":2}', b"[" * 40 + b"]" * 40,
                     b'{"alerts": 5}', b"\xff\xfe"):
            problem(post(d, "alertmanager", body, auth), 400)
        noc.equal(post(d, "alertmanager", b"x" * (1 << 20) + b"x", auth).status,
                  413, "status of 1 MiB and a byte")
        noc.equal(d.request("GET", "/hooks/alertmanager", unix=False).status,
                  405, "status of GET")
        noc.check(d.process.poll() is None, "the daemon has ended")


@noc.case("http.body_max is how long a body may be")
def _():
    body = b'{"alerts": []}'
    auth = {"Authorization": "Bearer tok3n",
            "Content-Type": "application/json"}
    with daemon(sets={"http.body_max": len(body)}) as d:
        noc.equal(post(d, "alertmanager", b" " + body, auth).status, 413,
                  "status of a byte more")
        noc.check(post(d, "alertmanager", body, auth).status < 300,
                  "what is as long as it may be is refused")


@noc.case("Alertmanager: one event an alert, each once")
def _():
    auth = {"Authorization": "Bearer tok3n",
            "Content-Type": "application/json"}
    body = json.dumps({"status": "firing", "alerts": [
        {"status": "firing", "fingerprint": "aa", "labels": {"x": "1"}},
        {"status": "resolved", "fingerprint": "bb"},
        {"status": "firing", "fingerprint": "aa"}]})
    with daemon() as d:
        answer = post(d, "alertmanager", body, auth)
        noc.equal(answer.status, 202, "status (%s)" % answer.text)
        noc.check(len(answer.json["ids"]) >= 2, answer.text)
        d.wait_line("log alert: alert.firing trust=high")
        d.wait_line("log alert: alert.resolved")
        again = post(d, "alertmanager", body, auth)
        noc.equal((again.status, again.json.get("duplicate")), (200, True),
                  "the same again")
        empty = post(d, "alertmanager", '{"alerts": []}', auth)
        noc.equal(empty.status, 202, "status of no alerts")
        row = d.ledger("hook/alertmanager", 6)
        noc.equal((row["matched"], row["duplicate"]), (2, 4), "the ledger")


@noc.case("posts without the fields of `dedup` are not taken for each other")
def _():
    auth = {"Authorization": "Bearer tok3n",
            "Content-Type": "application/json"}
    with daemon() as d:
        for n in range(2):
            body = json.dumps({"alerts": [{"status": "firing", "n": n}]})
            answer = post(d, "alertmanager", body, auth)
            noc.equal(answer.status, 202, "status (%s)" % answer.text)
        row = d.ledger("hook/alertmanager", 2)
        noc.equal((row["matched"], row["duplicate"]), (2, 0), "the ledger")


@noc.case("keys of `dedup` that differ after a NUL only are not the same")
def _():
    auth = {"Authorization": "Bearer tok3n",
            "Content-Type": "application/json"}
    with daemon() as d:
        for n in range(2):
            body = json.dumps({"alerts": [{"status": "firing",
                                           "fingerprint": "a\0%d" % n}]})
            answer = post(d, "alertmanager", body, auth)
            noc.equal(answer.status, 202, "status (%s)" % answer.text)
        answer = post(d, "alertmanager", body, auth)
        noc.equal(answer.status, 200, "status (%s)" % answer.text)
        row = d.ledger("hook/alertmanager", 3)
        noc.equal((row["matched"], row["duplicate"]), (2, 1), "the ledger")


def standard(body, msg_id, key=b"0123456789abcdef01234567", skew=0):
    stamp = str(int(time.time()) + skew)
    text = ("%s.%s." % (msg_id, stamp)).encode() + body
    mac = base64.b64encode(hmac.new(key, text, hashlib.sha256).digest())
    return body, {"webhook-id": msg_id, "webhook-timestamp": stamp,
                  "webhook-signature": "v1," + mac.decode(),
                  "Content-Type": "application/json"}


@noc.case("Standard Webhooks: both secrets while one replaces the other, "
          "stale ones refused, a replay after kill -9 is a duplicate")
def _():
    with daemon() as d:
        noc.equal(post(d, "std", *standard(b"{}", "m1")).status, 202, "new key")
        noc.equal(post(d, "std", *standard(b"{}", "m2", b"x" * 24)).status, 202,
                  "old key")
        problem(post(d, "std", *standard(b"{}", "m3", b"y" * 24)), 401)
        problem(post(d, "std", *standard(b"{}", "m4", skew=-400)), 401)
        replay = standard(b"{}", "m5")
        noc.equal(post(d, "std", *replay).status, 202, "the first")
        d.kill()
        d.restart()
        answer = post(d, "std", *replay)
        noc.equal((answer.status, answer.json.get("duplicate")), (200, True),
                  "the replay")
        d.stop()
        d.no_line("got thing.done")


@noc.case("GitHub's published vector is accepted, delivery ids count once")
def _():
    with daemon() as d:
        headers = {
            "X-Hub-Signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37"
            "570b6d7586c22c46f4379c8b043e17",
            "X-GitHub-Delivery": "72d3162e", "Content-Type": "text/plain"}
        noc.equal(post(d, "gh", b"Hello, World!", headers).status, 202, "first")
        noc.equal(post(d, "gh", b"Hello, World!", headers).status, 200, "again")
        d.wait_line("got push.done")


@noc.case("what a 202 was said for is on disk when the daemon dies at once")
def _():
    for _ in range(3):
        d = daemon().start()
        answer = post(d, "std", *standard(b'{"n": 1}', "k1"))
        event = answer.json["id"]
        d.kill()
        noc.check(event in noc.stored(d.state), "event %s is lost" % event)
        d.close()


@noc.case("secrets of headers and files are in no log, line or database")
def _():
    with daemon() as d:
        auth = {"Authorization": "Bearer tok3n"}
        post(d, "alertmanager", '{"alerts": [{"status": "firing", '
             '"fingerprint": "zz"}]}', auth)
        d.wait_line("alert.firing")
        d.stop()
        data = "\n".join(d.out.all + d.err.all).encode()
        for name in os.listdir(d.state):
            path = os.path.join(d.state, name)
            if os.path.isfile(path):
                with open(path, "rb") as f:
                    data += f.read()
        for secret in ("tok3n", "s3cret", KEY):
            noc.check(secret.encode() not in data, "%r was kept" % secret)


@noc.case("a post has at most a thousand events")
def _():
    auth = {"Authorization": "Bearer tok3n", "Content-Type": "application/json"}
    with daemon() as d:
        for n, status in ((1000, 202), (1001, 400)):
            body = json.dumps({"alerts": [{"status": "quiet"}] * n})
            noc.equal(post(d, "alertmanager", body, auth).status, status,
                      "%d events" % n)


def on_disk(d):
    """Bytes of the database once its log is part of it."""
    d.stop()
    return sum(os.path.getsize(os.path.join(d.state, name))
               for name in os.listdir(d.state)
               if name.startswith("nocturne.db"))


@noc.case("a post of a thousand alerts does not say its headers a thousand times")
def _():
    # Each header byte is three on disk, and each alert would say all of them.
    loud = {"X-Pad-%d" % i: "\x80" * 150 for i in range(90)}
    usual = {"User-Agent": "Alertmanager/0.27", "X-Forwarded-For": "192.0.2.1"}
    alerts = [{"status": "firing", "fingerprint": "f%04d" % i,
               "labels": {"alertname": "HighLoad", "instance": "sw%d" % i}}
              for i in range(1000)]
    body = json.dumps({"alerts": alerts}).encode()
    auth = {"Authorization": "Bearer tok3n", "Content-Type": "application/json"}
    with daemon() as d:
        before = on_disk(d)
        d.restart()
        answer = post(d, "alertmanager", body, {**auth, **loud})
        problem(answer, 413)
        noc.check("more than %d in all: send fewer headers"
                  % (256 * 1024 + 4 * len(body)) in answer.text, answer.text)
        d.wait_log(r"refused=1 .*hook 'alertmanager' would say")
        again = post(d, "alertmanager", body, {**auth, **usual})
        noc.equal(again.status, 202, "status (%s)" % again.text)
        noc.equal(len(again.json["ids"]), 1000, "events")
        grown = on_disk(d) - before
        # An alert costs its event, a decision and a run.
        noc.check(grown < 1000 * 6144, "%d bytes of %d" % (grown, len(body)))


noc.main()
