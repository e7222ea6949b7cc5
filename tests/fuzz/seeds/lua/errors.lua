rule "x"
rule "bounce" { on = "link.down", run = flow { step "bounce" { notify "noc", tiemout = "5s" } } }
notfy "noc" { "x" }
rule "y" { on = "link.down", where = { role = not "access" }, run = notfy "noc" }
x = 3
rule "h" { on = "a.b", run = flow { step "a" { notify "noc" }, nil, step "b" { notify "noc" } } }
rule "h" { on = "a.b", run = log "x" }
hook "nb" { emit = "x.y" }
hook "nb2" { auth = bearer "am", emit = "alert.{status}" }
step "two" { notify "noc", log "x" }
rule "d" { on = "a.b", run = log "x", key = "{device}", key = "{x}" }
rule "e" { on = "a.b", run = flow { step "s" { exec { "a" }, timeout = 5 }
  { "x" } } }
pair "p" { open = "a.b", close = 3, within = "5 min", mode = "activ" }
rule { on = "x" }
rule "u" { on = "a.b", unless = not seen { "x.y", back = "5m" }, run = snmp.gett { a = "b" } }
rule "w" { on = "a.b", where = { role = { "a", "b" }, ifname = seen { "x", back = "1m" } }, run = log "x", hold = { "15x", cancle = "a" } }
rule "z" { on = "a.b", run = parallel { log "x" }, undo = 1, sequence = { 1 } }
flow "f" { sleep "soon", stop "x" { wen = { } }, escalate { { "10m" }, { notify "noc", "1m" }, again = 5 } }
schedule "s" { run = log "x", cron = "a", every = "5m" }
poll "pp" { every = "5m", emit = "a.b" }
normalize "n" { from = "syslog", emit = "x", map = { a = function() end } }
rule "fn" { on = "a.b", run = notify "noc" { function() end } }
string.rep = 5
local t = setmetatable({}, { __gc = function() end })
