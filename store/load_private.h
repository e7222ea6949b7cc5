/* SPDX-License-Identifier: ISC */
#ifndef NOC_STORE_LOAD_PRIVATE_H
#define NOC_STORE_LOAD_PRIVATE_H

#include "store/load.h"

/* What a start reads, so that it can be looked at before. */
enum noc_load_table {
	NOC_LOAD_LIVE,
	NOC_LOAD_RUNS,
	NOC_LOAD_ENDED,
	NOC_LOAD_STEPS,
	NOC_LOAD_EVENTS, /* ?1: since when */
	NOC_LOADS
};
extern const char *const noc_load_sql[NOC_LOADS];

/* The first term is the one of the index runs_state. */
#define NOC_RUN_IS_OPEN \
	"state <> 'Succeeded' AND state IN ('Pending', 'Running')"

/* Of a row of steps: the hash of the list that it names, in hex; else NULL. */
#define NOC_ITEMS_NAMED                                                    \
	"CASE WHEN instr(json, '\"items_hash\"') > 0 AND json_valid(json)" \
	" THEN json_extract(json, '$.live.items_hash') END"

#endif
