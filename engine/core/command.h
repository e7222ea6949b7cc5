/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_CORE_COMMAND_H
#define NOC_ENGINE_CORE_COMMAND_H

/*
 * Verbs of noc_core_command.  Each command is a map with "verb" and "actor";
 * each becomes an ADMIN (or SIGNAL) record; the answer comes when durable.
 *
 *   silence.add   {match, for_ms, why}       -> {id, until}
 *   silence.list  {} -> [..]     silence.del {id, why}
 *   freeze.add    {match, for_ms, why}       -> {id, until}
 *   freeze.list   freeze.del
 *   kill.on {why}   kill.off {why}   kill.status {}
 *   breaker.list {}   breaker.trip {action, target, for_ms, why}
 *   breaker.reset {action, target, why}
 *   rules.list {} -> [{name, mode, paused, matched, fired, would, ...}]
 *   rules.pause {rule, why}   rules.resume {rule, why}
 *   schedule.list {}   schedule.trigger {schedule}
 *   run.cancel {id, why}   run.signal {id, signal}   run.ack {id, why}
 *   run.start {flow, input, mode}            -> {id}
 *   notify.test {channel}                    -> {ok, detail}
 *   sources {} -> [..]   unmatched {limit} -> [..]   unknown {} -> [..]
 *   explain {id or event} -> {event, rules: [{rule, matched, why, at, mode,
 *     paused?, fix?}], silence?, freeze?, killed?}
 *   event {id}   recent {limit, before_ns, kind...}: those only in memory
 *
 * match of silence and freeze: a map of field path -> value or glob, e.g.
 * {"device": "sw1"}; on the command line `device=sw1 kind=link.*`.
 */

#endif
