/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/expr/url.h"

#include <string.h>

struct url {
	struct noc_strbuf *out;
	size_t begin; /* of it, in out */
	bool chosen;
};

/* Past "https://host:port": the rest names something there. */
static bool
url_host_is_said(const struct url *u)
{
	const char *text = u->out->p + u->begin, *host = strstr(text, "://");

	return host && strpbrk(host + 3, "/?#");
}

static bool
url_unreserved(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') || (c && strchr("-._~", c));
}

static int
on_piece(const struct noc_piece *piece, void *arg, struct noc_err *err)
{
	struct url *u = arg;
	const struct noc_slice s = piece->text;
	size_t dots = 0;

	if (!piece->value || piece->raw) {
		if (memchr(s.p, '\0', s.len))
			return noc_err_set(err, NOC_EINPUT,
					   "a URL holds no NUL byte.");
		u->chosen |= piece->value && !url_host_is_said(u);
		noc_strbuf_add(u->out, s.p, s.len);
		return 0;
	}
	if (!url_host_is_said(u))
		return noc_err_set(err, NOC_EINPUT,
				   "{%.*s} would choose the scheme, host or "
				   "port of a URL: write it out, or {%.*s:raw} "
				   "where http.allow names the address.",
				   (int)piece->path.len, piece->path.p,
				   (int)piece->path.len, piece->path.p);
	while (dots < s.len && s.p[dots] == '.')
		dots++;
	if (dots && dots == s.len)
		return noc_err_set(err, NOC_EINPUT,
				   "{%.*s} is '%.*s', which is no word of a "
				   "URL.",
				   (int)piece->path.len, piece->path.p,
				   (int)s.len, s.p);
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (url_unreserved(c))
			noc_strbuf_addc(u->out, (char)c);
		else
			noc_strbuf_addf(u->out, "%%%02X", c);
	}
	return 0;
}

int
noc_url_expand(const struct noc_template *t, const struct noc_scope *scope,
	       enum noc_missing missing, struct noc_strbuf *out, bool *chosen,
	       struct noc_err *err)
{
	struct url u = { .out = out, .begin = out->len };
	int rc;

	noc_strbuf_add(out, "", 0);
	rc = noc_template_each(t, scope, missing, on_piece, &u, err);
	*chosen = u.chosen;
	return rc;
}
