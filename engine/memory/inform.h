/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_MEMORY_INFORM_H
#define NOC_ENGINE_MEMORY_INFORM_H

#include "engine/core/core.h"

/*
 * INFORMs that were taken in the last 5 min: a retransmit is answered again
 * and is no news.  Durable; each sender has its share, and who is not in the
 * inventory makes room first.  A helper of the senders and no guard: that is
 * engine/memory/heard.h.  Loop thread, inside an input.
 */
struct noc_inform {
	const char *host; /* its sender's address */
	const char *key;  /* what tells it from others; behind its last slash
			     what it says */
	bool low;	  /* of low trust */
};

/* Was it here? */
bool noc_inform_repeats(struct noc_core *core, const struct noc_inform *f);
/* It was not, and is taken. */
void noc_inform_keep(struct noc_core *core, const struct noc_inform *f);
/* It was not taken after all. */
void noc_inform_forget(struct noc_core *core, const char *host,
		       const char *key);

#endif
