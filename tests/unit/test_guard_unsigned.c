/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/life_fixture.h"

#include "engine/run/runner.h"

/* What nobody signed uses no guard up before it changes something. */

#define LOOKS(guard)                                                           \
	"rule \"heal\" { mode = \"active\", on = \"link.down\","               \
	" key = \"{device}/{ifname}\", " guard " run = flow { step \"look\" {" \
	" snmp.get { a = \"ifAdminStatus.{ifindex}\" }, timeout = \"5s\" },"   \
	" stop \"up by itself\" { when = { [\"steps.look.a\"] = \"up\" } },"   \
	" step \"raise\" { snmp.set { [\"ifAdminStatus.{ifindex}\"] ="         \
	" \"up\" }, timeout = \"5s\" } } }\n"

/* Anybody may say so from the address of this device. */
static void
says(struct fix *f, int device, const char *ifname)
{
	char name[16], address[32];

	snprintf(name, sizeof(name), "sw%d", device);
	snprintf(address, sizeof(address), "192.0.2.%d", device);
	f->now.wall_ns++;
	cor_tell(f, &(struct tell){ .kind = "link.down",
				    .device = name,
				    .ifname = ifname,
				    .ifindex = 7,
				    .origin = address,
				    .trust = NOC_TRUST_NORMAL });
}

static void
devices(struct fix *f)
{
	struct noc_strbuf csv = NOC_STRBUF_INIT;

	noc_strbuf_adds(&csv, "name,address,role,site\n");
	for (int i = 1; i <= 41; i++)
		noc_strbuf_addf(&csv, "sw%d,192.0.2.%d,access,s%d\n", i, i, i);
	cor_inventory(f, csv.p);
	noc_strbuf_release(&csv);
}

/* A linkDown of a port that is up is looked at, and nothing is done: however
 * many such there are, another device's port is raised. */
static void
test_forged_ones_use_nothing_up(void **state)
{
	static const char rules[] = LOOKS("");

	(void)state;
	for (int killed = 0; killed <= 1; killed++) {
		char *dir = state_make();
		struct fix f;

		life_open(&f, dir, noc_clock_read(), rules);
		devices(&f);
		for (int i = 1; i <= 30; i++) {
			says(&f, i, "eth1");
			fix_answer(&f, "snmp.get", "{\"a\":\"up\"}");
		}
		/* None of them is open. */
		assert_int_equal(noc_fair_len(&noc_runs_of(f.core)->looks), 0);
		if (killed) {
			f.dead = true;
			life_again(&f, dir, rules);
			devices(&f);
		}
		says(&f, 40, "eth1");
		fix_answer(&f, "snmp.get", "{\"a\":\"down\"}");
		assert_int_equal(f.sets, 1);
		assert_int_equal(cor_count(&f, "heal")->guarded, 0);
		f.dead = true;
		life_close(&f);
		state_remove(dir);
	}
}

/* Of one device only so many are looked at: that device's alone wait. */
static void
test_forged_ones_of_one_device(void **state)
{
	struct fix f = { 0 };
	char name[16];

	(void)state;
	fix_open(&f, LOOKS("guard = { mass = \"1000/1m\" },"));
	devices(&f);
	for (int i = 0; i < 30; i++) {
		snprintf(name, sizeof(name), "x%d", i);
		says(&f, 1, name);
	}
	assert_int_equal(cor_count(&f, "heal")->fired, 10);
	assert_int_equal(cor_count(&f, "heal")->guarded, 20);
	assert_int_equal(fix_said(&f, "heal held back: rate: looked at what "
				      "sw1 says 10 times already"),
			 1);
	while (f.ncalls)
		fix_answer(&f, "snmp.get", "{\"a\":\"up\"}");
	says(&f, 2, "eth1");
	while (f.ncalls && !f.sets)
		fix_answer(&f, "snmp.get", "{\"a\":\"down\"}");
	assert_int_equal(f.sets, 1);
	cor_close(&f);
}

/* Runs that stay open, because they wait for people, are 4,096; then who has
 * many of them has no more, and who has few has. */
static void
test_looks_that_stay_open(void **state)
{
	static const char rules[] =
	    "rule \"heal\" { mode = \"active\", on = \"link.down\","
	    " key = \"{device}/{ifname}\", guard = { mass = \"2/1m by ifname\","
	    " rate = \"103/1m\" }, run = flow { sleep \"1h\", step \"look\" {"
	    " snmp.get { a = \"ifAdminStatus.{ifindex}\" }, timeout = \"5s\" },"
	    " step \"raise\" { snmp.set { [\"ifAdminStatus.{ifindex}\"] ="
	    " \"up\" }, timeout = \"5s\" } } }\n";
	struct fix f = { 0 };
	char name[16];

	(void)state;
	fix_open(&f, rules);
	devices(&f);
	for (int i = 0; i < 103 * 40; i++) {
		snprintf(name, sizeof(name), "x%d", i);
		says(&f, 1 + i % 40, name);
		fix_forget(&f);
	}
	assert_int_equal(cor_count(&f, "heal")->fired, 4120);
	fix_advance(&f, 61000);
	says(&f, 1, "eth1");
	assert_int_equal(cor_count(&f, "heal")->guarded, 1);
	assert_int_equal(fix_said(&f, "notify noc: limit looks reached by sw1"),
			 1);
	says(&f, 41, "eth1");
	assert_int_equal(cor_count(&f, "heal")->fired, 4121);
	cor_close(&f);
}

/* The same port again, however often: when it is down indeed, and within the
 * 30 s in which that were a further witness, it is raised. */
static void
test_forged_ones_hide_no_true_one(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		struct fix f = { 0 };
		bool is_signed = i % 2;

		fix_open(&f, LOOKS(""));
		devices(&f);
		for (int n = 0; n < 5; n++) {
			says(&f, 1, "eth1");
			fix_answer(&f, "snmp.get", "{\"a\":\"up\"}");
			fix_advance(&f, 10000);
		}
		/* By the sensor that was forged, or another. */
		f.now.wall_ns++;
		cor_tell(&f, &(struct tell){ .base = i / 2 ? "snmp.trap" : NULL,
					     .kind = "link.down",
					     .device = "sw1",
					     .ifname = "eth1",
					     .ifindex = 7,
					     .origin =
						 is_signed ? NULL : "192.0.2.1",
					     .trust = NOC_TRUST_NORMAL });
		fix_answer(&f, "snmp.get", "{\"a\":\"down\"}");
		assert_int_equal(f.sets, 1);
		assert_int_equal(cor_count(&f, "heal")->guarded, 0);
		f.dead = true;
		cor_close(&f);
	}
}

/* What does change something counts as ever, in the moment that it does. */
static void
test_unsigned_ones_that_act(void **state)
{
	static const struct {
		const char *rules, *why;
		int acts;
	} cases[] = {
		{ LOOKS("guard = { rate = \"3/1m\" },"),
		  "rate: acted 3 times already", 3 },
		{ LOOKS("guard = { targets = \"3/1m\" },"),
		  "targets: acted on 3 devices already", 3 },
		{ LOOKS(""), "rate: acted 10 times already", 10 },
	};

	(void)state;
	for (size_t i = 0; i < 3 * NOC_COUNT(cases); i++) {
		int way = (int)(i % 3), acts = cases[i / 3].acts;
		const char *rules = cases[i / 3].rules;
		char *dir = state_make();
		struct fix f;

		life_open(&f, dir, noc_clock_read(), rules);
		devices(&f);
		for (int n = 1; n <= acts + 3; n++) {
			says(&f, n, "eth1");
			if (way == 0 && f.ncalls) /* else all look first */
				fix_answer(&f, "snmp.get", "{\"a\":\"down\"}");
			while (way == 0 && f.ncalls)
				fix_answer(&f, "snmp.set", "{}");
		}
		if (way == 2) {
			f.dead = true;
			life_again(&f, dir, rules);
			devices(&f);
			fix_advance(&f, 1000);
		}
		for (int n = 1; way && n <= acts + 3; n++)
			fix_answer(&f, "snmp.get", "{\"a\":\"down\"}");
		assert_int_equal(f.sets, acts);
		assert_int_equal(fix_said(&f, "notify noc: heal held back: "),
				 1);
		assert_int_equal(fix_said(&f, cases[i / 3].why) > 0, 1);
		f.dead = true;
		life_close(&f);
		state_remove(dir);
	}
}

/* Its second step is no second act, nor after a restart. */
static void
test_counted_once(void **state)
{
	static const char rules[] =
	    "rule \"heal\" { mode = \"active\", on = \"link.down\","
	    " guard = { rate = \"1/1h\" }, run = flow { step \"look\" {"
	    " snmp.get { a = \"ifAdminStatus.7\" }, timeout = \"5s\" },"
	    " step \"one\" { snmp.set { [\"ifAdminStatus.7\"] = \"up\" },"
	    " timeout = \"5s\" }, sleep \"10s\", step \"two\" { snmp.set {"
	    " [\"ifAlias.7\"] = \"x\" }, timeout = \"5s\" } } }\n";

	(void)state;
	for (int killed = 0; killed <= 1; killed++) {
		char *dir = state_make();
		struct fix f;

		life_open(&f, dir, noc_clock_read(), rules);
		devices(&f);
		says(&f, 1, "eth1");
		fix_answer(&f, "snmp.get", "{\"a\":\"down\"}");
		fix_answer(&f, "snmp.set", "{}");
		if (killed) {
			f.dead = true;
			life_again(&f, dir, rules);
			devices(&f);
		}
		fix_advance(&f, 10000);
		assert_string_equal(fix_call(&f, "snmp.set")->target, "sw1");
		f.dead = true;
		life_close(&f);
		state_remove(dir);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forged_ones_use_nothing_up),
		cmocka_unit_test(test_forged_ones_of_one_device),
		cmocka_unit_test(test_looks_that_stay_open),
		cmocka_unit_test(test_forged_ones_hide_no_true_one),
		cmocka_unit_test(test_unsigned_ones_that_act),
		cmocka_unit_test(test_counted_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
