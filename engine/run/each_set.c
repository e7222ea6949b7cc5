/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "engine/run/each_private.h"

/* What people change of an each that runs: how many items at once, and how many
 * must go well. */

/* "all", "5", "95%": of n items. */
static int
need_parse(const char *text, size_t n, int64_t *need, bool *percent,
	   struct noc_err *err)
{
	char *end = NULL;

	*need = -1;
	*percent = false;
	if (!strcmp(text, "all"))
		return 0;
	if (*text >= '0' && *text <= '9')
		*need = strtoll(text, &end, 10);
	*percent = end && !strcmp(end, "%");
	if (*need < 0 || (*end && !*percent) ||
	    *need > (*percent ? 100 : (int64_t)n))
		return noc_err_set(
		    err, NOC_EINPUT,
		    "need is all, 0 to %zu, or 0%% to 100%%, not "
		    "'%.40s'.",
		    n, text);
	return 0;
}

/* As its row shows them. */
static void
each_show(struct noc_each *e)
{
	struct noc_value *params = noc_value_get(e->live->row, "params");

	if (!params)
		return;
	noc_value_set(params, "limit", noc_value_int(e->limit));
	noc_value_set(params, "need", each_need_said(e));
}

int
noc_each_set(struct noc_live *l, const int64_t *limit, const char *need,
	     struct noc_err *err)
{
	struct noc_each *e = l->more->each;
	bool percent = e->percent;
	int64_t n = e->need;

	if (!limit && !need)
		return noc_err_set(err, NOC_EINPUT,
				   "Say what is set: limit=N, need=N.");
	if (limit && (*limit < 1 || *limit > NOC_EACH_ITEMS_MAX))
		return noc_err_set(err, NOC_EINPUT,
				   "limit is 1 to %d, not %lld.",
				   NOC_EACH_ITEMS_MAX, (long long)*limit);
	if (need && need_parse(need, e->n, &n, &percent, err))
		return NOC_EINPUT;
	if (e->closing)
		return noc_err_set(err, NOC_ECONFLICT,
				   "'%s' is decided: nothing new of it begins.",
				   l->path);
	if (limit)
		e->limit = *limit;
	e->need = n;
	e->percent = percent;
	e->set = true;
	each_show(e);
	noc_live_touch(l);
	return 0;
}

void
noc_each_on(struct noc_live *l)
{
	each_advance(l->more->each);
}
