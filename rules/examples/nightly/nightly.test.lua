-- SPDX-License-Identifier: ISC
test "the night's run tells what differs" {
  stub { exec = { exit = 0, stdout = "r1: 3 lines" } },
  at "0s" { "schedule", task = "nightly" },
  at "1m" { expect.action "exec" { 1 }, expect.notified "noc" { "configurations differ: r1: 3 lines" } },
}

test "and is silent when nothing does" {
  stub { exec = { exit = 0, stdout = "" } },
  at "0s" { "schedule", task = "nightly" },
  at "1m" { expect.run "compliance" { state = "Succeeded", "nothing differs" }, expect.count "notices" { 0 } },
}

test "a weak optic is told once a day" {
  inventory { r1 = { address = "192.0.2.1", role = "router" } },
  at "0s"  { "optic.low", device = "r1", rx = -3100, times = 3, every = "5h" },
  at "19h" { expect.notified "noc" { "too little light", 1 } },
}
