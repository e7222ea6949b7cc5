/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_CORE_CORE_H
#define NOC_ENGINE_CORE_CORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "base/table.h"
#include "store/load.h"
#include "store/txn.h"
#include "engine/inventory/inventory.h"
#include "engine/edge/action.h"
#include "engine/edge/sensor.h"
#include "engine/rule/ruleset.h"
#include "engine/core/part.h"
#include "engine/core/steady.h"

/*
 * The deterministic core: (state, input, now) -> (state, txn, effects).  It
 * owns all live state and never reads a clock, a file or a socket.  The
 * daemon and `nocturne test` drive the same functions with different hosts.
 *
 * One input: begin -> handlers change memory, add records and rows to
 * noc_core_txn(core), and queue effects -> end: the txn (when not empty) goes
 * to host->submit and the effects are released once its ticket is durable.
 */
struct noc_host {
	/* Own the txn; return its ticket.  Never blocks. */
	uint64_t (*submit)(struct noc_txn *txn, void *arg);
	/* The earliest timer is now due at this boottime (INT64_MAX: none). */
	void (*wake)(int64_t due_boot_ns, void *arg);
	/* Carry out a call whose intent is durable. */
	int (*call)(struct noc_call *call, struct noc_err *err, void *arg);
	void (*cancel)(struct noc_call *call, void *arg);
	/* One line for whoever watches: an event's fate, a notice. */
	void (*line)(const char *text, void *arg);
	void *arg;
};

struct noc_core_options {
	struct noc_env *env;
	const struct noc_host *host;
	/* Of NOC_PART_COUNT rows (engine/parts.h); borrowed, static. */
	const struct noc_part_ops *const *parts;
	bool virtual_time;   /* nocturne test, backtest */
	uint8_t boot_id[16]; /* of the machine; zero: not known */
};

struct noc_core *noc_core_new(const struct noc_core_options *opt);
void noc_core_free(struct noc_core *core);

/* Before the loop starts: definitions, live rows, runs (engine/run/resume.c).
 */
int noc_core_resume(struct noc_core *core, const char *state_dir,
		    struct noc_now now, struct noc_err *err);

/* A live row, or what is in it, cannot be read: said, and all parts are told;
 * it stays where it is. */
void noc_core_unreadable(struct noc_core *core, const char *kind,
			 const char *key);

/* ---- inputs (each one begin..end) ---- */
void noc_core_ruleset(struct noc_core *core, struct noc_ruleset *rs,
		      const char *actor, struct noc_now now); /* ref owned */
/* The writer has begun another file: all rows once more. */
void noc_core_store(struct noc_core *core, struct noc_now now);
void noc_core_inventory(struct noc_core *core, struct noc_inventory *inv,
			struct noc_now now);		      /* ref owned */
void noc_core_now(struct noc_core *core, struct noc_now now); /* virtual */
/* Now of this turn: the loop's, or the virtual one. */
struct noc_now noc_core_turn(const struct noc_core *core);
void noc_core_durable(struct noc_core *core, uint64_t ticket);
/* Events come by noc_sensor_emit, results of calls by call->on_done, people by
 * noc_core_command (engine/core/command.h). */
/* Load of the writer, 0..1, for back-pressure and shedding. */
void noc_core_pressure(struct noc_core *core, double fill, bool failing);

/* ---- inside one input: for the engine's own files ---- */
void noc_core_begin(struct noc_core *core, struct noc_now now);
void noc_core_end(struct noc_core *core);
struct noc_now noc_core_time(const struct noc_core *core);
struct noc_txn *noc_core_txn(struct noc_core *core); /* of this input */
/*
 * fn(arg) once this input's txn is durable (at once when nothing was
 * written), in order.  It runs outside any input and may begin one.  When the
 * core ends before, drop(arg) instead; NULL: arg is somebody's who frees it.
 */
void noc_core_effect(struct noc_core *core, void (*fn)(void *arg),
		     void (*drop)(void *arg), void *arg);
/* fn(arg) at the end of this input, in its txn, in order: what would otherwise
 * reach into what is being worked on.  What comes of it may defer again; from
 * the 65th on they are effects, so that no input lasts for ever. */
void noc_core_defer(struct noc_core *core, void (*fn)(void *arg),
		    void (*drop)(void *arg), void *arg);
struct noc_ruleset *noc_core_rules(const struct noc_core *core);
struct noc_inventory *noc_core_inv(const struct noc_core *core);
struct noc_env *noc_core_env(const struct noc_core *core);
const struct noc_host *noc_core_host(const struct noc_core *core);

/* The sources of a tree, for who may need them later; false: too large. */
bool noc_core_write_tree(struct noc_core *core, const struct noc_ruleset *rs);

double noc_core_fill(const struct noc_core *core); /* writer queue, 0..1 */
bool noc_core_failing(const struct noc_core *core);

/* Everything countable as a value, for /metrics, status and tests. */
struct noc_value *noc_core_stats(struct noc_core *core);

void *noc_core_part(const struct noc_core *core, enum noc_part part);

#endif
