/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "cli/rules_dir.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/verb.h"

#define RULES_DIRS_MAX 16

static bool
is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Of a build that nobody installed: beside the program, or beside the
 * directory that it was built in. */
static const char *
rules_beside(void)
{
	static char path[PATH_MAX];
	char exe[PATH_MAX - 16], *slash;
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	if (n <= 0)
		return NULL;
	exe[n] = '\0';
	for (int up = 0; up < 2 && (slash = strrchr(exe, '/')); up++) {
		*slash = '\0';
		snprintf(path, sizeof(path), "%s/rules/lib", exe);
		if (is_directory(path)) {
			*strrchr(path, '/') = '\0';
			return path;
		}
	}
	return NULL;
}

const char *
noc_rules_dir(const char *said)
{
	const char *beside;

	if (said && *said)
		return said;
	if (is_directory("rules"))
		return "rules";
	beside = is_directory(NOC_RULES_DIR) ? NULL : rules_beside();
	return beside ? beside : NOC_RULES_DIR;
}

static struct noc_ruleset *
rules_open(const char *const *dirs, size_t ndirs, bool tests, int *status)
{
	struct noc_ruleset *rs = NULL;
	struct noc_strbuf text = NOC_STRBUF_INIT;
	char *errors = NULL;
	struct noc_err err;

	*status = NOC_EXIT_OK;
	if (noc_ruleset_load(dirs, ndirs, tests, &rs, &errors, &err) == 0)
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
