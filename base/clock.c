/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "base/clock.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/id.h"
#include "base/mem.h"

#define CLOCK_LOOKS 5 /* at both clocks, until they are of one moment */

static int64_t
clock_ns(clockid_t clock)
{
	struct timespec ts;

	NOC_REQUIRE(clock_gettime(clock, &ts) == 0);
	return (int64_t)ts.tv_sec * NOC_NS_PER_S + ts.tv_nsec;
}

struct noc_now
noc_clock_read(void)
{
	struct noc_now now = { 0 };

	/* Who was stopped between two looks would see a clock that was set. */
	for (int i = 0; i < CLOCK_LOOKS; i++) {
		int64_t before = clock_ns(CLOCK_BOOTTIME);

		now.wall_ns = clock_ns(CLOCK_REALTIME);
		now.boot_ns = clock_ns(CLOCK_BOOTTIME);
		if (now.boot_ns - before < NOC_NS_PER_MS)
			break;
	}
	return now;
}

int64_t
noc_ns_sane(int64_t ns)
{
	const int64_t most = (int64_t)1 << 62;

	return ns < 0 ? 0 : ns > most ? most : ns;
}

int64_t
noc_ns_after(int64_t ns, int64_t ms)
{
	int64_t by, then;

	if (__builtin_mul_overflow(ms, NOC_NS_PER_MS, &by) ||
	    __builtin_add_overflow(ns, by, &then))
		return ms < 0 ? INT64_MIN : INT64_MAX;
	return then;
}

void
noc_clock_boot_id(uint8_t id[16])
{
	char text[NOC_ID_TEXT] = "";
	struct noc_id parsed;
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

	memset(id, 0, 16);
	if (fd < 0)
		return;
	if (read(fd, text, sizeof(text) - 1) == NOC_ID_TEXT - 1 &&
	    !noc_id_parse(text, &parsed))
		memcpy(id, parsed.b, 16);
	close(fd);
}

/* Days since 1970-01-01 of a proleptic Gregorian date. */
static int64_t
days_of_date(int64_t year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t of_era = y - era * 400;
	int64_t of_year =
	    (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 +
	       of_year - 719468;
}

/* n as that many digits, and what follows them. */
static char *
time_digits(char *p, int n, int digits, char then)
{
	for (int i = digits - 1; i >= 0; i--, n /= 10)
		p[i] = (char)('0' + n % 10);
	p[digits] = then;
	return p + digits + 1;
}

char *
noc_time_iso(char buf[32], int64_t wall_ns)
{
	int64_t ms = wall_ns / NOC_NS_PER_MS;
	time_t s;
	struct tm tm;
	char *p;

	if (wall_ns % NOC_NS_PER_MS < 0)
		ms--;
	s = (time_t)(ms / 1000);
	ms %= 1000;
	if (ms < 0) {
		ms += 1000;
		s--;
	}
	gmtime_r(&s, &tm);
	/* int64 nanoseconds stay within the years 1677 to 2262.  Written with
	 * each event, so without printf. */
	p = time_digits(buf, tm.tm_year + 1900, 4, '-');
	p = time_digits(p, tm.tm_mon + 1, 2, '-');
	p = time_digits(p, tm.tm_mday, 2, 'T');
	p = time_digits(p, tm.tm_hour, 2, ':');
	p = time_digits(p, tm.tm_min, 2, ':');
	p = time_digits(p, tm.tm_sec, 2, '.');
	p = time_digits(p, (int)ms, 3, 'Z');
	*p = '\0';
	return buf;
}

char *
noc_time_hms(char buf[16], int64_t wall_ns)
{
	time_t s = (time_t)(wall_ns / NOC_NS_PER_S);
	struct tm tm;

	localtime_r(&s, &tm);
	snprintf(buf, 16, "%02u:%02u:%02u", (unsigned)tm.tm_hour % 100,
		 (unsigned)tm.tm_min % 100, (unsigned)tm.tm_sec % 100);
	return buf;
}

/* Exactly n digits at *p; -1 when they are not. */
static int
digits(const char **p, const char *end, int n)
{
	int v = 0;

	if (end - *p < n)
		return -1;
	for (; n; n--, (*p)++) {
		if (**p < '0' || **p > '9')
			return -1;
		v = v * 10 + (**p - '0');
	}
	return v;
}

static bool
skip(const char **p, const char *end, const char *any)
{
	if (*p == end || !**p || !strchr(any, **p))
		return false;
	(*p)++;
	return true;
}

/* "Z", "+02:00", "+0200" or "+02" up to the end. */
static int
offset_parse(const char **p, const char *end, int64_t *seconds)
{
	int sign, h, m = 0;

	if (skip(p, end, "Zz")) {
		*seconds = 0;
		return *p == end ? 0 : NOC_EINPUT;
	}
	if (skip(p, end, "+"))
		sign = 1;
	else if (skip(p, end, "-"))
		sign = -1;
	else
		return NOC_EINPUT;
	h = digits(p, end, 2);
	if (*p != end) {
		skip(p, end, ":");
		m = digits(p, end, 2);
	}
	if (h < 0 || h > 23 || m < 0 || m > 59 || *p != end)
		return NOC_EINPUT;
	*seconds = sign * (h * 3600 + m * 60);
	return 0;
}

/* ".123456789" as nanoseconds. */
static int
fraction_parse(const char **p, const char *end, int64_t *ns)
{
	int n = 0;

	*ns = 0;
	if (!skip(p, end, ".,"))
		return 0;
	for (; *p < end && **p >= '0' && **p <= '9'; (*p)++, n++) {
		if (n == 9)
			return NOC_EINPUT;
		*ns = *ns * 10 + (**p - '0');
	}
	if (!n)
		return NOC_EINPUT;
	for (; n < 9; n++)
		*ns *= 10;
	return 0;
}

int
noc_time_parse(const char *p, size_t len, int64_t *wall_ns)
{
	static const uint8_t month_days[] = { 31, 29, 31, 30, 31, 30,
					      31, 31, 30, 31, 30, 31 };
	const char *end;
	int year, month, day, h, m, s;
	int64_t offset, ns, total;

	if (len < 20) /* the shortest: 2026-11-23T02:13:07Z */
		return NOC_EINPUT;
	end = p + len;
	year = digits(&p, end, 4);
	if (year < 0 || !skip(&p, end, "-"))
		return NOC_EINPUT;
	month = digits(&p, end, 2);
	if (month < 1 || month > 12 || !skip(&p, end, "-"))
		return NOC_EINPUT;
	day = digits(&p, end, 2);
	if (day < 1 || day > month_days[month - 1] || !skip(&p, end, "Tt "))
		return NOC_EINPUT;
	if (month == 2 && day == 29 &&
	    (year % 4 || (year % 100 == 0 && year % 400)))
		return NOC_EINPUT;
	h = digits(&p, end, 2);
	if (h < 0 || h > 23 || !skip(&p, end, ":"))
		return NOC_EINPUT;
	m = digits(&p, end, 2);
	if (m < 0 || m > 59 || !skip(&p, end, ":"))
		return NOC_EINPUT;
	s = digits(&p, end, 2);
	if (s < 0 || s > 60) /* 60: a leap second is the next second */
		return NOC_EINPUT;
	if (fraction_parse(&p, end, &ns) || offset_parse(&p, end, &offset))
		return NOC_EINPUT;
	total = days_of_date(year, month, day) * 86400 + h * 3600 + m * 60 + s -
		offset;
	if (__builtin_mul_overflow(total, NOC_NS_PER_S, &total) ||
	    __builtin_add_overflow(total, ns, &total))
		return NOC_EINPUT;
	*wall_ns = total;
	return 0;
}

/* Largest first: a compound duration goes down this list. */
static const struct {
	const char *name;
	int64_t ms;
} units[] = {
	{ "d", 86400000 }, { "h", 3600000 }, { "m", 60000 },
	{ "s", 1000 },	   { "ms", 1 },
};

/* Decimal digits at *p; EINPUT when none or past int64. */
static int
number_parse(const char **p, int64_t *v)
{
	if (**p < '0' || **p > '9')
		return NOC_EINPUT;
	for (*v = 0; **p >= '0' && **p <= '9'; (*p)++)
		if (__builtin_mul_overflow(*v, 10, v) ||
		    __builtin_add_overflow(*v, **p - '0', v))
			return NOC_EINPUT;
	return 0;
}

/* A duration that ends at the first byte that cannot belong to it. */
static int
duration_parse(const char **p, int64_t *ms)
{
	int64_t total = 0, n;
	size_t next = 0;

	do {
		size_t len = 0, u;

		if (number_parse(p, &n))
			return NOC_EINPUT;
		while ((*p)[len] >= 'a' && (*p)[len] <= 'z')
			len++;
		if (!len && !n && !next)
			break; /* plain 0 */
		for (u = next; u < NOC_COUNT(units); u++)
			if (strlen(units[u].name) == len &&
			    !memcmp(units[u].name, *p, len))
				break;
		if (u == NOC_COUNT(units))
			return NOC_EINPUT;
		if (__builtin_mul_overflow(n, units[u].ms, &n) ||
		    __builtin_add_overflow(total, n, &total))
			return NOC_EINPUT;
		*p += len;
		next = u + 1;
	} while (**p >= '0' && **p <= '9');
	*ms = total;
	return 0;
}

int
noc_duration_parse(const char *s, int64_t *ms)
{
	int64_t v;

	if (duration_parse(&s, &v) || *s)
		return NOC_EINPUT;
	*ms = v;
	return 0;
}

char *
noc_duration_format(char buf[32], int64_t ms)
{
	uint64_t left = ms < 0 ? -(uint64_t)ms : (uint64_t)ms;
	size_t at = 0;

	if (ms < 0)
		buf[at++] = '-';
	for (size_t u = 0; u < NOC_COUNT(units); u++) {
		uint64_t n = left / (uint64_t)units[u].ms;

		if (!n)
			continue;
		left %= (uint64_t)units[u].ms;
		at += (size_t)snprintf(buf + at, 32 - at, "%llu%s",
				       (unsigned long long)n, units[u].name);
	}
	if (!at)
		buf[at++] = '0';
	buf[at] = '\0';
	return buf;
}

int
noc_rate_parse(const char *s, int64_t *count, int64_t *per_ms, const char **by)
{
	int64_t n, ms;
	const char *key = NULL;

	if (number_parse(&s, &n) || n < 1 || *s++ != '/')
		return NOC_EINPUT;
	if (duration_parse(&s, &ms) || ms < 1)
		return NOC_EINPUT;
	if (*s) {
		if (strncmp(s, " by ", 4))
			return NOC_EINPUT;
		key = s + 4;
		if (!*key || strpbrk(key, " \t\r\n"))
			return NOC_EINPUT;
	}
	*count = n;
	*per_ms = ms;
	if (by)
		*by = key;
	return 0;
}
