/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_INTAKE_UNKNOWN_H
#define NOC_ENGINE_INTAKE_UNKNOWN_H

#include "engine/core/core.h"

void noc_unknown_sender(struct noc_core *core, const struct noc_event *ev);
struct noc_value *noc_unknown_list(struct noc_core *core);

#endif
