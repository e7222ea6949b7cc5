-- SPDX-License-Identifier: ISC
-- Nautobot, by its REST API: 2.0 and later.
local dcim = require "lib.connect.dcim"

return function(c)
  return dcim("nautobot", c, {
    query = { depth = 1 }, filters = { "role", "location", "manufacturer", "status", "tags" }, places = { "location", "vlan_group" },
    by_vlan = "vlan", label = "name",
    device = { "body.results", name = "name", id = "id", address = "primary_ip4.address", role = "role.name",
               location = "location.name", vendor = "device_type.manufacturer.name", status = "status.name" },
  })
end
