/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/json.h"
#include "base/mem.h"
#include "cli/client.h"
#include "cli/http.h"

/* nocturne emit: an event by hand, as a CloudEvent. */

#define EMIT_MS 30000

static const struct noc_verb_option emit_options[] = {
	NOC_CLIENT_OPTIONS,
	{ "id", 0, "ID",
	  "its id at the source: said again within a day, it is a duplicate",
	  false },
	{ "source", 0, "URI", "its source (nocturne:cli)", false },
	{ "data", 0, "OBJECT", "its data as JSON, where key=value does not do",
	  false },
	{ 0 },
};

static struct noc_value *
emit_data(const struct noc_client *c, int *status)
{
	const char *json = noc_client_opt(c, "data");
	struct noc_value *data = noc_client_pairs(c, 1, true, status), *more;
	struct noc_err err;

	if (!data || !json)
		return data;
	if (noc_json_parse(json, strlen(json), &more, &err)) {
		*status = noc_verb_misuse(c->verb, "--data: %s", err.msg);
	} else if (more->type != NOC_MAP) {
		*status = noc_verb_misuse(c->verb, "--data takes an object.");
		noc_value_free(more);
	} else {
		for (size_t i = 0; i < more->u.map.len; i++)
			noc_value_set(data, more->u.map.at[i].key,
				      noc_value_copy(more->u.map.at[i].value));
		noc_value_free(more);
		return data;
	}
	noc_value_free(data);
	return NULL;
}

/* A CloudEvent; the device is its subject. */
static struct noc_value *
emit_event(const struct noc_client *c, struct noc_value *data)
{
	const char *id = noc_client_opt(c, "id");
	const char *source = noc_client_opt(c, "source");
	const char *device = noc_value_get_str(data, "device", NULL);
	struct noc_value *ev = noc_value_map();
	struct noc_now now = noc_clock_read();
	char text[NOC_ID_TEXT], iso[32];
	struct noc_id fresh = noc_id_new(now.wall_ns);

	noc_value_set(ev, "specversion", noc_value_str("1.0"));
	noc_value_set(ev, "id",
		      noc_value_str(id ? id : noc_id_format(text, &fresh)));
	noc_value_set(ev, "source",
		      noc_value_str(source ? source : "nocturne:cli"));
	noc_value_set(ev, "type", noc_value_str(noc_client_arg(c, 0)));
	noc_value_set(ev, "time",
		      noc_value_str(noc_time_iso(iso, now.wall_ns)));
	if (device)
		noc_value_set(ev, "subject", noc_value_str(device));
	noc_value_set(ev, "data", data);
	return ev;
}

static int
emit_one(struct noc_client *c)
{
	const char *kind = noc_client_arg(c, 0);
	struct noc_http_call call = {
		.socket = c->socket,
		.state = c->state,
		.method = "POST",
		.target = "/api/v1/events",
		.type = "application/cloudevents+json",
		.timeout_ms = EMIT_MS,
	};
	struct noc_value *data, *ev, *answer;
	const struct noc_value *row;
	struct noc_err err;
	int status = 0;

	if (strchr(kind, '='))
		return noc_verb_misuse(c->verb, "the kind comes first, as in "
						"'emit link.down device=sw1'.");
	data = emit_data(c, &status);
	if (!data)
		return status;
	call.body = ev = emit_event(c, data);
	if (noc_http_call(&call, &answer, &err)) {
		status = noc_verb_fail(&err);
	} else {
		row = noc_value_at(noc_value_get(answer, "events"), 0);
		if (c->output == NOC_OUTPUT_TABLE)
			printf("%s %s\n", noc_value_get_str(row, "id", "-"),
			       noc_value_get_str(row, "fate", "?"));
		else if (row)
			noc_rows_json(row, c->output == NOC_OUTPUT_JSON);
	}
	noc_value_free(answer);
	noc_value_free(ev);
	return status;
}

static int
emit_run(int argc, char **argv)
{
	static const struct noc_client_sub subs[] = {
		{ "", 1, 256, emit_one },
		{ 0 },
	};

	return noc_client_main(&noc_verb_emit, subs, argc, argv);
}

const struct noc_verb noc_verb_emit = {
	.name = "emit",
	.summary = "sends an event by hand",
	.usage = "KIND [device=NAME] [key=value]...",
	.options = emit_options,
	.details =
	    "severity=, summary= and device= are the event's own; the "
	    "rest is its data,\nJSON where a value begins with [ or {.  It "
	    "is trusted, and on disk when the command\nreturns: its id "
	    "and fate are printed.",
	.run = emit_run,
};
