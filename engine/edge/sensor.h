/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_EDGE_SENSOR_H
#define NOC_ENGINE_EDGE_SENSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "engine/event/event.h"
#include "engine/edge/env.h"

/*
 * A way in: one file in sensors/ ending in one const struct.  noc_sensor_emit
 * is the only door into the core.  Loop thread.
 */
enum noc_fate {
	NOC_FATE_SHED,
	NOC_FATE_REFUSED,
	NOC_FATE_DUPLICATE,
	NOC_FATE_FOLDED,
	NOC_FATE_MATCHED,
	NOC_FATE_UNMATCHED,
	NOC_FATE_IN_PROGRESS
};
const char *noc_fate_name(enum noc_fate fate);

/*
 * Waits for the fate of one event to be durable.  done is called exactly
 * once, deferred; the receipt belongs to the sensor.  It never waits for a
 * run.  run: the first run started by it, or zero.
 */
struct noc_receipt {
	void (*done)(struct noc_receipt *r, enum noc_fate fate,
		     const struct noc_id *event, const struct noc_id *run);
};

/* The ledger of one way in: always balances (doc/architecture). */
struct noc_source {
	const char *name;  /* interned "syslog.udp", "hook/netbox" */
	const char *base;  /* "syslog", "snmp.trap", "webhook", ... */
	bool acknowledged; /* the sender waits: slowed, and shed only when it
			      is a stranger past its budget */
	uint64_t received, kernel_dropped, shed, refused, duplicate, folded;
	uint64_t matched, unmatched, in_progress, malformed;
	uint64_t unwanted; /* a hook's: not what its `where` asks for */
};

struct noc_sensor_ops {
	const char *name; /* "syslog.udp" */
	const char *summary;
	/* Reads its options from env->config ("syslog.udp.listen" ...).
	 * *instance stays NULL and 0 is returned when it is switched off. */
	int (*open)(struct noc_env *env, void **instance, struct noc_err *err);
	void (*close)(void *instance);
	/* A new rule set is in force (schedules, polls, children, hooks). */
	void (*reload)(void *instance);
	/* Back-pressure: stop or go on reading. */
	void (*pause)(void *instance, bool paused);
	/* "127.0.0.1:5514 udp" for the start screen; may be NULL. */
	void (*describe)(void *instance, struct noc_strbuf *out);
};

/* Registered once; belongs to the core. */
struct noc_source *noc_source_new(struct noc_core *core, const char *name,
				  const char *base, bool acknowledged);

/*
 * ev is borrowed (its values may be taken); receipt may be NULL.  The batch
 * is handled before it returns, but for what waits for enrichment.
 */
void noc_sensor_emit(struct noc_core *core, struct noc_source *source,
		     struct noc_event *ev, struct noc_receipt *receipt);

/* For commands and answers that name the emitting hook explicitly. */
struct noc_hook;
struct noc_value;
void noc_sensor_emit_hook(struct noc_core *core, struct noc_source *source,
			  const struct noc_hook *hook, struct noc_event *ev,
			  const struct noc_value *body,
			  struct noc_receipt *receipt);

#endif
