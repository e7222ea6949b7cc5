/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/event/datum.h"

#include "engine/event/event.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/mem.h"
#include "engine/inventory/inventory.h"
#include "engine/event/field.h"

void
noc_datum_of(const struct noc_value *v, struct noc_datum *out)
{
	memset(out, 0, sizeof(*out));
	if (!v)
		return;
	out->type = v->type;
	out->v = v;
	switch (v->type) {
	case NOC_NIL:
		break;
	case NOC_BOOL:
		out->b = v->u.b;
		break;
	case NOC_INT:
		out->i = v->u.i;
		break;
	case NOC_REAL:
		out->d = v->u.d;
		break;
	case NOC_STR:
		out->s = noc_slice(v->u.s.p, v->u.s.len);
		break;
	case NOC_LIST:
	case NOC_MAP:
		break;
	}
}

static void
datum_slice(struct noc_slice s, struct noc_datum *out)
{
	out->type = s.p ? NOC_STR : NOC_NIL;
	out->s = s;
}

/* Text made for the datum; lives until seven more were made here. */
static char *
datum_buffer(void)
{
	static _Thread_local char buffers[8][256];
	static _Thread_local unsigned next;

	return buffers[next++ % 8];
}

static void
datum_time(int64_t ns, struct noc_datum *out)
{
	out->i = ns;
	if (ns)
		datum_slice(noc_slice_str(noc_time_iso(datum_buffer(), ns)),
			    out);
}

static void
datum_id(const struct noc_id *id, struct noc_datum *out)
{
	if (!noc_id_is_zero(id))
		datum_slice(noc_slice_str(noc_id_format(datum_buffer(), id)),
			    out);
}

static void
datum_severity(int severity, struct noc_datum *out)
{
	out->i = severity;
	datum_slice(noc_slice_str(noc_severity_name(severity)), out);
}

const char *
noc_trust_name(enum noc_trust trust)
{
	switch (trust) {
	case NOC_TRUST_LOW:
		return "low";
	case NOC_TRUST_NORMAL:
		return "normal";
	case NOC_TRUST_HIGH:
		return "high";
	}
	return "low";
}

static void
envelope_get(const struct noc_event *ev, enum noc_envelope which,
	     struct noc_datum *out)
{
	switch (which) {
	case NOC_ENV_ID:
		datum_id(&ev->id, out);
		break;
	case NOC_ENV_KIND:
		datum_slice(noc_slice_str(ev->kind), out);
		break;
	case NOC_ENV_BASE:
		datum_slice(noc_slice_str(ev->base), out);
		break;
	case NOC_ENV_SOURCE:
		datum_slice(noc_slice_str(ev->source), out);
		break;
	case NOC_ENV_ORIGIN:
		datum_slice(ev->origin, out);
		break;
	case NOC_ENV_DEVICE:
		datum_slice(ev->device, out);
		break;
	case NOC_ENV_ADDRESS:
		datum_slice(ev->address, out);
		break;
	case NOC_ENV_TIME:
		datum_time(ev->time_ns, out);
		break;
	case NOC_ENV_RECEIVED:
		datum_time(ev->received_ns, out);
		break;
	case NOC_ENV_SEVERITY:
		datum_severity(ev->severity, out);
		break;
	case NOC_ENV_SUMMARY:
		datum_slice(ev->summary, out);
		break;
	case NOC_ENV_TRUST:
		datum_slice(noc_slice_str(noc_trust_name(ev->trust)), out);
		break;
	case NOC_ENV_MALFORMED:
		out->type = NOC_BOOL;
		out->b = ev->malformed;
		break;
	case NOC_ENV_WITNESSES:
		datum_slice(ev->witnesses, out);
		break;
	case NOC_ENV_CAUSE:
		datum_id(&ev->cause, out);
		break;
	case NOC_ENV_DEPTH:
		out->type = NOC_INT;
		out->i = ev->depth;
		break;
	case NOC_ENV_LINK:
		datum_slice(ev->link, out);
		break;
	case NOC_ENV_RAW:
		datum_slice(ev->raw, out);
		break;
	case NOC_ENV_COUNT:
		break;
	}
}

/* "ID.PARAM" of STRUCTURED-DATA. */
static void
sd_get(struct noc_slice sd, const char *path, struct noc_datum *out)
{
	const char *dot = strrchr(path, '.');
	char id[128], *value = datum_buffer();
	long len;

	if (!dot || (size_t)(dot - path) >= sizeof(id))
		return;
	memcpy(id, path, (size_t)(dot - path));
	id[dot - path] = '\0';
	len = noc_syslog_sd_get(sd, id, dot + 1, value, 256);
	if (len >= 0)
		datum_slice(noc_slice(value, len < 255 ? (size_t)len : 255),
			    out);
}

static void
syslog_get(const struct noc_syslog *m, const struct noc_field *f,
	   struct noc_datum *out)
{
	switch ((enum noc_syslog_field)f->which) {
	case NOC_SYS_FACILITY:
		out->i = m->facility;
		datum_slice(noc_slice_str(noc_facility_name(m->facility)), out);
		break;
	case NOC_SYS_SEVERITY:
		datum_severity(m->severity, out);
		break;
	case NOC_SYS_HOST:
		datum_slice(m->host, out);
		break;
	case NOC_SYS_APP:
		datum_slice(m->app, out);
		break;
	case NOC_SYS_PROCID:
		datum_slice(m->procid, out);
		break;
	case NOC_SYS_MSGID:
		datum_slice(m->msgid, out);
		break;
	case NOC_SYS_TAG:
		datum_slice(m->tag, out);
		break;
	case NOC_SYS_MESSAGE:
		datum_slice(m->message, out);
		break;
	case NOC_SYS_SD:
		if (f->rest)
			sd_get(m->sd, f->rest, out);
		else
			datum_slice(m->sd, out);
		break;
	case NOC_SYS_COUNT:
		break;
	}
}

/* The tags of a device as a list that lives until the next call. */
#define TAGS_MAX 64

static void
tags_get(const struct noc_device *d, struct noc_datum *out)
{
	static _Thread_local struct noc_value items[TAGS_MAX], list;
	static _Thread_local struct noc_value *at[TAGS_MAX];
	size_t n = d->ntags < TAGS_MAX ? d->ntags : TAGS_MAX;

	for (size_t i = 0; i < n; i++) {
		items[i].type = NOC_STR;
		memcpy(&items[i].u.s.p, &d->tags[i], sizeof(char *));
		items[i].u.s.len = strlen(d->tags[i]);
		at[i] = &items[i];
	}
	list.type = NOC_LIST;
	list.u.list.at = at;
	list.u.list.len = n;
	noc_datum_of(&list, out);
}

static void
inventory_get(const struct noc_device *d, const char *name,
	      struct noc_datum *out)
{
	const char *text = NULL;

	if (!strcmp(name, "tags")) {
		tags_get(d, out);
		return;
	}
	if (!strcmp(name, "role"))
		text = d->role;
	else if (!strcmp(name, "site"))
		text = d->site;
	else if (!strcmp(name, "vendor"))
		text = d->vendor;
	else if (!strcmp(name, "name"))
		text = d->name;
	else
		noc_datum_of(noc_value_find(d->extra, name), out);
	if (text && *text)
		datum_slice(noc_slice_str(text), out);
}

/* tags.core: whether the device carries it. */
static void
tag_get(const struct noc_device *d, const char *name, struct noc_datum *out)
{
	out->type = NOC_BOOL;
	for (size_t i = 0; i < d->ntags && !out->b; i++)
		out->b = !strcmp(d->tags[i], name);
}

static const struct noc_value *
header_get(const struct noc_value *http, const char *name)
{
	const struct noc_value *header = noc_value_get(http, "header");

	for (size_t i = 0;
	     header && header->type == NOC_MAP && i < header->u.map.len; i++)
		if (!strcasecmp(header->u.map.at[i].key, name))
			return header->u.map.at[i].value;
	return NULL;
}

const struct noc_value *
noc_value_find(const struct noc_value *v, const char *name)
{
	const struct noc_value *found = noc_value_get(v, name);

	if (!found && v && strpbrk(name, ".["))
		found = noc_value_path(v, name);
	return found;
}

/*
 * Varbinds: a map by name, or a list of {name, value}; "ifIndex" also finds
 * "ifIndex.7".  `index`: the instance, absent when none is told.
 */
static const struct noc_value *
varbind_find(const struct noc_value *snmp, const char *name, size_t len,
	     struct noc_slice *index)
{
	const struct noc_value *vb = noc_value_get(snmp, "varbinds");

	*index = noc_slice(NULL, 0);
	for (size_t i = 0; i < noc_value_len(vb); i++) {
		const struct noc_value *v;
		const char *key, *oid = NULL;

		if (vb->type == NOC_MAP) {
			key = vb->u.map.at[i].key;
			v = vb->u.map.at[i].value;
		} else {
			const struct noc_value *item = vb->u.list.at[i];

			key = noc_value_get_str(item, "name", "");
			oid = noc_value_get_str(item, "oid", "");
			v = noc_value_get(item, "value");
			*index = noc_slice_str(
			    noc_value_get_str(item, "index", NULL));
		}
		if (strncmp(key, name, len) || (key[len] && key[len] != '.'))
			key = oid;
		if (!key || strncmp(key, name, len) ||
		    (key[len] && key[len] != '.'))
			continue;
		if (!index->p && key[len])
			*index = noc_slice_str(key + len + 1);
		return v;
	}
	return NULL;
}

/* The n-th number of "7.0", from 1; 0: all of the text. */
static bool
index_get(struct noc_slice index, unsigned long n, struct noc_datum *out)
{
	const char *p = index.p, *end, *dot;
	int64_t value = 0;

	if (!p || !index.len)
		return false;
	end = p + index.len;
	if (n == 0) {
		datum_slice(index, out);
		return true;
	}
	for (; n > 1 && p < end; n--) {
		dot = memchr(p, '.', (size_t)(end - p));
		p = dot ? dot + 1 : end;
	}
	if (p >= end || *p < '0' || *p > '9')
		return false;
	for (; p < end && *p >= '0' && *p <= '9' && value <= UINT32_MAX; p++)
		value = value * 10 + (*p - '0');
	out->type = NOC_INT;
	out->i = value;
	return true;
}

bool
noc_varbind_get(const struct noc_value *snmp, const char *name,
		struct noc_datum *out)
{
	const char *dot = strstr(name, ".index");
	struct noc_slice index;
	const struct noc_value *v =
	    varbind_find(snmp, name, strlen(name), &index);

	memset(out, 0, sizeof(*out));
	if (!v && dot && (!dot[6] || dot[6] == '.')) {
		v = varbind_find(snmp, name, (size_t)(dot - name), &index);
		return v &&
		       index_get(index, dot[6] ? strtoul(dot + 7, NULL, 10) : 0,
				 out);
	}
	if (v)
		noc_datum_of(v, out);
	return v != NULL;
}

static void
snmp_get(const struct noc_value *snmp, const char *rest, struct noc_datum *out)
{
	if (strncmp(rest, "varbinds.", 9) ||
	    !noc_varbind_get(snmp, rest + 9, out))
		noc_datum_of(noc_value_find(snmp, rest), out);
}

static const struct noc_value *
http_get(const struct noc_value *http, const char *rest)
{
	if (!strncmp(rest, "header.", 7))
		return header_get(http, rest + 7);
	return noc_value_find(http, rest);
}

void
noc_event_get(const struct noc_event *ev, const struct noc_field *f,
	      struct noc_datum *out)
{
	memset(out, 0, sizeof(*out));
	switch (f->from) {
	case NOC_FIELD_ENVELOPE:
		envelope_get(ev, (enum noc_envelope)f->which, out);
		break;
	case NOC_FIELD_DATA:
		noc_datum_of(noc_value_find(ev->data, f->rest), out);
		break;
	case NOC_FIELD_INVENTORY:
		if (ev->inventory)
			inventory_get(ev->inventory, f->rest, out);
		break;
	case NOC_FIELD_SYSLOG:
		if (ev->syslog)
			syslog_get(ev->syslog, f, out);
		break;
	case NOC_FIELD_SNMP:
		snmp_get(ev->snmp, f->rest, out);
		break;
	case NOC_FIELD_HTTP:
		noc_datum_of(http_get(ev->http, f->rest), out);
		break;
	case NOC_FIELD_FAR:
		noc_datum_of(noc_value_get(ev->far, f->rest), out);
		break;
	case NOC_FIELD_TAGS:
		if (ev->inventory)
			tag_get(ev->inventory, f->rest, out);
		break;
	}
}

struct noc_value *
noc_datum_value(const struct noc_datum *d)
{
	switch (d->type) {
	case NOC_NIL:
		return noc_value_nil();
	case NOC_BOOL:
		return noc_value_bool(d->b);
	case NOC_INT:
		return noc_value_int(d->i);
	case NOC_REAL:
		return noc_value_real(d->d);
	case NOC_STR:
		return noc_value_strn(d->s.p, d->s.len);
	case NOC_LIST:
	case NOC_MAP:
		return noc_value_copy(d->v);
	}
	return noc_value_nil();
}

void
noc_datum_text(const struct noc_datum *d, struct noc_strbuf *out)
{
	struct noc_value scalar = { .type = d->type };

	switch (d->type) {
	case NOC_NIL:
		return;
	case NOC_BOOL:
		scalar.u.b = d->b;
		break;
	case NOC_INT:
		scalar.u.i = d->i;
		break;
	case NOC_REAL:
		scalar.u.d = d->d;
		break;
	case NOC_STR:
		noc_strbuf_add(out, d->s.p, d->s.len);
		return;
	case NOC_LIST:
	case NOC_MAP:
		noc_value_text(d->v, out);
		return;
	}
	noc_value_text(&scalar, out);
}
