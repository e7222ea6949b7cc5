/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <ctype.h>
#include <string.h>

#include "base/strbuf.h"
#include "engine/inventory/private.h"

/*
 * CSV as RFC 4180 and spreadsheets write it: a header row, quoted fields with
 * commas and line ends, a byte order mark; '#' begins a comment line.
 */

struct csv {
	const char *p, *end;
	int line; /* of p */
	struct noc_strbuf field;
	struct noc_value *head; /* list of column names */
};

static int
csv_quoted(struct csv *c, struct noc_err *err)
{
	int began = c->line;

	for (c->p++; c->p < c->end; c->p++) {
		if (*c->p == '"' && c->p + 1 < c->end && c->p[1] == '"')
			c->p++;
		else if (*c->p == '"')
			break;
		c->line += *c->p == '\n';
		noc_strbuf_addc(&c->field, *c->p);
	}
	if (c->p == c->end)
		return noc_err_set(
		    err, NOC_ECONFIG,
		    "Line %d: a field begins with \" that nothing closes.",
		    began);
	c->p++;
	c->p += strspn(c->p, " \t\r");
	if (c->p < c->end && *c->p != ',' && *c->p != '\n')
		return noc_err_set(err, NOC_ECONFIG,
				   "Line %d: text follows a closing \"; a \" "
				   "inside a field is written twice.",
				   c->line);
	return 0;
}

/* One field without the blanks about it; p then is at , or the line's end. */
static int
csv_field(struct csv *c, struct noc_err *err)
{
	const char *from;

	noc_strbuf_clear(&c->field);
	noc_strbuf_adds(&c->field, "");
	c->p += strspn(c->p, " \t\r");
	if (c->p < c->end && *c->p == '"')
		return csv_quoted(c, err);
	from = c->p;
	while (c->p < c->end && *c->p != ',' && *c->p != '\n')
		c->p++;
	for (const char *to = c->p; to > from; to--)
		if (!strchr(" \t\r", to[-1])) {
			noc_strbuf_add(&c->field, from, (size_t)(to - from));
			break;
		}
	return 0;
}

static int
csv_row(struct csv *c, struct noc_value *row, struct noc_err *err)
{
	int line = c->line, r;

	for (size_t col = 0;; col++, c->p++) {
		const struct noc_value *name = noc_value_at(c->head, col);

		r = csv_field(c, err);
		if (r < 0)
			return r;
		if (row->type == NOC_LIST)
			noc_value_push(row, noc_value_str(c->field.p));
		else if (!name && c->field.len)
			return noc_err_set(
			    err, NOC_ECONFIG,
			    "Line %d has more fields than the header.", line);
		else if (name && c->field.len)
			noc_value_set(row, name->u.s.p,
				      noc_value_str(c->field.p));
		if (c->p >= c->end || *c->p == '\n')
			break;
	}
	if (row->type == NOC_MAP)
		noc_value_set(row, NOC_INVENTORY_LINE, noc_value_int(line));
	return 0;
}

/* Names in lower case; one of them is "name", none is there twice. */
static int
csv_head(struct csv *c, int line, struct noc_err *err)
{
	bool named = false;

	for (size_t i = 0; i < noc_value_len(c->head); i++) {
		char *word = noc_value_at(c->head, i)->u.s.p;

		for (char *p = word; *p; p++)
			*p = (char)tolower((unsigned char)*p);
		named |= !strcmp(word, "name");
		for (size_t j = 0; *word && j < i; j++)
			if (noc_value_is_str(noc_value_at(c->head, j), word))
				return noc_err_set(
				    err, NOC_ECONFIG,
				    "Line %d: the column '%s' is there twice.",
				    line, word);
	}
	if (named)
		return 0;
	return noc_err_set(err, NOC_ECONFIG,
			   "Line %d: no column is called 'name'; the first "
			   "line names the columns.",
			   line);
}

int
noc_inventory_csv(const char *text, size_t len, struct noc_value **out,
		  struct noc_err *err)
{
	struct csv c = { .p = text, .end = text + len, .line = 1 };
	struct noc_value *rows = noc_value_list();
	int r = 0;

	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
		c.p += 3; /* as spreadsheets write it */
	if (memchr(text, '\0', len))
		r = noc_err_set(err, NOC_ECONFIG, "It holds a NUL byte.");
	while (c.p < c.end && r == 0) {
		struct noc_value *row;
		int line = c.line;

		if (*c.p == '#' || c.p[strspn(c.p, " \t\r,")] == '\n' ||
		    c.p + strspn(c.p, " \t\r,") == c.end) {
			const char *nl =
			    memchr(c.p, '\n', (size_t)(c.end - c.p));

			c.p = nl ? nl + 1 : c.end;
			c.line++;
			continue;
		}
		row = c.head ? noc_value_map() : noc_value_list();
		r = csv_row(&c, row, err);
		if (c.p < c.end)
			c.p++;
		c.line++;
		if (c.head) {
			noc_value_push(rows, row);
			continue;
		}
		c.head = row;
		if (r == 0)
			r = csv_head(&c, line, err);
	}
	if (r == 0 && !c.head)
		r = noc_err_set(err, NOC_ECONFIG,
				"It is empty: the first line names the "
				"columns.");
	noc_strbuf_release(&c.field);
	noc_value_free(c.head);
	if (r < 0)
		noc_value_free(rows);
	else
		*out = rows;
	return r;
}
