/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "store/chain.h"

#include <string.h>

#include "base/err.h"

void
noc_chain_genesis(const uint8_t log_id[16], uint8_t out[NOC_HASH])
{
	static const char head[] = "nocturne/genesis/v1\n";
	uint8_t buf[sizeof(head) - 1 + 16];

	memcpy(buf, head, sizeof(head) - 1);
	memcpy(buf + sizeof(head) - 1, log_id, 16);
	noc_sha256_once(buf, sizeof(buf), out);
}

void
noc_chain_leaf(struct noc_sha256 *h, const void *rec, size_t len,
	       uint8_t out[NOC_HASH])
{
	noc_sha256_begin(h);
	noc_sha256_add(h, "", 1);
	noc_sha256_add(h, rec, len);
	noc_sha256_end(h, out);
}

/* SHA-256(01 ‖ l ‖ r); out may be l or r. */
static void
chain_node(struct noc_sha256 *h, const uint8_t l[NOC_HASH],
	   const uint8_t r[NOC_HASH], uint8_t out[NOC_HASH])
{
	uint8_t buf[1 + 2 * NOC_HASH];

	buf[0] = 1;
	memcpy(buf + 1, l, NOC_HASH);
	memcpy(buf + 1 + NOC_HASH, r, NOC_HASH);
	noc_sha256_begin(h);
	noc_sha256_add(h, buf, sizeof(buf));
	noc_sha256_end(h, out);
}

int
noc_frontier_read(struct noc_frontier *f, uint64_t size, const void *p,
		  size_t len)
{
	f->size = size;
	if (len != noc_frontier_count(f) * (size_t)NOC_HASH)
		return -1;
	if (len)
		memcpy(f->node, p, len);
	return 0;
}

void
noc_frontier_copy(struct noc_frontier *to, const struct noc_frontier *from)
{
	to->size = from->size;
	memcpy(to->node, from->node,
	       noc_frontier_count(from) * (size_t)NOC_HASH);
}

void
noc_frontier_add(struct noc_frontier *f, struct noc_sha256 *h,
		 const uint8_t leaf[NOC_HASH])
{
	unsigned n = noc_frontier_count(f);
	uint64_t size = f->size;

	memcpy(f->node[n], leaf, NOC_HASH);
	/* Each trailing 1 of the old size is a perfect subtree of the same
	 * height as what has just been completed on its right. */
	for (; size & 1; size >>= 1, n--)
		chain_node(h, f->node[n - 1], f->node[n], f->node[n - 1]);
	f->size++;
}

void
noc_frontier_root(const struct noc_frontier *f, struct noc_sha256 *h,
		  uint8_t out[NOC_HASH])
{
	unsigned n = noc_frontier_count(f);

	if (!n) {
		noc_sha256_once("", 0, out);
		return;
	}
	memcpy(out, f->node[--n], NOC_HASH);
	while (n--)
		chain_node(h, f->node[n], out, out);
}

int
noc_proof_check_inclusion(const struct noc_proof *proof, uint64_t index,
			  uint64_t size, const uint8_t leaf[NOC_HASH],
			  const uint8_t root[NOC_HASH])
{
	struct noc_sha256 *h;
	uint8_t r[NOC_HASH];
	uint64_t fn = index, sn = size - 1;
	int ok = 1;

	if (index >= size)
		return -1;
	h = noc_sha256_new();
	memcpy(r, leaf, NOC_HASH);
	for (unsigned i = 0; ok && i < proof->n; i++) {
		if (!sn) {
			ok = 0;
		} else if (fn & 1 || fn == sn) {
			chain_node(h, proof->node[i], r, r);
			while (!(fn & 1) && fn) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			chain_node(h, r, proof->node[i], r);
		}
		fn >>= 1;
		sn >>= 1;
	}
	noc_sha256_free(h);
	return ok && !sn && !memcmp(r, root, NOC_HASH) ? 0 : -1;
}

int
noc_proof_check_consistency(const struct noc_proof *proof, uint64_t size1,
			    uint64_t size2, const uint8_t root1[NOC_HASH],
			    const uint8_t root2[NOC_HASH])
{
	struct noc_sha256 *h;
	uint8_t fr[NOC_HASH], sr[NOC_HASH];
	uint64_t fn, sn;
	unsigned i = 0;
	int ok = 1;

	/* Every tree extends the empty one: a proof of that says nothing. */
	if (!size1 || size1 > size2)
		return -1;
	if (size1 == size2)
		return !proof->n && !memcmp(root1, root2, NOC_HASH) ? 0 : -1;
	/* A perfect first tree is its own first proof node. */
	if (!(size1 & (size1 - 1))) {
		memcpy(fr, root1, NOC_HASH);
	} else {
		if (!proof->n)
			return -1;
		memcpy(fr, proof->node[i++], NOC_HASH);
	}
	memcpy(sr, fr, NOC_HASH);
	for (fn = size1 - 1, sn = size2 - 1; fn & 1; fn >>= 1)
		sn >>= 1;
	h = noc_sha256_new();
	for (; ok && i < proof->n; i++) {
		if (!sn) {
			ok = 0;
		} else if (fn & 1 || fn == sn) {
			chain_node(h, proof->node[i], fr, fr);
			chain_node(h, proof->node[i], sr, sr);
			while (!(fn & 1) && fn) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			chain_node(h, sr, proof->node[i], sr);
		}
		fn >>= 1;
		sn >>= 1;
	}
	noc_sha256_free(h);
	return ok && !sn && !memcmp(fr, root1, NOC_HASH) &&
		       !memcmp(sr, root2, NOC_HASH)
		   ? 0
		   : -1;
}

/* Root of leaves [from, to), to > from. */
static int
proof_subroot(const struct noc_leaves *l, struct noc_sha256 *h, uint64_t from,
	      uint64_t to, uint8_t out[NOC_HASH])
{
	struct noc_frontier f = { .size = 0 };
	uint8_t leaf[NOC_HASH];
	int rc;

	for (uint64_t i = from; i < to; i++) {
		rc = l->leaf(l->arg, i, leaf);
		if (rc < 0)
			return rc;
		noc_frontier_add(&f, h, leaf);
	}
	noc_frontier_root(&f, h, out);
	return 0;
}

/* Largest power of two below n, n > 1. */
static uint64_t
proof_split(uint64_t n)
{
	return 1ULL << (63 - __builtin_clzll(n - 1));
}

int
noc_proof_make_inclusion(struct noc_proof *proof,
			 const struct noc_leaves *leaves, uint64_t index)
{
	uint64_t from = 0, to = leaves->size;
	struct noc_sha256 *h;
	int rc = 0;

	proof->n = 0;
	if (index >= to)
		return NOC_ENOTFOUND;
	h = noc_sha256_new();
	while (!rc && to - from > 1) {
		uint64_t mid = from + proof_split(to - from);
		uint8_t *out = proof->node[proof->n++];

		if (index < mid) {
			rc = proof_subroot(leaves, h, mid, to, out);
			to = mid;
		} else {
			rc = proof_subroot(leaves, h, from, mid, out);
			from = mid;
		}
	}
	noc_sha256_free(h);
	/* The walk went from the root down; a proof goes from the leaf up. */
	for (unsigned i = 0, j = proof->n; !rc && i + 1 < j; i++) {
		uint8_t t[NOC_HASH];

		j--;
		memcpy(t, proof->node[i], NOC_HASH);
		memcpy(proof->node[i], proof->node[j], NOC_HASH);
		memcpy(proof->node[j], t, NOC_HASH);
	}
	return rc;
}

int
noc_proof_make_consistency(struct noc_proof *proof,
			   const struct noc_leaves *leaves, uint64_t size1)
{
	uint64_t from = 0, to = leaves->size;
	struct noc_sha256 *h;
	int rc = 0, whole = 1;

	proof->n = 0;
	if (size1 > to)
		return NOC_EINPUT;
	if (!size1 || size1 == to)
		return 0;
	h = noc_sha256_new();
	/* RFC 6962 §2.1.2, SUBPROOF(m, D[n], b), unrolled from the root. */
	while (!rc && to != size1) {
		uint64_t mid = from + proof_split(to - from);
		uint8_t *out = proof->node[proof->n++];

		if (size1 <= mid) {
			rc = proof_subroot(leaves, h, mid, to, out);
			to = mid;
		} else {
			rc = proof_subroot(leaves, h, from, mid, out);
			from = mid;
			whole = 0;
		}
	}
	if (!rc && !whole)
		rc =
		    proof_subroot(leaves, h, from, to, proof->node[proof->n++]);
	noc_sha256_free(h);
	for (unsigned i = 0, j = proof->n; !rc && i + 1 < j; i++) {
		uint8_t t[NOC_HASH];

		j--;
		memcpy(t, proof->node[i], NOC_HASH);
		memcpy(proof->node[i], proof->node[j], NOC_HASH);
		memcpy(proof->node[j], t, NOC_HASH);
	}
	return rc;
}
