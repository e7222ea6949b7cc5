/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/unit.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"

static int64_t
time_of(const char *s)
{
	int64_t ns = 0;

	if (noc_time_parse(s, strlen(s), &ns))
		fail_msg("%s", s);
	return ns;
}

static void
iso_out(void **state)
{
	char buf[32];

	(void)state;
	assert_string_equal(noc_time_iso(buf, 0), "1970-01-01T00:00:00.000Z");
	assert_string_equal(noc_time_iso(buf, 1795400000123456789),
			    "2026-11-23T02:13:20.123Z");
	assert_string_equal(noc_time_iso(buf, -1), "1969-12-31T23:59:59.999Z");
	assert_string_equal(noc_time_iso(buf, INT64_MAX),
			    "2262-04-11T23:47:16.854Z");
	assert_string_equal(noc_time_iso(buf, INT64_MIN),
			    "1677-09-21T00:12:43.145Z");
}

static void
time_in(void **state)
{
	static const struct {
		const char *text;
		int64_t ns;
	} good[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "1985-04-12T23:20:50.52Z", 482196050520000000 },
		{ "1996-12-19T16:39:57-08:00", 851042397000000000 },
		{ "1990-12-31T23:59:60Z", 662688000000000000 },
		{ "1990-12-31T15:59:60-08:00", 662688000000000000 },
		{ "1937-01-01T12:00:27.87+00:20", -1041337172130000000 },
		{ "2026-11-23T02:13:20.123456789Z", 1795400000123456789 },
		{ "2026-11-23t04:13:20.123456789+0200", 1795400000123456789 },
		{ "2026-11-23 04:13:20,123456789+02", 1795400000123456789 },
		{ "2024-02-29T00:00:00Z", 1709164800000000000 },
		{ "2000-02-29T00:00:00Z", 951782400000000000 },
	};
	static const char *const bad[] = {
		"",
		"2026-11-23",
		"2026-11-23T02:13:20",
		"2026-11-23T02:13Z",
		"2026-13-23T02:13:20Z",
		"2026-00-23T02:13:20Z",
		"2026-11-31T02:13:20Z",
		"2023-02-29T00:00:00Z",
		"1900-02-29T00:00:00Z",
		"2026-11-23T24:00:00Z",
		"2026-11-23T02:60:00Z",
		"2026-11-23T02:13:61Z",
		"2026-11-23T02:13:20.Z",
		"2026-11-23T02:13:20.1234567890Z",
		"2026-11-23T02:13:20+24:00",
		"2026-11-23T02:13:20+02:",
		"2026-11-23T02:13:20Z ",
		" 2026-11-23T02:13:20Z",
		"+026-11-23T02:13:20Z",
		"9999-12-31T23:59:59Z", /* past 64 bits of nanoseconds */
		"0001-01-01T00:00:00Z",
	};
	int64_t ns;

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(good); i++)
		if (time_of(good[i].text) != good[i].ns)
			fail_msg("%s", good[i].text);
	for (size_t i = 0; i < NOC_COUNT(bad); i++)
		if (!noc_time_parse(bad[i], strlen(bad[i]), &ns))
			fail_msg("accepted: %s", bad[i]);
	assert_int_not_equal(noc_time_parse("2026-11-23T02:13:20Z", 19, &ns),
			     0);
}

/* Every day of eight centuries, against the C library's calendar. */
static void
days_match_libc(void **state)
{
	int checked = 0;

	(void)state;
	for (int64_t day = -100000; day < 100000; day++) {
		char buf[32];
		int64_t ns = day * 86400 * NOC_NS_PER_S;

		assert_true(time_of(noc_time_iso(buf, ns)) == ns);
		checked++;
	}
	assert_int_equal(checked, 200000);
}

static void
durations(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
		const char *shown;
	} good[] = {
		{ "0", 0, "0" },
		{ "0s", 0, "0" },
		{ "15s", 15000, "15s" },
		{ "90s", 90000, "1m30s" },
		{ "10m", 600000, "10m" },
		{ "2h", 7200000, "2h" },
		{ "7d", 604800000, "7d" },
		{ "250ms", 250, "250ms" },
		{ "1h30m", 5400000, "1h30m" },
		{ "1d2h3m4s5ms", 93784005, "1d2h3m4s5ms" },
		{ "36h", 129600000, "1d12h" },
	};
	static const char *const bad[] = {
		"",
		"5",
		"00x",
		"s",
		"-5s",
		"5 s",
		"1.5s",
		"5S",
		"5w",
		"30m1h",
		"1h1h",
		"5s ",
		" 5s",
		"1h30",
		"0 ",
		"+5s",
		"0x5s",
		"5sm",
		"99999999999999999999ms",
		"106751991168d",
	};
	char buf[32];
	int64_t ms;

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(good); i++) {
		ms = -1;
		if (noc_duration_parse(good[i].text, &ms) || ms != good[i].ms)
			fail_msg("%s", good[i].text);
		assert_string_equal(noc_duration_format(buf, ms),
				    good[i].shown);
	}
	for (size_t i = 0; i < NOC_COUNT(bad); i++)
		if (!noc_duration_parse(bad[i], &ms))
			fail_msg("accepted: %s", bad[i]);
	assert_string_equal(noc_duration_format(buf, -1500), "-1s500ms");
	assert_true(strlen(noc_duration_format(buf, INT64_MIN)) < 32);
}

static void
rates(void **state)
{
	static const char *const bad[] = {
		"10",	     "10/",	     "/1m",    "0/1m",	   "10/0",
		"10/5",	     "-1/1m",	     "10/1m ", "10/1m by", "10/1m by ",
		"10/1mby x", "10/1m by a b", "10 / 1m"
	};
	int64_t n, ms;
	const char *by = "unset";

	(void)state;
	assert_int_equal(noc_rate_parse("200/10s", &n, &ms, &by), 0);
	assert_int_equal(n, 200);
	assert_int_equal(ms, 10000);
	assert_null(by);
	assert_int_equal(noc_rate_parse("5/30s by site", &n, &ms, &by), 0);
	assert_int_equal(n, 5);
	assert_int_equal(ms, 30000);
	assert_string_equal(by, "site");
	for (size_t i = 0; i < NOC_COUNT(bad); i++)
		if (!noc_rate_parse(bad[i], &n, &ms, &by))
			fail_msg("accepted: %s", bad[i]);
	assert_int_equal(n, 5); /* a refusal changes nothing */
}

static void
clocks_run(void **state)
{
	struct noc_now a = noc_clock_read(), b = noc_clock_read();
	uint8_t one[16], two[16], zero[16] = { 0 };

	(void)state;
	assert_true(b.boot_ns >= a.boot_ns);
	assert_true(a.wall_ns > 1600000000 * NOC_NS_PER_S);
	noc_clock_boot_id(one);
	noc_clock_boot_id(two);
	assert_memory_equal(one, two, 16);
	assert_memory_not_equal(one, zero, 16);
}

/* Times of damaged rows stay where they can be reckoned with. */
static void
times_do_not_overflow(void **state)
{
	static const struct {
		int64_t ns, ms, then;
	} cases[] = {
		{ 5, 2, 2000005 },
		{ 5, -2, -1999995 },
		{ INT64_MAX, 1, INT64_MAX },
		{ INT64_MIN, -1, INT64_MIN },
		{ 0, INT64_MAX, INT64_MAX },
		{ 0, INT64_MIN, INT64_MIN },
		{ INT64_MAX, -1, INT64_MAX - 1000000 },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++)
		assert_true(noc_ns_after(cases[i].ns, cases[i].ms) ==
			    cases[i].then);
	assert_true(noc_ns_sane(INT64_MIN) == 0);
	assert_true(noc_ns_sane(-1) == 0);
	assert_true(noc_ns_sane(7) == 7);
	assert_true(noc_ns_sane(INT64_MAX) == (int64_t)1 << 62);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(iso_out),
		cmocka_unit_test(time_in),
		cmocka_unit_test(days_match_libc),
		cmocka_unit_test(durations),
		cmocka_unit_test(rates),
		cmocka_unit_test(clocks_run),
		cmocka_unit_test(times_do_not_overflow),
	};

	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
