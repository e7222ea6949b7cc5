/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/intern.h"
#include "base/mem.h"
#include "proto/mib.h"
#include "engine/event/field.h"
#include "engine/expr/template.h"
#include "engine/rule/build.h"

#define HOOK_DEDUP_MS (24 * 3600 * 1000LL)

/* ---- map = { data = path, template or constant } ---- */

static bool
emit_captures(const struct noc_normalizer *e, const char *name)
{
	size_t n = e->pattern ? noc_pattern_ncaptures(e->pattern) : 0;

	for (size_t i = 0; i < n; i++)
		if (!strcmp(noc_pattern_capture_name(e->pattern, i), name))
			return true;
	return false;
}

/* "ifIndex", "bgpPeerState.7", "1.3.6.1.4.1.9...": names a varbind. */
static bool
emit_varbind(const char *text)
{
	return noc_mib_by_name(noc_mib_builtin(), text, strcspn(text, ".")) ||
	       (strchr(text, '.') &&
		strspn(text, ".0123456789") == strlen(text));
}

/* Captures that begin with "_" help to make other fields and are not kept. */
static bool
emit_is_help(const char *name)
{
	return name[0] == '_';
}

/*
 * A bare text is a path when it can be one here: in a hook always; else a
 * capture, a varbind of a trap, or a sensor's field ("syslog.app").
 */
static bool
emit_is_path(const struct noc_normalizer *e, bool hook, const char *text)
{
	static const char *const prefixes[] = { "syslog.", "snmp.", "http.",
						"header.", "body.", "data." };

	if (!*text || strchr(text, ' '))
		return false;
	if (hook || emit_captures(e, text))
		return true;
	for (size_t i = 0; i < NOC_COUNT(prefixes); i++)
		if (!strncmp(text, prefixes[i], strlen(prefixes[i])))
			return true;
	return !strcmp(e->from, "snmp.trap") && emit_varbind(text);
}

struct emit_helps {
	struct noc_build *b;
	const struct noc_normalizer *emit;
};

static void
on_help_path(const char *path, size_t len, void *arg)
{
	struct emit_helps *h = arg;
	char name[64];

	snprintf(name, sizeof(name), "%.*s", (int)len, path);
	if (emit_is_help(name) && !emit_captures(h->emit, name))
		noc_build_error(h->b, NULL,
				"{%s}: the pattern has no such group.", name);
}

/* Every {_name} must be a group of the pattern. */
static void
emit_helps(struct noc_build *b, const struct noc_normalizer *e,
	   const struct noc_template *t)
{
	struct emit_helps h = { b, e };

	if (t)
		noc_template_paths(t, on_help_path, &h);
}

static struct noc_template *
emit_template(struct noc_build *b, const struct noc_normalizer *e, bool hook,
	      const struct noc_value *to)
{
	struct noc_template *t;

	if (to->type != NOC_STR ||
	    (!strchr(to->u.s.p, '{') && !strchr(to->u.s.p, '}') &&
	     emit_is_path(e, hook, to->u.s.p)))
		return NULL;
	t = noc_build_template(b, to);
	emit_helps(b, e, t);
	return t;
}

/* { "ifName", "ifDescr" }: the first is the map's, the others wait. */
static void
emit_more(struct noc_build *b, struct noc_normalizer *e, bool hook,
	  const struct noc_member *m)
{
	size_t n = noc_value_len(m->value);

	e->more = noc_realloc(e->more, (e->nmore + n) * sizeof(*e->more));
	for (size_t i = 1; i < n; i++) {
		const struct noc_value *to = m->value->u.list.at[i];

		e->more[e->nmore++] = (struct noc_emit_more){
			.key = m->key,
			.value = to,
			.template = emit_template(b, e, hook, to),
		};
	}
}

static void
emit_map(struct noc_build *b, struct noc_normalizer *e, bool hook,
	 const struct noc_value *v)
{
	const struct noc_value *opts = noc_ast_opts(v);

	e->map_fn = noc_ast_function(v);
	if (e->map_fn || !opts)
		return;
	e->map = noc_value_copy(opts);
	e->map_templates =
	    noc_calloc(opts->u.map.len + 1, sizeof(*e->map_templates));
	for (size_t i = 0; i < opts->u.map.len; i++) {
		const char *key = opts->u.map.at[i].key;
		const struct noc_value *to = opts->u.map.at[i].value;

		noc_build_define(b, key);
		if (to->type == NOC_LIST && noc_value_len(to)) {
			emit_more(b, e, hook, &opts->u.map.at[i]);
			to = to->u.list.at[0];
			noc_value_set(e->map, key, noc_value_copy(to));
		}
		e->map_templates[i] = emit_template(b, e, hook, to);
	}
}

/* ---- what normalize and hook share ---- */

static void
emit_pattern(struct noc_build *b, struct noc_normalizer *e, const char *text)
{
	struct noc_err err;

	if (!text)
		return;
	if (noc_pattern_new(text, &e->pattern, &err)) {
		noc_build_err(b, NULL, &err);
		return;
	}
	for (size_t i = 0; i < noc_pattern_ncaptures(e->pattern); i++) {
		const char *name = noc_pattern_capture_name(e->pattern, i);

		if (!emit_is_help(name))
			noc_build_define(b, name);
	}
}

static void
emit_kinds(struct noc_build *b, struct noc_normalizer *e,
	   const struct noc_value *opts)
{
	e->kind = noc_build_template(b, noc_value_get(opts, "emit"));
	e->kinds = noc_build_strings(b, noc_value_get(opts, "kinds"));
	if (!e->kind) {
		noc_build_error(b, NULL, "needs emit = \"some.kind\".");
		return;
	}
	if (noc_template_is_literal(e->kind) && !e->kinds.len) {
		e->kinds.at = noc_calloc(1, sizeof(*e->kinds.at));
		e->kinds.at[0] = noc_interns(noc_template_source(e->kind));
		e->kinds.len = 1;
	}
	if (!e->kinds.len)
		noc_build_error(b, NULL,
				"emit = \"%s\" is a template, so kinds = { "
				"... } must list what it can give.",
				noc_template_source(e->kind));
	for (size_t i = 0; i < e->kinds.len; i++)
		noc_build_kind(b, e->kinds.at[i], NOC_EMITTED);
}

static void
emit_severity(struct noc_build *b, struct noc_normalizer *e,
	      const struct noc_value *v)
{
	e->severity = -1;
	if (!v)
		return;
	if (v->type == NOC_INT && v->u.i >= 0 && v->u.i <= 7) {
		e->severity = (int)v->u.i;
		return;
	}
	if (v->type == NOC_STR && strchr(v->u.s.p, '{')) {
		e->severity_text = noc_build_template(b, v);
		return;
	}
	if (v->type == NOC_STR)
		e->severity = noc_severity_parse(v->u.s.p, v->u.s.len);
	if (e->severity < 0)
		noc_build_error(b, NULL,
				"'severity' is a name such as \"err\", 0 to 7 "
				"or a template.");
}

static void
emit_common(struct noc_build *b, struct noc_normalizer *e, bool hook)
{
	const struct noc_value *opts = noc_ast_opts(b->node);

	e->name = noc_interns(noc_ast_name(b->node));
	noc_build_place(b->node, &e->file, &e->line);
	emit_pattern(b, e, noc_value_get_str(opts, "pattern", NULL));
	emit_kinds(b, e, opts);
	emit_map(b, e, hook, noc_value_get(opts, "map"));
	emit_severity(b, e, noc_value_get(opts, "severity"));
	e->when_fn = noc_ast_function(noc_value_get(opts, "when"));
	e->summary = noc_build_template(b, noc_value_get(opts, "summary"));
	emit_helps(b, e, e->kind);
	emit_helps(b, e, e->severity_text);
	emit_helps(b, e, e->summary);
}

/* A trap may be told by its name or its OID: the rule means both. */
static void
emit_traps(struct noc_build *b, struct noc_normalizer *e)
{
	const struct noc_mib_object *o;
	size_t n = e->tags.len;
	char text[2048];

	if (!n)
		return;
	e->tags.at = noc_realloc(e->tags.at, 2 * n * sizeof(*e->tags.at));
	for (size_t i = 0; i < n; i++) {
		noc_oid oid[NOC_OID_MAX];
		size_t len = NOC_OID_MAX;

		if (noc_oid_parse(noc_mib_builtin(), e->tags.at[i],
				  strlen(e->tags.at[i]), oid, &len, &o, NULL)) {
			if (strspn(e->tags.at[i], ".0123456789") ==
			    strlen(e->tags.at[i]))
				noc_build_error(b, NULL, "'%s' is no OID.",
						e->tags.at[i]);
			continue;
		}
		if (o && o->oid_len == len && strcmp(o->name, e->tags.at[i]))
			e->tags.at[e->tags.len++] = noc_interns(o->name);
		noc_oid_format(text, sizeof(text), oid, len);
		if (e->tags.len < 2 * n && strcmp(text, e->tags.at[i]))
			e->tags.at[e->tags.len++] = noc_interns(text);
	}
}

void
noc_build_emit(struct noc_build *b, struct noc_normalizer *e)
{
	const struct noc_value *opts = noc_ast_opts(b->node);
	const char *from = noc_value_get_str(opts, "from", "");
	bool trap = !strcmp(from, "snmp.trap");

	e->from = noc_interns(from);
	emit_common(b, e, false);
	e->tags =
	    noc_build_strings(b, noc_value_get(opts, trap ? "trap" : "tag"));
	e->apps = noc_build_strings(b, noc_value_get(opts, "app"));
	if (trap)
		emit_traps(b, e);
	if (noc_value_get(opts, trap ? "tag" : "trap") || (trap && e->apps.len))
		noc_build_error(b, NULL,
				"'tag' and 'app' belong to from = \"syslog\", "
				"'trap' to from = \"snmp.trap\".");
}

/* Once every name is known. */
void
noc_build_emit_where(struct noc_build *b, struct noc_normalizer *e)
{
	const struct noc_value *where =
	    noc_value_get(noc_ast_opts(b->node), "where");

	e->where = noc_build_where(b, where, true);
	if (noc_ast_function(where))
		e->when_fn = noc_ast_function(where);
	noc_build_check(b, noc_value_get(noc_ast_opts(b->node), "emit"));
	noc_build_check(b, noc_value_get(noc_ast_opts(b->node), "summary"));
}

/* What was signed is taken once in so long; where nothing is, it is advised to
 * say what makes two posts the same. */
static void
hook_replay(struct noc_build *b, struct noc_hook *h)
{
	const struct noc_value *opts = noc_ast_opts(b->node);
	const struct noc_value *replay = noc_value_get(opts, "replay");
	const char *node = noc_value_get_str(h->auth, "node", "");
	bool bare = !strcmp(node, "bearer") || !strcmp(node, "basic");

	h->replay_ms = -1;
	if (replay && replay->type == NOC_BOOL)
		h->replay_ms = 0;
	else if (replay)
		h->replay_ms = noc_build_duration(b, opts, "replay", -1);
	if (replay && bare)
		noc_build_error(b, NULL,
				"'replay' is for what is signed, and %s signs "
				"nothing: say with 'dedup' what makes two "
				"posts the same.",
				node);
	else if (replay && replay->type == NOC_STR && h->replay_ms == 0)
		noc_build_error(b, NULL,
				"'replay' of no time at all: write replay = "
				"false if the sender signs the same more than "
				"once and means it.");
	if (bare && !h->dedup)
		noc_build_warn(b,
			       "%s:%d: hook '%s': %s signs nothing, so a post "
			       "that comes twice is two events; say with dedup "
			       "what makes two the same, as "
			       "\"{body.id}\".",
			       h->emit.file, h->emit.line, h->emit.name, node);
}

/* Names in a hook are looked up in the body, which may be anything. */
void
noc_build_hook(struct noc_build *b, struct noc_hook *h)
{
	const struct noc_value *opts = noc_ast_opts(b->node);
	const struct noc_value *where = noc_value_get(opts, "where");

	h->emit.from = noc_interns("webhook");
	emit_common(b, &h->emit, true);
	h->emit.where = noc_build_where(b, where, false);
	if (noc_ast_function(where))
		h->emit.when_fn = noc_ast_function(where);
	h->auth = noc_value_get(opts, "auth");
	if (!h->auth)
		noc_build_error(b, NULL,
				"has no auth: say who may post, for example "
				"auth = bearer \"secret-name\".");
	h->split = noc_value_get_str(opts, "split", NULL);
	if (h->split && (strlen(h->split) < 4 ||
			 strcmp(h->split + strlen(h->split) - 3, "[*]")))
		noc_build_error(b, NULL,
				"'split' names a list and ends in [*], such "
				"as \"alerts[*]\", not '%s'.",
				h->split);
	h->dedup = noc_build_template(b, noc_value_get(opts, "dedup"));
	h->dedup_ms = noc_build_duration(b, opts, "dedup_for", HOOK_DEDUP_MS);
	hook_replay(b, h);
	h->device_path = noc_value_get_str(opts, "device", NULL);
}

void
noc_emit_release(struct noc_normalizer *e)
{
	for (size_t i = 0; e->map_templates && i < noc_value_len(e->map); i++)
		noc_template_free(e->map_templates[i]);
	for (size_t i = 0; i < e->nmore; i++)
		noc_template_free(e->more[i].template);
	free(e->more);
	free(e->map_templates);
	noc_value_free(e->map);
	free(e->tags.at);
	free(e->apps.at);
	free(e->kinds.at);
	noc_pattern_free(e->pattern);
	noc_where_free(e->where);
	noc_template_free(e->kind);
	noc_template_free(e->severity_text);
	noc_template_free(e->summary);
}

void
noc_hook_release(struct noc_hook *h)
{
	noc_emit_release(&h->emit);
	noc_template_free(h->dedup);
}
