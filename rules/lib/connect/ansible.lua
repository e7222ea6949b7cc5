-- SPDX-License-Identifier: ISC
-- ansible-playbook on this machine: one call, a result for each host.
--   ansible { inventory = "/etc/ansible/hosts" }
local kit = require "lib.connect.kit"

-- The callback beside this file prints one JSON; the variables come on stdin.
local start = [[ANSIBLE_CALLBACK_PLUGINS="$NOCTURNE_RULES/lib/connect" exec ansible-playbook --extra-vars "$(cat)" "$@"]]

return function(c)
  local _, name = kit.instance("ansible", c, { "inventory!", "block", "env", "cwd", "forks" })
  local block, ansible = c.block or "executor", {}

  local function words(o, check)
    if o.limit and o.targets then error("ansible: 'targets' is the limit already, without those that are frozen", 4) end
    local env = { ANSIBLE_STDOUT_CALLBACK = "nocturne_hosts", ANSIBLE_NOCOLOR = "1", ANSIBLE_RETRY_FILES_ENABLED = "0" }
    for key, value in pairs(c.env or {}) do env[key] = value end
    -- 2: a host failed; 4: one was not reached.  Which did is in the result.
    local list = { "/bin/sh", "-c", start, "ansible-playbook", "-i", c.inventory, format = "json", ok = { 0, 2, 4 },
                   exit = { [250] = "transient" }, env = env, cwd = c.cwd, mutates = not check, idempotent = o.idempotent,
                   stdin = o.vars and "{input.vars}" or { nocturne = "{run.id}" } }
    local limit = o.limit and "{input.limit}" or o.targets and "{targets:9999}"
    for _, more in ipairs { c.forks and { "--forks", tostring(c.forks) } or {}, check and { "--check" } or {},
                            limit and { "--limit", limit } or {}, o.tags and { "--tags", "{input.tags}" } or {} } do
      for _, word in ipairs(more) do list[#list + 1] = word end
    end
    list[#list + 1] = "{input.playbook}"
    return list
  end

  -- play changes something, check is ansible's --check.  fail_if is of what it
  -- gives: { failed = gt(3) }; else one host that failed is a failure.
  for _, verb in ipairs { "play", "check" } do
    ansible[verb] = kit.steps(name .. "." .. verb, { "playbook!", "timeout!", "limit", "targets", "vars", "tags", "idempotent", "fail_if" },
      function() return nil end,
      function(o)
        local input, failed = { playbook = "string" }, {}
        for key, kind in pairs { limit = "string", targets = "list", vars = "map", tags = "string" } do
          if o[key] ~= nil then input[key] = kind end
        end
        for key, value in pairs(o.fail_if or { failed = gt(0) }) do failed["steps.play." .. key] = value end
        return {
          input = input,
          step "play" { exec(words(o, verb == "check")), timeout = o.timeout, block = block, targets = o.targets and "{input.targets}",
            expect = { hosts = exists }, output = { hosts = "json.hosts", failed = "json.failed", failed_hosts = "json.failed_hosts",
                                                    ok = "json.ok", stdout = false, json = false } },
          fail "{steps.play.failed} hosts failed: {steps.play.failed_hosts:20}"
            { when = failed, class = "downstream_failed", block = block },
          output = { hosts = "{steps.play.hosts}", failed = "{steps.play.failed_hosts}", ok = "{steps.play.ok}" },
        }
      end,
      function(o) return { playbook = o.playbook, limit = o.limit, targets = o.targets, vars = o.vars, tags = o.tags } end)
  end
  return ansible
end
