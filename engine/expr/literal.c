/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/expr/literal.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct literal {
	const char *p; /* what is left to read */
	char *run;     /* bytes that follow one another */
	size_t len;
	char *best;
	size_t best_len;
	bool hopeless; /* something we do not read: no literal at all */
};

static void
literal_break(struct literal *l)
{
	if (l->len > l->best_len) {
		memcpy(l->best, l->run, l->len);
		l->best_len = l->len;
	}
	l->len = 0;
}

/* {n}, {n,}, {n,m}: the length of the quantifier, or 0 when it is text. */
static size_t
brace_len(const char *p)
{
	const char *s = p + 1;

	if (!isdigit((unsigned char)*s))
		return 0;
	while (isdigit((unsigned char)*s))
		s++;
	if (*s == ',')
		s++;
	while (isdigit((unsigned char)*s))
		s++;
	return *s == '}' ? (size_t)(s - p) + 1 : 0;
}

/*
 * What follows an atom.  Returns true when the atom must occur at least
 * once; *repeats when something follows that ends the run after it.
 */
static bool
literal_quantifier(struct literal *l, bool *repeats)
{
	bool must = true;
	size_t n;

	*repeats = false;
	switch (*l->p) {
	case '*':
	case '?':
		must = false;
		l->p++;
		break;
	case '+':
		l->p++;
		break;
	case '{':
		n = brace_len(l->p);
		if (!n)
			return true;
		must = strtoul(l->p + 1, NULL, 10) > 0;
		l->p += n;
		break;
	default:
		return true;
	}
	*repeats = true;
	if (*l->p == '?' || *l->p == '+') /* lazy, possessive */
		l->p++;
	return must;
}

static void
literal_char(struct literal *l, char c)
{
	bool repeats, must = literal_quantifier(l, &repeats);

	if (must)
		l->run[l->len++] = c;
	if (repeats)
		literal_break(l);
}

/* An atom that is no fixed byte. */
static void
literal_any(struct literal *l)
{
	bool repeats;

	literal_break(l);
	literal_quantifier(l, &repeats);
}

static void
literal_escape(struct literal *l)
{
	char c = l->p[1];

	if (!c || c == 'Q' || c == 'E') {
		l->hopeless = true;
		return;
	}
	if (!isalnum((unsigned char)c)) {
		l->p += 2;
		literal_char(l, c);
		return;
	}
	if (!strchr("dDwWsSbBAZzRhHvVNtnrfae", c)) {
		l->hopeless = true; /* \x41, \1, \p{..}, \g{..}, \K, ... */
		return;
	}
	l->p += 2;
	literal_any(l);
}

static void
literal_class(struct literal *l)
{
	l->p++;
	if (*l->p == '^')
		l->p++;
	if (*l->p == ']')
		l->p++;
	while (*l->p && *l->p != ']') {
		if (*l->p == '\\' && l->p[1]) {
			if (l->p[1] == 'Q' || l->p[1] == 'E')
				l->hopeless = true;
			l->p++;
		} else if (*l->p == '[' && strchr(":.=", l->p[1]) && l->p[1]) {
			char close[3] = { l->p[1], ']', '\0' };
			const char *end = strstr(l->p + 2, close);

			if (end)
				l->p = end + 1;
		}
		l->p++;
	}
	if (!*l->p) {
		l->hopeless = true;
		return;
	}
	l->p++;
	literal_any(l);
}

/*
 * A group is skipped, whatever is in it; options inside, comments, verbs and
 * anything else after "(?" that is not a plain group make us give up.
 */
static void
literal_group(struct literal *l)
{
	int depth = 0;

	literal_break(l);
	do {
		if (*l->p == '\\') {
			if (!l->p[1] || l->p[1] == 'Q' || l->p[1] == 'E')
				l->hopeless = true;
			l->p++;
		} else if (*l->p == '[') {
			literal_class(l);
			continue;
		} else if (*l->p == '(') {
			depth++;
			if (l->p[1] == '*' ||
			    (l->p[1] == '?' && !strchr("<P:=!>|'", l->p[2])))
				l->hopeless = true;
		} else if (*l->p == ')') {
			depth--;
		}
		if (!*l->p)
			l->hopeless = true;
		else
			l->p++;
	} while (depth && !l->hopeless);
	if (!l->hopeless)
		literal_any(l);
}

static void
literal_next(struct literal *l)
{
	char c = *l->p;

	switch (c) {
	case '|':
	case ')':
		l->hopeless = true;
		break;
	case '\\':
		literal_escape(l);
		break;
	case '[':
		literal_class(l);
		break;
	case '(':
		literal_group(l);
		break;
	case '.':
	case '^':
	case '$':
		l->p++;
		literal_any(l);
		break;
	case '*':
	case '+':
	case '?':
		l->hopeless = true;
		break;
	default:
		l->p++;
		literal_char(l, c);
		break;
	}
}

char *
noc_literal_required(const char *pattern)
{
	size_t len = strlen(pattern);
	struct literal l = { .p = pattern,
			     .run = noc_malloc(len + 1),
			     .best = noc_malloc(len + 1) };

	while (*l.p && !l.hopeless)
		literal_next(&l);
	literal_break(&l);
	if (l.hopeless)
		l.best_len = 0;
	l.best[l.best_len] = '\0';
	free(l.run);
	return l.best;
}
