/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "daemon/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/suggest.h"
#include "actions/address.h"
#include "daemon/options_private.h"

#define LIMIT_AT_MOST 1000 /* as its unit says */

static const struct noc_option_row option_rows[] = {
#define NOC_OPTION(name, type, standard, reloadable, help) \
	{ name, NOC_OPTION_##type, standard, reloadable, help },
#include "daemon/options.def"
#undef NOC_OPTION
};

const struct noc_option_row *
noc_option_at(size_t i)
{
	return i < NOC_COUNT(option_rows) ? &option_rows[i] : NULL;
}

const char *
noc_option_unit(enum noc_option_type type)
{
	switch (type) {
	case NOC_OPTION_STRING:
		return "text";
	case NOC_OPTION_BOOLEAN:
		return "true or false";
	case NOC_OPTION_INTEGER:
		return "number from 0 on";
	case NOC_OPTION_COUNT:
		return "number from 1 on";
	case NOC_OPTION_LIMIT:
		return "number from 1 to 1000";
	case NOC_OPTION_SIZE:
		return "bytes";
	case NOC_OPTION_DURATION:
		return "duration";
	case NOC_OPTION_LISTEN:
		return "address and port";
	case NOC_OPTION_ADDRESS:
		return "address";
	case NOC_OPTION_NETWORKS:
		return "networks";
	case NOC_OPTION_FILE:
		return "file";
	case NOC_OPTION_LIST:
		return "list of texts";
	case NOC_OPTION_MAP:
		return "table";
	case NOC_OPTION_SECRET:
		return "secret";
	case NOC_OPTION_LEVEL:
		return "debug, info, warn or error";
	case NOC_OPTION_FORMAT:
		return "csv, json or lua";
	case NOC_OPTION_TLS:
		return "required, try or off";
	}
	return "";
}

static const char *
option_example(enum noc_option_type type)
{
	switch (type) {
	case NOC_OPTION_SIZE:
		return ", for example 8M";
	case NOC_OPTION_DURATION:
		return ", for example 30s or 5m";
	case NOC_OPTION_LISTEN:
		return ", for example 514, 192.0.2.1:514, [::]:514 or off";
	case NOC_OPTION_ADDRESS:
		return ", for example 192.0.2.1, :: or localhost";
	case NOC_OPTION_NETWORKS:
		return ", for example 10.0.0.0/8 or ::1";
	case NOC_OPTION_STRING:
	case NOC_OPTION_BOOLEAN:
	case NOC_OPTION_INTEGER:
	case NOC_OPTION_COUNT:
	case NOC_OPTION_LIMIT:
	case NOC_OPTION_FILE:
	case NOC_OPTION_LIST:
	case NOC_OPTION_MAP:
	case NOC_OPTION_SECRET:
	case NOC_OPTION_LEVEL:
	case NOC_OPTION_FORMAT:
	case NOC_OPTION_TLS:
		break;
	}
	return "";
}

bool
noc_option_is_family(const struct noc_option_row *row)
{
	size_t len = strlen(row->name);

	return len > 2 && !strcmp(row->name + len - 2, ".*");
}

/* "credentials" of "credentials.*". */
char *
noc_option_family(const struct noc_option_row *row)
{
	return noc_strndup(row->name, strlen(row->name) - 2);
}

const struct noc_option_row *
noc_option_find(const char *name, const char **member)
{
	*member = NULL;
	for (size_t i = 0; i < NOC_COUNT(option_rows); i++) {
		const struct noc_option_row *row = &option_rows[i];
		size_t len = strlen(row->name);

		if (!strcmp(row->name, name))
			return row;
		if (noc_option_is_family(row) &&
		    !strncmp(row->name, name, len - 1) && name[len - 1]) {
			*member = name + len - 1;
			return row;
		}
	}
	return NULL;
}

int
noc_option_unknown(const char *name, struct noc_err *err)
{
	const char *known[NOC_COUNT(option_rows)], *near;

	for (size_t i = 0; i < NOC_COUNT(option_rows); i++)
		known[i] = option_rows[i].name;
	near = noc_suggest(name, known, NOC_COUNT(option_rows));
	if (near)
		return noc_err_set(err, NOC_ECONFIG,
				   "unknown option '%s'; did you mean '%s'?",
				   name, near);
	return noc_err_set(err, NOC_ECONFIG,
			   "unknown option '%s'; 'nocturne serve "
			   "--dump-config' lists them all",
			   name);
}

/* ---- values from text ---- */

static struct noc_value *
option_list(const char *text)
{
	struct noc_value *list = noc_value_list();

	while (*text) {
		size_t len = strcspn(text, ",");

		if (len)
			noc_value_push(list, noc_value_strn(text, len));
		text += len;
		if (*text)
			text++;
	}
	return list;
}

static int
option_size(const char *text, int64_t *out)
{
	char *end;
	long long n;

	errno = 0;
	n = strtoll(text, &end, 10);
	if (end == text || errno || n < 0)
		return NOC_EINPUT;
	for (const char *unit = "kMG"; *unit && *end; unit++) {
		if (n > INT64_MAX / 1024)
			return NOC_EINPUT;
		n *= 1024;
		if (*end == *unit) {
			end++;
			break;
		}
	}
	if (*end)
		return NOC_EINPUT;
	*out = n;
	return 0;
}

static int
option_integer(const char *text, int64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoll(text, &end, 10);
	return end == text || *end || errno || *out < 0 ? NOC_EINPUT : 0;
}

static bool
option_address(const char *text)
{
	return !*text || !strcmp(text, "*") || !strcmp(text, "localhost") ||
	       (!strchr(text, '/') && noc_address_is_network(text));
}

const struct noc_value *
noc_option_no_network(const struct noc_value *list)
{
	for (size_t i = 0; i < noc_value_len(list); i++) {
		const struct noc_value *v = noc_value_at(list, i);

		if (v->type != NOC_STR || !noc_address_is_network(v->u.s.p))
			return v;
	}
	return NULL;
}

static struct noc_value *
option_networks(const char *text)
{
	struct noc_value *list = option_list(text);

	if (!noc_option_no_network(list))
		return list;
	noc_value_free(list);
	return NULL;
}

int
noc_option_wrong(const struct noc_option_row *row, const char *name,
		 const struct noc_value *said, struct noc_err *err)
{
	struct noc_value *list = NULL;
	char *text;
	int r;

	if (row->type == NOC_OPTION_NETWORKS && said->type == NOC_STR)
		said = list = option_list(said->u.s.p);
	if (row->type == NOC_OPTION_NETWORKS && said->type == NOC_LIST)
		said = noc_option_no_network(said);
	text = noc_json_string(said, NOC_JSON_COMPACT);
	r = noc_err_set(err, NOC_ECONFIG, "option '%s' wants %s%s, not %.80s",
			name, noc_option_unit(row->type),
			option_example(row->type), text);
	free(text);
	noc_value_free(list);
	return r;
}

static bool
option_word_in(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(text, *words))
			return true;
	return false;
}

/* NULL: not of this type. */
struct noc_value *
noc_option_text(const struct noc_option_row *row, const char *text)
{
	static const char *const yes[] = { "true", "on", "yes", "1", NULL };
	static const char *const no[] = { "false", "off", "no", "0", NULL };
	static const char *const formats[] = { "csv", "json", "lua", NULL };
	static const char *const tls[] = { "required", "try", "off", NULL };
	enum noc_level level;
	int64_t n;

	switch (row->type) {
	case NOC_OPTION_STRING:
	case NOC_OPTION_SECRET:
		return noc_value_str(text);
	case NOC_OPTION_BOOLEAN:
		if (option_word_in(text, yes))
			return noc_value_bool(true);
		return option_word_in(text, no) ? noc_value_bool(false) : NULL;
	case NOC_OPTION_INTEGER:
		return option_integer(text, &n) ? NULL : noc_value_int(n);
	case NOC_OPTION_COUNT:
		return option_integer(text, &n) || n < 1 ? NULL
							 : noc_value_int(n);
	case NOC_OPTION_LIMIT:
		return option_integer(text, &n) || n < 1 || n > LIMIT_AT_MOST
			   ? NULL
			   : noc_value_int(n);
	case NOC_OPTION_SIZE:
		return option_size(text, &n) ? NULL : noc_value_int(n);
	case NOC_OPTION_DURATION:
		return noc_duration_parse(text, &n) ? NULL : noc_value_int(n);
	case NOC_OPTION_LISTEN:
		if (!strcmp(text, "off") || !strcmp(text, "false"))
			return noc_value_str("off");
		return noc_option_listen(text, "127.0.0.1", NULL)
			   ? NULL
			   : noc_value_str(text);
	case NOC_OPTION_ADDRESS:
		return option_address(text) ? noc_value_str(text) : NULL;
	case NOC_OPTION_NETWORKS:
		return option_networks(text);
	case NOC_OPTION_FILE:
		return *text ? noc_value_str(text) : NULL;
	case NOC_OPTION_LIST:
		return option_list(text);
	case NOC_OPTION_MAP:
		return *text ? NULL : noc_value_map();
	case NOC_OPTION_LEVEL:
		return noc_log_level_parse(text, &level) ? NULL
							 : noc_value_str(text);
	case NOC_OPTION_FORMAT:
		return option_word_in(text, formats) ? noc_value_str(text)
						     : NULL;
	case NOC_OPTION_TLS:
		return option_word_in(text, tls) ? noc_value_str(text) : NULL;
	}
	return NULL;
}

struct noc_value *
noc_options_new(void)
{
	struct noc_value *config = noc_value_map();

	for (size_t i = 0; i < NOC_COUNT(option_rows); i++) {
		const struct noc_option_row *row = &option_rows[i];

		if (noc_option_is_family(row)) {
			char *name = noc_option_family(row);

			noc_value_set(config, name, noc_value_map());
			free(name);
		} else {
			noc_value_set(config, row->name,
				      noc_option_text(row, row->standard));
		}
	}
	return config;
}

/* ---- --set ---- */

/* credentials.default.community=x: a member of a member of a family. */
static int
option_set_member(struct noc_value *config, const struct noc_option_row *row,
		  const char *member, const char *text, struct noc_err *err)
{
	char *family = noc_option_family(row);
	struct noc_value *map = noc_value_get(config, family);
	size_t len = strcspn(member, ".");
	char *name = noc_strndup(member, len);
	int r = 0;

	free(family);
	if (row->type != NOC_OPTION_MAP) {
		noc_value_set(map, member, noc_value_str(text));
	} else if (!member[len] || !member[len + 1] || !len) {
		r = noc_err_set(err, NOC_ECONFIG,
				"'%s' is a table: name one of its keys, for "
				"example %.*s%s.community=public",
				row->name, (int)strlen(row->name) - 1,
				row->name, name);
	} else {
		struct noc_value *inner = noc_value_get(map, name);
		struct noc_value *said = noc_value_str(text), *as;

		r = noc_option_member(row, member + len + 1, said, &as, err);
		noc_value_free(said);
		if (r) {
			free(name);
			return r;
		}

		if (!inner || inner->type != NOC_MAP) {
			inner = noc_value_map();
			noc_value_set(map, name, inner);
		}
		noc_value_set(inner, member + len + 1, as);
	}
	free(name);
	return r;
}

int
noc_options_set(struct noc_value *config, const char *assignment,
		struct noc_err *err)
{
	const char *eq = strchr(assignment, '='), *member;
	const struct noc_option_row *row;
	struct noc_value *v, *said;
	char *name;
	int r = 0;

	if (!eq || eq == assignment)
		return noc_err_set(err, NOC_ECONFIG,
				   "--set wants key=value, not '%s'",
				   assignment);
	name = noc_strndup(assignment, (size_t)(eq - assignment));
	row = noc_option_find(name, &member);
	if (!row) {
		r = noc_option_unknown(name, err);
	} else if (member) {
		r = option_set_member(config, row, member, eq + 1, err);
	} else {
		v = noc_option_text(row, eq + 1);
		said = noc_value_str(eq + 1);
		if (v)
			noc_value_set(config, name, v);
		else
			r = noc_option_wrong(row, name, said, err);
		noc_value_free(said);
	}
	free(name);
	return r;
}

/* ---- what needs a restart ---- */

char *
noc_options_fixed(const struct noc_value *was, const struct noc_value *now)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;

	for (size_t i = 0; i < NOC_COUNT(option_rows); i++) {
		const struct noc_option_row *row = &option_rows[i];

		if (row->reloadable || noc_option_is_family(row) ||
		    noc_value_eq(noc_value_get(was, row->name),
				 noc_value_get(now, row->name)))
			continue;
		if (sb.len)
			noc_strbuf_adds(&sb, ", ");
		noc_strbuf_adds(&sb, row->name);
	}
	return sb.len ? noc_strbuf_detach(&sb, NULL) : NULL;
}
