-- SPDX-License-Identifier: ISC
local function alert(status)
  return {
    "webhook", hook = "alertmanager",
    body = { alerts = { {
      status = status, fingerprint = "f1",
      labels = { alertname = "HostDown", instance = "web1" },
      annotations = { summary = "web1 does not answer" },
    } } },
  }
end

test "an alert that stays is told, with its device" {
  at "0s"  (alert "firing"),
  at "1s"  { expect.kind "alert.firing", expect.field { device = "web1" } },
  at "3m"  { expect.notified "noc" { "HostDown on web1: web1 does not answer", 1 } },
}

test "one that resolves in time is not" {
  at "0s"  (alert "firing"),
  at "1m"  (alert "resolved"),
  at "10m" { expect.matched "alert", expect.count "notices" { 0 } },
}

test "the same post twice is one event" {
  at "0s" (alert "firing"),
  at "1s" (alert "firing"),
  at "2s" { expect.duplicate {} },
}

test "NetBox: ten changes of a VLAN are one push, on paper for now" {
  at "0s" { "webhook", hook = "netbox", times = 10, every = "1s",
            body = { model = "vlan", event = "updated", request_id = "r{n}",
                     data = { id = 3, vid = 30, name = "users", site = { slug = "north" } } } },
  at "2m" { expect.would "vlan-changed" { "push-vlans", 1 } },
}

test "what the hook is not for changes nothing" {
  at "0s" { "webhook", hook = "netbox", body = { model = "site", event = "updated" } },
  at "1s" { expect.kind "webhook", expect.unmatched {} },
}
