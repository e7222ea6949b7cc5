/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/run/rows.h"

#include <string.h>

#include "base/hex.h"
#include "base/mem.h"
#include "engine/event/value.h"
#include "engine/run/advance.h"
#include "engine/run/stage.h"

/*
 * The row of a run.  What it says of what the run has anyway is made when it is
 * written and not kept: ten thousand that wait are held in memory.
 */

static void
run_set_int(struct noc_run *r, const char *key, int64_t n)
{
	if (n)
		noc_value_set(r->json, key, noc_value_int(n));
	else
		noc_value_unset(r->json, key);
}

static void
run_set_copy(struct noc_run *r, const char *key, const struct noc_value *v)
{
	if (v && noc_value_len(v))
		noc_value_set(r->json, key, noc_value_copy(v));
	else
		noc_value_unset(r->json, key);
}

static void
run_set_json(struct noc_run *r)
{
	/* What the first version said of its step at hand. */
	static const char *const first[] = {
		"wait",	    "due",   "attempt", "tries", "step",
		"ok_since", "reads", "probing", "turn",	 "held",
		"held_due", "esc",   "retries",
	};

	for (size_t i = 0; i < NOC_COUNT(first); i++)
		noc_value_unset(r->json, first[i]);
	run_set_int(r, "at", (int64_t)noc_run_next(r));
	run_set_int(r, "began", r->began_ns == r->started_ns ? 0 : r->began_ns);
	noc_stage_store(r);
	run_set_int(r, "order", r->order);
	run_set_int(r, "paused", r->paused);
	run_set_int(r, "extend", r->extend_ms);
	run_set_int(r, "recoveries", r->recoveries);
	run_set_int(r, "counted", r->counted);
	run_set_int(r, "would", r->would);
	run_set_int(r, "late", r->late);
	run_set_copy(r, "error", r->error);
	run_set_copy(r, "confirmed", r->confirmed);
	run_set_copy(r, "changed", r->changed);
}

/* { rule = its name } */
static struct noc_value *
run_plain(const struct noc_run *r)
{
	struct noc_value *extra = noc_value_map();

	noc_value_set(extra, "rule", noc_value_str(r->rule));
	return extra;
}

const struct noc_value *
noc_run_extra(struct noc_run *r)
{
	if (!r->plain)
		return noc_value_get(r->json, "extra");
	if (!r->extra)
		r->extra = run_plain(r);
	return r->extra;
}

/* What a run that waits does not keep twice, as its row says it. */
static void
run_json_fill(struct noc_run *r)
{
	char salt[2 * sizeof(r->salt) + 1];

	noc_value_set(r->json, "actor", noc_value_str(r->actor));
	if (r->salted && !noc_value_get(r->json, "input"))
		noc_value_set(r->json, "input", noc_value_nil());
	if (r->salted)
		noc_value_set(
		    r->json, "salt",
		    noc_value_str(noc_hex(salt, r->salt, sizeof(r->salt))));
	if (r->plain)
		noc_value_set(r->json, "extra", run_plain(r));
	/* What has ended is not resumed: its event is in the row of its own. */
	if (r->ended)
		noc_value_unset(r->json, "event");
	else if (r->ev)
		noc_value_set(r->json, "event", noc_event_value(r->ev));
}

void
noc_run_json_lean(struct noc_run *r)
{
	static const char *const made[] = {
		"at",	   "began",	 "order",	"paused",
		"extend",  "would",	 "counted",	"late",
		"stage",   "recoveries", "error",	"confirmed",
		"changed", "verdict",	 "stage_began", "actor",
	};
	const struct noc_value *input = noc_value_get(r->json, "input");
	const char *salt = noc_value_get_str(r->json, "salt", NULL);
	const struct noc_value *extra = noc_value_get(r->json, "extra");
	size_t n = sizeof(r->salt);

	if (r->ev)
		noc_value_unset(r->json, "event");
	for (size_t i = 0; i < NOC_COUNT(made); i++)
		noc_value_unset(r->json, made[i]);
	if (salt && !noc_unhex(salt, strlen(salt), r->salt, &n) &&
	    n == sizeof(r->salt)) {
		r->salted = true;
		noc_value_unset(r->json, "salt");
	}
	if (r->salted && input && input->type == NOC_NIL)
		noc_value_unset(r->json, "input");
	if (noc_value_len(extra) == 1 &&
	    !strcmp(noc_value_get_str(extra, "rule", ""), r->rule)) {
		r->plain = true;
		noc_value_unset(r->json, "extra");
	}
	if (noc_value_len(r->json))
		return;
	noc_value_free(r->json); /* with its room */
	r->json = noc_value_map();
}

/* Who started it, or what it is a fork of. */
static struct noc_id
run_parent(const struct noc_run *r)
{
	const struct noc_value *by = noc_value_get(r->json, "forked_from");
	struct noc_id id = { 0 };

	if (!by)
		by = noc_value_get(r->json, "started_by");
	if (noc_id_parse(noc_value_get_str(by, "run", ""), &id))
		memset(&id, 0, sizeof(id));
	return id;
}

void
noc_run_write_row(struct noc_run *r)
{
	int64_t due = r->ended || r->pending ? 0 : noc_stage_due(r);
	struct noc_run_row row = {
		.id = r->id,
		.rule = r->rule,
		.key = r->key,
		.device = r->device,
		.mode = noc_mode_name(r->mode),
		.state = r->state,
		.phase = r->phase,
		.outcome = r->outcome ? r->outcome : "",
		.started_ns = r->started_ns,
		.ended_ns = r->ended_ns,
	};

	if (r->ev)
		row.event = r->ev->id;
	row.parent = run_parent(r);
	row.deadline_ns = due ? noc_steady_wall(r->core, due) : 0;
	row.dedup = noc_value_get_str(r->json, "dedup", NULL);
	memcpy(row.definition, r->plan->hash, sizeof(row.definition));
	noc_run_json_lean(r); /* so that what is in it has its order */
	run_set_json(r);
	run_json_fill(r);
	row.json = r->json;
	noc_txn_run(noc_core_txn(r->core), &row);
	if (!r->ended)
		noc_run_json_lean(r);
}
