/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "base/crowd.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct noc_crowd_address {
	size_t guests, weight;
	char text[];
};

void
noc_crowd_enter(struct noc_crowd *crowd, struct noc_guest *g,
		const char *address, size_t weight)
{
	struct noc_crowd_address *a = noc_table_get(&crowd->addresses, address);

	if (a == NULL) {
		a = noc_calloc(1, sizeof(*a) + strlen(address) + 1);
		strcpy(a->text, address);
		noc_table_put(&crowd->addresses, address, a);
	}
	a->guests++;
	a->weight += weight;
	g->from = a;
	g->weight = weight;
	g->prev = NULL;
	g->next = crowd->first;
	if (g->next != NULL)
		g->next->prev = g;
	crowd->first = g;
	crowd->n++;
}

void
noc_crowd_weigh(struct noc_guest *g, size_t weight)
{
	g->from->weight += weight - g->weight;
	g->weight = weight;
}

void
noc_crowd_leave(struct noc_crowd *crowd, struct noc_guest *g)
{
	struct noc_crowd_address *a = g->from;

	if (a == NULL)
		return;
	if (g->prev != NULL)
		g->prev->next = g->next;
	else
		crowd->first = g->next;
	if (g->next != NULL)
		g->next->prev = g->prev;
	crowd->n--;
	g->from = NULL;
	a->weight -= g->weight;
	if (--a->guests > 0)
		return;
	noc_table_del(&crowd->addresses, a->text);
	free(a);
	if (crowd->n == 0)
		noc_table_release(&crowd->addresses);
}

size_t
noc_crowd_weight(const struct noc_crowd *crowd, const char *address)
{
	const struct noc_crowd_address *a =
	    noc_table_get(&crowd->addresses, address);

	return a != NULL ? a->weight : 0;
}

const char *
noc_guest_address(const struct noc_guest *g)
{
	return g->from->text;
}

struct noc_guest *
noc_crowd_worst(const struct noc_crowd *crowd, const char *address,
		int (*worth)(const struct noc_guest *g, int64_t *since_ns))
{
	const struct noc_crowd_address *only =
	    address ? noc_table_get(&crowd->addresses, address) : NULL;
	struct noc_guest *worst = NULL;
	int64_t worst_since = 0, since = 0;
	int worst_worth = 0, w;

	for (struct noc_guest *g = crowd->first; g != NULL; g = g->next) {
		if ((address != NULL && g->from != only) ||
		    (w = worth(g, &since)) < 0)
			continue;
		if (worst != NULL &&
		    (w > worst_worth ||
		     (w == worst_worth &&
		      (g->from->weight < worst->from->weight ||
		       (g->from->weight == worst->from->weight &&
			since > worst_since)))))
			continue;
		worst = g;
		worst_worth = w;
		worst_since = since;
	}
	return worst;
}
