-- SPDX-License-Identifier: ISC
test "a restart is told once, by trap and by syslog" {
  at "0s"  { "device.restart", device = "sw1", source = "trap", summary = "coldStart" },
  at "2s"  { "syslog", "<189>34: sw1: Jan  5 12:00:02.411: %SYS-5-RESTART: System restarted --" },
  at "1m"  { expect.notified "noc" { "sw1 started again", 1 } },
}

test "links that go down with a restart are its symptoms" {
  at "0s"  { "device.restart", device = "sw1", source = "trap" },
  at "30s" { "link.down", device = "sw1", ifname = "Gi1/0/1" },
  at "31s" { expect.folded {} },
}

test "a fan that stays broken" {
  at "0s"  { "fan.fail", device = "sw1", unit = "Fan 1", summary = "Fan 1 failed" },
  at "40s" { expect.notified "noc" { "sw1: Fan 1 failed" } },
}

test "a fan that only hiccups" {
  at "0s"  { "fan.fail", device = "sw1", unit = "Fan 1" },
  at "10s" { "fan.ok", device = "sw1", unit = "Fan 1" },
  at "2m"  { expect.no_run "fan-failed" },
}

test "too warm for a minute" {
  at "0s"  { "temperature.high", device = "sw1", unit = "Inlet", celsius = 61 },
  at "70s" { expect.notified "noc" { "sw1: Inlet is too warm" } },
}

test "a module that does not come back" {
  at "0s"   { "module.down", device = "sw1", unit = "Module 3" },
  at "130s" { expect.fired "module-down" },
}

test "a port that the device shut is told once in half an hour" {
  at "0s"  { "syslog", "<188>34: sw1: Jan  5 12:00:00.411: %PM-4-ERR_DISABLE: bpduguard error detected on Gi1/0/7, putting Gi1/0/7 in err-disable state" },
  at "5m"  { "syslog", "<188>34: sw1: Jan  5 12:05:00.411: %PM-4-ERR_DISABLE: bpduguard error detected on Gi1/0/7, putting Gi1/0/7 in err-disable state" },
  at "10m" { expect.notified "noc" { "sw1 shut a port", 1 } },
}

test "addresses that move" {
  at "0s"  { "mac.move", device = "sw1", mac = "0011.2233.44{n}", vlan = 10, times = 12, every = "1s" },
  at "2m"  { expect.notified "noc" { "addresses move between ports", 1 } },
}

test "spanning tree that does not settle" {
  at "0s"  { "stp.change", device = "sw1", times = 10, every = "10s" },
  at "5m"  { expect.notified "noc" { "spanning tree changed", 1 } },
}
