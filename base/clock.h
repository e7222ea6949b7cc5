/* SPDX-License-Identifier: ISC */
#ifndef NOC_BASE_CLOCK_H
#define NOC_BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The two clocks.  wall_ns: CLOCK_REALTIME, ns since 1970, for records and
 * calendars.  boot_ns: CLOCK_BOOTTIME, ns, for intervals.  The core never
 * calls noc_clock_read itself: each input carries its `now`, read once.
 * stood_ns: when, by boot_ns, the process went on after it had stood still
 * (stopped, suspended, starved) the last time; 0: it never has.
 */
#define NOC_NS_PER_MS 1000000LL
#define NOC_NS_PER_S  1000000000LL

struct noc_now {
	int64_t wall_ns;
	int64_t boot_ns;
	int64_t stood_ns;
};

/* Both at one moment. */
struct noc_now noc_clock_read(void);

/* A time as a row says it: where it is damaged it is near the ends of what can
 * be reckoned with, 0 to 2^62 ns. */
int64_t noc_ns_sane(int64_t ns);
/* So much later; what is damaged is far away, never before it. */
int64_t noc_ns_after(int64_t ns, int64_t ms);

/* 16 random bytes of /proc/sys/kernel/random/boot_id (zero if unreadable). */
void noc_clock_boot_id(uint8_t id[16]);

/* "2026-11-23T02:13:07.123Z" (UTC, ms; buf >= 32).  Returns buf. */
char *noc_time_iso(char buf[32], int64_t wall_ns);
/* "02:13:07" local time (buf >= 16). */
char *noc_time_hms(char buf[16], int64_t wall_ns);
/*
 * RFC 3339 / ISO 8601 with Z or offset, fraction optional up to 9 digits;
 * whole text must be used.  EINPUT when it is not one.
 */
int noc_time_parse(const char *p, size_t len, int64_t *wall_ns);

/*
 * Durations of the rule language: "15s" "10m" "2h" "7d" "250ms" "1h30m" "0".
 * A bare number is refused (except 0).  EINPUT otherwise; ms >= 0.
 */
int noc_duration_parse(const char *s, int64_t *ms);
/* Shortest exact form: "90s" -> "1m30s" (buf >= 32).  Returns buf. */
char *noc_duration_format(char buf[32], int64_t ms);

/*
 * Rates: "10/1m", "200/10s" -> count, per_ms; "5/30s by site" -> by points
 * into s ("site") or is NULL.
 */
int noc_rate_parse(const char *s, int64_t *count, int64_t *per_ms,
		   const char **by);

#endif
