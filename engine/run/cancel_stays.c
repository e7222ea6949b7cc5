/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <string.h>

#include "base/mem.h"
#include "base/table.h"
#include "engine/run/cancel.h"
#include "engine/run/each.h"
#include "engine/run/undo.h"

/* Of a cancelled run: what it takes back, and what stays as it made it. */

struct back {
	struct noc_table paths; /* in their order */
};

static void
on_back_path(const char *path, void *arg)
{
	struct back *b = arg;

	noc_table_put(&b->paths, path, b);
}

static void
back_lane(struct noc_lane *lane, void *arg)
{
	noc_undo_open(lane, on_back_path, arg);
	noc_undo_lanes(lane, back_lane, arg);
}

static bool
run_takes_back(const struct noc_run *r)
{
	return !r->ended && r->stage <= NOC_STAGE_UNDO &&
	       noc_value_get(r->json, "cancel") &&
	       (r->undo_asked || r->plan->undo_cancelled);
}

static void
back_find(const struct noc_run *r, struct back *b)
{
	memset(b, 0, sizeof(*b));
	if (!run_takes_back(r))
		return;
	back_lane(r->root, b);
	for (struct noc_live *l = r->lives; l; l = l->next) {
		if (l->more->inner)
			back_lane(l->more->inner, b);
		if (!l->more->each)
			continue;
		noc_each_lanes(l->more->each, back_lane, b);
		noc_each_ended_lanes(l->more->each, back_lane, b);
	}
}

static void
list_more(struct noc_value *list, size_t more)
{
	if (more)
		noc_value_push(list, noc_value_strf("and %zu more", more));
}

struct noc_value *
noc_cancel_back(const struct noc_run *r)
{
	struct noc_value *list = noc_value_list();
	struct back b;
	const char *path;
	size_t n = 0;

	back_find(r, &b);
	for (size_t it = 0; noc_table_next(&b.paths, &it, &path, NULL); n++)
		if (n < NOC_STAYS_MAX)
			noc_value_push(list, noc_value_str(path));
	list_more(list, n > NOC_STAYS_MAX ? n - NOC_STAYS_MAX : 0);
	noc_table_release(&b.paths);
	return list;
}

/* Its path, when it is about to be taken back: not any more then. */
static bool
back_has(struct back *b, const char *said)
{
	size_t len = strlen(said), may = strlen(NOC_CANCEL_MAY);

	if (len > may && !strcmp(said + len - may, NOC_CANCEL_MAY))
		len -= may;
	return noc_table_getn(&b->paths, said, len) != NULL;
}

struct noc_value *
noc_cancel_stays(const struct noc_run *r)
{
	struct noc_value *list = noc_value_list();
	size_t more = r->stays_more, seen = 0, others;
	struct back b;

	back_find(r, &b);
	for (size_t i = 0; i < noc_value_len(r->stays); i++) {
		const char *said = r->stays->u.map.at[i].key;

		if (back_has(&b, said))
			seen++;
		else
			noc_value_push(list, noc_value_str(said));
	}
	/* Of those that are only counted here. */
	others = noc_table_len(&b.paths) - seen;
	list_more(list, more > others ? more - others : 0);
	noc_table_release(&b.paths);
	return list;
}
