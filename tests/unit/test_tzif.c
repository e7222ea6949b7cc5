/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "proto/tzif.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/mem.h"

static const char *const names[] = {
	"Africa/Casablanca", "America/New_York",     "America/Santiago",
	"America/Sao_Paulo", "America/Scoresbysund", "Asia/Kolkata",
	"Asia/Tokyo",	     "Australia/Lord_Howe",  "Europe/Athens",
	"Europe/Dublin",     "Europe/Warsaw",	     "Pacific/Apia",
	"Pacific/Kiritimati"
};

static char *
zone_path(const char *name)
{
	const char *root = getenv("NOC_SRCDIR");

	return noc_asprintf("%s/tests/data/zoneinfo/%s", root ? root : ".",
			    name);
}

static size_t
zone_bytes(const char *name, uint8_t *out, size_t size)
{
	char *path = zone_path(name);
	FILE *f = fopen(path, "rb");
	size_t len;

	if (f == NULL)
		fail_msg("cannot open %s", path);
	len = fread(out, 1, size, f);
	fclose(f);
	free(path);
	return len;
}

static struct noc_tz *
zone(const char *name)
{
	uint8_t bytes[8192];
	size_t len = zone_bytes(name, bytes, sizeof(bytes));
	struct noc_tz *tz = NULL;

	assert_int_equal(noc_tz_parse(bytes, len, &tz, NULL), 0);
	return tz;
}

static uint64_t seed = 88172645463325252u;

static uint64_t
dice(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* Years 1900 to 2400, so that most are up to the footer. */
static int64_t
random_instant(void)
{
	return -2208988800 + (int64_t)(dice() % 15778800000u);
}

static void
check_against_libc(const struct noc_tz *tz, const char *name, int64_t at)
{
	struct noc_civil c;
	struct tm tm;
	time_t t = at;

	localtime_r(&t, &tm);
	noc_tz_civil(tz, at, &c);
	if (tm.tm_gmtoff != noc_tz_offset(tz, at) ||
	    tm.tm_year + 1900 != c.year || tm.tm_mon + 1 != c.month ||
	    tm.tm_mday != c.day || tm.tm_hour != c.hour ||
	    tm.tm_min != c.minute || tm.tm_sec != c.second ||
	    tm.tm_wday != c.weekday)
		fail_msg("%s at %lld: libc %ld, ours %d", name, (long long)at,
			 tm.tm_gmtoff, noc_tz_offset(tz, at));
}

/* The C library reads the same files with other code. */
static void
test_agrees_with_libc(void **state)
{
	(void)state;
	for (size_t i = 0; i < NOC_COUNT(names); i++) {
		struct noc_tz *tz = zone(names[i]);
		char *path = zone_path(names[i]), *real = realpath(path, NULL);
		int64_t at = -3000000000;

		assert_non_null(real);
		setenv("TZ", real, 1);
		tzset();
		for (int n = 0; n < 5000; n++)
			check_against_libc(tz, names[i], random_instant());
		/* And both sides of every change to the year 2400. */
		while (noc_tz_change(tz, at, &at) && at < 13569465600) {
			check_against_libc(tz, names[i], at - 1);
			check_against_libc(tz, names[i], at);
		}
		noc_tz_free(tz);
		free(real);
		free(path);
	}
}

static void
test_instant_inverts_civil(void **state)
{
	(void)state;
	for (size_t i = 0; i < NOC_COUNT(names); i++) {
		struct noc_tz *tz = zone(names[i]);

		for (int n = 0; n < 3000; n++) {
			int64_t at = random_instant(), first, second = 0;
			struct noc_civil c;
			int count;

			noc_tz_civil(tz, at, &c);
			count = noc_tz_instant(tz, &c, &first, &second);
			if (count == 1)
				assert_int_equal(first, at);
			else
				assert_true(count == 2 && first < second &&
					    (first == at || second == at));
		}
		noc_tz_free(tz);
	}
}

static struct noc_civil
civil(int year, int month, int day, int hour, int minute)
{
	return (struct noc_civil){ year, month, day, hour, minute, 0, 0 };
}

static void
test_gaps_and_repeats(void **state)
{
	struct noc_tz *ny = zone("America/New_York");
	struct noc_tz *howe = zone("Australia/Lord_Howe");
	struct noc_tz *apia = zone("Pacific/Apia");
	struct noc_civil c = civil(2012, 3, 11, 2, 30);
	int64_t first, second;

	(void)state;
	assert_int_equal(noc_tz_instant(ny, &c, &first, &second), 0);
	assert_int_equal(first, 1331449200); /* 03:00 EDT */
	c = civil(2012, 11, 4, 1, 30);
	assert_int_equal(noc_tz_instant(ny, &c, &first, &second), 2);
	assert_int_equal(second - first, 3600);
	/* Half an hour, in the southern spring; 2100 is the footer's. */
	c = civil(2100, 10, 3, 2, 15);
	assert_int_equal(noc_tz_instant(howe, &c, &first, &second), 0);
	c = civil(2100, 10, 3, 2, 30);
	assert_int_equal(noc_tz_instant(howe, &c, &second, &first), 1);
	c = civil(2100, 4, 4, 1, 45);
	assert_int_equal(noc_tz_instant(howe, &c, &first, &second), 2);
	assert_int_equal(second - first, 1800);
	/* Samoa had no 30 December 2011. */
	c = civil(2011, 12, 30, 12, 0);
	assert_int_equal(noc_tz_instant(apia, &c, &first, &second), 0);
	noc_tz_civil(apia, first, &c);
	assert_int_equal(c.day, 31);
	assert_int_equal(c.hour, 0);
	noc_tz_free(ny);
	noc_tz_free(howe);
	noc_tz_free(apia);
}

static void
test_extreme_offsets(void **state)
{
	struct noc_tz *tz = zone("Pacific/Kiritimati");

	(void)state;
	assert_int_equal(noc_tz_offset(tz, 1700000000), 14 * 3600);
	assert_int_equal(noc_tz_offset(tz, INT64_MAX), 14 * 3600);
	assert_int_equal(noc_tz_offset(tz, INT64_MIN),
			 noc_tz_offset(tz, -62135596800));
	noc_tz_free(tz);
}

static void
test_names(void **state)
{
	static const char *const bad[] = { "",
					   "/etc/passwd",
					   "../../etc/passwd",
					   "Europe/../../passwd",
					   "a b",
					   "Europe/Z\xc3\xbcrich" };
	struct noc_tz *tz;
	struct noc_err err;

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(bad); i++)
		assert_int_equal(noc_tz_open(bad[i], &tz, &err), NOC_EINPUT);
	assert_int_equal(noc_tz_open("Europe/Atlantis", &tz, &err),
			 NOC_ENOTFOUND);
	assert_non_null(strstr(err.msg, "Europe/Atlantis"));
	assert_int_equal(noc_tz_open("Europe", &tz, &err), NOC_ENOTFOUND);
	assert_int_equal(noc_tz_open("UTC", &tz, &err), 0);
	assert_int_equal(noc_tz_offset(tz, 1700000000), 0);
	assert_false(noc_tz_change(tz, 0, &(int64_t){ 0 }));
	noc_tz_free(tz);
}

/* Every truncation is refused; no changed byte makes it crash. */
static void
test_damaged_files(void **state)
{
	uint8_t bytes[8192];
	size_t len = zone_bytes("Australia/Lord_Howe", bytes, sizeof(bytes));
	struct noc_tz *tz;
	int64_t a, b;

	(void)state;
	for (size_t n = 0; n < len; n++) {
		uint8_t *exact = noc_memdup(bytes, n);

		assert_int_equal(noc_tz_parse(exact, n, &tz, NULL), NOC_EINPUT);
		free(exact);
	}
	for (size_t i = 0; i < len; i++) {
		uint8_t kept = bytes[i];

		bytes[i] = (uint8_t)dice();
		if (noc_tz_parse(bytes, len, &tz, NULL) == 0) {
			struct noc_civil c;

			noc_tz_civil(tz, random_instant(), &c);
			noc_tz_instant(tz, &c, &a, &b);
			noc_tz_free(tz);
		}
		bytes[i] = kept;
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_agrees_with_libc),
		cmocka_unit_test(test_instant_inverts_civil),
		cmocka_unit_test(test_gaps_and_repeats),
		cmocka_unit_test(test_extreme_offsets),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_damaged_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
