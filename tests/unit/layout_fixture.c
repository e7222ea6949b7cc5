/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/layout_fixture.h"

/* ---- what must hold of every drawing ---- */

static void
boxes_hold(const struct noc_layout *l)
{
	for (size_t i = 0; i < l->nnodes; i++) {
		const struct noc_layout_node *n = &l->nodes[i], *up;

		assert_true(n->x >= 0 && n->y >= 0 && n->w >= 6 && n->h >= 2);
		assert_true(n->x + n->w <= l->w && n->y + n->h <= l->h);
		assert_true(n->end > i && n->end <= l->nnodes);
		if (n->up == NOC_NODE_TOP)
			continue;
		assert_true(n->up < i);
		up = &l->nodes[n->up];
		assert_true(up->box && n->end <= up->end);
		assert_true(n->x > up->x && n->x + n->w < up->x + up->w);
		assert_true(n->y > up->y + up->ntext + up->nafter &&
			    n->y + n->h < up->y + up->h);
	}
}

static void
none_overlap(const struct noc_layout *l)
{
	for (size_t i = 0; i < l->nnodes; i++)
		for (size_t k = 0; k < i; k++) {
			const struct noc_layout_node *a = &l->nodes[i];
			const struct noc_layout_node *b = &l->nodes[k];

			if (a->up == b->up)
				assert_true(a->x >= b->x + b->w ||
					    b->x >= a->x + a->w ||
					    a->y >= b->y + b->h ||
					    b->y >= a->y + a->h);
		}
}

/* One cell of lines: who passes it, and how. */
struct seen {
	size_t net[2];
	unsigned char ways[2]; /* 1 up, 2 down, 4 left, 8 right */
	int n;
	int node; /* whose border or inside it is, + 1; boxes: border only */
};

static struct seen *
seen_at(struct seen *at, const struct noc_layout *l, int x, int y)
{
	assert_true(x >= 0 && y >= 0 && x < l->w && y < l->h);
	return &at[(size_t)y * (size_t)l->w + (size_t)x];
}

static void
seen_nodes(struct seen *at, const struct noc_layout *l)
{
	for (size_t i = 0; i < l->nnodes; i++) {
		const struct noc_layout_node *n = &l->nodes[i];

		for (int y = n->y; y < n->y + n->h; y++)
			for (int x = n->x; x < n->x + n->w; x++)
				if (!n->box || y == n->y || x == n->x ||
				    y == n->y + n->h - 1 ||
				    x == n->x + n->w - 1)
					seen_at(at, l, x, y)->node = (int)i + 1;
	}
}

/* Two nets may only cross: one goes across, the other down. */
static void
seen_line(struct seen *at, const struct noc_layout *l,
	  const struct noc_layout_line *line)
{
	for (int y = line->y1; y <= line->y2; y++)
		for (int x = line->x1; x <= line->x2; x++) {
			struct seen *s = seen_at(at, l, x, y);
			int k = 0;

			while (k < s->n && s->net[k] != line->net)
				k++;
			assert_true(k < 2);
			if (k == s->n)
				s->net[s->n++] = line->net;
			s->ways[k] |= (unsigned char)((y > line->y1) |
						      (y < line->y2) << 1 |
						      (x > line->x1) << 2 |
						      (x < line->x2) << 3);
		}
}

static void
lines_clear(const struct noc_layout *l, struct seen *at)
{
	for (size_t i = 0; i < l->nlines; i++)
		seen_line(at, l, &l->lines[i]);
	for (int y = 0; y < l->h; y++)
		for (int x = 0; x < l->w; x++) {
			const struct seen *s = seen_at(at, l, x, y);

			if (s->n && s->node) { /* only where it begins */
				const struct noc_layout_node *n =
				    &l->nodes[s->node - 1];

				assert_int_equal(s->n, 1);
				assert_int_equal(s->ways[0], 2);
				assert_int_equal(y, n->y + n->h - 1);
			}
			if (s->n == 2)
				assert_true(
				    (s->ways[0] == 3 && s->ways[1] == 12) ||
				    (s->ways[0] == 12 && s->ways[1] == 3));
		}
}

/* Follows a net from where it leaves a node; marks what it comes to. */
static void
follow(const struct noc_layout *l, struct seen *at, size_t net, int x, int y,
       bool *been)
{
	static const int dx[] = { 0, 0, -1, 1 }, dy[] = { -1, 1, 0, 0 };
	size_t cell = (size_t)y * (size_t)l->w + (size_t)x;
	struct seen *s = seen_at(at, l, x, y);

	if (been[cell])
		return;
	been[cell] = true;
	for (int k = 0; k < s->n; k++)
		for (int way = 0; s->net[k] == net && way < 4; way++)
			if (s->ways[k] & 1 << way)
				follow(l, at, net, x + dx[way], y + dy[way],
				       been);
}

/* A second edge that asks for the same is the same line. */
static bool
edge_again(const struct noc_layout *l, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (l->edges[k].from == l->edges[i].from &&
		    l->edges[k].to == l->edges[i].to &&
		    l->edges[k].on == l->edges[i].on)
			return true;
	return false;
}

/* From each node the lines lead exactly where its drawn edges do. */
static void
lines_lead(const struct noc_layout *l, struct seen *at)
{
	size_t cells = (size_t)l->w * (size_t)l->h, drawn = 0, led = 0;

	for (size_t i = 0; i < l->nedges; i++)
		drawn += l->edges[i].drawn && !edge_again(l, i);
	for (size_t i = 0; i < l->nlines; i++) {
		const struct noc_layout_line *line = &l->lines[i];
		int from = seen_at(at, l, line->x1, line->y1)->node - 1;
		bool *been;

		if (from < 0)
			continue;
		been = noc_calloc(cells, sizeof(*been));
		follow(l, at, line->net, line->x1, line->y1, been);
		for (size_t a = 0; a < l->narrows; a++) {
			int x = l->arrows[a].x, y = l->arrows[a].y, to;
			bool found = false;

			to = seen_at(at, l, x, y + 1)->node - 1;
			assert_true(to >= 0 && l->nodes[to].y == y + 1);
			if (!been[(size_t)y * (size_t)l->w + (size_t)x])
				continue;
			for (size_t e = 0; e < l->nedges; e++)
				found |= l->edges[e].drawn &&
					 l->edges[e].from == from &&
					 l->edges[e].to == to &&
					 l->edges[e].on == line->on;
			assert_true(found);
			led++;
		}
		free(been);
	}
	assert_int_equal(led, drawn);
}

struct noc_layout *
sound(const struct noc_plan *p, int width)
{
	struct noc_layout *l = noc_layout_new(p, width);
	struct seen *at =
	    noc_calloc((size_t)l->w * (size_t)l->h + 1, sizeof(*at));

	assert_int_equal(l->nnodes, p->nsteps);
	boxes_hold(l);
	none_overlap(l);
	seen_nodes(at, l);
	lines_clear(l, at);
	lines_lead(l, at);
	free(at);
	return l;
}
