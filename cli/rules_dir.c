/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "cli/rules_dir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/verb.h"

static bool
is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

const char *
noc_rules_dir(const char *said)
{
	if (said && *said)
		return said;
	return is_directory("rules") ? "rules" : NOC_RULES_DIR;
}

struct noc_ruleset *
noc_rules_open(const char *dir, bool tests, int *status)
{
	const char *dirs[] = { dir };
	struct noc_ruleset *rs = NULL;
	struct noc_strbuf text = NOC_STRBUF_INIT;
	char *errors = NULL;
	struct noc_err err;

	*status = NOC_EXIT_OK;
	if (noc_ruleset_load(dirs, 1, tests, &rs, &errors, &err) == 0)
		return rs;
	if (errors && *errors) {
		for (char *p = errors; *p;) {
			size_t n = strcspn(p, "\n");

			noc_strbuf_clear(&text);
			noc_strbuf_add_escaped(&text, p, n);
			fprintf(stderr, "%s\n", text.p ? text.p : "");
			p += n + (p[n] == '\n');
		}
		noc_strbuf_release(&text);
		*status = NOC_EXIT_FAILED;
	} else {
		*status = noc_verb_fail(&err);
	}
	free(errors);
	return NULL;
}
