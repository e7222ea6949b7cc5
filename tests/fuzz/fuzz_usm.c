/* SPDX-License-Identifier: ISC */
/*
 * Notifications of SNMPv3 users with the right keys: who, how protected, as
 * which engine, how far its clock is off, then the scoped PDU, which is
 * encrypted and signed here.  What is taken is as protected as it was; what
 * is signed wrongly never is.
 *
 * Of: snmp/receive.c snmp/users.c snmp/trap.c snmp/varbind.c proto/ber.c
 * proto/ber_tag.c
 */
#include "config.h"

#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include "base/json.h"
#include "base/mem.h"
#include "snmp/snmp.h"
#include "tests/fuzz/usm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEAD 6

static const uint8_t ours[] = { 0x80, 0,    0x1f, 0x88, 5,   0xaa,
				0xbb, 0xcc, 0xdd, 0xee, 0xff };
static const uint8_t theirs[] = { 0x80, 0, 0, 0, 1, 2, 3, 4 };
#define THEIRS "8000000001020304"
static const struct noc_snmp_user users[] = {
	{ "plain", NULL, NULL, NULL, NULL, NULL },
	{ "md5", "MD5", "authpass1", NULL, NULL, THEIRS },
	{ "sha", "SHA", "authpass2", "AES", "privpass2", THEIRS },
	{ "sha224", "SHA-224", "authpass3", NULL, NULL, THEIRS },
	{ "sha256", "SHA-256", "authpass4", "AES-256", "privpass4", THEIRS },
	{ "sha384", "SHA-384", "authpass5", NULL, NULL, THEIRS },
	{ "sha512", "SHA-512", "authpass6", "AES-192", "privpass6", THEIRS },
	{ "des", "MD5", "authpass7", "DES", "privpass7", THEIRS },
};
static struct noc_snmp *snmp;

static void
on_send(void *arg, const uint8_t *p, size_t len, const struct sockaddr *to,
	socklen_t to_len)
{
	struct noc_snmp_shape shape;

	(void)arg;
	(void)to;
	NOC_REQUIRE(to_len == sizeof(struct sockaddr_in));
	NOC_REQUIRE(noc_snmp_check(p, len, &shape, NULL) == 0);
}

static void
open_once(void)
{
	struct noc_snmp_options opt = { .users = users,
					.nusers = NOC_COUNT(users),
					.mib = noc_mib_new(),
					.engine_id = "80001f8805aabbccddeeff",
					.send = on_send };

	/* Without a loop: no bucket fills by the clock of the machine. */
	if (noc_snmp_open(NULL, &opt, &snmp, NULL) < 0)
		abort();
}

static size_t
message_of(const uint8_t *data, size_t size, struct usm_message *m,
	   uint8_t out[USM_MAX])
{
	const struct noc_snmp_user *u = &users[data[0] % NOC_COUNT(users)];
	bool as_us = data[2] & 1;
	uint8_t level = (uint8_t)(u->priv ? 3 : u->auth ? 1 : 0);

	*m = (struct usm_message){
		.id = 1000 + data[3],
		/* Mostly as the user is configured. */
		.flags = (uint8_t)((data[1] & 8 ? data[1] & 3 : level) |
				   (data[1] & 4)),
		.user = data[2] & 8 ? "nobody" : u->name,
		.engine = as_us ? ours : theirs,
		.engine_len = data[2] & 4 ? 0
			      : as_us	  ? sizeof(ours)
					  : sizeof(theirs),
		.scoped = data + HEAD,
		.scoped_len = size - HEAD,
		.spoiled = data[2] & 2,
	};
	m->boots = as_us ? (uint32_t)snmpv3_local_snmpEngineBoots() : 3;
	m->time = as_us ? (uint32_t)snmpv3_local_snmpEngineTime() : 1000;
	m->boots += (uint32_t)(int8_t)data[4];
	m->time += (uint32_t)(8 * (int8_t)data[5]);
	return usm_build(m, out);
}

static void
check_taken(const struct usm_message *m, struct noc_snmp_trap *t)
{
	struct noc_value *v;

	NOC_REQUIRE(!(m->spoiled && m->flags & 1));
	NOC_REQUIRE(t->version == 3 && !strcmp(t->user, m->user));
	NOC_REQUIRE(t->level == (m->flags & 2	? NOC_SNMP_PRIV
				 : m->flags & 1 ? NOC_SNMP_AUTH
						: NOC_SNMP_NOAUTH));
	NOC_REQUIRE(t->engine_id_len == m->engine_len &&
		    !memcmp(t->engine_id, m->engine, m->engine_len));
	NOC_REQUIRE(t->inform == (t->reply != NULL) && t->trap_oid_len > 0);
	v = noc_snmp_trap_value(snmp, t);
	free(noc_json_string(v, NOC_JSON_CANONICAL));
	noc_value_free(v);
	noc_snmp_reply(t->reply);
	t->reply = NULL;
	noc_snmp_trap_clear(t);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sockaddr_in from = { .sin_family = AF_INET };
	struct usm_message m;
	struct noc_snmp_trap t;
	struct noc_err err = { 0 };
	uint8_t out[USM_MAX], *exact;
	size_t len;

	if (!snmp)
		open_once();
	if (size < HEAD || !(len = message_of(data, size, &m, out)))
		return 0;
	exact = noc_memdup(out, len);
	if (noc_snmp_receive(snmp, exact, len, (struct sockaddr *)&from,
			     sizeof(from), &t, &err) < 0)
		NOC_REQUIRE(err.kind != NOC_OK && err.msg[0] && !t.varbinds &&
			    !t.reply);
	else
		check_taken(&m, &t);
	free(exact);
	return 0;
}
