/* SPDX-License-Identifier: ISC */
#ifndef NOC_PROTO_SYSLOG_H
#define NOC_PROTO_SYSLOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/*
 * Reads one syslog message: RFC 5424, RFC 3164, and what network gear really
 * sends (sequence numbers, '*' or '.' before the date, milliseconds, zone,
 * no host, no date, no PRI).  It never refuses: what could not be read leaves
 * its field absent and sets malformed: so do a missing PRI and a missing
 * date, not the usual additions of devices.  Borrowing: every slice points
 * into the buffer given.  Pure; any thread; some 60 ns, no allocation.
 */
enum noc_syslog_form {
	NOC_SYSLOG_RFC5424,
	NOC_SYSLOG_RFC3164,
	NOC_SYSLOG_BARE
};

struct noc_syslog {
	enum noc_syslog_form form;
	uint8_t facility; /* 0..23; 1 (user) when there was no PRI */
	uint8_t severity; /* 0..7; 5 (notice) when there was no PRI; the
			     digit of a %FAC-SEV-MNEMONIC wins without PRI */
	bool has_pri;
	bool has_time;
	bool malformed;	 /* the strict grammar of its form says no */
	const char *why; /* static text: what was malformed, or NULL */
	uint16_t why_at; /* byte of the message */
	int64_t time_ns; /* sender's time; wall clock when has_time */
	struct noc_slice host;
	struct noc_slice app; /* app-name / TAG without [pid]; where the
				 mnemonic stands as the TAG, it is that */
	struct noc_slice procid;
	struct noc_slice msgid;
	struct noc_slice sd; /* STRUCTURED-DATA as on the wire */
	/*
	 * The vendor's mnemonic, '%' kept, ':' not: "%LINK-3-UPDOWN"; for
	 * Junos the event tag ("SNMP_TRAP_LINK_DOWN") when app has none.
	 */
	struct noc_slice tag;
	struct noc_slice message; /* text after header, tag and ": ", BOM off */
};

/*
 * received_ns supplies the year of an RFC 3164 date (nearest within +-6
 * months); tz_offset_s is the sender's zone when the text names none.
 */
void noc_syslog_parse(const char *p, size_t len, int64_t received_ns,
		      int32_t tz_offset_s, struct noc_syslog *out);

/*
 * One SD-PARAM of an RFC 5424 message: writes the unescaped value to buf
 * (cut at size-1) and returns its full length, or -1 when absent.  Of a
 * parameter that repeats the last counts, of an SD-ID the first.
 * RFC 5424 §6.3.
 */
long noc_syslog_sd_get(struct noc_slice sd, const char *sd_id,
		       const char *param, char *buf, size_t size);

const char *noc_severity_name(int severity);	   /* "emerg" .. "debug" */
int noc_severity_parse(const char *p, size_t len); /* name or digit; -1 */
const char *noc_facility_name(int facility);	   /* "kern" .. "local7" */

#endif
