/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_FLOW_GATE_H
#define NOC_ENGINE_FLOW_GATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/value.h"

/*
 * approve and confirm: what a flow says of a decision that people make.  An
 * approval answers whether it may go on; a confirmation says that a person has
 * read this very text.  Immutable, of its plan; loop thread.
 */
struct noc_await_def;
struct noc_step_def;
struct noc_template;

#define NOC_GATE_GROUPS_MAX 16
#define NOC_GATE_NEED_MAX   16
#define NOC_GATE_SHOWN_MAX  (256 * 1024) /* bytes of what is shown, as JSON */

struct noc_gate_def {
	bool confirm;
	const char *groups[NOC_GATE_GROUPS_MAX]; /* in any of these; borrowed */
	size_t ngroups; /* 0: whoever may approve at all */
	int need;	/* so many people; 1 */
	bool self;	/* also who asked for it */
	/* Who that is; NULL: who started the run. */
	struct noc_template *requester;
	const struct noc_value *show;	/* templates: a map, or a text; NULL */
	const char *notify;		/* the channel that is told; "noc" */
	bool lets_through;		/* on_timeout = "approve" */
	struct noc_await_def *withdraw; /* NULL: nothing does */
};

/* Of an approve or confirm node into s->gate, its timeout into s->timeout_ms;
 * ECONFIG.  What was made is released also after an error. */
int noc_gate_build(const struct noc_value *node, struct noc_step_def *s,
		   struct noc_err *err);
/* "netops (2 of them)", "netops or noc", "people". */
struct noc_strbuf;
void noc_gate_who(const struct noc_gate_def *g, struct noc_strbuf *out);
void noc_gate_def_free(struct noc_gate_def *g);

#endif
