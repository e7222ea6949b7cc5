---@meta
-- SPDX-License-Identifier: ISC
-- Written from the schema of the rule language; not by hand.

---@alias nocturne.duration string # "250ms" "15s" "10m" "1h30m" "7d"
---@alias nocturne.rate string # "5/30s", "5/30s by site"
---@alias nocturne.where table<string|integer, any>
---@class nocturne.node
---@class nocturne.action: nocturne.node
---@class nocturne.auth: nocturne.node

---@alias nocturne.kind string
---| "link.down" # An interface or its protocol went down.
---| "link.up" # An interface or its protocol came up.
---| "link.flap" # The device says that an interface flaps.
---| "bgp.down" # A BGP session is not Established; `was` says what it was.
---| "bgp.up" # A BGP session is Established.
---| "bgp.error" # A BGP session was refused or is in danger; others may be up.
---| "ospf.down" # An OSPF neighbour was lost.
---| "ospf.up" # An OSPF neighbour is full.
---| "isis.down" # An IS-IS adjacency was lost.
---| "isis.up" # An IS-IS adjacency is up.
---| "bfd.down" # A BFD session is down.
---| "bfd.up" # A BFD session is up.
---| "config.change" # Somebody changed the configuration.
---| "port.errdisable" # The device itself shut a port.
---| "login.failed" # Somebody could not log in.
---| "login.ok" # Somebody logged in.
---| "device.restart" # The device started again.
---| "agent.restart" # The SNMP agent of a host started again, not the host.
---| "device.reload" # Somebody asked it to restart.
---| "power.fail" # A power supply failed.
---| "power.ok" # A power supply works again.
---| "fan.fail" # A fan failed.
---| "fan.ok" # A fan works again.
---| "temperature.high" # Too warm.
---| "temperature.ok" # No longer too warm.
---| "module.down" # A line card or module went away.
---| "module.up" # A line card or module is in service.
---| "optic.low" # Too little light.
---| "optic.ok" # Enough light again.
---| "stp.change" # Spanning tree has a new topology.
---| "mac.move" # A MAC address moves about.
---| "ntp.lost" # The device lost its time source.
---| "clock.skew" # What it says of the time is more than 30 s off (behind: seconds, negative when ahead).
---| "clock.ok" # Its clock is right again.
---| "limit.reached" # A limit of the engine was reached (whose: who filled it).
---| "alert.firing" # Alertmanager: the alert fires.
---| "alert.resolved" # Alertmanager: the alert is over.
---| "schedule" # A schedule's time has come.
---| "schedule.missed" # A schedule's time has passed by.
---| "schedule.skipped" # Times of a schedule have no run: the one before was not over, too many waited, it was refused, or the schedule was paused.
---| "schedule.failed" # A schedule's run failed.
---| "poll" # A row that a poll's condition holds for.
---| "poll.breach" # Too few devices answered a poll.
---| "poll.error" # A device did not answer a poll.
---| "poll.missed" # A poll could not run.
---| "dependency.unavailable" # A run failed as what it needs was away.
---| "run.started" # A run has begun.
---| "run.ended" # A run has ended: `state` is Succeeded, Failed or Cancelled.
---| "gate.opened" # A run asks people to decide.
---| "gate.decided" # It is decided: approved, confirmed, rejected, skipped, withdrawn.
---| "sensor.ended" # A sensor's child has ended.
---| "syslog" # A message that no normalizer knew.
---| "snmp.trap" # A notification that no normalizer knew.
---| "webhook" # A post that no hook mapped.

---@class nocturne.event what a rule's function is given
---@field id string
---@field kind nocturne.kind
---@field source string the sensor
---@field origin string the address it came from
---@field device string
---@field address? string
---@field severity integer 0 (emergency) to 7 (debug)
---@field summary? string
---@field trust "low"|"normal"|"high"
---@field malformed boolean
---@field link? string the cable, else device/ifname
---@field far table {device, ifname} of the other end
---@field role? string
---@field site? string
---@field vendor? string
---@field data table<string, any>
---@field syslog table<string, any>
---@field snmp table<string, any>
---@field http table<string, any>
---@field header table<string, string>
---@field [string] any
---@field ifname? any data of link.down
---@field ifindex? any data of link.down
---@field admin? any data of link.down
---@field oper? any data of link.down
---@field layer? any data of link.down
---@field iftype? any data of link.down
---@field parent? any data of link.down
---@field state? any data of link.down
---@field reason? any data of link.down
---@field peer? any data of bgp.down
---@field peer_as? any data of bgp.down
---@field vrf? any data of bgp.down
---@field afi? any data of bgp.down
---@field was? any data of bgp.down
---@field neighbor? any data of ospf.down
---@field area? any data of ospf.down
---@field user? any data of config.change
---@field command? any data of config.change
---@field line? any data of config.change
---@field from? any data of config.change
---@field method? any data of config.change
---@field vlan? any data of port.errdisable
---@field uptime? any data of device.restart
---@field unit? any data of power.fail
---@field celsius? any data of temperature.high
---@field threshold? any data of temperature.high
---@field rx? any data of optic.low
---@field tx? any data of optic.low
---@field lane? any data of optic.low
---@field mac? any data of mac.move
---@field behind? any data of clock.skew
---@field limit? any data of limit.reached
---@field whose? any data of limit.reached
---@field count? any data of limit.reached
---@field alertname? any data of alert.firing
---@field status? any data of alert.firing
---@field labels? any data of alert.firing
---@field annotations? any data of alert.firing
---@field fingerprint? any data of alert.firing
---@field startsAt? any data of alert.firing
---@field endsAt? any data of alert.firing
---@field generatorURL? any data of alert.firing
---@field receiver? any data of alert.firing
---@field externalURL? any data of alert.firing
---@field task? any data of schedule
---@field nominal? any data of schedule
---@field late? any data of schedule
---@field why? any data of schedule.skipped
---@field poll? any data of poll
---@field index? any data of poll
---@field ok? any data of poll.breach
---@field failed? any data of poll.breach
---@field unreachable? any data of poll.breach
---@field fails? any data of poll.error
---@field run? any data of dependency.unavailable
---@field step? any data of dependency.unavailable
---@field block? any data of dependency.unavailable
---@field message? any data of dependency.unavailable
---@field rule? any data of run.started
---@field mode? any data of run.started
---@field actor? any data of run.started
---@field key? any data of run.started
---@field outcome? any data of run.ended
---@field took_ms? any data of run.ended
---@field class? any data of run.ended
---@field path? any data of gate.opened
---@field decision? any data of gate.decided
---@field by? any data of gate.decided

---@class nocturne.run what the function of a step is given
---@field id string
---@field rule string
---@field steps table<string, table>
---@field input table<string, any>
---@field item any
---@field error? table {class, code, message, block}
---@field event nocturne.event
---@field [string] any

expect = {}
snmp = {}
http = {}

---Where notices go.
---@class nocturne.channel: nocturne.node
---@class nocturne.channel_table
---@field [integer] any
---@field limit? nocturne.rate more than this becomes one digest, as "10/1m"
---@field fallback? string the channel told when this one fails
---@field retry? nocturne.retry how often a delivery is tried (default: 3 attempts)
---@param name string
---@return nocturne.channel|fun(t: nocturne.channel_table): nocturne.channel
function channel(name) end

---Steps in order; named at the top of a file, or unnamed in `run`.
---@class nocturne.flow: nocturne.node
---@class nocturne.flow_table
---@field [integer] any
---@field input? table<string, any> what it is started with: name = type
---@field output? table<string, any> what it gives: name = template
---@field on_fail? nocturne.on_fail|string done when a step has failed for good
---@field finally? nocturne.finally|string done before it ends, however it does
---@field on_cancel? "undo" take back what was done when it is cancelled (default: nothing is taken back)
---@field timeout? nocturne.duration the whole run ends by then (default: 24h)
---@field limits? table<string, any> so many runs at once of all flows that say the name: { awx = 4, ["site/{site}"] = 10 }; more wait
---@field lock? string|string[]|nocturne.any one run after the other, of all flows that say the name: "building/{input.b}"; taken before the first step
---@field dedup? string two runs with the same are the same: "{input.change}"
---@field on_running? "reject"|"queue"|"join"|"supersede" when the same runs already: refuse, wait for its end, be it, or cancel it first (default: reject)
---@field on_closed? "allow"|"reject"|"failed_only" when the same has ended within dedup_window (default: allow)
---@field dedup_window? nocturne.duration of on_closed (default: 24h)
---@field guard? nocturne.flow_guard how much a run may change
---@param name string|table
---@return nocturne.flow|fun(t: nocturne.flow_table): nocturne.flow
function flow(name) end

---A webhook, POST /hooks/NAME, and the event it becomes.
---@class nocturne.hook: nocturne.node
---@class nocturne.hook_table
---@field auth nocturne.auth say who may post, for example auth = bearer "secret-name"
---@field emit string the kind of event that comes out, such as "link.{state}"
---@field kinds? string|string[]|nocturne.any every kind that a template in `emit` can give
---@field where? nocturne.where|string|function take only what matches
---@field when? function function(ev), asked last: take it only when it says so
---@field map? table<string, any>|function data field = path in what was seen, or a template, or a constant; or a function(ev) that returns such a table
---@field severity? string|number severity of the event: a name, 0-7 or a template (default: the sender's)
---@field summary? string one line for people (default: the sender's text)
---@field split? string one event for each of "alerts[*]"
---@field dedup? string what makes two posts the same, where the sender says it anew
---@field dedup_for? nocturne.duration how long that is remembered (default: 24h)
---@field replay? nocturne.duration|false what was signed is taken once in so long; false: the sender signs the same more than once and means it (default: 24h, or as long as a timestamp is good)
---@field device? string path in the body that names the device
---@param name string
---@return nocturne.hook|fun(t: nocturne.hook_table): nocturne.hook
function hook(name) end

---Turns what a sensor saw into a canonical event.
---@class nocturne.normalize: nocturne.node
---@class nocturne.normalize_table
---@field from string what it reads: "syslog", "snmp.trap", "webhook" ...
---@field emit string the kind of event that comes out, such as "link.{state}"
---@field kinds? string|string[]|nocturne.any every kind that a template in `emit` can give
---@field where? nocturne.where|string|function take only what matches
---@field when? function function(ev), asked last: take it only when it says so
---@field map? table<string, any>|function data field = path in what was seen, or a template, or a constant; or a function(ev) that returns such a table
---@field severity? string|number severity of the event: a name, 0-7 or a template (default: the sender's)
---@field summary? string one line for people (default: the sender's text)
---@field tag? string|string[]|nocturne.any syslog: the tag, exactly
---@field app? string|string[]|nocturne.any syslog: the program name, exactly
---@field trap? string|string[]|nocturne.any snmp.trap: name or OID of the notification
---@field pattern? string regular expression on the message; named groups become data
---@param name string
---@return nocturne.normalize|fun(t: nocturne.normalize_table): nocturne.normalize
function normalize(name) end

---Two events that belong together, and what if one is missing.
---@class nocturne.pair: nocturne.node
---@class nocturne.pair_table
---@field open string|string[]|nocturne.any the kind that opens it
---@field close string|string[]|nocturne.any the kind that closes it
---@field within nocturne.duration how long the close may take
---@field where? nocturne.where|string|function only events that match
---@field key? string open and close belong together by it (default: {device})
---@field missing? nocturne.flow|nocturne.step|nocturne.action|nocturne.escalate done when the close did not come in time
---@field matched? nocturne.flow|nocturne.step|nocturne.action|nocturne.escalate done when it did
---@field mode? "observe"|"shadow"|"canary"|"active" how far it may go: observe writes down what would have been done, active does it, shadow stands beside a live rule: it reads, and neither changes anything nor tells anybody (default: observe when it acts, else active)
---@param name string
---@return nocturne.pair|fun(t: nocturne.pair_table): nocturne.pair
function pair(name) end

---Asks devices regularly.
---@class nocturne.poll: nocturne.node
---@class nocturne.poll_table
---@field [integer] any
---@field every? nocturne.duration how often
---@field cron? string or when, as a cron expression
---@field tz? string time zone of `cron`
---@field dst? nocturne.dst times of `cron` on the nights on which clocks change (default: after, once)
---@field each? nocturne.inventory the devices to ask; without it, asked once
---@field limit? integer how many at a time (default: 20)
---@field jitter? nocturne.duration spread the start by up to this (default: 0s)
---@field timeout? nocturne.duration for each answer (default: 10s)
---@field emit string the kind of event that it makes
---@field kinds? string|string[]|nocturne.any every kind that a template in `emit` can give
---@field when? nocturne.where|string|function which answers make an event
---@field once? "crossing"|"change"|"always" when `when` becomes true, when an answer differs, or each time (default: crossing)
---@field map? table<string, any> data field = path in the answer
---@field severity? string|number severity of the event
---@field summary? string one line for people
---@field need? string answers that must come: "all", "95%" (default: 1)
---@field on_error? nocturne.action|nocturne.escalate done when a device does not answer (default: notify "noc")
---@field on_missed? nocturne.action|nocturne.escalate done when the poll could not run (default: notify "noc")
---@field on_breach? nocturne.action|nocturne.escalate done when fewer than `need` answered (default: notify "noc")
---@param name string
---@return nocturne.poll|fun(t: nocturne.poll_table): nocturne.poll
function poll(name) end

---When this happens, do that.
---@class nocturne.rule: nocturne.node
---@class nocturne.rule_table
---@field on string|string[]|nocturne.any the kinds of event that it looks at
---@field run nocturne.flow|nocturne.step|nocturne.action|nocturne.escalate what to do: an action, or a flow of steps
---@field mode? "observe"|"shadow"|"canary"|"active" how far it may go: observe writes down what would have been done, active does it, shadow stands beside a live rule: it reads, and neither changes anything nor tells anybody (default: observe when it acts, else active)
---@field canary? string with mode = "canary": share of keys that act, as "10%"
---@field where? nocturne.where|string|function field = value or operator; all must hold
---@field when? function function(ev), asked last, pure: true lets the rule go on
---@field unless? nocturne.seen|table not when such an event was seen; asked again before every step that changes something
---@field key? string what the rule counts, holds and damps by (default: {device})
---@field hold? nocturne.hold|string wait this long, and start only if nothing cancelled (default: 0s)
---@field damp? nocturne.damp RFC 2439 flap dampening of the actions
---@field storm? nocturne.storm fold the notices of a flood into one
---@field threshold? nocturne.threshold|string start when so many came within a sliding window
---@field throttle? nocturne.throttle at most once in a time
---@field guard? nocturne.guard limits past which it does not act (default: per_key 2/30m, rate 10/1m, mass 5/30s by site, targets 10/10m, depth 3)
---@field group? string rules of one group with first = true: only the first that matches starts
---@field first? boolean see `group` (default: false)
---@field time? "arrival"|"event" which time counts: when it arrived, or when its sender says it happened, for senders that keep events back (default: arrival)
---@param name string
---@return nocturne.rule|fun(t: nocturne.rule_table): nocturne.rule
function rule(name) end

---Runs by the clock.
---@class nocturne.schedule: nocturne.node
---@class nocturne.schedule_table
---@field cron? string "15 4 * * *", @daily ...
---@field every? nocturne.duration or an interval
---@field at? string or once: "2026-11-23T04:15:00Z"
---@field tz? string time zone of `cron`, or of `at` (default: UTC)
---@field dst? nocturne.dst times of `cron` on the nights on which clocks change (default: after, once)
---@field run nocturne.flow|nocturne.step|nocturne.action|nocturne.escalate what to do
---@field overlap? "skip"|"buffer_one"|"buffer_all"|"cancel_other"|"allow" when the run before has not ended (default: skip)
---@field misfire? nocturne.misfire what to do about a time that was slept through (default: within 10m, once)
---@field jitter? nocturne.duration spread the start by up to this (default: 0s)
---@field paused? boolean not by the clock, until this is gone (default: false)
---@field on_missed? nocturne.action|nocturne.escalate done when a time was missed or skipped (default: notify "noc")
---@field on_breach? nocturne.action|nocturne.escalate done when the run failed or was too slow (default: notify "noc")
---@field mode? "observe"|"shadow"|"canary"|"active" how far it may go: observe writes down what would have been done, active does it, shadow stands beside a live rule: it reads, and neither changes anything nor tells anybody (default: active)
---@param name string
---@return nocturne.schedule|fun(t: nocturne.schedule_table): nocturne.schedule
function schedule(name) end

---A supervised child that prints one event a line.
---@class nocturne.sensor: nocturne.node
---@class nocturne.sensor_table
---@field [integer] any
---@field format? "jsonl" what the child prints (default: jsonl)
---@field kinds string|string[]|nocturne.any the kinds of event it may print
---@field restart? "backoff"|"never" when it ends (default: backoff)
---@param name string
---@return nocturne.sensor|fun(t: nocturne.sensor_table): nocturne.sensor
function sensor(name) end

---Events in virtual time and what must come of them.
---@class nocturne.test: nocturne.node
---@class nocturne.test_table
---@field [integer] any
---@field active? string|string[]|nocturne.any rules that are active in this test
---@field start? string when its clock begins (default: 2026-01-05T12:00:00Z)
---@param name string
---@return nocturne.test|fun(t: nocturne.test_table): nocturne.test
function test(name) end

---One action with its conditions and limits.
---@class nocturne.step: nocturne.node
---@class nocturne.step_table
---@field [integer] any
---@field when? nocturne.where|string|function only when this holds: path = value, or function(run); a step that is not taken is skipped
---@field timeout? nocturne.duration for one attempt, once it is out; must be said when the action changes something (default: 10s for reads, 30s for notices)
---@field deadline? nocturne.duration for all attempts together
---@field target? string the device it is done to (default: {device})
---@field output? table<string, any> name = path in the result: "body.id", of all in a list "body.results[*].id", or { "body.results", name = path, ... } of each; name = false: it is not kept
---@field expect? nocturne.where|string|function a result must be like this, else it is a failure: transient, in doubt when twice is not once
---@field fail_if? nocturne.where|string|function a result like this is a failure
---@field fail_class? "permanent"|"transient"|"timeout"|"dependency_unavailable"|"dependency_degraded"|"downstream_failed" class of what fail_if names: "transient" is tried again (default: permanent)
---@field retry? nocturne.retry after a transient error or a timeout (default: 3 attempts, 1s doubling, at most 60s)
---@field on_error? nocturne.on_error error class = action, done before the run fails
---@field probe? nocturne.probe_action|string a read that tells whether it happened: an action, or { ACTION, expect = ..., fail_if = ... }
---@field on_crash? "retry"|"verify"|"ask"|"fail" what to do when it is not known whether it happened (default: retry for reads; verify with a probe, else ask)
---@field after? any what it waits for, of the same list: "a", { "a", "b" } or { a = "ok" | "failed" | "always" }; it then stands beside the line (default: the one before it)
---@field undo? nocturne.undo_action|string what takes it back: an action, a call or a step, or { ACTION, timeout = ... }; it sees what the step gave
---@field block? string who has failed when it fails: "executor"
---@field on_timeout? "escalate"|"skip"|"abort" when its time is up: escalate fails and tells "noc", skip goes on as if it were left out, abort fails without another attempt
---@field limits? table<string, any> so many calls at once of all that say the name: { awx = 4, ["site/{site}"] = 10 }
---@field targets? any the devices that one call changes: "{steps.x.devices}", or a list; those that are frozen are left out of {targets}
---@field degraded? "go_on"|"fail" when what it needs works badly (class dependency_degraded): go_on writes it down and goes on (default: fail)
---@param name string
---@return nocturne.step|fun(t: nocturne.step_table): nocturne.step
function step(name) end

---Reads until what is expected holds.
---@class nocturne.verify: nocturne.node
---@class nocturne.verify_table
---@field [integer] any
---@field expect nocturne.where|string|function what must hold: name = value
---@field every? nocturne.duration how often it is read (default: 3s)
---@field within? nocturne.duration by when it must hold (default: 60s)
---@field stable? nocturne.duration and for how long it must stay so (default: 0s)
---@field when? nocturne.where|string|function only when this holds: path = value, or function(run); a step that is not taken is skipped
---@field timeout? nocturne.duration for one read (default: 10s)
---@field target? string the device that is read (default: {device})
---@field output? table<string, any> name = path in the result
---@field after? any what it waits for, of the same list: "a", { "a", "b" } or { a = "ok" | "failed" | "always" }; it then stands beside the line (default: the one before it)
---@field block? string who has failed when it fails: "executor"
---@param name string
---@return nocturne.verify|fun(t: nocturne.verify_table): nocturne.verify
function verify(name) end

---Ends the run here, Succeeded; the name is the reason.
---@class nocturne.stop: nocturne.node
---@class nocturne.stop_table
---@field when? nocturne.where|string|function only when this holds: path = value, or function(run); a step that is not taken is skipped
---@field after? any what it waits for, of the same list: "a", { "a", "b" } or { a = "ok" | "failed" | "always" }; it then stands beside the line (default: the one before it)
---@param name string
---@return nocturne.stop|fun(t: nocturne.stop_table): nocturne.stop
function stop(name) end

---Ends the run here, Failed; the name is the reason.
---@class nocturne.fail: nocturne.node
---@class nocturne.fail_table
---@field when? nocturne.where|string|function only when this holds: path = value, or function(run); a step that is not taken is skipped
---@field class? "permanent"|"transient"|"timeout"|"dependency_unavailable"|"dependency_degraded"|"downstream_failed" class of the error (default: permanent)
---@field severity? "critical" an each counts the items that fail so: steps.NAME.critical
---@field after? any what it waits for, of the same list: "a", { "a", "b" } or { a = "ok" | "failed" | "always" }; it then stands beside the line (default: the one before it)
---@field block? string who has failed when it fails: "executor"
---@param name string
---@return nocturne.fail|fun(t: nocturne.fail_table): nocturne.fail
function fail(name) end

---Tells level after level until somebody acknowledges.
---@class nocturne.escalate: nocturne.node
---@class nocturne.escalate_table
---@field [integer] any
---@field again? nocturne.duration repeat the last level so often (default: never)
---@field max? nocturne.duration then give up and say so (default: 24h)
---@field stop_on? string|string[]|nocturne.any "ack" or kinds of event that end it with one all-clear (default: ack)
---@field when? nocturne.where|string|function only when this holds: path = value, or function(run); a step that is not taken is skipped
---@field after? any what it waits for, of the same list: "a", { "a", "b" } or { a = "ok" | "failed" | "always" }; it then stands beside the line (default: the one before it)
---@param t nocturne.escalate_table
---@return nocturne.escalate
function escalate(t) end

---Waits; the wait survives a restart.
---@class nocturne.sleep: nocturne.node
---@class nocturne.sleep_table
---@field when? nocturne.where|string|function only when this holds: path = value, or function(run); a step that is not taken is skipped
---@field after? any what it waits for, of the same list: "a", { "a", "b" } or { a = "ok" | "failed" | "always" }; it then stands beside the line (default: the one before it)
---@param name string
---@return nocturne.sleep|fun(t: nocturne.sleep_table): nocturne.sleep
function sleep(name) end

---Steps, or lists of steps, that begin together.
---@class nocturne.parallel: nocturne.node
---@class nocturne.parallel_table
---@field [integer] any
---@field after? any what it waits for, of the same list: "a", { "a", "b" } or { a = "ok" | "failed" | "always" }; it then stands beside the line (default: the one before it)
---@param name string|table
---@return nocturne.parallel|fun(t: nocturne.parallel_table): nocturne.parallel
function parallel(name) end

---The first branch whose `when` holds.
---@class nocturne.choose: nocturne.node
---@class nocturne.choose_table
---@field [integer] any
---@field otherwise? nocturne.steps|string done when no branch holds (default: nothing)
---@field after? any what it waits for, of the same list: "a", { "a", "b" } or { a = "ok" | "failed" | "always" }; it then stands beside the line (default: the one before it)
---@param name string|table
---@return nocturne.choose|fun(t: nocturne.choose_table): nocturne.choose
function choose(name) end

---The steps in it once for each item of a list.
---@class nocturne.each: nocturne.node
---@class nocturne.each_table
---@field [integer] any
---@field over any the items: "{steps.x.list}", a list, or inventory { role = "access" }
---@field as? string the item's name in its steps (default: item)
---@field key? string what tells an item from the others: "{sw.name}" (default: the item, its name or id)
---@field limit? string|number how many at a time (default: 20)
---@field rate? nocturne.rate how many begin in a time, as "200/1s"
---@field batch? integer so many end before others begin
---@field limits? table<string, any> so many calls at once of all that say the name: { awx = 4, ["site/{site}"] = 10 }
---@field waves? any { "1", "10%", "rest" }: the next when the one before went well (default: all at once)
---@field check? nocturne.steps|string steps after each wave, the next one only when they succeed
---@field need? string|number how many must succeed: all, 5, "95%", first, or any: judge it yourself (default: all)
---@field on_satisfied? "let_finish"|"cancel_rest" the others, once enough have succeeded (default: let_finish; cancel_rest for first)
---@field collect? table<string, any> name = path, kept of each item: { up = "steps.look.up" }
---@field empty? "error"|"ok" when there are no items (default: error)
---@field undo? "none"|"run"|"wave"|"failed_items"|"succeeded_items" what is taken back when it fails (default: none)
---@field undo_timeout? nocturne.duration for what is taken back, all of it together (default: 1h)
---@field when? nocturne.where|string|function only when this holds: path = value, or function(run); a step that is not taken is skipped
---@field after? any what it waits for, of the same list: "a", { "a", "b" } or { a = "ok" | "failed" | "always" }; it then stands beside the line (default: the one before it)
---@field timeout? nocturne.duration for all items together
---@param name string
---@return nocturne.each|fun(t: nocturne.each_table): nocturne.each
function each(name) end

---Another flow as a step; it sees its own steps and input only.
---@class nocturne.call: nocturne.node
---@class nocturne.call_table
---@field [string] any input of the flow = template or value
---@param name string
---@return nocturne.call|fun(t: nocturne.call_table): nocturne.call
function call(name) end

---Carries out what takes a step back.
---@class nocturne.undo: nocturne.node
---@class nocturne.undo_table
---@field step string the step, of which `undo` is carried out
---@field items? any for these only: "{steps.check.failed_items}", or a list (default: all that were done)
---@field timeout? nocturne.duration for all of them together (default: 1h)
---@field when? nocturne.where|string|function only when this holds: path = value, or function(run); a step that is not taken is skipped
---@field after? any what it waits for, of the same list: "a", { "a", "b" } or { a = "ok" | "failed" | "always" }; it then stands beside the line (default: the one before it)
---@param name string
---@return nocturne.undo|fun(t: nocturne.undo_table): nocturne.undo
function undo(name) end

---A list in parallel.
---@class nocturne.line
---@field [integer] any
---@field name? string what `after` calls it
---@field after? any what it waits for, of the same list: "a", { "a", "b" } or { a = "ok" | "failed" | "always" }; it then stands beside the line (default: the one before it)

---A branch of choose: { when = ..., STEPS }.
---@class nocturne.branch
---@field [integer] any
---@field when nocturne.where|string|function taken when this holds and none before did
---@field name? string what the record calls it (default: its place)

---Steps.
---@class nocturne.steps
---@field [integer] any

---When a step has failed for good.
---@class nocturne.on_fail
---@field [integer] any
---@field undo? "none"|"run" first, what was done is taken back (default: none)
---@field timeout? nocturne.duration for what is taken back, and again for its steps together (default: 1h)

---Before it ends, however it does.
---@class nocturne.finally
---@field [integer] any
---@field timeout? nocturne.duration for its steps together (default: 1h)

---People say whether it goes on.
---@class nocturne.approve: nocturne.node
---@class nocturne.approve_table
---@field groups? string|string[]|nocturne.any groups of the machine or of tokens; a member of any may decide (default: whoever may approve)
---@field need? integer how many people must say yes (default: 1)
---@field self? boolean may who asked for it decide as well (default: false)
---@field requester? string who asked for it: "{input.requester}" (default: who started the run)
---@field show? any what they are shown: { switches = "{steps.look.n}" }, or a text
---@field notify? string the channel that is told of it (default: noc)
---@field timeout nocturne.duration by when it must be decided
---@field on_timeout? "reject"|"approve"|"skip" what holds when nobody did: always written down; reject is told to "noc" (default: reject)
---@field withdraw? nocturne.withdraw|string an event that takes the question back; the run ends there
---@field when? nocturne.where|string|function only when this holds: path = value, or function(run); a step that is not taken is skipped
---@field after? any what it waits for, of the same list: "a", { "a", "b" } or { a = "ok" | "failed" | "always" }; it then stands beside the line (default: the one before it)
---@field block? string who has failed when it fails: "executor"
---@param name string
---@return nocturne.approve|fun(t: nocturne.approve_table): nocturne.approve
function approve(name) end

---A person says that this text is as meant.
---@class nocturne.confirm: nocturne.node
---@class nocturne.confirm_table
---@field groups? string|string[]|nocturne.any groups of the machine or of tokens; a member of any may decide (default: whoever may approve)
---@field need? integer how many people must say yes (default: 1)
---@field self? boolean may who asked for it decide as well (default: false)
---@field requester? string who asked for it: "{input.requester}" (default: who started the run)
---@field show any what they confirm: "{steps.plan.diff}"; who confirms names its hash
---@field notify? string the channel that is told of it (default: noc)
---@field timeout nocturne.duration by when it must be decided
---@field on_timeout? "reject"|"skip" what holds when nobody did: always written down; reject is told to "noc" (default: reject)
---@field withdraw? nocturne.withdraw|string an event that takes the question back; the run ends there
---@field when? nocturne.where|string|function only when this holds: path = value, or function(run); a step that is not taken is skipped
---@field after? any what it waits for, of the same list: "a", { "a", "b" } or { a = "ok" | "failed" | "always" }; it then stands beside the line (default: the one before it)
---@field block? string who has failed when it fails: "executor"
---@param name string
---@return nocturne.confirm|fun(t: nocturne.confirm_table): nocturne.confirm
function confirm(name) end

---Waits for something outside.
---@class nocturne.wait_for: nocturne.node
---@class nocturne.wait_for_table
---@field [integer] any
---@field event? string a kind of event that comes
---@field where? nocturne.where|string|function of it: { number = "{input.change}" }
---@field trust? "cause"|"any" any: also an event that is trusted less than the run's cause (default: cause)
---@field signal? string a name: `nocturne run signal RUN NAME`; one that came before is kept
---@field window? any a time such as "sat-sun 22:00-04:00", or time_in { ... }
---@field expect? nocturne.where|string|function of an action: what must hold
---@field fail_if? nocturne.where|string|function of an action: it is given up then
---@field every? nocturne.duration of an action: how often (default: 10s)
---@field stable? nocturne.duration and for how long it must stay so (default: 0s)
---@field timeout nocturne.duration for all of it
---@field on_timeout? "escalate"|"skip"|"abort" when its time is up: escalate fails and tells "noc", skip goes on as if it were left out, abort fails
---@field target? string of an action: who is asked (default: {device})
---@field output? table<string, any> name = path in the result
---@field limits? table<string, any> so many calls at once of all that say the name: { awx = 4, ["site/{site}"] = 10 }
---@field when? nocturne.where|string|function only when this holds: path = value, or function(run); a step that is not taken is skipped
---@field after? any what it waits for, of the same list: "a", { "a", "b" } or { a = "ok" | "failed" | "always" }; it then stands beside the line (default: the one before it)
---@field block? string who has failed when it fails: "executor"
---@param name string
---@return nocturne.wait_for|fun(t: nocturne.wait_for_table): nocturne.wait_for
function wait_for(name) end

---What takes a question back.
---@class nocturne.withdraw
---@field [integer] any
---@field on? string a kind of event
---@field where? nocturne.where|string|function of it: { number = "{input.change}" }; else what is about the same thing as the run
---@field trust? "cause"|"any" any: also an event that is trusted less than the run's cause (default: cause)

---What takes a step back.
---@class nocturne.undo_action
---@field [integer] any
---@field timeout? nocturne.duration for one attempt (default: the step's)
---@field deadline? nocturne.duration for all attempts together
---@field retry? nocturne.retry after a transient error or a timeout (default: 3 attempts, 1s doubling, at most 60s)
---@field target? string the device it is done to (default: the step's)

---Where an answer lists, and says what is next.
---@class nocturne.pages
---@field [integer] any
---@field next string path of where the next one is

---What tells whether it happened.
---@class nocturne.probe_action
---@field [integer] any
---@field expect? nocturne.where|string|function of its answer: it happened
---@field fail_if? nocturne.where|string|function of its answer: it did not; when neither holds people are asked
---@field output? table<string, any> name = path in its answer: what the step gives when it happened

---hmac { "sha512", "X-Header", secret = "name" }: MAC of the body.
---@class nocturne.hmac: nocturne.auth
---@class nocturne.hmac_table
---@field [integer] any
---@field secret string|string[]|nocturne.any|nocturne.secret name of the secret; a list while it is being changed
---@param t nocturne.hmac_table
---@return nocturne.hmac
function hmac(t) end

---X-Hub-Signature-256.
---@class nocturne.github: nocturne.auth
---@class nocturne.github_table
---@field secret? string|string[]|nocturne.any|nocturne.secret name of the secret; a list while it is being changed (default: its name)
---@field tolerance? nocturne.duration how old a signed timestamp may be (default: 5m)
---@param name string|table
---@return nocturne.github|fun(t: nocturne.github_table): nocturne.github
function github(name) end

---Standard Webhooks.
---@class nocturne.standard: nocturne.auth
---@class nocturne.standard_table
---@field secret? string|string[]|nocturne.any|nocturne.secret name of the secret; a list while it is being changed (default: its name)
---@field tolerance? nocturne.duration how old a signed timestamp may be (default: 5m)
---@param name string|table
---@return nocturne.standard|fun(t: nocturne.standard_table): nocturne.standard
function standard(name) end

---Slack's v0.
---@class nocturne.slack: nocturne.auth
---@class nocturne.slack_table
---@field secret? string|string[]|nocturne.any|nocturne.secret name of the secret; a list while it is being changed (default: its name)
---@field tolerance? nocturne.duration how old a signed timestamp may be (default: 5m)
---@param name string|table
---@return nocturne.slack|fun(t: nocturne.slack_table): nocturne.slack
function slack(name) end

---Stripe-Signature.
---@class nocturne.stripe: nocturne.auth
---@class nocturne.stripe_table
---@field secret? string|string[]|nocturne.any|nocturne.secret name of the secret; a list while it is being changed (default: its name)
---@field tolerance? nocturne.duration how old a signed timestamp may be (default: 5m)
---@param name string|table
---@return nocturne.stripe|fun(t: nocturne.stripe_table): nocturne.stripe
function stripe(name) end

---Authorization: Bearer.
---@class nocturne.bearer: nocturne.auth
---@class nocturne.bearer_table
---@field secret? string|string[]|nocturne.any|nocturne.secret name of the secret; a list while it is being changed (default: its name)
---@field tolerance? nocturne.duration how old a signed timestamp may be (default: 5m)
---@param name string|table
---@return nocturne.bearer|fun(t: nocturne.bearer_table): nocturne.bearer
function bearer(name) end

---Authorization: Basic; the secret is user:password.
---@class nocturne.basic: nocturne.auth
---@class nocturne.basic_table
---@field secret? string|string[]|nocturne.any|nocturne.secret name of the secret; a list while it is being changed (default: its name)
---@field tolerance? nocturne.duration how old a signed timestamp may be (default: 5m)
---@param name string|table
---@return nocturne.basic|fun(t: nocturne.basic_table): nocturne.basic
function basic(name) end

---{ "15s", ... }
---@class nocturne.hold
---@field [integer] any
---@field cancel? string|string[]|nocturne.any kinds that call it off, same key

---Dampening.
---@class nocturne.damp
---@field half_life? nocturne.duration the penalty halves in this time (default: 15m)
---@field suppress? number above this the actions are mute (default: 2000)
---@field reuse? number below this they are not (default: 750)
---@field max_suppress? nocturne.duration mute at most this long (default: 60m)
---@field penalty? number what one down costs (default: 1000)

---A flood of one key.
---@class nocturne.storm
---@field over nocturne.rate it begins above this, as "200/10s"
---@field clear? nocturne.rate it ends below this (default: the same)
---@field digest? nocturne.digest when it closes (default: idle 30s, max 5m)
---@field keep? nocturne.where|string|function still told one by one
---@field rollup? string many devices of one "site": one notice
---@field top? integer message shapes that are named (default: 3)

---When a storm closes.
---@class nocturne.digest
---@field idle? nocturne.duration quiet for this long (default: 30s)
---@field max? nocturne.duration or this old (default: 5m)
---@field count? integer or so many messages; more than in over

---How many.
---@class nocturne.threshold
---@field [integer] any
---@field over? nocturne.rate so many in a sliding window, as "5/1m"
---@field clear? nocturne.rate armed again only below this
---@field distinct? string count different values of this

---How often.
---@class nocturne.throttle
---@field once_within? nocturne.duration the first, then quiet for this long
---@field once_after? nocturne.duration once, this long after the first
---@field accumulate? nocturne.rate once, when so many came, as "3/5m"

---Limits of acting.
---@class nocturne.guard
---@field per_key? nocturne.rate starts of one key (default: 2/30m)
---@field mass? nocturne.rate candidates at once: above it none acts (default: 5/30s by site)
---@field targets? nocturne.rate different targets (default: 10/10m)
---@field depth? integer how far it may be from an outside cause (default: 3)
---@field settle? nocturne.duration events of a device that a run touched wait this long (default: 60s)
---@field on_exceed? nocturne.notify|nocturne.mail|nocturne.syslog|nocturne.http_post|nocturne.exec done once a window when a limit held it back (default: notify "noc")
---@field rate? nocturne.rate starts of the rule, of whatever key (default: 10/1m)
---@field keep_one_up? any ports of which one must stay up, of the device or of those named: { sw1 = "Po1", sw2 = "Po1" }; read again before each step that may take one down

---How much a run may change.
---@class nocturne.flow_guard
---@field targets? integer different devices that its steps change (default: 100)

---Trying again.
---@class nocturne.retry
---@field attempts? integer all together (default: 3)
---@field initial? nocturne.duration before the second (default: 1s)
---@field factor? number each wait is so many times the last (default: 2)
---@field max? nocturne.duration longest wait (default: 60s)
---@field jitter? boolean anywhere between nothing and the wait (default: true)

---Missed times.
---@class nocturne.misfire
---@field within? nocturne.duration made up for when not older (default: 10m)
---@field run? "once"|"all"|"skip" how many are made up for (default: once)

---When clocks change.
---@class nocturne.dst
---@field missing? "after"|"skip" a time that does not exist: right after the gap, or not at all (default: after)
---@field repeated? "once"|"twice" a time that comes twice (default: once)

---By error class.
---@class nocturne.on_error
---@field transient? nocturne.action done on such an error
---@field permanent? nocturne.action done on such an error
---@field timeout? nocturne.action done on such an error
---@field cancelled? nocturne.action done on such an error
---@field dependency_unavailable? nocturne.action done on such an error
---@field dependency_degraded? nocturne.action done on such an error
---@field downstream_failed? nocturne.action done on such an error
---@field in_doubt? nocturne.action done on such an error

---{ "10m", notify "oncall" }
---@class nocturne.level
---@field [integer] any

---One of these.
---@class nocturne.any: nocturne.node
---@class nocturne.any_table
---@field [integer] any
---@param ... any
---@return nocturne.any
function any(...) end

---Each of these (of a list).
---@class nocturne.all: nocturne.node
---@class nocturne.all_table
---@field [integer] any
---@param ... any
---@return nocturne.all
function all(...) end

---None of these.
---@class nocturne.none: nocturne.node
---@class nocturne.none_table
---@field [integer] any
---@param ... any
---@return nocturne.none
function none(...) end

---Not this.
---@class nocturne.isnt: nocturne.node
---@class nocturne.isnt_table
---@field [integer] any
---@param ... any
---@return nocturne.isnt
function isnt(...) end

---An address in one of these networks.
---@class nocturne.cidr: nocturne.node
---@class nocturne.cidr_table
---@field [integer] any
---@param ... any
---@return nocturne.cidr
function cidr(...) end

---An OID below one of these.
---@class nocturne.oid_under: nocturne.node
---@class nocturne.oid_under_table
---@field [integer] any
---@param ... any
---@return nocturne.oid_under
function oid_under(...) end

---Begins with one of these.
---@class nocturne.prefix: nocturne.node
---@class nocturne.prefix_table
---@field [integer] any
---@param ... any
---@return nocturne.prefix
function prefix(...) end

---Ends with one of these.
---@class nocturne.suffix: nocturne.node
---@class nocturne.suffix_table
---@field [integer] any
---@param ... any
---@return nocturne.suffix
function suffix(...) end

---Contains one of these.
---@class nocturne.contains: nocturne.node
---@class nocturne.contains_table
---@field [integer] any
---@param ... any
---@return nocturne.contains
function contains(...) end

---Matches *, ? and [...].
---@class nocturne.glob: nocturne.node
---@class nocturne.glob_table
---@field [integer] any
---@param ... any
---@return nocturne.glob
function glob(...) end

---Matches a regular expression (PCRE2).
---@class nocturne.re: nocturne.node
---@class nocturne.re_table
---@field [integer] any
---@param ... any
---@return nocturne.re
function re(...) end

---Less than.
---@class nocturne.lt: nocturne.node
---@class nocturne.lt_table
---@field [integer] any
---@param ... any
---@return nocturne.lt
function lt(...) end

---At most.
---@class nocturne.le: nocturne.node
---@class nocturne.le_table
---@field [integer] any
---@param ... any
---@return nocturne.le
function le(...) end

---Greater than.
---@class nocturne.gt: nocturne.node
---@class nocturne.gt_table
---@field [integer] any
---@param ... any
---@return nocturne.gt
function gt(...) end

---At least.
---@class nocturne.ge: nocturne.node
---@class nocturne.ge_table
---@field [integer] any
---@param ... any
---@return nocturne.ge
function ge(...) end

---From the first to the second.
---@class nocturne.between: nocturne.node
---@class nocturne.between_table
---@field [integer] any
---@param ... any
---@return nocturne.between
function between(...) end

---A severity this bad or worse.
---@class nocturne.at_least: nocturne.node
---@class nocturne.at_least_table
---@field [integer] any
---@param ... any
---@return nocturne.at_least
function at_least(...) end

---Has a value.
---@class nocturne.exists: nocturne.node
---@class nocturne.exists_table
---@type nocturne.exists
exists = nil

---Has no value.
---@class nocturne.absent: nocturne.node
---@class nocturne.absent_table
---@type nocturne.absent
absent = nil

---Names this interface, short or long.
---@class nocturne.ifname: nocturne.node
---@class nocturne.ifname_table
---@field [integer] any
---@param ... any
---@return nocturne.ifname
function ifname(...) end

---Now is in "mon-fri 08:00-18:00".
---@class nocturne.time_in: nocturne.node
---@class nocturne.time_in_table
---@field [integer] any
---@field tz? string time zone (default: UTC)
---@param ... any
---@return nocturne.time_in
function time_in(...) end

---One of these tables holds.
---@class nocturne.either: nocturne.node
---@class nocturne.either_table
---@field [integer] any
---@param t nocturne.either_table
---@return nocturne.either
function either(t) end

---Each of these tables holds.
---@class nocturne.both: nocturne.node
---@class nocturne.both_table
---@field [integer] any
---@param t nocturne.both_table
---@return nocturne.both
function both(t) end

---None of these tables holds.
---@class nocturne.neither: nocturne.node
---@class nocturne.neither_table
---@field [integer] any
---@param t nocturne.neither_table
---@return nocturne.neither
function neither(t) end

---A secret by name; never written anywhere.
---@class nocturne.secret: nocturne.node
---@class nocturne.secret_table
---@param name string
---@return nocturne.secret|fun(t: nocturne.secret_table): nocturne.secret
function secret(name) end

---An input that is a whole number.
---@class nocturne.integer: nocturne.node
---@class nocturne.integer_table
---@field min? number at least
---@field max? number at most
---@field default? any what it is when it is not given
---@field values? any a list of all that it may be
---@field doc? string one line for people
---@param t nocturne.integer_table
---@return nocturne.integer
function integer(t) end

---An input that is a number.
---@class nocturne.number: nocturne.node
---@class nocturne.number_table
---@field min? number at least
---@field max? number at most
---@field default? any what it is when it is not given
---@field values? any a list of all that it may be
---@field doc? string one line for people
---@param t nocturne.number_table
---@return nocturne.number
function number(t) end

---An input that is true or false.
---@class nocturne.bool: nocturne.node
---@class nocturne.bool_table
---@field default? any what it is when it is not given
---@field values? any a list of all that it may be
---@field doc? string one line for people
---@param t nocturne.bool_table
---@return nocturne.bool
function bool(t) end

---An input that is a text.
---@class nocturne.string: nocturne.node
---@class nocturne.string_table
---@field default? any what it is when it is not given
---@field values? any a list of all that it may be
---@field doc? string one line for people
---@class stringlib
---@operator call(nocturne.string_table): nocturne.string

---An input that is a list of texts.
---@class nocturne.strings: nocturne.node
---@class nocturne.strings_table
---@field default? any what it is when it is not given
---@field values? any a list of all that it may be
---@field doc? string one line for people
---@param t nocturne.strings_table
---@return nocturne.strings
function strings(t) end

---An input that is a list.
---@class nocturne.list: nocturne.node
---@class nocturne.list_table
---@field default? any what it is when it is not given
---@field values? any a list of all that it may be
---@field doc? string one line for people
---@param t nocturne.list_table
---@return nocturne.list
function list(t) end

---An input that is names with values.
---@class nocturne.map: nocturne.node
---@class nocturne.map_table
---@field default? any what it is when it is not given
---@field values? any a list of all that it may be
---@field doc? string one line for people
---@param t nocturne.map_table
---@return nocturne.map
function map(t) end

---An input such as 192.0.2.1.
---@class nocturne.address: nocturne.node
---@class nocturne.address_table
---@field default? any what it is when it is not given
---@field values? any a list of all that it may be
---@field doc? string one line for people
---@param t nocturne.address_table
---@return nocturne.address
function address(t) end

---Devices that match; in a test, the devices there are.
---@class nocturne.inventory: nocturne.node
---@class nocturne.inventory_table
---@field [string] any field = value that selects devices; in a test, device = its fields
---@param t nocturne.inventory_table
---@return nocturne.inventory
function inventory(t) end

---Such an event was seen not long ago.
---@class nocturne.seen: nocturne.node
---@class nocturne.seen_table
---@field [integer] any
---@field device? string|string[]|nocturne.any about one of these (default: {device})
---@field back nocturne.duration how far back to look, as "10m"
---@field where? nocturne.where|string|function more that must hold of the event seen
---@param t nocturne.seen_table
---@return nocturne.seen
function seen(t) end

---At this time: an event { "kind", field = value }, or what is expected.
---@class nocturne.at: nocturne.node
---@class nocturne.at_table
---@field [integer] any
---@field [string] any field = value
---@param name string
---@return nocturne.at|fun(t: nocturne.at_table): nocturne.at
function at(name) end

---Action = the result that it gives in this test.
---@class nocturne.stub: nocturne.node
---@class nocturne.stub_table
---@field [string] any action, or "action target", = what it answers: a table, a list of them in turn, { error = class }, after = a time, or function(call)
---@param t nocturne.stub_table
---@return nocturne.stub
function stub(t) end

---The rule has started a run.
---@class nocturne.expect_fired: nocturne.node
---@class nocturne.expect_fired_table
---@field [integer] any
---@field [string] any field = value
---@param name string|table
---@return nocturne.expect_fired|fun(t: nocturne.expect_fired_table): nocturne.expect_fired
function expect.fired(name) end

---The rule is holding.
---@class nocturne.expect_held: nocturne.node
---@class nocturne.expect_held_table
---@field [integer] any
---@field [string] any field = value
---@param name string|table
---@return nocturne.expect_held|fun(t: nocturne.expect_held_table): nocturne.expect_held
function expect.held(name) end

---The rule was a candidate and something stopped it.
---@class nocturne.expect_no_run: nocturne.node
---@class nocturne.expect_no_run_table
---@field [integer] any
---@field [string] any field = value
---@param name string|table
---@return nocturne.expect_no_run|fun(t: nocturne.expect_no_run_table): nocturne.expect_no_run
function expect.no_run(name) end

---The rule's run has this state and fields.
---@class nocturne.expect_run: nocturne.node
---@class nocturne.expect_run_table
---@field [integer] any
---@field [string] any field = value
---@param name string|table
---@return nocturne.expect_run|fun(t: nocturne.expect_run_table): nocturne.expect_run
function expect.run(name) end

---In observe mode it would have done this.
---@class nocturne.expect_would: nocturne.node
---@class nocturne.expect_would_table
---@field [integer] any
---@field [string] any field = value
---@param name string|table
---@return nocturne.expect_would|fun(t: nocturne.expect_would_table): nocturne.expect_would
function expect.would(name) end

---The channel was told.
---@class nocturne.expect_notified: nocturne.node
---@class nocturne.expect_notified_table
---@field [integer] any
---@field [string] any field = value
---@param name string|table
---@return nocturne.expect_notified|fun(t: nocturne.expect_notified_table): nocturne.expect_notified
function expect.notified(name) end

---Dampening muted the rule.
---@class nocturne.expect_damped: nocturne.node
---@class nocturne.expect_damped_table
---@field [integer] any
---@field [string] any field = value
---@param name string|table
---@return nocturne.expect_damped|fun(t: nocturne.expect_damped_table): nocturne.expect_damped
function expect.damped(name) end

---A guard stopped the rule.
---@class nocturne.expect_guarded: nocturne.node
---@class nocturne.expect_guarded_table
---@field [integer] any
---@field [string] any field = value
---@param name string|table
---@return nocturne.expect_guarded|fun(t: nocturne.expect_guarded_table): nocturne.expect_guarded
function expect.guarded(name) end

---A hold was called off.
---@class nocturne.expect_cancelled: nocturne.node
---@class nocturne.expect_cancelled_table
---@field [integer] any
---@field [string] any field = value
---@param name string|table
---@return nocturne.expect_cancelled|fun(t: nocturne.expect_cancelled_table): nocturne.expect_cancelled
function expect.cancelled(name) end

---The last event joined an earlier one.
---@class nocturne.expect_folded: nocturne.node
---@class nocturne.expect_folded_table
---@field [integer] any
---@field [string] any field = value
---@param name string|table
---@return nocturne.expect_folded|fun(t: nocturne.expect_folded_table): nocturne.expect_folded
function expect.folded(name) end

---The last event was seen before.
---@class nocturne.expect_duplicate: nocturne.node
---@class nocturne.expect_duplicate_table
---@field [integer] any
---@field [string] any field = value
---@param name string|table
---@return nocturne.expect_duplicate|fun(t: nocturne.expect_duplicate_table): nocturne.expect_duplicate
function expect.duplicate(name) end

---So many.
---@class nocturne.expect_count: nocturne.node
---@class nocturne.expect_count_table
---@field [integer] any
---@field [string] any field = value
---@param name string|table
---@return nocturne.expect_count|fun(t: nocturne.expect_count_table): nocturne.expect_count
function expect.count(name) end

---No rule wanted the last event.
---@class nocturne.expect_unmatched: nocturne.node
---@class nocturne.expect_unmatched_table
---@field [integer] any
---@field [string] any field = value
---@param name string|table
---@return nocturne.expect_unmatched|fun(t: nocturne.expect_unmatched_table): nocturne.expect_unmatched
function expect.unmatched(name) end

---The last event became this kind.
---@class nocturne.expect_kind: nocturne.node
---@class nocturne.expect_kind_table
---@field [integer] any
---@field [string] any field = value
---@param name string|table
---@return nocturne.expect_kind|fun(t: nocturne.expect_kind_table): nocturne.expect_kind
function expect.kind(name) end

---A silence muted it.
---@class nocturne.expect_silenced: nocturne.node
---@class nocturne.expect_silenced_table
---@field [integer] any
---@field [string] any field = value
---@param name string|table
---@return nocturne.expect_silenced|fun(t: nocturne.expect_silenced_table): nocturne.expect_silenced
function expect.silenced(name) end

---The pair was closed in time.
---@class nocturne.expect_matched: nocturne.node
---@class nocturne.expect_matched_table
---@field [integer] any
---@field [string] any field = value
---@param name string|table
---@return nocturne.expect_matched|fun(t: nocturne.expect_matched_table): nocturne.expect_matched
function expect.matched(name) end

---The pair's close did not come.
---@class nocturne.expect_missing: nocturne.node
---@class nocturne.expect_missing_table
---@field [integer] any
---@field [string] any field = value
---@param name string|table
---@return nocturne.expect_missing|fun(t: nocturne.expect_missing_table): nocturne.expect_missing
function expect.missing(name) end

---The rule's key is storming.
---@class nocturne.expect_storm: nocturne.node
---@class nocturne.expect_storm_table
---@field [integer] any
---@field [string] any field = value
---@param name string|table
---@return nocturne.expect_storm|fun(t: nocturne.expect_storm_table): nocturne.expect_storm
function expect.storm(name) end

---The action was carried out.
---@class nocturne.expect_action: nocturne.node
---@class nocturne.expect_action_table
---@field [integer] any
---@field [string] any field = value
---@param name string|table
---@return nocturne.expect_action|fun(t: nocturne.expect_action_table): nocturne.expect_action
function expect.action(name) end

---The last event has these fields.
---@class nocturne.expect_field: nocturne.node
---@class nocturne.expect_field_table
---@field [integer] any
---@field [string] any field = value
---@param name string|table
---@return nocturne.expect_field|fun(t: nocturne.expect_field_table): nocturne.expect_field
function expect.field(name) end

---An each has ended so: { ok = 2, failed = { "sw2" } }.
---@class nocturne.expect_items: nocturne.node
---@class nocturne.expect_items_table
---@field [integer] any
---@field [string] any field = value
---@param name string|table
---@return nocturne.expect_items|fun(t: nocturne.expect_items_table): nocturne.expect_items
function expect.items(name) end

---The step was taken back, of these items.
---@class nocturne.expect_undone: nocturne.node
---@class nocturne.expect_undone_table
---@field [integer] any
---@field [string] any field = value
---@param name string|table
---@return nocturne.expect_undone|fun(t: nocturne.expect_undone_table): nocturne.expect_undone
function expect.undone(name) end

---The step has begun and not ended.
---@class nocturne.expect_waiting: nocturne.node
---@class nocturne.expect_waiting_table
---@field [integer] any
---@field [string] any field = value
---@param name string|table
---@return nocturne.expect_waiting|fun(t: nocturne.expect_waiting_table): nocturne.expect_waiting
function expect.waiting(name) end

---People, or a timeout, decided so: { decision = "approve", by = "ann" }.
---@class nocturne.expect_gate: nocturne.node
---@class nocturne.expect_gate_table
---@field [integer] any
---@field [string] any field = value
---@param name string|table
---@return nocturne.expect_gate|fun(t: nocturne.expect_gate_table): nocturne.expect_gate
function expect.gate(name) end

---Reads objects of the target.
---@class nocturne.snmp_get: nocturne.action
---@class nocturne.snmp_get_table
---@field [string] string result name = object, as "ifOperStatus.{ifindex}" or "ifOperStatus[{ifname}]"
---@param t nocturne.snmp_get_table
---@return nocturne.snmp_get
function snmp.get(t) end

---Sets objects of the target.
---@class nocturne.snmp_set: nocturne.action
---@class nocturne.snmp_set_table
---@field [string] string|number object = value; enumerated values by label
---@param t nocturne.snmp_set_table
---@return nocturne.snmp_set
function snmp.set(t) end

---Reads whole columns of the target.
---@class nocturne.snmp_walk: nocturne.action
---@class nocturne.snmp_walk_table
---@field [string] string result name = object, as "ifOperStatus.{ifindex}" or "ifOperStatus[{ifname}]"
---@param t nocturne.snmp_walk_table
---@return nocturne.snmp_walk
function snmp.walk(t) end

---Runs a program; the words are its arguments, no shell.
---@class nocturne.exec: nocturne.action
---@class nocturne.exec_table
---@field [integer] any
---@field stdin? any sent as JSON on standard input
---@field env? table<string, any> environment variables
---@field cwd? string directory it runs in
---@field format? "auto"|"json"|"text" how its output is read (default: auto)
---@field ok? any exit codes that are success, as { 0, 2 } (default: 0)
---@field exit? table<integer|string, string> exit code = error class, as { [75] = "transient" }
---@field mutates? boolean false: it only looks (default: true, false in a poll or verify)
---@field idempotent? boolean doing it twice is doing it once (default: false)
---@param t nocturne.exec_table
---@return nocturne.exec
function exec(t) end

---HTTP GET.
---@class nocturne.http_get: nocturne.action
---@class nocturne.http_get_table
---@field url string|nocturne.secret https://...
---@field header? table<string, any> request headers
---@field query? table<string, any> added to the URL, encoded
---@field auth? nocturne.secret|nocturne.bearer|nocturne.basic|nocturne.hmac|nocturne.github|nocturne.standard secret "x" is sent as a bearer token
---@field scheme? string the word before the secret: "Token" (default: Bearer)
---@field ok? any status codes that are success (default: 200-299)
---@field status? table<integer|string, string> status code = error class, as { [404] = "dependency_degraded" }; before ok
---@field follow? boolean follow redirects (default: false)
---@field ca? string file of CA certificates to trust
---@field max_bytes? integer longest answer that is read (default: 1048576)
---@field pages? nocturne.pages the answer is one of several: { "body.results", next = "body.next" }; max_bytes is then of all together
---@param t nocturne.http_get_table
---@return nocturne.http_get
function http.get(t) end

---HTTP POST.
---@class nocturne.http_post: nocturne.action
---@class nocturne.http_post_table
---@field url string|nocturne.secret https://...
---@field header? table<string, any> request headers
---@field query? table<string, any> added to the URL, encoded
---@field auth? nocturne.secret|nocturne.bearer|nocturne.basic|nocturne.hmac|nocturne.github|nocturne.standard secret "x" is sent as a bearer token
---@field scheme? string the word before the secret: "Token" (default: Bearer)
---@field ok? any status codes that are success (default: 200-299)
---@field status? table<integer|string, string> status code = error class, as { [404] = "dependency_degraded" }; before ok
---@field follow? boolean follow redirects (default: false)
---@field ca? string file of CA certificates to trust
---@field max_bytes? integer longest answer that is read (default: 1048576)
---@field json? any body as a table
---@field form? table<string, any> or as a form
---@field body? string or as text
---@field idempotent? boolean sending it twice is sending it once (default: true for put and delete)
---@field idempotency_key? string sent as Idempotency-Key
---@param t nocturne.http_post_table
---@return nocturne.http_post
function http.post(t) end

---HTTP PUT.
---@class nocturne.http_put: nocturne.action
---@class nocturne.http_put_table
---@field url string|nocturne.secret https://...
---@field header? table<string, any> request headers
---@field query? table<string, any> added to the URL, encoded
---@field auth? nocturne.secret|nocturne.bearer|nocturne.basic|nocturne.hmac|nocturne.github|nocturne.standard secret "x" is sent as a bearer token
---@field scheme? string the word before the secret: "Token" (default: Bearer)
---@field ok? any status codes that are success (default: 200-299)
---@field status? table<integer|string, string> status code = error class, as { [404] = "dependency_degraded" }; before ok
---@field follow? boolean follow redirects (default: false)
---@field ca? string file of CA certificates to trust
---@field max_bytes? integer longest answer that is read (default: 1048576)
---@field json? any body as a table
---@field form? table<string, any> or as a form
---@field body? string or as text
---@field idempotent? boolean sending it twice is sending it once (default: true for put and delete)
---@field idempotency_key? string sent as Idempotency-Key
---@param t nocturne.http_put_table
---@return nocturne.http_put
function http.put(t) end

---HTTP DELETE.
---@class nocturne.http_delete: nocturne.action
---@class nocturne.http_delete_table
---@field url string|nocturne.secret https://...
---@field header? table<string, any> request headers
---@field query? table<string, any> added to the URL, encoded
---@field auth? nocturne.secret|nocturne.bearer|nocturne.basic|nocturne.hmac|nocturne.github|nocturne.standard secret "x" is sent as a bearer token
---@field scheme? string the word before the secret: "Token" (default: Bearer)
---@field ok? any status codes that are success (default: 200-299)
---@field status? table<integer|string, string> status code = error class, as { [404] = "dependency_degraded" }; before ok
---@field follow? boolean follow redirects (default: false)
---@field ca? string file of CA certificates to trust
---@field max_bytes? integer longest answer that is read (default: 1048576)
---@field json? any body as a table
---@field form? table<string, any> or as a form
---@field body? string or as text
---@field idempotent? boolean sending it twice is sending it once (default: true for put and delete)
---@field idempotency_key? string sent as Idempotency-Key
---@param t nocturne.http_delete_table
---@return nocturne.http_delete
function http.delete(t) end

---HTTP PATCH.
---@class nocturne.http_patch: nocturne.action
---@class nocturne.http_patch_table
---@field url string|nocturne.secret https://...
---@field header? table<string, any> request headers
---@field query? table<string, any> added to the URL, encoded
---@field auth? nocturne.secret|nocturne.bearer|nocturne.basic|nocturne.hmac|nocturne.github|nocturne.standard secret "x" is sent as a bearer token
---@field scheme? string the word before the secret: "Token" (default: Bearer)
---@field ok? any status codes that are success (default: 200-299)
---@field status? table<integer|string, string> status code = error class, as { [404] = "dependency_degraded" }; before ok
---@field follow? boolean follow redirects (default: false)
---@field ca? string file of CA certificates to trust
---@field max_bytes? integer longest answer that is read (default: 1048576)
---@field json? any body as a table
---@field form? table<string, any> or as a form
---@field body? string or as text
---@field idempotent? boolean sending it twice is sending it once (default: true for put and delete)
---@field idempotency_key? string sent as Idempotency-Key
---@param t nocturne.http_patch_table
---@return nocturne.http_patch
function http.patch(t) end

---Sends a syslog message; in a channel, the notice.
---@class nocturne.syslog: nocturne.action
---@class nocturne.syslog_table
---@field [integer] any
---@field to? string host:port, or a socket path (default: 127.0.0.1:514)
---@field transport? "udp"|"tcp"|"unix" how it is sent (default: udp)
---@field facility? "kern"|"user"|"mail"|"daemon"|"auth"|"syslog"|"lpr"|"news"|"uucp"|"cron"|"authpriv"|"ftp"|"local0"|"local1"|"local2"|"local3"|"local4"|"local5"|"local6"|"local7" syslog facility (default: local0)
---@field severity? string|number name or 0-7 (default: the event's)
---@field app? string program name (default: nocturne)
---@param t nocturne.syslog_table
---@return nocturne.syslog
function syslog(t) end

---Sends a mail; in a channel, the notice.
---@class nocturne.mail: nocturne.action
---@class nocturne.mail_table
---@field [integer] any
---@field to string|string[]|nocturne.any addresses
---@field cc? string|string[]|nocturne.any addresses
---@field from? string sender
---@field subject? string one line (default: {summary})
---@field body? string text; in a channel, the notice
---@field server? string smtp:// or smtps:// URL (default: smtp://127.0.0.1:25)
---@field auth? nocturne.secret|nocturne.basic user:password
---@field tls? "required"|"try"|"off" STARTTLS; required, but of a server on this machine
---@field ca? string file of CA certificates to trust
---@param t nocturne.mail_table
---@return nocturne.mail
function mail(t) end

---Makes a new event; the name is its kind.
---@class nocturne.emit: nocturne.action
---@class nocturne.emit_table
---@field [string] any field = value of the new event
---@param name string
---@return nocturne.emit|fun(t: nocturne.emit_table): nocturne.emit
function emit(name) end

---Writes a line to the daemon's log.
---@class nocturne.log: nocturne.action
---@class nocturne.log_table
---@field level? "debug"|"info"|"warn"|"error" of the line (default: info)
---@param name string
---@return nocturne.log|fun(t: nocturne.log_table): nocturne.log
function log(name) end

---Tells a channel; without a text, the summary.
---@class nocturne.notify: nocturne.action
---@class nocturne.notify_table
---@field [integer] any
---@param name string
---@return nocturne.notify|fun(t: nocturne.notify_table): nocturne.notify
function notify(name) end

---Starts a flow of its own.
---@class nocturne.start: nocturne.action
---@class nocturne.start_table
---@field [string] any input of the flow
---@field all? any true: what the flow declares and is not said here is what this run was given, else what its event says
---@param name string
---@return nocturne.start|fun(t: nocturne.start_table): nocturne.start
function start(name) end
