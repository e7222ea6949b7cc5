/* SPDX-License-Identifier: ISC */
#ifndef NOC_SENSORS_UDP_H
#define NOC_SENSORS_UDP_H

#include <stdbool.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/slice.h"
#include "engine/edge/env.h"

/*
 * A UDP socket that is read in batches: recvmmsg into a slab, each datagram
 * handed over before the slab is used again.  What the kernel dropped is
 * counted in the source, at the latest a second later.  Loop thread.
 */
struct noc_udp;
struct noc_source;

struct noc_udp_datagram { /* borrowed */
	struct noc_slice bytes;
	bool cut; /* it was longer than any UDP datagram may be */
	const struct sockaddr_storage *from;
	socklen_t from_len;
};

/* Bound as env->config[option] says, or inherited.  source takes the drops. */
int noc_udp_open(struct noc_env *env, const char *option,
		 struct noc_source *source,
		 void (*on)(const struct noc_udp_datagram *datagram, void *arg),
		 void *arg, struct noc_udp **out, struct noc_err *err);
void noc_udp_close(struct noc_udp *udp); /* NULL ok */
int noc_udp_fd(const struct noc_udp *udp);

#endif
