/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_NOTIFY_NOTIFY_PRIVATE_H
#define NOC_ENGINE_NOTIFY_NOTIFY_PRIVATE_H

#include <sys/queue.h>

#include "engine/core/core.h"
#include "engine/core/due.h"

/*
 * The inside of notices: notify.c routes a text to a channel (silence, limit,
 * digest), notice.c delivers it by one action (intent, call, retries,
 * fallback).  Others call noc_notify_send and noc_notify_text
 * (engine/notify/notify.h).
 *
 * In the journal a notice is a step "notify:CHANNEL" of its run: STEP_START
 * before it leaves, STEP_DONE with how it ended.  A notice without a run is
 * its own run: its id stands in tag 2.  A silenced one is a DECISION.  Live
 * rows: "notice" (not delivered yet) and "channel" (an open limit window).
 * A notice in doubt after a crash is sent again: twice is better than never.
 */
#define NOC_NOTICE_TEXT_MAX 4000
#define NOC_NOTICE_HOPS_MAX 4 /* fallbacks of fallbacks */

struct noc_notice_text {
	const char *channel, *text;
	const struct noc_event *ev;    /* may be NULL */
	struct noc_id run;	       /* or zero */
	const struct noc_scope *scope; /* for the channel's templates; NULL */
	int hops;
	int64_t
	    until_ns; /* a callback, tried until then (steady); 0: it isn't */
};

struct noc_notify_channel { /* the window of one channel's limit */
	struct noc_core *core;
	char *name;
	struct noc_due due;
	int64_t end_ns; /* steady; 0: no window */
	int64_t count, over;
	int64_t low, low_texts; /* of count, of texts: about strangers */
	struct noc_value *texts;
};

struct noc_delivery { /* a callback that has ended */
	TAILQ_ENTRY(noc_delivery) link;
	char key[NOC_ID_TEXT];
	struct noc_value *row; /* {id, run, url, state, attempts, error, at} */
};
TAILQ_HEAD(noc_deliveries, noc_delivery);

struct noc_notify { /* the part */
	struct noc_core *core;
	struct noc_table channels;   /* name -> noc_notify_channel */
	struct noc_table notices;    /* id text -> noc_notice */
	struct noc_deliveries ended; /* oldest first */
	size_t nended;
	uint64_t delivered, dead; /* callbacks */
	uint64_t sent, failed, retried, digested, silenced, printed;
	uint64_t unreadable;	       /* live rows at the start */
	struct noc_strbuf unreadables; /* the first of them */
};

struct noc_notify *noc_notify_of(const struct noc_core *core);
/* Past silence and limit: to each way of the channel. */
void noc_notify_deliver(struct noc_core *core, const struct noc_notice_text *t);
/* Print it: for implied channels, and when every way has failed. */
void noc_notice_print(struct noc_core *core, const struct noc_notice_text *t,
		      const char *why);
/* One action; node is owned and expanded. */
void noc_notice_new(struct noc_core *core, const struct noc_notice_text *t,
		    struct noc_value *node);
/* STEP_DONE without a call: "printed", "digest". */
void noc_notice_record(struct noc_core *core, const struct noc_notice_text *t,
		       const char *action, const char *outcome);
void noc_notice_load(struct noc_core *core, const char *key, int64_t due_ns,
		     const struct noc_value *data);
void noc_notice_ready(struct noc_core *core);
void noc_notice_store(const struct noc_notify *part);
void noc_notice_close(struct noc_notify *part);
/* Rows of the callbacks under way, of this run (NULL: all), into list. */
void noc_notice_callbacks(const struct noc_notify *part, const char *run,
			  struct noc_value *list);
/* ---- callback.c ---- */
void noc_callback_ended(struct noc_notify *part, const char *key,
			struct noc_value *row); /* owned */
int noc_on_delivery_list(struct noc_core *core, void *part,
			 const struct noc_value *command,
			 struct noc_value **answer, struct noc_err *err);
bool noc_callback_load(struct noc_notify *part, const char *kind,
		       const char *key, const struct noc_value *data);
void noc_callback_store(const struct noc_notify *part);
void noc_callback_release(struct noc_notify *part);

/* Those whose call is out: a stop waits for them. */
int64_t noc_notice_calling(const struct noc_notify *part);

#endif
