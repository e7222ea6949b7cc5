/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/unit.h"

#include "base/loopback.h"
#include "base/mem.h"

static void
addresses_of_this_host(void **state)
{
	static const char *const yes[] = {
		"127.0.0.1", "127.0.0.0",	 "127.255.255.255",
		"::1",	     "0:0:0:0:0:0:0:1",	 "::ffff:127.0.0.1",
		"127.8.9.1", "::FFFF:7f00:0001", "::ffff:127.255.0.9"
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(yes); i++)
		if (!noc_is_loopback(noc_slice_str(yes[i])))
			fail_msg("%s is one", yes[i]);
}

static void
everything_else(void **state)
{
	static const char *const no[] = { "",
					  "local",
					  "localhost",
					  "127",
					  "127.",
					  "127.0.0",
					  "127.0.0.1.5",
					  "127.0.0.256",
					  "127.0.0.1:514",
					  "127.0.0.1.evil",
					  " 127.0.0.1",
					  "127.0.0.1\n",
					  "126.255.255.255",
					  "128.0.0.1",
					  "1.127.0.0",
					  "0.0.0.0",
					  "192.0.2.1",
					  "::",
					  "::2",
					  "::1%lo",
					  "[::1]",
					  "::1:1",
					  "fe80::1",
					  "::127.0.0.1",
					  "1::ffff:7f00:1",
					  "::ffff:128.0.0.1" };
	char longer[300];

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(no); i++)
		if (noc_is_loopback(noc_slice_str(no[i])))
			fail_msg("'%s' is none", no[i]);
	assert_false(noc_is_loopback(noc_slice(NULL, 0)));
	assert_false(noc_is_loopback(noc_slice("127.0.0.1\0.evil", 15)));
	assert_true(noc_is_loopback(noc_slice("127.0.0.1.evil", 9)));
	memset(longer, '1', sizeof(longer));
	memcpy(longer, "127.", 4);
	assert_false(noc_is_loopback(noc_slice(longer, sizeof(longer))));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_of_this_host),
		cmocka_unit_test(everything_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
