/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "snmp/private.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/hex.h"
#include "base/mem.h"

static const oid oid_uptime[] = { 1, 3, 6, 1, 2, 1, 1, 3, 0 };
static const oid oid_trap[] = { 1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0 };
static const oid oid_enterprise[] = { 1, 3, 6, 1, 6, 3, 1, 1, 4, 3, 0 };
static const oid oid_address[] = { 1, 3, 6, 1, 6, 3, 18, 1, 3, 0 };

#define IS(v, o)                             \
	((v)->name_length == NOC_COUNT(o) && \
	 memcmp((v)->name, (o), sizeof(o)) == 0)

/* Copies a value that is an OID; false when it is not, or does not fit. */
static bool
oid_take(const netsnmp_variable_list *v, noc_oid *out, size_t *len)
{
	if (v->type != ASN_OBJECT_ID || v->val.objid == NULL ||
	    v->val_len > NOC_OID_MAX * sizeof(oid) ||
	    v->val_len % sizeof(oid) != 0 || v->val_len == 0)
		return false;
	*len = v->val_len / sizeof(oid);
	for (size_t i = 0; i < *len; i++)
		out[i] = (noc_oid)v->val.objid[i];
	return true;
}

static void
address_text(char out[46], const u_char *p)
{
	static const u_char none[4];

	if (memcmp(p, none, sizeof(none)) != 0)
		inet_ntop(AF_INET, p, out, 46);
}

/*
 * RFC 3584 §3.1: the six generic traps have OIDs of their own; any other is
 * its enterprise, 0, and the specific code.
 */
static int
trap_v1(const netsnmp_pdu *pdu, struct noc_snmp_trap *out, struct noc_err *err)
{
	static const noc_oid generic[] = { 1, 3, 6, 1, 6, 3, 1, 1, 5 };
	size_t n = pdu->enterprise_length;

	if (pdu->enterprise == NULL || n < 1 || n > NOC_OID_MAX - 2 ||
	    pdu->trap_type < 0 || pdu->trap_type > 6)
		return noc_err_set(err, NOC_EINPUT,
				   "The v1 trap's enterprise or generic code "
				   "is out of range.");
	for (size_t i = 0; i < n; i++)
		out->enterprise[i] = (noc_oid)pdu->enterprise[i];
	out->enterprise_len = n;
	out->generic = (int)pdu->trap_type;
	out->specific = (int)pdu->specific_type;
	out->uptime = (int64_t)(uint32_t)pdu->time;
	address_text(out->agent_addr, pdu->agent_addr);
	if (pdu->trap_type < 6) {
		memcpy(out->trap_oid, generic, sizeof(generic));
		out->trap_oid[9] = (noc_oid)pdu->trap_type + 1;
		out->trap_oid_len = 10;
		return 0;
	}
	memcpy(out->trap_oid, out->enterprise, n * sizeof(noc_oid));
	out->trap_oid[n] = 0;
	out->trap_oid[n + 1] = (noc_oid)pdu->specific_type;
	out->trap_oid_len = n + 2;
	return 0;
}

/* True: a field of the trap itself, no varbind of its own. */
static bool
trap_take(const netsnmp_variable_list *v, struct noc_snmp_trap *out)
{
	if (IS(v, oid_uptime) && out->uptime < 0 && v->type == ASN_TIMETICKS &&
	    v->val.integer != NULL) {
		out->uptime = (int64_t)(uint32_t)*v->val.integer;
		return true;
	}
	if (IS(v, oid_trap) && out->trap_oid_len == 0)
		return oid_take(v, out->trap_oid, &out->trap_oid_len);
	if (IS(v, oid_enterprise) && out->enterprise_len == 0)
		oid_take(v, out->enterprise, &out->enterprise_len);
	if (IS(v, oid_address) && v->type == ASN_IPADDRESS && v->val_len == 4 &&
	    v->val.string != NULL)
		address_text(out->trap_address, v->val.string);
	return false;
}

static void
trap_origin(const netsnmp_pdu *pdu, struct noc_snmp_trap *out)
{
	size_t n;

	out->level = NOC_SNMP_NOAUTH;
	if (pdu->version != SNMP_VERSION_3) {
		out->version = pdu->version == SNMP_VERSION_1 ? 1 : 2;
		n = pdu->community_len;
		if (pdu->community == NULL || n >= sizeof(out->community))
			n = 0;
		if (n > 0)
			memcpy(out->community, pdu->community, n);
		out->community_len = n;
		return;
	}
	out->version = 3;
	out->level = (enum noc_snmp_level)pdu->securityLevel;
	n = pdu->securityNameLen;
	if (pdu->securityName != NULL && n < sizeof(out->user))
		memcpy(out->user, pdu->securityName, n);
	n = pdu->securityEngineIDLen;
	if (pdu->securityEngineID != NULL && n <= sizeof(out->engine_id)) {
		memcpy(out->engine_id, pdu->securityEngineID, n);
		out->engine_id_len = n;
	}
	n = pdu->contextNameLen;
	if (pdu->contextName != NULL && n < sizeof(out->context))
		memcpy(out->context, pdu->contextName, n);
}

/* An INFORM that is sent again says this again, under a new v3 header. */
static void
trap_content(const netsnmp_pdu *pdu, uint8_t out[32])
{
	struct noc_sha256 *h = noc_sha256_new();

	noc_sha256_begin(h);
	for (const netsnmp_variable_list *v = pdu->variables; v != NULL;
	     v = v->next_variable) {
		size_t lens[] = { v->name_length, v->type, v->val_len };

		noc_sha256_add(h, lens, sizeof(lens));
		noc_sha256_add(h, v->name, v->name_length * sizeof(oid));
		if (v->val.string != NULL)
			noc_sha256_add(h, v->val.string, v->val_len);
	}
	noc_sha256_end(h, out);
	noc_sha256_free(h);
}

int
noc_snmp_trap_fill(const struct noc_snmp *snmp, netsnmp_pdu *pdu,
		   struct noc_snmp_trap *out, struct noc_err *err)
{
	int rc = 0;

	out->uptime = -1;
	out->generic = out->specific = -1;
	trap_origin(pdu, out);
	if (pdu->command == SNMP_MSG_TRAP) {
		if ((rc = trap_v1(pdu, out, err)) < 0)
			return rc;
	} else {
		out->request_id = (int32_t)pdu->reqid;
		out->inform = pdu->command == SNMP_MSG_INFORM;
		if (out->inform)
			trap_content(pdu, out->content);
	}
	out->varbinds = noc_value_list();
	for (const netsnmp_variable_list *v = pdu->variables; v != NULL;
	     v = v->next_variable)
		if (!trap_take(v, out))
			noc_value_push(out->varbinds,
				       noc_snmp_varbind(snmp->mib, v));
	if (out->trap_oid_len == 0)
		return noc_err_set(err, NOC_EINPUT,
				   "The notification has no snmpTrapOID.0, so "
				   "nothing says what it is about.");
	return 0;
}

void
noc_snmp_trap_clear(struct noc_snmp_trap *trap)
{
	noc_value_free(trap->varbinds);
	trap->varbinds = NULL;
	noc_snmp_reply_drop(trap->reply);
	trap->reply = NULL;
}

/*
 * The notification's name.  Some old v2 MIBs (BGP4-MIB's bgpTraps) number
 * theirs without the 0 that a v1 trap gets when it is mapped.
 */
static const struct noc_mib_object *
trap_object(const struct noc_snmp *snmp, const struct noc_snmp_trap *t)
{
	size_t n = t->trap_oid_len;
	const struct noc_mib_object *o =
	    noc_mib_find(snmp->mib, t->trap_oid, n);
	noc_oid other[NOC_OID_MAX];

	if (o != NULL && o->kind == 'n' && o->oid_len == n)
		return o;
	if (t->version != 1 || n < 3 || t->trap_oid[n - 2] != 0)
		return NULL;
	memcpy(other, t->trap_oid, (n - 2) * sizeof(*other));
	other[n - 2] = t->trap_oid[n - 1];
	o = noc_mib_find(snmp->mib, other, n - 1);
	return o != NULL && o->kind == 'n' && o->oid_len == n - 1 ? o : NULL;
}

static void
set_oid(struct noc_value *m, const char *key, const noc_oid *oid, size_t len)
{
	char text[NOC_OID_MAX * 11 + 1];

	noc_oid_format(text, sizeof(text), oid, len);
	noc_value_set(m, key, noc_value_str(text));
}

struct noc_value *
noc_snmp_trap_value(const struct noc_snmp *snmp, struct noc_snmp_trap *t)
{
	static const char *const levels[] = { "", "noAuthNoPriv", "authNoPriv",
					      "authPriv" };
	struct noc_value *m = noc_value_map();
	const struct noc_mib_object *o = trap_object(snmp, t);
	char hex[2 * sizeof(t->engine_id) + 1];

	noc_value_set(m, "version",
		      noc_value_str(t->version == 2   ? "2c"
				    : t->version == 1 ? "1"
						      : "3"));
	set_oid(m, "trap_oid", t->trap_oid, t->trap_oid_len);
	if (o != NULL)
		noc_value_set(m, "trap", noc_value_str(o->name));
	noc_value_set(m, "inform", noc_value_bool(t->inform));
	if (t->version == 3) {
		noc_value_set(m, "level", noc_value_str(levels[t->level & 3]));
		noc_value_set(m, "user", noc_value_str(t->user));
		noc_value_set(m, "engine",
			      noc_value_str(noc_hex(hex, t->engine_id,
						    t->engine_id_len)));
		if (t->context[0] != '\0')
			noc_value_set(m, "context", noc_value_str(t->context));
	}
	if (t->enterprise_len > 0)
		set_oid(m, "enterprise", t->enterprise, t->enterprise_len);
	if (t->agent_addr[0] != '\0')
		noc_value_set(m, "agent_addr", noc_value_str(t->agent_addr));
	if (t->trap_address[0] != '\0')
		noc_value_set(m, "trap_address",
			      noc_value_str(t->trap_address));
	if (t->uptime >= 0)
		noc_value_set(m, "uptime", noc_value_int(t->uptime));
	noc_value_set(m, "varbinds",
		      t->varbinds ? t->varbinds : noc_value_list());
	t->varbinds = NULL;
	return m;
}
