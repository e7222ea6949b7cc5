/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/flow/draw.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "engine/flow/label.h"
#include "engine/flow/layout.h"
#include "engine/flow/plan.h"

/* A grid of cells, then the grid as lines. */

enum { UP = 1, DOWN = 2, LEFT = 4, RIGHT = 8 };
#define CELL_TAKEN 0x110000 /* by the character before it */
#define CELL_MARKS 16
#define BOX_NET	   ((size_t)-1) /* of a border; an edge begins there */

enum ink { INK_PLAIN, INK_NAME, INK_LINE, INK_BOX, INK_CHANGES, INK_FAILED };

struct cell {
	uint32_t cp; /* a character, or 0 */
	uint8_t nmarks;
	const char *marks; /* bytes that stand on it: the text's */
	uint8_t ways;	   /* where lines go from here; UP ... */
	uint8_t on;	   /* which edge it is; 0: a border */
	uint8_t ink;
	size_t net;
};

struct grid {
	struct cell *at;
	int w, h;
};

static struct cell *
grid_cell(struct grid *g, int x, int y)
{
	static struct cell outside;

	if (x < 0 || y < 0 || x >= g->w || y >= g->h)
		return &outside;
	return &g->at[(size_t)y * (size_t)g->w + (size_t)x];
}

/* One character in the cells that it takes; what has none of its own stands on
 * the one before. */
static void
grid_sign(struct grid *g, int x, int y, const char *p, size_t len,
	  struct cell cell)
{
	int w = noc_utf8_width(cell.cp);
	struct cell *before = grid_cell(g, x - 1, y);

	if (w) {
		*grid_cell(g, x, y) = cell;
		cell.cp = CELL_TAKEN;
		if (w > 1)
			*grid_cell(g, x + 1, y) = cell;
		return;
	}
	if (before->cp == CELL_TAKEN)
		before = grid_cell(g, x - 2, y);
	if (!before->nmarks)
		before->marks = p;
	/* A tower of them is cut. */
	if (before->marks + before->nmarks == p &&
	    before->nmarks + len <= CELL_MARKS)
		before->nmarks += (uint8_t)len;
}

/* At most n cells; how many were written. */
static int
grid_text(struct grid *g, int x, int y, const char *p, size_t len, int n,
	  enum ink ink)
{
	size_t fit = noc_utf8_fit(p, len, n), k;
	struct cell cell = { .ink = (uint8_t)ink };
	int written = 0;
	bool cut = fit < len;

	if (n < 1)
		return 0;
	if (cut)
		fit = noc_utf8_fit(p, len, n - 1);
	for (size_t at = 0; at < fit; at += k) {
		k = noc_utf8_decode(p + at, fit - at, &cell.cp);
		if (!k)
			k = 1, cell.cp = '?';
		if (written || noc_utf8_width(cell.cp))
			grid_sign(g, x + written, y, p + at, k, cell);
		written += noc_utf8_width(cell.cp);
	}
	cell.cp = 0x2026;
	if (cut)
		*grid_cell(g, x + written++, y) = cell;
	return written;
}

/* ---- boxes ---- */

static void
grid_way(struct grid *g, int x, int y, unsigned ways, enum ink ink)
{
	struct cell *c = grid_cell(g, x, y);

	c->ways |= (uint8_t)ways;
	c->ink = (uint8_t)ink;
	c->net = BOX_NET;
}

static void
grid_rows(struct grid *g, int x, int y, const char *text, int n, enum ink ink)
{
	for (size_t len; *text; text += len + (text[len] == '\n')) {
		len = strcspn(text, "\n");
		grid_text(g, x, y++, text, len, n, ink);
	}
}

static void
grid_box(struct grid *g, const struct noc_layout_node *n, bool mutates)
{
	enum ink ink = n->box ? INK_BOX : INK_LINE;
	int right = n->x + n->w - 1, low = n->y + n->h - 1, used;

	for (int x = n->x; x <= right; x++) {
		unsigned ways =
		    (x > n->x ? LEFT : 0u) | (x < right ? RIGHT : 0u);

		grid_way(g, x, n->y, ways, ink);
		grid_way(g, x, low, ways, ink);
	}
	for (int y = n->y; y <= low; y++) {
		unsigned ways = (y > n->y ? UP : 0u) | (y < low ? DOWN : 0u);

		grid_way(g, n->x, y, ways, ink);
		grid_way(g, right, y, ways, ink);
	}
	used = grid_text(g, n->x + 3, n->y, n->title, strlen(n->title),
			 n->w - 6, mutates ? INK_CHANGES : INK_NAME);
	grid_text(g, n->x + 2, n->y, " ", 1, 1, INK_PLAIN);
	grid_text(g, n->x + 3 + used, n->y, " ", 1, 1, INK_PLAIN);
	grid_rows(g, n->x + 2, n->y + 1, n->text, n->w - 4, INK_PLAIN);
	grid_rows(g, n->x + 2, n->y + 1 + n->ntext, n->after, n->w - 4,
		  INK_FAILED);
}

/* ---- lines ---- */

static void
grid_line(struct grid *g, const struct noc_layout_line *l)
{
	for (int y = l->y1; y <= l->y2; y++)
		for (int x = l->x1; x <= l->x2; x++) {
			struct cell *c = grid_cell(g, x, y);
			unsigned ways =
			    (x > l->x1 ? LEFT : 0u) | (x < l->x2 ? RIGHT : 0u) |
			    (y > l->y1 ? UP : 0u) | (y < l->y2 ? DOWN : 0u);

			if (c->ways && c->net == BOX_NET) {
				c->ways |= DOWN;
				continue;
			}
			/* Where two nets cross, the one that goes down is
			 * whole. */
			if (c->ways && c->net != l->net &&
			    (c->ways & (UP | DOWN)))
				continue;
			if (c->net != l->net)
				c->ways = 0;
			c->ways |= (uint8_t)ways;
			c->net = l->net;
			c->on = l->on;
			c->ink = l->on == NOC_ON_OK ? INK_LINE : INK_FAILED;
		}
}

static uint32_t
cell_sign(const struct cell *c, bool ascii)
{
	static const uint16_t signs[16] = {
		' ',	0x2502, 0x2502, 0x2502, 0x2500, 0x2518, 0x2510, 0x2524,
		0x2500, 0x2514, 0x250c, 0x251c, 0x2500, 0x2534, 0x252c, 0x253c,
	};
	bool across = (c->ways & (LEFT | RIGHT)) != 0;
	bool down = (c->ways & (UP | DOWN)) != 0;

	if (c->cp == CELL_TAKEN)
		return ascii ? '?' : c->cp;
	if (c->cp)
		return !ascii || c->cp < 0x7f ? c->cp
		       : c->cp == 0x25bc      ? 'v'
		       : c->cp == 0x2026      ? '~'
					      : '?';
	if (across && down)
		return ascii ? '+' : signs[c->ways];
	if (!across && !down)
		return ' ';
	if (c->on & NOC_ON_ALWAYS)
		return ascii ? (down ? ':' : '.') : (down ? 0x250a : 0x2508);
	if (c->on & NOC_ON_FAILED)
		return ascii ? (down ? '!' : '~') : (down ? 0x254e : 0x254c);
	return ascii ? (down ? '|' : '-') : signs[c->ways];
}

/* ---- out ---- */

static void
put_sign(struct noc_strbuf *out, uint32_t cp)
{
	if (cp < 0x80) {
		noc_strbuf_addc(out, (char)cp);
	} else if (cp < 0x800) {
		noc_strbuf_addc(out, (char)(0xc0 | cp >> 6));
		noc_strbuf_addc(out, (char)(0x80 | (cp & 0x3f)));
	} else if (cp < 0x10000) {
		noc_strbuf_addc(out, (char)(0xe0 | cp >> 12));
		noc_strbuf_addc(out, (char)(0x80 | (cp >> 6 & 0x3f)));
		noc_strbuf_addc(out, (char)(0x80 | (cp & 0x3f)));
	} else {
		noc_strbuf_addc(out, (char)(0xf0 | cp >> 18));
		noc_strbuf_addc(out, (char)(0x80 | (cp >> 12 & 0x3f)));
		noc_strbuf_addc(out, (char)(0x80 | (cp >> 6 & 0x3f)));
		noc_strbuf_addc(out, (char)(0x80 | (cp & 0x3f)));
	}
}

static void
put_ink(struct noc_strbuf *out, unsigned ink)
{
	static const char *const codes[] = {
		[INK_PLAIN] = "\033[0m",	[INK_NAME] = "\033[0;1m",
		[INK_LINE] = "\033[0;2m",	[INK_BOX] = "\033[0;36m",
		[INK_CHANGES] = "\033[0;1;33m", [INK_FAILED] = "\033[0;31m",
	};

	noc_strbuf_adds(out, codes[ink]);
}

static void
grid_put(struct grid *g, const struct noc_draw_style *style,
	 struct noc_strbuf *out)
{
	for (int y = 0; y < g->h; y++) {
		unsigned ink = INK_PLAIN;
		int end = g->w;

		while (end && cell_sign(grid_cell(g, end - 1, y), true) == ' ')
			end--;
		for (int x = 0; x < end; x++) {
			const struct cell *c = grid_cell(g, x, y);
			uint32_t sign = cell_sign(c, style->ascii);

			if (style->colour && sign != ' ' && c->ink != ink) {
				ink = c->ink;
				put_ink(out, ink);
			}
			if (sign == CELL_TAKEN)
				continue;
			put_sign(out, sign);
			if (!style->ascii)
				noc_strbuf_add(out, c->marks, c->nmarks);
		}
		if (ink != INK_PLAIN)
			put_ink(out, INK_PLAIN);
		noc_strbuf_addc(out, '\n');
	}
}

/* What the flow says of itself, as a block of text above. */
static void
text_head(const struct noc_plan *p, const struct noc_draw_style *style,
	  struct noc_strbuf *out)
{
	struct noc_strbuf says = NOC_STRBUF_INIT, rows = NOC_STRBUF_INIT;
	struct grid g = { .w = style->width };
	const char *name = p->name ? p->name : "?";

	noc_strbuf_adds(&says, "flow ");
	noc_strbuf_add_escaped(&says, name, strlen(name));
	noc_label_flow(p, &says);
	g.h = noc_label_wrap(says.p, g.w, &rows);
	g.at = noc_calloc((size_t)g.w * (size_t)g.h, sizeof(*g.at));
	grid_rows(&g, 0, 0, rows.p, g.w, INK_PLAIN);
	for (int x = 5; x < g.w; x++)
		grid_cell(&g, x, 0)->ink = INK_NAME;
	grid_put(&g, style, out);
	free(g.at);
	noc_strbuf_release(&says);
	noc_strbuf_release(&rows);
}

void
noc_draw_text(const struct noc_plan *p, const struct noc_draw_style *style,
	      struct noc_strbuf *out)
{
	struct noc_layout *l = noc_layout_new(p, style->width);
	struct grid g = { .w = l->w, .h = l->h };

	g.at = noc_calloc((size_t)g.w * (size_t)g.h + 1, sizeof(*g.at));
	for (size_t i = 0; i < l->nnodes; i++)
		grid_box(&g, &l->nodes[i], p->steps[i].mutates);
	for (size_t i = 0; i < l->nlines; i++)
		grid_line(&g, &l->lines[i]);
	for (size_t i = 0; i < l->narrows; i++)
		*grid_cell(&g, l->arrows[i].x, l->arrows[i].y) = (struct cell){
			.cp = 0x25bc,
			.ink = l->arrows[i].on == NOC_ON_OK ? INK_LINE
							    : INK_FAILED,
		};
	text_head(p, style, out);
	grid_put(&g, style, out);
	free(g.at);
	noc_layout_free(l);
}
