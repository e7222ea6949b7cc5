-- SPDX-License-Identifier: ISC
-- NetBox, by its REST API: 3.6 and later.
local dcim = require "lib.connect.dcim"

return function(c)
  return dcim("netbox", c, {
    query = {}, filters = { "role", "site", "location", "manufacturer", "status", "tag" }, places = { "site", "group" },
    by_vlan = "vlan_id", label = "value",
    device = { "body.results", name = "name", id = "id", address = "primary_ip.address", role = "role.slug", site = "site.slug",
               location = "location.slug", vendor = "device_type.manufacturer.slug", status = "status.value" },
  })
end
