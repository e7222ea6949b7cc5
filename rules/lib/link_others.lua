-- SPDX-License-Identifier: ISC
-- Interfaces up and down, from syslog, go on: hosts, firewalls, balancers and
-- small switches, and last what many say in nearly the same words.  What the
-- fields are is said in lib/link.lua, which is read before this.

local updown = { "link.up", "link.down" }
local state = [=[(?<_state>UP|DOWN|[Uu]p|[Dd]own)\b]=]

-- "e1000e: eth0 NIC Link is Down", "igb 0000:01:00.0 eth1: igb: eth1 NIC Link
-- is Up 1000 Mbps", "em0: link state changed to DOWN" (BSD, Junos); "br0:
-- port 1"... is no link.
normalize "linux-link" {
  from = "syslog", app = { "kernel", "/kernel" },
  pattern = [=[(?:^|[\s:(])(?<ifname>[a-z][\w.@-]{1,14})(?::? |\)\])(?:NIC )?(?:Copper |Fiber )?[Ll]ink(?: is| state changed to|:)? (?<_state>[Uu]p|[Dd]own|UP|DOWN)\b]=],
  emit = "link.{_state:lower}", kinds = updown,
  map = { oper = "{_state:lower}", layer = "link" },
}
normalize "linux-link-ready" {
  from = "syslog", app = "kernel",
  pattern = [=[ADDRCONF\(NETDEV_CHANGE\): (?<ifname>[^\s:]+): link becomes ready\b]=],
  emit = "link.up",
  map = { oper = "up", layer = "link" },
}
normalize "linux-bond-member" {
  from = "syslog", app = "kernel",
  pattern = [=[(?:\(slave (?<ifname>[^\s)]+)\): )?link status definitely (?<_state>up|down)\b(?: for interface (?<_other>[^\s,]+))?]=],
  emit = "link.{_state}", kinds = updown,
  map = { ifname = { "ifname", "_other" }, oper = "{_state}", layer = "link" },
}
normalize "linux-bond-down" {
  from = "syslog", app = "kernel",
  pattern = [=[(?<ifname>[^\s:]+): now running without any active interface]=],
  emit = "link.down",
  map = { oper = "down", layer = "link" },
}
normalize "linux-bond-up" {
  from = "syslog", app = "kernel",
  pattern = [=[(?<ifname>[^\s:]+): (?:first )?active interface up!]=],
  emit = "link.up",
  map = { oper = "up", layer = "link" },
}
-- systemd-networkd, dhcpcd, NetworkManager and ifplugd say it once more.
for _, one in ipairs {
  { "up", "Gained carrier|carrier acquired", "link connected", "detected", "on" },
  { "down", "Lost carrier|carrier lost", "link disconnected", "lost", "off" },
} do
  local kind = one[1]

  normalize("linux-carrier-" .. kind) {
    from = "syslog", app = { "systemd-networkd", "dhcpcd" },
    pattern = [=[^(?<ifname>[^\s:]+): (?:]=] .. one[2] .. [=[)\b]=],
    emit = "link." .. kind,
    map = { oper = kind, layer = "link" },
  }
  normalize("networkmanager-link-" .. kind) {
    from = "syslog", app = "NetworkManager",
    pattern = [=[ (?:device )?\((?<ifname>[^\s)]+)\): (?:carrier: )?]=] .. one[3] .. [=[\b]=],
    emit = "link." .. kind,
    map = { oper = kind, layer = "link" },
  }
  normalize("linux-usb-carrier-" .. kind) {
    from = "syslog", app = "kernel",
    pattern = [=[ (?<ifname>[a-z][\w.@-]{1,14}): carrier ]=] .. one[5] .. "$",
    emit = "link." .. kind,
    map = { oper = kind, layer = "link" },
  }
  normalize("ifplugd-link-" .. kind) {
    from = "syslog",
    where = { ["syslog.app"] = prefix "ifplugd(" },
    pattern = "^Link beat " .. one[4] .. [=[\b]=],
    emit = "link." .. kind,
    map = function(ev)
      return { ifname = ev["syslog.app"]:match("%((.-)%)"), oper = kind, layer = "link" }
    end,
  }
end
-- teamd (SONiC's too) and keepalived.
normalize "teamd-link" {
  from = "syslog",
  pattern = [=[^(?<ifname>[^\s:]+): ethtool-link went (?<_state>up|down)\b]=],
  emit = "link.{_state}", kinds = updown,
  map = { oper = "{_state}", layer = "link" },
}
normalize "keepalived-link" {
  from = "syslog",
  pattern = [=[^Netlink reports (?<ifname>\S+) (?<_state>up|down)\b]=],
  emit = "link.{_state}", kinds = updown,
  map = { oper = "{_state}", layer = "link" },
}
normalize "esxi-link" {
  from = "syslog",
  pattern = [=[^\[netCorrelator\].* vmnic (?<ifname>\S+) linkstate (?<_state>up|down)\b]=],
  emit = "link.{_state}", kinds = updown,
  map = { oper = "{_state}", layer = "link" },
}

-- Broadcom FASTPATH based switches: "TRAPMGR: Link Down: Unit: 1 Slot: 0 Port:
-- 12", "TRAPMGR[59]: traputil.c(696) 5 %% Link Down: 0/3".
normalize "fastpath-link" {
  from = "syslog",
  pattern = [=[(?:TRAPMGR\b.*?\b|^(?:\S+\(\d+\) \d+ )?%% (?:[A-Z]+ )?|^)Link (?<_state>Up|Down): (?:Unit: (?<_unit>\d+) Slot: (?<_slot>\d+) Port: (?<_port>\d+)|(?<_lag>lag) (?<_no>\d+)|(?<_short>[\w/-]*\d))]=],
  emit = "link.{_state:lower}", kinds = updown,
  map = { ifname = { "_short", "{_lag}{_no}", "{_unit}/{_slot}/{_port}" }, oper = "{_state:lower}", layer = "link" },
}

-- Firewalls and balancers.
normalize "fortios-link" {
  from = "syslog",
  pattern = [=[\blogdesc="Interface status changed".*\bmsg="[^"]*\b[Ii]nterface (?<ifname>\S+) was turned (?<_state>up|down)"]=],
  emit = "link.{_state}", kinds = updown,
  map = { oper = "{_state}", layer = "link" },
}
normalize "panos-port" {
  from = "syslog",
  pattern = [=[,SYSTEM,port,.*\bPort (?<ifname>[\w/.-]+): (?<_state>Up|Down)\b]=],
  emit = "link.{_state:lower}", kinds = updown,
  map = { oper = "{_state:lower}", layer = "link" },
}
normalize "f5-link" {
  from = "syslog",
  pattern = [=[^ *(?:[a-z]+ \w+(?:\[\d+\])?: )?(?:\w+:\d: )?Link: (?<ifname>[\d.]+|mgmt) is (?<_state>UP|DOWN)\b]=],
  emit = "link.{_state:lower}", kinds = updown,
  map = { oper = "{_state:lower}", layer = "link" },
}
normalize "netscaler-link" {
  from = "syslog",
  pattern = [=[^(?:\S+ )?: (?:\w+ )?EVENT DEVICE(?:UP|DOWN) .* Device "interface\((?<ifname>[^)]+)\)" - State (?<_state>UP|DOWN)\b]=],
  emit = "link.{_state:lower}", kinds = updown,
  map = { oper = "{_state:lower}", layer = "link" },
}
normalize "sonicwall-link" {
  from = "syslog",
  pattern = [=[\bmsg="(?:\w+ )?Interface (?<ifname>\S+) Link Is (?<_state>Up|Down)"]=],
  emit = "link.{_state:lower}", kinds = updown,
  map = { oper = "{_state:lower}", layer = "link" },
}
normalize "routeros-link" {
  from = "syslog",
  pattern = [=[^(?:interface,\w+ (?:[\w.-]+: )?)?(?<ifname>[\w.<>+-]+) link (?<_state>up|down)(?: \(speed|$)]=],
  emit = "link.{_state}", kinds = updown,
  map = { oper = "{_state}", layer = "link" },
}

-- Other switches.
normalize "voss-link" {
  from = "syslog",
  pattern = [=[^(?:CP|IO)\d.* SNMP INFO Link (?<_state>Up|Down) ?\((?<ifname>[\w/.-]+)\)]=],
  emit = "link.{_state:lower}", kinds = updown,
  map = { oper = "{_state:lower}", layer = "link" },
}
normalize "ers-link" {
  from = "syslog",
  pattern = [=[^(?:Trap: +)?Link (?<_state>Up|Down) Trap for (?:Unit/)?Port:? (?<ifname>\d[\d/]*)]=],
  emit = "link.{_state:lower}", kinds = updown,
  map = { oper = "{_state:lower}", layer = "link" },
}
normalize "allied-link" {
  from = "syslog",
  pattern = [=[^Port (?<_state>up|down) notification received for (?<ifname>\S+)]=],
  emit = "link.{_state}", kinds = updown,
  map = { oper = "{_state}", layer = "link" },
}
normalize "edgecore-link" {
  from = "syslog",
  pattern = [=[^Unit +(?<_unit>\d+), Port +(?<_port>\d+) link-(?<_state>up|down)\b]=],
  emit = "link.{_state}", kinds = updown,
  map = { ifname = "{_unit}/{_port}", oper = "{_state}", layer = "link" },
}
normalize "omniswitch-link" {
  from = "syslog",
  pattern = [=[^portMgr\w+ .*\bLINKSTS (?<ifname>\d[\d/]*) (?<_state>UP|DOWN)\b]=],
  emit = "link.{_state:lower}", kinds = updown,
  map = { oper = "{_state:lower}", layer = "link" },
}
-- Adtran AOS, with its facility before: "INTERFACE_STATUS.eth 0/1 changed state
-- to up"; an interface is two words.
for _, one in ipairs {
  { "", "", [=[(?<_state>up|down)]=] },
  { "-shut", "down", [=[administratively (?<_state>down)]=] },
} do
  normalize("aos-link" .. one[1]) {
    from = "syslog",
    pattern = [=[\bINTERFACE_STATUS[. ](?<ifname>[a-z][\w-]* \d[\w/.:]*) changed state to ]=] .. one[3] .. [=[\b]=],
    emit = "link.{_state}", kinds = updown,
    map = { oper = "{_state}", layer = "link", admin = one[2] ~= "" and one[2] or nil },
  }
end
-- Extreme EXOS, D-Link, ZyXEL: "Port 1:3 link UP at speed 1 Gbps"; and what
-- others say in nearly these words, behind "name: " or "[name]: " at most.
local plain = [=[^ *(?:\[[\w.-]+\]: ?|[A-Za-z][\w.-]*: |<\w+:[\w.]+> ){0,3}]=]

normalize "port-link" {
  from = "syslog",
  pattern = plain .. [=[[Pp]ort (?<ifname>\d[\w/:.]*|[A-Za-z][\w/:.-]*\d|[Mm]gmt),? [Ll]ink (?:(?:state|status) (?:is|changed to) )?]=] .. state,
  emit = "link.{_state:lower}", kinds = updown,
  map = { oper = "{_state:lower}", layer = "link" },
}
for _, one in ipairs {
  { "interface", [=[Interface (?<ifname>[\w/:.-]*\d[\w/:.-]*)]=] },
  { "port", [=[Port (?<ifname>\w+[/:][\w/:]*)]=] },
} do
  normalize(one[1] .. "-state") {
    from = "syslog", where = { ["syslog.tag"] = absent },
    pattern = plain .. one[2] .. [=[,? (?:link )?(?:state |status )?(?:is(?: now)?|(?:has )?changed (?:state )?to) ]=] .. state .. "(?! to |, line )",
    emit = "link.{_state:lower}", kinds = updown,
    map = { oper = "{_state:lower}", layer = "link" },
  }
end
