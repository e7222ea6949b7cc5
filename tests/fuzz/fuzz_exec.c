/* SPDX-License-Identifier: ISC */
/*
 * What a program left: its exit status, a byte of flags, then its output and,
 * after a line "--", its errors.  Whatever it is becomes a result that is
 * JSON, and an error of a known class that says something.
 *
 * Of: actions/exec_answer.c
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "actions/exec_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct noc_value *
options(uint8_t flags)
{
	static const char *const formats[] = { "auto", "json", "text", "?" };
	struct noc_value *v = NULL;
	struct noc_err err;
	static const char exits[] =
	    "{\"exit\":{\"3\":\"transient\",\"4\":5,\"75\":\"permanent\"}}";

	if (flags & 4)
		return NULL;
	if (noc_json_parse(exits, sizeof(exits) - 1, &v, &err))
		abort();
	noc_value_set(v, "format", noc_value_str(formats[flags & 3]));
	return v;
}

static void
check_result(const struct noc_exec_answer *a, const struct noc_value *v)
{
	struct noc_value *back = NULL;
	struct noc_err err;
	char *text = noc_json_string(v, NOC_JSON_CANONICAL);
	const char *format = noc_value_get_str(a->opts, "format", "auto");

	NOC_REQUIRE(noc_json_parse_own(text, strlen(text), &back, &err) == 0);
	noc_value_free(back);
	free(text);
	NOC_REQUIRE(noc_value_get(v, "stdout") && noc_value_get(v, "stderr"));
	NOC_REQUIRE(noc_value_get(v, "exit")->u.i >= 0);
	NOC_REQUIRE(noc_value_get_bool(v, "truncated", false) == a->cut);
	NOC_REQUIRE(strcmp(format, "text") || !noc_value_get(v, "json"));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data, *mark;
	struct noc_exec_answer a = { .program = "probe" };
	struct noc_value *opts, *v;
	struct noc_call_error e = { 0 };
	bool failed;

	if (size < 2)
		return 0;
	/* A signal, or a code: what waitpid says of one that has ended. */
	a.status = data[1] & 8 ? 1 + data[0] % 64 : data[0] << 8;
	a.cut = data[1] & 16;
	a.opts = opts = options(data[1]);
	mark = memmem(p + 2, size - 2, "\n--\n", 4);
	a.out = noc_slice(p + 2, mark ? (size_t)(mark - p) - 2 : size - 2);
	if (mark)
		a.err = noc_slice(mark + 4, (size_t)(p + size - mark) - 4);
	v = noc_exec_answer(&a, &failed, &e);
	check_result(&a, v);
	NOC_REQUIRE(failed || a.status == 0);
	NOC_REQUIRE(!failed || (noc_class_find(e.class) && e.message[0] &&
				e.code[0] && e.block[0]));
	noc_value_free(v);
	noc_value_free(opts);
	return 0;
}
