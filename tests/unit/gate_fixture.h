/* SPDX-License-Identifier: ISC */
#ifndef NOC_TESTS_UNIT_GATE_FIXTURE_H
#define NOC_TESTS_UNIT_GATE_FIXTURE_H

#include "tests/unit/undo_fixture.h"

/* Flow "f", begun by unix:ann; what people say to it, over deaths. */

/* Begun in a file that survives. */
static inline struct noc_id
gate_begin(struct undo *u, const char *text, const char *input)
{
	struct fix_heard h;
	struct noc_id id;

	undo_open(u, text, NULL);
	h = fix_say(&u->f,
		    "{\"verb\":\"run.start\",\"flow\":\"f\",\"input\":%s,"
		    "\"mode\":\"active\",\"actor\":\"unix:ann\"}",
		    input ? input : "{\"device\":\"sw1\"}");
	if (h.kind)
		fail_msg("%s", h.message);
	assert_int_equal(noc_id_parse(h.id, &id), 0);
	return id;
}

/* more: what else the command says, with a comma before it; groups: JSON. */
static inline int
gate_say(struct fix *f, const struct noc_id *id, const char *who,
	 const char *groups, const char *decision, const char *more,
	 const char *refused)
{
	char text[NOC_ID_TEXT];
	struct fix_heard h = fix_say(
	    f,
	    "{\"verb\":\"gate.decide\",\"id\":\"%s\",\"actor\":\"%s\","
	    "\"who\":{\"groups\":%s,\"admin\":%s},\"decision\":\"%s\"%s}",
	    noc_id_format(text, id), who, groups,
	    strstr(who, "root") ? "true" : "false", decision, more);

	if (!refused && h.kind)
		fail_msg("%s by %s: %s", decision, who, h.message);
	if (refused && (!h.kind || !strstr(h.message, refused)))
		fail_msg("%s by %s: \"%s\" lacks \"%s\"", decision, who,
			 h.message, refused);
	return h.kind;
}

/* A page of what is open: returned. */
static inline struct noc_value *
gate_page(struct fix *f, int limit, const char *after)
{
	char *json = noc_asprintf("{\"verb\":\"gate.list\",\"limit\":%d,"
				  "\"after\":\"%s\",\"actor\":\"x\"}",
				  limit, after);
	struct noc_value *page = NULL;

	assert_int_equal(fix_command(f, json, &page), 0);
	free(json);
	return page;
}

static inline size_t
gates_open(struct fix *f)
{
	struct noc_value *page = gate_page(f, 1000, "");
	size_t n = noc_value_len(noc_value_get(page, "gates"));

	assert_int_equal(fix_figure(f, "gates.open"), n);
	noc_value_free(page);
	return n;
}

/* A field of the first that is open; returned. */
static inline char *
gate_field(struct fix *f, const char *name)
{
	struct noc_value *page = gate_page(f, 1, "");
	char *text = noc_strdup(noc_value_get_str(
	    noc_value_at(noc_value_get(page, "gates"), 0), name, ""));

	noc_value_free(page);
	return text;
}

/* It has ended like this, and nobody is asked for anything any more. */
static inline void
gate_ended(struct fix *f, const char *state)
{
	flow_ended(f, state);
	assert_int_equal(gates_open(f), 0);
}

#endif
