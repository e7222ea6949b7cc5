/* SPDX-License-Identifier: ISC */
#ifndef NOC_BASE_CROWD_H
#define NOC_BASE_CROWD_H

#include <stddef.h>
#include <stdint.h>

#include "base/table.h"

/*
 * Who holds the places of something that anybody may fill, by address.  When
 * it is full, one of them goes: of the least worth first, then of the address
 * that holds the most, then who has been of no use for longest.  So no crowd
 * keeps out who comes alone.  Guests are embedded, an address has one entry.
 * Entering and leaving cost the same however many there are; looking for the
 * worst is a walk.  base/fair.h is for members whose rank and age do not change
 * and where one is as good as the other; here they change with what a
 * connection says, and what is short may be bytes.  One thread.
 */
struct noc_crowd_address;

struct noc_guest {
	struct noc_guest *next, *prev;
	struct noc_crowd_address *from;
	size_t weight;
};

struct noc_crowd { /* zero it to init */
	struct noc_guest *first;
	struct noc_table addresses;
	size_t n;
};

/* weight: how much of what is short it holds, 1 for a place. */
void noc_crowd_enter(struct noc_crowd *crowd, struct noc_guest *g,
		     const char *address, size_t weight);
void noc_crowd_weigh(struct noc_guest *g, size_t weight);
void noc_crowd_leave(struct noc_crowd *crowd, struct noc_guest *g);
/* What all guests of an address weigh. */
size_t noc_crowd_weight(const struct noc_crowd *crowd, const char *address);
const char *noc_guest_address(const struct noc_guest *g);

/*
 * Who goes, of one address or (NULL) of all; NULL: nobody.  worth says how
 * much a guest is worth, the least goes first and who has a negative worth
 * stays, and since when it has been of no use.
 */
struct noc_guest *
noc_crowd_worst(const struct noc_crowd *crowd, const char *address,
		int (*worth)(const struct noc_guest *g, int64_t *since_ns));

#endif
