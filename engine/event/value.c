/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/event/value.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/intern.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "engine/event/datum.h"

/* The facility number's upper end, RFC 5424 §6.2.1. */
#define FACILITIES 24

/* Where the fields go, one by one: into a map, or straight into its text. */
struct out {
	struct noc_value *map; /* NULL: json */
	struct noc_strbuf *json;
};

static void
put_key(struct out *o, const char *key)
{
	struct noc_strbuf *sb = o->json;

	if (sb->p[sb->len - 1] != '{')
		noc_strbuf_addc(sb, ',');
	noc_json_write_str(key, strlen(key), sb);
	noc_strbuf_addc(sb, ':');
}

static void
put_slice(struct out *o, const char *key, struct noc_slice s)
{
	if (!s.p)
		return;
	if (o->map) {
		noc_value_set(o->map, key, noc_value_strn(s.p, s.len));
		return;
	}
	put_key(o, key);
	noc_json_write_str(s.p, s.len, o->json);
}

static void
put_str(struct out *o, const char *key, const char *s)
{
	put_slice(o, key, s ? noc_slice_str(s) : noc_slice(NULL, 0));
}

static void
put_int(struct out *o, const char *key, int64_t n)
{
	if (o->map) {
		noc_value_set(o->map, key, noc_value_int(n));
		return;
	}
	put_key(o, key);
	noc_strbuf_addi(o->json, n);
}

static void
put_true(struct out *o, const char *key, bool yes)
{
	if (!yes)
		return;
	if (o->map) {
		noc_value_set(o->map, key, noc_value_bool(true));
		return;
	}
	put_key(o, key);
	noc_strbuf_adds(o->json, "true");
}

static void
put_value(struct out *o, const char *key, const struct noc_value *v)
{
	if (!v)
		return;
	if (o->map) {
		noc_value_set(o->map, key, noc_value_copy(v));
		return;
	}
	put_key(o, key);
	noc_json_write(v, NOC_JSON_COMPACT, o->json);
}

static void
put_id(struct out *o, const char *key, const struct noc_id *id)
{
	char text[NOC_ID_TEXT];

	if (!noc_id_is_zero(id))
		put_str(o, key, noc_id_format(text, id));
}

static void
put_time(struct out *o, const char *key, const char *key_ns, int64_t ns)
{
	char text[32];

	if (!ns)
		return;
	put_str(o, key, noc_time_iso(text, ns));
	put_int(o, key_ns, ns);
}

/* Bytes that JSON cannot carry are kept exactly, in base64. */
static void
put_raw(struct out *o, struct noc_slice raw)
{
	char *text;

	if (!raw.p)
		return;
	if (noc_utf8_valid(raw.p, raw.len)) {
		put_slice(o, "raw", raw);
		return;
	}
	text = noc_malloc(4 * ((raw.len + 2) / 3) + 1);
	put_str(o, "raw_base64", noc_base64(text, raw.p, raw.len));
	free(text);
}

static const char *const form_names[] = { "rfc5424", "rfc3164", "bare" };

static void
put_syslog_fields(struct out *o, const struct noc_syslog *m)
{
	put_str(o, "form", form_names[m->form]);
	put_str(o, "facility", noc_facility_name(m->facility));
	put_str(o, "severity", noc_severity_name(m->severity));
	if (m->has_time)
		put_int(o, "time_ns", m->time_ns);
	put_slice(o, "host", m->host);
	put_slice(o, "app", m->app);
	put_slice(o, "procid", m->procid);
	put_slice(o, "msgid", m->msgid);
	put_slice(o, "sd", m->sd);
	put_slice(o, "tag", m->tag);
	put_slice(o, "message", m->message);
}

static void
put_syslog(struct out *o, const char *key, const struct noc_syslog *m)
{
	struct out inner = { .json = o->json };

	if (!m)
		return;
	if (o->map) {
		inner.map = noc_value_map();
		put_syslog_fields(&inner, m);
		noc_value_set(o->map, key, inner.map);
		return;
	}
	put_key(o, key);
	noc_strbuf_addc(o->json, '{');
	put_syslog_fields(&inner, m);
	noc_strbuf_addc(o->json, '}');
}

static void
put_event(struct out *o, const struct noc_event *ev)
{
	put_id(o, "id", &ev->id);
	put_str(o, "kind", ev->kind);
	put_str(o, "base", ev->base);
	put_str(o, "source", ev->source);
	put_slice(o, "origin", ev->origin);
	put_slice(o, "device", ev->device);
	put_slice(o, "address", ev->address);
	put_time(o, "time", "time_ns", ev->time_ns);
	put_time(o, "received", "received_ns", ev->received_ns);
	put_str(o, "severity", noc_severity_name(ev->severity));
	put_slice(o, "summary", ev->summary);
	put_str(o, "trust", noc_trust_name(ev->trust));
	put_true(o, "malformed", ev->malformed);
	put_slice(o, "link", ev->link);
	put_slice(o, "witnesses", ev->witnesses);
	put_id(o, "cause", &ev->cause);
	if (ev->depth)
		put_int(o, "depth", ev->depth);
	put_true(o, "acked_source", ev->acked_source);
	put_value(o, "data", ev->data);
	put_value(o, "far", ev->far);
	put_syslog(o, "syslog", ev->syslog);
	put_value(o, "snmp", ev->snmp);
	put_value(o, "http", ev->http);
}

struct noc_value *
noc_event_value(const struct noc_event *ev)
{
	struct out o = { .map = noc_value_map() };

	put_event(&o, ev);
	put_raw(&o, ev->raw);
	return o.map;
}

void
noc_event_json(const struct noc_event *ev, const char *fate, const char *raw,
	       struct noc_strbuf *sb)
{
	struct out o = { .json = sb };

	noc_strbuf_addc(sb, '{');
	put_event(&o, ev);
	put_str(&o, "raw", raw);
	put_str(&o, "fate", fate);
	noc_strbuf_addc(sb, '}');
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

	return s ? noc_intern_input(s, strlen(s)) : NULL;
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
