/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/intern.h"
#include "base/mem.h"
#include "base/suggest.h"
#include "base/table.h"
#include "engine/event/field.h"

static const char *const envelope_names[NOC_ENV_COUNT] = {
	"id",	     "kind",	  "base",     "source",	  "origin",  "device",
	"address",   "time",	  "received", "severity", "summary", "trust",
	"malformed", "witnesses", "cause",    "depth",	  "link",    "raw",
};

static const char *const syslog_names[NOC_SYS_COUNT] = {
	"facility", "severity", "host",	   "app", "procid",
	"msgid",    "tag",	"message", "sd",
};

static const char *const inventory_names[] = { "role", "site", "vendor",
					       "tags" };
static const char *const far_names[] = { "device", "ifname" };
static const char *const prefixes[] = { "syslog", "snmp",      "http",
					"header", "body",      "far",
					"data",	  "inventory", "tags" };

static int
name_index(const char *name, size_t len, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strncmp(name, names[i], len) && !names[i][len])
			return (int)i;
	return -1;
}

/* ---- resolving ---- */

/* Everything a name could have been meant to be. */
static const char *
field_suggest(const char *name, const struct noc_table *defined)
{
	const char *known[512], *key;
	size_t n = 0;
	void *value;

	for (size_t i = 0; i < NOC_ENV_COUNT; i++)
		known[n++] = envelope_names[i];
	for (size_t i = 0; i < NOC_COUNT(inventory_names); i++)
		known[n++] = inventory_names[i];
	for (size_t it = 0; defined && n < NOC_COUNT(known) &&
			    noc_table_next(defined, &it, &key, &value);)
		known[n++] = key;
	return noc_suggest(name, known, n);
}

static int
field_unknown(const char *name, const struct noc_table *defined,
	      struct noc_err *err)
{
	const char *meant = field_suggest(name, defined);

	if (meant)
		return noc_err_set(err, NOC_EINPUT,
				   "no kind of event has a field '%s'; did you "
				   "mean '%s'?",
				   name, meant);
	return noc_err_set(err, NOC_EINPUT,
			   "no kind of event has a field '%s'.", name);
}

static int
field_syslog(const char *rest, struct noc_field *out, struct noc_err *err)
{
	const char *meant;

	out->from = NOC_FIELD_SYSLOG;
	if (!strncmp(rest, "sd.", 3)) {
		out->which = NOC_SYS_SD;
		out->rest = noc_interns(rest + 3);
		return 0;
	}
	out->rest = NULL;
	out->which =
	    name_index(rest, strlen(rest), syslog_names, NOC_SYS_COUNT);
	if (out->which >= 0)
		return 0;
	meant = noc_suggest(rest, syslog_names, NOC_SYS_COUNT);
	return noc_err_set(err, NOC_EINPUT,
			   "a syslog message has no field '%s'%s%s%s", rest,
			   meant ? "; did you mean 'syslog." : "",
			   meant ? meant : "", meant ? "'?" : ".");
}

static int
field_far(const char *rest, struct noc_field *out, struct noc_err *err)
{
	out->from = NOC_FIELD_FAR;
	out->rest = noc_interns(rest);
	if (name_index(rest, strlen(rest), far_names, 2) < 0)
		return noc_err_set(err, NOC_EINPUT,
				   "the far end of a cable has 'far.device' "
				   "and 'far.ifname', not 'far.%s'.",
				   rest);
	return 0;
}

/* "syslog.app", "header.X-Name": the part before the first dot decides. */
static int
field_prefixed(const char *name, const char *dot, struct noc_field *out,
	       struct noc_err *err)
{
	size_t len = (size_t)(dot - name);

	out->which = 0;
	out->rest = noc_interns(dot + 1);
	if (len == 6 && !memcmp(name, "syslog", 6))
		return field_syslog(dot + 1, out, err);
	if (len == 3 && !memcmp(name, "far", 3))
		return field_far(dot + 1, out, err);
	if (len == 4 && !memcmp(name, "snmp", 4))
		out->from = NOC_FIELD_SNMP;
	else if (len == 4 && !memcmp(name, "http", 4))
		out->from = NOC_FIELD_HTTP;
	else if (len == 4 && !memcmp(name, "tags", 4))
		out->from = NOC_FIELD_TAGS;
	else if (len == 4 && !memcmp(name, "data", 4))
		out->from = NOC_FIELD_DATA;
	else if (len == 9 && !memcmp(name, "inventory", 9))
		out->from = NOC_FIELD_INVENTORY;
	else { /* header.X, body.x: inside http */
		out->from = NOC_FIELD_HTTP;
		out->rest = out->path;
	}
	return 0;
}

int
noc_field_resolve(const char *name, size_t len, const struct noc_table *defined,
		  struct noc_field *out, struct noc_err *err)
{
	const char *dot = memchr(name, '.', len);
	size_t head = dot ? (size_t)(dot - name) : len;
	int env =
	    dot ? -1 : name_index(name, len, envelope_names, NOC_ENV_COUNT);
	int inv = dot ? -1
		      : name_index(name, len, inventory_names,
				   NOC_COUNT(inventory_names));
	bool data = defined && (noc_table_getn(defined, name, len) ||
				noc_table_getn(defined, name, head));

	if (!len)
		return noc_err_set(err, NOC_EINPUT,
				   "a field name must not be empty.");
	memset(out, 0, sizeof(*out));
	out->path = out->rest = noc_intern(name, len);
	if ((env >= 0 || inv >= 0) && data)
		return noc_err_set(err, NOC_EINPUT,
				   "'%s' is both %s and a field that a kind "
				   "defines; name the field 'data.%s' or give "
				   "it another name.",
				   out->path,
				   env >= 0 ? "part of every event"
					    : "an inventory attribute",
				   out->path);
	if (env >= 0) {
		out->from = NOC_FIELD_ENVELOPE;
		out->which = env;
		return 0;
	}
	if (inv >= 0) {
		out->from = NOC_FIELD_INVENTORY;
		return 0;
	}
	if (dot && !data &&
	    name_index(name, head, prefixes, NOC_COUNT(prefixes)) >= 0)
		return field_prefixed(out->path, out->path + head, out, err);
	out->from = NOC_FIELD_DATA;
	if (defined && !data)
		return field_unknown(out->path, defined, err);
	return 0;
}
