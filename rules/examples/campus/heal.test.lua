-- SPDX-License-Identifier: ISC
test "leaves an operator's shut alone (IOS says so after the shut)" {
  inventory { sw1 = { address = "192.0.2.1", role = "access" } },
  stub { ["snmp.get"] = { admin = "down", oper = "down" } },
  at "0s"  { "link.down", device = "sw1", ifname = "Gi1/0/1", ifindex = 1, iftype = "ethernetCsmacd" },
  at "4s"  { expect.held "heal-link-down" },
  at "5s"  { "config.change", device = "sw1", user = "joe" },
  at "10m" { expect.no_run "heal-link-down" }, -- fails unless the rule became a candidate and something stopped it
}

test "raises what nobody announced" {
  inventory { sw1 = { address = "192.0.2.1", role = "access" } },
  stub { ["snmp.get"] = { { admin = "down", oper = "down" }, { oper = "up" } } },
  at "0s"  { "link.down", device = "sw1", ifname = "Gi1/0/1", ifindex = 1, iftype = "ethernetCsmacd" },
  at "40s" { expect.run "heal-link-down" { state = "Succeeded", steps = { raise = "ok", is_up = "ok" } },
             expect.action "snmp.set" { "ifAdminStatus.1", target = "sw1", 1 } },
}

test "flaps: six of them are damped, people hear of it once" {
  inventory { sw1 = { address = "192.0.2.1", role = "access" } },
  stub { ["snmp.get"] = { { admin = "down", oper = "down" }, { oper = "up" } } },
  at "0s"   { "link.down", device = "sw1", ifname = "Gi1/0/1", ifindex = 1, iftype = "ethernetCsmacd" },
  at "40s"  { "link.up", device = "sw1", ifname = "Gi1/0/1", ifindex = 1 },
  at "80s"  { "link.down", device = "sw1", ifname = "Gi1/0/1", ifindex = 1, iftype = "ethernetCsmacd" },
  at "120s" { "link.up", device = "sw1", ifname = "Gi1/0/1", ifindex = 1 },
  at "160s" { "link.down", device = "sw1", ifname = "Gi1/0/1", ifindex = 1, iftype = "ethernetCsmacd" },
  at "200s" { "link.up", device = "sw1", ifname = "Gi1/0/1", ifindex = 1 },
  at "240s" { "link.down", device = "sw1", ifname = "Gi1/0/1", ifindex = 1, iftype = "ethernetCsmacd" },
  at "280s" { "link.up", device = "sw1", ifname = "Gi1/0/1", ifindex = 1 },
  at "5m"   { expect.damped "heal-link-down", expect.notified "noc" { "flaps", 1 } },
}

test "explains itself: a device without the role is no candidate" {
  inventory { db1 = { address = "192.0.2.9", role = "server" } },
  at "0s" { "link.down", device = "db1", ifname = "eth0", ifindex = 1, iftype = "ethernetCsmacd" },
  at "1s" { expect.unmatched {} },
}
