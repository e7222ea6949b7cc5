/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "proto/ber.h"

#include <string.h>

/* A little over 500 lines: one grammar, from the values up to the message. */
#define VARBINDS_MAX  256
#define ARCS_MAX      128
#define COMMUNITY_MAX 255
#define CONTEXT_MAX   255
#define ENGINE_MAX    32
#define USER_MAX      32

enum {
	TAG_INTEGER = 0x02,
	TAG_OCTETS = 0x04,
	TAG_NULL = 0x05,
	TAG_OID = 0x06,
	TAG_SEQUENCE = 0x30,
	TAG_IPADDRESS = 0x40,
	TAG_COUNTER32 = 0x41,
	TAG_UNSIGNED = 0x42,
	TAG_TICKS = 0x43,
	TAG_OPAQUE = 0x44,
	TAG_COUNTER64 = 0x46,
	TAG_UINTEGER = 0x47,
	TAG_GET = 0xa0,
	TAG_RESPONSE = 0xa2,
	TAG_TRAP_V1 = 0xa4,
	TAG_REPORT = 0xa8
};

#define FLAG_AUTH 1
#define FLAG_PRIV 2

/* A window of the message; `start` is only for the position in errors. */
struct ber {
	const uint8_t *start, *p, *end;
	struct noc_err *err;
};

static int
ber_refuse(const struct ber *b, const uint8_t *at, const char *rule)
{
	return noc_err_set(b->err, NOC_EINPUT,
			   "Byte %zu of the SNMP message: %s.",
			   (size_t)(at - b->start), rule);
}

/*
 * Opens the next element into `in`.  Lengths are definite; a long form may
 * have leading zeros (agents reserve two bytes), at most four octets.
 */
static int
ber_enter(struct ber *b, uint8_t tag, const char *what, struct ber *in)
{
	const uint8_t *at = b->p;
	size_t len, left = (size_t)(b->end - b->p);

	if (left < 2)
		return ber_refuse(b, at, "it ends inside an element");
	if (at[0] != tag)
		return ber_refuse(b, at, what);
	len = at[1];
	b->p += 2;
	if (len & 0x80) {
		size_t octets = len & 0x7f;

		if (octets == 0 || octets > 4)
			return ber_refuse(b, at + 1,
					  "the length is indefinite or has "
					  "more than four octets");
		if ((size_t)(b->end - b->p) < octets)
			return ber_refuse(b, at + 1, "the length is cut off");
		for (len = 0; octets > 0; octets--)
			len = len << 8 | *b->p++;
	}
	if (len > (size_t)(b->end - b->p))
		return ber_refuse(b, at + 1,
				  "the length points past what holds it");
	*in = (struct ber){ b->start, b->p, b->p + len, b->err };
	b->p += len;
	return 0;
}

static int
ber_end(const struct ber *b)
{
	if (b->p != b->end)
		return ber_refuse(b, b->p,
				  "there are bytes after the last "
				  "element");
	return 0;
}

/* A signed integer of one to four octets. */
static int
ber_integer(struct ber *b, int64_t min, const char *what, int32_t *out)
{
	struct ber in;
	int64_t n;
	int rc;

	if ((rc = ber_enter(b, TAG_INTEGER, what, &in)) < 0)
		return rc;
	if (in.p == in.end || in.end - in.p > 4)
		return ber_refuse(b, in.p, "an integer has one to four octets");
	n = (int8_t)*in.p++;
	while (in.p < in.end)
		n = n * 256 + *in.p++;
	if (n < min)
		return ber_refuse(b, in.p - 1, what);
	*out = (int32_t)n;
	return 0;
}

static int
ber_octets(struct ber *b, size_t min, size_t max, const char *what,
	   struct ber *in)
{
	int rc = ber_enter(b, TAG_OCTETS, what, in);

	if (rc < 0)
		return rc;
	if ((size_t)(in->end - in->p) < min || (size_t)(in->end - in->p) > max)
		return ber_refuse(b, in->p, what);
	return 0;
}

/* The octets of an OID: X.690 §8.19, at most 128 arcs of 32 bits. */
static int
ber_oid_octets(const struct ber *in)
{
	const uint8_t *p = in->p;
	size_t arcs = 1; /* the first sub-identifier holds two */

	while (p < in->end) {
		const uint8_t *first = p;
		uint64_t arc = 0;

		if (*p == 0x80)
			return ber_refuse(in, p, "an OID arc is padded");
		for (;;) {
			if (p == in->end)
				return ber_refuse(in, first,
						  "an OID arc is cut off");
			arc = arc << 7 | (*p & 0x7f);
			if (arc > UINT32_MAX)
				return ber_refuse(in, first,
						  "an OID arc has more than "
						  "32 bits");
			if (!(*p++ & 0x80))
				break;
		}
		if (++arcs > ARCS_MAX)
			return ber_refuse(in, first,
					  "an OID has more than 128 arcs");
	}
	return 0;
}

static int
ber_oid(struct ber *b, const char *what)
{
	struct ber in;
	int rc;

	if ((rc = ber_enter(b, TAG_OID, what, &in)) < 0)
		return rc;
	if (in.p == in.end)
		return ber_refuse(b, in.p, "an OID is empty");
	return ber_oid_octets(&in);
}

/*
 * Unsigned: agents send 32 bits with or without the leading zero octet that
 * BER wants, so `max` octets, or one more that is zero.
 */
static int
ber_unsigned_octets(const struct ber *in, size_t max)
{
	size_t len = (size_t)(in->end - in->p);

	if (len == 0 || len > max + 1 || (len == max + 1 && in->p[0] != 0))
		return ber_refuse(in, in->p,
				  "an unsigned number is empty or too long");
	return 0;
}

/*
 * Net-SNMP's float, double and 64-bit numbers hide in an Opaque behind the
 * tags 0x9f 0x76..0x7b; libnetsnmp looks at two octets without asking.
 */
static int
ber_opaque(const struct ber *in)
{
	const uint8_t *p = in->p;
	size_t len = (size_t)(in->end - p);

	if (len < 2)
		return ber_refuse(in, p, "an Opaque holds no element");
	if (p[0] != 0x9f)
		return 0;
	if (len < 4 || p[2] != len - 3)
		return ber_refuse(in, p,
				  "the element in an Opaque does not "
				  "fill it");
	switch (p[1]) {
	case 0x78:
		if (p[2] == 4)
			return 0;
		break;
	case 0x79:
		if (p[2] == 8)
			return 0;
		break;
	case 0x76:
	case 0x7a:
	case 0x7b:
		if (p[2] <= 8 || (p[2] == 9 && p[3] == 0))
			return 0;
		break;
	default:
		return ber_refuse(in, p, "the type in an Opaque is unknown");
	}
	return ber_refuse(in, p + 2,
			  "a number in an Opaque has a wrong length");
}

/* The value of a varbind: RFC 3416 §3's types, each of legal length. */
static int
ber_value(struct ber *b, uint8_t pdu)
{
	struct ber in;
	uint8_t tag = b->p < b->end ? *b->p : 0;
	size_t len;
	int rc;

	if ((rc = ber_enter(b, tag, "a value was expected", &in)) < 0)
		return rc;
	len = (size_t)(in.end - in.p);
	switch (tag) {
	case TAG_INTEGER:
		if (len < 1 || len > 4)
			break;
		return 0;
	case TAG_OCTETS:
		return 0;
	case TAG_OID:
		return ber_oid_octets(&in); /* some agents send an empty one */
	case TAG_IPADDRESS:
		if (len != 4)
			break;
		return 0;
	case TAG_COUNTER32:
	case TAG_UNSIGNED:
	case TAG_TICKS:
	case TAG_UINTEGER:
		return ber_unsigned_octets(&in, 4);
	case TAG_COUNTER64:
		return ber_unsigned_octets(&in, 8);
	case TAG_OPAQUE:
		return ber_opaque(&in);
	case TAG_NULL:
		if (len != 0)
			break;
		return 0;
	case 0x80: /* noSuchObject, noSuchInstance, endOfMibView */
	case 0x81:
	case 0x82:
		if (len != 0)
			break;
		if (pdu != TAG_RESPONSE)
			return ber_refuse(b, in.p,
					  "an exception outside of a response");
		return 0;
	default:
		return ber_refuse(b, in.p, "the type of a value is unknown");
	}
	return ber_refuse(b, in.p, "a value has a length its type forbids");
}

static int
ber_varbinds(struct ber *b, uint8_t pdu, struct noc_snmp_shape *out)
{
	struct ber list, one;
	int rc;

	if ((rc = ber_enter(b, TAG_SEQUENCE, "a list of varbinds was expected",
			    &list)) < 0)
		return rc;
	while (list.p < list.end) {
		if (out->varbinds == VARBINDS_MAX)
			return ber_refuse(&list, list.p,
					  "there are more than 256 varbinds");
		out->varbinds++;
		if ((rc = ber_enter(&list, TAG_SEQUENCE,
				    "a varbind was expected", &one)) < 0 ||
		    (rc = ber_oid(&one, "a varbind's name was expected")) < 0 ||
		    (rc = ber_value(&one, pdu)) < 0 || (rc = ber_end(&one)) < 0)
			return rc;
	}
	return ber_end(b);
}

/* RFC 1157 §4.1.6. */
static int
ber_trap_v1(struct ber *b, struct noc_snmp_shape *out)
{
	struct ber in;
	int32_t n;
	int rc;

	if ((rc = ber_oid(b, "a trap's enterprise was expected")) < 0 ||
	    (rc = ber_enter(b, TAG_IPADDRESS, "an agent-addr was expected",
			    &in)) < 0)
		return rc;
	if (in.end - in.p != 4)
		return ber_refuse(b, in.p, "an agent-addr has four octets");
	if ((rc = ber_integer(b, 0, "a generic-trap was expected", &n)) < 0)
		return rc;
	if (n > 6)
		return ber_refuse(b, b->p - 1, "a generic-trap is 0 to 6");
	if ((rc = ber_integer(b, INT32_MIN, "a specific-trap was expected",
			      &n)) < 0 ||
	    (rc = ber_enter(b, TAG_TICKS, "a time-stamp was expected", &in)) <
		0 ||
	    (rc = ber_unsigned_octets(&in, 4)) < 0)
		return rc;
	return ber_varbinds(b, TAG_TRAP_V1, out);
}

static int
ber_pdu(struct ber *b, struct noc_snmp_shape *out)
{
	struct ber in;
	int32_t n;
	int rc;
	uint8_t tag = b->p < b->end ? *b->p : 0;
	bool known = tag >= TAG_GET && tag <= TAG_REPORT;

	if (out->version == 0)
		known = known && tag <= TAG_TRAP_V1;
	else
		known = known && tag != TAG_TRAP_V1;
	if (tag == TAG_REPORT && out->version != 3)
		known = false;
	if (!known)
		return ber_refuse(b, b->p,
				  "the PDU type is not one of this "
				  "SNMP version");
	out->pdu = tag;
	if ((rc = ber_enter(b, tag, "a PDU was expected", &in)) < 0)
		return rc;
	if (tag == TAG_TRAP_V1)
		return ber_trap_v1(&in, out);
	if ((rc = ber_integer(&in, INT32_MIN, "a request-id was expected",
			      &out->request_id)) < 0 ||
	    (rc = ber_integer(&in, 0, "an error-status >= 0 was expected",
			      &n)) < 0 ||
	    (rc = ber_integer(&in, 0, "an error-index >= 0 was expected", &n)) <
		0)
		return rc;
	return ber_varbinds(&in, tag, out);
}

/* msgGlobalData, RFC 3412 §6. */
static int
ber_v3_header(struct ber *b, struct noc_snmp_shape *out)
{
	struct ber in, flags;
	int32_t n;
	int rc;

	if ((rc = ber_enter(b, TAG_SEQUENCE, "msgGlobalData was expected",
			    &in)) < 0 ||
	    (rc = ber_integer(&in, 0, "a msgID >= 0 was expected",
			      &out->msg_id)) < 0 ||
	    (rc = ber_integer(&in, 484, "a msgMaxSize >= 484 was expected",
			      &n)) < 0 ||
	    (rc = ber_octets(&in, 1, 1, "one octet of msgFlags was expected",
			     &flags)) < 0)
		return rc;
	out->flags = *flags.p;
	if ((out->flags & FLAG_PRIV) && !(out->flags & FLAG_AUTH))
		return ber_refuse(b, flags.p,
				  "privacy without authentication (RFC 3412 "
				  "§7.2)");
	if ((rc = ber_integer(&in, 1, "a msgSecurityModel was expected", &n)) <
	    0)
		return rc;
	if (n != 3)
		return ber_refuse(b, in.p - 1,
				  "only the user-based security model (3) is "
				  "known");
	return ber_end(&in);
}

/* UsmSecurityParameters inside their OCTET STRING, RFC 3414 §2.4. */
static int
ber_v3_security(struct ber *b, struct noc_snmp_shape *out)
{
	struct ber string, in, f;
	size_t len;
	int rc;

	if ((rc = ber_octets(b, 2, SIZE_MAX,
			     "msgSecurityParameters were expected", &string)) <
		0 ||
	    (rc = ber_enter(&string, TAG_SEQUENCE,
			    "UsmSecurityParameters were expected", &in)) < 0 ||
	    (rc = ber_end(&string)) < 0 ||
	    (rc = ber_octets(&in, 0, ENGINE_MAX,
			     "an engine id of at most 32 octets was expected",
			     &f)) < 0)
		return rc;
	out->engine_id = f.p;
	out->engine_id_len = (size_t)(f.end - f.p);
	if (out->engine_id_len > 0 && out->engine_id_len < 5)
		return ber_refuse(b, f.p, "an engine id has 5 to 32 octets");
	if ((rc = ber_integer(&in, 0, "engine boots >= 0 were expected",
			      &out->boots)) < 0 ||
	    (rc = ber_integer(&in, 0, "an engine time >= 0 was expected",
			      &out->time)) < 0 ||
	    (rc = ber_octets(&in, 0, USER_MAX,
			     "a user name of at most 32 octets was expected",
			     &f)) < 0)
		return rc;
	out->user = f.p;
	out->user_len = (size_t)(f.end - f.p);
	if ((rc = ber_octets(&in, 0, 48,
			     "authentication parameters were expected", &f)) <
	    0)
		return rc;
	len = (size_t)(f.end - f.p);
	out->auth = f.p;
	out->auth_len = len;
	if ((out->flags & FLAG_AUTH) && len != 12 && len != 16 && len != 24 &&
	    len != 32 && len != 48)
		return ber_refuse(b, f.p,
				  "no known protocol's authentication "
				  "parameters have this length");
	if ((rc = ber_octets(&in, out->flags & FLAG_PRIV ? 8 : 0, 8,
			     "eight octets of privacy parameters were expected",
			     &f)) < 0)
		return rc;
	return ber_end(&in);
}

static int
ber_v3(struct ber *b, struct noc_snmp_shape *out)
{
	struct ber in, f;
	int rc;

	if ((rc = ber_v3_header(b, out)) < 0 ||
	    (rc = ber_v3_security(b, out)) < 0)
		return rc;
	if (out->flags & FLAG_PRIV) {
		if ((rc = ber_octets(b, 1, SIZE_MAX,
				     "an encrypted scopedPDU was expected",
				     &f)) < 0)
			return rc;
		return ber_end(b);
	}
	if ((rc = ber_enter(b, TAG_SEQUENCE, "a scopedPDU was expected", &in)) <
		0 ||
	    (rc = ber_end(b)) < 0 ||
	    (rc = ber_octets(&in, 0, ENGINE_MAX,
			     "a contextEngineID was expected", &f)) < 0 ||
	    (rc = ber_octets(&in, 0, CONTEXT_MAX, "a contextName was expected",
			     &f)) < 0 ||
	    (rc = ber_pdu(&in, out)) < 0)
		return rc;
	return ber_end(&in);
}

int
noc_snmp_check(const uint8_t *p, size_t len, struct noc_snmp_shape *out,
	       struct noc_err *err)
{
	struct ber all = { p, p, p + len, err }, in, f;
	int32_t version;
	int rc;

	memset(out, 0, sizeof(*out));
	if ((rc = ber_enter(&all, TAG_SEQUENCE,
			    "an SNMP message starts with "
			    "a SEQUENCE (0x30)",
			    &in)) < 0 ||
	    (rc = ber_end(&all)) < 0 ||
	    (rc = ber_integer(&in, 0, "a version was expected", &version)) < 0)
		return rc;
	out->version = version;
	if (version == 3)
		return ber_v3(&in, out);
	if (version > 1)
		return ber_refuse(&in, in.p - 1, "the SNMP version is unknown");
	if ((rc = ber_octets(&in, 0, COMMUNITY_MAX,
			     "a community of at most 255 octets was expected",
			     &f)) < 0)
		return rc;
	out->community = f.p;
	out->community_len = (size_t)(f.end - f.p);
	if ((rc = ber_pdu(&in, out)) < 0)
		return rc;
	return ber_end(&in);
}
