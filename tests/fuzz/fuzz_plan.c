/* SPDX-License-Identifier: ISC */
/*
 * Plans and events as they come back from the database: any JSON is taken or
 * refused; a plan that is taken reads back to the same hash, an event to the
 * same JSON.
 *
 * Of: engine/flow/plan*.c engine/flow/retry.c engine/event/value.c
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "engine/event/event.h"
#include "engine/event/value.h"
#include "engine/edge/action.h"
#include "engine/flow/plan.h"
#include "actions/actions.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct noc_action_ops fuzz_get = { .name = "snmp.get",
						.flags = NOC_ACTION_READS };
static const struct noc_action_ops fuzz_set = { .name = "snmp.set",
						.flags = NOC_ACTION_MUTATES };
static const struct noc_action_ops fuzz_notify = { .name = "notify",
						   .flags =
						       NOC_ACTION_NOTIFIES };
static const struct noc_action_ops *const fuzz_actions[] = { &fuzz_get,
							     &fuzz_set,
							     &fuzz_notify };

static void
read_plan(const char *text)
{
	struct noc_plan *p = NULL, *q = NULL;
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	struct noc_err err;

	if (noc_plan_from_json(text, &p, &err))
		return;
	NOC_REQUIRE(noc_plan_from_json(p->json, &q, &err) == 0);
	NOC_REQUIRE(!memcmp(p->hash, q->hash, sizeof(p->hash)));
	for (size_t i = 0; i < p->nsteps; i++)
		noc_plan_describe_step(&p->steps[i], NULL, &sb);
	noc_strbuf_release(&sb);
	noc_plan_unref(p);
	noc_plan_unref(q);
}

static void
read_event(const struct noc_value *v)
{
	struct noc_event *a = noc_event_from_value(v), *b;
	struct noc_value *one = noc_event_value(a), *two;
	char *x, *y;

	b = noc_event_from_value(one);
	two = noc_event_value(b);
	x = noc_json_string(one, NOC_JSON_CANONICAL);
	y = noc_json_string(two, NOC_JSON_CANONICAL);
	NOC_REQUIRE(!strcmp(x, y));
	free(x);
	free(y);
	noc_value_free(one);
	noc_value_free(two);
	noc_event_unref(a);
	noc_event_unref(b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = noc_strndup((const char *)data, size);
	struct noc_value *v = NULL;
	struct noc_err err;

	noc_actions_register();
	noc_action_register(fuzz_actions, NOC_COUNT(fuzz_actions));
	/* Ids of events without one must not differ between two reads. */
	noc_id_seed(1);
	read_plan(text);
	if (noc_json_parse(text, strlen(text), &v, &err) == 0)
		read_event(v);
	noc_value_free(v);
	free(text);
	return 0;
}
