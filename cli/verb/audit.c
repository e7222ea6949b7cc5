/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/mem.h"
#include "store/reader.h"
#include "store/verify.h"
#include "engine/run/verify.h"
#include "cli/client.h"
#include "cli/http.h"

/* nocturne audit: the journal verified, exported, looked at. */

#define EXPORT_PAGE 500
#define EXPORT_MS   30000 /* until it begins */

static const struct noc_verb_option audit_options[] = {
	NOC_CLIENT_OPTIONS,
	{ "db", 0, "FILE", "verify this copy of nocturne.db", false },
	{ "anchor", 0, "FILE", "compare with this anchor file", false },
	{ "vkey", 0, "KEY|FILE", "the key that you pinned off this host",
	  false },
	{ "since", 0, "TIME", "export: from this time (2026-11-23T00:00:00Z)",
	  false },
	{ "until", 0, "TIME", "export: before this time", false },
	{ "run", 0, "RUN", "show: only of this run (a whole id)", false },
	{ "event", 0, "EVENT", "show: only of this event (a whole id)", false },
	{ "kind", 'k', "KIND", "show: only of this kind: ADMIN, DECISION ...",
	  false },
	{ "limit", 'n', "N", "show: how many (30)", false },
	{ "before", 0, "CURSOR", "show: the page after the one that gave it",
	  false },
	{ 0 },
};

static const struct noc_column record_columns[] = {
	{ "seq", "SEQ", 'r', 0 },	   { "at", "AT", 't', 0 },
	{ "kind", "KIND", 'l', 0 },	   { "subject", "OF", 'l', 18 },
	{ "rule", "RULE", 'l', 40 },	   { "what", "WHAT", 'l', 40 },
	{ "outcome", "OUTCOME", 'l', 16 }, { "actor", "ACTOR", 'l', 24 },
	{ "detail", "DETAIL", 'l', 70 },
};

/* ---- verify ---- */

static void
on_progress(uint64_t done, uint64_t total, void *arg)
{
	(void)arg;
	fprintf(stderr, "\r%llu of %llu records", (unsigned long long)done,
		(unsigned long long)total);
}

/* The key itself, or the first line of a file that holds it. */
static int
verify_vkey(const char *said, char **key, struct noc_err *err)
{
	char line[1024] = "";
	FILE *f = fopen(said, "re");
	const char *end;
	size_t n;

	if (!f && !strchr(said, '+'))
		return noc_err_set(err, NOC_ENOTFOUND,
				   "There is no key file at %s.", said);
	if (!f) {
		*key = noc_strdup(said);
		return 0;
	}
	n = fread(line, 1, sizeof(line), f);
	fclose(f);
	end = memchr(line, '\n', n);
	if (end)
		n = (size_t)(end - line);
	if (n && line[n - 1] == '\r')
		n--;
	/* A key has no NUL: what has is none. */
	*key = noc_strndup(line, memchr(line, '\0', n) ? 0 : n);
	return 0;
}

static struct noc_value *
verify_value(const struct noc_verify_result *r, const char *verdict)
{
	struct noc_value *v = noc_value_map();

	noc_value_set(v, "verdict", noc_value_str(verdict));
	noc_value_set(v, "records", noc_value_int((int64_t)r->records));
	if (r->verdict == NOC_VERDICT_TAMPERED || r->verdict == NOC_VERDICT_CUT)
		noc_value_set(v, "at_seq", noc_value_int((int64_t)r->at_seq));
	noc_value_set(v, "size", noc_value_int((int64_t)r->size));
	noc_value_set(v, "root", noc_value_str(r->root));
	noc_value_set(v, "origin", noc_value_str(r->origin));
	noc_value_set(v, "message", noc_value_str(r->message));
	noc_value_set(v, "vkey_pinned", noc_value_bool(r->vkey_pinned != 0));
	return v;
}

static void
verify_print(const struct noc_client *c, const struct noc_verify_result *r)
{
	static const char *const verdicts[] = { "OK", "TAMPERED", "CUT",
						"DAMAGED" };
	const char *verdict = verdicts[r->verdict];
	struct noc_strbuf message = NOC_STRBUF_INIT;
	struct noc_value *v;

	if (c->output != NOC_OUTPUT_TABLE) {
		v = verify_value(r, verdict);
		noc_rows_json(v, c->output == NOC_OUTPUT_JSON);
		noc_value_free(v);
		return;
	}
	noc_strbuf_add_escaped(&message, r->message, strlen(r->message));
	if (r->verdict == NOC_VERDICT_OK) {
		const char *rest =
		    message.p ? strstr(message.p, " records, ") : NULL;

		/* The sentence counts them too. */
		printf("%llu records OK: %s\n", (unsigned long long)r->records,
		       rest	   ? rest + 10
		       : message.p ? message.p
				   : "");
	} else if (r->verdict != NOC_VERDICT_DAMAGED)
		printf("%s at seq %llu: %s\n", verdict,
		       (unsigned long long)r->at_seq,
		       message.p ? message.p : "");
	else
		printf("%s: %s\n", verdict, message.p ? message.p : "");
	noc_strbuf_release(&message);
}

static int
audit_verify(struct noc_client *c)
{
	const char *db = noc_client_opt(c, "db");
	const char *anchor = noc_client_opt(c, "anchor");
	const char *said = noc_client_opt(c, "vkey");
	bool terminal = isatty(STDERR_FILENO);
	char *path = noc_asprintf("%s/nocturne.db", c->state);
	char *beside = noc_asprintf("%s/anchor.log", c->state);
	char *vkey = NULL;
	struct noc_verify_options opt = {
		.db = db ? db : path,
		.anchor = anchor,
		.progress = terminal ? on_progress : NULL,
	};
	struct noc_verify_result result;
	struct noc_err err = { 0 };
	int status = said ? verify_vkey(said, &vkey, &err) : 0;

	/* A copy is not compared with the anchors of another log. */
	if (!db && !anchor && access(beside, R_OK) == 0)
		opt.anchor = beside;
	opt.vkey = vkey;
	memset(&result, 0, sizeof(result));
	if (!status)
		status = noc_verify(&opt, &result, &err);
	if (terminal)
		fputs("\r\033[K", stderr);
	if (status) {
		noc_verb_fail(&err);
		status = NOC_EXIT_USAGE; /* not judged: neither 0 nor 1 */
	} else {
		verify_print(c, &result);
		status = result.verdict == NOC_VERDICT_OK ? NOC_EXIT_OK
							  : NOC_EXIT_FAILED;
	}
	free(path);
	free(beside);
	free(vkey);
	return status;
}

/* ---- export ---- */

struct export
{
	bool broken;
	struct noc_strbuf tail; /* the last line so far */
};

static int
on_export_data(const char *p, size_t len, void *arg)
{
	struct export *x = arg;
	const char *nl;

	if (fwrite(p, 1, len, stdout) != len)
		return 1;
	/* Only the last line may say that the stream broke off. */
	nl = len > 1 ? memrchr(p, '\n', len - 1) : NULL;
	if (nl) {
		noc_strbuf_clear(&x->tail);
		len -= (size_t)(nl + 1 - p);
		p = nl + 1;
	}
	noc_strbuf_add(&x->tail, p, len);
	return 0;
}

/* Without a daemon: from the file, page by page. */
static int
export_local(struct noc_client *c, int64_t since, int64_t until)
{
	int64_t after = -1;

	for (;;) {
		struct noc_value *params = noc_value_map(), *rows = NULL;
		struct noc_err err;
		size_t n;
		int r;

		noc_value_set(params, "limit", noc_value_int(EXPORT_PAGE));
		noc_value_set(params, "after", noc_value_int(after));
		r = noc_reader_query(c->state, "audit", params, &rows, &err);
		noc_value_free(params);
		if (r)
			return noc_verb_fail(&err);
		n = noc_value_len(rows);
		for (size_t i = 0; i < n; i++) {
			struct noc_value *row = noc_value_at(rows, i);
			int64_t at = noc_value_get_int(row, "at", 0);
			char iso[32];

			after = noc_value_get_int(row, "seq", after);
			if (at < since || (until && at >= until))
				continue;
			noc_value_unset(row, "cursor");
			noc_value_set(row, "at",
				      noc_value_str(noc_time_iso(iso, at)));
			noc_value_set(row, "at_ns", noc_value_int(at));
			noc_rows_json(row, false);
		}
		noc_value_free(rows);
		if (n < EXPORT_PAGE || ferror(stdout))
			return NOC_EXIT_OK;
	}
}

static int
export_time(struct noc_client *c, const char *name, int64_t *ns)
{
	const char *text = noc_client_opt(c, name);

	if (!text || !noc_time_parse(text, strlen(text), ns))
		return 0;
	return noc_verb_misuse(c->verb,
			       "--%s takes a time such as "
			       "2026-11-23T00:00:00Z.",
			       name);
}

static int
export_answer(struct noc_client *c, const struct noc_http_call *call)
{
	struct export *x = call->arg;
	struct noc_value *none;
	struct noc_err err = { 0 };
	int r = noc_http_call(call, &none, &err);

	if (!r && x->tail.p && !strncmp(x->tail.p, "{\"error\":", 9))
		r = noc_err_set(&err, NOC_EREMOTE,
				"The export broke off; the last line says "
				"why.");
	if (r == NOC_EDOWN) {
		int64_t since = 0, until = 0;

		export_time(c, "since", &since);
		export_time(c, "until", &until);
		return export_local(c, since, until);
	}
	return r ? noc_verb_fail(&err) : NOC_EXIT_OK;
}

static int
audit_export(struct noc_client *c)
{
	struct noc_strbuf url = NOC_STRBUF_INIT;
	struct export x = { 0 };
	struct noc_http_call call = {
		.socket = c->socket,
		.state = c->state,
		.method = "GET",
		.timeout_ms = EXPORT_MS,
		.on_data = on_export_data,
		.arg = &x,
	};
	int64_t ns;
	int status = export_time(c, "since", &ns);

	if (!status)
		status = export_time(c, "until", &ns);
	if (status)
		return status;
	noc_strbuf_adds(&url, "/api/v1/audit/export");
	noc_client_query(&url, "since", noc_client_opt(c, "since"));
	noc_client_query(&url, "until", noc_client_opt(c, "until"));
	call.target = url.p;
	status = export_answer(c, &call);
	noc_strbuf_release(&url);
	noc_strbuf_release(&x.tail);
	return status;
}

/* ---- a look ---- */

static void
record_view(struct noc_value *row)
{
	const struct noc_value *subject = noc_value_get(row, "run");
	struct noc_strbuf what = NOC_STRBUF_INIT;

	if (row->type != NOC_MAP)
		return;
	if (!subject)
		subject = noc_value_get(row, "event");
	if (subject)
		noc_value_set(row, "subject", noc_value_copy(subject));
	noc_strbuf_adds(&what, noc_value_get_str(row, "step", ""));
	for (int i = 0; i < 2; i++) {
		const char *s =
		    noc_value_get_str(row, i ? "target" : "action", "");

		if (*s && what.len)
			noc_strbuf_addc(&what, ' ');
		noc_strbuf_adds(&what, s);
	}
	noc_value_set(row, "what", noc_value_strn(what.p, what.len));
	noc_strbuf_release(&what);
}

/* The journal is asked for whole ids; a part of one would find nothing. */
static int
show_whole(const struct noc_client *c, const char *name)
{
	const char *id = noc_client_opt(c, name);

	if (!id || strlen(id) == NOC_ID_TEXT - 1)
		return 0;
	return noc_verb_misuse(c->verb,
			       "--%s takes a whole id, which 'nocturne %s %s' "
			       "prints.",
			       name, *name == 'r' ? "run show" : "explain", id);
}

static int
audit_show(struct noc_client *c)
{
	const char *limit = noc_client_opt(c, "limit");
	struct noc_strbuf url = NOC_STRBUF_INIT;
	const struct noc_value *list;
	struct noc_value *page;
	int status = show_whole(c, "run");

	if (!status)
		status = show_whole(c, "event");
	if (status)
		return status;
	noc_strbuf_adds(&url, "/api/v1/audit");
	noc_client_query(&url, "limit", limit ? limit : "30");
	noc_client_query(&url, "run", noc_client_opt(c, "run"));
	noc_client_query(&url, "event", noc_client_opt(c, "event"));
	noc_client_query(&url, "kind", noc_client_opt(c, "kind"));
	noc_client_query(&url, "before", noc_client_opt(c, "before"));
	page = noc_client_call(c, "GET", url.p, NULL, &status);
	noc_strbuf_release(&url);
	list = noc_value_get(page, "records");
	for (size_t i = 0;
	     c->output == NOC_OUTPUT_TABLE && i < noc_value_len(list); i++)
		record_view(noc_value_at(list, i));
	if (page)
		noc_rows_output(c->output, page, "records", record_columns,
				NOC_COUNT(record_columns), "No records.");
	noc_value_free(page);
	return status;
}

/* A note as it is, but for what would steer the terminal. */
static void
head_print(const struct noc_value *head, bool first)
{
	const char *p = head->type == NOC_STR ? head->u.s.p : "";
	struct noc_strbuf text = NOC_STRBUF_INIT;

	if (!first)
		noc_strbuf_addc(&text, '\n');
	while (*p) {
		size_t len = strcspn(p, "\n");

		noc_strbuf_add_escaped(&text, p, len);
		p += len;
		if (*p == '\n')
			noc_strbuf_addc(&text, *p++);
	}
	fputs(text.p ? text.p : "", stdout);
	noc_strbuf_release(&text);
}

static int
audit_heads(struct noc_client *c)
{
	const char *limit = noc_client_opt(c, "limit");
	struct noc_strbuf url = NOC_STRBUF_INIT;
	const struct noc_value *list;
	struct noc_value *page;
	int status;

	noc_strbuf_adds(&url, "/api/v1/audit/heads");
	noc_client_query(&url, "limit", limit ? limit : "1");
	page = noc_client_call(c, "GET", url.p, NULL, &status);
	noc_strbuf_release(&url);
	list = noc_value_get(page, "heads");
	if (page && c->output != NOC_OUTPUT_TABLE)
		noc_rows_output(c->output, page, "heads", NULL, 0, NULL);
	else
		for (size_t i = 0; i < noc_value_len(list); i++)
			head_print(noc_value_at(list, i), i == 0);
	noc_value_free(page);
	return status;
}

static int
audit_run(int argc, char **argv)
{
	static const struct noc_client_sub subs[] = {
		{ "show", 0, 0, audit_show },
		{ "verify", 0, 0, audit_verify },
		{ "export", 0, 0, audit_export },
		{ "heads", 0, 0, audit_heads },
		{ 0 },
	};

	return noc_client_main(&noc_verb_audit, subs, argc, argv);
}

const struct noc_verb noc_verb_audit = {
	.name = "audit",
	.summary = "verifies, exports and shows the journal",
	.usage = "[show] [--run RUN] [--event EVENT] [--kind KIND] [-n N]\n"
		 "verify [--db FILE] [--anchor FILE] [--vkey KEY|FILE]\n"
		 "export [--since TIME] [--until TIME]\nheads [-n N]",
	.options = audit_options,
	.details = "verify and export need no daemon.  verify exits 0 only "
		   "when every record, head and\nanchor agrees, 1 when one "
		   "does not, 2 when it could not be judged; with --vkey\nalso "
		   "that nobody made the log anew.",
	.run = audit_run,
};
