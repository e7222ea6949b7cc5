-- SPDX-License-Identifier: ISC
-- Where the other systems are, and how long is waited for what.  `try` has one
-- of its own that names its stand-ins.
return {
  servicenow = "https://snow.example.net",
  nautobot = "https://nautobot.example.net",
  awx = "https://awx.example.net",
  prometheus = "https://prom.example.net",
  slack = "https://slack.com",
  channel = "#net",
  gate = "30m",                  -- then it goes on, and the record says so
  every = "10s", within = "3m",  -- how often a switch is looked at, and how long
}
