/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "daemon/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "engine/lua/lua.h"
#include "sensors/listen.h"
#include "daemon/options_private.h"

#define OPTIONS_FILE_MAX (1024 * 1024)

struct options_file {
	struct noc_value *config;
	const char *path;
	char *text;
	size_t len;
	struct noc_strbuf errors;
};

static int
options_slurp(struct options_file *f, struct noc_err *err)
{
	FILE *in = fopen(f->path, "re");
	int failed;

	if (!in)
		return noc_err_set(err, NOC_ECONFIG,
				   "The configuration file %s cannot be "
				   "opened: %s.",
				   f->path, strerror(errno));
	f->text = noc_malloc(OPTIONS_FILE_MAX + 1);
	errno = 0;
	f->len = fread(f->text, 1, OPTIONS_FILE_MAX + 1, in);
	failed = ferror(in) ? errno : 0;
	fclose(in);
	if (failed)
		return noc_err_set(err, NOC_ECONFIG,
				   "The configuration file %s cannot be read: "
				   "%s.",
				   f->path, strerror(failed));
	if (f->len > OPTIONS_FILE_MAX)
		return noc_err_set(err, NOC_ECONFIG,
				   "The configuration file %s is longer than "
				   "1 MiB.",
				   f->path);
	f->text[f->len] = '\0';
	return 0;
}

static void
options_problem(struct options_file *f, const char *key, const char *message)
{
	int line = noc_lua_data_line(f->text, f->len, key);

	if (f->errors.len)
		noc_strbuf_addc(&f->errors, '\n');
	if (line > 0)
		noc_strbuf_addf(&f->errors, "%s:%d: %s", f->path, line,
				message);
	else
		noc_strbuf_addf(&f->errors, "%s: %s", f->path, message);
}

static bool
options_is_secret(const struct noc_value *v)
{
	return noc_value_is_str(noc_value_get(v, "node"), "secret");
}

/* The value as the table wants it, or NULL. */
static struct noc_value *
options_convert(const struct noc_option_row *row, const struct noc_value *v)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	struct noc_value *out = NULL;

	bool list =
	    row->type == NOC_OPTION_LIST || row->type == NOC_OPTION_NETWORKS;

	if (v->type == NOC_LIST && list) {
		for (size_t i = 0; i < noc_value_len(v); i++)
			if (noc_value_at(v, i)->type != NOC_STR)
				return NULL;
		if (row->type == NOC_OPTION_NETWORKS &&
		    noc_option_no_network(v))
			return NULL;
		return noc_value_copy(v);
	}
	if (v->type == NOC_MAP && list && noc_value_len(v) == 0)
		return noc_value_list();
	if (row->type == NOC_OPTION_SECRET && options_is_secret(v))
		return noc_value_copy(v);
	if (v->type == NOC_LIST || v->type == NOC_MAP || v->type == NOC_NIL ||
	    (row->type == NOC_OPTION_STRING && v->type != NOC_STR))
		return NULL;
	noc_value_text(v, &sb);
	out = noc_option_text(row, sb.p ? sb.p : "");
	noc_strbuf_release(&sb);
	return out;
}

static void
options_family(struct options_file *f, const struct noc_option_row *row,
	       const char *key, const char *member, const struct noc_value *v)
{
	char *family = noc_option_family(row);
	struct noc_value *map = noc_value_get(f->config, family);
	struct noc_value *typed = NULL, *as;
	struct noc_err err;
	bool ok = true;

	free(family);
	if (row->type == NOC_OPTION_MAP
		? v->type != NOC_MAP || options_is_secret(v)
		: v->type != NOC_STR) {
		noc_err_set(&err, NOC_ECONFIG, "option '%s' wants %s", key,
			    noc_option_unit(row->type));
		options_problem(f, key, err.msg);
		return;
	}
	for (size_t i = 0; row->type == NOC_OPTION_MAP && i < noc_value_len(v);
	     i++) {
		const char *inner = v->u.map.at[i].key;
		char *path = noc_asprintf("%s.%s", key, inner);

		if (!typed)
			typed = noc_value_map();
		if (!noc_option_member(row, inner, v->u.map.at[i].value, &as,
				       &err)) {
			noc_value_set(typed, inner, as);
		} else {
			options_problem(f, path, err.msg);
			ok = false;
		}
		free(path);
	}
	if (!typed)
		typed = noc_value_copy(v);
	if (ok)
		noc_value_set(map, member, typed);
	else
		noc_value_free(typed);
}

/* A key names an option, or a table of options whose names begin so. */
static bool
options_is_prefix(const char *key)
{
	size_t len = strlen(key);

	for (size_t i = 0; noc_option_at(i); i++)
		if (!strncmp(noc_option_at(i)->name, key, len) &&
		    noc_option_at(i)->name[len] == '.')
			return true;
	return false;
}

static void
options_walk(struct options_file *f, const char *prefix,
	     const struct noc_value *map)
{
	for (size_t i = 0; i < noc_value_len(map); i++) {
		const struct noc_member *m = &map->u.map.at[i];
		char *key =
		    noc_asprintf("%s%s%s", prefix, *prefix ? "." : "", m->key);
		const char *member;
		const struct noc_option_row *row =
		    noc_option_find(key, &member);
		struct noc_err err;
		struct noc_value *v;

		if (row && member) {
			options_family(f, row, key, member, m->value);
		} else if (m->value->type == NOC_MAP &&
			   !options_is_secret(m->value) &&
			   (options_is_prefix(key) ||
			    (!row && noc_value_len(m->value)))) {
			/* In an unknown table each option is named whole, so
			 * that the one that was meant can be. */
			options_walk(f, key, m->value);
		} else if (!row) {
			noc_option_unknown(key, &err);
			options_problem(f, key, err.msg);
		} else if ((v = options_convert(row, m->value))) {
			noc_value_set(f->config, key, v);
		} else {
			noc_option_wrong(row, key, m->value, &err);
			options_problem(f, key, err.msg);
		}
		free(key);
	}
}

int
noc_options_load(struct noc_value *config, const char *path, char **errors,
		 struct noc_err *err)
{
	struct options_file f = { .config = config, .path = path };
	struct noc_value *data = NULL;
	int r = options_slurp(&f, err);

	*errors = NULL;
	if (!r)
		r = noc_lua_data_text(path, f.text, f.len, &data, err);
	if (!r && data->type == NOC_LIST && noc_value_len(data) > 0)
		r = noc_err_set(err, NOC_ECONFIG,
				"%s: the configuration is a table of options, "
				"not a list",
				path);
	if (!r && data->type == NOC_MAP)
		options_walk(&f, "", data);
	if (!r && f.errors.len) {
		r = noc_err_set(err, NOC_ECONFIG,
				"The configuration file %s has errors.", path);
		*errors = noc_strbuf_detach(&f.errors, NULL);
	}
	noc_value_free(data);
	noc_strbuf_release(&f.errors);
	free(f.text);
	return r;
}

/* ---- addresses and files in full ---- */

int
noc_option_listen(const char *text, const char *host, struct noc_strbuf *out)
{
	const char *colon = strrchr(text, ':'), *port = text;
	struct noc_address address;
	struct noc_err err;
	char *end;
	long n;

	if (colon && colon != text && strchr(text, ':') != colon &&
	    (text[0] != '[' || colon[-1] != ']'))
		return NOC_EINPUT; /* an IPv6 address wants brackets */
	if (colon && colon != text && noc_address_parse(text, &address, &err))
		return NOC_EINPUT;
	if (colon)
		port = colon + 1;
	if (!*port || strlen(port) > 5 ||
	    strspn(port, "0123456789") != strlen(port))
		return NOC_EINPUT;
	n = strtol(port, &end, 10);
	if (*end || n > 65535)
		return NOC_EINPUT;
	if (!out)
		return 0;
	if (colon && colon != text)
		noc_strbuf_addf(out, "%s", text);
	else if (strchr(host, ':') && host[0] != '[')
		noc_strbuf_addf(out, "[%s]:%s", host, port);
	else
		noc_strbuf_addf(out, "%s:%s", host, port);
	return 0;
}

int
noc_options_finish(struct noc_value *config, const char *path,
		   struct noc_err *err)
{
	const char *host = noc_value_get_str(config, "listen", "127.0.0.1");
	const char *state = noc_value_get_str(config, "state", "./var");
	const char *slash = path ? strrchr(path, '/') : NULL;

	if (!*host || !strcmp(host, "*"))
		host = "0.0.0.0";
	if (!strcmp(host, "localhost"))
		host = "127.0.0.1";
	for (size_t i = 0; noc_option_at(i); i++) {
		const struct noc_option_row *row = noc_option_at(i);
		const char *text = noc_value_get_str(config, row->name, "");
		struct noc_strbuf sb = NOC_STRBUF_INIT;

		if (!strcmp(text, "off"))
			continue;
		if (row->type == NOC_OPTION_LISTEN) {
			if (noc_option_listen(text, host, &sb))
				return noc_err_set(err, NOC_ECONFIG,
						   "option '%s' wants an "
						   "address, not '%s'",
						   row->name, text);
		} else if (row->type == NOC_OPTION_FILE && text[0] != '/') {
			noc_strbuf_addf(&sb, "%s/%s", state, text);
		} else {
			continue;
		}
		noc_value_set(config, row->name, noc_value_strn(sb.p, sb.len));
		noc_strbuf_release(&sb);
	}
	noc_value_set(config, "config_dir",
		      slash  ? noc_value_strn(path, (size_t)(slash - path))
		      : path ? noc_value_str(".")
			     : noc_value_nil());
	return 0;
}

/* ---- as a file ---- */

static void
options_write(FILE *out, const struct noc_option_row *row,
	      const struct noc_value *v)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	char buf[32];

	if (options_is_secret(v)) {
		noc_strbuf_addf(&sb, "secret \"%s\"",
				noc_value_get_str(v, "name", ""));
	} else if (row->type == NOC_OPTION_DURATION) {
		noc_strbuf_addf(&sb, "\"%s\"",
				noc_duration_format(buf, v->u.i));
	} else if (v->type == NOC_LIST || v->type == NOC_MAP) {
		noc_strbuf_adds(&sb, "{");
		for (size_t i = 0; i < noc_value_len(v) && v->type == NOC_LIST;
		     i++) {
			noc_strbuf_adds(&sb, i ? ", " : " ");
			noc_json_write(noc_value_at(v, i), NOC_JSON_COMPACT,
				       &sb);
		}
		noc_strbuf_adds(&sb, sb.len > 1 ? " }" : "}");
	} else {
		noc_json_write(v, NOC_JSON_COMPACT, &sb);
	}
	fputs(sb.p, out);
	noc_strbuf_release(&sb);
}

/* Passwords by other names: communities, and what a URL carries beside its
 * host and path.  What everybody knows is shown. */
static bool
options_is_private(const struct noc_option_row *row, const struct noc_value *v)
{
	const char *p;

	if (!strcmp(row->name, "traps.communities"))
		return noc_value_len(v) != 1 ||
		       !noc_value_is_str(noc_value_at(v, 0), row->standard);
	if (row->type != NOC_OPTION_STRING || v->type != NOC_STR ||
	    !(p = strstr(v->u.s.p, "://")))
		return false;
	return strpbrk(p, "@?") != NULL;
}

/* Of a family only the names. */
static void
options_dump_names(const struct noc_value *family, FILE *out)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;

	for (size_t i = 0; i < noc_value_len(family); i++) {
		const char *name = family->u.map.at[i].key;

		noc_strbuf_adds(&sb, i ? ", " : " -- set, not shown: ");
		noc_strbuf_add_escaped(&sb, name, strlen(name));
	}
	fputs(sb.p ? sb.p : "", out);
	noc_strbuf_release(&sb);
}

void
noc_options_dump(const struct noc_value *config, FILE *out)
{
	fputs("return {\n", out);
	for (size_t i = 0; noc_option_at(i); i++) {
		const struct noc_option_row *row = noc_option_at(i);
		char *name = noc_option_is_family(row) ? noc_option_family(row)
						       : noc_strdup(row->name);
		const struct noc_value *v = noc_value_get(config, name);

		fprintf(out, "\t-- %s (%s%s)\n", row->help,
			noc_option_unit(row->type),
			row->reloadable ? "" : "; needs a restart");
		if (options_is_private(row, v)) {
			fprintf(out, "\t-- set, not shown: [\"%s\"]\n", name);
		} else {
			fprintf(out, "\t[\"%s\"] = ", name);
			options_write(out, row, v);
			fputs(",", out);
			if (noc_option_is_family(row))
				options_dump_names(v, out);
			fputs("\n", out);
		}
		free(name);
	}
	fputs("}\n", out);
}

void
noc_options_help(FILE *out)
{
	fputs("Options of the configuration, for --config FILE and --set "
	      "KEY=VALUE:\n",
	      out);
	for (size_t i = 0; noc_option_at(i); i++) {
		const struct noc_option_row *row = noc_option_at(i);

		fprintf(out, "\n%s (%s%s%s%s)\n    %s\n", row->name,
			noc_option_unit(row->type),
			*row->standard ? ", default " : "", row->standard,
			row->reloadable ? "" : "; needs a restart", row->help);
	}
}
