/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/unit.h"

#include "engine/flow/plan.h"
#include "tests/unit/rules_fixture.h"

/* What a flow must not say: each refused at load with the place, what is
 * wrong, and what was meant. */

struct refused {
	const char *flow; /* what is in the braces of flow "f" */
	const char *says, *also;
};

static void
assert_all_refused(const struct refused *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char *text = noc_asprintf("\nflow \"f\" { %s }", cases[i].flow);
		char *errors = rules_refused(text);

		if (!strstr(errors, "t.lua:2"))
			fail_msg("no place: %s", errors);
		if (!strstr(errors, cases[i].says))
			fail_msg("%s\nwant \"%s\" in:\n%s", text, cases[i].says,
				 errors);
		if (cases[i].also && !strstr(errors, cases[i].also))
			fail_msg("%s\nwant \"%s\" in:\n%s", text, cases[i].also,
				 errors);
		free(errors);
		free(text);
	}
}

#define A	"step \"alpha\" { log \"a\" }, "
#define B	"step \"beta\" { log \"b\" }, "
#define EACH(x) "each \"n\" { over = { 1, 2 }, log \"x\", " x " }"

static void
test_edges(void **state)
{
	static const struct refused cases[] = {
		{ A "step \"c\" { log \"c\", after = \"alhpa\" }",
		  "step 'c': after 'alhpa': no step of this list",
		  "did you mean 'alpha'?" },
		{ A "parallel { { " B "log \"x\" } }, step \"c\" { log \"c\", "
		    "after = \"beta\" }",
		  "after 'beta': it stands in another list", NULL },
		{ A "step \"c\" { log \"c\", after = { alpha = \"fialed\" } }",
		  "after = { alpha = \"fialed\" }: it is \"ok\", \"failed\" or "
		  "\"always\"",
		  NULL },
		{ A "step \"c\" { log \"c\", after = 7 }",
		  "'after' is the name of a step", NULL },
		{ "step \"a\" { log \"x\", after = \"b\" }, step \"b\" { log "
		  "\"x\", after = \"c\" }, step \"c\" { log \"x\", after = "
		  "\"a\" }",
		  "'a' waits for 'b' waits for 'c' waits for 'a': none of them "
		  "can begin",
		  NULL },
		{ A "log \"x\" { after = \"alpha\" }",
		  "unknown key 'after' in log",
		  "it is said of a step: step \"name\" { log ..., after" },
		{ "step \"a\" { log \"x\", after = \"a\" }",
		  "'a' waits for 'a': none of them can begin", NULL },
		/* In line and beside it. */
		{ "step \"a\" { log \"x\", after = \"b\" }, step \"b\" { log "
		  "\"x\", after = { \"a\", \"c\" } }, step \"c\" { log \"x\" }",
		  "none of them can begin", NULL },
		{ A "stop \"end\", " B "log \"x\"",
		  "step 'beta' is never reached: stop 'stop_2' (t.lua:2) "
		  "always ends it before",
		  NULL },
		{ "fail \"no\", step \"c\" { log \"c\", after = \"alpha\" }, " A,
		  "step 'alpha' is never reached", NULL },
		{ "choose { { when = { site = \"x\" }, stop \"a\" }, otherwise "
		  "= { log \"b\", fail \"b\" } }, " A,
		  "step 'alpha' is never reached: choose 'choose_1'", NULL },
		{ "parallel { stop \"a\", log \"b\" }, " A,
		  "step 'alpha' is never reached: parallel", NULL },
	};

	(void)state;
	assert_all_refused(cases, NOC_COUNT(cases));
}

/* What may be so is not refused. */
static void
test_what_is_reached(void **state)
{
	static const char *const good[] = {
		A "stop \"x\" { when = { site = \"x\" } }, log \"x\"",
		"choose { { when = { site = \"x\" }, stop \"a\" } }, log \"x\"",
		"choose { { when = { site = \"x\" }, stop \"a\" }, otherwise = "
		"log \"b\" }, log \"x\"",
		A "parallel { log \"x\", { " B
		  "fail \"x\" { after = { beta = \"failed\" } } } }, log \"x\"",
		"step \"c\" { log \"x\", after = { alpha = \"failed\" } }, " A,
		"each \"n\" { over = { 1 }, stop \"x\" }, log \"x\"",
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(good); i++) {
		char *text = noc_asprintf("flow \"f\" { %s }", good[i]);

		noc_ruleset_unref(rules_load(text));
		free(text);
	}
}

static void
test_names(void **state)
{
	static const struct refused cases[] = {
		{ "parallel { " A B "}, parallel { " A "}",
		  "there is already a step 'alpha' in this flow (t.lua:2)",
		  NULL },
		{ A "each \"n\" { over = { 1 }, " A "}",
		  "there is a step 'alpha' in the each and one outside of it",
		  "steps.alpha could be either" },
		{ "each \"n\" { over = { 1 }, " A "}, " A,
		  "there is a step 'alpha' in the each and one outside of it",
		  NULL },
		{ "choose { { name = \"one\", when = { site = \"x\" }, log "
		  "\"x\" }, { name = \"one\", when = { site = \"y\" }, log "
		  "\"x\" } }",
		  "there is already a step 'one'", NULL },
		{ "choose { { when = { site = \"x\" }, log \"x\" }, otherwise "
		  "= log \"x\", otherwise = log \"y\" }",
		  "otherwise", "twice" },
		{ "choose { { log \"x\" } }", "'when'", NULL },
		{ "parallel { { when = { site = \"x\" }, log \"x\" } }",
		  "unknown key 'when' in position 1 of parallel", NULL },
		{ "parallel { {} }", "empty", NULL },
		{ "parallel { { } , log \"x\" }", "empty", NULL },
	};

	(void)state;
	assert_all_refused(cases, NOC_COUNT(cases));
}

static void
test_what_is_read(void **state)
{
	static const struct refused cases[] = {
		/* Beside one another. */
		{ "parallel { step \"a\" { snmp.get { x = \"y.0\" } }, log "
		  "\"{steps.a.x}\" }",
		  "reads steps.a, which may not have ended by then", NULL },
		{ A "log \"{steps.beta}\", " B,
		  "reads steps.beta, which may not have ended by then", NULL },
		{ "each \"n\" { over = { 1 }, " A "}, log \"{steps.alpha}\"",
		  "reads steps.alpha, which is not seen from here", "collect" },
		{ EACH("step \"in\" { log \"{steps.n.ok}\" }"),
		  "reads steps.n, which may not have ended by then", NULL },
		{ "each \"n\" { over = { 1 }, " A
		  "check = { log \"{steps.alpha}\" } }",
		  "reads steps.alpha, which is not seen from here", NULL },
		{ EACH("") ", log \"{steps.n.okk}\"",
		  "reads steps.n.okk, which is nothing that an each gives",
		  "did you mean 'ok'?" },
		{ "step \"a\" { snmp.get { admin = \"x.0\" }, output = { more "
		  "= \"admin\" } }, log \"{steps.a.admn}\"",
		  "reads steps.a.admn, which is nothing that it reads",
		  "did you mean 'admin'?" },
		{ "step \"b\" { exec { \"x\", mutates = false } }, log "
		  "\"{steps.b.exit}, {steps.b.json.a}, {steps.b.stdotu}\"",
		  "step 'log_2': reads steps.b.stdotu, which is nothing that it "
		  "gives",
		  "did you mean 'stdout'?" },
		{ "step \"b\" { http.get { url = \"http://x\" }, output = { id = "
		  "\"body.id\" } }, log \"{steps.b.body.x} {steps.b.id} "
		  "{steps.b.degraded} {steps.b.statsu}\"",
		  "reads steps.b.statsu", "did you mean 'status'?" },
		{ "step \"b\" { exec { \"x\", mutates = false }, fail_if = { exti "
		  "= 1 } }",
		  "'exti' in 'fail_if' is no result of the step",
		  "did you mean 'exit'?" },
		{ "step \"b\" { exec { \"x\", mutates = false }, fail_class = "
		  "\"transient\" }",
		  "'fail_class' is of what 'fail_if' names, and there is none",
		  NULL },
		{ "step \"b\" { exec { \"x\", mutates = false }, fail_if = { exit "
		  "= 1 }, fail_class = \"transcient\" }",
		  "'fail_class' in step 'b' cannot be \"transcient\"",
		  "did you mean \"transient\"?" },
		{ "input = { v = integer }, log \"x\"",
		  "the type of input 'v' stands in quotes, or has a table",
		  NULL },
		{ "log \"{run.itmes}\"",
		  "reads run.itmes, which is never there",
		  "did you mean 'run.items'?" },
		{ A "on_fail = { step \"t\" { log \"{error.mesage}\" } }",
		  "reads error.mesage, which is never there",
		  "did you mean 'error.message'?" },
		{ "call \"g\" {}, log \"{steps.g.sate}\" } flow \"g\" { output "
		  "= { state = \"{steps.z}\" }, step \"z\" { log \"z\" }",
		  "reads steps.g.sate, which is no output of the flow",
		  "did you mean 'state'?" },
		{ "input = { port = \"string\" }, log \"{input.prot}\"",
		  "reads input.prot, and flow 'f' has no such input",
		  "did you mean 'input.port'?" },
		{ "input = { port = \"string\" }, call \"g\" { x = 1 } } flow "
		  "\"g\" { input = { x = \"any\" }, log \"{input.port}\"",
		  "reads input.port, and flow 'g' has no such input", NULL },
		{ "each \"n\" { over = { 1 }, as = \"sw\", log \"{sw}\" }, log "
		  "\"{sw.name}\"",
		  "{sw} is the item of each 'n' (t.lua:2), and known in it only",
		  NULL },
		{ "each \"n\" { over = { 1 }, as = \"sw\", log \"{sw}\", limit = "
		  "\"{sw.n}\" }",
		  "{sw} is the item of each 'n'", NULL },
		{ "log \"{undo.items}\"", "in the `undo` of a step only",
		  NULL },
		{ A "output = { x = \"{steps.bet}\" }, " B,
		  "output: reads steps.bet", "did you mean 'steps.beta'?" },
		{ "stop \"{steps.nope.x}\"", "reads steps.nope", NULL },
		{ A "stop \"x\" { when = \"steps.alpha.x = 1\" }",
		  "at byte 15: write == or !=", "stop" },
		{ A "stop \"x\" { when = \"steps.bta.x == 1\" }",
		  "reads steps.bta", NULL },
		{ A "stop \"x\" { when = \"steps.alpha.x == steps.bta.x\" }",
		  "reads steps.bta", NULL },
		{ A "stop \"x\" { when = { site = isnt \"{steps.bta.x}\" } }",
		  "reads steps.bta", NULL },
		{ "each \"n\" { over = { 1 }, " A
		  "collect = { x = \"steps.apha.x\" } }",
		  "reads steps.apha", "did you mean 'steps.alpha'?" },
	};

	(void)state;
	assert_all_refused(cases, NOC_COUNT(cases));
}

static void
test_eaches(void **state)
{
	static const struct refused cases[] = {
		{ "each \"n\" { log \"x\" }", "has no 'over'", NULL },
		{ "each \"n\" { over = \"x\", log \"x\" }",
		  "'over' is one name in braces", NULL },
		{ EACH("need = 3"), "need = 3, and 'over' has 2 items", NULL },
		{ EACH("need = \"101%\""), "'need' is \"all\"", NULL },
		{ EACH("need = \"most\""), "'need' is \"all\"", NULL },
		{ EACH("need = -1"), "'need' is \"all\"", NULL },
		{ EACH("need = \"first\", on_satisfied = \"let_finish\""),
		  "need = \"first\" cancels the others", NULL },
		{ EACH("limit = 0"), "'limit' is how many", "1 to 10000" },
		{ EACH("limit = 10001"), "'limit' is how many", NULL },
		{ EACH("limit = \"5%\""), "'limit' is how many", NULL },
		{ EACH("batch = 0"), "'batch' is how many", NULL },
		{ EACH("rate = \"5/1s by site\""), "'rate' must be", NULL },
		{ EACH("waves = { \"1\", \"10%\" }"),
		  "the last wave, and no other, is \"rest\"", NULL },
		{ EACH("waves = { \"rest\", \"rest\" }"),
		  "the last wave, and no other, is \"rest\"", NULL },
		{ EACH("waves = { \"0\", \"rest\" }"), "a wave is 1 to", NULL },
		{ EACH("waves = { \"101%\", \"rest\" }"), "a wave is 1 to",
		  NULL },
		{ EACH("waves = { \"some\", \"rest\" }"), "a wave is a number",
		  NULL },
		{ EACH("waves = { \"rest\" }"), "'waves' is a list of 2 to 64",
		  NULL },
		{ EACH("waves = { 1, \"rest\" }, batch = 2"), "say one", NULL },
		{ EACH("undo = \"wave\""), "undo = \"wave\" needs waves",
		  NULL },
		{ EACH("undo = \"run\""), "no step in it has an `undo`", NULL },
		{ EACH("undo_timeout = \"1m\""),
		  "'undo_timeout' is of what `undo` takes back", NULL },
		{ EACH("as = \"a-b\""), "is no name", NULL },
		{ EACH("as = \"steps\""), "would hide", NULL },
		{ EACH("as = \"device\""), "would hide what an event", NULL },
		{ "each \"a\" { over = { 1 }, each \"b\" { over = { 1 }, log "
		  "\"x\" } }",
		  "stands in each 'a' (t.lua:2), whose item is 'item' as well",
		  NULL },
		{ "each \"a\" { over = { 1 }, as = \"i\", each \"b\" { over = {"
		  " 1 }, as = \"j\", each \"c\" { over = { 1 }, as = \"k\", "
		  "each \"d\" { over = { 1 }, log \"x\" } } } }",
		  "each 'd': stands in 3 others; deeper than 3 they do not go",
		  NULL },
	};

	(void)state;
	assert_all_refused(cases, NOC_COUNT(cases));
}

/* What is written out is known before it runs. */
static void
test_lists_that_are_written_out(void **state)
{
	static const struct refused cases[] = {
		{ "each \"n\" { over = {}, log \"x\" }",
		  "each 'n': 'over' has no items; say empty = \"ok\"", NULL },
		{ "each \"n\" { over = { \"a\", 7, \"b\", \"7\" }, log \"x\" }",
		  "each 'n': items 2 and 4 of 'over' have the same key '7'",
		  "key = " },
	};

	(void)state;
	assert_all_refused(cases, NOC_COUNT(cases));
	noc_ruleset_unref(rules_load(
	    "flow \"f\" { each \"n\" { over = {}, empty = \"ok\", log \"x\" },"
	    " each \"m\" { over = { \"a\", \"a\" }, key = \"{input.x}\", log"
	    " \"x\" }, each \"o\" { over = { \"{input.x}\", \"{input.x}\" },"
	    " log \"x\" } }"));
}

/* g has no undo: nothing of it is asked for by the undo of p. */
#define CALLS(undo)                                                       \
	"step \"p\" { snmp.set { x = 1 }, timeout = \"1s\", undo = " undo \
	" } } flow \"g\" { input = { x = \"any\" }, log \"{input.x}\" "

#define P                                                            \
	"step \"p\" { snmp.set { x = 1 }, timeout = \"1s\", undo = " \
	"snmp.set { x = 2 } } "

static void
test_undos(void **state)
{
	static const struct refused cases[] = {
		{ A "undo \"back\" { step = \"alpha\" }",
		  "step 'alpha' has no `undo`", NULL },
		{ "undo \"back\" { step = \"alhpa\" }, " A,
		  "there is no earlier step 'alhpa'", NULL },
		{ "undo \"back\" {}", "has no 'step'", NULL },
		{ A "each \"n\" { over = { \"x\" }, undo \"back\" { step = "
		    "\"alpha\" } }",
		  "step 'alpha' stands outside of 'n', and each item would "
		  "take it back",
		  NULL },
		{ "each \"n\" { over = { \"x\", \"y\" }, " P
		  "}, undo \"back\" {"
		  " step = \"n\", items = { \"x\", \"z\", \"{input.a}\" } }",
		  "'items': 'n' has no 'z'.", NULL },
		{ "each \"n\" { over = { { name = \"x\" }, { name = \"y\", n = 2"
		  " } }, " P
		  "}, undo \"back\" { step = \"n\", items = { { name ="
		  " \"y\" }, 7 } }",
		  "'items': 'n' has no '7'.", NULL },
		{ "step \"n\" { snmp.set { x = 1 }, timeout = \"1s\", targets = {"
		  " \"x\" }, undo = snmp.set { x = 2 } }, undo \"back\" { step ="
		  " \"n\", items = { \"w\" } }",
		  "'items': 'n' has no 'w'.", NULL },
		{ CALLS("call \"g\" { y = 1 }"),
		  "step 'p': 'undo': Flow 'g' needs the input 'x'", NULL },
		{ CALLS("call \"g\" { x = \"{steps.q.k}\" }"),
		  "reads steps.q, but no earlier step", NULL },
		{ CALLS("{ call \"g\" { x = \"{undo.items}\" }, retry = {"
			" attempts = 2 } }"),
		  "'undo': 'retry' is of an action; a call to undo has timeout"
		  " and block",
		  NULL },
		{ CALLS("call \"f\""), "'f' would call itself", NULL },
		{ CALLS("step \"z\" { call \"g\" { x = 1 }, when = { a = 1 }"
			" }"),
		  "'undo': the step in it has 'when'", NULL },
		{ CALLS("{ step \"z\" { call \"g\" { x = 1 } }, timeout ="
			" \"1s\" }"),
		  "'undo': must be an action, a call or a step", NULL },
		{ "log \"x\", on_fail = { undo = \"run\" }",
		  "on_fail: no step of the flow has an `undo`", NULL },
		{ "log \"x\", on_cancel = \"undo\"",
		  "on_cancel: no step of the flow has an `undo`", NULL },
		/* Its step is a read, whose time nobody had to say. */
		{ "step \"a\" { snmp.get { x = \"y.0\" }, undo = snmp.set { x "
		  "= 1 } }",
		  "'undo': 'snmp.set' changes something, so its timeout must",
		  NULL },
		{ "log \"x\", on_fail = { step \"t\" { snmp.set { x = 1 } } }",
		  "timeout must be said", NULL },
		{ "log \"x\", finally = { step \"t\" { snmp.set { x = 1 } } }",
		  "timeout must be said", NULL },
	};

	(void)state;
	assert_all_refused(cases, NOC_COUNT(cases));
	/* What a template gives is not known. */
	noc_ruleset_unref(rules_load(
	    "flow \"f\" { each \"n\" { over = { \"{input.a}\" }, " P "},"
	    " undo \"b\" { step = \"n\", items = { \"z\" } } }"
	    "flow \"g\" { each \"n\" { over = { \"a\" }, " P "},"
	    " undo \"b\" { step = \"n\", items = \"{input.a}\" } }"));
}
#undef P

static void
test_calls(void **state)
{
	static const struct refused cases[] = {
		{ "call \"fixx\" {} } flow \"fix\" { log \"x\"",
		  "call 'fixx': there is no such flow", "did you mean 'fix'?" },
		{ "call \"f\" {}", "'f' would call itself", NULL },
		{ "call \"g\" {} } flow \"g\" { call \"f\" {}",
		  "'f' would call itself, by way of 'g'", NULL },
		{ "call \"g\" {} } flow \"g\" { log \"x\", on_fail = log \"y\"",
		  "the flow has 'on_fail' (t.lua:2), which is of a run", NULL },
		{ "step \"s\" { call \"g\" {}, retry = { attempts = 2 } } } "
		  "flow \"g\" { log \"x\"",
		  "'retry' is of an action", NULL },
		{ "step \"s\" { call \"g\", limits = { awx = 2 } } } "
		  "flow \"g\" { log \"x\"",
		  "'limits' is of an action", NULL },
		{ "step \"s\" { call \"g\", target = \"sw1\" } } "
		  "flow \"g\" { log \"x\"",
		  "'target' is of an action", NULL },
		{ "call \"g\" { prot = 1 } } flow \"g\" { input = { port = "
		  "\"any\" }, log \"x\"",
		  "Flow 'g' needs the input 'port'", NULL },
		{ "call \"g\" { port = 1, prot = 1 } } flow \"g\" { input = { "
		  "port = \"any\" }, log \"x\"",
		  "Flow 'g' has no input 'prot'; did you mean 'port'?", NULL },
		{ "call \"g\" { vid = 1 } } flow \"g\" { input = { vid = "
		  "integer { min = 2, max = 4094 } }, log \"x\"",
		  "Input 'vid' of flow 'g' must be a whole number from 2 to "
		  "4094, not 1.",
		  NULL },
	};

	(void)state;
	assert_all_refused(cases, NOC_COUNT(cases));
}

/* f1 calls f2 calls ... */
static void
test_calls_have_a_depth(void **state)
{
	(void)state;
	for (int deep = 8; deep <= 9; deep++) {
		struct noc_strbuf text = NOC_STRBUF_INIT;

		for (int i = 0; i < deep; i++)
			noc_strbuf_addf(&text,
					"flow \"f%d\" { call \"f%d\" {} }\n", i,
					i + 1);
		noc_strbuf_addf(&text, "flow \"f%d\" { log \"x\" }\n", deep);
		if (deep == 8) {
			noc_ruleset_unref(rules_load(text.p));
		} else {
			char *errors = rules_refused(text.p);

			assert_non_null(strstr(
			    errors, "flows call each other more than 8"));
			free(errors);
		}
		noc_strbuf_release(&text);
	}
}

static void
test_declarations(void **state)
{
	static const struct refused cases[] = {
		{ "input = { x = \"sting\" }, log \"x\"",
		  "input 'x' is of no known type ('sting')",
		  "did you mean 'string'?" },
		{ "input = { x = 5 }, log \"x\"",
		  "input 'x' is of no known type:", NULL },
		{ "input = { x = integer { min = 5, max = 2 } }, log \"x\"",
		  "nothing would fit", NULL },
		{ "input = { x = integer { min = 5, default = 2 } }, log \"x\"",
		  "the default of input 'x' is not a whole number of at least "
		  "5",
		  NULL },
		{ "input = { x = { type = \"string\", mx = 2 } }, log \"x\"",
		  "unknown 'mx'", "did you mean 'max'?" },
		{ "input = { x = { type = \"string\", max = 2 } }, log \"x\"",
		  "is no number", NULL },
		{ "input = { x = { type = \"string\", values = { \"a\" }, "
		  "default = \"b\" } }, log \"x\"",
		  "one of [\"a\"]", NULL },
	};

	(void)state;
	assert_all_refused(cases, NOC_COUNT(cases));
}

/* One after the other would cost a person so many rounds. */
static void
test_all_mistakes_at_once(void **state)
{
	char *errors = rules_refused(
	    "flow \"f\" { step \"a\" { snmp.set { x = 1 } },\n"
	    " step \"b\" { log \"{steps.aa.x}\", after = \"aa\" },\n"
	    " each \"n\" { over = { 1 }, limit = 0, log \"{steps.zz}\" },\n"
	    " call \"nope\" {},\n"
	    " step \"a\" { log \"twice\" } }\n"
	    "flow \"g\" { step \"c\" { log \"{input.x}\", after = \"c\" },\n"
	    " input = { y = \"string\" } }\n");
	static const char *const all[] = {
		"t.lua:1: flow 'f': step 'a': 'snmp.set' changes something",
		"t.lua:2: flow 'f': step 'b': after 'aa'",
		"t.lua:2: flow 'f': step 'b': reads steps.aa",
		"t.lua:3: flow 'f': each 'n': 'limit'",
		"reads steps.zz",
		"t.lua:4: flow 'f': call 'nope': there is no such flow",
		"t.lua:5: flow 'f': there is already a step 'a'",
		"t.lua:6: flow 'g': 'c' waits for 'c'",
		"t.lua:6: flow 'g': step 'c': reads input.x",
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(all); i++)
		if (!strstr(errors, all[i]))
			fail_msg("no \"%s\" in:\n%s", all[i], errors);
	free(errors);
}

static void
test_a_guarded_group_is_a_plain_list(void **state)
{
	static const char *const held[] = {
		"parallel { step \"s\" { snmp.set { [\"ifAdminStatus[{ifname}]\""
		"] = \"down\" }, timeout = \"1s\" } }",
		"step \"s\" { snmp.set { [\"ifAdminStatus[{ifname}]\"] = \"up\" "
		"}, timeout = \"1s\", undo = snmp.set { "
		"[\"ifAdminStatus[{ifname}]\"] = \"down\" } }",
		"log \"x\", finally = { step \"s\" { snmp.set { "
		"[\"ifAdminStatus[{ifname}]\"] = \"down\" }, timeout = \"1s\" } "
		"}",
		"log \"x\", on_fail = { step \"s\" { snmp.set { "
		"[\"ifAdminStatus[{ifname}]\"] = \"down\" }, timeout = \"1s\" } "
		"}",
		"step \"a\" { log \"x\" }, step \"s\" { snmp.set { "
		"[\"ifAdminStatus[{ifname}]\"] = \"down\" }, timeout = \"1s\", "
		"after = \"a\" }",
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(held); i++) {
		char *text = noc_asprintf(
		    "rule \"r\" { on = \"link.down\", guard = { keep_one_up = {"
		    " \"Po1\", \"Po2\" } }, run = flow { %s } }",
		    held[i]);
		char *errors = rules_refused(text);

		if (!strstr(errors, "'keep_one_up' guards the steps of a plain "
				    "list only"))
			fail_msg("%s", errors);
		free(errors);
		free(text);
	}
}

static int
setup(void **state)
{
	(void)state;
	rules_register();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_what_is_reached),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_what_is_read),
		cmocka_unit_test(test_eaches),
		cmocka_unit_test(test_lists_that_are_written_out),
		cmocka_unit_test(test_undos),
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_calls_have_a_depth),
		cmocka_unit_test(test_declarations),
		cmocka_unit_test(test_all_mistakes_at_once),
		cmocka_unit_test(test_a_guarded_group_is_a_plain_list),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
