-- SPDX-License-Identifier: ISC
local campus = inventory {
  sw1 = { address = "192.0.2.1", role = "access", site = "north",
          cables = { ["GigabitEthernet1/0/24"] = "core1/TenGigabitEthernet1/1" } },
  core1 = { address = "192.0.2.2", role = "core", site = "north" },
  db1 = { address = "192.0.2.3", role = "server", site = "north" },
}
local function down(extra)
  local ev = { "link.down", device = "sw1", ifname = "Gi1/0/1", ifindex = 1,
               iftype = "ethernetCsmacd", admin = "down", oper = "down" }
  for key, value in pairs(extra or {}) do
    ev[key] = value
  end
  return ev
end

test "a shut port is raised and verified" {
  active = "heal-link-down",
  campus,
  stub {
    ["snmp.get"] = { { admin = "down", oper = "down" }, { oper = "down" }, { oper = "up" } },
  },
  at "0s"   (down()),
  at "14s"  { expect.held "heal-link-down", expect.count "snmp.set" { 0 } },
  at "16s"  { expect.fired "heal-link-down" { 1 },
              expect.action "snmp.set" { "ifAdminStatus", "up", target = "sw1" } },
  at "90s"  { expect.run "heal-link-down" { state = "Succeeded", steps = { look = "ok", raise = "ok", is_up = "ok" } },
              expect.count "notices" { 0 } },
}

test "it observes as shipped: nothing is set, it says what it would have done" {
  campus,
  stub { ["snmp.get"] = { { admin = "down", oper = "down" }, { oper = "up" } } },
  at "0s"  (down()),
  at "60s" { expect.would "heal-link-down" { "snmp.set", "ifAdminStatus", "up" },
             expect.count "snmp.set" { 0 } },
}

test "a device that nobody knows is looked at on paper only" {
  at "0s"  { "syslog", "<187>Interface: %LINK-3-UPDOWN: Interface Gi1/0/1, changed state to down" },
  at "1s"  { expect.kind "link.down", expect.field { ifname = "Gi1/0/1", layer = "link" },
             expect.held "heal-link-down" },
  at "16s" { expect.run "heal-link-down" { state = "Succeeded", "not in the inventory" },
             expect.count "notices" { 0 } },
}

test "a port that comes up by itself is left alone" {
  active = "heal-link-down",
  campus,
  at "0s" (down()),
  at "5s" { "link.up", device = "sw1", ifname = "Gi1/0/1", ifindex = 1 },
  at "6s" { expect.cancelled "heal-link-down", expect.no_run "heal-link-down" },
}

test "an operator's shut is left alone: the message comes after it" {
  active = "heal-link-down",
  campus,
  at "0s"  (down()),
  at "4s"  { expect.held "heal-link-down" },
  at "5s"  { "syslog", "<189>34: sw1: Jan  5 12:00:05.411: %SYS-5-CONFIG_I: Configured from console by joe on vty0 (192.0.2.99)" },
  at "10m" { expect.no_run "heal-link-down", expect.count "snmp.set" { 0 } },
}

test "and before it, also at the far end of the cable" {
  active = "heal-link-down",
  campus,
  at "0s"  { "config.change", device = "core1", user = "joe" },
  at "30s" (down { ifname = "Gi1/0/24", ifindex = 24, admin = "up" }),
  at "10m" { expect.cancelled "heal-link-down" { "unless seen(config.change" }, expect.no_run "heal-link-down" },
}

test "a lost carrier: the far end is shut and raised" {
  active = "heal-link-down",
  campus,
  stub {
    ["snmp.get sw1"] = { { admin = "up", oper = "down" }, { oper = "up" } },
    ["snmp.get core1"] = { admin = "down" },
  },
  at "0s"  (down { ifname = "Gi1/0/24", ifindex = 24, admin = "up" }),
  at "60s" { expect.action "snmp.set" { target = "core1", 1 },
             expect.action "snmp.set" { target = "sw1", 0 },
             expect.run "heal-link-down" { state = "Succeeded", steps = { raise = "skipped", raise_far = "ok" } } },
}

test "both ends of a cable are one fault" {
  active = "heal-link-down",
  campus,
  stub { ["snmp.get"] = { admin = "down", oper = "down" } },
  at "0s"  (down { ifname = "Gi1/0/24", ifindex = 24 }),
  at "1s"  { "link.down", device = "core1", ifname = "Te1/1", ifindex = 2, iftype = "ethernetCsmacd" },
  at "2s"  { expect.folded {} },
  at "30s" { expect.fired "heal-link-down" { 1 } },
}

test "a server's port is not ours" {
  campus,
  at "0s" { "link.down", device = "db1", ifname = "eth0", iftype = "ethernetCsmacd" },
  at "1s" { expect.unmatched {} },
}

test "six ports of one site: none is touched, people are told" {
  active = "heal-link-down",
  campus,
  at "0s"  { "link.down", device = "sw1", ifname = "Gi1/0/{n}", iftype = "ethernetCsmacd", times = 6, every = "1s" },
  at "60s" { expect.guarded "heal-link-down", expect.fired "heal-link-down" { 0 },
             expect.count "snmp.set" { 0 }, expect.notified "noc" { "acting on none" } },
}

test "an agent that is silent: three attempts, then people, until one answers" {
  active = "heal-link-down",
  campus,
  stub { ["snmp.get"] = { error = "timeout" } },
  at "0s"  (down()),
  at "2m"  { expect.count "snmp.get" { 3 }, expect.notified "noc" { "still down" } },
  at "12m" { expect.notified "oncall" { "still down" } },
  at "13m" { "ack", rule = "heal-link-down" },
  at "2h"  { expect.run "heal-link-down" { state = "Failed", steps = { look = "failed: timeout" } },
             expect.notified "oncall" { "all clear", 1 }, expect.notified "oncall" { 2 } },
}

test "a SET that is refused is tried once" {
  active = "heal-link-down",
  campus,
  stub {
    ["snmp.get"] = { admin = "down", oper = "down" },
    ["snmp.set"] = { error = "permanent", code = "noAccess", message = "noAccess" },
  },
  at "0s"  (down()),
  at "30s" { expect.count "snmp.set" { 1 }, expect.notified "noc" { "noAccess" } },
}

test "a port that was shut before is not opened by a trap that anybody can send" {
  active = "heal-link-down",
  campus,
  stub { ["snmp.get"] = { admin = "down", oper = "down", changed = "30d" } },
  at "0s"  (down { trust = "normal" }),
  at "30s" { expect.count "snmp.set" { 0 },
             expect.run "heal-link-down" { state = "Succeeded", "left alone, the event is not authenticated" },
             expect.notified "noc" { "that nobody signed", 1 }, expect.count "notices" { 1 } },
}

test "a device that does not say since when is left to people" {
  active = "heal-link-down",
  campus,
  stub { ["snmp.get"] = { admin = "down", oper = "down", changed = "never" } },
  at "0s"  (down { trust = "normal" }),
  at "30s" { expect.count "snmp.set" { 0 }, expect.notified "noc" { "nothing shows that it changed" } },
}

test "one that says it changed just now is raised" {
  active = "heal-link-down",
  campus,
  stub { ["snmp.get"] = { { admin = "down", oper = "down", changed = "20s" }, { oper = "up" } } },
  at "0s"  (down { trust = "normal" }),
  at "60s" { expect.run "heal-link-down" { state = "Succeeded" }, expect.action "snmp.set" { target = "sw1", 1 } },
}

test "the far end has to show its own change" {
  active = "heal-link-down",
  campus,
  stub {
    ["snmp.get sw1"] = { { admin = "up", oper = "down" }, { oper = "up" } },
    ["snmp.get core1"] = { admin = "down", changed = "30d" },
  },
  at "0s"  (down { ifname = "Gi1/0/24", ifindex = 24, admin = "up", trust = "normal" }),
  at "60s" { expect.count "snmp.set" { 0 },
             expect.notified "noc" { "still down: the event is not authenticated", 1 } },
}

test "what is signed is believed" {
  active = "heal-link-down",
  campus,
  stub { ["snmp.get"] = { { admin = "down", oper = "down", changed = "30d" }, { oper = "up" } } },
  at "0s"  (down { trust = "high" }),
  at "60s" { expect.action "snmp.set" { target = "sw1", 1 } },
}

test "what is not authenticated acts only on a port that is down" {
  active = "heal-link-down",
  campus,
  stub { ["snmp.get"] = { admin = "up", oper = "up" } },
  at "0s"  (down { trust = "normal" }),
  at "30s" { expect.run "heal-link-down" { state = "Succeeded", "up again by itself" }, expect.count "snmp.set" { 0 } },
}

test "a stranger that speaks of our device never acts" {
  active = "heal-link-down",
  campus,
  stub { ["snmp.get"] = { admin = "down", oper = "down" } },
  at "0s"  (down { trust = "low" }),
  at "30s" { expect.guarded "heal-link-down" { "low trust" }, expect.no_run "heal-link-down" },
}

test "low trust never acts" {
  active = "heal-link-down",
  at "0s"  (down { device = "nobody", origin = "203.0.113.9", trust = "low" }),
  at "30s" { expect.guarded "heal-link-down" { "low trust" }, expect.no_run "heal-link-down" },
}
