/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "store/chain.h"

#include <inttypes.h>

#include "base/hex.h"
#include "store/note.h"
#include "tests/unit/store_data.h"

static struct noc_value *vectors;
static uint8_t leaves[5][32];

static int
setup(void **state)
{
	(void)state;
	vectors = data_load("audit/vectors.json");
	for (size_t i = 0; i < 5; i++)
		data_hash(noc_value_at(noc_value_get(vectors, "records"), i),
			  "leaf", leaves[i]);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	noc_value_free(vectors);
	return 0;
}

static const char *
text(const char *key)
{
	const char *s = noc_value_get_str(vectors, key, NULL);

	assert_non_null(s);
	return s;
}

static void
test_leaves_and_links(void **state)
{
	struct noc_sha256 *h = noc_sha256_new();
	uint8_t id[16], prev[32], want[32], leaf[32];
	size_t n = 16;

	(void)state;
	noc_unhex(text("log_id"), 32, id, &n);
	noc_chain_genesis(id, prev);
	data_hash(vectors, "genesis", want);
	assert_memory_equal(prev, want, 32);
	for (size_t i = 0; i < 5; i++) {
		size_t len;
		uint8_t *p = data_unhex(
		    noc_value_get_str(
			noc_value_at(noc_value_get(vectors, "records"), i),
			"hex", ""),
		    &len);

		assert_memory_equal(p + 64, prev, 32);
		noc_chain_leaf(h, p, len, leaf);
		assert_memory_equal(leaf, leaves[i], 32);
		memcpy(prev, leaf, 32);
		free(p);
	}
	noc_sha256_free(h);
}

static void
check_frontier(const struct noc_frontier *f, const char *key)
{
	const struct noc_value *v = noc_value_get(vectors, key);
	struct noc_frontier back;

	assert_int_equal(noc_value_len(v), noc_frontier_count(f));
	for (size_t i = 0; i < noc_value_len(v); i++) {
		char hex[65];

		noc_hex(hex, f->node[i], 32);
		assert_true(noc_value_is_str(noc_value_at(v, i), hex));
	}
	assert_int_equal(
	    noc_frontier_read(&back, f->size, f->node, noc_value_len(v) * 32),
	    0);
	assert_int_equal(noc_frontier_read(&back, f->size + 2, f->node,
					   noc_value_len(v) * 32),
			 f->size == 3 ? 0 : -1);
}

static void
test_roots_and_frontiers(void **state)
{
	struct noc_sha256 *h = noc_sha256_new();
	struct noc_frontier f = { .size = 0 };

	(void)state;
	for (unsigned i = 0; i <= 5; i++) {
		uint8_t root[32], want[32];
		char key[8];

		snprintf(key, sizeof(key), "%u", i);
		data_hash(noc_value_get(vectors, "roots"), key, want);
		noc_frontier_root(&f, h, root);
		assert_memory_equal(root, want, 32);
		if (i == 3)
			check_frontier(&f, "frontier_3");
		if (i == 5)
			check_frontier(&f, "frontier_5");
		else
			noc_frontier_add(&f, h, leaves[i]);
	}
	noc_sha256_free(h);
}

static int
get_leaf(void *arg, uint64_t seq, uint8_t out[32])
{
	(void)arg;
	memcpy(out, leaves[seq], 32);
	return 0;
}

static void
same_proof(const struct noc_proof *p, const char *key)
{
	const struct noc_value *v = noc_value_get(vectors, key);

	assert_int_equal(p->n, noc_value_len(v));
	for (unsigned i = 0; i < p->n; i++) {
		char hex[65];

		assert_true(noc_value_is_str(noc_value_at(v, i),
					     noc_hex(hex, p->node[i], 32)));
	}
}

/* Proofs made here are those of the vectors, and each one made for trees of
 * every size up to 70 holds, while a wrong index does not. */
static void
test_proofs_made(void **state)
{
	struct noc_leaves l = { .leaf = get_leaf, .size = 5 };
	struct noc_proof p;
	uint8_t root3[32], root5[32];

	(void)state;
	data_hash(noc_value_get(vectors, "roots"), "3", root3);
	data_hash(noc_value_get(vectors, "roots"), "5", root5);
	assert_int_equal(noc_proof_make_inclusion(&p, &l, 2), 0);
	same_proof(&p, "inclusion_2_in_5");
	assert_int_equal(noc_proof_check_inclusion(&p, 2, 5, leaves[2], root5),
			 0);
	assert_int_equal(noc_proof_check_inclusion(&p, 3, 5, leaves[2], root5),
			 -1);
	assert_int_equal(noc_proof_make_consistency(&p, &l, 3), 0);
	same_proof(&p, "consistency_3_5");
	assert_int_equal(noc_proof_check_consistency(&p, 3, 5, root3, root5),
			 0);
	assert_int_equal(noc_proof_check_consistency(&p, 2, 5, root3, root5),
			 -1);
}

static int
counted_leaf(void *arg, uint64_t seq, uint8_t out[32])
{
	(void)arg;
	noc_sha256_once(&seq, sizeof(seq), out);
	return 0;
}

static void
test_proofs_of_every_small_tree(void **state)
{
	struct noc_sha256 *h = noc_sha256_new();
	struct noc_frontier f = { .size = 0 };
	uint8_t roots[71][32], leaf[32];
	struct noc_proof p;

	(void)state;
	noc_frontier_root(&f, h, roots[0]);
	for (uint64_t n = 1; n <= 70; n++) {
		struct noc_leaves l = { .leaf = counted_leaf, .size = n };

		counted_leaf(NULL, n - 1, leaf);
		noc_frontier_add(&f, h, leaf);
		noc_frontier_root(&f, h, roots[n]);
		for (uint64_t i = 0; i < n; i++) {
			counted_leaf(NULL, i, leaf);
			assert_int_equal(noc_proof_make_inclusion(&p, &l, i),
					 0);
			assert_int_equal(
			    noc_proof_check_inclusion(&p, i, n, leaf, roots[n]),
			    0);
			assert_int_equal(noc_proof_check_inclusion(
					     &p, i ^ 1, n, leaf, roots[n]),
					 -1);
			if (!i)
				continue;
			assert_int_equal(noc_proof_make_consistency(&p, &l, i),
					 0);
			assert_int_equal(noc_proof_check_consistency(
					     &p, i, n, roots[i], roots[n]),
					 0);
			assert_int_equal(noc_proof_check_consistency(
					     &p, i, n, roots[n], roots[i]),
					 -1);
		}
	}
	noc_sha256_free(h);
}

/* base64 of a hash.  One case has equal roots that are no hashes at all; they
 * are padded.  An empty or longer one cannot be said to the library. */
static int
b64_hash(const char *s, uint8_t out[32])
{
	uint8_t raw[4096];
	size_t n = sizeof(raw);

	if (!s || strlen(s) > 4000 || noc_unbase64(s, strlen(s), raw, &n) ||
	    !n || n > 32)
		return -1;
	memset(out, 0, 32);
	memcpy(out, raw, n);
	return 0;
}

/* 2^64 - 1 is past what JSON integers here can say: it comes as a real. */
static uint64_t
case_u64(const struct noc_value *c, const char *key)
{
	const struct noc_value *v = noc_value_get(c, key);

	assert_non_null(v);
	return v->type == NOC_REAL ? UINT64_MAX : (uint64_t)v->u.i;
}

static int
check_case(const struct noc_value *c, int consistency)
{
	const struct noc_value *list = noc_value_get(c, "proof");
	struct noc_proof p = { .n = 0 };
	uint8_t a[32], b[32];

	if (b64_hash(
		noc_value_get_str(c, consistency ? "root1" : "leafHash", NULL),
		a) ||
	    b64_hash(noc_value_get_str(c, consistency ? "root2" : "root", NULL),
		     b))
		return -1;
	for (size_t i = 0; i < noc_value_len(list); i++)
		if (p.n == NOC_COUNT(p.node) ||
		    b64_hash(noc_value_at(list, i)->u.s.p, p.node[p.n++]))
			return -1;
	if (consistency)
		return noc_proof_check_consistency(&p, case_u64(c, "size1"),
						   case_u64(c, "size2"), a, b);
	return noc_proof_check_inclusion(&p, case_u64(c, "leafIdx"),
					 case_u64(c, "treeSize"), a, b);
}

/* transparency-dev/merkle, Apache-2.0: see tests/data/hashchain. */
static void
test_published_proofs(void **state)
{
	struct noc_value *all = data_load("hashchain/rfc6962_proofs.json");
	unsigned seen = 0, wrong = 0;

	(void)state;
	for (size_t i = 0; i < noc_value_len(all); i++) {
		const struct noc_value *c = noc_value_at(all, i);
		const char *kind = noc_value_get_str(c, "kind", "");
		int consistency = !strcmp(kind, "consistency"), bad;

		if (!consistency && strcmp(kind, "inclusion"))
			continue;
		seen++;
		bad = check_case(c, consistency) != 0;
		if (bad != noc_value_get_bool(c, "wantErr", false)) {
			print_message("# %s: %s\n",
				      noc_value_get_str(c, "id", "?"),
				      bad ? "refused" : "accepted");
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
	assert_int_equal(seen, 132);
	noc_value_free(all);
}

static void
test_published_hashes(void **state)
{
	struct noc_value *all =
	    data_load("hashchain/rfc6962_hash_vectors.json");
	struct noc_sha256 *h = noc_sha256_new();
	uint8_t out[32], want[32];

	(void)state;
	noc_chain_leaf(h, "", 0, out);
	data_hash(noc_value_at(all, 1), "sha256", want);
	assert_memory_equal(out, want, 32);
	noc_chain_leaf(h, "L123456", 7, out);
	data_hash(noc_value_at(all, 2), "sha256", want);
	assert_memory_equal(out, want, 32);
	noc_sha256_free(h);
	noc_value_free(all);
}

/* ---- keys and notes ---- */

static struct noc_ed25519 *
seed_key(const char *key)
{
	uint8_t seed[32];

	data_hash(vectors, key, seed);
	return noc_ed25519_new(seed);
}

static void
test_vkeys(void **state)
{
	static const char *const names[] = { "K0", "K1", "witness" };

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(names); i++) {
		char key[32], out[NOC_VKEY_TEXT + NOC_VKEY_NAME];
		struct noc_vkey k, made;
		struct noc_ed25519 *priv;
		uint8_t pub[32];
		char *bad;

		snprintf(key, sizeof(key), "vkey_%s", names[i]);
		assert_int_equal(
		    noc_vkey_parse(&k, text(key), strlen(text(key)), NULL), 0);
		assert_string_equal(noc_vkey_format(&k, out), text(key));
		/* A flipped character anywhere is noticed. */
		bad = noc_strdup(text(key));
		for (size_t c = 0; c < strlen(bad); c++) {
			bad[c] ^= 1;
			assert_int_equal(
			    noc_vkey_parse(&made, bad, strlen(bad), NULL),
			    NOC_EINPUT);
			bad[c] ^= 1;
		}
		free(bad);
		snprintf(key, sizeof(key), "seed_%s", names[i]);
		priv = seed_key(key);
		noc_ed25519_pub(priv, pub);
		assert_int_equal(
		    noc_vkey_init(&made, k.name, k.type, pub, NULL), 0);
		assert_memory_equal(made.id, k.id, 4);
		noc_ed25519_free(priv);
	}
}

static void
get_vkey(const char *key, struct noc_vkey *k)
{
	assert_int_equal(noc_vkey_parse(k, text(key), strlen(text(key)), NULL),
			 0);
}

/* Signing the heads of the vectors gives their notes, byte for byte. */
static void
test_heads_signed(void **state)
{
	struct noc_vkey k0, k1;
	struct noc_ed25519 *p0 = seed_key("seed_K0"), *p1 = seed_key("seed_K1");
	const struct noc_signer by[] = { { p0, &k0 }, { p1, &k1 } };
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	struct noc_head head;

	(void)state;
	get_vkey("vkey_K0", &k0);
	get_vkey("vkey_K1", &k1);
	strcpy(head.origin, text("origin"));
	head.size = 3;
	data_hash(noc_value_get(vectors, "roots"), "3", head.root);
	noc_head_sign(&head, by, 1, &sb);
	assert_string_equal(sb.p, text("note_3"));
	noc_strbuf_clear(&sb);
	head.size = 4;
	data_hash(noc_value_get(vectors, "roots"), "4", head.root);
	noc_head_sign(&head, by, 2, &sb);
	assert_string_equal(sb.p, text("note_4_rotation"));
	noc_strbuf_release(&sb);
	noc_ed25519_free(p0);
	noc_ed25519_free(p1);
}

static void
test_notes_checked(void **state)
{
	struct noc_vkey k0, k1, w;
	struct noc_note n;
	struct noc_head head;
	uint64_t when;

	(void)state;
	get_vkey("vkey_K0", &k0);
	get_vkey("vkey_K1", &k1);
	get_vkey("vkey_witness", &w);
	assert_int_equal(noc_note_parse(text("note_4_rotation"),
					strlen(text("note_4_rotation")), &n,
					NULL),
			 0);
	assert_int_equal(noc_note_check(&n, &k0, NULL), 0);
	assert_int_equal(noc_note_check(&n, &k1, NULL), 0);
	assert_int_equal(noc_note_check(&n, &w, NULL), NOC_ENOTFOUND);
	assert_int_equal(noc_note_parse(text("note_5_cosigned"),
					strlen(text("note_5_cosigned")), &n,
					NULL),
			 0);
	assert_int_equal(noc_note_check(&n, &k0, NULL), NOC_ENOTFOUND);
	assert_int_equal(noc_note_check(&n, &k1, NULL), 0);
	assert_int_equal(noc_note_check(&n, &w, &when), 0);
	assert_int_equal(when, 0x6955b964);
	assert_int_equal(noc_head_parse(&n, &head, NULL), 0);
	assert_int_equal(head.size, 5);
	assert_string_equal(head.origin, text("origin"));
}

/* No single changed byte of a note still verifies under its key. */
static void
test_altered_notes_refused(void **state)
{
	struct noc_vkey k;
	char *bad = noc_strdup(text("note_3"));
	size_t len = strlen(bad), undetected = 0;

	(void)state;
	get_vkey("vkey_K0", &k);
	for (size_t i = 0; i < len; i++) {
		for (int bit = 0; bit < 8; bit++) {
			struct noc_note n;

			bad[i] = (char)(bad[i] ^ 1 << bit);
			if (!noc_note_parse(bad, len, &n, NULL) &&
			    !noc_note_check(&n, &k, NULL))
				undetected++;
			bad[i] = (char)(bad[i] ^ 1 << bit);
		}
	}
	assert_int_equal(undetected, 0);
	free(bad);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_leaves_and_links),
		cmocka_unit_test(test_roots_and_frontiers),
		cmocka_unit_test(test_proofs_made),
		cmocka_unit_test(test_proofs_of_every_small_tree),
		cmocka_unit_test(test_published_proofs),
		cmocka_unit_test(test_published_hashes),
		cmocka_unit_test(test_vkeys),
		cmocka_unit_test(test_heads_signed),
		cmocka_unit_test(test_notes_checked),
		cmocka_unit_test(test_altered_notes_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
