-- SPDX-License-Identifier: ISC
-- What a workflow of AWX asks is answered here, and its end is waited for: the
-- rest of awx.lua.
local kit = require "lib.connect.kit"

local ended = any { "successful", "failed", "error", "canceled" }

return function(awx, name, block, get, post)
  awx.finished = kit.steps(name .. ".finished", { "workflow!", "timeout!", "every" },
    function(o) return o.timeout .. " " .. (o.every or "") end,
    function(o)
      return {
        input = { workflow = "integer" },
        wait_for "done" { get "/workflow_jobs/{input.workflow}/", every = o.every, timeout = o.timeout, block = block,
          expect = { status = ended }, output = { status = "body.status", elapsed = "body.elapsed", body = false } },
        fail "workflow {input.workflow} is {steps.done.status}"
          { when = { ["steps.done.status"] = isnt "successful" }, class = "downstream_failed", block = block },
        output = { status = "{steps.done.status}" },
      }
    end,
    function(o) return { workflow = o.workflow } end)
  for word, path in pairs { approve = "approve", deny = "deny" } do
    awx[word] = kit.steps(name .. "." .. word, { "workflow!", "timeout!", "every" },
      function(o) return o.timeout .. " " .. (o.every or "") end,
      function(o)
        return {
          input = { workflow = "integer" },
          wait_for "asked" { get("/workflow_approvals/", { unified_job_node__workflow_job = "{input.workflow}", status = "pending" }),
            every = o.every, timeout = o.timeout, block = block, expect = { id = exists },
            output = { id = "body.results[0].id", name = "body.results[0].name", body = false } },
          -- Decided already (400) by what was lost of us, or by somebody else.
          step "decide" { post("/workflow_approvals/{steps.asked.id}/" .. path .. "/", nil, { "200-299" }), timeout = "30s", block = block },
          output = { id = "{steps.asked.id}" },
        }
      end,
      function(o) return { workflow = o.workflow } end)
  end
end
