-- SPDX-License-Identifier: ISC
-- ServiceNow's change requests, by its Table API: opened, written to, closed,
-- with evidence attached; and the hook by which an approval starts a flow.
local kit = require "lib.connect.kit"

local states = { new = "-5", assess = "-4", authorize = "-3", scheduled = "-2", implement = "-1", review = "0",
                 closed = "3", canceled = "4" }

return function(c)
  kit.instance("servicenow", c, { "url!", "auth!", "block" })
  local url, block, snow = c.url:gsub("/+$", "") .. "/api/now", c.block or "itsm", {}
  local table_url = url .. "/table/change_request"
  local record = { id = "body.result.sys_id", number = "body.result.number", state = "body.result.state", body = false }
  -- A transaction that was cut off is a 200 with an error inside.
  local function answer(action, output)
    return { action, timeout = "30s", block = block, output = output or record,
             expect = { id = exists, ["body.error"] = absent } }
  end
  local function noted(o, json)
    if o.state then
      if o.state == "on_hold" then
        json.on_hold, json.on_hold_reason = "true", o.reason or o.notes or "Nocturne"
      else
        json.state = states[o.state] or o.state
      end
    end
    local notes = o.notes and o.evidence and o.notes .. "\nEvidence: " .. o.evidence or o.notes or o.evidence
    json.work_notes = notes
    for key, value in pairs(o.fields or {}) do json[key] = value end
    return json
  end
  -- A note may stand there twice after a lost answer; a state is set once.
  local function patch(ticket, json)
    return answer(http.patch { url = table_url .. "/" .. ticket, auth = c.auth, json = json, idempotent = true })
  end

  -- Found again by its correlation_id when nobody knows whether it was opened.
  snow.create = kit.request("servicenow.create", { "summary!", "kind", "description", "notes", "evidence", "state", "reason", "fields" },
    function(o)
      local json = noted(o, { short_description = o.summary, description = o.description, type = o.kind or "normal",
                              correlation_id = "{call.token}", correlation_display = "Nocturne" })
      local parts = answer(http.post { url = table_url, auth = c.auth, json = json })
      parts.probe = { http.get { url = table_url, auth = c.auth, query = { sysparm_limit = 1,
          sysparm_fields = "sys_id,number,state", sysparm_query = "correlation_id={call.token}" } },
        output = { id = "body.result[0].sys_id", number = "body.result[0].number", state = "body.result[0].state", found = "body.result[*]" },
        expect = { id = exists }, fail_if = { id = absent, found = exists, ["body.error"] = absent } }
      return parts
    end)
  snow.update = kit.request("servicenow.update", { "ticket!", "state", "reason", "notes", "evidence", "fields" },
    function(o) return patch(o.ticket, noted(o, {})) end)
  snow.close = kit.request("servicenow.close", { "ticket!", "code!", "notes!", "evidence", "fields" },
    function(o)
      return patch(o.ticket, noted({ notes = o.notes, evidence = o.evidence, fields = o.fields },
                                   { state = states.closed, close_code = o.code, close_notes = o.notes }))
    end)
  snow.read = kit.request("servicenow.read", { "ticket!" }, function(o)
    return answer(http.get { url = table_url .. "/" .. o.ticket, auth = c.auth },
      { id = record.id, number = record.number, state = record.state, approval = "body.result.approval" })
  end)
  snow.attach = kit.request("servicenow.attach", { "ticket!", "name!", "text!" }, function(o)
    return answer(http.post { url = url .. "/attachment/file", auth = c.auth, body = o.text, idempotent = true,
      header = { ["Content-Type"] = "text/plain; charset=utf-8", Accept = "application/json" },
      query = { table_name = "change_request", table_sys_id = o.ticket, file_name = o.name } })
  end)

  -- hook "servicenow": a business rule posts the record when it is approved.
  -- fields: names of the event = columns, beside number, id and requester.
  function snow.approved(o)
    kit.check("servicenow.approved", o, { "auth!", "emit", "fields" })
    local map = { number = "body.number", id = "body.sys_id", requester = "body.requested_by" }
    for key, column in pairs(o.fields or {}) do map[key] = "body." .. column end
    hook "servicenow" { auth = o.auth, emit = o.emit or "change.approved", map = map,
      where = { ["body.approval"] = "approved" }, dedup = "{body.number}/{body.sys_updated_on}" }
  end
  return snow
end
