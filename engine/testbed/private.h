/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_TESTBED_PRIVATE_H
#define NOC_ENGINE_TESTBED_PRIVATE_H

#include "base/table.h"
#include "store/record.h"
#include "engine/edge/env.h"
#include "engine/core/core.h"
#include "engine/core/due.h"
#include "engine/testbed/testbed.h"

/*
 * Between testbed*.c only: the world of one test.  testbed.c owns the time
 * line, note.c what is journaled, event.c makes events,
 * stub.c answers calls, people.c decides, expect.c, look.c and look_flow.c
 * look.
 */
#define NOC_TB_SOURCES 16

struct noc_tb_note { /* one journal record, read back */
	int64_t at_ms;
	enum noc_record_kind kind;
	char *event, *run, *rule, *actor, *action, *target, *outcome, *step;
	struct noc_value *detail;
};

struct noc_tb_run {
	char *id, *rule;
	struct noc_value *view;	 /* {state, key, device, mode, outcome} */
	struct noc_value *steps; /* name -> {outcome, action, target} */
	bool ended;
};

struct noc_tb_call { /* an action that was carried out */
	int64_t at_ms;
	char *action, *target, *text;
};

struct noc_tb_late {	    /* an answer on its way */
	struct noc_due due; /* first: on_due casts back */
	struct noc_testbed *tb;
	struct noc_call *call;
	struct noc_value *answer;
	struct noc_tb_late *next;
};

struct noc_testbed {
	struct noc_ruleset *rs;
	const struct noc_value *test;
	struct noc_env env;
	struct noc_host host;
	struct noc_core *core;
	struct noc_now start, now;
	int64_t wake;
	uint64_t ticket;
	struct noc_testbed_result *result;
	const struct noc_value *node; /* at hand, for messages */

	struct noc_tb_note *notes;
	size_t nnotes, notes_cap;
	struct noc_tb_run *runs;
	size_t nruns, runs_cap;
	struct noc_tb_call *calls;
	size_t ncalls, calls_cap;
	struct noc_table devices; /* event id text -> device, owned */
	struct noc_value *lines;  /* what was said, "5s ..." */

	struct noc_value *stubs;  /* action or "action target" -> answer */
	struct noc_table asked;	  /* the same -> times (as a pointer) */
	struct noc_table stubbed; /* the same -> where it was said last */
	struct noc_value *unstubbed;
	struct noc_tb_late *late;

	struct noc_source *sources[NOC_TB_SOURCES];
	size_t nsources;
	struct noc_event *last; /* ref: the last event; NULL: not kept */
	const char *last_fate;
};

/* ---- testbed.c ---- */
int64_t noc_tb_ms(const struct noc_testbed *tb); /* since the start */
/* What is durable goes out, and what follows from it. */
void noc_tb_pump(struct noc_testbed *tb);
void noc_tb_advance(struct noc_testbed *tb, int64_t to_ms);
/* "file:line: at 5s: ..." of the node at hand. */
void noc_tb_fail(struct noc_testbed *tb, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Carry out {"verb": ...}; the answer is returned. ENOTFOUND ... */
int noc_tb_command(struct noc_testbed *tb, const struct noc_value *command,
		   struct noc_value **answer, struct noc_err *err);

/* ---- note.c ---- */
struct noc_txn;
void noc_tb_take(struct noc_testbed *tb, struct noc_txn *txn);
void noc_tb_notes_release(struct noc_testbed *tb);
struct noc_tb_run *noc_tb_run_find(struct noc_testbed *tb, const char *id);
const char *noc_tb_device(const struct noc_testbed *tb, const char *event);
/* The transcript, and decisions as data. */
void noc_tb_report(struct noc_testbed *tb);

/* ---- event.c ---- */
void noc_tb_event(struct noc_testbed *tb, const struct noc_value *at);

/* ---- stub.c ---- */
void noc_tb_stub(struct noc_testbed *tb, const struct noc_value *node);
int noc_tb_call(struct noc_call *call, struct noc_err *err, void *arg);
void noc_tb_cancel(struct noc_call *call, void *arg);
/* A remark for each stub that nothing asked. */
void noc_tb_stubs_unasked(struct noc_testbed *tb);
void noc_tb_stubs_release(struct noc_testbed *tb);

/* ---- expect.c, look.c ---- */
void noc_tb_expect(struct noc_testbed *tb, const struct noc_value *node);
/* How one thing is looked for; says so itself when it is not there. */
struct noc_tb_look {
	struct noc_testbed *tb;
	const struct noc_value *node;
	const char *name;     /* rule, channel, action ...; "" */
	const char *texts[8]; /* every one must be in it */
	size_t ntexts;
	int64_t count; /* -1: at least one */
	const char *device;
};
bool noc_tb_has_texts(const struct noc_tb_look *l, const char *text);
/* "it was cancelled at 5s: ..." for a rule, or why it was no candidate. */
void noc_tb_instead(struct noc_testbed *tb, const char *rule,
		    struct noc_strbuf *out);
void noc_tb_look_run(const struct noc_tb_look *l);
void noc_tb_look_notices(const struct noc_tb_look *l);
void noc_tb_look_would(const struct noc_tb_look *l);
void noc_tb_look_calls(const struct noc_tb_look *l);
/* ---- look_flow.c ---- */
void noc_tb_look_items(const struct noc_tb_look *l);
void noc_tb_look_undone(const struct noc_tb_look *l);
void noc_tb_look_fields(const struct noc_tb_look *l);
/* ---- people.c ---- */
/* approve, confirm or reject. */
void noc_tb_decide(struct noc_testbed *tb, const char *decision,
		   const struct noc_value *opts);
void noc_tb_look_waiting(const struct noc_tb_look *l);
void noc_tb_look_gate(const struct noc_tb_look *l);

#endif
