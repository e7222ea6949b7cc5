/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RUN_UNDO_PRIVATE_H
#define NOC_ENGINE_RUN_UNDO_PRIVATE_H

#include "base/table.h"
#include "engine/run/undo.h"

/* Between undo.c and undo_mark.c only. */

struct undo_mark {
	size_t node;
	int64_t order;
	struct noc_value *targets; /* of a call that changes many; NULL */
	enum noc_undone done;
	bool copied; /* another run did it: only an undo step takes it back */
};

struct undo_job;

struct noc_undo {
	struct undo_mark *marks; /* in the order in which they were done */
	size_t n, cap;
	struct noc_lane *kept;	 /* of containers that are over */
	struct noc_table index;	 /* path -> one that was loaded */
	struct noc_value *given; /* to those, by name, as their rows say */
	/* While it is undone. */
	struct undo_job *job;
	struct noc_lane *parent; /* whose mark it is part of; NULL */
	size_t at;		 /* marks left */
	struct noc_lane *next;	 /* of the kept ones, to begin */
	size_t open;
	bool inside; /* lanes of the mark at hand are begun */
	bool busy;
};

struct noc_undo *undo_of(struct noc_lane *lane); /* made if need be */
/* What takes this step back has ended like this. */
void undo_done(struct noc_undo *u, size_t node, enum noc_undone how);

#endif
