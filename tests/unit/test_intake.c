/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/correlate_fixture.h"

/* What one event can reach, and what is kept of those that reach nothing. */

/* "…%d…" so many times, one after the other; to be freed. */
static char *
many(const char *fmt, int n)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	const char *at = strstr(fmt, "%d");

	for (int i = 0; i < n; i++)
		noc_strbuf_addf(&sb, "%.*s%d%s", (int)(at - fmt), fmt, i,
				at + 2);
	return noc_strbuf_detach(&sb, NULL);
}

/* Each rule that wants an event has it, however many there are. */
static void
test_a_hundred_rules_have_one_event(void **state)
{
	char *rules =
	    many("rule \"r%d\" { on = \"x.y\", run = log \"x\" }\n", 100);
	struct fix f = { 0 };
	char name[16];

	(void)state;
	fix_open(&f, rules);
	cor_tell(&f, &(struct tell){ .kind = "x.y", .device = "sw1" });
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "r%d", i);
		assert_int_equal(cor_count(&f, name)->fired, 1);
	}
	cor_close(&f);
	free(rules);
}

static void
test_64_pairs_have_one_event(void **state)
{
	(void)state;
	for (int n = 63; n <= 65; n++) {
		char *rules =
		    many("pair \"p%d\" { open = \"x.y\", close = \"x.z\","
			 " within = \"1m\", missing = log \"x\" }\n",
			 n);
		struct fix f = { 0 };

		fix_open(&f, rules);
		cor_tell(&f, &(struct tell){ .kind = "x.y", .device = "sw1" });
		assert_int_equal(cor_states(&f, "pair"), n < 64 ? n : 64);
		cor_close(&f);
		free(rules);
	}
}

static size_t
rows(struct fix *f, const char *command)
{
	struct noc_value *answer = NULL;
	size_t n;

	assert_int_equal(fix_command(f, command, &answer), 0);
	n = noc_value_len(answer);
	noc_value_free(answer);
	return n;
}

/* `explain` finds the last so many that nothing matched. */
static void
test_4096_unmatched_are_kept(void **state)
{
	static const char first[] = "{\"verb\":\"recent\",\"q\":\"first\"}";
	static const char second[] = "{\"verb\":\"recent\",\"q\":\"second\"}";
	struct tell t = { .kind = "syslog", .device = "sw1" };
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, "rule \"r\" { on = \"x.y\", run = log \"x\" }");
	for (int i = 0; i < 4096; i++) {
		t.summary = i == 0 ? "first" : i == 1 ? "second" : "other";
		cor_tell(&f, &t);
		fix_advance(&f, 1); /* past 1,000/s they are sampled */
	}
	assert_int_equal(rows(&f, first), 1);
	cor_tell(&f, &t);
	assert_int_equal(rows(&f, first), 0);
	assert_int_equal(rows(&f, second), 1);
	assert_int_equal(rows(&f, "{\"verb\":\"recent\",\"limit\":9999}"),
			 4096);
	cor_close(&f);
}

/* Past the cap they are counted, without their names. */
static void
test_1024_unknown_senders_are_named(void **state)
{
	struct tell t = { .kind = "syslog", .trust = NOC_TRUST_NORMAL };
	struct noc_value *stats;
	struct fix f = { 0 };
	char origin[32];

	(void)state;
	fix_open(&f, "rule \"r\" { on = \"x.y\", run = log \"x\" }");
	t.origin = origin;
	for (int i = 0; i < 1026; i++) {
		if (i == 1024)
			assert_int_equal(rows(&f, "{\"verb\":\"unknown\"}"),
					 1024);
		snprintf(origin, sizeof(origin), "198.51.%d.%d", i / 256,
			 i % 256);
		cor_tell(&f, &t);
	}
	assert_int_equal(rows(&f, "{\"verb\":\"unknown\"}"), 1024);
	stats = noc_core_stats(f.core);
	assert_int_equal(noc_value_get_int(stats, "unknown_senders", 0), 1026);
	noc_value_free(stats);
	cor_close(&f);
}

/* What is nested deeper could not be read back where it is held. */
static void
test_40_levels_are_held(void **state)
{
	struct fix f = { 0 };
	struct noc_source *s;

	(void)state;
	fix_open(&f, "rule \"r\" { on = \"deep\", run = log \"x\" }");
	s = noc_source_new(f.core, "syslog", "syslog", true);
	for (int levels = 40; levels <= 41; levels++) {
		struct noc_value *v = noc_value_int(1);
		struct noc_event ev = {
			.kind = noc_interns("deep"),
			.origin = noc_slice_str("local"),
			.device = noc_slice_str("sw1"),
			.trust = NOC_TRUST_HIGH,
		};

		for (int i = 0; i < levels; i++) {
			struct noc_value *outer = noc_value_map();

			noc_value_set(outer, "n", v);
			v = outer;
		}
		ev.data = v;
		noc_core_now(f.core, f.now);
		noc_sensor_emit(f.core, s, &ev, NULL);
		fix_pump(&f);
		assert_int_equal(s->matched, 1);
		assert_int_equal(s->refused, levels - 40);
		fix_advance(&f, 31000);
	}
	cor_close(&f);
}

struct wait {			    /* a sender that waits for its answer */
	struct noc_receipt receipt; /* first */
	unsigned *kept, *shed;
};

static void
on_fate(struct noc_receipt *r, enum noc_fate fate, const struct noc_id *event,
	const struct noc_id *run)
{
	struct wait *w = (struct wait *)r;

	(void)event;
	(void)run;
	(*(fate == NOC_FATE_SHED ? w->shed : w->kept))++;
	free(w);
}

struct flood {
	const char *base, *kind, *origin;
	enum noc_trust trust;
	size_t raw; /* bytes of each message */
	bool waits; /* for its answer */
	unsigned kept, shed;
};

/* So many events of it, through a way in whose senders are slowed, not shed. */
static void
flood(struct fix *f, struct flood *o, unsigned n)
{
	struct noc_source *s = noc_source_new(f->core, o->base, o->base, true);
	char *raw = noc_calloc(1, o->raw + 1);
	uint64_t shed = s->shed, received = s->received;

	memset(raw, 'x', o->raw);
	o->kept = o->shed = 0;
	noc_core_now(f->core, f->now);
	for (unsigned i = 0; i < n; i++) {
		struct noc_event ev = {
			.kind = noc_interns(o->kind),
			.origin = noc_slice_str(o->origin),
			.raw = noc_slice(raw, o->raw),
			.trust = o->trust,
		};
		struct wait *w = NULL;

		if (o->waits) {
			w = noc_calloc(1, sizeof(*w));
			w->receipt.done = on_fate;
			w->kept = &o->kept;
			w->shed = &o->shed;
		}
		noc_sensor_emit(f->core, s, &ev, w ? &w->receipt : NULL);
		fix_pump(f);
	}
	if (!o->waits) {
		o->shed = (unsigned)(s->shed - shed);
		o->kept = (unsigned)(s->received - received) - o->shed;
	}
	free(raw);
}

/* Of strangers 50 events a second are kept and 500 at once, whichever way they
 * come: matched without an answer, or not matched with one.  A device, and who
 * has signed, pass beside them. */
static void
test_strangers_have_a_budget(void **state)
{
	static const struct flood floods[] = {
		{ .base = "syslog", .kind = "x.y", .origin = "192.0.2.9" },
		{ .base = "snmp.trap",
		  .kind = "x.z",
		  .origin = "192.0.2.9",
		  .waits = true },
		{ .base = "snmp.trap",
		  .kind = "x.y",
		  .origin = "192.0.2.9",
		  .waits = true },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(floods); i++) {
		struct flood o = floods[i], own = o, high = o;
		struct fix f = { 0 };

		fix_open(&f, "rule \"r\" { on = \"x.y\", run = log \"x\" }");
		cor_inventory(&f, "name,address\nsw1,192.0.2.1\n");
		own.origin = "192.0.2.1";
		high.trust = NOC_TRUST_HIGH;
		flood(&f, &o, 600);
		assert_int_equal(o.kept, 500);
		assert_int_equal(o.shed, 100);
		assert_int_equal(fix_count(&f, "EVENT"), 500);
		flood(&f, &own, 200);
		assert_int_equal(own.kept, 200);
		flood(&f, &high, 200);
		assert_int_equal(high.kept, 200);
		assert_int_equal(
		    fix_said(&f, "notify noc: limit low_trust reached by "
				 "192.0.2.9"),
		    1);
		fix_advance(&f, 2000);
		assert_int_equal(fix_count(&f, "GAP"), 1);
		fix_forget(&f);
		flood(&f, &o, 600);
		assert_int_equal(o.kept, 100);
		cor_close(&f);
	}
}

/* 64 KiB a second, and ten times as much at once. */
static void
test_strangers_have_a_budget_of_bytes(void **state)
{
	struct flood o = { .base = "snmp.trap",
			   .kind = "x.z",
			   .origin = "192.0.2.9",
			   .raw = 60000,
			   .waits = true };
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, "rule \"r\" { on = \"x.y\", run = log \"x\" }");
	flood(&f, &o, 100);
	assert_int_equal(o.kept, 6); /* the sixth is owed in part */
	fix_advance(&f, 10000);
	flood(&f, &o, 100);
	assert_in_range(o.kept, 5, 6);
	o.raw = 10;
	flood(&f, &o, 1);
	assert_int_equal(o.shed, 1);
	fix_advance(&f, 3000);
	flood(&f, &o, 1);
	assert_int_equal(o.kept, 1);
	cor_close(&f);
}

/* A record costs something, however little it says. */
static void
test_small_events_cost_bytes(void **state)
{
	struct flood o = { .base = "syslog",
			   .kind = "x.y",
			   .origin = "192.0.2.9" };
	struct noc_value *config = noc_value_map();
	struct fix f = { 0 };

	(void)state;
	noc_value_set(config, "low_trust.events", noc_value_int(100000));
	noc_value_set(config, "low_trust.bytes", noc_value_int(5120));
	f.env.config = config;
	fix_open(&f, "rule \"r\" { on = \"x.y\", run = log \"x\" }");
	flood(&f, &o, 300);
	assert_int_equal(o.kept, 100);
	/* It is asked each time: a reload is in force at once. */
	noc_value_set(config, "low_trust.bytes", noc_value_int(51200));
	flood(&f, &o, 1200);
	assert_int_equal(o.kept, 1000);
	cor_close(&f);
	noc_value_free(config);
}

/* What has no rule and no sender that waits is not kept, and costs no
 * budget. */
static void
test_what_is_not_kept_is_free(void **state)
{
	struct flood o = { .base = "syslog",
			   .kind = "x.z",
			   .origin = "192.0.2.9" };
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, "rule \"r\" { on = \"x.y\", run = log \"x\" }");
	flood(&f, &o, 2000);
	assert_int_equal(o.kept, 2000);
	o.kind = "x.y";
	flood(&f, &o, 600);
	assert_int_equal(o.kept, 500);
	cor_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_40_levels_are_held),
		cmocka_unit_test(test_strangers_have_a_budget),
		cmocka_unit_test(test_strangers_have_a_budget_of_bytes),
		cmocka_unit_test(test_small_events_cost_bytes),
		cmocka_unit_test(test_what_is_not_kept_is_free),
		cmocka_unit_test(test_a_hundred_rules_have_one_event),
		cmocka_unit_test(test_64_pairs_have_one_event),
		cmocka_unit_test(test_4096_unmatched_are_kept),
		cmocka_unit_test(test_1024_unknown_senders_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
