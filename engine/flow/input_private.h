/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_FLOW_INPUT_PRIVATE_H
#define NOC_ENGINE_FLOW_INPUT_PRIVATE_H

#include "base/strbuf.h"
#include "engine/flow/input.h"

/* Between input.c and input_value.c only: one value and its declaration. */

enum input_type {
	INPUT_STRING,
	INPUT_INTEGER,
	INPUT_NUMBER,
	INPUT_BOOL,
	INPUT_STRINGS,
	INPUT_LIST,
	INPUT_MAP,
	INPUT_ADDRESS,
	INPUT_CIDR,
	INPUT_ANY
};

struct input { /* one declaration, read */
	enum input_type type;
	const struct noc_value *opts; /* min, max, default, values, doc */
};

/* A word, a node integer { ... }, or { type = word, ... }. */
const char *input_word(const struct noc_value *v,
		       const struct noc_value **opts);
/* ECONFIG: it is of no known type. */
int input_read(const char *name, const struct noc_value *v, struct input *in,
	       struct noc_err *err);
bool input_number(const struct noc_value *v, double *x);
/* Is it of the type?  *as: what it becomes, or NULL when it stays; returned. */
bool input_is(const struct input *in, const struct noc_value *v,
	      struct noc_value **as);
bool input_among(const struct input *in, const struct noc_value *v);
/* "a whole number from 2 to 4094" */
void input_describe(const struct input *in, struct noc_strbuf *out);
/* "hello" or [1,2,... */
void input_describe_given(const char *name, const struct noc_value *v,
			  struct noc_strbuf *out);

#endif
