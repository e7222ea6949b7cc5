/* SPDX-License-Identifier: ISC */
#ifndef NOC_NET_WALL_H
#define NOC_NET_WALL_H

#include "net/loop.h"

/*
 * The kernel's word that the wall clock was set.  It says when, not by how
 * much, and nothing to a program that is shown another clock: who needs to be
 * sure compares the clocks too.  Loop thread.
 */
struct noc_wall;

/* NULL: this kernel does not say it. */
struct noc_wall *noc_wall_new(struct noc_loop *loop, void (*on)(void *arg),
			      void *arg);
void noc_wall_free(struct noc_wall *w);

#endif
