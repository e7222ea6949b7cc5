-- SPDX-License-Identifier: ISC
-- A campus: access and distribution switches in the inventory, with cables.
-- An interface that goes down unannounced is looked at, raised at the end
-- that is shut, verified, and escalated when that does not help.  It acts.

channel "noc"    { mail { to = "noc@example.net" }, limit = "10/1m" }
channel "oncall" { http.post { url = secret "pager-url", json = { summary = "{text}", run = "{run.id}" } }, fallback = "noc" }

rule "heal-link-down" {
  mode   = "active",
  on     = "link.down",
  where  = { role = any { "access", "distribution" }, iftype = "ethernetCsmacd" },
  unless = {
    seen { any { "config.change", "port.errdisable" }, device = any { "{device}", "{far.device}" }, back = "10m" },
    seen { "device.restart", device = "{device}", back = "5m" },
  },
  key    = "{link}",
  hold   = { "15s", cancel = { "link.up", "config.change", "port.errdisable" } }, -- Alertmanager's "for"
  damp   = { half_life = "15m", suppress = 2000, reuse = 750, max_suppress = "60m" },
  guard  = { per_key = "3/30m", mass = "5/30s by site", targets = "5/10m",
             on_exceed = notify "noc" { "{rule}: {count} links down at {site}, acting on none" } },
  run    = flow {
    step "look"  { snmp.get { admin = "ifAdminStatus.{ifindex}", oper = "ifOperStatus.{ifindex}" }, timeout = "5s" },
    stop "up again by itself" { when = { ["steps.look.oper"] = "up" } },
    step "raise" { when = { ["steps.look.admin"] = "down" },
                   snmp.set { ["ifAdminStatus.{ifindex}"] = "up" }, timeout = "5s" },
    step "far"   { when = { ["steps.look.admin"] = "up", ["far.device"] = exists }, target = "{far.device}",
                   snmp.get { admin = "ifAdminStatus[{far.ifname}]" }, timeout = "5s" },
    step "raise_far" { when = { ["steps.far.admin"] = "down" }, target = "{far.device}",
                       snmp.set { ["ifAdminStatus[{far.ifname}]"] = "up" }, timeout = "5s" },
    verify "is_up" { snmp.get { oper = "ifOperStatus.{ifindex}" }, expect = { oper = "up" },
                     every = "3s", within = "90s", stable = "10s" },
    on_fail = escalate {
      { "0m",  notify "noc" { "{device} {ifname} still down: {error.message}" } },
      { "10m", notify "oncall" },
      again = "15m", stop_on = { "ack", "link.up" }, max = "8h",
    },
  },
}
