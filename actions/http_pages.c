/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "actions/http_pages.h"

#include <string.h>

#include "base/mem.h"
#include "engine/lang/ast.h"

static struct noc_value *
pages_list(const struct noc_value *pages, const struct noc_value *answer)
{
	const struct noc_value *path = noc_value_at(noc_ast_items(pages), 0);
	struct noc_value *list = path && path->type == NOC_STR
				     ? noc_value_path(answer, path->u.s.p)
				     : NULL;

	return list && list->type == NOC_LIST ? list : NULL;
}

int
noc_pages_add(const struct noc_value *pages, struct noc_value *whole,
	      const struct noc_value *page, struct noc_err *err)
{
	struct noc_value *all = pages_list(pages, whole);
	const struct noc_value *more = pages_list(pages, page);

	if (!all || !more)
		return noc_err_set(err, NOC_EREMOTE,
				   "the answer has no list where its pages "
				   "should have one");
	if (noc_value_len(all) + (all == more ? 0 : noc_value_len(more)) >
	    NOC_PAGES_ITEMS_MAX)
		return noc_err_set(err, NOC_EREMOTE,
				   "its pages have more than %d items",
				   NOC_PAGES_ITEMS_MAX);
	for (size_t i = 0; all != more && i < noc_value_len(more); i++)
		noc_value_push(all, noc_value_copy(noc_value_at(more, i)));
	return 0;
}

/* Past "https://host:port". */
static const char *
url_path(const char *url)
{
	const char *host = strstr(url, "://");

	return host ? host + 3 + strcspn(host + 3, "/?#") : url;
}

bool
noc_pages_next(const struct noc_value *pages, const struct noc_value *page,
	       const char *url, struct noc_strbuf *out)
{
	const char *where =
	    noc_value_get_str(noc_ast_opts(pages), "next", NULL);
	const struct noc_value *next =
	    where ? noc_value_path(page, where) : NULL;
	const char *path;

	if (!next || next->type != NOC_STR || !next->u.s.len ||
	    strlen(next->u.s.p) != next->u.s.len)
		return false;
	path = url_path(next->u.s.p);
	noc_strbuf_add(out, url, (size_t)(url_path(url) - url));
	if (*path != '/')
		noc_strbuf_addc(out, '/');
	noc_strbuf_adds(out, path);
	return true;
}
