/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/run/command.h"

#include <stdio.h>
#include <string.h>

#include "engine/notify/callback.h"
#include "engine/run/cancel.h"
#include "engine/run/each.h"
#include "engine/run/fork.h"
#include "engine/run/gate_command.h"
#include "engine/run/live.h"
#include "engine/run/rows.h"
#include "engine/run/run_private.h"
#include "engine/run/runner.h"

/* Verbs about runs: run.start, run.cancel, run.pause, run.signal, ... */

/* A whole id, or a beginning that only one run has. */
int
noc_command_run(const struct noc_runs *runs, const struct noc_value *command,
		struct noc_id *id, struct noc_err *err)
{
	const char *text = noc_value_get_str(command, "id", "");
	size_t len = strlen(text);
	const struct noc_run *found = NULL;
	const char *key;
	void *value;

	if (noc_id_parse(text, id) == 0)
		return 0;
	if (len < 4)
		return noc_err_set(err, NOC_EINPUT,
				   "A run is named by its id, or by the first "
				   "4 or more characters of it.");
	for (size_t it = 0; noc_table_next(&runs->by_id, &it, &key, &value);) {
		const struct noc_run *r = value;

		if (strncmp(r->text, text, len))
			continue;
		if (found)
			return noc_err_set(err, NOC_EINPUT,
					   "More than one run begins with "
					   "'%.40s'; write more of its id.",
					   text);
		found = r;
	}
	if (!found)
		return noc_err_set(err, NOC_ENOTFOUND,
				   "No running run has the id '%.40s'.", text);
	*id = found->id;
	return 0;
}

static struct noc_value *
answer_id(const struct noc_id *id)
{
	struct noc_value *v = noc_value_map();
	char text[NOC_ID_TEXT];

	noc_value_set(v, "id", noc_value_str(noc_id_format(text, id)));
	return v;
}

/* {url, secret}, returned; *out NULL: nobody is to be told. */
static int
command_callback(const struct noc_core *core, const struct noc_value *command,
		 struct noc_value **out, struct noc_err *err)
{
	const char *url = noc_value_get_str(command, "callback_url", NULL);
	const char *secret =
	    noc_value_get_str(command, "callback_secret", NULL);
	int rc;

	*out = NULL;
	if (!url && secret)
		return noc_err_set(err, NOC_EINPUT,
				   "callback_secret signs what callback_url is "
				   "told, and there is none.");
	if (!url)
		return 0;
	rc = noc_callback_check(core, url, secret, err);
	if (rc)
		return rc;
	*out = noc_value_map();
	noc_value_set(*out, "url", noc_value_str(url));
	if (secret)
		noc_value_set(*out, "secret", noc_value_str(secret));
	return 0;
}

static int
on_run_start(struct noc_core *core, void *part, const struct noc_value *command,
	     struct noc_value **answer, struct noc_err *err)
{
	const char *mode = noc_value_get_str(command, "mode", "active");
	struct noc_run_cause cause = {
		.input = noc_value_get(command, "input"),
		.mode = NOC_ACTIVE,
		.actor = noc_value_get_str(command, "actor", "unknown"),
	};
	struct noc_value *callback;
	struct noc_id id;
	int rc;

	(void)part;
	if (!noc_mode_parse(mode, &cause.mode) || cause.mode == NOC_CANARY)
		return noc_err_set(err, NOC_EINPUT,
				   "A run is started in mode active, observe "
				   "or shadow, not '%.40s'.",
				   mode);
	rc = command_callback(core, command, &callback, err);
	if (rc)
		return rc;
	cause.callback = callback;
	rc = noc_run_start_flow(core, noc_value_get_str(command, "flow", ""),
				&cause, &id, err);
	noc_value_free(callback);
	if (rc == 0)
		*answer = answer_id(&id);
	return rc;
}

static int
on_run_fork(struct noc_core *core, void *part, const struct noc_value *command,
	    struct noc_value **answer, struct noc_err *err)
{
	const struct noc_fork_how how = {
		.id = noc_value_get_str(command, "id", ""),
		.from = noc_value_get_str(command, "from", NULL),
		.failed = noc_value_get_bool(command, "failed", false),
		.failed_items =
		    noc_value_get_bool(command, "failed_items", false),
		.plan = noc_value_get_str(command, "plan", NULL),
		.input = noc_value_get(command, "input"),
		.actor = noc_value_get_str(command, "actor", "unknown"),
		.why = noc_value_get_str(command, "why", ""),
	};

	(void)part;
	return noc_run_fork(core, &how, answer, err);
}

static int
on_run_cancel(struct noc_core *core, void *part,
	      const struct noc_value *command, struct noc_value **answer,
	      struct noc_err *err)
{
	const struct noc_cancel how = {
		.actor = noc_value_get_str(command, "actor", "unknown"),
		.why = noc_value_get_str(command, "why", ""),
		.undo = noc_value_get_bool(command, "undo", false),
		.force = noc_value_get_bool(command, "force", false),
	};
	const struct noc_run *r;
	struct noc_id id;
	int rc = noc_command_run(part, command, &id, err);

	if (rc)
		return rc;
	r = noc_run_find(core, &id);
	rc = noc_run_cancel(core, &id, &how, err);
	if (rc)
		return rc;
	*answer = answer_id(&id);
	if (!r)
		return 0;
	noc_value_set(*answer, "state", noc_value_str(r->state));
	noc_value_set(*answer, "stays_changed", noc_cancel_stays(r));
	noc_value_set(*answer, "takes_back", noc_cancel_back(r));
	noc_value_set(*answer, "waits_for", noc_cancel_waits(r));
	return 0;
}

static int
command_pause(struct noc_core *core, const struct noc_runs *runs,
	      const struct noc_value *command, bool on,
	      struct noc_value **answer, struct noc_err *err)
{
	struct noc_id id;
	int rc = noc_command_run(runs, command, &id, err);

	if (rc == 0)
		rc = noc_run_pause(
		    core, &id, on,
		    noc_value_get_str(command, "actor", "unknown"),
		    noc_value_get_str(command, "why", ""),
		    noc_value_get_int(command, "for_ms", 0), err);
	if (rc == 0)
		*answer = answer_id(&id);
	return rc;
}

static int
on_run_pause(struct noc_core *core, void *part, const struct noc_value *command,
	     struct noc_value **answer, struct noc_err *err)
{
	return command_pause(core, part, command, true, answer, err);
}

static int
on_run_resume(struct noc_core *core, void *part,
	      const struct noc_value *command, struct noc_value **answer,
	      struct noc_err *err)
{
	return command_pause(core, part, command, false, answer, err);
}

static int
command_signal(struct noc_core *core, const struct noc_runs *runs,
	       const struct noc_value *command, const char *signal,
	       struct noc_value **answer, struct noc_err *err)
{
	const struct noc_signal s = {
		.name = signal,
		.actor = noc_value_get_str(command, "actor", "unknown"),
		.why = noc_value_get_str(command, "why", ""),
		.path = noc_value_get_str(command, "path", NULL),
		.items = noc_value_get(command, "items"),
		.data = noc_value_get(command, "data"),
		.message = noc_value_get_str(command, "message", NULL),
	};
	struct noc_id id;
	int rc = noc_command_run(runs, command, &id, err);

	if (rc == 0)
		rc = noc_run_signal(core, &id, &s, err);
	if (rc < 0)
		return rc;
	*answer = answer_id(&id);
	if (rc > 0)
		noc_value_set(*answer, "duplicate", noc_value_bool(true));
	return 0;
}

static int
on_run_signal(struct noc_core *core, void *part,
	      const struct noc_value *command, struct noc_value **answer,
	      struct noc_err *err)
{
	return command_signal(core, part, command,
			      noc_value_get_str(command, "signal", ""), answer,
			      err);
}

static int
on_run_ack(struct noc_core *core, void *part, const struct noc_value *command,
	   struct noc_value **answer, struct noc_err *err)
{
	return command_signal(core, part, command, "ack", answer, err);
}

/* An each of it that runs; NULL: which there are. */
static struct noc_live *
command_each(const struct noc_run *r, const char *path, struct noc_err *err)
{
	struct noc_live *l = noc_live_at(r, path);
	struct noc_strbuf sb = NOC_STRBUF_INIT;

	if (l && l->more->each)
		return l;
	for (l = r->lives; l; l = l->next)
		if (l->more->each && sb.len < 300)
			noc_strbuf_addf(&sb, "%s%s", sb.len ? ", " : "",
					l->path);
	noc_err_set(err, NOC_ENOTFOUND,
		    "Run %s has no each '%.100s' that "
		    "runs: %s.",
		    r->text, path, sb.len ? sb.p : "it has none");
	noc_strbuf_release(&sb);
	return NULL;
}

static int
on_run_set(struct noc_core *core, void *part, const struct noc_value *command,
	   struct noc_value **answer, struct noc_err *err)
{
	const struct noc_value *limit = noc_value_get(command, "limit");
	const char *path = noc_value_get_str(command, "path", "");
	const char *need = noc_value_get_str(command, "need", NULL);
	struct noc_strbuf said = NOC_STRBUF_INIT;
	struct noc_id id;
	struct noc_live *l;
	struct noc_run *r;
	char text[NOC_ID_TEXT];
	int rc = noc_command_run(part, command, &id, err);

	if (rc)
		return rc;
	r = noc_run_find(core, &id);
	if (!r)
		return noc_err_set(err, NOC_ENOTFOUND,
				   "Run %s is not running (any more).",
				   noc_id_format(text, &id));
	l = command_each(r, path, err);
	if (!l)
		return NOC_ENOTFOUND;
	rc = noc_each_set(l, limit ? &limit->u.i : NULL, need, err);
	if (rc)
		return rc;
	noc_strbuf_addf(&said, "set %s", path);
	if (limit)
		noc_strbuf_addf(&said, " limit=%lld", (long long)limit->u.i);
	if (need)
		noc_strbuf_addf(&said, " need=%s", need);
	noc_run_write_signal(r, said.p,
			     noc_value_get_str(command, "actor", "unknown"),
			     noc_value_get_str(command, "why", ""));
	noc_strbuf_release(&said);
	*answer = answer_id(&id);
	noc_each_on(l);
	noc_run_advance(r);
	return 0;
}

const struct noc_part_answer noc_run_answers[] = {
	{ "run.start", on_run_start },
	{ "run.cancel", on_run_cancel },
	{ "run.pause", on_run_pause },
	{ "run.resume", on_run_resume },
	{ "run.signal", on_run_signal },
	{ "run.ack", on_run_ack },
	{ "run.fork", on_run_fork },
	{ "run.set", on_run_set },
	{ "gate.list", noc_on_gate_list },
	{ "gate.show", noc_on_gate_show },
	{ "gate.decide", noc_on_gate_decide },
	{ 0 },
};
