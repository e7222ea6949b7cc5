-- SPDX-License-Identifier: ISC
-- What takes long in few instructions: each call ends within its budget.
local kept = {}
rule "chain" { on = "a.b", run = log "x", when = function(ev)
  local t = {} for i = 1, 9000 do t[i * 8191] = ev.data end return t end }
rule "zeros" { on = "a.b", run = log "x", when = function(ev)
  local a, b = ("\0"):rep(1e6) .. "a", ("\0"):rep(1e6) .. "b"
  while a < b do kept[#kept + 1] = a | 1 end end }
rule "digits" { on = "a.b", run = log "x", when = function(ev)
  local s, t = ("1"):rep(1e6), {} for i = 1, 4000 do t[i] = s end
  return math.max(table.unpack(t)), select(s), s:sub(s) end }
rule "closing" { on = "a.b", run = log "x", when = function(ev)
  for i in pairs {}, nil, nil, ev do end
  return setmetatable({}, { __call = kept, __close = kept, __gc = kept })() end }
