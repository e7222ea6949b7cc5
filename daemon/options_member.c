/* SPDX-License-Identifier: ISC */
/* credentials.NAME and snmp.users.NAME: tables of a kind each. */
#include "config.h"

#include "daemon/options_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/suggest.h"
#include "snmp/snmp.h"

static int
option_member_key(const struct noc_option_row *row, const char *key,
		  struct noc_err *err)
{
	static const char *const credential[] = {
		"version",   "community", "write_community", "user",   "auth",
		"auth_pass", "priv",	  "priv_pass",	     "context"
	};
	static const char *const user[] = { "auth", "auth_pass", "priv",
					    "priv_pass", "engine" };
	bool users = !strcmp(row->name, "snmp.users.*");
	const char *const *keys = users ? user : credential, *near;
	size_t n = users ? NOC_COUNT(user) : NOC_COUNT(credential);

	for (size_t i = 0; i < n; i++)
		if (!strcmp(keys[i], key))
			return 0;
	near = noc_suggest(key, keys, n);
	return noc_err_set(err, NOC_ECONFIG, "unknown key '%s' in %s%s%s%s",
			   key, row->name, near ? "; did you mean '" : "",
			   near ? near : "", near ? "'?" : "");
}

/* 3, "3", 2, "2c": what a number says must not be asked with v2c. */
static struct noc_value *
option_version(const struct noc_value *v)
{
	static const char *const said[] = { "1", "2", "2c", "3" };
	static const char *const kept[] = { "1", "2c", "2c", "3" };
	char text[32];

	if (v->type == NOC_INT)
		snprintf(text, sizeof(text), "%lld", (long long)v->u.i);
	else
		snprintf(text, sizeof(text), "%s",
			 v->type == NOC_STR ? v->u.s.p : "");
	for (size_t i = 0; i < NOC_COUNT(said); i++)
		if (!strcmp(said[i], text))
			return noc_value_str(kept[i]);
	return NULL;
}

/* What an algorithm must be; NULL: it is, or is none. */
static const char *
option_algorithms(const char *key, const struct noc_value *v)
{
	if (v->type != NOC_STR)
		return NULL;
	if (!strcmp(key, "auth") && !noc_snmp_has_auth(v->u.s.p))
		return "MD5, SHA, SHA-224, SHA-256, SHA-384 or SHA-512";
	if (!strcmp(key, "priv") && !noc_snmp_has_priv(v->u.s.p))
		return "DES, AES, AES-192 or AES-256";
	return NULL;
}

int
noc_option_member(const struct noc_option_row *row, const char *key,
		  const struct noc_value *v, struct noc_value **as,
		  struct noc_err *err)
{
	bool version = !strcmp(key, "version");
	const char *algorithms = option_algorithms(key, v);
	int r = option_member_key(row, key, err);
	char *text;

	*as = NULL;
	if (r)
		return r;
	if (algorithms)
		return noc_err_set(err, NOC_ECONFIG, "'%s' in %s must be %s",
				   key, row->name, algorithms);
	if (version)
		*as = option_version(v);
	else if ((v->type == NOC_STR && v->u.s.len &&
		  !memchr(v->u.s.p, '\0', v->u.s.len)) ||
		 noc_value_is_str(noc_value_get(v, "node"), "secret"))
		*as = noc_value_copy(v);
	if (*as)
		return 0;
	text = noc_json_string(v, NOC_JSON_COMPACT);
	/* Of what may be a password only the type is said. */
	r = noc_err_set(
	    err, NOC_ECONFIG, "'%s' in %s must be %s%s%s", key, row->name,
	    version ? "\"1\", \"2c\" or \"3\"" : "a text or a secret",
	    version ? ", not " : "", version ? text : "");
	free(text);
	return r;
}
