/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/flow/draw.h"

#include <string.h>

#include "engine/flow/layout.h"
#include "engine/flow/plan.h"

/* Graphviz lays it out itself: it gets the boxes, the words and the edges. */

static void
dot_escape(struct noc_strbuf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			noc_strbuf_addc(out, '\\');
		if (*text == '\n')
			noc_strbuf_adds(out, "\\l");
		else
			noc_strbuf_addc(out, *text);
	}
}

/* Title and rows, each ending a line on the left. */
static void
dot_label(struct noc_strbuf *out, const struct noc_layout_node *n)
{
	noc_strbuf_adds(out, "label=\"");
	dot_escape(out, n->title);
	noc_strbuf_adds(out, "\\l");
	dot_escape(out, n->text);
	noc_strbuf_adds(out, *n->text ? "\\l\"" : "\"");
}

static void
dot_node(struct noc_strbuf *out, const struct noc_layout_node *nodes, size_t i,
	 bool mutates)
{
	const char *colour = mutates ? ", color=\"#bc4c00\"" : "";

	if (nodes[i].box) {
		noc_strbuf_addf(out,
				"subgraph cluster_%zu {\nlabeljust=l;\n"
				"style=rounded;\n",
				i);
		dot_label(out, &nodes[i]);
		noc_strbuf_adds(out, ";\n");
		return;
	}
	noc_strbuf_addf(out, "n%zu [", i);
	dot_label(out, &nodes[i]);
	noc_strbuf_addf(out, "%s];\n", colour);
}

/* An edge of a box is one of a node in it, which ends at the box. */
static void
dot_edge(struct noc_strbuf *out, const struct noc_layout_node *nodes,
	 const struct noc_layout_edge *e)
{
	size_t from = nodes[e->from].end - 1, to = e->to;

	while (nodes[to].box)
		to++;
	noc_strbuf_addf(out, "n%zu -> n%zu [", from, to);
	if (nodes[e->from].box)
		noc_strbuf_addf(out, "ltail=cluster_%u, ", e->from);
	if (nodes[e->to].box)
		noc_strbuf_addf(out, "lhead=cluster_%u, ", e->to);
	if (e->on == NOC_ON_OK)
		noc_strbuf_adds(out, "style=solid];\n");
	else
		noc_strbuf_addf(out, "style=%s, color=\"%s\", label=\"%s\"];\n",
				e->on & NOC_ON_ALWAYS ? "dotted" : "dashed",
				e->on & NOC_ON_ALWAYS ? "#0969da" : "#cf222e",
				noc_layout_on_name(e->on));
}

void
noc_draw_dot(const struct noc_plan *p, struct noc_strbuf *out)
{
	struct noc_layout *l = noc_layout_new(p, NOC_DRAW_WIDTH);
	struct noc_strbuf name = NOC_STRBUF_INIT;

	noc_strbuf_add(&name, "", 0);
	if (p->name)
		noc_strbuf_add_escaped(&name, p->name, strlen(p->name));
	noc_strbuf_adds(out, "digraph \"");
	dot_escape(out, name.p);
	noc_strbuf_adds(out, "\" {\ncompound=true;\n"
			     "node [shape=box, fontname=\"monospace\", "
			     "fontsize=10];\n"
			     "graph [fontname=\"monospace\", fontsize=10];\n"
			     "edge [fontname=\"monospace\", fontsize=9];\n");
	for (size_t i = 0; i < l->nnodes; i++) {
		dot_node(out, l->nodes, i, p->steps[i].mutates);
		/* A leaf may be the last of several boxes. */
		for (size_t up = l->nodes[i].up;
		     !l->nodes[i].box && up != NOC_NODE_TOP &&
		     l->nodes[up].end == i + 1;
		     up = l->nodes[up].up)
			noc_strbuf_adds(out, "}\n");
	}
	for (size_t i = 0; i < l->nedges; i++)
		dot_edge(out, l->nodes, &l->edges[i]);
	noc_strbuf_adds(out, "}\n");
	noc_strbuf_release(&name);
	noc_layout_free(l);
}
