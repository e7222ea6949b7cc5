/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "sensors/snmp_trap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/core/core.h"
#include "engine/event/identity.h"
#include "engine/memory/heard.h"
#include "engine/memory/inform.h"
#include "engine/notify/limit.h"
#include "engine/run/cause.h"
#include "snmp/snmp.h"
#include "sensors/listen.h"
#include "sensors/snmp_inform.h"
#include "sensors/udp.h"

/*
 * SNMP notifications: our own socket, the strict BER check and libnetsnmp
 * behind noc_snmp_receive.  Communities are ours to check.  An INFORM is
 * answered when what became of it is durable; its retransmits join the wait,
 * or are answered again for five minutes without a new event.
 */
struct notification { /* one that is being taken in */
	struct noc_snmp_trap snmp;
	char host[INET6_ADDRSTRLEN];
	struct noc_slice raw;
	enum noc_trust trust;
	bool authentic;
	struct noc_heard heard;
};

struct snmp_trap {
	struct noc_env *env;
	struct noc_source *traps, *informs;
	struct noc_udp *udp;
	struct noc_informs *waiting;
	bool paused;
	uint64_t refused_said;
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
trap_emit(struct snmp_trap *t, struct notification *n,
	  struct noc_receipt *receipt)
{
	struct noc_snmp_trap *trap = &n->snmp;
	struct noc_strbuf text = NOC_STRBUF_INIT;
	struct noc_event ev;

	memset(&ev, 0, sizeof(ev));
	ev.snmp = noc_snmp_trap_value(t->env->snmp, trap);
	if (*trap->trap_address && !noc_value_get(ev.snmp, "trap_address"))
		noc_value_set(ev.snmp, "trap_address",
			      noc_value_str(trap->trap_address));
	noc_snmp_trap_summary(ev.snmp, &text);
	ev.origin = noc_slice_str(n->host);
	ev.raw = n->raw;
	ev.severity = 5;
	ev.malformed = trap->malformed;
	ev.summary = noc_slice(text.p, text.len);
	ev.trust = n->trust;
	noc_sensor_emit(t->env->core, receipt ? t->informs : t->traps, &ev,
			receipt);
	noc_strbuf_release(&text);
}

/* A device that was put in another's place, or that lost count, is not heard
 * any more: people have to know.  By its engine, which was authenticated, and
 * not by its address, which anybody can forge. */
static void
trap_tell_old(struct snmp_trap *t, const struct noc_heard *heard)
{
	struct noc_core *core = t->env->core;
	char hex[65];

	noc_core_begin(core, noc_core_turn(core));
	noc_cause_tell(core, NULL, NOC_ACTIVE, NULL,
		       "notifications of SNMPv3 engine %s are refused, they "
		       "are older than what it said before: a replay, or a "
		       "device that lost count of its boots (snmp.replay)",
		       noc_hex(hex, heard->engine, heard->engine_len));
	noc_core_end(core);
}

/* Was this very message here, or is it out of the past?  Then that is counted
 * and true. */
static bool
trap_is_replay(struct snmp_trap *t, struct noc_source *source,
	       struct notification *n, bool *again)
{
	*again = false;
	if (!n->authentic)
		return false;
	switch (noc_heard(t->env->core, &n->heard)) {
	case NOC_HEARD_NEW:
		return false;
	case NOC_HEARD_STRANGE:
		n->trust = NOC_TRUST_LOW;
		return false;
	case NOC_HEARD_AGAIN:
		source->received++;
		source->duplicate++;
		*again = true;
		return true;
	case NOC_HEARD_OLD:
		break;
	}
	trap_refuse(t, source, n->host,
		    "it is older than what its SNMPv3 engine said before: a "
		    "replay, or a device that loses count of its boots "
		    "(snmp.replay)");
	trap_tell_old(t, &n->heard);
	return true;
}

/* ---- INFORMs ---- */

static void
on_inform_again(void *arg)
{
	noc_snmp_reply(arg);
}

/*
 * What makes it the one that was sent before.  A retransmit has the same
 * request id and says the same, also when it names the boots that we have
 * since we were started again; two that say different things are two.
 */
static char *
inform_key(const struct notification *n)
{
	const struct noc_snmp_trap *trap = &n->snmp;
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	const uint8_t *who = trap->version == 3
				 ? trap->engine_id
				 : (const uint8_t *)trap->community;
	size_t len =
	    trap->version == 3 ? trap->engine_id_len : trap->community_len;

	noc_strbuf_addf(&sb, "%s/", n->host);
	noc_strbuf_add_hex(&sb, who, len);
	noc_strbuf_addf(&sb, "/%s/%d/", trap->user, (int)trap->request_id);
	noc_strbuf_add_hex(&sb, trap->content, sizeof(trap->content));
	return noc_strbuf_detach(&sb, NULL);
}

static void
trap_inform_new(struct snmp_trap *t, struct notification *n, const char *key,
		struct noc_snmp_reply *reply)
{
	struct noc_core *core = t->env->core;
	uint64_t shed = t->informs->shed;
	const struct noc_inform f = {
		.host = n->host,
		.key = key,
		.low = n->trust == NOC_TRUST_LOW &&
		       !noc_identity_is_known(noc_core_inv(core),
					      noc_slice_str(n->host)),
	};
	bool again;

	if (trap_is_replay(t, t->informs, n, &again)) {
		if (again)
			noc_core_effect(core, on_inform_again, NULL, reply);
		else
			noc_snmp_reply_drop(reply);
	} else if (noc_inform_repeats(core, &f)) {
		t->informs->received++;
		t->informs->duplicate++;
		noc_core_effect(core, on_inform_again, NULL, reply);
	} else {
		trap_emit(t, n,
			  noc_informs_wait(t->waiting, &f,
					   n->authentic ? &n->heard : NULL,
					   reply));
		/* What is shed at once costs the disk nothing. */
		if (t->informs->shed == shed)
			noc_inform_keep(core, &f);
		else if (n->authentic) /* nor may a death keep it */
			noc_heard_forget(core, &n->heard);
	}
}

static void
trap_inform(struct snmp_trap *t, struct notification *n)
{
	struct noc_snmp_reply *reply = n->snmp.reply;
	char *key = inform_key(n);

	n->snmp.reply = NULL;
	if (noc_informs_join(t->waiting, key, reply)) {
		t->informs->received++;
		t->informs->duplicate++;
	} else if (t->paused || noc_informs_is_full(t->waiting)) {
		t->informs->received++;
		t->informs->shed++;
		noc_snmp_reply_drop(reply);
	} else {
		trap_inform_new(t, n, key, reply);
	}
	free(key);
}

/* Who says it, and which message of an authentic engine it is. */
static void
trap_judge(struct snmp_trap *t, struct notification *n)
{
	const struct noc_snmp_trap *trap = &n->snmp;

	n->trust = trap->version == 3 && trap->level == NOC_SNMP_PRIV
		       ? NOC_TRUST_HIGH
		       : NOC_TRUST_LOW;
	n->authentic = trap->version == 3 && trap->level >= NOC_SNMP_AUTH &&
		       noc_value_get_bool(t->env->config, "snmp.replay", true);
	if (!n->authentic)
		return;
	memcpy(n->heard.engine, trap->engine_id, sizeof(n->heard.engine));
	n->heard.engine_len = trap->engine_id_len;
	snprintf(n->heard.user, sizeof(n->heard.user), "%s", trap->user);
	n->heard.ours = trap->ours;
	n->heard.boots = trap->boots;
	n->heard.time_s = trap->time_s;
	noc_sha256_once(n->raw.p, n->raw.len, n->heard.digest);
}

static void
trap_take(struct snmp_trap *t, struct notification *n)
{
	struct noc_core *core = t->env->core;
	bool again;

	trap_judge(t, n);
	noc_core_begin(core, noc_core_turn(core));
	if (!trap_community_ok(t, &n->snmp))
		trap_refuse(t, n->snmp.inform ? t->informs : t->traps, n->host,
			    "its community is not one of traps.communities");
	else if (n->snmp.inform)
		trap_inform(t, n);
	else if (!trap_is_replay(t, t->traps, n, &again))
		trap_emit(t, n, NULL);
	noc_core_end(core);
}

static void
on_trap(const struct noc_udp_datagram *d, void *arg)
{
	struct snmp_trap *t = arg;
	struct notification n;
	struct noc_err err;
	int r;

	memset(&n, 0, sizeof(n));
	noc_address_host((const struct sockaddr *)d->from, n.host);
	n.raw = d->bytes;
	r = noc_snmp_receive(t->env->snmp, (const uint8_t *)d->bytes.p,
			     d->bytes.len, (const struct sockaddr *)d->from,
			     d->from_len, &n.snmp, &err);
	if (r == NOC_EAGAIN)
		return; /* discovery: no event was lost */
	if (r) {
		if (r == NOC_EINPUT)
			t->traps->malformed++;
		if (r == NOC_ERESOURCE)
			noc_limit_reached(t->env->core, "snmpv3", n.host, "%s",
					  err.msg);
		trap_refuse(t, t->traps, n.host, err.msg);
		return;
	}
	trap_take(t, &n);
	noc_snmp_trap_clear(&n.snmp);
}

/* ---- the sensor ---- */

static void
trap_close(void *instance)
{
	struct snmp_trap *t = instance;

	trap_fd = -1;
	noc_udp_close(t->udp);
	noc_informs_free(t->waiting);
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
	t->waiting = noc_informs_new(env);
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
