/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/flow/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/json.h"
#include "base/mem.h"
#include "engine/lang/ast.h"
#include "engine/flow/hold.h"
#include "engine/flow/plan_private.h"

/* tree is owned. */
static int
plan_of_tree(struct noc_value *tree, const struct noc_plan_source *from, int rc,
	     struct noc_plan **out, struct noc_err *err)
{
	struct noc_plan *p = noc_calloc(1, sizeof(*p));
	struct planning b = { .p = p, .from = from, .err = err, .rc = rc };
	struct noc_value *bare = plan_bare(tree);
	struct noc_err why;

	p->refs = 1;
	p->tree = tree;
	p->json = noc_json_string(bare, NOC_JSON_CANONICAL);
	noc_sha256_once(p->json, strlen(p->json), p->hash);
	plan_build(&b);
	if (!b.rc && noc_value_deeper(bare, NOC_JSON_DEPTH_OWN_MAX)) {
		noc_err_set(&why, NOC_ECONFIG,
			    "flow '%s' is nested too deeply, with what it "
			    "calls.",
			    p->name);
		plan_problem(&b, &why);
	}
	noc_value_free(bare);
	free(b.marks);
	if (b.rc && !(from && from->tell))
		noc_plan_unref(p);
	else
		*out = p;
	return b.rc;
}

int
noc_plan_new(const struct noc_plan_source *from, struct noc_plan **out,
	     struct noc_err *err)
{
	struct planning none = { .from = from, .err = err };
	struct noc_value *tree;
	struct noc_err why;
	int rc;

	*out = NULL;
	if (!noc_ast_node(from->flow)) {
		noc_err_set(&why, NOC_ECONFIG,
			    "'%s' has nothing to run; write run = flow { ... } "
			    "or an action.",
			    from->name);
		none.scope = NOC_NODE_TOP;
		plan_problem(&none, &why);
		return none.rc;
	}
	rc = plan_tree(from, &tree, err);
	if (!rc && noc_ast_wrong_below(from->flow))
		rc = noc_err_set(err, NOC_ECONFIG, "'%s' has mistakes.",
				 from->name);
	return plan_of_tree(tree, from, rc, out, err);
}

int
noc_plan_from_json(const char *json, struct noc_plan **out, struct noc_err *err)
{
	struct noc_value *written, *tree;
	const char *said;
	int64_t version;
	int rc = noc_json_parse_own(json, strlen(json), &written, err);

	if (rc)
		return rc;
	version = noc_value_get_int(written, "version", 0);
	if (version < 1 || version > PLAN_VERSION) {
		rc = noc_err_set(err, NOC_EINPUT,
				 "a plan of version %lld cannot be read; this "
				 "program knows versions 1 to %d.",
				 (long long)version, PLAN_VERSION);
		goto out;
	}
	tree = plan_bare(written);
	noc_value_set(tree, "version", noc_value_int(PLAN_VERSION));
	said = plan_tree_said(written);
	rc = plan_of_tree(tree, NULL, 0, out, err);
	if (!rc && said)
		snprintf((*out)->tree_said, sizeof((*out)->tree_said), "%s",
			 said);
out:
	noc_value_free(written);
	return rc;
}

struct noc_plan *
noc_plan_ref(struct noc_plan *p)
{
	__atomic_add_fetch(&p->refs, 1, __ATOMIC_RELAXED);
	return p;
}

void
noc_plan_unref(struct noc_plan *p)
{
	struct noc_value *actions;

	if (!p || __atomic_sub_fetch(&p->refs, 1, __ATOMIC_ACQ_REL))
		return;
	for (size_t i = 0; i < p->nsteps; i++)
		noc_step_release(&p->steps[i]);
	memcpy(&actions, &p->on_fail_actions, sizeof(actions));
	noc_value_free(actions);
	noc_escalation_free(p->on_fail);
	free(p->steps);
	noc_hold_free(p->hold);
	noc_value_free(p->tree);
	free(p->json);
	free(p);
}
