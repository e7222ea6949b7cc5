/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_FLOW_LAYOUT_PRIVATE_H
#define NOC_ENGINE_FLOW_LAYOUT_PRIVATE_H

#include "engine/flow/layout.h"

/*
 * Between layout.c (tree, layers), layout_place.c (widths, columns) and
 * layout_route.c (edges to lines).  A scope is what holds nodes: number 0 is
 * the plan itself, i + 1 node i.
 */
#define LAYOUT_BOX   4 /* cells of a box's two sides */
#define LAYOUT_GAP   2 /* between two of one layer */
#define LAYOUT_RAILS 6 /* that pass layers, in one scope */

struct layout_layer {
	size_t first, n; /* of kids[] */
	bool wrapped;	 /* it goes on below: no lines begin or end here */
	int y, h;	 /* in its scope */
	int tracks;	 /* rows of lines between it and the next */
	bool arrows;	 /* and one of arrows */
};

struct layout_scope {
	size_t first, n; /* of kids[], sorted by layer, then from the left */
	size_t layer, nlayers; /* of layers[] */
	int rails;	       /* that pass layers, at its right */
	int right;	       /* where they begin */
};

struct layout_end {	   /* where a net meets a node */
	size_t node, next; /* of ends[]; 0: none */
	int x;		   /* in its scope */
};

/* Lines that hang together: some nodes, and what waits for them all. */
struct layout_net {
	size_t scope, gap; /* below this layer of it */
	size_t id; /* its number, or that of the net its rail began in */
	uint8_t on;
	int8_t rail_from, rail_to; /* it comes down a rail, goes on in it; -1 */
	size_t from, to;	   /* the first of ends[]; 0: none */
	int left, right, track;	   /* track -1: straight down */
};

struct layout_work {
	const struct noc_plan *plan;
	struct noc_layout *l;
	size_t n;
	size_t *out; /* edges of node i: out[i] .. out[i + 1] */
	size_t *in;  /* of ins[] likewise: numbers of edges */
	size_t *ins;
	size_t *kids;
	struct layout_scope *scopes; /* n + 1 */
	struct layout_layer *layers;
	size_t nlayers;
	/* Width of each node: at least, with nothing in it wrapped, at most. */
	int *least, *fit, *wish;
	bool *shelf;	      /* it begins another row of its layer */
	int *exits, *entries; /* of each node, taken */
	bool *crowded;	      /* nets that have no column to meet it */
	struct layout_net *nets;
	size_t nnets, nets_cap;
	struct layout_end *ends; /* from 1 */
	size_t nends, ends_cap;
};

static inline size_t
layout_scope_of(const struct layout_work *w, size_t node)
{
	return w->l->nodes[node].up + 1; /* NOC_NODE_TOP: 0 */
}

/* Which edges can be drawn, as far as is known: first without a thought of
 * which layers are wrapped, so that rails have room. */
void noc_layout_rails(struct layout_work *w, size_t scope);
/* Each node's x (in its scope) and w, and which layers are wrapped. */
void noc_layout_place(struct layout_work *w, int width);
/* Which edges are drawn, by which nets; where these meet nodes. */
void noc_layout_nets(struct layout_work *w);
/* The nets as lines, once each node has its place. */
void noc_layout_lines(struct layout_work *w);

#endif
