/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "snmp/private.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Exported by libnetsnmp for its agent, declared in no header. */
netsnmp_pdu *snmp_create_sess_pdu(netsnmp_transport *transport, void *opaque,
				  size_t olength);

struct noc_snmp_reply {
	TAILQ_ENTRY(noc_snmp_reply) link;
	struct noc_snmp *snmp; /* NULL: closed meanwhile */
	netsnmp_pdu *pdu;
};

static bool
engine_is_ours(const struct noc_snmp *snmp, const struct noc_snmp_shape *s)
{
	return s->engine_id_len == snmp->engine_len &&
	       memcmp(s->engine_id, snmp->engine, snmp->engine_len) == 0;
}

static int
report_refuse(struct noc_err *err)
{
	return noc_err_set(err, NOC_ERESOURCE,
			   "Too many SNMPv3 messages a second ask for our "
			   "engine or clock; this one got no answer.");
}

/* A message that cannot be authentic: the library would only report. */
static int
admit_report(struct noc_snmp *snmp, const struct sockaddr *from,
	     struct noc_err *err)
{
	if (!noc_snmp_reports_take(snmp, from, false))
		return report_refuse(err);
	snmp->report = REPORT_PAID;
	return 0;
}

/* May the library have this v3 message? */
static int
admit_v3(struct noc_snmp *snmp, const struct noc_snmp_shape *s,
	 const uint8_t *p, size_t len, const struct sockaddr *from,
	 struct noc_err *err)
{
	bool reportable = s->flags & SNMP_MSG_FLAG_RPRT_BIT;
	const struct noc_snmp_trusted *who =
	    noc_table_getn(&snmp->trusted, s->user, s->user_len);
	enum noc_snmp_level level = (enum noc_snmp_level)(
	    1 + (s->flags & SNMP_MSG_FLAG_AUTH_BIT ? 1 : 0) +
	    (s->flags & SNMP_MSG_FLAG_PRIV_BIT ? 1 : 0));

	if (s->engine_id_len == 0) {
		if (reportable)
			return admit_report(snmp, from, err);
		return noc_err_set(err, NOC_EINPUT,
				   "The SNMPv3 message names no engine.");
	}
	if (who == NULL) {
		if (reportable && engine_is_ours(snmp, s))
			return admit_report(snmp, from, err);
		return noc_err_set(err, NOC_EDENIED,
				   "The SNMPv3 user '%.*s' is not configured.",
				   (int)s->user_len,
				   s->user_len ? (const char *)s->user : "");
	}
	if (level < who->secret.level)
		return noc_err_set(err, NOC_EDENIED,
				   "The message is less protected than the "
				   "SNMPv3 user '%s' is configured for.",
				   who->secret.name);
	if (engine_is_ours(snmp, s) &&
	    noc_snmp_local_use(who->ours, &who->secret))
		return 0;
	if (who->engine_len == 0)
		return noc_snmp_learn(snmp, who, s, p, len, err);
	if (who->engine_len == s->engine_id_len &&
	    !memcmp(who->engine, s->engine_id, who->engine_len) &&
	    noc_snmp_local_use(who->theirs, &who->secret))
		return 0;
	return noc_err_set(err, NOC_EDENIED,
			   "The SNMPv3 user '%s' sent as another engine than "
			   "the configured one.",
			   who->secret.name);
}

static int
admit(struct noc_snmp *snmp, const struct noc_snmp_shape *s, const uint8_t *p,
      size_t len, const struct sockaddr *from, struct noc_err *err)
{
	switch (s->pdu) {
	case SNMP_MSG_TRAP:
	case SNMP_MSG_TRAP2:
	case SNMP_MSG_INFORM:
		break;
	case 0: /* encrypted: seen later */
		break;
	case SNMP_MSG_GET: /* discovery asks with an empty GET */
		if (s->version == 3 && s->engine_id_len == 0)
			break;
		/* fallthrough */
	default:
		return noc_err_set(err, NOC_EINPUT,
				   "The SNMP message is a request or an answer "
				   "(PDU type 0x%02x), not a notification.",
				   s->pdu);
	}
	return s->version == 3 ? admit_v3(snmp, s, p, len, from, err) : 0;
}

/* What the library made of a message that it refused. */
static int
refused(struct noc_snmp *snmp, int rc, const struct noc_snmp_shape *s,
	struct noc_err *err)
{
	bool reportable = s->flags & SNMP_MSG_FLAG_RPRT_BIT;

	if (snmp->report == REPORT_REFUSED)
		return report_refuse(err);
	switch (rc) {
	case SNMPERR_USM_UNKNOWNENGINEID:
	case SNMPERR_USM_NOTINTIMEWINDOW:
		if (reportable) {
			snmp->stats.reports++;
			return noc_err_set(err, NOC_EAGAIN,
					   "The sender asked for our engine or "
					   "clock and was told.");
		}
		/* fallthrough */
	case SNMPERR_USM_UNKNOWNSECURITYNAME:
	case SNMPERR_USM_UNSUPPORTEDSECURITYLEVEL:
	case SNMPERR_USM_AUTHENTICATIONFAILURE:
	case SNMPERR_USM_DECRYPTIONERROR:
		snmp->stats.reports += reportable;
		return noc_err_set(err, NOC_EDENIED,
				   "The SNMPv3 message of user '%.*s' was "
				   "refused: %s.",
				   (int)s->user_len,
				   s->user_len ? (const char *)s->user : "",
				   snmp_api_errstring(rc));
	default:
		return noc_err_set(err, NOC_EINPUT,
				   "libnetsnmp could not read the message: "
				   "%s.",
				   snmp_api_errstring(rc));
	}
}

static struct noc_snmp_reply *
reply_new(struct noc_snmp *snmp, netsnmp_pdu *pdu)
{
	struct noc_snmp_reply *r = noc_calloc(1, sizeof(*r));

	r->snmp = snmp;
	r->pdu = snmp_clone_pdu(pdu);
	if (r->pdu == NULL) {
		free(r);
		return NULL;
	}
	r->pdu->command = SNMP_MSG_RESPONSE;
	r->pdu->errstat = 0;
	r->pdu->errindex = 0;
	TAILQ_INSERT_TAIL(&snmp->replies, r, link);
	return r;
}

static int
parsed(struct noc_snmp *snmp, netsnmp_pdu *pdu, struct noc_snmp_trap *out,
       struct noc_err *err)
{
	int rc;

	if (pdu->command != SNMP_MSG_TRAP && pdu->command != SNMP_MSG_TRAP2 &&
	    pdu->command != SNMP_MSG_INFORM)
		return noc_err_set(err, NOC_EINPUT,
				   "The SNMP message is not a notification.");
	if ((rc = noc_snmp_trap_fill(snmp, pdu, out, err)) < 0)
		return rc;
	if (out->inform) {
		out->reply = reply_new(snmp, pdu);
		snmp->stats.informs++;
	} else {
		snmp->stats.traps++;
	}
	return 0;
}

/*
 * The library has one clock of an engine for all of its users, and for what we
 * ask it.  Who has one user's key may sign any engine with any clock, so none
 * is lent to a notification, and none is learnt of it; how old it is says
 * engine/memory/heard.h.
 */
struct lent_clock {
	bool lent;
	u_int boots, time;
};

static struct lent_clock
clock_take(const struct noc_snmp *snmp, const struct noc_snmp_shape *s)
{
	struct lent_clock c = { .lent = s->version == 3 &&
					s->engine_id_len > 0 &&
					!engine_is_ours(snmp, s) };

	if (!c.lent)
		return c;
	get_enginetime(s->engine_id, (u_int)s->engine_id_len, &c.boots, &c.time,
		       TRUE);
	set_enginetime(s->engine_id, (u_int)s->engine_id_len, 0, 0, TRUE);
	return c;
}

static void
clock_put(const struct noc_snmp_shape *s, const struct lent_clock *c)
{
	if (c->lent)
		set_enginetime(s->engine_id, (u_int)s->engine_id_len, c->boots,
			       c->time, TRUE);
}

static int
receive(struct noc_snmp *snmp, const struct noc_snmp_shape *s, const uint8_t *p,
	size_t len, void *opaque, size_t opaque_len, struct noc_snmp_trap *out,
	struct noc_err *err)
{
	struct lent_clock clock;
	netsnmp_pdu *pdu;
	int rc;

	/* The library zeroes the signature in place, and once read past the
	 * end of what it was given. */
	memcpy(snmp->buffer, p, len);
	memset(snmp->buffer + len, 0, NOC_SNMP_PADDING);
	clock = clock_take(snmp, s);
	pdu = snmp_create_sess_pdu(snmp->transport, opaque, opaque_len);
	if (pdu == NULL) {
		free(opaque);
		clock_put(s, &clock);
		return noc_err_set(err, NOC_ERESOURCE,
				   "libnetsnmp has no memory for a message.");
	}
	snmp->reading = true;
	rc = snmp_parse(snmp->sessp, snmp_sess_session(snmp->sessp), pdu,
			snmp->buffer, len);
	snmp->reading = false;
	clock_put(s, &clock);
	if (rc != 0)
		rc = refused(snmp, rc, s, err);
	else
		rc = parsed(snmp, pdu, out, err);
	if (s->version == 3) {
		out->ours = engine_is_ours(snmp, s);
		out->boots = s->boots;
		out->time_s = s->time;
	}
	snmp_free_pdu(pdu);
	return rc;
}

/* Nothing is dropped for being ugly. */
static int
check_ugly(const uint8_t **p, size_t *len, uint8_t **copy,
	   struct noc_snmp_shape *shape, struct noc_err *err)
{
	struct noc_err again;
	size_t n;

	*copy = NULL;
	if (!noc_snmp_check(*p, *len, shape, err))
		return 0;
	*copy = noc_malloc(*len ? *len : 1);
	n = noc_snmp_short_tag(*p, *len, *copy);
	if (!n || noc_snmp_check(*copy, n, shape, &again))
		return NOC_EINPUT;
	*p = *copy;
	*len = n;
	return 0;
}

int
noc_snmp_receive(struct noc_snmp *snmp, const uint8_t *p, size_t len,
		 const struct sockaddr *from, socklen_t from_len,
		 struct noc_snmp_trap *out, struct noc_err *err)
{
	struct noc_snmp_shape shape;
	const uint8_t *given = p;
	uint8_t *copy = NULL;
	int rc;

	memset(out, 0, sizeof(*out));
	snmp->stats.received++;
	snmp->report = REPORT_UNPAID;
	if (len > NOC_SNMP_DATAGRAM)
		rc = noc_err_set(err, NOC_EINPUT,
				 "The message is larger than a datagram.");
	else if ((rc = check_ugly(&p, &len, &copy, &shape, err)) == 0 &&
		 (rc = admit(snmp, &shape, p, len, from, err)) == 0)
		rc = receive(snmp, &shape, p, len,
			     from ? noc_memdup(from, from_len) : NULL,
			     from ? from_len : 0, out, err);
	if (rc < 0)
		noc_snmp_trap_clear(out);
	else
		out->malformed = p != given;
	free(copy);
	snmp->stats.malformed += rc == NOC_EINPUT;
	snmp->stats.denied += rc == NOC_EDENIED;
	return rc;
}

/* --- answers to INFORMs --- */

void
noc_snmp_reply(struct noc_snmp_reply *r)
{
	if (r != NULL && r->snmp != NULL &&
	    snmp_sess_send(r->snmp->sessp, r->pdu) != 0) {
		r->pdu = NULL; /* the library freed it */
		r->snmp->stats.answered++;
	}
	noc_snmp_reply_drop(r);
}

void
noc_snmp_reply_drop(struct noc_snmp_reply *r)
{
	if (r == NULL)
		return;
	if (r->snmp != NULL)
		TAILQ_REMOVE(&r->snmp->replies, r, link);
	if (r->pdu != NULL)
		snmp_free_pdu(r->pdu);
	free(r);
}

void
noc_snmp_replies_release(struct noc_snmp *snmp)
{
	struct noc_snmp_reply *r;

	while ((r = TAILQ_FIRST(&snmp->replies)) != NULL) {
		TAILQ_REMOVE(&snmp->replies, r, link);
		r->snmp = NULL;
		snmp_free_pdu(r->pdu);
		r->pdu = NULL;
	}
}
