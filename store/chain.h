/* SPDX-License-Identifier: ISC */
#ifndef NOC_STORE_CHAIN_H
#define NOC_STORE_CHAIN_H

#include <stddef.h>
#include <stdint.h>

#include "base/crypto.h"

/*
 * The hash chain and the Merkle tree over it (RFC 6962 §2.1): the leaf of a
 * record is both the link to the next one and the leaf of the tree.  Pure
 * computation; any thread, one hasher a thread.
 */

#define NOC_HASH 32

/* Roots of the maximal perfect subtrees of `size` leaves, left to right:
 * popcount(size) of them. */
struct noc_frontier {
	uint64_t size;
	uint8_t node[64][NOC_HASH];
};

/* prev of record 0: SHA-256("nocturne/genesis/v1\n" ‖ log_id). */
void noc_chain_genesis(const uint8_t log_id[16], uint8_t out[NOC_HASH]);
/* SHA-256(00 ‖ record) */
void noc_chain_leaf(struct noc_sha256 *h, const void *rec, size_t len,
		    uint8_t out[NOC_HASH]);

static inline unsigned
noc_frontier_count(const struct noc_frontier *f)
{
	return (unsigned)__builtin_popcountll(f->size);
}
/* From stored bytes, popcount(size) * 32 of them: 0, or -1. */
int noc_frontier_read(struct noc_frontier *f, uint64_t size, const void *p,
		      size_t len);
/* Copies only what is in use. */
void noc_frontier_copy(struct noc_frontier *to,
		       const struct noc_frontier *from);
void noc_frontier_add(struct noc_frontier *f, struct noc_sha256 *h,
		      const uint8_t leaf[NOC_HASH]);
/* Of an empty tree: SHA-256(""). */
void noc_frontier_root(const struct noc_frontier *f, struct noc_sha256 *h,
		       uint8_t out[NOC_HASH]);

/* A proof: at most 64 hashes for inclusion, 65 for consistency. */
struct noc_proof {
	unsigned n;
	uint8_t node[66][NOC_HASH];
};

/* 0 when the proof holds, else -1 (RFC 9162 §2.1.3.2 and §2.1.4.2). */
int noc_proof_check_inclusion(const struct noc_proof *proof, uint64_t index,
			      uint64_t size, const uint8_t leaf[NOC_HASH],
			      const uint8_t root[NOC_HASH]);
int noc_proof_check_consistency(const struct noc_proof *proof, uint64_t size1,
				uint64_t size2, const uint8_t root1[NOC_HASH],
				const uint8_t root2[NOC_HASH]);

/*
 * Proofs made by reading leaves in order through `leaf` (0 or a negative kind,
 * which is returned): every leaf below `size` is read once.
 */
struct noc_leaves {
	int (*leaf)(void *arg, uint64_t seq, uint8_t out[NOC_HASH]);
	void *arg;
	uint64_t size;
};
int noc_proof_make_inclusion(struct noc_proof *proof,
			     const struct noc_leaves *leaves, uint64_t index);
int noc_proof_make_consistency(struct noc_proof *proof,
			       const struct noc_leaves *leaves, uint64_t size1);

#endif
