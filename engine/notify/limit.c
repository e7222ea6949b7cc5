/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/notify/limit.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/intern.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/notify/notify.h"

#define LIMIT_AGAIN_NS (300 * NOC_NS_PER_S)

struct limit {
	uint64_t count;
	uint64_t told; /* so many of them */
	int64_t told_boot_ns;
};

struct limits {			/* the part */
	struct noc_table names; /* -> struct limit */
	struct noc_source *source;
};

struct limit_word { /* to be told when the input ends */
	struct noc_core *core;
	const char *limit; /* static */
	char *whose, *text;
	uint64_t count;
};

static void
limit_word_free(void *arg)
{
	struct limit_word *w = arg;

	free(w->whose);
	free(w->text);
	free(w);
}

static void
on_limit_word(void *arg)
{
	struct limit_word *w = arg;
	struct limits *p = noc_core_part(w->core, NOC_PART_LIMITS);
	struct noc_event ev = {
		.kind = noc_interns("limit.reached"),
		.origin = noc_slice_str("nocturne"),
		.summary = noc_slice_str(w->text),
		.trust = NOC_TRUST_HIGH,
		.severity = 4,
		.data = noc_value_map(),
	};

	noc_value_set(ev.data, "limit", noc_value_str(w->limit));
	noc_value_set(ev.data, "whose", noc_value_str(w->whose));
	noc_value_set(ev.data, "count", noc_value_int((int64_t)w->count));
	noc_notify_text(w->core, "noc", w->text, NULL, NOC_ACTIVE, NULL);
	if (!p->source)
		p->source = noc_source_new(w->core, "limits",
					   noc_interns("limits"), true);
	noc_sensor_emit(w->core, p->source, &ev, NULL);
	limit_word_free(w);
}

static struct limit *
limit_of(struct limits *p, const char *name)
{
	struct limit *l = noc_table_get(&p->names, name);

	if (!l) {
		l = noc_calloc(1, sizeof(*l));
		noc_table_put(&p->names, name, l);
	}
	return l;
}

void
noc_limit_reached(struct noc_core *core, const char *limit, const char *whose,
		  const char *fmt, ...)
{
	struct limit *l = limit_of(noc_core_part(core, NOC_PART_LIMITS), limit);
	int64_t now = noc_core_turn(core).boot_ns;
	struct limit_word *w;
	char why[300];
	va_list ap;

	l->count++;
	if (l->told && now - l->told_boot_ns < LIMIT_AGAIN_NS)
		return;
	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	w = noc_calloc(1, sizeof(*w));
	w->core = core;
	w->limit = limit;
	w->whose = noc_strdup(whose);
	w->count = l->count - l->told;
	w->text = noc_asprintf("limit %s reached by %s: %s", limit, whose, why);
	if (w->count > 1) {
		char *more =
		    noc_asprintf("%s (%llu times since it was last told)",
				 w->text, (unsigned long long)w->count);

		free(w->text);
		w->text = more;
	}
	l->told = l->count;
	l->told_boot_ns = now;
	noc_warn("limit", "%s", w->text);
	noc_core_begin(core, noc_core_turn(core));
	noc_core_defer(core, on_limit_word, limit_word_free, w);
	noc_core_end(core);
}

/* ---- part ---- */

static void *
limits_open(struct noc_core *core)
{
	(void)core;
	return noc_calloc(1, sizeof(struct limits));
}

static void
limits_close(void *part)
{
	struct limits *p = part;
	void *value;

	for (size_t it = 0; noc_table_next(&p->names, &it, NULL, &value);)
		free(value);
	noc_table_release(&p->names);
	free(p);
}

static void
limits_stats(struct noc_core *core, void *part, struct noc_value *map)
{
	const struct limits *p = part;
	struct noc_value *names = noc_value_map();
	const char *name;
	void *value;

	(void)core;
	for (size_t it = 0; noc_table_next(&p->names, &it, &name, &value);)
		noc_value_set(
		    names, name,
		    noc_value_int((int64_t)((struct limit *)value)->count));
	noc_value_set(map, "limits_reached", names);
}

const struct noc_part_ops noc_part_limits = {
	.open = limits_open,
	.close = limits_close,
	.stats = limits_stats,
};
