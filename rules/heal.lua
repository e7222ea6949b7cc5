-- SPDX-License-Identifier: ISC
-- An interface is down: look, repair the end that is shut, verify, escalate.
--
-- It only observes: what it would have done is printed and journaled, nothing
-- is set.  When a week of that reads well, narrow `where` to what may be
-- touched and say mode = "active".
--
-- A trap of v2c or a syslog message can be forged.  Because of one, only a port
-- is raised that changed just now, as its device says (ifLastChange, which
-- "look" and "far" ask for besides): one that was shut before stays shut.

rule "heal-link-down" {
  mode   = "observe",
  on     = "link.down",
  -- Ports of access and distribution switches.  A device without a role, or
  -- not in the inventory at all, counts too, so that there is something to see
  -- on the first day; where a role is said it must be one of these.  Before
  -- "active": where = { role = any { "access", "distribution" },
  --                     iftype = "ethernetCsmacd" }.
  where  = both {
    either { { role = any { "access", "distribution" } }, { role = absent } },
    either { { iftype = "ethernetCsmacd" }, { iftype = absent } },
  },
  -- Not what somebody did on purpose, here or at the far end of the cable.
  unless = {
    seen { any { "config.change", "port.errdisable" },
           device = any { "{device}", "{far.device}" }, back = "10m" },
    seen { any { "device.restart", "device.reload" }, device = "{device}", back = "5m" },
  },
  key    = "{link}",
  -- IOS tells of the configuration after it has shut the port.
  hold   = { "15s", cancel = { "link.up", "config.change", "port.errdisable" } },
  damp   = { half_life = "15m", suppress = 2000, reuse = 750, max_suppress = "60m" },
  guard  = { per_key = "3/30m", mass = "5/30s by site", targets = "5/10m",
             on_exceed = notify "noc" { "{rule}: {count} links down at {site}, acting on none" } },
  run    = flow {
    stop "not in the inventory: nobody to ask" { when = { address = absent } },
    step "look" { snmp.get { admin = "ifAdminStatus[{ifname}]", oper = "ifOperStatus[{ifname}]" }, timeout = "5s" },
    stop "up again by itself" { when = { ["steps.look.oper"] = "up" } },
    step "raise" { when = { ["steps.look.admin"] = "down" },
                   snmp.set { ["ifAdminStatus[{ifname}]"] = "up" }, timeout = "5s" },
    step "far" { when = { ["steps.look.admin"] = "up", ["far.device"] = exists }, target = "{far.device}",
                 snmp.get { admin = "ifAdminStatus[{far.ifname}]" }, timeout = "5s" },
    step "raise_far" { when = { ["steps.far.admin"] = "down" }, target = "{far.device}",
                       snmp.set { ["ifAdminStatus[{far.ifname}]"] = "up" }, timeout = "5s" },
    verify "is_up" { snmp.get { oper = "ifOperStatus[{ifname}]" }, expect = { oper = "up" },
                     every = "3s", within = "90s", stable = "10s" },
    on_fail = escalate {
      { "0m",  notify "noc" { "{device} {ifname} still down: {error.message}" } },
      { "10m", notify "oncall" { "{device} {ifname} still down: {error.message}" } },
      again = "15m", stop_on = { "ack", "link.up" }, max = "8h",
    },
  },
}
