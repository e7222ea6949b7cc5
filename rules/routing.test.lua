-- SPDX-License-Identifier: ISC
local lost = "<28>Jan  5 12:00:00 mx1 rpd[2902]: RPD_BGP_NEIGHBOR_STATE_CHANGED: BGP peer 192.0.2.7 (External AS 65001) changed state from Established to Idle (event RecvNotify) (instance master)"
local tries = "<28>Jan  5 12:00:40 mx1 rpd[2902]: RPD_BGP_NEIGHBOR_STATE_CHANGED: BGP peer 192.0.2.7 (External AS 65001) changed state from Active to Connect (event TransportError) (instance master)"
local back = "<28>Jan  5 12:01:30 mx1 rpd[2902]: RPD_BGP_NEIGHBOR_STATE_CHANGED: BGP peer 192.0.2.7 (External AS 65001) changed state from OpenConfirm to Established (event RecvKeepAlive) (instance master)"

test "a BGP session that stays down is told after five minutes" {
  at "0s"    { "syslog", lost },
  at "4m50s" { expect.held "bgp-stays-down", expect.count "notices" { 0 } },
  at "5m10s" { expect.missing "bgp-stays-down", expect.notified "noc" { "mx1: BGP with 192.0.2.7 is down for 5m" } },
}

test "one that recovers is only logged" {
  at "0s"    { "syslog", lost },
  at "40s"   { "syslog", tries },
  at "90s"   { "syslog", back },
  at "10m"   { expect.matched "bgp-stays-down", expect.count "notices" { 0 } },
}

test "a session that never was up is not lost" {
  at "0s"  { "syslog", tries },
  at "10m" { expect.count "notices" { 0 }, expect.kind "bgp.down" },
}

test "a session that comes and goes is told once" {
  at "0s"  { "bgp.up", device = "mx1", peer = "192.0.2.7", times = 4, every = "2m" },
  at "10m" { expect.notified "noc" { "came up 4 times", 1 } },
}

test "an OSPF neighbor that is back in time is not told" {
  at "0s"  { "ospf.down", device = "r1", neighbor = "10.0.0.2" },
  at "20s" { "ospf.up", device = "r1", neighbor = "10.0.0.2" },
  at "5m"  { expect.cancelled "neighbor-lost", expect.no_run "neighbor-lost" },
}

test "one that is lost is" {
  at "0s"  { "syslog", "<189>34: r1: Jan  5 12:00:00.411: %OSPF-5-ADJCHG: Process 1, Nbr 10.0.0.2 on GigabitEthernet0/1 from FULL to DOWN, Neighbor Down: Dead timer expired" },
  at "40s" { expect.notified "noc" { "r1: neighbor 10.0.0.2 lost" } },
}
