/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/lang/schema.h"

#include <pthread.h>
#include <string.h>

#include "base/mem.h"
#include "base/table.h"

/*
 * Nodes by name.  Read-only once the actions are registered, from any thread.
 */
#define SCHEMA_MAX 160

static struct noc_table schema_index;
static const struct noc_node_schema *schema_list[SCHEMA_MAX];
static size_t schema_count;
static pthread_once_t schema_once = PTHREAD_ONCE_INIT;

static void
schema_put(const struct noc_node_schema *row)
{
	void *known;

	NOC_REQUIRE(schema_count < SCHEMA_MAX);
	schema_list[schema_count] = row;
	/* The index holds positions + 1. */
	known =
	    noc_table_put(&schema_index, row->node, (void *)(++schema_count));
	NOC_REQUIRE(!known);
}

static void
schema_build(void)
{
	static const struct noc_node_schema *const tables[] = {
		noc_schema_top, noc_schema_steps, noc_schema_auth,
		noc_schema_values
	};

	for (size_t i = 0; i < NOC_COUNT(tables); i++)
		for (const struct noc_node_schema *s = tables[i]; s->node; s++)
			schema_put(s);
}

void
noc_schema_add(const struct noc_node_schema *row)
{
	pthread_once(&schema_once, schema_build);
	schema_put(row);
}

const struct noc_node_schema *
noc_schema_find(const char *node)
{
	size_t at;

	pthread_once(&schema_once, schema_build);
	at = (size_t)noc_table_get(&schema_index, node);
	return at ? schema_list[at - 1] : NULL;
}

const struct noc_node_schema *
noc_schema_at(size_t i)
{
	pthread_once(&schema_once, schema_build);
	return i < schema_count ? schema_list[i] : NULL;
}

static bool
schema_word_in(const char *word, const char *words)
{
	size_t len = strlen(word);

	for (const char *p = words; p && *p;) {
		size_t n = strcspn(p, " ");

		if (n == len && !memcmp(p, word, n))
			return true;
		p += n;
		p += strspn(p, " ");
	}
	return false;
}

bool
noc_schema_is(const char *node, const char *kinds)
{
	const struct noc_node_schema *s;

	if (!node)
		return false;
	if (schema_word_in(node, kinds))
		return true;
	s = noc_schema_find(node);
	return s && schema_word_in(s->family, kinds);
}

bool
noc_schema_is_error(const struct noc_value *v)
{
	return noc_value_is_str(noc_value_get(v, "node"), "error");
}
