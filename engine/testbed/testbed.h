/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_TESTBED_TESTBED_H
#define NOC_ENGINE_TESTBED_TESTBED_H

#include <stdbool.h>

#include "base/value.h"
#include "engine/rule/ruleset.h"

/*
 * The host behind `nocturne test`: a core of its own under virtual time, a
 * disk that is durable at once, stubs for actions, and a timeline of events
 * and expectations.  No clock, no socket, no file: two runs of one test give
 * the same transcript byte for byte.  Not a simulator of networks: what an
 * action answers is what the test says.  Any one thread, one test at a time.
 */
struct noc_testbed_result {
	const char *name, *at; /* of the test; borrowed from the rule set */
	bool ok;
	int64_t virtual_ms;	     /* how far its clock went */
	struct noc_value *failures;  /* list of texts: "file:line: ..." */
	struct noc_value *remarks;   /* the same, and no failures */
	struct noc_value *decisions; /* list of maps, in order */
	char *transcript;	     /* everything journaled, a line each */
};

/* test: one of rs->tests.  Rules that it lists as active are active while it
 * runs.  result is filled; freed by noc_testbed_result_clear. */
void noc_testbed_run(struct noc_ruleset *rs, const struct noc_value *test,
		     struct noc_testbed_result *result);
void noc_testbed_result_clear(struct noc_testbed_result *result);

#endif
