/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/testbed/testbed.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "base/mem.h"
#include "store/txn.h"
#include "engine/inventory/load.h"
#include "engine/lang/ast.h"
#include "engine/core/command.h"
#include "engine/core/due.h"
#include "engine/policy/ledger.h"
#include "engine/testbed/private.h"
#include "engine/parts.h"

/* A Monday noon, unless the test names another start. */
#define TESTBED_START	"2026-01-05T12:00:00Z"
#define TESTBED_BOOT_NS (1000 * NOC_NS_PER_S)
#define TESTBED_SEED	1
#define TESTBED_TURNS	2000000 /* timers of one test */
#define TESTBED_LINES	400
#define TESTBED_ACTIVE	64

int64_t
noc_tb_ms(const struct noc_testbed *tb)
{
	return (tb->now.boot_ns - tb->start.boot_ns) / NOC_NS_PER_MS;
}

void
noc_tb_fail(struct noc_testbed *tb, const char *fmt, ...)
{
	char text[1400], when[32];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	tb->result->ok = false;
	noc_value_push(tb->result->failures,
		       noc_value_strf("%s: at %s: %s", noc_ast_at(tb->node),
				      noc_duration_format(when, noc_tb_ms(tb)),
				      text));
}

/* ---- the host ---- */

static uint64_t
on_submit(struct noc_txn *txn, void *arg)
{
	struct noc_testbed *tb = arg;

	noc_tb_take(tb, txn);
	noc_txn_free(txn);
	return ++tb->ticket;
}

static void
on_wake(int64_t due_boot_ns, void *arg)
{
	((struct noc_testbed *)arg)->wake = due_boot_ns;
}

static void
on_line(const char *text, void *arg)
{
	struct noc_testbed *tb = arg;
	const char *said = strchr(text, ' '); /* past the time of day */
	char when[32];

	if (noc_value_len(tb->lines) < TESTBED_LINES)
		noc_value_push(
		    tb->lines,
		    noc_value_strf("%s%s",
				   noc_duration_format(when, noc_tb_ms(tb)),
				   said ? said : text));
}

void
noc_tb_pump(struct noc_testbed *tb)
{
	uint64_t seen = 0;

	while (seen != tb->ticket) {
		seen = tb->ticket;
		noc_core_durable(tb->core, seen);
	}
}

void
noc_tb_advance(struct noc_testbed *tb, int64_t to_ms)
{
	int64_t end = tb->start.boot_ns + to_ms * NOC_NS_PER_MS;
	unsigned turns = 0;

	noc_tb_pump(tb);
	while (tb->now.boot_ns < end || tb->wake <= end) {
		int64_t next = tb->wake < end ? tb->wake : end;

		if (++turns > TESTBED_TURNS) {
			noc_tb_fail(tb, "timers never come to an end here");
			break;
		}
		if (next > tb->now.boot_ns) {
			tb->now.wall_ns += next - tb->now.boot_ns;
			tb->now.boot_ns = next;
		}
		noc_core_now(tb->core, tb->now);
		noc_due_tick(tb->core, tb->now);
		noc_tb_pump(tb);
	}
}

/* ---- people ---- */

struct tb_answer {
	int kind;
	struct noc_value *value;
	struct noc_err err;
	bool here;
};

static void
on_answer(int kind, const struct noc_value *answer, const char *message,
	  void *arg)
{
	struct tb_answer *a = arg;

	a->here = true;
	a->kind = kind;
	a->value = answer ? noc_value_copy(answer) : NULL;
	if (kind)
		noc_err_set(&a->err, kind, "%s", message ? message : "?");
}

int
noc_tb_command(struct noc_testbed *tb, const struct noc_value *command,
	       struct noc_value **answer, struct noc_err *err)
{
	struct tb_answer a = { 0 };

	noc_core_command(tb->core, command, on_answer, &a, tb->now);
	noc_tb_pump(tb);
	if (NOC_FAILS(a.here))
		return noc_err_set(err, NOC_EBUG,
				   "the command was not answered");
	if (a.kind && err)
		*err = a.err;
	if (answer)
		*answer = a.value;
	else
		noc_value_free(a.value);
	return a.kind;
}

/* ---- the time line ---- */

struct tb_moment {
	const struct noc_value *node;
	int64_t at_ms;
	size_t order;
};

static int
moment_order(const void *a, const void *b)
{
	const struct tb_moment *x = a, *y = b;

	if (x->at_ms != y->at_ms)
		return x->at_ms < y->at_ms ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static void
testbed_moment(struct noc_testbed *tb, const struct tb_moment *m)
{
	const struct noc_value *items = noc_ast_items(m->node);
	const struct noc_value *first = noc_value_at(items, 0);

	tb->node = m->node;
	noc_tb_advance(tb, m->at_ms);
	if (first && first->type == NOC_STR)
		noc_tb_event(tb, m->node);
	for (size_t i = 0; i < noc_value_len(items); i++) {
		const struct noc_value *item = noc_value_at(items, i);

		if (!noc_ast_node(item))
			continue;
		tb->node = item;
		if (noc_ast_is(item, "stub"))
			noc_tb_stub(tb, item);
		else if (!strncmp(noc_ast_node(item), "expect.", 7))
			noc_tb_expect(tb, item);
	}
}

static void
testbed_line(struct noc_testbed *tb)
{
	const struct noc_value *items = noc_ast_items(tb->test);
	size_t n = 0, len = noc_value_len(items);
	struct tb_moment *m = noc_calloc(len + 1, sizeof(*m));
	char why[256];

	for (size_t i = 0; i < len; i++) {
		const struct noc_value *item = noc_value_at(items, i);

		if (noc_ast_is(item, "stub"))
			noc_tb_stub(tb, item);
		if (!noc_ast_is(item, "at"))
			continue;
		m[n].node = item;
		m[n].order = n;
		if (noc_duration_parse(noc_ast_name(item), &m[n].at_ms))
			m[n].at_ms = 0;
		n++;
	}
	qsort(m, n, sizeof(*m), moment_order);
	for (size_t i = 0; i < n; i++)
		testbed_moment(tb, &m[i]);
	free(m);
	tb->node = tb->test;
	noc_ledger_check(tb->core, why, sizeof(why));
	if (*why)
		noc_tb_fail(tb, "the accounting does not balance: %s", why);
}

/* ---- life ---- */

static void
testbed_inventory(struct noc_testbed *tb)
{
	const struct noc_value *items = noc_ast_items(tb->test);
	struct noc_inventory *inv;
	struct noc_err err;

	for (size_t i = 0; i < noc_value_len(items); i++) {
		const struct noc_value *item = noc_value_at(items, i);
		const struct noc_value *opts = noc_ast_opts(item);

		if (!noc_ast_is(item, "inventory") || !opts)
			continue;
		tb->node = item;
		if (noc_inventory_from_value(opts, &inv, &err))
			noc_tb_fail(tb, "%s", err.msg);
		else
			noc_core_inventory(tb->core, inv, tb->now);
	}
}

static void
testbed_open(struct noc_testbed *tb)
{
	const struct noc_core_options opt = {
		.env = &tb->env,
		.host = &tb->host,
		.parts = noc_parts,
		.virtual_time = true,
	};
	const char *start =
	    noc_value_get_str(noc_ast_opts(tb->test), "start", TESTBED_START);
	int64_t wall_ns;

	tb->host = (struct noc_host){
		.submit = on_submit,
		.wake = on_wake,
		.call = noc_tb_call,
		.cancel = noc_tb_cancel,
		.line = on_line,
		.arg = tb,
	};
	if (noc_time_parse(start, strlen(start), &wall_ns)) {
		noc_tb_fail(tb, "start is a time as \"%s\", not '%s'",
			    TESTBED_START, start);
		noc_time_parse(TESTBED_START, strlen(TESTBED_START), &wall_ns);
	}
	tb->start.wall_ns = wall_ns;
	tb->start.boot_ns = TESTBED_BOOT_NS;
	tb->now = tb->start;
	tb->wake = INT64_MAX;
	tb->lines = noc_value_list();
	tb->unstubbed = noc_value_list();
	tb->stubs = noc_value_map();
	tb->last_fate = "";
	noc_id_seed(TESTBED_SEED);
	tb->core = noc_core_new(&opt);
	noc_core_now(tb->core, tb->now);
	noc_core_ruleset(tb->core, noc_ruleset_ref(tb->rs), "test", tb->now);
	testbed_inventory(tb);
	noc_tb_pump(tb);
}

static void
testbed_close(struct noc_testbed *tb)
{
	noc_event_unref(tb->last);
	noc_tb_stubs_release(tb);
	noc_core_free(tb->core);
	noc_tb_notes_release(tb);
	noc_value_free(tb->lines);
	noc_value_free(tb->unstubbed);
	noc_value_free(tb->stubs);
}

/* Rules that the test takes as active; their modes are put back after it. */
struct tb_modes {
	struct noc_rule *rules[TESTBED_ACTIVE];
	enum noc_mode was[TESTBED_ACTIVE];
	size_t n;
};

static void
testbed_modes(struct noc_testbed *tb, struct tb_modes *m)
{
	const char *names[TESTBED_ACTIVE];
	size_t n;

	n = noc_ast_strings(noc_ast_opt(tb->test, "active"), names,
			    TESTBED_ACTIVE);
	for (size_t i = 0; i < n && i < TESTBED_ACTIVE; i++) {
		struct noc_rule *r = noc_ruleset_rule(tb->rs, names[i]);

		if (!r) {
			noc_tb_fail(tb, "there is no rule '%s' to be active",
				    names[i]);
			continue;
		}
		m->was[m->n] = r->mode;
		m->rules[m->n++] = r;
		r->mode = NOC_ACTIVE;
	}
}

void
noc_testbed_run(struct noc_ruleset *rs, const struct noc_value *test,
		struct noc_testbed_result *result)
{
	struct noc_testbed *tb = noc_calloc(1, sizeof(*tb));
	struct tb_modes modes = { .n = 0 };

	memset(result, 0, sizeof(*result));
	result->name = noc_ast_name(test);
	result->at = noc_ast_at(test);
	result->ok = true;
	result->failures = noc_value_list();
	result->remarks = noc_value_list();
	tb->rs = rs;
	tb->test = tb->node = test;
	tb->result = result;
	testbed_modes(tb, &modes);
	testbed_open(tb);
	testbed_line(tb);
	result->virtual_ms = noc_tb_ms(tb);
	noc_tb_stubs_unasked(tb);
	noc_tb_report(tb);
	testbed_close(tb);
	while (modes.n) {
		modes.n--;
		modes.rules[modes.n]->mode = modes.was[modes.n];
	}
	free(tb);
}

void
noc_testbed_result_clear(struct noc_testbed_result *result)
{
	noc_value_free(result->failures);
	noc_value_free(result->remarks);
	noc_value_free(result->decisions);
	free(result->transcript);
}
