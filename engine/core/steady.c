/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/core/steady.h"

#include <string.h>

#include "base/hex.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/load.h"
#include "engine/event/event.h"
#include "engine/core/core_private.h"
#include "engine/core/record.h"
#include "engine/core/steady_private.h"

/*
 * Its live row holds one reading of the three clocks and the boot they were
 * read in.  It goes into a commit that is made anyway, or into one of its own
 * when there was none for long: after a reboot with a clock that is behind, the
 * line goes on from there.
 */
#define STEADY_KIND   "clock"
#define STEADY_KEY    "steady"
#define STEADY_ROW_NS (10 * NOC_NS_PER_S)
#define STEADY_OLD_NS (60 * NOC_NS_PER_S)
#define STEADY_STEP   NOC_NS_PER_S /* less is no step */

/* What is damaged is far away, not on the other side. */
static int64_t
steady_add(int64_t a, int64_t b)
{
	int64_t sum;

	if (__builtin_add_overflow(a, b, &sum))
		return b > 0 ? INT64_MAX : INT64_MIN;
	return sum;
}

static int64_t
steady_sub(int64_t a, int64_t b)
{
	int64_t rest;

	if (__builtin_sub_overflow(a, b, &rest))
		return b < 0 ? INT64_MAX : INT64_MIN;
	return rest;
}

int64_t
noc_steady_of_boot(const struct noc_core *core, int64_t boot_ns)
{
	return steady_add(boot_ns, core->steady.offset_ns);
}

int64_t
noc_steady_boot(const struct noc_core *core, int64_t steady_ns)
{
	return steady_sub(steady_ns, core->steady.offset_ns);
}

int64_t
noc_steady_now(const struct noc_core *core)
{
	return noc_steady_of_boot(core, core->now.boot_ns);
}

/* The two clocks are not read at the very same moment. */
static int64_t
steady_whole(int64_t ns)
{
	return (ns / NOC_NS_PER_MS + (ns % NOC_NS_PER_MS >= NOC_NS_PER_MS / 2) -
		(ns % NOC_NS_PER_MS <= -NOC_NS_PER_MS / 2)) *
	       NOC_NS_PER_MS;
}

/* How far the wall clock is ahead of the line. */
static int64_t
steady_ahead(const struct noc_core *core)
{
	return steady_sub(core->now.wall_ns, noc_steady_now(core));
}

/* As it was told last: whole milliseconds, and the same at each look. */
int64_t
noc_steady_wall(const struct noc_core *core, int64_t steady_ns)
{
	return steady_add(steady_ns, core->steady.ahead_ns);
}

int64_t
noc_steady_of_wall(const struct noc_core *core, int64_t wall_ns)
{
	return steady_sub(wall_ns, steady_ahead(core));
}

/* One that was read back knows the wall clock only. */
int64_t
noc_steady_of_event(const struct noc_core *core, const struct noc_event *ev)
{
	return ev->received_boot_ns
		   ? noc_steady_of_boot(core, ev->received_boot_ns)
		   : noc_steady_of_wall(core, ev->received_ns);
}

/* ---- where it begins ---- */

void
noc_steady_begin(struct noc_core *core)
{
	struct noc_steady *s = &core->steady;

	if (s->begun)
		return;
	s->begun = true;
	s->offset_ns = steady_sub(core->now.wall_ns, core->now.boot_ns);
}

static bool
steady_boot_known(const struct noc_core *core)
{
	static const uint8_t unknown[sizeof(core->boot_id)];

	return memcmp(core->boot_id, unknown, sizeof(unknown)) != 0;
}

static void
steady_go_on(struct noc_core *core, const struct noc_value *row)
{
	int64_t steady = noc_ns_sane(noc_value_get_int(row, "steady", 0));
	int64_t boot = noc_ns_sane(noc_value_get_int(row, "boottime", 0));
	int64_t wall = noc_ns_sane(noc_value_get_int(row, "wall", 0));
	int64_t ahead = wall - steady;
	struct noc_steady *s = &core->steady;
	char hex[33];
	int64_t now;

	if (!steady || !wall) /* no reading */
		return;
	noc_hex(hex, core->boot_id, sizeof(core->boot_id));
	if (steady_boot_known(core) && boot <= core->now.boot_ns &&
	    !strcmp(noc_value_get_str(row, "boot", ""), hex)) {
		s->offset_ns = steady_sub(steady, boot);
	} else {
		now = steady_sub(core->now.wall_ns, ahead);
		if (now < steady)
			now = steady;
		s->offset_ns = steady_sub(now, core->now.boot_ns);
	}
	s->ahead_ns = steady_whole(ahead);
}

int
noc_steady_resume(struct noc_core *core, const char *state_dir,
		  struct noc_err *err)
{
	struct noc_value *row = NULL;
	int r = noc_load_live(state_dir, STEADY_KIND, STEADY_KEY, &row, err);

	if (row)
		steady_go_on(core, row);
	noc_value_free(row);
	return r;
}

bool
noc_steady_is_row(const char *kind)
{
	return !strcmp(kind, STEADY_KIND);
}

static void
steady_store(struct noc_core *core, struct noc_txn *txn)
{
	struct noc_value *row = noc_value_map();
	char hex[33];

	core->steady.stored_boot_ns = core->now.boot_ns;
	noc_hex(hex, core->boot_id, sizeof(core->boot_id));
	noc_value_set(row, "boot", noc_value_str(hex));
	noc_value_set(row, "boottime", noc_value_int(core->now.boot_ns));
	noc_value_set(row, "steady", noc_value_int(noc_steady_now(core)));
	noc_value_set(row, "wall", noc_value_int(core->now.wall_ns));
	noc_txn_live_put(txn, STEADY_KIND, STEADY_KEY, 0, row);
	noc_value_free(row);
}

static bool
steady_is_old(const struct noc_core *core, int64_t age_ns)
{
	const struct noc_steady *s = &core->steady;

	return core->resumed && steady_boot_known(core) &&
	       (!s->stored_boot_ns ||
		core->now.boot_ns - s->stored_boot_ns >= age_ns);
}

void
noc_steady_end(struct noc_core *core, struct noc_txn *txn)
{
	if (steady_is_old(core, STEADY_ROW_NS))
		steady_store(core, txn);
}

/* ---- the wall clock was set ---- */

static void
steady_step(struct noc_core *core, int64_t by_ns)
{
	struct noc_steady *s = &core->steady;
	struct noc_value *said = noc_value_map();
	int64_t ms = steady_whole(by_ns) / NOC_NS_PER_MS;

	s->ahead_ns = steady_whole(steady_ahead(core));
	s->steps++;
	s->step_ms = ms;
	s->stepped_ns = core->now.wall_ns;
	s->stored_boot_ns = 0; /* goes with this record */
	noc_value_set(said, "verb", noc_value_str("clock.step"));
	noc_value_set(said, "actor", noc_value_str("clock"));
	noc_value_set(said, "by_ms", noc_value_int(ms));
	noc_core_admin(core, said);
	noc_value_free(said);
	noc_warn("clock", "the wall clock was set by_ms=%lld", (long long)ms);
	noc_due_clock_set(core);
	for (int i = 0; i < NOC_PART_COUNT; i++)
		if (core->ops[i]->clock_set)
			core->ops[i]->clock_set(core, core->parts[i], ms);
}

void
noc_steady_look(struct noc_core *core)
{
	int64_t by = steady_sub(steady_ahead(core), core->steady.ahead_ns);

	if (by >= STEADY_STEP || by <= -STEADY_STEP)
		steady_step(core, by);
}

void
noc_core_clock(struct noc_core *core, struct noc_now now)
{
	if (!core->steady.begun)
		return;
	noc_core_begin(core, now);
	noc_steady_look(core);
	if (steady_is_old(core, STEADY_OLD_NS))
		steady_store(core, noc_core_txn(core));
	noc_core_end(core);
}

void
noc_steady_stats(const struct noc_core *core, struct noc_value *map)
{
	const struct noc_steady *s = &core->steady;
	struct noc_value *v = noc_value_map();
	char iso[32];

	noc_value_set(v, "steps", noc_value_int((int64_t)s->steps));
	if (s->steps) {
		noc_value_set(v, "last_ms", noc_value_int(s->step_ms));
		noc_value_set(v, "last",
			      noc_value_str(noc_time_iso(iso, s->stepped_ns)));
	}
	noc_value_set(map, "clock", v);
}
