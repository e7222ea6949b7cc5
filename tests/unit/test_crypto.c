/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <pthread.h>

#include "base/hex.h"
#include "tests/unit/unit.h"

#include "base/crypto.h"
#include "base/mem.h"

static void
assert_hex(const void *p, size_t len, const char *expected)
{
	char text[256];

	assert_string_equal(noc_hex(text, p, len), expected);
}

static size_t
bytes(const char *hex, uint8_t *out, size_t cap)
{
	assert_int_equal(noc_unhex(hex, strlen(hex), out, &cap), 0);
	return cap;
}

/* FIPS 180-4 examples */
static void
sha256(void **state)
{
	struct noc_sha256 *h = noc_sha256_new();
	uint8_t out[32];
	char a[1000];

	(void)state;
	noc_sha256_once("abc", 3, out);
	assert_hex(out, 32,
		   "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb4"
		   "10ff61f20015ad");
	noc_sha256_once(NULL, 0, out);
	assert_hex(out, 32,
		   "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca4"
		   "95991b7852b855");
	noc_sha256_begin(h);
	noc_sha256_add(h, "abcdbcdecdefdefgefghfghighij", 28);
	noc_sha256_add(h, "hijkijkljklmklmnlmnomnopnopq", 28);
	noc_sha256_end(h, out);
	assert_hex(out, 32,
		   "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6"
		   "ecedd419db06c1");
	memset(a, 'a', sizeof(a));
	noc_sha256_begin(h); /* the same object again */
	for (int i = 0; i < 1000; i++)
		noc_sha256_add(h, a, sizeof(a));
	noc_sha256_end(h, out);
	assert_hex(out, 32,
		   "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e04"
		   "6d39ccc7112cd0");
	noc_sha256_free(h);
}

/* RFC 4231 (SHA-2) and RFC 2202 (SHA-1) */
static void
hmac(void **state)
{
	uint8_t key[131], data[50], out[64];

	(void)state;
	memset(key, 0x0b, 20);
	assert_int_equal(noc_hmac("sha256", key, 20, "Hi There", 8, out), 32);
	assert_hex(out, 32,
		   "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726"
		   "e9376c2e32cff7");
	assert_int_equal(noc_hmac("sha512", key, 20, "Hi There", 8, out), 64);
	assert_hex(out, 64,
		   "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787a"
		   "d0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d"
		   "914eeb61f1702e696c203a126854");
	assert_int_equal(noc_hmac("sha1", key, 20, "Hi There", 8, out), 20);
	assert_hex(out, 20, "b617318655057264e28bc0b6fb378c8ef146be00");
	noc_hmac("sha256", "Jefe", 4, "what do ya want for nothing?", 28, out);
	assert_hex(out, 32,
		   "5bdcc146bf60754e6a042426089575c75a003f089d2739839d"
		   "ec58b964ec3843");
	memset(key, 0xaa, sizeof(key));
	memset(data, 0xdd, sizeof(data));
	noc_hmac("sha256", key, 20, data, 50, out);
	assert_hex(out, 32,
		   "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9"
		   "635514ced565fe");
	noc_hmac("sha256", key, 131,
		 "Test Using Larger Than Block-Size Key - Hash Key First", 54,
		 out);
	assert_hex(out, 32,
		   "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c51405"
		   "46040f0ee37f54");
	/* An empty key is a key, not the one before it. */
	assert_int_equal(noc_hmac("sha256", NULL, 0, NULL, 0, out), 32);
	assert_hex(out, 32,
		   "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6"
		   "c712144292c5ad");
	assert_int_equal(noc_hmac("md5", "k", 1, "d", 1, out), 0);
}

/* RFC 8032 §7.1, tests 1 to 3 */
static void
ed25519(void **state)
{
	static const struct {
		const char *seed, *pub, *msg, *sig;
	} rows[] = {
		{ "9d61b19deffd5a60ba844af492ec2cc4"
		  "4449c5697b326919703bac031cae7f60",
		  "d75a980182b10ab7d54bfed3c964073a"
		  "0ee172f3daa62325af021a68f707511a",
		  "",
		  "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e0652249"
		  "01555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe2465514143"
		  "8e7a100b" },
		{ "4ccd089b28ff96da9db6c346ec114e0f"
		  "5b8a319f35aba624da8cf6ed4fb8a6fb",
		  "3d4017c3e843895a92b70aa74d1b7ebc"
		  "9c982ccf2ec4968cc0cd55f12af4660c",
		  "72",
		  "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb"
		  "69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d2916"
		  "12bb0c00" },
		{ "c5aa8df43f9f837bedb7442f31dcb7b1"
		  "66d38535076f094b85ce3a2e0b4458f7",
		  "fc51cd8e6218a1a38da47ed00230f058"
		  "0816ed13ba3303ac5deb911548908025",
		  "af82",
		  "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5a"
		  "c3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027bece"
		  "ea1ec40a" },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(rows); i++) {
		uint8_t seed[32], pub[32], msg[8], sig[64];
		size_t len = bytes(rows[i].msg, msg, sizeof(msg));
		struct noc_ed25519 *k;

		bytes(rows[i].seed, seed, sizeof(seed));
		k = noc_ed25519_new(seed);
		assert_non_null(k);
		noc_ed25519_pub(k, pub);
		assert_hex(pub, 32, rows[i].pub);
		noc_ed25519_sign(k, msg, len, sig);
		assert_hex(sig, 64, rows[i].sig);
		assert_true(noc_ed25519_verify(pub, msg, len, sig));
		sig[63] ^= 0x80;
		assert_false(noc_ed25519_verify(pub, msg, len, sig));
		sig[63] ^= 0x80;
		msg[len] = 0;
		assert_false(noc_ed25519_verify(pub, msg, len + 1, sig));
		pub[0] ^= 1;
		assert_false(noc_ed25519_verify(pub, msg, len, sig));
		noc_ed25519_free(k);
	}
}

static void
random_and_compare(void **state)
{
	uint8_t a[64] = { 0 }, b[64] = { 0 };

	(void)state;
	assert_true(noc_equal_ct(a, b, sizeof(a)));
	noc_random(a, sizeof(a));
	noc_random(b, sizeof(b));
	assert_false(noc_equal_ct(a, b, sizeof(a)));
	b[0] = a[0];
	assert_true(noc_equal_ct(a, b, 1));
	noc_wipe(a, sizeof(a));
	memset(b, 0, sizeof(b));
	assert_memory_equal(a, b, sizeof(a));
}

static void *
hash_often(void *arg)
{
	bool *ok = arg;
	uint8_t first[64], out[64];

	*ok = true;
	noc_hmac("sha256", "k", 1, "abc", 3, first);
	for (int i = 0; i < 5000; i++) {
		noc_hmac("sha256", "k", 1, "abc", 3, out);
		*ok = *ok && !memcmp(out, first, 32);
		noc_sha256_once("abc", 3, out);
		*ok = *ok && out[0] == 0xba && out[31] == 0xad;
	}
	return NULL;
}

static void
threads_share(void **state)
{
	pthread_t t[4];
	bool ok[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(
		    pthread_create(&t[i], NULL, hash_often, &ok[i]), 0);
	for (int i = 0; i < 4; i++) {
		pthread_join(t[i], NULL);
		assert_true(ok[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_share), /* first: races the set-up */
		cmocka_unit_test(sha256),
		cmocka_unit_test(hmac),
		cmocka_unit_test(ed25519),
		cmocka_unit_test(random_and_compare),
	};

	return cmocka_run_group_tests_name("crypto", tests, NULL, NULL);
}
