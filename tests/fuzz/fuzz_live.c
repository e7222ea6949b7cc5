/* SPDX-License-Identifier: ISC */
/*
 * A start from any rows.  This stands in for store/load.c: the input is the
 * database, a row a line, with tabs between its columns:
 *
 * live KIND KEY DUE JSON
 * plan JSON (of the run that follows)
 * run RULE KEY DEVICE MODE STATE PHASE JSON
 * step PATH STATE ATTEMPT DUE JSON
 * ended STATE
 * event KIND DEVICE JSON
 *
 * The core starts, what is due comes, and from the rows that it then writes
 * a second one starts.
 *
 * Of: engine/core/core.c engine/core/steady.c engine/correlate/keyed.c
 * engine/correlate/guard.c engine/intake/skew.c engine/memory/dedup.c
 * engine/memory/fold.c engine/memory/seen.c engine/notify/notify.c
 * engine/policy/override.c engine/policy/pause.c engine/policy/settle.c
 * engine/run/breaker.c engine/run/resume.c engine/run/resume_load.c
 * engine/run/live_row.c engine/run/rows.c engine/run/ended.c engine/task/task.c
 * engine/event/value.c
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/table.h"
#include "store/load_private.h"
#include "engine/core/core.h"
#include "tests/fuzz/life.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define COLUMNS 9

static struct noc_ruleset *rules;
static struct noc_slice database; /* what the store stand-in reads */

/* ---- the store ---- */

const char *const noc_load_sql[NOC_LOADS] = { 0 };

struct row {
	char *text, *at[COLUMNS]; /* "" for what is not there */
};

/* The next line at *from; false: there is none. */
static bool
row_next(const char **from, struct row *r)
{
	const char *end = database.p + database.len, *nl;
	char *p;

	if (*from >= end)
		return false;
	nl = memchr(*from, '\n', (size_t)(end - *from));
	r->text = p = noc_strndup(*from, (size_t)((nl ? nl : end) - *from));
	*from = nl ? nl + 1 : end;
	for (size_t i = 0; i < COLUMNS; i++) {
		/* The last column of all has what follows. */
		r->at[i] = p;
		p += strcspn(p, "\t");
		if (*p)
			*p++ = '\0';
	}
	return true;
}

/* As store/load.c has it: a map, or nothing that can be read. */
static struct noc_value *
row_json(const char *text)
{
	struct noc_value *v = NULL;

	if (noc_json_parse_own(text, strlen(text), &v, NULL) < 0 ||
	    v->type != NOC_MAP) {
		noc_value_free(v);
		return NULL;
	}
	return v;
}

static void
load_live(const struct noc_load *to, const struct row *r)
{
	struct noc_value *v = row_json(r->at[4]);

	if (v || !*r->at[4])
		to->live(r->at[1], r->at[2], strtoll(r->at[3], NULL, 10), v,
			 to->arg);
	else
		to->unreadable(r->at[1], r->at[2], to->arg);
	noc_value_free(v);
}

static void
load_run(const struct noc_load *to, const struct row *r, const char *plan,
	 uint8_t n)
{
	const struct noc_rule *rule = noc_ruleset_rule(rules, r->at[1]);
	struct noc_value *v = row_json(r->at[7]);
	struct noc_run_row row = { .id = { .b = { 1, n } },
				   .rule = r->at[1],
				   .key = r->at[2],
				   .device = r->at[3],
				   .mode = r->at[4],
				   .state = r->at[5],
				   .phase = r->at[6],
				   .outcome = "",
				   .started_ns = LIFE_WALL,
				   .json = v };

	if (plan)
		noc_sha256_once(plan, strlen(plan), row.definition);
	else if (rule && rule->run)
		memcpy(row.definition, rule->run->hash, 32);
	to->run(&row, to->arg);
	noc_value_free(v);
}

static void
load_step(const struct noc_load *to, const struct row *r, uint8_t n)
{
	struct noc_value *v = row_json(r->at[5]);
	const struct noc_step_row row = { .run = { .b = { 1, n } },
					  .path = r->at[1],
					  .item = -1,
					  .state = r->at[2],
					  .attempt = atoi(r->at[3]),
					  .started_ns = LIFE_WALL,
					  .due_ns = strtoll(r->at[4], NULL, 10),
					  .json = v };

	to->step(&row, to->arg);
	noc_value_free(v);
}

static void
load_event(const struct noc_load *to, const struct row *r, uint8_t n)
{
	struct noc_value *v = row_json(r->at[3]);
	const struct noc_event_row row = { .id = { .b = { 2, n } },
					   .received_ns = LIFE_WALL,
					   .kind = r->at[1],
					   .source = "api",
					   .device = noc_slice_str(r->at[2]),
					   .fate = "matched",
					   .json = v };

	to->event(&row, to->arg);
	noc_value_free(v);
}

/* Is there a row of this primary key already? */
static bool
row_twice(struct noc_table *keys, const struct row *r, unsigned run)
{
	bool live = !strcmp(r->at[0], "live");
	char *key = live ? noc_asprintf("%s\x1f%s", r->at[1], r->at[2])
			 : noc_asprintf("%u\x1f%s", run, r->at[1]);
	bool twice = noc_table_get(keys, key) != NULL;

	noc_table_put(keys, key, keys);
	free(key);
	return twice;
}

/* Rows of one table; a step is of the run before it. */
static void
load_table(const struct noc_load *to, const char *table)
{
	const char *at = database.p;
	bool step = !strcmp(table, "step");
	struct noc_table keys = { 0 };
	char *plan = NULL;
	struct row r;
	uint8_t n = 0;

	while (n < UINT8_MAX && row_next(&at, &r)) {
		bool mine = !strcmp(r.at[0], table);

		if (!strcmp(r.at[0], "plan")) {
			free(plan);
			plan = noc_strdup(r.at[1]);
		}
		n = (uint8_t)(n + !strcmp(r.at[0], step ? "run" : table));
		if (mine && (step || !strcmp(table, "live")) &&
		    row_twice(&keys, &r, n))
			mine = false;
		if (mine && !strcmp(table, "live"))
			load_live(to, &r);
		else if (mine && !strcmp(table, "run"))
			load_run(to, &r, plan, n);
		else if (mine && !strcmp(table, "ended"))
			to->ended(
			    &(struct noc_run_row){ .id = { .b = { 3, n } },
						   .state = r.at[1] },
			    to->arg);
		else if (mine && step)
			load_step(to, &r, n);
		else if (mine)
			load_event(to, &r, n);
		free(r.text);
	}
	noc_table_release(&keys);
	free(plan);
}

int
noc_load_state(const char *state_dir, const struct noc_load *to,
	       struct noc_err *err)
{
	static const char *const tables[] = { "live", "run", "ended", "step",
					      "event" };

	(void)state_dir;
	(void)err;
	for (size_t i = 0; i < NOC_COUNT(tables); i++)
		load_table(to, tables[i]);
	return 0;
}

int
noc_load_live(const char *state_dir, const char *kind, const char *key,
	      struct noc_value **data, struct noc_err *err)
{
	const char *at = database.p;
	struct row r;

	(void)state_dir;
	(void)err;
	*data = NULL;
	while (!*data && row_next(&at, &r)) {
		if (!strcmp(r.at[0], "live") && !strcmp(r.at[1], kind) &&
		    !strcmp(r.at[2], key))
			*data = row_json(r.at[4]);
		free(r.text);
	}
	return 0;
}

int
noc_load_run(const char *state_dir, const char *id, const struct noc_load *load,
	     struct noc_err *err)
{
	(void)state_dir;
	(void)load;
	return noc_err_set(err, NOC_ENOTFOUND, "No run has the id '%s'.", id);
}

int
noc_load_run_steps(const char *state_dir, const struct noc_id *id,
		   const char *after, int max, const struct noc_load *load,
		   struct noc_err *err)
{
	(void)state_dir;
	(void)id;
	(void)after;
	(void)max;
	(void)load;
	return noc_err_set(err, NOC_ENOTFOUND, "It has no steps.");
}

char *
noc_load_definition(const char *state_dir, const uint8_t hash[32])
{
	const char *at = database.p;
	char *found = NULL;
	struct row r;

	(void)state_dir;
	while (!found && row_next(&at, &r)) {
		uint8_t is[32];

		noc_sha256_once(r.at[1], strlen(r.at[1]), is);
		if (!strcmp(r.at[0], "plan") && !memcmp(is, hash, 32))
			found = noc_strdup(r.at[1]);
		free(r.text);
	}
	return found;
}

/* ---- the input ---- */

static void
on_row(const struct noc_row *row, void *arg)
{
	struct noc_strbuf *rows = arg;
	const struct noc_cell *c = row->cells;

	if (row->kind != NOC_ROW_LIVE_PUT)
		return;
	noc_strbuf_adds(rows, "live\t");
	noc_strbuf_add(rows, c[0].u.p, c[0].len);
	noc_strbuf_addc(rows, '\t');
	noc_strbuf_add(rows, c[1].u.p, c[1].len);
	noc_strbuf_addf(rows, "\t%lld\t", (long long)c[2].u.i);
	if (c[3].type == NOC_CELL_TEXT)
		noc_strbuf_add(rows, c[3].u.p, c[3].len);
	noc_strbuf_addc(rows, '\n');
}

static void
start(struct life *l)
{
	struct noc_err err;

	l->env.state_dir = "fuzz";
	life_open(l, rules);
	NOC_REQUIRE(noc_core_resume(l->core, "fuzz", l->now, &err) == 0);
	life_pump(l);
	life_go_on(l, 3600000);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const folders[] = { "tests/data/spine/rules" };
	struct noc_value *answer = noc_value_map();
	struct noc_strbuf rows = NOC_STRBUF_INIT;
	struct life one = { .now = { LIFE_WALL, LIFE_BOOT },
			    .answer = answer,
			    .arg = &rows };
	struct life two = { .answer = answer };

	if (!rules)
		rules = life_rules(folders, NOC_COUNT(folders));
	database = noc_slice((const char *)data, size);
	noc_id_seed(1);
	start(&one);
	noc_value_free(noc_core_stats(one.core));
	one.on_row = on_row;
	noc_core_store(one.core, one.now);
	life_pump(&one);
	two.now = one.now;
	database = noc_slice(rows.p ? rows.p : "", rows.len);
	start(&two);
	noc_core_free(one.core);
	noc_core_free(two.core);
	noc_strbuf_release(&rows);
	noc_value_free(answer);
	return 0;
}
