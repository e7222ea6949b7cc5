/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_EXPR_WHERE_PRIVATE_H
#define NOC_ENGINE_EXPR_WHERE_PRIVATE_H

#include <netinet/in.h>

#include "proto/tzif.h"
#include "engine/event/datum.h"
#include "engine/event/field.h"
#include "engine/expr/pattern.h"
#include "engine/expr/where.h"

/*
 * The compiled form of `where`, for where*.c and the index of match*.c only.
 * A cond says which name, a test what its value must be.  Evaluation is
 * Kleene's: unknown stays unknown until something else decides.
 */
enum noc_truth { NOC_FALSE, NOC_UNKNOWN, NOC_TRUE };

enum noc_test_op {
	NOC_TEST_STR, /* equality with text */
	NOC_TEST_NUM, /* with a number */
	NOC_TEST_BOOL,
	NOC_TEST_TEMPLATE, /* with what the template gives */
	NOC_TEST_ANY,
	NOC_TEST_ALL,
	NOC_TEST_NONE,
	NOC_TEST_ISNT,
	NOC_TEST_CIDR,
	NOC_TEST_OID_UNDER,
	NOC_TEST_PREFIX,
	NOC_TEST_SUFFIX,
	NOC_TEST_CONTAINS,
	NOC_TEST_GLOB,
	NOC_TEST_RE,
	NOC_TEST_LT,
	NOC_TEST_LE,
	NOC_TEST_GT,
	NOC_TEST_GE,
	NOC_TEST_BETWEEN,
	NOC_TEST_AT_LEAST,
	NOC_TEST_EXISTS,
	NOC_TEST_ABSENT,
	NOC_TEST_IFNAME,
	NOC_TEST_TIME_IN
};

struct noc_cidr {
	uint8_t address[16]; /* IPv4 as ::ffff:a.b.c.d */
	unsigned bits;	     /* of 128 */
};

struct noc_window {	     /* of time_in */
	uint8_t days;	     /* bits 0..6, 0 = Sunday */
	int from_s, until_s; /* of the day; until < from: over midnight */
};

struct noc_test {
	enum noc_test_op op;
	char *text; /* the operand, or its canonical form */
	size_t len;
	bool integral;
	int64_t n;
	double lo, hi; /* number; BETWEEN: both ends are in */
	bool b;
	int level; /* severity names of a severity field; else -1 */
	struct noc_template *template;
	struct noc_pattern *pattern;
	struct noc_cidr cidr;
	struct noc_window *windows;
	size_t nwindows;
	struct noc_tz *tz;
	struct noc_test *kids;
	size_t nkids;
};

enum noc_cond_op { NOC_COND_TEST, NOC_COND_AND, NOC_COND_OR, NOC_COND_NOR };

struct noc_cond {
	enum noc_cond_op op;
	const char *path; /* interned */
	size_t path_len;
	bool scoped; /* looked up in the run's scope first */
	struct noc_field field;
	struct noc_test test;
	struct noc_cond *kids;
	size_t nkids;
};

struct noc_where {
	struct noc_cond root; /* NOC_COND_AND */
};

enum noc_truth noc_test_eval(const struct noc_test *t,
			     const struct noc_datum *d,
			     const struct noc_scope *scope);
enum noc_truth noc_cond_eval(const struct noc_cond *c,
			     const struct noc_scope *scope);
void noc_cond_get(const struct noc_cond *c, const struct noc_scope *scope,
		  struct noc_datum *out);

int noc_test_compile(const struct noc_value *v, struct noc_test *t,
		     struct noc_err *err);
/* time_in { "mon-fri 08:00-18:00", tz = "Europe/Warsaw" }; v: the node. */
int noc_test_windows(const struct noc_value *v, const struct noc_value *items,
		     struct noc_test *t, struct noc_err *err);
void noc_test_release(struct noc_test *t);

/* "any{access,distribution}", as the rule said it. */
void noc_test_text(const struct noc_test *t, struct noc_strbuf *out);

/* Texts a plain string equality (or any{} of them) accepts; 0: neither. */
size_t noc_test_texts(const struct noc_test *t, const struct noc_test **at,
		      size_t max);
/* What the text must contain for the test to hold; absent when unknown. */
struct noc_slice noc_test_literal(const struct noc_test *t);

bool noc_cidr_parse(const char *text, size_t len, struct noc_cidr *out);
bool noc_glob_match(struct noc_slice pattern, struct noc_slice text);

#endif
