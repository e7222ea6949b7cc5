/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/inventory/load.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/intern.h"
#include "base/json.h"
#include "base/mem.h"
#include "proto/ifname.h"
#include "engine/inventory/private.h"
#include "engine/inventory/row.h"

#define INVENTORY_DEVICES_MAX 100000
#define INVENTORY_BYTES_MAX   (64 * 1024 * 1024)

/* ---- building: a list of row maps is what every format becomes ---- */

static const char *
inventory_text(const char *s)
{
	return noc_intern(s, strlen(s));
}

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
			at[n++] = inventory_text(v->u.list.at[i]->u.s.p);
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
	c->far_device = inventory_text(far);
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

static void
inventory_place(struct noc_value *row, size_t nr, char place[32])
{
	int64_t line = noc_value_get_int(row, NOC_INVENTORY_LINE, 0);

	if (row->type == NOC_MAP)
		noc_value_unset(row, NOC_INVENTORY_LINE);
	if (line)
		snprintf(place, 32, "Line %lld", (long long)line);
	else
		snprintf(place, 32, "Row %zu", nr);
}

/* As an origin is written: "192.0.2.1", not "192.0.2.1/24"; ::1, not 0::1. */
static const char *
inventory_address(const char *text)
{
	char buf[INET6_ADDRSTRLEN];
	size_t len = strcspn(text, "/");
	unsigned char raw[16];

	if (len == 0 || len >= sizeof(buf))
		return text;
	memcpy(buf, text, len);
	buf[len] = '\0';
	for (int i = 0; i < 2; i++) {
		int family = i ? AF_INET6 : AF_INET;

		if (inet_pton(family, buf, raw) != 1)
			continue;
		if (family == AF_INET6 &&
		    IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)raw))
			inet_ntop(AF_INET, raw + 12, buf, sizeof(buf));
		else
			inet_ntop(family, raw, buf, sizeof(buf));
		return inventory_text(buf);
	}
	return text; /* a name */
}

/*
 * "core1.example.net" is also "core1", unless somebody else is: then only the
 * whole name will do.  A name that looks like an address has no short form.
 */
static void
inventory_short_names(struct noc_inventory *inv)
{
	static struct noc_device nobody;
	struct noc_table shorts = { 0 };
	const char *name;
	void *value;

	for (size_t i = 0; i < inv->ndevices; i++) {
		char lower[256];
		size_t n = noc_inventory_lower(
		    lower, noc_slice_str(inv->devices[i].name));
		const char *dot = memchr(lower, '.', n);
		size_t len = dot ? (size_t)(dot - lower) : 0;

		lower[len] = '\0';
		if (len == 0 || strspn(lower, "0123456789") == len)
			continue;
		noc_table_put(&shorts, lower,
			      noc_table_get(&shorts, lower) ? &nobody
							    : &inv->devices[i]);
	}
	for (size_t it = 0; noc_table_next(&shorts, &it, &name, &value);)
		if (value != &nobody && !noc_table_get(&inv->by_name, name))
			noc_table_put(&inv->by_name, name, value);
	noc_table_release(&shorts);
}

static int
inventory_device(struct noc_inventory *inv, struct noc_value *row, size_t nr,
		 struct noc_err *err)
{
	struct noc_device *d = &inv->devices[inv->ndevices];
	const struct noc_value *addr;
	char lower[256], place[32];
	size_t n;
	int r;

	memset(d, 0, sizeof(*d));
	d->owner = inv;
	inventory_place(row, nr, place);
	r = noc_inventory_row(row, place, err);
	if (r < 0)
		return r;
	d->name = inventory_text(inventory_str(row, "name"));
	if (!*d->name)
		return noc_err_set(err, NOC_ECONFIG,
				   "%s of the inventory has no name.", place);
	n = noc_inventory_lower(lower, noc_slice_str(d->name));
	if (noc_table_getn(&inv->by_name, lower, n))
		return noc_err_set(
		    err, NOC_ECONFIG,
		    "The device %s is in the inventory twice (%s).", d->name,
		    place);
	noc_table_putn(&inv->by_name, lower, n, d);
	addr = noc_value_get(row, "address");
	if (!addr)
		addr = noc_value_get(row, "addresses");
	d->naddresses = inventory_words(addr, &d->addresses);
	for (size_t i = 0; i < d->naddresses; i++)
		d->addresses[i] = inventory_address(d->addresses[i]);
	d->role = inventory_text(inventory_str(row, "role"));
	d->site = inventory_text(inventory_str(row, "site"));
	d->vendor = inventory_text(inventory_str(row, "vendor"));
	d->credential = inventory_text(inventory_str(row, "credential"));
	d->ntags = inventory_words(noc_value_get(row, "tags"), &d->tags);
	d->extra = row;
	d->relay = noc_value_get_bool(row, "relay", false);
	d->snmp_port = (uint16_t)noc_value_get_int(row, "snmp_port", 161);
	inv->ndevices++;
	r = inventory_cables(d, noc_value_get(row, "cables"), err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < d->naddresses; i++) {
		const struct noc_device *other =
		    noc_table_put(&inv->by_address, d->addresses[i], d);

		if (other && other != d)
			return noc_err_set(
			    err, NOC_ECONFIG,
			    "The address %s belongs to both %s and %s (%s).",
			    d->addresses[i], other->name, d->name, place);
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

				c->id = inventory_text(id);
				free(id);
			} else {
				char *id = noc_asprintf("%s--%s", b, a);

				c->id = inventory_text(id);
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
		inventory_short_names(inv);
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
		r = noc_inventory_csv(text, len, &v, err);
	if (r == 0 && v->type != NOC_MAP && v->type != NOC_LIST)
		r = noc_err_set(err, NOC_ECONFIG,
				"The inventory must be a list or an object of "
				"devices.");
	if (r == 0)
		r = noc_inventory_from_value(v, out, err);
	noc_value_free(v);
	if (r < 0)
		noc_err_prefix(err, "%s", name);
	else
		(*out)->origin = inventory_text(name);
	return r < 0 ? NOC_ECONFIG : 0;
}

int
noc_inventory_load(const char *path,
		   int (*read_lua)(const char *path, struct noc_value **out,
				   struct noc_err *err),
		   struct noc_inventory **out, struct noc_err *err)
{
	const char *dot = strrchr(path, '.');
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	char buf[65536];
	size_t n;
	FILE *f;
	int r;

	if (dot && !strcmp(dot, ".lua")) {
		struct noc_value *v = NULL;

		r = read_lua(path, &v, err);
		if (r == 0)
			r = noc_inventory_from_value(v, out, err);
		if (r == 0)
			(*out)->origin = inventory_text(path);
		noc_value_free(v);
		return r;
	}
	f = fopen(path, "re");
	if (!f)
		return noc_err_set(err, NOC_ECONFIG,
				   "The inventory %s cannot be read: %m.",
				   path);
	while (sb.len <= INVENTORY_BYTES_MAX &&
	       (n = fread(buf, 1, sizeof(buf), f)) > 0)
		noc_strbuf_add(&sb, buf, n);
	/* A part of it is no inventory. */
	if (ferror(f))
		r = noc_err_set(err, NOC_ECONFIG,
				"The inventory %s cannot be read: %m.", path);
	else if (sb.len > INVENTORY_BYTES_MAX)
		r = noc_err_set(err, NOC_ECONFIG,
				"The inventory %s is longer than %d MiB.", path,
				INVENTORY_BYTES_MAX >> 20);
	else
		r = noc_inventory_parse(path, sb.p ? sb.p : "", sb.len, out,
					err);
	fclose(f);
	noc_strbuf_release(&sb);
	return r;
}
