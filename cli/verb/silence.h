/* SPDX-License-Identifier: ISC */
#ifndef NOC_CLI_VERB_SILENCE_H
#define NOC_CLI_VERB_SILENCE_H

#include "cli/client.h"

/* What `silence` and `freeze` share: silence.c. */
extern const struct noc_verb_option noc_mute_options[];
int noc_mute_list(struct noc_client *c, const char *target, const char *key);
int noc_mute_add(struct noc_client *c, const char *target);
int noc_mute_del(struct noc_client *c, const char *before);

#endif
