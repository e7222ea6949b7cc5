-- SPDX-License-Identifier: ISC
-- Virtual time, no network: what people and the outside decide.
local function named(name) return { name = name } end
local function switch(name)
  return { name = name, id = name, role = named "access", location = named "building-b", status = named "Active",
           device_type = { manufacturer = named "Cisco" }, primary_ip4 = { address = "192.0.2.1/24" } }
end
local function value(v) return { body = { data = { result = { { value = { 1, v } } } } } } end
local vlan = { body = { count = 1, results = { { id = "v", name = "app", status = named "Active", last_updated = "1" } } } }
local prefix = { body = { count = 1, results = { { prefix = "10.22.14.0/24", last_updated = "1" } } } }

local function world(again)
  local answers = {
    ["http.get switches"] = { body = { count = 2, results = { switch "sw1", switch "sw2" } } },
    ["http.get intent/vlan"] = vlan, ["http.get intent/prefix"] = prefix,
    ["http.get again/vlan"] = again or vlan, ["http.get again/prefix"] = prefix,
    ["http.post"] = { body = { ok = true, ts = "1", result = { sys_id = "1" } } },
    ["http.patch"] = { body = { result = { sys_id = "t1", number = "CHG1", state = "-1" } } },
  }
  for _, sw in ipairs { "sw1", "sw2" } do
    local at = "http.get precheck[" .. sw .. "]/"
    answers[at .. "alive"], answers[at .. "there"], answers[at .. "room"] = value "1", value "0", value "200"
  end
  return stub(answers)
end
local approved = { "webhook", hook = "servicenow", body = { number = "CHG1", sys_id = "t1", requested_by = "joe",
  approval = "approved", sys_updated_on = "now", u_segment = "app", u_vid = 842, u_subnet = "10.22.14.0/24",
  u_building = "building-b" } }

test "who asked for it does not approve it, nor who is not of the group" {
  world(),
  at "0s" (approved),
  at "1m" { expect.waiting "go" },
  at "1m" { "approve", step = "go", by = "joe", refused = "asked for" },
  at "1m" { "approve", step = "go", by = "eve", groups = { "guests" }, refused = "none of them" },
  at "2m" { "reject", step = "go", by = "ann", comment = "not tonight" },
  at "3m" { expect.run "campus-vlan" { state = "Failed" }, expect.gate "go" { decision = "rejected", by = "ann" } },
}

test "the change is withdrawn while people think" {
  world(),
  at "0s" (approved),
  at "5m" { "change.withdrawn", number = "CHG2", trust = "high" },
  at "5m" { expect.waiting "go" },
  at "6m" { "change.withdrawn", number = "CHG1", trust = "high" },
  at "7m" { expect.run "campus-vlan" { state = "Succeeded", outcome = "withdrawn: change.withdrawn of local" } },
}

test "all switches are good, and then nobody is asked" {
  world { body = { count = 0, results = {} } },
  at "0s" { "start", flow = "campus-vlan", input = { change = "CHG1", ticket = "t1", requester = "joe", segment = "app",
    vid = 842, subnet = "10.22.14.0/24", building = "building-b", gate = false } },
  at "1m" { expect.run "campus-vlan" { state = "Failed", outcome = contains "VLAN 842 is there 0 times" } },
}

test "the intent changed while people thought: nothing is deployed" {
  world { body = { count = 1, results = { { id = "v", name = "app", status = named "Active", last_updated = "2" } } } },
  at "0s" (approved),
  at "31m" { expect.gate "go" { decision = "approve", by = "timeout" } },
  at "32m" { expect.run "campus-vlan" { state = "Failed", outcome = contains "the intent has changed" } },
}
