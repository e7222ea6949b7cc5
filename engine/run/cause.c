/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/run/cause.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/core/due.h"
#include "engine/notify/limit.h"
#include "engine/notify/notify.h"
#include "engine/run/runner.h"

struct noc_cause {
	struct noc_due due; /* first: on_cause_due casts back */
	char *text;
	uint64_t more; /* since it was told */
};

static void
cause_free(struct noc_cause *c)
{
	free(c->text);
	free(c);
}

static void
on_cause_due(struct noc_due *due, struct noc_core *core)
{
	struct noc_cause *c = (struct noc_cause *)due;
	char *text;

	if (c->more == 0) {
		noc_table_del(&noc_runs_of(core)->causes, c->text);
		cause_free(c);
		return;
	}
	text = noc_asprintf("%llu more in %lld min: %s",
			    (unsigned long long)c->more, NOC_CAUSE_MS / 60000,
			    c->text);
	noc_notify_text(core, "noc", text, NULL, NOC_ACTIVE, NULL);
	free(text);
	c->more = 0;
	noc_due_arm(core, &c->due,
		    noc_core_time(core).boot_ns + NOC_CAUSE_MS * NOC_NS_PER_MS);
}

bool
noc_cause_tells(struct noc_core *core, const char *text)
{
	struct noc_table *causes = &noc_runs_of(core)->causes;
	struct noc_cause *c = noc_table_get(causes, text);

	if (c) {
		c->more++;
		return false;
	}
	if (noc_table_len(causes) >= NOC_CAUSES_MAX) {
		noc_limit_reached(core, "causes", text,
				  "each run that fails tells its own");
		return true;
	}
	c = noc_calloc(1, sizeof(*c));
	c->text = noc_strdup(text);
	c->due.on_due = on_cause_due;
	noc_table_put(causes, c->text, c);
	noc_due_arm(core, &c->due,
		    noc_core_time(core).boot_ns + NOC_CAUSE_MS * NOC_NS_PER_MS);
	return true;
}

void
noc_cause_tell(struct noc_core *core, const struct noc_event *ev,
	       enum noc_mode mode, const struct noc_id *run, const char *fmt,
	       ...)
{
	char text[600];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (noc_cause_tells(core, text))
		noc_notify_text(core, "noc", text, ev, mode, run);
}

void
noc_cause_unsigned(struct noc_core *core, const char *rule,
		   const struct noc_event *by, enum noc_mode mode,
		   const struct noc_id *run)
{
	if (!by || by->trust == NOC_TRUST_HIGH || mode != NOC_ACTIVE)
		return;
	noc_cause_tell(core, by, mode, run,
		       "%s does nothing because of a %s of %.*s that nobody "
		       "signed (%s from %.*s)",
		       rule, by->kind, (int)by->device.len, by->device.p,
		       by->source, (int)by->origin.len, by->origin.p);
}

void
noc_cause_close(struct noc_table *causes)
{
	void *value;

	for (size_t it = 0; noc_table_next(causes, &it, NULL, &value);)
		cause_free(value);
	noc_table_release(causes);
}
