/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/json.h"
#include "base/mem.h"
#include "engine/event.h"
#include "engine/inventory_private.h"
#include "engine/lua.h"
#include "engine/where.h"

#define INVENTORY_DEVICES_MAX 100000
#define INVENTORY_BYTES_MAX   (64 * 1024 * 1024)

/* ---- building: a list of row maps is what every format becomes ---- */

static const char *
inventory_str(const struct noc_value *row, const char *key)
{
	return noc_value_get_str(row, key, "");
}

/* A list, or text with commas, semicolons or blanks between. */
static size_t
inventory_words(const struct noc_value *v, const char ***out)
{
	const char **at = NULL;
	size_t n = 0, cap = 0;

	if (v && v->type == NOC_LIST) {
		for (size_t i = 0; i < v->u.list.len; i++) {
			if (v->u.list.at[i]->type != NOC_STR)
				continue;
			NOC_GROW(at, cap, n + 1);
			at[n++] = noc_interns(v->u.list.at[i]->u.s.p);
		}
	} else if (v && v->type == NOC_STR) {
		const char *p = v->u.s.p;

		while (*(p += strspn(p, " ,;|"))) {
			size_t len = strcspn(p, " ,;|");

			NOC_GROW(at, cap, n + 1);
			at[n++] = noc_intern(p, len);
			p += len;
		}
	}
	*out = at;
	return n;
}

/* cables: map ifname -> "device/ifname" or {device, ifname}; in CSV
 * "Gi1/0/1=sw2/Gi1/0/2;Gi1/0/3=sw4/Gi0/1". */
static void
inventory_cable(struct noc_device *d, const char *ifname, const char *far,
		const char *far_if)
{
	char buf[128];
	struct noc_slice name =
	    noc_ifname_canonical(noc_slice_str(ifname), buf, sizeof(buf));
	struct noc_cable *c;

	d->cables =
	    noc_realloc(d->cables, (d->ncables + 1) * sizeof(struct noc_cable));
	c = &d->cables[d->ncables++];
	memset(c, 0, sizeof(*c));
	c->ifname = noc_intern(name.p, name.len);
	name = noc_ifname_canonical(noc_slice_str(far_if), buf, sizeof(buf));
	c->far_ifname = noc_intern(name.p, name.len);
	c->far_device = noc_interns(far);
}

static int
inventory_cables_text(struct noc_device *d, const char *text,
		      struct noc_err *err)
{
	while (*(text += strspn(text, " ;"))) {
		size_t len = strcspn(text, ";");
		char *item = noc_strndup(text, len);
		char *eq = strchr(item, '='), *slash;

		slash = eq ? strchr(eq, '/') : NULL;
		if (!slash) {
			noc_err_set(
			    err, NOC_ECONFIG,
			    "The cable '%s' of %s is not of the form IFNAME=DEVICE/IFNAME.",
			    item, d->name);
			free(item);
			return NOC_ECONFIG;
		}
		*eq = *slash = '\0';
		inventory_cable(d, item, eq + 1, slash + 1);
		free(item);
		text += len;
	}
	return 0;
}

static int
inventory_cables(struct noc_device *d, const struct noc_value *v,
		 struct noc_err *err)
{
	if (!v)
		return 0;
	if (v->type == NOC_STR)
		return inventory_cables_text(d, v->u.s.p, err);
	for (size_t i = 0; v->type == NOC_MAP && i < v->u.map.len; i++) {
		const struct noc_member *m = &v->u.map.at[i];
		const char *slash;

		if (m->value->type == NOC_MAP) {
			inventory_cable(d, m->key,
					inventory_str(m->value, "device"),
					inventory_str(m->value, "ifname"));
			continue;
		}
		slash = m->value->type == NOC_STR ? strchr(m->value->u.s.p, '/')
						  : NULL;
		if (!slash)
			return noc_err_set(
			    err, NOC_ECONFIG,
			    "The cable of %s %s must name its far end as \"device/ifname\".",
			    d->name, m->key);
		{
			char *far = noc_strndup(
			    m->value->u.s.p, (size_t)(slash - m->value->u.s.p));

			inventory_cable(d, m->key, far, slash + 1);
			free(far);
		}
	}
	return 0;
}

static int
inventory_device(struct noc_inventory *inv, struct noc_value *row, size_t nr,
		 struct noc_err *err)
{
	struct noc_device *d = &inv->devices[inv->ndevices];
	const struct noc_value *addr = noc_value_get(row, "address");
	const struct noc_value *relay = noc_value_get(row, "relay");
	char lower[256];
	size_t n;
	int r;

	memset(d, 0, sizeof(*d));
	d->owner = inv;
	d->name = noc_interns(inventory_str(row, "name"));
	if (!*d->name)
		return noc_err_set(err, NOC_ECONFIG,
				   "Row %zu of the inventory has no name.", nr);
	n = noc_inventory_lower(lower, noc_slice_str(d->name));
	if (noc_table_getn(&inv->by_name, lower, n))
		return noc_err_set(
		    err, NOC_ECONFIG,
		    "The device %s is in the inventory twice (row %zu).",
		    d->name, nr);
	noc_table_putn(&inv->by_name, lower, n, d);
	if (!addr)
		addr = noc_value_get(row, "addresses");
	d->naddresses = inventory_words(addr, &d->addresses);
	d->role = noc_interns(inventory_str(row, "role"));
	d->site = noc_interns(inventory_str(row, "site"));
	d->vendor = noc_interns(inventory_str(row, "vendor"));
	d->credential = noc_interns(inventory_str(row, "credential"));
	d->ntags = inventory_words(noc_value_get(row, "tags"), &d->tags);
	d->extra = row;
	d->relay = relay && (relay->type == NOC_BOOL
				 ? relay->u.b
				 : noc_value_is_str(relay, "true") ||
				       noc_value_is_str(relay, "yes") ||
				       noc_value_is_str(relay, "1"));
	inv->ndevices++;
	r = inventory_cables(d, noc_value_get(row, "cables"), err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < d->naddresses; i++) {
		const struct noc_device *other =
		    noc_table_put(&inv->by_address, d->addresses[i], d);

		if (other)
			return noc_err_set(
			    err, NOC_ECONFIG,
			    "The address %s belongs to both %s and %s.",
			    d->addresses[i], other->name, d->name);
	}
	return 0;
}

/* One id for both ends: the lesser end first. */
static void
inventory_join(struct noc_inventory *inv)
{
	for (size_t i = 0; i < inv->ndevices; i++) {
		struct noc_device *d = &inv->devices[i];

		for (size_t j = 0; j < d->ncables; j++) {
			struct noc_cable *c = &d->cables[j];
			const struct noc_device *far = noc_inventory_by_name(
			    inv, noc_slice_str(c->far_device));
			char *a, *b;

			if (far)
				c->far_device = far->name;
			a = noc_asprintf("%s/%s", d->name, c->ifname);
			b = noc_asprintf("%s/%s", c->far_device, c->far_ifname);
			if (strcmp(a, b) < 0) {
				char *id = noc_asprintf("%s--%s", a, b);

				c->id = noc_interns(id);
				free(id);
			} else {
				char *id = noc_asprintf("%s--%s", b, a);

				c->id = noc_interns(id);
				free(id);
			}
			free(a);
			free(b);
		}
	}
}

/* A cable written at one end is known at the other. */
static void
inventory_mirror(struct noc_inventory *inv)
{
	for (size_t i = 0; i < inv->ndevices; i++) {
		const struct noc_device *d = &inv->devices[i];

		for (size_t j = 0; j < d->ncables; j++) {
			const struct noc_cable *c = &d->cables[j];
			char lower[256];
			size_t n = noc_inventory_lower(
			    lower, noc_slice_str(c->far_device));
			struct noc_device *far =
			    noc_table_getn(&inv->by_name, lower, n);

			if (far && far != d &&
			    !noc_device_cable(far,
					      noc_slice_str(c->far_ifname)))
				inventory_cable(far, c->far_ifname, d->name,
						d->cables[j].ifname);
		}
	}
}

int
noc_inventory_from_value(const struct noc_value *v, struct noc_inventory **out,
			 struct noc_err *err)
{
	struct noc_inventory *inv = noc_calloc(1, sizeof(*inv));
	char *text = noc_json_string(v, NOC_JSON_CANONICAL);
	size_t n;
	int r = 0;

	inv->refs = 1;
	inv->origin = "inventory.csv";
	inv->rows = noc_value_list();
	noc_sha256_once(text, strlen(text), inv->hash);
	free(text);
	for (size_t i = 0; v && v->type == NOC_MAP && i < v->u.map.len; i++) {
		struct noc_value *row = noc_value_copy(v->u.map.at[i].value);

		if (row->type != NOC_MAP) {
			noc_value_free(row);
			r = noc_err_set(
			    err, NOC_ECONFIG,
			    "The device %s of the inventory is no table.",
			    v->u.map.at[i].key);
			goto out;
		}
		noc_value_set(row, "name", noc_value_str(v->u.map.at[i].key));
		noc_value_push(inv->rows, row);
	}
	for (size_t i = 0; v && v->type == NOC_LIST && i < v->u.list.len; i++)
		noc_value_push(inv->rows, noc_value_copy(v->u.list.at[i]));
	n = noc_value_len(inv->rows);
	if (n > INVENTORY_DEVICES_MAX) {
		r = noc_err_set(err, NOC_ERESOURCE,
				"The inventory has %zu devices; the cap is %d.",
				n, INVENTORY_DEVICES_MAX);
		goto out;
	}
	inv->devices = noc_calloc(n + 1, sizeof(struct noc_device));
	for (size_t i = 0; i < n && r == 0; i++)
		r = inventory_device(inv, noc_value_at(inv->rows, i), i + 1,
				     err);
	if (r == 0) {
		inventory_mirror(inv);
		inventory_join(inv);
	}
out:
	if (r < 0)
		noc_inventory_unref(inv);
	else
		*out = inv;
	return r;
}

/* ---- CSV, RFC 4180 with a header row; '#' starts a comment line ---- */

static const char *
csv_field(const char *p, const char *end, struct noc_strbuf *out)
{
	noc_strbuf_clear(out);
	noc_strbuf_adds(out, "");
	if (p < end && *p == '"') {
		for (p++; p < end; p++) {
			if (*p != '"')
				noc_strbuf_addc(out, *p);
			else if (p + 1 < end && p[1] == '"')
				noc_strbuf_addc(out, *p++);
			else
				break;
		}
		if (p < end)
			p++;
	}
	while (p < end && *p != ',' && *p != '\n') {
		if (*p != '\r')
			noc_strbuf_addc(out, *p);
		p++;
	}
	return p;
}

static int
csv_parse(const char *text, size_t len, struct noc_value **out,
	  struct noc_err *err)
{
	const char *p = text, *end = text + len;
	struct noc_value *rows = noc_value_list(), *head = NULL;
	struct noc_strbuf f = NOC_STRBUF_INIT;
	int line = 0, r = 0;

	while (p < end && r == 0) {
		struct noc_value *row;
		size_t col = 0;

		line++;
		if (*p == '#' || *p == '\n' || *p == '\r') {
			const char *nl = memchr(p, '\n', (size_t)(end - p));

			p = nl ? nl + 1 : end;
			continue;
		}
		row = head ? noc_value_map() : noc_value_list();
		for (;; p++) {
			p = csv_field(p, end, &f);
			if (!head)
				noc_value_push(row, noc_value_str(f.p));
			else if (col >= noc_value_len(head))
				r = noc_err_set(
				    err, NOC_ECONFIG,
				    "Line %d has more fields than the header.",
				    line);
			else if (f.len)
				noc_value_set(row,
					      noc_value_at(head, col)->u.s.p,
					      noc_value_str(f.p));
			col++;
			if (p >= end || *p == '\n')
				break;
		}
		if (p < end)
			p++;
		if (head)
			noc_value_push(rows, row);
		else
			head = row;
	}
	noc_strbuf_release(&f);
	noc_value_free(head);
	if (r < 0)
		noc_value_free(rows);
	else
		*out = rows;
	return r;
}

int
noc_inventory_parse(const char *name, const char *text, size_t len,
		    struct noc_inventory **out, struct noc_err *err)
{
	const char *dot = strrchr(name, '.');
	struct noc_value *v = NULL;
	size_t at = strspn(text, " \t\r\n");
	int r;

	if ((dot && !strcmp(dot, ".json")) ||
	    (at < len && (text[at] == '[' || text[at] == '{')))
		r = noc_json_parse(text, len, &v, err);
	else
		r = csv_parse(text, len, &v, err);
	if (r == 0)
		r = noc_inventory_from_value(v, out, err);
	noc_value_free(v);
	if (r < 0)
		noc_err_prefix(err, "%s", name);
	else
		(*out)->origin = noc_interns(name);
	return r < 0 ? NOC_ECONFIG : 0;
}

int
noc_inventory_load(const char *path, struct noc_inventory **out,
		   struct noc_err *err)
{
	const char *dot = strrchr(path, '.');
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	char buf[65536];
	size_t n;
	FILE *f;
	int r;

	if (dot && !strcmp(dot, ".lua")) {
		struct noc_value *v = NULL;

		r = noc_lua_data(path, &v, err);
		if (r == 0)
			r = noc_inventory_from_value(v, out, err);
		if (r == 0)
			(*out)->origin = noc_interns(path);
		noc_value_free(v);
		return r;
	}
	f = fopen(path, "re");
	if (!f)
		return noc_err_set(err, NOC_ECONFIG,
				   "The inventory %s cannot be read: %m.",
				   path);
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0 &&
	       sb.len < INVENTORY_BYTES_MAX)
		noc_strbuf_add(&sb, buf, n);
	fclose(f);
	r = noc_inventory_parse(path, sb.p ? sb.p : "", sb.len, out, err);
	noc_strbuf_release(&sb);
	return r;
}
