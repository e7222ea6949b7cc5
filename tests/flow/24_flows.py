#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Flows seen: listed, drawn as text, SVG, dot and mermaid by the command line
without a daemon, and by the API."""
import json
import os
import re
import shutil
import subprocess
import xml.etree.ElementTree

import noc

RULES = r"""
flow "upgrade" {
  input = { site = "string" },
  timeout = "4h",
  step "sot" { http.get { url = "https://sot.example.net/{input.site}" } },
  each "precheck" {
    over = "{steps.sot.body}", as = "sw", key = "{sw.name}", limit = 100,
    rate = "200/1s", need = "95%",
    parallel {
      step "alive" { snmp.get { up = "sysUpTime.0" }, target = "{sw.name}" },
      step "table" { snmp.walk { v = "ifOperStatus" }, target = "{sw.name}" },
    },
  },
  choose "how" {
    { when = { ["steps.precheck.failed"] = 0 }, notify "noc" { "all" } },
    otherwise = { notify "noc" { "some" } },
  },
  each "deploy" {
    over = "{steps.precheck.ok_items}", as = "sw",
    waves = { "1", "10%", "rest" }, undo = "wave",
    step "push" { exec { "true" }, timeout = "30s", undo = exec { "false" } },
    check = { step "errors" { exec { "true" }, timeout = "5s" } },
  },
  step "call_off" { notify "oncall" { "no" }, after = { deploy = "failed" } },
  step "tidy" { log "<b> & \"]]> \\ `", after = { deploy = "always" } },
  call "fix" { device = "sw1" },
  on_fail = { undo = "run", notify "oncall" { "{error.step}" } },
}
flow "fix" {
  input = { device = "string" },
  step "look" { snmp.get { a = "sysName.0" }, target = "{input.device}" },
}
rule "heal" { on = "link.down", run = flow { step "see" { log "down" } } }
schedule "nightly" { cron = "0 3 * * *", run = flow { step "go" { log "x" } } }
"""
UTF8 = {"LC_ALL": "C.UTF-8"}
PLAIN = {"LC_ALL": "C"}


def tree(text=RULES):
    path = noc.tempdir()
    noc.write(os.path.join(path, "r.lua"), text)
    return path


def flow(*args, env=UTF8, text=RULES):
    return noc.nocturne("flow", *args, "--rules", tree(text), env=env)


def shown(*args, env=UTF8):
    done = flow("show", *args, env=env)
    noc.equal(done.returncode, 0, done.stderr)
    return done.stdout


@noc.case("flow list: named flows, without a daemon; for programs too")
def _():
    done = flow("list")
    noc.equal(done.returncode, 0, done.stderr)
    noc.check(re.search(r"^upgrade +\d+ +true +4h +site +.*r\.lua:\d+$",
                        done.stdout, re.M), done.stdout)
    noc.check(re.search(r"^fix +1 +false ", done.stdout, re.M), done.stdout)
    noc.check("heal" not in done.stdout, done.stdout)
    noc.equal(flow().stdout.split()[:2], ["FLOW", "STEPS"], "no word")
    rows = json.loads(flow("list", "--json").stdout)["flows"]
    noc.equal([r["flow"] for r in rows], ["upgrade", "fix"], "flows")
    noc.equal([r["acting"] for r in rows], [True, False], "acting")
    noc.equal(len(flow("list", "-o", "jsonl").stdout.splitlines()), 2, "lines")
    done = flow("list", text='rule "x" { on = "a.b", run = log "x" }')
    noc.equal((done.returncode, done.stdout), (0, ""), "none")
    noc.check("nocturne flow show RULE" in done.stderr, done.stderr)


@noc.case("flow show: 80 columns of boxes, with what each bounds and undoes")
def _():
    text = shown("upgrade")
    for part in ("┌─ each precheck ─", "limit 100, rate 200/1s, need 95%",
                 "┌─ alive ─", "waves 1, 10%, rest, undo wave",
                 "undo: exec false", "┌─ check, after each wave ─",
                 "after deploy", "(failed)", "(always)",
                 "┌─ otherwise ─", "when steps.precheck.failed = 0",
                 "call fix device=sw1", "input site=string", "timeout 4h",
                 "when it fails: undo what it has done, notify oncall",
                 "push (changes)", "╎", "┊"):
        noc.check(part in text, "no '%s' in\n%s" % (part, text))
    noc.check(max(map(len, text.splitlines())) <= 80, text)
    noc.check("\033" not in text, "colour that nobody can see")
    line = [t for t in text.splitlines() if "┌─ alive" in t]
    noc.check("┌─ table" in line[0], "not side by side: %s" % line)


@noc.case("flow show: plain ASCII where UTF-8 is not said")
def _():
    for env in (PLAIN, {"LC_ALL": "", "LC_CTYPE": "", "LANG": "de_DE"}):
        text = shown("upgrade", env=env)
        noc.check(text.isascii(), text)
        noc.check("+- each precheck -" in text, text)
    text = shown("upgrade", env={"LC_ALL": "", "LC_CTYPE": "de_DE.utf8"})
    noc.check("┌─ each precheck ─" in text, text)


@noc.case("flow show finds what a rule and a schedule run")
def _():
    noc.check("┌─ see ─" in shown("heal"), "no step of the rule")
    noc.check("┌─ go ─" in shown("nightly"), "no step of the schedule")


@noc.case("flow show --format svg: XML, every text in it, nothing that runs")
def _():
    root = xml.etree.ElementTree.fromstring(shown("upgrade", "--format",
                                                  "svg"))
    space = "{http://www.w3.org/2000/svg}"
    noc.equal(root.tag, space + "svg", "root")
    tags = {e.tag for e in root.iter()}
    noc.equal(tags, {space + t for t in ("svg", "title", "rect", "text",
                                         "path")}, "elements")
    texts = [e.text for e in root.iter(space + "text")]
    for want in ("each precheck", "push (changes)", "after deploy (failed)",
                 "undo: exec false"):
        noc.check(want in texts, "no '%s' in %s" % (want, texts))
    noc.check(any('log <b> & "]]> \\' in t for t in texts), texts)
    known = {"xmlns", "width", "height", "viewBox", "font-family",
             "font-size", "font-weight", "x", "y", "rx", "d", "fill",
             "stroke", "stroke-dasharray"}
    for e in root.iter():
        noc.check(set(e.attrib) <= known, e.attrib)
    _, _, w, h = map(int, root.get("viewBox").split())
    for e in root.iter(space + "rect"):
        if e.get("x"):
            noc.check(0 <= int(e.get("x")) and int(e.get("x")) +
                      int(e.get("width")) <= w, e.attrib)
            noc.check(0 <= int(e.get("y")) and int(e.get("y")) +
                      int(e.get("height")) <= h, e.attrib)


STRING = r'"(?:[^"\\\n]|\\.)*"'
VALUE = rf"(?:{STRING}|\w+)"
LIST = rf"\[\w+={VALUE}(?:, \w+={VALUE})*\]"
DOT = [rf"digraph {STRING} \{{", r"compound=true;", rf"\w+=(?:{VALUE});",
       rf"(?:node|graph|edge) {LIST};", rf"n\d+ {LIST};",
       rf"n\d+ -> n\d+ {LIST};", r"subgraph cluster_\d+ \{", r"\}"]


@noc.case("flow show --format dot: what Graphviz reads")
def _():
    text = shown("upgrade", "--format", "dot")
    if shutil.which("dot"):
        done = subprocess.run(["dot", "-Tsvg"], input=text, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              check=False)
        noc.equal((done.returncode, done.stderr), (0, ""), "dot")
    depth = 0
    for line in text.splitlines():
        noc.check(any(re.fullmatch(p, line) for p in DOT), line)
        depth += line.endswith("{")
        depth -= line == "}"
        noc.check(depth > 0 or line == "}", "after the end: " + line)
    noc.equal(depth, 0, "open braces")
    noc.check(re.search(r'-> n\d+ \[ltail=cluster_\d+, style=dashed, color='
                        r'"#cf222e", label="failed"\];', text), text)


MERMAID = [r"flowchart TD", r"direction TB", r"end", r"n\d+ --> n\d+",
           r"n\d+ -\.->\|[a-z ]+\| n\d+", r'(?:subgraph )?n\d+\["[^"<>]*'
           r'(?:<br/>[^"<>]*)*"\]']


@noc.case("flow show --format mermaid: a flowchart")
def _():
    lines = shown("upgrade", "--format", "mermaid").splitlines()
    noc.equal(lines[0], "flowchart TD", "first line")
    depth = 0
    for line in lines:
        noc.check(any(re.fullmatch(p, line) for p in MERMAID), line)
        depth += line.startswith("subgraph")
        depth -= line == "end"
        noc.check(depth >= 0, "an end too many")
    noc.equal(depth, 0, "open subgraphs")
    noc.check(any("-.->|failed|" in line for line in lines), lines)


@noc.case("flow show --json: nodes, what holds them, edges, places")
def _():
    graph = json.loads(shown("upgrade", "--json"))
    nodes = {n["name"]: n for n in graph["nodes"] if n["name"]}
    noc.equal([n["index"] for n in graph["nodes"]],
              list(range(len(graph["nodes"]))), "index")
    noc.equal(nodes["alive"]["y"], nodes["table"]["y"], "side by side")
    noc.equal(nodes["alive"]["row"], 0, "row")
    noc.equal(nodes["precheck"]["layer"], 1, "layer")
    noc.equal(nodes["deploy"]["waves"], ["1", "10%", "rest"], "waves")
    noc.equal(nodes["precheck"]["need"], "95%", "need")
    noc.equal(nodes["precheck"]["limit"], 100, "limit")
    noc.equal(nodes["look"]["up"], nodes["fix"]["index"], "what holds it")
    noc.equal(nodes["push"]["undo"], True, "undo")
    noc.check({"from": nodes["deploy"]["index"],
               "to": nodes["call_off"]["index"], "on": "failed"}
              in graph["edges"], graph["edges"])
    noc.check(re.fullmatch("[0-9a-f]{64}", graph["hash"]), graph["hash"])


@noc.case("flow: what is wrong, and what was meant")
def _():
    for args, status, said in (
            (("show", "upgrad"), 3, "there is no flow 'upgrad' in these rules;"
             " did you mean 'upgrade'?"),
            (("show", "nightl"), 3, "did you mean 'nightly'?"),
            (("show", "zzz\033[2J"), 3, r"no flow 'zzz\x1b[2J' in these rules;"
             " 'nocturne flow list' shows them."),
            (("show",), 2, "'flow show' needs more arguments"),
            (("show", "fix", "x"), 2, "takes no argument 'x'"),
            (("show", "fix", "--format", "svgg"), 2,
             "not 'svgg'; did you mean 'svg'?"),
            (("show", "fix", "--format", "svg", "--json"), 2,
             "exclude one another"),
            (("shwo", "fix"), 2, "did you mean 'show'?")):
        done = flow(*args)
        noc.equal((done.returncode, done.stdout), (status, ""), args)
        noc.check(said in done.stderr, done.stderr)
    done = flow("show", "fix", text="flow 'fix' { 1 }")
    noc.equal((done.returncode, done.stdout), (1, ""), "broken rules")
    noc.check("r.lua:1" in done.stderr, done.stderr)


DRY = """
flow "inner" { input = { x = "string" },
  step "do" { exec { "true", "{input.x}" }, timeout = "5s" } }
flow "roll" {
  input = { vid = integer { min = 2, max = 4094 },
            site = { type = "string", default = "hq" }, list = { type = "list",
            default = { "a", "b" } } },
  guard = { targets = 2 },
  step "sw" { exec { "true", "{input.vid}", "{input.site}", mutates = false } },
  each "up" { over = inventory { role = "access" }, as = "sw",
    waves = { "1", "50%", "rest" },
    step "push" { exec { "push", "{sw.name}" }, target = "{sw.name}",
      timeout = "5s", undo = exec { "pull", "{sw.name}" } } },
  each "given" { over = "{input.list}", log "{item}" },
  each "read" { over = "{steps.sw.json}", log "{item}" },
  call "inner" { x = "{input.site}" },
  on_fail = { undo = "run", step "sorry" { log "sorry" } },
  finally = { log "through" },
}
"""


@noc.case("a dry run: the input filled in, a tree, how many, what is refused")
def _():
    devices = "".join("s%d,192.0.2.%d,access\n" % (i, i) for i in range(1, 6))
    with noc.Daemon(rules=DRY, inventory="name,address,role\n" + devices) as d:
        done = d.cli("run", "start", "roll", "vid=5", "--dry-run")
        noc.equal((done.returncode, done.stderr), (1, ""), "it is refused")
        said = re.sub(" +\\S*:\\d+$", "", done.stdout, flags=re.M)
        noc.equal(re.sub("  +", "  ", re.sub("^( *)", lambda m: "." * len(m[1]),
                                             said, flags=re.M)), """\
input  vid=5 list=["a","b"] site=hq

STEP  DOES  CHANGES  TRIES  TIMEOUT  AT
sw  exec true 5 hq mutates=false  false  3  30s
up  each over inventory role=access: 5 items in waves of 1, 3, 1  false  -  -
..push  exec push {sw.name} on {sw.name}  true  3  5s
....undo  exec pull {sw.name} on {sw.name}  -  -  -  -
given  each over {input.list}: 2 items  false  -  -
..log_1  log {item}  false  3  30s
read  each over {steps.sw.json}: known at run time  false  -  -
..log_1  log {item}  false  3  30s
inner  call inner  false  -  -
..do  exec true {input.x}  true  3  5s

STEP  DOES  CHANGES  TRIES  TIMEOUT  AT
on_fail  undo what it has done  false  -  1h  -
..sorry  log sorry  false  3  30s

STEP  DOES  CHANGES  TRIES  TIMEOUT  AT
finally  finally  false  -  1h  -
..log_13  log through  false  3  30s

refused: it would change 5 targets, and guard = { targets = 2 } allows no more than that
""", said)
        bad = d.cli("run", "start", "roll", "vid=1", "stie=x", "--dry-run")
        noc.equal((bad.returncode, bad.stdout), (2, ""), "input")
        live = d.cli("run", "start", "roll", "vid=1", "stie=x")
        noc.equal((live.stderr, live.returncode), (bad.stderr, 2), "the same")
        for text in ("'vid' of flow 'roll' must be", "did you mean 'site'?"):
            noc.check(text in bad.stderr, bad.stderr)
        plan = d.post("/api/v1/flows/roll/runs",
                      {"mode": "dry_run", "input": {"vid": 5}}).json
        noc.equal((plan["input"]["site"], plan["targets"]), ("hq", 5), "JSON")
        noc.equal(plan["refused"], [
            "it would change 5 targets, and guard = { targets = 2 } allows no "
            "more than that"], "refused")
        noc.equal([(s["items"], s["waves"]) for s in plan["steps"]
                   if "waves" in s], [(5, [1, 3, 1])], "waves")
        noc.equal([s["step"] for s in plan["steps"] if s["part"] == "on_fail"],
                  ["on_fail", "sorry"], "on_fail")
        noc.equal(d.get("/api/v1/runs").json["runs"], [], "runs")


@noc.case("doc/writing-flows.md shows what is drawn")
def _():
    with open(os.path.join(noc.SRCDIR, "doc", "writing-flows.md"),
              encoding="utf-8") as page:
        part = page.read().split("## Seeing a flow\n")[1].split("\n## ")[0]
    lua, text = re.findall(r"^```(?:lua)?\n(.*?)^```$", part,
                           re.M | re.S)[:2]
    done = flow("show", "open-port", text=lua)
    noc.equal(done.stdout, text, done.stderr)


@noc.case("GET /flows/{name}: the graph, and each format")
def _():
    with noc.Daemon(rules=RULES + """flow "typed" { input = {
            vid = integer { min = 2, default = 7 },
            at = { type = "string", values = { "hq", "lab" } } },
            log "x" }""") as d:
        rows = d.get("/api/v1/flows").json["flows"]
        noc.equal([r["flow"] for r in rows], ["upgrade", "fix", "typed"],
                  "flows")
        noc.equal([r["input"] for r in rows], [
            {"site": {"type": "string"}}, {"device": {"type": "string"}},
            {"vid": {"type": "integer", "min": 2, "default": 7},
             "at": {"type": "string", "values": ["hq", "lab"]}}], "input")
        graph = d.get("/api/v1/flows/upgrade").json
        noc.equal(graph, d.get("/api/v1/flows/upgrade?format=json").json,
                  "json said")
        noc.equal(graph["hash"], json.loads(shown("upgrade", "--json"))[
            "hash"], "the same plan")
        noc.equal([n["name"] for n in d.get("/api/v1/flows/heal").json[
            "nodes"]], ["see"], "of a rule")
        for form, kind in (("svg", "image/svg+xml"),
                           ("dot", "text/vnd.graphviz; charset=utf-8"),
                           ("mermaid", "text/plain; charset=utf-8"),
                           ("text", "text/plain; charset=utf-8")):
            answer = d.get("/api/v1/flows/upgrade?format=" + form)
            noc.equal((answer.status, answer.headers["Content-Type"]),
                      (200, kind), form)
            noc.equal(answer.headers["Content-Security-Policy"],
                      "default-src 'none'; sandbox", form)
            noc.equal(answer.text, shown("upgrade", "--format", form), form)
        answer = d.get("/api/v1/flows/upgrade?format=pdf")
        noc.equal(answer.status, 400, answer.text)
        noc.check("svg, dot or mermaid" in answer.json["detail"], answer.text)
        answer = d.get("/api/v1/flows/none")
        noc.equal(answer.status, 404, answer.text)


noc.main()
