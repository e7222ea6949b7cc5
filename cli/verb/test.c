/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/testbed/testbed.h"
#include "cli/rows.h"
#include "cli/rules_open.h"
#include "cli/verb.h"

/*
 * nocturne test: the tests that stand beside the rules, in virtual time.
 * What it prints is TAP, so that a build server can count it.
 */
struct test_run {
	const char *filter;
	bool verbose, colour;
	enum noc_output output;
	size_t passed, failed;
	struct noc_value *list; /* of the JSON form */
};

extern const struct noc_verb noc_verb_test;

static void
on_log(enum noc_level level, const char *room, const char *line, void *arg)
{
	(void)level;
	(void)room;
	(void)line;
	(void)arg;
}

static void
test_escaped(const char *prefix, const char *text)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;

	noc_strbuf_add_escaped(&sb, text, strlen(text));
	printf("%s%s\n", prefix, sb.p ? sb.p : "");
	noc_strbuf_release(&sb);
}

static void
test_print(struct test_run *t, const struct noc_testbed_result *r, double ms)
{
	size_t n = t->passed + t->failed;
	char took[32], title[512];

	snprintf(title, sizeof(title), " %zu - %s (%s, %s in %.1f ms)", n,
		 r->name, r->at, noc_duration_format(took, r->virtual_ms), ms);
	printf("%s%s%s", t->colour ? (r->ok ? "\033[32m" : "\033[31m") : "",
	       r->ok ? "ok" : "not ok", t->colour ? "\033[0m" : "");
	test_escaped("", title);
	for (size_t i = 0; i < noc_value_len(r->failures); i++)
		test_escaped("#   ", noc_value_at(r->failures, i)->u.s.p);
	for (size_t i = 0; i < noc_value_len(r->remarks); i++)
		test_escaped("#   ", noc_value_at(r->remarks, i)->u.s.p);
	if (t->verbose)
		for (char *p = r->transcript, *line; (line = strsep(&p, "\n"));)
			if (*line)
				test_escaped("# ", line);
}

static void
test_keep(struct test_run *t, struct noc_testbed_result *r, double ms)
{
	struct noc_value *v = noc_value_map();

	noc_value_set(v, "name", noc_value_str(r->name));
	noc_value_set(v, "at", noc_value_str(r->at));
	noc_value_set(v, "ok", noc_value_bool(r->ok));
	noc_value_set(v, "virtual_ms", noc_value_int(r->virtual_ms));
	noc_value_set(v, "ms", noc_value_real(ms));
	noc_value_set(v, "failures", noc_value_copy(r->failures));
	noc_value_set(v, "remarks", noc_value_copy(r->remarks));
	noc_value_set(v, "decisions", noc_value_copy(r->decisions));
	noc_value_push(t->list, v);
}

static void
test_one(struct test_run *t, struct noc_ruleset *rs,
	 const struct noc_value *node)
{
	struct noc_testbed_result r;
	struct noc_now from = noc_clock_read(), to;
	double ms;

	noc_testbed_run(rs, node, &r);
	to = noc_clock_read();
	ms = (double)(to.boot_ns - from.boot_ns) / 1e6;
	if (r.ok)
		t->passed++;
	else
		t->failed++;
	if (t->output != NOC_OUTPUT_TABLE)
		test_keep(t, &r, ms);
	else
		test_print(t, &r, ms);
	noc_testbed_result_clear(&r);
}

static void
test_json(struct test_run *t)
{
	struct noc_value *v = noc_value_map();

	noc_value_set(v, "passed", noc_value_int((int64_t)t->passed));
	noc_value_set(v, "failed", noc_value_int((int64_t)t->failed));
	noc_value_set(v, "tests", noc_value_copy(t->list));
	noc_rows_output(t->output, v, "tests", NULL, 0, NULL);
	noc_value_free(v);
}

static int
test_all(struct test_run *t, struct noc_ruleset *rs, const char *dir)
{
	struct noc_now from = noc_clock_read(), to;

	for (size_t i = 0; i < noc_value_len(rs->tests); i++) {
		const struct noc_value *node = noc_value_at(rs->tests, i);

		if (t->filter &&
		    !strstr(noc_value_get_str(node, "name", ""), t->filter) &&
		    !strstr(noc_value_get_str(node, "at", ""), t->filter))
			continue;
		test_one(t, rs, node);
	}
	to = noc_clock_read();
	if (t->output != NOC_OUTPUT_TABLE) {
		test_json(t);
	} else {
		printf("1..%zu\n", t->passed + t->failed);
		printf("# %zu passed, %zu failed in %.0f ms\n", t->passed,
		       t->failed, (double)(to.boot_ns - from.boot_ns) / 1e6);
	}
	if (t->passed + t->failed == 0) {
		fprintf(stderr, "nocturne: %s has no test%s%s.\n", dir,
			t->filter ? " like " : "", t->filter ? t->filter : "");
		return NOC_EXIT_FAILED;
	}
	return t->failed ? NOC_EXIT_FAILED : NOC_EXIT_OK;
}

static int
test_run(int argc, char **argv)
{
	struct test_run t = { .colour = noc_verb_colour() };
	struct noc_ruleset *rs;
	struct noc_value *opts;
	char *dir = NULL;
	int status;

	opts = noc_verb_parse(&noc_verb_test, argc, argv, &status);
	if (!opts)
		return status;
	if (!strcmp(noc_value_get_str(opts, "output", ""), "tap"))
		noc_value_unset(opts, "output"); /* the table's form */
	status = noc_output_said(&noc_verb_test, opts, &t.output);
	t.filter = noc_value_get_str(opts, "filter", NULL);
	t.verbose = noc_value_get_bool(opts, "verbose", false);
	if (status) {
		noc_value_free(opts);
		return status;
	}
	rs = noc_rules_open_args(opts, true, &dir, &status);
	if (rs) {
		t.list = noc_value_list();
		noc_log_sink_set(on_log, NULL);
		status = test_all(&t, rs, dir);
		noc_value_free(t.list);
	}
	noc_ruleset_unref(rs);
	noc_value_free(opts);
	free(dir);
	return status;
}

static const struct noc_verb_option test_options[] = {
	{ "filter", 0, "TEXT", "only tests with it in their name or place",
	  false },
	NOC_OUTPUT_OPTION,
	{ "verbose", 'v', NULL, "print what was journaled", false },
	{ NULL, 0, NULL, NULL, false }
};

const struct noc_verb noc_verb_test = {
	.name = "test",
	.summary = "runs the tests of a rule tree in virtual time",
	.usage = "[DIR...] [--filter TEXT]",
	.options = test_options,
	.details =
	    "Loads every file of the directories with their *.test.lua and "
	    "runs each test\nagainst a core of its own: no network, no files, no waiting.  "
	    "Ends with 0 when all\npassed, else with 1.  The table is TAP.",
	.run = test_run,
};
