/* SPDX-License-Identifier: ISC */
#ifndef NOC_TESTS_UNIT_UNDO_FIXTURE_H
#define NOC_TESTS_UNIT_UNDO_FIXTURE_H

#include "tests/unit/flow_fixture.h"

/* Flow "f", whose steps nobody answers but the test, over deaths. */

struct undo {
	struct fix f;
	char *dir, *rules; /* owned */
};

/* Not begun yet. */
static inline void
undo_open(struct undo *u, const char *text, const struct flow_says *says)
{
	memset(u, 0, sizeof(*u));
	u->dir = state_make();
	u->rules = noc_asprintf(FLOW_WORDS "%s", text);
	flow_forget();
	flow_world.says = says;
	flow_world.holds = true;
	life_world = on_flow_world;
	life_open(&u->f, u->dir, noc_clock_read(), u->rules);
}

static inline void
undo_dies(struct undo *u)
{
	life_dies(&u->f, u->dir, u->rules);
}

/* All that is out is answered, and all that waits comes, to its end. */
static inline void
undo_goes_on(struct undo *u)
{
	for (int i = 0; (u->f.ncalls || fix_runs(&u->f)) && i < 1000; i++) {
		if (u->f.ncalls)
			flow_reply(&u->f, 0);
		else
			fix_advance(&u->f, 100);
	}
}

static inline void
undo_close(struct undo *u)
{
	life_done(&u->f, u->dir);
	free(u->rules);
	flow_forget();
}

#endif
