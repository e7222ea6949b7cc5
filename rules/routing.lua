-- SPDX-License-Identifier: ISC
-- Sessions of routing protocols.

-- A BGP session that was up and does not come back in five minutes.  Where
-- the device tells what the session was before, only a loss counts.
pair "bgp-stays-down" {
  open    = "bgp.down",
  close   = "bgp.up",
  where   = either { { kind = "bgp.up" }, { was = absent }, { was = re "(?i)^established$" } },
  key     = "{device}/{peer}",
  within  = "5m",
  missing = notify "noc" { "{device}: BGP with {peer} is down for {elapsed}" },
  matched = log "{device}: BGP with {peer} recovered in {elapsed}",
}

rule "bgp-flapping" {
  on        = "bgp.up",
  key       = "{device}/{peer}",
  threshold = "4/15m",
  run       = notify "noc" { "{device}: BGP with {peer} came up {count} times in 15 minutes" },
}

rule "neighbor-lost" {
  on   = { "ospf.down", "isis.down" },
  key  = "{device}/{neighbor}",
  hold = { "30s", cancel = { "ospf.up", "isis.up" } },
  run  = notify "noc" { "{device}: neighbor {neighbor} lost: {summary}" },
}
