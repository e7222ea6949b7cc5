/* SPDX-License-Identifier: ISC */
#ifndef NOC_PROTO_SYSLOG_PRIVATE_H
#define NOC_PROTO_SYSLOG_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "proto/syslog.h"

/*
 * What the files of the syslog reader share; nobody else includes it.  Every
 * pair (p, end) is a range to read; a returned pointer says how far it went.
 */
struct noc_syslog_in {
	const char *start; /* of the message, for positions */
	const char *end;
	int64_t received_ns;
	int32_t tz_offset_s;
	struct noc_syslog *out;
};

/* Classes of bytes, one table look-up each. */
enum {
	NOC_C_PRINT = 1,     /* PRINTUSASCII of RFC 5424: 33..126 */
	NOC_C_NAME = 2,	     /* SD-NAME: printable, no '=' ' ' ']' '"' */
	NOC_C_HOST = 4,	     /* what a host name from the field may hold */
	NOC_C_CONTROL = 8,   /* C0 and DEL */
	NOC_C_MNEMONIC = 16, /* letters digits _ - . / */
	NOC_C_EVENT = 32,    /* A-Z 0-9 _ */
	NOC_C_DIGIT = 64,
	NOC_C_WORD = 128 /* may stand in a TAG: printable or >= 128, no : [ */
};
extern const uint8_t noc_syslog_class[256];

static inline bool
noc_syslog_is(char c, int class_mask)
{
	return noc_syslog_class[(uint8_t)c] & class_mask;
}

/* Marks the message malformed; the first reason stays. */
void noc_syslog_complain(const struct noc_syslog_in *in, const char *why,
			 const char *at);

/*
 * A date as RFC 5424 wants it or as devices write it, with fraction, zone and
 * the clock marks '*' and '.'.  Returns where it ends or NULL.  *strict says
 * that it is a TIMESTAMP of RFC 5424 §6.2.3.
 */
const char *noc_syslog_date(const struct noc_syslog_in *in, const char *p,
			    int64_t *time_ns, bool *strict);

/* STRUCTURED-DATA at '['; returns its end (p itself: none readable). */
const char *noc_syslog_sd_scan(const struct noc_syslog_in *in, const char *p);

/*
 * "%LINK-3-UPDOWN: text", "%%01IFNET/4/IF_STATE(l)[1]:text": *tag is the
 * mnemonic, the result where the text begins; NULL when it is none.
 */
const char *noc_syslog_mnemonic(const char *p, const char *end,
				struct noc_slice *tag, int *severity);
/* Takes a mnemonic or event tag off the front of the text at p. */
const char *noc_syslog_take_tag(const struct noc_syslog_in *in, const char *p);
/* The app is itself a mnemonic, as of `logger -t %LINK-3-UPDOWN`. */
void noc_syslog_take_tag_of_app(const struct noc_syslog_in *in);
/* "SNMP_TRAP_LINK_DOWN": upper case with an underscore. */
bool noc_syslog_is_event(const char *p, const char *end);

/* Everything after the PRI of a message that is not RFC 5424. */
void noc_syslog_bsd(const struct noc_syslog_in *in, const char *p);

static inline const char *
noc_syslog_spaces(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	return p;
}

#endif
