/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_POLICY_PAUSE_H
#define NOC_ENGINE_POLICY_PAUSE_H

#include "engine/core/core.h"

/*
 * Rules that people have paused: name -> {why, actor}, kept over restart and
 * reload by the ledger's part.  Loop thread.
 */
void noc_rule_pause_apply(struct noc_core *core,
			  void *part); /* ready, reload */
void noc_rule_pause_unreadable(struct noc_core *core, void *part,
			       const char *kind, const char *key);
bool noc_rule_pause_load(struct noc_core *core, void *part, const char *kind,
			 const char *key, int64_t due_ns,
			 const struct noc_value *data);
void noc_rule_pause_store(struct noc_core *core, void *part);
extern const struct noc_part_answer noc_rule_pause_answers[];

#endif
