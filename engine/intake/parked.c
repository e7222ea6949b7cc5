/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/intake/parked.h"

#include <string.h>

#include "engine/event/identity.h"
#include "engine/event/value.h"
#include "engine/core/record.h"
#include "engine/edge/sensor.h"

void
noc_parked_put(struct noc_core *core, const struct noc_source *source,
	       const struct noc_event *ev)
{
	struct noc_value *row = noc_value_map();
	char id[NOC_ID_TEXT];

	noc_value_set(row, "source", noc_value_str(source->name));
	noc_value_set(row, "base", noc_value_str(source->base));
	noc_value_set(row, "event", noc_event_value(ev));
	noc_txn_live_put(noc_core_txn(core), NOC_PARKED,
			 noc_id_format(id, &ev->id), 0, row);
	noc_value_free(row);
}

void
noc_parked_del(struct noc_core *core, const struct noc_event *ev)
{
	char id[NOC_ID_TEXT];

	noc_txn_live_del(noc_core_txn(core), NOC_PARKED,
			 noc_id_format(id, &ev->id));
}

struct noc_event *
noc_parked_load(struct noc_core *core, const char *key,
		const struct noc_value *data, struct noc_source **source)
{
	const char *name = noc_value_get_str(data, "source", NULL);
	const char *base = noc_value_get_str(data, "base", NULL);
	const struct noc_value *said = noc_value_get(data, "event");
	struct noc_event *ev;
	char id[NOC_ID_TEXT];

	if (!name || !base || !said || said->type != NOC_MAP)
		return NULL;
	ev = noc_event_from_value(said);
	if (strcmp(noc_id_format(id, &ev->id), key) != 0) {
		noc_event_unref(ev);
		return NULL;
	}
	noc_identify_again(noc_core_inv(core), ev);
	*source = noc_source_new(core, name, base, true);
	return ev;
}
