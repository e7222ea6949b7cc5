/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/correlate_fixture.h"

/*
 * From "matched" to "act": hold, unless, settle, mutes.  Guards are in
 * test_guard.c, what is told twice in test_fold.c, the forms that count in
 * test_correlate_count.c, those of a restart in test_correlate_resume.c.
 */

#define RUN                                                           \
	" run = flow { step \"raise\" { snmp.set { [\"ifAdminStatus." \
	"{ifindex}\"] = \"up\" }, timeout = \"5s\" } }"

#define HEAL(more)                                               \
	"rule \"heal\" { mode = \"active\", on = \"link.down\"," \
	" key = \"{link}\"," more RUN " }\n"

static const char held[] =
    HEAL(" hold = { \"15s\", cancel = { \"link.up\", \"config.change\" } },"
	 " unless = { seen { \"config.change\", device = any { \"{device}\","
	 " \"{far.device}\" }, back = \"10m\" } },");

#define WATCH                                                    \
	"rule \"watch\" { on = \"link.down\", key = \"{link}\"," \
	" run = log \"down {link} seen by {witnesses}\" }\n"

static const char cabled[] = "name,address,role,site,cables\n"
			     "sw1,192.0.2.1,access,waw,eth7=sw2/eth8\n"
			     "sw2,192.0.2.2,access,waw,\n"
			     "sw3,192.0.2.3,access,waw,\n"
			     "sw4,192.0.2.4,access,krk,\n";

static void
test_hold(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, held);
	cor_port(&f, "link.down", "sw1", "eth7");
	assert_int_equal(cor_count(&f, "heal")->held_now, 1);
	fix_advance(&f, 14900);
	assert_int_equal(f.sets, 0);
	fix_advance(&f, 200);
	assert_int_equal(f.sets, 1);
	assert_int_equal(cor_count(&f, "heal")->fired, 1);
	assert_int_equal(cor_count(&f, "heal")->held_now, 0);
	fix_order(&f, "EVENT", "DECISION held", "RUN_START", "DECISION fired",
		  NULL);
	cor_close(&f);
}

static void
test_hold_cancel(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, held);
	cor_port(&f, "link.down", "sw1", "eth7");
	cor_port(&f, "link.down", "sw1", "eth9");
	fix_advance(&f, 5000);
	cor_port(&f, "link.up", "sw1", "eth7");
	fix_advance(&f, 20000);
	assert_int_equal(cor_count(&f, "heal")->cancelled, 1);
	assert_int_equal(cor_count(&f, "heal")->fired, 1); /* eth9's */
	fix_answer(&f, "snmp.set", "{}");
	/* It recovered by itself: the next fault is an ordinary one. */
	fix_advance(&f, 60000);
	cor_port(&f, "link.down", "sw1", "eth7");
	fix_advance(&f, 16000);
	assert_int_equal(cor_count(&f, "heal")->fired, 2);
	cor_close(&f);
}

/* A repeat joins what holds: its clock is not put back. */
static void
test_hold_joins(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, "rule \"heal\" { mode = \"active\", on = \"link.down\","
		     " key = \"{link}\", hold = { \"40s\" }," RUN " }");
	cor_port(&f, "link.down", "sw1", "eth7");
	fix_advance(&f, 35000); /* past the fold's 30 s */
	cor_port(&f, "link.down", "sw1", "eth7");
	fix_advance(&f, 6000);
	assert_int_equal(f.sets, 1);
	assert_int_equal(cor_count(&f, "heal")->counted, 1);
	cor_close(&f);
}

/* The operator's message before the trap, after it, and of the far device. */
static void
test_unless(void **state)
{
	static const struct {
		bool before;
		const char *device;
	} ways[] = { { true, "sw1" },
		     { false, "sw1" },
		     { true, "sw2" },
		     { false, "sw2" } };

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(ways); i++) {
		struct fix f = { 0 };

		fix_open(&f, held);
		cor_inventory(&f, cabled);
		if (ways[i].before)
			cor_tell(&f,
				 &(struct tell){ .kind = "config.change",
						 .device = ways[i].device });
		fix_advance(&f, 3000);
		cor_port(&f, "link.down", "sw1", "eth7");
		fix_advance(&f, 4000);
		if (!ways[i].before)
			cor_tell(&f,
				 &(struct tell){ .kind = "config.change",
						 .device = ways[i].device });
		fix_advance(&f, 60000);
		assert_int_equal(f.sets, 0);
		assert_int_equal(cor_count(&f, "heal")->cancelled, 1);
		assert_int_equal(fix_said(&f, "left alone"), 1);
		/* A device that is not concerned stops nothing. */
		cor_tell(&f, &(struct tell){ .kind = "config.change",
					     .device = "sw4" });
		cor_port(&f, "link.down", "sw3", "eth1");
		fix_advance(&f, 16000);
		assert_int_equal(f.sets, 1);
		cor_close(&f);
	}
}

/*
 * Meant to be down until its next link.up, long after `back`, whichever way
 * it was learnt, and also for a rule that holds nothing.
 */
static void
test_meant(void **state)
{
	static const char *const rules[] = {
		held,
		HEAL(" unless = { seen { \"config.change\","
		     " back = \"10m\" } },"),
	};

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct fix f = { 0 };

		fix_open(&f, rules[i / 2]);
		if (i != 1)
			cor_tell(&f, &(struct tell){ .kind = "config.change",
						     .device = "sw1" });
		cor_port(&f, "link.down", "sw1", "eth7");
		fix_advance(&f, 2000);
		if (i == 1)
			cor_tell(&f, &(struct tell){ .kind = "config.change",
						     .device = "sw1" });
		assert_int_equal(cor_count(&f, "heal")->cancelled, 1);
		assert_int_equal(cor_states(&f, "meant"), 1);
		fix_advance(&f, 8 * 86400 * 1000LL);
		cor_port(&f, "link.down", "sw1", "eth7");
		fix_advance(&f, 60000);
		assert_int_equal(f.sets, 0);
		assert_int_equal(fix_said(&f, "meant to be down"), 1);
		cor_port(&f, "link.up", "sw1", "eth7");
		assert_int_equal(cor_states(&f, "meant"), 0);
		fix_advance(&f, 60000);
		cor_port(&f, "link.down", "sw1", "eth7");
		fix_advance(&f, 16000);
		assert_int_equal(cor_count(&f, "heal")->fired, 1);
		cor_close(&f);
	}
}

/* What happens right before the SET still stops it. */
static void
test_unless_again(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(
	    &f, "rule \"heal\" { mode = \"active\", on = \"link.down\","
		" key = \"{link}\", unless = { seen { \"config.change\","
		" back = \"10m\" } }, run = flow {"
		" step \"look\" { snmp.get { admin = \"ifAdminStatus.7\" },"
		"  timeout = \"5s\" },"
		" step \"raise\" { snmp.set { [\"ifAdminStatus.7\"] = \"up\" },"
		"  timeout = \"5s\" } } }");
	cor_port(&f, "link.down", "sw1", "eth7");
	cor_tell(&f,
		 &(struct tell){ .kind = "config.change", .device = "sw1" });
	fix_answer(&f, "snmp.get", "{\"admin\":\"down\"}");
	assert_int_equal(f.sets, 0);
	assert_int_equal(f.ncalls, 0);
	cor_close(&f);
}

/* Our own run touched it: wait, then look again, once; held only once. */
static void
test_settle(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, held);
	cor_port(&f, "link.down", "sw1", "eth7");
	fix_advance(&f, 15100);
	assert_int_equal(f.sets, 1);
	fix_refuse(&f, "snmp.set", "permanent", 0);
	fix_advance(&f, 20000);
	cor_port(&f, "link.down", "sw1", "eth7"); /* fold's 30 s are over */
	assert_int_equal(cor_states(&f, "settle"), 1);
	assert_int_equal(cor_count(&f, "heal")->held_now, 1);
	fix_advance(&f, 41000); /* settled: now it holds */
	assert_int_equal(cor_states(&f, "hold"), 1);
	assert_int_equal(cor_count(&f, "heal")->held_now, 1);
	cor_balance(&f);
	fix_advance(&f, 15100);
	assert_int_equal(f.sets, 2);
	cor_close(&f);
}

/* It came up while it settled: nothing is left to be done. */
static void
test_settle_recovers(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, HEAL(""));
	cor_port(&f, "link.down", "sw1", "eth7");
	assert_int_equal(f.sets, 1);
	fix_refuse(&f, "snmp.set", "permanent", 0);
	fix_advance(&f, 31000);
	cor_port(&f, "link.down", "sw1", "eth7");
	assert_int_equal(cor_states(&f, "settle"), 1);
	fix_advance(&f, 5000);
	cor_port(&f, "link.up", "sw1", "eth7");
	assert_int_equal(cor_states(&f, "settle"), 0);
	fix_advance(&f, 120000);
	assert_int_equal(f.sets, 1);
	cor_close(&f);
}

/* A rule's `unless` holds for the flow that it starts. */
static void
test_unless_of_flow(void **state)
{
	static const char rules[] =
	    "rule \"r\" { mode = \"active\", on = \"link.down\", unless = seen {"
	    " \"config.change\", back = \"10m\" }, run = start \"outer\" }\n"
	    "flow \"outer\" { start \"inner\" }\n"
	    "flow \"inner\" { sleep \"5s\", step \"set\" { snmp.set {"
	    " [\"ifAdminStatus.7\"] = \"up\" }, timeout = \"5s\" } }\n";

	(void)state;
	for (int left = 0; left <= 1; left++) {
		struct fix f = { 0 };

		fix_open(&f, rules);
		cor_port(&f, "link.down", "sw1", "eth7");
		if (left)
			cor_tell(&f, &(struct tell){ .kind = "config.change",
						     .device = "sw1",
						     .user = "joe" });
		fix_advance(&f, 6000);
		assert_int_equal(f.sets, !left);
		assert_int_equal(fix_said(&f, "left alone: unless"), left);
		cor_close(&f);
	}
}

/* What the sender says is no template, where the engine tells of a key. */
static void
test_key_is_no_template(void **state)
{
	static const char rules[] =
	    "rule \"r\" { on = \"login.failed\", key = \"{user}\","
	    " damp = { suppress = 800 },"
	    " run = log \"x\" }\n";
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, rules);
	cor_tell(&f, &(struct tell){ .kind = "login.failed",
				     .device = "sw1",
				     .user = "{device}" });
	assert_int_equal(fix_said(&f, "r: {device} flaps"), 1);
	cor_close(&f);
	memset(&f, 0, sizeof(f));
	fix_open(&f, "rule \"r\" { on = \"login.failed\", key = \"{device}\","
		     " guard = { mass = \"1/30s by user\" },"
		     " run = log \"x\" }\n");
	for (int i = 1; i <= 2; i++)
		cor_tell(&f, &(struct tell){ .kind = "login.failed",
					     .device = i == 1 ? "sw1" : "sw2",
					     .user = "{device}" });
	assert_int_equal(
	    fix_said(&f,
		     "r held back: mass: 2 candidates in 30s at user {device}"),
	    1);
	cor_close(&f);
}

/* A stranger neither acts, nor closes, nor excuses. */
static void
test_low_trust(void **state)
{
	struct fix f = { 0 };
	struct tell t = { .kind = "link.down",
			  .device = "sw1",
			  .ifname = "eth7",
			  .origin = "203.0.113.9",
			  .trust = NOC_TRUST_LOW };

	(void)state;
	fix_open(&f, held);
	cor_inventory(&f, cabled);
	cor_tell(&f, &t);
	fix_advance(&f, 20000);
	assert_int_equal(f.sets, 0);
	assert_int_equal(cor_count(&f, "heal")->guarded, 1);
	assert_int_equal(fix_count(&f, "low trust"), 1);
	cor_port(&f, "link.down", "sw1", "eth7"); /* sw1 itself says so */
	t.kind = "link.up";
	cor_tell(&f, &t);
	t.kind = "config.change";
	cor_tell(&f, &t);
	fix_advance(&f, 20000);
	assert_int_equal(f.sets, 1);
	cor_close(&f);
}

static void
test_silence(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, WATCH HEAL(""));
	assert_int_equal(
	    fix_command(&f,
			"{\"verb\":\"silence.add\",\"match\":{\"device\":"
			"\"sw*\"},\"for_ms\":60000,\"why\":\"work\","
			"\"actor\":\"joe\"}",
			NULL),
	    0);
	cor_port(&f, "link.down", "sw1", "eth7");
	assert_int_equal(cor_count(&f, "watch")->silenced, 1);
	assert_int_equal(f.sets, 1); /* it mutes notices, not repairs */
	cor_port(&f, "link.down", "r1", "eth7");
	assert_int_equal(cor_count(&f, "watch")->fired, 1);
	fix_advance(&f, 61000);
	assert_int_equal(fix_said(&f, "silence s1 has expired"), 1);
	cor_port(&f, "link.down", "sw1", "eth8");
	assert_int_equal(cor_count(&f, "watch")->fired, 2);
	/* An end and a reason are mandatory. */
	assert_int_equal(
	    fix_command(&f,
			"{\"verb\":\"silence.add\",\"match\":{\"device\":"
			"\"a\"},\"why\":\"work\"}",
			NULL),
	    NOC_EINPUT);
	assert_int_equal(
	    fix_command(&f,
			"{\"verb\":\"freeze.add\",\"match\":{\"device\":"
			"\"a\"},\"for_ms\":1000}",
			NULL),
	    NOC_EINPUT);
	cor_close(&f);
}

static void
test_freeze_and_kill(void **state)
{
	static const char *const verbs[][2] = {
		{ "{\"verb\":\"freeze.add\",\"match\":{\"device\":\"sw1\"},"
		  "\"for_ms\":60000,\"why\":\"w\"}",
		  "{\"verb\":\"freeze.del\",\"id\":\"f1\"}" },
		{ "{\"verb\":\"kill.on\",\"why\":\"w\"}",
		  "{\"verb\":\"kill.off\",\"why\":\"w\"}" },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(verbs); i++) {
		struct fix f = { 0 };

		fix_open(&f, HEAL(""));
		assert_int_equal(fix_command(&f, verbs[i][0], NULL), 0);
		cor_port(&f, "link.down", "sw1", "eth7");
		fix_advance(&f, 1000);
		assert_int_equal(f.sets, 0);
		assert_int_equal(fix_command(&f, verbs[i][1], NULL), 0);
		cor_port(&f, "link.up", "sw1", "eth7");
		fix_advance(&f, 61000);
		cor_port(&f, "link.down", "sw1", "eth7");
		fix_advance(&f, 1000);
		if (!f.sets) {
			fix_dump(&f);
			fail_msg("nothing acts after %s", verbs[i][1]);
		}
		cor_close(&f);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hold),
		cmocka_unit_test(test_hold_cancel),
		cmocka_unit_test(test_hold_joins),
		cmocka_unit_test(test_unless),
		cmocka_unit_test(test_meant),
		cmocka_unit_test(test_unless_again),
		cmocka_unit_test(test_settle),
		cmocka_unit_test(test_settle_recovers),
		cmocka_unit_test(test_unless_of_flow),
		cmocka_unit_test(test_key_is_no_template),
		cmocka_unit_test(test_low_trust),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_freeze_and_kill),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
