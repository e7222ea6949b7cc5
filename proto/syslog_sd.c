/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "proto/syslog_private.h"

#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"

/*
 * STRUCTURED-DATA, RFC 5424 §6.3.  The scan on arrival is strict and falls
 * back to a tolerant one an element; the readers later are tolerant.  A
 * parameter that repeats counts with its last value.
 */
#define SD_IDS	    16 /* elements compared for duplicates */
#define SD_NAME_MAX 32

static const char *
sd_name(const char *p, const char *end)
{
	while (p < end && noc_syslog_is(*p, NOC_C_NAME))
		p++;
	return p;
}

/* The end of a PARAM-VALUE: at its closing quote, or NULL.  p is past the
 * opening one. */
static const char *
sd_value_end(const char *p, const char *end, bool *strict)
{
	const char *start = p;
	bool high = false;

	for (; p < end; p++) {
		if (*p == '"') {
			if (high && !noc_utf8_valid(start, (size_t)(p - start)))
				*strict = false;
			return p;
		}
		if (*p == ']') {
			*strict = false;
		} else if (*p == '\\') {
			if (end - p < 2)
				return NULL;
			if (p[1] == '"' || p[1] == '\\' || p[1] == ']')
				p++;
			else
				*strict = false;
		}
		high |= *p & 0x80;
	}
	return NULL;
}

/* The end of a strict element at '[', or NULL. */
static const char *
sd_element(const char *p, const char *end, struct noc_slice *id)
{
	const char *s = sd_name(p + 1, end);
	bool strict = true;

	*id = noc_slice(p + 1, (size_t)(s - p - 1));
	if (!id->len || id->len > SD_NAME_MAX)
		return NULL;
	while (s < end && *s == ' ') {
		const char *name = s + 1;

		s = sd_name(name, end);
		if (s == name || s - name > SD_NAME_MAX || end - s < 3 ||
		    s[0] != '=' || s[1] != '"')
			return NULL;
		s = sd_value_end(s + 2, end, &strict);
		if (!s || !strict)
			return NULL;
		s++;
	}
	return s < end && *s == ']' ? s + 1 : NULL;
}

/* The end of anything that has a name and closes outside of quotes. */
static const char *
sd_element_loose(const char *p, const char *end)
{
	const char *s = sd_name(p + 1, end);
	bool strict;

	if (s == p + 1)
		return NULL;
	for (; s < end; s++) {
		if (*s == ']')
			break;
		if (*s == '"') {
			s = sd_value_end(s + 1, end, &strict);
			if (!s)
				return NULL;
		}
	}
	if (s >= end || (end - s > 1 && s[1] != ' ' && s[1] != '['))
		return NULL;
	return s + 1;
}

const char *
noc_syslog_sd_scan(const struct noc_syslog_in *in, const char *p)
{
	struct noc_slice ids[SD_IDS];
	size_t nids = 0;

	while (p < in->end && *p == '[') {
		const char *e;
		struct noc_slice id;

		e = sd_element(p, in->end, &id);
		if (!e) {
			noc_syslog_complain(
			    in, "an element of the structured data is wrong",
			    p);
			e = sd_element_loose(p, in->end);
			if (!e)
				return p;
		}
		for (size_t i = 0; i < nids; i++)
			if (noc_slice_eq(ids[i], id))
				noc_syslog_complain(
				    in, "an SD-ID stands there twice", p);
		if (nids < SD_IDS)
			ids[nids++] = id;
		p = e;
	}
	return p;
}

/* --- reading it back --- */

enum sd_step { SD_END, SD_ELEMENT, SD_PARAM };

struct sd_cursor {
	const char *p, *end;
	bool inside;
	struct noc_slice id, name, value;
};

static struct sd_cursor
sd_open(struct noc_slice sd)
{
	const char *p = sd.p ? sd.p : "";

	return (struct sd_cursor){ .p = p, .end = p + sd.len };
}

/* Skips to the end of an element that reads wrong. */
static const char *
sd_leave(const char *p, const char *end)
{
	bool strict;

	while (p < end && *p != ']') {
		if (*p == '"') {
			p = sd_value_end(p + 1, end, &strict);
			if (!p)
				return end;
		}
		p++;
	}
	return p < end ? p + 1 : end;
}

static enum sd_step
sd_next(struct sd_cursor *c)
{
	const char *s, *e;
	bool strict;

	for (;;) {
		while (c->p < c->end && *c->p == ' ')
			c->p++;
		if (c->p >= c->end)
			return SD_END;
		if (!c->inside) {
			if (*c->p != '[')
				return SD_END;
			s = sd_name(c->p + 1, c->end);
			c->id = noc_slice(c->p + 1, (size_t)(s - c->p - 1));
			c->p = s;
			c->inside = true;
			return SD_ELEMENT;
		}
		if (*c->p == ']') {
			c->p++;
			c->inside = false;
			continue;
		}
		s = sd_name(c->p, c->end);
		c->name = noc_slice(c->p, (size_t)(s - c->p));
		if (s < c->end && *s == '=')
			for (s++; s < c->end && *s == ' '; s++)
				;
		if (c->name.len && s < c->end && *s == '"' &&
		    (e = sd_value_end(s + 1, c->end, &strict))) {
			c->value = noc_slice(s + 1, (size_t)(e - s - 1));
			c->p = e + 1;
			return SD_PARAM;
		}
		c->p = sd_leave(c->p, c->end);
		c->inside = false;
	}
}

/* RFC 5424 §6.3.3: a backslash before another character is a backslash. */
static size_t
sd_unescape(struct noc_slice value, char *buf, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < value.len; i++) {
		char c = value.p[i];

		if (c == '\\' && i + 1 < value.len &&
		    (value.p[i + 1] == '"' || value.p[i + 1] == '\\' ||
		     value.p[i + 1] == ']'))
			c = value.p[++i];
		if (n + 1 < size)
			buf[n] = c;
		n++;
	}
	if (size)
		buf[n < size ? n : size - 1] = '\0';
	return n;
}

long
noc_syslog_sd_get(struct noc_slice sd, const char *sd_id, const char *param,
		  char *buf, size_t size)
{
	struct sd_cursor c = sd_open(sd);
	struct noc_slice found = { NULL, 0 };
	bool here = false;
	enum sd_step step;

	while ((step = sd_next(&c)) != SD_END) {
		if (step == SD_ELEMENT) {
			if (here)
				break;
			here = noc_slice_is(c.id, sd_id);
		} else if (here && noc_slice_is(c.name, param)) {
			found = c.value;
		}
	}
	return found.p ? (long)sd_unescape(found, buf, size) : -1;
}
