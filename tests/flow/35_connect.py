#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Connectors (rules/lib/connect) against stand-ins with the real APIs' shapes:
the good path of each, and what becomes of an answer that is none."""
import json
import os
import re
import shutil

import noc
from standin.awx import Awx
from standin.itsm import PagerDuty, ServiceNow, Slack
from standin.server import Reply
from standin.sources import GitLab, NetBox, Nautobot, Prometheus

SECRETS = {"awx": "awx-token"}


def daemon(rules, secrets=None, **kw):
    """One with the connectors in its rules."""
    path = noc.tempdir()
    noc.write(os.path.join(path, "test.lua"), rules)
    shutil.copytree(os.path.join(noc.SRCDIR, "rules", "lib", "connect"),
                    os.path.join(path, "lib", "connect"))
    return noc.Daemon(rules=path, secrets=secrets or SECRETS,
                      sets={"http.allow": "127.0.0.0/8"}, **kw)


def run(d, flow, *words, wait=True):
    """Starts a flow; how it ended, and its steps by path."""
    text = d.cli("run", "start", flow, *words).stdout.strip()
    return ended(d, text) if wait else text


def ended(d, text):
    def get():
        return d.get("/api/v1/runs/" + text).json

    def over():
        shown = get()
        return shown["state"] not in ("Pending", "Running") and shown
    shown = noc.wait_for(over, lambda: "the end of %s" % json.dumps(get()))

    shown["by_path"] = {s["path"]: s for s in shown["steps"]}
    return shown


def state(shown, path):
    row = shown["by_path"].get(path)
    return row and row["state"]


def silent(d, *secrets):
    """No secret in what it wrote down or said."""
    d.stop()
    for root, _, files in os.walk(d.state):
        for name in files:
            if os.path.basename(root) == "secrets":
                continue
            with open(os.path.join(root, name), "rb") as f:
                data = f.read()
            for secret in secrets:
                noc.check(secret.encode() not in data,
                          "%s holds a secret" % name)
    noc.check(not any(secret in line for secret in secrets
                      for line in d.out.all + d.err.all),
              "a line holds a secret")


def failed(shown, step, klass, block, message=""):
    noc.equal(shown["state"], "Failed", json.dumps(shown))
    error = shown["by_path"][step]["error"]
    noc.equal((error["class"], error["block"]), (klass, block),
              json.dumps(error))
    noc.check(re.search(message, error["message"]), error["message"])


# ---- AWX ----

AWX = """
local awx = require "lib.connect.awx" { url = "%s/", auth = secret "awx" }
flow "deploy" {
  input = { hosts = "list" },
  awx.job "deploy" { template = "vlan-deploy", targets = "{input.hosts}", vars = { vid = 42 },
    timeout = "30s", every = "100ms" },
  log "{steps.deploy.id} {steps.deploy.status} {steps.deploy.failed}",
}
flow "judge" {
  awx.job "deploy" { template = "vlan-deploy", limit = "sw1,sw2", timeout = "30s", every = "100ms",
    fail_if = { status = "canceled" } },
  log "failed: {steps.deploy.failed}",
}
flow "short" {
  awx.job "deploy" { template = "vlan-deploy", timeout = "1s", every = "100ms" },
}
flow "workflow" {
  awx.workflow "go" { template = "rollout", vars = { vid = 42 } },
  awx.approve "yes" { workflow = "{steps.go.id}", timeout = "30s", every = "100ms" },
  awx.finished "end" { workflow = "{steps.go.id}", timeout = "30s", every = "100ms" },
  log "{steps.end.status}",
}
flow "denied" {
  awx.workflow "go" { template = "rollout" },
  awx.deny "no" { workflow = "{steps.go.id}", timeout = "30s", every = "100ms" },
  awx.finished "end" { workflow = "{steps.go.id}", timeout = "30s", every = "100ms" },
}
flow "back" {
  awx.job "deploy" { template = "vlan-deploy", targets = { "sw1", "sw2" }, timeout = "30s", every = "100ms",
    undo = awx.job "rollback" { template = "vlan-rollback", targets = "{undo.items}",
      vars = { undoes = "{steps.deploy.id}" }, timeout = "30s", every = "100ms" } },
  fail "what comes after it failed",
  on_fail = { undo = "run" },
}
flow "some_back" {
  awx.job "deploy" { template = "vlan-deploy", targets = { "sw1", "sw2", "sw3" }, timeout = "30s", every = "100ms",
    undo = awx.job "rollback" { template = "vlan-rollback", targets = "{undo.items}", timeout = "30s", every = "100ms" } },
  undo "back" { step = "deploy", items = { "sw3" } },
}
flow "called_off" {
  input = { job = "integer" },
  awx.cancel "stop" { job = "{input.job}" },
}
"""
HOSTS = 'hosts=["sw1", "sw2", "sw3", "sw4"]'


@noc.case("awx: launched with a label, polled, a summary of each host")
def _():
    with Awx() as awx, daemon(AWX % awx.url) as d:
        awx.page = 3
        shown = run(d, "deploy", HOSTS)
        noc.equal(shown["state"], "Succeeded", json.dumps(shown))
        noc.equal(len(awx.jobs), 1, "jobs")
        job = awx.jobs[0]
        noc.equal(job["limit"], "sw1, sw2, sw3, sw4", "limit")
        noc.equal(job["extra_vars"], {"vid": 42}, "vars")
        noc.equal(job["labels"], [awx.labels[0]["id"]], "labels")
        noc.check(shown["id"] in awx.labels[0]["name"], awx.labels[0]["name"])
        output = shown["by_path"]["deploy"]["output"]
        noc.equal([h["name"] for h in output["hosts"]],
                  ["sw1", "sw2", "sw3", "sw4"], "hosts")
        noc.equal(output["failed"], [], "failed")
        # A job that is over cannot be cancelled, and that is no failure.
        noc.equal(run(d, "called_off", "job=42")["state"], "Succeeded", "end")
        silent(d, "awx-token")


@noc.case("awx: hosts that failed are named; a flow may judge by itself")
def _():
    with Awx(bad=["sw2"]) as awx, daemon(AWX % awx.url) as d:
        failed(run(d, "deploy", HOSTS), "deploy", "downstream_failed",
               "executor", "job 42 is failed; failed: sw2$")
        shown = run(d, "judge")
        noc.equal(shown["state"], "Succeeded", json.dumps(shown))
        noc.equal(shown["by_path"]["deploy"]["output"]["failed"], ["sw2"],
                  "failed")
        awx.ends = "canceled"
        failed(run(d, "judge"), "deploy", "downstream_failed", "executor",
               "is canceled")


@noc.case("awx: one that does not end in time is cancelled there")
def _():
    with Awx() as awx, daemon(AWX % awx.url) as d:
        awx.polls = 10 ** 6
        failed(run(d, "short"), "deploy", "timeout", "executor",
               "was cancelled")
        noc.equal([j["status"] for j in awx.jobs], ["canceled"], "job")


@noc.case("awx: what the template does not ask for is refused before a launch")
def _():
    with Awx(asks=["labels", "variables"]) as awx, \
            daemon(AWX % awx.url) as d:
        failed(run(d, "deploy", HOSTS), "deploy", "permanent", "executor",
               "does not prompt for limit")
        noc.equal(awx.jobs, [], "jobs")
    with Awx() as awx, daemon(AWX % awx.url, {"awx": "old"}) as d:
        failed(run(d, "deploy", HOSTS), "deploy", "permanent", "executor",
               "401")


@noc.case("awx: a launch in doubt is looked up by its label: one job")
def _():
    with Awx() as awx, daemon(AWX % awx.url) as d:
        for n, kind in enumerate(("acted", "nothing", "half", "html",
                                  "garbage", "429", "503"), 1):
            awx.badly(kind, "POST .*/launch/$")
            if kind in ("acted", "html"):
                awx.badly(kind, "POST .*/labels/$")
            if kind == "503":
                failed(run(d, "deploy", HOSTS), "deploy",
                       "dependency_unavailable", "executor", "503")
                noc.equal(len(awx.jobs), n - 1, kind)
                continue
            shown = run(d, "deploy", HOSTS)
            noc.equal(shown["state"], "Succeeded",
                      kind + json.dumps(shown["by_path"]["deploy"]))
            noc.equal(len(awx.jobs), n, "jobs after " + kind)
            noc.equal(shown["by_path"]["deploy"]["output"]["id"],
                      awx.jobs[-1]["id"], "the job of " + kind)
        noc.equal(len({tuple(j["labels"]) for j in awx.jobs}), len(awx.jobs),
                  "labels")


@noc.case("awx: nobody launches again when the look-up does not tell")
def _():
    with Awx() as awx, daemon(AWX % awx.url) as d:
        awx.badly("acted", "POST .*/launch/$")
        awx.badly("html", "GET .*/jobs/$", 3)
        text = run(d, "deploy", HOSTS, wait=False)
        noc.wait_for(lambda: d.get("/api/v1/runs/" + text).json["phase"] ==
                     "blocked", "the question")
        noc.equal(len(awx.jobs), 1, "jobs")
        d.cli("run", "signal", text, "deploy/launch", "fail")
        failed(ended(d, text), "deploy", "in_doubt", "executor")
        noc.equal(len(awx.jobs), 1, "jobs")


@noc.case("awx: what takes a job back knows what it did")
def _():
    with Awx() as awx, daemon(AWX % awx.url) as d:
        shown = run(d, "back")
        noc.equal(shown["state"], "Failed", json.dumps(shown))
        noc.equal(shown["by_path"]["deploy!undo"]["state"], "Succeeded",
                  json.dumps(shown["by_path"]))
        noc.equal([(j["limit"], j["extra_vars"]) for j in awx.jobs],
                  [("sw1, sw2", {}), ("sw1, sw2", {"undoes": 42})], "jobs")
        shown = run(d, "some_back")
        noc.equal(shown["state"], "Succeeded", json.dumps(shown))
        noc.equal([(j["limit"], j["extra_vars"]) for j in awx.jobs[2:]],
                  [("sw1, sw2, sw3", {}), ("sw3", {})], "jobs")


@noc.case("awx: killed while it launches: one job, and it goes on")
def _():
    with Awx() as awx, daemon(AWX % awx.url) as d:
        awx.badly("late", "POST .*/launch/$")
        text = run(d, "deploy", HOSTS, wait=False)
        noc.wait_for(lambda: awx.jobs, "the launch")
        d.kill()
        d.restart()
        shown = ended(d, text)
        noc.equal(shown["state"], "Succeeded", json.dumps(shown["by_path"]))
        noc.equal(shown["by_path"]["deploy/launch"]["outcome"],
                  "ok: it had happened", "outcome")
        noc.equal(len(awx.jobs), 1, "jobs")


@noc.case("a connector says what it does not take, and what it lacks")
def _():
    head = 'local awx = require "lib.connect.awx" { url = "https://a", ' \
           'auth = secret "a" }\n'
    for text, want in (
            ('awx.job "x" { template = "t", tiemout = "1h", timeout = "1h" }',
             "awx.a.job has no option 'tiemout'; it has template, timeout"),
            ('awx.job "x" { template = "t" }', "awx.a.job needs 'timeout'"),
            ('awx.job "x" { template = "t", timeout = "1h", limit = "a", '
             'targets = { "a" } }', "'targets' is the limit already"),
            ('require "lib.connect.slack" {}', "slack needs 'auth' of a bot"),
            ('require "lib.connect.netbox" { url = "https://n" }',
             "netbox needs 'auth'")):
        path = noc.tempdir()
        noc.write(os.path.join(path, "t.lua"), head + (
            text if text.startswith("require") else
            "flow 'f' { %s }" % text))
        shutil.copytree(os.path.join(noc.SRCDIR, "rules", "lib", "connect"),
                        os.path.join(path, "lib", "connect"))
        done = noc.nocturne("check", path)
        noc.equal(done.returncode, 1, text)
        noc.check(re.search(r"t\.lua:2: .*" + re.escape(want),
                            done.stdout + done.stderr),
                  done.stdout + done.stderr)


@noc.case("awx: what is read badly is read again")
def _():
    with Awx() as awx, daemon(AWX % awx.url) as d:
        for kind in ("html", "garbage", "half", "nothing", "429"):
            for what in ("job_templates/$", r"jobs/\d+/$",
                         "job_host_summaries/$"):
                awx.badly(kind, "GET .*/" + what)
            shown = run(d, "deploy", HOSTS)
            noc.equal(shown["state"], "Succeeded",
                      kind + json.dumps(shown["by_path"]["deploy"]))
        awx.badly("html", "GET .*/job_templates/$", 3)
        failed(run(d, "deploy", HOSTS), "deploy", "transient", "executor",
               "template: count")


@noc.case("awx: a workflow is launched, approved or denied, and waited for")
def _():
    with Awx() as awx, daemon(AWX % awx.url) as d:
        shown = run(d, "workflow")
        noc.equal(shown["state"], "Succeeded", json.dumps(shown))
        noc.equal(awx.approvals[0]["status"], "successful", "approval")
        noc.equal(awx.workflows[0]["extra_vars"], {"vid": 42}, "vars")
        failed(run(d, "denied"), "end", "downstream_failed", "executor",
               "is failed")
        noc.equal(awx.approvals[1]["status"], "failed", "approval")


# ---- ServiceNow ----

SNOW = """
local snow = require "lib.connect.servicenow" { url = "%s", auth = basic "servicenow" }
snow.approved { auth = bearer "servicenow-hook", fields = { vid = "variables.vid" } }
flow "change" {
  snow.create "open" { summary = "VLAN 842", kind = "standard", state = "implement", fields = { risk = "3" } },
  snow.read "look" { ticket = "{steps.open.id}" },
  snow.update "note" { ticket = "{steps.open.id}", notes = "{steps.open.number}: 3 of 3", evidence = "https://noc/{run.id}" },
  snow.attach "diff" { ticket = "{steps.open.id}", name = "diff.txt", text = "+vlan 842" },
  snow.close "shut" { ticket = "{steps.open.id}", code = "successful", notes = "done" },
}
flow "late" { snow.create "open" { summary = "VLAN 842", timeout = "1s" } }
flow "hold" {
  input = { ticket = "string" },
  snow.update "hold" { ticket = "{input.ticket}", state = "on_hold", reason = "the VLAN is not complete" },
}
rule "approved" { on = "change.approved", run = log "{number} by {requester}: VLAN {vid}" }
"""
SNOW_SECRETS = {"servicenow": "noc:snow-secret", "servicenow-hook": "hook-word"}


@noc.case("servicenow: a change is opened, noted, attached to and closed")
def _():
    with ServiceNow() as snow, daemon(SNOW % snow.url, SNOW_SECRETS) as d:
        noc.equal(run(d, "change")["state"], "Succeeded", "end")
        change = snow.changes[0]
        noc.equal([change[k] for k in ("state", "close_code", "close_notes",
                                       "type", "risk")],
                  ["3", "successful", "done", "standard", "3"], "change")
        noc.check("3 of 3\nEvidence: https://noc/" in change["work_notes"],
                  change["work_notes"])
        noc.equal(snow.files, [("diff.txt", b"+vlan 842")], "files")
        noc.equal(run(d, "hold", "ticket=" + change["sys_id"])["state"],
                  "Succeeded", "on hold")
        noc.equal(change["on_hold_reason"], "the VLAN is not complete", "hold")
        failed(run(d, "hold", "ticket=" + "e" * 32), "hold", "permanent",
               "itsm", "404.*No Record found")
        d.post("/hooks/servicenow", json.dumps({
            "number": "CHG0030001", "sys_id": "1", "approval": "approved",
            "requested_by": "joe", "sys_updated_on": "now",
            "variables": {"vid": "842"}}).encode(), headers={
                "Authorization": "Bearer hook-word",
                "Content-Type": "application/json"})
        d.wait_line("log approved: CHG0030001 by joe: VLAN 842")
        silent(d, "snow-secret", "hook-word")


@noc.case("servicenow: one change, whatever becomes of the answer")
def _():
    def cut_off(request):
        raise Reply(200, {"result": [], "error": {
            "message": "Transaction cancelled: maximum execution time "
                       "exceeded"}, "status": "failure"})

    with ServiceNow() as snow, daemon(SNOW % snow.url, SNOW_SECRETS) as d:
        for n, kind in enumerate(("acted", "nothing", "half", "html",
                                  "garbage", "429", cut_off), 1):
            snow.badly(kind, "POST .*/change_request$")
            snow.badly(kind if kind != "acted" else "html",
                       "PATCH .*/change_request/")
            shown = run(d, "change")
            noc.equal(shown["state"], "Succeeded", "%s %s" % (
                kind, json.dumps(shown["by_path"])))
            noc.equal(len(snow.changes), n, "changes after %s" % kind)
        snow.badly("late", "POST .*/change_request$")
        noc.equal(run(d, "late")["state"], "Succeeded", "late")
        n += 1
        noc.equal(len(snow.changes), n, "changes after late")
        # Nobody may look: people are asked, and it is not opened again.
        snow.badly("acted", "POST .*/change_request$")
        snow.badly("html", "GET .*/change_request$", 3)
        text = run(d, "change", wait=False)
        noc.wait_for(lambda: d.get("/api/v1/runs/" + text).json["phase"] ==
                     "blocked", "the question")
        noc.equal(len(snow.changes), n + 1, "changes")


# ---- sources of truth ----

DCIM = """
local sot = require "lib.connect.%s" { url = "%s", auth = secret "sot" }
flow "read" {
  input = { vid = "integer" },
  sot.devices "switches" { role = "access", manufacturer = { "cisco", "arista" } },
  sot.vlan "intent" { vid = "{input.vid}" },
  log "{steps.switches.count}: {steps.intent.prefix} {steps.intent.name} {steps.intent.hash}",
}
flow "set" {
  input = { id = "string" },
  sot.set "mark" { path = "/dcim/devices/{input.id}/", fields = { comments = "seen" } },
}
"""


@noc.case("netbox, nautobot: devices of all pages, a VLAN and what it lacks")
def _():
    for kind, cls in (("netbox", NetBox), ("nautobot", Nautobot)):
        with cls(devices=7) as sot, \
                daemon(DCIM % (kind, sot.url), {"sot": "dcim-token"}) as d:
            sot.most = 3
            for bad in ("html", "429"):
                sot.badly(bad, "GET .*/devices/")
            sot.badly("garbage", "GET .*/prefixes/")
            shown = run(d, "read", "vid=842")
            noc.equal(shown["state"], "Succeeded", json.dumps(shown))
            devices = shown["by_path"]["switches"]["output"]["devices"]
            noc.equal([x["name"] for x in devices],
                      ["b1-sw%d" % i for i in range(1, 8)], "devices")
            noc.equal(devices[0]["address"], "192.0.2.1/24", "address")
            noc.check(devices[0]["vendor"].lower() == "cisco", devices[0])
            noc.equal(shown["by_path"]["intent"]["output"]["prefix"],
                      "10.22.14.0/24", "prefix")
            asked = sot.asked("GET .*/devices/")[-3]
            noc.check("manufacturer=cisco&manufacturer=arista" in
                      asked.target, asked.target)
            failed(run(d, "read", "vid=843"), "intent", "permanent",
                   "source_of_truth", "VLAN 843 has 0 prefixes")
            failed(run(d, "read", "vid=844"), "intent", "permanent",
                   "source_of_truth", "VLAN 844 is there 0 times")
            number = str(sot.devices[0]["id"])
            noc.equal(run(d, "set", "id=" + number)["state"], "Succeeded",
                      "set")
            noc.equal(sot.devices[0]["comments"], "seen", "comments")
            sot.badly("503", "PATCH")
            failed(run(d, "set", "id=" + number), "mark",
                   "dependency_unavailable", "source_of_truth")
            noc.equal(run(d, "set", "id=" + number)["state"], "Succeeded",
                      "set")
            for bad in ("html", "garbage", "html"):
                sot.badly(bad, "GET .*/devices/")
            failed(run(d, "read", "vid=842"), "switches", "transient",
                   "source_of_truth", "no list where.*Sign in")
            silent(d, "dcim-token")


@noc.case("netbox: pages without end are an error, 100 are none")
def _():
    rules = DCIM % ("netbox", "%s") + """
flow "all" { sot.devices "x" { role = "access", retry = { attempts = 1 } } }
"""
    with NetBox(devices=100) as sot, \
            daemon(rules % sot.url, {"sot": "dcim-token"}) as d:
        sot.most = 1
        shown = run(d, "all")
        noc.equal(shown["state"], "Succeeded", json.dumps(shown))
        noc.equal(len(sot.requests), 100, "pages")
        sot.devices.append(sot.device(101))
        failed(run(d, "all"), "x", "transient", "source_of_truth",
               "more than 100 pages")


# ---- Prometheus ----

PROM = """
local prom = require "lib.connect.prometheus" { url = "%s" }
flow "ports" {
  prom.verify "up" { query = 'ports_down{{device="sw1"}}', expect = { value = 0 }, every = "100ms", within = "20s" },
  prom.query "now" { query = 'ports_down{{device="sw1"}}' },
  log "{steps.now.value}",
}
flow "none" { prom.query "x" { query = 'nothing{{device="sw1"}}', retry = { attempts = 1 } } }
flow "wrong" { prom.query "x" { query = "sum(" } }
flow "late" { prom.query "x" { query = 'ports_down{{device="sw1"}}', timeout = "500ms" } }
"""


@noc.case("prometheus: a value, none, a query that is wrong")
def _():
    with Prometheus() as prom, daemon(PROM % prom.url) as d:
        prom.badly("html", "GET").badly("nothing", "GET")
        shown = run(d, "ports")
        noc.equal(shown["state"], "Succeeded", json.dumps(shown))
        noc.equal(shown["by_path"]["now"]["output"]["value"], "0", "value")
        failed(run(d, "none"), "x", "transient", "observability", "value")
        failed(run(d, "wrong"), "x", "permanent", "observability",
               "answered 400")
        prom.badly("late", "GET", 2)
        noc.equal(run(d, "late")["state"], "Succeeded", "late twice")
        noc.equal(run(d, "late")["state"], "Succeeded", "in time")
        prom.badly("late", "GET", 3)
        failed(run(d, "late"), "x", "timeout", "observability")


# ---- GitLab ----

GITLAB = """
local gitlab = require "lib.connect.gitlab" { url = "%s", auth = secret "gitlab" }
flow "change" {
  gitlab.pipeline "validate" { project = "7", ref = "main", variables = { VID = "842" }, timeout = "30s", every = "100ms",
    artifact = { job = "plan", path = "diff.txt" } },
  gitlab.play "deploy" { project = "7", pipeline = "{steps.validate.id}", job = "deploy", timeout = "30s", every = "100ms" },
  log "{steps.validate.artifact}",
}
"""


@noc.case("gitlab: a pipeline, its artefact, a deployment: each once")
def _():
    with GitLab() as gitlab, \
            daemon(GITLAB % gitlab.url, {"gitlab": "glpat-secret"}) as d:
        for n, kind in enumerate((None, "acted", "429"), 1):
            if kind:
                gitlab.badly(kind, "POST .*/pipeline$")
                gitlab.badly(kind, "POST .*/play$")
                gitlab.badly("html", "GET .*/jobs$")
            shown = run(d, "change")
            noc.equal(shown["state"], "Succeeded",
                      "%s %s" % (kind, json.dumps(shown["by_path"])))
            noc.equal(len(gitlab.pipelines), n, "pipelines")
            noc.equal(gitlab.pipelines[-1]["variables"]["VID"], "842", "VID")
            noc.equal(gitlab.jobs[gitlab.pipelines[-1]["id"]][2]["played"], 1,
                      "played")
            noc.equal(shown["by_path"]["validate"]["output"]["artifact"],
                      "+vlan 842\n name app-payments\n", "diff")
        gitlab.ends = "failed"
        failed(run(d, "change"), "validate", "downstream_failed", "ci",
               "pipeline 103 is failed")
        silent(d, "glpat-secret")


@noc.case("gitlab: a pipeline that cannot be found is not started again")
def _():
    with GitLab() as gitlab, \
            daemon(GITLAB % gitlab.url, {"gitlab": "glpat-secret"}) as d:
        gitlab.badly("nothing", "POST .*/pipeline$")
        text = run(d, "change", wait=False)
        noc.wait_for(lambda: d.get("/api/v1/runs/" + text).json["phase"] ==
                     "blocked", "the question")
        noc.equal(gitlab.pipelines, [], "pipelines")
        d.cli("run", "signal", text, "validate/pipeline", "retry")
        noc.equal(ended(d, text)["state"], "Succeeded", "end")
        noc.equal(len(gitlab.pipelines), 1, "pipelines")


# ---- who is told ----

TELL = """
local bot = require "lib.connect.slack" { url = "%s", auth = secret "slack" }
local hooked = require "lib.connect.slack" { url = secret "slack-hook" }
local pd = require "lib.connect.pagerduty" { url = "%s", key = secret "pagerduty" }
flow "tell" {
  bot.post "said" { channel = "#net", text = "VLAN 842 on 3 switches" },
  bot.post "more" { channel = "#net", text = "sw1", thread = "{steps.said.id}" },
  hooked.post "hooked" { text = "the same" },
  pd.trigger "page" { summary = "sw1 is away", source = "sw1", severity = "critical", key = "sw1", details = { run = "{run.id}" } },
  pd.acknowledge "ack" { key = "{steps.page.key}" },
  pd.resolve "over" { key = "sw1" },
}
flow "nowhere" { bot.post "said" { channel = "#none", text = "x" } }
flow "odd" { pd.trigger "page" { summary = "", source = "x", severity = "odd" } }
"""


@noc.case("slack, pagerduty: told, and what they refuse")
def _():
    with Slack() as slack, PagerDuty() as pager:
        rules = TELL % (slack.url, pager.url)
        secrets = {"slack": "xoxb-slack", "pagerduty": "pd-routing-key",
                   "slack-hook": slack.url + "/services/T0/B0/hook-secret"}
        with daemon(rules, secrets) as d:
            for bad in (None, "html", "429", "nothing"):
                if bad:
                    slack.badly(bad, "POST")
                    slack.badly(bad, "POST /services")
                    pager.badly(bad, "POST")
                shown = run(d, "tell")
                noc.equal(shown["state"], "Succeeded",
                          "%s %s" % (bad, json.dumps(shown["by_path"])))
            noc.equal(slack.messages[1]["thread_ts"], "1796040000.000001",
                      "thread")
            noc.equal(sorted({e["event_action"] for e in
                              pager.incidents["sw1"]}),
                      ["acknowledge", "resolve", "trigger"], "events")
            failed(run(d, "nowhere"), "said", "permanent", "chat",
                   "channel_not_found")
            silent(d, "xoxb-slack", "pd-routing-key", "hook-secret")


# ---- programs ----

PROGRAM = """#!/usr/bin/env python3
import json, os, sys
asked = json.load(sys.stdin)
word = asked["do"]
if word == "text":
    print("not JSON")
elif word.isdigit():
    print("it says " + word, file=sys.stderr)
    sys.exit(int(word))
else:
    print(json.dumps({"did": word, "args": sys.argv[1:]}))
"""
SCRIPT = """
local vlan = require "lib.connect.script" { program = "%s", block = "vlan", exit = { [3] = "transient" } }
flow "do" {
  input = { word = "string" },
  vlan.run "it" { args = { "--site", "hq" }, input = { ["do"] = "{input.word}" }, timeout = "10s", retry = { attempts = 1 },
    output = { did = "json.did", site = "json.args[1]" } },
  log "{steps.it.did} at {steps.it.site}",
}
"""


@noc.case("script: JSON in and out, exit codes become classes")
def _():
    path = noc.write(os.path.join(noc.tempdir(), "vlan"), PROGRAM, 0o755)
    with daemon(SCRIPT % path) as d:
        shown = run(d, "do", "word=add")
        noc.equal(shown["state"], "Succeeded", json.dumps(shown))
        noc.equal([shown["by_path"]["it"]["output"][k] for k in
                   ("did", "site")], ["add", "hq"], "output")
        for word, klass in (("1", "permanent"), ("3", "transient"),
                            ("75", "transient"),
                            ("69", "dependency_unavailable"),
                            ("text", "permanent")):
            failed(run(d, "do", "word=" + word), "it", klass, "vlan",
                   "not JSON" if word == "text" else "it says " + word)
            noc.equal(run(d, "do", "word=add")["state"], "Succeeded", "again")


ANSIBLE = """
local ansible = require "lib.connect.ansible" { inventory = "%(dir)s/hosts" }
flow "play" {
  ansible.play "go" { playbook = "%(dir)s/site.yml", vars = { bad = { "h03", "h07", "h11" }, word = "it's {run.id} \\"x\\"" }, timeout = "2m" },
}
flow "judge" {
  input = { hosts = "list" },
  ansible.play "go" { playbook = "%(dir)s/site.yml", targets = "{input.hosts}", vars = { bad = { "h03" }, word = "x" },
    timeout = "2m", fail_if = { failed = gt(3) } },
  log "{steps.go.failed}",
}
flow "wrong" { ansible.check "go" { playbook = "%(dir)s/none.yml", timeout = "2m" } }
"""
PLAYBOOK = """
- hosts: all
  gather_facts: false
  tasks:
    - name: the vlan
      fail:
        msg: "no room on {{ inventory_hostname }}: {{ word }}"
      when: inventory_hostname in bad
    - name: written
      debug:
        msg: done
      changed_when: true
"""


@noc.case("ansible: a real playbook over 20 hosts, 3 fail: each has its result")
def _():
    noc.need("ansible-playbook")
    path = noc.tempdir()
    noc.write(os.path.join(path, "hosts"), "".join(
        "h%02d ansible_connection=local\n" % i for i in range(1, 21)))
    noc.write(os.path.join(path, "site.yml"), PLAYBOOK)
    with daemon(ANSIBLE % {"dir": path}) as d:
        failed(run(d, "play"), "go", "downstream_failed", "executor",
               "3 hosts failed: h03, h07, h11$")
        shown = run(d, "judge", 'hosts=["h01", "h02", "h03"]')
        noc.equal(shown["state"], "Succeeded", json.dumps(shown["by_path"]))
        hosts = {h["name"]: h for h in
                 shown["by_path"]["go"]["output"]["hosts"]}
        noc.equal(sorted(hosts), ["h01", "h02", "h03"], "hosts")
        noc.equal([hosts["h01"][k] for k in ("failed", "ok", "changed")],
                  [False, 1, 1], "h01")
        noc.equal(hosts["h03"]["message"], "the vlan: no room on h03: x",
                  "message")
        failed(run(d, "wrong"), "go", "permanent", "executor", "code [14]")


noc.main()
