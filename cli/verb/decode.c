/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/intern.h"
#include "base/mem.h"
#include "proto/mib.h"
#include "proto/tzif.h"
#include "net/loop.h"
#include "engine/event/event.h"
#include "engine/event/value.h"
#include "engine/rule/normalize.h"
#include "snmp/peek.h"
#include "snmp/snmp.h"
#include "sensors/snmp_trap.h"
#include "daemon/rules_dir.h"
#include "cli/rows.h"
#include "cli/rules_open.h"
#include "cli/verb.h"

/*
 * nocturne decode: bytes in, one JSON event a message out, without a daemon.
 * `kind` and `data` are the canonical event; `syslog` or `snmp` and `raw` are
 * what the sensor saw.  What no normalizer knew keeps the sensor's kind.
 */
#define DECODE_LINE_MAX	 262144
#define DECODE_USERS_MAX 16

struct decode {
	struct noc_ruleset *rs;
	struct noc_tz *tz;
	struct noc_now now;
	struct noc_snmp *snmp;
	bool hex;
	size_t failed;
	enum noc_output output;
	struct noc_value *list; /* until the end, for all but jsonl */
};

extern const struct noc_verb noc_verb_decode;

/* ---- out ---- */

/* Owned. */
static void
decode_out(struct decode *d, struct noc_value *v)
{
	if (d->output != NOC_OUTPUT_JSONL) {
		noc_value_push(d->list, v);
		return;
	}
	noc_rows_json(v, false);
	noc_value_free(v);
}

static void
decode_print(struct decode *d, struct noc_event *ev)
{
	struct noc_value *v;

	ev->received_ns = d->now.wall_ns;
	if (!ev->time_ns)
		ev->time_ns = ev->received_ns;
	ev->kind = ev->base;
	noc_normalize(d->rs, ev);
	v = noc_event_value(ev);
	/* Nobody received it, and nobody vouches for it. */
	noc_value_unset(v, "received");
	noc_value_unset(v, "received_ns");
	noc_value_unset(v, "trust");
	decode_out(d, v);
	noc_event_clear(ev);
}

static void
decode_bad(struct decode *d, const char *base, const char *why,
	   struct noc_slice raw)
{
	struct noc_value *v = noc_value_map();
	char *hex = noc_malloc(2 * raw.len + 1);

	noc_value_set(v, "kind", noc_value_str(base));
	noc_value_set(v, "malformed", noc_value_bool(true));
	noc_value_set(v, "error", noc_value_str(why));
	noc_value_set(
	    v, "raw_hex",
	    noc_value_str(noc_hex(hex, (const uint8_t *)raw.p, raw.len)));
	decode_out(d, v);
	free(hex);
	d->failed++;
}

/* ---- syslog ---- */

static void
decode_syslog(struct decode *d, struct noc_slice line)
{
	struct noc_event ev = { .source = noc_interns("decode") };
	struct noc_syslog m;

	noc_syslog_parse(line.p, line.len, d->now.wall_ns,
			 noc_tz_offset(d->tz, d->now.wall_ns / NOC_NS_PER_S),
			 &m);
	ev.base = noc_interns("syslog");
	ev.origin = noc_slice_str("local");
	ev.device = m.host.len ? m.host : ev.origin;
	ev.raw = line;
	ev.syslog = &m;
	ev.severity = (int8_t)m.severity;
	ev.summary = m.message;
	ev.malformed = m.malformed;
	if (m.has_time)
		ev.time_ns = m.time_ns;
	decode_print(d, &ev);
}

/* ---- snmp ---- */

static void
decode_trap(struct decode *d, struct noc_snmp_trap *trap,
	    const struct noc_value *unverified, struct noc_slice packet)
{
	struct noc_event ev = { .source = noc_interns("decode") };
	struct noc_strbuf summary = NOC_STRBUF_INIT;
	const char *who =
	    *trap->trap_address ? trap->trap_address : trap->agent_addr;

	ev.base = noc_interns("snmp.trap");
	ev.origin = noc_slice_str("local");
	ev.snmp = noc_snmp_trap_value(d->snmp, trap);
	if (trap->version < 3)
		noc_value_set(
		    ev.snmp, "community",
		    noc_value_strn(trap->community, trap->community_len));
	if (trap->version != 1)
		noc_value_set(ev.snmp, "request_id",
			      noc_value_int(trap->request_id));
	if (unverified) {
		noc_value_set(ev.snmp, "unverified",
			      noc_value_copy(unverified));
		ev.malformed = true;
	}
	ev.malformed |= trap->malformed;
	noc_snmp_trap_summary(ev.snmp, &summary);
	ev.device =
	    *who && strcmp(who, "0.0.0.0") ? noc_slice_str(who) : ev.origin;
	ev.severity = 5;
	ev.summary = noc_slice(summary.p ? summary.p : "", summary.len);
	ev.raw = packet;
	decode_print(d, &ev);
	noc_strbuf_release(&summary);
}

/* No event, or none that we may believe: what can be read of it. */
static void
decode_peek(struct decode *d, const char *why, struct noc_slice packet)
{
	struct noc_value *reason = noc_value_str(why), *v;
	struct noc_snmp_peek peek;
	struct noc_err err;

	if (noc_snmp_peek(d->snmp, (const uint8_t *)packet.p, packet.len, &peek,
			  &err)) {
		decode_bad(d, "snmp.trap", err.msg, packet);
	} else if (peek.notification) {
		decode_trap(d, &peek.trap, reason, packet);
		noc_snmp_peek_clear(&peek);
	} else {
		v = noc_value_map();
		noc_value_set(v, "kind", noc_value_str("snmp.message"));
		noc_value_set(v, "error", noc_value_copy(reason));
		noc_value_set(v, "snmp", peek.value);
		peek.value = NULL;
		decode_out(d, v);
		noc_snmp_peek_clear(&peek);
	}
	noc_value_free(reason);
}

static void
decode_message(struct decode *d, struct noc_slice packet)
{
	struct sockaddr_in from = { .sin_family = AF_INET };
	struct noc_snmp_trap trap;
	struct noc_err err;
	int r;

	r = noc_snmp_receive(d->snmp, (const uint8_t *)packet.p, packet.len,
			     (struct sockaddr *)&from, sizeof(from), &trap,
			     &err);
	if (r == 0) {
		decode_trap(d, &trap, NULL, packet);
		noc_snmp_trap_clear(&trap);
	} else {
		decode_peek(
		    d, r == NOC_EAGAIN ? "It asks for our engine." : err.msg,
		    packet);
	}
}

static void
decode_packet(struct decode *d, struct noc_slice packet)
{
	/* libnetsnmp reads a little past the end of what it is given. */
	char *copy = noc_calloc(1, packet.len + 64);

	memcpy(copy, packet.p, packet.len);
	decode_message(d, noc_slice(copy, packet.len));
	free(copy);
}

static int
decode_user(char *text, struct noc_snmp_user *u)
{
	const char *at[5] = { NULL };
	size_t n = 0;

	for (char *p = text, *word; n < 5 && (word = strsep(&p, ":"));)
		at[n++] = word;
	if (n != 1 && n != 3 && n != 5)
		return -1;
	*u = (struct noc_snmp_user){
		.name = at[0],
		.auth = at[1],
		.auth_pass = at[2],
		.priv = at[3],
		.priv_pass = at[4],
	};
	return 0;
}

/* ---- input ---- */

/* "30 82 01", "0x3082", with anything that is no digit between: bytes. */
static bool
decode_hex(const char *line, size_t len, struct noc_strbuf *out)
{
	int half = -1;

	noc_strbuf_clear(out);
	if (len > 1 && line[0] == '0' && (line[1] == 'x' || line[1] == 'X'))
		line += 2, len -= 2;
	for (size_t i = 0; i < len; i++) {
		int digit = noc_hex_digit(line[i]);

		if (digit < 0 && strchr(" \t\r:", line[i]))
			continue;
		if (digit < 0)
			return false;
		if (half < 0) {
			half = digit;
		} else {
			noc_strbuf_addc(out, (char)(half * 16 + digit));
			half = -1;
		}
	}
	return half < 0;
}

static void
decode_line(struct decode *d, bool snmp, const char *line, size_t len)
{
	struct noc_strbuf bytes = NOC_STRBUF_INIT;
	struct noc_slice in = noc_slice(line, len);
	bool ok = !d->hex || decode_hex(line, len, &bytes);

	if (d->hex)
		in = noc_slice(bytes.p ? bytes.p : "", bytes.len);
	if (!ok)
		decode_bad(d, snmp ? "snmp.trap" : "syslog",
			   "The line is not hexadecimal.",
			   noc_slice(line, len));
	else if (snmp)
		decode_packet(d, in);
	else
		decode_syslog(d, in);
	noc_strbuf_release(&bytes);
}

static int
decode_stream(struct decode *d, bool snmp, FILE *in, const char *name)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;

	errno = 0;
	if (snmp && !d->hex) { /* one packet a file */
		line = noc_malloc(DECODE_LINE_MAX);
		len = (ssize_t)fread(line, 1, DECODE_LINE_MAX, in);
		if (!ferror(in))
			decode_packet(d, noc_slice(line, (size_t)len));
	} else {
		while ((len = getline(&line, &cap, in)) >= 0) {
			while (len > 0 &&
			       (line[len - 1] == '\n' || line[len - 1] == '\r'))
				len--;
			if (len > 0)
				decode_line(d, snmp, line, (size_t)len);
		}
	}
	free(line);
	if (!ferror(in))
		return NOC_EXIT_OK;
	fprintf(stderr, "nocturne: %s: %s\n", name, strerror(errno));
	return NOC_EXIT_FAILED;
}

static int
decode_file(struct decode *d, bool snmp, const char *path)
{
	FILE *in;
	int status;

	if (!strcmp(path, "-"))
		return decode_stream(d, snmp, stdin, "standard input");
	in = fopen(path, "re");
	if (!in) {
		fprintf(stderr, "nocturne: %s: %s\n", path, strerror(errno));
		return NOC_EXIT_NOTFOUND;
	}
	status = decode_stream(d, snmp, in, path);
	fclose(in);
	return status;
}

/* ---- the verb ---- */

static int
decode_open_snmp(struct decode *d, const struct noc_value *opts,
		 struct noc_loop **loop, struct noc_mib **mib)
{
	const struct noc_value *list = noc_value_get(opts, "user");
	struct noc_snmp_user users[DECODE_USERS_MAX];
	struct noc_snmp_options snmp = { .users = users };
	struct noc_err err;

	for (size_t i = 0; i < noc_value_len(list); i++)
		if (snmp.nusers == DECODE_USERS_MAX ||
		    decode_user(noc_value_at(list, i)->u.s.p,
				&users[snmp.nusers++]))
			return noc_verb_misuse(
			    &noc_verb_decode,
			    "--user takes NAME[:AUTH:PASS[:PRIV:PASS]], at "
			    "most %d of them.",
			    DECODE_USERS_MAX);
	snmp.mib = *mib = noc_mib_new();
	for (size_t i = 0; i < noc_value_len(noc_value_get(opts, "mib")); i++)
		if (noc_mib_load(
			*mib,
			noc_value_at(noc_value_get(opts, "mib"), i)->u.s.p,
			&err))
			return noc_verb_fail(&err);
	if (noc_loop_new(loop, &err) ||
	    noc_snmp_open(*loop, &snmp, &d->snmp, &err))
		return noc_verb_fail(&err);
	return NOC_EXIT_OK;
}

static int
decode_all(struct decode *d, const struct noc_value *opts, bool snmp)
{
	const struct noc_value *args = noc_value_get(opts, "args");
	struct noc_loop *loop = NULL;
	struct noc_mib *mib = NULL;
	int status = NOC_EXIT_OK;

	if (snmp)
		status = decode_open_snmp(d, opts, &loop, &mib);
	if (status == NOC_EXIT_OK && noc_value_len(args) == 1)
		status = decode_file(d, snmp, "-");
	for (size_t i = 1; status == NOC_EXIT_OK && i < noc_value_len(args);
	     i++)
		status = decode_file(d, snmp, noc_value_at(args, i)->u.s.p);
	noc_snmp_close(d->snmp);
	noc_loop_free(loop);
	noc_mib_free(mib);
	return status == NOC_EXIT_OK && d->failed ? NOC_EXIT_FAILED : status;
}

static int
decode_run(int argc, char **argv)
{
	static const struct noc_column columns[] = {
		{ "kind", "KIND", 'l', 0 },
		{ "device", "DEVICE", 'l', 0 },
		{ "data", "DATA", 'm', 60 },
		{ "error", "ERROR", 'l', 60 },
	};
	struct decode d = { .now = noc_clock_read(),
			    .output = NOC_OUTPUT_JSONL };
	struct noc_value *answer;
	struct noc_value *opts;
	const char *what = "";
	struct noc_err err;
	int status;

	opts = noc_verb_parse(&noc_verb_decode, argc, argv, &status);
	if (!opts)
		return status;
	if (noc_value_len(noc_value_get(opts, "args")))
		what = noc_value_at(noc_value_get(opts, "args"), 0)->u.s.p;
	d.hex = noc_value_get_bool(opts, "hex", false);
	status = noc_output_said(&noc_verb_decode, opts, &d.output);
	answer = noc_value_map();
	d.list = noc_value_list();
	noc_value_set(answer, "events", d.list);
	if (status) {
		;
	} else if (strcmp(what, "syslog") && strcmp(what, "snmp")) {
		status = noc_verb_misuse(&noc_verb_decode,
					 "say what it is: syslog or snmp.");
	} else if (noc_tz_open(noc_value_get_str(opts, "tz", "UTC"), &d.tz,
			       &err)) {
		status = noc_verb_fail(&err);
	} else {
		d.rs = noc_rules_open(
		    noc_rules_dir(noc_value_get_str(opts, "rules", NULL)),
		    false, &status);
		if (d.rs)
			status = decode_all(&d, opts, !strcmp(what, "snmp"));
		if (d.rs && d.output != NOC_OUTPUT_JSONL)
			noc_rows_output(d.output, answer, "events", columns,
					NOC_COUNT(columns), "No messages.");
	}
	noc_value_free(answer);
	noc_ruleset_unref(d.rs);
	noc_tz_free(d.tz);
	noc_value_free(opts);
	return status;
}

static const struct noc_verb_option decode_options[] = {
	{ "hex", 0, NULL, "each line is a message in hexadecimal", false },
	{ "rules", 0, "DIR", "rule tree whose normalizers are used", false },
	{ "tz", 0, "ZONE", "zone of dates that name none (UTC)", false },
	{ "user", 0, "USER", "v3 user: NAME[:AUTH:PASSWORD[:PRIV:PASSWORD]]",
	  true },
	{ "mib", 0, "FILE", "more names: what 'nocturne mib' compiled", true },
	NOC_OUTPUT_OPTION,
	{ NULL, 0, NULL, NULL, false }
};

const struct noc_verb noc_verb_decode = {
	.name = "decode",
	.summary = "shows what would be made of messages",
	.usage = "syslog [--hex] [FILE|-]...\n"
		 "snmp [--hex] [FILE|-]...",
	.options = decode_options,
	.details =
	    "Prints one JSON event a line, without a daemon: 'kind' and "
	    "'data' are the\ncanonical event, 'syslog' or 'snmp' is what the "
	    "sensor saw.  Syslog is one\nmessage a line; an SNMP file holds "
	    "one packet, with --hex one a line.  Without -o it is jsonl.",
	.run = decode_run,
};
