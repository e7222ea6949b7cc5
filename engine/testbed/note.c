/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "store/rows.h"
#include "engine/testbed/private.h"

/* What a test looks at is what the journal would hold: records read back. */

static char *
note_field(const struct noc_record_view *v, uint16_t tag)
{
	const uint8_t *p;
	size_t len;

	if (!noc_record_field(v, tag, &p, &len))
		return NULL;
	return noc_strndup((const char *)p, len);
}

/* "heal-link-down@0123456789ab" -> "heal-link-down" */
static char *
note_rule(const struct noc_record_view *v)
{
	char *rule = note_field(v, NOC_TAG_RULE);
	char *at = rule ? strrchr(rule, '@') : NULL;

	if (at)
		*at = '\0';
	return rule;
}

static struct noc_value *
note_detail(const struct noc_record_view *v)
{
	struct noc_value *out = NULL;
	const uint8_t *p;
	size_t len;

	if (!noc_record_field(v, NOC_TAG_DETAIL, &p, &len) ||
	    noc_json_parse_own((const char *)p, len, &out, NULL))
		return NULL;
	return out;
}

/* ---- runs ---- */

struct noc_tb_run *
noc_tb_run_find(struct noc_testbed *tb, const char *id)
{
	for (size_t i = 0; id && i < tb->nruns; i++)
		if (!strcmp(tb->runs[i].id, id))
			return &tb->runs[i];
	return NULL;
}

static void
note_run_start(struct noc_testbed *tb, const struct noc_tb_note *n)
{
	struct noc_tb_run *r;

	if (!n->run || noc_tb_run_find(tb, n->run))
		return;
	NOC_GROW(tb->runs, tb->runs_cap, tb->nruns + 1);
	r = &tb->runs[tb->nruns++];
	memset(r, 0, sizeof(*r));
	r->id = noc_strdup(n->run);
	r->rule = noc_strdup(n->rule ? n->rule : "");
	r->view = n->detail ? noc_value_copy(n->detail) : noc_value_map();
	r->steps = noc_value_map();
	noc_value_set(r->view, "state", noc_value_str("Running"));
	noc_value_set(r->view, "outcome", noc_value_str(""));
}

static void
note_step(struct noc_tb_run *r, const struct noc_tb_note *n)
{
	struct noc_value *step = noc_value_map();

	if (n->outcome)
		noc_value_set(step, "outcome", noc_value_str(n->outcome));
	if (n->action)
		noc_value_set(step, "action", noc_value_str(n->action));
	if (n->target)
		noc_value_set(step, "target", noc_value_str(n->target));
	if (noc_value_get(n->detail, "attempt"))
		noc_value_set(
		    step, "attempt",
		    noc_value_copy(noc_value_get(n->detail, "attempt")));
	if (noc_value_get(n->detail, "error"))
		noc_value_set(
		    step, "error",
		    noc_value_copy(noc_value_get(n->detail, "error")));
	noc_value_set(r->steps, n->step, step);
}

static void
note_run(struct noc_testbed *tb, const struct noc_tb_note *n)
{
	struct noc_tb_run *r;

	if (n->kind == NOC_REC_RUN_START)
		note_run_start(tb, n);
	r = noc_tb_run_find(tb, n->run);
	if (!r)
		return;
	if (n->kind == NOC_REC_STEP_DONE && n->step)
		note_step(r, n);
	if (n->kind == NOC_REC_RUN_END) {
		r->ended = true;
		noc_value_set(r->view, "state",
			      noc_value_str(n->outcome ? n->outcome : ""));
		noc_value_set(
		    r->view, "outcome",
		    noc_value_str(noc_value_get_str(n->detail, "reason", "")));
	}
}

/* ---- records ---- */

static void
note_add(struct noc_testbed *tb, const struct noc_txn_record *r)
{
	const struct noc_record_view v = {
		.kind = (uint16_t)r->rec.kind,
		.nfields = r->rec.nfields,
		.fields = r->rec.p + NOC_RECORD_HEAD,
		.fields_len = r->rec.len - NOC_RECORD_HEAD,
	};
	struct noc_tb_note *n;
	char *old;

	NOC_GROW(tb->notes, tb->notes_cap, tb->nnotes + 1);
	n = &tb->notes[tb->nnotes++];
	*n = (struct noc_tb_note){
		.at_ms = noc_tb_ms(tb),
		.kind = r->rec.kind,
		.event = note_field(&v, NOC_TAG_EVENT),
		.run = note_field(&v, NOC_TAG_RUN),
		.rule = note_rule(&v),
		.actor = note_field(&v, NOC_TAG_ACTOR),
		.action = note_field(&v, NOC_TAG_ACTION),
		.target = note_field(&v, NOC_TAG_TARGET),
		.outcome = note_field(&v, NOC_TAG_OUTCOME),
		.step = note_field(&v, NOC_TAG_STEP),
		.detail = note_detail(&v),
	};
	if (n->kind == NOC_REC_EVENT && n->event && n->target) {
		old = noc_table_put(&tb->devices, n->event,
				    noc_strdup(n->target));
		free(old);
	}
	note_run(tb, n);
}

void
noc_tb_take(struct noc_testbed *tb, struct noc_txn *txn)
{
	for (struct noc_txn_record *r = txn->first_record; r; r = r->next)
		note_add(tb, r);
}

const char *
noc_tb_device(const struct noc_testbed *tb, const char *event)
{
	const char *device = event ? noc_table_get(&tb->devices, event) : NULL;

	return device ? device : "";
}

void
noc_tb_notes_release(struct noc_testbed *tb)
{
	void *value;

	for (size_t i = 0; i < tb->nnotes; i++) {
		struct noc_tb_note *n = &tb->notes[i];

		free(n->event);
		free(n->run);
		free(n->rule);
		free(n->actor);
		free(n->action);
		free(n->target);
		free(n->outcome);
		free(n->step);
		noc_value_free(n->detail);
	}
	for (size_t i = 0; i < tb->nruns; i++) {
		free(tb->runs[i].id);
		free(tb->runs[i].rule);
		noc_value_free(tb->runs[i].view);
		noc_value_free(tb->runs[i].steps);
	}
	for (size_t i = 0; i < tb->ncalls; i++) {
		free(tb->calls[i].action);
		free(tb->calls[i].target);
		free(tb->calls[i].text);
	}
	for (size_t it = 0; noc_table_next(&tb->devices, &it, NULL, &value);)
		free(value);
	noc_table_release(&tb->devices);
	free(tb->notes);
	free(tb->runs);
	free(tb->calls);
}

/* ---- the report ---- */

static struct noc_value *
report_decision(const struct noc_testbed *tb, const struct noc_tb_note *n)
{
	struct noc_value *v = noc_value_map();

	noc_value_set(v, "at_ms", noc_value_int(n->at_ms));
	noc_value_set(v, "rule", noc_value_str(n->rule ? n->rule : ""));
	noc_value_set(v, "outcome",
		      noc_value_str(n->outcome ? n->outcome : ""));
	noc_value_set(v, "device", noc_value_str(noc_tb_device(tb, n->event)));
	noc_value_set(
	    v, "reason",
	    noc_value_str(noc_value_get_str(n->detail, "reason", "")));
	return v;
}

static void
report_line(const struct noc_tb_note *n, struct noc_strbuf *out)
{
	const char *const parts[] = { n->event,	  n->run,    n->rule,
				      n->actor,	  n->action, n->target,
				      n->outcome, n->step };

	noc_strbuf_addf(out, "%lld %s", (long long)n->at_ms,
			noc_record_kind_name((int)n->kind));
	for (size_t i = 0; i < NOC_COUNT(parts); i++)
		noc_strbuf_addf(out, " %s", parts[i] ? parts[i] : "-");
	if (n->detail) {
		noc_strbuf_addc(out, ' ');
		noc_json_write(n->detail, NOC_JSON_CANONICAL, out);
	}
	noc_strbuf_addc(out, '\n');
}

void
noc_tb_report(struct noc_testbed *tb)
{
	struct noc_strbuf out = NOC_STRBUF_INIT;

	tb->result->decisions = noc_value_list();
	noc_strbuf_adds(&out, "");
	for (size_t i = 0; i < tb->nnotes; i++) {
		report_line(&tb->notes[i], &out);
		if (tb->notes[i].kind == NOC_REC_DECISION)
			noc_value_push(tb->result->decisions,
				       report_decision(tb, &tb->notes[i]));
	}
	for (size_t i = 0; i < tb->ncalls; i++)
		noc_strbuf_addf(&out, "%lld CALL %s %s\n",
				(long long)tb->calls[i].at_ms,
				tb->calls[i].target, tb->calls[i].text);
	for (size_t i = 0; i < noc_value_len(tb->lines); i++)
		noc_strbuf_addf(&out, "%s\n",
				noc_value_at(tb->lines, i)->u.s.p);
	tb->result->transcript = noc_strbuf_detach(&out, NULL);
}
