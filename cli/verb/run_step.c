/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "cli/verb/run_step.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"

const struct noc_column noc_run_step_columns[NOC_RUN_STEP_COLUMNS] = {
	{ "at", "AT", 'r', 0 },		 { "path", "STEP", 'l', 28 },
	{ "action", "ACTION", 'l', 18 }, { "target", "TARGET", 'l', 28 },
	{ "attempt", "TRY", 'r', 0 },	 { "state", "STATE", 'l', 0 },
	{ "took", "TOOK", 'r', 0 },	 { "result", "RESULT", 'l', 70 },
};

int64_t
noc_run_time(const struct noc_value *row, const char *name)
{
	char key[32];

	snprintf(key, sizeof(key), "%s_ns", name);
	return noc_value_get_int(row, key, 0);
}

/* "763 of 800 ok, 37 failed, 95.4 %": how far an each has come. */
static void
step_counts(const struct noc_value *counts, struct noc_strbuf *out)
{
	static const char *const words[] = {
		"failed", "skipped", "would", "running", "waiting", "cancelled"
	};
	const struct noc_value *percent = noc_value_get(counts, "ok_percent");
	int64_t total = noc_value_get_int(counts, "total", -1);

	noc_strbuf_addf(out, "%lld",
			(long long)noc_value_get_int(counts, "ok", 0));
	if (total >= 0)
		noc_strbuf_addf(out, " of %lld", (long long)total);
	noc_strbuf_adds(out, " ok");
	for (size_t i = 0; i < NOC_COUNT(words); i++) {
		int64_t n = noc_value_get_int(counts, words[i], 0);

		if (n)
			noc_strbuf_addf(out, ", %lld %s", (long long)n,
					words[i]);
	}
	if (percent) {
		noc_strbuf_adds(out, ", ");
		noc_value_text(percent, out);
		noc_strbuf_adds(out, " %");
	}
}

/* "permanent (executor): sh ended with code 1" */
static void
step_error(const struct noc_value *error, struct noc_strbuf *out)
{
	const char *block = noc_value_get_str(error, "block", "");

	noc_strbuf_adds(out, noc_value_get_str(error, "class", "error"));
	if (*block)
		noc_strbuf_addf(out, " (%s)", block);
	noc_strbuf_addf(out, ": %s", noc_value_get_str(error, "message", ""));
}

/* How it ended, and of an each how many of its items did. */
static struct noc_value *
step_result(const struct noc_value *step)
{
	const struct noc_value *error = noc_value_get(step, "error");
	const struct noc_value *counts = noc_value_get(step, "counts");
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	struct noc_value *v;

	if (counts)
		step_counts(counts, &sb);
	else if (!error)
		noc_strbuf_adds(&sb, noc_value_get_str(step, "outcome", ""));
	if (error && counts)
		noc_strbuf_adds(&sb, "; ");
	if (error)
		step_error(error, &sb);
	v = noc_value_strn(sb.p ? sb.p : "", sb.len);
	noc_strbuf_release(&sb);
	return v;
}

static void
step_adds(struct noc_value *step, const char *word)
{
	noc_value_set(step, "state",
		      noc_value_strf("%s, %s",
				     noc_value_get_str(step, "state", ""),
				     word));
}

/* When a step began after the run, how long it took, how it ended. */
void
noc_run_step_view(struct noc_value *step, int64_t start_ns)
{
	int64_t began = noc_run_time(step, "started"),
		ended = noc_run_time(step, "ended");
	int64_t ms = noc_value_get_int(step, "ms", -1);

	/* What a fork has copied was before it. */
	if (began && began >= start_ns)
		noc_value_set(
		    step, "at",
		    noc_value_strf("+%.1f", (double)(began - start_ns) / 1e9));
	if (ms < 0 && began && ended)
		ms = (ended - began) / NOC_NS_PER_MS;
	if (ms >= 10000)
		noc_value_set(step, "took",
			      noc_value_strf("%.1f s", (double)ms / 1e3));
	else if (ms >= 0)
		noc_value_set(step, "took",
			      noc_value_strf("%lld ms", (long long)ms));
	noc_value_set(step, "result", step_result(step));
	/* It did succeed. */
	if (noc_value_get_bool(step, "undone", false))
		step_adds(step, "undone");
	if (noc_value_get(step, "copied"))
		step_adds(step, "copied");
}
