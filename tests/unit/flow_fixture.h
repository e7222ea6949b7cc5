/* SPDX-License-Identifier: ISC */
#ifndef NOC_TESTS_UNIT_FLOW_FIXTURE_H
#define NOC_TESTS_UNIT_FLOW_FIXTURE_H

#include "tests/unit/life_fixture.h"

#include "base/table.h"

/*
 * Flows in virtual time, and who answers their steps: by the path of a step,
 * what it is given.  get "x" {...} reads; put "x" {...} changes something, and
 * can be asked afterwards whether it did; undo is what the test writes.
 */
#define FLOW_WORDS                                                          \
	"local function get(n, o) o = o or {} o[1] = exec { 'x', mutates =" \
	" false } o.timeout = '5s' return step(n)(o) end\n"                 \
	"local function put(n, o) o = o or {} o[1] = exec { 'x' }"          \
	" o.timeout = '5s' o.target = o.target or '{device}'"               \
	" o.probe = snmp.get { done = 'a.0' } return step(n)(o) end\n"      \
	"local function back() return snmp.set { a = 'old' } end\n"

/* The first whose part is in the path: its JSON; "?": no answer yet; else the
 * class it fails with. */
struct flow_says {
	const char *part, *says;
};

struct flow_world {
	const struct flow_says *says; /* NULL part ends; NULL: "{}" to all */
	struct noc_table made;	      /* path -> times that it went out */
	struct noc_strbuf order;      /* "a b[1]/c " in the order they did */
	struct noc_table flight;      /* out when the process died */
	bool holds;		      /* nobody answers but flow_reply */
};
static struct flow_world flow_world;

static inline const char *
flow_path(const struct noc_call *call)
{
	return noc_value_get_str(call->context, "step", "?");
}

static inline const char *
flow_says(const char *path)
{
	const struct flow_says *s = flow_world.says;

	for (; s && s->part; s++)
		if (strstr(path, s->part))
			return s->says;
	return "{}";
}

static inline size_t
flow_made(const char *path)
{
	return (size_t)(uintptr_t)noc_table_get(&flow_world.made, path);
}

static inline bool
flow_is_probe(const struct noc_call *call)
{
	return !strcmp(call->ops->name, "snmp.get");
}

/* What it is told: of a probe, whether what it asks of has happened. */
static inline bool
flow_answer(const struct noc_call *call, struct noc_value **result,
	    struct noc_call_error *err)
{
	const char *says = flow_says(flow_path(call));
	struct noc_err e;

	if (*says == '?')
		return false;
	if (*says == '{') {
		if (noc_json_parse(says, strlen(says), result, &e))
			fail_msg("%s: %s", says, e.msg);
		return true;
	}
	noc_call_error_set(err, flow_is_probe(call) ? "permanent" : says,
			   "device", "test", "it said no");
	return true;
}

static inline bool
on_flow_world(struct fix *f, struct noc_call *call, struct noc_value **result,
	      struct noc_call_error *err)
{
	const char *path = flow_path(call);

	if (f->dead)
		return false;
	if (!flow_is_probe(call) && strcmp(call->ops->name, "mail")) {
		noc_table_put(&flow_world.made, path,
			      (void *)(flow_made(path) + 1));
		noc_strbuf_addf(&flow_world.order, "%s ", path);
	}
	return !flow_world.holds && flow_answer(call, result, err);
}

static inline void
flow_forget(void)
{
	noc_table_release(&flow_world.made);
	noc_table_release(&flow_world.flight);
	noc_strbuf_release(&flow_world.order);
	memset(&flow_world, 0, sizeof(flow_world));
}

/* What has been called so far, in order. */
static inline const char *
flow_order(void)
{
	return flow_world.order.p ? flow_world.order.p : "";
}

/* The call at this place is answered. */
static inline void
flow_reply(struct fix *f, size_t i)
{
	struct noc_call *call = f->calls[i];
	struct noc_call_error e = { 0 };
	struct noc_value *result = NULL;
	char *text;

	f->calls[i] = f->calls[0];
	f->calls[0] = call;
	assert_true(flow_answer(call, &result, &e));
	if (!result) {
		fix_refuse_as(f, call->ops->name, &e);
		return;
	}
	text = noc_json_string(result, NOC_JSON_CANONICAL);
	noc_value_free(result);
	fix_answer(f, call->ops->name, text);
	free(text);
}

/* The one of this path is. */
static inline void
flow_reply_to(struct fix *f, const char *path)
{
	size_t i = 0;

	while (i < f->ncalls && strcmp(flow_path(f->calls[i]), path) != 0)
		i++;
	if (i == f->ncalls) {
		fix_dump(f);
		fail_msg("%s is not out", path);
	}
	flow_reply(f, i);
}

static inline bool
flow_is_out(struct fix *f, const char *path)
{
	for (size_t i = 0; i < f->ncalls; i++)
		if (!strcmp(flow_path(f->calls[i]), path))
			return true;
	return false;
}

/* In memory, flow "f" of this text; begun with this input. */
static inline struct noc_id
flow_start(struct fix *f, const char *mode, const char *input)
{
	char *json = noc_asprintf("{\"verb\":\"run.start\",\"flow\":\"f\","
				  "\"input\":%s,\"mode\":\"%s\","
				  "\"actor\":\"test\"}",
				  input, mode);
	struct noc_value *answer = NULL;
	struct noc_id id;

	assert_int_equal(fix_command(f, json, &answer), 0);
	assert_int_equal(noc_id_parse(noc_value_get_str(answer, "id", ""), &id),
			 0);
	noc_value_free(answer);
	free(json);
	return id;
}

static inline void
flow_open(struct fix *f, const char *text, const struct flow_says *says)
{
	char *rules = noc_asprintf(FLOW_WORDS "%s", text);

	flow_forget();
	flow_world.says = says;
	memset(f, 0, sizeof(*f));
	f->world = on_flow_world;
	fix_open(f, rules);
	free(rules);
}

static inline struct noc_id
flow_begin(struct fix *f, const char *text, const struct flow_says *says)
{
	flow_open(f, text, says);
	return flow_start(f, "active", "{\"device\":\"sw1\"}");
}

/* It has ended like this, and nothing is left of it. */
static inline void
flow_ended(struct fix *f, const char *state)
{
	char *want = noc_asprintf("RUN_END %s", state);

	if (fix_runs(f) || fix_count(f, want) != 1) {
		fix_dump(f);
		fail_msg("it has not ended %s", state);
	}
	assert_int_equal(f->ncalls, 0);
	free(want);
}

static inline void
flow_close(struct fix *f)
{
	fix_close(f);
	flow_forget();
}

/* The whole of it at once. */
static inline void
flow_whole(const char *text, const struct flow_says *says, const char *state,
	   const char *order)
{
	struct fix f;

	flow_begin(&f, text, says);
	fix_advance(&f, 3600 * 1000);
	flow_ended(&f, state);
	if (strcmp(flow_order(), order)) {
		fix_dump(&f);
		assert_string_equal(flow_order(), order);
	}
	flow_close(&f);
}

#endif
