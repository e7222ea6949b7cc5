-- SPDX-License-Identifier: ISC
-- Canonical events from SNMP notifications.  A text in `map` is an object of
-- the notification; "bgpPeerState.index" is the instance it came with and
-- "….index.1" that instance's first number; of a list the first with a value
-- counts.

-- ---- IF-MIB ----
local interface = {
  ifindex = { "ifIndex", "ifAdminStatus.index.1", "ifOperStatus.index.1", "ifDescr.index.1" },
  ifname = { "ifName", "ifDescr", "locIfDescr" },
  admin = "ifAdminStatus",
  oper = "ifOperStatus",
  iftype = "ifType",
  reason = "locIfReason",
  layer = "link",
}

normalize "trap-link-down" {
  from = "snmp.trap", trap = { "linkDown", "cieLinkDown" },
  emit = "link.down", severity = "err", map = interface,
}
normalize "trap-link-up" {
  from = "snmp.trap", trap = { "linkUp", "cieLinkUp" },
  emit = "link.up", severity = "notice", map = interface,
}
normalize "trap-errdisable" {
  from = "snmp.trap", trap = { "cErrDisableInterfaceEvent", "cErrDisableInterfaceEventRev1" },
  emit = "port.errdisable", severity = "warning",
  map = {
    ifindex = { "ifIndex", "cErrDisableIfStatusCause.index.1" },
    ifname = { "ifName", "ifDescr" },
    reason = "cErrDisableIfStatusCause",
  },
}

-- ---- BGP: the peer is the instance of its row ----
local peer = {
  peer = { "bgpPeerRemoteAddr", "bgpPeerState.index", "bgpPeerLastError.index", "cbgpPeerLastErrorTxt.index" },
  peer_as = "bgpPeerRemoteAs",
  state = "bgpPeerState",
  was = "cbgpPeerPrevState",
  reason = { "cbgpPeerLastErrorTxt", "bgpPeerLastError" },
}

normalize "trap-bgp-up" {
  from = "snmp.trap", trap = { "bgpEstablished", "bgpEstablishedNotification" },
  emit = "bgp.up", severity = "notice", map = peer,
}
normalize "trap-bgp-down" {
  from = "snmp.trap", trap = { "bgpBackwardTransition", "bgpBackwardTransNotification", "cbgpBackwardTransition" },
  emit = "bgp.down", severity = "err", map = peer,
}
-- The index is the address type, its length and the address itself.
local function peer2(ev)
  local text = ev["snmp.varbinds.cbgpPeer2State.index"] or ""
  local kind, len, rest = text:match("^(%d+)%.(%d+)%.(.+)$")
  if kind == "1" and len == "4" then
    return { peer = rest }
  end
  if kind == "2" and len == "16" then
    local words, hi = {}, nil
    for byte in rest:gmatch("%d+") do
      if hi then
        words[#words + 1] = string.format("%x", hi * 256 + tonumber(byte))
        hi = nil
      else
        hi = tonumber(byte)
      end
    end
    return { peer = table.concat(words, ":") }
  end
  return {}
end

normalize "trap-bgp2-up" {
  from = "snmp.trap", trap = "cbgpPeer2EstablishedNotification",
  emit = "bgp.up", severity = "notice", map = peer2,
}
normalize "trap-bgp2-down" {
  from = "snmp.trap", trap = { "cbgpPeer2BackwardTransNotification", "cbgpPeer2BackwardTransition" },
  emit = "bgp.down", severity = "err", map = peer2,
}

-- ---- other neighbours ----
local neighbor = {
  neighbor = { "ospfNbrIpAddr", "ospfNbrRtrId" },
  state = "ospfNbrState",
}

normalize "trap-ospf-up" {
  from = "snmp.trap", trap = "ospfNbrStateChange",
  where = { ["snmp.varbinds.ospfNbrState"] = any { "full", 8 } },
  emit = "ospf.up", severity = "notice", map = neighbor,
}
normalize "trap-ospf-down" {
  from = "snmp.trap", trap = "ospfNbrStateChange",
  where = { ["snmp.varbinds.ospfNbrState"] = any { "down", 1 } },
  emit = "ospf.down", severity = "err", map = neighbor,
}
normalize "trap-isis-down" {
  from = "snmp.trap", trap = "isisAdjacencyChange",
  where = { ["snmp.varbinds.isisAdjState"] = any { "down", "failed" } },
  emit = "isis.down", severity = "err", map = { state = "isisAdjState" },
}
normalize "trap-isis-up" {
  from = "snmp.trap", trap = "isisAdjacencyChange",
  where = { ["snmp.varbinds.isisAdjState"] = "up" },
  emit = "isis.up", severity = "notice", map = { state = "isisAdjState" },
}
normalize "trap-bfd-down" {
  from = "snmp.trap", trap = "bfdSessDown",
  emit = "bfd.down", severity = "err", map = { reason = "bfdSessDiag" },
}
normalize "trap-bfd-up" {
  from = "snmp.trap", trap = "bfdSessUp",
  emit = "bfd.up", severity = "notice",
}

-- ---- people ----
normalize "trap-cisco-config" { -- saving the configuration changes nothing
  from = "snmp.trap", trap = "ciscoConfigManEvent",
  where = either {
    { ["snmp.varbinds.ccmHistoryEventConfigDestination"] = any { "running", "commandSource", "local" } },
    { ["snmp.varbinds.ccmHistoryEventConfigDestination"] = absent },
  },
  emit = "config.change", severity = "notice",
  map = { method = "ccmHistoryEventCommandSource", user = "ccmHistoryEventTerminalUser" },
}
normalize "trap-cisco-config-cli" {
  from = "snmp.trap", trap = "ccmCLIRunningConfigChanged",
  emit = "config.change", severity = "notice",
  map = { user = "ccmHistoryEventTerminalUser" },
}
normalize "trap-arista-config" {
  from = "snmp.trap", trap = "aristaConfigManEvent",
  emit = "config.change", severity = "notice",
}
normalize "trap-junos-config" {
  from = "snmp.trap", trap = "jnxCmCfgChange",
  emit = "config.change", severity = "notice",
  map = {
    user = "jnxCmCfgChgEventUser",
    method = "jnxCmCfgChgEventSource",
    command = "jnxCmCfgChgEventLog",
  },
}
normalize "trap-authentication-failure" {
  from = "snmp.trap", trap = "authenticationFailure",
  emit = "login.failed", severity = "warning",
  map = { method = "snmp" },
}

-- ---- the device ----
-- Net-SNMP says coldStart whenever its own process starts: that is the agent,
-- not the host.
local netsnmp = oid_under "1.3.6.1.4.1.8072.3.2"

normalize "trap-agent-restart" {
  from = "snmp.trap", trap = { "coldStart", "warmStart", "nsNotifyRestart" },
  where = either { { ["snmp.enterprise"] = netsnmp }, { ["snmp.trap"] = "nsNotifyRestart" } },
  emit = "agent.restart", severity = "notice",
}
normalize "trap-restart" {
  from = "snmp.trap", trap = { "coldStart", "warmStart" },
  emit = "device.restart", severity = "warning",
  map = { reason = "snmp.trap", uptime = "snmp.uptime" },
}

-- ---- power, fans, temperature: Cisco ----
local bad = none { "normal", 1 }

local function envmon(name, traps, what, state, fields)
  normalize(name .. "-" .. what[1]) {
    from = "snmp.trap", trap = traps,
    where = { ["snmp.varbinds." .. state] = bad },
    emit = what[1], severity = "err", map = fields,
  }
  normalize(name .. "-" .. what[2]) {
    from = "snmp.trap", trap = traps,
    where = { ["snmp.varbinds." .. state] = any { "normal", 1 } },
    emit = what[2], severity = "notice", map = fields,
  }
end

envmon("trap-envmon", { "ciscoEnvMonSuppStatusChangeNotif", "ciscoEnvMonRedundantSupplyNotification" },
  { "power.fail", "power.ok" }, "ciscoEnvMonSupplyState", {
  unit = { "ciscoEnvMonSupplyStatusDescr", "ciscoEnvMonSupplyState.index" },
  state = "ciscoEnvMonSupplyState",
})
envmon("trap-envmon", { "ciscoEnvMonFanStatusChangeNotif", "ciscoEnvMonFanNotification" },
  { "fan.fail", "fan.ok" }, "ciscoEnvMonFanState", {
  unit = { "ciscoEnvMonFanStatusDescr", "ciscoEnvMonFanState.index" },
  state = "ciscoEnvMonFanState",
})
envmon("trap-envmon", { "ciscoEnvMonTempStatusChangeNotif", "ciscoEnvMonTemperatureNotification" },
  { "temperature.high", "temperature.ok" }, "ciscoEnvMonTemperatureState", {
  unit = { "ciscoEnvMonTemperatureStatusDescr", "ciscoEnvMonTemperatureState.index" },
  state = "ciscoEnvMonTemperatureState",
  celsius = "ciscoEnvMonTemperatureStatusValue",
  threshold = "ciscoEnvMonTemperatureThreshold",
})

local cefc_power = {
  unit = { "entPhysicalName", "entPhysicalDescr", "cefcFRUPowerOperStatus.index" },
  state = "cefcFRUPowerOperStatus",
}
normalize "trap-cefc-power-ok" {
  from = "snmp.trap", trap = "cefcPowerStatusChange",
  where = { ["snmp.varbinds.cefcFRUPowerOperStatus"] = any { "on", 2 } },
  emit = "power.ok", severity = "notice", map = cefc_power,
}
normalize "trap-cefc-power-fail" { -- switched off by hand is no failure
  from = "snmp.trap", trap = "cefcPowerStatusChange",
  where = { ["snmp.varbinds.cefcFRUPowerOperStatus"] = none { "on", "offAdmin", 2, 3 } },
  emit = "power.fail", severity = "err", map = cefc_power,
}
local cefc_fan = {
  unit = { "entPhysicalName", "entPhysicalDescr", "cefcFanTrayOperStatus.index" },
  state = "cefcFanTrayOperStatus",
}
normalize "trap-cefc-fan-ok" {
  from = "snmp.trap", trap = "cefcFanTrayStatusChange",
  where = { ["snmp.varbinds.cefcFanTrayOperStatus"] = any { "up", 2 } },
  emit = "fan.ok", severity = "notice", map = cefc_fan,
}
normalize "trap-cefc-fan-fail" {
  from = "snmp.trap", trap = "cefcFanTrayStatusChange",
  where = { ["snmp.varbinds.cefcFanTrayOperStatus"] = any { "down", "warning", 3, 4 } },
  emit = "fan.fail", severity = "err", map = cefc_fan,
}
local cefc_module = {
  unit = { "entPhysicalName", "entPhysicalDescr", "cefcModuleOperStatus.index" },
  state = "cefcModuleOperStatus",
}
normalize "trap-cefc-module-up" {
  from = "snmp.trap", trap = "cefcModuleStatusChange",
  where = { ["snmp.varbinds.cefcModuleOperStatus"] = any { "ok", 2 } },
  emit = "module.up", severity = "notice", map = cefc_module,
}
normalize "trap-cefc-module-down" {
  from = "snmp.trap", trap = "cefcModuleStatusChange",
  where = { ["snmp.varbinds.cefcModuleOperStatus"] = any { "failed", "missing", "poweredDown", "outOfServiceEnvTemp" } },
  emit = "module.down", severity = "err", map = cefc_module,
}
normalize "trap-module-up" {
  from = "snmp.trap", trap = "moduleUp",
  emit = "module.up", severity = "notice", map = { unit = "moduleStatus.index", state = "moduleStatus" },
}
normalize "trap-module-down" {
  from = "snmp.trap", trap = "moduleDown",
  emit = "module.down", severity = "err", map = { unit = "moduleStatus.index", state = "moduleStatus" },
}

-- ---- Juniper ----
local jnx = {
  unit = { "jnxContentsDescr", "jnxFruName" },
  state = "jnxOperatingState",
}
for trap, kind in pairs {
  jnxPowerSupplyFailure = "power.fail", jnxPowerSupplyOK = "power.ok",
  jnxFanFailure = "fan.fail", jnxFanOK = "fan.ok",
} do
  normalize("trap-" .. trap) {
    from = "snmp.trap", trap = trap,
    emit = kind, severity = kind:match "fail" and "err" or "notice", map = jnx,
  }
end
for trap, kind in pairs {
  jnxOverTemperature = "temperature.high", jnxTemperatureOK = "temperature.ok",
} do
  normalize("trap-" .. trap) {
    from = "snmp.trap", trap = trap,
    emit = kind, severity = kind:match "high" and "err" or "notice",
    map = { unit = "jnxContentsDescr", celsius = "jnxOperatingTemp" },
  }
end
local fru = { unit = "jnxFruName", reason = "jnxFruOfflineReason" }

normalize "trap-jnx-fru-down" {
  from = "snmp.trap", trap = { "jnxFruFailed", "jnxFruOffline", "jnxFruPowerOff" },
  emit = "module.down", severity = "err", map = fru,
}
normalize "trap-jnx-fru-up" {
  from = "snmp.trap", trap = { "jnxFruOK", "jnxFruOnline", "jnxFruPowerOn" },
  emit = "module.up", severity = "notice", map = fru,
}

-- ---- UPS (RFC 1628): the mains are the unit that failed ----
normalize "trap-ups-on-battery" {
  from = "snmp.trap", trap = "upsTrapOnBattery",
  emit = "power.fail", severity = "alert", map = { unit = "mains", reason = "on battery" },
}
normalize "trap-ups-alarm" {
  from = "snmp.trap", trap = "upsTrapAlarmEntryAdded",
  where = { ["snmp.varbinds.upsAlarmDescr"] = any {
    "upsAlarmOnBattery", "upsAlarmInputBad", "1.3.6.1.2.1.33.1.6.3.2", "1.3.6.1.2.1.33.1.6.3.6" } },
  emit = "power.fail", severity = "alert", map = { unit = "mains", reason = "upsAlarmDescr" },
}
normalize "trap-ups-alarm-over" {
  from = "snmp.trap", trap = "upsTrapAlarmEntryRemoved",
  where = { ["snmp.varbinds.upsAlarmDescr"] = any {
    "upsAlarmOnBattery", "upsAlarmInputBad", "1.3.6.1.2.1.33.1.6.3.2", "1.3.6.1.2.1.33.1.6.3.6" } },
  emit = "power.ok", severity = "notice", map = { unit = "mains" },
}

-- ---- round about ----
normalize "trap-stp" {
  from = "snmp.trap", trap = { "newRoot", "topologyChange", "stpxInconsistencyUpdate",
    "stpxRootInconsistencyUpdate", "stpxLoopInconsistencyUpdate" },
  emit = "stp.change", severity = "notice", map = { reason = "snmp.trap" },
}
