/* SPDX-License-Identifier: ISC */
/*
 * A rule file of any bytes: it loads or is refused with errors, and its
 * functions can be called, within their budgets.
 *
 * Of: engine/lua/
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "engine/lua/lua.h"
#include "actions/actions.h"
#include "tests/unit/lua_load.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
call_functions(struct noc_lua_tree *tree)
{
	struct noc_event ev = { .kind = "link.down",
				.base = "snmp.trap",
				.device = { "sw1", 3 } };
	struct noc_scope scope = { .ev = &ev };

	for (int fn = 0; fn < 4; fn++) {
		struct noc_value *v = NULL;
		struct noc_err err;

		if (noc_lua_call(tree->lua, fn, &scope, &v, &err) == 0)
			noc_value_free(v);
		else
			NOC_REQUIRE(err.msg[0]);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = size ? (const char *)data : "";
	struct noc_lua_tree *tree = NULL;
	struct noc_value *v;
	struct noc_err err;
	char *errors = NULL;
	int rc;

	noc_actions_register();
	rc = lua_load_text("fuzz.lua", text, size, &tree, &errors, &err);
	if (rc == 0) {
		call_functions(tree);
		noc_lua_tree_free(tree);
	} else {
		NOC_REQUIRE(rc == NOC_ECONFIG && errors && *errors);
		NOC_REQUIRE(!memchr(errors, 0x1b, strlen(errors)));
		free(errors);
	}
	if (noc_lua_data_text("fuzz.lua", text, size, &v, &err) == 0)
		noc_value_free(v);
	noc_lua_data_line(text, size, "a.1.b");
	return 0;
}
