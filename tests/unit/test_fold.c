/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/correlate_fixture.h"

/* One fault told by several witnesses, ends and children is one event. */

static const char cabled[] = "name,address,role,site,cables\n"
			     "sw1,192.0.2.1,access,waw,eth7=sw2/eth8\n"
			     "sw2,192.0.2.2,access,waw,\n"
			     "sw3,192.0.2.3,access,waw,\n"
			     "sw4,192.0.2.4,access,krk,\n";

#define WATCH                                                    \
	"rule \"watch\" { on = \"link.down\", key = \"{link}\"," \
	" run = log \"down {link} seen by {witnesses}\" }\n"

static void
test_fold_witnesses(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, WATCH);
	cor_inventory(&f, cabled);
	cor_tell(&f, &(struct tell){ .base = "snmp.trap",
				     .kind = "link.down",
				     .device = "sw1",
				     .ifname = "eth7",
				     .ifindex = 7 });
	cor_port(&f, "link.down", "sw1", "eth7");
	cor_port(&f, "link.down", "sw2", "eth8"); /* the cable's other end */
	assert_int_equal(cor_count(&f, "watch")->matched, 1);
	assert_int_equal(cor_count(&f, "watch")->fired, 1);
	assert_int_equal(fix_said(&f, "seen by: trap, syslog"), 2);
	/* After 30 s it is told again, and that is news. */
	fix_advance(&f, 31000);
	cor_port(&f, "link.down", "sw1", "eth7");
	assert_int_equal(cor_count(&f, "watch")->fired, 2);
	cor_close(&f);
}

/* down, up, then syslog of the first down: late, no second fault; but a
 * second down of the same witness is one. */
static void
test_fold_late(void **state)
{
	struct fix f = { 0 };
	const struct tell trap = { .base = "snmp.trap",
				   .kind = "link.down",
				   .device = "sw1",
				   .ifname = "eth7" };
	struct tell up = trap;

	(void)state;
	up.kind = "link.up";
	fix_open(&f, WATCH);
	cor_tell(&f, &trap);
	cor_tell(&f, &up);
	cor_port(&f, "link.down", "sw1", "eth7");
	assert_int_equal(cor_count(&f, "watch")->fired, 1);
	cor_tell(&f, &trap);
	assert_int_equal(cor_count(&f, "watch")->fired, 2);
	cor_close(&f);
}

/* What an unsigned witness adds makes no signed event of it. */
static void
test_fold_trust(void **state)
{
	static const char rules[] =
	    "rule \"raise\" { mode = \"active\", on = \"link.down\","
	    " key = \"{link}\", where = { ifindex = exists }, run = flow {"
	    " step \"set\" { snmp.set { [\"ifAdminStatus.{ifindex}\"] ="
	    " \"up\" }, timeout = \"5s\" } } }\n";

	(void)state;
	for (int forged = 0; forged <= 1; forged++) {
		struct fix f = { 0 };

		fix_open(&f, rules);
		cor_inventory(&f, cabled);
		cor_tell(&f, &(struct tell){ .base = "snmp.trap",
					     .kind = "link.down",
					     .device = "sw1",
					     .ifname = "eth7" });
		cor_tell(&f,
			 &(struct tell){ .kind = "link.down",
					 .device = "sw1",
					 .ifname = "eth7",
					 .ifindex = 9,
					 .origin = forged ? "127.0.0.1" : NULL,
					 .trust = NOC_TRUST_NORMAL });
		assert_int_equal(cor_count(&f, "raise")->fired, 1);
		assert_int_equal(f.sets, !forged);
		cor_close(&f);
	}
}

/* Nor does it make an unsigned one of what is acted on already. */
static void
test_fold_takes_no_trust(void **state)
{
	static const char rules[] =
	    "rule \"raise\" { mode = \"active\", on = \"link.down\","
	    " key = \"{link}\", hold = \"5s\", run = flow {"
	    " step \"set\" { snmp.set { [\"ifAdminStatus.{ifindex}\"] ="
	    " \"up\" }, timeout = \"5s\" } } }\n";
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, rules);
	cor_inventory(&f, cabled);
	cor_port(&f, "link.down", "sw1", "eth7");
	cor_tell(&f, &(struct tell){ .base = "snmp.trap",
				     .kind = "link.down",
				     .device = "sw1",
				     .ifname = "eth7",
				     .user = "x",
				     .origin = "192.0.2.1",
				     .trust = NOC_TRUST_NORMAL });
	assert_int_equal(cor_count(&f, "raise")->matched, 1);
	fix_advance(&f, 5000);
	assert_int_equal(f.sets, 1);
	cor_close(&f);
}

/* A rule that lacked the ifIndex gets it from the second witness, once; not
 * when the fault is over. */
static void
test_fold_again(void **state)
{
	static const char rules[] =
	    "rule \"late\" { on = \"link.down\", key = \"{link}\","
	    " where = { admin = exists, user = \"joe\" }, run = log \"x\" }\n"
	    "rule \"late2\" { on = \"link.down\", key = \"{link}\","
	    " where = { ifindex = 7 }, run = log \"x\" }\n" WATCH;

	(void)state;
	for (int over = 0; over <= 1; over++) {
		struct fix f = { 0 };

		fix_open(&f, rules);
		cor_tell(&f, &(struct tell){ .kind = "link.down",
					     .device = "sw1",
					     .ifname = "eth7" });
		assert_int_equal(cor_count(&f, "late2")->matched, 0);
		if (over)
			cor_tell(&f, &(struct tell){ .kind = "link.up",
						     .device = "sw1",
						     .ifname = "eth7" });
		for (int i = 0; i < 2; i++)
			cor_tell(&f, &(struct tell){ .base = "snmp.trap",
						     .kind = "link.down",
						     .device = "sw1",
						     .ifname = "eth7",
						     .ifindex = 7 });
		assert_int_equal(cor_count(&f, "watch")->matched, over ? 2 : 1);
		assert_int_equal(cor_count(&f, "late2")->matched, 1);
		assert_int_equal(cor_count(&f, "late")->matched, 0);
		cor_close(&f);
	}
}

static void
test_fold_children(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, WATCH);
	cor_port(&f, "link.down", "sw1", "GigabitEthernet0/1");
	cor_port(&f, "link.down", "sw1", "Gi0/1.100"); /* subinterface */
	cor_tell(&f, &(struct tell){ .kind = "link.down",
				     .device = "sw1",
				     .ifname = "Vlan100",
				     .parent = "Gi0/1" });
	assert_int_equal(cor_count(&f, "watch")->fired, 1);
	assert_int_equal(fix_said(&f, "its lower layer is down"), 2);
	/* Not what lies on another port. */
	cor_port(&f, "link.down", "sw1", "Gi0/2.100");
	cor_port(&f, "link.down", "sw2", "Gi0/1.100");
	assert_int_equal(cor_count(&f, "watch")->fired, 3);
	cor_close(&f);
}

static void
test_fold_restart(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, WATCH
		 "rule \"boot\" { on = \"device.restart\", run = log \"b\" }");
	cor_tell(&f,
		 &(struct tell){ .kind = "device.restart", .device = "sw1" });
	for (int i = 1; i < 20; i++) {
		char name[16];

		snprintf(name, sizeof(name), "eth%d", i);
		fix_advance(&f, 10000);
		cor_port(&f, "link.down", "sw1", name);
	}
	assert_int_equal(cor_count(&f, "watch")->fired, 0);
	assert_int_equal(cor_count(&f, "boot")->fired, 1); /* not 20 times */
	fix_advance(&f, 300000);
	cor_port(&f, "link.down", "sw1", "eth1");
	assert_int_equal(cor_count(&f, "watch")->fired, 1);
	cor_close(&f);
}

/* A fault that names no port is its device's, not everybody's. */
static void
test_fold_nameless(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, "rule \"w\" { on = \"link.down\", run = log \"x\" }");
	cor_tell(&f, &(struct tell){ .kind = "link.down", .device = "sw1" });
	cor_tell(&f, &(struct tell){ .kind = "link.down", .device = "sw2" });
	assert_int_equal(cor_count(&f, "w")->fired, 2);
	cor_close(&f);
}

static void
test_fold_users(void **state)
{
	struct fix f = { 0 };
	struct tell t = { .kind = "config.change",
			  .device = "sw1",
			  .user = "joe" };

	(void)state;
	fix_open(&f, "rule \"w\" { on = \"config.change\","
		     " where = { user = \"eve\" }, run = log \"x\" }");
	cor_tell(&f, &t);
	t.user = "eve";
	cor_tell(&f, &t);
	assert_int_equal(cor_count(&f, "w")->fired, 1);
	cor_close(&f);
}

/* A fault is one for 30 s from its first witness on. */
static void
test_fold_lasts_30_seconds(void **state)
{
	static const struct {
		int64_t ms;
		unsigned fired;
	} cases[] = { { 29999, 1 }, { 30000, 2 } };

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct fix f = { 0 };

		fix_open(&f, WATCH);
		cor_port(&f, "link.down", "sw1", "eth7");
		fix_advance(&f, 15000);
		cor_port(&f, "link.down", "sw1", "eth7");
		fix_advance(&f, cases[i].ms - 15000);
		cor_port(&f, "link.down", "sw1", "eth7");
		assert_int_equal(cor_count(&f, "watch")->fired, cases[i].fired);
		cor_close(&f);
	}
}

#define WATCHED                                                              \
	"rule \"w\" { on = \"link.down\", where = { device = any { \"sw1\"," \
	" \"sw2\", \"x0\", \"x9\" } }, run = log \"x\" }"
#define TWO "name,address\nsw1,192.0.2.1\nsw2,192.0.2.2\n"

static void
down(struct fix *f, const char *origin, const char *ifname)
{
	cor_tell(f, &(struct tell){ .kind = "link.down",
				    .origin = origin,
				    .ifname = ifname });
}

/* One sender has 4,096; more are his own oldest's, and nobody else's. */
static void
test_fold_has_shares(void **state)
{
	struct fix f = { 0 };
	char name[16];

	(void)state;
	fix_open(&f, WATCHED);
	cor_inventory(&f, TWO);
	down(&f, "192.0.2.2", "eth7");
	down(&f, "192.0.2.1", "x0");
	down(&f, "192.0.2.1", "x1");
	assert_int_equal(cor_count(&f, "w")->fired, 3);
	for (int i = 2; i < 4097; i++) {
		snprintf(name, sizeof(name), "x%d", i);
		down(&f, "192.0.2.1", name);
		fix_forget(&f);
	}
	assert_int_equal(cor_count(&f, "w")->fired, 4098);
	assert_int_equal(
	    fix_said(&f,
		     "notify noc: limit witnesses reached by sw1: a further"),
	    1);
	down(&f, "192.0.2.2", "eth7"); /* the same fault, still */
	down(&f, "192.0.2.1", "x1");
	assert_int_equal(cor_count(&f, "w")->fired, 4098);
	down(&f, "192.0.2.1", "x0"); /* is forgotten */
	assert_int_equal(cor_count(&f, "w")->fired, 4099);
	cor_close(&f);
}

/* All together: whoever has the most gives his oldest. */
static void
test_fold_has_a_cap(void **state)
{
	struct fix f = { 0 };
	char name[16];

	(void)state;
	fix_open(&f, WATCHED);
	cor_inventory(&f, TWO);
	down(&f, "192.0.2.2", "eth7");
	for (int i = 0; i < 65535; i++) {
		snprintf(name, sizeof(name), "x%d", i);
		cor_port(&f, "link.down", name, "eth7");
	}
	assert_int_equal(cor_count(&f, "w")->fired, 3);
	/* All of them are trusted more, or his own. */
	down(&f, "192.0.2.1", "eth7");
	down(&f, "192.0.2.1", "eth7");
	assert_int_equal(cor_count(&f, "w")->fired, 4);
	cor_port(&f, "link.down", "another", "eth7");
	cor_port(&f, "link.down", "x9", "eth7");
	assert_int_equal(cor_count(&f, "w")->fired, 4);
	/* What is over makes room. */
	fix_advance(&f, 30001);
	down(&f, "192.0.2.2", "eth7");
	down(&f, "192.0.2.2", "eth7");
	assert_int_equal(cor_count(&f, "w")->fired, 5);
	cor_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fold_witnesses),
		cmocka_unit_test(test_fold_late),
		cmocka_unit_test(test_fold_trust),
		cmocka_unit_test(test_fold_takes_no_trust),
		cmocka_unit_test(test_fold_again),
		cmocka_unit_test(test_fold_children),
		cmocka_unit_test(test_fold_restart),
		cmocka_unit_test(test_fold_nameless),
		cmocka_unit_test(test_fold_users),
		cmocka_unit_test(test_fold_lasts_30_seconds),
		cmocka_unit_test(test_fold_has_shares),
		cmocka_unit_test(test_fold_has_a_cap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
