/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/rules_dir.h"
#include "cli/verb.h"
#include "engine/ast.h"

/*
 * nocturne check: loads a rule tree as the daemon would and says what it
 * found, every default included.  Nothing is asked of the network.
 */
extern const struct noc_verb noc_verb_check;

/* ---- one rule ---- */

static void
check_rate(const char *name, const struct noc_rate *r)
{
	char per[32];

	if (!r->count)
		return;
	printf(" %s %lld/%s%s%s", name, (long long)r->count,
	       noc_duration_format(per, r->per_ms), r->by ? " by " : "",
	       r->by ? r->by : "");
}

static void
check_step(const struct noc_step_def *s)
{
	char a[32], b[32], c[32];

	printf("    %-12s %s", s->name,
	       s->action		      ? s->action
	       : s->kind == NOC_STEP_ESCALATE ? "escalate"
	       : s->kind == NOC_STEP_STOP     ? "stop"
					      : "fail");
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
	char text[32];

	printf("%s  %s:%d  %s  on", r->name, r->file, r->line,
	       r->acting ? noc_mode_name(r->mode) : "live");
	for (size_t i = 0; i < r->on.len; i++)
		printf("%s %s", i ? "," : "", r->on.at[i]);
	printf("  key %s", r->key ? noc_template_source(r->key) : "{device}");
	if (r->hold_ms)
		printf("  hold %s", noc_duration_format(text, r->hold_ms));
	putchar('\n');
	if (!r->acting)
		return;
	printf("    guard");
	check_rate("per_key", &r->guard.per_key);
	check_rate("mass", &r->guard.mass);
	check_rate("targets", &r->guard.targets);
	printf(" depth %d\n", r->guard.depth);
	for (size_t i = 0; r->run && i < r->run->nsteps; i++)
		check_step(&r->run->steps[i]);
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
check_counts(const struct noc_ruleset *rs, const char *dir)
{
	size_t observe = 0;
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
	const char *comma = "", *sign = ";";

	for (size_t i = 0; i < rs->nrules; i++)
		observe +=
		    rs->rules[i].acting && rs->rules[i].mode == NOC_OBSERVE;
	printf("%s: %zu rules: %zu live", dir, rs->nrules,
	       rs->nrules - observe);
	if (observe)
		printf(", %zu observe: ", observe);
	for (size_t i = 0; i < rs->nrules; i++) {
		const struct noc_rule *r = &rs->rules[i];

		if (!r->acting || r->mode != NOC_OBSERVE)
			continue;
		printf("%s%s", comma, r->name);
		comma = ", ";
	}
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

static int
check_run(int argc, char **argv)
{
	struct noc_ruleset *rs;
	struct noc_value *opts;
	char *dir = NULL;
	size_t warnings;
	int status;

	opts = noc_verb_parse(&noc_verb_check, argc, argv, &status);
	if (!opts)
		return status;
	rs = noc_rules_open_args(opts, true, &dir, &status);
	if (rs) {
		if (!noc_value_get_bool(opts, "quiet", false))
			for (size_t i = 0; i < rs->nrules; i++)
				check_rule(&rs->rules[i]);
		warnings = check_warnings(rs);
		check_counts(rs, dir);
		if (warnings && noc_value_get_bool(opts, "strict", false))
			status = NOC_EXIT_FAILED;
	}
	noc_ruleset_unref(rs);
	noc_value_free(opts);
	free(dir);
	return status;
}

static const struct noc_verb_option check_options[] = {
	{ "quiet", 'q', NULL, "only warnings and the count", false },
	{ "strict", 0, NULL, "a warning is a failure", false },
	{ NULL, 0, NULL, NULL, false }
};

const struct noc_verb noc_verb_check = {
	.name = "check",
	.summary = "load a rule tree and say what is wrong or unwise",
	.usage = "[DIR...]",
	.options = check_options,
	.details =
	    "Prints each rule with the defaults that it did not say, then "
	    "warnings, then\nwhat there is.  Ends with 0 when the daemon would "
	    "take the tree, else with 1\nand every mistake, one a line.",
	.run = check_run,
};
