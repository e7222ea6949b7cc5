/* SPDX-License-Identifier: ISC */
#ifndef NOC_SNMP_PEEK_H
#define NOC_SNMP_PEEK_H

#include "snmp/snmp.h"

/*
 * Looking at a message without believing it, for `nocturne decode`: any PDU,
 * v3 without its user (what is not encrypted can be read, nothing is
 * verified).  Never for the daemon.  Loop thread.
 */
struct noc_snmp_peek {
	bool notification;
	struct noc_snmp_trap trap; /* when it is one: as noc_snmp_receive */
	/* {version, pdu, community | user, level, engine, boots, time, msg_id,
	 * request_id, error, error_index, varbinds}; owned. */
	struct noc_value *value;
};

/* EINPUT: not a well-formed SNMP message.  Freed by noc_snmp_peek_clear. */
int noc_snmp_peek(const struct noc_snmp *snmp, const uint8_t *p, size_t len,
		  struct noc_snmp_peek *out, struct noc_err *err);
void noc_snmp_peek_clear(struct noc_snmp_peek *peek);

#endif
