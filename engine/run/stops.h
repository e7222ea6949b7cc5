/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RUN_STOPS_H
#define NOC_ENGINE_RUN_STOPS_H

#include "base/table.h"
#include "engine/core/core.h"

/*
 * Which escalations an event may end, found by its kind and by what it is
 * about, never by going through the runs: a flood of the kind that ten thousand
 * wait for costs each its own.  Loop thread, inside an input.
 */
struct noc_live;
struct noc_run;
struct noc_runs;

struct noc_stops {
	struct noc_table kinds; /* kind -> struct stop_kind */
	uint64_t looked;	/* escalations that were compared, ever */
};

/* It waits from now on, by its rule's key as it is now; again after that, its
 * run's event or its key has changed. */
void noc_stops_add(struct noc_live *l);
void noc_stops_del(struct noc_live *l);
/* Does anything wait for this kind? */
bool noc_stops_kind(const struct noc_runs *runs, const char *kind);
/* Those of the runs that may be about the same as ev, by id, some twice: the
 * caller compares.  Returned, freed with free. */
struct noc_id *noc_stops_find(struct noc_runs *runs, const struct noc_event *ev,
			      size_t *n);
/* Rules may have other keys now. */
void noc_stops_reload(struct noc_runs *runs);
void noc_stops_release(struct noc_stops *stops);

#endif
