/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_MEMORY_FOLD_PRIVATE_H
#define NOC_ENGINE_MEMORY_FOLD_PRIVATE_H

#include "engine/core/core.h"

/*
 * The state behind noc_fold (engine/memory/fold.h), kept by the dedup part.
 * Leading edge: the first witness of a fault goes on at once, later ones
 * within 30 s join it.  Only dedup.c and fold.c.
 */
struct noc_fold_part;

struct noc_fold_part *noc_fold_part_new(struct noc_core *core);
void noc_fold_part_free(struct noc_fold_part *f);
struct noc_fold_part *noc_fold_part(const struct noc_core *core);
bool noc_fold_load(struct noc_core *core, struct noc_fold_part *f,
		   const char *key, int64_t due_ns,
		   const struct noc_value *data);
void noc_fold_store(struct noc_core *core, const struct noc_fold_part *f);
size_t noc_fold_open_count(const struct noc_fold_part *f);

#endif
