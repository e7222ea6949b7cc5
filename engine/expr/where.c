/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/expr/where.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/ifname.h"
#include "engine/event/datum.h"
#include "engine/expr/scope.h"
#include "engine/expr/template.h"
#include "engine/expr/where_private.h"
#include "engine/expr/where_test.h"

#define NUMBER_TEXT_MAX 63
#define IFNAME_MAX	128

static enum noc_truth
truth_of(bool b)
{
	return b ? NOC_TRUE : NOC_FALSE;
}

static enum noc_truth
truth_not(enum noc_truth t)
{
	return t == NOC_UNKNOWN ? t : truth_of(t == NOC_FALSE);
}

/* A number, or a text that is one; *n is exact when *integral. */
static bool
datum_number(const struct noc_datum *d, double *x, int64_t *n, bool *integral)
{
	char text[NUMBER_TEXT_MAX + 1], *end;

	*integral = false;
	if (d->type == NOC_INT) {
		*n = d->i;
		*x = (double)d->i;
		*integral = true;
		return true;
	}
	if (d->type == NOC_REAL) {
		*x = d->d;
		return true;
	}
	if (d->type != NOC_STR || !d->s.len || d->s.len > NUMBER_TEXT_MAX ||
	    !strchr("+-.0123456789", d->s.p[0]))
		return false;
	memcpy(text, d->s.p, d->s.len);
	text[d->s.len] = '\0';
	if (strpbrk(text, "xXpPnN"))
		return false;
	*x = strtod(text, &end);
	if (*end)
		return false;
	if (d->s.len < 18 && !strpbrk(text, ".eE")) {
		*n = strtoll(text, NULL, 10);
		*integral = true;
	}
	return true;
}

static bool
test_number(const struct noc_test *t, const struct noc_datum *d)
{
	bool integral;
	int64_t n = 0;
	double x;

	if (!datum_number(d, &x, &n, &integral))
		return false;
	switch ((int)t->op) {
	case NOC_TEST_LT:
		return integral && t->integral ? n < t->n : x < t->lo;
	case NOC_TEST_LE:
		return integral && t->integral ? n <= t->n : x <= t->lo;
	case NOC_TEST_GT:
		return integral && t->integral ? n > t->n : x > t->lo;
	case NOC_TEST_GE:
		return integral && t->integral ? n >= t->n : x >= t->lo;
	case NOC_TEST_BETWEEN:
		return x >= t->lo && x <= t->hi;
	case NOC_TEST_NUM:
		return integral && t->integral ? n == t->n : x == t->lo;
	default: /* only called for the above */
		return false;
	}
}

static bool
test_text_equal(const struct noc_test *t, const struct noc_datum *d)
{
	char text[24];
	int len;

	if (d->type == NOC_STR)
		return d->s.len == t->len && !memcmp(d->s.p, t->text, t->len);
	if (d->type != NOC_INT)
		return false;
	len = snprintf(text, sizeof(text), "%lld", (long long)d->i);
	return (size_t)len == t->len && !memcmp(text, t->text, t->len);
}

static bool
test_template(const struct noc_test *t, const struct noc_datum *d,
	      const struct noc_scope *scope, enum noc_truth *truth)
{
	struct noc_strbuf want = NOC_STRBUF_INIT, got = NOC_STRBUF_INIT;
	bool same = false;

	if (noc_template_text(t->template, scope, NOC_MISSING_FAIL, &want,
			      NULL)) {
		*truth = NOC_UNKNOWN;
	} else {
		noc_strbuf_add(&got, "", 0);
		noc_datum_text(d, &got);
		same = got.len == want.len && !memcmp(got.p, want.p, got.len);
		*truth = truth_of(same);
	}
	noc_strbuf_release(&want);
	noc_strbuf_release(&got);
	return same;
}

static bool
test_cidr(const struct noc_test *t, struct noc_slice s)
{
	struct noc_cidr got;
	unsigned bytes = t->cidr.bits / 8, rest = t->cidr.bits % 8;
	unsigned mask = 0xffu << (8 - rest) & 0xffu;

	if (memchr(s.p, '/', s.len) || !noc_cidr_parse(s.p, s.len, &got) ||
	    memcmp(got.address, t->cidr.address, bytes))
		return false;
	return !rest || !((got.address[bytes] ^ t->cidr.address[bytes]) & mask);
}

static bool
test_oid_under(const struct noc_test *t, struct noc_slice s)
{
	if (s.len && s.p[0] == '.') {
		s.p++;
		s.len--;
	}
	return s.len >= t->len && !memcmp(s.p, t->text, t->len) &&
	       (s.len == t->len || s.p[t->len] == '.');
}

static bool
test_ifname(const struct noc_test *t, struct noc_slice s)
{
	char buf[IFNAME_MAX];
	struct noc_slice got = noc_ifname_canonical(s, buf, sizeof(buf));

	return got.len == t->len && !memcmp(got.p, t->text, t->len);
}

/* [abc], [a-f], [!x]: *len is its length; a '[' that opens none is text. */
static bool
glob_class(struct noc_slice pat, char c, size_t *len)
{
	bool negated = pat.len > 1 && (pat.p[1] == '!' || pat.p[1] == '^');
	size_t first = negated ? 2 : 1, i = first;
	bool in = false;

	while (i < pat.len && (pat.p[i] != ']' || i == first)) {
		if (i + 2 < pat.len && pat.p[i + 1] == '-' &&
		    pat.p[i + 2] != ']') {
			in = in || (c >= pat.p[i] && c <= pat.p[i + 2]);
			i += 3;
		} else {
			in = in || c == pat.p[i];
			i++;
		}
	}
	*len = i + 1;
	if (i < pat.len)
		return in != negated;
	*len = 1;
	return c == '[';
}

static bool
glob_one(struct noc_slice pat, char c, size_t *len)
{
	*len = 1;
	if (!pat.len)
		return false;
	if (pat.p[0] == '[')
		return glob_class(pat, c, len);
	return pat.p[0] == '?' || pat.p[0] == c;
}

/* A star is tried again only at the last one: O(n m). */
static bool
glob_match(struct noc_slice pat, struct noc_slice s)
{
	size_t p = 0, i = 0, star = SIZE_MAX, mark = 0, len;

	while (i < s.len) {
		if (p < pat.len && pat.p[p] == '*') {
			star = p++;
			mark = i;
		} else if (glob_one(noc_slice(pat.p + p, pat.len - p), s.p[i],
				    &len)) {
			p += len;
			i++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			i = ++mark;
		} else {
			return false;
		}
	}
	while (p < pat.len && pat.p[p] == '*')
		p++;
	return p == pat.len;
}

static bool
test_string(const struct noc_test *t, struct noc_slice s)
{
	switch ((int)t->op) {
	case NOC_TEST_CIDR:
		return test_cidr(t, s);
	case NOC_TEST_OID_UNDER:
		return test_oid_under(t, s);
	case NOC_TEST_PREFIX:
		return s.len >= t->len && !memcmp(s.p, t->text, t->len);
	case NOC_TEST_SUFFIX:
		return s.len >= t->len &&
		       !memcmp(s.p + s.len - t->len, t->text, t->len);
	case NOC_TEST_CONTAINS:
		return memmem(s.p, s.len, t->text, t->len) != NULL;
	case NOC_TEST_GLOB:
		return glob_match(noc_slice(t->text, t->len), s);
	case NOC_TEST_RE:
		return noc_pattern_match(t->pattern, s);
	case NOC_TEST_IFNAME:
		return test_ifname(t, s);
	default: /* only called for the above */
		return false;
	}
}

static bool
test_time_in(const struct noc_test *t, int64_t ns)
{
	struct noc_civil now;
	int second;

	noc_tz_civil(t->tz, ns / 1000000000, &now);
	second = now.hour * 3600 + now.minute * 60 + now.second;
	for (size_t i = 0; i < t->nwindows; i++) {
		const struct noc_window *w = &t->windows[i];
		bool over = w->until_s <= w->from_s;
		int yesterday = (now.weekday + 6) % 7;

		if ((w->days >> now.weekday & 1) && second >= w->from_s &&
		    (over || second < w->until_s))
			return true;
		if (over && (w->days >> yesterday & 1) && second < w->until_s)
			return true;
	}
	return false;
}

static enum noc_truth test_scalar(const struct noc_test *t,
				  const struct noc_datum *d,
				  const struct noc_scope *scope);

/* An operator whose operand is known only now. */
static enum noc_truth
test_expanded(const struct noc_test *t, const struct noc_datum *d,
	      const struct noc_scope *scope)
{
	struct noc_strbuf text = NOC_STRBUF_INIT;
	enum noc_truth truth = NOC_UNKNOWN;
	struct noc_datum want = { .type = NOC_STR };
	struct noc_test now = *t;

	noc_strbuf_add(&text, "", 0);
	if (!noc_template_text(t->template, scope, NOC_MISSING_FAIL, &text,
			       NULL)) {
		want.s = noc_slice(text.p, text.len);
		now.template = NULL;
		now.text = text.p;
		now.len = text.len;
		if (t->op == NOC_TEST_CONTAINS || t->op == NOC_TEST_PREFIX ||
		    t->op == NOC_TEST_SUFFIX ||
		    datum_number(&want, &now.lo, &now.n, &now.integral))
			truth = test_scalar(&now, d, scope);
	}
	noc_strbuf_release(&text);
	return truth;
}

/* One value that is no list. */
static enum noc_truth
test_scalar(const struct noc_test *t, const struct noc_datum *d,
	    const struct noc_scope *scope)
{
	enum noc_truth truth;

	if (t->template && t->op != NOC_TEST_TEMPLATE)
		return test_expanded(t, d, scope);
	switch (t->op) {
	case NOC_TEST_STR:
		return truth_of(test_text_equal(t, d));
	case NOC_TEST_NUM:
		if (t->level >= 0)
			return truth_of(d->i == t->n);
		return truth_of(test_number(t, d));
	case NOC_TEST_LT:
	case NOC_TEST_LE:
	case NOC_TEST_GT:
	case NOC_TEST_GE:
	case NOC_TEST_BETWEEN:
		if (t->level >= 0) {
			struct noc_datum n = { .type = NOC_INT, .i = d->i };

			return truth_of(test_number(t, &n));
		}
		return truth_of(test_number(t, d));
	case NOC_TEST_BOOL:
		return truth_of(d->type == NOC_BOOL && d->b == t->b);
	case NOC_TEST_TEMPLATE:
		test_template(t, d, scope, &truth);
		return truth;
	case NOC_TEST_CIDR:
	case NOC_TEST_OID_UNDER:
	case NOC_TEST_PREFIX:
	case NOC_TEST_SUFFIX:
	case NOC_TEST_CONTAINS:
	case NOC_TEST_GLOB:
	case NOC_TEST_RE:
	case NOC_TEST_IFNAME:
		return truth_of(d->type == NOC_STR && test_string(t, d->s));
	case NOC_TEST_AT_LEAST:
		if (d->type == NOC_INT)
			return truth_of(d->i <= t->level);
		if (d->type == NOC_STR) {
			int n = noc_severity_parse(d->s.p, d->s.len);

			return truth_of(n >= 0 && n <= t->level);
		}
		return NOC_FALSE;
	case NOC_TEST_TIME_IN:
		return truth_of(d->i && test_time_in(t, d->i));
	case NOC_TEST_ANY:
	case NOC_TEST_ALL:
	case NOC_TEST_NONE:
	case NOC_TEST_ISNT:
	case NOC_TEST_EXISTS:
	case NOC_TEST_ABSENT:
		break;
	}
	return NOC_FALSE;
}

/* Some element of a list, or the value itself. */
static enum noc_truth
test_leaf(const struct noc_test *t, const struct noc_datum *d,
	  const struct noc_scope *scope)
{
	enum noc_truth best = NOC_FALSE;

	if (d->type == NOC_NIL)
		return NOC_UNKNOWN;
	if (d->type != NOC_LIST)
		return test_scalar(t, d, scope);
	for (size_t i = 0; i < noc_value_len(d->v); i++) {
		struct noc_datum item;
		enum noc_truth got;

		noc_datum_of(noc_value_at(d->v, i), &item);
		got = test_scalar(t, &item, scope);
		if (got > best)
			best = got;
	}
	return best;
}

static enum noc_truth
test_eval(const struct noc_test *t, const struct noc_datum *d,
	  const struct noc_scope *scope)
{
	enum noc_truth best, got;

	switch (t->op) {
	case NOC_TEST_EXISTS:
		return truth_of(d->type != NOC_NIL);
	case NOC_TEST_ABSENT:
		return truth_of(d->type == NOC_NIL);
	case NOC_TEST_ANY:
	case NOC_TEST_NONE:
		best = NOC_FALSE;
		for (size_t i = 0; i < t->nkids && best != NOC_TRUE; i++) {
			got = test_eval(&t->kids[i], d, scope);
			if (got > best)
				best = got;
		}
		return t->op == NOC_TEST_ANY ? best : truth_not(best);
	case NOC_TEST_ALL:
		best = NOC_TRUE;
		for (size_t i = 0; i < t->nkids && best != NOC_FALSE; i++) {
			got = test_eval(&t->kids[i], d, scope);
			if (got < best)
				best = got;
		}
		return best;
	case NOC_TEST_ISNT:
		return truth_not(test_eval(&t->kids[0], d, scope));
	case NOC_TEST_STR:
	case NOC_TEST_NUM:
	case NOC_TEST_BOOL:
	case NOC_TEST_TEMPLATE:
	case NOC_TEST_CIDR:
	case NOC_TEST_OID_UNDER:
	case NOC_TEST_PREFIX:
	case NOC_TEST_SUFFIX:
	case NOC_TEST_CONTAINS:
	case NOC_TEST_GLOB:
	case NOC_TEST_RE:
	case NOC_TEST_LT:
	case NOC_TEST_LE:
	case NOC_TEST_GT:
	case NOC_TEST_GE:
	case NOC_TEST_BETWEEN:
	case NOC_TEST_AT_LEAST:
	case NOC_TEST_IFNAME:
	case NOC_TEST_TIME_IN:
		break;
	}
	return test_leaf(t, d, scope);
}

void
noc_cond_get(const struct noc_cond *c, const struct noc_scope *scope,
	     struct noc_datum *out)
{
	if (!c->scoped && scope->ev)
		noc_event_get(scope->ev, &c->field, out);
	else if (!c->scoped)
		memset(out, 0, sizeof(*out));
	else if (!c->field.path)
		noc_scope_get(scope, c->path, c->path_len, out);
	else
		noc_scope_read(scope, &c->field, out);
}

enum noc_truth
noc_cond_eval(const struct noc_cond *c, const struct noc_scope *scope)
{
	enum noc_truth best, got;
	struct noc_datum d;

	switch (c->op) {
	case NOC_COND_TEST:
		noc_cond_get(c, scope, &d);
		return test_eval(&c->test, &d, scope);
	case NOC_COND_AND:
		best = NOC_TRUE;
		for (size_t i = 0; i < c->nkids && best != NOC_FALSE; i++) {
			got = noc_cond_eval(&c->kids[i], scope);
			if (got < best)
				best = got;
		}
		return best;
	case NOC_COND_OR:
	case NOC_COND_NOR:
		best = NOC_FALSE;
		for (size_t i = 0; i < c->nkids && best != NOC_TRUE; i++) {
			got = noc_cond_eval(&c->kids[i], scope);
			if (got > best)
				best = got;
		}
		return c->op == NOC_COND_OR ? best : truth_not(best);
	}
	return NOC_UNKNOWN;
}

enum noc_truth
noc_where_truth(const struct noc_where *w, const struct noc_scope *scope)
{
	return w ? noc_cond_eval(&w->root, scope) : NOC_TRUE;
}

bool
noc_where_match(const struct noc_where *w, const struct noc_scope *scope)
{
	return noc_where_truth(w, scope) == NOC_TRUE;
}

bool
noc_where_match_event(const struct noc_where *w, const struct noc_event *ev)
{
	struct noc_scope scope = { .ev = ev };

	return noc_where_match(w, &scope);
}
