/* SPDX-License-Identifier: ISC */
#ifndef NOC_TESTS_UNIT_SCHEDULE_FIXTURE_H
#define NOC_TESTS_UNIT_SCHEDULE_FIXTURE_H

#include "tests/unit/life_fixture.h"

/* A core with schedules that is stopped, killed, or whose clock is set. */
#define S(n)  ((n)*NOC_NS_PER_S)
#define HOURS 3600LL

/* Noon of a day that is not over for the writer's retention. */
static inline struct noc_now
noon(void)
{
	int64_t day = noc_clock_read().wall_ns / S(24 * HOURS);

	return (struct noc_now){ day * S(24 * HOURS) + S(12 * HOURS), S(5000),
				 0 };
}

static inline void
open_at(struct fix *f, char *dir, struct noc_now now, uint8_t boot,
	const char *rules)
{
	struct noc_err err;

	memset(f, 0, sizeof(*f));
	f->now = now;
	f->state_dir = dir;
	memset(f->boot_id, boot, sizeof(f->boot_id));
	f->writer = state_open(dir, NULL);
	fix_open(f, rules);
	if (noc_core_resume(f->core, dir, f->now, &err))
		fail_msg("resume: %s", err.msg);
	fix_pump(f);
}

enum gap {
	STALL,	/* stopped, then it goes on */
	DOWN,	/* not running, in the same boot */
	REBOOT, /* not running, over a reboot */
	STEP,	/* the wall clock is set forward by so much */
};
static const char *const gaps[] = { "stall", "down", "reboot", "step" };

static inline void
gap(struct fix *f, char *dir, enum gap how, int64_t s, const char *rules)
{
	struct noc_now now = f->now;

	now.wall_ns += S(s);
	if (how == STALL)
		now.boot_ns += S(s);
	if (how == STALL || how == STEP) {
		f->now = now;
		noc_core_now(f->core, f->now);
		fix_advance(f, 0);
		fix_advance(f, 1);
		return;
	}
	life_close(f);
	now.boot_ns = how == REBOOT ? S(7) : now.boot_ns + S(s);
	open_at(f, dir, now, how == REBOOT ? 2 : 1, rules);
}

static inline int64_t
counted(struct fix *f, const char *name)
{
	struct noc_value *stats = noc_core_stats(f->core);
	int64_t n = noc_value_get_int(stats, name, -1);

	noc_value_free(stats);
	return n;
}

#endif
