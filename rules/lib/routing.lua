-- SPDX-License-Identifier: ISC
-- Neighbours of routing protocols, from syslog.
--
-- bgp.down/up { peer, peer_as, vrf, state, was, reason }: down means "not
-- Established"; `was` is the state before, when the device tells it, so a
-- rule that wants only sessions lost says was = either "Established" or
-- absent (rules/bgp.lua does).  bgp.error: a session was refused or is in
-- danger, which says nothing about whether another one is up.

-- What may be left of a header before the mnemonic, as in lib/link.lua.
local left = [=[ *(?:(?:\S+ )?\d{1,11}: )?(?:[\w.-]+: )?(?:[A-Z][a-z][a-z] [ \d]\d [\d:.]+: )?(?:%\$ ?VDC-\d+ ?%\$ |%\w+-[A-Z]:\w+ )?]=]
local function bgp(name)
  local text = [=[%(?:ROUTING-)?BGP-(?:\w+-)?[0-7]-]=] .. name

  return { either {
    { ["syslog.tag"] = re("^" .. text .. "$") },
    { ["syslog.message"] = re("^" .. left .. text .. " ?:") },
  } }
end

-- An address, possibly with its zone; "*" is a peer of a listen range.
local peer = [=[(?<peer>[0-9A-Fa-f.:]*[0-9A-Fa-f](?:%[\w./-]+)?)]=]

-- IOS "neighbor 10.1.1.1 vpn vrf RED Down Peer closed the session", IOS XR
-- "neighbor 10.1.1.1 Down - BGP Notification sent (VRF: RED) (AS: 65001)",
-- NX-OS "bgp-65000 [4321] (default) neighbor 10.1.1.1 Down - ...", ASA.
local adjchange = { either {
  bgp "ADJCHANGE(?:_DETAIL)?",
  { ["syslog.tag"] = re [=[^%(?:ASA|FTD)-(?:\w+-)?[0-7]-418018$]=] },
} }
local neighbor = [=[(?: \((?<_vrf>[^)\s]+)\) |\b)neighbor \*?]=] .. peer .. [=[(?: \([^)]*\)| \(?\S+\)?)??(?: vpn vrf (?<vrf>\S+))? ]=]
local xr = [=[\s*(?:\(VRF: (?<_vrf2>[^);]+)[^)]*\))?\s*(?:\(AS: (?<peer_as>[\d.]+)\))?]=]
local vrfs = { "vrf", "_vrf", "_vrf2" }

normalize "cisco-bgp-down" {
  from = "syslog", where = adjchange,
  pattern = neighbor .. [=[Down\b(?:[ -]*(?<reason>(?!\(VRF: |\(AS: )[^ -].*?))?]=] .. xr .. [=[\s*$]=],
  emit = "bgp.down",
  map = { vrf = vrfs },
}
normalize "cisco-bgp-up" {
  from = "syslog", where = adjchange,
  pattern = neighbor .. [=[Up\b]=] .. xr,
  emit = "bgp.up",
  map = { vrf = vrfs, state = "Established" },
}
-- Dell OS9: "Connection with neighbor 10.1.1.1 closed. Hold time expired".
normalize "ftos-bgp-up" {
  from = "syslog", where = adjchange,
  pattern = [=[\b[Nn]eighbor ]=] .. peer .. [=[ [Ee]stablished\b]=],
  emit = "bgp.up",
  map = { state = "Established" },
}
normalize "ftos-bgp-down" {
  from = "syslog", where = adjchange,
  pattern = [=[\bConnection with neighbor ]=] .. peer .. [=[ closed\b\.? *(?<reason>\S.*)?]=],
  emit = "bgp.down",
}
local eos = [=[^(?:.*: )?peer (?<peer>\S+) \((?:(?:VRF|[Vv]rf) (?<vrf>\S+) )?AS (?<peer_as>[\d.]+)\) old state (?<was>\w+) event (?<reason>\w+) new state ]=]

normalize "eos-bgp-up" {
  from = "syslog", where = adjchange,
  pattern = eos .. [=[(?<state>Established)]=],
  emit = "bgp.up",
}
normalize "eos-bgp-down" {
  from = "syslog", where = adjchange,
  pattern = eos .. [=[(?<state>(?!Established)\w+)]=],
  emit = "bgp.down",
}
-- A NOTIFICATION closes the session (RFC 4271 §6), but for the second
-- connection to a peer that the collision rule ends: Cease/5 and Cease/7.
-- "active" and "passive" are connections that are no session yet.
local notified = [=[(?:sent to|received from) neighbor \*?]=] .. peer .. [=[(?: \((?:(?:VRF|[Vv]rf) (?<vrf>\S+) )?AS (?<peer_as>[\d.]+)\))? ]=]
local code = [=[(?!6/[57]\b)(?<reason>\d+/\d+ \([^)]*\))]=]

normalize "cisco-bgp-notification" {
  from = "syslog", where = bgp "NOTIFICATION",
  pattern = notified .. code,
  emit = "bgp.down",
}
normalize "cisco-bgp-refused" {
  from = "syslog", where = bgp "NOTIFICATION",
  pattern = notified .. [=[(?:active|passive) ]=] .. code,
  emit = "bgp.error",
}
normalize "cisco-bgp-reset" {
  from = "syslog", where = bgp "NBR_RESET",
  pattern = [=[\bNeighbor \*?]=] .. peer .. [=[ reset \((?<reason>[^)]*)\)]=],
  emit = "bgp.down",
}
normalize "cisco-bgp-attempt" {
  from = "syslog", where = bgp "NBR_RESET",
  pattern = [=[\bNeighbor \*?]=] .. peer .. [=[ (?:active|passive) reset \((?<reason>[^)]*)\)]=],
  emit = "bgp.error",
}

-- Junos: the tag may have the explicit priority before it; the brief
-- structured form has no text, only peer-name="10.1.1.1 (External AS 65001)".
local changed = "(?:%\\w+-[0-7]-)?RPD_BGP_NEIGHBOR_STATE_CHANGED"
local junos_left = [=[^ *(?:(?:\([^()]*\) |[\w.-]+:)?[\w.-]+\[\d+\]: )?]=]
local junos_tag = { either {
  { ["syslog.tag"] = re("^" .. changed .. "$") },
  { ["syslog.message"] = re(junos_left .. changed .. ": ") },
} }
local junos_peer = [=[peer ]=] .. peer .. [=[(?:\+\d+)? \((?:\w+ )?AS (?<peer_as>[\d.]+)\) ]=]
local junos = "(?:^|CHANGED: )BGP " .. junos_peer .. [=[(?:\(instance (?<_vrf>[^)\s]+)\) )?changed state from (?<was>\w+) to ]=]
local junos_after = [=[(?: \(event (?<reason>\w+)\))?(?: \(instance (?<vrf>[^)\s]+)\))?]=]
local junos_event = "^bgp_event: " .. junos_peer .. [=[old state (?<was>\w+) event (?<reason>\w+) new state ]=]

for _, one in ipairs {
  { "up", [=[(?<state>Established)\b]=], [=[ new-state="Established"]=] },
  { "down", [=[(?<state>(?!Established\b)\w+)]=], [=[ new-state="(?!Established")]=] },
} do
  normalize("junos-bgp-" .. one[1]) {
    from = "syslog", where = junos_tag,
    pattern = junos .. one[2] .. junos_after,
    emit = "bgp." .. one[1],
    map = { vrf = { "vrf", "_vrf" } },
  }
  normalize("junos-bgp-event-" .. one[1]) {
    from = "syslog", app = "rpd",
    pattern = junos_event .. one[2],
    emit = "bgp." .. one[1],
  }
  normalize("junos-bgp-data-" .. one[1]) {
    from = "syslog",
    where = {
      ["syslog.tag"] = re("^" .. changed .. "$"),
      raw = re([=[ peer-name="[0-9A-Fa-f.:]+[^"]*".*]=] .. one[3]),
    },
    emit = "bgp." .. one[1],
    map = function(ev)
      local raw = ev.raw or ""

      return {
        peer = raw:match(' peer%-name="([%x.:]+)'),
        peer_as = raw:match(' peer%-name="[^"]*AS ([%d.]+)'),
        was = raw:match(' old%-state="(%a+)"'),
        state = raw:match(' new%-state="(%a+)"'),
        reason = raw:match(' state%-event="(%a+)"'),
        vrf = raw:match(' instance%-name="([^"]+)"'),
      }
    end,
  }
end
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

-- FRR: "%MAXPFX: No. of IPv4 Unicast prefix received from 10.1.1.1 751, ...".
local frr = [=[^ *(?:\[[\w-]+\] )?(?:BGP: )?]=]

normalize "frr-bgp-prefixes" {
  from = "syslog",
  pattern = frr .. [=[%MAXPFX(?:EXCEED)?: (?<reason>.*?received from ]=] .. peer .. [=[(?!\S).*)]=],
  emit = "bgp.error",
}

-- Brocade NetIron: "Peer (VRF: RED) 10.65.5.25 UP (ESTABLISHED)".
normalize "netiron-bgp" {
  from = "syslog",
  pattern = [=[^ *(?:BGP:? )?Peer (?:\(VRF: (?<vrf>[^)]+)\) )?(?<peer>[0-9A-Fa-f.:]+) (?<_state>UP|DOWN) \((?<reason>[^)]*)\)]=],
  emit = "bgp.{_state:lower}", kinds = { "bgp.up", "bgp.down" },
}
-- FRR, SONiC, Cumulus: "%ADJCHANGE: neighbor 10.0.0.1(spine1) in vrf default
-- Up"; Quagga: without name and VRF.  Unnumbered peers are interfaces.
normalize "frr-bgp" {
  from = "syslog",
  pattern = frr .. [=[%ADJCHANGE: neighbor (?<peer>[^\s(]+)(?:\([^)]*\))?(?: in vrf (?<vrf>\S+))? (?<_state>Up|Down)\b *(?<reason>\S.*)?]=],
  emit = "bgp.{_state:lower}", kinds = { "bgp.up", "bgp.down" },
}
normalize "frr-bgp-notification" {
  from = "syslog",
  pattern = frr .. [=[%NOTIFICATION(?:\([^)]*\))?: ]=] .. notified .. code,
  emit = "bgp.down",
}
normalize "viptela-bgp-up" {
  from = "syslog",
  pattern = [=[^Notification: .*\bbgp-peer-state-change\b.* peer:(?<peer>\S+) bgp-new-state:(?<state>established)\b]=],
  emit = "bgp.up",
}
normalize "viptela-bgp-down" {
  from = "syslog",
  pattern = [=[^Notification: .*\bbgp-peer-state-change\b.* peer:(?<peer>\S+) bgp-new-state:(?<state>(?!established\b)[\w-]+)]=],
  emit = "bgp.down",
}
normalize "os10-bgp-up" {
  from = "syslog",
  pattern = [=[^(?:Node\.[^%]*)?%BGP_NBR_ESTAB\w*: .*\bNbr: ?]=] .. peer .. [=[(?: VRF: ?(?<vrf>\S+))?]=],
  emit = "bgp.up",
  map = { state = "Established" },
}
normalize "os10-bgp-down" {
  from = "syslog",
  pattern = [=[^(?:Node\.[^%]*)?%BGP_NBR_BKWD_STATE_CHG: Backward state change occurred (?<reason>.*?) for Nbr: ?]=] .. peer .. [=[(?: VRF: ?(?<vrf>\S+))?]=],
  emit = "bgp.down",
}
normalize "fortios-bgp" {
  from = "syslog",
  pattern = [=[\blogdesc="BGP neighbor status changed".*\bneighbor ]=] .. peer .. [=[ (?<_state>Up|Down)\b *(?<reason>[^"]*[^"\s])?]=],
  emit = "bgp.{_state:lower}", kinds = { "bgp.up", "bgp.down" },
}
normalize "panos-bgp-up" {
  from = "syslog",
  pattern = [=[,routed-BGP-peer-enter-established,.*\bpeer IP: ]=] .. peer,
  emit = "bgp.up",
  map = { state = "Established" },
}
normalize "panos-bgp-down" {
  from = "syslog",
  pattern = [=[,routed-BGP-peer-left-established,.*\bpeer IP: ]=] .. peer,
  emit = "bgp.down",
  map = { was = "Established" },
}
-- OpenBGPD: "neighbor 10.1.1.1 (x) AS65001: state change Established -> Idle".
local openbgpd = [=[^neighbor ]=] .. peer .. [=[(?: \([^)]*\))?(?: AS(?<peer_as>[\d.]+))?: state change (?<was>\w+) -> ]=]

normalize "openbgpd-up" {
  from = "syslog", app = "bgpd",
  pattern = openbgpd .. [=[(?<state>Established)\b(?:, reason: (?<reason>.*\S))?]=],
  emit = "bgp.up",
}
normalize "openbgpd-down" {
  from = "syslog", app = "bgpd",
  pattern = openbgpd .. [=[(?<state>(?!Established\b)\w+)(?:, reason: (?<reason>.*\S))?]=],
  emit = "bgp.down",
}
-- Huawei VRP, H3C Comware and others: "... from ESTABLISHED to IDLE.
-- (InstanceName=vpn1, StateChangeReason=...)", "BGP.vpn1: 10.1.1.1 state ...".
local vrp = [=[(?:[Pp]eer |BGP\.(?<_vrf>[^:\s]+)?: |: |^)(?<peer>[0-9A-Fa-f.:]*[0-9A-Fa-f]) (?:[Ss]tate )?(?:has )?(?:is )?changed from (?<was>\w+) to ]=]
local vrp_after = [=[(?:.*\bInstanceName=(?<vrf>[^,)]+))?(?:.*\bStateChangeReason=(?<reason>[^,)]+))?]=]
local vrp_tag = { either {
  { ["syslog.tag"] = re [=[^%%\d\dBGP/\d/]=] },
  { ["syslog.message"] = re [=[^ *(?:\d{4} )?(?:[\w.-]+ )?%%\d\dBGP/\d/]=] },
} }

normalize "vrp-bgp-up" {
  from = "syslog", where = vrp_tag,
  pattern = vrp .. [=[(?<state>ESTABLISHED|[Ee]stablished)\b]=] .. vrp_after,
  emit = "bgp.up",
  map = { vrf = { "vrf", "_vrf" } },
}
normalize "vrp-bgp-down" {
  from = "syslog", where = vrp_tag,
  pattern = vrp .. [=[(?<state>(?!ESTABLISHED\b|[Ee]stablished\b)\w+)]=] .. vrp_after,
  emit = "bgp.down",
  map = { vrf = { "vrf", "_vrf" } },
}
-- The notification as text: "The BGP FSM enters the established state.
-- (BgpPeerRemoteAddr=10.1.1.1, ...)".
normalize "vrp-bgp-trap-up" {
  from = "syslog", where = vrp_tag,
  pattern = [=[\bBGP FSM enter(?:s|ed) the [Ee]stablished state\b.*Peer\w*Addr\w*=]=] .. peer,
  emit = "bgp.up",
  map = { state = "Established" },
}
normalize "vrp-bgp-trap-down" {
  from = "syslog", where = vrp_tag,
  pattern = [=[\bBGP FSM moves? from a higher numbered state to a lower\b.*Peer\w*Addr\w*=]=] .. peer,
  emit = "bgp.down",
}
-- Nokia SR OS and SR Linux.
normalize "sros-bgp-up" {
  from = "syslog",
  pattern = [=[^ *\d+ [\w/:. -]{1,80}-(?:bgp|tBgp\w*)Established-\d+ .*\bPeer ]=] .. peer .. [=[: moved into (?<state>established)]=],
  emit = "bgp.up",
}
normalize "sros-bgp-down" {
  from = "syslog",
  pattern = [=[^ *\d+ [\w/:. -]{1,80}-(?:bgp|tBgp\w*)BackwardTransition-\d+ .*\bPeer ]=] .. peer .. [=[: moved from higher state (?<was>\w+) to lower state (?<state>\w+)(?: due to (?<reason>.*))?]=],
  emit = "bgp.down",
}
local srl = [=[^ *(?:[\w|]+: )?In network-instance (?<vrf>\S+), the BGP session with (?<peer>\S+) moved ]=]

normalize "srl-bgp-up" {
  from = "syslog",
  pattern = srl .. [=[into the (?<state>ESTABLISHED) state]=],
  emit = "bgp.up",
}
normalize "srl-bgp-down" {
  from = "syslog",
  pattern = srl .. [=[from higher state (?<was>\w+) to lower state (?<state>\w+)(?: due to (?<reason>.*))?]=],
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
