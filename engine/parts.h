/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_PARTS_H
#define NOC_ENGINE_PARTS_H

#include "engine/core/part.h"

/*
 * Every part of the engine, by enum noc_part: for whoever makes a core
 * (noc_core_options).  A new part is a row here and in engine/core/part.h.
 */
extern const struct noc_part_ops *const noc_parts[NOC_PART_COUNT];

#endif
