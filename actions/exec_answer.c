/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "actions/exec_answer.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/json.h"

static const char *
answer_class(const struct noc_exec_answer *a, int code)
{
	const struct noc_value *map = noc_value_get(a->opts, "exit");
	const char *said;
	char text[16];

	snprintf(text, sizeof(text), "%d", code);
	said = noc_class_find(noc_value_get_str(map, text, NULL));
	if (said)
		return said;
	switch (code) { /* sysexits.h */
	case 75:
		return "transient";
	case 69:
		return "dependency_unavailable";
	default:
		return "permanent";
	}
}

/* ok = 2, or a list of such. */
static bool
answer_ok(const struct noc_value *ok, int code)
{
	if (!ok)
		return code == 0;
	if (ok->type == NOC_INT)
		return ok->u.i == code;
	for (size_t i = 0; i < noc_value_len(ok); i++)
		if (answer_ok(noc_value_at(ok, i), code))
			return true;
	return false;
}

static struct noc_value *
answer_value(const struct noc_exec_answer *a, int code, const char *format)
{
	struct noc_value *v = noc_value_map(), *json = NULL;
	size_t len = a->out.len;

	noc_value_set(v, "exit", noc_value_int(code));
	if (strcmp(format, "text") && len &&
	    noc_json_parse(a->out.p, len, &json, NULL) == 0)
		noc_value_set(v, "json", json);
	while (len && a->out.p[len - 1] == '\n')
		len--;
	noc_value_set(v, "stdout", noc_value_strn(len ? a->out.p : "", len));
	noc_value_set(v, "stderr",
		      noc_value_strn(a->err.len ? a->err.p : "", a->err.len));
	if (a->cut)
		noc_value_set(v, "truncated", noc_value_bool(true));
	return v;
}

/* Up to the end of the line. */
static int
answer_line(struct noc_slice text)
{
	const char *nl = text.len ? memchr(text.p, '\n', text.len) : NULL;

	return (int)(nl ? (size_t)(nl - text.p) : text.len);
}

struct noc_value *
noc_exec_answer(const struct noc_exec_answer *a, bool *failed,
		struct noc_call_error *e)
{
	const char *format = noc_value_get_str(a->opts, "format", "auto");
	int code = WIFEXITED(a->status) ? WEXITSTATUS(a->status)
					: 128 + WTERMSIG(a->status);
	struct noc_value *v = answer_value(a, code, format);
	char text[32];

	*failed = true;
	snprintf(text, sizeof(text), "exit %d", code);
	if (WIFSIGNALED(a->status))
		noc_call_error_set(e, "in_doubt", "executor", text,
				   "%s was ended by signal %d", a->program,
				   WTERMSIG(a->status));
	else if (!answer_ok(noc_value_get(a->opts, "ok"), code))
		noc_call_error_set(e, answer_class(a, code), "executor", text,
				   "%s ended with code %d: %.*s", a->program,
				   code, answer_line(a->err),
				   a->err.len ? a->err.p : "");
	else if (!strcmp(format, "json") && !noc_value_get(v, "json"))
		noc_call_error_set(e, "permanent", "executor", "format",
				   "its output is not JSON");
	else
		*failed = false;
	return v;
}
