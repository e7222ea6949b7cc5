/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "base/fair.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

struct noc_fair_owner {
	struct noc_fair_owner *prev, *next; /* of its rung, a ring */
	struct noc_fair_seat *seats[2];	    /* passing, lasting: rings */
	size_t n;
	unsigned rank;
	size_t len;
	char key[]; /* rank, then the name */
};

/* ---- rings ---- */

static void
seat_link(struct noc_fair_seat **ring, struct noc_fair_seat *s)
{
	if (!*ring) {
		*ring = s->prev = s->next = s;
		return;
	}
	s->next = *ring;
	s->prev = (*ring)->prev;
	s->prev->next = s;
	s->next->prev = s;
}

static void
seat_unlink(struct noc_fair_seat **ring, struct noc_fair_seat *s)
{
	if (*ring == s)
		*ring = s->next == s ? NULL : s->next;
	s->prev->next = s->next;
	s->next->prev = s->prev;
}

static void
rung_link(struct noc_fair_owner **ring, struct noc_fair_owner *o)
{
	if (!*ring) {
		*ring = o->prev = o->next = o;
		return;
	}
	o->next = *ring;
	o->prev = (*ring)->prev;
	o->prev->next = o;
	o->next->prev = o;
}

static void
rung_unlink(struct noc_fair_owner **ring, struct noc_fair_owner *o)
{
	if (*ring == o)
		*ring = o->next == o ? NULL : o->next;
	o->prev->next = o->next;
	o->next->prev = o->prev;
}

/* ---- owners ---- */

/* The owner has this many now: on the rung of as many. */
static void
owner_climb(struct noc_fair *f, struct noc_fair_owner *o, size_t n)
{
	struct noc_fair_rank *r = &f->ranks[o->rank];
	size_t had = r->cap;

	NOC_GROW(r->rung, r->cap, n + 1);
	memset(r->rung + had, 0, (r->cap - had) * sizeof(*r->rung));
	if (o->n)
		rung_unlink(&r->rung[o->n], o);
	o->n = n;
	if (n)
		rung_link(&r->rung[n], o);
	if (n > r->top)
		r->top = n;
	else
		while (r->top && !r->rung[r->top])
			r->top--; /* by one: n is on the rung below */
}

static struct noc_fair_owner *
owner_get(const struct noc_fair *f, unsigned rank, struct noc_slice name)
{
	char small[256], *key = small;
	struct noc_fair_owner *o;

	NOC_REQUIRE(rank < NOC_FAIR_RANKS);
	if (name.len + 1 > sizeof(small))
		key = noc_malloc(name.len + 1);
	key[0] = (char)('0' + rank);
	if (name.len)
		memcpy(key + 1, name.p, name.len);
	o = noc_table_getn(&f->owners, key, name.len + 1);
	if (key != small)
		free(key);
	return o;
}

static struct noc_fair_owner *
owner_make(struct noc_fair *f, unsigned rank, struct noc_slice name)
{
	struct noc_fair_owner *o = owner_get(f, rank, name);

	if (o)
		return o;
	o = noc_calloc(1, sizeof(*o) + name.len + 1);
	o->rank = rank;
	o->len = name.len + 1;
	o->key[0] = (char)('0' + rank);
	if (name.len)
		memcpy(o->key + 1, name.p, name.len);
	noc_table_putn(&f->owners, o->key, o->len, o);
	return o;
}

static struct noc_fair_seat *
owner_oldest(const struct noc_fair_owner *o)
{
	return o->seats[0] ? o->seats[0] : o->seats[1];
}

/* ---- what others call ---- */

void
noc_fair_release(struct noc_fair *f)
{
	void *owner;

	for (size_t it = 0; noc_table_next(&f->owners, &it, NULL, &owner);)
		free(owner);
	noc_table_release(&f->owners);
	for (size_t i = 0; i < NOC_FAIR_RANKS; i++)
		free(f->ranks[i].rung);
	memset(f, 0, sizeof(*f));
}

void
noc_fair_add(struct noc_fair *f, struct noc_fair_seat *seat, unsigned rank,
	     struct noc_slice owner, bool lasting)
{
	struct noc_fair_owner *o = owner_make(f, rank, owner);

	NOC_REQUIRE(!seat->owner);
	seat->owner = o;
	seat->lasting = lasting;
	seat_link(&o->seats[lasting], seat);
	f->ranks[rank].len++;
	owner_climb(f, o, o->n + 1);
}

void
noc_fair_del(struct noc_fair *f, struct noc_fair_seat *seat)
{
	struct noc_fair_owner *o = seat->owner;

	if (!o)
		return;
	seat_unlink(&o->seats[seat->lasting], seat);
	seat->owner = NULL;
	f->ranks[o->rank].len--;
	owner_climb(f, o, o->n - 1);
	if (o->n == 0) {
		noc_table_deln(&f->owners, o->key, o->len);
		free(o);
	}
}

size_t
noc_fair_len(const struct noc_fair *f)
{
	size_t n = 0;

	for (size_t i = 0; i < NOC_FAIR_RANKS; i++)
		n += f->ranks[i].len;
	return n;
}

size_t
noc_fair_len_rank(const struct noc_fair *f, unsigned rank)
{
	return f->ranks[rank].len;
}

size_t
noc_fair_len_owner(const struct noc_fair *f, unsigned rank,
		   struct noc_slice owner)
{
	const struct noc_fair_owner *o = owner_get(f, rank, owner);

	return o ? o->n : 0;
}

struct noc_fair_seat *
noc_fair_oldest(const struct noc_fair *f, unsigned rank, struct noc_slice owner)
{
	const struct noc_fair_owner *o = owner_get(f, rank, owner);

	return o ? owner_oldest(o) : NULL;
}

struct noc_fair_seat *
noc_fair_yields(const struct noc_fair *f, unsigned rank, struct noc_slice owner)
{
	for (unsigned i = 0; i <= rank; i++) {
		const struct noc_fair_rank *r = &f->ranks[i];
		const struct noc_fair_owner *own;

		if (r->len == 0)
			continue;
		own = i == rank ? owner_get(f, rank, owner) : NULL;
		return owner_oldest(own && own->n >= r->top ? own
							    : r->rung[r->top]);
	}
	return NULL;
}
