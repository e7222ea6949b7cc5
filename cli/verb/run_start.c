/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "cli/verb/run_start.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "cli/verb/run_watch.h"

static const struct noc_column plan_columns[] = {
	{ "tree", "STEP", 'l', 40 },	  { "does", "DOES", 'l', 80 },
	{ "mutates", "CHANGES", 'l', 0 }, { "attempts", "TRIES", 'r', 0 },
	{ "timeout", "TIMEOUT", 'r', 0 }, { "at", "AT", 'l', 0 },
};

/* ---- a dry run ---- */

static void
dry_push(struct noc_value *rows, const struct noc_value *step, int depth,
	 const char *name)
{
	struct noc_value *row = noc_value_copy(step);

	noc_value_set(row, "tree",
		      noc_value_strf("%*s%s", 2 * depth, "", name));
	noc_value_push(rows, row);
}

/* The steps of one part as a tree, and below each what takes it back. */
static struct noc_value *
dry_rows(const struct noc_value *steps, const char *part)
{
	struct noc_value *rows = noc_value_list(), *undo;

	for (size_t i = 0; i < noc_value_len(steps); i++) {
		const struct noc_value *s = noc_value_at(steps, i);
		int depth = (int)noc_value_get_int(s, "depth", 0);
		const char *does = noc_value_get_str(s, "undo", NULL);

		if (!noc_value_is_str(noc_value_get(s, "part"), part))
			continue;
		dry_push(rows, s, depth, noc_value_get_str(s, "step", ""));
		if (!does)
			continue;
		undo = noc_value_map();
		noc_value_set(undo, "does", noc_value_str(does));
		dry_push(rows, undo, depth + 1, "undo");
		noc_value_free(undo);
	}
	return rows;
}

static void
dry_print(const struct noc_value *answer)
{
	static const char *const parts[] = { "body", "on_fail", "finally" };
	const struct noc_value *input = noc_value_get(answer, "input");
	const struct noc_value *refused = noc_value_get(answer, "refused");

	if (noc_value_len(input)) {
		struct noc_strbuf sb = NOC_STRBUF_INIT;

		noc_rows_text(input, 'm', 0, &sb);
		printf("input  %s\n\n", sb.p ? sb.p : "");
		noc_strbuf_release(&sb);
	}
	for (size_t i = 0; i < NOC_COUNT(parts); i++) {
		struct noc_value *rows =
		    dry_rows(noc_value_get(answer, "steps"), parts[i]);

		if (i && noc_value_len(rows))
			putchar('\n');
		if (noc_value_len(rows) || !i)
			noc_rows_print(rows, plan_columns,
				       NOC_COUNT(plan_columns),
				       "It has no steps.");
		noc_value_free(rows);
	}
	for (size_t i = 0; i < noc_value_len(refused); i++) {
		struct noc_strbuf sb = NOC_STRBUF_INIT;

		noc_rows_text(noc_value_at(refused, i), 'l', 0, &sb);
		printf("%srefused: %s\n", i ? "" : "\n", sb.p ? sb.p : "");
		noc_strbuf_release(&sb);
	}
}

/* What would be refused is not done. */
static int
dry_show(const struct noc_client *c, const struct noc_value *answer)
{
	if (c->output == NOC_OUTPUT_TABLE)
		dry_print(answer);
	else
		noc_rows_output(c->output, answer, "steps", plan_columns,
				NOC_COUNT(plan_columns), NULL);
	return noc_value_len(noc_value_get(answer, "refused")) ? NOC_EXIT_FAILED
							       : NOC_EXIT_OK;
}

/* ---- a run ---- */

static int
run_started(struct noc_client *c, const struct noc_value *answer)
{
	const char *id = noc_value_get_str(answer, "run_id", NULL);

	if (!id)
		return dry_show(c, answer);
	if (c->output == NOC_OUTPUT_TABLE)
		printf("%s\n", id);
	else if (!noc_client_has(c, "watch"))
		noc_rows_json(answer, c->output == NOC_OUTPUT_JSON);
	return noc_client_has(c, "watch") ? noc_run_watch_one(c, id, true)
					  : NOC_EXIT_OK;
}

/* What it did not find in the plan is gone, and stays as it is. */
static void
fork_gone(const struct noc_value *answer)
{
	const struct noc_value *gone = noc_value_get(answer, "gone");

	for (size_t i = 0; i < noc_value_len(gone); i++)
		fprintf(stderr, "%s%s", i ? ", " : "no step any more: ",
			noc_value_at(gone, i)->u.s.p);
	if (noc_value_len(gone))
		fputc('\n', stderr);
}

static void
body_flag(struct noc_client *c, struct noc_value *body, const char *option,
	  const char *key)
{
	if (noc_client_has(c, option))
		noc_value_set(body, key, noc_value_bool(true));
}

static void
body_text(struct noc_client *c, struct noc_value *body, const char *key)
{
	const char *text = noc_client_opt(c, key);

	if (text)
		noc_value_set(body, key, noc_value_str(text));
}

int
noc_run_from_run(struct noc_client *c)
{
	struct noc_value *body = noc_client_body(c), *input, *answer;
	char *target;
	int status = 0;

	input = noc_client_pairs(c, 1, true, &status);
	if (!input) {
		noc_value_free(body);
		return status;
	}
	if (noc_value_len(input))
		noc_value_set(body, "input", input);
	else
		noc_value_free(input);
	body_text(c, body, "from");
	body_text(c, body, "plan");
	body_flag(c, body, "failed", "failed");
	body_flag(c, body, "failed-items", "failed_items");
	target =
	    noc_client_path("/api/v1/runs/", noc_client_arg(c, 0), "/fork");
	answer = noc_client_call(c, "POST", target, body, &status);
	free(target);
	fork_gone(answer);
	if (answer)
		status = run_started(c, answer);
	noc_value_free(answer);
	return status;
}

int
noc_run_from_flow(struct noc_client *c)
{
	struct noc_value *body = noc_value_map(), *input, *answer;
	char *target;
	int status = 0;

	if (noc_client_has(c, "dry-run"))
		noc_value_set(body, "mode", noc_value_str("dry_run"));
	else if (noc_client_has(c, "observe"))
		noc_value_set(body, "mode", noc_value_str("observe"));
	else if (noc_client_has(c, "shadow"))
		noc_value_set(body, "mode", noc_value_str("shadow"));
	input = noc_client_pairs(c, 1, true, &status);
	if (!input) {
		noc_value_free(body);
		return status;
	}
	noc_value_set(body, "input", input);
	if (noc_client_has(c, "callback"))
		noc_value_set(body, "callback_url",
			      noc_value_str(noc_client_opt(c, "callback")));
	if (noc_client_has(c, "callback-secret"))
		noc_value_set(
		    body, "callback_secret",
		    noc_value_str(noc_client_opt(c, "callback-secret")));
	target =
	    noc_client_path("/api/v1/flows/", noc_client_arg(c, 0), "/runs");
	answer = noc_client_call(c, "POST", target, body, &status);
	free(target);
	if (answer)
		status = run_started(c, answer);
	noc_value_free(answer);
	return status;
}
