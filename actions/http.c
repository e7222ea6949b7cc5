/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/crypto.h"
#include "base/hex.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/redact.h"
#include "engine/lang/schema_rows.h"
#include "engine/expr/url.h"
#include "engine/edge/secret.h"
#include "engine/core/call.h"
#include "engine/core/core.h"
#include "actions/actions.h"
#include "actions/curl.h"
#include "actions/http_pages.h"

/*
 * http.get/post/put/patch/delete by libcurl.  A status outside `ok` is an
 * error whose class follows the status, or is said by the step; Retry-After is
 * honoured.  Signed deliveries: hmac, github, standard (Standard Webhooks).
 */
struct http {
	struct noc_env *env;
	struct noc_call *call;
	struct noc_transfer *transfer;
	struct noc_value *opts; /* secrets filled in; wiped */
	const char *method;
	char *url;		 /* with its query; wiped */
	struct noc_value *whole; /* the pages so far; NULL */
	size_t bytes;		 /* of them */
	size_t npages;
};

static void
http_free(struct http *h)
{
	noc_secret_free(h->opts);
	if (h->url)
		noc_wipe(h->url, strlen(h->url));
	free(h->url);
	noc_value_free(h->whole);
	h->call->impl = NULL;
	free(h);
}

/* ---- the answer ---- */

/* ok = 200, "200-299", or a list of such. */
static bool
http_ok(const struct noc_value *ok, int status)
{
	int lo, hi;

	if (!ok)
		return status >= 200 && status <= 299;
	if (ok->type == NOC_INT)
		return ok->u.i == status;
	if (ok->type == NOC_STR) {
		if (sscanf(ok->u.s.p, "%d-%d", &lo, &hi) == 2)
			return status >= lo && status <= hi;
		return strtol(ok->u.s.p, NULL, 10) == status;
	}
	for (size_t i = 0; i < noc_value_len(ok); i++)
		if (http_ok(noc_value_at(ok, i), status))
			return true;
	return false;
}

/* The class that the step gives it, or NULL. */
static const char *
http_said(const struct noc_value *opts, int status)
{
	char code[16];

	snprintf(code, sizeof(code), "%d", status);
	return noc_class_find(
	    noc_value_get_str(noc_value_get(opts, "status"), code, NULL));
}

/* 503 with a time to come again is a pause, without one an outage. */
static const char *
http_class(int status, int64_t retry_after_ms)
{
	if (status == 503 && retry_after_ms > 0)
		return "transient";
	if (status == 408 || status == 425 || status == 429 || status == 500 ||
	    status == 502 || status == 504)
		return "transient";
	if (status == 503)
		return "dependency_unavailable";
	return "permanent";
}

static struct noc_value *
http_value(const struct noc_transfer_result *res)
{
	struct noc_value *v = noc_value_map(), *body = NULL;
	const char *type = noc_value_get_str(res->headers, "content-type", "");

	noc_value_set(v, "status", noc_value_int(res->status));
	noc_value_set(v, "header", noc_value_copy(res->headers));
	if (!strstr(type, "json") ||
	    noc_json_parse(res->body, res->len, &body, NULL) < 0)
		body = noc_value_strn(res->body, res->len);
	noc_value_set(v, "body", body);
	return v;
}

/* As a record may say it. */
static void
http_url(const struct noc_value *params, struct noc_strbuf *out)
{
	noc_redact_url(
	    noc_value_get_str(noc_params_opts(params), "url", "(secret URL)"),
	    out);
}

static int http_send(struct http *h, struct noc_err *err);

/* One page more: true: the next one is asked for, else the call is done. */
static bool
http_page(struct http *h, const struct noc_transfer_result *res)
{
	const struct noc_value *pages = noc_value_get(h->opts, "pages");
	struct noc_value *page = http_value(res), *whole;
	struct noc_strbuf next = NOC_STRBUF_INIT, url = NOC_STRBUF_INIT;
	struct noc_call_error e;
	struct noc_err err = { 0 };
	bool more = false;
	int r;

	if (!h->whole)
		h->whole = page;
	h->bytes += res->len;
	r = noc_pages_add(pages, h->whole, page, &err);
	if (r == 0 && noc_pages_next(pages, page, h->url, &next)) {
		noc_wipe(h->url, strlen(h->url));
		free(h->url);
		h->url = noc_strbuf_detach(&next, NULL);
		r = ++h->npages < NOC_PAGES_MAX
			? http_send(h, &err)
			: noc_err_set(&err, NOC_EREMOTE,
				      "it has more than %d pages",
				      NOC_PAGES_MAX);
		more = r == 0;
	}
	if (page != h->whole)
		noc_value_free(page);
	noc_strbuf_release(&next);
	if (more)
		return true;
	whole = h->whole;
	h->whole = NULL;
	if (r < 0) {
		http_url(h->call->params, &url);
		noc_call_error_set(
		    &e, "transient", "http", "pages", "%s %s: %s: %.*s",
		    h->call->ops->name + 5, url.p, err.msg,
		    res->len < 80 ? (int)res->len : 80, res->body);
		noc_strbuf_release(&url);
	}
	noc_call_done(h->env, h->call, whole, r < 0 ? &e : NULL);
	return false;
}

static void
on_http_done(const struct noc_transfer_result *res, void *arg)
{
	struct http *h = arg;
	struct noc_call *call = h->call;
	struct noc_strbuf url = NOC_STRBUF_INIT;
	const char *said = http_said(h->opts, res->status);
	struct noc_call_error e;
	char code[16];

	h->transfer = NULL;
	if (res->error) {
		const char *class = res->class;

		/* It went out and no answer came: who knows? */
		if (res->sent && (call->ops->flags & NOC_ACTION_MUTATES) &&
		    !noc_value_get_bool(h->opts, "idempotent",
					call->ops->flags &
					    NOC_ACTION_IDEMPOTENT) &&
		    strcmp(class, "permanent"))
			class = "in_doubt";
		noc_call_error_set(&e, class, "http", "transport", "%s",
				   res->error);
		noc_call_done(h->env, call, NULL, &e);
	} else if (said ||
		   !http_ok(noc_value_get(h->opts, "ok"), res->status)) {
		snprintf(code, sizeof(code), "%d", res->status);
		http_url(call->params, &url);
		noc_call_error_set(
		    &e,
		    said ? said : http_class(res->status, res->retry_after_ms),
		    "http", code, "%s %s answered %d: %.*s",
		    call->ops->name + 5, url.p, res->status,
		    res->len < 80 ? (int)res->len : 80, res->body);
		noc_strbuf_release(&url);
		e.retry_after_ms = res->retry_after_ms;
		noc_call_done(h->env, call, http_value(res), &e);
	} else if (noc_value_get(h->opts, "pages")) {
		if (http_page(h, res))
			return;
	} else {
		noc_call_done(h->env, call, http_value(res), NULL);
	}
	http_free(h);
}

/* ---- the request ---- */

static void
http_encode(const char *p, size_t len, struct noc_strbuf *out)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)p[i];

		if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
		    (c >= 'A' && c <= 'Z') || strchr("-._~", c ? c : ' '))
			noc_strbuf_addc(out, (char)c);
		else
			noc_strbuf_addf(out, "%%%02X", c);
	}
}

static void
http_pair(const char *key, const struct noc_value *value,
	  struct noc_strbuf *out)
{
	struct noc_strbuf v = NOC_STRBUF_INIT;

	if (out->len && out->p[out->len - 1] != '?')
		noc_strbuf_addc(out, '&');
	http_encode(key, strlen(key), out);
	noc_strbuf_addc(out, '=');
	noc_value_text(value, &v);
	http_encode(v.p ? v.p : "", v.len, out);
	noc_strbuf_release(&v);
}

/* A list is its name once for each: role=access&role=core. */
static void
http_pairs(const struct noc_value *map, struct noc_strbuf *out)
{
	for (size_t i = 0; map && map->type == NOC_MAP && i < map->u.map.len;
	     i++) {
		const struct noc_member *m = &map->u.map.at[i];
		const struct noc_value *v = m->value;

		if (v->type != NOC_LIST)
			http_pair(m->key, v, out);
		for (size_t k = 0; v->type == NOC_LIST && k < v->u.list.len;
		     k++)
			http_pair(m->key, v->u.list.at[k], out);
	}
}

/* Body and its type by whichever of json, form, body is there. */
static bool
http_body(const struct http *h, struct noc_value *headers,
	  struct noc_strbuf *out)
{
	const struct noc_value *json = noc_value_get(h->opts, "json");
	const struct noc_value *form = noc_value_get(h->opts, "form");
	const struct noc_value *body = noc_value_get(h->opts, "body");
	const char *type = "text/plain; charset=utf-8";

	if (json) {
		noc_json_write(json, NOC_JSON_COMPACT, out);
		type = "application/json";
	} else if (form) {
		http_pairs(form, out);
		type = "application/x-www-form-urlencoded";
	} else if (body) {
		noc_value_text(body, out);
	} else {
		return false;
	}
	if (!noc_value_get(headers, "Content-Type"))
		noc_value_set(headers, "Content-Type", noc_value_str(type));
	return true;
}

static void
http_mac(const char *md, const char *secret, size_t secret_len,
	 const struct noc_strbuf *body, const char *prefix, char out[160])
{
	uint8_t mac[64];
	size_t n = noc_hmac(md, secret, secret_len, body->p ? body->p : "",
			    body->len, mac);

	snprintf(out, 160, "%s", prefix);
	noc_hex(out + strlen(out), mac, n);
}

/* Standard Webhooks: id, timestamp and body under a base64 key. */
static int
http_standard(const struct http *h, const char *secret,
	      const struct noc_strbuf *body, struct noc_value *headers,
	      struct noc_err *err)
{
	struct noc_strbuf text = NOC_STRBUF_INIT;
	int64_t now = noc_core_turn(h->env->core).wall_ns / NOC_NS_PER_S;
	uint8_t key[256], mac[64];
	char b64[96];
	size_t len = sizeof(key), n;

	if (!strncmp(secret, "whsec_", 6))
		secret += 6;
	if (strlen(secret) > 300 ||
	    noc_unbase64(secret, strlen(secret), key, &len) < 0)
		return noc_err_set(
		    err, NOC_ECONFIG,
		    "The secret of a Standard Webhooks delivery is not base64.");
	noc_strbuf_addf(&text, "%s.%lld.", h->call->token, (long long)now);
	noc_strbuf_add(&text, body->p ? body->p : "", body->len);
	n = noc_hmac("sha256", key, len, text.p, text.len, mac);
	noc_wipe(key, sizeof(key));
	noc_strbuf_release(&text);
	noc_value_set(headers, "webhook-id", noc_value_str(h->call->token));
	noc_value_set(headers, "webhook-timestamp",
		      noc_value_strf("%lld", (long long)now));
	noc_value_set(headers, "webhook-signature",
		      noc_value_strf("v1,%s", noc_base64(b64, mac, n)));
	return 0;
}

/* auth: a secret's text is a bearer token; else a node by its name. */
static int
http_auth(const struct http *h, const struct noc_strbuf *body,
	  struct noc_value *headers, char **userpwd, struct noc_err *err)
{
	const struct noc_value *auth = noc_value_get(h->opts, "auth");
	const char *node = noc_value_get_str(auth, "node", "");
	const struct noc_value *named;
	const char *name;
	char *secret = NULL, text[160];
	int r = 0;

	if (!auth)
		return 0;
	if (auth->type == NOC_STR) {
		noc_value_set(
		    headers, "Authorization",
		    noc_value_strf(
			"%s %s", noc_value_get_str(h->opts, "scheme", "Bearer"),
			auth->u.s.p));
		return 0;
	}
	named = noc_value_get(noc_params_opts(auth), "secret");
	name = noc_value_get_str(auth, "name", "");
	if (named && named->type == NOC_STR)
		name = named->u.s.p;
	else if (named && named->type == NOC_LIST)
		name = noc_value_at(named, 0)->u.s.p;
	r = noc_secret_read(h->env, name, &secret, err);
	if (r < 0)
		return r;
	if (!strcmp(node, "bearer")) {
		noc_value_set(headers, "Authorization",
			      noc_value_strf("Bearer %s", secret));
	} else if (!strcmp(node, "basic")) {
		*userpwd = noc_strdup(secret);
	} else if (!strcmp(node, "github")) {
		http_mac("sha256", secret, strlen(secret), body,
			 "sha256=", text);
		noc_value_set(headers, "X-Hub-Signature-256",
			      noc_value_str(text));
	} else if (!strcmp(node, "hmac")) {
		const struct noc_value *items = noc_params_items(auth);

		http_mac(noc_value_at(items, 0)->u.s.p, secret, strlen(secret),
			 body, "", text);
		noc_value_set(headers, noc_value_at(items, 1)->u.s.p,
			      noc_value_str(text));
	} else if (!strcmp(node, "standard")) {
		r = http_standard(h, secret, body, headers, err);
	} else {
		r = noc_err_set(err, NOC_ECONFIG,
				"A request cannot be signed with '%s'.", node);
	}
	noc_wipe(secret, strlen(secret));
	free(secret);
	return r;
}

/* The first one: with the query. */
static char *
http_first_url(const struct http *h)
{
	const struct noc_value *query = noc_value_get(h->opts, "query");
	struct noc_strbuf url = NOC_STRBUF_INIT;

	noc_strbuf_add(&url, "", 0);
	noc_value_text(noc_value_get(h->opts, "url"), &url);
	if (query && noc_value_len(query)) {
		if (!strchr(url.p, '?'))
			noc_strbuf_addc(&url, '?');
		http_pairs(query, &url);
	}
	return noc_strbuf_detach(&url, NULL);
}

static int
http_send(struct http *h, struct noc_err *err)
{
	struct noc_strbuf body = NOC_STRBUF_INIT;
	const struct noc_value *given = noc_value_get(h->opts, "header");
	const char *key = noc_value_get_str(h->opts, "idempotency_key", NULL);
	struct noc_value *headers = given && given->type == NOC_MAP
					? noc_value_copy(given)
					: noc_value_map();
	char *userpwd = NULL;
	struct noc_transfer_request req = {
		.method = h->method,
		.headers = headers,
		.timeout_ms = h->call->timeout_ms,
		.follow = noc_value_get_bool(h->opts, "follow", false),
		.named = noc_value_get_bool(h->opts, NOC_URL_CHOSEN, false),
		.ca = noc_value_get_str(h->opts, "ca", NULL),
	};
	size_t most =
	    (size_t)noc_value_get_int(h->opts, "max_bytes", 1024 * 1024);
	bool has_body;
	int r;

	req.max_bytes = most > h->bytes ? most - h->bytes : 1;
	has_body = http_body(h, headers, &body);
	if (key)
		noc_value_set(headers, "Idempotency-Key", noc_value_str(key));
	r = http_auth(h, &body, headers, &userpwd, err);
	req.url = h->url;
	req.body = has_body ? (body.p ? body.p : "") : NULL;
	req.body_len = body.len;
	req.userpwd = userpwd;
	if (r == 0)
		r = noc_transfer_start(h->env, &req, on_http_done, h,
				       &h->transfer, err);
	if (userpwd)
		noc_wipe(userpwd, strlen(userpwd));
	free(userpwd);
	noc_strbuf_release(&body);
	noc_secret_free(headers);
	return r;
}

static int
http_start(struct noc_env *env, struct noc_call *call, const char *method,
	   struct noc_err *err)
{
	struct http *h = noc_calloc(1, sizeof(*h));
	int r;

	h->env = env;
	h->call = call;
	h->method = method;
	call->impl = h;
	r = noc_secret_fill(env, noc_params_opts(call->params), &h->opts, err);
	if (r == 0) {
		h->url = http_first_url(h);
		r = http_send(h, err);
	}
	if (r < 0)
		http_free(h);
	return r;
}

static void
http_cancel(struct noc_env *env, struct noc_call *call)
{
	struct http *h = call->impl;

	(void)env;
	if (!h)
		return;
	noc_transfer_cancel(h->transfer);
	http_free(h);
}

/* By the secret's name where the URL is one. */
static void
http_peer(const struct noc_env *env, const struct noc_value *params,
	  const char *target, struct noc_strbuf *out)
{
	const struct noc_value *url =
	    noc_value_get(noc_params_opts(params), "url");

	(void)env;
	(void)target;
	if (url && url->type == NOC_STR)
		noc_transfer_peer(url->u.s.p, out);
	else
		noc_strbuf_addf(out, "secret %s",
				noc_value_get_str(url, "name", "?"));
}

static void
http_plan(const char *method, const struct noc_value *params,
	  struct noc_strbuf *out)
{
	noc_strbuf_addf(out, "http.%s ", method);
	http_url(params, out);
}

#define HTTP_OPTIONS                                                      \
	REQ("url", STRING, "secret", "https://..."),                      \
	    OPT("header", MAP, "request headers"),                        \
	    OPT("query", MAP, "added to the URL, encoded"),               \
	    VAL("auth", NODE, "secret bearer basic hmac github standard", \
		NULL, "secret \"x\" is sent as a bearer token"),          \
	    DEF("scheme", LITERAL, "Bearer",                              \
		"the word before the secret: \"Token\""),                 \
	    DEF("ok", ANY, "200-299", "status codes that are success"),   \
	    VAL("status", CLASSES, "100-599", NULL,                       \
		"status code = error class, as { [404] = "                \
		"\"dependency_degraded\" }; before ok"),                  \
	    DEF("follow", BOOL, "false", "follow redirects"),             \
	    OPT("ca", LITERAL, "file of CA certificates to trust"),       \
	    DEF("max_bytes", INT, "1048576", "longest answer that is read")

static const struct noc_option http_read_options[] = {
	HTTP_OPTIONS,
	VAL("pages", TABLE, "pages", NULL,
	    "the answer is one of several: { \"body.results\", next = "
	    "\"body.next\" }; max_bytes is then of all together"),
	END
};

static const char *const http_gives[] = { "status", "header", "body", NULL };

static const struct noc_option http_write_options[] = {
	HTTP_OPTIONS,
	OPT("json", ANY, "body as a table"),
	OPT("form", MAP, "or as a form"),
	OPT("body", STRING, "or as text"),
	DEF("idempotent", BOOL, "true for put and delete",
	    "sending it twice is sending it once"),
	OPT("idempotency_key", STRING, "sent as Idempotency-Key"),
	END
};

#define HTTP_ACTION(lower, upper, extra, takes)                              \
	static int lower##_start(struct noc_env *env, struct noc_call *call, \
				 struct noc_err *err)                        \
	{                                                                    \
		return http_start(env, call, upper, err);                    \
	}                                                                    \
	static void lower##_plan(const struct noc_value *params,             \
				 struct noc_strbuf *out)                     \
	{                                                                    \
		http_plan(#lower, params, out);                              \
	}                                                                    \
	const struct noc_action_ops noc_action_http_##lower = {              \
		.name = "http." #lower,                                      \
		.flags = extra,                                              \
		.help = "HTTP " upper ".",                                   \
		.options = takes,                                            \
		.gives = http_gives,                                         \
		.start = lower##_start,                                      \
		.cancel = http_cancel,                                       \
		.peer = http_peer,                                           \
		.plan = lower##_plan,                                        \
	}

HTTP_ACTION(get, "GET", NOC_ACTION_READS | NOC_ACTION_IDEMPOTENT,
	    http_read_options);
HTTP_ACTION(post, "POST", NOC_ACTION_MUTATES, http_write_options);
HTTP_ACTION(put, "PUT", NOC_ACTION_MUTATES | NOC_ACTION_IDEMPOTENT,
	    http_write_options);
HTTP_ACTION(patch, "PATCH", NOC_ACTION_MUTATES, http_write_options);
HTTP_ACTION(delete, "DELETE", NOC_ACTION_MUTATES | NOC_ACTION_IDEMPOTENT,
	    http_write_options);
