/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/flow/layout.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/flow/label.h"
#include "engine/flow/layout_private.h"
#include "engine/flow/plan.h"

#define LAYOUT_DEPTH                                                        \
	24	       /* boxes in boxes; what is deeper stands in the last \
			*/
#define LAYOUT_WAITS 6 /* named in words; the rest is counted */

const char *
noc_layout_on_name(unsigned on)
{
	static const char *const names[] = {
		"ok",	  "ok",	    "failed", "ok or failed",
		"always", "always", "always", "always",
	};

	return names[on & 7];
}

/* ---- the tree: whatever `end` says, boxes lie in one another ---- */

static void
layout_tree(struct layout_work *w)
{
	size_t open[LAYOUT_DEPTH], depth = 0;
	struct noc_layout_node *nodes = w->l->nodes;

	for (size_t i = 0; i < w->n; i++) {
		size_t end = w->plan->steps[i].end, most;

		while (depth && nodes[open[depth - 1]].end <= i)
			depth--;
		most = depth ? nodes[open[depth - 1]].end : w->n;
		nodes[i].up = depth ? open[depth - 1] : NOC_NODE_TOP;
		if (end <= i || depth == LAYOUT_DEPTH)
			end = i + 1;
		nodes[i].end = end < most ? end : most;
		nodes[i].box = nodes[i].end > i + 1;
		if (nodes[i].box)
			open[depth++] = i;
		w->scopes[layout_scope_of(w, i)].n++;
	}
}

/* kids[]: those of one scope together, in the order of the plan. */
static void
layout_kids(struct layout_work *w)
{
	size_t at = 0;

	for (size_t s = 0; s <= w->n; s++) {
		w->scopes[s].first = at;
		at += w->scopes[s].n;
		w->scopes[s].n = 0;
	}
	for (size_t i = 0; i < w->n; i++) {
		struct layout_scope *s = &w->scopes[layout_scope_of(w, i)];

		w->kids[s->first + s->n++] = i;
	}
}

/* ---- edges between two of one scope, by `from` and by `to` ---- */

/* These stand below all others, and wait for the whole. */
static bool
layout_is_last(const struct layout_work *w, size_t i)
{
	enum noc_step_kind kind = w->plan->steps[i].kind;

	return kind == NOC_STEP_CHECK || kind == NOC_STEP_ON_FAIL ||
	       kind == NOC_STEP_FINALLY;
}

static bool
layout_edge_fits(const struct layout_work *w, size_t from, size_t to)
{
	return from < w->n && from != to &&
	       w->l->nodes[from].up == w->l->nodes[to].up &&
	       !layout_is_last(w, from) && !layout_is_last(w, to);
}

static void
layout_edges(struct layout_work *w)
{
	struct noc_layout *l = w->l;
	size_t at = 0;

	for (size_t i = 0; i < w->n; i++)
		for (size_t k = 0; k < w->plan->steps[i].nin; k++) {
			size_t from = w->plan->steps[i].in[k].from;

			if (!layout_edge_fits(w, from, i))
				continue;
			w->out[from + 1]++;
			w->in[i + 1]++;
			l->nedges++;
		}
	for (size_t i = 0; i < w->n; i++) {
		w->out[i + 1] += w->out[i];
		w->in[i + 1] += w->in[i];
	}
	l->edges = noc_calloc(l->nedges + 1, sizeof(*l->edges));
	w->ins = noc_calloc(l->nedges + 1, sizeof(*w->ins));
	for (size_t i = 0; i < w->n; i++)
		for (size_t k = 0; k < w->plan->steps[i].nin; k++) {
			const struct noc_edge *e = &w->plan->steps[i].in[k];
			uint8_t on = e->on & 7;

			if (!layout_edge_fits(w, e->from, i))
				continue;
			w->ins[at++] = w->out[e->from];
			l->edges[w->out[e->from]++] = (struct noc_layout_edge){
				.from = e->from,
				.to = (uint16_t)i,
				.on = on ? on : NOC_ON_OK,
				.rail = -1,
			};
		}
	/* Each out[] stands where the next one begins. */
	memmove(w->out + 1, w->out, w->n * sizeof(*w->out));
	w->out[0] = 0;
}

/* ---- layers ---- */

/*
 * The longest path to each node.  When all that are left wait for one another,
 * the first of them goes on without; an edge up is one that is not drawn.
 */
static void
layout_longest(struct layout_work *w)
{
	size_t *queue = noc_calloc(w->n + 1, sizeof(*queue));
	size_t *waits = noc_calloc(w->n + 1, sizeof(*waits));
	bool *done = noc_calloc(w->n + 1, sizeof(*done));
	size_t head = 0, tail = 0, left = 0;

	for (size_t i = 0; i < w->n; i++) {
		waits[i] = w->in[i + 1] - w->in[i];
		if (!waits[i])
			queue[tail++] = i, done[i] = true;
	}
	while (head < w->n) {
		size_t i;

		if (head == tail) {
			while (done[left])
				left++;
			queue[tail++] = left;
			done[left] = true;
		}
		i = queue[head++];
		for (size_t e = w->out[i]; e < w->out[i + 1]; e++) {
			size_t to = w->l->edges[e].to;

			if (done[to])
				continue;
			if (w->l->nodes[to].layer <= w->l->nodes[i].layer)
				w->l->nodes[to].layer =
				    w->l->nodes[i].layer + 1;
			if (!--waits[to])
				queue[tail++] = to, done[to] = true;
		}
	}
	free(queue);
	free(waits);
	free(done);
}

static void
layout_last(struct layout_work *w, const struct layout_scope *s)
{
	struct noc_layout_node *nodes = w->l->nodes;
	unsigned below = 0;

	for (size_t k = 0; k < s->n; k++) {
		size_t i = w->kids[s->first + k];

		if (!layout_is_last(w, i) && nodes[i].layer >= below)
			below = nodes[i].layer + 1;
	}
	for (size_t k = 0; k < s->n; k++)
		if (layout_is_last(w, w->kids[s->first + k]))
			nodes[w->kids[s->first + k]].layer = below++;
}

/* layers[] of the scope, and its kids by layer: a counting sort. */
static void
layout_layers(struct layout_work *w, struct layout_scope *s)
{
	size_t *sorted = noc_calloc(s->n + 1, sizeof(*sorted));
	struct layout_layer *layers = w->layers + w->nlayers;
	size_t at = s->first;

	s->layer = w->nlayers;
	for (size_t k = 0; k < s->n; k++) {
		size_t layer = w->l->nodes[w->kids[s->first + k]].layer;

		layers[layer].n++;
		if (layer >= s->nlayers)
			s->nlayers = layer + 1;
	}
	for (size_t i = 0; i < s->nlayers; i++) {
		layers[i].first = at;
		at += layers[i].n;
		layers[i].n = 0;
	}
	for (size_t k = 0; k < s->n; k++) {
		size_t i = w->kids[s->first + k];
		struct layout_layer *layer = &layers[w->l->nodes[i].layer];

		sorted[layer->first - s->first + layer->n++] = i;
	}
	if (s->n)
		memcpy(w->kids + s->first, sorted, s->n * sizeof(*sorted));
	w->nlayers += s->nlayers;
	free(sorted);
}

/* ---- words ---- */

static void
layout_words(struct layout_work *w)
{
	for (size_t i = 0; i < w->n; i++) {
		struct noc_strbuf title = NOC_STRBUF_INIT;
		struct noc_strbuf text = NOC_STRBUF_INIT;

		noc_label_title(&w->plan->steps[i], &title);
		noc_label_text(&w->plan->steps[i], &text);
		w->l->nodes[i].title = noc_strbuf_detach(&title, NULL);
		w->l->nodes[i].text = noc_strbuf_detach(&text, NULL);
	}
}

static const char *
layout_name(const struct layout_work *w, size_t i)
{
	const char *name = w->plan->steps[i].name;

	return name && *name ? name : w->l->nodes[i].title;
}

/* "after a, b failed": edges that no line shows, and what is not plain. */
static void
layout_say(struct layout_work *w, size_t i)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	size_t n = 0;

	noc_strbuf_add(&sb, "", 0);
	for (size_t k = w->in[i]; k < w->in[i + 1]; k++) {
		const struct noc_layout_edge *e = &w->l->edges[w->ins[k]];
		const char *name = layout_name(w, e->from);

		if ((e->drawn && e->on == NOC_ON_OK) || n++ >= LAYOUT_WAITS)
			continue;
		noc_strbuf_adds(&sb, n == 1 ? "after " : ", ");
		noc_strbuf_add_escaped(&sb, name, strlen(name));
		if (e->on != NOC_ON_OK)
			noc_strbuf_addf(&sb, " (%s)",
					noc_layout_on_name(e->on));
	}
	if (n > LAYOUT_WAITS)
		noc_strbuf_addf(&sb, " and %zu more", n - LAYOUT_WAITS);
	free(w->l->nodes[i].after);
	w->l->nodes[i].after = noc_strbuf_detach(&sb, NULL);
}

static void
layout_rooms(struct layout_work *w, int width)
{
	for (size_t s = 0; s <= w->n; s++)
		noc_layout_rails(w, s);
	for (size_t i = 0; i < w->n; i++)
		layout_say(w, i);
	noc_layout_place(w, width);
}

static int
layout_wrap(char **text, int width)
{
	struct noc_strbuf rows = NOC_STRBUF_INIT;
	int n = noc_label_wrap(*text, width, &rows);

	free(*text);
	*text = noc_strbuf_detach(&rows, NULL);
	return n;
}

/* ---- from above to below ---- */

/* Heights: what is inside is done, its places are in its scope. */
static void
layout_height(struct layout_work *w, size_t scope, int *height)
{
	const struct layout_scope *s = &w->scopes[scope];
	struct noc_layout_node *nodes = w->l->nodes;
	int y = 0;

	if (scope)
		y = 1 + nodes[scope - 1].ntext + nodes[scope - 1].nafter;
	for (size_t k = 0; k < s->nlayers; k++) {
		struct layout_layer *layer = &w->layers[s->layer + k];
		int at = 0;

		layer->y = y;
		for (size_t j = 0; j < layer->n; j++) {
			size_t i = w->kids[layer->first + j];

			if (w->shelf[i])
				at = layer->h;
			nodes[i].y = y + at;
			if (at + nodes[i].h > layer->h)
				layer->h = at + nodes[i].h;
		}
		y += layer->h + layer->tracks + layer->arrows;
	}
	*height = y + (scope ? 1 : 0);
}

static void
layout_heights(struct layout_work *w)
{
	struct noc_layout_node *nodes = w->l->nodes;

	for (size_t i = w->n; i-- > 0;) {
		layout_say(w, i);
		nodes[i].ntext =
		    layout_wrap(&nodes[i].text, nodes[i].w - LAYOUT_BOX);
		nodes[i].nafter =
		    layout_wrap(&nodes[i].after, nodes[i].w - LAYOUT_BOX);
		if (nodes[i].box)
			layout_height(w, i + 1, &nodes[i].h);
		else
			nodes[i].h = 2 + nodes[i].ntext + nodes[i].nafter;
	}
	layout_height(w, 0, &w->l->h);
}

/* Places of the whole drawing. */
static void
layout_absolute(struct layout_work *w)
{
	struct noc_layout_node *nodes = w->l->nodes;

	for (size_t i = 0; i < w->n; i++) {
		if (nodes[i].up != NOC_NODE_TOP) {
			nodes[i].x += nodes[nodes[i].up].x + LAYOUT_BOX / 2;
			nodes[i].y += nodes[nodes[i].up].y;
		}
	}
}

static void
layout_width(struct layout_work *w)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->l->nodes[i].x + w->l->nodes[i].w > w->l->w)
			w->l->w = w->l->nodes[i].x + w->l->nodes[i].w;
	for (size_t i = 0; i < w->l->nlines; i++)
		if (w->l->lines[i].x2 >= w->l->w)
			w->l->w = w->l->lines[i].x2 + 1;
}

/* ---- all ---- */

static void
layout_open(struct layout_work *w, const struct noc_plan *p)
{
	size_t n = p->undo_from < UINT16_MAX ? p->undo_from : UINT16_MAX;

	*w = (struct layout_work){ .plan = p, .n = n };
	w->l = noc_calloc(1, sizeof(*w->l));
	w->l->nodes = noc_calloc(n + 1, sizeof(*w->l->nodes));
	w->l->nnodes = n;
	w->out = noc_calloc(n + 1, sizeof(*w->out));
	w->in = noc_calloc(n + 1, sizeof(*w->in));
	w->kids = noc_calloc(n + 1, sizeof(*w->kids));
	w->scopes = noc_calloc(n + 1, sizeof(*w->scopes));
	w->layers = noc_calloc(n + 1, sizeof(*w->layers));
	w->least = noc_calloc(n + 1, sizeof(*w->least));
	w->fit = noc_calloc(n + 1, sizeof(*w->fit));
	w->wish = noc_calloc(n + 1, sizeof(*w->wish));
	w->shelf = noc_calloc(n + 1, sizeof(*w->shelf));
	w->crowded = noc_calloc(n + 1, sizeof(*w->crowded));
	w->exits = noc_calloc(n + 1, sizeof(*w->exits));
	w->entries = noc_calloc(n + 1, sizeof(*w->entries));
}

static void
layout_close(struct layout_work *w)
{
	free(w->out);
	free(w->in);
	free(w->ins);
	free(w->kids);
	free(w->scopes);
	free(w->layers);
	free(w->least);
	free(w->fit);
	free(w->wish);
	free(w->shelf);
	free(w->crowded);
	free(w->exits);
	free(w->entries);
	free(w->nets);
	free(w->ends);
}

struct noc_layout *
noc_layout_new(const struct noc_plan *p, int width)
{
	struct layout_work w;

	layout_open(&w, p);
	layout_tree(&w);
	layout_kids(&w);
	layout_edges(&w);
	layout_longest(&w);
	for (size_t s = 0; s <= w.n; s++)
		layout_last(&w, &w.scopes[s]);
	for (size_t s = 0; s <= w.n; s++)
		layout_layers(&w, &w.scopes[s]);
	layout_words(&w);
	/* Twice: which layers are wrapped makes words, and these want room. */
	layout_rooms(&w, width);
	layout_rooms(&w, width);
	noc_layout_nets(&w);
	layout_heights(&w);
	layout_absolute(&w);
	noc_layout_lines(&w);
	layout_width(&w);
	layout_close(&w);
	return w.l;
}

void
noc_layout_free(struct noc_layout *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->nnodes; i++) {
		free(l->nodes[i].title);
		free(l->nodes[i].text);
		free(l->nodes[i].after);
	}
	free(l->nodes);
	free(l->edges);
	free(l->lines);
	free(l->arrows);
	free(l);
}
