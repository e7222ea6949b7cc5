/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_EXPR_SCOPE_H
#define NOC_ENGINE_EXPR_SCOPE_H

#include "base/err.h"
#include "base/strbuf.h"
#include "engine/event/datum.h"
#include "engine/event/event.h"

/*
 * Where names are looked up: an event and, inside a run, what the run knows.
 * `steps.NAME.FIELD`, `input.x`, `item.x`, `error.message`, `run.id`,
 * `rule`, `count`, `elapsed`, `fails`, `top`, then the event's names.
 */
#define NOC_SCOPE_OUTER 4
struct noc_scope {
	const struct noc_event *ev;    /* may be NULL */
	const struct noc_value *steps; /* map name -> result, may be NULL */
	const struct noc_value *outer[NOC_SCOPE_OUTER]; /* steps around them */
	const struct noc_value *input;
	const struct noc_value *item;
	const struct noc_value *error; /* {class, code, message, block} */
	const struct noc_value *run;   /* {id, rule, mode, key, ...} */
	/* `run.items`, made when somebody asks; or NULL. */
	const struct noc_value *(*items)(void *arg);
	void *items_arg;
	const struct noc_value *extra; /* rule, count, elapsed, site, ... */
	struct noc_slice ifname; /* what {ifname} is in a key; empty: as told */
};

void noc_scope_get(const struct noc_scope *scope, const char *path, size_t len,
		   struct noc_datum *out);
/* The same for a name that is resolved already and not a run's own. */
void noc_scope_read(const struct noc_scope *scope, const struct noc_field *f,
		    struct noc_datum *out);
/* The first words of the names that only a run knows: "steps", "input", ... */
bool noc_scope_is_own(const char *path, size_t len);

#endif
