/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/expr/where.h"

#include <string.h>

#include "base/number.h"
#include "engine/event/datum.h"
#include "engine/event/field.h"
#include "engine/expr/scope.h"
#include "engine/expr/where_private.h"
#include "engine/expr/where_test.h"

#define EXPLAIN_VALUE_MAX 120

static const char *
test_name(enum noc_test_op op)
{
	switch (op) {
	case NOC_TEST_ANY:
		return "any";
	case NOC_TEST_ALL:
		return "all";
	case NOC_TEST_NONE:
		return "none";
	case NOC_TEST_ISNT:
		return "isnt";
	case NOC_TEST_CIDR:
		return "cidr";
	case NOC_TEST_OID_UNDER:
		return "oid_under";
	case NOC_TEST_PREFIX:
		return "prefix";
	case NOC_TEST_SUFFIX:
		return "suffix";
	case NOC_TEST_CONTAINS:
		return "contains";
	case NOC_TEST_GLOB:
		return "glob";
	case NOC_TEST_RE:
		return "re";
	case NOC_TEST_LT:
		return "lt";
	case NOC_TEST_LE:
		return "le";
	case NOC_TEST_GT:
		return "gt";
	case NOC_TEST_GE:
		return "ge";
	case NOC_TEST_BETWEEN:
		return "between";
	case NOC_TEST_AT_LEAST:
		return "at_least";
	case NOC_TEST_IFNAME:
		return "ifname";
	case NOC_TEST_TIME_IN:
		return "time_in";
	case NOC_TEST_EXISTS:
		return "exists";
	case NOC_TEST_ABSENT:
		return "absent";
	case NOC_TEST_STR:
	case NOC_TEST_NUM:
	case NOC_TEST_BOOL:
	case NOC_TEST_TEMPLATE:
		break;
	}
	return "";
}

static void
number_text(const struct noc_test *t, double x, struct noc_strbuf *out)
{
	char text[NOC_NUMBER_TEXT];

	if (t->integral)
		noc_strbuf_addf(out, "%lld", (long long)t->n);
	else
		noc_strbuf_adds(out, noc_number_format(text, x));
}

/* "any{access,distribution}", as the rule said it. */
static void
test_text(const struct noc_test *t, struct noc_strbuf *out)
{
	switch ((int)t->op) {
	case NOC_TEST_NUM:
		if (t->text) /* a severity by name */
			noc_strbuf_adds(out, t->text);
		else
			number_text(t, t->lo, out);
		return;
	case NOC_TEST_BOOL:
		noc_strbuf_adds(out, t->b ? "true" : "false");
		return;
	case NOC_TEST_STR:
	case NOC_TEST_TEMPLATE:
		noc_strbuf_add_escaped(out, t->text, t->len);
		return;
	case NOC_TEST_EXISTS:
	case NOC_TEST_ABSENT:
		noc_strbuf_adds(out, test_name(t->op));
		return;
	default: /* name{operands} */
		break;
	}
	noc_strbuf_addf(out, "%s{", test_name(t->op));
	for (size_t i = 0; i < t->nkids; i++) {
		if (i)
			noc_strbuf_addc(out, ',');
		test_text(&t->kids[i], out);
	}
	if (t->nkids == 0 && t->text) {
		noc_strbuf_add_escaped(out, t->text, t->len);
	} else if (t->nkids == 0) {
		number_text(t, t->lo, out);
		if (t->op == NOC_TEST_BETWEEN)
			noc_strbuf_addf(out, ",%g", t->hi);
	}
	noc_strbuf_addc(out, '}');
}

/* Why a name has no value here. */
static void
unknown_text(const struct noc_cond *c, const struct noc_scope *scope,
	     struct noc_strbuf *why)
{
	const struct noc_event *ev = scope->ev;

	noc_strbuf_adds(why, "unknown");
	if (c->scoped && noc_scope_is_own(c->path, c->path_len)) {
		noc_strbuf_adds(why, " (no such result in this run)");
		return;
	}
	if (!ev)
		return;
	switch (c->field.from) {
	case NOC_FIELD_INVENTORY:
	case NOC_FIELD_TAGS:
		noc_strbuf_adds(why, " (");
		noc_strbuf_add_escaped(why, ev->device.p ? ev->device.p : "?",
				       ev->device.p ? ev->device.len : 1);
		noc_strbuf_adds(why, ev->inventory ? " has none in inventory)"
						   : " not in inventory)");
		break;
	case NOC_FIELD_FAR:
		noc_strbuf_adds(why, " (no cable known)");
		break;
	case NOC_FIELD_SYSLOG:
		noc_strbuf_adds(why, ev->syslog ? " (not in the message)"
						: " (not a syslog message)");
		break;
	case NOC_FIELD_SNMP:
		noc_strbuf_adds(why, ev->snmp ? " (not in the trap)"
					      : " (not a trap)");
		break;
	case NOC_FIELD_HTTP:
		noc_strbuf_adds(why, ev->http ? " (not in the request)"
					      : " (not a web request)");
		break;
	case NOC_FIELD_DATA:
		noc_strbuf_addf(why, " (this %s says none)",
				ev->kind ? ev->kind : "event");
		break;
	case NOC_FIELD_ENVELOPE:
		break;
	}
}

static void
explain_test(const struct noc_cond *c, const struct noc_scope *scope,
	     struct noc_strbuf *why)
{
	struct noc_strbuf got = NOC_STRBUF_INIT;
	struct noc_datum d;

	noc_cond_get(c, scope, &d);
	noc_strbuf_addf(why, "%s: want ", c->path);
	test_text(&c->test, why);
	noc_strbuf_adds(why, ", got ");
	if (d.type == NOC_NIL) {
		unknown_text(c, scope, why);
		return;
	}
	noc_strbuf_add(&got, "", 0);
	noc_datum_text(&d, &got);
	noc_strbuf_add_escaped(why, got.p,
			       got.len < EXPLAIN_VALUE_MAX ? got.len
							   : EXPLAIN_VALUE_MAX);
	noc_strbuf_release(&got);
}

/* The first part that did not hold. */
static void
explain_cond(const struct noc_cond *c, const struct noc_scope *scope,
	     struct noc_strbuf *why)
{
	const char *sep = "";

	switch (c->op) {
	case NOC_COND_TEST:
		explain_test(c, scope, why);
		return;
	case NOC_COND_AND:
		for (size_t i = 0; i < c->nkids; i++)
			if (noc_cond_eval(&c->kids[i], scope) != NOC_TRUE) {
				explain_cond(&c->kids[i], scope, why);
				return;
			}
		return;
	case NOC_COND_OR:
		for (size_t i = 0; i < c->nkids; i++) {
			noc_strbuf_adds(why, sep);
			explain_cond(&c->kids[i], scope, why);
			sep = " and ";
		}
		return;
	case NOC_COND_NOR:
		for (size_t i = 0; i < c->nkids; i++) {
			enum noc_truth t = noc_cond_eval(&c->kids[i], scope);

			if (t == NOC_FALSE)
				continue;
			noc_strbuf_adds(why, t == NOC_TRUE
						 ? "neither: one of them holds"
						 : "neither: ");
			if (t == NOC_UNKNOWN)
				explain_cond(&c->kids[i], scope, why);
			return;
		}
		return;
	}
}

bool
noc_where_explain(const struct noc_where *w, const struct noc_scope *scope,
		  struct noc_strbuf *why)
{
	if (noc_where_match(w, scope))
		return true;
	explain_cond(&w->root, scope, why);
	return false;
}

/* ---- all of it ---- */

static void
cond_text(const struct noc_cond *c, bool inner, struct noc_strbuf *out)
{
	const char *sep = c->op == NOC_COND_AND ? " and " : " or ";
	bool paren = inner && c->op != NOC_COND_TEST && c->nkids > 1;

	if (c->op == NOC_COND_TEST) {
		noc_strbuf_add_escaped(out, c->path, c->path_len);
		noc_strbuf_adds(out, *test_name(c->test.op) ? " " : " = ");
		test_text(&c->test, out);
		return;
	}
	if (c->op == NOC_COND_NOR)
		noc_strbuf_adds(out, "not ");
	if (paren || c->op == NOC_COND_NOR)
		noc_strbuf_addc(out, '(');
	for (size_t i = 0; i < c->nkids; i++) {
		noc_strbuf_adds(out, i ? sep : "");
		cond_text(&c->kids[i], c->nkids > 1, out);
	}
	if (paren || c->op == NOC_COND_NOR)
		noc_strbuf_addc(out, ')');
}

void
noc_where_text(const struct noc_where *w, struct noc_strbuf *out)
{
	cond_text(&w->root, false, out);
}
