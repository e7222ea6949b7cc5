/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/unit.h"

#include <unistd.h>

#include "base/mem.h"
#include "daemon/options.h"

static char path[64];

static int
setup(void **state)
{
	(void)state;
	strcpy(path, "/tmp/test_options_XXXXXX");
	close(mkstemp(path));
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	return unlink(path);
}

static int
load(struct noc_value *config, const char *text, char **errors)
{
	struct noc_err err;
	FILE *f = fopen(path, "w");

	fputs(text, f);
	fclose(f);
	return noc_options_load(config, path, errors, &err);
}

static void
test_defaults_need_no_file(void **state)
{
	struct noc_value *c = noc_options_new();
	struct noc_err err;

	(void)state;
	assert_int_equal(noc_options_finish(c, NULL, &err), 0);
	assert_string_equal(noc_value_get_str(c, "syslog.udp", ""),
			    "127.0.0.1:5514");
	assert_string_equal(noc_value_get_str(c, "traps", ""),
			    "127.0.0.1:1162");
	assert_string_equal(noc_value_get_str(c, "http", ""), "127.0.0.1:8080");
	assert_string_equal(noc_value_get_str(c, "syslog.unix", ""),
			    "./var/syslog.sock");
	assert_int_equal(noc_value_get_int(c, "retain.runs", 0),
			 90LL * 24 * 3600 * 1000);
	assert_true(noc_value_is_str(
	    noc_value_at(noc_value_get(c, "traps.communities"), 0), "public"));
	noc_value_free(c);
}

static void
set_ok(struct noc_value *c, const char *assignment)
{
	struct noc_err err = { 0 };

	if (noc_options_set(c, assignment, &err))
		fail_msg("%s: %s", assignment, err.msg);
}

static void
set_bad(const char *assignment, const char *want)
{
	struct noc_value *c = noc_options_new();
	struct noc_err err = { 0 };

	assert_int_equal(noc_options_set(c, assignment, &err), NOC_ECONFIG);
	if (!strstr(err.msg, want))
		fail_msg("%s: '%s' does not say '%s'", assignment, err.msg,
			 want);
	noc_value_free(c);
}

static void
test_set_reads_each_type(void **state)
{
	struct noc_value *c = noc_options_new();
	struct noc_err err;

	(void)state;
	set_ok(c, "listen=localhost");
	set_ok(c, "listen=10.0.0.1");
	set_ok(c, "http.allow=");
	assert_int_equal(noc_value_len(noc_value_get(c, "http.allow")), 0);
	set_ok(c, "http.allow=127.0.0.0/8,::1");
	assert_int_equal(noc_value_len(noc_value_get(c, "http.allow")), 2);
	set_ok(c, "syslog.udp=514");
	set_ok(c, "syslog.tcp=[::1]:601");
	set_ok(c, "traps=off");
	set_ok(c, "recv_buffer=4M");
	set_ok(c, "drain=1m30s");
	set_ok(c, "anchor=no");
	set_ok(c, "traps.communities=a,b");
	set_ok(c, "state=/x");
	set_ok(c, "http.unix=/run/n.sock");
	set_ok(c, "credentials.core.community=c1=c2");
	set_ok(c, "secrets.pager=https://x/?a=b");
	assert_int_equal(noc_options_finish(c, "/etc/n/c.lua", &err), 0);
	assert_string_equal(noc_value_get_str(c, "syslog.udp", ""),
			    "10.0.0.1:514");
	assert_string_equal(noc_value_get_str(c, "syslog.tcp", ""),
			    "[::1]:601");
	assert_string_equal(noc_value_get_str(c, "traps", ""), "off");
	assert_int_equal(noc_value_get_int(c, "recv_buffer", 0), 4 << 20);
	assert_int_equal(noc_value_get_int(c, "drain", 0), 90000);
	assert_false(noc_value_get_bool(c, "anchor", true));
	assert_int_equal(noc_value_len(noc_value_get(c, "traps.communities")),
			 2);
	assert_string_equal(noc_value_get_str(c, "syslog.unix", ""),
			    "/x/syslog.sock");
	assert_string_equal(noc_value_get_str(c, "http.unix", ""),
			    "/run/n.sock");
	assert_string_equal(noc_value_get_str(c, "config_dir", ""), "/etc/n");
	assert_string_equal(
	    noc_value_get_str(
		noc_value_get(noc_value_get(c, "credentials"), "core"),
		"community", ""),
	    "c1=c2");
	assert_string_equal(
	    noc_value_get_str(noc_value_get(c, "secrets"), "pager", ""),
	    "https://x/?a=b");
	noc_value_free(c);
}

static void
test_ipv6_host_gets_brackets(void **state)
{
	struct noc_value *c = noc_options_new();
	struct noc_err err;

	(void)state;
	set_ok(c, "listen=::");
	assert_int_equal(noc_options_finish(c, NULL, &err), 0);
	assert_string_equal(noc_value_get_str(c, "traps", ""), "[::]:1162");
	noc_value_free(c);
}

static void
test_set_says_what_is_wrong(void **state)
{
	(void)state;
	set_bad("syslgo.udp=1", "did you mean 'syslog.udp'?");
	set_bad("zzzzzz=1", "unknown option 'zzzzzz'");
	set_bad("anchor=perhaps", "wants true or false, not \"perhaps\"");
	set_bad("drain=10", "wants duration");
	set_bad("drain=99999999999999999999h", "wants duration");
	set_bad("syslog.udp=65536",
		"wants address and port, for example 514, 192.0.2.1:514, "
		"[::]:514 or off, not \"65536\"");
	set_bad("syslog.udp=::1", "wants address");
	set_bad("syslog.udp=", "wants address");
	set_bad("syslog.udp=sw1:514", "not \"sw1:514\"");
	set_bad("listen=10.0.0.0/8", "wants address, for example 192.0.2.1");
	set_bad("listen=sw1", "wants address");
	set_bad("http.allow=127.0.0.0/8,localhost,10.0.0.0/8",
		"option 'http.allow' wants networks, for example 10.0.0.0/8 "
		"or ::1, not \"localhost\"");
	set_bad("http.allow=10.0.0.0/33", "not \"10.0.0.0/33\"");
	set_bad("http.allow=127.0.0.1, ::1", "not \" ::1\"");
	set_bad("low_trust.events=-1", "wants number from 0 on");
	set_bad("syslog.tcp_conns=0", "wants number from 1 on");
	set_bad("hooks.replay_max=0", "wants number from 1 on");
	set_bad("recv_buffer=8X", "wants bytes");
	set_bad("recv_buffer=9999999999999999999", "wants bytes");
	set_bad("recv_buffer=99999999999999999G", "wants bytes");
	set_bad("log.level=loud", "debug, info, warn or error");
	set_bad("inventory.format=xml", "csv, json or lua");
	set_bad("nonsense", "wants key=value");
	set_bad("=x", "wants key=value");
	set_bad("credentials.core=x", "is a table");
	set_bad("credentials.=x", "credentials");
	set_bad("snmp.users..auth=x", "is a table");
	set_bad("credentials.core.comunity=x", "did you mean 'community'?");
	set_bad("snmp.users.u.community=x", "unknown key 'community'");
}

static void
test_file_may_nest_or_not(void **state)
{
	struct noc_value *c = noc_options_new();
	const struct noc_value *v;
	char *errors;

	(void)state;
	assert_int_equal(
	    load(c,
		 "return {\n"
		 "  syslog = { udp = '10.1.1.1:514', tcp = 'off' },\n"
		 "  ['log.level'] = 'debug', anchor = false, drain = '3s',\n"
		 "  traps = 1163, -- as a number\n"
		 "  ['traps.communities'] = { 'x', 'y', 'z' },\n"
		 "  credentials = { core = { version = '3', user = 'u',\n"
		 "    auth_pass = secret 'pw' } },\n"
		 "}\n",
		 &errors),
	    0);
	assert_null(errors);
	assert_string_equal(noc_value_get_str(c, "syslog.udp", ""),
			    "10.1.1.1:514");
	assert_string_equal(noc_value_get_str(c, "syslog.tcp", ""), "off");
	assert_string_equal(noc_value_get_str(c, "traps", ""), "1163");
	assert_false(noc_value_get_bool(c, "anchor", true));
	assert_int_equal(noc_value_len(noc_value_get(c, "traps.communities")),
			 3);
	v = noc_value_get(noc_value_get(c, "credentials"), "core");
	assert_string_equal(
	    noc_value_get_str(noc_value_get(v, "auth_pass"), "node", ""),
	    "secret");
	noc_value_free(c);
}

static void
test_file_gathers_every_error_with_its_line(void **state)
{
	struct noc_value *c = noc_options_new();
	char *errors;

	(void)state;
	assert_int_equal(load(c,
			      "return {\n"
			      "  syslog = {\n"
			      "    udpp = '1' },\n"
			      "  anchor = 'maybe',\n"
			      "  credentials = { core = 'text' },\n"
			      "  listen = 5,\n"
			      "  snmp = { users = { u = {\n"
			      "    auht = 'SHA' } } },\n"
			      "  retian = {\n"
			      "    events = '5d' },\n"
			      "  http = { allow = { '::1',\n"
			      "    '10.0.0.0/x' } },\n"
			      "  traps = 'sw1:162',\n"
			      "}\n",
			      &errors),
			 NOC_ECONFIG);
	assert_non_null(errors);
	assert_non_null(strstr(errors,
			       ":3: unknown option 'syslog.udpp'; did you mean "
			       "'syslog.udp'?"));
	assert_non_null(strstr(errors, ":4: option 'anchor' wants"));
	assert_non_null(strstr(errors, ":5: option 'credentials.core' wants"));
	assert_non_null(strstr(errors, ":6: option 'listen' wants address"));
	assert_non_null(strstr(errors, ":8: unknown key 'auht' in "
				       "snmp.users.*; did you mean 'auth'?"));
	assert_non_null(strstr(errors, ":10: unknown option 'retian.events'; "
				       "did you mean 'retain.events'?"));
	assert_non_null(strstr(errors,
			       ":11: option 'http.allow' wants networks, for "
			       "example 10.0.0.0/8 or ::1, not "
			       "\"10.0.0.0/x\""));
	assert_non_null(strstr(errors, ":13: option 'traps' wants address"));
	free(errors);
	noc_value_free(c);
}

static void
test_a_file_that_is_no_table_of_options(void **state)
{
	static const char *const texts[] = { "return {", "return 5",
					     "return { 'a', 'b' }",
					     "x = os.time()", "" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct noc_value *c = noc_options_new();
		char *errors = NULL;

		if (load(c, texts[i], &errors) == 0 && *texts[i])
			fail_msg("'%s' was taken", texts[i]);
		free(errors);
		noc_value_free(c);
	}
}

static void
test_fixed_options_are_named(void **state)
{
	struct noc_value *was = noc_options_new(), *now = noc_options_new();
	char *fixed;

	(void)state;
	assert_null(noc_options_fixed(was, now));
	set_ok(now, "log.level=debug");
	assert_null(noc_options_fixed(was, now));
	set_ok(now, "site=b");
	set_ok(now, "traps=off");
	fixed = noc_options_fixed(was, now);
	assert_string_equal(fixed, "site, traps");
	free(fixed);
	noc_value_free(was);
	noc_value_free(now);
}

/* What a credential is made of has types: a version that is a number must not
 * be asked with v2c. */
static void
test_members_are_typed(void **state)
{
	static const char *const versions[][2] = {
		{ "3", "3" },	  { "'3'", "3" },    { "2", "2c" },
		{ "'2c'", "2c" }, { "1", "1" },	     { "4", NULL },
		{ "3.0", NULL },  { "true", NULL },  { "'v3'", NULL },
		{ "'2C'", NULL }, { "{ 3 }", NULL }, { "''", NULL },
	};
	static const char *const texts[][2] = {
		{ "'s'", "s" },	 { "7", NULL },	 { "true", NULL },
		{ "{}", NULL },	 { "''", NULL }, { "{ 'x' }", NULL },
		{ "1.5", NULL },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(versions) + NOC_COUNT(texts); i++) {
		bool version = i < NOC_COUNT(versions);
		const char *const *c =
		    version ? versions[i] : texts[i - NOC_COUNT(versions)];
		const char *key = version ? "version" : "community";
		char *text = noc_asprintf("return {\n credentials = { core = {"
					  " %s = %s } } }\n",
					  key, c[0]);
		struct noc_value *config = noc_options_new(), *v;
		char *errors = NULL;
		int r = load(config, text, &errors);

		v = noc_value_get(noc_value_get(config, "credentials"), "core");
		if (c[1]) {
			assert_int_equal(r, 0);
			assert_string_equal(noc_value_get_str(v, key, ""),
					    c[1]);
		} else {
			assert_int_equal(r, NOC_ECONFIG);
			assert_non_null(strstr(errors, key));
			assert_non_null(strstr(errors, ":2: "));
		}
		noc_value_free(config);
		free(errors);
		free(text);
	}
	set_bad("credentials.core.version=5", "must be");
	set_bad("credentials.core.community=", "a text or a secret");
}

/* What no agent does stops the start, not the first question. */
static void
test_algorithms_are_known(void **state)
{
	struct noc_value *v = noc_options_new();

	(void)state;
	set_bad("credentials.core.auth=SHA-999",
		"'auth' in credentials.* must be MD5, SHA, SHA-224, SHA-256, "
		"SHA-384 or SHA-512");
	set_bad("snmp.users.core.priv=rot13",
		"'priv' in snmp.users.* must be DES, AES, AES-192 or AES-256");
	set_ok(v, "credentials.core.auth=sha-256");
	set_ok(v, "snmp.users.core.priv=AES-192");
	noc_value_free(v);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_members_are_typed),
		cmocka_unit_test(test_algorithms_are_known),
		cmocka_unit_test(test_defaults_need_no_file),
		cmocka_unit_test(test_set_reads_each_type),
		cmocka_unit_test(test_ipv6_host_gets_brackets),
		cmocka_unit_test(test_set_says_what_is_wrong),
		cmocka_unit_test(test_file_may_nest_or_not),
		cmocka_unit_test(test_file_gathers_every_error_with_its_line),
		cmocka_unit_test(test_a_file_that_is_no_table_of_options),
		cmocka_unit_test(test_fixed_options_are_named),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
