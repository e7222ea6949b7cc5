-- SPDX-License-Identifier: ISC
-- Prometheus, and what answers like it (Thanos, Mimir, VictoriaMetrics).
local kit = require "lib.connect.kit"

return function(c)
  local url = kit.instance("prometheus", c, { "url!", "auth", "block" })
  local block, prom = c.block or "observability", {}
  local output = { value = "body.data.result[0].value[1]", series = "body.data.result", body = false }

  local function get(query) return http.get { url = url .. "/api/v1/query", auth = c.auth, query = { query = query } } end

  -- The first value, and all series.  None at all is a failure: it was asked
  -- for something that is not measured.
  prom.query = kit.request("prometheus.query", { "query!" }, function(o)
    return { get(o.query), block = block, output = output, expect = { value = exists } }
  end)
  -- Until the value is as expected: prom.verify "up" { query = "...", expect = { value = 0 }, within = "3m" }.
  function prom.verify(name)
    return function(o)
      kit.check("prometheus.verify", o, { "query!", "expect!", "every", "within", "stable", "timeout" }, { "target" })
      return verify(name) { get(o.query), block = o.block or block, output = output, expect = o.expect, every = o.every,
                            within = o.within, stable = o.stable, timeout = o.timeout, when = o.when, after = o.after, target = o.target }
    end
  end
  return prom
end
