/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/correlate_fixture.h"

#include "engine/intake/unknown.h"
#include "engine/intake/unmatched.h"

/*
 * What a person may ask of events that no rule wanted and of senders that
 * nobody knows, and the line that each event is printed as.
 */
#define RULES                                                \
	"rule \"r\" { on = \"link.down\", run = log \"x\" }" \
	"rule \"u\" { on = \"login.failure\", run = log \"{user}\" }"

/* A line of syslog that says so, from that address. */
static struct noc_id
told(struct fix *f, const char *origin, const char *summary)
{
	struct noc_value *recent, *params = noc_value_map();
	struct noc_id id = { 0 };

	cor_tell(f, &(struct tell){ .kind = "syslog",
				    .origin = origin,
				    .summary = summary,
				    .trust = NOC_TRUST_LOW });
	noc_value_set(params, "limit", noc_value_int(1));
	recent = noc_unmatched_recent(f->core, params);
	if (noc_value_len(recent))
		noc_id_parse(
		    noc_value_get_str(noc_value_at(recent, 0), "id", ""), &id);
	noc_value_free(recent);
	noc_value_free(params);
	f->now.wall_ns += NOC_NS_PER_S;
	f->now.boot_ns += NOC_NS_PER_S;
	return id;
}

static void
test_shapes(void **state)
{
	struct fix f = { 0 };
	struct noc_value *rows;

	(void)state;
	fix_open(&f, RULES);
	told(&f, "192.0.2.7", "fan 1 failed");
	told(&f, "192.0.2.7", "door open");
	told(&f, "192.0.2.7", "fan 22 failed");
	told(&f, "192.0.2.7", "fan 1/3 failed");
	rows = noc_unmatched_shapes(f.core, 10);
	assert_int_equal(noc_value_len(rows), 2);
	assert_string_equal(
	    noc_value_get_str(noc_value_at(rows, 0), "shape", ""),
	    "syslog fan * failed");
	assert_int_equal(noc_value_get_int(noc_value_at(rows, 0), "count", 0),
			 3);
	assert_string_equal(
	    noc_value_get_str(noc_value_at(rows, 0), "device", ""),
	    "192.0.2.7");
	assert_string_equal(
	    noc_value_get_str(noc_value_at(rows, 1), "shape", ""),
	    "syslog door open");
	noc_value_free(rows);
	rows = noc_unmatched_shapes(f.core, 1);
	assert_int_equal(noc_value_len(rows), 1);
	noc_value_free(rows);
	cor_close(&f);
}

static void
recent_is(struct fix *f, const char *params, const char *const *want, size_t n)
{
	struct noc_value *p, *rows;

	assert_int_equal(noc_json_parse(params, strlen(params), &p, NULL), 0);
	rows = noc_unmatched_recent(f->core, p);
	assert_int_equal(noc_value_len(rows), n);
	for (size_t i = 0; i < n; i++) {
		const struct noc_value *row = noc_value_at(rows, i);

		assert_string_equal(noc_value_get_str(row, "summary", ""),
				    want[i]);
		assert_string_equal(noc_value_get_str(row, "fate", ""),
				    "unmatched");
	}
	noc_value_free(rows);
	noc_value_free(p);
}

static void
test_recent(void **state)
{
	static const char *const all[] = { "three", "two", "one" };
	struct fix f = { 0 };
	struct noc_id two;
	char params[128], text[NOC_ID_TEXT];

	(void)state;
	fix_open(&f, RULES);
	told(&f, "192.0.2.7", "one");
	two = told(&f, "192.0.2.8", "two");
	told(&f, "192.0.2.7", "three");
	recent_is(&f, "{}", all, 3);
	recent_is(&f, "{\"limit\":2}", all, 2);
	recent_is(&f, "{\"origin\":\"192.0.2.8\"}", all + 1, 1);
	recent_is(&f, "{\"device\":\"192.0.2.8\"}", all + 1, 1);
	recent_is(&f, "{\"kind\":\"link.down\"}", all, 0);
	recent_is(&f, "{\"kind\":\"syslog\",\"q\":\"TW\"}", all + 1, 1);
	recent_is(&f, "{\"q\":\"four\"}", all, 0);
	recent_is(&f, "{\"fate\":\"matched\"}", all, 0);
	/* The page after `two`: what came before it. */
	snprintf(params, sizeof(params),
		 "{\"before_ns\":%lld,\"before_id\":\"%s\"}",
		 (long long)(f.now.wall_ns - 2 * NOC_NS_PER_S),
		 noc_id_format(text, &two));
	recent_is(&f, params, all + 2, 1);
	cor_close(&f);
}

static void
test_find(void **state)
{
	struct fix f = { 0 };
	struct noc_id one, two;
	char text[NOC_ID_TEXT];
	bool several;

	(void)state;
	fix_open(&f, RULES);
	assert_null(noc_unmatched_find(f.core, "last", &several));
	one = told(&f, "192.0.2.7", "one");
	two = told(&f, "192.0.2.7", "two");
	assert_memory_equal(&noc_unmatched_find(f.core, "last", &several)->id,
			    &two, 16);
	noc_id_format(text, &one);
	assert_memory_equal(&noc_unmatched_find(f.core, text, &several)->id,
			    &one, 16);
	assert_false(several);
	text[7] = '\0'; /* too short to be looked for */
	assert_null(noc_unmatched_find(f.core, text, &several));
	assert_false(several);
	assert_null(noc_unmatched_find(f.core, "ffffffff-ffff", &several));
	cor_close(&f);
}

static void
test_unknown(void **state)
{
	struct fix f = { 0 };
	struct noc_value *rows;
	const struct noc_value *row;

	(void)state;
	fix_open(&f, RULES);
	cor_inventory(&f, "name,address\nsw1,192.0.2.9\n");
	told(&f, "192.0.2.7", "one");
	told(&f, "192.0.2.9", "known");
	told(&f, "192.0.2.7", "two");
	told(&f, "192.0.2.70", "three");
	rows = noc_unknown_list(f.core);
	assert_int_equal(noc_value_len(rows), 2);
	row = noc_value_at(rows, 0);
	if (!noc_value_is_str(noc_value_get(row, "origin"), "192.0.2.7"))
		row = noc_value_at(rows, 1);
	assert_string_equal(noc_value_get_str(row, "origin", ""), "192.0.2.7");
	assert_int_equal(noc_value_get_int(row, "count", 0), 2);
	assert_string_equal(noc_value_get_str(row, "kind", ""), "syslog");
	assert_string_not_equal(noc_value_get_str(row, "first", ""),
				noc_value_get_str(row, "last", ""));
	noc_value_free(rows);
	/* Told once each. */
	assert_int_equal(
	    fix_said(&f, "unknown sender 192.0.2.7 [syslog]: recorded"), 1);
	assert_int_equal(
	    fix_said(&f, "unknown sender 192.0.2.70 [syslog]: recorded"), 1);
	cor_close(&f);
}

/* What an event is about, where it came from, what became of it. */
static void
test_line(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, RULES);
	cor_port(&f, "link.down", "sw1", "eth7");
	assert_int_equal(fix_said(&f, "link.down sw1 eth7 [syslog] → r run "),
			 1);
	cor_tell(&f, &(struct tell){ .kind = "login.failure",
				     .device = "sw1",
				     .user = "anna" });
	assert_int_equal(fix_said(&f, "login.failure sw1 anna [syslog] → u "),
			 1);
	cor_tell(&f, &(struct tell){ .base = "snmp.trap",
				     .kind = "link.down",
				     .device = "sw2",
				     .ifname = "eth1" });
	assert_int_equal(fix_said(&f, "link.down sw2 eth1 [trap] → r "), 1);
	cor_close(&f);
}

/* One source a name; its counters are those of all who use it. */
static void
test_sources(void **state)
{
	struct fix f = { 0 };
	struct noc_source *a, *b;

	(void)state;
	fix_open(&f, RULES);
	a = noc_source_new(f.core, "hook/a", "webhook", true);
	b = noc_source_new(f.core, "hook/b", "webhook", false);
	assert_ptr_equal(noc_source_new(f.core, "hook/a", "webhook", true), a);
	assert_ptr_equal(noc_source_new(f.core, "hook/b", "webhook", true), b);
	assert_ptr_not_equal(a, b);
	assert_true(a->acknowledged);
	assert_false(b->acknowledged);
	cor_close(&f);
}

static void
said_by(struct fix *f, struct noc_source *source, int severity, bool malformed)
{
	static int n;
	char device[16]; /* another each time, so that none joins another */
	struct noc_event ev = {
		.kind = noc_interns("link.down"),
		.origin = noc_slice_str("local"),
		.trust = NOC_TRUST_NORMAL,
		.severity = (int8_t)severity,
		.malformed = malformed,
		.data = noc_value_map(),
	};

	snprintf(device, sizeof(device), "sw%d", n++);
	ev.device = noc_slice_str(device);
	noc_core_now(f->core, f->now);
	noc_sensor_emit(f->core, source, &ev, NULL);
	fix_pump(f);
}

static void
test_malformed(void **state)
{
	struct fix f = { 0 };
	struct noc_source *s;

	(void)state;
	fix_open(&f, RULES);
	s = noc_source_new(f.core, "syslog.udp", "syslog", false);
	said_by(&f, s, 3, false);
	said_by(&f, s, 3, true);
	assert_int_equal(s->received, 2);
	assert_int_equal(s->malformed, 1);
	cor_close(&f);
}

/* From 75 % of the writer's queue on: debug first, nothing at all when it is
 * full; who waits for an answer is never shed.  A GAP says how many. */
static void
test_shed(void **state)
{
	struct fix f = { 0 };
	struct noc_source *s, *waits;

	(void)state;
	fix_open(&f, RULES);
	s = noc_source_new(f.core, "syslog.udp", "syslog", false);
	waits = noc_source_new(f.core, "hook/a", "webhook", true);
	noc_core_pressure(f.core, 0.74, false);
	said_by(&f, s, 7, false);
	assert_int_equal(s->shed, 0);
	noc_core_pressure(f.core, 0.80, false);
	said_by(&f, s, 7, false);
	said_by(&f, s, 6, false);
	assert_int_equal(s->shed, 2);
	said_by(&f, s, 5, false);
	assert_int_equal(s->shed, 2);
	noc_core_pressure(f.core, 1.0, false);
	said_by(&f, s, 0, false);
	assert_int_equal(s->shed, 3);
	said_by(&f, waits, 7, false);
	assert_int_equal(waits->shed, 0);
	/* Not while it lasts. */
	fix_advance(&f, 5000);
	assert_int_equal(fix_count(&f, "GAP"), 0);
	noc_core_pressure(f.core, 0.1, false);
	fix_advance(&f, 1100);
	assert_int_equal(fix_count(&f, "GAP"), 1);
	fix_advance(&f, 5000);
	assert_int_equal(fix_count(&f, "GAP"), 1);
	cor_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_recent),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_shed),
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_sources),
	};

	return cmocka_run_group_tests_name("unmatched", tests, NULL, NULL);
}
