/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "proto/syslog_private.h"

#include <string.h>

#include "base/mem.h"

/*
 * RFC 3164 and what devices make of it.  RFC 3164 is a description, not a
 * grammar; the order here is: what may stand before the date, the date, who
 * (a host, or a process when there is no host), which process, the mnemonic.
 */
#define BSD_TOKEN_MAX 255
#define BSD_TAG_MAX   64

static const char *
bsd_token_end(const char *p, const char *end)
{
	const char *s = p;

	while (s < end && *s != ' ' && *s != '\t' && s - p <= BSD_TOKEN_MAX)
		s++;
	return s;
}

static bool
bsd_all(const char *p, const char *end, int class_mask)
{
	if (p >= end || end - p > BSD_TOKEN_MAX)
		return false;
	while (p < end && noc_syslog_is(*p, class_mask))
		p++;
	return p == end;
}

/* After a date, tag or host: ":" or " :", and spaces. */
static const char *
bsd_colon(const char *p, const char *end, bool *colon)
{
	const char *s = noc_syslog_spaces(p, end);

	*colon =
	    s < end && *s == ':' && (end - s == 1 || s[1] == ' ' || s == p);
	return *colon ? noc_syslog_spaces(s + 1, end) : s;
}

/* "63: ", "000123: ": the sequence numbers of IOS, one after another. */
static const char *
bsd_sequence(const char *p, const char *end)
{
	for (int i = 0; i < 3; i++) {
		const char *s = p;

		while (s < end && s - p < 11 && noc_syslog_is(*s, NOC_C_DIGIT))
			s++;
		if (s == p || end - s < 2 || s[0] != ':' || s[1] != ' ')
			break;
		p = noc_syslog_spaces(s + 1, end);
	}
	return p;
}

static void
bsd_message(const struct noc_syslog_in *in, const char *p)
{
	in->out->message = noc_slice(p, (size_t)(in->end - p));
}

/* A severity word before the process, as F5 writes: "notice mcpd[1]: ". */
static bool
bsd_is_level(const char *p, const char *end)
{
	return end - p >= 3 && end - p <= 7 &&
	       noc_severity_parse(p, (size_t)(end - p)) >= 0;
}

/*
 * "app: ", "app[12]: ", "app[12] " at p.  Fills app and procid and returns
 * where the text begins; p itself when there is no such tag.
 */
static const char *
bsd_app(const struct noc_syslog_in *in, const char *p)
{
	struct noc_syslog *m = in->out;
	const char *end = in->end, *s = p, *e;

	while (s < end && s - p < BSD_TAG_MAX && noc_syslog_is(*s, NOC_C_WORD))
		s++;
	if (s == p || s >= end)
		return p;
	if (*s == ':' && (end - s == 1 || s[1] == ' ' || s[1] == '\t')) {
		m->app = noc_slice(p, (size_t)(s - p));
		return noc_syslog_spaces(s + 1, end);
	}
	if (*s != '[')
		return p;
	e = memchr(s, ']', end - s < 130 ? (size_t)(end - s) : 130);
	if (!e || (end - e > 1 && e[1] != ':' && e[1] != ' '))
		return p;
	m->app = noc_slice(p, (size_t)(s - p));
	m->procid = noc_slice(s + 1, (size_t)(e - s - 1));
	s = e + 1;
	if (s < end && *s == ':')
		s++;
	return noc_syslog_spaces(s, end);
}

/*
 * A word before the tag that says nothing new: the level, as F5 writes
 * ("notice mcpd[1]: "), or the host once more.  Returns like bsd_app.
 */
static const char *
bsd_app_behind_word(const struct noc_syslog_in *in, const char *p)
{
	struct noc_syslog *m = in->out;
	const char *e = bsd_token_end(p, in->end), *next, *s;
	bool level = bsd_is_level(p, e);

	if (e >= in->end ||
	    (!level && !noc_slice_eq(m->host, noc_slice(p, (size_t)(e - p)))))
		return p;
	next = noc_syslog_spaces(e, in->end);
	s = bsd_app(in, next);
	if (s == next)
		return p;
	if (level && !m->procid.p) {
		m->app = noc_slice(NULL, 0);
		return p;
	}
	return s;
}

/* The tag and the text; p is past the host. */
static void
bsd_text(const struct noc_syslog_in *in, const char *p)
{
	struct noc_syslog *m = in->out;
	const char *s;

	if (p < in->end && *p == '%') {
		s = noc_syslog_take_tag(in, p);
		if (m->tag.p) {
			if (!m->app.p)
				m->app = m->tag; /* it stands as a TAG does */
			bsd_message(in, s);
			return;
		}
	}
	s = p;
	if (!m->app.p) {
		s = bsd_app(in, p);
		if (s == p)
			s = bsd_app_behind_word(in, p);
	}
	if (m->app.p && *m->app.p == '%') /* "%LINK-3-UPDOWN[12]: " of logger */
		noc_syslog_take_tag_of_app(in);
	if (!m->tag.p)
		s = noc_syslog_take_tag(in, s);
	if (!m->tag.p && m->app.p && !m->procid.p &&
	    noc_syslog_is_event(m->app.p, m->app.p + m->app.len))
		m->tag = m->app;
	bsd_message(in, s);
}

/*
 * What a relay leaves of a Cisco header after its own: "63: ", "*Mar  1
 * 18:46:11: ", "RP/0/RSP0/CPU0:Mar  1 …: ".  The relay's date stays.
 */
static const char *
bsd_relayed(const struct noc_syslog_in *in, const char *p)
{
	const char *end = in->end, *s = bsd_sequence(p, end), *c, *date;
	int64_t time_ns;
	bool strict, colon;

	date = noc_syslog_date(in, s, &time_ns, &strict);
	if (!date) {
		c = memchr(s, ':', end - s < 40 ? (size_t)(end - s) : 40);
		if (c && memchr(s, '/', (size_t)(c - s)) &&
		    !memchr(s, ' ', (size_t)(c - s)))
			date = noc_syslog_date(in, c + 1, &time_ns, &strict);
	}
	if (!date)
		return s < end && *s == '%' ? s : p;
	date = bsd_colon(date, end, &colon);
	return colon ? date : p;
}

/*
 * A whole Cisco header behind a relay's, up to the mnemonic: numbers, a date,
 * an uptime ("1w2d"), a name ("sw1", of origin-id), each with its colon.  A
 * name alone is a process: "Isis: %ISIS-4-…".  NULL: it is not that.
 */
static const char *
bsd_to_mnemonic(const struct noc_syslog_in *in, const char *p)
{
	const char *end = in->end, *e;
	int64_t time_ns;
	bool strict, colon, name = false;

	if (p >= end || !memchr(p, '%', end - p < 96 ? (size_t)(end - p) : 96))
		return NULL;
	for (int i = 0; i < 4; i++) {
		p = bsd_sequence(p, end);
		if (p < end && *p == '%')
			return name && i == 1 ? NULL : p;
		e = noc_syslog_date(in, p, &time_ns, &strict);
		if (e) {
			p = bsd_colon(e, end, &colon);
			if (!colon)
				return NULL;
			continue;
		}
		e = bsd_token_end(p, end);
		if (e - p < 2 || e[-1] != ':' ||
		    !bsd_all(p, e - 1, NOC_C_HOST) ||
		    (name && !noc_syslog_is(*p, NOC_C_DIGIT)))
			return NULL;
		name |= !noc_syslog_is(*p, NOC_C_DIGIT);
		p = noc_syslog_spaces(e, end);
	}
	return NULL;
}

/* Names whose owner writes "host: %ASA-…", not "process: %ASA-…". */
static bool
bsd_is_firewall(const char *p, const char *end)
{
	static const char *const names[] = { "%ASA-", "%PIX-", "%FWSM-",
					     "%FTD-", "%ACE-" };

	for (size_t i = 0; i < NOC_COUNT(names); i++)
		if ((size_t)(end - p) > strlen(names[i]) &&
		    !memcmp(p, names[i], strlen(names[i])))
			return true;
	return false;
}

/* Is "name:" a host, given what follows it? */
static bool
bsd_colon_host(const char *p, const char *colon, const char *end)
{
	int dots = 0;

	if (!bsd_all(p, colon, NOC_C_HOST))
		return false;
	for (const char *s = p; s < colon; s++)
		dots += *s == '.';
	return dots > 1 ||
	       bsd_is_firewall(noc_syslog_spaces(colon + 1, end), end);
}

/* The rest after the host: p is behind its last byte. */
static void
bsd_after_host(const struct noc_syslog_in *in, const char *p)
{
	const char *mnemonic;
	bool colon;

	p = bsd_colon(p, in->end, &colon);
	mnemonic = bsd_to_mnemonic(in, p);
	if (mnemonic)
		p = mnemonic;
	else if (p < in->end &&
		 (noc_syslog_is(*p, NOC_C_DIGIT) || *p == '*' || *p == '.' ||
		  *p == 'R' || *p == 'L' || *p == ':'))
		p = bsd_relayed(in, p);
	bsd_text(in, p);
}

/* p is behind the date.  A host that stood before it is already known. */
static void
bsd_after_date(const struct noc_syslog_in *in, const char *p)
{
	static const char aix[] = "Message forwarded from ";
	struct noc_syslog *m = in->out;
	const char *end = in->end, *e;
	size_t len;
	bool colon, forwarded = false;

	p = bsd_colon(p, end, &colon);
	if (m->host.p || p >= end || *p == '%') {
		bsd_text(in, p);
		return;
	}
	for (e = p; e < end && noc_syslog_is(*e, NOC_C_HOST); e++)
		;
	if (e > p && (e == end || *e == ' ') && e[-1] != ':' && *p != 'M' &&
	    e - p <= BSD_TOKEN_MAX) { /* the usual thing, in one pass */
		m->host = noc_slice(p, (size_t)(e - p));
		bsd_after_host(in, e);
		return;
	}
	e = bsd_token_end(p, end);
	if ((size_t)(end - p) > sizeof(aix) &&
	    !memcmp(p, aix, sizeof(aix) - 1)) {
		p += sizeof(aix) - 1;
		forwarded = true;
		e = bsd_token_end(p, end);
	}
	len = (size_t)(e - p);
	if (len > 1 && e[-1] == ':') {
		if (!forwarded && !bsd_colon_host(p, e - 1, end)) {
			bsd_text(in, p);
			return;
		}
		m->host = noc_slice(p, len - 1);
	} else if (len > 2 && p[0] == '[' && e[-1] == ']' &&
		   bsd_all(p + 1, e - 1, NOC_C_HOST)) {
		m->host = noc_slice(p + 1, len - 2);
	} else if (bsd_all(p, e, NOC_C_HOST)) {
		m->host = noc_slice(p, len);
	} else {
		bsd_text(in, p);
		return;
	}
	bsd_after_host(in, e);
}

/*
 * After `words` words and a date: does a log text follow?  Two words (host
 * and port, as Opengear writes) need a tag to be believed.
 */
static bool
bsd_introduces(const char *p, const char *end, int words)
{
	const char *e = bsd_token_end(p, end);

	return e > p && (words < 2 || e[-1] == ':');
}

/*
 * A date may stand behind sequence numbers, a host ("sw1: *Mar  1 …"), a
 * node ("RP/0/RSP0/CPU0:Mar  1 …"), a task ("*spamApTask1: ") or a port.
 * Returns the end of the date, NULL when there is none.
 */
static const char *
bsd_find_date(const struct noc_syslog_in *in, const char *p)
{
	struct noc_syslog *m = in->out;
	const char *end = in->end, *date, *e, *c, *s;
	struct noc_slice host = { NULL, 0 }, app = { NULL, 0 };
	bool sequence = false, named = false, strict, colon;

	for (int i = 0; i < 4 && p < end; i++) {
		s = bsd_sequence(p, end);
		sequence |= s != p;
		p = s;
		date = noc_syslog_date(in, p, &m->time_ns, &strict);
		if (!date && (e = bsd_token_end(p, end)) < end &&
		    (c = memchr(p, ':', (size_t)(e - p))) && c + 1 < e) {
			date = noc_syslog_date(in, c + 1, &m->time_ns, &strict);
			sequence |= date != NULL;
		}
		if (date) {
			s = bsd_colon(date, end, &colon);
			/* Words in front of a date may be the text itself. */
			if (host.p && !named && !sequence &&
			    !bsd_introduces(s, end, i))
				return NULL;
			if (named && !sequence && !colon)
				return NULL; /* "app: 2019-01-01 00:00:00 x" */
			m->host = host;
			m->app = app;
			return date;
		}
		e = bsd_token_end(p, end);
		if (e - p < 2 || e >= end)
			return NULL;
		if (e[-1] == ':' && *p == '*' && !app.p) {
			app = noc_slice(p + 1, (size_t)(e - p - 2));
		} else if (!host.p) {
			named |= e[-1] == ':';
			if (!bsd_all(p, e - (e[-1] == ':'), NOC_C_HOST))
				return NULL;
			host = noc_slice(p, (size_t)(e - p) - (e[-1] == ':'));
		} else if (i > 1 || !bsd_all(p, e, NOC_C_HOST)) {
			return NULL;
		}
		p = noc_syslog_spaces(e, end);
	}
	return NULL;
}

/* FortiOS: date=2019-04-09 time=04:27:29 devname=fw01 … stays the text. */
static bool
bsd_key_values(const struct noc_syslog_in *in, const char *p)
{
	static const char dev[] = "devname=";
	struct noc_syslog *m = in->out;
	const char *end = in->end, *name, *e;
	char when[20];
	bool strict;
	struct noc_syslog_in sub = *in;

	if (end - p < 29 || memcmp(p, "date=", 5) || p[15] != ' ' ||
	    memcmp(p + 16, "time=", 5))
		return false;
	memcpy(when, p + 5, 10);
	when[10] = ' ';
	memcpy(when + 11, p + 21, 8);
	sub.end = when + 19;
	m->has_time = noc_syslog_date(&sub, when, &m->time_ns, &strict) != NULL;
	name = memmem(p, end - p > 400 ? 400 : (size_t)(end - p), dev,
		      sizeof(dev) - 1);
	if (name && name[-1] == ' ') {
		name += sizeof(dev) - 1;
		e = bsd_token_end(name, end);
		if (e - name > 2 && *name == '"' && e[-1] == '"') {
			name++;
			e--;
		}
		if (bsd_all(name, e, NOC_C_HOST))
			m->host = noc_slice(name, (size_t)(e - name));
	}
	bsd_message(in, p);
	return true;
}

/* A mnemonic within the first words, as in "sw1: 1w2d: %SYS-5-…: ". */
static bool
bsd_find_mnemonic(const struct noc_syslog_in *in, const char *p)
{
	struct noc_syslog *m = in->out;
	const char *end = in->end, *e, *s = p;
	size_t window = end - p > 96 ? 96 : (size_t)(end - p);
	struct noc_slice tag;
	int severity;

	while ((s = memchr(s, '%', window - (size_t)(s - p)))) {
		if (s - p >= 2 && s[-1] == ' ' && s[-2] == ':' &&
		    noc_syslog_mnemonic(s, end, &tag, &severity))
			break;
		s++;
	}
	if (!s)
		return false;
	e = bsd_app(in, p);
	if (e == s && m->app.p && !m->procid.p &&
	    bsd_colon_host(m->app.p, m->app.p + m->app.len, end)) {
		m->host = m->app;
		m->app = noc_slice(NULL, 0);
	} else if (e != s) {
		m->app = m->procid = noc_slice(NULL, 0);
		e = bsd_token_end(p, s);
		e -= e > p && e[-1] == ':';
		/* Not an uptime: "00:01:01", "1w2d", "12". */
		if (!noc_syslog_is(*p, NOC_C_DIGIT) &&
		    bsd_all(p, e, NOC_C_HOST))
			m->host = noc_slice(p, (size_t)(e - p));
	}
	bsd_text(in, s);
	return true;
}

static void
bsd_no_date(const struct noc_syslog_in *in, const char *p)
{
	struct noc_syslog *m = in->out;
	const char *end = in->end, *s, *e;

	if (m->has_pri)
		m->form = NOC_SYSLOG_RFC3164;
	if (p < end && *p == 'd' && bsd_key_values(in, p))
		return;
	noc_syslog_complain(in, "no date", p);
	if (p < end && *p == '%') {
		bsd_text(in, p);
		return;
	}
	if (bsd_find_mnemonic(in, p))
		return;
	if (m->has_pri) {
		/* "host app[1]: text": only a process id tells them apart. */
		e = bsd_token_end(p, end);
		s = noc_syslog_spaces(e, end);
		if (e < end && e > p && e[-1] != ':' &&
		    bsd_all(p, e, NOC_C_HOST) && bsd_app(in, s) != s) {
			if (m->procid.p)
				m->host = noc_slice(p, (size_t)(e - p));
			m->app = m->procid = noc_slice(NULL, 0);
			if (m->host.p)
				p = s;
		}
		bsd_text(in, p);
		return;
	}
	/* Without PRI and date only "app[1]: " is clear enough. */
	s = bsd_app(in, p);
	if (!m->procid.p) {
		m->app = noc_slice(NULL, 0);
		s = p;
	}
	bsd_message(in, s);
}

void
noc_syslog_bsd(const struct noc_syslog_in *outer, const char *p)
{
	struct noc_syslog_in in = *outer;
	struct noc_syslog *m = in.out;
	const char *date;
	bool strict;

	while (in.end > p &&
	       (in.end[-1] == '\n' || in.end[-1] == '\r' || in.end[-1] == '\0'))
		in.end--;
	p = noc_syslog_spaces(p, in.end);
	if (p < in.end && *p == ':') /* NX-OS; ASA with an empty host */
		p = noc_syslog_spaces(p + 1, in.end);
	date = noc_syslog_date(&in, p, &m->time_ns, &strict);
	if (!date)
		date = bsd_find_date(&in, p);
	if (!date) {
		m->has_time = false;
		m->time_ns = 0;
		bsd_no_date(&in, bsd_sequence(p, in.end));
		return;
	}
	m->form = NOC_SYSLOG_RFC3164;
	m->has_time = true;
	bsd_after_date(&in, date);
}
