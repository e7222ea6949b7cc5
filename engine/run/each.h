/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RUN_EACH_H
#define NOC_ENGINE_RUN_EACH_H

#include "engine/run/live.h"
#include "store/load.h"

/*
 * A fan-out: its list is frozen when it begins; an item is a lane while it is
 * under way, and then two bytes and what is collected of it.  Loop thread,
 * inside an input.
 */
struct noc_each;
struct noc_failure;

#define NOC_EACH_ITEMS_MAX 10000

void noc_each_begin(struct noc_live *l);
/* Loaded from what a run had that this one is a fork of. */
void noc_each_fork(struct noc_live *l);
void noc_each_time(struct noc_live *l); /* until when, from step_ns */
/* For that: its limit and need as the plan says them, and where templates did,
 * as they were. */
void noc_each_numbers(const struct noc_each_def *def,
		      const struct noc_value *was, struct noc_value *live);
void noc_each_lane_over(struct noc_lane *lane);
void noc_each_cancel(struct noc_live *l, const char *why);
void noc_each_expire(struct noc_live *l, const struct noc_failure *f);
bool noc_each_is_cancelled(const struct noc_each *e);
bool noc_each_due(struct noc_live *l);	/* false: its timeout is over */
void noc_each_free(struct noc_each *e); /* NULL is accepted */
void noc_each_store(struct noc_each *e, struct noc_value *live);
/* By people; NULL: as it is.  EINPUT: the range; ECONFLICT: it is decided. */
int noc_each_set(struct noc_live *l, const int64_t *limit, const char *need,
		 struct noc_err *err);
void noc_each_on(struct noc_live *l); /* by what was set; it may be gone */
/* The file is another one: its list is to be in it, too. */
void noc_each_store_anew(struct noc_each *e);
/* The list in the row; returned, NULL: it is lost. */
struct noc_value *noc_each_frozen(const struct noc_run *r,
				  const struct noc_value *live);
/* What was to be undone of it has been. */
void noc_each_undone(struct noc_each *e);
void noc_each_restore(struct noc_live *l); /* as advance.h has it */
void noc_each_go_on(struct noc_live *l);
void noc_each_load(struct noc_live *l, const struct noc_value *live);

/* What `over` gives: returned.  Where this wave of n items ends; 0 is the
 * first. */
int noc_each_over(const struct noc_core *core, const struct noc_value *over,
		  const struct noc_scope *scope, struct noc_value **items,
		  struct noc_err *err);
size_t noc_each_wave_end(const struct noc_each_def *def, size_t n, size_t wave);

/* Of one that has a lane: what is around it, and itself by its name. */
const struct noc_value *noc_each_item(const struct noc_each *e, size_t i);
/* What is around an item of it, and the item by its name; returned. */
struct noc_value *noc_each_extra(const struct noc_lane *around, const char *as,
				 const struct noc_value *item);

/* For people: {"running", "waiting", "items": [{"item", "path", "key",
 * "started_ns"}]}, of those under way; returned, NULL: no each of this run, by
 * its id or the beginning of it, is open at this path. */
struct noc_value *noc_each_look(const struct noc_core *core, const char *run,
				const char *path);

/* The row of one of its items, in lane. */
void noc_each_load_item(struct noc_lane *lane, size_t node,
			const struct noc_step_row *row);
/* The lane of the item of this key; NULL: none such.  Not begun: it is. */
struct noc_lane *noc_each_lane(struct noc_each *e, const char *key, size_t len);

/* Of the items that are open, and of the check. */
void noc_each_lanes(struct noc_each *e, void (*fn)(struct noc_lane *, void *),
		    void *arg);
/* Of those that ended and can be undone, and of the last check. */
void noc_each_ended_lanes(struct noc_each *e,
			  void (*fn)(struct noc_lane *, void *), void *arg);
/* A list as it stands in the row, "live", of the each of this path. */
void noc_each_freeze(const struct noc_run *r, const char *path,
		     const struct noc_value *items, struct noc_value *live);
/* Rows of items that ended, unless they are there. */
void noc_each_keep_items(const struct noc_each *e);

#endif
