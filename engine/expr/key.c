/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/expr/key.h"

bool
noc_key_make(const struct noc_template *t, const struct noc_event *ev,
	     enum noc_missing missing, struct noc_strbuf *out)
{
	struct noc_scope scope = { .ev = ev };
	struct noc_strbuf text = NOC_STRBUF_INIT;
	bool whole = true;

	if (t)
		whole = noc_template_text(t, &scope, missing, &text, NULL) == 0;
	else
		noc_strbuf_add(&text, ev->device.p, ev->device.len);
	noc_strbuf_add_escaped(out, text.p ? text.p : "", text.len);
	noc_strbuf_release(&text);
	return whole;
}
