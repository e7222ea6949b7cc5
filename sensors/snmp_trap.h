/* SPDX-License-Identifier: ISC */
#ifndef NOC_SENSORS_SNMP_TRAP_H
#define NOC_SENSORS_SNMP_TRAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "engine/event/event.h"

/*
 * The socket for traps, lent to snmp/ for Reports and answers: given as
 * noc_snmp_options.send, which is needed before the sensor is open (nothing
 * is sent then).  Loop thread.
 */
void noc_snmp_trap_send(void *arg, const uint8_t *p, size_t len,
			const struct sockaddr *to, socklen_t to_len);

/* The same for noc_snmp_options.known; arg: the core. */
bool noc_snmp_trap_known(void *arg, const struct sockaddr *from);

/* One line of text for a trap's `snmp` map: "linkDown ifIndex=7 ...". */
void noc_snmp_trap_summary(const struct noc_value *snmp,
			   struct noc_strbuf *out);

#endif
