/* SPDX-License-Identifier: ISC */
/*
 * The rule language, part one: what stands at the top of a file, and the
 * option tables inside.  Every row is read by the checker, the messages, the
 * manual and the editor annotations; doc/ and rules/meta follow it.
 */
#include "config.h"

#include "engine/lang/schema.h"
#include "engine/lang/schema_rows.h"

#define MODE MODE_BY_DEFAULT("observe when it acts, else active")
#define MODE_BY_DEFAULT(mode)                                              \
	VAL("mode", ENUM, "observe shadow canary active", mode,            \
	    "how far it may go: observe writes down what would have been " \
	    "done, active does it, shadow stands beside a live rule: it "  \
	    "reads, and neither changes anything nor tells anybody")

/* What turns a thing seen into canonical events: normalize and hook. */
#define EMIT_OPTIONS                                                       \
	REQ("emit", STRING, NULL,                                          \
	    "the kind of event that comes out, such as \"link.{state}\""), \
	    OPT("kinds", STRINGS,                                          \
		"every kind that a template in `emit` can give"),          \
	    OPT("where", WHERE, "take only what matches"),                 \
	    VAL("when", NODE, "function", NULL,                            \
		"function(ev), asked last: take it only when it says so"), \
	    VAL("map", MAP, "function", NULL,                              \
		"data field = path in what was seen, or a template, or a " \
		"constant; or a function(ev) that returns such a table"),  \
	    VAL("severity", STRING, "number", "the sender's",              \
		"severity of the event: a name, 0-7 or a template"),       \
	    DEF("summary", STRING, "the sender's text", "one line for people")

static const struct noc_option channel_options[] = {
	OPT("limit", RATE, "more than this becomes one digest, as \"10/1m\""),
	OPT("fallback", LITERAL, "the channel told when this one fails"),
	VAL("retry", TABLE, "retry", "3 attempts",
	    "how often a delivery is tried"),
	END
};

static const struct noc_option rule_options[] = {
	REQ("on", STRINGS, NULL, "the kinds of event that it looks at"),
	REQ("run", NODE, "flow step action escalate",
	    "what to do: an action, or a flow of steps"),
	MODE,
	OPT("canary", LITERAL,
	    "with mode = \"canary\": share of keys that act, as \"10%\""),
	OPT("where", WHERE, "field = value or operator; all must hold"),
	VAL("when", NODE, "function", NULL,
	    "function(ev), asked last, pure: true lets the rule go on"),
	VAL("unless", NODES, "seen", NULL,
	    "not when such an event was seen; asked again before every "
	    "step that changes something"),
	DEF("key", STRING, "{device}",
	    "what the rule counts, holds and damps by"),
	VAL("hold", TABLE, "hold", "0s",
	    "wait this long, and start only if nothing cancelled"),
	VAL("damp", TABLE, "damp", NULL,
	    "RFC 2439 flap dampening of the actions"),
	VAL("storm", TABLE, "storm", NULL,
	    "fold the notices of a flood into one"),
	VAL("threshold", TABLE, "threshold", NULL,
	    "start when so many came within a sliding window"),
	VAL("throttle", TABLE, "throttle", NULL, "at most once in a time"),
	VAL("guard", TABLE, "guard",
	    "per_key 2/30m, rate 10/1m, mass 5/30s by site, targets 10/10m, "
	    "depth 3",
	    "limits past which it does not act"),
	OPT("group", LITERAL,
	    "rules of one group with first = true: only the first that "
	    "matches starts"),
	DEF("first", BOOL, "false", "see `group`"),
	VAL("time", ENUM, "arrival event", "arrival",
	    "which time counts: when it arrived, or when its sender says it "
	    "happened, for senders that keep events back"),
	OPT("sequence", LATER, "ordered sequence"),
	OPT("heartbeat", LATER, "absence"),
	OPT("inhibit", LATER, "inhibition"),
	OPT("windows", LATER, "recurring maintenance windows"),
	END
};

static const struct noc_option pair_options[] = {
	REQ("open", STRINGS, NULL, "the kind that opens it"),
	REQ("close", STRINGS, NULL, "the kind that closes it"),
	REQ("within", DURATION, NULL, "how long the close may take"),
	OPT("where", WHERE, "only events that match"),
	DEF("key", STRING, "{device}", "open and close belong together by it"),
	VAL("missing", NODE, "flow step action escalate", NULL,
	    "done when the close did not come in time"),
	VAL("matched", NODE, "flow step action escalate", NULL,
	    "done when it did"),
	MODE,
	END
};

static const struct noc_option normalize_options[] = {
	REQ("from", LITERAL, NULL,
	    "what it reads: \"syslog\", \"snmp.trap\", \"webhook\" ..."),
	EMIT_OPTIONS,
	OPT("tag", STRINGS, "syslog: the tag, exactly"),
	OPT("app", STRINGS, "syslog: the program name, exactly"),
	OPT("trap", STRINGS, "snmp.trap: name or OID of the notification"),
	OPT("pattern", LITERAL,
	    "regular expression on the message; named groups become data"),
	END
};

static const struct noc_option hook_options[] = {
	REQ("auth", NODE, "auth",
	    "say who may post, for example auth = bearer \"secret-name\""),
	EMIT_OPTIONS,
	OPT("split", LITERAL, "one event for each of \"alerts[*]\""),
	OPT("dedup", STRING,
	    "what makes two posts the same, where the sender says it anew"),
	DEF("dedup_for", DURATION, "24h", "how long that is remembered"),
	VAL("replay", DURATION, "false",
	    "24h, or as long as a timestamp is good",
	    "what was signed is taken once in so long; false: the sender signs "
	    "the same more than once and means it"),
	OPT("device", LITERAL, "path in the body that names the device"),
	END
};

static const struct noc_option poll_options[] = {
	OPT("every", DURATION, "how often"),
	OPT("cron", LITERAL, "or when, as a cron expression"),
	OPT("tz", LITERAL, "time zone of `cron`"),
	VAL("dst", TABLE, "dst", "after, once",
	    "times of `cron` on the nights on which clocks change"),
	VAL("each", NODE, "inventory", NULL,
	    "the devices to ask; without it, asked once"),
	DEF("limit", INT, "20", "how many at a time"),
	DEF("jitter", DURATION, "0s", "spread the start by up to this"),
	DEF("timeout", DURATION, "10s", "for each answer"),
	REQ("emit", STRING, NULL, "the kind of event that it makes"),
	OPT("kinds", STRINGS, "every kind that a template in `emit` can give"),
	OPT("when", WHERE, "which answers make an event"),
	VAL("once", ENUM, "crossing change always", "crossing",
	    "when `when` becomes true, when an answer differs, or each time"),
	VAL("map", MAP, NULL, NULL, "data field = path in the answer"),
	VAL("severity", STRING, "number", NULL, "severity of the event"),
	OPT("summary", STRING, "one line for people"),
	DEF("need", LITERAL, "1", "answers that must come: \"all\", \"95%\""),
	VAL("on_error", NODE, "action escalate", "notify \"noc\"",
	    "done when a device does not answer"),
	VAL("on_missed", NODE, "action escalate", "notify \"noc\"",
	    "done when the poll could not run"),
	VAL("on_breach", NODE, "action escalate", "notify \"noc\"",
	    "done when fewer than `need` answered"),
	END
};

static const struct noc_option sensor_options[] = {
	VAL("format", ENUM, "jsonl", "jsonl", "what the child prints"),
	REQ("kinds", STRINGS, NULL, "the kinds of event it may print"),
	VAL("restart", ENUM, "backoff never", "backoff", "when it ends"), END
};

static const struct noc_option flow_options[] = {
	OPT("input", MAP, "what it is started with: name = type"),
	OPT("output", MAP, "what it gives: name = template"),
	VAL("on_fail", TABLE, "on_fail", NULL,
	    "done when a step has failed for good"),
	VAL("finally", TABLE, "finally", NULL,
	    "done before it ends, however it does"),
	VAL("on_cancel", ENUM, "undo", "nothing is taken back",
	    "take back what was done when it is cancelled"),
	DEF("timeout", DURATION, "24h", "the whole run ends by then"),
	OPT("limits", MAP,
	    "so many runs at once of all flows that say the name: { awx = 4, "
	    "[\"site/{site}\"] = 10 }; more wait"),
	OPT("lock", STRINGS,
	    "one run after the other, of all flows that say the name: "
	    "\"building/{input.b}\"; taken before the first step"),
	OPT("dedup", STRING,
	    "two runs with the same are the same: \"{input.change}\""),
	VAL("on_running", ENUM, "reject queue join supersede", "reject",
	    "when the same runs already: refuse, wait for its end, be it, or "
	    "cancel it first"),
	VAL("on_closed", ENUM, "allow reject failed_only", "allow",
	    "when the same has ended within dedup_window"),
	DEF("dedup_window", DURATION, "24h", "of on_closed"),
	VAL("guard", TABLE, "flow_guard", NULL, "how much a run may change"),
	END
};

static const struct noc_option schedule_options[] = {
	OPT("cron", LITERAL, "\"15 4 * * *\", @daily ..."),
	OPT("every", DURATION, "or an interval"),
	OPT("at", LITERAL, "or once: \"2026-11-23T04:15:00Z\""),
	DEF("tz", LITERAL, "UTC", "time zone of `cron`, or of `at`"),
	VAL("dst", TABLE, "dst", "after, once",
	    "times of `cron` on the nights on which clocks change"),
	REQ("run", NODE, "flow step action escalate", "what to do"),
	VAL("overlap", ENUM, "skip buffer_one buffer_all cancel_other allow",
	    "skip", "when the run before has not ended"),
	VAL("misfire", TABLE, "misfire", "within 10m, once",
	    "what to do about a time that was slept through"),
	DEF("jitter", DURATION, "0s", "spread the start by up to this"),
	DEF("paused", BOOL, "false", "not by the clock, until this is gone"),
	VAL("on_missed", NODE, "action escalate", "notify \"noc\"",
	    "done when a time was missed or skipped"),
	VAL("on_breach", NODE, "action escalate", "notify \"noc\"",
	    "done when the run failed or was too slow"),
	MODE_BY_DEFAULT("active"),
	END
};

static const struct noc_option test_options[] = {
	OPT("active", STRINGS, "rules that are active in this test"),
	DEF("start", LITERAL, "2026-01-05T12:00:00Z", "when its clock begins"),
	END
};

const struct noc_node_schema noc_schema_top[] = {
	{ "channel", "top", 'r', false, "+ action", channel_options,
	  "Where notices go." },
	{ "flow", "top", 'o', false, "+ step action", flow_options,
	  "Steps in order; named at the top of a file, or unnamed in `run`." },
	{ "hook", "top", 'r', false, NULL, hook_options,
	  "A webhook, POST /hooks/NAME, and the event it becomes." },
	{ "normalize", "top", 'r', false, NULL, normalize_options,
	  "Turns what a sensor saw into a canonical event." },
	{ "pair", "top", 'r', false, NULL, pair_options,
	  "Two events that belong together, and what if one is missing." },
	{ "poll", "top", 'r', false, "1 snmp.get snmp.walk http.get exec",
	  poll_options, "Asks devices regularly." },
	{ "rule", "top", 'r', false, NULL, rule_options,
	  "When this happens, do that." },
	{ "schedule", "top", 'r', false, NULL, schedule_options,
	  "Runs by the clock." },
	{ "sensor", "top", 'r', false, "1 exec", sensor_options,
	  "A supervised child that prints one event a line." },
	{ "test", "top", 'r', false, "+ at inventory stub", test_options,
	  "Events in virtual time and what must come of them." },
	{ NULL, NULL, 0, false, NULL, NULL, NULL }
};
