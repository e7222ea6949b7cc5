/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/life_fixture.h"

#include "net/loop.h"

/* An event whose sender was answered while it waited for the name of its port:
 * a restart goes on with it, or says that it cannot. */

static const char rules[] = "rule \"w\" { on = \"link.down\", key = \"{link}\","
			    " run = log \"{kind} {device}\" }\n";
static const char inventory[] = "name,address\nsw1,192.0.2.1\n";

static void
on_answered(struct noc_receipt *r, enum noc_fate fate,
	    const struct noc_id *event, const struct noc_id *run)
{
	(void)r;
	(void)fate;
	(void)event;
	(void)run;
}

static struct noc_receipt receipt = { .done = on_answered };

/* It waits for the walk of its device. */
static void
parked(struct fix *f)
{
	struct noc_event ev = { .kind = noc_interns("link.down"),
				.origin = noc_slice_str("192.0.2.1"),
				.summary = noc_slice_str("told"),
				.trust = NOC_TRUST_NORMAL,
				.severity = 3,
				.data = noc_value_map() };

	noc_value_set(ev.data, "ifindex", noc_value_int(7));
	noc_core_now(f->core, f->now);
	noc_sensor_emit(
	    f->core, noc_source_new(f->core, "snmp.inform", "snmp.trap", true),
	    &ev, &receipt);
	life_written(f);
	fix_call(f, "snmp.walk");
	assert_int_equal(fix_said(f, "log w: "), 0);
}

static void
test_restart(void **state)
{
	static const struct {
		const char *change; /* of its row; NULL: none */
		bool goes_on;
	} cases[] = {
		{ NULL, true },
		{ "data = json_remove(data, '$.source')", false },
		{ "data = json_remove(data, '$.base')", false },
		{ "data = json_remove(data, '$.event')", false },
		{ "data = json_set(data, '$.event', 'x')", false },
		{ "data = json_remove(data, '$.event.id')", false },
		{ "data = '{'", false },
		{ "key = 'x'", false },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		char *dir = state_make(), *sql;
		struct noc_loop *loop;
		struct noc_err err;
		struct fix f;

		assert_int_equal(noc_loop_new(&loop, &err), 0);
		life_open(&f, dir, noc_clock_read(), rules);
		f.env.loop = loop;
		cor_inventory(&f, inventory);
		parked(&f);
		f.dead = true;
		life_close(&f);
		if (cases[i].change) {
			sql = noc_asprintf("UPDATE live SET %s WHERE kind ="
					   " 'parked'",
					   cases[i].change);
			state_sql(dir, sql);
			free(sql);
		}
		life_open(&f, dir, f.now, rules);
		fix_advance(&f, 1);
		if (fix_said(&f, "log w: link.down sw1") != cases[i].goes_on ||
		    fix_said(&f, "1 rows of state cannot be read") ==
			cases[i].goes_on)
			fail_msg("%s", cases[i].change ? cases[i].change : "");
		life_written(&f); /* and not once more */
		life_dies(&f, dir, rules);
		fix_advance(&f, 1);
		assert_int_equal(fix_said(&f, "log w: "), 0);
		life_done(&f, dir);
		noc_loop_free(loop);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
