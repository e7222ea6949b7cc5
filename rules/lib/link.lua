-- SPDX-License-Identifier: ISC
-- Interfaces up and down, from syslog: link.down and link.up
-- { ifname, ifindex, admin, oper, layer, reason }.
--
-- Captures become fields of the event; those that begin with "_" only help
-- to make the others.  `layer` is "link" or "protocol"; `admin` is there when
-- the message tells it.  Tags are written as patterns where a platform puts a
-- slot or stack member in the middle: %LINK-SW1-3-UPDOWN.

local updown = { "link.up", "link.down" }

normalize "cisco-link" {
  from = "syslog",
  where = { ["syslog.tag"] = re [=[^%(?:PKT_INFRA-)?LINK-(?:\w+-)?[0-7]-(?:UPDOWN|CHANGED)$]=] },
  pattern = [=[^Interface (?<ifname>\S+?), changed state to (?<_state>[Uu]p|[Dd]own)\b]=],
  emit = "link.{_state:lower}", kinds = updown,
  map = { oper = "{_state:lower}", layer = "link" },
}
normalize "cisco-link-shut" {
  from = "syslog",
  where = { ["syslog.tag"] = re [=[^%(?:PKT_INFRA-)?LINK-(?:\w+-)?[0-7]-(?:UPDOWN|CHANGED)$]=] },
  pattern = [=[^Interface (?<ifname>\S+?), changed state to [Aa]dministratively [Dd]own\b]=],
  emit = "link.down",
  map = { admin = "down", oper = "down", layer = "link" },
}
-- IOS, IOS XR and Arista EOS.
normalize "cisco-line-protocol" {
  from = "syslog",
  where = { ["syslog.tag"] = re [=[^%(?:PKT_INFRA-)?LINEPROTO-(?:\w+-)?[0-7]-UPDOWN$]=] },
  pattern = [=[^Line protocol on Interface (?<ifname>\S+?), changed state to (?<_state>[Uu]p|[Dd]own)\b]=],
  emit = "link.{_state:lower}", kinds = updown,
  map = { oper = "{_state:lower}", layer = "protocol" },
}
normalize "cisco-line-protocol-shut" {
  from = "syslog",
  where = { ["syslog.tag"] = re [=[^%(?:PKT_INFRA-)?LINEPROTO-(?:\w+-)?[0-7]-UPDOWN$]=] },
  pattern = [=[^Line protocol on Interface (?<ifname>\S+?), changed state to [Aa]dministratively [Dd]own\b]=],
  emit = "link.down",
  map = { admin = "down", oper = "down", layer = "protocol" },
}

-- NX-OS names the reason in the mnemonic; Ethernet and Fibre Channel ports.
normalize "nxos-if-shut" {
  from = "syslog",
  where = { ["syslog.tag"] = re [=[^%(?:ETHPORT|PORT|ETHPM)-(?:\w+-)?[0-7]-IF_DOWN_(?:PARENT_)?ADMIN_DOWN$]=] },
  pattern = [=[Interface (?<ifname>[^\s,]+) is down\s*(?:\((?<reason>[^)]*)\))?]=],
  emit = "link.down",
  map = { admin = "down", oper = "down", layer = "link" },
}
normalize "nxos-if-down" {
  from = "syslog",
  where = {
    ["syslog.tag"] = re [=[^%(?:ETHPORT|PORT|ETHPM)-(?:\w+-)?[0-7]-IF_DOWN_(?!ERROR_DISABLED)\w+$]=],
  },
  pattern = [=[Interface (?<ifname>[^\s,]+) is down\s*(?:\((?<reason>[^)]*)\))?]=],
  emit = "link.down",
  map = { oper = "down", layer = "link" },
}
normalize "nxos-if-up" {
  from = "syslog",
  where = { ["syslog.tag"] = re [=[^%(?:ETHPORT|PORT|ETHPM)-(?:\w+-)?[0-7]-IF_UP$]=] },
  pattern = [=[Interface (?<ifname>[^\s,]+) is up\b]=],
  emit = "link.up",
  map = { admin = "up", oper = "up", layer = "link" },
}
normalize "nxos-member" {
  from = "syslog",
  where = { ["syslog.tag"] = re [=[^%ETH_PORT_CHANNEL-(?:\w+-)?[0-7]-PORT_(?:DOWN|UP)$]=] },
  pattern = [=[^(?<_lag>[\w/.-]+): (?<ifname>\S+) is (?<_state>up|down)\b]=],
  emit = "link.{_state}", kinds = updown,
  map = { oper = "{_state}", layer = "link" },
}

normalize "asa-line-protocol" {
  from = "syslog",
  where = { ["syslog.tag"] = re [=[^%(?:ASA|FTD|PIX|FWSM)-(?:\w+-)?[0-7]-41100[12]$]=] },
  pattern = [=[^Line protocol on [Ii]nterface (?<ifname>\S+?), changed state to (?<_state>up|down)\b]=],
  emit = "link.{_state}", kinds = updown,
  map = { oper = "{_state}", layer = "protocol" },
}

-- ifIndex 502, ifAdminStatus up(1), ifOperStatus down(2), ifName xe-0/0/0
normalize "junos-link-down" {
  from = "syslog", tag = "SNMP_TRAP_LINK_DOWN",
  pattern = [=[ifIndex (?<_index>\d+), ifAdminStatus (?<admin>\w+)\(\d+\), ifOperStatus (?<oper>\w+)\(\d+\), ifName (?<ifname>\S+)]=],
  emit = "link.down",
  map = { ifindex = "{_index:int}", layer = "link" },
}
normalize "junos-link-up" {
  from = "syslog", tag = "SNMP_TRAP_LINK_UP",
  pattern = [=[ifIndex (?<_index>\d+), ifAdminStatus (?<admin>\w+)\(\d+\), ifOperStatus (?<oper>\w+)\(\d+\), ifName (?<ifname>\S+)]=],
  emit = "link.up",
  map = { ifindex = "{_index:int}", layer = "link" },
}

-- Huawei VRP (%%01) and H3C/HPE Comware (%%10).
normalize "vrp-link" {
  from = "syslog",
  where = { ["syslog.tag"] = re [=[^%%\d\d(?:IFNET|IFPDT|PHY|LINK)/\d/]=] },
  pattern = [=[\b[Ii]nterface (?<ifname>\S+) has (?:turned into|entered|changed to) (?:the )?(?<_state>UP|DOWN|up|down) state]=],
  emit = "link.{_state:lower}", kinds = updown,
  map = { oper = "{_state:lower}", layer = "link" },
}
normalize "vrp-line-protocol" {
  from = "syslog",
  where = { ["syslog.tag"] = re [=[^%%\d\dIFNET/\d/]=] },
  pattern = [=[(?i)\bline protocol (?:\w+ |state )?on (?:the )?interface (?<ifname>\S+) (?:has entered the|changed to|is) (?<_state>up|down)\b]=],
  emit = "link.{_state:lower}", kinds = updown,
  map = { oper = "{_state:lower}", layer = "protocol" },
}
normalize "vrp-interface-status" {
  from = "syslog",
  where = { ["syslog.tag"] = re [=[^%%\d\dIFNET/\d/]=] },
  pattern = [=[\(.*?ifName=(?<ifname>[^,)]+), ?AdminStatus=(?<_admin>\w+), ?OperStatus=(?<_state>UP|DOWN)\b(?:, ?Reason=(?<reason>[^,)]+))?]=],
  emit = "link.{_state:lower}", kinds = updown,
  map = { admin = "{_admin:lower}", oper = "{_state:lower}", layer = "link" },
}
normalize "comware-link" {
  from = "syslog",
  where = { ["syslog.tag"] = re [=[^%%\d\dIFNET/\d/(?:LINK_UPDOWN|PHY_UPDOWN)\b]=] },
  pattern = [=[(?i)(?:(?:Link status|Physical state) on the interface (?<ifname>\S+) changed to|^\s*(?<_other>[A-Z][\w/.-]*\d)(?::)? link status is) (?<_state>up|down)\b]=],
  emit = "link.{_state:lower}", kinds = updown,
  map = { ifname = { "ifname", "_other" }, oper = "{_state:lower}", layer = "link" },
}

-- Nokia SR OS: "51 Base SNMP-WARNING-linkDown-2004 [1/2/1]:  Interface 1/2/1
-- is not operational".
normalize "sros-link-down" {
  from = "syslog",
  pattern = [=[-link[Dd]own-\d+ \[[^\]]*\]:\s+Interface (?<ifname>\S+) is not operational]=],
  emit = "link.down",
  map = { oper = "down", layer = "link" },
}
normalize "sros-link-up" {
  from = "syslog",
  pattern = [=[-link[Uu]p-\d+ \[[^\]]*\]:\s+Interface (?<ifname>\S+) is operational]=],
  emit = "link.up",
  map = { oper = "up", layer = "link" },
}

-- Brocade/Ruckus: "Interface ethernet 1/1/36, state down".
normalize "netiron-link" {
  from = "syslog",
  pattern = [=[^Interface (?<_type>[A-Za-z]+) ?(?<_port>[\d/:.]*), state (?<_state>up|down)\b]=],
  emit = "link.{_state}", kinds = updown,
  map = { ifname = "{_type}{_port}", oper = "{_state}", layer = "link" },
}

normalize "sonic-host-interface" {
  from = "syslog",
  pattern = [=[\bSet operation status (?<_state>UP|DOWN) to host interface (?<ifname>\S+)]=],
  emit = "link.{_state:lower}", kinds = updown,
  map = { oper = "{_state:lower}", layer = "link" },
}
normalize "sonic-port" {
  from = "syslog",
  pattern = [=[\bPort (?<ifname>\S+) oper state set from \w+ to (?<_state>up|down)\b]=],
  emit = "link.{_state}", kinds = updown,
  map = { oper = "{_state}", layer = "link" },
}

-- Aruba CX; HPE ProCurve says "port 12 is now off-line".
normalize "aruba-cx-link" {
  from = "syslog",
  pattern = [=[\bLink status for interface (?<ifname>\S+) is (?<_state>up|down)\b]=],
  emit = "link.{_state}", kinds = updown,
  map = { oper = "{_state}", layer = "link" },
}
normalize "procurve-port-down" {
  from = "syslog",
  pattern = [=[\bport (?<ifname>[A-Z]?[\w/]*\d) is now off-line\b]=],
  emit = "link.down",
  map = { oper = "down", layer = "link" },
}
normalize "procurve-port-up" {
  from = "syslog",
  pattern = [=[\bport (?<ifname>[A-Z]?[\w/]*\d) is now on-line\b]=],
  emit = "link.up",
  map = { oper = "up", layer = "link" },
}

-- "port 3 status changed from 100fdx to down", and back.
normalize "meraki-port-down" {
  from = "syslog",
  pattern = [=[\bport (?<ifname>\w+) status changed from (?!down\b)\w+ to down\b]=],
  emit = "link.down",
  map = { oper = "down", layer = "link" },
}
normalize "meraki-port-up" {
  from = "syslog",
  pattern = [=[\bport (?<ifname>\w+) status changed from down to (?!down\b)\w+]=],
  emit = "link.up",
  map = { oper = "up", layer = "link" },
}

-- "e1000e: eth0 NIC Link is Down", "igb 0000:01:00.0 eth1: igb: eth1 NIC Link
-- is Up 1000 Mbps", "br0: port 1"... is no link.
normalize "linux-link" {
  from = "syslog", app = "kernel",
  pattern = [=[(?:^|[\s:])(?<ifname>[a-z][\w.@-]{1,14}):? (?:NIC )?[Ll]ink(?: is|:)? (?<_state>[Uu]p|[Dd]own)\b]=],
  emit = "link.{_state:lower}", kinds = updown,
  map = { oper = "{_state:lower}", layer = "link" },
}

-- Broadcom FASTPATH based switches: "Link Down: Unit: 1 Slot: 0 Port: 12".
normalize "fastpath-link" {
  from = "syslog",
  pattern = [=[TRAPMGR\b.*?\bLink (?<_state>Up|Down): (?:Unit: (?<_unit>\d+) Slot: (?<_slot>\d+) Port: (?<_port>\d+)|(?<_short>[\w/-]*\d))]=],
  emit = "link.{_state:lower}", kinds = updown,
  map = { ifname = { "_short", "{_unit}/{_slot}/{_port}" }, oper = "{_state:lower}", layer = "link" },
}
normalize "panos-port" {
  from = "syslog",
  pattern = [=[,SYSTEM,port,.*\bPort (?<ifname>[\w/.-]+): (?<_state>Up|Down)\b]=],
  emit = "link.{_state:lower}", kinds = updown,
  map = { oper = "{_state:lower}", layer = "link" },
}
normalize "f5-link" {
  from = "syslog",
  pattern = [=[\bLink: (?<ifname>[\d.]+|mgmt) is (?<_state>UP|DOWN)\b]=],
  emit = "link.{_state:lower}", kinds = updown,
  map = { oper = "{_state:lower}", layer = "link" },
}
normalize "routeros-link" {
  from = "syslog",
  pattern = [=[^(?:interface,info )?(?<ifname>[\w.<>-]+) link (?<_state>up|down)(?: \(speed|$)]=],
  emit = "link.{_state}", kinds = updown,
  map = { oper = "{_state}", layer = "link" },
}
