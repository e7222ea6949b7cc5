/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "engine/lang/ast.h"
#include "engine/testbed/private.h"

/* Expectations about fan-outs and about what was taken back. */

/* ---- expect.items "validate" { ok = 2, failed = { "sw2" } } ---- */

/* The end of an each of this name, the last one; NULL. */
static const struct noc_tb_note *
items_end(const struct noc_tb_look *l)
{
	for (size_t i = l->tb->nnotes; i > 0; i--) {
		const struct noc_tb_note *n = &l->tb->notes[i - 1];
		const char *name = n->step ? strrchr(n->step, '/') : NULL;

		name = name ? name + 1 : n->step;
		if (n->kind == NOC_REC_STEP_DONE && name &&
		    !strcmp(name, l->name) && noc_value_get(n->detail, "total"))
			return n;
	}
	return NULL;
}

static bool
keys_are(const struct noc_value *keys, const struct noc_value *wanted)
{
	size_t n = noc_value_len(wanted), found = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < noc_value_len(keys); k++)
			found +=
			    noc_value_at(wanted, i)->type == NOC_STR &&
			    noc_value_is_str(noc_value_at(keys, k),
					     noc_value_at(wanted, i)->u.s.p);
	return found == n && n == noc_value_len(keys);
}

/* A number is how many; a list says which failed. */
static bool
items_are(const struct noc_value *detail, const char *name,
	  const struct noc_value *wanted)
{
	if (wanted->type == NOC_LIST && !strcmp(name, "failed"))
		return keys_are(noc_value_get(detail, "failed_keys"), wanted);
	return wanted->type == NOC_INT &&
	       noc_value_get_int(detail, name, -1) == wanted->u.i;
}

void
noc_tb_look_items(const struct noc_tb_look *l)
{
	const struct noc_value *opts = noc_ast_opts(l->node);
	const struct noc_tb_note *n = items_end(l);
	bool ok = n != NULL;
	char *is;

	for (size_t i = 0; ok && i < noc_value_len(opts); i++)
		ok = items_are(n->detail, opts->u.map.at[i].key,
			       opts->u.map.at[i].value);
	if (ok)
		return;
	is = n ? noc_json_string(n->detail, 0) : NULL;
	noc_tb_fail(l->tb,
		    n ? "the items of %s are not so: %s"
		      : "no each '%s' has ended%s",
		    l->name, is ? is : "");
	free(is);
}

/* ---- expect.undone "deploy" { "sw2" } ---- */

static bool
step_is_undo(const struct noc_tb_note *n, const char *name)
{
	const char *last = n->step ? strrchr(n->step, '/') : NULL;
	size_t len = strlen(name);

	last = last ? last + 1 : n->step;
	return n->kind == NOC_REC_STEP_DONE && last && n->outcome &&
	       !strncmp(last, name, len) && !strcmp(last + len, "!undo") &&
	       !strncmp(n->outcome, "ok", 2);
}

void
noc_tb_look_undone(const struct noc_tb_look *l)
{
	struct noc_strbuf out = NOC_STRBUF_INIT;
	size_t named = 0;
	int64_t found = 0;

	for (size_t i = 0; i < l->tb->nnotes; i++) {
		const struct noc_tb_note *n = &l->tb->notes[i];

		if (!step_is_undo(n, l->name))
			continue;
		found++;
		noc_strbuf_addf(&out, "%s%s", out.len ? ", " : "", n->step);
		for (size_t k = 0; k < l->ntexts; k++) {
			char *key = noc_asprintf("[%s]/", l->texts[k]);

			named += strstr(n->step, key) != NULL;
			free(key);
		}
	}
	if (l->ntexts	   ? named == l->ntexts && (size_t)found == named
	    : l->count < 0 ? found > 0
			   : found == l->count)
		goto out;
	noc_tb_fail(l->tb, "%s should have been undone%s; undone: %s", l->name,
		    l->ntexts ? " of these items only" : "",
		    out.len ? out.p : "nothing");
out:
	noc_strbuf_release(&out);
}
