/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/notify/callback.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/crypto.h"
#include "base/mem.h"
#include "engine/edge/secret.h"
#include "engine/expr/url.h"
#include "engine/notify/notify.h"
#include "engine/notify/notify_private.h"

/*
 * What a URL is told that who started a run named: a notice (notice.c) that is
 * posted, signed as Standard Webhooks, and tried for a day.  How the last of
 * them ended is kept, in a live row each, kind "delivery".
 */
#define CALLBACK_MS   (24LL * 3600 * 1000)
#define CALLBACK_URL  2048
#define CALLBACK_KEPT 1000 /* of those that ended */
#define DELIVERY      "delivery"

/* ---- what may be named ---- */

int
noc_callback_check(const struct noc_core *core, const char *url,
		   const char *secret, struct noc_err *err)
{
	const struct noc_env *env = noc_core_env(core);
	size_t scheme = !strncasecmp(url, "https://", 8)  ? 8
			: !strncasecmp(url, "http://", 7) ? 7
							  : 0;
	size_t host = scheme ? strcspn(url + scheme, "/?#") : 0;
	char *text = NULL;

	if (!host || strlen(url) > CALLBACK_URL ||
	    memchr(url + scheme, '@', host))
		return noc_err_set(err, NOC_EINPUT,
				   "callback_url is http:// or https:// with a "
				   "host, without user or password, of at most "
				   "%d bytes.",
				   CALLBACK_URL);
	for (const char *p = url; *p; p++)
		if ((unsigned char)*p <= ' ' || (unsigned char)*p > '~')
			return noc_err_set(err, NOC_EINPUT,
					   "callback_url must be visible "
					   "ASCII.");
	if (!secret)
		return 0;
	if (noc_secret_read(env, secret, &text, err)) {
		noc_err_prefix(err, "callback_secret");
		err->kind = NOC_EINPUT;
		return NOC_EINPUT;
	}
	noc_wipe(text, strlen(text));
	free(text);
	return 0;
}

/* ---- sending one ---- */

/* As a rule would have written it. */
static struct noc_value *
callback_node(const struct noc_value *callback, struct noc_value *says)
{
	const char *secret = noc_value_get_str(callback, "secret", NULL);
	struct noc_value *node = noc_value_map(), *opts = noc_value_map();

	noc_value_set(opts, "url",
		      noc_value_str(noc_value_get_str(callback, "url", "")));
	noc_value_set(opts, NOC_URL_CHOSEN, noc_value_bool(true));
	noc_value_set(opts, "json", says);
	if (secret) {
		struct noc_value *auth = noc_value_map();

		noc_value_set(auth, "node", noc_value_str("standard"));
		noc_value_set(auth, "name", noc_value_str(secret));
		noc_value_set(opts, "auth", auth);
	}
	noc_value_set(node, "node", noc_value_str("http.post"));
	noc_value_set(node, "opts", opts);
	return node;
}

void
noc_callback_send(struct noc_core *core, const struct noc_value *callback,
		  struct noc_value *says, const struct noc_id *run)
{
	const struct noc_notice_text t = {
		.channel = "callback",
		.text = noc_value_get_str(callback, "url", ""),
		.run = *run,
		.until_ns = noc_ns_after(noc_steady_now(core), CALLBACK_MS),
	};

	noc_notice_new(core, &t, callback_node(callback, says));
}

/* ---- how they ended ---- */

static void
delivery_free(struct noc_delivery *d)
{
	noc_value_free(d->row);
	free(d);
}

static void
delivery_add(struct noc_notify *part, const char *key, struct noc_value *row)
{
	struct noc_delivery *d = noc_calloc(1, sizeof(*d));

	snprintf(d->key, sizeof(d->key), "%s", key);
	d->row = row;
	TAILQ_INSERT_TAIL(&part->ended, d, link);
	part->nended++;
}

static void
delivery_forget(struct noc_notify *part, struct noc_delivery *d)
{
	TAILQ_REMOVE(&part->ended, d, link);
	part->nended--;
	noc_txn_live_del(noc_core_txn(part->core), DELIVERY, d->key);
	delivery_free(d);
}

/* A dead letter is told. */
static void
delivery_tell(struct noc_notify *part, const struct noc_value *row)
{
	char *text = noc_asprintf("run %s could not tell %s how it ended: %s",
				  noc_value_get_str(row, "run", "?"),
				  noc_value_get_str(row, "url", "?"),
				  noc_value_get_str(row, "error", "?"));

	noc_notify_text(part->core, "noc", text, NULL, NOC_ACTIVE, NULL);
	free(text);
}

void
noc_callback_ended(struct noc_notify *part, const char *key,
		   struct noc_value *row)
{
	if (!strcmp(noc_value_get_str(row, "state", ""), "delivered")) {
		part->delivered++;
	} else {
		part->dead++;
		delivery_tell(part, row);
	}
	noc_value_set(row, "at",
		      noc_value_int(noc_core_time(part->core).wall_ns));
	noc_txn_live_put(noc_core_txn(part->core), DELIVERY, key, 0, row);
	delivery_add(part, key, row);
	if (part->nended > CALLBACK_KEPT)
		delivery_forget(part, TAILQ_FIRST(&part->ended));
}

/* ---- shown, and over a restart ---- */

int
noc_on_delivery_list(struct noc_core *core, void *part,
		     const struct noc_value *command, struct noc_value **answer,
		     struct noc_err *err)
{
	const char *run = noc_value_get_str(command, "run", NULL);
	struct noc_notify *n = part;
	const struct noc_delivery *d;

	(void)core;
	(void)err;
	*answer = noc_value_list();
	noc_notice_callbacks(n, run, *answer);
	TAILQ_FOREACH_REVERSE(d, &n->ended, noc_deliveries, link)
	if (!run || noc_value_is_str(noc_value_get(d->row, "run"), run))
		noc_value_push(*answer, noc_value_copy(d->row));
	return 0;
}

bool
noc_callback_load(struct noc_notify *part, const char *kind, const char *key,
		  const struct noc_value *data)
{
	if (strcmp(kind, DELIVERY) != 0)
		return false;
	if (!noc_value_get_str(data, "url", NULL) || strlen(key) >= NOC_ID_TEXT)
		noc_core_unreadable(part->core, kind, key);
	else
		delivery_add(part, key, noc_value_copy(data));
	return true;
}

void
noc_callback_store(const struct noc_notify *part)
{
	const struct noc_delivery *d;

	TAILQ_FOREACH(d, &part->ended, link)
	noc_txn_live_put(noc_core_txn(part->core), DELIVERY, d->key, 0, d->row);
}

void
noc_callback_release(struct noc_notify *part)
{
	struct noc_delivery *d;

	while ((d = TAILQ_FIRST(&part->ended))) {
		TAILQ_REMOVE(&part->ended, d, link);
		delivery_free(d);
	}
}
