/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/unit.h"

#include "base/err.h"
#include "base/hex.h"
#include "base/mem.h"

static void
hex(void **state)
{
	uint8_t out[4];
	char text[8];
	size_t len = 4;

	(void)state;
	assert_string_equal(noc_hex(text, "\x00\xff\xab", 3), "00ffab");
	assert_string_equal(noc_hex(text, "", 0), "");
	assert_int_equal(noc_unhex("00fFaB", 6, out, &len), 0);
	assert_int_equal(len, 3);
	assert_memory_equal(out, "\x00\xff\xab", 3);
	len = 4;
	assert_int_equal(noc_unhex("abc", 3, out, &len), NOC_EINPUT);
	assert_int_equal(noc_unhex("0g", 2, out, &len), NOC_EINPUT);
	assert_int_equal(noc_unhex(" 0", 2, out, &len), NOC_EINPUT);
	assert_int_equal(noc_unhex("0011223344", 10, out, &len), NOC_EINPUT);
	assert_int_equal(noc_unhex("", 0, out, &len), 0);
	assert_int_equal(len, 0);
}

/* RFC 4648 §10 */
static void
base64(void **state)
{
	static const char *const plain[] = { "",     "f",     "fo",    "foo",
					     "foob", "fooba", "foobar" };
	static const char *const coded[] = {
		"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"
	};
	static const char *const bad[] = {
		"Zg",	"Zg=",	    "Zg===",  "====", "Z===", "Zh==",
		"Zm9=", "Zg==Zg==", "Zm9v\n", "Z g=", "-_-_", "=Zg="
	};
	uint8_t out[16];
	char text[16];
	size_t len;

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(plain); i++) {
		assert_string_equal(
		    noc_base64(text, plain[i], strlen(plain[i])), coded[i]);
		assert_int_equal(
		    noc_unbase64(coded[i], strlen(coded[i]), out, &len), 0);
		assert_int_equal(len, strlen(plain[i]));
		assert_memory_equal(out, plain[i], len);
	}
	for (size_t i = 0; i < NOC_COUNT(bad); i++)
		if (!noc_unbase64(bad[i], strlen(bad[i]), out, &len))
			fail_msg("accepted: %s", bad[i]);
}

static void
digits(void **state)
{
	static const char known[] = "0123456789abcdefABCDEF";

	(void)state;
	for (int c = -128; c < 256; c++) {
		const char *at = c ? strchr(known, (char)c) : NULL;
		int want = at ? (int)(at - known) : -1;

		assert_int_equal(noc_hex_digit((char)c),
				 want > 15 ? want - 6 : want);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hex),
		cmocka_unit_test(digits),
		cmocka_unit_test(base64),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
