/* SPDX-License-Identifier: ISC */
/*
 * The rule language, part two: the steps of a flow and the option tables of
 * rules and steps.
 */
#include "config.h"

#include "engine/lang/schema.h"
#include "engine/lang/schema_rows.h"

#define WHEN                                                           \
	OPT("when", WHERE,                                             \
	    "only when this holds: path = value, or function(run); a " \
	    "step that is not taken is skipped")

static const struct noc_option step_options[] = {
	WHEN,
	DEF("timeout", DURATION, "10s for reads, 30s for notices",
	    "for one attempt, once it is out; must be said when the action "
	    "changes something"),
	OPT("deadline", DURATION, "for all attempts together"),
	DEF("target", STRING, "{device}", "the device it is done to"),
	VAL("output", MAP, NULL, NULL, "name = path in the result"),
	OPT("fail_if", WHERE, "a result like this is a failure"),
	VAL("retry", TABLE, "retry", "3 attempts, 1s doubling, at most 60s",
	    "after a transient error or a timeout"),
	VAL("on_error", TABLE, "on_error", NULL,
	    "error class = action, done before the run fails"),
	VAL("probe", NODE, "snmp.get snmp.walk http.get exec", NULL,
	    "a read that tells whether it happened"),
	VAL("on_crash", ENUM, "retry verify ask fail",
	    "retry for reads; verify with a probe, else ask",
	    "what to do when it is not known whether it happened"),
	OPT("undo", LATER, "compensation"),
	OPT("after", LATER, "edges of a graph"),
	OPT("breaker", LATER, "own breaker limits"),
	OPT("on_timeout", LATER, "timeout actions"),
	END
};

static const struct noc_option verify_options[] = {
	REQ("expect", WHERE, NULL, "what must hold: name = value"),
	DEF("every", DURATION, "3s", "how often it is read"),
	DEF("within", DURATION, "60s", "by when it must hold"),
	DEF("stable", DURATION, "0s", "and for how long it must stay so"),
	WHEN,
	DEF("timeout", DURATION, "10s", "for one read"),
	DEF("target", STRING, "{device}", "the device that is read"),
	VAL("output", MAP, NULL, NULL, "name = path in the result"),
	END
};

static const struct noc_option when_options[] = { WHEN, END };

static const struct noc_option fail_options[] = {
	WHEN,
	VAL("class", ENUM,
	    "permanent transient timeout dependency_unavailable "
	    "dependency_degraded downstream_failed",
	    "permanent", "class of the error"),
	END
};

static const struct noc_option escalate_options[] = {
	DEF("again", DURATION, "never", "repeat the last level so often"),
	DEF("max", DURATION, "24h", "then give up and say so"),
	DEF("stop_on", STRINGS, "ack",
	    "\"ack\" or kinds of event that end it with one all-clear"),
	WHEN, END
};

const struct noc_node_schema noc_schema_steps[] = {
	{ "step", "step", 'r', false, "1 action", step_options,
	  "One action with its conditions and limits." },
	{ "verify", "step", 'r', false, "1 snmp.get snmp.walk http.get exec",
	  verify_options, "Reads until what is expected holds." },
	{ "stop", "step", 'r', true, NULL, when_options,
	  "Ends the run here, Succeeded; the name is the reason." },
	{ "fail", "step", 'r', true, NULL, fail_options,
	  "Ends the run here, Failed; the name is the reason." },
	{ "escalate", "step", '-', false, "+ level", escalate_options,
	  "Tells level after level until somebody acknowledges." },
	{ "sleep", "step", 'r', true, NULL, when_options,
	  "Waits; the wait survives a restart." },
	{ "parallel", "later", 'o', true, NULL, NULL, "branches" },
	{ "each", "later", 'o', true, NULL, NULL, "fan-out" },
	{ "choose", "later", 'o', true, NULL, NULL, "branching" },
	{ "otherwise", "later", 'o', true, NULL, NULL, "branching" },
	{ "approve", "later", 'o', true, NULL, NULL, "approval gate" },
	{ "confirm", "later", 'o', true, NULL, NULL, "confirmation" },
	{ "wait_for", "later", 'o', true, NULL, NULL, "waiting" },
	{ "call", "later", 'o', true, NULL, NULL, "sub-flow" },
	{ NULL, NULL, 0, false, NULL, NULL, NULL }
};
