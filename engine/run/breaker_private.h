/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RUN_BREAKER_PRIVATE_H
#define NOC_ENGINE_RUN_BREAKER_PRIVATE_H

#include "engine/run/breaker.h"
#include "engine/run/run.h"

/*
 * The inside of the breakers, for breaker.c and breaker_command.c; callers
 * use noc_breaker_allows and noc_breaker_result (engine/run/breaker.h).
 *
 * A breaker is keyed by family@target: the family is the action's name up to
 * its first dot, so that snmp.get and snmp.set of one agent count together
 * ("snmp@sw1"); the target is the device, or the host of a URL, or the program
 * of exec.  family@* is that of the family alone.  A target opens after 3
 * failures in a row or when at least half of at least 5 calls in 300 s failed.
 * A family opens when it is our own side that is ill: when 10 different targets
 * have failed in 300 s and nobody has answered meanwhile.  Whose cause is not
 * authenticated says nothing of it: who forges may choose ten that are away.
 * Only what says "nobody there" is a failure
 * (transient, timeout, dependency_unavailable, in_doubt); a refusal is an
 * answer.  A slow call, one that took more than four fifths of its time-out,
 * counts with those that failed of 5, not with those in a row.
 */
#define NOC_BREAKER_SLOTS   30
#define NOC_BREAKER_SLOT_NS (10 * NOC_NS_PER_S)
/* The longest that a person may say. */
#define NOC_BREAKER_FOR_MAX_MS (7 * 24 * 60 * 60 * 1000LL)

struct noc_breaker {
	char *key, *family, *target;
	enum noc_breaker_state state;
	uint64_t generation;
	int64_t until_ns;  /* steady: end of open, lease or expiry */
	unsigned opened;   /* times in a row: the exponent */
	unsigned in_a_row; /* failures */
	int64_t row_ns;	   /* steady: until when they count */
	int64_t slot_at;
	struct {
		unsigned ok, failed;
	} slots[NOC_BREAKER_SLOTS];
	struct noc_table silent; /* of a family: target -> struct noc_silent */
	char why[128];
	char actor[64];
};

/* A target that failed, and nobody has answered since. */
struct noc_silent {
	int64_t boot_ns;
};

struct noc_breakers { /* the part */
	struct noc_core *core;
	struct noc_table table;
	uint64_t generation; /* of all, rising */
	size_t sweep_at;
	uint64_t trips, refused, slow;
};

extern const char *const noc_breaker_state_names[];

/* Made when it is not there yet. */
struct noc_breaker *noc_breaker_get(struct noc_core *core, const char *action,
				    const char *target);
/* Record, live row and new generation.  for_ms 0: no end. */
void noc_breaker_set(struct noc_core *core, struct noc_breaker *b,
		     enum noc_breaker_state state, int64_t for_ms,
		     const char *why);
/* For people; returned. */
struct noc_value *noc_breaker_value(const struct noc_core *core,
				    const struct noc_breaker *b);
extern const struct noc_part_answer noc_breaker_answers[];
void noc_breaker_stats(struct noc_core *core, void *part,
		       struct noc_value *map);

#endif
