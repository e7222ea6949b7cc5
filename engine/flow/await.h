/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_FLOW_AWAIT_H
#define NOC_ENGINE_FLOW_AWAIT_H

#include <stdbool.h>

#include "base/err.h"
#include "base/value.h"

/*
 * wait_for of something outside that comes by itself: an event, a signal, a
 * change window.  (wait_for of an answer is a verify.)  And what withdraws a
 * gate.  Immutable, of its plan; loop thread.
 */
struct noc_scope;
struct noc_step_def;
struct noc_where;

#define NOC_SIGNAL_NAME_MAX 64

struct noc_await_def {
	const char *event;	       /* a kind; NULL */
	const struct noc_value *where; /* of it: path = template; NULL: any */
	bool any_trust;		       /* also of less than the run's cause */
	const char *signal;	       /* a name; NULL */
	struct noc_where *window;      /* of `received`; NULL */
};

/* Of a wait_for node without an action into s->await; ECONFIG. */
int noc_await_build(const struct noc_value *node, struct noc_step_def *s,
		    struct noc_err *err);
/* withdraw = "kind" | { on = kind, where = { ... } } into *out; NULL v: none.
 */
int noc_withdraw_build(const struct noc_value *v, const char *at,
		       struct noc_await_def **out, struct noc_err *err);
/* "wait for event change.approved". */
struct noc_strbuf;
void noc_await_describe(const struct noc_await_def *d, struct noc_strbuf *out);
void noc_await_def_free(struct noc_await_def *d);

/*
 * The `where` with what its templates are now: compiled it has none, whatever
 * came from outside.  ENOTFOUND: a path has no value; EINPUT: it is no text,
 * number or bool.  Returned.
 */
int noc_await_fill(const struct noc_await_def *d, const struct noc_scope *scope,
		   struct noc_value **out, struct noc_err *err);

#endif
