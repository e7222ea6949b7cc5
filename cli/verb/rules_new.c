/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "cli/verb/rules_new.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "daemon/rules_dir.h"

#define NEW_EVENT_MAX 1048576

/* ---- Lua texts ---- */

/* A quoted string; every byte that is not plain becomes a decimal escape. */
static void
new_quote(struct noc_strbuf *out, const char *p, size_t len)
{
	noc_strbuf_addc(out, '"');
	for (size_t i = 0; i < len; i++) {
		unsigned char b = (unsigned char)p[i];

		if (b == '"' || b == '\\')
			noc_strbuf_addf(out, "\\%c", b);
		else if (b < 0x20 || b >= 0x7f)
			noc_strbuf_addf(out, "\\%03u", b);
		else
			noc_strbuf_addc(out, (char)b);
	}
	noc_strbuf_addc(out, '"');
}

static bool
new_is_name(const char *s)
{
	static const char *const reserved[] = {
		"and",	 "break", "do",	      "else",  "elseif", "end",
		"false", "for",	  "function", "goto",  "if",	 "in",
		"local", "nil",	  "not",      "or",    "repeat", "return",
		"then",	 "true",  "until",    "while",
	};

	for (size_t i = 0; i < NOC_COUNT(reserved); i++)
		if (!strcmp(s, reserved[i]))
			return false;
	if (!isalpha((unsigned char)*s) && *s != '_')
		return false;
	return strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			 "0123456789_") == strlen(s);
}

static void new_table(struct noc_strbuf *out, const struct noc_value *v);

static void
new_value(struct noc_strbuf *out, const struct noc_value *v)
{
	switch (v->type) {
	case NOC_NIL:
		noc_strbuf_adds(out, "nil");
		break;
	case NOC_STR:
		new_quote(out, v->u.s.p, v->u.s.len);
		break;
	case NOC_LIST:
	case NOC_MAP:
		new_table(out, v);
		break;
	case NOC_BOOL:
	case NOC_INT:
	case NOC_REAL:
		noc_value_text(v, out);
		break;
	}
}

static void
new_field(struct noc_strbuf *out, const char *key, const struct noc_value *v)
{
	if (new_is_name(key)) {
		noc_strbuf_adds(out, key);
	} else {
		noc_strbuf_addc(out, '[');
		new_quote(out, key, strlen(key));
		noc_strbuf_addc(out, ']');
	}
	noc_strbuf_adds(out, " = ");
	new_value(out, v);
}

static void
new_table(struct noc_strbuf *out, const struct noc_value *v)
{
	noc_strbuf_adds(out, "{ ");
	for (size_t i = 0; i < noc_value_len(v); i++) {
		if (i)
			noc_strbuf_adds(out, ", ");
		if (v->type == NOC_LIST)
			new_value(out, v->u.list.at[i]);
		else
			new_field(out, v->u.map.at[i].key,
				  v->u.map.at[i].value);
	}
	noc_strbuf_adds(out, " }");
}

/* ---- the rule ---- */

static const char *
new_text(const struct noc_value *ev, const char *path)
{
	const struct noc_value *v = noc_value_path(ev, path);

	return v && v->type == NOC_STR && v->u.s.len ? v->u.s.p : NULL;
}

/* What tells such events from others, a line each of the `where`. */
static void
new_where(const struct noc_value *ev, struct noc_strbuf *out)
{
	static const char *const paths[] = { "syslog.tag", "syslog.app",
					     "snmp.trap", "snmp.trap_oid" };
	const char *kind = noc_value_get_str(ev, "kind", "");
	bool canonical = strcmp(kind, noc_value_get_str(ev, "base", "")) != 0;
	size_t n = 0;

	for (size_t i = 0; !canonical && i < NOC_COUNT(paths) && !n; i++) {
		const char *text = new_text(ev, paths[i]);

		if (!text)
			continue;
		noc_strbuf_addf(out, "    [\"%s\"] = ", paths[i]);
		new_quote(out, text, strlen(text));
		noc_strbuf_adds(out, ",\n");
		n++;
	}
	noc_strbuf_adds(out, "    -- device = ");
	new_quote(out, noc_value_get_str(ev, "device", ""),
		  strlen(noc_value_get_str(ev, "device", "")));
	noc_strbuf_adds(out, ", role = any { ... }, site = \"...\",\n");
	if (new_text(ev, "syslog.message"))
		noc_strbuf_adds(
		    out, "    -- [\"syslog.message\"] = contains \"...\",\n");
}

/* The object that the event is about, for the key: "{device}/{ifname}". */
static const char *
new_object(const struct noc_value *ev)
{
	static const char *const names[] = { "ifname", "peer", "unit",
					     "neighbor", "user" };

	for (size_t i = 0; i < NOC_COUNT(names); i++)
		if (noc_value_get(noc_value_get(ev, "data"), names[i]))
			return names[i];
	return NULL;
}

static void
new_rule(const struct noc_value *ev, const char *name, struct noc_strbuf *out)
{
	const struct noc_value *data = noc_value_get(ev, "data");
	const char *object = new_object(ev);

	noc_strbuf_adds(out, "-- Made by `nocturne rules new`; what the event "
			     "told besides:\n");
	for (size_t i = 0; i < noc_value_len(data); i++) {
		noc_strbuf_adds(out, "--   ");
		new_field(out, data->u.map.at[i].key, data->u.map.at[i].value);
		noc_strbuf_addc(out, '\n');
	}
	noc_strbuf_addf(out, "rule \"%s\" {\n  on    = ", name);
	new_quote(out, noc_value_get_str(ev, "kind", "syslog"),
		  strlen(noc_value_get_str(ev, "kind", "syslog")));
	noc_strbuf_adds(out, ",\n  where = {\n");
	new_where(ev, out);
	noc_strbuf_addf(out, "  },\n  key   = \"{device}%s%s%s\",\n",
			object ? "/{" : "", object ? object : "",
			object ? "}" : "");
	noc_strbuf_adds(out, "  throttle = { once_within = \"10m\" },\n"
			     "  run   = notify \"noc\" { \"{device}: "
			     "{summary}\" },\n}\n");
}

/* ---- its test ---- */

/* The event as the test says it: the message, or its fields. */
static void
new_event(const struct noc_value *ev, struct noc_strbuf *out)
{
	const char *base = noc_value_get_str(ev, "base", "");
	const char *raw = new_text(ev, "raw");
	const struct noc_value *data = noc_value_get(ev, "data");

	noc_strbuf_adds(out, "{ ");
	if (!strcmp(base, "syslog") && raw) {
		noc_strbuf_adds(out, "\"syslog\", ");
		new_quote(out, raw, strlen(raw));
	} else if (!strcmp(base, "snmp.trap") && noc_value_get(ev, "snmp")) {
		struct noc_value *snmp =
		    noc_value_copy(noc_value_get(ev, "snmp"));

		noc_value_unset(snmp, "community"); /* as good as a password */
		noc_strbuf_adds(out, "\"snmp.trap\", snmp = ");
		new_value(out, snmp);
		noc_value_free(snmp);
	} else {
		new_quote(out, noc_value_get_str(ev, "kind", ""),
			  strlen(noc_value_get_str(ev, "kind", "")));
		for (size_t i = 0; i < noc_value_len(data); i++) {
			noc_strbuf_adds(out, ", ");
			new_field(out, data->u.map.at[i].key,
				  data->u.map.at[i].value);
		}
	}
	if (strcmp(base, "syslog") || !raw || !new_text(ev, "syslog.host")) {
		noc_strbuf_adds(out, ", device = ");
		new_quote(out, noc_value_get_str(ev, "device", "?"),
			  strlen(noc_value_get_str(ev, "device", "?")));
	}
	noc_strbuf_adds(out, " }");
}

static void
new_test(const struct noc_value *ev, const char *name, struct noc_strbuf *out)
{
	noc_strbuf_adds(out, "local event = ");
	new_event(ev, out);
	noc_strbuf_addf(out,
			"\n\ntest \"%s: such an event is told, once\" {\n"
			"  at \"0s\" (event),\n"
			"  at \"1s\" { expect.fired \"%s\" { 1 }, "
			"expect.notified \"noc\" },\n"
			"  at \"1m\" (event),\n"
			"  at \"2m\" { expect.fired \"%s\" { 1 } },\n}\n",
			name, name, name);
}

/* ---- files ---- */

static int
new_write(const char *path, const struct noc_strbuf *text, struct noc_err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	int rc = 0;
	ssize_t n;

	if (fd < 0) {
		rc = noc_err_set(
		    err, errno == EEXIST ? NOC_ECONFLICT : NOC_EDENIED,
		    "%s cannot be written: %s.", path, strerror(errno));
	} else {
		n = write(fd, text->p, text->len);
		if (close(fd) || n != (ssize_t)text->len)
			rc =
			    noc_err_set(err, NOC_ERESOURCE,
					"%s could not be written whole.", path);
	}
	return rc;
}

/* "link.down" of "sw1" -> "link-down-sw1" */
static void
new_name(const struct noc_value *ev, char *name, size_t size)
{
	snprintf(name, size, "%.40s-%.20s", noc_value_get_str(ev, "kind", ""),
		 noc_value_get_str(ev, "device", ""));
	for (char *p = name; *p; p++)
		if (!isalnum((unsigned char)*p))
			*p = '-';
}

static struct noc_value *
new_from_file(const char *path, int *status)
{
	FILE *in = strcmp(path, "-") ? fopen(path, "re") : stdin;
	char *text = noc_malloc(NEW_EVENT_MAX);
	struct noc_value *ev = NULL;
	struct noc_err err;
	size_t len;

	*status = NOC_EXIT_OK;
	if (!in) {
		noc_err_set(&err, NOC_ENOTFOUND, "%s: %s.", path,
			    strerror(errno));
		*status = noc_verb_fail(&err);
	} else {
		len = fread(text, 1, NEW_EVENT_MAX, in);
		if (in != stdin)
			fclose(in);
		if (noc_json_parse(text, len, &ev, &err))
			*status = noc_verb_fail(&err);
	}
	free(text);
	return ev;
}

static struct noc_value *
new_ask(const struct noc_client *c, const char *id, int *status)
{
	char *target = noc_client_path("/api/v1/events/", id, "");
	struct noc_value *ev = noc_client_call(c, "GET", target, NULL, status);
	const struct noc_value *inner = noc_value_get(ev, "event");

	if (inner && inner->type == NOC_MAP) {
		struct noc_value *copy = noc_value_copy(inner);

		noc_value_free(ev);
		ev = copy;
	}
	free(target);
	return ev;
}

/* {name, rule, test}: the texts with --print, else the files with them. */
static struct noc_value *
new_made(const struct noc_client *c, const char *name,
	 const struct noc_strbuf *rule, const struct noc_strbuf *test,
	 struct noc_err *err)
{
	const char *dir = noc_rules_dir(noc_client_opt(c, "dir"));
	struct noc_value *v = noc_value_map();
	char *paths[2] = { noc_asprintf("%s/%s.lua", dir, name),
			   noc_asprintf("%s/%s.test.lua", dir, name) };
	bool print = noc_client_has(c, "print");

	if (!print && (new_write(paths[0], rule, err) ||
		       new_write(paths[1], test, err))) {
		noc_value_free(v);
		v = NULL;
	} else {
		noc_value_set(v, "name", noc_value_str(name));
		noc_value_set(v, "rule",
			      noc_value_str(print ? rule->p : paths[0]));
		noc_value_set(v, "test",
			      noc_value_str(print ? test->p : paths[1]));
	}
	free(paths[0]);
	free(paths[1]);
	return v;
}

static int
new_files(const struct noc_client *c, const struct noc_value *ev)
{
	const char *said = noc_client_opt(c, "name");
	struct noc_strbuf rule = NOC_STRBUF_INIT, test = NOC_STRBUF_INIT;
	struct noc_value *made;
	struct noc_err err = { 0 };
	char name[72];

	if (said)
		snprintf(name, sizeof(name), "%s", said);
	else
		new_name(ev, name, sizeof(name));
	if (!*name || strlen(name) > 64 ||
	    strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			 "0123456789._-") != strlen(name) ||
	    *name == '.')
		return noc_verb_misuse(c->verb, "'%s' is no name for a rule.",
				       name);
	new_rule(ev, name, &rule);
	new_test(ev, name, &test);
	made = new_made(c, name, &rule, &test, &err);
	if (made && c->output != NOC_OUTPUT_TABLE)
		noc_rows_fields(c->output, made);
	else if (made && noc_client_has(c, "print"))
		printf("%s\n%s", rule.p, test.p);
	else if (made)
		printf("%s\n%s\ntry it: nocturne test %s --filter %s\n",
		       noc_value_get_str(made, "rule", ""),
		       noc_value_get_str(made, "test", ""),
		       noc_rules_dir(noc_client_opt(c, "dir")), name);
	noc_value_free(made);
	noc_strbuf_release(&rule);
	noc_strbuf_release(&test);
	return err.kind ? noc_verb_fail(&err) : NOC_EXIT_OK;
}

int
noc_rules_new(struct noc_client *c)
{
	const char *id = noc_client_opt(c, "from-event");
	const char *file = noc_client_opt(c, "from-file");
	struct noc_value *ev;
	int status;

	if (!id == !file)
		return noc_verb_misuse(c->verb, "new needs --from-event ID or "
						"--from-file FILE.");
	ev = id ? new_ask(c, id, &status) : new_from_file(file, &status);
	if (ev)
		status = new_files(c, ev);
	noc_value_free(ev);
	return status;
}
