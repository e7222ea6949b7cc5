/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "proto/syslog.h"

#include <string.h>

#include "base/utf8.h"
#include "proto/syslog_private.h"

#define P NOC_C_PRINT
#define N NOC_C_NAME
#define H NOC_C_HOST
#define M NOC_C_MNEMONIC
#define E NOC_C_EVENT
#define D NOC_C_DIGIT
#define W NOC_C_WORD
#define X NOC_C_CONTROL

const uint8_t noc_syslog_class[256] = {
	[0 ... 31] = X,
	['!'] = P | N | W,
	['"'] = P | W,
	['#'] = P | N | H | W,
	['$'] = P | N | W,
	['%'] = P | N | H | W,
	['&' ... '\''] = P | N | W,
	['(' ... ')'] = P | N | H | W,
	['*'] = P | N | W,
	['+' ... ','] = P | N | H | W,
	['-' ... '/'] = P | N | H | M | W,
	['0' ... '9'] = P | N | H | M | E | D | W,
	[':'] = P | N | H,
	[';' ... '<'] = P | N | W,
	['='] = P | W,
	['>' ... '?'] = P | N | W,
	['@'] = P | N | H | W,
	['A' ... 'Z'] = P | N | H | M | E | W,
	['['] = P | N,
	['\\'] = P | N | W,
	[']'] = P | W,
	['^'] = P | N | W,
	['_'] = P | N | H | M | E | W,
	['`'] = P | N | W,
	['a' ... 'z'] = P | N | H | M | W,
	['{' ... '}'] = P | N | W,
	['~'] = P | N | H | W,
	[127] = X,
	[128 ... 255] = H | W,
};

void
noc_syslog_complain(const struct noc_syslog_in *in, const char *why,
		    const char *at)
{
	size_t pos = (size_t)(at - in->start);

	if (in->out->malformed)
		return;
	in->out->malformed = true;
	in->out->why = why;
	in->out->why_at = (uint16_t)(pos > UINT16_MAX ? UINT16_MAX : pos);
}

/* --- the vendor's mnemonic --- */

/* "%%01IFNET/4/IF_STATE(l)[4997]:text" of Huawei and Comware; p is past %%. */
static const char *
mnemonic_huawei(const char *p, const char *end, struct noc_slice *tag,
		int *severity)
{
	const char *s = p, *name;

	while (s < end && noc_syslog_is(*s, NOC_C_EVENT))
		s++;
	if (s == p || end - s < 4 || s[0] != '/' || s[1] < '0' || s[1] > '7' ||
	    s[2] != '/')
		return NULL;
	*severity = s[1] - '0';
	for (name = s += 3; s < end && noc_syslog_is(*s, NOC_C_MNEMONIC); s++)
		;
	if (s == name)
		return NULL;
	*tag = noc_slice(p - 2, (size_t)(s - p + 2));
	if (end - s > 2 && s[0] == '(' && s[2] == ')')
		s += 3;
	if (s < end && *s == '[') {
		const char *e = memchr(s, ']', (size_t)(end - s));

		if (e && e - s < 16)
			s = e + 1;
	}
	if (s < end && *s == ':')
		s++;
	return noc_syslog_spaces(s, end);
}

const char *
noc_syslog_mnemonic(const char *p, const char *end, struct noc_slice *tag,
		    int *severity)
{
	const char *s, *sev = NULL;

	if (end - p < 6 || *p != '%')
		return NULL;
	if (p[1] == '%')
		return mnemonic_huawei(p + 2, end, tag, severity);
	for (s = p + 1; s < end && noc_syslog_is(*s, NOC_C_MNEMONIC); s++)
		if (!sev && *s == '-' && end - s > 3 && s[1] >= '0' &&
		    s[1] <= '7' && s[2] == '-')
			sev = s + 1;
	/* A name before the digit and one after it, then an end of word. */
	if (!sev || sev == p + 2 || s < sev + 3 || s - p > 96)
		return NULL;
	if (s < end && *s != ':' && *s != ' ' && *s != '\t')
		return NULL;
	*severity = *sev - '0';
	*tag = noc_slice(p, (size_t)(s - p));
	return s;
}

bool
noc_syslog_is_event(const char *p, const char *end)
{
	bool underscore = false;

	if (end - p < 4 || *p < 'A' || *p > 'Z')
		return false;
	for (; p < end && noc_syslog_is(*p, NOC_C_EVENT); p++)
		underscore |= *p == '_';
	return p == end && underscore;
}

const char *
noc_syslog_take_tag(const struct noc_syslog_in *in, const char *p)
{
	struct noc_syslog *m = in->out;
	const char *end = in->end, *s;
	int severity;

	if (p >= end)
		return p;
	if (*p == '%') {
		s = noc_syslog_mnemonic(p, end, &m->tag, &severity);
		if (!s)
			return p;
		if (!m->has_pri)
			m->severity = (uint8_t)severity;
		s = noc_syslog_spaces(s, end);
		if (s < end && *s == ':')
			s++;
		return noc_syslog_spaces(s, end);
	}
	if (*p < 'A' || *p > 'Z' || m->tag.p)
		return p;
	for (s = p; s < end && s - p < 64 && noc_syslog_is(*s, NOC_C_EVENT);
	     s++)
		;
	if (end - s < 1 || *s != ':' || (end - s > 1 && s[1] != ' ') ||
	    !noc_syslog_is_event(p, s))
		return p;
	m->tag = noc_slice(p, (size_t)(s - p));
	return noc_syslog_spaces(s + 1, end);
}

void
noc_syslog_take_tag_of_app(const struct noc_syslog_in *in)
{
	struct noc_syslog *m = in->out;
	struct noc_slice tag;
	int severity;

	if (!noc_syslog_mnemonic(m->app.p, m->app.p + m->app.len, &tag,
				 &severity))
		return;
	if (!m->has_pri)
		m->severity = (uint8_t)severity;
	m->tag = tag;
	m->app = tag; /* a colon, if any, is off */
}

/* --- RFC 5424 --- */

/*
 * One of HOSTNAME APP-NAME PROCID MSGID; NULL when it must stop.  A field that
 * is too long is cut, but a host name left out: cut it would be another's.
 */
static const char *
header_field(const struct noc_syslog_in *in, const char *p, int i,
	     struct noc_slice *field)
{
	static const size_t max[4] = { 255, 48, 128, 32 };
	const char *end = in->end, *s = p;
	size_t len;

	while (s < end && noc_syslog_is(*s, NOC_C_PRINT))
		s++;
	if (s < end && *s != ' ') { /* bytes >= 128 are kept, controls stop */
		noc_syslog_complain(in, "a byte that no header field may hold",
				    s);
		while (s < end && *s != ' ' &&
		       !noc_syslog_is(*s, NOC_C_CONTROL))
			s++;
		if (s < end && *s != ' ')
			return NULL;
	}
	len = (size_t)(s - p);
	if (len == 1 && *p == '-')
		return s;
	if (len > max[i]) {
		noc_syslog_complain(in, "a header field is too long",
				    p + max[i]);
		if (i == 0)
			return s;
		len = max[i];
	}
	*field = noc_slice(p, len);
	return s;
}

/* Do the words at p look like the five fields after the timestamp? */
static bool
header_shaped(const char *p, const char *end)
{
	for (int i = 0; i < 4; i++) {
		p = noc_syslog_spaces(p, end);
		p = memchr(p, ' ', (size_t)(end - p));
		if (!p)
			return false;
	}
	p = noc_syslog_spaces(p, end);
	return p < end &&
	       (*p == '[' || (*p == '-' && (end - p == 1 || p[1] == ' ')));
}

/* MSG, with its BOM (RFC 5424 §6.4) taken off. */
static void
message_5424(const struct noc_syslog_in *in, const char *p)
{
	struct noc_syslog *m = in->out;
	const char *end = in->end;

	if (end - p >= 3 && !memcmp(p, "\xef\xbb\xbf", 3)) {
		p += 3;
		if (!noc_utf8_valid(p, (size_t)(end - p)))
			noc_syslog_complain(
			    in, "the message starts with a BOM and is no UTF-8",
			    p);
	}
	if (m->app.p && m->app.p[0] == '%') {
		noc_syslog_take_tag_of_app(in);
	} else if (m->msgid.p &&
		   noc_syslog_is_event(m->msgid.p, m->msgid.p + m->msgid.len)) {
		m->tag = m->msgid;
	}
	if (!m->tag.p) {
		const char *text = p;

		while (text < end && *text == ' ')
			text++;
		text = noc_syslog_take_tag(in, text);
		if (m->tag.p)
			p = text;
	}
	m->message = noc_slice(p, (size_t)(end - p));
}

/* From HOSTNAME on; p is at the space after the timestamp. */
static void
header_5424(const struct noc_syslog_in *in, const char *p)
{
	struct noc_syslog *m = in->out;
	struct noc_slice *field[4] = { &m->host, &m->app, &m->procid,
				       &m->msgid };
	const char *end = in->end, *next;

	for (int i = 0; i < 4; i++) {
		if (p >= end || *p != ' ') {
			noc_syslog_complain(in, "the header ends early", p);
			m->message = noc_slice(end, 0);
			return;
		}
		p++;
		if (p < end && *p == ' ') {
			noc_syslog_complain(in, "two spaces in the header", p);
			p = noc_syslog_spaces(p, end);
		}
		if (p >= end)
			continue;
		next = header_field(in, p, i, field[i]);
		if (!next) {
			m->message = noc_slice(p, (size_t)(end - p));
			return;
		}
		p = next;
	}
	if (end - p < 2 || *p != ' ') {
		noc_syslog_complain(in, "no structured data", p);
		m->message = noc_slice(end, 0);
		return;
	}
	p++;
	if (*p == '[') {
		next = noc_syslog_sd_scan(in, p);
		if (next > p)
			m->sd = noc_slice(p, (size_t)(next - p));
		p = next;
	} else if (*p == '-' && (end - p == 1 || p[1] == ' ')) {
		p++;
	} else {
		noc_syslog_complain(in, "no structured data", p);
		message_5424(in, noc_syslog_spaces(p, end));
		return;
	}
	if (p < end && *p != ' ')
		noc_syslog_complain(in, "no space before the message", p);
	message_5424(in, p < end && *p == ' ' ? p + 1 : p);
}

/* "1 TIMESTAMP …" at p.  False: it is something else after all. */
static bool
syslog_5424(const struct noc_syslog_in *in, const char *p)
{
	struct noc_syslog *m = in->out;
	const char *end = in->end, *version = p, *s = p, *date;
	bool strict = false;

	for (s++; s < end && s - p < 3 && noc_syslog_is(*s, NOC_C_DIGIT); s++)
		;
	if (s >= end || *s != ' ')
		return false;
	p = s + 1;
	m->form = NOC_SYSLOG_RFC5424;
	if (p < end && *p == '-' && (end - p == 1 || p[1] == ' ')) {
		header_5424(in, p + 1);
		return true;
	}
	date = noc_syslog_date(in, p, &m->time_ns, &strict);
	m->has_time = date != NULL;
	if (date && strict && (date == end || *date == ' ')) {
		header_5424(in, date);
		return true;
	}
	noc_syslog_complain(in, "the timestamp is none of RFC 5424", p);
	s = date ? date : p;
	if (!date || (s < end && *s != ' '))
		s = memchr(s, ' ', (size_t)(end - s));
	if (s && s < end && header_shaped(s, end)) {
		header_5424(in, s);
		return true;
	}
	if (s == end) {
		m->message = noc_slice(end, 0);
		return true;
	}
	/* A version, and then what old software writes; or no version. */
	noc_syslog_bsd(in, date ? p : version);
	return true;
}

/* --- all forms --- */

/* "<189>"; returns what follows, p itself when there is none. */
static const char *
syslog_pri(const struct noc_syslog_in *in, const char *p)
{
	struct noc_syslog *m = in->out;
	const char *s = p + 1;
	unsigned pri = 0;

	if (p >= in->end || *p != '<') {
		noc_syslog_complain(in, "no <PRI>", p);
		return p;
	}
	while (s < in->end && s - p < 4 && noc_syslog_is(*s, NOC_C_DIGIT))
		pri = pri * 10 + (unsigned)(*s++ - '0');
	if (s >= in->end || *s != '>' || s == p + 1) {
		noc_syslog_complain(in, "<PRI> is no number of 0 to 191", p);
		return p;
	}
	if (pri > 191) {
		noc_syslog_complain(in, "<PRI> is more than 191", p);
		return s + 1;
	}
	if (p[1] == '0' && s > p + 2)
		noc_syslog_complain(in, "<PRI> has a leading zero", p);
	m->facility = (uint8_t)(pri >> 3);
	m->severity = (uint8_t)(pri & 7);
	m->has_pri = true;
	return s + 1;
}

void
noc_syslog_parse(const char *p, size_t len, int64_t received_ns,
		 int32_t tz_offset_s, struct noc_syslog *out)
{
	const char *msg = p ? p : ""; /* len is 0 then */
	struct noc_syslog_in in = { msg, msg + len, received_ns, tz_offset_s,
				    out };
	const char *s;

	memset(out, 0, sizeof(*out));
	out->facility = 1;
	out->severity = 5;
	out->form = NOC_SYSLOG_BARE;
	s = syslog_pri(&in, msg);
	if (!out->has_pri || s >= in.end || *s < '1' || *s > '9' ||
	    !syslog_5424(&in, s))
		noc_syslog_bsd(&in, s);
	/* Trailers of stream framings survive in datagrams, too. */
	while (out->message.len) {
		char c = out->message.p[out->message.len - 1];

		if (c != '\n' && c != '\r' && c != '\0')
			break;
		out->message.len--;
	}
}
