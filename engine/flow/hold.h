/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_FLOW_HOLD_H
#define NOC_ENGINE_FLOW_HOLD_H

#include <stdint.h>

#include "base/err.h"
#include "base/value.h"

/*
 * What a flow says of others that run beside it: how many at once, one after
 * the other, not twice.  And how much a run may change.  Part of a plan,
 * immutable.
 */
struct noc_template;

#define NOC_LIMITS_MAX	   8	  /* names in one `limits` */
#define NOC_EACH_DEPTH_MAX 3	  /* each in one another; their limits add up */
#define NOC_LIMIT_MAX	   10000  /* at once, of one name */
#define NOC_LOCKS_MAX	   8	  /* of one flow */
#define NOC_TARGETS_MAX	   100000 /* that guard = { targets = N } may say */
#define NOC_TARGETS	   100	  /* what it says when it is not said */
#define NOC_DEDUP_BACK_MS  (24 * 3600 * 1000LL)
#define NOC_HOLD_NAME_MAX  256 /* bytes of a name that was filled in */

struct noc_limits { /* limits = { awx = 4, ["site/{site}"] = 10 } */
	size_t len;
	struct {
		struct noc_template *name;
		int64_t n;
	} at[NOC_LIMITS_MAX];
};

/* Another run of the same rule and dedup key has not ended. */
enum noc_on_running {
	NOC_RUNNING_REJECT,
	NOC_RUNNING_QUEUE,    /* after it */
	NOC_RUNNING_JOIN,     /* it is the same run */
	NOC_RUNNING_SUPERSEDE /* it is cancelled, then this one begins */
};

/* Another one has ended within dedup_window. */
enum noc_on_closed {
	NOC_CLOSED_ALLOW,
	NOC_CLOSED_REJECT,
	NOC_CLOSED_FAILED_ONLY /* allowed after one that did not succeed */
};

struct noc_hold_def {
	struct noc_limits *limits; /* held while it runs; NULL */
	struct noc_template *locks[NOC_LOCKS_MAX];
	size_t nlocks;
	struct noc_template *dedup; /* NULL: none */
	enum noc_on_running on_running;
	enum noc_on_closed on_closed;
	int64_t window_ms;
	int64_t targets; /* that a run may change */
};

/* v: the value of an option `limits`; NULL: *out stays NULL.  ECONFIG; what was
 * made so far is in *out, also after an error. */
int noc_limits_build(const struct noc_value *v, struct noc_limits **out,
		     struct noc_err *err);
void noc_limits_free(struct noc_limits *limits);
/* The options of a flow; each mistake is told. */
void noc_hold_build(const struct noc_value *opts, struct noc_hold_def **out,
		    void (*tell)(const struct noc_err *mistake, void *arg),
		    void *arg);
void noc_hold_free(struct noc_hold_def *hold);

#endif
