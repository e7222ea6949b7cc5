-- SPDX-License-Identifier: ISC
-- Interfaces up and down, from syslog: link.down and link.up
-- { ifname, ifindex, admin, oper, layer, reason }.
--
-- Captures become fields of the event; those that begin with "_" only help
-- to make the others.  `layer` is "link" or "protocol"; `admin` is there when
-- the message tells it.  Where the wording alone is clear the tag is not asked
-- for: many platforms share it, and a header that nobody foresaw hides the
-- tag.  Such a pattern is anchored: words that a stranger chose (the name in
-- a failed login) never stand at the start.

local updown = { "link.up", "link.down" }

-- What may be left of a header before a mnemonic: "77: ", "sw1 77: ", "Ebra: ",
-- a date, "%$ VDC-1 %$ " (NX-OS), "%STKUNIT0-M:CP " (FTOS).
local left = [=[ *(?:(?:\S+ )?\d{1,11}: )?(?:[\w.-]+: )?(?:[A-Z][a-z][a-z] [ \d]\d [\d:.]+: )?(?:%\$ ?VDC-\d+ ?%\$ |%\w+-[A-Z]:\w+ )?]=]
local head = "^(?:" .. left .. [=[%[A-Z]\w*-(?:\w+-){0,3}[0-7]-\w+ ?:)? *]=]

-- A mnemonic, as the tag or behind such a rest.  Tags are patterns where a
-- platform puts a slot or stack member in the middle: %LINK-SW1-3-UPDOWN.
local function mnemonic(facility, name)
  local text = facility .. [=[-(?:\w+-)?[0-7]-]=] .. name
  return { either {
    { ["syslog.tag"] = re("^%" .. text .. "$") },
    { ["syslog.message"] = re("^" .. left .. "%" .. text .. " ?:") },
  } }
end

-- "GigabitEthernet0/1", and "GigabitEthernet 0/1" without its space.
local name = [=[(?<_if>[^\s,()]+) ?(?<_no>\d[\d/.:]*|)]=]
local named = "{_if}{_no}"

-- IOS, IOS XR, Arista EOS, ASA, Ruijie, ZTE and others.  A description may
-- follow the name: "Ethernet1 (to spine1), changed state to up".
local changed = name .. [=[(?: \(.*\))?,? changed state to ]=]
local interface = head .. [=[(?:SIP\d[\d/]*: )?[Ii]nterface ]=] .. changed
local protocol = head .. [=[Line [Pp]rotocol on [Ii]nterface ]=] .. changed

normalize "cisco-link" {
  from = "syslog",
  pattern = interface .. [=[(?<_state>[Uu]p|[Dd]own|UP|DOWN)\b]=],
  emit = "link.{_state:lower}", kinds = updown,
  map = { ifname = named, oper = "{_state:lower}", layer = "link" },
}
normalize "cisco-link-shut" {
  from = "syslog",
  pattern = interface .. [=[[Aa]dministratively [Dd]own\b]=],
  emit = "link.down",
  map = { ifname = named, admin = "down", oper = "down", layer = "link" },
}
normalize "cisco-line-protocol" {
  from = "syslog",
  pattern = protocol .. [=[(?<_state>[Uu]p|[Dd]own|UP|DOWN)\b]=],
  emit = "link.{_state:lower}", kinds = updown,
  map = { ifname = named, oper = "{_state:lower}", layer = "protocol" },
}
normalize "cisco-line-protocol-shut" {
  from = "syslog",
  pattern = protocol .. [=[[Aa]dministratively [Dd]own\b]=],
  emit = "link.down",
  map = { ifname = named, admin = "down", oper = "down", layer = "protocol" },
}
-- Small business switches: "%LINK-W-Down:  gi1/0/5".
for _, one in ipairs { { "Up", "up" }, { "Down", "down" } } do
  normalize("cisco-smb-link-" .. one[2]) {
    from = "syslog",
    app = { "%LINK-I-" .. one[1], "%LINK-N-" .. one[1], "%LINK-W-" .. one[1] },
    pattern = "^" .. name,
    emit = "link." .. one[2],
    map = { ifname = named, oper = one[2], layer = "link" },
  }
end
normalize "viptela-link" {
  from = "syslog",
  pattern = [=[^Notification: .*\binterface-state-change\b.* if-name:"(?<ifname>[^"]+)" new-state:(?<_state>up|down)\b]=],
  emit = "link.{_state}", kinds = updown,
  map = { oper = "{_state}", layer = "link" },
}
-- "%LINK-4-..., Interface Ethernet1/1 link flapped 3 times", EXOS too.
normalize "link-flap" {
  from = "syslog",
  pattern = head .. [=[(?:<\w+:[\w.]+> )?(?:Slot-\d+: )?(?:Interface|Port) (?<ifname>[^\s,]+)(?: link-flap detection .* Link)?(?: link)?(?: has)? flapped\b(?<reason>.*\S)?]=],
  emit = "link.flap",
}

-- NX-OS names the reason in the mnemonic; Ethernet and Fibre Channel ports.
local nxos = "(?:ETHPORT|PORT|ETHPM)"
local nxos_if = "Interface " .. name .. [=[ ?(?:\(.*\) ?)?is ]=]
local nxos_down = nxos_if .. [=[down\s*(?:\((?<reason>[^)]*)\))?]=]

normalize "nxos-if-shut" {
  from = "syslog",
  where = mnemonic(nxos, "IF_DOWN_(?:PARENT_)?ADMIN_DOWN"),
  pattern = nxos_down,
  emit = "link.down",
  map = { ifname = named, admin = "down", oper = "down", layer = "link" },
}
normalize "nxos-if-down" {
  from = "syslog",
  where = mnemonic(nxos, [=[IF_DOWN_(?!ERROR_DISABLED)\w+]=]),
  pattern = nxos_down,
  emit = "link.down",
  map = { ifname = named, oper = "down", layer = "link" },
}
normalize "nxos-if-up" {
  from = "syslog",
  where = mnemonic(nxos, "IF_UP"),
  pattern = nxos_if .. [=[up\b]=],
  emit = "link.up",
  map = { ifname = named, admin = "up", oper = "up", layer = "link" },
}
normalize "nxos-member" {
  from = "syslog",
  where = mnemonic("ETH_PORT_CHANNEL", "PORT_(?:INDIVIDUAL_)?(?:DOWN|UP)"),
  pattern = [=[(?:[\w/.-]+: |individual port )(?<ifname>\S+) is (?<_state>up|down)\b]=],
  emit = "link.{_state}", kinds = updown,
  map = { oper = "{_state}", layer = "link" },
}
normalize "nxos-mgmt" {
  from = "syslog",
  where = mnemonic("IM", "IM_INTF_STATE"),
  pattern = [=[(?<ifname>[^\s,:]+) is (?<_state>UP|DOWN) in vdc\b]=],
  emit = "link.{_state:lower}", kinds = updown,
  map = { oper = "{_state:lower}", layer = "link" },
}

-- What the configuration says (411003: "up") is no link that came up.
normalize "asa-shut" {
  from = "syslog",
  pattern = [=[^Configuration status on interface (?<ifname>\S+) changed state to (?:down|downup)\b]=],
  emit = "link.down",
  map = { admin = "down", oper = "down", layer = "link" },
}
normalize "asa-failover-link" {
  from = "syslog",
  pattern = [=[^\((?:Primary|Secondary)\) Link status (?<_state>Up|Down) on interface (?<ifname>\S+)]=],
  emit = "link.{_state:lower}", kinds = updown,
  map = { oper = "{_state:lower}", layer = "link" },
}

-- ifIndex 502, ifAdminStatus up(1), ifOperStatus down(2), ifName xe-0/0/0.
-- The tag may have the explicit priority before it: %DAEMON-4-....  The brief
-- structured form has no text, only interface-name="xe-0/0/0".
local junos_left = [=[^ *(?:(?:\([^()]*\) |[\w.-]+:)?[\w.-]+\[\d+\]: )?]=]
local function junos_data(ev)
  local raw = ev.raw or ""
  local admin = raw:match('admin%-status="(%a+)')
  local oper = raw:match('operational%-status="(%a+)')
  local index = raw:match('snmp%-interface%-index="(%d+)"')
  return {
    ifname = raw:match('interface%-name="([^"]+)"'),
    ifindex = index and tonumber(index), admin = admin, oper = oper,
    layer = "link",
  }
end

for _, kind in ipairs { "down", "up" } do
  local tag = [=[(?:%\w+-[0-7]-)?SNMP_TRAP_LINK_]=] .. kind:upper()
  local tagged = re("^" .. tag .. "$")

  normalize("junos-link-" .. kind) {
    from = "syslog",
    where = { either {
      { ["syslog.tag"] = tagged },
      { ["syslog.message"] = re(junos_left .. tag .. ": ") },
    } },
    pattern = [=[ifIndex (?<_index>\d+), ifAdminStatus (?<admin>\w+)\(\d+\), ifOperStatus (?<oper>\w+)\(\d+\), ifName (?<ifname>\S+)]=],
    emit = "link." .. kind,
    map = { ifindex = "{_index:int}", layer = "link" },
  }
  normalize("junos-link-data-" .. kind) {
    from = "syslog",
    where = { ["syslog.tag"] = tagged, raw = re [=[ interface-name="[^"]+"]=] },
    emit = "link." .. kind,
    map = junos_data,
  }
end
normalize "junos-bundle" {
  from = "syslog",
  pattern = [=[^ae_bundlestate_ifd_change: bundle (?<ifname>\S+): bundle IFD state changed to (?<_state>UP|DOWN)\b]=],
  emit = "link.{_state:lower}", kinds = updown,
  map = { oper = "{_state:lower}", layer = "link" },
}
normalize "screenos-link" {
  from = "syslog",
  pattern = [=[^NetScreen device_id=.*: The physical state of interface (?<ifname>\S+) has changed to (?<_state>Up|Down)\b]=],
  emit = "link.{_state:lower}", kinds = updown,
  map = { oper = "{_state:lower}", layer = "link" },
}

-- Huawei VRP (%%01) and H3C/HPE Comware (%%10), their text possibly behind
-- "CID=0x807a0405;", "-Slot=1;", "- 1 - ", or with the tag still before it.
local vrp = [=[^ *(?:(?:\d{4} )?(?:[\w.-]+ )?%%\d\d\w+/\d/\w+(?:\(\w\))?(?:\[\d+\])?: ?)?(?:CID=[^;]*;|(?:-\w+=[^;]*; ?)+|- ?\d+ -)?\s*]=]
local state = [=[(?<_state>UP|DOWN|[Uu]p|[Dd]own)\b]=]

normalize "vrp-line-protocol" {
  from = "syslog",
  pattern = vrp .. [=[(?:The )?[Ll]ine protocol (?:\w+ )?on (?:the )?interface (?<ifname>\S+) (?:has entered the|(?:has )?turn(?:s|ed) into|changed to|is) ]=] .. state,
  emit = "link.{_state:lower}", kinds = updown,
  map = { oper = "{_state:lower}", layer = "protocol" },
}
normalize "vrp-link" {
  from = "syslog",
  pattern = vrp .. [=[(?:The i|I)nterface (?!\d+ )(?<ifname>\S+) (?:has )?(?:turn(?:s|ed) into|entered|changed to) (?:the )?]=] .. state .. [=[ state\b]=],
  emit = "link.{_state:lower}", kinds = updown,
  map = { oper = "{_state:lower}", layer = "link" },
}
normalize "vrp-physical" {
  from = "syslog",
  where = { ["syslog.tag"] = re [=[^%%\d\dPHY/\d/]=] },
  pattern = [=[(?<ifname>[A-Z1-9]\S*\d): change status to ]=] .. state,
  emit = "link.{_state:lower}", kinds = updown,
  map = { oper = "{_state:lower}", layer = "link" },
}
normalize "vrp-interface-status" {
  from = "syslog",
  where = { ["syslog.tag"] = re [=[^%%\d\dIFNET/\d/]=] },
  pattern = [=[\(.*?ifName=(?<ifname>[^,)]+), ?AdminStatus=(?<_admin>\w+), ?OperStatus=(?<_state>UP|DOWN)\b(?:, ?Reason=(?<reason>[^,)]+))?]=],
  emit = "link.{_state:lower}", kinds = updown,
  map = { admin = "{_admin:lower}", oper = "{_state:lower}", layer = "link" },
}
-- The notification as text: AdminStatus=2 is down.
for _, one in ipairs { { "-shut", "(?:2|DOWN)", "down" }, { "", "(?:1|UP)", "up" } } do
  normalize("vrp-trap" .. one[1]) {
    from = "syslog",
    where = { ["syslog.tag"] = re [=[^%%\d\dIF(?:NET|PDT)/\d/]=] },
    pattern = [=[\bInterface \d+ turned into (?<_state>UP|DOWN) state\.? ?\((?=[^)]*\bAdminStatus=]=] .. one[2] .. [=[\b)(?=[^)]*\b(?:InterfaceName|[Ii]fName)=(?<ifname>[^,)]+))]=],
    emit = "link.{_state:lower}", kinds = updown,
    map = { admin = one[3], oper = "{_state:lower}", layer = "link" },
  }
end
normalize "comware-link" {
  from = "syslog",
  pattern = vrp .. [=[(?:Link status|Physical state) on the interface (?<ifname>\S+) changed to ]=] .. state,
  emit = "link.{_state:lower}", kinds = updown,
  map = { oper = "{_state:lower}", layer = "link" },
}
normalize "comware-link-status" {
  from = "syslog",
  pattern = vrp .. [=[(?<ifname>[A-Z][\w/.:-]*\d):? link status is ]=] .. state,
  emit = "link.{_state:lower}", kinds = updown,
  map = { oper = "{_state:lower}", layer = "link" },
}
normalize "comware-line-protocol" {
  from = "syslog",
  pattern = vrp .. [=[Line protocol state on the interface (?<ifname>\S+) changed to ]=] .. state,
  emit = "link.{_state:lower}", kinds = updown,
  map = { oper = "{_state:lower}", layer = "protocol" },
}
-- "%%10L2INF/5/PORT LINK STATUS CHANGE(l):- 1 - Ethernet1/0/9 is UP", and the
-- notification: "INTERFACE UPDOWN(t): Trap ...: Interface 9437185 is Down".
normalize "comware-port" {
  from = "syslog",
  where = { ["syslog.tag"] = re [=[^%%\d\dL2INF?/\d/]=] },
  pattern = [=[LINK STATUS CHANGE(?:\(\w\))?:.*?(?<ifname>[A-Z][\w/.:-]*\d) (?:is|turns into) ]=] .. state,
  emit = "link.{_state:lower}", kinds = updown,
  map = { oper = "{_state:lower}", layer = "link" },
}
normalize "comware-trap" {
  from = "syslog",
  where = { ["syslog.tag"] = re [=[^%%\d\dIFNET/\d/]=] },
  pattern = [=[ ?UPDOWN\(t\):\s*Trap \S+link(?:Up|Down)\S*: ?Interface (?<_index>\d+) is ]=] .. state,
  emit = "link.{_state:lower}", kinds = updown,
  map = { ifindex = "{_index:int}", oper = "{_state:lower}", layer = "link" },
}

-- Nokia SR OS: "51 Base SNMP-WARNING-linkDown-2004 [1/2/1]:  Interface 1/2/1
-- is not operational".
normalize "sros-link-down" {
  from = "syslog",
  pattern = [=[^ *\d+ [\w/:. -]{1,80}-link[Dd]own-\d+ \[[^\]]*\]:\s+Interface (?<ifname>\S.*?) is not operational]=],
  emit = "link.down",
  map = { oper = "down", layer = "link" },
}
normalize "sros-link-up" {
  from = "syslog",
  pattern = [=[^ *\d+ [\w/:. -]{1,80}-link[Uu]p-\d+ \[[^\]]*\]:\s+Interface (?<ifname>\S.*?) is operational]=],
  emit = "link.up",
  map = { oper = "up", layer = "link" },
}

-- Nokia SR Linux: "chassis|1|1|00012|W: Interface ethernet-1/1 is now down
-- for reason: lower-layer-down"; subinterfaces too.
normalize "srl-link" {
  from = "syslog",
  pattern = [=[^ *(?:[\w|]+: )?(?:The )?(?:[Ii]nterface|subinterface) (?<ifname>\S+) is now (?<_state>up|down)\b(?: for reason: (?<reason>.*\S))?]=],
  emit = "link.{_state}", kinds = updown,
  map = { oper = "{_state}", layer = "link" },
}

-- Brocade/Ruckus: "Interface ethernet 1/1/36, state down".
normalize "netiron-link" {
  from = "syslog",
  pattern = [=[^ *(?:System: ?)?Interface (?:ethernet (?=mgmt))?(?<_type>[A-Za-z]+) ?(?<_port>[\w/:.]*), state (?<_state>up|down)\b]=],
  emit = "link.{_state}", kinds = updown,
  map = { ifname = "{_type}{_port}", oper = "{_state}", layer = "link" },
}
normalize "fastiron-logical-link" {
  from = "syslog",
  pattern = [=[^ *(?:System: ?)?Logical link on interface (?<_type>[A-Za-z]+) ?(?<_port>[\w/:]*) is (?<_state>up|down)\b]=],
  emit = "link.{_state}", kinds = updown,
  map = { ifname = "{_type}{_port}", oper = "{_state}", layer = "protocol" },
}
-- Brocade VDX, Extreme SLX: "[NSM-1003], ..., Interface Ethernet 0/1 is link
-- down.", in the RFC 5424 form without the words before.
local nsm = [=[(?:^|\bNSM-1\d+\b.*[,\]] (?:BOM ?)?)Interface ]=] .. name

normalize "nos-link-up" {
  from = "syslog", pattern = nsm .. [=[ is online\b]=],
  emit = "link.up", map = { ifname = named, oper = "up", layer = "link" },
}
for _, layer in ipairs { "link", "protocol" } do
  normalize("nos-" .. layer .. "-down") {
    from = "syslog", pattern = nsm .. " is " .. layer .. [=[ down\b]=],
    emit = "link.down",
    map = { ifname = named, oper = "down", layer = layer },
  }
end
normalize "nos-shut" {
  from = "syslog", pattern = nsm .. [=[ is administratively down\b]=],
  emit = "link.down",
  map = { ifname = named, admin = "down", oper = "down", layer = "link" },
}

-- Dell OS9 (FTOS): "Changed interface state to down: Te 0/12", and OS10:
-- "%IFM_OSTATE_DN: Interface operational state is down :ethernet1/1/5".
normalize "ftos-link" {
  from = "syslog",
  pattern = head .. "Changed interface state to (?<_state>up|down): " .. name,
  emit = "link.{_state}", kinds = updown,
  map = { ifname = named, oper = "{_state}", layer = "link" },
}
normalize "ftos-shut" {
  from = "syslog",
  pattern = head .. "Changed interface Admin state to down: " .. name,
  emit = "link.down",
  map = { ifname = named, admin = "down", oper = "down", layer = "link" },
}
normalize "os10-link" {
  from = "syslog",
  pattern = [=[^(?:Node\.[^%]*)?%IFM_OSTATE_(?:UP|DN): Interface operational state is (?<_state>up|down) ?: ?(?<ifname>\S+)]=],
  emit = "link.{_state}", kinds = updown,
  map = { oper = "{_state}", layer = "link" },
}
normalize "os10-shut" {
  from = "syslog",
  pattern = [=[^(?:Node\.[^%]*)?%IFM_ASTATE_DN: Interface admin state (?:is )?down ?: ?(?<ifname>\S+)]=],
  emit = "link.down",
  map = { admin = "down", oper = "down", layer = "link" },
}

normalize "sonic-host-interface" {
  from = "syslog",
  pattern = [=[^ *(?:[A-Z]+ \S+: )?[ :-]*(?:\w+: )?Set operation status (?<_state>UP|DOWN) to host interface (?<ifname>\S+)]=],
  emit = "link.{_state:lower}", kinds = updown,
  map = { oper = "{_state:lower}", layer = "link" },
}
normalize "sonic-port" {
  from = "syslog",
  pattern = [=[^ *(?:[A-Z]+ \S+: )?[ :-]*(?:\w+: )?Port (?<ifname>\S+) oper state set from \w+ to (?<_state>up|down)\b]=],
  emit = "link.{_state}", kinds = updown,
  map = { oper = "{_state}", layer = "link" },
}

-- Aruba CX; HPE ProCurve says "port 12 is now off-line".
normalize "aruba-cx-link" {
  from = "syslog",
  pattern = [=[^(?:Event\|.*\|)?Link status for interface (?<ifname>\S+) is (?<_state>up|down)\b]=],
  emit = "link.{_state}", kinds = updown,
  map = { oper = "{_state}", layer = "link" },
}
local procurve = [=[^ *(?:[DEIMW] [\d/]+ [\d:]+ )?(?:\d{5} )?(?:ports: *)?(?:[\w-]+: +)?]=]

normalize "procurve-port-down" {
  from = "syslog",
  pattern = procurve .. [=[port (?<ifname>[A-Z]?[\w/]*\d)(?: in \S+)? is now off-line\b]=],
  emit = "link.down",
  map = { oper = "down", layer = "link" },
}
normalize "procurve-port-up" {
  from = "syslog",
  pattern = procurve .. [=[port (?<ifname>[A-Z]?[\w/]*\d)(?: in \S+)? is now on-line\b]=],
  emit = "link.up",
  map = { oper = "up", layer = "link" },
}
normalize "procurve-trunk-down" {
  from = "syslog",
  pattern = procurve .. [=[[Tt]runk (?<ifname>[\w-]+) is now inactive\b]=],
  emit = "link.down",
  map = { oper = "down", layer = "link" },
}
normalize "procurve-trunk-up" {
  from = "syslog",
  pattern = procurve .. [=[[Tt]runk (?<ifname>[\w-]+) is now active\b]=],
  emit = "link.up",
  map = { oper = "up", layer = "link" },
}

-- "port 3 status changed from 100fdx to down", and back.
normalize "meraki-port-down" {
  from = "syslog",
  pattern = [=[^(?:(?:[\d.]+ )?(?:[\w.-]+ )?events )?port (?<ifname>\w+) status changed from (?!down\b)\w+ to down\b]=],
  emit = "link.down",
  map = { oper = "down", layer = "link" },
}
normalize "meraki-port-up" {
  from = "syslog",
  pattern = [=[^(?:(?:[\d.]+ )?(?:[\w.-]+ )?events )?port (?<ifname>\w+) status changed from down to (?!down\b)\w+]=],
  emit = "link.up",
  map = { oper = "up", layer = "link" },
}
