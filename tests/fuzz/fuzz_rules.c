/* SPDX-License-Identifier: ISC */
/*
 * A rule file made of the words of real ones, through the real loader: it ends
 * within its budget, and becomes a rule set or errors with their places.
 *
 * Of: engine/rule/build_*.c engine/rule/ruleset.c engine/flow/plan*.c
 * engine/flow/retry.c engine/lang/ast.c engine/lang/schema_check.c
 * engine/lang/schema_type.c engine/lang/schema_where.c engine/lua/load.c
 * engine/lua/node.c
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/mem.h"
#include "engine/rule/ruleset.h"
#include "actions/actions.h"
#include "tests/fuzz/tokens.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
			       unsigned int seed);

/* Far more than its instructions take, with sanitizers, too. */
#define CPU_MAX_S 20

static double
cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Each error names the file; one that is about a place names it. */
static void
check_errors(char *errors)
{
	char *save = NULL;

	NOC_REQUIRE(errors && *errors);
	NOC_REQUIRE(!strpbrk(errors, "\r\033"));
	for (char *line = strtok_r(errors, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		NOC_REQUIRE(strstr(line, "fuzz.lua") ||
			    !strcmp(line, "more errors are not shown"));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = noc_strndup((const char *)data, size), *errors = NULL;
	struct noc_ruleset *rs = NULL;
	struct noc_err err = { 0 };
	double began = cpu_s();
	int rc;

	noc_actions_register();
	rc = noc_ruleset_load_text("fuzz.lua", text, &rs, &errors, &err);
	NOC_REQUIRE(cpu_s() - began < CPU_MAX_S);
	if (rc == 0) {
		noc_ruleset_unref(rs);
	} else {
		NOC_REQUIRE(rc == NOC_ECONFIG && err.msg[0]);
		check_errors(errors);
		free(errors);
	}
	free(text);
	return 0;
}

size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
			unsigned int seed)
{
	static const char *const vocabulary[] = { "rules", "rules/lib",
						  "tests/data/lua",
						  "tests/fuzz/seeds/rules" };

	return tokens_mutate(data, size, max, seed, vocabulary,
			     NOC_COUNT(vocabulary));
}
