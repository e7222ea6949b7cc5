/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/run/run.h"

#include <stdio.h>
#include <string.h>

#include "engine/run/attempt.h"
#include "engine/run/escalate.h"
#include "engine/run/live.h"
#include "engine/run/rows.h"
#include "engine/run/runner.h"

/* What people and events say to a run. */

static struct noc_run *
run_wanted(struct noc_core *core, const struct noc_id *id, struct noc_err *err)
{
	struct noc_run *r = noc_run_find(core, id);
	char text[NOC_ID_TEXT];

	if (!r)
		noc_err_set(err, NOC_ENOTFOUND,
			    "Run %s is not running (any more).",
			    noc_id_format(text, id));
	return r;
}

int
noc_run_cancel(struct noc_core *core, const struct noc_id *id,
	       const char *actor, const char *why, struct noc_err *err)
{
	struct noc_run *r = run_wanted(core, id, err);
	char text[256];

	if (!r)
		return NOC_ENOTFOUND;
	noc_run_write_signal(r, "cancel", actor, why);
	snprintf(text, sizeof(text), "cancelled by %s%s%s", actor,
		 why[0] ? ": " : "", why);
	for (struct noc_live *l = r->lives; l; l = l->next) {
		noc_attempt_cancel(l, text);
		noc_escalate_clear(l, text);
	}
	noc_run_end(r, "Cancelled", text);
	noc_run_advance(r);
	return 0;
}

/* Whose step a person is to decide. */
static struct noc_live *
run_asks(const struct noc_run *r)
{
	struct noc_live *l = r->lives;

	while (l && l->wait != NOC_WAIT_ASK && l->wait != NOC_WAIT_BLOCKED)
		l = l->next;
	return l;
}

int
noc_run_signal(struct noc_core *core, const struct noc_id *id,
	       const char *signal, const char *actor, const char *why,
	       struct noc_err *err)
{
	struct noc_run *r = run_wanted(core, id, err);
	struct noc_live *esc, *asks;
	char text[256];

	if (!r)
		return NOC_ENOTFOUND;
	esc = noc_escalate_of(r);
	asks = run_asks(r);
	if (esc && noc_escalate_stops(esc, signal)) {
		noc_run_write_signal(r, signal, actor, why);
		if (!strcmp(signal, "ack"))
			snprintf(text, sizeof(text), "acknowledged by %s",
				 actor);
		else
			snprintf(text, sizeof(text), "%s by %s", signal, actor);
		noc_escalate_stop(esc, text);
	} else if (asks && noc_step_decides(r, signal)) {
		noc_run_write_signal(r, signal, actor, why);
		noc_step_decided(asks, signal, actor);
	} else if (r->unread) {
		return noc_err_set(err, NOC_ECONFLICT,
				   "Run %s cannot go on, as its rows could not "
				   "be read: only fail ends it.",
				   r->text);
	} else if (r->lacks_code) {
		return noc_err_set(err, NOC_ECONFLICT,
				   "Run %s cannot go on, as its functions are "
				   "not in the rules: load them, or signal it "
				   "done or fail.",
				   r->text);
	} else {
		return noc_err_set(
		    err, NOC_ECONFLICT, "Run %s (%s) does not wait for '%s'.",
		    r->text, r->phase[0] ? r->phase : r->state, signal);
	}
	noc_run_advance(r);
	return 0;
}
