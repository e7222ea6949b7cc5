-- SPDX-License-Identifier: ISC
-- A device that floods us with messages: one notice when it begins, one with
-- the totals when it is over; what is err or worse is still told one by one.
-- Canonical events of the same messages still reach every other rule.

rule "storm" {
  on    = "syslog",
  key   = "{device}",
  storm = {
    over   = "200/10s",
    clear  = "300/60s",
    digest = { idle = "30s", max = "5m" },
    rollup = "site",
  },
  run = notify "noc" { "{device}: {count} messages, top {top:3}" },
}
