/* SPDX-License-Identifier: ISC */
#ifndef NOC_TESTS_FUZZ_TOKENS_H
#define NOC_TESTS_FUZZ_TOKENS_H

#include <stddef.h>
#include <stdint.h>

/*
 * A mutator of Lua by tokens: words are exchanged for others of the files in
 * these folders of the tree, doubled, moved, left out; now and then bytes are.
 * The rest is as LLVMFuzzerCustomMutator says.
 */
size_t tokens_mutate(uint8_t *data, size_t size, size_t max, unsigned int seed,
		     const char *const *folders, size_t nfolders);

/* Of libFuzzer; of main.c without it. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);

#endif
