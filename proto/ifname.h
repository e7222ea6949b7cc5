/* SPDX-License-Identifier: ISC */
#ifndef NOC_PROTO_IFNAME_H
#define NOC_PROTO_IFNAME_H

#include <stddef.h>

#include "base/slice.h"

/* The ways in which vendors write one interface's name.  Any thread. */

/* Gi1/0/1 ≡ GigabitEthernet1/0/1: canonical long form into buf. */
struct noc_slice noc_ifname_canonical(struct noc_slice name, char *buf,
				      size_t size);

#endif
