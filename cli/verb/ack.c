/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/client.h"

/* nocturne ack: somebody has seen it; escalations that wait for it stop. */

static const struct noc_verb_option ack_options[] = {
	NOC_CLIENT_OPTIONS,
	NOC_CLIENT_WHY,
	{ 0 },
};

static int
ack_post(struct noc_client *c, const char *run, struct noc_value **out,
	 struct noc_err *err)
{
	char *target = noc_client_path("/api/v1/runs/", run, "/signal/ack");
	int r = noc_client_try(c, "POST", target, noc_client_body(c), out, err);

	free(target);
	return r;
}

static int
ack_said(const struct noc_client *c, struct noc_value *ids)
{
	struct noc_value *all;

	for (size_t i = 0;
	     c->output != NOC_OUTPUT_JSON && i < noc_value_len(ids); i++) {
		struct noc_value *one;

		if (c->output == NOC_OUTPUT_TABLE) {
			printf("acknowledged %s\n",
			       noc_value_at(ids, i)->u.s.p);
			continue;
		}
		one = noc_value_map();
		noc_value_set(one, "acknowledged",
			      noc_value_copy(noc_value_at(ids, i)));
		noc_rows_json(one, false);
		noc_value_free(one);
	}
	all = noc_value_map();
	noc_value_set(all, "acknowledged", ids);
	if (c->output == NOC_OUTPUT_JSON)
		noc_rows_json(all, true);
	noc_value_free(all);
	return NOC_EXIT_OK;
}

/* Every run that this event started. */
static int
ack_event(struct noc_client *c, const char *id, const struct noc_err *run_err)
{
	char *target = noc_client_path("/api/v1/events/", id, "");
	struct noc_value *event = NULL, *answer, *ids;
	const struct noc_value *list;
	struct noc_err err = { 0 };
	int r;

	r = noc_client_try(c, "GET", target, NULL, &event, &err);
	free(target);
	if (r)
		return noc_verb_fail(run_err);
	ids = noc_value_list();
	list = noc_value_get(event, "decisions");
	for (size_t i = 0; i < noc_value_len(list); i++) {
		const char *run =
		    noc_value_get_str(noc_value_at(list, i), "run", NULL);

		if (!run || ack_post(c, run, &answer, &err))
			continue;
		noc_value_push(
		    ids, noc_value_str(noc_value_get_str(answer, "id", run)));
		noc_value_free(answer);
	}
	noc_value_free(event);
	if (noc_value_len(ids))
		return ack_said(c, ids);
	noc_value_free(ids);
	noc_err_set(&err, NOC_ENOTFOUND,
		    "No run of event '%.60s' waits for an acknowledgement.",
		    id);
	return noc_verb_fail(&err);
}

static int
ack_one(struct noc_client *c)
{
	const char *id = noc_client_arg(c, 0);
	struct noc_value *answer = NULL, *ids;
	struct noc_err err = { 0 };
	int r = ack_post(c, id, &answer, &err);

	if (r == NOC_ENOTFOUND)
		return ack_event(c, id, &err);
	if (r)
		return noc_verb_fail(&err);
	ids = noc_value_list();
	noc_value_push(ids, noc_value_str(noc_value_get_str(answer, "id", id)));
	noc_value_free(answer);
	return ack_said(c, ids);
}

static int
ack_run(int argc, char **argv)
{
	static const struct noc_client_sub subs[] = {
		{ "", 1, 1, ack_one },
		{ 0 },
	};

	return noc_client_main(&noc_verb_ack, subs, argc, argv);
}

const struct noc_verb noc_verb_ack = {
	.name = "ack",
	.summary = "acknowledges a run, or the runs of an event",
	.usage = "RUN|EVENT [-m WHY]",
	.options = ack_options,
	.details = "An escalation that waits for it goes no further.",
	.run = ack_run,
};
