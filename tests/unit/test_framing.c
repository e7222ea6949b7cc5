/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "proto/syslog.h"

#include <stdbool.h>

#include "proto/framing.h"
#include "tests/unit/unit.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"

#define MESSAGE_MAX 8192

/* --- a stream that arrives in pieces --- */

struct frames {
	enum noc_frame verdict[64];
	char *text[64];
	size_t len[64];
	size_t n;
	bool bad;
};

static void
frames_release(struct frames *f)
{
	for (size_t i = 0; i < f->n; i++)
		free(f->text[i]);
	memset(f, 0, sizeof(*f));
}

/* Everything the framer has to say about buf[*at..fill). */
static void
frames_take(struct frames *out, struct noc_framer *f, const char *buf,
	    size_t *at, size_t fill, bool eof)
{
	for (;;) {
		/* An exact copy, so that a read past the end is noticed. */
		size_t have = fill - *at, used;
		char *copy = noc_memdup(have ? buf + *at : "", have ? have : 1);
		struct noc_slice msg;
		enum noc_frame v =
		    noc_framer_next(f, copy, have, eof, &msg, &used);

		assert_true(used <= have);
		*at += used;
		if (v == NOC_FRAME_OK || v == NOC_FRAME_CUT) {
			assert_true(out->n < NOC_COUNT(out->text));
			assert_true(msg.len <= f->max_bytes);
			assert_true(used > 0);
			out->verdict[out->n] = v;
			out->text[out->n] = noc_strndup(msg.p, msg.len);
			out->len[out->n++] = msg.len;
		}
		free(copy);
		out->bad |= v == NOC_FRAME_BAD;
		if (v == NOC_FRAME_BAD || (v == NOC_FRAME_MORE && !used))
			return;
	}
}

static struct frames
stream(const char *p, size_t len, size_t max, size_t piece)
{
	struct noc_framer f = { .max_bytes = max };
	struct frames out = { .n = 0 };
	size_t at = 0, fill = 0;

	while (fill < len && !out.bad) {
		fill += len - fill < piece ? len - fill : piece;
		frames_take(&out, &f, p, &at, fill, false);
		/* Not more is asked to be kept than the header says. */
		assert_true(out.bad || fill - at <= max + 11);
	}
	if (!out.bad)
		frames_take(&out, &f, p, &at, fill, true);
	return out;
}

struct frame_case {
	const char *bytes;
	size_t len, max;
	const char *want; /* frames, '|' between them, '!' before a cut one */
	bool bad;
};
#define BYTES(s) (s), sizeof(s) - 1

static const struct frame_case cases[] = {
	{ BYTES("<1>a\n<2>b\n"), 99, "<1>a|<2>b", false },
	{ BYTES("<1>a\r\n<2>b"), 99, "<1>a|<2>b", false },
	{ BYTES("<1>a\0<2>b\0"), 99, "<1>a|<2>b", false },
	{ BYTES("\n\n<1>a\n\n\r\n<2>b\n"), 99, "<1>a|<2>b", false },
	{ BYTES("4 <1>a5 <2>bb"), 99, "<1>a|<2>bb", false },
	{ BYTES("4 <1>a\n5 <2>bb\n"), 99, "<1>a|<2>bb", false },
	/* A newline and a NUL inside of a counted frame are its own. */
	{ BYTES("6 <1>a\nb6 <2>a\nb"), 99, "<1>a\nb|<2>a\nb", false },
	/* Both ways in one stream. */
	{ BYTES("4 <1>a<2>b\n4 <3>c"), 99, "<1>a|<2>b|<3>c", false },
	/* Too long: cut, and the stream goes on behind it. */
	{ BYTES("9 <1>abcdef4 <2>b"), 5, "!<1>ab|<2>b", false },
	{ BYTES("<1>abcdefghijklmnopq\n<2>b\n"), 5, "!<1>ab|<2>b", false },
	{ BYTES("<1>ab\n<2>bc\n"), 5, "<1>ab|<2>bc", false },
	/* The end comes too early. */
	{ BYTES("16 <1>2"), 99, "!<1>2", false },
	{ BYTES("16 <1>217 <11>1 - - - - - -"), 99, "<1>217 <11>1 - -| - - - -",
	  false },
	{ BYTES("12"), 99, "12", false },
	/* Digits that are no length. */
	{ BYTES("63: no PRI\n"), 99, "63: no PRI", false },
	{ BYTES("0 <1>a\n"), 99, "0 <1>a", false },
	{ BYTES("1234567890 <1>a\n"), 99, "", true },
	{ BYTES("4 <1>a99999999999999999"), 99, "<1>a", true },
	{ BYTES(""), 99, "", false },
};

static void
test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++)
		for (size_t piece = 1; piece < 30; piece++) {
			const struct frame_case *c = &cases[i];
			struct frames f =
			    stream(c->bytes, c->len, c->max, piece);
			char got[256] = "";

			for (size_t k = 0; k < f.n; k++)
				sprintf(
				    got + strlen(got), "%s%s%s", k ? "|" : "",
				    f.verdict[k] == NOC_FRAME_CUT ? "!" : "",
				    f.text[k]);
			if (strcmp(got, c->want) || f.bad != c->bad)
				fail_msg("case %zu in pieces of %zu: %s", i,
					 piece, got);
			frames_release(&f);
		}
}

/* A frame of many times the buffer costs no more than the buffer. */
static void
test_huge_frame(void **state)
{
	size_t n = 1000000;
	char *p = noc_malloc(n + 64);
	size_t len = (size_t)sprintf(p, "%zu ", n);
	struct frames f;

	(void)state;
	memset(p + len, 'x', n);
	len += n;
	len += (size_t)sprintf(p + len, "4 <1>a");
	f = stream(p, len, 1024, 4000);
	assert_int_equal(f.n, 2);
	assert_int_equal(f.verdict[0], NOC_FRAME_CUT);
	assert_int_equal(f.len[0], 1024);
	assert_string_equal(f.text[1], "<1>a");
	frames_release(&f);
	free(p);
}

/* --- the sets of go-syslog and telegraf --- */

static struct noc_value *
row_next(char **next)
{
	char *nl = strchr(*next, '\n');
	struct noc_value *row;
	struct noc_err err;

	if (!nl)
		return NULL;
	if (noc_json_parse(*next, (size_t)(nl - *next), &row, &err))
		fail_msg("%s", err.msg);
	*nl = '\0';
	*next = nl + 1;
	return row;
}

static void
test_octet_counting(void **state)
{
	char *text = unit_read(unit_data("syslog/octet_counting.jsonl"), NULL);
	char *next = text;
	struct noc_value *row;
	int n = 0, equal = 0;

	(void)state;
	while ((row = row_next(&next))) {
		const char *in = noc_value_get_str(row, "input", "");
		const struct noc_value *want = noc_value_get(row, "results");
		size_t max =
		    (size_t)noc_value_get_int(row, "max_message_length", 0);
		struct frames f =
		    stream(in, strlen(in), max ? max : MESSAGE_MAX, 7);

		assert_true(f.n >= noc_value_len(want));
		for (size_t i = 0; i < noc_value_len(want); i++) {
			const struct noc_value *m =
			    noc_value_get(noc_value_at(want, i), "message");
			const char *msg = noc_value_get_str(m, "msg", "");
			struct noc_syslog got;

			noc_syslog_parse(f.text[i], f.len[i], 0, 0, &got);
			/* Its error is our malformed or cut message. */
			assert_int_equal(m == NULL,
					 got.malformed ||
					     f.verdict[i] == NOC_FRAME_CUT);
			if (!m)
				continue;
			assert_int_equal(noc_value_get_int(m, "pri", -1),
					 got.facility * 8 + got.severity);
			assert_true(noc_slice_is(got.message, msg));
			equal++;
		}
		frames_release(&f);
		noc_value_free(row);
		n++;
	}
	free(text);
	assert_int_equal(n, 4);
	assert_int_equal(equal, 4);
}

/* Does telegraf's line say what was read? */
static void
telegraf_says(const char *id, const char *line, const struct noc_syslog *m)
{
	char want[5][300] = { "" };

	sprintf(want[0], "severity=%s", noc_severity_name(m->severity));
	sprintf(want[1], "severity_code=%di", m->severity);
	sprintf(want[2], "facility_code=%di", m->facility);
	if (m->host.p)
		sprintf(want[3], "hostname=%.*s", (int)m->host.len, m->host.p);
	/* A year that only the clock of that test knows is left out. */
	if (m->has_time && m->form == NOC_SYSLOG_RFC5424)
		sprintf(want[4], "timestamp=%lldi", (long long)m->time_ns);
	for (size_t i = 0; i < NOC_COUNT(want); i++)
		if (!strstr(line, want[i]))
			fail_msg("%s: no %s in %s", id, want[i], line);
}

static void
test_telegraf(void **state)
{
	char *text = unit_read(unit_data("syslog/telegraf.jsonl"), NULL);
	char *next = text;
	struct noc_value *row;
	int n = 0;

	(void)state;
	while ((row = row_next(&next))) {
		const char *id = noc_value_get_str(row, "id", "?");
		const char *in = noc_value_get_str(row, "input", "");
		const char *conf = noc_value_get_str(row, "telegraf_conf", "");
		const char *line =
		    noc_value_get_str(row, "expected_influx_line", "");
		bool effort = strstr(conf, "best_effort = true") != NULL;
		size_t want = 0, got = 0;
		struct frames f;

		f = stream(in, strlen(in), MESSAGE_MAX, 1000);
		for (const char *c = line; *c; c++)
			want += *c == '\n' && c[1];
		want += *line != '\0';
		if (strstr(conf, "udp")) { /* one datagram, one message */
			frames_release(&f);
			f.n = 1;
			f.text[0] = noc_strdup(in);
			f.len[0] = strlen(in);
		}
		for (size_t i = 0; i < f.n; i++) {
			struct noc_syslog m;

			noc_syslog_parse(f.text[i], f.len[i], 0, 0, &m);
			if (m.malformed && !(effort && m.has_pri))
				continue;
			got++;
			if (want == 1 && !m.malformed)
				telegraf_says(id, line, &m);
		}
		if (got != want)
			fail_msg("%s: %zu messages, not %zu", id, got, want);
		frames_release(&f);
		noc_value_free(row);
		n++;
	}
	free(text);
	assert_int_equal(n, 32);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_huge_frame),
		cmocka_unit_test(test_octet_counting),
		cmocka_unit_test(test_telegraf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
