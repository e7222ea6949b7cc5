/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/flow/input_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "base/suggest.h"
#include "engine/lang/ast.h"

/* ---- what is declared ---- */

static int
declared_bounds(const char *name, const struct input *in, struct noc_err *err)
{
	static const char *const keys[] = { "min",    "max", "default",
					    "values", "doc", "type" };
	const struct noc_value *min = noc_value_get(in->opts, "min");
	const struct noc_value *max = noc_value_get(in->opts, "max");
	bool number = in->type == INPUT_INTEGER || in->type == INPUT_NUMBER;
	double low, high;

	for (size_t i = 0; in->opts && i < in->opts->u.map.len; i++) {
		const char *key = in->opts->u.map.at[i].key, *meant;
		size_t k = 0;

		while (k < NOC_COUNT(keys) && strcmp(keys[k], key))
			k++;
		if (k < NOC_COUNT(keys))
			continue;
		meant = noc_suggest(key, keys, NOC_COUNT(keys));
		return noc_err_set(err, NOC_ECONFIG,
				   "input '%s' has an unknown '%.40s'%s%s%s",
				   name, key, meant ? "; did you mean '" : "",
				   meant ? meant : "", meant ? "'?" : ".");
	}
	if ((min || max) && !number)
		return noc_err_set(err, NOC_ECONFIG,
				   "input '%s' is no number, so it has no "
				   "'min' and no 'max'.",
				   name);
	if ((min && !input_number(min, &low)) ||
	    (max && !input_number(max, &high)))
		return noc_err_set(err, NOC_ECONFIG,
				   "'min' and 'max' of input '%s' must be "
				   "numbers.",
				   name);
	if (min && max && low > high)
		return noc_err_set(err, NOC_ECONFIG,
				   "input '%s' has a 'min' above its 'max', so "
				   "nothing would fit.",
				   name);
	return 0;
}

/* {} of a rule file, where a list is asked for. */
static bool
is_no_items(const struct input *in, const struct noc_value *v)
{
	return (in->type == INPUT_LIST || in->type == INPUT_STRINGS) &&
	       v->type == NOC_MAP && !noc_value_len(v);
}

static int
declared_default(const char *name, const struct input *in, struct noc_err *err)
{
	const struct noc_value *fallback = noc_value_get(in->opts, "default");
	const struct noc_value *values = noc_value_get(in->opts, "values");
	struct noc_strbuf want = NOC_STRBUF_INIT;
	struct noc_value *as = NULL;
	bool ok;

	if (values && !noc_value_len(noc_ast_items(values)))
		return noc_err_set(err, NOC_ECONFIG,
				   "'values' of input '%s' must be a list of "
				   "what it may be.",
				   name);
	if (!fallback)
		return 0;
	ok = is_no_items(in, fallback) ||
	     (input_is(in, fallback, &as) && !as && input_among(in, fallback));
	noc_value_free(as);
	if (ok)
		return 0;
	input_describe(in, &want);
	noc_err_set(err, NOC_ECONFIG, "the default of input '%s' is not %s.",
		    name, want.p);
	noc_strbuf_release(&want);
	return NOC_ECONFIG;
}

void
noc_input_declared(const struct noc_value *takes,
		   void (*tell)(const struct noc_err *mistake, void *arg),
		   void *arg)
{
	const struct noc_value *known = noc_ast_opts(takes);
	struct noc_err why;

	if (noc_value_len(noc_ast_items(takes)) &&
	    !noc_ast_wrong_below(noc_ast_items(takes))) {
		noc_err_set(&why, NOC_ECONFIG,
			    "'input' has a value without a name; write "
			    "input = { name = \"string\" }.");
		tell(&why, arg);
	}
	for (size_t i = 0; i < noc_value_len(known); i++) {
		const struct noc_member *m = &known->u.map.at[i];
		struct input in = { INPUT_ANY, NULL };

		if (noc_ast_wrong_below(m->value))
			continue;
		if (input_read(m->key, m->value, &in, &why) ||
		    declared_bounds(m->key, &in, &why) ||
		    declared_default(m->key, &in, &why))
			tell(&why, arg);
	}
}

/* ---- what is given ---- */

/* *as is returned, NULL when it stays as it is. */
static int
input_value(const char *flow, const struct noc_member *declared,
	    const struct noc_value *v, struct noc_value **as,
	    struct noc_err *err)
{
	struct noc_strbuf text = NOC_STRBUF_INIT;
	struct input in = { INPUT_ANY, NULL };
	int rc = 0;

	*as = NULL;
	/* Of a plan of before anything was checked: any word was a type. */
	if (input_read(declared->key, declared->value, &in, NULL))
		return 0;
	if (input_is(&in, v, as) && input_among(&in, *as ? *as : v))
		return 0;
	noc_value_free(*as);
	*as = NULL;
	input_describe(&in, &text);
	noc_strbuf_adds(&text, ", not ");
	input_describe_given(declared->key, v, &text);
	rc = noc_err_set(err, NOC_EINPUT, "Input '%s' of flow '%s' must be %s.",
			 declared->key, flow, text.p);
	noc_strbuf_release(&text);
	return rc;
}

static int
input_unknown(const char *flow, const struct noc_value *known, const char *name,
	      struct noc_err *err)
{
	const char *names[64], *meant;
	size_t n = 0;

	for (; n < noc_value_len(known) && n < NOC_COUNT(names); n++)
		names[n] = known->u.map.at[n].key;
	meant = noc_suggest(name, names, n);
	return noc_err_set(err, NOC_EINPUT, "Flow '%s' has no input '%s'%s%s%s",
			   flow, name, meant ? "; did you mean '" : "",
			   meant ? meant : "", meant ? "'?" : ".");
}

/* All that does not fit, one sentence after the other, as far as there is
 * room. */
static int
input_wrong(struct noc_err *all, const struct noc_err *one)
{
	size_t have = strlen(all->msg), more = strlen(one->msg);

	if (have + more + 2 <= sizeof(all->msg)) {
		if (have)
			all->msg[have++] = ' ';
		memcpy(all->msg + have, one->msg, more + 1);
	}
	all->kind = one->kind;
	return one->kind;
}

/* Names only: which are missing, which are too many. */
static int
input_names(const char *flow, const struct noc_value *known,
	    const struct noc_value *given, struct noc_err *err)
{
	struct noc_err one;
	int rc = 0;

	for (size_t i = 0; i < noc_value_len(known); i++) {
		const struct noc_member *m = &known->u.map.at[i];
		const struct noc_value *opts;

		input_word(m->value, &opts);
		if (!noc_value_get(given, m->key) &&
		    !noc_value_get(opts, "default")) {
			noc_err_set(&one, NOC_EINPUT,
				    "Flow '%s' needs the input '%s'.", flow,
				    m->key);
			rc = input_wrong(err, &one);
		}
	}
	for (size_t i = 0; known && given && i < given->u.map.len; i++)
		if (!noc_value_get(known, given->u.map.at[i].key)) {
			input_unknown(flow, known, given->u.map.at[i].key,
				      &one);
			rc = input_wrong(err, &one);
		}
	return rc;
}

static struct noc_value *
input_default(const struct noc_member *declared, const struct noc_value *opts)
{
	const struct noc_value *v = noc_value_get(opts, "default");
	struct input in = { INPUT_ANY, NULL };

	if (v && !input_read(declared->key, declared->value, &in, NULL) &&
	    is_no_items(&in, v))
		return noc_value_list();
	return noc_value_copy(v);
}

void
noc_input_of_rules(const struct noc_value *takes, struct noc_value *given)
{
	const struct noc_value *known = noc_ast_opts(takes);

	for (size_t i = 0; i < noc_value_len(known); i++) {
		const struct noc_member *m = &known->u.map.at[i];
		const struct noc_value *v = noc_value_get(given, m->key);
		struct input in = { INPUT_ANY, NULL };

		if (v && !input_read(m->key, m->value, &in, NULL) &&
		    is_no_items(&in, v))
			noc_value_set(given, m->key, noc_value_list());
	}
}

int
noc_input_check(const char *flow, const struct noc_value *takes,
		struct noc_value **given, struct noc_err *err)
{
	const struct noc_value *known = noc_ast_opts(takes);
	struct noc_err all = { NOC_OK, "" }, one;
	int rc;

	if (*given && (*given)->type != NOC_MAP)
		return noc_err_set(err, NOC_EINPUT,
				   "The input of a flow is a map of names to "
				   "values.");
	if (noc_value_deeper(*given, NOC_JSON_DEPTH_HELD_MAX))
		return noc_err_set(err, NOC_EINPUT,
				   "The input of flow '%s' is nested deeper "
				   "than %d levels.",
				   flow, NOC_JSON_DEPTH_HELD_MAX);
	rc = input_names(flow, known, *given, &all);
	for (size_t i = 0; i < noc_value_len(known); i++) {
		const struct noc_member *m = &known->u.map.at[i];
		const struct noc_value *v = noc_value_get(*given, m->key);
		const struct noc_value *opts;
		struct noc_value *as = NULL;

		input_word(m->value, &opts);
		if (v && input_value(flow, m, v, &as, &one))
			rc = input_wrong(&all, &one);
		if (!v)
			as = input_default(m, opts);
		if (as && !*given)
			*given = noc_value_map();
		if (as)
			noc_value_set(*given, m->key, as);
	}
	if (rc && err)
		*err = all;
	return rc;
}

int
noc_input_check_call(const char *flow, const struct noc_value *takes,
		     const struct noc_value *given, struct noc_err *err)
{
	const struct noc_value *known = noc_ast_opts(takes);
	struct noc_err all = { NOC_OK, "" }, one;
	int rc = input_names(flow, known, given, &all);

	for (size_t i = 0; i < noc_value_len(known); i++) {
		const struct noc_member *m = &known->u.map.at[i];
		const struct noc_value *v = noc_value_get(given, m->key);
		struct noc_value *as = NULL;

		/* What stands in braces is known when it runs. */
		if (!v || v->type == NOC_MAP || v->type == NOC_LIST ||
		    (v->type == NOC_STR && memchr(v->u.s.p, '{', v->u.s.len)))
			continue;
		if (input_value(flow, m, v, &as, &one))
			rc = input_wrong(&all, &one);
		noc_value_free(as);
	}
	if (!rc)
		return 0;
	all.kind = NOC_ECONFIG;
	if (err)
		*err = all;
	return NOC_ECONFIG;
}

struct noc_value *
noc_input_shown(const struct noc_value *takes)
{
	const struct noc_value *known = noc_ast_opts(takes), *opts;
	struct noc_value *all = noc_value_map();

	for (size_t i = 0; i < noc_value_len(known); i++) {
		const struct noc_member *m = &known->u.map.at[i];
		const char *word = input_word(m->value, &opts);
		struct noc_value *one =
		    opts ? noc_value_copy(opts) : noc_value_map();
		const struct noc_value *values = noc_value_get(opts, "values");

		if (values)
			noc_value_set(one, "values",
				      noc_value_copy(noc_ast_items(values)));
		noc_value_set(one, "type", noc_value_str(word ? word : "any"));
		noc_value_set(all, m->key, one);
	}
	return all;
}
