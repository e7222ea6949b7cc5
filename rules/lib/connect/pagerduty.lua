-- SPDX-License-Identifier: ISC
-- PagerDuty, by its Events API v2.  `key` is the secret of an integration.
--   pagerduty { key = secret "pagerduty" }
local kit = require "lib.connect.kit"

return function(c)
  local url = kit.instance("pagerduty", c, { "key!", "url", "block" }) or "https://events.pagerduty.com"
  local block, pd = c.block or "paging", {}

  -- One incident for one dedup key, however often it is said.
  local function event(action, o, payload)
    return { http.post { url = url .. "/v2/enqueue", idempotent = true,
        json = { routing_key = c.key, event_action = action, dedup_key = o.key or "{run.id}", payload = payload,
                 client = payload and "Nocturne", links = o.url and { { href = o.url, text = "run" } } } },
      timeout = "30s", block = block, output = { key = "body.dedup_key", status = "body.status", body = false },
      expect = { status = "success" } }
  end
  pd.trigger = kit.request("pagerduty.trigger", { "summary!", "source!", "severity", "key", "details", "url" }, function(o)
    return event("trigger", o, { summary = o.summary, source = o.source, severity = o.severity or "error", custom_details = o.details })
  end)
  for _, action in ipairs { "acknowledge", "resolve" } do
    pd[action] = kit.request("pagerduty." .. action, { "key" }, function(o) return event(action, o) end)
  end
  return pd
end
