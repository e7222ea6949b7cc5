/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/fuzz/usm.h"

#include <string.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#define BODY_MAX 4096 /* of the scoped PDU */

size_t
usm_tlv(uint8_t *out, uint8_t tag, const uint8_t *p, size_t len)
{
	size_t at = 0;

	out[at++] = tag;
	if (len >= 256) {
		out[at++] = 0x82;
		out[at++] = (uint8_t)(len >> 8);
	} else if (len >= 128) {
		out[at++] = 0x81;
	}
	out[at++] = (uint8_t)len;
	if (len)
		memmove(out + at, p, len);
	return at + len;
}

static size_t
integer(uint8_t *out, uint32_t v)
{
	const uint8_t p[5] = { 0, (uint8_t)(v >> 24), (uint8_t)(v >> 16),
			       (uint8_t)(v >> 8), (uint8_t)v };
	size_t at = 0;

	while (at < 4 && p[at] == 0 && p[at + 1] < 0x80)
		at++;
	return usm_tlv(out, 0x02, p + at, sizeof(p) - at);
}

static void
big_endian(uint8_t *out, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		out[i] = (uint8_t)(v >> (24 - 8 * i));
}

/* Encrypts in place as u does; the new length, 0: it cannot. */
static size_t
encrypt(const struct usm_message *m, const struct usmUser *u, uint8_t *body,
	size_t len, const uint8_t salt[8])
{
	uint8_t plain[BODY_MAX + 8] = { 0 }, iv[16];
	size_t n = BODY_MAX + 8, iv_len;

	memcpy(plain, body, len);
	if (u->privKey == NULL)
		return 0;
	if (sc_get_privtype(u->privProtocol, (u_int)u->privProtocolLen) ==
	    USM_CREATE_USER_PRIV_DES) {
		for (int i = 0; i < 8; i++)
			iv[i] = salt[i] ^ u->privKey[8 + i];
		iv_len = 8;
		len = (len + 7) / 8 * 8;
	} else {
		big_endian(iv, m->boots);
		big_endian(iv + 4, m->time);
		memcpy(iv + 8, salt, 8);
		iv_len = 16;
	}
	if (sc_encrypt(u->privProtocol, u->privProtocolLen, u->privKey,
		       (u_int)u->privKeyLen, iv, (u_int)iv_len, plain,
		       (u_int)len, body, &n) != SNMPERR_SUCCESS)
		return 0;
	return n;
}

/* msgGlobalData. */
static size_t
header(const struct usm_message *m, uint8_t *out)
{
	uint8_t in[32];
	size_t n = integer(in, (uint32_t)m->id);

	n += integer(in + n, 65507);
	n += usm_tlv(in + n, 0x04, &m->flags, 1);
	n += integer(in + n, 3);
	return usm_tlv(out, 0x30, in, n);
}

/* msgSecurityParameters; *mac is where the signature belongs, from the end. */
static size_t
security(const struct usm_message *m, uint8_t *out, size_t mac_len,
	 const uint8_t salt[8], size_t *mac)
{
	static const uint8_t zeros[64];
	uint8_t in[512], seq[512];
	size_t n = usm_tlv(in, 0x04, m->engine, m->engine_len), after;

	n += integer(in + n, m->boots);
	n += integer(in + n, m->time);
	n += usm_tlv(in + n, 0x04, (const uint8_t *)m->user, strlen(m->user));
	n += usm_tlv(in + n, 0x04, zeros, mac_len);
	after = n;
	n += usm_tlv(in + n, 0x04, salt, m->flags & 2 ? 8 : 0);
	*mac = n - after + mac_len;
	n = usm_tlv(seq, 0x30, in, n);
	return usm_tlv(out, 0x04, seq, n);
}

static bool
sign(const struct usm_message *m, const struct usmUser *u, uint8_t *out,
     size_t len, size_t mac_at, size_t mac_len)
{
	uint8_t mac[64];
	size_t n = sizeof(mac);

	if (sc_generate_keyed_hash(u->authProtocol, u->authProtocolLen,
				   u->authKey, (u_int)u->authKeyLen, out,
				   (u_int)len, mac, &n) != SNMPERR_SUCCESS ||
	    n < mac_len)
		return false;
	memcpy(out + mac_at, mac, mac_len);
	out[mac_at + mac_len / 2] ^= m->spoiled ? 0x10 : 0;
	return true;
}

size_t
usm_build(const struct usm_message *m, uint8_t out[USM_MAX])
{
	static const uint8_t salt[8] = { 0, 0, 0, 1, 2, 3, 4, 5 };
	struct usmUser *u = usm_get_user(m->engine, m->engine_len, m->user);
	uint8_t all[USM_MAX], body[BODY_MAX + 64];
	size_t n, len = m->scoped_len, mac_len = 0, mac = 0, params;

	if (len > BODY_MAX - 64 || m->engine_len > 64 || strlen(m->user) > 64)
		return 0;
	if (m->flags & 1) {
		if (u == NULL || u->authKey == NULL)
			return 0;
		mac_len = (size_t)sc_get_auth_maclen(sc_get_authtype(
		    u->authProtocol, (u_int)u->authProtocolLen));
	}
	memcpy(body, m->scoped, len);
	if (m->flags & 2) {
		len = u ? encrypt(m, u, body, len, salt) : 0;
		if (len == 0)
			return 0;
	}
	n = integer(all, 3);
	n += header(m, all + n);
	n += security(m, all + n, mac_len, salt, &mac);
	params = n;
	if (m->flags & 2)
		n += usm_tlv(all + n, 0x04, body, len);
	else {
		memcpy(all + n, body, len);
		n += len;
	}
	mac += n - params; /* from the end of all */
	n = usm_tlv(out, 0x30, all, n);
	if (m->flags & 1 && !sign(m, u, out, n, n - mac, mac_len))
		return 0;
	return n;
}
