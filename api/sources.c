/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/mem.h"
#include "store/writer.h"
#include "engine/rule/rule.h"
#include "engine/rule/ruleset.h"
#include "api/private.h"

/* Ways in and their ledgers, what nothing wanted, who is unknown, status. */

static struct noc_api_route source_routes[] = {
	{ "GET", "/api/v1/sources", "sources", .status = 200,
	  .key = "sources" },
	{ "GET", "/api/v1/unknown", "unknown", .status = 200,
	  .key = "unknown" },
};

static void
on_unmatched(struct noc_http_req *req, void *arg)
{
	static const char *const none[] = { NULL };
	struct noc_api *api = arg;
	struct noc_value *command = noc_api_page(req, none);

	if (!command)
		return;
	noc_value_unset(command, "before"); /* shapes have no pages */
	noc_value_set(command, "verb", noc_value_str("unmatched"));
	noc_api_command(api->env, req, command, 200, "unmatched");
}

static struct noc_value *
status_rules(const struct noc_ruleset *rs)
{
	struct noc_value *v = noc_value_map();
	int64_t observe = 0, shadow = 0, paused = 0;
	char hex[17];

	for (size_t i = 0; rs && i < rs->nrules; i++) {
		observe += noc_rule_observes(&rs->rules[i]);
		shadow += rs->rules[i].mode == NOC_SHADOW;
		paused += rs->rules[i].paused;
	}
	noc_value_set(v, "total", noc_value_int(rs ? (int64_t)rs->nrules : 0));
	noc_value_set(v, "observe", noc_value_int(observe));
	noc_value_set(v, "shadow", noc_value_int(shadow));
	noc_value_set(v, "paused", noc_value_int(paused));
	if (rs)
		noc_value_set(v, "version",
			      noc_value_str(noc_hex(hex, rs->hash, 8)));
	return v;
}

static struct noc_value *
status_journal(struct noc_env *env)
{
	struct noc_value *v = noc_value_map();
	struct noc_writer_stats w;

	memset(&w, 0, sizeof(w));
	noc_writer_stats(env->writer, &w);
	noc_value_set(v, "records", noc_value_int((int64_t)w.size));
	noc_value_set(v, "failing", noc_value_bool(w.failing));
	if (w.failing)
		noc_value_set(v, "error", noc_value_str(w.error));
	noc_value_set(v, "queued", noc_value_int((int64_t)w.queue_txns));
	noc_value_set(v, "lag_ms", noc_value_int(w.lag_ns / NOC_NS_PER_MS));
	noc_value_set(v, "vkey", noc_value_str(noc_writer_vkey(env->writer)));
	return v;
}

static struct noc_value *
status_body(struct noc_env *env)
{
	struct noc_value *stats = noc_core_stats(env->core);
	struct noc_value *v = noc_value_map();
	static const char *const keep[] = {
		"runs",	  "calls",	    "breakers",
		"notify", "silences",	    "freezes",
		"killed", "schedules",	    "unknown_senders",
		"clock",  "limits_reached", "gates"
	};

	noc_value_set(v, "version", noc_value_str(PACKAGE_VERSION));
	noc_value_set(v, "state", noc_value_str(env->state_dir));
	noc_value_set(v, "rules_dir",
		      noc_value_str(env->rules_dir ? env->rules_dir : ""));
	noc_value_set(v, "rules", status_rules(noc_core_rules(env->core)));
	noc_value_set(v, "journal", status_journal(env));
	for (size_t i = 0; i < sizeof(keep) / sizeof(keep[0]); i++)
		if (noc_value_get(stats, keep[i]))
			noc_value_set(
			    v, keep[i],
			    noc_value_copy(noc_value_get(stats, keep[i])));
	noc_value_free(stats);
	return v;
}

static void
on_status(struct noc_http_req *req, void *arg)
{
	struct noc_api *api = arg;
	struct noc_value *body = status_body(api->env);

	noc_http_reply_json(req, 200, body);
	noc_value_free(body);
}

void
noc_api_sources(struct noc_api *api)
{
	noc_api_routes(api, source_routes, NOC_COUNT(source_routes));
	noc_api_route(api, "GET", "/api/v1/unmatched", "unmatched",
		      on_unmatched);
	noc_http_route(api->env->http, "GET", "/api/v1/status", NOC_ROLE_VIEWER,
		       on_status, api);
}
