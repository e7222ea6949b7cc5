/* SPDX-License-Identifier: ISC */
/*
 * Lua patterns (Lua 5.4 manual §6.4.1) with every step counted, because the
 * stock matcher backtracks for hours where no hook can stop it.
 */
#include "config.h"

#include "engine/lua/pattern.h"

#include <ctype.h>
#include <string.h>

#include <lauxlib.h>

#include "engine/lua/state.h"

#define ESC '%'

/* Nested quantifiers and groups; each costs a C frame. */
#define DEPTH_MAX 190

static const char *match_here(struct lua_match *m, const char *s,
			      const char *p);

void
lua_match_init(struct lua_match *m, lua_State *L, struct noc_slice src,
	       struct noc_slice pat)
{
	m->L = L;
	m->src = src.p;
	m->src_end = src.p + src.len;
	m->pat_end = pat.p + pat.len;
	m->level = 0;
	m->depth = 0;
	m->steps = 0;
}

static void
match_count(struct lua_match *m, int64_t n)
{
	m->steps += n;
	if (m->steps >= 256) {
		int64_t steps = m->steps;

		m->steps = 0;
		lua_budget_charge(m->L, steps);
	}
}

static bool
class_has(int c, int class)
{
	bool in;

	switch (tolower(class)) {
	case 'a':
		in = isalpha(c);
		break;
	case 'c':
		in = iscntrl(c);
		break;
	case 'd':
		in = isdigit(c);
		break;
	case 'g':
		in = isgraph(c);
		break;
	case 'l':
		in = islower(c);
		break;
	case 'p':
		in = ispunct(c);
		break;
	case 's':
		in = isspace(c);
		break;
	case 'u':
		in = isupper(c);
		break;
	case 'w':
		in = isalnum(c);
		break;
	case 'x':
		in = isxdigit(c);
		break;
	default:
		return class == c;
	}
	return isupper(class) ? !in : in;
}

/* One past the single-character item at p. */
static const char *
item_end(struct lua_match *m, const char *p)
{
	const char *start = p;

	if (*p == ESC) {
		if (p + 1 >= m->pat_end)
			luaL_error(m->L, "malformed pattern (ends with '%%')");
		return p + 2;
	}
	if (*p != '[')
		return p + 1;
	p++;
	if (p < m->pat_end && *p == '^')
		p++;
	/* The first ] after [ or [^ is an ordinary character. */
	for (bool first = true; p < m->pat_end; first = false) {
		if (*p == ']' && !first) {
			match_count(m, (p - start) / 8);
			return p + 1;
		}
		p += *p == ESC && p + 1 < m->pat_end ? 2 : 1;
	}
	luaL_error(m->L, "malformed pattern (missing ']')");
	return NULL;
}

/* c in the set that begins at p ('[') and ends before end (past ']'). */
static bool
set_has(struct lua_match *m, int c, const char *p, const char *end)
{
	const char *last = end - 1;
	bool negated = false;

	match_count(m, (end - p) / 8);
	p++;
	if (p < last && *p == '^') {
		negated = true;
		p++;
	}
	while (p < last) {
		if (*p == ESC && p + 1 < last) {
			if (class_has(c, (unsigned char)p[1]))
				return !negated;
			p += 2;
		} else if (p + 2 < last && p[1] == '-') {
			if ((unsigned char)p[0] <= c &&
			    c <= (unsigned char)p[2])
				return !negated;
			p += 3;
		} else {
			if ((unsigned char)*p == c)
				return !negated;
			p++;
		}
	}
	return negated;
}

static bool
item_has(struct lua_match *m, const char *s, const char *p, const char *end)
{
	int c;

	match_count(m, 1);
	if (s >= m->src_end)
		return false;
	c = (unsigned char)*s;
	if (*p == '.')
		return true;
	if (*p == ESC)
		return class_has(c, (unsigned char)p[1]);
	if (*p == '[')
		return set_has(m, c, p, end);
	return (unsigned char)*p == c;
}

/* %bxy */
static const char *
match_balance(struct lua_match *m, const char *s, const char *p)
{
	const char *start = s;
	int open, close, depth = 1;

	if (p + 1 >= m->pat_end)
		luaL_error(m->L,
			   "malformed pattern (missing arguments to '%%b')");
	open = (unsigned char)p[0];
	close = (unsigned char)p[1];
	if (s >= m->src_end || (unsigned char)*s != open)
		return NULL;
	while (++s < m->src_end) {
		if ((unsigned char)*s == close) {
			if (--depth == 0) {
				match_count(m, s - start);
				return s + 1;
			}
		} else if ((unsigned char)*s == open) {
			depth++;
		}
	}
	match_count(m, s - start);
	return NULL;
}

/* x* and x+: as many as there are, then give back one at a time. */
static const char *
match_greedy(struct lua_match *m, const char *s, const char *p, const char *end)
{
	ptrdiff_t n = 0;

	while (item_has(m, s + n, p, end))
		n++;
	for (; n >= 0; n--) {
		const char *r = match_here(m, s + n, end + 1);

		if (r)
			return r;
	}
	return NULL;
}

static const char *
match_lazy(struct lua_match *m, const char *s, const char *p, const char *end)
{
	for (;;) {
		const char *r = match_here(m, s, end + 1);

		if (r)
			return r;
		if (!item_has(m, s, p, end))
			return NULL;
		s++;
	}
}

static const char *
match_open(struct lua_match *m, const char *s, const char *p, ptrdiff_t kind)
{
	const char *r;

	if (m->level >= LUA_PATTERN_CAPTURES)
		luaL_error(m->L, "too many captures");
	m->capture[m->level].p = s;
	m->capture[m->level].len = kind;
	m->level++;
	r = match_here(m, s, p);
	if (!r)
		m->level--;
	return r;
}

static const char *
match_close(struct lua_match *m, const char *s, const char *p)
{
	int i = m->level - 1;
	const char *r;

	while (i >= 0 && m->capture[i].len != LUA_CAPTURE_OPEN)
		i--;
	if (i < 0)
		luaL_error(m->L, "invalid pattern capture");
	m->capture[i].len = s - m->capture[i].p;
	r = match_here(m, s, p);
	if (!r)
		m->capture[i].len = LUA_CAPTURE_OPEN;
	return r;
}

/* %1 ... %9 */
static const char *
match_back(struct lua_match *m, const char *s, int digit)
{
	int i = digit - '1';
	size_t len;

	if (i < 0 || i >= m->level || m->capture[i].len == LUA_CAPTURE_OPEN)
		luaL_error(m->L, "invalid capture index %%%d", i + 1);
	if (m->capture[i].len == LUA_CAPTURE_POSITION)
		return NULL;
	len = (size_t)m->capture[i].len;
	match_count(m, (int64_t)(len / 16) + 1);
	if ((size_t)(m->src_end - s) >= len && !memcmp(m->capture[i].p, s, len))
		return s + len;
	return NULL;
}

/* %f[set]: between a character outside the set and one inside.  Returns the
 * pattern after it, or NULL. */
static const char *
match_frontier(struct lua_match *m, const char *s, const char *p)
{
	const char *end;
	int before, after;

	if (p >= m->pat_end || *p != '[')
		luaL_error(m->L, "missing '[' after '%%f' in pattern");
	end = item_end(m, p);
	before = s == m->src ? 0 : (unsigned char)s[-1];
	after = s < m->src_end ? (unsigned char)*s : 0;
	if (!set_has(m, before, p, end) && set_has(m, after, p, end))
		return end;
	return NULL;
}

/* The items that are no single characters.  *next stays NULL when p is a
 * plain item; else *s and *next are where to go on, or *s is NULL. */
static bool
match_special(struct lua_match *m, const char **s, const char *p,
	      const char **next)
{
	if (*p != ESC || p + 1 >= m->pat_end)
		return false;
	if (p[1] == 'b') {
		*s = match_balance(m, *s, p + 2);
		*next = p + 4;
		return true;
	}
	if (p[1] == 'f') {
		*next = match_frontier(m, *s, p + 2);
		if (!*next)
			*s = NULL;
		return true;
	}
	if (isdigit((unsigned char)p[1])) {
		*s = match_back(m, *s, p[1]);
		*next = p + 2;
		return true;
	}
	return false;
}

static const char *
match_items(struct lua_match *m, const char *s, const char *p)
{
	while (p < m->pat_end) {
		const char *end, *next = NULL;

		if (*p == '(')
			return p + 1 < m->pat_end && p[1] == ')'
				   ? match_open(m, s, p + 2,
						LUA_CAPTURE_POSITION)
				   : match_open(m, s, p + 1, LUA_CAPTURE_OPEN);
		if (*p == ')')
			return match_close(m, s, p + 1);
		if (*p == '$' && p + 1 == m->pat_end)
			return s == m->src_end ? s : NULL;
		if (match_special(m, &s, p, &next)) {
			if (!s)
				return NULL;
			p = next;
			continue;
		}
		end = item_end(m, p);
		switch (end < m->pat_end ? *end : 0) {
		case '*':
			return match_greedy(m, s, p, end);
		case '+':
			return item_has(m, s, p, end)
				   ? match_greedy(m, s + 1, p, end)
				   : NULL;
		case '-':
			return match_lazy(m, s, p, end);
		case '?':
			if (item_has(m, s, p, end)) {
				const char *r = match_here(m, s + 1, end + 1);

				if (r)
					return r;
			}
			p = end + 1;
			continue;
		default:
			if (!item_has(m, s, p, end))
				return NULL;
			s++;
			p = end;
		}
	}
	return s;
}

static const char *
match_here(struct lua_match *m, const char *s, const char *p)
{
	const char *r;

	if (++m->depth > DEPTH_MAX)
		luaL_error(m->L, "pattern too complex");
	match_count(m, 1);
	r = match_items(m, s, p);
	m->depth--;
	return r;
}

const char *
lua_match_at(struct lua_match *m, const char *s, const char *pat)
{
	m->level = 0;
	m->depth = 0;
	return match_here(m, s, pat);
}
