/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/run/each.h"
#include "engine/run/fork_private.h"

/* What of the items of an each is done, for a fork. */

/* rows of it: from ... to - 1, its own first, when it has one. */
static void
item_decide(struct noc_fork *f, size_t each, const char *path, size_t at)
{
	const struct noc_step_def *def = &f->plan->steps[each];
	struct fork_row *row = f->by_path[at];
	const char *from = f->how->from;
	bool own = !strcmp(row->path, path);
	bool inner = fork_is_above(f, path) || (own && row->unwell);
	bool done =
	    own && (fork_row_is(row, "Succeeded") ||
		    (fork_row_is(row, "Skipped") && !f->how->failed_items));
	char *prefix;

	if (own)
		row->fate = FORK_LEFT;
	if ((from && !strcmp(from, path)) ||
	    (f->how->failed_items && !done && !inner))
		return;
	if (done && !inner) {
		row->fate = FORK_KEPT;
		return;
	}
	prefix = noc_asprintf("%s/", path);
	fork_lane_decide(f, prefix, each, each + 1,
			 def->each->check ? def->each->check : def->end);
	free(prefix);
}

/* Is what is copied all that it needs?  Then it begins nothing. */
static bool
each_is_served(const struct noc_fork *f, const struct fork_row *row,
	       int64_t kept)
{
	const struct noc_each_def *def = f->plan->steps[row->node].each;
	struct noc_value *said = noc_value_map();
	int64_t need, n;

	noc_each_numbers(def, noc_value_get(row->json, "live"), said);
	need = noc_value_get_int(said, "need", -1);
	noc_value_free(said);
	n = noc_value_get_int(noc_value_get(row->json, "output"), "total", 0);
	if (def->need == NOC_NEED_PERCENT)
		need = (n * need + 99) / 100;
	return !def->let_finish && def->need != NOC_NEED_ALL && kept >= need;
}

void
fork_each_decide(struct noc_fork *f, const struct fork_row *row)
{
	char *with = noc_asprintf("%s[", row->path);
	int64_t kept = 0;
	size_t i = fork_lower(f, with);

	while (i < f->nrows && fork_begins(f->by_path[i]->path, with)) {
		const char *end =
		    strchr(f->by_path[i]->path + strlen(with), ']');
		size_t at = i++;
		char *item;

		if (!end || f->by_path[at]->path[strlen(with)] == '!')
			continue;
		item = noc_strndup(f->by_path[at]->path,
				   (size_t)(end + 1 - f->by_path[at]->path));
		item_decide(f, row->node, item, at);
		kept += f->by_path[at]->fate == FORK_KEPT &&
			fork_row_is(f->by_path[at], "Succeeded") &&
			!strcmp(f->by_path[at]->path, item);
		while (i < f->nrows && fork_begins(f->by_path[i]->path, item))
			i++;
		free(item);
	}
	if (fork_is_above(f, row->path) && each_is_served(f, row, kept)) {
		free(f->passed);
		f->passed = noc_strdup(row->path);
	}
	free(with);
}
