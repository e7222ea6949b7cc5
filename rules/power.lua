-- SPDX-License-Identifier: ISC
-- A power supply failed: open a ticket, tell people until somebody answers.
--
-- It only observes: the address of the ticket system is nobody's.  Put yours
-- here, its token into the secret "itsm", and say mode = "active".

rule "psu" {
  mode = "observe",
  on   = "power.fail",
  key  = "{device}/{unit}",
  hold = { "10s", cancel = "power.ok" }, -- supplies that are only swapped
  run  = flow {
    step "ticket" {
      http.post {
        url  = "https://itsm.example.net/api/incidents",
        auth = secret "itsm",
        json = { short = "{device}: {unit} failed", ci = "{device}", severity = "{severity}", text = "{summary}" },
        idempotency_key = "{run.id}",
      },
      timeout = "10s",
    },
    escalate {
      { "0m",  notify "noc" { "{device}: {unit} failed" } },
      { "10m", notify "oncall" { "{device}: {unit} failed" } },
      again = "30m", stop_on = { "ack", "power.ok" }, max = "24h",
    },
    on_fail = notify "oncall" { "{device}: {unit} failed, and there is no ticket: {error.message}" },
  },
}
