/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "cli/rules_open.h"

#include <stdlib.h>

#include "base/strbuf.h"
#include "daemon/lines.h"
#include "daemon/rules_dir.h"
#include "cli/verb.h"

#define RULES_DIRS_MAX 16

static struct noc_ruleset *
rules_open(const char *const *dirs, size_t ndirs, bool tests, int *status)
{
	struct noc_ruleset *rs = NULL;
	char *errors = NULL;
	struct noc_err err;

	*status = NOC_EXIT_OK;
	if (noc_ruleset_load(dirs, ndirs, tests, &rs, &errors, &err) == 0)
		return rs;
	if (errors && *errors) {
		noc_print_lines(errors);
		*status = NOC_EXIT_FAILED;
	} else {
		*status = noc_verb_fail(&err);
	}
	free(errors);
	return NULL;
}

struct noc_ruleset *
noc_rules_open(const char *dir, bool tests, int *status)
{
	return rules_open(&dir, 1, tests, status);
}

struct noc_ruleset *
noc_rules_open_args(const struct noc_value *opts, bool tests, char **said,
		    int *status)
{
	const struct noc_value *args = noc_value_get(opts, "args");
	const char *dirs[RULES_DIRS_MAX];
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	size_t n = noc_value_len(args);

	if (n > RULES_DIRS_MAX)
		n = RULES_DIRS_MAX;
	for (size_t i = 0; i < n; i++)
		dirs[i] = noc_value_at(args, i)->u.s.p;
	if (!n)
		dirs[n++] = noc_rules_dir(NULL);
	for (size_t i = 0; i < n; i++)
		noc_strbuf_addf(&sb, "%s%s", i ? " " : "", dirs[i]);
	*said = noc_strbuf_detach(&sb, NULL);
	return rules_open(dirs, n, tests, status);
}
