/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/intern.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "proto/cloudevents.h"
#include "engine/memory/dedup.h"
#include "api/private.h"

/*
 * POST /api/v1/events: CloudEvents become events of their type.  The same
 * source and id again is a duplicate, also after a restart.  202 says that
 * what became of each is on disk.
 */
#define INGEST_BATCH_MAX 1000
#define INGEST_HEADERS	 128
#define INGEST_DEDUP_MS	 (24LL * 3600 * 1000)
#define INGEST_REPLY_MS	 20000

struct ingest { /* one POST until all of its events are durable */
	struct noc_http_req *req;
	size_t left;
	bool fresh;
	struct noc_value *rows; /* {id?, fate} in the order given */
};

struct ingest_event {
	struct noc_receipt receipt; /* first */
	struct ingest *of;
	size_t at;
};

static void
ingest_done(struct ingest *in)
{
	struct noc_value *body;

	if (--in->left > 0)
		return;
	body = noc_value_map();
	noc_value_set(body, "events", in->rows);
	noc_http_reply_json(in->req, in->fresh ? 202 : 200, body);
	noc_value_free(body);
	free(in);
}

static void
on_ingest_receipt(struct noc_receipt *r, enum noc_fate fate,
		  const struct noc_id *event, const struct noc_id *run)
{
	struct ingest_event *e = (struct ingest_event *)r;
	struct noc_value *row = noc_value_at(e->of->rows, e->at);
	char id[NOC_ID_TEXT];

	noc_value_set(row, "fate", noc_value_str(noc_fate_name(fate)));
	if (!noc_id_is_zero(event))
		noc_value_set(row, "id",
			      noc_value_str(noc_id_format(id, event)));
	if (!noc_id_is_zero(run))
		noc_value_set(row, "run",
			      noc_value_str(noc_id_format(id, run)));
	if (fate != NOC_FATE_DUPLICATE)
		e->of->fresh = true;
	ingest_done(e->of);
	free(e);
}

static void
on_ingest_again(void *arg)
{
	ingest_done(arg);
}

/* ---- one event ---- */

/* data.NAME, else the extension NAME, as text; taken out of data. */
static char *
ingest_word(const struct noc_value *ce, struct noc_value *data,
	    const char *name, const char *fallback)
{
	const struct noc_value *v = noc_value_get(data, name);
	char *text;

	if (!v || v->type != NOC_STR || !v->u.s.len ||
	    strlen(v->u.s.p) != v->u.s.len)
		return noc_strdup(noc_value_get_str(ce, name, fallback));
	text = noc_strdup(v->u.s.p);
	noc_value_unset(data, name);
	return text;
}

static int8_t
ingest_severity(const struct noc_value *ce, struct noc_value *data)
{
	char *word = ingest_word(ce, data, "severity", "notice");
	int n = noc_severity_parse(word, strlen(word));
	const struct noc_value *v = noc_value_get(data, "severity");

	if (v && v->type == NOC_INT && v->u.i >= 0 && v->u.i <= 7) {
		n = (int)v->u.i;
		noc_value_unset(data, "severity");
	}
	free(word);
	return (int8_t)(n < 0 ? 5 : n);
}

static int
ingest_check(const struct noc_value *ce, size_t i, struct noc_err *err)
{
	const char *type = noc_value_get_str(ce, "type", "");

	if (strlen(type) > 128)
		return noc_err_set(err, NOC_EINPUT,
				   "CloudEvent %zu: its type is longer than "
				   "128 bytes.",
				   i + 1);
	for (const char *c = type; *c; c++)
		if ((unsigned char)*c <= ' ' || (unsigned char)*c > '~')
			return noc_err_set(err, NOC_EINPUT,
					   "CloudEvent %zu: its type must be "
					   "visible ASCII.",
					   i + 1);
	return 0;
}

static void
ingest_emit(struct noc_core *core, struct noc_source *source,
	    const struct noc_value *ce, const char *peer,
	    struct noc_receipt *receipt)
{
	const struct noc_value *data = noc_value_get(ce, "data");
	struct noc_value *map = data && data->type == NOC_MAP
				    ? noc_value_copy(data)
				    : noc_value_map();
	const char *time = noc_value_get_str(ce, "time", NULL);
	char *raw = noc_json_string(ce, NOC_JSON_COMPACT);
	char *device, *summary;
	const char *kind = noc_value_get_str(ce, "type", "event");
	struct noc_event ev = {
		.kind = noc_intern_input(kind, strlen(kind)),
		.trust = NOC_TRUST_HIGH,
	};

	if (data && data->type != NOC_MAP)
		noc_value_set(map, "value", noc_value_copy(data));
	device = ingest_word(ce, map, "device",
			     noc_value_get_str(ce, "subject", ""));
	summary = ingest_word(ce, map, "summary", "");
	ev.severity = ingest_severity(ce, map);
	ev.origin = noc_slice_str(*peer ? peer : "local");
	ev.device = noc_slice_str(*device ? device : NULL);
	ev.summary = noc_slice_str(summary);
	ev.raw = noc_slice_str(raw);
	ev.data = map;
	if (time)
		noc_time_parse(time, strlen(time), &ev.time_ns);
	noc_sensor_emit(core, source, &ev, receipt);
	free(raw);
	free(device);
	free(summary);
}

static bool
ingest_seen(struct noc_core *core, const struct noc_value *ce)
{
	const char *source = noc_value_get_str(ce, "source", "");
	const char *id = noc_value_get_str(ce, "id", "");
	char *key = noc_asprintf("%zu:%s%s", strlen(source), source, id);
	bool seen = noc_dedup_repeats(core, "cloudevents", noc_slice_str(key),
				      INGEST_DEDUP_MS);

	free(key);
	return seen;
}

static void
ingest_all(struct noc_api *api, struct noc_http_req *req,
	   const struct noc_value *list, struct noc_source *source)
{
	struct noc_core *core = api->env->core;
	struct ingest *in = noc_calloc(1, sizeof(*in));
	char peer[64];

	snprintf(peer, sizeof(peer), "%s", noc_http_peer(req));
	in->req = noc_http_reply_later(req, INGEST_REPLY_MS);
	in->rows = noc_value_list();
	in->fresh = noc_value_len(list) == 0;
	in->left = 1; /* ours, so that no event answers before the last */
	noc_core_begin(core, noc_core_turn(core));
	for (size_t i = 0; i < noc_value_len(list); i++) {
		const struct noc_value *ce = noc_value_at(list, i);
		struct noc_value *row = noc_value_map();
		struct ingest_event *e;

		noc_value_push(in->rows, row);
		in->left++;
		if (ingest_seen(core, ce)) {
			/* The first may still be on its way to the disk. */
			source->received++;
			source->duplicate++;
			noc_value_set(row, "fate", noc_value_str("duplicate"));
			noc_core_effect(core, on_ingest_again, NULL, in);
			continue;
		}
		e = noc_calloc(1, sizeof(*e));
		e->receipt.done = on_ingest_receipt;
		e->of = in;
		e->at = i;
		ingest_emit(core, source, ce, peer, &e->receipt);
	}
	noc_core_end(core);
	ingest_done(in);
}

static void
on_ingest(struct noc_http_req *req, void *arg)
{
	struct noc_cloudevents_header headers[INGEST_HEADERS];
	struct noc_api *api = arg;
	struct noc_source *source =
	    noc_source_new(api->env->core, "api", "event", true);
	struct noc_value *list = NULL;
	const char *name, *value;
	struct noc_err err;
	size_t n = 0;
	int r;

	if (noc_api_keyed(req, "an event is known by its source and id"))
		return;
	for (size_t it = 0; n < INGEST_HEADERS &&
			    noc_http_header_next(req, &it, &name, &value);)
		headers[n++] =
		    (struct noc_cloudevents_header){ noc_slice_str(name),
						     noc_slice_str(value) };
	r = noc_cloudevents_read(noc_http_header(req, "content-type"),
				 noc_http_body(req), headers, n, &list, &err);
	if (!r && noc_value_len(list) > INGEST_BATCH_MAX)
		r = noc_err_set(&err, NOC_EINPUT, "A batch may hold %d events.",
				INGEST_BATCH_MAX);
	for (size_t i = 0; !r && i < noc_value_len(list); i++)
		r = ingest_check(noc_value_at(list, i), i, &err);
	if (r) {
		source->received++;
		source->refused++;
		source->malformed++;
		noc_http_reply_err(req, &err);
	} else {
		ingest_all(api, req, list, source);
	}
	noc_value_free(list);
}

void
noc_api_ingest(struct noc_api *api)
{
	noc_http_intake(api->env->http, "POST", "/api/v1/events",
			NOC_ROLE_OPERATOR, NULL, on_ingest, api);
}
