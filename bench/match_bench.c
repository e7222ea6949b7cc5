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

#include "base/mem.h"
#include "base/strbuf.h"
#include "engine/action.h"
#include "engine/match.h"
#include "engine/ruleset.h"

#define ROUNDS_MAX 64

static const struct noc_action_ops bench_log = { .name = "log",
						 .flags = NOC_ACTION_CORE };
static const struct noc_action_ops *const bench_actions[] = { &bench_log };

/* As devices and hosts write them; none matches a rule. */
static const char *const messages[] = {
	"<189>4711: Oct 11 22:14:15.003: %SYS-5-CONFIG_I: Configured from "
	"console by admin on vty0 (192.0.2.10)",
	"<187>Oct 11 22:14:15 sw17 88: %LINEPROTO-5-UPDOWN: Line protocol on "
	"Interface GigabitEthernet1/0/7, changed state to up",
	"<30>Oct 11 22:14:15 web3 systemd[1]: Started Session 4711 of user "
	"deploy.",
	"<86>Oct 11 22:14:15 web3 sshd[22841]: Accepted publickey for deploy "
	"from 192.0.2.77 port 51122 ssh2",
	"<165>1 2026-10-11T22:14:15.003Z fw1 RT_FLOW - RT_FLOW_SESSION_CREATE "
	"[junos@2636.1.1.1.2.26 source-address=\"192.0.2.5\"] session created",
	"<134>Oct 11 22:14:15 lb2 haproxy[991]: 192.0.2.9:40122 "
	"[11/Oct/2026:22:14:15.003] front back/s1 0/0/1/4/5 200 1532 - -",
	"<14>Oct 11 22:14:15 leaf2 Rib: %BGP-6-NOTICE: peer 192.0.2.33 (AS "
	"65001) keepalive timer adjusted",
	"<13>Oct 11 22:14:15 db1 postgres[2201]: [5-1] LOG:  checkpoint "
	"complete: wrote 4711 buffers (2.9%)",
};

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
	size_t len[NOC_COUNT(messages)];
	double begin;

	for (size_t i = 0; i < NOC_COUNT(messages); i++)
		len[i] = strlen(messages[i]);
	begin = now_ns();
	for (size_t i = 0; i < n; i++) {
		size_t k = i % NOC_COUNT(messages);
		struct noc_rule *out[8];
		struct noc_syslog m;

		noc_syslog_parse(messages[k], len[k], 1760220855000000000, 0,
				 &m);
		if (rs) {
			struct noc_event ev = {
				.kind = syslog,
				.base = syslog,
				.syslog = &m,
				.summary = m.message,
				.raw = noc_slice(messages[k], len[k]),
			};

			noc_match_normalize(rs, &ev);
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
