/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/unit.h"

#include "base/hex.h"
#include "tests/unit/rules_fixture.h"

/* The rules of the manual's first page. */
static const char *const manual =
    "channel \"noc\" { mail { to = \"noc@example.net\" }, limit = \"10/1m\" }\n"
    "rule \"heal-link-down\" {\n"
    "  mode = \"active\", on = \"link.down\",\n"
    "  where = { role = any { \"access\", \"distribution\" }, iftype = "
    "\"ethernetCsmacd\" },\n"
    "  unless = { seen { any { \"config.change\", \"port.errdisable\" }, "
    "device = any { \"{device}\", \"{far.device}\" }, back = \"10m\" },\n"
    "    seen { \"device.restart\", device = \"{device}\", back = \"5m\" } },\n"
    "  key = \"{link}\",\n"
    "  hold = { \"15s\", cancel = { \"link.up\", \"config.change\" } },\n"
    "  damp = { half_life = \"15m\", suppress = 2000, reuse = 750, "
    "max_suppress = \"60m\" },\n"
    "  guard = { per_key = \"3/30m\", targets = \"5/10m\", on_exceed = notify "
    "\"noc\" { \"{rule}: {count} links down at {site}\" } },\n"
    "  run = flow {\n"
    "    step \"look\" { snmp.get { admin = \"ifAdminStatus.{ifindex}\" } },\n"
    "    step \"raise\" { when = { [\"steps.look.admin\"] = \"down\" }, "
    "snmp.set { [\"ifAdminStatus.{ifindex}\"] = \"up\" }, timeout = \"5s\" },\n"
    "  } }\n"
    "rule \"storm\" { on = \"syslog\", key = \"{device}\", storm = { over = "
    "\"200/10s\", clear = \"300/60s\", digest = { idle = \"30s\", max = \"5m\" "
    "}, keep = { severity = at_least \"err\" }, rollup = \"site\" },\n"
    "  run = notify \"noc\" { \"{device}: {count} messages, top {top:3}\" } }\n"
    "pair \"bgp-stays-down\" { open = \"bgp.down\", close = \"bgp.up\", key = "
    "\"{device}/{peer}\", within = \"5m\", missing = start \"open-incident\", "
    "matched = log \"recovered in {elapsed}\" }\n"
    "flow \"open-incident\" { notify \"oncall\" }\n"
    "schedule \"nightly\" { cron = \"15 4 * * *\", run = start "
    "\"open-incident\" }\n";

static void
test_manual_page_loads(void **state)
{
	struct noc_ruleset *rs = rules_load(manual);
	const struct noc_rule *heal = noc_ruleset_rule(rs, "heal-link-down");
	const struct noc_rule *storm = noc_ruleset_rule(rs, "storm");
	const struct noc_pair *pair = &rs->pairs[0];

	(void)state;
	assert_int_equal(rs->nrules, 2);
	assert_int_equal(heal->mode, NOC_ACTIVE);
	assert_true(heal->acting);
	assert_int_equal(heal->line, 2);
	assert_string_equal(heal->file, "t.lua");
	assert_int_equal(heal->nunless, 2);
	assert_int_equal(heal->unless[0].kinds.len, 2);
	assert_int_equal(heal->unless[0].ndevices, 2);
	assert_int_equal(heal->unless[0].back_ms, 600000);
	assert_string_equal(heal->unless[0].text,
			    "seen(config.change|port.errdisable)");
	assert_int_equal(heal->hold_ms, 15000);
	assert_int_equal(heal->hold_cancel.len, 2);
	assert_int_equal(heal->damp->half_life_ms, 900000);
	assert_float_equal(heal->damp->penalty, 1000, 0);
	assert_int_equal(storm->storm->over.count, 200);
	assert_int_equal(storm->storm->clear.per_ms, 60000);
	assert_non_null(storm->storm->keep);
	assert_string_equal(storm->storm->rollup, "site");
	assert_int_equal(pair->within_ms, 300000);
	assert_string_equal(pair->missing_plan->steps[0].action, "start");
	assert_non_null(noc_table_get(&rs->flows, "open-incident"));
	assert_int_equal(rs->ntasks, 1);
	assert_false(noc_ruleset_channel(rs, "noc")->implied);
	assert_true(noc_ruleset_channel(rs, "oncall")->implied);
	assert_null(noc_ruleset_rule(rs, "nothing"));
	noc_ruleset_unref(rs);
}

/* What binds a rule that acts does not bind one that only tells. */
static void
test_modes_and_guards_by_default(void **state)
{
	struct noc_ruleset *rs = rules_load(
	    "rule \"acts\" { on = \"link.down\", run = step \"s\" { snmp.set { a "
	    "= 1 }, timeout = \"1s\" } }\n"
	    "rule \"tells\" { on = \"link.down\", run = notify \"noc\" }\n"
	    "rule \"some\" { on = \"link.down\", mode = \"canary\", canary = "
	    "\"10%\", run = step \"s\" { snmp.set { a = 1 }, timeout = \"1s\" } "
	    "}\n");
	const struct noc_rule *acts = &rs->rules[0], *tells = &rs->rules[1];

	(void)state;
	assert_int_equal(acts->mode, NOC_OBSERVE);
	assert_false(acts->mode_said);
	assert_int_equal(acts->guard.per_key.count, 2);
	assert_int_equal(acts->guard.per_key.per_ms, 1800000);
	assert_int_equal(acts->guard.mass.count, 5);
	assert_string_equal(acts->guard.mass.by, "site");
	assert_int_equal(acts->guard.targets.count, 10);
	assert_int_equal(acts->guard.depth, 3);
	assert_int_equal(tells->mode, NOC_ACTIVE);
	assert_int_equal(tells->guard.per_key.count, 0);
	assert_int_equal(tells->guard.mass.count, 0);
	assert_int_equal(rs->rules[2].mode, NOC_CANARY);
	assert_float_equal(rs->rules[2].canary, 0.1, 1e-9);
	noc_ruleset_unref(rs);
}

#define TELLS(body) "rule \"r\" { " body ", run = notify \"noc\" }"
#define ON	    "on = \"link.down\""

/* A pattern may hold anything; it is read on a terminal, a line each. */
static void
test_a_mistake_is_one_line(void **state)
{
	char *errors = rules_refused(
	    TELLS(ON ", where = { summary = re \"[a\\nb\\27(0;\" }"));
	const char *nl = strchr(errors, '\n');

	(void)state;
	assert_non_null(strstr(errors, "t.lua:1: rule 'r'"));
	assert_non_null(strstr(errors, "'[a\\x0ab\\x1b(0;'"));
	assert_true(!nl || !nl[1]);
	free(errors);
}

static void
test_mistakes_are_refused_with_their_line(void **state)
{
	(void)state;
	assert_refused(TELLS(ON ",\nwhere = { ifindx = 1 }"),
		       "t.lua:", "rule 'r'", "did you mean 'ifindex'");
	assert_refused(TELLS(ON ", key = \"{pear}\""), "{pear}",
		       "did you mean 'peer'");
	assert_refused("rule \"r\" { " ON ", run = notify \"nok\" }", "t.lua:1",
		       "no channel 'nok'", "did you mean 'noc'");
	assert_refused("flow \"fix\" { log \"x\" }\nrule \"r\" { " ON
		       ", run = start \"fx\" }",
		       "t.lua:2", "no flow 'fx'", "did you mean 'fix'");
	assert_refused("rule \"r\" { " ON ", run = notify \"noc\" { "
		       "\"{devise} is down\" } }",
		       "{devise}", "did you mean 'device'");
	assert_refused("rule \"r\" { " ON ", run = log \"{devise}\" }",
		       "{devise}", "did you mean 'device'?\n");
	assert_refused("rule \"r\" { " ON ", run = log \"{device} {\" }",
		       "t.lua:1", "step 'log_1'", "write '{{' for a brace");
	assert_refused("rule \"r\" { " ON ", run = notify \"noc\" { \"a } b\" "
		       "} }",
		       "step 'notify_1'", "write '}}' for a brace");
	assert_refused("rule \"r\" { " ON ", run = flow { log \"x\", on_fail = "
		       "escalate { { \"0m\", notify \"noc\" { \"{x\" } } } } }",
		       "on_fail", "write '{{' for a brace");
	/* What is done aside is held back by nothing, so it may only tell. */
	assert_refused("rule \"r\" { " ON ", run = flow { log \"x\", on_fail = "
		       "exec { \"/bin/x\" } } }",
		       "t.lua:1", "'exec' in 'on_fail' changes something",
		       "mutates = false");
	assert_refused("rule \"r\" { " ON ", run = escalate { { \"0m\", "
		       "snmp.set { [\"ifAdminStatus.1\"] = \"up\" } } } }",
		       "t.lua:1", "'snmp.set' in 'escalate'", "`start`");
	assert_refused(
	    "flow \"f\" { step \"s\" { exec { \"x\", mutates = false "
	    "}, on_error = { timeout = exec { \"y\" } } } }",
	    "t.lua:1", "'exec' in 'on_error'");
	assert_refused(
	    "flow \"f\" { step \"s\" { exec { \"x\", mutates = false "
	    "}, on_error = { timeout = escalate { { \"0m\", notify "
	    "\"noc\" } } } } }",
	    "timeout");
	assert_refused(TELLS(ON ", guard = { on_exceed = exec { \"x\" } }"),
		       "t.lua:1", "'exec' in 'on_exceed'");
	assert_refused(TELLS(ON ", guard = { on_exceed = start \"f\" }"),
		       "on_exceed");
	assert_refused(TELLS(ON ", hold = \"15\""), "duration");
	assert_refused(TELLS(ON ", damp = { max_suppress = \"5m\" }"),
		       "never suppress");
	assert_refused(TELLS(ON ", storm = { over = \"5/1s\", digest = { "
				"count = 5 } }"),
		       "t.lua:1",
		       "'count' in 'digest' must be more than the "
		       "5 of 'over'");
	assert_refused(TELLS(ON ", mode = \"canary\""), "share");
	assert_refused(TELLS(ON ", first = true"), "group");
	assert_refused(TELLS(ON ", unless = seen { \"link.up\", back = \"0s\" "
				"}"),
		       "back");
	assert_refused("pair \"p\" { open = \"a.b\", close = \"a.c\", within = "
		       "\"0\" }",
		       "within");
	assert_refused("rule \"r\" { " ON
		       ", run = flow { stop \"x\" { when = {\nifindx = 1 } } "
		       "} }",
		       "step 'stop_1'", "'ifindx' in 'when'");
	assert_refused("rule \"r\" { " ON
		       ", run = verify \"v\" { snmp.get { oper = \"x\" }, "
		       "expect = { opre = \"up\" } } }",
		       "'opre' in 'expect'", "did you mean 'oper'");
	assert_refused("schedule \"s\" { run = log \"x\" }", "needs one of");
	assert_refused("schedule \"s\" { cron = \"0 0 31 2 *\", run = log "
		       "\"x\" }",
		       "schedule 's'", "'0 0 31 2 *' is never");
	assert_refused("poll \"p\" { every = \"0s\", snmp.get { a = "
		       "\"sysName.0\" }, emit = \"a.b\" }",
		       "poll 'p'", "a second or more");
	assert_refused("schedule \"s\" { cron = \"61 * * * *\", run = log "
		       "\"x\" }",
		       "schedule 's'");
}

static void
test_what_emit_says_of_the_event(void **state)
{
	(void)state;
	noc_ruleset_unref(rules_load(
	    "rule \"r\" { on = \"link.down\", run = emit \"a.b\" { summary = "
	    "\"s\", severity = \"crit\", device = \"sw1\", port = \"p\" } }\n"
	    "rule \"q\" { on = \"a.b\", run = notify \"noc\" { \"{device} "
	    "{summary} {severity} {port}\" } }"));
}

static void
test_every_mistake_is_told_at_once(void **state)
{
	char *errors = rules_refused(
	    TELLS(ON ", key = \"{pear}\"") "\nrule "
					   "\"q\" { " ON
					   ", run = notify \"nok\" }\n");
	size_t lines = 0;

	(void)state;
	for (const char *p = errors; *p; p++)
		lines += *p == '\n';
	assert_int_equal(lines, 2);
	assert_non_null(strstr(errors, "t.lua:1"));
	assert_non_null(strstr(errors, "t.lua:2"));
	free(errors);
}

static void
test_normalizers_and_hooks(void **state)
{
	struct noc_ruleset *rs = rules_load(
	    "normalize \"ios\" { from = \"syslog\", tag = \"%LINK-3-UPDOWN\", "
	    "pattern = [=[Interface (?<ifname>\\S+), changed state to "
	    "(?<state>up|down)]=], emit = \"link.{state}\", kinds = { "
	    "\"link.up\", \"link.down\" }, map = { layer = \"link\", who = "
	    "\"syslog.app\", n = 5 } }\n"
	    "normalize \"trap\" { from = \"snmp.trap\", trap = \"linkDown\", map "
	    "= { ifindex = \"ifIndex\", layer = \"link\" }, emit = "
	    "\"link.down\" }\n"
	    "hook \"am\" { auth = bearer \"am\", split = \"alerts[*]\", dedup = "
	    "\"{fingerprint}\", emit = \"alert.{status}\", kinds = { "
	    "\"alert.firing\" } }\n"
	    "rule \"mine\" { on = \"link.down\", where = { who = \"x\" }, run = "
	    "notify \"noc\" }\n");
	const struct noc_normalizer *ios = &rs->emits[0], *trap = &rs->emits[1];

	(void)state;
	assert_int_equal(ios->kinds.len, 2);
	assert_string_equal(ios->from, "syslog");
	assert_non_null(ios->map_templates[0]); /* a constant */
	assert_null(ios->map_templates[1]);	/* a path */
	assert_null(ios->map_templates[2]);	/* a number */
	assert_null(trap->map_templates[0]);	/* a varbind */
	assert_non_null(trap->map_templates[1]);
	assert_int_equal(trap->tags.len, 2); /* name and OID */
	assert_string_equal(rs->hooks[0].split, "alerts[*]");
	assert_int_equal(rs->hooks[0].dedup_ms, 24 * 3600 * 1000LL);
	noc_ruleset_unref(rs);

	assert_refused("normalize \"n\" { from = \"syslog\", emit = "
		       "\"link.{state}\" }",
		       "kinds");
	assert_refused("normalize \"n\" { from = \"syslog\", emit = \"a.b\", "
		       "trap = \"linkDown\" }",
		       "snmp.trap");
	assert_refused("normalize \"n\" { from = \"syslog\", emit = \"a.b\", "
		       "pattern = \"(x\" }",
		       "normalize 'n'", "wrong at byte");
	assert_refused("hook \"h\" { auth = bearer \"am\", emit = \"a.b\", "
		       "split = \"alerts\" }",
		       "[*]");
}

#define SETS(name, look, object)                                            \
	"rule \"" name "\" { on = \"link.down\", run = flow { step \"l\" {" \
	" " look " }, step \"s\" { snmp.set { [\"" object                   \
	"\"] = 1 }, timeout = \"1s\" } } }\n"

static void
test_warnings(void **state)
{
	static const char *const unshown[] = { "walks", "execs", "asks",
					       "vendor" };
	struct noc_ruleset *rs = rules_load(
	    "normalize \"n\" { from = \"syslog\", emit = \"link.down\" }\n"
	    "rule \"typo\" { on = \"link.dwn\", run = notify \"noc\" }\n"
	    "rule \"blind\" { on = \"link.down\", run = step \"s\" { snmp.set { "
	    "a = 1 }, timeout = \"1s\" } }\n"
	    "rule \"far\" { on = \"link.down\", run = flow { step \"l\" { "
	    "snmp.get { a = \"b\" } }, step \"s\" { snmp.set { a = 1 }, timeout "
	    "= \"1s\", target = \"{far.device}\" } } }\n"
	    "rule \"good\" { on = \"link.down\", run = flow { step \"l\" { "
	    "snmp.get { a = \"b\" } }, step \"s\" { snmp.set { a = 1 }, timeout "
	    "= \"1s\" } } }\n"
	    /* Only an answer to snmp.get shows that a port changed. */
	    SETS("walks", "snmp.walk { a = \"ifAlias\" }", "ifAlias.7")
		SETS("execs", "exec { \"x\", mutates = false }",
		     "IF-MIB::ifAdminStatus[{ifname}]")
		    SETS("asks", "snmp.get { a = \"b\" }",
			 "ifAdminStatus.{ifindex}")
			SETS("vendor", "snmp.walk { a = \"b\" }",
			     "1.3.6.1.4.1.9.2.{ifindex}"));

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(unshown); i++) {
		char *text =
		    noc_asprintf("rule '%s': step 's' changes a port of "
				 "{device} without an snmp.get",
				 unshown[i]);

		if (!strstr(rs->warnings, text) != !(i < 2))
			fail_msg("%s", text);
		free(text);
	}
	assert_non_null(strstr(rs->warnings,
			       "t.lua:2: rule 'typo': nothing emits "
			       "'link.dwn'; did you mean 'link.down'"));
	assert_non_null(strstr(rs->warnings, "rule 'blind': step 's' changes "
					     "{device} without a read"));
	assert_non_null(strstr(rs->warnings, "rule 'far'"));
	assert_null(strstr(rs->warnings, "rule 'good'"));
	noc_ruleset_unref(rs);
}

/* The hash is of what the rule says, not of where it stands. */
static void
test_definition_hash(void **state)
{
	struct noc_ruleset *a = rules_load(TELLS(ON ", hold = \"5s\""));
	struct noc_ruleset *b = rules_load("\n\n" TELLS(ON ", hold = \"5s\""));
	struct noc_ruleset *c = rules_load(TELLS(ON ", hold = \"6s\""));
	struct noc_ruleset *d =
	    rules_load(TELLS(ON ", hold = \"5s\", where = { ifindex = 1 }"));

	(void)state;
	assert_memory_equal(a->rules[0].definition, b->rules[0].definition, 32);
	assert_memory_not_equal(a->rules[0].definition, c->rules[0].definition,
				32);
	assert_memory_not_equal(a->rules[0].keys_hash, c->rules[0].keys_hash,
				32);
	/* A new condition keeps what is being counted and held. */
	assert_memory_equal(a->rules[0].keys_hash, d->rules[0].keys_hash, 32);
	noc_ruleset_unref(a);
	noc_ruleset_unref(b);
	noc_ruleset_unref(c);
	noc_ruleset_unref(d);
}

/* A function that changed makes another definition of its rule.  Its plan only
 * names it: whoever carries the plan out says whose function that is. */
static void
test_functions_belong_to_their_tree(void **state)
{
	struct noc_ruleset *a = rules_load(
	    "rule \"r\" { on = \"syslog\", when = function(ev) return true end, "
	    "run = flow { stop \"x\" { when = function(run) return true end } } "
	    "}");
	struct noc_ruleset *b = rules_load(
	    "rule \"r\" { on = \"syslog\", when = function(ev) return false "
	    "end, run = flow { stop \"x\" { when = function(run) return true "
	    "end } } }");

	(void)state;
	assert_true(a->rules[0].when_fn > 0);
	assert_memory_not_equal(a->rules[0].definition, b->rules[0].definition,
				32);
	assert_memory_equal(a->rules[0].run->hash, b->rules[0].run->hash, 32);
	assert_string_equal(a->rules[0].run->steps[0].when_fn, "r/run/1/when");
	noc_ruleset_unref(a);
	noc_ruleset_unref(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_manual_page_loads),
		cmocka_unit_test(test_modes_and_guards_by_default),
		cmocka_unit_test(test_a_mistake_is_one_line),
		cmocka_unit_test(test_mistakes_are_refused_with_their_line),
		cmocka_unit_test(test_what_emit_says_of_the_event),
		cmocka_unit_test(test_every_mistake_is_told_at_once),
		cmocka_unit_test(test_normalizers_and_hooks),
		cmocka_unit_test(test_warnings),
		cmocka_unit_test(test_definition_hash),
		cmocka_unit_test(test_functions_belong_to_their_tree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
