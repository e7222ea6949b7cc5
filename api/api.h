/* SPDX-License-Identifier: ISC */
#ifndef NOC_API_API_H
#define NOC_API_API_H

#include "base/err.h"
#include "net/http.h"
#include "engine/edge/env.h"

/*
 * The HTTP API of the daemon: one file a noun, each adding its routes with
 * their roles to env->http.  It decides nothing: commands go through
 * noc_core_command and are answered when durable, questions go to the reader.
 * Bearer tokens are in api/auth.c.  Loop thread; one a process.
 */
struct noc_api;

/* Who may come in: before noc_http_new; env is borrowed and needs its
 * state_dir. */
void noc_api_http_conf(struct noc_http_conf *conf, struct noc_env *env);
/* All routes; before noc_http_start.  ECONFIG: STATE/tokens is not usable. */
int noc_api_open(struct noc_env *env, struct noc_api **out,
		 struct noc_err *err);
/* Before noc_http_free; waits for a verification that is under way. */
void noc_api_close(struct noc_api *api); /* NULL ok */

#endif
