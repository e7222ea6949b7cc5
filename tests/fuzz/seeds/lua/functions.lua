local f = function(ev)
	if ev.ifname and ev.ifname:match("^Gi(%d+)/(%d+)") then
		return table.concat({ ev.device, ("x"):rep(3, ",") }, " ")
	end
	for k, v in pairs(ev.data) do return k end
	return { pcall(error, "x"), any { 1, 2 } }
end
rule "r" { on = "link.down", when = f, run = log "x" }
rule "s" { on = "link.down", when = function(ev) while true do end end,
	run = flow { step "a" { exec { "p" }, timeout = "1s", when = f } } }
return { a = { { b = 1 } }, ["c d"] = [==[ x ]] ]==] }
