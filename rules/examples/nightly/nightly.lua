-- SPDX-License-Identifier: ISC
-- A nightly sensor: every optic of every router is read at 04:15, a weak one
-- becomes an event, and whoever does not answer is named.  A schedule that
-- was slept through is made up for within the hour, or said to be missed.

poll "optics" {
  cron   = "15 4 * * *",
  tz     = "Europe/Warsaw",
  each   = inventory { role = "router" },
  limit  = 20,
  jitter = "30s",
  snmp.walk { rx = "entPhySensorValue" },
  timeout = "20s",
  emit   = "optic.low",
  when   = { rx = lt (-2500) },
  once   = "crossing",
  need   = "95%",
  on_error  = notify "noc" { "{device}: no answer {fails} times" },
  on_breach = notify "noc" { "optics: only {ok} answered, {failed} did not" },
}

rule "optic-low" {
  on       = "optic.low",
  throttle = { once_within = "20h" },
  run      = notify "noc" { "{device}: too little light on an optic: {summary}" },
}

flow "compliance" {
  input = { group = "string" },
  step "drift" { exec { "/usr/local/bin/config-drift", "--group", "{input.group}", mutates = false },
                 timeout = "15m" },
  stop "nothing differs" { when = { ["steps.drift.stdout"] = "" } },
  notify "noc" { "configurations differ: {steps.drift.stdout}" },
}

schedule "nightly" {
  cron      = "15 4 * * *",
  tz        = "Europe/Warsaw",
  overlap   = "skip",
  misfire   = { within = "1h" },
  on_missed = notify "noc" { "nightly: missed" },
  run       = start "compliance" { group = "routers" },
}
