/* SPDX-License-Identifier: ISC */
#ifndef NOC_SENSORS_POLL_PRIVATE_H
#define NOC_SENSORS_POLL_PRIVATE_H

#include "base/table.h"
#include "engine/expr/where_test.h"
#include "engine/edge/action.h"
#include "engine/core/core.h"
#include "engine/core/due.h"
#include "engine/task/task.h"

/* Shared by poll.c (when, whom) and poll_answer.c (what came) only. */

struct poll;

struct poll_ask { /* one device, asked now */
	struct poll *poll;
	struct noc_call *call;
	char *device; /* "" when asked once */
};

struct poll {
	struct polls *owner;
	const struct noc_task *task;
	const struct noc_value *opts;
	struct noc_calendar *calendar;
	struct noc_due due; /* the next round */
	struct noc_where *when;
	int when_fn;
	struct noc_template *emit, *summary;
	char **queue; /* devices still to be asked in this round */
	size_t nqueue, at, total, busy, limit;
	size_t ok, failed, unreachable;
	struct poll_ask **asks;
	int64_t nominal_ns, timeout_ms;
	struct noc_table fails; /* device -> count as void * */
	bool running;
};

struct polls { /* the sensor's instance */
	struct noc_env *env;
	struct noc_source *source;
	struct noc_ruleset *rules; /* ref: tasks point into it */
	struct poll **at;
	size_t n;
	bool paused;
};

/* One row: the whole answer, or one index of a walk. */
void noc_poll_row(struct poll *p, const char *device, const char *index,
		  const struct noc_value *row);
void noc_poll_walk(struct poll *p, const char *device,
		   const struct noc_value *result);
void noc_poll_error(struct poll *p, const char *device,
		    const struct noc_call_error *err);

#endif
