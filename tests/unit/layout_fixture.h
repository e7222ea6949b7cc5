/* SPDX-License-Identifier: ISC */
#ifndef NOC_TESTS_UNIT_LAYOUT_FIXTURE_H
#define NOC_TESTS_UNIT_LAYOUT_FIXTURE_H

#include "tests/unit/unit.h"

#include "base/mem.h"
#include "engine/flow/draw.h"
#include "engine/flow/layout.h"
#include "engine/flow/plan.h"

/* Plans made by hand: their places may be what no rule file can say. */
struct made {
	struct noc_plan plan;
	struct noc_step_def steps[64];
	struct noc_edge edges[64][16];
};

static inline size_t
made_add(struct made *m, enum noc_step_kind kind, const char *name)
{
	size_t i = m->plan.nsteps++;

	m->plan.undo_from = m->plan.nsteps;
	assert_true(i < NOC_COUNT(m->steps));
	m->plan.steps = m->steps;
	m->plan.name = "made";
	m->steps[i] = (struct noc_step_def){
		.kind = kind,
		.name = name,
		.up = NOC_NODE_TOP,
		.end = i + 1,
		.in = m->edges[i],
	};
	return i;
}

static inline size_t
made_step(struct made *m, const char *name)
{
	return made_add(m, NOC_STEP_ACTION, name);
}

/* What came since is in it. */
static inline void
made_close(struct made *m, size_t box)
{
	m->steps[box].end = m->plan.nsteps;
}

static inline void
made_after(struct made *m, size_t to, size_t from, unsigned on)
{
	assert_true(m->steps[to].nin < NOC_COUNT(m->edges[0]));
	m->edges[to][m->steps[to].nin++] =
	    (struct noc_edge){ (uint16_t)from, (uint8_t)on };
}

/* The drawing as text; returned. */
static inline char *
made_text(const struct noc_plan *p, int width, bool ascii, bool colour)
{
	const struct noc_draw_style style = { width, ascii, colour };
	struct noc_strbuf sb = NOC_STRBUF_INIT;

	noc_draw_text(p, &style, &sb);
	return noc_strbuf_detach(&sb, NULL);
}

/* A layout in which boxes hold what is theirs, nothing lies on anything else,
 * and lines lead exactly where edges do; returned. */
struct noc_layout *sound(const struct noc_plan *p, int width);

#endif
