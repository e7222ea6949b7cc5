/* SPDX-License-Identifier: ISC */
/*
 * Conditions: any JSON is compiled or refused; what is compiled says the same
 * of an event whether it is asked or explained, and never matches less than
 * what the index was told.
 *
 * Of: engine/expr/where*.c engine/expr/literal.c
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "engine/expr/where.h"
#include "engine/expr/where_test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
ask(const struct noc_where *w, const struct noc_event *ev,
    const struct noc_value *steps)
{
	struct noc_scope scope = { .ev = ev, .steps = steps };
	struct noc_strbuf why = NOC_STRBUF_INIT;
	bool matched = noc_where_match(w, &scope);

	NOC_REQUIRE(noc_where_explain(w, &scope, &why) == matched);
	NOC_REQUIRE(matched ? why.len == 0 : why.len > 0);
	for (size_t i = 0; matched && i < w->root.nkids; i++) {
		const struct noc_cond *c = &w->root.kids[i];
		struct noc_slice must = { NULL, 0 };

		if (c->op == NOC_COND_TEST && !strcmp(c->path, "summary"))
			must = noc_test_literal(&c->test);
		NOC_REQUIRE(!must.len || memmem(ev->summary.p, ev->summary.len,
						must.p, must.len));
	}
	noc_strbuf_release(&why);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char values[] =
	    "{\"ifname\":\"Gi1/0/1\",\"n\":7,\"r\":-2.5,\"l\":[\"a\",\"b\"],"
	    "\"ip\":\"192.0.2.1\",\"oid\":\"1.3.6.1\",\"b\":true}";
	struct noc_event ev = { .kind = "k", .base = "k", .severity = 3 };
	struct noc_where *w = NULL;
	struct noc_value *tree = NULL, *steps = NULL;
	struct noc_err err;

	if (noc_json_parse((const char *)data, size, &tree, &err))
		return 0;
	if (noc_json_parse(values, sizeof(values) - 1, &ev.data, &err))
		abort();
	steps = noc_value_copy(ev.data);
	ev.device = noc_slice_str("sw1");
	ev.summary = noc_slice_str("Interface Gi1/0/1, changed state to down");
	ev.time_ns = 1767951000LL * 1000000000;
	if (noc_where_compile(tree, NULL, "f:1", &w, &err) == 0)
		ask(w, &ev, steps);
	noc_where_free(w);
	noc_value_free(tree);
	noc_value_free(steps);
	noc_event_clear(&ev);
	return 0;
}
