/* SPDX-License-Identifier: ISC */
#ifndef NOC_TESTS_UNIT_RUN_FIXTURE_H
#define NOC_TESTS_UNIT_RUN_FIXTURE_H

#include "tests/unit/unit.h"

#include "base/json.h"
#include "store/writer.h"
#include "engine/edge/env.h"
#include "engine/core/core.h"
#include "engine/run/run.h"

/*
 * A whole core under virtual time with a host that is the test: what it
 * submits is kept as short lines ("STEP_DONE raise ok"), what it calls waits
 * in a list until the test answers, or is answered by `world`.
 */
#define FIX_CALLS 640
#define FIX_LINES 8192

struct fix {
	struct noc_env env;
	struct noc_host host;
	struct noc_core *core;
	struct noc_now now;
	uint8_t boot_id[16]; /* zero: not known */
	int64_t wake;
	uint64_t ticket;
	bool hold_durable; /* the disk does not answer */
	char *state_dir;   /* with it a real writer, else memory only */
	struct noc_writer *writer;
	uint64_t die_at; /* submit at which the process is dead; 0: never */
	bool die_before; /* that txn is lost; else it is the last one */
	bool dead;
	bool quiet; /* its journal is not kept */

	struct noc_call *calls[FIX_CALLS]; /* out, oldest first */
	size_t ncalls;
	unsigned started, cancelled, sets;
	enum noc_kind refuses; /* the host does, to begin a call; 0: not */
	/* Answers at once when it returns true (result or err filled). */
	bool (*world)(struct fix *f, struct noc_call *call,
		      struct noc_value **result, struct noc_call_error *err);
	char admin[16], oper[16]; /* of the one port in this world */
	/* So long ago its ports changed, negative: it does not say.  What a
	 * test answers is as of a device whose port changed just now. */
	int64_t changed_ms;

	char *journal[FIX_LINES]; /* records, in order */
	size_t njournal;
	unsigned puts, runs, definitions; /* rows written */
	unsigned most;			  /* of any kind in one txn */
	char *lines[FIX_LINES];		  /* what was said */
	size_t nlines;
};

void fix_open(struct fix *f, const char *rules); /* zero f first */
void fix_rules(struct fix *f, const char *rules);
void fix_close(struct fix *f);

/* Let what is durable out, then everything that follows from it. */
void fix_pump(struct fix *f);
/* Virtual time, timer by timer. */
void fix_advance(struct fix *f, int64_t ms);

/* An event of `kind` about `device`, eth7, ifindex 7; freed by the core. */
struct noc_event *fix_event(struct fix *f, const char *kind, const char *device,
			    enum noc_trust trust);
/* Start the rule's run for a new event; pumped. */
struct noc_id fix_start(struct fix *f, const char *rule, enum noc_mode mode,
			enum noc_trust trust);
/* The same for this event, owned. */
struct noc_id fix_start_for(struct fix *f, struct noc_event *ev,
			    const char *rule, enum noc_mode mode);
struct noc_id fix_start_flow(struct fix *f, const char *flow);
/* The event reaches the runs that wait for it. */
void fix_happens(struct fix *f, const char *kind, const char *device);
int fix_command(struct fix *f, const char *json, struct noc_value **answer);
/* What a person says, and what he hears; pumped. */
struct fix_heard {
	int kind;
	char id[NOC_ID_TEXT], message[512]; /* "": none */
};
struct fix_heard fix_say(struct fix *f, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Not pumped, and nobody waits for its answer. */
void fix_command_later(struct fix *f, const char *json);
int fix_signal(struct fix *f, const struct noc_id *id, const char *signal);

/* The oldest call that is out, checked to be this action; fails if none. */
struct noc_call *fix_call(struct fix *f, const char *action);
void fix_answer(struct fix *f, const char *action, const char *json);
/* The same, but what follows from it stays on its way to the disk. */
void fix_hold(struct fix *f, const char *action, const char *json);
void fix_refuse(struct fix *f, const char *action, const char *class,
		int64_t retry_after_ms);
struct noc_call_error;
void fix_refuse_as(struct fix *f, const char *action,
		   const struct noc_call_error *e);

size_t fix_count(struct fix *f, const char *part); /* journal lines with it */
size_t fix_said(struct fix *f, const char *part);
/* Asserts that such lines are in the journal in this order; NULL ends. */
void fix_order(struct fix *f, ...) __attribute__((sentinel));
void fix_dump(struct fix *f);
void fix_forget(struct fix *f); /* the journal so far */
bool fix_running(struct fix *f, const struct noc_id *id);
int64_t fix_runs(struct fix *f); /* that have not ended */
/* Of `nocturne status`: "runs.pending"; -1: there is none. */
int64_t fix_figure(struct fix *f, const char *path);

#endif
