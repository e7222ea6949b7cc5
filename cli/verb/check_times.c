/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "cli/verb/check_times.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/lang/ast.h"
#include "engine/rule/calendar.h"

#define CHECK_TIMES 3

static struct noc_value *
times_row(const struct noc_task *t, int64_t at_ns)
{
	const struct noc_value *opts = noc_ast_opts(t->ast);
	struct noc_value *row, *next = noc_value_list();
	struct noc_calendar *calendar = NULL;
	struct noc_err err;
	char *when = noc_calendar_say(opts);

	row = noc_value_map();
	noc_value_set(row, "name", noc_value_str(t->name));
	noc_value_set(row, "type", noc_value_str(t->type));
	noc_value_set(row, "file", noc_value_str(t->file));
	noc_value_set(row, "line", noc_value_int(t->line));
	noc_value_set(row, "when", noc_value_str(when));
	if (noc_value_get_bool(opts, "paused", false))
		noc_value_set(row, "paused", noc_value_bool(true));
	free(when);
	if (!noc_calendar_new(opts, &calendar, &err))
		for (int i = 0; i < CHECK_TIMES; i++) {
			char *text;

			at_ns = noc_calendar_next(calendar, at_ns);
			if (!at_ns)
				break;
			text = noc_calendar_text(calendar, at_ns);
			noc_value_push(next, noc_value_str(text));
			free(text);
		}
	noc_calendar_free(calendar);
	noc_value_set(row, "next", next);
	return row;
}

struct noc_value *
noc_check_times(const struct noc_ruleset *rs, int64_t now_ns)
{
	struct noc_value *times = noc_value_list();

	for (size_t i = 0; i < rs->ntasks; i++)
		if (strcmp(rs->tasks[i].type, "sensor") != 0)
			noc_value_push(times, times_row(&rs->tasks[i], now_ns));
	return times;
}

static void
times_print(const struct noc_value *row)
{
	const struct noc_value *next = noc_value_get(row, "next");

	printf("%s  %s:%lld  %s  %s\n    ", noc_value_get_str(row, "name", ""),
	       noc_value_get_str(row, "file", ""),
	       (long long)noc_value_get_int(row, "line", 0),
	       noc_value_get_str(row, "type", ""),
	       noc_value_get_str(row, "when", ""));
	if (noc_value_get_bool(row, "paused", false))
		printf("paused");
	else if (!noc_value_len(next))
		printf("is over: no time is to come");
	else
		printf("next");
	for (size_t i = 0; i < noc_value_len(next); i++)
		printf(" %s", noc_value_at(next, i)->u.s.p);
	putchar('\n');
}

void
noc_check_times_print(const struct noc_value *times)
{
	for (size_t i = 0; i < noc_value_len(times); i++)
		times_print(noc_value_at(times, i));
}
