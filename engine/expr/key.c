/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/expr/key.h"

#include "proto/ifname.h"

bool
noc_key_make(const struct noc_template *t, const struct noc_event *ev,
	     enum noc_missing missing, struct noc_strbuf *out)
{
	const struct noc_value *name = noc_value_get(ev->data, "ifname");
	struct noc_scope scope = { .ev = ev };
	struct noc_strbuf text = NOC_STRBUF_INIT;
	bool whole = true;
	char buf[128];

	if (name && name->type == NOC_STR)
		scope.ifname = noc_ifname_canonical(
		    noc_slice(name->u.s.p, name->u.s.len), buf, sizeof(buf));
	if (t)
		whole = noc_template_text(t, &scope, missing, &text, NULL) == 0;
	else
		noc_strbuf_add(&text, ev->device.p, ev->device.len);
	noc_strbuf_add_escaped(out, text.p ? text.p : "", text.len);
	noc_strbuf_release(&text);
	return whole;
}

bool
noc_key_names_port(const struct noc_event *ev)
{
	return noc_value_get(ev->data, "ifname") ||
	       noc_value_get(ev->data, "ifindex");
}
