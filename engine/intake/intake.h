/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_INTAKE_INTAKE_H
#define NOC_ENGINE_INTAKE_INTAKE_H

#include "engine/core/core.h"

/*
 * One event from the door to the rules: identity, normalise, enrich, dedup,
 * fold, match, correlate, fate.  noc_sensor_emit calls the first half;
 * what waited for enrichment comes back through noc_intake_settle, which is
 * called within an input.
 */
void noc_intake_settle(struct noc_core *core, struct noc_source *source,
		       struct noc_event *ev, struct noc_receipt *receipt);

/* engine/intake/enrich.c.  True: the event lacks its ifName, was promoted, and
 * waits (it comes back by noc_intake_settle, at the latest after 800 ms). */
bool noc_enrich_park(struct noc_core *core, struct noc_source *source,
		     struct noc_event *ev, struct noc_receipt *receipt);
/* What is known without asking: iftype, parent, far, link. */
void noc_enrich_fill(struct noc_core *core, struct noc_event *ev);
/* The cached ifIndex of a name on a device, 0 when unknown. */
int64_t noc_enrich_ifindex(struct noc_core *core, const char *device,
			   struct noc_slice ifname);

/* engine/event/identity.c: device, address, inventory, trust from the origin.
 */
void noc_identify(struct noc_core *core, struct noc_event *ev);
/* A promoted event that came back from its row gets its device again. */
void noc_identify_again(struct noc_core *core, struct noc_event *ev);

/* engine/memory/seen.c: canonical events of the last hour, by kind and device.
 */
void noc_seen_add(struct noc_core *core, struct noc_event *ev);
/* The latest that `accept` takes (NULL: any), not older than since_ns (wall
 * clock, arrival); NULL: none.  Borrowed for this input. */
struct noc_event *
noc_seen_last(struct noc_core *core, const char *kind, struct noc_slice device,
	      int64_t since_ns,
	      bool (*accept)(const struct noc_event *ev, void *arg), void *arg);
/* Some rule's `unless` asks for this kind: it must be journaled. */
bool noc_seen_watched(const struct noc_core *core, const char *kind);

/* engine/intake/skew.c: the sender said when: is its clock right?  Within an
 * input; clock.skew and clock.ok events come after it. */
void noc_skew_measure(struct noc_core *core, const struct noc_event *ev);

/* engine/memory/dedup.c: durable "was this key here within ms".  True: yes. */
bool noc_dedup_seen(struct noc_core *core, const char *space,
		    struct noc_slice key, int64_t within_ms);

/*
 * engine/memory/fold.c: does this event tell what an earlier one told?  Returns
 * the first witness (it now says "seen by: ..." and has the data of both), or
 * NULL and remembers this one as the first.
 */
struct noc_event *noc_fold(struct noc_core *core, struct noc_event *ev,
			   const char **why);
/* This rule has had the first witness; true the first time only. */
bool noc_fold_rule_once(struct noc_core *core, const struct noc_event *first,
			const char *rule);
/* A run has verified that it is over, whether or not anybody said so. */
void noc_fold_recovered(struct noc_core *core, const struct noc_event *first);
/* A fault that may still get witnesses and has not recovered. */
bool noc_fold_is_open(struct noc_core *core, const struct noc_event *first);
/* The first witness is journaled: so must its entry be (one live row). */
void noc_fold_persist(struct noc_core *core, const struct noc_event *first);

/* engine/intake/unmatched.c: the ring that explains what nothing matched. */
void noc_unmatched_add(struct noc_core *core, struct noc_event *ev);
struct noc_event *noc_unmatched_find(struct noc_core *core,
				     const char *id_prefix, bool *several);
void noc_unknown_sender(struct noc_core *core, const struct noc_event *ev);
struct noc_value *noc_unmatched_shapes(struct noc_core *core, size_t limit);
struct noc_value *noc_unknown_list(struct noc_core *core);
/* Events in memory that the journal does not have, newest first, with their
 * fate: {limit, before_ns?, before_id?, kind?, device?, fate?, origin?, q?}:
 * those of before_ns that came after before_id, and older ones. */
struct noc_value *noc_unmatched_recent(struct noc_core *core,
				       const struct noc_value *params);

/* engine/intake/explain.c: [{rule, matched, why, at, fix, decision}]. */
struct noc_value *noc_explain(struct noc_core *core,
			      const struct noc_event *ev);

/* private to the admit part, shared by its files */
struct noc_admit;
struct noc_admit *noc_admit_part(const struct noc_core *core);

#endif
