/* SPDX-License-Identifier: ISC */
#ifndef NOC_TESTS_UNIT_FORK_FIXTURE_H
#define NOC_TESTS_UNIT_FORK_FIXTURE_H

#include "engine/core/command.h"
#include "tests/unit/flow_fixture.h"

/* A run that goes on from what another one has done. */

struct fork {
	struct fix f;
	char *dir;   /* owned */
	char *rules; /* owned */
	char run[NOC_ID_TEXT];
	char said[600]; /* the last refusal */
	int64_t copied;
	size_t gone;
};

static inline void
fork_rules(struct fork *t, const char *text)
{
	free(t->rules);
	t->rules = noc_asprintf(FLOW_WORDS "%s", text);
}

static inline void
fork_open(struct fork *t, const char *text, const struct flow_says *says)
{
	/* So late that nothing is too old to be kept. */
	struct noc_now now = { .wall_ns = 4000000000 * NOC_NS_PER_S,
			       .boot_ns = 1000 * NOC_NS_PER_S };

	memset(t, 0, sizeof(*t));
	flow_forget();
	flow_world.says = says;
	t->dir = state_make();
	fork_rules(t, text);
	life_world = on_flow_world;
	life_open(&t->f, t->dir, now, t->rules);
}

/* Another process, with these rules now. */
static inline void
fork_reopen(struct fork *t, const char *text)
{
	if (text)
		fork_rules(t, text);
	life_written(&t->f);
	t->f.dead = true;
	life_close(&t->f);
	t->f.now.wall_ns += 100 * NOC_NS_PER_MS;
	life_open(&t->f, t->dir, t->f.now, t->rules);
}

static inline void
fork_close(struct fork *t)
{
	life_done(&t->f, t->dir);
	free(t->rules);
	flow_forget();
	life_world = NULL;
}

static inline void
forget_calls(struct fork *t, const struct flow_says *says)
{
	fix_forget(&t->f);
	noc_strbuf_clear(&flow_world.order);
	flow_world.says = says;
}

/* flow "f" is done to its end, as the world says. */
static inline void
fork_run(struct fork *t, const char *state)
{
	struct noc_id id = flow_start(&t->f, "active", "{\"device\":\"sw1\"}");

	noc_id_format(t->run, &id);
	fix_advance(&t->f, 3600 * 1000);
	flow_ended(&t->f, state);
	life_written(&t->f);
	fix_forget(&t->f);
}

static inline void
on_said(int kind, const struct noc_value *answer, const char *message,
	void *arg)
{
	struct fork *t = arg;

	t->copied = noc_value_get_int(answer, "copied", -1);
	t->gone = noc_value_len(noc_value_get(answer, "gone"));
	snprintf(t->said, sizeof(t->said), "%s", message ? message : "");
	if (!kind)
		snprintf(t->run, sizeof(t->run), "%s",
			 noc_value_get_str(answer, "id", ""));
}

/* {"verb": "run.fork", "id": the last run, MORE}; *t->run is the new one. */
static inline void
fork_say(struct fork *t, const char *more)
{
	char *json = noc_asprintf("{\"verb\":\"run.fork\",\"id\":\"%s\","
				  "\"actor\":\"joe\",%s}",
				  t->run, more);
	struct noc_value *command = NULL;
	struct noc_err err;

	if (noc_json_parse(json, strlen(json), &command, &err))
		fail_msg("%s: %s", json, err.msg);
	noc_core_command(t->f.core, command, on_said, t, t->f.now);
	fix_pump(&t->f);
	noc_value_free(command);
	free(json);
}

static inline void
fork_refused(struct fork *t, const char *more, const char *part)
{
	fork_say(t, more);
	if (!strstr(t->said, part))
		fail_msg("'%s' does not say '%s'", t->said, part);
}

/* It is forked, and ends like this, having called these. */
static inline void
fork_does(struct fork *t, const char *more, const char *state,
	  const char *order)
{
	fork_say(t, more);
	assert_string_equal(t->said, "");
	fix_advance(&t->f, 3600 * 1000);
	if (strcmp(flow_order(), order) || fix_runs(&t->f))
		fix_dump(&t->f);
	assert_string_equal(flow_order(), order);
	flow_ended(&t->f, state);
	life_written(&t->f);
}

#define FROM(step)   "\"from\":\"" step "\""
#define FAILED	     "\"failed\":true"
#define FAILED_ITEMS "\"failed_items\":true"

/* One number of the rows of the last run. */
static inline int64_t
fork_rows(struct fork *t, const char *what)
{
	char *sql = noc_asprintf("SELECT %s FROM steps s WHERE s.run ="
				 " (SELECT id FROM runs ORDER BY n DESC"
				 " LIMIT 1)",
				 what);
	int64_t n = state_int(t->dir, sql);

	free(sql);
	return n;
}

#define COPIED "sum(json_extract(s.json, '$.copied') IS NOT NULL)"

/* ---- flows that are forked ---- */

#define LIST "flow \"f\" { put \"a\", put \"b\", put \"c\" }"
#define EACH(more)                                                         \
	"flow \"f\" { each \"e\" { over = { \"a\", \"b\", \"c\", \"d\" }," \
	" limit = 1, " more " get(\"look\", { output = { v = \"v\" } }),"  \
	" put(\"set\", { target = \"{item}\" }) },"                        \
	" put(\"z\", { target = \"{steps.e.ok} {steps.e.items:json}\" }) }"

static const struct flow_says b_fails[] = { { "look", "{\"v\":7}" },
					    { "e[b]/set", "permanent" },
					    { 0 } };
static const struct flow_says well[] = { { "look", "{\"v\":8}" }, { 0 } };

#endif
