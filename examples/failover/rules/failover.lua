-- SPDX-License-Identifier: ISC
-- A site is lost: the database and the users go to the other one, side by
-- side, while people are told; when all that is done, it is checked whether it
-- works there.  If it does not, both go back.
channel "noc"    { exec { "tell", "noc", "{text}" } }
channel "oncall" { exec { "tell", "oncall", "{text}" } }

flow "failover" {
  input = { from = "string", to = "string", sites = "string" },

  step "look" {
    exec { "site", "up", "{input.from}", env = { SITES = "{input.sites}" }, mutates = false },
    target = "{input.from}", timeout = "10s", output = { up = "json.up" },
  },
  fail "it is there: no failover" { when = { ["steps.look.up"] = true } },
  step "look_there" {
    exec { "site", "up", "{input.to}", env = { SITES = "{input.sites}" }, mutates = false },
    target = "{input.to}", timeout = "10s", output = { up = "json.up" },
  },
  fail "the other one is lost, too" { when = { ["steps.look_there.up"] = false } },

  parallel "move" {
    step "database" {
      exec { "site", "database", "{input.to}", env = { SITES = "{input.sites}" } },
      target = "{input.to}", timeout = "30s", on_crash = "retry",
      undo = exec { "site", "database", "{input.from}", env = { SITES = "{input.sites}" } },
    },
    step "traffic" {
      exec { "site", "traffic", "{input.to}", env = { SITES = "{input.sites}" } },
      target = "{input.to}", timeout = "30s", on_crash = "retry",
      undo = exec { "site", "traffic", "{input.from}", env = { SITES = "{input.sites}" } },
    },
    {
      name = "people",
      step "tell_noc"    { notify "noc" { "{input.from} is lost: going to {input.to}" } },
      step "tell_oncall" { notify "oncall" { "{input.from} is lost: going to {input.to}" } },
    },
  },

  -- All of it is done: does it work there?
  parallel "validate" {
    step "database_works" {
      exec { "site", "holds", "database", "{input.to}", env = { SITES = "{input.sites}" }, mutates = false },
      target = "{input.to}", timeout = "10s",
    },
    step "traffic_works" {
      exec { "site", "holds", "traffic", "{input.to}", env = { SITES = "{input.sites}" }, mutates = false },
      target = "{input.to}", timeout = "10s",
    },
  },
  step "done" { notify "noc" { "{input.to} serves" } },

  on_fail = { undo = "run", notify "oncall" { "failover failed: {error.message}" } },
}
