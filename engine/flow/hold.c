/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/flow/hold.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/lang/ast.h"
#include "engine/expr/template.h"

/* ---- names ---- */

struct hold_paths {
	bool early; /* only what is known before the first step */
	const char *bad;
	size_t len;
};

static void
on_path(const char *path, size_t len, void *arg)
{
	static const char *const late[] = { "steps", "error", "item" };
	struct hold_paths *p = arg;
	size_t head = 0;

	while (head < len && path[head] != '.' && path[head] != '[')
		head++;
	for (size_t i = 0; p->early && !p->bad && i < NOC_COUNT(late); i++)
		if (head == strlen(late[i]) && !strncmp(path, late[i], head)) {
			p->bad = path;
			p->len = len;
		}
}

/* early: filled in before the run begins. */
static int
hold_name(const char *option, const char *text, bool early,
	  struct noc_template **out, struct noc_err *err)
{
	struct hold_paths paths = { .early = early };
	int rc = noc_template_parse(text, strlen(text), out, err);

	if (rc) {
		*out = NULL;
		noc_err_prefix(err, "'%s'", option);
		return rc;
	}
	noc_template_paths(*out, on_path, &paths);
	if (paths.bad)
		return noc_err_set(err, NOC_ECONFIG,
				   "'%s' is asked before the first step, and "
				   "'{%.*s}' is not known then: use the run's "
				   "input or its event.",
				   option, (int)paths.len, paths.bad);
	if (!*text)
		return noc_err_set(err, NOC_ECONFIG, "'%s' has an empty name.",
				   option);
	return 0;
}

/* ---- limits ---- */

static int
limits_add(struct noc_limits *l, const struct noc_member *m, bool early,
	   struct noc_err *err)
{
	if (m->value->type != NOC_INT || m->value->u.i < 1 ||
	    m->value->u.i > NOC_LIMIT_MAX)
		return noc_err_set(err, NOC_ECONFIG,
				   "'limits' says how many at once, 1 to %d: "
				   "limits = { %s = 4 }.",
				   NOC_LIMIT_MAX, m->key);
	if (l->len == NOC_LIMITS_MAX)
		return noc_err_set(err, NOC_ECONFIG,
				   "'limits' has more than %d names.",
				   NOC_LIMITS_MAX);
	l->at[l->len].n = m->value->u.i;
	return hold_name("limits", m->key, early, &l->at[l->len++].name, err);
}

static int
limits_build(const struct noc_value *v, bool early, struct noc_limits **out,
	     struct noc_err *err)
{
	const struct noc_value *map = noc_ast_opts(v);
	int rc = 0;

	if (!v)
		return 0;
	if (!map || !noc_value_len(map) || noc_value_len(noc_ast_items(v)))
		return noc_err_set(err, NOC_ECONFIG,
				   "'limits' is a table of names and how many "
				   "at once: limits = { awx = 4 }.");
	*out = noc_calloc(1, sizeof(**out));
	for (size_t i = 0; !rc && i < noc_value_len(map); i++)
		rc = limits_add(*out, &map->u.map.at[i], early, err);
	return rc;
}

int
noc_limits_build(const struct noc_value *v, struct noc_limits **out,
		 struct noc_err *err)
{
	return limits_build(v, false, out, err);
}

void
noc_limits_free(struct noc_limits *limits)
{
	for (size_t i = 0; limits && i < limits->len; i++)
		noc_template_free(limits->at[i].name);
	free(limits);
}

/* ---- what a flow says ---- */

static int
hold_locks(const struct noc_value *opts, struct noc_hold_def *h,
	   struct noc_err *err)
{
	const struct noc_value *v = noc_value_get(opts, "lock");
	const char *names[NOC_LOCKS_MAX + 1];
	size_t n = v ? noc_ast_strings(v, names, NOC_COUNT(names)) : 0;
	int rc = 0;

	if (v && (n == 0 || n > NOC_LOCKS_MAX))
		return noc_err_set(err, NOC_ECONFIG,
				   "'lock' is one name or up to %d: lock = "
				   "\"building/{input.b}\".",
				   NOC_LOCKS_MAX);
	for (size_t i = 0; !rc && i < n; i++)
		rc = hold_name("lock", names[i], true, &h->locks[h->nlocks++],
			       err);
	return rc;
}

static int
hold_word(const struct noc_value *opts, const char *key,
	  const char *const *words, size_t n, int *out, struct noc_err *err)
{
	const char *word = noc_value_get_str(opts, key, words[0]);

	for (size_t i = 0; i < n; i++)
		if (!strcmp(words[i], word)) {
			*out = (int)i;
			return 0;
		}
	return noc_err_set(err, NOC_ECONFIG, "'%s' cannot be '%s'.", key, word);
}

static int
hold_dedup(const struct noc_value *opts, struct noc_hold_def *h,
	   struct noc_err *err)
{
	static const char *const running[] = { "reject", "queue", "join",
					       "supersede" };
	static const char *const closed[] = { "allow", "reject",
					      "failed_only" };
	static const char *const of_dedup[] = { "on_running", "on_closed",
						"dedup_window" };
	const char *text = noc_value_get_str(opts, "dedup", NULL);
	int word = 0, rc;

	for (size_t i = 0; !text && i < NOC_COUNT(of_dedup); i++)
		if (noc_value_get(opts, of_dedup[i]))
			return noc_err_set(err, NOC_ECONFIG,
					   "'%s' needs 'dedup', which says "
					   "when two runs are the same: dedup "
					   "= \"{input.change}\".",
					   of_dedup[i]);
	if (!text)
		return 0;
	rc = hold_name("dedup", text, true, &h->dedup, err);
	if (!rc)
		rc = hold_word(opts, "on_running", running, NOC_COUNT(running),
			       &word, err);
	h->on_running = (enum noc_on_running)word;
	if (!rc)
		rc = hold_word(opts, "on_closed", closed, NOC_COUNT(closed),
			       &word, err);
	h->on_closed = (enum noc_on_closed)word;
	if (!rc)
		rc = noc_ast_duration(opts, "dedup_window", NOC_DEDUP_BACK_MS,
				      &h->window_ms, err);
	if (!rc && noc_value_get(opts, "dedup_window") &&
	    (h->on_closed == NOC_CLOSED_ALLOW || h->window_ms < 1))
		rc = noc_err_set(err, NOC_ECONFIG,
				 "'dedup_window' says how long a run that has "
				 "ended counts; it needs on_closed = "
				 "\"reject\" or \"failed_only\", and some "
				 "time.");
	return rc;
}

static int
hold_guard(const struct noc_value *opts, struct noc_hold_def *h,
	   struct noc_err *err)
{
	const struct noc_value *guard =
	    noc_ast_opts(noc_value_get(opts, "guard"));

	h->targets = noc_value_get_int(guard, "targets", NOC_TARGETS);
	if (h->targets < 1 || h->targets > NOC_TARGETS_MAX)
		return noc_err_set(err, NOC_ECONFIG,
				   "'guard' allows 1 to %d targets: guard = "
				   "{ targets = %d }.",
				   NOC_TARGETS_MAX, NOC_TARGETS);
	return 0;
}

static int
hold_limits(const struct noc_value *opts, struct noc_hold_def *h,
	    struct noc_err *err)
{
	return limits_build(noc_value_get(opts, "limits"), true, &h->limits,
			    err);
}

void
noc_hold_build(const struct noc_value *opts, struct noc_hold_def **out,
	       void (*tell)(const struct noc_err *mistake, void *arg),
	       void *arg)
{
	static int (*const parts[])(
	    const struct noc_value *opts, struct noc_hold_def *h,
	    struct noc_err *err) = { hold_limits, hold_locks, hold_dedup,
				     hold_guard };
	struct noc_hold_def *h = *out = noc_calloc(1, sizeof(*h));
	struct noc_err why;

	for (size_t i = 0; i < NOC_COUNT(parts); i++)
		if (parts[i](opts, h, &why))
			tell(&why, arg);
}

void
noc_hold_free(struct noc_hold_def *hold)
{
	if (!hold)
		return;
	noc_limits_free(hold->limits);
	for (size_t i = 0; i < hold->nlocks; i++)
		noc_template_free(hold->locks[i]);
	noc_template_free(hold->dedup);
	free(hold);
}
