/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "engine/lang/ast.h"
#include "engine/expr/where_private.h"
#include "engine/expr/where_test.h"

bool
noc_cidr_parse(const char *text, size_t len, struct noc_cidr *out)
{
	char copy[64], *slash;
	struct in_addr v4;
	unsigned max = 128;

	if (!len || len >= sizeof(copy))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	slash = strchr(copy, '/');
	if (slash)
		*slash++ = '\0';
	memset(out, 0, sizeof(*out));
	if (inet_pton(AF_INET, copy, &v4) == 1) {
		out->address[10] = out->address[11] = 0xff;
		memcpy(out->address + 12, &v4, 4);
		max = 32;
	} else if (inet_pton(AF_INET6, copy, out->address) != 1) {
		return false;
	}
	out->bits = 128;
	if (slash) {
		size_t digits = strspn(slash, "0123456789");
		unsigned long bits = strtoul(slash, NULL, 10);

		if (!digits || digits > 3 || slash[digits] || bits > max)
			return false;
		out->bits = (unsigned)bits + 128 - max;
	}
	return true;
}

/* ---- time_in { "mon-fri 08:00-18:00", tz = "Europe/Warsaw" } ---- */

static int
weekday(const char *p)
{
	static const char *const days[] = { "sun", "mon", "tue", "wed",
					    "thu", "fri", "sat" };

	for (int i = 0; i < 7; i++)
		if (!strncasecmp(p, days[i], 3))
			return i;
	return -1;
}

static const char *
window_days(const char *p, struct noc_window *w)
{
	while (isalpha((unsigned char)*p)) {
		int from = weekday(p), until = from;

		if (from < 0)
			return NULL;
		p += 3;
		if (*p == '-') {
			until = weekday(p + 1);
			if (until < 0)
				return NULL;
			p += 4;
		}
		for (int day = from;; day = (day + 1) % 7) {
			w->days |= (uint8_t)(1 << day);
			if (day == until)
				break;
		}
		if (*p == ',')
			p++;
	}
	return p;
}

static const char *
window_clock(const char *p, int *second)
{
	int hour, minute;

	if (!isdigit((unsigned char)p[0]) || !isdigit((unsigned char)p[1]) ||
	    p[2] != ':' || !isdigit((unsigned char)p[3]) ||
	    !isdigit((unsigned char)p[4]))
		return NULL;
	hour = (p[0] - '0') * 10 + p[1] - '0';
	minute = (p[3] - '0') * 10 + p[4] - '0';
	if (minute > 59 || hour > 24 || (hour == 24 && minute))
		return NULL;
	*second = hour * 3600 + minute * 60;
	return p + 5;
}

static bool
window_parse(const char *text, struct noc_window *w)
{
	const char *p = window_days(text, w);

	if (!p)
		return false;
	if (!w->days)
		w->days = 0x7f;
	while (*p == ' ')
		p++;
	w->until_s = 24 * 3600;
	if (!*p)
		return p != text;
	p = window_clock(p, &w->from_s);
	if (!p || *p != '-')
		return false;
	p = window_clock(p + 1, &w->until_s);
	return p && !*p;
}

int
noc_test_windows(const struct noc_value *v, const struct noc_value *items,
		 struct noc_test *t, struct noc_err *err)
{
	const char *zone = noc_value_get_str(noc_ast_opts(v), "tz", "UTC");
	size_t n = noc_value_len(items);

	if (!n)
		return noc_err_set(err, NOC_ECONFIG,
				   "'time_in' needs a window like "
				   "\"mon-fri 08:00-18:00\".");
	t->windows = noc_calloc(n, sizeof(*t->windows));
	for (size_t i = 0; i < n; i++) {
		const struct noc_value *text = noc_value_at(items, i);

		if (text->type != NOC_STR ||
		    !window_parse(text->u.s.p, &t->windows[t->nwindows++]))
			return noc_err_set(
			    err, NOC_ECONFIG,
			    "'%s' is no window like \"mon-fri 08:00-18:00\".",
			    text->type == NOC_STR ? text->u.s.p : "?");
		if (i == 0) {
			t->text = noc_strdup(text->u.s.p);
			t->len = text->u.s.len;
		}
	}
	return noc_tz_open(zone, &t->tz, err);
}
