/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/suggest.h"
#include "engine/expr/scope.h"
#include "engine/flow/draw.h"
#include "engine/flow/plan.h"
#include "engine/run/dry.h"
#include "engine/rule/ruleset.h"
#include "api/private.h"

/* Flows: listed, drawn, shown as a plan (dry run), started by people. */

static void
on_flows(struct noc_http_req *req, void *arg)
{
	struct noc_api *api = arg;
	const struct noc_ruleset *rs = noc_core_rules(api->env->core);
	struct noc_value *body = noc_value_map(), *list = noc_value_list();
	const char *name;
	void *plan;

	for (size_t it = 0;
	     rs && noc_table_next(&rs->flows, &it, &name, &plan);)
		noc_value_push(list, noc_draw_row(plan));
	noc_value_set(body, "flows", list);
	noc_http_reply_json(req, 200, body);
	noc_value_free(body);
}

/* ---- one, as it is drawn ---- */

static void
flow_unknown(struct noc_http_req *req, const struct noc_ruleset *rs)
{
	const char *asked = noc_http_param(req, "name"), *meant = NULL, **known;
	struct noc_strbuf says = NOC_STRBUF_INIT;
	void *plan;
	size_t n = 0;

	if (rs) {
		known =
		    noc_calloc(noc_table_len(&rs->flows) + 1, sizeof(*known));
		for (size_t it = 0;
		     noc_table_next(&rs->flows, &it, &known[n], &plan);)
			n++;
		meant = noc_suggest(asked, known, n);
		free(known);
	}
	noc_strbuf_addf(&says, "There is no flow '%.80s' in the rules%s%s%s",
			asked, meant ? "; did you mean '" : "",
			meant ? meant : "", meant ? "'?" : ".");
	noc_http_reply_problem(req, 404, NULL, says.p);
	noc_strbuf_release(&says);
}

static void
flow_text(const struct noc_plan *p, struct noc_strbuf *out)
{
	static const struct noc_draw_style style = { .width = NOC_DRAW_WIDTH };

	noc_draw_text(p, &style, out);
}

static void
flow_draw(struct noc_http_req *req, const struct noc_plan *p,
	  const char *format)
{
	static const struct {
		const char *name, *type;
		void (*draw)(const struct noc_plan *p, struct noc_strbuf *out);
	} formats[] = {
		{ "svg", "image/svg+xml", noc_draw_svg },
		{ "dot", "text/vnd.graphviz; charset=utf-8", noc_draw_dot },
		{ "mermaid", "text/plain; charset=utf-8", noc_draw_mermaid },
		{ "text", "text/plain; charset=utf-8", flow_text },
	};
	struct noc_strbuf out = NOC_STRBUF_INIT;

	for (size_t i = 0; i < NOC_COUNT(formats); i++) {
		if (strcmp(format, formats[i].name))
			continue;
		formats[i].draw(p, &out);
		/* A browser that opens it runs nothing and asks nobody. */
		noc_http_header_set(req, "Content-Security-Policy",
				    "default-src 'none'; sandbox");
		noc_http_reply(req, 200, formats[i].type, out.p, out.len);
		noc_strbuf_release(&out);
		return;
	}
	noc_http_reply_problem(req, 400, NULL,
			       "\"format\" must be json, text, svg, dot or "
			       "mermaid.");
}

static void
on_flow(struct noc_http_req *req, void *arg)
{
	struct noc_api *api = arg;
	const struct noc_ruleset *rs = noc_core_rules(api->env->core);
	const struct noc_plan *p =
	    rs ? noc_ruleset_plan(rs, noc_http_param(req, "name")) : NULL;
	const char *format = noc_http_query(req, "format");
	struct noc_value *body;

	if (!p) {
		flow_unknown(req, rs);
	} else if (format && strcmp(format, "json") != 0) {
		flow_draw(req, p, format);
	} else {
		body = noc_draw_value(p);
		noc_http_reply_json(req, 200, body);
		noc_value_free(body);
	}
}

/* ---- what it would do, and starting it ---- */

/* What a live run would do; nothing is written. */
static void
flow_dry_run(struct noc_api *api, struct noc_http_req *req,
	     const struct noc_plan *p, const char *name,
	     const struct noc_value *input)
{
	struct noc_value *body;
	struct noc_err err;

	if (noc_run_dry(api->env->core, p, name, input, &body, &err)) {
		noc_http_reply_err(req, &err);
		return;
	}
	noc_http_reply_json(req, 200, body);
	noc_value_free(body);
}

static void
flow_start(struct noc_api *api, struct noc_http_req *req,
	   const struct noc_plan *p, const struct noc_value *body)
{
	const char *name = noc_http_param(req, "name");
	const struct noc_value *said = noc_value_get(body, "mode");
	const char *mode = said && said->type != NOC_NIL
			       ? noc_value_get_str(body, "mode", "")
			       : "live";
	static const char *const given[] = { "input", "callback_url",
					     "callback_secret" };
	const struct noc_value *input = noc_value_get(body, "input");
	struct noc_value *command;
	struct noc_job *job;

	if (!p) {
		flow_unknown(req, noc_core_rules(api->env->core));
		return;
	}
	if (input && input->type != NOC_MAP) {
		noc_http_reply_problem(req, 400, NULL,
				       "\"input\" must be an object.");
		return;
	}
	if (!strcmp(mode, "dry_run")) {
		if (noc_api_keyed(req, "a dry run starts nothing"))
			return;
		flow_dry_run(api, req, p, name, input);
		return;
	}
	if (strcmp(mode, "live") && strcmp(mode, "observe") &&
	    strcmp(mode, "shadow")) {
		noc_http_reply_problem(req, 400, NULL,
				       "\"mode\" must be live, observe, "
				       "shadow or dry_run.");
		return;
	}
	job = noc_api_starting(api->env, req);
	if (!job)
		return;
	command = noc_api_verb("run.start");
	noc_value_set(command, "flow", noc_value_str(name));
	noc_value_set(command, "mode",
		      noc_value_str(*mode == 'l' ? "active" : mode));
	for (size_t i = 0; i < NOC_COUNT(given); i++)
		if (noc_value_get(body, given[i]))
			noc_value_set(
			    command, given[i],
			    noc_value_copy(noc_value_get(body, given[i])));
	noc_job_do(job, command);
}

static void
on_flow_start(struct noc_http_req *req, void *arg)
{
	static const char *const keys[] = { "input", "mode", "callback_url",
					    "callback_secret", NULL };
	struct noc_api *api = arg;
	const struct noc_ruleset *rs = noc_core_rules(api->env->core);
	struct noc_value *body = noc_api_body(req, keys);

	if (!body)
		return;
	flow_start(api, req,
		   rs ? noc_table_get(&rs->flows, noc_http_param(req, "name"))
		      : NULL,
		   body);
	noc_value_free(body);
}

void
noc_api_flows(struct noc_api *api)
{
	noc_http_route(api->env->http, "GET", "/api/v1/flows", NOC_ROLE_VIEWER,
		       on_flows, api);
	noc_http_route(api->env->http, "GET", "/api/v1/flows/{name}",
		       NOC_ROLE_VIEWER, on_flow, api);
	noc_api_route(api, "POST", "/api/v1/flows/{name}/runs", "run.start",
		      on_flow_start);
}
