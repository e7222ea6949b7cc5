/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/edge/action.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "engine/lang/schema.h"

static const struct noc_action_ops *const *action_table;
static size_t action_count;

/* The rule language learns an action once, for the life of the process. */
static void
action_teach(const struct noc_action_ops *ops)
{
	struct noc_node_schema *row;

	if (!ops->help || noc_schema_find(ops->name))
		return;
	row = noc_calloc(1, sizeof(*row));
	*row = (struct noc_node_schema){
		.node = ops->name,
		.family = "action",
		.name = ops->named ? 'r' : '-',
		.bare = ops->named,
		.items = ops->items,
		.options = ops->options,
		.help = ops->help,
	};
	noc_schema_add(row);
}

void
noc_action_register(const struct noc_action_ops *const *table, size_t n)
{
	action_table = table;
	action_count = n;
	for (size_t i = 0; i < n; i++)
		action_teach(table[i]);
}

const struct noc_action_ops *
noc_action_at(size_t i)
{
	return i < action_count ? action_table[i] : NULL;
}

const struct noc_action_ops *
noc_action_find(const char *name)
{
	for (size_t i = 0; i < action_count; i++)
		if (!strcmp(action_table[i]->name, name))
			return action_table[i];
	return NULL;
}

/* ---- errors ---- */

static const char *const call_classes[] = {
	"transient",
	"permanent",
	"timeout",
	"cancelled",
	"dependency_unavailable",
	"dependency_degraded",
	"downstream_failed",
	"in_doubt",
};

const char *
noc_class_find(const char *text)
{
	for (size_t i = 0; text && i < NOC_COUNT(call_classes); i++)
		if (!strcmp(call_classes[i], text))
			return call_classes[i];
	return NULL;
}

const char *
noc_class_of_kind(enum noc_kind kind)
{
	switch (kind) {
	case NOC_EAGAIN:
	case NOC_ERESOURCE:
	case NOC_ESTORE:
		return "transient";
	case NOC_ETIMEOUT:
		return "timeout";
	case NOC_ECANCELLED:
		return "cancelled";
	case NOC_EDOWN:
		return "dependency_unavailable";
	case NOC_EINDOUBT:
		return "in_doubt";
	case NOC_OK:
	case NOC_EBUG:
	case NOC_EINPUT:
	case NOC_ECONFIG:
	case NOC_EREMOTE:
	case NOC_EDENIED:
	case NOC_ECONFLICT:
	case NOC_ENOTFOUND:
		break;
	}
	return "permanent";
}

void
noc_call_error_set(struct noc_call_error *e, const char *class,
		   const char *block, const char *code, const char *fmt, ...)
{
	va_list ap;

	memset(e, 0, sizeof(*e));
	e->class = class;
	snprintf(e->block, sizeof(e->block), "%s", block ? block : "");
	snprintf(e->code, sizeof(e->code), "%s", code ? code : "");
	va_start(ap, fmt);
	vsnprintf(e->message, sizeof(e->message), fmt, ap);
	va_end(ap);
}
