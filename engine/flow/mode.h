/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_FLOW_MODE_H
#define NOC_ENGINE_FLOW_MODE_H

#include <stdbool.h>

/* How far a rule, pair, schedule or run may go. */
enum noc_mode {
	NOC_OBSERVE, /* all but what changes something */
	NOC_SHADOW,  /* beside a live one: only reads, tells nobody */
	NOC_CANARY,  /* of a rule only: active for a share of its keys */
	NOC_ACTIVE
};

const char *noc_mode_name(enum noc_mode mode);
bool noc_mode_parse(const char *word, enum noc_mode *out);
/* What its notices and lines begin with: "[observe] ", "[shadow] ", "". */
const char *noc_mode_mark(enum noc_mode mode);

#endif
