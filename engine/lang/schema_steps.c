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

#define AFTER                                                                  \
	VAL("after", ANY, NULL, "the one before it",                           \
	    "what it waits for, of the same list: \"a\", { \"a\", \"b\" } or " \
	    "{ a = \"ok\" | \"failed\" | \"always\" }; it then stands beside " \
	    "the line")

#define BLOCK \
	OPT("block", LITERAL, "who has failed when it fails: \"executor\"")

#define CLASSES                                               \
	"permanent transient timeout dependency_unavailable " \
	"dependency_degraded downstream_failed"

#define LIMITS                                                         \
	OPT("limits", MAP,                                             \
	    "so many calls at once of all that say the name: { awx = " \
	    "4, [\"site/{site}\"] = 10 }")

static const struct noc_option step_options[] = {
	WHEN,
	DEF("timeout", DURATION, "10s for reads, 30s for notices",
	    "for one attempt, once it is out; must be said when the action "
	    "changes something"),
	OPT("deadline", DURATION, "for all attempts together"),
	DEF("target", STRING, "{device}", "the device it is done to"),
	VAL("output", MAP, NULL, NULL,
	    "name = path in the result: \"body.id\", of all in a list "
	    "\"body.results[*].id\", or { \"body.results\", name = path, "
	    "... } of each; name = false: it is not kept"),
	OPT("expect", WHERE,
	    "a result must be like this, else it is a failure: transient, in "
	    "doubt when twice is not once"),
	OPT("fail_if", WHERE, "a result like this is a failure"),
	VAL("fail_class", ENUM, CLASSES, "permanent",
	    "class of what fail_if names: \"transient\" is tried again"),
	VAL("retry", TABLE, "retry", "3 attempts, 1s doubling, at most 60s",
	    "after a transient error or a timeout"),
	VAL("on_error", TABLE, "on_error", NULL,
	    "error class = action, done before the run fails"),
	VAL("probe", TABLE, "probe_action", NULL,
	    "a read that tells whether it happened: an action, or { ACTION, "
	    "expect = ..., fail_if = ... }"),
	VAL("on_crash", ENUM, "retry verify ask fail",
	    "retry for reads; verify with a probe, else ask",
	    "what to do when it is not known whether it happened"),
	AFTER,
	VAL("undo", TABLE, "undo_action", NULL,
	    "what takes it back: an action, a call or a step, or { ACTION, "
	    "timeout = ... }; it sees what the step gave"),
	BLOCK,
	VAL("on_timeout", ENUM, "escalate skip abort", NULL,
	    "when its time is up: escalate fails and tells \"noc\", skip goes "
	    "on as if it were left out, abort fails without another attempt"),
	LIMITS,
	VAL("targets", ANY, NULL, NULL,
	    "the devices that one call changes: \"{steps.x.devices}\", or a "
	    "list; those that are frozen are left out of {targets}"),
	VAL("degraded", ENUM, "go_on fail", "fail",
	    "when what it needs works badly (class dependency_degraded): go_on "
	    "writes it down and goes on"),
	OPT("breaker", LATER, "own breaker limits"),
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
	AFTER,
	BLOCK,
	END
};

static const struct noc_option when_options[] = { WHEN, AFTER, END };

static const struct noc_option fail_options[] = {
	WHEN,
	VAL("class", ENUM, CLASSES, "permanent", "class of the error"),
	VAL("severity", ENUM, "critical", NULL,
	    "an each counts the items that fail so: steps.NAME.critical"),
	AFTER,
	BLOCK,
	END
};

static const struct noc_option escalate_options[] = {
	DEF("again", DURATION, "never", "repeat the last level so often"),
	DEF("max", DURATION, "24h", "then give up and say so"),
	DEF("stop_on", STRINGS, "ack",
	    "\"ack\" or kinds of event that end it with one all-clear"),
	WHEN,
	AFTER,
	END
};

#define GATE_PEOPLE                                                            \
	DEF("groups", STRINGS, "whoever may approve",                          \
	    "groups of the machine or of tokens; a member of any may decide"), \
	    DEF("need", INT, "1", "how many people must say yes"),             \
	    DEF("self", BOOL, "false", "may who asked for it decide as well"), \
	    DEF("requester", STRING, "who started the run",                    \
		"who asked for it: \"{input.requester}\"")
#define GATE_TIME(ways)                                                       \
	DEF("notify", LITERAL, "noc", "the channel that is told of it"),      \
	    REQ("timeout", DURATION, NULL, "by when it must be decided"),     \
	    VAL("on_timeout", ENUM, ways, "reject",                           \
		"what holds when nobody did: always written down; reject is " \
		"told to \"noc\""),                                           \
	    VAL("withdraw", TABLE, "withdraw", NULL,                          \
		"an event that takes the question back; the run ends there")

static const struct noc_option approve_options[] = {
	GATE_PEOPLE,
	VAL("show", ANY, NULL, NULL,
	    "what they are shown: { switches = \"{steps.look.n}\" }, or a text"),
	GATE_TIME("reject approve skip"),
	WHEN,
	AFTER,
	BLOCK,
	END
};

static const struct noc_option confirm_options[] = {
	GATE_PEOPLE,
	REQ("show", ANY, NULL,
	    "what they confirm: \"{steps.plan.diff}\"; who confirms names its "
	    "hash"),
	GATE_TIME("reject skip"),
	WHEN,
	AFTER,
	BLOCK,
	END
};

static const struct noc_option withdraw_options[] = {
	OPT("on", LITERAL, "a kind of event"),
	OPT("where", WHERE,
	    "of it: { number = \"{input.change}\" }; else what is about the "
	    "same thing as the run"),
	VAL("trust", ENUM, "cause any", "cause",
	    "any: also an event that is trusted less than the run's cause"),
	END
};

static const struct noc_option wait_options[] = {
	OPT("event", LITERAL, "a kind of event that comes"),
	OPT("where", WHERE, "of it: { number = \"{input.change}\" }"),
	VAL("trust", ENUM, "cause any", "cause",
	    "any: also an event that is trusted less than the run's cause"),
	OPT("signal", LITERAL,
	    "a name: `nocturne run signal RUN NAME`; one that came before is "
	    "kept"),
	VAL("window", ANY, NULL, NULL,
	    "a time such as \"sat-sun 22:00-04:00\", or time_in { ... }"),
	OPT("expect", WHERE, "of an action: what must hold"),
	OPT("fail_if", WHERE, "of an action: it is given up then"),
	DEF("every", DURATION, "10s", "of an action: how often"),
	DEF("stable", DURATION, "0s", "and for how long it must stay so"),
	REQ("timeout", DURATION, NULL, "for all of it"),
	VAL("on_timeout", ENUM, "escalate skip abort", NULL,
	    "when its time is up: escalate fails and tells \"noc\", skip goes "
	    "on as if it were left out, abort fails"),
	DEF("target", STRING, "{device}", "of an action: who is asked"),
	VAL("output", MAP, NULL, NULL, "name = path in the result"),
	LIMITS,
	WHEN,
	AFTER,
	BLOCK,
	END
};

static const struct noc_option parallel_options[] = { AFTER, END };

static const struct noc_option line_options[] = {
	OPT("name", LITERAL, "what `after` calls it"), AFTER, END
};

static const struct noc_option choose_options[] = {
	VAL("otherwise", TABLE, "steps", "nothing",
	    "done when no branch holds"),
	AFTER, END
};

static const struct noc_option branch_options[] = {
	REQ("when", WHERE, NULL, "taken when this holds and none before did"),
	DEF("name", LITERAL, "its place", "what the record calls it"), END
};

static const struct noc_option call_options[] = {
	OPT("*", ANY, "input of the flow = template or value"), END
};

static const struct noc_option undo_options[] = {
	REQ("step", LITERAL, NULL, "the step, of which `undo` is carried out"),
	VAL("items", ANY, NULL, "all that were done",
	    "for these only: \"{steps.check.failed_items}\", or a list"),
	DEF("timeout", DURATION, "1h", "for all of them together"),
	WHEN,
	AFTER,
	END
};

static const struct noc_option each_options[] = {
	REQ("over", ANY, "inventory",
	    "the items: \"{steps.x.list}\", a list, or inventory { role = "
	    "\"access\" }"),
	DEF("as", LITERAL, "item", "the item's name in its steps"),
	DEF("key", STRING, "the item, its name or id",
	    "what tells an item from the others: \"{sw.name}\""),
	VAL("limit", STRING, "number", "20", "how many at a time"),
	OPT("rate", RATE, "how many begin in a time, as \"200/1s\""),
	OPT("batch", INT, "so many end before others begin"),
	LIMITS,
	VAL("waves", ANY, NULL, "all at once",
	    "{ \"1\", \"10%\", \"rest\" }: the next when the one before went "
	    "well"),
	VAL("check", TABLE, "steps", NULL,
	    "steps after each wave, the next one only when they succeed"),
	VAL("need", STRING, "number", "all",
	    "how many must succeed: all, 5, \"95%\", first, or any: judge it "
	    "yourself"),
	VAL("on_satisfied", ENUM, "let_finish cancel_rest",
	    "let_finish; cancel_rest for first",
	    "the others, once enough have succeeded"),
	VAL("collect", MAP, NULL, NULL,
	    "name = path, kept of each item: { up = \"steps.look.up\" }"),
	VAL("empty", ENUM, "error ok", "error", "when there are no items"),
	VAL("undo", ENUM, "none run wave failed_items succeeded_items", "none",
	    "what is taken back when it fails"),
	DEF("undo_timeout", DURATION, "1h",
	    "for what is taken back, all of it together"),
	WHEN,
	AFTER,
	OPT("timeout", DURATION, "for all items together"),
	END
};

static const struct noc_option undo_action_options[] = {
	DEF("timeout", DURATION, "the step's", "for one attempt"),
	OPT("deadline", DURATION, "for all attempts together"),
	VAL("retry", TABLE, "retry", "3 attempts, 1s doubling, at most 60s",
	    "after a transient error or a timeout"),
	DEF("target", STRING, "the step's", "the device it is done to"), END
};

static const struct noc_option probe_action_options[] = {
	OPT("expect", WHERE, "of its answer: it happened"),
	OPT("fail_if", WHERE,
	    "of its answer: it did not; when neither holds people are asked"),
	VAL("output", MAP, NULL, NULL,
	    "name = path in its answer: what the step gives when it happened"),
	END
};

static const struct noc_option pages_options[] = {
	REQ("next", LITERAL, NULL, "path of where the next one is"), END
};

static const struct noc_option on_fail_options[] = {
	VAL("undo", ENUM, "none run", "none",
	    "first, what was done is taken back"),
	DEF("timeout", DURATION, "1h",
	    "for what is taken back, and again for its steps together"),
	END
};

static const struct noc_option finally_options[] = {
	DEF("timeout", DURATION, "1h", "for its steps together"), END
};

static const struct noc_option no_options[] = { END };

#define TABLE(name, bare, items, opts, help)                \
	{                                                   \
		name, "table", '-', bare, items, opts, help \
	}

const struct noc_node_schema noc_schema_steps[] = {
	{ "step", "step", 'r', false, "1 action call", step_options,
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
	{ "parallel", "step", 'o', false, "+ step action line",
	  parallel_options, "Steps, or lists of steps, that begin together." },
	{ "choose", "step", 'o', false, "+ branch", choose_options,
	  "The first branch whose `when` holds." },
	{ "each", "step", 'r', false, "+ step action", each_options,
	  "The steps in it once for each item of a list." },
	{ "call", "step", 'r', true, NULL, call_options,
	  "Another flow as a step; it sees its own steps and input only." },
	{ "undo", "step", 'r', false, NULL, undo_options,
	  "Carries out what takes a step back." },
	TABLE("line", false, "+ step action", line_options,
	      "A list in parallel."),
	TABLE("branch", false, "+ step action", branch_options,
	      "A branch of choose: { when = ..., STEPS }."),
	TABLE("steps", true, "+ step action", no_options, "Steps."),
	TABLE("on_fail", true, "step action", on_fail_options,
	      "When a step has failed for good."),
	TABLE("finally", true, "+ step action", finally_options,
	      "Before it ends, however it does."),
	{ "approve", "step", 'r', false, NULL, approve_options,
	  "People say whether it goes on." },
	{ "confirm", "step", 'r', false, NULL, confirm_options,
	  "A person says that this text is as meant." },
	{ "wait_for", "step", 'r', false, "? snmp.get snmp.walk http.get exec",
	  wait_options, "Waits for something outside." },
	TABLE("withdraw", true, "? string", withdraw_options,
	      "What takes a question back."),
	TABLE("undo_action", true, "1 action call step", undo_action_options,
	      "What takes a step back."),
	TABLE("pages", false, "1 string", pages_options,
	      "Where an answer lists, and says what is next."),
	TABLE("probe_action", true, "1 snmp.get snmp.walk http.get exec",
	      probe_action_options, "What tells whether it happened."),
	{ NULL, NULL, 0, false, NULL, NULL, NULL }
};
