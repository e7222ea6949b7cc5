/* SPDX-License-Identifier: ISC */
#ifndef NOC_NET_RESOLVE_H
#define NOC_NET_RESOLVE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "net/loop.h"

/*
 * Host names to addresses without blocking (evdns, /etc/hosts first), so that
 * libcurl never resolves by itself.  Changed files are read again.  Loop
 * thread only.
 */
struct noc_resolver;
struct noc_lookup;

#define NOC_ADDRESSES_MAX 8

struct noc_addresses {
	size_t n;			  /* at least 1 */
	char text[NOC_ADDRESSES_MAX][46]; /* "192.0.2.1", "2001:db8::1" */
};

/* conf and hosts: NULL for /etc/resolv.conf and /etc/hosts. */
int noc_resolver_new(struct noc_loop *loop, const char *conf, const char *hosts,
		     struct noc_resolver **out, struct noc_err *err);
/* Lookups under way end here: their `done` is not called. */
void noc_resolver_free(struct noc_resolver *r);

/*
 * Calls done exactly once, never from within this call: err is NULL and the
 * addresses are borrowed, or EINPUT (no host name), ENOTFOUND, ETIMEOUT,
 * EDOWN (no name server answers).  Address literals ("::1", "[::1]") need no
 * lookup.  timeout_ms > 0.
 */
struct noc_lookup *
noc_resolve(struct noc_resolver *r, const char *name, int64_t timeout_ms,
	    void (*done)(const struct noc_addresses *addresses,
			 const struct noc_err *err, void *arg),
	    void *arg);
/* Before done was called: it will not be. */
void noc_resolve_cancel(struct noc_lookup *l);

#endif
