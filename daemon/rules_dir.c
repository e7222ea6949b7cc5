/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "daemon/rules_dir.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
