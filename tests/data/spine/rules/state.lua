-- SPDX-License-Identifier: ISC
-- What the capture remembers of events: correlation, guards, breakers, tasks.

local open = { per_key = "100/1m", rate = "100/1m", mass = "100/1s",
               targets = "100/1m", settle = "0s" }

local function acting(program)
  return flow { timeout = "90d",
    step "act" { exec { program }, timeout = "1h" } }
end

-- hold, pair, threshold, throttle, damp, storm ----------------------------

rule "hold" { on = "hold.down", mode = "active", guard = open,
  hold = { "1h", cancel = { "hold.up" } }, run = acting "do-hold" }

rule "hold-early" { on = "hold-early.down", mode = "active", guard = open,
  hold = "5m",
  run = flow { timeout = "90d", sleep "1h",
    step "act" { exec { "do-hold-early" }, timeout = "1h" } } }

pair "pair" { open = "pair.down", close = "pair.up", within = "1h",
  missing = notify "noc" { "{device}: not closed" },
  matched = notify "noc" { "{device}: closed" } }

rule "threshold" { on = "threshold.go", threshold = "3/1h",
  run = notify "noc" { "{device}: {count} in an hour" } }

rule "distinct" { on = "distinct.go", threshold = { "3/1h", distinct = "{user}" },
  run = notify "noc" { "{device}: {count} users in an hour" } }

rule "quiet-hour" { on = "quiet-hour.go", throttle = { once_within = "1h" },
  run = notify "noc" { "{device}: once in an hour" } }

rule "batched" { on = "batched.go", throttle = { once_after = "1h" },
  run = notify "noc" { "{device}: {count} after an hour" } }

rule "gather" { on = "gather.go", throttle = { accumulate = "3/1h" },
  run = notify "noc" { "{device}: {count} gathered" } }

rule "damp" { on = "damp.down", mode = "active", guard = open,
  damp = { half_life = "15m", suppress = 2500, reuse = 750, max_suppress = "60m" },
  run = acting "do-damp" }

rule "storm" { on = "storm.go",
  storm = { over = "5/10s", clear = "1/6h", digest = { idle = "1h", max = "6h" } },
  run = notify "noc" { "{device}: {storm}, {count} messages, top {top}" } }

-- what was seen, meant, touched, folded, told twice -----------------------

rule "meant" { on = "meant.down", mode = "active", guard = open,
  unless = seen { "config.change", back = "1h" }, run = acting "do-meant" }

rule "touch" { on = "touch.go", mode = "active", guard = open,
  run = flow { timeout = "90d",
    step "act" { exec { "do-touch" }, timeout = "1h", on_crash = "retry" } } }

rule "settle" { on = "settle.down", mode = "active",
  guard = { per_key = "100/1m", settle = "10m" }, run = acting "do-settle" }

normalize "link-down" { from = "syslog", app = "linkd",
  pattern = [=[^port (?<ifname>\S+) is down]=], emit = "link.down" }
normalize "if-down" { from = "snmp.trap", trap = "linkDown",
  map = { ifindex = "ifIndex" }, emit = "link.down" }

rule "fold" { on = "link.down", key = "{device}", run = log "{device} is down" }

rule "dedup" { on = "dedup.go", run = log "{device} once" }

hook "hooked" { auth = bearer "hook", emit = "hooked.go", device = "device",
  dedup = "{body.delivery}" }
rule "hooked" { on = "hooked.go", run = log "{device} once" }

-- guards -----------------------------------------------------------------

rule "guard-key" { on = "guard-key.go", mode = "active",
  guard = { per_key = "2/1h", settle = "0s" }, run = acting "do-guard-key" }

rule "guard-rate" { on = "guard-rate.go", mode = "active", key = "{device}/{n}",
  guard = { rate = "2/1h", settle = "0s" }, run = acting "do-guard-rate" }

rule "guard-targets" { on = "guard-targets.go", mode = "active",
  guard = { targets = "2/1h", settle = "0s" }, run = acting "do-guard-targets" }

rule "guard-mass" { on = "guard-mass.down", mode = "active", hold = "1h",
  guard = { mass = "2/1h by site", settle = "0s" }, run = acting "do-guard-mass" }

-- what people said -------------------------------------------------------

rule "told" { on = "told.go", run = notify "noc" { "{device}: told" } }
rule "pausing" { on = "pausing.go", run = notify "noc" { "{device}: told" } }
rule "frozen" { on = "frozen.go", mode = "active", guard = open, run = acting "do-frozen" }

-- breakers, channels -----------------------------------------------------

local function post(name)
  return flow { timeout = "90d",
    step "act" { http.post { url = secret(name), json = { a = 1 }, idempotent = true },
                 timeout = "1h", retry = { attempts = 1 } } }
end

rule "fine" { on = "fine.go", mode = "active", guard = open, run = post "web-fine" }
rule "breaker-open" { on = "breaker-open.go", mode = "active", guard = open, run = post "web-breaker-open" }
rule "breaker-half" { on = "breaker-half.go", mode = "active", guard = open,
  run = flow { timeout = "90d",
    step "act" { http.post { url = secret "web-breaker-half", json = { a = 1 }, idempotent = true },
                 timeout = "1h", retry = { attempts = 2, initial = "10ms" } } } }
rule "breaker-forced" { on = "breaker-forced.go", mode = "active", guard = open, run = post "web-breaker-forced" }
rule "breaker-off" { on = "breaker-off.go", mode = "active", guard = open, run = post "web-breaker-off" }
rule "breaker-row" { on = "breaker-row.go", mode = "active", guard = open, run = post "web-breaker-row" }

rule "limited" { on = "limited.go", run = notify "limited" { "{device}: {n}" } }
rule "slow" { on = "slow.go", run = notify "slow" { "{device}: slowly" } }
rule "refused" { on = "refused.go", run = notify "refused" { "{device}: at last" } }

-- the clock of a sender, long messages, informs ---------------------------

rule "skewed" { on = { "clock.skew", "clock.ok" }, run = notify "noc" { "{device}: {kind}" } }
rule "long" { on = "syslog", where = { ["syslog.app"] = "long" }, run = log "{device}: {summary:20}" }

rule "many" { on = "many.go", guard = open, run = log "{device}: {n}" }

-- tasks: the capture's clock begins at 2026-11-24T09:59:57Z ---------------

schedule "sched-cron" { cron = "0 10 24 11 *", run = log "sched-cron" }
schedule "sched-every" { every = "1h", misfire = { within = "59m" }, run = log "sched-every" }
schedule "sched-at" { at = "2026-11-24T12:00:00Z", run = log "sched-at" }
flow "long-task" { timeout = "90d", sleep "1h", log "long-task" }
schedule "sched-buffer" { cron = "0,1 10 24 11 *", overlap = "buffer_one", run = start "long-task" }

poll "polled" { every = "1s", each = inventory { role = "polled" },
  snmp.get { n = "ifOperStatus.7" }, timeout = "30s", emit = "polled.low",
  when = { n = "down" } }
rule "polled" { on = "polled.low", run = notify "noc" { "{device}: is {n}" } }
