/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "daemon/hint.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

char *
noc_hint_path(const char *path, const char *here)
{
	char full[PATH_MAX], cwd[PATH_MAX];
	size_t len;

	if (!realpath(path, full) || !getcwd(cwd, sizeof(cwd)))
		return noc_strdup(path);
	len = strlen(cwd);
	if (strcmp(cwd, "/") && !strncmp(full, cwd, len) && full[len] == '/')
		return noc_asprintf("%s%s", here, full + len + 1);
	return noc_strdup(path);
}

/* The first program of that name in $PATH is the one that a shell runs. */
static bool
hint_is_found(const char *name, const char *self)
{
	const char *path = getenv("PATH");

	while (path) {
		size_t len = strcspn(path, ":");
		char *file = noc_asprintf("%.*s/%s", len ? (int)len : 1,
					  len ? path : ".", name);
		char full[PATH_MAX];
		struct stat st;
		bool runs = !stat(file, &st) && S_ISREG(st.st_mode) &&
			    !access(file, X_OK);
		bool ours = runs && realpath(file, full) && !strcmp(full, self);

		free(file);
		if (runs)
			return ours;
		path = path[len] ? path + len + 1 : NULL;
	}
	return false;
}

char *
noc_hint_program(void)
{
	char self[PATH_MAX], *path, *plain;

	if (!realpath("/proc/self/exe", self) ||
	    hint_is_found("nocturne", self))
		return noc_strdup("nocturne");
	path = noc_hint_path(self, "");
	if (strchr(path, '/'))
		return path;
	/* A word without a slash would be looked up in $PATH. */
	plain = path;
	path = noc_asprintf("./%s", plain);
	free(plain);
	return path;
}

void
noc_hint_add(struct noc_strbuf *sb, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789%+,-./:=@_";

	if (sb->len)
		noc_strbuf_addc(sb, ' ');
	if (*word && !word[strspn(word, plain)]) {
		noc_strbuf_adds(sb, word);
		return;
	}
	noc_strbuf_addc(sb, '\'');
	for (; *word; word++) {
		if (*word == '\'')
			noc_strbuf_adds(sb, "'\\'");
		noc_strbuf_addc(sb, *word);
	}
	noc_strbuf_addc(sb, '\'');
}
