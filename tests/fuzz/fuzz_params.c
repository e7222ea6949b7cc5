/* SPDX-License-Identifier: ISC */
/*
 * What a step is told: {"items", "opts", "data"}, where the texts of items and
 * opts are templates over the data of an event, of any type each.  What comes
 * out is taken or refused by each action, and by exec as its words.
 *
 * Of: actions/exec_argv.c engine/expr/template_tree.c engine/expr/url.c
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "engine/edge/env.h"
#include "engine/expr/template.h"
#include "actions/actions.h"
#include "actions/exec_argv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
exec_words(const struct noc_value *params)
{
	const struct noc_value *items = noc_params_items(params);
	struct noc_err err = { 0 };
	char **argv = noc_exec_argv(items, 5000, &err);
	size_t n = 0;

	NOC_REQUIRE(argv || (err.kind == NOC_EINPUT && err.msg[0]));
	while (argv && argv[n])
		n++;
	/* No word is lost: the program is where it is looked for. */
	NOC_REQUIRE(!argv || n == NOC_EXEC_HELPER_ARGS + noc_value_len(items));
	noc_exec_argv_free(argv);
}

static void
each_action(const struct noc_value *params)
{
	struct noc_value *config = noc_value_map();
	struct noc_env env = { .config = config };
	const struct noc_action_ops *ops;

	for (size_t i = 0; (ops = noc_action_at(i)); i++) {
		struct noc_strbuf sb = NOC_STRBUF_INIT;
		struct noc_err err = { 0 };

		if (ops->check && ops->check(params, &err))
			NOC_REQUIRE(err.msg[0]);
		if (ops->plan)
			ops->plan(params, &sb);
		noc_strbuf_addc(&sb, '\n');
		if (ops->peer)
			ops->peer(&env, params, "sw1", &sb);
		noc_strbuf_release(&sb);
	}
	noc_value_free(config);
}

static void
expand(const struct noc_value *node, const struct noc_scope *scope,
       enum noc_missing missing)
{
	struct noc_value *params = NULL;
	struct noc_err err = { 0 };

	if (noc_template_tree(node, scope, missing, &params, &err)) {
		NOC_REQUIRE(err.msg[0]);
		return;
	}
	exec_words(params);
	each_action(params);
	noc_value_free(params);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct noc_event ev = { .kind = "link.down", .base = "snmp.trap" };
	struct noc_scope scope = { .ev = &ev };
	struct noc_value *v = NULL, *node;
	struct noc_err err;

	if (noc_json_parse((const char *)data, size, &v, &err))
		return 0;
	noc_actions_register();
	node = noc_value_map();
	noc_value_set(node, "node", noc_value_str("exec"));
	for (int i = 0; i < 2; i++) {
		static const char *const keys[] = { "items", "opts" };
		const struct noc_value *part = noc_value_get(v, keys[i]);

		if (part && part->type == (i ? NOC_MAP : NOC_LIST))
			noc_value_set(node, keys[i], noc_value_copy(part));
	}
	if (noc_value_get(v, "data"))
		ev.data = noc_value_copy(noc_value_get(v, "data"));
	ev.trust = noc_value_get_bool(v, "low", false) ? NOC_TRUST_LOW
						       : NOC_TRUST_HIGH;
	scope.steps = scope.extra = ev.data;
	expand(node, &scope, NOC_MISSING_MARK);
	expand(node, &scope, NOC_MISSING_FAIL);
	noc_value_free(node);
	noc_value_free(v);
	noc_event_clear(&ev);
	return 0;
}
