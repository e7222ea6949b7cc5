-- SPDX-License-Identifier: ISC
-- Any program that reads JSON and writes JSON: its exit code is the class of its
-- failure.
--   script { program = "/opt/noc/vlan", exit = { [3] = "transient" } }
local kit = require "lib.connect.kit"

return function(c)
  kit.instance("script", c, { "program!", "block", "exit", "env", "cwd" })
  local program, block, script = c.program, c.block or "executor", {}
  if type(program) == "string" then program = { program } end

  local function call(o, mutates)
    local words = { format = "json", mutates = mutates, idempotent = o.idempotent, stdin = o.input, env = c.env, cwd = c.cwd, exit = c.exit }
    for _, list in ipairs { program, o.args or {} } do
      for _, word in ipairs(list) do words[#words + 1] = word end
    end
    return { exec(words), block = block, output = o.output or {} }
  end
  -- run changes something, read does not; `input` is what stands on its stdin.
  script.run = kit.request("script.run", { "args", "input", "output", "idempotent" }, function(o) return call(o) end)
  script.read = kit.request("script.read", { "args", "input", "output" }, function(o) return call(o, false) end)
  return script
end
