-- SPDX-License-Identifier: ISC
-- A rule with a function that is taken out of the tree while its run sleeps.
rule "blocked-gone" { on = "blocked-gone.go", mode = "active",
  run = flow { timeout = "90d",
    sleep "1m",
    step "act" { when = function(run) return run.n == 7 end,
                 exec { "do-blocked-gone" }, timeout = "1h" } } }
