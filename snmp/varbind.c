/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "snmp/private.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/mem.h"
#include "base/utf8.h"

/* --- from the wire to data --- */

static const char *
type_name(u_char type)
{
	switch (type) {
	case ASN_INTEGER:
		return "integer";
	case ASN_OCTET_STR:
		return "octets";
	case ASN_NULL:
		return "null";
	case ASN_OBJECT_ID:
		return "oid";
	case ASN_IPADDRESS:
		return "ipaddress";
	case ASN_COUNTER:
		return "counter32";
	case ASN_UNSIGNED:
	case ASN_UINTEGER:
		return "unsigned32";
	case ASN_TIMETICKS:
		return "timeticks";
	case ASN_OPAQUE:
		return "opaque";
	case ASN_COUNTER64:
	case ASN_OPAQUE_COUNTER64:
	case ASN_OPAQUE_U64:
		return "counter64";
	case ASN_OPAQUE_I64:
		return "integer64";
	case ASN_OPAQUE_FLOAT:
		return "float";
	case ASN_OPAQUE_DOUBLE:
		return "double";
	case SNMP_NOSUCHOBJECT:
		return "nosuchobject";
	case SNMP_NOSUCHINSTANCE:
		return "nosuchinstance";
	case SNMP_ENDOFMIBVIEW:
		return "endofmibview";
	default:
		return "unknown";
	}
}

/* Printable UTF-8 with the usual white space; a last NUL is forgiven. */
static bool
text_is_plain(const char *p, size_t *len)
{
	size_t n = *len;

	if (n > 0 && p[n - 1] == '\0')
		n--;
	for (size_t i = 0, step; i < n; i += step) {
		uint32_t c;

		step = noc_utf8_decode(p + i, n - i, &c);
		if (step == 0 ||
		    (noc_utf8_steers(c) && c != '\t' && c != '\n' && c != '\r'))
			return false;
	}
	*len = n;
	return true;
}

static struct noc_value *
octets_hex(const u_char *p, size_t len, const char **type)
{
	char *hex;
	struct noc_value *v;

	if (len > NOC_SNMP_TEXT_MAX / 2)
		len = NOC_SNMP_TEXT_MAX / 2;
	hex = noc_malloc(2 * len + 1);
	v = noc_value_str(noc_hex(hex, p, len));
	free(hex);
	*type = "hex";
	return v;
}

static struct noc_value *
octets_mac(const u_char *p, size_t len)
{
	char text[3 * 20 + 1] = "";

	for (size_t i = 0; i < len; i++)
		snprintf(text + 3 * i, 4, i + 1 < len ? "%02x:" : "%02x", p[i]);
	return noc_value_str(text);
}

/* DateAndTime (RFC 2579): 8 octets, or 11 with the offset from UTC. */
static struct noc_value *
octets_date(const u_char *p, size_t len)
{
	char text[48];
	int n;

	n = snprintf(text, sizeof(text), "%04u-%02u-%02uT%02u:%02u:%02u.%u",
		     (unsigned)(p[0] << 8 | p[1]), p[2], p[3], p[4], p[5], p[6],
		     p[7]);
	if (len == 11)
		snprintf(text + n, sizeof(text) - (size_t)n, "%c%02u:%02u",
			 p[8] == '-' ? '-' : '+', p[9], p[10]);
	return noc_value_str(text);
}

static struct noc_value *
octets_value(const struct noc_mib_object *o, const u_char *p, size_t len,
	     const char **type)
{
	char syntax = o != NULL ? o->syntax : '-';

	if (len == 0 || p == NULL)
		return noc_value_str("");
	if (syntax == 'm' && len <= 20)
		return octets_mac(p, len);
	if (syntax == 'd' && (len == 8 || len == 11))
		return octets_date(p, len);
	if (syntax == 'x' || !text_is_plain((const char *)p, &len))
		return octets_hex(p, len, type);
	if (len > NOC_SNMP_TEXT_MAX) {
		len = NOC_SNMP_TEXT_MAX;
		while (len > 0 && (p[len] & 0xc0) == 0x80)
			len--; /* not inside of a character */
	}
	return noc_value_strn((const char *)p, len);
}

static struct noc_value *
counter64_value(const struct counter64 *c)
{
	uint64_t n = (uint64_t)(uint32_t)c->high << 32 | (uint32_t)c->low;

	if (n <= INT64_MAX)
		return noc_value_int((int64_t)n);
	return noc_value_strf("%" PRIu64, n);
}

static struct noc_value *
oid_value(const netsnmp_variable_list *v)
{
	noc_oid arcs[NOC_OID_MAX];
	char text[NOC_OID_MAX * 11 + 1];
	size_t n = v->val_len / sizeof(oid);

	if (n > NOC_OID_MAX || v->val_len % sizeof(oid) != 0)
		return NULL;
	for (size_t i = 0; i < n; i++)
		arcs[i] = (noc_oid)v->val.objid[i];
	noc_oid_format(text, sizeof(text), arcs, n);
	return noc_value_str(text);
}

static struct noc_value *
number_value(const netsnmp_variable_list *v)
{
	long n = *v->val.integer;

	if (v->type == ASN_INTEGER)
		return noc_value_int((int32_t)n);
	return noc_value_int((int64_t)(uint32_t)n);
}

/* NULL when the library's value is not what its type says. */
static struct noc_value *
value_read(const netsnmp_variable_list *v, const struct noc_mib_object *o,
	   const char **type)
{
	char text[INET_ADDRSTRLEN];
	bool null = v->val.string == NULL;

	switch (v->type) {
	case ASN_INTEGER:
	case ASN_COUNTER:
	case ASN_UNSIGNED:
	case ASN_UINTEGER:
	case ASN_TIMETICKS:
		if (null || v->val_len != sizeof(long))
			return NULL;
		return number_value(v);
	case ASN_OCTET_STR:
		return octets_value(o, v->val.string, v->val_len, type);
	case ASN_OPAQUE: {
		const char *ignored;

		if (null)
			return noc_value_str("");
		return octets_hex(v->val.string, v->val_len, &ignored);
	}
	case ASN_OBJECT_ID:
		return null ? noc_value_str("") : oid_value(v);
	case ASN_IPADDRESS:
		if (null || v->val_len != 4)
			return NULL;
		inet_ntop(AF_INET, v->val.string, text, sizeof(text));
		return noc_value_str(text);
	case ASN_COUNTER64:
	case ASN_OPAQUE_COUNTER64:
	case ASN_OPAQUE_U64:
		if (null || v->val_len != sizeof(struct counter64))
			return NULL;
		return counter64_value(v->val.counter64);
	case ASN_OPAQUE_I64:
		if (null || v->val_len != sizeof(struct counter64))
			return NULL;
		return noc_value_int(
		    (int64_t)((uint64_t)v->val.counter64->high << 32 |
			      (uint32_t)v->val.counter64->low));
	case ASN_OPAQUE_FLOAT:
		if (null || v->val_len != sizeof(float))
			return NULL;
		return noc_value_real((double)*v->val.floatVal);
	case ASN_OPAQUE_DOUBLE:
		if (null || v->val_len != sizeof(double))
			return NULL;
		return noc_value_real(*v->val.doubleVal);
	default:
		return noc_value_nil();
	}
}

struct noc_value *
noc_snmp_varbind(const struct noc_mib *mib, const netsnmp_variable_list *v)
{
	struct noc_value *m = noc_value_map(), *value;
	noc_oid arcs[NOC_OID_MAX];
	char text[NOC_OID_MAX * 11 + 1];
	size_t n = v->name_length < NOC_OID_MAX ? v->name_length : NOC_OID_MAX;
	const struct noc_mib_object *o;
	struct noc_slice label = { NULL, 0 };
	const char *type = type_name(v->type);

	for (size_t i = 0; i < n; i++)
		arcs[i] = (noc_oid)v->name[i];
	noc_oid_format(text, sizeof(text), arcs, n);
	noc_value_set(m, "oid", noc_value_str(text));
	o = mib != NULL ? noc_mib_find(mib, arcs, n) : NULL;
	if (o != NULL && o->kind == 'o')
		o = NULL; /* a branch says nothing about its leaves */
	if (o != NULL) {
		noc_value_set(m, "name", noc_value_str(o->name));
		noc_oid_format(text, sizeof(text), arcs + o->oid_len,
			       n - o->oid_len);
		noc_value_set(m, "index", noc_value_str(text));
	}
	value = value_read(v, o, &type);
	if (value == NULL) {
		value = noc_value_nil();
		type = "broken";
	}
	noc_value_set(m, "type", noc_value_str(type));
	if (value->type == NOC_INT && v->type == ASN_INTEGER)
		label = noc_mib_label(o, value->u.i);
	if (label.p != NULL) {
		noc_value_set(m, "number", value);
		value = noc_value_strn(label.p, label.len);
	}
	noc_value_set(m, "value", value);
	return m;
}

/* --- from data to the wire --- */

static int
set_wrong(struct noc_err *err, const struct noc_mib_object *o, const char *want)
{
	return noc_err_set(
	    err, NOC_EINPUT, "The value for %s cannot be set: %s.",
	    o != NULL ? o->name : "an OID that no MIB names", want);
}

/* An integer: a number, its text, or an enum's label. */
static int
set_number(const struct noc_mib_object *o, const struct noc_value *v,
	   int64_t min, int64_t max, int64_t *n, struct noc_err *err)
{
	char *end;

	if (v->type == NOC_INT) {
		*n = v->u.i;
	} else if (v->type == NOC_BOOL) {
		*n = v->u.b ? 1 : 2; /* TruthValue */
	} else if (v->type == NOC_STR && v->u.s.len > 0) {
		if (!noc_mib_number(o, noc_slice(v->u.s.p, v->u.s.len), n)) {
			*n = strtoll(v->u.s.p, &end, 10);
			if (*end != '\0' || end != v->u.s.p + v->u.s.len)
				return set_wrong(err, o,
						 o != NULL && o->enums != NULL
						     ? "it is none of the "
						       "labels and no number"
						     : "it is not a number");
		}
	} else {
		return set_wrong(err, o, "a number or a label is wanted");
	}
	if (*n < min || *n > max)
		return set_wrong(err, o, "the number is out of range");
	return 0;
}

static int
set_octets(const struct noc_mib_object *o, const struct noc_value *v,
	   u_char *out, size_t *len, struct noc_err *err)
{
	char hex[64];
	size_t n = 0;

	if (v->type != NOC_STR)
		return set_wrong(err, o, "a string is wanted");
	if (v->u.s.len > *len)
		return set_wrong(err, o, "the string is too long");
	if (o == NULL || (o->syntax != 'm' && o->syntax != 'x')) {
		memcpy(out, v->u.s.p, v->u.s.len);
		*len = v->u.s.len;
		return 0;
	}
	if (o->syntax == 'x') {
		if (noc_unhex(v->u.s.p, v->u.s.len, out, len) < 0)
			return set_wrong(err, o, "hex digits are wanted");
		return 0;
	}
	for (size_t i = 0; i < v->u.s.len && n < sizeof(hex); i++)
		if (strchr(":-.", v->u.s.p[i]) == NULL)
			hex[n++] = v->u.s.p[i];
	if (noc_unhex(hex, n, out, len) < 0)
		return set_wrong(err, o, "a MAC address is wanted");
	return 0;
}

static int
set_other(const struct noc_mib *mib, const struct noc_mib_object *o,
	  const struct noc_value *v, netsnmp_pdu *pdu, const oid *name,
	  size_t name_len, struct noc_err *err)
{
	noc_oid arcs[NOC_OID_MAX];
	oid value[NOC_OID_MAX];
	size_t n;
	u_char address[4];
	int rc;

	if (v->type != NOC_STR)
		return set_wrong(err, o, "a string is wanted");
	if (o->syntax == 'a') {
		if (inet_pton(AF_INET, v->u.s.p, address) != 1)
			return set_wrong(err, o, "an IPv4 address is wanted");
		snmp_pdu_add_variable(pdu, name, name_len, ASN_IPADDRESS,
				      address, sizeof(address));
		return 0;
	}
	rc = noc_oid_parse(mib, v->u.s.p, v->u.s.len, arcs, &n, NULL, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < n; i++)
		value[i] = arcs[i];
	snmp_pdu_add_variable(pdu, name, name_len, ASN_OBJECT_ID, value,
			      n * sizeof(oid));
	return 0;
}

int
noc_snmp_varbind_add(netsnmp_pdu *pdu, const struct noc_mib *mib,
		     const noc_oid *arcs, size_t len, const struct noc_value *v,
		     struct noc_err *err)
{
	const struct noc_mib_object *o = noc_mib_find(mib, arcs, len);
	oid name[NOC_OID_MAX];
	u_char octets[NOC_SNMP_TEXT_MAX];
	size_t octets_len = sizeof(octets);
	int64_t n;
	long number;
	u_char type = ASN_INTEGER;
	char syntax;
	int rc;

	for (size_t i = 0; i < len; i++)
		name[i] = arcs[i];
	if (o != NULL && o->kind == 'o')
		o = NULL;
	syntax = o != NULL ? o->syntax : '-';
	if (syntax == '-')
		syntax = v->type == NOC_STR ? 's' : 'i';
	switch (syntax) {
	case 'a':
	case 'o':
		return set_other(mib, o, v, pdu, name, len, err);
	case 's':
	case 'x':
	case 'm':
	case 'd':
		rc = set_octets(o, v, octets, &octets_len, err);
		if (rc < 0)
			return rc;
		snmp_pdu_add_variable(pdu, name, len, ASN_OCTET_STR, octets,
				      octets_len);
		return 0;
	case 'u':
	case 't':
		type = syntax == 'u' ? ASN_UNSIGNED : ASN_TIMETICKS;
		rc = set_number(o, v, 0, UINT32_MAX, &n, err);
		break;
	default:
		rc = set_number(o, v, INT32_MIN, INT32_MAX, &n, err);
		break;
	}
	if (rc < 0)
		return rc;
	number = (long)n;
	snmp_pdu_add_variable(pdu, name, len, type, &number, sizeof(number));
	return 0;
}
