/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/flow/draw.h"

#include <string.h>

#include "engine/flow/layout.h"
#include "engine/flow/plan.h"

/* Mermaid lays it out itself: it gets the boxes, the words and the edges. */

/* What could end a label, or begin markup in it, by its number. */
static void
mermaid_escape(struct noc_strbuf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\n')
			noc_strbuf_adds(out, "<br/>");
		else if (strchr("\"#<>&`\\;%", *text))
			noc_strbuf_addf(out, "#%d;", *text);
		else
			noc_strbuf_addc(out, *text);
	}
}

static void
mermaid_node(struct noc_strbuf *out, const struct noc_layout_node *n, size_t i)
{
	noc_strbuf_addf(out, "%sn%zu[\"", n->box ? "subgraph " : "", i);
	mermaid_escape(out, n->title);
	if (*n->text)
		noc_strbuf_adds(out, "<br/>");
	mermaid_escape(out, n->text);
	noc_strbuf_adds(out, n->box ? "\"]\ndirection TB\n" : "\"]\n");
}

void
noc_draw_mermaid(const struct noc_plan *p, struct noc_strbuf *out)
{
	struct noc_layout *l = noc_layout_new(p, NOC_DRAW_WIDTH);

	noc_strbuf_adds(out, "flowchart TD\n");
	for (size_t i = 0; i < l->nnodes; i++) {
		mermaid_node(out, &l->nodes[i], i);
		for (size_t up = l->nodes[i].up;
		     !l->nodes[i].box && up != NOC_NODE_TOP &&
		     l->nodes[up].end == i + 1;
		     up = l->nodes[up].up)
			noc_strbuf_adds(out, "end\n");
	}
	for (size_t i = 0; i < l->nedges; i++) {
		const struct noc_layout_edge *e = &l->edges[i];

		if (e->on == NOC_ON_OK)
			noc_strbuf_addf(out, "n%u --> n%u\n", e->from, e->to);
		else
			noc_strbuf_addf(out, "n%u -.->|%s| n%u\n", e->from,
					noc_layout_on_name(e->on), e->to);
	}
	noc_layout_free(l);
}
