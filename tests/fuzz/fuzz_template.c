/* SPDX-License-Identifier: ISC */
/*
 * Templates: any text is taken or refused, and one that is taken expands.
 *
 * Of: engine/expr/template.c engine/expr/scope.c
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "engine/expr/scope.h"
#include "engine/expr/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
on_path(const char *path, size_t len, void *arg)
{
	size_t *n = arg;

	NOC_REQUIRE(len > 0 && path != NULL);
	++*n;
}

static void
expand(const struct noc_template *t, const struct noc_scope *scope)
{
	struct noc_strbuf text = NOC_STRBUF_INIT;
	struct noc_value *v = NULL;
	struct noc_err err;
	size_t paths = 0;

	noc_template_paths(t, on_path, &paths);
	NOC_REQUIRE(noc_template_is_literal(t) == (paths == 0));
	NOC_REQUIRE(
	    noc_template_text(t, scope, NOC_MISSING_MARK, &text, &err) == 0);
	noc_strbuf_release(&text);
	if (noc_template_value(t, scope, NOC_MISSING_FAIL, &v, &err) == 0)
		noc_value_free(v);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char values[] =
	    "{\"a\":\"x\",\"n\":7,\"r\":1.5,\"l\":[1,\"{a}\",null],\"m\":{\"k\":"
	    "true},\"s\":\"\\u00e9\\n\"}";
	struct noc_event ev = { .kind = "k", .base = "k" };
	struct noc_scope scope = { .ev = &ev };
	struct noc_template *t = NULL;
	struct noc_value *v = NULL;
	struct noc_err err;

	if (noc_json_parse(values, sizeof(values) - 1, &v, &err))
		abort();
	scope.extra = scope.steps = scope.input = v;
	if (noc_template_parse((const char *)data, size, &t, &err) == 0)
		expand(t, &scope);
	noc_template_free(t);
	noc_value_free(v);
	return 0;
}
