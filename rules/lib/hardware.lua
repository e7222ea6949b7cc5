-- SPDX-License-Identifier: ISC
-- The device itself, from syslog: ports that it shut, power, fans, warmth,
-- modules, restarts, and the neighbourhood (spanning tree, MAC moves, NTP).

-- ---- port.errdisable { ifname, reason } ----
normalize "cisco-errdisable" {
  from = "syslog",
  where = { ["syslog.tag"] = re [=[^%PM-(?:\w+-)?[0-7]-ERR_DISABLE(?:_VP)?$]=] },
  pattern = [=[^(?<reason>\S+) error detected on (?<ifname>[^\s,]+), putting]=],
  emit = "port.errdisable",
}
normalize "nxos-errdisable" {
  from = "syslog",
  where = { ["syslog.tag"] = re [=[^%(?:ETHPORT|PORT|ETHPM)-(?:\w+-)?[0-7]-IF_DOWN_ERROR_DISABLED$]=] },
  pattern = [=[Interface (?<ifname>[^\s,]+) is down\s*\(Error disabled\.? Reason:\s*(?<reason>[^)]*)\)]=],
  emit = "port.errdisable",
}
normalize "cisco-bpduguard" {
  from = "syslog",
  where = { ["syslog.tag"] = re [=[^%(?:SPANTREE|STP)-(?:\w+-)?[0-7]-BLOCK_BPDUGUARD$]=] },
  pattern = [=[^Received BPDU on port (?<ifname>\S+) with BPDU Guard enabled]=],
  emit = "port.errdisable",
  map = { reason = "bpduguard" },
}
normalize "cisco-udld" {
  from = "syslog",
  where = { ["syslog.tag"] = re [=[^%UDLD-(?:\w+-)?[0-7]-UDLD_PORT_DISABLED$]=] },
  pattern = [=[disabled interface (?<ifname>[^\s,]+)]=],
  emit = "port.errdisable",
  map = { reason = "udld" },
}
normalize "eos-errdisable" {
  from = "syslog",
  where = { ["syslog.tag"] = re [=[^%ETH-[0-7]-ERRDISABLE$]=] },
  pattern = [=[^(?<reason>\S+) error detected on (?<ifname>[^\s,]*[^\s,.])]=],
  emit = "port.errdisable",
}
normalize "junos-bpdu-block" {
  from = "syslog",
  where = { ["syslog.tag"] = re [=[^(?:ESWD|L2CPD)_\w*BPDU_BLOCK_ERROR_ENABLED$]=] },
  pattern = [=[^(?<ifname>\S+?): bpdu-block enabled]=],
  emit = "port.errdisable",
  map = { reason = "bpdu-block" },
}

-- ---- power.fail/ok, fan.fail/ok { unit, reason } ----
normalize "cisco-pem-fail" {
  from = "syslog",
  where = { ["syslog.tag"] = re [=[^%(?:IOSXE_)?PEM-(?:\w+-)?[0-7]-PEMFAIL$]=] },
  pattern = [=[^The (?<unit>PEM in slot \S+) is (?<reason>.*\S)]=],
  emit = "power.fail",
}
normalize "cisco-pem-ok" {
  from = "syslog",
  where = { ["syslog.tag"] = re [=[^%(?:IOSXE_)?PEM-(?:\w+-)?[0-7]-PEMOK$]=] },
  pattern = [=[^The (?<unit>PEM in slot \S+) is functioning]=],
  emit = "power.ok",
}
normalize "cisco-pem-fan-fail" {
  from = "syslog",
  where = { ["syslog.tag"] = re [=[^%(?:IOSXE_)?PEM-(?:\w+-)?[0-7]-FANFAIL$]=] },
  pattern = [=[^The (?<unit>fan in slot \S+) is (?<reason>.*\S)]=],
  emit = "fan.fail",
}
normalize "cisco-pem-fan-ok" {
  from = "syslog",
  where = { ["syslog.tag"] = re [=[^%(?:IOSXE_)?PEM-(?:\w+-)?[0-7]-FANOK$]=] },
  pattern = [=[^The (?<unit>fan in slot \S+) is functioning]=],
  emit = "fan.ok",
}
local platform = prefix {
  "%PLATFORM-", "%PLATFORM_ENV-", "%C6KPWR-", "%C4K_IOSMODPORTMAN-", "%C4K_CHASSIS-",
  "%ENVMON-", "%ENVIRONMENT-", "%HARDWARE-", "%POWERSUPPLY-", "%PWRMGMT-",
}

normalize "cisco-power-fail" {
  from = "syslog",
  where = { ["syslog.tag"] = platform },
  pattern = [=[(?i)\b(?<unit>power ?supply(?: [A-Z]?\d+\w*| in slot \S+)?)\b[^,;]*?\b(?<reason>failed|failure|failing|faulty|shut ?down|turned off|no input|input lost|not functioning)\b]=],
  emit = "power.fail",
}
normalize "cisco-power-ok" {
  from = "syslog",
  where = { ["syslog.tag"] = platform },
  pattern = [=[(?i)\b(?<unit>power ?supply(?: [A-Z]?\d+\w*| in slot \S+)?)\b[^,;]*?\b(?:ok|okay|good|turned on|recovered|restored|functioning properly|operational)\b]=],
  emit = "power.ok",
}
normalize "cisco-fan-fail" {
  from = "syslog",
  where = { ["syslog.tag"] = platform },
  pattern = [=[(?i)\b(?<unit>fan(?: ?tray| module)?(?: [A-Z]?\d+\w*)?)\b[^;]*?\b(?<reason>failed|failure|failing|faulty|stopped|too slow|not functioning)\b]=],
  emit = "fan.fail",
}
normalize "cisco-fan-ok" {
  from = "syslog",
  where = { ["syslog.tag"] = platform },
  pattern = [=[(?i)\b(?<unit>fan(?: ?tray| module)?(?: [A-Z]?\d+\w*)?)\b[^;]*?\b(?:ok|okay|recovered|restored|functioning properly)\b]=],
  emit = "fan.ok",
}

-- Junos alarms: "Alarm set: Pwr supply color=YELLOW, class=CHASSIS,
-- reason=PEM 1 Not OK".  What says fan is a fan, wherever it turns.
local junos_alarm = [=[ color=\w+, class=CHASSIS, reason=(?<reason>.*\S)]=]

for _, one in ipairs {
  { "set", "fail" }, { "cleared", "ok" },
} do
  normalize("junos-fan-" .. one[2]) {
    from = "syslog",
    pattern = "^Alarm " .. one[1] .. [=[: (?:Fan|Blower|Pwr supply)[^,]* color=\w+, class=CHASSIS, reason=(?<reason>(?<unit>.*?\bFan\b(?: \d+)?).*)]=],
    emit = "fan." .. one[2],
  }
  normalize("junos-power-" .. one[2]) {
    from = "syslog",
    pattern = "^Alarm " .. one[1] .. [=[: Pwr supply color=\w+, class=CHASSIS, reason=(?<reason>(?<unit>(?:PEM|PSU|Power Supply) \d+)?.*\S)]=],
    emit = "power." .. one[2],
  }
end
normalize "junos-hot" {
  from = "syslog",
  pattern = "^Alarm set: (?<unit>Temp[^,]*?)" .. junos_alarm,
  emit = "temperature.high",
}
normalize "junos-cool" {
  from = "syslog",
  pattern = "^Alarm cleared: (?<unit>Temp[^,]*?)" .. junos_alarm,
  emit = "temperature.ok",
}

-- ---- temperature, modules ----
normalize "nxos-hot" {
  from = "syslog",
  where = { ["syslog.tag"] = re [=[^%PLATFORM-(?:\w+-)?[0-7]-MOD_TEMPM(?:IN|AJ)ALRM$]=] },
  pattern = [=[^(?<unit>Module[ -]?\S+) .*?Temperature ?= ?(?<_c>\d+)(?:.*?Threshold ?= ?(?<_t>\d+))?]=],
  emit = "temperature.high",
  map = { celsius = "{_c:int}", threshold = "{_t:int}" },
}
normalize "nxos-cool" {
  from = "syslog",
  where = { ["syslog.tag"] = re [=[^%PLATFORM-(?:\w+-)?[0-7]-MOD_TEMPOK$]=] },
  pattern = [=[^(?<unit>Module[ -]?\S+) ]=],
  emit = "temperature.ok",
}
normalize "cisco-module-down" {
  from = "syslog",
  where = { ["syslog.tag"] = re [=[^%MODULE-(?:\w+-)?[0-7]-MOD_(?:FAIL|DIAG_FAIL|PWRDN|REMOVE|MINORSWFAIL|NOTALIVE)$]=] },
  pattern = [=[(?i)(?<reason>.*(?<unit>\bmodule \d+).*\S)]=],
  emit = "module.down",
}
normalize "cisco-module-up" {
  from = "syslog",
  where = { ["syslog.tag"] = re [=[^%MODULE-(?:\w+-)?[0-7]-MOD_OK$]=] },
  pattern = [=[^(?<unit>Module \S+) is online]=],
  emit = "module.up",
}

-- ---- device.restart, device.reload ----
normalize "cisco-restart" {
  from = "syslog",
  where = { ["syslog.tag"] = re [=[^%SYS-(?:\w+-)?[0-7]-RESTART$]=] },
  emit = "device.restart",
}
normalize "cisco-restarted" {
  from = "syslog", tag = { "%SYS-5-SYSTEM_RESTARTED", "%PLATFORM-2-PFM_SYSTEM_RESET" },
  emit = "device.restart",
}
normalize "comware-restart" {
  from = "syslog",
  where = { ["syslog.tag"] = re [=[^%%\d\dSYSLOG/\d/SYSLOG_RESTART]=] },
  emit = "device.restart",
}
normalize "junos-restart" {
  from = "syslog", tag = { "SYSTEM_OPERATIONAL", "SYSTEM_REBOOT_EVENT" },
  emit = "device.restart",
}
normalize "cisco-reload" {
  from = "syslog",
  where = { ["syslog.tag"] = re [=[^%SYS-(?:\w+-)?[0-7]-RELOAD$]=] },
  pattern = [=[^Reload requested(?: by (?<user>[^.\s]+))?(?:.*Reload [Rr]eason: (?<reason>.*\S))?]=],
  emit = "device.reload",
}
normalize "fastpath-cold-start" {
  from = "syslog",
  pattern = [=[\bTRAPMGR: Cold Start\b]=],
  emit = "device.restart",
}
normalize "netiron-cold-start" {
  from = "syslog",
  pattern = [=[^(?:SYSTEM: )?Cold start\b]=],
  emit = "device.restart",
}
normalize "sros-cold-start" {
  from = "syslog",
  pattern = [=[-coldStart-\d+ \[]=],
  emit = "device.restart",
}

-- ---- round about ----
normalize "cisco-mac-flap" {
  from = "syslog",
  where = { ["syslog.tag"] = re [=[^%SW_MATM-(?:\w+-)?[0-7]-MACFLAP_NOTIF$|^%ETH-[0-7]-HOST_FLAPPING$]=] },
  pattern = [=[^Host (?<mac>\S+) in (?:vlan|VLAN) (?<_vlan>\d+) is flapping between (?:port|interface) (?<ifname>[^\s,]+)]=],
  emit = "mac.move",
  map = { vlan = "{_vlan:int}" },
}
normalize "nxos-mac-move" {
  from = "syslog",
  where = { ["syslog.tag"] = re [=[^%L2FM-(?:\w+-)?[0-7]-L2FM_MAC_MOVE]=] },
  pattern = [=[^Mac (?<mac>\S+) in vlan (?<_vlan>\d+) has moved from\s+(?<reason>\S+) to\s+(?<ifname>\S+)]=],
  emit = "mac.move",
  map = { vlan = "{_vlan:int}" },
}
normalize "iosxr-ntp-lost" {
  from = "syslog",
  pattern = [=[\bSynchronization lost : (?<peer>\S+) : (?<reason>.*\S)]=],
  emit = "ntp.lost",
}
normalize "junos-ntp-lost" {
  from = "syslog",
  pattern = [=[^NTP Server (?<peer>\S+) is Unreachable\b]=],
  emit = "ntp.lost",
}
