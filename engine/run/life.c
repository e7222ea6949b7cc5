/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/run/life.h"

#include <string.h>

#include "base/intern.h"
#include "base/mem.h"
#include "engine/rule/match.h"
#include "engine/run/runner.h"
#include "engine/run/step_core.h"

/* A rule, or somebody who waits, wants events of this kind. */
static bool
life_is_wanted(const struct noc_core *core, const char *kind)
{
	const struct noc_ruleset *rs = noc_core_rules(core);
	const struct noc_runs *runs = noc_runs_of(core);

	return (rs && noc_match_wants(rs, noc_interns(kind))) ||
	       noc_table_get(&runs->awaits.kinds, kind) ||
	       noc_stops_kind(runs, noc_interns(kind));
}

/* What all of them say; NULL: nobody wants it. */
static struct noc_value *
life_data(struct noc_run *r, const char *kind)
{
	struct noc_value *data;

	if (!life_is_wanted(r->core, kind))
		return NULL;
	data = noc_value_map();
	noc_value_set(data, "run", noc_value_str(r->text));
	noc_value_set(data, "rule", noc_value_str(r->rule));
	noc_value_set(data, "mode", noc_value_str(noc_mode_name(r->mode)));
	noc_value_set(data, "actor", noc_value_str(r->actor));
	noc_value_set(data, "key", noc_value_str(r->key));
	return data;
}

/* "RULE DEVICE said" is its summary. */
static void
life_tell(struct noc_run *r, const char *kind, struct noc_value *data,
	  const char *said)
{
	char title[300];

	noc_value_set(data, "summary",
		      noc_value_strf("%s %s",
				     noc_run_title(r, title, sizeof(title)),
				     said));
	noc_run_emit(r, kind, data);
}

void
noc_life_started(struct noc_run *r)
{
	struct noc_value *data = life_data(r, "run.started");

	if (data)
		life_tell(r, "run.started", data, "started");
}

void
noc_life_ended(struct noc_run *r)
{
	static const char *const said[] = { "step", "class", "block",
					    "message" };
	struct noc_value *data = life_data(r, "run.ended");

	if (!data)
		return;
	noc_value_set(data, "state", noc_value_str(r->state));
	noc_value_set(data, "outcome", noc_value_str(r->outcome));
	noc_value_set(data, "took_ms",
		      noc_value_int(r->took_ns / NOC_NS_PER_MS));
	for (size_t i = 0; r->error && i < NOC_COUNT(said); i++)
		noc_value_set(
		    data, said[i],
		    noc_value_str(noc_value_get_str(r->error, said[i], "")));
	life_tell(r, "run.ended", data, r->state);
}

void
noc_life_gate(struct noc_run *r, const char *path, const char *decision,
	      const char *by)
{
	const char *kind = decision ? "gate.decided" : "gate.opened";
	struct noc_value *data = life_data(r, kind);

	if (!data)
		return;
	noc_value_set(data, "path", noc_value_str(path));
	if (decision) {
		noc_value_set(data, "decision", noc_value_str(decision));
		noc_value_set(data, "by", noc_value_str(by));
	}
	life_tell(r, kind, data, decision ? decision : "asks people");
}
