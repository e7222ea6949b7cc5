/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/run/ended.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/run/runner.h"

void
noc_ended_add(struct noc_ended *ended, const struct noc_id *id,
	      const char *state)
{
	struct noc_id *place;

	if (!ended->ring)
		ended->ring = noc_calloc(NOC_ENDED_MAX, sizeof(*ended->ring));
	place = &ended->ring[ended->n % NOC_ENDED_MAX];
	if (ended->n++ >= NOC_ENDED_MAX)
		noc_table_deln(&ended->by_id, place->b, sizeof(place->b));
	*place = *id;
	noc_table_putn(&ended->by_id, id->b, sizeof(id->b),
		       (void *)(uintptr_t)state);
}

const char *
noc_ended_state(const struct noc_ended *ended, const struct noc_id *id)
{
	return noc_table_getn(&ended->by_id, id->b, sizeof(id->b));
}

void
noc_ended_release(struct noc_ended *ended)
{
	noc_table_release(&ended->by_id);
	free(ended->ring);
}

void
noc_ended_load(struct noc_core *core, void *part, const struct noc_run_row *row)
{
	static const char *const states[] = { "Succeeded", "Failed",
					      "Cancelled" };
	struct noc_runs *runs = part;

	(void)core;
	for (size_t i = 0; i < NOC_COUNT(states); i++)
		if (!strcmp(row->state, states[i]))
			noc_ended_add(&runs->ended, &row->id, states[i]);
}
