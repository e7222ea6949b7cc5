/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/run/mail.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "engine/run/runner.h"

#define KIND "signal"

struct mailbox { /* of a run */
	struct noc_id run;
	struct noc_mail *first, **end;
	size_t n;
};

static struct mailbox *
box_of(struct noc_runs *runs, const struct noc_id *id, bool make)
{
	struct mailbox *box = noc_table_getn(&runs->mail, id->b, sizeof(id->b));

	if (box || !make)
		return box;
	box = noc_calloc(1, sizeof(*box));
	box->run = *id;
	box->end = &box->first;
	noc_table_putn(&runs->mail, id->b, sizeof(id->b), box);
	return box;
}

static void
mail_free(struct noc_mail *m)
{
	free(m->name);
	free(m->message);
	free(m->path);
	free(m->actor);
	noc_value_free(m->data);
	free(m);
}

static void
box_free(struct mailbox *box)
{
	struct noc_mail *m;

	while ((m = box->first)) {
		box->first = m->next;
		mail_free(m);
	}
	free(box);
}

static char *
mail_key(const struct mailbox *box, const struct noc_mail *m)
{
	char run[NOC_ID_TEXT];

	return noc_asprintf("%s/%s/%s", noc_id_format(run, &box->run), m->name,
			    m->message);
}

static void
mail_row(const struct noc_runs *runs, const struct mailbox *box,
	 const struct noc_mail *m)
{
	struct noc_value *v = noc_value_map();
	char run[NOC_ID_TEXT], *key = mail_key(box, m);

	noc_value_set(v, "run", noc_value_str(noc_id_format(run, &box->run)));
	noc_value_set(v, "name", noc_value_str(m->name));
	noc_value_set(v, "message", noc_value_str(m->message));
	noc_value_set(v, "path", noc_value_str(m->path));
	noc_value_set(v, "actor", noc_value_str(m->actor));
	noc_value_set(v, "at", noc_value_int(m->at_ns));
	noc_value_set(v, "nth", noc_value_int(m->nth));
	noc_value_set(v, "taken", noc_value_bool(m->taken));
	noc_value_set(v, "data", noc_value_copy(m->data));
	noc_txn_live_put(noc_core_txn(runs->core), KIND, key, 0, v);
	noc_value_free(v);
	free(key);
}

static struct noc_mail *
box_add(struct mailbox *box, const struct noc_mail_say *say)
{
	struct noc_mail *m = noc_calloc(1, sizeof(*m));

	m->name = noc_strdup(say->name);
	m->message = noc_strdup(say->message);
	m->path = noc_strdup(say->path ? say->path : "");
	m->actor = noc_strdup(say->actor);
	m->data = say->data ? noc_value_copy(say->data) : noc_value_map();
	*box->end = m;
	box->end = &m->next;
	m->nth = (int64_t)++box->n;
	return m;
}

static bool
box_has(const struct mailbox *box, const struct noc_mail_say *say)
{
	const struct noc_mail *m = box->first;

	while (m && (strcmp(m->name, say->name) != 0 ||
		     strcmp(m->message, say->message) != 0))
		m = m->next;
	return m != NULL;
}

static int
mail_check(const struct noc_mail_say *say, struct noc_err *err)
{
	char *text =
	    say->data ? noc_json_string(say->data, NOC_JSON_COMPACT) : NULL;
	size_t len = text ? strlen(text) : 0;

	free(text);
	if (len > NOC_MAIL_DATA_MAX)
		return noc_err_set(err, NOC_EINPUT,
				   "The data of a signal is %zu bytes, and at "
				   "most %d are taken.",
				   len, NOC_MAIL_DATA_MAX);
	if (strlen(say->message) > NOC_MAIL_ID_MAX)
		return noc_err_set(err, NOC_EINPUT,
				   "The id of a signal has at most %d "
				   "characters.",
				   NOC_MAIL_ID_MAX);
	return 0;
}

int
noc_mail_put(struct noc_run *r, const struct noc_mail_say *say,
	     struct noc_err *err)
{
	struct noc_runs *runs = noc_runs_of(r->core);
	struct mailbox *box = box_of(runs, &r->id, true);
	struct noc_mail_say named = *say;
	char number[32];
	struct noc_mail *m;
	int rc;

	/* Who gives it no id means each one. */
	for (size_t n = box->n + 1; !*say->message; n++) {
		snprintf(number, sizeof(number), "#%zu", n);
		named.message = number;
		if (!box_has(box, &named))
			break;
	}
	if (box_has(box, &named))
		return 1;
	rc = mail_check(say, err);
	if (rc)
		return rc;
	if (box->n >= NOC_MAIL_MAX)
		return noc_err_set(err, NOC_ERESOURCE,
				   "Run %s has %d signals already.", r->text,
				   NOC_MAIL_MAX);
	m = box_add(box, &named);
	m->at_ns = noc_core_time(r->core).wall_ns;
	mail_row(runs, box, m);
	runs->signalled++;
	return 0;
}

const struct noc_mail *
noc_mail_take(struct noc_run *r, const char *name, const char *path)
{
	struct noc_runs *runs = noc_runs_of(r->core);
	struct mailbox *box = box_of(runs, &r->id, false);
	struct noc_mail *m = box ? box->first : NULL;

	while (m && (m->taken || strcmp(m->name, name) != 0 ||
		     (*m->path && strcmp(m->path, path) != 0)))
		m = m->next;
	if (!m)
		return NULL;
	m->taken = true;
	mail_row(runs, box, m);
	return m;
}

static void
box_erase(struct noc_runs *runs, struct mailbox *box)
{
	for (const struct noc_mail *m = box->first; m; m = m->next) {
		char *key = mail_key(box, m);

		noc_txn_live_del(noc_core_txn(runs->core), KIND, key);
		free(key);
	}
	noc_table_deln(&runs->mail, box->run.b, sizeof(box->run.b));
	box_free(box);
}

void
noc_mail_drop(struct noc_run *r)
{
	struct noc_runs *runs = noc_runs_of(r->core);
	struct mailbox *box = box_of(runs, &r->id, false);

	if (box)
		box_erase(runs, box);
}

/* ---- over a restart ---- */

bool
noc_mail_load(struct noc_runs *runs, struct noc_core *core, const char *kind,
	      const char *key, const struct noc_value *data)
{
	const struct noc_mail_say say = {
		.name = noc_value_get_str(data, "name", ""),
		.message = noc_value_get_str(data, "message", ""),
		.path = noc_value_get_str(data, "path", ""),
		.actor = noc_value_get_str(data, "actor", ""),
		.data = noc_value_get(data, "data"),
	};
	struct noc_mail *m;
	struct noc_id id;

	if (strcmp(kind, KIND) != 0)
		return false;
	if (noc_id_parse(noc_value_get_str(data, "run", ""), &id) ||
	    !*say.name || !say.data || say.data->type != NOC_MAP) {
		noc_core_unreadable(core, kind, key);
		return true;
	}
	m = box_add(box_of(runs, &id, true), &say);
	m->at_ns = noc_value_get_int(data, "at", 0);
	m->nth = noc_value_get_int(data, "nth", 0);
	m->taken = noc_value_get_bool(data, "taken", false);
	return true;
}

/* Rows come by their keys: those that were first are first. */
static void
box_sort(struct mailbox *box)
{
	struct noc_mail *sorted = NULL, *m;

	while ((m = box->first)) {
		struct noc_mail **at = &sorted;

		box->first = m->next;
		while (*at && (*at)->nth <= m->nth)
			at = &(*at)->next;
		m->next = *at;
		*at = m;
	}
	box->first = sorted;
	for (box->end = &box->first; *box->end;)
		box->end = &(*box->end)->next;
}

void
noc_mail_ready(struct noc_runs *runs)
{
	const char *key;
	void *value;

	for (size_t it = 0; noc_table_next(&runs->mail, &it, &key, &value);) {
		struct mailbox *box = value;

		if (noc_table_getn(&runs->by_id, box->run.b,
				   sizeof(box->run.b)))
			box_sort(box);
		else
			box_erase(runs, box);
	}
}

void
noc_mail_store(struct noc_runs *runs)
{
	const char *key;
	void *value;

	for (size_t it = 0; noc_table_next(&runs->mail, &it, &key, &value);) {
		const struct mailbox *box = value;

		for (const struct noc_mail *m = box->first; m; m = m->next)
			mail_row(runs, box, m);
	}
}

void
noc_mail_release(struct noc_runs *runs)
{
	void *value;

	for (size_t it = 0; noc_table_next(&runs->mail, &it, NULL, &value);)
		box_free(value);
	noc_table_release(&runs->mail);
}
