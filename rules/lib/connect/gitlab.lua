-- SPDX-License-Identifier: ISC
-- GitLab CI, by the API v4: a pipeline is started and waited for, an artefact of
-- one of its jobs is taken back, a manual job (the deployment) is played.
local kit = require "lib.connect.kit"

local ended = { "success", "failed", "canceled", "skipped" }

return function(c)
  local url, name = kit.instance("gitlab", c, { "url!", "auth!", "block" })
  local api, block, gitlab = url .. "/api/v4/projects/{input.project}", c.block or "ci", {}

  local function get(path, query) return http.get { url = api .. path, auth = c.auth, query = query } end
  local function post(path, json) return http.post { url = api .. path, auth = c.auth, json = json } end
  local function waits(step_name, path, o, states)
    return wait_for(step_name) { get(path), every = o.every, timeout = o.timeout, block = block, expect = { status = any(states) },
      output = { status = "body.status", url = "body.web_url", body = false } }
  end
  local function jobs(step_name, job, query)
    return step(step_name) { get("/pipelines/{steps.pipeline.id}/jobs", query), block = block, expect = { id = exists },
      output = { id = "body[name=" .. job .. "].id", status = "body[name=" .. job .. "].status", body = false } }
  end

  -- A pipeline in doubt is found by its name, if .gitlab-ci.yml says
  -- workflow: { name: $NOCTURNE }; when it is not found people are asked.
  gitlab.pipeline = kit.steps(name .. ".pipeline", { "project!", "ref!", "timeout!", "every", "variables", "artifact", "wait_for" },
    function(o) return not (o.variables or o.artifact) and o.timeout .. (o.every or "") or nil end,
    function(o)
      local variables, input = { { key = "NOCTURNE", value = "{call.token}" } }, { project = "string", ref = "string" }
      for key in pairs(o.variables or {}) do
        variables[#variables + 1] = { key = key, value = "{input." .. key .. "}" }
        input[key] = "string"
      end
      local steps = {
        input = input,
        step "pipeline" { post("/pipeline", { ref = "{input.ref}", variables = variables }), timeout = "60s", block = block,
          output = { id = "body.id", url = "body.web_url", body = false }, expect = { id = exists },
          probe = { get("/pipelines", { name = "{call.token}" }), expect = { id = exists },
                    output = { id = "body[0].id", url = "body[0].web_url" } } },
        waits("done", "/pipelines/{steps.pipeline.id}", o, { "success", "failed", "canceled", "skipped", "manual" }),
        fail "pipeline {steps.pipeline.id} is {steps.done.status}"
          { when = { ["steps.done.status"] = none { "success", "manual" } }, class = "downstream_failed", block = block },
        output = { id = "{steps.pipeline.id}", status = "{steps.done.status}", link = "{steps.pipeline.url}" },
      }
      if o.artifact then
        kit.check("gitlab.pipeline's artifact", o.artifact, { "job!", "path!" })
        steps[#steps + 1] = jobs("job", o.artifact.job)
        steps[#steps + 1] = step "artifact" { get("/jobs/{steps.job.id}/artifacts/" .. o.artifact.path), block = block,
          output = { text = "body" }, expect = { text = exists } }
        steps.output.artifact = "{steps.artifact.text}"
      end
      return steps
    end,
    function(o)
      local input = { project = o.project, ref = o.ref }
      for key, value in pairs(o.variables or {}) do input[key] = value end
      return input
    end)

  -- Plays a manual job and waits for it.  One that is manual no more was played.
  gitlab.play = kit.steps(name .. ".play", { "project!", "pipeline!", "job!", "timeout!", "every" },
    function(o) return o.job .. " " .. o.timeout .. (o.every or "") end,
    function(o)
      return {
        input = { project = "string", pipeline = "integer" },
        step "job" { get "/pipelines/{input.pipeline}/jobs", block = block, expect = { id = exists },
          output = { id = "body[name=" .. o.job .. "].id", body = false } },
        step "play" { post "/jobs/{steps.job.id}/play", timeout = "60s", block = block, output = { id = "body.id" },
          expect = { id = exists },
          probe = { get "/jobs/{steps.job.id}", expect = { state = isnt "manual" }, fail_if = { state = "manual" },
                    output = { id = "body.id", state = "body.status" } } },
        waits("done", "/jobs/{steps.job.id}", o, ended),
        fail "job {steps.job.id} is {steps.done.status}"
          { when = { ["steps.done.status"] = isnt "success" }, class = "downstream_failed", block = block },
        output = { id = "{steps.job.id}", status = "{steps.done.status}", link = "{steps.done.url}" },
      }
    end,
    function(o) return { project = o.project, pipeline = o.pipeline } end)
  return gitlab
end
