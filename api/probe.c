/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <string.h>

#include "store/writer.h"
#include "engine/rule/rule.h"
#include "engine/rule/ruleset.h"
#include "api/private.h"

/* /healthz: the loop turns.  /readyz: it may act, else 503 and why. */

static void
on_healthz(struct noc_http_req *req, void *arg)
{
	(void)arg;
	noc_http_reply(req, 200, "text/plain; charset=utf-8", "ok\n", 3);
}

static void
on_readyz(struct noc_http_req *req, void *arg)
{
	struct noc_api *api = arg;
	const struct noc_ruleset *rs = noc_core_rules(api->env->core);
	struct noc_value *body = noc_value_map(), *why = noc_value_list();
	struct noc_writer_stats w;
	int64_t observe = 0, shadow = 0;
	bool ready;

	memset(&w, 0, sizeof(w));
	noc_writer_stats(api->env->writer, &w);
	if (w.failing || noc_core_failing(api->env->core))
		noc_value_push(why, noc_value_str("the journal cannot be "
						  "written: no acknowledgement "
						  "and no action until it can; "
						  "the daemon's log says why"));
	if (!rs)
		noc_value_push(why, noc_value_str("no rules are loaded"));
	for (size_t i = 0; rs && i < rs->nrules; i++) {
		observe += noc_rule_observes(&rs->rules[i]);
		shadow += rs->rules[i].mode == NOC_SHADOW;
	}
	ready = noc_value_len(why) == 0;
	noc_value_set(body, "ready", noc_value_bool(ready));
	noc_value_set(body, "reasons", why);
	noc_value_set(body, "rules",
		      noc_value_int(rs ? (int64_t)rs->nrules : 0));
	noc_value_set(body, "rules_observing", noc_value_int(observe));
	noc_value_set(body, "rules_shadowing", noc_value_int(shadow));
	noc_http_reply_json(req, ready ? 200 : 503, body);
	noc_value_free(body);
}

void
noc_api_probe(struct noc_api *api)
{
	noc_http_route(api->env->http, "GET", "/healthz", NOC_ROLE_NONE,
		       on_healthz, api);
	noc_http_route(api->env->http, "GET", "/readyz", NOC_ROLE_NONE,
		       on_readyz, api);
}
