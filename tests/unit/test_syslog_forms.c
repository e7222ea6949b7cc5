/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "proto/syslog.h"

#include <stdbool.h>

#include "tests/unit/unit.h"

#include "base/clock.h"
#include "base/mem.h"

#define RECEIVED 1795413600 /* 2026-11-23T06:00:00Z */

static struct noc_syslog
parse_at(const char *line, int64_t received_s, int32_t tz)
{
	struct noc_syslog m;

	noc_syslog_parse(line, strlen(line), received_s * NOC_NS_PER_S, tz, &m);
	return m;
}

static struct noc_syslog
parse(const char *line)
{
	return parse_at(line, RECEIVED, 0);
}

static void
same(const char *line, const char *what, struct noc_slice got, const char *want)
{
	if (got.p ? want && noc_slice_is(got, want) : !want)
		return;
	fail_msg("%s: %s is %.*s, not %s", line, what, (int)got.len,
		 got.p ? got.p : "absent", want ? want : "absent");
}

struct form {
	const char *line, *time, *host, *app, *procid, *tag, *message;
	int severity;
	bool malformed;
};

static void
check_form(const struct form *f)
{
	struct noc_syslog m = parse(f->line);
	char iso[32];

	same(f->line, "host", m.host, f->host);
	same(f->line, "app", m.app, f->app);
	same(f->line, "procid", m.procid, f->procid);
	same(f->line, "tag", m.tag, f->tag);
	same(f->line, "message", m.message, f->message);
	if (m.severity != f->severity)
		fail_msg("%s: severity %d", f->line, m.severity);
	if (m.malformed != f->malformed)
		fail_msg("%s: malformed: %s", f->line, m.why ? m.why : "no");
	if (m.has_time != (f->time != NULL))
		fail_msg("%s: a time was %sread", f->line,
			 m.has_time ? "" : "not ");
	if (f->time && strcmp(noc_time_iso(iso, m.time_ns), f->time))
		fail_msg("%s: time is %s", f->line, iso);
}

static const struct form cisco[] = {
	{ "<189>63: *Nov 22 18:46:11: %SYS-5-CONFIG_I: Configured from vty2",
	  "2026-11-22T18:46:11.000Z", NULL, "%SYS-5-CONFIG_I", NULL,
	  "%SYS-5-CONFIG_I", "Configured from vty2", 5, false },
	{ "<187>22: sw1: .Jul  8 12:01:02.123 CEST: %LINK-3-UPDOWN: Interface "
	  "Gi1/0/1, changed state to down",
	  "2026-07-08T10:01:02.123Z", "sw1", "%LINK-3-UPDOWN", NULL,
	  "%LINK-3-UPDOWN", "Interface Gi1/0/1, changed state to down", 3,
	  false },
	{ "<189>22: sw1: 000017: Nov 23 05:00:00.5 XYZ: %SYS-5-RESTART: up",
	  "2026-11-23T05:00:00.500Z", "sw1", "%SYS-5-RESTART", NULL,
	  "%SYS-5-RESTART", "up", 5, false },
	{ "*Mar  1 00:00:41: %LINK-3-UPDOWN: Interface Fa0/1, changed state",
	  "2027-03-01T00:00:41.000Z", NULL, "%LINK-3-UPDOWN", NULL,
	  "%LINK-3-UPDOWN", "Interface Fa0/1, changed state", 3, true },
	{ "<189>34: r1: Jan  5 12:00:00.411: %SYS-5-RESTART: up",
	  "2027-01-05T12:00:00.411Z", "r1", "%SYS-5-RESTART", NULL,
	  "%SYS-5-RESTART", "up", 5, false },
	{ "<189>sw1: 1w2d: %SYS-5-CONFIG_I: Configured", NULL, "sw1",
	  "%SYS-5-CONFIG_I", NULL, "%SYS-5-CONFIG_I", "Configured", 5, true },
	{ "<189>30: 00:01:01: %SYS-5-CONFIG_I: Configured", NULL, NULL,
	  "%SYS-5-CONFIG_I", NULL, "%SYS-5-CONFIG_I", "Configured", 5, true },
	{ "<189>: 2019 Nov 13 11:32:32 CET: %ETHPORT-5-IF_DOWN_NONE: "
	  "Interface Ethernet1/1 is down",
	  "2019-11-13T10:32:32.000Z", NULL, "%ETHPORT-5-IF_DOWN_NONE", NULL,
	  "%ETHPORT-5-IF_DOWN_NONE", "Interface Ethernet1/1 is down", 5,
	  false },
	{ "<189>2019 Nov 30 10:00:00 nx1 %ETHPORT-5-IF_UP: Interface up",
	  "2019-11-30T10:00:00.000Z", "nx1", "%ETHPORT-5-IF_UP", NULL,
	  "%ETHPORT-5-IF_UP", "Interface up", 5, false },
	{ "<187>RP/0/RSP0/CPU0:Nov 22 20:16:14.834 : ifmgr[214]: "
	  "%PKT_INFRA-LINK-3-UPDOWN : Interface TenGigE0/2/0/4",
	  "2026-11-22T20:16:14.834Z", NULL, "ifmgr", "214",
	  "%PKT_INFRA-LINK-3-UPDOWN", "Interface TenGigE0/2/0/4", 3, false },
	{ "<187>99: xr1 RP/0/RSP0/CPU0:Nov 22 20:16:14 UTC: ifmgr[214]: "
	  "%PKT_INFRA-LINK-3-UPDOWN : Interface Gi0",
	  "2026-11-22T20:16:14.000Z", "xr1", "ifmgr", "214",
	  "%PKT_INFRA-LINK-3-UPDOWN", "Interface Gi0", 3, false },
	{ "<166>Aug 15 2019 13:44:38 asa1 : %ASA-6-305011: Built dynamic",
	  "2019-08-15T13:44:38.000Z", "asa1", "%ASA-6-305011", NULL,
	  "%ASA-6-305011", "Built dynamic", 6, false },
	{ "<164>Nov 22 14:01:20 asa1: %ASA-4-411002: Line protocol down",
	  "2026-11-22T14:01:20.000Z", "asa1", "%ASA-4-411002", NULL,
	  "%ASA-4-411002", "Line protocol down", 4, false },
	{ "%ASA-3-106014: Deny inbound icmp", NULL, NULL, "%ASA-3-106014", NULL,
	  "%ASA-3-106014", "Deny inbound icmp", 3, true },
	/* Through a relay that put its own header before. */
	{ "<189>Nov 22 14:05:31 sw1 63: *Mar  1 18:46:11.5 CET: "
	  "%SYS-5-CONFIG_I: Configured",
	  "2026-11-22T14:05:31.000Z", "sw1", "%SYS-5-CONFIG_I", NULL,
	  "%SYS-5-CONFIG_I", "Configured", 5, false },
};

static const struct form others[] = {
	{ "<28>Jul 20 21:45:59 vmx01 mib2d[2424]: SNMP_TRAP_LINK_DOWN: ifIndex "
	  "502, ifAdminStatus down(2)",
	  "2026-07-20T21:45:59.000Z", "vmx01", "mib2d", "2424",
	  "SNMP_TRAP_LINK_DOWN", "ifIndex 502, ifAdminStatus down(2)", 4,
	  false },
	{ "<165>1 2007-02-15T09:17:15.719Z r1 mgd 3046 UI_DBASE_LOGOUT_EVENT "
	  "[junos@2636.1.1.1.2.18 username=\"u\"] User 'u' exiting",
	  "2007-02-15T09:17:15.719Z", "r1", "mgd", "3046",
	  "UI_DBASE_LOGOUT_EVENT", "User 'u' exiting", 5, false },
	{ "<165>Nov 22 09:42:36 veos01 Ebra: %LINEPROTO-5-UPDOWN: Line protocol",
	  "2026-11-22T09:42:36.000Z", "veos01", "Ebra", NULL,
	  "%LINEPROTO-5-UPDOWN", "Line protocol", 5, false },
	{ "<165>Nov 22 09:42:36 Ebra: %LINEPROTO-5-UPDOWN: Line protocol",
	  "2026-11-22T09:42:36.000Z", NULL, "Ebra", NULL, "%LINEPROTO-5-UPDOWN",
	  "Line protocol", 5, false },
	{ "<29>2018-7-23 01:00:34.270.1 hw1 %%01IFNET/4/LINK_STATE(l)[4997]:"
	  "The line protocol IP on Eth0 has entered the DOWN state.",
	  "2018-07-23T01:00:34.270Z", "hw1", "%%01IFNET/4/LINK_STATE", NULL,
	  "%%01IFNET/4/LINK_STATE",
	  "The line protocol IP on Eth0 has entered the DOWN state.", 5,
	  false },
	{ "<189>Nov 22 17:08:35 2008 Sysname %%10SHELL/5/SHELL_LOGIN: console",
	  "2008-11-22T17:08:35.000Z", "Sysname", "%%10SHELL/5/SHELL_LOGIN",
	  NULL, "%%10SHELL/5/SHELL_LOGIN", "console", 5, false },
	{ "<189>date=2019-04-09 time=04:27:29 devname=\"fw01\" devid=F type=x",
	  "2019-04-09T04:27:29.000Z", "fw01", NULL, NULL, NULL,
	  "date=2019-04-09 time=04:27:29 devname=\"fw01\" devid=F type=x", 5,
	  false },
	{ "<134>1 1563249630.774247467 MX84 events port 3 is down",
	  "2019-07-16T04:00:30.774Z", "MX84", NULL, NULL, NULL,
	  "events port 3 is down", 6, true },
	{ "<13>Nov 22 10:11:56 Message forwarded from aix1: sshd[67]: Accepted",
	  "2026-11-22T10:11:56.000Z", "aix1", "sshd", "67", NULL, "Accepted", 5,
	  false },
	{ "<133>Nov 22 14:05:31 lb1 notice mcpd[10653]: 01070638:5: Pool",
	  "2026-11-22T14:05:31.000Z", "lb1", "mcpd", "10653", NULL,
	  "01070638:5: Pool", 5, false },
	/* logger(1): its default, -i, --rfc3164 -i; and of the local socket. */
	{ "<13>1 2026-11-22T06:22:54.756472+00:00 vm %LINK-3-UPDOWN - - "
	  "[timeQuality tzKnown=\"1\" isSynced=\"0\"] Interface Gi1/0/1, "
	  "changed state to down",
	  "2026-11-22T06:22:54.756Z", "vm", "%LINK-3-UPDOWN", NULL,
	  "%LINK-3-UPDOWN", "Interface Gi1/0/1, changed state to down", 5,
	  false },
	{ "<13>1 2026-11-22T06:22:54.756472+00:00 vm %LINK-3-UPDOWN 12 - - x",
	  "2026-11-22T06:22:54.756Z", "vm", "%LINK-3-UPDOWN", "12",
	  "%LINK-3-UPDOWN", "x", 5, false },
	{ "<13>Nov 22 06:22:54 vm %LINK-3-UPDOWN[14379]: Interface Gi1/0/1",
	  "2026-11-22T06:22:54.000Z", "vm", "%LINK-3-UPDOWN", "14379",
	  "%LINK-3-UPDOWN", "Interface Gi1/0/1", 5, false },
	{ "<13>Nov 22 06:22:54 su[9]: 'su root' failed\n",
	  "2026-11-22T06:22:54.000Z", NULL, "su", "9", NULL, "'su root' failed",
	  5, false },
};

static const struct form ugly[] = {
	{ "", NULL, NULL, NULL, NULL, NULL, "", 5, true },
	{ "This is a message!", NULL, NULL, NULL, NULL, NULL,
	  "This is a message!", 5, true },
	{ "<27>xapi: [error|xen3] died", NULL, NULL, "xapi", NULL, NULL,
	  "[error|xen3] died", 3, true },
	{ "<999>Nov 22 06:22:54 host app: x", "2026-11-22T06:22:54.000Z",
	  "host", "app", NULL, NULL, "x", 5, true },
	{ "<13>app: 2019-01-01 00:00:00 said so", NULL, NULL, "app", NULL, NULL,
	  "2019-01-01 00:00:00 said so", 5, true },
	{ "<13>5 apples are here", NULL, NULL, NULL, NULL, NULL,
	  "5 apples are here", 5, true },
	{ "<189>1 Nov 22 14:05:31 h vee 0 CGP26 [C@2 s=\"I\"] text",
	  "2026-11-22T14:05:31.000Z", "h", "vee", "0", NULL, "text", 5, true },
	{ "<14>Nov 30 23:00:05", "2026-11-30T23:00:05.000Z", NULL, NULL, NULL,
	  NULL, "", 6, false },
	{ "<14>Nov 31 23:00:05 h a: x", NULL, NULL, NULL, NULL, NULL,
	  "Nov 31 23:00:05 h a: x", 6, true },
	{ "<13>Nov 22 06:22:54 h CEF:0|Vendor|Product|1", /* not a tag "CEF" */
	  "2026-11-22T06:22:54.000Z", "h", NULL, NULL, NULL,
	  "CEF:0|Vendor|Product|1", 5, false },
};

static void
test_cisco(void **state)
{
	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cisco); i++)
		check_form(&cisco[i]);
}

static void
test_others(void **state)
{
	(void)state;
	for (size_t i = 0; i < NOC_COUNT(others); i++)
		check_form(&others[i]);
}

static void
test_ugly(void **state)
{
	(void)state;
	for (size_t i = 0; i < NOC_COUNT(ugly); i++)
		check_form(&ugly[i]);
}

/* --- dates --- */

static void
year_is(const char *line, const char *received, int32_t tz, const char *want)
{
	struct noc_syslog m;
	int64_t ns;
	char iso[32];

	assert_int_equal(noc_time_parse(received, strlen(received), &ns), 0);
	m = parse_at(line, ns / NOC_NS_PER_S, tz);
	assert_true(m.has_time);
	assert_string_equal(noc_time_iso(iso, m.time_ns), want);
}

static void
test_year(void **state)
{
	(void)state;
	year_is("<13>Dec 31 23:59:59 h a: x", "2026-01-01T00:00:01Z", 0,
		"2025-12-31T23:59:59.000Z");
	year_is("<13>Jan  1 00:00:01 h a: x", "2026-12-31T23:59:59Z", 0,
		"2027-01-01T00:00:01.000Z");
	year_is("<13>Jun 30 00:00:00 h a: x", "2026-01-05T00:00:00Z", 0,
		"2026-06-30T00:00:00.000Z");
	year_is("<13>Jul 30 00:00:00 h a: x", "2026-01-05T00:00:00Z", 0,
		"2025-07-30T00:00:00.000Z");
	/* A leap day only exists in a leap year. */
	year_is("<13>Feb 29 12:00:00 h a: x", "2027-12-01T00:00:00Z", 0,
		"2028-02-29T12:00:00.000Z");
	year_is("<13>Feb 29 12:00:00 h a: x", "2025-01-01T00:00:00Z", 0,
		"2024-02-29T12:00:00.000Z");
	assert_false(parse_at("<13>Feb 29 12:00:00 h a: x", 1782000000, 0)
			 .has_time); /* 2026: 2025 and 2027 have none, too */
}

static void
test_zone(void **state)
{
	static const char received[] = "2026-11-23T06:00:00Z";

	(void)state;
	/* The sender's zone counts where the text names none. */
	year_is("<13>Nov 23 07:00:00 h a: x", received, 3600,
		"2026-11-23T06:00:00.000Z");
	year_is("<13>Nov 23 07:00:00 EST: %A-1-B: x", received, 3600,
		"2026-11-23T12:00:00.000Z");
	year_is("<13>2026-11-23T07:00:00 h a: x", received, 7200,
		"2026-11-23T05:00:00.000Z");
	year_is("<13>2026-11-23 07:00:00,25+0530 h a: x", received, 7200,
		"2026-11-23T01:30:00.250Z");
	year_is("<13>1 2016-12-31T23:59:60-04:00 h a - - - x", received, 0,
		"2017-01-01T04:00:00.000Z");
}

/* --- structured data and names --- */

static void
test_structured_data(void **state)
{
	struct noc_syslog m =
	    parse("<13>1 - h a - - [x@1 a=\"1\" b=\"q\\\"\\]\\\\ \\n\"][y]"
		  "[z c=\"3\" c=\"4\"] text");
	char buf[8];

	(void)state;
	assert_int_equal(noc_syslog_sd_get(m.sd, "x@1", "a", buf, sizeof(buf)),
			 1);
	assert_string_equal(buf, "1");
	assert_int_equal(noc_syslog_sd_get(m.sd, "x@1", "b", buf, sizeof(buf)),
			 7);
	assert_string_equal(buf, "q\"]\\ \\n");
	assert_int_equal(noc_syslog_sd_get(m.sd, "x@1", "b", buf, 3), 7);
	assert_string_equal(buf, "q\"");
	assert_int_equal(noc_syslog_sd_get(m.sd, "z", "c", buf, sizeof(buf)),
			 1);
	assert_string_equal(buf, "4");
	assert_int_equal(noc_syslog_sd_get(m.sd, "y", "c", buf, sizeof(buf)),
			 -1);
	assert_int_equal(noc_syslog_sd_get(m.sd, "x@1", "c", NULL, 0), -1);
	assert_int_equal(
	    noc_syslog_sd_get(noc_slice(NULL, 0), "x", "a", buf, 1), -1);
	/* "\n" is not an escape of RFC 5424, yet nothing is lost. */
	assert_true(m.malformed);
	assert_true(noc_slice_is(m.message, "text"));
}

static void
test_endless_structured_data(void **state)
{
	size_t n = 20000;
	char *p = noc_malloc(32 + n * 8);
	size_t len = (size_t)sprintf(p, "<13>1 - - - - - ");
	struct noc_syslog m;
	char buf[4];

	(void)state;
	for (size_t i = 0; i + 1 < n; i++)
		len += (size_t)sprintf(p + len, "[%zu]", i);
	len += (size_t)sprintf(p + len, "[x y=\"z\"]");
	noc_syslog_parse(p, len, 0, 0, &m);
	assert_false(m.malformed);
	assert_int_equal(noc_syslog_sd_get(m.sd, "x", "y", buf, sizeof(buf)),
			 1);
	assert_string_equal(buf, "z");
	free(p);
}

static void
test_names(void **state)
{
	(void)state;
	for (int i = 0; i < 8; i++)
		assert_int_equal(
		    noc_severity_parse(noc_severity_name(i),
				       strlen(noc_severity_name(i))),
		    i);
	assert_int_equal(noc_severity_parse("Error", 5), 3);
	assert_int_equal(noc_severity_parse("WARN", 4), 4);
	assert_int_equal(noc_severity_parse("7", 1), 7);
	assert_int_equal(noc_severity_parse("8", 1), -1);
	assert_int_equal(noc_severity_parse("er", 2), -1);
	assert_string_equal(noc_facility_name(0), "kern");
	assert_string_equal(noc_facility_name(23), "local7");
	assert_string_equal(noc_facility_name(24), "unknown");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cisco),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_ugly),
		cmocka_unit_test(test_year),
		cmocka_unit_test(test_zone),
		cmocka_unit_test(test_structured_data),
		cmocka_unit_test(test_endless_structured_data),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
