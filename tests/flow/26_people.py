#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Flows that ask people and wait for the outside: who may decide, by the
command line and by the API, over the socket and over TCP; kill -9 meanwhile."""
import hashlib
import json
import os
import re
import subprocess

import noc

RULES = """
flow "ask" { input = { what = "string" },
  approve "go" { groups = { "netops", "board" }, need = 2,
    show = { what = "{input.what}" }, timeout = "1h",
    withdraw = { on = "change.off", where = { number = "{input.what}" } } },
  log "went on: {input.what}",
}
flow "read" {
  confirm "diff" { groups = "netops", show = "-old\\n+new", timeout = "1h" },
  log "it was read",
}
flow "outside" {
  wait_for "ready" { signal = "ready", timeout = "1h" },
  log "ready: {steps.ready.data.n}",
}
flow "short" {
  approve "go" { timeout = "1s", on_timeout = "approve" }, log "by itself",
}
"""


class World:
    def __init__(self):
        self.d = noc.Daemon(rules=RULES)
        self.tokens = {}

    def __enter__(self):
        self.d.__enter__()
        for name, role, groups in (
                ("ann", "operator", "netops"), ("bob", "approver", "netops"),
                ("dan", "approver", "noc,board"), ("eve", "approver", ""),
                ("vic", "viewer", "netops"), ("root2", "admin", "")):
            answer = self.d.post("/api/v1/tokens", {
                "name": name, "role": role, "groups": groups})
            noc.equal(answer.status, 201, answer.text)
            self.tokens[name] = answer.json["token"]
        return self

    def __exit__(self, *args):
        return self.d.__exit__(*args)

    def head(self, name):
        return {"Authorization": "Bearer " + self.tokens[name]}

    def start(self, flow, **given):
        answer = self.d.post("/api/v1/flows/%s/runs" % flow,
                             {"input": given}, headers=self.head("ann"),
                             unix=False)
        noc.equal(answer.status, 202, answer.text)
        run = answer.json["run_id"]
        noc.wait_for(lambda: self.get(run)["waits"] or flow == "short",
                     "that it waits")
        return run

    def get(self, run):
        return self.d.get("/api/v1/runs/" + run).json

    def ended(self, run, state):
        def look():
            got = self.get(run)
            return got["state"] != "Running" and got
        noc.equal(noc.wait_for(look, "the end of the run")["state"], state,
                  "state")
        noc.equal(self.gates(), [], "gates of a run that ended")

    def gates(self):
        return self.d.get("/api/v1/gates").json["gates"]

    def say(self, name, run, status, text="", **body):
        answer = self.d.post("/api/v1/gates/" + run, body,
                             headers=self.head(name) if name else {},
                             unix=False)
        noc.equal(answer.status, status, "%s: %s" % (name, answer.text))
        noc.check(text in answer.text, answer.text)
        return answer

    def cli(self, name, *args, status=0):
        env = {"NOCTURNE_TOKEN": self.tokens[name]} if name else {}
        said = self.d.cli(*args, env=env)
        noc.check(said.returncode == status or
                  status is None and said.returncode,
                  "%d: %s%s" % (said.returncode, said.stdout, said.stderr))
        return said.stdout + said.stderr

    def words(self):
        """Of people in the journal: (actor, vote, decided)."""
        records = self.d.get("/api/v1/audit?kind=GATE").json["records"]
        return [(r["actor"], r["detail"]["vote"], r["detail"].get("decided"))
                for r in sorted(records, key=lambda r: r["seq"])]

    def verified(self):
        noc.equal(self.d.cli("audit", "verify").returncode, 0, "verified")
        other = subprocess.run(
            [os.path.join(noc.SRCDIR, "script", "audit-verify"),
             os.path.join(self.d.state, "nocturne.db")], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
            timeout=noc.PATIENCE)
        noc.equal(other.returncode, 0, other.stdout)


@noc.case("a person approves: by tokens with groups, over TCP")
def _():
    with World() as w:
        run = w.start("ask", what="CHG1")
        (gate,) = w.gates()
        noc.equal((gate["run"], gate["path"], gate["missing"], gate["votes"],
                   gate["requester"]), (run, "go", 2, [], "token:ann"), "gate")
        path = "/api/v1/gates/" + run
        shown = w.d.get(path).json
        noc.equal(shown["shown"], {"what": "CHG1"}, "shown")
        noc.equal(shown["sha256"], hashlib.sha256(
            b'{"what":"CHG1"}').hexdigest(), "hash of its canonical JSON")
        # Who may not.
        w.say(None, run, 401, decision="approve")
        w.say("vic", run, 403, decision="approve")
        w.say("ann", run, 403, decision="approve")
        w.say("eve", run, 403, "netops or board", decision="approve")
        w.say("bob", run, 403, "admin", decision="approve", force=True)
        w.say("bob", run, 400, "not 'confirm'", decision="confirm")
        w.say("bob", run, 400, "approve or reject", decision="perhaps")
        w.say("bob", "01a22ccc-f943-87d1-a8fe-4096e3b9511f", 404,
              decision="approve")
        w.say("bob", run, 409, decision="approve", path="other")
        w.say("bob", run, 400, decision="approve", groups=["board"])
        w.say("bob", run, 400, decision="approve", who={"admin": True})
        # A link in a mail decides nothing, whatever is in it.
        for query in ("?decision=approve", "?path=go&decision=approve&force=1"):
            got = w.d.get(path + query, headers=w.head("bob"), unix=False)
            noc.check(got.status in (200, 400), got.text)
        noc.equal(w.gates()[0]["votes"], [], "votes")
        noc.equal(w.d.get("/api/v1/status").json["gates"],
                  {"open": 1, "decided": 0}, "status")
        # Two do.
        noc.equal(w.say("bob", run, 200, decision="approve", comment="seen",
                        sha256=shown["sha256"][:12]).json["missing"], 1,
                  "missing")
        w.say("bob", run, 409, "already", decision="approve")
        said = w.cli(None, "run", "show", run)
        noc.check(re.search(r"^waits +go: approve by netops or board "
                            r"\(2 of them\), 1 missing, until 20", said, re.M),
                  said)
        noc.equal(w.say("dan", run, 200, decision="approve").json["decided"],
                  True, "decided")
        w.ended(run, "Succeeded")
        w.say("eve", run, 404, decision="approve")
        noc.equal(w.words(), [("token:bob", "approve", None),
                              ("token:dan", "approve", "approved")], "GATE")
        metrics = w.d.get("/metrics").text
        for line in ("nocturne_gates_open 0", "nocturne_gates_decided_total 2"):
            noc.check(line in metrics, line)
        w.verified()


@noc.case("a person confirms what they read, with NOCTURNE_TOKEN on the socket")
def _():
    with World() as w:
        run = w.start("read")
        digest = hashlib.sha256(b"-old\n+new").hexdigest()
        said = w.cli("bob", "gate", "show", run)
        noc.check(said.endswith("\n-old\n+new\n") and digest in said, said)
        said = w.cli("bob", "gate")
        noc.check(re.search(r"diff +confirm .* netops +1$", said, re.M), said)
        w.cli("bob", "gate", "approve", run, status=None)
        w.cli("bob", "gate", "confirm", run, status=None)
        said = w.cli("bob", "gate", "confirm", run, "--hash", "0" * 12,
                     status=None)
        noc.check("not what was read" in said, said)
        said = w.cli("eve", "gate", "confirm", run, "--hash", digest, status=None)
        noc.check("decided by netops" in said, said)
        noc.equal(w.cli("bob", "gate", "confirm", run, "--hash", digest[:10],
                        "-m", "as meant"), "confirmed\n", "said")
        w.ended(run, "Succeeded")
        noc.equal(w.words(), [("token:bob", "confirm", "confirmed")], "GATE")
        # Who is root on the socket is in no such group, and may force it.
        run = w.start("read")
        noc.equal(w.cli("bob", "gate", "reject", run, "-m", "no"),
                  "rejected\n", "said")
        w.ended(run, "Failed")
        run = w.start("ask", what="x")
        w.cli("bob", "gate", "approve", run, "--force", status=None)
        noc.equal(w.cli("root2", "gate", "approve", run, "--force"),
                  "approved\n", "said")
        w.ended(run, "Succeeded")
        noc.check('"forced": true' in json.dumps(
            w.d.get("/api/v1/audit?kind=GATE").json), "forced")


@noc.case("kill -9 while people are waited for: no word is lost or counted twice")
def _():
    with World() as w:
        run, other = w.start("ask", what="CHG1"), w.start("outside")
        w.say("bob", run, 200, decision="approve")
        w.d.kill()
        w.d.restart()
        noc.equal([g["missing"] for g in w.gates()], [1], "missing")
        w.say("bob", run, 409, "already", decision="approve")
        signal = "/api/v1/runs/%s/signal/ready" % other
        body = {"data": {"n": 7}, "message": "m1"}
        noc.equal(w.d.post(signal, body).status, 200, "signal")
        got = w.d.get("/api/v1/runs/%s/wait?timeout=20s" % other).json
        noc.equal(got["state"], "Succeeded", "the signal is taken")
        noc.equal(w.d.post(signal, body).status, 404, "of a run that ended")
        w.d.kill()
        w.d.restart()
        w.say("dan", run, 200, decision="approve")
        w.ended(run, "Succeeded")
        noc.equal([x[:2] for x in w.words()], [("token:bob", "approve"),
                                               ("token:dan", "approve")],
                  "GATE")
        w.verified()


@noc.case("what a timeout decides is written down")
def _():
    with World() as w:
        run = w.start("short")
        w.ended(run, "Succeeded")
        noc.equal(w.words(), [("timeout", "approve", "approved")], "GATE")
        w.verified()


@noc.case("doc/writing-flows.md: each block about people is loaded and run")
def _():
    with open(os.path.join(noc.SRCDIR, "doc", "writing-flows.md"),
              encoding="utf-8") as page:
        part = page.read().split("## People and the outside\n")[1]
    lua = re.findall(r"^```lua\n(.*?)^```$", part.split("\n## ")[0],
                     re.M | re.S)
    noc.equal(len(lua), 2, "blocks")
    where = noc.tempdir()
    noc.write(os.path.join(where, "people.lua"), lua[0])
    noc.write(os.path.join(where, "people.test.lua"), lua[1])
    done = noc.nocturne("test", where)
    noc.check(done.returncode == 0 and "1 passed, 0 failed" in done.stdout,
              done.stdout + done.stderr)


@noc.case("a drawing and a dry run say whom it asks, and until when")
def _():
    with noc.Daemon(rules=RULES) as d:
        said = d.cli("run", "start", "ask", "what=x", "--dry-run").stdout
        noc.check("ask netops or board (2 of them) to approve" in said, said)
        drawn = noc.nocturne("flow", "show", "ask", "--rules", d.rules).stdout
        noc.check("netops or board" in drawn and "timeout 1h" in drawn, drawn)


noc.main()
