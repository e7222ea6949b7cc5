/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/testbed/testbed.h"

#include "tests/unit/unit.h"

#include "base/log.h"
#include "actions/actions.h"

/* A service of many steps, in tests/data/lua: each of its tests passes. */

static void
on_log(enum noc_level level, const char *room, const char *line, void *arg)
{
	(void)level;
	(void)room;
	(void)line;
	(void)arg;
}

static void
test_the_service(void **state)
{
	size_t len;
	char *text = unit_read(unit_data("lua/service.lua"), &len);
	struct noc_ruleset *rs = NULL;
	char *errors = NULL;
	struct noc_err err;

	(void)state;
	if (noc_ruleset_load_text("service.lua", text, &rs, &errors, &err))
		fail_msg("%s: %s", err.msg, errors ? errors : "");
	assert_int_equal(noc_value_len(rs->tests), 6);
	for (size_t i = 0; i < noc_value_len(rs->tests); i++) {
		struct noc_testbed_result r;

		noc_testbed_run(rs, noc_value_at(rs->tests, i), &r);
		if (!r.ok)
			fail_msg("test %zu: %s", i + 1,
				 noc_value_at(r.failures, 0)->u.s.p);
		noc_testbed_result_clear(&r);
	}
	noc_ruleset_unref(rs);
	free(text);
}

static int
setup(void **state)
{
	(void)state;
	noc_log_sink_set(on_log, NULL);
	noc_actions_register();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_service),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
