/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "actions/exec_argv.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/strbuf.h"

#define EXEC_ARGS_MAX 256

void
noc_exec_argv_free(char **argv)
{
	for (size_t i = 0; argv && argv[i]; i++)
		free(argv[i]);
	free(argv);
}

char **
noc_exec_argv(const struct noc_value *items, int64_t timeout_ms,
	      struct noc_err *err)
{
	size_t n = noc_value_len(items), at = 0;
	char **argv;

	if (n == 0 || n > EXEC_ARGS_MAX) {
		noc_err_set(err, NOC_EINPUT,
			    "exec needs a program and at most %d arguments.",
			    EXEC_ARGS_MAX);
		return NULL;
	}
	argv = noc_calloc(n + NOC_EXEC_HELPER_ARGS + 1, sizeof(char *));
	argv[at++] = noc_strdup("nocturne");
	argv[at++] = noc_strdup("--exec-helper");
	argv[at++] = noc_asprintf("%lld", (long long)(timeout_ms / 1000 + 1));
	argv[at++] = noc_strdup("1024");
	for (size_t i = 0; i < n; i++) {
		struct noc_strbuf sb = NOC_STRBUF_INIT;

		noc_value_text(noc_value_at(items, i), &sb);
		if (sb.p && memchr(sb.p, '\0', sb.len)) {
			noc_err_set(err, NOC_EINPUT,
				    "Argument %zu of exec holds a NUL byte.",
				    i);
			noc_strbuf_release(&sb);
			noc_exec_argv_free(argv);
			return NULL;
		}
		argv[at++] = noc_strbuf_detach(&sb, NULL);
	}
	return argv;
}
