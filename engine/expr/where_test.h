/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_EXPR_WHERE_TEST_H
#define NOC_ENGINE_EXPR_WHERE_TEST_H

#include "proto/tzif.h"
#include "engine/event/field.h"
#include "engine/expr/pattern.h"
#include "engine/expr/where.h"

/*
 * The compiled form of `where`, for where*.c and for the index of rules.  A
 * cond says which name, a test what its value must be.  Evaluation is
 * Kleene's: unknown stays unknown until something else decides.  Pure.
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
	struct noc_template *template; /* TEMPLATE; in a run also of others */
	bool run;		       /* of one: texts may be templates */
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

/* Texts a plain string equality (or any{} of them) accepts; 0: neither. */
size_t noc_test_texts(const struct noc_test *t, const struct noc_test **at,
		      size_t max);
/* What the text must contain for the test to hold; absent when unknown. */
struct noc_slice noc_test_literal(const struct noc_test *t);

#endif
