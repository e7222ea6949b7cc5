-- SPDX-License-Identifier: ISC
test "psu observes: no ticket, and the notices say so" {
  at "0s"  { "power.fail", device = "sw1", unit = "PS 1" },
  at "12s" { expect.would "psu" { "http.post" }, expect.count "http.post" { 0 },
             expect.notified "noc" { "[observe]", "sw1: PS 1 failed" } },
  at "15m" { expect.notified "oncall" { "sw1: PS 1 failed" } },
}

test "psu, made active, opens one ticket and stops when power is back" {
  active = "psu",
  stub { ["http.post"] = { status = 201, body = { id = 7 } } },
  at "0s"  { "snmp.trap", device = "sw1", trust = "high",
             snmp = { trap = "ciscoEnvMonSuppStatusChangeNotif",
                      varbinds = { ["ciscoEnvMonSupplyStatusDescr.1"] = "PS 1", ["ciscoEnvMonSupplyState.1"] = "critical" } } },
  at "11s" { expect.kind "power.fail", expect.count "http.post" { 1 }, expect.notified "noc" { "PS 1 failed" } },
  at "5m"  { "power.ok", device = "sw1", unit = "PS 1" },
  at "2h"  { expect.run "psu" { state = "Succeeded" }, expect.notified "oncall" { 0 } },
}

test "psu tells people when there can be no ticket" {
  active = "psu",
  stub { ["http.post"] = { error = "permanent", code = "403", message = "Forbidden" } },
  at "0s"  { "power.fail", device = "sw1", unit = "PS 1" },
  at "12s" { expect.notified "oncall" { "no ticket: Forbidden" } },
}

test "a supply that is swapped in ten seconds is nobody's business" {
  at "0s" { "power.fail", device = "sw1", unit = "PS 1" },
  at "6s" { "power.ok", device = "sw1", unit = "PS 1" },
  at "1h" { expect.cancelled "psu", expect.no_run "psu", expect.count "notices" { 0 } },
}
