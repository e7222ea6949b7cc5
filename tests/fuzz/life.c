/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/fuzz/life.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/core/call.h"
#include "engine/core/due.h"
#include "engine/parts.h"
#include "actions/actions.h"

#define TICKS_MAX 32
#define PUMPS_MAX 256
#define DIRS_MAX  4

static uint64_t
on_submit(struct noc_txn *txn, void *arg)
{
	struct life *l = arg;

	for (struct noc_row *row = txn->first_row; l->on_row && row;
	     row = row->next)
		l->on_row(row, l->arg);
	noc_txn_free(txn);
	return ++l->ticket;
}

static void
on_wake(int64_t due_boot_ns, void *arg)
{
	((struct life *)arg)->wake = due_boot_ns;
}

static int
on_call(struct noc_call *call, struct noc_err *err, void *arg)
{
	struct life *l = arg;

	if (call->id % 2 || !l->answer)
		return noc_err_set(err, NOC_EDOWN, "nobody answers");
	noc_call_done(&l->env, call, noc_value_copy(l->answer), NULL);
	return 0;
}

static void
on_cancel(struct noc_call *call, void *arg)
{
	(void)call;
	(void)arg;
}

/* What people see cannot move their cursor. */
static void
on_line(const char *text, void *arg)
{
	(void)arg;
	NOC_REQUIRE(text && !strpbrk(text, "\033\r"));
}

static void
on_log(enum noc_level level, const char *room, const char *line, void *arg)
{
	(void)level;
	(void)room;
	(void)line;
	(void)arg;
}

struct noc_ruleset *
life_rules(const char *const *folders, size_t n)
{
	const char *src = getenv("NOC_SRCDIR"), *dirs[DIRS_MAX];
	struct noc_ruleset *rs = NULL;
	char *errors = NULL, *made[DIRS_MAX];
	struct noc_err err;

	NOC_REQUIRE(n <= DIRS_MAX);
	noc_log_sink_set(on_log, NULL);
	noc_actions_register();
	for (size_t i = 0; i < n; i++)
		dirs[i] = made[i] =
		    noc_asprintf("%s/%s", src ? src : ".", folders[i]);
	if (noc_ruleset_load(dirs, n, false, &rs, &errors, &err)) {
		fprintf(stderr, "%s\n%s\n", err.msg, errors ? errors : "");
		abort();
	}
	for (size_t i = 0; i < n; i++)
		free(made[i]);
	return rs;
}

void
life_pump(struct life *l)
{
	uint64_t seen = UINT64_MAX;

	for (int i = 0; i < PUMPS_MAX && seen != l->ticket; i++) {
		seen = l->ticket;
		noc_core_durable(l->core, seen);
	}
}

void
life_open(struct life *l, struct noc_ruleset *rules)
{
	const struct noc_core_options opt = { .env = &l->env,
					      .host = &l->host,
					      .parts = noc_parts,
					      .virtual_time = true,
					      .boot_id = { 1 } };

	l->host = (struct noc_host){ .submit = on_submit,
				     .wake = on_wake,
				     .call = on_call,
				     .cancel = on_cancel,
				     .line = on_line,
				     .arg = l };
	l->wake = INT64_MAX;
	l->core = noc_core_new(&opt);
	l->env.core = l->core;
	noc_core_now(l->core, l->now);
	noc_core_ruleset(l->core, noc_ruleset_ref(rules), "fuzz", l->now);
	life_pump(l);
}

void
life_go_on(struct life *l, int64_t ms)
{
	int64_t end = l->now.boot_ns + ms * NOC_NS_PER_MS;

	for (int i = 0; i < TICKS_MAX && l->wake <= end; i++) {
		if (l->wake > l->now.boot_ns) {
			l->now.wall_ns += l->wake - l->now.boot_ns;
			l->now.boot_ns = l->wake;
		}
		noc_core_now(l->core, l->now);
		noc_due_tick(l->core, l->now);
		life_pump(l);
	}
	if (l->now.boot_ns < end && l->wake > end) {
		l->now.wall_ns += end - l->now.boot_ns;
		l->now.boot_ns = end;
	}
	noc_core_now(l->core, l->now);
}
