-- SPDX-License-Identifier: ISC
-- Neighbours of routing protocols, from syslog.
--
-- bgp.down/up { peer, peer_as, vrf, state, was, reason }: down means "not
-- Established"; `was` is the state before, when the device tells it, so a
-- rule that wants only sessions lost says was = either "Established" or
-- absent (rules/bgp.lua does).  bgp.error: a session was refused or is in
-- danger, which says nothing about whether another one is up.

-- IOS "neighbor 10.1.1.1 vpn vrf RED Down Peer closed the session", IOS XR
-- "neighbor 10.1.1.1 Down - BGP Notification sent (VRF: RED) (AS: 65001)",
-- NX-OS "bgp-65000 [4321] (default) neighbor 10.1.1.1 Down - ...".
local adjchange = { ["syslog.tag"] = re [=[^%(?:ROUTING-)?BGP-(?:\w+-)?[0-7]-ADJCHANGE(?:_DETAIL)?$]=] }

normalize "cisco-bgp-down" {
  from = "syslog", where = adjchange,
  pattern = [=[\bneighbor (?<peer>[0-9A-Fa-f.:%]+)(?: \(?\S+\)?)??(?: vpn vrf (?<vrf>\S+))? Down\b(?:[ -]*(?<reason>[^()]*[^()\s]))?(?: *\(VRF: (?<_vrf>[^)]+)\))?(?: *\(AS: (?<peer_as>[\d.]+)\))?]=],
  emit = "bgp.down",
  map = { vrf = { "vrf", "_vrf" } },
}
normalize "cisco-bgp-up" {
  from = "syslog", where = adjchange,
  pattern = [=[\bneighbor (?<peer>[0-9A-Fa-f.:%]+)(?: \(?\S+\)?)??(?: vpn vrf (?<vrf>\S+))? Up\b(?: *\(VRF: (?<_vrf>[^)]+)\))?(?: *\(AS: (?<peer_as>[\d.]+)\))?]=],
  emit = "bgp.up",
  map = { vrf = { "vrf", "_vrf" }, state = "Established" },
}
normalize "eos-bgp-up" {
  from = "syslog", where = adjchange,
  pattern = [=[^peer (?<peer>\S+) \(VRF (?<vrf>\S+) AS (?<peer_as>[\d.]+)\) old state (?<was>\w+) event (?<reason>\w+) new state (?<state>Established)]=],
  emit = "bgp.up",
}
normalize "eos-bgp-down" {
  from = "syslog", where = adjchange,
  pattern = [=[^peer (?<peer>\S+) \(VRF (?<vrf>\S+) AS (?<peer_as>[\d.]+)\) old state (?<was>\w+) event (?<reason>\w+) new state (?<state>(?!Established)\w+)]=],
  emit = "bgp.down",
}
-- A NOTIFICATION closes the session (RFC 4271 §6), but for the second
-- connection to a peer that the collision rule ends: Cease/5 and Cease/7.
local notification = { ["syslog.tag"] = re [=[^%(?:ROUTING-)?BGP-(?:\w+-)?[0-7]-NOTIFICATION$]=] }

normalize "cisco-bgp-notification" {
  from = "syslog", where = notification,
  pattern = [=[(?:sent to|received from) neighbor (?<peer>[0-9A-Fa-f.:%]+)(?: \(VRF (?<vrf>\S+) AS (?<peer_as>[\d.]+)\))? (?!6/[57]\b)(?<reason>\d+/\d+ \([^)]*\))]=],
  emit = "bgp.down",
}
normalize "cisco-bgp-reset" {
  from = "syslog",
  where = { ["syslog.tag"] = re [=[^%(?:ROUTING-)?BGP-(?:\w+-)?[0-7]-NBR_RESET$]=] },
  pattern = [=[^Neighbor (?<peer>[0-9A-Fa-f.:%]+) reset \((?<reason>[^)]*)\)]=],
  emit = "bgp.down",
}

local junos = [=[^BGP peer (?<peer>[0-9A-Fa-f.:%]+)(?:\+\d+)? \((?:\w+ )?AS (?<peer_as>[\d.]+)\) changed state from (?<was>\w+) to ]=]

normalize "junos-bgp-up" {
  from = "syslog", tag = "RPD_BGP_NEIGHBOR_STATE_CHANGED",
  pattern = junos .. [=[(?<state>Established)\b(?: \(event (?<reason>\w+)\))?(?: \(instance (?<vrf>\S+)\))?]=],
  emit = "bgp.up",
}
normalize "junos-bgp-down" {
  from = "syslog", tag = "RPD_BGP_NEIGHBOR_STATE_CHANGED",
  pattern = junos .. [=[(?<state>(?!Established\b)\w+)(?: \(event (?<reason>\w+)\))?(?: \(instance (?<vrf>\S+)\))?]=],
  emit = "bgp.down",
}
normalize "junos-bgp-error" {
  from = "syslog", app = "rpd",
  pattern = [=[\bNOTIFICATION (?:sent to|received from) (?<peer>[0-9A-Fa-f.:]+)(?:\+\d+)? \((?:\w+ AS (?<peer_as>[\d.]+)|[^)]*)\): (?<reason>code \d+ \([^)]*\)(?: subcode \d+ \([^)]*\))?)]=],
  emit = "bgp.error",
}
normalize "junos-bgp-md5" {
  from = "syslog",
  pattern = [=[\btcp_auth_ok: Packet from (?<peer>[0-9A-Fa-f.:]+):\d+ (?<reason>\w+ MD5 digest)]=],
  emit = "bgp.error",
}
normalize "junos-bgp-prefixes" {
  from = "syslog",
  tag = { "BGP_PREFIX_LIMIT_EXCEEDED", "BGP_CEASE_PREFIX_LIMIT_EXCEEDED", "BGP_PREFIX_THRESH_EXCEEDED" },
  pattern = [=[^(?<peer>[0-9A-Fa-f.:]+) \(\w+ AS (?<peer_as>[\d.]+)\): (?<reason>.*?)(?: \(instance (?<vrf>\S+)\))?$]=],
  emit = "bgp.error",
}
normalize "cisco-bgp-prefixes" {
  from = "syslog",
  where = { ["syslog.tag"] = re [=[^%(?:ROUTING-)?BGP-(?:\w+-)?[0-7]-MAXPFX(?:EXCEED)?$]=] },
  pattern = [=[^(?<reason>.*?received from (?<peer>[0-9A-Fa-f.:]+)\b.*)]=],
  emit = "bgp.error",
}

-- Brocade NetIron: "Peer (VRF: RED) 10.65.5.25 UP (ESTABLISHED)".
normalize "netiron-bgp" {
  from = "syslog",
  pattern = [=[^(?:BGP: )?Peer (?:\(VRF: (?<vrf>[^)]+)\) )?(?<peer>[0-9A-Fa-f.:]+) (?<_state>UP|DOWN) \((?<reason>[^)]*)\)]=],
  emit = "bgp.{_state:lower}", kinds = { "bgp.up", "bgp.down" },
}
-- FRR and SONiC: "%ADJCHANGE: neighbor 10.0.0.1(spine1) in vrf default Up".
normalize "frr-bgp" {
  from = "syslog",
  pattern = [=[\bneighbor (?<peer>[0-9A-Fa-f.:%]+)\([^)]*\) in vrf (?<vrf>\S+) (?<_state>Up|Down)\b *(?<reason>\S.*)?]=],
  emit = "bgp.{_state:lower}", kinds = { "bgp.up", "bgp.down" },
}
-- Huawei VRP, H3C Comware and others: "... from ESTABLISHED to IDLE".
local states = [=[(?:has )?(?:is )?changed from (?<was>\w+) to ]=]

normalize "vrp-bgp-up" {
  from = "syslog",
  where = { ["syslog.tag"] = re [=[^%%\d\dBGP/\d/]=] },
  pattern = [=[(?i)(?:peer |: )(?<peer>[0-9A-Fa-f.:]*[0-9A-Fa-f]) (?:state )?]=] .. states .. [=[(?<state>established)\b]=],
  emit = "bgp.up",
}
normalize "vrp-bgp-down" {
  from = "syslog",
  where = { ["syslog.tag"] = re [=[^%%\d\dBGP/\d/]=] },
  pattern = [=[(?i)(?:peer |: )(?<peer>[0-9A-Fa-f.:]*[0-9A-Fa-f]) (?:state )?]=] .. states .. [=[(?<state>(?!established\b)\w+)]=],
  emit = "bgp.down",
}
normalize "sros-bgp-up" {
  from = "syslog",
  pattern = [=[-bgpEstablished-\d+ .*\bPeer (?<peer>[0-9A-Fa-f.:]*[0-9A-Fa-f]): moved into (?<state>established)]=],
  emit = "bgp.up",
}
normalize "sros-bgp-down" {
  from = "syslog",
  pattern = [=[-bgpBackwardTransition-\d+ .*\bPeer (?<peer>[0-9A-Fa-f.:]*[0-9A-Fa-f]): moved from higher state (?<was>\w+) to lower state (?<state>\w+)(?: due to (?<reason>.*))?]=],
  emit = "bgp.down",
}

-- OSPF: down when a full neighbour is lost, up when one is full.
local ospf = { ["syslog.tag"] = re [=[^%(?:ROUTING-)?OSPF(?:v3)?-(?:\w+-)?[0-7]-ADJCH(?:G|ANGE)$]=] }

normalize "cisco-ospf-up" {
  from = "syslog", where = ospf,
  pattern = [=[\bNbr (?<neighbor>[\d.]+) on (?<ifname>\S+?)(?: in area (?<area>\S+))? (?:from \w+ to|went) (?<state>FULL)\b]=],
  emit = "ospf.up",
}
normalize "cisco-ospf-down" {
  from = "syslog", where = ospf,
  pattern = [=[\bNbr (?<neighbor>[\d.]+) on (?<ifname>\S+?)(?: in area (?<area>\S+))? (?:from \w+ to|went) (?<state>DOWN)\b(?:, *(?<reason>.*))?]=],
  emit = "ospf.down",
}
normalize "eos-ospf-up" {
  from = "syslog",
  pattern = [=[^NGB (?<neighbor>[\d.]+), interface (?<ifname>\S+) adjacency established]=],
  emit = "ospf.up",
  map = { state = "FULL" },
}
normalize "eos-ospf-down" {
  from = "syslog",
  pattern = [=[^NGB (?<neighbor>[\d.]+), interface (?<ifname>\S+) adjacency dropped(?:: (?<reason>.*))?]=],
  emit = "ospf.down",
  map = { state = "DOWN" },
}
normalize "junos-ospf-up" {
  from = "syslog", tag = "RPD_OSPF_NBRUP",
  pattern = [=[^OSPF neighbor (?<neighbor>\S+) \(realm \S+ (?<ifname>\S+) area (?<area>\S+)\) state changed from \w+ to (?<state>Full)\b]=],
  emit = "ospf.up",
}
normalize "junos-ospf-down" {
  from = "syslog", tag = "RPD_OSPF_NBRDOWN",
  pattern = [=[^OSPF neighbor (?<neighbor>\S+) \(realm \S+ (?<ifname>\S+) area (?<area>\S+)\) state changed from \w+ to (?<state>\w+)(?: due to (?<reason>.*))?]=],
  emit = "ospf.down",
}
normalize "netiron-ospf" {
  from = "syslog",
  pattern = [=[^(?:OSPF: )?nbr state changed, rid \S+, nbr addr (?<neighbor>[\d.]+), nbr rid \S+, state (?<state>down)\b]=],
  emit = "ospf.down",
}
normalize "netiron-ospf-up" {
  from = "syslog",
  pattern = [=[^(?:OSPF: )?nbr state changed, rid \S+, nbr addr (?<neighbor>[\d.]+), nbr rid \S+, state (?<state>full)\b]=],
  emit = "ospf.up",
}

normalize "cisco-isis" {
  from = "syslog",
  where = { ["syslog.tag"] = re [=[^%(?:ROUTING-|CLNS-)?(?:ISIS|CLNS)-(?:\w+-)?[0-7]-(?:ISIS_)?ADJCH(?:G|ANGE)$]=] },
  pattern = [=[(?:ISIS: )?Adjacency to (?<neighbor>\S+) \((?<ifname>[^)]+)\)(?: \(L\d\))? (?<_state>Up|Down)(?:, *(?<reason>.*))?]=],
  emit = "isis.{_state:lower}", kinds = { "isis.up", "isis.down" },
}
normalize "eos-isis" {
  from = "syslog",
  where = { ["syslog.tag"] = re [=[^%ISIS-[0-7]-ISIS_ADJCHG$]=] },
  pattern = [=[SystemID (?<neighbor>\S+) on (?<ifname>\S+) to (?<_state>UP|DOWN)(?:: *(?<reason>.*))?]=],
  emit = "isis.{_state:lower}", kinds = { "isis.up", "isis.down" },
}
normalize "junos-isis-down" {
  from = "syslog", tag = "RPD_ISIS_ADJDOWN",
  pattern = [=[adjacency to (?<neighbor>\S+) on (?<ifname>[^\s,]+)(?:, reason: (?<reason>.*))?]=],
  emit = "isis.down",
}
normalize "junos-isis-up" {
  from = "syslog", tag = "RPD_ISIS_ADJUP",
  pattern = [=[adjacency to (?<neighbor>\S+) on (?<ifname>[^\s,]+)]=],
  emit = "isis.up",
}

normalize "eos-bfd" {
  from = "syslog",
  pattern = [=[^peer \(vrf:(?<vrf>[^,]+), ?ip:(?<peer>[^,]+), ?intf:(?<ifname>[^,]+),.*\) changed state from (?<was>\w+) to (?<_state>Up|Down)(?: diag (?<reason>.*))?]=],
  emit = "bfd.{_state:lower}", kinds = { "bfd.up", "bfd.down" },
}
normalize "cisco-bfd-down" {
  from = "syslog",
  pattern = [=[\bBFD session (?:\d+ )?to neighbor (?<peer>\S+) on interface (?<ifname>\S+) has gone down\b(?:\. Reason: (?<reason>.*))?]=],
  emit = "bfd.down",
}
normalize "cisco-bfd-up" {
  from = "syslog",
  pattern = [=[\bBFD session (?:\d+ )?to neighbor (?<peer>\S+) on interface (?<ifname>\S+) is up\b]=],
  emit = "bfd.up",
}
normalize "junos-bfd" {
  from = "syslog",
  where = { ["syslog.tag"] = prefix "BFDD_" },
  pattern = [=[(?i)\bBFD session (?<peer>[0-9A-F.:]*[0-9A-F])\b.* state \w+ -> (?<_state>up|down)\b]=],
  emit = "bfd.{_state:lower}", kinds = { "bfd.up", "bfd.down" },
}
