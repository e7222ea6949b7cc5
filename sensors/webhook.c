/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/crypto.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/redact.h"
#include "proto/signature.h"
#include "net/http.h"
#include "engine/edge/secret.h"
#include "engine/edge/sensor.h"
#include "engine/core/core.h"
#include "engine/memory/replay.h"
#include "sensors/webhook_body.h"

/*
 * POST /hooks/NAME for each `hook` of the rules.  Fails closed: the signature
 * is checked on the raw bytes before anything is read; what was signed is taken
 * once, and that is remembered durably; 202 is said when what became of it is
 * on disk.
 */
#define HOOK_SECRETS_MAX 8
#define HOOK_SPLIT_MAX	 1000
/* Bytes of headers that the events of one post say in all: these, and so many
 * times its body. */
#define HOOK_HEADERS_MAX   (256 * 1024)
#define HOOK_HEADERS_TIMES 4
#define HOOK_REPLY_MS	   20000
#define HOOK_SIGNED_MS	   (24LL * 3600 * 1000) /* where no timestamp is signed */

struct webhook {
	struct noc_env *env;
	uint64_t refused_said, broken_said;
};

struct delivery { /* one POST until all of its events are durable */
	struct noc_http_req *req;
	size_t left;
	bool fresh; /* one of its events at least was no duplicate */
	struct noc_value *ids;
	struct noc_value *headers; /* as every event says them */
};

struct delivery_event {
	struct noc_receipt receipt; /* first */
	struct delivery *of;
};

/* ---- who signed it ---- */

struct hook_auth {
	struct noc_signature sig;
	uint8_t said[32];
	int64_t when_s;
	char *secrets[HOOK_SECRETS_MAX];
	size_t n;
};

static int
hook_secret(struct webhook *w, struct hook_auth *a, const struct noc_value *v,
	    struct noc_err *err)
{
	const char *name =
	    v->type == NOC_STR ? v->u.s.p : noc_value_get_str(v, "name", NULL);
	int r;

	if (!name || a->n == HOOK_SECRETS_MAX)
		return noc_err_set(err, NOC_ECONFIG,
				   "its auth names no secret, or too many");
	r = noc_secret_read(w->env, name, &a->secrets[a->n], err);
	if (!r)
		a->n++;
	return r;
}

static void
hook_auth_release(struct hook_auth *a)
{
	for (size_t i = 0; i < a->n; i++) {
		noc_wipe(a->secrets[i], strlen(a->secrets[i]));
		free(a->secrets[i]);
	}
}

static int
hook_auth_fill(struct webhook *w, const struct noc_value *node,
	       struct hook_auth *a, struct noc_err *err)
{
	const struct noc_value *opts = noc_value_get(node, "opts");
	const struct noc_value *items = noc_value_get(node, "items");
	const struct noc_value *secret = noc_value_get(opts, "secret");
	const struct noc_value *md = noc_value_at(items, 0);
	const struct noc_value *header = noc_value_at(items, 1);
	int64_t ms = 300000;
	int r = 0;

	memset(a, 0, sizeof(*a));
	a->sig.said = a->said;
	a->sig.when_s = &a->when_s;
	if (noc_signature_scheme_parse(noc_value_get_str(node, "node", ""),
				       &a->sig.scheme))
		return noc_err_set(err, NOC_ECONFIG,
				   "its auth is of no known kind");
	if (a->sig.scheme == NOC_SIG_HMAC) {
		if (!md || md->type != NOC_STR || !header ||
		    header->type != NOC_STR)
			return noc_err_set(err, NOC_ECONFIG,
					   "its hmac names no hash or header");
		a->sig.md = md->u.s.p;
		a->sig.header = header->u.s.p;
	}
	noc_duration_parse(noc_value_get_str(opts, "tolerance", "5m"), &ms);
	a->sig.tolerance_s = (int32_t)(ms / 1000);
	if (!secret)
		secret = noc_value_get(node, "name");
	if (!secret)
		return noc_err_set(err, NOC_ECONFIG, "its auth has no secret");
	if (secret->type == NOC_LIST)
		for (size_t i = 0; !r && i < noc_value_len(secret); i++)
			r = hook_secret(w, a, noc_value_at(secret, i), err);
	else
		r = hook_secret(w, a, secret, err);
	a->sig.secrets = (const char *const *)a->secrets;
	a->sig.nsecrets = a->n;
	if (r)
		hook_auth_release(a);
	return r;
}

static struct noc_slice
on_hook_header(const char *name, void *arg)
{
	return noc_slice_str(noc_http_header(arg, name));
}

/* ---- the answer ---- */

static void
delivery_answer(struct delivery *d)
{
	struct noc_value *body = noc_value_map();
	const struct noc_value *first = noc_value_at(d->ids, 0);

	if (first)
		noc_value_set(body, "id", noc_value_copy(first));
	if (noc_value_len(d->ids) > 1)
		noc_value_set(body, "ids", noc_value_copy(d->ids));
	if (!d->fresh)
		noc_value_set(body, "duplicate", noc_value_bool(true));
	noc_http_reply_json(d->req, d->fresh ? 202 : 200, body);
	noc_value_free(body);
	noc_value_free(d->ids);
	noc_value_free(d->headers);
	free(d);
}

static void
on_delivery_done(struct noc_receipt *r, enum noc_fate fate,
		 const struct noc_id *event, const struct noc_id *run)
{
	struct delivery_event *e = (struct delivery_event *)r;
	struct delivery *d = e->of;
	char id[NOC_ID_TEXT];

	(void)run;
	if (fate != NOC_FATE_DUPLICATE)
		d->fresh = true;
	if (!noc_id_is_zero(event))
		noc_value_push(d->ids, noc_value_str(noc_id_format(id, event)));
	free(e);
	if (--d->left == 0)
		delivery_answer(d);
}

static void
on_delivery_again(void *arg)
{
	struct delivery *d = arg;

	if (--d->left == 0)
		delivery_answer(d);
}

/* ---- the events ---- */

/* Of what lets others in only that it was there: also of the header that this
 * hook's hmac reads, whatever its name. */
static struct noc_value *
hook_headers(const struct noc_hook *hook, const struct noc_http_req *req)
{
	const struct noc_value *items = noc_value_get(hook->auth, "items");
	const struct noc_value *signed_by = noc_value_at(items, 1);
	struct noc_value *map = noc_value_map();
	const char *name, *value;

	for (size_t it = 0; noc_http_header_next(req, &it, &name, &value);) {
		bool private = noc_redact_name(name) ||
			       (signed_by && signed_by->type == NOC_STR &&
				!strcasecmp(name, signed_by->u.s.p));

		noc_value_set(map, name,
			      noc_value_str(private ? NOC_REDACTED : value));
	}
	return map;
}

static void
hook_emit(struct webhook *w, const struct noc_hook *hook,
	  struct noc_source *source, const struct noc_value *body,
	  struct delivery *d)
{
	struct delivery_event *e = noc_calloc(1, sizeof(*e));
	char summary[160], peer[64];
	char *raw = noc_json_string(body, NOC_JSON_COMPACT);
	struct noc_event ev;

	memset(&ev, 0, sizeof(ev));
	snprintf(summary, sizeof(summary), "POST /hooks/%.100s",
		 hook->emit.name);
	snprintf(peer, sizeof(peer), "%s", noc_http_peer(d->req));
	ev.origin = noc_slice_str(peer);
	ev.summary = noc_slice_str(summary);
	ev.raw = noc_slice_str(raw);
	ev.severity = 5;
	ev.trust = NOC_TRUST_HIGH;
	ev.http = noc_value_map();
	noc_value_set(ev.http, "header", noc_value_copy(d->headers));
	noc_value_set(ev.http, "body", noc_value_copy(body));
	e->receipt.done = on_delivery_done;
	e->of = d;
	noc_sensor_emit_hook(w->env->core, source, hook, &ev, body,
			     &e->receipt);
	free(raw);
}

/* Every event says the headers again: so much of them for one post. */
static int
hook_fits(const struct noc_hook *hook, const struct noc_value *list,
	  const struct noc_value *headers, size_t body_len, struct noc_err *err)
{
	char *text = noc_json_string(headers, NOC_JSON_COMPACT);
	size_t each = strlen(text), most;

	free(text);
	most = HOOK_HEADERS_MAX + HOOK_HEADERS_TIMES * body_len;
	if (each * noc_value_len(list) <= most)
		return 0;
	return noc_err_set(err, NOC_EREMOTE,
			   "Each of the %zu events of hook '%s' would say %zu "
			   "bytes of headers, more than %zu in all: send fewer "
			   "headers, or fewer entries in one post.",
			   noc_value_len(list), hook->emit.name, each, most);
}

/* The list that `split` names.  EINPUT: there is none, or it is too long. */
static int
hook_split(const struct noc_hook *hook, const struct noc_value *body,
	   const struct noc_value **out, struct noc_err *err)
{
	size_t len = strlen(hook->split);
	char *path = noc_strndup(hook->split, len > 3 ? len - 3 : 0);
	const struct noc_value *list =
	    *path ? noc_value_path(body, path) : body;
	int r = 0;

	if (!list || list->type != NOC_LIST)
		r = noc_err_set(err, NOC_EINPUT,
				"The body has no list at '%s', as split of "
				"hook '%s' wants.",
				path, hook->emit.name);
	else if (noc_value_len(list) > HOOK_SPLIT_MAX)
		r = noc_err_set(err, NOC_EINPUT,
				"The list at '%s' is longer than %d.", path,
				HOOK_SPLIT_MAX);
	free(path);
	*out = r ? NULL : list;
	return r;
}

static void
hook_refuse(struct webhook *w, struct noc_source *source,
	    struct noc_http_req *req, const struct noc_err *err)
{
	uint64_t *n;

	source->received++;
	source->refused++;
	/* The first ones, then now and then: a flood says little.  What is
	 * ours to mend has a count of its own. */
	n = err->kind == NOC_ECONFIG ? &w->broken_said : &w->refused_said;
	if (++*n < 10 || *n % 1000 == 0)
		noc_warn("webhook", "source=%s peer=%s refused=%llu %s",
			 source->name, noc_http_peer(req),
			 (unsigned long long)*n, err->msg);
	if (err->kind == NOC_EDENIED) {
		noc_http_reply_problem(req, 401, "Not verified", err->msg);
	} else if (err->kind == NOC_EINPUT) {
		source->malformed++;
		noc_http_reply_problem(req, 400, "Malformed body", err->msg);
	} else if (err->kind == NOC_ERESOURCE) {
		noc_http_reply_problem(req, 503, "Too many deliveries",
				       err->msg);
	} else if (err->kind == NOC_EREMOTE) {
		noc_http_reply_problem(req, 413, "Too much", err->msg);
	} else { /* a missing secret is ours to mend, and not to be told */
		noc_http_reply_problem(req, 503, "Not configured",
				       "This hook cannot verify anything; the "
				       "daemon's log says why.");
	}
}

/* What this delivery is known by, and for how long. */
static struct noc_delivery
hook_delivery(const struct noc_hook *hook, const struct noc_source *source,
	      const struct hook_auth *auth, struct noc_http_req *req)
{
	int64_t lasts_ms = noc_signature_lasts_ms(&auth->sig);
	struct noc_delivery d = {
		.source = source->name,
		.said = lasts_ms ? auth->said : NULL,
		.id = noc_signature_delivery(&auth->sig, on_hook_header, req),
		.id_signed = noc_signature_covers_id(auth->sig.scheme),
		.within_ms = hook->replay_ms,
	};

	/* Where nothing is signed its sender may say what makes it the same. */
	if (!d.said && !d.id.len)
		d.id = on_hook_header("idempotency-key", req);
	if (d.within_ms < 0)
		d.within_ms = lasts_ms < 0 || d.id_signed ? HOOK_SIGNED_MS : 0;
	else if (d.within_ms == 0)
		return d;
	d.when_s = auth->when_s;
	/* Never shorter than its timestamp is good for. */
	if (d.within_ms < lasts_ms)
		d.within_ms = lasts_ms;
	return d;
}

static void
hook_emit_all(struct webhook *w, const struct noc_hook *hook,
	      struct noc_source *source, const struct noc_value *body,
	      const struct noc_value *list, struct delivery *d)
{
	d->left += list ? noc_value_len(list) : 1;
	d->fresh = list && noc_value_len(list) == 0;
	for (size_t i = 0; list && i < noc_value_len(list); i++)
		hook_emit(w, hook, source, noc_value_at(list, i), d);
	if (!list)
		hook_emit(w, hook, source, body, d);
}

/* EINPUT, EREMOTE, ERESOURCE: nothing of it was taken. */
static int
hook_accept(struct webhook *w, const struct noc_hook *hook,
	    struct noc_source *source, const struct noc_value *body,
	    const struct noc_delivery *known, struct noc_http_req *req,
	    struct noc_err *err)
{
	struct noc_core *core = w->env->core;
	const struct noc_value *list = NULL;
	struct noc_value *headers;
	struct delivery *d;
	int r = hook->split ? hook_split(hook, body, &list, err) : 0;

	if (r)
		return r;
	headers = hook_headers(hook, req);
	if (list)
		r = hook_fits(hook, list, headers, noc_http_body(req).len, err);
	noc_core_begin(core, noc_core_turn(core));
	if (!r)
		r = noc_replay_take(core, known, err);
	if (r && r != NOC_ECONFLICT) {
		noc_core_end(core);
		noc_value_free(headers);
		return r;
	}
	d = noc_calloc(1, sizeof(*d));
	d->req = noc_http_reply_later(req, HOOK_REPLY_MS);
	d->ids = noc_value_list();
	d->headers = headers;
	d->left = 1; /* ours, so that none answers before the last */
	if (r == NOC_ECONFLICT) {
		/* The first one may still be on its way to the disk. */
		source->received++;
		source->duplicate++;
		d->left++;
		noc_core_effect(core, on_delivery_again, NULL, d);
	} else {
		hook_emit_all(w, hook, source, body, list, d);
	}
	noc_core_end(core);
	if (--d->left == 0)
		delivery_answer(d);
	return 0;
}

static const struct noc_hook *
hook_find(const struct noc_ruleset *rs, const char *name)
{
	for (size_t i = 0; rs && name && i < rs->nhooks; i++)
		if (!strcmp(rs->hooks[i].emit.name, name))
			return &rs->hooks[i];
	return NULL;
}

/* Nobody's body is read for a hook that is not there. */
static int
hook_wanted(struct noc_http_req *req, const char **why, void *arg)
{
	struct webhook *w = arg;

	*why = "no rule file defines a hook of this name";
	return hook_find(noc_core_rules(w->env->core),
			 noc_http_param(req, "name"))
		   ? 0
		   : 404;
}

static void
on_hook(struct noc_http_req *req, void *arg)
{
	struct webhook *w = arg;
	struct noc_core *core = w->env->core;
	const char *name = noc_http_param(req, "name");
	struct noc_slice raw = noc_http_body(req);
	const struct noc_hook *hook = hook_find(noc_core_rules(core), name);
	struct noc_value *body = NULL;
	struct noc_source *source;
	struct noc_delivery known;
	struct hook_auth auth;
	struct noc_err err;
	char label[96];
	int r;

	if (!hook) {
		noc_http_reply_problem(req, 404, "No such hook",
				       "No rule file defines a hook of this "
				       "name.");
		return;
	}
	snprintf(label, sizeof(label), "hook/%.80s", name);
	source = noc_source_new(core, label, "webhook", true);
	r = hook_auth_fill(w, hook->auth, &auth, &err);
	if (r) {
		err.kind = NOC_ECONFIG;
		noc_err_prefix(&err, "hook '%s'", hook->emit.name);
		hook_refuse(w, source, req, &err);
		return;
	}
	r = noc_signature_check(&auth.sig, raw, on_hook_header, req,
				noc_core_turn(core).wall_ns, &err);
	if (!r)
		r = noc_webhook_body(noc_http_header(req, "content-type"), raw,
				     &body, &err);
	known = hook_delivery(hook, source, &auth, req);
	if (!r) {
		noc_http_verified(req);
		r = hook_accept(w, hook, source, body, &known, req, &err);
	}
	if (r)
		hook_refuse(w, source, req, &err);
	noc_value_free(body);
	hook_auth_release(&auth);
}

/* ---- the sensor ---- */

static int
webhook_open(struct noc_env *env, void **instance, struct noc_err *err)
{
	struct webhook *w;

	(void)err;
	if (!env->http)
		return 0;
	w = noc_calloc(1, sizeof(*w));
	w->env = env;
	noc_http_intake(env->http, "POST", "/hooks/{name}", NOC_ROLE_NONE,
			hook_wanted, on_hook, w);
	*instance = w;
	return 0;
}

static void
webhook_close(void *instance)
{
	free(instance);
}

const struct noc_sensor_ops noc_sensor_webhook = {
	.name = "webhook",
	.summary = "POST /hooks/NAME of each hook in the rules",
	.open = webhook_open,
	.close = webhook_close,
};
