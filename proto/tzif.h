/* SPDX-License-Identifier: ISC */
#ifndef NOC_PROTO_TZIF_H
#define NOC_PROTO_TZIF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "proto/civil.h"

/*
 * IANA time zones read from TZif files (RFC 8536), footer rule included.
 * "UTC" needs no file.  A zone is immutable once open; any thread.
 */
struct noc_tz;

/* Name as in /usr/share/zoneinfo; ".." and absolute names are refused. */
int noc_tz_open(const char *name, struct noc_tz **out, struct noc_err *err);
/* From bytes already read (tests, fuzzing); `p` borrowed. */
int noc_tz_parse(const void *p, size_t len, struct noc_tz **out,
		 struct noc_err *err);
void noc_tz_free(struct noc_tz *tz);

/* Seconds east of Greenwich at that instant. */
int32_t noc_tz_offset(const struct noc_tz *tz, int64_t utc_s);
void noc_tz_civil(const struct noc_tz *tz, int64_t utc_s,
		  struct noc_civil *out);
/*
 * Local civil time -> UTC seconds.  Returns how many instants it names: 1;
 * 2 (repeated; *first < *second); 0 (a gap: *first is the first instant
 * after it).
 */
int noc_tz_instant(const struct noc_tz *tz, const struct noc_civil *civil,
		   int64_t *first, int64_t *second);
/*
 * The first instant after utc_s at which the zone's rules change; false when
 * there is none (or utc_s is outside of the years 1 to 9999).
 */
bool noc_tz_change(const struct noc_tz *tz, int64_t utc_s, int64_t *at_s);

#endif
