#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Starting a run over HTTP, and its answer: once by a key, also when killed
in between; waited for as preferred; told to a URL at its end."""
import base64
import hashlib
import hmac
import http.client
import http.server
import json
import re
import threading
import time

import noc

RULES = """
flow "nap" { sleep "5m" }
flow "quick" { input = { device = string { default = "sw1" } },
  output = { said = "{steps.go.stdout}" },
  step "go" { exec { "echo", "hello {input.device}" }, timeout = "50s" } }
hook "in" { auth = bearer "cb", emit = "thing.done" }
rule "thing" { on = "thing.done", run = log "thing {body.n}" }
flow "slow" { step "go" { exec { "sleep", "2" }, timeout = "50s" } }
"""


def daemon(**kw):
    return noc.Daemon(rules=RULES, inventory="name,address,role\nsw1,,x\n",
                      **kw)


KEY = b"a key of thirty-two bytes, yes it"
SECRET = "whsec_" + base64.b64encode(KEY).decode()


def called(**kw):
    return daemon(sets=dict({"http.allow": "127.0.0.0/8"}, **kw),
                  secrets={"cb": SECRET})


def start(d, flow, body=None, key=None, prefer=None, **kw):
    headers = {}
    if key is not None:
        headers["Idempotency-Key"] = key
    if prefer is not None:
        headers["Prefer"] = prefer
    return d.post("/api/v1/flows/%s/runs" % flow, body or {}, headers=headers,
                  **kw)


def runs(d):
    return [r["id"] for r in d.get("/api/v1/runs").json["runs"]]


def replayed(answer):
    return answer.headers.get("Idempotent-Replayed")


# ---- once ----

@noc.case("Idempotency-Key: the same again is the same run, another is 422")
def _():
    with daemon() as d:
        first = start(d, "nap", {"input": {}}, key='"8e03978e-40d5"')
        noc.equal((first.status, replayed(first)), (202, None), "first")
        again = start(d, "nap", b'{ "input" : {},\n "mode":"live"}',
                      key="8e03978e-40d5",)
        noc.equal((again.status, replayed(again), again.json), (
            202, "true", first.json), "again")
        noc.equal(again.headers["Location"], first.headers["Location"],
                  "Location")
        for flow, body in (("nap", {"input": {}, "mode": "observe"}),
                           ("quick", {"input": {}})):
            other = start(d, flow, body, key="8e03978e-40d5")
            noc.equal((other.status, replayed(other)), (422, None), flow)
            noc.check("8e03978e-40d5" in other.json["detail"], other.text)
        noc.equal(runs(d), [first.json["run_id"]], "runs")
        token = d.post("/api/v1/tokens", {"name": "ci",
                                          "role": "operator"}).json["token"]
        mine = d.post("/api/v1/flows/nap/runs", {"input": {}}, unix=False,
                      headers={"Authorization": "Bearer " + token,
                               "Idempotency-Key": "8e03978e-40d5"})
        noc.equal((mine.status, replayed(mine)), (202, None), "a token's own")
        noc.equal(len(runs(d)), 2, "runs")
        text = d.get("/metrics").text
        noc.check(re.search(r"^nocturne_idempotency_keys 2$", text, re.M),
                  "keys")
        noc.check(re.search(r"^nocturne_idempotency_replays_total 1$", text,
                            re.M), "replays")


@noc.case("Idempotency-Key: what it cannot be is 400, and nothing is done")
def _():
    with daemon() as d:
        for key in ("", '""', "a b", "\u00e9".encode().decode("latin-1"),
                    "x" * 256, 'a"b'):
            answer = start(d, "nap", key=key)
            noc.equal(answer.status, 400, "status of %r" % key)
            noc.check("Idempotency-Key" in answer.json["detail"], answer.text)
        noc.equal(start(d, "nap", {"mode": "dry_run"}, key="k").status, 400,
                  "a dry run")
        for path, body in (("tokens", {"name": "a", "role": "viewer"}),
                           ("events", {"specversion": "1.0", "id": "1",
                                       "source": "t", "type": "a.b"})):
            answer = d.post("/api/v1/" + path, body, headers={
                "Idempotency-Key": "k", "Content-Type": "application/json"})
            noc.equal(answer.status, 400, path)
            noc.check("Idempotency-Key is not taken here" in
                      answer.json["detail"], answer.text)
        noc.equal(runs(d), [], "runs")
        noc.equal(d.get("/api/v1/tokens").json["tokens"], [], "tokens")


@noc.case("Idempotency-Key: whatever changes something is done once by it")
def _():
    with daemon() as d:
        body = {"match": {"device": "sw1"}, "for": "1h", "why": "w"}
        answers = [d.post("/api/v1/silences", body,
                          headers={"Idempotency-Key": "k"})
                   for _ in range(3)]
        noc.equal([a.status for a in answers], [201] * 3, "status")
        noc.equal([replayed(a) for a in answers], [None, "true", "true"],
                  "replayed")
        noc.equal(len(d.get("/api/v1/silences").json["silences"]), 1,
                  "silences")
        run = start(d, "nap", key="k")
        noc.equal(run.status, 202, "the key of another verb")
        for want in (None, "true"):
            answer = d.post("/api/v1/runs/%s/cancel" % run.json["run_id"],
                            {"why": "w"}, headers={"Idempotency-Key": "c"})
            noc.equal((answer.status, replayed(answer)), (200, want), "cancel")
        d.cli("run", "start", "quick", "--key", "cli-1")
        one = d.cli("run", "start", "quick", "--key", "cli-1")
        two = d.cli("run", "start", "quick", "--key", "cli-1")
        noc.equal((one.returncode, one.stdout), (0, two.stdout), "run start")
        noc.equal(len(runs(d)), 2, "runs")
        other = d.cli("run", "start", "quick", "device=sw2", "--key", "cli-1")
        noc.check(other.returncode != 0 and "cli-1" in other.stderr,
                  other.stderr)


@noc.case("Idempotency-Key: a hook that signs nothing takes a post once by it")
def _():
    with called() as d:
        def post(n, key=None):
            headers = {"Authorization": "Bearer " + SECRET}
            if key:
                headers["Idempotency-Key"] = key
            return d.post("/hooks/in", {"n": n}, headers=headers).status
        noc.equal([post(1, "a"), post(1, "a"), post(1, "b"), post(1),
                   post(1)], [202, 200, 202, 202, 202], "answers")
        d.kill()
        d.restart()
        noc.equal([post(1, "a"), post(2, "c")], [200, 202], "after the kill")


def is_up(d):
    try:
        return d.get("/readyz").status == 200
    except (OSError, http.client.HTTPException):
        return d.process.poll() is not None


def killed(point, hit):
    """Dies there while a run is being started; then it is asked again."""
    d = daemon()
    with d:
        d.stop()
        d.env["NOCTURNE_CRASH"] = "%s:%d" % (point, hit)
        d.start(ready=False)
        first = None
        noc.wait_for(lambda: is_up(d), "its start")
        try:
            first = start(d, "nap", key="k")
        except (OSError, http.client.HTTPException):
            pass
        if first is not None and d.process.poll() is None:
            return False
        d.wait()
        d.env.pop("NOCTURNE_CRASH")
        d.start()
        again = start(d, "nap", key="k")
        noc.equal(again.status, 202, again.text)
        if first is not None:
            noc.equal(again.json, first.json, "answer")
        noc.equal(runs(d), [again.json["run_id"]], "runs")
        once = start(d, "nap", key="k")
        noc.equal((replayed(once), once.json), ("true", again.json), "again")
        noc.equal(runs(d), [again.json["run_id"]], "runs")
    return True


@noc.case("Idempotency-Key: killed around the commit there is one run")
def _():
    for point in ("writer.before_commit", "writer.after_commit",
                  "writer.before_ack"):
        hit = 1
        while killed(point, hit):
            hit += 1
        noc.check(hit > 2, "%s was passed %d times only" % (point, hit))


# ---- waited for ----

@noc.case("Prefer: wait: the result when it is there in time, else 202")
def _():
    with daemon() as d:
        answer = start(d, "quick", {"input": {"device": "sw7"}},
                       prefer="wait=50", key="k")
        noc.equal((answer.status, answer.headers["Preference-Applied"]),
                  (200, "wait=50"), "quick")
        noc.equal((answer.json["state"], answer.json["json"]["output"]),
                  ("Succeeded", {"said": "hello sw7"}), "result")
        noc.equal(answer.headers["Location"],
                  "/api/v1/runs/" + answer.json["id"], "Location")
        again = start(d, "quick", {"input": {"device": "sw7"}},
                      prefer="wait=50", key="k")
        noc.equal((again.status, replayed(again), again.json["id"]),
                  (200, "true", answer.json["id"]), "again")
        began = time.monotonic()
        late = start(d, "nap", prefer="respond-async, wait=1")
        noc.equal((late.status, late.headers["Preference-Applied"]),
                  (202, "wait=1, respond-async"), "nap")
        noc.check(time.monotonic() - began >= 1, "it did not wait")
        noc.equal(sorted(late.json), ["run_id", "url"], "202")
        now = start(d, "nap", prefer="respond-async")
        noc.equal((now.status, now.headers["Preference-Applied"]),
                  (202, "respond-async"), "asked not to wait")
        now = start(d, "nap", prefer="wait=0")
        noc.equal(now.status, 202, "wait=0")
        most = start(d, "quick", prefer="handling=lenient; x=\",\", "
                     'Wait = "900" ; foo')
        noc.equal((most.status, most.headers["Preference-Applied"]),
                  (200, "wait=55"), "more than it waits")
        plain = start(d, "quick", prefer="return=minimal")
        noc.equal((plain.status, plain.headers.get("Preference-Applied")),
                  (202, None), "what it does not know")
        for bad in ("wait", "wait=", "wait=x", "wait=-1", "wait=1s",
                    "wait=1.5", "wait=9999999999"):
            noc.equal(start(d, "nap", prefer=bad).status, 400, bad)
        noc.equal(len(runs(d)), 6, "runs")


@noc.case("Prefer: wait: of a fork too; who leaves does not stop the run")
def _():
    with daemon() as d:
        run = start(d, "quick", prefer="wait=50").json["id"]
        fork = d.post("/api/v1/runs/%s/fork" % run, {"from": "go"},
                      headers={"Prefer": "wait=50"})
        noc.equal((fork.status, fork.json["state"]), (200, "Succeeded"),
                  fork.text)
        try:
            start(d, "slow", prefer="wait=50", timeout=0.5)
        except OSError:
            pass
        one = noc.wait_for(lambda: [
            r for r in d.get("/api/v1/runs").json["runs"]
            if r["rule"] == "slow" and r["state"] == "Succeeded"], "its end")
        noc.equal(len(one), 1, "runs")


# ---- told to a URL ----


class Receiver:
    """Takes posts; answers says what each of them is answered."""

    def __init__(self, *answers, port=0):
        outer = self
        self.posts, self.answers = [], list(answers)

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = outer.answers.pop(0) if outer.answers else 204
                outer.posts.append((self.path, dict(self.headers), body))
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", outer.url + "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port),
                                                      Handler)
        self.url = "http://127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever,
                         daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def signed(headers, body):
    said = "%s.%s." % (headers["webhook-id"], headers["webhook-timestamp"])
    mac = hmac.new(KEY, said.encode() + body, hashlib.sha256).digest()
    return headers["webhook-signature"] == "v1," + base64.b64encode(
        mac).decode()


def deliveries(d, run=None):
    return d.get("/api/v1/deliveries" + ("?run=" + run if run else "")
                 ).json["deliveries"]


def is_over(d, run):
    rows = deliveries(d, run)
    return [r for r in rows if r["state"] in ("delivered", "dead")]


@noc.case("callback_url: the end is posted, signed, and again until it is taken")
def _():
    with called() as d, Receiver(500) as to:
        run = start(d, "quick", {"callback_url": to.url + "/end?of=it",
                                 "callback_secret": "cb"}).json["run_id"]
        row = noc.wait_for(lambda: is_over(d, run), "its delivery")[0]
        noc.equal((row["state"], row["attempts"], row["run"], row["url"]),
                  ("delivered", 2, run, to.url + "/end?of=it"), "delivery")
        noc.equal(len(to.posts), 2, "posts")
        ids = {headers["webhook-id"] for _, headers, _ in to.posts}
        noc.equal(ids, {row["id"]}, "webhook-id")
        for path, headers, body in to.posts:
            noc.equal(path, "/end?of=it", "path")
            noc.check(signed(headers, body), "its signature")
            said = json.loads(body)
            noc.equal((said["type"], said["data"]["run_id"],
                       said["data"]["state"], said["data"]["output"]),
                      ("run.ended", run, "Succeeded", {"said": "hello sw1"}),
                      "body")
        shown = d.cli("run", "show", run).stdout
        noc.check(re.search(r"^callback +\S+/end\?of=it delivered, tried 2 "
                            r"times", shown, re.M), shown)
        noc.equal(deliveries(d, "00000000-0000-0000-0000-000000000000"), [],
                  "of another run")
        one = d.cli("run", "start", "quick", "--callback", to.url,
                    "--callback-secret", "cb")
        noc.equal(one.returncode, 0, one.stderr)
        noc.wait_for(lambda: is_over(d, one.stdout.strip()), "its delivery")


@noc.case("callback_url: 410, a redirect and an address denied are dead letters")
def _():
    with called() as d, Receiver(410, 302) as to:
        for text in ("410", "302"):
            run = start(d, "quick", {"callback_url": to.url}).json["run_id"]
            row = noc.wait_for(lambda r=run: is_over(d, r), "its delivery")[0]
            noc.equal((row["state"], row["attempts"]), ("dead", 1), text)
            noc.check(text in row["error"], row["error"])
            d.wait_line("run %s could not tell " % run)
        noc.equal(len(to.posts), 2, "posts: no redirect is followed")
        noc.check("webhook-signature" not in to.posts[0][1], "without secret")
        text = d.get("/metrics").text
        noc.check(re.search(r"^nocturne_callbacks_dead_total 2$", text, re.M),
                  "metric")
    with called(**{"http.allow": "192.0.2.1"}) as d, Receiver() as to:
        run = start(d, "quick", {"callback_url": to.url}, prefer="wait=50")
        noc.equal((run.status, run.json["state"]), (200, "Succeeded"), "run")
        row = noc.wait_for(lambda: is_over(d, run.json["id"]),
                           "its delivery")[0]
        noc.equal(row["state"], "dead", "an address that is not named")
        noc.check("http.allow" in row["error"], row["error"])
        noc.equal(to.posts, [], "posts")
        for body, text in (
                ({"callback_url": "ftp://x/"}, "http"),
                ({"callback_url": "http://a:b@x/"}, "password"),
                ({"callback_url": 7}, "callback_url"),
                ({"callback_secret": "cb"}, "callback_url"),
                ({"callback_url": "http://x/", "callback_secret": "no"},
                 "callback_secret")):
            answer = start(d, "quick", body)
            noc.equal(answer.status, 400, str(body))
            noc.check(text in answer.json["detail"], answer.text)


@noc.case("callback_url: killed before it was taken it is posted after")
def _():
    with called() as d:
        with Receiver() as to:
            gone = to.url
        run = start(d, "quick", {"callback_url": gone}).json["run_id"]
        noc.wait_for(lambda: [r for r in deliveries(d, run)
                              if r["state"] == "waiting"], "a failed attempt")
        d.kill()
        d.restart()
        with Receiver(port=int(gone.rsplit(":", 1)[1])) as to:
            row = noc.wait_for(lambda: is_over(d, run), "its delivery")[0]
            noc.equal(row["state"], "delivered", "state")
            noc.equal(json.loads(to.posts[-1][2])["data"]["run_id"], run,
                      "run")


noc.main()
