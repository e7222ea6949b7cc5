/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "snmp/peek.h"

#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/mem.h"
#include "snmp/private.h"

/*
 * noc_snmp_check has walked the whole message, so every length here is inside
 * of it; the bounds are checked all the same.
 */

/* The content of the TLV at *p, which moves behind it. */
static bool
peek_tlv(const uint8_t **p, const uint8_t *end, const uint8_t **content,
	 size_t *len)
{
	const uint8_t *q = *p;
	size_t n;

	if (end - q < 2)
		return false;
	q++; /* the tag */
	n = *q++;
	if (n & 0x80) {
		size_t octets = n & 0x7f;

		if (octets == 0 || octets > 4 || (size_t)(end - q) < octets)
			return false;
		for (n = 0; octets > 0; octets--)
			n = n << 8 | *q++;
	}
	if (n > (size_t)(end - q))
		return false;
	*content = q;
	*len = n;
	*p = q + n;
	return true;
}

/* Non-negative and small, as msgAuthoritativeEngineBoots is. */
static int64_t
peek_integer(const uint8_t *p, size_t len)
{
	int64_t n = 0;

	for (size_t i = 0; i < len && i < 8; i++)
		n = n << 8 | p[i];
	return n;
}

/* Behind the v3 header: context engine and name, then the PDU itself. */
static const uint8_t *
peek_scoped(const struct noc_snmp_shape *s, const uint8_t *end,
	    struct noc_value *out)
{
	const uint8_t *p = s->auth + s->auth_len, *c;
	size_t len;

	if (!peek_tlv(&p, end, &c, &len)) /* msgPrivacyParameters */
		return NULL;
	if (s->flags & 2) {
		noc_value_set(out, "encrypted", noc_value_bool(true));
		return NULL;
	}
	if (!peek_tlv(&p, end, &c, &len))
		return NULL;
	p = c;
	if (!peek_tlv(&p, end, &c, &len) || !peek_tlv(&p, end, &c, &len))
		return NULL;
	if (len)
		noc_value_set(out, "context",
			      noc_value_strn((const char *)c, len));
	return p;
}

/* Boots and time stand between the engine and the user. */
static void
peek_engine(const struct noc_snmp_shape *s, const uint8_t *end,
	    struct noc_value *out)
{
	static const char *const levels[] = { "noAuthNoPriv", "authNoPriv",
					      "noAuthNoPriv", "authPriv" };
	const uint8_t *p = s->engine_id + s->engine_id_len, *c;
	char hex[65];
	size_t len;

	noc_value_set(out, "level", noc_value_str(levels[s->flags & 3]));
	noc_value_set(out, "user",
		      noc_value_strn((const char *)s->user, s->user_len));
	if (s->engine_id_len <= 32)
		noc_value_set(out, "engine",
			      noc_value_str(noc_hex(hex, s->engine_id,
						    s->engine_id_len)));
	if (peek_tlv(&p, end, &c, &len))
		noc_value_set(out, "boots",
			      noc_value_int(peek_integer(c, len)));
	if (peek_tlv(&p, end, &c, &len))
		noc_value_set(out, "time", noc_value_int(peek_integer(c, len)));
	noc_value_set(out, "msg_id", noc_value_int(s->msg_id));
}

static void
peek_pdu(const struct noc_snmp *snmp, netsnmp_pdu *pdu,
	 struct noc_snmp_peek *out)
{
	static const char *const names[] = {
		"GetRequest",	 "GetNextRequest", "GetResponse",
		"SetRequest",	 "Trap",	   "GetBulkRequest",
		"InformRequest", "SNMPv2-Trap",	   "Report",
	};
	struct noc_value *varbinds = noc_value_list();
	unsigned command = (unsigned)pdu->command & 0x1f;
	struct noc_err err;

	if (command < NOC_COUNT(names))
		noc_value_set(out->value, "pdu", noc_value_str(names[command]));
	if (pdu->command != SNMP_MSG_TRAP) {
		noc_value_set(out->value, "request_id",
			      noc_value_int((int32_t)pdu->reqid));
		noc_value_set(out->value, "error", noc_value_int(pdu->errstat));
		noc_value_set(out->value, "error_index",
			      noc_value_int(pdu->errindex));
	}
	for (const netsnmp_variable_list *v = pdu->variables; v;
	     v = v->next_variable)
		noc_value_push(varbinds, noc_snmp_varbind(snmp->mib, v));
	noc_value_set(out->value, "varbinds", varbinds);
	if (pdu->command == SNMP_MSG_TRAP || pdu->command == SNMP_MSG_TRAP2 ||
	    pdu->command == SNMP_MSG_INFORM)
		out->notification =
		    noc_snmp_trap_fill(snmp, pdu, &out->trap, &err) == 0;
}

static void
peek_parse(const struct noc_snmp *snmp, const struct noc_snmp_shape *s,
	   const uint8_t *at, const uint8_t *end, struct noc_snmp_peek *out)
{
	netsnmp_pdu *pdu = snmp_pdu_create(SNMP_MSG_GET);
	size_t len = (size_t)(end - at);
	u_char *copy = noc_calloc(1, len + NOC_SNMP_PADDING);

	memcpy(copy, at, len);
	if (!pdu) {
		free(copy);
		return;
	}
	pdu->version = s->version;
	if (s->version != 3) {
		pdu->community = netsnmp_memdup(s->community, s->community_len);
		pdu->community_len = s->community_len;
	} else {
		pdu->securityName =
		    noc_strndup((const char *)s->user, s->user_len);
		pdu->securityNameLen = s->user_len;
		pdu->securityLevel = (s->flags & 1) + ((s->flags & 2) != 0) + 1;
		pdu->securityEngineID =
		    netsnmp_memdup(s->engine_id, s->engine_id_len);
		pdu->securityEngineIDLen = s->engine_id_len;
	}
	if (snmp_pdu_parse(pdu, copy, &len) == 0)
		peek_pdu(snmp, pdu, out);
	snmp_free_pdu(pdu);
	free(copy);
}

int
noc_snmp_peek(const struct noc_snmp *snmp, const uint8_t *p, size_t len,
	      struct noc_snmp_peek *out, struct noc_err *err)
{
	const uint8_t *end = p + len, *at;
	struct noc_snmp_shape s;
	int rc = noc_snmp_check(p, len, &s, err);

	memset(out, 0, sizeof(*out));
	if (rc)
		return rc;
	out->value = noc_value_map();
	noc_value_set(out->value, "version",
		      noc_value_str(s.version == 0   ? "1"
				    : s.version == 1 ? "2c"
						     : "3"));
	if (s.version == 3) {
		peek_engine(&s, end, out->value);
		at = peek_scoped(&s, end, out->value);
	} else {
		noc_value_set(
		    out->value, "community",
		    noc_value_strn((const char *)s.community, s.community_len));
		at = s.community + s.community_len;
	}
	if (at && at < end)
		peek_parse(snmp, &s, at, end, out);
	return 0;
}

void
noc_snmp_peek_clear(struct noc_snmp_peek *peek)
{
	noc_snmp_trap_clear(&peek->trap);
	noc_value_free(peek->value);
	peek->value = NULL;
}
