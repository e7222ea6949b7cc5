-- SPDX-License-Identifier: ISC
-- A fan-out, a choice, people who decide.
flow "compliance" { input = { role = "string" },
  each "check" { over = inventory { role = "{input.role}" }, as = "r", limit = 20, step "diff" { exec { "drift", "{r.device}" }, timeout = "60s" }, need = "all" },
  choose { { when = { ["steps.check.failed"] = 0 }, log "clean" },
           otherwise = { approve "fix" { groups = { "netops" }, need = 1, show = "{steps.check}", timeout = "8h", on_timeout = "reject" } } } }
