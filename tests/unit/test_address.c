/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/mem.h"
#include "actions/address.h"

static bool
allowed(const char *text, const char *allow)
{
	struct noc_value *config = noc_value_map(), *list = noc_value_list();
	struct noc_env env = { .config = config };
	struct sockaddr_storage sa = { 0 };
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	bool yes;

	if (allow)
		noc_value_push(list, noc_value_str(allow));
	noc_value_set(config, "http.allow", list);
	if (inet_pton(AF_INET, text, &in.sin_addr) == 1)
		memcpy(&sa, &in, sizeof(in));
	else if (inet_pton(AF_INET6, text, &in6.sin6_addr) == 1)
		memcpy(&sa, &in6, sizeof(in6));
	else
		fail_msg("%s is no address", text);
	yes = noc_address_allowed(&env, (struct sockaddr *)&sa);
	noc_value_free(config);
	return yes;
}

static void
test_denied(void **state)
{
	static const char *const bad[] = {
		"127.0.0.1",
		"127.255.255.254",
		"0.0.0.0",
		"0.1.2.3",
		"169.254.169.254",
		"169.254.0.1",
		"224.0.0.1",
		"239.255.255.250",
		"240.0.0.1",
		"255.255.255.255",
		"::",
		"::1",
		"fe80::1",
		"febf::1",
		"ff02::1",
		"::ffff:127.0.0.1",
		"::ffff:0.0.0.0",
		"::ffff:169.254.169.254",
		"::ffff:224.0.0.1",
		"::127.0.0.1",
		"::169.254.169.254",
		"::ffff:0:127.0.0.1",
		"64:ff9b::127.0.0.1",
		"64:ff9b::169.254.169.254",
		"2002:7f00:1::",
		"2002:a9fe:a9fe::1",
	};
	static const char *const good[] = {
		"192.0.2.1",	   "10.0.0.1",		 "128.0.0.1",
		"169.253.1.1",	   "2001:db8::1",	 "fd00::1",
		"::ffff:10.0.0.1", "64:ff9b::192.0.2.1", "2002:c000:201::1",
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(bad); i++)
		if (allowed(bad[i], NULL))
			fail_msg("%s is allowed", bad[i]);
	for (size_t i = 0; i < NOC_COUNT(good); i++)
		if (!allowed(good[i], NULL))
			fail_msg("%s is denied", good[i]);
}

static void
test_allow(void **state)
{
	(void)state;
	assert_true(allowed("127.0.0.1", "127.0.0.0/8"));
	assert_true(allowed("127.0.0.1", "127.0.0.1"));
	assert_false(allowed("127.0.0.2", "127.0.0.1"));
	assert_true(allowed("::1", "::1/128"));
	assert_true(allowed("::ffff:127.0.0.1", "127.0.0.0/8"));
	assert_false(allowed("::1", "127.0.0.0/8"));
	assert_false(allowed("127.0.0.1", "nonsense"));
}

static void
test_what_is_no_network_allows_nothing(void **state)
{
	static const char *const wrong[] = {
		"127.0.0.1/",	"10.0.0.0/x",
		"127.0.0.1/33", "10.0.0.0/-1",
		"10.0.0.0/ 0",	"127.0.0.0/8x",
		"0.0.0.0/999",	"0.0.0.0/",
		"/8",		"",
		"::1/129",	"::/",
		"localhost",	"10.0.0.0/00000000000",
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(wrong); i++)
		if (noc_address_is_network(wrong[i]) ||
		    allowed("127.0.0.1", wrong[i]) ||
		    allowed("169.254.169.254", wrong[i]) ||
		    allowed("::1", wrong[i]))
			fail_msg("'%s' allows", wrong[i]);
	assert_true(noc_address_is_network("0.0.0.0/0"));
	assert_true(noc_address_is_network("2001:db8::/32"));
	assert_true(allowed("127.0.0.1", "0.0.0.0/0"));
	assert_true(allowed("127.0.0.1", "127.0.0.1"));
	assert_true(allowed("127.9.9.9", "127.0.0.0/8"));
	assert_false(allowed("169.254.169.254", "127.0.0.0/8"));
	assert_true(allowed("::1", "::1/128"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_denied),
		cmocka_unit_test(test_what_is_no_network_allows_nothing),
		cmocka_unit_test(test_allow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
