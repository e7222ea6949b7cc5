/* SPDX-License-Identifier: ISC */
#ifndef NOC_SENSORS_SNMP_INFORM_H
#define NOC_SENSORS_SNMP_INFORM_H

#include <stdbool.h>

#include "engine/edge/sensor.h"

/*
 * INFORMs that wait until their event is on disk, and the answers that wait
 * with them.  Only snmp_trap.c.  Loop thread, inside an input.
 */
struct noc_informs;
struct noc_heard;
struct noc_inform; /* engine/memory/inform.h */
struct noc_snmp_reply;

struct noc_informs *noc_informs_new(struct noc_env *env);
/* Receipts may still come: they answer all the same. */
void noc_informs_free(struct noc_informs *w);
bool noc_informs_is_full(const struct noc_informs *w);
/* One more answer to an INFORM that waits (owned); false: none such waits. */
bool noc_informs_join(struct noc_informs *w, const char *key,
		      struct noc_snmp_reply *reply);
/*
 * The receipt for its event; reply is owned, heard copied (NULL: it was not
 * authentic).  When the event is not taken after all it may come again.
 */
struct noc_receipt *noc_informs_wait(struct noc_informs *w,
				     const struct noc_inform *f,
				     const struct noc_heard *heard,
				     struct noc_snmp_reply *reply);

#endif
