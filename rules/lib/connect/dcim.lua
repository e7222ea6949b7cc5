-- SPDX-License-Identifier: ISC
-- What NetBox and Nautobot have in common: devices and VLANs of a source of
-- truth that is read before anything touches the network.
local kit = require "lib.connect.kit"

return function(kind, c, api)
  local url, name = kit.instance(kind, c, { "url!", "auth!", "block" })
  local block, dcim = c.block or "source_of_truth", {}

  local function get(path, query, pages)
    for key, value in pairs(api.query) do query[key] = value end
    return http.get { url = url .. path, auth = c.auth, scheme = "Token", query = query, max_bytes = pages and 16777216,
                      header = { Accept = "application/json" }, pages = pages }
  end
  local function given(o, names)
    local query = {}
    for _, key in ipairs(names) do query[key] = o[key] end
    for key, value in pairs(o.query or {}) do query[key] = value end
    return query
  end

  -- All of them, however many pages: { name, address, ... } each.
  dcim.devices = kit.request(kind .. ".devices", { "query", table.unpack(api.filters) }, function(o)
    local query = given(o, api.filters)
    query.limit = 500
    return { get("/api/dcim/devices/", query, { "body.results", next = "body.next" }), timeout = "60s", block = block,
      output = { devices = api.device, count = "body.count", body = false }, expect = { devices = exists } }
  end)

  -- One VLAN with its prefix; what is missing there is said as such.
  local takes = { "vid!", "query", table.unpack(api.places) }
  dcim.vlan = kit.steps(name .. ".vlan", takes,
    function(o)
      local key = {}
      for _, place in ipairs(api.places) do key[#key + 1] = tostring(o[place] ~= nil) end
      return not o.query and table.concat(key, " ") or nil
    end,
    function(o)
      local input, query = { vid = "integer" }, { vid = "{input.vid}" }
      for _, place in ipairs(api.places) do
        if o[place] then input[place], query[place] = "string", "{input." .. place .. "}" end
      end
      for key, value in pairs(o.query or {}) do query[key] = value end
      return {
        input = input,
        step "vlan" { get("/api/ipam/vlans/", query), block = block, expect = { count = exists },
          output = { count = "body.count", id = "body.results[0].id", name = "body.results[0].name",
                     status = "body.results[0].status." .. api.label, changed = "body.results[0].last_updated", body = false } },
        fail "VLAN {input.vid} is there {steps.vlan.count} times, not once"
          { when = { ["steps.vlan.count"] = isnt(1) }, block = block },
        step "prefix" { get("/api/ipam/prefixes/", { [api.by_vlan] = "{steps.vlan.id}" }), block = block, expect = { count = exists },
          output = { count = "body.count", prefix = "body.results[0].prefix", changed = "body.results[0].last_updated", body = false } },
        fail "VLAN {input.vid} has {steps.prefix.count} prefixes, not one"
          { when = { ["steps.prefix.count"] = isnt(1) }, block = block },
        output = { id = "{steps.vlan.id}", vid = "{input.vid}", name = "{steps.vlan.name}", status = "{steps.vlan.status}",
                   prefix = "{steps.prefix.prefix}", hash = "{steps.vlan.changed} {steps.prefix.changed}" },
      }
    end,
    function(o)
      local input = { vid = o.vid }
      for _, place in ipairs(api.places) do input[place] = o[place] end
      return input
    end)

  -- Sets fields of one object: { path = "/dcim/devices/7/", fields = { status = "active" } }.
  dcim.set = kit.request(kind .. ".set", { "path!", "fields!" }, function(o)
    return { http.patch { url = url .. "/api" .. o.path, auth = c.auth, scheme = "Token", json = o.fields, idempotent = true },
      timeout = "30s", block = block, output = { id = "body.id", changed = "body.last_updated", body = false },
      expect = { id = exists } }
  end)
  return dcim
end
