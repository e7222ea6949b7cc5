/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "proto/syslog.h"

#include <stdbool.h>

#include "base/hex.h"
#include "tests/unit/unit.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"

#define RECEIVED 1795413600 /* 2026-11-23T06:00:00Z */

/* --- one JSON object a line --- */

struct rows {
	char *text, *next;
};

static struct rows
rows_open(const char *name)
{
	struct rows r;

	r.text = r.next = unit_read(unit_data(name), NULL);
	return r;
}

/* The next row, freed by the caller; NULL at the end. */
static struct noc_value *
rows_next(struct rows *r)
{
	struct noc_value *row;
	struct noc_err err;
	char *nl = strchr(r->next, '\n');

	if (!nl) {
		free(r->text);
		return NULL;
	}
	if (noc_json_parse(r->next, (size_t)(nl - r->next), &row, &err))
		fail_msg("%s", err.msg);
	r->next = nl + 1;
	return row;
}

/* The message of a row in an exact block; the caller frees. */
static char *
row_input(const struct noc_value *row, size_t *len)
{
	const struct noc_value *v = noc_value_get(row, "input");
	char *buf;

	if (!v)
		v = noc_value_get(row, "line");
	if (v) {
		*len = v->u.s.len;
		return noc_memdup(v->u.s.p, *len ? *len : 1);
	}
	v = noc_value_get(row, "input_b64");
	assert_non_null(v);
	buf = noc_malloc(v->u.s.len + 3);
	assert_int_equal(
	    noc_unbase64(v->u.s.p, v->u.s.len, (uint8_t *)buf, len), 0);
	return noc_realloc(buf, *len ? *len : 1);
}

static const char *
row_id(const struct noc_value *row)
{
	return noc_value_get_str(row, "id", "?");
}

/* --- against RFC 5424 --- */

/* What was read, through JSON, where bytes that are no UTF-8 are U+FFFD. */
static struct noc_value *
read_as_json(const struct noc_syslog *m)
{
	const struct {
		const char *key;
		struct noc_slice text;
	} said[] = { { "host", m->host },
		     { "app", m->app },
		     { "procid", m->procid },
		     { "msgid", m->msgid },
		     { "message", m->message } };
	struct noc_value *v = noc_value_map(), *back;
	struct noc_err err;
	char *text;

	for (size_t i = 0; i < NOC_COUNT(said); i++)
		if (said[i].text.p)
			noc_value_set(
			    v, said[i].key,
			    noc_value_strn(said[i].text.p, said[i].text.len));
	text = noc_json_string(v, NOC_JSON_COMPACT);
	if (noc_json_parse(text, strlen(text), &back, &err))
		fail_msg("%s: %s", text, err.msg);
	noc_value_free(v);
	free(text);
	return back;
}

static void
same_field(const struct noc_value *row, const struct noc_value *want,
	   const char *key, const struct noc_value *got, const char *mine,
	   bool strict)
{
	const char *w = noc_value_get_str(want, key, NULL);
	const char *g = noc_value_get_str(got, mine, NULL);

	if (!w && !strict)
		return;
	if (w && !strcmp(key, "msg") && !strncmp(w, "\xef\xbb\xbf", 3))
		w += 3; /* the BOM is no part of the text */
	if (!strcmp(key, "msg") && !w)
		w = "";
	if (!strcmp(key, "msg") && !g)
		g = "";
	if (!w != !g || (w && strcmp(w, g)))
		fail_msg("%s: %s is %s, not %s", row_id(row), mine,
			 g ? g : "absent", w ? w : "absent");
}

static void
same_time(const struct noc_value *row, const struct noc_value *want,
	  const struct noc_syslog *m)
{
	const char *text = noc_value_get_str(want, "timestamp", NULL);
	int64_t ns;

	assert_int_equal(m->has_time, text != NULL);
	if (!text)
		return;
	assert_int_equal(noc_time_parse(text, strlen(text), &ns), 0);
	if (ns != m->time_ns)
		fail_msg("%s: the time differs", row_id(row));
}

/* {"id": {"param": "value"}}; an element may be empty. */
static void
same_sd(const struct noc_value *row, const struct noc_value *want,
	struct noc_slice sd)
{
	for (size_t i = 0; i < noc_value_len(want); i++) {
		const char *id = want->u.map.at[i].key;
		const struct noc_value *params = want->u.map.at[i].value;

		for (size_t k = 0; k < noc_value_len(params); k++) {
			const char *name = params->u.map.at[k].key;
			const struct noc_value *value =
			    params->u.map.at[k].value;
			char *text = noc_malloc(sd.len + 1);
			long len =
			    noc_syslog_sd_get(sd, id, name, text, sd.len + 1);

			if (len != (long)value->u.s.len ||
			    memcmp(text, value->u.s.p, value->u.s.len))
				fail_msg("%s: %s.%s differs", row_id(row), id,
					 name);
			free(text);
		}
	}
}

static void
test_rfc5424(void **state)
{
	static const char *const fields[][2] = { { "hostname", "host" },
						 { "app_name", "app" },
						 { "procid", "procid" },
						 { "msgid", "msgid" } };
	struct rows rows = rows_open("syslog/rfc5424.jsonl");
	struct noc_value *row, *got;
	int valid = 0, invalid = 0;

	(void)state;
	while ((row = rows_next(&rows))) {
		bool ok = noc_value_get_bool(row, "valid", false);
		const struct noc_value *want =
		    noc_value_get(row, ok ? "expected" : "best_effort_partial");
		const struct noc_value *sd =
		    noc_value_get(want, "structured_data");
		struct noc_syslog m;
		size_t len;
		char *in = row_input(row, &len);

		noc_syslog_parse(in, len, RECEIVED * NOC_NS_PER_S, 0, &m);
		if (m.malformed == ok)
			fail_msg("%s: malformed: %s", row_id(row),
				 m.why ? m.why : "no");
		got = read_as_json(&m);
		for (size_t i = 0; i < NOC_COUNT(fields); i++)
			same_field(row, want, fields[i][0], got, fields[i][1],
				   ok);
		if (want && want->type == NOC_MAP)
			assert_int_equal(m.facility * 8 + m.severity,
					 noc_value_get_int(want, "pri", -1));
		if (ok) {
			valid++;
			same_field(row, want, "msg", got, "message", true);
			same_time(row, want, &m);
			assert_int_equal(m.sd.p != NULL, noc_value_truthy(sd));
			same_sd(row, sd, m.sd);
		} else {
			invalid++;
			assert_non_null(m.why);
			assert_true(m.why_at <= len);
			if (noc_value_get_str(want, "timestamp", NULL))
				same_time(row, want, &m);
		}
		noc_value_free(got);
		noc_value_free(row);
		free(in);
	}
	assert_int_equal(valid, 314);
	assert_int_equal(invalid, 75);
}

static void
test_rfc3164(void **state)
{
	struct rows rows = rows_open("syslog/rfc3164.jsonl");
	struct noc_value *row, *got;
	int n = 0;

	(void)state;
	while ((row = rows_next(&rows))) {
		const struct noc_value *want = noc_value_get(row, "expected");
		struct noc_syslog m;
		size_t len;
		char *in = row_input(row, &len), iso[32];

		noc_syslog_parse(in, len, RECEIVED * NOC_NS_PER_S, 0, &m);
		assert_false(m.malformed);
		got = read_as_json(&m);
		same_field(row, want, "hostname", got, "host", true);
		same_field(row, want, "app_name", got, "app", true);
		same_field(row, want, "procid", got, "procid", true);
		same_field(row, want, "msg", got, "message", true);
		assert_int_equal(m.facility * 8 + m.severity,
				 noc_value_get_int(want, "pri", -1));
		/* That reader leaves the year at 0. */
		noc_time_iso(iso, m.time_ns);
		assert_memory_equal(
		    iso + 4, noc_value_get_str(want, "timestamp", "") + 4, 15);
		noc_value_free(got);
		noc_value_free(row);
		free(in);
		n++;
	}
	assert_int_equal(n, 6);
}

/* --- what devices send --- */

/*
 * napalm-logs says more than a message does (it knows the vendor's formats);
 * what it takes from other words than the header is listed here.
 */
static bool
napalm_differs(const char *tag)
{
	static const char *const tags[] = { "bgp_handle_notify",
					    "bgp_pp_recv",
					    "bgp_listen_accept",
					    "tcp_auth_ok",
					    "Alarm set",
					    "Alarm cleared",
					    "NH",
					    "forward",
					    "local" };

	for (size_t i = 0; i < NOC_COUNT(tags); i++)
		if (!strcmp(tags[i], tag))
			return true;
	return false;
}

static void
test_napalm(void **state)
{
	struct rows rows = rows_open("syslog/napalm_logs.jsonl");
	struct noc_value *row;
	int n = 0, tagged = 0;

	(void)state;
	while ((row = rows_next(&rows))) {
		const struct noc_value *want = noc_value_get(row, "expected");
		const struct noc_value *details =
		    noc_value_get(want, "details");
		const char *host = noc_value_get_str(want, "host", "");
		const char *tag = noc_value_get_str(details, "tag", "");
		struct noc_slice mine;
		struct noc_syslog m;
		size_t len;
		char *in = row_input(row, &len), iso[32];

		noc_syslog_parse(in, len, RECEIVED * NOC_NS_PER_S, 0, &m);
		if (m.malformed)
			fail_msg("%s: %s", row_id(row), m.why);
		assert_int_equal(m.facility,
				 noc_value_get_int(want, "facility", -1));
		assert_int_equal(m.severity,
				 noc_value_get_int(want, "severity", -1));
		/* A Junos host name may start with its routing engine. */
		if (m.host.len > 4 && !memcmp(m.host.p, "re0", 3))
			m.host = noc_slice(m.host.p + 4, m.host.len - 4);
		if (!noc_slice_is(m.host, host))
			fail_msg("%s: host is %.*s, not %s", row_id(row),
				 (int)m.host.len, m.host.p, host);
		assert_true(m.has_time);
		if (!memmem(in, len, " MEST", 5)) {
			noc_time_iso(iso, m.time_ns);
			assert_memory_equal(
			    iso + 11, noc_value_get_str(details, "time", ""),
			    8);
		}
		mine = m.tag.p ? m.tag : m.app;
		while (mine.len && *mine.p == '%')
			mine = noc_slice(mine.p + 1, mine.len - 1);
		if (noc_slice_is(mine, tag))
			tagged++;
		else if (!napalm_differs(tag))
			fail_msg("%s: tag is %.*s, not %s", row_id(row),
				 (int)mine.len, mine.p, tag);
		noc_value_free(row);
		free(in);
		n++;
	}
	assert_int_equal(n, 83);
	assert_int_equal(tagged, 71);
}

static void
test_interface_lines(void **state)
{
	struct rows rows = rows_open("syslog/interface.jsonl");
	struct noc_value *row;
	int n = 0;

	(void)state;
	while ((row = rows_next(&rows))) {
		const struct noc_value *want = noc_value_get(row, "expected");
		const char *name = noc_value_get_str(want, "interface", NULL);
		struct noc_syslog m;
		size_t len;
		char *in = row_input(row, &len);

		noc_syslog_parse(in, len, RECEIVED * NOC_NS_PER_S, 0, &m);
		assert_true(m.has_time);
		if (name) {
			n++;
			/* Brocade writes "ethernet 1/1/36". */
			name += strcspn(name, "0123456789");
			assert_non_null(memmem(m.message.p, m.message.len, name,
					       strlen(name)));
			/* The text starts with words, not with a header. */
			assert_null(memchr(m.message.p, '%', m.message.len));
		}
		noc_value_free(row);
		free(in);
	}
	assert_true(n >= 20);
}

/* --- nothing reads outside, whatever comes --- */

static void
inside(struct noc_slice s, const char *p, size_t len, const char *id)
{
	if (s.p &&
	    (s.p < p || s.p > p + len || s.len > len || s.p + s.len > p + len))
		fail_msg("%s: a field lies outside of the message", id);
}

static void
all_inside(const struct noc_syslog *m, const char *p, size_t len,
	   const char *id)
{
	inside(m->host, p, len, id);
	inside(m->app, p, len, id);
	inside(m->procid, p, len, id);
	inside(m->msgid, p, len, id);
	inside(m->sd, p, len, id);
	inside(m->tag, p, len, id);
	inside(m->message, p, len, id);
	assert_true(m->facility < 24 && m->severity < 8);
	assert_true(m->malformed == (m->why != NULL));
	assert_non_null(m->message.p);
}

/* The first "%A-1-B" of a line that ends with a colon. */
static struct noc_slice
first_mnemonic(const char *p, size_t len)
{
	const char *end = p + len, *s = p, *e;

	while ((s = memchr(s, '%', (size_t)(end - s)))) {
		for (e = s + 1; e<end && * e> ' ' && *e != ':'; e++)
			;
		if (e - s > 5 && (s == p || s[-1] == ' ') && s[1] >= 'A' &&
		    s[1] <= 'Z' && memchr(s, '-', (size_t)(e - s)) && e < end &&
		    (*e == ':' || (e[0] == ' ' && e[1] == ':')))
			return noc_slice(s, (size_t)(e - s));
		s++;
	}
	return noc_slice(NULL, 0);
}

static void
test_vendor_lines(void **state)
{
	struct rows rows = rows_open("syslog/vendor_lines.jsonl");
	struct noc_value *row;
	int lines = 0, mnemonics = 0, hosts = 0;

	(void)state;
	while ((row = rows_next(&rows))) {
		const char *vendor = noc_value_get_str(row, "vendor", "");
		struct noc_slice want;
		struct noc_syslog m;
		size_t len;
		char *in = row_input(row, &len);

		noc_syslog_parse(in, len, RECEIVED * NOC_NS_PER_S, 0, &m);
		all_inside(&m, in, len, row_id(row));
		want = first_mnemonic(in, len);
		if (want.p && (!strncmp(vendor, "cisco", 5) ||
			       !strncmp(vendor, "arista", 6))) {
			mnemonics++;
			if (!noc_slice_eq(want, m.tag))
				fail_msg("%s: tag is %.*s: %s", row_id(row),
					 (int)m.tag.len, m.tag.p ? m.tag.p : "",
					 noc_value_get_str(row, "line", ""));
		}
		hosts += noc_slice_is(m.host, "sw1.example.net");
		/* Every prefix, in a block that ends where it does. */
		for (size_t n = 0; n < len && n < 160; n++) {
			char *cut = noc_memdup(in, n ? n : 1);

			noc_syslog_parse(cut, n, RECEIVED * NOC_NS_PER_S, 0,
					 &m);
			all_inside(&m, cut, n, row_id(row));
			free(cut);
		}
		noc_value_free(row);
		free(in);
		lines++;
	}
	assert_int_equal(lines, 571);
	assert_true(mnemonics > 150);
	assert_true(hosts > 200);
}

static void
test_flipped_bits(void **state)
{
	static const char *const lines[] = {
		"<187>1 2026-11-23T05:51:00.123456+00:00 n1 a 1 m [a b=\"c\\]\"]"
		"[d e=\"\"] \xef\xbb\xbf%LINK-3-UPDOWN: text",
		"<187>94307: gw2 LC/0/2/CPU0:Jul  7 20:16:14.834 : ifmgr[214]: "
		"%PKT_INFRA-LINK-3-UPDOWN : Interface",
		"<29>2018-7-23 01:00:34.270.1 sw %%01IFNET/4/IF(l)[49]:text",
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(lines); i++)
		for (size_t bit = 0; bit < 8 * strlen(lines[i]); bit++) {
			size_t len = strlen(lines[i]);
			char *p = noc_memdup(lines[i], len);
			struct noc_syslog m;

			p[bit / 8] = (char)(p[bit / 8] ^ 1 << bit % 8);
			noc_syslog_parse(p, len, RECEIVED * NOC_NS_PER_S, 0,
					 &m);
			all_inside(&m, p, len, lines[i]);
			free(p);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc5424),
		cmocka_unit_test(test_rfc3164),
		cmocka_unit_test(test_napalm),
		cmocka_unit_test(test_interface_lines),
		cmocka_unit_test(test_vendor_lines),
		cmocka_unit_test(test_flipped_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
