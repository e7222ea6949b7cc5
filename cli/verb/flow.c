/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/suggest.h"
#include "engine/flow/draw.h"
#include "engine/rule/ruleset.h"
#include "daemon/rules_dir.h"
#include "cli/client.h"
#include "cli/rules_open.h"

/* nocturne flow: flows as they are in the rules, listed and drawn.  Needs no
 * daemon. */
#define FLOW_WIDTH_LEAST 40
#define FLOW_WIDTH_MOST	 160

static const struct noc_verb_option flow_options[] = {
	NOC_OUTPUT_OPTION,
	{ "rules", 0, "DIR", "rule tree in which they are", false },
	{ "format", 'f', "FORMAT", "show: text, svg, dot or mermaid", false },
	{ 0 },
};

static const struct noc_column flow_columns[] = {
	{ "flow", "FLOW", 'l', 36 },	 { "steps", "STEPS", 'r', 0 },
	{ "acting", "CHANGES", 'l', 0 }, { "timeout", "TIMEOUT", 'r', 0 },
	{ "takes", "INPUT", 'l', 40 },	 { "at", "AT", 'l', 0 },
};

static const char *const flow_formats[] = { "text", "svg", "dot", "mermaid" };

/* ---- list ---- */

/* "vid, building": what a flow takes, for people. */
static struct noc_value *
flow_takes(const struct noc_value *input)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	struct noc_value *v;

	for (size_t i = 0; i < noc_value_len(input); i++)
		noc_strbuf_addf(&sb, "%s%s", i ? ", " : "",
				input->u.map.at[i].key);
	v = noc_value_str(sb.p ? sb.p : "");
	noc_strbuf_release(&sb);
	return v;
}

static int
flow_list(struct noc_client *c)
{
	struct noc_value *answer = noc_value_map(), *list = noc_value_list();
	struct noc_ruleset *rs;
	const char *name;
	void *plan;
	int status;

	noc_value_set(answer, "flows", list);
	rs = noc_rules_open(noc_rules_dir(noc_client_opt(c, "rules")), false,
			    &status);
	for (size_t it = 0;
	     rs && noc_table_next(&rs->flows, &it, &name, &plan);) {
		struct noc_value *row = noc_draw_row(plan);

		if (c->output == NOC_OUTPUT_TABLE)
			noc_value_set(row, "takes",
				      flow_takes(noc_value_get(row, "input")));
		noc_value_push(list, row);
	}
	if (rs)
		noc_rows_output(c->output, answer, "flows", flow_columns,
				NOC_COUNT(flow_columns),
				"The rules have no flow with a name; 'nocturne "
				"flow show RULE' shows that of a rule.");
	noc_ruleset_unref(rs);
	noc_value_free(answer);
	return status;
}

/* ---- show ---- */

/* Which names there are: those of flows, then of rules and schedules. */
static int
flow_unknown(const struct noc_ruleset *rs, const char *name)
{
	const char **known =
	    noc_calloc(noc_table_len(&rs->flows) + rs->nrules + rs->ntasks + 1,
		       sizeof(*known));
	struct noc_err err;
	const char *near;
	size_t n = 0;
	void *plan;

	for (size_t it = 0; noc_table_next(&rs->flows, &it, &known[n], &plan);)
		n++;
	for (size_t i = 0; i < rs->nrules; i++)
		if (rs->rules[i].run)
			known[n++] = rs->rules[i].name;
	for (size_t i = 0; i < rs->ntasks; i++)
		if (rs->tasks[i].run)
			known[n++] = rs->tasks[i].name;
	near = noc_suggest(name, known, n);
	noc_err_set(&err, NOC_ENOTFOUND,
		    "there is no flow '%s' in these rules%s%s%s", name,
		    near ? "; did you mean '"
			 : "; 'nocturne flow list' shows "
			   "them.",
		    near ? near : "", near ? "'?" : "");
	free(known);
	return noc_verb_fail(&err);
}

/* Does the terminal, or who reads what is printed, expect UTF-8? */
static bool
flow_utf8(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	for (size_t i = 0; i < NOC_COUNT(names); i++) {
		const char *v = getenv(names[i]);

		if (v && *v)
			return strcasestr(v, "utf-8") || strcasestr(v, "utf8");
	}
	return false;
}

static int
flow_width(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_col)
		return NOC_DRAW_WIDTH;
	return size.ws_col < FLOW_WIDTH_LEAST  ? FLOW_WIDTH_LEAST
	       : size.ws_col > FLOW_WIDTH_MOST ? FLOW_WIDTH_MOST
					       : size.ws_col;
}

static void
flow_draw(const struct noc_plan *p, const char *format)
{
	struct noc_strbuf out = NOC_STRBUF_INIT;
	struct noc_draw_style style = {
		.width = flow_width(),
		.ascii = !flow_utf8(),
		.colour = noc_verb_colour(),
	};

	if (!strcmp(format, "svg"))
		noc_draw_svg(p, &out);
	else if (!strcmp(format, "dot"))
		noc_draw_dot(p, &out);
	else if (!strcmp(format, "mermaid"))
		noc_draw_mermaid(p, &out);
	else
		noc_draw_text(p, &style, &out);
	fwrite(out.p, 1, out.len, stdout);
	noc_strbuf_release(&out);
}

/* 0, or an exit status: a format is one that there is, and no second one. */
static int
flow_format(struct noc_client *c, const char **format)
{
	const char *said = noc_client_opt(c, "format"), *near;

	*format = said ? said : flow_formats[0];
	if (said && noc_client_has(c, "output"))
		return noc_verb_misuse(c->verb,
				       "--format and --output exclude one "
				       "another.");
	for (size_t i = 0; i < NOC_COUNT(flow_formats); i++)
		if (!strcmp(*format, flow_formats[i]))
			return 0;
	near = noc_suggest(said, flow_formats, NOC_COUNT(flow_formats));
	return noc_verb_misuse(c->verb,
			       "--format takes text, svg, dot or mermaid, not "
			       "'%s'%s%s%s",
			       said, near ? "; did you mean '" : ".",
			       near ? near : "", near ? "'?" : "");
}

static int
flow_show(struct noc_client *c)
{
	const char *name = noc_client_arg(c, 0), *format;
	const struct noc_plan *p;
	struct noc_ruleset *rs;
	struct noc_value *v;
	int status = flow_format(c, &format);

	if (status)
		return status;
	rs = noc_rules_open(noc_rules_dir(noc_client_opt(c, "rules")), false,
			    &status);
	if (!rs)
		return status;
	p = noc_ruleset_plan(rs, name);
	if (!p) {
		status = flow_unknown(rs, name);
	} else if (c->output == NOC_OUTPUT_TABLE) {
		flow_draw(p, format);
	} else {
		v = noc_draw_value(p);
		noc_rows_json(v, c->output == NOC_OUTPUT_JSON);
		noc_value_free(v);
	}
	noc_ruleset_unref(rs);
	return status;
}

/* ---- the verb ---- */

static int
flow_run(int argc, char **argv)
{
	static const struct noc_client_sub subs[] = {
		{ "list", 0, 0, flow_list },
		{ "show", 1, 1, flow_show },
		{ 0 },
	};

	return noc_client_main(&noc_verb_flow, subs, argc, argv);
}

const struct noc_verb noc_verb_flow = {
	.name = "flow",
	.summary = "lists flows and draws them",
	.usage = "[list] [--rules DIR]\n"
		 "show NAME [--format text|svg|dot|mermaid] [--rules DIR]",
	.options = flow_options,
	.details =
	    "NAME is a flow, or a rule or schedule for what it runs.  A step "
	    "stands below those\nthat it waits for, beside others that may run "
	    "with it.  Dashed lines: only after a\nfailure; dotted ones: "
	    "whatever happened.  No daemon is asked.",
	.run = flow_run,
};
