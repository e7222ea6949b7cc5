/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_FLOW_DRAW_H
#define NOC_ENGINE_FLOW_DRAW_H

#include <stdbool.h>

#include "base/strbuf.h"
#include "base/value.h"

/*
 * A plan for people and programs, one file a format (draw_*.c), all from one
 * layout (layout.h) and the same words (label.h).  Whatever a rule wrote is
 * escaped as the format wants it.  Any thread.
 */
struct noc_plan;

struct noc_draw_style {
	int width;   /* cells; a terminal's */
	bool ascii;  /* no character past 0x7e */
	bool colour; /* escape sequences of a terminal */
};
#define NOC_DRAW_WIDTH 80

void noc_draw_text(const struct noc_plan *p, const struct noc_draw_style *style,
		   struct noc_strbuf *out);
/* One XML document, without scripts or references to anything. */
void noc_draw_svg(const struct noc_plan *p, struct noc_strbuf *out);
/* Graphviz: a digraph, boxes as clusters. */
void noc_draw_dot(const struct noc_plan *p, struct noc_strbuf *out);
/* A flowchart, boxes as subgraphs. */
void noc_draw_mermaid(const struct noc_plan *p, struct noc_strbuf *out);
/* {"flow", "steps", "acting", "timeout", "input", "at"}: a row of a list,
 * returned. */
struct noc_value *noc_draw_row(const struct noc_plan *p);
/* The same with "hash", "output", "nodes", "edges", and the "width" and
 * "height" of the drawing in which they stand: returned. */
struct noc_value *noc_draw_value(const struct noc_plan *p);

#endif
