-- SPDX-License-Identifier: ISC
test "a flood is one notice at its start and one at its end" {
  at "0s" { "syslog", "<189>Jan  5 12:00:00 sw1 app: something number {n}", times = 400, every = "10ms" },
  at "5s" { expect.storm "storm", expect.notified "noc" { "sw1: ", "messages", 1 } },
  at "10m" { expect.storm "storm" { 0 }, expect.notified "noc" { "sw1: ", 2 },
             expect.notified "noc" { "something number" } },
}

test "a steady trickle is none" {
  at "0s" { "syslog", "<189>Jan  5 12:00:00 sw1 app: something number {n}", times = 100, every = "1s" },
  at "5m" { expect.storm "storm" { 0 }, expect.count "notices" { 0 } },
}

test "a flood of one device does not hide another's" {
  at "0s"  { "syslog", "<189>Jan  5 12:00:00 sw1 app: something number {n}", times = 400, every = "10ms" },
  at "5s"  { "syslog", "<189>Jan  5 12:00:05 sw2 app: %LINK-3-UPDOWN: Interface Gi1/0/9, changed state to down" },
  at "6s"  { expect.held "heal-link-down" },
}
