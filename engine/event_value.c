/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/event.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "engine/field.h"

/* The facility number's upper end, RFC 5424 §6.2.1. */
#define FACILITIES 24

static void
set_slice(struct noc_value *map, const char *key, struct noc_slice s)
{
	if (s.p)
		noc_value_set(map, key, noc_value_strn(s.p, s.len));
}

static void
set_str(struct noc_value *map, const char *key, const char *s)
{
	if (s)
		noc_value_set(map, key, noc_value_str(s));
}

static void
set_id(struct noc_value *map, const char *key, const struct noc_id *id)
{
	char text[NOC_ID_TEXT];

	if (!noc_id_is_zero(id))
		set_str(map, key, noc_id_format(text, id));
}

static void
set_time(struct noc_value *map, const char *key, const char *key_ns, int64_t ns)
{
	char text[32];

	if (!ns)
		return;
	set_str(map, key, noc_time_iso(text, ns));
	noc_value_set(map, key_ns, noc_value_int(ns));
}

static void
set_copy(struct noc_value *map, const char *key, const struct noc_value *v)
{
	if (v)
		noc_value_set(map, key, noc_value_copy(v));
}

/* Bytes that JSON cannot carry are kept exactly, in base64. */
static void
set_raw(struct noc_value *map, struct noc_slice raw)
{
	char *text;

	if (!raw.p)
		return;
	if (noc_utf8_valid(raw.p, raw.len)) {
		set_slice(map, "raw", raw);
		return;
	}
	text = noc_malloc(4 * ((raw.len + 2) / 3) + 1);
	set_str(map, "raw_base64", noc_base64(text, raw.p, raw.len));
	free(text);
}

static const char *const form_names[] = { "rfc5424", "rfc3164", "bare" };

static struct noc_value *
syslog_to_value(const struct noc_syslog *m)
{
	struct noc_value *v = noc_value_map();

	set_str(v, "form", form_names[m->form]);
	set_str(v, "facility", noc_facility_name(m->facility));
	set_str(v, "severity", noc_severity_name(m->severity));
	if (m->has_time)
		noc_value_set(v, "time_ns", noc_value_int(m->time_ns));
	set_slice(v, "host", m->host);
	set_slice(v, "app", m->app);
	set_slice(v, "procid", m->procid);
	set_slice(v, "msgid", m->msgid);
	set_slice(v, "sd", m->sd);
	set_slice(v, "tag", m->tag);
	set_slice(v, "message", m->message);
	return v;
}

struct noc_value *
noc_event_value(const struct noc_event *ev)
{
	struct noc_value *v = noc_value_map();

	set_id(v, "id", &ev->id);
	set_str(v, "kind", ev->kind);
	set_str(v, "base", ev->base);
	set_str(v, "source", ev->source);
	set_slice(v, "origin", ev->origin);
	set_slice(v, "device", ev->device);
	set_slice(v, "address", ev->address);
	set_time(v, "time", "time_ns", ev->time_ns);
	set_time(v, "received", "received_ns", ev->received_ns);
	set_str(v, "severity", noc_severity_name(ev->severity));
	set_slice(v, "summary", ev->summary);
	set_str(v, "trust", noc_trust_name(ev->trust));
	if (ev->malformed)
		noc_value_set(v, "malformed", noc_value_bool(true));
	set_slice(v, "link", ev->link);
	set_slice(v, "witnesses", ev->witnesses);
	set_id(v, "cause", &ev->cause);
	if (ev->depth)
		noc_value_set(v, "depth", noc_value_int(ev->depth));
	if (ev->acked_source)
		noc_value_set(v, "acked_source", noc_value_bool(true));
	set_copy(v, "data", ev->data);
	set_copy(v, "far", ev->far);
	if (ev->syslog)
		noc_value_set(v, "syslog", syslog_to_value(ev->syslog));
	set_copy(v, "snmp", ev->snmp);
	set_copy(v, "http", ev->http);
	set_raw(v, ev->raw);
	return v;
}

/* ---- and back ---- */

static struct noc_slice
get_slice(const struct noc_value *map, const char *key)
{
	const struct noc_value *v = noc_value_get(map, key);

	if (!v || v->type != NOC_STR)
		return noc_slice(NULL, 0);
	return noc_slice(v->u.s.p, v->u.s.len);
}

static void
get_id(const struct noc_value *map, const char *key, struct noc_id *id)
{
	const char *text = noc_value_get_str(map, key, NULL);

	if (text)
		noc_id_parse(text, id);
}

static int64_t
get_time(const struct noc_value *map, const char *key, const char *key_ns)
{
	struct noc_slice text = get_slice(map, key);
	int64_t ns = noc_value_get_int(map, key_ns, 0);

	if (!ns && text.p)
		noc_time_parse(text.p, text.len, &ns);
	return ns;
}

static int
get_severity(const struct noc_value *map, int fallback)
{
	const struct noc_value *v = noc_value_get(map, "severity");
	int n = -1;

	if (v && v->type == NOC_STR)
		n = noc_severity_parse(v->u.s.p, v->u.s.len);
	else if (v && v->type == NOC_INT && v->u.i >= 0 && v->u.i <= 7)
		n = (int)v->u.i;
	return n < 0 ? fallback : n;
}

static const char *
get_interned(const struct noc_value *map, const char *key, const char *fallback)
{
	const char *s = noc_value_get_str(map, key, fallback);

	return s ? noc_interns(s) : NULL;
}

static void
syslog_of_value(const struct noc_value *v, struct noc_syslog *m)
{
	const char *form = noc_value_get_str(v, "form", "bare");
	struct noc_slice facility = get_slice(v, "facility");

	memset(m, 0, sizeof(*m));
	m->form = NOC_SYSLOG_BARE;
	for (size_t i = 0; i < NOC_COUNT(form_names); i++)
		if (!strcmp(form, form_names[i]))
			m->form = (enum noc_syslog_form)i;
	m->facility = 1;
	for (int i = 0; i < FACILITIES; i++)
		if (noc_slice_is(facility, noc_facility_name(i)))
			m->facility = (uint8_t)i;
	m->severity = (uint8_t)get_severity(v, 5);
	m->has_time = noc_value_get(v, "time_ns") != NULL;
	m->time_ns = noc_value_get_int(v, "time_ns", 0);
	m->host = get_slice(v, "host");
	m->app = get_slice(v, "app");
	m->procid = get_slice(v, "procid");
	m->msgid = get_slice(v, "msgid");
	m->sd = get_slice(v, "sd");
	m->tag = get_slice(v, "tag");
	m->message = get_slice(v, "message");
}

static enum noc_trust
get_trust(const struct noc_value *v)
{
	const char *name = noc_value_get_str(v, "trust", "normal");

	if (!strcmp(name, noc_trust_name(NOC_TRUST_HIGH)))
		return NOC_TRUST_HIGH;
	if (!strcmp(name, noc_trust_name(NOC_TRUST_LOW)))
		return NOC_TRUST_LOW;
	return NOC_TRUST_NORMAL;
}

/* The decoded raw bytes (returned in *block) or the text in place. */
static struct noc_slice
get_raw(const struct noc_value *v, char **block)
{
	struct noc_slice text = get_slice(v, "raw_base64");
	size_t len = 0;

	*block = NULL;
	if (!text.p)
		return get_slice(v, "raw");
	*block = noc_malloc(3 * (text.len / 4) + 3);
	if (noc_unbase64(text.p, text.len, (uint8_t *)*block, &len))
		return noc_slice(NULL, 0);
	return noc_slice(*block, len);
}

static struct noc_value *
get_copy(const struct noc_value *map, const char *key)
{
	const struct noc_value *v = noc_value_get(map, key);

	return v && v->type == NOC_MAP ? noc_value_copy(v) : NULL;
}

struct noc_event *
noc_event_from_value(const struct noc_value *v)
{
	struct noc_event ev = { .severity = (int8_t)get_severity(v, 5) };
	struct noc_event *out;
	struct noc_syslog m;
	char *block;

	get_id(v, "id", &ev.id);
	get_id(v, "cause", &ev.cause);
	ev.kind = get_interned(v, "kind", "event");
	ev.base = get_interned(v, "base", ev.kind);
	ev.source = get_interned(v, "source", "local");
	ev.origin = get_slice(v, "origin");
	ev.device = get_slice(v, "device");
	ev.address = get_slice(v, "address");
	ev.received_ns = get_time(v, "received", "received_ns");
	ev.time_ns = get_time(v, "time", "time_ns");
	if (!ev.time_ns)
		ev.time_ns = ev.received_ns;
	ev.summary = get_slice(v, "summary");
	ev.trust = get_trust(v);
	ev.malformed = noc_value_get_bool(v, "malformed", false);
	ev.link = get_slice(v, "link");
	ev.witnesses = get_slice(v, "witnesses");
	ev.depth = (uint8_t)noc_value_get_int(v, "depth", 0);
	ev.acked_source = noc_value_get_bool(v, "acked_source", false);
	ev.data = get_copy(v, "data");
	ev.far = get_copy(v, "far");
	ev.snmp = get_copy(v, "snmp");
	ev.http = get_copy(v, "http");
	ev.raw = get_raw(v, &block);
	if (noc_value_get(v, "syslog")) {
		syslog_of_value(noc_value_get(v, "syslog"), &m);
		ev.syslog = &m;
	}
	out = noc_event_promote(&ev);
	free(block);
	return out;
}
