/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/expr/listing.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"

/* ---- keys ---- */

/* What it is called: a text is its own name, what has none is itself. */
static const struct noc_value *
item_name(const struct noc_value *item)
{
	static const char *const names[] = { "key", "name", "id" };

	for (size_t i = 0; item->type == NOC_MAP && i < NOC_COUNT(names); i++)
		if (noc_value_get(item, names[i]))
			return noc_value_get(item, names[i]);
	return item;
}

void
noc_listing_keys(const struct noc_value *v, struct noc_strbuf *out)
{
	for (size_t i = 0; i < noc_value_len(v); i++) {
		if (i)
			noc_strbuf_addc(out, ',');
		if (v->type == NOC_MAP)
			noc_strbuf_adds(out, v->u.map.at[i].key);
		else
			noc_value_text(item_name(noc_value_at(v, i)), out);
	}
}

/* ---- a table ---- */

struct listing {
	const struct noc_value *list;
	const char *names[NOC_LISTING_COLUMNS]; /* of members */
	int cells[NOC_LISTING_COLUMNS];		/* so wide */
	size_t ncolumns;
	size_t nlines;
};

static void
column_add(struct listing *l, const char *name)
{
	for (size_t i = 0; i < l->ncolumns; i++)
		if (!strcmp(l->names[i], name))
			return;
	if (l->ncolumns < NOC_LISTING_COLUMNS)
		l->names[l->ncolumns++] = name;
}

/* What it is and how it is first: a list that was sent has lost its order. */
static void
columns_find(struct listing *l)
{
	static const char *const first[] = { "key", "name", "state" };

	for (size_t k = 0; k < NOC_COUNT(first); k++)
		for (size_t i = 0; i < l->nlines; i++)
			if (noc_value_get(noc_value_at(l->list, i), first[k]))
				column_add(l, first[k]);
	for (size_t i = 0; i < l->nlines; i++) {
		const struct noc_value *item = noc_value_at(l->list, i);

		for (size_t k = 0;
		     item->type == NOC_MAP && k < noc_value_len(item); k++)
			column_add(l, item->u.map.at[k].key);
	}
}

/* One line of a text, as long as a cell may be. */
static void
cell_text(const struct listing *l, size_t line, size_t column,
	  struct noc_strbuf *out)
{
	const struct noc_value *item = noc_value_at(l->list, line);
	const struct noc_value *v = item;
	struct noc_strbuf text = NOC_STRBUF_INIT;
	size_t fit;

	if (l->ncolumns && item->type == NOC_MAP)
		v = noc_value_get(item, l->names[column]);
	else if (column > 0)
		v = NULL;
	noc_strbuf_add(&text, "", 0);
	if (v && v->type != NOC_NIL)
		noc_value_text(v, &text);
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.p[i] < ' ')
			text.p[i] = ' ';
	if (!text.len)
		noc_strbuf_addc(&text, '-');
	fit = noc_utf8_fit(text.p, text.len, NOC_LISTING_CELLS);
	if (fit < text.len)
		fit = noc_utf8_fit(text.p, text.len, NOC_LISTING_CELLS - 1);
	noc_strbuf_add(out, text.p, fit);
	if (fit < text.len)
		noc_strbuf_adds(out, "…");
	noc_strbuf_release(&text);
}

static void
column_measure(struct listing *l, size_t column)
{
	struct noc_strbuf text = NOC_STRBUF_INIT;
	int most = l->ncolumns ? noc_utf8_cells(l->names[column],
						strlen(l->names[column]))
			       : 0;

	for (size_t i = 0; i < l->nlines; i++) {
		int cells;

		noc_strbuf_clear(&text);
		cell_text(l, i, column, &text);
		cells = noc_utf8_cells(text.p, text.len);
		if (cells > most)
			most = cells;
	}
	l->cells[column] = most;
	noc_strbuf_release(&text);
}

/* Nothing stands behind the last of a line. */
static void
cell_add(const struct listing *l, size_t column, const struct noc_strbuf *text,
	 struct noc_strbuf *out)
{
	int cells = noc_utf8_cells(text->p, text->len);

	noc_strbuf_add(out, text->p, text->len);
	if (column + 1 >= l->ncolumns)
		return;
	for (; cells < l->cells[column] + 2; cells++)
		noc_strbuf_addc(out, ' ');
}

static void
line_add(const struct listing *l, size_t line, struct noc_strbuf *out)
{
	struct noc_strbuf text = NOC_STRBUF_INIT;

	for (size_t c = 0; c < (l->ncolumns ? l->ncolumns : 1); c++) {
		noc_strbuf_clear(&text);
		cell_text(l, line, c, &text);
		cell_add(l, c, &text, out);
	}
	noc_strbuf_release(&text);
}

static void
head_add(const struct listing *l, struct noc_strbuf *out)
{
	struct noc_strbuf text = NOC_STRBUF_INIT;

	for (size_t c = 0; c < l->ncolumns; c++) {
		noc_strbuf_clear(&text);
		noc_strbuf_adds(&text, l->names[c]);
		cell_add(l, c, &text, out);
	}
	if (l->ncolumns)
		noc_strbuf_addc(out, '\n');
	noc_strbuf_release(&text);
}

/* Of a map a line for each of its members. */
static struct noc_value *
listing_members(const struct noc_value *map)
{
	struct noc_value *list = noc_value_list();

	for (size_t i = 0; i < noc_value_len(map); i++) {
		struct noc_value *row = noc_value_map();

		noc_value_set(row, "name", noc_value_str(map->u.map.at[i].key));
		noc_value_set(row, "value",
			      noc_value_copy(map->u.map.at[i].value));
		noc_value_push(list, row);
	}
	return list;
}

void
noc_listing_table(const struct noc_value *v, struct noc_strbuf *out)
{
	struct noc_value *own = v->type == NOC_MAP ? listing_members(v) : NULL;
	struct listing l = { .list = own ? own : v };
	size_t all = noc_value_len(l.list);

	l.nlines = all < NOC_LISTING_LINES ? all : NOC_LISTING_LINES;
	columns_find(&l);
	for (size_t c = 0; c < l.ncolumns; c++)
		column_measure(&l, c);
	head_add(&l, out);
	for (size_t i = 0; i < l.nlines; i++) {
		if (i)
			noc_strbuf_addc(out, '\n');
		line_add(&l, i, out);
	}
	if (l.nlines < all)
		noc_strbuf_addf(out, "\nand %zu more", all - l.nlines);
	noc_value_free(own);
}
