/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_EDGE_ENV_H
#define NOC_ENGINE_EDGE_ENV_H

#include "base/err.h"
#include "base/value.h"

/*
 * What the daemon offers its sensors and actions, put together by cli/serve
 * and passed down.  Pointers to higher rooms are opaque here.
 */
struct noc_loop;
struct noc_core;
struct noc_snmp; /* snmp/snmp.h; NULL when simulated */
struct noc_http; /* net/http.h */
struct noc_writer;
struct noc_reader;
struct noc_mib;
struct noc_call; /* engine/edge/action.h */

struct noc_env {
	struct noc_loop *loop; /* NULL under `nocturne test` */
	struct noc_core *core;
	struct noc_snmp *snmp;
	struct noc_http *http;
	struct noc_writer *writer;
	struct noc_reader *reader;
	struct noc_mib *mib;
	const char *state_dir;
	const char *rules_dir;
	const struct noc_value *config; /* effective options by key */
	void *curl;			/* actions/curl.c */
	/* Simulated world (demo, test): answers instead of ops->start. */
	int (*simulate)(struct noc_env *env, struct noc_call *call,
			struct noc_err *err);
	void *simulate_arg;
};

#endif
