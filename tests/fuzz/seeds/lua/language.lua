-- SPDX-License-Identifier: ISC
-- Every form of the rule language that this version carries out.
channel "noc"    { mail { to = "noc@example.net" }, limit = "10/1m" }
channel "oncall" { http.post { url = secret "pager-url", json = { summary = "{text}", run = "{run.id}" } }, fallback = "noc" }

rule "heal-link-down" {                                   -- look, repair the end that is shut, verify, escalate
  mode   = "active",
  on     = "link.down",
  where  = { role = any { "access", "distribution" }, iftype = "ethernetCsmacd" },
  unless = { seen { any { "config.change", "port.errdisable" }, device = any { "{device}", "{far.device}" }, back = "10m" },
             seen { "device.restart", device = "{device}", back = "5m" } },
  key    = "{link}",
  hold   = { "15s", cancel = { "link.up", "config.change", "port.errdisable" } },   -- Alertmanager's "for"
  damp   = { half_life = "15m", suppress = 2000, reuse = 750, max_suppress = "60m" },
  guard  = { per_key = "3/30m", mass = "5/30s by site", targets = "5/10m", on_exceed = notify "noc" { "{rule}: {count} links down at {site}, acting on none" } },
  run    = flow {
    step "look"  { snmp.get { admin = "ifAdminStatus.{ifindex}", oper = "ifOperStatus.{ifindex}" }, timeout = "5s" },
    stop "up again by itself" { when = { ["steps.look.oper"] = "up" } },
    step "raise" { when = { ["steps.look.admin"] = "down" }, snmp.set { ["ifAdminStatus.{ifindex}"] = "up" }, timeout = "5s" },
    step "far"   { when = { ["steps.look.admin"] = "up", ["far.device"] = exists }, target = "{far.device}",
                   snmp.get { admin = "ifAdminStatus[{far.ifname}]" }, timeout = "5s" },
    step "raise_far" { when = { ["steps.far.admin"] = "down" }, target = "{far.device}", snmp.set { ["ifAdminStatus[{far.ifname}]"] = "up" }, timeout = "5s" },
    verify "is_up" { snmp.get { oper = "ifOperStatus.{ifindex}" }, expect = { oper = "up" }, every = "3s", within = "90s", stable = "10s" },
    on_fail = escalate { { "0m", notify "noc" { "{device} {ifname} still down: {error.message}" } }, { "10m", notify "oncall" },
                         again = "15m", stop_on = { "ack", "link.up" }, max = "8h" },
  },
}
test "leaves an operator's shut alone (IOS says so after the shut)" {
  inventory { sw1 = { address = "192.0.2.1", role = "access" } },
  stub { ["snmp.get"] = { admin = "down", oper = "down" } },
  at "0s"  { "link.down", device = "sw1", ifname = "Gi1/0/1", ifindex = 1, iftype = "ethernetCsmacd" },
  at "4s"  { expect.held "heal-link-down" },
  at "5s"  { "config.change", device = "sw1", user = "joe" },
  at "10m" { expect.no_run "heal-link-down" },            -- fails unless the rule became a candidate and something stopped it
}

pair "bgp-stays-down" { open = "bgp.down", close = "bgp.up", key = "{device}/{peer}", within = "5m", missing = start "open-incident", matched = log "recovered in {elapsed}" }
rule "storm" { on = "syslog", key = "{device}", storm = { over = "200/10s", clear = "300/60s", digest = { idle = "30s", max = "5m" }, keep = { severity = at_least "err" }, rollup = "site" },
  run = notify "noc" { "{device}: {count} messages, top {top:3}" } }
rule "psu" { on = "power.fail", key = "{device}/{unit}", run = flow {
  step "ticket" { http.post { url = "https://itsm/api", auth = secret "itsm", json = { short = "{summary}", ci = "{device}", sev = "{severity}" } }, timeout = "10s", output = { id = "body.result.sys_id" } },
  escalate { { "0m", notify "noc" { "{summary}: {steps.ticket.id}" } }, { "10m", notify "oncall" }, again = "15m", stop_on = { "ack", "power.ok" }, max = "24h" } } }

normalize "cisco-ios-updown" { from = "syslog", tag = "%LINK-3-UPDOWN", pattern = [=[Interface (?<ifname>\S+), changed state to (?<state>up|down)]=],
  emit = "link.{state}", kinds = { "link.up", "link.down" }, map = { layer = "link" } }
normalize "if-trap" { from = "snmp.trap", trap = "linkDown", map = { ifindex = "ifIndex", admin = "ifAdminStatus", oper = "ifOperStatus" }, emit = "link.down" }
hook "netbox" { auth = hmac { "sha512", "X-Hook-Signature", secret = "nb" }, emit = "vlan.updated",
  where = { ["body.model"] = "vlan", ["body.event"] = "updated" }, map = { vid = "body.data.vid", site = "body.data.site.slug" }, dedup = "{body.request_id}/{body.data.id}" }
hook "alertmanager" { auth = bearer "am", split = "alerts[*]", dedup = "{fingerprint}/{status}", emit = "alert.{status}", kinds = { "alert.firing", "alert.resolved" } }
poll "optics" { every = "5m", each = inventory { role = "router" }, limit = 20, jitter = "30s", snmp.walk { rx = "entPhySensorValue" }, timeout = "20s",
  emit = "optic.low", when = { rx = lt (-2500) }, once = "crossing", on_error = notify "noc" { "{device}: no answer {fails} times" } }
sensor "optics-cli" { exec { "/usr/local/bin/optics" }, format = "jsonl", kinds = { "optic.low" }, restart = "backoff" }
schedule "nightly" { cron = "15 4 * * *", tz = "Europe/Warsaw", overlap = "skip", misfire = { within = "1h" }, on_missed = notify "noc", run = start "compliance" { role = "router" } }
