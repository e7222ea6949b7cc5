/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/hex.h"
#include "base/mem.h"
#include "engine/lang/schema_rows.h"
#include "engine/edge/secret.h"
#include "engine/core/call.h"
#include "engine/core/core.h"
#include "actions/actions.h"
#include "actions/curl.h"

/*
 * mail: one text mail by SMTP (libcurl).  Defaults from the configuration:
 * mail.server, mail.from, mail.tls, mail.ca.  Header values lose their line
 * ends, so no header can be smuggled in through an event.
 */
#define MAIL_SERVER "smtp://127.0.0.1:25"

struct mail {
	struct noc_env *env;
	struct noc_call *call;
	struct noc_transfer *transfer;
};

static void
on_mail_done(const struct noc_transfer_result *res, void *arg)
{
	struct mail *m = arg;
	struct noc_call *call = m->call;
	struct noc_call_error e;
	struct noc_value *v;
	char code[16];

	call->impl = NULL;
	if (res->error) {
		/* 5yz is the server's last word, 4yz asks to come again. */
		const char *class =
		    res->status >= 500 ? "permanent" : res->class;

		snprintf(code, sizeof(code), "%d", res->status);
		noc_call_error_set(&e, class, "mail", code, "%s", res->error);
		noc_call_done(m->env, call, NULL, &e);
	} else {
		v = noc_value_map();
		noc_value_set(v, "status", noc_value_int(res->status));
		noc_call_done(m->env, call, v, NULL);
	}
	free(m);
}

static void
mail_header(struct noc_strbuf *out, const char *name, const char *p, size_t len)
{
	bool plain = true;
	char *b64;

	for (size_t i = 0; i < len; i++)
		plain &= p[i] >= ' ' && p[i] < 0x7f;
	if (len > 400)
		len = 400;
	if (plain) {
		noc_strbuf_addf(out, "%s: %.*s\r\n", name, (int)len, p);
		return;
	}
	b64 = noc_malloc(4 * ((len + 2) / 3) + 1); /* RFC 2047 */
	noc_strbuf_addf(out, "%s: =?utf-8?B?%s?=\r\n", name,
			noc_base64(b64, p, len));
	free(b64);
}

/* RFC 5322 text; base64 body, so no line is too long and none is a dot. */
static void
mail_text(const struct mail *m, const struct noc_value *opts,
	  const struct noc_value *to, const char *from, struct noc_strbuf *out)
{
	const struct noc_value *items = noc_params_items(m->call->params);
	const struct noc_value *body = noc_value_get(opts, "body");
	struct noc_strbuf text = NOC_STRBUF_INIT, list = NOC_STRBUF_INIT;
	struct noc_strbuf subject = NOC_STRBUF_INIT;
	time_t now =
	    (time_t)(noc_core_turn(m->env->core).wall_ns / NOC_NS_PER_S);
	struct tm tm;
	char date[64], *b64;

	if (!body && noc_value_len(items))
		body = noc_value_at(items, 0);
	if (!body) /* in a channel: the notice */
		body = noc_value_get(m->call->context, "text");
	noc_value_text(body, &text);
	noc_value_text(noc_value_get(opts, "subject"), &subject);
	if (!subject.len && text.len)
		noc_strbuf_add(&subject, text.p, strcspn(text.p, "\r\n"));
	for (size_t i = 0; i < noc_value_len(to); i++) {
		if (i)
			noc_strbuf_adds(&list, ", ");
		noc_value_text(noc_value_at(to, i), &list);
	}
	gmtime_r(&now, &tm);
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S +0000", &tm);
	noc_strbuf_addf(out, "Date: %s\r\n", date);
	mail_header(out, "From", from, strlen(from));
	mail_header(out, "To", list.p ? list.p : "", list.len);
	mail_header(out, "Subject", subject.p ? subject.p : "(no subject)",
		    subject.p ? subject.len : 12);
	noc_strbuf_addf(out, "Message-ID: <%s@nocturne>\r\n", m->call->token);
	noc_strbuf_adds(out, "MIME-Version: 1.0\r\n"
			     "Content-Type: text/plain; charset=utf-8\r\n"
			     "Content-Transfer-Encoding: base64\r\n"
			     "Auto-Submitted: auto-generated\r\n\r\n");
	b64 = noc_malloc(4 * ((text.len + 2) / 3) + 1);
	noc_base64(b64, text.p ? text.p : "", text.len);
	for (size_t i = 0, n = strlen(b64); i < n; i += 76)
		noc_strbuf_addf(out, "%.76s\r\n", b64 + i);
	free(b64);
	noc_strbuf_release(&text);
	noc_strbuf_release(&subject);
	noc_strbuf_release(&list);
}

static struct noc_value *
mail_recipients(const struct noc_value *opts)
{
	static const char *const keys[] = { "to", "cc" };
	struct noc_value *list = noc_value_list();

	for (size_t k = 0; k < NOC_COUNT(keys); k++) {
		const struct noc_value *v = noc_value_get(opts, keys[k]);
		const struct noc_value *items = noc_value_get(v, "items");

		if (v && v->type == NOC_STR)
			noc_value_push(list, noc_value_copy(v));
		if (v && v->type == NOC_LIST)
			items = v;
		for (size_t i = 0; i < noc_value_len(items); i++)
			noc_value_push(list,
				       noc_value_copy(noc_value_at(items, i)));
	}
	return list;
}

/* It becomes a command to the server: RCPT TO:<...>. */
static bool
mail_to_is_clean(const struct noc_value *to)
{
	for (size_t i = 0; i < noc_value_len(to); i++) {
		const struct noc_value *v = noc_value_at(to, i);

		if (v->type != NOC_STR || v->u.s.len == 0)
			return false;
		for (size_t j = 0; j < v->u.s.len; j++)
			if ((unsigned char)v->u.s.p[j] <= ' ' ||
			    strchr("<>\177", v->u.s.p[j]))
				return false;
	}
	return true;
}

static const char *
mail_option(const struct noc_env *env, const struct noc_value *opts,
	    const char *key, const char *config, const char *fallback)
{
	const char *s = noc_value_get_str(opts, key, NULL);

	if (!s)
		s = noc_value_get_str(env->config, config, NULL);
	return s && *s ? s : fallback;
}

/* auth: a secret's text, or basic "name"; user:password.  Returned. */
static int
mail_auth(const struct noc_env *env, const struct noc_value *auth, char **out,
	  struct noc_err *err)
{
	*out = NULL;
	if (!auth)
		return 0;
	if (auth->type == NOC_STR) {
		*out = noc_strdup(auth->u.s.p);
		return 0;
	}
	return noc_secret_read(env, noc_value_get_str(auth, "name", ""), out,
			       err);
}

static enum noc_transfer_tls
mail_tls(const struct noc_env *env, const struct noc_value *opts)
{
	const char *word =
	    mail_option(env, opts, "tls", "mail.tls", "required");

	return !strcmp(word, "off")   ? NOC_TLS_OFF
	       : !strcmp(word, "try") ? NOC_TLS_TRY
				      : NOC_TLS_REQUIRED;
}

static int
mail_start(struct noc_env *env, struct noc_call *call, struct noc_err *err)
{
	struct mail *m = noc_calloc(1, sizeof(*m));
	struct noc_strbuf text = NOC_STRBUF_INIT;
	struct noc_value *opts = NULL, *to;
	struct noc_transfer_request req = { .method = "MAIL" };
	char *userpwd = NULL;
	int r;

	m->env = env;
	m->call = call;
	r = noc_secret_fill(env, noc_params_opts(call->params), &opts, err);
	if (r < 0) {
		free(m);
		return r;
	}
	to = mail_recipients(opts);
	req.url = mail_option(env, opts, "server", "mail.server", MAIL_SERVER);
	req.from =
	    mail_option(env, opts, "from", "mail.from", "nocturne@localhost");
	req.tls = mail_tls(env, opts);
	req.ca = mail_option(env, opts, "ca", "mail.ca", NULL);
	mail_text(m, opts, to, req.from, &text);
	req.body = text.p;
	req.body_len = text.len;
	req.recipients = to;
	req.timeout_ms = call->timeout_ms;
	if (!mail_to_is_clean(to))
		r = noc_err_set(err, NOC_EINPUT,
				"A recipient of the mail holds a blank, a "
				"bracket or a line end.");
	else if (req.from[strcspn(req.from, "\r\n")])
		r = noc_err_set(err, NOC_EINPUT,
				"The sender of the mail holds a line end.");
	else if (noc_value_len(to) == 0)
		r = noc_err_set(err, NOC_EINPUT, "The mail has no recipient.");
	else
		r = mail_auth(env, noc_value_get(opts, "auth"), &userpwd, err);
	req.userpwd = userpwd;
	if (r == 0)
		r = noc_transfer_start(env, &req, on_mail_done, m, &m->transfer,
				       err);
	if (userpwd)
		noc_wipe(userpwd, strlen(userpwd));
	free(userpwd);
	noc_strbuf_release(&text);
	noc_value_free(to);
	noc_secret_free(opts);
	if (r < 0)
		free(m);
	else
		call->impl = m;
	return r;
}

static void
mail_cancel(struct noc_env *env, struct noc_call *call)
{
	struct mail *m = call->impl;

	(void)env;
	if (!m)
		return;
	noc_transfer_cancel(m->transfer);
	call->impl = NULL;
	free(m);
}

static void
mail_peer(const struct noc_env *env, const struct noc_value *params,
	  const char *target, struct noc_strbuf *out)
{
	(void)target;
	noc_transfer_peer(mail_option(env, noc_params_opts(params), "server",
				      "mail.server", MAIL_SERVER),
			  out);
}

static const struct noc_option mail_options[] = {
	REQ("to", STRINGS, NULL, "addresses"),
	OPT("cc", STRINGS, "addresses"),
	OPT("from", STRING, "sender"),
	DEF("subject", STRING, "{summary}", "one line"),
	OPT("body", STRING, "text; in a channel, the notice"),
	DEF("server", STRING, MAIL_SERVER, "smtp:// or smtps:// URL"),
	VAL("auth", NODE, "secret basic", NULL, "user:password"),
	VAL("tls", ENUM, "required try off", NULL,
	    "STARTTLS; required, but of a server on this machine"),
	OPT("ca", LITERAL, "file of CA certificates to trust"),
	END
};

static const char *const mail_gives[] = { "status", NULL };

const struct noc_action_ops noc_action_mail = {
	.name = "mail",
	.flags = NOC_ACTION_NOTIFIES,
	.help = "Sends a mail; in a channel, the notice.",
	.items = "? string",
	.options = mail_options,
	.gives = mail_gives,
	.start = mail_start,
	.cancel = mail_cancel,
	.peer = mail_peer,
};
