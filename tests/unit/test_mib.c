/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/unit.h"

#include <unistd.h>

#include "proto/mib.h"

static struct noc_mib *mib;

static int
setup(void **state)
{
	(void)state;
	mib = noc_mib_new();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	noc_mib_free(mib);
	return 0;
}

static const struct noc_mib_object *
lookup(const char *dotted, size_t *len)
{
	noc_oid oid[NOC_OID_MAX];

	assert_int_equal(
	    noc_oid_parse(NULL, dotted, strlen(dotted), oid, len, NULL, NULL),
	    0);
	return noc_mib_find(mib, oid, *len);
}

/* Numbers as the RFCs and the vendors publish them. */
static void
test_known_objects(void **state)
{
	static const struct {
		const char *oid, *name;
		char kind, syntax;
	} c[] = {
		{ "1.3.6.1.2.1.1.3.0", "sysUpTime", 's', 't' },
		{ "1.3.6.1.2.1.2.2.1.2.7", "ifDescr", 'c', 's' },
		{ "1.3.6.1.2.1.2.2.1.6.7", "ifPhysAddress", 'c', 'm' },
		{ "1.3.6.1.2.1.2.2.1.8.7", "ifOperStatus", 'c', 'i' },
		{ "1.3.6.1.2.1.31.1.1.1.1.7", "ifName", 'c', 's' },
		{ "1.3.6.1.2.1.31.1.1.1.10.7", "ifHCOutOctets", 'c', 'u' },
		{ "1.3.6.1.2.1.31.1.1.1.18.7", "ifAlias", 'c', 's' },
		{ "1.3.6.1.6.3.1.1.4.1.0", "snmpTrapOID", 's', 'o' },
		{ "1.3.6.1.6.3.18.1.3.0", "snmpTrapAddress", 's', 'a' },
		{ "1.3.6.1.6.3.1.1.5.1", "coldStart", 'n', '-' },
		{ "1.3.6.1.6.3.1.1.5.3", "linkDown", 'n', '-' },
		{ "1.3.6.1.6.3.1.1.5.4", "linkUp", 'n', '-' },
		{ "1.3.6.1.6.3.1.1.5.6", "egpNeighborLoss", 'n', '-' },
		{ "1.3.6.1.2.1.15.3.1.2.192.0.2.1", "bgpPeerState", 'c', 'i' },
		{ "1.3.6.1.2.1.15.7.2", "bgpBackwardTransition", 'n', '-' },
		{ "1.3.6.1.2.1.15.0.2", "bgpBackwardTransNotification", 'n',
		  '-' },
		{ "1.3.6.1.2.1.99.1.1.1.4.9", "entPhySensorValue", 'c', 'i' },
		{ "1.3.6.1.2.1.33.2.1", "upsTrapOnBattery", 'n', '-' },
		{ "1.3.6.1.2.1.88.2.0.1", "mteTriggerFired", 'n', '-' },
		{ "1.3.6.1.2.1.14.16.2.2", "ospfNbrStateChange", 'n', '-' },
		{ "1.3.6.1.4.1.9.2.2.1.1.20.3", "locIfReason", 'c', 's' },
		{ "1.3.6.1.4.1.9.9.43.2.0.1", "ciscoConfigManEvent", 'n', '-' },
		{ "1.3.6.1.4.1.9.9.548.0.2", "cErrDisableInterfaceEventRev1",
		  'n', '-' },
		{ "1.3.6.1.4.1.9.9.117.2.0.2", "cefcPowerStatusChange", 'n',
		  '-' },
		{ "1.3.6.1.4.1.9.9.13.3.0.5",
		  "ciscoEnvMonRedundantSupplyNotification", 'n', '-' },
		{ "1.3.6.1.4.1.2636.4.1.1", "jnxPowerSupplyFailure", 'n', '-' },
		{ "1.3.6.1.4.1.2636.4.2.1", "jnxPowerSupplyOK", 'n', '-' },
		{ "1.3.6.1.4.1.2636.4.1.3", "jnxOverTemperature", 'n', '-' },
	};
	size_t len;

	(void)state;
	assert_true(noc_mib_count(mib) >= 400);
	for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
		const struct noc_mib_object *o = lookup(c[i].oid, &len);

		if (o == NULL || strcmp(o->name, c[i].name) != 0 ||
		    o->kind != c[i].kind || o->syntax != c[i].syntax)
			fail_msg("%s: %s %c %c", c[i].oid, o ? o->name : "-",
				 o ? o->kind : '-', o ? o->syntax : '-');
		assert_ptr_equal(
		    noc_mib_by_name(mib, c[i].name, strlen(c[i].name)), o);
	}
}

/* Every object is found by its own OID and by any instance of it. */
static void
test_each_object_finds_itself(void **state)
{
	const struct noc_mib_object *o;

	(void)state;
	for (size_t i = 0; (o = noc_mib_at(mib, i)) != NULL; i++) {
		noc_oid oid[NOC_OID_MAX];

		assert_ptr_equal(noc_mib_find(mib, o->oid, o->oid_len), o);
		memcpy(oid, o->oid, o->oid_len * sizeof(*oid));
		oid[o->oid_len] = 4294967295U;
		assert_ptr_equal(noc_mib_find(mib, oid, o->oid_len + 1U), o);
	}
}

static void
test_enums(void **state)
{
	const struct noc_mib_object *oper =
	    noc_mib_by_name(mib, "ifOperStatus", 12);
	const struct noc_mib_object *type = noc_mib_by_name(mib, "ifType", 6);
	int64_t n = 0;

	(void)state;
	assert_true(noc_slice_is(noc_mib_label(oper, 7), "lowerLayerDown"));
	assert_null(noc_mib_label(oper, 8).p);
	assert_null(noc_mib_label(NULL, 1).p);
	assert_true(noc_mib_number(oper, noc_slice_str("down"), &n));
	assert_int_equal(n, 2);
	assert_false(noc_mib_number(oper, noc_slice_str("dow"), &n));
	assert_true(noc_slice_is(noc_mib_label(type, 6), "ethernetCsmacd"));
	assert_true(noc_slice_is(noc_mib_label(type, 161), "ieee8023adLag"));
	assert_true(noc_slice_is(noc_mib_label(type, 136), "l3ipvlan"));
	assert_string_equal(oper->index, "ifindex");
}

static void
test_oid_text(void **state)
{
	static const struct {
		const char *in, *dotted, *named;
	} good[] = {
		{ "ifAdminStatus.7", "1.3.6.1.2.1.2.2.1.7.7",
		  "ifAdminStatus.7" },
		{ "IF-MIB::ifDescr.1", "1.3.6.1.2.1.2.2.1.2.1", "ifDescr.1" },
		{ ".1.3.6.1.2.1.1.3.0", "1.3.6.1.2.1.1.3.0", "sysUpTime.0" },
		{ "linkDown", "1.3.6.1.6.3.1.1.5.3", "linkDown" },
		{ "enterprises.99999.1", "1.3.6.1.4.1.99999.1",
		  "1.3.6.1.4.1.99999.1" },
		{ "1.3.6.1.4.1.4294967295", "1.3.6.1.4.1.4294967295",
		  "1.3.6.1.4.1.4294967295" },
	};
	static const char *const bad[] = {
		"",	    ".",	  "ifDescr.",	  "ifDescr.x",
		"1..3",	    "1.3.",	  "3.1",	  "1.40",
		"1",	    "ifDescr.-1", "1.4294967296", "1 .3",
		"IF-MIB::", "ifDescr..1",
	};
	char buf[2048];
	noc_oid oid[NOC_OID_MAX];
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(noc_oid_parse(mib, good[i].in,
					       strlen(good[i].in), oid, &len,
					       NULL, NULL),
				 0);
		assert_int_equal(noc_oid_format(buf, sizeof(buf), oid, len),
				 strlen(good[i].dotted));
		assert_string_equal(buf, good[i].dotted);
		noc_oid_format_name(mib, buf, sizeof(buf), oid, len);
		assert_string_equal(buf, good[i].named);
		/* Short buffers are cut, never overrun. */
		assert_int_equal(noc_oid_format_name(mib, buf, 5, oid, len), 4);
		assert_int_equal(strlen(buf), 4);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(noc_oid_parse(mib, bad[i], strlen(bad[i]), oid,
					       &len, NULL, NULL),
				 NOC_EINPUT);
}

static void
test_did_you_mean(void **state)
{
	static const char *const c[][2] = {
		{ "ifOperStats.7", "'ifOperStatus'" },
		{ "ifopERstatus.7", "'ifOperStatus'" },
		{ "sysUptime.0", "'sysUpTime'" },
		{ "linkDwn", "'linkDown'" },
	};
	noc_oid oid[NOC_OID_MAX];
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
		struct noc_err err = { 0 };

		assert_int_equal(noc_oid_parse(mib, c[i][0], strlen(c[i][0]),
					       oid, &len, NULL, &err),
				 NOC_EINPUT);
		if (strstr(err.msg, c[i][1]) == NULL)
			fail_msg("%s", err.msg);
	}
}

static const char *
write_file(const char *text)
{
	static char path[64];
	int fd;

	strcpy(path, "/tmp/test_mib.XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	return path;
}

static void
test_load_adds_and_replaces(void **state)
{
	const char *path =
	    write_file("# mine\n"
		       "acme enterprises.99999 o\n"
		       "acmeEntry acme.1.1 o\n"
		       "acmeDoor acmeEntry.2 c i - open=1,closed=2\n"
		       "acmeAlarm acme.0.1 n\n"
		       "ifOperStatus ifEntry.8 c i ifindex on=1,off=2\n");
	const struct noc_mib_object *o;
	size_t len, before = noc_mib_count(mib);

	(void)state;
	assert_int_equal(noc_mib_load(mib, path, NULL), 0);
	unlink(path);
	assert_int_equal(noc_mib_count(mib), before + 4);
	o = lookup("1.3.6.1.4.1.99999.1.1.2.5", &len);
	assert_string_equal(o->name, "acmeDoor");
	assert_true(noc_slice_is(noc_mib_label(o, 2), "closed"));
	o = lookup("1.3.6.1.2.1.2.2.1.8.7", &len);
	assert_true(noc_slice_is(noc_mib_label(o, 1), "on"));
	assert_ptr_equal(noc_mib_by_name(mib, "ifOperStatus", 12), o);
}

static void
test_load_is_all_or_nothing(void **state)
{
	static const char *const c[][2] = {
		{ "acme enterprises.99999 o\nbad nowhere.1 o\n", ":2:" },
		{ "acme enterprises.99999 o\nx acme.1 q\n", ":2:" },
		{ "acme enterprises.99999 o\nx acme.1 s z\n", ":2:" },
		{ "acme enterprises.99999 o\nx acme.1 s i - up=\n", ":2:" },
		{ "acme enterprises.99999 o\n\033[2J acme.1 s\n", ":2:" },
		{ "acme enterprises.99999\n", ":1:" },
		{ "ifIndex 1.3.6.1.4.1.99999 o\nx y\n", ":2:" },
	};
	size_t before = noc_mib_count(mib), len;

	(void)state;
	for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
		const char *path = write_file(c[i][0]);
		struct noc_err err = { 0 };

		assert_int_equal(noc_mib_load(mib, path, &err), NOC_ECONFIG);
		unlink(path);
		assert_non_null(strstr(err.msg, c[i][1]));
		assert_int_equal(noc_mib_count(mib), before);
		assert_null(noc_mib_by_name(mib, "acme", 4));
		assert_ptr_equal(noc_mib_by_name(mib, "ifIndex", 7),
				 lookup("1.3.6.1.2.1.2.2.1.1", &len));
	}
	assert_int_equal(noc_mib_load(mib, "/nonexistent", NULL),
			 NOC_ENOTFOUND);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_known_objects),
		T(test_each_object_finds_itself),
		T(test_enums),
		T(test_oid_text),
		T(test_did_you_mean),
		T(test_load_adds_and_replaces),
		T(test_load_is_all_or_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
