/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "snmp/peer_private.h"

#include <string.h>

#include "base/mem.h"

/* --- answers --- */

static enum noc_kind
status_kind(long status)
{
	switch (status) {
	case SNMP_ERR_NOACCESS:
	case SNMP_ERR_READONLY:
	case SNMP_ERR_NOTWRITABLE:
	case SNMP_ERR_AUTHORIZATIONERROR:
		return NOC_EDENIED;
	case SNMP_ERR_TOOBIG:
	case SNMP_ERR_GENERR:
	case SNMP_ERR_RESOURCEUNAVAILABLE:
		return NOC_EAGAIN;
	case SNMP_ERR_COMMITFAILED:
	case SNMP_ERR_UNDOFAILED:
		return NOC_EINDOUBT;
	default:
		return NOC_EREMOTE;
	}
}

static void
call_status(struct noc_snmp_call *c, const netsnmp_pdu *pdu)
{
	char name[256] = "the request", text[400];
	size_t i = (size_t)pdu->errindex, at = 0;

	/* errindex counts the varbinds that were sent, from one. */
	for (size_t k = 0; c->op != NOC_SNMP_WALK && i > 0 && k < c->noids;
	     k++) {
		if (c->missing[k] || ++at != i)
			continue;
		noc_oid_format_name(c->snmp->mib, name, sizeof(name),
				    c->oids[k], c->oid_lens[k]);
		break;
	}
	snprintf(text, sizeof(text), "the agent refused %s: %s", name,
		 snmp_errstring((int)pdu->errstat));
	noc_snmp_call_fail(c, status_kind(pdu->errstat), text);
}

/* v1 says noSuchName for the whole GET: ask again for the others. */
static bool
call_drop_missing(struct noc_snmp_call *c, const netsnmp_pdu *pdu)
{
	size_t at = 0;

	if (c->peer->version != 1 || pdu->errstat != SNMP_ERR_NOSUCHNAME ||
	    (c->op != NOC_SNMP_GET && c->op != NOC_SNMP_GETNEXT))
		return false;
	for (size_t i = 0; i < c->noids; i++) {
		if (!c->missing[i] && ++at == (size_t)pdu->errindex) {
			c->missing[i] = true;
			return true;
		}
	}
	return false;
}

static struct noc_value *
missing_varbind(const struct noc_snmp_call *c, size_t i)
{
	netsnmp_variable_list v = { 0 };
	oid name[NOC_OID_MAX];

	for (size_t k = 0; k < c->oid_lens[i]; k++)
		name[k] = c->oids[i][k];
	v.name = name;
	v.name_length = c->oid_lens[i];
	v.type = SNMP_NOSUCHINSTANCE;
	return noc_snmp_varbind(c->snmp->mib, &v);
}

static bool
is_exception(const netsnmp_variable_list *v)
{
	return v->type == SNMP_NOSUCHOBJECT || v->type == SNMP_NOSUCHINSTANCE ||
	       v->type == SNMP_ENDOFMIBVIEW;
}

static bool
same_oid(const netsnmp_variable_list *v, const noc_oid *arcs, size_t len)
{
	if (v->name_length != len)
		return false;
	for (size_t i = 0; i < len; i++)
		if ((noc_oid)v->name[i] != arcs[i])
			return false;
	return true;
}

static void
call_values(struct noc_snmp_call *c, const netsnmp_pdu *pdu)
{
	const netsnmp_variable_list *v = pdu ? pdu->variables : NULL;
	size_t found = 0;

	for (size_t i = 0; i < c->noids; i++) {
		if (c->missing[i]) {
			noc_value_push(c->result, missing_varbind(c, i));
			continue;
		}
		if (v == NULL || (c->op != NOC_SNMP_GETNEXT &&
				  !same_oid(v, c->oids[i], c->oid_lens[i]))) {
			noc_snmp_call_fail(
			    c, NOC_EREMOTE,
			    "the agent answered for other OIDs than it "
			    "was asked");
			return;
		}
		found += !is_exception(v);
		noc_value_push(c->result, noc_snmp_varbind(c->snmp->mib, v));
		v = v->next_variable;
	}
	if (found == 0 && c->op == NOC_SNMP_GET)
		noc_snmp_call_fail(c, NOC_ENOTFOUND,
				   "the agent has no such object");
	else
		noc_snmp_call_finish(c);
}

/* --- walks --- */

/* The next root, or the end. */
static void
walk_next_root(struct noc_snmp_call *c)
{
	if (++c->root >= c->noids) {
		noc_snmp_call_finish(c);
		return;
	}
	noc_snmp_walk_root(c);
	noc_snmp_call_again(c);
}

static int
arcs_compare(const noc_oid *a, size_t alen, const noc_oid *b, size_t blen)
{
	for (size_t i = 0; i < alen && i < blen; i++)
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	return alen == blen ? 0 : alen < blen ? -1 : 1;
}

/* 1: took the row; 0: this root is done; negative: the call is finished. */
static int
walk_row(struct noc_snmp_call *c, const netsnmp_variable_list *v)
{
	noc_oid arcs[NOC_OID_MAX];
	size_t n = v->name_length;
	struct noc_value *end;

	if (is_exception(v) || n > NOC_OID_MAX || n < c->oid_lens[c->root])
		return 0;
	memset(arcs, 0, sizeof(arcs));
	for (size_t i = 0; i < n; i++)
		arcs[i] = (noc_oid)v->name[i];
	if (!noc_oid_under(arcs, n, c->oids[c->root], c->oid_lens[c->root]))
		return 0;
	if (arcs_compare(arcs, n, c->at, c->at_len) <= 0) {
		noc_snmp_call_fail(
		    c, NOC_EREMOTE,
		    "the agent's OIDs do not increase, the walk would "
		    "never end");
		return -1;
	}
	if (noc_value_len(c->result) >= c->max_rows) {
		end = noc_value_map();
		noc_value_set(end, "type", noc_value_str("truncated"));
		noc_value_push(c->result, end);
		noc_snmp_call_finish(c);
		return -1;
	}
	memcpy(c->at, arcs, n * sizeof(*arcs));
	c->at_len = n;
	noc_value_push(c->result, noc_snmp_varbind(c->snmp->mib, v));
	return 1;
}

static void
walk_answer(struct noc_snmp_call *c, const netsnmp_pdu *pdu)
{
	const netsnmp_variable_list *v = pdu->variables;
	int rc = v != NULL;

	if (pdu->errstat == SNMP_ERR_NOSUCHNAME) /* v1: the end of the MIB */
		rc = 0;
	for (; rc == 1 && v != NULL; v = v->next_variable)
		rc = walk_row(c, v);
	if (rc == 0)
		walk_next_root(c);
	else if (rc == 1)
		noc_snmp_call_again(c);
}

static void
call_response(struct noc_snmp_call *c, const netsnmp_pdu *pdu)
{
	if (c->op == NOC_SNMP_WALK &&
	    (pdu->errstat == 0 || pdu->errstat == SNMP_ERR_NOSUCHNAME)) {
		walk_answer(c, pdu);
	} else if (pdu->errstat == 0) {
		call_values(c, pdu);
	} else if (call_drop_missing(c, pdu)) {
		for (size_t i = 0; i < c->noids; i++)
			if (!c->missing[i]) {
				noc_snmp_call_again(c);
				return;
			}
		call_values(c, NULL);
	} else {
		call_status(c, pdu);
	}
}

/* --- v3 trouble --- */

static void
call_requeue(struct noc_snmp_call *c)
{
	struct noc_snmp_peer *p = c->peer;

	if (c->rediscovered) {
		noc_snmp_call_fail(c, NOC_EREMOTE,
				   "the agent's engine id changes with each "
				   "answer");
		return;
	}
	c->rediscovered = true;
	p->lost_engine = true;
	p->nrunning--;
	c->state = CALL_WAITING;
	TAILQ_INSERT_HEAD(&p->waiting, c, link);
	p->nwaiting++;
	noc_snmp_peer_settle_later(p);
}

void
noc_snmp_peer_requeue(struct noc_snmp_peer *p)
{
	const char *key;
	void *v;

	for (size_t it = 0; noc_table_next(&p->snmp->calls, &it, &key, &v);) {
		struct noc_snmp_call *c = v;

		if (c->peer == p && c->state == CALL_SENT)
			call_requeue(c);
	}
}

static void
call_report(struct noc_snmp_call *c, netsnmp_pdu *pdu)
{
	int type = snmpv3_get_report_type(pdu);

	if (type == SNMPERR_NOT_IN_TIME_WINDOW)
		return; /* the library learns the clock and asks again */
	if (type == SNMPERR_UNKNOWN_ENG_ID)
		call_requeue(c);
	else
		noc_snmp_call_fail(c, NOC_EDENIED, snmp_api_errstring(type));
}

/* The magic is an id, as the library may answer a call that is long over. */
int
noc_snmp_on_answer(int op, netsnmp_session *s, int reqid, netsnmp_pdu *pdu,
		   void *magic)
{
	uint64_t id = (uint64_t)(uintptr_t)magic;
	struct noc_snmp_call *c =
	    noc_table_getn(&noc_snmp_current->calls, &id, sizeof(id));

	(void)reqid;
	if (c == NULL || c->state != CALL_SENT)
		return 1;
	switch (op) {
	case NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE:
		if (pdu->command == SNMP_MSG_REPORT)
			call_report(c, pdu);
		else if (pdu->command == SNMP_MSG_RESPONSE)
			call_response(c, pdu);
		break;
	case NETSNMP_CALLBACK_OP_TIMED_OUT:
		noc_snmp_call_timeout(c);
		break;
	case NETSNMP_CALLBACK_OP_SEC_ERROR:
		if (pdu->command == SNMP_MSG_REPORT) {
			call_report(c, pdu);
			break;
		}
		noc_snmp_call_fail(
		    c, NOC_EDENIED,
		    snmp_api_errstring(s->s_snmp_errno
					   ? s->s_snmp_errno
					   : SNMPERR_NOT_IN_TIME_WINDOW));
		break;
	case NETSNMP_CALLBACK_OP_SEND_FAILED:
		noc_snmp_call_fail(c, NOC_EDOWN,
				   s->s_errno
				       ? strerror(s->s_errno)
				       : snmp_api_errstring(s->s_snmp_errno));
		break;
	default: /* news of a retry */
		break;
	}
	return 1;
}
