/* SPDX-License-Identifier: ISC */
#ifndef NOC_TESTS_UNIT_LIFE_FIXTURE_H
#define NOC_TESTS_UNIT_LIFE_FIXTURE_H

#include "tests/unit/correlate_fixture.h"
#include "tests/unit/store_state.h"

/* A core with a real writer that ends, or dies, and goes on from its rows. */

static inline void
life_open(struct fix *f, char *dir, struct noc_now now, const char *rules)
{
	struct noc_err err;

	memset(f, 0, sizeof(*f));
	f->now = now;
	f->state_dir = dir;
	f->writer = state_open(dir, NULL);
	fix_open(f, rules);
	if (noc_core_resume(f->core, dir, f->now, &err))
		fail_msg("resume: %s", err.msg);
	fix_pump(f);
}

static inline void
life_close(struct fix *f)
{
	if (!f->dead)
		cor_balance(f);
	else /* what it would still have said goes nowhere */
		noc_core_durable(f->core, UINT64_MAX);
	noc_writer_close(f->writer, 5000);
	fix_close(f);
}

/* It died: another process goes on, a tenth of a second later. */
static inline void
life_again(struct fix *f, char *dir, const char *rules)
{
	struct noc_now now = f->now;

	life_close(f);
	now.wall_ns += 100 * NOC_NS_PER_MS;
	now.boot_ns = 7 * NOC_NS_PER_S;
	life_open(f, dir, now, rules);
}

#endif
