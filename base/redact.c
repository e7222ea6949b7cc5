/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "base/redact.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

#define WORDS_MAX 16

struct words { /* of a name, in lower case: x, api, key */
	char text[128];
	const char *at[WORDS_MAX];
	size_t n;
};

/* "X-Api_Key" and "xApiKey" have the same words. */
static void
words_read(struct words *w, const char *name)
{
	size_t len = 0;
	bool inside = false;

	w->n = 0;
	for (size_t i = 0; name[i] && len + 2 < sizeof(w->text); i++) {
		unsigned char c = (unsigned char)name[i];
		bool begins =
		    i > 0 && isupper(c) && islower((unsigned char)name[i - 1]);

		if (inside && (!isalnum(c) || begins)) {
			w->text[len++] = '\0';
			inside = false;
		}
		if (!isalnum(c))
			continue;
		if (!inside) {
			if (w->n == WORDS_MAX)
				break;
			w->at[w->n++] = &w->text[len];
			inside = true;
		}
		w->text[len++] = (char)tolower(c);
	}
	w->text[len] = '\0';
}

static bool
word_in(const char *word, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(word, list[i]))
			return true;
	return false;
}

bool
noc_redact_name(const char *name)
{
	static const char *const anywhere[] = {
		"authorization", "authentication", "cookie",
		"token",	 "tokens",	   "secret",
		"secrets",	 "password",	   "passwd",
		"passphrase",	 "pass",	   "pwd",
		"apikey",	 "signature",	   "sig",
		"credential",	 "credentials",	   "jwt",
		"bearer",	 "community"
	};
	static const char *const no_keys[] = { "idempotency", "dedup",
					       "partition", "routing" };
	const char *last;
	struct words w;

	words_read(&w, name);
	for (size_t i = 0; i < w.n; i++)
		if (word_in(w.at[i], anywhere, NOC_COUNT(anywhere)))
			return true;
	if (w.n < 2)
		return false;
	last = w.at[w.n - 1];
	return !strcmp(last, "auth") ||
	       (!strcmp(last, "key") &&
		!word_in(w.at[w.n - 2], no_keys, NOC_COUNT(no_keys)));
}

/* name=value&... up to '#' or the end. */
static void
redact_query(const char *p, size_t len, struct noc_strbuf *out)
{
	while (len) {
		const char *amp = memchr(p, '&', len);
		size_t one = amp ? (size_t)(amp - p) : len;
		const char *eq = memchr(p, '=', one);
		char name[128];

		snprintf(name, sizeof(name), "%.*s", eq ? (int)(eq - p) : 0, p);
		if (eq && noc_redact_name(name))
			noc_strbuf_addf(out, "%s=" NOC_REDACTED, name);
		else
			noc_strbuf_add(out, p, one);
		if (amp)
			noc_strbuf_addc(out, '&');
		one += amp != NULL;
		p += one;
		len -= one;
	}
}

void
noc_redact_url(const char *url, struct noc_strbuf *out)
{
	const char *host = strstr(url, "://"), *at, *query;
	size_t len;

	if (!host) {
		noc_strbuf_adds(out, url);
		return;
	}
	host += 3;
	len = strcspn(host, "/?#");
	at = memrchr(host, '@', len);
	noc_strbuf_add(out, url, (size_t)(host - url));
	if (at) {
		noc_strbuf_adds(out, NOC_REDACTED "@");
		host = at + 1;
	}
	query = host + strcspn(host, "?#");
	noc_strbuf_add(out, host, (size_t)(query - host));
	if (*query == '?') {
		len = strcspn(query, "#");
		noc_strbuf_addc(out, '?');
		redact_query(query + 1, len - 1, out);
		query += len;
	}
	noc_strbuf_adds(out, query);
}

static void
redact_text(struct noc_value **slot)
{
	struct noc_value *v = *slot;
	struct noc_strbuf sb = NOC_STRBUF_INIT;

	if (memchr(v->u.s.p, '\0', v->u.s.len) || !strstr(v->u.s.p, "://"))
		return;
	noc_redact_url(v->u.s.p, &sb);
	*slot = noc_value_strn(sb.p, sb.len);
	noc_value_free(v);
	noc_strbuf_release(&sb);
}

static void
redact_walk(struct noc_value **slot)
{
	struct noc_value *v = *slot;

	if (v->type == NOC_STR) {
		redact_text(slot); /* which may free v */
		return;
	}
	for (size_t i = 0; v->type == NOC_LIST && i < v->u.list.len; i++)
		redact_walk(&v->u.list.at[i]);
	for (size_t i = 0; v->type == NOC_MAP && i < v->u.map.len; i++) {
		struct noc_member *m = &v->u.map.at[i];

		if (m->value->type == NOC_STR && noc_redact_name(m->key)) {
			noc_value_free(m->value);
			m->value = noc_value_str(NOC_REDACTED);
		} else {
			redact_walk(&m->value);
		}
	}
}

struct noc_value *
noc_redact_value(const struct noc_value *v)
{
	struct noc_value *copy = noc_value_copy(v);

	redact_walk(&copy);
	return copy;
}
