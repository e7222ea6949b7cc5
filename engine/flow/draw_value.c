/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/flow/draw.h"

#include <string.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/mem.h"
#include "engine/flow/input.h"
#include "engine/flow/label.h"
#include "engine/flow/layout.h"
#include "engine/flow/plan.h"

/* The graph for programs: `index` is that of the rows of steps. */

static struct noc_value *
value_lines(const char *text)
{
	struct noc_value *list = noc_value_list();

	for (size_t len; *text; text += len + (text[len] == '\n')) {
		len = strcspn(text, "\n");
		noc_value_push(list, noc_value_strn(text, len));
	}
	return list;
}

static void
value_each(struct noc_value *row, const struct noc_each_def *e)
{
	struct noc_value *waves = noc_value_list();

	noc_value_set(row, "limit", noc_value_int(e->limit));
	if (e->need == NOC_NEED_ALL)
		noc_value_set(row, "need", noc_value_str("all"));
	else if (e->need == NOC_NEED_PERCENT)
		noc_value_set(row, "need",
			      noc_value_strf("%lld%%", (long long)e->need_n));
	else
		noc_value_set(row, "need", noc_value_int(e->need_n));
	for (size_t i = 0; i < e->nwaves; i++)
		noc_value_push(
		    waves,
		    e->waves[i].kind == NOC_WAVE_REST
			? noc_value_str("rest")
			: noc_value_strf(
			      "%lld%s", (long long)e->waves[i].n,
			      e->waves[i].kind == NOC_WAVE_PERCENT ? "%" : ""));
	noc_value_set(row, "waves", waves);
}

static struct noc_value *
value_node(const struct noc_step_def *s, const struct noc_layout_node *n,
	   size_t i)
{
	struct noc_value *row = noc_value_map();
	struct noc_strbuf says = NOC_STRBUF_INIT;

	noc_label_text(s, &says);
	noc_value_set(row, "index", noc_value_int((int64_t)i));
	noc_value_set(row, "kind", noc_value_str(noc_step_kind_name(s->kind)));
	noc_value_set(row, "name", noc_value_str(s->name ? s->name : ""));
	noc_value_set(row, "up",
		      n->up == NOC_NODE_TOP ? noc_value_nil()
					    : noc_value_int((int64_t)n->up));
	noc_value_set(row, "end", noc_value_int((int64_t)n->end));
	if (s->action)
		noc_value_set(row, "action", noc_value_str(s->action));
	if (s->call)
		noc_value_set(row, "call", noc_value_str(s->call));
	if (s->each)
		value_each(row, s->each);
	noc_value_set(row, "mutates", noc_value_bool(s->mutates));
	noc_value_set(row, "conditional",
		      noc_value_bool(s->when || s->when_fn));
	noc_value_set(row, "undo", noc_value_bool(s->undo != NULL));
	if (s->at)
		noc_value_set(row, "at", noc_value_str(s->at));
	noc_value_set(row, "says", value_lines(says.p));
	noc_value_set(row, "layer", noc_value_int(n->layer));
	noc_value_set(row, "row", noc_value_int(n->row));
	noc_value_set(row, "x", noc_value_int(n->x));
	noc_value_set(row, "y", noc_value_int(n->y));
	noc_value_set(row, "w", noc_value_int(n->w));
	noc_value_set(row, "h", noc_value_int(n->h));
	noc_strbuf_release(&says);
	return row;
}

struct noc_value *
noc_draw_row(const struct noc_plan *p)
{
	struct noc_value *row = noc_value_map();
	char text[32];

	noc_value_set(row, "flow", noc_value_str(p->name ? p->name : ""));
	noc_value_set(row, "steps", noc_value_int((int64_t)p->nsteps));
	noc_value_set(row, "acting", noc_value_bool(p->acting));
	noc_value_set(row, "timeout",
		      noc_value_str(noc_duration_format(text, p->timeout_ms)));
	if (p->input)
		noc_value_set(row, "input", noc_input_shown(p->input));
	if (p->nsteps && p->steps[0].at)
		noc_value_set(row, "at", noc_value_str(p->steps[0].at));
	return row;
}

struct noc_value *
noc_draw_value(const struct noc_plan *p)
{
	struct noc_layout *l = noc_layout_new(p, NOC_DRAW_WIDTH);
	struct noc_value *v = noc_draw_row(p);
	struct noc_value *nodes = noc_value_list(), *edges = noc_value_list();
	char hash[2 * sizeof(p->hash) + 1];

	for (size_t i = 0; i < l->nnodes; i++)
		noc_value_push(nodes,
			       value_node(&p->steps[i], &l->nodes[i], i));
	for (size_t i = 0; i < l->nedges; i++) {
		struct noc_value *e = noc_value_map();

		noc_value_set(e, "from", noc_value_int(l->edges[i].from));
		noc_value_set(e, "to", noc_value_int(l->edges[i].to));
		noc_value_set(
		    e, "on", noc_value_str(noc_layout_on_name(l->edges[i].on)));
		noc_value_push(edges, e);
	}
	noc_value_set(v, "hash",
		      noc_value_str(noc_hex(hash, p->hash, sizeof(p->hash))));
	if (p->output)
		noc_value_set(v, "output", noc_value_copy(p->output));
	noc_value_set(v, "nodes", nodes);
	noc_value_set(v, "edges", edges);
	noc_value_set(v, "width", noc_value_int(l->w));
	noc_value_set(v, "height", noc_value_int(l->h));
	noc_layout_free(l);
	return v;
}
