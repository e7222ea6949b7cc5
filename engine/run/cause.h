/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RUN_CAUSE_H
#define NOC_ENGINE_RUN_CAUSE_H

#include "base/table.h"
#include "engine/core/core.h"
#include "engine/event/event.h"
#include "engine/flow/mode.h"

/*
 * One notice a cause: a hundred runs that stop at one open breaker are told as
 * one, and after five minutes how many more there were.  In memory only: after
 * a restart it may be told again.  Loop thread, inside an input.
 */
#define NOC_CAUSE_MS   (300 * 1000LL)
#define NOC_CAUSES_MAX 1024 /* at once; past it each is told */

struct noc_cause;

/* True: nobody was told of this text lately, so it is to be told now. */
bool noc_cause_tells(struct noc_core *core, const char *text);
/* Told to "noc" unless it was lately; ev and run as for noc_notify_text. */
void noc_cause_tell(struct noc_core *core, const struct noc_event *ev,
		    enum noc_mode mode, const struct noc_id *run,
		    const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* The same of a message that kept this rule from acting when nobody signed it:
 * who forges one hides an outage, and a person should see it. */
void noc_cause_unsigned(struct noc_core *core, const char *rule,
			const struct noc_event *by, enum noc_mode mode,
			const struct noc_id *run);
void noc_cause_close(struct noc_table *causes);

#endif
