/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/flow/probe.h"

#include <stdlib.h>

#include "base/mem.h"
#include "engine/expr/where.h"
#include "engine/flow/plan_private.h"
#include "engine/lang/ast.h"

static int
probe_where(const struct noc_value *opts, const char *key, const char *at,
	    struct noc_where **where, struct noc_err *err)
{
	const char *fn = NULL;
	int rc = plan_where(opts, key, at, where, &fn, err);

	if (!rc && fn)
		rc = noc_err_set(err, NOC_ECONFIG,
				 "'%s' of a probe is a table, no function.",
				 key);
	return rc;
}

int
noc_probe_build(const struct noc_value *v, const char *at,
		struct noc_probe_def **out, struct noc_err *err)
{
	struct noc_probe_def *d;
	int rc;

	if (!v)
		return 0;
	*out = d = noc_calloc(1, sizeof(*d));
	d->action =
	    noc_node_is_action(v) ? v : noc_value_at(noc_ast_items(v), 0);
	if (!noc_node_is_action(d->action))
		return noc_err_set(err, NOC_ECONFIG,
				   "'probe' must be an action that reads, or { "
				   "ACTION, expect = ... }.");
	if (d->action == v)
		return 0;
	d->output = noc_ast_opts(noc_ast_opt(v, "output"));
	rc = probe_where(noc_ast_opts(v), "expect", at, &d->expect, err);
	if (!rc)
		rc = probe_where(noc_ast_opts(v), "fail_if", at, &d->fail_if,
				 err);
	return rc;
}

void
noc_probe_def_free(struct noc_probe_def *d)
{
	if (!d)
		return;
	noc_where_free(d->expect);
	noc_where_free(d->fail_if);
	free(d);
}
