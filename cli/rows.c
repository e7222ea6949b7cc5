/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "cli/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "cli/verb.h"

#define ID_SHOWN 18 /* its time and 16 bits more: a prefix the API takes */

static int
output_parse(const char *word, enum noc_output *out)
{
	static const char *const words[] = { "table", "json", "jsonl" };

	for (size_t i = 0; i < NOC_COUNT(words); i++)
		if (!strcmp(word, words[i])) {
			*out = (enum noc_output)i;
			return 0;
		}
	return NOC_EINPUT;
}

int
noc_output_said(const struct noc_verb *verb, const struct noc_value *opts,
		enum noc_output *out)
{
	const char *said = noc_value_get_str(opts, "output", NULL);

	if (!said || output_parse(said, out) == 0)
		return NOC_EXIT_OK;
	return noc_verb_misuse(verb, "-o takes table, json or jsonl, not '%s'.",
			       said);
}

/* ---- one cell ---- */

/* "07:06:00" today, else with the day; local time, as people read it. */
static bool
rows_time(const struct noc_value *v, char *buf, size_t size)
{
	time_t now = time(NULL), t;
	struct tm a, b;
	int64_t ns;

	if (v->type != NOC_STR || noc_time_parse(v->u.s.p, v->u.s.len, &ns))
		return false;
	t = (time_t)(ns / NOC_NS_PER_S);
	localtime_r(&t, &a);
	localtime_r(&now, &b);
	if (a.tm_year == b.tm_year && a.tm_yday == b.tm_yday)
		return strftime(buf, size, "%H:%M:%S", &a) > 0;
	return strftime(buf, size, "%Y-%m-%d %H:%M:%S", &a) > 0;
}

static size_t
rows_width(const char *text)
{
	return (size_t)noc_utf8_cells(text, strlen(text));
}

/* At most max cells; "…" says that there was more. */
static void
rows_cut(struct noc_strbuf *sb, size_t from, int max)
{
	size_t len = sb->len - from;

	if (max <= 0 || noc_utf8_fit(sb->p + from, len, max) == len)
		return;
	sb->len = from + noc_utf8_fit(sb->p + from, len, max - 1);
	sb->p[sb->len] = '\0';
	noc_strbuf_adds(sb, "…");
}

/* "device=sw1 kind=link.*"; what is no map stays as it is. */
static void
rows_pairs(const struct noc_value *v, struct noc_strbuf *out)
{
	if (v->type != NOC_MAP) {
		noc_value_text(v, out);
		return;
	}
	for (size_t i = 0; i < v->u.map.len; i++) {
		noc_strbuf_addf(out, "%s%s=", i ? " " : "", v->u.map.at[i].key);
		noc_value_text(v->u.map.at[i].value, out);
	}
}

void
noc_rows_text(const struct noc_value *v, char how, int max,
	      struct noc_strbuf *out)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	size_t from = out->len;
	char buf[32];

	if (!v || v->type == NOC_NIL) {
		noc_strbuf_adds(out, "-");
		return;
	}
	if (how == 't' && rows_time(v, buf, sizeof(buf))) {
		noc_strbuf_adds(out, buf);
		return;
	}
	if (how == 'm')
		rows_pairs(v, &sb);
	else
		noc_value_text(v, &sb);
	if (how == 'i' && sb.len > ID_SHOWN)
		sb.len = ID_SHOWN;
	if (sb.len)
		noc_strbuf_add_escaped(out, sb.p, sb.len);
	else
		noc_strbuf_adds(out, "-");
	noc_strbuf_release(&sb);
	rows_cut(out, from, max);
}

/* ---- a table ---- */

static void
rows_line(char *const *cells, const struct noc_column *columns, size_t n,
	  const size_t *widths)
{
	for (size_t i = 0; i < n; i++) {
		size_t w = rows_width(cells[i]);
		int pad = w < widths[i] ? (int)(widths[i] - w) : 0;

		if (columns[i].how == 'r')
			printf("%*s%s", pad, "", cells[i]);
		else
			printf("%s%*s", cells[i], i + 1 < n ? pad : 0, "");
		fputs(i + 1 < n ? "  " : "\n", stdout);
	}
}

static void
rows_head(const struct noc_column *columns, size_t n, const size_t *widths)
{
	char **cells = noc_calloc(n, sizeof(char *));
	bool bold = noc_verb_colour();

	for (size_t i = 0; i < n; i++)
		cells[i] = noc_strdup(columns[i].title);
	if (bold)
		fputs("\033[1m", stdout);
	rows_line(cells, columns, n, widths);
	if (bold)
		fputs("\033[0m", stdout);
	for (size_t i = 0; i < n; i++)
		free(cells[i]);
	free(cells);
}

/* Events of one moment begin alike: then the ids of a column are shown whole,
 * so that each can be copied. */
static void
rows_whole_ids(const struct noc_value *list, const char *path, char **cells,
	       size_t n)
{
	size_t rows = noc_value_len(list);
	bool alike = false;

	for (size_t r = 0; !alike && r < rows; r++)
		for (size_t k = r + 1; !alike && k < rows; k++)
			alike = !strcmp(cells[r * n], cells[k * n]) &&
				strcmp(noc_value_get_str(noc_value_at(list, r),
							 path, ""),
				       noc_value_get_str(noc_value_at(list, k),
							 path, ""));
	for (size_t r = 0; alike && r < rows; r++) {
		struct noc_strbuf sb = NOC_STRBUF_INIT;

		noc_rows_text(noc_value_get(noc_value_at(list, r), path), 'l',
			      0, &sb);
		free(cells[r * n]);
		cells[r * n] = noc_strbuf_detach(&sb, NULL);
	}
}

static void
rows_widen(char *const *cells, size_t rows, size_t n, size_t *width)
{
	for (size_t r = 0; r < rows; r++) {
		size_t w = rows_width(cells[r * n]);

		if (w > *width)
			*width = w;
	}
}

void
noc_rows_print(const struct noc_value *list, const struct noc_column *columns,
	       size_t n, const char *none)
{
	size_t rows = noc_value_len(list);
	char **cells = noc_calloc(rows * n + 1, sizeof(char *));
	size_t *widths = noc_calloc(n, sizeof(*widths));

	for (size_t i = 0; i < n; i++)
		widths[i] = rows_width(columns[i].title);
	for (size_t r = 0; r < rows; r++)
		for (size_t i = 0; i < n; i++) {
			struct noc_strbuf sb = NOC_STRBUF_INIT;

			noc_rows_text(noc_value_path(noc_value_at(list, r),
						     columns[i].path),
				      columns[i].how, columns[i].max, &sb);
			cells[r * n + i] = noc_strbuf_detach(&sb, NULL);
		}
	for (size_t i = 0; i < n; i++) {
		if (columns[i].how == 'i')
			rows_whole_ids(list, columns[i].path, cells + i, n);
		rows_widen(cells + i, rows, n, &widths[i]);
	}
	if (rows)
		rows_head(columns, n, widths);
	else if (none)
		fprintf(stderr, "%s\n", none);
	for (size_t r = 0; r < rows; r++)
		rows_line(cells + r * n, columns, n, widths);
	for (size_t i = 0; i < rows * n; i++)
		free(cells[i]);
	free(cells);
	free(widths);
}

/* ---- JSON ---- */

void
noc_rows_json(const struct noc_value *v, bool pretty)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;

	noc_json_write(v, pretty ? NOC_JSON_PRETTY : NOC_JSON_COMPACT, &sb);
	noc_strbuf_addc(&sb, '\n');
	fwrite(sb.p, 1, sb.len, stdout);
	noc_strbuf_release(&sb);
}

void
noc_rows_output(enum noc_output output, const struct noc_value *answer,
		const char *key, const struct noc_column *columns, size_t n,
		const char *none)
{
	const struct noc_value *list = noc_value_get(answer, key);

	switch (output) {
	case NOC_OUTPUT_TABLE:
		noc_rows_print(list, columns, n, none);
		return;
	case NOC_OUTPUT_JSON:
		noc_rows_json(answer, true);
		return;
	case NOC_OUTPUT_JSONL:
		for (size_t i = 0; i < noc_value_len(list); i++)
			noc_rows_json(noc_value_at(list, i), false);
		return;
	}
}

static void
rows_fields(const char *prefix, const struct noc_value *map)
{
	for (size_t i = 0; i < map->u.map.len; i++) {
		const struct noc_member *m = &map->u.map.at[i];
		struct noc_strbuf name = NOC_STRBUF_INIT,
				  text = NOC_STRBUF_INIT;

		noc_strbuf_adds(&name, prefix);
		noc_strbuf_add_escaped(&name, m->key, strlen(m->key));
		if (m->value->type == NOC_MAP && noc_value_len(m->value)) {
			noc_strbuf_addc(&name, '.');
			rows_fields(name.p, m->value);
		} else {
			noc_rows_text(m->value, 't', 0, &text);
			printf("%-22s  %s\n", name.p, text.p);
		}
		noc_strbuf_release(&name);
		noc_strbuf_release(&text);
	}
}

void
noc_rows_fields(enum noc_output output, const struct noc_value *map)
{
	if (output == NOC_OUTPUT_TABLE && map->type == NOC_MAP)
		rows_fields("", map);
	else
		noc_rows_json(map, output == NOC_OUTPUT_JSON);
}
