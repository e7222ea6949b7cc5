/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_FLOW_LAYOUT_H
#define NOC_ENGINE_FLOW_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Where the nodes of a plan stand when somebody looks at it.  In each list and
 * each parallel a node stands in the layer below all that it waits for (longest
 * path), those of one layer side by side; what holds others is a box around
 * them.  Measured in cells, one character each, so that text and SVG are one
 * drawing.  Takes any plan, also one whose places make no tree and whose edges
 * go round.  Grows with nodes and edges and no faster.  Any thread.
 */
struct noc_plan;

struct noc_layout_node {
	size_t up, end;	     /* as in the plan, but always a tree */
	unsigned layer, row; /* in what holds it: from above, from the left */
	bool box;	     /* others are in it */
	int x, y, w, h;	     /* with its border */
	char *title;
	char *text;	   /* what it does, a row a line; "" */
	char *after;	   /* the same: what it waits for and no line shows */
	int ntext, nafter; /* rows */
};

struct noc_layout_edge {
	uint16_t from, to;
	uint8_t on;  /* enum noc_on */
	bool drawn;  /* by lines; else the node's `after` says it */
	int8_t rail; /* of layout_route.c */
};

/* From above to below or from left to right, both ends in.  Where lines of
 * one net meet they hang together; those of two only cross. */
struct noc_layout_line {
	int x1, y1, x2, y2;
	uint8_t on;
	size_t net;
};
struct noc_layout_arrow { /* its head, which points down */
	int x, y;
	uint8_t on;
};

struct noc_layout {
	struct noc_layout_node *nodes; /* as steps[] of the plan */
	size_t nnodes;
	struct noc_layout_edge *edges; /* by `from` */
	size_t nedges;
	struct noc_layout_line *lines;
	size_t nlines, lines_cap;
	struct noc_layout_arrow *arrows;
	size_t narrows, arrows_cap;
	int w, h;
};

/*
 * At most `width` cells wide, as long as boxes in boxes leave room for words:
 * a layer that does not fit goes on below, and then what its nodes wait for is
 * said in words.  Returned: freed with noc_layout_free, which accepts NULL.
 */
struct noc_layout *noc_layout_new(const struct noc_plan *p, int width);
void noc_layout_free(struct noc_layout *l);

/* "failed", "ok or failed", ...; static. */
const char *noc_layout_on_name(unsigned on);

#endif
