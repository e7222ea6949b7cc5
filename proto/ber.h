/* SPDX-License-Identifier: ISC */
#ifndef NOC_PROTO_BER_H
#define NOC_PROTO_BER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * A strict gate before libnetsnmp: is this datagram a well-formed SNMP
 * message (RFC 1157, 3416, 3412, 3414)?  Definite minimal-enough lengths,
 * depth <= 8, OID <= 128 arcs of <= 32 bits, <= 256 varbinds, known types of
 * legal length, exact consumption; for v3 msgGlobalData and
 * msgSecurityParameters are walked too (an encrypted scopedPDU is opaque).
 * Nothing is allocated.  Pure; any thread.
 */
struct noc_snmp_shape {
	int version;	    /* 0 = v1, 1 = v2c, 3 */
	uint8_t pdu;	    /* 0xa0..0xa8; 0 when encrypted */
	int32_t request_id; /* v1 traps: 0 */
	uint16_t varbinds;
	const uint8_t *community; /* v1/v2c, borrowed */
	size_t community_len;
	const uint8_t *engine_id; /* v3 authoritative engine, borrowed */
	size_t engine_id_len;
	int32_t boots, time; /* v3: of that engine */
	const uint8_t *user; /* v3, borrowed */
	size_t user_len;
	const uint8_t *auth; /* v3 msgAuthenticationParameters, borrowed */
	size_t auth_len;
	uint8_t flags;	/* v3 msgFlags */
	int32_t msg_id; /* v3 */
};

/* 0, or EINPUT naming the byte and the rule broken. */
int noc_snmp_check(const uint8_t *p, size_t len, struct noc_snmp_shape *out,
		   struct noc_err *err);

/*
 * A v1 or v2c message whose PDU has its tag in the high-tag-number form (X.690
 * section 8.1.2.4), of which only the last seven bits say a PDU: hostile or
 * broken (PROTOS c06), and read so by other decoders.  out, of len bytes: the
 * same message with a tag of one octet; its length, or 0: it is none such.
 */
size_t noc_snmp_short_tag(const uint8_t *p, size_t len, uint8_t *out);

#endif
