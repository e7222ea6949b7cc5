/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "engine/flow/layout_private.h"
#include "engine/flow/plan.h"

/* Widths and columns: how much room each node has, and which is beside which.
 * All widths but that of a node alone in its layer are even, and all columns.
 */
#define PLACE_TITLE 6  /* cells of a title's border */
#define PLACE_LEAST 24 /* a node is not made smaller than that */
#define PLACE_MOST  64 /* nor larger for its words, which go on below */

struct place_kid {
	int64_t want; /* mean of the columns it waits for, in 1/256 */
	int near;     /* the first of them */
	size_t node;
};

static int
place_longest(const char *text)
{
	int most = 0;

	for (size_t len; *text; text += len + (text[len] == '\n')) {
		int n;

		len = strcspn(text, "\n");
		n = noc_utf8_cells(text, len);
		if (n > most)
			most = n;
	}
	return most;
}

static int
place_most(int a, int b)
{
	return a > b ? a : b;
}

static int
place_rails(const struct layout_scope *s)
{
	return s->rails ? 2 * s->rails + 2 : 0;
}

static int
place_columns(const struct layout_work *w, size_t i)
{
	size_t n = w->in[i + 1] - w->in[i];

	return n < PLACE_MOST / 2 ? 2 * (int)n : PLACE_MOST;
}

/* Of what is in node i: the widest layer, and the widest node. */
static void
place_inside(const struct layout_work *w, size_t i, int *least, int *fit,
	     int *wish)
{
	const struct layout_scope *s = &w->scopes[i + 1];

	for (size_t k = 0; k < s->nlayers; k++) {
		const struct layout_layer *layer = &w->layers[s->layer + k];
		int fits = -LAYOUT_GAP, wishes = -LAYOUT_GAP;

		for (size_t j = 0; j < layer->n; j++) {
			size_t kid = w->kids[layer->first + j];

			fits += w->fit[kid] + LAYOUT_GAP;
			wishes += w->wish[kid] + LAYOUT_GAP;
			*least = place_most(*least, w->least[kid]);
		}
		*fit = place_most(*fit, fits);
		*wish = place_most(*wish, wishes);
	}
	*least += LAYOUT_BOX + place_rails(s);
	*fit += LAYOUT_BOX + place_rails(s);
	*wish += LAYOUT_BOX + place_rails(s);
}

/* What each node needs and what it would like, those inside first. */
static void
place_wishes(struct layout_work *w)
{
	for (size_t i = w->n; i-- > 0;) {
		const struct noc_layout_node *node = &w->l->nodes[i];
		int own = PLACE_TITLE + place_longest(node->title);
		int least = 0, fit = 0, wish = 0;

		own = place_most(own, LAYOUT_BOX + place_longest(node->text));
		own = place_most(own, LAYOUT_BOX + place_longest(node->after));
		/* Columns for what meets it. */
		own = place_most(own, LAYOUT_BOX + place_columns(w, i));
		own = ((own < PLACE_MOST ? own : PLACE_MOST) + 1) & ~1;
		if (node->box)
			place_inside(w, i, &least, &fit, &wish);
		w->wish[i] = place_most(own, wish);
		if (own > PLACE_LEAST)
			own = PLACE_LEAST;
		w->least[i] = place_most(own, least);
		w->fit[i] = place_most(own, fit);
	}
}

/* ---- one layer ---- */

static int
by_want(const void *a, const void *b)
{
	const struct place_kid *x = a, *y = b;

	if (x->want != y->want)
		return x->want < y->want ? -1 : 1;
	return x->node < y->node ? -1 : x->node > y->node;
}

/* From the left as those that they wait for are. */
static void
place_order(struct layout_work *w, const struct layout_layer *layer,
	    struct place_kid *kids)
{
	for (size_t j = 0; j < layer->n; j++) {
		size_t i = w->kids[layer->first + j], n = 0;
		bool well = false;

		kids[j] = (struct place_kid){ .node = i };
		for (size_t k = w->in[i]; k < w->in[i + 1]; k++) {
			const struct noc_layout_edge *e =
			    &w->l->edges[w->ins[k]];
			const struct noc_layout_node *from =
			    &w->l->nodes[e->from];

			if (from->layer >= w->l->nodes[i].layer)
				continue;
			if (!n++ || from->x < kids[j].near)
				kids[j].near = from->x;
			well = well || e->on & NOC_ON_OK;
			kids[j].want += from->x;
		}
		/* What goes on when all is well stands first. */
		if (n)
			kids[j].want = kids[j].want * 256 / (int64_t)n + !well;
	}
	qsort(kids, layer->n, sizeof(*kids), by_want);
	for (size_t j = 0; j < layer->n; j++) {
		w->kids[layer->first + j] = kids[j].node;
		w->l->nodes[kids[j].node].row = (unsigned)j;
	}
}

/* What is left of the room goes to those that are narrower than they want. */
static int
place_share(struct layout_work *w, const struct place_kid *kids, size_t n,
	    const int *want, int64_t spare)
{
	int64_t wants = 0, given = 0;

	for (size_t j = 0; j < n; j++)
		wants += want[kids[j].node] - w->l->nodes[kids[j].node].w;
	for (size_t j = 0; j < n && spare > 0; j++) {
		struct noc_layout_node *node = &w->l->nodes[kids[j].node];
		int64_t more = want[kids[j].node] - node->w;

		if (spare < wants)
			more = more * spare / wants;
		if (n > 1)
			more &= ~1;
		node->w += (int)more;
		given += more;
	}
	return (int)given;
}

/* n nodes beside one another within `room`, each below what it waits for. */
static void
place_shelf(struct layout_work *w, const struct place_kid *kids, size_t n,
	    int room)
{
	int64_t spare = room + LAYOUT_GAP;
	int x = 0, rest = 0;

	for (size_t j = 0; j < n; j++) {
		w->l->nodes[kids[j].node].w = w->least[kids[j].node];
		spare -= w->least[kids[j].node] + LAYOUT_GAP;
	}
	spare -= place_share(w, kids, n, w->fit, spare);
	place_share(w, kids, n, w->wish, spare);
	for (size_t j = 0; j < n; j++)
		rest += w->l->nodes[kids[j].node].w + LAYOUT_GAP;
	for (size_t j = 0; j < n; j++) {
		struct noc_layout_node *node = &w->l->nodes[kids[j].node];
		int most = (room + LAYOUT_GAP - rest) & ~1;

		node->x = x;
		if (kids[j].near > x && most > x)
			node->x = kids[j].near < most ? kids[j].near : most;
		rest -= node->w + LAYOUT_GAP;
		x = (node->x + node->w + LAYOUT_GAP + 1) & ~1;
	}
}

static void
place_layer(struct layout_work *w, struct layout_layer *layer, int room)
{
	struct place_kid *kids = noc_calloc(layer->n + 1, sizeof(*kids));
	size_t begin = 0;
	int used = 0;

	place_order(w, layer, kids);
	for (size_t j = 0; j < layer->n; j++)
		w->shelf[kids[j].node] = false;
	for (size_t j = 0; j < layer->n; j++) {
		int least = w->least[kids[j].node] + LAYOUT_GAP;

		if (j > begin && used + least > room + LAYOUT_GAP) {
			for (size_t k = begin; k < j; k++)
				kids[k].near = 0;
			place_shelf(w, kids + begin, j - begin, room);
			layer->wrapped = true;
			w->shelf[kids[j].node] = true;
			begin = j;
			used = 0;
		}
		used += least;
	}
	for (size_t k = begin; layer->wrapped && k < layer->n; k++)
		kids[k].near = 0;
	place_shelf(w, kids + begin, layer->n - begin, room);
	free(kids);
}

static void
place_scope(struct layout_work *w, size_t scope, int inner)
{
	struct layout_scope *s = &w->scopes[scope];

	s->right = 0;
	for (size_t k = 0; k < s->nlayers; k++) {
		struct layout_layer *layer = &w->layers[s->layer + k];

		place_layer(w, layer, inner - place_rails(s));
		for (size_t j = 0; j < layer->n; j++) {
			const struct noc_layout_node *node =
			    &w->l->nodes[w->kids[layer->first + j]];

			s->right = place_most(s->right, node->x + node->w);
		}
	}
	s->right = (s->right + LAYOUT_GAP) & ~1;
}

void
noc_layout_place(struct layout_work *w, int width)
{
	place_wishes(w);
	place_scope(w, 0, width);
	for (size_t i = 0; i < w->n; i++)
		if (w->l->nodes[i].box)
			place_scope(w, i + 1, w->l->nodes[i].w - LAYOUT_BOX);
}
