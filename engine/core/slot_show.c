/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/core/slot_private.h"

/* What people see of slots: how many are out, and who waits for what. */

#define QUEUES_SHOWN 20

static int
queue_longer(const void *a, const void *b)
{
	const struct slot_key *const *x = a, *const *y = b;

	if ((*x)->queued != (*y)->queued)
		return (*x)->queued < (*y)->queued ? 1 : -1;
	return strcmp((*x)->text, (*y)->text);
}

static double
queue_age_s(const struct slot_key *k)
{
	int64_t now = noc_core_turn(k->core).boot_ns, since = now;
	const struct slot_group *g;

	TAILQ_FOREACH(g, &k->ring, link)
	if (TAILQ_FIRST(&g->slots)->since_ns < since)
		since = TAILQ_FIRST(&g->slots)->since_ns;
	return (double)(now - since) / 1e9;
}

static struct noc_value *
queue_row(const struct slot_key *k)
{
	const struct slot_use *first = TAILQ_FIRST(&k->held);
	struct noc_value *v = noc_value_map();
	char text[NOC_ID_TEXT];

	noc_value_set(v, "key", noc_value_str(k->text));
	noc_value_set(v, "out", noc_value_int(k->out));
	noc_value_set(v, "limit", noc_value_int(slot_key_limit(k)));
	noc_value_set(v, "queued", noc_value_int(k->queued));
	noc_value_set(v, "oldest_s", noc_value_real(queue_age_s(k)));
	if (first && !noc_id_is_zero(&first->slot->run))
		noc_value_set(
		    v, "holder",
		    noc_value_str(noc_id_format(text, &first->slot->run)));
	return v;
}

/* The longest queues, and of each family how old the oldest of them is. */
static struct noc_value *
slots_queues(const struct noc_slots *slots, struct noc_value *families,
	     struct noc_value *names)
{
	struct noc_value *list = noc_value_list();
	struct slot_key **all = noc_calloc(noc_table_len(&slots->keys) + 1,
					   sizeof(struct slot_key *));
	size_t n = 0;
	void *value;

	for (size_t it = 0; noc_table_next(&slots->keys, &it, NULL, &value);) {
		struct slot_key *k = value;
		struct noc_value *f = noc_value_get(
		    k->family->option ? families : names, k->family->name);
		const struct noc_value *was = noc_value_get(f, "oldest_s");

		if (k->queued == 0)
			continue;
		all[n++] = k;
		if (queue_age_s(k) > was->u.d)
			noc_value_set(f, "oldest_s",
				      noc_value_real(queue_age_s(k)));
	}
	qsort(all, n, sizeof(all[0]), queue_longer);
	for (size_t i = 0; i < n && i < QUEUES_SHOWN; i++)
		noc_value_push(list, queue_row(all[i]));
	free(all);
	return list;
}

static struct noc_value *
family_row(const struct noc_core *core, const struct slot_family *f)
{
	struct noc_value *row = noc_value_map();

	if (f->option)
		noc_value_set(row, "limit",
			      noc_value_int(slot_family_limit(core, f)));
	noc_value_set(row, "out", noc_value_int(f->out));
	noc_value_set(row, "queued", noc_value_int(f->queued));
	noc_value_set(row, "waited", noc_value_int((int64_t)f->waited));
	noc_value_set(row, "waited_s", noc_value_real(f->waited_s));
	noc_value_set(row, "oldest_s", noc_value_real(0));
	return row;
}

void
slots_stats(struct noc_core *core, void *part, struct noc_value *map)
{
	const struct noc_slots *slots = part;
	struct noc_value *v = noc_value_map(), *families = noc_value_map();
	struct noc_value *names = noc_value_map();
	int64_t out = 0, queued = slots->kinds[NOC_SLOT_LIMIT]->queued;
	void *value;

	for (size_t i = 0; i < NOC_SLOT_KINDS; i++)
		noc_value_set(names, slots->kinds[i]->name,
			      family_row(core, slots->kinds[i]));
	for (size_t it = 0;
	     noc_table_next(&slots->families, &it, NULL, &value);) {
		const struct slot_family *f = value;

		noc_value_set(families, f->name, family_row(core, f));
		out += f->out;
		queued += f->queued;
	}
	noc_value_set(v, "out", noc_value_int(out));
	noc_value_set(v, "queued", noc_value_int(queued));
	noc_value_set(v, "queues", slots_queues(slots, families, names));
	noc_value_set(v, "families", families);
	noc_value_set(v, "names", names);
	noc_value_set(map, "calls", v);
}
