/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_EVENT_KINDS_H
#define NOC_ENGINE_EVENT_KINDS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The canonical kinds of event and the data fields each defines, whichever
 * vendor's words they were made from.  Rule files may define more by the map
 * and the captures of normalize and hook, and by the names of poll.  What
 * sensors and the engine itself emit is here too.  Constant; any thread.
 */
struct noc_kind_def {
	const char *kind;
	const char *fields; /* space separated data names */
	const char *help;
};

const struct noc_kind_def *noc_kind_at(size_t i); /* NULL past the end */
/* True when any built-in kind defines this data name. */
bool noc_kind_defines(const char *field);

/* "down" <-> "up", "fail" <-> "ok", "firing" <-> "resolved"; or NULL. */
const char *noc_kind_opposite(const char *kind);

#endif
