/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "daemon/private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/inventory/load.h"
#include "engine/lua/lua.h"
#include "engine/edge/action.h"
#include "engine/core/call.h"

/*
 * The inventory while the daemon runs: the file when it changed, a command's
 * output or a URL's answer every so often.  What is wrong is said once and
 * the last good one stays.
 */
#define FEED_TIMEOUT_MS 60000
#define FEED_SOON_MS	10

struct noc_feed {
	struct noc_daemon *d;
	struct noc_watch *timer;
	struct noc_call *call;
	struct timespec mtime; /* of the file, when last read */
	char *said;	       /* the last complaint */
};

static const char *
feed_path(const struct noc_value *config)
{
	const char *path = noc_value_get_str(config, "inventory.path", "");

	return *path ? path : "inventory.csv";
}

static void
feed_failed(struct noc_feed *f, const char *message)
{
	if (f->said && !strcmp(f->said, message))
		return;
	free(f->said);
	f->said = noc_strdup(message);
	noc_warn("inventory", "%s The last good one stays in force.", message);
}

/* Nobody has lost all devices: the source has. */
static void
feed_take(struct noc_feed *f, struct noc_inventory *inv)
{
	const struct noc_inventory *now = noc_core_inv(f->d->env.core);

	if (inv->ndevices == 0 && now && now->ndevices) {
		noc_inventory_unref(inv);
		feed_failed(f, "The inventory's source names no device any "
			       "more; SIGHUP takes an emptied file.");
		return;
	}
	free(f->said);
	f->said = NULL;
	noc_feed_swap(f->d, inv);
}

bool
noc_feed_swap(struct noc_daemon *d, struct noc_inventory *inv)
{
	const struct noc_inventory *now = noc_core_inv(d->env.core);

	if (now && !memcmp(now->hash, inv->hash, sizeof(inv->hash))) {
		noc_inventory_unref(inv);
		return false;
	}
	noc_info("inventory", "devices=%zu origin=%s", inv->ndevices,
		 inv->origin ? inv->origin : "");
	noc_core_inventory(d->env.core, inv, noc_loop_now(d->env.loop));
	return true;
}

/* ---- command and URL ---- */

static int
feed_parse(struct noc_feed *f, const struct noc_value *result,
	   struct noc_inventory **out, struct noc_err *err)
{
	const struct noc_value *config = f->d->config;
	const char *format =
	    noc_value_get_str(config, "inventory.format", "csv");
	const struct noc_value *body = noc_value_get(result, "body");
	const struct noc_value *exit = noc_value_get(result, "exit");
	char name[32];

	if (exit && noc_value_get_int(result, "exit", 0) != 0)
		return noc_err_set(
		    err, NOC_EREMOTE, "inventory.command exited with %lld.",
		    (long long)noc_value_get_int(result, "exit", 0));
	if (noc_value_get_bool(result, "truncated", false))
		return noc_err_set(err, NOC_EREMOTE,
				   "inventory.command printed more than can be "
				   "taken.");
	if (!body)
		body = noc_value_get(result, "stdout");
	if (body && (body->type == NOC_MAP || body->type == NOC_LIST))
		return noc_inventory_from_value(body, out, err);
	if (!body || body->type != NOC_STR)
		return noc_err_set(err, NOC_EREMOTE,
				   "The inventory's source gave nothing.");
	snprintf(name, sizeof(name), "inventory.%s", format);
	return noc_inventory_parse(name, body->u.s.p, body->u.s.len, out, err);
}

static void
on_feed_done(struct noc_call *call, struct noc_value *result,
	     const struct noc_call_error *error, void *arg)
{
	struct noc_feed *f = arg;
	struct noc_inventory *inv = NULL;
	struct noc_err err;

	(void)call;
	f->call = NULL;
	if (error) {
		noc_err_set(&err, NOC_EREMOTE,
			    "The inventory's source failed: %s.",
			    error->message);
		feed_failed(f, err.msg);
	} else if (feed_parse(f, result, &inv, &err)) {
		feed_failed(f, err.msg);
	} else {
		feed_take(f, inv);
	}
	noc_value_free(result);
}

/* The action's node as a rule would write it. */
static struct noc_value *
feed_node(const struct noc_value *config, const char **action)
{
	const struct noc_value *command =
	    noc_value_get(config, "inventory.command");
	const char *url = noc_value_get_str(config, "inventory.url", "");
	struct noc_value *node = noc_value_map(), *opts;

	if (noc_value_len(command)) {
		*action = "exec";
		noc_value_set(node, "items", noc_value_copy(command));
	} else if (*url) {
		*action = "http.get";
		opts = noc_value_map();
		noc_value_set(opts, "url", noc_value_str(url));
		noc_value_set(node, "opts", opts);
	} else {
		noc_value_free(node);
		return NULL;
	}
	noc_value_set(node, "node", noc_value_str(*action));
	return node;
}

static void
feed_file(struct noc_feed *f)
{
	const char *path = feed_path(f->d->config);
	struct noc_inventory *inv = NULL;
	struct noc_err err;
	struct stat st;

	if (stat(path, &st) ||
	    !memcmp(&st.st_mtim, &f->mtime, sizeof(f->mtime)))
		return;
	f->mtime = st.st_mtim;
	if (noc_inventory_load(path, noc_lua_data, &inv, &err))
		feed_failed(f, err.msg);
	else
		feed_take(f, inv);
}

static void
on_feed(void *arg)
{
	struct noc_feed *f = arg;
	int64_t every =
	    noc_value_get_int(f->d->config, "inventory.every", 300000);
	const char *action = NULL;
	struct noc_value *node;
	struct noc_err err;

	noc_timer_arm(f->timer, every < 1000 ? 1000 : every);
	node = feed_node(f->d->config, &action);
	if (!node) {
		feed_file(f);
	} else if (f->call) {
		noc_value_free(node);
	} else {
		f->call =
		    noc_call_start(&f->d->env, action, node, "",
				   FEED_TIMEOUT_MS, on_feed_done, f, &err);
		if (!f->call)
			feed_failed(f, err.msg);
	}
}

void
noc_feed_start(struct noc_daemon *d)
{
	struct noc_feed *f = noc_calloc(1, sizeof(*f));
	struct stat st;

	f->d = d;
	d->feed = f;
	if (!stat(feed_path(d->config), &st))
		f->mtime = st.st_mtim; /* read at start */
	f->timer = noc_loop_timer(d->env.loop, on_feed, f);
	noc_timer_arm(f->timer, FEED_SOON_MS);
}

void
noc_feed_again(struct noc_daemon *d)
{
	if (d->feed)
		noc_timer_arm(d->feed->timer, FEED_SOON_MS);
}

void
noc_feed_free(struct noc_daemon *d)
{
	struct noc_feed *f = d->feed;

	if (!f)
		return;
	if (f->call)
		noc_call_cancel(&d->env, f->call);
	noc_watch_free(f->timer);
	free(f->said);
	free(f);
	d->feed = NULL;
}
