/* SPDX-License-Identifier: ISC */
/* Of: snmp/receive.c snmp/trap.c snmp/varbind.c */
#include "config.h"

#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/json.h"
#include "snmp/snmp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct noc_snmp *snmp;

static void
on_send(void *arg, const uint8_t *p, size_t len, const struct sockaddr *to,
	socklen_t to_len)
{
	struct noc_snmp_shape shape;

	(void)arg;
	(void)to;
	/* What we answer passes our own check. */
	if (to_len != sizeof(struct sockaddr_in) ||
	    noc_snmp_check(p, len, &shape, NULL) < 0)
		abort();
}

static void
open_once(void)
{
	static const struct noc_snmp_user users[] = {
		{ "noc", NULL, NULL, NULL, NULL, NULL },
		{ "nocuser", "MD5", "authpass1234", NULL, NULL, NULL },
	};
	struct noc_snmp_options opt = { .users = users,
					.nusers = 2,
					.mib = noc_mib_new(),
					.engine_id = "80001f8805aabbccddeeff",
					.send = on_send };
	static struct noc_loop *loop;

	if (noc_loop_new(&loop, NULL) < 0 ||
	    noc_snmp_open(loop, &opt, &snmp, NULL) < 0)
		abort();
}

/* A datagram from anywhere, through the check and libnetsnmp, to data. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sockaddr_in from = { .sin_family = AF_INET };
	struct noc_snmp_trap t;
	struct noc_err err = { 0 };
	struct noc_value *v;

	if (snmp == NULL)
		open_once();
	if (noc_snmp_receive(snmp, data, size, (struct sockaddr *)&from,
			     sizeof(from), &t, &err) < 0) {
		if (err.kind == NOC_OK || err.msg[0] == '\0' ||
		    t.varbinds != NULL || t.reply != NULL)
			abort();
		return 0;
	}
	if (t.inform != (t.reply != NULL) || t.trap_oid_len < 1)
		abort();
	v = noc_snmp_trap_value(snmp, &t);
	free(noc_json_string(v, NOC_JSON_CANONICAL));
	noc_value_free(v);
	noc_snmp_reply(t.reply);
	t.reply = NULL;
	noc_snmp_trap_clear(&t);
	return 0;
}
