/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/run/names.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/expr/template.h"
#include "engine/flow/hold.h"

/* A step says its own, and those of each that it is in. */
_Static_assert(NOC_SLOT_NAMES >= NOC_LIMITS_MAX * (1 + NOC_EACH_DEPTH_MAX),
	       "no name of a limit is left out");
_Static_assert(NOC_SLOT_NAMES >= NOC_LIMITS_MAX + NOC_LOCKS_MAX + 1,
	       "nor of a lock");

/* text is owned. */
static void
names_add(struct noc_names *names, enum noc_slot_kind kind, char *text,
	  int64_t limit)
{
	names->at[names->len++] = (struct noc_slot_name){ .kind = kind,
							  .name = text,
							  .limit = limit };
}

/* Two sites without a name are not one site. */
static int
on_names_piece(const struct noc_piece *piece, void *out, struct noc_err *err)
{
	if (piece->value && piece->text.len == 0)
		return noc_err_set(err, NOC_EINPUT, "'%.*s' is an empty text",
				   (int)piece->path.len, piece->path.p);
	noc_strbuf_add(out, piece->text.p, piece->text.len);
	return 0;
}

static int
names_fill(struct noc_names *names, enum noc_slot_kind kind,
	   const struct noc_template *t, int64_t limit,
	   const struct noc_scope *scope, struct noc_err *err)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	int rc = kind == NOC_SLOT_DEDUP
		     ? noc_template_text(t, scope, NOC_MISSING_FAIL, &sb, err)
		     : noc_template_each(t, scope, NOC_MISSING_FAIL,
					 on_names_piece, &sb, err);

	if (!rc && (sb.len == 0 || sb.len > NOC_HOLD_NAME_MAX))
		rc = noc_err_set(err, NOC_EINPUT,
				 "The name '%s' becomes %zu bytes; it must be "
				 "1 to %d.",
				 noc_template_source(t), sb.len,
				 NOC_HOLD_NAME_MAX);
	if (rc) {
		noc_strbuf_release(&sb);
		return rc;
	}
	names_add(names, kind, noc_strbuf_detach(&sb, NULL), limit);
	return 0;
}

static int
names_limits(struct noc_names *names, enum noc_slot_kind kind,
	     const struct noc_limits *l, const struct noc_scope *scope,
	     struct noc_err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && l && i < l->len; i++)
		rc = names_fill(names, kind, l->at[i].name, l->at[i].n, scope,
				err);
	if (rc)
		noc_err_prefix(err, "limits");
	return rc;
}

int
noc_names_of_step(const struct noc_lane *lane, size_t node,
		  struct noc_names *names, struct noc_err *err)
{
	const struct noc_step_def *steps = lane->run->plan->steps;
	struct noc_scope scope;
	size_t at = node;
	int rc = 0;

	for (;; lane = lane->up) {
		bool top = lane->node == NOC_NODE_TOP;

		noc_lane_scope(lane, &scope);
		for (; !rc && at != lane->node; at = steps[at].up)
			rc = names_limits(names, NOC_SLOT_LIMIT,
					  steps[at].limits, &scope, err);
		if (top || rc)
			break;
		/* An item has its each's; the check after a wave has not. */
		rc = names_limits(names, NOC_SLOT_LIMIT, steps[at].limits,
				  &scope, err);
		if (steps[at].kind == NOC_STEP_CHECK)
			at = steps[at].up;
		at = steps[at].up;
	}
	return rc;
}

int
noc_names_of_run(struct noc_run *r, struct noc_names *names,
		 struct noc_err *err)
{
	const struct noc_hold_def *def = r->plan->hold;
	struct noc_scope scope;
	char *key;
	int rc;

	noc_run_scope(r, &scope);
	rc = names_limits(names, NOC_SLOT_RUN, def->limits, &scope, err);
	for (size_t i = 0; !rc && i < def->nlocks; i++) {
		rc = names_fill(names, NOC_SLOT_LOCK, def->locks[i], 1, &scope,
				err);
		if (rc)
			noc_err_prefix(err, "lock");
	}
	if (rc || !def->dedup)
		return rc;
	rc = names_fill(names, NOC_SLOT_DEDUP, def->dedup, 1, &scope, err);
	if (rc) {
		noc_err_prefix(err, "dedup");
		return rc;
	}
	names->len--;
	memcpy(&key, &names->at[names->len].name, sizeof(key));
	names_add(names, NOC_SLOT_DEDUP, noc_asprintf("%s/%s", r->rule, key),
		  1);
	free(key);
	return 0;
}

/* ---- in the row of a run ---- */

struct noc_value *
noc_names_value(const struct noc_names *names)
{
	struct noc_value *list = noc_value_list();

	for (size_t i = 0; i < names->len; i++) {
		struct noc_value *v = noc_value_map();

		noc_value_set(v, "kind", noc_value_int(names->at[i].kind));
		noc_value_set(v, "name", noc_value_str(names->at[i].name));
		noc_value_set(v, "limit", noc_value_int(names->at[i].limit));
		noc_value_push(list, v);
	}
	return list;
}

bool
noc_names_load(struct noc_names *names, const struct noc_value *v)
{
	size_t n = v && v->type == NOC_LIST ? noc_value_len(v) : 0;

	for (size_t i = 0; i < n && names->len < NOC_SLOT_NAMES; i++) {
		const struct noc_value *one = noc_value_at(v, i);
		int64_t kind = noc_value_get_int(one, "kind", -1);
		int64_t limit = noc_value_get_int(one, "limit", 0);
		const char *name = noc_value_get_str(one, "name", NULL);

		if (name && *name && kind >= 0 && kind < NOC_SLOT_KINDS &&
		    limit > 0 && limit <= NOC_LIMIT_MAX)
			names_add(names, (enum noc_slot_kind)kind,
				  noc_strdup(name), limit);
	}
	return n > 0 && names->len == n;
}

void
noc_names_release(struct noc_names *names)
{
	for (size_t i = 0; i < names->len; i++) {
		char *text;

		memcpy(&text, &names->at[i].name, sizeof(text));
		free(text);
	}
	names->len = 0;
}
