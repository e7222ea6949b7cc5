-- SPDX-License-Identifier: ISC
-- The devices themselves: what a person should know of, told once.

rule "device-restarted" {
  on       = "device.restart",
  throttle = { once_within = "10m" },
  run      = notify "noc" { "{device} started again: {summary}" },
}

rule "module-down" {
  on   = "module.down",
  key  = "{device}/{unit}",
  hold = { "2m", cancel = "module.up" },
  run  = notify "noc" { "{device}: {unit} is down: {summary}" },
}

rule "fan-failed" {
  on   = "fan.fail",
  key  = "{device}/{unit}",
  hold = { "30s", cancel = "fan.ok" },
  run  = notify "noc" { "{device}: {unit} failed: {summary}" },
}

rule "too-warm" {
  on   = "temperature.high",
  key  = "{device}/{unit}",
  hold = { "1m", cancel = "temperature.ok" },
  run  = notify "noc" { "{device}: {unit} is too warm: {summary}" },
}

-- The device shut a port by itself: nothing to raise, something to find.
rule "port-errdisabled" {
  on       = "port.errdisable",
  key      = "{link}",
  throttle = { once_within = "30m" },
  run      = notify "noc" { "{device} shut a port: {summary}" },
}

-- A loop, or two devices with one address.
rule "mac-moving" {
  on        = "mac.move",
  threshold = "10/1m",
  run       = notify "noc" { "{device}: addresses move between ports, {count} in a minute: {summary}" },
}

rule "spanning-tree" {
  on        = "stp.change",
  threshold = "10/5m",
  run       = notify "noc" { "{device}: spanning tree changed {count} times in 5 minutes" },
}
