#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Actions against real programs and servers: what reaches them, what their
answers mean, where they may not go.  doc/actions.md promises it."""
import http.server
import json
import os
import socketserver
import threading

import noc

RULES = """
channel "post" { mail { to = "noc@example.net", from = "n@example.org",
  server = "smtp://127.0.0.1:%(smtp)d" } }
channel "web" { http.post { url = "%(web)s/hook", json = { text = "{text}" } },
  fallback = "plain" }
channel "plain" { syslog { to = "127.0.0.1:%(sink)d" } }
flow "echo" { input = { text = "any" },
  step "out" { exec { "/usr/bin/printf", "%%s|%%s|", "{input.text}", "end",
    format = "text", mutates = false, stdin = "none" }, timeout = "50s" } }
flow "stdin" { input = { text = "any" },
  step "out" { exec { "/bin/cat", format = "json", mutates = false,
    stdin = { text = "{input.text}" } }, timeout = "50s" } }
flow "context" {
  step "out" { exec { "/usr/bin/env", mutates = false,
    env = { COLOUR = "blue" } }, timeout = "50s" },
  step "in" { exec { "/bin/cat", mutates = false }, timeout = "50s" } }
flow "exits" { input = { code = "number", class = "string" },
  step "out" { exec { "/bin/sh", "-c", "exit {input.code}", mutates = false,
    exit = { [3] = "transient", ["4"] = "dependency_degraded" } },
    timeout = "50s",
    retry = { attempts = 2, initial = "10ms" } } }
flow "slow" { step "out" { exec { "/bin/sh", "-c",
    "trap '' TERM; sleep 300 & sleep 300", mutates = false }, timeout = "1s",
    retry = { attempts = 1 } } }
flow "unsure" { step "out" { exec { "/bin/sh", "-c", "kill -9 $$" },
    timeout = "50s" } }
flow "web" { input = { path = "string" },
  step "out" { http.post { url = "%(web)s{input.path:raw}",
      auth = secret "token", json = { a = "{input.path}" } },
    timeout = "50s", retry = { attempts = 3, initial = "10ms" },
    output = { id = "body.deep.id" } } }
flow "said" { input = { path = "string" },
  step "out" { http.post { url = "%(web)s{input.path:raw}", json = {},
      ok = { "200-299", 404 },
      status = { [404] = "transient", ["500"] = "permanent",
        [202] = "transient", [503] = "dependency_degraded" } },
    timeout = "50s", retry = { attempts = 3, initial = "10ms" } } }
flow "put" { step "out" { http.put { url = "%(web)s/lost", json = { a = 1 },
      idempotent = false },
    timeout = "50s", retry = { attempts = 3, initial = "10ms" } } }
flow "get" { input = { url = "string" },
  step "out" { http.get { url = "{input.url:raw}" }, timeout = "3s",
    retry = { attempts = 1 } } }
rule "mail" { on = "test.mail", run = notify "post" { "{summary}" } }
rule "web" { on = "test.web", run = notify "web" { "{summary}" } }
"""


class Web(http.server.BaseHTTPRequestHandler):
    seen = []
    flaky = 0

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        Web.seen.append((self.path, dict(self.headers), body))
        if self.path == "/lost":
            self.connection.close()
            return
        status = int(self.path.strip("/") or 200) \
            if self.path.strip("/").isdigit() else 200
        if self.path == "/flaky":
            Web.flaky += 1
            status = 429 if Web.flaky < 3 else 201
        if self.path == "/hook":
            status = 404
        answer = json.dumps({"deep": {"id": "T-7"}}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        if status == 302:
            self.send_header("Location", "/200")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_PUT = do_POST

    def log_message(self, *args):
        pass


class Smtp(socketserver.StreamRequestHandler):
    mails = []

    def handle(self):
        def say(text):
            self.wfile.write(text.encode() + b"\r\n")

        say("220 sink")
        while line := self.rfile.readline():
            word = line.split()[0].upper() if line.split() else b""
            if word == b"DATA":
                say("354 go on")
                text = b""
                while (line := self.rfile.readline()) not in (b".\r\n", b""):
                    text += line
                Smtp.mails.append(text)
                say("250 ok")
            elif word == b"QUIT":
                say("221 bye")
                return
            else:
                say("250 ok")


class Servers:
    def __init__(self):
        self.web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Web)
        self.smtp = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Smtp)
        self.smtp.daemon_threads = True
        for server in (self.web, self.smtp):
            threading.Thread(target=server.serve_forever,
                             daemon=True).start()

    def names(self):
        return {"web": "http://127.0.0.1:%d" % self.web.server_address[1],
                "smtp": self.smtp.server_address[1],
                "sink": noc.free_port()}


SERVERS = Servers()


def daemon(allow="127.0.0.0/8", **kw):
    Web.seen.clear()
    Smtp.mails.clear()
    Web.flaky = 0
    names = SERVERS.names()
    d = noc.Daemon(rules=RULES % names, secrets={"token": "t0p"},
                   sets={"http.allow": allow}, **kw)
    d.names = names
    return d


def start(d, flow, **values):
    answer = d.post("/api/v1/flows/%s/runs" % flow, {"input": values}
                    if values else {})
    noc.equal(answer.status, 202, "start of %s (%s)" % (flow, answer.text))
    return answer.json["run_id"]


def run(d, flow, **values):
    """Starts a flow; the run at its end."""
    return ended(d, start(d, flow, **values))


def ended(d, run_id):
    def look():
        r = d.get("/api/v1/runs/%s/wait?timeout=20s" % run_id).json
        return r["state"] != "Running" and r
    return noc.wait_for(look, "the end of run " + run_id)


def step(r, name="out"):
    found = [s for s in r["steps"] if s["path"] == name]
    noc.check(found, "no step %s in %r" % (name, r))
    return found[-1]


def detail(s):
    return s["json"] if isinstance(s.get("json"), dict) else s


def hostile():
    path = os.path.join(noc.SRCDIR, "tests", "data", "hostile", "blns.json")
    with open(path, encoding="utf-8") as f:
        data = json.load(f)
    texts = data if isinstance(data, list) else data["strings"]
    texts = [t if isinstance(t, str) else t.get("text", "") for t in texts]
    return [t for t in texts if "\0" not in t] + [
        "$(id)", "`id`", "; id", "a\nb\n", "'\"", "{device}", "{{x}}", "%s%n",
        "-rf", "--help", "\x1b[31m", "é\u202e"]


@noc.case("exec: every hostile string is one argument, byte for byte")
def _():
    with daemon() as d:
        runs = [(text, start(d, "echo", text=text)) for text in hostile()]
        for text, run_id in runs:
            r = ended(d, run_id)
            out = detail(step(r)).get("output") or {}
            noc.equal(r["state"], "Succeeded", "state for %r" % text)
            noc.equal(out.get("stdout"), text + "|end|", "argument")


@noc.case("exec: JSON on standard input gives the same back")
def _():
    with daemon() as d:
        for text in hostile()[::8]:
            r = run(d, "stdin", text=text)
            out = detail(step(r)).get("output") or {}
            noc.equal((out.get("json") or {}).get("text"), text, "stdin")


@noc.case("exec: a small environment, and the run on standard input")
def _():
    with daemon(env={"LEAK": "secret-of-the-daemon"}) as d:
        r = run(d, "context")
        env = detail(step(r))["output"]["stdout"]
        noc.check("COLOUR=blue" in env, env)
        noc.check("NOCTURNE_TOKEN=" in env, env)
        noc.check("NOCTURNE_ATTEMPT=1\n" in env, env)
        noc.check("LEAK" not in env, env)
        said = detail(step(r, "in"))["output"]["json"]
        noc.equal(said["run"]["id"], r["id"], "run on standard input")


@noc.case("exec: exit codes are classes")
def _():
    with daemon() as d:
        for code, cls, tries in ((1, "permanent", 1), (75, "transient", 2),
                                 (69, "dependency_unavailable", 1),
                                 (3, "transient", 2),
                                 (4, "dependency_degraded", 1)):
            r = run(d, "exits", code=code, **{"class": cls})
            s = step(r)
            noc.equal(r["state"], "Failed", "state for %d" % code)
            noc.equal(detail(s)["error"]["class"], cls, "class of %d" % code)
            noc.equal(s["attempt"], tries, "attempts at %d" % code)
            d.post("/api/v1/breakers/reset", {"action": "exec",
                   "target": "/bin/sh", "why": "test"})


@noc.case("exec: at its deadline the whole group is killed")
def _():
    with daemon() as d:
        r = run(d, "slow")
        noc.equal(detail(step(r))["error"]["class"], "timeout", "class")
        # A killed process is gone when it has been scheduled once more.
        noc.wait_for(lambda: not [
            p for p in os.listdir("/proc") if p.isdigit()
            and cmdline(p) == "sleep 300" and child_of(p, d)],
            "the end of its children")


def cmdline(pid):
    try:
        with open("/proc/%s/cmdline" % pid, "rb") as f:
            return f.read().rstrip(b"\0").replace(b"\0", b" ").decode()
    except OSError:
        return ""


def child_of(pid, d):
    """Started in the daemon's directory: nobody else does."""
    try:
        return os.readlink("/proc/%s/cwd" % pid) == d.dir
    except OSError:
        return False


@noc.case("exec: ended by a signal is in doubt, and a person decides")
def _():
    with daemon() as d:
        answer = d.post("/api/v1/flows/unsure/runs", {})
        run_id = answer.json["run_id"]
        noc.wait_for(lambda: d.get("/api/v1/runs/" + run_id).json["phase"]
                     == "blocked", what="blocked")
        d.wait_line("may or may not have happened")
        d.post("/api/v1/runs/%s/signal/done" % run_id, {"why": "I looked"})
        r = ended(d, run_id)
        noc.equal(r["state"], "Succeeded", "state")


@noc.case("http: status codes are classes; a name in the answer is taken")
def _():
    with daemon() as d:
        r = run(d, "web", path="/201")
        noc.equal(detail(step(r))["output"]["id"], "T-7", "output")
        headers = {k.lower(): v for k, v in Web.seen[0][1].items()}
        noc.equal(headers["authorization"], "Bearer t0p", "token")
        noc.equal(json.loads(Web.seen[0][2]), {"a": "/201"}, "body")
        for code, cls, tries in ((400, "permanent", 1), (302, "permanent", 1),
                                 (401, "permanent", 1), (403, "permanent", 1),
                                 (503, "dependency_unavailable", 1),
                                 (500, "transient", 3)):
            Web.seen.clear()
            r = run(d, "web", path="/%d" % code)
            noc.equal(detail(step(r))["error"]["class"], cls,
                      "class of %d" % code)
            noc.equal(len(Web.seen), tries, "requests at %d" % code)
            d.post("/api/v1/breakers/reset", {"action": "http", "why": "test",
                   "target": d.names["web"].split("//")[1]})


@noc.case("http: the flow says which status is what, before the defaults")
def _():
    with daemon() as d:
        for code, cls, tries in ((404, "transient", 3), (202, "transient", 3),
                                 (500, "permanent", 1), (410, "permanent", 1),
                                 (503, "dependency_degraded", 1)):
            Web.seen.clear()
            r = run(d, "said", path="/%d" % code)
            error = detail(step(r))["error"]
            noc.equal((error["class"], error["block"], error["code"]),
                      (cls, "http", str(code)), "error of %d" % code)
            noc.equal(len(Web.seen), tries, "requests at %d" % code)
            d.post("/api/v1/breakers/reset", {"action": "http", "why": "test",
                   "target": d.names["web"].split("//")[1]})
        noc.equal(run(d, "said", path="/201")["state"], "Succeeded", "201")


@noc.case("http: 429 twice, then it works")
def _():
    with daemon() as d:
        r = run(d, "web", path="/flaky")
        noc.equal((r["state"], len(Web.seen)), ("Succeeded", 3), "result")


@noc.case("http: sent and not answered is in doubt, not sent again")
def _():
    for flow, given in (("web", {"path": "/lost"}), ("put", {})):
        with daemon() as d:
            answer = d.post("/api/v1/flows/%s/runs" % flow, {"input": given})
            run_id = answer.json["run_id"]
            noc.wait_for(lambda: d.get("/api/v1/runs/" + run_id).json["phase"]
                         == "blocked", what="blocked")
            noc.equal(len(Web.seen), 1, "requests of " + flow)


@noc.case("http: loopback and link-local are denied unless allowed")
def _():
    with daemon(allow="192.0.2.0/24") as d:
        port = d.names["web"].rsplit(":", 1)[1]
        for host in ("127.0.0.1", "localhost", "127.1", "0.0.0.0", "[::1]",
                     "[::ffff:127.0.0.1]", "0x7f000001", "2130706433",
                     "169.254.169.254", "[fe80::1]", "017700000001"):
            r = run(d, "get", url="http://%s:%s/" % (host, port))
            noc.equal(r["state"], "Failed", "state for " + host)
        for url in ("file:///etc/passwd", "gopher://127.0.0.1:%s/" % port,
                    "dict://127.0.0.1:%s/" % port, "ftp://127.0.0.1/"):
            r = run(d, "get", url=url)
            noc.equal(detail(step(r))["error"]["class"], "permanent", url)
        noc.equal(Web.seen, [], "what reached the server")


@noc.case("notices: mail by SMTP, a way that fails falls back")
def _():
    with daemon() as d:
        d.cli("emit", "test.mail", "device=sw1", "summary=łącze padło")
        noc.wait_for(lambda: Smtp.mails, what="mail")
        noc.check(b"To: noc@example.net" in Smtp.mails[0], Smtp.mails[0])
        d.cli("emit", "test.web", "device=sw1", "summary=hello")
        noc.wait_for(lambda: Web.seen, what="post")
        noc.wait_for(lambda: any(
            "notify:plain" in json.dumps(r) for r in
            d.get("/api/v1/audit?limit=100").json["records"]),
            what="the fallback")


noc.main()
