/* SPDX-License-Identifier: ISC */
#ifndef NOC_BASE_FAIR_H
#define NOC_BASE_FAIR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"
#include "base/table.h"

/*
 * Who gives way when a table that strangers share is full.  A member has a
 * rank, of which the lower gives way first, and an owner: who made it be
 * there.  Of the lowest rank it is the owner with the most members who gives
 * his oldest, so that a flood takes from itself and not from whoever has few.
 * It holds no members: their seats are embedded in them.  Each call is O(1).
 * Zeroed it is empty.
 */
#define NOC_FAIR_RANKS 3

struct noc_fair_owner;

struct noc_fair_seat { /* embedded; zeroed: it has none */
	struct noc_fair_owner *owner;
	struct noc_fair_seat *prev, *next; /* a ring, the oldest first */
	bool lasting; /* gives way after those that are not */
};

struct noc_fair_rank {
	struct noc_fair_owner **rung; /* by how many seats they have: a ring */
	size_t cap, top, len;	      /* top: the most; len: seats of all */
};

struct noc_fair {
	struct noc_table owners; /* rank and name -> struct noc_fair_owner */
	struct noc_fair_rank ranks[NOC_FAIR_RANKS];
};

/* The seats are not touched. */
void noc_fair_release(struct noc_fair *f);
void noc_fair_add(struct noc_fair *f, struct noc_fair_seat *seat, unsigned rank,
		  struct noc_slice owner, bool lasting);
/* Without a seat: nothing. */
void noc_fair_del(struct noc_fair *f, struct noc_fair_seat *seat);

size_t noc_fair_len(const struct noc_fair *f);
size_t noc_fair_len_rank(const struct noc_fair *f, unsigned rank);
size_t noc_fair_len_owner(const struct noc_fair *f, unsigned rank,
			  struct noc_slice owner);

/* His oldest; NULL: he has none. */
struct noc_fair_seat *noc_fair_oldest(const struct noc_fair *f, unsigned rank,
				      struct noc_slice owner);
/*
 * Who gives way to one more of this rank and owner: of the lowest rank, and
 * never of a higher one (NULL), the oldest of him who has the most; that is
 * the newcomer's own when nobody has more.
 */
struct noc_fair_seat *noc_fair_yields(const struct noc_fair *f, unsigned rank,
				      struct noc_slice owner);

#endif
