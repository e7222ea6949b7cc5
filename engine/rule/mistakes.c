/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/rule/mistakes.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/strbuf.h"

struct mistake {
	const char *text, *file; /* file:line */
	size_t len, file_len, at_len;
	size_t place; /* where it was said */
	long line;
};

/* At ":12" and then `after`: it is a place that began at `file`. */
static bool
mistake_at(struct mistake *m, const char *file, const char *p, char after)
{
	const char *end = m->text + m->len, *q = p + 1;

	while (q < end && isdigit((unsigned char)*q))
		q++;
	if (*p != ':' || q == p + 1 || q == end || *q != after)
		return false;
	m->line = strtol(p + 1, NULL, 10);
	m->file = file;
	m->file_len = (size_t)(p - file);
	m->at_len = (size_t)(q - file);
	return true;
}

static void
mistake_place(struct mistake *m)
{
	const char *end = m->text + m->len, *p = m->text, *open = NULL;

	while (p < end && *p != ':' && *p != ' ' && *p != '(')
		p++;
	if (p < end && mistake_at(m, m->text, p, ':'))
		return;
	for (; p < end; p++) {
		if (*p == '(' && p > m->text && p[-1] == ' ')
			open = p + 1;
		if (open && mistake_at(m, open, p, ')'))
			return;
	}
}

/* The place comes first. */
static void
mistake_add(const struct mistake *m, struct noc_strbuf *out)
{
	const char *rest = m->file + m->at_len;

	if (!m->file || m->file == m->text) {
		noc_strbuf_add(out, m->text, m->len);
	} else {
		noc_strbuf_add(out, m->file, m->at_len);
		noc_strbuf_adds(out, ": ");
		noc_strbuf_add(out, m->text,
			       (size_t)(m->file - m->text) - strlen(" ("));
		noc_strbuf_add(out, rest + 1,
			       m->len - (size_t)(rest + 1 - m->text));
	}
	noc_strbuf_addc(out, '\n');
}

static int
mistake_cmp(const void *va, const void *vb)
{
	const struct mistake *a = va, *b = vb;
	size_t n = a->file_len < b->file_len ? a->file_len : b->file_len;
	int cmp = n ? memcmp(a->file, b->file, n) : 0;

	if (!cmp && a->file_len != b->file_len)
		cmp = a->file_len < b->file_len ? -1 : 1;
	if (!cmp && a->line != b->line)
		cmp = a->line < b->line ? -1 : 1;
	return cmp ? cmp : a->place < b->place ? -1 : 1;
}

char *
noc_mistakes_sorted(const char *lines)
{
	struct noc_strbuf out = NOC_STRBUF_INIT;
	struct mistake *all = NULL;
	size_t n = 0, cap = 0;

	for (const char *p = lines; *p; p += *p == '\n') {
		size_t len = strcspn(p, "\n");

		if (len) {
			NOC_GROW(all, cap, n + 1);
			all[n] = (struct mistake){ .text = p,
						   .len = len,
						   .place = n };
			mistake_place(&all[n++]);
		}
		p += len;
	}
	if (n)
		qsort(all, n, sizeof(*all), mistake_cmp);
	for (size_t i = 0; i < n; i++)
		mistake_add(&all[i], &out);
	free(all);
	return noc_strbuf_detach(&out, NULL);
}
