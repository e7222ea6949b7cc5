/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "snmp/peer_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"

#define OIDS_MAX   128
#define ROWS_MAX   4096
#define BULK_ROWS  25
#define TRIES	   3
#define TRY_MIN_MS 50

/* --- life --- */

static void
call_free(struct noc_snmp_call *c)
{
	for (size_t i = 0; c->values != NULL && i < c->noids; i++)
		noc_value_free(c->values[i]);
	noc_value_free(c->result);
	free(c->values);
	free(c->missing);
	free(c->oids);
	free(c->oid_lens);
	free(c->context);
	free(c);
}

static void
call_deliver(void *arg)
{
	struct noc_snmp_call *c = arg;
	struct noc_value *result = c->result;

	if (!c->cancelled) {
		c->result = NULL;
		c->done(result, c->err.kind ? &c->err : NULL, c->arg);
	}
	call_free(c);
}

/* Its outcome stands in result and err; it is told at the end of the turn. */
void
noc_snmp_call_finish(struct noc_snmp_call *c)
{
	struct noc_snmp_peer *p = c->peer;

	if (c->state == CALL_FINISHED)
		return;
	switch (c->state) {
	case CALL_WAITING:
		TAILQ_REMOVE(&p->waiting, c, link);
		p->nwaiting--;
		break;
	case CALL_READY:
		TAILQ_REMOVE(&p->ready, c, link);
		p->nrunning--;
		break;
	case CALL_SENT:
		p->nrunning--;
		break;
	case CALL_FINISHED:
		break;
	}
	c->state = CALL_FINISHED;
	if (c->err.kind != NOC_OK && c->err.kind != NOC_ENOTFOUND) {
		noc_value_free(c->result);
		c->result = NULL;
	}
	noc_table_deln(&c->snmp->calls, &c->id, sizeof(c->id));
	noc_watch_free(c->deadline);
	c->deadline = NULL;
	noc_snmp_peer_settle_later(p);
	noc_loop_defer(c->snmp->loop, call_deliver, c);
}

void
noc_snmp_call_fail(struct noc_snmp_call *c, enum noc_kind kind,
		   const char *what)
{
	noc_err_set(&c->err, kind, "%s port %u: %s.", c->peer->address,
		    c->peer->port, what);
	noc_snmp_call_finish(c);
}

void
noc_snmp_call_timeout(struct noc_snmp_call *c)
{
	c->snmp->stats.timeouts++;
	if (c->peer->refused)
		noc_snmp_call_fail(
		    c, NOC_ETIMEOUT,
		    "no answer; the host says that nothing listens "
		    "there");
	else if (c->peer->version == 3 && c->peer->state != PEER_READY)
		noc_snmp_call_fail(c, NOC_ETIMEOUT,
				   "no answer to the question for its engine");
	else
		noc_snmp_call_fail(
		    c, NOC_ETIMEOUT,
		    c->peer->version == 3
			? "no answer"
			: "no answer (a wrong community gets none "
			  "either)");
}

static void
on_deadline(void *arg)
{
	noc_snmp_call_timeout(arg);
}

/* --- sending --- */

static void
pdu_add(netsnmp_pdu *pdu, const noc_oid *arcs, size_t len)
{
	oid name[NOC_OID_MAX];

	for (size_t i = 0; i < len; i++)
		name[i] = arcs[i];
	snmp_add_null_var(pdu, name, len);
}

static netsnmp_pdu *
call_pdu(struct noc_snmp_call *c)
{
	static const int commands[] = { SNMP_MSG_GET, SNMP_MSG_GETNEXT,
					SNMP_MSG_GETBULK, SNMP_MSG_SET };
	int command = commands[c->op];
	netsnmp_pdu *pdu;

	if (c->op == NOC_SNMP_WALK && c->peer->version == 1)
		command = SNMP_MSG_GETNEXT;
	pdu = snmp_pdu_create(command);
	NOC_REQUIRE(pdu != NULL);
	if (command == SNMP_MSG_GETBULK) {
		pdu->non_repeaters = 0;
		pdu->max_repetitions = BULK_ROWS;
	}
	if (c->context != NULL && c->peer->version == 3) {
		pdu->contextName = noc_strdup(c->context);
		pdu->contextNameLen = strlen(c->context);
	}
	if (c->op == NOC_SNMP_WALK) {
		pdu_add(pdu, c->at, c->at_len);
		return pdu;
	}
	for (size_t i = 0; i < c->noids; i++) {
		struct noc_err err;

		if (c->missing[i])
			continue;
		if (c->op != NOC_SNMP_SET)
			pdu_add(pdu, c->oids[i], c->oid_lens[i]);
		else if (noc_snmp_varbind_add(pdu, c->snmp->mib, c->oids[i],
					      c->oid_lens[i], c->values[i],
					      &err) < 0)
			(void)NOC_FAILS(err.kind ==
					NOC_OK); /* was tried before */
	}
	return pdu;
}

void
noc_snmp_call_send(struct noc_snmp_call *c)
{
	netsnmp_session *s = snmp_sess_session(c->peer->sessp);
	netsnmp_pdu *pdu = call_pdu(c);

	s->timeout = (long)c->try_ms * 1000;
	s->retries = c->tries - 1;
	c->peer->refused = false;
	if (c->peer->local != NULL &&
	    !noc_snmp_local_use(c->peer->local, &c->peer->secret))
		noc_warn("snmp", "address=%s the user's keys are unusable",
			 c->peer->address);
	if (snmp_sess_async_send(c->peer->sessp, pdu, noc_snmp_on_answer,
				 (void *)(uintptr_t)c->id) != 0)
		return;
	snmp_free_pdu(pdu);
	if (c->state != CALL_FINISHED)
		noc_snmp_call_fail(c, NOC_EDOWN,
				   snmp_api_errstring(s->s_snmp_errno));
}

void
noc_snmp_call_again(struct noc_snmp_call *c)
{
	c->state = CALL_READY;
	TAILQ_INSERT_TAIL(&c->peer->ready, c, link);
	noc_snmp_peer_settle_later(c->peer);
}

void
noc_snmp_walk_root(struct noc_snmp_call *c)
{
	c->at_len = c->oid_lens[c->root];
	memcpy(c->at, c->oids[c->root], c->at_len * sizeof(noc_oid));
}

/* --- the public part --- */

static int
call_oids(struct noc_snmp_call *c, const struct noc_snmp_request *req,
	  struct noc_err *err)
{
	netsnmp_pdu *trial;
	int rc = 0;

	for (size_t i = 0; i < c->noids && rc == 0; i++)
		rc = noc_oid_parse(c->snmp->mib, req->oids[i],
				   strlen(req->oids[i]), c->oids[i],
				   &c->oid_lens[i], NULL, err);
	if (rc < 0 || req->op != NOC_SNMP_SET)
		return rc;
	c->values = noc_calloc(c->noids, sizeof(*c->values));
	trial = snmp_pdu_create(SNMP_MSG_SET);
	NOC_REQUIRE(trial != NULL);
	for (size_t i = 0; i < c->noids && rc == 0; i++) {
		c->values[i] = noc_value_copy(req->values[i]);
		rc = noc_snmp_varbind_add(trial, c->snmp->mib, c->oids[i],
					  c->oid_lens[i], c->values[i], err);
	}
	snmp_free_pdu(trial);
	return rc;
}

static int
request_check(const struct noc_snmp_request *req, struct noc_err *err)
{
	const struct noc_snmp_credential *c = &req->credential;

	if (req->noids < 1 || req->noids > OIDS_MAX)
		return noc_err_set(err, NOC_EINPUT,
				   "An SNMP request has 1 to %d OIDs, not %zu.",
				   OIDS_MAX, req->noids);
	if (req->address == NULL || req->timeout_ms <= 0)
		return noc_err_set(err, NOC_EINPUT,
				   "An SNMP request needs an address and a "
				   "timeout.");
	if (c->version < 1 || c->version > 3)
		return noc_err_set(err, NOC_ECONFIG,
				   "SNMP version %d is not 1, 2 or 3.",
				   c->version);
	if (c->version != 3 && c->community == NULL)
		return noc_err_set(err, NOC_ECONFIG,
				   "The credential for %s has no community.",
				   req->address);
	if (c->context != NULL && strlen(c->context) > 255)
		return noc_err_set(err, NOC_ECONFIG,
				   "An SNMP context has at most 255 bytes.");
	if (req->op == NOC_SNMP_SET && req->values == NULL)
		return noc_err_set(err, NOC_EINPUT,
				   "An SNMP SET needs values.");
	return 0;
}

static struct noc_snmp_call *
call_new(struct noc_snmp *snmp, const struct noc_snmp_request *req)
{
	struct noc_snmp_call *c = noc_calloc(1, sizeof(*c));

	c->snmp = snmp;
	c->op = req->op;
	c->noids = req->noids;
	c->oids = noc_calloc(c->noids, sizeof(*c->oids));
	c->oid_lens = noc_calloc(c->noids, sizeof(*c->oid_lens));
	c->missing = noc_calloc(c->noids, sizeof(*c->missing));
	c->tries = req->tries > 0 ? req->tries : TRIES;
	c->try_ms = req->timeout_ms / c->tries;
	if (c->try_ms < TRY_MIN_MS)
		c->try_ms = TRY_MIN_MS;
	c->max_rows = req->max_rows ? req->max_rows : ROWS_MAX;
	if (req->credential.context != NULL)
		c->context = noc_strdup(req->credential.context);
	c->result = noc_value_list();
	return c;
}

struct noc_snmp_call *
noc_snmp_request(struct noc_snmp *snmp, const struct noc_snmp_request *request,
		 void (*done)(struct noc_value *result,
			      const struct noc_err *err, void *arg),
		 void *arg, struct noc_err *err)
{
	struct noc_snmp_request req = *request;
	struct noc_snmp_call *c;
	struct noc_snmp_peer *p = NULL;

	if (req.port == 0)
		req.port = 161;
	if (request_check(&req, err) < 0)
		return NULL;
	c = call_new(snmp, &req);
	if (call_oids(c, &req, err) < 0 ||
	    noc_snmp_peer_get(snmp, &req, &p, err) < 0) {
		call_free(c);
		return NULL;
	}
	if (c->op == NOC_SNMP_WALK)
		noc_snmp_walk_root(c);
	c->peer = p;
	c->done = done;
	c->arg = arg;
	c->id = ++snmp->call_id;
	noc_table_putn(&snmp->calls, &c->id, sizeof(c->id), c);
	c->deadline = noc_loop_timer(snmp->loop, on_deadline, c);
	noc_timer_arm(c->deadline, req.timeout_ms);
	TAILQ_INSERT_TAIL(&p->waiting, c, link);
	p->nwaiting++;
	snmp->stats.requests++;
	noc_snmp_peer_settle_later(p);
	return c;
}

void
noc_snmp_cancel(struct noc_snmp_call *c)
{
	if (c == NULL)
		return;
	c->cancelled = true;
	noc_snmp_call_finish(c);
}

void
noc_snmp_calls_release(struct noc_snmp *snmp)
{
	const char *key;
	void *v;

	for (size_t it = 0; noc_table_next(&snmp->calls, &it, &key, &v);)
		noc_snmp_cancel(v);
	noc_table_release(&snmp->calls);
}
