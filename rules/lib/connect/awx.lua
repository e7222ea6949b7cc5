-- SPDX-License-Identifier: ISC
-- AWX and Ansible Automation Platform, by the API v2 of its controller.
local kit = require "lib.connect.kit"

local ended = any { "successful", "failed", "error", "canceled" }

return function(c)
  local url, name = kit.instance("awx", c, { "url!", "auth!", "block" })
  local api, block, awx = url .. "/api/v2", c.block or "executor", {}

  local function get(path, query) return http.get { url = api .. path, auth = c.auth, query = query } end
  local function all(path, query)
    query.page_size = 200
    return http.get { url = api .. path, auth = c.auth, query = query, max_bytes = 16777216,
                      pages = { "body.results", next = "body.next" } }
  end
  local function post(path, json, more)
    return http.post { url = api .. path, auth = c.auth, json = json, ok = more, idempotent = more and true }
  end
  local function given(o, ...)
    local json = {}
    for _, key in ipairs { ... } do
      if o[key] ~= nil then json[key] = "{input." .. key .. "}" end
    end
    return json
  end

  -- Looks the template up, launches it once and waits.  What is launched has a
  -- label of its own, by which a launch in doubt is found.
  local function run(o, templates, jobs)
    if o.limit and o.targets then error("awx: 'targets' is the limit already, without those that are frozen", 4) end
    local json = { labels = { "{steps.label.id}" }, extra_vars = o.vars and "{input.vars}",
                   limit = o.limit and "{input.limit}" or o.targets and "{targets:9999}" or nil }
    local asks = { labels = true, limit = json.limit and true, variables = o.vars and true }
    local reads = { id = "body.results[0].id", organization = "body.results[0].organization", count = "body.count" }
    for what in pairs(asks) do reads["asks_" .. what] = "body.results[0].ask_" .. what .. "_on_launch" end
    local steps = {
      input = { template = "string", limit = o.limit and "string", targets = o.targets and "list", vars = o.vars and "map" },
      step "template" { get(templates, { name = "{input.template}" }), block = block, output = reads, expect = { count = exists } },
      fail "there is not one template '{input.template}'" { when = { ["steps.template.count"] = isnt(1) }, block = block },
    }
    for what in pairs(asks) do
      steps[#steps + 1] = fail("template '{input.template}' does not prompt for " .. what .. " on launch")
        { when = { ["steps.template.asks_" .. what] = any { isnt(true), absent } }, block = block }
    end
    local label = "nocturne {call.token}"
    steps[#steps + 1] = step "label" { post("/labels/", { name = label, organization = "{steps.template.organization}" }),
      timeout = "30s", block = block, output = { id = "body.id" }, expect = { id = exists },
      probe = { get("/labels/", { name = label }), expect = { count = gt(0) }, fail_if = { count = 0 },
                output = { id = "body.results[0].id", count = "body.count" } } }
    steps[#steps + 1] = step "launch" { post(templates .. "{steps.template.id}/launch/", json), targets = o.targets and "{input.targets}",
      timeout = "60s", block = block, on_crash = o.on_crash, output = { id = "body.id" }, expect = { id = exists },
      probe = { get(jobs, { labels__id = "{steps.label.id}" }), expect = { count = gt(0) }, fail_if = { count = 0 },
                output = { id = "body.results[0].id", count = "body.count" } } }
    return steps
  end

  awx.job = kit.steps(name .. ".job", { "template!", "timeout!", "limit", "targets", "vars", "every", "fail_if", "on_crash" },
    function(o)
      return not o.fail_if and table.concat({ o.timeout, o.every or "", o.on_crash or "", tostring(o.limit ~= nil), tostring(o.targets ~= nil),
                                              tostring(o.vars ~= nil) }, " ") or nil
    end,
    function(o)
      local steps, job, failed = run(o, "/job_templates/", "/jobs/"), "/jobs/{steps.launch.id}/", {}
      for key, value in pairs(o.fail_if or { status = any { "failed", "error", "canceled" } }) do
        failed["steps.done." .. key] = value
      end
      for _, s in ipairs {
        wait_for "done" { get(job), every = o.every, timeout = o.timeout, block = block, expect = { status = ended },
          output = { status = "body.status", elapsed = "body.elapsed", body = false } },
        step "stop" { post(job .. "cancel/", nil, { "200-299", 405 }), timeout = "30s", block = block, after = { done = "failed" } },
        fail "job {steps.launch.id} has not ended in time and was cancelled" { class = "timeout", block = block, after = "stop" },
        step "hosts" { all(job .. "job_host_summaries/", {}), timeout = "60s", block = block, expect = { list = exists },
          output = { body = false, list = { "body.results", name = "host_name", failed = "failed", changed = "changed",
                                            ok = "ok", failures = "failures", unreachable = "dark" } } },
        step "failed" { all(job .. "job_host_summaries/", { failed = "true" }), timeout = "60s", block = block,
          expect = { names = exists }, output = { body = false, names = "body.results[*].host_name" } },
        fail "job {steps.launch.id} is {steps.done.status}; failed: {steps.failed.names:20}"
          { when = failed, class = "downstream_failed", block = block },
      } do steps[#steps + 1] = s end
      steps.output = { id = "{steps.launch.id}", status = "{steps.done.status}", hosts = "{steps.hosts.list}",
                       failed = "{steps.failed.names}", link = url .. "/#/jobs/playbook/{steps.launch.id}/output" }
      return steps
    end,
    function(o) return { template = o.template, limit = o.limit, targets = o.targets, vars = o.vars } end)

  -- A workflow is launched and not waited for: what it asks is answered by a
  -- step between, and `finished` waits.
  awx.workflow = kit.steps(name .. ".workflow", { "template!", "limit", "vars" },
    function(o) return tostring(o.limit ~= nil) .. tostring(o.vars ~= nil) end,
    function(o)
      local steps = run(o, "/workflow_job_templates/", "/workflow_jobs/")
      steps.output = { id = "{steps.launch.id}", link = url .. "/#/jobs/workflow/{steps.launch.id}/output" }
      return steps
    end,
    function(o) return { template = o.template, limit = o.limit, vars = o.vars } end)
  require "lib.connect.awx_workflow" (awx, name, block, get, post)

  awx.cancel = kit.request("awx.cancel", { "job!" }, function(o)
    return { post("/jobs/" .. o.job .. "/cancel/", nil, { "200-299", 405 }), timeout = "30s", block = block }
  end)
  return awx
end
