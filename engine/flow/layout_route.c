/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/flow/layout_private.h"
#include "engine/flow/plan.h"

/*
 * Edges as lines.  Between two layers lie rows of lines, the tracks; what waits
 * for a node that is further above goes down a rail, at the right of all nodes.
 * A node is left at an even column and met at an odd one, so that no two nets
 * share a piece of a column; straight down is the one case of both.
 */

/* ---- which edges are drawn ---- */

static bool
route_shows(const struct layout_work *w, const struct layout_scope *s,
	    const struct noc_layout_edge *e)
{
	unsigned from = w->l->nodes[e->from].layer;
	unsigned to = w->l->nodes[e->to].layer;

	return from < to && !w->crowded[e->to] &&
	       !w->layers[s->layer + from].wrapped &&
	       !w->layers[s->layer + to].wrapped;
}

/* The nth bundle of edges that leaves a node has a column below it; while
 * widths are not known there is room for all. */
static bool
route_has_exit(const struct noc_layout_node *node, int nth)
{
	return !node->w || 2 + 2 * nth <= node->w - 2;
}

/* A rail that is free from this gap on; it is taken until the last. */
static int8_t
route_take(int *until, int first, int last)
{
	for (int8_t r = 0; r < LAYOUT_RAILS; r++)
		if (until[r] < first) {
			until[r] = last;
			return r;
		}
	return -1;
}

/* Those of one node that ask for the same end: one net, or one rail. */
static void
route_edges(struct layout_work *w, struct layout_scope *s, size_t i,
	    unsigned on, bool shown, int *until)
{
	int layer = (int)w->l->nodes[i].layer, last = -1;
	int8_t rail = -1;

	for (size_t k = w->out[i]; k < w->out[i + 1]; k++) {
		struct noc_layout_edge *e = &w->l->edges[k];
		int to = (int)w->l->nodes[e->to].layer;

		if (e->on != on)
			continue;
		e->rail = -1;
		e->drawn = shown && route_shows(w, s, e);
		if (e->drawn && to > layer + 1 && to - 1 > last)
			last = to - 1;
	}
	if (last < 0)
		return;
	rail = route_take(until, layer, last);
	if (rail >= s->rails)
		s->rails = rail + 1;
	for (size_t k = w->out[i]; k < w->out[i + 1]; k++) {
		struct noc_layout_edge *e = &w->l->edges[k];

		if (e->on != on || !e->drawn ||
		    (int)w->l->nodes[e->to].layer == layer + 1)
			continue;
		e->rail = rail;
		e->drawn = rail >= 0;
	}
}

/* Bit n: it has edges that ask for n. */
static unsigned
route_asks(const struct layout_work *w, size_t i)
{
	unsigned mask = 0;

	for (size_t k = w->out[i]; k < w->out[i + 1]; k++)
		mask |= 1u << w->l->edges[k].on;
	return mask;
}

void
noc_layout_rails(struct layout_work *w, size_t scope)
{
	struct layout_scope *s = &w->scopes[scope];
	int until[LAYOUT_RAILS];

	for (int r = 0; r < LAYOUT_RAILS; r++)
		until[r] = -1;
	for (size_t k = 0; k < s->n; k++) {
		size_t i = w->kids[s->first + k];
		unsigned mask = route_asks(w, i);
		int nth = 0;

		for (unsigned on = 1; on < 8; on++)
			if (mask & 1u << on)
				route_edges(
				    w, s, i, on,
				    route_has_exit(&w->l->nodes[i], nth++),
				    until);
	}
}

/* ---- nets ---- */

/* Again the same node: once. */
static void
net_meet(struct layout_work *w, size_t *list, size_t node)
{
	if (*list && w->ends[*list].node == node)
		return;
	NOC_GROW(w->ends, w->ends_cap, w->nends + 1);
	w->ends[w->nends] = (struct layout_end){ .node = node, .next = *list };
	*list = w->nends++;
}

static struct layout_net *
net_new(struct layout_work *w, size_t scope, size_t gap, unsigned on)
{
	struct layout_net *net;

	NOC_GROW(w->nets, w->nets_cap, w->nnets + 1);
	net = &w->nets[w->nnets];
	*net = (struct layout_net){
		.scope = scope,
		.gap = gap,
		.id = w->nnets,
		.on = (uint8_t)on,
		.rail_from = -1,
		.rail_to = -1,
		.left = INT_MAX,
		.right = -1,
		.track = -1,
	};
	w->nnets++;
	return net;
}

static bool
net_alike(const struct layout_work *w, const struct layout_net *a,
	  const struct layout_net *b)
{
	size_t x = a->to, y = b->to;

	if (a->on != b->on || a->rail_to >= 0 || b->rail_to >= 0 ||
	    a->rail_from >= 0)
		return false;
	while (x && y && w->ends[x].node == w->ends[y].node) {
		x = w->ends[x].next;
		y = w->ends[y].next;
	}
	return !x && !y;
}

/* The rails of one scope, from gap to gap. */
struct route {
	size_t scope;
	size_t id[LAYOUT_RAILS];     /* net in which each began */
	unsigned last[LAYOUT_RAILS]; /* layer that it ends above */
	size_t drop[LAYOUT_RAILS];   /* net of this gap + 1 */
	size_t first;		     /* net of this gap */
};

/* What leaves node i below. */
static void
route_leave(struct layout_work *w, struct route *r, size_t gap, size_t i,
	    unsigned on)
{
	size_t number = w->nnets;
	struct layout_net *net = net_new(w, r->scope, gap, on);

	for (size_t k = w->out[i]; k < w->out[i + 1]; k++) {
		const struct noc_layout_edge *e = &w->l->edges[k];
		unsigned to = w->l->nodes[e->to].layer;

		if (e->on != on || !e->drawn)
			continue;
		if (e->rail < 0) {
			net_meet(w, &net->to, e->to);
			continue;
		}
		if (net->rail_to < 0 || to > r->last[e->rail])
			r->last[e->rail] = to;
		net->rail_to = e->rail;
		r->id[e->rail] = number;
	}
	if (!net->to && net->rail_to < 0) {
		w->nnets--;
		return;
	}
	for (size_t k = r->first; k < number; k++)
		if (net_alike(w, &w->nets[k], net)) {
			w->nnets--;
			net = &w->nets[k];
			break;
		}
	net_meet(w, &net->from, i);
}

/* What comes down a rail to node i. */
static void
route_drop(struct layout_work *w, struct route *r, size_t gap, size_t i)
{
	for (size_t k = w->in[i]; k < w->in[i + 1]; k++) {
		const struct noc_layout_edge *e = &w->l->edges[w->ins[k]];
		struct layout_net *net;
		int8_t rail = e->rail;

		if (!e->drawn || rail < 0)
			continue;
		if (!r->drop[rail]) {
			net = net_new(w, r->scope, gap, e->on);
			net->id = r->id[rail];
			net->rail_from = rail;
			net->rail_to = r->last[rail] > gap + 1 ? rail : -1;
			r->drop[rail] = w->nnets;
		}
		net_meet(w, &w->nets[r->drop[rail] - 1].to, i);
	}
}

/* The nets of a scope, gap by gap. */
static void
route_build(struct layout_work *w, size_t scope)
{
	const struct layout_scope *s = &w->scopes[scope];
	struct route r = { .scope = scope };

	for (size_t gap = 0; gap + 1 < s->nlayers; gap++) {
		const struct layout_layer *above = &w->layers[s->layer + gap];
		const struct layout_layer *below = above + 1;

		r.first = w->nnets;
		memset(r.drop, 0, sizeof(r.drop));
		for (size_t j = 0; j < below->n; j++)
			route_drop(w, &r, gap, w->kids[below->first + j]);
		for (size_t j = 0; j < above->n; j++) {
			size_t i = w->kids[above->first + j];
			unsigned mask = route_asks(w, i);

			for (unsigned on = 1; on < 8; on++)
				if (mask & 1u << on)
					route_leave(w, &r, gap, i, on);
		}
	}
}

/* A node that has no column for each net that meets it is met by none. */
static bool
route_crowds(struct layout_work *w, size_t first)
{
	bool some = false;

	for (size_t k = first; k < w->nnets; k++)
		for (size_t e = w->nets[k].to; e; e = w->ends[e].next)
			w->entries[w->ends[e].node]++;
	for (size_t k = first; k < w->nnets; k++)
		for (size_t e = w->nets[k].to; e; e = w->ends[e].next) {
			size_t i = w->ends[e].node;

			if (w->entries[i] > (w->l->nodes[i].w - 3) / 2)
				w->crowded[i] = some = true;
			w->entries[i] = 0;
		}
	return some;
}

/* ---- columns and tracks ---- */

static void
net_reach(struct layout_net *net, int x)
{
	if (x < net->left)
		net->left = x;
	if (x > net->right)
		net->right = x;
}

static int
rail_column(const struct layout_work *w, size_t scope, int rail)
{
	return w->scopes[scope].right + 2 * rail;
}

/* Below a column where the net is left, the first; else at the next odd one. */
static int
net_entry(struct layout_work *w, const struct layout_net *net, size_t i)
{
	const struct noc_layout_node *node = &w->l->nodes[i];
	int straight = INT_MAX;

	for (size_t e = net->from; e; e = w->ends[e].next)
		if (w->ends[e].x > node->x && w->ends[e].x < straight &&
		    w->ends[e].x < node->x + node->w - 1)
			straight = w->ends[e].x;
	if (straight < INT_MAX)
		return straight;
	return node->x + 3 + 2 * w->entries[i]++;
}

static void
net_columns(struct layout_work *w, struct layout_net *net)
{
	for (size_t e = net->from; e; e = w->ends[e].next) {
		size_t i = w->ends[e].node;

		w->ends[e].x = w->l->nodes[i].x + 2 + 2 * w->exits[i]++;
		net_reach(net, w->ends[e].x);
	}
	for (size_t e = net->to; e; e = w->ends[e].next) {
		w->ends[e].x = net_entry(w, net, w->ends[e].node);
		net_reach(net, w->ends[e].x);
	}
	if (net->rail_from >= 0)
		net_reach(net, rail_column(w, net->scope, net->rail_from));
	if (net->rail_to >= 0)
		net_reach(net, rail_column(w, net->scope, net->rail_to));
}

static int
by_left(const void *a, const void *b)
{
	const struct layout_net *x = a, *y = b;

	if (x->left != y->left)
		return x->left < y->left ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

/* Each in the first row where it touches no other. */
static void
route_tracks(struct layout_work *w, size_t first, size_t end,
	     struct layout_layer *layer)
{
	size_t n = end - first;
	int *ends = noc_calloc(n + 1, sizeof(*ends));

	for (size_t k = first; k < end; k++)
		net_columns(w, &w->nets[k]);
	qsort(w->nets + first, n, sizeof(*w->nets), by_left);
	for (size_t k = first; k < end; k++) {
		struct layout_net *net = &w->nets[k];
		int t = 0;

		layer->arrows = layer->arrows || net->to;
		if (net->left == net->right)
			continue;
		while (t < layer->tracks && ends[t] >= net->left)
			t++;
		if (t == layer->tracks)
			layer->tracks++;
		ends[t] = net->right;
		net->track = t;
	}
	free(ends);
}

static void
route_scope(struct layout_work *w, size_t scope)
{
	struct layout_layer *layers = &w->layers[w->scopes[scope].layer];
	size_t first = w->nnets, ends = w->nends, end;

	noc_layout_rails(w, scope);
	route_build(w, scope);
	if (route_crowds(w, first)) { /* with fewer edges no new ones are */
		w->nnets = first;
		w->nends = ends;
		noc_layout_rails(w, scope);
		route_build(w, scope);
	}
	for (; first < w->nnets; first = end) {
		size_t gap = w->nets[first].gap;

		end = first;
		while (end < w->nnets && w->nets[end].gap == gap)
			end++;
		route_tracks(w, first, end, &layers[gap]);
	}
}

void
noc_layout_nets(struct layout_work *w)
{
	NOC_GROW(w->ends, w->ends_cap, 1);
	w->nends = 1;
	for (size_t s = 0; s <= w->n; s++)
		route_scope(w, s);
}

/* ---- lines ---- */

static void
line_add(struct noc_layout *l, const struct layout_net *net, int x1, int y1,
	 int x2, int y2)
{
	NOC_GROW(l->lines, l->lines_cap, l->nlines + 1);
	l->lines[l->nlines++] = (struct noc_layout_line){
		x1, y1, x2, y2, net->on, net->id,
	};
}

static void
net_lines(struct layout_work *w, const struct layout_net *net, int *rail_y)
{
	const struct layout_scope *s = &w->scopes[net->scope];
	const struct layout_layer *layer = &w->layers[s->layer + net->gap];
	const struct noc_layout_node *nodes = w->l->nodes;
	int ox = net->scope ? nodes[net->scope - 1].x + LAYOUT_BOX / 2 : 0;
	int oy = net->scope ? nodes[net->scope - 1].y : 0;
	int top = oy + layer->y + layer->h, head = top + layer->tracks;
	int y = net->track < 0 ? head : top + net->track;

	for (size_t e = net->from; e; e = w->ends[e].next) {
		const struct noc_layout_node *from = &nodes[w->ends[e].node];
		int x = ox + w->ends[e].x;

		line_add(w->l, net, x, from->y + from->h - 1, x, y);
	}
	if (net->left < net->right)
		line_add(w->l, net, ox + net->left, y, ox + net->right, y);
	for (size_t e = net->to; e; e = w->ends[e].next) {
		int x = ox + w->ends[e].x;

		line_add(w->l, net, x, y, x, head);
		NOC_GROW(w->l->arrows, w->l->arrows_cap, w->l->narrows + 1);
		w->l->arrows[w->l->narrows++] =
		    (struct noc_layout_arrow){ x, head, net->on };
	}
	if (net->rail_from >= 0) {
		int x = ox + rail_column(w, net->scope, net->rail_from);

		line_add(w->l, net, x, rail_y[net->rail_from], x, y);
	}
	if (net->rail_to >= 0)
		rail_y[net->rail_to] = y;
}

void
noc_layout_lines(struct layout_work *w)
{
	int rail_y[LAYOUT_RAILS] = { 0 };

	for (size_t k = 0; k < w->nnets; k++)
		net_lines(w, &w->nets[k], rail_y);
}
