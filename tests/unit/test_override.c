/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/life_fixture.h"

#include "engine/core/command.h"

/* What people switch off: what it finds, how long, how many, and that all of
 * it is there again after a restart. */

#define HEAL                                                     \
	"rule \"heal\" { mode = \"active\", on = \"link.down\"," \
	" key = \"{link}\", run = flow { step \"raise\" {"       \
	" snmp.set { [\"ifAdminStatus.1\"] = \"up\" },"          \
	" timeout = \"5s\" } } }\n"
#define WATCH "rule \"watch\" { on = \"link.down\", run = log \"x\" }\n"

static int
override_add(struct fix *f, const char *kind, const char *glob)
{
	char *json = noc_asprintf("{\"verb\":\"%s.add\",\"match\":{\"device\":"
				  "\"%s\"},\"for_ms\":60000,\"why\":\"of %s\","
				  "\"actor\":\"joe\"}",
				  kind, glob, glob);
	int got = fix_command(f, json, NULL);

	free(json);
	return got;
}

/* What a command is answered; message NULL: nothing. */
static void
override_says(struct fix *f, const char *json, int kind, const char *message)
{
	struct fix_heard h = fix_say(f, "%s", json);

	assert_int_equal(h.kind, kind);
	assert_string_equal(h.message, message ? message : "");
}

static void
override_del(struct fix *f, const char *kind, const char *id)
{
	char *json =
	    noc_asprintf("{\"verb\":\"%s.del\",\"id\":\"%s\"}", kind, id);

	assert_int_equal(fix_command(f, json, NULL), 0);
	free(json);
}

/* A run that no event caused is held back by its step's target alone. */
static void
test_freeze_of_the_target_without_an_event(void **state)
{
	static const struct {
		const char *glob;
		unsigned sets;
	} cases[] = { { "sw1", 0 }, { "sw*", 0 }, { "sw2", 1 } };

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct fix f = { 0 };

		fix_open(&f, "flow \"up\" { step \"raise\" { snmp.set {"
			     " [\"ifAdminStatus.1\"] = \"up\" },"
			     " timeout = \"5s\" } }\n");
		assert_int_equal(override_add(&f, "freeze", cases[i].glob), 0);
		fix_start_flow(&f, "up");
		assert_int_equal(f.sets, cases[i].sets);
		assert_int_equal(
		    fix_said(&f, "freeze f1 is in force: sw1 is not changed"),
		    !cases[i].sets);
		fix_close(&f);
	}
}

/* The event is of sw1, the step changes dc/sw2: a freeze of either stops it. */
static void
test_freeze_of_another_target_than_the_event(void **state)
{
	static const struct {
		const char *glob;
		unsigned sets;
	} cases[] = { { "dc*", 0 }, { "sw1", 0 }, { "sw2", 1 } };

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct fix f = { 0 };

		fix_open(&f, "rule \"far\" { mode = \"active\","
			     " on = \"link.down\", run = flow { step \"raise\""
			     " { target = \"dc/sw2\", snmp.set {"
			     " [\"ifAdminStatus.1\"] = \"up\" },"
			     " timeout = \"5s\" } } }\n");
		assert_int_equal(override_add(&f, "freeze", cases[i].glob), 0);
		cor_port(&f, "link.down", "sw1", "eth7");
		assert_int_equal(f.sets, cases[i].sets);
		cor_close(&f);
	}
}

/* What the inventory knows of the target counts, not only what it knows of the
 * event's device; and a device has one name, however the step wrote it. */
static void
test_freeze_of_what_the_target_is(void **state)
{
	static const char csv[] = "name,address,role,site\n"
				  "sw1,192.0.2.1,access,waw\n"
				  "sw2,192.0.2.2,core,krk\n";
	static const struct {
		const char *match, *target;
		unsigned sets;
	} cases[] = {
		{ "\"role\":\"core\"", "sw2", 0 },
		{ "\"role\":\"core\"", "sw1", 1 },
		{ "\"role\":\"core\"", "sw9", 1 },
		{ "\"site\":\"k*\",\"kind\":\"link.down\"", "sw2", 0 },
		{ "\"site\":\"k*\",\"kind\":\"link.up\"", "sw2", 1 },
		/* neither of the two is both */
		{ "\"site\":\"waw\",\"role\":\"core\"", "sw2", 1 },
		{ "\"role\":\"access\"", "sw2", 0 }, /* the event's */
		{ "\"device\":\"sw2\"", "SW2", 0 },
		{ "\"device\":\"sw2\"", "sw2.example.net", 0 },
		{ "\"device\":\"sw2\"", "192.0.2.2", 0 },
		{ "\"device\":\"sw3\"", "192.0.2.2", 1 },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct fix f = { 0 };
		char *rules, *json;

		rules = noc_asprintf("rule \"far\" { mode = \"active\","
				     " on = \"link.down\", run = flow { step"
				     " \"raise\" { target = \"%s\", snmp.set {"
				     " [\"ifAdminStatus.1\"] = \"up\" },"
				     " timeout = \"5s\" } } }\n",
				     cases[i].target);
		json = noc_asprintf("{\"verb\":\"freeze.add\",\"match\":{%s},"
				    "\"for_ms\":60000,\"why\":\"x\"}",
				    cases[i].match);
		fix_open(&f, rules);
		cor_inventory(&f, csv);
		assert_int_equal(fix_command(&f, json, NULL), 0);
		cor_port(&f, "link.down", "sw1", "eth7");
		if (f.sets != cases[i].sets)
			fail_msg("{%s}, %s: %u sets", cases[i].match,
				 cases[i].target, f.sets);
		cor_close(&f);
		free(json);
		free(rules);
	}
}

/* So many in all, of both kinds; who deletes one makes room for one. */
static void
test_a_thousand_silences_and_freezes(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, "rule \"w\" { on = \"link.down\", run = log \"x\" }\n");
	for (int i = 0; i < 1000; i++)
		assert_int_equal(
		    override_add(&f, i % 2 ? "silence" : "freeze", "sw1"), 0);
	assert_int_equal(override_add(&f, "silence", "sw1"), NOC_ERESOURCE);
	assert_int_equal(override_add(&f, "freeze", "sw1"), NOC_ERESOURCE);
	assert_int_equal(
	    fix_command(&f, "{\"verb\":\"freeze.del\",\"id\":\"f1\"}", NULL),
	    0);
	assert_int_equal(override_add(&f, "silence", "sw1"), 0);
	assert_int_equal(override_add(&f, "freeze", "sw1"), NOC_ERESOURCE);
	fix_close(&f);
}

/* ---- what it finds ---- */

/* Does a link.down of sw1 in waw, Gi1/0/7, ifindex 7 match it? */
static const struct {
	const char *match;
	bool hit;
} matches[] = {
	{ "{\"device\":\"sw1\"}", true },
	{ "{\"device\":\"s?1\"}", true },
	{ "{\"device\":\"sw\"}", false },
	{ "{\"device\":\"sw1\",\"ifname\":\"Gi1/0/7\"}", true },
	{ "{\"device\":\"sw1\",\"ifname\":\"Gi1/0/8\"}", false },
	{ "{\"device\":\"sw2\",\"ifname\":\"Gi1/0/7\"}", false },
	{ "{\"ifname\":\"Gi*\"}", true },
	{ "{\"ifindex\":7}", true },
	{ "{\"ifindex\":8}", false },
	{ "{\"kind\":\"link.*\",\"site\":\"waw\",\"role\":\"access\"}", true },
	{ "{\"kind\":\"link.*\",\"site\":\"krk\",\"role\":\"access\"}", false },
	{ "{\"user\":\"*\"}", false }, /* it names none */
};

static void
test_what_it_finds(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * NOC_COUNT(matches); i++) {
		const char *kind = i % 2 ? "silence" : "freeze";
		bool hit = matches[i / 2].hit;
		struct fix f = { 0 };
		char *json = noc_asprintf("{\"verb\":\"%s.add\",\"match\":%s,"
					  "\"for_ms\":60000,\"why\":\"w\"}",
					  kind, matches[i / 2].match);

		fix_open(&f, HEAL WATCH);
		cor_inventory(&f, "name,address,role,site\n"
				  "sw1,192.0.2.1,access,waw\n");
		assert_int_equal(fix_command(&f, json, NULL), 0);
		free(json);
		cor_port(&f, "link.down", "sw1", "Gi1/0/7");
		if (f.sets != !(hit && !(i % 2)) ||
		    cor_count(&f, "watch")->silenced != (hit && i % 2))
			fail_msg("%s: %u sets, %d silenced",
				 matches[i / 2].match, f.sets,
				 (int)cor_count(&f, "watch")->silenced);
		/* It mutes notices, not repairs; and says which one it is. */
		assert_int_equal(cor_count(&f, "heal")->silenced, 0);
		assert_int_equal(
		    fix_count(&f, "DECISION silenced {\"reason\":\"silence "
				  "s1\"}"),
		    hit && i % 2);
		cor_close(&f);
	}
}

/* A name that nothing has stops nothing, and would be believed to. */
static void
test_names_that_nothing_has(void **state)
{
	static const struct {
		const char *match, *refused;
		int devices; /* -1: not said */
	} cases[] = {
		{ "{\"nosuch\":\"north\"}",
		  "no kind of event has a field 'nosuch'.", 0 },
		{ "{\"device\":\"sw1\",\"sitte\":\"waw\"}",
		  "no kind of event has a field 'sitte'; did you mean 'site'?",
		  0 },
		{ "{\"device\":\"sw*\"}", NULL, 2 },
		{ "{\"site\":\"waw\"}", NULL, 1 },
		{ "{\"site\":\"wawa\"}", NULL, 0 },
		{ "{\"role\":\"access\",\"site\":\"krk\"}", NULL, 0 },
		{ "{\"kind\":\"link.down\",\"device\":\"sw2\"}", NULL, 1 },
		{ "{\"kind\":\"link.down\"}", NULL, -1 },
		{ "{\"ifname\":\"Gi*\"}", NULL, -1 },
		{ "{\"data.own\":\"x\"}", NULL, -1 },
	};

	(void)state;
	for (size_t i = 0; i < 2 * NOC_COUNT(cases); i++) {
		const char *kind = i % 2 ? "silence" : "freeze";
		struct noc_value *answer = NULL;
		struct fix f = { 0 };
		char *json = noc_asprintf("{\"verb\":\"%s.add\",\"match\":%s,"
					  "\"for_ms\":60000,\"why\":\"w\"}",
					  kind, cases[i / 2].match);

		fix_open(&f, HEAL WATCH);
		cor_inventory(&f, "name,role,site\nsw1,access,waw\n"
				  "sw2,core,krk\n");
		if (cases[i / 2].refused) {
			override_says(&f, json, NOC_EINPUT,
				      cases[i / 2].refused);
		} else {
			assert_int_equal(fix_command(&f, json, &answer), 0);
			assert_int_equal(
			    noc_value_get_int(answer, "devices", -1),
			    cases[i / 2].devices);
		}
		noc_value_free(answer);
		free(json);
		cor_close(&f);
	}
}

/* Of several that are in force the oldest is named; each ends alone. */
static void
test_several(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, HEAL);
	override_add(&f, "freeze", "sw1");
	override_add(&f, "silence", "sw1");
	override_add(&f, "freeze", "sw1");
	override_add(&f, "freeze", "sw2");
	cor_port(&f, "link.down", "sw1", "eth1");
	assert_int_equal(fix_said(&f, "freeze f1 is in force: sw1"), 1);
	override_del(&f, "freeze", "f1");
	cor_port(&f, "link.down", "sw1", "eth2");
	assert_int_equal(fix_said(&f, "freeze f3 is in force: sw1"), 1);
	override_del(&f, "freeze", "f3");
	cor_port(&f, "link.down", "sw1", "eth3");
	assert_int_equal(f.sets, 1);
	cor_port(&f, "link.down", "sw2", "eth1");
	assert_int_equal(fix_said(&f, "freeze f4 is in force: sw2"), 1);
	assert_int_equal(f.sets, 1);
	cor_close(&f);
}

/* ---- how long ---- */

static void
test_until_its_end(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, HEAL WATCH);
	override_add(&f, "freeze", "sw*");
	override_add(&f, "silence", "sw*");
	fix_advance(&f, 59999);
	cor_port(&f, "link.down", "sw1", "eth1");
	assert_int_equal(f.sets, 0);
	assert_int_equal(cor_count(&f, "watch")->silenced, 1);
	assert_int_equal(fix_said(&f, "has expired"), 0);
	fix_advance(&f, 1);
	assert_int_equal(fix_said(&f, "freeze f1 has expired"), 1);
	assert_int_equal(fix_said(&f, "silence s2 has expired"), 1);
	assert_int_equal(
	    fix_count(&f, "ADMIN {\"id\":\"f1\",\"verb\":\"freeze.expired\"} "
			  "timer"),
	    1);
	assert_int_equal(
	    fix_count(&f, "ADMIN {\"id\":\"s2\",\"verb\":\"silence.expired\"} "
			  "timer"),
	    1);
	cor_port(&f, "link.down", "sw1", "eth2");
	assert_int_equal(f.sets, 1);
	assert_int_equal(cor_count(&f, "watch")->fired, 1);
	fix_advance(&f, 60000);
	assert_int_equal(fix_said(&f, "has expired"), 2);
	cor_close(&f);
}

static void
test_an_end_is_asked_for(void **state)
{
	static const struct {
		const char *for_ms;
		int kind;
	} cases[] = { { "-1", NOC_EINPUT },
		      { "0", NOC_EINPUT },
		      { "1", 0 },
		      { "31622400000", 0 },
		      { "31622400001", NOC_EINPUT } };
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, WATCH);
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		char *json = noc_asprintf("{\"verb\":\"freeze.add\",\"match\":"
					  "{\"device\":\"x\"},\"for_ms\":%s,"
					  "\"why\":\"w\"}",
					  cases[i].for_ms);

		override_says(&f, json, cases[i].kind,
			      cases[i].kind ? "A freeze needs an end: --for "
					      "2h, at most 366 days."
					    : NULL);
		free(json);
	}
	fix_close(&f);
}

/* ---- what is listed, and after a restart ---- */

static void
assert_listed(struct fix *f, const char *verb, const char *want)
{
	char *json = noc_asprintf("{\"verb\":\"%s\"}", verb), *got;
	struct noc_value *answer;

	assert_int_equal(fix_command(f, json, &answer), 0);
	got = noc_json_string(answer, NOC_JSON_CANONICAL);
	assert_string_equal(got, want);
	free(got);
	free(json);
	noc_value_free(answer);
}

#define ROW(id, device, until)                                        \
	"{\"actor\":\"joe\",\"id\":\"" id "\",\"match\":{\"device\":" \
	"\"" device "\"},\"until\":\"" until "\",\"why\":\"of " device "\"}"

static void
test_lists(void **state)
{
	static const char silences[] =
	    "[" ROW("s1", "sw1", "2023-11-14T22:14:20.000Z") "]";
	static const char freezes[] =
	    "[" ROW("f2", "sw2", "2023-11-14T22:14:20.000Z") "," ROW(
		"f3", "sw3", "2023-11-14T22:14:20.000Z") "]";
	char *dir = state_make();
	struct noc_now now = { .wall_ns = 1700000000 * NOC_NS_PER_S,
			       .boot_ns = 1000 * NOC_NS_PER_S };
	struct noc_value *stats;
	struct fix f;

	(void)state;
	life_open(&f, dir, now, WATCH);
	assert_listed(&f, "silence.list", "[]");
	override_add(&f, "silence", "sw1");
	override_add(&f, "freeze", "sw2");
	override_add(&f, "freeze", "sw3");
	for (int i = 0; i < 2; i++) {
		assert_listed(&f, "silence.list", silences);
		assert_listed(&f, "freeze.list", freezes);
		stats = noc_core_stats(f.core);
		assert_int_equal(noc_value_get_int(stats, "silences", 0), 1);
		assert_int_equal(noc_value_get_int(stats, "freezes", 0), 2);
		noc_value_free(stats);
		if (i == 0)
			life_again(&f, dir, WATCH);
	}
	life_close(&f);
	state_remove(dir);
}

/* Nothing is ever deleted by the name of another. */
static void
test_ids_go_on(void **state)
{
	char *dir = state_make();
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), WATCH);
	for (int i = 0; i < 10; i++)
		override_add(&f, "silence", "sw1");
	life_again(&f, dir, WATCH);
	override_add(&f, "freeze", "sw4");
	override_del(&f, "freeze", "f11");
	override_add(&f, "freeze", "sw5");
	override_del(&f, "silence", "s1");
	override_says(&f, "{\"verb\":\"freeze.del\",\"id\":\"f11\"}",
		      NOC_ENOTFOUND, "There is no freeze 'f11'.");
	override_del(&f, "freeze", "f12");
	life_close(&f);
	state_remove(dir);
}

static void
test_deletes(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, WATCH);
	override_add(&f, "silence", "sw1");
	override_says(&f, "{\"verb\":\"freeze.del\",\"id\":\"s1\"}",
		      NOC_ENOTFOUND, "There is no freeze 's1'.");
	override_says(&f, "{\"verb\":\"silence.del\",\"id\":\"s2\"}",
		      NOC_ENOTFOUND, "There is no silence 's2'.");
	assert_listed(&f, "silence.list",
		      "[" ROW("s1", "sw1", "2023-11-14T22:14:20.000Z") "]");
	override_del(&f, "silence", "s1");
	override_says(&f, "{\"verb\":\"silence.del\",\"id\":\"s1\"}",
		      NOC_ENOTFOUND, "There is no silence 's1'.");
	fix_advance(&f, 120000); /* nor does it expire any more */
	assert_int_equal(fix_said(&f, "has expired"), 0);
	fix_close(&f);
}

/* In force after a restart until its end; over when it ended meanwhile. */
static void
test_restart(void **state)
{
	char *dir = state_make();
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), HEAL WATCH);
	override_add(&f, "freeze", "sw1");
	override_add(&f, "silence", "sw1");
	life_again(&f, dir, HEAL WATCH);
	life_again(&f, dir, HEAL WATCH);
	fix_advance(&f, 59799);
	cor_port(&f, "link.down", "sw1", "eth1");
	assert_int_equal(fix_said(&f, "freeze f1 is in force"), 1);
	assert_int_equal(cor_count(&f, "watch")->silenced, 1);
	assert_int_equal(f.sets, 0);
	fix_advance(&f, 1);
	cor_port(&f, "link.down", "sw1", "eth2");
	assert_int_equal(f.sets, 1);
	assert_int_equal(cor_count(&f, "watch")->fired, 1);
	override_add(&f, "freeze", "sw2");
	f.now.wall_ns += 120 * NOC_NS_PER_S;
	life_again(&f, dir, HEAL WATCH);
	fix_advance(&f, 1);
	assert_int_equal(fix_said(&f, "freeze f3 has expired"), 1);
	cor_port(&f, "link.down", "sw2", "eth1");
	assert_int_equal(f.sets, 1);
	life_close(&f);
	assert_int_equal(state_int(dir,
				   "SELECT count(*) FROM live WHERE kind IN "
				   "('freeze', 'silence')"),
			 0);
	state_remove(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_freeze_of_the_target_without_an_event),
		cmocka_unit_test(test_freeze_of_another_target_than_the_event),
		cmocka_unit_test(test_freeze_of_what_the_target_is),
		cmocka_unit_test(test_a_thousand_silences_and_freezes),
		cmocka_unit_test(test_what_it_finds),
		cmocka_unit_test(test_names_that_nothing_has),
		cmocka_unit_test(test_several),
		cmocka_unit_test(test_until_its_end),
		cmocka_unit_test(test_an_end_is_asked_for),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_ids_go_on),
		cmocka_unit_test(test_deletes),
		cmocka_unit_test(test_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
