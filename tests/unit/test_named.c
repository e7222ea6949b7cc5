/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/correlate_fixture.h"

#include "engine/intake/iftable.h"
#include "net/loop.h"

/*
 * One key for one port: told by number or by name, long or short, before its
 * device has answered or after.
 */

static const char rules[] =
    "rule \"held\" { mode = \"active\", on = \"link.down\", key = \"{link}\","
    " hold = { \"15m\", cancel = \"link.up\" }, run = log \"acts {link}\" }\n"
    "rule \"named\" { mode = \"active\", on = \"link.down\","
    " key = \"{device} {ifname}\", hold = { \"15m\", cancel = \"link.up\" },"
    " run = log \"acted {ifname}\" }\n"
    "rule \"psu\" { on = \"link.down\", key = \"{link}\", run = flow {"
    " escalate { { \"0m\", notify \"noc\" { \"{link} is down\" } },"
    " { \"10m\", notify \"oncall\" }, stop_on = { \"link.up\" },"
    " max = \"8h\" } } }\n"
    "pair \"bounce\" { open = \"link.down\", close = \"link.up\","
    " key = \"{link}\", within = \"20m\", matched = log \"bounced\","
    " missing = log \"stayed down\" }\n";

static const char walk[] = "{\"name\":{\"7\":\"Gi1/0/7\",\"8\":\"Gi1/0/8\"}}";

static void
named_open(struct fix *f)
{
	struct noc_err err;

	assert_int_equal(noc_loop_new(&f->env.loop, &err), 0);
	fix_open(f, rules);
	cor_inventory(f, "name,address\nsw1,192.0.2.1\n");
}

static void
on_stop(void *arg)
{
	noc_loop_stop(arg);
}

static void
turn(struct fix *f)
{
	struct noc_watch *w = noc_loop_timer(f->env.loop, on_stop, f->env.loop);

	noc_timer_arm(w, 1);
	noc_loop_run(f->env.loop);
	noc_watch_free(w);
	fix_pump(f);
}

static void
answered(struct fix *f)
{
	fix_answer(f, "snmp.walk", walk);
	turn(f);
}

static void
refused(struct fix *f)
{
	fix_refuse(f, "snmp.walk", "transient", 0);
	turn(f);
}

static void
named_close(struct fix *f)
{
	while (f->ncalls)
		refused(f);
	cor_balance(f);
	fix_close(f);
	noc_loop_free(f->env.loop);
}

static void
by_index(struct fix *f, const char *kind, int index)
{
	cor_tell(f, &(struct tell){ .base = "snmp.trap",
				    .kind = kind,
				    .device = "sw1",
				    .ifindex = index });
}

static void
by_name(struct fix *f, const char *kind, const char *ifname)
{
	cor_tell(f, &(struct tell){
			.kind = kind, .device = "sw1", .ifname = ifname });
}

/* It is over for each of them, and nobody is told otherwise later. */
static void
assert_over(struct fix *f)
{
	assert_int_equal(cor_states(f, "hold"), 0);
	assert_int_equal(cor_states(f, "pair"), 0);
	assert_int_equal(fix_said(f, "log bounce: bounced"), 1);
	assert_int_equal(fix_said(f, "noc: all clear"), 1);
	assert_int_equal(fix_runs(f), 0);
	fix_advance(f, 30 * 60 * 1000);
	assert_int_equal(fix_said(f, "oncall"), 0);
	assert_int_equal(fix_said(f, "acts"), 0);
	assert_int_equal(fix_said(f, "acted"), 0);
	assert_int_equal(fix_said(f, "stayed down"), 0);
}

/* Down by number and up by name, and the other way round; the device answers
 * at once, after the first, or after the last. */
static void
test_both_ways(void **state)
{
	(void)state;
	for (int answer = 0; answer < 3; answer++)
		for (int way = 0; way < 2; way++) {
			struct fix f = { 0 };

			named_open(&f);
			way ? by_name(&f, "link.down", "GigabitEthernet1/0/7")
			    : by_index(&f, "link.down", 7);
			if (answer == 0)
				answered(&f);
			fix_advance(&f, 1000);
			assert_int_equal(cor_states(&f, "hold"), 2);
			if (answer == 1)
				answered(&f);
			way ? by_index(&f, "link.up", 7)
			    : by_name(&f, "link.up", "gi1/0/7");
			fix_advance(&f, 1000);
			if (answer == 2)
				answered(&f);
			assert_over(&f);
			named_close(&f);
		}
}

/* One that refuses is asked again until it answers. */
static void
test_asked_again(void **state)
{
	struct fix f = { 0 };

	(void)state;
	named_open(&f);
	by_name(&f, "link.down", "Gi1/0/7");
	refused(&f);
	fix_advance(&f, 1000);
	by_index(&f, "link.up", 7);
	fix_advance(&f, 28 * 1000);
	assert_int_equal(f.ncalls, 0);
	fix_advance(&f, 2 * 1000);
	assert_int_equal(f.ncalls, 1);
	refused(&f);
	fix_advance(&f, 59 * 1000);
	assert_int_equal(f.ncalls, 0);
	fix_advance(&f, 1000);
	assert_int_equal(f.ncalls, 1);
	assert_int_equal(cor_states(&f, "hold"), 2);
	answered(&f);
	assert_over(&f);
	named_close(&f);
}

/* For an hour. */
static void
test_given_up(void **state)
{
	struct fix f = { 0 };
	int64_t asked;

	(void)state;
	named_open(&f);
	by_index(&f, "link.up", 7);
	for (int i = 0; i < 90; i++) {
		while (f.ncalls)
			refused(&f);
		fix_advance(&f, 60 * 1000);
		turn(&f); /* or it is silent */
	}
	asked = (int64_t)f.started;
	assert_int_equal(asked, 8);
	fix_advance(&f, 24 * 3600 * 1000LL);
	assert_int_equal(f.started, asked);
	named_close(&f);
}

/* Another port, or what came after it: not closed. */
static void
test_not_others(void **state)
{
	struct fix f = { 0 };

	(void)state;
	named_open(&f);
	by_name(&f, "link.down", "Gi1/0/7");
	by_index(&f, "link.up", 8); /* a port without a name is not all */
	fix_advance(&f, 1000);
	assert_int_equal(cor_states(&f, "hold"), 2);
	by_index(&f, "link.up", 9); /* up before it went down */
	fix_advance(&f, 1000);
	by_name(&f, "link.down", "Gi1/0/9");
	fix_advance(&f, 1000);
	fix_answer(&f, "snmp.walk",
		   "{\"name\":{\"7\":\"Gi1/0/7\",\"9\":\"Gi1/0/9\"}}");
	turn(&f);
	assert_int_equal(cor_states(&f, "hold"), 4);
	assert_int_equal(cor_states(&f, "pair"), 2);
	assert_int_equal(fix_said(&f, "all clear"), 0);
	/* Of no port: all of them. */
	fix_advance(&f, 1000);
	cor_tell(&f, &(struct tell){ .kind = "link.up", .device = "sw1" });
	assert_int_equal(cor_states(&f, "hold"), 0);
	named_close(&f);
}

/* Seventeen ports are up: the device is remembered for the last sixteen. */
static void
test_sixteen_of_a_device(void **state)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	struct fix f = { 0 };
	char name[16];

	(void)state;
	named_open(&f);
	noc_strbuf_adds(&sb, "{\"name\":{\"99\":\"x\"");
	for (int i = 1; i <= 17; i++) {
		snprintf(name, sizeof(name), "Gi1/0/%d", i);
		by_name(&f, "link.down", name);
		noc_strbuf_addf(&sb, ",\"%d\":\"%s\"", i, name);
	}
	fix_advance(&f, 2000);
	for (int i = 1; i <= 17; i++)
		by_index(&f, "link.up", i);
	assert_int_equal(cor_states(&f, "pair"), 17);
	noc_strbuf_adds(&sb, "}}");
	fix_answer(&f, "snmp.walk", sb.p);
	turn(&f);
	assert_int_equal(cor_states(&f, "pair"), 1);
	noc_strbuf_release(&sb);
	named_close(&f);
}

static int64_t
late(struct fix *f)
{
	struct noc_value *stats = noc_core_stats(f->core);
	int64_t n = noc_value_get_int(stats, "enrich_late", -1);

	noc_value_free(stats);
	return n;
}

/* 257 devices do not answer: what the last one said is not kept. */
static void
test_4096_of_all(void **state)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	struct fix f = { 0 };

	(void)state;
	named_open(&f);
	noc_strbuf_adds(&sb, "name,address\nsw1,192.0.2.1\n");
	for (int i = 0; i < 257; i++)
		noc_strbuf_addf(&sb, "d%d,10.0.%d.%d\n", i, i / 200, i % 200);
	cor_inventory(&f, sb.p);
	for (int i = 0; i < 256 * 16; i++) {
		char device[16];

		snprintf(device, sizeof(device), "d%d", i / 16);
		cor_tell(&f, &(struct tell){ .kind = "link.up",
					     .device = device,
					     .ifindex = i + 1 });
		if (i % 16 == 0)
			refused(&f);
	}
	assert_int_equal(late(&f), 4096);
	cor_tell(&f, &(struct tell){
			 .kind = "link.up", .device = "d256", .ifindex = 7 });
	refused(&f);
	assert_int_equal(late(&f), 4096);
	noc_strbuf_release(&sb);
	cor_balance(&f);
	fix_close(&f);
	noc_loop_free(f.env.loop);
}

/* Two tell of one port before it has a name, in either order: one acts. */
static void
test_twice(void **state)
{
	(void)state;
	for (int way = 0; way < 2; way++) {
		struct fix f = { 0 };

		named_open(&f);
		way ? by_name(&f, "link.down", "Gi1/0/7")
		    : by_index(&f, "link.down", 7);
		fix_advance(&f, 1000);
		way ? by_index(&f, "link.down", 7)
		    : by_name(&f, "link.down", "Gi1/0/7");
		fix_advance(&f, 1000);
		assert_int_equal(cor_states(&f, "hold"), 4);
		answered(&f);
		assert_int_equal(cor_states(&f, "hold"), 2);
		assert_int_equal(cor_states(&f, "pair"), 1);
		fix_advance(&f, 16 * 60 * 1000);
		assert_int_equal(fix_said(&f, "log held: acts sw1/"), 1);
		assert_int_equal(fix_said(&f, "log named: acted Gi1/0/7"), 1);
		named_close(&f);
	}
}

/* What a device says of its ports is its own, however often it is asked and
 * whatever it says: no word of it takes the place of a kind or a rule. */
static void
test_words_of_its_own(void **state)
{
	struct noc_iftable t = { 0 };

	(void)state;
	for (int turn_of = 0; turn_of < 20; turn_of++) {
		struct noc_value *result = noc_value_map();
		struct noc_value *types = noc_value_map();
		struct noc_value *names = noc_value_map();
		char index[16], text[300];

		for (int i = 1; i <= 4096; i++) {
			snprintf(index, sizeof(index), "%d", i);
			snprintf(text, sizeof(text), "type%d.%d", turn_of, i);
			noc_value_set(types, index, noc_value_str(text));
			snprintf(text, sizeof(text), "Gi%d/%d", turn_of, i);
			noc_value_set(names, index, noc_value_str(text));
		}
		memset(text, 'x', sizeof(text));
		noc_value_set(names, "4097", noc_value_strn(text, 256));
		noc_value_set(result, "type", types);
		noc_value_set(result, "name", names);
		noc_iftable_learn(&t, result);
		noc_value_free(result);
	}
	assert_string_equal(noc_interns("a.new.kind"), "a.new.kind");
	assert_int_equal(t.n, 4097);
	assert_int_equal(
	    noc_iftable_name(&t, noc_slice_str("gigabitethernet19/4096"))
		->index,
	    4096);
	assert_null(noc_iftable_name(&t, noc_slice_str("Gi18/4096")));
	assert_string_equal(noc_iftable_index(&t, 7)->type, "type19.7");
	assert_null(noc_iftable_index(&t, 4097)->name); /* too long for one */
	noc_iftable_release(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ways),
		cmocka_unit_test(test_asked_again),
		cmocka_unit_test(test_given_up),
		cmocka_unit_test(test_not_others),
		cmocka_unit_test(test_twice),
		cmocka_unit_test(test_sixteen_of_a_device),
		cmocka_unit_test(test_4096_of_all),
		cmocka_unit_test(test_words_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
