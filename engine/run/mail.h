/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RUN_MAIL_H
#define NOC_ENGINE_RUN_MAIL_H

#include "engine/run/run_private.h"

/*
 * Signals that came for a run: durable, kept until its end, so that one that
 * comes before who waits for it is not lost and one that comes twice is taken
 * once.  A live row each, kind "signal", key run/name/message.  Loop thread,
 * inside an input.
 */
#define NOC_MAIL_MAX	  256	      /* of a run */
#define NOC_MAIL_DATA_MAX (64 * 1024) /* bytes of its data, as JSON */
#define NOC_MAIL_ID_MAX	  128

struct noc_runs;

struct noc_mail {
	struct noc_mail *next;
	char *name, *message, *path; /* path: of the step it is for, or "" */
	char *actor;
	struct noc_value *data; /* a map */
	int64_t at_ns;		/* wall clock */
	int64_t nth;		/* of its run: the order they came in */
	bool taken;
};

struct noc_mail_say {
	const char *name, *message, *path, *actor;
	const struct noc_value *data; /* NULL: none */
};

/* 0; 1: it came before, nothing has changed; ERESOURCE, EINPUT. */
int noc_mail_put(struct noc_run *r, const struct noc_mail_say *say,
		 struct noc_err *err);
/* The first of this name that is for the step and not taken: it is now.
 * Borrowed; NULL: none. */
const struct noc_mail *noc_mail_take(struct noc_run *r, const char *name,
				     const char *path);
/* The run has ended. */
void noc_mail_drop(struct noc_run *r);
bool noc_mail_load(struct noc_runs *runs, struct noc_core *core,
		   const char *kind, const char *key,
		   const struct noc_value *data);
/* All runs are loaded: what is for none of them goes. */
void noc_mail_ready(struct noc_runs *runs);
/* All rows once more. */
void noc_mail_store(struct noc_runs *runs);
void noc_mail_release(struct noc_runs *runs);

#endif
