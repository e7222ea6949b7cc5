/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "sensors/snmp_trap.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/table.h"
#include "net/loop.h"
#include "engine/core/core.h"
#include "engine/event/identity.h"
#include "engine/notify/limit.h"
#include "engine/memory/dedup.h"
#include "snmp/snmp.h"
#include "sensors/listen.h"
#include "sensors/udp.h"

/*
 * SNMP notifications: our own socket, the strict BER check and libnetsnmp
 * behind noc_snmp_receive.  Communities are ours to check.  An INFORM is
 * answered when what became of it is durable; its retransmits join the wait,
 * or are answered again for five minutes without a new event.
 */
#define INFORM_MAX	 4096
#define INFORM_WAIT_NS	 (10 * NOC_NS_PER_S)
#define INFORM_AGAIN_MS	 (5 * 60 * 1000)
#define INFORM_REPLY_MAX 8 /* retransmits that wait for one event */

struct inform {			    /* waits for its event to be durable */
	struct noc_receipt receipt; /* first */
	struct snmp_trap *owner;
	struct inform *next, *prev; /* oldest first */
	char *key;
	int64_t until_boot_ns;
	struct noc_snmp_reply *replies[INFORM_REPLY_MAX];
	size_t nreplies;
};

struct snmp_trap {
	struct noc_env *env;
	struct noc_source *traps, *informs;
	struct noc_udp *udp;
	struct noc_watch *timer;
	bool paused;
	struct noc_table pending; /* key -> struct inform */
	struct inform *oldest, *newest;
	uint64_t unanswered, refused_said;
};

/* libnetsnmp is one a process, and so is the socket it answers through. */
static int trap_fd = -1;

void
noc_snmp_trap_send(void *arg, const uint8_t *p, size_t len,
		   const struct sockaddr *to, socklen_t to_len)
{
	(void)arg;
	/* A full buffer loses it as the network might: it is asked again. */
	if (trap_fd >= 0 &&
	    sendto(trap_fd, p, len, MSG_DONTWAIT, to, to_len) < 0)
		noc_debug("snmp", "an answer could not be sent");
}

bool
noc_snmp_trap_known(void *arg, const struct sockaddr *from)
{
	char host[INET6_ADDRSTRLEN];
	size_t len = noc_address_host(from, host);

	return noc_identity_is_known(noc_core_inv(arg), noc_slice(host, len));
}

/* ---- INFORMs that wait ---- */

static void
inform_free(struct inform *f)
{
	struct snmp_trap *t = f->owner;

	for (size_t i = 0; i < f->nreplies; i++)
		noc_snmp_reply_drop(f->replies[i]);
	if (t) {
		noc_table_del(&t->pending, f->key);
		if (f->prev)
			f->prev->next = f->next;
		else
			t->oldest = f->next;
		if (f->next)
			f->next->prev = f->prev;
		else
			t->newest = f->prev;
	}
	free(f->key);
	free(f);
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
	}
	inform_free(f);
}

static void
on_inform_again(void *arg)
{
	noc_snmp_reply(arg);
}

/* Too late to answer: the sender has given up.  The entry stays, so that a
 * retransmit waits for the same event. */
static void
on_inform_tick(void *arg)
{
	struct snmp_trap *t = arg;
	int64_t now = noc_core_turn(t->env->core).boot_ns;

	for (struct inform *f = t->oldest; f && f->until_boot_ns <= now;
	     f = f->next) {
		for (size_t i = 0; i < f->nreplies; i++) {
			noc_snmp_reply_drop(f->replies[i]);
			t->unanswered++;
		}
		f->nreplies = 0;
	}
	if (t->oldest)
		noc_timer_arm(t->timer, 1000);
}

static struct inform *
inform_new(struct snmp_trap *t, char *key, struct noc_snmp_reply *reply)
{
	struct inform *f = noc_calloc(1, sizeof(*f));

	f->receipt.done = on_inform_done;
	f->owner = t;
	f->key = key;
	f->replies[f->nreplies++] = reply;
	f->until_boot_ns = noc_core_turn(t->env->core).boot_ns + INFORM_WAIT_NS;
	f->prev = t->newest;
	if (t->newest)
		t->newest->next = f;
	else
		t->oldest = f;
	t->newest = f;
	noc_table_put(&t->pending, key, f);
	if (!noc_timer_armed(t->timer))
		noc_timer_arm(t->timer, 1000);
	return f;
}

static char *
inform_key(const struct noc_snmp_trap *trap, const char *host)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	const uint8_t *who = trap->version == 3
				 ? trap->engine_id
				 : (const uint8_t *)trap->community;
	size_t len =
	    trap->version == 3 ? trap->engine_id_len : trap->community_len;

	noc_strbuf_addf(&sb, "%s/", host);
	noc_strbuf_add_hex(&sb, who, len);
	noc_strbuf_addf(&sb, "/%s/%d", trap->user, (int)trap->request_id);
	return noc_strbuf_detach(&sb, NULL);
}

/* ---- one notification ---- */

void
noc_snmp_trap_summary(const struct noc_value *snmp, struct noc_strbuf *out)
{
	const struct noc_value *vbs = noc_value_get(snmp, "varbinds");
	const char *name = noc_value_get_str(snmp, "trap", "");

	noc_strbuf_adds(out,
			*name ? name : noc_value_get_str(snmp, "trap_oid", ""));
	for (size_t i = 0; i < noc_value_len(vbs) && out->len < 400; i++) {
		const struct noc_value *vb = noc_value_at(vbs, i);
		const char *vb_name = noc_value_get_str(vb, "name", "");
		struct noc_strbuf text = NOC_STRBUF_INIT;

		noc_value_text(noc_value_get(vb, "value"), &text);
		noc_strbuf_addf(out, " %s=%.120s",
				*vb_name ? vb_name
					 : noc_value_get_str(vb, "oid", "?"),
				text.p ? text.p : "");
		noc_strbuf_release(&text);
	}
}

static bool
trap_community_ok(struct snmp_trap *t, const struct noc_snmp_trap *trap)
{
	const struct noc_value *list =
	    noc_value_get(t->env->config, "traps.communities");

	if (trap->version == 3)
		return true;
	for (size_t i = 0; i < noc_value_len(list); i++) {
		const struct noc_value *v = noc_value_at(list, i);

		if (v->type == NOC_STR && v->u.s.len == trap->community_len &&
		    !memcmp(v->u.s.p, trap->community, trap->community_len))
			return true;
	}
	return false;
}

static void
trap_refuse(struct snmp_trap *t, struct noc_source *source, const char *host,
	    const char *why)
{
	source->received++;
	source->refused++;
	/* The first, the tenth, the hundredth ...: a flood says little. */
	t->refused_said++;
	for (uint64_t n = t->refused_said; n % 10 == 0 || n == 1; n /= 10)
		if (n == 1) {
			noc_warn("snmp", "source=%s peer=%s refused=%llu %s",
				 source->name, host,
				 (unsigned long long)t->refused_said, why);
			break;
		}
}

static void
trap_emit(struct snmp_trap *t, struct noc_snmp_trap *trap, const char *host,
	  struct noc_slice raw, struct noc_receipt *receipt)
{
	struct noc_strbuf text = NOC_STRBUF_INIT;
	struct noc_event ev;

	memset(&ev, 0, sizeof(ev));
	ev.snmp = noc_snmp_trap_value(t->env->snmp, trap);
	if (*trap->trap_address && !noc_value_get(ev.snmp, "trap_address"))
		noc_value_set(ev.snmp, "trap_address",
			      noc_value_str(trap->trap_address));
	noc_snmp_trap_summary(ev.snmp, &text);
	ev.origin = noc_slice_str(host);
	ev.raw = raw;
	ev.severity = 5;
	ev.malformed = trap->malformed;
	ev.summary = noc_slice(text.p, text.len);
	ev.trust = trap->version == 3 && trap->level == NOC_SNMP_PRIV
		       ? NOC_TRUST_HIGH
		       : NOC_TRUST_LOW;
	noc_sensor_emit(t->env->core, receipt ? t->informs : t->traps, &ev,
			receipt);
	noc_strbuf_release(&text);
}

static void
trap_inform(struct snmp_trap *t, struct noc_snmp_trap *trap, const char *host,
	    struct noc_slice raw)
{
	char *key = inform_key(trap, host);
	struct inform *f = noc_table_get(&t->pending, key);
	struct noc_snmp_reply *reply = trap->reply;
	struct noc_core *core = t->env->core;

	trap->reply = NULL;
	if (f) {
		t->informs->received++;
		t->informs->duplicate++;
		if (f->nreplies < INFORM_REPLY_MAX)
			f->replies[f->nreplies++] = reply;
		else
			noc_snmp_reply_drop(reply);
		free(key);
		return;
	}
	if (t->paused || noc_table_len(&t->pending) >= INFORM_MAX) {
		t->informs->received++;
		t->informs->shed++;
		t->unanswered++;
		noc_snmp_reply_drop(reply);
		free(key);
		return;
	}
	noc_core_begin(core, noc_core_turn(core));
	if (noc_dedup_repeats(core, "inform", noc_slice_str(key),
			      INFORM_AGAIN_MS)) {
		t->informs->received++;
		t->informs->duplicate++;
		noc_core_effect(core, on_inform_again, NULL, reply);
		free(key);
	} else {
		f = inform_new(t, key, reply);
		trap_emit(t, trap, host, raw, &f->receipt);
	}
	noc_core_end(core);
}

static void
on_trap(const struct noc_udp_datagram *d, void *arg)
{
	struct snmp_trap *t = arg;
	struct noc_snmp_trap trap;
	struct noc_err err;
	char host[INET6_ADDRSTRLEN];
	int r;

	noc_address_host((const struct sockaddr *)d->from, host);
	memset(&trap, 0, sizeof(trap));
	r = noc_snmp_receive(t->env->snmp, (const uint8_t *)d->bytes.p,
			     d->bytes.len, (const struct sockaddr *)d->from,
			     d->from_len, &trap, &err);
	if (r == NOC_EAGAIN)
		return; /* discovery: no event was lost */
	if (r) {
		if (r == NOC_EINPUT)
			t->traps->malformed++;
		if (r == NOC_ERESOURCE)
			noc_limit_reached(t->env->core, "snmpv3", host, "%s",
					  err.msg);
		trap_refuse(t, t->traps, host, err.msg);
		return;
	}
	if (!trap_community_ok(t, &trap))
		trap_refuse(t, trap.inform ? t->informs : t->traps, host,
			    "its community is not one of traps.communities");
	else if (trap.inform)
		trap_inform(t, &trap, host, d->bytes);
	else
		trap_emit(t, &trap, host, d->bytes, NULL);
	noc_snmp_trap_clear(&trap);
}

/* ---- the sensor ---- */

static void
trap_close(void *instance)
{
	struct snmp_trap *t = instance;

	trap_fd = -1;
	noc_watch_free(t->timer);
	noc_udp_close(t->udp);
	/* Receipts may still come: they find their owner gone. */
	for (struct inform *f = t->oldest; f; f = f->next)
		f->owner = NULL;
	noc_table_release(&t->pending);
	free(t);
}

static int
trap_open(struct noc_env *env, void **instance, struct noc_err *err)
{
	struct snmp_trap *t;
	int r;

	if (!strcmp(noc_value_get_str(env->config, "traps", "off"), "off") ||
	    !env->snmp)
		return 0;
	t = noc_calloc(1, sizeof(*t));
	t->env = env;
	t->traps = noc_source_new(env->core, "snmp.trap", "snmp.trap", false);
	t->informs =
	    noc_source_new(env->core, "snmp.inform", "snmp.trap", true);
	t->timer = noc_loop_timer(env->loop, on_inform_tick, t);
	r = noc_udp_open(env, "traps", t->traps, on_trap, t, &t->udp, err);
	if (r) {
		trap_close(t);
		return r;
	}
	trap_fd = noc_udp_fd(t->udp);
	*instance = t;
	return 0;
}

static void
trap_pause(void *instance, bool paused)
{
	((struct snmp_trap *)instance)->paused = paused;
}

static void
trap_describe(void *instance, struct noc_strbuf *out)
{
	noc_listen_describe(noc_udp_fd(((struct snmp_trap *)instance)->udp),
			    "udp", out);
}

const struct noc_sensor_ops noc_sensor_snmp_trap = {
	.name = "snmp.trap",
	.summary = "SNMP traps and informs, v1 to v3",
	.open = trap_open,
	.close = trap_close,
	.pause = trap_pause,
	.describe = trap_describe,
};
