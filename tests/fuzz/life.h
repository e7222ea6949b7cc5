/* SPDX-License-Identifier: ISC */
#ifndef NOC_TESTS_FUZZ_LIFE_H
#define NOC_TESTS_FUZZ_LIFE_H

#include "store/rows.h"
#include "engine/core/core.h"
#include "engine/edge/env.h"

/*
 * A whole core in virtual time, of one input: durable at once, its actions
 * answered by what the input says.  Zero it, set now, open it.
 */
struct life {
	struct noc_env env;
	struct noc_host host;
	struct noc_core *core;
	struct noc_now now;
	int64_t wake;
	uint64_t ticket;
	/* What every second call answers; the others cannot be begun. */
	const struct noc_value *answer;
	void (*on_row)(const struct noc_row *row, void *arg); /* or NULL */
	void *arg;
};

#define LIFE_WALL (1795515010 * NOC_NS_PER_S)
#define LIFE_BOOT (1000 * NOC_NS_PER_S)

/* Of these folders of the tree, loaded once; the log goes nowhere. */
struct noc_ruleset *life_rules(const char *const *folders, size_t n);
void life_open(struct life *l, struct noc_ruleset *rules); /* borrowed */
/* What is durable is let out, and what follows from it. */
void life_pump(struct life *l);
/* What is due in so many ms; only some of it, when there is no end to it. */
void life_go_on(struct life *l, int64_t ms);

#endif
