/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "proto/cron.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/slice.h"
#include "proto/civil.h"
#include "proto/cron_find.h"

#define EXPR_MAX 256

static const char *const month_names[] = { "",		"january", "february",
					   "march",	"april",   "may",
					   "june",	"july",	   "august",
					   "september", "october", "november",
					   "december" };
static const char *const weekday_names[] = { "sunday",	  "monday",   "tuesday",
					     "wednesday", "thursday", "friday",
					     "saturday" };

struct field {
	const char *noun;
	int low, high;
	const char *const *names; /* indexed by value; NULL: numbers only */
	int nnames;
};

static const struct field fields[] = {
	{ "second", 0, 59, NULL, 0 },
	{ "minute", 0, 59, NULL, 0 },
	{ "hour", 0, 23, NULL, 0 },
	{ "day-of-month", 1, 31, NULL, 0 },
	{ "month", 1, 12, month_names, 13 },
	{ "day-of-week", 0, 7, weekday_names, 7 },
};
enum { SECOND, MINUTE, HOUR, DOM, MONTH, DOW, NFIELDS };

struct word {
	const char *noun; /* macro */
	const char *expr;
};

static const struct word macros[] = {
	{ "@yearly", "0 0 1 1 *" },  { "@annually", "0 0 1 1 *" },
	{ "@monthly", "0 0 1 * *" }, { "@weekly", "0 0 * * 0" },
	{ "@daily", "0 0 * * *" },   { "@midnight", "0 0 * * *" },
	{ "@hourly", "0 * * * *" },
};

/* Where the parser is and what it found wrong. */
struct parse {
	const struct field *field;
	struct noc_slice item; /* one element of the list */
	struct noc_err *err;
};

static int
parse_fail(const struct parse *p, const char *why)
{
	return noc_err_set(p->err, NOC_EINPUT,
			   "The cron %s '%.*s' is wrong: %s.", p->field->noun,
			   (int)(p->item.len < 40 ? p->item.len : 40),
			   p->item.p, why);
}

/* Three letters or the whole name. */
static int
name_value(const struct field *f, struct noc_slice s)
{
	for (int i = 0; i < f->nnames; i++) {
		size_t whole = strlen(f->names[i]);

		if ((s.len == 3 || s.len == whole) && whole >= 3 &&
		    strncasecmp(s.p, f->names[i], s.len) == 0)
			return i;
	}
	return -1;
}

/* Takes a number or name off the front of *s. */
static int
value_take(const struct parse *p, struct noc_slice *s, int *value, bool *named)
{
	struct noc_slice word = *s;
	size_t n = 0;

	*named = false;
	*value = 0;
	while (n < s->len && isdigit((unsigned char)s->p[n]) && n < 4)
		*value = *value * 10 + (s->p[n++] - '0');
	if (n == 0) {
		while (n < s->len && isalpha((unsigned char)s->p[n]))
			n++;
		word.len = n;
		*value = n > 0 ? name_value(p->field, word) : -1;
		if (*value < 0 && n > 1 && tolower(s->p[n - 1]) == 'l') {
			word.len = --n; /* "friL" */
			*value = name_value(p->field, word);
		}
		if (*value < 0)
			return parse_fail(p, "a number or a name is missing");
		*named = true;
	}
	if (*value < p->field->low || *value > p->field->high)
		return parse_fail(p, "a value is outside of the field's range");
	s->p += n;
	s->len -= n;
	return 0;
}

static bool
take_char(struct noc_slice *s, char c)
{
	if (s->len == 0 || tolower((unsigned char)*s->p) != c)
		return false;
	s->p++;
	s->len--;
	return true;
}

static int
step_take(const struct parse *p, struct noc_slice *s, int *step)
{
	size_t n = 0;

	*step = 0;
	while (n < s->len && isdigit((unsigned char)s->p[n]) && n < 4)
		*step = *step * 10 + (s->p[n++] - '0');
	s->p += n;
	s->len -= n;
	if (n == 0)
		return parse_fail(p, "the step after '/' is no number");
	if (*step < 1 || *step > p->field->high)
		return parse_fail(p, "the step is 0 or larger than the field");
	return 0;
}

/* Sunday is 0 at the beginning of a range and 7 at its end. */
static void
range_sunday(int *from, int *to, bool named)
{
	bool alone = *from == *to && !named;

	if (alone)
		return;
	if (*from == 7)
		*from = 0;
	if (*to == 0)
		*to = 7;
}

static int
range_bits(const struct parse *p, int from, int to, int step, uint64_t *bits)
{
	const struct field *f = p->field;
	int count = f == &fields[DOW] ? 7 : f->high - f->low + 1;

	if (to < from)
		to += count;
	for (int v = from; v <= to; v += step) {
		int value = v;

		if (f == &fields[DOW])
			value = v % 7;
		else if (v > f->high)
			value = v - count;
		*bits |= UINT64_C(1) << value;
	}
	return 0;
}

/*
 * "*", "5", "1-9", each with an optional "/step", off the front of s.  What
 * stays in *s belongs to the caller.
 */
static int
item_bits(const struct parse *p, struct noc_slice *s, uint64_t *bits)
{
	const struct field *f = p->field;
	int from = f->low, to = f->high, step = 1;
	bool named = false, named_to = false, single = false;

	if (f == &fields[DOW])
		to = 6;
	if (!take_char(s, '*')) {
		if (value_take(p, s, &from, &named) != 0)
			return NOC_EINPUT;
		if (!take_char(s, '-')) {
			single = true;
		} else if (f == &fields[DOM] && take_char(s, 'l')) {
			to = f->high;
		} else if (value_take(p, s, &to, &named_to) != 0) {
			return NOC_EINPUT;
		} else if (f == &fields[DOW]) {
			range_sunday(&from, &to, named || named_to);
		}
	}
	if (take_char(s, '/')) {
		if (step_take(p, s, &step) != 0)
			return NOC_EINPUT;
		if (single && f == &fields[DOW])
			from %= 7;
	} else if (single) {
		to = from;
	}
	return range_bits(p, from, to, step, bits);
}

/* L, L-3, LW, 15W; else an ordinary item. */
static int
dom_item(const struct parse *p, struct noc_cron *c)
{
	struct noc_slice s = p->item;
	uint64_t bits = 0;
	int offset = 0;
	bool named;

	if (s.len == 2 && strncasecmp(s.p, "lw", 2) == 0) {
		c->dom_near |= 1;
		return 0;
	}
	if (take_char(&s, 'l')) {
		if (take_char(&s, '-') &&
		    (value_take(p, &s, &offset, &named) != 0 || offset > 30))
			return parse_fail(p, "L-n needs n from 1 to 30");
		if (s.len > 0)
			return parse_fail(p, "nothing can follow L but -n, or "
					     "W for the last weekday");
		c->dom_last |= UINT32_C(1) << offset;
		return 0;
	}
	if (take_char(&s, 'w'))
		return parse_fail(p, "W follows a day here, like 15W or LW");
	if (item_bits(p, &s, &bits) != 0)
		return NOC_EINPUT;
	if (s.len == 1 && tolower((unsigned char)*s.p) == 'w') {
		if (strspn(p->item.p, "0123456789") + 1 != p->item.len)
			return parse_fail(p, "W follows one day, like 15W");
		c->dom_near |= (uint32_t)bits;
		return 0;
	}
	if (s.len > 0)
		return parse_fail(p, "there is something after it");
	c->dom |= (uint32_t)bits;
	return 0;
}

/* 5L, friL, fri#2, mon-fri#1; else an ordinary item. */
static int
dow_item(const struct parse *p, struct noc_cron *c)
{
	struct noc_slice s = p->item;
	uint64_t bits = 0;

	if (tolower((unsigned char)*s.p) == 'l')
		return parse_fail(p, "L follows a weekday here, like 5L");
	if (item_bits(p, &s, &bits) != 0)
		return NOC_EINPUT;
	if (take_char(&s, 'l')) {
		if (s.len > 0)
			return parse_fail(p, "there is something after it");
		c->dow_last |= (uint8_t)bits;
		return 0;
	}
	if (take_char(&s, '#')) {
		if (s.len != 1 || *s.p < '1' || *s.p > '5')
			return parse_fail(p, "'#' needs a number from 1 to 5");
		for (int day = 0; day < 7; day++) {
			if (bits >> day & 1)
				c->dow_nth[day] |= (uint8_t)(1 << (*s.p - '0'));
		}
		return 0;
	}
	if (s.len > 0)
		return parse_fail(p, "there is something after it");
	c->dow |= (uint8_t)bits;
	return 0;
}

static int
plain_item(const struct parse *p, uint64_t *bits)
{
	struct noc_slice s = p->item;

	if (item_bits(p, &s, bits) != 0)
		return NOC_EINPUT;
	return s.len > 0 ? parse_fail(p, "there is something after it") : 0;
}

/* Everything between two blanks.  `bits` collects plain fields. */
static int
field_parse(struct parse *p, struct noc_slice text, struct noc_cron *c,
	    uint64_t *bits)
{
	size_t at = 0;
	int rc = 0;

	while (rc == 0 && at <= text.len) {
		const char *comma = memchr(text.p + at, ',', text.len - at);
		size_t len = comma != NULL ? (size_t)(comma - text.p) - at
					   : text.len - at;

		p->item = noc_slice(text.p + at, len);
		at += len + 1;
		if (len == 0) {
			p->item = text;
			rc = parse_fail(p, "an element of the list is empty");
		} else if (p->field == &fields[DOM]) {
			rc = dom_item(p, c);
		} else if (p->field == &fields[DOW]) {
			rc = dow_item(p, c);
		} else {
			rc = plain_item(p, bits);
		}
	}
	return rc;
}

static bool
dow_refined(const struct noc_cron *c)
{
	bool nth = false;

	for (int day = 0; day < 7; day++)
		nth = nth || c->dow_nth[day] != 0;
	return nth || c->dow_last != 0;
}

static int
day_fields_parse(struct parse *p, const struct noc_slice *text,
		 struct noc_cron *c)
{
	for (int i = DOM; i <= DOW; i += DOW - DOM) {
		struct noc_slice t = text[i];

		if (noc_slice_is(t, "*") || noc_slice_is(t, "?") ||
		    noc_slice_is(t, "*/1")) {
			c->flags |=
			    i == DOM ? NOC_CRON_DOM_ANY : NOC_CRON_DOW_ANY;
			continue;
		}
		p->field = &fields[i];
		if (field_parse(p, t, c, NULL) != 0)
			return NOC_EINPUT;
	}
	if (dow_refined(c)) {
		p->field = &fields[DOW];
		p->item = text[DOW];
		if (c->dow != 0)
			return parse_fail(p, "plain weekdays cannot be mixed "
					     "with L or '#'");
		c->flags |= NOC_CRON_DOW_REFINES;
	}
	return 0;
}

static int
fields_parse(const struct noc_slice *text, struct noc_cron *c,
	     struct noc_err *err)
{
	struct parse p = { .err = err };
	uint64_t bits[NFIELDS] = { 0 };

	for (int i = SECOND; i <= MONTH; i++) {
		if (i == DOM)
			continue;
		p.field = &fields[i];
		if (field_parse(&p, text[i], c, &bits[i]) != 0)
			return NOC_EINPUT;
		if (i <= HOUR && *text[i].p == '*')
			c->flags |= NOC_CRON_WILD;
	}
	c->second = bits[SECOND];
	c->minute = bits[MINUTE];
	c->hour = (uint32_t)bits[HOUR];
	c->month = (uint32_t)bits[MONTH];
	return day_fields_parse(&p, text, c);
}

static int
macro_parse(const char **expr, struct noc_cron *c, struct noc_err *err)
{
	if (strncmp(*expr, "@every", 6) == 0 && isspace((*expr)[6])) {
		const char *s = *expr + 6;

		while (isspace((unsigned char)*s))
			s++;
		if (noc_duration_parse(s, &c->every_ms) != 0 ||
		    c->every_ms < 1000)
			return noc_err_set(err, NOC_EINPUT,
					   "'%.40s' is no interval of at least "
					   "a second; write one like "
					   "'@every 5m'.",
					   *expr);
		return 0;
	}
	for (size_t i = 0; i < sizeof(macros) / sizeof(macros[0]); i++) {
		if (strcasecmp(*expr, macros[i].noun) == 0) {
			*expr = macros[i].expr;
			return 0;
		}
	}
	return noc_err_set(
	    err, NOC_EINPUT,
	    "There is no schedule '%.40s'; there are @yearly, "
	    "@monthly, @weekly, @daily, @hourly and '@every 5m'.",
	    *expr);
}

int
noc_cron_parse(const char *expr, struct noc_cron *out, struct noc_err *err)
{
	struct noc_slice text[NFIELDS + 1];
	struct noc_cron c = { 0 };
	const char *s = expr;
	int n = 0;

	while (isspace((unsigned char)*s))
		s++;
	if (strlen(s) > EXPR_MAX)
		return noc_err_set(err, NOC_EINPUT,
				   "A cron expression has at most %d "
				   "characters.",
				   EXPR_MAX);
	if (*s == '@' && macro_parse(&s, &c, err) != 0)
		return NOC_EINPUT;
	if (c.every_ms > 0) {
		*out = c;
		return 0;
	}
	text[n++] = noc_slice("0", 1);
	while (*s != '\0' && n <= NFIELDS) {
		size_t len = strcspn(s, " \t\r\n\v\f");

		text[n++] = noc_slice(s, len);
		s += len;
		s += strspn(s, " \t\r\n\v\f");
	}
	if (*s != '\0' || n < NFIELDS)
		return noc_err_set(err, NOC_EINPUT,
				   "The cron expression '%.60s' must have 5 "
				   "fields (minute hour day month weekday) "
				   "or 6 with seconds first.",
				   expr);
	if (fields_parse(n == NFIELDS ? text : text + 1, &c, err) != 0)
		return NOC_EINPUT;
	*out = c;
	return 0;
}

void
noc_cron_dst(struct noc_cron *cron, bool leave_out, bool twice)
{
	if (leave_out)
		cron->flags |= NOC_CRON_LEAVE_OUT;
	if (twice)
		cron->flags |= NOC_CRON_TWICE;
}

bool
noc_cron_follows(const struct noc_cron *cron)
{
	return cron->every_ms > 0 || cron->flags & NOC_CRON_WILD;
}
