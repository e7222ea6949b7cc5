/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/unit.h"

#include "base/intern.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/suggest.h"
#include "base/table.h"
#include "engine/inventory/inventory.h"
#include "engine/event/datum.h"
#include "engine/event/event.h"
#include "engine/event/field.h"
#include "engine/event/value.h"

static struct noc_slice
str(const char *s)
{
	return noc_slice_str(s);
}

static void
get(const struct noc_event *ev, const char *path, struct noc_datum *d)
{
	struct noc_field f;
	struct noc_err err = { NOC_OK, "" };

	if (noc_field_resolve(path, strlen(path), NULL, &f, &err))
		fail_msg("%s: %s", path, err.msg);
	noc_event_get(ev, &f, d);
}

static void
assert_text(const struct noc_event *ev, const char *path, const char *want)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	struct noc_datum d;

	get(ev, path, &d);
	noc_strbuf_add(&sb, "", 0);
	noc_datum_text(&d, &sb);
	if (strcmp(sb.p, want))
		fail_msg("%s: want '%s', got '%s'", path, want, sb.p);
	noc_strbuf_release(&sb);
}

/* A syslog event whose slices lie in `raw`. */
static void
syslog_event(struct noc_event *ev, struct noc_syslog *m, const char *raw)
{
	memset(ev, 0, sizeof(*ev));
	noc_syslog_parse(raw, strlen(raw), 1760000000000000000, 0, m);
	ev->kind = ev->base = noc_interns("syslog");
	ev->source = noc_interns("syslog.udp");
	ev->raw = str(raw);
	ev->syslog = m;
	ev->summary = m->message;
	ev->severity = (int8_t)m->severity;
	ev->origin = str("192.0.2.1");
	ev->device = str("sw1");
	ev->received_ns = 1760000000000000000;
	ev->time_ns = m->has_time ? m->time_ns : ev->received_ns;
	ev->trust = NOC_TRUST_NORMAL;
}

static const char *const updown =
    "<187>Oct 9 08:53:20 sw1 45: %LINK-3-UPDOWN: Interface "
    "GigabitEthernet1/0/1, changed state to down";

static void
test_promoted_event_outlives_the_buffer(void **state)
{
	char buf[512];
	struct noc_event ev, *kept;
	struct noc_syslog m;

	(void)state;
	snprintf(buf, sizeof(buf), "%s", updown);
	syslog_event(&ev, &m, buf);
	ev.data = noc_value_map();
	noc_value_set(ev.data, "ifname", noc_value_str("Gi1/0/1"));
	kept = noc_event_promote(&ev);
	assert_null(ev.data);
	memset(buf, 'x', sizeof(buf));
	memset(&m, 0, sizeof(m));

	assert_text(kept, "syslog.tag", "%LINK-3-UPDOWN");
	assert_text(kept, "summary",
		    "Interface GigabitEthernet1/0/1, changed state to down");
	assert_text(kept, "raw", updown);
	assert_text(kept, "device", "sw1");
	assert_text(kept, "ifname", "Gi1/0/1");
	assert_false(noc_id_is_zero(&kept->id));
	assert_ptr_equal(noc_event_promote(kept), kept);
	noc_event_unref(kept);
	assert_text(kept, "origin", "192.0.2.1");
	noc_event_unref(kept);
}

static void
test_json_and_back_says_the_same(void **state)
{
	struct noc_event ev, *a, *b;
	struct noc_syslog m;
	struct noc_value *v, *again;
	char *one, *two;

	(void)state;
	syslog_event(&ev, &m, updown);
	ev.far = noc_value_map();
	noc_value_set(ev.far, "device", noc_value_str("sw2"));
	ev.depth = 2;
	ev.malformed = true;
	a = noc_event_promote(&ev);
	v = noc_event_value(a);
	b = noc_event_from_value(v);
	again = noc_event_value(b);
	one = noc_json_string(v, NOC_JSON_CANONICAL);
	two = noc_json_string(again, NOC_JSON_CANONICAL);
	assert_string_equal(one, two);
	assert_int_equal(b->time_ns, a->time_ns);
	assert_text(b, "syslog.tag", "%LINK-3-UPDOWN");
	assert_text(b, "far.device", "sw2");
	assert_non_null(strstr(one, "\"severity\":\"err\""));
	free(one);
	free(two);
	noc_value_free(v);
	noc_value_free(again);
	noc_event_unref(a);
	noc_event_unref(b);
}

static void
test_raw_bytes_survive_json(void **state)
{
	static const char raw[] = "<13>a\xff\x00\xc3(b";
	struct noc_event ev = { .kind = "syslog", .base = "syslog" }, *a, *b;
	struct noc_value *v;

	(void)state;
	ev.raw = noc_slice(raw, sizeof(raw) - 1);
	ev.device = str("x");
	a = noc_event_promote(&ev);
	v = noc_event_value(a);
	b = noc_event_from_value(v);
	assert_int_equal(b->raw.len, sizeof(raw) - 1);
	assert_memory_equal(b->raw.p, raw, sizeof(raw) - 1);
	noc_value_free(v);
	noc_event_unref(a);
	noc_event_unref(b);
}

static void
test_hostile_json_makes_an_event(void **state)
{
	static const char *const texts[] = {
		"{}",
		"{\"id\":5,\"time\":\"never\",\"severity\":99}",
		"{\"data\":[1],\"syslog\":3,\"raw_base64\":\"***\"}",
		"{\"kind\":\"\",\"depth\":-1,\"syslog\":{\"form\":\"x\"}}",
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(texts); i++) {
		struct noc_value *v;
		struct noc_event *ev;

		assert_int_equal(
		    noc_json_parse(texts[i], strlen(texts[i]), &v, NULL), 0);
		ev = noc_event_from_value(v);
		assert_in_range(ev->severity, 0, 7);
		assert_null(ev->data);
		noc_event_unref(ev);
		noc_value_free(v);
	}
}

static void
test_names_are_found_where_they_live(void **state)
{
	const char *tags[] = { "core", "lab" };
	struct noc_device d = { .name = "sw1",
				.role = "access",
				.site = "waw",
				.vendor = "",
				.tags = tags,
				.ntags = 2 };
	struct noc_event ev;
	struct noc_syslog m;
	struct noc_datum got;
	struct noc_value *header = noc_value_map();

	(void)state;
	syslog_event(&ev, &m,
		     "<165>1 2026-10-09T08:53:20Z h app 7 ID [x@1 k=\"v\"] hi");
	ev.inventory = &d;
	ev.http = noc_value_map();
	noc_value_set(header, "x-name", noc_value_str("joe"));
	noc_value_set(ev.http, "header", header);
	assert_text(&ev, "role", "access");
	assert_text(&ev, "inventory.site", "waw");
	get(&ev, "vendor", &got);
	assert_int_equal(got.type, NOC_NIL);
	get(&ev, "tags", &got);
	assert_int_equal(noc_value_len(got.v), 2);
	get(&ev, "tags.core", &got);
	assert_true(got.b);
	get(&ev, "tags.edge", &got);
	assert_false(got.b);
	assert_text(&ev, "syslog.sd.x@1.k", "v");
	assert_text(&ev, "syslog.facility", "local4");
	assert_text(&ev, "severity", "notice");
	assert_text(&ev, "header.X-Name", "joe");
	get(&ev, "far.device", &got);
	assert_int_equal(got.type, NOC_NIL);
	noc_event_clear(&ev);
}

static void
test_varbinds_by_name_or_oid(void **state)
{
	static const char text[] =
	    "{\"varbinds\":[{\"name\":\"ifIndex.7\",\"oid\":"
	    "\"1.3.6.1.2.1.2.2.1.1.7\",\"value\":7}]}";
	struct noc_event ev = { .kind = "snmp.trap", .base = "snmp.trap" };

	(void)state;
	assert_int_equal(noc_json_parse(text, strlen(text), &ev.snmp, NULL), 0);
	assert_text(&ev, "snmp.varbinds.ifIndex", "7");
	assert_text(&ev, "snmp.varbinds.1.3.6.1.2.1.2.2.1.1", "7");
	noc_event_clear(&ev);
}

static void
test_unknown_and_ambiguous_names_are_refused(void **state)
{
	struct noc_table defined = { 0 };
	struct noc_field f;
	struct noc_err err;

	(void)state;
	noc_table_put(&defined, "ifindex", (void *)1);
	noc_table_put(&defined, "site", (void *)1);
	assert_int_equal(noc_field_resolve("ifindex", 7, &defined, &f, &err),
			 0);
	assert_int_equal(noc_field_resolve("ifindx", 6, &defined, &f, &err),
			 NOC_EINPUT);
	assert_non_null(strstr(err.msg, "did you mean 'ifindex'"));
	assert_int_equal(noc_field_resolve("site", 4, &defined, &f, &err),
			 NOC_EINPUT);
	assert_non_null(strstr(err.msg, "data.site"));
	assert_int_equal(noc_field_resolve("data.site", 9, &defined, &f, &err),
			 0);
	assert_int_equal(
	    noc_field_resolve("syslog.tga", 10, &defined, &f, &err),
	    NOC_EINPUT);
	assert_non_null(strstr(err.msg, "syslog.tag"));
	noc_table_release(&defined);
}

static void
test_suggestions(void **state)
{
	static const char *const known[] = { "timeout", "target", "device" };

	(void)state;
	assert_string_equal(noc_suggest("tiemout", known, 3), "timeout");
	assert_string_equal(noc_suggest("Target", known, 3), "target");
	assert_string_equal(noc_suggest("dev", known, 3), "device");
	assert_null(noc_suggest("qqqqq", known, 3));
}

static void
test_interned_once(void **state)
{
	char a[] = "link.down.x", b[] = "link.down.y";

	(void)state;
	assert_ptr_equal(noc_intern(a, 9), noc_intern(b, 9));
	assert_string_equal(noc_intern(a, 9), "link.down");
	assert_ptr_not_equal(noc_interns(a), noc_interns(b));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_promoted_event_outlives_the_buffer),
		cmocka_unit_test(test_json_and_back_says_the_same),
		cmocka_unit_test(test_raw_bytes_survive_json),
		cmocka_unit_test(test_hostile_json_makes_an_event),
		cmocka_unit_test(test_names_are_found_where_they_live),
		cmocka_unit_test(test_varbinds_by_name_or_oid),
		cmocka_unit_test(test_unknown_and_ambiguous_names_are_refused),
		cmocka_unit_test(test_suggestions),
		cmocka_unit_test(test_interned_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
