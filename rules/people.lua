-- SPDX-License-Identifier: ISC
-- What people do.

-- One line in the log for each session of work, no more.
rule "config-changed" {
  on       = "config.change",
  throttle = { once_within = "10m" },
  run      = log "{device}: configuration changed: {summary}",
}

-- Somebody guesses: five failures from one place in a minute.
rule "login-failures" {
  on        = "login.failed",
  where     = { from = exists },
  key       = "{device}/{from}",
  threshold = "5/1m",
  run       = notify "noc" { "{device}: {count} failed logins from {from} in a minute, last as {user}" },
}
