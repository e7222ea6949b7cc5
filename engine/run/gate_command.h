/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RUN_GATE_COMMAND_H
#define NOC_ENGINE_RUN_GATE_COMMAND_H

#include "engine/core/core.h"

/* Verbs of people about gates: gate.list, gate.show, gate.decide. */
int noc_on_gate_list(struct noc_core *core, void *part,
		     const struct noc_value *command, struct noc_value **answer,
		     struct noc_err *err);
int noc_on_gate_show(struct noc_core *core, void *part,
		     const struct noc_value *command, struct noc_value **answer,
		     struct noc_err *err);
int noc_on_gate_decide(struct noc_core *core, void *part,
		       const struct noc_value *command,
		       struct noc_value **answer, struct noc_err *err);

#define NOC_WAITS_MAX 100 /* that are told of one run */
/* What a run that has not ended waits for, of people and of the outside: a list
 * of {path, what, until, missing}.  Returned. */
struct noc_value *noc_run_waits(const struct noc_core *core, const char *run);

#endif
