/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sensors/listen.h"
#include "sensors/webhook_body.h"

/* As /proc/net/tcp of Linux 6.1 has it. */
static const char proc_tcp[] =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when "
    "retrnsmt   uid  timeout inode\n"
    "   0: 0100007F:1F90 0100007F:A2C4 01 00000000:00000000 02:000000F1 "
    "00000000  1000        0 11111 2 0000000000000000 20 4 30 10 -1\n"
    "   1: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 "
    "00000000     0        0 22222 1 0000000000000000 100 0 0 10 0\n"
    "   2: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 "
    "00000000     0        0 33333 1 0000000000000000 100 0 0 10 0\n";
static const char proc_udp6[] =
    "  sl  local_address                         remote_address "
    "                       st tx_queue rx_queue tr tm->when retrnsmt   uid "
    " timeout inode ref pointer drops\n"
    " 6021: 00000000000000000000000000000000:048A "
    "00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 "
    "00000000     0        0 44444 2 0000000000000000 0\n";

static void
test_owner_inode(void **state)
{
	(void)state;
	assert_int_equal(noc_listen_owner_inode(proc_tcp, 8080, true), 22222);
	assert_int_equal(noc_listen_owner_inode(proc_tcp, 8080, false), 11111);
	assert_int_equal(noc_listen_owner_inode(proc_tcp, 22, true), 33333);
	assert_int_equal(noc_listen_owner_inode(proc_tcp, 23, true), 0);
	assert_int_equal(noc_listen_owner_inode(proc_udp6, 1162, false), 44444);
	assert_int_equal(noc_listen_owner_inode("", 22, true), 0);
	assert_int_equal(noc_listen_owner_inode("head\nrubbish\n\n", 22, false),
			 0);
}

static void
test_owner_is_this_process(void **state)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	socklen_t len = sizeof(in);
	char owner[128], want[64];
	struct noc_err err;
	char address[32];
	int fd, other;

	(void)state;
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&in, sizeof(in)), 0);
	getsockname(fd, (struct sockaddr *)&in, &len);
	snprintf(address, sizeof(address), "127.0.0.1:%d", ntohs(in.sin_port));
	snprintf(want, sizeof(want), "(pid %ld)", (long)getpid());
	assert_true(noc_listen_owner(SOCK_DGRAM, ntohs(in.sin_port), owner,
				     sizeof(owner)));
	assert_non_null(strstr(owner, want));
	assert_int_equal(
	    noc_listen_inet("syslog.udp", address, SOCK_DGRAM, &other, &err),
	    NOC_ECONFLICT);
	assert_non_null(strstr(err.msg, want));
	assert_non_null(strstr(err.msg, "--set syslog.udp="));
	close(fd);
	assert_int_equal(
	    noc_listen_inet("syslog.udp", address, SOCK_DGRAM, &other, &err),
	    0);
	close(other);
}

static void
test_addresses(void **state)
{
	static const char *const bad[] = {
		"",	      "127.0.0.1",   "localhost:5",
		"127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536",
		"[::1]",      "999.0.0.1:1", ":5",
		"[]:5"
	};
	struct noc_address a;
	struct noc_err err;
	char host[INET6_ADDRSTRLEN];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (noc_address_parse(bad[i], &a, &err) != NOC_ECONFIG)
			fail_msg("'%s' was taken", bad[i]);
	assert_int_equal(noc_address_parse("192.0.2.1:514", &a, &err), 0);
	noc_address_host((struct sockaddr *)&a.ss, host);
	assert_string_equal(host, "192.0.2.1");
	assert_int_equal(noc_address_port((struct sockaddr *)&a.ss), 514);
	assert_int_equal(noc_address_parse("[::ffff:192.0.2.1]:1", &a, &err),
			 0);
	noc_address_host((struct sockaddr *)&a.ss, host);
	assert_string_equal(host, "192.0.2.1");
	assert_int_equal(noc_address_parse("[::1]:1", &a, &err), 0);
	noc_address_host((struct sockaddr *)&a.ss, host);
	assert_string_equal(host, "::1");
}

/* ---- bodies of webhooks ---- */

static struct noc_value *
body(const char *type, const char *text)
{
	struct noc_value *v = NULL;
	struct noc_err err;

	if (noc_webhook_body(type, noc_slice_str(text), &v, &err))
		return NULL;
	return v;
}

static void
test_bodies(void **state)
{
	struct noc_strbuf form = NOC_STRBUF_INIT;
	struct noc_value *v;

	(void)state;
	v = body("application/json; charset=utf-8", "{\"a\":1}");
	assert_int_equal(noc_value_get_int(v, "a", 0), 1);
	noc_value_free(v);
	v = body("application/cloudevents+json", "[1,2]");
	assert_int_equal(noc_value_len(v), 2);
	noc_value_free(v);
	v = body("", " \n{\"a\":2}"); /* nothing said, looks like it */
	assert_int_equal(noc_value_get_int(v, "a", 0), 2);
	noc_value_free(v);
	v = body("text/plain", "Hello, World!");
	assert_true(noc_value_is_str(v, "Hello, World!"));
	noc_value_free(v);
	v = body("text/plain", "[ERROR] disk full");
	assert_true(noc_value_is_str(v, "[ERROR] disk full"));
	noc_value_free(v);
	assert_null(body("", "[ERROR] disk full")); /* not said to be text */
	v = body("application/x-www-form-urlencoded",
		 "a=1+2&b=%C3%A9&c&d=%zz&e=%4");
	assert_string_equal(noc_value_get_str(v, "a", ""), "1 2");
	assert_string_equal(noc_value_get_str(v, "b", ""), "\xc3\xa9");
	assert_string_equal(noc_value_get_str(v, "c", "?"), "");
	assert_string_equal(noc_value_get_str(v, "d", ""), "%zz");
	assert_string_equal(noc_value_get_str(v, "e", ""), "%4");
	noc_value_free(v);
	v = body("application/x-www-form-urlencoded",
		 "payload=%7B%22ref%22%3A%22main%22%7D");
	assert_string_equal(noc_value_get_str(v, "ref", ""), "main");
	noc_value_free(v);
	assert_null(body("application/json", ""));
	assert_null(body("application/json", "hello"));
	assert_null(body("text/plain", "{\"a\":"));
	assert_null(body("text/plain", "\xff\xfe"));
	assert_null(body("application/x-www-form-urlencoded", "payload=%7B"));
	for (int i = 0; i < 257; i++)
		noc_strbuf_addf(&form, "a%d=1&", i);
	assert_null(body("application/x-www-form-urlencoded", form.p));
	noc_strbuf_release(&form);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_owner_inode),
		cmocka_unit_test(test_owner_is_this_process),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_bodies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
