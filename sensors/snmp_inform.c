/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "sensors/snmp_inform.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/mem.h"
#include "base/table.h"
#include "net/loop.h"
#include "engine/core/core.h"
#include "engine/memory/heard.h"
#include "engine/memory/inform.h"
#include "snmp/snmp.h"

#define INFORM_MAX	 4096
#define INFORM_WAIT_NS	 (10 * NOC_NS_PER_S)
#define INFORM_REPLY_MAX 8 /* retransmits that wait for one event */

struct inform {
	struct noc_receipt receipt; /* first */
	struct noc_informs *owner;  /* NULL: closed meanwhile */
	TAILQ_ENTRY(inform) link;
	char *host, *key;
	bool authentic; /* heard says which message it was */
	struct noc_heard heard;
	int64_t until_boot_ns;
	struct noc_snmp_reply *replies[INFORM_REPLY_MAX];
	size_t nreplies;
};

struct noc_informs {
	struct noc_env *env;
	struct noc_watch *timer;
	struct noc_table pending;   /* key -> struct inform */
	TAILQ_HEAD(, inform) queue; /* oldest first */
};

static void
inform_free(struct inform *f)
{
	struct noc_informs *w = f->owner;

	for (size_t i = 0; i < f->nreplies; i++)
		noc_snmp_reply_drop(f->replies[i]);
	if (w) {
		noc_table_del(&w->pending, f->key);
		TAILQ_REMOVE(&w->queue, f, link);
	}
	free(f->host);
	free(f->key);
	free(f);
}

/* It was not taken: its sender may try again. */
static void
inform_forget(struct inform *f)
{
	struct noc_core *core = f->owner->env->core;

	noc_core_begin(core, noc_core_turn(core));
	noc_inform_forget(core, f->host, f->key);
	if (f->authentic)
		noc_heard_forget(core, &f->heard);
	noc_core_end(core);
}

static void
on_inform_done(struct noc_receipt *r, enum noc_fate fate,
	       const struct noc_id *event, const struct noc_id *run)
{
	struct inform *f = (struct inform *)r;

	(void)event;
	(void)run;
	if (fate != NOC_FATE_SHED && fate != NOC_FATE_REFUSED) {
		for (size_t i = 0; i < f->nreplies; i++)
			noc_snmp_reply(f->replies[i]);
		f->nreplies = 0;
	} else if (f->owner) {
		inform_forget(f);
	}
	inform_free(f);
}

/* Too late to answer: the sender has given up.  The entry stays, so that a
 * retransmit waits for the same event. */
static void
on_inform_tick(void *arg)
{
	struct noc_informs *w = arg;
	int64_t now = noc_core_turn(w->env->core).boot_ns;
	struct inform *f;

	TAILQ_FOREACH(f, &w->queue, link)
	{
		if (f->until_boot_ns > now)
			break;
		for (size_t i = 0; i < f->nreplies; i++)
			noc_snmp_reply_drop(f->replies[i]);
		f->nreplies = 0;
	}
	if (!TAILQ_EMPTY(&w->queue))
		noc_timer_arm(w->timer, 1000);
}

bool
noc_informs_is_full(const struct noc_informs *w)
{
	return noc_table_len(&w->pending) >= INFORM_MAX;
}

bool
noc_informs_join(struct noc_informs *w, const char *key,
		 struct noc_snmp_reply *reply)
{
	struct inform *f = noc_table_get(&w->pending, key);

	if (!f)
		return false;
	if (f->nreplies < INFORM_REPLY_MAX)
		f->replies[f->nreplies++] = reply;
	else
		noc_snmp_reply_drop(reply);
	return true;
}

struct noc_receipt *
noc_informs_wait(struct noc_informs *w, const struct noc_inform *of,
		 const struct noc_heard *heard, struct noc_snmp_reply *reply)
{
	struct inform *f = noc_calloc(1, sizeof(*f));

	f->receipt.done = on_inform_done;
	f->owner = w;
	f->host = noc_strdup(of->host);
	f->key = noc_strdup(of->key);
	f->authentic = heard != NULL;
	if (heard)
		f->heard = *heard;
	f->replies[f->nreplies++] = reply;
	f->until_boot_ns = noc_core_turn(w->env->core).boot_ns + INFORM_WAIT_NS;
	TAILQ_INSERT_TAIL(&w->queue, f, link);
	noc_table_put(&w->pending, f->key, f);
	if (!noc_timer_armed(w->timer))
		noc_timer_arm(w->timer, 1000);
	return &f->receipt;
}

struct noc_informs *
noc_informs_new(struct noc_env *env)
{
	struct noc_informs *w = noc_calloc(1, sizeof(*w));

	w->env = env;
	w->timer = noc_loop_timer(env->loop, on_inform_tick, w);
	TAILQ_INIT(&w->queue);
	return w;
}

void
noc_informs_free(struct noc_informs *w)
{
	struct inform *f;

	if (!w)
		return;
	noc_watch_free(w->timer);
	TAILQ_FOREACH(f, &w->queue, link)
	f->owner = NULL;
	noc_table_release(&w->pending);
	free(w);
}
