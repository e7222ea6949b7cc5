-- SPDX-License-Identifier: ISC
test "a session of work is one line" {
  at "0s" { "syslog", "<189>34: sw1: Jan  5 12:00:00.411: %PARSER-5-CFGLOG_LOGGEDCMD: User:joe  logged command:interface Gi1/0/{n}", times = 5, every = "40s" },
  at "9m" { expect.fired "config-changed" { 1 }, expect.count "notices" { 0 } },
}

test "five failed logins from one place" {
  at "0s" { "login.failed", device = "sw1", user = "root", from = "203.0.113.5", times = 5, every = "5s" },
  at "1m" { expect.notified "noc" { "5 failed logins from 203.0.113.5", 1 } },
}

test "five from five places are nobody's guess" {
  at "0s" { "login.failed", device = "sw1", user = "joe", from = "203.0.113.{n}", times = 5, every = "5s" },
  at "2m" { expect.fired "login-failures" { 0 }, expect.count "notices" { 0 } },
}
