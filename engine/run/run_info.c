/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/edge/env.h"
#include "engine/run/lane.h"
#include "engine/run/run_private.h"

/* {run.NAME}, but its items (run_items.c). */

/* How its steps have ended, once they have. */
static void
info_outcome(struct noc_run *r)
{
	const char *is = !r->verdict		  ? NULL
			 : r->root->more->stopped ? r->root->more->stopped
			 : !strcmp(r->verdict, "Succeeded") ? "succeeded"
			 : !strcmp(r->verdict, "Failed")    ? "failed"
							    : "cancelled";

	/* What is said already may be borrowed. */
	if (is && !noc_value_is_str(noc_value_get(r->info, "outcome"), is))
		noc_value_set(r->info, "outcome", noc_value_str(is));
}

/* Where people find it: under what `http.url` says, else where HTTP listens;
 * nowhere: the path alone. */
static char *
info_url(const struct noc_run *r)
{
	const struct noc_env *env = noc_core_env(r->core);
	const struct noc_value *config = env ? env->config : NULL;
	const char *base = noc_value_get_str(config, "http.url", "");
	const char *at = noc_value_get_str(config, "http", "off");
	size_t len = strlen(base);

	while (len > 0 && base[len - 1] == '/')
		len--;
	if (len)
		return noc_asprintf("%.*s/api/v1/runs/%s", (int)len, base,
				    r->text);
	if (!strcmp(at, "off"))
		at = "";
	return noc_asprintf("%s%s/api/v1/runs/%s", *at ? "http://" : "", at,
			    r->text);
}

const struct noc_value *
noc_run_info(struct noc_run *r)
{
	char *url;

	if (!r->info) {
		url = info_url(r);
		r->info = noc_value_map();
		noc_value_set(r->info, "id", noc_value_str(r->text));
		noc_value_set(r->info, "rule", noc_value_str(r->rule));
		noc_value_set(r->info, "mode",
			      noc_value_str(noc_mode_name(r->mode)));
		noc_value_set(r->info, "key", noc_value_str(r->key));
		noc_value_set(r->info, "device", noc_value_str(r->device));
		noc_value_set(r->info, "plan", noc_value_str(r->plan->name));
		noc_value_set(r->info, "url", noc_value_str(url));
		free(url);
	}
	info_outcome(r);
	return r->info;
}
