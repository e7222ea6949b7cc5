-- SPDX-License-Identifier: ISC
-- Runs of the capture, one rule for each way of waiting.  manifest.json says
-- which device waits where; the programs (do-*, probe-*, tell-*) are those of
-- tests/crash/spine.py, which is where what they did is read.
-- The text of these files is part of the capture: a change to it changes the
-- hash of the plans that the runs are in.

channel "noc"     { exec { "tell-noc", "{text}" } }
channel "oncall"  { exec { "tell-oncall", "{text}" } }
channel "slow"    { exec { "tell-slow", "{text}" } }
channel "refused" { http.post { url = secret "web-refused", json = { text = "{text}" } } }
channel "limited" { exec { "tell-limited", "{text}" }, limit = "1/30m" }

local open = { per_key = "100/1m", rate = "100/1m", mass = "100/1s",
               targets = "100/1m", settle = "0s" }

-- A run may be opened again after weeks: its own time is not what ends it.
local function long(steps)
  steps.timeout = "90d"
  return flow(steps)
end

-- One program a rule, so that each has a breaker of its own.
local function act(program, more)
  more = more or {}
  return step "act" { exec { program }, timeout = "1h",
    when = more.when, on_crash = more.on_crash, probe = more.probe,
    retry = more.retry, deadline = more.deadline }
end

local once = { attempts = 1 }
local in_an_hour = { attempts = 5, initial = "1h", max = "24h", jitter = false }

-- An action that has not answered ---------------------------------------

rule "call-retry" { on = "call-retry.go", mode = "active", guard = open,
  run = long {
    step "first" { exec { "do-call-retry-first" }, timeout = "1h", on_crash = "ask" },
    act("do-call-retry", { on_crash = "retry" }) } }

rule "call-ask" { on = "call-ask.go", mode = "active", guard = open,
  run = long { act "do-call-ask" } }

rule "call-fail" { on = "call-fail.go", mode = "active", guard = open,
  run = long { act("do-call-fail", { on_crash = "fail" }),
    on_fail = notify "noc" { "{device} failed: {error.class}" } } }

rule "call-probe" { on = "call-probe.go", mode = "active", guard = open,
  run = long { act("do-call-probe", { probe = exec { "probe-call-probe" } }) } }

rule "call-get" { on = "call-get.go", mode = "active", guard = open,
  run = long {
    step "look" { snmp.get { oper = "ifOperStatus.7" }, timeout = "1h" },
    act("do-call-get", { when = { ["steps.look.oper"] = "up" } }) } }

rule "call-set" { on = "call-set.go", mode = "active", guard = open,
  run = long { step "raise" { snmp.set { ["ifAdminStatus.7"] = "up" }, timeout = "1h" } } }

rule "call-post" { on = "call-post.go", mode = "active", guard = open,
  run = long { step "act" { http.post { url = secret "web-call-post", json = { a = 1 } }, timeout = "1h" } } }

rule "call-put" { on = "call-put.go", mode = "active", guard = open,
  run = long { step "act" { http.put { url = secret "web-call-put", json = { a = 1 } }, timeout = "1h" } } }

-- Another attempt ---------------------------------------------------------

rule "retry" { on = "retry.go", mode = "active", guard = open,
  run = long { act("do-retry", { retry = in_an_hour }) } }

rule "retry-deadline" { on = "retry-deadline.go", mode = "active", guard = open,
  run = long { act("do-retry-deadline", { retry = in_an_hour, deadline = "3h" }) } }

-- Its flow has the default timeout.
rule "outlived" { on = "outlived.go", mode = "active", guard = open,
  run = flow { act("do-outlived", { retry = in_an_hour }) } }

-- A turn to read, and what was read --------------------------------------

normalize "turn-down" { from = "syslog", app = "spine",
  pattern = [=[^port (?<ifname>\S+) of (?<_what>[a-z-]+) is gone]=],
  emit = "{_what}.go", kinds = { "turn.go", "confirmed.go" } }

rule "turn" { on = "turn.go", mode = "active", guard = open, key = "{device}/{ifname}",
  run = long {
    step "look" { snmp.get { oper = "ifOperStatus.7" }, timeout = "1m" },
    act "do-turn" } }

rule "confirmed" { on = "confirmed.go", mode = "active", guard = open,
  run = long {
    step "look" { snmp.get { oper = "ifOperStatus.7" }, timeout = "1m" },
    sleep "1h",
    act("do-confirmed", { when = { ["steps.look.oper"] = "up" } }) } }

rule "keep-up" { on = "keep-up.go", mode = "active",
  guard = { per_key = "100/1m", settle = "0s", keep_one_up = { "Gi1/0/49", "Gi1/0/50" } },
  run = long { act("do-keep-up", { retry = in_an_hour }) } }

-- The kill switch ---------------------------------------------------------

rule "paused" { on = "paused.go", mode = "active", guard = open,
  run = long { act "do-paused" } }

-- Sleep -------------------------------------------------------------------

rule "sleep" { on = "sleep.go", mode = "active", guard = open,
  run = long { sleep "1h", act "do-sleep" } }

rule "overslept" { on = "overslept.go", mode = "active", guard = open,
  run = flow { sleep "1h", act "do-overslept" } }

-- Verify ------------------------------------------------------------------

rule "verify" { on = "verify.go", guard = open,
  run = long {
    verify "up" { snmp.get { oper = "ifOperStatus.7" }, expect = { oper = "up" },
                  every = "1s", within = "2h", timeout = "1m" },
    on_fail = notify "noc" { "{device}: {error.message}" } } }

rule "verify-stable" { on = "verify-stable.go", guard = open,
  run = long {
    verify "up" { snmp.get { oper = "ifOperStatus.7" }, expect = { oper = "up" },
                  every = "1s", within = "2h", stable = "1h", timeout = "1m" } } }

rule "verify-call" { on = "verify-call.go", guard = open,
  run = long {
    verify "up" { snmp.get { oper = "ifOperStatus.7" }, expect = { oper = "up" },
                  every = "1s", within = "2h", timeout = "1h" } } }

rule "verify-function" { on = "verify-function.go", guard = open,
  run = long {
    verify "up" { snmp.get { oper = "ifOperStatus.7" },
                  expect = function(run) return run.oper == "up" end,
                  every = "1s", within = "2h", timeout = "1m" } } }

-- Escalation --------------------------------------------------------------

local function ladder(max, more)
  local e = { { "0m", notify "noc" { "{device} needs somebody" } },
              { "2h", notify "oncall" { "{device} still needs somebody" } },
              max = max, stop_on = { "ack", "escalate.over" } }
  for k, v in pairs(more or {}) do e[k] = v end
  return escalate(e)
end

rule "escalate" { on = "escalate.go", mode = "active", guard = open,
  run = long { act("do-escalate", { retry = once }), on_fail = ladder "60d" } }

rule "escalate-max" { on = "escalate-max.go", mode = "active", guard = open,
  run = long { act("do-escalate-max", { retry = once }), on_fail = ladder "8h" } }

rule "escalate-again" { on = "escalate-again.go", mode = "active", guard = open,
  run = long { act("do-escalate-again", { retry = once }),
    on_fail = escalate { { "0m", notify "noc" { "{device} needs somebody" } },
                         again = "10d", max = "60d" } } }

rule "escalate-step" { on = "escalate-step.go", mode = "active", guard = open,
  run = long { ladder "60d", act "do-escalate-step" } }

-- Blocked -----------------------------------------------------------------

rule "blocked-ask" { on = "blocked-ask.go", mode = "active", guard = open,
  run = long { act "do-blocked-ask" } }

rule "blocked-often" { on = "blocked-often.go", mode = "active", guard = open,
  run = long { act("do-blocked-often", { on_crash = "retry" }) } }

-- Functions ---------------------------------------------------------------

rule "function" { on = "function.go", mode = "active", guard = open,
  when = function(ev) return ev.n == 7 end,
  run = long {
    sleep "1h",
    act("do-function", { when = function(run) return run.n == 7 end }),
    step "not" { when = function(run) return run.n ~= 7 end,
                 exec { "do-function-not" }, timeout = "1h" } } }

rule "function-retry" { on = "function-retry.go", mode = "active", guard = open,
  run = long {
    step "first" { exec { "do-function-retry-first" }, timeout = "1h" },
    act("do-function-retry", { on_crash = "retry", when = function(run) return run.n == 7 end }) } }

-- Flows that start flows --------------------------------------------------

flow "child" { timeout = "90d", sleep "1h", act "do-child" }

rule "parent" { on = "parent.go", mode = "active", guard = open,
  run = long { start "child", sleep "1h", act "do-parent" } }

flow "child-call" { timeout = "90d", act("do-child-call", { on_crash = "retry" }) }

rule "parent-done" { on = "parent-done.go", mode = "active", guard = open,
  run = long { start "child-call" } }

flow "by-hand" { input = { device = "string", word = "string" }, timeout = "90d",
  sleep "1h",
  step "act" { exec { "do-by-hand", "{input.word}" }, timeout = "1h" } }

-- Modes -------------------------------------------------------------------

rule "observed" { on = "observed.go", guard = open,
  run = long {
    act "do-observed",
    sleep "1h",
    step "read" { exec { "do-observed-read", mutates = false }, timeout = "1h" } } }

rule "shadowed" { on = "shadowed.go", mode = "shadow", guard = open,
  run = long {
    act "do-shadowed",
    sleep "1h",
    notify "noc" { "{device} is told by a shadow" } } }

-- emit --------------------------------------------------------------------

-- The function takes its time, so that the event and the end of its step are
-- two commits.
rule "emitting" { on = "emitting.go", guard = open,
  run = long {
    emit "emitted.go" { device = "emitting", word = "a" },
    stop "emitted" { when = function(run)
      local n = 0
      for i = 1, 100000 do n = n + i end
      return n > 0
    end } } }

rule "emitted" { on = "emitted.go", mode = "active", guard = open,
  run = long { act "do-emitted" } }

-- Over before the end -----------------------------------------------------

rule "over" { on = "over.go", mode = "active", guard = open,
  run = long { act("do-over", { retry = once }) } }

-- Deeper than what was read back (issue 6.1) ------------------------------

rule "deep" { on = "deep.go", mode = "active", guard = open,
  run = long {
    step "first" { exec { "do-deep-first" }, timeout = "1h", on_crash = "ask" },
    sleep "1h",
    act "do-deep" } }

rule "deep-hold" { on = "deep.go", mode = "active", guard = open, hold = "1h",
  run = long { act "do-deep-hold" } }
