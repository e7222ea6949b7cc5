/* SPDX-License-Identifier: ISC */
/*
 * Reads the tokens of a Lua text that Lua itself accepts, to see what it does
 * not tell: a key written twice in one table, `<close>`, on which line a key
 * stands, and on which one an expression begins.
 */
#include "config.h"

#include "engine/lua/scan.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/lua/state.h"

enum token { T_END, T_NAME, T_STRING, T_NUMBER, T_ASSIGN, T_OTHER };

struct scan {
	const char *p, *end;
	int line;
	enum token type;
	const char *text; /* of the token; of a string, what is inside */
	size_t len;
	char punct; /* of T_OTHER, first character */
};

struct key {
	uint64_t hash;
	int line;
};

struct level {	     /* an open { ( [ or block */
	char open;   /* '{' '(' '[' or 'B' */
	size_t path; /* length of the path here */
	int begun;   /* of the expression that it is part of */
	long position;
	struct key *keys;
	size_t nkeys, cap;
};

struct walker {
	struct scan s;
	const struct lua_scan_ops *ops;
	struct level *levels;
	size_t nlevels, cap;
	struct noc_strbuf path;
	/* Line of the name or ( that a suffix would belong to; 0: none. */
	int begun;
	/* The last four tokens, newest first. */
	struct {
		enum token type;
		const char *text;
		size_t len;
		char punct;
		int line;
	} last[4];
};

/* More keys than this in one table are not compared. */
#define KEYS_MAX 20000

/* ---- tokens ---- */

/* At [: the level of a long bracket, or -1. */
static int
long_level(const struct scan *s)
{
	const char *p = s->p + 1;
	int level = 0;

	while (p < s->end && *p == '=') {
		level++;
		p++;
	}
	return p < s->end && *p == '[' ? level : -1;
}

static void
scan_long(struct scan *s, int level)
{
	const char *p = s->p + level + 2;

	s->text = p;
	for (; p < s->end; p++) {
		if (*p == '\n')
			s->line++;
		if (*p == ']' && s->end - p > level + 1 &&
		    p[level + 1] == ']') {
			int i = 1;

			while (i <= level && p[i] == '=')
				i++;
			if (i > level)
				break;
		}
	}
	s->len = (size_t)(p - s->text);
	s->p = s->end - p > level + 2 ? p + level + 2 : s->end;
}

static void
scan_quoted(struct scan *s)
{
	char quote = *s->p++;

	s->text = s->p;
	while (s->p < s->end && *s->p != quote) {
		if (*s->p == '\n')
			s->line++;
		if (*s->p == '\\' && s->p + 1 < s->end) {
			s->p++;
			if (*s->p == '\n')
				s->line++;
		}
		s->p++;
	}
	s->len = (size_t)(s->p - s->text);
	if (s->p < s->end)
		s->p++;
}

/* Spaces and comments. */
static void
scan_skip(struct scan *s)
{
	while (s->p < s->end) {
		if (*s->p == '\n') {
			s->line++;
			s->p++;
		} else if (isspace((unsigned char)*s->p)) {
			s->p++;
		} else if (s->end - s->p >= 2 && s->p[0] == '-' &&
			   s->p[1] == '-') {
			s->p += 2;
			if (s->p < s->end && *s->p == '[' && long_level(s) >= 0)
				scan_long(s, long_level(s));
			else
				while (s->p < s->end && *s->p != '\n')
					s->p++;
		} else {
			return;
		}
	}
}

static void
scan_next(struct scan *s)
{
	unsigned char c;

	scan_skip(s);
	s->text = s->p;
	s->len = 0;
	s->punct = 0;
	if (s->p >= s->end) {
		s->type = T_END;
		return;
	}
	c = (unsigned char)*s->p;
	if (isalpha(c) || c == '_') {
		while (s->p < s->end &&
		       (isalnum((unsigned char)*s->p) || *s->p == '_'))
			s->p++;
		s->len = (size_t)(s->p - s->text);
		s->type = T_NAME;
	} else if (isdigit(c)) {
		while (s->p < s->end &&
		       (isalnum((unsigned char)*s->p) || *s->p == '.'))
			s->p++;
		s->type = T_NUMBER;
	} else if (c == '"' || c == '\'') {
		scan_quoted(s);
		s->type = T_STRING;
	} else if (c == '[' && long_level(s) >= 0) {
		scan_long(s, long_level(s));
		s->type = T_STRING;
	} else {
		s->p++;
		s->type = T_OTHER;
		s->punct = (char)c;
		if (s->p < s->end && *s->p == '=' && strchr("=~<>", c)) {
			s->p++;
			s->punct = 'R';
		} else if (c == '=') {
			s->type = T_ASSIGN;
		} else if (c == '.' || c == ':') {
			for (; s->p < s->end && *s->p == (char)c; s->p++)
				s->punct = 'R';
		}
	}
}

static bool
scan_is(const struct scan *s, const char *word)
{
	return s->type == T_NAME && s->len == strlen(word) &&
	       !memcmp(s->text, word, s->len);
}

/* ---- tables ---- */

static struct level *
top(struct walker *w)
{
	return w->nlevels ? &w->levels[w->nlevels - 1] : NULL;
}

static void
push_level(struct walker *w, char open)
{
	struct level *l;

	NOC_GROW(w->levels, w->cap, w->nlevels + 1);
	l = &w->levels[w->nlevels++];
	memset(l, 0, sizeof(*l));
	l->open = open;
	l->path = w->path.len;
	l->begun = w->begun;
	l->position = 1;
	w->begun = 0;
}

static void
set_path(struct walker *w, size_t len)
{
	if (w->path.p) {
		w->path.len = len;
		w->path.p[len] = 0;
	}
}

static void
pop_level(struct walker *w, char open)
{
	struct level *l = top(w);

	if (!l || l->open != open)
		return;
	set_path(w, l->path);
	w->begun = l->begun;
	free(l->keys);
	w->nlevels--;
}

static void
on_key(struct walker *w, struct level *l, const char *text, size_t len,
       int line)
{
	uint64_t hash = noc_hash_stable(text, len);
	char problem[200];

	for (size_t i = 0; i < l->nkeys; i++) {
		if (l->keys[i].hash != hash)
			continue;
		snprintf(problem, sizeof(problem),
			 "key '%.*s' is written twice in one table; first on "
			 "line %d",
			 (int)(len < 80 ? len : 80), text, l->keys[i].line);
		if (w->ops->on_problem)
			w->ops->on_problem(line, problem, w->ops->arg);
		break;
	}
	if (l->nkeys < KEYS_MAX) {
		NOC_GROW(l->keys, l->cap, l->nkeys + 1);
		l->keys[l->nkeys].hash = hash;
		l->keys[l->nkeys++].line = line;
	}
	if (!w->ops->on_key)
		return;
	set_path(w, l->path);
	if (w->path.len)
		noc_strbuf_addc(&w->path, '.');
	noc_strbuf_add(&w->path, text, len);
	w->ops->on_key(w->path.p, line, w->ops->arg);
}

static bool
last_is(const struct walker *w, int i, char punct)
{
	return w->last[i].type == T_OTHER && w->last[i].punct == punct;
}

static bool
last_starts_field(const struct walker *w, int i)
{
	return last_is(w, i, '{') || last_is(w, i, ',') || last_is(w, i, ';');
}

/* At `=`: was it the key of a field? */
static void
on_assign(struct walker *w)
{
	struct level *l = top(w);

	if (!l || l->open != '{')
		return;
	if (w->last[0].type == T_NAME && last_starts_field(w, 1))
		on_key(w, l, w->last[0].text, w->last[0].len, w->last[0].line);
	else if (last_is(w, 0, ']') && w->last[1].type == T_STRING &&
		 last_is(w, 2, '[') && last_starts_field(w, 3) &&
		 !memchr(w->last[1].text, '\\', w->last[1].len))
		on_key(w, l, w->last[1].text, w->last[1].len, w->last[1].line);
}

/* A table that is no key's value has its position in the path. */
static void
on_open(struct walker *w)
{
	struct level *l = top(w);

	if (w->ops->on_key && l && l->open == '{' && last_starts_field(w, 0)) {
		set_path(w, l->path);
		noc_strbuf_addf(&w->path, "%s%ld", w->path.len ? "." : "",
				l->position);
	}
	push_level(w, '{');
}

static bool
is_keyword(const struct scan *s)
{
	static const char *const words[] = {
		"and",	 "break", "do",	      "else", "elseif", "end",
		"false", "for",	  "function", "goto", "if",	"in",
		"local", "nil",	  "not",      "or",   "repeat", "return",
		"then",	 "true",  "until",    "while"
	};

	for (size_t i = 0; i < NOC_COUNT(words); i++)
		if (*words[i] == *s->text && scan_is(s, words[i]))
			return true;
	return false;
}

/* A name or ( begins an expression; . : [ ( { and a string go on with it. */
static void
on_token(struct walker *w)
{
	const struct scan *s = &w->s;

	if (s->type == T_NAME) {
		if (is_keyword(s))
			w->begun = 0;
		else if (!last_is(w, 0, '.') && !last_is(w, 0, ':'))
			w->begun = s->line;
	} else if (w->begun &&
		   (s->type == T_STRING ||
		    (s->type == T_OTHER && memchr(".:[({", s->punct, 5)))) {
		if (s->line > w->begun && w->ops->on_suffix)
			w->ops->on_suffix(s->line, w->begun, w->ops->arg);
	} else if (s->type == T_OTHER && s->punct == '(') {
		w->begun = s->line;
	} else if (s->type != T_OTHER || !memchr(")]}", s->punct, 3)) {
		w->begun = 0;
	}
}

static void
on_punct(struct walker *w)
{
	switch (w->s.punct) {
	case '{':
		on_open(w);
		break;
	case '(':
	case '[':
		push_level(w, w->s.punct);
		break;
	case '}':
		pop_level(w, '{');
		break;
	case ')':
		pop_level(w, '(');
		break;
	case ']':
		pop_level(w, '[');
		break;
	case ',':
	case ';':
		if (top(w) && top(w)->open == '{')
			top(w)->position++;
		break;
	default:
		break;
	}
}

static void
on_name(struct walker *w)
{
	if (scan_is(&w->s, "function") || scan_is(&w->s, "if") ||
	    scan_is(&w->s, "do") || scan_is(&w->s, "repeat"))
		push_level(w, 'B');
	else if (scan_is(&w->s, "end") || scan_is(&w->s, "until"))
		pop_level(w, 'B');
	else if (scan_is(&w->s, "close") && last_is(w, 0, '<') &&
		 w->last[1].type == T_NAME && w->ops->on_problem)
		w->ops->on_problem(w->s.line, "<close> is not available",
				   w->ops->arg);
}

void
lua_scan(const char *text, size_t len, const struct lua_scan_ops *ops)
{
	struct walker w = { .s = { .p = text, .end = text + len, .line = 1 },
			    .ops = ops };

	for (;;) {
		scan_next(&w.s);
		if (w.s.type == T_END)
			break;
		on_token(&w);
		if (w.s.type == T_ASSIGN)
			on_assign(&w);
		else if (w.s.type == T_OTHER)
			on_punct(&w);
		else if (w.s.type == T_NAME)
			on_name(&w);
		memmove(&w.last[1], &w.last[0], 3 * sizeof(w.last[0]));
		w.last[0].type = w.s.type;
		w.last[0].text = w.s.text;
		w.last[0].len = w.s.len;
		w.last[0].punct = w.s.punct;
		w.last[0].line = w.s.line;
	}
	while (w.nlevels)
		free(w.levels[--w.nlevels].keys);
	free(w.levels);
	noc_strbuf_release(&w.path);
}
