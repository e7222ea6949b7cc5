-- SPDX-License-Identifier: ISC
-- What connectors share: doc/connectors.md says how one is written.
local kit = {}

-- Options that are of the step, whatever the connector: of any, of one that is
-- a single request.
local of_step = { "after", "block", "undo", "when" }
local of_request = { "deadline", "degraded", "limits", "on_crash", "on_error", "on_timeout", "retry",
                     "target", "timeout" }

local function has(list, key)
  for _, k in ipairs(list) do
    if k == key then return true end
  end
  return false
end

-- Stops with what is wrong of the options of `who`: one that it does not take,
-- or lacks.  `takes` lists names; "name!" must be there.
function kit.check(who, o, takes, also, level)
  local names = {}
  if type(o) ~= "table" then error(who .. " takes a table of options", level or 3) end
  for _, name in ipairs(takes) do
    local bare = name:gsub("!$", "")
    if bare ~= name and o[bare] == nil then error(who .. " needs '" .. bare .. "'", level or 3) end
    names[#names + 1] = bare
  end
  for key in pairs(o) do
    if not (has(names, key) or also and (has(of_step, key) or has(also, key))) then
      error(who .. " has no option '" .. tostring(key) .. "'; it has " .. table.concat(names, ", "), level or 3)
    end
  end
end

-- An instance: its URL without the last slash, and what flows of it are called.
local instances = {}
function kit.instance(kind, c, takes)
  kit.check(kind, c, takes, nil, 4)
  local url = type(c.url) == "string" and c.url:gsub("/+$", "") or c.url
  local host = type(url) == "string" and url:gsub("^%w+://", ""):gsub("/.*$", ""):gsub("[^%w.-]", "-")
  local name = host and kind .. "." .. host or kind
  instances[name] = (instances[name] or 0) + 1
  return url, instances[name] > 1 and name .. "_" .. instances[name] or name
end

local function with(parts, keys, o)
  for _, key in ipairs(keys) do
    if o[key] ~= nil then parts[key] = o[key] end
  end
  return parts
end

-- A function of the connector that is one request: build(o) gives what `step`
-- takes; what the caller says of the step stands before it.
function kit.request(who, takes, build)
  return function(name)
    return function(o)
      kit.check(who, o, takes, of_request)
      return step(name)(with(with(build(o), of_step, o), of_request, o))
    end
  end
end

-- One that is several steps: a flow, declared once for each `way` it is built
-- ("" for all alike, nil for this call only), and called with input(o).
local made = {}
function kit.steps(who, takes, way, build, input)
  return function(name)
    return function(o)
      kit.check(who, o, takes, {})
      local known = made[who] or { n = 0 }
      local key = way(o)
      local flow_name = key and known[key]
      made[who] = known
      if not flow_name then
        known.n = known.n + 1
        flow_name = known.n == 1 and who or who .. "." .. known.n
        if key then known[key] = flow_name end
        flow(flow_name)(build(o))
      end
      return step(name)(with({ call(flow_name)(input(o)), targets = o.targets }, of_step, o))
    end
  end
end

return kit
