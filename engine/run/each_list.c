/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/hex.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "engine/expr/template.h"
#include "engine/inventory/inventory.h"
#include "engine/lang/ast.h"
#include "engine/run/blast.h"
#include "engine/run/each_private.h"
#include "engine/run/runner.h"

/* The list of an each: what its items are, and how they are called. */

/* ---- over ---- */

static void
item_set(struct noc_value *item, const char *key, const char *text)
{
	if (text && text[0])
		noc_value_set(item, key, noc_value_str(text));
}

static struct noc_value *
item_of_device(const struct noc_device *d)
{
	struct noc_value *item =
	    d->extra ? noc_value_copy(d->extra) : noc_value_map();

	item_set(item, "name", d->name);
	item_set(item, "address", d->naddresses ? d->addresses[0] : NULL);
	item_set(item, "role", d->role);
	item_set(item, "site", d->site);
	item_set(item, "vendor", d->vendor);
	return item;
}

static int
device_by_name(const void *a, const void *b)
{
	const struct noc_device *const *da = a, *const *db = b;

	return strcmp((*da)->name, (*db)->name);
}

/* inventory { role = "access" }: by name. */
static int
list_of_inventory(const struct noc_core *core, const struct noc_value *selector,
		  struct noc_value **items, struct noc_err *err)
{
	struct noc_inventory *inv = noc_core_inv(core);
	const struct noc_device **found;
	size_t n;

	if (!inv)
		return noc_err_set(err, NOC_EINPUT,
				   "there is no inventory to select from");
	found = noc_calloc(inv->ndevices + 1, sizeof(struct noc_device *));
	n = noc_inventory_select(inv, selector, found, inv->ndevices);
	if (n)
		qsort(found, n, sizeof(struct noc_device *), device_by_name);
	*items = noc_value_list();
	for (size_t i = 0; i < n; i++)
		noc_value_push(*items, item_of_device(found[i]));
	free(found);
	return 0;
}

int
noc_each_over(const struct noc_core *core, const struct noc_value *over,
	      const struct noc_scope *scope, struct noc_value **items,
	      struct noc_err *err)
{
	struct noc_value *selector = NULL;
	int rc;

	if (!noc_ast_is(over, "inventory"))
		return noc_template_tree(over, scope, NOC_MISSING_FAIL, items,
					 err);
	rc = noc_template_tree(noc_ast_opts(over), scope, NOC_MISSING_FAIL,
			       &selector, err);
	if (!rc)
		rc = list_of_inventory(core, selector, items, err);
	noc_value_free(selector);
	return rc;
}

/* ---- keys ---- */

/* What an item is called when the rule does not say: itself, its name, its id,
 * its place. */
static void
key_plain(const struct noc_value *item, size_t place, struct noc_strbuf *out)
{
	static const char *const names[] = { "name", "id", "key" };
	const struct noc_value *v = item;

	for (size_t i = 0; item->type == NOC_MAP && i < NOC_COUNT(names); i++) {
		v = noc_value_get(item, names[i]);
		if (v && (v->type == NOC_STR || v->type == NOC_INT))
			break;
		v = NULL;
	}
	if (v && (v->type == NOC_STR || v->type == NOC_INT))
		noc_value_text(v, out);
	if (!out->len)
		noc_strbuf_addf(out, "%zu", place + 1);
}

struct noc_value *
noc_each_extra(const struct noc_lane *around, const char *as,
	       const struct noc_value *item)
{
	struct noc_scope scope;
	struct noc_value *extra;

	noc_lane_scope(around, &scope);
	extra = scope.extra ? noc_value_copy(scope.extra) : noc_value_map();
	noc_value_set(extra, as, noc_value_copy(item));
	return extra;
}

/* "[", "]", "/", "!", "%", controls and what is no UTF-8 as %XX. */
static char *
key_escaped(const struct noc_strbuf *plain)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;

	for (size_t i = 0; i < plain->len;) {
		unsigned char c = (unsigned char)plain->p[i];
		uint32_t cp;
		size_t n = noc_utf8_decode(plain->p + i, plain->len - i, &cp);

		if (n == 0 || c < ' ' || c == 0x7f || strchr("[]/!%", c)) {
			noc_strbuf_addf(&sb, "%%%02X", c);
			i++;
			continue;
		}
		noc_strbuf_add(&sb, plain->p + i, n);
		i += n;
	}
	return noc_strbuf_detach(&sb, NULL);
}

static int
list_key(struct noc_each *e, const struct noc_value *item, size_t i,
	 struct noc_strbuf *keys, struct noc_err *err)
{
	struct noc_strbuf plain = NOC_STRBUF_INIT;
	struct noc_value *extra = NULL;
	struct noc_scope scope;
	char *key;
	int rc = 0;

	if (e->def->key) {
		noc_lane_scope(e->live->lane, &scope);
		extra = noc_each_extra(e->live->lane, e->def->as, item);
		scope.extra = extra;
		scope.item = item;
		rc = noc_template_text(e->def->key, &scope, NOC_MISSING_FAIL,
				       &plain, err);
		noc_value_free(extra);
	} else {
		key_plain(item, i, &plain);
	}
	if (!rc && !plain.len)
		rc = noc_err_set(err, NOC_EINPUT, "item %zu has an empty key",
				 i + 1);
	if (!rc) {
		key = key_escaped(&plain);
		e->key_at[i] = (uint32_t)keys->len;
		noc_strbuf_add(keys, key, strlen(key) + 1);
		if (strlen(key) > NOC_EACH_KEY_MAX)
			rc = noc_err_set(err, NOC_EINPUT,
					 "the key of item %zu has more than %d "
					 "bytes: %.40s...",
					 i + 1, NOC_EACH_KEY_MAX, key);
		free(key);
	}
	noc_strbuf_release(&plain);
	return rc;
}

const char *
each_key(const struct noc_each *e, size_t i)
{
	return e->keys + e->key_at[i];
}

/* Of one key by their place. */
static int
by_key(const void *a, const void *b, void *arg)
{
	const uint32_t *i = a, *k = b;
	int c = strcmp(each_key(arg, *i), each_key(arg, *k));

	return c ? c : (*i > *k) - (*i < *k);
}

static int
list_sort(struct noc_each *e, struct noc_err *err)
{
	size_t same = 0;

	for (size_t i = 0; i < e->n; i++)
		e->by_key[i] = (uint32_t)i;
	qsort_r(e->by_key, e->n, sizeof(*e->by_key), by_key, e);
	for (size_t i = 1; i < e->n && !same; i++)
		if (!strcmp(each_key(e, e->by_key[i - 1]),
			    each_key(e, e->by_key[i])))
			same = i;
	if (!same)
		return 0;
	return noc_err_set(err, NOC_EINPUT,
			   "items %zu and %zu have the same key '%s'; say key "
			   "= \"{%s.…}\"",
			   (size_t)e->by_key[same - 1] + 1,
			   (size_t)e->by_key[same] + 1,
			   each_key(e, e->by_key[same]), e->def->as);
}

size_t
each_find(const struct noc_each *e, const char *key)
{
	size_t lo = 0, hi = e->n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		int c = strcmp(each_key(e, e->by_key[mid]), key);

		if (!c)
			return e->by_key[mid] + 1;
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return 0;
}

/* In memory it is a fraction of what its values take. */
static void
list_freeze(struct noc_each *e, const struct noc_value *items)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;

	noc_strbuf_addc(&sb, '[');
	for (size_t i = 0; i < e->n; i++) {
		if (i)
			noc_strbuf_addc(&sb, ',');
		e->list_at[i] = (uint32_t)sb.len;
		noc_json_write(noc_value_at(items, i), NOC_JSON_CANONICAL, &sb);
	}
	noc_strbuf_addc(&sb, ']');
	e->list_at[e->n] = (uint32_t)sb.len;
	e->list = noc_strbuf_detach(&sb, NULL);
}

int
each_list_is(struct noc_each *e, const struct noc_value *items,
	     struct noc_err *err)
{
	struct noc_strbuf keys = NOC_STRBUF_INIT;
	/* An empty table of Lua is either. */
	bool none = items->type == NOC_MAP && !noc_value_len(items);
	size_t n = noc_value_len(items);
	int rc = 0;

	if (items->type != NOC_LIST && !none)
		return noc_err_set(err, NOC_EINPUT, "'over' is no list");
	if (n > NOC_EACH_ITEMS_MAX)
		return noc_err_set(err, NOC_EINPUT,
				   "'over' has %zu items; at most %d are taken",
				   n, NOC_EACH_ITEMS_MAX);
	e->n = n;
	e->key_at = noc_calloc(e->n + 1, sizeof(*e->key_at));
	e->by_key = noc_calloc(e->n + 1, sizeof(*e->by_key));
	e->list_at = noc_calloc(e->n + 1, sizeof(*e->list_at));
	e->fate = noc_calloc(e->n + 1, 1);
	e->said = noc_calloc(e->n + 1, sizeof(struct noc_value *));
	e->lanes = noc_calloc(e->n + 1, sizeof(struct noc_lane *));
	e->count[NOC_ITEM_WAITS] = e->n;
	for (size_t i = 0; !rc && i < e->n; i++)
		rc = list_key(e, noc_value_at(items, i), i, &keys, err);
	e->keys = noc_strbuf_detach(&keys, NULL);
	list_freeze(e, items);
	return rc ? rc : list_sort(e, err);
}

/* ---- numbers ---- */

static int
list_number(const struct noc_template *t, const struct noc_scope *scope,
	    const char *what, int64_t least, int64_t most, int64_t *n,
	    struct noc_err *err)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	char *end;
	int rc;

	if (!t)
		return 0;
	rc = noc_template_text(t, scope, NOC_MISSING_FAIL, &sb, err);
	if (!rc) {
		*n = sb.len ? strtoll(sb.p, &end, 10) : -1;
		if (!sb.len || (*end && strcmp(end, "%") != 0) || *n < least ||
		    *n > most)
			rc = noc_err_set(err, NOC_EINPUT,
					 "'%s' is \"%.40s\", and must be %lld "
					 "to %lld",
					 what, sb.p ? sb.p : "",
					 (long long)least, (long long)most);
	}
	noc_strbuf_release(&sb);
	return rc;
}

int
each_list(struct noc_each *e, struct noc_err *err)
{
	const struct noc_each_def *def = e->def;
	struct noc_value *items = NULL;
	struct noc_scope scope;
	int64_t most = def->need == NOC_NEED_PERCENT ? 100 : NOC_EACH_ITEMS_MAX;
	int rc;

	noc_lane_scope(e->live->lane, &scope);
	e->limit = def->limit;
	e->need = def->need == NOC_NEED_ALL ? -1 : def->need_n;
	e->percent = def->need == NOC_NEED_PERCENT;
	rc = list_number(def->limit_text, &scope, "limit", 1,
			 NOC_EACH_ITEMS_MAX, &e->limit, err);
	if (!rc)
		rc = list_number(def->need_text, &scope, "need", 0, most,
				 &e->need, err);
	if (!rc)
		rc = noc_each_over(e->live->run->core, def->over, &scope,
				   &items, err);
	if (!rc)
		rc = each_list_is(e, items, err);
	if (!rc && !e->n && !def->empty_ok)
		rc = noc_err_set(err, NOC_EINPUT,
				 "'over' has no items; say empty = \"ok\" when "
				 "that may be");
	if (!rc)
		rc = noc_blast_each(e->live, items, err);
	noc_value_free(items);
	return rc;
}

struct noc_value *
each_need_said(const struct noc_each *e)
{
	if (e->need < 0)
		return noc_value_str("all");
	return noc_value_strf("%lld%s", (long long)e->need,
			      e->percent ? "%" : "");
}

/* ---- waves ---- */

size_t
noc_each_wave_end(const struct noc_each_def *def, size_t n, size_t wave)
{
	size_t end = 0;

	if (!def->nwaves)
		return n;
	for (size_t i = 0; i <= wave && i < def->nwaves; i++) {
		const struct noc_wave *w = &def->waves[i];

		if (w->kind == NOC_WAVE_REST)
			return n;
		if (w->kind == NOC_WAVE_COUNT)
			end += (size_t)w->n;
		else
			end += (n * (size_t)w->n + 99) / 100;
	}
	return wave >= def->nwaves || end > n ? n : end;
}

size_t
each_wave_end(const struct noc_each *e, size_t wave)
{
	return noc_each_wave_end(e->def, e->n, wave);
}

/* ---- as it is kept ---- */

void
each_hash(const struct noc_each *e, char hex[65])
{
	uint8_t hash[32];

	noc_sha256_once(e->list, strlen(e->list), hash);
	noc_hex(hex, hash, sizeof(hash));
}

static struct noc_value *
list_parse(const char *text, size_t len)
{
	struct noc_value *v = NULL;

	if (NOC_FAILS(!noc_json_parse_own(text, len, &v, NULL)))
		v = noc_value_nil();
	return v;
}

struct noc_value *
each_value(const struct noc_each *e, size_t i)
{
	/* Behind it is a comma, or the end. */
	return list_parse(e->list + e->list_at[i],
			  e->list_at[i + 1] - e->list_at[i] - 1);
}

struct noc_value *
each_values(const struct noc_each *e)
{
	return list_parse(e->list, strlen(e->list));
}
