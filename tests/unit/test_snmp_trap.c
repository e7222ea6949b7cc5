/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/json.h"
#include "net/loop.h"
#include "snmp/snmp.h"

static struct noc_value *packets;
static struct noc_mib *mib;
static struct noc_loop *loop;
static struct noc_snmp *snmp;
static uint8_t sent[65536];
static size_t sent_len, sent_count;

static void
on_send(void *arg, const uint8_t *p, size_t len, const struct sockaddr *to,
	socklen_t to_len)
{
	(void)arg;
	assert_int_equal(to->sa_family, AF_INET);
	assert_int_equal(to_len, sizeof(struct sockaddr_in));
	memcpy(sent, p, len);
	sent_len = len;
	sent_count++;
}

static void
open_knowing(const struct noc_snmp_user *users, size_t n,
	     bool (*known)(void *arg, const struct sockaddr *from))
{
	struct noc_snmp_options opt = { .users = users,
					.known = known,
					.nusers = n,
					.mib = mib,
					.engine_id = "80001f8805aabbccddeeff",
					.send = on_send };
	struct noc_err err = { 0 };

	if (noc_snmp_open(loop, &opt, &snmp, &err) < 0)
		fail_msg("%s", err.msg);
	sent_count = 0;
}

static void
open_with(const struct noc_snmp_user *users, size_t n)
{
	open_knowing(users, n, NULL);
}

static int
group_setup(void **state)
{
	size_t len;
	char *text = unit_read(unit_data("snmp/packets.json"), &len);

	(void)state;
	assert_int_equal(noc_json_parse(text, len, &packets, NULL), 0);
	free(text);
	mib = noc_mib_new();
	return noc_loop_new(&loop, NULL);
}

static int
group_teardown(void **state)
{
	(void)state;
	noc_value_free(packets);
	noc_mib_free(mib);
	noc_loop_free(loop);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	noc_snmp_close(snmp);
	snmp = NULL;
	return 0;
}

static const struct noc_value *
find(const char *id)
{
	for (size_t i = 0; i < noc_value_len(packets); i++) {
		const struct noc_value *row = noc_value_at(packets, i);

		if (!strcmp(noc_value_get_str(row, "id", ""), id))
			return row;
	}
	fail_msg("no packet %s", id);
	return NULL;
}

static int
receive_hex(const char *hex, struct noc_snmp_trap *out, struct noc_err *err)
{
	struct sockaddr_in from = { .sin_family = AF_INET,
				    .sin_port = htons(1162) };
	size_t len = strlen(hex) / 2;
	uint8_t *p = malloc(len + 1);
	int rc;

	assert_int_equal(noc_unhex(hex, strlen(hex), p, &len), 0);
	rc = noc_snmp_receive(snmp, p, len, (struct sockaddr *)&from,
			      sizeof(from), out, err);
	free(p);
	return rc;
}

static int
receive(const struct noc_value *row, struct noc_snmp_trap *out,
	struct noc_err *err)
{
	return receive_hex(noc_value_get_str(row, "hex", ""), out, err);
}

/* --- every packet with an expected value --- */

static void
open_for(const struct noc_value *want)
{
	struct noc_snmp_user user = {
		.name = noc_value_get_str(want, "user", NULL),
		.auth = noc_value_get_str(want, "auth", NULL),
		.auth_pass = noc_value_get_str(want, "auth_pass", NULL),
		.priv = noc_value_get_str(want, "priv", NULL),
		.priv_pass = noc_value_get_str(want, "priv_pass", NULL),
	};

	open_with(&user, user.name != NULL);
}

static void
check_text(const char *id, const char *what, const struct noc_value *want,
	   const char *got)
{
	if (want != NULL && !noc_value_is_str(want, got))
		fail_msg("%s: %s is '%s', not '%s'", id, what, got,
			 want->u.s.p);
}

static void
check_int(const char *id, const char *what, const struct noc_value *want,
	  int64_t got)
{
	if (want != NULL && want->u.i != got)
		fail_msg("%s: %s is %lld, not %lld", id, what, (long long)got,
			 (long long)want->u.i);
}

/* The raw number of an enum, else the value. */
static const struct noc_value *
raw(const struct noc_value *vb)
{
	const struct noc_value *n = noc_value_get(vb, "number");

	return n != NULL ? n : noc_value_get(vb, "value");
}

static void
check_varbind(const char *id, const struct noc_value *want,
	      const struct noc_value *got)
{
	const char *type = noc_value_at(want, 1)->u.s.p;
	const char *have = noc_value_get_str(got, "type", "");

	check_text(id, "oid", noc_value_at(want, 0),
		   noc_value_get_str(got, "oid", ""));
	if (!strcmp(type, "octets_hex"))
		type = "hex";
	if (strcmp(type, have) != 0 ||
	    !noc_value_eq(noc_value_at(want, 2), raw(got)))
		fail_msg("%s: %s is %s %s", id,
			 noc_value_get_str(got, "oid", ""), have,
			 noc_json_string(got, NOC_JSON_COMPACT));
}

static void
check_row(const char *id, const struct noc_value *want, struct noc_snmp_trap *t)
{
	const struct noc_value *list = noc_value_get(want, "varbinds");
	struct noc_value *v = noc_snmp_trap_value(snmp, t);
	const struct noc_value *oid = noc_value_get(want, "rfc3584_trap_oid");
	const struct noc_value *got = noc_value_get(v, "varbinds");
	size_t skip = 0;

	check_text(id, "version", noc_value_get(want, "version"),
		   noc_value_get_str(v, "version", ""));
	check_text(id, "trap_oid", oid ? oid : noc_value_get(want, "trap_oid"),
		   noc_value_get_str(v, "trap_oid", ""));
	check_text(id, "enterprise", noc_value_get(want, "enterprise"),
		   noc_value_get_str(v, "enterprise", ""));
	check_text(id, "enterprise",
		   noc_value_get(want, "trap_oid_or_enterprise"),
		   noc_value_get_str(v, "enterprise", ""));
	check_text(id, "community", noc_value_get(want, "community"),
		   t->community);
	check_text(id, "user", noc_value_get(want, "user"), t->user);
	check_text(id, "agent_addr", noc_value_get(want, "agent_addr"),
		   t->agent_addr);
	check_text(id, "level", noc_value_get(want, "level"),
		   noc_value_get_str(v, "level", ""));
	check_int(id, "generic", noc_value_get(want, "generic"), t->generic);
	check_int(id, "specific", noc_value_get(want, "specific"), t->specific);
	check_int(id, "uptime", noc_value_get(want, "timestamp"), t->uptime);
	check_int(id, "uptime", noc_value_get(want, "sysUpTime"), t->uptime);
	check_int(id, "request_id", noc_value_get(want, "request_id"),
		  t->request_id);
	check_int(id, "varbinds", noc_value_get(want, "varbind_count"),
		  (int64_t)noc_value_len(got));
	if (list != NULL && list->type == NOC_LIST) {
		/* Ours has no sysUpTime.0 and snmpTrapOID.0. */
		if (noc_value_len(list) > noc_value_len(got))
			skip = 2;
		assert_int_equal(noc_value_len(list) - skip,
				 noc_value_len(got));
		for (size_t i = skip; i < noc_value_len(list); i++)
			check_varbind(id, noc_value_at(list, i),
				      noc_value_at(got, i - skip));
	}
	noc_value_free(v);
}

static bool
is_notification(const struct noc_value *want)
{
	const char *pdu = noc_value_get_str(want, "pdu", "");

	return noc_value_get(want, "trap_oid") != NULL ||
	       noc_value_get(want, "rfc3584_trap_oid") != NULL ||
	       strstr(pdu, "Trap") != NULL;
}

static void
test_expected_packets(void **state)
{
	size_t checked = 0;

	(void)state;
	for (size_t i = 0; i < noc_value_len(packets); i++) {
		const struct noc_value *row = noc_value_at(packets, i);
		const struct noc_value *want = noc_value_get(row, "expected");
		const char *id = noc_value_get_str(row, "id", "");
		struct noc_snmp_trap t;
		struct noc_err err = { 0 };
		int rc;

		if (want == NULL || !is_notification(want))
			continue;
		open_for(want);
		rc = receive(row, &t, &err);
		if (rc < 0)
			fail_msg("%s: %s", id, err.msg);
		assert_int_equal(t.malformed,
				 !noc_value_get_bool(row, "well_formed", true));
		check_row(id, want, &t);
		noc_snmp_trap_clear(&t);
		checked++;
		noc_snmp_close(snmp);
		snmp = NULL;
	}
	assert_true(checked >= 20);
}

/* Any other packet, and damaged ones, are refused with a sentence. */
static void
test_everything_else_is_refused(void **state)
{
	(void)state;
	open_with(NULL, 0);
	for (size_t i = 0; i < noc_value_len(packets); i++) {
		const struct noc_value *row = noc_value_at(packets, i);
		const struct noc_value *want = noc_value_get(row, "expected");
		struct noc_snmp_trap t;
		struct noc_err err = { 0 };
		int rc;

		if (want != NULL && is_notification(want) &&
		    !noc_value_is_str(noc_value_get(want, "version"), "3"))
			continue;
		rc = receive(row, &t, &err);
		if (rc == 0) { /* plain v2c traps without an expectation */
			noc_snmp_trap_clear(&t);
			continue;
		}
		assert_true(rc == NOC_EINPUT || rc == NOC_EDENIED ||
			    rc == NOC_EAGAIN);
		assert_true(strlen(err.msg) > 20);
	}
}

static void
test_mutations_survive_the_library(void **state)
{
	static const char *const ids[] = {
		"netsnmp-v1-linkdown",	       "netsnmp-v2c-alltypes",
		"netsnmp-v2c-inform-linkdown", "netsnmp-v3-md5-nopriv",
		"gosnmp-genericV3Trap",
	};
	static const struct noc_snmp_user users[] = {
		{ "nocuser", "MD5", "authpass1234", NULL, NULL, NULL },
		{ "myuser", NULL, NULL, NULL, NULL, NULL },
	};

	(void)state;
	open_with(users, 2);
	for (size_t k = 0; k < sizeof(ids) / sizeof(ids[0]); k++) {
		const char *hex = noc_value_get_str(find(ids[k]), "hex", "");
		size_t len = strlen(hex) / 2;
		uint8_t *p = malloc(len);

		noc_unhex(hex, strlen(hex), p, &len);
		for (size_t at = 0; at < len; at++) {
			uint8_t was = p[at];

			for (int v = 0; v < 256; v += at < 64 ? 1 : 7) {
				struct noc_snmp_trap t;

				p[at] = (uint8_t)v;
				if (noc_snmp_receive(snmp, p, len, NULL, 0, &t,
						     NULL) == 0)
					noc_snmp_trap_clear(&t);
			}
			p[at] = was;
		}
		free(p);
	}
}

/* --- what a sensor relies on --- */

static void
test_names_labels_and_indexes(void **state)
{
	struct noc_snmp_trap t;
	struct noc_value *v, *vb;

	(void)state;
	open_with(NULL, 0);
	assert_int_equal(receive(find("netsnmp-v2c-inform-linkdown"), &t, NULL),
			 0);
	assert_true(t.inform);
	assert_non_null(t.reply);
	v = noc_snmp_trap_value(snmp, &t);
	assert_string_equal(noc_value_get_str(v, "trap", ""), "linkDown");
	vb = noc_value_at(noc_value_get(v, "varbinds"), 1);
	assert_string_equal(noc_value_get_str(vb, "name", ""), "ifAdminStatus");
	assert_string_equal(noc_value_get_str(vb, "index", ""), "7");
	assert_string_equal(noc_value_get_str(vb, "value", ""), "up");
	assert_int_equal(noc_value_get_int(vb, "number", 0), 1);
	noc_value_free(v);
	noc_snmp_trap_clear(&t);
}

static void
test_inform_is_answered_when_told_to(void **state)
{
	struct noc_snmp_trap t;
	struct noc_snmp_shape s;

	(void)state;
	open_with(NULL, 0);
	assert_int_equal(receive(find("netsnmp-v2c-inform-linkdown"), &t, NULL),
			 0);
	assert_int_equal(sent_count, 0);
	noc_snmp_reply(t.reply);
	t.reply = NULL;
	assert_int_equal(sent_count, 1);
	assert_int_equal(noc_snmp_check(sent, sent_len, &s, NULL), 0);
	assert_int_equal(s.pdu, 0xa2);
	assert_int_equal(s.request_id, t.request_id);
	assert_int_equal(s.varbinds, 6);
	noc_snmp_trap_clear(&t);
	/* Dropped, or answered too late: nothing goes out. */
	assert_int_equal(receive(find("netsnmp-v2c-inform-linkdown"), &t, NULL),
			 0);
	noc_snmp_close(snmp);
	snmp = NULL;
	noc_snmp_reply(t.reply);
	t.reply = NULL;
	noc_snmp_trap_clear(&t);
	assert_int_equal(sent_count, 1);
}

static void
test_engine_discovery_is_answered(void **state)
{
	/* A GET without an engine, as a v3 INFORM sender starts. */
	struct noc_snmp_trap t;
	struct noc_snmp_shape s;
	uint8_t ours[32];
	size_t n = sizeof(ours);

	(void)state;
	open_with(NULL, 0);
	noc_unhex("80001f8805aabbccddeeff", 22, ours, &n);
	assert_int_equal(receive(find("pcap-SNMPv3-pcap-0"), &t, NULL),
			 NOC_EAGAIN);
	assert_int_equal(sent_count, 1);
	assert_int_equal(noc_snmp_check(sent, sent_len, &s, NULL), 0);
	assert_int_equal(s.pdu, 0xa8);
	assert_int_equal(s.engine_id_len, n);
	assert_memory_equal(s.engine_id, ours, n);
}

/* --- what is answered to whom --- */

static const struct sockaddr_in *
address(const char *text)
{
	static struct sockaddr_in in;

	in.sin_family = AF_INET;
	in.sin_port = htons(1162);
	assert_int_equal(inet_pton(AF_INET, text, &in.sin_addr), 1);
	return &in;
}

static bool
on_known(void *arg, const struct sockaddr *from)
{
	const struct sockaddr_in *in = (const void *)from;

	(void)arg;
	return ntohl(in->sin_addr.s_addr) >> 8 == 0xc00002; /* 192.0.2.0 */
}

static int
receive_from(const char *packet, const char *from)
{
	const char *hex = noc_value_get_str(find(packet), "hex", "");
	struct noc_snmp_trap t;
	struct noc_err err;
	uint8_t bytes[2048];
	size_t len = sizeof(bytes);
	int rc;

	assert_int_equal(noc_unhex(hex, strlen(hex), bytes, &len), 0);
	rc = noc_snmp_receive(snmp, bytes, len,
			      (const struct sockaddr *)address(from),
			      sizeof(struct sockaddr_in), &t, &err);
	if (rc == 0)
		noc_snmp_trap_clear(&t);
	return rc;
}

static size_t
discoveries(const char *from, size_t n)
{
	size_t before = sent_count;

	for (size_t i = 0; i < n; i++)
		receive_from("pcap-SNMPv3-pcap-0", from);
	return sent_count - before;
}

static void
test_reports_have_shares(void **state)
{
	char from[32];
	size_t strangers = 0;

	(void)state;
	open_knowing(NULL, 0, on_known);
	/* One address has 40, whoever it is. */
	assert_int_equal(discoveries("198.51.100.1", 100), 40);
	assert_int_equal(receive_from("pcap-SNMPv3-pcap-0", "198.51.100.1"),
			 NOC_ERESOURCE);
	assert_int_equal(discoveries("192.0.2.1", 100), 40);
	/* Strangers together have 200, and those who are known their own. */
	for (int i = 2; i < 100; i++) {
		snprintf(from, sizeof(from), "198.51.100.%d", i);
		strangers += discoveries(from, 100);
	}
	assert_int_equal(strangers, 200 - 40);
	assert_int_equal(discoveries("198.51.100.200", 1), 0);
	assert_int_equal(discoveries("192.0.2.2", 100), 40);
}

/* Forged addresses do not make it grow: 4,096 of them are remembered. */
static void
test_reports_remember_4096_addresses(void **state)
{
	char from[32];

	(void)state;
	open_knowing(NULL, 0, on_known);
	assert_int_equal(discoveries("192.0.2.1", 100), 40);
	for (int i = 1; i < 4096; i++) {
		snprintf(from, sizeof(from), "10.0.%d.%d", i / 256, i % 256);
		discoveries(from, 1);
	}
	assert_int_equal(discoveries("192.0.2.1", 100), 0);
	discoveries("10.1.0.0", 1); /* the first is forgotten */
	assert_int_equal(discoveries("192.0.2.1", 100), 40);
}

static void
test_v3_wrong_key_level_and_user(void **state)
{
	static const struct noc_snmp_user cases[] = {
		{ "nocuser", "MD5", "wrongpass1234", NULL, NULL, NULL },
		{ "nocuser", "SHA", "authpass1234", NULL, NULL, NULL },
		{ "nocuser", "MD5", "authpass1234", "AES", "privpass1234",
		  NULL },
		{ "other", "MD5", "authpass1234", NULL, NULL, NULL },
		{ "nocuser", "MD5", "authpass1234", NULL, NULL,
		  "0x80000000010203040506" },
	};
	const struct noc_value *row = find("netsnmp-v3-md5-nopriv");
	struct noc_snmp_stats stats;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct noc_snmp_trap t;

		open_with(&cases[i], 1);
		assert_int_equal(receive(row, &t, NULL), NOC_EDENIED);
		noc_snmp_stats(snmp, &stats);
		assert_int_equal(stats.engines, 0);
		assert_int_equal(stats.denied, 1);
		assert_int_equal(sent_count, 0);
		noc_snmp_close(snmp);
	}
	open_with(&(struct noc_snmp_user){ "nocuser", "MD5", "authpass1234",
					   NULL, NULL, "8000000001020304" },
		  1);
	for (int i = 0; i < 2; i++) {
		struct noc_snmp_trap t;

		assert_int_equal(receive(row, &t, NULL), 0);
		assert_int_equal(t.level, NOC_SNMP_AUTH);
		assert_int_equal(t.engine_id_len, 8);
		noc_snmp_trap_clear(&t);
	}
}

static void
test_learned_engines_are_capped(void **state)
{
	/* A noAuthNoPriv v2 trap whose engine id ends in XX. */
	struct noc_snmp_options opt = {
		.users = &(struct noc_snmp_user){ "noc", NULL, NULL, NULL, NULL,
						  NULL },
		.nusers = 1,
		.mib = mib,
		.engines_max = 3,
	};
	struct noc_snmp_stats stats;

	(void)state;
	assert_int_equal(noc_snmp_open(loop, &opt, &snmp, NULL), 0);
	/* The last two: 9 is still known, 0 was forgotten. */
	for (unsigned i = 0; i < 12; i++) {
		uint8_t m[256];
		size_t n = 0;
		static const uint8_t head[] = { 0x30, 0, 2, 1, 3, 0x30, 0x0e,
						2,    1, 1, 2, 3, 0,	0xff,
						0xe3, 4, 1, 0, 2, 1,	3 };
		static const uint8_t sec[] = { 4,    0x1b, 0x30, 0x19, 4,   8,
					       0x80, 0,	   0,	 0,    1,   2,
					       3,    0,	   2,	 1,    0,   2,
					       1,    0,	   4,	 3,    'n', 'o',
					       'c',  4,	   0,	 4,    0 };
		static const uint8_t pdu[] = {
			0x30, 0x24, 4,	  0,	4, 0,	 0xa7, 0x1e, 2,	   1,
			1,    2,    1,	  0,	2, 1,	 0,    0x30, 0x13, 0x30,
			0x11, 6,    0x0a, 0x2b, 6, 1,	 6,    3,    1,	   1,
			4,    1,    0,	  6,	3, 0x2b, 6,    1
		};
		struct noc_snmp_trap t;
		struct noc_err err = { 0 };

		memcpy(m + n, head, sizeof(head));
		n += sizeof(head);
		memcpy(m + n, sec, sizeof(sec));
		m[n + 13] = i < 10 ? (uint8_t)i : i == 10 ? 9 : 0;
		n += sizeof(sec);
		memcpy(m + n, pdu, sizeof(pdu));
		n += sizeof(pdu);
		m[1] = (uint8_t)(n - 2);
		if (noc_snmp_receive(snmp, m, n, NULL, 0, &t, &err) < 0)
			fail_msg("%s", err.msg);
		noc_snmp_trap_clear(&t);
	}
	noc_snmp_stats(snmp, &stats);
	assert_int_equal(stats.engines, 11);
	assert_int_equal(stats.traps, 12);
}

static void
test_bad_users_are_named(void **state)
{
	static const struct {
		struct noc_snmp_user user;
		const char *why;
	} c[] = {
		{ { "", NULL, NULL, NULL, NULL, NULL }, "name" },
		{ { "a", "SHA-3", "12345678", NULL, NULL, NULL },
		  "unknown authentication" },
		{ { "a", "S", "12345678", NULL, NULL, NULL },
		  "unknown authentication" },
		{ { "a", "SHA", "1234567", NULL, NULL, NULL }, "8 characters" },
		{ { "a", "SHA", "12345678", "ROT13", "12345678", NULL },
		  "unknown privacy" },
		{ { "a", NULL, NULL, "AES", "12345678", NULL },
		  "no authentication" },
		{ { "a", "SHA", "12345678", NULL, NULL, "zz" }, "hex" },
	};

	(void)state;
	open_with(NULL, 0);
	for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
		struct noc_err err = { 0 };

		assert_int_equal(noc_snmp_set_users(snmp, &c[i].user, 1, &err),
				 NOC_ECONFIG);
		if (strstr(err.msg, c[i].why) == NULL)
			fail_msg("wanted '%s': %s", c[i].why, err.msg);
	}
}

static void
test_engine_and_boots_are_kept(void **state)
{
	char dir[] = "/tmp/test_snmp.XXXXXX", path[64], first[128], text[128];
	struct noc_snmp_options opt = { .mib = mib, .state_dir = dir };
	struct stat st;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/snmp.engine", dir);
	for (long boots = 1; boots <= 3; boots++) {
		size_t len;
		char *got, *space;

		assert_int_equal(noc_snmp_open(loop, &opt, &snmp, NULL), 0);
		noc_snmp_close(snmp);
		got = unit_read(path, &len);
		space = strchr(got, ' ');
		assert_non_null(space);
		assert_int_equal(strtol(space, NULL, 10), boots);
		*space = '\0';
		snprintf(text, sizeof(text), "%s", got);
		if (boots == 1)
			strcpy(first, text);
		assert_string_equal(text, first);
		assert_int_equal(strlen(text), 34);
		free(got);
	}
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 077, 0);
	snmp = NULL;
	/* A state directory that cannot be written is an error. */
	unlink(path);
	rmdir(dir);
	assert_int_equal(noc_snmp_open(loop, &opt, &snmp, NULL), NOC_ESTORE);
}

int
main(void)
{
#define T(f) cmocka_unit_test_teardown(f, teardown)
	const struct CMUnitTest tests[] = {
		T(test_expected_packets),
		T(test_everything_else_is_refused),
		T(test_mutations_survive_the_library),
		T(test_names_labels_and_indexes),
		T(test_inform_is_answered_when_told_to),
		T(test_engine_discovery_is_answered),
		T(test_reports_have_shares),
		T(test_reports_remember_4096_addresses),
		T(test_v3_wrong_key_level_and_user),
		T(test_learned_engines_are_capped),
		T(test_bad_users_are_named),
		T(test_engine_and_boots_are_kept),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
