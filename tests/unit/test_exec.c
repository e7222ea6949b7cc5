/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/unit.h"

#include <signal.h>

#include "base/json.h"
#include "base/mem.h"
#include "net/loop.h"
#include "engine/core/call.h"
#include "actions/actions.h"
#include "actions/exec_helper.h"

/* The action exec, with real programs: what is kept of their output. */

static struct noc_loop *loop;
static struct noc_value *result;

static void
on_done(struct noc_call *call, struct noc_value *got,
	const struct noc_call_error *err, void *arg)
{
	(void)call;
	(void)arg;
	if (err)
		fail_msg("%s", err->message);
	result = got;
	noc_loop_stop(loop);
}

/* Runs it in a shell; result is what it said. */
static void
run(const char *command)
{
	struct noc_value *params = noc_value_map(), *items = noc_value_list();
	struct noc_env env = { .loop = loop };
	struct noc_call *call;
	struct noc_err err;

	noc_value_push(items, noc_value_str("sh"));
	noc_value_push(items, noc_value_str("-c"));
	noc_value_push(items, noc_value_str(command));
	noc_value_set(params, "node", noc_value_str("exec"));
	noc_value_set(params, "items", items);
	call = noc_call_new(noc_action_find("exec"), params, NULL, "sw1");
	call->timeout_ms = 60000;
	call->on_done = on_done;
	if (call->ops->start(&env, call, &err) < 0)
		fail_msg("%s", err.msg);
	noc_loop_run(loop);
	noc_call_free(call);
}

/* What is past the limit is read and thrown away: the program goes on. */
static void
test_output_is_cut(void **state)
{
	static const struct {
		const char *to, *name;
		size_t said, kept;
	} cases[] = {
		{ "", "stdout", 1048575, 1048575 },
		{ "", "stdout", 1048576, 1048576 },
		{ "", "stdout", 1048577, 1048576 },
		{ "", "stdout", 5000000, 1048576 },
		{ " >&2", "stderr", 65535, 65535 },
		{ " >&2", "stderr", 65536, 65536 },
		{ " >&2", "stderr", 65537, 65536 },
		{ " >&2", "stderr", 5000000, 65536 },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		char *command =
		    noc_asprintf("head -c %zu /dev/zero | tr '\\0' x%s",
				 cases[i].said, cases[i].to);

		run(command);
		assert_int_equal(noc_value_get_int(result, "exit", -1), 0);
		assert_int_equal(
		    strlen(noc_value_get_str(result, cases[i].name, "")),
		    cases[i].kept);
		/* Of errors nobody reads more than the first lines. */
		assert_int_equal(noc_value_get_bool(result, "truncated", false),
				 !*cases[i].to && cases[i].said > 1048576);
		noc_value_free(result);
		free(command);
	}
}

static int
setup(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN); /* as the daemon does */
	noc_actions_register();
	return noc_loop_new(&loop, NULL);
}

static int
teardown(void **state)
{
	(void)state;
	noc_loop_free(loop);
	return 0;
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_output_is_cut),
	};

	/* The action starts this program again for each of its own. */
	if (argc > 1 && !strcmp(argv[1], "--exec-helper"))
		return noc_exec_helper(argc - 2, argv + 2);
	return cmocka_run_group_tests(tests, setup, teardown);
}
