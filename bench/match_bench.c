/* SPDX-License-Identifier: ISC */
/*
 * What the rules cost a syslog message: parsing alone, and parsing,
 * normalizing and matching with 10, 1,000 and 10,000 rules that none of the
 * messages matches; then with one that every message matches.  One JSON line
 * a figure, medians of alternated rounds.
 *
 *	match_bench [-r ROUNDS] [-n MESSAGES]
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/intern.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "engine/edge/action.h"
#include "engine/rule/match.h"
#include "engine/rule/normalize.h"
#include "engine/rule/ruleset.h"
#include "actions/actions.h"
#include "bench/messages.h"

#define ROUNDS_MAX 64

static const struct noc_action_ops bench_log = { .name = "log",
						 .flags = NOC_ACTION_CORE };
static const struct noc_action_ops *const bench_actions[] = { &bench_log };

static double
now_ns(void)
{
	struct timespec t;

	/* Of this thread alone: other work on the machine does not count. */
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* A third by tag, a third by words of the message, a third by program. */
static struct noc_ruleset *
make_rules(size_t n, bool hit, double *load_ms)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	struct noc_ruleset *rs = NULL;
	struct noc_err err;
	char *errors = NULL;
	double begin;

	for (size_t i = 0; i < n; i++) {
		noc_strbuf_addf(
		    &sb, "rule \"r%zu\" { on = \"syslog\", where = {", i);
		if (i % 3 == 0)
			noc_strbuf_addf(&sb,
					"[\"syslog.tag\"] = "
					"\"%%FAC%zu-3-EVENT\"",
					i);
		else if (i % 3 == 1)
			noc_strbuf_addf(&sb,
					"[\"syslog.message\"] = re [=[module "
					"%zu (failed|lost) in slot \\d+]=]",
					i * 7919);
		else
			noc_strbuf_addf(&sb,
					"[\"syslog.app\"] = \"daemon%zu\", "
					"[\"syslog.message\"] = contains "
					"\"error %zu\"",
					i, i);
		noc_strbuf_adds(&sb, "}, run = log \"x\" }\n");
	}
	if (hit)
		noc_strbuf_adds(
		    &sb,
		    "rule \"hit\" { on = \"syslog\", where = { "
		    "[\"syslog.message\"] = re [=[e\\S* ?.*]=] }, run = log "
		    "\"x\" }\n");
	begin = now_ns();
	if (noc_ruleset_load_text("bench.lua", sb.p, &rs, &errors, &err)) {
		fprintf(stderr, "match_bench: %s\n%s\n", err.msg,
			errors ? errors : "");
		exit(1);
	}
	*load_ms = (now_ns() - begin) / 1e6;
	noc_strbuf_release(&sb);
	return rs;
}

/* ns a message; rs == NULL: parse only. */
static double
run(const struct noc_ruleset *rs, size_t n, size_t *hits)
{
	const char *syslog = noc_interns("syslog");
	size_t len[NOC_COUNT(bench_messages)];
	double begin;

	for (size_t i = 0; i < NOC_COUNT(bench_messages); i++)
		len[i] = strlen(bench_messages[i]);
	begin = now_ns();
	for (size_t i = 0; i < n; i++) {
		size_t k = i % NOC_COUNT(bench_messages);
		struct noc_rule *out[8];
		struct noc_syslog m;

		noc_syslog_parse(bench_messages[k], len[k], 1760220855000000000,
				 0, &m);
		if (rs) {
			struct noc_event ev = {
				.kind = syslog,
				.base = syslog,
				.syslog = &m,
				.summary = m.message,
				.raw = noc_slice(bench_messages[k], len[k]),
			};

			noc_normalize(rs, &ev);
			*hits += noc_match_event(rs, &ev, out, 8);
			noc_event_clear(&ev);
		} else {
			*hits += m.message.len & 1;
		}
	}
	return (now_ns() - begin) / (double)n;
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double
median(double *v, int n)
{
	qsort(v, (size_t)n, sizeof(*v), by_value);
	return v[n / 2];
}

struct side {
	const char *name;
	size_t rules;
	struct noc_ruleset *rs;
	double load_ms, ns[ROUNDS_MAX];
	size_t hits;
};

int
main(int argc, char **argv)
{
	struct side sides[] = {
		{ .name = "parse" },
		{ .name = "match", .rules = 10 },
		{ .name = "match", .rules = 1000 },
		{ .name = "match", .rules = 10000 },
		{ .name = "match_hit", .rules = 1000 },
	};
	size_t n = 400000;
	int rounds = 7, c;

	while ((c = getopt(argc, argv, "r:n:")) != -1) {
		if (c == 'r')
			rounds = atoi(optarg);
		else if (c == 'n')
			n = strtoul(optarg, NULL, 10);
		else
			return 2;
	}
	if (rounds < 1 || rounds > ROUNDS_MAX || n < 1000)
		return 2;
	noc_actions_register(); /* what a rule may write */
	noc_action_register(bench_actions, NOC_COUNT(bench_actions));
	for (size_t s = 1; s < NOC_COUNT(sides); s++)
		sides[s].rs = make_rules(sides[s].rules,
					 !strcmp(sides[s].name, "match_hit"),
					 &sides[s].load_ms);
	for (int r = 0; r < rounds; r++)
		for (size_t s = 0; s < NOC_COUNT(sides); s++)
			sides[s].ns[r] = run(sides[s].rs, n, &sides[s].hits);
	for (size_t s = 0; s < NOC_COUNT(sides); s++) {
		double ns = median(sides[s].ns, rounds);

		printf("{\"bench\":\"match\",\"figure\":\"%s\",\"rules\":%zu,"
		       "\"ns\":%.1f,\"per_s\":%.0f,\"over_parse_ns\":%.1f,"
		       "\"load_ms\":%.1f,\"hits\":%.3f}\n",
		       sides[s].name, sides[s].rules, ns, 1e9 / ns,
		       ns - median(sides[0].ns, rounds), sides[s].load_ms,
		       s ? (double)sides[s].hits / (double)n / rounds : 0);
		noc_ruleset_unref(sides[s].rs);
	}
	return 0;
}
