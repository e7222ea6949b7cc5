-- SPDX-License-Identifier: ISC
-- The campus VLAN service: an approved change puts a VLAN on every access switch
-- of a building.  The source of truth is asked first, all switches are looked
-- at, a person may stop it, the executor acts, each switch is looked at again,
-- and what did not come up well goes back.  The ticket has it all.
local site  = require "site"
local snow  = require "lib.connect.servicenow" { url = site.servicenow, auth = basic "servicenow" }
local sot   = require "lib.connect.nautobot"   { url = site.nautobot, auth = secret "nautobot" }
local awx   = require "lib.connect.awx"        { url = site.awx, auth = secret "awx" }
local prom  = require "lib.connect.prometheus" { url = site.prometheus }
local slack = require "lib.connect.slack"      { url = site.slack, auth = secret "slack" }

-- The approval starts it.
snow.approved {
  auth = hmac { "sha256", "X-ServiceNow-Signature", secret = "servicenow-hook" },
  fields = { segment = "u_segment", vid = "u_vid", subnet = "u_subnet", building = "u_building" },
}

rule "vlan-approved" {
  mode = "active", on = "change.approved", key = "{number}",
  run = start "campus-vlan" { change = "{number}", ticket = "{data.id}", requester = "{requester}", segment = "{segment}",
                              vid = "{vid}", subnet = "{subnet}", building = "{building}" },
}

local function say(name, text) return slack.post(name) { channel = site.channel, text = text } end

flow "campus-vlan" {
  input = {
    change = "string", ticket = "string", requester = "string", segment = "string",
    vid = integer { min = 2, max = 4094 }, subnet = "string", building = "string",
    gate = bool { default = true, doc = "false: nobody is asked when more than 95 % of the switches are good" },
  },
  timeout = "4h", dedup = "{input.change}", on_running = "reject",
  lock = "building/{input.building}", guard = { targets = 1000 },

  -- 1: the source of truth, before anything touches the network.
  sot.devices "switches" { role = "access", location = "{input.building}" },
  sot.vlan "intent" { vid = "{input.vid}", location = "{input.building}" },
  fail "there is no access switch in {input.building}"
    { when = { ["steps.switches.count"] = 0 }, block = "source_of_truth" },
  fail "VLAN {input.vid} is {steps.intent.prefix} there, and {input.subnet} in the change"
    { when = { ["steps.intent.prefix"] = isnt "{input.subnet}" }, block = "source_of_truth" },

  -- 2: all switches at once.
  each "precheck" {
    over = "{steps.switches.devices}", as = "sw", key = "{sw.name}", limit = 100, need = "95%",
    parallel {
      prom.query "alive" { query = 'up{{device="{sw.name}"}}' },
      prom.query "there" { query = 'vlan_present{{device="{sw.name}", vid="{input.vid}"}}' },
      prom.query "room"  { query = 'vlan_free{{device="{sw.name}"}}' },
    },
    fail "it is away" { when = { ["steps.alive.value"] = "0" }, block = "device" },
    fail "VLAN {input.vid} is there already" { when = { ["steps.there.value"] = isnt "0" }, block = "device" },
    fail "it has no room for a VLAN" { when = { ["steps.room.value"] = "0" }, block = "device" },
    collect = { free = "steps.room.value" },
  },

  -- 3: half an hour in which a person can stop it.
  approve "go" {
    when = either { { ["input.gate"] = true }, { ["steps.precheck.ok_percent"] = le(95) } },
    groups = { "netops" }, requester = "{input.requester}",
    show = { vlan = "{input.vid} {input.segment} {steps.intent.prefix}", switches = "{steps.precheck.ok}",
             left_out = "{steps.precheck.failed}" },
    withdraw = { on = "change.withdrawn", where = { number = "{input.change}" } },
    timeout = site.gate, on_timeout = "approve",
  },
  sot.vlan "again" { vid = "{input.vid}", location = "{input.building}" },
  fail "the intent has changed since it was approved"
    { when = { ["steps.again.hash"] = isnt "{steps.intent.hash}" }, block = "source_of_truth" },

  -- 4: the executor acts.  Whether hosts failed is for the next step to judge.
  awx.job "deploy" {
    template = "vlan-deploy", targets = "{steps.precheck.ok_items}",
    vars = { vid = "{input.vid}", name = "{steps.intent.name}", prefix = "{steps.intent.prefix}" },
    timeout = "90m", every = site.every, fail_if = { status = "canceled" },
    undo = awx.job "rollback" { template = "vlan-rollback", targets = "{undo.items}", vars = { vid = "{input.vid}" },
                                timeout = "30m", every = site.every },
  },

  -- 5: does each switch have it?
  each "validate" {
    over = "{steps.precheck.ok_items}", as = "sw", key = "{sw.name}", limit = 100, need = "any",
    prom.verify "in_table" { query = 'vlan_present{{device="{sw.name}", vid="{input.vid}"}}', expect = { value = "1" },
                             every = site.every, within = site.within },
    prom.verify "ports_up" { query = 'ports_down{{device="{sw.name}"}}', expect = { value = "0" },
                             every = site.every, within = site.within },
  },

  -- 6: three ways out.
  choose "outcome" {
    { when = { ["steps.validate.failed"] = 0 },
      snow.attach "table" { ticket = "{input.ticket}", name = "devices.json", text = "{run.items:json}" },
      snow.close "closed" { ticket = "{input.ticket}", code = "successful",
        notes = "VLAN {input.vid} {input.segment}: on {steps.validate.ok} switches", evidence = "{steps.deploy.link}" },
      say("told", "{input.change}: VLAN {input.vid} {input.segment} is on {steps.validate.ok} switches"),
      stop "deployed" },

    { when = { ["steps.validate.ok"] = gt(0) },
      undo "back" { step = "deploy", items = "{steps.validate.failed_items}" },
      snow.attach "table_partly" { ticket = "{input.ticket}", name = "devices.json", text = "{run.items:json}" },
      snow.update "partly" { ticket = "{input.ticket}", state = "review",
        notes = "VLAN {input.vid} {input.segment}: on {steps.validate.ok} switches, taken back from {steps.validate.failed}",
        evidence = "{steps.deploy.link}" },
      say("told_partly", "{input.change}: VLAN {input.vid} is on {steps.validate.ok} switches; {steps.validate.failed} were rolled back"),
      stop "partial" },

    otherwise = { fail "VLAN {input.vid} is on no switch; all were rolled back" { block = "executor" } },
  },

  -- Whatever failed, at any step: what was deployed goes back, and the ticket
  -- says who failed, and what of each device.
  on_fail = {
    undo = "run",
    snow.attach "table_failed" { ticket = "{input.ticket}", name = "devices.json", text = "{run.items:json}" },
    snow.update "failed" { ticket = "{input.ticket}", state = "on_hold",
      reason = "{error.block}: {error.message}", notes = "stopped at {error.step} ({error.block}): {error.message}" },
    say("told_failed", "{input.change}: not deployed. {error.block}: {error.message}"),
  },
}
