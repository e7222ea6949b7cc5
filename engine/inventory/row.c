/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/inventory/row.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"

/*
 * Sources say 161 or "161", 3 or "3", null or nothing, as their language has
 * it; what follows meets one type a column.
 */
enum row_type { ROW_TEXT, ROW_WORDS, ROW_FLAG, ROW_PORT, ROW_CABLES };

static const struct row_column {
	const char *name;
	enum row_type type;
	const char *wants;
} row_columns[] = {
	{ "name", ROW_TEXT, "a text" },
	{ "role", ROW_TEXT, "a text" },
	{ "site", ROW_TEXT, "a text" },
	{ "vendor", ROW_TEXT, "a text" },
	{ "credential", ROW_TEXT, "a text" },
	{ "address", ROW_WORDS, "a text or a list of texts" },
	{ "addresses", ROW_WORDS, "a text or a list of texts" },
	{ "tags", ROW_WORDS, "a text or a list of texts" },
	{ "relay", ROW_FLAG, "true or false" },
	{ "snmp_port", ROW_PORT, "a number from 1 to 65535" },
	{ "cables", ROW_CABLES,
	  "a text or a table of IFNAME = \"DEVICE/IFNAME\"" },
};

/* NULL: it is none.  Returned. */
static struct noc_value *
row_text(const struct noc_value *v)
{
	if (v->type == NOC_INT)
		return noc_value_strf("%lld", (long long)v->u.i);
	if (v->type != NOC_STR || memchr(v->u.s.p, '\0', v->u.s.len))
		return NULL;
	return noc_value_copy(v);
}

static struct noc_value *
row_words(const struct noc_value *v)
{
	struct noc_value *list, *word;

	if (v->type != NOC_LIST)
		return row_text(v);
	list = noc_value_list();
	for (size_t i = 0; i < v->u.list.len; i++) {
		word = row_text(v->u.list.at[i]);
		if (!word) {
			noc_value_free(list);
			return NULL;
		}
		noc_value_push(list, word);
	}
	return list;
}

static struct noc_value *
row_flag(const struct noc_value *v)
{
	static const char *const words[2][5] = {
		{ "false", "no", "off", "0", "" },
		{ "true", "yes", "on", "1", "true" },
	};

	if (v->type == NOC_BOOL)
		return noc_value_copy(v);
	if (v->type == NOC_INT && (v->u.i == 0 || v->u.i == 1))
		return noc_value_bool(v->u.i != 0);
	for (int b = 0; v->type == NOC_STR && b < 2; b++)
		for (size_t i = 0; i < NOC_COUNT(words[b]); i++)
			if (noc_value_is_str(v, words[b][i]))
				return noc_value_bool(b != 0);
	return NULL;
}

static struct noc_value *
row_port(const struct noc_value *v)
{
	int64_t n = v->type == NOC_INT ? v->u.i : 0;
	char *end = NULL;

	if (v->type == NOC_STR && v->u.s.len) {
		n = strtol(v->u.s.p, &end, 10);
		if (end != v->u.s.p + v->u.s.len)
			n = 0;
	}
	return n >= 1 && n <= 65535 ? noc_value_int(n) : NULL;
}

static struct noc_value *
row_cables(const struct noc_value *v)
{
	if (v->type == NOC_STR)
		return row_text(v);
	if (v->type != NOC_MAP)
		return NULL;
	for (size_t i = 0; i < v->u.map.len; i++) {
		const struct noc_value *far = v->u.map.at[i].value;
		const struct noc_value *device = noc_value_get(far, "device");
		const struct noc_value *ifname = noc_value_get(far, "ifname");

		if (far->type != NOC_STR &&
		    !(device && device->type == NOC_STR && ifname &&
		      ifname->type == NOC_STR))
			return NULL;
	}
	return noc_value_copy(v);
}

static struct noc_value *
row_as(const struct noc_value *v, enum row_type type)
{
	switch (type) {
	case ROW_TEXT:
		return row_text(v);
	case ROW_WORDS:
		return row_words(v);
	case ROW_FLAG:
		return row_flag(v);
	case ROW_PORT:
		return row_port(v);
	case ROW_CABLES:
		return row_cables(v);
	}
	return NULL;
}

/* null, and what a spreadsheet leaves empty. */
static bool
row_is_nothing(const struct noc_value *v)
{
	return v->type == NOC_NIL || (v->type == NOC_STR && v->u.s.len == 0);
}

int
noc_inventory_row(struct noc_value *row, const char *place, struct noc_err *err)
{
	if (row->type != NOC_MAP)
		return noc_err_set(err, NOC_ECONFIG,
				   "%s of the inventory is no table.", place);
	for (size_t i = 0; i < NOC_COUNT(row_columns); i++) {
		const struct row_column *c = &row_columns[i];
		const struct noc_value *v = noc_value_get(row, c->name);
		struct noc_value *as;
		char *text;

		if (!v)
			continue;
		if (row_is_nothing(v)) {
			noc_value_unset(row, c->name);
			continue;
		}
		as = row_as(v, c->type);
		if (as) {
			noc_value_set(row, c->name, as);
			continue;
		}
		text = noc_json_string(v, NOC_JSON_COMPACT);
		noc_err_set(err, NOC_ECONFIG,
			    "%s of the inventory%s%s: '%s' must be %s, not "
			    "%.60s.",
			    place, i ? ", " : "",
			    i ? noc_value_get_str(row, "name", "?") : "",
			    c->name, c->wants, text);
		free(text);
		return NOC_ECONFIG;
	}
	return 0;
}
