/* SPDX-License-Identifier: ISC */
/*
 * The rule language, part four: option tables, operators of `where`, values
 * and what tests are made of.
 */
#include "config.h"

#include "engine/lang/schema.h"
#include "engine/lang/schema_rows.h"

static const struct noc_option hold_options[] = {
	OPT("cancel", STRINGS, "kinds that call it off, same key"), END
};

static const struct noc_option damp_options[] = {
	DEF("half_life", DURATION, "15m", "the penalty halves in this time"),
	DEF("suppress", NUMBER, "2000", "above this the actions are mute"),
	DEF("reuse", NUMBER, "750", "below this they are not"),
	DEF("max_suppress", DURATION, "60m", "mute at most this long"),
	DEF("penalty", NUMBER, "1000", "what one down costs"),
	END
};

static const struct noc_option storm_options[] = {
	REQ("over", RATE, NULL, "it begins above this, as \"200/10s\""),
	DEF("clear", RATE, "the same", "it ends below this"),
	VAL("digest", TABLE, "digest", "idle 30s, max 5m", "when it closes"),
	OPT("keep", WHERE, "still told one by one"),
	OPT("rollup", LITERAL, "many devices of one \"site\": one notice"),
	DEF("top", INT, "3", "message shapes that are named"),
	END
};

static const struct noc_option digest_options[] = {
	DEF("idle", DURATION, "30s", "quiet for this long"),
	DEF("max", DURATION, "5m", "or this old"),
	OPT("count", INT, "or so many messages; more than in over"), END
};

static const struct noc_option threshold_options[] = {
	OPT("over", RATE, "so many in a sliding window, as \"5/1m\""),
	OPT("clear", RATE, "armed again only below this"),
	OPT("distinct", STRING, "count different values of this"), END
};

static const struct noc_option throttle_options[] = {
	OPT("once_within", DURATION, "the first, then quiet for this long"),
	OPT("once_after", DURATION, "once, this long after the first"),
	OPT("accumulate", RATE, "once, when so many came, as \"3/5m\""), END
};

static const struct noc_option guard_options[] = {
	DEF("per_key", RATE, "2/30m", "starts of one key"),
	DEF("mass", RATE, "5/30s by site",
	    "candidates at once: above it none acts"),
	DEF("targets", RATE, "10/10m", "different targets"),
	DEF("depth", INT, "3", "how far it may be from an outside cause"),
	DEF("settle", DURATION, "60s",
	    "events of a device that a run touched wait this long"),
	VAL("on_exceed", NODE, "notify mail syslog http.post exec",
	    "notify \"noc\"", "done once a window when a limit held it back"),
	DEF("rate", RATE, "10/1m", "starts of the rule, of whatever key"),
	VAL("keep_one_up", ANY, NULL, NULL,
	    "ports of which one must stay up, of the device or of those "
	    "named: { sw1 = \"Po1\", sw2 = \"Po1\" }; read again before each "
	    "step that may take one down"),
	END
};

static const struct noc_option retry_options[] = {
	DEF("attempts", INT, "3", "all together"),
	DEF("initial", DURATION, "1s", "before the second"),
	DEF("factor", NUMBER, "2", "each wait is so many times the last"),
	DEF("max", DURATION, "60s", "longest wait"),
	DEF("jitter", BOOL, "true", "anywhere between nothing and the wait"),
	END
};

static const struct noc_option misfire_options[] = {
	DEF("within", DURATION, "10m", "made up for when not older"),
	VAL("run", ENUM, "once all skip", "once", "how many are made up for"),
	END
};

static const struct noc_option dst_options[] = {
	VAL("missing", ENUM, "after skip", "after",
	    "a time that does not exist: right after the gap, or not at all"),
	VAL("repeated", ENUM, "once twice", "once", "a time that comes twice"),
	END
};

#define ON_CLASS(name) VAL(name, NODE, "action", NULL, "done on such an error")
static const struct noc_option on_error_options[] = {
	ON_CLASS("transient"),
	ON_CLASS("permanent"),
	ON_CLASS("timeout"),
	ON_CLASS("cancelled"),
	ON_CLASS("dependency_unavailable"),
	ON_CLASS("dependency_degraded"),
	ON_CLASS("downstream_failed"),
	ON_CLASS("in_doubt"),
	END
};

static const struct noc_option seen_options[] = {
	VAL("device", STRINGS, NULL, "{device}", "about one of these"),
	REQ("back", DURATION, NULL, "how far back to look, as \"10m\""),
	OPT("where", WHERE, "more that must hold of the event seen"), END
};

static const struct noc_option time_in_options[] = {
	DEF("tz", LITERAL, "UTC", "time zone"), END
};

static const struct noc_option inventory_options[] = {
	OPT("*", ANY,
	    "field = value that selects devices; in a test, "
	    "device = its fields"),
	END
};

static const struct noc_option flow_guard_options[] = {
	DEF("targets", INT, "100", "different devices that its steps change"),
	END
};

static const struct noc_option any_options[] = { OPT("*", ANY, "field = value"),
						 END };

static const struct noc_option stub_options[] = {
	VAL("*", ANY, "function", NULL,
	    "action, or \"action target\", = what it answers: a table, a list "
	    "of them in turn, { error = class }, after = a time, or "
	    "function(call)"),
	END
};

#define INPUT_OPTIONS                                           \
	OPT("default", ANY, "what it is when it is not given"), \
	    OPT("values", ANY, "a list of all that it may be"), \
	    OPT("doc", LITERAL, "one line for people")

static const struct noc_option number_options[] = {
	OPT("min", NUMBER, "at least"), OPT("max", NUMBER, "at most"),
	INPUT_OPTIONS, END
};

static const struct noc_option plain_options[] = { INPUT_OPTIONS, END };

static const struct noc_option no_options[] = { END };

#define TABLE(name, scalar, items, opts, help)                \
	{                                                     \
		name, "table", '-', scalar, items, opts, help \
	}
#define OPERATOR(name, items, help)                                   \
	{                                                             \
		name, "operator", '-', false, items, no_options, help \
	}
#define COMBINATOR(name, help)                                              \
	{                                                                   \
		name, "combinator", '-', false, "+ where", no_options, help \
	}
#define INPUT(name, opts, help)                             \
	{                                                   \
		name, "value", '-', false, NULL, opts, help \
	}
#define EXPECT(name, help)                                                    \
	{                                                                     \
		"expect." name, "expect", 'o', true, "any", any_options, help \
	}

const struct noc_node_schema noc_schema_values[] = {
	TABLE("hold", true, "1 duration", hold_options, "{ \"15s\", ... }"),
	TABLE("damp", false, NULL, damp_options, "Dampening."),
	TABLE("storm", false, NULL, storm_options, "A flood of one key."),
	TABLE("digest", false, NULL, digest_options, "When a storm closes."),
	TABLE("threshold", true, "? rate", threshold_options, "How many."),
	TABLE("throttle", false, NULL, throttle_options, "How often."),
	TABLE("guard", false, NULL, guard_options, "Limits of acting."),
	TABLE("flow_guard", false, NULL, flow_guard_options,
	      "How much a run may change."),
	TABLE("retry", false, NULL, retry_options, "Trying again."),
	TABLE("misfire", false, NULL, misfire_options, "Missed times."),
	TABLE("dst", false, NULL, dst_options, "When clocks change."),
	TABLE("on_error", false, NULL, on_error_options, "By error class."),
	TABLE("level", false, "+ duration action", no_options,
	      "{ \"10m\", notify \"oncall\" }"),

	OPERATOR("any", "+ any", "One of these."),
	OPERATOR("all", "+ any", "Each of these (of a list)."),
	OPERATOR("none", "+ any", "None of these."),
	OPERATOR("isnt", "1 any", "Not this."),
	OPERATOR("cidr", "+ string", "An address in one of these networks."),
	OPERATOR("oid_under", "+ string", "An OID below one of these."),
	OPERATOR("prefix", "+ string", "Begins with one of these."),
	OPERATOR("suffix", "+ string", "Ends with one of these."),
	OPERATOR("contains", "+ string", "Contains one of these."),
	OPERATOR("glob", "+ string", "Matches *, ? and [...]."),
	OPERATOR("re", "+ string", "Matches a regular expression (PCRE2)."),
	OPERATOR("lt", "1 any", "Less than."),
	OPERATOR("le", "1 any", "At most."),
	OPERATOR("gt", "1 any", "Greater than."),
	OPERATOR("ge", "1 any", "At least."),
	OPERATOR("between", "2 any", "From the first to the second."),
	OPERATOR("at_least", "1 any", "A severity this bad or worse."),
	OPERATOR("exists", NULL, "Has a value."),
	OPERATOR("absent", NULL, "Has no value."),
	OPERATOR("ifname", "+ string", "Names this interface, short or long."),
	{ "time_in", "operator", '-', false, "+ string", time_in_options,
	  "Now is in \"mon-fri 08:00-18:00\"." },
	COMBINATOR("either", "One of these tables holds."),
	COMBINATOR("both", "Each of these tables holds."),
	COMBINATOR("neither", "None of these tables holds."),

	{ "secret", "value", 'r', true, NULL, no_options,
	  "A secret by name; never written anywhere." },
	INPUT("integer", number_options, "An input that is a whole number."),
	INPUT("number", number_options, "An input that is a number."),
	INPUT("bool", plain_options, "An input that is true or false."),
	INPUT("string", plain_options, "An input that is a text."),
	INPUT("strings", plain_options, "An input that is a list of texts."),
	INPUT("list", plain_options, "An input that is a list."),
	INPUT("map", plain_options, "An input that is names with values."),
	INPUT("address", plain_options, "An input such as 192.0.2.1."),
	{ "inventory", "value", '-', false, NULL, inventory_options,
	  "Devices that match; in a test, the devices there are." },
	{ "seen", "value", '-', false, "+ string any", seen_options,
	  "Such an event was seen not long ago." },
	{ "function", "value", '-', false, NULL, NULL, "A Lua function." },

	{ "at", "test", 'r', false, "any expect", any_options,
	  "At this time: an event { \"kind\", field = value }, or what is "
	  "expected." },
	{ "stub", "test", '-', false, NULL, stub_options,
	  "Action = the result that it gives in this test." },
	EXPECT("fired", "The rule has started a run."),
	EXPECT("held", "The rule is holding."),
	EXPECT("no_run", "The rule was a candidate and something stopped it."),
	EXPECT("run", "The rule's run has this state and fields."),
	EXPECT("would", "In observe mode it would have done this."),
	EXPECT("notified", "The channel was told."),
	EXPECT("damped", "Dampening muted the rule."),
	EXPECT("guarded", "A guard stopped the rule."),
	EXPECT("cancelled", "A hold was called off."),
	EXPECT("folded", "The last event joined an earlier one."),
	EXPECT("duplicate", "The last event was seen before."),
	EXPECT("count", "So many."),
	EXPECT("unmatched", "No rule wanted the last event."),
	EXPECT("kind", "The last event became this kind."),
	EXPECT("silenced", "A silence muted it."),
	EXPECT("matched", "The pair was closed in time."),
	EXPECT("missing", "The pair's close did not come."),
	EXPECT("storm", "The rule's key is storming."),
	EXPECT("action", "The action was carried out."),
	EXPECT("field", "The last event has these fields."),
	EXPECT("items",
	       "An each has ended so: { ok = 2, failed = { \"sw2\" } }."),
	EXPECT("undone", "The step was taken back, of these items."),
	EXPECT("waiting", "The step has begun and not ended."),
	EXPECT("gate",
	       "People, or a timeout, decided so: { decision = \"approve\", by "
	       "= \"ann\" }."),
	{ NULL, NULL, 0, false, NULL, NULL, NULL }
};
