-- SPDX-License-Identifier: ISC
-- The shape of a service: what is there is read, each device is looked at,
-- people are asked, one job changes all of them, each is looked at again, and
-- those that have not got it are taken back.
local function ask(name, what, more)
  more = more or {}
  more[1], more.timeout = exec { "/opt/noc/" .. what, mutates = false }, "10s"
  return step(name)(more)
end

hook "changes" {
  auth = hmac { "sha256", "X-Signature", secret = "changes" }, emit = "change.approved",
  map = { number = "body.number", vid = "body.vid", building = "body.building" },
}

rule "approved" {
  mode = "active", on = "change.approved", key = "{number}",
  run = start "vlan" { all = true, change = "{number}" },
}

flow "vlan" {
  input = { change = "string", vid = integer { min = 2, max = 4094 }, building = "string", gate = bool { default = true } },
  output = { outcome = "{run.outcome}", devices = "{run.items}" },
  timeout = "4h", guard = { targets = 100 },
  ask("switches", "switches"),
  each "precheck" {
    over = "{steps.switches.json}", as = "sw", key = "{sw.name}", need = "any", collect = { free = "steps.room.json.free" },
    ask("room", "room"),
    fail "VLAN {input.vid} is there already" { when = { ["steps.room.json.there"] = true }, severity = "critical" },
    fail "it has no room" { when = { ["steps.room.json.free"] = 0 } },
  },
  approve "go" {
    when = either { { ["input.gate"] = true }, { ["steps.precheck.critical"] = gt(0) } },
    groups = { "netops" }, show = { failed = "{steps.precheck.failed_items:keys}" }, timeout = "30m", on_timeout = "approve",
  },
  step "deploy" {
    exec { "/opt/noc/deploy", "{input.vid}", "{targets:keys}" }, targets = "{steps.precheck.ok_items}", timeout = "90m",
    undo = step "rollback" { call "rollback" { vid = "{input.vid}", switches = "{undo.items}" }, timeout = "30m", block = "executor" },
  },
  each "validate" { over = "{steps.precheck.ok_items}", as = "sw", key = "{sw.name}", need = "any", ask("seen", "seen") },
  choose "outcome" {
    { when = { ["steps.validate.failed"] = 0 }, notify "noc" { "closed:\n{run.items:table}" }, stop "deployed" },
    { when = { ["steps.validate.ok"] = gt(0) },
      undo "back" { step = "deploy", items = "{steps.validate.failed_items}" }, notify "noc" { "review {run.url}" }, stop "partial" },
    otherwise = { fail "VLAN {input.vid} is on no switch" { block = "executor" } },
  },
  on_fail = { undo = "run", start "failed" { all = true, outcome = "{run.outcome}", devices = "{run.items}" } },
}

flow "rollback" {
  input = { vid = "integer", switches = "strings" },
  step "job" { exec { "/opt/noc/rollback", "{input.vid}", "{input.switches:keys}" }, timeout = "10m", retry = { attempts = 2, initial = "1s" } },
  each "gone" { over = "{input.switches}", as = "sw", ask("gone_there", "gone") },
}

flow "failed" {
  input = { change = "string", vid = "integer", building = "string", outcome = "string", devices = "list" },
  notify "noc" { "{input.change}, VLAN {input.vid} in {input.building}, {input.outcome}:\n{input.devices:table}" },
}

local function world(more)
  local answers = {
    exec = { exit = 0, json = {} },
    ["exec switches"] = { exit = 0, json = { { name = "sw1" }, { name = "sw2" }, { name = "sw3" } } },
  }
  for i = 1, 3 do answers["exec precheck[sw" .. i .. "]/room"] = { exit = 0, json = { free = 5, there = false } } end
  for key, answer in pairs(more or {}) do answers[key] = answer end
  return stub(answers)
end
local change = { "webhook", hook = "changes", body = { number = "CHG1", vid = 842, building = "b1" } }
local function start(gate)
  return { "start", flow = "vlan", input = { change = "CHG1", vid = 842, building = "b1", gate = gate } }
end

test "all have it" {
  world(),
  at "0s" (change),
  at "1m" { expect.waiting "go" },
  at "2m" { "approve", step = "go", by = "ann", groups = { "netops" } },
  at "5m" { expect.gate "go" { decision = "approved", by = "ann" }, expect.items "validate" { ok = 3 },
    expect.undone "deploy" { 0 }, expect.run "vlan" { state = "Succeeded", outcome = "deployed" },
    expect.notified "noc" { "sw1  Succeeded  5" } },
}

test "one has not: that one goes back, by a flow that is tried again" {
  world { ["exec validate[sw2]/seen"] = { error = "permanent" },
    ["exec deploy!undo/job"] = { { error = "transient" }, { exit = 0 } } },
  at "0s" (change),
  at "31m" { expect.gate "go" { decision = "approve", by = "timeout" } },
  at "40m" { expect.items "validate" { ok = 2, failed = { "sw2" } }, expect.undone "deploy" { 1 },
    expect.items "gone" { ok = 1, total = 1 }, expect.run "vlan" { state = "Succeeded", outcome = "partial" },
    expect.notified "noc" { "review /api/v1/runs/" } },
}

test "none has it: all go back, and the failed flow is told" {
  world { ["exec seen"] = { error = "permanent" }, ["exec validate[sw1]/seen"] = { error = "permanent" },
    ["exec validate[sw2]/seen"] = { error = "permanent" }, ["exec validate[sw3]/seen"] = { error = "permanent" } },
  at "0s" (start(false)),
  at "9m" { expect.undone "deploy" { 1 }, expect.items "gone" { ok = 3 },
    expect.run "vlan" { state = "Failed" },
    expect.notified "noc" { "CHG1, VLAN 842 in b1, failed:\nkey  state" } },
}

test "what cannot be taken back is loud" {
  world { ["exec validate[sw2]/seen"] = { error = "permanent" }, ["exec deploy!undo/job"] = { error = "permanent" } },
  at "0s" (start(false)),
  at "9m" { expect.undone "deploy" { 0 }, expect.run "vlan" { state = "Failed" },
    expect.notified "noc" { "could not undo deploy (executor): it stays changed" } },
}

test "nobody is asked of what is sure, people are of what is critical" {
  world { ["exec precheck[sw1]/room"] = { exit = 0, json = { free = 0, there = false } } },
  at "0s" (start(false)),
  at "5m" { expect.items "precheck" { ok = 2, critical = 0, failed = { "sw1" } }, expect.items "validate" { total = 2 },
    expect.run "vlan" { outcome = "deployed" } },
}

test "one that has it as something else is critical" {
  world { ["exec precheck[sw1]/room"] = { exit = 0, json = { free = 4, there = true } } },
  at "0s" (start(false)),
  at "5m" { expect.items "precheck" { ok = 2, critical = 1 }, expect.waiting "go" },
}
