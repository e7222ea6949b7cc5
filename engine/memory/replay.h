/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_MEMORY_REPLAY_H
#define NOC_ENGINE_MEMORY_REPLAY_H

#include "engine/core/core.h"

/*
 * Deliveries that were signed and taken: what somebody has recorded and sends
 * again is not taken twice.  The key is what was signed, not what stands
 * beside it.  Durable, forgets nothing before its time: when a hook's share is
 * full its next deliveries are refused.  Loop thread, inside an input.
 */
struct noc_delivery {
	const char *source;  /* "hook/netbox" */
	const uint8_t *said; /* SHA-256 of what was signed; NULL: nothing */
	struct noc_slice id; /* the scheme's delivery id, or empty */
	bool id_signed;	     /* then it says which delivery this is */
	int64_t when_s;	     /* the timestamp that was signed; 0: none */
	int64_t within_ms;   /* how long it could come again; 0: the same
				may be sent twice, but an id in 24 h once */
};

/*
 * EDENIED: it was signed no later than one that is forgotten, so the wall clock
 * was set back, and what is recorded looks fresh again.
 * 0: new, and remembered from now on.  ECONFLICT: it was here.  ERESOURCE: it
 * cannot be remembered, so it must not be taken.
 */
int noc_replay_take(struct noc_core *core, const struct noc_delivery *d,
		    struct noc_err *err);

#endif
