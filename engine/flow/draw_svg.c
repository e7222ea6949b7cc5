/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/flow/draw.h"

#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "engine/flow/label.h"
#include "engine/flow/layout.h"
#include "engine/flow/plan.h"

#define CELL_W	  8
#define CELL_H	  16
#define SVG_WIDTH 160 /* cells */
#define SVG_EDGE  16  /* px around */

struct svg {
	struct noc_strbuf *out;
	int top; /* of the drawing, below the words about the flow */
};

/* XML 1.0 has no U+FFFE, U+FFFF and no controls (those are escaped before). */
static void
svg_escape(struct noc_strbuf *out, const char *p, size_t len)
{
	uint32_t cp;

	for (size_t k; len; p += k, len -= k) {
		k = noc_utf8_decode(p, len, &cp);
		if (!k || cp == 0xfffe || cp == 0xffff || cp < 0x20) {
			noc_strbuf_adds(out, "\xef\xbf\xbd");
			k = k ? k : 1;
		} else if (cp == '&') {
			noc_strbuf_adds(out, "&amp;");
		} else if (cp == '<') {
			noc_strbuf_adds(out, "&lt;");
		} else if (cp == '>') {
			noc_strbuf_adds(out, "&gt;");
		} else if (cp == '"') {
			noc_strbuf_adds(out, "&quot;");
		} else if (cp == '\'') {
			noc_strbuf_adds(out, "&apos;");
		} else {
			noc_strbuf_add(out, p, k);
		}
	}
}

static int
svg_x(int cell)
{
	return SVG_EDGE + cell * CELL_W + CELL_W / 2;
}

static int
svg_y(const struct svg *s, int cell)
{
	return s->top + cell * CELL_H + CELL_H / 2;
}

static void
svg_text(const struct svg *s, int x, int y, const char *how, const char *p,
	 size_t len)
{
	noc_strbuf_addf(s->out, "<text x=\"%d\" y=\"%d\"%s>", x, y, how);
	svg_escape(s->out, p, len);
	noc_strbuf_adds(s->out, "</text>\n");
}

static void
svg_rows(const struct svg *s, int x, int y, const char *how, const char *text)
{
	for (size_t len; *text; text += len + (text[len] == '\n')) {
		len = strcspn(text, "\n");
		svg_text(s, x, y, how, text, len);
		y += CELL_H;
	}
}

static void
svg_node(const struct svg *s, const struct noc_layout_node *n, bool mutates)
{
	int x = svg_x(n->x), y = svg_y(s, n->y);
	int words = svg_x(n->x + 2) - CELL_W / 2;
	struct noc_strbuf title = NOC_STRBUF_INIT;

	noc_strbuf_addf(s->out,
			"<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" "
			"rx=\"%d\" fill=\"%s\" stroke=\"%s\"/>\n",
			x, y, (n->w - 1) * CELL_W, (n->h - 1) * CELL_H,
			n->box ? 8 : 3, n->box ? "#f6f8fa" : "#ffffff",
			mutates	 ? "#bc4c00"
			: n->box ? "#8c959f"
				 : "#57606a");
	noc_label_cut(n->title, n->w - 4, &title);
	svg_text(s, words, y + CELL_H - 4,
		 mutates ? " font-weight=\"bold\" fill=\"#bc4c00\""
			 : " font-weight=\"bold\"",
		 title.p, title.len);
	noc_strbuf_release(&title);
	y += 2 * CELL_H - 4;
	svg_rows(s, words, y, "", n->text);
	svg_rows(s, words, y + n->ntext * CELL_H, " fill=\"#cf222e\"",
		 n->after);
}

static const char *
svg_stroke(unsigned on)
{
	return on & NOC_ON_ALWAYS
		   ? "stroke=\"#0969da\" stroke-dasharray=\"2 3\""
	       : on & NOC_ON_FAILED
		   ? "stroke=\"#cf222e\" stroke-dasharray=\"6 3\""
		   : "stroke=\"#57606a\"";
}

static void
svg_lines(const struct svg *s, const struct noc_layout *l)
{
	for (size_t i = 0; i < l->nlines; i++) {
		const struct noc_layout_line *line = &l->lines[i];

		noc_strbuf_addf(
		    s->out, "<path d=\"M%d %dL%d %d\" fill=\"none\" %s/>\n",
		    svg_x(line->x1), svg_y(s, line->y1), svg_x(line->x2),
		    svg_y(s, line->y2), svg_stroke(line->on));
	}
	for (size_t i = 0; i < l->narrows; i++) {
		const struct noc_layout_arrow *a = &l->arrows[i];
		int x = svg_x(a->x), y = svg_y(s, a->y);

		noc_strbuf_addf(s->out,
				"<path d=\"M%d %dL%d %dL%d %dz\" "
				"fill=\"%s\"/>\n",
				x - 4, y + CELL_H / 2, x + 4, y + CELL_H / 2, x,
				y + CELL_H,
				a->on & NOC_ON_ALWAYS	? "#0969da"
				: a->on & NOC_ON_FAILED ? "#cf222e"
							: "#57606a");
		noc_strbuf_addf(s->out, "<path d=\"M%d %dv%d\" %s/>\n", x, y,
				CELL_H / 2, svg_stroke(a->on));
	}
}

void
noc_draw_svg(const struct noc_plan *p, struct noc_strbuf *out)
{
	struct noc_layout *l = noc_layout_new(p, SVG_WIDTH);
	struct noc_strbuf says = NOC_STRBUF_INIT, rows = NOC_STRBUF_INIT;
	struct svg s = { .out = out };
	const char *name = p->name ? p->name : "?";
	int w = l->w > NOC_DRAW_WIDTH ? l->w : NOC_DRAW_WIDTH;

	noc_strbuf_add_escaped(&says, name, strlen(name));
	noc_label_flow(p, &says);
	s.top =
	    SVG_EDGE + CELL_H / 2 + CELL_H * noc_label_wrap(says.p, w, &rows);
	noc_strbuf_addf(
	    out,
	    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" "
	    "height=\"%d\" viewBox=\"0 0 %d %d\" "
	    "font-family=\"monospace\" font-size=\"12\">\n<title>",
	    2 * SVG_EDGE + w * CELL_W, s.top + l->h * CELL_H + SVG_EDGE,
	    2 * SVG_EDGE + w * CELL_W, s.top + l->h * CELL_H + SVG_EDGE);
	svg_escape(out, says.p, strcspn(says.p, "\n"));
	noc_strbuf_adds(out, "</title>\n<rect width=\"100%\" height=\"100%\" "
			     "fill=\"#ffffff\"/>\n");
	svg_rows(&s, SVG_EDGE, SVG_EDGE + CELL_H - 4, "", rows.p);
	for (size_t i = 0; i < l->nnodes; i++)
		svg_node(&s, &l->nodes[i], p->steps[i].mutates);
	svg_lines(&s, l);
	noc_strbuf_adds(out, "</svg>\n");
	noc_strbuf_release(&says);
	noc_strbuf_release(&rows);
	noc_layout_free(l);
}
