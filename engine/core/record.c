/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/core/record.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hex.h"
#include "base/mem.h"
#include "engine/event/value.h"
#include "engine/core/core_private.h"

/* What the core writes of an event, a decision and a command, and says. */

/* The row of an event but for what it says; borrows from ev. */
static void
record_event_row(const struct noc_event *ev, const char *fate,
		 struct noc_event_row *row)
{
	*row = (struct noc_event_row){
		.id = ev->id,
		.received_ns = ev->received_ns,
		.kind = ev->kind,
		.source = ev->source,
		.origin = ev->origin.p ? ev->origin : noc_slice_str("local"),
		.device = ev->device.p ? ev->device : noc_slice_str(""),
		.severity = ev->severity,
		.fate = fate,
	};
}

struct noc_event *
noc_core_write_event(struct noc_core *core, struct noc_event *ev,
		     const char *fate)
{
	struct noc_txn *txn = noc_core_txn(core);
	struct noc_event_row row;
	struct noc_record *rec;
	struct noc_strbuf *json = &core->text;

	NOC_REQUIRE(ev->refs > 0);
	if (ev->journaled)
		return ev;
	ev->journaled = true;
	noc_strbuf_clear(json);
	noc_event_json(ev, fate, ev->raw.len > NOC_BLOB_MIN ? "blob" : NULL,
		       json);
	rec = noc_txn_record(txn, NOC_REC_EVENT);
	noc_record_add_id(rec, NOC_TAG_EVENT, &ev->id);
	noc_record_add(rec, NOC_TAG_TARGET, ev->device.p ? ev->device.p : "",
		       ev->device.len);
	noc_record_add(rec, NOC_TAG_DETAIL, json->p, json->len);
	if (ev->raw.len)
		noc_txn_add_raw(txn, rec, ev->raw.p, ev->raw.len);

	record_event_row(ev, fate, &row);
	/* Whole in its record; larger ones have parts that are blobs. */
	if (json->len + ev->raw.len <= NOC_BLOB_MIN / 2)
		row.record = rec;
	else
		row.json = noc_event_value(ev);
	noc_txn_event(txn, &row);
	noc_value_free(row.json);
	return ev;
}

void
noc_core_write_row(struct noc_core *core, const struct noc_event *ev)
{
	struct noc_event_row row;

	record_event_row(ev, "matched", &row);
	row.json = noc_event_value(ev);
	noc_txn_event(noc_core_txn(core), &row);
	noc_value_free(row.json);
}

void
noc_core_decide(struct noc_core *core, struct noc_event *ev, const char *rule,
		const uint8_t definition[32], const char *outcome,
		const struct noc_id *run, const char *fmt, ...)
{
	struct noc_txn *txn = noc_core_txn(core);
	struct noc_decision_row row = {
		.rule = rule,
		.outcome = outcome,
		.at_ns = core->now.wall_ns,
	};
	struct noc_value *detail = noc_value_map();
	struct noc_record *rec;
	char id[NOC_ID_TEXT], hex[65], reason[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	ev = noc_core_write_event(core, ev, "matched");
	row.event = ev->id;
	row.reason = reason;
	if (run)
		row.run = *run;
	noc_txn_decision(txn, &row);

	noc_value_set(detail, "reason", noc_value_str(reason));
	noc_hex(hex, definition, 32);
	rec = noc_txn_record(txn, NOC_REC_DECISION);
	noc_record_adds(rec, NOC_TAG_EVENT, noc_id_format(id, &ev->id));
	if (run && !noc_id_is_zero(run))
		noc_record_add_id(rec, NOC_TAG_RUN, run);
	noc_record_addf(rec, NOC_TAG_RULE, "%s@%.12s", rule, hex);
	noc_record_adds(rec, NOC_TAG_OUTCOME, outcome);
	noc_record_add_json(rec, NOC_TAG_DETAIL, detail);
	noc_record_adds(rec, NOC_TAG_DEFINITION, hex);
	noc_value_free(detail);
}

void
noc_core_story(struct noc_core *core, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (core->story.len > 2048)
		return;
	if (core->story.len)
		noc_strbuf_adds(&core->story, "; ");
	noc_strbuf_adds(&core->story, text);
}

char *
noc_core_story_take(struct noc_core *core)
{
	return core->story.len ? noc_strbuf_detach(&core->story, NULL) : NULL;
}

void
noc_core_say(struct noc_core *core, const char *fmt, ...)
{
	struct noc_strbuf line = NOC_STRBUF_INIT;
	char text[1024], hms[16];
	va_list ap;
	int n;

	if (!core->host->line)
		return;
	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	noc_strbuf_adds(&line, noc_time_hms(hms, core->now.wall_ns));
	noc_strbuf_addc(&line, ' ');
	noc_strbuf_add_escaped(&line, text,
			       (size_t)n < sizeof(text) ? (size_t)n
							: sizeof(text) - 1);
	core->host->line(line.p, core->host->arg);
	noc_strbuf_release(&line);
}

void
noc_core_admin(struct noc_core *core, const struct noc_value *command)
{
	struct noc_value *detail = noc_value_copy(command);
	struct noc_record *rec;

	noc_value_unset(detail, "actor");
	noc_value_unset(detail, "who");
	rec = noc_txn_record(noc_core_txn(core), NOC_REC_ADMIN);
	noc_record_adds(rec, NOC_TAG_ACTOR,
			noc_value_get_str(command, "actor", "unknown"));
	noc_record_add_json(rec, NOC_TAG_DETAIL, detail);
	noc_value_free(detail);
}
