/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/correlate_fixture.h"

#include "net/loop.h"

/* Names of ports asked of their device: who waits, how long, what is learnt. */

static const char rules[] =
    "rule \"w\" { on = { \"link.down\", \"link.up\" }, key = \"{link}\","
    " throttle = { once_within = \"1s\" },"
    " run = log \"{kind} {link} {ifname} {iftype}\" }";

static const char inventory[] = "name,address,cables\n"
				"sw1,192.0.2.1,eth7=sw2/eth8\n"
				"sw2,192.0.2.2,\n";

static void
enrich_open(struct fix *f)
{
	struct noc_err err;

	assert_int_equal(noc_loop_new(&f->env.loop, &err), 0);
	fix_open(f, rules);
	cor_inventory(f, inventory);
}

static void
on_stop(void *arg)
{
	noc_loop_stop(arg);
}

/* Let the loop deliver what was deferred. */
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
by_index(struct fix *f, const char *kind, const char *device, int index)
{
	cor_tell(f, &(struct tell){ .base = "snmp.trap",
				    .kind = kind,
				    .device = device,
				    .ifindex = index });
}

static void
answer(struct fix *f, const char *json)
{
	fix_answer(f, "snmp.walk", json);
	turn(f);
}

static void
enrich_close(struct fix *f)
{
	while (f->ncalls) {
		fix_refuse(f, "snmp.walk", "timeout", 0);
		turn(f);
	}
	cor_balance(f);
	fix_close(f);
	noc_loop_free(f->env.loop);
}

static int64_t
waiting(struct fix *f)
{
	struct noc_value *stats = noc_core_stats(f->core);
	const struct noc_value *rows = noc_value_get(stats, "sources");
	int64_t n = 0;

	for (size_t i = 0; i < noc_value_len(rows); i++)
		n += noc_value_get_int(noc_value_at(rows, i), "in_progress", 0);
	noc_value_free(stats);
	return n;
}

static void
test_asked(void **state)
{
	struct fix f = { 0 };

	(void)state;
	enrich_open(&f);
	by_index(&f, "link.down", "sw1", 7);
	by_index(&f, "link.up", "sw1", 7); /* behind it, in order */
	assert_int_equal(waiting(&f), 2);
	assert_int_equal(f.ncalls, 1);
	assert_string_equal(fix_call(&f, "snmp.walk")->target, "sw1");
	assert_int_equal(cor_count(&f, "w")->matched, 0);
	answer(&f, "{\"name\":{\"3\":\"eth3\",\"7\":\"eth7\",\"2\":\"po1\"},"
		   "\"type\":{\"7\":\"ethernetCsmacd\"},\"lag\":{\"7\":2},"
		   "\"stack\":{\"2.7\":1,\"0.2\":1,\"2.0\":1}}");
	assert_int_equal(waiting(&f), 0);
	assert_int_equal(fix_said(&f, "log w: link.down sw1/eth7--sw2/eth8 "
				      "eth7 ethernetCsmacd"),
			 1);
	assert_int_equal(fix_count(&f, "\"lag\":\"po1\""), 1);
	/* Known now: nobody waits, by index or by name. */
	fix_advance(&f, 2000);
	by_index(&f, "link.down", "sw1", 3);
	assert_int_equal(fix_said(&f, "link.down sw1/eth3 eth3"), 1);
	cor_tell(&f, &(struct tell){ .kind = "link.down",
				     .device = "sw1",
				     .ifname = "po1" });
	assert_int_equal(fix_count(&f, "\"ifindex\":2"), 1);
	assert_int_equal(f.ncalls, 0);
	enrich_close(&f);
}

/* Nobody answers: it goes on after 800 ms, with what it has. */
static void
test_silent(void **state)
{
	struct fix f = { 0 };

	(void)state;
	enrich_open(&f);
	by_index(&f, "link.down", "sw1", 7);
	fix_advance(&f, 799);
	assert_int_equal(waiting(&f), 1);
	fix_advance(&f, 1);
	assert_int_equal(waiting(&f), 0);
	assert_int_equal(fix_said(&f, "log w: link.down sw1/#7 ?ifname?"), 1);
	assert_int_equal(fix_count(&f, "\"enriched\":false"), 1);
	/* Late answers are kept for the next. */
	answer(&f, "{\"name\":{\"7\":\"eth7\"}}");
	fix_advance(&f, 40000);
	by_index(&f, "link.down", "sw1", 7);
	assert_int_equal(fix_said(&f, "sw1/eth7--sw2/eth8 eth7"), 1);
	enrich_close(&f);
}

static void
test_refused(void **state)
{
	struct fix f = { 0 };

	(void)state;
	enrich_open(&f);
	by_index(&f, "link.down", "sw1", 7);
	fix_refuse(&f, "snmp.walk", "permanent", 0);
	turn(&f);
	assert_int_equal(waiting(&f), 0);
	assert_int_equal(fix_said(&f, "sw1/#7"), 1);
	/* Not asked for every event of a device that says no. */
	for (int i = 8; i < 20; i++)
		by_index(&f, "link.down", "sw1", i);
	assert_int_equal(f.started, 1);
	assert_int_equal(waiting(&f), 0);
	/* Who is in no inventory is not asked at all. */
	by_index(&f, "link.down", "stranger", 7);
	assert_int_equal(f.started, 1);
	assert_int_equal(fix_said(&f, "stranger/#7"), 1);
	enrich_close(&f);
}

/* A flood of one silent device: so many wait, the rest goes on at once; the
 * other device is not held up. */
static void
test_queue(void **state)
{
	struct fix f = { 0 };

	(void)state;
	enrich_open(&f);
	for (int i = 1; i <= 400; i++)
		by_index(&f, "link.down", "sw1", i);
	assert_int_equal(waiting(&f), 256);
	by_index(&f, "link.down", "sw2", 9);
	assert_int_equal(f.ncalls, 2);
	fix_advance(&f, 1000);
	assert_int_equal(waiting(&f), 0);
	enrich_close(&f);
}

/* An agent that lies about its table costs no more than one that does not. */
static void
test_large(void **state)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	struct fix f = { 0 };

	(void)state;
	enrich_open(&f);
	by_index(&f, "link.down", "sw1", 40000);
	noc_strbuf_adds(&sb, "{\"name\":{");
	for (int i = 60000; i > 0; i--) /* backwards, too */
		noc_strbuf_addf(&sb, "\"%d\":\"p%d\",", i, i);
	noc_strbuf_adds(&sb, "\"x\":1}}");
	answer(&f, sb.p);
	noc_strbuf_release(&sb);
	assert_int_equal(waiting(&f), 0);
	enrich_close(&f);
}

/* Stopped while a device is asked: nothing of it is left. */
static void
test_stopped_meanwhile(void **state)
{
	struct fix f = { 0 };

	(void)state;
	enrich_open(&f);
	by_index(&f, "link.down", "sw1", 7);
	assert_int_equal(f.ncalls, 1);
	fix_close(&f);
	assert_int_equal(f.ncalls, 0);
	noc_loop_free(f.env.loop);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stopped_meanwhile),
		cmocka_unit_test(test_asked),
		cmocka_unit_test(test_silent),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_queue),
		cmocka_unit_test(test_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
