/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "engine/lang/ast.h"
#include "engine/expr/template.h"
#include "daemon/screen.h"
#include "daemon/serve.h"
#include "cli/rows.h"
#include "cli/rules_open.h"
#include "cli/verb.h"
#include "cli/verb/check_text.h"
#include "cli/verb/check_times.h"

/*
 * nocturne check: loads a rule tree as the daemon would and says what it
 * found, every default included; also a configuration and its inventory.
 * Nothing is asked of the network.
 */
extern const struct noc_verb noc_verb_check;

/* ---- one rule ---- */

static const char *
check_mode(const struct noc_rule *r)
{
	return r->acting || r->mode == NOC_SHADOW ? noc_mode_name(r->mode)
						  : "live";
}

/* "3/30m by site"; returned, NULL: there is none. */
static char *
check_rate(const struct noc_rate *r)
{
	char per[32];

	return r->count ? noc_asprintf("%lld/%s%s%s", (long long)r->count,
				       noc_duration_format(per, r->per_ms),
				       r->by ? " by " : "", r->by ? r->by : "")
			: NULL;
}

/* The guard as the rule has it: { per_key = "3/30m", depth = 3 }. */
static struct noc_value *
check_guard(const struct noc_guard *g)
{
	const struct {
		const char *name;
		const struct noc_rate *rate;
	} rates[] = { { "per_key", &g->per_key },
		      { "rate", &g->rate },
		      { "mass", &g->mass },
		      { "targets", &g->targets } };
	struct noc_value *v = noc_value_map();

	for (size_t i = 0; i < NOC_COUNT(rates); i++) {
		char *text = check_rate(rates[i].rate);

		if (text)
			noc_value_set(v, rates[i].name, noc_value_str(text));
		free(text);
	}
	noc_value_set(v, "depth", noc_value_int(g->depth));
	return v;
}

static void
check_step(const struct noc_step_def *s)
{
	char a[32], b[32], c[32];

	printf("    %-12s %s", s->name,
	       s->action ? s->action : noc_step_kind_name(s->kind));
	if (s->kind == NOC_STEP_VERIFY)
		printf(", every %s within %s stable %s",
		       noc_duration_format(a, s->every_ms),
		       noc_duration_format(b, s->within_ms),
		       noc_duration_format(c, s->stable_ms));
	if (s->timeout_ms)
		printf(", timeout %s", noc_duration_format(a, s->timeout_ms));
	if (s->action && s->kind == NOC_STEP_ACTION && s->retry.attempts > 1)
		printf(", %d attempts from %s", s->retry.attempts,
		       noc_duration_format(a, s->retry.initial_ms));
	if (s->mutates && s->on_crash)
		printf(", on_crash %s", s->on_crash);
	putchar('\n');
}

static void
check_rule(const struct noc_rule *r)
{
	struct noc_value *guard;
	char text[32];

	printf("%s  %s:%d  %s  on", r->name, r->file, r->line, check_mode(r));
	for (size_t i = 0; i < r->on.len; i++)
		printf("%s %s", i ? "," : "", r->on.at[i]);
	printf("  key %s", r->key ? noc_template_source(r->key) : "{device}");
	if (r->hold_ms)
		printf("  hold %s", noc_duration_format(text, r->hold_ms));
	putchar('\n');
	if (!r->acting)
		return;
	guard = check_guard(&r->guard);
	printf("    guard");
	for (size_t i = 0; i < noc_value_len(guard); i++) {
		struct noc_strbuf sb = NOC_STRBUF_INIT;

		noc_value_text(guard->u.map.at[i].value, &sb);
		printf(" %s %s", guard->u.map.at[i].key, sb.p);
		noc_strbuf_release(&sb);
	}
	putchar('\n');
	noc_value_free(guard);
	for (size_t i = 0; r->run && i < r->run->nsteps; i++)
		check_step(&r->run->steps[i]);
}

/* ---- for programs ---- */

static struct noc_value *
check_row(const struct noc_rule *r)
{
	struct noc_value *v = noc_value_map(), *on = noc_value_list();

	noc_value_set(v, "name", noc_value_str(r->name));
	noc_value_set(v, "file", noc_value_str(r->file));
	noc_value_set(v, "line", noc_value_int(r->line));
	noc_value_set(v, "mode", noc_value_str(check_mode(r)));
	for (size_t i = 0; i < r->on.len; i++)
		noc_value_push(on, noc_value_str(r->on.at[i]));
	noc_value_set(v, "on", on);
	noc_value_set(
	    v, "key",
	    noc_value_str(r->key ? noc_template_source(r->key) : "{device}"));
	if (r->hold_ms)
		noc_value_set(v, "hold_ms", noc_value_int(r->hold_ms));
	if (r->acting)
		noc_value_set(v, "guard", check_guard(&r->guard));
	return v;
}

static size_t
check_json(const struct noc_ruleset *rs, const char *dir,
	   const struct noc_value *advice, enum noc_output output)
{
	struct noc_value *v = noc_value_map(), *rules = noc_value_list(),
			 *warnings = noc_value_list();
	char *text = noc_strdup(rs->warnings), *line;
	size_t n;

	for (size_t i = 0; i < rs->nrules; i++)
		noc_value_push(rules, check_row(&rs->rules[i]));
	for (char *p = text; (line = strsep(&p, "\n"));)
		if (*line)
			noc_value_push(warnings, noc_value_str(line));
	n = noc_value_len(warnings);
	noc_value_set(v, "dir", noc_value_str(dir));
	noc_value_set(v, "files", noc_value_int((int64_t)rs->tree->nsources));
	noc_value_set(v, "rules", rules);
	noc_value_set(v, "warnings", warnings);
	noc_value_set(v, "advice", noc_value_copy(advice));
	noc_value_set(v, "times",
		      noc_check_times(rs, noc_clock_read().wall_ns));
	noc_rows_output(output, v, "rules", NULL, 0, NULL);
	noc_value_free(v);
	free(text);
	return n;
}

/* ---- all ---- */

static size_t
tasks_of(const struct noc_ruleset *rs, const char *type)
{
	size_t n = 0;

	for (size_t i = 0; i < rs->ntasks; i++)
		n += !strcmp(rs->tasks[i].type, type);
	return n;
}

static void
check_each(const struct noc_ruleset *rs)
{
	struct noc_value *times = noc_check_times(rs, noc_clock_read().wall_ns);

	for (size_t i = 0; i < rs->nrules; i++)
		check_rule(&rs->rules[i]);
	noc_check_times_print(times);
	noc_value_free(times);
}

static void
check_counts(const struct noc_ruleset *rs, const char *dir)
{
	const struct {
		size_t n;
		const char *what;
	} more[] = {
		{ rs->nemits, "normalizer" },
		{ rs->npairs, "pair" },
		{ rs->nhooks, "hook" },
		{ tasks_of(rs, "schedule"), "schedule" },
		{ tasks_of(rs, "poll"), "poll" },
		{ tasks_of(rs, "sensor"), "sensor" },
		{ noc_table_len(&rs->flows), "flow" },
		{ noc_value_len(rs->tests), "test" },
	};
	const char *sign = ";";
	char *rules = noc_daemon_rules_text(rs, SIZE_MAX);

	printf("%s: %s", dir, rules);
	free(rules);
	for (size_t i = 0; i < NOC_COUNT(more); i++) {
		if (!more[i].n)
			continue;
		printf("%s %zu %s%s", sign, more[i].n, more[i].what,
		       more[i].n == 1 ? "" : "s");
		sign = ",";
	}
	printf(" in %zu files\n", rs->tree->nsources);
}

static size_t
check_warnings(const struct noc_ruleset *rs)
{
	char *text = noc_strdup(rs->warnings), *line;
	size_t n = 0;

	for (char *p = text; (line = strsep(&p, "\n"));) {
		struct noc_strbuf sb = NOC_STRBUF_INIT;

		if (!*line)
			continue;
		noc_strbuf_add_escaped(&sb, line, strlen(line));
		printf("warning: %s\n", sb.p);
		noc_strbuf_release(&sb);
		n++;
	}
	free(text);
	return n;
}

/* ---- programs ---- */

static bool
program_here(const char *name)
{
	const char *path = getenv("PATH");
	bool here = strchr(name, '/') && access(name, X_OK) == 0;

	if (strchr(name, '/') || !path)
		return here;
	for (const char *p = path; *p && !here; p += *p == ':') {
		size_t n = strcspn(p, ":");
		char *full = noc_asprintf("%.*s/%s", (int)n, p, name);

		here = access(full, X_OK) == 0;
		free(full);
		p += n;
	}
	return here;
}

/* Who runs the rules may have what this machine lacks: advice, no warning. */
static void
check_program(const struct noc_step_def *s, struct noc_table *told,
	      struct noc_value *advice)
{
	const struct noc_value *first =
	    s && s->action && !strcmp(s->action, "exec")
		? noc_value_at(noc_ast_items(s->params), 0)
		: NULL;

	if (!first || first->type != NOC_STR || strchr(first->u.s.p, '{') ||
	    noc_table_put(told, first->u.s.p, told) ||
	    program_here(first->u.s.p))
		return;
	noc_value_push(advice,
		       noc_value_strf("%s: step '%s' runs %s, which is no "
				      "program of this machine",
				      s->at, s->name, first->u.s.p));
}

static void
check_programs(const struct noc_plan *p, struct noc_table *told,
	       struct noc_value *advice)
{
	for (size_t i = 0; p && i < p->nsteps; i++) {
		check_program(&p->steps[i], told, advice);
		check_program(p->steps[i].undo, told, advice);
	}
	noc_check_texts(p, told, advice);
}

/* Each program and text once; returned. */
static struct noc_value *
check_advice(const struct noc_ruleset *rs)
{
	struct noc_value *advice = noc_value_list();
	struct noc_table told = { 0 };
	const char *name;
	void *plan;

	for (size_t it = 0; noc_table_next(&rs->flows, &it, &name, &plan);)
		check_programs(plan, &told, advice);
	for (size_t i = 0; i < rs->nrules; i++)
		check_programs(rs->rules[i].run, &told, advice);
	for (size_t i = 0; i < rs->npairs; i++) {
		check_programs(rs->pairs[i].missing_plan, &told, advice);
		check_programs(rs->pairs[i].matched_plan, &told, advice);
	}
	for (size_t i = 0; i < rs->ntasks; i++)
		check_programs(rs->tasks[i].run, &told, advice);
	noc_table_release(&told);
	return advice;
}

static void
check_advise(const struct noc_value *advice)
{
	for (size_t i = 0; i < noc_value_len(advice); i++) {
		struct noc_strbuf sb = NOC_STRBUF_INIT;
		const char *line = noc_value_at(advice, i)->u.s.p;

		noc_strbuf_add_escaped(&sb, line, strlen(line));
		printf("advice: %s\n", sb.p);
		noc_strbuf_release(&sb);
	}
}

/* What a start would say of the configuration. */
static int
check_config(const struct noc_value *opts)
{
	struct noc_daemon_options opt = { 0 };
	struct noc_err err;

	opt.config_path = noc_value_get_str(opts, "config", NULL);
	if (!opt.config_path || !noc_daemon_check(&opt, &err))
		return 0;
	noc_verb_fail(&err);
	return NOC_EXIT_FAILED;
}

static int
check_run(int argc, char **argv)
{
	struct noc_ruleset *rs;
	enum noc_output output = NOC_OUTPUT_TABLE;
	struct noc_value *opts, *advice = NULL;
	char *dir = NULL;
	size_t warnings = 0;
	int status, wrong = 0;

	opts = noc_verb_parse(&noc_verb_check, argc, argv, &status);
	if (!opts)
		return status;
	status = noc_output_said(&noc_verb_check, opts, &output);
	if (!status)
		wrong = check_config(opts);
	rs = status ? NULL : noc_rules_open_args(opts, true, &dir, &status);
	if (rs)
		advice = check_advice(rs);
	if (rs && output != NOC_OUTPUT_TABLE) {
		warnings = check_json(rs, dir, advice, output);
	} else if (rs) {
		if (!noc_value_get_bool(opts, "quiet", false))
			check_each(rs);
		warnings = check_warnings(rs);
		check_advise(advice);
		check_counts(rs, dir);
	}
	if (rs && warnings && noc_value_get_bool(opts, "strict", false))
		status = NOC_EXIT_FAILED;
	if (wrong)
		status = wrong;
	noc_value_free(advice);
	noc_ruleset_unref(rs);
	noc_value_free(opts);
	free(dir);
	return status;
}

static const struct noc_verb_option check_options[] = {
	{ "quiet", 'q', NULL, "only warnings and the count", false },
	{ "strict", 0, NULL, "a warning is a failure", false },
	{ "config", 0, "FILE",
	  "look at this configuration and its inventory too", false },
	NOC_OUTPUT_OPTION,
	{ NULL, 0, NULL, NULL, false }
};

const struct noc_verb noc_verb_check = {
	.name = "check",
	.summary = "loads a rule tree and says what is wrong or unwise",
	.usage = "[DIR...]",
	.options = check_options,
	.details =
	    "Prints each rule with the defaults that it did not say, the next "
	    "times of each\nschedule and poll, then warnings and advice, then "
	    "what there is.  Advice is that a program "
	    "of a step is not on this machine.  Ends with 0 when the daemon would "
	    "take the tree, else with 1\nand every mistake, one a line.",
	.run = check_run,
};
