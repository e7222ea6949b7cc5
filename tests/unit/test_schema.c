/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "engine/event/kinds.h"
#include "engine/lang/schema.h"
#include "actions/actions.h"

static bool
is_word_of(const char *word, const char *words)
{
	char padded[1024], with[160];

	snprintf(padded, sizeof(padded), " %s ", words);
	snprintf(with, sizeof(with), " %s ", word);
	return strstr(padded, with) != NULL;
}

/* Lua could not write such an option. */
static void
test_no_option_is_a_reserved_word(void **state)
{
	static const char reserved[] =
	    "and break do else elseif end false for function goto if in local "
	    "nil not or repeat return then true until while";
	const struct noc_node_schema *s;
	const struct noc_kind_def *k;

	(void)state;
	for (size_t i = 0; (s = noc_schema_at(i)); i++)
		for (const struct noc_option *o = s->options; o && o->name; o++)
			if (is_word_of(o->name, reserved))
				fail_msg("%s.%s", s->node, o->name);
	for (size_t i = 0; (k = noc_kind_at(i)); i++) {
		char fields[256], *save = NULL;

		snprintf(fields, sizeof(fields), "%s", k->fields);
		for (char *w = strtok_r(fields, " ", &save); w;
		     w = strtok_r(NULL, " ", &save))
			if (is_word_of(w, reserved))
				fail_msg("%s.%s", k->kind, w);
	}
}

/* What a table refers to is there, and what is written is well written. */
static void
test_the_tables_hold_together(void **state)
{
	static const char families[] = "action auth step flow function";
	const struct noc_node_schema *s;

	(void)state;
	for (size_t i = 0; (s = noc_schema_at(i)); i++) {
		assert_ptr_equal(noc_schema_find(s->node), s);
		assert_true(s->name == 'r' || s->name == 'o' || s->name == '-');
		assert_true(s->help && *s->help);
		for (const struct noc_option *o = s->options; o && o->name;
		     o++) {
			char words[512], *save = NULL;

			assert_true(o->help && *o->help);
			if (o->type == NOC_OPT_TABLE)
				assert_string_equal(
				    noc_schema_find(o->values)->family,
				    "table");
			if (o->type == NOC_OPT_ENUM)
				assert_true(o->values && *o->values);
			if (o->type != NOC_OPT_NODE && o->type != NOC_OPT_NODES)
				continue;
			snprintf(words, sizeof(words), "%s", o->values);
			for (char *w = strtok_r(words, " ", &save); w;
			     w = strtok_r(NULL, " ", &save))
				if (!noc_schema_find(w) &&
				    !is_word_of(w, families))
					fail_msg("%s.%s: %s", s->node, o->name,
						 w);
		}
	}
	assert_null(noc_schema_find("no such node"));
	assert_null(noc_schema_find(""));
}

static void
test_families(void **state)
{
	(void)state;
	assert_true(noc_schema_is("snmp.set", "action"));
	assert_true(noc_schema_is("snmp.set", "step action"));
	assert_true(noc_schema_is("stop", "step action"));
	assert_true(noc_schema_is("exec", "snmp.get exec"));
	assert_false(noc_schema_is("exec", "snmp.get http.get"));
	assert_false(noc_schema_is("rule", "action"));
	assert_false(noc_schema_is(NULL, "action"));
}

/* A tree that came from elsewhere is checked as well. */
static void
test_check_of_a_tree(void **state)
{
	static const char json[] =
	    "{\"node\":\"step\",\"name\":\"look\",\"at\":\"x.lua:3\","
	    "\"items\":[{\"node\":\"log\",\"name\":\"x\"}],"
	    "\"opts\":{\"timeout\":\"5s\",\"retry\":{\"attempts\":\"many\"},"
	    "\"on_error\":{\"timout\":{\"node\":\"log\",\"name\":\"y\"}}}}";
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	struct noc_value *v;
	struct noc_err err;

	(void)state;
	assert_int_equal(noc_json_parse(json, strlen(json), &v, &err), 0);
	assert_int_equal(noc_schema_check(v, &sb), 2);
	assert_string_equal(
	    sb.p, "'attempts' in 'retry' of step 'look' must be a whole "
		  "number, not \"many\" (x.lua:3)\n"
		  "unknown key 'timout' in 'on_error' of step 'look' "
		  "(x.lua:3); did you mean 'timeout'?\n");
	noc_strbuf_release(&sb);
	noc_value_free(v);
}

/* Text out of a rule file cannot steer a terminal. */
static void
test_messages_are_safe(void **state)
{
	static const char json[] =
	    "{\"node\":\"log\",\"name\":\"x\",\"at\":\"x.lua:3\",\"opts\":{"
	    "\"\\u001b[2J\":\"\\u001b]0;x\\u0007\"}}";
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	struct noc_value *v;
	struct noc_err err;

	(void)state;
	assert_int_equal(noc_json_parse(json, strlen(json), &v, &err), 0);
	assert_int_equal(noc_schema_check(v, &sb), 1);
	assert_null(memchr(sb.p, 0x1b, sb.len));
	assert_non_null(strstr(sb.p, "\\x1b[2J"));
	noc_strbuf_release(&sb);
	noc_value_free(v);
}

static void
test_kinds(void **state)
{
	(void)state;
	assert_true(noc_kind_defines("peer"));
	assert_false(noc_kind_defines("pee"));
}

static void
test_annotations_are_current(void **state)
{
	const char *src = getenv("NOC_SRCDIR");
	char path[4096], *want = NULL, *got;
	size_t want_len = 0, got_len;
	FILE *f = open_memstream(&want, &want_len);

	(void)state;
	assert_non_null(f);
	noc_schema_write_meta(f);
	fclose(f);
	snprintf(path, sizeof(path), "%s/rules/meta/nocturne.lua",
		 src ? src : ".");
	f = fopen(path, "rb");
	assert_non_null(f);
	got = noc_calloc(1, want_len + 2);
	got_len = fread(got, 1, want_len + 1, f);
	fclose(f);
	if (got_len != want_len || memcmp(got, want, want_len) != 0)
		fail_msg("rules/meta/nocturne.lua is old: run `make meta`"
			 " and commit it");
	free(got);
	free(want);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_option_is_a_reserved_word),
		cmocka_unit_test(test_the_tables_hold_together),
		cmocka_unit_test(test_families),
		cmocka_unit_test(test_check_of_a_tree),
		cmocka_unit_test(test_messages_are_safe),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_annotations_are_current),
	};

	noc_actions_register();
	/* For whoever changes the schema: NOC_WRITE_META=FILE test_schema. */
	if (getenv("NOC_WRITE_META")) {
		FILE *f = fopen(getenv("NOC_WRITE_META"), "w");

		if (!f)
			return 1;
		noc_schema_write_meta(f);
		return fclose(f) ? 1 : 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
