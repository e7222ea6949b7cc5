#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Verbs that need no daemon, and the rules that are shipped: decode, check,
test, schedule next, rules new; the start screen's line on a bare machine."""
import json
import os
import re
import shlex
import subprocess

import noc

SHIPPED = os.path.join(noc.SRCDIR, "rules")
DOWN = ("<187>34: sw1: Nov 12 14:05:31.411: %LINK-3-UPDOWN: Interface "
        "Gi1/0/1, changed state to down")


def decode(*args, stdin):
    done = noc.nocturne("decode", *args, "--rules", SHIPPED, stdin=stdin)
    return done, [json.loads(line) for line in done.stdout.splitlines()]


@noc.case("decode syslog: one JSON event a line, canonical and as it was seen")
def _():
    done, events = decode("syslog", stdin=DOWN + "\n\nhello\n")
    noc.equal(done.returncode, 0, "exit code")
    noc.equal(len(events), 2, "events")
    noc.equal(events[0]["kind"], "link.down", "kind")
    noc.equal(events[0]["device"], "sw1", "device")
    noc.equal(events[0]["data"], {"ifname": "Gi1/0/1", "layer": "link",
                                  "oper": "down"}, "data")
    noc.equal(events[0]["syslog"]["tag"], "%LINK-3-UPDOWN", "tag")
    noc.equal(events[0]["raw"], DOWN, "raw")
    noc.equal(events[1]["kind"], "syslog", "a message nobody knows")
    noc.equal(events[1]["malformed"], True, "malformed")


@noc.case("decode syslog --hex, from a file, and `-` for standard input")
def _():
    path = noc.write(os.path.join(noc.tempdir(), "x"),
                     DOWN.encode().hex() + "\n")
    for args, stdin in (([path], None), (["-"], DOWN.encode().hex() + "\n")):
        done, events = decode("syslog", "--hex", *args, stdin=stdin)
        noc.equal(done.returncode, 0, "exit code")
        noc.equal([e["kind"] for e in events], ["link.down"], "kinds")


@noc.case("decode -o: a table for people, one object for programs")
def _():
    done = noc.nocturne("decode", "syslog", "--rules", SHIPPED, "-o", "table",
                        stdin=DOWN + "\n")
    noc.check("link.down" in done.stdout and "ifname=Gi1/0/1" in done.stdout,
              done.stdout)
    done = noc.nocturne("decode", "syslog", "--rules", SHIPPED, "--json",
                        stdin=DOWN + "\n")
    noc.equal([e["kind"] for e in json.loads(done.stdout)["events"]],
              ["link.down"], "--json")


@noc.case("decode finds the shipped rules from any directory")
def _():
    beside = os.path.dirname(os.path.realpath(noc.NOCTURNE))
    if not any(os.path.isdir(os.path.join(d, "rules/lib"))
               for d in (beside, os.path.dirname(beside))):
        raise noc.Skip("neither installed nor built in its source")
    done = noc.nocturne("decode", "syslog", stdin=DOWN + "\n",
                        cwd=noc.tempdir())
    noc.equal(done.returncode, 0, done.stderr)
    noc.equal(json.loads(done.stdout)["kind"], "link.down", "kind")


@noc.case("decode: a file that cannot be read is told; a reader may leave")
def _():
    for what in ("syslog", "snmp"):
        done, events = decode(what, noc.tempdir(), stdin=None)
        noc.equal(done.returncode, 1, "exit code")
        noc.check("Is a directory" in done.stderr, repr(done.stderr))
    path = noc.write(os.path.join(noc.tempdir(), "x"), "<13>x\n" * 20000)
    with subprocess.Popen([noc.NOCTURNE, "decode", "syslog", "--rules",
                           SHIPPED, path], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as reader:
        noc.check(reader.stdout.readline().startswith("{"), "no event")
        reader.stdout.close()
        noc.equal(reader.stderr.read(), "", "what is said")


@noc.case("decode snmp: a packet, and what is none is told and counted")
def _():
    with open(os.path.join(noc.SRCDIR, "tests/data/snmp/packets.json"),
              encoding="utf-8") as f:
        packets = {p["id"]: p["hex"] for p in json.load(f)}
    name = "netsnmp-v1-linkdown"
    done, events = decode("snmp", "--hex", "-",
                          stdin=packets[name] + "\n30zz\n3003020100\n")
    noc.equal(done.returncode, 1, "exit code")
    noc.equal(len(events), 3, "lines")
    noc.equal(events[0]["kind"], "link.down", "kind")
    noc.equal(events[0]["snmp"]["trap"], "linkDown", "trap")
    noc.equal(events[0]["data"]["ifindex"], 7, "ifindex")
    noc.check("error" in events[1] and "error" in events[2], "no error told")
    raw = os.path.join(noc.tempdir(), "packet")
    with open(raw, "wb") as f:
        f.write(bytes.fromhex(packets[name]))
    done, events = decode("snmp", raw, stdin=None)
    noc.equal(events[0]["kind"], "link.down", "kind of a raw packet")


@noc.case("decode snmp: a v3 trap without its key is read and not believed")
def _():
    with open(os.path.join(noc.SRCDIR, "tests/data/snmp/packets.json"),
              encoding="utf-8") as f:
        packets = {p["id"]: p for p in json.load(f)}
    known = packets["netsnmp-v3-md5-nopriv"]
    done, events = decode("snmp", "--hex", stdin=known["hex"] + "\n")
    noc.equal(done.returncode, 0, "exit code")
    noc.equal(events[0]["kind"], "link.down", "kind")
    noc.equal(events[0]["snmp"]["user"], known["expected"]["user"], "user")
    noc.check("not configured" in events[0]["snmp"]["unverified"],
              events[0]["snmp"])
    user = "%s:%s:%s" % (known["expected"]["user"], known["expected"]["auth"],
                         known["expected"]["auth_pass"])
    done, events = decode("snmp", "--hex", "--user", user,
                          stdin=known["hex"] + "\n")
    noc.check("unverified" not in events[0]["snmp"], events[0]["snmp"])
    done, events = decode("snmp", "--hex", "--user", user + "x",
                          stdin=known["hex"] + "\n")
    noc.check("unverified" in events[0]["snmp"], "a wrong key was believed")
    answer = packets["gosnmp-portOnIncoming1"]["hex"]
    done, events = decode("snmp", "--hex", stdin=answer + "\n")
    noc.equal(events[0]["kind"], "snmp.message", "an answer is no event")
    noc.equal(events[0]["snmp"]["pdu"], "GetResponse", "pdu")


@noc.case("schedule next: the zone's offset, the hour that does not exist")
def _():
    done = noc.nocturne("schedule", "next", "30 2 * * *", "--tz",
                        "Europe/Warsaw", "--from", "2026-03-27T12:00:00Z",
                        "-n", "3")
    noc.equal(done.stdout.splitlines(),
              ["2026-03-28T02:30:00+01:00", "2026-03-29T03:00:00+02:00",
               "2026-03-30T02:30:00+02:00"], "times")
    ask = ["schedule", "next", "0 3 * * *", "--from", "2026-03-27", "-n", "2"]
    times = noc.nocturne(*ask).stdout.splitlines()
    noc.equal(json.loads(noc.nocturne(*ask, "--json").stdout), {"next": times},
              "--json")
    noc.equal([json.loads(line)["next"] for line in
               noc.nocturne(*ask, "-o", "jsonl").stdout.splitlines()], times,
              "jsonl")
    night = ["schedule", "next", "30 2 * * *", "--tz", "Europe/Warsaw", "-n",
             "2", "--from"]
    noc.equal(noc.nocturne(*night, "2026-03-28T12:00", "--missing", "skip")
              .stdout.splitlines(),
              ["2026-03-30T02:30:00+02:00", "2026-03-31T02:30:00+02:00"],
              "left out")
    noc.equal(noc.nocturne(*night, "2026-10-25", "--repeated", "twice")
              .stdout.splitlines(),
              ["2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"],
              "twice")
    done = noc.nocturne(*night, "2026-10-25", "--repeated", "both")
    noc.check(done.returncode == 2 and "once or twice" in done.stderr,
              done.stderr)
    done = noc.nocturne("schedule", "next", "0 3 LW * *", "--tz",
                        "Europe/Warsow")
    noc.check(done.returncode != 0 and "did you mean 'Europe/Warsaw'?"
              in done.stderr, done.stderr)
    done = noc.nocturne("schedule", "next", "99 * * * *")
    noc.check(done.returncode != 0 and "minute" in done.stderr, done.stderr)


@noc.case("check says when schedules and polls are next due, or that they are "
          "not; what is wrong with one")
def _():
    rules = noc.tempdir()
    noc.write(os.path.join(rules, "a.lua"), """
schedule "nightly" { cron = "30 2 * * *", tz = "Europe/Warsaw",
  run = log "x" }
schedule "once" { at = "2020-01-01T00:00:00Z", run = log "x" }
schedule "held" { every = "5m", paused = true, run = log "x" }
poll "often" { every = "1h", exec { "true" }, emit = "a.b" }
""")
    done = noc.nocturne("check", rules)
    noc.equal(done.returncode, 0, done.stderr)
    said = done.stdout
    noc.check(re.search(r"^nightly  \S+:2  schedule  cron 30 2 \* \* \* "
                        r"Europe/Warsaw\n    next( \d{4}-\d\d-\d\dT02:30:00"
                        r"\+0[12]:00){3}$", said, re.M), said)
    noc.check("schedule  at 2020-01-01T00:00:00Z\n    is over" in said, said)
    noc.check("schedule  every 5m\n    paused" in said, said)
    noc.check(re.search(r"^often .* poll  every 1h\n    next \d", said, re.M),
              said)
    times = json.loads(noc.nocturne("check", rules, "--json").stdout)["times"]
    noc.equal({t["name"]: len(t["next"]) for t in times},
              {"nightly": 3, "once": 0, "held": 3, "often": 3}, "--json")
    for options, wrong in (
            ('cron = "0 3 * * L"', "like 5L"),
            ('cron = "0 3 W * *"', "like 15W or LW"),
            ('cron = "0 3 30 2 *"', "is never: no date is so"),
            ('cron = "0 3 * * *", tz = "Europe/Warsow"',
             "did you mean 'Europe/Warsaw'?"),
            ('cron = "0 3 * * *", dst = { missing = "skpi" }', '"skip"'),
            ('cron = "0 3 * * *", dst = { mising = "skip" }', "'missing'"),
            ('every = "1h", dst = { missing = "skip" }', "there is none"),
            ('every = "1h", tz = "Europe/Warsaw"', "there is none"),
            ('every = "1h", overlap = "buffer"', '"buffer_'),
            ('every = "1h", misfire = { within = "1hour" }', "1hour"),
            ('at = "yesterday"', "ISO 8601"),
            ('every = "100ms"', "a second or more"),
            ('cron = "0 3 * * *", every = "1h"', "one of 'cron', 'every'")):
        noc.write(os.path.join(rules, "a.lua"),
                  'schedule "s" { %s, run = log "x" }' % options)
        done = noc.nocturne("check", rules)
        noc.check(done.returncode == 1 and wrong in done.stderr,
                  "%s: %s" % (options, done.stderr + done.stdout))


@noc.case("check and test of what is shipped: 14 rules, every test passes")
def _():
    done = noc.nocturne("check", SHIPPED)
    noc.equal(done.returncode, 0, "exit code")
    noc.check("14 rules: 12 live, 2 observe: heal-link-down, psu"
              in done.stdout, done.stdout[-400:])
    noc.check("warning" not in done.stdout, done.stdout)
    rules = json.loads(noc.nocturne("check", SHIPPED, "--json").stdout)
    noc.equal((len(rules["rules"]), rules["warnings"]), (14, []), "--json")
    noc.equal(sorted(r["name"] for r in rules["rules"]
                     if r["mode"] == "observe"), ["heal-link-down", "psu"],
              "observe")
    done = noc.nocturne("test", SHIPPED)
    noc.equal(done.returncode, 0, "exit code")
    lines = noc.nocturne("test", SHIPPED, "-o", "jsonl").stdout.splitlines()
    noc.equal([json.loads(line)["ok"] for line in lines],
              [True] * done.stdout.count("\nok ") + [True], "jsonl")
    for example in ("campus", "nightly", "webhooks"):
        done = noc.nocturne("test", os.path.join(SHIPPED, "lib"),
                            os.path.join(SHIPPED, "examples", example))
        noc.equal(done.returncode, 0, "exit code of " + example)


@noc.case("check and test end with 1 and say where")
def _():
    bad = noc.tempdir()
    noc.write(os.path.join(bad, "x.lua"),
              'rule "x" { on = "syslog", rum = log "x" }\n')
    done = noc.nocturne("check", bad)
    noc.equal(done.returncode, 1, "exit code of check")
    noc.check("x.lua:1" in done.stderr and "run" in done.stderr, done.stderr)
    wrong = noc.tempdir()
    noc.write(os.path.join(wrong, "x.lua"),
              'rule "x" { on = "a.b", run = log "x" }\n'
              'test "no" { at "0s" { expect.fired "x" } }\n')
    done = noc.nocturne("test", wrong)
    noc.equal(done.returncode, 1, "exit code of test")
    noc.check("not ok 1 - no" in done.stdout and "x.lua:2" in done.stdout,
              done.stdout)
    done = noc.nocturne("test", noc.tempdir())
    noc.equal(done.returncode, 1, "a tree without tests")


@noc.case("test: a stub that nothing asked, a field that no run has")
def _():
    tree = noc.tempdir()
    noc.write(os.path.join(tree, "x.lua"), """
flow "f" { step "a" { exec { "true" }, timeout = "1s" } }
test "one" { stub { exec = { exit = 0 }, ["exec sw9"] = { exit = 1 } },
  at "0s" { "start", flow = "f" },
  at "1s" { expect.run "f" { state = "Succeeded" } } }
test "two" { at "0s" { "start", flow = "f" },
  at "1s" { expect.run "f" { stat = "Succeeded", steps = { aa = "ok" } } } }
""")
    said = noc.nocturne("test", tree).stdout
    noc.check(re.search("^ok 1 - one.*\n#   .*x.lua:3: the stub 'exec sw9' was "
                        "never asked$", said, re.M), said)
    noc.check("a run of f has no field 'stat'; did you mean 'state'?" in said
              and "a run of f has no step 'aa'" in said, said)
    noc.check("'exec' was" not in said, said)


@noc.case("check: braces that are another language's are advice, once")
def _():
    tree = noc.tempdir()
    noc.write(os.path.join(tree, "x.lua"), """
flow "g" { log "{{ item.name }} is new" }
flow "f" { call "g", log "{{{{ item }}}} {{x}} {{ 1 }}" }
""")
    done = noc.nocturne("check", tree)
    noc.equal(re.findall('^advice: .*:2: (".*": .*)$', done.stdout, re.M),
              ['"{{ item.name }} is new": {{ }} are one brace each, and '
               'Jinja takes two: write {{{{ }}}}'], "advice")
    noc.equal((done.returncode, done.stdout.count("advice:")), (0, 1), "one")


@noc.case("check: a program that is not here is advice, and no warning")
def _():
    tree = noc.tempdir()
    noc.write(os.path.join(tree, "x.lua"), """
flow "f" { step "a" { exec { "/nowhere/prog" }, timeout = "1s", undo = exec {
  "nosuchprog" } }, step "b" { exec { "sh" }, timeout = "1s" },
  step "c" { exec { "/nowhere/prog", mutates = false } },
  step "d" { exec { "{device}", mutates = false } } }
""")
    done = noc.nocturne("check", "--strict", "-q", tree)
    noc.equal(re.findall("^advice: .*: (step .*)$", done.stdout, re.M),
              ["step 'a' runs /nowhere/prog, which is no program of this "
               "machine", "step 'a' runs nosuchprog, which is no program of "
               "this machine"], done.stdout + done.stderr)
    noc.equal(json.loads(noc.nocturne("check", "--json", tree).stdout)
              ["advice"][0].split(": ")[1][:8], "step 'a'", "JSON")


@noc.case("check tells the mistakes of all files in one go, in their order")
def _():
    tree = noc.tempdir()
    for name, text in (
            ("a", 'flow "a" { call "b" {}, log "{steps.zz.y}" }'),
            ("b", 'flow "b" { step "x" { log "x", after = "x" } }'),
            ("c", 'flow "c" { log "x" log "y" }'),
            ("d", 'rule "d" { on = "syslog", rnu = 1, run = start "c" }\n'
                  'rule "e" { on = "syslog", run = log "{devise}" }'),
            ("e", 'flwo "e" { log "x" }\nrule "f" { on = "syslog", run = '
                  'flow { call "e" {}, exec { "/bin/true" } } }')):
        noc.write(os.path.join(tree, name + ".lua"), text + "\n")
    done = noc.nocturne("check", tree)
    noc.equal((done.returncode, done.stdout), (1, ""), "check")
    noc.equal([re.sub("^.*/", "", line) for line in done.stderr.splitlines()],
              ["a.lua:1: flow 'a': step 'log_3': reads steps.zz, but no "
               "earlier step has this name.",
               "b.lua:1: flow 'b': 'x' waits for 'x': none of them can begin.",
               "c.lua:1: '}' expected near 'log'; is a comma missing before "
               "it?",
               "d.lua:1: unknown key 'rnu' in rule 'd'; did you mean 'run'?",
               "d.lua:2: rule 'e': {devise}: no kind of event has a field "
               "'devise'; did you mean 'device'?",
               "e.lua:1: unknown name 'flwo'; did you mean 'flow'?",
               "e.lua:2: rule 'f': step 'exec_2': 'exec' changes something, "
               "so its timeout must be said: step \"exec_2\" { exec { ... }, "
               "timeout = \"10s\" }."], done.stderr)


@noc.case("check --config says file and line of what is of another type")
def _():
    place = noc.tempdir()
    rules = os.path.join(place, "rules")
    noc.write(os.path.join(rules, "a.lua"),
              'rule "a" { on = "syslog", run = log "x" }')

    def check(config, inventory='{"sw1": {"address": "192.0.2.1"}}'):
        noc.write(os.path.join(place, "i.json"), inventory)
        path = noc.write(os.path.join(place, "c.lua"), """return {
  inventory = { path = "%s" },
  %s
}""" % (os.path.join(place, "i.json"), config))
        return noc.nocturne("check", "--config", path, rules)

    done = check("credentials = { x = { version = 3, user = \"u\" } },")
    noc.equal((done.returncode, done.stderr), (0, ""), "a number is a version")
    for config, inventory, want in (
            ("credentials = { x = { version = 4 } },", None,
             r"c\.lua:3: .*'version' in credentials\.\* must be"),
            ("credentials = { x = { community = 7 } },", None,
             r"c\.lua:3: .*'community' in credentials\.\* must be a text"),
            ("credentials = { x = { comunity = \"a\" } },", None,
             r"c\.lua:3: unknown key 'comunity'.*did you mean 'community'"),
            ("", '{"sw1": {"snmp_port": 161.0}}',
             r"i\.json.*sw1: 'snmp_port' must be a number"),
            ("", '{"sw1": {"snmp_port": true}}',
             r"i\.json.*sw1: 'snmp_port' must be a number"),
            ("", '{"sw1": ', r"i\.json.*not JSON")):
        done = check(config, inventory) if inventory else check(config)
        noc.equal(done.returncode, 1, "status for %s %s (%s)" % (
            config, inventory, done.stderr))
        noc.check(re.search(want, done.stderr),
                  "no /%s/ in %s" % (want, done.stderr))
        noc.check("1 rule" in done.stdout, "the rules: " + done.stdout)
    done = check("", '{"sw1": {"snmp_port": null}}')
    noc.equal((done.returncode, done.stderr), (0, ""), "null is not said")


@noc.case("two runs of the tests decide the same, byte for byte")
def _():
    def transcript():
        out = noc.nocturne("test", SHIPPED, "-v").stdout
        return [line for line in out.splitlines() if line.startswith("# ")
                and not line.endswith(" ms")]
    first = transcript()
    noc.check(len(first) > 100, "there is little to compare")
    noc.equal(transcript(), first, "transcript")


@noc.case("a bare machine: the printed logger line gives the promised event")
def _():
    noc.need("logger")
    with noc.Daemon(rules=SHIPPED) as d:
        noc.check("(14 rules: 12 live, 2 observe: heal-link-down, psu)"
                  in d.out.all[0], d.out.all[0])
        command = shlex.split(d.wait_line("^try it ").split(None, 2)[2])
        subprocess.run(command, check=True, timeout=noc.PATIENCE)
        line = d.wait_line(r"link\.down ")
        noc.check("Gi1/0/1 [syslog] → heal-link-down would have: snmp.set "
                  "ifAdminStatus[Gi1/0/1]=up (observe)" in line, line)
        noc.check("\nnocturne_template_missing_total 0\n"
                  in d.get("/metrics", unix=False).text,
                  "a shipped rule has a template without a value")


@noc.case("rules new: a rule from an event, and the test beside it passes")
def _():
    with noc.Daemon(rules=SHIPPED) as d:
        d.syslog(DOWN)
        d.wait_line(r"link\.down ")

        def known():
            done = noc.nocturne("events", "-o", "json", "--state", d.state)
            noc.equal(done.returncode, 0, done.stderr)
            return json.loads(done.stdout)["events"]
        event = noc.wait_for(known, "the event")[0]
        tree = noc.tempdir()
        os.symlink(os.path.join(SHIPPED, "lib"), os.path.join(tree, "lib"))
        done = noc.nocturne("rules", "new", "--from-event", event["id"],
                            "--dir", tree, "--state", d.state)
        noc.equal(done.returncode, 0, done.stderr)
        done = noc.nocturne("test", tree)
        noc.equal(done.returncode, 0, done.stdout)
        done = noc.nocturne("rules", "new", "--from-event", event["id"],
                            "--dir", tree, "--state", d.state)
        noc.equal(done.returncode, 5, "a second time: nothing is overwritten")
        done = noc.nocturne("rules", "new", "--from-event", event["id"],
                            "--dir", tree, "--state", d.state, "--json",
                            "--name", "again")
        noc.equal(json.loads(done.stdout),
                  {"name": "again", "rule": tree + "/again.lua",
                   "test": tree + "/again.test.lua"}, "--json")
        done = noc.nocturne("rules", "new", "--from-event", event["id"],
                            "--state", d.state, "--json", "--print")
        noc.check('rule "' in json.loads(done.stdout)["rule"], done.stdout)


noc.main()
