/* SPDX-License-Identifier: ISC */
/*
 * An agent that answers as it likes.  The first byte says under which
 * credential it is asked; then come its answers, each a byte of how it is
 * protected, one of its clock, two of its length, and the PDU (or the scoped
 * one), for which the keys are the right ones.  Each request ends once.
 *
 * Of: snmp/answer.c snmp/peer.c snmp/request.c snmp/transport.c
 * snmp/varbind.c
 */
#include "config.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/json.h"
#include "base/mem.h"
#include "net/loop.h"
#include "snmp/private.h"
#include "tests/fuzz/usm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define QUIET_TURNS 3
#define BODY_MAX    2048

static const uint8_t engine[] = { 0x80, 0, 0, 0, 1, 2, 3, 4 };
static const struct noc_snmp_credential credentials[] = {
	{ .version = 3, .user = "plain" },
	{ .version = 3,
	  .user = "auth",
	  .auth = "SHA-256",
	  .auth_pass = "passw0rd" },
	{ .version = 3,
	  .user = "priv",
	  .auth = "SHA",
	  .auth_pass = "passw0rd",
	  .priv = "AES",
	  .priv_pass = "passw1rd" },
	{ .version = 2, .community = "public" },
};

static struct noc_loop *loop;
static struct noc_snmp *snmp;
static int agent = -1;
static uint16_t port;

/* One input under way. */
struct talk {
	const uint8_t *p, *end; /* answers that are left */
	const struct noc_snmp_credential *as;
	int done, quiet;
};

static void
open_once(void)
{
	struct noc_snmp_options opt = { .mib = noc_mib_new(),
					.engine_id = "80001f8805aabbccddeeff" };
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof(sin);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	agent = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (bind(agent, (struct sockaddr *)&sin, len) ||
	    getsockname(agent, (struct sockaddr *)&sin, &len) ||
	    noc_loop_new(&loop, NULL) || noc_snmp_open(loop, &opt, &snmp, NULL))
		abort();
	port = ntohs(sin.sin_port);
}

/* The number at *p, and past it: msgID or request-id of what we made. */
static int32_t
number(const uint8_t *p)
{
	uint32_t v = 0;

	for (int i = 0; i < p[1] && i < 4; i++)
		v = v << 8 | p[2 + i];
	return (int32_t)v;
}

/* Past the head of this TLV, into it. */
static const uint8_t *
into(const uint8_t *p)
{
	return p + 2 + (p[1] & 0x80 ? p[1] & 0x7f : 0);
}

/* The PDU with the id that was asked, where it has one: the last that the
 * library gave away. */
static size_t
with_id(const uint8_t *pdu, size_t len, uint8_t out[USM_MAX])
{
	const uint32_t id = (uint32_t)snmp_get_next_reqid() - 1;
	uint8_t all[USM_MAX / 2];
	size_t at = len < 2 ? 0 : pdu[1] & 0x80 ? 2u + (pdu[1] & 3) : 2;
	size_t n = 6;

	if (!at || at + 2 > len || len > BODY_MAX || pdu[at] != 2 ||
	    at + 2 + pdu[at + 1] > len) {
		memcpy(out, pdu, len);
		return len;
	}
	all[0] = 2;
	all[1] = 4;
	for (int i = 0; i < 4; i++)
		all[2 + i] = (uint8_t)(id >> (24 - 8 * i));
	at += 2u + pdu[at + 1];
	memcpy(all + n, pdu + at, len - at);
	return usm_tlv(out, pdu[0], all, n + len - at);
}

static size_t
answer_v3(const struct talk *t, const uint8_t *asked, uint8_t how,
	  uint8_t clock, const uint8_t *pdu, size_t len, uint8_t out[USM_MAX])
{
	uint8_t body[USM_MAX], all[USM_MAX];
	/* SEQ { 3, SEQ { msgID, ... */
	const struct usm_message m = {
		.id = number(into(into(asked) + 3)) + (how & 16 ? 1 : 0),
		.flags = how & 3,
		.user = how & 4 ? "" : t->as->user,
		.engine = engine,
		.engine_len = how & 8 ? 0 : sizeof(engine),
		.boots = 3 + (clock >> 6),
		.time = 1000 + (clock & 63),
		.scoped = how & 64 ? pdu : body,
		.scoped_len = len,
		.spoiled = how & 32,
	};
	struct usm_message told = m;
	size_t n = usm_tlv(all, 4, engine, sizeof(engine));

	if (how & 64)
		return usm_build(&m, out);
	n += usm_tlv(all + n, 4, NULL, 0);
	n += with_id(pdu, len, all + n);
	told.scoped_len = usm_tlv(body, 0x30, all, n);
	return usm_build(&told, out);
}

/* SEQ { 1, community, the PDU }. */
static size_t
answer_v2(const uint8_t *pdu, size_t len, uint8_t out[USM_MAX])
{
	static const uint8_t head[] = { 2,   1,	  1,   4,   6,	'p',
					'u', 'b', 'l', 'i', 'c' };
	uint8_t all[USM_MAX];

	memcpy(all, head, sizeof(head));
	return usm_tlv(out, 0x30, all,
		       sizeof(head) + with_id(pdu, len, all + sizeof(head)));
}

static void
answer(struct talk *t, const uint8_t *asked, const struct sockaddr_in *to)
{
	uint8_t out[USM_MAX], how, clock;
	size_t len, n;

	if (t->end - t->p < 4)
		return; /* it says no more */
	how = t->p[0];
	clock = t->p[1];
	len = (size_t)(t->p[2] << 8 | t->p[3]);
	t->p += 4;
	len = len < (size_t)(t->end - t->p) ? len : (size_t)(t->end - t->p);
	len = len < BODY_MAX ? len : BODY_MAX;
	n = t->as->version == 3
		? answer_v3(t, asked, how, clock, t->p, len, out)
		: answer_v2(t->p, len, out);
	t->p += len;
	if (n)
		sendto(agent, out, n, 0, (const struct sockaddr *)to,
		       sizeof(*to));
}

static void
on_turn(void *arg)
{
	struct talk *t = arg;
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	uint8_t asked[2048];
	ssize_t n = recvfrom(agent, asked, sizeof(asked), MSG_DONTWAIT,
			     (struct sockaddr *)&from, &len);

	t->quiet++;
	if (n > 0) {
		answer(t, asked, &from);
		t->quiet = 0;
	}
	if (t->quiet < QUIET_TURNS)
		noc_loop_defer(loop, on_turn, t);
	else
		noc_loop_stop(loop);
}

static void
on_done(struct noc_value *result, const struct noc_err *err, void *arg)
{
	struct talk *t = arg;

	NOC_REQUIRE(++t->done == 1);
	NOC_REQUIRE(err ? err->kind != NOC_OK && err->msg[0] : result != NULL);
	if (result)
		free(noc_json_string(result, NOC_JSON_CANONICAL));
	noc_value_free(result);
}

/* Nothing that one input taught is known to the next. */
static void
forget(void)
{
	struct talk none = { 0 };
	uint8_t byte;

	noc_snmp_peers_release(snmp);
	set_enginetime(engine, sizeof(engine), 0, 0, TRUE);
	noc_loop_defer(loop, on_turn, &none);
	noc_loop_run(loop);
	while (recv(agent, &byte, 1, MSG_DONTWAIT) >= 0)
		;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const oids[] = { "sysName.0", "ifOperStatus.7" };
	struct noc_snmp_request req = { .address = "127.0.0.1",
					.oids = oids,
					.noids = 2,
					.timeout_ms = 60000,
					.tries = 1,
					.max_rows = 64 };
	struct talk t = { .end = data + size };
	struct noc_snmp_call *call;
	struct noc_err err;

	if (!loop)
		open_once();
	if (size < 1)
		return 0;
	t.p = data + 1;
	t.as = &credentials[data[0] % NOC_COUNT(credentials)];
	req.credential = *t.as;
	req.port = port;
	req.op = data[0] & 4   ? NOC_SNMP_WALK
		 : data[0] & 8 ? NOC_SNMP_GETNEXT
			       : NOC_SNMP_GET;
	call = noc_snmp_request(snmp, &req, on_done, &t, &err);
	if (!call)
		abort();
	noc_loop_defer(loop, on_turn, &t);
	noc_loop_run(loop);
	if (!t.done)
		noc_snmp_cancel(call);
	forget();
	return 0;
}
