/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_INTAKE_ADMIT_H
#define NOC_ENGINE_INTAKE_ADMIT_H

#include "base/bucket.h"
#include "engine/core/core.h"
#include "engine/core/due.h"

/*
 * The state at the door: ways in with their ledgers, the ring of unmatched
 * events, unknown senders, the limiter of printed lines.  For this room's
 * files only.
 */
#define NOC_RING_UNMATCHED 4096
#define NOC_RING_KEPT	   1024

struct noc_ring_events {
	struct noc_event **at;
	size_t cap, next, len;
};

struct noc_admit {
	struct noc_source **sources;
	size_t nsources, sources_cap;
	struct noc_ring_events unmatched, recent;
	struct noc_bucket unmatched_rate; /* 1,000/s, then sampled */
	uint64_t unmatched_skipped;
	struct noc_table unknown;	  /* origin -> struct noc_unknown */
	struct noc_unknown *unknown_last; /* often the next one, too */
	uint64_t unknown_more;		  /* senders past the cap */
	struct noc_bucket low_trust;	  /* kept events of low trust */
	struct noc_bucket low_trust_bytes;
	uint64_t low_shed;   /* past these */
	uint64_t low_unsaid; /* of them, until the next GAP record */
	struct noc_bucket lines, lines_low; /* printed a second */
	uint64_t lines_skipped;
	uint64_t shed_unsaid; /* until the next GAP record */
	struct noc_due gap;   /* first: see on_gap_due */
};

struct noc_unknown {
	uint64_t count;
	int64_t first_ns, last_ns;
	const char *base;
	bool told;
	size_t len;
	char origin[];
};

void noc_ring_add(struct noc_ring_events *ring, size_t cap,
		  struct noc_event *ev);
/* Newest first: i = 0 is the latest; NULL past the end. */
struct noc_event *noc_ring_at(const struct noc_ring_events *ring, size_t i);

/* Shed under pressure?  Counts it and sees to the GAP record. */
bool noc_admit_sheds(struct noc_core *core, struct noc_source *source,
		     const struct noc_event *ev);
/* The printed line of one event. */
void noc_admit_line(struct noc_core *core, const struct noc_event *ev,
		    enum noc_fate fate);

struct noc_admit *noc_admit_part(const struct noc_core *core);

#endif
