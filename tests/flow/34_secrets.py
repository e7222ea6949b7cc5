#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What lets somebody in: twenty of them go through the daemon, and none is in
its database, its files, its answers or its lines; and whose files it obeys."""
import hashlib
import hmac
import http.server
import json
import os
import threading

import noc

RULES = """
hook "am" { auth = bearer "c01", emit = "alert.seen" }
hook "sum" { auth = hmac { "sha256", "X-Digest", secret = "c02" },
  emit = "sum.seen" }
rule "alert" { on = "alert.seen", mode = "active", run = flow {
  step "post" { http.post { url = "%(web)s/in?access_token={header.user-agent}",
    header = { ["X-Api-Key"] = "{header.x-plain}", ["X-Vault"] = secret "c03",
      ["X-Plain"] = "{header.x-api-key}" },
    query = { sig = "{header.x-plain}" }, auth = secret "c04",
    json = { text = "x" } }, timeout = "20s", retry = { attempts = 1 } },
  step "basic" { http.get { url = secret "c05", auth = basic "c06" },
    timeout = "20s", retry = { attempts = 1 } } } }
rule "sum" { on = "sum.seen", mode = "observe", run = flow {
  step "post" { http.post {
    url = "%(web)s/no?password={header.user-agent}",
    auth = hmac { "sha256", "X-Sig", secret = "c07" } },
    timeout = "20s" } } }
channel "noc" { http.post { url = secret "c05", auth = secret "c04" } }
"""
CONFIG = """return {
  ["traps.communities"] = { "canary-11", "public" },
  credentials = { default = { version = "2c", community = "canary-12",
      write_community = "canary-13" },
    v3 = { version = "3", user = "u", auth = "SHA",
      auth_pass = "canary-14-long", priv = "AES", priv_pass = secret "c15" } },
  ["snmp.users"] = { noc = { auth = "SHA", auth_pass = secret "c16",
    priv = "AES", priv_pass = "canary-17-long" } },
  secrets = { conf = "canary-18" },
  ["http.allow"] = { "127.0.0.0/8" },
}
"""


def canary(n):
    return "canary-%02d-long" % n


class Web(http.server.BaseHTTPRequestHandler):
    seen = []

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        Web.seen.append((self.path, dict(self.headers)))
        self.send_response(403 if self.path.startswith("/in") else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST

    def log_message(self, *args):
        pass


def hook_headers():
    """As many ways as senders have: what hooks read, and what others say."""
    return {"Authorization": "Bearer " + canary(1),
            "Cookie": "session=" + canary(21),
            "X-Api-Key": canary(22), "Api-Key": canary(23),
            "X-Auth-Token": canary(24), "X-Gitlab-Token": canary(25),
            "X-Vault-Token": canary(26), "X-Hub-Signature-256": canary(27),
            "Proxy-Authorization": "Basic " + canary(28),
            "X-Client-Secret": canary(29), "X-Access-Password": canary(30),
            "X-Plain": "plain", "User-Agent": "agent-31"}


def everything(d):
    """What anybody could read of it afterwards."""
    paths = ["/api/v1/" + p for p in
             ("events?limit=100", "runs?limit=100", "audit?limit=500",
              "rules", "sources", "flows", "flows/alert", "flows/sum?format=svg",
              "status", "tokens", "breakers")]
    said = {path: d.get(path).body for path in (*paths, "/metrics")}
    for kind in ("runs", "events"):
        for row in json.loads(said["/api/v1/%s?limit=100" % kind])[kind]:
            said[row["id"]] = d.get("/api/v1/%s/%s" % (kind, row["id"])).body
            said["explain " + row["id"]] = d.cli("explain",
                                                 row["id"]).stdout.encode()
    for verb in (("events",), ("runs",), ("audit", "list"), ("status",),
                 ("events", "--json")):
        r = d.cli(*verb)
        said[" ".join(verb)] = (r.stdout + r.stderr).encode()
    d.stop()
    said["lines"] = "\n".join(d.out.all + d.err.all).encode()
    for place, _, names in os.walk(d.state):
        if place.endswith("secrets"):
            continue
        for name in names:
            path = os.path.join(place, name)
            if os.path.isfile(path):
                with open(path, "rb") as f:
                    said[path] = f.read()
    return said


@noc.case("twenty canaries go through, and none is kept or told")
def _():
    web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Web)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    base = "http://127.0.0.1:%d" % web.server_address[1]
    secrets = {"c%02d" % n: canary(n) for n in (1, 2, 3, 4, 7, 15, 16)}
    secrets["c05"] = "%s/%s?key=%s" % (base, canary(5), canary(8))
    secrets["c06"] = "user:" + canary(6)
    with noc.Daemon(rules=RULES % {"web": base}, secrets=secrets,
                    config=CONFIG) as d:
        noc.equal(d.request("POST", "/hooks/am", '{"a": 1}', hook_headers(),
                            unix=False).status, 202, "a bearer")
        body = b'{"b": 2}'
        noc.equal(d.request(
            "POST", "/hooks/sum?token=" + canary(9), body,
            {"X-Digest": hmac.new(canary(2).encode(), body,
                                  hashlib.sha256).hexdigest(),
             "X-Token": canary(10), "User-Agent": "agent-31"},
            unix=False).status, 202, "a signature")
        for bad in ({"Authorization": "Bearer " + canary(19)}, {}):
            noc.equal(d.request("POST", "/hooks/am", "{}", bad,
                                unix=False).status, 401, "a wrong one")
        noc.wait_for(lambda: len(Web.seen) >= 1, what="the request")
        noc.wait_for(lambda: "answered 403" in
                     d.get("/api/v1/runs?limit=100").text +
                     d.get("/api/v1/audit?limit=500").text, what="its end")
        digest = hmac.new(canary(2).encode(), body, hashlib.sha256).hexdigest()
        said = everything(d)
    path, headers = Web.seen[0]
    # What goes out is whole: the rule meant it.
    noc.check("access_token=agent-31" in path and "sig=plain" in path, path)
    noc.equal((headers["X-Api-Key"], headers["X-Vault"],
               headers["Authorization"], headers["X-Plain"]),
              ("plain", canary(3), "Bearer " + canary(4), "(redacted)"),
              "what was sent")
    for place, data in said.items():
        for n in range(1, 31):
            noc.check(b"canary-%02d" % n not in data,
                      lambda: "canary %d is in %s: %s" % (
                          n, place, data[max(0, data.find(b"canary-%02d" % n)
                                             - 200):][:300]))
        noc.check(digest.encode() not in data, "the digest is in " + place)
        noc.check(b"access_token=agent" not in data and
                  b"password=agent" not in data, "a token is in " + place)
    told = b"".join(said.values())
    noc.check(b'"x-api-key":"(redacted)"' in told and b"agent-31" in told,
              "that it was there is not said")


NOBODY = 65534


def refuses(d, *want):
    d.start(ready=False)
    noc.equal(d.wait(), 4, "exit status")
    said = "\n".join(d.err.all)
    for text in want:
        noc.check(text in said, "no %r in: %s" % (text, said))


@noc.case("what somebody else owns or may write is not obeyed, and it says what to run")
def _():
    noc.root()
    d = noc.Daemon(secrets={"a": "x"})
    tokens = os.path.join(d.state, "tokens")
    for path in (d.state, os.path.join(d.state, "secrets"), tokens):
        if path == tokens:
            noc.write(tokens, "", 0o600)
        os.chown(path, NOBODY, -1)
        refuses(d, path, "user 65534", "chown 0 '%s'" % path)
        os.chown(path, 0, -1)
    os.chmod(d.state, 0o770)
    refuses(d, "Others may write", "chmod go-w '%s'" % d.state)
    os.chmod(d.state, 0o700)
    # A link of theirs, to what is ours.
    os.rename(tokens, tokens + ".real")
    os.symlink(tokens + ".real", tokens)
    os.chown(tokens, NOBODY, -1, follow_symlinks=False)
    refuses(d, tokens, "chown -h 0")
    os.unlink(tokens)
    config = noc.write(os.path.join(d.dir, "c.lua"), "return {}", 0o644)
    d.config = config
    os.chown(config, NOBODY, -1)
    refuses(d, config, "user 65534")
    # As a package lays it out: root's, for the daemon's group to read.
    os.chown(config, 0, NOBODY)
    os.chmod(config, 0o640)
    os.chown(d.state, 0, NOBODY)
    os.chmod(d.state, 0o750)
    with d.start():
        noc.equal(d.get("/readyz").status, 200, "ready")


@noc.case("a file of tokens that somebody else put there lets nobody in")
def _():
    noc.root()
    token = "noct_" + "ab" * 32
    row = json.dumps({"hash": hashlib.sha256(token.encode()).hexdigest(),
                      "name": "evil", "role": "admin", "created_ns": 1,
                      "expires_ns": 1 << 62}) + "\n"
    auth = {"Authorization": "Bearer " + token}
    with noc.Daemon() as d:
        path = noc.write(os.path.join(d.state, "tokens"), row, 0o600)
        os.chown(path, NOBODY, -1)
        answer = d.request("GET", "/api/v1/tokens", headers=auth, unix=False)
        noc.equal(answer.status, 503, "status (%s)" % answer.text)
        d.wait_log("tokens=unusable .*chown 0")
        os.chown(path, 0, -1)
        answer = d.request("GET", "/api/v1/tokens", headers=auth, unix=False)
        noc.equal(answer.status, 200, "root's own (%s)" % answer.text)
        # No byte of it is another now, and nobody is told that it is empty.
        for spoil, mend, want in (
                (lambda: os.chown(path, NOBODY, -1),
                 lambda: os.chown(path, 0, -1), "run chown 0 '%s'" % path),
                (lambda: os.chmod(path, 0o640),
                 lambda: os.chmod(path, 0o600), "run chmod 600 '%s'" % path)):
            spoil()
            answer = d.request("GET", "/api/v1/tokens", headers=auth,
                               unix=False)
            noc.equal(answer.status, 503, "status (%s)" % answer.text)
            said = d.cli("token")
            noc.check(said.returncode and want in said.stderr,
                      "no %r in: %s" % (want, said.stdout + said.stderr))
            mend()
            noc.check("evil" in d.cli("token").stdout, "it is there again")


@noc.case("a secret that somebody else put there opens no hook")
def _():
    noc.root()
    rules = 'hook "h" { auth = bearer "a", emit = "x.y" }'
    with noc.Daemon(rules=rules, secrets={"a": "theirs"}) as d:
        path = os.path.join(d.state, "secrets", "a")
        auth = {"Authorization": "Bearer theirs"}
        os.chown(path, NOBODY, -1)
        answer = d.request("POST", "/hooks/h", "{}", auth, unix=False)
        noc.equal(answer.status, 503, "status (%s)" % answer.text)
        d.wait_log("belongs to user 65534")
        os.chown(path, 0, -1)
        answer = d.request("POST", "/hooks/h", "{}", auth, unix=False)
        noc.equal(answer.status, 202, "root's own (%s)" % answer.text)


noc.main()
