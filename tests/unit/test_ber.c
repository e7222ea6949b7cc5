/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/unit.h"

#include "base/hex.h"
#include "base/json.h"
#include "proto/ber.h"

static struct noc_value *packets;

static int
setup(void **state)
{
	size_t len;
	char *text = unit_read(unit_data("snmp/packets.json"), &len);

	(void)state;
	assert_int_equal(noc_json_parse(text, len, &packets, NULL), 0);
	free(text);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	noc_value_free(packets);
	return 0;
}

/* A block of exactly the packet's size, so that ASan sees one byte more. */
static uint8_t *
packet(const struct noc_value *row, size_t *len)
{
	const char *hex = noc_value_get_str(row, "hex", "");
	uint8_t *p;

	*len = strlen(hex) / 2;
	p = malloc(*len);
	assert_int_equal(noc_unhex(hex, strlen(hex), p, len), 0);
	return p;
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

static void
test_well_formed_or_not(void **state)
{
	size_t good = 0, bad = 0;

	(void)state;
	for (size_t i = 0; i < noc_value_len(packets); i++) {
		const struct noc_value *row = noc_value_at(packets, i);
		bool want = noc_value_get_bool(row, "well_formed", true);
		struct noc_snmp_shape shape;
		struct noc_err err = { 0 };
		size_t len;
		uint8_t *p = packet(row, &len);
		int rc = noc_snmp_check(p, len, &shape, &err);

		if (want ? rc != 0 : rc != NOC_EINPUT)
			fail_msg("%s: %d %s", noc_value_get_str(row, "id", ""),
				 rc, err.msg);
		if (!want && strstr(err.msg, "Byte ") == NULL)
			fail_msg("no byte in '%s'", err.msg);
		good += want;
		bad += !want;
		free(p);
	}
	assert_int_equal(good, 95);
	assert_int_equal(bad, 15);
}

static void
test_shape_of_v2c_inform(void **state)
{
	struct noc_snmp_shape s;
	size_t len;
	uint8_t *p = packet(find("netsnmp-v2c-inform-linkdown"), &len);

	(void)state;
	assert_int_equal(noc_snmp_check(p, len, &s, NULL), 0);
	assert_int_equal(s.version, 1);
	assert_int_equal(s.pdu, 0xa6);
	assert_int_equal(s.request_id, 2065024697);
	assert_int_equal(s.varbinds, 6);
	assert_int_equal(s.community_len, 6);
	assert_memory_equal(s.community, "public", 6);
	free(p);
}

static void
test_shape_of_v3(void **state)
{
	static const uint8_t engine[] = { 0x80, 0, 0, 0, 1, 2, 3, 4 };
	struct noc_snmp_shape s;
	size_t len;
	uint8_t *p = packet(find("netsnmp-v3-sha-aes"), &len);

	(void)state;
	assert_int_equal(noc_snmp_check(p, len, &s, NULL), 0);
	assert_int_equal(s.version, 3);
	assert_int_equal(s.flags & 3, 3);
	assert_int_equal(s.pdu, 0);
	assert_int_equal(s.engine_id_len, sizeof(engine));
	assert_memory_equal(s.engine_id, engine, sizeof(engine));
	assert_int_equal(s.user_len, 7);
	assert_memory_equal(s.user, "nocuser", 7);
	free(p);
}

/* 20 seeds: each truncation, each byte at each value. */
static void
test_mutations_survive(void **state)
{
	size_t seeds = 0, accepted = 0;

	(void)state;
	for (size_t i = 0; i < noc_value_len(packets) && seeds < 20; i += 5) {
		const struct noc_value *row = noc_value_at(packets, i);
		struct noc_snmp_shape s;
		size_t len;
		uint8_t *p = packet(row, &len);

		if (!noc_value_get_bool(row, "well_formed", true)) {
			free(p);
			continue;
		}
		seeds++;
		for (size_t cut = 0; cut < len; cut++) {
			uint8_t *q = malloc(cut ? cut : 1);

			memcpy(q, p, cut);
			assert_int_equal(noc_snmp_check(q, cut, &s, NULL),
					 NOC_EINPUT);
			free(q);
		}
		for (size_t at = 0; at < len; at++) {
			uint8_t was = p[at];

			for (int v = 0; v < 256; v++) {
				p[at] = (uint8_t)v;
				accepted +=
				    noc_snmp_check(p, len, &s, NULL) == 0;
			}
			p[at] = was;
		}
		free(p);
	}
	assert_in_range(seeds, 15, 20);
	assert_true(accepted > 0);
}

static int
check_hex(const char *hex, struct noc_err *err)
{
	uint8_t p[512];
	size_t len = sizeof(p);
	struct noc_snmp_shape s;

	assert_int_equal(noc_unhex(hex, strlen(hex), p, &len), 0);
	return noc_snmp_check(p, len, &s, err);
}

/* One response with one varbind 1.3.6 and this value. */
static int
check_value(const char *value, struct noc_err *err)
{
	char hex[512];
	unsigned n = (unsigned)strlen(value) / 2;

	snprintf(hex, sizeof(hex),
		 "30%02x020101"
		 "0400"
		 "a2%02x020101020100020100"
		 "30%02x30%02x06022b06%s",
		 24 + n, 17 + n, 6 + n, 4 + n, value);
	return check_hex(hex, err);
}

static void
test_values_of_each_type(void **state)
{
	static const struct {
		const char *value, *rule; /* rule: NULL when it is legal */
	} c[] = {
		{ "020107", NULL },
		{ "020480000000", NULL },
		{ "02050100000000", "length" },
		{ "0200", "length" },
		{ "0400", NULL },
		{ "0500", NULL },
		{ "050100", "length" },
		{ "0600", NULL },
		{ "06022b81", "cut off" },
		{ "06032b8001", "padded" },
		{ "06062b9080808000", "32 bits" },
		{ "06062b8fffffff7f", NULL },
		{ "400401020304", NULL },
		{ "4003010203", "length" },
		{ "410500ffffffff", NULL },
		{ "4104ffffffff", NULL },
		{ "410501ffffffff", "too long" },
		{ "4300", "empty" },
		{ "460900ffffffffffffffff", NULL },
		{ "460901ffffffffffffffff", "too long" },
		{ "44079f780441f00000", NULL },
		{ "44069f780441f000", "fill" },
		{ "44079f790441f00000", "length" },
		{ "44049f010100", "unknown" },
		{ "4400", "no element" },
		{ "8000", NULL },
		{ "8200", NULL },
		{ "810100", "length" },
		{ "8300", "unknown" },
		{ "2400", "unknown" },
		{ "0480", "indefinite" },
		{ "048500000000", "four octets" },
		{ "04820001ff", NULL },
		{ "0402ff", "points past" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
		struct noc_err err = { 0 };
		int rc = check_value(c[i].value, &err);

		if (c[i].rule == NULL
			? rc != 0
			: rc != NOC_EINPUT || !strstr(err.msg, c[i].rule))
			fail_msg("%s: %d %s", c[i].value, rc, err.msg);
	}
}

static void
test_too_many(void **state)
{
	uint8_t p[4096] = { 0x30, 0x82, 0, 0, 2, 1, 1, 4, 0, 0xa7, 0x82, 0, 0,
			    2,	  1,	1, 2, 1, 0, 2, 1, 0, 0x30, 0x82, 0, 0 };
	struct noc_snmp_shape s;
	struct noc_err err = { 0 };

	(void)state;
	for (size_t n = 256; n <= 257; n++) {
		size_t len = 26, list = n * 7;

		for (size_t i = 0; i < n; i++, len += 7)
			memcpy(p + len, "\x30\x05\x06\x01\x2b\x05\x00", 7);
		p[24] = (uint8_t)(list >> 8);
		p[25] = (uint8_t)list;
		p[11] = (uint8_t)((list + 13) >> 8);
		p[12] = (uint8_t)(list + 13);
		p[2] = (uint8_t)((list + 22) >> 8);
		p[3] = (uint8_t)(list + 22);
		assert_int_equal(noc_snmp_check(p, len, &s, &err),
				 n == 256 ? 0 : NOC_EINPUT);
	}
	assert_non_null(strstr(err.msg, "256 varbinds"));
}

static void
test_v3_header_rules(void **state)
{
	static const struct {
		size_t at;
		uint8_t value;
		const char *rule;
	} c[] = {
		{ 18, 2, "privacy without authentication" },
		{ 21, 1, "security model" },
		{ 18, 1, "authentication parameters" },
	};
	size_t len;
	uint8_t *p = packet(find("pcap-SNMPv3-pcap-0"), &len);

	(void)state;
	for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
		struct noc_snmp_shape s;
		struct noc_err err = { 0 };
		uint8_t was = p[c[i].at];

		p[c[i].at] = c[i].value;
		assert_int_equal(noc_snmp_check(p, len, &s, &err), NOC_EINPUT);
		if (strstr(err.msg, c[i].rule) == NULL)
			fail_msg("wanted '%s', got '%s'", c[i].rule, err.msg);
		p[c[i].at] = was;
	}
	free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_well_formed_or_not),
		cmocka_unit_test(test_shape_of_v2c_inform),
		cmocka_unit_test(test_shape_of_v3),
		cmocka_unit_test(test_mutations_survive),
		cmocka_unit_test(test_values_of_each_type),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_v3_header_rules),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
